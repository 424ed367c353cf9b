//! `--image FILE | --reader NAME`: the card that a command works on.

use std::path::Path;

use bitaqa_apdu::{Atr, Bytes, Transport, TransportError};
use bitaqa_card::nvm::image::ImageError;
use bitaqa_card::nvm::medium::{FileMedium, MediumError};
use bitaqa_card::{Card, CardError};

use crate::args::CardArg;
use crate::exit::Failure;
use crate::output::Output;
use crate::world::RealPlatform;

/// A card at hand.
pub enum AnyCard {
    /// In process, its memory in an image file.
    Virtual(Box<Card>),
    /// In a reader.
    #[cfg(feature = "pcsc")]
    Reader(bitaqa_terminal::pcsc::Reader),
}

impl AnyCard {
    /// Takes the card. An image whose checksums do not hold is used all the same, with a word to the operator.
    ///
    /// # Errors
    /// Bad input for a file that is no image, card for everything else.
    pub fn open(card: &CardArg, output: Output) -> Result<Self, Failure> {
        match (&card.image, &card.reader) {
            (Some(path), _) => {
                let card = open_image(path)?;
                let info = card.info();
                if info.torn_octets > 0 {
                    output.note(&format!(
                        "warning: {}: the last write was cut off ({} octets dropped); the card is as before it. Next: \
                         run the order or command again, it goes on from where the card stands",
                        path.display(),
                        info.torn_octets
                    ));
                }
                let damaged = info.damaged_cells;
                if damaged > 0 {
                    output.note(&format!(
                        "warning: {}: {damaged} memory cells are not as written; the card serves what they hold",
                        path.display()
                    ));
                }
                Ok(Self::Virtual(Box::new(card)))
            }
            (None, Some(name)) => open_reader(name, card.wait),
            (None, None) => Err(Failure::usage("give --image FILE or --reader NAME")),
        }
    }

    /// Cells of a virtual card's memory that are not as they were written; 0 for a card in a reader.
    pub fn damaged_cells(&self) -> usize {
        match self {
            Self::Virtual(card) => card.info().damaged_cells,
            #[cfg(feature = "pcsc")]
            Self::Reader(_) => 0,
        }
    }

    /// Puts the card away: an image is rewritten compactly.
    ///
    /// # Errors
    /// Card, when the image cannot be written.
    pub fn put_away(self) -> Result<(), Failure> {
        match self {
            Self::Virtual(card) => card.put_away().map_err(Failure::card),
            #[cfg(feature = "pcsc")]
            Self::Reader(_) => Ok(()),
        }
    }
}

impl Transport for AnyCard {
    fn reset(&mut self) -> Result<Atr, TransportError> {
        match self {
            Self::Virtual(card) => card.reset(),
            #[cfg(feature = "pcsc")]
            Self::Reader(reader) => reader.reset(),
        }
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Bytes, TransportError> {
        match self {
            Self::Virtual(card) => card.transmit(command),
            #[cfg(feature = "pcsc")]
            Self::Reader(reader) => reader.transmit(command),
        }
    }
}

/// Reads a card out of its image.
///
/// # Errors
/// Bad input for a file that is no image or cannot be read, card for one in use.
pub fn open_image(path: &Path) -> Result<Card, Failure> {
    let medium = FileMedium::open(path).map_err(|error| medium_failure(path, error))?;
    Card::load(Box::new(medium), Box::<RealPlatform>::default()).map_err(|error| match error {
        CardError::Image(ImageError::Medium(error)) | CardError::Medium(error) => medium_failure(path, error),
        other => Failure::input(path, other, "give an image that `bitaqa card new` made"),
    })
}

fn medium_failure(path: &Path, error: MediumError) -> Failure {
    match error {
        MediumError::InUse(_) => Failure::card(format!("{error}. Next: wait until it is done")),
        MediumError::Io { source, .. } => Failure::input(path, source, "give an image that `bitaqa card new` made"),
        other => Failure::input(path, other, "choose another file name"),
    }
}

/// Why a new image cannot be made.
pub fn creation_failure(path: &Path, error: MediumError) -> Failure {
    match error {
        MediumError::Io { source, .. } => {
            Failure::input(path, source, "give a file name in a folder that can be written")
        }
        other => medium_failure(path, other),
    }
}

/// Why reader or card gave no answer, what that says of the card, and what to do.
pub fn reader_failure(error: &TransportError) -> Failure {
    Failure::card(format!("{error}. The card: {}. Next: {}", error.card_state(), error.next_step()))
}

#[cfg(feature = "pcsc")]
fn open_reader(name: &str, wait_seconds: u64) -> Result<AnyCard, Failure> {
    let mut keep_waiting = crate::world::time_limit(wait_seconds);
    let opened = bitaqa_terminal::pcsc::Reader::open(name, &mut keep_waiting);
    opened.map(AnyCard::Reader).map_err(|error| reader_failure(&error))
}

#[cfg(not(feature = "pcsc"))]
fn open_reader(_: &str, _: u64) -> Result<AnyCard, Failure> {
    Err(Failure::card("this program was built without PC/SC; build it with the feature `pcsc`, or use --image"))
}
