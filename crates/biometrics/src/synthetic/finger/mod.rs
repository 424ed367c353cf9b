//! Fingers of nobody, and any number of impressions of each with the true minutiae: what an extractor and a matcher are
//! measured with. The same random octets give the same finger and the same impressions on every machine.
//!
//! Nothing here is meant to pass for a person's print: courses are drawn from two dozen numbers and do not cover what
//! nature does. Figures measured with them say how two versions of an extractor compare, and little about live skin.

mod field;
mod growth;
mod press;
mod truth;

pub use press::{Conditions, Impression};

use rand_core::CryptoRng;

use super::Dice;
use crate::raster::{Grey, RasterError};

/// Columns of a finger's relief, 500 to the inch: 21 mm.
pub(super) const WIDTH: u16 = 416;
/// Rows of a finger's relief: 27 mm.
pub(super) const HEIGHT: u16 = 536;

/// The hand that a finger belongs to: loops open to the side of the little finger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// Right.
    Right,
    /// Left.
    Left,
}

/// What a minutia is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A ridge ends.
    Ending,
    /// A ridge becomes two.
    Bifurcation,
}

/// A true minutia.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Minutia {
    /// Pixels from the left.
    pub x: f32,
    /// Pixels from the top.
    pub y: f32,
    /// Turns, 0 to below 1, counter-clockwise from the right: from the end of a ridge along that ridge, from a
    /// bifurcation along the valley between the two branches (19794-2 §6.3).
    pub direction: f32,
    /// Ending or bifurcation. Under light or heavy pressure one may look like the other.
    pub kind: Kind,
}

/// A finger: its relief and its minutiae.
pub struct Finger {
    /// -256 to 256, row by row from the top; ridges are positive.
    relief: Vec<i16>,
    minutiae: Vec<Minutia>,
}

impl Finger {
    /// Grows a finger of this hand.
    pub fn grow(rng: &mut dyn CryptoRng, hand: Hand) -> Self {
        let filters = field::Field::draw(&mut Dice(rng), hand).filters();
        let relief = growth::grow(rng, &filters);
        let minutiae = truth::minutiae(&relief);
        Self { relief, minutiae }
    }

    /// Every minutia of the finger, in pixels of its relief.
    pub fn minutiae(&self) -> &[Minutia] {
        &self.minutiae
    }

    /// Presses the finger on a sensor. The true minutiae come along to where skin and sensor took them.
    ///
    /// # Errors
    /// [`RasterError::Empty`] for a window without a pixel.
    pub fn press(&self, rng: &mut dyn CryptoRng, conditions: &Conditions) -> Result<Impression, RasterError> {
        press::press(self, rng, conditions)
    }

    /// Height of the relief between pixels, -1 to 1; nothing outside.
    fn height_at(&self, x: f32, y: f32) -> f32 {
        let inside = x >= 0.0 && y >= 0.0 && x < f32::from(WIDTH - 1) && y < f32::from(HEIGHT - 1);
        if !inside {
            return 0.0;
        }
        let (column, row) = (index(x), index(y));
        let (u, v) = (x - coordinate(column), y - coordinate(row));
        let start = row * usize::from(WIDTH) + column;
        let pair = |start: usize| match self.relief.get(start..start + 2) {
            Some([left, right]) => f32::from(*left) * (1.0 - u) + f32::from(*right) * u,
            _ => 0.0,
        };
        (pair(start) * (1.0 - v) + pair(start + usize::from(WIDTH)) * v) / 256.0
    }
}

impl core::fmt::Debug for Finger {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Finger({} minutiae)", self.minutiae.len())
    }
}

/// The whole part of a small number, 0 when it is negative.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the conversion stops at 0 and at the end")]
fn index(value: f32) -> usize {
    value as usize
}

/// A small index as a coordinate.
fn coordinate(index: usize) -> f32 {
    f32::from(u16::try_from(index).unwrap_or(u16::MAX))
}

/// A plane of samples of this size.
fn plane(width: u16, height: u16, samples: Vec<u8>) -> Result<Grey, RasterError> {
    Grey::new(u32::from(width), u32::from(height), samples)
}

#[cfg(test)]
mod tests;
