//! The GlobalPlatform card manager: what every security domain answers, the issuer's and those under it.
//!
//! A file a group of commands. Each takes the card and the number of the domain that is selected; what a domain may do
//! follows from its privileges and its place in the tree of domains, and is asked in [`delegation`] and [`reach`].

mod content;
mod data;
mod delegation;
mod get_status;
pub mod keys;
pub mod life_cycle;
pub mod load;
mod parameters;
pub mod privileges;
pub mod registry;
pub mod secure_channel;
mod set_status;
mod store_data;

use bitaqa_apdu::tlv;
use bitaqa_apdu::{Aid, Command, Response, Sw, ins};
use bitaqa_secure_messaging::put_key;

use crate::card::Card;
use crate::nvm::Owner;
use keys::Versioned;
use life_cycle::{CardLife, Request};
use privileges::{Privilege, Privileges};
use registry::CARD_MANAGER;

impl Card {
    /// AID of an instance; that of the issuer security domain for its number and for one that nothing has.
    pub(crate) fn aid_of(&self, owner: Owner) -> &Aid {
        self.registry.get(owner).map_or(&self.configuration.isd_aid, |entry| &entry.aid)
    }

    /// Number of a security domain by its AID.
    fn domain_named(&self, aid: &[u8]) -> Option<Owner> {
        if self.configuration.isd_aid.as_bytes() == aid {
            return Some(CARD_MANAGER);
        }
        self.registry.named(aid).filter(|entry| entry.is_domain()).map(|entry| entry.owner)
    }

    /// Privileges of a security domain.
    fn privileges_of(&self, domain: Owner) -> Privileges {
        self.registry.get(domain).map_or(Privileges::ISSUER, |entry| entry.privileges)
    }
}

/// Whether what belongs to `owner` is this domain's to touch: it lies under it, or a privilege reaches everywhere.
fn reach(card: &Card, domain: Owner, owner: Owner, everywhere: Privilege) -> bool {
    card.registry.is_under(owner, domain) || card.privileges_of(domain).has(everywhere)
}

/// Answer to SELECT of a security domain: `6F { 84 AID  A5 { 9F65 largest data field } }`, GPC 2.3.1 §11.9.3.1; 6283
/// when the card is locked.
pub(crate) fn select(card: &Card, domain: Owner) -> Response {
    let aid = tlv::tlv(0x84, card.aid_of(domain).as_bytes());
    let data = tlv::tlv(0x6F, &[aid, tlv::tlv(0xA5, &tlv::tlv(0x9F65, &[0xFF]))].concat());
    let sw = if card.life == CardLife::CardLocked { Sw::DEACTIVATED } else { Sw::OK };
    Response { data: data.into(), sw }
}

/// Carries out a command to a security domain.
type Act = fn(&mut Card, Owner, &Command) -> Result<Response, Sw>;

/// A command to a security domain.
pub(crate) fn process(card: &mut Card, domain: Owner, command: &Command) -> Result<Response, Sw> {
    if command.ins == ins::GET_DATA {
        card.permitted(Request::GetData)?;
        return data::get_data(card, domain, command);
    }
    let (request, act): (_, Act) = match command.ins {
        ins::GET_STATUS => (Request::GetStatus, get_status::get_status),
        ins::SET_STATUS => (Request::SetStatus, set_status::set_status),
        ins::PUT_KEY => (Request::Personalise, put_key),
        ins::STORE_DATA => (Request::Personalise, store_data::store_data),
        ins::INSTALL => (Request::Content, content::install),
        ins::LOAD => (Request::Content, load::load),
        ins::DELETE => (Request::Content, content::delete),
        _ => return Err(Sw::INS_NOT_SUPPORTED),
    };
    card.permitted(request)?;
    authenticated(card)?;
    if matches!(command.ins, ins::INSTALL | ins::DELETE) {
        return match card.channel.chain_by_p1(command.clone())? {
            Some(whole) => act(card, domain, &whole),
            None => Ok(Response::ok([0])),
        };
    }
    act(card, domain, command)
}

/// Whether the session has the level that the chip asks for.
fn authenticated(card: &Card) -> Result<(), Sw> {
    let wanted = card.configuration.level_min;
    match card.channel.secure_channel() {
        Some(channel) if channel.level() & wanted == wanted => Ok(()),
        _ => Err(Sw::SECURITY_STATUS_NOT_SATISFIED),
    }
}

/// PUT KEY, GPC 2.3.1 §11.8: a set of three keys, or single ones; P1 names the version to replace, 00 for a new one.
fn put_key(card: &mut Card, domain: Owner, command: &Command) -> Result<Response, Sw> {
    let session = card.channel.secure_channel().ok_or(Sw::SECURITY_STATUS_NOT_SATISFIED)?;
    if command.p1 & 0x80 != 0 {
        return Err(Sw::WRONG_P1P2); // more commands to come: every set here fits one
    }
    let (kvn, fresh) = put_key::parse(command.p2, &command.data, session)?;
    let confirmation = put_key::confirmation(kvn, &fresh);
    match put_key::key_set(&fresh) {
        Ok(keys) => keys::put(&mut card.nvm, domain, command.p1, Versioned { kvn, keys })?,
        Err(_) => keys::put_single(&mut card.nvm, domain, command.p1, kvn, &fresh)?,
    }
    Ok(Response::ok(confirmation))
}

#[cfg(test)]
mod tests;
