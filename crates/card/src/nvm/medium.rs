//! What keeps the image: a file, or the heap for tests and batch runs.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Why the medium did not do it.
#[derive(Debug, thiserror::Error)]
pub enum MediumError {
    /// The operating system's answer.
    #[error("{path}: {source}")]
    Io {
        /// The image file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Another process has the card in its hands.
    #[error("{0}: the image is in use by another process")]
    InUse(PathBuf),
    /// The image to be made exists already.
    #[error("{0}: exists already; a card image is never overwritten")]
    Exists(PathBuf),
    /// Power was cut (test media only).
    #[error("power lost")]
    PowerLost,
}

/// Keeps an image: append frames, replace the whole, read it back.
pub trait Medium: Send {
    /// The whole image.
    ///
    /// # Errors
    /// [`MediumError`].
    fn read(&mut self) -> Result<Vec<u8>, MediumError>;
    /// Adds octets at the end.
    ///
    /// # Errors
    /// [`MediumError`]; the end may then hold a part of them.
    fn append(&mut self, octets: &[u8]) -> Result<(), MediumError>;
    /// Replaces the whole image at one stroke.
    ///
    /// # Errors
    /// [`MediumError`]; the old image is then still there.
    fn replace(&mut self, octets: &[u8]) -> Result<(), MediumError>;
    /// Cuts the image after `length` octets.
    ///
    /// # Errors
    /// [`MediumError`].
    fn truncate(&mut self, length: usize) -> Result<(), MediumError>;
}

/// An image in a file, held under an exclusive lock. A killed process leaves at most a torn last frame; against loss
/// of the machine's own power the file is synced only when it is replaced.
pub struct FileMedium {
    path: PathBuf,
    file: File,
}

impl FileMedium {
    /// Makes a new, empty image file readable by its owner only.
    ///
    /// # Errors
    /// [`MediumError::Exists`], or the operating system's refusal.
    pub fn create(path: &Path) -> Result<Self, MediumError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::AlreadyExists => MediumError::Exists(path.to_owned()),
            _ => MediumError::Io { path: path.to_owned(), source },
        })?;
        Self { path: path.to_owned(), file }.locked()
    }

    /// Opens an image file.
    ///
    /// # Errors
    /// [`MediumError::InUse`] while another process holds it, or the operating system's refusal.
    pub fn open(path: &Path) -> Result<Self, MediumError> {
        let opened = OpenOptions::new().read(true).write(true).open(path);
        let file = opened.map_err(|source| MediumError::Io { path: path.to_owned(), source })?;
        Self { path: path.to_owned(), file }.locked()
    }

    fn locked(self) -> Result<Self, MediumError> {
        match self.file.try_lock() {
            Ok(()) => Ok(self),
            Err(std::fs::TryLockError::WouldBlock) => Err(MediumError::InUse(self.path)),
            Err(std::fs::TryLockError::Error(source)) => Err(MediumError::Io { path: self.path, source }),
        }
    }

    fn io<T>(&self, result: std::io::Result<T>) -> Result<T, MediumError> {
        result.map_err(|source| MediumError::Io { path: self.path.clone(), source })
    }
}

impl Medium for FileMedium {
    fn read(&mut self) -> Result<Vec<u8>, MediumError> {
        let mut octets = Vec::new();
        let read = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.read_to_end(&mut octets));
        self.io(read).map(|_| octets)
    }

    fn append(&mut self, octets: &[u8]) -> Result<(), MediumError> {
        let written = self.file.seek(SeekFrom::End(0)).and_then(|_| self.file.write_all(octets));
        self.io(written)
    }

    fn replace(&mut self, octets: &[u8]) -> Result<(), MediumError> {
        // A new file beside the old one, synced and renamed over it: a crash leaves the one or the other, whole.
        let mut name = self.path.clone().into_os_string();
        name.push(".new");
        let beside = PathBuf::from(name);
        let _ = std::fs::remove_file(&beside); // left by a crash; if it cannot go, `create` tells why
        let mut fresh = Self::create(&beside)?;
        fresh.append(octets)?;
        let synced = fresh.file.sync_all().and_then(|()| std::fs::rename(&beside, &self.path));
        self.io(synced)?;
        self.file = fresh.file; // its lock came with it
        Ok(())
    }

    fn truncate(&mut self, length: usize) -> Result<(), MediumError> {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let cut = self.file.set_len(length);
        self.io(cut)
    }
}

/// When power goes, seen from one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before anything of it is stored.
    Before,
    /// With a part of it stored.
    Torn,
    /// With all of it stored, but before the card goes on.
    After,
}

#[derive(Default)]
struct Heap {
    octets: Vec<u8>,
    appends: usize,
    cut: Option<(usize, Phase)>,
    dead: bool,
}

/// An image on the heap; clones share it. It can be told to lose power at the n-th append.
#[derive(Clone, Default)]
pub struct MemoryMedium(Arc<Mutex<Heap>>);

impl MemoryMedium {
    /// Holding these octets.
    pub fn with(octets: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(Heap { octets, ..Heap::default() })))
    }

    /// A copy of the image as it is now.
    pub fn octets(&self) -> Vec<u8> {
        self.heap(|heap| heap.octets.clone())
    }

    /// Appends so far.
    pub fn appends(&self) -> usize {
        self.heap(|heap| heap.appends)
    }

    /// Loses power at append `number` (counted from 0) in this phase; all later access fails.
    pub fn cut_at(&self, number: usize, phase: Phase) {
        self.heap(|heap| heap.cut = Some((number, phase)));
    }

    fn heap<T>(&self, use_it: impl FnOnce(&mut Heap) -> T) -> T {
        // A poisoned lock means a panic elsewhere; the octets themselves are whole after every call.
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Medium for MemoryMedium {
    fn read(&mut self) -> Result<Vec<u8>, MediumError> {
        self.heap(|heap| if heap.dead { Err(MediumError::PowerLost) } else { Ok(heap.octets.clone()) })
    }

    fn append(&mut self, octets: &[u8]) -> Result<(), MediumError> {
        self.heap(|heap| {
            if heap.dead {
                return Err(MediumError::PowerLost);
            }
            let stored = match heap.cut {
                Some((number, phase)) if number == heap.appends => {
                    heap.dead = true;
                    match phase {
                        Phase::Before => 0,
                        Phase::Torn => octets.len() / 2,
                        Phase::After => octets.len(),
                    }
                }
                _ => octets.len(),
            };
            heap.octets.extend(octets.iter().take(stored));
            heap.appends += 1;
            if heap.dead { Err(MediumError::PowerLost) } else { Ok(()) }
        })
    }

    fn replace(&mut self, octets: &[u8]) -> Result<(), MediumError> {
        self.heap(|heap| {
            if heap.dead {
                return Err(MediumError::PowerLost);
            }
            heap.octets = octets.to_vec();
            Ok(())
        })
    }

    fn truncate(&mut self, length: usize) -> Result<(), MediumError> {
        self.heap(|heap| {
            heap.octets.truncate(length);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_locked_appended_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("card.image");
        let mut medium = FileMedium::create(&path).unwrap();
        medium.append(b"one").unwrap();
        medium.append(b"two").unwrap();
        assert!(matches!(FileMedium::open(&path), Err(MediumError::InUse(_))));
        assert!(matches!(FileMedium::create(&path), Err(MediumError::Exists(_))));
        medium.replace(b"whole").unwrap();
        assert!(matches!(FileMedium::open(&path), Err(MediumError::InUse(_))));
        medium.append(b"!").unwrap();
        drop(medium);
        assert_eq!(FileMedium::open(&path).unwrap().read().unwrap(), b"whole!");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
