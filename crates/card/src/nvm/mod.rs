//! The card's memory: one journalled store of numbered writes for the card manager and all applets.
//!
//! A cell is named by its owner (registry number, 0 = card manager) and a key. Writes of one transaction become one
//! frame of the image: after a power cut either all of them are there or none (see [`image`]). What must not come back
//! with an aborted transaction, tries of a PIN and sequence counters, is written past it ([`Nvm::put_through`]).
//!
//! Each owner may have a quota, and each cell counts how often it was written: what wears a chip out is seen before.

pub mod image;
pub mod medium;
pub mod tear;
pub mod transaction;

use std::collections::{BTreeMap, BTreeSet};

use zeroize::{Zeroize, Zeroizing};

use image::{ImageError, Loaded};
use medium::{Medium, MediumError};
use transaction::{Seen, Transaction, TransactionError};

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

impl Write {
    /// The cell that is written.
    pub const fn cell(&self) -> CellId {
        match self {
            Self::Put(cell, _) | Self::Append(cell, _) | Self::Remove(cell) => *cell,
        }
    }

    /// The octets that go in.
    pub fn octets(&self) -> &[u8] {
        match self {
            Self::Put(_, octets) | Self::Append(_, octets) => octets,
            Self::Remove(_) => &[],
        }
    }

    fn wipe(&mut self) {
        if let Self::Put(_, octets) | Self::Append(_, octets) = self {
            octets.zeroize();
        }
    }
}

impl core::fmt::Debug for Write {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let kind = match self {
            Self::Put(..) => "Put",
            Self::Append(..) => "Append",
            Self::Remove(_) => "Remove",
        };
        let (cell, length) = (self.cell(), self.octets().len());
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
    /// The owner's quota is used up.
    #[error("quota of instance {owner} used up: {needed} octets needed, {free} free")]
    Quota {
        /// Registry number of the owner.
        owner: Owner,
        /// Octets of the write.
        needed: usize,
        /// Octets left.
        free: usize,
    },
    /// The transaction does not go on; nothing of it is stored.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// The medium failed or power was cut: the card is mute until the next power-on.
    #[error(transparent)]
    Medium(#[from] MediumError),
}

impl From<NvmError> for bitaqa_apdu::Sw {
    fn from(error: NvmError) -> Self {
        match error {
            // 7816-4 §5.6: not enough memory space
            NvmError::Full { .. }
            | NvmError::Quota { .. }
            | NvmError::Transaction(TransactionError::CommitLimit { .. }) => Self::NOT_ENOUGH_MEMORY,
            NvmError::Transaction(_) => Self::EXECUTION_ERROR, // a defect of the applet, not of the memory
            NvmError::Medium(_) => Self::MEMORY_FAILURE,       // 7816-4 §5.6: memory failure
        }
    }
}

/// Most octets that the cells of some owners may take together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The owners; the first one gives the quota its name.
    pub owners: Vec<Owner>,
    /// Octets.
    pub octets: usize,
}

/// Octets that a cell costs beside its content: name, length and checksum in the image.
const CELL_OVERHEAD: usize = 16;

/// The memory and the medium that keeps it.
pub struct Nvm {
    cells: BTreeMap<CellId, Vec<u8>>,
    medium: Box<dyn Medium>,
    capacity: usize,
    used: BTreeMap<Owner, usize>,
    quotas: Vec<Quota>,
    wear: BTreeMap<CellId, u32>,
    writes: u64,
    transaction: Option<Transaction>,
    damaged: Vec<CellId>,
    torn: usize,
    failed: bool,
}

impl Nvm {
    /// Starts an empty memory of `capacity` octets on an empty medium.
    ///
    /// # Errors
    /// [`MediumError`] when the image header cannot be written.
    pub fn format(mut medium: Box<dyn Medium>, capacity: usize) -> Result<Self, MediumError> {
        medium.replace(&image::header(capacity))?;
        let empty = Loaded {
            cells: BTreeMap::new(),
            wear: BTreeMap::new(),
            capacity,
            damaged: Vec::new(),
            torn_at: None,
            is_whole: true,
        };
        Ok(Self::with(empty, medium))
    }

    /// Reads an image back. An incomplete last frame is a write that power cut off, and is dropped.
    ///
    /// # Errors
    /// [`ImageError`] when the octets are no image.
    pub fn load(mut medium: Box<dyn Medium>) -> Result<Self, ImageError> {
        let octets = Zeroizing::new(medium.read()?);
        let loaded = image::load(&octets)?;
        let mut torn = 0;
        if let Some(length) = loaded.torn_at {
            medium.truncate(length)?;
            torn = octets.len().saturating_sub(length);
        }
        let mut nvm = Self::with(loaded, medium);
        nvm.torn = torn;
        Ok(nvm)
    }

    fn with(loaded: Loaded, medium: Box<dyn Medium>) -> Self {
        let Loaded { cells, wear, capacity, damaged, torn_at: _, is_whole: _ } = loaded;
        let used = used(&cells);
        let (quotas, transaction) = (Vec::new(), None);
        Self { cells, medium, capacity, used, quotas, wear, writes: 0, transaction, damaged, torn: 0, failed: false }
    }

    /// Content of a cell, as the open transaction leaves it.
    pub fn get(&self, cell: CellId) -> Option<&[u8]> {
        match self.transaction.as_ref().map_or(Seen::Untouched, |transaction| transaction.seen(cell)) {
            Seen::Untouched => self.cells.get(&cell).map(Vec::as_slice),
            Seen::Removed => None,
            Seen::Content(content) => Some(content),
        }
    }

    /// Keys of the cells of an owner, ascending, as the open transaction leaves them.
    pub fn keys(&self, owner: Owner) -> impl Iterator<Item = u16> + '_ {
        let name = |key| CellId { owner, key };
        let mut keys: BTreeSet<u16> = self.cells.range(name(0)..=name(u16::MAX)).map(|(cell, _)| cell.key).collect();
        for (cell, there) in
            self.transaction.iter().flat_map(Transaction::cells).filter(|(cell, _)| cell.owner == owner)
        {
            if there {
                keys.insert(cell.key);
            } else {
                keys.remove(&cell.key);
            }
        }
        keys.into_iter()
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

    /// Replaces a cell's content past an open transaction, whose abort therefore does not bring the old content back:
    /// for tries of a PIN and for sequence counters. What the transaction kept back for this cell is forgotten.
    ///
    /// # Errors
    /// [`NvmError`]; the memory is then as before.
    pub fn put_through(&mut self, cell: CellId, content: &[u8]) -> Result<(), NvmError> {
        self.apply(vec![Write::Put(cell, content.to_vec())])?;
        if let Some(transaction) = &mut self.transaction {
            transaction.forget(cell);
        }
        Ok(())
    }

    /// Starts a transaction, or a level of the one that is open: writes are kept back until the outermost
    /// [`Nvm::commit`]. See [`transaction`] for the rules of nesting.
    ///
    /// # Errors
    /// [`TransactionError::TooDeep`].
    pub fn begin(&mut self) -> Result<(), NvmError> {
        Ok(self.transaction.get_or_insert_default().begin()?)
    }

    /// Ends a level. The outermost makes all writes durable as one frame and then visible to the next power-on.
    ///
    /// # Errors
    /// [`NvmError`]; the memory is then as before the transaction.
    pub fn commit(&mut self) -> Result<(), NvmError> {
        match self.end(false) {
            Some(transaction) => {
                let writes = transaction.into_writes()?;
                if writes.is_empty() { Ok(()) } else { self.apply(writes) }
            }
            None => Ok(()),
        }
    }

    /// Ends a level and dooms the whole transaction: none of its writes will ever be there.
    pub fn abort(&mut self) {
        self.end(true);
    }

    /// The transaction when its outermost level has ended.
    fn end(&mut self, abort: bool) -> Option<Transaction> {
        let outermost = self.transaction.as_mut()?.end(abort);
        if outermost { self.transaction.take() } else { None }
    }

    /// Does several writes as one: on `Err` or a power cut none of them happened.
    ///
    /// # Errors
    /// What `work` or the memory answers.
    pub fn transaction<T, E: From<NvmError>>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        self.begin()?;
        match work(self) {
            Ok(value) => {
                self.commit()?;
                Ok(value)
            }
            Err(error) => {
                self.abort();
                Err(error)
            }
        }
    }

    /// The quotas from here on, in the place of those before.
    pub fn set_quotas(&mut self, quotas: Vec<Quota>) {
        self.quotas = quotas;
    }

    /// How often a cell was written since the chip was made.
    pub fn wear(&self, cell: CellId) -> u32 {
        self.wear.get(&cell).copied().unwrap_or(0)
    }

    /// The cell that was written most often, and how often.
    pub fn most_worn(&self) -> Option<(CellId, u32)> {
        self.wear.iter().max_by_key(|(_, writes)| **writes).map(|(cell, writes)| (*cell, *writes))
    }

    /// The whole memory as the image of a chip in this state. It holds the chip's secrets in plain.
    pub fn snapshot(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(image::whole(self.capacity, &self.cells, &self.wear))
    }

    /// Puts the memory back to a snapshot, counters and tries included: what no chip can, and a lab needs.
    ///
    /// # Errors
    /// [`ImageError`] when the octets are no whole, undamaged image, or the medium fails; the memory is then as before.
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<(), ImageError> {
        let loaded = image::load(snapshot)?;
        if !loaded.damaged.is_empty() || loaded.torn_at.is_some() {
            return Err(ImageError::Content("the snapshot is damaged or not whole"));
        }
        self.medium.replace(snapshot)?;
        self.cells.values_mut().for_each(Zeroize::zeroize);
        self.used = used(&loaded.cells);
        (self.cells, self.wear, self.capacity) = (loaded.cells, loaded.wear, loaded.capacity);
        (self.transaction, self.damaged) = (None, Vec::new());
        Ok(())
    }

    /// Frames written since power-on.
    pub fn writes(&self) -> u64 {
        self.writes
    }

    /// Octets in use and octets in all.
    pub fn usage(&self) -> (usize, usize) {
        (self.used.values().sum(), self.capacity)
    }

    /// Cells whose checksum did not hold when the image was read. The card serves what it holds: it is for passive
    /// authentication to judge the content.
    pub fn damaged(&self) -> &[CellId] {
        &self.damaged
    }

    /// Octets of a last write that power cut off, dropped when the image was read.
    pub fn torn(&self) -> usize {
        self.torn
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
        let octets = self.snapshot();
        self.medium.replace(&octets)
    }

    fn write(&mut self, write: Write) -> Result<(), NvmError> {
        match &mut self.transaction {
            Some(transaction) => Ok(transaction.keep(write.clone(), self.cells.get(&write.cell()).map(Vec::as_slice))?),
            None => self.apply(vec![write]),
        }
    }

    /// Durable first, visible second: a reader never sees what a power cut could take back.
    fn apply(&mut self, writes: Vec<Write>) -> Result<(), NvmError> {
        if self.failed {
            return Err(MediumError::PowerLost.into());
        }
        self.check_room(&writes)?;
        let mut octets = Zeroizing::new(Vec::with_capacity(image::frame_length(&writes)));
        image::put_frame(&mut octets, &writes);
        let stored = self.medium.append(&octets);
        self.failed = stored.is_err();
        stored?;
        self.writes += 1;
        for write in writes {
            let cell = write.cell();
            let size =
                |cells: &BTreeMap<CellId, Vec<u8>>| cells.get(&cell).map_or(0, |held| held.len() + CELL_OVERHEAD);
            let before = size(&self.cells);
            image::apply(&mut self.cells, write);
            let after = size(&self.cells);
            let used = self.used.entry(cell.owner).or_default();
            *used = (*used + after).saturating_sub(before);
            image::wear(&mut self.wear, cell);
        }
        Ok(())
    }

    /// Whether the writes fit the card and the quotas of their owners. What a write frees is not counted: a transaction
    /// needs its room beside the old content.
    fn check_room(&self, writes: &[Write]) -> Result<(), NvmError> {
        let mut of_owner: BTreeMap<Owner, usize> = BTreeMap::new();
        for write in writes {
            *of_owner.entry(write.cell().owner).or_default() += self.growth(write);
        }
        let needed: usize = of_owner.values().sum();
        let (used, capacity) = self.usage();
        let free = capacity.saturating_sub(used);
        if needed > free {
            return Err(NvmError::Full { needed, free });
        }
        for quota in &self.quotas {
            let sum = |of: &BTreeMap<Owner, usize>| quota.owners.iter().filter_map(|owner| of.get(owner)).sum();
            let (needed, used): (usize, usize) = (sum(&of_owner), sum(&self.used));
            let free = quota.octets.saturating_sub(used);
            if needed > free {
                return Err(NvmError::Quota { owner: quota.owners.first().copied().unwrap_or(0), needed, free });
            }
        }
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

/// Octets that each owner's cells take.
fn used(cells: &BTreeMap<CellId, Vec<u8>>) -> BTreeMap<Owner, usize> {
    let mut used: BTreeMap<Owner, usize> = BTreeMap::new();
    for (cell, content) in cells {
        *used.entry(cell.owner).or_default() += content.len() + CELL_OVERHEAD;
    }
    used
}

impl Drop for Nvm {
    fn drop(&mut self) {
        self.cells.values_mut().for_each(Zeroize::zeroize);
    }
}

#[cfg(test)]
mod tests;
