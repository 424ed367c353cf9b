//! Opening an SCP03 session on behalf of the selected application (GPC 2.3.1 §10, Amd D §7.1): the secure channel is a
//! service of the security domain, so the card does it and the application only sees the level.

use bitaqa_apdu::{Command, Response, Sw, ins};
use bitaqa_secure_messaging::secure_channel::{self, Chip};

use super::keys;
use super::life_cycle::AppLife;
use crate::card::Card;
use crate::channel::Session;

/// INITIALIZE UPDATE: always plain, begins a new session and ends an old one.
pub fn begins(command: &Command) -> bool {
    command.ins == ins::INITIALIZE_UPDATE && command.class.is_globalplatform() && !command.class.has_sm()
}

/// EXTERNAL AUTHENTICATE of GlobalPlatform, told from the one of 7816-4 by its class 84.
pub fn completes(command: &Command) -> bool {
    command.ins == ins::EXTERNAL_AUTHENTICATE && command.class.is_gp_sm()
}

/// Answers with the chip's challenge and cryptogram. Counts the sequence before anything else: it never goes back.
///
/// # Errors
/// 6985 for a sealed application, 6A88 for an unknown key version, and what the protocol answers.
pub fn initialize_update(card: &mut Card, command: &Command) -> Result<Response, Sw> {
    card.channel.opening = None;
    // A sealed application has no secure channel: from then on it is written by no one.
    let sealed = |life| matches!(life, AppLife::Personalized | AppLife::LockedPersonalized);
    if card.registry.get(card.channel.selected).is_some_and(|entry| sealed(entry.life)) {
        return Err(Sw::CONDITIONS_NOT_SATISFIED);
    }
    let set = keys::find(&card.nvm, command.p1)?;
    let sequence = keys::next_sequence(&mut card.nvm, set.kvn)?;
    let facts = Chip {
        kvn: set.kvn,
        kdd: &card.configuration.kdd,
        i: card.configuration.scp_i,
        sequence: Some(sequence),
        aid: card.configuration.isd_aid.as_bytes(),
        failure: Sw::AUTHENTICATION_FAILED,
        mac_on_empty_response: true,
    };
    let (response, opening) = secure_channel::initialize_update(command, &set.keys, &facts, card.platform.rng())?;
    card.channel.opening = Some(opening);
    Ok(response)
}

/// Checks the host's cryptogram and opens the session.
///
/// # Errors
/// 6985 without INITIALIZE UPDATE before it, and what the protocol answers.
pub fn external_authenticate(card: &mut Card, command: &Command) -> Result<Response, Sw> {
    let opening = card.channel.opening.take().ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
    let (response, session) = opening.external_authenticate(command)?;
    card.channel.session = Some(Session::Scp(session));
    Ok(response)
}
