//! The GlobalPlatform card manager: issuer security domain with the commands that personalisation needs.

pub mod keys;
pub mod life_cycle;
pub mod registry;
pub mod secure_channel;

use bitaqa_apdu::tlv::{self, Reader};
use bitaqa_apdu::{Aid, Command, Response, Sw, ins};
use bitaqa_secure_messaging::put_key;

use crate::applet::{Next, StoreData};
use crate::card::Card;
use crate::channel::Session;
use crate::chip;
use life_cycle::{AppLife, CardLife};
use registry::Entry;

/// Answer to SELECT of the security domain: `6F { 84 AID  A5 { 9F65 largest data field } }`, GPC 2.3.1 §11.9.3.1.
pub(crate) fn select(card: &Card) -> Response {
    let fields = [tlv::tlv(0x84, card.configuration.isd_aid.as_bytes()), tlv::tlv(0xA5, &tlv::tlv(0x9F65, &[0xFF]))];
    Response::ok(tlv::tlv(0x6F, &fields.concat()))
}

/// A command to the issuer security domain.
pub(crate) fn process(card: &mut Card, command: &Command) -> Result<Response, Sw> {
    match command.ins {
        ins::GET_DATA => get_data(card, command),
        ins::GET_STATUS => authenticated(card).and_then(|()| get_status(card, command)),
        ins::PUT_KEY => authenticated(card).and_then(|()| put_key(card, command)),
        ins::INSTALL => authenticated(card).and_then(|()| install(card, command)),
        ins::STORE_DATA => authenticated(card).and_then(|()| store_data(card, command)),
        ins::SET_STATUS => authenticated(card).and_then(|()| set_status(card, command)),
        _ => Err(Sw::INS_NOT_SUPPORTED),
    }
}

/// Whether the session has the level that the chip asks for.
fn authenticated(card: &Card) -> Result<(), Sw> {
    let wanted = card.configuration.level_min;
    match card.channel.secure_channel_level() {
        Some(level) if level & wanted == wanted => Ok(()),
        _ => Err(Sw::SECURITY_STATUS_NOT_SATISFIED),
    }
}

/// GET DATA, GPC 2.3.1 §11.3. CPLC tells chips apart, so it is closed once the card is the holder's.
fn get_data(card: &Card, command: &Command) -> Result<Response, Sw> {
    match command.p1p2() {
        0x9F7F if card.life == CardLife::Secured && authenticated(card).is_err() => {
            Err(Sw::SECURITY_STATUS_NOT_SATISFIED)
        }
        0x9F7F => Ok(Response::ok(tlv::tlv(0x9F7F, &card.configuration.cplc))),
        0x00E0 => Ok(Response::ok(keys::information(&card.nvm)?)),
        0x00C1 => {
            let set = keys::find(&card.nvm, 0)?;
            let [_, counter @ ..] = keys::sequence(&card.nvm, set.kvn).to_be_bytes();
            Ok(Response::ok(tlv::tlv(0xC1, &counter)))
        }
        0x0066 => Ok(Response::ok(card_data(card.configuration.scp_i))),
        _ => Err(Sw::REFERENCE_NOT_FOUND),
    }
}

/// Card recognition data, GPC 2.3.1 §H.2: GlobalPlatform 2.3.1, SCP03 with its i parameter.
fn card_data(i: u8) -> Vec<u8> {
    const GLOBALPLATFORM: [u8; 6] = [0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B]; // 1.2.840.114283
    let oid = |tail: &[u8]| tlv::tlv(0x06, &[&GLOBALPLATFORM, tail].concat());
    let fields = [
        oid(&[0x01]),
        tlv::tlv(0x60, &oid(&[0x02, 0x02, 0x03, 0x01])),
        tlv::tlv(0x63, &oid(&[0x03])),
        tlv::tlv(0x64, &oid(&[0x04, 0x03, i])),
    ];
    tlv::tlv(0x66, &tlv::tlv(0x73, &fields.concat()))
}

/// PUT KEY, GPC 2.3.1 §11.8: a set of three AES keys; P1 names the version to replace, 00 for a new one.
fn put_key(card: &mut Card, command: &Command) -> Result<Response, Sw> {
    if command.p2 != 0x81 {
        return Err(Sw::WRONG_P1P2); // three keys beginning with identifier 01
    }
    let Some(Session::Scp(session)) = &card.channel.session else {
        return Err(Sw::SECURITY_STATUS_NOT_SATISFIED);
    };
    let (kvn, fresh) = put_key::parse(command.p2, &command.data, session.as_ref())?;
    keys::put(&mut card.nvm, command.p1, keys::Versioned { kvn, keys: put_key::key_set(&fresh)? })?;
    Ok(Response::ok(put_key::confirmation(kvn, &fresh)))
}

/// INSTALL, GPC 2.3.1 §11.5: for install and make selectable (0C), for personalization (20).
fn install(card: &mut Card, command: &Command) -> Result<Response, Sw> {
    let fields = length_value_fields(&command.data)?;
    match (command.p1, fields.as_slice()) {
        (0x0C, [package, module, instance, privileges, parameters, _token]) => {
            let aid = |octets: &[u8]| Aid::new(octets).map_err(|_| Sw::WRONG_DATA);
            let mut octets = [0; 3];
            octets.iter_mut().zip(*privileges).for_each(|(to, from)| *to = *from);
            let entry = Entry {
                owner: card.registry.free_owner()?,
                aid: aid(instance)?,
                life: AppLife::Selectable,
                privileges: octets,
                package: aid(package)?,
                module: aid(module)?,
            };
            install_instance(card, entry, parameters)
        }
        (0x20, [_, _, instance, _, _, _]) => {
            let entry = card.registry.find(instance).ok_or(Sw::REFERENCE_NOT_FOUND)?;
            card.channel.personalising = Some(entry.owner);
            Ok(Response::ok([0]))
        }
        (0x0C | 0x20, _) => Err(Sw::WRONG_DATA),
        _ => Err(Sw::WRONG_P1P2),
    }
}

fn install_instance(card: &mut Card, entry: Entry, parameters: &[u8]) -> Result<Response, Sw> {
    let taken = card.registry.entries().iter().any(|held| held.aid == entry.aid);
    if taken || entry.aid == card.configuration.isd_aid {
        return Err(Sw::CONDITIONS_NOT_SATISFIED);
    }
    if entry.package != card.configuration.module.package {
        return Err(Sw::REFERENCE_NOT_FOUND);
    }
    let wanted = |index: &usize| card.modules.get(*index).is_some_and(|module| *module.aid() == entry.module);
    let index = (0..card.modules.len()).find(wanted).ok_or(Sw::REFERENCE_NOT_FOUND)?;
    // System parameters may stand beside; ours are the application's own, tag C9 (GPC 2.3.1 Table 11-49).
    let own = tlv::find(parameters, 0xC9).map_err(|_| Sw::WRONG_DATA)?.unwrap_or_default().to_vec();
    let owner = entry.owner;
    let applet = card.modules.get(index).map(|module| module.applet()).ok_or(Sw::REFERENCE_NOT_FOUND)?;
    card.applets.insert(owner, applet);
    // One transaction: registry entry and the applet's first cells are there together or not at all.
    card.nvm.begin()?;
    let modules = core::mem::take(&mut card.modules);
    let installed = match modules.get(index) {
        Some(module) => {
            card.with_applet(owner, &mut Next::Keep, |_, host| module.install(&own, host).map(|()| Sw::OK.into()))
        }
        None => Err(Sw::REFERENCE_NOT_FOUND),
    };
    card.modules = modules;
    let stored = installed.and_then(|_| {
        card.registry.store(entry, &mut card.nvm)?;
        Ok(card.nvm.commit()?)
    });
    match stored {
        Ok(()) => Ok(Response::ok([0])),
        Err(sw) => {
            card.nvm.abort();
            card.applets.remove(&owner);
            card.registry.forget(owner);
            Err(sw)
        }
    }
}

/// STORE DATA to the security domain goes to the application that INSTALL [for personalization] named.
fn store_data(card: &mut Card, command: &Command) -> Result<Response, Sw> {
    let owner = card.channel.personalising.ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
    let block = StoreData::read(command)?;
    card.with_applet(owner, &mut Next::Keep, |applet, host| applet.personalise(&block, host))
}

/// GET STATUS, GPC 2.3.1 §11.4, in the TLV form (P2 = 02): 80 the security domain, 40 applications.
fn get_status(card: &Card, command: &Command) -> Result<Response, Sw> {
    if command.p2 & 0x03 != 0x02 {
        return Err(Sw::WRONG_P1P2);
    }
    let mut criteria = Reader::new(&command.data);
    let wanted = criteria.expect(0x4F).map_err(|_| Sw::WRONG_DATA)?;
    let mut data = Vec::new();
    match command.p1 {
        0x80 => {
            let aid = &card.configuration.isd_aid;
            if aid.matches(wanted) {
                let fields = [
                    tlv::tlv(0x4F, aid.as_bytes()),
                    tlv::tlv(0x9F70, &[card.life.to_byte()]),
                    tlv::tlv(0xC5, &[0x9E, 0xFE, 0x80]),
                ];
                tlv::put(&mut data, 0xE3, &fields.concat());
            }
        }
        0x40 => {
            for entry in card.registry.entries().iter().filter(|entry| entry.aid.matches(wanted)) {
                tlv::put(&mut data, 0xE3, &entry.status_fields());
            }
        }
        _ => return Err(Sw::WRONG_P1P2),
    }
    if data.is_empty() { Err(Sw::REFERENCE_NOT_FOUND) } else { Ok(Response::ok(data)) }
}

/// SET STATUS, GPC 2.3.1 §11.10: 80 the card, 40 an application named in the data field.
fn set_status(card: &mut Card, command: &Command) -> Result<Response, Sw> {
    match command.p1 {
        0x80 => {
            let next = CardLife::from_byte(command.p2).ok_or(Sw::WRONG_DATA)?;
            if !card.life.may_become(next) {
                return Err(Sw::CONDITIONS_NOT_SATISFIED);
            }
            card.nvm.put(chip::LIFE_CYCLE, &[next.to_byte()])?;
            card.life = next;
        }
        0x40 => {
            let entry = card.registry.entries().iter().find(|entry| entry.aid.as_bytes() == &*command.data);
            let entry = entry.ok_or(Sw::REFERENCE_NOT_FOUND)?.clone();
            let life = entry.life.after(command.p2)?;
            if (entry.life, life) == (AppLife::Selectable, AppLife::Personalized) {
                card.with_applet(entry.owner, &mut Next::Keep, |applet, host| {
                    applet.seal(host).map(|()| Sw::OK.into())
                })?;
            }
            card.registry.store(Entry { life, ..entry }, &mut card.nvm)?;
        }
        _ => return Err(Sw::WRONG_P1P2),
    }
    Ok(Sw::OK.into())
}

/// The length-value fields of INSTALL, GPC 2.3.1 §11.5.2.3; lengths of 80 and more are BER-coded as in §11.1.5.
fn length_value_fields(data: &[u8]) -> Result<Vec<&[u8]>, Sw> {
    let mut rest = data;
    let mut fields = Vec::new();
    while let Some((&first, tail)) = rest.split_first() {
        let (length, tail) = match first {
            0x00..=0x7F => (usize::from(first), tail),
            0x81 => tail.split_first().map(|(n, tail)| (usize::from(*n), tail)).ok_or(Sw::WRONG_DATA)?,
            0x82 => tail
                .split_first_chunk::<2>()
                .map(|(n, tail)| (usize::from(u16::from_be_bytes(*n)), tail))
                .ok_or(Sw::WRONG_DATA)?,
            _ => return Err(Sw::WRONG_DATA),
        };
        fields.push(tail.get(..length).ok_or(Sw::WRONG_DATA)?);
        rest = tail.get(length..).ok_or(Sw::WRONG_DATA)?;
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_value_fields_with_every_length_form() {
        let mut data = vec![1, 0xAA, 0, 0x81, 0x80];
        data.extend([7; 0x80]);
        data.extend([0x82, 0x01, 0x00]);
        data.extend([8; 0x100]);
        let fields = length_value_fields(&data).unwrap();
        assert_eq!(fields.iter().map(|field| field.len()).collect::<Vec<_>>(), [1, 0, 0x80, 0x100]);
        for bad in [&[2u8, 1][..], &[0x81], &[0x82, 1], &[0x83, 0, 0, 0]] {
            assert_eq!(length_value_fields(bad), Err(Sw::WRONG_DATA));
        }
    }

    #[test]
    fn card_data_names_scp03_with_its_parameter() {
        let data = card_data(0x70);
        let tail = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B, 0x04, 0x03, 0x70];
        assert!(data.ends_with(&tail), "{data:02X?}");
    }
}
