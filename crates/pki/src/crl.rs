//! Certificate revocation lists of a CSCA, 9303-12 §7.1.4 and RFC 5280 §5: read, verified, issued. Which list speaks
//! for which certificate, and what follows from it, is the business of [`crate::TrustStore`].
//!
//! ```text
//! CertificateList
//!   TBSCertList version 2, issuer, thisUpdate, nextUpdate
//!     revokedCertificates { serial number, date, reason }    absent when none is revoked
//!     crlExtensions authorityKeyIdentifier, cRLNumber
//!   signature by the newest key of the CSCA
//! ```

use crate::spki::SpkiError;
use crate::x509::{
    self, CertificateError, IssueError, Period, Signed, authority_key, authority_key_identifier, extension,
    first_object, from_time, one, ordered, same_name, to_date_time,
};
use crate::{Certificate, Note, SignatureAlgorithm, Signer, VerifyError};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_CRL_NUMBER, ID_CE_CRL_REASONS, ID_CE_ISSUER_ALT_NAME,
};
use core::fmt;
use der::pem::LineEnding;
use der::{Decode, Encode};
use std::collections::BTreeMap;
use time::UtcDateTime;
use x509_cert::certificate::{Raw, Version};
use x509_cert::crl::{CertificateList, RevokedCert, TbsCertList};
use x509_cert::ext::pkix::crl::CrlNumber;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, CrlReason, IssuerAltName};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::Time;

/// What is wrong with a revocation list, or why none was issued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrlError {
    /// Not a DER CertificateList of RFC 5280, version 2.
    #[error("not a revocation list: {0}")]
    Der(der::Error),
    /// Not PEM text with the label X509 CRL.
    #[error("not a revocation list in PEM")]
    Pem,
    /// An extension that is there twice or is not what its name says.
    #[error("an extension of the revocation list is malformed: {0}")]
    Extension(CertificateError),
    /// A time outside of what can be represented.
    #[error("a time in the revocation list cannot be represented")]
    Time,
    /// A critical extension of unknown meaning: delta lists, lists for some certificates only (9303-12 table 10).
    #[error("the revocation list has the unknown critical extension {0}")]
    UnknownCriticalExtension(ObjectIdentifier),
    /// A serial number twice.
    #[error("the revocation list names a certificate twice")]
    Twice,
    /// Issued by another authority than the one it is checked against.
    #[error("the revocation list is issued by {0}")]
    Issuer(String),
    /// The CSCA must not sign lists.
    #[error("the key usage of {0} does not allow signing revocation lists")]
    KeyUsage(String),
    /// The list names another key of its issuer.
    #[error("the revocation list was signed by another key of its issuer")]
    AuthorityKeyIdentifier,
    /// An algorithm that is not spoken here, or named differently inside and outside.
    #[error("revocation lists signed with algorithm {0} are not supported")]
    SignatureAlgorithm(ObjectIdentifier),
    /// The CSCA's key.
    #[error(transparent)]
    PublicKey(#[from] SpkiError),
    /// The signature does not verify with the key given.
    #[error("the signature of the revocation list does not verify")]
    Signature,
    /// A serial number that cannot be written.
    #[error("a serial number has 1 to 20 octets")]
    SerialNumber,
    /// Not issued, for a reason that certificates have as well.
    #[error(transparent)]
    Issue(#[from] IssueError),
}

/// Why a certificate was revoked, RFC 5280 §5.3.1. 9303-12 table 10 leaves reasons out of lists; foreign ones have
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are the definition
pub enum RevocationReason {
    Unspecified,
    KeyCompromise,
    CaCompromise,
    AffiliationChanged,
    Superseded,
    CessationOfOperation,
    CertificateHold,
    RemoveFromCrl,
    PrivilegeWithdrawn,
    AaCompromise,
}

const REASONS: [(RevocationReason, CrlReason); 10] = [
    (RevocationReason::Unspecified, CrlReason::Unspecified),
    (RevocationReason::KeyCompromise, CrlReason::KeyCompromise),
    (RevocationReason::CaCompromise, CrlReason::CaCompromise),
    (RevocationReason::AffiliationChanged, CrlReason::AffiliationChanged),
    (RevocationReason::Superseded, CrlReason::Superseded),
    (RevocationReason::CessationOfOperation, CrlReason::CessationOfOperation),
    (RevocationReason::CertificateHold, CrlReason::CertificateHold),
    (RevocationReason::RemoveFromCrl, CrlReason::RemoveFromCRL),
    (RevocationReason::PrivilegeWithdrawn, CrlReason::PrivilegeWithdrawn),
    (RevocationReason::AaCompromise, CrlReason::AaCompromise),
];

impl fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "key compromised",
            Self::CaCompromise => "CA compromised",
            Self::AffiliationChanged => "affiliation changed",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessation of operation",
            Self::CertificateHold => "on hold",
            Self::RemoveFromCrl => "removed from the list",
            Self::PrivilegeWithdrawn => "privilege withdrawn",
            Self::AaCompromise => "attribute authority compromised",
        })
    }
}

/// An entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// Serial number of the certificate, big endian as [`Certificate::serial`] gives it.
    pub serial: Vec<u8>,
    /// Since when.
    pub date: UtcDateTime,
    /// Why, where the list tells.
    pub reason: Option<RevocationReason>,
}

/// A revocation list: read once, octets kept as they came.
#[derive(Clone, PartialEq, Eq)]
pub struct RevocationList {
    der: Vec<u8>,
    tbs: core::ops::Range<usize>,
    inner: Signature,
    issuer: Name,
    /// Names under which the issuer worked before, 9303-12 table 10 note 1.
    former_names: Vec<Name>,
    this_update: UtcDateTime,
    next_update: Option<UtcDateTime>,
    number: Option<Vec<u8>>,
    authority_key_id: Option<Vec<u8>>,
    revoked: BTreeMap<Vec<u8>, Revoked>,
    notes: Vec<Note>,
}

#[derive(Clone, PartialEq, Eq)]
struct Signature {
    inside: ::spki::AlgorithmIdentifierOwned,
    outside: ::spki::AlgorithmIdentifierOwned,
    octets: Vec<u8>,
}

impl RevocationList {
    /// Reads DER.
    ///
    /// # Errors
    /// [`CrlError`], a variant per defect; nothing about the signature.
    pub fn from_der(der: &[u8]) -> Result<Self, CrlError> {
        let list = CertificateList::<Raw>::from_der(der).map_err(CrlError::Der)?;
        let tbs = list.tbs_cert_list;
        let extensions = tbs.crl_extensions.as_deref().unwrap_or_default();
        let unknown = |e: &&x509_cert::ext::Extension| e.critical && !KNOWN.contains(&e.extn_id);
        if let Some(extension) = extensions.iter().find(unknown) {
            return Err(CrlError::UnknownCriticalExtension(extension.extn_id));
        }
        let authority = one::<AuthorityKeyIdentifier>(extensions, ID_CE_AUTHORITY_KEY_IDENTIFIER);
        let number = one::<CrlNumber>(extensions, ID_CE_CRL_NUMBER).map_err(CrlError::Extension)?;
        let names = one::<IssuerAltName>(extensions, ID_CE_ISSUER_ALT_NAME).map_err(CrlError::Extension)?;
        let instant = |time: &Time| from_time(time).ok_or(CrlError::Time);
        let mut notes = Vec::new();
        let _ = SignatureAlgorithm::read(&list.signature_algorithm, &mut notes);
        let read = Self {
            tbs: first_object(der).map_err(CrlError::Extension)?,
            this_update: instant(&tbs.this_update)?,
            next_update: tbs.next_update.as_ref().map(instant).transpose()?,
            number: number.map(|number| number.0.as_bytes().to_vec()),
            authority_key_id: authority
                .map_err(CrlError::Extension)?
                .and_then(|id| id.key_identifier)
                .map(|id| id.into_bytes().into_vec()),
            former_names: names.map(|names| directory_names(names.0)).unwrap_or_default(),
            revoked: entries(tbs.revoked_certificates.as_deref().unwrap_or_default())?,
            inner: Signature {
                inside: tbs.signature,
                outside: list.signature_algorithm,
                octets: list.signature.as_bytes().ok_or(CrlError::Signature)?.to_vec(),
            },
            issuer: tbs.issuer,
            der: der.to_vec(),
            notes: Vec::new(),
        };
        if read.next_update.is_none() || read.number.is_none() || read.authority_key_id.is_none() {
            Note::RevocationListProfile.add(&mut notes);
        }
        Ok(Self { notes, ..read })
    }

    /// Reads PEM text with the label X509 CRL.
    ///
    /// # Errors
    /// [`CrlError::Pem`], and those of [`RevocationList::from_der`].
    pub fn from_pem(pem: &str) -> Result<Self, CrlError> {
        match der::pem::decode_vec(pem.as_bytes()) {
            Ok((PEM_LABEL, der)) => Self::from_der(&der),
            _ => Err(CrlError::Pem),
        }
    }

    /// The octets as they came.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// As PEM text.
    pub fn to_pem(&self) -> String {
        // Fails only for lengths beyond the memory of a machine.
        der::pem::encode_string(PEM_LABEL, LineEnding::LF, &self.der).unwrap_or_default()
    }

    /// Distinguished name of the issuer, RFC 4514.
    pub fn issuer(&self) -> String {
        self.issuer.to_string()
    }

    /// From when on it is the newest list.
    pub const fn this_update(&self) -> UtcDateTime {
        self.this_update
    }

    /// When the next one is due, at most 90 days later (9303-12 §4.1.5). `None` only in lists against the profile.
    pub const fn next_update(&self) -> Option<UtcDateTime> {
        self.next_update
    }

    /// CRLNumber, big endian without zeros on the left.
    pub fn number(&self) -> Option<&[u8]> {
        self.number.as_deref()
    }

    /// The entries, by serial number.
    pub fn revoked(&self) -> impl ExactSizeIterator<Item = &Revoked> {
        self.revoked.values()
    }

    /// The entry of a certificate by its serial number, as [`Certificate::serial`] gives it. Whether the list speaks
    /// for that certificate at all is told by its issuer, not here.
    pub fn find(&self, serial: &[u8]) -> Option<&Revoked> {
        self.revoked.get(serial)
    }

    /// Deviations from 9303-12 that were tolerated.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Verifies that a CSCA has signed the list: name, key usage, key identifier, signature. Not the times.
    ///
    /// # Errors
    /// [`CrlError`] from `Issuer` to `Signature`.
    pub fn verify(&self, csca: &Certificate) -> Result<(), CrlError> {
        if !same_name(&self.issuer, csca.subject_name()) {
            return Err(CrlError::Issuer(self.issuer()));
        }
        if !csca.key_usage().is_some_and(|usage| usage.crl_sign) {
            return Err(CrlError::KeyUsage(csca.subject()));
        }
        if let (Some(authority), Some(subject)) = (self.authority_key_id.as_deref(), csca.subject_key_id())
            && authority != subject
        {
            return Err(CrlError::AuthorityKeyIdentifier);
        }
        let unsupported = CrlError::SignatureAlgorithm(self.inner.outside.oid);
        if self.inner.inside != self.inner.outside {
            return Err(unsupported);
        }
        let algorithm = SignatureAlgorithm::read(&self.inner.outside, &mut Vec::new());
        let algorithm = algorithm.ok_or_else(|| unsupported.clone())?;
        let signed = self.der.get(self.tbs.clone()).unwrap_or_default();
        let refusal = |error: VerifyError| if error.is_unsupported() { unsupported } else { CrlError::Signature };
        csca.public_key()?.verify_x509(algorithm, signed, &self.inner.octets).map_err(refusal)
    }

    pub(crate) const fn issuer_name(&self) -> &Name {
        &self.issuer
    }

    /// Whether the list speaks for certificates of an issuer of this name: its own, or one it had before.
    pub(crate) fn speaks_for(&self, issuer: &Name) -> bool {
        core::iter::once(&self.issuer).chain(&self.former_names).any(|name| same_name(name, issuer))
    }

    /// Whether another list of the same issuer is older than this one. The number decides where both have one.
    pub(crate) fn is_newer_than(&self, other: &Self) -> bool {
        match (&self.number, &other.number) {
            (Some(ours), Some(theirs)) if ours != theirs => (ours.len(), ours) > (theirs.len(), theirs),
            _ => self.this_update > other.this_update,
        }
    }
}

impl fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RevocationList({}, {}, {} entries)", self.issuer, self.this_update, self.revoked.len())
    }
}

const PEM_LABEL: &str = "X509 CRL";

const KNOWN: [ObjectIdentifier; 3] = [ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_CRL_NUMBER, ID_CE_ISSUER_ALT_NAME];

fn directory_names(names: Vec<GeneralName>) -> Vec<Name> {
    let directory = |name| if let GeneralName::DirectoryName(name) = name { Some(name) } else { None };
    names.into_iter().filter_map(directory).collect()
}

fn entries(entries: &[RevokedCert<Raw>]) -> Result<BTreeMap<Vec<u8>, Revoked>, CrlError> {
    let mut revoked = BTreeMap::new();
    for entry in entries {
        let extensions = entry.crl_entry_extensions.as_deref().unwrap_or_default();
        // A certificateIssuer would make the entry one of another authority.
        if let Some(extension) = extensions.iter().find(|e| e.critical && e.extn_id != ID_CE_CRL_REASONS) {
            return Err(CrlError::UnknownCriticalExtension(extension.extn_id));
        }
        let reason = one::<CrlReason>(extensions, ID_CE_CRL_REASONS).map_err(CrlError::Extension)?;
        let serial = entry.serial_number.as_bytes().to_vec();
        let entry = Revoked {
            serial: serial.clone(),
            date: from_time(&entry.revocation_date).ok_or(CrlError::Time)?,
            reason: reason.and_then(|reason| REASONS.iter().find(|row| row.1 == reason)).map(|row| row.0),
        };
        if revoked.insert(serial, entry).is_some() {
            return Err(CrlError::Twice);
        }
    }
    Ok(revoked)
}

/// What a list says.
#[derive(Clone, Copy, Debug)]
pub struct CrlRequest<'a> {
    /// Number of the list, higher than that of every one before.
    pub number: u64,
    /// From now to when the next list is due: 48 hours to 90 days, 9303-12 §4.1.5.
    pub update: Period,
    /// All certificates revoked so far. 9303-12 table 10 wants no reasons; what is given is written.
    pub revoked: &'a [Revoked],
}

/// Issues the revocation list of a CSCA, 9303-12 §7.1.4. `signer` holds the key of `csca`, its newest one.
///
/// # Errors
/// [`CrlError::Issue`] for a period that is none and for a CSCA that cannot sign this, [`CrlError::SerialNumber`],
/// [`CrlError::Twice`], [`CrlError::Time`].
pub fn issue(request: &CrlRequest<'_>, csca: &Certificate, signer: &dyn Signer) -> Result<RevocationList, CrlError> {
    x509::check_key(request.update.not_before, csca, signer)?;
    let (this_update, next_update) = ordered(request.update)?;
    let encode = |error: der::Error| CrlError::Issue(IssueError::Encode(error));
    let number = CrlNumber::try_from(request.number).and_then(|number| number.to_der()).map_err(encode)?;
    let authority = authority_key(csca, signer)?;
    let extensions = vec![
        authority_key_identifier(&authority).map_err(encode)?,
        extension(ID_CE_CRL_NUMBER, false, number).map_err(encode)?,
    ];
    let revoked = request.revoked.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let tbs = TbsCertList::<Raw> {
        version: Version::V2,
        signature: signer.algorithm().identifier().map_err(encode)?,
        issuer: csca.subject_name().clone(),
        this_update: Time::from(this_update),
        next_update: Some(Time::from(next_update)),
        // An empty list is left out, 9303-12 table 9.
        revoked_certificates: (!revoked.is_empty()).then_some(revoked),
        crl_extensions: Some(extensions),
    };
    RevocationList::from_der(&Signed::sign(&tbs.to_der().map_err(encode)?, signer)?)
}

fn entry(revoked: &Revoked) -> Result<RevokedCert<Raw>, CrlError> {
    let serial = &revoked.serial;
    if !(1..=20).contains(&serial.len()) {
        return Err(CrlError::SerialNumber);
    }
    // The number as the certificate has it: octets of a signed integer, so that it is found again.
    let der = bitaqa_apdu::tlv::tlv(0x02, serial);
    let date = to_date_time(revoked.date).ok_or(CrlError::Time)?;
    let reason = revoked.reason.and_then(|reason| REASONS.iter().find(|row| row.0 == reason)).map(|row| row.1);
    let reason = reason.map(|reason| extension(ID_CE_CRL_REASONS, false, reason.to_der()?)).transpose();
    let reason = reason.map_err(|error| CrlError::Issue(IssueError::Encode(error)))?;
    Ok(RevokedCert {
        serial_number: SerialNumber::from_der(&der).map_err(|_| CrlError::SerialNumber)?,
        revocation_date: Time::from(date),
        crl_entry_extensions: reason.map(|extension| vec![extension]),
    })
}
