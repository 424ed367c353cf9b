//! Pairs of minutiae from which a pairing may grow.

use super::edges::{Coarse, Edge, Polar};
use super::{Candidate, Probe};
use crate::afis::parameters::{ROOT_EDGE, ROOT_LOOKUPS, ROOTS};
use crate::afis::template::Minutia;

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
}

impl Roots {
    /// In the order in which they were found.
    pub fn pairs(&self) -> &[Root] {
        &self.pairs
    }

    /// Looks up edges of the candidate, until enough were found or tried.
    pub fn find(&mut self, probe: &Probe, candidate: &Candidate) {
        self.pairs.clear();
        self.tried = 0;
        let prepared = candidate.leads.iter().copied();
        let all = prepared.chain(leads(&candidate.side.minutiae).skip(candidate.leads.len()));
        for lead in all.take(ROOT_LOOKUPS) {
            self.look_up(probe, &lead);
            if self.tried >= ROOTS {
                return;
            }
        }
    }

    fn look_up(&mut self, probe: &Probe, lead: &Lead) {
        probe.index.find(&lead.edge, lead.coarse, &mut self.found);
        for hit in self.found.iter().take(ROOTS - self.tried) {
            let root = Root { probe: hit.to_be_bytes()[0], candidate: lead.from };
            if !self.pairs.contains(&root) {
                self.pairs.push(root);
            }
            self.tried += 1;
        }
    }
}

/// An edge of a candidate that is looked up among those of the probe.
#[derive(Clone, Copy)]
pub struct Lead {
    edge: Edge,
    coarse: Coarse,
    from: u8,
}

/// Leads that are made once for a candidate; a comparison of strangers that needs more of them makes the rest itself.
pub const LEADS: usize = 192;

/// Edges of a candidate in the order in which they are looked up, long ones first.
///
/// Edges lead from each minutia to the one so many places after it. One edge of each minutia comes before a second one
/// of any: with steps of `places + 1` from every start up to it.
pub fn leads(minutiae: &[Minutia]) -> impl Iterator<Item = Lead> {
    let (polar, count) = (Polar::get(), minutiae.len());
    let ways = move |places: usize| {
        (0..=places).flat_map(move |start| (start..count).step_by(places + 1)).map(move |from| (from, places))
    };
    let lead = move |(from, places): (usize, usize)| {
        let to = if from + places < count { from + places } else { from + places - count };
        let edge = polar.edge(minutiae.get(from)?, minutiae.get(to)?);
        Some(Lead { edge, coarse: Coarse::new(&edge), from: u8::try_from(from).unwrap_or(u8::MAX) })
    };
    [true, false].into_iter().flat_map(move |long| {
        (1..count).flat_map(ways).filter_map(lead).filter(move |lead| (lead.edge.length >= ROOT_EDGE) == long)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::afis::matcher::tests::random;

    #[test]
    fn each_edge_leads_once_and_long_ones_first() {
        let minutiae = random(3, 12).minutiae().to_vec();
        let all: Vec<Lead> = leads(&minutiae).collect();
        assert_eq!(all.len(), 12 * 11);
        let long = all.iter().take_while(|lead| lead.edge.length >= ROOT_EDGE).count();
        assert!(long > 0 && all.iter().skip(long).all(|lead| lead.edge.length < ROOT_EDGE), "{long}");
        let from = |number: u8| all.iter().filter(|lead| lead.from == number).count();
        assert!((0..12).all(|number| from(number) == 11));
    }

    #[test]
    fn leads_made_before_and_leads_made_now_find_the_same_roots() {
        let probe = Probe::new(&random(1, 12));
        let mut candidate = Candidate::new(&random(2, 60));
        let found = |candidate: &Candidate| {
            let mut roots = Roots::default();
            roots.find(&probe, candidate);
            roots.pairs().to_vec()
        };
        let all = found(&candidate);
        assert!(all.len() > 10 && candidate.leads.len() == LEADS, "{}", all.len());
        for kept in [100, 1, 0] {
            candidate.leads.truncate(kept);
            assert_eq!(found(&candidate), all, "{kept}");
        }
    }
}
