//! The card itself: power, one APDU in and one out, selection, sessions. House rules kept here and nowhere else:
//! deselect comes before select; new keys take effect after the response left; an SM failure drops session and status.

use std::collections::BTreeMap;

use bitaqa_apdu::{Atr, Bytes, Command, Response, Sw, Transport, TransportError, ins};

use crate::Platform;
use crate::applet::{Applet, Host, Module, Next, SecureChannelView, Selection};
use crate::channel::{Channel, Session};
use crate::chip::{self, ChipSpec, Configuration};
use crate::emrtd;
use crate::gp::keys::{self, Versioned};
use crate::gp::life_cycle::{AppLife, CardLife};
use crate::gp::registry::{CARD_MANAGER, Registry};
use crate::gp::secure_channel;
use crate::nvm::image::ImageError;
use crate::nvm::medium::{Medium, MediumError};
use crate::nvm::{Nvm, NvmError, Owner};

/// A virtual card.
pub struct Card {
    pub(crate) nvm: Nvm,
    pub(crate) configuration: Configuration,
    pub(crate) life: CardLife,
    pub(crate) registry: Registry,
    pub(crate) modules: Vec<Box<dyn Module>>,
    pub(crate) applets: BTreeMap<Owner, Box<dyn Applet>>,
    pub(crate) channel: Channel,
    pub(crate) platform: Box<dyn Platform>,
}

/// Why a card could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// The image.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The memory.
    #[error(transparent)]
    Memory(#[from] NvmError),
    /// The medium.
    #[error(transparent)]
    Medium(#[from] MediumError),
    /// The card names a native module that this program does not have.
    #[error("the card needs the native module `{0}`, which this program does not have")]
    Module(String),
    /// The factory could not put the transport keys.
    #[error("transport keys refused with {0}")]
    TransportKeys(Sw),
}

/// What a lab may know of a card without speaking to it.
pub struct CardInfo {
    /// Card life cycle.
    pub life: CardLife,
    /// Key versions present.
    pub key_versions: Vec<u8>,
    /// Key diversification data.
    pub kdd: [u8; 10],
    /// Instances.
    pub instances: Vec<InstanceInfo>,
    /// Octets in use.
    pub used_bytes: usize,
    /// Octets in all.
    pub memory_bytes: usize,
    /// Cells whose checksum did not hold.
    pub damaged_cells: usize,
}

/// One instance in [`CardInfo`].
pub struct InstanceInfo {
    /// AID.
    pub aid: bitaqa_apdu::Aid,
    /// Life cycle.
    pub life: AppLife,
}

impl Card {
    /// Makes a blank card on an empty medium: OP_READY, transport keys, no application.
    ///
    /// # Errors
    /// [`CardError`].
    pub fn blank(spec: ChipSpec, medium: Box<dyn Medium>, platform: Box<dyn Platform>) -> Result<Self, CardError> {
        let mut nvm = Nvm::format(medium, spec.memory_bytes)?;
        nvm.put(chip::CONFIGURATION, &spec.configuration.encode())?;
        nvm.put(chip::LIFE_CYCLE, &[CardLife::OpReady.to_byte()])?;
        let transport = Versioned { kvn: spec.transport_kvn, keys: spec.transport_keys };
        keys::put(&mut nvm, 0, transport).map_err(CardError::TransportKeys)?;
        nvm.compact()?;
        Self::over(nvm, platform)
    }

    /// Reads a card out of its image.
    ///
    /// # Errors
    /// [`CardError`].
    pub fn load(medium: Box<dyn Medium>, platform: Box<dyn Platform>) -> Result<Self, CardError> {
        Self::over(Nvm::load(medium)?, platform)
    }

    fn over(nvm: Nvm, platform: Box<dyn Platform>) -> Result<Self, CardError> {
        let configuration = Configuration::load(&nvm)?;
        let life = nvm.get(chip::LIFE_CYCLE).and_then(|cell| cell.first()).copied().and_then(CardLife::from_byte);
        let life = life.ok_or(ImageError::Content("the card's life cycle cannot be read"))?;
        let registry = Registry::load(&nvm)?;
        let native = &configuration.module;
        let module = match native.name.as_str() {
            emrtd::NAME => Box::new(emrtd::EmrtdModule::new(native.module.clone())) as Box<dyn Module>,
            other => return Err(CardError::Module(other.to_owned())),
        };
        let channel = Channel::default();
        let (modules, applets) = (vec![module], BTreeMap::new());
        let mut card = Self { nvm, configuration, life, registry, modules, applets, channel, platform };
        card.power_on();
        Ok(card)
    }

    /// Facts for `card info`, from outside the command interface.
    pub fn info(&self) -> CardInfo {
        let (used_bytes, memory_bytes) = self.nvm.usage();
        let entries = self.registry.entries().iter();
        CardInfo {
            life: self.life,
            key_versions: keys::all(&self.nvm).unwrap_or_default().iter().map(|set| set.kvn).collect(),
            kdd: self.configuration.kdd,
            instances: entries.map(|entry| InstanceInfo { aid: entry.aid.clone(), life: entry.life }).collect(),
            used_bytes,
            memory_bytes,
            damaged_cells: self.nvm.damaged().len(),
        }
    }

    /// Puts the card away: its image is rewritten compactly.
    ///
    /// # Errors
    /// [`MediumError`]; the image then holds the same content in its longer form.
    pub fn put_away(mut self) -> Result<(), MediumError> {
        self.nvm.compact()
    }

    /// All volatile state starts anew: applets lose their RAM, the default application is selected.
    fn power_on(&mut self) {
        self.channel = Channel::default();
        let installed = self.registry.entries().iter();
        let made = installed.filter_map(|entry| {
            let module = self.modules.iter().find(|module| *module.aid() == entry.module)?;
            Some((entry.owner, module.applet()))
        });
        self.applets = made.collect();
        self.channel.selected = self.registry.default_selected().map_or(CARD_MANAGER, |entry| entry.owner);
        let selected = self.channel.selected;
        // Nothing is sent for a selection by reset, so there is no one to tell of a refusal either.
        let _ = self.with_applet(selected, &mut Next::Keep, |applet, host| applet.select(Selection::OnReset, host));
    }

    fn exchange(&mut self, octets: &[u8]) -> (Bytes, Sw) {
        let command = match Command::parse(octets) {
            Ok(command) => command,
            Err(sw) => {
                // What cannot be read cannot have been protected either.
                if self.in_iso_session() {
                    self.end_session();
                }
                return (Bytes::new(), sw);
            }
        };
        let ne = command.ne;
        if command.class.channel() != 0 && !self.in_iso_session() {
            return (Bytes::new(), Sw::CHANNEL_NOT_SUPPORTED);
        }
        if command.ins == ins::GET_RESPONSE && command.class.0 == 0 {
            return self.channel.next_part(ne).unwrap_or_else(|sw| (Bytes::new(), sw));
        }
        self.channel.forget_pending();
        let response = self.unprotect_run_protect(command);
        self.channel.first_part(response.data, response.sw, ne)
    }

    fn in_iso_session(&self) -> bool {
        matches!(self.channel.session, Some(Session::Iso(_)))
    }

    fn unprotect_run_protect(&mut self, wire: Command) -> Response {
        let mut next = Next::Keep;
        match self.channel.session.take() {
            Some(Session::Iso(mut sm)) => match sm.unprotect_command(wire) {
                Ok(plain) => {
                    let selected = self.channel.selected;
                    let response = self.run(plain, &mut next).unwrap_or_else(Response::from);
                    let response = sm.protect_response(response);
                    // Another application does not inherit the session; the answer still went out under it.
                    if self.channel.selected == selected {
                        self.channel.session = Some(Session::Iso(sm));
                    }
                    self.change_session(next);
                    response
                }
                Err(sw) => {
                    self.end_session();
                    sw.into()
                }
            },
            Some(Session::Scp(mut session)) => {
                if wire.class.is_gp_sm() && !secure_channel::begins(&wire) {
                    return match session.unprotect_command(wire) {
                        Ok(plain) => {
                            self.channel.session = Some(Session::Scp(session));
                            let response = self.run(plain, &mut next).unwrap_or_else(Response::from);
                            self.protect_scp(response)
                        }
                        Err(sw) => {
                            self.end_session();
                            sw.into()
                        }
                    };
                }
                // A plain command ends the secure channel. Only a new beginning is then carried out.
                self.end_session();
                if secure_channel::begins(&wire) || is_select_by_name(&wire) {
                    self.run(wire, &mut next).unwrap_or_else(Response::from)
                } else {
                    Sw::SECURITY_STATUS_NOT_SATISFIED.into()
                }
            }
            None => {
                let opens = secure_channel::begins(&wire) || secure_channel::completes(&wire);
                if wire.class.has_sm() && !opens {
                    return Sw::SECURITY_STATUS_NOT_SATISFIED.into();
                }
                let response = self.run(wire, &mut next).unwrap_or_else(Response::from);
                self.change_session(next);
                response
            }
        }
    }

    /// Protects under the secure channel, unless the command closed it.
    fn protect_scp(&mut self, response: Response) -> Response {
        match &mut self.channel.session {
            Some(Session::Scp(session)) => session.protect_response(response),
            _ => response,
        }
    }

    fn change_session(&mut self, next: Next) {
        if let Next::Iso(sm) = next {
            self.channel.session = Some(Session::Iso(sm));
        }
    }

    /// The one place where a session dies: keys, status and the applet's volatile state go together.
    fn end_session(&mut self) {
        self.channel.session = None;
        self.channel.opening = None;
        self.channel.personalising = None;
        self.channel.forget_chain();
        self.channel.status = crate::status::SecurityStatus::default();
        self.deselect(self.channel.selected);
    }

    fn deselect(&mut self, owner: Owner) {
        let _ = self.with_applet(owner, &mut Next::Keep, |applet, host| {
            applet.deselect(host);
            Ok(Sw::OK.into())
        });
    }

    /// A plain command: chaining, what the card itself answers, the rest to the selected application.
    fn run(&mut self, command: Command, next: &mut Next) -> Result<Response, Sw> {
        if !(command.class.is_interindustry() || command.class.is_globalplatform()) {
            return Err(Sw::CLA_NOT_SUPPORTED);
        }
        if command.class.channel() != 0 {
            return Err(Sw::CHANNEL_NOT_SUPPORTED);
        }
        let command = match command.ins {
            ins::GENERAL_AUTHENTICATE => command,
            _ => match self.channel.chain(command)? {
                Some(whole) => whole,
                None => return Ok(Sw::OK.into()),
            },
        };
        if self.life == CardLife::Terminated {
            return Err(Sw::CONDITIONS_NOT_SATISFIED);
        }
        if is_select_by_name(&command) {
            return self.select(&command, next);
        }
        if secure_channel::begins(&command) {
            return secure_channel::initialize_update(self, &command);
        }
        if secure_channel::completes(&command) {
            return secure_channel::external_authenticate(self, &command);
        }
        match self.channel.selected {
            CARD_MANAGER => crate::gp::process(self, &command),
            owner => self.with_applet(owner, next, |applet, host| applet.process(command, host)),
        }
    }

    /// SELECT by AID or its beginning; the old application is deselected before the new one hears of it.
    fn select(&mut self, command: &Command, next: &mut Next) -> Result<Response, Sw> {
        let by_name = if self.configuration.isd_aid.matches(&command.data) {
            CARD_MANAGER
        } else {
            let entry = self.registry.find(&command.data).ok_or(Sw::FILE_NOT_FOUND)?;
            if !entry.life.is_selectable() || self.life == CardLife::CardLocked {
                return Err(Sw::FILE_NOT_FOUND);
            }
            entry.owner
        };
        if by_name != self.channel.selected {
            self.end_session();
            self.channel.selected = by_name;
        }
        match by_name {
            CARD_MANAGER => Ok(crate::gp::select(self)),
            owner => self.with_applet(owner, next, |applet, host| applet.select(Selection::ByName, host)),
        }
    }

    /// Lends an applet its reach for one call.
    pub(crate) fn with_applet(
        &mut self,
        owner: Owner,
        next: &mut Next,
        call: impl FnOnce(&mut dyn Applet, &mut Host<'_>) -> Result<Response, Sw>,
    ) -> Result<Response, Sw> {
        let Some(applet) = self.applets.get_mut(&owner) else { return Err(Sw::FILE_NOT_FOUND) };
        let life = self.registry.get(owner).map_or(AppLife::Installed, |entry| entry.life);
        let secure_channel = match &self.channel.session {
            Some(Session::Scp(session)) => Some(SecureChannelView { level: session.level(), dek: session.as_ref() }),
            _ => None,
        };
        let platform = &mut *self.platform;
        let (nvm, status) = (&mut self.nvm, &mut self.channel.status);
        let mut host = Host { nvm, owner, life, secure_channel, next, platform, status };
        call(applet.as_mut(), &mut host)
    }
}

fn is_select_by_name(command: &Command) -> bool {
    command.ins == ins::SELECT && command.p1 == 0x04
}

impl Transport for Card {
    fn reset(&mut self) -> Result<Atr, TransportError> {
        self.power_on();
        Ok(Atr(self.configuration.atr.clone()))
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Bytes, TransportError> {
        let (data, sw) = self.exchange(command);
        if self.nvm.has_failed() {
            // A chip that lost its memory in mid-command does not answer any more.
            return Err(TransportError::Memory("write failed; the card is mute until the next power-on".into()));
        }
        Ok(Response { data, sw }.encode())
    }
}
