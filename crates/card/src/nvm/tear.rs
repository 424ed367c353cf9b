//! Power cuts, swept: a run is recorded write by write, and for every write in every phase the card is powered on again
//! from what the medium would then hold. Its state must be the one before the write or the one after it.
//!
//! The recording is a [`Medium`] like any other, so any run can be swept: a personalisation, one command, a lab's own.

use std::sync::{Arc, Mutex, PoisonError};

use super::Nvm;
use super::image::ImageError;
use super::medium::{Medium, MediumError, MemoryMedium, Phase};

/// A power cut: at which write, counted from 0, and when in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TearAt {
    /// Number of the write.
    pub write: usize,
    /// Before it, in the middle of it, or after it.
    pub phase: Phase,
}

/// A medium that remembers what it held when it was last replaced, and each write since. Clones share it.
#[derive(Clone, Default)]
pub struct Tape(Arc<Mutex<Recorded>>);

#[derive(Default)]
struct Recorded {
    base: Vec<u8>,
    writes: Vec<Vec<u8>>,
}

impl Tape {
    /// Holding this image, nothing recorded.
    pub fn with(octets: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(Recorded { base: octets, writes: Vec::new() })))
    }

    /// Writes since the image was last replaced.
    pub fn writes(&self) -> usize {
        self.recorded(|tape| tape.writes.len())
    }

    /// The image as it is now.
    pub fn octets(&self) -> Vec<u8> {
        self.recorded(|tape| [tape.base.as_slice(), &tape.writes.concat()].concat())
    }

    /// Forgets how the image came about: a sweep then begins here.
    pub fn begin(&self) {
        self.recorded(|tape| {
            let writes = core::mem::take(&mut tape.writes);
            tape.base.extend(writes.concat());
        });
    }

    /// The images that a cut may leave: one before and after a write; in the middle of it one octet, half of them, and
    /// all but the last octet.
    pub fn torn(&self, at: TearAt) -> Vec<Vec<u8>> {
        self.recorded(|tape| {
            let before =
                [tape.base.as_slice(), &tape.writes.iter().take(at.write).flatten().copied().collect::<Vec<_>>()];
            let write = tape.writes.get(at.write).map(Vec::as_slice).unwrap_or_default();
            let stored = match at.phase {
                Phase::Before => vec![0],
                Phase::Torn => vec![1, write.len() / 2, write.len().saturating_sub(1)],
                Phase::After => vec![write.len()],
            };
            let image = |count: &usize| [before.concat().as_slice(), write.get(..*count).unwrap_or_default()].concat();
            stored.iter().map(image).collect()
        })
    }

    fn recorded<T>(&self, use_it: impl FnOnce(&mut Recorded) -> T) -> T {
        // A poisoned lock means a panic elsewhere; the recording is whole after every call.
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Medium for Tape {
    fn read(&mut self) -> Result<Vec<u8>, MediumError> {
        Ok(self.octets())
    }

    fn append(&mut self, octets: &[u8]) -> Result<(), MediumError> {
        self.recorded(|tape| tape.writes.push(octets.to_vec()));
        Ok(())
    }

    fn replace(&mut self, octets: &[u8]) -> Result<(), MediumError> {
        self.recorded(|tape| *tape = Recorded { base: octets.to_vec(), writes: Vec::new() });
        Ok(())
    }

    fn truncate(&mut self, length: usize) -> Result<(), MediumError> {
        self.recorded(|tape| {
            let mut base = [tape.base.as_slice(), &tape.writes.concat()].concat();
            base.truncate(length);
            *tape = Recorded { base, writes: Vec::new() };
        });
        Ok(())
    }
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Writes of the run.
    pub writes: usize,
    /// Power-ons from a torn image.
    pub power_ons: usize,
    /// Of these, how many found the state before the write.
    pub before: usize,
    /// And how many the state after it.
    pub after: usize,
}

/// Why a sweep ended early: the defect that it looks for.
#[derive(Debug, thiserror::Error)]
pub enum TearError {
    /// The card does not come up.
    #[error("write {} {:?}: the card does not power on: {error}", at.write, at.phase)]
    PowerOn {
        /// The cut.
        at: TearAt,
        /// Why.
        error: ImageError,
    },
    /// The card comes up in a state that never was.
    #[error("write {} {:?}: the state is neither the one before nor the one after", at.write, at.phase)]
    State {
        /// The cut.
        at: TearAt,
    },
}

/// Powers on after every cut of the recorded run.
///
/// # Errors
/// [`TearError`] at the first cut after which the card is in no state that it should be in.
pub fn sweep(tape: &Tape) -> Result<Swept, TearError> {
    let state = |at, image| {
        let loaded =
            Nvm::load(Box::new(MemoryMedium::with(image))).map_err(|error| TearError::PowerOn { at, error })?;
        Ok(loaded.snapshot())
    };
    let mut swept = Swept { writes: tape.writes(), ..Swept::default() };
    for write in 0..swept.writes {
        let whole = |phase| {
            let at = TearAt { write, phase };
            state(at, tape.torn(at).concat())
        };
        let (before, after) = (whole(Phase::Before)?, whole(Phase::After)?);
        for phase in [Phase::Before, Phase::Torn, Phase::After] {
            let at = TearAt { write, phase };
            for image in tape.torn(at) {
                let found = state(at, image)?;
                swept.power_ons += 1;
                match (*found == *before, *found == *after) {
                    (true, _) if phase != Phase::After => swept.before += 1,
                    (_, true) if phase != Phase::Before => swept.after += 1,
                    _ => return Err(TearError::State { at }),
                }
            }
        }
    }
    Ok(swept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nvm::CellId;

    #[test]
    fn every_cut_is_found_and_a_state_that_never_was_is_told() {
        let tape = Tape::default();
        let mut nvm = Nvm::format(Box::new(tape.clone()), 4096).unwrap();
        let cell = |key| CellId { owner: 1, key };
        for key in 0..5 {
            nvm.put(cell(key), &[7; 20]).unwrap();
        }
        nvm.begin().unwrap();
        nvm.put(cell(9), b"with").unwrap();
        nvm.remove(cell(0)).unwrap();
        nvm.commit().unwrap();
        assert_eq!(sweep(&tape).unwrap(), Swept { writes: 6, power_ons: 30, before: 24, after: 6 });
        tape.begin();
        assert_eq!(sweep(&tape).unwrap(), Swept::default());
        // Two frames that were one write: cut between them the state is a third one.
        let two = Tape::default();
        let mut other = Nvm::format(Box::new(two.clone()), 4096).unwrap();
        other.put(cell(1), &[1; 8]).unwrap();
        other.put(cell(2), &[2; 8]).unwrap();
        two.recorded(|tape| tape.writes = vec![tape.writes.concat()]);
        assert!(matches!(sweep(&two), Err(TearError::State { at: TearAt { write: 0, phase: Phase::Torn } })));
    }
}
