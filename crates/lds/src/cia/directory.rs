//! EF.DIR and EF.OD: from the master file to the application, and from there to its files.

use super::{Object, Path, object, read_all, write_all};
use crate::LdsError;
use bitaqa_apdu::tlv::{self, Reader};
use bitaqa_apdu::{Aid, Bytes};
use der::{Decode, Encode};

const TEMPLATE: tlv::Tag = 0x61;
const AID: tlv::Tag = 0x4F;
const LABEL: tlv::Tag = 0x50;

/// One application in EF.DIR, 7816-4 §12.2.1.1: `61 { 4F AID  50 label }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationTemplate {
    /// AID by which it is selected.
    pub aid: Aid,
    /// Label for people, 1 to 16 octets of UTF-8 by the standard; readers take more.
    pub label: String,
}

impl ApplicationTemplate {
    /// EF.DIR with these applications.
    ///
    /// # Errors
    /// [`LdsError::CryptographicInformation`] for an empty label.
    pub fn encode_all(applications: &[Self]) -> Result<Bytes, LdsError> {
        write_all(applications)
    }

    /// Reads EF.DIR.
    ///
    /// # Errors
    /// [`LdsError`] for what is no sequence of such templates.
    pub fn decode_all(file: &[u8]) -> Result<Vec<Self>, LdsError> {
        read_all(file)
    }
}

impl Object for ApplicationTemplate {
    fn write(&self) -> Result<Vec<u8>, LdsError> {
        if self.label.is_empty() {
            return Err(object("an application without label"));
        }
        let fields = [tlv::tlv(AID, self.aid.as_bytes()), tlv::tlv(LABEL, self.label.as_bytes())];
        Ok(tlv::tlv(TEMPLATE, &fields.concat()))
    }

    fn read(tag: tlv::Tag, body: &[u8]) -> Result<Self, LdsError> {
        if tag != TEMPLATE {
            return Err(LdsError::OutOfPlace(tag));
        }
        let mut reader = Reader::new(body);
        let aid = Aid::new(reader.expect(AID)?).map_err(|_| object("an AID that has not 5 to 16 octets"))?;
        let label =
            String::from_utf8(reader.expect(LABEL)?.to_vec()).map_err(|_| object("a label that is no UTF-8"))?;
        reader.finish()?;
        Ok(Self { aid, label })
    }
}

/// What a file of objects holds, 7816-15 §8.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectoryKind {
    /// Private keys, EF.PrKD.
    PrivateKeys,
    /// Public keys, EF.PuKD.
    PublicKeys,
    /// Certificates, EF.CD.
    Certificates,
    /// PINs, EF.AOD.
    Authentication,
}

impl DirectoryKind {
    const TAGS: [(tlv::Tag, Self); 4] =
        [(0xA0, Self::PrivateKeys), (0xA1, Self::PublicKeys), (0xA4, Self::Certificates), (0xA8, Self::Authentication)];
}

/// ```text
/// CIOChoice ::= CHOICE { privateKeys [0] .., publicKeys [1] .., certificates [4] .., authObjects [8] .. }
/// ```
/// Each with the path of a file: one entry of EF.OD, 7816-15 §8.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectDirectory {
    /// What the file holds.
    pub kind: DirectoryKind,
    /// Its identifier.
    pub fid: u16,
}

impl ObjectDirectory {
    /// EF.OD with these entries.
    ///
    /// # Errors
    /// [`LdsError::Der`].
    pub fn encode_all(entries: &[Self]) -> Result<Bytes, LdsError> {
        write_all(entries)
    }

    /// Reads EF.OD.
    ///
    /// # Errors
    /// [`LdsError`] for what is no sequence of such entries.
    pub fn decode_all(file: &[u8]) -> Result<Vec<Self>, LdsError> {
        read_all(file)
    }
}

impl Object for ObjectDirectory {
    fn write(&self) -> Result<Vec<u8>, LdsError> {
        let tag = DirectoryKind::TAGS.iter().find(|(_, kind)| *kind == self.kind).map_or(0, |(tag, _)| *tag);
        Ok(tlv::tlv(tag, &Path::to(self.fid)?.to_der()?))
    }

    fn read(tag: tlv::Tag, body: &[u8]) -> Result<Self, LdsError> {
        let kind = DirectoryKind::TAGS.iter().find(|(known, _)| *known == tag).ok_or(LdsError::OutOfPlace(tag))?.1;
        Ok(Self { kind, fid: Path::from_der(body)?.fid()? })
    }
}
