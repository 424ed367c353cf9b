//! Which readers there are, which one is meant, and waiting for a card: over a few calls of PC/SC that a test can
//! answer in its place.

use std::ffi::CString;
use std::time::Duration;

use bitaqa_apdu::TransportError;
use pcsc::{Context, Error, PNP_NOTIFICATION, Scope, State};

use super::failure;

/// How often PC/SC is asked what became of a card: it looks every 400 ms.
const LOOKS: usize = 5;

/// How long one wait lasts before the caller is asked whether to go on.
const LOOK_UP: Duration = Duration::from_millis(250);

/// What a reader shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderState {
    /// Name as PC/SC gives it.
    pub name: String,
    /// Whether a card is in it.
    pub card_present: bool,
    /// Whether another program holds the card for itself.
    pub in_use: bool,
    /// Whether the card does not answer: put in the wrong way, or broken.
    pub mute: bool,
    /// ATR of the card, empty without one.
    pub atr: Vec<u8>,
}

/// The calls of PC/SC that a watch needs.
pub trait Service {
    /// Every reader with its state.
    ///
    /// # Errors
    /// What PC/SC answers; no reader at all is none.
    fn look(&mut self) -> Result<Vec<ReaderState>, Error>;

    /// Comes back when a reader came or went, when a card did, or when the time is over.
    ///
    /// # Errors
    /// What PC/SC answers; the end of the time is none.
    fn pause(&mut self, at_most: Duration) -> Result<(), Error>;
}

/// The service of this machine.
pub struct Pcsc {
    context: Context,
    states: Vec<pcsc::ReaderState>,
}

impl Pcsc {
    /// Reaches the service.
    ///
    /// # Errors
    /// [`TransportError::NoService`].
    pub fn connect() -> Result<Self, TransportError> {
        let context = Context::establish(Scope::User).map_err(|error| failure(error, ""))?;
        Ok(Self { context, states: Vec::new() })
    }

    /// The context, for a connection to a card.
    pub(super) fn context(&self) -> &Context {
        &self.context
    }
}

impl Service for Pcsc {
    fn look(&mut self) -> Result<Vec<ReaderState>, Error> {
        let names = match self.context.list_readers_owned() {
            Ok(names) => names,
            Err(Error::NoReadersAvailable) => Vec::new(),
            Err(error) => return Err(error),
        };
        self.states = names.into_iter().map(|name| pcsc::ReaderState::new(name, State::UNAWARE)).collect();
        if !self.states.is_empty() {
            match self.context.get_status_change(Duration::ZERO, &mut self.states) {
                Ok(()) | Err(Error::Timeout) => {}
                // One that went between the two calls: the next look will not show it.
                Err(Error::UnknownReader) => self.states.clear(),
                Err(error) => return Err(error),
            }
        }
        Ok(self.states.iter().map(state).collect())
    }

    fn pause(&mut self, at_most: Duration) -> Result<(), Error> {
        for known in &mut self.states {
            known.sync_current_state();
        }
        // Readers themselves come and go under a name of its own.
        self.states.push(pcsc::ReaderState::new(PNP_NOTIFICATION().to_owned(), State::UNAWARE));
        let paused = self.context.get_status_change(at_most, &mut self.states);
        self.states.pop();
        match paused {
            Ok(()) | Err(Error::Timeout | Error::UnknownReader) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn state(reader: &pcsc::ReaderState) -> ReaderState {
    let shown = reader.event_state();
    ReaderState {
        name: reader.name().to_string_lossy().into_owned(),
        card_present: shown.contains(State::PRESENT),
        in_use: shown.contains(State::EXCLUSIVE),
        mute: shown.contains(State::MUTE),
        atr: reader.atr().to_vec(),
    }
}

/// The reader that a name or a part of one means.
///
/// # Errors
/// [`TransportError::NotPresent`] when there is no such reader, or when several are meant.
pub fn pick<'a>(readers: &'a [ReaderState], wanted: &str) -> Result<&'a ReaderState, TransportError> {
    if let Some(exact) = readers.iter().find(|reader| reader.name == wanted) {
        return Ok(exact);
    }
    let wanted_lower = wanted.to_lowercase();
    let matching: Vec<&ReaderState> =
        readers.iter().filter(|reader| reader.name.to_lowercase().contains(&wanted_lower)).collect();
    let names = |readers: &[&ReaderState]| {
        readers.iter().map(|reader| format!("`{}`", reader.name)).collect::<Vec<_>>().join(", ")
    };
    match matching.as_slice() {
        [one] => Ok(one),
        [] if readers.is_empty() => Err(TransportError::NotPresent("PC/SC knows no reader".into())),
        [] => {
            let all: Vec<&ReaderState> = readers.iter().collect();
            Err(TransportError::NotPresent(format!("no reader named `{wanted}`; there are {}", names(&all))))
        }
        several => Err(TransportError::NotPresent(format!("`{wanted}` may be {}; give a longer name", names(several)))),
    }
}

/// Waits until the reader is there and a card that answers is in it. `keep_waiting` is asked several times a second
/// and holds the caller's clock: time-out and signals are its business. Answers the reader's whole name.
///
/// # Errors
/// [`TransportError::NotPresent`] with what is missing when `keep_waiting` says no, [`TransportError::NoService`] when
/// the service cannot be reached or ends.
pub fn wait_for_card(
    service: &mut dyn Service,
    wanted: &str,
    keep_waiting: &mut dyn FnMut() -> bool,
) -> Result<String, TransportError> {
    loop {
        let readers = service.look().map_err(|error| failure(error, wanted))?;
        let missing = match pick(&readers, wanted) {
            Ok(reader) if reader.card_present && !reader.mute => return Ok(reader.name.clone()),
            Ok(reader) if reader.mute => {
                TransportError::NotPresent(format!("the card in `{}` does not answer to a reset", reader.name))
            }
            Ok(reader) => TransportError::NotPresent(format!("no card in `{}`", reader.name)),
            Err(error) => error,
        };
        if !keep_waiting() {
            return Err(missing);
        }
        service.pause(LOOK_UP).map_err(|error| failure(error, wanted))?;
    }
}

/// What became of a card whose command failed in a way that says little: PC/SC notices a removal when it looks the next
/// time. `None` when the card is still there after some looks.
pub(super) fn what_happened(service: &mut dyn Service, name: &str) -> Option<TransportError> {
    for _ in 0..LOOKS {
        match service.look() {
            Err(error) => return Some(TransportError::Vanished(format!("the service of `{name}` ended ({error})"))),
            Ok(readers) => match readers.iter().find(|reader| reader.name == name) {
                None => return Some(TransportError::Vanished(format!("`{name}` is not connected any more"))),
                Some(reader) if !reader.card_present => return Some(TransportError::Removed),
                Some(_) => {}
            },
        }
        if service.pause(LOOK_UP).is_err() {
            return Some(TransportError::Vanished(format!("the service of `{name}` ended")));
        }
    }
    None
}

/// The name as PC/SC takes it.
pub(super) fn c_name(name: &str) -> Result<CString, TransportError> {
    CString::new(name).map_err(|_| TransportError::NotPresent("a reader's name holds an octet 00".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(name: &str, card_present: bool) -> ReaderState {
        ReaderState { name: name.into(), card_present, in_use: false, mute: false, atr: Vec::new() }
    }

    /// Shows one picture after the other; the last one for ever.
    struct Pictures(Vec<Result<Vec<ReaderState>, Error>>);

    impl Service for Pictures {
        fn look(&mut self) -> Result<Vec<ReaderState>, Error> {
            if self.0.len() > 1 { self.0.remove(0) } else { self.0[0].clone() }
        }

        fn pause(&mut self, at_most: Duration) -> Result<(), Error> {
            std::thread::sleep(at_most.min(Duration::from_millis(5)));
            Ok(())
        }
    }

    fn wait(pictures: Vec<Result<Vec<ReaderState>, Error>>, wanted: &str) -> Result<String, TransportError> {
        let mut looks = 0;
        wait_for_card(&mut Pictures(pictures), wanted, &mut || {
            looks += 1;
            looks < 20
        })
    }

    #[test]
    fn a_name_or_a_part_of_one_means_one_reader() {
        let readers = [reader("Omni 00", true), reader("Omni 00 01", true), reader("Gem", false)];
        assert_eq!(pick(&readers, "Omni 00").unwrap().name, "Omni 00");
        assert_eq!(pick(&readers, "gem").unwrap().name, "Gem");
        let several = pick(&readers, "Omni").unwrap_err().to_string();
        assert!(several.contains("`Omni 00`, `Omni 00 01`") && several.contains("longer name"), "{several}");
        assert!(pick(&readers, "Other").unwrap_err().to_string().contains("there are `Omni 00`"));
        assert!(pick(&[], "Omni").unwrap_err().to_string().contains("knows no reader"));
    }

    #[test]
    fn readers_and_cards_may_come_later_in_any_order() {
        let pictures = vec![
            Ok(vec![]),
            Ok(vec![reader("Gem", false)]),
            Ok(vec![]),
            Ok(vec![ReaderState { mute: true, ..reader("Gem", true) }]),
            Ok(vec![reader("Other", true), reader("Gem", true)]),
        ];
        assert_eq!(wait(pictures, "Gem").unwrap(), "Gem");
    }

    #[test]
    fn what_is_missing_at_the_end_is_told() {
        let empty = wait(vec![Ok(vec![reader("Gem", false)])], "Gem").unwrap_err();
        assert_eq!(empty.to_string(), "no card: no card in `Gem`");
        let mute = wait(vec![Ok(vec![ReaderState { mute: true, ..reader("Gem", true) }])], "Gem").unwrap_err();
        assert!(mute.to_string().contains("does not answer"));
        let gone = wait(vec![Ok(vec![]), Err(Error::NoService)], "Gem").unwrap_err();
        assert!(matches!(gone, TransportError::NoService(_)), "{gone}");
    }

    #[test]
    fn a_failed_command_is_explained_by_what_pcsc_sees_next() {
        let ask = |pictures| what_happened(&mut Pictures(pictures), "Gem");
        let there = || Ok(vec![reader("Gem", true)]);
        assert!(ask(vec![there()]).is_none());
        let pulled = ask(vec![there(), Ok(vec![reader("Gem", false)])]);
        assert!(matches!(pulled, Some(TransportError::Removed)), "{pulled:?}");
        for gone in [vec![there(), Ok(vec![])], vec![there(), Err(Error::NoService)]] {
            let gone = ask(gone);
            assert!(matches!(gone, Some(TransportError::Vanished(_))), "{gone:?}");
        }
    }

    #[test]
    fn a_caller_who_has_enough_ends_the_wait() {
        let mut looks = 0;
        let mut service = Pictures(vec![Ok(vec![])]);
        let ended = wait_for_card(&mut service, "Gem", &mut || {
            looks += 1;
            looks < 3
        });
        assert!(ended.is_err());
        assert_eq!(looks, 3);
    }
}
