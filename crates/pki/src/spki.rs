//! SubjectPublicKeyInfo of elliptic-curve keys, RFC 5480 §2 and X9.62: in certificates, in DG14, in key files.
//!
//! 9303-12 §4.1.6.3 wants the domain parameters written out with cofactor; nearly everybody else names the curve, and
//! OpenSSL verifies no path with a CA that does not. Both forms are written and read. Explicit parameters are never
//! trusted: they must be those of a known curve.

use bitaqa_curves::{Curve, CurveError, Parameters, Point};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::ID_EC_PUBLIC_KEY;
use der::asn1::{BitString, BitStringRef, OctetStringRef, UintRef};
use der::{Any, AnyRef, Decode, Encode, Sequence};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

/// How the curve is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// By its object identifier.
    Named,
    /// By its domain parameters with cofactor, 9303-12 §4.1.6.3.
    Explicit,
}

/// What is wrong with a public key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpkiError {
    /// Not a DER SubjectPublicKeyInfo.
    #[error("the public key is no SubjectPublicKeyInfo: {0}")]
    Der(der::Error),
    /// Not an elliptic-curve key.
    #[error("public keys of algorithm {0} are not supported")]
    Algorithm(ObjectIdentifier),
    /// A curve that this workspace cannot compute on.
    #[error("the curve {0} is not supported")]
    NamedCurve(ObjectIdentifier),
    /// Explicit parameters of none of the known curves.
    #[error("the domain parameters are those of no supported curve")]
    Parameters,
    /// Parameters absent or implicit.
    #[error("the public key names no curve")]
    NoParameters,
    /// The point.
    #[error("the public key is not valid: {0}")]
    Point(#[from] CurveError),
}

impl From<der::Error> for SpkiError {
    fn from(error: der::Error) -> Self {
        Self::Der(error)
    }
}

/// X9.62 and RFC 3279 §2.3.5.
/// ```text
/// FieldID ::= SEQUENCE { fieldType OBJECT IDENTIFIER, parameters Prime-p INTEGER }
/// ```
#[derive(Sequence)]
struct FieldId<'a> {
    field_type: ObjectIdentifier,
    prime: UintRef<'a>,
}

/// ```text
/// Curve ::= SEQUENCE { a OCTET STRING, b OCTET STRING, seed BIT STRING OPTIONAL }
/// ```
#[derive(Sequence)]
struct CurveCoefficients<'a> {
    a: &'a OctetStringRef,
    b: &'a OctetStringRef,
    #[asn1(optional = "true")]
    seed: Option<BitStringRef<'a>>,
}

/// ```text
/// ECParameters ::= SEQUENCE {
///     version   INTEGER { ecpVer1(1) },
///     fieldID   FieldID,
///     curve     Curve,
///     base      OCTET STRING,
///     order     INTEGER,
///     cofactor  INTEGER OPTIONAL }
/// ```
#[derive(Sequence)]
struct EcParameters<'a> {
    version: u8,
    field_id: FieldId<'a>,
    curve: CurveCoefficients<'a>,
    base: &'a OctetStringRef,
    order: UintRef<'a>,
    #[asn1(optional = "true")]
    cofactor: Option<UintRef<'a>>,
}

const ID_PRIME_FIELD: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.1.1");

/// Public key as DER, RFC 5480 §2.
///
/// # Errors
/// [`SpkiError::Der`], which no [`Point`] causes.
pub fn encode(point: &Point, form: Form) -> Result<Vec<u8>, SpkiError> {
    Ok(info(point, form)?.to_der()?)
}

/// Public key from DER; every point is checked to be on its curve.
///
/// # Errors
/// [`SpkiError`], a variant per reason.
pub fn decode(der: &[u8]) -> Result<Point, SpkiError> {
    point(&SubjectPublicKeyInfoOwned::from_der(der)?)
}

pub(crate) fn info(point: &Point, form: Form) -> Result<SubjectPublicKeyInfoOwned, SpkiError> {
    let parameters = match form {
        Form::Named => Any::encode_from(&point.curve().oid())?,
        Form::Explicit => explicit(&point.curve().parameters())?,
    };
    Ok(SubjectPublicKeyInfoOwned {
        algorithm: AlgorithmIdentifierOwned { oid: ID_EC_PUBLIC_KEY, parameters: Some(parameters) },
        subject_public_key: BitString::from_bytes(point.as_octets())?,
    })
}

pub(crate) fn point(info: &SubjectPublicKeyInfoOwned) -> Result<Point, SpkiError> {
    if info.algorithm.oid != ID_EC_PUBLIC_KEY {
        return Err(SpkiError::Algorithm(info.algorithm.oid));
    }
    let parameters = info.algorithm.parameters.as_ref().ok_or(SpkiError::NoParameters)?;
    let curve = curve(AnyRef::from(parameters))?;
    let octets = info.subject_public_key.as_bytes().ok_or(SpkiError::Parameters)?;
    Ok(Point::decode(curve, octets)?)
}

/// The curve that the parameters of an AlgorithmIdentifier mean.
///
/// # Errors
/// [`SpkiError`] for unknown curves and for parameters that name none.
pub(crate) fn curve(parameters: AnyRef<'_>) -> Result<Curve, SpkiError> {
    match der::Tagged::tag(&parameters) {
        der::Tag::ObjectIdentifier => {
            let oid = parameters.decode_as::<ObjectIdentifier>()?;
            Curve::from_oid(oid).ok_or(SpkiError::NamedCurve(oid))
        }
        der::Tag::Sequence => {
            let stated = parameters.decode_as::<EcParameters<'_>>()?;
            Curve::ALL.iter().copied().find(|curve| same(&stated, &curve.parameters())).ok_or(SpkiError::Parameters)
        }
        _ => Err(SpkiError::NoParameters),
    }
}

fn explicit(parameters: &Parameters) -> Result<Any, der::Error> {
    Any::encode_from(&EcParameters {
        version: 1,
        field_id: FieldId { field_type: ID_PRIME_FIELD, prime: UintRef::new(&parameters.p)? },
        curve: CurveCoefficients {
            a: OctetStringRef::new(&parameters.a)?,
            b: OctetStringRef::new(&parameters.b)?,
            seed: None,
        },
        base: OctetStringRef::new(&parameters.g)?,
        order: UintRef::new(&parameters.n)?,
        cofactor: Some(UintRef::new(&parameters.h)?),
    })
}

/// Every stated number must be the known one. The seed proves where a and b come from and changes nothing; the cofactor
/// may be missing; a base point in compressed form is the same base point.
fn same(stated: &EcParameters<'_>, known: &Parameters) -> bool {
    let base = stated.base.as_bytes();
    stated.field_id.field_type == ID_PRIME_FIELD
        && stated.field_id.prime.as_bytes() == significant(&known.p)
        && significant(stated.curve.a.as_bytes()) == significant(&known.a)
        && significant(stated.curve.b.as_bytes()) == significant(&known.b)
        && (base == known.g || base == compressed(&known.g))
        && stated.order.as_bytes() == significant(&known.n)
        && stated.cofactor.is_none_or(|cofactor| cofactor.as_bytes() == known.h)
}

/// Without zeros on the left.
pub(crate) fn significant(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.get(zeros..).unwrap_or_default()
}

/// 02 or 03 by the parity of y, then x.
fn compressed(uncompressed: &[u8]) -> Vec<u8> {
    let parity = uncompressed.last().map_or(2, |octet| 2 | (octet & 1));
    let x = uncompressed.iter().skip(1).take(uncompressed.len() / 2);
    core::iter::once(parity).chain(x.copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitaqa_curves::SecretScalar;
    use proptest::prelude::*;

    fn keys() -> impl Iterator<Item = Point> {
        Curve::ALL.iter().map(|curve| SecretScalar::from_bytes(*curve, &[3; 16]).unwrap().public())
    }

    #[test]
    fn both_forms_come_back() {
        for key in keys() {
            for form in [Form::Named, Form::Explicit] {
                assert_eq!(decode(&encode(&key, form).unwrap()), Ok(key.clone()));
            }
        }
    }

    #[test]
    fn explicit_parameters_of_another_curve_are_refused() {
        for key in keys() {
            let der = encode(&key, Form::Explicit).unwrap();
            let known = key.curve().parameters();
            // Any number changed makes it another curve: the trick of CVE-2020-0601 was a changed base point.
            for number in [&known.p, &known.a, &known.b, &known.g, &known.n] {
                let number = significant(number);
                let at = der.windows(number.len()).position(|window| window == number).unwrap();
                let mut changed = der.clone();
                changed[at + number.len() - 1] ^= 1;
                assert_eq!(decode(&changed), Err(SpkiError::Parameters));
            }
        }
    }

    #[test]
    fn a_compressed_base_point_is_the_same_base_point() {
        let key = keys().next().unwrap();
        let known = key.curve().parameters();
        let small = compressed(&known.g);
        let ours = explicit(&known).unwrap();
        let mut parameters = ours.decode_as::<EcParameters<'_>>().unwrap();
        parameters.base = OctetStringRef::new(&small).unwrap();
        parameters.cofactor = None;
        let foreign = Any::encode_from(&parameters).unwrap();
        assert_eq!(curve(AnyRef::from(&foreign)), Ok(key.curve()));
    }

    #[test]
    fn other_algorithms_and_curves_are_named() {
        let mut other = info(&keys().next().unwrap(), Form::Named).unwrap();
        let p521 = ObjectIdentifier::new_unwrap("1.3.132.0.35");
        other.algorithm.parameters = Some(Any::encode_from(&p521).unwrap());
        assert_eq!(point(&other), Err(SpkiError::NamedCurve(p521)));
        other.algorithm.parameters = Some(Any::null());
        assert_eq!(point(&other), Err(SpkiError::NoParameters));
        other.algorithm.oid = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
        assert!(matches!(point(&other), Err(SpkiError::Algorithm(_))));
    }

    proptest! {
        #[test]
        fn no_octets_make_the_reader_panic(position in 0usize..400, octet in any::<u8>(), cut in 0usize..400) {
            for form in [Form::Named, Form::Explicit] {
                let mut der = encode(&keys().next().unwrap(), form).unwrap();
                let length = der.len();
                der[position % length] = octet;
                let _ = decode(&der);
                let _ = decode(&der[..cut % length]);
            }
        }
    }
}
