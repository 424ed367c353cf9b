//! EF.AOD: PINs and PUKs.

use super::{
    Bits, Common, MODIFIABLE, Object, PRIVATE, bits, object, octets, read_all, read_object, write_all, write_object,
};
use crate::LdsError;
use bitaqa_apdu::{Bytes, tlv};
use der::asn1::OctetString;
use der::{Enumerated, Sequence};

bits! {
    /// How a PIN behaves, 7816-15 §8.9.2.
    PasswordFlags {
        /// Letters of both cases differ.
        CASE_SENSITIVE = 0,
        /// Belongs to this application and not to the card.
        LOCAL = 1,
        /// Cannot be changed.
        CHANGE_DISABLED = 2,
        /// Cannot be unblocked.
        UNBLOCK_DISABLED = 3,
        /// Has a value.
        INITIALIZED = 4,
        /// Is filled up to the stored length.
        NEEDS_PADDING = 5,
        /// Unblocks others: a PUK.
        UNBLOCKING = 6,
    }
}

/// ```text
/// PasswordType ::= ENUMERATED { bcd(0), ascii-numeric(1), utf8(2), .. }
/// ```
/// 7816-15 §8.9.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumerated)]
#[repr(u8)]
enum Kind {
    AsciiNumeric = 1,
}

/// ```text
/// PasswordObject: CIO { authId OCTET STRING, .. } with
/// PasswordAttributes ::= SEQUENCE {
///   pwdFlags BIT STRING, pwdType ENUMERATED, minLength INTEGER, storedLength INTEGER, maxLength INTEGER OPTIONAL,
///   pwdReference [0] INTEGER DEFAULT 0, padChar OCTET STRING (SIZE(1)) OPTIONAL, .. }
/// ```
/// 7816-15 §8.9.2, of ASCII digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Password {
    /// Label for people.
    pub label: String,
    /// Identifier by which other objects name it.
    pub id: u8,
    /// Identifier of the one that unblocks it.
    pub unblocked_by: Option<u8>,
    /// How it behaves.
    pub flags: PasswordFlags,
    /// Least digits.
    pub digits_min: u8,
    /// Most digits.
    pub digits_max: u8,
    /// P2 of VERIFY.
    pub reference: u8,
    /// What fills it up.
    pub padding: Option<u8>,
}

#[derive(Sequence)]
struct Class {
    auth_id: OctetString,
}

#[derive(Sequence)]
struct Attributes {
    flags: Bits,
    kind: Kind,
    min_length: u8,
    stored_length: u8,
    #[asn1(optional = "true")]
    max_length: Option<u8>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    reference: Option<u8>,
    #[asn1(optional = "true")]
    padding: Option<OctetString>,
}

impl Password {
    /// EF.AOD with these.
    ///
    /// # Errors
    /// [`LdsError::Der`].
    pub fn encode_all(passwords: &[Self]) -> Result<Bytes, LdsError> {
        write_all(passwords)
    }

    /// Reads EF.AOD.
    ///
    /// # Errors
    /// [`LdsError`] for what is no sequence of such objects.
    pub fn decode_all(file: &[u8]) -> Result<Vec<Self>, LdsError> {
        read_all(file)
    }
}

/// An identifier of one octet.
pub(super) fn one(octets: &OctetString) -> Result<u8, LdsError> {
    match *octets.as_bytes() {
        [octet] => Ok(octet),
        _ => Err(object("an identifier that is not one octet")),
    }
}

impl Object for Password {
    fn write(&self) -> Result<Vec<u8>, LdsError> {
        let auth_id = self.unblocked_by.map(|id| octets(&[id])).transpose()?;
        let flags = Some(Bits(PRIVATE.0 | MODIFIABLE.0));
        let common = Common { label: Some(self.label.clone()), flags, auth_id, user_consent: None };
        let attributes = Attributes {
            flags: self.flags.0,
            kind: Kind::AsciiNumeric,
            min_length: self.digits_min,
            stored_length: self.digits_max,
            max_length: Some(self.digits_max),
            reference: Some(self.reference),
            padding: self.padding.map(|octet| octets(&[octet])).transpose()?,
        };
        write_object(0x30, &common, &Class { auth_id: octets(&[self.id])? }, &attributes)
    }

    fn read(tag: tlv::Tag, body: &[u8]) -> Result<Self, LdsError> {
        if tag != 0x30 {
            return Err(LdsError::OutOfPlace(tag));
        }
        let (common, class, attributes): (Common, Class, Attributes) = read_object(body)?;
        Ok(Self {
            label: common.label()?,
            id: one(&class.auth_id)?,
            unblocked_by: common.auth_id.as_ref().map(one).transpose()?,
            flags: PasswordFlags(attributes.flags),
            digits_min: attributes.min_length,
            digits_max: attributes.stored_length,
            reference: attributes.reference.ok_or(object("a PIN without reference"))?,
            padding: attributes.padding.as_ref().map(one).transpose()?,
        })
    }
}
