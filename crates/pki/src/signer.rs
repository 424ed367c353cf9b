//! Who signs: a key in software now, a key in hardware later, behind one trait.

use crate::HashAlgorithm;
use bitaqa_curves::{Curve, CurveError, Point, SecretScalar, ecdsa};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{ECDSA_WITH_SHA_224, ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512};
use core::fmt;

/// ECDSA with the hash that goes before it. The names of X.509 and of TR-03110-3 are two columns of one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// ecdsa-with-SHA224, id-TA-ECDSA-SHA-224.
    EcdsaSha224,
    /// ecdsa-with-SHA256, id-TA-ECDSA-SHA-256.
    EcdsaSha256,
    /// ecdsa-with-SHA384, id-TA-ECDSA-SHA-384.
    EcdsaSha384,
    /// ecdsa-with-SHA512, id-TA-ECDSA-SHA-512.
    EcdsaSha512,
}

/// id-TA-ECDSA 0.4.0.127.0.7.2.2.2.2, TR-03110-3 §A.7.3.2; SHA-1 is row 1 and not spoken here.
const TABLE: [(SignatureAlgorithm, HashAlgorithm, ObjectIdentifier, ObjectIdentifier); 4] = [
    (
        SignatureAlgorithm::EcdsaSha224,
        HashAlgorithm::Sha224,
        ECDSA_WITH_SHA_224,
        ObjectIdentifier::new_unwrap("0.4.0.127.0.7.2.2.2.2.2"),
    ),
    (
        SignatureAlgorithm::EcdsaSha256,
        HashAlgorithm::Sha256,
        ECDSA_WITH_SHA_256,
        ObjectIdentifier::new_unwrap("0.4.0.127.0.7.2.2.2.2.3"),
    ),
    (
        SignatureAlgorithm::EcdsaSha384,
        HashAlgorithm::Sha384,
        ECDSA_WITH_SHA_384,
        ObjectIdentifier::new_unwrap("0.4.0.127.0.7.2.2.2.2.4"),
    ),
    (
        SignatureAlgorithm::EcdsaSha512,
        HashAlgorithm::Sha512,
        ECDSA_WITH_SHA_512,
        ObjectIdentifier::new_unwrap("0.4.0.127.0.7.2.2.2.2.5"),
    ),
];

impl SignatureAlgorithm {
    const fn row(self) -> &'static (Self, HashAlgorithm, ObjectIdentifier, ObjectIdentifier) {
        let [sha224, sha256, sha384, sha512] = &TABLE;
        match self {
            Self::EcdsaSha224 => sha224,
            Self::EcdsaSha256 => sha256,
            Self::EcdsaSha384 => sha384,
            Self::EcdsaSha512 => sha512,
        }
    }

    /// The hash before ECDSA.
    pub const fn hash(self) -> HashAlgorithm {
        self.row().1
    }

    /// Name in X.509 and CMS, RFC 5758 §3.2.
    pub const fn x509_oid(self) -> ObjectIdentifier {
        self.row().2
    }

    /// Name in CV certificates and Terminal Authentication, TR-03110-3 §A.7.3.2.
    pub const fn terminal_authentication_oid(self) -> ObjectIdentifier {
        self.row().3
    }

    /// By the name of X.509.
    pub fn from_x509_oid(oid: ObjectIdentifier) -> Option<Self> {
        TABLE.iter().find(|row| row.2 == oid).map(|row| row.0)
    }

    /// By the name of TR-03110.
    pub fn from_terminal_authentication_oid(oid: ObjectIdentifier) -> Option<Self> {
        TABLE.iter().find(|row| row.3 == oid).map(|row| row.0)
    }

    /// The hash that fits the strength of a curve, 9303-12 §4.1.6 and TR-03111 §4.2.1.
    pub const fn for_curve(curve: Curve) -> Self {
        match curve {
            Curve::P256 | Curve::BrainpoolP256r1 => Self::EcdsaSha256,
            Curve::P384 | Curve::BrainpoolP384r1 => Self::EcdsaSha384,
        }
    }

    /// Verifies a raw signature over a message.
    ///
    /// # Errors
    /// [`CurveError::Signature`] when it does not verify, [`CurveError::SignatureFormat`] for wrong lengths or numbers.
    pub fn verify(self, key: &Point, message: &[u8], signature: &Signature) -> Result<(), CurveError> {
        ecdsa::verify_digest(key, &self.hash().digest(message), &signature.0)
    }
}

/// An ECDSA signature in the plain format of TR-03111 §5.2.1: r ‖ s, each as long as the order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature(pub Vec<u8>);

impl Signature {
    /// As X.509 and CMS write it: `Ecdsa-Sig-Value`, RFC 3279 §2.2.3.
    ///
    /// # Errors
    /// [`CurveError::SignatureFormat`] for a wrong length or r, s out of 1..n-1.
    pub fn to_der(&self, curve: Curve) -> Result<Vec<u8>, CurveError> {
        ecdsa::raw_to_der(curve, &self.0)
    }

    /// From what X.509 and CMS write.
    ///
    /// # Errors
    /// [`CurveError::SignatureFormat`] for what is not DER, or r, s out of 1..n-1.
    pub fn from_der(curve: Curve, der: &[u8]) -> Result<Self, CurveError> {
        ecdsa::der_to_raw(curve, der).map(Self)
    }
}

/// Why nothing was signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The arithmetic refused.
    #[error("the key cannot sign: {0}")]
    Curve(#[from] CurveError),
    /// A device that holds the key refused or is not there, in its own words.
    #[error("the signing device refused: {0}")]
    Device(String),
}

/// Holds a private key and signs with it. The key itself never comes out.
pub trait Signer {
    /// What [`Signer::sign`] does with a message.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// The key by which others verify.
    fn public_key(&self) -> Point;

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
}

impl SoftwareSigner {
    /// Signs with the hash that fits the curve.
    pub fn new(key: SecretScalar) -> Self {
        let public = key.public();
        Self { key, public }
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
        SignatureAlgorithm::for_curve(self.key.curve())
    }

    fn public_key(&self) -> Point {
        self.public.clone()
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let digest = self.algorithm().hash().digest(message);
        Ok(Signature(ecdsa::sign_digest(&self.key, &digest)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unambiguous() {
        for row in &TABLE {
            assert_eq!(row.0.row(), row);
            assert_eq!(SignatureAlgorithm::from_x509_oid(row.2), Some(row.0));
            assert_eq!(SignatureAlgorithm::from_terminal_authentication_oid(row.3), Some(row.0));
        }
    }

    #[test]
    fn sign_and_verify_are_inverse() {
        for curve in Curve::ALL.iter().copied() {
            let signer = SoftwareSigner::new(SecretScalar::from_bytes(curve, &[7; 30]).unwrap());
            let signature = signer.sign(b"message").unwrap();
            let key = signer.public_key();
            assert_eq!(signer.algorithm().verify(&key, b"message", &signature), Ok(()));
            assert_eq!(signer.algorithm().verify(&key, b"massage", &signature), Err(CurveError::Signature));
            let der = signature.to_der(curve).unwrap();
            assert_eq!(Signature::from_der(curve, &der), Ok(signature));
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let key = SecretScalar::from_bytes(Curve::P256, &[0xAB; 32]).unwrap();
        assert_eq!(format!("{:?}", SoftwareSigner::new(key)), "SoftwareSigner(P-256)");
    }
}
