//! RSA keys: what their numbers must satisfy, and what they verify. The arithmetic is behind the feature `rsa`; keys
//! are read and compared without it.
//!
//! Signatures are checked by building what must come out and comparing (RFC 8017 §8.2.2) and by EMSA-PSS of §9.1.2,
//! written here since RFC 4055 lets message and mask have different hashes, which the crate's own verifier does not.

#[cfg(feature = "rsa")]
mod private;

#[cfg(feature = "rsa")]
pub use private::{RsaPrivateKey, RsaSigner};

use crate::algorithm::PssParameters;
use crate::{HashAlgorithm, Note};
use core::fmt;
use der::asn1::OctetStringRef;
use der::{AnyRef, Encode, Sequence};
use spki::AlgorithmIdentifierRef;

/// What is wrong with an RSA key or signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RsaError {
    /// Neither a length that anybody uses nor one that can be afforded.
    #[error("an RSA modulus of {0} bits is not accepted: 1024 to 8192 to verify, from 2048 to sign")]
    ModulusBits(u32),
    /// Even, so the product of no two odd primes.
    #[error("the RSA modulus is even")]
    EvenModulus,
    /// Even, 1, or of more than 32 bits (TR-03110-3 §A.7.3.2).
    #[error("the public exponent of the RSA key is even, 1 or longer than 32 bits")]
    Exponent,
    /// Signature or input not as long as the modulus.
    #[error("the RSA modulus has {expected} octets, the signature {found}")]
    Length {
        /// Octets of the modulus.
        expected: usize,
        /// Octets given.
        found: usize,
    },
    /// Not smaller than the modulus.
    #[error("the RSA signature is a number beyond the modulus")]
    OutOfRange,
    /// The signature does not verify.
    #[error("the RSA signature does not verify")]
    Signature,
    /// SHA-1 signs nothing any more.
    #[error("{0} signs nothing any more")]
    Hash(HashAlgorithm),
    /// The private numbers do not belong together, or are in no known structure.
    #[error("the RSA private key is malformed")]
    PrivateKey,
    /// A fault in the private operation, found by the public one: the result is withheld.
    #[error("the RSA operation failed")]
    Operation,
    /// Built without the feature `rsa`.
    #[error("this program was built without RSA")]
    NotBuilt,
}

/// An RSA public key, 1024 to 8192 bits. Below 2048 bits it verifies, and everything that it verifies carries
/// [`Note::SmallModulus`]: 9303-12 §4.1.6 leaves lengths to catalogues, and the 1024-bit keys of the first documents
/// and of Active Authentication are still in the field.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RsaPublicKey {
    /// Big endian, first octet not zero.
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl RsaPublicKey {
    /// From big endian numbers; zeros on the left do not count.
    ///
    /// # Errors
    /// [`RsaError::ModulusBits`], [`RsaError::EvenModulus`], [`RsaError::Exponent`].
    pub fn new(modulus: &[u8], exponent: &[u8]) -> Result<Self, RsaError> {
        let key = Self {
            modulus: crate::spki::significant(modulus).to_vec(),
            exponent: crate::spki::significant(exponent).to_vec(),
        };
        let is_odd = |number: &[u8]| number.last().is_some_and(|octet| octet & 1 == 1);
        if !(1024..=8192).contains(&key.bits()) {
            return Err(RsaError::ModulusBits(key.bits()));
        }
        if !is_odd(&key.modulus) {
            return Err(RsaError::EvenModulus);
        }
        if key.exponent.len() > 4 || !is_odd(&key.exponent) || key.exponent == [1] {
            return Err(RsaError::Exponent);
        }
        Ok(key)
    }

    /// Modulus, big endian without zeros on the left.
    pub fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    /// Public exponent, big endian without zeros on the left.
    pub fn exponent(&self) -> &[u8] {
        &self.exponent
    }

    /// Bits of the modulus.
    pub fn bits(&self) -> u32 {
        let octets = u32::try_from(self.modulus.len()).unwrap_or(u32::MAX / 8);
        self.modulus.first().map_or(0, |first| octets.saturating_mul(8) - first.leading_zeros())
    }

    /// Name under which operations with the key are counted.
    #[cfg(feature = "rsa")]
    pub(crate) const fn name(&self) -> &'static str {
        match self.modulus.len() {
            ..=128 => "RSA-1024",
            129..=256 => "RSA-2048",
            257..=384 => "RSA-3072",
            _ => "RSA-4096",
        }
    }

    /// What deserves a remark about the key.
    pub(crate) fn remark(&self, notes: &mut Vec<Note>) {
        if self.bits() < 2048 {
            Note::SmallModulus(self.bits()).add(notes);
        }
    }

    /// The public operation alone, RSAVP1 of RFC 8017 §5.2.2: input and result are as long as the modulus, zeros on the
    /// left included. For ISO/IEC 9796-2 (Active Authentication), whose caller checks what came out.
    ///
    /// # Errors
    /// [`RsaError::Length`], [`RsaError::OutOfRange`]; [`RsaError::NotBuilt`] without the feature `rsa`.
    pub fn raw(&self, input: &[u8]) -> Result<Vec<u8>, RsaError> {
        if input.len() != self.modulus.len() {
            return Err(RsaError::Length { expected: self.modulus.len(), found: input.len() });
        }
        // Of equal length, so the order of octet strings is that of numbers.
        if input >= self.modulus.as_slice() {
            return Err(RsaError::OutOfRange);
        }
        self.power(input)
    }

    #[cfg(feature = "rsa")]
    fn power(&self, input: &[u8]) -> Result<Vec<u8>, RsaError> {
        use ::rsa::{hazmat, traits::PublicKeyParts};
        let key = self.to_crate()?;
        let input = ::rsa::BoxedUint::from_be_slice(input, key.n_bits_precision()).map_err(|_| RsaError::OutOfRange)?;
        let output = hazmat::rsa_encrypt(&key, &input).map_err(|_| RsaError::Operation)?;
        Ok(fixed(&output.to_be_bytes(), self.modulus.len()))
    }

    #[cfg(not(feature = "rsa"))]
    fn power(&self, _: &[u8]) -> Result<Vec<u8>, RsaError> {
        Err(RsaError::NotBuilt)
    }

    #[cfg(feature = "rsa")]
    fn to_crate(&self) -> Result<::rsa::RsaPublicKey, RsaError> {
        let number = |octets: &[u8], bits| ::rsa::BoxedUint::from_be_slice(octets, bits);
        let modulus = number(&self.modulus, self.bits()).map_err(|_| RsaError::ModulusBits(self.bits()))?;
        let exponent = number(&self.exponent, 64).map_err(|_| RsaError::Exponent)?;
        ::rsa::RsaPublicKey::new(modulus, exponent).map_err(|_| RsaError::Exponent)
    }

    /// RSASSA-PKCS1-v1_5, RFC 8017 §8.2.2.
    pub(crate) fn verify_pkcs1(&self, hash: HashAlgorithm, digest: &[u8], signature: &[u8]) -> Result<(), RsaError> {
        let found = self.raw(signature)?;
        let expected = encode_pkcs1(hash, digest, self.modulus.len()).ok_or(RsaError::Signature)?;
        if found == expected { Ok(()) } else { Err(RsaError::Signature) }
    }

    /// RSASSA-PSS, RFC 8017 §8.1.2. The salt must have the length that the parameters state.
    pub(crate) fn verify_pss(
        &self,
        parameters: PssParameters,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), RsaError> {
        let encoded = self.raw(signature)?;
        let bits = self.bits().saturating_sub(1);
        check_pss(parameters, digest, &encoded, bits).ok_or(RsaError::Signature)
    }
}

impl fmt::Debug for RsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPublicKey({} bits)", self.bits())
    }
}

/// The last `length` octets of a number, filled with zeros on the left.
#[cfg(feature = "rsa")]
fn fixed(number: &[u8], length: usize) -> Vec<u8> {
    let start = number.len().saturating_sub(length);
    let tail = number.get(start..).unwrap_or_default();
    let mut out = vec![0; length - tail.len()];
    out.extend_from_slice(tail);
    out
}

/// RFC 8017 §9.2, with the NULL that its note 1 wants.
/// ```text
/// DigestInfo ::= SEQUENCE { digestAlgorithm AlgorithmIdentifier, digest OCTET STRING }
/// ```
pub fn digest_info(hash: HashAlgorithm, digest: &[u8]) -> Option<Vec<u8>> {
    #[derive(Sequence)]
    struct DigestInfo<'a> {
        algorithm: AlgorithmIdentifierRef<'a>,
        digest: &'a OctetStringRef,
    }
    let algorithm = AlgorithmIdentifierRef { oid: hash.oid(), parameters: Some(AnyRef::NULL) };
    DigestInfo { algorithm, digest: OctetStringRef::new(digest).ok()? }.to_der().ok()
}

/// The hash and the digest of a DigestInfo, read by writing it again: any other coding is none.
pub fn read_digest_info(octets: &[u8]) -> Option<(HashAlgorithm, &[u8])> {
    HashAlgorithm::ALL.into_iter().find_map(|hash| {
        let digest = octets.get(octets.len().checked_sub(hash.digest_bytes())?..)?;
        (digest_info(hash, digest)? == octets).then_some((hash, digest))
    })
}

/// RFC 8017 §9.2: `00 01 FF.. 00 DigestInfo`. `None` when the modulus is too short for the hash.
fn encode_pkcs1(hash: HashAlgorithm, digest: &[u8], length: usize) -> Option<Vec<u8>> {
    let info = digest_info(hash, digest)?;
    let filling = length.checked_sub(info.len() + 3).filter(|filling| *filling >= 8)?;
    let mut out = vec![0, 1];
    out.resize(2 + filling, 0xFF);
    out.push(0);
    out.extend_from_slice(&info);
    Some(out)
}

/// EMSA-PSS-VERIFY, RFC 8017 §9.1.2; `bits` is one less than the modulus has.
fn check_pss(parameters: PssParameters, digest: &[u8], encoded: &[u8], bits: u32) -> Option<()> {
    let length = usize::try_from(bits.div_ceil(8)).ok()?;
    let (surplus, encoded) = encoded.split_at_checked(encoded.len().checked_sub(length)?)?;
    let (trailer, encoded) = encoded.split_last()?;
    let hash_at = encoded.len().checked_sub(parameters.hash.digest_bytes())?;
    let (masked, hash) = encoded.split_at_checked(hash_at)?;
    // The bits of the first octet that lie beyond the modulus: 0 to 7 of them.
    let unused = !(u8::MAX >> (u32::try_from(8 * length).ok()? - bits));
    if surplus.iter().any(|octet| *octet != 0) || *trailer != 0xBC || masked.first()? & unused != 0 {
        return None;
    }
    let mut block: Vec<u8> =
        masked.iter().zip(mask(parameters.mask_hash, hash, masked.len())).map(|(octet, mask)| octet ^ mask).collect();
    *block.first_mut()? &= !unused;
    let salt_at = block.len().checked_sub(usize::from(parameters.salt_bytes))?;
    let (padding, salt) = block.split_at_checked(salt_at)?;
    let (separator, zeros) = padding.split_last()?;
    let again = parameters.hash.digest(&[&[0; 8], digest, salt].concat());
    (*separator == 1 && zeros.iter().all(|octet| *octet == 0) && again == hash).then_some(())
}

/// MGF1, RFC 8017 §B.2.1.
fn mask(hash: HashAlgorithm, seed: &[u8], length: usize) -> impl Iterator<Item = u8> {
    let input = seed.to_vec();
    (0u32..).flat_map(move |counter| hash.digest(&[&input, &counter.to_be_bytes()[..]].concat())).take(length)
}
