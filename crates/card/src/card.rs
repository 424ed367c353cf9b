//! The card itself: power, one APDU in and one out, channels, selection, sessions. House rules kept here and nowhere
//! else: deselect comes before select; new keys take effect after the response left; an SM failure drops session and
//! status; each logical channel has an applet object of its own, so that what one has proved serves no other.

use std::collections::BTreeMap;

use bitaqa_apdu::{Atr, Bytes, Class, Command, Response, Sw, Transport, TransportError, ins};
use bitaqa_secure_messaging::SecureChannel;
use zeroize::Zeroizing;

use crate::applet::{Applet, Host, Module, Next, SecureChannelView, Selection};
use crate::channel::{Channel, Session};
use crate::chip::{self, ChipSpec, Configuration};
use crate::gp::keys::{self, Versioned};
use crate::gp::life_cycle::{AppLife, CardLife, Request};
use crate::gp::privileges::Privilege;
use crate::gp::registry::{CARD_MANAGER, Entry, Registry};
use crate::gp::secure_channel;
use crate::nvm::image::{self, ImageError};
use crate::nvm::medium::{Medium, MediumError, MemoryMedium};
use crate::nvm::{Nvm, NvmError, Owner, Quota};
use crate::{Platform, native};

/// A virtual card.
pub struct Card {
    pub(crate) nvm: Nvm,
    pub(crate) configuration: Configuration,
    pub(crate) life: CardLife,
    pub(crate) registry: Registry,
    /// The channel of the command under way.
    pub(crate) channel: Channel,
    /// The other open channels, by number.
    parked: BTreeMap<u8, Channel>,
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
    /// Octets of a last write that power cut off and that were dropped; the card is as before that write.
    pub torn_octets: usize,
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
        keys::put(&mut nvm, CARD_MANAGER, 0, transport).map_err(CardError::TransportKeys)?;
        nvm.compact()?;
        Self::over(nvm, platform)
    }

    /// Reads a card out of its image.
    ///
    /// # Errors
    /// [`CardError`].
    pub fn load(mut medium: Box<dyn Medium>, platform: Box<dyn Platform>) -> Result<Self, CardError> {
        // Before the memory cuts a torn end off: an image that is refused stays as it is.
        let octets = Zeroizing::new(medium.read()?);
        if !image::load(&octets)?.is_whole {
            return Err(ImageError::CutOff.into());
        }
        Self::over(Nvm::load(medium)?, platform)
    }

    fn over(nvm: Nvm, platform: Box<dyn Platform>) -> Result<Self, CardError> {
        let (configuration, life, registry) = Self::content(&nvm, platform.as_ref())?;
        let (channel, parked) = (Channel::default(), BTreeMap::new());
        let mut card = Self { nvm, configuration, life, registry, channel, parked, platform };
        card.power_on();
        Ok(card)
    }

    /// What the memory of a card says that it is.
    fn content(nvm: &Nvm, platform: &dyn Platform) -> Result<(Configuration, CardLife, Registry), CardError> {
        let configuration = Configuration::load(nvm)?;
        let life = nvm.get(chip::LIFE_CYCLE).and_then(|cell| cell.first()).copied().and_then(CardLife::from_byte);
        let life = life.ok_or(ImageError::Content("the card's life cycle cannot be read"))?;
        let registry = Registry::load(nvm, &configuration.modules)?;
        // Code that the image needs and this program lacks is told at once, not when a terminal selects it.
        let mut named = registry.load_files().iter().flat_map(|file| &file.modules);
        if let Some((_, name)) = named.find(|(aid, name)| !native::is_known(name, aid, platform)) {
            return Err(CardError::Module(name.clone()));
        }
        Ok((configuration, life, registry))
    }

    /// Facts for `card info`, from outside the command interface.
    pub fn info(&self) -> CardInfo {
        let (used_bytes, memory_bytes) = self.nvm.usage();
        let entries = self.registry.entries().iter();
        let sets = keys::all(&self.nvm, CARD_MANAGER).unwrap_or_default();
        CardInfo {
            life: self.life,
            key_versions: sets.iter().map(|set| set.kvn).collect(),
            kdd: self.configuration.kdd,
            instances: entries.map(|entry| InstanceInfo { aid: entry.aid.clone(), life: entry.life }).collect(),
            used_bytes,
            memory_bytes,
            damaged_cells: self.nvm.damaged().len(),
            torn_octets: self.nvm.torn(),
        }
    }

    /// The whole memory as the image of a card in this state. It holds the card's secrets in plain.
    pub fn snapshot(&self) -> Zeroizing<Vec<u8>> {
        self.nvm.snapshot()
    }

    /// Puts the card back to a snapshot, counters and tries included, and powers it on anew: what no chip can, and a
    /// laboratory needs.
    ///
    /// # Errors
    /// [`CardError`] for octets that are no snapshot; the card is then as before.
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<(), CardError> {
        // Read as a card first: a snapshot of no card must not cost this one.
        let medium = Box::new(MemoryMedium::with(snapshot.to_vec()));
        let (configuration, life, registry) = Self::content(&Nvm::load(medium)?, self.platform.as_ref())?;
        self.nvm.restore(snapshot)?;
        (self.configuration, self.life, self.registry) = (configuration, life, registry);
        self.power_on();
        Ok(())
    }

    /// Puts the card away: its image is rewritten compactly.
    ///
    /// # Errors
    /// [`MediumError`]; the image then holds the same content in its longer form.
    pub fn put_away(mut self) -> Result<(), MediumError> {
        self.nvm.compact()
    }

    /// All volatile state starts anew: only the basic channel is open, on it the default application is selected.
    fn power_on(&mut self) {
        self.parked.clear();
        self.channel = Channel::default();
        self.set_quotas();
        self.select_implicitly();
    }

    /// Quotas follow from the registry: a domain's holds for everything under it (GPC 2.3.1 §9.7).
    pub(crate) fn set_quotas(&mut self) {
        let entries = self.registry.entries();
        let quota = |entry: &Entry| {
            let octets = usize::try_from(entry.quota?).unwrap_or(usize::MAX);
            let under = |other: &&Entry| self.registry.is_under(other.owner, entry.owner);
            Some(Quota { owners: entries.iter().filter(under).map(|other| other.owner).collect(), octets })
        };
        let quotas = entries.iter().filter_map(quota).collect();
        self.nvm.set_quotas(quotas);
    }

    /// The default application, or the issuer security domain, becomes the selected one of a fresh channel.
    fn select_implicitly(&mut self) {
        let permitted = self.life.permits(Request::SelectApplication);
        let default = self.registry.default_selected().filter(|_| permitted);
        self.make_selected(default.map_or(CARD_MANAGER, |entry| entry.owner));
        // Nothing is sent for a selection by reset, so there is no one to tell of a refusal either.
        let _ = self.with_selected(&mut Next::Keep, |applet, host| applet.select(Selection::OnReset, host));
    }

    /// Gives the channel the application and fresh RAM for it.
    fn make_selected(&mut self, owner: Owner) {
        self.channel.selected = owner;
        self.channel.applet = self.fresh_applet(owner);
    }

    /// An applet's object with empty RAM, over the cells of its instance; `None` for a security domain.
    pub(crate) fn fresh_applet(&self, owner: Owner) -> Option<Box<dyn Applet>> {
        let entry = self.registry.get(owner).filter(|entry| !entry.is_domain())?;
        self.module(entry).map(|module| module.applet())
    }

    /// The module behind an entry: the one that its load file names, or that the factory put under these AIDs.
    pub(crate) fn module(&self, entry: &Entry) -> Option<Box<dyn Module>> {
        let file = self.registry.load_file(entry.package.as_bytes());
        let listed = file.and_then(|file| file.modules.iter().find(|(aid, _)| *aid == entry.module));
        listed.and_then(|(aid, name)| native::module(name, aid, self.platform.as_ref()))
    }

    /// Makes the channel of a command the current one.
    fn switch_to(&mut self, number: u8) -> Result<(), Sw> {
        if number == self.channel.number {
            return Ok(());
        }
        let wanted = self.parked.remove(&number).ok_or(Sw::CHANNEL_NOT_SUPPORTED)?;
        let left = core::mem::replace(&mut self.channel, wanted);
        self.parked.insert(left.number, left);
        Ok(())
    }

    fn exchange(&mut self, octets: &[u8]) -> (Bytes, Sw) {
        let class = Class(octets.first().copied().unwrap_or_default());
        if let Err(sw) = self.switch_to(class.channel()) {
            return (Bytes::new(), sw);
        }
        let buffers = self.configuration.buffers;
        let fits = octets.len() <= buffers.command_bytes;
        let command = match Command::parse(octets) {
            Ok(command) if fits => command,
            // More than the buffer takes is not looked at.
            Ok(_) => {
                if self.in_iso_session() {
                    self.end_session();
                }
                return (Bytes::new(), Sw::WRONG_LENGTH);
            }
            Err(sw) => {
                // What cannot be read cannot have been protected either.
                if self.in_iso_session() {
                    self.end_session();
                }
                return (Bytes::new(), sw);
            }
        };
        let ne = command.ne;
        if command.ins == ins::GET_RESPONSE && class.on_channel(0) == Class::INTERINDUSTRY {
            // Without Le it asks for what there is, as P3 = 00 does in T=0: such a host would else ask for ever.
            let ne = if ne == 0 { Command::NE_SHORT_MAX } else { ne };
            return self.channel.next_part(ne.min(buffers.ne_max())).unwrap_or_else(|sw| (Bytes::new(), sw));
        }
        self.channel.forget_pending();
        let response = self.unprotect_run_protect(command);
        self.channel.first_part(response.data, response.sw, ne.min(buffers.ne_max()))
    }

    fn in_iso_session(&self) -> bool {
        matches!(self.channel.session, Some(Session::Iso(_)))
    }

    fn unprotect_run_protect(&mut self, wire: Command) -> Response {
        let mut next = Next::Keep;
        let buffer = self.configuration.buffers.response_bytes.saturating_sub(2); // the status word
        let asked = usize::try_from(wire.ne).ok().filter(|ne| *ne > 0).map_or(buffer, |ne| ne.min(buffer));
        match self.channel.session.take() {
            Some(Session::Iso(mut sm)) => match sm.unprotect_command(wire) {
                Ok(plain) => {
                    let selected = self.channel.selected;
                    let room = sm.max_plain_data(asked);
                    let response = self.run(within(plain, room), &mut next).unwrap_or_else(Response::from);
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
            Some(Session::Scp(session)) => self.run_in_secure_channel(session, wire),
            None => {
                let opens = secure_channel::begins(&wire) || secure_channel::completes(&wire);
                if wire.class.has_sm() && !opens {
                    return Sw::SECURITY_STATUS_NOT_SATISFIED.into();
                }
                let response = self.run(within(wire, buffer), &mut next).unwrap_or_else(Response::from);
                self.change_session(next);
                response
            }
        }
    }

    fn run_in_secure_channel(&mut self, mut session: Box<dyn SecureChannel>, wire: Command) -> Response {
        let mut next = Next::Keep;
        if wire.class.is_gp_sm() && !secure_channel::begins(&wire) {
            // The MAC does not cover the number of the channel (Amd D §6.2.4, GPC 2.3.1 §E.4.4).
            let wire = Command { class: wire.class.on_channel(0), ..wire };
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
    pub(crate) fn end_session(&mut self) {
        self.channel.end_session();
        let _ = self.with_selected(&mut Next::Keep, |applet, host| {
            applet.deselect(host);
            Ok(Sw::OK.into())
        });
    }

    /// A plain command: chaining, what the card itself answers, the rest to the selected application.
    fn run(&mut self, command: Command, next: &mut Next) -> Result<Response, Sw> {
        if !(command.class.is_interindustry() || command.class.is_globalplatform()) {
            return Err(Sw::CLA_NOT_SUPPORTED);
        }
        // From here on the number of the channel is the card's affair alone.
        let command = Command { class: command.class.on_channel(0), ..command };
        if command.ins == ins::MANAGE_CHANNEL && command.class.is_interindustry() {
            return self.manage_channel(&command);
        }
        let command = match command.ins {
            ins::GENERAL_AUTHENTICATE => command,
            _ => match self.channel.chain(command)? {
                Some(whole) => whole,
                None => return Ok(Sw::OK.into()),
            },
        };
        if is_select_by_name(&command) {
            return self.select(&command, next);
        }
        if secure_channel::begins(&command) {
            self.permitted(Request::OpenChannel)?;
            return secure_channel::begin(self, &command);
        }
        if secure_channel::completes(&command) {
            self.permitted(Request::OpenChannel)?;
            return secure_channel::external_authenticate(self, &command);
        }
        if let Some(domain) = self.domain_selected() {
            return crate::gp::process(self, domain, &command);
        }
        self.permitted_to_selected()?;
        self.with_selected(next, |applet, host| applet.process(command, host))
    }

    /// Number of the selected security domain, if one is selected.
    fn domain_selected(&self) -> Option<Owner> {
        let selected = self.channel.selected;
        let is_domain = self.registry.get(selected).is_some_and(Entry::is_domain);
        (selected == CARD_MANAGER || is_domain).then_some(selected)
    }

    /// Whether the card's life cycle has room for such a request.
    ///
    /// # Errors
    /// 6985 when it has not.
    pub(crate) fn permitted(&self, request: Request) -> Result<(), Sw> {
        if self.life.permits(request) { Ok(()) } else { Err(Sw::CONDITIONS_NOT_SATISFIED) }
    }

    fn permitted_to_selected(&self) -> Result<(), Sw> {
        if self.registry.get(self.channel.selected).is_some_and(is_final) && self.life != CardLife::Terminated {
            return Ok(());
        }
        self.permitted(Request::Application)
    }

    /// SELECT by AID or its beginning; the old application is deselected before the new one hears of it. P2 = 02 asks
    /// for the next one that the name fits (GPC 2.3.1 §11.9.2.2).
    fn select(&mut self, command: &Command, next: &mut Next) -> Result<Response, Sw> {
        let further = match command.p2 & 0x03 {
            0x00 => false,
            0x02 => true,
            _ => return Err(Sw::FUNCTION_NOT_SUPPORTED),
        };
        let owner = self.named(&command.data, further).ok_or(Sw::FILE_NOT_FOUND)?;
        if owner != self.channel.selected {
            self.end_session();
            self.make_selected(owner);
        }
        match self.domain_selected() {
            Some(domain) => Ok(crate::gp::select(self, domain)),
            None => self.with_selected(next, |applet, host| applet.select(Selection::ByName, host)),
        }
    }

    /// The selectable application that a name fits: the first, or the first behind the selected one.
    fn named(&self, partial: &[u8], further: bool) -> Option<Owner> {
        let issuer = (CARD_MANAGER, &self.configuration.isd_aid);
        let others = self.registry.entries().iter().filter(|entry| {
            let request = if is_final(entry) { Request::SelectFinal } else { Request::SelectApplication };
            entry.life.is_selectable() && self.life.permits(request)
        });
        let all = core::iter::once(issuer).chain(others.map(|entry| (entry.owner, &entry.aid)));
        let mut fitting = all.filter(|(_, aid)| aid.matches(partial)).map(|(owner, _)| owner);
        if further {
            fitting.by_ref().find(|owner| *owner == self.channel.selected)?;
        }
        fitting.next()
    }

    /// MANAGE CHANNEL, GPC 2.3.1 §11.7: never under secure messaging, since it is the card's and no application's.
    fn manage_channel(&mut self, command: &Command) -> Result<Response, Sw> {
        if self.channel.session.is_some() {
            return Err(Sw::SM_NOT_SUPPORTED);
        }
        if !self.life.permits(Request::ManageChannel) {
            return Err(Sw::FUNCTION_NOT_SUPPORTED);
        }
        match (command.p1, command.p2) {
            (0x00, number) => self.open_channel(number),
            (0x80, 0) => Err(Sw::WRONG_P1P2),
            (0x80, number) => Ok(self.close_channel(number)),
            _ => Err(Sw::WRONG_P1P2),
        }
    }

    fn open_channel(&mut self, wanted: u8) -> Result<Response, Sw> {
        let limit = self.configuration.quirks.logical_channels;
        let taken = |number: u8| number == self.channel.number || self.parked.contains_key(&number);
        let number = match wanted {
            0 => (1..limit).find(|number| !taken(*number)).ok_or(Sw::FUNCTION_NOT_SUPPORTED)?,
            number if number < limit && !taken(number) => number,
            _ => return Err(Sw::WRONG_P1P2),
        };
        // Opened from the basic channel it begins with the default application, from another one with that one's own
        // (GPC 2.3.1 §6.4.2).
        let (from, inherited) = (self.channel.number, self.channel.selected);
        let left = core::mem::replace(&mut self.channel, Channel::new(number));
        self.parked.insert(left.number, left);
        if from == 0 {
            self.select_implicitly();
        } else {
            self.make_selected(inherited);
            let _ = self.with_selected(&mut Next::Keep, |applet, host| applet.select(Selection::OnReset, host));
        }
        self.switch_to(from)?;
        Ok(if wanted == 0 { Response::ok([number]) } else { Sw::OK.into() })
    }

    fn close_channel(&mut self, number: u8) -> Response {
        let from = self.channel.number;
        if self.switch_to(number).is_err() {
            return Sw(0x6200).into(); // GPC 2.3.1 Table 11-62: it was closed already
        }
        self.end_session();
        let back = if from == number { 0 } else { from };
        if self.switch_to(back).is_ok() {
            self.parked.remove(&number);
        }
        Sw::OK.into()
    }

    /// Whether an instance is selected on any open channel.
    pub(crate) fn is_selected_anywhere(&self, owner: Owner) -> bool {
        self.channel.selected == owner || self.parked.values().any(|channel| channel.selected == owner)
    }

    /// Lends the selected applet its reach for one call.
    pub(crate) fn with_selected(
        &mut self,
        next: &mut Next,
        call: impl FnOnce(&mut dyn Applet, &mut Host<'_>) -> Result<Response, Sw>,
    ) -> Result<Response, Sw> {
        let Some(mut applet) = self.channel.applet.take() else { return Err(Sw::FILE_NOT_FOUND) };
        let owner = self.channel.selected;
        let answer = self.with_host(owner, next, |host| call(applet.as_mut(), host));
        self.channel.applet = Some(applet);
        answer
    }

    /// Lends the reach of an instance for one call.
    pub(crate) fn with_host<T>(
        &mut self,
        owner: Owner,
        next: &mut Next,
        call: impl FnOnce(&mut Host<'_>) -> Result<T, Sw>,
    ) -> Result<T, Sw> {
        let life = self.registry.get(owner).map_or(AppLife::Installed, |entry| entry.life);
        let secure_channel = Session::authenticated(self.channel.session.as_ref());
        let secure_channel = secure_channel.map(|channel| SecureChannelView { level: channel.level(), dek: channel });
        let (nvm, status) = (&mut self.nvm, &mut self.channel.status);
        let (platform, channel) = (&mut *self.platform, self.channel.number);
        call(&mut Host { nvm, owner, life, secure_channel, channel, next, platform, status })
    }

    /// Does several changes of the registry as one: on `Err` none of them happened, in memory and here.
    ///
    /// # Errors
    /// What `work` or the memory answers.
    pub(crate) fn atomically<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Sw>) -> Result<T, Sw> {
        self.nvm.begin()?;
        let done = work(self).and_then(|value| Ok(self.nvm.commit().map(|()| value)?));
        if done.is_err() {
            self.nvm.abort();
            // The memory knows what is true; what cannot be read now is told by the next power-on.
            if let Ok(registry) = Registry::load(&self.nvm, &self.configuration.modules) {
                self.registry = registry;
            }
        }
        self.set_quotas();
        done
    }
}

fn is_final(entry: &Entry) -> bool {
    entry.privileges.has(Privilege::FINAL_APPLICATION)
}

/// READ BINARY for no more octets than a response has room for, by the chip's buffer and the reader's Le. Ne is the
/// most that is expected (7816-4 §5.2), so a reader that asks for a whole photograph gets the beginning of it and goes
/// on from there; many do not follow 61xx.
fn within(command: Command, room: usize) -> Command {
    let room = u32::try_from(room).unwrap_or(u32::MAX);
    let ne = if command.ins == ins::READ_BINARY { command.ne.min(room) } else { command.ne };
    Command { ne, ..command }
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
