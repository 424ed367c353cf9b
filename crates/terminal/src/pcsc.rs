//! Real readers through PC/SC. One thread per reader: all calls block. The card is held in exclusive
//! mode, so that no other program can put a command between two of ours.

use std::ffi::CString;

use bitaqa_apdu::{Atr, Bytes, Transport, TransportError};
use pcsc::{Context, Disposition, Protocols, Scope, ShareMode, Status};

/// What a reader shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderState {
    /// Name as PC/SC gives it.
    pub name: String,
    /// Whether a card is in it.
    pub card_present: bool,
    /// ATR of the card, empty without one.
    pub atr: Vec<u8>,
}

/// The readers that PC/SC knows. None at all is an empty list, not an error.
///
/// # Errors
/// [`TransportError::Reader`] when the PC/SC service cannot be reached.
pub fn readers() -> Result<Vec<ReaderState>, TransportError> {
    let context = Context::establish(Scope::User).map_err(failure)?;
    let names = match context.list_readers_owned() {
        Ok(names) => names,
        Err(pcsc::Error::NoReadersAvailable) => return Ok(Vec::new()),
        Err(error) => return Err(failure(error)),
    };
    names.iter().map(|name| state(&context, name)).collect()
}

fn state(context: &Context, name: &CString) -> Result<ReaderState, TransportError> {
    let mut states = [pcsc::ReaderState::new(name.clone(), pcsc::State::UNAWARE)];
    context.get_status_change(std::time::Duration::ZERO, &mut states).map_err(failure)?;
    let [state] = &states;
    let card_present = state.event_state().contains(pcsc::State::PRESENT);
    Ok(ReaderState { name: name.to_string_lossy().into_owned(), card_present, atr: state.atr().to_vec() })
}

/// A card in a reader, held exclusively from [`Reader::open`] to drop.
pub struct Reader {
    card: pcsc::Card,
    buffer: Vec<u8>,
}

impl Reader {
    /// Takes the card in the reader whose name is, or contains, `name`.
    ///
    /// # Errors
    /// [`TransportError::NotPresent`] when there is no such reader, several of them, or no card in it.
    pub fn open(name: &str) -> Result<Self, TransportError> {
        let context = Context::establish(Scope::User).map_err(failure)?;
        let known: Vec<String> = readers()?.into_iter().map(|reader| reader.name).collect();
        let exact = known.iter().filter(|reader| *reader == name).count() == 1;
        let matching: Vec<&String> =
            known.iter().filter(|reader| if exact { *reader == name } else { reader.contains(name) }).collect();
        let reader = match matching.as_slice() {
            [one] => (*one).clone(),
            [] => return Err(TransportError::NotPresent(format!("no reader named `{name}`; readers: {known:?}"))),
            _ => return Err(TransportError::NotPresent(format!("several readers match `{name}`: {matching:?}"))),
        };
        let reader =
            CString::new(reader).map_err(|_| TransportError::NotPresent("a reader's name holds NUL".into()))?;
        let card = context.connect(&reader, ShareMode::Exclusive, Protocols::ANY).map_err(failure)?;
        Ok(Self { card, buffer: vec![0; pcsc::MAX_BUFFER_SIZE_EXTENDED] })
    }
}

impl Transport for Reader {
    fn reset(&mut self) -> Result<Atr, TransportError> {
        self.card.reconnect(ShareMode::Exclusive, Protocols::ANY, Disposition::ResetCard).map_err(failure)?;
        let status = self.card.status2_owned().map_err(failure)?;
        if status.status().contains(Status::ABSENT) {
            return Err(TransportError::NotPresent("the reader is empty".into()));
        }
        Ok(Atr(status.atr().to_vec()))
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Bytes, TransportError> {
        match self.card.transmit(command, &mut self.buffer) {
            Ok(response) => Ok(response.into()),
            Err(error) => Err(failure(error)),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // Response octets may be personal data.
        zeroize::Zeroize::zeroize(&mut self.buffer);
    }
}

fn failure(error: pcsc::Error) -> TransportError {
    match error {
        pcsc::Error::RemovedCard => TransportError::Removed,
        pcsc::Error::NoSmartcard | pcsc::Error::UnknownReader | pcsc::Error::ReaderUnavailable => {
            TransportError::NotPresent(error.to_string())
        }
        pcsc::Error::NoService | pcsc::Error::ServiceStopped => {
            TransportError::Reader(format!("{error}; start the PC/SC service (pcscd) and try again"))
        }
        other => TransportError::Reader(other.to_string()),
    }
}
