//! ISO 7816-4 words: what a command, a response, a status word, a class byte, an AID, a BER-TLV object and an access
//! rule are, and the one I/O trait by which a card and a terminal meet as bytes.
//!
//! No key, no file content and no protocol lives here. Editions of the standards cited: docs/standards.md.

pub mod access;
mod aid;
pub mod application;
mod bytes;
mod class;
mod command;
pub mod describe;
pub mod dgi;
pub mod fcp;
pub mod install;
pub mod public_key;
mod response;
mod sw;
pub mod tlv;
mod transport;

pub use access::{AccessRule, Need, TerminalRight};
pub use aid::{Aid, AidError};
pub use bytes::Bytes;
pub use class::{CHANNEL_MAX, Class};
pub use command::{Command, LengthError};
pub use response::Response;
pub use sw::Sw;
pub use transport::{Atr, Transport, TransportError};

/// Instruction bytes of ISO 7816-4, -8 and GPC 2.3.1 that this workspace speaks.
pub mod ins {
    /// VERIFY, 7816-4 §11.5.6.
    pub const VERIFY: u8 = 0x20;
    /// VERIFY with data objects: the probe of a comparison on the card.
    pub const VERIFY_ODD: u8 = 0x21;
    /// MANAGE SECURITY ENVIRONMENT, 7816-4 §11.5.11.
    pub const MANAGE_SECURITY_ENVIRONMENT: u8 = 0x22;
    /// CHANGE REFERENCE DATA, 7816-4 §11.5.7.
    pub const CHANGE_REFERENCE_DATA: u8 = 0x24;
    /// PERFORM SECURITY OPERATION, 7816-8 §11.
    pub const PERFORM_SECURITY_OPERATION: u8 = 0x2A;
    /// RESET RETRY COUNTER, 7816-4 §11.5.10.
    pub const RESET_RETRY_COUNTER: u8 = 0x2C;
    /// GENERATE ASYMMETRIC KEY PAIR, 7816-8 §5.1.
    pub const GENERATE_ASYMMETRIC_KEY_PAIR: u8 = 0x47;
    /// INITIALIZE UPDATE, Amd D §7.1.1.
    pub const INITIALIZE_UPDATE: u8 = 0x50;
    /// MANAGE CHANNEL, 7816-4 §11.1.2 and GPC 2.3.1 §11.7.
    pub const MANAGE_CHANNEL: u8 = 0x70;
    /// EXTERNAL AUTHENTICATE, 7816-4 §11.5.4 and Amd D §7.1.2.
    pub const EXTERNAL_AUTHENTICATE: u8 = 0x82;
    /// GET CHALLENGE, 7816-4 §11.5.3.
    pub const GET_CHALLENGE: u8 = 0x84;
    /// GENERAL AUTHENTICATE, 7816-4 §11.5.5.
    pub const GENERAL_AUTHENTICATE: u8 = 0x86;
    /// INTERNAL AUTHENTICATE, 7816-4 §11.5.2.
    pub const INTERNAL_AUTHENTICATE: u8 = 0x88;
    /// SELECT, 7816-4 §11.2.2.
    pub const SELECT: u8 = 0xA4;
    /// READ BINARY with offset in P1-P2 or SFI in P1, 7816-4 §11.3.3.
    pub const READ_BINARY: u8 = 0xB0;
    /// READ BINARY with offset data object, 7816-4 §11.3.3.
    pub const READ_BINARY_ODD: u8 = 0xB1;
    /// GET RESPONSE, 7816-4 §12.3.1.
    pub const GET_RESPONSE: u8 = 0xC0;
    /// GET DATA, 7816-4 §11.4.3, GPC 2.3.1 §11.3.
    pub const GET_DATA: u8 = 0xCA;
    /// UPDATE BINARY with offset in P1-P2 or SFI in P1, 7816-4 §11.3.5.
    pub const UPDATE_BINARY: u8 = 0xD6;
    /// PUT KEY, GPC 2.3.1 §11.8.
    pub const PUT_KEY: u8 = 0xD8;
    /// STORE DATA, GPC 2.3.1 §11.11.
    pub const STORE_DATA: u8 = 0xE2;
    /// INSTALL, GPC 2.3.1 §11.5.
    pub const INSTALL: u8 = 0xE6;
    /// DELETE, GPC 2.3.1 §11.2.
    pub const DELETE: u8 = 0xE4;
    /// LOAD, GPC 2.3.1 §11.6.
    pub const LOAD: u8 = 0xE8;
    /// SET STATUS, GPC 2.3.1 §11.10.
    pub const SET_STATUS: u8 = 0xF0;
    /// GET STATUS, GPC 2.3.1 §11.4.
    pub const GET_STATUS: u8 = 0xF2;
}
