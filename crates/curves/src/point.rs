//! A public key or shared point: octets that were checked once to be a point of their curve.

use crate::group::{self, on_curve};
use crate::{Curve, CurveError};
use core::fmt;
use zeroize::Zeroizing;

/// A point of a curve, never infinity. Wiped when dropped and silent in `Debug`, since shared secrets and mapped
/// generators are points as well.
#[derive(Clone, PartialEq, Eq)]
pub struct Point {
    curve: Curve,
    octets: Zeroizing<Vec<u8>>,
}

impl Point {
    /// Reads an uncompressed point: 04, x, y in exactly the octets of the field (TR-03111 §3.2.1). Compressed and
    /// hybrid forms are not allowed in PACE, CA and TA.
    ///
    /// # Errors
    /// [`CurveError::PointFormat`] for another form or length, [`CurveError::NotOnCurve`] for coordinates that are not
    /// reduced or do not solve the equation: the public key validation of 9303-11 §4.4.1.
    pub fn decode(curve: Curve, octets: &[u8]) -> Result<Point, CurveError> {
        if octets.len() != curve.point_bytes() || octets.first() != Some(&0x04) {
            return Err(CurveError::PointFormat { expected: curve.point_bytes() });
        }
        if !on_curve!(curve, check(octets)) {
            return Err(CurveError::NotOnCurve(curve));
        }
        Ok(Self::checked(curve, octets.to_vec()))
    }

    /// Octets that the arithmetic itself has made.
    pub(crate) fn checked(curve: Curve, octets: Vec<u8>) -> Point {
        Point { curve, octets: Zeroizing::new(octets) }
    }

    /// 04, x, y.
    pub fn encode(&self) -> Vec<u8> {
        self.octets.to_vec()
    }

    /// 04, x, y, borrowed.
    pub fn as_octets(&self) -> &[u8] {
        &self.octets
    }

    /// x coordinate in the octets of the field, zeros on the left kept: the shared secret of 9303-11 §9.5.2 and the
    /// compressed key Comp() of TR-03110-3 §A.2.2.3.
    pub fn x(&self) -> Vec<u8> {
        self.octets.iter().skip(1).take(self.curve.field_bytes()).copied().collect()
    }

    /// The group that the point belongs to.
    pub const fn curve(&self) -> Curve {
        self.curve
    }

    /// The base point of the standard.
    pub fn generator(curve: Curve) -> Point {
        Self::checked(curve, curve.parameters().g)
    }
}

impl fmt::Debug for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Point({})", self.curve)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_tells_the_curve_and_nothing_else() {
        assert_eq!(format!("{:?}", Point::generator(Curve::P256)), "Point(P-256)");
    }

    #[test]
    fn encode_and_decode_are_inverse() {
        for curve in Curve::ALL.iter().copied() {
            let generator = Point::generator(curve);
            assert_eq!(Point::decode(curve, &generator.encode()), Ok(generator.clone()));
            assert_eq!(generator.x(), generator.encode()[1..=curve.field_bytes()]);
        }
    }

    #[test]
    fn a_point_of_another_curve_is_not_on_this_one() {
        let octets = Point::generator(Curve::P256).encode();
        assert_eq!(Point::decode(Curve::BrainpoolP256r1, &octets), Err(CurveError::NotOnCurve(Curve::BrainpoolP256r1)));
        assert_eq!(Point::decode(Curve::P384, &octets), Err(CurveError::PointFormat { expected: 97 }));
    }
}
