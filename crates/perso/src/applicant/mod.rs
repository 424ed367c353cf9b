//! The applicant: one JSON record with its image files, checked whole, and immutable from then on.
//!
//! All checks of a record are made here and nowhere else. A record that breaks rules is refused with every rule that it
//! breaks, each with the field, what is wrong and what to do; no message repeats what the field says, since messages
//! reach screens and logs. Arabic comes out in NFC; Latin is taken from the record and never derived from Arabic.

mod dates;
mod images;
mod numbers;
mod problem;
mod raw_print;
pub mod record;
mod reference;
pub mod sample;
mod structure;
mod text;
mod zone;

pub use images::{ImageFile, Print};
pub use problem::{ApplicantErrors, Problem, Warning};
pub use reference::Reference;
pub use structure::schema;

use bitaqa_lds::mrz::{self, Mrz};
use bitaqa_profile::Profile;
use dates::Dates;
use problem::Findings;
use record::{Bilingual, Names, Optional, Parents, Record, Sex, Spouse};
use sha2::{Digest, Sha256};
use time::Date;
use zeroize::Zeroizing;

/// A checked record with its images. One of the two types that hold personal data (the plan is the other): wiped on
/// drop, silent in `Debug`.
pub struct Applicant {
    record: Record,
    dates: Dates,
    mrz: Mrz,
    portrait: ImageFile,
    prints: Vec<Print>,
    references: Vec<Reference>,
    digest: [u8; 32],
}

impl core::fmt::Debug for Applicant {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Applicant(..)")
    }
}

impl Applicant {
    /// Reads and checks a record. `file` is its name for messages; `folder` gives the octets of an image file that the
    /// record names, or says why it cannot; `today` is the day of issuance at the centre.
    ///
    /// # Errors
    /// [`ApplicantErrors`] with everything that is wrong. Shape comes first: while fields are missing or unknown, their
    /// content is not judged.
    pub fn parse(
        json: &str,
        file: &str,
        folder: &dyn Fn(&str) -> Result<Vec<u8>, String>,
        profile: &Profile,
        today: Date,
    ) -> Result<(Self, Vec<Warning>), ApplicantErrors> {
        let mut findings = Findings::new(file);
        let Some(mut record) = structure::read(json, &mut findings) else { return Err(findings.into_errors()) };
        text::check(&mut record, &mut findings);
        numbers::check(&record, profile, today, &mut findings);
        let dates = dates::check(&record, profile, today, &mut findings);
        let mrz = zone::build(&record, dates.as_ref(), profile, &mut findings);
        let portrait = images::portrait(&record, folder, profile, &mut findings);
        let prints = images::prints(&record, folder, profile, &mut findings);
        let references = reference::references(&prints, profile, &mut findings);
        match (dates, mrz, portrait) {
            (Some(dates), Some(mrz), Some(portrait)) if findings.is_clean() => {
                let digest = digest(&record, &portrait, &prints);
                Ok((Self { record, dates, mrz, portrait, prints, references, digest }, findings.into_warnings()))
            }
            _ => Err(findings.into_errors()),
        }
    }

    /// SHA-256 over the normalised record and the image files: two records with one digest order the same card.
    pub const fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Document number, `[A-Z0-9]{1,9}`: it changes with every card and is what the MRZ password is made from.
    pub fn document_number(&self) -> &str {
        &self.record.document_number
    }

    /// National identification number: it stays for life. Optional data 1 of the MRZ.
    pub fn cin(&self) -> &str {
        &self.record.cin
    }

    /// Card access number, six digits, where the record prescribes one.
    pub fn can(&self) -> Option<&str> {
        self.record.can.as_deref()
    }

    /// Names in both scripts; Latin in upper case.
    pub fn names(&self) -> &Names {
        &self.record.names
    }

    /// Place of birth.
    pub fn birth_place(&self) -> &Bilingual {
        &self.record.birth.place
    }

    /// Date of birth.
    pub fn birth_date(&self) -> Date {
        self.dates.birth
    }

    /// First day of validity.
    pub fn issue_date(&self) -> Date {
        self.dates.issue
    }

    /// Last day of validity.
    pub fn expiry_date(&self) -> Date {
        self.dates.expiry
    }

    /// Age in full years on the day of issue.
    pub fn age_at_issue(&self) -> u8 {
        self.dates.age_at_issue()
    }

    /// Sex as the MRZ codes it.
    pub fn sex(&self) -> mrz::Sex {
        match self.record.sex {
            Sex::M => mrz::Sex::Male,
            Sex::F => mrz::Sex::Female,
            Sex::X => mrz::Sex::Unspecified,
        }
    }

    /// Lines of father and mother.
    pub fn parents(&self) -> &Parents {
        &self.record.parents
    }

    /// Address.
    pub fn address(&self) -> &Bilingual {
        &self.record.address
    }

    /// Civil-registry number.
    pub fn civil_registry_number(&self) -> &str {
        &self.record.civil_registry_number
    }

    /// Mention of wife, widow or widower.
    pub fn spouse(&self) -> Option<&Spouse> {
        self.record.spouse.as_ref()
    }

    /// Issuing authority.
    pub fn authority(&self) -> &Bilingual {
        &self.record.authority
    }

    /// Optional data: for an authorised terminal's eyes only.
    pub fn optional(&self) -> &Optional {
        &self.record.optional
    }

    /// The machine-readable zone, built and checked.
    pub fn mrz(&self) -> &Mrz {
        &self.mrz
    }

    /// Portrait.
    pub fn portrait(&self) -> &ImageFile {
        &self.portrait
    }

    /// Two prints of two fingers, or none, as the profile demands.
    pub fn prints(&self) -> &[Print] {
        &self.prints
    }

    /// What the card compares itself, where the profile's eID has fingers.
    pub fn references(&self) -> &[Reference] {
        &self.references
    }
}

/// Every part with its length in front, so that no two records run together to the same octets.
fn digest(record: &Record, portrait: &ImageFile, prints: &[Print]) -> [u8; 32] {
    // a record of strings always has a JSON form
    let json = Zeroizing::new(serde_json::to_vec(record).unwrap_or_default());
    let parts = [json.as_slice(), portrait.octets()].into_iter().chain(prints.iter().map(Print::octets));
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests;
