//! DG2 and DG3 out of the record's images: the images go in as they are, in records of the generation that the profile
//! names.

use crate::applicant::{Applicant, Print};
use bitaqa_apdu::Bytes;
use bitaqa_lds::LdsError;
use bitaqa_lds::biometrics::Generation;
use bitaqa_lds::face::{Dg2, Face, Gender};
use bitaqa_lds::fingers::{Dg3, Finger};
use bitaqa_lds::mrz::Sex;
use bitaqa_profile::FaceFormat;

/// DG2 with the portrait.
pub fn face(applicant: &Applicant, format: FaceFormat) -> Result<Dg2, LdsError> {
    let gender = match applicant.sex() {
        Sex::Male => Gender::Male,
        Sex::Female => Gender::Female,
        Sex::Unspecified => Gender::Unspecified,
    };
    let generation = match format {
        FaceFormat::Iso19794Part5 => Generation::Iso19794,
        FaceFormat::Iso39794Part5 => Generation::Iso39794,
    };
    Ok(Dg2::new(Face::new(applicant.portrait().octets(), gender)?.in_generation(generation)))
}

/// DG3 with the prints, or without any in the form with random octets, so that its hash does not tell (9303-10
/// §4.7.3.2).
pub fn fingers(applicant: &Applicant, random: &[u8; 16]) -> Result<Bytes, LdsError> {
    let prints: Vec<Finger> = applicant.prints().iter().map(Print::template).cloned().collect();
    let dg3 = if prints.is_empty() { Dg3::Empty { random: random.as_slice().into() } } else { Dg3::Fingers(prints) };
    dg3.encode()
}
