//! The file for a chip: JPEG 2000 or JPEG, at most so many octets and hardly fewer, and decoded again to see.

use bitaqa_jpeg2000 as jpeg2000;
use jpeg_encoder::{ColorType, Encoder, PixelDensity, SamplingFactor};

use super::{PortraitError, Source, luma_plane};
use crate::elementary::logarithm;
use crate::raster::Rgb;

/// A file whose luma is farther from the picture than this is refused.
pub const LUMA_PSNR_MIN_DB: u32 = 34;
/// Square error of one luma sample at that distance: 255 squared over 10 to the power of 3.4, in thousandths.
const SQUARE_ERROR_MAX_MILLI: u64 = 25_886;
/// Encodings before the best file so far is taken. Three suffice nearly always.
const PASSES_MAX: u32 = 12;
/// The file lies in the upper twentieth of what is allowed (BSI COM-FI-CHIP) unless the picture has no more to tell.
const SLACK_DIVISOR: usize = 20;
/// Qualities of the JPEG encoder, worst and best.
const QUALITIES: (u8, u8) = (10, 97);
/// Density that a portrait of 35 mm and 413 pixels has.
const DPI: u16 = 300;

/// Which coding a chip's file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// JP2, irreversible.
    Jpeg2000,
    /// JFIF, sequential, 4:2:0.
    Jpeg,
}

/// A file for a chip.
pub struct Encoded {
    /// The file: no metadata, no more boxes or segments than its standard wants.
    pub octets: zeroize::Zeroizing<Vec<u8>>,
    /// How often the picture was encoded to come near the number of octets.
    pub passes: u32,
    /// Distance of the decoded file's luma from the picture, in decibels.
    pub luma_psnr_db: f64,
}

/// Encodes a picture into at most `octets_max` octets, and decodes the file again.
///
/// # Errors
/// [`PortraitError::TooFewOctets`] below [`LUMA_PSNR_MIN_DB`]; [`PortraitError::Encoder`].
pub fn encode(pixels: &Rgb, coding: Coding, octets_max: usize) -> Result<Encoded, PortraitError> {
    let (octets, passes) = match coding {
        Coding::Jpeg2000 => jp2(pixels, octets_max)?,
        Coding::Jpeg => jpeg(pixels, octets_max)?,
    };
    let octets = zeroize::Zeroizing::new(octets);
    let error = square_error_milli(pixels, &decoded(&octets)?)?;
    let luma_psnr_db = decibels(error);
    if error > SQUARE_ERROR_MAX_MILLI || octets.len() > octets_max {
        return Err(PortraitError::TooFewOctets { octets_max, psnr_db: luma_psnr_db });
    }
    Ok(Encoded { octets, passes, luma_psnr_db })
}

/// Decodes by the same way that a file from outside goes.
fn decoded(octets: &[u8]) -> Result<Rgb, PortraitError> {
    let encoder = |error: PortraitError| PortraitError::Encoder(format!("its own file does not read: {error}"));
    Ok(Source::read(octets).map_err(encoder)?.pixels)
}

/// Peak signal to noise ratio of the luma of two pictures of one size, in decibels; 99 for equal ones.
///
/// # Errors
/// [`PortraitError::Encoder`] for pictures of different size.
pub fn luma_psnr_db(one: &Rgb, other: &Rgb) -> Result<f64, PortraitError> {
    square_error_milli(one, other).map(decibels)
}

/// Mean square error of luma in thousandths: an integer, so that every machine decides alike.
fn square_error_milli(one: &Rgb, other: &Rgb) -> Result<u64, PortraitError> {
    if (one.width(), one.height()) != (other.width(), other.height()) {
        return Err(PortraitError::Encoder("the file has another size than the picture".to_owned()));
    }
    let (one, other) = (luma_plane(one), luma_plane(other));
    let square = |(a, b): (&u8, &u8)| u64::from(a.abs_diff(*b)).pow(2);
    let total: u64 = one.iter().zip(other.iter()).map(square).sum();
    Ok(total * 1000 / u64::try_from(one.len()).unwrap_or(u64::MAX).max(1))
}

/// For people to read; nothing is decided by it.
fn decibels(square_error_milli: u64) -> f64 {
    let error = f64::from(u32::try_from(square_error_milli).unwrap_or(u32::MAX)) / 1000.0;
    if error == 0.0 { 99.0 } else { 10.0 * logarithm(255.0 * 255.0 / error) / core::f64::consts::LN_10 }
}

/// Bisects what is asked of the encoder until the file lies within the upper twentieth of `octets_max`.
fn jp2(pixels: &Rgb, octets_max: usize) -> Result<(Vec<u8>, u32), PortraitError> {
    let least = octets_max - octets_max / SLACK_DIVISOR;
    let (mut fits, mut too_much) = (0usize, None);
    let mut best: Vec<u8> = Vec::new();
    // What is asked for is passed by a dozen octets at times.
    let mut ask = octets_max.saturating_sub(24);
    for pass in 1..=PASSES_MAX {
        let file = jp2_once(pixels, ask)?;
        let octets = file.len();
        if octets > octets_max {
            too_much = Some(ask);
            // Just too long: that much less is nearly always right.
            let less = ask.saturating_sub(octets - octets_max).saturating_sub(1);
            ask = if less > fits { less } else { fits.midpoint(ask) };
        } else {
            // Asking for more and getting the same: the picture has no more to tell.
            let saturated = octets == best.len();
            if octets >= best.len() {
                best = file;
            }
            if octets >= least || saturated {
                return Ok((best, pass));
            }
            fits = ask;
            ask = too_much.map_or(ask + ask / 4, |too_much| fits.midpoint(too_much));
        }
        if too_much.is_some_and(|too_much| too_much - fits <= 1) {
            return Ok((best, pass));
        }
    }
    Ok((best, PASSES_MAX))
}

fn jp2_once(pixels: &Rgb, ask: usize) -> Result<Vec<u8>, PortraitError> {
    let ask = u32::try_from(ask).unwrap_or(u32::MAX);
    let file = jpeg2000::encode(pixels.width(), pixels.height(), pixels.samples(), ask);
    let file = file.map_err(|error| PortraitError::Encoder(error.to_string()))?;
    bare(&file).ok_or_else(|| PortraitError::Encoder("boxes of the encoder's file".to_owned()))
}

/// The file without the comment that its encoder leaves in the main header (COM, 15444-1 A.9.2), which tells a reader
/// nothing and costs octets.
fn bare(file: &[u8]) -> Option<Vec<u8>> {
    let stream = file.windows(8).position(|window| window == b"jp2c\xFF\x4F\xFF\x51")? + 4;
    let word = |at: usize| Some(u16::from_be_bytes(file.get(at..at + 2)?.try_into().ok()?));
    let mut out = Vec::with_capacity(file.len());
    out.extend_from_slice(file.get(..stream - 8)?);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(file.get(stream - 4..stream + 2)?);
    let mut at = stream + 2;
    while word(at)? != 0xFF90 {
        let end = at + 2 + usize::from(word(at + 2)?);
        if word(at)? != 0xFF64 {
            out.extend_from_slice(file.get(at..end)?);
        }
        at = end;
    }
    out.extend_from_slice(file.get(at..)?);
    let length = u32::try_from(out.len() - (stream - 8)).ok()?;
    out.get_mut(stream - 8..stream - 4)?.copy_from_slice(&length.to_be_bytes());
    Some(out)
}

/// The best quality whose file is small enough, by halving.
fn jpeg(pixels: &Rgb, octets_max: usize) -> Result<(Vec<u8>, u32), PortraitError> {
    let (mut low, mut high) = QUALITIES;
    let mut best = jpeg_once(pixels, low)?;
    let mut passes = 1;
    while low < high && best.len() <= octets_max {
        let quality = low + (high - low).div_ceil(2);
        let file = jpeg_once(pixels, quality)?;
        passes += 1;
        if file.len() <= octets_max {
            (low, best) = (quality, file);
        } else {
            high = quality - 1;
        }
    }
    Ok((best, passes))
}

fn jpeg_once(pixels: &Rgb, quality: u8) -> Result<Vec<u8>, PortraitError> {
    let refuse = |error: &dyn core::fmt::Display| PortraitError::Encoder(error.to_string());
    let side = |side: u32| u16::try_from(side).map_err(|error| refuse(&error));
    let (width, height) = (side(pixels.width())?, side(pixels.height())?);
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, quality);
    encoder.set_density(PixelDensity::dpi(DPI));
    encoder.set_optimized_huffman_tables(true);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.encode(pixels.samples(), width, height, ColorType::Rgb).map_err(|error| refuse(&error))?;
    Ok(file)
}
