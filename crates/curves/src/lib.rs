//! The elliptic curves that 9303-11 and TR-03110 name, behind one type: parameters, checked points, scalars, the
//! generic mapping of PACE and ECDSA.
//!
//! The only room that sees the curve libraries. A [`Point`] holds octets that were checked once, a [`SecretScalar`]
//! octets that are wiped; which library does the arithmetic is decided in one place, the macro `on_curve`.
//! Not here: finite-field groups, integrated mapping, curves other than the four of [`Curve`].

pub mod ecdsa;
mod group;
pub mod mapping;
mod params;
mod point;
mod scalar;

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
    /// A result that is the point at infinity: the peer sent values that leave no secret.
    #[error("the result is the point at infinity")]
    Infinity,
    /// Zero, not below n, or too long.
    #[error("the private key is not in 1..n-1 of {0}")]
    Scalar(Curve),
    /// Two values of different groups met.
    #[error("{0} and {1} do not go together")]
    Mixed(Curve, Curve),
    /// A nonce of more octets than the group order.
    #[error("the nonce is longer than the order of {0}")]
    Nonce(Curve),
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
