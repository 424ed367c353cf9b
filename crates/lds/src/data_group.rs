//! The sixteen data groups and how files and tags number them: 9303-10 §4.7, Table 38.

/// Outer tags of DG1 to DG16, in order.
const TAGS: [u8; 16] = [0x61, 0x75, 0x63, 0x76, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F, 0x70];

/// Outer tag of a data group, `None` outside 1..=16.
pub fn tag(number: u8) -> Option<u8> {
    TAGS.get(usize::from(number.checked_sub(1)?)).copied()
}

/// Data group with this outer tag.
pub fn number(tag: u8) -> Option<u8> {
    (1..=16).zip(TAGS).find(|(_, other)| *other == tag).map(|(number, _)| number)
}

/// Elementary file of a data group: `0101` to `0110`; its low octet is the short file identifier.
pub fn file_identifier(number: u8) -> Option<u16> {
    tag(number).map(|_| 0x0100 | u16::from(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_tags_are_inverse() {
        for group in 1..=16 {
            assert_eq!(number(tag(group).unwrap()), Some(group));
        }
        assert_eq!((tag(0), tag(17), number(0x77)), (None, None, None));
        assert_eq!(file_identifier(16), Some(0x0110));
    }
}
