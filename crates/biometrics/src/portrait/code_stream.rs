//! Whether a JPEG 2000 code stream asks a decoder for no more work than its pixels are worth (ISO/IEC 15444-1 Annex
//! A).
//!
//! A few octets may announce millions of tiles, precincts, code-blocks or layers. A portrait has one tile, whole
//! precincts and a handful of layers; everything that is far from that is refused before a decoder sees it, and so is
//! what would change these numbers later on: other parameters for a component or a tile, other orders of progression.

use super::Compression;

const TILES_MAX: u64 = 256;
const LAYERS_MAX: u16 = 64;
const LEVELS_MAX: u8 = 12;
/// Exponents of the smallest precinct and code-block that are taken: 32 and 16 samples a side.
const PRECINCT_MIN: u8 = 5;
const BLOCK_MIN: u8 = 4;

const SIZ: u16 = 0xFF51;
const COD: u16 = 0xFF52;
const SOT: u16 = 0xFF90;
const SOD: u16 = 0xFF93;
const EOC: u16 = 0xFFD9;
/// Markers with lengths, quantisation, comments and regions: they change no number of anything.
const HARMLESS: [u16; 8] = [0xFF55, 0xFF57, 0xFF58, 0xFF5C, 0xFF5D, 0xFF5E, 0xFF63, 0xFF64];

/// How the stream is coded.
///
/// # Errors
/// Words on what is damaged or asks for too much.
pub(super) fn read(stream: &[u8]) -> Result<Compression, &'static str> {
    const CUT_OFF: &str = "its header is cut off";
    let mut at = 2;
    let mut coding = None;
    loop {
        let marker = word(stream, at).ok_or(CUT_OFF)?;
        if marker == EOC {
            break;
        }
        let length = usize::from(word(stream, at + 2).ok_or(CUT_OFF)?);
        let content = stream.get(at + 4..at + 2 + length).ok_or(CUT_OFF)?;
        match marker {
            SIZ => size(content)?,
            COD => coding = Some(style(content)?),
            SOT => {
                at = tile_part(stream, at, content)?;
                continue;
            }
            marker if HARMLESS.contains(&marker) => {}
            _ => return Err("its main header has a marker that a portrait does not need"),
        }
        at += 2 + length;
    }
    coding.ok_or("it has no COD marker")
}

fn word(octets: &[u8], at: usize) -> Option<u16> {
    let pair = octets.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(pair.try_into().ok()?))
}

fn long(octets: &[u8], at: usize) -> Option<u32> {
    let four = octets.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

/// SIZ, A.5.1: few tiles, and each component a sample for each pixel.
fn size(content: &[u8]) -> Result<(), &'static str> {
    const SHORT: &str = "SIZ is cut off";
    let along = |end: usize, side: usize, start: usize| {
        let (end, side, start) = (long(content, end)?, long(content, side)?, long(content, start)?);
        Some(u64::from(end.saturating_sub(start)).div_ceil(u64::from(side.max(1))))
    };
    let tiles = along(2, 18, 26).zip(along(6, 22, 30)).ok_or(SHORT)?;
    if tiles.0.saturating_mul(tiles.1) > TILES_MAX {
        return Err("more than 256 tiles");
    }
    let sampling = content.get(36..).ok_or(SHORT)?.chunks_exact(3);
    let whole = sampling.into_iter().all(|component| matches!(component, [_, 1, 1]));
    if whole { Ok(()) } else { Err("components of different size") }
}

/// COD, A.6.1.
fn style(content: &[u8]) -> Result<Compression, &'static str> {
    let [flags, _progression, layers @ .., _] = content.get(..5).unwrap_or_default() else {
        return Err("COD is cut off");
    };
    let layers = word(layers, 0).ok_or("COD is cut off")?;
    let [levels, width, height, _style, wavelet, precincts @ ..] = content.get(5..).unwrap_or_default() else {
        return Err("COD is cut off");
    };
    if layers == 0 || layers > LAYERS_MAX || *levels > LEVELS_MAX {
        return Err("more than 64 layers or 12 levels");
    }
    if width & 15 < BLOCK_MIN - 2 || height & 15 < BLOCK_MIN - 2 {
        return Err("code-blocks of less than 16 samples a side");
    }
    let small = |precinct: &u8| precinct & 15 < PRECINCT_MIN || precinct >> 4 < PRECINCT_MIN;
    if flags & 1 != 0 && precincts.iter().any(small) {
        return Err("precincts of less than 32 samples a side");
    }
    Ok(Compression::Jpeg2000 { reversible: *wavelet == 1, levels: *levels, layers })
}

/// A tile-part from its SOT on: where it ends. Its own header may quantise otherwise, and nothing else.
fn tile_part(stream: &[u8], start: usize, content: &[u8]) -> Result<usize, &'static str> {
    const CUT_OFF: &str = "a tile-part is cut off";
    let length = long(content, 2).ok_or(CUT_OFF)? as usize;
    let end = if length == 0 { stream.len().saturating_sub(2) } else { start.saturating_add(length) };
    let mut at = start + 12;
    while word(stream, at).ok_or(CUT_OFF)? != SOD {
        if !HARMLESS.contains(&word(stream, at).ok_or(CUT_OFF)?) {
            return Err("a tile has a marker that a portrait does not need");
        }
        at += 2 + usize::from(word(stream, at + 2).ok_or(CUT_OFF)?);
    }
    // going back would walk in circles
    if end > at { Ok(end) } else { Err(CUT_OFF) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SOC, SIZ of 64 x 64 with three components and tiles of this side, COD, one tile-part, EOC.
    fn stream(tile: u32, layers: u16, block: u8, precinct: Option<u8>, extra: &[u8]) -> Vec<u8> {
        let mut siz = vec![0, 0];
        for value in [64, 64, 0, 0, tile, tile, 0, 0] {
            siz.extend(u32::to_be_bytes(value));
        }
        siz.extend([0, 3, 7, 1, 1, 7, 1, 1, 7, 1, 1]);
        let mut cod = vec![u8::from(precinct.is_some()), 0];
        cod.extend(layers.to_be_bytes());
        cod.extend([1, 1, block, block, 0, 0]);
        cod.extend(precinct.into_iter().flat_map(|precinct| [precinct; 2]));
        let segment = |marker: u16, content: &[u8]| {
            let length = u16::try_from(content.len() + 2).unwrap();
            [&marker.to_be_bytes()[..], &length.to_be_bytes(), content].concat()
        };
        let tile = [segment(SOT, &[0, 0, 0, 0, 0, 14, 0, 1]), SOD.to_be_bytes().to_vec()].concat();
        [&[0xFF, 0x4F][..], &segment(SIZ, &siz), &segment(COD, &cod), extra, &tile, &EOC.to_be_bytes()].concat()
    }

    #[test]
    fn a_plain_stream_is_taken_and_one_that_asks_for_much_is_not() {
        let plain = Compression::Jpeg2000 { reversible: false, levels: 1, layers: 1 };
        assert_eq!(read(&stream(64, 1, 4, None, &[])), Ok(plain));
        assert_eq!(read(&stream(64, 1, 4, Some(0x77), &[])), Ok(plain));
        assert_eq!(read(&stream(1, 1, 4, None, &[])), Err("more than 256 tiles"));
        assert_eq!(read(&stream(64, 65, 4, None, &[])), Err("more than 64 layers or 12 levels"));
        assert_eq!(read(&stream(64, 1, 1, None, &[])), Err("code-blocks of less than 16 samples a side"));
        assert_eq!(read(&stream(64, 1, 4, Some(0x17), &[])), Err("precincts of less than 32 samples a side"));
        // COC would say all of this anew for one component
        let other = read(&stream(64, 1, 4, None, &[0xFF, 0x53, 0, 3, 0]));
        assert_eq!(other, Err("its main header has a marker that a portrait does not need"));
    }

    #[test]
    fn a_stream_that_is_cut_off_ends_the_walk() {
        let whole = stream(64, 1, 4, None, &[]);
        for length in 2..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length}");
        }
    }
}
