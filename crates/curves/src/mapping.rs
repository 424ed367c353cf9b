//! Mappings of a nonce to a new generator of the group, 9303-11 §4.4.3.3.

use crate::group::{self, on_curve};
use crate::{CurveError, Point};

/// Generic mapping, 9303-11 §4.4.3.3.1: G~ = s·G + H with the nonce `s` (big endian, taken modulo n) and the point
/// `shared` = H of the anonymous key agreement. Time does not depend on either value.
///
/// # Errors
/// [`CurveError::Nonce`] for a nonce with more octets than the order, [`CurveError::Infinity`] when G~ is infinity.
pub fn generic(nonce: &[u8], shared: &Point) -> Result<Point, CurveError> {
    let curve = shared.curve();
    if nonce.len() > curve.field_bytes() {
        return Err(CurveError::Nonce(curve));
    }
    let octets = on_curve!(curve, map_generic(nonce, shared.as_octets())).ok_or(CurveError::Infinity)?;
    Ok(Point::checked(curve, octets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Curve, SecretScalar};

    #[test]
    fn infinity_is_refused_and_zero_and_order_change_nothing() {
        for curve in Curve::ALL.iter().copied() {
            let generator = Point::generator(curve);
            let mut n = curve.parameters().n;
            assert_eq!(generic(&[0; 16], &generator), Ok(generator.clone()));
            assert_eq!(generic(&n, &generator), Ok(generator.clone()));
            *n.last_mut().unwrap() -= 1; // (n - 1)·G + G
            assert_eq!(generic(&n, &generator), Err(CurveError::Infinity));
            assert_eq!(generic(&[1; 49], &generator), Err(CurveError::Nonce(curve)));
            // 2·G + G, also when the addition is a doubling: 1·G + G
            for (nonce, sum) in [(2u8, 3u8), (1, 2)] {
                let expected = SecretScalar::from_bytes(curve, &[sum]).unwrap().public();
                assert_eq!(generic(&[nonce], &generator), Ok(expected));
            }
        }
    }
}
