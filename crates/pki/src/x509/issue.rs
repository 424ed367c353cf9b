//! Issuing CSCA and document signer certificates to the profile of 9303-12 §7.1, tables 5 and 6.

use super::{Certificate, CertificateError, DocumentTypeList, ID_DOCUMENT_TYPE_LIST, to_date_time};
use crate::spki::{self, Form, SpkiError};
use crate::{PublicKey, SignError, Signer};
use ::spki::SubjectPublicKeyInfoOwned;
use bitaqa_curves::CurveError;
use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519::{C, CN, L, O};
use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_BASIC_CONSTRAINTS, ID_CE_CRL_DISTRIBUTION_POINTS, ID_CE_ISSUER_ALT_NAME,
    ID_CE_KEY_USAGE, ID_CE_PRIVATE_KEY_USAGE_PERIOD, ID_CE_SUBJECT_ALT_NAME, ID_CE_SUBJECT_KEY_IDENTIFIER,
};
use der::asn1::{BitString, GeneralizedTime, Ia5String, OctetString, PrintableString};
use der::{Any, Decode, Encode, Sequence, Tag};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use time::UtcDateTime;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::certificate::Version;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{self, AuthorityKeyIdentifier, KeyUsage, KeyUsages, PrivateKeyUsagePeriod};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::{Time, Validity};

/// Why a certificate was not issued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// Two upper-case letters.
    #[error("{0:?} is no country code of two upper-case letters")]
    Country(String),
    /// One to three upper-case letters.
    #[error("{0:?} is no issuing state as in the MRZ")]
    MrzState(String),
    /// Empty, or longer than X.520 allows (64 characters).
    #[error("{0:?} is no name of 1 to 64 characters")]
    Name(String),
    /// Not an ldap, http or https URL (9303-12 §7.1.1.4), or none given.
    #[error("{0:?} is no URL of a revocation list (ldap, http or https)")]
    Url(String),
    /// One or two upper-case letters.
    #[error("{0:?} is no document type of the MRZ")]
    DocumentType(String),
    /// Ends before it begins, or lies outside of what X.509 can write.
    #[error("the period from {0} to {1} is none")]
    Period(UtcDateTime, UtcDateTime),
    /// The signer does not hold the key of the certificate it signs for.
    #[error("the signing key does not belong to the certificate of {0}")]
    NotTheKeyOf(String),
    /// The issuing certificate is no CA.
    #[error("{0} is no CA")]
    NotACa(String),
    /// The certificate would be valid when its issuer is not any more, or not yet.
    #[error("the certificate would not lie within the validity of its issuer {0}")]
    OutsideIssuer(String),
    /// The issuer's private key does not sign at that time, 9303-12 §4.1.6.
    #[error("the private key of {0} is out of its usage period")]
    IssuerKeyPeriod(String),
    /// The public key.
    #[error(transparent)]
    PublicKey(#[from] SpkiError),
    /// The signer.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The finished certificate cannot be read back.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// Encoding failed.
    #[error("the certificate cannot be encoded: {0}")]
    Encode(der::Error),
}

impl From<der::Error> for IssueError {
    fn from(error: der::Error) -> Self {
        Self::Encode(error)
    }
}

impl From<CurveError> for IssueError {
    fn from(error: CurveError) -> Self {
        Self::Sign(SignError::Curve(error))
    }
}

/// What all certificates of one issuing state have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuingState {
    /// Country code for C=, ISO 3166-1: `MA`.
    pub country: String,
    /// Issuing state as in the MRZ, for L= among the alternative names: `MAR`.
    pub mrz_state: String,
    /// Name of the authority, for O=.
    pub organisation: String,
    /// Where to reach the authority: an e-mail address or a URL, 9303-12 §7.1.1.2.
    pub contact: String,
    /// Where revocation lists are published, 9303-12 §7.1.1.4; at least one.
    pub crl_urls: Vec<String>,
}

/// From the first to the last instant, both included; whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// First instant.
    pub not_before: UtcDateTime,
    /// Last instant.
    pub not_after: UtcDateTime,
}

/// What a self-signed CSCA certificate says.
#[derive(Clone, Copy, Debug)]
pub struct CscaRequest<'a> {
    /// The state whose CA it is.
    pub state: &'a IssuingState,
    /// CN=
    pub common_name: &'a str,
    /// Validity of the certificate.
    pub validity: Period,
    /// When the private key signs.
    pub private_key_usage: Period,
    /// How the curve is told; 9303-12 §4.1.6.3 wants [`Form::Explicit`].
    pub form: Form,
}

/// What a document signer certificate says.
#[derive(Clone, Copy, Debug)]
pub struct DocumentSignerRequest<'a> {
    /// The state whose documents it signs.
    pub state: &'a IssuingState,
    /// CN=
    pub common_name: &'a str,
    /// The document signer's key.
    pub public_key: &'a PublicKey,
    /// Validity of the certificate.
    pub validity: Period,
    /// When the private key signs.
    pub private_key_usage: Period,
    /// Document types as in the MRZ: `ID`, `P`.
    pub document_types: &'a [&'a str],
    /// How the curve is told; 9303-12 §4.1.6.3 wants [`Form::Explicit`].
    pub form: Form,
}

/// RFC 5280 §4.1, with what 9303-12 table 5 leaves of it.
/// ```text
/// TBSCertificate ::= SEQUENCE {
///     version         [0] EXPLICIT Version,
///     serialNumber        INTEGER,
///     signature           AlgorithmIdentifier,
///     issuer              Name,
///     validity            Validity,
///     subject             Name,
///     subjectPublicKeyInfo SubjectPublicKeyInfo,
///     extensions      [3] EXPLICIT Extensions }
/// ```
#[derive(Sequence)]
struct TbsCertificate {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", default = "Default::default")]
    version: Version,
    serial_number: SerialNumber,
    signature: ::spki::AlgorithmIdentifierOwned,
    issuer: Name,
    validity: Validity,
    subject: Name,
    subject_public_key_info: SubjectPublicKeyInfoOwned,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Vec<Extension>>,
}

/// ```text
/// Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm AlgorithmIdentifier, signature BIT STRING }
/// ```
#[derive(Sequence)]
struct Signed {
    tbs: Any,
    algorithm: ::spki::AlgorithmIdentifierOwned,
    signature: BitString,
}

/// Issues the self-signed certificate of a CSCA, 9303-12 §7.1.1: keyCertSign and cRLSign, CA with path length 0. The
/// serial number is drawn from `rng`: 127 bits, positive.
///
/// # Errors
/// [`IssueError`], a variant per field.
pub fn issue_csca(
    request: &CscaRequest<'_>,
    signer: &dyn Signer,
    rng: &mut dyn CryptoRng,
) -> Result<Certificate, IssueError> {
    let name = name(request.state, request.common_name)?;
    let public_key = signer.public_key();
    let key_id = key_identifier(&public_key)?;
    let names = alternative_names(request.state)?.to_der()?;
    let constraints = pkix::BasicConstraints { ca: true, path_len_constraint: Some(0) };
    let usage = KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign);
    let extensions = vec![
        authority_key_identifier(&key_id)?,
        extension(ID_CE_SUBJECT_KEY_IDENTIFIER, false, OctetString::new(key_id)?.to_der()?)?,
        extension(ID_CE_KEY_USAGE, true, usage.to_der()?)?,
        private_key_usage(request.private_key_usage)?,
        // Identical in a self-signed certificate, 9303-12 §7.1.1.2.
        extension(ID_CE_SUBJECT_ALT_NAME, false, names.clone())?,
        extension(ID_CE_ISSUER_ALT_NAME, false, names)?,
        extension(ID_CE_BASIC_CONSTRAINTS, true, constraints.to_der()?)?,
        distribution_points(&request.state.crl_urls)?,
    ];
    let tbs = TbsCertificate {
        version: Version::V3,
        serial_number: serial_number(rng)?,
        signature: signer.algorithm().identifier()?,
        issuer: name.clone(),
        validity: validity(request.validity)?,
        subject: name,
        subject_public_key_info: spki::info(&public_key, request.form)?,
        extensions: Some(extensions),
    };
    sign(&tbs, signer)
}

/// Issues the certificate of a document signer under a CSCA, 9303-12 §7.1.1: digitalSignature, the document types, no
/// BasicConstraints. `signer` holds the key of `csca`. Serial number as in [`issue_csca`].
///
/// # Errors
/// [`IssueError`]: a variant per field, and the refusals of a CSCA that cannot or must not sign this.
pub fn issue_document_signer(
    request: &DocumentSignerRequest<'_>,
    csca: &Certificate,
    signer: &dyn Signer,
    rng: &mut dyn CryptoRng,
) -> Result<Certificate, IssueError> {
    check_issuer(request, csca, signer)?;
    let csca_key_id = authority_key(csca, signer)?;
    let names = alternative_names(request.state)?.to_der()?;
    // The issuer's alternative names are those that the issuer gives itself.
    let issuer_names = csca.extension(ID_CE_SUBJECT_ALT_NAME).map_or_else(|| names.clone(), <[u8]>::to_vec);
    let key_id = OctetString::new(key_identifier(request.public_key)?)?;
    let usage = KeyUsage(KeyUsages::DigitalSignature.into());
    let extensions = vec![
        authority_key_identifier(&csca_key_id)?,
        extension(ID_CE_SUBJECT_KEY_IDENTIFIER, false, key_id.to_der()?)?,
        extension(ID_CE_KEY_USAGE, true, usage.to_der()?)?,
        private_key_usage(request.private_key_usage)?,
        extension(ID_CE_SUBJECT_ALT_NAME, false, names)?,
        extension(ID_CE_ISSUER_ALT_NAME, false, issuer_names)?,
        distribution_points(&request.state.crl_urls)?,
        extension(ID_DOCUMENT_TYPE_LIST, false, document_types(request.document_types)?.to_der()?)?,
    ];
    let tbs = TbsCertificate {
        version: Version::V3,
        serial_number: serial_number(rng)?,
        signature: signer.algorithm().identifier()?,
        issuer: csca.subject_name().clone(),
        validity: validity(request.validity)?,
        subject: name(request.state, request.common_name)?,
        subject_public_key_info: spki::info(request.public_key, request.form)?,
        extensions: Some(extensions),
    };
    sign(&tbs, signer)
}

fn check_issuer(
    request: &DocumentSignerRequest<'_>,
    csca: &Certificate,
    signer: &dyn Signer,
) -> Result<(), IssueError> {
    let subject = || csca.subject();
    if csca.public_key()? != signer.public_key() {
        return Err(IssueError::NotTheKeyOf(subject()));
    }
    if !csca.is_ca() {
        return Err(IssueError::NotACa(subject()));
    }
    let Period { not_before, not_after } = request.validity;
    if not_before < csca.not_before() || not_after > csca.not_after() {
        return Err(IssueError::OutsideIssuer(subject()));
    }
    let (from, until) = csca.private_key_usage();
    if from.is_some_and(|from| not_before < from) || until.is_some_and(|until| not_before > until) {
        return Err(IssueError::IssuerKeyPeriod(subject()));
    }
    Ok(())
}

fn sign(tbs: &TbsCertificate, signer: &dyn Signer) -> Result<Certificate, IssueError> {
    let octets = tbs.to_der()?;
    let signature = signer.sign(&octets)?.to_x509(signer.algorithm(), &signer.public_key())?;
    let signed = Signed {
        tbs: Any::from_der(&octets)?,
        algorithm: signer.algorithm().identifier()?,
        signature: BitString::from_bytes(&signature)?,
    };
    Ok(Certificate::from_der(&signed.to_der()?)?)
}

/// 16 octets with the two highest bits 01: positive, never shortened, and 126 random bits.
fn serial_number(rng: &mut dyn CryptoRng) -> Result<SerialNumber, der::Error> {
    let mut octets = [0; 16];
    rng.fill_bytes(&mut octets);
    let [first, ..] = &mut octets;
    *first = *first & 0x3F | 0x40;
    SerialNumber::new(&octets)
}

/// RFC 7093 §2, method 1: the first 160 bits of SHA-256 over the public key as it stands in SubjectPublicKeyInfo.
fn key_identifier(key: &PublicKey) -> Result<Vec<u8>, SpkiError> {
    let info = spki::info(key, Form::Named)?;
    Ok(Sha256::digest(info.subject_public_key.raw_bytes()).iter().take(20).copied().collect())
}

/// What the issuer calls its key.
fn authority_key(issuer: &Certificate, signer: &dyn Signer) -> Result<Vec<u8>, SpkiError> {
    issuer.subject_key_id().map_or_else(|| key_identifier(&signer.public_key()), |id| Ok(id.to_vec()))
}

fn authority_key_identifier(key_id: &[u8]) -> Result<Extension, der::Error> {
    let identifier =
        AuthorityKeyIdentifier { key_identifier: Some(OctetString::new(key_id)?), ..AuthorityKeyIdentifier::default() };
    extension(ID_CE_AUTHORITY_KEY_IDENTIFIER, false, identifier.to_der()?)
}

fn extension(oid: ObjectIdentifier, critical: bool, der: Vec<u8>) -> Result<Extension, der::Error> {
    Ok(Extension { extn_id: oid, critical, extn_value: OctetString::new(der)? })
}

fn private_key_usage(period: Period) -> Result<Extension, IssueError> {
    let (not_before, not_after) = ordered(period)?;
    let value = PrivateKeyUsagePeriod {
        not_before: Some(GeneralizedTime::from_date_time(not_before)),
        not_after: Some(GeneralizedTime::from_date_time(not_after)),
    };
    Ok(extension(ID_CE_PRIVATE_KEY_USAGE_PERIOD, false, value.to_der()?)?)
}

fn validity(period: Period) -> Result<Validity, IssueError> {
    let (not_before, not_after) = ordered(period)?;
    Ok(Validity::new(Time::from(not_before), Time::from(not_after)))
}

fn ordered(period: Period) -> Result<(der::DateTime, der::DateTime), IssueError> {
    let none = IssueError::Period(period.not_before, period.not_after);
    match (to_date_time(period.not_before), to_date_time(period.not_after)) {
        (Some(not_before), Some(not_after)) if not_before < not_after => Ok((not_before, not_after)),
        _ => Err(none),
    }
}

/// C, O, CN in this order; the country as PrintableString, 9303-12 table 5.
fn name(state: &IssuingState, common_name: &str) -> Result<Name, IssueError> {
    if state.country.len() != 2 || !state.country.bytes().all(|octet| octet.is_ascii_uppercase()) {
        return Err(IssueError::Country(state.country.clone()));
    }
    for text in [state.organisation.as_str(), common_name] {
        if text.is_empty() || text.chars().count() > 64 {
            return Err(IssueError::Name(text.to_owned()));
        }
    }
    distinguished(&[
        (C, Tag::PrintableString, &state.country),
        (O, Tag::Utf8String, &state.organisation),
        (CN, Tag::Utf8String, common_name),
    ])
}

fn distinguished(attributes: &[(ObjectIdentifier, Tag, &str)]) -> Result<Name, IssueError> {
    let mut sequence = RdnSequence::default();
    for (oid, tag, text) in attributes {
        let mut relative = RelativeDistinguishedName::default();
        relative.insert(AttributeTypeAndValue { oid: *oid, value: Any::new(*tag, text.as_bytes())? })?;
        sequence.push(relative);
    }
    Ok(Name::from_der(&sequence.to_der()?)?)
}

/// 9303-12 §7.1.1.2: how to reach the authority, and a directory name of the locality alone.
fn alternative_names(state: &IssuingState) -> Result<Vec<GeneralName>, IssueError> {
    let code = state.mrz_state.as_str();
    if !(1..=3).contains(&code.len()) || !code.bytes().all(|octet| octet.is_ascii_uppercase()) {
        return Err(IssueError::MrzState(code.to_owned()));
    }
    let text = Ia5String::new(&state.contact)?;
    let contact = if state.contact.contains("://") {
        GeneralName::UniformResourceIdentifier(text)
    } else {
        GeneralName::Rfc822Name(text)
    };
    Ok(vec![contact, GeneralName::DirectoryName(distinguished(&[(L, Tag::PrintableString, code)])?)])
}

fn distribution_points(urls: &[String]) -> Result<Extension, IssueError> {
    if urls.is_empty() {
        return Err(IssueError::Url(String::new()));
    }
    let mut names = Vec::with_capacity(urls.len());
    for url in urls {
        if !["ldap://", "http://", "https://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(IssueError::Url(url.clone()));
        }
        names.push(GeneralName::UniformResourceIdentifier(Ia5String::new(url)?));
    }
    let point = DistributionPoint {
        distribution_point: Some(DistributionPointName::FullName(names)),
        reasons: None,
        crl_issuer: None,
    };
    Ok(extension(ID_CE_CRL_DISTRIBUTION_POINTS, false, vec![point].to_der()?)?)
}

fn document_types(types: &[&str]) -> Result<DocumentTypeList, IssueError> {
    let mut list = DocumentTypeList { version: 0, document_types: der::asn1::SetOfVec::new() };
    for document_type in types {
        let known = (1..=2).contains(&document_type.len()) && document_type.bytes().all(|o| o.is_ascii_uppercase());
        if !known {
            return Err(IssueError::DocumentType((*document_type).to_owned()));
        }
        let document_type = PrintableString::new(document_type)?;
        if !list.document_types.as_slice().contains(&document_type) {
            list.document_types.insert(document_type)?;
        }
    }
    if types.is_empty() { Err(IssueError::DocumentType(String::new())) } else { Ok(list) }
}
