//! The GlobalPlatform registry in the card's memory: which instances exist, of which module, in which state
//! (GPC 2.3.1 §6.6). One cell an instance, under owner 0.
//!
//! ```text
//! E3 { 4F AID   9F70 life cycle(1)   C5 privileges(3)   C4 package AID   84 module AID }
//! ```

use bitaqa_apdu::tlv::{self, Reader, TlvError};
use bitaqa_apdu::{Aid, Sw};

use super::life_cycle::AppLife;
use crate::nvm::image::ImageError;
use crate::nvm::{CellId, Nvm, NvmError, Owner};

/// Privilege "card reset", GPC 2.3.1 Table 6-1: selected by default after reset.
pub const PRIVILEGE_CARD_RESET: u8 = 0x04;

/// Owner number of the card manager's own cells.
pub const CARD_MANAGER: Owner = 0;

/// Key of the first registry cell; instance n is at this number plus n.
const FIRST_ENTRY: u16 = 0x0200;

/// One installed instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Registry number, owner of the instance's cells.
    pub owner: Owner,
    /// AID of the instance.
    pub aid: Aid,
    /// Life cycle.
    pub life: AppLife,
    /// Privileges, three octets.
    pub privileges: [u8; 3],
    /// AID of the load file that the module came from.
    pub package: Aid,
    /// AID of the module.
    pub module: Aid,
}

impl Entry {
    fn encode(&self) -> Vec<u8> {
        tlv::tlv(0xE3, &[self.status_fields(), tlv::tlv(0x84, self.module.as_bytes())].concat())
    }

    /// The fields that GET STATUS shows (GPC 2.3.1 Table 11-36).
    pub fn status_fields(&self) -> Vec<u8> {
        [
            tlv::tlv(0x4F, self.aid.as_bytes()),
            tlv::tlv(0x9F70, &[self.life.to_byte()]),
            tlv::tlv(0xC5, &self.privileges),
            tlv::tlv(0xC4, self.package.as_bytes()),
        ]
        .concat()
    }

    fn decode(owner: Owner, octets: &[u8]) -> Option<Self> {
        let read = || -> Result<Option<Self>, TlvError> {
            let mut reader = Reader::new(tlv::only(octets, 0xE3)?);
            let aid = Aid::new(reader.expect(0x4F)?).ok();
            let life = reader.expect(0x9F70)?.first().copied().and_then(AppLife::from_byte);
            let privileges = reader.expect(0xC5)?.try_into().ok();
            let package = Aid::new(reader.expect(0xC4)?).ok();
            let module = Aid::new(reader.expect(0x84)?).ok();
            reader.finish()?;
            let all = || {
                Some(Self {
                    owner,
                    aid: aid?,
                    life: life?,
                    privileges: privileges?,
                    package: package?,
                    module: module?,
                })
            };
            Ok(all())
        };
        read().ok().flatten()
    }
}

/// All instances, in the order of their numbers.
#[derive(Default)]
pub struct Registry {
    entries: Vec<Entry>,
}

impl Registry {
    /// Reads the registry out of the memory.
    ///
    /// # Errors
    /// [`ImageError::Content`] for a cell that is no entry.
    pub fn load(nvm: &Nvm) -> Result<Self, ImageError> {
        let keys = nvm.keys(CARD_MANAGER).filter(|key| *key >= FIRST_ENTRY);
        let entries = keys.map(|key| {
            let owner = Owner::try_from(key - FIRST_ENTRY).ok()?;
            Entry::decode(owner, nvm.get(CellId { owner: CARD_MANAGER, key })?)
        });
        let entries: Option<Vec<Entry>> = entries.collect();
        Ok(Self { entries: entries.ok_or(ImageError::Content("a registry entry cannot be read"))? })
    }

    /// The instances.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The instance with this number.
    pub fn get(&self, owner: Owner) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.owner == owner)
    }

    /// The first selectable instance that a full or partial AID names.
    pub fn find(&self, partial: &[u8]) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.aid.matches(partial))
    }

    /// The instance that reset selects.
    pub fn default_selected(&self) -> Option<&Entry> {
        let default = |entry: &&Entry| entry.privileges[0] & PRIVILEGE_CARD_RESET != 0 && entry.life.is_selectable();
        self.entries.iter().find(default)
    }

    /// A number that no instance has.
    ///
    /// # Errors
    /// 6A84 when all are taken.
    pub fn free_owner(&self) -> Result<Owner, Sw> {
        (1..=Owner::MAX).find(|owner| self.get(*owner).is_none()).ok_or(Sw::NOT_ENOUGH_MEMORY)
    }

    /// Forgets an entry whose transaction was dropped.
    pub fn forget(&mut self, owner: Owner) {
        self.entries.retain(|entry| entry.owner != owner);
    }

    /// Writes an entry, new or changed.
    ///
    /// # Errors
    /// [`NvmError`]; the registry is then as before.
    pub fn store(&mut self, entry: Entry, nvm: &mut Nvm) -> Result<(), NvmError> {
        let key = FIRST_ENTRY + u16::from(entry.owner);
        nvm.put(CellId { owner: CARD_MANAGER, key }, &entry.encode())?;
        match self.entries.iter_mut().find(|held| held.owner == entry.owner) {
            Some(held) => *held = entry,
            None => self.entries.push(entry),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nvm::medium::MemoryMedium;

    fn entry(owner: Owner) -> Entry {
        Entry {
            owner,
            aid: Aid::from_hex("A0000002471001").unwrap(),
            life: AppLife::Selectable,
            privileges: [PRIVILEGE_CARD_RESET, 0, 0],
            package: Aid::from_hex("A00000024710").unwrap(),
            module: Aid::from_hex("A0000002471001").unwrap(),
        }
    }

    #[test]
    fn entries_survive_the_memory() {
        let mut nvm = Nvm::format(Box::new(MemoryMedium::default()), 4096).unwrap();
        let mut registry = Registry::default();
        registry.store(entry(1), &mut nvm).unwrap();
        registry.store(Entry { life: AppLife::Personalized, ..entry(1) }, &mut nvm).unwrap();
        let again = Registry::load(&nvm).unwrap();
        assert_eq!(again.entries(), registry.entries());
        assert_eq!(again.default_selected().unwrap().life, AppLife::Personalized);
        assert_eq!(again.find(&[0xA0, 0, 0, 2, 0x47]).unwrap().owner, 1);
        assert_eq!(again.free_owner(), Ok(2));
    }

    #[test]
    fn a_cell_that_is_no_entry_is_an_error_not_a_gap() {
        let mut nvm = Nvm::format(Box::new(MemoryMedium::default()), 4096).unwrap();
        nvm.put(CellId { owner: CARD_MANAGER, key: FIRST_ENTRY + 1 }, b"rubbish").unwrap();
        assert!(matches!(Registry::load(&nvm), Err(ImageError::Content(_))));
    }
}
