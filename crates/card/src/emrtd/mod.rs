//! The eMRTD applet: files of ICAO 9303-10 behind PACE or BAC, Chip Authentication and Terminal Authentication; Active
//! Authentication.
//!
//! Two lives, told apart at one gate: while SELECTABLE it takes personalisation through a secure channel and shows no
//! file; once PERSONALIZED it shows files by their access rules and can be written by no one.
//! What it does not do: activate and deactivate a PIN.

mod access;
mod command;
mod files;
mod keys;
mod personalise;

use bitaqa_apdu::{Aid, Command, Response, Sw, ins};
use bitaqa_secure_messaging::{bac, ca, pace, ta};

use crate::applet::{Applet, Host, Module, Selection, StoreData};
use crate::gp::life_cycle::AppLife;
use command::EmrtdCommand;
use files::{Configuration, Position};

/// Name of the native module in a chip's configuration.
pub const NAME: &str = "emrtd";

/// Keys of the applet's cells. A file's content is in the cell that its DGI names, 0100 to 7FFF; these are beside.
mod cell {
    /// Install parameters.
    pub const CONFIGURATION: u16 = 0x0001;
    /// Binding tag of the order.
    pub const ORDER_TAG: u16 = 0x0002;
    /// CAN.
    pub const CAN: u16 = 0x0003;
    /// SHA-1 of the MRZ key input.
    pub const MRZ_SECRET: u16 = 0x0004;
    /// Trust points of Terminal Authentication, CV certificates one after the other.
    pub const TRUST_POINTS: u16 = 0x0006;
    /// Current date, six unpacked BCD digits.
    pub const CURRENT_DATE: u16 = 0x0007;
    /// PACE failures in a row, one octet.
    pub const PACE_FAILURES: u16 = 0x0008;
    /// PIN.
    pub const PIN: u16 = 0x0009;
    /// PUK.
    pub const PUK: u16 = 0x000A;
    /// Tries left of the PIN, one octet.
    pub const PIN_TRIES: u16 = 0x000B;
    /// Tries left of the PUK, one octet.
    pub const PUK_TRIES: u16 = 0x000C;
    /// First of the 256 cells of private keys: the key's number is the low octet.
    pub const KEYS: u16 = 0x8000;
}

/// The native module.
pub struct EmrtdModule {
    aid: Aid,
}

impl EmrtdModule {
    /// Under the AID that the chip's configuration gives it.
    pub const fn new(aid: Aid) -> Self {
        Self { aid }
    }
}

impl Module for EmrtdModule {
    fn aid(&self) -> &Aid {
        &self.aid
    }

    fn install(&self, parameters: &[u8], host: &mut Host<'_>) -> Result<(), Sw> {
        Configuration::decode(parameters)?;
        Ok(host.put(cell::CONFIGURATION, parameters)?)
    }

    fn applet(&self) -> Box<dyn Applet> {
        Box::new(Emrtd::default())
    }
}

/// The applet's RAM.
#[derive(Default)]
struct Emrtd {
    position: Position,
    pace: Option<pace::CardPace>,
    bac: Option<bac::CardBac>,
    ca: Option<ca::CardCa>,
    ta: ta::CardTa,
    store: personalise::Stream,
}

impl Emrtd {
    /// Protocols under way are dropped whenever another command comes between their steps.
    fn drop_protocols(&mut self) {
        self.pace = None;
        self.bac = None;
        self.ca = None;
    }

    fn operational(&mut self, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
        // Whatever comes between the steps of a protocol ends it, an unknown command too.
        let (pace, bac, ca) = (self.pace.take(), self.bac.take(), self.ca.take());
        let parsed = EmrtdCommand::try_from(command)?;
        match parsed {
            EmrtdCommand::SelectMf => Ok(self.position.select_mf()),
            EmrtdCommand::SelectEf(fid) => self.position.select_ef(fid, host),
            EmrtdCommand::ReadBinary { sfi, offset, form } => {
                self.position.read_binary(sfi, offset, form, command.ne, host)
            }
            EmrtdCommand::SetPace => self.set_pace(command, host),
            EmrtdCommand::SetChipAuthentication => self.set_chip_authentication(command, host),
            EmrtdCommand::SetKeyAgreementTemplate => Self::key_agreement_template(command, host),
            EmrtdCommand::GeneralAuthenticate => match (pace, ca) {
                (Some(pace), _) => self.pace_step(pace, command, host),
                (None, Some(ca)) => Self::chip_authentication(ca, command, host),
                (None, None) => Err(Sw::CONDITIONS_NOT_SATISFIED),
            },
            EmrtdCommand::ResetRetryCounter { change } => Self::reset_retry_counter(change, command, host),
            EmrtdCommand::SetVerification => self.set_verification(command, host),
            EmrtdCommand::VerifyCertificate => self.verify_certificate(command, host),
            EmrtdCommand::SetTerminalAuthentication => self.set_terminal_authentication(command, host),
            // Inside a session both are for Terminal Authentication, outside for BAC.
            EmrtdCommand::GetChallenge if host.status.has_session() => self.get_challenge(command, host),
            EmrtdCommand::GetChallenge => self.begin_bac(command, host),
            EmrtdCommand::ExternalAuthenticate if host.status.has_session() => {
                self.external_authenticate(command, host)
            }
            EmrtdCommand::ExternalAuthenticate => self.finish_bac(bac, command, host),
            EmrtdCommand::InternalAuthenticate => Self::active_authentication(command, host),
        }
    }
}

impl Applet for Emrtd {
    fn select(&mut self, how: Selection, host: &mut Host<'_>) -> Result<Response, Sw> {
        self.drop_protocols();
        self.position = match how {
            Selection::OnReset => Position::in_mf(),
            Selection::ByName => Position::in_application(),
        };
        // Rights of a terminal end with a new selection (TR-03105-3.2 case K_18); PACE, BAC and CA belong to the
        // session.
        host.status.ta = None;
        self.ta.forget();
        Ok(Sw::OK.into())
    }

    fn process(&mut self, command: Command, host: &mut Host<'_>) -> Result<Response, Sw> {
        match host.life() {
            AppLife::Personalized => self.operational(&command, host),
            AppLife::Selectable => match command.ins {
                ins::STORE_DATA => self.personalise(&StoreData::read(&command)?, host),
                ins::GENERATE_ASYMMETRIC_KEY_PAIR => personalise::generate_key(&command, host),
                ins::GET_DATA => personalise::get_data(&command, host),
                _ => Err(Sw::CONDITIONS_NOT_SATISFIED),
            },
            _ => Err(Sw::CONDITIONS_NOT_SATISFIED),
        }
    }

    fn deselect(&mut self, host: &mut Host<'_>) {
        *host.status = crate::status::SecurityStatus::default();
        *self = Self { position: core::mem::take(&mut self.position).without_file(), ..Self::default() };
    }

    fn personalise(&mut self, block: &StoreData<'_>, host: &mut Host<'_>) -> Result<Response, Sw> {
        if host.life() != AppLife::Selectable {
            return Err(Sw::CONDITIONS_NOT_SATISFIED);
        }
        self.store.block(block, host)
    }

    fn seal(&mut self, host: &mut Host<'_>) -> Result<(), Sw> {
        personalise::complete(host)
    }
}

#[cfg(test)]
mod tests;
