//! Certificates of card holders: the keys that their cards made, for logging in and for signing. RFC 5280; the issuing
//! CA is made like a CSCA and is another one.

use super::extensions::{authority_key, authority_key_identifier, extension, holder_name, key_identifier, validity};
use super::issue::{TbsCertificate, check_issuer, sign};
use super::{Certificate, CertificateError, IssueError, Period};
use crate::spki::{self, Form};
use crate::{PublicKey, Signer};
use const_oid::db::rfc5280::{ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_CE_SUBJECT_KEY_IDENTIFIER, ID_KP_CLIENT_AUTH};
use der::Encode;
use der::asn1::OctetString;
use time::UtcDateTime;
use x509_cert::certificate::Version;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage, KeyUsages};
use x509_cert::serial_number::SerialNumber;

/// What the key of a holder is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolderKey {
    /// Logging in: digitalSignature, clientAuth.
    Authentication,
    /// Signing documents: nonRepudiation, which RFC 5280 §4.2.1.3 calls contentCommitment too.
    Signature,
}

/// What a holder's certificate says, and no more of the holder than that.
#[derive(Clone, Copy, Debug)]
pub struct HolderRequest<'a> {
    /// C=
    pub country: &'a str,
    /// CN=, the holder's name.
    pub common_name: &'a str,
    /// serialNumber=, what tells namesakes apart: the number of the document.
    pub document_number: &'a str,
    /// The key that the card made.
    pub public_key: &'a PublicKey,
    /// Validity of the certificate.
    pub validity: Period,
    /// What the key is for.
    pub usage: HolderKey,
    /// Serial number; its two highest bits are set to 01. The issuer derives it, so that an order that was cut off
    /// makes the same certificate again.
    pub serial: [u8; 16],
}

/// Issues the certificate. `signer` holds the key of `ca`.
///
/// # Errors
/// [`IssueError`]: a variant per field, and the refusals of a CA that cannot or must not sign this.
pub fn issue_holder(
    request: &HolderRequest<'_>,
    ca: &Certificate,
    signer: &dyn Signer,
) -> Result<Certificate, IssueError> {
    check_issuer(request.validity, ca, signer)?;
    let usage = match request.usage {
        HolderKey::Authentication => KeyUsages::DigitalSignature,
        HolderKey::Signature => KeyUsages::NonRepudiation,
    };
    let key_id = OctetString::new(key_identifier(request.public_key)?)?;
    let mut extensions = vec![
        authority_key_identifier(&authority_key(ca, signer)?)?,
        extension(ID_CE_SUBJECT_KEY_IDENTIFIER, false, key_id.to_der()?)?,
        extension(ID_CE_KEY_USAGE, true, KeyUsage(usage.into()).to_der()?)?,
    ];
    if request.usage == HolderKey::Authentication {
        let purpose = ExtendedKeyUsage(vec![ID_KP_CLIENT_AUTH]);
        extensions.push(extension(ID_CE_EXT_KEY_USAGE, false, purpose.to_der()?)?);
    }
    let mut serial = request.serial;
    let [first, ..] = &mut serial;
    *first = *first & 0x3F | 0x40;
    let tbs = TbsCertificate {
        version: Version::V3,
        serial_number: SerialNumber::new(&serial)?,
        signature: signer.algorithm().identifier()?,
        issuer: ca.subject_name().clone(),
        validity: validity(request.validity)?,
        subject: holder_name(request.country, request.common_name, request.document_number)?,
        subject_public_key_info: spki::info(request.public_key, Form::Named)?,
        extensions: Some(extensions),
    };
    sign(&tbs, signer)
}

/// Why a holder's certificate is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HolderError {
    /// Another CA's name.
    #[error("the certificate names the issuer {0}, which is not this CA")]
    Issuer(String),
    /// Not a CA, or one whose key cannot be used.
    #[error("{0} is no CA whose key verifies certificates")]
    NotACa(String),
    /// The signature.
    #[error(transparent)]
    Signature(#[from] CertificateError),
    /// A critical extension that is not understood.
    #[error("the certificate has a critical extension that is not understood")]
    Critical,
    /// Too early or too late.
    #[error("the certificate or its CA is not valid at {0}")]
    Validity(UtcDateTime),
}

/// Checks a holder's certificate under its CA at an instant, RFC 5280 §6.1 for a path of two; nothing about revocation.
///
/// # Errors
/// [`HolderError`], the first reason found.
pub fn check_holder(certificate: &Certificate, ca: &Certificate, at: UtcDateTime) -> Result<(), HolderError> {
    if !certificate.names_issuer(ca) {
        return Err(HolderError::Issuer(certificate.issuer()));
    }
    let key = ca.public_key().ok().filter(|_| ca.is_ca()).ok_or_else(|| HolderError::NotACa(ca.subject()))?;
    certificate.verify_signature(&key)?;
    if [certificate, ca].iter().any(|one| one.unknown_critical_extension().is_some()) {
        return Err(HolderError::Critical);
    }
    let valid = |one: &Certificate| {
        let second = at.unix_timestamp();
        (one.not_before().unix_timestamp()..=one.not_after().unix_timestamp()).contains(&second)
    };
    if valid(certificate) && valid(ca) { Ok(()) } else { Err(HolderError::Validity(at)) }
}
