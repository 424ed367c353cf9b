//! What a trace keeps of an exchange: header, lengths and status word. Octets of data fields never reach it, since
//! plain ones may be personal data and protected ones are of no use without their keys.

use std::io::Write;

use bitaqa_apdu::{Command, Sw};

/// One command and its response as they crossed the interface.
pub struct Exchange<'a> {
    /// What the command is, from its plain header.
    pub name: &'a str,
    /// The command as sent.
    pub wire: &'a Command,
    /// Octets sent.
    pub sent_bytes: usize,
    /// Octets received, with the status word.
    pub received_bytes: usize,
    /// Status word as received.
    pub sw: Sw,
}

/// Takes note of exchanges.
pub trait Trace {
    /// One exchange is over.
    fn exchange(&mut self, exchange: &Exchange<'_>);
}

/// Counts only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Commands sent.
    pub commands: u64,
    /// Octets sent.
    pub sent_bytes: u64,
    /// Octets received.
    pub received_bytes: u64,
}

impl Trace for Totals {
    fn exchange(&mut self, exchange: &Exchange<'_>) {
        self.commands += 1;
        self.sent_bytes += exchange.sent_bytes as u64;
        self.received_bytes += exchange.received_bytes as u64;
    }
}

/// Writes two lines an exchange: `> 0CA4020C [29] SELECT EF` and `< [14] 9000`, and counts.
pub struct Lines<W> {
    out: W,
    /// Totals so far.
    pub totals: Totals,
}

impl<W: Write> Lines<W> {
    /// Onto this writer.
    pub fn new(out: W) -> Self {
        Self { out, totals: Totals::default() }
    }
}

impl<W: Write> Trace for Lines<W> {
    fn exchange(&mut self, exchange: &Exchange<'_>) {
        self.totals.exchange(exchange);
        let [class, ins, p1, p2] = exchange.wire.header();
        // A trace that cannot be written must not stop a card in mid-personalisation.
        let _ = writeln!(
            self.out,
            "> {class:02X}{ins:02X}{p1:02X}{p2:02X} [{}] {}\n< [{}] {:?}",
            exchange.sent_bytes, exchange.name, exchange.received_bytes, exchange.sw
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_hold_lengths_and_no_octets() {
        let mut lines = Lines::new(Vec::new());
        let wire = Command::new(0xE2, 0x88, 0).data(b"PLANTED".as_slice());
        lines.exchange(&Exchange { name: "STORE DATA", wire: &wire, sent_bytes: 12, received_bytes: 2, sw: Sw::OK });
        let text = String::from_utf8(lines.out).unwrap();
        assert_eq!(text, "> 00E28800 [12] STORE DATA\n< [2] 9000 OK\n");
        assert_eq!(lines.totals, Totals { commands: 1, sent_bytes: 12, received_bytes: 2 });
    }
}
