//! A drawn face of the proportions that portrait checkers look for: 413 x 531 pixels are 35 x 45 mm at 300 dpi.

use super::canvas::{Canvas, Colour, bell, blend, ellipse, length, wave};
use super::lettering::{LETTER_CELLS, WORD_CELLS, inked};
use super::{Dice, ImageError};
use crate::portrait::{Eyes, Point};
use crate::raster::Rgb;
use jpeg_encoder::{ColorType, Encoder, PixelDensity};
use rand_core::CryptoRng;

/// No portrait is larger than this, in octets.
pub const PORTRAIT_BYTES_MAX: usize = 20 * 1024;

const WIDTH: u16 = 413;
const HEIGHT: u16 = 531;
/// A photograph has one and a half times the pixels of a card's portrait on each side.
const PHOTO_SCALE: f32 = 1.5;
const PHOTO_WIDTH: u16 = 620;
const PHOTO_HEIGHT: u16 = 797;
/// Middle of the face.
const MIDDLE: (f32, f32) = (206.0, 262.0);
/// Height of the eyes.
const EYES_Y: f32 = 252.0;
const DARK: Colour = [38.0, 28.0, 24.0];
const WHITE: Colour = [246.0, 246.0, 244.0];

/// Who sits for the portrait; decides hair and its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sitter {
    /// A man.
    Man,
    /// A woman.
    Woman,
    /// A child.
    Child,
}

#[derive(Clone, Copy, PartialEq)]
enum Head {
    ShortHair,
    LongHair,
    Scarf,
}

/// What one person differs in from another.
struct Features {
    head: Head,
    skin: Colour,
    hair: Colour,
    cloth: Colour,
    iris: Colour,
    /// Half width and half height of the face.
    face: (f32, f32),
    /// How much the face narrows towards the chin.
    jaw: f32,
    /// From the middle of the face to each eye; the distance between the eyes is twice this, 90 pixels or more.
    eyes: f32,
    eye_height: f32,
    nose: f32,
    mouth: f32,
    brow_tilt: f32,
}

impl Features {
    fn draw(dice: &mut Dice<'_>, sitter: Sitter) -> Self {
        let skins = [[236.0, 203.0, 178.0], [222.0, 184.0, 152.0], [201.0, 158.0, 124.0], [171.0, 126.0, 95.0]];
        let grey = if sitter == Sitter::Child { [50.0, 36.0, 30.0] } else { [120.0, 118.0, 116.0] };
        let hairs = [[36.0, 28.0, 26.0], [62.0, 44.0, 34.0], [92.0, 68.0, 48.0], grey];
        let heads = match sitter {
            Sitter::Man => [Head::ShortHair; 2],
            Sitter::Woman => [Head::LongHair, Head::Scarf],
            Sitter::Child => [Head::ShortHair, Head::LongHair],
        };
        let cloths =
            [[54.0, 72.0, 104.0], [92.0, 42.0, 50.0], [60.0, 88.0, 74.0], [70.0, 70.0, 78.0], [128.0, 104.0, 72.0]];
        let irises = [[64.0, 42.0, 28.0], [88.0, 62.0, 38.0], [72.0, 84.0, 66.0]];
        Self {
            head: dice.one_of(heads).unwrap_or(Head::ShortHair),
            skin: dice.one_of(skins).unwrap_or(WHITE),
            hair: dice.one_of(hairs).unwrap_or(DARK),
            cloth: dice.one_of(cloths).unwrap_or(DARK),
            iris: dice.one_of(irises).unwrap_or(DARK),
            face: (dice.between(114.0, 128.0), dice.between(160.0, 172.0)),
            jaw: dice.between(0.20, 0.34),
            eyes: dice.between(49.0, 55.0),
            eye_height: dice.between(9.0, 12.0),
            nose: dice.between(16.0, 22.0),
            mouth: dice.between(34.0, 44.0),
            brow_tilt: dice.between(-3.0, 4.0),
        }
    }

    /// Distance to the outline of the face, enlarged by `more`.
    fn outline(&self, x: f32, y: f32, more: f32) -> f32 {
        let (half_width, half_height) = (self.face.0 + more, self.face.1 + more);
        let v = (y - MIDDLE.1) / half_height;
        let narrowed = half_width * (1.0 - self.jaw * v.max(0.0) * v.max(0.0));
        (length((x - MIDDLE.0) / narrowed, v) - 1.0) * half_width
    }
}

/// A drawn photograph as an enrolment station would deliver it, and the eyes in it.
pub struct Photo {
    /// 620 x 797 pixels, the card's portrait one and a half times.
    pub pixels: Rgb,
    /// Middles of the eyes.
    pub eyes: Eyes,
}

impl Photo {
    /// The photograph as PNG, 24 bits, without anything besides the picture.
    ///
    /// # Errors
    /// [`ImageError::Png`] when the encoder refuses, which it has no reason to.
    pub fn png(&self) -> Result<Vec<u8>, ImageError> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.pixels.width(), self.pixels.height());
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(self.pixels.samples())?;
        writer.finish()?;
        Ok(file)
    }
}

/// Draws a photograph: larger than a card's portrait, with the grain of a sensor, and with known eyes.
///
/// # Errors
/// [`ImageError::Drawing`] when the drawing is no picture, which it has no reason to be.
pub fn photo(rng: &mut dyn CryptoRng, sitter: Sitter) -> Result<Photo, ImageError> {
    let mut dice = Dice(rng);
    let features = Features::draw(&mut dice, sitter);
    let mut canvas = drawn(&features, (PHOTO_WIDTH, PHOTO_HEIGHT), PHOTO_SCALE);
    // A generator of its own for the grain: half a million draws of the caller's would take longer than the drawing.
    let mut state = u32::from_be_bytes(dice.octets());
    canvas.grain(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [high, low, ..] = state.to_be_bytes();
        (f32::from(high) + f32::from(low) - 255.0) / 85.0
    });
    let pixels = Rgb::new(PHOTO_WIDTH.into(), PHOTO_HEIGHT.into(), canvas.rgb()).map_err(|_| ImageError::Drawing)?;
    let eye = |side: f32| Point {
        x: f64::from((MIDDLE.0 + side * features.eyes) * PHOTO_SCALE) + 0.5,
        y: f64::from(EYES_Y * PHOTO_SCALE) + 0.5,
    };
    let eyes = Eyes::new(eye(-1.0), eye(1.0)).map_err(|_| ImageError::Drawing)?;
    Ok(Photo { pixels, eyes })
}

/// Draws a portrait as a chip takes it: JPEG, 413 x 531, 24-bit colour, 300 dpi, at most [`PORTRAIT_BYTES_MAX`]
/// octets.
///
/// # Errors
/// [`ImageError::Jpeg`] when the encoder refuses, which it has no reason to.
pub fn portrait(rng: &mut dyn CryptoRng, sitter: Sitter) -> Result<Vec<u8>, ImageError> {
    let features = Features::draw(&mut Dice(rng), sitter);
    encode(&drawn(&features, (WIDTH, HEIGHT), 1.0).rgb())
}

fn drawn(features: &Features, (width, height): (u16, u16), scale: f32) -> Canvas {
    let light: Colour = [226.0, 230.0, 235.0];
    let mut canvas = Canvas::new(width, height, scale, |depth| blend(light, [206.0, 212.0, 220.0], depth));
    body(&mut canvas, features);
    face(&mut canvas, features);
    for side in [-1.0, 1.0] {
        eye(&mut canvas, features, side);
    }
    nose_and_mouth(&mut canvas, features);
    hair(&mut canvas, features);
    specimen(&mut canvas);
    canvas
}

/// Lowers the quality until the file is small enough; drawn areas are flat, so the first try nearly always is.
fn encode(rgb: &[u8]) -> Result<Vec<u8>, ImageError> {
    let mut quality = 86;
    loop {
        let mut file = Vec::with_capacity(PORTRAIT_BYTES_MAX);
        let mut encoder = Encoder::new(&mut file, quality);
        encoder.set_density(PixelDensity::dpi(300));
        encoder.set_optimized_huffman_tables(true);
        encoder.encode(rgb, WIDTH, HEIGHT, ColorType::Rgb)?;
        if file.len() <= PORTRAIT_BYTES_MAX || quality <= 20 {
            return Ok(file);
        }
        quality -= 6;
    }
}

const fn square(x: f32) -> f32 {
    x * x
}

/// Shoulders, neck, ears and what lies behind the face.
fn body(canvas: &mut Canvas, features: &Features) {
    let darker = |colour, share| blend(colour, DARK, share);
    if features.head == Head::LongHair {
        let behind = |x, y| ellipse(x, y, (MIDDLE.0, 300.0), (features.face.0 + 34.0, 225.0));
        canvas.lay(60..HEIGHT, 3.0, behind, |_, _| (darker(features.hair, 0.2), 1.0));
    }
    let shoulder = |x: f32, y: f32| 452.0 + square((x - MIDDLE.0) / 190.0) * 62.0 - y;
    canvas.lay(430..HEIGHT, 2.0, shoulder, |x, _| {
        (blend(features.cloth, WHITE, 0.10 - (x - MIDDLE.0).abs() / 1400.0), 1.0)
    });
    let neck =
        |x: f32, y: f32| ((x - MIDDLE.0).abs() - 52.0 - square(((y - 400.0) / 14.0).max(0.0)) * 0.5).max(y - 492.0);
    canvas.lay(360..500, 2.0, neck, |_, y| {
        // the chin throws a shadow
        (darker(features.skin, 0.34 - ((y - 400.0) / 400.0).clamp(0.0, 0.22)), 1.0)
    });
    for side in [-1.0, 1.0] {
        let collar = move |x: f32, y: f32| {
            let along = (x - MIDDLE.0) * side;
            (along - 74.0).max(6.0 - along).max(468.0 + (along - 8.0) * -0.62 - y + 30.0).max(y - 531.0 - along)
        };
        canvas.lay(440..HEIGHT, 2.0, collar, |_, _| (blend(features.cloth, WHITE, 0.55), 1.0));
        let ear = move |x, y| ellipse(x, y, (MIDDLE.0 + side * (features.face.0 + 2.0), 268.0), (15.0, 30.0));
        canvas.lay(230..305, 2.0, ear, |_, _| (darker(features.skin, 0.12), 1.0));
    }
}

fn face(canvas: &mut Canvas, features: &Features) {
    canvas.lay(
        80..HEIGHT,
        2.0,
        |x, y| features.outline(x, y, 0.0),
        |x, y| {
            let across = ((x - MIDDLE.0 + 10.0) / features.face.0).abs();
            let side = across * across * across;
            let low = ((y - 380.0) / 160.0).clamp(0.0, 0.3);
            (blend(features.skin, [112.0, 66.0, 48.0], (side * 0.26 + low * 0.5).min(0.45)), 1.0)
        },
    );
    let rose: Colour = [206.0, 112.0, 98.0];
    for side in [-1.0, 1.0] {
        let cheek = move |x, y| ellipse(x, y, (MIDDLE.0 + side * 62.0, 312.0), (34.0, 26.0));
        canvas.lay(260..360, 40.0, cheek, |_, _| (rose, 0.16));
    }
}

fn eye(canvas: &mut Canvas, features: &Features, side: f32) {
    let centre = (MIDDLE.0 + side * features.eyes, EYES_Y);
    let height = features.eye_height;
    let shade = blend(features.skin, DARK, 0.5);
    canvas.lay(220..290, 16.0, |x, y| ellipse(x, y, (centre.0, centre.1 - 4.0), (32.0, 18.0)), |_, _| (shade, 0.35));
    // the eye is where two arcs overlap
    let opening = move |x: f32, y: f32| {
        let u = ((x - centre.0) / 24.0).abs();
        (y - centre.1).abs() - height * (1.0 - u * u)
    };
    canvas.lay(230..275, 1.5, opening, |_, _| (WHITE, 1.0));
    let iris = move |x, y| ellipse(x, y, (centre.0, centre.1 - 1.0), (10.5, 10.5)).max(opening(x, y));
    canvas.lay(230..275, 1.5, iris, |_, _| (features.iris, 1.0));
    let pupil = move |x, y| ellipse(x, y, (centre.0, centre.1 - 1.0), (4.8, 4.8)).max(opening(x, y));
    canvas.lay(230..275, 1.5, pupil, |_, _| ([12.0, 10.0, 10.0], 1.0));
    canvas.lay(230..275, 1.2, |x, y| ellipse(x, y, (centre.0 + 4.0, centre.1 - 5.0), (2.2, 2.2)), |_, _| (WHITE, 0.95));
    let lid = move |x: f32, y: f32| {
        let u = (x - centre.0) / 25.0;
        let arc = centre.1 - height * (1.0 - u * u);
        ((y - arc).abs() - 2.0).max((u.abs() - 1.0) * 25.0)
    };
    canvas.lay(230..275, 1.5, lid, |_, _| (DARK, 0.85));
    let brow = move |x: f32, y: f32| {
        let u = (x - centre.0) * side / 34.0;
        let arc = centre.1 - 30.0 - 7.0 * (1.0 - u * u) - features.brow_tilt * u;
        ((y - arc).abs() - 5.5 * (1.0 - 0.5 * u.abs())).max((u.abs() - 1.0) * 34.0)
    };
    let brow_colour = blend(features.hair, DARK, 0.35);
    canvas.lay(190..245, 2.5, brow, |_, _| (brow_colour, 0.85));
}

fn nose_and_mouth(canvas: &mut Canvas, features: &Features) {
    let shade = blend(features.skin, [96.0, 52.0, 38.0], 0.55);
    let tip = (MIDDLE.0, 326.0);
    let bridge = |x: f32, y: f32| {
        let half = 8.0 + (y - 250.0) / 76.0 * (features.nose - 10.0);
        ((x - MIDDLE.0 - half - 2.0).abs() - 3.0).max(y - 322.0).max(256.0 - y)
    };
    canvas.lay(250..330, 9.0, bridge, |_, _| (shade, 0.32));
    canvas.lay(
        290..350,
        14.0,
        |x, y| ellipse(x, y, tip, (features.nose, 15.0)),
        |_, y| (shade, 0.10 + (y - 318.0).max(0.0) / 70.0),
    );
    for side in [-1.0, 1.0] {
        let wing = move |x, y| ellipse(x, y, (tip.0 + side * (features.nose - 5.0), tip.1 + 7.0), (6.5, 4.0));
        canvas.lay(315..345, 2.5, wing, |_, _| (blend(shade, DARK, 0.5), 0.75));
    }
    let line = 372.0;
    let lip = move |x: f32, y: f32| {
        let u = (x - MIDDLE.0) / features.mouth;
        let upper = line - 9.0 * (1.0 - u * u) + 3.5 * bell(u * 4.5);
        let lower = line + 14.0 * (1.0 - u * u);
        (upper - y).max(y - lower)
    };
    let lips = blend(features.skin, [168.0, 62.0, 66.0], 0.6);
    canvas.lay(355..395, 2.0, lip, |_, y| (if y < line { blend(lips, DARK, 0.15) } else { lips }, 1.0));
    let gap = move |x: f32, y: f32| {
        let u = (x - MIDDLE.0) / (features.mouth + 3.0);
        ((y - line - 1.5 * u * u * -2.0).abs() - 1.2).max((u.abs() - 1.0) * features.mouth)
    };
    canvas.lay(360..385, 1.5, gap, |_, _| (blend(lips, DARK, 0.65), 0.9));
    canvas.lay(385..415, 12.0, |x, y| ellipse(x, y, (MIDDLE.0, 398.0), (26.0, 5.0)), |_, _| (shade, 0.28));
}

fn hair(canvas: &mut Canvas, features: &Features) {
    let colour = |x: f32, y: f32| {
        let strand = (wave(x * 0.35 + wave(y * 0.06) * 3.0) * 0.5 + 0.5) * 0.12;
        let gloss = bell((y - 118.0) / 34.0) * 0.14;
        (blend(features.hair, WHITE, strand + gloss), 1.0)
    };
    match features.head {
        Head::ShortHair => {
            // inside the enlarged head, above a hairline that comes down at the temples
            let cap = |x: f32, y: f32| {
                let u = (x - MIDDLE.0) / features.face.0;
                features.outline(x, y, 16.0).max(y - 150.0 - 96.0 * square(square(u.abs().min(1.0)) * u.abs().min(1.0)))
            };
            canvas.lay(60..300, 3.0, cap, colour);
        }
        Head::LongHair => {
            let sides = |x: f32, y: f32| {
                let u = (x - MIDDLE.0 + 8.0) / features.face.0;
                let parting = y - 122.0 - 190.0 * square(u) * u.abs().sqrt();
                ellipse(x, y, (MIDDLE.0, 300.0), (features.face.0 + 34.0, 225.0)).max(parting).max(y - 470.0)
            };
            canvas.lay(60..480, 3.0, sides, colour);
        }
        Head::Scarf => {
            let cloth = |x: f32, y: f32| {
                let forehead = ellipse(x, y, (MIDDLE.0, 290.0), (features.face.0 + 8.0, 172.0));
                let opening = features.outline(x, y + 6.0, -8.0).max(forehead);
                let hood = ellipse(x, y, (MIDDLE.0, 270.0), (features.face.0 + 30.0, 202.0));
                let drape = ((x - MIDDLE.0).abs() - 92.0 - (y - 380.0) * 0.55).max(380.0 - y);
                hood.min(drape).max(-opening)
            };
            canvas.lay(50..HEIGHT, 2.0, cloth, |x, y| {
                let fold = wave((x - MIDDLE.0).abs() * 0.11 + y * 0.05) * 0.09 + 0.09;
                (blend(blend(features.cloth, WHITE, 0.35), DARK, fold), 1.0)
            });
        }
    }
}

/// The word across the chest, rising to the right, so that the face stays free for a face finder.
fn specimen(canvas: &mut Canvas) {
    let cell = 7.4;
    // of an angle of -0.14
    let (sine, cosine) = (-0.139_543_f32, 0.990_216_f32);
    let half = (f32::from(WORD_CELLS) / 2.0, f32::from(LETTER_CELLS) / 2.0);
    let inside = |x: f32, y: f32| {
        let (dx, dy) = (x - MIDDLE.0, y - 474.0);
        inked((dx * cosine + dy * sine) / cell + half.0, (dy * cosine - dx * sine) / cell + half.1)
    };
    // a quarter pixel each way smooths the steps of the turned cells
    let cover = |x: f32, y: f32| {
        [(-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25)]
            .iter()
            .map(|(u, v)| f32::from(u8::from(inside(x + u, y + v))))
            .sum::<f32>()
            / 4.0
    };
    canvas.lay(400..HEIGHT, 1.0, |_, _| -1.0, |x, y| ([176.0, 24.0, 36.0], cover(x, y) * 0.82));
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::ChaCha20Rng;

    fn drawn(seed: u64) -> Vec<u8> {
        let sitters = [Sitter::Man, Sitter::Woman, Sitter::Child];
        let sitter = sitters[usize::try_from(seed % 3).unwrap()];
        portrait(&mut ChaCha20Rng::seed_from_u64(seed), sitter).unwrap()
    }

    #[test]
    fn portraits_are_small_jpegs_of_passport_size() {
        for seed in 0..12 {
            let file = drawn(seed);
            assert!((6_000..=PORTRAIT_BYTES_MAX).contains(&file.len()), "{}", file.len());
            assert_eq!((&file[..3], &file[file.len() - 2..]), (&[0xFF, 0xD8, 0xFF][..], &[0xFF, 0xD9][..]));
            // JFIF: unit 1 = dots per inch, 300 x 300
            assert_eq!((&file[6..11], &file[13..18]), (&b"JFIF\0"[..], &[1, 0x01, 0x2C, 0x01, 0x2C][..]));
        }
    }

    #[test]
    fn a_seed_gives_one_portrait() {
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(10));
    }
}
