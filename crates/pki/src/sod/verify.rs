//! Passive authentication, 9303-11 §5.1, one step after the other: each can be asked even where another failed.

use super::{EF_SOD, ID_LDS_SECURITY_OBJECT, SecurityObject, SodError};
use crate::cms::SignedContent;
use crate::x509::{Path, PathError, Revocation, check_path};
use crate::{Certificate, Note, TrustStore, ber};
use bitaqa_apdu::tlv;
use time::UtcDateTime;

/// Whether a data group is the one that was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashVerdict {
    /// It is.
    Match,
    /// It was changed.
    Mismatch,
    /// The security object does not know it: such a file is not authentic.
    NotListed,
}

/// An EF.SOD as read; nothing is verified yet.
#[derive(Clone, Debug)]
pub struct Sod {
    security_object: SecurityObject,
    signed: SignedContent,
    notes: Vec<Note>,
}

/// All verdicts of passive authentication, none hidden behind another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// The signature by the document signer in the file.
    pub signature: Result<(), SodError>,
    /// The path of that document signer to a trusted CSCA, with what is known about its revocation.
    pub path: Result<Revocation, PathError>,
    /// A verdict for each data group given, in their order.
    pub data_groups: Vec<(u8, HashVerdict)>,
    /// Deviations from 9303-10 and 9303-12 that were tolerated.
    pub notes: Vec<Note>,
}

impl Verification {
    /// Whether every verdict is good.
    pub fn is_authentic(&self) -> bool {
        let all_match = self.data_groups.iter().all(|(_, verdict)| *verdict == HashVerdict::Match);
        self.signature.is_ok() && self.path.is_ok() && all_match
    }
}

/// Reads an EF.SOD and gives all verdicts on it and on data groups (number and content of the file).
///
/// # Errors
/// [`SodError`] when it cannot be read at all.
pub fn verify(
    ef_sod: &[u8],
    data_groups: &[(u8, &[u8])],
    trust: &TrustStore,
    at: UtcDateTime,
) -> Result<Verification, SodError> {
    let sod = Sod::parse(ef_sod)?;
    Ok(Verification {
        signature: sod.verify_signature(),
        path: sod.path(trust, at).map(|path| path.revocation),
        data_groups: data_groups.iter().map(|(number, octets)| (*number, sod.compare(*number, octets))).collect(),
        notes: sod.notes,
    })
}

impl Sod {
    /// Reads the file: tag 77, SignedData, one signer, its certificate, the LDS security object.
    ///
    /// # Errors
    /// [`SodError`], a variant per defect; nothing about signatures.
    pub fn parse(ef_sod: &[u8]) -> Result<Self, SodError> {
        let (octets, changed) = ber::to_der(ef_sod)?;
        let signed = SignedContent::parse(tlv::only(&octets, EF_SOD)?, ID_LDS_SECURITY_OBJECT)?;
        let mut notes = Vec::new();
        if changed {
            Note::NotDer.add(&mut notes);
        }
        let security_object = SecurityObject::read(signed.content(), &mut notes)?;
        for note in signed.notes().iter().chain(signed.signer().notes()) {
            note.clone().add(&mut notes);
        }
        Ok(Self { security_object, signed, notes })
    }

    /// The hashes; only as good as the verdicts on signature and path.
    pub const fn security_object(&self) -> &SecurityObject {
        &self.security_object
    }

    /// Certificate of the signer, out of the file.
    pub const fn document_signer(&self) -> &Certificate {
        self.signed.signer()
    }

    /// Deviations from 9303-10 and 9303-12 that were tolerated in the file and in the certificate of its signer.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Verifies the signature by the document signer in the file, RFC 5652 §5.4 and §5.6: the attributes cover the
    /// security object, the signature covers the attributes.
    ///
    /// # Errors
    /// [`SodError::Cms`]: `MessageDigest` when the security object was changed, `Signature` when the signature does not
    /// verify, and what makes either impossible to judge.
    pub fn verify_signature(&self) -> Result<(), SodError> {
        Ok(self.signed.verify()?)
    }

    /// Finds the trusted CSCA above the document signer and checks the path at an instant, 9303-12 §5.1, revocation
    /// included as far as the trust store has lists.
    ///
    /// # Errors
    /// [`PathError`].
    pub fn verify_path<'a>(&self, trust: &'a TrustStore, at: UtcDateTime) -> Result<&'a Certificate, PathError> {
        check_path(self.document_signer(), trust, at)
    }

    /// As [`Sod::verify_path`], telling also what is known about revocation.
    ///
    /// # Errors
    /// [`PathError`].
    pub fn path<'a>(&self, trust: &'a TrustStore, at: UtcDateTime) -> Result<Path<'a>, PathError> {
        Path::find(self.document_signer(), trust, at)
    }

    /// Compares a data group (content of the file as read) with its hash, 9303-11 §5.1.
    pub fn compare(&self, number: u8, octets: &[u8]) -> HashVerdict {
        match self.security_object.digest(number) {
            None => HashVerdict::NotListed,
            Some(digest) if digest == self.security_object.hash.digest(octets) => HashVerdict::Match,
            Some(_) => HashVerdict::Mismatch,
        }
    }
}
