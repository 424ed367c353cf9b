//! The machine-readable zone of the record: document number in line 1, CIN as optional data 1, nothing as optional
//! data 2.

use super::dates::Dates;
use super::problem::Findings;
use super::record::{Record, Sex};
use bitaqa_lds::mrz::{self, Mrz, MrzError, Td1Fields};
use bitaqa_profile::Profile;

/// Positions for the name in line 3.
const NAME_POSITIONS: usize = 30;

/// The zone when dates and fields allow one.
pub(super) fn build(
    record: &Record,
    dates: Option<&Dates>,
    profile: &Profile,
    findings: &mut Findings<'_>,
) -> Option<Mrz> {
    let latin = &record.names.latin;
    let mut positions = 0;
    for (field, text) in [("names.latin.surname", &latin.surname), ("names.latin.given", &latin.given)] {
        match mrz::transliterate(text) {
            Ok(letters) if letters.is_empty() => refuse(field, &MrzError::Empty("name"), findings),
            Ok(letters) => positions += letters.len() + 1,
            Err(error) => refuse(field, &error, findings),
        }
    }
    if positions > NAME_POSITIONS {
        findings.warn(
            "names.latin",
            "the name is longer than line 3 of the MRZ and is shortened there",
            "none needed: 9303-5 §4.2.3",
        );
    }
    let dates = dates?;
    let product = &profile.product;
    let fields = Td1Fields {
        document_code: product.document_code.clone(),
        issuing_state: product.issuing_state.clone(),
        document_number: record.document_number.clone(),
        optional_1: record.cin.clone(),
        birth: dates.birth,
        sex: match record.sex {
            Sex::M => mrz::Sex::Male,
            Sex::F => mrz::Sex::Female,
            Sex::X => mrz::Sex::Unspecified,
        },
        expiry: dates.expiry,
        nationality: product.nationality.clone(),
        optional_2: String::new(),
        surname: latin.surname.clone(),
        given_names: latin.given.clone(),
    };
    Mrz::build(&fields).map_err(|error| refuse(path(&error), &error, findings)).ok()
}

/// The field of the record that an error of the zone speaks of.
fn path(error: &MrzError) -> &'static str {
    match error {
        MrzError::Overflow { field, .. } | MrzError::Letter { field, .. } | MrzError::Empty(field) => match *field {
            "document number" => "document_number",
            "optional data 1" => "cin",
            _ => "names.latin",
        },
        _ => "names.latin",
    }
}

/// Told once: a field that its own rules refused is not refused a second time, nor is a name through its parts.
fn refuse(field: &str, error: &MrzError, findings: &mut Findings<'_>) {
    if findings.blames_within(field) {
        return;
    }
    let remedy = "write it in Latin letters that 9303-3 §6 has a form for, within the length of the field";
    findings.problem(field, format!("no MRZ can be made: {error}"), remedy);
}
