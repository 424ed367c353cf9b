//! The groups that 9303-11 and TR-03110 name, elliptic curves and finite fields: parameters, checked public keys,
//! private keys, the mappings of PACE and ECDSA.
//!
//! The only room that sees the curve libraries. A [`Point`] or [`DhPublic`] holds octets that were checked once, a
//! [`SecretScalar`] or [`DhSecret`] octets that are wiped; [`PublicKey`] and [`PrivateKey`] are over both families, by
//! [`Domain`]. Which library does the arithmetic is decided in two places, the macros `on_curve` and `in_group`.
//! Not here: RSA, and the block ciphers around the integrated mapping.

pub mod dh;
mod domain;
pub mod ecdsa;
mod group;
pub mod mapping;
mod params;
mod point;
mod prime_curves;
mod scalar;

pub use dh::{DhGroup, DhParameters, DhPublic, DhSecret};
pub use domain::{Domain, MappedGenerator, PrivateKey, PublicKey};
pub use params::{Curve, Parameters};
pub use point::Point;
pub use scalar::SecretScalar;

/// What the arithmetic of a group refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CurveError {
    /// Not 04, x, y in exactly the octets of the field: TR-03111 allows no other form in these protocols.
    #[error("a public key must be 04, x, y: {expected} octets, not the form or length found")]
    PointFormat {
        /// Octets of an uncompressed point of this curve.
        expected: usize,
    },
    /// Coordinates not below p or not solving the equation, 9303-11 §4.4.1.
    #[error("the point is not on the curve {0}")]
    NotOnCurve(Curve),
    /// A public value of DH that is neither as long as p nor an unsigned integer in its least octets, 9303-11 §9.4.1.
    #[error("a public value must have {expected} octets, or fewer and then no zero in front")]
    DhLength {
        /// Octets of p.
        expected: usize,
    },
    /// A public value of DH that is 0, 1, p - 1 or not below p, RFC 2631 §2.1.5.
    #[error("the public value is not in 2..p-2 of {0}")]
    DhRange(DhGroup),
    /// A public value of DH whose order is not q: the start of a small subgroup attack, 9303-11 §4.4.3.3.1.
    #[error("the public value is not in the subgroup of {0}")]
    DhSubgroup(DhGroup),
    /// A result that is the point at infinity, or 1: the peer sent values that leave no secret.
    #[error("the result is the neutral element of the group")]
    Infinity,
    /// Zero, not below the order, or too long; for DH a multiple of the order or longer than p.
    #[error("the private key is not in the range of {0}")]
    Scalar(Domain),
    /// Two values of different groups met.
    #[error("{0} and {1} do not go together")]
    Mixed(Domain, Domain),
    /// A nonce longer than PACE has them.
    #[error("the nonce is too long for {0}")]
    Nonce(Domain),
    /// 9303-11 §9.5.1: the point encoding of Appendix B needs a prime that is 3 modulo 4.
    #[error("{0} has no integrated mapping: its prime is not 3 modulo 4")]
    NoIntegratedMapping(Curve),
    /// A pseudo-random number that the integrated mapping cannot turn into a generator, 9303-11 §4.4.3.3.2.
    #[error("the integrated mapping finds no generator of {0}")]
    Degenerate(Domain),
    /// Chip Authentication Data that do not connect the chip's static key with its key of the mapping, 9303-11
    /// §4.4.3.5.2.
    #[error("the chip authentication data do not belong to the static key and the key of the mapping")]
    ChipAuthentication,
    /// A digest whose length belongs to none of the hashes used here.
    #[error("no digest has {0} octets")]
    Digest(usize),
    /// r, s missing, zero, too large, or not DER where DER is due.
    #[error("the signature is not coded as it must be")]
    SignatureFormat,
    /// The signature does not belong to key and digest.
    #[error("the signature does not verify")]
    Signature,
}
