//! SubjectPublicKeyInfo: in certificates, in DG14 and DG15, in key files. Elliptic-curve keys by RFC 5480 §2 and X9.62,
//! RSA keys by RFC 3279 §2.3.1 and RFC 4055 §1.2.
//!
//! 9303-12 §4.1.6.3 wants the domain parameters written out with cofactor; nearly everybody else names the curve, and
//! OpenSSL verifies no path with a CA that does not. Both forms are written and read. Explicit parameters are never
//! trusted: they must be those of a known curve.

mod agreement;

pub use agreement::{decode_agreement_key, domain, encode_agreement_key};

use crate::rsa::{RsaError, RsaPublicKey};
use crate::{Note, PublicKey};
use bitaqa_curves::{Curve, CurveError, Parameters, Point};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{ID_EC_PUBLIC_KEY, ID_RSASSA_PSS, RSA_ENCRYPTION};
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
    /// Neither an elliptic-curve key nor RSA; for [`decode`] not the former.
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
    /// The numbers of an RSA key.
    #[error(transparent)]
    Rsa(#[from] RsaError),
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

/// RFC 8017 §A.1.1.
/// ```text
/// RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }
/// ```
#[derive(Sequence)]
struct RsaPublicKeyDer<'a> {
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
}

const ID_PRIME_FIELD: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.1.1");

/// Elliptic-curve key as DER, RFC 5480 §2.
///
/// # Errors
/// [`SpkiError::Der`], which no [`Point`] causes.
pub fn encode(point: &Point, form: Form) -> Result<Vec<u8>, SpkiError> {
    Ok(ec_info(point, form)?.to_der()?)
}

/// Elliptic-curve key from DER; every point is checked to be on its curve.
///
/// # Errors
/// [`SpkiError`], a variant per reason; [`SpkiError::Algorithm`] for an RSA key.
pub fn decode(der: &[u8]) -> Result<Point, SpkiError> {
    let info = SubjectPublicKeyInfoOwned::from_der(der)?;
    match key(&info, &mut Vec::new())? {
        PublicKey::Ec(point) => Ok(point),
        PublicKey::Rsa(_) => Err(SpkiError::Algorithm(info.algorithm.oid)),
    }
}

/// Public key of either kind as DER: content of DG15 (9303-11 §9.2.3) and of certificates. `form` does not matter to
/// RSA keys, which are written as rsaEncryption with NULL (RFC 3279 §2.3.1).
///
/// # Errors
/// [`SpkiError::Der`], which no key causes.
pub fn encode_key(key: &PublicKey, form: Form) -> Result<Vec<u8>, SpkiError> {
    Ok(info(key, form)?.to_der()?)
}

/// Public key of either kind from DER.
///
/// # Errors
/// [`SpkiError`], a variant per reason.
pub fn decode_key(der: &[u8]) -> Result<PublicKey, SpkiError> {
    key(&SubjectPublicKeyInfoOwned::from_der(der)?, &mut Vec::new())
}

pub(crate) fn info(key: &PublicKey, form: Form) -> Result<SubjectPublicKeyInfoOwned, SpkiError> {
    match key {
        PublicKey::Ec(point) => ec_info(point, form),
        PublicKey::Rsa(key) => {
            let modulus = UintRef::new(key.modulus())?;
            let numbers = RsaPublicKeyDer { modulus, public_exponent: UintRef::new(key.exponent())? };
            Ok(SubjectPublicKeyInfoOwned {
                algorithm: AlgorithmIdentifierOwned { oid: RSA_ENCRYPTION, parameters: Some(Any::null()) },
                subject_public_key: BitString::from_bytes(&numbers.to_der()?)?,
            })
        }
    }
}

fn ec_info(point: &Point, form: Form) -> Result<SubjectPublicKeyInfoOwned, SpkiError> {
    let parameters = match form {
        Form::Named => Any::encode_from(&point.curve().oid())?,
        Form::Explicit => explicit(&point.curve().parameters())?,
    };
    Ok(SubjectPublicKeyInfoOwned {
        algorithm: AlgorithmIdentifierOwned { oid: ID_EC_PUBLIC_KEY, parameters: Some(parameters) },
        subject_public_key: BitString::from_bytes(point.as_octets())?,
    })
}

/// The key, and what deserves a remark about it.
pub(crate) fn key(info: &SubjectPublicKeyInfoOwned, notes: &mut Vec<Note>) -> Result<PublicKey, SpkiError> {
    let octets = info.subject_public_key.as_bytes().ok_or(SpkiError::NoParameters)?;
    let parameters = info.algorithm.parameters.as_ref();
    match info.algorithm.oid {
        ID_EC_PUBLIC_KEY => {
            let parameters = AnyRef::from(parameters.ok_or(SpkiError::NoParameters)?);
            let curve = curve(parameters)?;
            if der::Tagged::tag(&parameters) == der::Tag::ObjectIdentifier {
                Note::NamedCurve.add(notes);
            }
            Ok(PublicKey::Ec(Point::decode(curve, octets)?))
        }
        // Parameters of a PSS key bind its signatures, whose own parameters are checked when they are verified.
        oid @ (RSA_ENCRYPTION | ID_RSASSA_PSS) => {
            if oid == RSA_ENCRYPTION {
                match parameters {
                    None => Note::NoParameters(oid).add(notes),
                    Some(any) if any.is_null() => {}
                    Some(_) => return Err(SpkiError::Algorithm(oid)),
                }
            }
            let numbers = RsaPublicKeyDer::from_der(octets)?;
            let key = RsaPublicKey::new(numbers.modulus.as_bytes(), numbers.public_exponent.as_bytes())?;
            key.remark(notes);
            Ok(PublicKey::Rsa(key))
        }
        other => Err(SpkiError::Algorithm(other)),
    }
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
        let read = |info: &SubjectPublicKeyInfoOwned| key(info, &mut Vec::new());
        let mut other = ec_info(&keys().next().unwrap(), Form::Named).unwrap();
        let unknown = ObjectIdentifier::new_unwrap("1.3.132.0.15");
        other.algorithm.parameters = Some(Any::encode_from(&unknown).unwrap());
        assert_eq!(read(&other), Err(SpkiError::NamedCurve(unknown)));
        other.algorithm.parameters = Some(Any::null());
        assert_eq!(read(&other), Err(SpkiError::NoParameters));
        other.algorithm.oid = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");
        assert!(matches!(read(&other), Err(SpkiError::Algorithm(_))), "DSA");
    }

    fn rsa() -> PublicKey {
        RsaPublicKey::new(&[0xC5; 128], &[1, 0, 1]).unwrap().into()
    }

    #[test]
    fn rsa_keys_come_back() {
        let der = encode_key(&rsa(), Form::Named).unwrap();
        assert_eq!(decode_key(&der), Ok(rsa()));
        assert_eq!(decode(&der), Err(SpkiError::Algorithm(RSA_ENCRYPTION)));
        let mut other = info(&rsa(), Form::Named).unwrap();
        let mut notes = Vec::new();
        other.algorithm.parameters = None;
        assert_eq!(key(&other, &mut notes), Ok(rsa()));
        assert_eq!(notes, [Note::NoParameters(RSA_ENCRYPTION), Note::SmallModulus(1024)]);
        other.algorithm.oid = ID_RSASSA_PSS;
        assert_eq!(key(&other, &mut notes), Ok(rsa()), "RFC 4055 §1.2: without restriction");
        // The octets of the modulus without the zero that keeps it positive.
        let at = der.windows(2).position(|window| window == [0x00, 0xC5]).unwrap();
        let mut negative = der;
        negative[at] = 0xC5;
        assert!(matches!(decode_key(&negative), Err(SpkiError::Der(_))));
    }

    #[test]
    fn points_of_either_function_are_the_same() {
        for point in keys() {
            let der = encode(&point, Form::Explicit).unwrap();
            assert_eq!(encode_key(&PublicKey::Ec(point.clone()), Form::Explicit).unwrap(), der);
            assert_eq!(decode_key(&der), Ok(PublicKey::Ec(point)));
        }
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
            let mut der = encode_key(&rsa(), Form::Named).unwrap();
            let length = der.len();
            der[position % length] = octet;
            let _ = decode_key(&der);
            let _ = decode_key(&der[..cut % length]);
        }
    }
}
