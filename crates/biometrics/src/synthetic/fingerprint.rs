//! A ridge-like pattern out of an orientation field: noise is filtered along and across the field until ridges stand.
//!
//! The field is the zero-pole model (Sherlock and Monro 1993): at each point half the sum of the angles seen from the
//! cores minus half the sum of the angles seen from the deltas.

use super::lettering::{LETTER_CELLS, WORD_CELLS, inked};
use super::{Dice, ImageError, octet};
use png::{BitDepth, ColorType, Compression, Encoder, Filter, PixelDimensions, Unit};
use rand_core::CryptoRng;

/// No print is larger than this, in octets.
pub const FINGERPRINT_BYTES_MAX: usize = 24 * 1024;

const WIDTH: u16 = 300;
const HEIGHT: u16 = 400;
/// 500 pixels an inch, in pixels a metre as PNG counts.
const PIXELS_PER_METRE: u32 = 19_685;
/// Filters, one for each of as many directions over half a turn.
const DIRECTIONS: u8 = 48;
/// Filters reach this far from their middle.
const REACH: i8 = 6;
const SIDE: usize = 13;
/// Pixels from ridge to ridge: 0.46 mm at 500 ppi.
const PERIOD: f32 = 9.0;
const ROUNDS: usize = 7;

/// The hand that a finger belongs to: loops open to the side of the little finger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// Right.
    Right,
    /// Left.
    Left,
}

/// Draws a print of this hand: PNG, 300 x 400, 8-bit grey, 500 ppi, at most [`FINGERPRINT_BYTES_MAX`] octets.
///
/// # Errors
/// [`ImageError::Png`] when the encoder refuses, which it has no reason to.
pub fn fingerprint(rng: &mut dyn CryptoRng, hand: Hand) -> Result<Vec<u8>, ImageError> {
    let mut dice = Dice(rng);
    let field = Field::draw(&mut dice, hand);
    let filters = Filters::new();
    let mut ridges = Ridges::noise(&mut dice);
    let directions = field.directions();
    for _ in 0..ROUNDS {
        ridges = ridges.filtered(&directions, &filters);
    }
    let grey = ridges.pressed(&mut dice);
    // fewer shades compress better; the first count is nearly always enough
    let mut file = Vec::new();
    for shades in [10.0, 8.0, 6.0, 5.0, 4.0, 3.0] {
        file = encode(&finished(&grey, shades))?;
        if file.len() <= FINGERPRINT_BYTES_MAX {
            break;
        }
    }
    Ok(file)
}

/// Cores and deltas in pixels.
struct Field {
    cores: Vec<(f32, f32)>,
    deltas: Vec<(f32, f32)>,
}

impl Field {
    /// A loop four times out of five, else a whorl.
    fn draw(dice: &mut Dice<'_>, hand: Hand) -> Self {
        let side = if hand == Hand::Right { -1.0 } else { 1.0 };
        let core = (150.0 + dice.between(-14.0, 14.0), 170.0 + dice.between(-16.0, 16.0));
        let delta = |dice: &mut Dice<'_>, side: f32| {
            (core.0 + side * dice.between(88.0, 112.0), core.1 + dice.between(104.0, 132.0))
        };
        if dice.unit() < 0.8 {
            Self { cores: vec![core], deltas: vec![delta(dice, side)] }
        } else {
            let lower = (core.0 + dice.between(-8.0, 8.0), core.1 + dice.between(34.0, 58.0));
            Self { cores: vec![core, lower], deltas: vec![delta(dice, -1.0), delta(dice, 1.0)] }
        }
    }

    /// Number of the filter that lies along the ridges, for each pixel.
    fn directions(&self) -> Vec<u8> {
        let bearing = |x: f32, y: f32, points: &[(f32, f32)]| -> f32 {
            points.iter().map(|(px, py)| (py - y).atan2(x - px)).sum()
        };
        let at = |y: u16, x: u16| {
            let (x, y) = (f32::from(x), f32::from(y));
            let angle = (bearing(x, y, &self.cores) - bearing(x, y, &self.deltas)) / 2.0;
            let turn = (angle / core::f32::consts::PI).rem_euclid(1.0);
            octet(turn * f32::from(DIRECTIONS)) % DIRECTIONS
        };
        (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| at(y, x))).collect()
    }
}

/// Kernels that pass a wave of [`PERIOD`] across their direction and nothing that is even.
struct Filters(Vec<[[i16; SIDE]; SIDE]>);

impl Filters {
    fn new() -> Self {
        Self(
            (0..DIRECTIONS)
                .map(|number| Self::kernel(core::f32::consts::PI * f32::from(number) / f32::from(DIRECTIONS)))
                .collect(),
        )
    }

    #[allow(clippy::cast_possible_truncation, reason = "weights lie between -256 and 256")]
    fn kernel(angle: f32) -> [[i16; SIDE]; SIDE] {
        let (sine, cosine) = angle.sin_cos();
        let mut kernel = [[0; SIDE]; SIDE];
        for (row, y) in kernel.iter_mut().zip(-REACH..=REACH) {
            for (weight, x) in row.iter_mut().zip(-REACH..=REACH) {
                let (x, y) = (f32::from(x), f32::from(y));
                // the image counts y downwards
                let (along, across) = (x * cosine - y * sine, x * sine + y * cosine);
                let wave = (core::f32::consts::TAU * across / PERIOD).cos() - 0.06;
                *weight = (256.0 * wave * (-(along * along) / 18.0 - across * across / 16.0).exp()) as i16;
            }
        }
        kernel
    }
}

/// Height of the relief at each pixel, -256 to 256.
struct Ridges(Vec<i16>);

impl Ridges {
    fn noise(dice: &mut Dice<'_>) -> Self {
        let mut octets = vec![0; usize::from(WIDTH) * usize::from(HEIGHT)];
        dice.0.fill_bytes(&mut octets);
        Self(octets.into_iter().map(|octet| i16::from(octet) - 128).collect())
    }

    /// One round: each pixel becomes what the filter of its direction finds there, held in bounds.
    fn filtered(&self, directions: &[u8], filters: &Filters) -> Self {
        let width = usize::from(WIDTH);
        let at = |place: usize, direction: u8| -> i16 {
            let (x, y) = (place % width, place / width);
            let (Some(left), Some(top)) = (x.checked_sub(SIDE / 2), y.checked_sub(SIDE / 2)) else { return 0 };
            let Some(kernel) = filters.0.get(usize::from(direction)) else { return 0 };
            if left + SIDE > width {
                return 0;
            }
            let line = |(row, weights): (usize, &[i16; SIDE])| -> i32 {
                let start = (top + row) * width + left;
                let pixels = self.0.get(start..start + SIDE).unwrap_or(&[]);
                pixels.iter().zip(weights).map(|(pixel, weight)| i32::from(*pixel) * i32::from(*weight)).sum()
            };
            let sum: i32 = kernel.iter().enumerate().map(line).sum();
            i16::try_from((sum / 2048).clamp(-256, 256)).unwrap_or(0)
        };
        Self(directions.iter().enumerate().map(|(place, direction)| at(place, *direction)).collect())
    }

    /// The relief pressed on paper: dark ridges inside the oval of a finger tip, uneven pressure, 0 black to 1 white.
    fn pressed(&self, dice: &mut Dice<'_>) -> Vec<f32> {
        let (tilt, phase) = (dice.between(-0.25, 0.25), dice.between(0.0, 6.0));
        let pressed = |(place, height): (usize, &i16)| {
            let width = usize::from(WIDTH);
            let (x, y) = (coordinate(place % width), coordinate(place / width));
            let (u, v) = ((x - 150.0) / 132.0, (y - 200.0) / 184.0);
            let ragged = ((u.atan2(v) * 9.0 + phase).sin() + (u.atan2(v) * 23.0).sin()) * 0.012;
            // a finger tip is squarer than an ellipse
            let rim = (u.abs().powf(2.5) + v.abs().powf(2.5)).powf(0.4) + ragged;
            let cover = ((1.0 - rim) * 9.0).clamp(0.0, 1.0);
            let pressure = 0.86 - 0.22 * rim + tilt * u * v + 0.06 * ((x * 0.043 + phase).sin() * (y * 0.037).cos());
            let ridge = (0.5 + f32::from(*height) / 300.0).clamp(0.0, 1.0);
            1.0 - cover * pressure * ridge
        };
        self.0.iter().enumerate().map(pressed).collect()
    }
}

/// A small index as a coordinate.
fn coordinate(index: usize) -> f32 {
    f32::from(u16::try_from(index).unwrap_or(u16::MAX))
}

/// Grey octets in this many shades, with the word SPECIMEN on a white bar at the lower rim.
fn finished(grey: &[f32], shades: f32) -> Vec<u8> {
    let (cell, width) = (4.0, usize::from(WIDTH));
    let (left, top) = (150.0 - f32::from(WORD_CELLS) * cell / 2.0, 352.0);
    let shade = |(place, value): (usize, &f32)| {
        let (column, row) = ((coordinate(place % width) - left) / cell, (coordinate(place / width) - top) / cell);
        let bar = (-1.5..f32::from(WORD_CELLS) + 1.5).contains(&column)
            && (-1.5..f32::from(LETTER_CELLS) + 1.5).contains(&row);
        match (inked(column, row), bar) {
            (true, _) => 40,
            (false, true) => 255,
            (false, false) => octet((value * (shades - 1.0)).round() / (shades - 1.0) * 225.0 + 30.0),
        }
    };
    grey.iter().enumerate().map(shade).collect()
}

fn encode(grey: &[u8]) -> Result<Vec<u8>, ImageError> {
    let mut file = Vec::with_capacity(FINGERPRINT_BYTES_MAX);
    let mut encoder = Encoder::new(&mut file, u32::from(WIDTH), u32::from(HEIGHT));
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::High);
    // few shades: runs and repeats, which the filters of PNG would break up
    encoder.set_filter(Filter::NoFilter);
    encoder.set_pixel_dims(Some(PixelDimensions { xppu: PIXELS_PER_METRE, yppu: PIXELS_PER_METRE, unit: Unit::Meter }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(grey)?;
    writer.finish()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::ChaCha20Rng;

    fn drawn(seed: u64, hand: Hand) -> Vec<u8> {
        fingerprint(&mut ChaCha20Rng::seed_from_u64(seed), hand).unwrap()
    }

    #[test]
    fn prints_are_small_grey_pngs_of_500_ppi() {
        for seed in 0..6 {
            let hand = if seed % 2 == 0 { Hand::Right } else { Hand::Left };
            let file = drawn(seed, hand);
            assert!((4_000..=FINGERPRINT_BYTES_MAX).contains(&file.len()), "{}", file.len());
            let mut reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
            let info = reader.info();
            assert_eq!((info.width, info.height), (300, 400));
            assert_eq!((info.color_type, info.bit_depth), (ColorType::Grayscale, BitDepth::Eight));
            assert_eq!(info.pixel_dims.unwrap().xppu, PIXELS_PER_METRE);
            let mut pixels = vec![0; 300 * 400];
            reader.next_frame(&mut pixels).unwrap();
            // about half of the middle of a print is ridge
            let middle: Vec<u8> = (150..250).flat_map(|y| pixels[y * 300 + 100..y * 300 + 200].to_vec()).collect();
            let dark = middle.iter().filter(|grey| **grey < 128).count();
            assert!((3_000..7_000).contains(&dark), "{dark}");
        }
    }

    #[test]
    fn a_seed_gives_one_print_a_hand() {
        assert_eq!(drawn(3, Hand::Left), drawn(3, Hand::Left));
        assert_ne!(drawn(3, Hand::Left), drawn(3, Hand::Right));
        assert_ne!(drawn(3, Hand::Left), drawn(4, Hand::Left));
    }
}
