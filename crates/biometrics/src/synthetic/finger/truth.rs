//! Minutiae of a grown finger, from its ridges thinned to lines. The relief is clean, so that what is found is the
//! truth that an extractor is measured against; what could be told either way is left out.

use super::{HEIGHT, Kind, Minutia, WIDTH};
use crate::elementary::bearing;

/// No minutia is told within this distance of the rim, where ridges end because the plane does.
const RIM: usize = 14;
/// Branches and ridges shorter than this are no minutiae.
const SHORT: usize = 10;
/// Minutiae nearer to each other than this are left out, both.
const NEAR: f32 = 7.0;
/// Pixels along a ridge from which a direction is taken.
const ALONG: usize = 11;

const STRIDE: usize = WIDTH as usize;
/// The eight neighbours, clockwise from above.
const AROUND: [isize; 8] = {
    let row = STRIDE.cast_signed();
    [-row, 1 - row, 1, row + 1, row, row - 1, -1, -row - 1]
};

/// Ridges as cells that are set or not.
struct Lines(Vec<bool>);

impl Lines {
    fn is_set(&self, place: usize) -> bool {
        self.0.get(place).copied().unwrap_or(false)
    }

    fn around(&self, place: usize) -> [bool; 8] {
        AROUND.map(|step| place.checked_add_signed(step).is_some_and(|place| self.is_set(place)))
    }

    fn clear(&mut self, place: usize) {
        if let Some(cell) = self.0.get_mut(place) {
            *cell = false;
        }
    }

    /// Takes cells off the edges until lines of one cell remain (Zhang and Suen 1984).
    fn thin(&mut self) {
        loop {
            let mut removed = false;
            for half in [0, 1] {
                let edge: Vec<usize> = (0..self.0.len()).filter(|place| self.is_edge(*place, half)).collect();
                removed |= !edge.is_empty();
                for place in edge {
                    self.clear(place);
                }
            }
            if !removed {
                return;
            }
        }
    }

    fn is_edge(&self, place: usize, half: usize) -> bool {
        if !self.is_set(place) {
            return false;
        }
        let around = self.around(place);
        let [n, _, e, _, s, _, w, _] = around;
        let count = around.iter().filter(|set| **set).count();
        let open = if half == 0 { !(e && s && (n || w)) } else { !(n && w && (e || s)) };
        (2..=6).contains(&count) && changes(around) == 1 && open
    }

    /// Cells that a line goes through from `start`, begun at `first`, until it ends, branches, or `most` cells are
    /// passed.
    fn follow(&self, start: usize, first: usize, most: usize) -> Vec<usize> {
        let mut path = vec![start, first];
        let (mut before, mut here) = (start, first);
        while path.len() <= most {
            // edges of cells before corners: a line never takes a corner that it may cut
            let next = [0, 2, 4, 6, 1, 3, 5, 7].into_iter().filter_map(|side: usize| {
                let place = here.checked_add_signed(*AROUND.get(side)?)?;
                (self.is_set(place) && !path.contains(&place) && !touches(before, place)).then_some(place)
            });
            let Some(next) = next.into_iter().next() else { break };
            (before, here) = (here, next);
            path.push(next);
            if changes(self.around(next)) != 2 {
                break;
            }
        }
        path
    }

    /// Neighbours that are set.
    fn branches(&self, place: usize) -> Vec<usize> {
        let set = AROUND.iter().filter_map(|step| place.checked_add_signed(*step)).filter(|place| self.is_set(*place));
        let all: Vec<usize> = set.collect();
        // of a corner and an edge beside it the edge is the branch
        let edge = |place: usize, other: usize| other != place && touches_side(other, place);
        all.iter()
            .copied()
            .filter(|branch| touches_side(place, *branch) || !all.iter().any(|other| edge(*branch, *other)))
            .collect()
    }

    /// Takes away branches that end before they become ridges.
    fn prune(&mut self) {
        for end in (0..self.0.len()).filter(|place| self.is_end(*place)).collect::<Vec<_>>() {
            let Some(first) = self.branches(end).first().copied() else { continue };
            let path = self.follow(end, first, SHORT);
            let last = path.last().copied().unwrap_or(end);
            if path.len() <= SHORT {
                let kept = usize::from(changes(self.around(last)) >= 3);
                for place in path.iter().take(path.len() - kept) {
                    self.clear(*place);
                }
            }
        }
    }

    fn is_end(&self, place: usize) -> bool {
        self.is_set(place) && changes(self.around(place)) == 1
    }
}

/// How often the ring around a cell changes from clear to set.
fn changes(around: [bool; 8]) -> usize {
    around.iter().zip(around.iter().cycle().skip(1)).filter(|(this, next)| !**this && **next).count()
}

/// Whether two cells are the same or neighbours.
fn touches(a: usize, b: usize) -> bool {
    (a % STRIDE).abs_diff(b % STRIDE) <= 1 && (a / STRIDE).abs_diff(b / STRIDE) <= 1
}

/// Whether two cells share an edge.
fn touches_side(a: usize, b: usize) -> bool {
    (a % STRIDE).abs_diff(b % STRIDE) + (a / STRIDE).abs_diff(b / STRIDE) == 1
}

fn position(place: usize) -> (f32, f32) {
    (super::coordinate(place % STRIDE), super::coordinate(place / STRIDE))
}

/// Turns at which `to` is seen from `from`.
fn seen(from: usize, to: usize) -> f32 {
    let ((x, y), (to_x, to_y)) = (position(from), position(to));
    bearing(y - to_y, to_x - x)
}

/// Minutiae of a relief.
pub(super) fn minutiae(relief: &[i16]) -> Vec<Minutia> {
    let mut lines = Lines(relief.iter().map(|height| *height > 0).collect());
    // a line on the rim has no neighbours beyond it
    for place in 0..lines.0.len() {
        if distance_to_rim(place) == 0 {
            lines.clear(place);
        }
    }
    lines.thin();
    lines.prune();
    let inside = (0..lines.0.len()).filter(|place| lines.is_set(*place) && distance_to_rim(*place) >= RIM);
    let mut all: Vec<Minutia> = Vec::new();
    for found in inside.filter_map(|place| minutia(&lines, place)) {
        // a thick branch shows as two cells side by side
        let doubled = |other: &Minutia| other.kind == found.kind && squared_distance(other, &found) < 6.0;
        if !all.iter().any(doubled) {
            all.push(found);
        }
    }
    let alone = |one: &&Minutia| all.iter().filter(|other| squared_distance(one, other) < NEAR * NEAR).count() == 1;
    all.iter().filter(alone).copied().collect()
}

fn squared_distance(one: &Minutia, other: &Minutia) -> f32 {
    let (dx, dy) = (one.x - other.x, one.y - other.y);
    dx * dx + dy * dy
}

fn distance_to_rim(place: usize) -> usize {
    let (x, y) = (place % STRIDE, place / STRIDE);
    x.min(y).min(STRIDE - 1 - x).min(usize::from(HEIGHT) - 1 - y)
}

/// The minutia at a cell of a line, if there is one.
fn minutia(lines: &Lines, place: usize) -> Option<Minutia> {
    let (x, y) = position(place);
    let far = |branch: usize| lines.follow(place, branch, ALONG).last().copied().unwrap_or(branch);
    match changes(lines.around(place)) {
        1 => {
            let [branch] = lines.branches(place)[..] else { return None };
            Some(Minutia { x, y, direction: turn(seen(place, far(branch))), kind: Kind::Ending })
        }
        3 => {
            let branches: [usize; 3] = lines.branches(place).try_into().ok()?;
            let [one, two, three] = branches.map(|branch| seen(place, far(branch)));
            // between the two branches that are nearest to each other lies the valley that ends here
            let pairs = [(one, two), (two, three), (three, one)].map(|(from, to)| (from, apart(from, to)));
            let (from, gap) = pairs.into_iter().min_by(|one, other| one.1.abs().total_cmp(&other.1.abs()))?;
            let direction = turn(from + gap / 2.0);
            Some(Minutia { x, y, direction, kind: Kind::Bifurcation })
        }
        _ => None,
    }
}

/// From one angle to another, -0.5 to 0.5 turns.
fn apart(from: f32, to: f32) -> f32 {
    (to - from) - (to - from).round()
}

/// An angle from 0 to below 1 turn.
pub(super) fn turn(angle: f32) -> f32 {
    let turn = angle - angle.floor();
    if turn < 1.0 { turn } else { 0.0 }
}
