//! CMS SignedData with one signer, RFC 5652 §5: the envelope of EF.SOD and of master lists.
//!
//! ```text
//! ContentInfo id-signedData
//!   SignedData version 3, digestAlgorithms
//!     eContentType, eContent                   signed by way of messageDigest
//!     certificates                             the signer's among them
//!     SignerInfo                               issuer and serial number, or key identifier
//!       signedAttrs contentType, messageDigest the signature is over these
//! ```
//! Writing goes through the types of the crate `cms`. Reading goes by the octets, since these are what was signed:
//! types that sort a SET while reading it would verify something else than what stands there.

mod sign;

pub use sign::SignerId;
pub(crate) use sign::{SignRequest, sign};

use crate::algorithm::hash_of;
use crate::ber;
use crate::spki::SpkiError;
use crate::x509::{CertificateError, same_name};
use crate::{Certificate, HashAlgorithm, Note, SignError, SignatureAlgorithm, Signer, VerifyError};
use bitaqa_apdu::tlv::{self, Reader, Tag, TlvError};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911::{ID_CONTENT_TYPE, ID_MESSAGE_DIGEST, ID_SIGNED_DATA, ID_SIGNING_TIME};
use der::referenced::OwnedToRef;
use der::{Decode, Sequence};
use spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};
use time::UtcDateTime;
use x509_cert::certificate::Raw;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::Time;

/// What is wrong with signed data, or why none was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CmsError {
    /// Not TLV, or objects missing or not in their place.
    #[error("the signed data are not well-formed: {0}")]
    Tlv(#[from] TlvError),
    /// A field that is not what its name says.
    #[error("the signed data are malformed: {0}")]
    Der(der::Error),
    /// Another content than SignedData, or signed data of another kind.
    #[error("the content is of type {0}")]
    ContentType(ObjectIdentifier),
    /// Signed data without content.
    #[error("the signed data have no content")]
    NoContent,
    /// Exactly one signer.
    #[error("the signed data have {0} signers instead of one")]
    Signers(usize),
    /// The signer's certificate is not among the certificates, or there are none.
    #[error("the signed data do not contain the certificate of their signer")]
    NoSigner,
    /// The signer's certificate.
    #[error("the certificate of the signer is unusable: {0}")]
    Certificate(#[from] CertificateError),
    /// The signer's key.
    #[error("the key of the signer is unusable: {0}")]
    PublicKey(#[from] SpkiError),
    /// The attributes that the signature covers are missing, twice, or of another content type.
    #[error("the signed attributes are missing or contradictory")]
    SignedAttributes,
    /// A hash function that 9303-12 §4.1.6.4 does not know.
    #[error("the hash function {0} is not supported")]
    Hash(ObjectIdentifier),
    /// The content was changed after signing.
    #[error("the content is not the one that was signed")]
    MessageDigest,
    /// An algorithm that is not spoken here, or one that contradicts the digest algorithm.
    #[error("signatures with algorithm {0} are not supported")]
    SignatureAlgorithm(ObjectIdentifier),
    /// The signature does not verify with the signer's key.
    #[error("the signature was not made by the signer whose certificate is there")]
    Signature,
    /// The signer does not hold the key of the certificate.
    #[error("the signing key does not belong to the certificate of {0}")]
    NotTheKeyOf(String),
    /// The signer.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// Encoding failed.
    #[error("the signed data cannot be encoded: {0}")]
    Encode(der::Error),
}

impl From<der::Error> for CmsError {
    fn from(error: der::Error) -> Self {
        Self::Der(error)
    }
}

/// Signed data as read; nothing is verified yet. EF.SOD and master lists have types of their own; this one is for
/// content of other kinds, such as the SecurityInfos in EF.CardSecurity (9303-11 §9.2.11).
#[derive(Clone, Debug)]
pub struct SignedContent {
    content_type: ObjectIdentifier,
    content: Vec<u8>,
    /// All certificates, as they came.
    certificates: Vec<Vec<u8>>,
    signer: Certificate,
    digest: AlgorithmIdentifierOwned,
    /// The signed attributes as SET OF, the form in which they are signed.
    attributes: Option<Vec<u8>>,
    algorithm: AlgorithmIdentifierOwned,
    signature: Vec<u8>,
    notes: Vec<Note>,
}

/// RFC 5652 §10.2.4.
/// ```text
/// IssuerAndSerialNumber ::= SEQUENCE { issuer Name, serialNumber CertificateSerialNumber }
/// ```
#[derive(Sequence)]
struct IssuerAndSerial {
    issuer: Name,
    serial_number: SerialNumber<Raw>,
}

const SEQUENCE: Tag = 0x30;
const SET: Tag = 0x31;

impl SignedContent {
    /// Signs content of this type; `signer` holds the key of the certificate, which goes with it. DER of the
    /// ContentInfo, without signing time, so that one signer and content give one result.
    ///
    /// # Errors
    /// [`CmsError::NotTheKeyOf`], [`CmsError::Sign`], [`CmsError::Encode`].
    pub fn sign(
        content_type: ObjectIdentifier,
        content: &[u8],
        certificate: &Certificate,
        signer: &dyn Signer,
    ) -> Result<Vec<u8>, CmsError> {
        let identifier = SignerId::IssuerAndSerial;
        sign::sign(
            &SignRequest { content_type, content, certificate, others: &[], identifier, signing_time: None },
            signer,
        )
    }

    /// Reads a ContentInfo of SignedData around content of this type.
    ///
    /// # Errors
    /// [`CmsError`], a variant per defect; nothing about signatures.
    pub fn parse(octets: &[u8], content_type: ObjectIdentifier) -> Result<Self, CmsError> {
        let (octets, changed) = ber::to_der(octets)?;
        let mut notes = Vec::new();
        if changed {
            Note::NotDer.add(&mut notes);
        }
        let mut info = Reader::new(tlv::only(&octets, SEQUENCE)?);
        expect_type(&mut info, ID_SIGNED_DATA)?;
        let mut data = Reader::new(tlv::only(info.expect(0xA0)?, SEQUENCE)?);
        info.finish()?;
        data.expect(0x02)?;
        data.expect(SET)?;
        let mut inner = Reader::new(data.expect(SEQUENCE)?);
        expect_type(&mut inner, content_type)?;
        let content = inner.optional(0xA0)?.ok_or(CmsError::NoContent)?;
        let content = tlv::only(content, 0x04)?.to_vec();
        let certificates = certificates(data.optional(0xA0)?.unwrap_or_default())?;
        data.optional(0xA1)?;
        let signers = tlv::all(data.expect(SET)?)?;
        data.finish()?;
        match signers.as_slice() {
            [signer] if signer.tag == SEQUENCE => {
                Self::read_signer(signer.value, content_type, content, certificates, notes)
            }
            _ => Err(CmsError::Signers(signers.len())),
        }
    }

    /// ```text
    /// SignerInfo ::= SEQUENCE {
    ///     version, sid SignerIdentifier, digestAlgorithm, signedAttrs [0] IMPLICIT SET OF Attribute OPTIONAL,
    ///     signatureAlgorithm, signature OCTET STRING, unsignedAttrs [1] IMPLICIT SET OF Attribute OPTIONAL }
    /// ```
    fn read_signer(
        octets: &[u8],
        content_type: ObjectIdentifier,
        content: Vec<u8>,
        certificates: Vec<Vec<u8>>,
        mut notes: Vec<Note>,
    ) -> Result<Self, CmsError> {
        let mut reader = Reader::new(octets);
        reader.expect(0x02)?;
        let signer = find_signer(&mut reader, &certificates)?;
        let digest = algorithm(&mut reader)?;
        let attributes = reader.optional(0xA0)?;
        let algorithm = algorithm(&mut reader)?;
        let signature = reader.expect(0x04)?.to_vec();
        reader.optional(0xA1)?;
        reader.finish()?;
        if attributes.is_some_and(|octets| !is_ordered(octets)) {
            Note::AttributeOrder.add(&mut notes);
        }
        if let Some(hash) = hash_of(digest.owned_to_ref()) {
            if !hash.is_permitted() {
                Note::Sha1.add(&mut notes);
            }
            let read = SignatureAlgorithm::read_cms(&algorithm, hash, &mut notes);
            if signer.has_pss_key() && matches!(read, Some(SignatureAlgorithm::RsaPkcs1(_))) {
                Note::PssKeySignedPkcs1.add(&mut notes);
            }
        }
        let attributes = attributes.map(|octets| tlv::tlv(SET, octets));
        Ok(Self { content_type, content, certificates, signer, digest, attributes, algorithm, signature, notes })
    }

    /// The content, octets as they were signed.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// Certificate of the signer.
    pub const fn signer(&self) -> &Certificate {
        &self.signer
    }

    /// All certificates, as they came.
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    /// What was tolerated in the envelope.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Verifies the signature by the signer in the data, RFC 5652 §5.4 and §5.6: the attributes cover the content, the
    /// signature covers the attributes.
    ///
    /// # Errors
    /// [`CmsError`] from `SignedAttributes` to `Signature`.
    pub fn verify(&self) -> Result<(), CmsError> {
        let hash = self.hash()?;
        let unsupported = CmsError::SignatureAlgorithm(self.algorithm.oid);
        let algorithm = SignatureAlgorithm::read_cms(&self.algorithm, hash, &mut Vec::new());
        let algorithm = algorithm.ok_or_else(|| unsupported.clone())?;
        let attributes = self.attributes.as_deref().ok_or(CmsError::SignedAttributes)?;
        let values = tlv::only(attributes, SET)?;
        if single(values, ID_CONTENT_TYPE, 0x06)? != self.content_type.as_bytes() {
            return Err(CmsError::SignedAttributes);
        }
        if single(values, ID_MESSAGE_DIGEST, 0x04)? != hash.digest(&self.content) {
            return Err(CmsError::MessageDigest);
        }
        let key = self.signer.public_key()?;
        let refusal = |error: VerifyError| if error.is_unsupported() { unsupported } else { CmsError::Signature };
        key.verify_x509(algorithm, attributes, &self.signature).map_err(refusal)
    }

    fn hash(&self) -> Result<HashAlgorithm, CmsError> {
        hash_of(self.digest.owned_to_ref()).ok_or(CmsError::Hash(self.digest.oid))
    }

    /// signingTime, RFC 5652 §11.3; only as good as the verdict on the signature.
    pub fn signing_time(&self) -> Option<UtcDateTime> {
        let values = tlv::only(self.attributes.as_deref()?, SET).ok()?;
        let time = [0x17, 0x18].into_iter().find_map(|tag| {
            let value = single(values, ID_SIGNING_TIME, tag).ok()?;
            Time::from_der(&tlv::tlv(tag, value)).ok()
        })?;
        crate::x509::from_time(&time)
    }
}

fn expect_type(reader: &mut Reader<'_>, expected: ObjectIdentifier) -> Result<(), CmsError> {
    let found = ObjectIdentifier::from_bytes(reader.expect(0x06)?).map_err(der::Error::from)?;
    if found == expected { Ok(()) } else { Err(CmsError::ContentType(found)) }
}

/// X.509 certificates among the CertificateChoices; attribute certificates and the like say nothing here.
fn certificates(octets: &[u8]) -> Result<Vec<Vec<u8>>, CmsError> {
    Ok(tlv::all(octets)?.iter().filter(|choice| choice.tag == SEQUENCE).map(|choice| Vec::from(*choice)).collect())
}

fn algorithm(reader: &mut Reader<'_>) -> Result<AlgorithmIdentifierOwned, CmsError> {
    let octets = tlv::tlv(SEQUENCE, reader.expect(SEQUENCE)?);
    let identifier = AlgorithmIdentifierRef::from_der(&octets)?;
    Ok(AlgorithmIdentifierOwned { oid: identifier.oid, parameters: identifier.parameters.map(Into::into) })
}

/// The certificate that the SignerIdentifier names: by issuer and serial number, or by subjectKeyIdentifier.
fn find_signer(reader: &mut Reader<'_>, certificates: &[Vec<u8>]) -> Result<Certificate, CmsError> {
    let key_id = reader.optional(0x80)?;
    let named = match key_id {
        Some(_) => None,
        None => Some(IssuerAndSerial::from_der(&tlv::tlv(SEQUENCE, reader.expect(SEQUENCE)?))?),
    };
    for der in certificates {
        let certificate = Certificate::from_der(der)?;
        let found = match &named {
            Some(named) => {
                same_name(&named.issuer, certificate.issuer_name())
                    && named.serial_number.as_bytes() == certificate.serial()
            }
            None => key_id.is_some() && certificate.subject_key_id() == key_id,
        };
        if found {
            return Ok(certificate);
        }
    }
    Err(CmsError::NoSigner)
}

/// DER orders a SET OF by its octets, X.690 §11.6.
fn is_ordered(octets: &[u8]) -> bool {
    let Ok(objects) = tlv::all(octets) else { return false };
    let objects: Vec<Vec<u8>> = objects.into_iter().map(Vec::from).collect();
    objects.is_sorted()
}

/// The one value of the one attribute of this type, RFC 5652 §11.
/// ```text
/// Attribute ::= SEQUENCE { attrType OBJECT IDENTIFIER, attrValues SET OF AttributeValue }
/// ```
fn single(attributes: &[u8], oid: ObjectIdentifier, tag: Tag) -> Result<&[u8], CmsError> {
    let mut found = None;
    let mut reader = Reader::new(attributes);
    while !reader.is_empty() {
        let mut attribute = Reader::new(reader.expect(SEQUENCE)?);
        if attribute.expect(0x06)? == oid.as_bytes() && found.replace(attribute.expect(SET)?).is_some() {
            return Err(CmsError::SignedAttributes);
        }
    }
    let values = found.ok_or(CmsError::SignedAttributes)?;
    tlv::only(values, tag).map_err(|_| CmsError::SignedAttributes)
}
