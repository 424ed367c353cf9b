//! Key pairs of applets: made on the card, never told. Each private key is in a cell of its own, named by its number;
//! what it was made on stands in the install parameters.

use bitaqa_apdu::public_key::{self, CardPublicKey};
use bitaqa_apdu::{Command, Response, Sw, dgi};
use bitaqa_curves::{Domain, PrivateKey, PublicKey};
use bitaqa_pki::rsa::RsaPrivateKey;
use zeroize::Zeroizing;

use crate::access::cell;
use crate::applet::Host;
use crate::personalisation::require_channel;

/// What a key pair is made on.
#[derive(Clone, Copy)]
pub enum KeyKind {
    /// A curve, or a group of Diffie-Hellman.
    Curve(Domain),
    /// RSA.
    Rsa {
        /// Bits of the modulus.
        bits: u32,
    },
}

/// A key pair out of memory.
pub enum KeyPair {
    /// On a curve or in a group.
    Curve(PrivateKey),
    /// RSA.
    Rsa(Box<RsaPrivateKey>),
}

/// Cell of the private key with this number.
pub const fn cell_of(number: u8) -> u16 {
    cell::KEYS | number as u16
}

impl KeyPair {
    /// Makes a pair and stores it in place of the one before.
    ///
    /// # Errors
    /// 6A81 for a length of RSA that this card cannot make.
    pub fn make(kind: KeyKind, number: u8, host: &mut Host<'_>) -> Result<Self, Sw> {
        let pair = match kind {
            KeyKind::Curve(domain) => Self::Curve(domain.generate(host.rng())),
            KeyKind::Rsa { bits } => {
                let key = RsaPrivateKey::generate(bits, host.rng()).map_err(|_| Sw::FUNCTION_NOT_SUPPORTED)?;
                Self::Rsa(Box::new(key))
            }
        };
        let octets: Zeroizing<Vec<u8>> = match &pair {
            Self::Curve(key) => key.to_bytes(),
            Self::Rsa(key) => key.to_pkcs8().map_err(|_| Sw::EXECUTION_ERROR)?,
        };
        host.put(cell_of(number), &octets)?;
        Ok(pair)
    }

    /// Reads a pair that was made.
    ///
    /// # Errors
    /// 6A88 when it was not made yet, 6581 when its octets are no such key.
    pub fn load(kind: KeyKind, number: u8, host: &Host<'_>) -> Result<Self, Sw> {
        let octets = host.get(cell_of(number)).ok_or(Sw::REFERENCE_NOT_FOUND)?;
        match kind {
            KeyKind::Curve(domain) => PrivateKey::from_bytes(domain, octets).map(Self::Curve).ok(),
            KeyKind::Rsa { .. } => RsaPrivateKey::from_pkcs8(octets).map(|key| Self::Rsa(Box::new(key))).ok(),
        }
        .ok_or(Sw::MEMORY_FAILURE)
    }

    /// The half that is told.
    pub fn public(&self) -> CardPublicKey {
        match self {
            Self::Curve(key) => match key.public() {
                PublicKey::Ec(point) => CardPublicKey::Point(point.encode()),
                PublicKey::Dh(value) => CardPublicKey::Value(value.encode()),
            },
            Self::Rsa(key) => {
                let (modulus, exponent) = (key.public().modulus().to_vec(), key.public().exponent().to_vec());
                CardPublicKey::Rsa { modulus, exponent }
            }
        }
    }
}

/// The number of GENERATE ASYMMETRIC KEY PAIR (7816-8 §5.1), P2 beside P1 = 80, inside the issuer's channel.
///
/// # Errors
/// 6982 outside of the channel, 6A86 for another P1.
pub fn number_to_generate(command: &Command, host: &Host<'_>) -> Result<u8, Sw> {
    require_channel(host)?;
    if command.p1 == 0x80 { Ok(command.p2) } else { Err(Sw::WRONG_P1P2) }
}

/// Answer to GET DATA DF33.
///
/// # Errors
/// 6A88 when no key was made yet.
pub fn tell(keys: &[(u8, CardPublicKey)]) -> Result<Response, Sw> {
    if keys.is_empty() {
        return Err(Sw::REFERENCE_NOT_FOUND);
    }
    Ok(Response::ok(public_key::encode_all(dgi::GET_DATA_PUBLIC_KEYS.into(), keys)))
}
