//! ECDSA over a digest, TR-03111 §4.2.1. Signatures are raw, r ‖ s, each as long as the order: the plain format of
//! TR-03111 §5.2.1 that CV certificates and TA use. X.509 and CMS want DER, hence the two conversions.

use crate::group::{self, on_curve};
use crate::{Curve, CurveError, Point, SecretScalar};
use bitaqa_tally::Operation;
use der::asn1::UintRef;
use der::{Decode, Encode, Sequence};

/// RFC 3279 §2.2.3.
/// ```text
/// Ecdsa-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER }
/// ```
#[derive(Sequence)]
struct EcdsaSigValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// Signs a digest deterministically, RFC 6979; the digest's length tells which hash drives the nonce.
///
/// # Errors
/// [`CurveError::Digest`] for a length that is none of SHA-224, -256, -384, -512.
pub fn sign_digest(key: &SecretScalar, digest: &[u8]) -> Result<Vec<u8>, CurveError> {
    bitaqa_tally::note(Operation::EcdsaSignature, key.curve().name(), 0);
    on_curve!(key.curve(), sign(key.as_octets(), digest))
}

/// Verifies a raw signature over a digest.
///
/// # Errors
/// [`CurveError::SignatureFormat`] for a wrong length or r, s out of 1..n-1, [`CurveError::Digest`] for a digest
/// shorter than SHA-1's, [`CurveError::Signature`] when it does not verify.
pub fn verify_digest(key: &Point, digest: &[u8], raw: &[u8]) -> Result<(), CurveError> {
    if !matches!(digest.len(), 20 | 28 | 32 | 48 | 64) {
        return Err(CurveError::Digest(digest.len()));
    }
    bitaqa_tally::note(Operation::EcdsaVerification, key.curve().name(), 0);
    on_curve!(key.curve(), verify(key.as_octets(), digest, raw))
}

/// r ‖ s -> DER `Ecdsa-Sig-Value`.
///
/// # Errors
/// [`CurveError::SignatureFormat`] for a wrong length or r, s out of 1..n-1.
pub fn raw_to_der(curve: Curve, raw: &[u8]) -> Result<Vec<u8>, CurveError> {
    checked(curve, raw)?;
    let (r, s) = raw.split_at_checked(raw.len() / 2).ok_or(CurveError::SignatureFormat)?;
    let value = EcdsaSigValue { r: unsigned(r)?, s: unsigned(s)? };
    value.to_der().map_err(|_| CurveError::SignatureFormat)
}

/// DER `Ecdsa-Sig-Value` -> r ‖ s.
///
/// # Errors
/// [`CurveError::SignatureFormat`] for what is not DER, or r, s out of 1..n-1.
pub fn der_to_raw(curve: Curve, der: &[u8]) -> Result<Vec<u8>, CurveError> {
    let value = EcdsaSigValue::from_der(der).map_err(|_| CurveError::SignatureFormat)?;
    let mut raw = Vec::with_capacity(2 * curve.field_bytes());
    for number in [value.r.as_bytes(), value.s.as_bytes()] {
        let padding = curve.field_bytes().checked_sub(number.len()).ok_or(CurveError::SignatureFormat)?;
        raw.resize(raw.len() + padding, 0);
        raw.extend_from_slice(number);
    }
    checked(curve, &raw)?;
    Ok(raw)
}

fn checked(curve: Curve, raw: &[u8]) -> Result<(), CurveError> {
    if on_curve!(curve, is_signature(raw)) { Ok(()) } else { Err(CurveError::SignatureFormat) }
}

fn unsigned(octets: &[u8]) -> Result<UintRef<'_>, CurveError> {
    UintRef::new(octets).map_err(|_| CurveError::SignatureFormat)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(curve: Curve) -> SecretScalar {
        SecretScalar::from_bytes(curve, &[0x42; 20]).unwrap()
    }

    #[test]
    fn zero_and_order_are_no_halves_of_a_signature() {
        for curve in Curve::ALL.iter().copied() {
            let good = sign_digest(&key(curve), &[1; 32]).unwrap();
            let (r, s) = good.split_at(good.len() / 2);
            let (zero, n) = (vec![0; r.len()], curve.parameters().n);
            for bad in [[&zero, s].concat(), [r, &zero].concat(), [&n, s].concat(), [r, &n].concat(), r.to_vec()] {
                assert_eq!(raw_to_der(curve, &bad), Err(CurveError::SignatureFormat));
                let verdict = verify_digest(&key(curve).public(), &[1; 32], &bad);
                assert_eq!(verdict, Err(CurveError::SignatureFormat));
            }
        }
    }

    #[test]
    fn der_must_be_der() {
        let raw = sign_digest(&key(Curve::P256), &[1; 32]).unwrap();
        let mut der = raw_to_der(Curve::P256, &raw).unwrap();
        assert_eq!(der_to_raw(Curve::P256, &der).as_deref(), Ok(raw.as_slice()));
        der.push(0);
        assert_eq!(der_to_raw(Curve::P256, &der), Err(CurveError::SignatureFormat));
        assert_eq!(der_to_raw(Curve::P256, b"\x30\x06\x02\x01\x00\x02\x01\x01"), Err(CurveError::SignatureFormat));
        assert_eq!(der_to_raw(Curve::P256, b"\x30\x06\x02\x01\x81\x02\x01\x01"), Err(CurveError::SignatureFormat));
    }

    #[test]
    fn digests_of_no_hash_are_refused() {
        assert_eq!(sign_digest(&key(Curve::P256), &[0; 31]), Err(CurveError::Digest(31)));
        assert_eq!(verify_digest(&key(Curve::P256).public(), &[], &[0; 64]), Err(CurveError::Digest(0)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn signatures_verify_and_nothing_else_does(
            // The smallest order leaves 192 bits of a digest.
            curve in proptest::sample::select(Curve::ALL), digest in any::<[u8; 32]>(), flip in 0usize..192,
        ) {
            let raw = sign_digest(&key(curve), &digest).unwrap();
            let public = key(curve).public();
            prop_assert_eq!(verify_digest(&public, &digest, &raw), Ok(()));
            prop_assert_eq!(der_to_raw(curve, &raw_to_der(curve, &raw).unwrap()), Ok(raw.clone()));
            let mut other = digest;
            other[flip / 8] ^= 1 << (flip % 8);
            prop_assert_eq!(verify_digest(&public, &other, &raw), Err(CurveError::Signature));
        }

        #[test]
        fn no_octets_make_the_reader_panic(octets in proptest::collection::vec(any::<u8>(), 0..150)) {
            for curve in Curve::ALL.iter().copied() {
                let _ = der_to_raw(curve, &octets);
                let _ = raw_to_der(curve, &octets);
                let _ = Point::decode(curve, &octets);
            }
        }
    }
}
