//! EF.PrKD and EF.PuKD: key pairs that the card made.

use super::password::one;
use super::{
    Bits, Common, Object, PRIVATE, Path, bits, object, octets, read_all, read_object, write_all, write_object,
};
use crate::LdsError;
use bitaqa_apdu::{Bytes, tlv};
use der::Sequence;
use der::asn1::OctetString;

bits! {
    /// What a key is for, 7816-15 §8.2.9.
    KeyUsage {
        /// Signing.
        SIGN = 2,
        /// Verifying.
        VERIFY = 6,
        /// Signing what binds the signer.
        NON_REPUDIATION = 9,
    }
}

bits! {
    /// How a key is kept, 7816-15 §8.2.9.
    KeyAccess {
        /// Cannot be read in clear.
        SENSITIVE = 0,
        /// Could be read.
        EXTRACTABLE = 1,
        /// Was never in clear outside.
        ALWAYS_SENSITIVE = 2,
        /// Never left the card.
        NEVER_EXTRACTABLE = 3,
        /// Was made on the card.
        LOCAL = 4,
    }
}

/// What a key is made on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA, with the bits of its modulus.
    Rsa(u16),
    /// An elliptic curve, with the bits of its field.
    Ec(u16),
}

/// Tag of an RSA key, which is the first of the choice.
const RSA: tlv::Tag = 0x30;
/// Tag of an elliptic key: `[0]`.
const EC: tlv::Tag = 0xA0;

/// ```text
/// PrivateKeyObject: CIO { CommonKeyAttributes } with typeAttributes
/// PrivateRSAKeyAttributes ::= SEQUENCE { value Path, modulusLength INTEGER, .. }
/// PrivateECKeyAttributes  ::= SEQUENCE { value Path, fieldSize INTEGER OPTIONAL, .. }
/// ```
/// 7816-15 §8.4; fieldSize is no word of the standard and what programs need that never read the public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateKey {
    /// Label for people.
    pub label: String,
    /// Identifier that joins it with public key and certificate.
    pub id: u8,
    /// Identifier of the PIN that opens it.
    pub auth_id: u8,
    /// For how many uses one PIN is good; `None`: any.
    pub user_consent: Option<u8>,
    /// What it is for.
    pub usage: KeyUsage,
    /// How it is kept.
    pub access: KeyAccess,
    /// Key reference, DO 84 of MSE:Set.
    pub reference: u8,
    /// References of its algorithms in CardInfo; empty: those of its kind.
    pub algorithms: Vec<u8>,
    /// What it is made on.
    pub kind: KeyKind,
}

/// ```text
/// PublicKeyObject: CIO { CommonKeyAttributes } with typeAttributes
/// PublicRSAKeyAttributes ::= SEQUENCE { value Path, modulusLength INTEGER, .. }
/// PublicECKeyAttributes  ::= SEQUENCE { value Path, .. }
/// ```
/// 7816-15 §8.5; the file at the path holds `RSAPublicKey`, or `SubjectPublicKeyInfo` of a curve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Label for people.
    pub label: String,
    /// Identifier that joins it with private key and certificate.
    pub id: u8,
    /// What it is for.
    pub usage: KeyUsage,
    /// Key reference of its private key.
    pub reference: u8,
    /// File with the key.
    pub fid: u16,
    /// Bits of the modulus; `None` for an elliptic key.
    pub modulus_bits: Option<u16>,
}

/// ```text
/// CommonKeyAttributes ::= SEQUENCE {
///   iD OCTET STRING, usage BIT STRING, native BOOLEAN DEFAULT TRUE, accessFlags BIT STRING OPTIONAL,
///   keyReference INTEGER OPTIONAL, .., algReference [1] SEQUENCE OF INTEGER OPTIONAL }
/// ```
/// 7816-15 §8.2.9.
#[derive(Sequence)]
struct Class {
    id: OctetString,
    usage: Bits,
    #[asn1(optional = "true")]
    access: Option<Bits>,
    #[asn1(optional = "true")]
    reference: Option<u8>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    algorithms: Option<Vec<u16>>,
}

#[derive(Sequence)]
struct Attributes {
    value: Path,
    #[asn1(optional = "true")]
    bits: Option<u16>,
}

impl PrivateKey {
    /// EF.PrKD with these.
    ///
    /// # Errors
    /// [`LdsError::Der`].
    pub fn encode_all(keys: &[Self]) -> Result<Bytes, LdsError> {
        write_all(keys)
    }

    /// Reads EF.PrKD.
    ///
    /// # Errors
    /// [`LdsError`] for what is no sequence of such objects.
    pub fn decode_all(file: &[u8]) -> Result<Vec<Self>, LdsError> {
        read_all(file)
    }
}

impl Object for PrivateKey {
    fn write(&self) -> Result<Vec<u8>, LdsError> {
        let common = Common {
            label: Some(self.label.clone()),
            flags: Some(PRIVATE),
            auth_id: Some(octets(&[self.auth_id])?),
            user_consent: self.user_consent,
        };
        let class = Class {
            id: octets(&[self.id])?,
            usage: self.usage.0,
            access: Some(self.access.0),
            reference: Some(self.reference),
            algorithms: (!self.algorithms.is_empty())
                .then(|| self.algorithms.iter().map(|reference| (*reference).into()).collect()),
        };
        let (tag, bits) = match self.kind {
            KeyKind::Rsa(bits) => (RSA, bits),
            KeyKind::Ec(bits) => (EC, bits),
        };
        write_object(tag, &common, &class, &Attributes { value: Path::none()?, bits: Some(bits) })
    }

    fn read(tag: tlv::Tag, body: &[u8]) -> Result<Self, LdsError> {
        let (common, class, attributes): (Common, Class, Attributes) = read_object(body)?;
        let bits = attributes.bits.ok_or(object("a key without its length"))?;
        let kind = match tag {
            RSA => KeyKind::Rsa(bits),
            EC => KeyKind::Ec(bits),
            other => return Err(LdsError::OutOfPlace(other)),
        };
        let algorithms = class.algorithms.unwrap_or_default();
        let algorithms = algorithms.iter().map(|reference| u8::try_from(*reference)).collect::<Result<_, _>>();
        Ok(Self {
            label: common.label()?,
            id: one(&class.id)?,
            auth_id: common.auth_id.as_ref().map(one).transpose()?.ok_or(object("a private key without PIN"))?,
            user_consent: common.user_consent,
            usage: KeyUsage(class.usage),
            access: KeyAccess(class.access.ok_or(object("a private key without access flags"))?),
            reference: class.reference.ok_or(object("a key without reference"))?,
            algorithms: algorithms.map_err(|_| object("a reference beyond one octet"))?,
            kind,
        })
    }
}

impl PublicKey {
    /// EF.PuKD with these.
    ///
    /// # Errors
    /// [`LdsError::Der`].
    pub fn encode_all(keys: &[Self]) -> Result<Bytes, LdsError> {
        write_all(keys)
    }

    /// Reads EF.PuKD.
    ///
    /// # Errors
    /// [`LdsError`] for what is no sequence of such objects.
    pub fn decode_all(file: &[u8]) -> Result<Vec<Self>, LdsError> {
        read_all(file)
    }
}

impl Object for PublicKey {
    fn write(&self) -> Result<Vec<u8>, LdsError> {
        let class = Class {
            id: octets(&[self.id])?,
            usage: self.usage.0,
            access: None,
            reference: Some(self.reference),
            algorithms: None,
        };
        let tag = if self.modulus_bits.is_some() { RSA } else { EC };
        let attributes = Attributes { value: Path::to(self.fid)?, bits: self.modulus_bits };
        write_object(tag, &Common::public(&self.label), &class, &attributes)
    }

    fn read(tag: tlv::Tag, body: &[u8]) -> Result<Self, LdsError> {
        let (common, class, attributes): (Common, Class, Attributes) = read_object(body)?;
        let rsa = match tag {
            RSA => true,
            EC => false,
            other => return Err(LdsError::OutOfPlace(other)),
        };
        if rsa != attributes.bits.is_some() {
            return Err(object("a public key whose length does not fit its kind"));
        }
        Ok(Self {
            label: common.label()?,
            id: one(&class.id)?,
            usage: KeyUsage(class.usage),
            reference: class.reference.ok_or(object("a key without reference"))?,
            fid: attributes.value.fid()?,
            modulus_bits: attributes.bits,
        })
    }
}
