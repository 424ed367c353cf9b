//! Prints for synthetic records: an impression of a grown finger, marked SPECIMEN, as a station's sensor would give it.

use super::finger::{Conditions, Finger, Hand};
use super::lettering::{LETTER_CELLS, WORD_CELLS, inked};
use super::{ImageError, octet};
use crate::print_file::{PrintFormat, write};
use crate::raster::Grey;
use crate::wsq;
use rand_core::CryptoRng;

/// No coded print is larger than this, in octets (TR-03121-3.2, COM-FP-WSQR).
pub const FINGERPRINT_BYTES_MAX: usize = 18 * 1024;

/// Presses a finger of this hand: PNG, 400 x 500, 8-bit grey, 500 ppi: the bare samples.
///
/// # Errors
/// [`ImageError::Print`] when an encoder refuses, which it has no reason to.
pub fn fingerprint(rng: &mut dyn CryptoRng, hand: Hand) -> Result<Vec<u8>, ImageError> {
    let finger = Finger::grow(rng, hand);
    another_print(&finger, rng, &Conditions::ENROLMENT)
}

/// An impression of a finger, in the form of [`fingerprint`]: mates for those who compare.
///
/// # Errors
/// [`ImageError::Print`] when an encoder refuses, which it has no reason to.
pub fn another_print(finger: &Finger, rng: &mut dyn CryptoRng, conditions: &Conditions) -> Result<Vec<u8>, ImageError> {
    Ok(write(&specimen(finger, rng, conditions)?, PrintFormat::Png)?)
}

/// The same print as [`fingerprint`] for the same random octets, coded as it goes into a chip: WSQ of at most
/// [`FINGERPRINT_BYTES_MAX`] octets.
///
/// # Errors
/// [`ImageError::Print`] when an encoder refuses, which it has no reason to.
pub fn coded_fingerprint(rng: &mut dyn CryptoRng, hand: Hand) -> Result<Vec<u8>, ImageError> {
    let image = specimen(&Finger::grow(rng, hand), rng, &Conditions::ENROLMENT)?;
    let encoder =
        wsq::Encoder::new(&image, crate::print_file::RESOLUTION).map_err(crate::print_file::PrintError::from)?;
    Ok(encoder.encode_within(FINGERPRINT_BYTES_MAX).map_err(crate::print_file::PrintError::from)?)
}

/// An impression with the word SPECIMEN on a white bar at the lower rim.
fn specimen(finger: &Finger, rng: &mut dyn CryptoRng, conditions: &Conditions) -> Result<Grey, ImageError> {
    let impression = finger.press(rng, conditions).map_err(crate::print_file::PrintError::from)?;
    let image = impression.image;
    let cell = 4.0;
    let (width, height) = (image.width(), image.height());
    let coordinate = |index: u32| f32::from(u16::try_from(index).unwrap_or(u16::MAX));
    let left = coordinate(width) / 2.0 - f32::from(WORD_CELLS) * cell / 2.0;
    let top = coordinate(height) - 48.0;
    let mut samples = Vec::with_capacity(image.samples().len());
    for y in 0..height {
        let row = (coordinate(y) - top) / cell;
        for (x, sample) in (0..width).zip(image.row(y)) {
            let column = (coordinate(x) - left) / cell;
            let bar = (-1.5..f32::from(WORD_CELLS) + 1.5).contains(&column)
                && (-1.5..f32::from(LETTER_CELLS) + 1.5).contains(&row);
            samples.push(match (inked(column, row), bar) {
                (true, _) => octet(40.0),
                (false, true) => octet(255.0),
                (false, false) => *sample,
            });
        }
    }
    Ok(Grey::new(width, height, samples).map_err(crate::print_file::PrintError::from)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print_file::read;
    use rand::SeedableRng;
    use rand::rngs::ChaCha20Rng;

    #[test]
    fn prints_are_raw_and_fit_a_chip_when_coded() {
        let rng = || ChaCha20Rng::seed_from_u64(3);
        let raw = fingerprint(&mut rng(), Hand::Left).unwrap();
        let print = read(&raw).unwrap();
        assert_eq!((print.image.width(), print.image.height(), print.resolution), (400, 500, Some(500)));
        // the bar is white, its letters dark
        assert!(print.image.row(448)[108..290].iter().all(|sample| *sample == 255));
        assert!(print.image.row(460)[108..290].contains(&40));
        let coded = coded_fingerprint(&mut rng(), Hand::Left).unwrap();
        assert!((8_000..=FINGERPRINT_BYTES_MAX).contains(&coded.len()), "{}", coded.len());
        assert_eq!(read(&coded).unwrap().image.width(), 400);
        assert_ne!(raw, fingerprint(&mut rng(), Hand::Right).unwrap());
    }
}
