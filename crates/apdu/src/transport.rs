//! The one I/O trait: a virtual card, a PC/SC reader and a recorded trace all stand behind it.

use crate::Bytes;

/// Answer to reset, 7816-3 §8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atr(pub Vec<u8>);

impl Atr {
    /// Whether the historical octets announce extended Lc and Le: third software-function octet of the card
    /// capabilities, bit 7 (7816-4 §12.1.1.9, compact-TLV tag 7). `false` when nothing is announced.
    pub fn announces_extended_length(&self) -> bool {
        self.capabilities().and_then(|octets| octets.get(2)).is_some_and(|b| b & 0x40 != 0)
    }

    /// Card capabilities out of the historical octets, 7816-4 §12.1.1.9; `None` where there are none.
    pub fn capabilities(&self) -> Option<&[u8]> {
        self.historical().and_then(capabilities)
    }

    /// Historical octets, 7816-3 §8.2: after TS, T0 and the interface octets that T0 and each TDi announce.
    fn historical(&self) -> Option<&[u8]> {
        let t0 = *self.0.get(1)?;
        let count = usize::from(t0 & 0x0F);
        let mut position = 2;
        let mut present = t0 >> 4;
        loop {
            position += (present & 0x07).count_ones() as usize;
            if present & 0x08 == 0 {
                break;
            }
            present = self.0.get(position)? >> 4;
            position += 1;
        }
        self.0.get(position..position + count)
    }
}

/// Value of compact-TLV tag 7 in historical octets of category 00 or 80.
fn capabilities(historical: &[u8]) -> Option<&[u8]> {
    let (category, mut rest) = historical.split_first()?;
    if !matches!(category, 0x00 | 0x80) {
        return None;
    }
    while let Some((head, tail)) = rest.split_first() {
        let length = usize::from(head & 0x0F);
        let value = tail.get(..length)?;
        if head >> 4 == 7 {
            return Some(value);
        }
        rest = tail.get(length..)?;
    }
    None
}

/// Why no response came. What is known of the card then: [`TransportError::card_state`].
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No card in the reader, or no reader.
    #[error("no card: {0}")]
    NotPresent(String),
    /// The service that knows the readers does not run, or does not let this user in.
    #[error("the PC/SC service cannot be reached: {0}")]
    NoService(String),
    /// Another program holds the card.
    #[error("another program holds the card in `{0}`")]
    InUse(String),
    /// The card was taken out while a command was under way.
    #[error("the card was removed in mid-command")]
    Removed,
    /// The reader was unplugged, or its service ended, while a command was under way.
    #[error("the reader vanished in mid-command: {0}")]
    Vanished(String),
    /// The reader or its driver failed.
    #[error("reader failure: {0}")]
    Reader(String),
    /// The card's memory could not be read or written.
    #[error("card memory: {0}")]
    Memory(String),
    /// Fewer than two octets came back.
    #[error("the card answered {0} octets, a response has at least the two of its status word")]
    ShortResponse(usize),
}

impl TransportError {
    /// What is known of the card, for the one who stands before the reader.
    pub const fn card_state(&self) -> &'static str {
        match self {
            Self::NotPresent(_) | Self::NoService(_) | Self::InUse(_) => "nothing was sent to a card",
            Self::Removed | Self::Vanished(_) | Self::Reader(_) | Self::ShortResponse(_) => {
                "unknown: whether the last command was carried out shows when the card is asked again"
            }
            Self::Memory(_) => "as it was before the command, or after it: its memory keeps one or the other",
        }
    }

    /// The safe next step.
    pub const fn next_step(&self) -> &'static str {
        match self {
            Self::NotPresent(_) => "see `bitaqa readers`; put the card on the reader and run this again",
            Self::NoService(_) => "`bitaqa doctor` names what is missing",
            Self::InUse(_) => "end the other program (a desktop's key agent, a browser), then run this again",
            Self::Removed => "put the same card back and run this again: it is asked first what it holds",
            Self::Vanished(_) => "connect the reader, `bitaqa doctor`, then run this again with the same card",
            Self::Reader(_) | Self::ShortResponse(_) => "take the card off, put it back, and run this again",
            Self::Memory(_) => "see that the image's disk has room, then run this again",
        }
    }
}

/// Sends octets to a card and brings octets back. Blocking: one thread per reader.
pub trait Transport {
    /// Resets the card; all volatile state of the card is gone after it.
    ///
    /// # Errors
    /// [`TransportError`] when no card answers.
    fn reset(&mut self) -> Result<Atr, TransportError>;

    /// Sends one command APDU and returns data ‖ SW1 ‖ SW2.
    ///
    /// # Errors
    /// [`TransportError`]; whether the card processed the command is then unknown.
    fn transmit(&mut self, command: &[u8]) -> Result<Bytes, TransportError>;

    /// Whether extended length fields can pass: T=0 has none (7816-3 §12.2).
    fn carries_extended_length(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_length_is_read_from_the_historical_octets() {
        // TS, T0 = TD1 + 5 historical octets, TD1 (T=1, no more), category 80, capabilities 73 80 01 40
        let announcing = Atr(vec![0x3B, 0x85, 0x01, 0x80, 0x73, 0x80, 0x01, 0x40]);
        assert!(announcing.announces_extended_length());
        let silent = Atr(vec![0x3B, 0x85, 0x01, 0x80, 0x73, 0x80, 0x01, 0x00]);
        assert!(!silent.announces_extended_length());
    }

    #[test]
    fn short_or_odd_answers_announce_nothing() {
        for octets in [vec![], vec![0x3B], vec![0x3B, 0x8F, 0x80], vec![0x3B, 0x05, 1], vec![0x3B, 0x02, 0x41, 0x42]] {
            assert!(!Atr(octets).announces_extended_length());
        }
    }
}
