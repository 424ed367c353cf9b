//! Logarithm, exponential and angles out of nothing but additions, multiplications, divisions and square roots, which
//! are exactly rounded everywhere: what is computed from them is the same on every machine, which those of a machine's
//! own library are not.
//!
//! Angles are in turns: 1 is the whole circle, counter-clockwise from the right where y grows upwards.

use core::f32::consts::TAU;

/// To single precision, rounded to nearest.
#[allow(clippy::cast_possible_truncation, reason = "rounding is what is wanted")]
pub(crate) const fn single(value: f64) -> f32 {
    value as f32
}

/// Natural logarithm of a positive number, to a few units in the last place: of 2^e * m with m next to 1 it is
/// e ln 2 + 2 artanh((m - 1) / (m + 1)).
pub(crate) fn logarithm(value: f64) -> f64 {
    let bits = value.to_bits();
    let mantissa = f64::from_bits(bits & 0x000F_FFFF_FFFF_FFFF | 0x3FF0_0000_0000_0000);
    let exponent = i32::try_from(bits >> 52 & 0x7FF).unwrap_or(0) - 1023;
    let (mantissa, exponent) =
        if mantissa > core::f64::consts::SQRT_2 { (mantissa / 2.0, exponent + 1) } else { (mantissa, exponent) };
    let ratio = (mantissa - 1.0) / (mantissa + 1.0);
    let square = ratio * ratio;
    // 1/23 + ..., from the smallest term to the largest
    let series = (0..12_u32).rev().fold(0.0, |sum, term| sum * square + 1.0 / f64::from(2 * term + 1));
    f64::from(exponent) * core::f64::consts::LN_2 + 2.0 * ratio * series
}

/// e to a power between -700 and 700.
pub(crate) fn exponential(power: f64) -> f64 {
    let power = power.clamp(-700.0, 700.0);
    let halvings = (power / core::f64::consts::LN_2).round();
    let rest = power - halvings * core::f64::consts::LN_2;
    let series = (1..20_u32).rev().fold(1.0, |sum, term| 1.0 + sum * rest / f64::from(term));
    series * power_of_two(halvings)
}

/// 2 to a whole power between -1010 and 1010.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 13 and 2033")]
fn power_of_two(power: f64) -> f64 {
    f64::from_bits(((power + 1023.0) as u64) << 52)
}

/// Sine and cosine of an angle in turns, to about 1e-7.
pub(crate) fn sine_cosine(turns: f32) -> (f32, f32) {
    let turns = turns - turns.round();
    let quarter = (turns * 4.0).round();
    let angle = (turns - quarter / 4.0) * TAU;
    let square = angle * angle;
    let sine = angle * (1.0 - square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0)));
    let cosine = 1.0 - square / 2.0 * (1.0 - square / 12.0 * (1.0 - square / 30.0 * (1.0 - square / 56.0)));
    if quarter.abs() < 0.5 {
        (sine, cosine)
    } else if quarter.abs() > 1.5 {
        (-sine, -cosine)
    } else {
        (quarter * cosine, -quarter * sine)
    }
}

/// Angle in turns, -0.5 to 0.5, at which (x, y) is seen from the origin; 0 for the origin itself.
pub(crate) fn bearing(y: f32, x: f32) -> f32 {
    let (small, large) = (x.abs().min(y.abs()), x.abs().max(y.abs()));
    if large == 0.0 {
        return 0.0;
    }
    let ratio = small / large;
    // tan of an eighth of a half turn: beyond it the series is taken from the other side
    let (base, ratio) = if ratio > 0.414_213_57 { (0.125, (ratio - 1.0) / (ratio + 1.0)) } else { (0.0, ratio) };
    let square = ratio * ratio;
    let series = (0..8_u8).rev().fold(0.0, |sum, term| {
        let sign = if term % 2 == 0 { 1.0 } else { -1.0 };
        sum * square + sign / f32::from(2 * term + 1)
    });
    let octant = base + ratio * series / TAU;
    let quadrant = if y.abs() > x.abs() { 0.25 - octant } else { octant };
    let half = if x < 0.0 { 0.5 - quadrant } else { quadrant };
    if y < 0.0 { -half } else { half }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithm_and_exponential_are_those_of_the_library() {
        for step in 1..2000 {
            let value = f64::from(step) * 37.123 + 1.0e-3;
            assert!((logarithm(value) - value.ln()).abs() <= 4.0e-15 * value.ln().abs(), "{value}");
            let power = f64::from(step - 1000) * 0.037;
            assert!((exponential(power) / power.exp() - 1.0).abs() <= 4.0e-14, "{power}");
        }
    }

    #[test]
    fn angles_are_those_of_the_library() {
        for step in -3000_i16..3000 {
            let turns = f32::from(step) / 1000.0;
            let (sine, cosine) = sine_cosine(turns);
            let angle = f64::from(step) / 1000.0 * core::f64::consts::TAU;
            assert!((f64::from(sine) - angle.sin()).abs() < 1.0e-6, "{turns}");
            assert!((f64::from(cosine) - angle.cos()).abs() < 1.0e-6, "{turns}");
            let (x, y) = (cosine * 7.0, sine * 7.0);
            // half a turn to the left and to the right are the same
            let apart = bearing(y, x) - y.atan2(x) / TAU;
            assert!((apart - apart.round()).abs() < 1.0e-6, "{turns}");
        }
        assert!(bearing(0.0, 0.0) == 0.0);
    }
}
