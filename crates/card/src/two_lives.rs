//! The two lives of an applet here, told apart at one gate: while SELECTABLE it takes personalisation through a secure
//! channel, once PERSONALIZED it answers to its holder and can be written by no one but by its rules.

use core::marker::PhantomData;

use bitaqa_apdu::{Aid, Command, Response, Sw, dgi, ins};

use crate::access::{Instance, Protocols, cell};
use crate::applet::{Applet, Host, Module, Selection, StoreData};
use crate::files::Position;
use crate::gp::life_cycle::AppLife;
use crate::personalisation::{self, Stream};
use crate::status::SecurityStatus;

/// RAM that every such applet has.
#[derive(Default)]
pub struct Common {
    /// Where it stands among its files.
    pub position: Position,
    /// Protocols under way.
    pub protocols: Protocols,
    /// Data of its personalisation.
    pub store: Stream,
}

/// An applet of two lives.
pub trait TwoLives: Instance + Default + Send {
    /// Whether install parameters are such as this applet takes.
    ///
    /// # Errors
    /// 6A80 when they are not.
    fn accepts(parameters: &[u8]) -> Result<(), Sw>;

    /// The RAM that it shares with others of its kind.
    fn common(&mut self) -> &mut Common;

    /// A command to the sealed instance.
    ///
    /// # Errors
    /// The status word.
    fn operational(&mut self, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw>;

    /// GENERATE ASYMMETRIC KEY PAIR during personalisation.
    ///
    /// # Errors
    /// The status word.
    fn generate(command: &Command, host: &mut Host<'_>) -> Result<Response, Sw>;

    /// The public keys made so far, `DF33 { .. }`.
    ///
    /// # Errors
    /// The status word.
    fn public_keys(host: &Host<'_>) -> Result<Response, Sw>;

    /// Whether nothing is missing before the seal.
    ///
    /// # Errors
    /// 6985 when something is.
    fn complete(host: &mut Host<'_>) -> Result<(), Sw>;

    /// Drops what of its own does not outlive a new selection.
    fn reselected(&mut self) {}
}

/// The native module of such an applet, under the AID that its load file gives it.
pub struct NativeModule<T> {
    aid: Aid,
    applet: PhantomData<fn() -> T>,
}

impl<T> NativeModule<T> {
    /// Under this AID.
    pub const fn new(aid: Aid) -> Self {
        Self { aid, applet: PhantomData }
    }
}

impl<T: TwoLives + 'static> Module for NativeModule<T> {
    fn aid(&self) -> &Aid {
        &self.aid
    }

    fn install(&self, parameters: &[u8], host: &mut Host<'_>) -> Result<(), Sw> {
        T::accepts(parameters)?;
        Ok(host.put(cell::CONFIGURATION, parameters)?)
    }

    fn applet(&self) -> Box<dyn Applet> {
        Box::new(T::default())
    }
}

impl<T: TwoLives> Applet for T {
    fn select(&mut self, how: Selection, host: &mut Host<'_>) -> Result<Response, Sw> {
        self.reselected();
        let common = self.common();
        common.position = match how {
            Selection::OnReset => Position::in_mf(),
            Selection::ByName => Position::in_application(),
        };
        // PINs stay shown: selecting again what is selected is how terminals find back to the DF.
        common.protocols.reselected(host);
        Ok(Sw::OK.into())
    }

    fn process(&mut self, command: Command, host: &mut Host<'_>) -> Result<Response, Sw> {
        match host.life() {
            AppLife::Personalized => self.operational(&command, host),
            AppLife::Selectable => match command.ins {
                ins::STORE_DATA => self.personalise(&StoreData::read(&command)?, host),
                ins::GENERATE_ASYMMETRIC_KEY_PAIR => T::generate(&command, host),
                ins::GET_DATA => match personalisation::get_data::<T>(command.p1p2(), host)? {
                    Some(response) => Ok(response),
                    None if command.p1p2() == dgi::GET_DATA_PUBLIC_KEYS => T::public_keys(host),
                    None => Err(Sw::REFERENCE_NOT_FOUND),
                },
                _ => Err(Sw::CONDITIONS_NOT_SATISFIED),
            },
            _ => Err(Sw::CONDITIONS_NOT_SATISFIED),
        }
    }

    fn deselect(&mut self, host: &mut Host<'_>) {
        *host.status = SecurityStatus::default();
        let position = core::mem::take(&mut self.common().position).without_file();
        *self = T::default();
        self.common().position = position;
    }

    fn personalise(&mut self, block: &StoreData<'_>, host: &mut Host<'_>) -> Result<Response, Sw> {
        if host.life() != AppLife::Selectable {
            return Err(Sw::CONDITIONS_NOT_SATISFIED);
        }
        self.common().store.block::<T>(block, host)
    }

    fn seal(&mut self, host: &mut Host<'_>) -> Result<(), Sw> {
        T::complete(host)
    }
}
