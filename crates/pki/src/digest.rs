//! The hash functions that certificates and security objects name, 9303-12 §4.1.6.4.

use bitaqa_tally::Operation;
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{ID_SHA_1, ID_SHA_224, ID_SHA_256, ID_SHA_384, ID_SHA_512};
use core::fmt;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

/// A hash function of certificates and security objects. 9303-12 §4.1.6.4 permits the SHA-2 family; SHA-1 stands in
/// documents issued before that and is read, never written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HashAlgorithm {
    /// SHA-1, 20 octets: reading only.
    Sha1,
    /// SHA-224, 28 octets.
    Sha224,
    /// SHA-256, 32 octets: what this workspace issues.
    Sha256,
    /// SHA-384, 48 octets.
    Sha384,
    /// SHA-512, 64 octets.
    Sha512,
}

impl HashAlgorithm {
    /// All of them, the one for reading only first.
    pub const ALL: [Self; 5] = [Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    /// Whether 9303-12 §4.1.6.4 permits it: all but SHA-1.
    pub const fn is_permitted(self) -> bool {
        !matches!(self, Self::Sha1)
    }

    /// Object identifier in CMS and in the LDS security object.
    pub const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Sha1 => ID_SHA_1,
            Self::Sha224 => ID_SHA_224,
            Self::Sha256 => ID_SHA_256,
            Self::Sha384 => ID_SHA_384,
            Self::Sha512 => ID_SHA_512,
        }
    }

    /// The hash function with this object identifier.
    pub fn from_oid(oid: ObjectIdentifier) -> Option<Self> {
        Self::ALL.into_iter().find(|hash| hash.oid() == oid)
    }

    /// Octets of a digest.
    pub const fn digest_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Name in the standards.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA-1",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// Digest of a message.
    pub fn digest(self, message: &[u8]) -> Vec<u8> {
        bitaqa_tally::note(Operation::Hash, self.name(), message.len());
        match self {
            Self::Sha1 => Sha1::digest(message).to_vec(),
            Self::Sha224 => Sha224::digest(message).to_vec(),
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oids_and_lengths_belong_together() {
        for hash in HashAlgorithm::ALL {
            assert_eq!(HashAlgorithm::from_oid(hash.oid()), Some(hash));
            assert_eq!(hash.digest(b"").len(), hash.digest_bytes());
        }
        let md5 = ObjectIdentifier::new_unwrap("1.2.840.113549.2.5");
        assert_eq!(HashAlgorithm::from_oid(md5), None, "MD5");
        assert!(!HashAlgorithm::Sha1.is_permitted());
    }
}
