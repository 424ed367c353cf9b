//! Two instances on one card: nothing of the one is the other's, in one session, over two logical channels, and in the
//! image.

use bitaqa_apdu::{Class, Command, Sw, Transport};

use super::world::*;
use crate::emrtd::tests::world::{Line, can, read};
use crate::nvm::medium::MemoryMedium;

fn both() -> Line {
    let (card, _) = card_of(&[(EID, &eid("ALWAYS")), (PARTNER, &partner())], MemoryMedium::default());
    Line::with(card, 17)
}

/// A command on a logical channel.
fn on(channel: u8, command: Command) -> Command {
    command.class(Class(channel))
}

#[test]
fn status_ends_with_the_application_it_belongs_to() {
    let mut line = both();
    assert_eq!(select(&mut line, EID), Sw::OK);
    assert_eq!(verify(&mut line, 1, PIN.as_bytes()), Sw::OK);
    assert_eq!((set_signature(&mut line, 1, None), sign(&mut line, &[1; 32]).sw), (Sw::OK, Sw::OK));
    // The partner has a PIN 1 with the same value, and a key 2 behind it.
    assert_eq!(select(&mut line, PARTNER), Sw::OK);
    assert_eq!(verify(&mut line, 1, b""), Sw(0x63C3));
    assert_eq!(sign(&mut line, &[1; 32]).sw, Sw::CONDITIONS_NOT_SATISFIED);
    assert_eq!(set_signature(&mut line, 2, None), Sw::OK);
    assert_eq!(sign(&mut line, &[1; 32]).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
    // And back: what was shown before is not shown.
    assert_eq!(select(&mut line, EID), Sw::OK);
    assert_eq!(line.send(read(3)).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
}

#[test]
fn tries_of_one_are_not_tries_of_the_other() {
    let mut line = both();
    assert_eq!(select(&mut line, EID), Sw::OK);
    for left in [2, 1, 0] {
        assert_eq!(verify(&mut line, 1, b"000000"), Sw::tries_left(left));
    }
    assert_eq!(select(&mut line, PARTNER), Sw::OK);
    assert_eq!(told(&mut line, 1), (3, 3, 0));
    assert_eq!(verify(&mut line, 1, PIN.as_bytes()), Sw::OK);
    assert_eq!(line.send(Command::new(0xD6, 0x81, 0).data(&b"partner"[..])).sw, Sw::OK);
    assert_eq!(select(&mut line, EID), Sw::OK);
    assert_eq!((told(&mut line, 1), verify(&mut line, 1, PIN.as_bytes())), ((0, 3, 0), Sw::AUTHENTICATION_BLOCKED));
}

#[test]
fn files_of_one_are_not_found_from_the_other() {
    let mut line = both();
    for (aid, foreign) in [(EID, &[0x70, 0x01, 0x01, 0x01][..]), (PARTNER, &[0x50, 0x15, 0x50, 0x31])] {
        assert_eq!(select(&mut line, aid), Sw::OK);
        for command in [
            Command::new(0xA4, 8, 0).data(foreign),
            Command::new(0xA4, 0, 0).data(&foreign[..2]),
            Command::new(0xA4, 2, 0).data(&foreign[2..]),
            Command::new(0xA4, 9, 0).data(foreign),
        ] {
            assert_eq!(line.send(command).sw, Sw::FILE_NOT_FOUND, "{foreign:02X?}");
        }
    }
}

/// A whole session of secure messaging does not cross over either.
#[test]
fn a_session_ends_with_its_application() {
    let mut line = both();
    assert_eq!(select(&mut line, EID), Sw::OK);
    assert!(line.pace(&can()));
    assert_eq!(verify(&mut line, 1, PIN.as_bytes()), Sw::OK);
    // Selecting the other one answers under the old keys; then they are gone.
    assert_eq!(select(&mut line, PARTNER), Sw::OK);
    let sw = line.send(read(1)).sw;
    assert!(!matches!(sw, Sw::OK), "{sw:?}");
    line.sm = None;
    assert_eq!(verify(&mut line, 1, b""), Sw(0x63C3));
    assert_eq!(line.send(read(2)).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
}

#[test]
fn channels_share_tries_and_nothing_else() {
    let mut line = both();
    let channel = line.send(Command::new(0x70, 0, 0).ne(1));
    assert_eq!((channel.sw, &*channel.data), (Sw::OK, &[1][..]));
    let select_on = |channel, aid: &[u8]| on(channel, Command::new(0xA4, 4, 0x0C).data(aid));
    for (channel, aid) in [(0, EID), (1, PARTNER)] {
        assert_eq!(line.send(select_on(channel, aid)).sw, Sw::OK);
    }
    let verify_on = |channel, value: &[u8]| on(channel, Command::new(0x20, 0, 0x81).data(value));
    assert_eq!(line.send(verify_on(0, PIN.as_bytes())).sw, Sw::OK);
    assert_eq!(line.send(verify_on(1, b"")).sw, Sw(0x63C3));
    assert_eq!(line.send(on(1, Command::new(0xD6, 0x81, 0).data(&b"x"[..]))).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
    assert_eq!((line.send(read(3)).sw, line.send(on(1, read(3))).sw), (Sw::OK, Sw::SECURITY_STATUS_NOT_SATISFIED));
    // The same instance on a second channel, if the card allows it: not even its own status crosses over.
    let second = line.send(Command::new(0x70, 0, 0).ne(1));
    assert_eq!(second.sw, Sw::OK);
    let number = second.data[0];
    if line.send(select_on(number, EID)).sw == Sw::OK {
        assert_eq!(line.send(on(number, read(3))).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
        assert_eq!(line.send(verify_on(number, b"")).sw, Sw(0x63C3));
        // The counter is one for both.
        assert_eq!(line.send(verify_on(number, b"000000")).sw, Sw(0x63C2));
        assert_eq!(told(&mut line, 1), (2, 3, 0));
    }
    // A channel that is closed and opened again knows nothing.
    assert_eq!(line.send(Command::new(0x70, 0x80, 1)).sw, Sw::OK);
    assert_eq!(line.send(on(1, read(1))).sw, Sw::CHANNEL_NOT_SUPPORTED);
    line.card.reset().unwrap();
    assert_eq!(select(&mut line, EID), Sw::OK);
    assert_eq!(line.send(read(3)).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
}
