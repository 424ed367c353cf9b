//! WSQ, IAFIS-IC-0110 v3.1: marker segments from SOI to EOI; the frame header tells the size. Always 8-bit grey.

use super::{Colour, Cursor, ImageError, ImageFormat, ImageHeader};

const FORMAT: ImageFormat = ImageFormat::Wsq;

pub(super) fn read(octets: &[u8]) -> Result<ImageHeader, ImageError> {
    let mut cursor = Cursor::new(octets, 2, FORMAT);
    let (mut header, mut blocks) = (None, 0u32);
    loop {
        match cursor.u16()? {
            0xFFA1 => break,
            0xFFA2 => {
                let mut segment = cursor.segment()?;
                if header.replace(read_frame(&mut segment)?).is_some() {
                    return Err(segment.damaged("second frame header"));
                }
            }
            0xFFA3 => {
                cursor.segment()?;
                if header.is_none() {
                    return Err(cursor.damaged("block before frame header"));
                }
                blocks += 1;
                skip_entropy_coded(&mut cursor)?;
            }
            0xFFA4..=0xFFA8 => {
                cursor.segment()?;
            }
            _ => return Err(cursor.damaged("no marker where one must stand")),
        }
    }
    cursor.finish()?;
    header.filter(|_| blocks > 0).ok_or_else(|| cursor.damaged("no frame or no block before the end"))
}

/// SOF: black, white, height, width, then scale factors and the encoder's number.
fn read_frame(segment: &mut Cursor<'_>) -> Result<ImageHeader, ImageError> {
    segment.take(2)?;
    let (height, width) = (u32::from(segment.u16()?), u32::from(segment.u16()?));
    if width == 0 || height == 0 || segment.left() != 9 {
        return Err(segment.damaged("frame header of a wrong length or size 0"));
    }
    Ok(ImageHeader { format: FORMAT, width, height, colour: Colour::Grey, components: 1, bits: 8, jpeg: None })
}

/// To the next marker; FF in the data is followed by a stuffed 00.
fn skip_entropy_coded(cursor: &mut Cursor<'_>) -> Result<(), ImageError> {
    let rest = cursor.octets.get(cursor.at..).unwrap_or_default();
    let end = rest.windows(2).position(|pair| matches!(pair, [0xFF, 0x01..=0xFE]));
    cursor.at += end.ok_or_else(|| cursor.truncated())?;
    Ok(())
}
