//! Lines as a graph: knots where lines end or meet, and the lines between them.

mod repair;
mod trace;

pub use repair::repair;
pub use trace::trace;

use std::collections::VecDeque;

use zeroize::Zeroize;

use super::angle;
use super::parameters::DIRECTION;
use super::plane::{Plane, Point};

/// One line, from a knot to a knot.
pub struct Line {
    points: VecDeque<Point>,
    from: usize,
    to: usize,
}

/// A line as its knot sees it: going out from here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Arm {
    line: usize,
    /// The knot is where the line ends.
    reversed: bool,
}

/// Where lines end or meet. A knot without arms is no more.
pub struct Knot {
    position: Point,
    arms: Vec<Arm>,
}

/// Knots in the order in which they were found, row by row.
pub struct Skeleton {
    knots: Vec<Knot>,
    lines: Vec<Line>,
    width: usize,
    height: usize,
}

impl Skeleton {
    fn new(width: usize, height: usize) -> Self {
        Self { knots: Vec::new(), lines: Vec::new(), width, height }
    }

    fn knot(&self, knot: usize) -> (Point, &[Arm]) {
        self.knots.get(knot).map(|knot| (knot.position, knot.arms.as_slice())).unwrap_or_default()
    }

    fn arms(&self, knot: usize) -> &[Arm] {
        self.knot(knot).1
    }

    /// Points of a line, both knots' own among them.
    fn length(&self, arm: Arm) -> usize {
        self.lines.get(arm.line).map_or(0, |line| line.points.len())
    }

    /// Knot at the other end.
    fn far(&self, arm: Arm) -> usize {
        self.lines.get(arm.line).map_or(usize::MAX, |line| if arm.reversed { line.from } else { line.to })
    }

    /// A point counted from the arm's knot.
    fn point(&self, arm: Arm, number: usize) -> Option<Point> {
        let points = &self.lines.get(arm.line)?.points;
        let number = if arm.reversed { points.len().checked_sub(number + 1)? } else { number };
        points.get(number).copied()
    }

    fn attach(&mut self, knot: usize, arm: Arm) {
        if let Some(knot) = self.knots.get_mut(knot) {
            knot.arms.push(arm);
        }
    }

    fn release(&mut self, knot: usize, arm: Arm) {
        if let Some(knot) = self.knots.get_mut(knot) {
            knot.arms.retain(|other| *other != arm);
        }
    }

    /// Adds a line and its two arms.
    fn join(&mut self, from: usize, to: usize, points: VecDeque<Point>) {
        let line = self.lines.len();
        self.lines.push(Line { points, from, to });
        self.attach(from, Arm { line, reversed: false });
        self.attach(to, Arm { line, reversed: true });
    }

    /// Takes the arms of a line away from its knots.
    fn cut(&mut self, line: usize) {
        if let Some((from, to)) = self.lines.get(line).map(|line| (line.from, line.to)) {
            self.release(from, Arm { line, reversed: false });
            self.release(to, Arm { line, reversed: true });
        }
    }

    /// Endings that are left, with the direction in which the line leaves each.
    pub fn endings(&self) -> impl Iterator<Item = (Point, f64)> + '_ {
        self.knots.iter().filter_map(|knot| match knot.arms.as_slice() {
            [arm] => Some((knot.position, self.direction(*arm))),
            _ => None,
        })
    }

    /// Direction from the second point to the last of the sample, or of the last points of a shorter line.
    fn direction(&self, arm: Arm) -> f64 {
        let last = (DIRECTION.0 + DIRECTION.1).min(self.length(arm).saturating_sub(1));
        let first = last.saturating_sub(DIRECTION.1);
        match (self.point(arm, first), self.point(arm, last)) {
            (Some(first), Some(last)) => last.minus(first).direction(),
            _ => 0.0,
        }
    }

    /// Every pixel that a line or a knot covers.
    fn shadow(&self) -> Plane<u8> {
        let mut shadow = Plane::new(self.width, self.height);
        for knot in self.knots.iter().filter(|knot| !knot.arms.is_empty()) {
            shadow.set(knot.position, 1);
            for line in knot.arms.iter().filter_map(|arm| self.lines.get(arm.line)) {
                line.points.iter().for_each(|point| shadow.set(*point, 1));
            }
        }
        shadow
    }
}

impl Drop for Skeleton {
    fn drop(&mut self) {
        for line in &mut self.lines {
            line.points.iter_mut().for_each(|point| (point.x, point.y) = (0, 0));
            line.from.zeroize();
        }
    }
}

/// Points of a straight line, both ends among them.
fn straight(from: Point, to: Point) -> Vec<Point> {
    let way = to.minus(from);
    let steps = way.x.abs().max(way.y.abs());
    if steps == 0 {
        return vec![from];
    }
    let slope = |side: i32, main: i32| f64::from(side) / f64::from(main);
    let point = |step: i32| {
        if way.x.abs() >= way.y.abs() {
            let sign = way.x.signum();
            let side = sign * angle::nearest(f64::from(step) * slope(way.y, way.x));
            from.plus(Point::new(sign * step, side))
        } else {
            let sign = way.y.signum();
            let side = sign * angle::nearest(f64::from(step) * slope(way.x, way.y));
            from.plus(Point::new(side, sign * step))
        }
    };
    (0..=steps).map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A drawing: `#` is a pixel of a line.
    pub fn drawn(rows: &[&str]) -> Plane<u8> {
        let mut lines = Plane::new(rows[0].len(), rows.len());
        for (y, row) in rows.iter().enumerate() {
            lines.row_mut(y).iter_mut().zip(row.bytes()).for_each(|(cell, mark)| *cell = u8::from(mark == b'#'));
        }
        lines
    }

    #[test]
    fn a_fork_is_one_knot_with_three_arms() {
        let rows = [
            "........", ".#....#.", "..#..#..", "...##...", "...#....", "...#....", "...#....", "...#....", "........",
        ];
        let skeleton = trace(&drawn(&rows));
        let arms: Vec<usize> = skeleton.knots.iter().map(|knot| knot.arms.len()).collect();
        assert_eq!(arms, [1, 1, 3, 1]);
        let endings: Vec<Point> = skeleton.endings().map(|(at, _)| at).collect();
        assert_eq!(endings, [Point::new(1, 1), Point::new(6, 1), Point::new(3, 7)]);
    }

    #[test]
    fn straight_lines_reach_their_ends_step_by_step() {
        for (x, y) in [(7, 2), (-7, 2), (3, -9), (-3, -9), (0, 4), (5, 5), (0, 0)] {
            let points = straight(Point::new(10, 10), Point::new(10 + x, 10 + y));
            assert_eq!(points.first(), Some(&Point::new(10, 10)));
            assert_eq!(points.last(), Some(&Point::new(10 + x, 10 + y)));
            assert!(points.windows(2).all(|pair| (1..=2).contains(&pair[1].minus(pair[0]).square())));
        }
    }

    #[test]
    fn directions_leave_the_ending() {
        let row = format!("..{}..", "#".repeat(40));
        let blank = ".".repeat(44);
        let skeleton = trace(&drawn(&[&blank, &row, &blank]));
        let found: Vec<(Point, f64)> = skeleton.endings().collect();
        assert_eq!(found, [(Point::new(2, 1), 0.0), (Point::new(41, 1), core::f64::consts::PI)]);
    }
}
