//! Dialogues with an eID and a partner's application, in the slot and in the field.

use bitaqa_apdu::fcp::Place;
use bitaqa_apdu::{Command, Sw, Transport};
use bitaqa_secure_messaging::pace::{Password, PasswordKind};

use super::world::*;
use crate::emrtd::tests::world::{ISSUER, can, read};

fn select_file(p1: u8, path: &[u8]) -> Command {
    Command::new(0xA4, p1, 0x04).data(path).ne(256)
}

#[test]
fn files_are_found_by_path_and_described() {
    let (mut line, _) = line_of(&eid("ALWAYS"));
    let odf = content(0x5031, Place::Application);
    let fcp = hex::decode("621280020002").unwrap().len(); // tag, length, DO 80
    for (p1, path) in [(8, &[0x50, 0x15, 0x50, 0x31][..]), (9, &[0x50, 0x31]), (2, &[0x50, 0x31]), (0, &[0x50, 0x31])] {
        let response = line.send(select_file(p1, path));
        assert_eq!(response.sw, Sw::OK, "{p1} {path:02X?}");
        assert_eq!(response.data[..fcp], [0x62, 0x11, 0x80, 0x02, 0x00, u8::try_from(odf.len()).unwrap()]);
        assert_eq!(*line.send(Command::new(0xB0, 0, 0).ne(256)).data, odf);
    }
    let df = line.send(select_file(8, &[0x3F, 0x00, 0x50, 0x15]));
    assert_eq!(*df.data, hex::decode("620A 820138 83025015 8A0105".replace(' ', "")).unwrap());
    // The MF holds other files: what is below the DF is not found from there.
    assert_eq!(line.send(select_file(0, &[0x3F, 0x00])).sw, Sw::OK);
    assert_eq!(line.send(select_file(2, &[0x50, 0x31])).sw, Sw::FILE_NOT_FOUND);
    assert_eq!(line.send(select_file(8, &[0x2F, 0x00])).sw, Sw::OK);
    assert_eq!(line.send(select_file(8, &[0x2F, 0x00, 0x50, 0x31])).sw, Sw::FILE_NOT_FOUND);
    assert_eq!(line.send(select_file(9, &[0x50, 0x15])).sw, Sw::OK);
    assert_eq!(*line.send(Command::new(0xCA, 0x01, 0x8D).ne(256)).data, [0x01, 0x06]);
    assert_eq!(line.send(Command::new(0xCA, 0x01, 0x8E).ne(256)).sw, Sw::REFERENCE_NOT_FOUND);
}

#[test]
fn a_pin_opens_a_file_until_it_is_forgotten() {
    let (mut line, _) = line_of(&eid("ALWAYS"));
    assert_eq!(line.send(read(3)).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
    assert_eq!(verify(&mut line, 1, b""), Sw(0x63C3));
    assert_eq!(verify(&mut line, 1, b"123450"), Sw(0x63C2));
    assert_eq!(verify(&mut line, 1, PIN.as_bytes()), Sw::OK);
    assert_eq!((verify(&mut line, 1, b""), line.send(read(3)).sw), (Sw::OK, Sw::OK));
    // Selected again, it is the same session.
    assert_eq!(select(&mut line, EID), Sw::OK);
    assert_eq!(line.send(read(3)).sw, Sw::OK);
    assert_eq!(line.send(Command::new(0x20, 0xFF, 0x81)).sw, Sw::OK);
    assert_eq!((verify(&mut line, 1, b""), line.send(read(3)).sw), (Sw(0x63C3), Sw::SECURITY_STATUS_NOT_SATISFIED));
    assert_eq!(verify(&mut line, 1, PIN.as_bytes()), Sw::OK);
    assert_eq!(verify(&mut line, 1, b"999999"), Sw(0x63C2));
    assert_eq!(line.send(read(3)).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
    assert_eq!(verify(&mut line, 7, PIN.as_bytes()), Sw::REFERENCE_NOT_FOUND);
    for malformed in [&b"12345a"[..], b"123", b"1234567890123"] {
        assert_eq!(verify(&mut line, 1, malformed), Sw::WRONG_DATA);
    }
    assert_eq!(told(&mut line, 1), (2, 3, 0));
}

#[test]
fn a_transport_pin_is_changed_before_anything_else() {
    let (mut line, _) = line_of(&eid("ALWAYS"));
    let new = padded("654321");
    assert_eq!(told(&mut line, 3), (3, 3, 1));
    assert_eq!(verify(&mut line, 3, &padded(TRANSPORT)), Sw::REFERENCE_DATA_NOT_USABLE);
    assert_eq!(change(&mut line, 3, &padded("54321"), &new), Sw(0x63C2));
    assert_eq!(change(&mut line, 3, &padded(TRANSPORT), &padded(TRANSPORT)), Sw::WRONG_DATA); // too short to be a PIN
    assert_eq!(change(&mut line, 3, TRANSPORT.as_bytes(), &new), Sw::WRONG_LENGTH);
    assert_eq!(told(&mut line, 3), (3, 3, 1));
    assert_eq!(change(&mut line, 3, &padded(TRANSPORT), &new), Sw::OK);
    assert_eq!(told(&mut line, 3), (3, 3, 0));
    assert_eq!((verify(&mut line, 3, b""), verify(&mut line, 3, &new)), (Sw(0x63C3), Sw::OK));
    assert_eq!(verify(&mut line, 3, b"654321"), Sw::WRONG_DATA); // not padded
}

#[test]
fn a_transport_pin_is_never_its_own_successor() {
    let mut parameters = eid("ALWAYS");
    parameters.references[2].digits_min = 5;
    let (mut line, _) = line_of(&parameters);
    assert_eq!(change(&mut line, 3, &padded(TRANSPORT), &padded(TRANSPORT)), Sw::WRONG_DATA);
    assert_eq!(told(&mut line, 3), (3, 3, 1));
    assert_eq!(change(&mut line, 3, &padded(TRANSPORT), &padded("12346")), Sw::OK);
}

#[test]
fn a_transport_pin_opens_a_session_and_nothing_in_it() {
    let mut parameters = eid("PACE");
    parameters.references[0].transport = true;
    let (mut line, _) = line_of(&parameters);
    let pin = |text: &str| Password::from_secret(PasswordKind::Pin, text.as_bytes());
    assert!(line.pace(&pin(TRANSPORT)));
    assert_eq!(line.send(read(3)).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
    // The session of the PIN is none of the CAN, which the rule of CHANGE wants.
    assert_eq!(change(&mut line, 1, TRANSPORT.as_bytes(), PIN.as_bytes()), Sw::SECURITY_STATUS_NOT_SATISFIED);
    line.card.reset().unwrap();
    line.sm = None;
    assert_eq!(select(&mut line, EID), Sw::OK);
    assert!(line.pace(&can()));
    assert_eq!(change(&mut line, 1, TRANSPORT.as_bytes(), PIN.as_bytes()), Sw::OK);
    assert_eq!(line.send(read(3)).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
    assert!(line.pace(&pin(PIN)));
    assert_eq!(line.send(read(3)).sw, Sw::OK);
}

#[test]
fn a_pin_is_changed_and_unblocked() {
    let (mut line, _) = line_of(&eid("ALWAYS"));
    let (pin, puk) = (PIN.as_bytes(), PUK.as_bytes());
    assert_eq!(change(&mut line, 1, pin, b"11112222"), Sw::OK);
    assert_eq!(verify(&mut line, 1, b""), Sw(0x63C3)); // the change shows nothing
    assert_eq!(change(&mut line, 1, b"11112222", b"12345"), Sw::WRONG_DATA);
    for left in [2, 1, 0] {
        assert_eq!(verify(&mut line, 1, pin), Sw::tries_left(left));
    }
    for command in [verify(&mut line, 1, b"11112222"), verify(&mut line, 1, b"")] {
        assert_eq!(command, Sw::AUTHENTICATION_BLOCKED);
    }
    assert_eq!(change(&mut line, 1, b"11112222", pin), Sw::AUTHENTICATION_BLOCKED);
    assert_eq!(reset(&mut line, 0x03, 1, b""), Sw::SECURITY_STATUS_NOT_SATISFIED);
    assert_eq!(reset(&mut line, 0x01, 1, b"0000000000"), Sw(0x63C4));
    assert_eq!(reset(&mut line, 0x01, 1, puk), Sw::OK);
    assert_eq!(verify(&mut line, 1, b"11112222"), Sw::OK);
    assert_eq!(reset(&mut line, 0x00, 1, &[puk, pin].concat()), Sw::OK);
    assert_eq!((verify(&mut line, 1, b""), verify(&mut line, 1, pin)), (Sw(0x63C3), Sw::OK));
    // The PUK shown by VERIFY is good for one unblocking.
    assert_eq!(verify(&mut line, 2, puk), Sw::OK);
    assert_eq!(reset(&mut line, 0x02, 1, b"333333"), Sw::OK);
    assert_eq!(reset(&mut line, 0x02, 1, b"444444"), Sw::SECURITY_STATUS_NOT_SATISFIED);
    assert_eq!(reset(&mut line, 0x03, 2, b""), Sw::CONDITIONS_NOT_SATISFIED); // nothing unblocks the PUK
    for left in [4, 3, 2, 1, 0] {
        assert_eq!(reset(&mut line, 0x01, 1, b"0000000000"), Sw::tries_left(left));
    }
    assert_eq!(reset(&mut line, 0x01, 1, puk), Sw::AUTHENTICATION_BLOCKED);
}

#[test]
fn in_the_field_the_pin_comes_after_the_can() {
    let (mut line, _) = line_of(&eid("PACE"));
    for refused in [verify(&mut line, 1, PIN.as_bytes()), verify(&mut line, 1, b""), reset(&mut line, 3, 1, b"")] {
        assert_eq!(refused, Sw::SECURITY_STATUS_NOT_SATISFIED);
    }
    assert_eq!(told(&mut line, 1), (3, 3, 0));
    assert!(line.pace(&can()));
    assert_eq!(verify(&mut line, 1, PIN.as_bytes()), Sw::OK);
    assert_eq!(line.send(read(3)).sw, Sw::OK);
    // A plain command ends the session and with it what the PIN has opened.
    assert_eq!(line.plain(&read(3)).sw, Sw::SM_OBJECTS_MISSING);
    line.sm = None;
    assert_eq!(line.send(read(3)).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
}

#[test]
fn the_pin_of_pace_is_the_same_pin() {
    let (mut line, _) = line_of(&eid("PACE"));
    let pin = |text: &str| Password::from_secret(PasswordKind::Pin, text.as_bytes());
    assert!(!line.pace(&pin("000000")));
    assert_eq!(told(&mut line, 1), (2, 3, 0));
    assert!(line.pace(&pin(PIN)));
    assert_eq!((line.send(read(3)).sw, told(&mut line, 1)), (Sw::OK, (3, 3, 0)));
    // One session shows it, another one does not.
    line.card.reset().unwrap();
    line.sm = None;
    assert_eq!(select(&mut line, EID), Sw::OK);
    assert_eq!(line.send(read(3)).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
    // Tries spent in plain count for PACE: the last one waits for the CAN.
    assert!(line.pace(&can()));
    for left in [2, 1] {
        assert_eq!(verify(&mut line, 1, b"000000"), Sw::tries_left(left));
    }
    line.card.reset().unwrap();
    line.sm = None;
    assert_eq!(select(&mut line, EID), Sw::OK);
    assert!(!line.pace(&pin(PIN)));
    assert_eq!(told(&mut line, 1), (1, 3, 0));
    assert!(line.pace(&can()) && line.pace(&pin(PIN)));
    assert_eq!(told(&mut line, 1), (3, 3, 0));
}

#[test]
fn what_was_shown_in_plain_is_worth_nothing_in_a_session_opened_after() {
    let (mut line, _) = line_of(&eid("ALWAYS"));
    assert_eq!(verify(&mut line, 1, PIN.as_bytes()), Sw::OK);
    assert!(line.pace(&can()));
    assert_eq!(line.send(read(3)).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
}

#[test]
fn a_partner_writes_what_its_rules_let_it_write() {
    let (mut line, _) = line_of(&partner());
    let update = |sfi: u8, offset: u8, data: &[u8]| Command::new(0xD6, 0x80 | sfi, offset).data(data);
    assert_eq!(line.send(update(1, 0, b"new")).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
    assert_eq!(verify(&mut line, 1, PIN.as_bytes()), Sw::OK);
    assert_eq!(line.send(update(1, 2, b"new")).sw, Sw::OK);
    assert_eq!(line.send(Command::new(0xB0, 0, 0).ne(6)).data[2..5], *b"new");
    let length = content(0x0101, Place::Application).len();
    assert_eq!(line.send(update(1, u8::try_from(length).unwrap(), b"tail")).sw, Sw::OK);
    assert_eq!(line.send(update(1, u8::try_from(length).unwrap() + 5, b"gap")).sw, Sw::WRONG_OFFSET);
    assert_eq!(line.send(update(1, 10, &vec![0; 391])).sw, Sw::NOT_ENOUGH_MEMORY);
    assert_eq!(line.send(update(1, 0, b"")).sw, Sw::WRONG_LENGTH);
    assert_eq!(line.send(read(1)).data.len(), 4);
    for closed in [2, 3] {
        assert_eq!(line.send(update(closed, 0, b"new")).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
    }
    // Its terminals: one that may read what every one may, one that may write.
    for (chain, writes) in [(&ISSUER.dg4_chain, false), (&ISSUER.chain, true)] {
        line.card.reset().unwrap();
        line.sm = None;
        assert_eq!(select(&mut line, EID), Sw::OK);
        assert!(line.pace(&can()));
        assert_eq!(line.send(read(2)).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
        assert!(line.chip_authentication(0) && line.terminal_authentication(chain));
        assert_eq!(line.send(read(2)).sw, Sw::OK);
        let expected = if writes { Sw::OK } else { Sw::SECURITY_STATUS_NOT_SATISFIED };
        assert_eq!(line.send(update(2, 0, b"visit")).sw, expected);
        assert_eq!(line.send(read(3)).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
    }
}
