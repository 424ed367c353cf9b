//! The CSCA certificates that an inspector trusts, 9303-12 §5.1.

use crate::Certificate;
use crate::x509::CertificateError;

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
}

/// CSCA certificates, in the order of their import.
#[derive(Clone, Debug, Default)]
pub struct TrustStore {
    certificates: Vec<Certificate>,
}

impl TrustStore {
    /// Trusts nobody.
    pub const fn new() -> Self {
        Self { certificates: Vec::new() }
    }

    /// Takes one CSCA certificate; the same octets twice are kept once.
    ///
    /// # Errors
    /// [`TrustError::NotACa`], [`TrustError::NotSelfSigned`], [`TrustError::Certificate`] for an unusable key.
    pub fn add(&mut self, certificate: Certificate) -> Result<(), TrustError> {
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
        if !self.certificates.contains(&certificate) {
            self.certificates.push(certificate);
        }
        Ok(())
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
