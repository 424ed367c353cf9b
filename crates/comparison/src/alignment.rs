//! The probe laid on the reference in one way, and how well it fits.

use crate::candidates::Candidate;
use crate::geometry::{ONE, Point, TURN, difference, direction};

/// Minutiae meet within 1.4 mm: skin stretches between two touches.
const RADIUS: i32 = 14;
/// And within so many steps of 5.625 degrees.
const ANGLE_MAX: i32 = 3;
/// From so many on, the number alone says no more.
const MATCHED_ENOUGH: u32 = 12;
/// Weight of a minutia that meets its like exactly.
const CLOSE: u32 = 16;

/// How well the probe fits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fit {
    matched: u32,
    /// Sum of the weights of those that met.
    weight: u32,
    /// Minutiae of the reference, of the probe, where both overlap.
    overlap: (u32, u32),
}

impl Fit {
    /// Minutiae that met.
    pub fn matched(self) -> u8 {
        u8::try_from(self.matched).unwrap_or(u8::MAX)
    }

    /// 0 to 1000: share of those that met in both sets, less for each that met from afar, and for few at all.
    pub fn score(self) -> u16 {
        let all = CLOSE * self.overlap.0 * self.overlap.1 * MATCHED_ENOUGH;
        let met = 1000 * self.weight * self.matched / 8 * self.matched.min(MATCHED_ENOUGH);
        let score = met.checked_div(all / 8).unwrap_or_default();
        u16::try_from(score.min(1000)).unwrap_or_default()
    }
}

/// A rotation about one point and a shift to another.
struct Motion {
    cosine: i32,
    sine: i32,
    turn: i32,
    from: Point,
    to: Point,
}

impl Motion {
    /// Takes both points of the probe to those of the reference.
    fn of(candidate: &Candidate) -> Option<Self> {
        let vector = |(from, to): (Point, Point)| (i64::from(to.x - from.x), i64::from(to.y - from.y));
        let (own, other) = (vector(candidate.reference), vector(candidate.probe));
        let dot = own.0 * other.0 + own.1 * other.1;
        let cross = other.0 * own.1 - other.1 * own.0;
        let length = (dot * dot + cross * cross).unsigned_abs().isqrt();
        let share = |part: i64| {
            let length = i64::try_from(length).ok()?;
            i32::try_from((part * i64::from(ONE)).checked_div(length)?).ok()
        };
        let (cosine, sine, turn) = (share(dot)?, share(cross)?, direction(dot, cross));
        Some(Self { cosine, sine, turn, from: candidate.probe.0, to: candidate.reference.0 })
    }

    fn moved(&self, point: &Point) -> Point {
        let (x, y) = (point.x - self.from.x, point.y - self.from.y);
        Point {
            x: self.to.x + (self.cosine * x - self.sine * y) / ONE,
            y: self.to.y + (self.sine * x + self.cosine * y) / ONE,
            angle: (point.angle + self.turn).rem_euclid(TURN),
            kind: point.kind,
        }
    }
}

/// The box around points, wider by the radius.
#[derive(Clone, Copy)]
struct Area {
    x: (i32, i32),
    y: (i32, i32),
}

impl Area {
    fn around(points: impl Iterator<Item = Point>) -> Self {
        let nothing = Self { x: (i32::MAX, i32::MIN), y: (i32::MAX, i32::MIN) };
        points.fold(nothing, |area, point| {
            let wider = |(least, most): (i32, i32), at: i32| (least.min(at - RADIUS), most.max(at + RADIUS));
            Self { x: wider(area.x, point.x), y: wider(area.y, point.y) }
        })
    }

    fn holds(&self, point: &Point) -> bool {
        (self.x.0..=self.x.1).contains(&point.x) && (self.y.0..=self.y.1).contains(&point.y)
    }
}

/// Tries one candidate on all minutiae; each of the reference is met once at most.
pub fn fit(candidate: &Candidate, reference: &[Point], probe: &[Point], steps: &mut usize) -> Fit {
    let Some(motion) = Motion::of(candidate) else { return Fit::default() };
    let own_area = Area::around(reference.iter().copied());
    let other_area = Area::around(probe.iter().map(|point| motion.moved(point)));
    let mut fit = Fit::default();
    fit.overlap.0 = count(reference.iter().filter(|point| other_area.holds(point)));
    let mut taken = 0u64; // one bit for each of the 64
    for point in probe {
        let moved = motion.moved(point);
        if !own_area.holds(&moved) {
            continue;
        }
        fit.overlap.1 += 1;
        let mut best: Option<(u32, u64)> = None;
        let mut bit = 1u64;
        for own in reference {
            *steps += 1;
            let weight = closeness(own, &moved);
            if taken & bit == 0 && weight > best.map_or(0, |(weight, _)| weight) {
                best = Some((weight, bit));
            }
            bit = bit.wrapping_shl(1);
        }
        if let Some((weight, bit)) = best {
            taken |= bit;
            fit.matched += 1;
            fit.weight += weight;
        }
    }
    fit
}

fn count(points: impl Iterator<Item = impl Sized>) -> u32 {
    u32::try_from(points.count()).unwrap_or(u32::MAX)
}

/// 0 for two that do not meet, up to [`CLOSE`].
fn closeness(one: &Point, other: &Point) -> u32 {
    let (x, y) = (one.x - other.x, one.y - other.y);
    let square = x * x + y * y;
    let angle = difference(one.angle, other.angle);
    if square > RADIUS * RADIUS || angle > ANGLE_MAX {
        return 0;
    }
    // An ending on one day is a bifurcation on another, but not often.
    let kind = i32::from(one.kind == other.kind || one.kind == 0 || other.kind == 0);
    (4 + 8 * (RADIUS * RADIUS - square) / (RADIUS * RADIUS) + (ANGLE_MAX - angle) + kind).unsigned_abs()
}
