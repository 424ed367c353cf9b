//! A key of a session or of a password, for whichever cipher was agreed on: AES with CMAC, or two-key 3DES with the
//! retail MAC (9303-11 §9.8.6, TR-03110-3 §A.2.3).

use crate::KeyLength;
use crate::aes_key::{AesKey, first_eight};
use crate::padding::{missing, unpadded_length};
use crate::sm::Cipher;
use bitaqa_tally::Operation;
use cbc::{Decryptor, Encryptor};
use cipher::array::Array;
use cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use cmac::Mac;
use des::{Des, TdesEde2};
use retail_mac::RetailMac;
use zeroize::Zeroizing;

/// Octets of the longest block.
pub(crate) const BLOCK_MAX: usize = 16;

/// Octets of a DES block.
const DES_BLOCK: usize = 8;

/// Name under which its work is counted.
const TRIPLE_DES: &str = "3DES";

/// An expanded key, wiped when dropped.
pub(crate) enum SessionKey {
    /// Boxed: an expanded AES key has some 500 octets.
    Aes(Box<AesKey>),
    TripleDes(Box<TripleDesKey>),
}

/// Both uses of one key of 16 octets: EDE under K1 K2 K1, and the retail MAC under K1 and K2.
pub(crate) struct TripleDesKey {
    cipher: TdesEde2,
    mac: RetailMac<Des>,
}

impl SessionKey {
    /// Takes a key of the cipher's length.
    pub(crate) fn new(cipher: Cipher, key: &[u8]) -> Result<Self, KeyLength> {
        let wrong = KeyLength(key.len());
        if key.len() != cipher.key_octets() {
            return Err(wrong);
        }
        match cipher {
            Cipher::TripleDes => {
                bitaqa_tally::note(Operation::KeyExpansion, TRIPLE_DES, 0);
                let (cipher, mac) = (TdesEde2::new_from_slice(key), RetailMac::new_from_slice(key));
                let (cipher, mac) = (cipher.map_err(|_| wrong)?, mac.map_err(|_| wrong)?);
                Ok(Self::TripleDes(Box::new(TripleDesKey { cipher, mac })))
            }
            Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => Ok(Self::Aes(Box::new(AesKey::new(key)?))),
        }
    }

    /// Octets of a block, and of a send sequence counter.
    pub(crate) const fn block_octets(&self) -> usize {
        match self {
            Self::Aes(_) => BLOCK_MAX,
            Self::TripleDes(_) => DES_BLOCK,
        }
    }

    /// The initialisation vector of secure messaging: E(KS_Enc, SSC) for AES (9303-11 §9.8.6.1), zero for 3DES
    /// (§9.8.6.2), of which the first block alone counts.
    pub(crate) fn iv(&self, ssc: [u8; BLOCK_MAX]) -> [u8; BLOCK_MAX] {
        match self {
            Self::Aes(key) => key.encrypt_block(ssc),
            Self::TripleDes(_) => [0; BLOCK_MAX],
        }
    }

    /// CBC in place over whole blocks; what is not a whole block at the end stays as it is, callers pad first.
    pub(crate) fn cbc_encrypt(&self, iv: [u8; BLOCK_MAX], octets: &mut [u8]) {
        match self {
            Self::Aes(key) => key.cbc_encrypt(iv, octets),
            Self::TripleDes(key) => {
                bitaqa_tally::note(Operation::Encryption, TRIPLE_DES, octets.len());
                let (blocks, _) = Array::slice_as_chunks_mut(octets);
                Encryptor::inner_iv_init(&key.cipher, &Array::from(first_eight(iv))).encrypt_blocks(blocks);
            }
        }
    }

    /// Inverse of [`Self::cbc_encrypt`].
    pub(crate) fn cbc_decrypt(&self, iv: [u8; BLOCK_MAX], octets: &mut [u8]) {
        match self {
            Self::Aes(key) => key.cbc_decrypt(iv, octets),
            Self::TripleDes(key) => {
                bitaqa_tally::note(Operation::Decryption, TRIPLE_DES, octets.len());
                let (blocks, _) = Array::slice_as_chunks_mut(octets);
                Decryptor::inner_iv_init(&key.cipher, &Array::from(first_eight(iv))).decrypt_blocks(blocks);
            }
        }
    }

    /// Decrypts a copy and takes the padding off; `None` for no whole blocks or no padding.
    pub(crate) fn cbc_decrypt_padded(&self, iv: [u8; BLOCK_MAX], cryptogram: &[u8]) -> Option<Vec<u8>> {
        let block = self.block_octets();
        if cryptogram.is_empty() || !cryptogram.len().is_multiple_of(block) {
            return None;
        }
        let mut octets = Zeroizing::new(cryptogram.to_vec());
        self.cbc_decrypt(iv, &mut octets);
        let length = unpadded_length(&octets, block)?;
        octets.truncate(length);
        Some(core::mem::take(&mut *octets))
    }

    /// MAC of 8 octets over the parts one after the other, which the caller has padded: CMAC of SP 800-38B cut to its
    /// first half, or MAC algorithm 3 of 9797-1 over whole blocks.
    pub(crate) fn mac_padded(&self, parts: &[&[u8]]) -> [u8; 8] {
        match self {
            Self::Aes(key) => first_eight(key.cmac(parts)),
            Self::TripleDes(key) => {
                bitaqa_tally::note(Operation::Mac, TRIPLE_DES, parts.iter().map(|part| part.len()).sum());
                let mut mac = key.mac.clone();
                for part in parts {
                    mac.update(part);
                }
                mac.finalize().into_bytes().into()
            }
        }
    }

    /// MAC over a message outside of secure messaging, such as an authentication token: CMAC pads by itself, and for
    /// MAC algorithm 3 padding method 2 is added here (9303-11 §4.4.3.4).
    pub(crate) fn mac(&self, message: &[u8]) -> [u8; 8] {
        match self {
            Self::Aes(_) => self.mac_padded(&[message]),
            Self::TripleDes(_) => self.mac_padded(&[message, missing(message.len() % DES_BLOCK, DES_BLOCK)]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{hex, vectors};

    #[test]
    fn retail_mac_gives_the_values_of_9797_1() {
        for case in vectors(include_str!("../../../test-vectors/iso9797-1/mac_algorithm_3.toml")) {
            let key = SessionKey::new(Cipher::TripleDes, &case.octets("key")).unwrap();
            let (message, expected) = (case.octets("message"), case.octets("mac"));
            let mac = match case.text("padding") {
                "method 1" => key.mac_padded(&[&message]), // the library's own padding with zeros
                "method 2" => key.mac(&message),
                other => panic!("{other}"),
            };
            assert_eq!(mac.to_vec(), expected, "{}", case.name());
        }
    }

    #[test]
    fn each_cipher_takes_keys_of_its_own_length_only() {
        for cipher in Cipher::ALL {
            for length in 0..40 {
                let made = SessionKey::new(*cipher, &vec![1; length]);
                assert_eq!(made.err(), (length != cipher.key_octets()).then_some(KeyLength(length)));
            }
        }
    }

    #[test]
    fn cbc_is_undone_and_a_broken_padding_is_seen() {
        for cipher in Cipher::ALL {
            let key = SessionKey::new(*cipher, &vec![7; cipher.key_octets()]).unwrap();
            let iv = key.iv([9; BLOCK_MAX]);
            let mut octets = hex("00112233445566778899AABBCCDDEEFF8000000000000000");
            octets.resize(48, 0);
            octets.truncate(if key.block_octets() == DES_BLOCK { 24 } else { 32 });
            let plain = octets.clone();
            key.cbc_encrypt(iv, &mut octets);
            assert_ne!(octets, plain);
            assert_eq!(key.cbc_decrypt_padded(iv, &octets), Some(plain[..16].to_vec()));
            assert_eq!(key.cbc_decrypt_padded(iv, &octets[1..]), None);
            let last = octets.len() - key.block_octets() - 1;
            octets[last] ^= 1; // the last octet of the padding's block, by the chaining
            assert_eq!(key.cbc_decrypt_padded(iv, &octets), None);
        }
    }
}
