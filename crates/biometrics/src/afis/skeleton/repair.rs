//! What skin and sensor did to the lines is undone: pores, gaps, spurs and dirt.

use std::collections::{HashMap, VecDeque};

use super::{Arm, Skeleton, straight};
use crate::afis::angle;
use crate::afis::parameters::{
    FRAGMENT, GAP_OVERLAP, GAP_REACH, GAP_RIDGE, GAP_RUPTURE, GAP_TURN, GAP_WIDEST, PORE_ARM, TAIL,
};
use crate::afis::plane::{Plane, Point};

/// All repairs in their order.
pub fn repair(skeleton: &mut Skeleton) {
    pores(skeleton);
    untie(skeleton);
    gaps(skeleton);
    untie(skeleton);
    tails(skeleton);
    untie(skeleton);
    fragments(skeleton);
}

/// A ridge that parts and meets again around a pore becomes one line.
fn pores(skeleton: &mut Skeleton) {
    for knot in 0..skeleton.knots.len() {
        let (position, &[first, second, third]) = skeleton.knot(knot) else { continue };
        let loops = [(first, second, third), (second, third, first), (third, first, second)];
        let around_pore = |(exit, one, other): &(Arm, Arm, Arm)| {
            let (far, out) = (skeleton.far(*one), skeleton.far(*exit));
            far == skeleton.far(*other) && out != far && far != knot && out != knot
        };
        let Some((_, one, other)) = loops.into_iter().find(around_pore) else { continue };
        let far = skeleton.far(one);
        let (end, arms) = skeleton.knot(far);
        if arms.len() == 3 && skeleton.length(one).max(skeleton.length(other)) <= PORE_ARM {
            skeleton.cut(one.line);
            skeleton.cut(other.line);
            skeleton.join(knot, far, straight(position, end).into());
        }
    }
}

/// A knot of two arms is none: its lines become one.
fn untie(skeleton: &mut Skeleton) {
    for knot in 0..skeleton.knots.len() {
        let &[one, other] = skeleton.arms(knot) else { continue };
        if one.line == other.line {
            continue;
        }
        // the shorter line is appended to the longer one; both as seen from the knot
        let (longer, shorter) = if skeleton.length(one) < skeleton.length(other) { (other, one) } else { (one, other) };
        let far = skeleton.far(shorter);
        let moved = skeleton.lines.get_mut(shorter.line).map(|line| core::mem::take(&mut line.points));
        let moved = moved.unwrap_or_default();
        let mut forward = moved.iter().copied();
        let mut backward = moved.iter().rev().copied();
        let points: &mut dyn Iterator<Item = Point> = if shorter.reversed { &mut backward } else { &mut forward };
        if let Some(line) = skeleton.lines.get_mut(longer.line) {
            if longer.reversed {
                line.points.pop_back();
                line.points.extend(points);
                line.to = far;
            } else {
                line.points.pop_front();
                points.for_each(|point| line.points.push_front(point));
                line.from = far;
            }
        }
        skeleton.release(knot, longer);
        skeleton.attach(far, longer);
        skeleton.cut(shorter.line);
    }
}

/// Two endings that face each other.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Gap {
    square: i32,
    from: (Point, usize),
    to: (Point, usize),
}

/// Joins endings across gaps, the narrowest first.
fn gaps(skeleton: &mut Skeleton) {
    let mut gaps = facing(skeleton);
    gaps.sort();
    let mut shadow = skeleton.shadow();
    for gap in gaps {
        let ((from, one), (to, other)) = (gap.from, gap.to);
        if skeleton.arms(one).len() != 1 || skeleton.arms(other).len() != 1 {
            continue;
        }
        let bridge = straight(from, to);
        if !touches(&bridge, &shadow) {
            for point in &bridge {
                shadow.set(*point, 1);
            }
            skeleton.join(one, other, VecDeque::from(bridge));
        }
    }
}

/// Knot of one arm, its place and the arm.
type Ending = (usize, Point, Arm);

/// Pairs of endings within reach of each other, both ways round. Endings are sorted into squares first: a print may
/// have thousands.
fn facing(skeleton: &Skeleton) -> Vec<Gap> {
    let square = |at: Point| (at.x.div_euclid(GAP_WIDEST), at.y.div_euclid(GAP_WIDEST));
    let mut endings: Vec<Ending> = Vec::new();
    let mut squares: HashMap<(i32, i32), Vec<Ending>> = HashMap::new();
    for knot in 0..skeleton.knots.len() {
        if let (position, &[arm]) = skeleton.knot(knot)
            && skeleton.length(arm) >= GAP_RIDGE
        {
            endings.push((knot, position, arm));
            squares.entry(square(position)).or_default().push((knot, position, arm));
        }
    }
    let mut gaps = Vec::new();
    for (one, from, arm) in endings {
        let (column, row) = square(from);
        let near = (-1..=1).flat_map(|y| (-1..=1).map(move |x| (column + x, row + y)));
        for (other, to, other_arm) in near.filter_map(|square| squares.get(&square)).flatten() {
            let apart = one != *other && skeleton.far(arm) != *other;
            if apart && within_reach(skeleton, (from, arm), (*to, *other_arm)) {
                gaps.push(Gap { square: from.minus(*to).square(), from: (from, one), to: (*to, *other) });
            }
        }
    }
    gaps
}

/// Near enough, and both lines would go on into the gap.
fn within_reach(skeleton: &Skeleton, one: (Point, Arm), other: (Point, Arm)) -> bool {
    let way = other.0.minus(one.0);
    if way.square() <= GAP_RUPTURE * GAP_RUPTURE {
        return true;
    }
    if way.square() > GAP_WIDEST * GAP_WIDEST {
        return false;
    }
    // where the line comes from, seen from its ending
    let origin = |(position, arm): (Point, Arm)| {
        let far = || skeleton.knot(skeleton.far(arm)).0;
        skeleton.point(arm, GAP_REACH).unwrap_or_else(far).minus(position).direction()
    };
    let across = way.direction();
    angle::between(origin(one), angle::opposite(across)) <= GAP_TURN
        && angle::between(origin(other), across) <= GAP_TURN
}

fn touches(bridge: &[Point], shadow: &Plane<u8>) -> bool {
    let inner = bridge.get(GAP_OVERLAP..bridge.len().saturating_sub(GAP_OVERLAP));
    inner.is_some_and(|points| points.iter().any(|point| shadow.at(*point) == 1))
}

/// Short branches go.
fn tails(skeleton: &mut Skeleton) {
    for knot in 0..skeleton.knots.len() {
        if let &[arm] = skeleton.arms(knot)
            && skeleton.arms(skeleton.far(arm)).len() >= 3
            && skeleton.length(arm) < TAIL
        {
            skeleton.cut(arm.line);
        }
    }
}

/// Short lines between two endings go.
fn fragments(skeleton: &mut Skeleton) {
    for knot in 0..skeleton.knots.len() {
        if let &[arm] = skeleton.arms(knot)
            && skeleton.arms(skeleton.far(arm)).len() == 1
            && skeleton.length(arm) < FRAGMENT
        {
            skeleton.cut(arm.line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace;
    use super::*;

    fn canvas(draw: &[(Point, Point)]) -> Skeleton {
        let mut lines = Plane::new(140, 60);
        for (from, to) in draw {
            for at in straight(*from, *to) {
                lines.set(at, 1);
            }
        }
        trace(&lines)
    }

    type Stroke = ((i32, i32), (i32, i32));

    fn repaired(draw: &[Stroke]) -> Vec<Point> {
        let at = |(x, y): (i32, i32)| Point::new(x, y);
        let draw: Vec<(Point, Point)> = draw.iter().map(|(from, to)| (at(*from), at(*to))).collect();
        let mut skeleton = canvas(&draw);
        repair(&mut skeleton);
        skeleton.endings().map(|(at, _)| at).collect()
    }

    #[test]
    fn gaps_close_in_line_and_stay_open_across() {
        assert_eq!(repaired(&[((5, 30), (50, 30)), ((62, 31), (110, 31))]).len(), 2);
        // more than twenty pixels
        assert_eq!(repaired(&[((5, 30), (50, 30)), ((72, 30), (120, 30))]).len(), 4);
        // the second line comes from aside
        assert_eq!(repaired(&[((5, 30), (50, 30)), ((61, 30), (61, 58))]).len(), 4);
    }

    #[test]
    fn spurs_and_dirt_go() {
        assert_eq!(repaired(&[((5, 30), (110, 30)), ((50, 30), (50, 20))]).len(), 2);
        assert_eq!(repaired(&[((5, 30), (110, 30)), ((50, 30), (50, 2))]).len(), 3);
        assert_eq!(repaired(&[((50, 20), (70, 20))]).len(), 0);
        assert_eq!(repaired(&[((50, 20), (71, 20))]).len(), 2);
    }

    #[test]
    fn a_pore_becomes_one_line() {
        let rim = [((40, 30), (45, 25)), ((45, 25), (50, 30)), ((40, 30), (45, 35)), ((45, 35), (50, 30))];
        let mut draw = vec![((5, 30), (40, 30)), ((50, 30), (110, 30))];
        draw.extend(rim);
        assert_eq!(repaired(&draw), [Point::new(5, 30), Point::new(110, 30)]);
    }
}
