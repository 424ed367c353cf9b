//! The finite-field groups of 9303-11 §9.5.1, ids 0 to 2: subgroups of prime order q modulo a prime p, RFC 5114.
//!
//! A [`DhPublic`] has been checked once to be in the subgroup; a [`DhSecret`] is a number of 1..q-1 that is wiped.
//! Powers to secret exponents take the same time for every exponent.

pub(crate) mod modp;

use crate::CurveError;
use bitaqa_tally::Operation;
use core::fmt;
use modp::in_group;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// A finite-field group of the standardised domain parameters, 9303-11 §9.5.1 table 12.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum DhGroup {
    /// RFC 5114 §2.1: p of 1024 bits, q of 160 bits.
    Rfc5114_1024_160,
    /// RFC 5114 §2.2: p of 2048 bits, q of 224 bits.
    Rfc5114_2048_224,
    /// RFC 5114 §2.3: p of 2048 bits, q of 256 bits.
    Rfc5114_2048_256,
}

/// Domain parameters of a [`DhGroup`], big endian without a sign octet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DhParameters {
    /// Prime of the field.
    pub p: Vec<u8>,
    /// Prime order of the subgroup.
    pub q: Vec<u8>,
    /// Generator of the subgroup, as long as p.
    pub g: Vec<u8>,
}

impl DhGroup {
    /// Every group, in the order of the parameter ids.
    pub const ALL: &[DhGroup] = &[DhGroup::Rfc5114_1024_160, DhGroup::Rfc5114_2048_224, DhGroup::Rfc5114_2048_256];

    /// Parameter id, name, octets of p, octets of q.
    const fn row(self) -> (u8, &'static str, usize, usize) {
        match self {
            DhGroup::Rfc5114_1024_160 => (0, "RFC 5114 1024/160", 128, 20),
            DhGroup::Rfc5114_2048_224 => (1, "RFC 5114 2048/224", 256, 28),
            DhGroup::Rfc5114_2048_256 => (2, "RFC 5114 2048/256", 256, 32),
        }
    }

    /// The group with this standardised domain parameter id, 9303-11 §9.5.1.
    pub fn from_parameter_id(id: u8) -> Option<DhGroup> {
        Self::ALL.iter().copied().find(|group| group.parameter_id() == id)
    }

    /// Standardised domain parameter id, 9303-11 §9.5.1.
    pub const fn parameter_id(self) -> u8 {
        self.row().0
    }

    /// Name for people.
    pub const fn name(self) -> &'static str {
        self.row().1
    }

    /// Octets of p, so of a public value and of a shared secret.
    pub const fn public_bytes(self) -> usize {
        self.row().2
    }

    /// Octets of q, so of a private key.
    pub const fn secret_bytes(self) -> usize {
        self.row().3
    }

    /// Domain parameters, for comparison with explicit ones (9303-11 §9.5.2).
    pub fn parameters(self) -> DhParameters {
        let [p, q, g] = in_group!(self, parameters());
        DhParameters { p, q, g }
    }
}

impl fmt::Display for DhGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A value of the subgroup other than 1: public key, shared element or generator. Wiped when dropped and silent in
/// `Debug`, since shared secrets and mapped generators are such values as well.
#[derive(Clone, PartialEq, Eq)]
pub struct DhPublic {
    group: DhGroup,
    /// As long as p.
    octets: Zeroizing<Vec<u8>>,
}

impl DhPublic {
    /// Reads a public value and validates it as RFC 2631 §2.1.5 asks (9303-11 §9.6): 1 < y < p - 1 and y^q = 1.
    ///
    /// Two lengths are good: that of p, zeros on the left kept, and the least one of an unsigned integer, 9303-11
    /// §9.4.1. Anything between and beyond is refused.
    ///
    /// # Errors
    /// [`CurveError::DhLength`], [`CurveError::DhRange`], [`CurveError::DhSubgroup`], in this order of checks.
    pub fn decode(group: DhGroup, octets: &[u8]) -> Result<DhPublic, CurveError> {
        let expected = group.public_bytes();
        let padding = expected.checked_sub(octets.len()).ok_or(CurveError::DhLength { expected })?;
        let is_least = octets.first().is_some_and(|octet| *octet != 0);
        if padding > 0 && !is_least {
            return Err(CurveError::DhLength { expected });
        }
        let mut padded = Vec::with_capacity(expected);
        padded.resize(padding, 0);
        padded.extend_from_slice(octets);
        if !in_group!(group, is_in_range(&padded)) {
            return Err(CurveError::DhRange(group));
        }
        bitaqa_tally::note(Operation::Power, group.name(), 0);
        if !in_group!(group, is_in_subgroup(&padded)) {
            return Err(CurveError::DhSubgroup(group));
        }
        Ok(Self::checked(group, padded))
    }

    /// Octets that the arithmetic itself has made.
    fn checked(group: DhGroup, octets: Vec<u8>) -> DhPublic {
        DhPublic { group, octets: Zeroizing::new(octets) }
    }

    /// As long as p, zeros on the left kept.
    pub fn encode(&self) -> Vec<u8> {
        self.octets.to_vec()
    }

    /// As long as p, borrowed.
    pub fn as_octets(&self) -> &[u8] {
        &self.octets
    }

    /// Without zeros on the left: the unsigned integer of data objects, 9303-11 §9.4.1.
    pub fn unsigned(&self) -> &[u8] {
        let zeros = self.octets.iter().take_while(|octet| **octet == 0).count();
        self.octets.get(zeros..).unwrap_or_default()
    }

    /// The group that the value belongs to.
    pub const fn group(&self) -> DhGroup {
        self.group
    }

    /// The generator of the standard.
    pub fn generator(group: DhGroup) -> DhPublic {
        Self::checked(group, in_group!(group, generator()))
    }
}

impl fmt::Debug for DhPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DhPublic({})", self.group)
    }
}

/// A private key, static or ephemeral. Wiped when dropped; `Debug` prints the group only.
#[derive(Clone)]
pub struct DhSecret {
    group: DhGroup,
    /// As long as q.
    octets: Zeroizing<Vec<u8>>,
}

impl DhSecret {
    /// A fresh key, evenly drawn from 1..q-1: as many octets as q has, again while they are out of range.
    pub fn generate(group: DhGroup, rng: &mut dyn CryptoRng) -> Self {
        let mut octets = Zeroizing::new(vec![0; group.secret_bytes()]);
        loop {
            rng.fill_bytes(&mut octets);
            if in_group!(group, is_exponent(&octets)) {
                return Self { group, octets };
            }
        }
    }

    /// Reads a big-endian number, zeros on the left allowed. Keys up to the length of p are known (PKCS#3 draws them
    /// so, and the printed examples do); they are kept modulo q, which gives the same powers in the subgroup.
    ///
    /// # Errors
    /// [`CurveError::Scalar`] for multiples of q, zero included, and for numbers longer than p.
    pub fn from_bytes(group: DhGroup, octets: &[u8]) -> Result<Self, CurveError> {
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        let number = octets.get(zeros..).unwrap_or_default();
        let octets = in_group!(group, exponent(number)).ok_or(CurveError::Scalar(group.into()))?;
        Ok(Self { group, octets })
    }

    /// Big endian, as long as q, below q.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        self.octets.clone()
    }

    /// The group of the key.
    pub const fn group(&self) -> DhGroup {
        self.group
    }

    /// The public key on the standard's generator.
    pub fn public(&self) -> DhPublic {
        let generator = DhPublic::generator(self.group);
        // A power of 1..q-1 of a generator of order q is never 1; the generator stands in only to keep this road free
        // of panics.
        self.power(&generator).unwrap_or(generator)
    }

    /// The public key on another generator, as PACE needs after the mapping (9303-11 §4.4.3.3).
    ///
    /// # Errors
    /// [`CurveError::Mixed`] for a base of another group.
    pub fn public_on(&self, base: &DhPublic) -> Result<DhPublic, CurveError> {
        if base.group != self.group {
            return Err(CurveError::Mixed(self.group.into(), base.group.into()));
        }
        self.power(base)
    }

    /// The shared element with a peer.
    ///
    /// # Errors
    /// [`CurveError::Mixed`] for a peer of another group.
    pub fn shared_element(&self, peer: &DhPublic) -> Result<DhPublic, CurveError> {
        self.public_on(peer)
    }

    /// The shared secret with a peer, PKCS#3: as long as p, zeros on the left kept.
    ///
    /// # Errors
    /// [`CurveError::Mixed`] for a peer of another group.
    pub fn agree(&self, peer: &DhPublic) -> Result<Zeroizing<Vec<u8>>, CurveError> {
        self.public_on(peer).map(|element| element.octets)
    }

    fn power(&self, base: &DhPublic) -> Result<DhPublic, CurveError> {
        bitaqa_tally::note(Operation::Power, self.group.name(), 0);
        let octets = in_group!(self.group, power(&base.octets, &self.octets)).ok_or(CurveError::Infinity)?;
        Ok(DhPublic::checked(self.group, octets))
    }
}

impl fmt::Debug for DhSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DhSecret({})", self.group)
    }
}

/// 9303-11 §4.4.3.3.1: g^s · h, refused when it is 1.
pub(crate) fn map_generic(nonce: &[u8], shared: &DhPublic) -> Result<DhPublic, CurveError> {
    bitaqa_tally::note(Operation::Power, shared.group.name(), 0);
    let octets = in_group!(shared.group, map_generic(nonce, &shared.octets)).ok_or(CurveError::Infinity)?;
    Ok(DhPublic::checked(shared.group, octets))
}

/// 9303-11 §4.4.3.3.2: x^((p-1)/q); `None` for 0 and 1.
pub(crate) fn map_integrated(group: DhGroup, octets: &[u8]) -> Option<DhPublic> {
    bitaqa_tally::note(Operation::Power, group.name(), 0);
    in_group!(group, map_integrated(octets)).map(|octets| DhPublic::checked(group, octets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secret(group: DhGroup, octets: &[u8]) -> DhSecret {
        DhSecret::from_bytes(group, octets).unwrap()
    }

    #[test]
    fn debug_tells_the_group_and_nothing_else() {
        let key = secret(DhGroup::Rfc5114_2048_224, &[0xAB; 20]);
        assert_eq!(format!("{key:?} {:?}", key.public()), "DhSecret(RFC 5114 2048/224) DhPublic(RFC 5114 2048/224)");
    }

    #[test]
    fn rows_and_parameters_belong_together() {
        for group in DhGroup::ALL.iter().copied() {
            let parameters = group.parameters();
            assert_eq!(DhGroup::from_parameter_id(group.parameter_id()), Some(group));
            assert_eq!((parameters.p.len(), parameters.g.len()), (group.public_bytes(), group.public_bytes()));
            assert_eq!(parameters.q.len(), group.secret_bytes());
            assert_eq!(DhPublic::decode(group, &parameters.g), Ok(DhPublic::generator(group)));
        }
        assert_eq!(DhGroup::from_parameter_id(3), None);
    }

    #[test]
    fn private_keys_are_numbers_modulo_q_and_never_zero() {
        for group in DhGroup::ALL.iter().copied() {
            let mut q = group.parameters().q;
            let zero = Err(CurveError::Scalar(group.into()));
            let read = |octets: &[u8]| DhSecret::from_bytes(group, octets).map(|key| key.to_bytes().to_vec());
            assert_eq!(read(&[]), zero);
            assert_eq!(read(&[0; 300]), zero);
            assert_eq!(read(&q), zero);
            assert_eq!(read(&vec![0xFF; group.public_bytes() + 1]), zero);
            assert_eq!(secret(group, &[0, 1]).public(), DhPublic::generator(group));
            *q.last_mut().unwrap() += 1;
            assert_eq!(secret(group, &q).public(), DhPublic::generator(group));
            // (q - 1) turns g into its inverse, and (q - 1)² = 1.
            *q.last_mut().unwrap() -= 2;
            assert_eq!(read(&q), Ok(q.clone()));
            let inverse = secret(group, &q);
            assert_ne!(inverse.public(), DhPublic::generator(group));
            assert_eq!(inverse.shared_element(&inverse.public()), Ok(DhPublic::generator(group)));
            assert_eq!(secret(group, &vec![0xFF; group.public_bytes()]).to_bytes().len(), group.secret_bytes());
        }
    }

    #[test]
    fn groups_do_not_mix() {
        let key = secret(DhGroup::Rfc5114_2048_224, &[5]);
        let peer = DhPublic::generator(DhGroup::Rfc5114_2048_256);
        let mixed = CurveError::Mixed(DhGroup::Rfc5114_2048_224.into(), DhGroup::Rfc5114_2048_256.into());
        assert_eq!(key.agree(&peer), Err(mixed));
        // of the same length, but of no meaning here
        let octets = peer.encode();
        let refused = DhPublic::decode(DhGroup::Rfc5114_2048_224, &octets);
        assert_eq!(refused, Err(CurveError::DhSubgroup(DhGroup::Rfc5114_2048_224)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        #[test]
        fn both_parties_agree_and_values_come_back(
            group in proptest::sample::select(DhGroup::ALL), a in any::<[u8; 20]>(), b in any::<[u8; 128]>(),
        ) {
            let (Ok(a), Ok(b)) = (DhSecret::from_bytes(group, &a), DhSecret::from_bytes(group, &b)) else {
                return Ok(()); // a multiple of q
            };
            let shared = a.agree(&b.public()).unwrap();
            prop_assert_eq!(&shared, &b.agree(&a.public()).unwrap());
            prop_assert_eq!(shared.len(), group.public_bytes());
            prop_assert_eq!(DhPublic::decode(group, &a.public().encode()), Ok(a.public()));
            prop_assert_eq!(DhPublic::decode(group, a.public().unsigned()), Ok(a.public()));
            prop_assert_eq!(DhSecret::from_bytes(group, &b.to_bytes()).unwrap().public(), b.public());
            prop_assert_eq!(a.public_on(&DhPublic::generator(group)).unwrap(), a.public());
        }

        #[test]
        fn no_octets_make_the_reader_panic(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
            for group in DhGroup::ALL.iter().copied() {
                let _ = DhPublic::decode(group, &octets);
                let _ = DhSecret::from_bytes(group, &octets);
            }
        }
    }
}
