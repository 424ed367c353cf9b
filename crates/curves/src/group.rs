//! The arithmetic, written once for every curve of the library family and chosen at run time by [`on_curve`].
//!
//! Functions take and give octets: a point is `04 x y` that [`point`] has checked before, a scalar is as long as the
//! field. Multiplication by a secret is constant in time; so is the addition after it.

use crate::{Curve, CurveError, Parameters};
use ::ecdsa::{EcdsaCurve, Signature, hazmat};
use elliptic_curve::ff::{Field, PrimeField};
use elliptic_curve::group::Group as _;
use elliptic_curve::point::AffineCoordinates;
use elliptic_curve::subtle::{ConditionallySelectable, ConstantTimeEq};
use elliptic_curve::{CurveArithmetic, FieldBytes, Generate, NonZeroScalar, Scalar};
use primeorder::{AffinePoint, PrimeCurveParams, ProjectivePoint};
use rand_core::CryptoRng;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use zeroize::{Zeroize, Zeroizing};

/// Calls the function of this module with the library's type for a run-time [`Curve`].
macro_rules! on_curve {
    ($curve:expr, $function:ident($($argument:expr),*)) => {
        match $curve {
            $crate::Curve::P192 => group::$function::<$crate::prime_curves::NistP192>($($argument),*),
            $crate::Curve::BrainpoolP192r1 => group::$function::<$crate::prime_curves::BrainpoolP192r1>($($argument),*),
            $crate::Curve::P224 => group::$function::<$crate::prime_curves::NistP224>($($argument),*),
            $crate::Curve::BrainpoolP224r1 => group::$function::<$crate::prime_curves::BrainpoolP224r1>($($argument),*),
            $crate::Curve::P256 => group::$function::<p256::NistP256>($($argument),*),
            $crate::Curve::BrainpoolP256r1 => group::$function::<bp256::BrainpoolP256r1>($($argument),*),
            $crate::Curve::BrainpoolP320r1 => group::$function::<$crate::prime_curves::BrainpoolP320r1>($($argument),*),
            $crate::Curve::P384 => group::$function::<p384::NistP384>($($argument),*),
            $crate::Curve::BrainpoolP384r1 => group::$function::<bp384::BrainpoolP384r1>($($argument),*),
            $crate::Curve::BrainpoolP512r1 => group::$function::<$crate::prime_curves::BrainpoolP512r1>($($argument),*),
            $crate::Curve::P521 => group::$function::<p521::NistP521>($($argument),*),
        }
    };
}
pub(crate) use on_curve;

/// What is asked of a curve of the library; all of them give it, so this is a name for the bound and no more.
pub trait Group: PrimeCurveParams + EcdsaCurve + CurveArithmetic {}
impl<C> Group for C where C: PrimeCurveParams + EcdsaCurve + CurveArithmetic {}

/// Domain parameters.
pub fn parameters<C: Group>() -> Parameters {
    Parameters {
        p: modulus::<C::FieldElement>(),
        a: C::EQUATION_A.to_repr().to_vec(),
        b: C::EQUATION_B.to_repr().to_vec(),
        g: octets::<C>(&AffinePoint::<C>::GENERATOR),
        n: modulus::<Scalar<C>>(),
        h: vec![1],
    }
}

/// The odd prime of a field: the value of -1 with its last bit set.
fn modulus<F: PrimeField>() -> Vec<u8> {
    let mut octets = (-F::ONE).to_repr().as_ref().to_vec();
    if let Some(last) = octets.last_mut() {
        *last |= 1;
    }
    octets
}

/// A big-endian number of any length modulo the prime of a field, eight octets a step. Time depends on the length only.
fn residue<F: PrimeField>(octets: &[u8]) -> F {
    let shift = F::from(u64::MAX) + F::ONE;
    octets.rchunks(8).rev().fold(F::ZERO, |sum, chunk| {
        let word = chunk.iter().fold(0, |word, octet| word << 8 | u64::from(*octet));
        sum * shift + F::from(word)
    })
}

/// Whether `04 x y` of the right length is a point; reduced coordinates only.
pub fn check<C: Group>(octets: &[u8]) -> bool {
    point::<C>(octets).is_some()
}

/// `scalar · base`, `None` for infinity or operands out of range.
pub fn multiply<C: Group>(scalar: &[u8], base: &[u8]) -> Option<Vec<u8>> {
    let mut scalar = self::scalar::<C>(scalar)?;
    let result = affine(ProjectivePoint::<C>::from(point::<C>(base)?) * *scalar.as_ref());
    scalar.zeroize();
    result
}

/// `scalar · G` by the library's table for the generator.
pub fn multiply_generator<C: Group>(scalar: &[u8]) -> Option<Vec<u8>> {
    let mut scalar = self::scalar::<C>(scalar)?;
    let result = affine(ProjectivePoint::<C>::mul_by_generator(scalar.as_ref()));
    scalar.zeroize();
    result
}

/// `nonce · G + shared`, the nonce taken modulo n; `None` for infinity.
pub fn map_generic<C: Group>(nonce: &[u8], shared: &[u8]) -> Option<Vec<u8>> {
    let mut scalar = residue::<Scalar<C>>(nonce);
    let result = affine(ProjectivePoint::<C>::mul_by_generator(&scalar) + point::<C>(shared)?);
    scalar.zeroize();
    result
}

/// Point encoding of 9303-11 Appendix B.2 for a field with p = 3 mod 4, the octets taken modulo p; `None` for the
/// residues 0, 1 and -1, at which it divides by zero. The cofactor is 1, so step 10 changes nothing.
///
/// Both candidates are computed and one is selected: which of them is on the curve would tell of the nonce.
pub fn map_integrated<C: Group>(octets: &[u8]) -> Option<Vec<u8>> {
    let t = residue::<C::FieldElement>(octets);
    let alpha = -t.square();
    let beta = alpha + alpha.square();
    // -b/a · (1 + 1/beta) with one inversion
    let x2 = -C::EQUATION_B * (C::FieldElement::ONE + beta) * (C::EQUATION_A * beta).invert().into_option()?;
    let x3 = alpha * x2;
    let h2 = (x2.square() + C::EQUATION_A) * x2 + C::EQUATION_B;
    let u = t.square() * t * h2;
    let root = inverse_root::<C>(&h2);
    let is_square = (root.square() * h2).ct_eq(&C::FieldElement::ONE);
    let x = C::FieldElement::conditional_select(&x3, &x2, is_square);
    let y = root * C::FieldElement::conditional_select(&u, &h2, is_square);
    let (x, y) = (exact::<C>(x.to_repr().as_ref())?, exact::<C>(y.to_repr().as_ref())?);
    AffinePoint::<C>::from_coordinates(&x, &y).into_option().map(|point| self::octets::<C>(&point))
}

/// h to the power p - 1 - (p + 1)/4, step 7: its square times h is 1 when h is a square. With e = (p - 3)/4, which is p
/// without its two last bits, the exponent is 3e + 1. Only bits of p decide anything.
fn inverse_root<C: Group>(h: &C::FieldElement) -> C::FieldElement {
    let p = modulus::<C::FieldElement>();
    let bits = p.iter().flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1 == 1));
    let power = bits.take(8 * p.len() - 2).fold(C::FieldElement::ONE, |power, bit| {
        let square = power.square();
        if bit { square * h } else { square }
    });
    power.square() * power * h
}

/// Whether the encoding of 9303-11 Appendix B works in the field: p = 3 mod 4.
pub fn is_integrated_mapping_defined<C: Group>() -> bool {
    modulus::<C::FieldElement>().last().is_some_and(|octet| octet & 3 == 3)
}

/// `numerator / denominator` modulo n, as long as the field; `None` for operands out of range.
pub fn quotient<C: Group>(numerator: &[u8], denominator: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (mut numerator, mut denominator) = (scalar::<C>(numerator)?, scalar::<C>(denominator)?);
    let mut inverse = Field::invert(denominator.as_ref()).into_option()?;
    let mut quotient = inverse * *numerator.as_ref();
    let octets = Zeroizing::new(quotient.to_repr().to_vec());
    for secret in [&mut inverse, &mut quotient] {
        secret.zeroize();
    }
    numerator.zeroize();
    denominator.zeroize();
    Some(octets)
}

/// A scalar of 1..n-1, evenly drawn.
pub fn generate<C: Group>(rng: &mut dyn CryptoRng) -> Zeroizing<Vec<u8>> {
    let mut scalar = NonZeroScalar::<C>::generate_from_rng(rng);
    let octets = Zeroizing::new(scalar.to_repr().to_vec());
    scalar.zeroize();
    octets
}

/// Whether these octets, as long as the field, are in 1..n-1.
pub fn is_scalar<C: Group>(octets: &[u8]) -> bool {
    scalar::<C>(octets).is_some()
}

/// Deterministic ECDSA, RFC 6979 with the hash that has the digest's length. r and s, each as long as the order.
pub fn sign<C: Group>(key: &[u8], digest: &[u8]) -> Result<Vec<u8>, CurveError> {
    let mut key = scalar::<C>(key).ok_or(CurveError::SignatureFormat)?;
    let signed = match digest.len() {
        28 => Ok(hazmat::sign_prehashed_rfc6979::<C, Sha224>(&key, digest, &[])),
        32 => Ok(hazmat::sign_prehashed_rfc6979::<C, Sha256>(&key, digest, &[])),
        48 => Ok(hazmat::sign_prehashed_rfc6979::<C, Sha384>(&key, digest, &[])),
        64 => Ok(hazmat::sign_prehashed_rfc6979::<C, Sha512>(&key, digest, &[])),
        other => Err(CurveError::Digest(other)),
    };
    key.zeroize();
    let (signature, _) = signed?;
    let (r, s) = signature.split_bytes();
    Ok([r.as_ref() as &[u8], s.as_ref()].concat())
}

/// Verifies r ‖ s; both halves of the order are good values of s, as the standards demand no low one.
pub fn verify<C: Group>(key: &[u8], digest: &[u8], raw: &[u8]) -> Result<(), CurveError> {
    let signature = signature::<C>(raw).ok_or(CurveError::SignatureFormat)?;
    let key = point::<C>(key).ok_or(CurveError::Signature)?;
    hazmat::verify_prehashed(&key.into(), digest, &signature).map_err(|_| CurveError::Signature)
}

/// Whether r ‖ s has the right length and both are in 1..n-1.
pub fn is_signature<C: Group>(raw: &[u8]) -> bool {
    signature::<C>(raw).is_some()
}

fn signature<C: Group>(raw: &[u8]) -> Option<Signature<C>> {
    let (r, s) = raw.split_at_checked(raw.len() / 2)?;
    Signature::from_scalars(exact::<C>(r)?, exact::<C>(s)?).ok()
}

fn scalar<C: Group>(octets: &[u8]) -> Option<NonZeroScalar<C>> {
    let mut repr = exact::<C>(octets)?;
    let scalar = NonZeroScalar::<C>::from_repr(repr).into_option();
    repr.zeroize();
    scalar
}

fn point<C: Group>(octets: &[u8]) -> Option<AffinePoint<C>> {
    let (&[0x04], coordinates) = octets.split_first_chunk::<1>()? else { return None };
    let (x, y) = coordinates.split_at_checked(coordinates.len() / 2)?;
    AffinePoint::<C>::from_coordinates(&exact::<C>(x)?, &exact::<C>(y)?).into_option()
}

fn affine<C: Group>(point: ProjectivePoint<C>) -> Option<Vec<u8>> {
    if point.is_identity().into() { None } else { Some(octets::<C>(&point.to_affine())) }
}

fn octets<C: Group>(point: &AffinePoint<C>) -> Vec<u8> {
    [&[0x04], point.x().as_ref() as &[u8], point.y().as_ref()].concat()
}

/// Exactly the octets of a field element.
fn exact<C: Group>(octets: &[u8]) -> Option<FieldBytes<C>> {
    FieldBytes::<C>::try_from(octets).ok()
}

/// Both operands of one curve.
pub fn same(left: Curve, right: Curve) -> Result<(), CurveError> {
    if left == right { Ok(()) } else { Err(CurveError::Mixed(left.into(), right.into())) }
}
