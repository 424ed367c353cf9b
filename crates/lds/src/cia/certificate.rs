//! EF.CD: certificates, each in a file of its own.

use super::password::one;
use super::{Common, Object, Path, object, octets, read_all, read_object, write_all, write_object};
use crate::LdsError;
use bitaqa_apdu::{Bytes, tlv};
use der::Sequence;
use der::asn1::OctetString;

/// ```text
/// CertificateObject: CIO { iD OCTET STRING, authority BOOLEAN DEFAULT FALSE, .. } with typeAttributes
/// X509CertificateAttributes ::= SEQUENCE { value Path, .. }
/// ```
/// 7816-15 §8.7; the file at the path holds an X.509 certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Label for people.
    pub label: String,
    /// Identifier that joins it with its private key.
    pub id: u8,
    /// Whether it is of a CA.
    pub authority: bool,
    /// File with the certificate.
    pub fid: u16,
}

#[derive(Sequence)]
struct Class {
    id: OctetString,
    #[asn1(optional = "true")]
    authority: Option<bool>,
}

#[derive(Sequence)]
struct Attributes {
    value: Path,
}

impl Certificate {
    /// EF.CD with these.
    ///
    /// # Errors
    /// [`LdsError::Der`].
    pub fn encode_all(certificates: &[Self]) -> Result<Bytes, LdsError> {
        write_all(certificates)
    }

    /// Reads EF.CD.
    ///
    /// # Errors
    /// [`LdsError`] for what is no sequence of such objects.
    pub fn decode_all(file: &[u8]) -> Result<Vec<Self>, LdsError> {
        read_all(file)
    }
}

impl Object for Certificate {
    fn write(&self) -> Result<Vec<u8>, LdsError> {
        let class = Class { id: octets(&[self.id])?, authority: self.authority.then_some(true) };
        write_object(0x30, &Common::public(&self.label), &class, &Attributes { value: Path::to(self.fid)? })
    }

    fn read(tag: tlv::Tag, body: &[u8]) -> Result<Self, LdsError> {
        if tag != 0x30 {
            return Err(LdsError::OutOfPlace(tag));
        }
        let (common, class, attributes): (Common, Class, Attributes) = read_object(body)?;
        if class.authority == Some(false) {
            return Err(object("a default value that is written"));
        }
        let (label, id, fid) = (common.label()?, one(&class.id)?, attributes.value.fid()?);
        Ok(Self { label, id, authority: class.authority.is_some(), fid })
    }
}
