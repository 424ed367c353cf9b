//! The data-driven applet: an eID or a partner's application, told apart by nothing but install parameters
//! ([`bitaqa_apdu::application`]). Files behind access rules, PINs and PUKs with tries, keys made on the card,
//! signatures.
//!
//! One gate each: files behind [`fs::Ef`](crate::fs::Ef), keys behind `keys::permit`, reference data behind its rule
//! and its counter. While SELECTABLE it takes personalisation through a secure channel and nothing else; once
//! PERSONALIZED it serves, and what changes is what a rule lets change.

mod configuration;
mod fingers;
mod keys;
mod reference_data;
mod signature;

use bitaqa_apdu::{Command, Response, Sw, dgi, ins};

use crate::access::UnderWay;
use crate::applet::Host;
use crate::command::SharedCommand;
use crate::two_lives::{Common, NativeModule, TwoLives};
use configuration::Configuration;
use signature::Environment;

/// Name of the native module in a chip's configuration.
pub const NAME: &str = "application";

/// Keys of the applet's cells: those that every applet has, and its own beside them.
mod cell {
    pub use crate::access::cell::*;

    /// Value of reference data `number`, ASCII digits.
    pub const fn value(number: u8) -> u16 {
        0x0040 | number as u16
    }

    /// Tries left of reference data `number`, one octet.
    pub const fn tries(number: u8) -> u16 {
        0x0060 | number as u16
    }

    /// State of reference data `number`: 00 usable, 01 transport.
    pub const fn state(number: u8) -> u16 {
        0x0080 | number as u16
    }
}

/// The native module.
pub(crate) type ApplicationModule = NativeModule<Application>;

/// The applet's RAM.
#[derive(Default)]
pub(crate) struct Application {
    common: Common,
    environment: Environment,
}

impl Application {
    fn shared(
        &mut self,
        configuration: &Configuration,
        command: &Command,
        under_way: UnderWay,
        host: &mut Host<'_>,
    ) -> Result<Response, Sw> {
        let parsed = SharedCommand::try_from(command)?;
        let setup = &configuration.setup;
        match &parsed {
            SharedCommand::Select { by, answer } => self.common.position.select(by, *answer, setup, host),
            SharedCommand::ReadBinary { sfi, offset, form } => {
                self.common.position.read_binary((*sfi, *offset, *form), command.ne, setup, host)
            }
            SharedCommand::GetData(dgi::GET_DATA_TRIES) => Ok(reference_data::tell(configuration, host)),
            SharedCommand::GetData(fingers::GROUP) => fingers::group(configuration),
            SharedCommand::GetData(number) => {
                let object = setup.objects.iter().find(|object| object.number == *number);
                object.map(|object| Response::ok(object.value.clone())).ok_or(Sw::REFERENCE_NOT_FOUND)
            }
            // A challenge for Terminal Authentication needs what that stands on; any other is just random octets.
            SharedCommand::GetChallenge if !host.status.has_session() => challenge(command, host),
            _ => self.common.protocols.process::<Self>(&parsed, command, under_way, host),
        }
    }
}

/// GET CHALLENGE outside of a session, 7816-4 §11.5.3: random octets, as many as asked for.
fn challenge(command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
    let length = usize::try_from(command.ne).unwrap_or(usize::MAX);
    if !(1..=256).contains(&length) || !command.data.is_empty() {
        return Err(Sw::WRONG_LENGTH);
    }
    let mut octets = vec![0; length];
    host.rng().fill_bytes(&mut octets);
    Ok(Response::ok(octets))
}

impl TwoLives for Application {
    fn accepts(parameters: &[u8]) -> Result<(), Sw> {
        Configuration::decode(parameters).map(|_| ())
    }

    fn common(&mut self) -> &mut Common {
        &mut self.common
    }

    fn operational(&mut self, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
        // Whatever comes between the steps of a protocol ends it, an unknown command too.
        let under_way = self.common.protocols.take();
        if !command.class.is_interindustry() {
            return Err(Sw::CLA_NOT_SUPPORTED);
        }
        let configuration = Configuration::of(host)?;
        if command.class.is_chained() {
            return self.shared(&configuration, command, under_way, host); // GENERAL AUTHENTICATE alone
        }
        match (command.ins, command.p1p2()) {
            (ins::VERIFY, _) => reference_data::verify(&configuration, command, host),
            (ins::CHANGE_REFERENCE_DATA, _) => reference_data::change(&configuration, command, host),
            (ins::VERIFY_ODD, _) => fingers::verify(&configuration, command, host),
            (ins::RESET_RETRY_COUNTER, _) => fingers::reset(&configuration, command, host)
                .unwrap_or_else(|| reference_data::reset(&configuration, command, host)),
            (ins::UPDATE_BINARY, _) => {
                let (sfi, offset) = crate::command::short_identifier_and_offset(command);
                self.common.position.update_binary(sfi, offset, &command.data, &configuration.setup, host)
            }
            (ins::MANAGE_SECURITY_ENVIRONMENT, 0x41B6) => {
                self.environment.set_signature(&configuration.parameters, command)
            }
            (ins::MANAGE_SECURITY_ENVIRONMENT, 0x41A4) if signature::names_a_key_alone(command) => {
                self.environment.set_authentication(&configuration.parameters, command)
            }
            (ins::PERFORM_SECURITY_OPERATION, 0x9E9A) => self.environment.sign(&configuration, command, host),
            (ins::INTERNAL_AUTHENTICATE, _) => self.environment.authenticate(&configuration, command, host),
            _ => self.shared(&configuration, command, under_way, host),
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
}

#[cfg(test)]
mod tests;
