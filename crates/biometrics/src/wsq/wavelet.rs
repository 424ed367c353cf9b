//! The 9/7 wavelet transform over the splits of [`super::tree`], in single precision and in the order of the reference:
//! for each sample first every tap of the lowpass in ascending order, then every tap of the highpass.
//!
//! Sums run over whole rows at once, a tap at a time. That keeps the order of each sample's own additions, so the
//! result is the same to the last bit as one sample after the other, and several samples go through the processor
//! together.

use super::tables::{Filters, HIGH_TAPS, LOW_TAPS};
use super::tree::{Area, Split, splits};
use zeroize::Zeroizing;

/// Analysis lowpass (nine taps, Cohen, Daubechies and Feauveau).
pub(super) const ANALYSIS_LOW: [f32; HIGH_TAPS] = [
    0.037_828_457,
    -0.023_849_465,
    -0.110_624_4,
    0.377_402_84,
    0.852_698_7,
    0.377_402_84,
    -0.110_624_4,
    -0.023_849_465,
    0.037_828_457,
];
/// Analysis highpass (seven taps).
pub(super) const ANALYSIS_HIGH: [f32; LOW_TAPS] =
    [0.064_538_88, -0.040_689_416, -0.418_092_28, 0.788_485_65, -0.418_092_28, -0.040_689_416, 0.064_538_88];
/// Taps reach this far beyond an end of a line.
const MARGIN: usize = 4;

/// A plane of numbers, wiped when dropped: it is the print.
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) values: Zeroizing<Vec<f32>>,
}

impl Plane {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, height, values: Zeroizing::new(vec![0.0; width * height]) }
    }

    /// The samples of one row of an area, counted from its top.
    pub(super) fn row(&self, area: Area, y: usize) -> &[f32] {
        let start = (area.y + y) * self.width + area.x;
        self.values.get(start..start + area.width).unwrap_or(&[])
    }

    /// As [`Self::row`], to be written.
    pub(super) fn row_mut(&mut self, area: Area, y: usize) -> &mut [f32] {
        let start = (area.y + y) * self.width + area.x;
        self.values.get_mut(start..start + area.width).unwrap_or(&mut [])
    }
}

/// How a line goes on beyond one end: the end sample comes twice, or it is the axis of the mirror.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Twice,
    Once,
}

/// The sample that stands at `position`, counted from 4 before the line, when the line is mirrored at its ends.
fn mirrored(position: usize, length: usize, left: End, right: End) -> usize {
    let inside = match position.checked_sub(MARGIN) {
        Some(inside) => inside,
        None => MARGIN - position - usize::from(left == End::Twice),
    };
    if inside < length { inside } else { (2 * length - 1 - usize::from(right == End::Once)).saturating_sub(inside) }
}

/// Adds `source * tap` to each sum, or begins the sums with it.
fn weigh(sums: &mut [f32], source: &[f32], tap: f32, first: bool) {
    if first {
        for (sum, value) in sums.iter_mut().zip(source) {
            *sum = value * tap;
        }
    } else {
        for (sum, value) in sums.iter_mut().zip(source) {
            *sum += value * tap;
        }
    }
}

/// Sums of taps over one array that is shifted by one sample a tap.
fn convolve<'t>(sums: &mut [f32], source: &[f32], shift: usize, taps: impl Iterator<Item = &'t f32>, begin: bool) {
    for (place, tap) in taps.enumerate() {
        weigh(sums, source.get(shift + place..).unwrap_or(&[]), *tap, begin && place == 0);
    }
}

/// Lines for one row at a time, so that none is allocated for each.
#[derive(Default)]
struct Lines {
    low: Vec<f32>,
    high: Vec<f32>,
    even: Vec<f32>,
    odd: Vec<f32>,
}

/// Fills `line` with `source` and what lies beyond its ends.
fn extend(line: &mut Vec<f32>, source: &[f32], left: End, right: End) {
    line.clear();
    let at = |position| source.get(mirrored(position, source.len(), left, right)).copied().unwrap_or(0.0);
    line.extend((0..MARGIN).map(at));
    line.extend(source);
    line.extend((MARGIN + source.len()..2 * MARGIN + source.len()).map(at));
}

/// Puts the image together from its subbands.
pub(super) fn synthesise(plane: &mut Plane, filters: &Filters) {
    let mut scratch = Plane::new(plane.width, plane.height);
    let mut lines = Lines::default();
    for split in splits(plane.width, plane.height).iter().rev() {
        synthesise_down(&mut scratch, plane, split, filters);
        for y in 0..split.area.height {
            synthesise_row(plane.row_mut(split.area, y), scratch.row(split.area, y), split, filters, &mut lines);
        }
    }
}

/// Rows of `target` from the two halves of `source`, one above the other.
fn synthesise_down(target: &mut Plane, source: &Plane, split: &Split, filters: &Filters) {
    let area = split.area;
    let (low_rows, high_rows) = (area.height.div_ceil(2), area.height / 2);
    let (low_start, high_start) = if split.mirrored_down { (high_rows, 0) } else { (0, low_rows) };
    // with an odd number of rows the low half has an end of its own and the high half none
    let (low_end, high_end) = if area.height % 2 == 1 { (End::Once, End::Twice) } else { (End::Twice, End::Once) };
    for y in 0..area.height {
        let (pair, parity) = (y / 2, 1 - y % 2);
        let sums = target.row_mut(area, y);
        for (place, tap) in filters.low.iter().skip(parity).step_by(2).enumerate() {
            let row = mirrored(pair + MARGIN - 1 + place, low_rows, End::Once, low_end);
            weigh(sums, source.row(area, low_start + row), *tap, place == 0);
        }
        for (place, tap) in filters.high.iter().skip(parity).step_by(2).enumerate() {
            let row = mirrored(pair + MARGIN - 2 + place, high_rows, End::Twice, high_end);
            weigh(sums, source.row(area, high_start + row), *tap, false);
        }
    }
}

/// One row of `target` from its two halves, one beside the other.
fn synthesise_row(target: &mut [f32], source: &[f32], split: &Split, filters: &Filters, lines: &mut Lines) {
    let (lows, highs) = (source.len().div_ceil(2), source.len() / 2);
    let (first, second) = source.split_at(if split.mirrored_across { highs } else { lows });
    let (low, high) = if split.mirrored_across { (second, first) } else { (first, second) };
    let (low_end, high_end) = if source.len() % 2 == 1 { (End::Once, End::Twice) } else { (End::Twice, End::Once) };
    extend(&mut lines.low, low, End::Once, low_end);
    extend(&mut lines.high, high, End::Twice, high_end);
    lines.even.resize(lows, 0.0);
    lines.odd.resize(highs, 0.0);
    convolve(&mut lines.even, &lines.low, MARGIN - 1, filters.low.iter().skip(1).step_by(2), true);
    convolve(&mut lines.even, &lines.high, MARGIN - 2, filters.high.iter().skip(1).step_by(2), false);
    convolve(&mut lines.odd, &lines.low, MARGIN - 1, filters.low.iter().step_by(2), true);
    convolve(&mut lines.odd, &lines.high, MARGIN - 2, filters.high.iter().step_by(2), false);
    let mut pairs = target.chunks_exact_mut(2);
    for ((pair, even), odd) in pairs.by_ref().zip(&lines.even).zip(&lines.odd) {
        pair.copy_from_slice(&[*even, *odd]);
    }
    if let ([rest], Some(last)) = (pairs.into_remainder(), lines.even.last()) {
        *rest = *last;
    }
}

/// Takes the image apart into its subbands.
pub(super) fn analyse(plane: &mut Plane) {
    let mut scratch = Plane::new(plane.width, plane.height);
    let mut lines = Lines::default();
    for split in splits(plane.width, plane.height) {
        for y in 0..split.area.height {
            analyse_row(scratch.row_mut(split.area, y), plane.row(split.area, y), &split, &mut lines);
        }
        analyse_down(plane, &scratch, &split);
    }
}

/// Both halves of `target`, one above the other, from the rows of `source`.
fn analyse_down(target: &mut Plane, source: &Plane, split: &Split) {
    let area = split.area;
    let (low_rows, high_rows) = (area.height.div_ceil(2), area.height / 2);
    let (low_start, high_start) = if split.mirrored_down { (high_rows, 0) } else { (0, low_rows) };
    let mut half = |start: usize, rows: usize, shift: usize, taps: &[f32]| {
        for y in 0..rows {
            let sums = target.row_mut(area, start + y);
            for (place, tap) in taps.iter().enumerate() {
                let row = mirrored(2 * y + shift + place, area.height, End::Once, End::Once);
                weigh(sums, source.row(area, row), *tap, place == 0);
            }
        }
    };
    half(low_start, low_rows, 0, &ANALYSIS_LOW);
    half(high_start, high_rows, 2, &ANALYSIS_HIGH);
}

/// Both halves of `target`, one beside the other, from one row.
fn analyse_row(target: &mut [f32], source: &[f32], split: &Split, lines: &mut Lines) {
    let (lows, highs) = (source.len().div_ceil(2), source.len() / 2);
    extend(&mut lines.low, source, End::Once, End::Once);
    lines.even.clear();
    lines.even.extend(lines.low.iter().step_by(2));
    lines.odd.clear();
    lines.odd.extend(lines.low.iter().skip(1).step_by(2));
    let (first, second) = target.split_at_mut(if split.mirrored_across { highs } else { lows });
    let (low, high) = if split.mirrored_across { (second, first) } else { (first, second) };
    for (sums, start, taps) in [(low, 0, &ANALYSIS_LOW[..]), (high, 2, &ANALYSIS_HIGH[..])] {
        for (place, tap) in taps.iter().enumerate() {
            let source = if place % 2 == 0 { &lines.even } else { &lines.odd };
            weigh(sums, source.get(usize::midpoint(start, place)..).unwrap_or(&[]), *tap, place == 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The synthesis filters that belong to the analysis.
    fn filters() -> Filters {
        let turned = |place: usize, tap: f32, middle: usize| if place.abs_diff(middle) % 2 == 1 { -tap } else { tap };
        Filters {
            low: core::array::from_fn(|place| turned(place, ANALYSIS_HIGH[place], 3)),
            high: core::array::from_fn(|place| turned(place, ANALYSIS_LOW[place], 4)),
        }
    }

    #[test]
    fn lines_are_mirrored_at_their_ends() {
        let line = |left, right| (2..11).map(|position| mirrored(position, 5, left, right)).collect::<Vec<_>>();
        assert_eq!(line(End::Once, End::Once), [2, 1, 0, 1, 2, 3, 4, 3, 2]);
        assert_eq!(line(End::Twice, End::Twice), [1, 0, 0, 1, 2, 3, 4, 4, 3]);
    }

    #[test]
    fn what_is_taken_apart_is_put_together_again() {
        for (width, height) in [(96, 97), (131, 100), (120, 163)] {
            let mut plane = Plane::new(width, height);
            let mut state = 1_u32;
            for value in plane.values.iter_mut() {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *value = f32::from(u8::try_from(state >> 24).unwrap()) - 128.0;
            }
            let before = plane.values.clone();
            analyse(&mut plane);
            assert!(plane.values.iter().zip(before.iter()).any(|(a, b)| (a - b).abs() > 1.0));
            synthesise(&mut plane, &filters());
            let worst = plane.values.iter().zip(before.iter()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 0.01, "{width} x {height}: {worst}");
        }
    }
}
