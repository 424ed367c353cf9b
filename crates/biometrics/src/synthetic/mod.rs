//! Drawn images, the same for the same random octets.

mod canvas;
pub mod finger;
mod fingerprint;
mod lettering;
mod portrait;

pub use finger::Hand;
pub use fingerprint::{FINGERPRINT_BYTES_MAX, another_print, coded_fingerprint, fingerprint};
pub use portrait::{PORTRAIT_BYTES_MAX, Photo, Sitter, photo, portrait};

use rand_core::CryptoRng;

/// An image that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The JPEG encoder refused.
    #[error("JPEG encoder: {0}")]
    Jpeg(#[from] jpeg_encoder::EncodingError),
    /// A print could not be written.
    #[error(transparent)]
    Print(#[from] crate::print_file::PrintError),
    /// The PNG encoder refused.
    #[error("PNG encoder: {0}")]
    Png(#[from] png::EncodingError),
    /// What was drawn is no picture.
    #[error("the drawing is no picture")]
    Drawing,
}

/// Draws from the caller's random octets, two at a time, so that a drawing depends on nothing else.
struct Dice<'a>(&'a mut dyn CryptoRng);

impl Dice<'_> {
    fn octets<const N: usize>(&mut self) -> [u8; N] {
        let mut octets = [0; N];
        self.0.fill_bytes(&mut octets);
        octets
    }

    /// A number from 0 to below 1.
    fn unit(&mut self) -> f32 {
        let mut octets = [0; 2];
        self.0.fill_bytes(&mut octets);
        f32::from(u16::from_be_bytes(octets)) / 65_536.0
    }

    /// A number from `low` to below `high`.
    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// One of a non-empty list.
    fn one_of<T: Copy, const N: usize>(&mut self, list: [T; N]) -> Option<T> {
        let mut octets = [0; 2];
        self.0.fill_bytes(&mut octets);
        list.get(usize::from(u16::from_be_bytes(octets)) % N).copied()
    }
}

/// An intensity as an octet.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value is held inside 0 to 255 first")]
fn octet(value: f32) -> u8 {
    value.clamp(0.0, 255.0).round() as u8
}
