//! Biometric images: rasters in memory, portraits brought into the form of a chip, WSQ, and synthetic portraits and
//! prints for samples, demonstrations and tests.
//!
//! What is drawn in [`synthetic`] for a record bears the word SPECIMEN; impressions of [`synthetic::finger`] do not,
//! since an extractor has to read them. None is meant to pass for a photograph.

pub mod afis;
mod elementary;
pub mod jpeg2000;
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

#[cfg(test)]
mod tests {
    use super::what_and_remedy;

    #[test]
    fn the_remedy_stands_behind_the_last_semicolon() {
        let pair = |text: &str| what_and_remedy(&text, "ask");
        let owned = |what: &str, remedy: &str| (what.to_owned(), remedy.to_owned());
        assert_eq!(pair("PNG is damaged: a; b; take another"), owned("PNG is damaged: a; b", "take another"));
        assert_eq!(pair("no picture"), owned("no picture", "ask"));
    }
}
