//! PACE on the whole card: every offer of one EF.CardAccess, the static key of chip authentication mapping, tries of
//! PIN and PUK, and delays.

use std::sync::{Arc, Mutex};

use bitaqa_apdu::fcp::{FileControl, Place, dgi_of};
use bitaqa_apdu::install::{KeySpec, KeyUse, Parameters, Tries};
use bitaqa_apdu::{AccessRule, Command, Response, Sw, Transport, tlv};
use bitaqa_curves::{Domain, PrivateKey};
use bitaqa_lds::security_infos::{self as infos, PaceInfo, SecurityInfo, SecurityInfos};
use bitaqa_pki::spki;
use bitaqa_secure_messaging::pace::{MECHANISMS, Mapping, Offer, PaceError, Password, Step, establish};
use rand::rngs::ChaCha20Rng;
use rand_core::CryptoRng;

use super::world::{ISSUER, Line, MRZ, can, card_with, command, parameters, read, rng};
use crate::emrtd::cell;
use crate::nvm::medium::{MemoryMedium, Phase};
use crate::{Card, Platform};

pub const PIN: &str = "2580";
pub const PUK: &str = "9876543210";
/// Read with a PIN.
const PIN_FILE: (u16, u8) = (0x0110, 0x10);
const CARD_SECURITY: (u16, u8) = (0x011D, 0x1D);

/// Tells the milliseconds that the card let pass.
#[derive(Clone, Default)]
pub struct Waits(Arc<Mutex<Vec<u32>>>);

struct Timed(ChaCha20Rng, Waits);

impl Platform for Timed {
    fn rng(&mut self) -> &mut dyn CryptoRng {
        &mut self.0
    }

    fn wait(&mut self, milliseconds: u32) {
        self.1.0.lock().unwrap().push(milliseconds);
    }
}

fn static_key(id: u8) -> PrivateKey {
    PrivateKey::from_bytes(Domain::from_parameter_id(id).unwrap(), &[id; 19]).unwrap()
}

/// Every protocol of PACE: those of DH on two groups, the others on P-256 and brainpoolP256r1.
fn offers() -> Vec<Offer> {
    let info = |protocol, id| PaceInfo { protocol, version: 2, parameter_id: Some(id) };
    let pairs = MECHANISMS.iter().flat_map(|protocol| [0, 2, 12, 13].map(|id| info(*protocol, id)));
    pairs.filter_map(|info| Offer::of(&info).ok()).collect()
}

/// One offer that is like the others.
pub fn offer() -> Offer {
    let is_meant = |offer: &Offer| offer.info.parameter_id == Some(12) && offer.suite.mapping == Mapping::Generic;
    offers().into_iter().find(is_meant).unwrap()
}

fn card_access() -> Vec<u8> {
    let mut all: Vec<_> = offers().into_iter().map(|offer| SecurityInfo::Pace(offer.info)).collect();
    // What nobody knows stands in the way of nothing: another version, a proprietary protocol.
    all.push(SecurityInfo::Pace(PaceInfo { version: 7, ..offer().info }));
    let proprietary = PaceInfo { protocol: "1.2.3.4".parse().unwrap(), version: 2, parameter_id: Some(0) };
    let oid = proprietary.protocol;
    all.push(SecurityInfo::Unknown { oid, der: SecurityInfo::Pace(proprietary).to_der().unwrap() });
    SecurityInfos { infos: all }.to_der().unwrap()
}

/// Four passwords, three tries of the PIN and two of the PUK; keys of chip authentication mapping on both curves.
fn with_everything() -> (Parameters, Vec<(u16, Vec<u8>)>) {
    let mut parameters = parameters();
    parameters.passwords = vec![1, 2, 3, 4];
    parameters.tries = Some(Tries { pin: 3, puk: 2 });
    let file = |(fid, sfi), place, rule| FileControl {
        fid,
        sfi,
        size_max: 2000,
        read: AccessRule::parse(rule).unwrap(),
        update: AccessRule::never(),
        place,
    };
    parameters.files.push(file(PIN_FILE, Place::Application, "PIN[3]"));
    parameters.files.push(file(CARD_SECURITY, Place::Mf, "PACE"));
    let mut cells = vec![
        (dgi_of(0x011C, Place::Mf), card_access()),
        (dgi_of(PIN_FILE.0, Place::Application), vec![0x70, 2, 1, 2]),
        (dgi_of(CARD_SECURITY.0, Place::Mf), vec![0x30, 2, 1, 2]),
        (cell::PIN, PIN.into()),
        (cell::PUK, PUK.into()),
        (cell::PIN_TRIES, vec![3]),
        (cell::PUK_TRIES, vec![2]),
    ];
    for (number, id) in [(7, 12), (8, 13)] {
        parameters.keys.push(KeySpec { number, usage: KeyUse::PaceChipAuthenticationMapping, domain: id });
        cells.push((crate::key_pair::cell_of(number), static_key(id).to_bytes().to_vec()));
    }
    (parameters, cells)
}

pub fn line() -> (Line, Waits) {
    let (parameters, cells) = with_everything();
    let waits = Waits::default();
    let platform = Box::new(Timed(rng(20), waits.clone()));
    (Line::with(card_with(&parameters, &cells, MemoryMedium::default(), platform), 20), waits)
}

fn pin() -> Password {
    Password::pin(PIN).unwrap()
}

fn wrong_pin() -> Password {
    Password::pin("0000").unwrap()
}

fn puk() -> Password {
    Password::puk(PUK).unwrap()
}

pub fn reset(line: &mut Line) {
    line.card.reset().unwrap();
    line.sm = None;
}

fn is_open(line: &mut Line, sfi: u8) -> bool {
    match line.send(read(sfi)) {
        Response { sw: Sw::OK, .. } => true,
        refused => {
            assert_eq!(refused, Response::from(Sw::SECURITY_STATUS_NOT_SATISFIED));
            false
        }
    }
}

/// What the card says of a password's tries: its answer to MSE:Set AT.
pub fn warning(line: &mut Line, password: u8) -> Sw {
    let protocol = offer().info.protocol;
    let data = [tlv::tlv(0x80, protocol.as_bytes()), vec![0x83, 1, password, 0x84, 1, 12]].concat();
    line.send(command(0x22, 0xC1, 0xA4).data(data)).sw
}

#[test]
fn every_offer_of_one_card_opens_it() {
    let (mut line, _) = line();
    let offers = offers();
    assert_eq!(offers.len(), 8 * 2 + 11 * 2);
    for offer in &offers {
        reset(&mut line);
        assert!(!is_open(&mut line, CARD_SECURITY.1));
        let (references, proof) = line.pace_by(offer, &Password::mrz(MRZ)).unwrap();
        assert_eq!(references, [ISSUER.cvca.holder().as_octets()]);
        assert!(is_open(&mut line, CARD_SECURITY.1));
        assert_eq!(proof.is_some(), offer.suite.mapping == Mapping::ChipAuthentication);
        line.select();
        assert!(is_open(&mut line, 0x02));
        assert!(!is_open(&mut line, 0x03) && !is_open(&mut line, PIN_FILE.1));
    }
}

/// 9303-11 §4.4.3.3.3: chip authentication mapping is Chip Authentication, and Terminal Authentication may follow at
/// once.
#[test]
fn chip_authentication_mapping_stands_for_chip_authentication() {
    for id in [12, 13] {
        let (mut line, _) = line();
        let cam = offers()
            .into_iter()
            .find(|offer| offer.suite.mapping == Mapping::ChipAuthentication && offer.info.parameter_id == Some(id));
        let (_, proof) = line.pace_by(&cam.unwrap(), &can()).unwrap();
        let public_key = spki::encode_agreement_key(&static_key(id).public()).unwrap();
        let key_id = Some(u32::from(id));
        let info = infos::ChipAuthenticationPublicKeyInfo { protocol: infos::ID_PK_ECDH, public_key, key_id };
        assert_eq!(proof.unwrap().verify(&[info]), Ok(()));
        line.select();
        assert!(is_open(&mut line, 0x0B), "PACE & CA");
        assert!(!is_open(&mut line, 0x03));
        assert!(line.terminal_authentication(&ISSUER.chain), "signs the terminal's key of PACE");
        assert!(is_open(&mut line, 0x03));
    }
}

/// The static key of another curve is none for this offer.
#[test]
fn an_offer_without_its_static_key_is_refused() {
    let (mut parameters, cells) = with_everything();
    parameters.keys.retain(|key| key.number != 8);
    let platform = Box::new(Timed(rng(1), Waits::default()));
    let mut line = Line::with(card_with(&parameters, &cells, MemoryMedium::default(), platform), 1);
    for offer in offers().iter().filter(|offer| offer.suite.mapping == Mapping::ChipAuthentication) {
        reset(&mut line);
        let expected = match offer.info.parameter_id {
            Some(13) => Err(PaceError::Status { step: Step::Nonce, sw: Sw::REFERENCE_NOT_FOUND }),
            _ => Ok(()),
        };
        assert_eq!(line.pace_by(offer, &can()).map(|_| ()), expected);
    }
}

#[test]
fn passwords_that_are_not_listed_are_none() {
    let (mut parameters, cells) = with_everything();
    (parameters.passwords, parameters.tries) = (vec![2], None);
    let platform = Box::new(Timed(rng(1), Waits::default()));
    let mut line = Line::with(card_with(&parameters, &cells, MemoryMedium::default(), platform), 1);
    let refused = Err(PaceError::Status { step: Step::SetAt, sw: Sw::REFERENCE_NOT_FOUND });
    for password in [Password::mrz(MRZ), pin(), puk()] {
        assert_eq!(line.pace_by(&offer(), &password).map(|_| ()), refused);
    }
    assert!(line.pace_by(&offer(), &can()).is_ok());
}

/// A card for laboratories answers every beginning of PACE with the same word, and nothing comes of it.
#[test]
fn a_misbehaving_card_takes_no_password() {
    let (mut parameters, cells) = with_everything();
    parameters.quirk_pace = Some(Sw(0x6FFF));
    let platform = Box::new(Timed(rng(1), Waits::default()));
    let mut line = Line::with(card_with(&parameters, &cells, MemoryMedium::default(), platform), 1);
    for password in [can(), Password::mrz(MRZ), pin(), puk()] {
        let refused = PaceError::Status { step: Step::SetAt, sw: Sw(0x6FFF) };
        assert_eq!(line.pace_by(&offer(), &password).err(), Some(refused));
    }
    let step = command(0x86, 0, 0).class(bitaqa_apdu::Class(0x10)).data([0x7C, 0]).ne(256);
    assert_eq!(line.send(step), Response::from(Sw::CONDITIONS_NOT_SATISFIED));
    assert!(line.bac().is_ok(), "what remains is its BAC");
}

/// FIA_AFL.1: 100 ms, doubled with each failure up to a second, counted before the token is looked at; success ends it.
#[test]
fn failures_with_mrz_and_can_cost_time_and_never_block() {
    let (mut line, waits) = line();
    let wrong = Password::can("654321").unwrap();
    for _ in 0..7 {
        assert_eq!(line.pace_by(&offer(), &wrong).err(), Some(PaceError::PasswordRefused(Sw(0x6300))));
        reset(&mut line);
    }
    assert_eq!(*waits.0.lock().unwrap(), [0, 100, 200, 400, 800, 1000, 1000]);
    // The PIN has tries, no delay; and it does not pay the debt of the others.
    line.pace_by(&offer(), &pin()).unwrap();
    reset(&mut line);
    line.pace_by(&offer(), &can()).unwrap();
    reset(&mut line);
    line.pace_by(&offer(), &Password::mrz(MRZ)).unwrap();
    assert_eq!(waits.0.lock().unwrap()[7..], [1000, 0]);
}

/// TR-03110-2 §2.2.3: three tries; suspended with one left, and then only the CAN of the same session lets it be spent.
#[test]
fn the_pin_is_suspended_resumed_by_the_can_and_blocked() {
    let (mut line, _) = line();
    assert_eq!(warning(&mut line, 3), Sw::OK);
    for (says, left) in [(Sw::OK, 2), (Sw(0x63C2), 1)] {
        assert_eq!(warning(&mut line, 3), says);
        assert_eq!(line.pace_by(&offer(), &wrong_pin()).err(), Some(PaceError::PasswordRefused(Sw::tries_left(left))));
        assert!(line.sm.is_none());
    }
    // Suspended: the right PIN is not even looked at, with whatever session that is not of the CAN.
    assert_eq!(warning(&mut line, 3), Sw(0x63C1));
    assert_eq!(line.pace_by(&offer(), &pin()).err(), Some(PaceError::PasswordSuspended(Sw(0x6985))));
    line.pace_by(&offer(), &puk()).unwrap();
    assert_eq!(line.pace_by(&offer(), &pin()).err(), Some(PaceError::PasswordSuspended(Sw(0x6985))));
    reset(&mut line);
    // Resumed by the CAN, in its session and no longer.
    line.pace_by(&offer(), &can()).unwrap();
    assert_eq!(warning(&mut line, 3), Sw(0x63C1));
    reset(&mut line);
    assert_eq!(line.pace_by(&offer(), &pin()).err(), Some(PaceError::PasswordSuspended(Sw(0x6985))));
    line.pace_by(&offer(), &can()).unwrap();
    line.pace_by(&offer(), &pin()).unwrap();
    line.select();
    assert!(is_open(&mut line, PIN_FILE.1) && is_open(&mut line, 0x02), "both passwords stand");
    reset(&mut line);
    assert_eq!(warning(&mut line, 3), Sw::OK);
    // The last try, spent wrongly: blocked, and no CAN helps. The session of the CAN goes on.
    for _ in 0..2 {
        line.pace_by(&offer(), &wrong_pin()).unwrap_err();
    }
    line.pace_by(&offer(), &can()).unwrap();
    assert_eq!(line.pace_by(&offer(), &wrong_pin()).err(), Some(PaceError::PasswordRefused(Sw(0x63C0))));
    assert!(is_open(&mut line, CARD_SECURITY.1));
    assert_eq!(warning(&mut line, 3), Sw(0x63C0));
    assert_eq!(line.pace_by(&offer(), &pin()).err(), Some(PaceError::PasswordBlocked(Sw(0x6983))));
    assert!(is_open(&mut line, CARD_SECURITY.1));
}

pub fn reset_retry_counter(line: &mut Line, p1: u8, data: &[u8]) -> Sw {
    line.send(command(0x2C, p1, 3).data(data)).sw
}

/// TR-03110-2 §2.4.1: the PUK unblocks the PIN and does nothing else; whoever has the PIN changes it.
#[test]
fn the_puk_unblocks_the_pin() {
    let (mut line, _) = line();
    for _ in 0..2 {
        line.pace_by(&offer(), &wrong_pin()).unwrap_err();
    }
    line.pace_by(&offer(), &can()).unwrap();
    line.pace_by(&offer(), &wrong_pin()).unwrap_err();
    assert_eq!(reset_retry_counter(&mut line, 3, &[]), Sw::SECURITY_STATUS_NOT_SATISFIED, "not by the CAN");
    reset(&mut line);
    assert_eq!(reset_retry_counter(&mut line, 3, &[]), Sw::SECURITY_STATUS_NOT_SATISFIED, "not in plain");
    line.pace_by(&offer(), &puk()).unwrap();
    assert!(!is_open(&mut line, CARD_SECURITY.1), "the PUK reads nothing");
    assert_eq!(reset_retry_counter(&mut line, 2, b"1111"), Sw::SECURITY_STATUS_NOT_SATISFIED, "changes no PIN");
    assert_eq!(reset_retry_counter(&mut line, 3, b"1111"), Sw::WRONG_DATA);
    assert_eq!(warning(&mut line, 3), Sw(0x63C0));
    assert_eq!(reset_retry_counter(&mut line, 3, &[]), Sw::OK);
    assert_eq!(warning(&mut line, 3), Sw::OK);
    line.pace_by(&offer(), &pin()).unwrap();
    line.select();
    assert!(is_open(&mut line, PIN_FILE.1) && !is_open(&mut line, 0x02), "neither shows the document");
    // The PIN changes itself, by a good one.
    for bad in [&b""[..], b"123", b"12345678901234567", b"12a4"] {
        assert_eq!(reset_retry_counter(&mut line, 2, bad), Sw::WRONG_DATA);
    }
    assert_eq!(reset_retry_counter(&mut line, 2, b"112233"), Sw::OK);
    reset(&mut line);
    assert_eq!(line.pace_by(&offer(), &pin()).err(), Some(PaceError::PasswordRefused(Sw(0x63C2))));
    line.pace_by(&offer(), &Password::pin("112233").unwrap()).unwrap();
}

#[test]
fn the_puk_has_tries_of_its_own() {
    let (mut line, _) = line();
    let wrong = Password::puk("0000000000").unwrap();
    assert_eq!(line.pace_by(&offer(), &wrong).err(), Some(PaceError::PasswordRefused(Sw(0x63C1))));
    assert_eq!(line.pace_by(&offer(), &puk()).err(), Some(PaceError::PasswordSuspended(Sw(0x6985))));
    line.pace_by(&offer(), &can()).unwrap();
    line.pace_by(&offer(), &puk()).unwrap();
    assert_eq!(warning(&mut line, 3), Sw::OK, "the PIN's own count");
    reset(&mut line);
    line.pace_by(&offer(), &wrong).unwrap_err();
    line.pace_by(&offer(), &can()).unwrap();
    assert_eq!(line.pace_by(&offer(), &wrong).err(), Some(PaceError::PasswordRefused(Sw(0x63C0))));
    assert_eq!(line.pace_by(&offer(), &puk()).err(), Some(PaceError::PasswordBlocked(Sw(0x6983))));
    reset(&mut line);
    line.pace_by(&offer(), &pin()).unwrap();
}

/// TR-03110-2 §3.2.2: one PACE a session, the holder's passwords after the CAN apart.
#[test]
fn a_session_takes_no_second_password_of_the_document() {
    let (mut line, _) = line();
    for (first, second) in [
        (can(), can()),
        (can(), Password::mrz(MRZ)),
        (Password::mrz(MRZ), can()),
        (Password::mrz(MRZ), pin()),
        (pin(), can()),
        (pin(), pin()),
        (puk(), can()),
    ] {
        reset(&mut line);
        line.pace_by(&offer(), &first).unwrap();
        let refused = PaceError::Status { step: Step::SetAt, sw: Sw::CONDITIONS_NOT_SATISFIED };
        assert_eq!(line.pace_by(&offer(), &second).err(), Some(refused), "{first:?}, {second:?}");
        assert!(line.send(command(0xA4, 0, 0)).sw == Sw::OK, "the session goes on");
    }
}

/// The commands of a run with this PIN.
fn commands_of_a_run(pin: &Password) -> Vec<Command> {
    let (mut line, _) = line();
    let mut seen = Vec::new();
    let mut send = |command: Command| {
        seen.push(command.clone());
        Ok::<_, ()>(line.send(command))
    };
    let _ = establish(&mut send, &offer().info, pin, &mut rng(77)).is_ok();
    assert_eq!(seen.len(), 5);
    seen
}

/// The same card once more, which loses power at a write of this run. Whether it answered the token, and what it says
/// of the PIN when power is back.
fn loses_power(commands: &[Command], number: usize, phase: Phase) -> (bool, Sw) {
    let (parameters, cells) = with_everything();
    let medium = MemoryMedium::default();
    // The same randomness gives the same keys, so that the recorded run fits.
    let platform = Box::new(Timed(rng(20), Waits::default()));
    let mut card = card_with(&parameters, &cells, medium.clone(), platform);
    medium.cut_at(medium.appends() + number, phase);
    let answers: Vec<_> = commands.iter().map(|command| card.transmit(&command.encode().unwrap())).collect();
    let kept = MemoryMedium::with(medium.octets());
    let card = Card::load(Box::new(kept), Box::new(Timed(rng(21), Waits::default()))).unwrap();
    (answers.last().unwrap().is_ok(), warning(&mut Line::with(card, 21), 3))
}

/// Power goes at any write, before, in the midst or after it: a card that has told of a wrong PIN has counted the try.
#[test]
fn no_loss_of_power_gives_a_try_back() {
    let commands = commands_of_a_run(&wrong_pin());
    for phase in [Phase::Before, Phase::Torn, Phase::After] {
        for number in 0.. {
            let (told, says) = loses_power(&commands, number, phase);
            assert!(says == Sw(0x63C2) || (!told && says == Sw::OK), "{phase:?} {number}: {says:?}");
            if told {
                assert!(number > 0, "the try is written before the answer");
                break;
            }
        }
    }
}

/// The first write is the count, whether the token is right or wrong: who cuts power there has learned nothing for
/// free.
#[test]
fn a_try_is_counted_before_the_token_is_looked_at() {
    for pin in [pin(), wrong_pin()] {
        let commands = commands_of_a_run(&pin);
        assert_eq!(loses_power(&commands, 0, Phase::Before), (false, Sw::OK));
        assert_eq!(loses_power(&commands, 0, Phase::After), (false, Sw(0x63C2)));
    }
}
