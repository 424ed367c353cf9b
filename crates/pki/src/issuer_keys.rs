//! All keys and certificates that an issuing state begins with, from one random source and one instant: for a card lab
//! and for the virtual card. Where the files lie and which passphrase seals them is the caller's business.
//!
//! ```text
//! CSCA ── document signer (DS)                   X.509, 9303-12 §7.1
//! CVCA ── document verifier (DV) ── inspection system (IS)   CV certificates, TR-03110-3 §C
//! ```

use crate::cvc::{self, Chat, CvCertificate, CvRequest, CvcError, InspectionRights, Reference, Role};
use crate::spki::Form;
use crate::x509::{self, CscaRequest, DocumentSignerRequest, IssueError, IssuingState, Period};
use crate::{Certificate, HashAlgorithm, KeySigner, SignError, SignatureAlgorithm, SigningKey};
use rand_core::CryptoRng;
use time::{Date, Month, UtcDateTime};

/// Why the keys of an issuing state could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerKeysError {
    /// A certificate of 9303-12.
    #[error(transparent)]
    Certificate(#[from] IssueError),
    /// A CV certificate.
    #[error(transparent)]
    CvCertificate(#[from] CvcError),
    /// An algorithm by which nobody signs.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A date beyond the calendar.
    #[error("no date lies {months} months after {from}")]
    Date {
        /// Start of a period.
        from: Date,
        /// Its length.
        months: u16,
    },
}

/// How long keys and certificates last, in months. What limits them: 9303-12 §4.1.2 table 1 and §4.2 table 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Validity of the documents, 120 for ten years.
    pub document: u16,
    /// How long the CSCA's private key signs; table 1: 3 to 5 years.
    pub csca_key: u16,
    /// How long the document signer's private key signs; table 1: up to 3 months.
    pub document_signer_key: u16,
    /// Validity of the CVCA certificate; table 2: 6 months to 3 years.
    pub cvca: u16,
    /// Validity of the DV certificate; table 2: 2 weeks to 3 months.
    pub document_verifier: u16,
    /// Validity of the inspection system's certificate; table 2: a day to a month.
    pub inspection_system: u16,
}

impl Schedule {
    /// The longest that 9303-12 tables 1 and 2 allow, for documents of ten years. A lawful set of CV certificates is
    /// renewed every month.
    pub const STANDARD: Self = Self {
        document: 120,
        csca_key: 60,
        document_signer_key: 3,
        cvca: 36,
        document_verifier: 3,
        inspection_system: 1,
    };

    /// For a laboratory, where nobody renews certificates monthly: the DV lasts a year and the inspection system three
    /// months, beyond table 2; all else as [`Schedule::STANDARD`].
    pub const LABORATORY: Self = Self { document_verifier: 12, inspection_system: 3, ..Self::STANDARD };

    /// Validity of a document signer certificate: its key's last document must not outlive it.
    const fn document_signer(&self) -> u16 {
        self.document_signer_key + self.document
    }

    /// Validity of the CSCA certificate: its key's last document signer must not outlive it.
    const fn csca(&self) -> u16 {
        self.csca_key + self.document_signer()
    }
}

/// What the certificates say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerPlan {
    /// The state, its codes and addresses.
    pub state: IssuingState,
    /// Document types of the document signer as in the MRZ: `ID`.
    pub document_types: Vec<String>,
    /// How the X.509 certificates tell their curve: [`Form::Explicit`] for documents that travel (9303-12 §4.1.6.3),
    /// [`Form::Named`] where OpenSSL must verify the path, as it accepts no CA with explicit parameters.
    pub form: Form,
    /// How long everything lasts.
    pub schedule: Schedule,
    /// By what EF.SOD is signed; the CSCA itself signs by ECDSA on P-256.
    pub document_signer: SignatureAlgorithm,
    /// By what CVCA, document verifier and inspection system sign.
    pub terminals: SignatureAlgorithm,
}

/// ECDSA with SHA-256: the algorithm of everybody who has no reason for another.
pub const USUAL: SignatureAlgorithm = SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha256);

/// A key and the certificate that names its holder.
#[derive(Clone, Debug)]
pub struct Identity<C> {
    /// Private key.
    pub key: SigningKey,
    /// Certificate of the public key.
    pub certificate: C,
    signer: KeySigner,
}

impl<C> Identity<C> {
    /// A signer with this key.
    pub fn signer(&self) -> KeySigner {
        self.signer.clone()
    }
}

/// Draws a key and makes its signer.
fn drawn(algorithm: SignatureAlgorithm, rng: &mut dyn CryptoRng) -> Result<(SigningKey, KeySigner), SignError> {
    let key = SigningKey::generate(algorithm, rng)?;
    let signer = key.signer(algorithm, rng)?;
    Ok((key, signer))
}

/// Everything that an issuing state begins with.
#[derive(Clone, Debug)]
pub struct IssuerKeys {
    /// Country signing CA, self-signed: the trust anchor of passive authentication.
    pub csca: Identity<Certificate>,
    /// Document signer: signs EF.SOD.
    pub document_signer: Identity<Certificate>,
    /// Country verifying CA, self-signed: the trust point in every card.
    pub cvca: Identity<CvCertificate>,
    /// Official domestic document verifier.
    pub document_verifier: Identity<CvCertificate>,
    /// Inspection system with the right to read DG3.
    pub inspection_system: Identity<CvCertificate>,
}

impl IssuerKeys {
    /// The chain that a terminal presents to a card whose trust point is the CVCA: DV, then inspection system.
    pub fn terminal_chain(&self) -> [&CvCertificate; 2] {
        [&self.document_verifier.certificate, &self.inspection_system.certificate]
    }
}

/// Makes the CA that issues the certificates of card holders, self-signed and valid from `at`: its key signs as long as
/// a CSCA's, its last certificate must not outlive it.
///
/// # Errors
/// As [`generate`].
pub fn holder_ca(
    state: &IssuingState,
    schedule: Schedule,
    algorithm: SignatureAlgorithm,
    at: UtcDateTime,
    rng: &mut dyn CryptoRng,
) -> Result<Identity<Certificate>, IssuerKeysError> {
    let period = |months| Ok::<_, IssuerKeysError>(Period { not_before: at, not_after: last_instant(at, months)? });
    let (key, signer) = drawn(algorithm, rng)?;
    let request = CscaRequest {
        state,
        common_name: &format!("eID CA {}", state.mrz_state),
        validity: period(schedule.csca_key + schedule.document)?,
        private_key_usage: period(schedule.csca_key)?,
        form: Form::Named,
    };
    Ok(Identity { certificate: x509::issue_csca(&request, &signer, rng)?, key, signer })
}

/// Makes all keys and certificates, valid from `at`: 9303-12 §7.1, TR-03110-3 §C. The same
/// plan, instant and random octets give the same result.
///
/// # Errors
/// [`IssuerKeysError`]: a field of the plan that cannot stand in a certificate.
pub fn generate(plan: &IssuerPlan, at: UtcDateTime, rng: &mut dyn CryptoRng) -> Result<IssuerKeys, IssuerKeysError> {
    let (csca, document_signer) = signing_side(plan, at, rng)?;
    let (cvca, document_verifier, inspection_system) = verifying_side(plan, at.date(), rng)?;
    Ok(IssuerKeys { csca, document_signer, cvca, document_verifier, inspection_system })
}

fn signing_side(
    plan: &IssuerPlan,
    at: UtcDateTime,
    rng: &mut dyn CryptoRng,
) -> Result<(Identity<Certificate>, Identity<Certificate>), IssuerKeysError> {
    let Schedule { csca_key, document_signer_key, .. } = plan.schedule;
    let period = |months| Ok::<_, IssuerKeysError>(Period { not_before: at, not_after: last_instant(at, months)? });
    let (key, signer) = drawn(USUAL, rng)?;
    let request = CscaRequest {
        state: &plan.state,
        common_name: &format!("CSCA {}", plan.state.mrz_state),
        validity: period(plan.schedule.csca())?,
        private_key_usage: period(csca_key)?,
        form: plan.form,
    };
    let csca = Identity { key, certificate: x509::issue_csca(&request, &signer, rng)?, signer };

    let (key, signer) = drawn(plan.document_signer, rng)?;
    let document_types: Vec<&str> = plan.document_types.iter().map(String::as_str).collect();
    let request = DocumentSignerRequest {
        state: &plan.state,
        common_name: &format!("DS {} 00001", plan.state.mrz_state),
        public_key: &key.public(),
        validity: period(plan.schedule.document_signer())?,
        private_key_usage: period(document_signer_key)?,
        document_types: &document_types,
        form: plan.form,
    };
    let certificate = x509::issue_document_signer(&request, &csca.certificate, &csca.signer, rng)?;
    Ok((csca, Identity { key, certificate, signer }))
}

type VerifyingSide = (Identity<CvCertificate>, Identity<CvCertificate>, Identity<CvCertificate>);

fn verifying_side(plan: &IssuerPlan, at: Date, rng: &mut dyn CryptoRng) -> Result<VerifyingSide, IssuerKeysError> {
    let country = plan.state.country.as_str();
    let holder = Reference::new(country, "CVCA", "00001")?;
    let (key, signer) = drawn(plan.terminals, rng)?;
    let expiry = last_day(at, plan.schedule.cvca)?;
    let certificate = cvc::issue_cvca(&holder, InspectionRights::ALL, at, expiry, &signer)?;
    let cvca = Identity { key, certificate, signer };

    let mut below = |above: &Identity<CvCertificate>, mnemonic: &str, role: Role, months: u16| {
        let (key, signer) = drawn(plan.terminals, rng)?;
        let request = CvRequest {
            holder: &Reference::new(country, mnemonic, "00001")?,
            public_key: &key.public(),
            chat: &Chat::inspection(role, InspectionRights::DG3),
            effective: at,
            expiry: last_day(at, months)?,
        };
        let certificate = cvc::issue(&request, &above.certificate, &above.signer)?;
        Ok::<_, IssuerKeysError>(Identity { key, certificate, signer })
    };
    let document_verifier = below(&cvca, "DV", Role::DvDomestic, plan.schedule.document_verifier)?;
    let inspection_system = below(&document_verifier, "IS", Role::Terminal, plan.schedule.inspection_system)?;
    Ok((cvca, document_verifier, inspection_system))
}

/// The last day of a period of calendar months: the day before the same day so many months later. 30 November and three
/// months end on the last day of February.
fn last_day(from: Date, months: u16) -> Result<Date, IssuerKeysError> {
    same_day_later(from, months).and_then(Date::previous_day).ok_or(IssuerKeysError::Date { from, months })
}

/// One second before the same time of the same day so many months later.
///
/// # Errors
/// [`IssuerKeysError::Date`] beyond the calendar.
pub fn last_instant(from: UtcDateTime, months: u16) -> Result<UtcDateTime, IssuerKeysError> {
    same_day_later(from.date(), months)
        .and_then(|date| from.replace_date(date).checked_sub(time::Duration::SECOND))
        .ok_or(IssuerKeysError::Date { from: from.date(), months })
}

fn same_day_later(from: Date, months: u16) -> Option<Date> {
    let count = i32::from(u8::from(from.month())) - 1 + i32::from(months);
    let year = from.year() + count / 12;
    let month = Month::try_from(u8::try_from(count % 12 + 1).ok()?).ok()?;
    Date::from_calendar_date(year, month, from.day().min(month.length(year))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn months_are_those_of_the_calendar() {
        assert_eq!(last_day(date!(2026 - 11 - 22), 3), Ok(date!(2027 - 02 - 21)));
        assert_eq!(last_day(date!(2026 - 11 - 30), 3), Ok(date!(2027 - 02 - 27)));
        assert_eq!(last_day(date!(2024 - 02 - 29), 12), Ok(date!(2025 - 02 - 27)));
        assert_eq!(last_day(date!(2026 - 01 - 01), 36), Ok(date!(2028 - 12 - 31)));
        assert!(last_day(date!(9999 - 12 - 31), 1).is_err());
    }
}
