//! Edges between minutiae.

use std::sync::LazyLock;

use crate::afis::angle;
use crate::afis::parameters::{ANGLE_ERROR, LENGTH_ERROR, STAR};
use crate::afis::plane::Point;
use crate::afis::template::Minutia;

/// What does not change when a finger is turned or shifted.
#[derive(Clone, Copy, Default)]
pub struct Edge {
    /// Pixels.
    pub length: i32,
    /// From the edge to the direction of the first minutia.
    pub near: f32,
    /// From the edge, seen from its other end, to the direction of the other minutia.
    pub far: f32,
}

/// Length and direction of each vector of the first quadrant that is shorter than 256 on both sides.
pub struct Polar(Vec<(i32, f32)>);

const SIDE: i32 = 256;

impl Polar {
    /// The table, made once.
    pub fn get() -> &'static Self {
        static TABLE: LazyLock<Polar> = LazyLock::new(Polar::new);
        &TABLE
    }

    fn new() -> Self {
        let cell = |index: i32| {
            let at = Point::new(index % SIDE, index / SIDE);
            (angle::nearest(f64::from(at.square()).sqrt()), angle::single(at.direction()))
        };
        Self((0..SIDE * SIDE).map(cell).collect())
    }

    /// The edge from one minutia to another. Longer vectors are halved until they fit the table.
    pub fn edge(&self, from: &Minutia, to: &Minutia) -> Edge {
        let (mut x, mut y) = (i32::from(to.x) - i32::from(from.x), i32::from(to.y) - i32::from(from.y));
        let mut quadrant = 0.0;
        if y < 0 {
            (x, y, quadrant) = (-x, -y, angle::HALF_TURN);
        }
        if x < 0 {
            (x, y) = (y, -x);
            quadrant += angle::HALF_TURN / 2.0;
        }
        let mut halved = 0;
        while (x | y) >> halved >= SIDE {
            halved += 1;
        }
        let index = (y >> halved) * SIDE + (x >> halved);
        let (length, direction) =
            usize::try_from(index).ok().and_then(|index| self.0.get(index)).copied().unwrap_or_default();
        let direction = direction + quadrant;
        Edge {
            length: length << halved,
            near: angle::from_to(from.direction, direction),
            far: angle::from_to(to.direction, angle::turned(direction)),
        }
    }
}

/// An edge in whole numbers: one subtraction tells how far angles are apart, across the end of a turn too.
#[derive(Clone, Copy, Default)]
pub struct Coarse {
    /// Pixels.
    pub length: i16,
    /// 65,536 steps in a turn.
    pub near: i16,
    /// Likewise.
    pub far: i16,
}

/// [`ANGLE_ERROR`] in steps, and the steps that rounding of two angles may take.
const ANGLE_STEPS: u16 = 1_823;
/// [`LENGTH_ERROR`].
const LENGTH_STEPS: u16 = 13;

impl Coarse {
    /// Rounds an edge down.
    pub fn new(edge: &Edge) -> Self {
        let steps = |angle: f32| i16::from_ne_bytes(turn_part(angle).to_ne_bytes());
        Self { length: i16::try_from(edge.length).unwrap_or(i16::MAX), near: steps(edge.near), far: steps(edge.far) }
    }

    /// Which of so many parts of a turn the near angle lies in, as a power of two.
    pub const fn sector(self, bits: u32) -> u16 {
        u16::from_ne_bytes(self.near.to_ne_bytes()) >> (u16::BITS - bits)
    }

    /// By how much two edges are certainly not alike; of those that are 0 apart nearly all are.
    const fn excess(self, length: i16, near: i16, far: i16) -> u16 {
        let length = self.length.wrapping_sub(length).unsigned_abs().saturating_sub(LENGTH_STEPS);
        let near = self.near.wrapping_sub(near).unsigned_abs().saturating_sub(ANGLE_STEPS);
        length | near | self.far.wrapping_sub(far).unsigned_abs().saturating_sub(ANGLE_STEPS)
    }

    /// Which of the edges in three columns may be alike, the first as the lowest bit. No branch: all are compared at
    /// once.
    pub fn hits(self, columns: [&[i16; LANES]; 3]) -> u16 {
        let [lengths, near, far] = columns;
        let edges = lengths.iter().zip(near).zip(far).zip(BITS);
        edges.fold(0, |hits, (((length, near), far), bit)| {
            hits | if self.excess(*length, *near, *far) == 0 { bit } else { 0 }
        })
    }
}

/// Length of an empty place among those that are compared at once: no edge is as short.
pub const EMPTY: i16 = -1_000;

/// As many edges as are compared at once.
pub const LANES: usize = 16;

/// Sixteen bits, the lowest first.
const BITS: [u16; LANES] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768];

/// Numbers of the bits that are set, the lowest first.
pub fn ones(mut bits: u16) -> impl Iterator<Item = u8> {
    core::iter::from_fn(move || {
        let number = u8::try_from(bits.trailing_zeros()).ok().filter(|_| bits != 0)?;
        bits &= bits - 1;
        Some(number)
    })
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole turn is no turn")]
fn turn_part(angle: f32) -> u16 {
    (angle * (65_536.0 / angle::TURN)) as u32 as u16
}

/// Whether two edges are one within the errors allowed.
pub fn alike(one: &Edge, other: &Edge) -> bool {
    (one.length - other.length).abs() <= LENGTH_ERROR && near(one.near, other.near) && near(one.far, other.far)
}

fn near(one: f32, other: f32) -> bool {
    let difference = angle::from_to(one, other);
    difference <= ANGLE_ERROR || difference >= angle::mirrored(ANGLE_ERROR)
}

/// An edge to a neighbour.
#[derive(Clone, Copy, Default)]
pub struct Ray {
    /// The edge.
    pub edge: Edge,
    /// Number of the neighbour.
    pub neighbour: u8,
}

/// Edges of one minutia to its nearest neighbours, from short to long, and once more in whole numbers.
pub struct Star {
    rays: [(Ray, Coarse); STAR],
    count: usize,
    lengths: [i16; LANES],
    near: [i16; LANES],
    far: [i16; LANES],
}

impl Star {
    fn new(sorted: &[Ray]) -> Self {
        let (mut lengths, mut near, mut far) = ([EMPTY; LANES], [0; LANES], [0; LANES]);
        let mut rays = <[(Ray, Coarse); STAR]>::default();
        let count = sorted.len().min(STAR);
        let columns = lengths.iter_mut().zip(&mut near).zip(&mut far);
        for ((ray, place), ((length, near), far)) in sorted.iter().zip(&mut rays).zip(columns) {
            let coarse = Coarse::new(&ray.edge);
            *place = (*ray, coarse);
            (*length, *near, *far) = (coarse.length, coarse.near, coarse.far);
        }
        Self { rays, count, lengths, near, far }
    }

    /// The rays, from short to long.
    pub fn rays(&self) -> &[(Ray, Coarse)] {
        self.rays.get(..self.count).unwrap_or_default()
    }

    /// Calls back for each ray that is alike, with its number.
    pub fn alike(&self, edge: &Edge, coarse: Coarse, mut found: impl FnMut(u8, &Ray)) {
        for number in ones(coarse.hits([&self.lengths, &self.near, &self.far])) {
            if let Some((ray, _)) = self.rays.get(usize::from(number)).filter(|(ray, _)| alike(&ray.edge, edge)) {
                found(number, ray);
            }
        }
    }
}

/// The star of each minutia.
pub struct Stars(Vec<Star>);

impl Stars {
    /// Finds the neighbours of each minutia.
    pub fn new(minutiae: &[Minutia]) -> Self {
        let polar = Polar::get();
        let mut near: Vec<(i32, u8)> = Vec::with_capacity(minutiae.len());
        let star = |(number, minutia)| star(polar, minutiae, number, minutia, &mut near);
        Self(minutiae.iter().enumerate().map(star).collect())
    }

    /// Star of one minutia.
    pub fn of(&self, minutia: u8) -> Option<&Star> {
        self.0.get(usize::from(minutia))
    }

    /// One ray of one star.
    pub fn ray(&self, minutia: u8, ray: u8) -> Option<&Ray> {
        self.of(minutia)?.rays().get(usize::from(ray)).map(|(ray, _)| ray)
    }
}

fn star(polar: &Polar, minutiae: &[Minutia], number: usize, minutia: &Minutia, near: &mut Vec<(i32, u8)>) -> Star {
    near.clear();
    let square = |other: &Minutia| {
        Point::new(i32::from(other.x) - i32::from(minutia.x), i32::from(other.y) - i32::from(minutia.y)).square()
    };
    let others = (0..=u8::MAX).zip(minutiae).enumerate().filter(|(index, _)| *index != number);
    near.extend(others.map(|(_, (index, other))| (square(other), index)));
    // equally far ones are all asked for their rounded length
    let furthest =
        if near.len() > STAR { near.select_nth_unstable_by_key(STAR - 1, |(square, _)| *square).1.0 } else { i32::MAX };
    let ray = |(_, index): &(i32, u8)| {
        let edge = polar.edge(minutia, minutiae.get(usize::from(*index)).unwrap_or(minutia));
        Ray { edge, neighbour: *index }
    };
    let mut rays: Vec<Ray> = near.iter().filter(|(square, _)| *square <= furthest).map(ray).collect();
    rays.sort_by_key(|ray| (ray.edge.length, ray.neighbour));
    Star::new(&rays)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: u16, y: u16, direction: f32) -> Minutia {
        Minutia { x, y, direction, ..Minutia::default() }
    }

    #[test]
    fn edges_are_those_of_the_plane_in_all_quadrants() {
        let polar = Polar::get();
        for (x, y) in [(300, 330), (300, 130), (100, 130), (100, 330), (240, 200), (200, 160), (1400, 900)] {
            let (from, to) = (at(200, 200, 1.0), at(x, y, 5.0));
            let edge = polar.edge(&from, &to);
            let way = Point::new(i32::from(x) - 200, i32::from(y) - 200);
            let length = f64::from(way.square()).sqrt();
            assert!((f64::from(edge.length) - length).abs() <= 0.5 + length / 100.0, "{x} {y}: {}", edge.length);
            let near = angle::between(f64::from(edge.near), (1.0 - way.direction()).rem_euclid(core::f64::consts::TAU));
            let back = angle::opposite(way.direction());
            let far = angle::between(f64::from(edge.far), (5.0 - back).rem_euclid(core::f64::consts::TAU));
            assert!(near < 0.01 && far < 0.01, "{x} {y}: {near} {far}");
        }
    }

    #[test]
    fn stars_hold_the_nine_nearest_from_short_to_long() {
        let minutiae: Vec<Minutia> = (0..30).map(|step| at(10 * step, 7, 0.0)).collect();
        let stars = Stars::new(&minutiae);
        let of =
            |minutia: u8| stars.of(minutia).unwrap().rays().iter().map(|(ray, _)| ray.neighbour).collect::<Vec<_>>();
        assert_eq!(of(0), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(of(15), [14, 16, 13, 17, 12, 18, 11, 19, 10]);
        assert_eq!(Stars::new(&minutiae[..3]).of(1).unwrap().rays().len(), 2);
    }
}
