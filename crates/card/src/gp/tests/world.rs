//! A blank card and a host that holds keys: whatever secure channel is open, it speaks in it.

use core::convert::Infallible;

use bitaqa_apdu::{Aid, Command, Response, Sw, Transport, ins, tlv};
use bitaqa_secure_messaging::put_key::{self, NewKey};
use bitaqa_secure_messaging::{KeySet, KeyType, SecureChannel, scp02, scp03};
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use rand_core::CryptoRng;

use crate::chip::{Buffers, Configuration, DOMAIN_MODULE, DOMAIN_PACKAGE, NativeModule, Quirks};
use crate::nvm::medium::MemoryMedium;
use crate::{Card, ChipSpec, Platform};

pub const ISD: &[u8] = &[0xA0, 0, 0, 1, 0x51, 0, 0, 0];
pub const APP_PACKAGE: &[u8] = &[0xF0, 0, 0, 0, 1];
pub const APP_MODULE: &[u8] = &[0xF0, 0, 0, 0, 1, 1];
pub const APP: &[u8] = &[0xA0, 0, 0, 2, 0x47, 0x10, 0x01];
pub const OTHER_APP: &[u8] = &[0xA0, 0, 0, 2, 0x47, 0x10, 0x02];
pub const DOMAIN: &[u8] = &[0xA0, 0, 0, 1, 0x51, 0, 0, 1];
pub const OTHER_DOMAIN: &[u8] = &[0xA0, 0, 0, 1, 0x51, 0, 0, 2];

pub struct Seeded(pub ChaCha20Rng);

impl Platform for Seeded {
    fn rng(&mut self) -> &mut dyn CryptoRng {
        &mut self.0
    }

    fn wait(&mut self, _: u32) {}
}

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub fn platform(seed: u64) -> Box<dyn Platform> {
    Box::new(Seeded(rng(seed)))
}

pub fn keys(octet: u8) -> KeySet {
    KeySet::new(&[octet; 16], &[octet + 1; 16], &[octet + 2; 16]).unwrap()
}

pub fn des_keys(octet: u8) -> KeySet {
    KeySet::triple_des(&[octet; 16], &[octet + 1; 16], &[octet + 2; 16]).unwrap()
}

pub fn spec(transport_keys: KeySet, level_min: u8, scp_i: u8, quirks: Quirks) -> ChipSpec {
    let aid = |octets: &[u8]| Aid::new(octets).unwrap();
    let native = |package: &[u8], module: &[u8], name: &str| NativeModule {
        package: aid(package),
        module: aid(module),
        name: name.to_owned(),
    };
    let configuration = Configuration {
        isd_aid: aid(ISD),
        atr: vec![0x3B, 0x80, 0x80, 0x01, 0x01],
        cplc: [0x11; 42],
        kdd: [7; 10],
        scp_i,
        level_min,
        modules: vec![
            native(APP_PACKAGE, APP_MODULE, crate::emrtd::NAME),
            native(&DOMAIN_PACKAGE, &DOMAIN_MODULE, crate::native::SECURITY_DOMAIN),
        ],
        quirks,
        buffers: Buffers::default(),
    };
    ChipSpec { configuration, memory_bytes: 60_000, transport_kvn: 1, transport_keys }
}

/// A card with a host beside it.
pub struct Line {
    pub card: Card,
    pub medium: MemoryMedium,
    pub session: Option<Box<dyn SecureChannel>>,
    rng: ChaCha20Rng,
}

impl Line {
    pub fn new() -> Self {
        Self::with(Quirks::default())
    }

    pub fn with(quirks: Quirks) -> Self {
        Self::of(spec(keys(0x40), 0x03, 0x70, quirks))
    }

    pub fn of(spec: ChipSpec) -> Self {
        let medium = MemoryMedium::default();
        let card = Card::blank(spec, Box::new(medium.clone()), platform(1)).unwrap();
        Self { card, medium, session: None, rng: rng(2) }
    }

    /// A card on which the issuer's channel is open.
    pub fn opened() -> Self {
        let mut line = Self::new();
        line.open(ISD, 1, &keys(0x40));
        line
    }

    /// Octets in, octets out.
    pub fn plain(&mut self, command: &Command) -> Response {
        let octets = self.card.transmit(&command.encode().unwrap()).unwrap();
        Response::parse(&octets).unwrap()
    }

    pub fn send(&mut self, command: Command) -> Response {
        match self.session.take() {
            None => self.plain(&command),
            Some(mut session) => {
                // The R-MAC needs room in the answer to any command.
                let ne = if command.ne == 0 { 256 } else { command.ne };
                let command = Command { ne, ..command };
                let wire = session.protect_command(command);
                let answer = self.plain(&wire);
                let response = session.unprotect_response(answer).unwrap();
                self.session = Some(session);
                response
            }
        }
    }

    pub fn sw(&mut self, command: Command) -> Sw {
        self.send(command).sw
    }

    pub fn ok(&mut self, command: Command) -> Vec<u8> {
        let named = format!("{:02X} {:04X}", command.ins, command.p1p2());
        let response = self.send(command);
        assert_eq!(response.sw, Sw::OK, "{named}");
        response.data.to_vec()
    }

    pub fn select(&mut self, aid: &[u8]) -> Sw {
        self.session = None;
        self.plain(&Command::new(ins::SELECT, 4, 0).data(aid).ne(256)).sw
    }

    /// Selects and opens a secure channel at the highest level that the keys' protocol has.
    pub fn open(&mut self, aid: &[u8], kvn: u8, keys: &KeySet) {
        assert_eq!(self.try_open(aid, kvn, keys), Ok(()));
    }

    pub fn try_open(&mut self, aid: &[u8], kvn: u8, keys: &KeySet) -> Result<(), String> {
        assert!(self.select(aid).is_processed());
        let card = &mut self.card;
        let mut send = |command: Command| -> Result<Response, Infallible> {
            Ok(Response::parse(&card.transmit(&command.encode().unwrap()).unwrap()).unwrap())
        };
        let session: Box<dyn SecureChannel> = match keys.key_type() {
            KeyType::Aes => {
                let level = scp03::SecurityLevel::C_DECRYPTION_R_ENCRYPTION;
                let opened = scp03::open(&mut send, &|_| Ok(keys.clone()), kvn, level, &mut self.rng);
                Box::new(opened.map_err(|error| error.to_string())?)
            }
            KeyType::TripleDes => {
                let level = scp02::Level::CDecryption;
                let opened = scp02::open(&mut send, &|_| Ok(keys.clone()), kvn, level, &mut self.rng);
                Box::new(opened.map_err(|error| error.to_string())?)
            }
        };
        self.session = Some(session);
        Ok(())
    }

    pub fn put_keys(&mut self, replaces: u8, kvn: u8, keys: &[NewKey]) -> Response {
        let session = self.session.as_ref().unwrap();
        let command = put_key::build(kvn, replaces, keys, session.as_ref()).unwrap();
        self.send(command)
    }

    pub fn put_set(&mut self, replaces: u8, kvn: u8, set: &KeySet) -> Response {
        self.put_keys(replaces, kvn, &NewKey::of_set(set).unwrap())
    }

    /// Makes a security domain with these privileges under the domain that is selected.
    pub fn new_domain(&mut self, aid: &[u8], privileges: [u8; 3]) -> Response {
        self.send(install(0x0C, [&DOMAIN_PACKAGE, &DOMAIN_MODULE, aid, &privileges, &[0xC9, 0], &[]]))
    }

    /// Power off and on: the card as its image tells it.
    pub fn power_cycle(&mut self) {
        self.session = None;
        self.card = Card::load(Box::new(self.medium.clone()), platform(3)).unwrap();
    }
}

pub fn lv(fields: &[&[u8]]) -> Vec<u8> {
    let length = |field: &[u8]| match u8::try_from(field.len()) {
        Ok(short @ ..=0x7F) => vec![short],
        Ok(long) => vec![0x81, long],
        Err(_) => [&[0x82][..], &u16::try_from(field.len()).unwrap().to_be_bytes()].concat(),
    };
    fields.iter().flat_map(|field| [length(field), field.to_vec()].concat()).collect()
}

pub fn install(p1: u8, fields: [&[u8]; 6]) -> Command {
    Command::globalplatform(ins::INSTALL, p1, 0).data(lv(&fields)).ne(256)
}

pub fn install_app(aid: &[u8]) -> Command {
    let own = tlv::tlv(0xC9, &emrtd_parameters());
    install(0x0C, [APP_PACKAGE, APP_MODULE, aid, &[0], &own, &[]])
}

/// Parameters of an eMRTD instance without files and keys: enough of an application for a card manager.
pub fn emrtd_parameters() -> Vec<u8> {
    use bitaqa_apdu::install::{Delay, Parameters};
    let parameters = Parameters {
        files: vec![],
        objects: vec![],
        keys: vec![],
        passwords: vec![1],
        delay: Delay { first_ms: 0, factor: 1, max_ms: 0 },
        bac: true,
        tries: None,
        quirk_pace: None,
        active_digest_bytes: None,
    };
    parameters.encode()
}

pub fn delete(aid: &[u8], related: bool) -> Command {
    Command::globalplatform(ins::DELETE, 0, if related { 0x80 } else { 0 }).data(tlv::tlv(0x4F, aid)).ne(256)
}

pub fn get_data(tag: u16) -> Command {
    let [p1, p2] = tag.to_be_bytes();
    Command::globalplatform(ins::GET_DATA, p1, p2).ne(256)
}

pub fn get_status(p1: u8, p2: u8, criteria: &[u8]) -> Command {
    Command::globalplatform(ins::GET_STATUS, p1, p2).data(criteria).ne(256)
}

pub fn set_status(p1: u8, p2: u8, aid: &[u8]) -> Command {
    Command::globalplatform(ins::SET_STATUS, p1, p2).data(aid)
}
