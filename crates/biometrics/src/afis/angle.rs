//! Angles by own arithmetic: libraries of sines differ in the last bit, and a template must not.
//!
//! Angles are in radians from the x axis towards the y axis, which points down as rows of an image do.

use core::f64::consts::{FRAC_PI_2, PI, TAU};

/// A whole turn.
pub const TURN: f32 = core::f32::consts::TAU;
/// Half a turn.
pub const HALF_TURN: f32 = core::f32::consts::PI;

/// Arc tangents of 0, 1/8 .. 8/8.
const EIGHTHS: [f64; 9] = [
    0.0,
    0.124_354_994_546_761_44,
    0.244_978_663_126_864_14,
    0.358_770_670_270_572_2,
    0.463_647_609_000_806_1,
    0.558_599_315_343_562_4,
    0.643_501_108_793_284_4,
    0.718_829_999_621_624_5,
    core::f64::consts::FRAC_PI_4,
];

/// Direction of the vector, 0 to below a turn; 0 for no vector.
pub fn direction(x: f64, y: f64) -> f64 {
    let (wide, high) = (x.abs(), y.abs());
    if wide == 0.0 && high == 0.0 {
        return 0.0;
    }
    // first octant, then quadrant, then half
    let octant = if high <= wide { arc_tangent(high / wide) } else { FRAC_PI_2 - arc_tangent(wide / high) };
    let half = if x < 0.0 { PI - octant } else { octant };
    if y < 0.0 { TAU - half } else { half }
}

/// Arc tangent of 0 to 1: the nearest eighth from the table, the rest as a series of less than a sixteenth.
fn arc_tangent(ratio: f64) -> f64 {
    let eighth = nearest(ratio * 8.0).clamp(0, 8);
    let base = EIGHTHS.get(usize::try_from(eighth).unwrap_or(0)).copied().unwrap_or(0.0);
    let centre = f64::from(eighth) / 8.0;
    let rest = (ratio - centre) / (1.0 + ratio * centre);
    let square = rest * rest;
    let mut sum = 0.0;
    for odd in [13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        sum = 1.0 / odd - square * sum;
    }
    base + rest * sum
}

/// Sine and cosine of an angle from 0 to two turns.
pub fn sine_cosine(angle: f64) -> (f64, f64) {
    let quarter = nearest(angle / FRAC_PI_2);
    let rest = angle - f64::from(quarter) * FRAC_PI_2;
    let square = rest * rest;
    let (mut sine, mut cosine) = (1.0, 1.0);
    for even in [18.0, 16.0, 14.0, 12.0, 10.0, 8.0, 6.0, 4.0, 2.0] {
        sine = 1.0 - square / (even * (even + 1.0)) * sine;
        cosine = 1.0 - square / (even * (even - 1.0)) * cosine;
    }
    sine *= rest;
    match quarter.rem_euclid(4) {
        0 => (sine, cosine),
        1 => (cosine, -sine),
        2 => (-sine, -cosine),
        _ => (-cosine, sine),
    }
}

/// Three to the power of 0 to 1.
pub fn power_of_three(exponent: f64) -> f64 {
    const LOGARITHM: f64 = 1.098_612_288_668_109_8;
    // the fourth part keeps the series short
    let quarter = exponent * LOGARITHM / 4.0;
    let mut sum = 1.0;
    for term in [14.0, 13.0, 12.0, 11.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0] {
        sum = 1.0 + quarter / term * sum;
    }
    (sum * sum) * (sum * sum)
}

/// The nearest whole number; halves go up.
#[allow(clippy::cast_possible_truncation, reason = "saturates, and what comes here is of the size of an image")]
pub fn nearest(value: f64) -> i32 {
    (value + 0.5).floor() as i32
}

/// Number of the slice, out of so many in a turn, that an angle lies in.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "small counts, and negative numbers saturate to 0"
)]
pub fn slice(angle: f64, slices: usize) -> usize {
    ((angle * (1.0 / TAU) * slices as f64) as usize).min(slices.saturating_sub(1))
}

/// Further by less than a turn, kept below one.
pub fn further(angle: f64, by: f64) -> f64 {
    let sum = angle + by;
    if sum < TAU { sum } else { sum - TAU }
}

/// The other way.
pub fn opposite(angle: f64) -> f64 {
    if angle < PI { angle + PI } else { angle - PI }
}

/// The smaller angle between two directions.
pub fn between(first: f64, second: f64) -> f64 {
    let difference = (first - second).abs();
    if difference <= PI { difference } else { TAU - difference }
}

/// The angle that leads from the second direction to the first, 0 to below a turn. Single precision, as in edges.
pub fn from_to(first: f32, second: f32) -> f32 {
    let difference = first - second;
    if difference >= 0.0 { difference } else { difference + TURN }
}

/// The other way, in single precision.
pub fn turned(angle: f32) -> f32 {
    if angle < HALF_TURN { angle + HALF_TURN } else { angle - HALF_TURN }
}

/// The smaller angle between two directions, in single precision.
pub fn apart(first: f32, second: f32) -> f32 {
    let difference = (first - second).abs();
    if difference <= HALF_TURN { difference } else { TURN - difference }
}

/// The same direction counted the other way round, as records do whose y axis points up.
pub fn mirrored(angle: f32) -> f32 {
    let mirror = TURN - angle;
    if mirror < TURN { mirror } else { mirror - TURN }
}

/// In single precision.
#[allow(clippy::cast_possible_truncation, reason = "the nearest number of single precision is wanted")]
pub fn single(angle: f64) -> f32 {
    let single = angle as f32;
    // a direction just below a turn may round up to it
    if single < TURN { single } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_agrees_with_the_library() {
        for step in 0..20_000 {
            let angle = f64::from(step) * TAU / 20_000.0;
            let (sine, cosine) = sine_cosine(angle);
            assert!((sine - angle.sin()).abs() < 1e-15 && (cosine - angle.cos()).abs() < 1e-15, "{angle}");
            let length = 1.0 + f64::from(step % 97);
            let found = direction(angle.cos() * length, angle.sin() * length);
            assert!(between(found, angle) < 5e-15, "{angle} {found}");
            let exponent = f64::from(step) / 20_000.0;
            assert!((power_of_three(exponent) - 3f64.powf(exponent)).abs() < 5e-15, "{exponent}");
        }
        assert!(direction(-1.0, 0.0).to_bits() == PI.to_bits());
        assert!(direction(0.0, 0.0) == 0.0);
    }

    #[test]
    fn halves_round_up_and_slices_stay_in_the_turn() {
        assert_eq!([nearest(2.5), nearest(-2.5), nearest(-0.6), nearest(0.49)], [3, -2, -1, 0]);
        assert_eq!([slice(0.0, 32), slice(PI, 32), slice(TAU, 32), slice(-0.1, 32)], [0, 16, 31, 0]);
        assert!(mirrored(0.0) == 0.0 && mirrored(1.0) == TURN - 1.0);
    }
}
