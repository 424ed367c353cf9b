//! Pairs of minutiae from which a pairing may grow.

use super::edges::{Edge, Polar};
use super::{Candidate, Probe};
use crate::afis::parameters::{ROOT_EDGE, ROOT_LOOKUPS, ROOTS};

/// A minutia of the probe and one of the candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Root {
    /// Of the probe.
    pub probe: u8,
    /// Of the candidate.
    pub candidate: u8,
}

/// Roots of one comparison.
#[derive(Default)]
pub struct Roots {
    pairs: Vec<Root>,
    found: Vec<u16>,
    /// Hits, of which several may be the same root.
    tried: usize,
    lookups: usize,
}

impl Roots {
    /// In the order in which they were found.
    pub fn pairs(&self) -> &[Root] {
        &self.pairs
    }

    /// Looks up edges of the candidate, long ones first, until enough were found or tried.
    ///
    /// Edges lead from each minutia to the one so many places after it. One edge of each minutia comes before a second
    /// one of any: with steps of `places + 1` from every start up to it.
    pub fn find(&mut self, probe: &Probe, candidate: &Candidate, polar: &Polar) {
        self.pairs.clear();
        (self.tried, self.lookups) = (0, 0);
        let minutiae = &candidate.minutiae;
        let count = minutiae.len();
        for long in [true, false] {
            for places in 1..count {
                for from in (0..=places).flat_map(|start| (start..count).step_by(places + 1)) {
                    let to = if from + places < count { from + places } else { from + places - count };
                    let Some((one, other)) = minutiae.get(from).zip(minutiae.get(to)) else { continue };
                    let edge = polar.edge(one, other);
                    if (edge.length >= ROOT_EDGE) != long {
                        continue;
                    }
                    self.look_up(probe, &edge, u8::try_from(from).unwrap_or(u8::MAX));
                    if self.tried >= ROOTS || self.lookups >= ROOT_LOOKUPS {
                        return;
                    }
                }
            }
        }
    }

    fn look_up(&mut self, probe: &Probe, edge: &Edge, candidate: u8) {
        probe.index.find(edge, &mut self.found);
        for hit in self.found.iter().take(ROOTS - self.tried) {
            let root = Root { probe: hit.to_be_bytes()[0], candidate };
            if !self.pairs.contains(&root) {
                self.pairs.push(root);
            }
            self.tried += 1;
        }
        self.lookups += 1;
    }
}
