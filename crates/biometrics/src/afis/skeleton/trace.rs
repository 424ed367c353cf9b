//! From pixels to the graph.

use std::collections::VecDeque;

use super::{Arm, Knot, Skeleton, straight};
use crate::afis::plane::{NEIGHBOURS, Plane, Point};

/// A pixel of a line that belongs to no knot.
const PASSING: u32 = 0;
/// The first or last such pixel of a line that was followed.
const FOLLOWED: u32 = u32::MAX;

/// Follows every line from knot to knot. Closed rings without a knot are left out: they hold no minutia.
pub fn trace(lines: &Plane<u8>) -> Skeleton {
    let mut skeleton = Skeleton::new(lines.width(), lines.height());
    let mut owners: Plane<u32> = Plane::new(lines.width(), lines.height());
    let knots = knot_pixels(lines);
    for at in &knots {
        owners.set(*at, FOLLOWED);
    }
    for at in &knots {
        if owners.at(*at) == FOLLOWED {
            gather(&mut skeleton, &mut owners, *at);
        }
    }
    for at in &knots {
        for start in NEIGHBOURS.iter().map(|by| at.plus(*by)) {
            if lines.at(start) == 1 && owners.at(start) == PASSING {
                follow(&mut skeleton, &mut owners, lines, *at, start);
            }
        }
    }
    reach_middles(&mut skeleton);
    skeleton
}

/// Pixels with one neighbour or more than two, row by row.
fn knot_pixels(lines: &Plane<u8>) -> Vec<Point> {
    let is_knot = |at: &Point| {
        let count: u8 = NEIGHBOURS.iter().map(|by| lines.at(at.plus(*by))).sum();
        count == 1 || count > 2
    };
    let mut set = lines.places_of(|cell| *cell == 1);
    set.retain(is_knot);
    set
}

/// One knot of all pixels that touch; it stands in their middle.
fn gather(skeleton: &mut Skeleton, owners: &mut Plane<u32>, first: Point) {
    let owner = u32::try_from(skeleton.knots.len() + 1).unwrap_or(FOLLOWED - 1);
    let (mut sum, mut count, mut waiting) = (Point::default(), 0, vec![first]);
    owners.set(first, owner);
    while let Some(at) = waiting.pop() {
        (sum, count) = (sum.plus(at), count + 1);
        for near in NEIGHBOURS.iter().map(|by| at.plus(*by)) {
            if owners.at(near) == FOLLOWED {
                owners.set(near, owner);
                waiting.push(near);
            }
        }
    }
    let position = Point::new(sum.x / count, sum.y / count);
    skeleton.knots.push(Knot { position, arms: Vec::new() });
}

/// The knot that a pixel belongs to.
fn knot_at(owners: &Plane<u32>, at: Point) -> Option<usize> {
    match owners.at(at) {
        PASSING | FOLLOWED => None,
        owner => usize::try_from(owner - 1).ok(),
    }
}

/// Follows one line from a pixel of a knot to the next knot. Pixels on the way have two neighbours.
fn follow(skeleton: &mut Skeleton, owners: &mut Plane<u32>, lines: &Plane<u8>, knot: Point, start: Point) {
    let mut points = VecDeque::from([knot, start]);
    let (mut before, mut at) = (knot, start);
    while knot_at(owners, at).is_none() {
        let next = NEIGHBOURS.iter().map(|by| at.plus(*by)).find(|near| lines.at(*near) == 1 && *near != before);
        let Some(next) = next else { return };
        (before, at) = (at, next);
        points.push_back(at);
    }
    if let (Some(from), Some(to)) = (knot_at(owners, knot), knot_at(owners, at)) {
        owners.set(start, FOLLOWED);
        owners.set(before, FOLLOWED);
        skeleton.join(from, to, points);
    }
}

/// Lines begin at a pixel of the knot; its position may be another one.
fn reach_middles(skeleton: &mut Skeleton) {
    for knot in 0..skeleton.knots.len() {
        let Some(Knot { position, arms }) = skeleton.knots.get(knot) else { continue };
        for Arm { line, reversed } in arms.iter().copied() {
            let Some(line) = skeleton.lines.get_mut(line) else { continue };
            let end = if reversed { line.points.back() } else { line.points.front() };
            let Some(end) = end.copied().filter(|end| end != position) else { continue };
            for point in straight(end, *position).into_iter().skip(1) {
                if reversed {
                    line.points.push_back(point);
                } else {
                    line.points.push_front(point);
                }
            }
        }
    }
}
