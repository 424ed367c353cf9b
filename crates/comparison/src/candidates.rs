//! Which pairs of minutiae may be one: those whose edges agree best.

use crate::edges::{Edge, Edges};
use crate::geometry::{Point, difference};

/// Pairs that are tried.
pub const BEST: usize = 32;
/// Directions may differ by so many steps of 5.625 degrees: two of noise and one of rounding.
const ANGLE_MAX: i32 = 3;
/// Edges that must agree before a pair is looked at.
const AGREEING_MIN: u32 = 2;

/// A minutia of each set that may be one, and a second pair, which tells the rotation.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// How well the edges agree.
    strength: u32,
    /// In the reference: here, and at the other end of the edge.
    pub reference: (Point, Point),
    /// In the probe.
    pub probe: (Point, Point),
}

/// The best ones, descending.
#[derive(Default)]
pub struct Candidates([Option<Candidate>; BEST]);

impl Candidates {
    /// Looks at one pair.
    pub fn propose(&mut self, own: (&Point, &Edges), other: (&Point, &Edges), steps: &mut usize) {
        let (mut strength, mut agreeing) = (0, 0);
        let mut longest: Option<(&Edge, &Edge)> = None;
        for edge in own.1.iter() {
            let mut best: Option<(u32, &Edge)> = None;
            for against in other.1.iter() {
                *steps += 1;
                let found = agreement(edge, against);
                if found > best.map_or(0, |(found, _)| found) {
                    best = Some((found, against));
                }
            }
            if let Some((found, against)) = best {
                strength += found;
                agreeing += 1;
                // The longer an edge, the better it tells the rotation.
                if longest.is_none_or(|(longest, _)| edge.length > longest.length) {
                    longest = Some((edge, against));
                }
            }
        }
        if let Some((edge, against)) = longest
            && agreeing >= AGREEING_MIN
        {
            self.insert(Candidate { strength, reference: (*own.0, edge.to), probe: (*other.0, against.to) });
        }
    }

    /// Those to be tried.
    pub fn best(&self) -> impl Iterator<Item = &Candidate> {
        self.0.iter().flatten()
    }

    /// Keeps the best, as the edges do; the earlier one of two equal ones stays before the other.
    fn insert(&mut self, candidate: Candidate) {
        let mut carried = Some(candidate);
        for place in &mut self.0 {
            let strength = |one: &Option<Candidate>| one.map_or(0, |candidate| candidate.strength);
            if strength(&carried) > strength(place) {
                core::mem::swap(place, &mut carried);
            }
        }
    }
}

/// 0 where two edges differ, more the closer they are.
fn agreement(one: &Edge, other: &Edge) -> u32 {
    // Skin stretches: long edges may differ by more.
    let (lengths, allowed) = (i32::from((one.length - other.length).abs()), 4 + i32::from(one.length) / 12);
    let (near, far) = (difference(one.near.into(), other.near.into()), difference(one.far.into(), other.far.into()));
    if lengths > allowed || near > ANGLE_MAX || far > ANGLE_MAX {
        return 0;
    }
    (1 + 4 * (allowed - lengths) / allowed + 2 * (ANGLE_MAX - near) + 2 * (ANGLE_MAX - far)).unsigned_abs()
}
