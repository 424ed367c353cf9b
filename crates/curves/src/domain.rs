//! One type over curves and finite-field groups, so that PACE and Chip Authentication are written once: 9303-11 §9.5.1.

use crate::{Curve, CurveError, DhGroup, DhPublic, DhSecret, Point, SecretScalar, mapping};
use core::fmt;
use rand_core::CryptoRng;
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

/// A set of standardised domain parameters, 9303-11 §9.5.1 table 12.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Domain {
    /// An elliptic curve: ids 8 to 18.
    Ec(Curve),
    /// A subgroup of a finite field: ids 0 to 2.
    Dh(DhGroup),
}

impl Domain {
    /// Every set that 9303-11 §9.5.1 standardises, in the order of the ids; 3 to 7 and 19 to 31 are reserved.
    pub const STANDARDISED: &[Domain] = &[
        Domain::Dh(DhGroup::Rfc5114_1024_160),
        Domain::Dh(DhGroup::Rfc5114_2048_224),
        Domain::Dh(DhGroup::Rfc5114_2048_256),
        Domain::Ec(Curve::P192),
        Domain::Ec(Curve::BrainpoolP192r1),
        Domain::Ec(Curve::P224),
        Domain::Ec(Curve::BrainpoolP224r1),
        Domain::Ec(Curve::P256),
        Domain::Ec(Curve::BrainpoolP256r1),
        Domain::Ec(Curve::BrainpoolP320r1),
        Domain::Ec(Curve::P384),
        Domain::Ec(Curve::BrainpoolP384r1),
        Domain::Ec(Curve::BrainpoolP512r1),
        Domain::Ec(Curve::P521),
    ];

    /// The set with this standardised domain parameter id; `None` for reserved ids and those of explicit parameters.
    pub fn from_parameter_id(id: u8) -> Option<Domain> {
        Self::STANDARDISED.iter().copied().find(|domain| domain.parameter_id() == id)
    }

    /// Standardised domain parameter id, 9303-11 §9.5.1.
    pub const fn parameter_id(self) -> u8 {
        match self {
            Domain::Ec(curve) => curve.parameter_id(),
            Domain::Dh(group) => group.parameter_id(),
        }
    }

    /// Name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Domain::Ec(curve) => curve.name(),
            Domain::Dh(group) => group.name(),
        }
    }

    /// Octets of an encoded public key: 04, x, y or a number as long as p.
    pub const fn public_bytes(self) -> usize {
        match self {
            Domain::Ec(curve) => curve.point_bytes(),
            Domain::Dh(group) => group.public_bytes(),
        }
    }

    /// Octets of a shared secret: as many as p has.
    pub const fn shared_bytes(self) -> usize {
        match self {
            Domain::Ec(curve) => curve.field_bytes(),
            Domain::Dh(group) => group.public_bytes(),
        }
    }

    /// Whether PACE can use the integrated mapping on it: all but P-224, 9303-11 §9.5.1.
    pub fn is_integrated_mapping_defined(self) -> bool {
        match self {
            Domain::Ec(curve) => mapping::is_integrated_defined(curve),
            Domain::Dh(_) => true,
        }
    }

    /// A fresh key pair's private key.
    pub fn generate(self, rng: &mut dyn CryptoRng) -> PrivateKey {
        match self {
            Domain::Ec(curve) => PrivateKey::Ec(SecretScalar::generate(curve, rng)),
            Domain::Dh(group) => PrivateKey::Dh(DhSecret::generate(group, rng)),
        }
    }

    /// The generator of the standard.
    pub fn generator(self) -> PublicKey {
        match self {
            Domain::Ec(curve) => PublicKey::Ec(Point::generator(curve)),
            Domain::Dh(group) => PublicKey::Dh(DhPublic::generator(group)),
        }
    }
}

impl From<Curve> for Domain {
    fn from(curve: Curve) -> Self {
        Domain::Ec(curve)
    }
}

impl From<DhGroup> for Domain {
    fn from(group: DhGroup) -> Self {
        Domain::Dh(group)
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A checked element of a group, never the neutral one: public key or shared element. Wiped when dropped, silent in
/// `Debug`. Equality answers the comparison of the two ephemeral keys that 9303-11 §4.4.1 asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PublicKey {
    /// A point.
    Ec(Point),
    /// A value of the subgroup.
    Dh(DhPublic),
}

impl PublicKey {
    /// Reads the plain public key of 9303-11 §9.4.5 and validates it, §9.6: see [`Point::decode`] and
    /// [`DhPublic::decode`].
    ///
    /// # Errors
    /// [`CurveError::PointFormat`], [`CurveError::NotOnCurve`]; [`CurveError::DhLength`], [`CurveError::DhRange`],
    /// [`CurveError::DhSubgroup`].
    pub fn decode(domain: Domain, octets: &[u8]) -> Result<Self, CurveError> {
        match domain {
            Domain::Ec(curve) => Point::decode(curve, octets).map(PublicKey::Ec),
            Domain::Dh(group) => DhPublic::decode(group, octets).map(PublicKey::Dh),
        }
    }

    /// 04, x, y, or the value as long as p with zeros on the left kept.
    pub fn encode(&self) -> Vec<u8> {
        self.as_octets().to_vec()
    }

    /// As [`encode`](Self::encode), borrowed.
    pub fn as_octets(&self) -> &[u8] {
        match self {
            PublicKey::Ec(point) => point.as_octets(),
            PublicKey::Dh(value) => value.as_octets(),
        }
    }

    /// Value field of the key's data object by the letter of 9303-11 §9.4.1: the point 04, x, y, or the unsigned
    /// integer without zeros on the left, shorter than p in one of 256 cases.
    pub fn data_object(&self) -> &[u8] {
        match self {
            PublicKey::Ec(point) => point.as_octets(),
            PublicKey::Dh(value) => value.unsigned(),
        }
    }

    /// Comp() of TR-03110-3 §A.2.2.3, which Terminal Authentication signs: the x coordinate in the octets of the field,
    /// or for DH the SHA-1 hash (20 octets) of the public value as long as p.
    pub fn compressed(&self) -> Vec<u8> {
        match self {
            PublicKey::Ec(point) => point.x(),
            PublicKey::Dh(value) => Sha1::digest(value.as_octets()).to_vec(),
        }
    }

    /// The group of the key.
    pub const fn domain(&self) -> Domain {
        match self {
            PublicKey::Ec(point) => Domain::Ec(point.curve()),
            PublicKey::Dh(value) => Domain::Dh(value.group()),
        }
    }
}

impl From<Point> for PublicKey {
    fn from(point: Point) -> Self {
        PublicKey::Ec(point)
    }
}

impl From<DhPublic> for PublicKey {
    fn from(value: DhPublic) -> Self {
        PublicKey::Dh(value)
    }
}

/// A private key of either family. Wiped when dropped; `Debug` prints the group only.
#[derive(Clone, Debug)]
pub enum PrivateKey {
    /// A number of 1..n-1.
    Ec(SecretScalar),
    /// A number of 1..q-1.
    Dh(DhSecret),
}

impl PrivateKey {
    /// Reads a big-endian number: see [`SecretScalar::from_bytes`] and [`DhSecret::from_bytes`].
    ///
    /// # Errors
    /// [`CurveError::Scalar`] for numbers out of range.
    pub fn from_bytes(domain: Domain, octets: &[u8]) -> Result<Self, CurveError> {
        match domain {
            Domain::Ec(curve) => SecretScalar::from_bytes(curve, octets).map(PrivateKey::Ec),
            Domain::Dh(group) => DhSecret::from_bytes(group, octets).map(PrivateKey::Dh),
        }
    }

    /// Big endian, as long as the order.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        match self {
            PrivateKey::Ec(key) => key.to_bytes(),
            PrivateKey::Dh(key) => key.to_bytes(),
        }
    }

    /// The group of the key.
    pub const fn domain(&self) -> Domain {
        match self {
            PrivateKey::Ec(key) => Domain::Ec(key.curve()),
            PrivateKey::Dh(key) => Domain::Dh(key.group()),
        }
    }

    /// The public key on the standard's generator.
    pub fn public(&self) -> PublicKey {
        match self {
            PrivateKey::Ec(key) => PublicKey::Ec(key.public()),
            PrivateKey::Dh(key) => PublicKey::Dh(key.public()),
        }
    }

    /// The public key on a mapped generator: the second key pair of PACE, 9303-11 §4.4.1.
    ///
    /// # Errors
    /// [`CurveError::Mixed`] for a generator of another group.
    pub fn public_on(&self, base: &MappedGenerator) -> Result<PublicKey, CurveError> {
        self.shared_element(&base.0)
    }

    /// The shared element with a peer, as the generic mapping needs it whole.
    ///
    /// # Errors
    /// [`CurveError::Mixed`] for a peer of another group, [`CurveError::Infinity`] for a useless result.
    pub fn shared_element(&self, peer: &PublicKey) -> Result<PublicKey, CurveError> {
        match (self, peer) {
            (PrivateKey::Ec(key), PublicKey::Ec(peer)) => key.agree(peer).map(PublicKey::Ec),
            (PrivateKey::Dh(key), PublicKey::Dh(peer)) => key.shared_element(peer).map(PublicKey::Dh),
            _ => Err(CurveError::Mixed(self.domain(), peer.domain())),
        }
    }

    /// The shared secret K with a peer, 9303-11 §9.6: the x coordinate of the shared point (TR-03111 §4.3.1) or the
    /// shared value (PKCS#3), in both cases as long as p with zeros on the left kept.
    ///
    /// # Errors
    /// [`CurveError::Mixed`] for a peer of another group, [`CurveError::Infinity`] for a useless result.
    pub fn agree(&self, peer: &PublicKey) -> Result<Zeroizing<Vec<u8>>, CurveError> {
        match (self, peer) {
            (PrivateKey::Ec(key), PublicKey::Ec(peer)) => key.agree(peer).map(|point| Zeroizing::new(point.x())),
            (PrivateKey::Dh(key), PublicKey::Dh(peer)) => key.agree(peer),
            _ => Err(CurveError::Mixed(self.domain(), peer.domain())),
        }
    }
}

impl From<SecretScalar> for PrivateKey {
    fn from(key: SecretScalar) -> Self {
        PrivateKey::Ec(key)
    }
}

impl From<DhSecret> for PrivateKey {
    fn from(key: DhSecret) -> Self {
        PrivateKey::Dh(key)
    }
}

/// The generator that PACE makes of its nonces, 9303-11 §4.4.3.3; as secret as they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MappedGenerator(PublicKey);

impl MappedGenerator {
    /// Generic mapping, 9303-11 §4.4.3.3.1, also the one of PACE-CAM: the nonce `s` (at most 32 octets) and the
    /// [`shared element`](PrivateKey::shared_element) of the anonymous key agreement.
    ///
    /// # Errors
    /// [`CurveError::Nonce`] for a longer nonce, [`CurveError::Infinity`] when the result generates nothing.
    pub fn generic(nonce: &[u8], shared: &PublicKey) -> Result<Self, CurveError> {
        match shared {
            PublicKey::Ec(shared) => mapping::generic(nonce, shared).map(|point| Self(PublicKey::Ec(point))),
            PublicKey::Dh(shared) => mapping::generic_dh(nonce, shared).map(|value| Self(PublicKey::Dh(value))),
        }
    }

    /// Integrated mapping, 9303-11 §4.4.3.3.2: `pseudo_random` is R(s, t) or R_p(s, t), taken modulo p here.
    ///
    /// # Errors
    /// [`CurveError::NoIntegratedMapping`] for P-224, [`CurveError::Degenerate`] when the result generates nothing.
    pub fn integrated(domain: Domain, pseudo_random: &[u8]) -> Result<Self, CurveError> {
        match domain {
            Domain::Ec(curve) => mapping::integrated(curve, pseudo_random).map(PublicKey::Ec).map(Self),
            Domain::Dh(group) => mapping::integrated_dh(group, pseudo_random).map(PublicKey::Dh).map(Self),
        }
    }

    /// The element itself, for printed examples.
    pub const fn element(&self) -> &PublicKey {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_are_those_of_table_12() {
        let ids: Vec<_> = Domain::STANDARDISED.iter().map(|domain| domain.parameter_id()).collect();
        assert_eq!(ids, (0..=2).chain(8..=18).collect::<Vec<_>>());
        for id in 0..=u8::MAX {
            assert_eq!(Domain::from_parameter_id(id).map(Domain::parameter_id), ids.contains(&id).then_some(id));
        }
        let curves = Domain::STANDARDISED.iter().filter(|domain| matches!(domain, Domain::Ec(_))).count();
        assert_eq!((curves, ids.len() - curves), (Curve::ALL.len(), DhGroup::ALL.len()));
    }

    #[test]
    fn families_do_not_mix() {
        let (curve, group) = (Domain::Ec(Curve::P256), Domain::Dh(DhGroup::Rfc5114_1024_160));
        let key = PrivateKey::from_bytes(curve, &[5]).unwrap();
        let mixed = CurveError::Mixed(curve, group);
        assert_eq!(key.agree(&group.generator()), Err(mixed));
        assert_eq!(key.shared_element(&group.generator()), Err(mixed));
        let mapped = MappedGenerator::integrated(group, &[5]).unwrap();
        assert_eq!(key.public_on(&mapped), Err(mixed));
        assert_eq!(mixed.to_string(), "P-256 and RFC 5114 1024/160 do not go together");
    }

    #[test]
    fn debug_tells_the_group_and_nothing_else() {
        for domain in Domain::STANDARDISED.iter().copied() {
            let key = PrivateKey::from_bytes(domain, &[0xAB; 19]).unwrap();
            let mapped = MappedGenerator::generic(&[1; 16], &key.public()).unwrap();
            let text = format!("{key:?} {:?} {mapped:?}", key.public());
            assert_eq!(text.matches(domain.name()).count(), 3, "{text}");
            assert!(text.len() < 120, "{text}");
        }
    }

    #[test]
    fn keys_of_the_short_form_have_one_compressed_form() {
        let domain = Domain::Dh(DhGroup::Rfc5114_1024_160);
        // The first power of g that begins with a zero octet.
        let key = (1u16..).map(|k| PrivateKey::from_bytes(domain, &k.to_be_bytes()).unwrap().public());
        let key = key.into_iter().find(|key| key.as_octets()[0] == 0).unwrap();
        let short = PublicKey::decode(domain, key.data_object()).unwrap();
        assert!(key.data_object().len() < 128);
        assert_eq!((key.encode().len(), key.compressed().len()), (128, 20));
        assert_eq!((short.compressed(), &short), (key.compressed(), &key));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3))]

        #[test]
        fn both_sides_of_pace_meet(
            a in any::<[u8; 19]>(), b in any::<[u8; 19]>(), nonce in any::<[u8; 32]>(), random in any::<[u8; 80]>(),
        ) {
            for domain in Domain::STANDARDISED.iter().copied() {
                let (Ok(a), Ok(b)) = (PrivateKey::from_bytes(domain, &a), PrivateKey::from_bytes(domain, &b)) else {
                    return Ok(()); // zero
                };
                prop_assert_eq!(PrivateKey::from_bytes(domain, &a.to_bytes()).unwrap().public(), a.public());
                let (h_a, h_b) = (a.shared_element(&b.public()).unwrap(), b.shared_element(&a.public()).unwrap());
                let generic = [&h_a, &h_b].map(|shared| MappedGenerator::generic(&nonce, shared).unwrap());
                prop_assert_eq!(&generic[0], &generic[1]);
                let mut generators = vec![generic[0].clone()];
                match MappedGenerator::integrated(domain, &random) {
                    Ok(mapped) => generators.push(mapped),
                    error => prop_assert_eq!(error, Err(CurveError::NoIntegratedMapping(Curve::P224))),
                }
                prop_assert_eq!(generators.len() == 2, domain.is_integrated_mapping_defined());
                for mapped in &generators {
                    let (key_a, key_b) = (a.public_on(mapped).unwrap(), b.public_on(mapped).unwrap());
                    prop_assert_eq!(PublicKey::decode(domain, &key_a.encode()), Ok(key_a.clone()));
                    let secret = a.agree(&key_b).unwrap();
                    prop_assert_eq!(&secret, &b.agree(&key_a).unwrap());
                    prop_assert_eq!(secret.len(), domain.shared_bytes());
                    prop_assert_eq!(key_a.encode().len(), domain.public_bytes());
                }
            }
        }
    }
}
