//! Signatures: MSE:Set DST and AT, PSO: COMPUTE DIGITAL SIGNATURE over a hash that the terminal gives, INTERNAL
//! AUTHENTICATE over a challenge that the card hashes (7816-8 §5.4, 7816-4 §11.5.2).
//!
//! What goes under RSA is always built here, out of a hash: the card lends nobody its bare private operation.

use bitaqa_apdu::application::{ALGORITHM_ECDSA, ALGORITHM_PKCS1, ALGORITHM_PSS, ApplicationKey, Parameters};
use bitaqa_apdu::{Command, Response, Sw, tlv};
use bitaqa_curves::{PrivateKey, ecdsa};
use bitaqa_pki::HashAlgorithm;
use bitaqa_pki::rsa::{RsaPrivateKey, RsaSigner, read_digest_info};

use super::configuration::Configuration;
use super::keys;
use crate::applet::Host;
use crate::key_pair::KeyPair;

/// Longest challenge of INTERNAL AUTHENTICATE, and shortest: below, an answer could be known beforehand.
const CHALLENGE: core::ops::RangeInclusive<usize> = 8..=128;

/// What MSE has set, until the application is left.
#[derive(Clone, Copy, Default)]
pub struct Environment {
    /// Key and algorithm of PSO.
    signature: Option<(u8, u8)>,
    /// Key of INTERNAL AUTHENTICATE.
    authentication: Option<u8>,
}

/// Whether an MSE:Set AT means INTERNAL AUTHENTICATE: Chip Authentication names its protocol by an object identifier.
pub fn names_a_key_alone(command: &Command) -> bool {
    tlv::all(&command.data).is_ok_and(|objects| {
        objects.iter().all(|object| matches!(object.tag, 0x80 | 0x84 | 0x95) && object.value.len() == 1)
    })
}

impl Environment {
    /// MSE:Set DST, P1-P2 41B6: DO 84 the key, DO 80 the algorithm, DO 95 that it is for computation (7816-4 §10.3).
    ///
    /// # Errors
    /// 6A80 for other objects, 6A88 for no such key, 6A81 for an algorithm that is none of the key's.
    pub fn set_signature(&mut self, parameters: &Parameters, command: &Command) -> Result<Response, Sw> {
        self.signature = None;
        let (number, algorithm) = key_and_algorithm(command)?;
        let key = parameters.key(number).filter(|key| key.uses.sign).ok_or(Sw::REFERENCE_NOT_FOUND)?;
        let own = if key.algorithm.modulus_bits().is_some() {
            &[ALGORITHM_PKCS1, ALGORITHM_PSS][..]
        } else {
            &[ALGORITHM_ECDSA]
        };
        let algorithm = algorithm.or(own.first().copied()).filter(|algorithm| own.contains(algorithm));
        self.signature = Some((number, algorithm.ok_or(Sw::FUNCTION_NOT_SUPPORTED)?));
        Ok(Sw::OK.into())
    }

    /// MSE:Set AT for INTERNAL AUTHENTICATE, P1-P2 41A4: DO 84 the key.
    ///
    /// # Errors
    /// 6A80 for other objects, 6A88 for no such key.
    pub fn set_authentication(&mut self, parameters: &Parameters, command: &Command) -> Result<Response, Sw> {
        self.authentication = None;
        let (number, _) = key_and_algorithm(command)?;
        let key = parameters.key(number).filter(|key| key.uses.authenticate).ok_or(Sw::REFERENCE_NOT_FOUND)?;
        self.authentication = Some(key.number);
        Ok(Sw::OK.into())
    }

    /// PSO: COMPUTE DIGITAL SIGNATURE, P1-P2 9E9A (7816-8 §5.4), with the key that MSE has set.
    ///
    /// # Errors
    /// 6985 without MSE, 6982 where the key's rule says no, 6A80 for data that are no hash of the algorithm.
    pub fn sign(self, configuration: &Configuration, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
        let (number, algorithm) = self.signature.ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
        let key = configuration.parameters.key(number).ok_or(Sw::REFERENCE_NOT_FOUND)?;
        keys::permit(key, host)?;
        let (hash, digest) = match algorithm {
            ALGORITHM_PKCS1 => read_digest_info(&command.data).or_else(|| bare(&command.data)),
            _ => bare(&command.data),
        }
        .filter(|(hash, _)| hash.is_permitted())
        .ok_or(Sw::WRONG_DATA)?;
        keys::consume(key, host);
        Ok(Response::ok(made(key, algorithm, hash, digest, host)?))
    }

    /// INTERNAL AUTHENTICATE, 7816-4 §11.5.2, P1 = 00: P2 = 80 + number of the key, or 00 for the one of MSE:Set AT.
    /// Signed is the hash of the challenge: SHA-384 under P-384, else SHA-256.
    ///
    /// # Errors
    /// 6985 without MSE, 6A88 for no such key, 6982 where its rule says no, 6700 for a challenge too short or too long.
    pub fn authenticate(
        self,
        configuration: &Configuration,
        command: &Command,
        host: &mut Host<'_>,
    ) -> Result<Response, Sw> {
        let number = match (command.p1, command.p2) {
            (0x00, 0x00) => self.authentication.ok_or(Sw::CONDITIONS_NOT_SATISFIED)?,
            (0x00, 0x81..=0x8F) => command.p2 & 0x0F,
            _ => return Err(Sw::WRONG_P1P2),
        };
        let key = configuration.parameters.key(number).filter(|key| key.uses.authenticate);
        let key = key.ok_or(Sw::REFERENCE_NOT_FOUND)?;
        keys::permit(key, host)?;
        if !CHALLENGE.contains(&command.data.len()) {
            return Err(Sw::WRONG_LENGTH);
        }
        keys::consume(key, host);
        let hash = match key.algorithm {
            bitaqa_apdu::application::KeyAlgorithm::P384 => HashAlgorithm::Sha384,
            _ => HashAlgorithm::Sha256,
        };
        Ok(Response::ok(made(key, ALGORITHM_PKCS1, hash, &hash.digest(&command.data), host)?))
    }
}

/// DO 84 and DO 80 of MSE, each once; DO 95 only says what P1 says.
fn key_and_algorithm(command: &Command) -> Result<(u8, Option<u8>), Sw> {
    let (mut key, mut algorithm, mut usage) = (None, None, None);
    for object in tlv::all(&command.data).map_err(|_| Sw::WRONG_DATA)? {
        let slot = match object.tag {
            0x84 => &mut key,
            0x80 => &mut algorithm,
            0x95 => &mut usage,
            _ => return Err(Sw::WRONG_DATA),
        };
        match *object.value {
            [octet] if slot.is_none() => *slot = Some(octet),
            _ => return Err(Sw::WRONG_DATA),
        }
    }
    Ok((key.ok_or(Sw::WRONG_DATA)?, algorithm))
}

/// A hash alone: its length tells which.
fn bare(data: &[u8]) -> Option<(HashAlgorithm, &[u8])> {
    HashAlgorithm::ALL.into_iter().find(|hash| hash.digest_bytes() == data.len()).map(|hash| (hash, data))
}

fn made(
    key: &ApplicationKey,
    algorithm: u8,
    hash: HashAlgorithm,
    digest: &[u8],
    host: &mut Host<'_>,
) -> Result<Vec<u8>, Sw> {
    match KeyPair::load(keys::kind(key), key.number, host)? {
        KeyPair::Curve(PrivateKey::Ec(scalar)) => ecdsa::sign_digest(&scalar, digest).map_err(|_| Sw::EXECUTION_ERROR),
        KeyPair::Curve(PrivateKey::Dh(_)) => Err(Sw::MEMORY_FAILURE),
        KeyPair::Rsa(key) => rsa(*key, algorithm, hash, digest, host),
    }
}

fn rsa(
    key: RsaPrivateKey,
    algorithm: u8,
    hash: HashAlgorithm,
    digest: &[u8],
    host: &mut Host<'_>,
) -> Result<Vec<u8>, Sw> {
    let signer = match algorithm {
        ALGORITHM_PSS => RsaSigner::pss(key, hash, host.rng()),
        _ => RsaSigner::pkcs1(key, hash, host.rng()),
    };
    let signed = signer.map_err(|_| Sw::EXECUTION_ERROR)?.sign_given(digest);
    signed.map(|signature| signature.0).map_err(|_| Sw::EXECUTION_ERROR)
}
