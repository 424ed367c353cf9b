//! Sessions of a host that has the keys of the card: GlobalPlatform in every state of a card's life, under SCP03 and
//! SCP02. Whatever such a host says, the memory stays that of a card, and keys come out of it in no answer.

use bitaqa_apdu::{Aid, Command, Response, Sw, Transport, dgi, ins, tlv};
use bitaqa_card::Card;
use bitaqa_secure_messaging::put_key::{self, NewKey};
use bitaqa_secure_messaging::secure_channel::{self, Wanted};
use bitaqa_secure_messaging::{KeySet, SecureChannel, scp03};
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;

use crate::issued::{Issued, card_of, cnie, eac, scp02};
use crate::script::Script;

/// What a script may do; the numbers are its octets, modulo [`act::COUNT`].
pub mod act {
    /// A command as it stands.
    pub const PLAIN: u8 = 0;
    /// A command under the channel that is open.
    pub const PROTECTED: u8 = 1;
    /// A secure channel with what is selected; the next octet chooses the level.
    pub const OPEN: u8 = 2;
    /// Reset.
    pub const RESET: u8 = 3;
    /// SELECT; the next octet chooses.
    pub const SELECT: u8 = 4;
    /// STORE DATA of one DGI: P1, number, value. Under the data encryption key where P1 says so.
    pub const STORE: u8 = 5;
    /// PUT KEY of three keys: version replaced, new version, octets of the keys.
    pub const PUT_KEYS: u8 = 6;
    /// INSTALL [for install and make selectable]: module, privileges, parameters.
    pub const INSTALL: u8 = 7;
    /// DELETE, and SET STATUS: the next octet chooses what, the one after it how.
    pub const CHANGE: u8 = 8;
    /// Acts that there are.
    pub const COUNT: u8 = 9;
}

/// AID of instances that scripts install.
const INSTANCE: [u8; 6] = [0xF0, 0x00, 0x00, 0xB1, 0x7A, 0x01];
/// What a channel of SCP03 says that it is.
const SCP03: u8 = 0x03;
/// Data fields that one command carries here.
const DATA_MAX: usize = 200;

/// One card of many: the first octet chooses product and state.
pub fn any_card(input: &[u8]) {
    let mut script = Script::new(input);
    let Some(choice) = script.octet() else { return };
    let issued = match choice % 3 {
        0 => eac(),
        1 => cnie(),
        _ => scp02(),
    };
    let (image, keys) = match choice / 3 % 3 {
        0 => (&issued.blank, &issued.transport_keys),
        1 => (&issued.written, &issued.card_keys),
        _ => (&issued.sealed, &issued.card_keys),
    };
    let Ok(card) = card_of(image) else { return assert!(image.is_empty(), "an issued card cannot be read") };
    let channel = None;
    let mut host = Host { issued, keys, card, channel, opened: 0, block: 0 };
    host.open(0x33);
    while let Some(octet) = script.octet() {
        host.act(octet % act::COUNT, &mut script);
    }
    let snapshot = host.card.snapshot();
    assert!(card_of(&snapshot).is_ok(), "what is left is no card");
    let info = host.card.info();
    assert!(info.used_bytes <= info.memory_bytes && info.damaged_cells == 0, "{} octets used", info.used_bytes);
}

struct Host {
    issued: &'static Issued,
    keys: &'static KeySet,
    card: Card,
    channel: Option<Box<dyn SecureChannel>>,
    /// How often a channel was begun, from which the host's randomness is drawn.
    opened: u64,
    /// Number of the next block of STORE DATA.
    block: u8,
}

impl Host {
    fn act(&mut self, act: u8, script: &mut Script<'_>) {
        match act {
            act::PLAIN => {
                self.transmit(script.part());
            }
            act::PROTECTED => {
                let _ = Command::parse(script.part()).map(|command| self.send(command));
            }
            act::OPEN => self.open(script.choice()),
            act::RESET => {
                self.channel = None;
                assert!(self.card.reset().is_ok());
            }
            act::SELECT => {
                let aid = self.aid(script.choice());
                self.channel = None;
                self.block = 0;
                self.send(Command::new(ins::SELECT, 0x04, 0x00).data(aid.as_slice()).ne(256));
            }
            act::STORE => self.store(script),
            act::PUT_KEYS => self.put_keys(script),
            act::INSTALL => self.install(script),
            _ => self.change(script.choice(), script.choice()),
        }
    }

    fn transmit(&mut self, octets: &[u8]) -> Response {
        let answer = self.card.transmit(octets).ok().and_then(|answer| Response::parse(&answer));
        let response = answer.unwrap_or_else(|| Sw::EXECUTION_ERROR.into());
        assert_ne!(response.sw, Sw::EXECUTION_ERROR, "the card had no answer to {octets:02X?}");
        assert!(matches!(response.sw.0 >> 12, 6 | 9), "status word {}", response.sw);
        self.look_through(&response);
        response
    }

    /// Keys of the secure channel are in no answer.
    fn look_through(&self, response: &Response) {
        for key in self.issued.card_keys.keys() {
            let held = response.data.windows(key.len()).any(|window| window == key);
            assert!(!held, "a key of the channel in an answer of {} octets", response.data.len());
        }
    }

    fn send(&mut self, command: Command) -> Option<Response> {
        let wire = match &mut self.channel {
            Some(channel) => channel.protect_command(command),
            None => command,
        };
        let answer = self.transmit(&wire.encode().ok()?);
        let Some(channel) = &mut self.channel else { return Some(answer) };
        let plain = channel.unprotect_response(answer).ok();
        if let Some(plain) = &plain {
            self.look_through(plain);
        } else {
            self.channel = None;
        }
        plain
    }

    fn open(&mut self, level: u8) {
        self.channel = None;
        self.block = 0;
        let level = [0x33, 0x13, 0x03, 0x01, 0x11].get(usize::from(level) % 5).copied().unwrap_or(0x33);
        let wanted = Wanted { kvn: 0, level, size: scp03::Size::S8 };
        self.opened += 1;
        let (keys, mut rng) = (self.keys, ChaCha20Rng::seed_from_u64(self.opened));
        let mut send = |command: Command| self.send(command).ok_or("no answer");
        let opened = secure_channel::open(&mut send, &|_| Ok(keys.clone()), wanted, &mut rng);
        self.channel = opened.ok().map(|(channel, _)| channel);
    }

    /// An AID that means something to the card, or will.
    fn aid(&self, choice: u8) -> Vec<u8> {
        let profile = &self.issued.profile;
        let aid = |aid: &Aid| aid.as_bytes().to_vec();
        match choice % 8 {
            0 => aid(&profile.chip.isd_aid),
            1 => aid(&profile.emrtd.instance_aid),
            2 => profile.eid.as_ref().map(|eid| aid(&eid.instance_aid)).unwrap_or_default(),
            3 => INSTANCE.to_vec(),
            4 => aid(&profile.emrtd.package_aid),
            5 => aid(&profile.emrtd.module_aid),
            6 => aid(&profile.chip.load_files.application.module_aid),
            _ => aid(&profile.chip.load_files.security_domain.module_aid),
        }
    }

    fn store(&mut self, script: &mut Script<'_>) {
        let (p1, high, low, value) = (script.choice(), script.choice(), script.choice(), script.part());
        let sensitive = p1 & 0x60 == 0x60;
        let value = match &self.channel {
            Some(channel) if sensitive => channel.encrypt_sensitive(value),
            _ => value.to_vec(),
        };
        let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
        let stream = [dgi::header(u16::from_be_bytes([high, low]), length), value].concat();
        let mut parts = stream.chunks(DATA_MAX).peekable();
        while let Some(part) = parts.next() {
            // The bit of the last block is the script's to set, with the last part of its value.
            let last = if parts.peek().is_none() { p1 & 0x80 } else { 0 };
            let command = Command::globalplatform(ins::STORE_DATA, p1 & 0x7F | last, self.block).data(part).ne(256);
            self.block = if last == 0 { self.block.checked_add(1).unwrap_or(1) } else { 0 };
            self.send(command);
        }
    }

    fn put_keys(&mut self, script: &mut Script<'_>) {
        let (replaced, kvn, octets) = (script.choice(), script.choice(), script.part());
        let Some(channel) = &self.channel else { return };
        let key = |place: usize| octets.get(place * 16..).unwrap_or_default().iter().copied().chain([0; 16]).take(16);
        let [enc, mac, dek]: [Vec<u8>; 3] = [0, 1, 2].map(|place| key(place).collect());
        let aes = channel.protocol() == SCP03;
        let made = if aes { KeySet::new(&enc, &mac, &dek) } else { KeySet::triple_des(&enc, &mac, &dek) };
        let keys = made.ok().and_then(|set| NewKey::of_set(&set).ok()).unwrap_or_default();
        if let Ok(command) = put_key::build(kvn, replaced, &keys, channel.as_ref()) {
            let answer = self.send(command);
            let confirmed = |answer: Response| put_key::check_confirmation(&answer.data, kvn, &keys).is_ok();
            assert!(answer.is_none_or(|answer| answer.sw != Sw::OK || confirmed(answer)), "another confirmation");
        }
    }

    fn install(&mut self, script: &mut Script<'_>) {
        let (choice, privileges, parameters) = (script.choice(), script.choice(), script.part());
        let load_files = &self.issued.profile.chip.load_files;
        let emrtd = &self.issued.profile.emrtd;
        let (package, module) = match choice % 3 {
            0 => (&emrtd.package_aid, &emrtd.module_aid),
            1 => (&load_files.application.package_aid, &load_files.application.module_aid),
            _ => (&load_files.security_domain.package_aid, &load_files.security_domain.module_aid),
        };
        let own = tlv::tlv(0xC9, parameters);
        let fields: [&[u8]; 6] = [package.as_bytes(), module.as_bytes(), &INSTANCE, &[privileges], &own, &[]];
        // Each field behind its length, as a value stands behind its own.
        let data: Vec<u8> = fields.iter().flat_map(|field| tlv::tlv(0x53, field).split_off(1)).collect();
        let mut parts = data.chunks(DATA_MAX).peekable();
        while let Some(part) = parts.next() {
            let more = if parts.peek().is_some() { 0x80 } else { 0 };
            self.send(Command::globalplatform(ins::INSTALL, 0x0C | more, 0).data(part).ne(256));
        }
    }

    fn change(&mut self, choice: u8, how: u8) {
        let aid = self.aid(choice);
        let command = match choice >> 6 {
            0 => Command::globalplatform(ins::DELETE, 0, how & 0x80).data(tlv::tlv(0x4F, &aid)).ne(256),
            1 => Command::globalplatform(ins::SET_STATUS, 0x40, how).data(aid),
            2 => Command::globalplatform(ins::SET_STATUS, 0x80, how),
            _ => Command::globalplatform(ins::GENERATE_ASYMMETRIC_KEY_PAIR, 0x80, how).ne(256),
        };
        self.send(command);
    }
}
