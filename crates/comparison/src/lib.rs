//! Comparison of two sets of finger minutiae as a card does it: integers alone, no heap, and a number of steps that is
//! known beforehand (ISO/IEC 24787, ISO/IEC 19794-2 compact form).
//!
//! A minutia has three octets: x and y in tenths of a millimetre, type in two bits and angle in six (5.625 degrees).
//!
//! 1. Each minutia is described by its edges to the nearest others: length, and direction against the angles at both
//!    ends, so that neither place nor rotation counts ([`edges`]).
//! 2. Pairs of minutiae whose edges agree best propose how the probe lies on the reference ([`candidates`]).
//! 3. Each proposal is tried on all minutiae: how many meet one of the reference, how closely, and how many should have
//!    ([`alignment`]). The best one is the score.
//!
//! What is not here: images, extraction, and protection against those who watch how long a comparison takes.

#![no_std]

mod alignment;
mod candidates;
mod edges;
mod geometry;

use alignment::Fit;
use candidates::Candidates;
use edges::Edges;
use geometry::Point;

/// Octets of a minutia.
pub const MINUTIA_OCTETS: usize = 3;
/// Most minutiae of a set; those behind are left out.
pub const MINUTIAE_MAX: usize = 64;
/// Least score of two impressions of one finger. `docs/decisions/0025` has the rates that were measured.
pub const THRESHOLD: u16 = 240;
/// No comparison takes more steps: each is one edge against another, or one minutia against another.
pub const STEPS_MAX: usize = {
    let all = MINUTIAE_MAX * MINUTIAE_MAX;
    let edges = 2 * all;
    let pairs = all * edges::NEAREST * edges::NEAREST;
    edges + pairs + candidates::BEST * all
};

/// A minutia in the compact form.
pub type Minutia = [u8; MINUTIA_OCTETS];

/// What a comparison found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// 0 to 1000; [`THRESHOLD`] and above: one finger.
    pub score: u16,
    /// Minutiae that met.
    pub matched: u8,
    /// Steps that it took, at most [`STEPS_MAX`].
    pub steps: usize,
}

impl Outcome {
    /// Whether both sets are of one finger.
    pub const fn is_match(self) -> bool {
        self.score >= THRESHOLD
    }
}

/// Compares a probe with a reference.
pub fn compare(reference: &[Minutia], probe: &[Minutia]) -> Outcome {
    let (reference, probe) = (Set::new(reference), Set::new(probe));
    let mut steps = reference.steps() + probe.steps();
    let mut candidates = Candidates::default();
    for (own, own_edges) in reference.all() {
        for (other, other_edges) in probe.all() {
            candidates.propose((own, own_edges), (other, other_edges), &mut steps);
        }
    }
    let mut best = Fit::default();
    for candidate in candidates.best() {
        let fit = alignment::fit(candidate, reference.points(), probe.points(), &mut steps);
        if fit.score() > best.score() {
            best = fit;
        }
    }
    Outcome { score: best.score(), matched: best.matched(), steps }
}

/// Minutiae with their edges.
struct Set {
    points: [Point; MINUTIAE_MAX],
    edges: [Edges; MINUTIAE_MAX],
    count: usize,
}

impl Set {
    fn new(minutiae: &[Minutia]) -> Self {
        let mut points = [Point::default(); MINUTIAE_MAX];
        for (point, minutia) in points.iter_mut().zip(minutiae) {
            *point = Point::of(*minutia);
        }
        let count = minutiae.len().min(MINUTIAE_MAX);
        let mut set = Self { points, edges: [Edges::default(); MINUTIAE_MAX], count };
        let points = points.get(..count).unwrap_or_default();
        for (edges, point) in set.edges.iter_mut().zip(points) {
            *edges = Edges::of(point, points);
        }
        set
    }

    fn points(&self) -> &[Point] {
        self.points.get(..self.count).unwrap_or_default()
    }

    fn all(&self) -> impl Iterator<Item = (&Point, &Edges)> {
        self.points().iter().zip(&self.edges)
    }

    /// Steps that its edges took.
    const fn steps(&self) -> usize {
        self.count * self.count
    }
}

#[cfg(test)]
mod tests;
