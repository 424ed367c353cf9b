//! (b) Cards a second over all cores, and whether memory stays flat while they are made.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bitaqa_terminal::trace::Totals;
use serde::Serialize;

use crate::line::{Line, Outcome};
use crate::primitives::as_f64;

/// Cards that Morocco issued in 2024: the year that a rate is held against.
pub const CARDS_OF_A_YEAR: u64 = 4_696_069;

/// Memory after so many cards.
#[derive(Clone, Copy, Serialize)]
pub struct MemoryPoint {
    /// Cards made by then.
    pub cards: u64,
    /// Resident memory of the process in KiB.
    pub kib: u64,
}

/// The measurement.
#[derive(Serialize)]
pub struct Throughput {
    /// Cards made.
    pub cards: u64,
    /// Threads, one for each core.
    pub threads: usize,
    /// From the first to the last.
    pub seconds: f64,
    /// Their quotient.
    pub cards_per_second: f64,
    /// Hours for [`CARDS_OF_A_YEAR`] at this rate.
    pub hours_of_a_year: f64,
    /// Memory along the way.
    pub memory: Vec<MemoryPoint>,
}

/// Issues and verifies so many cards, each a chip of its own, on every core.
///
/// # Errors
/// The first card that does not come out good.
pub fn measure(profile: &str, cards: u64) -> Outcome<Throughput> {
    let threads = std::thread::available_parallelism()?.get();
    let (made, failed) = (AtomicU64::new(0), AtomicU64::new(0));
    let next = AtomicU64::new(0);
    let ready = Barrier::new(threads + 1);
    let mut memory = Vec::new();
    let mut start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let line = Line::new(profile, 1).ok();
                ready.wait();
                while let Some(line) = &line
                    && failed.load(Ordering::Relaxed) == 0
                {
                    let card = next.fetch_add(1, Ordering::Relaxed);
                    if card >= cards {
                        return;
                    }
                    let issued =
                        line.blank(card).and_then(|mut chip| line.issue(&mut chip, card, &mut Totals::default()));
                    if issued.is_err() {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                    made.fetch_add(1, Ordering::Relaxed);
                    bitaqa_tally::take();
                }
                failed.fetch_add(1, Ordering::Relaxed);
            });
        }
        ready.wait();
        start = Instant::now();
        sample(cards, &made, &failed, &mut memory);
    });
    let seconds = start.elapsed().as_secs_f64();
    if failed.load(Ordering::Relaxed) > 0 {
        return Err(format!("{} of {cards} cards did not come out good", failed.load(Ordering::Relaxed)).into());
    }
    let cards_per_second = as_f64(cards) / seconds;
    let hours_of_a_year = as_f64(CARDS_OF_A_YEAR) / cards_per_second / 3600.0;
    Ok(Throughput { cards, threads, seconds, cards_per_second, hours_of_a_year, memory })
}

/// Notes the memory at every fortieth part of the way.
fn sample(cards: u64, made: &AtomicU64, failed: &AtomicU64, memory: &mut Vec<MemoryPoint>) {
    let step = (cards / 40).max(1);
    let mut due = step;
    while due <= cards && failed.load(Ordering::Relaxed) == 0 {
        let now = made.load(Ordering::Relaxed);
        if now >= due {
            memory.push(MemoryPoint { cards: now, kib: resident_kib() });
            due += step;
        } else {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Resident memory of this process; 0 where the system does not tell.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

impl Throughput {
    /// Memory at the end over memory after a tenth of the cards.
    pub fn growth(&self) -> f64 {
        let early = self.memory.get(self.memory.len() / 10).map_or(0, |point| point.kib);
        let last = self.memory.last().map_or(0, |point| point.kib);
        as_f64(last) / as_f64(early.max(1))
    }
}
