//! Padding method 2 of 9797-1: 80 00.. up to whole blocks, at least one octet.

/// Octets after padding to whole blocks: always at least one more.
pub(crate) const fn padded_length(octets: usize, block: usize) -> usize {
    (octets / block + 1) * block
}

/// Pads from `start` on.
pub(crate) fn pad(octets: &mut Vec<u8>, start: usize, block: usize) {
    let length = padded_length(octets.len().saturating_sub(start), block);
    octets.push(0x80);
    octets.resize(start + length, 0);
}

/// What the last block of so many octets lacks, for a MAC that takes its input in parts; blocks have at most 16 octets.
pub(crate) fn missing(octets: usize, block: usize) -> &'static [u8] {
    const PADDING: [u8; 16] = [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    PADDING.get(..padded_length(octets, block) - octets).unwrap_or_default()
}

/// Octets before the padding; `None` when there is none. The MAC was checked before, so the walk tells nothing new.
pub(crate) fn unpadded_length(octets: &[u8], block: usize) -> Option<usize> {
    let last = octets.iter().rposition(|octet| *octet != 0)?;
    (octets.get(last) == Some(&0x80) && octets.len() - last <= block).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    #[test]
    fn padding_goes_on_and_off_and_a_wrong_one_is_seen() {
        for block in [8, 16] {
            for length in 0..40 {
                let mut octets = vec![0xAA; 3 + length];
                pad(&mut octets, 3, block);
                assert_eq!(octets.len() - 3, padded_length(length, block));
                assert_eq!(unpadded_length(&octets[3..], block), Some(length));
                assert_eq!([&octets[3..3 + length], missing(length, block)].concat(), octets[3..]);
            }
        }
        assert_eq!(unpadded_length(&[], 16), None);
        assert_eq!(unpadded_length(&[0; 16], 16), None);
        assert_eq!(unpadded_length(&[0x81; 16], 16), None);
        assert_eq!(unpadded_length(&hex("80000000000000000000000000000000"), 16), Some(0));
        assert_eq!(unpadded_length(&hex("80000000000000000000000000000000"), 8), None); // more than a block of it
        assert_eq!(unpadded_length(&hex("8000000000000000000000000000000000"), 16), None);
    }
}
