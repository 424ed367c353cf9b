//! The eMRTD applet: files of ICAO 9303-10 behind PACE or BAC, Chip Authentication and Terminal Authentication; Active
//! Authentication.
//!
//! Two lives, told apart at one gate: while SELECTABLE it takes personalisation through a secure channel and shows no
//! file; once PERSONALIZED it shows files by their access rules and can be written by no one.
//! What it does not do: activate and deactivate a PIN.

mod active_authentication;
mod bac;
mod configuration;
mod keys;
mod reset_retry_counter;

use bitaqa_apdu::{Command, Response, Sw, ins};
use bitaqa_secure_messaging::bac::CardBac;

use crate::access::Instance;
use crate::applet::Host;
use crate::command::SharedCommand;
use crate::two_lives::{Common, NativeModule, TwoLives};
use configuration::Configuration;

/// Name of the native module in a chip's configuration.
pub const NAME: &str = "emrtd";

/// Keys of the applet's cells: those that every applet has, and its own beside them.
mod cell {
    pub use crate::access::cell::*;
    /// PIN.
    pub const PIN: u16 = 0x0009;
    /// PUK.
    pub const PUK: u16 = 0x000A;
    /// Tries left of the PIN, one octet.
    pub const PIN_TRIES: u16 = 0x000B;
    /// Tries left of the PUK, one octet.
    pub const PUK_TRIES: u16 = 0x000C;
}

/// The native module.
pub(crate) type EmrtdModule = NativeModule<Emrtd>;

/// The applet's RAM.
#[derive(Default)]
pub(crate) struct Emrtd {
    common: Common,
    bac: Option<CardBac>,
}

impl Emrtd {}

impl TwoLives for Emrtd {
    fn accepts(parameters: &[u8]) -> Result<(), Sw> {
        Configuration::decode(parameters).map(|_| ())
    }

    fn common(&mut self) -> &mut Common {
        &mut self.common
    }

    fn operational(&mut self, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
        // Whatever comes between the steps of a protocol ends it, an unknown command too.
        let (under_way, bac) = (self.common.protocols.take(), self.bac.take());
        if command.class.is_interindustry() && !command.class.is_chained() {
            match (command.ins, command.p1p2()) {
                (ins::RESET_RETRY_COUNTER, 0x0203) => return Self::reset_retry_counter(true, command, host),
                (ins::RESET_RETRY_COUNTER, 0x0303) => return Self::reset_retry_counter(false, command, host),
                (ins::INTERNAL_AUTHENTICATE, 0) => return Self::active_authentication(command, host),
                (ins::RESET_RETRY_COUNTER | ins::INTERNAL_AUTHENTICATE, _) => return Err(Sw::WRONG_P1P2),
                _ => {}
            }
        }
        let parsed = SharedCommand::try_from(command)?;
        match &parsed {
            SharedCommand::Select { by, answer } => self.common.position.select(by, *answer, &Self::setup(host)?, host),
            SharedCommand::ReadBinary { sfi, offset, form } => {
                self.common.position.read_binary((*sfi, *offset, *form), command.ne, &Self::setup(host)?, host)
            }
            SharedCommand::GetData(number) => {
                let objects = Self::setup(host)?.objects;
                let none = if objects.is_empty() { Sw::INS_NOT_SUPPORTED } else { Sw::REFERENCE_NOT_FOUND };
                let object = objects.into_iter().find(|object| object.number == *number);
                object.map(|object| Response::ok(object.value)).ok_or(none)
            }
            // Inside a session both are for Terminal Authentication, outside for BAC.
            SharedCommand::GetChallenge if !host.status.has_session() => self.begin_bac(command, host),
            SharedCommand::ExternalAuthenticate if !host.status.has_session() => self.finish_bac(bac, command, host),
            _ => self.common.protocols.process::<Self>(&parsed, command, under_way, host),
        }
    }

    fn generate(command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
        keys::generate(command, host)
    }

    fn public_keys(host: &Host<'_>) -> Result<Response, Sw> {
        keys::public_keys(host)
    }

    fn complete(host: &mut Host<'_>) -> Result<(), Sw> {
        configuration::complete(host)
    }

    fn reselected(&mut self) {
        self.bac = None;
    }
}

#[cfg(test)]
pub(crate) mod tests;
