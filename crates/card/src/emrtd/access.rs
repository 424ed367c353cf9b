//! The access protocols on the card, one file each: which keys and passwords the protocols of `secure-messaging` get
//! from memory, and what their success changes in the status of the session.

mod active_authentication;
mod bac;
mod chip_authentication;
mod pace;
mod retry_counter;
mod terminal_authentication;
