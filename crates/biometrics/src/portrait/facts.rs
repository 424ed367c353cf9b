//! What a container tells besides size and colours: how hard it was compressed, and what it carries along.

use bitaqa_lds::image::{ImageFormat, ImageHeader};

use super::{PortraitError, code_stream};

/// Luminance table of ITU-T T.81 Annex K.1, in zigzag order: qualities of encoders are told against it.
const LUMINANCE: [u16; 64] = [
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61,
    60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77, 113,
    121, 112, 100, 120, 92, 101, 103, 99,
];

/// How a file was compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Nothing is lost.
    Lossless,
    /// JPEG; quality 1 to 100 as the tables of T.81 give it.
    Jpeg {
        /// 1 to 100.
        quality: u16,
    },
    /// JPEG 2000.
    Jpeg2000 {
        /// By the 5/3 wavelet, which loses nothing unless the stream is cut.
        reversible: bool,
        /// Decompositions.
        levels: u8,
        /// Quality layers.
        layers: u16,
    },
}

impl Compression {
    /// Whether something may have been lost. A stream of the reversible wavelet can be cut as well as any other: the
    /// portrait of ICAO's silver data set is one of half a bit a pixel.
    pub const fn may_have_lost(self) -> bool {
        !matches!(self, Self::Lossless)
    }

    pub(super) fn centibits_per_pixel(octets: usize, header: &ImageHeader) -> u64 {
        let pixels = u64::from(header.width) * u64::from(header.height);
        u64::try_from(octets).unwrap_or(u64::MAX).saturating_mul(800) / pixels.max(1)
    }
}

/// What the container tells besides its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// How it was compressed.
    pub compression: Compression,
    /// Blocks that are no picture: camera data, colour profiles, texts. None of them reaches a chip.
    pub metadata: Vec<&'static str>,
}

impl Facts {
    /// Of a container that was walked before.
    pub(super) fn read(octets: &[u8], header: &ImageHeader) -> Result<Self, PortraitError> {
        let damaged = |what: &str| PortraitError::Decode { format: header.format, what: what.to_owned() };
        match header.format {
            ImageFormat::Jpeg => jpeg(octets, header),
            ImageFormat::Jp2 => {
                let (stream, metadata) = jp2_boxes(octets).ok_or_else(|| damaged("its boxes"))?;
                let compression = code_stream::read(stream).map_err(damaged)?;
                Ok(Self { compression, metadata })
            }
            ImageFormat::J2k => {
                let compression = code_stream::read(octets).map_err(damaged)?;
                Ok(Self { compression, metadata: Vec::new() })
            }
            _ => Ok(Self { compression: Compression::Lossless, metadata: png_chunks(octets) }),
        }
    }
}

/// Two octets at `at`.
fn word(octets: &[u8], at: usize) -> Option<u16> {
    let pair = octets.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(pair.try_into().ok()?))
}

/// Segments up to the first scan.
fn jpeg(octets: &[u8], header: &ImageHeader) -> Result<Facts, PortraitError> {
    let (mut at, mut metadata, mut quality) = (2usize, Vec::new(), None);
    while let (Some(marker), Some(length)) = (word(octets, at), word(octets, at + 2)) {
        if marker == 0xFFFF {
            at += 1; // fill octet
            continue;
        }
        let end = at + 2 + usize::from(length);
        let content = octets.get(at + 4..end).unwrap_or_default();
        match marker {
            0xFFDA => break,
            0xFFDB => quality = quality.or_else(|| table_quality(content)),
            0xFFE1 if content.starts_with(b"Exif\0\0") => {
                upright(content, header)?;
                metadata.push("Exif");
            }
            0xFFE1 => metadata.push("XMP"),
            0xFFE2 if content.starts_with(b"ICC_PROFILE\0") => metadata.push("colour profile"),
            0xFFE0 if content.starts_with(b"JFIF\0") => {}
            0xFFEE if content.starts_with(b"Adobe") => {}
            0xFFE0..=0xFFEF => metadata.push("application data"),
            0xFFFE => metadata.push("comment"),
            _ => {}
        }
        at = end;
    }
    metadata.dedup();
    Ok(Facts { compression: Compression::Jpeg { quality: quality.unwrap_or(1) }, metadata })
}

/// Quality of table 0 by the mean of its ratios to Annex K, as the Independent JPEG Group scales that table.
fn table_quality(segment: &[u8]) -> Option<u16> {
    let (kind, table) = segment.split_first()?;
    let values: Vec<u16> = match kind {
        0x00 => table.iter().take(64).map(|value| u16::from(*value)).collect(),
        0x10 => table.chunks_exact(2).take(64).filter_map(|pair| word(pair, 0)).collect(),
        _ => return None,
    };
    if values.len() != 64 {
        return None;
    }
    let percents = values.iter().zip(LUMINANCE).map(|(value, k)| u32::from(*value) * 1000 / u32::from(k)).sum::<u32>();
    let percent = (percents / 640).max(1);
    let quality = if percent <= 100 { (200 - percent) / 2 } else { 5000 / percent };
    u16::try_from(quality.clamp(1, 100)).ok()
}

/// Exif may say that the picture is to be turned; a chip has nobody to turn it.
fn upright(exif: &[u8], header: &ImageHeader) -> Result<(), PortraitError> {
    let what = "Exif says that the picture lies on its side or is mirrored: turn the pixels themselves";
    match orientation(exif) {
        None | Some(1) => Ok(()),
        Some(_) => Err(PortraitError::Kind { format: header.format, what }),
    }
}

/// Tag 0112 of the first directory (Exif 2.3).
fn orientation(exif: &[u8]) -> Option<u16> {
    let tiff = exif.get(6..)?;
    let little = tiff.starts_with(b"II");
    let short = |at: usize| word(tiff, at).map(|value| if little { value.swap_bytes() } else { value });
    let long = |at: usize| {
        let (first, second) = (short(at)?, short(at + 2)?);
        let (high, low) = if little { (second, first) } else { (first, second) };
        Some(u32::from(high) << 16 | u32::from(low))
    };
    let directory = usize::try_from(long(4)?).ok()?;
    let entries = usize::from(short(directory)?);
    let entry = (0..entries).map(|index| directory + 2 + 12 * index).find(|at| short(*at) == Some(0x0112))?;
    short(entry + 8)
}

/// The code stream, and the boxes beside those that a chip's file has.
fn jp2_boxes(octets: &[u8]) -> Option<(&[u8], Vec<&'static str>)> {
    let (mut at, mut stream, mut metadata) = (0usize, None, Vec::new());
    while at < octets.len() {
        let length = usize::try_from(u32::from_be_bytes(octets.get(at..at + 4)?.try_into().ok()?)).ok()?;
        let (skip, length) = match length {
            0 => (8, octets.len() - at),
            1 => (16, usize::try_from(u64::from_be_bytes(octets.get(at + 8..at + 16)?.try_into().ok()?)).ok()?),
            length => (8, length),
        };
        let end = at.checked_add(length).filter(|end| *end > at)?;
        let content = octets.get(at + skip..end)?;
        match octets.get(at + 4..at + 8)? {
            b"jp2c" => stream = Some(content),
            b"jP  " | b"ftyp" | b"jp2h" => {}
            b"xml " => metadata.push("XML"),
            b"uuid" | b"uinf" => metadata.push("UUID"),
            _ => metadata.push("another box"),
        }
        at = end;
    }
    Some((stream?, metadata))
}

/// Chunks of a PNG that are no picture.
fn png_chunks(octets: &[u8]) -> Vec<&'static str> {
    let (mut at, mut metadata) = (8usize, Vec::new());
    while let (Some(Ok(length)), Some(kind)) =
        (octets.get(at..at + 4).map(<[u8; 4]>::try_from), octets.get(at + 4..at + 8))
    {
        match kind {
            b"iCCP" => metadata.push("colour profile"),
            b"eXIf" => metadata.push("Exif"),
            b"tEXt" | b"zTXt" | b"iTXt" => metadata.push("text"),
            b"tIME" => metadata.push("time"),
            _ => {}
        }
        at = at.saturating_add(12).saturating_add(u32::from_be_bytes(length) as usize);
    }
    metadata.dedup();
    metadata
}
