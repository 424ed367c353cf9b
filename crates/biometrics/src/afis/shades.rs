//! Shades of each block: how much contrast it has, whether it is print at all, and the print with its shades made even.
//!
//! Shades count from 0 white to 255 black.

use zeroize::Zeroize;

use super::blocks::Blocks;
use super::parameters::{
    BLOCK_VOTE, CONTRAST_CLIP, CONTRAST_FLOOR, CONTRAST_SAMPLE_PIXELS, CONTRAST_SAMPLE_SHARE, CONTRAST_SHARE,
    EQUALISE_SLOPES, MASK_VOTE,
};
use super::plane::{Plane, Point, coordinate};
use super::relief::Relief;
use super::vote::grown;
use crate::raster::Grey;

const SHADES: usize = 256;
type Shades = [u32; SHADES];

/// How often each shade occurs in each block.
pub struct Histograms {
    width: usize,
    blocks: Vec<Shades>,
}

impl Histograms {
    /// Counts the shades of a print.
    pub fn count(print: &Grey, blocks: &Blocks) -> Self {
        let mut counts = vec![[0; SHADES]; blocks.width() * blocks.height()];
        for (rows, counts) in blocks.rows().zip(counts.chunks_mut(blocks.width())) {
            for y in rows {
                let row = row(print, y);
                for (columns, counts) in blocks.columns().zip(counts.iter_mut()) {
                    for grey in row.get(columns).unwrap_or_default() {
                        if let Some(count) = counts.get_mut(usize::from(255 - grey)) {
                            *count += 1;
                        }
                    }
                }
            }
        }
        Self { width: blocks.width(), blocks: counts }
    }

    /// Contrast of each block, 0 to 1: from the shade that few pixels are brighter than to the one that few are darker
    /// than.
    fn contrasts(&self) -> Vec<f64> {
        let contrast = |shades: &Shades| {
            let limit = clip(shades.iter().sum());
            let beyond = |sum: &mut u32, count: &u32| {
                *sum += *count;
                Some(*sum > limit)
            };
            let bright = shades.iter().scan(0, beyond).position(|found| found).unwrap_or(SHADES - 1);
            let dark = shades.iter().rev().scan(0, beyond).position(|found| found).unwrap_or(SHADES - 1);
            f64::from(coordinate(SHADES - 1 - dark) - coordinate(bright)) * (1.0 / 255.0)
        };
        self.blocks.iter().map(contrast).collect()
    }

    /// Shades of the four blocks around a corner of blocks.
    fn around(&self, column: usize, row: usize) -> Shades {
        let mut sum = [0; SHADES];
        for (x, y) in [(column, row), (column.wrapping_sub(1), row)].into_iter().flat_map(|(x, y)| {
            [(x, y), (x, y.wrapping_sub(1))] // outside there are no blocks and the place is refused below
        }) {
            if x < self.width
                && let Some(block) = y.checked_mul(self.width).and_then(|start| self.blocks.get(start.checked_add(x)?))
            {
                sum.iter_mut().zip(block).for_each(|(sum, count)| *sum += count);
            }
        }
        sum
    }
}

impl Drop for Histograms {
    fn drop(&mut self) {
        self.blocks.zeroize();
    }
}

fn row(print: &Grey, y: usize) -> &[u8] {
    print.row(u32::try_from(y).unwrap_or(u32::MAX))
}

fn clip(pixels: u32) -> u32 {
    u32::try_from(super::angle::nearest(f64::from(pixels) * CONTRAST_CLIP)).unwrap_or(0)
}

/// Blocks that hold print, as 1.
pub fn mask(histograms: &Histograms, blocks: &Blocks) -> Plane<u8> {
    let contrasts = histograms.contrasts();
    let limit = contrast_limit(&contrasts, blocks);
    let mut mask = Plane::new(blocks.width(), blocks.height());
    for (cell, contrast) in mask.cells_mut().iter_mut().zip(&contrasts) {
        *cell = u8::from(*contrast < CONTRAST_FLOOR || *contrast < limit);
    }
    // background grows once, print twice, then holes close
    let mut mask = grown(&mask, &BLOCK_VOTE);
    mask.cells_mut().iter_mut().for_each(|cell| *cell = 1 - *cell);
    let mask = grown(&mask, &BLOCK_VOTE);
    let mask = grown(&mask, &BLOCK_VOTE);
    grown(&mask, &MASK_VOTE)
}

/// A share of the mean contrast of the better blocks.
#[allow(clippy::cast_precision_loss, reason = "blocks of an image are few")]
fn contrast_limit(contrasts: &[f64], blocks: &Blocks) -> f64 {
    let mut best = contrasts.to_vec();
    best.sort_by(|one, other| other.total_cmp(one));
    let pixels = (blocks.pixel_width() * blocks.pixel_height() / best.len().max(1)).max(1);
    let sample = best.len().min(CONTRAST_SAMPLE_PIXELS / pixels);
    let counted = usize::try_from(super::angle::nearest(sample as f64 * CONTRAST_SAMPLE_SHARE)).unwrap_or(0).max(1);
    let sum: f64 = best.iter().take(counted).sum();
    sum / counted as f64 * CONTRAST_SHARE
}

/// Curve from shades to -1 .. 1.
type Curve = [f64; SHADES];

/// Bounds that keep any curve between the two slopes.
struct Bounds {
    low: Curve,
    high: Curve,
}

impl Bounds {
    fn new() -> Self {
        let (flat, steep) = (2.0 / 256.0 * EQUALISE_SLOPES.0, 2.0 / 256.0 * EQUALISE_SLOPES.1);
        let number = |shade: usize| f64::from(coordinate(shade));
        Self {
            low: core::array::from_fn(|shade| (number(shade) * flat - 1.0).max(1.0 - number(255 - shade) * steep)),
            high: core::array::from_fn(|shade| (number(shade) * steep - 1.0).min(1.0 - number(255 - shade) * flat)),
        }
    }

    fn curve(&self, shades: &Shades) -> Curve {
        let step = 2.0 / f64::from(shades.iter().sum::<u32>());
        let mut top = -1.0;
        let mut curve = [0.0; SHADES];
        let rows = curve.iter_mut().zip(shades).zip(self.low.iter().zip(&self.high));
        for (shade, ((value, count), (low, high))) in rows.enumerate() {
            let band = f64::from(*count) * step;
            let even = top + f64::from(coordinate(shade)) / 255.0 * band;
            top += band;
            *value = if even < *low { *low } else { even };
            *value = if *value > *high { *high } else { *value };
        }
        curve
    }
}

/// The print with even shades, -1 to 1, and -1 where there is none. Between the corners of blocks curves are blended.
pub fn equalised(print: &Grey, histograms: &Histograms, mask: &Plane<u8>, blocks: &Blocks) -> Relief {
    let bounds = Bounds::new();
    let corners = |row: usize| -> Vec<Curve> {
        let near = |column: usize| {
            let (x, y) = (coordinate(column), coordinate(row));
            [(x, y), (x - 1, y), (x, y - 1), (x - 1, y - 1)].iter().any(|(x, y)| mask.at(Point::new(*x, *y)) == 1)
        };
        let curve = |column: usize| {
            if near(column) { bounds.curve(&histograms.around(column, row)) } else { [0.0; SHADES] }
        };
        (0..=blocks.width()).map(curve).collect()
    };
    let mut result = Relief::new(blocks.pixel_width(), blocks.pixel_height());
    let mut upper = corners(0);
    for (number, rows) in blocks.rows().enumerate() {
        let lower = corners(number + 1);
        for y in rows.clone() {
            let down = middle(y, &rows);
            let (from, to) = (row(print, y), result.row_mut(y));
            to.fill(-1.0);
            let curves = upper.array_windows().zip(lower.array_windows()).zip(mask.row(number));
            for (columns, ((above, below), print)) in blocks.columns().zip(curves) {
                if *print == 1 {
                    blend(from, to, &columns, [above, below], down);
                }
            }
        }
        upper = lower;
    }
    result
}

/// One row of one block.
fn blend(from: &[u8], to: &mut [f64], columns: &core::ops::Range<usize>, curves: [&[Curve; 2]; 2], down: f64) {
    let [[top_left, top_right], [bottom_left, bottom_right]] = curves;
    let (from, to) = (from.get(columns.clone()).unwrap_or_default(), to.get_mut(columns.clone()).unwrap_or_default());
    let blend = |start: f64, end: f64, part: f64| start + part * (end - start);
    for ((x, grey), value) in columns.clone().zip(from).zip(to) {
        let shade = usize::from(255 - grey);
        let at = |curve: &Curve| curve.get(shade).copied().unwrap_or_default();
        let left = blend(at(top_left), at(bottom_left), down);
        let right = blend(at(top_right), at(bottom_right), down);
        *value = blend(left, right, middle(x, columns));
    }
}

/// Where the middle of a pixel lies between the rims of its block, 0 to 1.
fn middle(pixel: usize, block: &core::ops::Range<usize>) -> f64 {
    (f64::from(coordinate(pixel - block.start)) + 0.5) / f64::from(coordinate(block.len()))
}
