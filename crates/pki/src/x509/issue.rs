//! Issuing CSCA and document signer certificates to the profile of 9303-12 §7.1, tables 5 and 6.

use super::extensions::{
    self, alternative_names, authority_key, authority_key_identifier, distribution_points, extension, key_identifier,
    name, private_key_usage, serial_number, validity,
};
use super::{Certificate, CertificateError, ID_DOCUMENT_TYPE_LIST};
use crate::spki::{self, Form, SpkiError};
use crate::{PublicKey, SignError, Signer};
use ::spki::SubjectPublicKeyInfoOwned;
use bitaqa_curves::CurveError;
use const_oid::db::rfc5280::{
    ID_CE_BASIC_CONSTRAINTS, ID_CE_ISSUER_ALT_NAME, ID_CE_KEY_USAGE, ID_CE_SUBJECT_ALT_NAME,
    ID_CE_SUBJECT_KEY_IDENTIFIER,
};
use der::asn1::{BitString, OctetString};
use der::{Any, Decode, Encode, Sequence};
use rand_core::CryptoRng;
use time::UtcDateTime;
use x509_cert::certificate::Version;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{self, KeyUsage, KeyUsages};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::Validity;

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

/// What every certificate says that a CSCA issues for the key of somebody else, or for its own next one.
#[derive(Clone, Copy, Debug)]
pub struct CertificateRequest<'a> {
    /// The state whose certificate it is.
    pub state: &'a IssuingState,
    /// CN=
    pub common_name: &'a str,
    /// The key.
    pub public_key: &'a PublicKey,
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
pub(super) struct TbsCertificate {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", default = "Default::default")]
    pub version: Version,
    pub serial_number: SerialNumber,
    pub signature: ::spki::AlgorithmIdentifierOwned,
    pub issuer: Name,
    pub validity: Validity,
    pub subject: Name,
    pub subject_public_key_info: SubjectPublicKeyInfoOwned,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    pub extensions: Option<Vec<Extension>>,
}

/// A certificate or a revocation list.
/// ```text
/// SIGNED ::= SEQUENCE { toBeSigned, algorithmIdentifier AlgorithmIdentifier, signature BIT STRING }
/// ```
#[derive(Sequence)]
pub(crate) struct Signed {
    tbs: Any,
    algorithm: ::spki::AlgorithmIdentifierOwned,
    signature: BitString,
}

impl Signed {
    /// Signs what was encoded, as X.509 does.
    pub(crate) fn sign(tbs: &[u8], signer: &dyn Signer) -> Result<Vec<u8>, IssueError> {
        let signature = signer.sign(tbs)?.to_x509(signer.algorithm(), &signer.public_key())?;
        let algorithm = signer.algorithm().identifier()?;
        let signed = Self { tbs: Any::from_der(tbs)?, algorithm, signature: BitString::from_bytes(&signature)? };
        Ok(signed.to_der()?)
    }
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
    check_issuer(request.validity, csca, signer)?;
    let &DocumentSignerRequest { state, common_name, public_key, validity, private_key_usage, document_types, form } =
        request;
    let own = vec![extension(ID_DOCUMENT_TYPE_LIST, false, extensions::document_types(document_types)?.to_der()?)?];
    let request = CertificateRequest { state, common_name, public_key, validity, private_key_usage, form };
    issue_under(&request, csca, KeyUsage(KeyUsages::DigitalSignature.into()), own, signer, rng)
}

/// A certificate under a CSCA: what all of them have in common, and `own` extensions of its kind. Whether the CSCA may
/// sign it was asked before.
pub(super) fn issue_under(
    request: &CertificateRequest<'_>,
    csca: &Certificate,
    usage: KeyUsage,
    own: Vec<Extension>,
    signer: &dyn Signer,
    rng: &mut dyn CryptoRng,
) -> Result<Certificate, IssueError> {
    let names = alternative_names(request.state)?.to_der()?;
    // The issuer's alternative names are those that the issuer gives itself.
    let issuer_names = csca.extension(ID_CE_SUBJECT_ALT_NAME).map_or_else(|| names.clone(), <[u8]>::to_vec);
    let key_id = OctetString::new(key_identifier(request.public_key)?)?;
    let mut all = vec![
        authority_key_identifier(&authority_key(csca, signer)?)?,
        extension(ID_CE_SUBJECT_KEY_IDENTIFIER, false, key_id.to_der()?)?,
        extension(ID_CE_KEY_USAGE, true, usage.to_der()?)?,
        private_key_usage(request.private_key_usage)?,
        extension(ID_CE_SUBJECT_ALT_NAME, false, names)?,
        extension(ID_CE_ISSUER_ALT_NAME, false, issuer_names)?,
        distribution_points(&request.state.crl_urls)?,
    ];
    all.extend(own);
    let tbs = TbsCertificate {
        version: Version::V3,
        serial_number: serial_number(rng)?,
        signature: signer.algorithm().identifier()?,
        issuer: csca.subject_name().clone(),
        validity: validity(request.validity)?,
        subject: name(request.state, request.common_name)?,
        subject_public_key_info: spki::info(request.public_key, request.form)?,
        extensions: Some(all),
    };
    sign(&tbs, signer)
}

/// Whether this CSCA, by this key, may sign something that is valid from then to then.
pub(super) fn check_issuer(validity: Period, csca: &Certificate, signer: &dyn Signer) -> Result<(), IssueError> {
    check_holder(csca, signer)?;
    if validity.not_before < csca.not_before() || validity.not_after > csca.not_after() {
        return Err(IssueError::OutsideIssuer(csca.subject()));
    }
    check_period(validity.not_before, csca)
}

/// Whether the key is that of the CSCA and signs at that instant.
pub(crate) fn check_key(at: UtcDateTime, csca: &Certificate, signer: &dyn Signer) -> Result<(), IssueError> {
    check_holder(csca, signer)?;
    check_period(at, csca)
}

fn check_holder(csca: &Certificate, signer: &dyn Signer) -> Result<(), IssueError> {
    if csca.public_key()? != signer.public_key() {
        return Err(IssueError::NotTheKeyOf(csca.subject()));
    }
    if csca.is_ca() { Ok(()) } else { Err(IssueError::NotACa(csca.subject())) }
}

fn check_period(at: UtcDateTime, csca: &Certificate) -> Result<(), IssueError> {
    let (from, until) = csca.private_key_usage();
    if from.is_some_and(|from| at < from) || until.is_some_and(|until| at > until) {
        return Err(IssueError::IssuerKeyPeriod(csca.subject()));
    }
    Ok(())
}

pub(super) fn sign(tbs: &TbsCertificate, signer: &dyn Signer) -> Result<Certificate, IssueError> {
    Ok(Certificate::from_der(&Signed::sign(&tbs.to_der()?, signer)?)?)
}
