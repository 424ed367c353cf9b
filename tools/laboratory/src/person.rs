//! The holder: a sample of a record with drawn images, read back as an order would read it.

use std::collections::BTreeMap;

use bitaqa_biometrics::synthetic::{self, Hand, Sitter};
use bitaqa_perso::applicant::{Applicant, sample};
use bitaqa_profile::{FileContent, Prints, Profile};
use bitaqa_terminal::inspection::ExtraFile;
use rand_core::CryptoRng;

use crate::{NOW, Outcome};

/// A holder, and what the holder was read from.
pub struct Person {
    /// The holder as an order takes it.
    pub applicant: Applicant,
    /// The record, JSON.
    pub record: String,
    /// Images beside the record, by name.
    pub images: BTreeMap<String, Vec<u8>>,
}

impl Person {
    /// An adult with portrait, and with two prints where the product asks for them.
    ///
    /// # Errors
    /// A record that the product does not take.
    pub fn new(profile: &Profile, rng: &mut dyn CryptoRng) -> Outcome<Self> {
        let with_prints = profile.holder.fingerprints == Prints::Two;
        let record = sample::record(rng, false, with_prints, NOW.date());
        let record = serde_json::to_string_pretty(&record)?;
        let mut images = BTreeMap::new();
        images.insert(sample::PORTRAIT_FILE.to_owned(), synthetic::portrait(rng, Sitter::Woman)?);
        if with_prints {
            // coded once: what is measured and mutated here is no codec
            images.insert(sample::RIGHT_INDEX_FILE.to_owned(), synthetic::coded_fingerprint(rng, Hand::Right)?);
            images.insert(sample::LEFT_INDEX_FILE.to_owned(), synthetic::coded_fingerprint(rng, Hand::Left)?);
        }
        let image = |name: &str| images.get(name).cloned().ok_or_else(|| "no such image".to_owned());
        let (applicant, _) = Applicant::parse(&record, "record.json", &image, profile, NOW.date())?;
        Ok(Self { applicant, record, images })
    }
}

/// The file of a national kind that an inspection reads besides the data groups, where the product has one.
pub fn extra_files(profile: &Profile) -> Vec<ExtraFile> {
    let optional = profile.file(FileContent::Optional);
    optional.map(|file| ExtraFile { name: file.name.clone(), sfi: file.sfi }).into_iter().collect()
}
