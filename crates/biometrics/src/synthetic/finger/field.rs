//! Which way the ridges of a finger run, and how far apart they are.
//!
//! The course is the zero-pole model (Sherlock and Monro 1993): at each point half the sum of the angles seen from the
//! cores minus half the sum of the angles seen from the deltas. Slow waves over it make two fingers of one kind differ.

use super::super::Dice;
use super::{HEIGHT, Hand, WIDTH};
use crate::elementary::{bearing, sine_cosine};

/// Directions told apart, over half a turn.
pub(super) const DIRECTIONS: u8 = 40;
/// Distances from ridge to ridge, in pixels, that are told apart.
pub(super) const PERIODS: [f32; 5] = [7.6, 8.3, 9.0, 9.8, 10.7];

/// A slow wave over the finger.
#[derive(Clone, Copy)]
pub(super) struct Wave {
    strength: f32,
    /// Turns for each pixel across and down.
    across: f32,
    down: f32,
    start: f32,
}

impl Wave {
    /// A wave of up to `strength`, at least `length` pixels long.
    pub(super) fn draw(dice: &mut Dice<'_>, strength: f32, length: f32) -> Self {
        let steepest = 1.0 / length;
        Self {
            strength: dice.between(-strength, strength),
            across: dice.between(-steepest, steepest),
            down: dice.between(-steepest, steepest),
            start: dice.unit(),
        }
    }

    pub(super) fn at(&self, x: f32, y: f32) -> f32 {
        self.strength * sine_cosine(x * self.across + y * self.down + self.start).0
    }
}

/// Cores and deltas in pixels, and waves.
pub(super) struct Field {
    cores: Vec<(f32, f32)>,
    deltas: Vec<(f32, f32)>,
    /// Height of the bend of an arch in turns, where there is neither core nor delta.
    bend: f32,
    courses: [Wave; 3],
    period: f32,
    periods: [Wave; 2],
}

impl Field {
    /// Kinds as often as among people: two loops in three fingers, whorls in most others, few arches.
    pub(super) fn draw(dice: &mut Dice<'_>, hand: Hand) -> Self {
        // most loops open to the side of the little finger
        let usual = if hand == Hand::Right { -1.0 } else { 1.0 };
        let middle = (f32::from(WIDTH) / 2.0, f32::from(HEIGHT) * 0.44);
        let core = (middle.0 + dice.between(-16.0, 16.0), middle.1 + dice.between(-20.0, 20.0));
        let delta = |dice: &mut Dice<'_>, side: f32| {
            (core.0 + side * dice.between(84.0, 128.0), core.1 + dice.between(96.0, 150.0))
        };
        let kind = dice.unit();
        let (cores, deltas) = if kind < 0.06 {
            (Vec::new(), Vec::new())
        } else if kind < 0.70 {
            let side = if dice.unit() < 0.92 { usual } else { -usual };
            (vec![core], vec![delta(dice, side)])
        } else {
            let lower = (core.0 + dice.between(-14.0, 14.0), core.1 + dice.between(30.0, 74.0));
            (vec![core, lower], vec![delta(dice, -1.0), delta(dice, 1.0)])
        };
        Self {
            cores,
            deltas,
            bend: dice.between(0.07, 0.11),
            courses: core::array::from_fn(|_| Wave::draw(dice, 0.024, 190.0)),
            period: dice.between(8.2, 9.8),
            periods: core::array::from_fn(|_| Wave::draw(dice, 0.5, 260.0)),
        }
    }

    /// Turns, 0 to below 0.5, at which the ridges run.
    fn course(&self, x: f32, y: f32) -> f32 {
        let seen = |points: &[(f32, f32)]| -> f32 { points.iter().map(|(px, py)| bearing(py - y, x - px)).sum() };
        let turns = if self.cores.is_empty() {
            let (u, v) = (x / f32::from(WIDTH) - 0.5, y / f32::from(HEIGHT));
            self.bend * sine_cosine(-u).0 * 2.0 * sine_cosine(v / 2.0).0
        } else {
            (seen(&self.cores) - seen(&self.deltas)) / 2.0
        };
        let turns = turns + self.courses.iter().map(|wave| wave.at(x, y)).sum::<f32>();
        let turns = turns - (turns * 2.0).floor() / 2.0;
        turns.clamp(0.0, 0.499_999)
    }

    /// For each pixel the number of the filter that lies along the ridges and is as wide as they are apart.
    pub(super) fn filters(&self) -> Vec<u8> {
        let at = |x: u16, y: u16| {
            let (x, y) = (f32::from(x), f32::from(y));
            let direction = super::index(self.course(x, y) * 2.0 * f32::from(DIRECTIONS)) % usize::from(DIRECTIONS);
            // ridges are farther apart towards the joint
            let period =
                self.period + self.periods.iter().map(|wave| wave.at(x, y)).sum::<f32>() + 0.7 * (y / 540.0 - 0.5);
            let nearest =
                PERIODS.iter().enumerate().min_by(|(_, a), (_, b)| (*a - period).abs().total_cmp(&(*b - period).abs()));
            let period = nearest.map_or(0, |(place, _)| place);
            u8::try_from(period * usize::from(DIRECTIONS) + direction).unwrap_or(0)
        };
        (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| at(x, y))).collect()
    }
}
