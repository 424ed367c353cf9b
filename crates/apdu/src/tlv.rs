//! BER-TLV, 7816-4 §5.2.2 and X.690 §8.1: one strict reader, zero-copy and iterative, and one writer.
//!
//! The reader accepts definite lengths in the minimal form only, tags of one to three octets, and treats what is left
//! over as an error. It never recurses, so depth and size of hostile input cost nothing but the walk.
//! Tags are the numbers the standards print: `0x5F1F`, `0x7F61`, `0x77`.

use core::fmt;

/// A tag as printed: up to three octets, leading zeros not part of it.
pub type Tag = u32;

/// What is wrong with a TLV string. Offsets count octets from the start of the string given to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlvError {
    /// Octets end inside a tag, a length or a value.
    #[error("TLV ends early at octet {0}")]
    Truncated(usize),
    /// A tag of more than three octets, or one that is not minimally coded.
    #[error("no valid tag at octet {0}")]
    Tag(usize),
    /// Indefinite, over-long or not minimal.
    #[error("no valid length at octet {0}")]
    Length(usize),
    /// The object found is not the one that must stand here.
    #[error("expected tag {expected:X}, found {found:X}")]
    Unexpected {
        /// The tag that the layout demands.
        expected: Tag,
        /// The tag that stands there, 0 at the end of the string.
        found: Tag,
    },
    /// Octets left after the last object.
    #[error("{0} octets left over")]
    LeftOver(usize),
    /// An object with a value of a length that its definition does not allow.
    #[error("tag {0:X} has a value of a wrong length")]
    ValueLength(Tag),
}

/// One data object, borrowed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// Tag as printed.
    pub tag: Tag,
    /// Value field.
    pub value: &'a [u8],
}

impl fmt::Debug for Tlv<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}[{}]", self.tag, self.value.len())
    }
}

/// Reads data objects one after the other.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    octets: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    /// At the first octet.
    pub const fn new(octets: &'a [u8]) -> Self {
        Self { octets, position: 0 }
    }

    /// Whether all octets are read.
    pub fn is_empty(&self) -> bool {
        self.position >= self.octets.len()
    }

    /// Octets read so far.
    pub const fn position(&self) -> usize {
        self.position
    }

    /// The next object, `None` at the end.
    ///
    /// # Errors
    /// [`TlvError`] when the octets are no data object.
    #[allow(clippy::should_implement_trait)] // an iterator could not stop at the first error by `?`
    pub fn next(&mut self) -> Result<Option<Tlv<'a>>, TlvError> {
        if self.is_empty() {
            return Ok(None);
        }
        let (tag, length_at) = read_tag(self.octets, self.position)?;
        let (length, value_at) = read_length(self.octets, length_at)?;
        let end = value_at.checked_add(length).ok_or(TlvError::Length(length_at))?;
        let value = self.octets.get(value_at..end).ok_or(TlvError::Truncated(self.octets.len()))?;
        self.position = end;
        Ok(Some(Tlv { tag, value }))
    }

    /// The next object, which must have this tag.
    ///
    /// # Errors
    /// [`TlvError::Unexpected`] for another tag or the end; other variants for broken octets.
    pub fn expect(&mut self, tag: Tag) -> Result<&'a [u8], TlvError> {
        match self.next()? {
            Some(object) if object.tag == tag => Ok(object.value),
            other => Err(TlvError::Unexpected { expected: tag, found: other.map_or(0, |object| object.tag) }),
        }
    }

    /// The next object if it has this tag; otherwise nothing is read.
    ///
    /// # Errors
    /// [`TlvError`] for broken octets.
    pub fn optional(&mut self, tag: Tag) -> Result<Option<&'a [u8]>, TlvError> {
        let mut ahead = *self;
        match ahead.next()? {
            Some(object) if object.tag == tag => {
                *self = ahead;
                Ok(Some(object.value))
            }
            _ => Ok(None),
        }
    }

    /// Ends the reading: left-overs are an error.
    ///
    /// # Errors
    /// [`TlvError::LeftOver`].
    pub fn finish(self) -> Result<(), TlvError> {
        match self.octets.len().saturating_sub(self.position) {
            0 => Ok(()),
            left => Err(TlvError::LeftOver(left)),
        }
    }
}

/// The value of the one object that the octets hold, which must have this tag.
///
/// # Errors
/// [`TlvError`] for another tag, broken octets or left-overs.
pub fn only(octets: &[u8], tag: Tag) -> Result<&[u8], TlvError> {
    let mut reader = Reader::new(octets);
    let value = reader.expect(tag)?;
    reader.finish()?;
    Ok(value)
}

/// All objects of one level.
///
/// # Errors
/// [`TlvError`] at the first broken one.
pub fn all(octets: &[u8]) -> Result<Vec<Tlv<'_>>, TlvError> {
    let mut reader = Reader::new(octets);
    let mut objects = Vec::new();
    while let Some(object) = reader.next()? {
        objects.push(object);
    }
    Ok(objects)
}

/// The first object with this tag among the objects of one level; the whole level is checked.
///
/// # Errors
/// [`TlvError`] for broken octets.
pub fn find(octets: &[u8], tag: Tag) -> Result<Option<&[u8]>, TlvError> {
    Ok(all(octets)?.into_iter().find(|object| object.tag == tag).map(|object| object.value))
}

/// Octets of tag and length, and octets of the whole object, read from its first octets: how far a file reaches that
/// begins with this object. `None` while too few octets are there to tell.
///
/// # Errors
/// [`TlvError`] when the octets cannot begin an object.
pub fn total_length(first_octets: &[u8]) -> Result<Option<usize>, TlvError> {
    let complete = |result: Result<(u32, usize), TlvError>| match result {
        Err(TlvError::Truncated(_)) => Ok(None),
        other => other.map(Some),
    };
    let Some((_, length_at)) = complete(read_tag(first_octets, 0))? else { return Ok(None) };
    match read_length(first_octets, length_at) {
        Err(TlvError::Truncated(_)) => Ok(None),
        Err(other) => Err(other),
        Ok((length, value_at)) => Ok(value_at.checked_add(length)),
    }
}

fn read_tag(octets: &[u8], at: usize) -> Result<(Tag, usize), TlvError> {
    let octet = |i: usize| octets.get(i).copied().ok_or(TlvError::Truncated(i));
    let first = octet(at)?;
    if first == 0 {
        return Err(TlvError::Tag(at)); // 7816-4 §5.2.2.1: 00 begins no tag
    }
    if first & 0x1F != 0x1F {
        return Ok((Tag::from(first), at + 1));
    }
    let second = octet(at + 1)?;
    let two = Tag::from(first) << 8 | Tag::from(second);
    if second & 0x80 == 0 {
        // X.690 gives numbers below 31 the one-octet form; 9303-10 has 5F01 to 5F1E all the same.
        return if second == 0 { Err(TlvError::Tag(at)) } else { Ok((two, at + 2)) };
    }
    let third = octet(at + 2)?;
    if second == 0x80 || third & 0x80 != 0 {
        return Err(TlvError::Tag(at));
    }
    Ok((two << 8 | Tag::from(third), at + 3))
}

fn read_length(octets: &[u8], at: usize) -> Result<(usize, usize), TlvError> {
    let first = octets.get(at).copied().ok_or(TlvError::Truncated(at))?;
    let count = match first {
        0x00..=0x7F => return Ok((usize::from(first), at + 1)),
        0x81..=0x84 => usize::from(first & 0x7F),
        _ => return Err(TlvError::Length(at)),
    };
    let field = octets.get(at + 1..at + 1 + count).ok_or(TlvError::Truncated(octets.len()))?;
    let length = field.iter().fold(0usize, |sum, octet| sum << 8 | usize::from(*octet));
    // The minimal form of a number: no leading zero octet, and no long form where the short one is enough.
    if length < 0x80 || field.first() == Some(&0) {
        return Err(TlvError::Length(at));
    }
    Ok((length, at + 1 + count))
}

/// Appends one data object with a minimal length field.
pub fn put(out: &mut Vec<u8>, tag: Tag, value: &[u8]) {
    put_header(out, tag, value.len());
    out.extend_from_slice(value);
}

/// Appends tag and length of an object whose value the caller appends next: large values are then not copied twice.
pub fn put_header(out: &mut Vec<u8>, tag: Tag, length: usize) {
    let tag_octets = tag.to_be_bytes();
    out.extend(tag_octets.iter().skip_while(|octet| **octet == 0));
    let length_octets = length.to_be_bytes();
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let significant = length_octets.iter().skip_while(|octet| **octet == 0);
            // At most eight octets, so the count fits beside the bit.
            out.push(significant.clone().fold(0x80, |count, _| count + 1));
            out.extend(significant);
        }
    }
}

/// Octets of tag and length for a value of `length` octets.
pub fn header_length(tag: Tag, length: usize) -> usize {
    let significant = |octets: usize, zeros: u32| octets - (zeros / 8) as usize;
    let tag_octets = significant(4, tag.leading_zeros()).max(1);
    let length_octets = if length < 0x80 { 1 } else { 1 + significant(size_of::<usize>(), length.leading_zeros()) };
    tag_octets + length_octets
}

/// One data object as octets. Nests as the standards' tables do: `tlv(0x7F4E, &[a, b].concat())`.
pub fn tlv(tag: Tag, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(header_length(tag, value.len()) + value.len());
    put(&mut out, tag, value);
    out
}

impl From<Tlv<'_>> for Vec<u8> {
    fn from(object: Tlv<'_>) -> Self {
        tlv(object.tag, object.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tags_of_one_two_and_three_octets() {
        let lds = (&b"\x5F\x0E\x00"[..], 0x5F0E); // below 1F, as 9303-10 has it
        for (octets, tag) in [lds, (b"\x77\x00", 0x77), (b"\x5F\x1F\x00", 0x5F1F), (b"\x7F\x81\x22\x00", 0x7F_8122)] {
            assert_eq!(all(octets).unwrap(), [Tlv { tag, value: &[] }]);
            assert_eq!(tlv(tag, &[]), octets);
        }
    }

    #[test]
    fn every_length_form_is_minimal_both_ways() {
        for length in [0usize, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let octets = tlv(0x53, &vec![0xA5; length]);
            assert_eq!(octets.len(), header_length(0x53, length) + length);
            assert_eq!(only(&octets, 0x53).unwrap().len(), length);
            assert_eq!(total_length(&octets[..octets.len().min(6)]).unwrap(), Some(octets.len()));
        }
    }

    #[test]
    fn what_is_not_strict_is_refused() {
        for (octets, error) in [
            (&b"\x00\x00"[..], TlvError::Tag(0)),
            (b"\x5F\x00\x00", TlvError::Tag(0)),
            (b"\x5F\x80\x01\x00", TlvError::Tag(0)),
            (b"\x5F\x81\x81\x01\x00", TlvError::Tag(0)),
            (b"\x53\x80\x00\x00", TlvError::Length(1)),
            (b"\x53\x81\x7F", TlvError::Length(1)),
            (b"\x53\x82\x00\x80", TlvError::Length(1)),
            (b"\x53\x85\x01\x00\x00\x00\x00", TlvError::Length(1)),
            (b"\x53\x02\x00", TlvError::Truncated(3)),
            (b"\x53", TlvError::Truncated(1)),
            (b"\x5F", TlvError::Truncated(1)),
        ] {
            assert_eq!(all(octets), Err(error), "{octets:02X?}");
        }
    }

    #[test]
    fn left_overs_and_wrong_tags_are_errors() {
        assert_eq!(only(b"\x53\x00\x01\x00", 0x53), Err(TlvError::LeftOver(2)));
        assert_eq!(only(b"\x53\x00", 0x63), Err(TlvError::Unexpected { expected: 0x63, found: 0x53 }));
        assert_eq!(only(b"", 0x63), Err(TlvError::Unexpected { expected: 0x63, found: 0 }));
    }

    #[test]
    fn total_length_waits_for_the_whole_header() {
        assert_eq!(total_length(&[0x75, 0x82, 0x01]), Ok(None));
        assert_eq!(total_length(&[0x75, 0x82, 0x01, 0x00]), Ok(Some(4 + 256)));
        assert_eq!(total_length(&[0x7F]), Ok(None));
        assert_eq!(total_length(&[0x75, 0x80]), Err(TlvError::Length(1)));
    }

    /// iso7816-tlv as second opinion: where both accept, they see the same objects. Its writer is known to spoil
    /// values of 127 octets, so only its reader is asked.
    fn second_opinion(octets: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let objects = iso7816_tlv::ber::Tlv::parse_all(octets);
        objects
            .iter()
            .map(|object| {
                let value = match object.value() {
                    iso7816_tlv::ber::Value::Primitive(value) => value.clone(),
                    iso7816_tlv::ber::Value::Constructed(children) => {
                        children.iter().flat_map(iso7816_tlv::ber::Tlv::to_vec).collect()
                    }
                };
                (object.tag().to_bytes().to_vec(), value)
            })
            .collect()
    }

    /// Our object in the crate's own type, for callers who hold that one.
    #[test]
    fn converts_to_the_type_of_iso7816_tlv() {
        let ours = tlv(0x7F61, &tlv(0x02, &[1]));
        let theirs = iso7816_tlv::ber::Tlv::from_bytes(&ours).unwrap();
        assert_eq!(theirs.tag().to_bytes(), [0x7F, 0x61]);
        assert_eq!(theirs.to_vec(), ours);
    }

    proptest! {
        #[test]
        fn written_objects_read_back(values in proptest::collection::vec(
            (prop_oneof![Just(0x53u32), Just(0x5F1F), Just(0x7F_8122)], proptest::collection::vec(any::<u8>(), 0..300)),
            0..6,
        )) {
            let octets: Vec<u8> = values.iter().flat_map(|(tag, value)| tlv(*tag, value)).collect();
            let read: Vec<(u32, Vec<u8>)> = all(&octets).unwrap().iter().map(|o| (o.tag, o.value.to_vec())).collect();
            prop_assert_eq!(read, values);
        }

        #[test]
        fn whatever_is_accepted_is_written_the_same(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(objects) = all(&octets) {
                let again: Vec<u8> = objects.into_iter().flat_map(Vec::<u8>::from).collect();
                prop_assert_eq!(again, octets);
            }
        }

        #[test]
        fn primitive_objects_agree_with_the_second_opinion(values in proptest::collection::vec(
            (prop_oneof![Just(0x53u32), Just(0x5F1F), Just(0x81)], proptest::collection::vec(any::<u8>(), 0..300)),
            1..5,
        )) {
            let octets: Vec<u8> = values.iter().flat_map(|(tag, value)| tlv(*tag, value)).collect();
            let theirs: Vec<Vec<u8>> = second_opinion(&octets).into_iter().map(|(_, value)| value).collect();
            let ours: Vec<Vec<u8>> = all(&octets).unwrap().iter().map(|object| object.value.to_vec()).collect();
            prop_assert_eq!(ours, theirs);
        }
    }
}
