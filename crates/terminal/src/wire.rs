//! What crosses the interface, counted by phase, and how long links of known speed need for it.
//!
//! A [`Meter`] is a [`Trace`]: only there both faces of an exchange are seen, the octets on the wire and the command
//! under the protection. Phases are named by whoever speaks ([`crate::Session::phase`]): an inspection names its steps,
//! an order its steps too. Predictions are arithmetic over what was counted: no clock is read, and the time that a card
//! needs to compute is not in them.

mod least;
mod link;

pub use least::{Least, add as add_least, least_commands, least_inspection, room_of_response};
pub use link::{Link, predicted_seconds};

use bitaqa_apdu::{Command, Response, ins};

use crate::trace::{Exchange, Trace};

/// One command and its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Apdu {
    /// INS of the command.
    pub ins: u8,
    /// Octets of the command as sent.
    pub sent_bytes: usize,
    /// Octets of the response with its status word; those of GET RESPONSE are commands of their own.
    pub received_bytes: usize,
    /// Whether a length field was extended.
    pub extended: bool,
}

/// What one phase has cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhaseCount {
    /// Its name.
    pub phase: String,
    /// Every command, in order.
    pub apdus: Vec<Apdu>,
    /// Octets of data fields before protection, commands and responses.
    pub plain_bytes: usize,
}

impl PhaseCount {
    /// Octets of all commands.
    pub fn sent_bytes(&self) -> usize {
        self.apdus.iter().map(|apdu| apdu.sent_bytes).sum()
    }

    /// Octets of all responses.
    pub fn received_bytes(&self) -> usize {
        self.apdus.iter().map(|apdu| apdu.received_bytes).sum()
    }

    /// Octets of both.
    pub fn wire_bytes(&self) -> usize {
        self.sent_bytes() + self.received_bytes()
    }

    /// Commands with extended length fields.
    pub fn extended(&self) -> usize {
        self.apdus.iter().filter(|apdu| apdu.extended).count()
    }

    /// Commands with this instruction, whatever protects them.
    pub fn of_ins(&self, ins: u8) -> usize {
        self.apdus.iter().filter(|apdu| apdu.ins == ins).count()
    }
}

/// Several phases as one, under a name of its own.
pub fn joined<'a>(name: &str, phases: impl IntoIterator<Item = &'a PhaseCount>) -> PhaseCount {
    let mut whole = PhaseCount { phase: name.to_owned(), ..PhaseCount::default() };
    for phase in phases {
        whole.apdus.extend_from_slice(&phase.apdus);
        whole.plain_bytes += phase.plain_bytes;
    }
    whole
}

/// Counts by phase. A phase that is named again goes on counting where it was left.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    phases: Vec<PhaseCount>,
    current: usize,
}

impl Meter {
    /// What was counted, in the order in which phases were first named; phases without a command are left out.
    pub fn report(&self) -> Vec<PhaseCount> {
        self.phases.iter().filter(|phase| !phase.apdus.is_empty()).cloned().collect()
    }

    /// The phase of this name, empty when nothing was counted in it.
    pub fn of(&self, phase: &str) -> PhaseCount {
        let empty = || PhaseCount { phase: phase.to_owned(), ..PhaseCount::default() };
        self.phases.iter().find(|count| count.phase == phase).cloned().unwrap_or_else(empty)
    }

    /// All phases as one.
    pub fn total(&self) -> PhaseCount {
        joined("total", &self.phases)
    }

    /// Works on the phase under way; what comes before the first name is counted without one.
    fn with(&mut self, work: impl FnOnce(&mut PhaseCount)) {
        if self.phases.is_empty() {
            self.phases.push(PhaseCount::default());
        }
        if let Some(phase) = self.phases.get_mut(self.current) {
            work(phase);
        }
    }
}

impl Trace for Meter {
    fn exchange(&mut self, exchange: &Exchange<'_>) {
        let apdu = Apdu {
            ins: exchange.wire.ins,
            sent_bytes: exchange.sent_bytes,
            received_bytes: exchange.received_bytes,
            extended: exchange.wire.needs_extended(),
        };
        let plain = if exchange.wire.class.has_sm() || exchange.wire.ins == ins::GET_RESPONSE {
            0
        } else {
            exchange.wire.data.len() + exchange.received.len()
        };
        self.with(|phase| {
            phase.apdus.push(apdu);
            phase.plain_bytes += plain;
        });
    }

    fn plain(&mut self, command: &Command, response: &Response) {
        self.with(|phase| phase.plain_bytes += command.data.len() + response.data.len());
    }

    fn phase(&mut self, name: &str) {
        let found = self.phases.iter().position(|phase| phase.phase == name);
        self.current = found.unwrap_or_else(|| {
            self.phases.push(PhaseCount { phase: name.to_owned(), ..PhaseCount::default() });
            self.phases.len() - 1
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitaqa_apdu::Sw;

    fn exchange(meter: &mut Meter, wire: &Command, received: &[u8]) {
        let (sent_bytes, received_bytes) = (wire.encode().unwrap().len(), received.len() + 2);
        meter.exchange(&Exchange { name: "", wire, sent_bytes, received_bytes, received, sw: Sw::OK });
    }

    #[test]
    fn phases_are_kept_apart_and_taken_up_again() {
        let mut meter = Meter::default();
        exchange(&mut meter, &Command::new(0xA4, 4, 0).data([1, 2]).ne(256), &[3]);
        meter.phase("files");
        exchange(&mut meter, &Command::globalplatform(0xE2, 0, 0).data([7; 300]), &[]);
        meter.phase("seal");
        meter.phase("nothing");
        meter.phase("files");
        exchange(&mut meter, &Command::globalplatform(0xE2, 0, 1).data([7; 10]), &[]);
        let report = meter.report();
        assert_eq!(report.iter().map(|phase| phase.phase.as_str()).collect::<Vec<_>>(), ["", "files"]);
        assert_eq!((report[0].sent_bytes(), report[0].received_bytes(), report[0].plain_bytes), (8, 3, 3));
        let files = meter.of("files");
        assert_eq!((files.apdus.len(), files.extended(), files.wire_bytes()), (2, 1, 307 + 15 + 4));
        assert_eq!((files.plain_bytes, files.of_ins(0xE2), meter.total().apdus.len()), (310, 2, 3));
    }

    #[test]
    fn under_protection_the_plain_face_is_what_counts_as_data() {
        let mut meter = Meter::default();
        let plain = Command::new(0xB0, 0x81, 0).ne(256);
        let wire = Command::new(0xB0, 0x81, 0).class(plain.class.with_iso_sm()).data([0; 13]).ne(256);
        exchange(&mut meter, &wire, &[0; 60]);
        meter.plain(&plain, &Response::ok([0; 40]));
        assert_eq!(meter.total().plain_bytes, 40);
    }
}
