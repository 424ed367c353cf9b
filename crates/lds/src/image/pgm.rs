//! Binary portable grey map: `P5`, width, height, greatest value, one white space, samples. Comments run from `#` to
//! the end of their line.
//!
//! In a data group the samples stand bare; [`pgm`] puts the header before them again.

use super::{Colour, Cursor, ImageError, ImageFormat, ImageHeader};

const FORMAT: ImageFormat = ImageFormat::Pgm;

pub(super) fn read(octets: &[u8]) -> Result<ImageHeader, ImageError> {
    walk(octets).map(|(header, _)| header)
}

/// The samples of a PGM, row by row, one octet each.
///
/// # Errors
/// [`ImageError`] as for [`ImageHeader::read`], [`ImageError::UnknownMagic`] for another format;
/// [`ImageError::Unsupported`] for samples of two octets.
pub fn grey_samples(octets: &[u8]) -> Result<&[u8], ImageError> {
    let (header, samples) = walk(octets)?;
    if header.bits == 8 {
        Ok(samples)
    } else {
        Err(ImageError::Unsupported { format: FORMAT, what: "samples are not 8 bits wide" })
    }
}

/// A PGM around 8-bit samples; `samples` must be width times height octets.
///
/// # Errors
/// [`ImageError::Truncated`] or [`ImageError::TrailingBytes`] when they are not.
pub fn pgm(width: u16, height: u16, samples: &[u8]) -> Result<Vec<u8>, ImageError> {
    let mut octets = format!("P5\n{width} {height}\n255\n").into_bytes();
    octets.extend_from_slice(samples);
    read(&octets).map(|_| octets)
}

/// Whether the first octets are those of a binary grey map: a number that follows at once would make another word.
pub(super) fn is_pgm(octets: &[u8]) -> bool {
    matches!(octets, [b'P', b'5', next, ..] if next.is_ascii_whitespace() || *next == b'#')
}

fn walk(octets: &[u8]) -> Result<(ImageHeader, &[u8]), ImageError> {
    // Samples are also asked for where nobody has looked at the first octets yet.
    if !is_pgm(octets) {
        return Err(ImageError::UnknownMagic);
    }
    let mut cursor = Cursor::new(octets, 2, FORMAT);
    let (width, height, greatest) = (number(&mut cursor)?, number(&mut cursor)?, number(&mut cursor)?);
    if !cursor.u8()?.is_ascii_whitespace() {
        return Err(cursor.damaged("no white space before the samples"));
    }
    let bits = match greatest {
        255 => 8,
        65_535 => 16,
        _ => return Err(cursor.unsupported("greatest value is neither 255 nor 65535")),
    };
    if width == 0 || height == 0 {
        return Err(cursor.damaged("width or height of 0"));
    }
    let count = u64::from(width) * u64::from(height) * (bits / 8);
    let samples = cursor.take(usize::try_from(count).map_err(|_| cursor.truncated())?)?;
    cursor.finish()?;
    let bits = if bits == 8 { 8 } else { 16 };
    let header = ImageHeader { format: FORMAT, width, height, colour: Colour::Grey, components: 1, bits, jpeg: None };
    Ok((header, samples))
}

/// A decimal number behind white space and comments.
fn number(cursor: &mut Cursor<'_>) -> Result<u32, ImageError> {
    let mut comment = false;
    loop {
        match cursor.u8()? {
            b'\n' | b'\r' => comment = false,
            _ if comment => {}
            b'#' => comment = true,
            octet if octet.is_ascii_whitespace() => {}
            _ => break,
        }
    }
    cursor.at -= 1;
    let rest = cursor.octets.get(cursor.at..).unwrap_or_default();
    let digits = rest.iter().take_while(|octet| octet.is_ascii_digit());
    let count = digits.clone().count();
    // Nine digits are more than any sensor has and never overflow.
    if count == 0 || count > 9 {
        return Err(cursor.damaged("a number was expected"));
    }
    cursor.at += count;
    Ok(digits.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')))
}
