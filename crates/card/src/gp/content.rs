//! Content of the card: INSTALL in all its forms and DELETE, GPC 2.3.1 §11.5, §11.2 and §9.3 to §9.5.

use bitaqa_apdu::tlv::Reader;
use bitaqa_apdu::{Aid, Command, Response, Sw, tlv};

use super::delegation::{self, Right};
use super::keys;
use super::life_cycle::AppLife;
use super::load::{self, Loading};
use super::parameters::{InstallParameters, aid, length_value_fields};
use super::privileges::{Privilege, Privileges};
use super::reach;
use super::registry::{CARD_MANAGER, Entry, LoadFile};
use crate::applet::Next;
use crate::card::Card;
use crate::channel::Personalising;
use crate::native;
use crate::nvm::Owner;

/// P1 of INSTALL, GPC 2.3.1 Table 11-41.
mod p1 {
    pub const LOAD: u8 = 0x02;
    pub const INSTALL: u8 = 0x04;
    pub const MAKE_SELECTABLE: u8 = 0x08;
    pub const INSTALL_AND_MAKE_SELECTABLE: u8 = 0x0C;
    pub const ALL_IN_ONE: u8 = 0x0E;
    pub const EXTRADITION: u8 = 0x10;
    pub const PERSONALIZATION: u8 = 0x20;
    pub const REGISTRY_UPDATE: u8 = 0x40;
    /// Those that change the registry by one command.
    pub const CHANGES: [u8; 5] = [INSTALL, MAKE_SELECTABLE, INSTALL_AND_MAKE_SELECTABLE, EXTRADITION, REGISTRY_UPDATE];
}

/// INSTALL. Its data field may come over several commands, chained as 7816-4 or as GlobalPlatform has it.
///
/// # Errors
/// 6A80 for data that no form has, 6A86 for no form, 6A88 for what is not there, 6985 for what is there already or not
/// this domain's to do, 6982 for a token that does not verify, 6A84 for too little memory.
pub fn install(card: &mut Card, domain: Owner, command: &Command) -> Result<Response, Sw> {
    let fields = length_value_fields(&command.data)?;
    match (command.p1, command.p2, fields.as_slice()) {
        (p1::LOAD, 0, &[file, owner, hash, _, token]) | (p1::ALL_IN_ONE, 1, &[file, owner, hash, _, token]) => {
            begin_load(card, domain, command, [file, owner, hash, token])
        }
        (p1::ALL_IN_ONE, 3, &[_, module, instance, privileges, parameters, token]) => {
            finish_all_in_one(card, domain, command, [module, instance, privileges, parameters, token])
        }
        (p1::PERSONALIZATION, 0, &[_, _, instance, _, _, _]) => personalise(card, domain, instance),
        (form, 0, &[first, module, instance, privileges, parameters, token]) if p1::CHANGES.contains(&form) => {
            let right = delegation::authorise(card, domain, &[], command, token)?;
            let fields = [first, module, instance, privileges, parameters];
            card.atomically(|card| {
                let parts = change(card, domain, form, fields)?;
                delegation::confirm(card, right, &parts)
            })
        }
        (p1::LOAD | p1::PERSONALIZATION, 0, _) | (p1::ALL_IN_ONE, 1 | 3, _) => Err(Sw::WRONG_DATA),
        (form, 0, _) if p1::CHANGES.contains(&form) => Err(Sw::WRONG_DATA),
        _ => Err(Sw::WRONG_P1P2),
    }
}

/// The forms that change the registry by one command; the AIDs that a receipt names come back.
fn change(card: &mut Card, domain: Owner, form: u8, fields: [&[u8]; 5]) -> Result<Vec<Aid>, Sw> {
    let [first, _, instance, privileges, parameters] = fields;
    match form {
        p1::MAKE_SELECTABLE => make_selectable(card, domain, instance, privileges),
        p1::EXTRADITION => extradite(card, domain, instance, first),
        p1::REGISTRY_UPDATE => update(card, domain, [first, instance, privileges, parameters]),
        form => new_instance(card, domain, form == p1::INSTALL_AND_MAKE_SELECTABLE, fields),
    }
}

/// INSTALL [for load]: what LOAD will be held to.
fn begin_load(card: &mut Card, domain: Owner, command: &Command, fields: [&[u8]; 4]) -> Result<Response, Sw> {
    let [file, owner, hash, token] = fields;
    // The token of the combined form comes with its last command (GPC 2.3.1 §C.4.7).
    let combined = command.p1 == p1::ALL_IN_ONE;
    let right = if combined { Right::Own } else { delegation::authorise(card, domain, &[], command, token)? };
    let aid = aid(file)?;
    let taken = card.registry.load_file(file).is_some() || card.registry.named(file).is_some();
    if taken || card.configuration.isd_aid == aid {
        return Err(Sw::CONDITIONS_NOT_SATISFIED);
    }
    let target = if owner.is_empty() { domain } else { card.domain_named(owner).ok_or(Sw::REFERENCE_NOT_FOUND)? };
    if !reach(card, domain, target, Privilege::AUTHORIZED_MANAGEMENT) {
        return Err(Sw::CONDITIONS_NOT_SATISFIED);
    }
    if right == Right::Delegated && hash.is_empty() {
        return Err(Sw::WRONG_DATA); // a token without the hash would vouch for any code
    }
    let hash = hash.to_vec();
    let signed = if combined { delegation::token_input(command)? } else { Vec::new() };
    let (octets, next_block) = (Vec::new(), Some(0));
    card.channel.loading = Some(Loading { aid, domain: target, hash, right, combined, signed, octets, next_block });
    Ok(Response::ok([0]))
}

/// The last command of load, install and make selectable in one: file and instance are there together or not at all.
fn finish_all_in_one(card: &mut Card, domain: Owner, command: &Command, fields: [&[u8]; 5]) -> Result<Response, Sw> {
    let [module, instance, privileges, parameters, token] = fields;
    let loading = card.channel.loading.take().filter(|loading| loading.combined && loading.next_block.is_none());
    let loading = loading.ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
    let right = delegation::authorise(card, domain, &loading.signed, command, token)?;
    card.atomically(|card| {
        let file = load::verified(card, &loading)?;
        let package = file.aid.clone();
        card.registry.store_file(file, &mut card.nvm)?;
        let fields = [package.as_bytes(), module, instance, privileges, parameters];
        let parts = new_instance(card, domain, true, fields)?;
        delegation::confirm(card, right, &parts)
    })
}

/// INSTALL [for install], with or without [for make selectable]: registry entry and the applet's first cells are there
/// together or not at all.
fn new_instance(card: &mut Card, domain: Owner, at_once: bool, fields: [&[u8]; 5]) -> Result<Vec<Aid>, Sw> {
    let [package, module, instance, privileges, parameters] = fields;
    let file = card.registry.load_file(package).ok_or(Sw::REFERENCE_NOT_FOUND)?;
    let registry = &card.registry;
    let seen = registry.is_under(domain, file.domain) || registry.is_under(file.domain, domain);
    let modules = &file.modules;
    let listed = modules.iter().find(|(aid, _)| aid.as_bytes() == module).filter(|_| seen);
    let (module, native) = listed.cloned().ok_or(Sw::REFERENCE_NOT_FOUND)?;
    let (aid, privileges) = (aid(instance)?, Privileges::parse(privileges)?);
    let taken = card.registry.named(instance).is_some() || card.registry.load_file(instance).is_some();
    if taken || card.configuration.isd_aid == aid {
        return Err(Sw::CONDITIONS_NOT_SATISFIED);
    }
    // A module that is a security domain, and no other, makes security domains.
    if (native == native::SECURITY_DOMAIN) != privileges.has(Privilege::SECURITY_DOMAIN) {
        return Err(Sw::WRONG_DATA);
    }
    if privileges.has(Privilege::CARD_RESET) && !at_once {
        return Err(Sw::WRONG_DATA); // GPC 2.3.1 §11.5.2.3.2
    }
    may_grant(card, domain, privileges)?;
    let read = InstallParameters::read(parameters)?;
    let (used, all) = card.nvm.usage();
    if read.reserved.is_some_and(|octets| usize::try_from(octets).is_ok_and(|octets| octets > all.saturating_sub(used)))
    {
        return Err(Sw::NOT_ENOUGH_MEMORY);
    }
    let entry = Entry {
        owner: card.registry.free_owner()?,
        aid: aid.clone(),
        life: if at_once { AppLife::Selectable } else { AppLife::Installed },
        privileges,
        package: Aid::new(package).map_err(|_| Sw::WRONG_DATA)?,
        module,
        domain,
        quota: read.quota,
    };
    let parts = vec![entry.package.clone(), aid];
    put_instance(card, entry, read.own)?;
    Ok(parts)
}

fn put_instance(card: &mut Card, entry: Entry, own: &[u8]) -> Result<(), Sw> {
    let owner = entry.owner;
    let module = card.module(&entry);
    card.registry.store(entry, &mut card.nvm)?;
    // The quota counts from the first cell on.
    card.set_quotas();
    match module {
        Some(module) => card.with_host(owner, &mut Next::Keep, |host| module.install(own, host)),
        None => Ok(()),
    }
}

/// Privileges that a domain may give: the issuer's any; another one none that reach beyond what it has itself. Card
/// Reset goes from the issuer's domain to one application at most (GPC 2.3.1 §6.6.2).
fn may_grant(card: &Card, domain: Owner, privileges: Privileges) -> Result<(), Sw> {
    if privileges.has(Privilege::CARD_RESET) && card.registry.default_selected().is_some() {
        return Err(Sw::CONDITIONS_NOT_SATISFIED);
    }
    if domain == CARD_MANAGER {
        return Ok(());
    }
    let held = card.privileges_of(domain);
    let harmless = [Privilege::SECURITY_DOMAIN, Privilege::DAP_VERIFICATION];
    let granted =
        Privilege::NAMED.iter().map(|(privilege, _)| *privilege).filter(|privilege| privileges.has(*privilege));
    let beyond = granted.filter(|privilege| !harmless.contains(privilege)).any(|privilege| !held.has(privilege));
    if beyond { Err(Sw::CONDITIONS_NOT_SATISFIED) } else { Ok(()) }
}

/// The instance of this name, if it lies under the domain.
fn own_entry(card: &Card, domain: Owner, instance: &[u8]) -> Result<Entry, Sw> {
    let entry = card.registry.named(instance).ok_or(Sw::REFERENCE_NOT_FOUND)?;
    if card.registry.is_under(entry.owner, domain) { Ok(entry.clone()) } else { Err(Sw::CONDITIONS_NOT_SATISFIED) }
}

/// INSTALL [for make selectable]: of the privileges only Card Reset counts.
fn make_selectable(card: &mut Card, domain: Owner, instance: &[u8], privileges: &[u8]) -> Result<Vec<Aid>, Sw> {
    let entry = own_entry(card, domain, instance)?;
    if entry.life != AppLife::Installed {
        return Err(Sw::CONDITIONS_NOT_SATISFIED);
    }
    let reset = privileges.first().is_some_and(|octet| Privileges([*octet, 0, 0]).has(Privilege::CARD_RESET));
    let privileges = if reset { entry.privileges.with(Privilege::CARD_RESET) } else { entry.privileges };
    if reset {
        may_grant(card, domain, Privileges::default().with(Privilege::CARD_RESET))?;
    }
    let parts = vec![entry.package.clone(), entry.aid.clone()];
    card.registry.store(Entry { life: AppLife::Selectable, privileges, ..entry }, &mut card.nvm)?;
    Ok(parts)
}

/// INSTALL [for extradition]: an instance or a load file goes under another domain (GPC 2.3.1 §9.4.1).
fn extradite(card: &mut Card, domain: Owner, content: &[u8], to: &[u8]) -> Result<Vec<Aid>, Sw> {
    let target = card.domain_named(to).ok_or(Sw::REFERENCE_NOT_FOUND)?;
    let from = card.aid_of(domain).clone();
    let parts = |content: &Aid, card: &Card| vec![from, content.clone(), card.aid_of(target).clone()];
    if let Some(file) = card.registry.load_file(content).cloned() {
        if !card.registry.is_under(file.domain, domain) {
            return Err(Sw::CONDITIONS_NOT_SATISFIED);
        }
        let parts = parts(&file.aid, card);
        card.registry.store_file(LoadFile { domain: target, ..file }, &mut card.nvm)?;
        return Ok(parts);
    }
    let entry = own_entry(card, domain, content)?;
    let life = card.registry.get(target).map_or(AppLife::Personalized, |entry| entry.life);
    // Not under itself or what lies under it: the tree has no circle. And not to a domain that is locked.
    if entry.owner == domain
        || card.registry.is_under(target, entry.owner) && target != CARD_MANAGER
        || !life.is_selectable()
    {
        return Err(Sw::CONDITIONS_NOT_SATISFIED);
    }
    let parts = parts(&entry.aid, card);
    card.registry.store(Entry { domain: target, ..entry }, &mut card.nvm)?;
    Ok(parts)
}

/// INSTALL [for registry update]: privileges and domain of an instance, together or not at all. Restricting functions
/// of the card (tag D9) is not offered.
fn update(card: &mut Card, domain: Owner, fields: [&[u8]; 4]) -> Result<Vec<Aid>, Sw> {
    let [to, instance, privileges, parameters] = fields;
    let system = tlv::find(parameters, 0xEF).map_err(|_| Sw::WRONG_DATA)?.unwrap_or_default();
    if tlv::find(system, 0xD9).map_err(|_| Sw::WRONG_DATA)?.is_some() {
        return Err(Sw::WRONG_DATA);
    }
    let entry = own_entry(card, domain, instance)?;
    if !privileges.is_empty() {
        let fresh = Privileges::parse(privileges)?;
        if fresh.has(Privilege::SECURITY_DOMAIN) != entry.is_domain() {
            return Err(Sw::WRONG_DATA); // an application does not become a domain, nor the other way round
        }
        let had = entry.privileges.has(Privilege::CARD_RESET);
        may_grant(card, domain, if had { fresh.without(Privilege::CARD_RESET) } else { fresh })?;
        card.registry.store(Entry { privileges: fresh, ..entry.clone() }, &mut card.nvm)?;
    }
    if to.is_empty() { Ok(vec![card.aid_of(domain).clone(), entry.aid]) } else { extradite(card, domain, instance, to) }
}

/// INSTALL [for personalization]: STORE DATA to the domain goes to this application from now on.
fn personalise(card: &mut Card, domain: Owner, instance: &[u8]) -> Result<Response, Sw> {
    if !card.configuration.quirks.personalization {
        return Err(Sw::WRONG_P1P2);
    }
    let entry = own_entry(card, domain, instance)?;
    let applet = card.fresh_applet(entry.owner).ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
    card.channel.personalising = Some(Personalising { owner: entry.owner, applet, next_block: 0 });
    Ok(Response::ok([0]))
}

/// DELETE: an instance, a load file with or without what came from it, or keys.
///
/// # Errors
/// 6A88 for what is not there, 6985 for what is selected, still needed or not this domain's, 6982 for a token that does
/// not verify, 6A80 for no name.
pub fn delete(card: &mut Card, domain: Owner, command: &Command) -> Result<Response, Sw> {
    if command.p1 != 0 || command.p2 & 0x7F != 0 {
        return Err(Sw::WRONG_P1P2);
    }
    let wrong = |_| Sw::WRONG_DATA;
    let mut reader = Reader::new(&command.data);
    if let Some(name) = reader.optional(0x4F).map_err(wrong)? {
        reader.optional(0xB6).map_err(wrong)?;
        let token = reader.optional(0x9E).map_err(wrong)?.unwrap_or_default();
        reader.finish().map_err(wrong)?;
        let right = delegation::authorise(card, domain, &[], command, token)?;
        let related = command.p2 == 0x80;
        return card.atomically(|card| {
            let parts = [card.aid_of(domain).clone(), aid(name)?];
            delete_content(card, domain, name, related)?;
            delegation::confirm(card, right, &parts)
        });
    }
    let octet = |field: Option<&[u8]>| match field {
        None => Ok(None),
        Some(&[octet]) => Ok(Some(octet)),
        Some(_) => Err(Sw::WRONG_DATA),
    };
    let id = octet(reader.optional(0xD0).map_err(wrong)?)?;
    let kvn = octet(reader.optional(0xD2).map_err(wrong)?)?;
    reader.finish().map_err(wrong)?;
    if (kvn, id) == (None, None) {
        return Err(Sw::WRONG_DATA);
    }
    keys::delete(&mut card.nvm, domain, kvn, id)?;
    Ok(Response::ok([0]))
}

fn delete_content(card: &mut Card, domain: Owner, name: &[u8], related: bool) -> Result<(), Sw> {
    let Some(file) = card.registry.load_file(name).cloned() else {
        let entry = card.registry.named(name).ok_or(Sw::REFERENCE_NOT_FOUND)?.clone();
        return delete_instance(card, domain, &entry);
    };
    if !reach(card, domain, file.domain, Privilege::GLOBAL_DELETE) {
        return Err(Sw::CONDITIONS_NOT_SATISFIED);
    }
    let of_file = |entry: &&Entry| entry.package == file.aid;
    let instances: Vec<Entry> = card.registry.entries().iter().filter(of_file).cloned().collect();
    if !instances.is_empty() && !related {
        return Err(Sw::CONDITIONS_NOT_SATISFIED);
    }
    for entry in &instances {
        delete_instance(card, domain, entry)?;
    }
    Ok(card.registry.remove_file(file.number, &mut card.nvm)?)
}

/// An instance that no channel has selected and, when it is a domain, under which nothing lies (GPC 2.3.1 §9.5).
fn delete_instance(card: &mut Card, domain: Owner, entry: &Entry) -> Result<(), Sw> {
    let registry = &card.registry;
    let needed = registry.entries().iter().any(|other| other.owner != entry.owner && other.domain == entry.owner)
        || registry.load_files().iter().any(|file| file.domain == entry.owner);
    let own = reach(card, domain, entry.owner, Privilege::GLOBAL_DELETE);
    if !own || needed || card.is_selected_anywhere(entry.owner) {
        return Err(Sw::CONDITIONS_NOT_SATISFIED);
    }
    Ok(card.registry.remove(entry.owner, &mut card.nvm)?)
}
