//! Scenes as SVG.

use core::fmt::Write;

use bitaqa_biometrics::raster::Rgb;

use crate::PictureError;
use crate::raster::encode;
use crate::scene::{HEIGHT_MM, Item, Place, Scene, Segment, WIDTH_MM};

pub(crate) fn write(scene: &Scene) -> Result<String, PictureError> {
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH_MM}mm\" height=\"{HEIGHT_MM}mm\" \
         viewBox=\"0 0 {WIDTH_MM} {HEIGHT_MM}\">\n<title>SPECIMEN</title>\n"
    );
    for item in &scene.items {
        match item {
            Item::Shape { path, colour: [red, green, blue], opacity } => {
                let _ = write!(out, "<path fill=\"#{red:02x}{green:02x}{blue:02x}\"");
                if *opacity < 1.0 {
                    let _ = write!(out, " fill-opacity=\"{opacity}\"");
                }
                let _ = writeln!(out, " d=\"{}\"/>", outline(path));
            }
            Item::Picture { corner, width, height, pixels } => {
                let _ = writeln!(
                    out,
                    "<image x=\"{}\" y=\"{}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" \
                     href=\"data:image/png;base64,{}\"/>",
                    corner.x,
                    corner.y,
                    base64(&picture(pixels)?)
                );
            }
        }
    }
    out.push_str("</svg>\n");
    Ok(out)
}

fn picture(pixels: &Rgb) -> Result<Vec<u8>, PictureError> {
    encode(pixels.width(), pixels.height(), None, pixels.samples())
}

/// Micrometres are enough for letters of a millimetre.
fn outline(path: &[Segment]) -> String {
    let mut out = String::new();
    let mut put = |letter: char, places: &[Place]| {
        out.push(letter);
        for (index, place) in places.iter().enumerate() {
            let _ = write!(out, "{}{:.3} {:.3}", if index == 0 { "" } else { " " }, place.x, place.y);
        }
    };
    for segment in path {
        match segment {
            Segment::Move(to) => put('M', &[*to]),
            Segment::Line(to) => put('L', &[*to]),
            Segment::Quadratic(by, to) => put('Q', &[*by, *to]),
            Segment::Cubic(first, second, to) => put('C', &[*first, *second, *to]),
            Segment::Close => put('Z', &[]),
        }
    }
    out
}

/// Octets as letters, RFC 4648.
fn base64(octets: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(octets.len().div_ceil(3) * 4);
    for group in octets.chunks(3) {
        let octet = |index: usize| u32::from(group.get(index).copied().unwrap_or_default());
        let bits = octet(0) << 16 | octet(1) << 8 | octet(2);
        for place in 0..4 {
            let letter =
                LETTERS.get((bits >> (18 - 6 * place) & 63) as usize).map_or('=', |letter| char::from(*letter));
            out.push(if place <= group.len() { letter } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_the_standard() {
        let printed = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (octets, text) in printed {
            assert_eq!(base64(octets.as_bytes()), text);
        }
    }
}
