//! The key by which others verify, of either kind.

use crate::rsa::{RsaError, RsaPublicKey};
use crate::{Signature, SignatureAlgorithm};
use bitaqa_curves::{Curve, CurveError, Point, ecdsa};

/// A public key: a point on its curve, or an RSA modulus with its exponent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PublicKey {
    /// Elliptic curve.
    Ec(Point),
    /// RSA.
    Rsa(RsaPublicKey),
}

/// Why a signature was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// ECDSA under an RSA key or the other way round.
    #[error("a signature by {0} cannot be made by such a key")]
    KeyKind(SignatureAlgorithm),
    /// ECDSA.
    #[error(transparent)]
    Ec(#[from] CurveError),
    /// RSA.
    #[error(transparent)]
    Rsa(#[from] RsaError),
}

impl VerifyError {
    /// Whether nothing was found out about the signature, since this program cannot judge it.
    pub(crate) const fn is_unsupported(&self) -> bool {
        matches!(self, Self::Rsa(RsaError::NotBuilt))
    }
}

impl PublicKey {
    /// Verifies a signature over a message.
    ///
    /// # Errors
    /// [`VerifyError::KeyKind`] for an algorithm of the other kind, else what is wrong with the signature.
    pub fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), VerifyError> {
        let digest = algorithm.hash().digest(message);
        match (self, algorithm) {
            (Self::Ec(point), SignatureAlgorithm::Ecdsa(_) | SignatureAlgorithm::EcdsaPlain(_)) => {
                Ok(ecdsa::verify_digest(point, &digest, &signature.0)?)
            }
            (Self::Rsa(key), SignatureAlgorithm::RsaPkcs1(hash)) => {
                Ok(key.verify_pkcs1(hash, &digest, &signature.0)?)
            }
            (Self::Rsa(key), SignatureAlgorithm::RsaPss(parameters)) => {
                Ok(key.verify_pss(parameters, &digest, &signature.0)?)
            }
            _ => Err(VerifyError::KeyKind(algorithm)),
        }
    }

    /// Verifies a signature as X.509 and CMS write it.
    pub(crate) fn verify_x509(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        octets: &[u8],
    ) -> Result<(), VerifyError> {
        let signature = match (self, algorithm) {
            (Self::Ec(point), SignatureAlgorithm::Ecdsa(_)) => Signature::from_der(point.curve(), octets)?,
            _ => Signature(octets.to_vec()),
        };
        self.verify(algorithm, message, &signature)
    }

    /// The point, of an elliptic-curve key.
    pub const fn point(&self) -> Option<&Point> {
        match self {
            Self::Ec(point) => Some(point),
            Self::Rsa(_) => None,
        }
    }

    /// The curve, of an elliptic-curve key.
    pub fn curve(&self) -> Option<Curve> {
        self.point().map(Point::curve)
    }

    /// The RSA key, if it is one.
    pub const fn rsa(&self) -> Option<&RsaPublicKey> {
        match self {
            Self::Ec(_) => None,
            Self::Rsa(key) => Some(key),
        }
    }
}

impl From<Point> for PublicKey {
    fn from(point: Point) -> Self {
        Self::Ec(point)
    }
}

impl From<RsaPublicKey> for PublicKey {
    fn from(key: RsaPublicKey) -> Self {
        Self::Rsa(key)
    }
}
