//! Keys of one card out of a master key: GlobalPlatform's KDF3 with AES, and two schemes with 3DES. k = 1 ENC, 2 MAC,
//! 3 DEK.
//!
//! ```text
//! KDF3        block n, from 1 on = CMAC(master, n ‖ 00 00 00 ‖ k ‖ 00 ‖ KDD)
//! with 3DES   ECB(master, S ‖ F0 ‖ k ‖ S ‖ 0F ‖ k), S = KDD[4..10] EMV CPS 1.1, KDD[0..2] ‖ KDD[4..8] VISA2
//! ```
//! KDF3 has no length field: the first block of a 32-octet key is the 16-octet key.

use crate::aes_key::{AesKey, BLOCK};
use crate::session_key::{BLOCK_MAX, SessionKey};
use crate::sm::Cipher;
use crate::{KeyLength, KeySet, aes_key};
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

/// Which octets of the key diversification data a 3DES scheme takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DesScheme {
    /// EMV Card Personalization Specification 1.1: the last six.
    Emv,
    /// VISA2: the first two and four from the fifth on.
    Visa2,
}

/// The three keys of the card with this key diversification data, from a master key of 16 octets.
///
/// # Errors
/// [`KeyLength`] for a master key of another length.
pub fn des(scheme: DesScheme, master: &[u8], kdd: &[u8; 10]) -> Result<KeySet, KeyLength> {
    let master = SessionKey::new(Cipher::TripleDes, master)?;
    let [k0, k1, _, _, k4, k5, k6, k7, k8, k9] = *kdd;
    let source = match scheme {
        DesScheme::Emv => [k4, k5, k6, k7, k8, k9],
        DesScheme::Visa2 => [k0, k1, k4, k5, k6, k7],
    };
    let derive = |k| {
        let mut key = Zeroizing::new([0; 16]);
        let octets = source.into_iter().chain([0xF0, k]).chain(source).chain([0x0F, k]);
        key.iter_mut().zip(octets).for_each(|(to, octet)| *to = octet);
        // ECB: each block as a CBC of its own.
        key.chunks_mut(8).for_each(|block| master.cbc_encrypt([0; BLOCK_MAX], block));
        key
    };
    KeySet::triple_des(&*derive(1), &*derive(2), &*derive(3))
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

    #[test]
    fn keys_and_check_values_of_the_schemes_with_3des() {
        for case in vectors(include_str!("../../../test-vectors/globalplatform/key_diversification_des.toml")) {
            let scheme = match case.text("scheme") {
                "EMV" => DesScheme::Emv,
                "VISA2" => DesScheme::Visa2,
                other => panic!("{other}"),
            };
            let keys = des(scheme, &case.octets("master"), &case.octets("kdd").try_into().unwrap()).unwrap();
            for ((name, key), kcv) in ["enc", "mac", "dek"].iter().zip(keys.keys()).zip(keys.kcvs().unwrap()) {
                assert_eq!(key, case.octets(name), "{} {name}", case.name());
                assert_eq!(kcv.to_vec(), case.octets(&format!("kcv_{name}")), "{} {name}", case.name());
            }
        }
        assert_eq!(des(DesScheme::Emv, &[0; 24], &[0; 10]).err(), Some(KeyLength(24)));
    }
}
