//! (c) Octets and APDUs on the wire against the least that there can be, by phase, and the seconds that links need.

use bitaqa_perso::plan::phase;
use bitaqa_profile::Profile;
use bitaqa_terminal::session::Limits;
use bitaqa_terminal::wire::{Least, Link, Meter, PhaseCount, joined, least_inspection, predicted_seconds};
use serde::Serialize;

use crate::line::{Line, Outcome};

/// Buffers for which the whole is counted; 0: short length fields alone.
const BUFFERS: [usize; 5] = [0, 1024, 2048, 8192, 32_768];
/// Octets of a block of AES, and certificates that the terminal shows (DV and its own).
const BLOCK: usize = 16;
const CERTIFICATES: usize = 2;

/// One phase of an order or of an inspection.
#[derive(Serialize)]
pub struct WireRow {
    /// Its name.
    pub phase: String,
    /// Commands.
    pub apdus: usize,
    /// The fewest that do.
    pub least: usize,
    /// Of these with extended length fields.
    pub extended: usize,
    /// Octets of commands.
    pub sent: usize,
    /// Octets of responses.
    pub received: usize,
    /// Octets that must get there.
    pub payload: usize,
}

/// Writing and reading with buffers of one size.
#[derive(Serialize)]
pub struct BufferRow {
    /// Octets of the longest command and response; 0: short length fields alone.
    pub buffer: usize,
    /// Commands of writing.
    pub apdus: usize,
    /// The fewest that do.
    pub least: usize,
    /// Octets on the wire for an octet of payload.
    pub ratio: f64,
    /// Commands of an inspection.
    pub inspect_apdus: usize,
    /// The fewest that do.
    pub inspect_least: usize,
}

/// Seconds of one link.
#[derive(Serialize)]
pub struct LinkRow {
    /// Protocol and rate.
    pub link: &'static str,
    /// For the order without its verification.
    pub issue_seconds: f64,
    /// For an inspection.
    pub inspect_seconds: f64,
}

/// The measurement; counts only, so it is the same in every run.
#[derive(Serialize)]
pub struct Wire {
    /// Phases of the order without its verification, the sum last.
    pub issue: Vec<WireRow>,
    /// Steps of an inspection, the sum last.
    pub inspect: Vec<WireRow>,
    /// Octets on the wire for an octet of payload, when writing.
    pub ratio: f64,
    /// Commands for the fewest, when writing.
    pub command_ratio: f64,
    /// By the chip's buffers.
    pub buffers: Vec<BufferRow>,
    /// Predictions.
    pub links: Vec<LinkRow>,
}

/// One card issued and inspected, counted.
struct Counted {
    writing: Vec<PhaseCount>,
    least: Vec<Least>,
    inspection: Vec<PhaseCount>,
    least_inspection: Vec<Least>,
}

/// Issues a card of a profile with each size of buffers, and inspects it.
///
/// # Errors
/// A card that does not come out good.
pub fn measure(profile: &str) -> Outcome<Wire> {
    let profile = Profile::builtin(profile)?;
    let counted = count(profile.clone())?;
    let (issue, inspect) = (joined("sum", &counted.writing), joined("sum", &counted.inspection));
    let links = Link::REPORTED.map(|(name, link)| LinkRow {
        link: name,
        issue_seconds: predicted_seconds(&issue, link),
        inspect_seconds: predicted_seconds(&inspect, link),
    });
    let mut buffers = Vec::new();
    for buffer in BUFFERS {
        buffers.push(with_buffer(profile.clone(), buffer)?);
    }
    Ok(Wire {
        ratio: octets_ratio(&counted),
        command_ratio: quotient(issue.apdus.len(), sum(&counted.least).commands),
        issue: rows(&counted.writing, &counted.least),
        inspect: rows(&counted.inspection, &counted.least_inspection),
        buffers,
        links: links.into(),
    })
}

fn with_buffer(mut profile: Profile, buffer: usize) -> Outcome<BufferRow> {
    let chip = &mut profile.chip;
    (chip.max_command_bytes, chip.max_response_bytes) = if buffer == 0 { (261, 258) } else { (buffer, buffer) };
    let counted = count(profile)?;
    Ok(BufferRow {
        buffer,
        apdus: joined("", &counted.writing).apdus.len(),
        least: sum(&counted.least).commands,
        ratio: octets_ratio(&counted),
        inspect_apdus: joined("", &counted.inspection).apdus.len(),
        inspect_least: sum(&counted.least_inspection).commands,
    })
}

fn count(profile: Profile) -> Outcome<Counted> {
    let line = Line::of(profile, 1)?;
    let mut card = line.blank(1)?;
    let (mut order, mut inspection) = (Meter::default(), Meter::default());
    let receipt = line.issue(&mut card, 1, &mut order)?;
    let found = line.inspect(&mut card, 2, &mut inspection)?;
    let chip = &line.profile.chip;
    let limits = Limits::of_buffers(chip.max_command_bytes, chip.max_response_bytes);
    Ok(Counted {
        writing: phase::WRITING.iter().map(|phase| order.of(phase)).collect(),
        least: receipt.least,
        inspection: inspection.report(),
        least_inspection: least_inspection(&found, limits, BLOCK, CERTIFICATES),
    })
}

fn octets_ratio(counted: &Counted) -> f64 {
    quotient(joined("", &counted.writing).wire_bytes(), sum(&counted.least).payload_bytes)
}

/// All phases as one.
fn sum(least: &[Least]) -> Least {
    least.iter().fold(Least { phase: "sum".into(), payload_bytes: 0, commands: 0 }, |sum, phase| Least {
        payload_bytes: sum.payload_bytes + phase.payload_bytes,
        commands: sum.commands + phase.commands,
        ..sum
    })
}

fn quotient(number: usize, of: usize) -> f64 {
    let number_of = |count: usize| u32::try_from(count).map_or(f64::NAN, f64::from);
    number_of(number) / number_of(of)
}

/// A row for each phase, and the sum.
fn rows(phases: &[PhaseCount], least: &[Least]) -> Vec<WireRow> {
    let none = |phase: &str| Least { phase: phase.to_owned(), payload_bytes: 0, commands: 0 };
    let of = |phase: &str| least.iter().find(|least| least.phase == phase).cloned().unwrap_or_else(|| none(phase));
    let there = phases.iter().filter(|count| !count.apdus.is_empty());
    let mut rows: Vec<WireRow> = there.map(|count| row(count, &of(&count.phase))).collect();
    rows.push(row(&joined("sum", phases), &sum(least)));
    rows
}

fn row(count: &PhaseCount, least: &Least) -> WireRow {
    WireRow {
        phase: count.phase.clone(),
        apdus: count.apdus.len(),
        least: least.commands,
        extended: count.extended(),
        sent: count.sent_bytes(),
        received: count.received_bytes(),
        payload: least.payload_bytes,
    }
}
