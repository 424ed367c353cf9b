//! Secure Channel Protocol 11, GPC Amendment F 1.4: keys on elliptic curves open a session that then is the one of
//! SCP03. Both sides, on every curve that PUT KEY can load.
//!
//! ```text
//! host                                                                            card
//! a, c: 80 2A KVN KID|80  certificate, for each of the chain; P2 of the last without 80  ->
//!       <- 9000
//! a, c: 80 82 KVN KID   b: 80 88 KVN KID                                          ->
//!       A6 { 90 11 parameters  95 key usage  80 88  81 octets of a key }  5F49 ephemeral key of the host
//!       <- 5F49 ephemeral key of the card  86 receipt
//!
//! keys    = X9.63 KDF, SHA-256 (ShSee ‖ ShSes, key usage ‖ 88 ‖ octets): receipt key, S-ENC, S-MAC, S-RMAC, S-DEK
//! ShSee   = ephemeral keys of both; ShSes = static keys of both, in b the host's ephemeral one and the card's static
//! receipt = CMAC(receipt key, data field of the command ‖ 5F49 of the response), and the first MAC chaining value
//! ```
//! In c, which is for scripts that are made before the card is there, the card's static key stands for its ephemeral.
//! In b the host stays unknown: such a session tells nobody that its host may do anything. Not here: identifiers of
//! host and card in the key derivation (parameter bit 04), S16.

mod card;
mod certificate;
mod host;

pub use card::{CardKey, authenticate};
pub use certificate::{Authority, Chain, HostKey, perform_security_operation};
pub use host::{HostIdentity, Request, open};

use crate::aes_key::{AesKey, BLOCK};
use crate::scp_sides::sides;
use crate::scp03::{Channel, Dek, SecurityLevel, SessionKeys, Size};
use crate::{KeyLength, SecureMessaging, SmError};
use bitaqa_apdu::tlv::{self, Reader, TlvError};
use bitaqa_apdu::{Bytes, Command, Response, Sw};
use bitaqa_curves::{CurveError, Point, SecretScalar};
use bitaqa_pki::x509::CertificateError;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Identifier of this protocol.
const SCP: u8 = 0x11;
/// Key type AES, the only one of the session.
const AES: u8 = 0x88;

/// Who is authenticated, and with which keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Variant {
    /// Both sides, with an ephemeral key each.
    A,
    /// The card alone.
    B,
    /// Both sides, the card with its static key alone.
    C,
}

impl Variant {
    /// Every variant.
    pub const ALL: [Self; 3] = [Self::A, Self::B, Self::C];

    /// Identifier of the card's key for this variant.
    pub const fn key_id(self) -> u8 {
        match self {
            Self::A => 0x11,
            Self::B => 0x13,
            Self::C => 0x15,
        }
    }

    /// Inverse of [`Self::key_id`].
    pub fn of_key_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|variant| variant.key_id() == id)
    }

    /// Whether the host proves who it is.
    pub const fn authenticates_host(self) -> bool {
        !matches!(self, Self::B)
    }

    /// Second octet of the object with tag 90.
    const fn parameters(self) -> u8 {
        match self {
            Self::A => 0x01,
            Self::B => 0x00,
            Self::C => 0x03,
        }
    }

    const fn ins(self) -> u8 {
        match self {
            Self::B => bitaqa_apdu::ins::INTERNAL_AUTHENTICATE,
            // MUTUAL AUTHENTICATE has the number of EXTERNAL AUTHENTICATE.
            Self::A | Self::C => bitaqa_apdu::ins::EXTERNAL_AUTHENTICATE,
        }
    }
}

/// Identifier that a CA-KLOC key usually has.
pub const CA_KLOC_KEY_ID: u8 = 0x10;

/// What can go wrong on either side.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Scp11Error {
    /// A data field of another layout.
    #[error("data objects: {0} (Amd F §7.6.2.3)")]
    Objects(#[from] TlvError),
    /// A value in it that is not spoken here.
    #[error("{0} is not supported (Amd F §7.6.2.3)")]
    Unsupported(&'static str),
    /// P1-P2 name another key, or a key of another variant.
    #[error("no key {id:02X} of version {kvn:02X} for this command (Amd F §7.6)")]
    Reference {
        /// Key identifier.
        id: u8,
        /// Key version.
        kvn: u8,
    },
    /// MUTUAL AUTHENTICATE without a certificate chain before it.
    #[error("no certificate of the host was verified (Amd F §7.6)")]
    NoCertificate,
    /// A certificate that is none.
    #[error("certificate: {0} (Amd F §7.5)")]
    Certificate(#[from] CertificateError),
    /// A certificate of GlobalPlatform with another layout, or a use that does not fit its place in the chain.
    #[error("certificate: {0} (Amd F §7.5)")]
    CertificateContent(&'static str),
    /// The signature of a certificate does not verify with the key before it in the chain.
    #[error("the signature of a certificate does not verify (Amd F §7.5)")]
    CertificateSignature,
    /// The serial number is not in the list of those who may use this key.
    #[error("the certificate of the host is not in the allow list of the key (Amd F §7.6)")]
    NotAllowed,
    /// A point that is none of the curve, or an agreement that leaves no secret.
    #[error("key agreement: {0} (Amd F §3.1.2)")]
    Curve(#[from] CurveError),
    /// A key length that AES does not have.
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
    /// Host: the receipt is wrong, so the card does not hold the key.
    #[error("the receipt is wrong: the card does not hold the key that was expected (Amd F §3.1.2)")]
    Receipt,
}

/// Status words of Amd F §7.5 and §7.6; host errors never reach a card.
impl From<Scp11Error> for Sw {
    #[allow(clippy::match_same_arms)] // a clause per arm
    fn from(error: Scp11Error) -> Self {
        match error {
            Scp11Error::Objects(_) | Scp11Error::Unsupported(_) => Sw::WRONG_DATA,
            Scp11Error::Certificate(_) | Scp11Error::CertificateContent(_) => Sw::WRONG_DATA,
            Scp11Error::Curve(_) | Scp11Error::Key(_) => Sw::WRONG_DATA,
            Scp11Error::Reference { .. } => Sw::REFERENCE_NOT_FOUND,
            Scp11Error::NoCertificate => Sw::CONDITIONS_NOT_SATISFIED,
            Scp11Error::CertificateSignature | Scp11Error::NotAllowed => Sw::SECURITY_STATUS_NOT_SATISFIED,
            Scp11Error::Status { .. } | Scp11Error::Receipt => Sw::EXECUTION_ERROR,
        }
    }
}

/// Key usage qualifiers of a session, GPC 2.3.1 Table 11-17, with the level of SCP03 that each amounts to.
const USAGES: [(u8, SecurityLevel); 4] = [
    (0x14, SecurityLevel::C_MAC),
    (0x1C, SecurityLevel::C_DECRYPTION),
    (0x34, SecurityLevel::C_MAC_R_MAC),
    (0x3C, SecurityLevel::C_DECRYPTION_R_ENCRYPTION),
];

/// What the host asks for in its authentication command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Terms {
    variant: Variant,
    level: SecurityLevel,
    key_octets: u8,
}

impl Terms {
    fn usage(self) -> Option<u8> {
        USAGES.iter().find(|(_, level)| *level == self.level).map(|(usage, _)| *usage)
    }

    /// Data field of the authentication command.
    fn encode(self, ephemeral: &Point) -> Option<Vec<u8>> {
        let fields = [
            tlv::tlv(0x90, &[SCP, self.variant.parameters()]),
            tlv::tlv(0x95, &[self.usage()?]),
            tlv::tlv(0x80, &[AES]),
            tlv::tlv(0x81, &[self.key_octets]),
        ];
        Some([tlv::tlv(0xA6, &fields.concat()), tlv::tlv(0x5F49, ephemeral.as_octets())].concat())
    }

    /// Inverse of [`Self::encode`]; the point is not looked at.
    fn parse(data: &[u8]) -> Result<(Self, &[u8]), Scp11Error> {
        let mut reader = Reader::new(data);
        let (terms, point) = (reader.expect(0xA6)?, reader.expect(0x5F49)?);
        reader.finish()?;
        let mut terms = Reader::new(terms);
        let protocol = terms.expect(0x90)?;
        let variant = Variant::ALL.into_iter().find(|variant| protocol == [SCP, variant.parameters()]);
        let variant = variant.ok_or(Scp11Error::Unsupported("a protocol or parameter in 90"))?;
        let usage = terms.expect(0x95)?;
        let level = USAGES.iter().find(|(octet, _)| usage == [*octet]).map(|(_, level)| *level);
        let level = level.ok_or(Scp11Error::Unsupported("the key usage in 95"))?;
        if terms.expect(0x80)? != [AES] {
            return Err(Scp11Error::Unsupported("the key type in 80"));
        }
        let &[key_octets @ (16 | 24 | 32)] = terms.expect(0x81)? else {
            return Err(Scp11Error::Unsupported("the key length in 81"));
        };
        terms.finish()?;
        Ok((Self { variant, level, key_octets }, point))
    }

    /// What both sides compute, given the two secrets.
    fn agree(self, secrets: [&[u8]; 2], agreement_data: [&[u8]; 2]) -> Result<Agreement, Scp11Error> {
        let octets = usize::from(self.key_octets);
        let usage = self.usage().ok_or(Scp11Error::Unsupported("the security level"))?;
        let material = x963(secrets, [usage, AES, self.key_octets], 5 * octets);
        let mut keys = material.chunks(octets).map(|key| Zeroizing::new(key.to_vec()));
        let mut next = || keys.next().ok_or(KeyLength(octets));
        let (receipt_key, s_enc, s_mac, s_rmac, dek) = (next()?, next()?, next()?, next()?, next()?);
        let receipt = AesKey::new(&receipt_key)?.cmac(&agreement_data);
        let keys = SessionKeys { s_enc, s_mac, s_rmac };
        let channel = Channel::new(&keys, self.level, Size::S8)?.chained_to(receipt);
        Ok(Agreement { receipt, channel, dek: Dek::new(&dek)? })
    }
}

struct Agreement {
    receipt: [u8; BLOCK],
    channel: Channel,
    dek: Dek,
}

/// KDF of ANSI X9.63 as in TR-03111 §4.3.3: block n, from 1 on, is SHA-256(Z ‖ n in four octets ‖ shared information).
fn x963(secrets: [&[u8]; 2], info: [u8; 3], octets: usize) -> Zeroizing<Vec<u8>> {
    let mut derived = Zeroizing::new(Vec::with_capacity(octets + 32));
    for n in 1u32.. {
        if derived.len() >= octets {
            break;
        }
        let [ephemeral, of_static] = secrets;
        let digest = Sha256::new().chain_update(ephemeral).chain_update(of_static);
        let mut block = digest.chain_update(n.to_be_bytes()).chain_update(info).finalize();
        derived.extend_from_slice(&block);
        zeroize::Zeroize::zeroize(&mut *block);
    }
    derived.truncate(octets);
    derived
}

/// Shared secret of one pair: the x coordinate, as long as the field.
fn secret(private: &SecretScalar, public: &Point) -> Result<Zeroizing<Vec<u8>>, Scp11Error> {
    Ok(Zeroizing::new(private.agree(public)?.x()))
}

/// Card side of an open session.
pub struct CardSession {
    channel: Option<Channel>,
    level: SecurityLevel,
    dek: Dek,
    variant: Variant,
}

/// Host side of an open session.
pub struct HostSession {
    channel: Option<Channel>,
    level: SecurityLevel,
    dek: Dek,
    variant: Variant,
}

sides!(
    SCP, SecurityLevel, |level: SecurityLevel| level.0, |side: &Self| side.variant.authenticates_host();
    CardSession, HostSession
);

#[cfg(test)]
#[path = "scp11/tests.rs"]
mod tests;
