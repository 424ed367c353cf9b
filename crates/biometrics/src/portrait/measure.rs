//! Figures of light, sharpness and background: integers as long as anything is decided by them.

use super::{Eyes, luma};
use crate::raster::Rgb;

/// Numbers of samples with each of the 256 values.
pub(super) struct Histogram {
    counts: [u32; 256],
    total: u32,
}

impl Histogram {
    /// Of any samples, at most 2^32.
    pub(super) fn new(samples: impl Iterator<Item = u8>) -> Self {
        let (mut counts, mut total) = ([0u32; 256], 0u32);
        for sample in samples {
            if let Some(count) = counts.get_mut(usize::from(sample)) {
                *count = count.saturating_add(1);
                total = total.saturating_add(1);
            }
        }
        Self { counts, total }
    }

    /// Whether there is anything to measure.
    pub(super) const fn is_empty(&self) -> bool {
        self.total == 0
    }

    fn values(&self) -> impl Iterator<Item = (u64, u64)> {
        (0u64..).zip(self.counts.iter().map(|count| u64::from(*count)))
    }

    /// Mean, rounded down.
    pub(super) fn mean(&self) -> u64 {
        self.values().map(|(value, count)| value * count).sum::<u64>() / u64::from(self.total.max(1))
    }

    /// Standard deviation, rounded down.
    pub(super) fn deviation(&self) -> u64 {
        let mean = self.mean();
        let square: u64 = self.values().map(|(value, count)| value.abs_diff(mean).pow(2) * count).sum();
        (square / u64::from(self.total.max(1))).isqrt()
    }

    /// Share of the samples in a range of values, in thousandths.
    pub(super) fn share_milli(&self, values: core::ops::RangeInclusive<u64>) -> u64 {
        let inside: u64 = self.values().filter(|(value, _)| values.contains(value)).map(|(_, count)| count).sum();
        inside * 1000 / u64::from(self.total.max(1))
    }

    /// The value below which so many thousandths of the samples lie.
    pub(super) fn quantile(&self, milli: u64) -> u64 {
        let wanted = u64::from(self.total) * milli / 1000;
        let mut sum = 0;
        let reached = self.values().find(|(_, count)| {
            sum += count;
            sum > wanted
        });
        reached.map_or(255, |(value, _)| value)
    }
}

/// Part of the face that the eyes place: an ellipse from the brows to the chin, which hair and clothes leave alone.
pub(super) struct Oval {
    x: f64,
    y: f64,
    half_width: f64,
    half_height: f64,
}

impl Oval {
    /// By the eyes: 0.9 of their distance to each side, from 0.35 above them to 1.25 below.
    pub(super) fn new(eyes: &Eyes) -> Self {
        let (middle, distance) = (eyes.middle(), eyes.distance());
        Self { x: middle.x, y: middle.y + 0.45 * distance, half_width: 0.9 * distance, half_height: 0.8 * distance }
    }

    fn holds(&self, x: u32, y: u32) -> bool {
        let (across, down) =
            ((f64::from(x) + 0.5 - self.x) / self.half_width, (f64::from(y) + 0.5 - self.y) / self.half_height);
        across * across + down * down <= 1.0
    }

    /// Pixels inside, with whether each lies in the left half of the picture's face.
    pub(super) fn pixels<'a>(&'a self, pixels: &'a Rgb) -> impl Iterator<Item = (&'a [u8], bool)> + 'a {
        (0..pixels.height()).flat_map(move |y| {
            let row = pixels.row(y).chunks_exact(3).zip(0u32..);
            row.filter(move |(_, x)| self.holds(*x, y)).map(|(pixel, x)| (pixel, f64::from(x) + 0.5 < self.x))
        })
    }
}

/// Mean square of the Laplacian of luma over a picture: how much of it is edges of one pixel.
pub(super) fn sharpness(pixels: &Rgb, oval: &Oval) -> u64 {
    let plane = super::luma_plane(pixels);
    let columns = pixels.width() as usize;
    let rows: Vec<&[u8]> = plane.chunks_exact(columns).collect();
    let (mut total, mut count) = (0u64, 0u64);
    for (lines, y) in rows.windows(3).zip(1u32..) {
        let [above, line, below] = lines else { continue };
        let upright = above.iter().skip(1).zip(below.iter().skip(1));
        for ((trio, (up, down)), x) in line.windows(3).zip(upright).zip(1u32..) {
            if !oval.holds(x, y) {
                continue;
            }
            let [left, middle, right] = trio else { continue };
            let around = i32::from(*left) + i32::from(*right) + i32::from(*up) + i32::from(*down);
            total += u64::from((around - 4 * i32::from(*middle)).unsigned_abs().pow(2));
            count += 1;
        }
    }
    total / count.max(1)
}

/// Luma of what lies behind the head: strips of a sixteenth of the width at both sides, and one of a twentieth of the
/// height at the top, down to a quarter of the height, below which hair may reach the sides.
pub(super) struct Background {
    /// All of it.
    pub(super) all: Histogram,
    /// Left strip.
    pub(super) left: Histogram,
    /// Right strip.
    pub(super) right: Histogram,
}

impl Background {
    pub(super) fn new(pixels: &Rgb) -> Self {
        let (width, height) = (pixels.width(), pixels.height());
        let (side, top, bottom) = (width / 16, height / 20, height / 4);
        let strip = move |from: u32, to: u32, rows: core::ops::Range<u32>| {
            rows.flat_map(move |y| {
                let row = pixels.row(y).chunks_exact(3).skip(from as usize).take((to - from) as usize);
                row.map(luma)
            })
        };
        let left = || strip(0, side, 0..bottom);
        let right = || strip(width - side, width, 0..bottom);
        Self {
            all: Histogram::new(left().chain(right()).chain(strip(side, width - side, 0..top))),
            left: Histogram::new(left()),
            right: Histogram::new(right()),
        }
    }
}

/// Steps across the borders of blocks of 8 pixels against steps elsewhere, in hundredths: 100 where there are no
/// blocks.
pub(super) fn blocks_percent(pixels: &Rgb) -> u64 {
    let (mut at_border, mut borders, mut inside, mut others) = (0u64, 0u64, 0u64, 0u64);
    for y in 0..pixels.height() {
        let row: Vec<u8> = pixels.row(y).chunks_exact(3).map(luma).collect();
        for (pair, x) in row.windows(2).zip(1u64..) {
            let [left, right] = pair else { continue };
            let step = u64::from(left.abs_diff(*right));
            if x % 8 == 0 {
                (at_border, borders) = (at_border + step, borders + 1);
            } else {
                (inside, others) = (inside + step, others + 1);
            }
        }
    }
    // A picture without any steps has no blocks either.
    let usual = (inside * 100 / others.max(1)).max(1);
    if inside == 0 { 100 } else { at_border * 100 / borders.max(1) * 100 / usual }
}

/// Means of the two colour differences of ITU-R BT.601, each around 0, in grey levels.
pub(super) fn tint<'a>(pixels: impl Iterator<Item = &'a [u8]>) -> (i64, i64) {
    let (mut blue, mut red, mut count) = (0i64, 0i64, 0i64);
    for pixel in pixels {
        let [r, g, b] = pixel else { continue };
        let (r, g, b) = (i64::from(*r), i64::from(*g), i64::from(*b));
        blue += 512 * b - 173 * r - 339 * g;
        red += 512 * r - 429 * g - 83 * b;
        count += 1024;
    }
    (blue / count.max(1), red / count.max(1))
}
