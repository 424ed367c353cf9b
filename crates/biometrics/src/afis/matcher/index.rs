//! All edges of a probe, to be looked up by their angles and lengths.
//!
//! Each edge stands in one bin. Bins are a little wider than the errors that are allowed, and so what fits an edge
//! lies in its own bin or one beside it: three ranges to look through, since bins of one angle follow each other by
//! length.

use super::edges::{Coarse, EMPTY, Edge, LANES, Polar, alike, ones};
use crate::afis::template::Minutia;

/// Bins of the near angle as a power of two: 11.25 degrees each.
const ANGLE_BITS: u32 = 5;
const ANGLES: usize = 1 << ANGLE_BITS;
/// Pixels of a bin of lengths, as a power of two.
const LENGTH_BITS: u32 = 4;

/// Edges by near angle and length.
pub struct Index {
    /// What is asked first of all edges, in columns that end with [`LANES`] empty places.
    lengths: Vec<i16>,
    near: Vec<i16>,
    far: Vec<i16>,
    /// The same edges, exactly, with their ends: `from << 8 | to`.
    edges: Vec<(Edge, u16)>,
    /// First edge of each bin, and the end of the last one.
    starts: Vec<u32>,
    length_bins: usize,
}

impl Index {
    /// Every edge between two minutiae, both ways.
    pub fn new(minutiae: &[Minutia]) -> Self {
        let polar = Polar::get();
        let numbered = || (0..=u8::MAX).zip(minutiae);
        let ways = numbered().flat_map(|one| numbered().map(move |other| (one, other)));
        let apart = ways.filter(|((from, _), (to, _))| from != to);
        let all = apart.map(|((from, a), (to, b))| {
            let edge = polar.edge(a, b);
            (edge, Coarse::new(&edge), u16::from(from) << 8 | u16::from(to))
        });
        let all: Vec<(Edge, Coarse, u16)> = all.collect();
        let length_bins = all.iter().map(|(edge, ..)| length_bin(edge.length)).max().unwrap_or(0) + 1;
        let bin = |edge: &Edge, coarse: Coarse| angle_bin(coarse) * length_bins + length_bin(edge.length);
        // counts, then starts, then every edge to its place in the order it came
        let mut starts = vec![0u32; ANGLES * length_bins + 1];
        for (edge, coarse, _) in &all {
            if let Some(count) = starts.get_mut(bin(edge, *coarse) + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let places = all.len() + LANES;
        let (mut lengths, mut near, mut far) = (vec![EMPTY; places], vec![0; places], vec![0; places]);
        let mut edges = vec![(Edge::default(), 0); all.len()];
        for (edge, coarse, ends) in all {
            let Some(place) = next.get_mut(bin(&edge, coarse)) else { continue };
            let at = *place as usize;
            *place += 1;
            let columns = lengths.get_mut(at).zip(near.get_mut(at)).zip(far.get_mut(at));
            if let Some((columns, exact)) = columns.zip(edges.get_mut(at)) {
                ((*columns.0.0, *columns.0.1), *columns.1) = ((coarse.length, coarse.near), coarse.far);
                *exact = (edge, ends);
            }
        }
        Self { lengths, near, far, edges, starts, length_bins }
    }

    /// Ends of the edges that are one with this edge within the errors allowed, `from << 8 | to`, in ascending order.
    pub fn find(&self, edge: &Edge, coarse: Coarse, found: &mut Vec<u16>) {
        found.clear();
        let middle = length_bin(edge.length);
        let (first, end) = (middle.saturating_sub(1), (middle + 2).min(self.length_bins));
        if first >= end {
            return;
        }
        for turn in [ANGLES - 1, 0, 1] {
            let row = (angle_bin(coarse) + turn) % ANGLES * self.length_bins;
            let start = |bin: usize| self.starts.get(row + bin).map_or(0, |start| *start as usize);
            let end = start(end);
            for at in (start(first)..end).step_by(LANES) {
                let Some(columns) = self.columns(at) else { break };
                // what follows the last bin belongs to others
                let mine = u16::MAX >> LANES.saturating_sub(end - at);
                for number in ones(coarse.hits(columns) & mine) {
                    let hit = self.edges.get(at + usize::from(number));
                    found.extend(hit.filter(|(exact, _)| alike(exact, edge)).map(|(_, ends)| *ends));
                }
            }
        }
        found.sort_unstable();
    }

    /// The columns from one place on.
    fn columns(&self, at: usize) -> Option<[&[i16; LANES]; 3]> {
        Some([
            self.lengths.get(at..)?.first_chunk()?,
            self.near.get(at..)?.first_chunk()?,
            self.far.get(at..)?.first_chunk()?,
        ])
    }
}

fn length_bin(length: i32) -> usize {
    usize::try_from(length >> LENGTH_BITS).unwrap_or(0)
}

fn angle_bin(coarse: Coarse) -> usize {
    usize::from(coarse.sector(ANGLE_BITS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::afis::angle;

    /// Every edge that is alike by trying all is found, once, in ascending order; how many there were.
    fn found_as_by_trying_all(minutiae: &[Minutia], wanted: &[(usize, usize)]) -> usize {
        let (index, polar) = (Index::new(minutiae), Polar::get());
        let numbered = || (0..=u8::MAX).zip(minutiae);
        let (mut found, mut hits) = (Vec::new(), 0);
        for (one, other) in wanted {
            let mut edge = polar.edge(&minutiae[*one], &minutiae[*other]);
            edge.near = angle::from_to(edge.near, 0.15);
            edge.length += 13;
            index.find(&edge, Coarse::new(&edge), &mut found);
            let all = numbered().flat_map(|one| numbered().map(move |other| (one, other)));
            let alike = all.filter(|((from, a), (to, b))| from != to && alike(&polar.edge(a, b), &edge));
            let expected: Vec<u16> = alike.map(|((from, _), (to, _))| u16::from(from) << 8 | u16::from(to)).collect();
            assert_eq!(found, expected);
            hits += found.len();
        }
        hits
    }

    #[test]
    fn every_edge_that_is_alike_is_found() {
        let number = |step: u16, factor: u16, end: u16| step.wrapping_mul(factor) % 311 % end;
        let spread = |end: u16| -> Vec<Minutia> {
            let minutia = |step| Minutia {
                x: number(step, 97, end),
                y: number(step, 203, end),
                direction: f32::from(number(step, 149, 311)) / 50.0,
                ..Minutia::default()
            };
            (0..60).map(minutia).collect()
        };
        let hits = found_as_by_trying_all(&spread(311), &[(0, 1), (5, 40), (12, 3), (59, 58), (20, 33), (33, 20)]);
        assert!(hits >= 6, "{hits}");
        // all of them short: rows of bins end soon, and what follows is the next row
        let all: Vec<(usize, usize)> = (0..60).map(|one| (one, (one + 7) % 60)).collect();
        let hits = found_as_by_trying_all(&spread(13), &all);
        assert!(hits >= 300, "{hits}");
    }
}
