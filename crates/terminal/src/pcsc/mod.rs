//! Real readers through PC/SC. One thread per reader: all calls block. The card is held in exclusive mode from
//! [`Reader::open`] to drop, so that no other program can put a command between two of ours, and is reset when it is
//! let go, so that none finds our session.

mod watch;

use bitaqa_apdu::{Atr, Bytes, Transport, TransportError};
use pcsc::{Disposition, Error, Protocol, Protocols, ShareMode};

pub use self::watch::{Pcsc, ReaderState, Service, pick, wait_for_card};

use crate::t0;

/// The readers that PC/SC knows. None at all is an empty list, not an error.
///
/// # Errors
/// [`TransportError::NoService`] when the PC/SC service cannot be reached.
pub fn readers() -> Result<Vec<ReaderState>, TransportError> {
    Pcsc::connect()?.look().map_err(|error| failure(error, ""))
}

/// A card in a reader, held exclusively from [`Reader::open`] to drop.
pub struct Reader {
    name: String,
    service: Pcsc,
    card: pcsc::Card,
    protocol: Protocol,
    buffer: Vec<u8>,
}

impl Reader {
    /// Takes the card in the reader whose name is, or contains, `wanted`; waits for reader and card as long as
    /// `keep_waiting` says.
    ///
    /// # Errors
    /// [`TransportError::NotPresent`] when there is no such reader, several of them, or no card in it,
    /// [`TransportError::InUse`] when another program holds the card, [`TransportError::NoService`].
    pub fn open(wanted: &str, keep_waiting: &mut dyn FnMut() -> bool) -> Result<Self, TransportError> {
        let mut service = Pcsc::connect()?;
        let name = wait_for_card(&mut service, wanted, keep_waiting)?;
        let c_name = watch::c_name(&name)?;
        let connect = |protocols| service.context().connect(&c_name, ShareMode::Exclusive, protocols);
        // Drivers there are that take one protocol by its name and not the choice of two.
        let connected = match connect(Protocols::ANY) {
            Err(Error::ProtoMismatch) => connect(Protocols::T1).or_else(|_| connect(Protocols::T0)),
            other => other,
        };
        let card = connected.map_err(|error| failure(error, &name))?;
        let buffer = vec![0; pcsc::MAX_BUFFER_SIZE_EXTENDED];
        let mut reader = Self { name, service, card, protocol: Protocol::T1, buffer };
        reader.read_protocol()?;
        Ok(reader)
    }

    /// The reader's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// 0 for T=0, 1 for T=1.
    pub fn protocol(&self) -> u8 {
        u8::from(self.protocol != Protocol::T0)
    }

    /// Asks which protocol was agreed on; answers the ATR.
    fn read_protocol(&mut self) -> Result<Atr, TransportError> {
        let status = self.card.status2_owned().map_err(|error| failure(error, &self.name))?;
        self.protocol = status.protocol2().unwrap_or(Protocol::T1);
        Ok(Atr(status.atr().to_vec()))
    }
}

impl Transport for Reader {
    fn reset(&mut self) -> Result<Atr, TransportError> {
        let again = self.card.reconnect(ShareMode::Exclusive, Protocols::ANY, Disposition::ResetCard);
        again.map_err(|error| failure(error, &self.name))?;
        self.read_protocol()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Bytes, TransportError> {
        let (card, buffer, name) = (&self.card, &mut self.buffer, &self.name);
        let mut send = |octets: &[u8]| {
            card.transmit(octets, buffer).map(Bytes::from).map_err(|error| failure_in_command(error, name))
        };
        let answer = if self.protocol == Protocol::T0 { t0::exchange(command, &mut send) } else { send(command) };
        match answer {
            // Drivers there are that answer nothing at all for a card that is gone.
            Ok(answer) if answer.len() < 2 => {
                let short = TransportError::ShortResponse(answer.len());
                Err(watch::what_happened(&mut self.service, &self.name).unwrap_or(short))
            }
            Err(error @ TransportError::Reader(_)) => {
                Err(watch::what_happened(&mut self.service, &self.name).unwrap_or(error))
            }
            other => other,
        }
    }

    fn carries_extended_length(&self) -> bool {
        self.protocol != Protocol::T0
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // Response octets may be personal data.
        zeroize::Zeroize::zeroize(&mut self.buffer);
    }
}

/// What PC/SC says before a command is on its way.
fn failure(error: Error, reader: &str) -> TransportError {
    match error {
        Error::RemovedCard | Error::NoSmartcard => TransportError::NotPresent(format!("no card in `{reader}`")),
        Error::UnknownReader | Error::ReaderUnavailable => {
            TransportError::NotPresent(format!("the reader `{reader}` is gone"))
        }
        Error::SharingViolation => TransportError::InUse(reader.to_owned()),
        Error::NoService | Error::ServiceStopped | Error::Shutdown => {
            TransportError::NoService("pcscd does not run, or went away".into())
        }
        // pcsc-lite says this where polkit or the rights of its socket keep the user out.
        Error::NoAccess | Error::SecurityViolation => {
            TransportError::NoService("pcscd runs and does not let this user in".into())
        }
        Error::UnresponsiveCard | Error::UnpoweredCard | Error::UnsupportedCard => TransportError::NotPresent(format!(
            "the card in `{reader}` does not answer: it may lie the wrong way round, or be broken"
        )),
        other => TransportError::Reader(other.to_string()),
    }
}

/// The same while a command is under way: the card may have carried it out.
fn failure_in_command(error: Error, reader: &str) -> TransportError {
    match error {
        Error::RemovedCard | Error::NoSmartcard => TransportError::Removed,
        Error::UnknownReader | Error::ReaderUnavailable => {
            TransportError::Vanished(format!("`{reader}` is not connected any more"))
        }
        Error::NoService | Error::ServiceStopped | Error::Shutdown | Error::InvalidHandle | Error::CommDataLost => {
            TransportError::Vanished(format!("the service of `{reader}` ended ({error})"))
        }
        Error::ResetCard => TransportError::Reader("another program has reset the card".into()),
        Error::UnpoweredCard | Error::UnresponsiveCard => {
            TransportError::Reader("the card lost its power and does not answer".into())
        }
        Error::NotTransacted => TransportError::Reader(format!("the exchange with `{reader}` failed; {error}")),
        other => TransportError::Reader(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_word_of_pcsc_means_more_while_a_command_is_under_way() {
        for error in [Error::RemovedCard, Error::NoSmartcard] {
            assert!(matches!(failure(error, "R"), TransportError::NotPresent(_)));
            assert!(matches!(failure_in_command(error, "R"), TransportError::Removed));
        }
        for error in [Error::UnknownReader, Error::ReaderUnavailable] {
            assert!(failure(error, "R").card_state().contains("nothing was sent"));
            assert!(failure_in_command(error, "R").card_state().contains("unknown"));
        }
        for error in [Error::NoService, Error::ServiceStopped] {
            assert!(matches!(failure(error, "R"), TransportError::NoService(_)));
            assert!(matches!(failure_in_command(error, "R"), TransportError::Vanished(_)));
        }
        assert!(matches!(failure(Error::SharingViolation, "R"), TransportError::InUse(name) if name == "R"));
    }
}
