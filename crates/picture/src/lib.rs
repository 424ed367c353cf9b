//! Pictures of both sides of a card out of what its chip says, so that a person can compare chip and print by eye.
//!
//! [`CardData`] reads the files of a chip, [`front`] and [`back`] lay them out on a card of ID-1 size (ISO/IEC 7810:
//! 85.60 x 53.98 mm), [`Scene::svg`] and [`Scene::png`] write the same shapes. Letters are outlines by then: Arabic
//! joined and set from right to left by a shaping library, with fonts that this crate carries, so that a picture
//! needs none of its reader's. The layout is no copy of a real card, and every picture says SPECIMEN.

mod data;
mod layout;
mod letters;
mod raster;
mod scene;
mod svg;

pub use data::CardData;
pub use layout::{back, front};
pub use letters::Fonts;
pub use scene::Scene;

use bitaqa_biometrics::portrait::PortraitError;
use bitaqa_lds::LdsError;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// A file without which there is nothing to draw.
    #[error("{0} is missing: it was not read from the chip")]
    Missing(&'static str),
    /// A file that does not read.
    #[error("{file}: {source}")]
    File {
        /// Its name.
        file: &'static str,
        /// What is wrong with it.
        source: LdsError,
    },
    /// The portrait of DG2.
    #[error("portrait of DG2: {0}")]
    Portrait(#[from] PortraitError),
    /// A font of this crate does not read.
    #[error("font {0} is damaged")]
    Font(&'static str),
    /// The PNG encoder refused.
    #[error("PNG encoder: {0}")]
    Png(#[from] png::EncodingError),
}

#[cfg(test)]
mod tests;
