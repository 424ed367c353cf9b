//! Portraits on their way into a chip: read, looked at, cut, scaled, and compressed to a number of octets.
//!
//! [`Source::read`] takes what an enrolment station delivers, [`check`] says what can be said of it without a learned
//! model of faces (and names what was not assessed), [`cut()`] brings it to the geometry of a card product,
//! [`encode()`] makes the file for DG2. No step takes the word of a caller for what the picture itself tells.

mod annotate;
mod check;
mod code_stream;
mod cut;
mod encode;
mod entropy;
mod error;
mod eyes;
mod facts;
mod measure;
mod source;

pub use annotate::annotate;
pub use check::{Check, Report, Verdict, check};
pub use cut::{Cut, Geometry, cut};
pub use encode::{Coding, Encoded, LUMA_PSNR_MIN_DB, encode, luma_psnr_db};
pub use error::PortraitError;
pub use eyes::{Eyes, Face, FaceFinder, Point};
pub use facts::{Compression, Facts};
pub use source::{OCTETS_MAX, PIXELS_MAX, Source};

use crate::raster::Rgb;

/// A portrait for a chip out of the file of an enrolment station: read, cut, encoded, and decoded again to see.
///
/// # Errors
/// [`PortraitError`]: a file that is no portrait, lossy coding a second time, too few pixels, no room around the
/// face, an encoder that stays below its quality.
pub fn chip_portrait(
    octets: &[u8],
    eyes: Option<Eyes>,
    geometry: Geometry,
    coding: Coding,
    octets_max: usize,
) -> Result<Encoded, PortraitError> {
    let source = Source::read(octets)?;
    let cut: Cut = cut(&source.pixels, eyes, geometry)?;
    source.refuse_second_loss(cut.scale)?;
    encode(&cut.pixels, coding, octets_max)
}

/// Luminance of a pixel in sRGB's own gamma, ITU-R BT.601 weights in 1/1024: what JPEG and JPEG 2000 call luma.
fn luma(pixel: &[u8]) -> u8 {
    let [red, green, blue] = pixel else { return 0 };
    let sum = 306 * u32::from(*red) + 601 * u32::from(*green) + 117 * u32::from(*blue);
    u8::try_from((sum + 512) >> 10).unwrap_or(u8::MAX)
}

/// All luma samples of an image, row by row.
fn luma_plane(pixels: &Rgb) -> zeroize::Zeroizing<Vec<u8>> {
    zeroize::Zeroizing::new(pixels.samples().chunks_exact(3).map(luma).collect())
}

#[cfg(test)]
mod tests;
