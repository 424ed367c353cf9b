//! The terminal's role, through the session that is open.

use super::{
    Agreed, CaError, Commands, EPHEMERAL_KEY, KEY_REFERENCE, SET_AT, SET_KAT, agreed, cipher_of, is_dh, unsigned,
};
use crate::TerminalError;
use crate::sm::Cipher;
use crate::templates::{SetAt, dynamic, dynamic_content, general_authenticate};
use bitaqa_apdu::tlv::{self, Reader};
use bitaqa_apdu::{Command, Response, Sw, ins};
use bitaqa_curves::{Domain, PublicKey};
use bitaqa_lds::security_infos::{ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo};
use bitaqa_pki::spki;
use rand_core::CryptoRng;

/// By the commands that 9303-11 §6.2.4 asks of every chip: MSE:Set KAT for 3DES, MSE:Set AT and GENERAL AUTHENTICATE
/// for AES. `send` protects commands and unprotects responses. DO 84 goes along when the offer has a key identifier.
///
/// # Errors
/// [`CaError::Status`] for a refusal, [`CaError::ChipKey`] and [`CaError::KeyMismatch`] for a DG14 that does not fit
/// together, [`CaError::Unsupported`], [`CaError::Objects`], or what `send` gives.
pub fn agree<E>(
    send: &mut dyn FnMut(Command) -> Result<Response, E>,
    info: &ChipAuthenticationInfo,
    key: &ChipAuthenticationPublicKeyInfo,
    rng: &mut dyn CryptoRng,
) -> Result<Agreed, TerminalError<E, CaError>> {
    let cipher = cipher_of(info).ok_or_else(|| unsupported(info))?;
    agree_by(send, Commands::of(cipher), info, key, rng)
}

/// As [`agree`] by commands of the caller's choice: chips with 3DES were issued that know MSE:Set AT alone, and 9303-11
/// §8.5, note 1, lets a terminal try it in the same session after MSE:Set KAT was refused.
///
/// # Errors
/// As [`agree`]; [`CaError::NotForKat`] for AES with MSE:Set KAT.
pub fn agree_by<E>(
    send: &mut dyn FnMut(Command) -> Result<Response, E>,
    commands: Commands,
    info: &ChipAuthenticationInfo,
    key: &ChipAuthenticationPublicKeyInfo,
    rng: &mut dyn CryptoRng,
) -> Result<Agreed, TerminalError<E, CaError>> {
    let cipher = cipher_of(info).ok_or_else(|| unsupported(info))?;
    if commands == Commands::SetKat && cipher != Cipher::TripleDes {
        return Err(CaError::NotForKat(info.protocol).into());
    }
    let chip = chip_key(info, key)?;
    let ephemeral = chip.domain().generate(rng);
    let own = ephemeral.public();
    let mut exchange = |command: Command, step| -> Result<Response, TerminalError<E, CaError>> {
        let response = send(command).map_err(TerminalError::Exchange)?;
        if response.sw == Sw::OK { Ok(response) } else { Err(CaError::Status { step, sw: response.sw }.into()) }
    };
    match commands {
        Commands::SetKat => {
            let response = exchange(set_kat(info, &own), "MSE:Set KAT")?;
            Reader::new(&response.data).finish().map_err(CaError::from)?;
        }
        Commands::SetAt => {
            exchange(set_at(info), "MSE:Set AT")?;
            let command = general_authenticate(dynamic(&[(0x80, own.data_object())]), false);
            let response = exchange(command, "GENERAL AUTHENTICATE")?;
            // Version 1 gives nothing back; nonce and token belong to version 2 (TR-03110-3 §B.2).
            let content = dynamic_content(&response.data).map_err(CaError::from)?;
            Reader::new(content).finish().map_err(CaError::from)?;
        }
    }
    Ok(agreed(cipher, &ephemeral, &chip, &own)?)
}

fn unsupported(info: &ChipAuthenticationInfo) -> CaError {
    CaError::Unsupported { protocol: info.protocol, version: info.version }
}

fn chip_key(info: &ChipAuthenticationInfo, key: &ChipAuthenticationPublicKeyInfo) -> Result<PublicKey, CaError> {
    // An offer without identifier refers to the one key, whatever that one is called.
    if info.key_id.is_some() && key.key_id.is_some() && info.key_id != key.key_id {
        return Err(CaError::KeyMismatch);
    }
    let chip = spki::decode_agreement_key(&key.public_key).map_err(|error| CaError::ChipKey(error.to_string()))?;
    if matches!(chip.domain(), Domain::Dh(_)) != is_dh(info.protocol) {
        return Err(CaError::ChipKey(CaError::Family(chip.domain()).to_string()));
    }
    Ok(chip)
}

fn set_at(info: &ChipAuthenticationInfo) -> Command {
    let key_id = info.key_id.map(u32::to_be_bytes);
    let private_reference = key_id.as_ref().map(unsigned);
    let mechanism = Some(info.protocol.as_bytes());
    mse(SET_AT, SetAt { mechanism, reference: None, private_reference, chat: None }.write())
}

/// DO 91 and DO 84 in the order of 9303-11 §6.2.4.1.
fn set_kat(info: &ChipAuthenticationInfo, own: &PublicKey) -> Command {
    let mut data = tlv::tlv(EPHEMERAL_KEY, own.data_object());
    if let Some(key_id) = info.key_id.map(u32::to_be_bytes) {
        tlv::put(&mut data, KEY_REFERENCE, unsigned(&key_id));
    }
    mse(SET_KAT, data)
}

fn mse(p1p2: u16, data: Vec<u8>) -> Command {
    let [p1, p2] = p1p2.to_be_bytes();
    Command::new(ins::MANAGE_SECURITY_ENVIRONMENT, p1, p2).data(data)
}
