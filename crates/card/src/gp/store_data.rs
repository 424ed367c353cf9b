//! STORE DATA to a security domain, GPC 2.3.1 §11.11: to the application that INSTALL [for personalization] named, or
//! into the domain's own data objects.
//!
//! ```text
//! cell 0006   the domain's data objects, one after the other: 42 (IIN), 45 (CIN), 5F50 (URL), 9F66 and 9F67 (fields of
//!             CPLC), .. ; written over by the same tag
//! cell 0008   { A6 { 83 identifier(1) ‖ version(1)  object }  }*: objects of one key, 70 (who may use it), BF21
//!             (certificates); in STORE DATA, A6 stands before the objects of its key (Amd F §7.3)
//! ```

use bitaqa_apdu::tlv::{self, Tlv};
use bitaqa_apdu::{Command, Response, Sw, dgi};

use super::registry::CARD_MANAGER;
use crate::applet::{Next, StoreData};
use crate::card::Card;
use crate::channel::Session;
use crate::nvm::{CellId, Owner};

const OBJECTS: u16 = 0x0006;
const OBJECTS_OF_KEYS: u16 = 0x0008;

/// Control reference template: what follows belongs to the key that it names.
const KEY_REFERENCE: u32 = 0xA6;

/// Objects that only the card manager writes, by other commands.
const NOT_STORED: [u32; 5] = [0xE0, 0xC1, 0x66, 0x2F00, 0xFF21];

/// Bits 5-4 of P1: DGI format.
const DGI: u8 = 0x08;
/// Bits 5-4 of P1: BER-TLV format.
const BER_TLV: u8 = 0x10;
/// Bits 7-6 of P1: all values are under the DEK.
const ENCRYPTED: u8 = 0x60;

/// Takes one block. Blocks come in their order, from 0 on; a wrong one ends the sequence.
///
/// # Errors
/// 6A86 for a block out of order or parameters that are not defined, 6A80 for data that are not as P1 says, and what
/// the application answers.
pub fn store_data(card: &mut Card, domain: Owner, command: &Command) -> Result<Response, Sw> {
    if card.channel.personalising.is_some() { to_application(card, command) } else { to_domain(card, domain, command) }
}

fn to_application(card: &mut Card, command: &Command) -> Result<Response, Sw> {
    let Some(mut target) = card.channel.personalising.take() else { return Err(Sw::CONDITIONS_NOT_SATISFIED) };
    if command.p2 != target.next_block {
        return Err(Sw::WRONG_P1P2);
    }
    target.next_block = if command.p1 & 0x80 == 0 { command.p2.wrapping_add(1) } else { 0 };
    let quirks = card.configuration.quirks;
    // Families that want the flag of DGIs refuse data that come without; others take them for what they are.
    let p1 = if quirks.dgi_flag_required || command.p1 & 0x18 != 0 { command.p1 } else { command.p1 | DGI };
    let command = Command { p1, ..command.clone() };
    let block = StoreData::read(&command)?;
    if !quirks.dgi_chaining && !is_whole_dgi(&command.data) {
        return Err(Sw::WRONG_DATA);
    }
    let applet = &mut target.applet;
    let answer = card.with_host(target.owner, &mut Next::Keep, |host| applet.personalise(&block, host));
    if answer.is_ok() {
        card.channel.personalising = Some(target);
    }
    answer
}

/// Whether the data are DGIs, none of them cut off.
fn is_whole_dgi(data: &[u8]) -> bool {
    let mut rest = data;
    while !rest.is_empty() {
        let Some((_, length, header)) = dgi::read_header(rest) else { return false };
        match rest.get(header + length..) {
            Some(tail) => rest = tail,
            None => return false,
        }
    }
    true
}

fn to_domain(card: &mut Card, domain: Owner, command: &Command) -> Result<Response, Sw> {
    let expected = core::mem::take(&mut card.channel.next_block);
    if command.p2 != expected {
        return Err(Sw::WRONG_P1P2);
    }
    let encrypted = match command.p1 & 0x60 {
        0x00 => false,
        ENCRYPTED => true,
        _ => return Err(Sw::WRONG_P1P2),
    };
    let mut objects = match command.p1 & 0x18 {
        DGI => of_dgis(&command.data)?,
        0x00 | BER_TLV => of_tlvs(&command.data)?,
        _ => return Err(Sw::WRONG_P1P2),
    };
    if encrypted {
        let Some(Session::Scp(session)) = &card.channel.session else { return Err(Sw::CONDITIONS_NOT_SATISFIED) };
        for (_, value) in &mut objects {
            *value = session.decrypt_sensitive(value)?.into_vec();
        }
    }
    store(card, domain, &objects)?;
    if command.p1 & 0x80 == 0 {
        card.channel.next_block = expected.wrapping_add(1);
    }
    Ok(Sw::OK.into())
}

type Objects = Vec<(u32, Vec<u8>)>;

fn of_tlvs(data: &[u8]) -> Result<Objects, Sw> {
    let objects = tlv::all(data).map_err(|_| Sw::WRONG_DATA)?;
    Ok(objects.iter().map(|Tlv { tag, value, .. }| (*tag, value.to_vec())).collect())
}

/// DGI 00xx carries the object of tag xx, any other one that of its own number (GPC 2.3.1 §11.1.12).
fn of_dgis(data: &[u8]) -> Result<Objects, Sw> {
    let mut objects = Vec::new();
    let mut rest = data;
    while !rest.is_empty() {
        let (number, length, header) = dgi::read_header(rest).ok_or(Sw::WRONG_DATA)?;
        let value = rest.get(header..header + length).ok_or(Sw::WRONG_DATA)?;
        objects.push((u32::from(number), value.to_vec()));
        rest = rest.get(header + length..).ok_or(Sw::WRONG_DATA)?;
    }
    Ok(objects)
}

/// Writes objects over those of the same tags, all of one command at one stroke.
fn store(card: &mut Card, domain: Owner, objects: &[(u32, Vec<u8>)]) -> Result<(), Sw> {
    let fixed = |tag: &u32| NOT_STORED.contains(tag);
    let wrong_length = |(tag, value): &(u32, Vec<u8>)| matches!(tag, 0x9F66 | 0x9F67) && value.len() != 8;
    if objects.iter().any(|(tag, _)| fixed(tag)) || objects.iter().any(wrong_length) {
        return Err(Sw::WRONG_DATA);
    }
    let mut key = None;
    let (mut own, mut of_keys) = (Vec::new(), Vec::new());
    for (tag, value) in objects {
        match (*tag, key) {
            (KEY_REFERENCE, _) => key = Some(key_reference(value)?),
            (tag, None) => own.push((tag, value.as_slice())),
            (tag, Some(key)) => of_keys.push((key, tag, value.as_slice())),
        }
    }
    card.atomically(|card| {
        if !own.is_empty() {
            let held = card.nvm.get(CellId { owner: domain, key: OBJECTS }).unwrap_or_default();
            let mut octets = Vec::new();
            for object in tlv::all(held).map_err(|_| Sw::MEMORY_FAILURE)? {
                if !own.iter().any(|(tag, _)| *tag == object.tag) {
                    tlv::put(&mut octets, object.tag, object.value);
                }
            }
            for (tag, value) in &own {
                tlv::put(&mut octets, *tag, value);
            }
            card.nvm.put(CellId { owner: domain, key: OBJECTS }, &octets)?;
        }
        for (key, tag, value) in of_keys {
            put_object_of_key(card, domain, key, tag, value)?;
        }
        Ok(())
    })
}

/// `83 identifier ‖ version` out of a control reference template.
fn key_reference(template: &[u8]) -> Result<[u8; 2], Sw> {
    let reference = tlv::find(template, 0x83).map_err(|_| Sw::WRONG_DATA)?.ok_or(Sw::WRONG_DATA)?;
    reference.try_into().map_err(|_| Sw::WRONG_DATA)
}

fn put_object_of_key(card: &mut Card, domain: Owner, key: [u8; 2], tag: u32, value: &[u8]) -> Result<(), Sw> {
    let cell = CellId { owner: domain, key: OBJECTS_OF_KEYS };
    let mut octets = Vec::new();
    for held in tlv::all(card.nvm.get(cell).unwrap_or_default()).map_err(|_| Sw::MEMORY_FAILURE)? {
        let same =
            key_reference(held.value) == Ok(key) && tlv::find(held.value, tag).is_ok_and(|found| found.is_some());
        if !same {
            tlv::put(&mut octets, held.tag, held.value);
        }
    }
    tlv::put(&mut octets, KEY_REFERENCE, &[tlv::tlv(0x83, &key), tlv::tlv(tag, value)].concat());
    Ok(card.nvm.put(cell, &octets)?)
}

/// A data object that belongs to one key: identifier and version.
pub fn object_of_key(card: &Card, domain: Owner, key: [u8; 2], tag: u32) -> Option<Vec<u8>> {
    let held = tlv::all(card.nvm.get(CellId { owner: domain, key: OBJECTS_OF_KEYS })?).ok()?;
    let mut of_key = held.iter().filter(|held| key_reference(held.value) == Ok(key));
    of_key.find_map(|held| tlv::find(held.value, tag).ok().flatten().map(<[u8]>::to_vec))
}

/// GET DATA with a control reference template in its data field: the object of that key.
///
/// # Errors
/// 6A80 for no template, 6A88 when the key has no such object.
pub fn object_by_reference(card: &Card, domain: Owner, tag: u32, data: &[u8]) -> Result<Vec<u8>, Sw> {
    let template = tlv::only(data, KEY_REFERENCE).map_err(|_| Sw::WRONG_DATA)?;
    object_of_key(card, domain, key_reference(template)?, tag).ok_or(Sw::REFERENCE_NOT_FOUND)
}

/// One of a domain's data objects.
pub fn object(card: &Card, domain: Owner, tag: u32) -> Option<Vec<u8>> {
    let objects = card.nvm.get(CellId { owner: domain, key: OBJECTS })?;
    tlv::find(objects, tag).ok().flatten().map(<[u8]>::to_vec)
}

/// CPLC data with the fields that personalisation wrote: 9F66 for pre-personaliser, date and equipment, 9F67 for
/// personaliser, date and equipment, eight octets each at the end of the 42.
pub fn cplc(card: &Card) -> Vec<u8> {
    let mut cplc = card.configuration.cplc.to_vec();
    for (tag, place) in [(0x9F66, 26), (0x9F67, 34)] {
        if let Some(field) = object(card, CARD_MANAGER, tag) {
            cplc.iter_mut().skip(place).zip(field).for_each(|(to, from)| *to = from);
        }
    }
    cplc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_and_cut_dgis_are_told_apart() {
        assert!(is_whole_dgi(&[0x01, 0x01, 0x02, 0xAA, 0xBB, 0x01, 0x02, 0x00]));
        assert!(!is_whole_dgi(&[0x01, 0x01, 0x03, 0xAA, 0xBB]));
        assert!(!is_whole_dgi(&[0x01]));
        assert_eq!(of_dgis(&[0x00, 0x42, 0x01, 0x07]), Ok(vec![(0x42, vec![7])]));
        assert_eq!(of_dgis(&[0x00, 0x42, 0x02, 0x07]), Err(Sw::WRONG_DATA));
    }
}
