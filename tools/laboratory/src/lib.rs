//! What a card is made from, in memory and out of a seed: an issuer's keys, a holder with portrait and prints, a blank
//! chip. The tools that measure and fuzz cards begin here, so that both mean the same card.
//!
//! Nobody is on these cards: the holder is a sample, the issuer a laboratory, and no key is ever written.

mod chip;
mod issuer;
mod person;

pub use chip::{Seeded, blank};
pub use issuer::LaboratoryIssuer;
pub use person::{Person, extra_files};

use time::UtcDateTime;
use time::macros::utc_datetime;

/// What went wrong: a tool has nobody who could react to it but its reader.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The instant of every run: certificates are valid and dates the same whenever a tool runs.
pub const NOW: UtcDateTime = utc_datetime!(2026-06-01 12:00);
