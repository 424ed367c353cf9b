//! The number that an RSA signature of Active Authentication carries: ISO/IEC 9796-2 digital signature scheme 1 with
//! partial recovery, as 9303-11 §6.1.2.2 fixes its parts.
//!
//! ```text
//! 6A ‖ M1 ‖ H(M1 ‖ RND.IFD) ‖ BC         SHA-1
//! 6A ‖ M1 ‖ H(M1 ‖ RND.IFD) ‖ xx CC      xx = number of the hash in ISO/IEC 10118-3
//! ```
//! M1 fills what is left, so that no padding stands between 6A and it.

use super::AaError;
use bitaqa_pki::HashAlgorithm;
use bitaqa_pki::rsa::RsaPublicKey;

/// Partial recovery, no padding.
const HEADER: u8 = 0x6A;

/// Trailers by hash. That of SHA-1 in two octets is read and never written, as 9303-11 §6.1.2.2 wants option 1 there.
const TRAILERS: [(HashAlgorithm, &[u8]); 6] = [
    (HashAlgorithm::Sha1, &[0xBC]),
    (HashAlgorithm::Sha224, &[0x38, 0xCC]),
    (HashAlgorithm::Sha256, &[0x34, 0xCC]),
    (HashAlgorithm::Sha384, &[0x36, 0xCC]),
    (HashAlgorithm::Sha512, &[0x35, 0xCC]),
    (HashAlgorithm::Sha1, &[0x33, 0xCC]),
];

/// The parts of a number that the public key has recovered.
#[derive(Debug)]
pub(super) struct Recovered<'a> {
    pub hash: HashAlgorithm,
    /// Recoverable part of the message, the chip's own.
    pub m1: &'a [u8],
    pub digest: &'a [u8],
}

pub(super) fn trailer(hash: HashAlgorithm) -> &'static [u8] {
    TRAILERS.iter().find(|row| row.0 == hash).map_or(&[], |row| row.1)
}

/// Octets of the representative: as many as the modulus has, with at least one of M1.
pub(super) fn length(key: &RsaPublicKey, hash: HashAlgorithm) -> Result<usize, AaError> {
    let length = key.modulus().len();
    let fits = length > 1 + hash.digest_bytes() + trailer(hash).len();
    // With other bits the header would not begin at an octet, and no such key is known.
    if fits && key.bits().is_multiple_of(8) { Ok(length) } else { Err(AaError::Modulus { bits: key.bits(), hash }) }
}

/// The whole number, as long as M1 makes it.
pub(super) fn write(m1: &[u8], challenge: &[u8], hash: HashAlgorithm) -> Vec<u8> {
    let digest = hash.digest(&[m1, challenge].concat());
    [&[HEADER], m1, &digest, trailer(hash)].concat()
}

/// n - J, as long as n; J is smaller than n and as long.
pub(super) fn complement(modulus: &[u8], number: &[u8]) -> Vec<u8> {
    let mut borrow = false;
    let mut octets: Vec<u8> = modulus
        .iter()
        .zip(number)
        .rev()
        .map(|(left, right)| {
            let (difference, under) = left.overflowing_sub(*right);
            let (difference, under_again) = difference.overflowing_sub(u8::from(borrow));
            borrow = under || under_again;
            difference
        })
        .collect();
    octets.reverse();
    octets
}

impl<'a> Recovered<'a> {
    /// Inverse of [`write`].
    pub(super) fn read(number: &'a [u8]) -> Result<Self, AaError> {
        let rest = number.strip_prefix(&[HEADER]);
        let rest = rest.ok_or(AaError::Representative("the recovered number does not begin with 6A"))?;
        let ends = TRAILERS.iter().find_map(|(hash, trailer)| Some((*hash, rest.strip_suffix(*trailer)?)));
        let (hash, rest) = ends.ok_or(AaError::Representative("the recovered number ends in no known trailer"))?;
        let split = rest.len().checked_sub(hash.digest_bytes()).and_then(|at| rest.split_at_checked(at));
        let (m1, digest) = split.ok_or(AaError::Representative("the recovered number is shorter than its digest"))?;
        Ok(Self { hash, m1, digest })
    }
}
