//! A byte string that may hold keys or personal data: wiped on drop, and `Debug` shows its length only.

use core::fmt;
use core::ops::Deref;
use zerocopy::FromBytes as _;
use zeroize::Zeroize;

/// Octets of a command, a response or a file. Wiped when dropped; prints its length, never its content.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(Vec<u8>);

impl Bytes {
    /// No octets.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Takes the buffer out; the caller is then the one to wipe it.
    pub fn into_vec(mut self) -> Vec<u8> {
        core::mem::take(&mut self.0)
    }

    /// The buffer, for building in place.
    pub fn as_mut_vec(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Wipes a buffer with what lies behind its end, a word at a time: octet by octet it was the largest single cost of a
/// card after cryptography.
fn wipe(buffer: &mut Vec<u8>) {
    buffer.resize(buffer.capacity(), 0);
    let words = buffer.len() / size_of::<u64>();
    match <[u64]>::mut_from_prefix_with_elems(buffer, words) {
        Ok((words, rest)) => {
            words.zeroize();
            rest.zeroize();
        }
        // An allocator that does not align to words.
        Err(_) => buffer.zeroize(),
    }
}

impl Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(octets: Vec<u8>) -> Self {
        Self(octets)
    }
}

impl From<&[u8]> for Bytes {
    fn from(octets: &[u8]) -> Self {
        Self(octets.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Bytes {
    fn from(octets: [u8; N]) -> Self {
        Self(octets.to_vec())
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_tells_the_length_and_nothing_else() {
        let shown = format!("{:?}", Bytes::from([0xAB, 0xCD, 0xEF]));
        assert_eq!(shown, "Bytes(3)");
    }

    #[test]
    fn a_buffer_is_wiped_to_the_end_of_its_capacity() {
        for length in [0, 1, 7, 8, 13, 64, 1000] {
            let mut buffer = vec![0xA5; length + 21];
            let whole = buffer.capacity();
            buffer.truncate(length);
            wipe(&mut buffer);
            assert!(buffer.len() == whole && buffer.iter().all(|octet| *octet == 0), "{length}");
        }
    }

    #[test]
    fn into_vec_hands_over_the_octets() {
        assert_eq!(Bytes::from([1, 2]).into_vec(), [1, 2]);
    }
}
