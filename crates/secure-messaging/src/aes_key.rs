//! AES whose key size is known at run time only, for the protocols that negotiate it. It implements the block-cipher
//! traits, so that CBC and CMAC of the same family work on it as they do on the sized types.

use crate::KeyLength;
use crate::padding::unpadded_length;
use aes::{Aes128, Aes192, Aes256};
use bitaqa_tally::Operation;
use cbc::{Decryptor, Encryptor};
use cipher::array::Array;
use cipher::common::InnerInit;
use cipher::consts::U16;
use cipher::{
    BlockCipherDecClosure, BlockCipherDecrypt, BlockCipherEncClosure, BlockCipherEncrypt, BlockModeDecrypt,
    BlockModeEncrypt, BlockSizeUser, InnerIvInit, KeyInit,
};
use cmac::{Cmac, Mac};
use zeroize::Zeroizing;

/// Octets of a block, of a CMAC and of a send sequence counter.
pub(crate) const BLOCK: usize = 16;

/// An expanded key, wiped when dropped (feature `zeroize` of the crate `aes`).
pub(crate) enum AesKey {
    Aes128(Aes128),
    Aes192(Aes192),
    Aes256(Aes256),
}

impl AesKey {
    /// Takes 16, 24 or 32 octets.
    pub(crate) fn new(key: &[u8]) -> Result<Self, KeyLength> {
        let wrong = KeyLength(key.len());
        let made = match key.len() {
            16 => Aes128::new_from_slice(key).map(Self::Aes128).map_err(|_| wrong),
            24 => Aes192::new_from_slice(key).map(Self::Aes192).map_err(|_| wrong),
            32 => Aes256::new_from_slice(key).map(Self::Aes256).map_err(|_| wrong),
            _ => Err(wrong),
        }?;
        made.note(Operation::KeyExpansion, 0);
        Ok(made)
    }

    fn note(&self, operation: Operation, octets: usize) {
        let algorithm = match self {
            Self::Aes128(_) => "AES-128",
            Self::Aes192(_) => "AES-192",
            Self::Aes256(_) => "AES-256",
        };
        bitaqa_tally::note(operation, algorithm, octets);
    }

    /// One block under the bare cipher: IV of secure messaging, key check values.
    pub(crate) fn encrypt_block(&self, block: [u8; BLOCK]) -> [u8; BLOCK] {
        self.note(Operation::Encryption, BLOCK);
        let mut block = Array::from(block);
        BlockCipherEncrypt::encrypt_block(self, &mut block);
        block.into()
    }

    /// CBC in place over whole blocks; what is not a whole block at the end stays as it is, callers pad first.
    pub(crate) fn cbc_encrypt(&self, iv: [u8; BLOCK], octets: &mut [u8]) {
        self.note(Operation::Encryption, octets.len());
        let (blocks, _) = Array::slice_as_chunks_mut(octets);
        Encryptor::inner_iv_init(self, &Array::from(iv)).encrypt_blocks(blocks);
    }

    /// Inverse of [`Self::cbc_encrypt`].
    pub(crate) fn cbc_decrypt(&self, iv: [u8; BLOCK], octets: &mut [u8]) {
        self.note(Operation::Decryption, octets.len());
        let (blocks, _) = Array::slice_as_chunks_mut(octets);
        Decryptor::inner_iv_init(self, &Array::from(iv)).decrypt_blocks(blocks);
    }

    /// CMAC over the parts one after the other, SP 800-38B.
    pub(crate) fn cmac(&self, parts: &[&[u8]]) -> [u8; BLOCK] {
        self.note(Operation::Mac, parts.iter().map(|part| part.len()).sum());
        let mut mac = Cmac::inner_init(self);
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl BlockSizeUser for AesKey {
    type BlockSize = U16;
}

impl BlockCipherEncrypt for AesKey {
    fn encrypt_with_backend(&self, f: impl BlockCipherEncClosure<BlockSize = U16>) {
        match self {
            Self::Aes128(key) => key.encrypt_with_backend(f),
            Self::Aes192(key) => key.encrypt_with_backend(f),
            Self::Aes256(key) => key.encrypt_with_backend(f),
        }
    }
}

impl BlockCipherDecrypt for AesKey {
    fn decrypt_with_backend(&self, f: impl BlockCipherDecClosure<BlockSize = U16>) {
        match self {
            Self::Aes128(key) => key.decrypt_with_backend(f),
            Self::Aes192(key) => key.decrypt_with_backend(f),
            Self::Aes256(key) => key.decrypt_with_backend(f),
        }
    }
}

/// First eight octets of a CMAC, the form in which every protocol here sends it.
pub(crate) fn first_eight(mac: [u8; BLOCK]) -> [u8; 8] {
    core::array::from_fn(|i| mac.get(i).copied().unwrap_or_default())
}

/// Decrypts a copy and takes the padding off; `None` for no whole blocks or no padding.
pub(crate) fn cbc_decrypt_padded(key: &AesKey, iv: [u8; BLOCK], cryptogram: &[u8]) -> Option<Vec<u8>> {
    if cryptogram.is_empty() || !cryptogram.len().is_multiple_of(BLOCK) {
        return None;
    }
    let mut octets = Zeroizing::new(cryptogram.to_vec());
    key.cbc_decrypt(iv, &mut octets);
    let length = unpadded_length(&octets, BLOCK)?;
    octets.truncate(length);
    Some(core::mem::take(&mut *octets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::vectors;

    #[test]
    fn cmac_gives_the_values_of_sp_800_38b() {
        for case in vectors(include_str!("../../../test-vectors/nist/aes_cmac.toml")) {
            let key = AesKey::new(&case.octets("key")).unwrap();
            let message = case.octets("message");
            assert_eq!(key.cmac(&[&message]).to_vec(), case.octets("mac"), "{}", case.name());
            let (left, right) = message.split_at(message.len() / 3);
            assert_eq!(key.cmac(&[left, right]).to_vec(), case.octets("mac"), "{}", case.name());
        }
    }

    /// Project Wycheproof: the tags that are wrong are so in single bits, and all of them show up.
    #[test]
    fn cmac_gives_the_tags_of_wycheproof_and_no_others() {
        let mut counted = [0; 3];
        for case in vectors(include_str!("../../../test-vectors/wycheproof/aes_cmac.toml")) {
            for row in case.0["rows"].as_array().unwrap() {
                let octets = |column: usize| crate::testing::hex(row[column].as_str().unwrap());
                let name = format!("{}, case {}", case.name(), row[0]);
                let tag = AesKey::new(&octets(1)).map(|key| key.cmac(&[&octets(2)]).to_vec());
                match (case.text("result"), tag) {
                    ("valid", tag) => {
                        assert_eq!(tag, Ok(octets(3)), "{name}");
                        counted[0] += 1;
                    }
                    ("invalid", Ok(tag)) => {
                        assert_ne!(tag, octets(3), "{name}");
                        counted[1] += 1;
                    }
                    ("invalid", Err(_)) => counted[2] += 1,
                    (other, _) => panic!("{other}"),
                }
            }
        }
        assert_eq!(counted, [63, 243, 5]);
    }

    #[test]
    fn key_lengths_other_than_those_of_aes_are_refused() {
        for length in [0usize, 8, 15, 17, 31, 33] {
            assert_eq!(AesKey::new(&vec![1; length]).err(), Some(KeyLength(length)));
        }
    }
}
