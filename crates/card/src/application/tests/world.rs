//! Cards with instances of the data-driven applet, personalised as an issuer does it, and a terminal for them.

use bitaqa_apdu::application::{ApplicationKey, FingerReference, KeyAlgorithm, KeyUses, Parameters, ReferenceData};
use bitaqa_apdu::fcp::{FileControl, Place, dgi_of};
use bitaqa_apdu::install::{DataObject, Delay, PASSWORD_CAN, PASSWORD_PIN, PASSWORD_PUK};
use bitaqa_apdu::public_key::CardPublicKey;
use bitaqa_apdu::{AccessRule, Aid, Command, Response, Sw, Transport, dgi, ins, tlv};
use bitaqa_lds::on_card;
use bitaqa_lds::security_infos::{SecurityInfo, SecurityInfos};
use bitaqa_secure_messaging::DataEncryption;
use bitaqa_secure_messaging::scp03::{Dek, KeySet};

use crate::applet::{Applet, Host, Module, Next, SecureChannelView};
use crate::application::{ApplicationModule, NAME};
use crate::chip::{Buffers, Configuration, NativeModule, Quirks};
use crate::emrtd::tests::world::{CAN, ISSUER, Line, ca_infos, pace_offer, platform, trust};
use crate::gp::life_cycle::AppLife;
use crate::gp::privileges::Privileges;
use crate::gp::registry::{CARD_MANAGER, Entry};
use crate::nvm::Owner;
use crate::nvm::medium::MemoryMedium;
use crate::status::SecurityStatus;
use crate::{Card, ChipSpec};

pub const MODULE: &[u8] = &[0xA0, 0, 0, 0x05, 0x02, 0x01];
pub const EID: &[u8] = b"\xA0\x00\x00\x00\x63PKCS-15";
pub const PARTNER: &[u8] = &[0xA0, 0, 0, 0x05, 0x02, 0x77];
pub const PIN: &str = "123456";
pub const PUK: &str = "8765432109";
pub const TRANSPORT: &str = "12345";

pub fn rule(text: &str) -> AccessRule {
    AccessRule::parse(text).unwrap()
}

pub fn file(fid: u16, sfi: u8, place: Place, read: &str, update: &str) -> FileControl {
    FileControl { fid, sfi, size_max: 400, read: rule(read), update: rule(update), place }
}

/// PIN 1, unblocked by PUK 2; PIN 3 for the second key, in transport state.
pub fn references(access: &str) -> Vec<ReferenceData> {
    let pin = ReferenceData {
        number: 1,
        digits_min: 6,
        digits_max: 12,
        tries: 3,
        transport: false,
        unblocked_by: Some(2),
        pace_password: Some(PASSWORD_PIN),
        padding: None,
        rule: rule(access),
    };
    let puk = ReferenceData {
        number: 2,
        digits_min: 8,
        tries: 5,
        unblocked_by: None,
        pace_password: Some(PASSWORD_PUK),
        ..pin.clone()
    };
    let transport =
        ReferenceData { number: 3, transport: true, pace_password: None, padding: Some(0xFF), ..pin.clone() };
    vec![pin, puk, transport]
}

/// Forty minutiae of the finger with this number, in no order.
pub fn minutiae(number: u8) -> Vec<[u8; 3]> {
    let mut state = u32::from(number) + 1;
    let mut octet = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u8::try_from(state >> 24).unwrap()
    };
    (0..40).map(|_| [60 + octet() / 2, 40 + octet() / 2, 0x40 | octet() & 0x3F]).collect()
}

/// A finger that PIN 1's rules do not know: three tries, given back after PUK 2.
pub fn finger(number: u8) -> FingerReference {
    let minutiae = (12, 60);
    FingerReference {
        number,
        subtype: 0x09,
        tries: 3,
        minutiae,
        order: 0x11,
        unblocked_by: Some(2),
        rule: rule("PACE"),
    }
}

pub fn key(number: u8, algorithm: KeyAlgorithm, access: &str, once: bool) -> ApplicationKey {
    let uses = KeyUses { authenticate: !once, sign: true, chip_authentication: false };
    ApplicationKey { number, algorithm, uses, rule: rule(access), once }
}

/// An eID: `access` is what VERIFY asks for, ALWAYS in the slot and PACE in the field.
pub fn eid(access: &str) -> Parameters {
    Parameters {
        df: 0x5015,
        files: vec![
            file(0x2F00, 30, Place::Mf, "ALWAYS", "NEVER"),
            file(0x011C, 28, Place::Mf, "ALWAYS", "NEVER"),
            file(0x5031, 1, Place::Application, "ALWAYS", "NEVER"),
            file(0x5032, 2, Place::Application, "ALWAYS", "NEVER"),
            file(0x4401, 3, Place::Application, "PIN[1]", "NEVER"),
        ],
        references: references(access),
        fingers: vec![],
        keys: vec![
            key(1, KeyAlgorithm::P256, "PIN[1]", false),
            key(2, KeyAlgorithm::P384, "PIN[3]", true),
            key(3, KeyAlgorithm::P256, "PIN[1]", true),
        ],
        objects: vec![DataObject { number: 0x018D, value: vec![0x01, 0x06] }],
        passwords: vec![PASSWORD_CAN, PASSWORD_PIN, PASSWORD_PUK],
        delay: Delay { first_ms: 100, factor: 2, max_ms: 1000 },
    }
}

/// A partner's application: a card-holder's part, and one that only its terminals may read or write.
pub fn partner() -> Parameters {
    let pin = ReferenceData { number: 1, pace_password: None, unblocked_by: None, ..references("ALWAYS").remove(0) };
    let chip = ApplicationKey {
        uses: KeyUses { chip_authentication: true, ..KeyUses::default() },
        ..key(1, KeyAlgorithm::P256, "NEVER", false)
    };
    Parameters {
        df: 0x7001,
        files: vec![
            file(0x011C, 28, Place::Mf, "ALWAYS", "NEVER"),
            file(0x0101, 1, Place::Application, "ALWAYS", "PIN[1]"),
            file(0x0102, 2, Place::Application, "PACE & CA & TA", "PACE & CA & TA[DG3]"),
            file(0x0103, 3, Place::Application, "NEVER", "NEVER"),
        ],
        references: vec![pin],
        keys: vec![chip, key(2, KeyAlgorithm::P256, "PIN[1]", false)],
        objects: vec![],
        passwords: vec![PASSWORD_CAN],
        ..eid("ALWAYS")
    }
}

/// EF.CardAccess with what the applications offer: PACE, and Chip Authentication with key 1.
fn card_access() -> Vec<u8> {
    let infos = vec![SecurityInfo::Pace(pace_offer().info), SecurityInfo::ChipAuthentication(ca_infos().remove(0))];
    SecurityInfos::new(infos).unwrap().to_der().unwrap()
}

/// Content of a file; what no test looks into holds its own identifier.
pub fn content(fid: u16, place: Place) -> Vec<u8> {
    match (fid, place) {
        (0x011C, Place::Mf) => card_access(),
        _ => tlv::tlv(0x60, &[&fid.to_be_bytes()[..], &[0x5A; 40]].concat()),
    }
}

/// An issuer's hand on one instance of a card: its channel is open, the instance not sealed.
pub struct Desk<'c> {
    pub card: &'c mut Card,
    pub owner: Owner,
    pub applet: Box<dyn Applet>,
    pub dek: Dek,
    pub level: Option<u8>,
}

impl<'c> Desk<'c> {
    pub fn install(card: &'c mut Card, owner: Owner, parameters: &[u8]) -> Result<Self, Sw> {
        let module = ApplicationModule::new(Aid::new(MODULE).unwrap());
        let dek = KeySet::new(&[1; 16], &[2; 16], &[3; 16]).unwrap().dek().unwrap();
        let mut desk = Self { card, owner, applet: module.applet(), dek, level: Some(0x33) };
        desk.host(|host, _| module.install(parameters, host))?;
        Ok(desk)
    }

    pub fn host<T>(&mut self, work: impl FnOnce(&mut Host<'_>, &mut dyn Applet) -> T) -> T {
        let dek = &self.dek;
        let mut host = Host {
            nvm: &mut self.card.nvm,
            owner: self.owner,
            life: AppLife::Selectable,
            secure_channel: self.level.map(|level| SecureChannelView { level, dek }),
            channel: 0,
            next: &mut Next::Keep,
            platform: &mut *self.card.platform,
            status: &mut SecurityStatus::default(),
        };
        work(&mut host, &mut *self.applet)
    }

    pub fn send(&mut self, command: Command) -> Result<Response, Sw> {
        self.host(|host, applet| applet.process(command, host))
    }

    pub fn generate(&mut self, number: u8) -> Result<CardPublicKey, Sw> {
        let command = Command::globalplatform(ins::GENERATE_ASYMMETRIC_KEY_PAIR, 0x80, number).ne(256);
        self.send(command).map(|response| CardPublicKey::decode(&response.data).unwrap())
    }

    /// One DGI in one block.
    pub fn store(&mut self, number: u16, value: &[u8], encrypted: bool) -> Result<(), Sw> {
        let value = if encrypted { self.dek.encrypt_sensitive(value) } else { value.to_vec() };
        let data = [dgi::header(number, u16::try_from(value.len()).unwrap()), value].concat();
        let p1 = if encrypted { 0xE8 } else { 0x88 };
        self.send(Command::globalplatform(ins::STORE_DATA, p1, 0).data(data)).map(|_| ())
    }

    pub fn seal(&mut self) -> Result<(), Sw> {
        self.host(|host, applet| applet.seal(host))
    }

    /// Everything that the parameters ask for, and the seal; the public keys.
    pub fn personalise(&mut self, parameters: &Parameters) -> Vec<(u8, CardPublicKey)> {
        self.store(dgi::ORDER_TAG, &[7; 16], false).unwrap();
        for reference in &parameters.references {
            let value = match (reference.transport, reference.unblocked_by) {
                (true, _) => TRANSPORT,
                (_, None) if reference.number == 2 => PUK,
                _ => PIN,
            };
            self.store(dgi::reference_data(reference.number), value.as_bytes(), true).unwrap();
        }
        for finger in &parameters.fingers {
            self.store(dgi::reference_data(finger.number), &on_card::probe(&minutiae(finger.number)), true).unwrap();
        }
        self.store(dgi::CAN, CAN.as_bytes(), true).unwrap();
        self.store(dgi::CVCA_CERTIFICATE, &ISSUER.cvca.encode(), false).unwrap();
        let date = bitaqa_pki::cvc::date_to_bcd(trust().current_date);
        self.store(dgi::CURRENT_DATE, &date, false).unwrap();
        for file in &parameters.files {
            self.store(dgi_of(file.fid, file.place), &content(file.fid, file.place), false).unwrap();
        }
        let keys = parameters.keys.iter().map(|key| (key.number, self.generate(key.number).unwrap())).collect();
        // Chip Authentication is checked with a key that terminals of the tests know.
        for key in parameters.keys.iter().filter(|key| key.uses.chip_authentication) {
            let known = ISSUER.chip_keys[0].1.to_bytes();
            self.host(|host, _| host.put(crate::key_pair::cell_of(key.number), &known)).unwrap();
        }
        self.seal().unwrap();
        keys
    }
}

/// A card without instances.
pub fn blank(seed: u64, medium: MemoryMedium) -> Card {
    let aid = Aid::new(MODULE).unwrap();
    let configuration = Configuration {
        isd_aid: Aid::from_hex("A000000151000000").unwrap(),
        atr: vec![0x3B, 0x80, 0x80, 0x01, 0x01],
        cplc: [0; 42],
        kdd: [0; 10],
        scp_i: 0x70,
        level_min: 3,
        modules: vec![NativeModule { package: aid.clone(), module: aid, name: NAME.to_owned() }],
        quirks: Quirks::default(),
        buffers: Buffers::default(),
    };
    let transport_keys = KeySet::new(&[1; 16], &[2; 16], &[3; 16]).unwrap();
    let spec = ChipSpec { configuration, memory_bytes: 60_000, transport_kvn: 1, transport_keys };
    Card::blank(spec, Box::new(medium), platform(seed)).unwrap()
}

/// A card with sealed instances, and their public keys.
pub fn card_of(instances: &[(&[u8], &Parameters)], medium: MemoryMedium) -> (Card, Vec<Vec<(u8, CardPublicKey)>>) {
    let mut card = blank(5, medium);
    let module = Aid::new(MODULE).unwrap();
    let mut keys = Vec::new();
    for (owner, (aid, parameters)) in (1..).zip(instances) {
        keys.push(Desk::install(&mut card, owner, &parameters.encode()).unwrap().personalise(parameters));
        let entry = Entry {
            owner,
            aid: Aid::new(aid).unwrap(),
            life: AppLife::Personalized,
            privileges: Privileges::default(),
            package: module.clone(),
            module: module.clone(),
            domain: CARD_MANAGER,
            quota: None,
        };
        card.registry.store(entry, &mut card.nvm).unwrap();
    }
    card.reset().unwrap();
    (card, keys)
}

/// A terminal before one selected instance, and its public keys.
pub fn line_of(parameters: &Parameters) -> (Line, Vec<(u8, CardPublicKey)>) {
    let (card, mut keys) = card_of(&[(EID, parameters)], MemoryMedium::default());
    let mut line = Line::with(card, 9);
    assert_eq!(select(&mut line, EID), Sw::OK);
    (line, keys.remove(0))
}

pub fn select(line: &mut Line, aid: &[u8]) -> Sw {
    line.send(Command::new(0xA4, 0x04, 0x0C).data(aid)).sw
}

/// VERIFY of reference data `number`; without data the status.
pub fn verify(line: &mut Line, number: u8, value: &[u8]) -> Sw {
    line.send(Command::new(ins::VERIFY, 0, 0x80 | number).data(value)).sw
}

pub fn change(line: &mut Line, number: u8, old: &[u8], new: &[u8]) -> Sw {
    line.send(Command::new(ins::CHANGE_REFERENCE_DATA, 0, 0x80 | number).data([old, new].concat())).sw
}

pub fn reset(line: &mut Line, p1: u8, number: u8, data: &[u8]) -> Sw {
    line.send(Command::new(ins::RESET_RETRY_COUNTER, p1, 0x80 | number).data(data)).sw
}

/// With twelve octets, as reference data 3 wants its values.
pub fn padded(value: &str) -> Vec<u8> {
    let mut octets = value.as_bytes().to_vec();
    octets.resize(12, 0xFF);
    octets
}

/// MSE:Set DST with a key, and an algorithm if one is given.
pub fn set_signature(line: &mut Line, number: u8, algorithm: Option<u8>) -> Sw {
    let algorithm = algorithm.map(|algorithm| vec![0x80, 1, algorithm]).unwrap_or_default();
    line.send(Command::new(0x22, 0x41, 0xB6).data([&[0x84, 1, number][..], &algorithm].concat())).sw
}

/// PSO: COMPUTE DIGITAL SIGNATURE.
pub fn sign(line: &mut Line, data: &[u8]) -> Response {
    line.send(Command::new(0x2A, 0x9E, 0x9A).data(data).ne(65_536))
}

/// Tries left, tries at first, state of reference data, by GET DATA DF34.
pub fn told(line: &mut Line, number: u8) -> (u8, u8, u8) {
    let response = line.send(Command::new(ins::GET_DATA, 0xDF, 0x34).ne(256));
    let rows = tlv::only(&response.data, 0xDF34).unwrap().to_vec();
    let row = rows.chunks(4).find(|row| row[0] == number).unwrap();
    (row[1], row[2], row[3])
}
