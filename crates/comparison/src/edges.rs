//! What a minutia sees of its neighbours.

use crate::geometry::{Point, TURN, direction};

/// Edges of a minutia: to its nearest ones.
pub const NEAREST: usize = 8;
/// Nearer ones say nothing of a direction, and are often one minutia found twice.
const SQUARE_MIN: u32 = 9;

/// From one minutia to another.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// Tenths of a millimetre, squared: the order of nearness.
    square: u32,
    /// Tenths of a millimetre.
    pub length: i16,
    /// Its direction against the angle of this minutia, 0 to 63.
    pub near: i8,
    /// Its direction against the angle of the other one.
    pub far: i8,
    /// The other one.
    pub to: Point,
}

/// The nearest ones, ascending by distance.
#[derive(Clone, Copy, Debug, Default)]
pub struct Edges([Option<Edge>; NEAREST]);

impl Edges {
    /// Edges of a point to the others of its set.
    pub fn of(from: &Point, points: &[Point]) -> Self {
        let mut nearest = Self::default();
        for to in points {
            let (x, y) = (to.x - from.x, to.y - from.y);
            let square = (x * x + y * y).unsigned_abs();
            if square >= SQUARE_MIN {
                nearest.insert(Edge::of(from, to, square));
            }
        }
        nearest
    }

    /// The edges there are.
    pub fn iter(&self) -> impl Iterator<Item = &Edge> {
        self.0.iter().flatten()
    }

    /// Keeps the nearest: each place takes the nearer one of two and hands the other one on.
    fn insert(&mut self, edge: Edge) {
        let mut carried = Some(edge);
        for place in &mut self.0 {
            let nearer = |one: &Option<Edge>| one.map_or(u32::MAX, |edge| edge.square);
            if nearer(&carried) < nearer(place) {
                core::mem::swap(place, &mut carried);
            }
        }
    }
}

impl Edge {
    fn of(from: &Point, to: &Point, square: u32) -> Self {
        let towards = direction((to.x - from.x).into(), (to.y - from.y).into());
        let against = |angle: i32| i8::try_from((towards - angle).rem_euclid(TURN)).unwrap_or_default();
        let length = i16::try_from(square.isqrt()).unwrap_or(i16::MAX);
        Self { square, length, near: against(from.angle), far: against(to.angle), to: *to }
    }
}
