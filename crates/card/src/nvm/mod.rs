//! The card's memory: one journalled store of numbered writes for the card manager and all applets.
//!
//! A cell is named by its owner (registry number, 0 = card manager) and a key. Writes of one transaction become one
//! frame of the image: after a power cut either all of them are there or none (see [`image`]).

pub mod image;
pub mod medium;

use std::collections::BTreeMap;

use zeroize::Zeroize;

use image::{Frame, ImageError};
use medium::{Medium, MediumError};

/// Registry number of a cell's owner.
pub type Owner = u8;

/// Name of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellId {
    /// Registry number of the instance that the cell belongs to; 0 is the card manager.
    pub owner: Owner,
    /// The owner's own number for it.
    pub key: u16,
}

/// One change of the memory.
#[derive(Clone, PartialEq, Eq)]
pub enum Write {
    /// The cell now holds these octets.
    Put(CellId, Vec<u8>),
    /// These octets come behind what the cell holds.
    Append(CellId, Vec<u8>),
    /// The cell is gone.
    Remove(CellId),
}

impl core::fmt::Debug for Write {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (kind, cell, length) = match self {
            Self::Put(cell, content) => ("Put", cell, content.len()),
            Self::Append(cell, octets) => ("Append", cell, octets.len()),
            Self::Remove(cell) => ("Remove", cell, 0),
        };
        write!(f, "{kind}({}.{:04X}, {length})", cell.owner, cell.key)
    }
}

/// Why the memory did not take a write.
#[derive(Debug, thiserror::Error)]
pub enum NvmError {
    /// The profile's memory size is used up.
    #[error("memory full: {needed} octets needed, {free} free")]
    Full {
        /// Octets of the write.
        needed: usize,
        /// Octets left.
        free: usize,
    },
    /// The medium failed or power was cut: the card is mute until the next power-on.
    #[error(transparent)]
    Medium(#[from] MediumError),
}

impl From<NvmError> for bitaqa_apdu::Sw {
    fn from(error: NvmError) -> Self {
        match error {
            NvmError::Full { .. } => Self::NOT_ENOUGH_MEMORY, // 7816-4 §5.6: not enough memory space
            NvmError::Medium(_) => Self::MEMORY_FAILURE,      // 7816-4 §5.6: memory failure
        }
    }
}

/// Octets that a cell costs beside its content: name, length and checksum in the image.
const CELL_OVERHEAD: usize = 16;

/// The memory and the medium that keeps it.
pub struct Nvm {
    cells: BTreeMap<CellId, Vec<u8>>,
    medium: Box<dyn Medium>,
    capacity: usize,
    used: usize,
    writes: u64,
    transaction: Option<Vec<Write>>,
    damaged: Vec<CellId>,
    failed: bool,
}

impl Nvm {
    /// Starts an empty memory of `capacity` octets on an empty medium.
    ///
    /// # Errors
    /// [`MediumError`] when the image header cannot be written.
    pub fn format(mut medium: Box<dyn Medium>, capacity: usize) -> Result<Self, MediumError> {
        medium.replace(&image::header(capacity))?;
        Ok(Self::with(BTreeMap::new(), medium, capacity, Vec::new()))
    }

    /// Reads an image back. An incomplete last frame is a write that power cut off, and is dropped.
    ///
    /// # Errors
    /// [`ImageError`] when the octets are no image.
    pub fn load(mut medium: Box<dyn Medium>) -> Result<Self, ImageError> {
        let loaded = image::load(&medium.read()?)?;
        if let Some(length) = loaded.torn_at {
            medium.truncate(length)?;
        }
        Ok(Self::with(loaded.cells, medium, loaded.capacity, loaded.damaged))
    }

    fn with(cells: BTreeMap<CellId, Vec<u8>>, medium: Box<dyn Medium>, capacity: usize, damaged: Vec<CellId>) -> Self {
        let used = cells.values().map(|content| content.len() + CELL_OVERHEAD).sum();
        Self { cells, medium, capacity, used, writes: 0, transaction: None, damaged, failed: false }
    }

    /// Content of a cell.
    pub fn get(&self, cell: CellId) -> Option<&[u8]> {
        self.cells.get(&cell).map(Vec::as_slice)
    }

    /// Keys of the cells of an owner, ascending.
    pub fn keys(&self, owner: Owner) -> impl Iterator<Item = u16> + '_ {
        let name = |key| CellId { owner, key };
        self.cells.range(name(0)..=name(u16::MAX)).map(|(cell, _)| cell.key)
    }

    /// Replaces a cell's content.
    ///
    /// # Errors
    /// [`NvmError`]; the memory is then as before.
    pub fn put(&mut self, cell: CellId, content: &[u8]) -> Result<(), NvmError> {
        self.write(Write::Put(cell, content.to_vec()))
    }

    /// Adds octets at the end of a cell, making it when it is not there.
    ///
    /// # Errors
    /// [`NvmError`]; the memory is then as before.
    pub fn append(&mut self, cell: CellId, octets: &[u8]) -> Result<(), NvmError> {
        self.write(Write::Append(cell, octets.to_vec()))
    }

    /// Removes a cell.
    ///
    /// # Errors
    /// [`NvmError`]; the memory is then as before.
    pub fn remove(&mut self, cell: CellId) -> Result<(), NvmError> {
        self.write(Write::Remove(cell))
    }

    /// Starts a transaction: writes are kept back until [`Nvm::commit`]. There is one level.
    pub fn begin(&mut self) {
        self.transaction.get_or_insert_default();
    }

    /// Makes the writes of the transaction durable as one frame and then visible.
    ///
    /// # Errors
    /// [`NvmError`]; the memory is then as before the transaction.
    pub fn commit(&mut self) -> Result<(), NvmError> {
        match self.transaction.take() {
            Some(writes) if !writes.is_empty() => self.apply(writes),
            _ => Ok(()),
        }
    }

    /// Drops the writes of the transaction.
    pub fn abort(&mut self) {
        self.transaction = None;
    }

    /// Frames written since power-on.
    pub fn writes(&self) -> u64 {
        self.writes
    }

    /// Octets in use and octets in all.
    pub fn usage(&self) -> (usize, usize) {
        (self.used, self.capacity)
    }

    /// Cells whose checksum did not hold when the image was read. The card serves what it holds: it is for passive
    /// authentication to judge the content.
    pub fn damaged(&self) -> &[CellId] {
        &self.damaged
    }

    /// Whether the medium failed: nothing works until the next power-on.
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// Rewrites the image with one frame a cell. Called when a card is put away. An image with damaged cells stays as
    /// it is: fresh checksums over them would hide the damage.
    ///
    /// # Errors
    /// [`MediumError`]; the old image is then still there.
    pub fn compact(&mut self) -> Result<(), MediumError> {
        if !self.damaged.is_empty() {
            return Ok(());
        }
        if self.failed {
            return Err(MediumError::PowerLost);
        }
        let mut octets = image::header(self.capacity);
        for (cell, content) in &self.cells {
            Frame::of(&[Write::Put(*cell, content.clone())]).write_to(&mut octets);
        }
        // The empty frame closes the image: a damaged cell is never mistaken for a torn last write.
        Frame::of(&[]).write_to(&mut octets);
        let result = self.medium.replace(&octets);
        octets.zeroize();
        result
    }

    fn write(&mut self, write: Write) -> Result<(), NvmError> {
        match &mut self.transaction {
            Some(pending) => {
                pending.push(write);
                Ok(())
            }
            None => self.apply(vec![write]),
        }
    }

    /// Durable first, visible second: a reader never sees what a power cut could take back.
    fn apply(&mut self, writes: Vec<Write>) -> Result<(), NvmError> {
        if self.failed {
            return Err(MediumError::PowerLost.into());
        }
        let needed: usize = writes.iter().map(|write| self.growth(write)).sum();
        let free = self.capacity.saturating_sub(self.used);
        if needed > free {
            return Err(NvmError::Full { needed, free });
        }
        let mut octets = Vec::new();
        Frame::of(&writes).write_to(&mut octets);
        let stored = self.medium.append(&octets);
        octets.zeroize();
        self.failed = stored.is_err();
        stored?;
        self.writes += 1;
        for write in writes {
            image::apply(&mut self.cells, write);
        }
        self.used = self.cells.values().map(|content| content.len() + CELL_OVERHEAD).sum();
        Ok(())
    }

    /// Octets by which a write enlarges the memory in use; 0 when it does not.
    fn growth(&self, write: &Write) -> usize {
        let held = |cell: &CellId| self.cells.get(cell).map(Vec::len);
        match write {
            Write::Put(cell, content) => match held(cell) {
                Some(length) => content.len().saturating_sub(length),
                None => content.len() + CELL_OVERHEAD,
            },
            Write::Append(cell, octets) => octets.len() + if held(cell).is_some() { 0 } else { CELL_OVERHEAD },
            Write::Remove(_) => 0,
        }
    }
}

impl Drop for Nvm {
    fn drop(&mut self) {
        self.cells.values_mut().for_each(Zeroize::zeroize);
    }
}

#[cfg(test)]
mod tests {
    use super::medium::{MemoryMedium, Phase};
    use super::*;
    use proptest::prelude::*;

    const A: CellId = CellId { owner: 1, key: 7 };
    const B: CellId = CellId { owner: 1, key: 8 };

    fn memory() -> (Nvm, MemoryMedium) {
        let medium = MemoryMedium::default();
        (Nvm::format(Box::new(medium.clone()), 4096).unwrap(), medium)
    }

    fn content(nvm: &Nvm) -> Vec<(CellId, Vec<u8>)> {
        nvm.cells.iter().map(|(cell, octets)| (*cell, octets.clone())).collect()
    }

    #[test]
    fn a_transaction_is_seen_whole_or_not_at_all() {
        let (mut nvm, medium) = memory();
        nvm.put(A, b"old").unwrap();
        nvm.begin();
        nvm.put(A, b"new").unwrap();
        nvm.put(B, b"more").unwrap();
        assert_eq!(nvm.get(A).unwrap(), b"old");
        nvm.abort();
        assert_eq!(nvm.get(B), None);
        nvm.begin();
        nvm.put(A, b"new").unwrap();
        nvm.remove(B).unwrap();
        nvm.commit().unwrap();
        assert_eq!(content(&Nvm::load(Box::new(medium)).unwrap()), [(A, b"new".to_vec())]);
    }

    #[test]
    fn a_full_memory_refuses_and_stays_as_it_was() {
        let (mut nvm, _) = memory();
        nvm.put(A, &[0; 4000]).unwrap();
        assert!(matches!(nvm.append(A, &[0; 200]), Err(NvmError::Full { needed: 200, free: 80 })));
        assert_eq!(nvm.get(A).unwrap().len(), 4000);
        nvm.remove(A).unwrap();
        nvm.put(B, &[0; 4000]).unwrap();
    }

    #[test]
    fn compaction_keeps_the_content_and_a_flipped_octet_is_kept_and_reported() {
        let (mut nvm, medium) = memory();
        nvm.put(A, b"first").unwrap();
        nvm.append(A, b" and more").unwrap();
        nvm.put(B, b"second cell").unwrap();
        nvm.compact().unwrap();
        let before = content(&nvm);
        let mut octets = medium.octets();
        let at = octets.windows(6).position(|w| w == b"second").unwrap();
        octets[at] ^= 1;
        assert_eq!(content(&Nvm::load(Box::new(medium)).unwrap()), before);
        let medium = MemoryMedium::with(octets.clone());
        let mut damaged = Nvm::load(Box::new(medium.clone())).unwrap();
        assert_eq!(damaged.damaged(), [B]);
        assert_eq!(damaged.get(B).unwrap(), b"recond cell");
        damaged.compact().unwrap();
        assert_eq!(medium.octets(), octets, "the damage must stay visible");
    }

    fn any_write() -> impl Strategy<Value = Write> {
        let cell = (0u8..3, 0u16..4).prop_map(|(owner, key)| CellId { owner, key });
        let octets = proptest::collection::vec(any::<u8>(), 0..20);
        prop_oneof![
            (cell.clone(), octets.clone()).prop_map(|(cell, octets)| Write::Put(cell, octets)),
            (cell.clone(), octets).prop_map(|(cell, octets)| Write::Append(cell, octets)),
            cell.prop_map(Write::Remove),
        ]
    }

    proptest! {
        /// The model is a map without any medium: after a cut at write n, in any phase, the memory that comes back is
        /// the model before or after that write.
        #[test]
        fn a_tear_leaves_the_state_before_or_after(
            groups in proptest::collection::vec(proptest::collection::vec(any_write(), 1..4), 1..8),
            cut in 0usize..8, phase in prop_oneof![Just(Phase::Before), Just(Phase::Torn), Just(Phase::After)],
        ) {
            let medium = MemoryMedium::default();
            let mut nvm = Nvm::format(Box::new(medium.clone()), 1 << 20).unwrap();
            medium.cut_at(cut, phase);
            let mut model = vec![BTreeMap::new()];
            for group in &groups {
                let mut next = model.last().unwrap().clone();
                group.iter().cloned().for_each(|write| image::apply(&mut next, write));
                model.push(next);
                nvm.begin();
                group.iter().cloned().for_each(|write| nvm.write(write).unwrap());
                if nvm.commit().is_err() {
                    break;
                }
            }
            let survived = Nvm::load(Box::new(MemoryMedium::with(medium.octets()))).unwrap();
            let done = cut.min(groups.len());
            let after = if cut < groups.len() { cut + 1 } else { done };
            let state = survived.cells.clone();
            prop_assert_eq!(&state, &model[if phase == Phase::After { after } else { done }]);
        }
    }
}
