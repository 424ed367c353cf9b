//! Score of a pairing.

use super::Side;
use super::edges::Ray;
use super::pairing::{Fit, Pair};
use crate::afis::angle;
use crate::afis::parameters::{
    ANGLE_ERROR, ANGLE_ERROR_FLAT, LENGTH_ERROR, LENGTH_ERROR_FLAT, SCORE_BEYOND, SCORE_SCALE, WEIGHT_ANGLE,
    WEIGHT_EDGE, WEIGHT_KIND, WEIGHT_LENGTH, WEIGHT_MINUTIA, WEIGHT_SHARE, WEIGHT_SUPPORTED,
};
use crate::afis::plane::coordinate;

/// Seven weighted sums, on the scale of false matches.
pub fn score(probe: &Side, candidate: &Side, pairs: &[Pair]) -> f64 {
    let number = |count: usize| f64::from(coordinate(count));
    let count = number(pairs.len());
    let share = 0.5 * (count / number(probe.minutiae.len()) + count / number(candidate.minutiae.len()));
    let support: usize = pairs.iter().map(|pair| usize::from(pair.support)).sum();
    let supported = pairs.iter().filter(|pair| pair.support > 0).count();
    let kind = |side: &Side, minutia: u8| side.minutiae.get(usize::from(minutia)).map(|minutia| minutia.kind);
    let same = |pair: &&Pair| kind(probe, pair.probe) == kind(candidate, pair.candidate);
    let kinds = pairs.iter().filter(same).count();
    let (lengths, angles) = exactness(probe, candidate, pairs);
    let total = WEIGHT_MINUTIA * count
        + WEIGHT_SHARE * share
        + WEIGHT_SUPPORTED * number(supported)
        + WEIGHT_EDGE * number(pairs.len() + support)
        + WEIGHT_KIND * number(kinds)
        + WEIGHT_LENGTH * lengths
        + WEIGHT_ANGLE * angles;
    scaled(total)
}

/// How far lengths and angles of the pairing's edges agree, 0 to 1 each.
fn exactness(probe: &Side, candidate: &Side, pairs: &[Pair]) -> (f64, f64) {
    let flat = angle::single(ANGLE_ERROR_FLAT * f64::from(ANGLE_ERROR));
    let (mut lengths, mut angles, mut edges) = (0, 0.0f32, 0i16);
    for (one, other) in pairs.iter().filter_map(|pair| pair.rays) {
        let (one, other) = (ray(probe, one), ray(candidate, other));
        lengths += (one.edge.length - other.edge.length).abs().max(LENGTH_ERROR_FLAT);
        angles += angle::apart(one.edge.near, other.edge.near).max(flat);
        angles += angle::apart(one.edge.far, other.edge.far).max(flat);
        edges += 1;
    }
    if edges == 0 {
        return (0.0, 0.0);
    }
    let (longest, widest) = (LENGTH_ERROR * i32::from(edges), ANGLE_ERROR * f32::from(edges) * 2.0);
    (f64::from(longest - lengths) / f64::from(longest), f64::from((widest - angles) / widest))
}

fn ray(side: &Side, fit: Fit) -> Ray {
    side.stars.ray(fit.centre, fit.ray).copied().unwrap_or_default()
}

/// A sum of weights on the scale.
fn scaled(total: f64) -> f64 {
    for [(from, low), (to, high)] in SCORE_SCALE.array_windows() {
        if total < *from {
            return 0.0;
        }
        if total < *to {
            return (total - from) / (to - from) * (high - low) + low;
        }
    }
    let [.., (last, score)] = SCORE_SCALE;
    (total - last) / SCORE_BEYOND.1 * SCORE_BEYOND.0 + score
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_goes_through_its_points_and_on() {
        for (total, score) in SCORE_SCALE {
            assert!((scaled(total) - score).abs() < 1e-9, "{total}");
        }
        assert!(scaled(8.0) == 0.0 && scaled(32.01 + 13.79) > 79.9 && scaled(20.305) > 24.9);
    }
}
