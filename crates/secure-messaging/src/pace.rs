//! PACE with ECDH, generic mapping and AES, 9303-11 §4.4: a password of low entropy, tried once per run, becomes a
//! session of full strength. Both roles.
//!
//! ```text
//! 00 22 C1 A4  80 OID, 83 password reference [, 84 parameter id] [, 7F4C CHAT]     -> 9000
//! 10 86 00 00  7C{}                -> 7C{80 z}            z = E(K_pi, s)
//! 10 86 00 00  7C{81 PK_Map,IFD}   -> 7C{82 PK_Map,IC}    G~ = s·G + SK_Map·PK_Map of the other
//! 10 86 00 00  7C{83 PK_DH~,IFD}   -> 7C{84 PK_DH~,IC}    K  = x(SK_DH~·PK_DH~ of the other)
//! 00 86 00 00  7C{85 T_IFD}        -> 7C{86 T_IC [, 87 CAR [, 88 CAR]]}
//!                                                         T = MAC(KS_MAC, 7F49{06 OID, 86 PK_DH~ of the other})
//! ```
//! The card role is a value that each command consumes: after an error, or a foreign command, nothing is left of it.
//! Not here: other mappings, finite fields, 3DES, the retry counters of PIN and PUK (the applet counts).

mod card;
mod terminal;

pub use card::{CardPace, CardStep};
pub use terminal::{establish, establish_without_reference};

use crate::aes_key::{AesKey, BLOCK, first_eight};
use crate::sm::{Cipher, IsoSm};
use crate::{KeyLength, SecureMessaging, kdf};
use bitaqa_apdu::Sw;
use bitaqa_apdu::tlv::{self, Tag, TlvError};
use bitaqa_curves::{Curve, CurveError, Point, SecretScalar, mapping};
use bitaqa_lds::security_infos::{
    ID_PACE_ECDH_GM_AES_CBC_CMAC_128, ID_PACE_ECDH_GM_AES_CBC_CMAC_192, ID_PACE_ECDH_GM_AES_CBC_CMAC_256, PaceInfo,
};
use const_oid::ObjectIdentifier;
use core::fmt;
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

/// P1-P2 of MSE:Set AT for mutual authentication.
const SET_AT: u16 = 0xC1A4;
/// The only version of PACE on travel documents, 9303-11 §9.2.1.
const VERSION: u8 = 2;

/// Which password, DO 83 of MSE:Set AT: 9303-11 §4.4.4.1 and TR-03110-3 §B.14.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PasswordKind {
    /// MRZ_information.
    Mrz = 1,
    /// Card access number.
    Can = 2,
    /// Personal identification number of the holder.
    Pin = 3,
    /// Unblocking key.
    Puk = 4,
}

impl PasswordKind {
    /// From the value of DO 83; `None` for what is not one octet 01 to 04.
    pub const fn from_reference(reference: &[u8]) -> Option<Self> {
        match reference {
            [1] => Some(Self::Mrz),
            [2] => Some(Self::Can),
            [3] => Some(Self::Pin),
            [4] => Some(Self::Puk),
            _ => None,
        }
    }
}

/// A password as PACE takes it: f(pi) of 9303-11 §9.7.3. Wiped when dropped; `Debug` tells the kind only.
#[derive(Clone)]
pub struct Password {
    kind: PasswordKind,
    secret: Zeroizing<Vec<u8>>,
}

/// A text that is no such password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// 9303-4 and -5 print six digits.
    #[error("a card access number has six digits")]
    Can,
}

impl Password {
    /// The card access number, six digits.
    ///
    /// # Errors
    /// [`PasswordError::Can`] for any other text.
    pub fn can(digits: &str) -> Result<Self, PasswordError> {
        if digits.len() == 6 && digits.bytes().all(|octet| octet.is_ascii_digit()) {
            Ok(Self::from_secret(PasswordKind::Can, digits.as_bytes()))
        } else {
            Err(PasswordError::Can)
        }
    }

    /// The MRZ: document number, birth and expiry, each with its check digit (`lds::mrz::key_input`). The secret is
    /// the SHA-1 of it, 9303-11 §9.7.3.
    pub fn mrz(key_input: &str) -> Self {
        let digest = Zeroizing::new(<[u8; 20]>::from(Sha1::digest(key_input)));
        Self::from_secret(PasswordKind::Mrz, &*digest)
    }

    /// A secret as the chip stores it: digits in ISO 8859-1, for the MRZ the 20 octets of its SHA-1.
    pub fn from_secret(kind: PasswordKind, secret: &[u8]) -> Self {
        Self { kind, secret: Zeroizing::new(secret.to_vec()) }
    }

    /// Which password.
    pub const fn kind(&self) -> PasswordKind {
        self.kind
    }

    /// f(pi), for a chip to store.
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Password({:?})", self.kind)
    }
}

/// What a successful run leaves behind, on either side.
pub struct Established {
    /// The session; on the card it takes effect after the response has left.
    pub sm: Box<dyn SecureMessaging>,
    /// Comp(PK_DH~,IC): ID_PICC of Terminal Authentication (TR-03110-1 §3.5, dynamic binding).
    pub id_picc: Vec<u8>,
    /// Comp(PK_DH~,IFD), what Terminal Authentication signs when no Chip Authentication follows.
    pub pcd_compressed: Vec<u8>,
    /// The password that opened it.
    pub password: PasswordKind,
    /// Names of the trust points of the card, the most recent first; empty when the terminal did not ask.
    pub certification_authority_references: Vec<Vec<u8>>,
}

/// What can go wrong on either side, in the words of 9303-11 §4.4.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaceError {
    /// P1-P2 of no PACE command.
    #[error("P1-P2 {0:04X} belongs to no command of PACE")]
    P1P2(u16),
    /// The data field is not the one of this step: broken TLV, another object, left-overs.
    #[error("data field: {0}")]
    Objects(#[from] TlvError),
    /// DO 80 or DO 83 is not there.
    #[error("data object {0:X} is missing in MSE:Set AT")]
    Missing(Tag),
    /// DO 80 names nothing that is offered here.
    #[error("the protocol of DO 80 is not offered")]
    Mechanism,
    /// DO 83 names no password of this chip.
    #[error("the password of DO 83 is not available")]
    PasswordReference,
    /// DO 84 names no offered domain parameters, or is absent where several are offered.
    #[error("the domain parameters are not offered, or ambiguous without DO 84")]
    DomainParameters,
    /// Command chaining ends before the last step, or does not end with it.
    #[error("class {0:02X} does not chain as this step must")]
    Chaining(u8),
    /// A public key that is no point of the curve or leaves no secret.
    #[error("public key: {0}")]
    PublicKey(#[from] CurveError),
    /// The other side sent our own public key back, 9303-11 §4.4.1 d).
    #[error("both sides show the same public key")]
    Reflected,
    /// The authentication token is wrong: another password, or somebody in between.
    #[error("the authentication token is wrong")]
    Token,
    /// Keys of a length that no cipher has; not reachable from outside.
    #[error(transparent)]
    Key(#[from] KeyLength),
    /// Terminal: the offer of the chip is beyond this terminal.
    #[error("PACE {protocol} version {version} with parameters {parameter_id:?} is not spoken here")]
    Unsupported {
        /// Object identifier of the offer.
        protocol: ObjectIdentifier,
        /// Version of the offer.
        version: u8,
        /// Domain parameters of the offer.
        parameter_id: Option<u8>,
    },
    /// Terminal: the encrypted nonce is not of whole blocks.
    #[error("an encrypted nonce of {0} octets")]
    Nonce(usize),
    /// Terminal: the card refused a step.
    #[error("the card answered {sw} to {step}")]
    Status {
        /// Step of the protocol.
        step: &'static str,
        /// Answer.
        sw: Sw,
    },
    /// Terminal: the card refused the token, which means that it holds another password.
    #[error("the card refused the password ({0})")]
    PasswordRefused(Sw),
}

/// Status words of 9303-11 §4.4.4 and TR-03110-3 §B.13.3; terminal errors never reach a card.
impl From<PaceError> for Sw {
    #[allow(clippy::match_same_arms)] // a clause per arm
    fn from(error: PaceError) -> Self {
        match error {
            PaceError::P1P2(_) => Sw::WRONG_P1P2,
            PaceError::Objects(_) | PaceError::Missing(_) | PaceError::Mechanism => Sw::WRONG_DATA,
            PaceError::PasswordReference | PaceError::DomainParameters => Sw::REFERENCE_NOT_FOUND, // 9303-11 §4.4.4.1
            PaceError::Chaining(class) if class & 0x10 != 0 => Sw::LAST_OF_CHAIN_EXPECTED,         // TR-03110-3 §B.13.3
            PaceError::Chaining(_) => Sw::CONDITIONS_NOT_SATISFIED,
            PaceError::PublicKey(_) => Sw::WRONG_DATA, // 9303-11 §4.4.4.2, provided data is invalid
            PaceError::Reflected | PaceError::Token => Sw::AUTHENTICATION_FAILED, // 9303-11 §4.4.4.2
            PaceError::Key(_)
            | PaceError::Unsupported { .. }
            | PaceError::Nonce(_)
            | PaceError::Status { .. }
            | PaceError::PasswordRefused(_) => Sw::EXECUTION_ERROR,
        }
    }
}

/// Protocol, cipher and curve of one offer.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Suite {
    protocol: ObjectIdentifier,
    cipher: Cipher,
    curve: Curve,
}

impl Suite {
    /// `None` for an offer that is not spoken here.
    fn of(info: &PaceInfo) -> Option<Self> {
        let cipher = match info.protocol {
            ID_PACE_ECDH_GM_AES_CBC_CMAC_128 => Cipher::Aes128,
            ID_PACE_ECDH_GM_AES_CBC_CMAC_192 => Cipher::Aes192,
            ID_PACE_ECDH_GM_AES_CBC_CMAC_256 => Cipher::Aes256,
            _ => return None,
        };
        let curve = Curve::from_parameter_id(info.parameter_id?)?;
        (info.version == VERSION).then_some(Self { protocol: info.protocol, cipher, curve })
    }

    /// z = E(K_pi, s): CBC with IV 0 over whole blocks, 9303-11 §4.4.3.3.
    fn encrypt_nonce(&self, password: &Password, nonce: &[u8]) -> Result<Vec<u8>, KeyLength> {
        let mut z = nonce.to_vec();
        self.password_key(password)?.cbc_encrypt([0; BLOCK], &mut z);
        Ok(z)
    }

    /// Inverse of [`Self::encrypt_nonce`].
    fn decrypt_nonce(&self, password: &Password, z: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyLength> {
        let mut nonce = Zeroizing::new(z.to_vec());
        self.password_key(password)?.cbc_decrypt([0; BLOCK], &mut nonce);
        Ok(nonce)
    }

    fn password_key(&self, password: &Password) -> Result<AesKey, KeyLength> {
        AesKey::new(&kdf::derive(password.secret(), kdf::Purpose::Password, self.cipher))
    }

    /// The point of the other side; a reflected one is refused, 9303-11 §4.4.1 d).
    fn peer(&self, octets: &[u8], own: &Point) -> Result<Point, PaceError> {
        let peer = Point::decode(self.curve, octets)?;
        if peer == *own { Err(PaceError::Reflected) } else { Ok(peer) }
    }

    /// T = MAC(KS_MAC, 7F49{06 OID, 86 public key of the other side}), 9303-11 §4.4.3.4.
    fn token(&self, ks_mac: &AesKey, received: &Point) -> [u8; 8] {
        let mut content = tlv::tlv(0x06, self.protocol.as_bytes());
        tlv::put(&mut content, 0x86, &received.encode());
        first_eight(ks_mac.cmac(&[&tlv::tlv(0x7F49, &content)]))
    }
}

/// The mapped generator, 9303-11 §4.4.3.3.1.
fn map(own: &SecretScalar, peer: &Point, nonce: &[u8]) -> Result<Point, CurveError> {
    mapping::generic(nonce, &own.agree(peer)?)
}

/// Both session keys and both ephemeral public keys, before the tokens are exchanged.
struct Agreement {
    suite: Suite,
    ks_enc: Zeroizing<Vec<u8>>,
    ks_mac: Zeroizing<Vec<u8>>,
    own: Point,
    peer: Point,
}

impl Agreement {
    /// KS_Enc and KS_MAC from the x coordinate of the shared point, 9303-11 §9.7.1.
    fn new(suite: Suite, key: &SecretScalar, own: Point, peer: Point) -> Result<Self, PaceError> {
        let shared = Zeroizing::new(key.agree(&peer)?.x());
        Ok(Self {
            suite,
            ks_enc: kdf::derive(&shared, kdf::Purpose::Encryption, suite.cipher),
            ks_mac: kdf::derive(&shared, kdf::Purpose::Authentication, suite.cipher),
            own,
            peer,
        })
    }

    /// The token that we send: over the key that we received.
    fn own_token(&self) -> Result<[u8; 8], KeyLength> {
        Ok(self.suite.token(&AesKey::new(&self.ks_mac)?, &self.peer))
    }

    /// The token that we expect: over the key that we sent.
    fn peer_token(&self) -> Result<[u8; 8], KeyLength> {
        Ok(self.suite.token(&AesKey::new(&self.ks_mac)?, &self.own))
    }

    fn session(&self) -> Result<Box<dyn SecureMessaging>, KeyLength> {
        Ok(Box::new(IsoSm::new(self.suite.cipher, &self.ks_enc, &self.ks_mac)?))
    }
}

#[cfg(test)]
#[path = "pace/tests.rs"]
mod tests;
