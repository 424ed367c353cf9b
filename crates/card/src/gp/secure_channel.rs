//! Opening a secure channel on behalf of the selected application (GPC 2.3.1 §10): it is a service of the security
//! domain, so the card does it and the application only sees the level.

use bitaqa_apdu::{Command, Response, Sw, ins};
use bitaqa_secure_messaging::KeyType;
use bitaqa_secure_messaging::secure_channel::{self, Chip, Opening};

use super::keys;
use super::life_cycle::AppLife;
use super::registry::{CARD_MANAGER, Entry};
use crate::card::Card;
use crate::channel::Session;
use crate::nvm::Owner;

/// A secure channel between INITIALIZE UPDATE and EXTERNAL AUTHENTICATE.
pub struct Begun {
    stage: Box<dyn Opening>,
    domain: Owner,
    kvn: u8,
    key_type: KeyType,
}

/// INITIALIZE UPDATE: always plain, begins a new session and ends an old one.
pub fn begins(command: &Command) -> bool {
    command.ins == ins::INITIALIZE_UPDATE && command.class.is_globalplatform() && !command.class.has_sm()
}

/// EXTERNAL AUTHENTICATE of GlobalPlatform, told from the one of 7816-4 by its class 84.
pub fn completes(command: &Command) -> bool {
    command.ins == ins::EXTERNAL_AUTHENTICATE && command.class.is_globalplatform() && command.class.is_gp_sm()
}

/// Answers with the chip's challenge and cryptogram. Counts the sequence of SCP03 before anything else: it never goes
/// back.
///
/// # Errors
/// 6985 for a sealed application, 6A88 (or what this chip says) for an unknown key version, 6983 for a key set whose
/// tries are used up, and what the protocol answers.
pub fn initialize_update(card: &mut Card, command: &Command) -> Result<Response, Sw> {
    card.channel.opening = None;
    let selected = card.registry.get(card.channel.selected);
    // A sealed application has no secure channel: from then on it is written by no one.
    let sealed =
        |entry: &Entry| !entry.is_domain() && matches!(entry.life, AppLife::Personalized | AppLife::LockedPersonalized);
    if selected.is_some_and(sealed) {
        return Err(Sw::CONDITIONS_NOT_SATISFIED);
    }
    let invoked = selected.map_or(CARD_MANAGER, |entry| if entry.is_domain() { entry.owner } else { entry.domain });
    let selected_aid = card.aid_of(card.channel.selected).clone();
    let domain = keys::domain_with_keys(&card.nvm, &card.registry, invoked)?;
    let quirks = card.configuration.quirks;
    let set = keys::find(&card.nvm, domain, command.p1).map_err(|sw| match sw {
        Sw::REFERENCE_NOT_FOUND => quirks.unknown_key_version,
        other => other,
    })?;
    let limit = quirks.authentication_tries;
    if limit > 0 && keys::failures(&card.nvm, domain, set.kvn) >= limit {
        return Err(Sw::AUTHENTICATION_BLOCKED);
    }
    let key_type = set.keys.key_type();
    let (sequence, aid) = match key_type {
        KeyType::Aes => (keys::next_sequence(&mut card.nvm, domain, set.kvn)?, card.aid_of(invoked).clone()),
        KeyType::TripleDes => (keys::sequence(&card.nvm, domain, set.kvn), selected_aid),
    };
    let chip = Chip {
        kvn: set.kvn,
        kdd: &card.configuration.kdd,
        i: card.configuration.scp_i,
        sequence: Some(sequence),
        aid: aid.as_bytes(),
        failure: quirks.authentication_failure,
        mac_on_empty_response: quirks.mac_on_empty_response,
    };
    let (response, stage) = secure_channel::initialize_update(command, &set.keys, &chip, card.platform.rng())?;
    card.channel.opening = Some(Begun { stage, domain, kvn: set.kvn, key_type });
    Ok(response)
}

/// Checks the host's cryptogram and opens the session. Where tries are counted, one is taken before the check and given
/// back after it.
///
/// # Errors
/// 6985 without INITIALIZE UPDATE before it, and what the protocol answers.
pub fn external_authenticate(card: &mut Card, command: &Command) -> Result<Response, Sw> {
    let begun = card.channel.opening.take().ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
    let counted = card.configuration.quirks.authentication_tries > 0;
    if counted {
        let failures = keys::failures(&card.nvm, begun.domain, begun.kvn);
        keys::set_failures(&mut card.nvm, begun.domain, begun.kvn, failures.saturating_add(1))?;
    }
    let (response, session) = begun.stage.external_authenticate(command)?;
    if counted {
        keys::set_failures(&mut card.nvm, begun.domain, begun.kvn, 0)?;
    }
    if begun.key_type == KeyType::TripleDes {
        // SCP02 counts the sessions that were opened (GPC 2.3.1 §E.1.6), SCP03 those that were asked for.
        keys::next_sequence(&mut card.nvm, begun.domain, begun.kvn)?;
    }
    card.channel.session = Some(Session::Scp(session));
    Ok(response)
}
