//! Keys of the security domains (GPC 2.3.1 §7.5): sets that open secure channels, with their sequence counters and
//! failed authentications, and single keys for tokens, receipts, load files and SCP11. Each in the domain's own cells.
//!
//! ```text
//! cell 0003   for each set: KVN(1) ‖ octets of a key(1), with bit 8 for 3DES ‖ ENC ‖ MAC ‖ DEK
//! cell 0004   { E0 { 83 KVN(1)   84 identifier(1)   85 key type(1) ‖ parameter(1)   86 value } }*
//! cell 0080 + KVN   sequence counter, three octets; never rolled back
//! cell 0100 + KVN   failed authentications in a row, one octet; never rolled back
//! ```

use bitaqa_apdu::tlv::{self, Reader};
use bitaqa_apdu::{Sw, tlv::TlvError};
use bitaqa_secure_messaging::put_key::{KeyKind, NewKey};
use bitaqa_secure_messaging::{KeySet, KeyType};
use zeroize::Zeroizing;

use super::registry::{CARD_MANAGER, Registry};
use crate::nvm::{CellId, Nvm, Owner};

const SETS: u16 = 0x0003;
const SINGLE_KEYS: u16 = 0x0004;

/// In the length octet of a set: the keys are of 3DES.
const TRIPLE_DES: u8 = 0x80;

/// The largest value of the three-octet counter: INITIALIZE UPDATE is refused from there on.
const COUNTER_MAX: u32 = 0x00FF_FFFF;

/// Version of the key that verifies tokens; identifier 01 (GPC 2.3.1 §7.5.1).
pub const TOKEN: u8 = 0x70;
/// Version of the key that makes receipts.
pub const RECEIPT: u8 = 0x71;
/// Version of the key that verifies load files (DAP).
pub const DAP: u8 = 0x73;

const fn cell(domain: Owner, key: u16) -> CellId {
    CellId { owner: domain, key }
}

const fn counter_cell(domain: Owner, kvn: u8) -> CellId {
    cell(domain, 0x0080 + kvn as u16)
}

const fn failures_cell(domain: Owner, kvn: u8) -> CellId {
    cell(domain, 0x0100 + kvn as u16)
}

/// A key set with its version number.
pub struct Versioned {
    /// Key version number, 01 to 7F.
    pub kvn: u8,
    /// The keys.
    pub keys: KeySet,
}

/// Every key set of a domain, in the order in which they were put.
///
/// # Errors
/// 6581 when the cell cannot be read as key sets.
pub fn all(nvm: &Nvm, domain: Owner) -> Result<Vec<Versioned>, Sw> {
    let mut rest = nvm.get(cell(domain, SETS)).unwrap_or_default();
    let mut sets = Vec::new();
    while let Some((&[kvn, form], tail)) = rest.split_first_chunk::<2>() {
        let length = usize::from(form & !TRIPLE_DES);
        let key = |index: usize| tail.get(index * length..(index + 1) * length).ok_or(Sw::MEMORY_FAILURE);
        let make = if form & TRIPLE_DES == 0 { KeySet::new } else { KeySet::triple_des };
        let keys = make(key(0)?, key(1)?, key(2)?).map_err(|_| Sw::MEMORY_FAILURE)?;
        sets.push(Versioned { kvn, keys });
        rest = tail.get(3 * length..).ok_or(Sw::MEMORY_FAILURE)?;
    }
    Ok(sets)
}

/// The domain whose keys open a secure channel to this one: its own, or the next one above that has any (GPC 2.3.1
/// §7.3).
///
/// # Errors
/// 6581 when key sets cannot be read.
pub fn domain_with_keys(nvm: &Nvm, registry: &Registry, domain: Owner) -> Result<Owner, Sw> {
    let mut at = domain;
    while at != CARD_MANAGER && all(nvm, at)?.is_empty() {
        match registry.get(at) {
            Some(entry) if entry.domain != at => at = entry.domain,
            _ => return Ok(CARD_MANAGER),
        }
    }
    Ok(at)
}

/// The key set of INITIALIZE UPDATE: by version, or the first one for version 0.
///
/// # Errors
/// 6A88 when there is none (GPC 2.3.1 §D.4.1.4).
pub fn find(nvm: &Nvm, domain: Owner, kvn: u8) -> Result<Versioned, Sw> {
    all(nvm, domain)?.into_iter().find(|set| kvn == 0 || set.kvn == kvn).ok_or(Sw::REFERENCE_NOT_FOUND)
}

/// Adds a key set (`replaces` = 0) or puts it in the place of an existing version, at one stroke with its counter at 0.
///
/// # Errors
/// 6A88 when the version to replace is not there, 6A80 when the new version is there already, memory errors.
pub fn put(nvm: &mut Nvm, domain: Owner, replaces: u8, new: Versioned) -> Result<(), Sw> {
    let mut sets = all(nvm, domain)?;
    let taken = sets.iter().any(|set| set.kvn == new.kvn && set.kvn != replaces);
    if taken || single_keys(nvm, domain)?.iter().any(|(kvn, _)| *kvn == new.kvn) {
        return Err(Sw::WRONG_DATA);
    }
    let fresh = new.kvn;
    match replaces {
        0 => sets.push(new),
        kvn => {
            let place = sets.iter_mut().find(|set| set.kvn == kvn).ok_or(Sw::REFERENCE_NOT_FOUND)?;
            *place = new;
        }
    }
    nvm.transaction(|nvm| {
        store(nvm, domain, &sets)?;
        nvm.put(counter_cell(domain, fresh), &[0; 3])?;
        nvm.remove(failures_cell(domain, fresh))?;
        if replaces != 0 && replaces != fresh {
            forget_counters(nvm, domain, replaces)?;
        }
        Ok(())
    })
}

fn forget_counters(nvm: &mut Nvm, domain: Owner, kvn: u8) -> Result<(), Sw> {
    nvm.remove(counter_cell(domain, kvn))?;
    Ok(nvm.remove(failures_cell(domain, kvn))?)
}

fn store(nvm: &mut Nvm, domain: Owner, sets: &[Versioned]) -> Result<(), Sw> {
    let mut octets = Zeroizing::new(Vec::new());
    for set in sets {
        let length = u8::try_from(set.keys.key_octets()).map_err(|_| Sw::WRONG_DATA)?;
        let form = if set.keys.key_type() == KeyType::TripleDes { length | TRIPLE_DES } else { length };
        octets.extend_from_slice(&[set.kvn, form]);
        set.keys.keys().iter().for_each(|key| octets.extend_from_slice(key));
    }
    Ok(nvm.put(cell(domain, SETS), &octets)?)
}

/// Every single key of a domain with its version.
///
/// # Errors
/// 6581 when the cell cannot be read.
pub fn single_keys(nvm: &Nvm, domain: Owner) -> Result<Vec<(u8, NewKey)>, Sw> {
    let mut reader = Reader::new(nvm.get(cell(domain, SINGLE_KEYS)).unwrap_or_default());
    let mut keys = Vec::new();
    let unreadable = |_: TlvError| Sw::MEMORY_FAILURE;
    while let Some(template) = reader.optional(0xE0).map_err(unreadable)? {
        let mut fields = Reader::new(template);
        let kvn = fields.expect(0x83).map_err(unreadable)?.first().copied();
        let id = fields.expect(0x84).map_err(unreadable)?.first().copied();
        let kind = match *fields.expect(0x85).map_err(unreadable)? {
            [code, parameter] => KeyKind::from_code(code, parameter),
            _ => None,
        };
        let value = fields.expect(0x86).map_err(unreadable)?;
        let (Some(kvn), Some(id), Some(kind)) = (kvn, id, kind) else { return Err(Sw::MEMORY_FAILURE) };
        keys.push((kvn, NewKey::new(id, kind, value).map_err(|_| Sw::MEMORY_FAILURE)?));
    }
    Ok(keys)
}

/// A single key by version and identifier.
///
/// # Errors
/// 6A88 when there is none, 6581 when the cell cannot be read.
pub fn single(nvm: &Nvm, domain: Owner, kvn: u8, id: u8) -> Result<NewKey, Sw> {
    let keys = single_keys(nvm, domain)?.into_iter();
    keys.filter(|(version, key)| (*version, key.id) == (kvn, id))
        .map(|(_, key)| key)
        .next()
        .ok_or(Sw::REFERENCE_NOT_FOUND)
}

/// Adds single keys under a version (`replaces` = 0), or puts them in the place of the keys with the same identifiers.
///
/// # Errors
/// 6A88 when a key to replace is not there, 6A80 when a new one is there already, memory errors.
pub fn put_single(nvm: &mut Nvm, domain: Owner, replaces: u8, kvn: u8, new: &[NewKey]) -> Result<(), Sw> {
    if all(nvm, domain)?.iter().any(|set| set.kvn == kvn) {
        return Err(Sw::WRONG_DATA);
    }
    let mut keys = single_keys(nvm, domain)?;
    for key in new {
        let held = |version: u8, keys: &[(u8, NewKey)]| {
            keys.iter().position(|(held, other)| *held == version && other.id == key.id)
        };
        if replaces != 0 {
            let place = held(replaces, &keys).ok_or(Sw::REFERENCE_NOT_FOUND)?;
            keys.remove(place);
        }
        if held(kvn, &keys).is_some() {
            return Err(Sw::WRONG_DATA);
        }
        keys.push((kvn, key.clone()));
    }
    store_single(nvm, domain, &keys)
}

fn store_single(nvm: &mut Nvm, domain: Owner, keys: &[(u8, NewKey)]) -> Result<(), Sw> {
    let mut octets = Zeroizing::new(Vec::new());
    for (kvn, key) in keys {
        let fields = Zeroizing::new(
            [
                tlv::tlv(0x83, &[*kvn]),
                tlv::tlv(0x84, &[key.id]),
                tlv::tlv(0x85, &[key.kind.code(), key.kind.parameter()]),
                tlv::tlv(0x86, &key.value),
            ]
            .concat(),
        );
        tlv::put(&mut octets, 0xE0, &fields);
    }
    Ok(nvm.put(cell(domain, SINGLE_KEYS), &octets)?)
}

/// DELETE of keys (GPC 2.3.1 §11.2.2.3.2): by version, by identifier or by both. A set goes as a whole; the last one of
/// the issuer's domain stays, since no one could ever speak to the card again.
///
/// # Errors
/// 6A88 when nothing fits, 6985 for the last key set, memory errors.
pub fn delete(nvm: &mut Nvm, domain: Owner, kvn: Option<u8>, id: Option<u8>) -> Result<(), Sw> {
    let (mut sets, mut keys) = (all(nvm, domain)?, single_keys(nvm, domain)?);
    let (sets_before, keys_before) = (sets.len(), keys.len());
    let fits =
        |version: u8, identifier: u8| kvn.is_none_or(|kvn| kvn == version) && id.is_none_or(|id| id == identifier);
    let mut gone = Vec::new();
    if id.is_none() {
        gone.extend(sets.iter().map(|set| set.kvn).filter(|version| fits(*version, 0)));
        sets.retain(|set| !gone.contains(&set.kvn));
    }
    keys.retain(|(version, key)| !fits(*version, key.id));
    if (sets.len(), keys.len()) == (sets_before, keys_before) {
        return Err(Sw::REFERENCE_NOT_FOUND);
    }
    if sets.is_empty() && sets_before > 0 && domain == CARD_MANAGER {
        return Err(Sw::CONDITIONS_NOT_SATISFIED);
    }
    nvm.transaction(|nvm| {
        store(nvm, domain, &sets)?;
        store_single(nvm, domain, &keys)?;
        gone.iter().try_for_each(|version| forget_counters(nvm, domain, *version))
    })
}

/// Writes the next value of a version's counter and returns it. SCP03 makes the challenge from it, SCP02 has used the
/// one before.
///
/// # Errors
/// 6985 at the counter's maximum, memory errors.
pub fn next_sequence(nvm: &mut Nvm, domain: Owner, kvn: u8) -> Result<u32, Sw> {
    let next = sequence(nvm, domain, kvn) + 1;
    if next > COUNTER_MAX {
        return Err(Sw::CONDITIONS_NOT_SATISFIED);
    }
    let [_, octets @ ..] = next.to_be_bytes();
    nvm.put_through(counter_cell(domain, kvn), &octets)?;
    Ok(next)
}

/// The sequence counter of a version.
pub fn sequence(nvm: &Nvm, domain: Owner, kvn: u8) -> u32 {
    let octets = nvm.get(counter_cell(domain, kvn)).unwrap_or_default();
    octets.iter().fold(0, |sum, octet| sum << 8 | u32::from(*octet))
}

/// Failed authentications in a row with a version.
pub fn failures(nvm: &Nvm, domain: Owner, kvn: u8) -> u8 {
    nvm.get(failures_cell(domain, kvn)).and_then(|octets| octets.first()).copied().unwrap_or(0)
}

/// Writes the number of failed authentications. Before a check and not after it: pulling the card out spares no try.
///
/// # Errors
/// Memory errors.
pub fn set_failures(nvm: &mut Nvm, domain: Owner, kvn: u8, count: u8) -> Result<(), Sw> {
    Ok(nvm.put_through(failures_cell(domain, kvn), &[count])?)
}

/// Key information template `E0 { C0 04 <id> <KVN> <type> <octets> .. }` (GPC 2.3.1 §11.3.3.1.1); in the data of a
/// component of more than 255 octets the length tells FF.
///
/// # Errors
/// 6581 when the keys cannot be read.
pub fn information(nvm: &Nvm, domain: Owner) -> Result<Vec<u8>, Sw> {
    let mut fields = Vec::new();
    let octets = |length: usize| u8::try_from(length).unwrap_or(u8::MAX);
    for set in all(nvm, domain)? {
        let kind = if set.keys.key_type() == KeyType::TripleDes { KeyKind::TripleDes } else { KeyKind::Aes };
        for id in 1..=3 {
            tlv::put(&mut fields, 0xC0, &[id, set.kvn, kind.code(), octets(set.keys.key_octets())]);
        }
    }
    for (kvn, key) in single_keys(nvm, domain)? {
        let components = key.components().into_iter().flat_map(|(code, length)| [code, octets(length)]);
        tlv::put(&mut fields, 0xC0, &[key.id, kvn].into_iter().chain(components).collect::<Vec<_>>());
    }
    Ok(tlv::tlv(0xE0, &fields))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nvm::medium::MemoryMedium;

    fn nvm() -> Nvm {
        Nvm::format(Box::new(MemoryMedium::default()), 4096).unwrap()
    }

    fn versioned(kvn: u8, octet: u8) -> Versioned {
        Versioned { kvn, keys: KeySet::new(&[octet; 16], &[octet; 16], &[octet; 16]).unwrap() }
    }

    #[test]
    fn replacing_takes_the_old_version_away_and_starts_its_counter_anew() {
        let mut nvm = nvm();
        put(&mut nvm, 0, 0, versioned(1, 0x40)).unwrap();
        assert_eq!(next_sequence(&mut nvm, 0, 1), Ok(1));
        set_failures(&mut nvm, 0, 1, 3).unwrap();
        put(&mut nvm, 0, 1, versioned(0x30, 0x50)).unwrap();
        assert_eq!(find(&nvm, 0, 1).err(), Some(Sw::REFERENCE_NOT_FOUND));
        assert_eq!(find(&nvm, 0, 0).unwrap().kvn, 0x30);
        assert_eq!((sequence(&nvm, 0, 1), sequence(&nvm, 0, 0x30), failures(&nvm, 0, 1)), (0, 0, 0));
        assert_eq!(information(&nvm, 0).unwrap()[..8], [0xE0, 18, 0xC0, 4, 1, 0x30, 0x88, 16]);
        assert_eq!(put(&mut nvm, 0, 9, versioned(2, 1)).err(), Some(Sw::REFERENCE_NOT_FOUND));
        assert_eq!(put(&mut nvm, 0, 0, versioned(0x30, 1)).err(), Some(Sw::WRONG_DATA));
    }

    #[test]
    fn sets_of_both_kinds_and_of_each_domain_lie_side_by_side() {
        let mut nvm = nvm();
        let des = KeySet::triple_des(&[1; 16], &[2; 16], &[3; 16]).unwrap();
        put(&mut nvm, 0, 0, versioned(1, 0x40)).unwrap();
        put(&mut nvm, 0, 0, Versioned { kvn: 2, keys: des }).unwrap();
        put(&mut nvm, 7, 0, versioned(1, 0x60)).unwrap();
        let types: Vec<KeyType> = all(&nvm, 0).unwrap().iter().map(|set| set.keys.key_type()).collect();
        assert_eq!(types, [KeyType::Aes, KeyType::TripleDes]);
        assert_eq!(find(&nvm, 0, 2).unwrap().keys.keys(), [&[1; 16][..], &[2; 16], &[3; 16]]);
        assert_eq!(find(&nvm, 7, 0).unwrap().keys.keys()[0], [0x60; 16]);
    }

    #[test]
    fn single_keys_are_found_replaced_and_deleted_by_version_and_identifier() {
        let mut nvm = nvm();
        let aes = |id, octet| NewKey::new(id, KeyKind::Aes, &[octet; 16]).unwrap();
        put(&mut nvm, 0, 0, versioned(1, 0x40)).unwrap();
        put_single(&mut nvm, 0, 0, RECEIPT, &[aes(1, 1), aes(2, 2)]).unwrap();
        assert_eq!(put_single(&mut nvm, 0, 0, RECEIPT, &[aes(2, 9)]), Err(Sw::WRONG_DATA));
        assert_eq!(put_single(&mut nvm, 0, RECEIPT, RECEIPT, &[aes(3, 9)]), Err(Sw::REFERENCE_NOT_FOUND));
        put_single(&mut nvm, 0, RECEIPT, RECEIPT, &[aes(2, 9)]).unwrap();
        assert_eq!(*single(&nvm, 0, RECEIPT, 2).unwrap().value, [9; 16]);
        assert_eq!(put_single(&mut nvm, 0, 0, 1, &[aes(1, 1)]), Err(Sw::WRONG_DATA), "version of a set");
        delete(&mut nvm, 0, Some(RECEIPT), Some(1)).unwrap();
        assert_eq!(single(&nvm, 0, RECEIPT, 1).err(), Some(Sw::REFERENCE_NOT_FOUND));
        assert!(single(&nvm, 0, RECEIPT, 2).is_ok());
        assert_eq!(delete(&mut nvm, 0, Some(RECEIPT), Some(1)), Err(Sw::REFERENCE_NOT_FOUND));
        assert_eq!(delete(&mut nvm, 0, Some(1), None), Err(Sw::CONDITIONS_NOT_SATISFIED), "the last set");
        put(&mut nvm, 0, 0, versioned(2, 0x41)).unwrap();
        assert_eq!(delete(&mut nvm, 0, Some(1), None), Ok(()));
    }

    #[test]
    fn the_counter_ends_at_its_maximum() {
        let mut nvm = nvm();
        put(&mut nvm, 0, 0, versioned(1, 0x40)).unwrap();
        nvm.put(counter_cell(0, 1), &[0xFF, 0xFF, 0xFE]).unwrap();
        assert_eq!(next_sequence(&mut nvm, 0, 1), Ok(COUNTER_MAX));
        assert_eq!(next_sequence(&mut nvm, 0, 1), Err(Sw::CONDITIONS_NOT_SATISFIED));
    }
}
