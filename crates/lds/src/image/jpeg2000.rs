//! JPEG 2000, ISO/IEC 15444-1: code stream (Annex A) and the boxes of a JP2 file around it (Annex I).

use super::{Colour, Cursor, ImageError, ImageFormat, ImageHeader};

/// Enumerated colour spaces, I.5.3.3.
const SRGB: u32 = 16;
const GREYSCALE: u32 = 17;
const SYCC: u32 = 18;

/// What the boxes of `jp2h` say; it must agree with the code stream.
#[derive(Default)]
struct FileHeader {
    /// Height, width, components.
    size: Option<(u32, u32, u16)>,
    /// From the first colour specification that names an enumerated space.
    colour_space: Option<u32>,
}

/// JP2: signature, file type, header box, code stream; every box inside its parent, the last one to the last octet.
pub(super) fn read_file(octets: &[u8]) -> Result<ImageHeader, ImageError> {
    let mut cursor = Cursor::new(octets, 0, ImageFormat::Jp2);
    let (kind, mut signature) = next_box(&mut cursor)?;
    if kind != *b"jP  " || signature.take(signature.left())? != [0x0D, 0x0A, 0x87, 0x0A] {
        return Err(cursor.damaged("wrong signature box"));
    }
    if next_box(&mut cursor)?.0 != *b"ftyp" {
        return Err(cursor.damaged("file type box is not the second one"));
    }
    let (mut file, mut image) = (None, None);
    while cursor.left() > 0 {
        let (kind, content) = next_box(&mut cursor)?;
        match &kind {
            b"jp2h" if file.is_none() => file = Some(read_header_box(content)?),
            b"jp2c" if image.is_none() => {
                let stream = content.octets.get(content.at..).unwrap_or_default();
                image = Some(read_codestream(stream, ImageFormat::Jp2).map_err(|error| shift(error, content.at))?);
            }
            b"jp2h" | b"jp2c" => return Err(cursor.unsupported("second header or code stream")),
            _ => {}
        }
    }
    let (Some(file), Some(mut image)) = (file, image) else {
        return Err(cursor.damaged("no header box or no code stream"));
    };
    if file.size != Some((image.height, image.width, image.components)) {
        return Err(cursor.damaged("header box and code stream differ in size or components"));
    }
    image.colour = match (file.colour_space, image.components) {
        (Some(SRGB), 3) => Colour::Rgb,
        (Some(GREYSCALE), 1) => Colour::Grey,
        (Some(SYCC), 3) => Colour::YCbCr,
        (Some(SRGB | GREYSCALE | SYCC), _) => Colour::Other,
        _ => image.colour,
    };
    Ok(image)
}

/// Places inside the code stream, told as places in the file.
fn shift(error: ImageError, by: usize) -> ImageError {
    match error {
        ImageError::Truncated { format, at } => ImageError::Truncated { format, at: at + by },
        ImageError::Damaged { format, at, what } => ImageError::Damaged { format, at: at + by, what },
        other => other,
    }
}

/// Type and content of a box, I.4: length 1 announces eight octets of length, 0 means to the end of the file.
fn next_box<'a>(cursor: &mut Cursor<'a>) -> Result<([u8; 4], Cursor<'a>), ImageError> {
    let start = cursor.at;
    let (length, kind) = (cursor.u32()?, cursor.array::<4>()?);
    let length = match length {
        0 => cursor.octets.len() - start,
        1 => {
            let wide = u64::from_be_bytes(cursor.array()?);
            usize::try_from(wide).map_err(|_| cursor.truncated())?
        }
        length => usize::try_from(length).map_err(|_| cursor.truncated())?,
    };
    let header = cursor.at - start;
    let content = length.checked_sub(header).ok_or_else(|| cursor.damaged("box shorter than its own header"))?;
    let at = cursor.at;
    cursor.take(content)?;
    Ok((kind, Cursor { octets: cursor.octets.get(..cursor.at).unwrap_or_default(), at, format: cursor.format }))
}

/// I.5.3: image header first, then colour specification and others.
fn read_header_box(mut content: Cursor<'_>) -> Result<FileHeader, ImageError> {
    let mut header = FileHeader::default();
    while content.left() > 0 {
        let (kind, mut inner) = next_box(&mut content)?;
        match &kind {
            b"ihdr" => header.size = Some((inner.u32()?, inner.u32()?, inner.u16()?)),
            b"colr" if header.colour_space.is_none() => {
                let (method, _precedence, _approximation) = (inner.u8()?, inner.u8()?, inner.u8()?);
                if method == 1 {
                    header.colour_space = Some(inner.u32()?);
                }
            }
            _ => {}
        }
    }
    Ok(header)
}

/// Whether the code stream of a file or a bare one is transformed by the 5-3 wavelet, which loses nothing by itself:
/// COD, A.6.1. `false` where no COD is found.
pub fn is_reversible(octets: &[u8]) -> bool {
    let stream = match octets {
        [0xFF, 0x4F, ..] => Some(Cursor::new(octets, 0, ImageFormat::J2k)),
        _ => code_stream_of(octets),
    };
    stream.and_then(|stream| transformation(stream).ok().flatten()) == Some(1)
}

fn code_stream_of(octets: &[u8]) -> Option<Cursor<'_>> {
    let mut cursor = Cursor::new(octets, 0, ImageFormat::Jp2);
    while cursor.left() > 0 {
        let (kind, content) = next_box(&mut cursor).ok()?;
        if kind == *b"jp2c" {
            return Some(content);
        }
    }
    None
}

/// Last octet of the fixed part of COD in the main header.
fn transformation(mut cursor: Cursor<'_>) -> Result<Option<u8>, ImageError> {
    cursor.u16()?; // SOC
    loop {
        match cursor.u16()? {
            0xFF52 => {
                let mut segment = cursor.segment()?;
                // coding style, progression, layers, component transform, levels, two block sizes, block style
                segment.take(9)?;
                return segment.u8().map(Some);
            }
            0xFF90 => return Ok(None),
            _ => cursor.segment()?,
        };
    }
}

/// SOC, SIZ, main header, tile-parts by their lengths, EOC at the last octet.
pub(super) fn read_codestream(octets: &[u8], format: ImageFormat) -> Result<ImageHeader, ImageError> {
    let mut cursor = Cursor::new(octets, 0, format);
    if cursor.u16()? != 0xFF4F || cursor.u16()? != 0xFF51 {
        return Err(cursor.damaged("code stream does not begin with SOC and SIZ"));
    }
    let header = read_size(cursor.segment()?)?;
    let mut tiles = 0u32;
    loop {
        let start = cursor.at;
        match cursor.u16()? {
            0xFFD9 => break,
            0xFF90 => {
                tiles += 1;
                skip_tile_part(&mut cursor, start)?;
            }
            marker if marker >= 0xFF00 && tiles == 0 => {
                cursor.segment()?;
            }
            _ => return Err(cursor.damaged("no marker where one must stand")),
        }
    }
    cursor.finish()?;
    if tiles == 0 { Err(cursor.damaged("no tile before the end")) } else { Ok(header) }
}

/// A.4.2: the length counts from the first octet of SOT; 0, in the last tile-part only, means up to EOC.
fn skip_tile_part(cursor: &mut Cursor<'_>, start: usize) -> Result<(), ImageError> {
    let mut segment = cursor.segment()?;
    let (_tile, length) = (segment.u16()?, segment.u32()?);
    let end = match usize::try_from(length).map_err(|_| cursor.truncated())? {
        0 => cursor.octets.len().saturating_sub(2),
        length => start.checked_add(length).ok_or_else(|| cursor.truncated())?,
    };
    if end < cursor.at {
        return Err(cursor.damaged("tile-part shorter than its header"));
    }
    // An end beyond the octets there are is found where the next marker is read.
    cursor.at = end;
    Ok(())
}

/// SIZ, A.5.1.
fn read_size(mut segment: Cursor<'_>) -> Result<ImageHeader, ImageError> {
    segment.u16()?; // capabilities
    let (x_end, y_end, x_start, y_start) = (segment.u32()?, segment.u32()?, segment.u32()?, segment.u32()?);
    segment.take(16)?; // size and offset of the tiles
    let components = segment.u16()?;
    if segment.left() != usize::from(components) * 3 || components == 0 {
        return Err(segment.damaged("SIZ of a wrong length"));
    }
    let (Some(width @ 1..), Some(height @ 1..)) = (x_end.checked_sub(x_start), y_end.checked_sub(y_start)) else {
        return Err(segment.damaged("image area is empty"));
    };
    let precision = segment.take(segment.left())?;
    let mut depths = precision.iter().step_by(3).copied();
    let first = depths.next().unwrap_or_default();
    if first & 0x80 != 0 || depths.any(|depth| depth != first) {
        return Err(segment.unsupported("signed samples or components of different depth"));
    }
    let colour = match components {
        1 => Colour::Grey,
        2 => Colour::GreyAlpha,
        3 => Colour::Rgb,
        4 => Colour::Rgba,
        _ => Colour::Other,
    };
    let bits = (first & 0x7F) + 1;
    Ok(ImageHeader { format: segment.format, width, height, colour, components, bits, jpeg: None })
}
