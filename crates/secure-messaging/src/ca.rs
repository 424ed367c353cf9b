//! Chip Authentication version 1 with ECDH and DH, 9303-11 §6.2 and TR-03110-1 §3.4, both roles: the chip proves that
//! it holds the private key of DG14 by speaking in a new session. Whether that key is the issuer's, passive
//! authentication alone tells.
//!
//! ```text
//! AES (and 3DES)   0C 22 41 A4  80 OID [, 84 key id]       -> 9000
//!                  0C 86 00 00  7C{80 PK_PCD}              -> 7C{}
//! 3DES             0C 22 41 A6  91 PK_PCD [, 84 key id]    -> 9000
//! K = KA(SK_PICC, PK_PCD): the x coordinate, or the shared value as long as p
//! ```
//! The responses go out in the old session. The new one, SSC 0, takes effect behind the last; on any error the old one
//! stays. Not here: versions 2 and 3.

mod card;
mod terminal;

pub use card::{CardCa, CardKat};
pub use terminal::{agree, agree_by};

use crate::sm::{Cipher, IsoSm};
use crate::{KeyLength, SecureMessaging};
use bitaqa_apdu::Sw;
use bitaqa_apdu::tlv::{Tag, TlvError};
use bitaqa_curves::{CurveError, Domain, PrivateKey, PublicKey};
use bitaqa_lds::security_infos::{
    ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo, ID_CA_DH_3DES_CBC_CBC, ID_CA_DH_AES_CBC_CMAC_128,
    ID_CA_DH_AES_CBC_CMAC_192, ID_CA_DH_AES_CBC_CMAC_256, ID_CA_ECDH_3DES_CBC_CBC, ID_CA_ECDH_AES_CBC_CMAC_128,
    ID_CA_ECDH_AES_CBC_CMAC_192, ID_CA_ECDH_AES_CBC_CMAC_256, ID_PK_DH, SecurityInfos,
};
use const_oid::ObjectIdentifier;

/// P1-P2 of MSE:Set AT for internal authentication.
const SET_AT: u16 = 0x41A4;
/// P1-P2 of MSE:Set KAT for computation.
const SET_KAT: u16 = 0x41A6;
/// The ephemeral key in MSE:Set KAT.
const EPHEMERAL_KEY: Tag = 0x91;
/// The private key of the chip.
const KEY_REFERENCE: Tag = 0x84;
/// Version on travel documents, 9303-11 §9.2.5.
const VERSION: u8 = 1;

/// Every mechanism spoken here, on both sides and over every domain of its family.
pub const MECHANISMS: &[ObjectIdentifier] = &[
    ID_CA_DH_3DES_CBC_CBC,
    ID_CA_DH_AES_CBC_CMAC_128,
    ID_CA_DH_AES_CBC_CMAC_192,
    ID_CA_DH_AES_CBC_CMAC_256,
    ID_CA_ECDH_3DES_CBC_CBC,
    ID_CA_ECDH_AES_CBC_CMAC_128,
    ID_CA_ECDH_AES_CBC_CMAC_192,
    ID_CA_ECDH_AES_CBC_CMAC_256,
];

/// Which commands carry the agreement, 9303-11 §6.2.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commands {
    /// MSE:Set KAT, for 3DES.
    SetKat,
    /// MSE:Set AT and GENERAL AUTHENTICATE, for AES; a chip may take them for 3DES as well.
    SetAt,
}

impl Commands {
    /// What 9303-11 §6.2.4 asks of every chip with this cipher.
    pub const fn of(cipher: Cipher) -> Self {
        match cipher {
            Cipher::TripleDes => Self::SetKat,
            Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => Self::SetAt,
        }
    }
}

/// An offer of DG14 that is spoken here, with the key that it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer<'a> {
    /// Protocol and key identifier.
    pub info: ChipAuthenticationInfo,
    /// The key.
    pub key: &'a ChipAuthenticationPublicKeyInfo,
}

/// The offers of DG14 (or EF.CardSecurity) that are spoken here, each with its key, in the order of the file. A key
/// without any ChipAuthenticationInfo is one for 3DES: so the first documents announced it.
pub fn offers(infos: &SecurityInfos) -> Vec<Offer<'_>> {
    let stated = infos.chip_authentication().filter(|info| cipher_of(info).is_some());
    let mut offers: Vec<Offer<'_>> =
        stated.filter_map(|info| Some(Offer { key: key_of(info, infos)?, info: info.clone() })).collect();
    for key in infos.chip_authentication_keys() {
        let is_named = |info: &ChipAuthenticationInfo| info.key_id.is_none() || info.key_id == key.key_id;
        // Whatever names the key, also in a version that is not spoken here, speaks for it.
        if infos.chip_authentication().any(is_named) {
            continue;
        }
        let protocol = if key.protocol == ID_PK_DH { ID_CA_DH_3DES_CBC_CBC } else { ID_CA_ECDH_3DES_CBC_CBC };
        offers.push(Offer { info: ChipAuthenticationInfo { protocol, version: VERSION, key_id: key.key_id }, key });
    }
    offers
}

/// The key that an offer refers to: by its identifier, or the only one of its family.
fn key_of<'a>(info: &ChipAuthenticationInfo, infos: &'a SecurityInfos) -> Option<&'a ChipAuthenticationPublicKeyInfo> {
    let is_dh = is_dh(info.protocol);
    let mut keys = infos.chip_authentication_keys().filter(|key| (key.protocol == ID_PK_DH) == is_dh);
    match info.key_id {
        Some(_) => keys.find(|key| key.key_id == info.key_id),
        None => keys.next().filter(|_| keys.next().is_none()),
    }
}

/// What a key agreement leaves behind, on either side.
pub struct Agreed {
    /// The new session; on the card it takes effect after the response has left.
    pub sm: Box<dyn SecureMessaging>,
    /// Comp(PK_PCD) of TR-03110-3 §A.2.2.3, for Terminal Authentication.
    pub pcd_compressed: Vec<u8>,
}

/// What can go wrong on either side.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaError {
    /// P1-P2 of no command of this protocol.
    #[error("P1-P2 {0:04X} belongs to no command of Chip Authentication")]
    P1P2(u16),
    /// GENERAL AUTHENTICATE is one command here.
    #[error("GENERAL AUTHENTICATE must not be chained")]
    Chaining,
    /// The data field is not the one of this step.
    #[error("data field: {0}")]
    Objects(#[from] TlvError),
    /// DO 80 of MSE:Set AT or DO 91 of MSE:Set KAT is not there.
    #[error("data object {0:X} is missing in MSE")]
    Missing(Tag),
    /// DO 80 names nothing that is offered here, or MSE:Set KAT came where 3DES is not offered.
    #[error("the protocol is not offered")]
    Mechanism,
    /// DO 84 names no key, or is absent where several are offered.
    #[error("the private key is not there, or ambiguous without DO 84")]
    KeyReference,
    /// A public key that is not in the group of the chip's key, or leaves no secret.
    #[error("public key: {0}")]
    PublicKey(#[from] CurveError),
    /// The private key is of another family than the protocol; not reachable from outside.
    #[error("a key of {0} is not for this protocol")]
    Family(Domain),
    /// Keys of a length that no cipher has; not reachable from outside.
    #[error(transparent)]
    Key(#[from] KeyLength),
    /// Terminal: the offer of the chip is beyond this terminal.
    #[error("Chip Authentication {protocol} version {version} is not spoken here")]
    Unsupported {
        /// Object identifier of the offer.
        protocol: ObjectIdentifier,
        /// Version of the offer.
        version: u8,
    },
    /// Terminal: the key of DG14 cannot be read, or is of no group spoken here.
    #[error("public key of DG14: {0}")]
    ChipKey(String),
    /// Terminal: the key is not the one that the offer refers to.
    #[error("offer and public key of DG14 have different key identifiers")]
    KeyMismatch,
    /// Terminal: MSE:Set KAT is for 3DES alone (9303-11 §6.2.4.1).
    #[error("MSE:Set KAT is not for {0}")]
    NotForKat(ObjectIdentifier),
    /// Terminal: the card refused a step. The session before goes on.
    #[error("the card answered {sw} to {step}")]
    Status {
        /// Step of the protocol.
        step: &'static str,
        /// Answer.
        sw: Sw,
    },
}

/// Status words of 9303-11 §6.2.4; terminal errors never reach a card.
impl From<CaError> for Sw {
    #[allow(clippy::match_same_arms)] // a clause per arm
    fn from(error: CaError) -> Self {
        match error {
            CaError::P1P2(_) => Sw::WRONG_P1P2,
            CaError::Chaining => Sw::LAST_OF_CHAIN_EXPECTED, // TR-03110-3 §B.13.3
            CaError::Objects(_) | CaError::Missing(_) | CaError::Mechanism => Sw::WRONG_DATA, // 9303-11 §6.2.4.2
            CaError::PublicKey(_) => Sw::WRONG_DATA,         // 9303-11 §6.2.4.1, §6.2.4.2
            CaError::KeyReference => Sw::REFERENCE_NOT_FOUND, // 9303-11 §6.2.4.2
            CaError::Family(_) | CaError::Key(_) => Sw::EXECUTION_ERROR,
            CaError::Unsupported { .. }
            | CaError::ChipKey(_)
            | CaError::KeyMismatch
            | CaError::NotForKat(_)
            | CaError::Status { .. } => Sw::EXECUTION_ERROR,
        }
    }
}

/// The cipher behind an offer that is spoken here.
fn cipher_of(info: &ChipAuthenticationInfo) -> Option<Cipher> {
    let cipher = match info.protocol {
        ID_CA_DH_3DES_CBC_CBC | ID_CA_ECDH_3DES_CBC_CBC => Cipher::TripleDes,
        ID_CA_DH_AES_CBC_CMAC_128 | ID_CA_ECDH_AES_CBC_CMAC_128 => Cipher::Aes128,
        ID_CA_DH_AES_CBC_CMAC_192 | ID_CA_ECDH_AES_CBC_CMAC_192 => Cipher::Aes192,
        ID_CA_DH_AES_CBC_CMAC_256 | ID_CA_ECDH_AES_CBC_CMAC_256 => Cipher::Aes256,
        _ => return None,
    };
    (info.version == VERSION).then_some(cipher)
}

/// Whether a protocol is one over a finite field.
fn is_dh(protocol: ObjectIdentifier) -> bool {
    matches!(
        protocol,
        ID_CA_DH_3DES_CBC_CBC | ID_CA_DH_AES_CBC_CMAC_128 | ID_CA_DH_AES_CBC_CMAC_192 | ID_CA_DH_AES_CBC_CMAC_256
    )
}

/// The session out of one private and one public key, and Comp() of the terminal's key.
fn agreed(cipher: Cipher, key: &PrivateKey, peer: &PublicKey, pcd: &PublicKey) -> Result<Agreed, CaError> {
    let sm = IsoSm::from_shared_secret(cipher, &key.agree(peer)?)?;
    Ok(Agreed { sm: Box::new(sm), pcd_compressed: pcd.compressed() })
}

/// An unsigned integer in the fewest octets, one at least (9303-11 §9.4.1).
fn unsigned(octets: &[u8; 4]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count().min(3);
    octets.get(zeros..).unwrap_or_default()
}

/// Inverse of [`unsigned`]; leading zeros are let pass.
fn key_id(octets: &[u8]) -> Option<u32> {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let significant = octets.get(zeros..)?;
    (!octets.is_empty() && significant.len() <= 4)
        .then(|| significant.iter().fold(0, |number, octet| number << 8 | u32::from(*octet)))
}

#[cfg(test)]
mod tests;
