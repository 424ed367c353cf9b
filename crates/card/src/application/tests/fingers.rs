//! Fingers compared on the card: who may try, what a try costs, what nobody gets.

use bitaqa_apdu::application::Parameters;
use bitaqa_apdu::{Command, Response, Sw, Transport, dgi, ins};
use bitaqa_lds::fingers::FingerPosition;
use bitaqa_lds::on_card;
use bitaqa_secure_messaging::pace::Password;

use super::world::*;
use crate::emrtd::tests::world::{Line, can, read};
use crate::nvm::medium::MemoryMedium;

/// An eID whose third file opens by a finger, 5, and that has a second one, 6.
pub fn with_fingers() -> Parameters {
    let files = vec![
        file(0x2F00, 30, bitaqa_apdu::fcp::Place::Mf, "ALWAYS", "NEVER"),
        file(0x011C, 28, bitaqa_apdu::fcp::Place::Mf, "ALWAYS", "NEVER"),
        file(0x4401, 3, bitaqa_apdu::fcp::Place::Application, "PACE & PIN[5]", "NEVER"),
    ];
    let mut left = finger(6);
    left.subtype = 0x0A;
    Parameters { files, fingers: vec![finger(5), left], ..eid("ALWAYS") }
}

/// VERIFY with a probe; without minutiae the status.
pub fn show(line: &mut Line, number: u8, minutiae: &[[u8; 3]]) -> Sw {
    let data = if minutiae.is_empty() { Vec::new() } else { on_card::probe(minutiae).to_vec() };
    line.send(Command::new(ins::VERIFY_ODD, 0, 0x80 | number).data(data)).sw
}

fn in_the_field() -> Line {
    let (mut line, _) = line_of(&with_fingers());
    assert!(line.pace(&can()));
    assert_eq!(select(&mut line, EID), Sw::OK);
    line
}

/// What another touch of a finger gives: moved by two millimetres, some lost, each a little off.
pub fn touched(number: u8) -> Vec<[u8; 3]> {
    let moved = minutiae(number).into_iter().enumerate().filter(|(at, _)| at % 6 != 0);
    moved.map(|(at, [x, y, last])| [x + 20 + u8::try_from(at % 3).unwrap(), y - 10, last]).collect()
}

#[test]
fn the_group_tells_fingers_and_limits_and_no_minutia() {
    let (mut line, _) = line_of(&with_fingers());
    let told = line.send(Command::new(ins::GET_DATA, 0x7F, 0x61).ne(256));
    let group = on_card::decode_group(&told.data).unwrap();
    let facts: Vec<_> = group.iter().map(|one| (one.reference, one.finger(), one.minutiae)).collect();
    assert_eq!(
        facts,
        [
            (Some(0x85), Some(FingerPosition::RightIndex), (12, 60)),
            (Some(0x86), Some(FingerPosition::LeftIndex), (12, 60)),
        ]
    );
    let (mut other, _) = line_of(&eid("ALWAYS"));
    assert_eq!(other.send(Command::new(ins::GET_DATA, 0x7F, 0x61).ne(256)).sw, Sw::REFERENCE_NOT_FOUND);
}

#[test]
fn a_finger_opens_a_file_within_a_session_alone() {
    let (mut line, _) = line_of(&with_fingers());
    assert_eq!(show(&mut line, 5, &minutiae(5)), Sw::SECURITY_STATUS_NOT_SATISFIED, "in plain");
    assert_eq!(told(&mut line, 5), (3, 3, 0), "which tried nothing");
    let mut line = in_the_field();
    assert_eq!(line.send(read(3)).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
    assert_eq!(show(&mut line, 5, &[]), Sw(0x63C3));
    assert_eq!(show(&mut line, 5, &touched(5)), Sw::OK);
    assert_eq!((show(&mut line, 5, &[]), line.send(read(3)).sw), (Sw::OK, Sw::OK));
    // another finger takes it back
    assert_eq!(show(&mut line, 5, &minutiae(9)), Sw(0x63C2));
    assert_eq!(line.send(read(3)).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
    assert_eq!(show(&mut line, 5, &touched(5)), Sw::OK);
    assert_eq!(told(&mut line, 5), (3, 3, 0), "all tries are back");
}

#[test]
fn each_finger_has_its_own_tries_and_the_puk_gives_them_back() {
    let mut line = in_the_field();
    for left in [2, 1, 0] {
        assert_eq!(show(&mut line, 5, &touched(6)), Sw::tries_left(left));
    }
    assert_eq!(show(&mut line, 5, &touched(5)), Sw::AUTHENTICATION_BLOCKED, "the right one comes too late");
    assert_eq!(show(&mut line, 5, &[]), Sw::AUTHENTICATION_BLOCKED);
    assert_eq!((told(&mut line, 5), told(&mut line, 6)), ((0, 3, 0), (3, 3, 0)));
    assert_eq!(show(&mut line, 6, &touched(6)), Sw::OK);
    // tries do not come back by a reset
    line.card.reset().unwrap();
    line.sm = None;
    assert_eq!(select(&mut line, EID), Sw::OK);
    assert_eq!(told(&mut line, 5), (0, 3, 0));
    assert_eq!(reset(&mut line, 3, 5, b""), Sw::SECURITY_STATUS_NOT_SATISFIED);
    assert_eq!(verify(&mut line, 2, PUK.as_bytes()), Sw::OK);
    assert_eq!(reset(&mut line, 0, 5, b"1"), Sw::WRONG_P1P2);
    assert_eq!(reset(&mut line, 3, 5, b""), Sw::OK);
    assert_eq!(told(&mut line, 5), (3, 3, 0));
    assert_eq!(reset(&mut line, 3, 5, b""), Sw::SECURITY_STATUS_NOT_SATISFIED, "one showing, one unblocking");
}

#[test]
fn what_is_no_probe_tries_nothing() {
    let mut line = in_the_field();
    let mut send = |data: Vec<u8>| line.send(Command::new(ins::VERIFY_ODD, 0, 0x85).data(data)).sw;
    let sound = on_card::probe(&minutiae(5)).to_vec();
    for data in [
        sound[1..].to_vec(),
        sound[..sound.len() - 1].to_vec(),
        on_card::probe(&minutiae(5)[..11]).to_vec(),
        on_card::probe(&[[1, 2, 0x40]; 61]).to_vec(),
        on_card::probe(&[[1, 2, 0xC0]; 20]).to_vec(),
        vec![0x7F, 0x2E, 0],
    ] {
        assert_eq!(send(data.clone()), Sw::WRONG_DATA, "{data:02X?}");
    }
    assert_eq!(told(&mut line, 5), (3, 3, 0));
    assert_eq!(show(&mut line, 7, &minutiae(5)), Sw::REFERENCE_NOT_FOUND);
    assert_eq!(line.send(Command::new(ins::VERIFY_ODD, 0xFF, 0x85)).sw, Sw::WRONG_P1P2);
    // the PIN's own commands know no finger
    assert_eq!(verify(&mut line, 5, b"123456"), Sw::REFERENCE_NOT_FOUND);
    assert_eq!(change(&mut line, 5, b"123456", b"654321"), Sw::REFERENCE_NOT_FOUND);
}

/// Every command that gives data, with every P1-P2 that is cheap to try: no answer holds a run of the reference.
#[test]
fn no_command_tells_a_reference() {
    let mut line = in_the_field();
    assert_eq!(show(&mut line, 5, &minutiae(5)), Sw::OK);
    let holds = |response: &Response| {
        let reference = minutiae(5);
        reference.windows(3).any(|run| response.data.windows(9).any(|window| window == run.as_flattened()))
    };
    for p1p2 in (0..=u16::MAX).step_by(257).chain([0x7F61, 0x7F2E, 0xDF34, 0x8F85, 0x0045, 0x0065]) {
        let [p1, p2] = p1p2.to_be_bytes();
        let response = line.send(Command::new(ins::GET_DATA, p1, p2).ne(256));
        assert!(!holds(&response), "GET DATA {p1p2:04X}");
    }
    for sfi in 1..=30 {
        assert!(!holds(&line.send(read(sfi))), "READ BINARY {sfi}");
    }
}

#[test]
fn personalisation_wants_a_template_under_the_dek() {
    let parameters = with_fingers();
    let mut card = blank(5, MemoryMedium::default());
    let mut desk = Desk::install(&mut card, 1, &parameters.encode()).unwrap();
    desk.store(dgi::ORDER_TAG, &[7; 16], false).unwrap();
    let number = dgi::reference_data(5);
    let sound = on_card::probe(&minutiae(5)).to_vec();
    assert_eq!(desk.store(number, &sound, false), Err(Sw::WRONG_DATA), "in plain");
    assert_eq!(desk.store(number, &on_card::probe(&minutiae(5)[..11]), true), Err(Sw::WRONG_DATA));
    assert_eq!(desk.store(number, b"123456", true), Err(Sw::WRONG_DATA));
    assert_eq!(desk.store(number, &sound, true), Ok(()));
    assert_eq!(desk.seal(), Err(Sw::CONDITIONS_NOT_SATISFIED), "the other finger is missing, and more");
    let mut unordered = with_fingers();
    unordered.fingers[0].order = 0x13;
    assert_eq!(Desk::install(&mut card, 2, &unordered.encode()).err(), Some(Sw::WRONG_DATA));
}

/// A finger behind the PIN of PACE: the rule of the reference is asked besides the session.
#[test]
fn the_rule_of_a_finger_is_kept() {
    let mut parameters = with_fingers();
    parameters.fingers[0].rule = rule("PIN[1]");
    let (mut line, _) = line_of(&parameters);
    assert!(line.pace(&can()));
    assert_eq!(select(&mut line, EID), Sw::OK);
    assert_eq!(show(&mut line, 5, &minutiae(5)), Sw::SECURITY_STATUS_NOT_SATISFIED);
    let pin = Password::pin(PIN).unwrap();
    assert!(line.pace(&pin));
    assert_eq!(select(&mut line, EID), Sw::OK);
    assert_eq!(show(&mut line, 5, &minutiae(5)), Sw::OK);
}
