//! PNG, ISO/IEC 15948: chunks from the signature to IEND, each with its check sum.

use super::{Colour, Cursor, ImageError, ImageFormat, ImageHeader};

const FORMAT: ImageFormat = ImageFormat::Png;

pub(super) fn read(octets: &[u8]) -> Result<ImageHeader, ImageError> {
    let mut cursor = Cursor::new(octets, 8, FORMAT);
    let (kind, mut first) = chunk(&mut cursor)?;
    if kind != *b"IHDR" || first.left() != 13 {
        return Err(first.damaged("first chunk is no IHDR"));
    }
    let header = read_header(&mut first)?;
    let mut data = false;
    loop {
        let (kind, content) = chunk(&mut cursor)?;
        match &kind {
            b"IHDR" => return Err(content.damaged("second IHDR")),
            b"IDAT" => data = true,
            b"IEND" if content.left() > 0 => return Err(content.damaged("IEND is not empty")),
            b"IEND" => break,
            _ => {}
        }
    }
    cursor.finish()?;
    if data { Ok(header) } else { Err(cursor.damaged("no IDAT")) }
}

/// 11.2.1.
fn read_header(content: &mut Cursor<'_>) -> Result<ImageHeader, ImageError> {
    let (width, height, bits, kind) = (content.u32()?, content.u32()?, content.u8()?, content.u8()?);
    let (colour, components) = match (kind, bits) {
        (0, 1 | 2 | 4 | 8 | 16) => (Colour::Grey, 1),
        (2, 8 | 16) => (Colour::Rgb, 3),
        (3, 1 | 2 | 4 | 8) => (Colour::Palette, 1),
        (4, 8 | 16) => (Colour::GreyAlpha, 2),
        (6, 8 | 16) => (Colour::Rgba, 4),
        _ => return Err(content.damaged("colour type and depth do not go together")),
    };
    let limit = 1 << 31;
    if !(1..limit).contains(&width) || !(1..limit).contains(&height) {
        return Err(content.damaged("width or height outside 1 to 2^31-1"));
    }
    let (compression, filter, interlace) = (content.u8()?, content.u8()?, content.u8()?);
    if compression != 0 || filter != 0 || interlace > 1 {
        return Err(content.unsupported("unknown compression, filter or interlace method"));
    }
    Ok(ImageHeader { format: FORMAT, width, height, colour, components, bits, jpeg: None })
}

/// Length, type, content, CRC over type and content (5.3).
fn chunk<'a>(cursor: &mut Cursor<'a>) -> Result<([u8; 4], Cursor<'a>), ImageError> {
    let length = usize::try_from(cursor.u32()?).map_err(|_| cursor.truncated())?;
    let start = cursor.at;
    let kind = cursor.array::<4>()?;
    let at = cursor.at;
    cursor.take(length)?;
    let end = cursor.at;
    let covered = cursor.octets.get(start..end).unwrap_or_default();
    if cursor.u32()? != crc(covered) {
        return Err(ImageError::Damaged { format: FORMAT, at: start, what: "check sum of a chunk is wrong" });
    }
    Ok((kind, Cursor { octets: cursor.octets.get(..end).unwrap_or_default(), at, format: FORMAT }))
}

/// CRC-32 of Annex D.
pub(super) fn crc(octets: &[u8]) -> u32 {
    crc32fast::hash(octets)
}
