//! Minutiae that the card compares itself (docs/decisions/0025): those of the record's prints, in the format and order
//! that the profile's eID names. They go onto the card and nowhere else.

use super::images::{Print, SCAN_AGAIN};
use super::problem::Findings;
use bitaqa_apdu::Bytes;
use bitaqa_biometrics::{afis, print_file, what_and_remedy};
use bitaqa_lds::fingers::{FingerData, FingerPosition};
use bitaqa_lds::minutiae::{Order, View, compact};
use bitaqa_lds::on_card;
use bitaqa_profile::{EidFinger, Profile};

/// Reference of one finger.
pub struct Reference {
    number: u8,
    position: FingerPosition,
    template: Bytes,
}

impl Reference {
    /// Number in the eID.
    pub const fn number(&self) -> u8 {
        self.number
    }

    /// Which finger.
    pub const fn position(&self) -> FingerPosition {
        self.position
    }

    /// Biometric data template 7F2E, as the card keeps it.
    pub const fn template(&self) -> &Bytes {
        &self.template
    }
}

/// The references that the profile wants; a print that is no good for one is a problem of the record.
pub(super) fn references(prints: &[Print], profile: &Profile, findings: &mut Findings<'_>) -> Vec<Reference> {
    let wanted = profile.eid.iter().flat_map(|eid| &eid.fingers);
    wanted.filter_map(|finger| reference(finger, prints, findings)).collect()
}

fn reference(finger: &EidFinger, prints: &[Print], findings: &mut Findings<'_>) -> Option<Reference> {
    let index = usize::from(finger.print).checked_sub(1)?;
    // Prints that are missing are a matter of the age rules.
    let print = prints.get(index)?;
    let field = format!("fingerprints[{index}].file");
    let view = match view(print) {
        Ok(view) => view,
        Err((what, remedy)) => {
            findings.problem(field, format!("the print: {what}"), remedy);
            return None;
        }
    };
    let order = Order::from_code(finger.order)?;
    let minutiae = compact(&view, finger.minutiae_max.into(), order);
    if minutiae.len() < finger.minutiae_min.into() {
        let what = format!("the print has {} minutiae, the card compares {}", minutiae.len(), finger.minutiae_min);
        findings.problem(field, what, "scan the finger again: clean, dry, whole");
        return None;
    }
    let template = on_card::probe(&minutiae);
    Some(Reference { number: finger.number, position: print.position(), template })
}

/// Minutiae of a print, found in it or out of its record; otherwise what is wrong and what to do.
fn view(print: &Print) -> Result<View, (String, String)> {
    let told = |error: &dyn core::fmt::Display| what_and_remedy(error, SCAN_AGAIN);
    match &print.template().data {
        FingerData::Minutiae(record) => {
            record.views().first().cloned().ok_or_else(|| told(&"it has no view of a finger"))
        }
        FingerData::Image(image) => {
            let print_file = print_file::read(&image.image).map_err(|error| told(&error))?;
            let template = afis::extract(&print_file.image).map_err(|error| told(&error))?;
            Ok(template.view(print.position().code()))
        }
    }
}
