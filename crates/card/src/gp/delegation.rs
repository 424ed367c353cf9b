//! Who may manage content (GPC 2.3.1 §9.1.3, §9.2): the issuer's domain and those with Authorized Management by their
//! own right, those with Delegated Management by a token of the issuer for each command, and they get a receipt for it.
//!
//! ```text
//! cell 0007 of the issuer's domain   confirmation counter, two octets; never rolled back
//! ```

use bitaqa_apdu::{Aid, Command, Response, Sw, ins, tlv};
use bitaqa_secure_messaging::management::{self, AuthorizationKey, Confirmation};

use super::keys;
use super::privileges::Privilege;
use super::registry::CARD_MANAGER;
use super::store_data::object;
use crate::card::Card;
use crate::nvm::{CellId, Owner};

const CONFIRMATION_COUNTER: CellId = CellId { owner: CARD_MANAGER, key: 0x0007 };

/// The largest value that every card must count to (GPC 2.3.1 §C.5).
const COUNTER_MAX: u16 = 32_767;

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
    let key = key(card, CARD_MANAGER, keys::TOKEN)?;
    let message = [before, &token_input(command)?].concat();
    key.verify(&message, token)?;
    Ok(Right::Delegated)
}

/// What a token signs of one command (GPC 2.3.1 §C.4): P1 ‖ P2 ‖ length ‖ data field, all without the token.
///
/// # Errors
/// 6A80 for data that no command with a token has.
pub fn token_input(command: &Command) -> Result<Vec<u8>, Sw> {
    let data = match command.ins {
        ins::DELETE => management::split_delete_token(&command.data)?.0,
        _ => management::split_install_token(&command.data)?.0,
    };
    Ok(management::token_message(command.p1, command.p2, data)?)
}

/// The key with which a domain verifies load files; none for a domain that has not that privilege or no key.
pub fn load_file_key(card: &Card, domain: &[u8]) -> Option<AuthorizationKey> {
    let domain = card.domain_named(domain)?;
    let verifies = card.privileges_of(domain).has(Privilege::DAP_VERIFICATION);
    key(card, domain, keys::DAP).ok().filter(|_| verifies)
}

/// Key 01 of a version that content management knows.
fn key(card: &Card, domain: Owner, kvn: u8) -> Result<AuthorizationKey, Sw> {
    let key = keys::single(&card.nvm, domain, kvn, 0x01)?;
    Ok(AuthorizationKey::from_new_key(&key)?)
}

/// The answer to a command that changed content: 00, or for a delegated one the confirmation with its receipt when the
/// issuer has put a key for receipts (GPC 2.3.1 §11.1.6, §C.5). `parts` are the AIDs that the receipt names.
///
/// # Errors
/// 6985 when the confirmation counter is used up, memory errors.
pub fn confirm(card: &mut Card, right: Right, parts: &[Aid]) -> Result<Response, Sw> {
    let key = match (right, key(card, CARD_MANAGER, keys::RECEIPT)) {
        (Right::Delegated, Ok(key)) => key,
        (_, Err(Sw::REFERENCE_NOT_FOUND) | Ok(_)) => return Ok(Response::ok([0])),
        (_, Err(sw)) => return Err(sw),
    };
    let held = card.nvm.get(CONFIRMATION_COUNTER).and_then(|octets| octets.try_into().ok());
    let counter = held.map_or(0, u16::from_be_bytes);
    if counter > COUNTER_MAX {
        return Err(Sw::CONDITIONS_NOT_SATISFIED);
    }
    card.nvm.put(CONFIRMATION_COUNTER, &(counter + 1).to_be_bytes())?;
    let mut unique = object(card, CARD_MANAGER, 0x42).unwrap_or_default();
    // The card image number of a card that was given none is what tells chips apart anyway.
    unique.extend(object(card, CARD_MANAGER, 0x45).unwrap_or_else(|| card.configuration.kdd.to_vec()));
    let confirmation = Confirmation { counter, unique, ..Confirmation::default() };
    let fields: Vec<&[u8]> = parts.iter().map(Aid::as_bytes).collect();
    let confirmation = confirmation.response(&key, &fields)?;
    let mut header = Vec::new();
    tlv::put_header(&mut header, 0x80, confirmation.len());
    // A length alone, without a tag before it.
    Ok(Response::ok([header.get(1..).unwrap_or_default(), &confirmation].concat()))
}
