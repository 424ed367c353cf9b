//! What a trace keeps of an exchange: header, lengths and status word. Octets of data fields reach it only where a
//! laboratory has asked for them, and those of commands that carry keys, PINs or personalisation never do.

mod read;

use std::io::Write;

use bitaqa_apdu::{Command, Response, Sw, describe, ins};

pub use self::read::{Entry, ReadError, Side, read};

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
    /// Data field received.
    pub received: &'a [u8],
    /// Status word as received.
    pub sw: Sw,
}

/// Takes note of exchanges.
pub trait Trace {
    /// One exchange is over.
    fn exchange(&mut self, exchange: &Exchange<'_>);

    /// The same under a session, before protection and after it was taken off.
    fn plain(&mut self, _command: &Command, _response: &Response) {}

    /// What the next exchanges are for: a step of an inspection or of an order.
    fn phase(&mut self, _name: &str) {}
}

/// Whether a command carries what no trace may hold: keys, PINs, or an object on its way into a card. By the header
/// alone, and so alike for its protected form.
pub const fn is_secret(command: &Command) -> bool {
    matches!(
        command.ins & 0xFE,
        VERIFY
            | CHANGE_REFERENCE_DATA
            | ins::RESET_RETRY_COUNTER
            | ENVELOPE
            | ins::PUT_KEY
            | PUT_DATA
            | ins::STORE_DATA
    )
}

const VERIFY: u8 = 0x20;
const CHANGE_REFERENCE_DATA: u8 = 0x24;
const ENVELOPE: u8 = 0xC2;
const PUT_DATA: u8 = 0xDA;

/// First line of a trace with data fields.
const WITH_DATA: &str =
    "# bitaqa trace with data fields: for a laboratory, it holds personal data of the card's holder";

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

/// Writes two lines an exchange and counts.
///
/// ```text
/// > 0CA4020C [29] SELECT EF               class INS P1 P2, octets sent, name
/// < [14] 9000 OK                          octets received, status word
/// ```
/// With data fields each line ends in ` : ` and the field in hexadecimal, `-` for one that is left out; under a session
/// the exchange stands there once more as it was before protection, with `p>` and `p<`.
pub struct Lines<W> {
    out: W,
    data: bool,
    /// Totals so far.
    pub totals: Totals,
}

impl<W: Write> Lines<W> {
    /// Headers, lengths and status words onto this writer.
    pub fn new(out: W) -> Self {
        Self { out, data: false, totals: Totals::default() }
    }

    /// Data fields as well, but for those of [`is_secret`] commands.
    pub fn with_data(mut out: W) -> Self {
        // As below: a trace that cannot be written must not stop a card.
        let _ = writeln!(out, "{WITH_DATA}");
        Self { out, data: true, totals: Totals::default() }
    }

    fn field(&self, secret: bool, octets: &[u8]) -> String {
        match (self.data, secret) {
            (false, _) => String::new(),
            (true, _) if octets.is_empty() => " :".into(),
            (true, true) => " : -".into(),
            (true, false) => octets.iter().fold(String::from(" : "), |text, octet| text + &format!("{octet:02X}")),
        }
    }
}

impl<W: Write> Trace for Lines<W> {
    fn exchange(&mut self, exchange: &Exchange<'_>) {
        self.totals.exchange(exchange);
        let [class, ins, p1, p2] = exchange.wire.header();
        let secret = is_secret(exchange.wire);
        let (command, response) = (self.field(secret, &exchange.wire.data), self.field(secret, exchange.received));
        // A trace that cannot be written must not stop a card in mid-personalisation.
        let _ = writeln!(
            self.out,
            "> {class:02X}{ins:02X}{p1:02X}{p2:02X} [{}] {}{command}\n< [{}] {:?}{response}",
            exchange.sent_bytes, exchange.name, exchange.received_bytes, exchange.sw
        );
    }

    fn plain(&mut self, command: &Command, response: &Response) {
        if !self.data {
            return;
        }
        let [class, ins, p1, p2] = command.header();
        let secret = is_secret(command);
        let (sent, got) = (self.field(secret, &command.data), self.field(secret, &response.data));
        let name = describe::command(command);
        let _ = writeln!(
            self.out,
            "p> {class:02X}{ins:02X}{p1:02X}{p2:02X} [{}] {name}{sent}\np< [{}] {:?}{got}",
            command.data.len(),
            response.data.len(),
            response.sw
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
        lines.exchange(&Exchange {
            name: "STORE DATA",
            wire: &wire,
            sent_bytes: 12,
            received_bytes: 2,
            received: &[],
            sw: Sw::OK,
        });
        let text = String::from_utf8(lines.out).unwrap();
        assert_eq!(text, "> 00E28800 [12] STORE DATA\n< [2] 9000 OK\n");
        assert_eq!(lines.totals, Totals { commands: 1, sent_bytes: 12, received_bytes: 2 });
    }

    #[test]
    fn data_fields_are_kept_on_request_and_secrets_never() {
        let mut lines = Lines::with_data(Vec::new());
        let mut note = |ins, data: &[u8], received: &[u8]| {
            let wire = Command::new(ins, 0, 0x81).data(data);
            let (sent_bytes, received_bytes) = (data.len() + 5, received.len() + 2);
            let name = &describe::command(&wire);
            lines.exchange(&Exchange { name, wire: &wire, sent_bytes, received_bytes, received, sw: Sw::OK });
            lines.plain(&wire, &Response::ok(received));
        };
        note(0xB0, &[], &[0x61, 0x01, 0x02]);
        for secret in [0x20, 0x21, 0x24, 0x2C, 0xC2, 0xD8, 0xDA, 0xDB, 0xE2] {
            note(secret, b"PLANTED", b"PLANTED");
        }
        let text = String::from_utf8(lines.out).unwrap();
        assert!(text.contains("< [5] 9000 OK : 610102\np> 00B00081 [0] READ BINARY at 129 :\np< [3] 9000 OK : 610102"));
        assert!(!text.contains("504C414E544544"), "{text}");
        let read = read(&text).unwrap();
        assert_eq!(read.len(), 40);
        assert_eq!(read[1].data.as_deref(), Some(&[0x61, 0x01, 0x02][..]));
    }
}
