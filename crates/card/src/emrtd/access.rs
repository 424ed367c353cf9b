//! The access protocols on the card, one file each: which keys and passwords the protocols of `secure-messaging` get from
//! memory, and what their success changes in the session's status.

mod chip_authentication;
mod pace;
mod terminal_authentication;
