//! JPEG, ISO/IEC 10918-1 Annex B: marker segments up to EOI, and what Adobe's APP14 says of the colour transform.

use super::{Colour, Cursor, ImageError, ImageFormat, ImageHeader};

const FORMAT: ImageFormat = ImageFormat::Jpeg;

/// Facts of a JPEG that decide whether 19794-5 takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JpegFacts {
    /// Whether the file has a JFIF APP0 marker.
    pub jfif: bool,
    /// Transform code of Adobe's APP14: 0 none (RGB or CMYK), 1 YCbCr, 2 YCCK.
    pub adobe_transform: Option<u8>,
    /// Several scans refine one another (SOF2 and its kin).
    pub progressive: bool,
    /// Huffman, sequential, 8 bits: SOF0 or SOF1. What every reader decodes.
    pub sequential: bool,
}

/// What SOF tells.
struct Frame {
    marker: u8,
    bits: u8,
    height: u16,
    width: u16,
    /// Identifiers of the components; three letters R, G, B mean just that.
    components: Vec<u8>,
}

pub(super) fn read(octets: &[u8]) -> Result<ImageHeader, ImageError> {
    let mut cursor = Cursor::new(octets, 2, FORMAT);
    let (mut jfif, mut adobe_transform, mut frame, mut scans) = (false, None, None, 0u32);
    loop {
        let marker = next_marker(&mut cursor)?;
        match marker {
            0xD9 => break,
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                let mut segment = cursor.segment()?;
                if frame.replace(read_frame(&mut segment, marker)?).is_some() {
                    return Err(segment.unsupported("several frames (hierarchical coding)"));
                }
            }
            0xDA => {
                cursor.segment()?;
                if frame.is_none() {
                    return Err(cursor.damaged("scan before frame header"));
                }
                scans += 1;
                skip_entropy_coded(&mut cursor)?;
            }
            0xE0 => jfif |= cursor.segment()?.take(5).is_ok_and(|name| name == b"JFIF\0"),
            0xEE => {
                let mut segment = cursor.segment()?;
                if let Ok([b'A', b'd', b'o', b'b', b'e', .., transform]) = segment.array::<12>() {
                    adobe_transform = Some(transform);
                }
            }
            0x01 | 0xD0..=0xD7 => {} // no length field
            0xD8 => return Err(cursor.damaged("second start of image")),
            0x00 | 0x02..=0xBF => return Err(cursor.damaged("reserved marker")),
            _ => {
                cursor.segment()?;
            }
        }
    }
    cursor.finish()?;
    let frame = frame.filter(|_| scans > 0).ok_or_else(|| cursor.damaged("no frame or no scan before the end"))?;
    Ok(header(&frame, jfif, adobe_transform))
}

fn header(frame: &Frame, jfif: bool, adobe_transform: Option<u8>) -> ImageHeader {
    let colour = match (frame.components.as_slice(), adobe_transform) {
        ([_], _) => Colour::Grey,
        ([_, _, _], Some(0)) => Colour::Rgb,
        // Without JFIF and Adobe markers the names of the components decide, as in every decoder.
        ([b'R', b'G', b'B'], None) if !jfif => Colour::Rgb,
        ([_, _, _], _) => Colour::YCbCr,
        ([_, _, _, _], _) => Colour::Cmyk,
        _ => Colour::Other,
    };
    let progressive = matches!(frame.marker, 0xC2 | 0xC6 | 0xCA | 0xCE);
    let sequential = matches!(frame.marker, 0xC0 | 0xC1) && frame.bits == 8;
    ImageHeader {
        format: FORMAT,
        width: u32::from(frame.width),
        height: u32::from(frame.height),
        colour,
        components: u16::try_from(frame.components.len()).unwrap_or(u16::MAX),
        bits: frame.bits,
        jpeg: Some(JpegFacts { jfif, adobe_transform, progressive, sequential }),
    }
}

/// The marker at the cursor; fill octets FF before it are allowed (B.1.1.2).
fn next_marker(cursor: &mut Cursor<'_>) -> Result<u8, ImageError> {
    if cursor.u8()? != 0xFF {
        return Err(cursor.damaged("no marker where one must stand"));
    }
    loop {
        match cursor.u8()? {
            0xFF => {}
            marker => return Ok(marker),
        }
    }
}

/// B.2.2.
fn read_frame(segment: &mut Cursor<'_>, marker: u8) -> Result<Frame, ImageError> {
    let (bits, height, width, count) = (segment.u8()?, segment.u16()?, segment.u16()?, segment.u8()?);
    if height == 0 || width == 0 {
        return Err(segment.unsupported("width or height of 0 (told later by DNL)"));
    }
    // Table B.2: 8 or 12, for lossless coding 2 to 16.
    if !(2..=16).contains(&bits) {
        return Err(segment.damaged("samples of no such width"));
    }
    if segment.left() != usize::from(count) * 3 || count == 0 {
        return Err(segment.damaged("frame header of a wrong length"));
    }
    let components = segment.take(segment.left())?.iter().step_by(3).copied().collect();
    Ok(Frame { marker, bits, height, width, components })
}

/// To the next marker that is neither a stuffed FF nor a restart.
fn skip_entropy_coded(cursor: &mut Cursor<'_>) -> Result<(), ImageError> {
    let rest = cursor.octets.get(cursor.at..).unwrap_or_default();
    let is_marker = |at: &usize| matches!(rest.get(at + 1), Some(0x01..=0xCF | 0xD8..=0xFE));
    let end = memchr::memchr_iter(0xFF, rest).find(is_marker);
    cursor.at += end.ok_or_else(|| cursor.truncated())?;
    Ok(())
}
