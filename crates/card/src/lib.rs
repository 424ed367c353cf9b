//! The applet host: a whole card in process. Power, selection and sessions ([`Card`]), the GlobalPlatform card manager
//! ([`gp`]), journalled memory ([`nvm`]), files behind one access gate ([`fs`]), and the eMRTD applet ([`emrtd`]).
//!
//! A [`Card`] is a [`bitaqa_apdu::Transport`]: it and a terminal meet as octets only. It has no clock, no global state
//! and no I/O but its [`nvm::medium::Medium`]; randomness and waiting come from the caller's [`Platform`]. [`vpcd`]
//! puts it behind a PC/SC reader over a connection that the caller opens.

pub(crate) mod access;
pub mod applet;
pub mod application;
mod card;
mod channel;
pub mod chip;
pub(crate) mod command;
pub mod emrtd;
pub(crate) mod files;
pub mod fs;
pub mod gp;
pub(crate) mod key_pair;
mod native;
pub mod nvm;
pub(crate) mod personalisation;
pub mod status;
mod two_lives;
pub mod vpcd;

pub use card::{Card, CardError, CardInfo, InstanceInfo};
pub use chip::ChipSpec;

use bitaqa_apdu::Aid;
use rand_core::CryptoRng;

use crate::applet::Module;

/// What a card takes from the world around it.
pub trait Platform: Send {
    /// The card's random generator.
    fn rng(&mut self) -> &mut dyn CryptoRng;
    /// Lets time pass before the card goes on, as a chip does between wrong passwords.
    fn wait(&mut self, milliseconds: u32);
    /// A module of the caller's own, by the name that the chip's facts or a load file give it, under its AID. Asked for
    /// names alone that this crate does not know; it has to answer alike as long as the card lives.
    fn module(&self, _name: &str, _aid: &Aid) -> Option<Box<dyn Module>> {
        None
    }
}
