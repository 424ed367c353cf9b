//! A portrait file and its pixels. The container is walked first and sizes are held against what is allowed, so that a
//! header alone makes nobody allocate; only then a decoder sees the octets.

use bitaqa_lds::image::{Colour, ImageFormat, ImageHeader};

use super::facts::{Compression, Facts};
use super::{Point, PortraitError};
use crate::jpeg2000::{self, Jpeg2000Error};
use crate::raster::Rgb;

/// Octets of the largest file that is read: a camera's PNG of 24 million pixels.
pub const OCTETS_MAX: usize = 80_000_000;
/// Pixels of the largest picture that is decoded: a camera's, of 24 million.
pub const PIXELS_MAX: u64 = 25_000_000;
/// A picture of nothing but one colour may tell that many pixels by one octet, a picture of a person a hundredth.
const PIXELS_PER_OCTET_MAX: u64 = 1000;
/// Below this side there is nothing to look at.
const SIDE_MIN: u32 = 32;
/// Hundredths of a bit for each pixel of the card below which a lossy source has lost too much already.
const CENTIBITS_MIN: f64 = 300.0;
/// A portrait as it was delivered.
pub struct Source {
    /// What the container says.
    pub header: ImageHeader,
    /// What it says besides: compression, metadata.
    pub facts: Facts,
    /// Pixels in sRGB; three equal samples where the file is grey.
    pub pixels: Rgb,
    /// Octets of the file.
    pub octets: usize,
}

impl Source {
    /// Reads PNG, JPEG, JPEG 2000 (file or code stream): one still picture, 8 or (PNG) 16 bits, grey or colour.
    ///
    /// Time and memory are bounded by the file's own size: at most 1,000 pixels for each of its octets, and
    /// [`PIXELS_MAX`] in all.
    ///
    /// # Errors
    /// [`PortraitError`]: container, sizes, kind, or data that do not decode.
    pub fn read(octets: &[u8]) -> Result<Self, PortraitError> {
        if octets.len() > OCTETS_MAX {
            return Err(PortraitError::TooManyOctets { octets: octets.len() });
        }
        refuse_animations(octets)?;
        let header = ImageHeader::read(octets)?;
        sizes(&header, octets.len())?;
        kinds(&header)?;
        let facts = Facts::read(octets, &header)?;
        let samples = match header.format {
            ImageFormat::Png => png_samples(octets)?,
            ImageFormat::Jpeg => jpeg_samples(octets)?,
            ImageFormat::Jp2 | ImageFormat::J2k => jpeg2000_samples(octets, &header)?,
            ImageFormat::Wsq | ImageFormat::Pgm => return Err(kind(&header, "a format of fingerprints, not of faces")),
        };
        let coloured = if u64::try_from(samples.len()) == Ok(pixels(&header)) {
            samples.iter().flat_map(|grey| [*grey; 3]).collect()
        } else {
            samples
        };
        // A decoder that gives another number of samples than the header has announced is caught here.
        let pixels = Rgb::new(header.width, header.height, coloured).map_err(|error| decode(header.format, &error))?;
        Ok(Self { header, facts, pixels, octets: octets.len() })
    }

    /// Whether another lossy coding would be the second one that counts: JPEG, or JPEG 2000 by the irreversible
    /// wavelet, with fewer than 3 bits (8:1) for each pixel of the card, `scale` source pixels a side of one of
    /// these. A camera's own JPEG has far more, since it is scaled down; a portrait that was made for a chip has less
    /// than 1.
    ///
    /// # Errors
    /// [`PortraitError::SecondLoss`].
    pub fn refuse_second_loss(&self, scale: f64) -> Result<(), PortraitError> {
        let lossy = self.facts.compression.may_have_lost();
        let bits = self.octets_as_centibits() * scale.max(1.0) * scale.max(1.0);
        if !lossy || bits >= CENTIBITS_MIN {
            return Ok(());
        }
        let what = format!("{:.2} bits for each pixel of the card", bits / 100.0);
        Err(PortraitError::SecondLoss { format: self.header.format, what })
    }

    fn octets_as_centibits(&self) -> f64 {
        f64::from(u32::try_from(self.centibits_per_pixel()).unwrap_or(u32::MAX))
    }

    /// Bits of the file for each pixel, in hundredths.
    pub fn centibits_per_pixel(&self) -> u64 {
        Compression::centibits_per_pixel(self.octets, &self.header)
    }

    /// Whether a point lies within the picture.
    pub fn contains(&self, point: Point) -> bool {
        (0.0..f64::from(self.pixels.width())).contains(&point.x)
            && (0.0..f64::from(self.pixels.height())).contains(&point.y)
    }
}

fn pixels(header: &ImageHeader) -> u64 {
    u64::from(header.width) * u64::from(header.height)
}

fn sizes(header: &ImageHeader, octets: usize) -> Result<(), PortraitError> {
    let (format, width, height) = (header.format, header.width, header.height);
    if pixels(header) > PIXELS_MAX {
        return Err(PortraitError::TooManyPixels { format, width, height });
    }
    let per_octet = match format {
        ImageFormat::Jp2 | ImageFormat::J2k => jpeg2000::PIXELS_PER_OCTET_MAX,
        _ => PIXELS_PER_OCTET_MAX,
    };
    if pixels(header) > per_octet * u64::try_from(octets).unwrap_or(u64::MAX) {
        return Err(PortraitError::Hollow { format, width, height, octets });
    }
    if width < SIDE_MIN || height < SIDE_MIN {
        return Err(PortraitError::TooSmall { width, height });
    }
    Ok(())
}

const fn kind(header: &ImageHeader, what: &'static str) -> PortraitError {
    PortraitError::Kind { format: header.format, what }
}

fn decode(format: ImageFormat, error: &dyn core::fmt::Display) -> PortraitError {
    PortraitError::Decode { format, what: error.to_string() }
}

fn kinds(header: &ImageHeader) -> Result<(), PortraitError> {
    match header.colour {
        Colour::Grey | Colour::Rgb | Colour::Palette | Colour::YCbCr => {}
        Colour::Cmyk => return Err(kind(header, "four colours of a printing press (CMYK)")),
        Colour::GreyAlpha | Colour::Rgba => return Err(kind(header, "transparency")),
        Colour::Other => return Err(kind(header, "colours that are neither grey nor red, green and blue")),
    }
    let bits_max = if header.format == ImageFormat::Png { 16 } else { 8 };
    if header.bits > bits_max {
        return Err(kind(header, "samples of more than 8 bits"));
    }
    // One pass over the data: a progressive file may ask for a walk over all pixels by a few octets, again and again.
    if header.jpeg.is_some_and(|facts| !facts.sequential) {
        return Err(kind(header, "not the sequential coding by Huffman codes (it is progressive, or rarer)"));
    }
    Ok(())
}

/// Formats of moving pictures are named, since "unknown format" would send the operator looking for damage.
fn refuse_animations(octets: &[u8]) -> Result<(), PortraitError> {
    let moving = |what| Err(PortraitError::Decode { format: ImageFormat::Png, what });
    match octets {
        [b'G', b'I', b'F', b'8', ..] => moving("it is a GIF, which has 256 colours and may move".to_owned()),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => {
            moving("it is a WebP, which may move and which no travel document holds".to_owned())
        }
        _ => Ok(()),
    }
}

fn png_samples(octets: &[u8]) -> Result<Vec<u8>, PortraitError> {
    const FORMAT: ImageFormat = ImageFormat::Png;
    let mut decoder = png::Decoder::new(std::io::Cursor::new(octets));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(|error| decode(FORMAT, &error))?;
    if reader.info().animation_control.is_some() {
        return Err(PortraitError::Kind { format: FORMAT, what: "an animation (APNG)" });
    }
    let (colour, _) = reader.output_color_type();
    if !matches!(colour, png::ColorType::Grayscale | png::ColorType::Rgb) {
        return Err(PortraitError::Kind { format: FORMAT, what: "transparency" });
    }
    let size = reader.output_buffer_size().ok_or_else(|| decode(FORMAT, &"its size overflows"))?;
    let mut samples = vec![0; size];
    let frame = reader.next_frame(&mut samples).map_err(|error| decode(FORMAT, &error))?;
    samples.truncate(frame.buffer_size());
    // What follows the picture is read too: a second one would have been seen as animation, a broken chunk is not.
    reader.finish().map_err(|error| decode(FORMAT, &error))?;
    Ok(samples)
}

fn jpeg_samples(octets: &[u8]) -> Result<Vec<u8>, PortraitError> {
    const FORMAT: ImageFormat = ImageFormat::Jpeg;
    // The decoder fills what is missing with grey.
    super::entropy::walk(octets).map_err(|what| decode(FORMAT, &what))?;
    let mut decoder = jpeg_decoder::Decoder::new(octets);
    let samples = decoder.decode().map_err(|error| decode(FORMAT, &error))?;
    match decoder.info().map(|info| info.pixel_format) {
        Some(jpeg_decoder::PixelFormat::L8 | jpeg_decoder::PixelFormat::RGB24) => Ok(samples),
        _ => Err(PortraitError::Kind { format: FORMAT, what: "samples of more than 8 bits, or four colours" }),
    }
}

fn jpeg2000_samples(octets: &[u8], header: &ImageHeader) -> Result<Vec<u8>, PortraitError> {
    jpeg2000::samples(octets, header).map_err(|error| match error {
        Jpeg2000Error::Kind(what) => kind(header, what),
        Jpeg2000Error::Decode(what) => decode(header.format, &what),
    })
}
