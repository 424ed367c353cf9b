//! Active Authentication, 9303-11 §6.1, both roles: the chip signs a challenge by the private key of DG15, so that a
//! copy of its files on another chip is found out. Whether that key is the issuer's, passive authentication alone
//! tells.
//!
//! ```text
//! 0C 88 00 00  RND.IFD (8)  -> signature
//! RSA      ISO/IEC 9796-2 scheme 1 with partial recovery over M = M1 ‖ RND.IFD, M1 drawn by the chip:
//!          6A ‖ M1 ‖ H(M) ‖ BC (SHA-1), or .. ‖ xxCC with the number of the hash
//! ECDSA    r ‖ s over RND.IFD
//! ```
//! What is signed is a number that the terminal has chosen: it proves presence to whoever asks, which is why a card
//! should answer in a session only.

mod representative;

use crate::TerminalError;
use bitaqa_apdu::{Command, Response, Sw, ins};
use bitaqa_curves::{CurveError, SecretScalar, ecdsa};
use bitaqa_lds::security_infos::ActiveAuthenticationInfo;
use bitaqa_pki::rsa::{RsaError, RsaPrivateKey, RsaPublicKey};
use bitaqa_pki::{HashAlgorithm, PublicKey, Signature, SignatureAlgorithm, VerifyError};
use const_oid::ObjectIdentifier;
use core::fmt;
use rand_core::CryptoRng;
use representative::Recovered;

/// Octets of RND.IFD, 9303-11 §6.1.2.1.
const CHALLENGE: usize = 8;

/// How a chip signs, 9303-11 §6.1.2.2 and §6.1.2.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// ISO/IEC 9796-2 scheme 1 with this hash.
    Rsa(HashAlgorithm),
    /// ECDSA in the plain format with this hash.
    Ecdsa(HashAlgorithm),
}

/// Every mechanism spoken here, on both sides.
pub const MECHANISMS: &[Mechanism] = &[
    Mechanism::Rsa(HashAlgorithm::Sha1),
    Mechanism::Rsa(HashAlgorithm::Sha224),
    Mechanism::Rsa(HashAlgorithm::Sha256),
    Mechanism::Rsa(HashAlgorithm::Sha384),
    Mechanism::Rsa(HashAlgorithm::Sha512),
    Mechanism::Ecdsa(HashAlgorithm::Sha224),
    Mechanism::Ecdsa(HashAlgorithm::Sha256),
    Mechanism::Ecdsa(HashAlgorithm::Sha384),
    Mechanism::Ecdsa(HashAlgorithm::Sha512),
];

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(hash) => write!(f, "RSA {hash}"),
            Self::Ecdsa(hash) => write!(f, "ECDSA {hash}"),
        }
    }
}

/// What can go wrong on either side.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AaError {
    /// P1-P2 of another command.
    #[error("P1-P2 {0:04X} belongs to no command of Active Authentication")]
    P1P2(u16),
    /// RND.IFD of another length than 8.
    #[error("a challenge of {0} octets instead of 8")]
    Challenge(usize),
    /// No message representative fits the modulus: its bits are no whole octets, or too few for the hash.
    #[error("no signature with {hash} fits an RSA key of {bits} bits")]
    Modulus {
        /// Bits of the modulus.
        bits: u32,
        /// Hash wanted.
        hash: HashAlgorithm,
    },
    /// SHA-1 under ECDSA, or a hash longer than the key.
    #[error("9303-11 §6.1.2.3 does not allow {0} with this ECDSA key")]
    Hash(HashAlgorithm),
    /// The RSA operation, on the card its own.
    #[error(transparent)]
    Rsa(#[from] RsaError),
    /// The ECDSA operation of the card.
    #[error(transparent)]
    Curve(#[from] CurveError),
    /// Terminal: a key on a curve needs an ActiveAuthenticationInfo in DG14 (9303-11 §9.2.4).
    #[error("DG14 does not tell the algorithm of the key in DG15")]
    NoAlgorithm,
    /// Terminal: the algorithm of DG14 is none of TR-03111 §5.2.1.
    #[error("Active Authentication by {0} is not spoken here")]
    Algorithm(ObjectIdentifier),
    /// Terminal: what the public key recovers is no representative of ISO/IEC 9796-2 scheme 1.
    #[error("RSA signature: {0}")]
    Representative(&'static str),
    /// Terminal: the digest recovered is not that of M1 and the challenge.
    #[error("RSA signature: the digest is of another message")]
    Digest,
    /// Terminal: the ECDSA signature does not verify.
    #[error("ECDSA signature: {0}")]
    Signature(VerifyError),
    /// Terminal: the card refused.
    #[error("the card answered {0} to INTERNAL AUTHENTICATE")]
    Status(Sw),
}

/// Status words of INTERNAL AUTHENTICATE, 9303-11 §6.1.3 and 7816-4 §11.5.2; terminal errors never reach a card.
impl From<AaError> for Sw {
    fn from(error: AaError) -> Self {
        match error {
            AaError::P1P2(_) => Sw::WRONG_P1P2,
            AaError::Challenge(_) => Sw::WRONG_LENGTH, // 9303-11 §6.1.2.1
            AaError::Modulus { .. }
            | AaError::Hash(_)
            | AaError::Rsa(_)
            | AaError::Curve(_)
            | AaError::NoAlgorithm
            | AaError::Algorithm(_)
            | AaError::Representative(_)
            | AaError::Digest
            | AaError::Signature(_)
            | AaError::Status(_) => Sw::EXECUTION_ERROR,
        }
    }
}

/// Chip role with an RSA key, `0C 88 00 00`. M1 is drawn from `rng` in one piece before the blinding of the private
/// operation; SHA-1 has the trailer BC, any other hash its number before CC (9303-11 §6.1.2.2).
///
/// # Errors
/// [`AaError::P1P2`], [`AaError::Challenge`], [`AaError::Modulus`], [`AaError::Rsa`].
pub fn respond_rsa(
    command: &Command,
    key: &RsaPrivateKey,
    hash: HashAlgorithm,
    rng: &mut dyn CryptoRng,
) -> Result<Response, AaError> {
    let challenge = challenge(command)?;
    let length = representative::length(key.public(), hash)?;
    let mut m1 = vec![0; length - 1 - hash.digest_bytes() - representative::trailer(hash).len()];
    rng.fill_bytes(&mut m1);
    let representative = representative::write(&m1, &challenge, hash);
    Ok(Response::ok(key.raw(&representative, rng)?.to_vec()))
}

/// Chip role with a key on an elliptic curve, `0C 88 00 00`. The signature is deterministic (RFC 6979).
///
/// # Errors
/// [`AaError::P1P2`], [`AaError::Challenge`], [`AaError::Hash`] for SHA-1 and hashes longer than the key,
/// [`AaError::Curve`].
pub fn respond_ecdsa(command: &Command, key: &SecretScalar, hash: HashAlgorithm) -> Result<Response, AaError> {
    let challenge = challenge(command)?;
    if !hash.is_permitted() || hash.digest_bytes() > key.curve().field_bytes() {
        return Err(AaError::Hash(hash));
    }
    Ok(Response::ok(ecdsa::sign_digest(key, &hash.digest(&challenge))?))
}

fn challenge(command: &Command) -> Result<[u8; CHALLENGE], AaError> {
    if command.p1p2() != 0 {
        return Err(AaError::P1P2(command.p1p2()));
    }
    <[u8; CHALLENGE]>::try_from(&*command.data).map_err(|_| AaError::Challenge(command.data.len()))
}

/// Terminal role: draws RND.IFD, sends it and judges the answer by the key of DG15. `info` is DG14's and is needed for
/// keys on elliptic curves only.
///
/// # Errors
/// [`AaError::Status`] for a refusal, those of [`verify`], or what `send` gives. The session lives on.
pub fn authenticate<E>(
    send: &mut dyn FnMut(Command) -> Result<Response, E>,
    key: &PublicKey,
    info: Option<&ActiveAuthenticationInfo>,
    rng: &mut dyn CryptoRng,
) -> Result<Mechanism, TerminalError<E, AaError>> {
    // Without an algorithm nothing can be judged, so nothing is asked.
    let algorithm = algorithm(key, info)?;
    let mut challenge = [0; CHALLENGE];
    rng.fill_bytes(&mut challenge);
    let octets = key.rsa().map_or(0, |key| key.modulus().len());
    let ne = if octets > 256 { Command::NE_EXTENDED_MAX } else { Command::NE_SHORT_MAX };
    let command = Command::new(ins::INTERNAL_AUTHENTICATE, 0, 0).data(challenge).ne(ne);
    let response = send(command).map_err(TerminalError::Exchange)?;
    if response.sw != Sw::OK {
        return Err(AaError::Status(response.sw).into());
    }
    Ok(judge(key, algorithm, challenge, &response.data)?)
}

/// Terminal role without the exchange: the signature over a challenge that was sent.
///
/// # Errors
/// [`AaError::NoAlgorithm`], [`AaError::Algorithm`], [`AaError::Hash`] for a DG14 that does not fit the key;
/// [`AaError::Rsa`], [`AaError::Representative`], [`AaError::Digest`] or [`AaError::Signature`] for a signature that
/// was not made by this key over this challenge.
pub fn verify(
    key: &PublicKey,
    info: Option<&ActiveAuthenticationInfo>,
    challenge: [u8; 8],
    signature: &[u8],
) -> Result<Mechanism, AaError> {
    judge(key, algorithm(key, info)?, challenge, signature)
}

/// The hash of ECDSA signatures by DG14. RSA signatures name theirs in the trailer, so `None` for such a key.
fn algorithm(key: &PublicKey, info: Option<&ActiveAuthenticationInfo>) -> Result<Option<HashAlgorithm>, AaError> {
    if key.rsa().is_some() {
        return Ok(None);
    }
    let name = info.ok_or(AaError::NoAlgorithm)?.signature_algorithm;
    match SignatureAlgorithm::from_x509_oid(name) {
        Some(SignatureAlgorithm::EcdsaPlain(hash)) if hash.is_permitted() => Ok(Some(hash)),
        Some(SignatureAlgorithm::EcdsaPlain(hash)) => Err(AaError::Hash(hash)),
        _ => Err(AaError::Algorithm(name)),
    }
}

fn judge(
    key: &PublicKey,
    hash: Option<HashAlgorithm>,
    challenge: [u8; CHALLENGE],
    signature: &[u8],
) -> Result<Mechanism, AaError> {
    match (key, hash) {
        (PublicKey::Rsa(key), _) => judge_rsa(key, challenge, signature).map(Mechanism::Rsa),
        (PublicKey::Ec(_), Some(hash)) => {
            let verdict = key.verify(SignatureAlgorithm::EcdsaPlain(hash), &challenge, &Signature(signature.to_vec()));
            verdict.map(|()| Mechanism::Ecdsa(hash)).map_err(AaError::Signature)
        }
        (PublicKey::Ec(_), None) => Err(AaError::NoAlgorithm),
    }
}

fn judge_rsa(key: &RsaPublicKey, challenge: [u8; CHALLENGE], signature: &[u8]) -> Result<HashAlgorithm, AaError> {
    let number = key.raw(signature)?;
    let first = Recovered::read(&number);
    // Signatures of 9796-2 §B.4 are the smaller one of J and n - J; only one of both ends in C.
    let other = representative::complement(key.modulus(), &number);
    let recovered = match first {
        Err(_) => Recovered::read(&other).or(first)?,
        Ok(recovered) => recovered,
    };
    let digest = recovered.hash.digest(&[recovered.m1, &challenge].concat());
    if digest == recovered.digest { Ok(recovered.hash) } else { Err(AaError::Digest) }
}

#[cfg(test)]
mod tests;
