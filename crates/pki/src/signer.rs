//! Who signs: a key in software now, a key in hardware later, behind one trait.

use crate::rsa::RsaError;
use crate::{HashAlgorithm, PublicKey, SignatureAlgorithm};
use bitaqa_curves::{Curve, CurveError, Point, SecretScalar, ecdsa};
use core::fmt;

/// A signature. ECDSA: the plain format of TR-03111 §5.2.1, r ‖ s, each as long as the order. RSA: a number as long as
/// the modulus.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature(pub Vec<u8>);

impl Signature {
    /// An ECDSA signature as X.509 and CMS write it: `Ecdsa-Sig-Value`, RFC 3279 §2.2.3.
    ///
    /// # Errors
    /// [`CurveError::SignatureFormat`] for a wrong length or r, s out of 1..n-1.
    pub fn to_der(&self, curve: Curve) -> Result<Vec<u8>, CurveError> {
        ecdsa::raw_to_der(curve, &self.0)
    }

    /// An ECDSA signature from what X.509 and CMS write.
    ///
    /// # Errors
    /// [`CurveError::SignatureFormat`] for what is not DER, or r, s out of 1..n-1.
    pub fn from_der(curve: Curve, der: &[u8]) -> Result<Self, CurveError> {
        ecdsa::der_to_raw(curve, der).map(Self)
    }

    /// As X.509 and CMS write what this key has signed by this algorithm; RSA signatures are written as they are.
    ///
    /// # Errors
    /// [`CurveError::SignatureFormat`] for a wrong length or r, s out of 1..n-1.
    pub fn to_x509(&self, algorithm: SignatureAlgorithm, key: &PublicKey) -> Result<Vec<u8>, CurveError> {
        match (algorithm, key) {
            (SignatureAlgorithm::Ecdsa(_), PublicKey::Ec(point)) => self.to_der(point.curve()),
            _ => Ok(self.0.clone()),
        }
    }
}

/// Why nothing was signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The arithmetic refused.
    #[error("the key cannot sign: {0}")]
    Curve(#[from] CurveError),
    /// The RSA key or operation.
    #[error("the key cannot sign: {0}")]
    Rsa(#[from] RsaError),
    /// SHA-1 is read, not written.
    #[error("{0} signs nothing any more")]
    Hash(HashAlgorithm),
    /// ECDSA with an RSA key or the other way round.
    #[error("the key cannot sign by {0}")]
    KeyKind(SignatureAlgorithm),
    /// A device that holds the key refused or is not there, in its own words.
    #[error("the signing device refused: {0}")]
    Device(String),
}

/// Holds a private key and signs with it. The key itself never comes out.
pub trait Signer {
    /// What [`Signer::sign`] does with a message.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// The key by which others verify.
    fn public_key(&self) -> PublicKey;

    /// Signs a message: hashes it and signs the digest.
    ///
    /// # Errors
    /// [`SignError`].
    fn sign(&self, message: &[u8]) -> Result<Signature, SignError>;
}

/// A private key in memory. Signatures are deterministic (RFC 6979), so that one input gives one EF.SOD.
#[derive(Clone)]
pub struct SoftwareSigner {
    key: SecretScalar,
    public: Point,
    algorithm: SignatureAlgorithm,
}

impl SoftwareSigner {
    /// Signs with the hash that fits the curve.
    pub fn new(key: SecretScalar) -> Self {
        let (public, algorithm) = (key.public(), SignatureAlgorithm::for_curve(key.curve()));
        Self { key, public, algorithm }
    }

    /// Signs with another hash than the one that fits the curve.
    ///
    /// # Errors
    /// [`SignError::Hash`] for SHA-1.
    pub fn with_hash(key: SecretScalar, hash: HashAlgorithm) -> Result<Self, SignError> {
        if !hash.is_permitted() {
            return Err(SignError::Hash(hash));
        }
        Ok(Self { algorithm: SignatureAlgorithm::Ecdsa(hash), ..Self::new(key) })
    }
}

impl From<SecretScalar> for SoftwareSigner {
    fn from(key: SecretScalar) -> Self {
        Self::new(key)
    }
}

impl fmt::Debug for SoftwareSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SoftwareSigner({})", self.key.curve())
    }
}

impl Signer for SoftwareSigner {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn public_key(&self) -> PublicKey {
        PublicKey::Ec(self.public.clone())
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let digest = self.algorithm().hash().digest(message);
        Ok(Signature(ecdsa::sign_digest(&self.key, &digest)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VerifyError;

    #[test]
    fn sign_and_verify_are_inverse() {
        for curve in Curve::ALL.iter().copied() {
            for hash in HashAlgorithm::ALL.into_iter().filter(|hash| hash.is_permitted()) {
                let key = SecretScalar::from_bytes(curve, &[7; 20]).unwrap();
                let signer = SoftwareSigner::with_hash(key, hash).unwrap();
                let (key, algorithm) = (signer.public_key(), signer.algorithm());
                let signature = signer.sign(b"message").unwrap();
                assert_eq!(key.verify(algorithm, b"message", &signature), Ok(()));
                let refused = key.verify(algorithm, b"massage", &signature);
                assert_eq!(refused, Err(VerifyError::Ec(CurveError::Signature)));
                let refused = key.verify(SignatureAlgorithm::RsaPkcs1(hash), b"message", &signature);
                assert!(matches!(refused, Err(VerifyError::KeyKind(_))));
                let der = signature.to_x509(algorithm, &key).unwrap();
                assert_eq!(key.verify_x509(algorithm, b"message", &der), Ok(()));
                let plain = SignatureAlgorithm::EcdsaPlain(hash);
                assert_eq!(key.verify_x509(plain, b"message", &signature.0), Ok(()));
                assert_eq!(Signature::from_der(curve, &der), Ok(signature));
            }
        }
    }

    #[test]
    fn sha_1_is_not_written() {
        let key = SecretScalar::from_bytes(Curve::P256, &[7; 20]).unwrap();
        let refused = SoftwareSigner::with_hash(key, HashAlgorithm::Sha1);
        assert_eq!(refused.err(), Some(SignError::Hash(HashAlgorithm::Sha1)));
    }

    #[test]
    fn debug_shows_no_key() {
        let key = SecretScalar::from_bytes(Curve::P256, &[0xAB; 32]).unwrap();
        assert_eq!(format!("{:?}", SoftwareSigner::new(key)), "SoftwareSigner(P-256)");
    }
}
