//! What a `PACEInfo` names: mapping, cipher and group of one offer (9303-11 §4.4.3, §9.2.1, §9.5.1), and the parts of
//! the protocol that follow from them alone.

use super::error::{PaceError, Step, public_key};
use super::password::Password;
use crate::session_key::{BLOCK_MAX, SessionKey};
use crate::sm::Cipher;
use crate::{KeyLength, kdf};
use bitaqa_apdu::tlv;
use bitaqa_curves::{Domain, PublicKey};
use bitaqa_lds::security_infos::{
    ID_PACE_DH_GM_3DES_CBC_CBC, ID_PACE_DH_GM_AES_CBC_CMAC_128, ID_PACE_DH_GM_AES_CBC_CMAC_192,
    ID_PACE_DH_GM_AES_CBC_CMAC_256, ID_PACE_DH_IM_3DES_CBC_CBC, ID_PACE_DH_IM_AES_CBC_CMAC_128,
    ID_PACE_DH_IM_AES_CBC_CMAC_192, ID_PACE_DH_IM_AES_CBC_CMAC_256, ID_PACE_ECDH_CAM_AES_CBC_CMAC_128,
    ID_PACE_ECDH_CAM_AES_CBC_CMAC_192, ID_PACE_ECDH_CAM_AES_CBC_CMAC_256, ID_PACE_ECDH_GM_3DES_CBC_CBC,
    ID_PACE_ECDH_GM_AES_CBC_CMAC_128, ID_PACE_ECDH_GM_AES_CBC_CMAC_192, ID_PACE_ECDH_GM_AES_CBC_CMAC_256,
    ID_PACE_ECDH_IM_3DES_CBC_CBC, ID_PACE_ECDH_IM_AES_CBC_CMAC_128, ID_PACE_ECDH_IM_AES_CBC_CMAC_192,
    ID_PACE_ECDH_IM_AES_CBC_CMAC_256, PaceInfo,
};
use bitaqa_pki::spki;
use const_oid::ObjectIdentifier;
use zeroize::Zeroizing;

/// The only version of PACE on travel documents, 9303-11 §9.2.1.
const VERSION: u8 = 2;
/// Ids up to here are those of 9303-11 table 12, whether taken or reserved; explicit parameters have other ones.
const STANDARDISED_MAX: u8 = 31;

/// How the nonce becomes a generator, 9303-11 §4.4.3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mapping {
    /// By a key agreement, 9303-11 §4.4.3.3.1.
    Generic,
    /// By a function into the group, 9303-11 §4.4.3.3.2.
    Integrated,
    /// As the generic one, with a proof of the chip's static key, 9303-11 §4.4.3.3.3.
    ChipAuthentication,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Dh,
    Ecdh,
}

/// Protocol, key agreement, mapping and cipher: tables 2 and 3 of 9303-11.
type Row = (ObjectIdentifier, Family, Mapping, Cipher);

/// Declares each protocol once: the table and the list of protocols alone.
macro_rules! protocols {
    ($(($protocol:ident, $family:ident, $mapping:ident, $cipher:ident)),+ $(,)?) => {
        const ROWS: &[Row] = &[$(($protocol, Family::$family, Mapping::$mapping, Cipher::$cipher)),+];

        /// Every protocol that is spoken here, in the order of tables 2 and 3 of 9303-11 §4.4.3.
        pub const MECHANISMS: &[ObjectIdentifier] = &[$($protocol),+];
    };
}

protocols![
    (ID_PACE_DH_GM_3DES_CBC_CBC, Dh, Generic, TripleDes),
    (ID_PACE_DH_GM_AES_CBC_CMAC_128, Dh, Generic, Aes128),
    (ID_PACE_DH_GM_AES_CBC_CMAC_192, Dh, Generic, Aes192),
    (ID_PACE_DH_GM_AES_CBC_CMAC_256, Dh, Generic, Aes256),
    (ID_PACE_ECDH_GM_3DES_CBC_CBC, Ecdh, Generic, TripleDes),
    (ID_PACE_ECDH_GM_AES_CBC_CMAC_128, Ecdh, Generic, Aes128),
    (ID_PACE_ECDH_GM_AES_CBC_CMAC_192, Ecdh, Generic, Aes192),
    (ID_PACE_ECDH_GM_AES_CBC_CMAC_256, Ecdh, Generic, Aes256),
    (ID_PACE_DH_IM_3DES_CBC_CBC, Dh, Integrated, TripleDes),
    (ID_PACE_DH_IM_AES_CBC_CMAC_128, Dh, Integrated, Aes128),
    (ID_PACE_DH_IM_AES_CBC_CMAC_192, Dh, Integrated, Aes192),
    (ID_PACE_DH_IM_AES_CBC_CMAC_256, Dh, Integrated, Aes256),
    (ID_PACE_ECDH_IM_3DES_CBC_CBC, Ecdh, Integrated, TripleDes),
    (ID_PACE_ECDH_IM_AES_CBC_CMAC_128, Ecdh, Integrated, Aes128),
    (ID_PACE_ECDH_IM_AES_CBC_CMAC_192, Ecdh, Integrated, Aes192),
    (ID_PACE_ECDH_IM_AES_CBC_CMAC_256, Ecdh, Integrated, Aes256),
    (ID_PACE_ECDH_CAM_AES_CBC_CMAC_128, Ecdh, ChipAuthentication, Aes128),
    (ID_PACE_ECDH_CAM_AES_CBC_CMAC_192, Ecdh, ChipAuthentication, Aes192),
    (ID_PACE_ECDH_CAM_AES_CBC_CMAC_256, Ecdh, ChipAuthentication, Aes256),
];

/// Protocol, mapping, cipher and group of one offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    /// Object identifier of DO 80.
    pub protocol: ObjectIdentifier,
    /// How the nonce becomes a generator.
    pub mapping: Mapping,
    /// Cipher of the nonce and of the session.
    pub cipher: Cipher,
    /// Group.
    pub domain: Domain,
}

impl Suite {
    /// What an offer with standardised domain parameters names.
    ///
    /// # Errors
    /// [`PaceError::Unsupported`] for an unknown protocol or version, for explicit, reserved or unknown domain
    /// parameters, and for those that the protocol does not allow: a curve for DH or the other way round, P-224 for the
    /// integrated mapping (9303-11 §9.5.1).
    pub fn of(info: &PaceInfo) -> Result<Suite, PaceError> {
        let refused = |reason| unsupported(info, reason);
        let id = info.parameter_id.ok_or(refused("explicit domain parameters (9303-11 §9.2.2)"))?;
        let domain = Domain::from_parameter_id(id).ok_or(refused(if id > STANDARDISED_MAX {
            "explicit domain parameters (9303-11 §9.2.2)"
        } else {
            "reserved domain parameters (9303-11 §9.5.1)"
        }))?;
        Self::on(info, domain)
    }

    /// What an offer with parameters of its own names (DER of an AlgorithmIdentifier, 9303-11 §9.5.2): spoken if they
    /// are those of a known group, and under an id that the standard leaves free.
    pub(super) fn explicit(info: &PaceInfo, algorithm_identifier: &[u8]) -> Result<Suite, PaceError> {
        if info.parameter_id.is_some_and(|id| id <= STANDARDISED_MAX) {
            return Err(unsupported(info, "explicit domain parameters under a reserved id (9303-11 §9.5)"));
        }
        let unknown = |_| unsupported(info, "domain parameters of no known group (9303-11 §9.2.2)");
        Self::on(info, spki::domain(algorithm_identifier).map_err(unknown)?)
    }

    fn on(info: &PaceInfo, domain: Domain) -> Result<Suite, PaceError> {
        let refused = |reason| Err(unsupported(info, reason));
        let row = ROWS.iter().find(|(protocol, ..)| *protocol == info.protocol);
        let Some(&(protocol, family, mapping, cipher)) = row else {
            return refused("unknown protocol (9303-11 §9.2.3)");
        };
        if info.version != VERSION {
            return refused("unknown version (9303-11 §9.2.1)");
        }
        if (family == Family::Dh) != matches!(domain, Domain::Dh(_)) {
            return refused("domain parameters of the other key agreement (9303-11 §4.4.3)");
        }
        if mapping == Mapping::Integrated && !domain.is_integrated_mapping_defined() {
            return refused("no integrated mapping on this curve (9303-11 §9.5.1)");
        }
        Ok(Self { protocol, mapping, cipher, domain })
    }

    /// Octets of the nonce s that a chip of this program draws. The standard binds the length for the integrated
    /// mapping only: the least number of whole blocks that holds a key of the cipher, where 3DES counts as 128 bits
    /// (9303-11 §4.4.3.3). Everywhere else 128 bits are enough for what is drawn to hide a password.
    pub(super) const fn nonce_octets(&self) -> usize {
        match self.mapping {
            Mapping::Integrated => self.cipher.key_octets().next_multiple_of(BLOCK_MAX),
            Mapping::Generic | Mapping::ChipAuthentication => BLOCK_MAX,
        }
    }

    /// Whether a terminal takes an encrypted nonce of so many octets.
    pub(super) const fn is_nonce_length(&self, octets: usize) -> bool {
        match self.mapping {
            Mapping::Integrated => octets == self.nonce_octets(),
            Mapping::Generic | Mapping::ChipAuthentication => {
                octets > 0 && octets.is_multiple_of(self.cipher.block_octets())
            }
        }
    }

    /// z = E(K_pi, s): CBC with IV 0 over whole blocks, 9303-11 §4.4.3.3.
    pub(super) fn encrypt_nonce(&self, password: &Password, nonce: &[u8]) -> Result<Vec<u8>, KeyLength> {
        let mut z = nonce.to_vec();
        self.password_key(password)?.cbc_encrypt([0; BLOCK_MAX], &mut z);
        Ok(z)
    }

    /// Inverse of [`Self::encrypt_nonce`].
    pub(super) fn decrypt_nonce(&self, password: &Password, z: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyLength> {
        let mut nonce = Zeroizing::new(z.to_vec());
        self.password_key(password)?.cbc_decrypt([0; BLOCK_MAX], &mut nonce);
        Ok(nonce)
    }

    fn password_key(&self, password: &Password) -> Result<SessionKey, KeyLength> {
        SessionKey::new(self.cipher, &kdf::derive(password.secret(), kdf::Purpose::Password, self.cipher))
    }

    /// The key of the other side, validated; a reflected one is refused, 9303-11 §4.4.1 d). For the key of the mapping,
    /// where the standard does not ask for it, the comparison keeps a mirror from choosing the generator.
    pub(super) fn peer(&self, step: Step, octets: &[u8], own: &PublicKey) -> Result<PublicKey, PaceError> {
        let peer = PublicKey::decode(self.domain, octets).map_err(public_key(step))?;
        if peer == *own { Err(PaceError::Reflected(step)) } else { Ok(peer) }
    }

    /// T = MAC(KS_MAC, 7F49{06 OID, 84 or 86 public key of the other side}), 9303-11 §4.4.3.4 and §9.4.
    ///
    /// A DH value goes in as §9.4.3 has it, without zeros on the left, however it came: appendix G.2 cuts the zero off
    /// that it prints before the terminal's key.
    pub(super) fn token(&self, ks_mac: &SessionKey, received: &PublicKey) -> [u8; 8] {
        let tag = match received {
            PublicKey::Dh(_) => 0x84,
            PublicKey::Ec(_) => 0x86,
        };
        let mut content = tlv::tlv(0x06, self.protocol.as_bytes());
        tlv::put(&mut content, tag, received.data_object());
        ks_mac.mac(&tlv::tlv(0x7F49, &content))
    }
}

fn unsupported(info: &PaceInfo, reason: &'static str) -> PaceError {
    let &PaceInfo { protocol, version, parameter_id } = info;
    PaceError::Unsupported { protocol, version, parameter_id, reason }
}
