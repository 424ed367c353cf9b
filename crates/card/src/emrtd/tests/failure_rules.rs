//! Failure rules of 9303-11 §9.8.3 and §9.8.5 and TR-03110-3 §F.6 on the whole card: a plain command or an error of
//! secure messaging ends the session. The answer is plain, keys and rights are gone, and nothing that was open is.

use bitaqa_apdu::fcp::Place;
use bitaqa_apdu::{Command, Response, Sw, Transport};
use bitaqa_secure_messaging::SecureMessaging;
use rand_core::Rng;

use super::world::{FILES, ISSUER, Line, can, command, read, rng};

/// How a session came to be.
const OPENINGS: [fn(&mut Line); 5] = [
    |line| line.bac().unwrap(),
    |line| assert!(line.pace(&can())),
    |line| {
        line.bac().unwrap();
        assert!(line.chip_authentication(1)); // 3DES
        assert!(line.terminal_authentication(&ISSUER.chain));
    },
    |line| {
        assert!(line.pace(&can()) && line.chip_authentication(0)); // AES-256
        assert!(line.terminal_authentication(&ISSUER.chain));
    },
    |line| {
        assert!(line.pace(&can()) && line.chip_authentication(2)); // AES-128 over DH
        assert!(line.terminal_authentication(&ISSUER.chain));
    },
];

/// What goes to the card in place of a right protected READ BINARY of EF.COM, made of it.
type Spoil = fn(&mut dyn SecureMessaging) -> Vec<u8>;

fn wire(sm: &mut dyn SecureMessaging) -> Command {
    sm.protect_command(read(0x1E))
}

fn octets(command: &Command) -> Vec<u8> {
    command.encode().unwrap().to_vec()
}

fn changed(sm: &mut dyn SecureMessaging, change: impl Fn(&mut Command)) -> Vec<u8> {
    let mut command = wire(sm);
    change(&mut command);
    octets(&command)
}

/// Failures with the status word that 9303-11 and TR-03110-3 have for them.
const FAILURES: &[(&str, Spoil, Sw)] = &[
    ("a plain READ BINARY", |_| octets(&read(0x1E)), Sw::SM_OBJECTS_MISSING),
    ("a plain SELECT", |_| octets(&command(0xA4, 2, 0x0C).data([1, 0x1E])), Sw::SM_OBJECTS_MISSING),
    (
        "a plain SELECT of the application",
        |_| octets(&command(0xA4, 4, 0x0C).data(super::world::AID)),
        Sw::SM_OBJECTS_MISSING,
    ),
    ("a plain GET CHALLENGE", |_| octets(&command(0x84, 0, 0).ne(8)), Sw::SM_OBJECTS_MISSING),
    ("a plain unknown command", |_| octets(&command(0xFE, 0, 0)), Sw::SM_OBJECTS_MISSING),
    ("a plain proprietary command", |_| vec![0x80, 0xCA, 0x9F, 0x7F, 0], Sw::SM_OBJECTS_MISSING),
    ("no checksum", |sm| changed(sm, |command| drop(command.data.as_mut_vec().drain(3..))), Sw::SM_OBJECTS_MISSING),
    ("no objects", |sm| changed(sm, |command| command.data.as_mut_vec().clear()), Sw::SM_OBJECTS_MISSING),
    ("a wrong checksum", |sm| changed(sm, |command| command.data.as_mut_vec()[5] ^= 1), Sw::SM_OBJECTS_INCORRECT),
    (
        "a short checksum",
        |sm| {
            changed(sm, |command| {
                let data = command.data.as_mut_vec();
                data[4] = 7;
                data.truncate(12);
            })
        },
        Sw::SM_OBJECTS_INCORRECT,
    ),
    ("another header", |sm| changed(sm, |command| command.p1 ^= 1), Sw::SM_OBJECTS_INCORRECT),
    ("another Le", |sm| changed(sm, |command| command.data.as_mut_vec()[2] ^= 1), Sw::SM_OBJECTS_INCORRECT),
    ("an unknown object", |sm| changed(sm, |command| command.data.as_mut_vec()[0] = 0x89), Sw::SM_OBJECTS_INCORRECT),
    (
        "objects behind the checksum",
        |sm| changed(sm, |command| command.data.as_mut_vec().extend([0x97, 1, 4])),
        Sw::SM_OBJECTS_INCORRECT,
    ),
    (
        "a skipped counter",
        |sm| {
            wire(sm);
            octets(&wire(sm))
        },
        Sw::SM_OBJECTS_INCORRECT,
    ),
    (
        "a length field that lies",
        |sm| {
            let mut octets = octets(&wire(sm));
            octets[4] += 2; // one more and Le would be data
            octets
        },
        Sw::WRONG_LENGTH,
    ),
];

/// No file of the application answers, neither in plain nor under the keys of before, and no protocol goes on.
fn assert_closed(line: &mut Line, what: &str) {
    for (fid, sfi, place, _) in FILES {
        if *place == Place::Mf {
            continue;
        }
        // Under the keys of before, right as the message may be: there is no session. First of all, since a plain
        // command would end one.
        let old = line.sm.as_mut().unwrap().protect_command(read(*sfi));
        assert_eq!(line.plain(&old), Response::from(Sw::SECURITY_STATUS_NOT_SATISFIED), "{what}");
        let mut closed = |command: Command| {
            let answer = line.plain(&command);
            assert!(answer.data.is_empty() && answer.sw != Sw::OK, "{what}: {fid:04X} is open, {:?}", answer.sw);
        };
        closed(read(*sfi));
        closed(command(0xB1, 0, *sfi).data([0x54, 1, 0]).ne(9));
    }
    for (command, sw) in [
        (command(0x22, 0x41, 0xA4), Sw::SECURITY_STATUS_NOT_SATISFIED),
        (command(0x22, 0x41, 0xA6), Sw::SECURITY_STATUS_NOT_SATISFIED),
        (command(0x22, 0x81, 0xB6), Sw::SECURITY_STATUS_NOT_SATISFIED),
        (command(0x86, 0, 0), Sw::CONDITIONS_NOT_SATISFIED),
        (command(0x88, 0, 0).data([1; 8]), Sw::SECURITY_STATUS_NOT_SATISFIED),
        (command(0x82, 0, 0).data([1; 64]), Sw::CONDITIONS_NOT_SATISFIED),
    ] {
        assert_eq!(line.plain(&command), Response::from(sw), "{what}");
    }
}

#[test]
fn every_failure_ends_every_kind_of_session() {
    for (number, open) in OPENINGS.iter().enumerate() {
        for (what, spoil, sw) in FAILURES {
            let mut line = Line::new(number as u64);
            open(&mut line);
            line.select();
            assert_eq!(line.send(read(0x1E)).data.len(), 4, "{what}: the session stands");
            let octets = spoil(&mut **line.sm.as_mut().unwrap());
            let answer = line.card.transmit(&octets).unwrap();
            assert_eq!(*answer, sw.0.to_be_bytes(), "{what}: the answer is plain");
            assert_closed(&mut line, what);
            // The card is as good as new: BAC opens it again, without the rights of before.
            line.sm = None;
            line.bac().unwrap();
            assert_eq!(line.send(read(0x1E)).data.len(), 4, "{what}");
            assert_eq!(line.send(read(0x03)).sw, Sw::SECURITY_STATUS_NOT_SATISFIED, "{what}");
            assert_eq!(line.send(read(0x0B)).sw, Sw::SECURITY_STATUS_NOT_SATISFIED, "{what}");
        }
    }
}

/// Wrong commands that are rightly protected are no failures of secure messaging: the session goes on.
#[test]
fn errors_of_commands_are_protected_and_end_nothing() {
    let mut line = Line::new(9);
    line.bac().unwrap();
    line.select();
    for (command, sw) in [
        (command(0xFE, 0, 0), Sw::INS_NOT_SUPPORTED),
        (command(0xB0, 0x80 | 0x1D, 0).ne(1), Sw::FILE_NOT_FOUND),
        (command(0xB0, 0x7F, 0xFF).ne(1), Sw::NO_CURRENT_EF),
        (command(0x22, 0x81, 0xB6).class(bitaqa_apdu::Class(0x80)), Sw::CLA_NOT_SUPPORTED),
        (read(0x03), Sw::SECURITY_STATUS_NOT_SATISFIED),
    ] {
        assert_eq!(line.send(command), Response::from(sw));
        assert!(line.sm.as_ref().unwrap().is_open());
    }
    // A channel that nobody opened is no part of this one's session.
    for class in [0x01, 0x0D, 0x43, 0x6F] {
        let elsewhere = command(0xB0, 0x9E, 0).class(bitaqa_apdu::Class(class)).ne(1);
        assert_eq!(line.plain(&elsewhere), Response::from(Sw::CHANNEL_NOT_SUPPORTED));
    }
    assert_eq!(line.send(read(0x1E)).sw, Sw::OK);
}

#[test]
fn loss_of_power_ends_the_session() {
    for open in OPENINGS {
        let mut line = Line::new(10);
        open(&mut line);
        line.card.reset().unwrap();
        line.plain(&command(0xA4, 4, 0x0C).data(super::world::AID));
        assert_closed(&mut line, "reset");
    }
}

/// A part of a chain that came before the failure is not there for the next session.
#[test]
fn a_chain_ends_with_its_session() {
    let mut line = Line::new(11);
    line.bac().unwrap();
    line.select();
    let part = |class| command(0x2A, 0, 0xBE).class(bitaqa_apdu::Class(class)).data([1, 2, 3]);
    assert_eq!(line.send(part(0x10)).sw, Sw::OK);
    assert_eq!(line.plain(&read(0x1E)).sw, Sw::SM_OBJECTS_MISSING);
    assert!(line.card.channel.chain(part(0x00)).unwrap().unwrap().data.len() == 3);
}

/// Octets that nobody planned, commands or not, in every kind of session and without one.
#[test]
fn no_octets_make_the_card_panic_or_open_a_file() {
    let mut dice = rng(99);
    for (number, open) in OPENINGS.iter().enumerate() {
        let mut line = Line::new(number as u64);
        for round in 0..400 {
            if round % 2 == 0 {
                line.card.reset().unwrap();
                line.sm = None;
                if round % 20 == 0 {
                    open(&mut line);
                }
            }
            let mut octets = vec![0; usize::try_from(dice.next_u32() % 60).unwrap()];
            dice.fill_bytes(&mut octets);
            // Every other one has a class that gets further than the first look.
            if let Some(class) = octets.first_mut().filter(|_| round % 4 < 2) {
                *class &= 0x1C;
            }
            line.card.transmit(&octets).unwrap();
            let answer = line.plain(&read(0x03));
            assert!(answer.data.is_empty() && answer.sw != Sw::OK, "{octets:02X?}");
        }
    }
}
