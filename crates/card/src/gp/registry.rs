//! The GlobalPlatform registry in the card's memory (GPC 2.3.1 §6.6): which instances and load files exist, of which
//! module, in which state, under which security domain. One cell an entry, under owner 0.
//!
//! ```text
//! cell 0005       load files stand in cells: empty
//! cell 0200 + n   instance n:   E3 { 4F AID   9F70 life cycle(1)   C5 privileges(3)   C4 load file AID   84 module AID
//!                                    [CC number of the domain(1)]   [C8 quota(4)] }
//! cell 0400 + n   load file n:  E3 { 4F AID   CC number of the domain(1)   { 84 module AID   92 native module }* }
//! ```
//! A chip without cell 0005 has the load files of its factory: see [`Registry::load`].

use bitaqa_apdu::tlv::{self, Reader, TlvError};
use bitaqa_apdu::{Aid, Sw};

use super::life_cycle::AppLife;
use super::privileges::{Privilege, Privileges};
use crate::chip::NativeModule;
use crate::nvm::image::ImageError;
use crate::nvm::{CellId, Nvm, NvmError, Owner};

/// Owner number of the card manager's own cells.
pub const CARD_MANAGER: Owner = 0;

/// Key of the first registry cell; instance n is at this number plus n.
const FIRST_ENTRY: u16 = 0x0200;
/// Key of the first load-file cell.
const FIRST_LOAD_FILE: u16 = 0x0400;
/// Key of the cell that says that the load-file cells hold all there are, even none.
const FILES_WRITTEN: u16 = 0x0005;

/// One installed instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Registry number, owner of the instance's cells.
    pub owner: Owner,
    /// AID of the instance.
    pub aid: Aid,
    /// Life cycle.
    pub life: AppLife,
    /// Privileges.
    pub privileges: Privileges,
    /// AID of the load file that the module came from.
    pub package: Aid,
    /// AID of the module.
    pub module: Aid,
    /// Security domain that it belongs to; 0 is the issuer's.
    pub domain: Owner,
    /// Most octets of memory that it may take, with what belongs to it when it is a domain.
    pub quota: Option<u32>,
}

impl Entry {
    /// Whether it is a security domain, for which the card manager answers.
    pub fn is_domain(&self) -> bool {
        self.privileges.has(Privilege::SECURITY_DOMAIN)
    }

    fn encode(&self) -> Vec<u8> {
        let mut fields = [
            tlv::tlv(0x4F, self.aid.as_bytes()),
            tlv::tlv(0x9F70, &[self.life.to_byte()]),
            tlv::tlv(0xC5, &self.privileges.0),
            tlv::tlv(0xC4, self.package.as_bytes()),
            tlv::tlv(0x84, self.module.as_bytes()),
            tlv::tlv(0xCC, &[self.domain]),
        ]
        .concat();
        if let Some(quota) = self.quota {
            tlv::put(&mut fields, 0xC8, &quota.to_be_bytes());
        }
        tlv::tlv(0xE3, &fields)
    }

    fn decode(owner: Owner, octets: &[u8]) -> Option<Self> {
        let read = || -> Result<Option<Self>, TlvError> {
            let mut reader = Reader::new(tlv::only(octets, 0xE3)?);
            let aid = Aid::new(reader.expect(0x4F)?).ok();
            let life = reader.expect(0x9F70)?.first().copied().and_then(AppLife::from_byte);
            let privileges = reader.expect(0xC5)?.try_into().ok().map(Privileges);
            let package = Aid::new(reader.expect(0xC4)?).ok();
            let module = Aid::new(reader.expect(0x84)?).ok();
            // Images of cards that knew no other domain have no field for it.
            let domain = reader.optional(0xCC)?.map_or(Some(CARD_MANAGER), |field| field.first().copied());
            let quota = match reader.optional(0xC8)? {
                None => Some(None),
                Some(field) => field.try_into().ok().map(|octets| Some(u32::from_be_bytes(octets))),
            };
            reader.finish()?;
            let all = || {
                let (aid, life, privileges) = (aid?, life?, privileges?);
                let (package, module, domain, quota) = (package?, module?, domain?, quota?);
                Some(Self { owner, aid, life, privileges, package, module, domain, quota })
            };
            Ok(all())
        };
        read().ok().flatten()
    }
}

/// One executable load file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadFile {
    /// Its number in the registry.
    pub number: u8,
    /// AID.
    pub aid: Aid,
    /// Security domain that it belongs to.
    pub domain: Owner,
    /// Its modules: AID and name of the native code behind it.
    pub modules: Vec<(Aid, String)>,
}

impl LoadFile {
    fn encode(&self) -> Vec<u8> {
        let mut fields = [tlv::tlv(0x4F, self.aid.as_bytes()), tlv::tlv(0xCC, &[self.domain])].concat();
        for (module, native) in &self.modules {
            tlv::put(&mut fields, 0x84, module.as_bytes());
            tlv::put(&mut fields, 0x92, native.as_bytes());
        }
        tlv::tlv(0xE3, &fields)
    }

    fn decode(number: u8, octets: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(tlv::only(octets, 0xE3).ok()?);
        let aid = Aid::new(reader.expect(0x4F).ok()?).ok()?;
        let &domain = reader.expect(0xCC).ok()?.first()?;
        let modules = modules(&mut reader)?;
        Some(Self { number, aid, domain, modules })
    }
}

/// Reads `{ 84 module AID  92 native module }*` to the end: the module list of a load file.
pub(crate) fn modules(reader: &mut Reader<'_>) -> Option<Vec<(Aid, String)>> {
    let mut modules = Vec::new();
    while !reader.is_empty() {
        let module = Aid::new(reader.expect(0x84).ok()?).ok()?;
        let native = core::str::from_utf8(reader.expect(0x92).ok()?).ok()?.to_owned();
        modules.push((module, native));
    }
    Some(modules)
}

/// All instances and load files, in the order of their numbers.
#[derive(Default)]
pub struct Registry {
    entries: Vec<Entry>,
    load_files: Vec<LoadFile>,
}

impl Registry {
    /// Reads the registry out of the memory. `factory` are the modules that the chip left its factory with: a chip
    /// whose image has no load-file cells has their load files.
    ///
    /// # Errors
    /// [`ImageError::Content`] for a cell that is no entry.
    pub fn load(nvm: &Nvm, factory: &[NativeModule]) -> Result<Self, ImageError> {
        let entries = cells(nvm, FIRST_ENTRY, Entry::decode);
        let files = cells(nvm, FIRST_LOAD_FILE, LoadFile::decode);
        let entries = entries.ok_or(ImageError::Content("a registry entry cannot be read"))?;
        let mut load_files = files.ok_or(ImageError::Content("a load file's entry cannot be read"))?;
        if nvm.get(CellId { owner: CARD_MANAGER, key: FILES_WRITTEN }).is_none() {
            load_files = factory_files(factory);
        }
        Ok(Self { entries, load_files })
    }

    /// The instances.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The load files.
    pub fn load_files(&self) -> &[LoadFile] {
        &self.load_files
    }

    /// The instance with this number.
    pub fn get(&self, owner: Owner) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.owner == owner)
    }

    /// The first instance that a full or partial AID names.
    pub fn find(&self, partial: &[u8]) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.aid.matches(partial))
    }

    /// The instance with exactly this AID.
    pub fn named(&self, aid: &[u8]) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.aid.as_bytes() == aid)
    }

    /// The load file with exactly this AID.
    pub fn load_file(&self, aid: &[u8]) -> Option<&LoadFile> {
        self.load_files.iter().find(|file| file.aid.as_bytes() == aid)
    }

    /// Whether this domain is above the other one, or the same (GPC 2.3.1 §7.2). The issuer's domain is above all.
    pub fn is_under(&self, domain: Owner, above: Owner) -> bool {
        let mut at = domain;
        // A chain of domains is never longer than the registry; a circle in a bent image ends too.
        for _ in 0..=self.entries.len() {
            if at == above {
                return true;
            }
            match self.get(at) {
                Some(entry) if at != entry.domain => at = entry.domain,
                _ => return above == CARD_MANAGER,
            }
        }
        false
    }

    /// The instance that reset selects.
    pub fn default_selected(&self) -> Option<&Entry> {
        let default = |entry: &&Entry| entry.privileges.has(Privilege::CARD_RESET) && entry.life.is_selectable();
        self.entries.iter().find(default)
    }

    /// A number that no instance has.
    ///
    /// # Errors
    /// 6A84 when all are taken.
    pub fn free_owner(&self) -> Result<Owner, Sw> {
        (1..=Owner::MAX).find(|owner| self.get(*owner).is_none()).ok_or(Sw::NOT_ENOUGH_MEMORY)
    }

    /// A number that no load file has.
    ///
    /// # Errors
    /// 6A84 when all are taken.
    pub fn free_file(&self) -> Result<u8, Sw> {
        let taken = |number: u8| self.load_files.iter().any(|file| file.number == number);
        (0..=u8::MAX).find(|number| !taken(*number)).ok_or(Sw::NOT_ENOUGH_MEMORY)
    }

    /// Writes an entry, new or changed. Inside a transaction that is aborted the registry must be loaded again.
    ///
    /// # Errors
    /// [`NvmError`]; the registry is then as before.
    pub fn store(&mut self, entry: Entry, nvm: &mut Nvm) -> Result<(), NvmError> {
        nvm.put(cell(FIRST_ENTRY, entry.owner), &entry.encode())?;
        match self.entries.iter_mut().find(|held| held.owner == entry.owner) {
            Some(held) => *held = entry,
            None => self.entries.push(entry),
        }
        Ok(())
    }

    /// Takes an instance out, with every cell that is its own.
    ///
    /// # Errors
    /// [`NvmError`].
    pub fn remove(&mut self, owner: Owner, nvm: &mut Nvm) -> Result<(), NvmError> {
        let keys: Vec<u16> = nvm.keys(owner).collect();
        for key in keys {
            nvm.remove(CellId { owner, key })?;
        }
        nvm.remove(cell(FIRST_ENTRY, owner))?;
        self.entries.retain(|entry| entry.owner != owner);
        Ok(())
    }

    /// Writes a load file's entry.
    ///
    /// # Errors
    /// [`NvmError`]; the registry is then as before.
    pub fn store_file(&mut self, file: LoadFile, nvm: &mut Nvm) -> Result<(), NvmError> {
        self.write_files(nvm)?;
        nvm.put(cell(FIRST_LOAD_FILE, file.number), &file.encode())?;
        match self.load_files.iter_mut().find(|held| held.number == file.number) {
            Some(held) => *held = file,
            None => self.load_files.push(file),
        }
        Ok(())
    }

    /// Takes a load file out.
    ///
    /// # Errors
    /// [`NvmError`].
    pub fn remove_file(&mut self, number: u8, nvm: &mut Nvm) -> Result<(), NvmError> {
        self.write_files(nvm)?;
        nvm.remove(cell(FIRST_LOAD_FILE, number))?;
        self.load_files.retain(|file| file.number != number);
        Ok(())
    }

    /// The factory's load files stand in no cell until something changes beside them.
    fn write_files(&self, nvm: &mut Nvm) -> Result<(), NvmError> {
        let written = CellId { owner: CARD_MANAGER, key: FILES_WRITTEN };
        if nvm.get(written).is_some() {
            return Ok(());
        }
        for file in &self.load_files {
            nvm.put(cell(FIRST_LOAD_FILE, file.number), &file.encode())?;
        }
        nvm.put(written, &[])
    }
}

const fn cell(first: u16, number: u8) -> CellId {
    CellId { owner: CARD_MANAGER, key: first + number as u16 }
}

/// Every cell of a range of 256 keys, read; `None` when one cannot be.
fn cells<T>(nvm: &Nvm, first: u16, decode: impl Fn(u8, &[u8]) -> Option<T>) -> Option<Vec<T>> {
    let keys = nvm.keys(CARD_MANAGER).filter(|key| (first..=first + 0xFF).contains(key));
    keys.map(|key| decode(u8::try_from(key - first).ok()?, nvm.get(CellId { owner: CARD_MANAGER, key })?)).collect()
}

/// Load files as the factory leaves them: one for each package, under the issuer's domain.
fn factory_files(factory: &[NativeModule]) -> Vec<LoadFile> {
    let mut files: Vec<LoadFile> = Vec::new();
    for (number, native) in (0..).zip(factory) {
        let module = (native.module.clone(), native.name.clone());
        if let Some(file) = files.iter_mut().find(|file| file.aid == native.package) {
            file.modules.push(module);
        } else {
            let aid = native.package.clone();
            files.push(LoadFile { number, aid, domain: CARD_MANAGER, modules: vec![module] });
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nvm::medium::MemoryMedium;

    fn aid(text: &str) -> Aid {
        Aid::from_hex(text).unwrap()
    }

    fn entry(owner: Owner) -> Entry {
        Entry {
            owner,
            aid: aid("A0000002471001"),
            life: AppLife::Selectable,
            privileges: Privileges::default().with(Privilege::CARD_RESET),
            package: aid("A00000024710"),
            module: aid("A0000002471001"),
            domain: CARD_MANAGER,
            quota: None,
        }
    }

    fn nvm() -> Nvm {
        Nvm::format(Box::new(MemoryMedium::default()), 4096).unwrap()
    }

    #[test]
    fn entries_survive_the_memory() {
        let (mut nvm, mut registry) = (nvm(), Registry::default());
        registry.store(entry(1), &mut nvm).unwrap();
        registry.store(Entry { life: AppLife::Personalized, ..entry(1) }, &mut nvm).unwrap();
        let domain = Entry { aid: aid("A0000002480000"), quota: Some(70_000), domain: 1, ..entry(2) };
        registry.store(domain, &mut nvm).unwrap();
        let again = Registry::load(&nvm, &[]).unwrap();
        assert_eq!(again.entries(), registry.entries());
        assert_eq!(again.default_selected().unwrap().life, AppLife::Personalized);
        assert_eq!(again.find(&[0xA0, 0, 0, 2, 0x47]).unwrap().owner, 1);
        assert_eq!(again.free_owner(), Ok(3));
        registry.remove(1, &mut nvm).unwrap();
        assert_eq!(Registry::load(&nvm, &[]).unwrap().entries(), registry.entries());
    }

    #[test]
    fn an_entry_without_domain_is_the_issuers() {
        let fields = [
            tlv::tlv(0x4F, &[1; 7]),
            tlv::tlv(0x9F70, &[7]),
            tlv::tlv(0xC5, &[4, 0, 0]),
            tlv::tlv(0xC4, &[2; 6]),
            tlv::tlv(0x84, &[3; 7]),
        ];
        let entry = Entry::decode(9, &tlv::tlv(0xE3, &fields.concat())).unwrap();
        assert_eq!((entry.domain, entry.quota, entry.owner), (CARD_MANAGER, None, 9));
    }

    #[test]
    fn a_cell_that_is_no_entry_is_an_error_not_a_gap() {
        for first in [FIRST_ENTRY, FIRST_LOAD_FILE] {
            let mut nvm = nvm();
            nvm.put(cell(first, 1), b"rubbish").unwrap();
            assert!(matches!(Registry::load(&nvm, &[]), Err(ImageError::Content(_))));
        }
    }

    #[test]
    fn load_files_of_the_factory_are_there_until_one_is_taken_out() {
        let native = |package, module, name: &str| NativeModule {
            package: aid(package),
            module: aid(module),
            name: name.to_owned(),
        };
        let factory = [
            native("F000000001", "F00000000101", "one"),
            native("F000000002", "F00000000201", "two"),
            native("F000000001", "F00000000102", "three"),
        ];
        let mut nvm = nvm();
        let mut registry = Registry::load(&nvm, &factory).unwrap();
        assert_eq!(registry.load_files().len(), 2);
        assert_eq!(registry.load_file(&[0xF0, 0, 0, 0, 1]).unwrap().modules.len(), 2);
        let taken = registry.load_file(&[0xF0, 0, 0, 0, 1]).unwrap().number;
        registry.remove_file(taken, &mut nvm).unwrap();
        let again = Registry::load(&nvm, &factory).unwrap();
        assert_eq!(again.load_files(), registry.load_files());
        assert!(again.load_file(&[0xF0, 0, 0, 0, 1]).is_none() && again.load_file(&[0xF0, 0, 0, 0, 2]).is_some());
        let last = registry.load_file(&[0xF0, 0, 0, 0, 2]).unwrap().number;
        registry.remove_file(last, &mut nvm).unwrap();
        assert!(Registry::load(&nvm, &factory).unwrap().load_files().is_empty());
    }

    #[test]
    fn domains_are_a_tree_with_the_issuers_at_its_root() {
        let (mut nvm, mut registry) = (nvm(), Registry::default());
        for (owner, domain, last) in [(1, 0, "01"), (2, 1, "02"), (3, 0, "03"), (4, 5, "04"), (5, 4, "05")] {
            let aid = aid(&format!("A00000024800{last}"));
            registry.store(Entry { aid, domain, ..entry(owner) }, &mut nvm).unwrap();
        }
        assert!(registry.is_under(2, 1) && registry.is_under(2, 0) && registry.is_under(1, 1));
        assert!(!registry.is_under(1, 2) && !registry.is_under(3, 1));
        assert!(!registry.is_under(4, 1), "a circle has an end");
    }
}
