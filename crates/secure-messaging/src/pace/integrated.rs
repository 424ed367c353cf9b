//! The pseudo-random function of the integrated mapping, 9303-11 §4.4.3.3.2 figure 2. What its output becomes in the
//! group is the part of `curves`.
//!
//! ```text
//! k_0 = CBC(t, s)      k_i = CBC(k_(i-1), c_0)      x_i = CBC(k_(i-1), c_1)      R(s, t) = x_1 ‖ .. ‖ x_n
//! ```
//! CBC(key, octets) has IV 0; a key takes as many octets as the cipher needs, which matters to AES-192 alone.

use super::error::{PaceError, Step, public_key};
use super::suite::Suite;
use crate::KeyLength;
use crate::session_key::{BLOCK_MAX, SessionKey};
use crate::sm::Cipher;
use bitaqa_curves::{Domain, MappedGenerator};
use zeroize::Zeroizing;

/// Constants for 3DES and AES-128: l = 128.
const SHORT: [&[u8]; 2] = [
    &0xA668_892A_7C41_E3CA_739F_40B0_57D8_5904_u128.to_be_bytes(),
    &0xA4E1_36AC_725F_738B_01C1_F602_17C1_88AD_u128.to_be_bytes(),
];

/// Constants for AES-192 and AES-256: l = 256.
#[rustfmt::skip]
const LONG: [&[u8]; 2] = [
    &[
        0xD4, 0x63, 0xD6, 0x52, 0x34, 0x12, 0x4E, 0xF7, 0x89, 0x70, 0x54, 0x98, 0x6D, 0xCA, 0x0A, 0x17,
        0x4E, 0x28, 0xDF, 0x75, 0x8C, 0xBA, 0xA0, 0x3F, 0x24, 0x06, 0x16, 0x41, 0x4D, 0x5A, 0x16, 0x76,
    ],
    &[
        0x54, 0xBD, 0x72, 0x55, 0xF0, 0xAA, 0xF8, 0x31, 0xBE, 0xC3, 0x42, 0x3F, 0xCF, 0x39, 0xD6, 0x9B,
        0x6C, 0xBF, 0x06, 0x66, 0x77, 0xD0, 0xFA, 0xAE, 0x5A, 0xAD, 0xD9, 0x9D, 0xF8, 0xE5, 0x35, 0x17,
    ],
];

/// Bits that the output has beyond p, so that its residue is almost evenly spread.
const EXCESS_BITS: usize = 64;

/// The mapped generator of both nonces. `t` may come from the other side and is refused when it is no key.
pub(super) fn map(suite: &Suite, s: &[u8], t: &[u8]) -> Result<MappedGenerator, PaceError> {
    let wrong_length = |KeyLength(octets)| PaceError::Nonce { step: Step::Mapping, octets };
    let random = pseudo_random(suite.cipher, suite.domain, s, t).map_err(wrong_length)?;
    MappedGenerator::integrated(suite.domain, &random).map_err(public_key(Step::Mapping))
}

/// R(s, t): `s` in whole blocks, `t` as long as a key. The output is as secret as `s`.
///
/// # Errors
/// [`KeyLength`] for a `t` of another length.
pub(super) fn pseudo_random(
    cipher: Cipher,
    domain: Domain,
    s: &[u8],
    t: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyLength> {
    let [c0, c1] = match cipher {
        Cipher::TripleDes | Cipher::Aes128 => SHORT,
        Cipher::Aes192 | Cipher::Aes256 => LONG,
    };
    let cbc = |key: &[u8], octets: &[u8]| -> Result<Zeroizing<Vec<u8>>, KeyLength> {
        let mut octets = Zeroizing::new(octets.to_vec());
        SessionKey::new(cipher, key.get(..cipher.key_octets()).unwrap_or(key))?
            .cbc_encrypt([0; BLOCK_MAX], &mut octets);
        Ok(octets)
    };
    if t.len() != cipher.key_octets() {
        return Err(KeyLength(t.len()));
    }
    let rounds = (prime_bits(domain) + EXCESS_BITS).div_ceil(8 * c1.len());
    // Reserved in full first: a growing buffer would leave copies behind.
    let mut output = Zeroizing::new(Vec::with_capacity(rounds * c1.len()));
    let mut key = cbc(t, s)?;
    for _ in 0..rounds {
        output.extend_from_slice(&cbc(&key, c1)?);
        key = cbc(&key, c0)?;
    }
    Ok(output)
}

/// log2 p, rounded up.
fn prime_bits(domain: Domain) -> usize {
    let p = match domain {
        Domain::Ec(curve) => curve.parameters().p,
        Domain::Dh(group) => group.parameters().p,
    };
    let zeros = p.iter().take_while(|octet| **octet == 0).count();
    let first = p.get(zeros).copied().unwrap_or_default();
    8 * (p.len() - zeros) - usize::try_from(first.leading_zeros()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{hex, vectors};
    use bitaqa_curves::{Curve, DhGroup};

    #[test]
    fn both_printed_outputs_come_out() {
        for (file, id) in [
            (include_str!("../../../../test-vectors/icao9303-11/pace_ecdh_im_mapping.toml"), 13),
            (include_str!("../../../../test-vectors/icao9303-11/pace_dh_im_mapping.toml"), 0),
        ] {
            let domain = Domain::from_parameter_id(id).unwrap();
            for case in vectors(file) {
                let (s, t) = (case.octets("nonce_s"), case.octets("nonce_t"));
                assert_eq!(
                    *pseudo_random(Cipher::Aes128, domain, &s, &t).unwrap(),
                    case.octets("R"),
                    "{}",
                    case.name()
                );
            }
        }
    }

    /// The least whole number of constants that is 64 bits longer than p.
    #[test]
    fn the_output_is_as_long_as_the_group_needs() {
        for (domain, bits, short, long) in [
            (Domain::Ec(Curve::P192), 192, 32, 32),
            (Domain::Ec(Curve::BrainpoolP320r1), 320, 48, 64),
            (Domain::Ec(Curve::P521), 521, 80, 96),
            (Domain::Dh(DhGroup::Rfc5114_1024_160), 1024, 144, 160),
            (Domain::Dh(DhGroup::Rfc5114_2048_256), 2048, 272, 288),
        ] {
            assert_eq!(prime_bits(domain), bits);
            for (cipher, octets) in
                [(Cipher::TripleDes, short), (Cipher::Aes128, short), (Cipher::Aes192, long), (Cipher::Aes256, long)]
            {
                let (s, t) = (vec![1; 32], vec![2; cipher.key_octets()]);
                assert_eq!(pseudo_random(cipher, domain, &s, &t).unwrap().len(), octets, "{domain} {cipher:?}");
            }
        }
    }

    #[test]
    fn a_nonce_of_another_length_is_no_key() {
        let domain = Domain::Ec(Curve::P256);
        for cipher in Cipher::ALL {
            for octets in [0, 8, cipher.key_octets() - 1, cipher.key_octets() + 1] {
                let result = pseudo_random(*cipher, domain, &hex("00"), &vec![1; octets]);
                assert_eq!(result.err(), Some(KeyLength(octets)));
            }
        }
    }
}
