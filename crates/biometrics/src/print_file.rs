//! Files with one print: WSQ, PNG, binary PGM and JPEG 2000, read into a [`Grey`]; all but the last written from one.
//!
//! A print is 8-bit grey, dark ridges on light ground, 500 pixels an inch. What is anything else is refused with what,
//! where and remedy, and never scaled or inverted in silence: a template of a print at a wrong resolution matches
//! nobody.

use std::io::Cursor;

use bitaqa_lds::image::{Colour, ImageError, ImageFormat, ImageHeader, grey_samples};
use png::{BitDepth, ColorType, Compression, Encoder, PixelDimensions, Unit};

use crate::jpeg2000::{self, Jpeg2000Error};
use crate::raster::{Grey, RasterError};
use crate::wsq::{self, PIXELS_MAX, PIXELS_PER_OCTET_MAX, SIDE_MIN, WsqError};

/// Pixels an inch of every print here.
pub const RESOLUTION: u32 = 500;
/// Per cent by which a stated resolution may differ: scanners state 499 or 502.
const RESOLUTION_TOLERANCE: u32 = 1;
/// The same in pixels a metre, as PNG counts.
const PIXELS_PER_METRE: u32 = 19_685;

/// How a print is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrintFormat {
    /// Wavelet scalar quantisation at [`wsq::BIT_RATE`]: lossy.
    Wsq,
    /// PNG, 8-bit grey, 500 pixels an inch stated.
    Png,
    /// Binary portable grey map, which states no resolution.
    Pgm,
}

impl PrintFormat {
    /// The format of files with this extension, upper or lower case.
    pub fn of_extension(extension: &str) -> Option<Self> {
        let known = [("wsq", Self::Wsq), ("png", Self::Png), ("pgm", Self::Pgm)];
        known.into_iter().find(|(name, _)| extension.eq_ignore_ascii_case(name)).map(|(_, format)| format)
    }
}

/// Why a print was not read or not written. Each says what is wrong and what helps.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// The container is unknown, damaged or cut off, or its declared size and its samples disagree.
    #[error("{0}; give the file as the sensor wrote it")]
    Container(#[from] ImageError),
    /// WSQ is damaged, too small or too large.
    #[error(transparent)]
    Wsq(#[from] WsqError),
    /// The samples of a PNG cannot be unpacked.
    #[error("PNG is damaged: {0}; give the file as the sensor wrote it")]
    Unpacked(#[from] png::DecodingError),
    /// A PNG could not be written.
    #[error("PNG encoder: {0}")]
    Packed(#[from] png::EncodingError),
    /// JPEG 2000 that does not decode.
    #[error("{0}; take the file from its source again")]
    Jpeg2000(#[from] Jpeg2000Error),
    /// A format for portraits.
    #[error("a print is WSQ, PNG, PGM or JPEG 2000, and this is {0}; export it as PNG in 8-bit grey")]
    Format(ImageFormat),
    /// Red, green and blue differ.
    #[error("a colour image: at row {row}, column {column} red, green and blue differ; scan in 8-bit grey")]
    Colour {
        /// Rows above.
        row: usize,
        /// Columns to the left.
        column: usize,
    },
    /// Palette, transparency, four components, other depths.
    #[error("{what}: a print has one 8-bit sample a pixel; export it as 8-bit grey")]
    Samples {
        /// What it has.
        what: String,
    },
    /// More than one picture.
    #[error("an animated PNG holds several pictures; export the one that is the print")]
    Animated,
    /// Too many pixels for its octets, or at all.
    #[error(
        "{width} x {height} pixels out of {octets} octets: at most {PIXELS_MAX} pixels are read, and \
         {PIXELS_PER_OCTET_MAX} for each octet ({} of JPEG 2000); cut it to one finger at {RESOLUTION} pixels an inch",
        jpeg2000::PIXELS_PER_OCTET_MAX
    )]
    TooLarge {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Octets of the file.
        octets: usize,
    },
    /// Too few pixels.
    #[error("{width} x {height} pixels hold no print, {SIDE_MIN} on each side are 5 mm; scan the whole finger")]
    TooSmall {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// A stated resolution that is not [`RESOLUTION`].
    #[error("the file states {0} pixels an inch, a print has {RESOLUTION}; scan at {RESOLUTION}")]
    Resolution(u32),
    /// Light ridges on dark ground.
    #[error("the ground is dark: the print is inverted; invert it, so that ridges are dark on light ground")]
    Inverted,
    /// No image.
    #[error(transparent)]
    Raster(#[from] RasterError),
}

/// A print as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintFile {
    /// Samples.
    pub image: Grey,
    /// Container it came in.
    pub format: ImageFormat,
    /// Pixels an inch that the file states; PGM never does.
    pub resolution: Option<u32>,
}

/// Reads a print and holds it against all that a print must be.
///
/// # Errors
/// [`PrintError`]. Memory stays below some octets for each declared pixel, of which no more are believed than
/// [`PIXELS_MAX`] and [`PIXELS_PER_OCTET_MAX`] for each octet of the file.
pub fn read(octets: &[u8]) -> Result<PrintFile, PrintError> {
    let print = read_any_resolution(octets)?;
    if let Some(resolution) = print.resolution.filter(|stated| !is_right(*stated)) {
        return Err(PrintError::Resolution(resolution));
    }
    Ok(print)
}

/// As [`read`], whatever resolution the file states: for who knows better than the file.
///
/// # Errors
/// As [`read`], but for [`PrintError::Resolution`].
pub fn read_any_resolution(octets: &[u8]) -> Result<PrintFile, PrintError> {
    let print = if octets.starts_with(&[0xFF, 0xA0]) {
        let decoded = wsq::decode(octets)?;
        PrintFile { image: decoded.image, format: ImageFormat::Wsq, resolution: decoded.resolution }
    } else {
        read_container(octets)?
    };
    if is_inverted(&print.image) { Err(PrintError::Inverted) } else { Ok(print) }
}

fn is_right(stated: u32) -> bool {
    stated.abs_diff(RESOLUTION) * 100 <= RESOLUTION * RESOLUTION_TOLERANCE
}

/// All but WSQ: first the whole container, then its size, then the samples.
fn read_container(octets: &[u8]) -> Result<PrintFile, PrintError> {
    let header = ImageHeader::read(octets)?;
    let (width, height) = (header.width, header.height);
    let pixels = u64::from(width) * u64::from(height);
    let per_octet = match header.format {
        ImageFormat::Jp2 | ImageFormat::J2k => jpeg2000::PIXELS_PER_OCTET_MAX,
        _ => PIXELS_PER_OCTET_MAX,
    };
    if pixels > PIXELS_MAX.min((octets.len() as u64).saturating_mul(per_octet)) {
        return Err(PrintError::TooLarge { width, height, octets: octets.len() });
    }
    if width < SIDE_MIN || height < SIDE_MIN {
        return Err(PrintError::TooSmall { width, height });
    }
    if header.bits != 8 {
        return Err(PrintError::Samples { what: format!("{} bits a sample", header.bits) });
    }
    match (header.format, header.colour) {
        (ImageFormat::Pgm, _) => {
            let image = Grey::new(width, height, grey_samples(octets)?.to_vec())?;
            Ok(PrintFile { image, format: ImageFormat::Pgm, resolution: None })
        }
        (ImageFormat::Png, Colour::Grey | Colour::Rgb) => read_png(octets, &header),
        (ImageFormat::Jp2 | ImageFormat::J2k, Colour::Grey) => {
            let samples = jpeg2000::samples(octets, &header)?;
            Ok(PrintFile { image: Grey::new(width, height, samples)?, format: header.format, resolution: None })
        }
        (ImageFormat::Png | ImageFormat::Jp2 | ImageFormat::J2k, colour) => {
            Err(PrintError::Samples { what: format!("{colour:?}") })
        }
        (format, _) => Err(PrintError::Format(format)),
    }
}

fn read_png(octets: &[u8], header: &ImageHeader) -> Result<PrintFile, PrintError> {
    // text and profiles beside the samples are none of ours, and a bomb of them is not unpacked
    let limits = png::Limits { bytes: octets.len().saturating_mul(4).saturating_add(1 << 20) };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(octets), limits);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info()?;
    if reader.info().animation_control().is_some() {
        return Err(PrintError::Animated);
    }
    let resolution = reader.info().pixel_dims.and_then(stated_resolution);
    let channels = if header.colour == Colour::Rgb { 3 } else { 1 };
    // both sides were held against the limits
    let size = header.width as usize * header.height as usize * channels;
    let mut samples = zeroize::Zeroizing::new(vec![0; size]);
    reader.next_frame(&mut samples)?;
    let grey =
        if channels == 3 { one_channel(&samples, header.width as usize)? } else { core::mem::take(&mut *samples) };
    let image = Grey::new(header.width, header.height, grey)?;
    Ok(PrintFile { image, format: ImageFormat::Png, resolution })
}

/// The samples of grey that was stored as colour.
fn one_channel(samples: &[u8], width: usize) -> Result<Vec<u8>, PrintError> {
    let mut grey = Vec::with_capacity(samples.len() / 3);
    for (place, pixel) in samples.chunks_exact(3).enumerate() {
        match pixel {
            [red, green, blue] if red == green && green == blue => grey.push(*red),
            _ => return Err(PrintError::Colour { row: place / width, column: place % width }),
        }
    }
    Ok(grey)
}

/// Pixels an inch, when both directions agree.
fn stated_resolution(dimensions: PixelDimensions) -> Option<u32> {
    let inch = |metre: u32| u32::try_from((u64::from(metre) * 254 + 5000) / 10_000).unwrap_or(u32::MAX);
    let (across, down) = (inch(dimensions.xppu), inch(dimensions.yppu));
    match dimensions.unit {
        Unit::Meter if is_right(across) && is_right(down) => Some(across),
        // the one that is wrong is the one to be told
        Unit::Meter => Some(if is_right(across) { down } else { across }),
        Unit::Unspecified => None,
    }
}

/// Squares of this many pixels a side are ground when they are flat.
const SQUARE: usize = 16;
/// Shades between the darkest and the lightest pixel of ground.
const FLAT: u8 = 40;
/// Ground darker than this is that of an inverted print.
const DARK: u8 = 80;

/// Whether the ground is dark: most of the flat squares, where there are enough of them to tell. A print that fills its
/// window has no ground, and cannot be told from its inverse.
fn is_inverted(image: &Grey) -> bool {
    let (mut squares, mut dark, mut light) = (0_u32, 0_u32, 0_u32);
    let stride = image.width() as usize;
    for band in image.samples().chunks_exact(SQUARE * stride) {
        for start in (0..stride / SQUARE).map(|column| column * SQUARE) {
            let rows = band.chunks_exact(stride).filter_map(|row| row.get(start..start + SQUARE));
            let (low, high) =
                rows.flatten().fold((u8::MAX, 0), |(low, high), sample| (low.min(*sample), high.max(*sample)));
            squares += 1;
            dark += u32::from(high - low <= FLAT && high <= DARK);
            light += u32::from(high - low <= FLAT && low > DARK);
        }
    }
    dark * 20 > squares && dark > light
}

/// Writes a print.
///
/// # Errors
/// [`PrintError`] when an encoder refuses: WSQ has a shortest side.
pub fn write(image: &Grey, format: PrintFormat) -> Result<Vec<u8>, PrintError> {
    match format {
        PrintFormat::Wsq => Ok(wsq::encode(image, RESOLUTION, wsq::BIT_RATE)?),
        PrintFormat::Png => write_png(image),
        PrintFormat::Pgm => {
            let mut file = format!("P5\n{} {}\n255\n", image.width(), image.height()).into_bytes();
            file.extend_from_slice(image.samples());
            Ok(file)
        }
    }
}

fn write_png(image: &Grey) -> Result<Vec<u8>, PrintError> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, image.width(), image.height());
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    let dimensions = PixelDimensions { xppu: PIXELS_PER_METRE, yppu: PIXELS_PER_METRE, unit: Unit::Meter };
    encoder.set_pixel_dims(Some(dimensions));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(image.samples())?;
    writer.finish()?;
    Ok(file)
}

#[cfg(test)]
mod tests;
