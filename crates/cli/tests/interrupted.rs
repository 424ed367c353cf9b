//! An order that is cut off: the process killed at every journal entry, the card's power cut at every write. The next
//! run ends in a good card, and no half card is ever called good.

// Helpers of tests may panic like tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::path::Path;
use std::process::{Command, Stdio};

use crate::line::{Line, SeededPlatform, Waits};
use crate::support::Desk;
use bitaqa_card::Card;
use bitaqa_card::nvm::medium::{FileMedium, MemoryMedium, Phase};
use bitaqa_card::nvm::tear::{self, Tape};
use bitaqa_perso::journal::{Event, FileJournal, Journal, JournalError, Kind, MemoryJournal};
use bitaqa_perso::plan;

/// Environment of the child: folder of its desk, and the journal entry at which it dies.
const FOLDER: &str = "BITAQA_TEST_FOLDER";
const DIES_AT: &str = "BITAQA_TEST_DIES_AT";

/// Kills the process in the place of entry number `dies_at`: the card has done what it was sent, nobody wrote it down.
struct Deadly {
    inner: FileJournal,
    dies_at: usize,
}

impl Journal for Deadly {
    fn events(&self) -> &[Event] {
        self.inner.events()
    }

    fn append(&mut self, event: Event) -> Result<(), JournalError> {
        if self.inner.events().len() == self.dies_at {
            std::process::abort();
        }
        self.inner.append(event)
    }
}

/// Body of the child process; does nothing in an ordinary test run.
#[test]
fn child_that_dies() {
    let (Ok(folder), Ok(dies_at)) = (std::env::var(FOLDER), std::env::var(DIES_AT)) else { return };
    let desk = Desk::at(Path::new(&folder));
    let line = Line::of(&desk);
    let medium = FileMedium::open(&desk.image()).unwrap();
    let mut card = Card::load(Box::new(medium), Box::new(SeededPlatform::new(3, &Waits::default()))).unwrap();
    let inner = FileJournal::open(&desk.journal()).unwrap();
    let mut journal = Deadly { inner, dies_at: dies_at.parse().unwrap() };
    line.order(&mut card, &mut journal, 5).unwrap();
}

fn run_child(desk: &Desk, dies_at: usize) -> bool {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "interrupted::child_that_dies", "--nocapture"])
        .env(FOLDER, desk.path(""))
        .env(DIES_AT, dies_at.to_string())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    child.status.success()
}

/// Kills at every entry `first`, `first + step`, ..; returns how many entries a whole order has.
fn kill_at_every(first: usize, step: usize) -> usize {
    let mut dies_at = first;
    loop {
        let desk = Desk::new();
        if run_child(&desk, dies_at) {
            return dies_at;
        }
        // Only the last step makes the card readable; once it was sent, the card is whole, if not yet verified.
        let half = desk.inspect(&[]);
        let sealing = std::fs::read_to_string(desk.journal()).unwrap_or_default().contains(plan::SEAL);
        assert!(sealing || half.code != 0, "entry {dies_at}: a half card was called good: {half:?}");
        let resumed = desk.personalise(&["--json"]).expect_code(0);
        assert_eq!(resumed.json()["result"], "issued", "entry {dies_at}");
        desk.inspect(&[]).expect_code(0);
        let again = desk.personalise(&[]).expect_code(4);
        assert!(again.stderr.contains("already issued"), "{again:?}");
        dies_at += step;
    }
}

// Two halves, so that both cores of a small machine have one.
#[test]
fn killed_at_every_even_journal_entry_the_next_run_finishes_the_card() {
    assert!(kill_at_every(0, 2) > 40, "an order has more entries than that");
}

#[test]
fn killed_at_every_odd_journal_entry_the_next_run_finishes_the_card() {
    assert!(kill_at_every(1, 2) > 40, "an order has more entries than that");
}

/// One order with the power cut at memory write `number`; then the card is powered on and the order run again.
fn tear(line: &Line, number: usize, phase: Phase) -> bool {
    let (medium, waits) = (MemoryMedium::default(), Waits::default());
    let mut card = line.blank(Box::new(medium.clone()), &waits);
    let made = medium.appends();
    medium.cut_at(made + number, phase);
    let mut journal = MemoryJournal::default();
    if line.order(&mut card, &mut journal, 9).is_ok() {
        return false;
    }
    let last = journal.0.last().map(|event| event.kind);
    assert_ne!(last, Some(Kind::Done), "write {number} {phase:?}: a torn step was called done");
    let survived = MemoryMedium::with(medium.octets());
    let mut card = Card::load(Box::new(survived), Box::new(SeededPlatform::new(2, &waits))).unwrap();
    let receipt = line.order(&mut card, &mut journal, 11);
    let receipt = receipt.unwrap_or_else(|error| panic!("write {number} {phase:?}: {error}"));
    assert!(receipt.report.is_good());
    true
}

#[test]
fn power_cut_at_every_write_the_card_resumes() {
    let desk = Desk::new();
    let line = Line::of(&desk);
    for phase in [Phase::Before, Phase::Torn, Phase::After] {
        let torn = (0..1000).take_while(|number| tear(&line, *number, phase)).count();
        assert!(torn > 30, "{phase:?}: only {torn} writes");
    }
}

#[test]
fn every_write_of_a_personalisation_leaves_the_state_before_or_after() {
    let desk = Desk::new();
    let line = Line::of(&desk);
    let tape = Tape::default();
    let mut card = line.blank(Box::new(tape.clone()), &Waits::default());
    tape.begin();
    let receipt = line.order(&mut card, &mut MemoryJournal::default(), 9).unwrap();
    assert!(receipt.report.is_good());
    let swept = tear::sweep(&tape).unwrap();
    println!("personalisation: {} writes, {} power-ons, 0 other states", swept.writes, swept.power_ons);
    assert_eq!((swept.writes > 30, swept.before + swept.after), (true, swept.power_ons));
}
