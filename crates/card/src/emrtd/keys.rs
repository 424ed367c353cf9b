//! The applet's key pairs: made on the card, never told. Which there are stands in the install parameters; each private
//! key is in a cell of its own, named by its number.

use bitaqa_apdu::install::{KeySpec, KeyUse};
use bitaqa_apdu::public_key::{self, CardPublicKey};
use bitaqa_apdu::{Command, Response, Sw, dgi};
use bitaqa_curves::{Domain, PrivateKey, PublicKey, SecretScalar};
use bitaqa_pki::HashAlgorithm;
use bitaqa_pki::rsa::RsaPrivateKey;
use zeroize::Zeroizing;

use super::cell;
use super::files::Configuration;
use crate::applet::Host;

/// Bits in the unit of an RSA key's length.
const RSA_UNIT_BITS: u32 = 128;

/// Cell of the private key with this number.
pub const fn cell_of(number: u8) -> u16 {
    cell::KEYS | number as u16
}

/// Whether this card can make such a key.
pub fn is_possible(key: KeySpec) -> bool {
    match key.usage {
        KeyUse::ActiveRsa => (8..=32).contains(&key.domain),
        KeyUse::ChipAuthentication => Domain::from_parameter_id(key.domain).is_some(),
        KeyUse::ActiveEcdsa | KeyUse::PaceChipAuthenticationMapping => {
            matches!(Domain::from_parameter_id(key.domain), Some(Domain::Ec(_)))
        }
    }
}

/// The keys that the card has to have.
///
/// # Errors
/// 6581 when the install parameters are not readable.
pub fn specs(host: &Host<'_>) -> Result<Vec<KeySpec>, Sw> {
    Ok(Configuration::of(host)?.keys)
}

/// Number of the first key of this use.
///
/// # Errors
/// 6A88 without one.
pub fn first(host: &Host<'_>, usage: KeyUse) -> Result<u8, Sw> {
    let key = specs(host)?.into_iter().find(|key| key.usage == usage);
    key.map(|key| key.number).ok_or(Sw::REFERENCE_NOT_FOUND)
}

/// A key of Chip Authentication or of PACE with chip authentication mapping.
///
/// # Errors
/// 6A88 when there is no key of this number and use, or it was not made yet.
pub fn agreement(host: &Host<'_>, number: u8) -> Result<PrivateKey, Sw> {
    let (key, octets) = held(host, number)?;
    if !matches!(key.usage, KeyUse::ChipAuthentication | KeyUse::PaceChipAuthenticationMapping) {
        return Err(Sw::REFERENCE_NOT_FOUND);
    }
    let domain = Domain::from_parameter_id(key.domain).ok_or(Sw::MEMORY_FAILURE)?;
    PrivateKey::from_bytes(domain, octets).map_err(|_| Sw::MEMORY_FAILURE)
}

/// A key of Active Authentication with ECDSA.
///
/// # Errors
/// As [`agreement`].
pub fn ecdsa(host: &Host<'_>, number: u8) -> Result<SecretScalar, Sw> {
    let (key, octets) = held(host, number)?;
    match (key.usage, Domain::from_parameter_id(key.domain)) {
        (KeyUse::ActiveEcdsa, Some(Domain::Ec(curve))) => {
            SecretScalar::from_bytes(curve, octets).map_err(|_| Sw::MEMORY_FAILURE)
        }
        _ => Err(Sw::REFERENCE_NOT_FOUND),
    }
}

/// A key of Active Authentication with RSA.
///
/// # Errors
/// As [`agreement`].
pub fn rsa(host: &Host<'_>, number: u8) -> Result<RsaPrivateKey, Sw> {
    let (key, octets) = held(host, number)?;
    match key.usage {
        KeyUse::ActiveRsa => RsaPrivateKey::from_pkcs8(octets).map_err(|_| Sw::MEMORY_FAILURE),
        _ => Err(Sw::REFERENCE_NOT_FOUND),
    }
}

/// The hash over the challenge of Active Authentication.
///
/// # Errors
/// 6A88 on a card without.
pub fn active_hash(host: &Host<'_>) -> Result<HashAlgorithm, Sw> {
    let length = Configuration::of(host)?.active_digest_bytes.map(usize::from);
    HashAlgorithm::ALL.into_iter().find(|hash| Some(hash.digest_bytes()) == length).ok_or(Sw::REFERENCE_NOT_FOUND)
}

fn held<'h>(host: &'h Host<'_>, number: u8) -> Result<(KeySpec, &'h [u8]), Sw> {
    let key = specs(host)?.into_iter().find(|key| key.number == number).ok_or(Sw::REFERENCE_NOT_FOUND)?;
    let octets = host.get(cell_of(number)).ok_or(Sw::REFERENCE_NOT_FOUND)?;
    Ok((key, octets))
}

/// GENERATE ASYMMETRIC KEY PAIR (7816-8 §5.1): P1 = 80 makes the pair whose number P2 is anew; its public key comes
/// back.
///
/// # Errors
/// 6A86 for another P1, 6A88 for a number that the install parameters do not name.
pub fn generate(command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
    if command.p1 != 0x80 {
        return Err(Sw::WRONG_P1P2);
    }
    let number = command.p2;
    let key = specs(host)?.into_iter().find(|key| key.number == number).ok_or(Sw::REFERENCE_NOT_FOUND)?;
    let octets: Zeroizing<Vec<u8>> = match (key.usage, Domain::from_parameter_id(key.domain)) {
        (KeyUse::ActiveRsa, _) => RsaPrivateKey::generate(u32::from(key.domain) * RSA_UNIT_BITS, host.rng())
            .and_then(|key| key.to_pkcs8())
            .map_err(|_| Sw::FUNCTION_NOT_SUPPORTED)?,
        (_, Some(domain)) => domain.generate(host.rng()).to_bytes(),
        (_, None) => return Err(Sw::FUNCTION_NOT_SUPPORTED),
    };
    host.put(cell_of(number), &octets)?;
    Ok(Response::ok(public_half(host, key)?.encode()))
}

/// GET DATA DF33: the public half of every key that was made.
///
/// # Errors
/// 6A88 when there is none yet.
pub fn public_keys(host: &Host<'_>) -> Result<Response, Sw> {
    let made = specs(host)?.into_iter().filter(|key| host.get(cell_of(key.number)).is_some());
    let keys: Vec<_> = made.map(|key| Ok((key.number, public_half(host, key)?))).collect::<Result<_, Sw>>()?;
    if keys.is_empty() {
        return Err(Sw::REFERENCE_NOT_FOUND);
    }
    Ok(Response::ok(public_key::encode_all(dgi::GET_DATA_PUBLIC_KEYS.into(), &keys)))
}

fn public_half(host: &Host<'_>, key: KeySpec) -> Result<CardPublicKey, Sw> {
    Ok(match key.usage {
        KeyUse::ActiveRsa => {
            let key = rsa(host, key.number)?;
            let (modulus, exponent) = (key.public().modulus().to_vec(), key.public().exponent().to_vec());
            CardPublicKey::Rsa { modulus, exponent }
        }
        KeyUse::ActiveEcdsa => CardPublicKey::Point(ecdsa(host, key.number)?.public().encode()),
        KeyUse::ChipAuthentication | KeyUse::PaceChipAuthenticationMapping => {
            match agreement(host, key.number)?.public() {
                PublicKey::Ec(point) => CardPublicKey::Point(point.encode()),
                PublicKey::Dh(value) => CardPublicKey::Value(value.encode()),
            }
        }
    })
}
