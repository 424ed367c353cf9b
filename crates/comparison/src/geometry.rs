//! Points and directions in whole numbers.

use crate::Minutia;

/// Steps of a full turn.
pub const TURN: i32 = 64;
/// 1 in the fixed-point numbers here.
pub const ONE: i32 = 1 << 14;

/// Sine and cosine of the borders between directions in the first quarter, half a step and on, in units of [`ONE`].
const BORDERS: [(i32, i32); 16] = [
    (804, 16364),
    (2404, 16207),
    (3981, 15893),
    (5520, 15426),
    (7005, 14811),
    (8423, 14053),
    (9760, 13160),
    (11003, 12140),
    (12140, 11003),
    (13160, 9760),
    (14053, 8423),
    (14811, 7005),
    (15426, 5520),
    (15893, 3981),
    (16207, 2404),
    (16364, 804),
];

/// A minutia.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// Tenths of a millimetre from the left.
    pub x: i32,
    /// Tenths of a millimetre from the top.
    pub y: i32,
    /// 0 to 63, counter-clockwise from the right.
    pub angle: i32,
    /// 0 other, 1 ending, 2 bifurcation.
    pub kind: u8,
}

impl Point {
    /// Out of the compact form.
    pub fn of([x, y, last]: Minutia) -> Self {
        Self { x: x.into(), y: y.into(), angle: (last & 0x3F).into(), kind: last >> 6 }
    }
}

/// Steps between two directions, 0 to 32.
pub fn difference(one: i32, other: i32) -> i32 {
    let turn = (one - other).rem_euclid(TURN);
    turn.min(TURN - turn)
}

/// Direction of a vector, 0 to 63 counter-clockwise from the right; y points down.
pub fn direction(x: i64, y: i64) -> i32 {
    // Turned into the first quarter, of which the direction is the number of borders that lie below it.
    let (along, across, quarter) = match (x >= 0, y > 0) {
        (true, false) => (x, -y, 0),
        (false, false) => (-y, -x, 1),
        (false, true) => (-x, y, 2),
        (true, true) => (y, x, 3),
    };
    let passed = BORDERS.iter().map(|(sine, cosine)| i32::from(across * i64::from(*cosine) > along * i64::from(*sine)));
    (quarter * TURN / 4 + passed.sum::<i32>()).rem_euclid(TURN)
}
