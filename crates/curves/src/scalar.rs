//! Private keys: numbers of 1..n-1 that are wiped and never shown.

use crate::group::{self, on_curve, same};
use crate::{Curve, CurveError, Point};
use bitaqa_tally::Operation;
use core::fmt;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// A private key, static or ephemeral. Wiped when dropped; `Debug` prints the curve only.
#[derive(Clone)]
pub struct SecretScalar {
    curve: Curve,
    /// As long as the field.
    octets: Zeroizing<Vec<u8>>,
}

impl SecretScalar {
    /// A fresh key, evenly drawn from 1..n-1.
    pub fn generate(curve: Curve, rng: &mut dyn CryptoRng) -> Self {
        Self { curve, octets: on_curve!(curve, generate(rng)) }
    }

    /// Reads a big-endian number; zeros on the left may be more or fewer than the field has octets.
    ///
    /// # Errors
    /// [`CurveError::Scalar`] for zero and for numbers of n and above.
    pub fn from_bytes(curve: Curve, octets: &[u8]) -> Result<Self, CurveError> {
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        let number = octets.get(zeros..).unwrap_or_default();
        let padding = curve.field_bytes().checked_sub(number.len()).ok_or(CurveError::Scalar(curve.into()))?;
        // Reserved in full first: a growing buffer would leave copies of the key behind.
        let mut padded = Zeroizing::new(Vec::with_capacity(curve.field_bytes()));
        padded.resize(padding, 0);
        padded.extend_from_slice(number);
        if on_curve!(curve, is_scalar(&padded)) {
            Ok(Self { curve, octets: padded })
        } else {
            Err(CurveError::Scalar(curve.into()))
        }
    }

    /// Octets that the arithmetic itself has made.
    pub(crate) fn checked(curve: Curve, octets: Zeroizing<Vec<u8>>) -> Self {
        Self { curve, octets }
    }

    /// Big endian, as long as the field.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        self.octets.clone()
    }

    /// The group of the key.
    pub const fn curve(&self) -> Curve {
        self.curve
    }

    /// The public key on the standard's base point.
    pub fn public(&self) -> Point {
        bitaqa_tally::note(Operation::GeneratorMultiplication, self.curve.name(), 0);
        // The product of a scalar of 1..n-1 with a generator of order n is never infinity; the generator stands in
        // only to keep this road free of panics.
        on_curve!(self.curve, multiply_generator(&self.octets))
            .map_or_else(|| Point::generator(self.curve), |octets| Point::checked(self.curve, octets))
    }

    /// The public key on another base point, as PACE needs after the mapping (9303-11 §4.4.3.3).
    ///
    /// # Errors
    /// [`CurveError::Mixed`] for a base of another curve.
    pub fn public_on(&self, base: &Point) -> Result<Point, CurveError> {
        same(self.curve, base.curve())?;
        bitaqa_tally::note(Operation::PointMultiplication, self.curve.name(), 0);
        let octets = on_curve!(self.curve, multiply(&self.octets, base.as_octets())).ok_or(CurveError::Infinity)?;
        Ok(Point::checked(self.curve, octets))
    }

    /// The shared point with a peer, ECKA of TR-03111 §4.3.1; its [`Point::x`] is the shared secret.
    ///
    /// # Errors
    /// [`CurveError::Mixed`] for a peer of another curve, [`CurveError::Infinity`] for a useless result.
    pub fn agree(&self, peer: &Point) -> Result<Point, CurveError> {
        self.public_on(peer)
    }

    pub(crate) fn as_octets(&self) -> &[u8] {
        &self.octets
    }
}

impl fmt::Debug for SecretScalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretScalar({})", self.curve)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn debug_tells_the_curve_and_nothing_else() {
        let key = SecretScalar::from_bytes(Curve::P384, &[0xAB; 32]).unwrap();
        assert_eq!(format!("{key:?}"), "SecretScalar(P-384)");
    }

    #[test]
    fn the_range_is_one_to_order_minus_one() {
        for curve in Curve::ALL.iter().copied() {
            let mut n = curve.parameters().n;
            assert!(SecretScalar::from_bytes(curve, &[]).is_err());
            assert!(SecretScalar::from_bytes(curve, &[0; 99]).is_err());
            assert!(SecretScalar::from_bytes(curve, &n).is_err());
            assert!(SecretScalar::from_bytes(curve, &[0xFF; 67]).is_err());
            *n.last_mut().unwrap() -= 1;
            assert!(SecretScalar::from_bytes(curve, &n).is_ok());
            assert_eq!(SecretScalar::from_bytes(curve, &[0, 0, 1]).unwrap().public(), Point::generator(curve));
        }
    }

    #[test]
    fn curves_do_not_mix() {
        let key = SecretScalar::from_bytes(Curve::P256, &[5]).unwrap();
        let peer = Point::generator(Curve::BrainpoolP256r1);
        assert_eq!(key.agree(&peer), Err(CurveError::Mixed(Curve::P256.into(), Curve::BrainpoolP256r1.into())));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn both_parties_agree(
            curve in proptest::sample::select(Curve::ALL), a in any::<[u8; 23]>(), b in any::<[u8; 23]>(),
        ) {
            let (Ok(a), Ok(b)) = (SecretScalar::from_bytes(curve, &a), SecretScalar::from_bytes(curve, &b)) else {
                return Ok(()); // zero
            };
            prop_assert_eq!(a.agree(&b.public()).unwrap(), b.agree(&a.public()).unwrap());
            prop_assert_eq!(a.public_on(&Point::generator(curve)).unwrap(), a.public());
        }

        #[test]
        fn octets_come_back(curve in proptest::sample::select(Curve::ALL), octets in any::<[u8; 20]>()) {
            if let Ok(key) = SecretScalar::from_bytes(curve, &octets) {
                prop_assert_eq!(key.to_bytes().len(), curve.field_bytes());
                prop_assert_eq!(&key.to_bytes()[curve.field_bytes() - 20..], &octets);
            }
        }
    }
}
