//! Writes kept back until they are committed together.
//!
//! Nesting: an inner transaction joins the outer one, since a part of it alone on the medium would be neither state. So
//! an inner commit makes nothing durable, and an inner abort takes the outer transaction with it: whoever holds that
//! one learns it from its commit. Reads see the kept-back writes.

use std::collections::BTreeMap;

use zeroize::Zeroize;

use super::{CELL_OVERHEAD, CellId, Write};

/// Most octets that one transaction may hold back: what a chip of this size has as commit buffer.
pub const COMMIT_LIMIT: usize = 32 * 1024;

/// Deepest nesting. No protocol here needs more than two levels; more is an endless recursion that is caught.
pub const DEPTH_MAX: u8 = 8;

/// A transaction under way.
#[derive(Default)]
pub(super) struct Transaction {
    writes: Vec<Write>,
    /// What the cells that were written will hold; `None` for a removed one.
    view: BTreeMap<CellId, Option<Vec<u8>>>,
    octets: usize,
    depth: u8,
    doomed: bool,
}

/// A cell as a transaction leaves it.
pub(super) enum Seen<'a> {
    /// As it is on the medium.
    Untouched,
    /// Gone.
    Removed,
    /// Holding this.
    Content(&'a [u8]),
}

/// Why a transaction does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    /// More than [`DEPTH_MAX`] levels.
    #[error("transactions are nested more than {DEPTH_MAX} levels deep")]
    TooDeep,
    /// The commit buffer is full.
    #[error("commit buffer full: {octets} octets in one transaction, {COMMIT_LIMIT} are possible")]
    CommitLimit {
        /// Octets with the write that did not fit.
        octets: usize,
    },
    /// An inner transaction was aborted, and this one with it.
    #[error("an inner transaction was aborted, and the outer one with it")]
    Aborted,
}

impl Transaction {
    /// One level deeper.
    pub(super) fn begin(&mut self) -> Result<(), TransactionError> {
        if self.depth >= DEPTH_MAX {
            return Err(TransactionError::TooDeep);
        }
        self.depth += 1;
        Ok(())
    }

    /// Ends a level; `true` when it was the outermost one.
    pub(super) fn end(&mut self, abort: bool) -> bool {
        self.doomed |= abort;
        self.depth = self.depth.saturating_sub(1);
        self.depth == 0
    }

    /// Keeps a write back; `held` is what its cell holds on the medium.
    pub(super) fn keep(&mut self, write: Write, held: Option<&[u8]>) -> Result<(), TransactionError> {
        let octets = self.octets + CELL_OVERHEAD + write.octets().len();
        if octets > COMMIT_LIMIT {
            return Err(TransactionError::CommitLimit { octets });
        }
        self.octets = octets;
        let view = self.view.entry(write.cell()).or_insert_with(|| held.map(<[u8]>::to_vec));
        match &write {
            Write::Put(_, content) => *view = Some(content.clone()),
            Write::Append(_, octets) => view.get_or_insert_default().extend_from_slice(octets),
            Write::Remove(_) => *view = None,
        }
        self.writes.push(write);
        Ok(())
    }

    /// Forgets what was kept back for a cell that is now written past the transaction.
    pub(super) fn forget(&mut self, cell: CellId) {
        self.writes.retain(|write| write.cell() != cell);
        self.view.remove(&cell);
    }

    /// What a cell will hold.
    pub(super) fn seen(&self, cell: CellId) -> Seen<'_> {
        match self.view.get(&cell) {
            None => Seen::Untouched,
            Some(None) => Seen::Removed,
            Some(Some(content)) => Seen::Content(content),
        }
    }

    /// Cells that the transaction writes, with whether they will be there.
    pub(super) fn cells(&self) -> impl Iterator<Item = (CellId, bool)> + '_ {
        self.view.iter().map(|(cell, content)| (*cell, content.is_some()))
    }

    /// The writes, for the outermost commit.
    pub(super) fn into_writes(mut self) -> Result<Vec<Write>, TransactionError> {
        if self.doomed { Err(TransactionError::Aborted) } else { Ok(core::mem::take(&mut self.writes)) }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.view.values_mut().flatten().for_each(Zeroize::zeroize);
        self.writes.iter_mut().for_each(Write::wipe);
    }
}
