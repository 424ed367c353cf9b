//! Opening a secure channel on behalf of the selected application (GPC 2.3.1 §10): it is a service of the security
//! domain, so the card does it and the application only sees the level.

use bitaqa_apdu::{Command, Response, Sw, ins, tlv};
use bitaqa_curves::{Point, SecretScalar};
use bitaqa_secure_messaging::KeyType;
use bitaqa_secure_messaging::put_key::{KeyKind, NewKey};
use bitaqa_secure_messaging::scp11::{self, Authority, CardKey, Chain};
use bitaqa_secure_messaging::secure_channel::{self, Chip, Opening};

use super::keys;
use super::life_cycle::AppLife;
use super::registry::{CARD_MANAGER, Entry};
use super::store_data::object_of_key;
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

/// MUTUAL AUTHENTICATE of SCP11: the instruction of EXTERNAL AUTHENTICATE in plain.
const MUTUAL_AUTHENTICATE: u8 = ins::EXTERNAL_AUTHENTICATE;

/// Commands that are always plain, begin a new session and end an old one: INITIALIZE UPDATE, and the certificates and
/// authentications of SCP11. Their class tells them from those of 7816-4 with the same instructions.
pub fn begins(command: &Command) -> bool {
    let opens = matches!(
        command.ins,
        ins::INITIALIZE_UPDATE | ins::PERFORM_SECURITY_OPERATION | MUTUAL_AUTHENTICATE | ins::INTERNAL_AUTHENTICATE
    );
    opens && command.class.is_globalplatform() && !command.class.has_sm()
}

/// Carries out a command that [`begins`].
///
/// # Errors
/// 6985 for a sealed application, and as of the command.
pub fn begin(card: &mut Card, command: &Command) -> Result<Response, Sw> {
    let chain = card.channel.certificates.take();
    card.channel.opening = None;
    let selected = card.registry.get(card.channel.selected);
    // A sealed application has no secure channel: from then on it is written by no one.
    let sealed =
        |entry: &Entry| !entry.is_domain() && matches!(entry.life, AppLife::Personalized | AppLife::LockedPersonalized);
    if selected.is_some_and(sealed) {
        return Err(Sw::CONDITIONS_NOT_SATISFIED);
    }
    let invoked = selected.map_or(CARD_MANAGER, |entry| if entry.is_domain() { entry.owner } else { entry.domain });
    match command.ins {
        ins::INITIALIZE_UPDATE => initialize_update(card, invoked, command),
        ins::PERFORM_SECURITY_OPERATION => certificate(card, invoked, chain, command),
        _ => authenticate(card, invoked, chain, command),
    }
}

/// The key of SCP11 with this identifier, version 0 meaning any, of the domain or the next one above that has it.
fn key_of_scp11(card: &Card, invoked: Owner, id: u8, kvn: u8) -> Result<(Owner, u8, NewKey), Sw> {
    let mut at = invoked;
    loop {
        let keys = keys::single_keys(&card.nvm, at)?.into_iter();
        let mut fitting = keys.filter(|(version, key)| key.id == id && (kvn == 0 || kvn == *version));
        if let Some((version, key)) = fitting.next() {
            return Ok((at, version, key));
        }
        match card.registry.get(at) {
            Some(entry) if entry.domain != at => at = entry.domain,
            _ => return Err(Sw::REFERENCE_NOT_FOUND),
        }
    }
}

/// PERFORM SECURITY OPERATION: one certificate of the host's chain (Amd F §7.5).
fn certificate(card: &mut Card, invoked: Owner, begun: Option<Chain>, command: &Command) -> Result<Response, Sw> {
    let id = match command.p2 & 0x7F {
        0 => scp11::CA_KLOC_KEY_ID,
        id => id,
    };
    let (_, kvn, key) = key_of_scp11(card, invoked, id, command.p1)?;
    let KeyKind::EcPublic(curve) = key.kind else { return Err(Sw::REFERENCE_NOT_FOUND) };
    let point = Point::decode(curve, &key.value).map_err(|_| Sw::MEMORY_FAILURE)?;
    let authority = Authority { id, kvn, point: &point };
    let (response, chain) = scp11::perform_security_operation(begun, command, &authority)?;
    card.channel.certificates = Some(chain);
    Ok(response)
}

/// MUTUAL AUTHENTICATE or INTERNAL AUTHENTICATE of SCP11: the session stands from the next command on.
fn authenticate(card: &mut Card, invoked: Owner, chain: Option<Chain>, command: &Command) -> Result<Response, Sw> {
    let id = command.p2 & 0x7F;
    let (domain, kvn, key) = key_of_scp11(card, invoked, id, command.p1)?;
    let KeyKind::EcPrivate(curve) = key.kind else { return Err(Sw::REFERENCE_NOT_FOUND) };
    let private = SecretScalar::from_bytes(curve, &key.value).map_err(|_| Sw::MEMORY_FAILURE)?;
    let allowed = allow_list(card, domain, [id, kvn]);
    let key = CardKey { id, kvn, private: &private, allowed: allowed.as_deref() };
    let host = chain.and_then(Chain::into_host);
    let (response, session) = scp11::authenticate(command, &key, host, card.platform.rng())?;
    card.channel.session = Some(Session::Scp(Box::new(session)));
    Ok(response)
}

/// Serial numbers that may use a key: object 70 of the key, `93 serial` each (Amd F §7.3.3).
fn allow_list(card: &Card, domain: Owner, key: [u8; 2]) -> Option<Vec<Vec<u8>>> {
    let list = object_of_key(card, domain, key, 0x70)?;
    // A list that cannot be read lets nobody in.
    let serials = tlv::all(&list).unwrap_or_default();
    Some(serials.iter().filter(|object| object.tag == 0x93).map(|object| object.value.to_vec()).collect())
}

/// EXTERNAL AUTHENTICATE of GlobalPlatform, told from the one of 7816-4 by its class 84.
pub fn completes(command: &Command) -> bool {
    command.ins == ins::EXTERNAL_AUTHENTICATE && command.class.is_globalplatform() && command.class.is_gp_sm()
}

/// Answers with the chip's challenge and cryptogram. Counts the sequence of SCP03 before anything else: it never goes
/// back.
///
/// # Errors
/// 6A88 (or what this chip says) for an unknown key version, 6983 for a key set whose tries are used up, and what the
/// protocol answers.
fn initialize_update(card: &mut Card, invoked: Owner, command: &Command) -> Result<Response, Sw> {
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
