//! The CSCA certificates that an inspector trusts, where they came from, and the revocation lists that go with them:
//! 9303-12 §5.3 and §6.1.

use crate::crl::CrlError;
use crate::master_list::{MasterList, MasterListError};
use crate::x509::{CertificateError, same_name};
use crate::{Certificate, RevocationList};
use time::UtcDateTime;
use x509_cert::name::Name;

/// Why a certificate was not taken into a trust store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// Not a certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The octets hold none.
    #[error("no certificate found")]
    Empty,
    /// Trusting a document signer directly would switch off the CSCA.
    #[error("{0} is no CA: only CSCA certificates can be trusted")]
    NotACa(String),
    /// Neither self-signed nor a link certificate of a CSCA that is trusted already (9303-12 §7.1.1.5).
    #[error("{0} is signed neither by itself nor by a trusted CSCA")]
    NotSelfSigned(String),
    /// Not a revocation list, or none that a trusted CSCA has signed.
    #[error(transparent)]
    RevocationList(#[from] CrlError),
    /// No trusted CSCA has the name of the list's issuer.
    #[error("no trusted CSCA has issued the revocation list of {0}")]
    NoIssuer(String),
    /// A newer list of the same CSCA is there already: going back would hide what was revoked since.
    #[error("a newer revocation list of {0} is known")]
    OlderList(String),
}

/// How a CSCA certificate came to be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustSource {
    /// Given by the operator.
    Given,
    /// On a master list that this signer has signed.
    MasterList {
        /// Subject of the master list signer.
        signer: String,
    },
}

/// CSCA certificates, in the order of their import, and revocation lists, one for each name of an issuer.
#[derive(Clone, Debug, Default)]
pub struct TrustStore {
    certificates: Vec<Certificate>,
    /// Beside the certificates, in their order.
    sources: Vec<TrustSource>,
    lists: Vec<RevocationList>,
}

/// What became of the certificates on a master list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Subjects of those that are trusted now and were not before.
    pub taken: Vec<String>,
    /// How many were trusted already.
    pub known: usize,
    /// Subject, or place on the list where it cannot be read, and the reason of the refusal.
    pub refused: Vec<(String, TrustError)>,
}

impl TrustStore {
    /// Trusts nobody.
    pub const fn new() -> Self {
        Self { certificates: Vec::new(), sources: Vec::new(), lists: Vec::new() }
    }

    /// Takes one CSCA certificate; the same octets twice are kept once.
    ///
    /// # Errors
    /// [`TrustError::NotACa`], [`TrustError::NotSelfSigned`], [`TrustError::Certificate`] for an unusable key.
    pub fn add(&mut self, certificate: Certificate) -> Result<(), TrustError> {
        self.add_from(certificate, TrustSource::Given).map(drop)
    }

    /// As [`TrustStore::add`]; `true` when it was not there before.
    fn add_from(&mut self, certificate: Certificate, source: TrustSource) -> Result<bool, TrustError> {
        if !certificate.is_ca() {
            return Err(TrustError::NotACa(certificate.subject()));
        }
        let key = certificate.public_key().map_err(CertificateError::PublicKey)?;
        let signed_by = |issuer: &Certificate| {
            certificate.names_issuer(issuer)
                && issuer.public_key().is_ok_and(|key| certificate.verify_signature(&key).is_ok())
        };
        let self_signed = certificate.names_issuer(&certificate) && certificate.verify_signature(&key).is_ok();
        if !self_signed && !self.certificates.iter().any(signed_by) {
            return Err(TrustError::NotSelfSigned(certificate.subject()));
        }
        let is_new = !self.certificates.contains(&certificate);
        if is_new {
            self.certificates.push(certificate);
            self.sources.push(source);
        }
        Ok(is_new)
    }

    /// Verifies a master list at an instant and takes the certificates on it: those signed by themselves, and links
    /// from a CSCA that is trusted or on the list. A certificate that is refused keeps no other from being taken.
    ///
    /// # Errors
    /// [`MasterListError`] when the list itself is not to be believed; nothing is taken then.
    pub fn add_master_list(&mut self, list: &MasterList, at: UtcDateTime) -> Result<ImportReport, MasterListError> {
        list.verify(self, at)?;
        let source = TrustSource::MasterList { signer: list.signer().subject() };
        let unreadable = list.unreadable().iter();
        let refused = unreadable.map(|(place, error)| (format!("certificate {place}"), error.clone().into()));
        let mut report = ImportReport { refused: refused.collect(), ..ImportReport::default() };
        let mut waiting: Vec<&Certificate> = list.certificates().iter().collect();
        // A link may stand before the certificate that has signed it: as long as one is taken, another may follow.
        loop {
            let mut later = Vec::new();
            for certificate in &waiting {
                match self.add_from((*certificate).clone(), source.clone()) {
                    Ok(true) => report.taken.push(certificate.subject()),
                    Ok(false) => report.known += 1,
                    Err(TrustError::NotSelfSigned(_)) => later.push(*certificate),
                    Err(error) => report.refused.push((certificate.subject(), error)),
                }
            }
            if later.len() == waiting.len() || later.is_empty() {
                let refusal = |certificate: &&Certificate| {
                    let subject = certificate.subject();
                    (subject.clone(), TrustError::NotSelfSigned(subject))
                };
                report.refused.extend(later.iter().map(refusal));
                return Ok(report);
            }
            waiting = later;
        }
    }

    /// Takes the revocation list of a trusted CSCA in the place of an older one. Its times are judged when a path is
    /// checked.
    ///
    /// # Errors
    /// [`TrustError::NoIssuer`], [`TrustError::RevocationList`] when no trusted key has signed it,
    /// [`TrustError::OlderList`].
    pub fn add_revocation_list(&mut self, list: RevocationList) -> Result<(), TrustError> {
        let issuers = self.certificates.iter().filter(|csca| same_name(list.issuer_name(), csca.subject_name()));
        let mut refusal = TrustError::NoIssuer(list.issuer());
        for csca in issuers {
            match list.verify(csca) {
                Ok(()) => return self.replace_list(list),
                Err(error) => refusal = error.into(),
            }
        }
        Err(refusal)
    }

    fn replace_list(&mut self, list: RevocationList) -> Result<(), TrustError> {
        match self.lists.iter_mut().find(|old| same_name(old.issuer_name(), list.issuer_name())) {
            None => self.lists.push(list),
            Some(old) if *old == list => {}
            Some(old) if list.is_newer_than(old) => *old = list,
            Some(old) => return Err(TrustError::OlderList(old.issuer())),
        }
        Ok(())
    }

    /// Takes the content of a file: one revocation list as DER, or one as PEM text.
    ///
    /// # Errors
    /// As [`TrustStore::add_revocation_list`].
    pub fn add_revocation_list_file(&mut self, octets: &[u8]) -> Result<(), TrustError> {
        let list = if octets.first() == Some(&0x30) {
            RevocationList::from_der(octets)?
        } else {
            RevocationList::from_pem(core::str::from_utf8(octets).map_err(|_| CrlError::Pem)?)?
        };
        self.add_revocation_list(list)
    }

    /// Takes the content of a file: one certificate as DER, or any number of them as PEM text. Returns how many were
    /// read; nothing is taken when one is refused.
    ///
    /// # Errors
    /// As [`TrustStore::add`], and [`TrustError::Empty`].
    pub fn add_file(&mut self, octets: &[u8]) -> Result<usize, TrustError> {
        let certificates = if octets.first() == Some(&0x30) {
            vec![Certificate::from_der(octets)?]
        } else {
            pem_blocks(core::str::from_utf8(octets).map_err(|_| CertificateError::Pem)?)?
        };
        if certificates.is_empty() {
            return Err(TrustError::Empty);
        }
        let count = certificates.len();
        let mut enlarged = self.clone();
        for certificate in certificates {
            enlarged.add(certificate)?;
        }
        *self = enlarged;
        Ok(count)
    }

    /// The trusted CSCAs.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// How a trusted CSCA came here; `None` for one that did not.
    pub fn source_of(&self, certificate: &Certificate) -> Option<&TrustSource> {
        let place = self.certificates.iter().position(|trusted| trusted == certificate)?;
        self.sources.get(place)
    }

    /// The revocation lists.
    pub fn revocation_lists(&self) -> &[RevocationList] {
        &self.lists
    }

    /// The list that speaks for certificates of an issuer: of that name, of one that names it as a former name of its
    /// own, or of one that a trusted link certificate has led to (9303-12 table 10 note 1). The country alone would not
    /// do, as several authorities share one.
    pub(crate) fn list_for(&self, issuer: &Name) -> Option<&RevocationList> {
        let renamed = |list: &&RevocationList| {
            self.certificates
                .iter()
                .any(|link| same_name(link.issuer_name(), issuer) && same_name(link.subject_name(), list.issuer_name()))
        };
        let own = self.lists.iter().find(|list| list.speaks_for(issuer));
        own.or_else(|| self.lists.iter().find(renamed))
    }

    /// Whether nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    /// The trusted CSCAs that have the name of a certificate's issuer.
    pub fn issuers_of<'a>(&'a self, certificate: &Certificate) -> impl Iterator<Item = &'a Certificate> {
        self.certificates.iter().filter(move |csca| certificate.names_issuer(csca))
    }
}

const PEM_END: &str = "-----END CERTIFICATE-----";

/// Text before, between and after the blocks is tolerated: files of `openssl x509 -text` have it.
fn pem_blocks(text: &str) -> Result<Vec<Certificate>, CertificateError> {
    text.split_inclusive(PEM_END)
        .filter(|block| block.ends_with(PEM_END))
        .map(|block| {
            let start = block.find("-----BEGIN CERTIFICATE-----").ok_or(CertificateError::Pem)?;
            Certificate::from_pem(block.get(start..).unwrap_or_default())
        })
        .collect()
}
