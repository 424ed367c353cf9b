//! Headers of the images that go into data groups, read from the image bytes themselves: a caller's word for width,
//! height or colour is never taken.
//!
//! Each reader walks its container from the first octet to the last, so an image that is cut off or that has something
//! behind it is an error and not a surprise at the border. No sample is decoded and nothing is allocated by a declared
//! size. Formats: JPEG (10918-1), JPEG 2000 (15444-1, file and bare code stream), PNG (15948), WSQ (IAFIS-IC-0110 v3.1)
//! and PGM (binary, P5).

mod jpeg;
mod jpeg2000;
mod pgm;
mod png;
mod wsq;

use core::fmt;

pub use jpeg::JpegFacts;
pub use jpeg2000::is_reversible;
pub use pgm::{grey_samples, pgm};

/// Container and coding of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImageFormat {
    /// JPEG, with or without a JFIF marker.
    Jpeg,
    /// JPEG 2000 file (boxes).
    Jp2,
    /// JPEG 2000 code stream without a file around it.
    J2k,
    /// PNG.
    Png,
    /// Wavelet scalar quantisation, fingerprints only.
    Wsq,
    /// Portable grey map, P5.
    Pgm,
}

impl fmt::Display for ImageFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Jp2 => "JPEG 2000 file",
            Self::J2k => "JPEG 2000 code stream",
            Self::Png => "PNG",
            Self::Wsq => "WSQ",
            Self::Pgm => "PGM",
        })
    }
}

/// What the samples mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Colour {
    /// One component.
    Grey,
    /// One component and transparency.
    GreyAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue and transparency.
    Rgba,
    /// Indices into a palette.
    Palette,
    /// Luminance and two colour differences.
    YCbCr,
    /// Four components for print: no travel document holds these.
    Cmyk,
    /// Another number of components.
    Other,
}

/// What the first octets of an image and the walk to its end tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageHeader {
    /// Container and coding.
    pub format: ImageFormat,
    /// Columns, at least 1.
    pub width: u32,
    /// Rows, at least 1.
    pub height: u32,
    /// Meaning of the samples.
    pub colour: Colour,
    /// Components as coded.
    pub components: u16,
    /// Bits of one sample of one component.
    pub bits: u8,
    /// What only a JPEG has to tell.
    pub jpeg: Option<JpegFacts>,
}

/// Why no header was read. Offsets count octets from the start of the image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// The first octets belong to none of the formats.
    #[error("unknown image format: neither JPEG, JPEG 2000, PNG, WSQ nor PGM")]
    UnknownMagic,
    /// The octets end before the image does.
    #[error("{format} is truncated: something is missing at octet {at}")]
    Truncated {
        /// Format found.
        format: ImageFormat,
        /// Where more was expected.
        at: usize,
    },
    /// Octets behind the end of the image.
    #[error("{format} has {octets} octets behind its end")]
    TrailingBytes {
        /// Format found.
        format: ImageFormat,
        /// How many.
        octets: usize,
    },
    /// The container contradicts itself or its standard.
    #[error("{format} is damaged at octet {at}: {what}")]
    Damaged {
        /// Format found.
        format: ImageFormat,
        /// Where.
        at: usize,
        /// The rule that is broken.
        what: &'static str,
    },
    /// Sound, but of a kind that is not read here or not put into a data group.
    #[error("{format} is not supported: {what}")]
    Unsupported {
        /// Format found.
        format: ImageFormat,
        /// The feature.
        what: &'static str,
    },
}

impl ImageHeader {
    /// Tells the format by its first octets, then walks the whole image.
    ///
    /// # Errors
    /// [`ImageError`]: unknown, truncated, damaged, trailing octets, not supported.
    pub fn read(octets: &[u8]) -> Result<Self, ImageError> {
        match octets {
            [0xFF, 0xD8, 0xFF, ..] => jpeg::read(octets),
            [0xFF, 0x4F, 0xFF, 0x51, ..] => jpeg2000::read_codestream(octets, ImageFormat::J2k),
            [0, 0, 0, 0x0C, b'j', b'P', b' ', b' ', ..] => jpeg2000::read_file(octets),
            [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => png::read(octets),
            [0xFF, 0xA0, 0xFF, ..] => wsq::read(octets),
            _ if pgm::is_pgm(octets) => pgm::read(octets),
            _ => Err(ImageError::UnknownMagic),
        }
    }
}

/// A place in an image: reads big-endian numbers and knows where it is when they end.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    octets: &'a [u8],
    at: usize,
    format: ImageFormat,
}

impl<'a> Cursor<'a> {
    const fn new(octets: &'a [u8], at: usize, format: ImageFormat) -> Self {
        Self { octets, at, format }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], ImageError> {
        let end = self.at.checked_add(count).ok_or_else(|| self.truncated())?;
        let taken = self.octets.get(self.at..end).ok_or_else(|| self.truncated())?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ImageError> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| self.truncated())
    }

    fn u8(&mut self) -> Result<u8, ImageError> {
        self.array().map(|[octet]| octet)
    }

    fn u16(&mut self) -> Result<u16, ImageError> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, ImageError> {
        self.array().map(u32::from_be_bytes)
    }

    /// A marker segment: its length field counts itself (JPEG, JPEG 2000 and WSQ alike).
    fn segment(&mut self) -> Result<Self, ImageError> {
        let length = usize::from(self.u16()?);
        let start = self.at;
        let content = length.checked_sub(2).ok_or_else(|| self.damaged("segment length below 2"))?;
        self.take(content)?;
        // Positions inside keep counting from the start of the image.
        Ok(Self { octets: self.octets.get(..self.at).unwrap_or_default(), at: start, format: self.format })
    }

    const fn left(&self) -> usize {
        self.octets.len().saturating_sub(self.at)
    }

    fn finish(&self) -> Result<(), ImageError> {
        match self.left() {
            0 => Ok(()),
            octets => Err(ImageError::TrailingBytes { format: self.format, octets }),
        }
    }

    fn truncated(&self) -> ImageError {
        ImageError::Truncated { format: self.format, at: self.octets.len() }
    }

    const fn damaged(&self, what: &'static str) -> ImageError {
        ImageError::Damaged { format: self.format, at: self.at, what }
    }

    const fn unsupported(&self, what: &'static str) -> ImageError {
        ImageError::Unsupported { format: self.format, what }
    }
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
