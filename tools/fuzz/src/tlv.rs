//! BER-TLV: our reader against our writer, and against a reader of other people.

use bitaqa_apdu::tlv::{self, Reader, Tlv};
use iso7816_tlv::ber;

/// Octets up to which the foreign reader is asked: it needs quadratic time.
const FOREIGN_OCTETS_MAX: usize = 512;
/// Depth up to which it is asked: it recurses.
const FOREIGN_DEPTH_MAX: usize = 16;

/// A string of objects.
pub fn objects(input: &[u8]) {
    let mut reader = Reader::new(input);
    let mut written = Vec::new();
    while let Ok(Some(object)) = reader.next() {
        let before = written.len();
        tlv::put(&mut written, object.tag, object.value);
        let octets = written.len() - before;
        assert_eq!(octets, tlv::header_length(object.tag, object.value.len()) + object.value.len());
        assert_eq!(tlv::total_length(input.get(before..).unwrap_or_default()), Ok(Some(octets)), "length told ahead");
        assert!(input.starts_with(&written), "an object is written otherwise than it was read");
        assert_eq!(reader.position(), written.len());
    }
    let whole = tlv::all(input);
    assert_eq!(whole.is_ok(), reader.is_empty(), "both ways of reading a level agree on where it ends");
    if let Ok(all) = whole {
        let again: Vec<u8> = all.iter().flat_map(|object| tlv::tlv(object.tag, object.value)).collect();
        assert_eq!(again, input);
        foreign(input, &all);
    }
}

/// Whether the objects are whole down to the bottom, and how deep they go. By a list of what is left to do: recursion
/// would make the depth of an input a matter of the stack.
fn depth(all: &[Tlv<'_>]) -> Option<usize> {
    let mut left: Vec<(usize, Tlv<'_>)> = all.iter().map(|object| (1, *object)).collect();
    let mut deepest = 0;
    while let Some((depth, object)) = left.pop() {
        deepest = deepest.max(depth);
        if is_constructed(object.tag) {
            left.extend(tlv::all(object.value).ok()?.into_iter().map(|inner| (depth + 1, inner)));
        }
    }
    Some(deepest)
}

fn is_constructed(tag: tlv::Tag) -> bool {
    let first = tag.to_be_bytes().into_iter().find(|octet| *octet != 0);
    first.is_some_and(|octet| octet & 0x20 != 0)
}

/// What is whole for us is whole for `iso7816-tlv`, with the same tags and values. The other way round does not hold:
/// it takes lengths that are not minimal.
fn foreign(input: &[u8], all: &[Tlv<'_>]) {
    if input.len() > FOREIGN_OCTETS_MAX || depth(all).is_none_or(|depth| depth > FOREIGN_DEPTH_MAX) {
        return;
    }
    let theirs = ber::Tlv::parse_all(input);
    compare(all, &theirs);
}

fn compare(ours: &[Tlv<'_>], theirs: &[ber::Tlv]) {
    assert_eq!(ours.len(), theirs.len(), "objects of one level");
    for (our, their) in ours.iter().zip(theirs) {
        let tag = our.tag.to_be_bytes();
        let tag: Vec<u8> = tag.into_iter().skip_while(|octet| *octet == 0).collect();
        assert_eq!(tag, their.tag().to_bytes());
        match their.value() {
            ber::Value::Primitive(value) => assert_eq!(our.value, value.as_slice()),
            ber::Value::Constructed(inner) => compare(&tlv::all(our.value).unwrap_or_default(), inner),
        }
    }
}

/// The first octets of a file: how long it is, said no other way than the whole says it.
pub fn announced_length(input: &[u8]) {
    let told = tlv::total_length(input);
    if let Ok(Some(length)) = told {
        for cut in 0..input.len().min(8) {
            let earlier = tlv::total_length(input.get(..cut).unwrap_or_default());
            assert!(matches!(earlier, Ok(None)) || earlier == told, "{earlier:?} before {told:?}");
        }
        assert!(length > 0);
    }
}
