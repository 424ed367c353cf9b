//! Passive authentication, 9303-11 §5.1, one step after the other: each can be asked even where another failed.

use super::{EF_SOD, ID_LDS_SECURITY_OBJECT, SecurityObject, SodError};
use crate::x509::{PathError, check_path};
use crate::{Certificate, HashAlgorithm, SignatureAlgorithm, TrustStore};
use bitaqa_apdu::tlv;
use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedAttributes, SignedData, SignerIdentifier, SignerInfo};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911::{ID_CONTENT_TYPE, ID_MESSAGE_DIGEST, ID_SIGNED_DATA};
use der::asn1::{OctetString, OctetStringRef};
use der::{Decode, Encode};
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
    /// The security object as it was signed.
    content: Vec<u8>,
    signer_info: SignerInfo,
    document_signer: Certificate,
}

/// All verdicts of passive authentication, none hidden behind another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// The signature by the document signer in the file.
    pub signature: Result<(), SodError>,
    /// The path of that document signer to a trusted CSCA.
    pub path: Result<(), PathError>,
    /// A verdict for each data group given, in their order.
    pub data_groups: Vec<(u8, HashVerdict)>,
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
        path: sod.verify_path(trust, at).map(|_| ()),
        data_groups: data_groups.iter().map(|(number, octets)| (*number, sod.compare(*number, octets))).collect(),
    })
}

impl Sod {
    /// Reads the file: tag 77, SignedData, one signer, its certificate, the LDS security object.
    ///
    /// # Errors
    /// [`SodError`], a variant per defect; nothing about signatures.
    pub fn parse(ef_sod: &[u8]) -> Result<Self, SodError> {
        let info = ContentInfo::from_der(tlv::only(ef_sod, EF_SOD)?).map_err(SodError::Cms)?;
        if info.content_type != ID_SIGNED_DATA {
            return Err(SodError::ContentType(info.content_type));
        }
        let data: SignedData = info.content.decode_as().map_err(SodError::Cms)?;
        let inner = data.encap_content_info;
        if inner.econtent_type != ID_LDS_SECURITY_OBJECT {
            return Err(SodError::ContentType(inner.econtent_type));
        }
        let content = inner.econtent.ok_or(SodError::NoContent)?;
        let content = content.decode_as::<&OctetStringRef>().map_err(SodError::Cms)?.as_bytes().to_vec();
        let certificates = data.certificates.map(|set| set.0.into_vec()).unwrap_or_default();
        let mut signers = data.signer_infos.0.into_vec();
        let (Some(signer_info), true) = (signers.pop(), signers.is_empty()) else {
            return Err(SodError::Signers(signers.len()));
        };
        Ok(Self {
            security_object: SecurityObject::from_der(&content)?,
            content,
            document_signer: find_signer(&signer_info.sid, certificates)?,
            signer_info,
        })
    }

    /// The hashes; only as good as the verdicts on signature and path.
    pub const fn security_object(&self) -> &SecurityObject {
        &self.security_object
    }

    /// Certificate of the signer, out of the file.
    pub const fn document_signer(&self) -> &Certificate {
        &self.document_signer
    }

    /// Verifies the signature by the document signer in the file, RFC 5652 §5.4 and §5.6: the attributes cover the
    /// security object, the signature covers the attributes.
    ///
    /// # Errors
    /// [`SodError::MessageDigest`] when the security object was changed, [`SodError::Signature`] when the signature
    /// does not verify, [`SodError::SignedAttributes`], [`SodError::SignatureAlgorithm`], [`SodError::Hash`],
    /// [`SodError::PublicKey`].
    pub fn verify_signature(&self) -> Result<(), SodError> {
        let stated = self.signer_info.digest_alg.oid;
        let hash = HashAlgorithm::from_oid(stated).ok_or(SodError::Hash(stated))?;
        let oid = self.signer_info.signature_algorithm.oid;
        let algorithm = SignatureAlgorithm::read_cms(&self.signer_info.signature_algorithm, hash, &mut Vec::new());
        let algorithm = algorithm.ok_or(SodError::SignatureAlgorithm(oid))?;

        let attributes = self.signer_info.signed_attrs.as_ref().ok_or(SodError::SignedAttributes)?;
        if single::<ObjectIdentifier>(attributes, ID_CONTENT_TYPE)? != ID_LDS_SECURITY_OBJECT {
            return Err(SodError::SignedAttributes);
        }
        let digest = single::<OctetString>(attributes, ID_MESSAGE_DIGEST)?;
        if digest.as_bytes() != hash.digest(&self.content) {
            return Err(SodError::MessageDigest);
        }

        let key = self.document_signer.public_key()?;
        let signed = attributes.to_der().map_err(SodError::Cms)?;
        let octets = self.signer_info.signature.as_bytes();
        key.verify_x509(algorithm, &signed, octets).map_err(|_| SodError::Signature)
    }

    /// Finds the trusted CSCA above the document signer and checks the path at an instant, 9303-12 §5.1.
    ///
    /// # Errors
    /// [`PathError`].
    pub fn verify_path<'a>(&self, trust: &'a TrustStore, at: UtcDateTime) -> Result<&'a Certificate, PathError> {
        check_path(&self.document_signer, trust, at)
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

fn find_signer(sid: &SignerIdentifier, certificates: Vec<CertificateChoices>) -> Result<Certificate, SodError> {
    for choice in certificates {
        let CertificateChoices::Certificate(inner) = choice else { continue };
        let certificate = Certificate::from_der(&inner.to_der().map_err(SodError::Cms)?)?;
        let found = match sid {
            SignerIdentifier::IssuerAndSerialNumber(named) => {
                named.issuer == *inner.tbs_certificate().issuer()
                    && named.serial_number == *inner.tbs_certificate().serial_number()
            }
            SignerIdentifier::SubjectKeyIdentifier(id) => certificate.subject_key_id() == Some(id.0.as_bytes()),
        };
        if found {
            return Ok(certificate);
        }
    }
    Err(SodError::NoDocumentSigner)
}

/// The one value of the one attribute of this type, RFC 5652 §11.
fn single<T>(attributes: &SignedAttributes, oid: ObjectIdentifier) -> Result<T, SodError>
where
    T: for<'a> Decode<'a, Error = der::Error>,
{
    let mut found = attributes.iter().filter(|attribute| attribute.oid == oid);
    let (Some(attribute), None) = (found.next(), found.next()) else { return Err(SodError::SignedAttributes) };
    let [value] = attribute.values.as_slice() else { return Err(SodError::SignedAttributes) };
    let der = value.to_der().map_err(SodError::Cms)?;
    T::from_der(&der).map_err(|_| SodError::SignedAttributes)
}
