//! Chip Authentication version 1 with ECDH and AES, 9303-11 §6.2 and TR-03110-1 §3.4, both roles: the chip proves that
//! it holds the private key of DG14 by speaking in a new session. Whether that key is the issuer's, passive
//! authentication alone tells.
//!
//! ```text
//! 0C 22 41 A4  80 OID [, 84 key id]    -> 9000
//! 0C 86 00 00  7C{80 PK_PCD}           -> 7C{}         K = x(SK_PICC·PK_PCD)
//! ```
//! Both responses go out in the old session. The new one, SSC 0, takes effect behind the second; on any error the old
//! one stays. Not here: 3DES with MSE:Set KAT, finite fields, versions 2 and 3.

use crate::sm::{Cipher, IsoSm};
use crate::templates::{SetAt, dynamic, dynamic_content, dynamic_object, general_authenticate};
use crate::{KeyLength, SecureMessaging, TerminalError};
use bitaqa_apdu::tlv::{Tag, TlvError};
use bitaqa_apdu::{Command, Response, Sw, ins};
use bitaqa_curves::{CurveError, Point, SecretScalar};
use bitaqa_lds::security_infos::{
    ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo, ID_CA_ECDH_AES_CBC_CMAC_128, ID_CA_ECDH_AES_CBC_CMAC_192,
    ID_CA_ECDH_AES_CBC_CMAC_256,
};
use bitaqa_pki::spki;
use const_oid::ObjectIdentifier;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// P1-P2 of MSE:Set AT for internal authentication.
const SET_AT: u16 = 0x41A4;
/// Version on travel documents, 9303-11 §9.2.5.
const VERSION: u8 = 1;

/// What a key agreement leaves behind, on either side.
pub struct Agreed {
    /// The new session; on the card it takes effect after the response has left.
    pub sm: Box<dyn SecureMessaging>,
    /// Comp(PK_PCD), the x coordinate of the terminal's ephemeral key, for Terminal Authentication.
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
    /// DO 80 is not there.
    #[error("data object {0:X} is missing in MSE:Set AT")]
    Missing(Tag),
    /// DO 80 names nothing that is offered here.
    #[error("the protocol of DO 80 is not offered")]
    Mechanism,
    /// DO 84 names no key, or is absent where several are offered.
    #[error("the private key is not there, or ambiguous without DO 84")]
    KeyReference,
    /// A public key that is no point of the curve or leaves no secret.
    #[error("public key: {0}")]
    PublicKey(#[from] CurveError),
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
    /// Terminal: the key of DG14 cannot be read, or is not of a curve spoken here.
    #[error("public key of DG14: {0}")]
    ChipKey(String),
    /// Terminal: the key is not the one that the offer refers to.
    #[error("offer and public key of DG14 have different key identifiers")]
    KeyMismatch,
    /// Terminal: the card refused a step. The session before goes on.
    #[error("the card answered {sw} to {step}")]
    Status {
        /// Step of the protocol.
        step: &'static str,
        /// Answer.
        sw: Sw,
    },
}

/// Status words of 9303-11 §6.2.4.2; terminal errors never reach a card.
impl From<CaError> for Sw {
    fn from(error: CaError) -> Self {
        match error {
            CaError::P1P2(_) => Sw::WRONG_P1P2,
            CaError::Chaining => Sw::LAST_OF_CHAIN_EXPECTED, // TR-03110-3 §B.13.3
            CaError::Objects(_) | CaError::Missing(_) | CaError::Mechanism | CaError::PublicKey(_) => Sw::WRONG_DATA,
            CaError::KeyReference => Sw::REFERENCE_NOT_FOUND,
            CaError::Key(_)
            | CaError::Unsupported { .. }
            | CaError::ChipKey(_)
            | CaError::KeyMismatch
            | CaError::Status { .. } => Sw::EXECUTION_ERROR,
        }
    }
}

/// Chip role between MSE:Set AT and GENERAL AUTHENTICATE.
pub struct CardCa {
    cipher: Cipher,
    key_id: Option<u32>,
}

impl CardCa {
    /// MSE:Set AT, `0C 22 41 A4`; the response is 9000 without data. `offered` is what DG14 announces.
    ///
    /// # Errors
    /// [`CaError::P1P2`], [`CaError::Objects`], [`CaError::Missing`], [`CaError::Mechanism`] or
    /// [`CaError::KeyReference`].
    pub fn begin(mse: &Command, offered: &[ChipAuthenticationInfo]) -> Result<CardCa, CaError> {
        if mse.p1p2() != SET_AT {
            return Err(CaError::P1P2(mse.p1p2()));
        }
        let set_at = SetAt::read(&mse.data)?;
        let mechanism = set_at.mechanism.ok_or(CaError::Missing(0x80))?;
        let of_protocol = || offered.iter().filter(|info| info.protocol.as_bytes() == mechanism);
        let cipher = of_protocol().find_map(cipher_of).ok_or(CaError::Mechanism)?;
        let wanted = set_at.private_reference.map(|octets| key_id(octets).ok_or(CaError::KeyReference)).transpose()?;
        let mut named =
            of_protocol().filter(|info| info.version == VERSION && (wanted.is_none() || info.key_id == wanted));
        let info = named.next().ok_or(CaError::KeyReference)?;
        if named.any(|other| other.key_id != info.key_id) {
            return Err(CaError::KeyReference);
        }
        Ok(Self { cipher, key_id: info.key_id })
    }

    /// Identifier of the private key that the next command uses; `None` for the only key, which has no identifier.
    pub const fn key_id(&self) -> Option<u32> {
        self.key_id
    }

    /// GENERAL AUTHENTICATE, `0C 86 00 00`, with the private key that [`Self::key_id`] names.
    ///
    /// # Errors
    /// [`CaError::P1P2`], [`CaError::Chaining`], [`CaError::Objects`] or [`CaError::PublicKey`]; the old session
    /// lives on.
    pub fn general_authenticate(self, command: &Command, key: &SecretScalar) -> Result<(Response, Agreed), CaError> {
        if command.p1p2() != 0 {
            return Err(CaError::P1P2(command.p1p2()));
        }
        if command.class.is_chained() {
            return Err(CaError::Chaining);
        }
        let peer = Point::decode(key.curve(), dynamic_object(&command.data, 0x80)?)?;
        let agreed = agreed(self.cipher, key, &peer, &peer)?;
        Ok((Response::ok(dynamic(&[])), agreed))
    }
}

/// Terminal role, through the session that is open: `send` protects commands and unprotects responses. DO 84 goes along
/// when the offer has a key identifier.
///
/// # Errors
/// [`CaError::Status`] for a refusal, [`CaError::ChipKey`] and [`CaError::KeyMismatch`] for a DG14 that does not fit
/// together, [`CaError::Unsupported`], [`CaError::Objects`], or what `send` gives.
pub fn agree<E>(
    send: &mut dyn FnMut(Command) -> Result<Response, E>,
    info: &ChipAuthenticationInfo,
    key: &ChipAuthenticationPublicKeyInfo,
    rng: &mut dyn CryptoRng,
) -> Result<Agreed, TerminalError<E, CaError>> {
    let unsupported = CaError::Unsupported { protocol: info.protocol, version: info.version };
    let cipher = cipher_of(info).ok_or(unsupported)?;
    // An offer without identifier refers to the one key, whatever that one is called.
    if info.key_id.is_some() && key.key_id.is_some() && info.key_id != key.key_id {
        return Err(CaError::KeyMismatch.into());
    }
    let chip = spki::decode(&key.public_key).map_err(|error| CaError::ChipKey(error.to_string()))?;
    let ephemeral = SecretScalar::generate(chip.curve(), rng);
    let own = ephemeral.public();

    let response = send(set_at(info)).map_err(TerminalError::Exchange)?;
    check_status("MSE:Set AT", response.sw)?;
    let command = general_authenticate(dynamic(&[(0x80, &own.encode())]), false);
    let response = send(command).map_err(TerminalError::Exchange)?;
    check_status("GENERAL AUTHENTICATE", response.sw)?;
    // Version 1 gives nothing back; nonce and token belong to version 2 (TR-03110-3 §B.2).
    let content = dynamic_content(&response.data).map_err(CaError::from)?;
    bitaqa_apdu::tlv::Reader::new(content).finish().map_err(CaError::from)?;
    Ok(agreed(cipher, &ephemeral, &chip, &own)?)
}

fn cipher_of(info: &ChipAuthenticationInfo) -> Option<Cipher> {
    let cipher = match info.protocol {
        ID_CA_ECDH_AES_CBC_CMAC_128 => Cipher::Aes128,
        ID_CA_ECDH_AES_CBC_CMAC_192 => Cipher::Aes192,
        ID_CA_ECDH_AES_CBC_CMAC_256 => Cipher::Aes256,
        _ => return None,
    };
    (info.version == VERSION).then_some(cipher)
}

/// The session out of one private and one public key, and Comp() of the terminal's key.
fn agreed(cipher: Cipher, key: &SecretScalar, peer: &Point, pcd: &Point) -> Result<Agreed, CaError> {
    let shared = Zeroizing::new(key.agree(peer)?.x());
    let sm = IsoSm::from_shared_secret(cipher, &shared)?;
    Ok(Agreed { sm: Box::new(sm), pcd_compressed: pcd.x() })
}

fn set_at(info: &ChipAuthenticationInfo) -> Command {
    let [p1, p2] = SET_AT.to_be_bytes();
    let key_id = info.key_id.map(u32::to_be_bytes);
    let private_reference = key_id.as_ref().map(unsigned);
    let mechanism = Some(info.protocol.as_bytes());
    let objects = SetAt { mechanism, reference: None, private_reference, chat: None };
    Command::new(ins::MANAGE_SECURITY_ENVIRONMENT, p1, p2).data(objects.write())
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

fn check_status(step: &'static str, sw: Sw) -> Result<(), CaError> {
    if sw == Sw::OK { Ok(()) } else { Err(CaError::Status { step, sw }) }
}

#[cfg(test)]
#[path = "ca_tests.rs"]
mod tests;
