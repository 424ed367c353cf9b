//! The applet before it is sealed: key pairs by number, passwords, and what it must have before it may be sealed.

use bitaqa_apdu::fcp::{FileControl, Place};
use bitaqa_apdu::install::{Delay, KeySpec, KeyUse, Parameters, Tries};
use bitaqa_apdu::public_key::{self, CardPublicKey};
use bitaqa_apdu::{AccessRule, Aid, Command, Response, Sw, dgi, ins};
use bitaqa_curves::PublicKey;
use bitaqa_pki::cvc::date_to_bcd;
use bitaqa_secure_messaging::DataEncryption;
use bitaqa_secure_messaging::scp03::{Dek, KeySet};
use rand_core::CryptoRng;

use super::world::{AID, ISSUER, rng, trust};
use crate::Platform;
use crate::applet::{Applet, Host, Module, Next, SecureChannelView};
use crate::emrtd::{EmrtdModule, cell, keys};
use crate::gp::life_cycle::AppLife;
use crate::nvm::Nvm;
use crate::nvm::medium::MemoryMedium;
use crate::status::SecurityStatus;

struct Seeded(rand::rngs::ChaCha20Rng);

impl Platform for Seeded {
    fn rng(&mut self) -> &mut dyn CryptoRng {
        &mut self.0
    }

    fn wait(&mut self, _: u32) {}
}

/// An installed instance, the issuer's channel with it open or not.
struct Desk {
    nvm: Nvm,
    platform: Seeded,
    applet: Box<dyn Applet>,
    dek: Dek,
    level: Option<u8>,
}

impl Desk {
    fn install(parameters: &Parameters) -> Result<Self, Sw> {
        let module = EmrtdModule::new(Aid::new(AID).unwrap());
        let dek = KeySet::new(&[1; 16], &[2; 16], &[3; 16]).unwrap().dek().unwrap();
        let nvm = Nvm::format(Box::new(MemoryMedium::default()), 60_000).unwrap();
        let mut desk = Self { nvm, platform: Seeded(rng(7)), applet: module.applet(), dek, level: Some(0x33) };
        desk.host(|host, _| module.install(&parameters.encode(), host))?;
        Ok(desk)
    }

    fn host<T>(&mut self, work: impl FnOnce(&mut Host<'_>, &mut dyn Applet) -> T) -> T {
        let dek = &self.dek;
        let mut host = Host {
            nvm: &mut self.nvm,
            owner: 1,
            life: AppLife::Selectable,
            secure_channel: self.level.map(|level| SecureChannelView { level, dek }),
            next: &mut Next::Keep,
            platform: &mut self.platform,
            channel: 0,
            status: &mut SecurityStatus::default(),
        };
        work(&mut host, &mut *self.applet)
    }

    fn send(&mut self, command: Command) -> Result<Response, Sw> {
        self.host(|host, applet| applet.process(command, host))
    }

    fn generate(&mut self, number: u8) -> Result<Response, Sw> {
        self.send(Command::globalplatform(ins::GENERATE_ASYMMETRIC_KEY_PAIR, 0x80, number).ne(256))
    }

    fn get_data(&mut self, tag: u16) -> Result<Response, Sw> {
        let [p1, p2] = tag.to_be_bytes();
        self.send(Command::globalplatform(ins::GET_DATA, p1, p2).ne(256))
    }

    /// One DGI in one block.
    fn store(&mut self, number: u16, value: &[u8], encrypted: bool) -> Result<(), Sw> {
        let value = if encrypted { self.dek.encrypt_sensitive(value) } else { value.to_vec() };
        let data = [dgi::header(number, u16::try_from(value.len()).unwrap()), value].concat();
        let p1 = if encrypted { 0xE8 } else { 0x88 };
        self.send(Command::globalplatform(ins::STORE_DATA, p1, 0).data(data)).map(|_| ())
    }

    fn seal(&mut self) -> Result<(), Sw> {
        self.host(|host, applet| applet.seal(host))
    }
}

const KEYS: [KeySpec; 5] = [
    KeySpec { number: 0, usage: KeyUse::ChipAuthentication, domain: 18 },
    KeySpec { number: 1, usage: KeyUse::ChipAuthentication, domain: 1 },
    KeySpec { number: 13, usage: KeyUse::PaceChipAuthenticationMapping, domain: 13 },
    KeySpec { number: 0xAA, usage: KeyUse::ActiveRsa, domain: 8 },
    KeySpec { number: 0xFF, usage: KeyUse::ActiveEcdsa, domain: 8 },
];

fn parameters(keys: &[KeySpec]) -> Parameters {
    let signs = keys.iter().any(|key| matches!(key.usage, KeyUse::ActiveEcdsa | KeyUse::ActiveRsa));
    Parameters {
        files: Vec::new(),
        keys: keys.to_vec(),
        passwords: Vec::new(),
        delay: Delay { first_ms: 1, factor: 2, max_ms: 2 },
        bac: false,
        tries: None,
        quirk_pace: None,
        active_digest_bytes: signs.then_some(32),
        objects: vec![],
    }
}

#[test]
fn every_key_is_made_by_its_number_and_told_by_its_kind() {
    let mut desk = Desk::install(&parameters(&KEYS)).unwrap();
    assert_eq!(desk.get_data(dgi::GET_DATA_PUBLIC_KEYS), Err(Sw::REFERENCE_NOT_FOUND));
    let mut told = Vec::new();
    for key in &KEYS {
        let answer = desk.generate(key.number).unwrap();
        told.push((key.number, CardPublicKey::decode(&answer.data).unwrap()));
        let all = desk.get_data(dgi::GET_DATA_PUBLIC_KEYS).unwrap();
        assert_eq!(public_key::decode_all(dgi::GET_DATA_PUBLIC_KEYS.into(), &all.data).unwrap(), told);
    }
    let held = |desk: &mut Desk, number| desk.host(|host, _| keys::agreement(host, number)).map(|key| key.public());
    for (number, public) in &told {
        let agreement = held(&mut desk, *number);
        let (ecdsa, rsa) = desk.host(|host, _| (keys::ecdsa(host, *number), keys::rsa(host, *number)));
        match (number, public) {
            (0 | 13, CardPublicKey::Point(point)) => assert_eq!(agreement.unwrap().encode(), *point),
            (1, CardPublicKey::Value(value)) => {
                assert!(matches!(agreement.as_ref().unwrap(), PublicKey::Dh(_)));
                assert_eq!((agreement.unwrap().encode(), value.len()), (value.clone(), 256));
                assert_eq!(ecdsa.err(), Some(Sw::REFERENCE_NOT_FOUND));
            }
            (0xAA, CardPublicKey::Rsa { modulus, exponent }) => {
                let key = rsa.unwrap();
                assert_eq!((key.public().modulus(), key.public().exponent()), (&modulus[..], &exponent[..]));
                assert_eq!((modulus.len(), agreement.err()), (128, Some(Sw::REFERENCE_NOT_FOUND)));
            }
            (0xFF, CardPublicKey::Point(point)) => {
                assert_eq!(ecdsa.unwrap().public().encode(), *point);
                assert_eq!(rsa.err(), Some(Sw::REFERENCE_NOT_FOUND));
            }
            other => panic!("{other:?}"),
        }
    }
    let again = desk.generate(13).unwrap();
    assert_ne!(CardPublicKey::decode(&again.data).unwrap(), told[2].1, "made anew");
}

#[test]
fn keys_are_made_for_the_issuer_only_and_only_those_that_are_configured() {
    let mut desk = Desk::install(&parameters(&KEYS)).unwrap();
    assert_eq!(desk.generate(2), Err(Sw::REFERENCE_NOT_FOUND));
    let read_only = Command::globalplatform(ins::GENERATE_ASYMMETRIC_KEY_PAIR, 0x81, 0).ne(256);
    assert_eq!(desk.send(read_only), Err(Sw::WRONG_P1P2));
    for level in [None, Some(0x01)] {
        desk.level = level;
        assert_eq!(desk.generate(0), Err(Sw::SECURITY_STATUS_NOT_SATISFIED));
        assert_eq!(desk.get_data(dgi::GET_DATA_PUBLIC_KEYS), Err(Sw::SECURITY_STATUS_NOT_SATISFIED));
    }
    let impossible = KeySpec { number: 1, usage: KeyUse::ActiveEcdsa, domain: 1 };
    assert_eq!(Desk::install(&parameters(&[impossible])).err(), Some(Sw::FUNCTION_NOT_SUPPORTED));
}

/// What a card must have, and how it comes there.
type Part = (&'static str, Box<dyn Fn(&mut Desk)>);

/// Everything that a card of both roads with PIN and PUK has to have, each with the way in which it comes there.
fn whole() -> (Parameters, Vec<Part>) {
    let file = |fid, sfi, place, rule| {
        let read = AccessRule::parse(rule).unwrap();
        FileControl { fid, sfi, size_max: 100, read, update: AccessRule::never(), place }
    };
    let parameters = Parameters {
        files: vec![
            file(0x011C, 0x1C, Place::Mf, "ALWAYS"),
            file(0x011C, 0x1C, Place::Application, "PACE | BAC"),
            file(0x0103, 3, Place::Application, "PACE & CA & TA[DG3] | BAC & CA & TA[DG3]"),
        ],
        passwords: vec![1, 2, 3, 4],
        bac: true,
        tries: Some(Tries { pin: 3, puk: 10 }),
        ..parameters(&[KEYS[0], KEYS[4]])
    };
    let store = |number: u16, value: Vec<u8>, encrypted| -> Box<dyn Fn(&mut Desk)> {
        Box::new(move |desk| desk.store(number, &value, encrypted).unwrap())
    };
    let key = |number| -> Box<dyn Fn(&mut Desk)> { Box::new(move |desk| drop(desk.generate(number).unwrap())) };
    let date = date_to_bcd(trust().current_date).to_vec();
    let parts = vec![
        ("key 0", key(0)),
        ("key FF", key(0xFF)),
        ("CAN", store(dgi::CAN, b"123456".to_vec(), true)),
        ("MRZ secret", store(dgi::MRZ_SECRET, vec![7; 20], true)),
        ("PIN", store(dgi::PIN, b"123456".to_vec(), true)),
        ("PUK", store(dgi::PUK, b"1234567890".to_vec(), true)),
        ("trust point", store(dgi::CVCA_CERTIFICATE, ISSUER.cvca.encode(), false)),
        ("date", store(dgi::CURRENT_DATE, date, false)),
        ("EF.CardAccess", store(0x111C, vec![0x31, 1, 0], false)),
        ("EF.CVCA", store(0x011C, trust().ef_cvca().unwrap(), false)),
        ("DG3", store(0x0103, vec![0x63, 1, 0], false)),
    ];
    (parameters, parts)
}

#[test]
fn a_card_is_sealed_with_everything_and_without_nothing() {
    let (parameters, parts) = whole();
    for missing in 0..=parts.len() {
        let mut desk = Desk::install(&parameters).unwrap();
        desk.store(dgi::ORDER_TAG, &[1; 16], false).unwrap();
        for (index, (_, put)) in parts.iter().enumerate() {
            if index != missing {
                put(&mut desk);
            }
        }
        let (name, wanted) = match parts.get(missing) {
            Some((name, _)) => (*name, Err(Sw::CONDITIONS_NOT_SATISFIED)),
            None => ("nothing", Ok(())),
        };
        assert_eq!(desk.seal(), wanted, "{name} is missing");
    }
}

#[test]
fn what_is_not_offered_is_not_asked_for() {
    let bac = Parameters { bac: true, ..parameters(&[]) };
    let mut desk = Desk::install(&bac).unwrap();
    desk.store(dgi::ORDER_TAG, &[1; 16], false).unwrap();
    assert_eq!(desk.seal(), Err(Sw::CONDITIONS_NOT_SATISFIED), "BAC without the MRZ secret");
    desk.store(dgi::MRZ_SECRET, &[7; 20], true).unwrap();
    assert_eq!(desk.seal(), Ok(()));
}

#[test]
fn pin_and_puk_come_under_the_dek_in_digits_with_all_their_tries() {
    let (with_pin, _) = whole();
    let mut desk = Desk::install(&with_pin).unwrap();
    assert_eq!(desk.store(dgi::PIN, b"123456", true), Err(Sw::CONDITIONS_NOT_SATISFIED), "no order yet");
    desk.store(dgi::ORDER_TAG, &[1; 16], false).unwrap();
    assert_eq!(desk.store(dgi::PIN, b"123456", false), Err(Sw::WRONG_DATA), "in clear");
    for wrong in [&b"123"[..], b"12345a", &[b'1'; 17]] {
        assert_eq!(desk.store(dgi::PIN, wrong, true), Err(Sw::WRONG_DATA), "{wrong:?}");
    }
    let cells = |desk: &mut Desk| {
        desk.host(|host, _| [cell::PIN, cell::PIN_TRIES, cell::PUK_TRIES].map(|key| host.get(key).map(<[u8]>::to_vec)))
    };
    assert_eq!(cells(&mut desk), [None, None, None], "a refused PIN leaves nothing");
    desk.store(dgi::PIN, b"654321", true).unwrap();
    desk.store(dgi::PUK, b"1234567890", true).unwrap();
    assert_eq!(cells(&mut desk), [Some(b"654321".to_vec()), Some(vec![3]), Some(vec![10])]);

    let mut desk = Desk::install(&parameters(&[])).unwrap();
    desk.store(dgi::ORDER_TAG, &[1; 16], false).unwrap();
    assert_eq!(desk.store(dgi::PUK, b"1234567890", true), Err(Sw::REFERENCE_NOT_FOUND), "a card without PUK");
}

#[test]
fn files_of_one_identifier_in_two_places_are_two_files() {
    let (parameters, _) = whole();
    let mut desk = Desk::install(&parameters).unwrap();
    desk.store(dgi::ORDER_TAG, &[1; 16], false).unwrap();
    desk.store(0x111C, &[0x31, 1, 0], false).unwrap();
    desk.store(0x011C, &[0x42, 1, 0], false).unwrap();
    let digests = desk.get_data(dgi::GET_DATA_DIGESTS).unwrap().data;
    let rows = bitaqa_apdu::tlv::only(&digests, dgi::GET_DATA_DIGESTS.into()).unwrap().chunks(36);
    let numbers: Vec<u16> = rows.map(|row| u16::from_be_bytes([row[0], row[1]])).collect();
    assert_eq!(numbers, [0x111C, 0x011C]);
    assert_eq!(desk.store(0x111D, &[0x30, 0], false), Err(Sw::REFERENCE_NOT_FOUND), "no such file");
}
