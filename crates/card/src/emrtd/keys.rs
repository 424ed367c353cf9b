//! The applet's key pairs: made on the card, never told. Which there are stands in the install parameters; each private
//! key is in a cell of its own, named by its number.

use bitaqa_apdu::install::{KeySpec, KeyUse};
use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_curves::{Domain, PrivateKey, SecretScalar};
use bitaqa_pki::HashAlgorithm;
use bitaqa_pki::rsa::RsaPrivateKey;

use super::configuration::Configuration;
use crate::applet::Host;
use crate::key_pair::{self, KeyKind, KeyPair};

/// Bits in the unit of an RSA key's length.
const RSA_UNIT_BITS: u32 = 128;

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
    match held(host, number)? {
        (KeyUse::ChipAuthentication | KeyUse::PaceChipAuthenticationMapping, KeyPair::Curve(key)) => Ok(key),
        _ => Err(Sw::REFERENCE_NOT_FOUND),
    }
}

/// A key of Active Authentication with ECDSA.
///
/// # Errors
/// As [`agreement`].
pub fn ecdsa(host: &Host<'_>, number: u8) -> Result<SecretScalar, Sw> {
    match held(host, number)? {
        (KeyUse::ActiveEcdsa, KeyPair::Curve(PrivateKey::Ec(key))) => Ok(key),
        _ => Err(Sw::REFERENCE_NOT_FOUND),
    }
}

/// A key of Active Authentication with RSA.
///
/// # Errors
/// As [`agreement`].
pub fn rsa(host: &Host<'_>, number: u8) -> Result<RsaPrivateKey, Sw> {
    match held(host, number)? {
        (KeyUse::ActiveRsa, KeyPair::Rsa(key)) => Ok(*key),
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

fn held(host: &Host<'_>, number: u8) -> Result<(KeyUse, KeyPair), Sw> {
    let key = specs(host)?.into_iter().find(|key| key.number == number).ok_or(Sw::REFERENCE_NOT_FOUND)?;
    let kind = kind(key).ok_or(Sw::MEMORY_FAILURE)?;
    Ok((key.usage, KeyPair::load(kind, number, host)?))
}

/// What the key is made on; `None` for what this card cannot make.
fn kind(key: KeySpec) -> Option<KeyKind> {
    match key.usage {
        KeyUse::ActiveRsa => Some(KeyKind::Rsa { bits: u32::from(key.domain) * RSA_UNIT_BITS }),
        _ => Domain::from_parameter_id(key.domain).map(KeyKind::Curve),
    }
}

/// GENERATE ASYMMETRIC KEY PAIR (7816-8 §5.1), inside the issuer's channel: P1 = 80 makes the pair whose number P2 is
/// anew; its public key comes back.
///
/// # Errors
/// 6982 outside of the channel, 6A86 for another P1, 6A88 for a number that the install parameters do not name.
pub fn generate(command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
    let number = key_pair::number_to_generate(command, host)?;
    let key = specs(host)?.into_iter().find(|key| key.number == number).ok_or(Sw::REFERENCE_NOT_FOUND)?;
    let kind = kind(key).ok_or(Sw::FUNCTION_NOT_SUPPORTED)?;
    let public = KeyPair::make(kind, number, host)?.public();
    Ok(Response::ok(public.encode()))
}

/// GET DATA DF33: the public half of every key that was made.
///
/// # Errors
/// 6A88 when there is none yet.
pub fn public_keys(host: &Host<'_>) -> Result<Response, Sw> {
    let made = specs(host)?.into_iter().filter(|key| host.get(key_pair::cell_of(key.number)).is_some());
    let keys: Vec<_> =
        made.map(|key| Ok((key.number, held(host, key.number)?.1.public()))).collect::<Result<_, Sw>>()?;
    key_pair::tell(&keys)
}
