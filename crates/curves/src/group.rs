//! The arithmetic, written once for every curve of the library family and chosen at run time by [`on_curve`].
//!
//! Functions take and give octets: a point is `04 x y` that [`point`] has checked before, a scalar is as long as the
//! field. Multiplication by a secret is constant in time; so is the addition after it.

use crate::{Curve, CurveError, Parameters};
use ::ecdsa::{EcdsaCurve, Signature, hazmat};
use elliptic_curve::ff::{Field, PrimeField};
use elliptic_curve::group::Group as _;
use elliptic_curve::ops::Reduce;
use elliptic_curve::point::AffineCoordinates;
use elliptic_curve::{CurveArithmetic, FieldBytes, Generate, NonZeroScalar, Scalar};
use primeorder::{AffinePoint, PrimeCurveParams, ProjectivePoint};
use rand_core::CryptoRng;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use zeroize::{Zeroize, Zeroizing};

/// Calls the function of this module with the library's type for a run-time [`Curve`].
macro_rules! on_curve {
    ($curve:expr, $function:ident($($argument:expr),*)) => {
        match $curve {
            $crate::Curve::P256 => group::$function::<p256::NistP256>($($argument),*),
            $crate::Curve::P384 => group::$function::<p384::NistP384>($($argument),*),
            $crate::Curve::BrainpoolP256r1 => group::$function::<bp256::BrainpoolP256r1>($($argument),*),
            $crate::Curve::BrainpoolP384r1 => group::$function::<bp384::BrainpoolP384r1>($($argument),*),
        }
    };
}
pub(crate) use on_curve;

/// What is asked of a curve of the library; all of them give it, so this is a name for the bound and no more.
pub trait Group: PrimeCurveParams + EcdsaCurve + CurveArithmetic<Scalar: Reduce<FieldBytes<Self>>> {}
impl<C> Group for C where C: PrimeCurveParams + EcdsaCurve + CurveArithmetic<Scalar: Reduce<FieldBytes<C>>> {}

/// Domain parameters. p and n are odd, so each is the value of -1 with its last bit set.
pub fn parameters<C: Group>() -> Parameters {
    let odd = |minus_one: &[u8]| {
        let mut octets = minus_one.to_vec();
        if let Some(last) = octets.last_mut() {
            *last |= 1;
        }
        octets
    };
    Parameters {
        p: odd((-C::FieldElement::ONE).to_repr().as_ref()),
        a: C::EQUATION_A.to_repr().to_vec(),
        b: C::EQUATION_B.to_repr().to_vec(),
        g: octets::<C>(&AffinePoint::<C>::GENERATOR),
        n: odd((-Scalar::<C>::ONE).to_repr().as_ref()),
        h: vec![1],
    }
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

/// `nonce · G + shared`, the nonce taken modulo n; `None` for infinity. The nonce has at most the field's octets.
pub fn map_generic<C: Group>(nonce: &[u8], shared: &[u8]) -> Option<Vec<u8>> {
    let mut padded = field::<C>(nonce)?;
    let mut scalar = <Scalar<C> as Reduce<FieldBytes<C>>>::reduce(&padded);
    let result = affine(ProjectivePoint::<C>::mul_by_generator(&scalar) + point::<C>(shared)?);
    scalar.zeroize();
    padded.zeroize();
    result
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

/// At most the octets of a field element, padded on the left.
fn field<C: Group>(octets: &[u8]) -> Option<FieldBytes<C>> {
    let mut padded = FieldBytes::<C>::default();
    let start = padded.len().checked_sub(octets.len())?;
    padded.get_mut(start..)?.copy_from_slice(octets);
    Some(padded)
}

/// Both operands of one curve.
pub fn same(left: Curve, right: Curve) -> Result<(), CurveError> {
    if left == right { Ok(()) } else { Err(CurveError::Mixed(left, right)) }
}
