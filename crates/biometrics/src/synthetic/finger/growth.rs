//! Ridges grown out of single points: again and again each place becomes what a filter finds there that passes only
//! waves of the right direction and length. Where courses do not fit together the waves meet, and there minutiae stand.

use rand_core::CryptoRng;

use super::field::{DIRECTIONS, PERIODS};
use super::{HEIGHT, WIDTH};
use crate::elementary::{exponential, sine_cosine, single};

/// Filters reach this far from their middle.
const REACH: i8 = 7;
/// Places of a row of a filter: 15, and one that weighs nothing, so that a row is a whole vector.
const SIDE: usize = 16;
const ROWS: usize = 15;
const ROUNDS: usize = 9;
/// Places of 65,536 from which ridges begin to grow. More of them make more places where waves meet, and so more
/// minutiae.
const SEEDS: u16 = 45;
/// Places around the finger without ridges, so that a filter never leaves the plane.
const MARGIN: usize = 8;
const STRIDE: usize = WIDTH as usize + 2 * MARGIN;

type Kernel = [[i16; SIDE]; ROWS];

fn kernel(direction: u8, period: f32) -> Kernel {
    let (sine, cosine) = sine_cosine(f32::from(direction) / f32::from(DIRECTIONS) / 2.0);
    let mut weights = [[0.0_f32; SIDE]; ROWS];
    let (mut sum, mut bell_sum) = (0.0_f32, 0.0_f32);
    let mut bells = [[0.0_f32; SIDE]; ROWS];
    for ((row, bells), y) in weights.iter_mut().zip(&mut bells).zip(-REACH..=REACH) {
        for ((weight, bell), x) in row.iter_mut().zip(bells).zip(-REACH..=REACH) {
            let (x, y) = (f32::from(x), f32::from(y));
            // the image counts y downwards
            let (along, across) = (x * cosine - y * sine, x * sine + y * cosine);
            *bell = single(exponential(f64::from(-(along * along) / 24.0 - across * across / 17.0)));
            *weight = sine_cosine(across / period).1 * *bell;
            sum += *weight;
            bell_sum += *bell;
        }
    }
    // an even shade must come to nothing
    let excess = sum / bell_sum;
    let mut kernel = [[0; SIDE]; ROWS];
    for ((row, weights), bells) in kernel.iter_mut().zip(&weights).zip(&bells) {
        for ((place, weight), bell) in row.iter_mut().zip(weights).zip(bells) {
            *place = rounded(256.0 * (weight - excess * bell));
        }
    }
    kernel
}

#[allow(clippy::cast_possible_truncation, reason = "weights lie between -512 and 512")]
fn rounded(value: f32) -> i16 {
    value.round() as i16
}

/// Height of the relief, -256 to 256, row by row from the top.
pub(super) fn grow(rng: &mut dyn CryptoRng, filters: &[u8]) -> Vec<i16> {
    let kernels: Vec<Kernel> =
        PERIODS.iter().flat_map(|period| (0..DIRECTIONS).map(move |direction| kernel(direction, *period))).collect();
    let rows = usize::from(HEIGHT) + 2 * MARGIN;
    let mut noise = vec![0; 2 * STRIDE * rows];
    rng.fill_bytes(&mut noise);
    let is_seed = |octets: &[u8]| matches!(octets, [high, low] if u16::from_be_bytes([*high, *low]) < SEEDS);
    let mut plane: Vec<i16> = noise.chunks_exact(2).map(|octets| if is_seed(octets) { i16::MAX } else { 0 }).collect();
    let mut next = vec![0_i16; STRIDE * rows];
    for _ in 0..ROUNDS {
        let lines = next.chunks_exact_mut(STRIDE).skip(MARGIN).zip(filters.chunks_exact(usize::from(WIDTH)));
        for (y, (line, filters)) in lines.enumerate() {
            for (x, (place, filter)) in line.iter_mut().skip(MARGIN).zip(filters).enumerate() {
                let kernel = kernels.get(usize::from(*filter));
                // from the middle of the margin: 7 above and left of the place
                let corner = plane.get((y + 1) * STRIDE + x + 1..).unwrap_or(&[]);
                *place = kernel.map_or(0, |kernel| filtered(corner, kernel));
            }
        }
        core::mem::swap(&mut plane, &mut next);
    }
    plane
        .chunks_exact(STRIDE)
        .skip(MARGIN)
        .take(usize::from(HEIGHT))
        .flat_map(|line| line.iter().skip(MARGIN).take(usize::from(WIDTH)).copied())
        .collect()
}

/// What a filter finds whose upper left corner lies at the beginning of `corner`.
fn filtered(corner: &[i16], kernel: &Kernel) -> i16 {
    // sums stay far below the limit; wrapping lets the compiler take eight products at once in every profile
    let mut sum = 0_i32;
    for (row, line) in kernel.iter().zip(corner.chunks(STRIDE)) {
        if let Some(line) = line.first_chunk::<SIDE>() {
            let products =
                row.iter().zip(line).map(|(weight, value)| i32::from(*weight).wrapping_mul(i32::from(*value)));
            sum = sum.wrapping_add(products.fold(0, i32::wrapping_add));
        }
    }
    i16::try_from((sum / 2048).clamp(-256, 256)).unwrap_or(0)
}
