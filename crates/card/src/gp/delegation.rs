//! Who may manage content (GPC 2.3.1 §9.1.3, §9.2): the issuer's domain and those with Authorized Management by their own
//! right, those with Delegated Management by a token of the issuer for each command, and they get a receipt for it.
//!
//! ```text
//! cell 0007 of the issuer's domain   confirmation counter, two octets; never rolled back
//! ```

use bitaqa_apdu::{Aid, Bytes, Command, Response, Sw, ins, tlv};
use bitaqa_secure_messaging::put_key::NewKey;

use super::keys;
use super::privileges::Privilege;
use super::registry::CARD_MANAGER;
use super::store_data::object;
use crate::card::Card;
use crate::nvm::{CellId, Owner};

const CONFIRMATION_COUNTER: CellId = CellId { owner: CARD_MANAGER, key: 0x0007 };

/// By what right a domain changes content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Its own.
    Own,
    /// A token that was verified.
    Delegated,
}

/// Finds the right, verifying the token where one is due; `before` is what it signs of commands before this one.
/// Nothing has changed when it is refused.
///
/// # Errors
/// 6985 for a domain that manages no content, 6A80 for a token where none is due, 6982 for one that is missing or does
/// not verify, 6A88 when the issuer has put no key to verify tokens with.
pub fn authorise(card: &Card, domain: Owner, before: &[u8], command: &Command, token: &[u8]) -> Result<Right, Sw> {
    let privileges = card.privileges_of(domain);
    if privileges.has(Privilege::AUTHORIZED_MANAGEMENT) {
        return if token.is_empty() { Ok(Right::Own) } else { Err(Sw::WRONG_DATA) };
    }
    if !privileges.has(Privilege::DELEGATED_MANAGEMENT) {
        return Err(Sw::CONDITIONS_NOT_SATISFIED);
    }
    if token.is_empty() {
        return Err(Sw::SECURITY_STATUS_NOT_SATISFIED);
    }
    let key = keys::single(&card.nvm, CARD_MANAGER, keys::TOKEN, 0x01)?;
    let signed = token_input(command, token).ok_or(Sw::WRONG_DATA)?;
    verify(&key, &[before, &signed].concat(), token)?;
    Ok(Right::Delegated)
}

/// What a token signs of one command (GPC 2.3.1 §C.4): P1 ‖ P2 ‖ length ‖ data field, all without the token.
pub fn token_input(command: &Command, token: &[u8]) -> Option<Vec<u8>> {
    let data: &[u8] = &command.data;
    let field = match command.ins {
        // TLV 9E at the end of DELETE, length and value at the end of INSTALL.
        ins::DELETE => tlv::tlv(0x9E, token),
        _ => length_value(token),
    };
    // 128 octets may have their length in one octet or in two (GPC 2.3.1 §11.5.2.3.1).
    let short = [&[0x80], token].concat();
    let data = data.strip_suffix(field.as_slice()).or_else(|| data.strip_suffix(short.as_slice()))?;
    let length = match u8::try_from(data.len()) {
        Ok(short) => vec![short],
        Err(_) => {
            let [high, low] = u16::try_from(data.len()).ok()?.to_be_bytes();
            vec![0, high, low]
        }
    };
    Some([&[command.p1, command.p2], length.as_slice(), data].concat())
}

/// A length in BER form and the octets.
fn length_value(octets: &[u8]) -> Vec<u8> {
    tlv::tlv(0x00, octets).split_off(1)
}

/// Verifies the signature of a load file's hash with the key that its domain has for it.
///
/// # Errors
/// 6A88 without such a key, 6982 when the signature does not verify.
pub fn verify_load_file(card: &Card, domain: Owner, hash: &[u8], signature: &[u8]) -> Result<(), Sw> {
    let key = keys::single(&card.nvm, domain, keys::DAP, 0x01)?;
    verify(&key, hash, signature)
}

fn verify(_key: &NewKey, _message: &[u8], _signature: &[u8]) -> Result<(), Sw> {
    Err(Sw::SECURITY_STATUS_NOT_SATISFIED)
}

/// The answer to a command that changed content: 00, or for a delegated one the confirmation with its receipt when the
/// issuer has put a key for receipts (GPC 2.3.1 §11.1.6, §C.5). `parts` are the AIDs that the receipt names.
///
/// # Errors
/// 6985 when the confirmation counter is used up, memory errors.
pub fn confirm(card: &mut Card, right: &Right, parts: &[Aid]) -> Result<Response, Sw> {
    let key = match (right, keys::single(&card.nvm, CARD_MANAGER, keys::RECEIPT, 0x01)) {
        (Right::Delegated, Ok(key)) => key,
        (_, Err(Sw::REFERENCE_NOT_FOUND) | Ok(_)) => return Ok(Response::ok([0])),
        (_, Err(sw)) => return Err(sw),
    };
    let held =
        card.nvm.get(CONFIRMATION_COUNTER).and_then(|octets| octets.try_into().ok()).map_or(0, u16::from_be_bytes);
    let counter = held.checked_add(1).ok_or(Sw::CONDITIONS_NOT_SATISFIED)?.to_be_bytes();
    card.nvm.put(CONFIRMATION_COUNTER, &counter)?;
    let mut unique = object(card, CARD_MANAGER, 0x42).unwrap_or_default();
    // The card image number of a card that was given none is what tells chips apart anyway.
    unique.extend(object(card, CARD_MANAGER, 0x45).unwrap_or_else(|| card.configuration.kdd.to_vec()));
    let short = |octets: &[u8]| length_value(octets);
    let confirmation = [short(&counter), short(&unique)].concat();
    let named: Vec<u8> = parts.iter().flat_map(|aid| short(aid.as_bytes())).collect();
    let receipt = receipt(&key, &[confirmation.as_slice(), &named].concat())?;
    Ok(Response::ok(Bytes::from(length_value(&[length_value(&receipt), confirmation].concat()))))
}

fn receipt(_key: &NewKey, _message: &[u8]) -> Result<Vec<u8>, Sw> {
    Err(Sw::REFERENCE_DATA_NOT_USABLE)
}
