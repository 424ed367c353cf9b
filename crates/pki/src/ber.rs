//! BER to DER, as far as real documents need it: lengths that are indefinite or too long, octet strings in pieces.
//!
//! Safe because nothing is believed for having been read: signed octets lie inside of octet strings, which are not
//! touched, or must be DER to verify at all (X.690 §11, RFC 5652 §5.4).

use bitaqa_apdu::tlv::{self, Tag, TlvError, put};

/// A certificate in an EF.SOD nests some twelve objects.
const DEPTH_MAX: u8 = 32;

/// One object with definite, minimal lengths; `true` when something had to be changed. Left-overs are an error.
pub(crate) fn to_der(octets: &[u8]) -> Result<(Vec<u8>, bool), TlvError> {
    let mut walk = Walk { octets, at: 0 };
    let mut out = Vec::with_capacity(octets.len());
    walk.object(octets.len(), &mut out, DEPTH_MAX)?;
    match octets.len() - walk.at {
        0 => Ok((out.clone(), out != octets)),
        left => Err(TlvError::LeftOver(left)),
    }
}

/// A place in the octets that moves on.
struct Walk<'a> {
    octets: &'a [u8],
    at: usize,
}

/// Where a value ends.
#[derive(Clone, Copy)]
enum End {
    At(usize),
    /// At two octets 00.
    Marked,
}

impl Walk<'_> {
    fn octet(&mut self) -> Result<u8, TlvError> {
        let octet = self.octets.get(self.at).copied().ok_or(TlvError::Truncated(self.at))?;
        self.at += 1;
        Ok(octet)
    }

    /// Copies one object that ends before `limit`. Recursion ends at `depth`, so that hostile input costs no stack;
    /// each octet is copied once for each object around it.
    fn object(&mut self, limit: usize, out: &mut Vec<u8>, depth: u8) -> Result<(), TlvError> {
        let start = self.at;
        let first = self.octet()?;
        let mut tag = Tag::from(first);
        if first & 0x1F == 0x1F {
            // Three octets are enough for every tag of the standards.
            loop {
                let next = self.octet()?;
                tag = tag << 8 | Tag::from(next);
                if next & 0x80 == 0 {
                    break;
                }
                if tag > 0xFFFF {
                    return Err(TlvError::Tag(start));
                }
            }
        }
        let constructed = first & 0x20 != 0;
        let end = self.length()?;
        match end {
            End::At(end) if end > limit => return Err(TlvError::Truncated(limit)),
            End::At(end) if !constructed => {
                put(out, tag, self.octets.get(self.at..end).unwrap_or_default());
                self.at = end;
                return Ok(());
            }
            End::Marked if !constructed => return Err(TlvError::Length(start)),
            _ => {}
        }
        let depth = depth.checked_sub(1).ok_or(TlvError::Tag(start))?;
        let mut content = Vec::new();
        while !self.ended(end, limit)? {
            self.object(if let End::At(end) = end { end } else { limit }, &mut content, depth)?;
        }
        if tag == 0x24 {
            // An octet string in pieces, X.690 §8.7.3; pieces of pieces are whole by now.
            let pieces = tlv::all(&content)?;
            if pieces.iter().any(|piece| piece.tag != 0x04) {
                return Err(TlvError::Tag(start));
            }
            let whole: Vec<u8> = pieces.iter().flat_map(|piece| piece.value.iter().copied()).collect();
            put(out, 0x04, &whole);
        } else {
            put(out, tag, &content);
        }
        Ok(())
    }

    /// Long forms may have more octets than they need, up to four: X.690 §8.1.3.5.
    fn length(&mut self) -> Result<End, TlvError> {
        let at = self.at;
        let first = self.octet()?;
        let length = match first {
            0x00..=0x7F => usize::from(first),
            0x80 => return Ok(End::Marked),
            0x81..=0x84 => (0..first & 0x7F).try_fold(0, |sum, _| Ok(sum << 8 | usize::from(self.octet()?)))?,
            _ => return Err(TlvError::Length(at)),
        };
        Ok(End::At(self.at.checked_add(length).ok_or(TlvError::Length(at))?))
    }

    /// Whether the value is over; steps across the mark of an indefinite one (X.690 §8.1.5).
    fn ended(&mut self, end: End, limit: usize) -> Result<bool, TlvError> {
        match end {
            End::At(end) => Ok(self.at >= end),
            End::Marked if self.at >= limit => Err(TlvError::Truncated(limit)),
            End::Marked => {
                let marked = self.octets.get(self.at..limit).is_some_and(|rest| rest.starts_with(&[0, 0]));
                self.at += if marked { 2 } else { 0 };
                Ok(marked)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_become_definite_and_strings_whole() {
        let indefinite =
            [0x30, 0x80, 0x24, 0x80, 0x04, 0x01, 0xAA, 0x04, 0x02, 0xBB, 0xCC, 0, 0, 0x02, 0x81, 0x01, 5, 0, 0];
        let der = [0x30, 0x08, 0x04, 0x03, 0xAA, 0xBB, 0xCC, 0x02, 0x01, 0x05];
        assert_eq!(to_der(&indefinite), Ok((der.to_vec(), true)));
        assert_eq!(to_der(&der), Ok((der.to_vec(), false)));
    }

    #[test]
    fn what_is_no_ber_is_refused() {
        let bad: [&[u8]; 9] = [
            &[],
            &[0x30],
            &[0x30, 0x80],
            &[0x30, 0x80, 0x00],
            &[0x04, 0x80, 0x00, 0x00],
            &[0x30, 0x02, 0x04, 0x01],
            &[0x30, 0x03, 0x04, 0x03, 0xAA, 0xBB, 0xCC],
            &[0x24, 0x03, 0x02, 0x01, 0x00],
            &[0x30, 0x00, 0x00],
        ];
        for bad in bad {
            assert!(to_der(bad).is_err(), "{bad:02X?}");
        }
        let deep: Vec<u8> = core::iter::repeat_n([0x30, 0x80], 200_000).flatten().collect();
        assert!(to_der(&deep).is_err());
    }

    proptest! {
        #[test]
        fn no_octets_make_the_reader_panic(octets in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok((der, changed)) = to_der(&octets) {
                prop_assert_eq!(to_der(&der), Ok((der.clone(), false)));
                prop_assert_eq!(changed, der != octets);
            }
        }
    }
}
