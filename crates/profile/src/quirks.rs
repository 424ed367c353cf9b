//! Where cards of one standard differ: known deviations of families of cards, as data, so that what a card did in the
//! field can be done again on a desk.

use crate::names::words;
use serde::Deserialize;

/// What a card does where the standards leave a choice, and where its family is known to depart from them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quirks {
    /// Status word of an EXTERNAL AUTHENTICATE whose host cryptogram is wrong: 6300, 6982 or 6988.
    pub authentication_failure: u16,
    /// Status word of an INITIALIZE UPDATE for a key version that is not there: 6A88 or 6A86.
    pub unknown_key_version: u16,
    /// Whether INSTALL [for personalization] is known, GPC 2.3.1 §11.5; without, it is answered 6A86 and STORE DATA
    /// goes to the selected application.
    pub personalization: bool,
    /// Whether STORE DATA of data groupings must say in P1 that they are such, GPC 2.3.1 §11.11.
    pub dgi_flag: DgiFlag,
    /// Whether a data grouping may span STORE DATA commands; without, each command carries whole ones.
    pub dgi_chaining: bool,
    /// Whether 9000 without data carries an R-MAC where the level has one, as Amd D §6.2.5 wants it.
    pub mac_on_empty_response: bool,
    /// Octets of one answer to GET STATUS; where there is more it ends with 6310, GPC 2.3.1 §11.4.
    pub status_page_bytes: usize,
    /// Logical channels, the basic one among them, 7816-4 §5.4.1.
    pub logical_channels: u8,
    /// Failed EXTERNAL AUTHENTICATEs in a row that lock a key set; 0: they are not counted.
    pub authentication_tries: u8,
    /// Source.
    pub basis: String,
}

words! {
    /// What P1 of STORE DATA, bits 5 and 4, must say before data groupings.
    DgiFlag {
        /// 01 or 00: both are taken.
        Any = "any",
        /// 01, or the command is refused.
        Required = "required",
    }
}

/// Status words that cards give a wrong host cryptogram.
pub(crate) const AUTHENTICATION_FAILURES: [u16; 3] = [0x6300, 0x6982, 0x6988];
/// Status words that cards give an unknown key version.
pub(crate) const UNKNOWN_KEY_VERSIONS: [u16; 2] = [0x6A88, 0x6A86];
/// Room for one entry at least, and for no more than a short response.
pub(crate) const STATUS_PAGE_BYTES: core::ops::RangeInclusive<usize> = 64..=254;
/// Four by the first interindustry class and sixteen by the further one, 7816-4 §5.4.1.
pub(crate) const LOGICAL_CHANNELS: core::ops::RangeInclusive<u8> = 1..=20;
