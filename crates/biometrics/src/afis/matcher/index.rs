//! All edges of a probe, to be looked up by their angles and lengths.
//!
//! Each edge stands in one bin. Bins are a little wider than the errors that are allowed, and so what fits an edge
//! lies in its own bin or one beside it: three ranges to look through, since bins of one angle follow each other by
//! length.

use super::edges::{Coarse, Edge, Polar, alike};
use crate::afis::angle;
use crate::afis::template::Minutia;

/// Bins of the near angle: 11.25 degrees each.
const ANGLES: usize = 32;
/// Pixels of a bin of lengths, as a power of two.
const LENGTH_BITS: u32 = 4;

/// An edge and its ends.
#[derive(Clone, Copy, Default)]
struct Entry {
    coarse: Coarse,
    from: u8,
    to: u8,
}

/// Edges by near angle and length.
pub struct Index {
    entries: Vec<Entry>,
    /// The same edges, exactly.
    edges: Vec<Edge>,
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
        let all: Vec<(Edge, u8, u8)> = apart.map(|((from, a), (to, b))| (polar.edge(a, b), from, to)).collect();
        let lengths = all.iter().map(|(edge, ..)| length_bin(edge.length)).max().unwrap_or(0) + 1;
        let bin = |edge: &Edge| angle_bin(edge.near) * lengths + length_bin(edge.length);
        // counts, then starts, then every entry to its place in the order it came
        let mut starts = vec![0u32; ANGLES * lengths + 1];
        for (edge, ..) in &all {
            if let Some(count) = starts.get_mut(bin(edge) + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let (mut entries, mut edges) = (vec![Entry::default(); all.len()], vec![Edge::default(); all.len()]);
        for (edge, from, to) in all {
            let Some(place) = next.get_mut(bin(&edge)) else { continue };
            let slots = entries.get_mut(*place as usize).zip(edges.get_mut(*place as usize));
            *place += 1;
            if let Some(slots) = slots {
                (*slots.0, *slots.1) = (Entry { coarse: Coarse::new(&edge), from, to }, edge);
            }
        }
        Self { entries, edges, starts, lengths }
    }

    /// Ends of the edges that are one with this edge within the errors allowed, `from << 8 | to`, in ascending order.
    pub fn find(&self, edge: &Edge, found: &mut Vec<u16>) {
        found.clear();
        let middle = length_bin(edge.length);
        let (first, end) = (middle.saturating_sub(1), (middle + 2).min(self.lengths));
        if first >= end {
            return;
        }
        let coarse = Coarse::new(edge);
        for turn in [ANGLES - 1, 0, 1] {
            let row = (angle_bin(edge.near) + turn) % ANGLES * self.lengths;
            let start = |bin: usize| self.starts.get(row + bin).map_or(0, |start| *start as usize);
            let range = start(first)..start(end);
            for (entry, exact) in self.entries.get(range.clone()).unwrap_or_default().iter().zip(range) {
                if entry.coarse.may_be(coarse) && self.edges.get(exact).is_some_and(|exact| alike(exact, edge)) {
                    found.push(u16::from(entry.from) << 8 | u16::from(entry.to));
                }
            }
        }
        found.sort_unstable();
    }
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
