//! The chip's role: which offer a command means, and the agreement with the private key that it names.

use super::{
    Agreed, CaError, EPHEMERAL_KEY, KEY_REFERENCE, SET_AT, SET_KAT, VERSION, agreed, cipher_of, is_dh, key_id,
};
use crate::sm::Cipher;
use crate::templates::{SetAt, dynamic, dynamic_object};
use bitaqa_apdu::tlv;
use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_curves::{Domain, PrivateKey, PublicKey};
use bitaqa_lds::security_infos::ChipAuthenticationInfo;

/// Between MSE:Set AT and GENERAL AUTHENTICATE.
#[derive(Debug)]
pub struct CardCa {
    chosen: Chosen,
}

/// MSE:Set KAT, before the private key has been fetched.
#[derive(Debug)]
pub struct CardKat {
    chosen: Chosen,
    /// DO 91.
    ephemeral: Vec<u8>,
}

/// One of the offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub cipher: Cipher,
    pub is_dh: bool,
    pub key_id: Option<u32>,
}

impl CardCa {
    /// MSE:Set AT, `0C 22 41 A4`; the response is 9000 without data. `offered` is what DG14 announces, with what a bare
    /// key in it implies: the offers of [`super::offers`].
    ///
    /// # Errors
    /// [`CaError::P1P2`], [`CaError::Objects`], [`CaError::Missing`], [`CaError::Mechanism`] or
    /// [`CaError::KeyReference`].
    pub fn begin(mse: &Command, offered: &[ChipAuthenticationInfo]) -> Result<CardCa, CaError> {
        if mse.p1p2() != SET_AT {
            return Err(CaError::P1P2(mse.p1p2()));
        }
        let set_at = SetAt::read(&mse.data)?;
        let mechanism = set_at.mechanism.ok_or(CaError::Missing(0x80))?;
        let is_meant = |info: &ChipAuthenticationInfo| info.protocol.as_bytes() == mechanism;
        Ok(Self { chosen: choose(offered, is_meant, set_at.private_reference)? })
    }

    /// Identifier of the private key that the next command uses; `None` for the only key, which has no identifier.
    pub const fn key_id(&self) -> Option<u32> {
        self.chosen.key_id
    }

    /// GENERAL AUTHENTICATE, `0C 86 00 00`, with the private key that [`Self::key_id`] names.
    ///
    /// # Errors
    /// [`CaError::P1P2`], [`CaError::Chaining`], [`CaError::Objects`] or [`CaError::PublicKey`]; the old session
    /// lives on.
    pub fn general_authenticate(self, command: &Command, key: &PrivateKey) -> Result<(Response, Agreed), CaError> {
        if command.p1p2() != 0 {
            return Err(CaError::P1P2(command.p1p2()));
        }
        if command.class.is_chained() {
            return Err(CaError::Chaining);
        }
        let agreed = self.chosen.agree(dynamic_object(&command.data, 0x80)?, key)?;
        Ok((Response::ok(dynamic(&[])), agreed))
    }
}

impl CardKat {
    /// MSE:Set KAT, `0C 22 41 A6`, for the 3DES offers among `offered`, which are as for [`CardCa::begin`].
    ///
    /// # Errors
    /// As [`CardCa::begin`].
    pub fn begin(mse: &Command, offered: &[ChipAuthenticationInfo]) -> Result<CardKat, CaError> {
        if mse.p1p2() != SET_KAT {
            return Err(CaError::P1P2(mse.p1p2()));
        }
        let objects = tlv::all(&mse.data)?;
        let value = |tag| objects.iter().find(|object| object.tag == tag).map(|object| object.value);
        let ephemeral = value(EPHEMERAL_KEY).ok_or(CaError::Missing(EPHEMERAL_KEY))?.to_vec();
        let is_meant = |info: &ChipAuthenticationInfo| cipher_of(info) == Some(Cipher::TripleDes);
        Ok(Self { chosen: choose(offered, is_meant, value(KEY_REFERENCE))?, ephemeral })
    }

    /// Identifier of the private key that is meant; `None` for the only key, which has no identifier.
    pub const fn key_id(&self) -> Option<u32> {
        self.chosen.key_id
    }

    /// The agreement with the private key that [`Self::key_id`] names; the response is 9000 without data.
    ///
    /// # Errors
    /// [`CaError::PublicKey`]; the old session lives on.
    pub fn agree(self, key: &PrivateKey) -> Result<(Response, Agreed), CaError> {
        Ok((Sw::OK.into(), self.chosen.agree(&self.ephemeral, key)?))
    }
}

impl Chosen {
    fn agree(self, ephemeral: &[u8], key: &PrivateKey) -> Result<Agreed, CaError> {
        if matches!(key.domain(), Domain::Dh(_)) != self.is_dh {
            return Err(CaError::Family(key.domain()));
        }
        let peer = PublicKey::decode(key.domain(), ephemeral)?;
        agreed(self.cipher, key, &peer, &peer)
    }
}

/// The one offer that protocol and DO 84 leave; several that agree in cipher, family and key are one.
fn choose(
    offered: &[ChipAuthenticationInfo],
    is_meant: impl Fn(&ChipAuthenticationInfo) -> bool,
    reference: Option<&[u8]>,
) -> Result<Chosen, CaError> {
    let of_protocol = || offered.iter().filter(|info| info.version == VERSION && is_meant(info));
    of_protocol().find_map(cipher_of).ok_or(CaError::Mechanism)?;
    let wanted = reference.map(|octets| key_id(octets).ok_or(CaError::KeyReference)).transpose()?;
    let mut named = of_protocol()
        .filter(|info| wanted.is_none() || info.key_id == wanted)
        .filter_map(|info| Some(Chosen { cipher: cipher_of(info)?, is_dh: is_dh(info.protocol), key_id: info.key_id }));
    let chosen = named.next().ok_or(CaError::KeyReference)?;
    if named.any(|other| other != chosen) { Err(CaError::KeyReference) } else { Ok(chosen) }
}
