//! All edges of a probe, to be looked up by their angles and lengths.
//!
//! Each edge stands in one bin. Bins are a little wider than the errors that are allowed, and so what fits an edge lies in
//! its own bin or one beside it: three ranges to look through, since bins of one angle follow each other by length.

use super::edges::{Edge, Polar};
use crate::afis::angle;
use crate::afis::parameters::{ANGLE_ERROR, LENGTH_ERROR};
use crate::afis::template::Minutia;

/// Bins of the near angle: 11.25 degrees each.
const ANGLES: usize = 32;
/// Pixels of a bin of lengths, as a power of two.
const LENGTH_BITS: u32 = 4;

/// An edge and its ends.
#[derive(Clone, Copy, Default)]
struct Entry {
    edge: Edge,
    from: u8,
    to: u8,
}

/// Edges by near angle and length.
pub struct Index {
    entries: Vec<Entry>,
    /// First entry of each bin, and the end of the last one.
    starts: Vec<u32>,
    lengths: usize,
}

impl Index {
    /// Every edge between two minutiae, both ways.
    pub fn new(minutiae: &[Minutia]) -> Self {
        let polar = Polar::get();
        let numbered = || (0..=u8::MAX).zip(minutiae);
        let ways = numbered().flat_map(|one| numbered().map(move |other| (one, other)));
        let apart = ways.filter(|((from, _), (to, _))| from != to);
        let all: Vec<Entry> = apart.map(|((from, a), (to, b))| Entry { edge: polar.edge(a, b), from, to }).collect();
        let longest = all.iter().map(|entry| length_bin(entry.edge.length)).max().unwrap_or(0);
        let lengths = longest + 1;
        let bin = |entry: &Entry| angle_bin(entry.edge.near) * lengths + length_bin(entry.edge.length);
        // counts, then starts, then every entry to its place in the order it came
        let mut starts = vec![0u32; ANGLES * lengths + 1];
        for entry in &all {
            if let Some(count) = starts.get_mut(bin(entry) + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let mut entries = vec![Entry::default(); all.len()];
        for entry in &all {
            if let Some(place) = next.get_mut(bin(entry)) {
                if let Some(slot) = entries.get_mut(*place as usize) {
                    *slot = *entry;
                }
                *place += 1;
            }
        }
        Self { entries, starts, lengths }
    }

    /// Ends of the edges that are one with this edge within the errors allowed, `from << 8 | to`, in ascending order.
    pub fn find(&self, edge: &Edge, found: &mut Vec<u16>) {
        found.clear();
        let middle = length_bin(edge.length);
        let (first, end) = (middle.saturating_sub(1), (middle + 2).min(self.lengths));
        if first >= end {
            return;
        }
        for turn in [ANGLES - 1, 0, 1] {
            let row = (angle_bin(edge.near) + turn) % ANGLES * self.lengths;
            let start = |bin: usize| self.starts.get(row + bin).map_or(0, |start| *start as usize);
            for entry in self.entries.get(start(first)..start(end)).unwrap_or_default() {
                if alike(&entry.edge, edge) {
                    found.push(u16::from(entry.from) << 8 | u16::from(entry.to));
                }
            }
        }
        found.sort_unstable();
    }
}

/// Whether two edges are one within the errors allowed.
pub fn alike(one: &Edge, other: &Edge) -> bool {
    (one.length - other.length).abs() <= LENGTH_ERROR && near(one.near, other.near) && near(one.far, other.far)
}

fn near(one: f32, other: f32) -> bool {
    let difference = angle::from_to(one, other);
    difference <= ANGLE_ERROR || difference >= angle::mirrored(ANGLE_ERROR)
}

fn length_bin(length: i32) -> usize {
    usize::try_from(length >> LENGTH_BITS).unwrap_or(0)
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "angles lie between 0 and a turn"
)]
fn angle_bin(angle: f32) -> usize {
    (angle * (ANGLES as f32 / angle::TURN)) as usize % ANGLES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edge_that_is_alike_is_found() {
        let number = |step: u16, factor: u16| step.wrapping_mul(factor) % 311;
        let minutiae: Vec<Minutia> = (0..60)
            .map(|step| Minutia {
                x: number(step, 97),
                y: number(step, 203),
                direction: f32::from(number(step, 149)) / 50.0,
                ..Minutia::default()
            })
            .collect();
        let (index, polar) = (Index::new(&minutiae), Polar::get());
        let (mut found, mut hits) = (Vec::new(), 0);
        for (one, other) in [(0, 1), (5, 40), (12, 3), (59, 58), (20, 33), (33, 20)] {
            let mut edge = polar.edge(&minutiae[one], &minutiae[other]);
            edge.near = angle::from_to(edge.near, 0.15);
            edge.length += 13;
            index.find(&edge, &mut found);
            let all = (0..60u8).flat_map(|from| (0..60u8).map(move |to| (from, to))).filter(|(from, to)| from != to);
            let alike = all.filter(|(from, to)| {
                alike(&polar.edge(&minutiae[usize::from(*from)], &minutiae[usize::from(*to)]), &edge)
            });
            let expected: Vec<u16> = alike.map(|(from, to)| u16::from(from) << 8 | u16::from(to)).collect();
            assert_eq!(found, expected);
            hits += found.len();
        }
        assert!(hits >= 6, "{hits}");
    }
}
