//! Secure Channel Protocol 03, GPC Amendment D 1.1.1, with challenges, cryptograms and MACs of eight octets (S8) or, as
//! Amendment D 1.2 adds, of sixteen (S16): opening from both sides, the session, and what its static data encryption
//! key protects.
//!
//! ```text
//! host                                                        card
//! 80 50 KVN 00 08 host challenge(n)                    ->                                    n = 8 or 16
//!       <- KDD(10) KVN 03 i  card challenge(n)  card cryptogram(n)  [sequence counter(3)]
//! 84 82 level 00 10 host cryptogram(n) C-MAC(n)        ->
//!       <- 9000, without R-MAC; from here on commands and responses are protected as the level says
//! ```
//! Not here: BEGIN and END R-MAC SESSION.

mod authenticate;
mod session;

pub use crate::KeySet;
pub use authenticate::{
    AwaitExternalAuthenticate, CardSession, HostSession, InitializeUpdateResponse, initialize_update, open, open_s16,
};
pub(crate) use authenticate::{SCP, authenticate};
pub(crate) use session::Channel;

use crate::aes_key::{AesKey, BLOCK, cbc_decrypt_padded};
use crate::padding::{pad, padded_length};
use crate::{DataEncryption, KeyLength, KeyType};
use bitaqa_apdu::{Bytes, Sw};
use zeroize::Zeroizing;

/// Bits of the parameter `i`, Amd D Table 5-1.
pub mod i_parameter {
    /// Challenges, cryptograms and MACs of 16 octets (Amd D 1.2).
    pub const S16: u8 = 0x01;
    /// The bit that other implementations read as S16; reserved in the editions that do not know S16.
    pub const S16_ELSEWHERE: u8 = 0x08;
    /// The card challenge is computed from the sequence counter and not drawn.
    pub const PSEUDO_RANDOM: u8 = 0x10;
    /// R-MAC.
    pub const R_MAC: u8 = 0x20;
    /// R-MAC and R-ENCRYPTION.
    pub const R_ENCRYPTION: u8 = 0x60;
}

/// Octets of challenges, cryptograms and MACs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Size {
    /// Eight, the one size of Amd D 1.1.1.
    S8,
    /// Sixteen, Amd D 1.2.
    S16,
}

impl Size {
    /// The size that a card with this parameter `i` speaks.
    pub const fn of_i(i: u8) -> Self {
        if i & (i_parameter::S16 | i_parameter::S16_ELSEWHERE) == 0 { Self::S8 } else { Self::S16 }
    }

    /// Octets.
    pub const fn octets(self) -> usize {
        match self {
            Self::S8 => 8,
            Self::S16 => 16,
        }
    }

    /// The first octets of a CMAC, as many as are sent.
    pub(crate) fn cut(self, mac: &[u8; BLOCK]) -> &[u8] {
        mac.get(..self.octets()).unwrap_or_default()
    }
}

/// Security level of a session: P1 of EXTERNAL AUTHENTICATE, Amd D Table 7-3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SecurityLevel(pub u8);

impl SecurityLevel {
    /// Both sides are authenticated, and nothing is protected after that.
    pub const AUTHENTICATED: Self = Self(0x00);
    /// Commands with MAC.
    pub const C_MAC: Self = Self(0x01);
    /// Commands encrypted and with MAC.
    pub const C_DECRYPTION: Self = Self(0x03);
    /// Commands and responses with MAC.
    pub const C_MAC_R_MAC: Self = Self(0x11);
    /// Commands encrypted and with MAC, responses with MAC.
    pub const C_DECRYPTION_R_MAC: Self = Self(0x13);
    /// Commands and responses encrypted and with MAC.
    pub const C_DECRYPTION_R_ENCRYPTION: Self = Self(0x33);
    /// All levels of the table.
    pub const ALL: &[Self] = &[
        Self::AUTHENTICATED,
        Self::C_MAC,
        Self::C_DECRYPTION,
        Self::C_MAC_R_MAC,
        Self::C_DECRYPTION_R_MAC,
        Self::C_DECRYPTION_R_ENCRYPTION,
    ];

    /// Whether commands carry a MAC.
    pub const fn authenticates_commands(self) -> bool {
        self.0 & 0x01 != 0
    }

    /// Whether command data are encrypted.
    pub const fn encrypts_commands(self) -> bool {
        self.0 & 0x02 != 0
    }

    /// Whether responses carry a MAC.
    pub const fn authenticates_responses(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// Whether response data are encrypted.
    pub const fn encrypts_responses(self) -> bool {
        self.0 & 0x20 != 0
    }

    /// Whether the level is defined and a card with this parameter `i` has it.
    pub fn is_offered_by(self, i: u8) -> bool {
        let wanted = match (self.encrypts_responses(), self.authenticates_responses()) {
            (true, _) => i_parameter::R_ENCRYPTION,
            (false, true) => i_parameter::R_MAC,
            (false, false) => 0,
        };
        Self::ALL.contains(&self) && i & wanted == wanted
    }
}

/// What can go wrong on either side.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Scp03Error {
    /// Data field of another length than the command has.
    #[error("data field of a wrong length")]
    Length,
    /// P1 or P2 not defined: key identifier other than 00, or a level not defined or not offered.
    #[error("P1-P2 {0:04X} not defined or not offered")]
    P1P2(u16),
    /// EXTERNAL AUTHENTICATE without secure-messaging indication.
    #[error("EXTERNAL AUTHENTICATE must have class 84")]
    Class,
    /// INITIALIZE UPDATE asks for another key set.
    #[error("no key set of version {0:02X}")]
    KeyVersion(u8),
    /// The sequence counter is used up, or none was given for a pseudo-random challenge.
    #[error("no value left of the sequence counter")]
    SequenceCounter,
    /// The host does not hold the keys.
    #[error("the host cryptogram is wrong")]
    HostCryptogram,
    /// The C-MAC of EXTERNAL AUTHENTICATE does not verify.
    #[error("the C-MAC of EXTERNAL AUTHENTICATE is wrong")]
    Checksum,
    /// Keys of no AES length or of different lengths.
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
    /// Host: the response of INITIALIZE UPDATE has none of the layouts of Amd D Table 7-2.
    #[error("INITIALIZE UPDATE: a response of {0} octets fits no layout")]
    Answer(usize),
    /// Host: the card speaks another protocol or variant.
    #[error("the card offers SCP{protocol:02X} with i = {i:02X}, not SCP03 in the size of the host challenge")]
    Protocol {
        /// Secure channel protocol identifier.
        protocol: u8,
        /// Parameter i.
        i: u8,
    },
    /// Host: the level asked for is beyond the card.
    #[error("the card with i = {i:02X} does not offer level {level:02X}")]
    Level {
        /// Level asked for.
        level: u8,
        /// Parameter i.
        i: u8,
    },
    /// Host: there are no keys for this card.
    #[error("no keys for this card: {0}")]
    NoKeys(String),
    /// Host: the card does not hold the keys. Nothing was sent to it that could spend its retry counter.
    #[error("the card cryptogram is wrong: the card holds other keys")]
    CardCryptogram,
}

/// Status words of GPC 2.3.1 §11.1.3, §D.4.1.7 and §D.4.2.7; host errors never reach a card.
impl From<Scp03Error> for Sw {
    #[allow(clippy::match_same_arms)] // a clause per arm
    fn from(error: Scp03Error) -> Self {
        match error {
            Scp03Error::Length => Sw::WRONG_LENGTH,
            Scp03Error::P1P2(_) => Sw::WRONG_P1P2,
            Scp03Error::Class => Sw::CLA_NOT_SUPPORTED,
            Scp03Error::KeyVersion(_) => Sw::REFERENCE_NOT_FOUND, // Amd D §7.1.1
            Scp03Error::SequenceCounter => Sw::CONDITIONS_NOT_SATISFIED, // Amd D §6.2.2.1
            Scp03Error::HostCryptogram => Sw::AUTHENTICATION_FAILED, // GPC 2.3.1 §D.4.2.7
            Scp03Error::Checksum => Sw::SECURITY_STATUS_NOT_SATISFIED, // Amd D §5.6, a security error
            Scp03Error::Key(_) => Sw::WRONG_DATA,
            Scp03Error::Status { .. }
            | Scp03Error::Answer(_)
            | Scp03Error::Protocol { .. }
            | Scp03Error::Level { .. }
            | Scp03Error::NoKeys(_)
            | Scp03Error::CardCryptogram => Sw::EXECUTION_ERROR,
        }
    }
}

impl KeySet {
    /// The data encryption key, ready for use in SCP03.
    ///
    /// # Errors
    /// [`KeyLength`] for keys that are not of AES.
    pub fn dek(&self) -> Result<Dek, KeyLength> {
        let [_, _, dek] = aes_keys(self)?;
        Dek::new(dek)
    }
}

/// ENC, MAC and DEK of a set for this protocol.
fn aes_keys(keys: &KeySet) -> Result<[&[u8]; 3], KeyLength> {
    match keys.key_type() {
        KeyType::Aes => Ok(keys.keys()),
        KeyType::TripleDes => Err(KeyLength(keys.key_octets())),
    }
}

/// The static data encryption key, Amd D §6.2.8: AES-CBC with IV 0, over and beyond the protection of the session.
pub struct Dek(AesKey);

impl Dek {
    pub(crate) fn new(key: &[u8]) -> Result<Self, KeyLength> {
        AesKey::new(key).map(Self)
    }
}

impl DataEncryption for Dek {
    fn key_block(&self) -> usize {
        BLOCK
    }

    fn encrypt_sensitive(&self, plain: &[u8]) -> Vec<u8> {
        let mut data = Vec::with_capacity(padded_length(plain.len(), BLOCK));
        data.extend_from_slice(plain);
        pad(&mut data, 0, BLOCK);
        self.0.cbc_encrypt([0; BLOCK], &mut data);
        data
    }

    fn decrypt_sensitive(&self, cryptogram: &[u8]) -> Result<Bytes, Sw> {
        cbc_decrypt_padded(&self.0, [0; BLOCK], cryptogram).map(Bytes::from).ok_or(Sw::WRONG_DATA)
    }

    fn encrypt_key(&self, blocks: &[u8]) -> Result<Vec<u8>, Sw> {
        let mut turned = whole_blocks(blocks)?.to_vec();
        self.0.cbc_encrypt([0; BLOCK], &mut turned);
        Ok(turned)
    }

    fn decrypt_key(&self, cryptogram: &[u8]) -> Result<Zeroizing<Vec<u8>>, Sw> {
        let mut turned = Zeroizing::new(whole_blocks(cryptogram)?.to_vec());
        self.0.cbc_decrypt([0; BLOCK], &mut turned);
        Ok(turned)
    }
}

fn whole_blocks(octets: &[u8]) -> Result<&[u8], Sw> {
    if octets.is_empty() || !octets.len().is_multiple_of(BLOCK) { Err(Sw::WRONG_DATA) } else { Ok(octets) }
}

/// What a derivation is for, Amd D Table 4-1.
#[derive(Clone, Copy)]
enum Derivation {
    CardCryptogram = 0x00,
    HostCryptogram = 0x01,
    CardChallenge = 0x02,
    SEnc = 0x04,
    SMac = 0x06,
    SRmac = 0x07,
}

/// Data derivation of Amd D §4.1.5: SP 800-108 in counter mode with CMAC. Block n, from 1 on, is
/// CMAC(key, 00 × 11 ‖ constant ‖ 00 ‖ bits(2) ‖ n ‖ context).
fn derive(key: &AesKey, constant: Derivation, octets: u8, context: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let wanted = usize::from(octets);
    let [bits_high, bits_low] = (u16::from(octets) * 8).to_be_bytes();
    let mut derived = Zeroizing::new(Vec::with_capacity(2 * BLOCK));
    for n in 1..=2 {
        let label = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, constant as u8, 0, bits_high, bits_low, n];
        let parts: Vec<&[u8]> = core::iter::once(&label[..]).chain(context.iter().copied()).collect();
        let mut block = Zeroizing::new([0; BLOCK]);
        block.copy_from_slice(&key.cmac(&parts));
        let missing = wanted.saturating_sub(derived.len()).min(BLOCK);
        derived.extend_from_slice(block.get(..missing).unwrap_or_default());
    }
    derived
}

/// A challenge or a cryptogram.
fn derive_public(key: &AesKey, constant: Derivation, size: Size, context: &[&[u8]]) -> Vec<u8> {
    let octets = if size == Size::S8 { 8 } else { 16 };
    derive(key, constant, octets, context).to_vec()
}

/// S-ENC, S-MAC and S-RMAC of a session, Amd D §6.2.1. `context` is host challenge ‖ card challenge.
#[allow(clippy::struct_field_names)] // the names of Amd D
pub(crate) struct SessionKeys {
    pub(crate) s_enc: Zeroizing<Vec<u8>>,
    pub(crate) s_mac: Zeroizing<Vec<u8>>,
    pub(crate) s_rmac: Zeroizing<Vec<u8>>,
}

impl SessionKeys {
    fn derive(keys: &KeySet, context: &[u8]) -> Result<Self, KeyLength> {
        let octets = u8::try_from(keys.key_octets()).map_err(|_| KeyLength(keys.key_octets()))?;
        let [enc, mac, _] = aes_keys(keys)?;
        let (enc, mac) = (AesKey::new(enc)?, AesKey::new(mac)?);
        Ok(Self {
            s_enc: derive(&enc, Derivation::SEnc, octets, &[context]),
            s_mac: derive(&mac, Derivation::SMac, octets, &[context]),
            s_rmac: derive(&mac, Derivation::SRmac, octets, &[context]),
        })
    }
}

#[cfg(test)]
#[path = "scp03/tests.rs"]
mod tests;
