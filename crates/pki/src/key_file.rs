//! Private keys in files, sealed by a passphrase: PKCS#8 `EncryptedPrivateKeyInfo` (RFC 5958 §3) with PBES2, scrypt and
//! AES-256-CBC, as PEM. `openssl pkey -in FILE` opens the files of elliptic-curve and RSA keys.
//!
//! Raw symmetric keys lie in the same container: PKCS#8 with the algorithm `aes` of the NIST arc, the key's octets as
//! private key. No standard fixes that use of the arc: other programs open the container, not the key.

#[cfg(feature = "rsa")]
use crate::rsa::RsaPrivateKey;
use crate::{SigningKey, spki};
use bitaqa_curves::{Curve, Point, SecretScalar};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::ID_EC_PUBLIC_KEY;
use der::asn1::{BitStringRef, OctetStringRef};
use der::pem::LineEnding;
use der::{AnyRef, Decode, Encode, SecretDocument, Sequence};
use pkcs8::pkcs5::pbes2::{Kdf, Parameters};
use pkcs8::pkcs5::{self, scrypt};
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// Why a key file was not written or not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// Not a PEM file with the label ENCRYPTED PRIVATE KEY.
    #[error("not a sealed key file (PEM, ENCRYPTED PRIVATE KEY)")]
    Format,
    /// Sealed by a method that is not opened here, or one so expensive that it can only be meant as an attack.
    #[error("the key file is sealed with an unsupported method or with excessive cost parameters")]
    Method,
    /// The passphrase does not open it. A damaged file looks the same, since CBC has no check of its own.
    #[error("wrong passphrase, or the file is damaged")]
    Passphrase,
    /// Opened, but it holds a key of another kind or curve.
    #[error("the file holds no key of the kind asked for")]
    Kind,
    /// The public key in the file is not that of the private key.
    #[error("private and public key in the file do not belong together")]
    PublicKey,
    /// A symmetric key must have 16, 24 or 32 octets.
    #[error("a symmetric key has 16, 24 or 32 octets, not {0}")]
    KeyLength(usize),
    /// An empty passphrase seals nothing.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// Encoding failed.
    #[error("the key cannot be encoded: {0}")]
    Encode(der::Error),
}

impl From<der::Error> for KeyFileError {
    fn from(error: der::Error) -> Self {
        Self::Encode(error)
    }
}

/// RFC 5915 §3.
/// ```text
/// ECPrivateKey ::= SEQUENCE {
///     version        INTEGER { ecPrivkeyVer1(1) },
///     privateKey     OCTET STRING,
///     parameters [0] ECParameters OPTIONAL,
///     publicKey  [1] BIT STRING OPTIONAL }
/// ```
#[derive(Sequence)]
struct EcPrivateKey<'a> {
    version: u8,
    private_key: &'a OctetStringRef,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    parameters: Option<AnyRef<'a>>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    public_key: Option<BitStringRef<'a>>,
}

/// `aes` of the NIST arc: 2.16.840.1.101.3.4.1.
const ID_AES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1");
const PEM_LABEL: &str = "ENCRYPTED PRIVATE KEY";

/// N = 2^14, r = 8, p = 1: 16 MB and some 40 ms, the values that OpenSSL itself takes for PKCS#8.
const SCRYPT_LOG_N: u8 = 14;
const SCRYPT_R: u32 = 8;
const SCRYPT_P: u32 = 1;

/// What a file may ask of the machine that opens it: 128 · N · r octets of memory.
const SCRYPT_N_MAX: u64 = 1 << 17;
const SCRYPT_R_MAX: u16 = 16;
const SCRYPT_P_MAX: u16 = 4;
const PBKDF2_ITERATIONS_MAX: u32 = 2_000_000;

/// Seals an elliptic-curve key; PEM text.
///
/// # Errors
/// [`KeyFileError::EmptyPassphrase`]; [`KeyFileError::Encode`], which no key causes.
pub fn seal(key: &SecretScalar, passphrase: &[u8], rng: &mut dyn CryptoRng) -> Result<String, KeyFileError> {
    let octets = key.to_bytes();
    let public = key.public();
    let inner = EcPrivateKey {
        version: 1,
        private_key: OctetStringRef::new(&octets)?,
        parameters: None,
        public_key: Some(BitStringRef::from_bytes(public.as_octets())?),
    };
    let inner = Zeroizing::new(inner.to_der()?);
    let curve = key.curve().oid();
    let algorithm = pkcs8::AlgorithmIdentifierRef { oid: ID_EC_PUBLIC_KEY, parameters: Some(AnyRef::from(&curve)) };
    seal_info(&PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(&inner)?), passphrase, rng)
}

/// Opens the file of an elliptic-curve key: ours, or one that OpenSSL sealed with scrypt or PBKDF2.
///
/// # Errors
/// [`KeyFileError::Passphrase`] for a wrong passphrase, other variants for other files.
pub fn open(pem: &str, passphrase: &[u8]) -> Result<SecretScalar, KeyFileError> {
    ec_key(&open_info(pem, passphrase)?)
}

fn ec_key(document: &SecretDocument) -> Result<SecretScalar, KeyFileError> {
    let info = PrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|_| KeyFileError::Passphrase)?;
    if info.algorithm.oid != ID_EC_PUBLIC_KEY {
        return Err(KeyFileError::Kind);
    }
    let curve = info.algorithm.parameters.map(spki::curve).and_then(Result::ok).ok_or(KeyFileError::Kind)?;
    let inner = EcPrivateKey::from_der(info.private_key.as_bytes()).map_err(|_| KeyFileError::Kind)?;
    let key = SecretScalar::from_bytes(curve, inner.private_key.as_bytes()).map_err(|_| KeyFileError::Kind)?;
    check_public(curve, &key, inner.public_key)?;
    Ok(key)
}

/// Seals an RSA key; PEM text, which `openssl pkey` opens as well.
///
/// # Errors
/// [`KeyFileError::EmptyPassphrase`]; [`KeyFileError::Kind`], which no key causes.
#[cfg(feature = "rsa")]
pub fn seal_rsa(key: &RsaPrivateKey, passphrase: &[u8], rng: &mut dyn CryptoRng) -> Result<String, KeyFileError> {
    let der = key.to_pkcs8().map_err(|_| KeyFileError::Kind)?;
    let info = PrivateKeyInfoRef::try_from(der.as_slice()).map_err(|_| KeyFileError::Kind)?;
    seal_info(&info, passphrase, rng)
}

/// Opens the file of an RSA key: ours, or one that OpenSSL sealed with scrypt or PBKDF2.
///
/// # Errors
/// [`KeyFileError::Passphrase`] for a wrong passphrase, other variants for other files.
#[cfg(feature = "rsa")]
pub fn open_rsa(pem: &str, passphrase: &[u8]) -> Result<RsaPrivateKey, KeyFileError> {
    let document = open_info(pem, passphrase)?;
    PrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|_| KeyFileError::Passphrase)?;
    RsaPrivateKey::from_pkcs8(document.as_bytes()).map_err(|_| KeyFileError::Kind)
}

/// Seals a key of either kind.
///
/// # Errors
/// As [`seal`].
pub fn seal_signing(key: &SigningKey, passphrase: &[u8], rng: &mut dyn CryptoRng) -> Result<String, KeyFileError> {
    match key {
        SigningKey::Ec(key) => seal(key, passphrase, rng),
        #[cfg(feature = "rsa")]
        SigningKey::Rsa(key) => seal_rsa(key, passphrase, rng),
    }
}

/// Opens the file of a key of either kind.
///
/// # Errors
/// As [`open`].
pub fn open_signing(pem: &str, passphrase: &[u8]) -> Result<SigningKey, KeyFileError> {
    let document = open_info(pem, passphrase)?;
    #[cfg(feature = "rsa")]
    if let Ok(key) = RsaPrivateKey::from_pkcs8(document.as_bytes()) {
        return Ok(SigningKey::Rsa(Box::new(key)));
    }
    ec_key(&document).map(SigningKey::Ec)
}

/// Seals a raw symmetric key of 16, 24 or 32 octets; PEM text.
///
/// # Errors
/// [`KeyFileError::KeyLength`], [`KeyFileError::EmptyPassphrase`].
pub fn seal_secret(secret: &[u8], passphrase: &[u8], rng: &mut dyn CryptoRng) -> Result<String, KeyFileError> {
    check_length(secret)?;
    let algorithm = pkcs8::AlgorithmIdentifierRef { oid: ID_AES, parameters: None };
    seal_info(&PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(secret)?), passphrase, rng)
}

/// Opens the file of a raw symmetric key.
///
/// # Errors
/// [`KeyFileError::Passphrase`] for a wrong passphrase, other variants for other files.
pub fn open_secret(pem: &str, passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let document = open_info(pem, passphrase)?;
    let info = PrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|_| KeyFileError::Passphrase)?;
    if info.algorithm.oid != ID_AES {
        return Err(KeyFileError::Kind);
    }
    let secret = info.private_key.as_bytes();
    check_length(secret)?;
    Ok(Zeroizing::new(secret.to_vec()))
}

fn seal_info(info: &PrivateKeyInfoRef<'_>, passphrase: &[u8], rng: &mut dyn CryptoRng) -> Result<String, KeyFileError> {
    if passphrase.is_empty() {
        return Err(KeyFileError::EmptyPassphrase);
    }
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    rng.fill_bytes(&mut salt);
    rng.fill_bytes(&mut iv);
    let costs = scrypt::Params::new(SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P).map_err(|_| KeyFileError::Method)?;
    let method = Parameters::generate_scrypt_aes256cbc(costs, &salt, iv).map_err(|_| KeyFileError::Method)?;
    let sealed = info.encrypt_with_params(method, passphrase).map_err(|_| KeyFileError::Method)?;
    der::pem::encode_string(PEM_LABEL, LineEnding::LF, sealed.as_bytes()).map_err(|_| KeyFileError::Format)
}

fn open_info(pem: &str, passphrase: &[u8]) -> Result<SecretDocument, KeyFileError> {
    let (label, der) = der::pem::decode_vec(pem.as_bytes()).map_err(|_| KeyFileError::Format)?;
    if label != PEM_LABEL {
        return Err(KeyFileError::Format);
    }
    let sealed = EncryptedPrivateKeyInfoRef::try_from(der.as_slice()).map_err(|_| KeyFileError::Format)?;
    check_costs(&sealed.encryption_algorithm)?;
    sealed.decrypt(passphrase).map_err(|error| match error {
        pkcs8::Error::EncryptedPrivateKey(pkcs5::Error::UnsupportedAlgorithm { .. }) => KeyFileError::Method,
        _ => KeyFileError::Passphrase,
    })
}

/// A file from elsewhere must not be able to take gigabytes or minutes.
fn check_costs(method: &pkcs5::EncryptionScheme) -> Result<(), KeyFileError> {
    let affordable = match method.pbes2().map(|parameters| &parameters.kdf) {
        Some(Kdf::Scrypt(costs)) => {
            costs.cost_parameter <= SCRYPT_N_MAX
                && costs.block_size <= SCRYPT_R_MAX
                && costs.parallelization <= SCRYPT_P_MAX
        }
        Some(Kdf::Pbkdf2(costs)) => costs.iteration_count <= PBKDF2_ITERATIONS_MAX,
        _ => false,
    };
    if affordable { Ok(()) } else { Err(KeyFileError::Method) }
}

fn check_public(curve: Curve, key: &SecretScalar, stated: Option<BitStringRef<'_>>) -> Result<(), KeyFileError> {
    let Some(stated) = stated else { return Ok(()) };
    let stated = stated.as_bytes().map(|octets| Point::decode(curve, octets));
    if stated == Some(Ok(key.public())) { Ok(()) } else { Err(KeyFileError::PublicKey) }
}

fn check_length(secret: &[u8]) -> Result<(), KeyFileError> {
    if matches!(secret.len(), 16 | 24 | 32) { Ok(()) } else { Err(KeyFileError::KeyLength(secret.len())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::ChaCha20Rng;

    fn rng() -> ChaCha20Rng {
        ChaCha20Rng::seed_from_u64(7)
    }

    #[test]
    fn sealed_keys_open_with_the_passphrase_only() {
        for curve in Curve::ALL.iter().copied() {
            let key = SecretScalar::generate(curve, &mut rng());
            let pem = seal(&key, b"open sesame", &mut rng()).unwrap();
            assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
            assert_eq!(open(&pem, b"open sesame").unwrap().to_bytes(), key.to_bytes());
            assert_eq!(open(&pem, b"Open sesame").err(), Some(KeyFileError::Passphrase));
            assert_eq!(open_secret(&pem, b"open sesame").err(), Some(KeyFileError::Kind));
        }
    }

    #[test]
    fn sealed_secrets_open_with_the_passphrase_only() {
        let pem = seal_secret(&[0xA5; 32], b"open sesame", &mut rng()).unwrap();
        assert_eq!(open_secret(&pem, b"open sesame").unwrap().as_slice(), [0xA5; 32]);
        assert_eq!(open_secret(&pem, b"wrong"), Err(KeyFileError::Passphrase));
        assert_eq!(open(&pem, b"open sesame").err(), Some(KeyFileError::Kind));
    }

    #[test]
    fn what_seals_nothing_is_refused() {
        assert_eq!(seal_secret(&[0; 31], b"p", &mut rng()), Err(KeyFileError::KeyLength(31)));
        assert_eq!(seal_secret(&[0; 32], b"", &mut rng()), Err(KeyFileError::EmptyPassphrase));
        assert_eq!(open("", b"p").err(), Some(KeyFileError::Format));
        let other = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert_eq!(open(other, b"p").err(), Some(KeyFileError::Format));
    }

    #[test]
    fn excessive_costs_are_not_paid() {
        let pem = seal_secret(&[1; 16], b"p", &mut rng()).unwrap();
        let (_, mut der) = der::pem::decode_vec(pem.as_bytes()).unwrap();
        // INTEGER 16384 of N stands as 02 02 40 00; the same length holds at most 2^14, so r is raised instead.
        let at = der.windows(7).position(|w| w == [0x02, 0x02, 0x40, 0x00, 0x02, 0x01, 0x08]).unwrap();
        der[at + 6] = 0x7F;
        let pem = der::pem::encode_string(PEM_LABEL, LineEnding::LF, &der).unwrap();
        assert_eq!(open_secret(&pem, b"p"), Err(KeyFileError::Method));
    }
}
