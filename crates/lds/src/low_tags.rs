//! Data objects whose tags 9303-10 prints as 5F01 to 5F1E.
//!
//! 7816-4 §5.2.2.1 reserves these codings (a number below 31 belongs into one octet), so the strict reader of
//! `bitaqa_apdu::tlv` refuses them; the LDS has used them since its first edition. They are read here: behind `5F`, the
//! second octet is a tag of one octet to the strict reader, which then reads length and value by its own rules.

use bitaqa_apdu::tlv::{Reader, Tlv, TlvError};

/// All objects of one level, low tags among them.
///
/// # Errors
/// [`TlvError`] at the first broken one.
pub(crate) fn all(octets: &[u8]) -> Result<Vec<Tlv<'_>>, TlvError> {
    let mut objects = Vec::new();
    let mut at = 0;
    while let Some(rest) = octets.get(at..).filter(|rest| !rest.is_empty()) {
        let low = matches!(rest, [0x5F, 0x01..=0x1E, ..]);
        let start = at + usize::from(low);
        let mut reader = Reader::new(octets.get(start..).unwrap_or_default());
        let Some(Tlv { tag, value }) = reader.next().map_err(|error| shift(error, start))? else { break };
        objects.push(Tlv { tag: if low { 0x5F00 | tag } else { tag }, value });
        at = start + reader.position();
    }
    Ok(objects)
}

/// Offsets of the inner reader, told from the start of the level.
const fn shift(error: TlvError, by: usize) -> TlvError {
    match error {
        TlvError::Truncated(at) => TlvError::Truncated(at + by),
        TlvError::Tag(at) => TlvError::Tag(at + by),
        TlvError::Length(at) => TlvError::Length(at + by),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitaqa_apdu::tlv;
    use proptest::prelude::*;

    #[test]
    fn low_tags_read_and_the_rest_stays_strict() {
        let objects = all(b"\x5C\x02\x5F\x0E\x5F\x0E\x01A\x5F\x2B\x00").unwrap();
        let tags: Vec<u32> = objects.iter().map(|object| object.tag).collect();
        assert_eq!(tags, [0x5C, 0x5F0E, 0x5F2B]);
        for (octets, error) in [
            (&b"\x5F\x00\x00"[..], TlvError::Tag(0)),
            (b"\x53\x00\x5F\x0E\x81\x01A", TlvError::Length(4)),
            (b"\x5F\x0E\x02A", TlvError::Truncated(4)),
            (b"\x5F\x0E", TlvError::Truncated(2)),
            (b"\x7F\x0E\x00", TlvError::Tag(0)),
        ] {
            assert_eq!(all(octets), Err(error), "{octets:02X?}");
        }
    }

    proptest! {
        #[test]
        fn written_objects_read_back(values in proptest::collection::vec(
            (
                prop_oneof![0x5F01u32..=0x5F1E, Just(0x5F2B), Just(0xA0)],
                proptest::collection::vec(any::<u8>(), 0..300),
            ),
            0..6,
        )) {
            let octets: Vec<u8> = values.iter().flat_map(|(tag, value)| tlv::tlv(*tag, value)).collect();
            let read: Vec<_> = all(&octets).unwrap().iter().map(|object| (object.tag, object.value.to_vec())).collect();
            prop_assert_eq!(read, values);
        }

        #[test]
        fn no_octets_panic(octets in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = all(&octets);
        }
    }
}
