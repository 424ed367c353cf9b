//! RSA private keys in software: for laboratories, tests and the virtual card. A state's keys are in hardware, behind
//! [`Signer`]; elliptic curves are the default everywhere.
//!
//! The advisory RUSTSEC-2023-0071 is about the time that private operations take. Each one here is blinded by
//! randomness, and checked by the public operation before its result leaves.

use super::{RsaError, RsaPublicKey, fixed};
use crate::algorithm::PssParameters;
use crate::{HashAlgorithm, PublicKey, SignError, Signature, SignatureAlgorithm, Signer};
use ::rsa::traits::{PrivateKeyParts, PublicKeyParts};
use ::rsa::{BoxedUint, Pkcs1v15Sign, Pss, hazmat};
use bitaqa_tally::Operation;
use const_oid::db::rfc5912::RSA_ENCRYPTION;
use core::convert::Infallible;
use core::fmt;
use der::asn1::{OctetStringRef, UintRef};
use der::{AnyRef, Decode, Encode, Sequence};
use pkcs8::PrivateKeyInfoRef;
use rand_core::{CryptoRng, TryCryptoRng, TryRng};
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

/// RFC 8017 §A.1.2.
/// ```text
/// RSAPrivateKey ::= SEQUENCE {
///     version          INTEGER { two-prime(0) },
///     modulus          INTEGER,  -- n
///     publicExponent   INTEGER,  -- e
///     privateExponent  INTEGER,  -- d
///     prime1           INTEGER,  -- p
///     prime2           INTEGER,  -- q
///     exponent1        INTEGER,  -- d mod (p-1)
///     exponent2        INTEGER,  -- d mod (q-1)
///     coefficient      INTEGER } -- (inverse of q) mod p
/// ```
#[derive(Sequence)]
struct RsaPrivateKeyDer<'a> {
    version: u8,
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
    private_exponent: UintRef<'a>,
    prime1: UintRef<'a>,
    prime2: UintRef<'a>,
    exponent1: UintRef<'a>,
    exponent2: UintRef<'a>,
    coefficient: UintRef<'a>,
}

/// An RSA private key of two primes. Wiped when dropped, without content in Debug.
#[derive(Clone)]
pub struct RsaPrivateKey {
    key: ::rsa::RsaPrivateKey,
    public: RsaPublicKey,
}

impl RsaPrivateKey {
    /// Draws a key with public exponent 65537; 1024 to 4096 bits, a multiple of 64. Fewer than 2048 are for cards of
    /// the past: such a key answers [`RsaPrivateKey::raw`], but is no signer.
    ///
    /// # Errors
    /// [`RsaError::ModulusBits`].
    pub fn generate(bits: u32, rng: &mut dyn CryptoRng) -> Result<Self, RsaError> {
        if !(1024..=4096).contains(&bits) || !bits.is_multiple_of(64) {
            return Err(RsaError::ModulusBits(bits));
        }
        let size = usize::try_from(bits).map_err(|_| RsaError::ModulusBits(bits))?;
        Self::new(::rsa::RsaPrivateKey::new(rng, size).map_err(|_| RsaError::ModulusBits(bits))?)
    }

    fn new(key: ::rsa::RsaPrivateKey) -> Result<Self, RsaError> {
        let public = RsaPublicKey::new(&key.n_bytes(), &key.e_bytes())?;
        Ok(Self { key, public })
    }

    /// From PKCS #8 PrivateKeyInfo (RFC 5958 §2) in DER, not sealed.
    ///
    /// # Errors
    /// [`RsaError::PrivateKey`] for another structure and for numbers that do not belong together.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, RsaError> {
        let info = PrivateKeyInfoRef::try_from(der).map_err(|_| RsaError::PrivateKey)?;
        if info.algorithm.oid != RSA_ENCRYPTION {
            return Err(RsaError::PrivateKey);
        }
        let inner = RsaPrivateKeyDer::from_der(info.private_key.as_bytes()).map_err(|_| RsaError::PrivateKey)?;
        let public = RsaPublicKey::new(inner.modulus.as_bytes(), inner.public_exponent.as_bytes())?;
        let number = |octets: &[u8]| BoxedUint::from_be_slice(octets, public.bits()).map_err(|_| RsaError::PrivateKey);
        let exponent = BoxedUint::from_be_slice(public.exponent(), 64).map_err(|_| RsaError::PrivateKey)?;
        let key = ::rsa::RsaPrivateKey::from_components(
            number(public.modulus())?,
            exponent,
            number(inner.private_exponent.as_bytes())?,
            vec![number(inner.prime1.as_bytes())?, number(inner.prime2.as_bytes())?],
        );
        Ok(Self { key: key.map_err(|_| RsaError::PrivateKey)?, public })
    }

    /// As PKCS #8 PrivateKeyInfo in DER, not sealed: [`crate::key_file`] seals it.
    ///
    /// # Errors
    /// [`RsaError::PrivateKey`], which no key made here causes.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, RsaError> {
        self.encode().ok_or(RsaError::PrivateKey)
    }

    fn encode(&self) -> Option<Zeroizing<Vec<u8>>> {
        let octets = |number: &BoxedUint| Zeroizing::new(number.to_be_bytes_trimmed_vartime().into_vec());
        let [p, q] = self.key.primes() else { return None };
        let (d, p, q) = (octets(self.key.d()), octets(p.as_ref()), octets(q.as_ref()));
        let (dp, dq) = (octets(self.key.dp()?), octets(self.key.dq()?));
        let coefficient = octets(&self.key.crt_coefficient()?);
        let number = |octets| UintRef::new(octets).ok();
        let inner = RsaPrivateKeyDer {
            version: 0,
            modulus: number(self.public.modulus())?,
            public_exponent: number(self.public.exponent())?,
            private_exponent: number(&d)?,
            prime1: number(&p)?,
            prime2: number(&q)?,
            exponent1: number(&dp)?,
            exponent2: number(&dq)?,
            coefficient: number(&coefficient)?,
        };
        let inner = Zeroizing::new(inner.to_der().ok()?);
        let algorithm = pkcs8::AlgorithmIdentifierRef { oid: RSA_ENCRYPTION, parameters: Some(AnyRef::NULL) };
        let info = PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(&inner).ok()?);
        Some(Zeroizing::new(info.to_der().ok()?))
    }

    /// The public half.
    pub const fn public(&self) -> &RsaPublicKey {
        &self.public
    }

    /// The private operation alone, RSASP1 of RFC 8017 §5.2.1, blinded by `rng` and checked: for the chip in Active
    /// Authentication, whose caller has built the ISO/IEC 9796-2 representative. Input and result are as long as the
    /// modulus, zeros on the left included.
    ///
    /// # Errors
    /// [`RsaError::Length`], [`RsaError::OutOfRange`], [`RsaError::Operation`].
    pub fn raw(&self, input: &[u8], rng: &mut dyn CryptoRng) -> Result<Zeroizing<Vec<u8>>, RsaError> {
        let length = self.public.modulus().len();
        if input.len() != length {
            return Err(RsaError::Length { expected: length, found: input.len() });
        }
        if input >= self.public.modulus() {
            return Err(RsaError::OutOfRange);
        }
        bitaqa_tally::note(Operation::RsaPrivate, self.public.name(), 0);
        let number = BoxedUint::from_be_slice(input, self.key.n_bits_precision()).map_err(|_| RsaError::OutOfRange)?;
        let output = hazmat::rsa_decrypt_and_check(&self.key, Some(rng), &number).map_err(|_| RsaError::Operation)?;
        Ok(Zeroizing::new(fixed(&output.to_be_bytes(), length)))
    }
}

impl fmt::Debug for RsaPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPrivateKey({} bits)", self.public.bits())
    }
}

/// Signs by RSA in software. Salt and blinding are derived from the message and a secret drawn when the signer is made,
/// as RFC 6979 does for ECDSA: one signer and input give one EF.SOD, and no source of randomness can fail later.
#[derive(Clone)]
pub struct RsaSigner {
    key: RsaPrivateKey,
    algorithm: SignatureAlgorithm,
    seed: Zeroizing<[u8; 32]>,
}

impl RsaSigner {
    /// RSASSA-PKCS1-v1_5 with a hash.
    ///
    /// # Errors
    /// [`RsaError::ModulusBits`] below 2048 bits, [`RsaError::Hash`] for SHA-1.
    pub fn pkcs1(key: RsaPrivateKey, hash: HashAlgorithm, rng: &mut dyn CryptoRng) -> Result<Self, RsaError> {
        Self::new(key, SignatureAlgorithm::RsaPkcs1(hash), rng)
    }

    /// RSASSA-PSS with a hash, the same hash for the mask and a salt as long as its digest.
    ///
    /// # Errors
    /// As [`RsaSigner::pkcs1`].
    pub fn pss(key: RsaPrivateKey, hash: HashAlgorithm, rng: &mut dyn CryptoRng) -> Result<Self, RsaError> {
        Self::new(key, SignatureAlgorithm::RsaPss(PssParameters::of(hash)), rng)
    }

    fn new(key: RsaPrivateKey, algorithm: SignatureAlgorithm, rng: &mut dyn CryptoRng) -> Result<Self, RsaError> {
        if key.public.bits() < 2048 {
            return Err(RsaError::ModulusBits(key.public.bits()));
        }
        if !algorithm.hash().is_permitted() {
            return Err(RsaError::Hash(algorithm.hash()));
        }
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut_slice());
        Ok(Self { key, algorithm, seed })
    }

    /// Signs a digest that somebody else has made: for the chip, whose terminal hashes.
    ///
    /// # Errors
    /// [`SignError::Rsa`] with [`RsaError::Hash`] for a digest of another length than the hash has.
    pub fn sign_given(&self, digest: &[u8]) -> Result<Signature, SignError> {
        if digest.len() != self.algorithm.hash().digest_bytes() {
            return Err(SignError::Rsa(RsaError::Hash(self.algorithm.hash())));
        }
        self.sign_digest(digest).map(Signature).map_err(|_| SignError::Rsa(RsaError::Operation))
    }

    fn sign_digest(&self, digest: &[u8]) -> ::rsa::Result<Vec<u8>> {
        bitaqa_tally::note(Operation::RsaPrivate, self.key.public.name(), 0);
        let mut derived = Derived::new(&self.seed, digest);
        let (key, rng) = (&self.key.key, &mut derived);
        if matches!(self.algorithm, SignatureAlgorithm::RsaPss(_)) {
            return match self.algorithm.hash() {
                HashAlgorithm::Sha224 => key.sign_with_rng(rng, Pss::<Sha224>::new(), digest),
                HashAlgorithm::Sha384 => key.sign_with_rng(rng, Pss::<Sha384>::new(), digest),
                HashAlgorithm::Sha512 => key.sign_with_rng(rng, Pss::<Sha512>::new(), digest),
                // SHA-1 makes no signer.
                HashAlgorithm::Sha1 | HashAlgorithm::Sha256 => key.sign_with_rng(rng, Pss::<Sha256>::new(), digest),
            };
        }
        let scheme = match self.algorithm.hash() {
            HashAlgorithm::Sha224 => Pkcs1v15Sign::new::<Sha224>(),
            HashAlgorithm::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
            HashAlgorithm::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
            HashAlgorithm::Sha1 | HashAlgorithm::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
        };
        key.sign_with_rng(rng, scheme, digest)
    }
}

impl fmt::Debug for RsaSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaSigner({} bits, {})", self.key.public.bits(), self.algorithm)
    }
}

impl Signer for RsaSigner {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn public_key(&self) -> PublicKey {
        PublicKey::Rsa(self.key.public.clone())
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        self.sign_given(&self.algorithm.hash().digest(message))
    }
}

/// Octets that only the seed and the message tell: SHA-256(seed ‖ SHA-256(digest) ‖ counter), as many blocks as asked.
struct Derived {
    key: Zeroizing<Vec<u8>>,
    counter: u64,
}

impl Derived {
    fn new(seed: &[u8; 32], digest: &[u8]) -> Self {
        Self { key: Zeroizing::new([&seed[..], &Sha256::digest(digest)].concat()), counter: 0 }
    }
}

impl TryRng for Derived {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut octets = [0; 4];
        self.try_fill_bytes(&mut octets).map(|()| u32::from_le_bytes(octets))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut octets = [0; 8];
        self.try_fill_bytes(&mut octets).map(|()| u64::from_le_bytes(octets))
    }

    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), Infallible> {
        for chunk in target.chunks_mut(32) {
            let block = Sha256::new().chain_update(&self.key).chain_update(self.counter.to_be_bytes()).finalize();
            chunk.copy_from_slice(block.get(..chunk.len()).unwrap_or_default());
            self.counter = self.counter.wrapping_add(1);
        }
        Ok(())
    }
}

impl TryCryptoRng for Derived {}

#[cfg(test)]
mod tests;
