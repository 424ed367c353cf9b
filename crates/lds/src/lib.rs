//! Bytes of the files of an eMRTD and of the CNIE's own: data values to EF contents and back.
//!
//! Each module is one noun, encoder and decoder side by side. Decoders are strict: what a file may not hold is an
//! error, and whatever is accepted is written again octet for octet, but for the spellings of the field that dg11 and
//! dg12 name. No key, no signature and no I/O lives here; which groups a card holds is the profile's business. Editions
//! of the standards cited: docs/standards.md.

pub mod bilingual;
pub mod biometrics;
pub mod card_access;
pub mod cia;
pub mod civil_date;
pub mod com;
pub mod data_group;
pub mod dg1;
pub mod dg11;
pub mod dg12;
pub mod dg13;
pub mod dg14;
pub mod dg15;
mod error;
pub mod face;
pub mod fingers;
pub mod image;
pub mod iris;
pub mod iso39794;
pub mod minutiae;
pub mod mrz;
pub mod on_card;
pub mod optional_data;
pub mod security_infos;
mod tag_list;
pub mod text;
#[cfg(test)]
mod vectors;

pub use bilingual::{BILINGUAL_OCTETS_MAX, Bilingual};
pub use civil_date::CivilDate;
pub use error::LdsError;
pub use text::Text;
