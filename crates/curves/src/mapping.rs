//! Mappings of a nonce to a new generator of the group, 9303-11 §4.4.3.3, and the Chip Authentication Data that prove
//! in PACE-CAM whose mapping key it was, §4.4.3.5.
//!
//! The functions here are those of one family; [`MappedGenerator`](crate::MappedGenerator) is over both.

use crate::group::{self, on_curve, same};
use crate::{Curve, CurveError, DhGroup, DhPublic, Point, SecretScalar, dh};
use bitaqa_tally::Operation;

/// The longest nonce of PACE: two blocks of AES for keys of 192 and 256 bits, 9303-11 §4.4.3.3.
const NONCE_BYTES_MAX: usize = 32;

/// Generic mapping over ECDH, 9303-11 §4.4.3.3.1: G~ = s·G + H with the nonce `s` (big endian, taken modulo n, so it
/// may be longer than the order of a small curve) and the point `shared` = H of the anonymous key agreement. Time does
/// not depend on either value.
///
/// # Errors
/// [`CurveError::Nonce`] for a nonce of more than 32 octets and of more than the order has, [`CurveError::Infinity`]
/// when G~ is infinity.
pub fn generic(nonce: &[u8], shared: &Point) -> Result<Point, CurveError> {
    let curve = shared.curve();
    if nonce.len() > curve.field_bytes().max(NONCE_BYTES_MAX) {
        return Err(CurveError::Nonce(curve.into()));
    }
    bitaqa_tally::note(Operation::GeneratorMultiplication, curve.name(), 0);
    let octets = on_curve!(curve, map_generic(nonce, shared.as_octets())).ok_or(CurveError::Infinity)?;
    Ok(Point::checked(curve, octets))
}

/// Generic mapping over DH, 9303-11 §4.4.3.3.1: g~ = g^s · h with the nonce `s` (big endian, taken modulo q) and the
/// value `shared` = h of the anonymous key agreement. Time does not depend on either value.
///
/// # Errors
/// [`CurveError::Nonce`] for a nonce of more than 32 octets, [`CurveError::Infinity`] when g~ is 1.
pub fn generic_dh(nonce: &[u8], shared: &DhPublic) -> Result<DhPublic, CurveError> {
    if nonce.len() > NONCE_BYTES_MAX {
        return Err(CurveError::Nonce(shared.group().into()));
    }
    dh::map_generic(nonce, shared)
}

/// Integrated mapping over ECDH, 9303-11 §4.4.3.3.2 and Appendix B.2: the point encoding of `pseudo_random`, which is
/// R(s, t) as the block cipher gives it or R_p(s, t), reduced or not: it is taken modulo p here. Time depends on its
/// length only.
///
/// # Errors
/// [`CurveError::NoIntegratedMapping`] for P-224, whose prime is 1 modulo 4; [`CurveError::Degenerate`] for 0, 1 and -1
/// modulo p, which the encoding does not know and which honest parties never meet.
pub fn integrated(curve: Curve, pseudo_random: &[u8]) -> Result<Point, CurveError> {
    if !is_integrated_defined(curve) {
        return Err(CurveError::NoIntegratedMapping(curve));
    }
    bitaqa_tally::note(Operation::PointEncoding, curve.name(), 0);
    let octets = on_curve!(curve, map_integrated(pseudo_random)).ok_or(CurveError::Degenerate(curve.into()))?;
    Ok(Point::checked(curve, octets))
}

/// Integrated mapping over DH, 9303-11 §4.4.3.3.2: g~ = x^((p-1)/q) of `pseudo_random` = R(s, t), taken modulo p here.
/// Time depends on its length only.
///
/// # Errors
/// [`CurveError::Degenerate`] when g~ is 0 or 1.
pub fn integrated_dh(group: DhGroup, pseudo_random: &[u8]) -> Result<DhPublic, CurveError> {
    dh::map_integrated(group, pseudo_random).ok_or(CurveError::Degenerate(group.into()))
}

/// Whether the curve knows the integrated mapping, 9303-11 §9.5.1 table 12 and Appendix B.1: p = 3 modulo 4.
pub fn is_integrated_defined(curve: Curve) -> bool {
    on_curve!(curve, is_integrated_mapping_defined())
}

/// Chip Authentication Data of PACE-CAM, 9303-11 §4.4.3.5.1: the private key of the mapping divided by the static one,
/// modulo n. Its [`SecretScalar::to_bytes`] is what the chip encrypts for the terminal.
///
/// # Errors
/// [`CurveError::Mixed`] for keys of two curves.
pub fn chip_authentication_data(
    static_key: &SecretScalar,
    mapping_key: &SecretScalar,
) -> Result<SecretScalar, CurveError> {
    let curve = static_key.curve();
    same(curve, mapping_key.curve())?;
    let octets = on_curve!(curve, quotient(mapping_key.as_octets(), static_key.as_octets()));
    octets.map(|octets| SecretScalar::checked(curve, octets)).ok_or(CurveError::Scalar(curve.into()))
}

/// The terminal's side, 9303-11 §4.4.3.5.2: whether `data` times the static public key is the key that the chip used in
/// the mapping. Says nothing about the static key itself: that is Passive Authentication's part.
///
/// # Errors
/// [`CurveError::Mixed`] for keys of two curves, [`CurveError::Scalar`] for data out of 1..n-1,
/// [`CurveError::ChipAuthentication`] when the equation does not hold.
pub fn verify_chip_authentication_data(
    data: &[u8],
    static_public: &Point,
    mapping_public: &Point,
) -> Result<(), CurveError> {
    same(static_public.curve(), mapping_public.curve())?;
    let product = SecretScalar::from_bytes(static_public.curve(), data)?.agree(static_public)?;
    if product == *mapping_public { Ok(()) } else { Err(CurveError::ChipAuthentication) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DhSecret;

    fn key(curve: Curve, octet: u8) -> SecretScalar {
        SecretScalar::from_bytes(curve, &[octet; 20]).unwrap()
    }

    #[test]
    fn infinity_is_refused_and_zero_and_order_change_nothing() {
        for curve in Curve::ALL.iter().copied() {
            let generator = Point::generator(curve);
            let mut n = curve.parameters().n;
            assert_eq!(generic(&[0; 16], &generator), Ok(generator.clone()));
            assert_eq!(generic(&n, &generator), Ok(generator.clone()));
            *n.last_mut().unwrap() -= 1; // (n - 1)·G + G
            assert_eq!(generic(&n, &generator), Err(CurveError::Infinity));
            assert_eq!(generic(&[1; 67], &generator), Err(CurveError::Nonce(curve.into())));
            assert!(generic(&[0xFF; 32], &generator).is_ok());
            // 2·G + G, also when the addition is a doubling: 1·G + G
            for (nonce, sum) in [(2u8, 3u8), (1, 2)] {
                let expected = SecretScalar::from_bytes(curve, &[sum]).unwrap().public();
                assert_eq!(generic(&[nonce], &generator), Ok(expected));
            }
        }
    }

    #[test]
    fn one_is_refused_and_zero_and_order_change_nothing() {
        for group in DhGroup::ALL.iter().copied() {
            let generator = DhPublic::generator(group);
            let mut q = group.parameters().q;
            assert_eq!(generic_dh(&[0; 16], &generator), Ok(generator.clone()));
            assert_eq!(generic_dh(&q, &generator), Ok(generator.clone()));
            *q.last_mut().unwrap() -= 1; // g^(q - 1) · g
            assert_eq!(generic_dh(&q, &generator), Err(CurveError::Infinity));
            assert_eq!(generic_dh(&[1; 33], &generator), Err(CurveError::Nonce(group.into())));
            let square = DhSecret::from_bytes(group, &[2]).unwrap().public();
            assert_eq!(generic_dh(&[1], &generator), Ok(square));
        }
    }

    /// p + d for a small d, as octets.
    fn near(p: &[u8], d: i16) -> Vec<u8> {
        let mut sum = vec![0];
        sum.extend_from_slice(p);
        let mut carry = d;
        for octet in sum.iter_mut().rev() {
            let value = i16::from(*octet) + carry;
            *octet = u8::try_from(value.rem_euclid(256)).unwrap();
            carry = value.div_euclid(256);
        }
        sum
    }

    #[test]
    fn values_without_an_encoding_are_refused() {
        for curve in Curve::ALL.iter().copied() {
            let p = curve.parameters().p;
            if curve == Curve::P224 {
                assert_eq!(integrated(curve, &[7; 48]), Err(CurveError::NoIntegratedMapping(curve)));
                continue;
            }
            assert!(is_integrated_defined(curve));
            let degenerate = Err(CurveError::Degenerate(curve.into()));
            for octets in [vec![], vec![0; 80], vec![0, 1], near(&p, -1), near(&p, 0), near(&p, 1)] {
                assert_eq!(integrated(curve, &octets), degenerate, "{curve}");
            }
            // t and -t meet the same x; t and t + p the same point.
            let (two, minus_two) = (integrated(curve, &[2]).unwrap(), integrated(curve, &near(&p, -2)).unwrap());
            assert_eq!(two.x(), minus_two.x());
            assert_eq!(Ok(two.clone()), integrated(curve, &near(&p, 2)));
            assert_eq!(Point::decode(curve, &two.encode()), Ok(two));
        }
        for group in DhGroup::ALL.iter().copied() {
            let parameters = group.parameters();
            let degenerate = Err(CurveError::Degenerate(group.into()));
            // g has order q, which does not divide the cofactor again; p - 1 has order 2, which does.
            for octets in [vec![], vec![0; 300], vec![1], near(&parameters.p, -1), near(&parameters.p, 1)] {
                assert_eq!(integrated_dh(group, &octets), degenerate, "{group}");
            }
            let two = integrated_dh(group, &[2]).unwrap();
            assert_eq!(Ok(two.clone()), integrated_dh(group, &near(&parameters.p, 2)));
            assert_eq!(DhPublic::decode(group, &two.encode()), Ok(two));
        }
    }

    #[test]
    fn chip_authentication_data_belong_to_both_keys() {
        for curve in Curve::ALL.iter().copied() {
            let (fixed, mapping) = (key(curve, 3), key(curve, 5));
            let data = chip_authentication_data(&fixed, &mapping).unwrap();
            let verify = |data: &[u8], fixed: &SecretScalar, mapping: &SecretScalar| {
                verify_chip_authentication_data(data, &fixed.public(), &mapping.public())
            };
            assert_eq!(data.to_bytes().len(), curve.field_bytes());
            assert_eq!(verify(&data.to_bytes(), &fixed, &mapping), Ok(()));
            assert_eq!(verify(&data.to_bytes(), &mapping, &fixed), Err(CurveError::ChipAuthentication));
            assert_eq!(verify(&[1], &fixed, &mapping), Err(CurveError::ChipAuthentication));
            assert_eq!(verify(&[0; 20], &fixed, &mapping), Err(CurveError::Scalar(curve.into())));
            assert_eq!(verify(&curve.parameters().n, &fixed, &mapping), Err(CurveError::Scalar(curve.into())));
        }
        let mixed = chip_authentication_data(&key(Curve::P256, 3), &key(Curve::P384, 3));
        assert_eq!(mixed.err(), Some(CurveError::Mixed(Curve::P256.into(), Curve::P384.into())));
    }
}
