//! Finger minutiae of ISO/IEC 19794-2: the record of 2005 and of 2011, and the two short forms that cards compare.
//!
//! ```text
//! 2005  header 24   FMR\0 ' 20\0', u32 length, u16 device, u16 width, height, u16 px/cm x, y, views, 0
//!       view    4   position, view number << 4 | impression, quality, count
//! 2011  header 15   FMR\0 '030\0', u32 length, u16 views, certification flag
//!       view        u32 length, capture (date, device, qualities), position, number, px/cm, impression, size, field,
//!                   count
//! both  minutia 6   type (2 bits) and x (14), 0 (2) and y (14), angle, quality; 5 without quality in 2011
//!       then        u16 length of extensions, extensions
//! ```
//! A record that was read strictly is written again octet for octet.

mod card;
mod record;

use bitaqa_apdu::Bytes;
use zeroize::Zeroize;

use crate::error::LdsError;
use crate::fingers::FingerPosition;

pub use card::{COMPACT_OCTETS, NORMAL_OCTETS, Order, Sorting, compact, from_compact, normal};

const RECORD: &str = "FMR";

/// What a minutia is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MinutiaKind {
    /// 00: neither, or not told apart.
    #[default]
    Other = 0,
    /// 01: a ridge ends.
    Ending = 1,
    /// 10: a ridge forks.
    Bifurcation = 2,
}

impl MinutiaKind {
    const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Other),
            1 => Some(Self::Ending),
            2 => Some(Self::Bifurcation),
            _ => None,
        }
    }
}

/// One minutia.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Zeroize)]
pub struct Minutia {
    /// Ending or bifurcation.
    #[zeroize(skip)]
    pub kind: MinutiaKind,
    /// Columns from the left, in pixels of the view's resolution.
    pub x: u16,
    /// Rows from the top, in pixels.
    pub y: u16,
    /// 256 steps of a full turn, counter-clockwise from the right.
    pub angle: u8,
    /// 1 to 100, 0 where none is told.
    pub quality: u8,
}

/// Edition of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Edition {
    /// ` 20`: the one that a DG3 takes.
    Of2005,
    /// `030`.
    Of2011,
}

/// What only the edition of 2011 says of a view.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Capture {
    /// Year (2 octets), month, day, hour, minute, second, millisecond (2); FF where unknown.
    pub date: [u8; 9],
    /// Technology of the sensor.
    pub technology: u8,
    /// Registered owner and number of the sensor.
    pub device: [u16; 2],
    /// Score, owner and number of the algorithm.
    pub qualities: Vec<(u8, [u16; 2])>,
    /// Authority and scheme of each certification; `None` where the record has no such part.
    pub certifications: Option<Vec<[u8; 3]>>,
    /// How endings were placed, low half of the field octet.
    pub ending_type: u8,
    /// Whether each minutia has its quality.
    pub with_quality: bool,
}

/// One impression of one finger.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct View {
    /// Finger position, 0 unknown.
    pub position: u8,
    /// Counts the views of one finger from 0.
    pub number: u8,
    /// Kind of impression.
    pub impression: u8,
    /// 0 to 100; in the edition of 2011 the first of its qualities.
    pub quality: u8,
    /// Width and height of the image, in pixels.
    pub size: (u16, u16),
    /// Pixels per centimetre, along x and y; 197 are 500 to the inch.
    pub resolution: (u16, u16),
    /// In the order of the record, at most 255.
    pub minutiae: Vec<Minutia>,
    /// Extension blocks, not interpreted.
    pub extensions: Bytes,
    /// `None` in the edition of 2005.
    pub capture: Option<Capture>,
}

impl Drop for View {
    fn drop(&mut self) {
        self.minutiae.zeroize();
    }
}

impl View {
    /// A view of a live plain impression, edition of 2005.
    pub const fn new(position: u8, size: (u16, u16), resolution: (u16, u16), minutiae: Vec<Minutia>) -> Self {
        let (number, impression, quality) = (0, 0, 0);
        let extensions = Bytes::new();
        Self { position, number, impression, quality, size, resolution, minutiae, extensions, capture: None }
    }
}

/// A deviation that the tolerant reader accepts. Declared values come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MinutiaeNote {
    /// Length of the whole record: one too small in the example of the standard's own Annex C.
    RecordLength(u32, usize),
    /// Length of one representation, edition of 2011.
    ViewLength(u32, usize),
    /// Octets of extensions: told and left.
    Extensions(u16, usize),
    /// A minutia outside its image: x, y.
    Outside(u16, u16),
}

impl core::fmt::Display for MinutiaeNote {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::RecordLength(said, found) => write!(f, "the record says {said} octets and has {found}"),
            Self::ViewLength(said, found) => write!(f, "the representation says {said} octets and has {found}"),
            Self::Extensions(said, found) => write!(f, "the record says {said} octets of extensions and has {found}"),
            Self::Outside(x, y) => write!(f, "a minutia at {x}, {y} lies outside of the image"),
        }
    }
}

/// A record that was walked to its end.
#[derive(Clone, PartialEq, Eq)]
pub struct MinutiaeRecord {
    octets: Bytes,
    edition: Edition,
    device: u16,
    views: Vec<View>,
}

impl core::fmt::Debug for MinutiaeRecord {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "MinutiaeRecord({} octets, {} views)", self.octets.len(), self.views.len())
    }
}

impl MinutiaeRecord {
    /// Reads a record of either edition.
    ///
    /// # Errors
    /// [`LdsError::Record`] with the field that is wrong.
    pub fn new(octets: impl Into<Bytes>) -> Result<Self, LdsError> {
        let (record, notes) = Self::tolerant(octets)?;
        match notes.first() {
            None => Ok(record),
            Some(MinutiaeNote::RecordLength(..)) => Err(field("length", "is not that of the record")),
            Some(MinutiaeNote::ViewLength(..)) => Err(field("representation length", "is not that of the view")),
            Some(MinutiaeNote::Extensions(..)) => Err(field("extensions", "is cut off")),
            Some(MinutiaeNote::Outside(..)) => Err(field("minutia", "lies outside the image")),
        }
    }

    /// Reads the record of anybody: lengths that are wrong and minutiae outside the image are noted.
    ///
    /// # Errors
    /// [`LdsError::Record`] for all else.
    pub fn tolerant(octets: impl Into<Bytes>) -> Result<(Self, Vec<MinutiaeNote>), LdsError> {
        let octets = octets.into();
        let mut notes = Vec::new();
        let (edition, device, views) = record::read(&octets, &mut notes)?;
        Ok((Self { octets, edition, device, views }, notes))
    }

    /// A record of these views. `device` is the number of the capture equipment, for the edition of 2005 only, with the
    /// certification in its upper four bits.
    ///
    /// # Errors
    /// [`LdsError::Record`] for values outside their ranges, and for views that the edition cannot put together.
    pub fn of(edition: Edition, device: u16, views: &[View]) -> Result<Self, LdsError> {
        let octets = record::write(edition, device, views)?;
        // What cannot be read back was no record: ranges are checked in one place.
        Self::new(octets)
    }

    /// The whole record.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Of which edition it is.
    pub const fn edition(&self) -> Edition {
        self.edition
    }

    /// Capture equipment, edition of 2005; 0 in the other.
    pub const fn device(&self) -> u16 {
        self.device
    }

    /// In the order of the record.
    pub fn views(&self) -> &[View] {
        &self.views
    }

    /// In a data group a record is of 2005 and holds one view, of the finger that the header template names.
    pub(crate) fn check_finger(&self, position: FingerPosition) -> Result<(), LdsError> {
        if self.edition != Edition::Of2005 {
            return Err(field("version", "is not that of 2005"));
        }
        match self.views.as_slice() {
            [view] if view.position == position.code() => Ok(()),
            [_] => Err(field("finger position", "is not that of the header template")),
            _ => Err(field("number of views", "is not 1: each finger has its own instance")),
        }
    }
}

const fn field(field: &'static str, why: &'static str) -> LdsError {
    LdsError::Record { record: RECORD, field, why }
}

#[cfg(test)]
pub(crate) mod tests;
