//! Which of several offers a terminal takes. The card's order says nothing: EF.CardAccess is not signed when it is read,
//! and whoever changes it wants the weakest offer to be taken.
//!
//! Offers are compared by, in this order,
//! 1. the strength of the session in bits: the lesser of cipher and domain parameters (half the field of a curve; for
//!    the groups of RFC 5114 80, 112 and 112; 112 for 3DES),
//! 2. whether the chip is authenticated on the way, so chip authentication mapping first (9303-11 App. J.1),
//! 3. the generic before the integrated mapping, since it is the one that every terminal has tried on every card,
//! 4. the key length of the cipher, then the size of the domain parameters,
//! 5. curves before finite fields, as they are faster on a card.

use bitaqa_curves::{Curve, DhGroup, Domain};
use bitaqa_lds::security_infos::{ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo, PaceInfo};
use bitaqa_pki::spki;
use const_oid::ObjectIdentifier;

/// Place of an offer among others: the greater one is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Strength {
    bits: u16,
    mapping: u8,
    cipher_bits: u16,
    domain_bits: u16,
    curve: bool,
}

impl Strength {
    /// Of an offer of PACE with standardised domain parameters; `None` for one of unknown names.
    pub fn of_pace(info: &PaceInfo) -> Option<Self> {
        let [agreement, cipher] = arcs(info.protocol, 4)?;
        let mapping = match agreement {
            6 => 2,
            1 | 2 => 1,
            3 | 4 => 0,
            _ => return None,
        };
        let domain = Domain::from_parameter_id(info.parameter_id?)?;
        let is_curve = matches!(domain, Domain::Ec(_));
        if is_curve == matches!(agreement, 1 | 3) {
            return None;
        }
        Some(Self::new(domain_bits(domain), cipher_bits(cipher)?, mapping, is_curve))
    }

    /// Of an offer of Chip Authentication with the key that belongs to it; `None` for one of unknown names.
    pub fn of_chip(info: &ChipAuthenticationInfo, key: &ChipAuthenticationPublicKeyInfo) -> Option<Self> {
        let [agreement, cipher] = arcs(info.protocol, 3)?;
        let is_curve = agreement == 2;
        let domain_bits = match spki::decode(&key.public_key) {
            Ok(point) => curve_bits(point.curve()),
            // A number of 2048 bits does not fit into 256 octets of SubjectPublicKeyInfo; one of 1024 bits with its
            // parameters does not need 512.
            Err(_) if key.public_key.len() > 512 => 112,
            Err(_) => 80,
        };
        Some(Self::new(domain_bits, cipher_bits(cipher)?, 0, is_curve))
    }

    fn new(domain_bits: u16, cipher_bits: u16, mapping: u8, curve: bool) -> Self {
        Self { bits: domain_bits.min(cipher_bits), mapping, cipher_bits, domain_bits, curve }
    }
}

/// The two arcs that say key agreement (with mapping) and cipher, behind 0.4.0.127.0.7.2.2 and the protocol's own.
fn arcs(protocol: ObjectIdentifier, family: u32) -> Option<[u32; 2]> {
    let mut arcs = protocol.arcs();
    if ![0, 4, 0, 127, 0, 7, 2, 2, family].iter().all(|arc| arcs.next() == Some(*arc)) {
        return None;
    }
    match (arcs.next(), arcs.next(), arcs.next()) {
        (Some(agreement), Some(cipher), None) => Some([agreement, cipher]),
        _ => None,
    }
}

const fn cipher_bits(arc: u32) -> Option<u16> {
    match arc {
        1 => Some(112),
        2 => Some(128),
        3 => Some(192),
        4 => Some(256),
        _ => None,
    }
}

fn domain_bits(domain: Domain) -> u16 {
    match domain {
        Domain::Ec(curve) => curve_bits(curve),
        Domain::Dh(DhGroup::Rfc5114_1024_160) => 80,
        Domain::Dh(DhGroup::Rfc5114_2048_224 | DhGroup::Rfc5114_2048_256) => 112,
    }
}

fn curve_bits(curve: Curve) -> u16 {
    u16::try_from(curve.field_bytes() * 4).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(agreement: u32, cipher: u32, parameter_id: u8) -> PaceInfo {
        let protocol = ObjectIdentifier::new(&format!("0.4.0.127.0.7.2.2.4.{agreement}.{cipher}")).unwrap();
        PaceInfo { protocol, version: 2, parameter_id: Some(parameter_id) }
    }

    /// The list of the head of this page, the strongest first.
    #[test]
    fn offers_are_ordered_by_strength_then_mapping_then_size() {
        let order = [
            pace(2, 4, 18), // ECDH-GM, AES-256, P-521: 256 bits
            pace(2, 4, 15), // P-384: 192 bits
            pace(6, 4, 13), // CAM, AES-256, brainpoolP256r1: 128 bits
            pace(6, 2, 13), // CAM with the shorter cipher, 128 bits still
            pace(2, 4, 12), // GM, AES-256, P-256
            pace(2, 2, 16), // GM, AES-128 over a larger curve
            pace(2, 2, 12),
            pace(4, 4, 12), // IM
            pace(6, 1, 13), // CAM with 3DES: 112 bits
            pace(2, 4, 10), // P-224
            pace(1, 4, 2),  // DH: 112 bits
            pace(2, 1, 18), // 3DES over P-521
            pace(2, 1, 12),
            pace(3, 4, 2), // DH-IM
            pace(2, 4, 8), // P-192: 96 bits
            pace(1, 4, 0), // 80 bits
        ];
        let strengths: Vec<_> = order.iter().map(|info| Strength::of_pace(info).unwrap()).collect();
        for (place, pair) in strengths.windows(2).enumerate() {
            assert!(pair[0] > pair[1], "{place}: {pair:?}");
        }
    }

    #[test]
    fn unknown_names_have_no_place() {
        for info in [pace(5, 2, 13), pace(2, 5, 13), pace(2, 2, 3), pace(2, 2, 0), pace(1, 2, 13)] {
            assert_eq!(Strength::of_pace(&info), None, "{info:?}");
        }
        let mut other = pace(2, 2, 13);
        other.protocol = ObjectIdentifier::new("0.4.0.127.0.7.2.2.3.2.2").unwrap();
        assert_eq!(Strength::of_pace(&other), None);
    }
}
