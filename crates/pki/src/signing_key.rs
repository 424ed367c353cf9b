//! A private key of either kind, and the signer that it makes: for issuers who choose their algorithm.

#[cfg(feature = "rsa")]
use crate::rsa::{RsaPrivateKey, RsaSigner};
use crate::{HashAlgorithm, PublicKey, SignError, Signature, SignatureAlgorithm, Signer, SoftwareSigner};
use bitaqa_curves::{Curve, SecretScalar};
use rand_core::CryptoRng;

/// Length of the RSA keys that are drawn: 9303-12 §4.4 and TR-03110-3 table 17 both allow it.
#[cfg(feature = "rsa")]
const RSA_BITS: u32 = 2048;

/// A private key. Wiped when dropped, without content in Debug.
#[derive(Clone, Debug)]
pub enum SigningKey {
    /// On an elliptic curve.
    Ec(SecretScalar),
    /// RSA.
    #[cfg(feature = "rsa")]
    Rsa(Box<RsaPrivateKey>),
}

impl SigningKey {
    /// Draws a key for an algorithm: on the NIST curve that fits the hash, or RSA of 2048 bits.
    ///
    /// # Errors
    /// [`SignError::Hash`] for SHA-1, [`SignError::Rsa`] for RSA in a build without it.
    pub fn generate(algorithm: SignatureAlgorithm, rng: &mut dyn CryptoRng) -> Result<Self, SignError> {
        let hash = algorithm.hash();
        if algorithm.is_rsa() {
            #[cfg(feature = "rsa")]
            return Ok(Self::Rsa(Box::new(RsaPrivateKey::generate(RSA_BITS, rng)?)));
            #[cfg(not(feature = "rsa"))]
            return Err(SignError::Rsa(crate::rsa::RsaError::NotBuilt));
        }
        let curve = match hash {
            HashAlgorithm::Sha1 => return Err(SignError::Hash(hash)),
            HashAlgorithm::Sha224 => Curve::P224,
            HashAlgorithm::Sha256 => Curve::P256,
            HashAlgorithm::Sha384 => Curve::P384,
            HashAlgorithm::Sha512 => Curve::P521,
        };
        Ok(Self::Ec(SecretScalar::generate(curve, rng)))
    }

    /// The key by which others verify.
    pub fn public(&self) -> PublicKey {
        match self {
            Self::Ec(key) => key.public().into(),
            #[cfg(feature = "rsa")]
            Self::Rsa(key) => key.public().clone().into(),
        }
    }

    /// A signer by this algorithm; `rng` gives the secret out of which an RSA signer derives salt and blinding.
    ///
    /// # Errors
    /// [`SignError::KeyKind`] for an algorithm of the other kind; [`SignError::Hash`] and [`SignError::Rsa`] for one
    /// that makes no signatures.
    pub fn signer(&self, algorithm: SignatureAlgorithm, rng: &mut dyn CryptoRng) -> Result<KeySigner, SignError> {
        // Of use to RSA keys alone.
        let _ = &rng;
        match (self, algorithm) {
            (Self::Ec(key), SignatureAlgorithm::Ecdsa(hash)) => {
                Ok(KeySigner::Ec(SoftwareSigner::with_hash(key.clone(), hash)?))
            }
            #[cfg(feature = "rsa")]
            (Self::Rsa(key), SignatureAlgorithm::RsaPkcs1(hash)) => {
                Ok(KeySigner::Rsa(Box::new(RsaSigner::pkcs1((**key).clone(), hash, rng)?)))
            }
            #[cfg(feature = "rsa")]
            (Self::Rsa(key), SignatureAlgorithm::RsaPss(parameters)) => {
                Ok(KeySigner::Rsa(Box::new(RsaSigner::pss((**key).clone(), parameters.hash, rng)?)))
            }
            _ => Err(SignError::KeyKind(algorithm)),
        }
    }
}

/// Signs by a key in memory, of either kind.
#[derive(Clone, Debug)]
pub enum KeySigner {
    /// ECDSA.
    Ec(SoftwareSigner),
    /// RSA.
    #[cfg(feature = "rsa")]
    Rsa(Box<RsaSigner>),
}

impl Signer for KeySigner {
    fn algorithm(&self) -> SignatureAlgorithm {
        match self {
            Self::Ec(signer) => signer.algorithm(),
            #[cfg(feature = "rsa")]
            Self::Rsa(signer) => signer.algorithm(),
        }
    }

    fn public_key(&self) -> PublicKey {
        match self {
            Self::Ec(signer) => signer.public_key(),
            #[cfg(feature = "rsa")]
            Self::Rsa(signer) => signer.public_key(),
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        match self {
            Self::Ec(signer) => signer.sign(message),
            #[cfg(feature = "rsa")]
            Self::Rsa(signer) => signer.sign(message),
        }
    }
}

#[cfg(all(test, feature = "rsa"))]
mod tests {
    use super::*;
    use crate::{PssParameters, key_file};
    use rand::SeedableRng;
    use rand::rngs::ChaCha20Rng;

    #[test]
    fn a_key_signs_by_the_algorithms_of_its_kind() {
        let mut rng = ChaCha20Rng::seed_from_u64(5);
        let (pkcs1, pss) = (SignatureAlgorithm::RsaPkcs1, |hash| SignatureAlgorithm::RsaPss(PssParameters::of(hash)));
        let rsa = SigningKey::generate(pkcs1(HashAlgorithm::Sha256), &mut rng).unwrap();
        for hash in HashAlgorithm::ALL {
            let ecdsa = SignatureAlgorithm::Ecdsa(hash);
            if !hash.is_permitted() {
                assert_eq!(SigningKey::generate(ecdsa, &mut rng).err(), Some(SignError::Hash(hash)));
                assert!(rsa.signer(pkcs1(hash), &mut rng).is_err());
                continue;
            }
            let curve = SigningKey::generate(ecdsa, &mut rng).unwrap();
            for (key, other, algorithms) in [(&curve, &rsa, [ecdsa, ecdsa]), (&rsa, &curve, [pkcs1(hash), pss(hash)])] {
                for algorithm in algorithms {
                    let signer = key.signer(algorithm, &mut rng).unwrap();
                    assert_eq!((signer.algorithm(), signer.public_key()), (algorithm, key.public()));
                    let signature = signer.sign(b"message").unwrap();
                    assert_eq!(key.public().verify(algorithm, b"message", &signature), Ok(()));
                    assert_eq!(other.signer(algorithm, &mut rng).err(), Some(SignError::KeyKind(algorithm)));
                }
            }
        }
    }

    #[test]
    fn files_open_as_the_kind_that_they_hold() {
        let mut rng = ChaCha20Rng::seed_from_u64(6);
        for algorithm in
            [SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha384), SignatureAlgorithm::RsaPkcs1(HashAlgorithm::Sha256)]
        {
            let key = SigningKey::generate(algorithm, &mut rng).unwrap();
            let text = key_file::seal_signing(&key, b"words", &mut rng).unwrap();
            assert_eq!(key_file::open_signing(&text, b"words").unwrap().public(), key.public());
            assert!(key_file::open_signing(&text, b"other").is_err());
        }
    }
}
