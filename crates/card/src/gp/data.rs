//! GET DATA of a security domain, GPC 2.3.1 §11.3.

use bitaqa_apdu::tlv;
use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_secure_messaging::KeyType;

use super::keys;
use super::life_cycle::CardLife;
use super::registry::CARD_MANAGER;
use super::store_data::{self, object};
use crate::card::Card;
use crate::nvm::Owner;

/// Object identifier of GlobalPlatform, 1.2.840.114283.
const GLOBALPLATFORM: [u8; 6] = [0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B];

/// Answers with one data object. CPLC tells chips apart, so it is closed once the card is the holder's.
///
/// # Errors
/// 6A88 for an object that the domain has not, 6982 for CPLC of a secured card outside of a secure channel.
pub fn get_data(card: &Card, domain: Owner, command: &Command) -> Result<Response, Sw> {
    let data = match command.p1p2() {
        0x9F7F if domain == CARD_MANAGER => {
            if card.life == CardLife::Secured {
                super::authenticated(card)?;
            }
            tlv::tlv(0x9F7F, &store_data::cplc(card))
        }
        0x00E0 => keys::information(&card.nvm, domain)?,
        0x00C1 => {
            let with_keys = keys::domain_with_keys(&card.nvm, &card.registry, domain)?;
            let set = keys::find(&card.nvm, with_keys, 0)?;
            let counter = keys::sequence(&card.nvm, with_keys, set.kvn).to_be_bytes();
            // SCP02 counts in two octets, SCP03 in three.
            let octets = if set.keys.key_type() == KeyType::TripleDes { 2 } else { 3 };
            let [_, three @ ..] = counter;
            tlv::tlv(0xC1, three.get(3 - octets..).unwrap_or_default())
        }
        0x00CF if domain == CARD_MANAGER => tlv::tlv(0xCF, &card.configuration.kdd),
        0x0066 => card_data(&protocols(card, domain)?, card.configuration.scp_i),
        0xFF21 => resources(card),
        0x2F00 => applications(card),
        tag if !command.data.is_empty() => {
            let tag = u32::from(tag);
            tlv::tlv(tag, &store_data::object_by_reference(card, domain, tag, &command.data)?)
        }
        tag => {
            let value = object(card, domain, u32::from(tag)).ok_or(Sw::REFERENCE_NOT_FOUND)?;
            tlv::tlv(u32::from(tag), &value)
        }
    };
    Ok(Response::ok(data))
}

/// The secure channel protocols that the domain's keys speak.
fn protocols(card: &Card, domain: Owner) -> Result<Vec<u8>, Sw> {
    let with_keys = keys::domain_with_keys(&card.nvm, &card.registry, domain)?;
    let mut protocols = Vec::new();
    for set in keys::all(&card.nvm, with_keys)? {
        let protocol = if set.keys.key_type() == KeyType::TripleDes { 0x02 } else { 0x03 };
        if !protocols.contains(&protocol) {
            protocols.push(protocol);
        }
    }
    Ok(protocols)
}

/// Card recognition data, GPC 2.3.1 §H.2: GlobalPlatform 2.3.1, each protocol with its i parameter.
fn card_data(protocols: &[u8], i: u8) -> Vec<u8> {
    let oid = |tail: &[u8]| tlv::tlv(0x06, &[&GLOBALPLATFORM, tail].concat());
    let mut fields =
        [oid(&[0x01]), tlv::tlv(0x60, &oid(&[0x02, 0x02, 0x03, 0x01])), tlv::tlv(0x63, &oid(&[0x03]))].concat();
    for protocol in protocols {
        tlv::put(&mut fields, 0x64, &oid(&[0x04, *protocol, i]));
    }
    tlv::tlv(0x66, &tlv::tlv(0x73, &fields))
}

/// Extended card resources, GPC 2.3.1 §11.3.3.1.2: number of applications, free octets of both memories.
fn resources(card: &Card) -> Vec<u8> {
    let (used, all) = card.nvm.usage();
    let free = u32::try_from(all.saturating_sub(used)).unwrap_or(u32::MAX).to_be_bytes();
    let count = u16::try_from(card.registry.entries().len()).unwrap_or(u16::MAX).to_be_bytes();
    let fields = [tlv::tlv(0x81, &count), tlv::tlv(0x82, &free), tlv::tlv(0x83, &VOLATILE_BYTES.to_be_bytes())];
    tlv::tlv(0xFF21, &fields.concat())
}

/// Octets of volatile memory that the chip tells: its command buffer, of which nothing is handed out for good.
const VOLATILE_BYTES: u32 = 65_536;

/// List of applications, GPC 2.3.1 §11.3.3.1.3: `61 { 4F AID }` for each selectable one, as in EF.DIR.
fn applications(card: &Card) -> Vec<u8> {
    let selectable = card.registry.entries().iter().filter(|entry| entry.life.is_selectable());
    let rows: Vec<u8> = selectable.flat_map(|entry| tlv::tlv(0x61, &tlv::tlv(0x4F, entry.aid.as_bytes()))).collect();
    tlv::tlv(0x2F00, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_data_names_each_protocol_with_its_parameter() {
        let data = card_data(&[0x02, 0x03], 0x70);
        let tail = |protocol| [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B, 0x04, protocol, 0x70];
        assert!(data.ends_with(&tail(0x03)), "{data:02X?}");
        assert!(data.windows(11).any(|octets| octets == tail(0x02)));
    }
}
