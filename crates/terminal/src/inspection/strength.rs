//! Which of several offers a terminal takes. The card's order says nothing: EF.CardAccess is not signed when it is
//! read, and whoever changes it wants the weakest offer to be taken.
//!
//! Offers are compared by, in this order,
//! 1. the strength of the session in bits: the lesser of cipher and domain parameters (half the field of a curve; for
//!    the groups of RFC 5114 80, 112 and 112; 112 for 3DES),
//! 2. whether the chip is authenticated on the way, so chip authentication mapping first (9303-11 App. J.1),
//! 3. the generic before the integrated mapping, since it is the one that every terminal has tried on every card,
//! 4. the key length of the cipher, then the size of the domain parameters,
//! 5. curves before finite fields, as they are faster on a card.

use bitaqa_curves::{DhGroup, Domain};
use bitaqa_lds::security_infos::{ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo};
use bitaqa_pki::spki;
use bitaqa_secure_messaging::pace::{Mapping, Suite};
use bitaqa_secure_messaging::sm::Cipher;

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
    /// Of an offer of PACE.
    pub fn of_pace(suite: &Suite) -> Self {
        let mapping = match suite.mapping {
            Mapping::ChipAuthentication => 2,
            Mapping::Generic => 1,
            Mapping::Integrated => 0,
        };
        Self::new(suite.domain, cipher_bits(suite.cipher), mapping)
    }

    /// Of an offer of Chip Authentication with the key that belongs to it; `None` for what is not spoken here.
    pub fn of_chip(info: &ChipAuthenticationInfo, key: &ChipAuthenticationPublicKeyInfo) -> Option<Self> {
        // The last arc of every protocol of Chip Authentication is its cipher, TR-03110-3 §A.1.1.2.
        let cipher = match info.protocol.arcs().last()? {
            1 => Cipher::TripleDes,
            2 => Cipher::Aes128,
            3 => Cipher::Aes192,
            4 => Cipher::Aes256,
            _ => return None,
        };
        let domain = spki::decode_agreement_key(&key.public_key).ok()?.domain();
        Some(Self::new(domain, cipher_bits(cipher), 0))
    }

    fn new(domain: Domain, cipher_bits: u16, mapping: u8) -> Self {
        let domain_bits = match domain {
            Domain::Ec(curve) => u16::try_from(curve.field_bytes() * 4).unwrap_or(u16::MAX),
            Domain::Dh(DhGroup::Rfc5114_1024_160) => 80,
            Domain::Dh(DhGroup::Rfc5114_2048_224 | DhGroup::Rfc5114_2048_256) => 112,
        };
        let curve = matches!(domain, Domain::Ec(_));
        Self { bits: domain_bits.min(cipher_bits), mapping, cipher_bits, domain_bits, curve }
    }
}

const fn cipher_bits(cipher: Cipher) -> u16 {
    match cipher {
        Cipher::TripleDes => 112,
        Cipher::Aes128 => 128,
        Cipher::Aes192 => 192,
        Cipher::Aes256 => 256,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitaqa_lds::security_infos::PaceInfo;
    use const_oid::ObjectIdentifier;

    fn pace(agreement: u32, cipher: u32, parameter_id: u8) -> Suite {
        let protocol = ObjectIdentifier::new(&format!("0.4.0.127.0.7.2.2.4.{agreement}.{cipher}")).unwrap();
        Suite::of(&PaceInfo { protocol, version: 2, parameter_id: Some(parameter_id) }).unwrap()
    }

    /// The list of the head of this page, the strongest first. The first arc is 1 DH-GM, 2 ECDH-GM, 3 DH-IM, 4 ECDH-IM,
    /// 6 ECDH-CAM; the second 1 3DES, 2 to 4 AES.
    #[test]
    fn offers_are_ordered_by_strength_then_mapping_then_size() {
        let order = [
            pace(2, 4, 18), // 256 bits
            pace(2, 4, 15), // P-384: 192 bits
            pace(6, 4, 13), // CAM: 128 bits
            pace(6, 2, 13), // CAM with the shorter cipher, 128 bits still
            pace(2, 4, 12), // GM, AES-256, P-256
            pace(2, 2, 16), // GM, AES-128 over a larger curve
            pace(2, 2, 12),
            pace(4, 4, 12), // IM
            pace(2, 4, 10), // P-224: 112 bits
            pace(1, 4, 2),  // DH: 112 bits
            pace(2, 1, 18), // 3DES over P-521
            pace(2, 1, 12),
            pace(1, 1, 2),
            pace(3, 4, 2), // DH-IM
            pace(2, 4, 8), // P-192: 96 bits
            pace(1, 4, 0), // 80 bits
        ];
        let strengths: Vec<_> = order.iter().map(Strength::of_pace).collect();
        for (place, pair) in strengths.windows(2).enumerate() {
            assert!(pair[0] > pair[1], "{place}: {pair:?}");
        }
    }
}
