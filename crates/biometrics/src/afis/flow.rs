//! Direction of ridges in each block, and smoothing along and across it.
//!
//! Each pixel is compared with pairs of pixels on opposite sides; where it stands out from both, it votes for a ridge
//! across the pair. Directions are doubled while they are summed, since a ridge has no front.

use core::f64::consts::{PI, TAU};
use core::ops::Range;

use super::angle;
use super::blocks::Blocks;
use super::parameters::{ACROSS, ALONG, FLOW_RADII, FLOW_ROWS, FLOW_SAMPLES, Line};
use super::plane::{NEIGHBOURS, Plane, Point, coordinate};
use super::relief::{Relief, SPAN};

/// One comparison: the pixels on both sides, and the doubled direction of the ridge that it speaks for.
#[derive(Clone, Copy)]
struct Comparison {
    reach: Point,
    vote: (f64, f64),
}

/// Comparisons of every row, spread by a generator of fixed numbers.
fn comparisons() -> Vec<Vec<Comparison>> {
    let mut numbers = Spread::new();
    let mut rows = Vec::with_capacity(FLOW_ROWS);
    for _ in 0..FLOW_ROWS {
        let mut row: Vec<Comparison> = Vec::with_capacity(FLOW_SAMPLES);
        while row.len() < FLOW_SAMPLES {
            let (sine, cosine) = angle::sine_cosine(numbers.next() * PI);
            // from two to six pixels: the ratio is three
            let distance = angle::power_of_three(numbers.next()) * FLOW_RADII.0;
            let reach = Point::new(angle::nearest(cosine * distance), angle::nearest(sine * distance));
            if reach != Point::default() && reach.y >= 0 && row.iter().all(|other| other.reach != reach) {
                row.push(Comparison { reach, vote: across_doubled(reach) });
            }
        }
        rows.push(row);
    }
    rows
}

/// Doubled direction of a ridge that lies across a vector.
fn across_doubled(reach: Point) -> (f64, f64) {
    let (x, y) = (f64::from(reach.x), f64::from(reach.y));
    let square = x * x + y * y;
    ((y * y - x * x) / square, -2.0 * x * y / square)
}

/// Numbers from 0 to 1 out of powers of a prime.
struct Spread(i64);

impl Spread {
    const PRIME: i32 = 1_610_612_741;

    fn new() -> Self {
        Self(i64::from(Self::PRIME.wrapping_mul(Self::PRIME).wrapping_mul(Self::PRIME)))
    }

    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(i64::from(Self::PRIME));
        let low = i32::try_from(self.0 & 0x3FFF_FFFF).unwrap_or(0);
        (f64::from(low) + 0.5) / 1_073_741_824.0
    }
}

/// What is known of the ridges of a block.
#[derive(Clone, Copy, Default)]
pub struct Flow {
    /// Doubled direction of ridges, 0 to below a turn.
    pub doubled: f64,
    /// How far the pixels of the block and its neighbours agree on it, 0 to 1.
    pub agreement: f64,
}

impl zeroize::DefaultIsZeroes for Flow {}

/// Sums of votes and of their lengths.
#[derive(Clone, Copy, Default)]
struct Votes {
    x: f64,
    y: f64,
    length: f64,
}

impl zeroize::DefaultIsZeroes for Votes {}

impl Votes {
    fn add(&mut self, other: Self) {
        self.x += other.x;
        self.y += other.y;
        self.length += other.length;
    }
}

/// Flow of every block of print.
pub fn flows(print: &Relief, mask: &Plane<u8>, blocks: &Blocks) -> Plane<Flow> {
    let votes = votes(print, mask, blocks);
    let mut flows = Plane::new(mask.width(), mask.height());
    for at in mask.places().filter(|at| mask.at(*at) == 1) {
        let mut sum = Votes::default();
        // row by row, the block itself in its turn: sums depend on their order
        let (before, after) = NEIGHBOURS.split_at(4);
        for near in before.iter().chain(&[Point::default()]).chain(after).map(|by| at.plus(*by)) {
            sum.add(votes.at(near));
        }
        let strength = (sum.x * sum.x + sum.y * sum.y).sqrt();
        let agreement = if sum.length > 0.0 { strength / sum.length } else { 0.0 };
        flows.set(at, Flow { doubled: angle::direction(sum.x, sum.y), agreement });
    }
    flows
}

/// Votes of every block of print; other blocks have none.
fn votes(print: &Relief, mask: &Plane<u8>, blocks: &Blocks) -> Plane<Votes> {
    let comparisons = comparisons();
    let mut votes = Plane::new(mask.width(), mask.height());
    let columns: Vec<Range<usize>> = blocks.columns().collect();
    let mut sums = RowSums::new(print.width());
    for (number, rows) in blocks.rows().enumerate() {
        let masked = || columns.iter().zip(mask.row(number)).filter(|(_, cell)| **cell == 1);
        let (Some((first, _)), Some((last, _))) = (masked().next(), masked().next_back()) else { continue };
        for y in rows {
            sums.clear();
            for comparison in comparisons.get(y % FLOW_ROWS).into_iter().flatten() {
                sums.add(print, y, first.start..last.end, comparison);
            }
            for ((columns, cell), sum) in columns.iter().zip(mask.row(number)).zip(votes.row_mut(number)) {
                if *cell == 1 {
                    sums.collect(columns, sum);
                }
            }
        }
    }
    votes
}

/// Votes of the pixels of one row.
struct RowSums {
    x: Vec<f64>,
    y: Vec<f64>,
}

impl RowSums {
    fn new(width: usize) -> Self {
        Self { x: vec![0.0; width], y: vec![0.0; width] }
    }

    fn clear(&mut self) {
        self.x.fill(0.0);
        self.y.fill(0.0);
    }

    /// One comparison of every pixel between two columns, as far as its pair lies in the image.
    fn add(&mut self, print: &Relief, y: usize, range: Range<usize>, comparison: &Comparison) {
        let (dx, dy) = (comparison.reach.x, comparison.reach.y.unsigned_abs() as usize);
        let wide = dx.unsigned_abs() as usize;
        let reach = wide.max(dy);
        if y < reach || y + reach >= print.height() {
            return;
        }
        let (start, end) = (range.start.max(reach), range.end.min(print.width().saturating_sub(reach)));
        if start >= end {
            return;
        }
        let length = end - start;
        let (left, right) = (start - wide, start + wide);
        let (before, after) = if dx < 0 { (right, left) } else { (left, right) };
        let cut = |row: usize, from: usize| print.row(row).get(from..from + length).unwrap_or_default();
        let pixels = cut(y, start).iter().zip(cut(y - dy, before)).zip(cut(y + dy, after));
        let sums_x = self.x.get_mut(start..end).unwrap_or_default().iter_mut();
        let sums = sums_x.zip(self.y.get_mut(start..end).unwrap_or_default());
        let (x, y) = comparison.vote;
        for (((at, before), after), (sum_x, sum_y)) in pixels.zip(sums) {
            let higher = if before > after { before } else { after };
            let strength = at - higher;
            let strength = if strength > 0.0 { strength } else { 0.0 };
            *sum_x += x * strength;
            *sum_y += y * strength;
        }
    }

    fn collect(&self, columns: &Range<usize>, sum: &mut Votes) {
        let (x, y) = (self.x.get(columns.clone()), self.y.get(columns.clone()));
        for (x, y) in x.unwrap_or_default().iter().zip(y.unwrap_or_default()) {
            sum.add(Votes { x: *x, y: *y, length: (x * x + y * y).sqrt() });
        }
    }
}

/// Smoothing by lines of samples that follow the flow.
pub struct Smoother {
    lines: Vec<Vec<Point>>,
    /// Added to doubled directions.
    turn: f64,
}

impl Smoother {
    /// Along ridges.
    pub fn along() -> Self {
        Self { lines: lines(&ALONG), turn: 0.0 }
    }

    /// Across ridges.
    pub fn across() -> Self {
        Self { lines: lines(&ACROSS), turn: PI }
    }

    /// Means of the samples around the pixels of one row of a block, from its first column on. What lies outside the
    /// image counts as 0; means beyond the block mean nothing.
    pub fn means(&self, print: &Relief, flow: Flow, y: usize, column: usize) -> [f64; SPAN] {
        let line = angle::slice(angle::further(flow.doubled, self.turn), self.lines.len());
        let line = self.lines.get(line).map(Vec::as_slice).unwrap_or_default();
        let origin = print.origin(column, y);
        let mut sums = [0.0; SPAN];
        for by in line {
            let samples = print.span(origin.saturating_add_signed(print.way(*by) as isize));
            sums.iter_mut().zip(samples).for_each(|(sum, sample)| *sum += sample);
        }
        let share = 1.0 / f64::from(coordinate(line.len()));
        sums.map(|sum| sum * share)
    }
}

/// Samples of the line of each direction: the pixel itself, then pairs from far to near.
fn lines(line: &Line) -> Vec<Vec<Point>> {
    let slice = TAU / 2.0 / f64::from(coordinate(line.directions));
    let direction = |number: usize| {
        let (sine, cosine) = angle::sine_cosine((f64::from(coordinate(number)) + 0.5) * slice);
        let mut samples = vec![Point::default()];
        let mut radius = line.radius;
        while radius >= 0.5 {
            let sample = Point::new(angle::nearest(cosine * radius), angle::nearest(sine * radius));
            if !samples.contains(&sample) {
                samples.extend([sample, Point::default().minus(sample)]);
            }
            radius /= line.step;
        }
        samples
    };
    (0..line.directions).map(direction).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_reach_two_to_six_pixels_to_all_sides() {
        let rows = comparisons();
        assert_eq!((rows.len(), rows.iter().map(Vec::len).sum::<usize>()), (50, 1000));
        let reaches: Vec<i32> = rows.iter().flatten().map(|comparison| comparison.reach.square()).collect();
        assert!(*reaches.iter().min().unwrap() >= 2 && *reaches.iter().max().unwrap() <= 41, "{reaches:?}");
        for comparison in rows.iter().flatten() {
            let doubled = angle::direction(comparison.vote.0, comparison.vote.1);
            let across = angle::between(doubled / 2.0, comparison.reach.direction());
            assert!((across - PI / 2.0).abs() < 1e-12, "{across}");
        }
    }

    #[test]
    fn a_grating_flows_along_its_ridges() {
        for (dx, dy) in [(1.0, 0.0), (0.6, 0.8), (0.0, 1.0), (-0.8, 0.6)] {
            let mut print = Relief::new(120, 120);
            for y in 0..120 {
                let height = |x: i32| ((f64::from(x) * dx + f64::from(coordinate(y)) * dy) * TAU / 9.0).cos();
                print.row_mut(y).iter_mut().zip(0..).for_each(|(cell, x)| *cell = height(x));
            }
            let blocks = Blocks::new(120, 120);
            let mut mask = Plane::new(blocks.width(), blocks.height());
            mask.cells_mut().fill(1);
            let flow = flows(&print, &mask, &blocks).at(Point::new(4, 4));
            let ridge = angle::direction(-dy, dx);
            let doubled = if ridge < PI { 2.0 * ridge } else { 2.0 * (ridge - PI) };
            assert!(angle::between(flow.doubled, doubled) < 0.2, "{} {doubled}", flow.doubled);
            assert!(flow.agreement > 0.7, "{}", flow.agreement);
        }
    }
}
