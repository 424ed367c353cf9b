//! Bytes of the files of an eMRTD and of the CNIE's own: data values to EF contents and back.
//!
//! Each module is one noun, encoder and decoder side by side. Decoders are strict: what a file may not hold is an error,
//! and whatever is accepted is written again octet for octet. No key, no signature and no I/O lives here; which groups a
//! card holds is the profile's business. Editions of the standards cited: docs/standards.md.

mod civil_date;
pub mod com;
pub mod data_group;
mod error;
pub mod image;
mod low_tags;
pub mod mrz;
pub mod security_infos;
mod text;
#[cfg(test)]
mod vectors;

pub use civil_date::CivilDate;
pub use error::LdsError;
pub use text::Text;
