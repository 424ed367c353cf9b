//! Keys of one card out of a master key: GlobalPlatform's KDF3 with AES.
//!
//! ```text
//! block n, from 1 on = CMAC(master, n ‖ 00 00 00 ‖ k ‖ 00 ‖ KDD), k = 1 ENC, 2 MAC, 3 DEK
//! ```
//! There is no length field: the first block of a 32-octet key is the 16-octet key. EMV CPS 1.1 and VISA2 need 3DES and
//! are not here.

use crate::aes_key::{AesKey, BLOCK};
use crate::scp03::KeySet;
use crate::{KeyLength, aes_key};
use zeroize::Zeroizing;

/// The three keys of the card with this key diversification data, each as long as the master key (16, 24 or 32 octets).
///
/// # Errors
/// [`KeyLength`] for a master key of no AES length.
pub fn kdf3(master: &[u8], kdd: &[u8; 10]) -> Result<KeySet, KeyLength> {
    let key = AesKey::new(master)?;
    let derive = |k| derive(&key, k, kdd, master.len());
    KeySet::new(&derive(1), &derive(2), &derive(3))
}

fn derive(master: &AesKey, k: u8, kdd: &[u8; 10], octets: usize) -> Zeroizing<Vec<u8>> {
    let mut derived = Zeroizing::new(Vec::with_capacity(2 * aes_key::BLOCK));
    for n in 1..=2 {
        let block = Zeroizing::new(master.cmac(&[&[n, 0, 0, 0, k, 0], kdd]));
        let missing = octets.saturating_sub(derived.len()).min(BLOCK);
        derived.extend_from_slice(block.get(..missing).unwrap_or_default());
    }
    derived
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::vectors;

    #[test]
    fn keys_and_check_values_of_every_master_length() {
        for case in vectors(include_str!("../../../test-vectors/globalplatform/key_diversification.toml")) {
            let kdd = case.octets("kdd").try_into().unwrap();
            let keys = kdf3(&case.octets("master"), &kdd).unwrap();
            for ((name, key), kcv) in ["enc", "mac", "dek"].iter().zip(keys.keys()).zip(keys.kcvs().unwrap()) {
                if let Some(expected) = case.maybe(name) {
                    assert_eq!(key, expected, "{} {name}", case.name());
                }
                if let Some(expected) = case.maybe(&format!("kcv_{name}")) {
                    assert_eq!(kcv.to_vec(), expected, "{} {name}", case.name());
                }
            }
        }
    }

    #[test]
    fn a_master_key_of_another_length_is_refused() {
        assert_eq!(kdf3(&[0; 20], &[0; 10]).err(), Some(KeyLength(20)));
    }
}
