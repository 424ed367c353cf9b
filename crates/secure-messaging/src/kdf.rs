//! Key derivation of travel documents, 9303-11 §9.7.1 and TR-03110-3 §A.2.3.

use crate::sm::Cipher;
use bitaqa_tally::Operation;
use sha1::{Digest, Sha1};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

/// The counter that tells what a derived key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// KS_Enc, from a shared secret.
    Encryption = 1,
    /// KS_MAC, from a shared secret.
    Authentication = 2,
    /// K_pi, from a password.
    Password = 3,
}

/// KDF(K, c) = the first octets of H(K ‖ c), c being the counter in four octets. H is SHA-1 for 3DES and AES-128 and
/// SHA-256 for longer keys. The result is as long as a key of the cipher; octets of a 3DES key have odd parity.
pub fn derive(secret: &[u8], purpose: Purpose, cipher: Cipher) -> Zeroizing<Vec<u8>> {
    let counter = (purpose as u32).to_be_bytes();
    let mut digest = match cipher {
        Cipher::TripleDes | Cipher::Aes128 => hash::<Sha1>("SHA-1", secret, counter),
        Cipher::Aes192 | Cipher::Aes256 => hash::<Sha256>("SHA-256", secret, counter),
    };
    // The rest behind the key is wiped too: truncating alone would leave it in the buffer.
    for octet in digest.iter_mut().skip(cipher.key_octets()) {
        octet.zeroize();
    }
    digest.truncate(cipher.key_octets());
    if cipher == Cipher::TripleDes {
        digest.iter_mut().for_each(set_odd_parity);
    }
    digest
}

/// The lowest bit of an octet of a DES key makes its number of ones odd (9303-11 §9.7.1.1).
fn set_odd_parity(octet: &mut u8) {
    *octet = *octet & 0xFE | u8::from((*octet & 0xFE).count_ones().is_multiple_of(2));
}

fn hash<D: Digest>(name: &'static str, secret: &[u8], counter: [u8; 4]) -> Zeroizing<Vec<u8>> {
    bitaqa_tally::note(Operation::Hash, name, secret.len() + counter.len());
    Zeroizing::new(D::new().chain_update(secret).chain_update(counter).finalize().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::vectors;

    #[test]
    fn every_row_of_the_worked_examples() {
        for case in vectors(include_str!("../../../test-vectors/icao9303-11/kdf.toml")) {
            let cipher = match case.text("cipher") {
                "3DES" => Cipher::TripleDes,
                "AES-128" => Cipher::Aes128,
                "AES-192" => Cipher::Aes192,
                "AES-256" => Cipher::Aes256,
                other => panic!("{other}"),
            };
            let purpose = match case.0["counter"].as_integer().unwrap() {
                1 => Purpose::Encryption,
                2 => Purpose::Authentication,
                3 => Purpose::Password,
                other => panic!("{other}"),
            };
            assert_eq!(*derive(&case.octets("K"), purpose, cipher), case.octets("key"), "{}", case.name());
        }
    }
}
