//! GET STATUS, GPC 2.3.1 §11.4, in the TLV form, page by page.

use bitaqa_apdu::tlv::{self, Reader};
use bitaqa_apdu::{Aid, Command, Response, Sw};

use super::privileges::{Privilege, Privileges};
use super::registry::{CARD_MANAGER, Entry, LoadFile};
use crate::card::Card;
use crate::nvm::Owner;

/// Life cycle octet of a load file: LOADED, GPC 2.3.1 Table 11-3.
const LOADED: u8 = 0x01;
/// Version that a native load file tells, major and minor.
const NATIVE_VERSION: [u8; 2] = [0x01, 0x00];

/// One answer's worth of the registry: what fits a page, 6310 when more waits.
///
/// # Errors
/// 6A86 for parameters that are not defined, 6A80 for no search criteria, 6A88 when nothing fits, 6985 for a next page
/// without a first one.
pub fn get_status(card: &mut Card, domain: Owner, command: &Command) -> Result<Response, Sw> {
    let mut rows = match command.p2 {
        0x02 => rows(card, domain, command)?,
        0x03 if command.p1 != 0x80 => card.channel.listing.take().ok_or(Sw::CONDITIONS_NOT_SATISFIED)?,
        _ => return Err(Sw::WRONG_P1P2),
    };
    card.channel.listing = None;
    if rows.is_empty() {
        return Err(Sw::REFERENCE_NOT_FOUND);
    }
    let page = usize::from(card.configuration.quirks.status_page_bytes);
    let mut length = 0;
    // A row goes out whole, so one that is longer than a page is a page by itself.
    let fitting = rows.iter().take_while(|row| {
        length += row.len();
        length <= page || length == row.len()
    });
    let count = fitting.count();
    let rest = rows.split_off(count);
    let more = !rest.is_empty();
    if more {
        card.channel.listing = Some(rest);
    }
    Ok(Response { data: rows.concat().into(), sw: if more { Sw::MORE_DATA } else { Sw::OK } })
}

/// Every row that the criteria fit.
fn rows(card: &Card, domain: Owner, command: &Command) -> Result<Vec<Vec<u8>>, Sw> {
    let wrong = |_| Sw::WRONG_DATA;
    let mut criteria = Reader::new(&command.data);
    let wanted = criteria.expect(0x4F).map_err(wrong)?;
    let mut tags = None;
    while let Some(criterion) = criteria.next().map_err(wrong)? {
        if criterion.tag == 0x5C {
            tags = Some(criterion.value);
        }
    }
    // GPC 2.3.1 §6.6: a domain sees what lies under it, with Global Registry everything.
    let all = card.privileges_of(domain).has(Privilege::GLOBAL_REGISTRY);
    let seen = |owner: Owner| all || card.registry.is_under(owner, domain);
    let aids = |entry: &Entry| card.aid_of(entry.domain);
    let files = |modules: bool| {
        let fitting = card.registry.load_files().iter().filter(|file| seen(file.domain) && file.aid.matches(wanted));
        fitting.map(|file| load_file(file, modules, card.aid_of(file.domain), tags)).collect()
    };
    Ok(match command.p1 {
        0x80 if all => vec![issuer(card, tags)],
        0x40 => {
            let fitting = card.registry.entries().iter().filter(|entry| seen(entry.owner) && entry.aid.matches(wanted));
            fitting.map(|entry| instance(entry, aids(entry), tags)).collect()
        }
        0x20 => files(false),
        0x10 => files(true),
        _ => return Err(Sw::WRONG_P1P2),
    })
}

/// The issuer security domain: its life cycle is the card's.
fn issuer(card: &Card, tags: Option<&[u8]>) -> Vec<u8> {
    let aid = &card.configuration.isd_aid;
    let default = card.registry.default_selected().is_none();
    // It has the privilege Card Reset for as long as no other application has it (GPC 2.3.1 §6.6.2).
    let issuer = Privileges::ISSUER;
    let privileges = if default { issuer } else { issuer.without(Privilege::CARD_RESET) };
    row(
        &[
            (0x4F, aid.as_bytes(), true),
            (0x9F70, &[card.life.to_byte()], true),
            (0xC5, &privileges.0, true),
            (0xCC, card.aid_of(CARD_MANAGER).as_bytes(), false),
        ],
        tags,
    )
}

fn instance(entry: &Entry, domain: &Aid, tags: Option<&[u8]>) -> Vec<u8> {
    row(
        &[
            (0x4F, entry.aid.as_bytes(), true),
            (0x9F70, &[entry.life.to_byte()], true),
            (0xC5, &entry.privileges.0, true),
            (0xC4, entry.package.as_bytes(), true),
            (0xCC, domain.as_bytes(), true),
        ],
        tags,
    )
}

fn load_file(file: &LoadFile, modules: bool, domain: &Aid, tags: Option<&[u8]>) -> Vec<u8> {
    let life = [LOADED];
    let mut fields: Vec<(u32, &[u8], bool)> =
        vec![(0x4F, file.aid.as_bytes(), true), (0x9F70, &life, true), (0xCE, &NATIVE_VERSION, true)];
    if modules {
        fields.extend(file.modules.iter().map(|(module, _)| (0x84, module.as_bytes(), true)));
    }
    fields.push((0xCC, domain.as_bytes(), true));
    row(&fields, tags)
}

/// `E3 { .. }` of the fields that the tag list names, or that are told without one.
fn row(fields: &[(u32, &[u8], bool)], tags: Option<&[u8]>) -> Vec<u8> {
    let told = |tag: u32, default: bool| tags.map_or(default, |list| lists(list, tag));
    let mut octets = Vec::new();
    for (tag, value, _) in fields.iter().filter(|(tag, _, default)| told(*tag, *default)) {
        tlv::put(&mut octets, *tag, value);
    }
    tlv::tlv(0xE3, &octets)
}

/// Whether a concatenation of tags holds this one.
fn lists(list: &[u8], tag: u32) -> bool {
    let mut rest = list;
    while let Some((&first, tail)) = rest.split_first() {
        let (found, after) = match tail.split_first() {
            Some((&second, after)) if first & 0x1F == 0x1F => (u32::from(first) << 8 | u32::from(second), after),
            _ => (u32::from(first), tail),
        };
        if found == tag {
            return true;
        }
        rest = after;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_lists_hold_tags_of_one_and_two_octets() {
        let list = [0x4F, 0x9F, 0x70, 0xC5];
        assert!([0x4F, 0x9F70, 0xC5].iter().all(|tag| lists(&list, *tag)));
        assert!(!lists(&list, 0x70) && !lists(&list, 0xC4) && !lists(&[], 0x4F));
    }
}
