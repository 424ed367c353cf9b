//! `bitaqa readers`: what PC/SC shows.

use serde::Serialize;

use crate::exit::Failure;
use crate::output::{Output, table};

/// A reader as it was seen.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Seen {
    pub(super) name: String,
    pub(super) card_present: bool,
    pub(super) in_use: bool,
    pub(super) mute: bool,
    pub(super) atr: String,
}

#[derive(Serialize)]
struct Readers {
    readers: Vec<Seen>,
}

/// Lists the readers.
///
/// # Errors
/// Card, when the PC/SC service cannot be reached.
pub fn readers(output: Output) -> Result<(), Failure> {
    let found = look().map_err(|error| Failure::card(format!("{error}. Next: `bitaqa doctor` names what is missing")));
    let found = Readers { readers: found? };
    output.result(&found, || match found.readers.as_slice() {
        [] => "no readers; `bitaqa doctor` looks for the reason".to_owned(),
        readers => {
            let state = |reader: &Seen| match (reader.card_present, reader.mute, reader.in_use) {
                (false, ..) => "no",
                (_, true, _) => "yes, does not answer",
                (.., true) => "yes, in use",
                _ => "yes",
            };
            let rows = readers.iter().map(|r| [r.name.clone(), state(r).to_owned(), r.atr.clone()]);
            table(["reader", "card", "ATR"], rows)
        }
    })
}

#[cfg(feature = "pcsc")]
pub(super) fn look() -> Result<Vec<Seen>, String> {
    let readers = bitaqa_terminal::pcsc::readers().map_err(|error| error.to_string())?;
    let seen = |state: bitaqa_terminal::pcsc::ReaderState| Seen {
        name: state.name,
        card_present: state.card_present,
        in_use: state.in_use,
        mute: state.mute,
        atr: hex::encode_upper(state.atr),
    };
    Ok(readers.into_iter().map(seen).collect())
}

#[cfg(not(feature = "pcsc"))]
pub(super) fn look() -> Result<Vec<Seen>, String> {
    Err("this program was built without PC/SC".into())
}
