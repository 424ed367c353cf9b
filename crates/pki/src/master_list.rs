//! CSCA master lists, 9303-12 §9: the CSCA certificates that one state has checked, signed for others.
//!
//! ```text
//! ContentInfo id-signedData
//!   eContentType 2.23.136.1.1.2, eContent: CscaMasterList
//!   certificates { master list signer, the CSCA above it }
//!   SignerInfo: key identifier, signedAttrs { contentType, messageDigest, signingTime }
//! ```
//! A list is as good as the CSCA of its signer: that one must be trusted before (9303-12 §5.3).

use crate::cms::{self, CmsError, SignRequest, SignedContent, SignerId};
use crate::x509::{CertificateError, Path, PathError};
use crate::{Certificate, Note, Signer, TrustStore};
use bitaqa_apdu::tlv;
use const_oid::ObjectIdentifier;
use der::asn1::SetOfVec;
use der::{Any, Decode, Encode, Sequence};
use std::collections::BTreeSet;
use time::UtcDateTime;

/// id-icao-cscaMasterList, 9303-12 §9.2.
const ID_CSCA_MASTER_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.2");

/// What is wrong with a master list, or why none was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MasterListError {
    /// The signed data: structure, signer and signature.
    #[error("master list: {0}")]
    Cms(#[from] CmsError),
    /// Not a DER CscaMasterList.
    #[error("the content of the master list is malformed")]
    Content,
    /// Not version 0.
    #[error("the master list has the unknown version {0}")]
    Version(u8),
    /// No certificate on it.
    #[error("the master list is empty")]
    Empty,
    /// The signer of the list has no path to a trusted CSCA.
    #[error("the signer of the master list: {0}")]
    Path(#[from] PathError),
    /// Only CSCA certificates belong on a list.
    #[error("{0} is no CA")]
    NotACa(String),
    /// A SET holds nothing twice.
    #[error("{0} would be listed twice")]
    Twice(String),
    /// Encoding failed.
    #[error("the master list cannot be encoded: {0}")]
    Encode(der::Error),
}

/// 9303-12 §9.2.
/// ```text
/// CscaMasterList ::= SEQUENCE { version INTEGER { v0(0) }, certList SET OF Certificate }
/// ```
#[derive(Sequence)]
struct CscaMasterList {
    version: u8,
    cert_list: SetOfVec<Any>,
}

/// A master list as read; nothing is verified yet.
#[derive(Clone, Debug)]
pub struct MasterList {
    signed: SignedContent,
    certificates: Vec<Certificate>,
    unreadable: Vec<(usize, CertificateError)>,
}

impl MasterList {
    /// Reads DER. Certificates that cannot be read are counted, not fatal: a list holds those of a hundred states.
    ///
    /// # Errors
    /// [`MasterListError::Cms`], [`MasterListError::Content`], [`MasterListError::Version`],
    /// [`MasterListError::Empty`].
    pub fn from_der(octets: &[u8]) -> Result<Self, MasterListError> {
        let signed = SignedContent::parse(octets, ID_CSCA_MASTER_LIST)?;
        // By its octets, as the certificates are wanted as they came and real lists are not sorted.
        let malformed = |_| MasterListError::Content;
        let mut reader = tlv::Reader::new(tlv::only(signed.content(), 0x30).map_err(malformed)?);
        match reader.expect(0x02).map_err(malformed)? {
            [0] => {}
            [other] => return Err(MasterListError::Version(*other)),
            _ => return Err(MasterListError::Content),
        }
        let listed = tlv::all(reader.expect(0x31).map_err(malformed)?).map_err(malformed)?;
        reader.finish().map_err(malformed)?;
        if listed.is_empty() {
            return Err(MasterListError::Empty);
        }
        let (mut certificates, mut unreadable) = (Vec::with_capacity(listed.len()), Vec::new());
        for (place, object) in listed.into_iter().enumerate() {
            match Certificate::from_der(&Vec::from(object)) {
                Ok(certificate) => certificates.push(certificate),
                Err(error) => unreadable.push((place + 1, error)),
            }
        }
        Ok(Self { signed, certificates, unreadable })
    }

    /// The CSCA certificates on the list: self-signed ones and links; only as good as the verdict on the list.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// Places on the list, from 1, of what is no certificate that can be read, and why.
    pub fn unreadable(&self) -> &[(usize, CertificateError)] {
        &self.unreadable
    }

    /// Certificate of the signer.
    pub const fn signer(&self) -> &Certificate {
        self.signed.signer()
    }

    /// The certificates beside the list, as they came: the signer's and that of its CSCA (9303-12 table 18).
    pub fn enclosed(&self) -> &[Vec<u8>] {
        self.signed.certificates()
    }

    /// When the list was signed.
    pub fn signing_time(&self) -> Option<UtcDateTime> {
        self.signed.signing_time()
    }

    /// Deviations from 9303-12 that were tolerated in the list and in the certificate of its signer.
    pub fn notes(&self) -> Vec<Note> {
        let mut notes = self.signed.notes().to_vec();
        for note in self.signer().notes() {
            note.clone().add(&mut notes);
        }
        notes
    }

    /// Verifies the list at an instant: its signature, and the path of its signer to a trusted CSCA.
    ///
    /// # Errors
    /// [`MasterListError::Cms`], [`MasterListError::Path`].
    pub fn verify<'a>(&self, trust: &'a TrustStore, at: UtcDateTime) -> Result<Path<'a>, MasterListError> {
        self.signed.verify()?;
        Ok(Path::find_master_list_signer(self.signer(), trust, at)?)
    }
}

/// Signs a master list, 9303-12 §9.1; DER. `signer` holds the key of `certificate`, the master list signer's; `csca` is
/// the CSCA above it and is enclosed.
///
/// # Errors
/// [`MasterListError::Empty`], [`MasterListError::NotACa`], [`MasterListError::Twice`], [`MasterListError::Cms`].
pub fn issue(
    certificates: &[Certificate],
    certificate: &Certificate,
    csca: &Certificate,
    signing_time: UtcDateTime,
    signer: &dyn Signer,
) -> Result<Vec<u8>, MasterListError> {
    if certificates.is_empty() {
        return Err(MasterListError::Empty);
    }
    if let Some(other) = certificates.iter().find(|certificate| !certificate.is_ca()) {
        return Err(MasterListError::NotACa(other.subject()));
    }
    let mut seen = BTreeSet::new();
    if let Some(other) = certificates.iter().find(|certificate| !seen.insert(certificate.der())) {
        return Err(MasterListError::Twice(other.subject()));
    }
    let listed = certificates.iter().map(|certificate| Any::from_der(certificate.der())).collect::<Result<Vec<_>, _>>();
    let list = listed
        .and_then(SetOfVec::try_from)
        .and_then(|cert_list| CscaMasterList { version: 0, cert_list }.to_der())
        .map_err(MasterListError::Encode)?;
    let request = SignRequest {
        content_type: ID_CSCA_MASTER_LIST,
        content: &list,
        certificate,
        others: &[csca],
        identifier: SignerId::SubjectKey,
        signing_time: Some(signing_time),
    };
    Ok(cms::sign(&request, signer)?)
}
