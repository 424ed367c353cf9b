//! The certificate path of passive authentication: document signer -> CSCA, 9303-11 §5.1 and 9303-12 §5.1. Every
//! failure has its own words, as an operator must tell a foreign card from a missing file from a forgery.

use super::{Certificate, CertificateError};
use crate::TrustStore;
use const_oid::ObjectIdentifier;
use core::fmt;
use time::UtcDateTime;

/// Which certificate of the path is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The document signer's, out of EF.SOD.
    DocumentSigner,
    /// The country signing CA's, out of the trust store.
    Csca,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DocumentSigner => "document signer certificate",
            Self::Csca => "CSCA certificate",
        })
    }
}

/// Why there is no path from a document signer to a trusted CSCA.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Nobody of that name is trusted: a foreign document, or the CSCA's certificate was not imported.
    #[error("no trusted CSCA has the issuer's name {issuer}")]
    NoCscaForIssuer {
        /// Issuer that the document signer certificate names.
        issuer: String,
    },
    /// A CSCA of that name is trusted, but another key has signed: another CSCA of the same name, or a forgery.
    #[error("the document signer certificate was not signed by the trusted CSCA {csca}")]
    SignatureNotByThisCsca {
        /// Subject of the trusted CSCA.
        csca: String,
    },
    /// An algorithm that is not spoken here.
    #[error("the document signer certificate is signed with the unsupported algorithm {0}")]
    SignatureAlgorithm(ObjectIdentifier),
    /// A public key that cannot be used.
    #[error("the public key of the {0} cannot be used")]
    PublicKey(Whose),
    /// AuthorityKeyIdentifier and SubjectKeyIdentifier differ, though the signature verifies.
    #[error("the document signer certificate names another key of its CSCA")]
    AuthorityKeyIdentifier,
    /// Too late.
    #[error("the {whose} has expired on {not_after}")]
    Expired {
        /// Which certificate.
        whose: Whose,
        /// Last instant of its validity.
        not_after: UtcDateTime,
    },
    /// Too early.
    #[error("the {whose} is not valid before {not_before}")]
    NotYetValid {
        /// Which certificate.
        whose: Whose,
        /// First instant of its validity.
        not_before: UtcDateTime,
    },
    /// The extension is missing or allows other things.
    #[error("the key usage of the {whose} does not allow {purpose}")]
    KeyUsage {
        /// Which certificate.
        whose: Whose,
        /// The bit that is not set.
        purpose: &'static str,
    },
    /// The CSCA is no CA, or the document signer is one.
    #[error("the basic constraints of the {0} are wrong")]
    BasicConstraints(Whose),
    /// A critical extension of unknown meaning, RFC 5280 §4.2.
    #[error("the {0} has the unknown critical extension {1}")]
    UnknownCriticalExtension(Whose, ObjectIdentifier),
    /// 9303-12 table 5: both must be of one country.
    #[error("document signer and CSCA are of different countries")]
    Country,
}

/// Finds the CSCA of a document signer among the trusted ones and checks the path at an instant, 9303-12 §5.1.
///
/// # Errors
/// [`PathError`], the first reason found: name, signature, key identifiers, constraints, usage, validity.
pub fn check_path<'a>(
    document_signer: &Certificate,
    trust: &'a TrustStore,
    at: UtcDateTime,
) -> Result<&'a Certificate, PathError> {
    let mut refusal = PathError::NoCscaForIssuer { issuer: document_signer.issuer() };
    // A CSCA keeps its name when it changes its key, so several may stand there; one that has signed decides.
    for csca in trust.issuers_of(document_signer) {
        match check_issued(document_signer, csca, at) {
            Ok(()) => return Ok(csca),
            Err(PathError::SignatureNotByThisCsca { csca }) => {
                if matches!(refusal, PathError::NoCscaForIssuer { .. }) {
                    refusal = PathError::SignatureNotByThisCsca { csca };
                }
            }
            Err(other) => refusal = other,
        }
    }
    Err(refusal)
}

/// Checks a document signer certificate against one CSCA certificate at an instant.
///
/// # Errors
/// As [`check_path`].
pub fn check_issued(document_signer: &Certificate, csca: &Certificate, at: UtcDateTime) -> Result<(), PathError> {
    if !document_signer.names_issuer(csca) {
        return Err(PathError::NoCscaForIssuer { issuer: document_signer.issuer() });
    }
    let key = csca.public_key().map_err(|_| PathError::PublicKey(Whose::Csca))?;
    document_signer.verify_signature(&key).map_err(|error| match error {
        CertificateError::SignatureAlgorithm(oid) => PathError::SignatureAlgorithm(oid),
        _ => PathError::SignatureNotByThisCsca { csca: csca.subject() },
    })?;
    if let (Some(authority), Some(subject)) = (document_signer.authority_key_id(), csca.subject_key_id())
        && authority != subject
    {
        return Err(PathError::AuthorityKeyIdentifier);
    }
    for (whose, certificate) in [(Whose::Csca, csca), (Whose::DocumentSigner, document_signer)] {
        if let Some(oid) = certificate.unknown_critical_extension() {
            return Err(PathError::UnknownCriticalExtension(whose, oid));
        }
    }
    check_constraints(document_signer, csca)?;
    if document_signer.country() != csca.country() {
        return Err(PathError::Country);
    }
    check_validity(Whose::Csca, csca, at)?;
    check_validity(Whose::DocumentSigner, document_signer, at)
}

fn check_constraints(document_signer: &Certificate, csca: &Certificate) -> Result<(), PathError> {
    if !csca.basic_constraints().is_some_and(|constraints| constraints.ca) {
        return Err(PathError::BasicConstraints(Whose::Csca));
    }
    if document_signer.basic_constraints().is_some_and(|constraints| constraints.ca) {
        return Err(PathError::BasicConstraints(Whose::DocumentSigner));
    }
    if !csca.key_usage().is_some_and(|usage| usage.key_cert_sign) {
        return Err(PathError::KeyUsage { whose: Whose::Csca, purpose: "signing certificates" });
    }
    if !document_signer.key_usage().is_some_and(|usage| usage.digital_signature) {
        return Err(PathError::KeyUsage { whose: Whose::DocumentSigner, purpose: "signing documents" });
    }
    Ok(())
}

fn check_validity(whose: Whose, certificate: &Certificate, at: UtcDateTime) -> Result<(), PathError> {
    let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
    if at < not_before {
        return Err(PathError::NotYetValid { whose, not_before });
    }
    // The last second is valid to its end.
    if at.unix_timestamp() > not_after.unix_timestamp() {
        return Err(PathError::Expired { whose, not_after });
    }
    Ok(())
}
