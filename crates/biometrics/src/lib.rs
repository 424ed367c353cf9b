//! Biometric images: rasters in memory, portraits brought into the form of a chip, WSQ, and synthetic portraits and
//! prints for samples, demonstrations and tests.
//!
//! What is drawn in [`synthetic`] for a record bears the word SPECIMEN; impressions of [`synthetic::finger`] do not,
//! since an extractor has to read them. None is meant to pass for a photograph.

pub mod afis;
mod elementary;
pub mod portrait;
pub mod print_file;
pub mod raster;
pub mod synthetic;
pub mod wsq;

/// What is wrong and what to do, out of an error of this room: its sentence has both, with a semicolon between.
/// `otherwise` is the remedy of one that has none.
pub fn what_and_remedy(error: &dyn core::fmt::Display, otherwise: &str) -> (String, String) {
    let text = error.to_string();
    let (what, remedy) = text.rsplit_once("; ").unwrap_or((&text, otherwise));
    (what.to_owned(), remedy.to_owned())
}
