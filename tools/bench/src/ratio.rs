//! (a) One card issued and verified, divided by the sum of its primitives.
//!
//! Cards and primitives are measured in turns, so that a slow minute of the machine meets both. Card and terminal
//! run in
//! one thread; the ratio is of both sides together.

use bitaqa_tally::Count;
use serde::Serialize;

use crate::cpu::CpuTime;
use crate::line::{Line, Outcome, Phases};
use crate::primitives::{self, Unit, median, price};

/// What was found of one phase.
#[derive(Serialize)]
pub struct PhaseRow {
    /// Its name.
    pub name: String,
    /// Median time in it.
    pub microseconds: f64,
    /// What its primitives cost.
    pub primitives_microseconds: f64,
}

/// What was counted of one primitive, and its price.
#[derive(Serialize)]
pub struct PrimitiveRow {
    /// Operation and algorithm.
    pub name: String,
    /// Calls for one card, on both sides.
    pub calls: u64,
    /// Octets for one card.
    pub octets: u64,
    /// What the bare library needs for them.
    pub microseconds: f64,
}

/// The measurement.
#[derive(Serialize)]
pub struct Ratio {
    /// Cards measured.
    pub cards: usize,
    /// Median of a card.
    pub card_microseconds: f64,
    /// Sum of its primitives.
    pub primitives_microseconds: f64,
    /// The one divided by the other.
    pub quotient: f64,
    /// By phase.
    pub phases: Vec<PhaseRow>,
    /// By primitive.
    pub primitives: Vec<PrimitiveRow>,
}

/// Issues `rounds` times `cards` cards, with a measurement of the primitives before each round.
///
/// # Errors
/// A card that does not come out good, or a primitive that nobody has measured.
pub fn measure(line: &Line, rounds: usize, cards: u64) -> Outcome<Ratio> {
    let (mut units, mut times, mut phases) = (Vec::new(), Vec::new(), Vec::new());
    issue(line, 0)?; // tables of the curve, pages of the heap
    for round in 0..rounds {
        units.push(primitives::measure()?);
        for card in 0..cards {
            let seed = u64::try_from(round)? * cards + card + 1;
            let (microseconds, of_card) = issue(line, seed)?;
            times.push(microseconds);
            phases.push(of_card);
        }
    }
    let units = primitives::medians(&units);
    let rows = phase_rows(&phases, &units)?;
    let counts = sum(phases.first().into_iter().flat_map(|phases| &phases.rows).flat_map(|row| &row.counts));
    let card_microseconds = median(times.clone());
    let primitives_microseconds = price(&counts, &units)? / 1e3;
    Ok(Ratio {
        cards: times.len(),
        card_microseconds,
        primitives_microseconds,
        quotient: card_microseconds / primitives_microseconds,
        phases: rows,
        primitives: primitive_rows(&counts, &units)?,
    })
}

/// One blank chip to a verified card: microseconds, and the phases.
fn issue(line: &Line, seed: u64) -> Outcome<(f64, Phases)> {
    let mut card = line.blank(seed)?;
    let start = CpuTime::now();
    let mut phases = Phases::begin("probe");
    line.issue(&mut card, seed, &mut phases)?;
    phases.end();
    Ok((start.elapsed().as_secs_f64() * 1e6, phases))
}

fn phase_rows(cards: &[Phases], units: &[Unit]) -> Outcome<Vec<PhaseRow>> {
    let mut rows = Vec::new();
    for phase in cards.first().map(|first| &first.rows).into_iter().flatten() {
        let of_cards = cards.iter().flat_map(|card| &card.rows).filter(|row| row.name == phase.name);
        let microseconds = median(of_cards.map(|row| row.time.as_secs_f64() * 1e6).collect());
        let primitives_microseconds = price(&phase.counts, units)? / 1e3;
        rows.push(PhaseRow { name: phase.name.clone(), microseconds, primitives_microseconds });
    }
    Ok(rows)
}

fn primitive_rows(counts: &[Count], units: &[Unit]) -> Outcome<Vec<PrimitiveRow>> {
    let row = |count: &Count| {
        let microseconds = price(std::slice::from_ref(count), units)? / 1e3;
        let name = format!("{:?} {}", count.operation, count.algorithm);
        Ok(PrimitiveRow { name, calls: count.calls, octets: count.octets, microseconds })
    };
    counts.iter().map(row).collect()
}

/// Counts of one operation and algorithm added up.
fn sum<'a>(counts: impl Iterator<Item = &'a Count>) -> Vec<Count> {
    let mut sums: Vec<Count> = Vec::new();
    for count in counts {
        let same = |sum: &&mut Count| (sum.operation, sum.algorithm) == (count.operation, count.algorithm);
        match sums.iter_mut().find(same) {
            Some(sum) => {
                sum.calls += count.calls;
                sum.octets += count.octets;
            }
            None => sums.push(*count),
        }
    }
    sums.sort_by_key(|count| (count.operation, count.algorithm));
    sums
}
