//! Secure Channel Protocol 02, GPC 2.3.1 Appendix E: what most cards and lines in the field still speak. Both sides,
//! with explicit initiation, three keys and the ICV of each C-MAC encrypted (i = 15), and with a pseudo-random card
//! challenge (i = 55).
//!
//! ```text
//! host                                                        card
//! 80 50 KVN 00 08 host challenge                       ->
//!       <- KDD(10) KVN 02  sequence counter(2)  card challenge(6)  card cryptogram(8)
//! 84 82 level 00 10 host cryptogram(8) C-MAC(8)        ->
//!       <- 9000; from here on every command has a C-MAC, at level 03 its data are encrypted too
//! ```
//! GlobalPlatform deprecates the protocol: two-key 3DES, and responses that nobody vouches for. Not here: R-MAC,
//! implicit initiation, one base key.

mod session;

pub use session::{
    AwaitExternalAuthenticate, CardSession, HostSession, InitializeUpdateResponse, initialize_update, open,
};
pub(crate) use session::{SCP, authenticate};

use crate::padding::{pad, padded_length, unpadded_length};
use crate::session_key::{BLOCK_MAX, SessionKey};
use crate::sm::Cipher;
use crate::{DataEncryption, KeyLength, KeySet, KeyType};
use bitaqa_apdu::{Bytes, Sw};
use zeroize::Zeroizing;

/// Octets of a MAC.
const MAC: usize = 8;
/// Octets of a DES block.
const BLOCK: usize = 8;

/// Parameter i: three keys, explicit initiation, encrypted ICV (GPC 2.3.1 §E.1.1).
pub const I_15: u8 = 0x15;
/// As [`I_15`], with a card challenge that is computed and not drawn.
pub const I_55: u8 = 0x55;

/// Bit of i: the card challenge is a MAC over the AID of the application.
const PSEUDO_RANDOM: u8 = 0x40;

/// Security level: P1 of EXTERNAL AUTHENTICATE, GPC 2.3.1 Table E-12.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// Commands with MAC.
    CMac = 0x01,
    /// Commands encrypted and with MAC.
    CDecryption = 0x03,
}

impl Level {
    pub(crate) const fn from_octet(octet: u8) -> Option<Self> {
        match octet {
            0x01 => Some(Self::CMac),
            0x03 => Some(Self::CDecryption),
            _ => None,
        }
    }
}

/// What can go wrong on either side.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Scp02Error {
    /// Data field of another length than the command has.
    #[error("data field of a wrong length (GPC 2.3.1 §E.5)")]
    Length,
    /// Key identifier other than 00, or a level that is not offered.
    #[error("P1-P2 {0:04X} not defined or not offered (GPC 2.3.1 §E.5)")]
    P1P2(u16),
    /// EXTERNAL AUTHENTICATE without secure-messaging indication.
    #[error("EXTERNAL AUTHENTICATE must have class 84 (GPC 2.3.1 §E.5.2)")]
    Class,
    /// INITIALIZE UPDATE asks for another key set.
    #[error("no key set of version {0:02X} (GPC 2.3.1 §E.5.1)")]
    KeyVersion(u8),
    /// The host does not hold the keys.
    #[error("the host cryptogram is wrong (GPC 2.3.1 §E.4.2.2)")]
    HostCryptogram,
    /// The C-MAC of EXTERNAL AUTHENTICATE does not verify.
    #[error("the C-MAC of EXTERNAL AUTHENTICATE is wrong (GPC 2.3.1 §E.4.4)")]
    Checksum,
    /// Keys of another length than two-key 3DES has.
    #[error(transparent)]
    Key(#[from] KeyLength),
    /// Host: the card refused.
    #[error("{command} answered {sw}")]
    Status {
        /// Command that was refused.
        command: &'static str,
        /// Answer.
        sw: Sw,
    },
    /// Host: the response of INITIALIZE UPDATE has not 28 octets.
    #[error("INITIALIZE UPDATE: a response of {0} octets where SCP02 has 28 (GPC 2.3.1 §E.5.1.6)")]
    Answer(usize),
    /// Host: the card speaks another protocol.
    #[error("the card offers SCP{0:02X}, not SCP02")]
    Protocol(u8),
    /// Host: there are no keys for this card.
    #[error("no keys for this card: {0}")]
    NoKeys(String),
    /// Host: the card does not hold the keys. Nothing was sent to it that could spend its retry counter.
    #[error("the card cryptogram is wrong: the card holds other keys (GPC 2.3.1 §E.4.2.1)")]
    CardCryptogram,
}

/// Status words of GPC 2.3.1 §E.5; host errors never reach a card.
impl From<Scp02Error> for Sw {
    #[allow(clippy::match_same_arms)] // a clause per arm
    fn from(error: Scp02Error) -> Self {
        match error {
            Scp02Error::Length => Sw::WRONG_LENGTH,
            Scp02Error::P1P2(_) => Sw::WRONG_P1P2,
            Scp02Error::Class => Sw::CLA_NOT_SUPPORTED,
            Scp02Error::KeyVersion(_) => Sw::REFERENCE_NOT_FOUND, // GPC 2.3.1 §E.5.1.7
            Scp02Error::HostCryptogram => Sw::AUTHENTICATION_FAILED, // GPC 2.3.1 §E.5.2.7
            Scp02Error::Checksum => Sw::SECURITY_STATUS_NOT_SATISFIED, // GPC 2.3.1 §11.1.3
            Scp02Error::Key(_) => Sw::WRONG_DATA,
            Scp02Error::Status { .. }
            | Scp02Error::Answer(_)
            | Scp02Error::Protocol(_)
            | Scp02Error::NoKeys(_)
            | Scp02Error::CardCryptogram => Sw::EXECUTION_ERROR,
        }
    }
}

/// ENC, MAC and DEK of a set for this protocol.
fn des_keys(keys: &KeySet) -> Result<[&[u8]; 3], KeyLength> {
    match keys.key_type() {
        KeyType::TripleDes => Ok(keys.keys()),
        KeyType::Aes => Err(KeyLength(keys.key_octets())),
    }
}

/// The data encryption key of a session, GPC 2.3.1 §E.4.7: 3DES in ECB mode, which key material needs, over and beyond
/// the protection of the session.
pub struct Dek(SessionKey);

impl Dek {
    /// ECB: each block as a CBC of its own, with IV 0.
    fn each_block(&self, octets: &[u8], turn: fn(&SessionKey, [u8; BLOCK_MAX], &mut [u8])) -> Result<Vec<u8>, Sw> {
        if octets.is_empty() || !octets.len().is_multiple_of(BLOCK) {
            return Err(Sw::WRONG_DATA);
        }
        let mut turned = octets.to_vec();
        turned.chunks_mut(BLOCK).for_each(|block| turn(&self.0, [0; BLOCK_MAX], block));
        Ok(turned)
    }
}

impl DataEncryption for Dek {
    fn key_block(&self) -> usize {
        BLOCK
    }

    fn encrypt_sensitive(&self, plain: &[u8]) -> Vec<u8> {
        let mut padded = Zeroizing::new(Vec::with_capacity(padded_length(plain.len(), BLOCK)));
        padded.extend_from_slice(plain);
        pad(&mut padded, 0, BLOCK);
        self.each_block(&padded, SessionKey::cbc_encrypt).unwrap_or_default() // padded: whole blocks, at least one
    }

    fn decrypt_sensitive(&self, cryptogram: &[u8]) -> Result<Bytes, Sw> {
        let mut plain = Bytes::from(self.each_block(cryptogram, SessionKey::cbc_decrypt)?);
        let length = unpadded_length(&plain, BLOCK).ok_or(Sw::WRONG_DATA)?;
        plain.as_mut_vec().truncate(length);
        Ok(plain)
    }

    fn encrypt_key(&self, blocks: &[u8]) -> Result<Vec<u8>, Sw> {
        self.each_block(blocks, SessionKey::cbc_encrypt)
    }

    fn decrypt_key(&self, cryptogram: &[u8]) -> Result<Zeroizing<Vec<u8>>, Sw> {
        self.each_block(cryptogram, SessionKey::cbc_decrypt).map(Zeroizing::new)
    }
}

/// What a session key is for, GPC 2.3.1 §E.4.1.
#[derive(Clone, Copy)]
enum Purpose {
    CMac = 0x0101,
    Dek = 0x0181,
    Enc = 0x0182,
}

/// Session key: two blocks of 3DES-CBC under the static key over constant ‖ sequence counter ‖ 00 × 12.
fn session_key(key: &[u8], purpose: Purpose, sequence: [u8; 2]) -> Result<Zeroizing<Vec<u8>>, KeyLength> {
    let mut derived = Zeroizing::new(vec![0; Cipher::TripleDes.key_octets()]);
    let label = (purpose as u16).to_be_bytes().into_iter().chain(sequence);
    derived.iter_mut().zip(label).for_each(|(to, octet)| *to = octet);
    SessionKey::new(Cipher::TripleDes, key)?.cbc_encrypt([0; BLOCK_MAX], &mut derived);
    Ok(derived)
}

#[cfg(test)]
#[path = "scp02/tests.rs"]
mod tests;
