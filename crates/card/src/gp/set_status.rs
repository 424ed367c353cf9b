//! SET STATUS, GPC 2.3.1 §11.10: 80 the card, 40 an instance, 60 a security domain with all under it.

use bitaqa_apdu::{Command, Response, Sw};

use super::life_cycle::{AppLife, CardLife};
use super::privileges::Privilege;
use super::reach;
use super::registry::{CARD_MANAGER, Entry};
use crate::applet::Next;
use crate::card::Card;
use crate::chip;
use crate::nvm::Owner;

/// Changes a life cycle.
///
/// # Errors
/// 6A80 for no state, 6985 for a state that cannot be reached or is not this domain's to set, 6A88 for no such
/// instance.
pub fn set_status(card: &mut Card, domain: Owner, command: &Command) -> Result<Response, Sw> {
    match command.p1 {
        0x80 => set_card(card, domain, command.p2)?,
        0x40 => {
            let entry = card.registry.named(&command.data).ok_or(Sw::REFERENCE_NOT_FOUND)?.clone();
            allowed(card, domain, &entry)?;
            set_instance(card, entry, command.p2)?;
        }
        0x60 => set_tree(card, domain, command)?,
        _ => return Err(Sw::WRONG_P1P2),
    }
    Ok(Sw::OK.into())
}

/// The card: by the issuer's domain, or by one that may lock or end it (GPC 2.3.1 §9.6.3, §9.6.4).
fn set_card(card: &mut Card, domain: Owner, octet: u8) -> Result<(), Sw> {
    let next = CardLife::from_byte(octet).ok_or(Sw::WRONG_DATA)?;
    let privileges = card.privileges_of(domain);
    let allowed = match (card.life, next) {
        (_, CardLife::Terminated) => privileges.has(Privilege::CARD_TERMINATE),
        (CardLife::CardLocked, _) | (_, CardLife::CardLocked) => privileges.has(Privilege::CARD_LOCK),
        _ => domain == CARD_MANAGER,
    };
    if !allowed || !card.life.may_become(next) {
        return Err(Sw::CONDITIONS_NOT_SATISFIED);
    }
    card.nvm.put(chip::LIFE_CYCLE, &[next.to_byte()])?;
    card.life = next;
    Ok(())
}

/// A domain locks what lies under it; with Global Lock it locks anything (GPC 2.3.1 §9.6.2).
fn allowed(card: &Card, domain: Owner, entry: &Entry) -> Result<(), Sw> {
    let own = reach(card, domain, entry.owner, Privilege::GLOBAL_LOCK);
    if own { Ok(()) } else { Err(Sw::CONDITIONS_NOT_SATISFIED) }
}

fn set_instance(card: &mut Card, entry: Entry, octet: u8) -> Result<(), Sw> {
    let life = entry.life.after(octet)?;
    if entry.life == AppLife::Installed {
        return Err(Sw::CONDITIONS_NOT_SATISFIED); // INSTALL [for make selectable] does that
    }
    if (entry.life, life) == (AppLife::Selectable, AppLife::Personalized) && !entry.is_domain() {
        let mut applet = card.fresh_applet(entry.owner).ok_or(Sw::REFERENCE_NOT_FOUND)?;
        card.with_host(entry.owner, &mut Next::Keep, |host| applet.seal(host))?;
    }
    card.registry.store(Entry { life, ..entry }, &mut card.nvm)?;
    Ok(())
}

/// Locks or unlocks a domain and everything under it at one stroke; what is in that state already stays in it.
fn set_tree(card: &mut Card, domain: Owner, command: &Command) -> Result<(), Sw> {
    let root = card.registry.named(&command.data).filter(|entry| entry.is_domain());
    let root = root.ok_or(Sw::REFERENCE_NOT_FOUND)?.clone();
    allowed(card, domain, &root)?;
    let lock = command.p2 & 0x80 != 0;
    let under = |entry: &&Entry| card.registry.is_under(entry.owner, root.owner);
    let tree: Vec<Entry> = card.registry.entries().iter().filter(under).cloned().collect();
    card.atomically(|card| {
        for entry in tree {
            let locked = matches!(entry.life, AppLife::LockedSelectable | AppLife::LockedPersonalized);
            if entry.life != AppLife::Installed && locked != lock {
                let life = entry.life.after(command.p2)?;
                card.registry.store(Entry { life, ..entry }, &mut card.nvm)?;
            }
        }
        Ok(())
    })
}
