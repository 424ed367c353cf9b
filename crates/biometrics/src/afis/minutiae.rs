//! Endings of both skeletons that can be believed, and how much.
//!
//! The method has no quality of a minutia; templates that a card holds need one to be pruned by. Ours is the mean of
//! two shares: how far the ridges around the minutia agree on a direction, and how far away the next three minutiae
//! are. False minutiae stand in clouds where the flow is torn.

use std::collections::HashMap;

use super::angle;
use super::flow::Flow;
use super::parameters::{CLOUD_NEIGHBOURS, CLOUD_RADIUS, INNER_REACH, LONELY_NEIGHBOUR, MINUTIAE_MAX};
use super::plane::{Plane, Point, coordinate};
use super::skeleton::Skeleton;
use super::template::{Kind, Minutia};

/// A minutia while it is being judged.
#[derive(Clone, Copy)]
pub struct Found {
    position: Point,
    direction: f64,
    kind: Kind,
}

/// Endings of ridges, and endings of valleys, which are where ridges part.
pub fn collected(ridges: &Skeleton, valleys: &Skeleton) -> Vec<Found> {
    let found = |kind| move |(position, direction)| Found { position, direction, kind };
    let endings = ridges.endings().map(found(Kind::Ending));
    endings.chain(valleys.endings().map(found(Kind::Bifurcation))).collect()
}

/// Those with print behind them, outside clouds, and of too many those that stand most alone.
pub fn believed(mut found: Vec<Found>, inner: &Plane<u8>) -> Vec<Found> {
    found.retain(|minutia| {
        let (sine, cosine) = angle::sine_cosine(f64::from(angle::single(minutia.direction)));
        let behind = Point::new(angle::nearest(-INNER_REACH * cosine), angle::nearest(-INNER_REACH * sine));
        inner.at(minutia.position.plus(behind)) == 1
    });
    lonely(outside_clouds(&found))
}

/// Without minutiae in clouds.
fn outside_clouds(found: &[Found]) -> Vec<Found> {
    let square = |at: Point| (at.x.div_euclid(CLOUD_RADIUS), at.y.div_euclid(CLOUD_RADIUS));
    let mut squares: HashMap<(i32, i32), Vec<Point>> = HashMap::new();
    for minutia in found {
        squares.entry(square(minutia.position)).or_default().push(minutia.position);
    }
    let alone = |minutia: &&Found| {
        let (column, row) = square(minutia.position);
        let near = (-1..=1).flat_map(|y| (-1..=1).map(move |x| (column + x, row + y)));
        let points = near.filter_map(|square| squares.get(&square)).flatten();
        let close = |point: &&Point| point.minus(minutia.position).square() <= CLOUD_RADIUS * CLOUD_RADIUS;
        // the minutia itself is among them
        points.filter(close).take(CLOUD_NEIGHBOURS + 2).count() <= CLOUD_NEIGHBOURS + 1
    };
    found.iter().filter(alone).copied().collect()
}

/// Of too many, those whose fifth neighbour is furthest away.
fn lonely(found: Vec<Found>) -> Vec<Found> {
    if found.len() <= MINUTIAE_MAX {
        return found;
    }
    let mut squares = vec![0; found.len()];
    let mut distance = |minutia: &Found| {
        let all = squares.iter_mut().zip(&found);
        all.for_each(|(square, other)| *square = minutia.position.minus(other.position).square());
        // the minutia itself is the nearest
        *squares.select_nth_unstable(LONELY_NEIGHBOUR).1
    };
    let mut ordered: Vec<(i32, Found)> = found.iter().map(|minutia| (distance(minutia), *minutia)).collect();
    ordered.sort_by_key(|(distance, _)| core::cmp::Reverse(*distance));
    ordered.into_iter().take(MINUTIAE_MAX).map(|(_, minutia)| minutia).collect()
}

/// A third neighbour this far away leaves nothing to be wished.
const SPACE: i32 = 60;
/// Agreement of a print's flow that leaves nothing to be wished.
const AGREEMENT: f64 = 0.6;

/// The minutiae with their quality, in the order given. `size` is that of the image in pixels.
pub fn judged(found: &[Found], flows: &Plane<Flow>, size: (usize, usize)) -> Vec<Minutia> {
    found.iter().map(|minutia| judge(minutia, found, flows, size)).collect()
}

fn judge(minutia: &Found, found: &[Found], flows: &Plane<Flow>, (width, height): (usize, usize)) -> Minutia {
    let at = minutia.position;
    let block = |pixel: i32, pixels: usize, blocks: usize| {
        pixel * coordinate(blocks) / coordinate(pixels.max(1)).max(1) // blocks are of nearly one size
    };
    let block = Point::new(block(at.x, width, flows.width()), block(at.y, height, flows.height()));
    let agreement = (flows.at(block).agreement / AGREEMENT).min(1.0);
    let mut squares: Vec<i32> = found.iter().map(|other| other.position.minus(at).square()).collect();
    let third = if squares.len() > 3 { *squares.select_nth_unstable(3).1 } else { SPACE * SPACE };
    let space = (f64::from(third).sqrt() / f64::from(SPACE)).min(1.0);
    let quality = angle::nearest((agreement + space) * 49.5) + 1;
    Minutia {
        x: u16::try_from(at.x).unwrap_or(0),
        y: u16::try_from(at.y).unwrap_or(0),
        direction: angle::single(minutia.direction),
        kind: minutia.kind,
        quality: u8::try_from(quality.clamp(1, 100)).unwrap_or(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(x: i32, y: i32) -> Found {
        Found { position: Point::new(x, y), direction: 0.0, kind: Kind::Ending }
    }

    #[test]
    fn clouds_go_and_what_stands_alone_stays() {
        let mut all: Vec<Found> = (0..6).map(|step| found(100 + 2 * step, 100)).collect();
        all.extend([found(118, 100), found(300, 100), found(131, 100)]);
        let left: Vec<i32> = outside_clouds(&all).iter().map(|minutia| minutia.position.x).collect();
        assert_eq!(left, [300, 131]);
        assert_eq!(outside_clouds(&all[..5]).len(), 5);
    }

    #[test]
    fn of_too_many_the_crowded_ones_go() {
        let mut all: Vec<Found> = (0..100).map(|step| found(50 * (step % 10), 50 * (step / 10))).collect();
        all.extend((0..8).map(|step| found(1000 + step, 1000)));
        let left = lonely(all);
        assert_eq!(left.len(), MINUTIAE_MAX);
        assert!(left.iter().all(|minutia| minutia.position.x < 1000));
    }
}
