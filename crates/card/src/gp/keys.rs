//! Key sets of the issuer security domain and their sequence counters (GPC 2.3.1 §7.2.2, Amd D §6.2.2.1).
//!
//! ```text
//! cell 0003   for each set: KVN(1) ‖ octets of a key(1) ‖ ENC ‖ MAC ‖ DEK
//! cell 00kk   with kk = KVN, from 0x80 on as 0x80 + KVN: sequence counter, three octets; never rolled back
//! ```

use bitaqa_apdu::{Sw, tlv};
use bitaqa_secure_messaging::scp03::KeySet;

use super::registry::CARD_MANAGER;
use crate::nvm::{CellId, Nvm};

const SETS: CellId = CellId { owner: CARD_MANAGER, key: 0x0003 };

/// The largest value of the three-octet counter: INITIALIZE UPDATE is refused from there on.
const COUNTER_MAX: u32 = 0x00FF_FFFF;

fn counter_cell(kvn: u8) -> CellId {
    CellId { owner: CARD_MANAGER, key: 0x0080 + u16::from(kvn) }
}

/// A key set with its version number.
pub struct Versioned {
    /// Key version number, 01 to 7F.
    pub kvn: u8,
    /// The keys.
    pub keys: KeySet,
}

/// Every key set, in the order in which they were put.
///
/// # Errors
/// 6581 when the cell cannot be read as key sets.
pub fn all(nvm: &Nvm) -> Result<Vec<Versioned>, Sw> {
    let mut rest = nvm.get(SETS).unwrap_or_default();
    let mut sets = Vec::new();
    while let Some((&[kvn, length], tail)) = rest.split_first_chunk::<2>() {
        let length = usize::from(length);
        let key = |index: usize| tail.get(index * length..(index + 1) * length).ok_or(Sw::MEMORY_FAILURE);
        let keys = KeySet::new(key(0)?, key(1)?, key(2)?).map_err(|_| Sw::MEMORY_FAILURE)?;
        sets.push(Versioned { kvn, keys });
        rest = tail.get(3 * length..).ok_or(Sw::MEMORY_FAILURE)?;
    }
    Ok(sets)
}

/// The key set of INITIALIZE UPDATE: by version, or the first one for version 0.
///
/// # Errors
/// 6A88 when there is none (GPC 2.3.1 §D.4.1.4).
pub fn find(nvm: &Nvm, kvn: u8) -> Result<Versioned, Sw> {
    all(nvm)?.into_iter().find(|set| kvn == 0 || set.kvn == kvn).ok_or(Sw::REFERENCE_NOT_FOUND)
}

/// Adds a key set (`replaces` = 0) or puts it in the place of an existing version, at one stroke with its counter at 0.
///
/// # Errors
/// 6A88 when the version to replace is not there, 6A80 when the new version is there already, memory errors.
pub fn put(nvm: &mut Nvm, replaces: u8, new: Versioned) -> Result<(), Sw> {
    let mut sets = all(nvm)?;
    if sets.iter().any(|set| set.kvn == new.kvn && set.kvn != replaces) {
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
        store(nvm, &sets)?;
        nvm.put(counter_cell(fresh), &[0; 3])?;
        if replaces != 0 && replaces != fresh {
            nvm.remove(counter_cell(replaces))?;
        }
        Ok(())
    })
}

fn store(nvm: &mut Nvm, sets: &[Versioned]) -> Result<(), Sw> {
    let mut octets = zeroize::Zeroizing::new(Vec::new());
    for set in sets {
        octets.push(set.kvn);
        octets.push(u8::try_from(set.keys.key_octets()).map_err(|_| Sw::WRONG_DATA)?);
        set.keys.keys().iter().for_each(|key| octets.extend_from_slice(key));
    }
    Ok(nvm.put(SETS, &octets)?)
}

/// Counts one INITIALIZE UPDATE of this version and returns the new value, which the challenge is made from.
///
/// # Errors
/// 6985 at the counter's maximum, memory errors.
pub fn next_sequence(nvm: &mut Nvm, kvn: u8) -> Result<u32, Sw> {
    let next = sequence(nvm, kvn) + 1;
    if next > COUNTER_MAX {
        return Err(Sw::CONDITIONS_NOT_SATISFIED);
    }
    let [_, octets @ ..] = next.to_be_bytes();
    nvm.put_through(counter_cell(kvn), &octets)?;
    Ok(next)
}

/// The sequence counter of a version.
pub fn sequence(nvm: &Nvm, kvn: u8) -> u32 {
    nvm.get(counter_cell(kvn)).unwrap_or_default().iter().fold(0, |sum, octet| sum << 8 | u32::from(*octet))
}

/// Key information template `E0 { C0 04 <id> <KVN> 88 <octets> .. }` (GPC 2.3.1 §11.3.3.1).
///
/// # Errors
/// 6581 when the key sets cannot be read.
pub fn information(nvm: &Nvm) -> Result<Vec<u8>, Sw> {
    let mut fields = Vec::new();
    for set in all(nvm)? {
        let octets = u8::try_from(set.keys.key_octets()).unwrap_or(u8::MAX);
        for id in 1..=3 {
            tlv::put(&mut fields, 0xC0, &[id, set.kvn, 0x88, octets]);
        }
    }
    Ok(tlv::tlv(0xE0, &fields))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nvm::medium::MemoryMedium;

    fn versioned(kvn: u8, octet: u8) -> Versioned {
        Versioned { kvn, keys: KeySet::new(&[octet; 16], &[octet; 16], &[octet; 16]).unwrap() }
    }

    #[test]
    fn replacing_takes_the_old_version_away_and_starts_its_counter_anew() {
        let mut nvm = Nvm::format(Box::new(MemoryMedium::default()), 4096).unwrap();
        put(&mut nvm, 0, versioned(1, 0x40)).unwrap();
        assert_eq!(next_sequence(&mut nvm, 1), Ok(1));
        put(&mut nvm, 1, versioned(0x30, 0x50)).unwrap();
        assert_eq!(find(&nvm, 1).err(), Some(Sw::REFERENCE_NOT_FOUND));
        assert_eq!(find(&nvm, 0).unwrap().kvn, 0x30);
        assert_eq!((sequence(&nvm, 1), sequence(&nvm, 0x30)), (0, 0));
        assert_eq!(information(&nvm).unwrap()[..8], [0xE0, 18, 0xC0, 4, 1, 0x30, 0x88, 16]);
        assert_eq!(put(&mut nvm, 9, versioned(2, 1)).err(), Some(Sw::REFERENCE_NOT_FOUND));
        assert_eq!(put(&mut nvm, 0, versioned(0x30, 1)).err(), Some(Sw::WRONG_DATA));
    }

    #[test]
    fn the_counter_ends_at_its_maximum() {
        let mut nvm = Nvm::format(Box::new(MemoryMedium::default()), 4096).unwrap();
        put(&mut nvm, 0, versioned(1, 0x40)).unwrap();
        nvm.put(counter_cell(1), &[0xFF, 0xFF, 0xFE]).unwrap();
        assert_eq!(next_sequence(&mut nvm, 1), Ok(COUNTER_MAX));
        assert_eq!(next_sequence(&mut nvm, 1), Err(Sw::CONDITIONS_NOT_SATISFIED));
    }
}
