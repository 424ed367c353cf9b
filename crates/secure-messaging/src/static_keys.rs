//! The three static keys of a secure channel of GlobalPlatform, AES or two-key 3DES, and their check values.

use crate::KeyLength;
use crate::aes_key::{AesKey, BLOCK};
use crate::session_key::{BLOCK_MAX, SessionKey};
use crate::sm::Cipher;
use core::fmt;
use zeroize::Zeroizing;

/// What the keys are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// AES of 16, 24 or 32 octets: SCP03.
    Aes,
    /// 3DES with two keys, 16 octets: SCP02.
    TripleDes,
}

/// The three static keys of one version, of one type and length (GPC 2.3.1 §E.4.1, Amd D §6.1). Wiped when dropped.
#[derive(Clone)]
pub struct KeySet {
    key_type: KeyType,
    keys: [Zeroizing<Vec<u8>>; 3],
}

impl KeySet {
    /// Key-ENC, Key-MAC and Key-DEK for AES, of 16, 24 or 32 octets.
    ///
    /// # Errors
    /// [`KeyLength`] for no AES length, or for keys of different lengths.
    pub fn new(enc: &[u8], mac: &[u8], dek: &[u8]) -> Result<Self, KeyLength> {
        AesKey::new(enc)?;
        Self::of_length(KeyType::Aes, enc.len(), [enc, mac, dek])
    }

    /// Key-ENC, Key-MAC and Key-DEK for two-key 3DES.
    ///
    /// # Errors
    /// [`KeyLength`] for a key of other than 16 octets.
    pub fn triple_des(enc: &[u8], mac: &[u8], dek: &[u8]) -> Result<Self, KeyLength> {
        Self::of_length(KeyType::TripleDes, Cipher::TripleDes.key_octets(), [enc, mac, dek])
    }

    fn of_length(key_type: KeyType, octets: usize, keys: [&[u8]; 3]) -> Result<Self, KeyLength> {
        match keys.iter().find(|key| key.len() != octets) {
            Some(odd_one) => Err(KeyLength(odd_one.len())),
            None => Ok(Self { key_type, keys: keys.map(|key| Zeroizing::new(key.to_vec())) }),
        }
    }

    /// AES or 3DES.
    pub const fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// ENC, MAC and DEK in the order of their key identifiers 01, 02, 03. For sealing them away; nothing prints them.
    pub fn keys(&self) -> [&[u8]; 3] {
        let [enc, mac, dek] = &self.keys;
        [enc, mac, dek]
    }

    /// Octets of one key.
    pub fn key_octets(&self) -> usize {
        self.keys[0].len()
    }

    /// Check values of ENC, MAC and DEK.
    ///
    /// # Errors
    /// None in practice: the lengths were checked when the set was made.
    pub fn kcvs(&self) -> Result<[[u8; 3]; 3], KeyLength> {
        let [enc, mac, dek] = self.keys();
        Ok([kcv(self.key_type, enc)?, kcv(self.key_type, mac)?, kcv(self.key_type, dek)?])
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key_type {
            KeyType::Aes => write!(f, "KeySet(AES-{})", 8 * self.key_octets()),
            KeyType::TripleDes => f.write_str("KeySet(3DES)"),
        }
    }
}

/// Key check value: first three octets of one block under the key, 01..01 for AES (Amd D §7.2.2), 00..00 for 3DES (GPC
/// 2.3.1 §B.6).
///
/// # Errors
/// [`KeyLength`] for a length that the type does not have.
pub fn kcv(key_type: KeyType, key: &[u8]) -> Result<[u8; 3], KeyLength> {
    let [a, b, c, ..] = match key_type {
        KeyType::Aes => AesKey::new(key)?.encrypt_block([0x01; BLOCK]),
        KeyType::TripleDes => {
            let mut block = [0; BLOCK_MAX];
            SessionKey::new(Cipher::TripleDes, key)?.cbc_encrypt([0; BLOCK_MAX], &mut block);
            block
        }
    };
    Ok([a, b, c])
}
