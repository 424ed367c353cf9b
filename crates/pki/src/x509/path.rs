//! The certificate path of passive authentication: document signer -> CSCA, 9303-11 §5.1 and 9303-12 §6.1. Every
//! failure has its own words, as an operator must tell a foreign card from a missing file from a forgery.
//!
//! Revocation is judged by the lists in the trust store. A certificate on a list is refused, and so is one whose list
//! is out of date; where no list was given at all, the path stands and says so.

use super::{Certificate, CertificateError, ID_MASTER_LIST_SIGNING_KEY};
use crate::TrustStore;
use crate::crl::{RevocationReason, Revoked};
use const_oid::ObjectIdentifier;
use core::fmt;
use time::UtcDateTime;

/// Which certificate of the path is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The document signer's, out of EF.SOD.
    DocumentSigner,
    /// The master list signer's, out of its list.
    MasterListSigner,
    /// The country signing CA's, out of the trust store.
    Csca,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DocumentSigner => "document signer certificate",
            Self::MasterListSigner => "master list signer certificate",
            Self::Csca => "CSCA certificate",
        })
    }
}

/// Octets in hexadecimal.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
    }
}

/// A reason, if there is one.
struct Because(Option<RevocationReason>);

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |reason| write!(f, ": {reason}"))
    }
}

/// What is known about the revocation of a certificate that was not refused for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// The list of its CSCA does not name it.
    NotRevoked {
        /// When the list was issued.
        this_update: UtcDateTime,
        /// Until when it speaks; `None` for a list against the profile.
        next_update: Option<UtcDateTime>,
    },
    /// No list of its CSCA was given: nothing is known.
    NoList,
}

/// A path that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path<'a> {
    /// The trusted CSCA that has signed.
    pub csca: &'a Certificate,
    /// What is known about revocation.
    pub revocation: Revocation,
}

/// Why there is no path from a document signer (or master list signer) to a trusted CSCA.
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
    /// The CSCA has revoked it.
    #[error("the {whose} with serial number {} was revoked on {date}{}", Hex(serial), Because(*reason))]
    Revoked {
        /// Which certificate.
        whose: Whose,
        /// Its serial number, as [`Certificate::serial`] gives it.
        serial: Vec<u8>,
        /// Since when.
        date: UtcDateTime,
        /// Why, where the list tells.
        reason: Option<RevocationReason>,
    },
    /// The newest list is out of date: whether the certificate was revoked since is not known.
    #[error("the revocation list of {issuer} was to be replaced by {next_update}")]
    RevocationListExpired {
        /// Issuer of the list.
        issuer: String,
        /// When the next one was due.
        next_update: UtcDateTime,
    },
    /// The newest list is from after the instant asked about.
    #[error("the revocation list of {issuer} is not valid before {this_update}")]
    RevocationListNotYetValid {
        /// Issuer of the list.
        issuer: String,
        /// When it was issued.
        this_update: UtcDateTime,
    },
}

/// Finds the CSCA of a document signer among the trusted ones and checks the path at an instant, 9303-12 §6.1. What is
/// known about revocation is told by [`Path::find`].
///
/// # Errors
/// [`PathError`], the first reason found: name, signature, key identifiers, constraints, usage, validity, revocation.
pub fn check_path<'a>(
    document_signer: &Certificate,
    trust: &'a TrustStore,
    at: UtcDateTime,
) -> Result<&'a Certificate, PathError> {
    Path::find(document_signer, trust, at).map(|path| path.csca)
}

/// Checks a document signer certificate against one CSCA certificate at an instant; nothing about revocation.
///
/// # Errors
/// As [`check_path`].
pub fn check_issued(document_signer: &Certificate, csca: &Certificate, at: UtcDateTime) -> Result<(), PathError> {
    check(Whose::DocumentSigner, document_signer, csca, at)
}

impl<'a> Path<'a> {
    /// As [`check_path`], with what is known about revocation.
    ///
    /// # Errors
    /// As [`check_path`].
    pub fn find(document_signer: &Certificate, trust: &'a TrustStore, at: UtcDateTime) -> Result<Self, PathError> {
        Self::find_for(Whose::DocumentSigner, document_signer, trust, at)
    }

    /// As [`Path::find`] for the signer of a master list, 9303-12 §7.1.1.3.
    ///
    /// # Errors
    /// As [`check_path`].
    pub fn find_master_list_signer(
        signer: &Certificate,
        trust: &'a TrustStore,
        at: UtcDateTime,
    ) -> Result<Self, PathError> {
        Self::find_for(Whose::MasterListSigner, signer, trust, at)
    }

    fn find_for(whose: Whose, signer: &Certificate, trust: &'a TrustStore, at: UtcDateTime) -> Result<Self, PathError> {
        let mut refusal = PathError::NoCscaForIssuer { issuer: signer.issuer() };
        // A CSCA keeps its name when it changes its key, so several may stand there; one that has signed decides.
        for csca in trust.issuers_of(signer) {
            match check(whose, signer, csca, at) {
                Ok(()) => {
                    check_csca(csca, trust)?;
                    return Ok(Self { csca, revocation: revocation(whose, signer, trust, at)? });
                }
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
}

/// The list of the signer's CSCA, its times and what it says of the signer.
fn revocation(
    whose: Whose,
    signer: &Certificate,
    trust: &TrustStore,
    at: UtcDateTime,
) -> Result<Revocation, PathError> {
    let Some(list) = trust.list_for(signer.issuer_name()) else { return Ok(Revocation::NoList) };
    // What was revoked stays revoked, whether the list is out of date or not.
    if let Some(entry) = list.find(signer.serial()) {
        return Err(revoked(whose, entry));
    }
    let (this_update, next_update) = (list.this_update(), list.next_update());
    if at.unix_timestamp() < this_update.unix_timestamp() {
        return Err(PathError::RevocationListNotYetValid { issuer: list.issuer(), this_update });
    }
    match next_update {
        Some(next_update) if at.unix_timestamp() > next_update.unix_timestamp() => {
            Err(PathError::RevocationListExpired { issuer: list.issuer(), next_update })
        }
        _ => Ok(Revocation::NotRevoked { this_update, next_update }),
    }
}

/// A revoked CSCA takes all with it: the certificate under which it is trusted, the others of the same key, and link
/// certificates below a revoked key, 9303-12 §4.1.5.1.
fn check_csca(csca: &Certificate, trust: &TrustStore) -> Result<(), PathError> {
    let same_key = trust.certificates().iter().filter(|other| other.public_key() == csca.public_key());
    for certificate in same_key {
        let list = trust.list_for(certificate.issuer_name());
        if let Some(entry) = list.and_then(|list| list.find(certificate.serial())) {
            return Err(revoked(Whose::Csca, entry));
        }
    }
    Ok(())
}

fn revoked(whose: Whose, entry: &Revoked) -> PathError {
    PathError::Revoked { whose, serial: entry.serial.clone(), date: entry.date, reason: entry.reason }
}

fn check(whose: Whose, signer: &Certificate, csca: &Certificate, at: UtcDateTime) -> Result<(), PathError> {
    if !signer.names_issuer(csca) {
        return Err(PathError::NoCscaForIssuer { issuer: signer.issuer() });
    }
    let key = csca.public_key().map_err(|_| PathError::PublicKey(Whose::Csca))?;
    signer.verify_signature(&key).map_err(|error| match error {
        CertificateError::SignatureAlgorithm(oid) => PathError::SignatureAlgorithm(oid),
        _ => PathError::SignatureNotByThisCsca { csca: csca.subject() },
    })?;
    if let (Some(authority), Some(subject)) = (signer.authority_key_id(), csca.subject_key_id())
        && authority != subject
    {
        return Err(PathError::AuthorityKeyIdentifier);
    }
    for (whose, certificate) in [(Whose::Csca, csca), (whose, signer)] {
        if let Some(oid) = certificate.unknown_critical_extension() {
            return Err(PathError::UnknownCriticalExtension(whose, oid));
        }
    }
    check_constraints(whose, signer, csca)?;
    if signer.country() != csca.country() {
        return Err(PathError::Country);
    }
    check_validity(Whose::Csca, csca, at)?;
    check_validity(whose, signer, at)
}

fn check_constraints(whose: Whose, signer: &Certificate, csca: &Certificate) -> Result<(), PathError> {
    if !csca.basic_constraints().is_some_and(|constraints| constraints.ca) {
        return Err(PathError::BasicConstraints(Whose::Csca));
    }
    if signer.basic_constraints().is_some_and(|constraints| constraints.ca) {
        return Err(PathError::BasicConstraints(whose));
    }
    if !csca.key_usage().is_some_and(|usage| usage.key_cert_sign) {
        return Err(PathError::KeyUsage { whose: Whose::Csca, purpose: "signing certificates" });
    }
    let is_master_list = whose == Whose::MasterListSigner;
    let purpose = if is_master_list { "signing master lists" } else { "signing documents" };
    // 9303-12 table 6: master list signers have the one purpose, document signers no such extension. One that is not
    // critical is only advice; a key for master lists signs no documents either way.
    let purposes_fit = match signer.extended_usage() {
        None => !is_master_list,
        Some(usage) if is_master_list => usage.purposes.contains(&ID_MASTER_LIST_SIGNING_KEY),
        Some(usage) => !usage.critical && !usage.purposes.contains(&ID_MASTER_LIST_SIGNING_KEY),
    };
    if !purposes_fit || !signer.key_usage().is_some_and(|usage| usage.digital_signature) {
        return Err(PathError::KeyUsage { whose, purpose });
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
