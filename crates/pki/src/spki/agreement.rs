//! Keys and domain parameters of key agreements: DG14, EF.CardAccess and EF.CardSecurity. Elliptic curves as elsewhere,
//! finite fields in the two ways in which standards write them: PKCS#3 (9303-11 §9.6) and X9.42 (RFC 3279 §2.3.3,
//! 9303-11 §9.5.2).
//!
//! As for curves, parameters are compared with the known groups and never used themselves.

use super::{SpkiError, curve, significant};
use bitaqa_curves::{DhGroup, DhParameters, Domain, PublicKey};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::ID_EC_PUBLIC_KEY;
use der::asn1::{AnyRef, BitString, UintRef};
use der::{Any, Decode, Encode, Sequence};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

/// dhKeyAgreement of PKCS#3.
const DH_KEY_AGREEMENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.3.1");
/// dhpublicnumber, X9.42.
const DH_PUBLIC_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10046.2.1");
/// standardizedDomainParameters, TR-03110-3 §A.2.1.1: the id alone.
const STANDARDISED: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.1.2");

/// Parameters of PKCS#3.
/// ```text
/// DHParameter ::= SEQUENCE { prime INTEGER, base INTEGER, privateValueLength INTEGER OPTIONAL }
/// ```
#[derive(Sequence)]
struct Pkcs3<'a> {
    prime: UintRef<'a>,
    base: UintRef<'a>,
    #[asn1(optional = "true")]
    private_value_length: Option<UintRef<'a>>,
}

/// RFC 3279 §2.3.3.
/// ```text
/// DomainParameters ::= SEQUENCE {
///     p INTEGER, g INTEGER, q INTEGER, j INTEGER OPTIONAL, validationParms SEQUENCE OPTIONAL }
/// ```
#[derive(Sequence)]
struct X942<'a> {
    p: UintRef<'a>,
    g: UintRef<'a>,
    q: UintRef<'a>,
    #[asn1(optional = "true")]
    j: Option<UintRef<'a>>,
    #[asn1(optional = "true")]
    validation: Option<AnyRef<'a>>,
}

/// The group that a DER AlgorithmIdentifier means: explicit parameters of 9303-11 §9.5.2 and PKCS#3, named curves, and
/// the bare id of TR-03110-3 §A.2.1.1.
///
/// # Errors
/// [`SpkiError`]: unknown algorithms, and parameters of no known group.
pub fn domain(algorithm_identifier: &[u8]) -> Result<Domain, SpkiError> {
    domain_of(&AlgorithmIdentifierOwned::from_der(algorithm_identifier)?)
}

/// A public key of a key agreement from DER, over either family; every value is checked to be of its group.
///
/// # Errors
/// [`SpkiError`], a variant per reason.
pub fn decode_agreement_key(der: &[u8]) -> Result<PublicKey, SpkiError> {
    let info = SubjectPublicKeyInfoOwned::from_der(der)?;
    let octets = info.subject_public_key.as_bytes().ok_or(SpkiError::NoParameters)?;
    let domain = domain_of(&info.algorithm)?;
    let value = match domain {
        Domain::Ec(_) => octets,
        // PKCS#3 and RFC 3279 §2.3.3: an INTEGER inside of the BIT STRING.
        Domain::Dh(_) => UintRef::from_der(octets)?.as_bytes(),
    };
    Ok(PublicKey::decode(domain, value)?)
}

/// A public key of a key agreement as DER: curves with explicit parameters, which 9303-11 §9.5.2 demands, finite fields
/// as PKCS#3 has them (9303-11 §9.6).
///
/// # Errors
/// [`SpkiError::Der`], which no key causes.
pub fn encode_agreement_key(key: &PublicKey) -> Result<Vec<u8>, SpkiError> {
    let value = match key {
        PublicKey::Ec(point) => return super::encode(point, super::Form::Explicit),
        PublicKey::Dh(value) => value,
    };
    let DhParameters { p, g, .. } = value.group().parameters();
    let parameters = Pkcs3 { prime: UintRef::new(&p)?, base: UintRef::new(&g)?, private_value_length: None };
    let algorithm =
        AlgorithmIdentifierOwned { oid: DH_KEY_AGREEMENT, parameters: Some(Any::encode_from(&parameters)?) };
    let subject_public_key = BitString::from_bytes(&UintRef::new(value.as_octets())?.to_der()?)?;
    Ok(SubjectPublicKeyInfoOwned { algorithm, subject_public_key }.to_der()?)
}

fn domain_of(algorithm: &AlgorithmIdentifierOwned) -> Result<Domain, SpkiError> {
    let parameters = AnyRef::from(algorithm.parameters.as_ref().ok_or(SpkiError::NoParameters)?);
    match algorithm.oid {
        ID_EC_PUBLIC_KEY => curve(parameters).map(Domain::Ec),
        DH_KEY_AGREEMENT => {
            let stated = parameters.decode_as::<Pkcs3<'_>>()?;
            // Two groups of this length differ in p, so that p and g name one.
            group(|known| is(stated.prime, &known.p) && is(stated.base, &known.g))
        }
        DH_PUBLIC_NUMBER => {
            let stated = parameters.decode_as::<X942<'_>>()?;
            group(|known| is(stated.p, &known.p) && is(stated.g, &known.g) && is(stated.q, &known.q))
        }
        STANDARDISED => {
            let id = parameters.decode_as::<u8>()?;
            Domain::from_parameter_id(id).ok_or(SpkiError::Parameters)
        }
        other => Err(SpkiError::Algorithm(other)),
    }
}

fn group(is_meant: impl Fn(&DhParameters) -> bool) -> Result<Domain, SpkiError> {
    let mut known = DhGroup::ALL.iter().copied();
    known.find(|group| is_meant(&group.parameters())).map(Domain::Dh).ok_or(SpkiError::Parameters)
}

fn is(stated: UintRef<'_>, known: &[u8]) -> bool {
    stated.as_bytes() == significant(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitaqa_curves::{CurveError, PrivateKey};
    use proptest::prelude::*;

    fn key(domain: Domain) -> PublicKey {
        PrivateKey::from_bytes(domain, &[0x5A; 19]).unwrap().public()
    }

    fn der(oid: ObjectIdentifier, parameters: &impl Encode) -> Vec<u8> {
        let parameters = Any::from_der(&parameters.to_der().unwrap()).unwrap();
        AlgorithmIdentifierOwned { oid, parameters: Some(parameters) }.to_der().unwrap()
    }

    #[test]
    fn keys_of_every_group_come_back() {
        for domain in Domain::STANDARDISED.iter().copied() {
            let written = encode_agreement_key(&key(domain)).unwrap();
            assert_eq!(decode_agreement_key(&written), Ok(key(domain)), "{domain}");
        }
    }

    #[test]
    fn parameters_are_known_in_each_way_of_writing_them() {
        for group in DhGroup::ALL.iter().copied() {
            let DhParameters { p, q, g } = group.parameters();
            let uint = |octets| UintRef::new(octets).unwrap();
            let length = uint(&[160]);
            let pkcs3 = Pkcs3 { prime: uint(&p), base: uint(&g), private_value_length: Some(length) };
            assert_eq!(super::domain(&der(DH_KEY_AGREEMENT, &pkcs3)), Ok(Domain::Dh(group)));
            let x942 = X942 { p: uint(&p), g: uint(&g), q: uint(&q), j: Some(uint(&[2])), validation: None };
            assert_eq!(super::domain(&der(DH_PUBLIC_NUMBER, &x942)), Ok(Domain::Dh(group)));
            for (p, g, q) in [(&q, &g, &q), (&p, &p, &q), (&p, &g, &p)] {
                let x942 = X942 { p: uint(p), g: uint(g), q: uint(q), j: None, validation: None };
                assert_eq!(super::domain(&der(DH_PUBLIC_NUMBER, &x942)), Err(SpkiError::Parameters));
            }
            let foreign = Pkcs3 { prime: uint(&p), base: uint(&[2]), private_value_length: None };
            assert_eq!(super::domain(&der(DH_KEY_AGREEMENT, &foreign)), Err(SpkiError::Parameters));
        }
        for domain in Domain::STANDARDISED.iter().copied() {
            assert_eq!(super::domain(&der(STANDARDISED, &domain.parameter_id())), Ok(domain));
            let info = SubjectPublicKeyInfoOwned::from_der(&encode_agreement_key(&key(domain)).unwrap()).unwrap();
            assert_eq!(super::domain(&info.algorithm.to_der().unwrap()), Ok(domain));
        }
        assert_eq!(super::domain(&der(STANDARDISED, &7u8)), Err(SpkiError::Parameters));
        assert_eq!(super::domain(&der(DH_GROUPS, &7u8)), Err(SpkiError::Algorithm(DH_GROUPS)));
    }

    const DH_GROUPS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10046.3");

    /// The key of the BSI worked example for DH, as its EF.CardSecurity has it.
    #[test]
    fn the_standardised_key_of_the_worked_example() {
        let file = include_str!("../../../../test-vectors/bsi-eac/chip_authentication_dh.toml");
        let file: toml::Table = file.parse().unwrap();
        let value = hex::decode(file["case"][0]["chip_pub"].as_str().unwrap()).unwrap();
        let head = hex::decode("308195300C060704007F0007010202010003818400028180").unwrap();
        let read = decode_agreement_key(&[head, value.clone()].concat()).unwrap();
        assert_eq!((read.encode(), read.domain()), (value, Domain::Dh(DhGroup::Rfc5114_1024_160)));
    }

    proptest! {
        #[test]
        fn no_octets_make_the_reader_panic(position in 0usize..700, octet in any::<u8>(), cut in 0usize..700) {
            for domain in Domain::STANDARDISED.iter().copied().step_by(3) {
                let mut der = encode_agreement_key(&key(domain)).unwrap();
                let length = der.len();
                der[position % length] = octet;
                let _ = decode_agreement_key(&der);
                let _ = decode_agreement_key(&der[..cut % length]);
            }
        }
    }

    #[test]
    fn a_value_outside_of_the_subgroup_is_refused() {
        let domain = Domain::Dh(DhGroup::Rfc5114_1024_160);
        let mut info = SubjectPublicKeyInfoOwned::from_der(&encode_agreement_key(&key(domain)).unwrap()).unwrap();
        info.subject_public_key = BitString::from_bytes(&UintRef::new(&[2]).unwrap().to_der().unwrap()).unwrap();
        let refused = decode_agreement_key(&info.to_der().unwrap());
        assert_eq!(refused, Err(SpkiError::Point(CurveError::DhSubgroup(DhGroup::Rfc5114_1024_160))));
    }
}
