//! How wide the bins of each subband are: variance by subband, then the bit rate shared out among those that vary
//! (IAFIS-IC-0110 v3.1 part 1 C.3).
//!
//! The numbers follow the reference step by step, single precision where it has it; logarithms and powers are
//! those of [`crate::elementary`], so that every machine writes the same file.

use super::tables::Bins;
use super::tree::{Area, SUBBANDS};
use super::wavelet::Plane;
use crate::elementary::{exponential, logarithm, single};

/// Subbands that vary less are not coded.
const VARIANCE_MIN: f32 = 1.01;
/// Weights of the last subbands, where the eye sees less; 1 before them.
const LAST_WEIGHTS: [f32; 8] = [1.32, 1.08, 1.42, 1.08, 1.32, 1.42, 1.08, 1.08];
/// Where a value stands in its bin.
const CENTRE: f32 = 0.44;

/// A count as a number; all counts here are below 2^24 and exact.
#[allow(clippy::cast_precision_loss, reason = "exact below 2^24, and no subband has more samples")]
const fn real(count: usize) -> f32 {
    count as f32
}

/// Variance of each subband.
pub(super) fn variances(plane: &Plane, subbands: &[Area; SUBBANDS]) -> [f32; SUBBANDS] {
    let mut all = [0.0; SUBBANDS];
    for (place, area) in all.iter_mut().zip(subbands) {
        *place = variance(plane, inner(*area));
    }
    // of a print that hardly varies every sample counts, of others the middle, where there is skin
    let first_four: f32 = all.iter().take(4).sum();
    if first_four < 20_000.0 {
        for (place, area) in all.iter_mut().zip(subbands) {
            *place = variance(plane, *area);
        }
    }
    all
}

/// The middle of a subband.
const fn inner(area: Area) -> Area {
    Area {
        x: area.x + area.width / 8,
        y: area.y + 9 * area.height / 32,
        width: 3 * area.width / 4,
        height: 7 * area.height / 16,
    }
}

fn variance(plane: &Plane, area: Area) -> f32 {
    let (mut sum, mut squares) = (0.0_f32, 0.0_f32);
    for y in 0..area.height {
        for value in plane.row(area, y) {
            sum += value;
            squares += value * value;
        }
    }
    let count = area.samples();
    if count < 2 {
        return 0.0;
    }
    (squares - sum * sum / real(count)) / (real(count) - 1.0)
}

/// Share of the image that a subband has.
fn share(subband: usize) -> f32 {
    match subband {
        0..4 => 1.0 / 1024.0,
        4..51 => 1.0 / 256.0,
        _ => 1.0 / 16.0,
    }
}

/// A share-th power by square roots, which are exactly rounded.
fn share_power(value: f32, subband: usize) -> f64 {
    let roots = match subband {
        0..4 => 10,
        4..51 => 8,
        _ => 4,
    };
    (0..roots).fold(f64::from(value), |value, _| value.sqrt())
}

/// Bins for this many bits a sample.
pub(super) fn bins(variances: &[f32; SUBBANDS], bits_a_sample: f32) -> Bins {
    let mut bins = Bins { centre: CENTRE, width: [0.0; SUBBANDS], zero: [0.0; SUBBANDS] };
    for ((subband, width), variance) in bins.width.iter_mut().enumerate().zip(variances) {
        let weight = subband.checked_sub(52).and_then(|place| LAST_WEIGHTS.get(place)).unwrap_or(&1.0);
        *width = match subband {
            _ if *variance < VARIANCE_MIN || !variance.is_finite() => 0.0,
            0..4 => 1.0,
            _ => 10.0 / (weight * single(logarithm(f64::from(*variance)))),
        };
    }
    let factor = common_factor(variances, &bins.width, bits_a_sample);
    for (width, zero) in bins.width.iter_mut().zip(&mut bins.zero) {
        if *width != 0.0 {
            *width /= factor;
        }
        *zero = single(1.2 * f64::from(*width));
    }
    bins
}

/// The factor that all widths are divided by, so that the subbands with a positive bit rate share what there is.
fn common_factor(variances: &[f32; SUBBANDS], widths: &[f32; SUBBANDS], bits_a_sample: f32) -> f32 {
    let mut members = widths.map(|width| width != 0.0);
    loop {
        let (mut shares, mut product) = (0.0_f32, 1.0_f32);
        for subband in (0..SUBBANDS).filter(|subband| members.get(*subband) == Some(&true)) {
            shares += share(subband);
        }
        for (subband, ((member, width), variance)) in members.iter().zip(widths).zip(variances).enumerate() {
            if *member {
                product = single(f64::from(product) * share_power(variance.sqrt() / width, subband));
            }
        }
        if shares == 0.0 {
            return 1.0;
        }
        let exponent = f64::from(bits_a_sample / shares) - 1.0;
        let factor = exponential(exponent * core::f64::consts::LN_2) / 2.5;
        let factor = single(factor / exponential(logarithm(f64::from(product)) / f64::from(shares)));
        let before = members;
        for ((member, width), variance) in members.iter_mut().zip(widths).zip(variances) {
            *member &= f64::from(width / factor) < 5.0 * f64::from(variance.sqrt());
        }
        if members == before {
            return factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_powers() {
        assert!((share_power(7.3, 2) - 7.3_f64.powf(1.0 / 1024.0)).abs() < 1.0e-7);
        assert!((share_power(7.3, 20) - 7.3_f64.powf(1.0 / 256.0)).abs() < 1.0e-7);
        assert!((share_power(7.3, 55) - 7.3_f64.powf(1.0 / 16.0)).abs() < 1.0e-7);
    }

    #[test]
    fn more_bits_give_narrower_bins_and_still_subbands_none() {
        let mut variances = [400.0; SUBBANDS];
        variances[10] = 0.5;
        let (few, many) = (bins(&variances, 0.5), bins(&variances, 1.5));
        assert!(few.width.iter().zip(&many.width).all(|(few, many)| few > many || *few == 0.0));
        assert!(few.width[10] == 0.0 && few.zero[10] == 0.0);
        assert!(bins(&[0.0; SUBBANDS], 0.75).width.iter().all(|width| *width == 0.0));
    }
}
