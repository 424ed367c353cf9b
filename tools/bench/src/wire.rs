//! (c) Octets and APDUs on the wire against what must get there, by phase, and the seconds that links need for them.

use bitaqa_perso::plan::phase;
use bitaqa_terminal::wire::{Link, Meter, PhaseCount, joined, predicted_seconds};
use serde::Serialize;

use crate::line::{Line, Outcome};

/// One phase of an order or of an inspection.
#[derive(Serialize)]
pub struct WireRow {
    /// Its name.
    pub phase: String,
    /// Commands.
    pub apdus: usize,
    /// Of these with extended length fields.
    pub extended: usize,
    /// Octets of commands.
    pub sent: usize,
    /// Octets of responses.
    pub received: usize,
    /// Octets of data fields before protection, both ways.
    pub data: usize,
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
    /// Phases of the order without its verification.
    pub issue: Vec<WireRow>,
    /// Steps of an inspection.
    pub inspect: Vec<WireRow>,
    /// Predictions.
    pub links: Vec<LinkRow>,
}

/// Issues a card and inspects it.
///
/// # Errors
/// A card that does not come out good.
pub fn measure(line: &Line) -> Outcome<Wire> {
    let mut card = line.blank(1)?;
    let (mut order, mut inspection) = (Meter::default(), Meter::default());
    line.issue(&mut card, 1, &mut order)?;
    line.inspect(&mut card, 2, &mut inspection)?;
    let writes = |count: &PhaseCount| count.phase == phase::PROBE || phase::WRITING.contains(&count.phase.as_str());
    let order: Vec<PhaseCount> = order.report().into_iter().filter(writes).collect();
    let (issue, inspect) = (joined("issue", &order), inspection.total());
    let links = Link::REPORTED.map(|(name, link)| LinkRow {
        link: name,
        issue_seconds: predicted_seconds(&issue, link),
        inspect_seconds: predicted_seconds(&inspect, link),
    });
    let rows = |phases: &[PhaseCount], total: &PhaseCount| phases.iter().chain([total]).map(row).collect();
    Ok(Wire { issue: rows(&order, &issue), inspect: rows(&inspection.report(), &inspect), links: links.into() })
}

fn row(count: &PhaseCount) -> WireRow {
    WireRow {
        phase: count.phase.clone(),
        apdus: count.apdus.len(),
        extended: count.extended(),
        sent: count.sent_bytes(),
        received: count.received_bytes(),
        data: count.plain_bytes,
    }
}

impl Wire {
    /// Bytes and commands against what the payload needs.
    pub fn verdict(&self) -> String {
        String::new()
    }
}
