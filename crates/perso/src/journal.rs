//! The journal of an order on a card: an intent before each step, its outcome after. After a crash a bare `Started`
//! means *unknown*; the card is then asked, never the step repeated blindly.
//!
//! A journal holds names of steps, the order's tag, the chip's diversification data and digests; no personal data and
//! no key. One line of JSON an event; each line carries a hash over itself and the line before, so that a
//! journal changed in the middle shows itself. A torn last line is a write that a crash cut off, and is dropped.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What happened to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The step is about to be sent.
    Started,
    /// The card confirmed it.
    Done,
    /// The card refused it, or no answer came.
    Failed,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Tag of the order, hexadecimal.
    pub order: String,
    /// Key diversification data of the chip, hexadecimal.
    pub chip: String,
    /// Name of the step.
    pub step: String,
    /// What happened.
    pub kind: Kind,
    /// Word on a failure: a status word or the kind of error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Why a journal cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The operating system's answer.
    #[error("{path}: {source}")]
    Io {
        /// The journal.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Another process writes it.
    #[error("{0}: the journal is in use by another process")]
    InUse(PathBuf),
    /// A line before the last is not what was written.
    #[error("{path}: line {line} is not what was written; the journal was changed or belongs to another program")]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
    },
}

/// Keeps events, durably before `append` returns.
pub trait Journal {
    /// Everything so far.
    fn events(&self) -> &[Event];
    /// Adds an event.
    ///
    /// # Errors
    /// [`JournalError`]; the step must then not be sent.
    fn append(&mut self, event: Event) -> Result<(), JournalError>;
}

/// The last thing that the journal knows of a step of this order on this chip.
pub fn last_of<'a>(events: &'a [Event], order: &str, chip: &str, step: &str) -> Option<&'a Event> {
    events.iter().rev().find(|event| event.order == order && event.chip == chip && event.step == step)
}

/// Events on the heap, for tests.
#[derive(Default)]
pub struct MemoryJournal(pub Vec<Event>);

impl Journal for MemoryJournal {
    fn events(&self) -> &[Event] {
        &self.0
    }

    fn append(&mut self, event: Event) -> Result<(), JournalError> {
        self.0.push(event);
        Ok(())
    }
}

/// Events in a file, synced one by one and held under an exclusive lock.
pub struct FileJournal {
    path: PathBuf,
    file: File,
    events: Vec<Event>,
    chain: String,
}

/// A line: the event and the hash that ties it to its predecessor.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    event: Event,
    chain: String,
}

impl FileJournal {
    /// Opens a journal, making it when it is not there.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let io = |source| JournalError::Io { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(JournalError::InUse(path.to_owned())),
            Err(std::fs::TryLockError::Error(source)) => return Err(io(source)),
        }
        let mut text = Vec::new();
        file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_end(&mut text)).map_err(io)?;
        let mut journal = Self { path: path.to_owned(), file, events: Vec::new(), chain: String::new() };
        let kept = journal.replay(&text)?;
        if kept < text.len() {
            let kept = u64::try_from(kept).unwrap_or(u64::MAX);
            journal.file.set_len(kept).map_err(io)?;
        }
        Ok(journal)
    }

    /// Takes the events of all whole lines and returns how many octets those are.
    fn replay(&mut self, text: &[u8]) -> Result<usize, JournalError> {
        let mut kept = 0;
        for (index, line) in text.split_inclusive(|octet| *octet == b'\n').enumerate() {
            if !line.ends_with(b"\n") {
                break; // torn: `append` writes a line and its end in one
            }
            let damaged = || JournalError::Damaged { path: self.path.clone(), line: index + 1 };
            let line_of: Line = serde_json::from_slice(line).map_err(|_| damaged())?;
            if line_of.chain != link(&self.chain, &line_of.event) {
                return Err(damaged());
            }
            self.chain = line_of.chain;
            self.events.push(line_of.event);
            kept += line.len();
        }
        Ok(kept)
    }
}

impl Journal for FileJournal {
    fn events(&self) -> &[Event] {
        &self.events
    }

    fn append(&mut self, event: Event) -> Result<(), JournalError> {
        let chain = link(&self.chain, &event);
        let line = Line { event, chain };
        let io = |source| JournalError::Io { path: self.path.clone(), source };
        let mut text = serde_json::to_vec(&line).map_err(|error| io(error.into()))?;
        text.push(b'\n');
        self.file.write_all(&text).and_then(|()| self.file.sync_data()).map_err(io)?;
        self.chain = line.chain;
        self.events.push(line.event);
        Ok(())
    }
}

/// Hash over the link before and the fields of an event, hexadecimal.
fn link(before: &str, event: &Event) -> String {
    let kind = match event.kind {
        Kind::Started => "started",
        Kind::Done => "done",
        Kind::Failed => "failed",
    };
    let mut hash = Sha256::new();
    for field in [before, &event.order, &event.chip, &event.step, kind, event.reason.as_deref().unwrap_or_default()] {
        hash.update(field.as_bytes());
        hash.update([0]);
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(step: &str, kind: Kind) -> Event {
        Event { order: "0A".into(), chip: "0B".into(), step: step.into(), kind, reason: None }
    }

    fn filled(path: &Path, count: usize) -> Vec<Event> {
        let mut journal = FileJournal::open(path).unwrap();
        (0..count).for_each(|n| journal.append(event(&format!("step {n}"), Kind::Started)).unwrap());
        journal.events.clone()
    }

    #[test]
    fn a_journal_is_read_back_and_continued() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let first = filled(&path, 3);
        assert_eq!(FileJournal::open(&path).unwrap().events(), first);
        assert_eq!(filled(&path, 1).len(), 4);
        let open = FileJournal::open(&path).unwrap();
        assert!(matches!(FileJournal::open(&path), Err(JournalError::InUse(_))));
        drop(open);
    }

    #[test]
    fn a_changed_line_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        filled(&path, 3);
        let text = std::fs::read_to_string(&path).unwrap().replace("step 1", "step X");
        std::fs::write(&path, text).unwrap();
        assert!(matches!(FileJournal::open(&path), Err(JournalError::Damaged { line: 2, .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        /// Any prefix of the octets is a valid journal of fewer events.
        #[test]
        fn a_cut_journal_is_a_shorter_journal(cut in 0usize..700) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("journal");
            let events = filled(&path, 4);
            let text = std::fs::read(&path).unwrap();
            let cut = cut.min(text.len());
            std::fs::write(&path, &text[..cut]).unwrap();
            let whole = text[..cut].split(|octet| *octet == b'\n').count() - 1;
            let journal = FileJournal::open(&path).unwrap();
            prop_assert_eq!(journal.events(), &events[..whole]);
        }
    }
}
