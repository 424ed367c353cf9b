use super::*;
use crate::testing::Seeded;

fn aes() -> KeySet {
    KeySet::new(&[1; 32], &[2; 32], &[3; 32]).unwrap()
}

fn triple_des() -> KeySet {
    KeySet::triple_des(&[1; 16], &[2; 16], &[3; 16]).unwrap()
}

/// A card with one key set, and the session that it opened.
struct Desk {
    keys: KeySet,
    i: u8,
    opening: Option<Box<dyn Opening>>,
    session: Option<Box<dyn SecureChannel>>,
    sent: usize,
}

impl Desk {
    fn new(keys: KeySet, i: u8) -> Self {
        Self { keys, i, opening: None, session: None, sent: 0 }
    }

    fn answer(&mut self, command: &Command) -> Result<Response, Sw> {
        let chip = Chip {
            kvn: 0x30,
            kdd: &[7; 10],
            i: self.i,
            sequence: Some(9),
            aid: b"domain",
            failure: Sw::SM_OBJECTS_INCORRECT,
            mac_on_empty_response: true,
        };
        self.sent += 1;
        if command.ins == ins::INITIALIZE_UPDATE {
            let (response, opening) = initialize_update(command, &self.keys, &chip, &mut Seeded(1))?;
            self.opening = Some(opening);
            return Ok(response);
        }
        let opening = self.opening.take().ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
        let (response, session) = opening.external_authenticate(command)?;
        self.session = Some(session);
        Ok(response)
    }

    fn open(&mut self, keys: &KeySet, level: u8, size: Size) -> Result<(Box<dyn SecureChannel>, Offer), OpenError> {
        let mut send =
            |command: Command| Ok::<_, core::convert::Infallible>(self.answer(&command).unwrap_or_else(Response::from));
        let wanted = Wanted { kvn: 0, level, size };
        open(&mut send, &|_| Ok(keys.clone()), wanted, &mut Seeded(2)).map_err(|error| match error {
            TerminalError::Protocol(error) => error,
            TerminalError::Exchange(never) => match never {},
        })
    }
}

#[test]
fn the_host_opens_what_the_card_speaks() {
    for (keys, i, level, size, protocol, sequence) in [
        (triple_des(), 0x15, 0x01, Size::S8, 2, Some(9)),
        (triple_des(), 0x55, 0x03, Size::S8, 2, Some(9)),
        (aes(), 0x70, 0x33, Size::S8, 3, Some(9)),
        (aes(), 0x60, 0x13, Size::S8, 3, None),
        (aes(), 0x71, 0x33, Size::S16, 3, Some(9)),
        (aes(), 0x01, 0x03, Size::S16, 3, None),
        (aes(), 0x00, 0x00, Size::S8, 3, None),
    ] {
        let mut desk = Desk::new(keys.clone(), i);
        let (mut host, offer) = desk.open(&keys, level, size).unwrap();
        let mut card = desk.session.unwrap();
        assert_eq!((offer.protocol, offer.kvn, offer.kdd, offer.sequence), (protocol, 0x30, [7; 10], sequence));
        assert_eq!(offer.i, (protocol == 3).then_some(i));
        for side in [&host, &card] {
            assert_eq!((side.protocol(), side.level()), (protocol, level));
        }
        let plain = Command::globalplatform(ins::STORE_DATA, 0x88, 0).data(host.encrypt_sensitive(b"PIN block"));
        let received = card.unprotect_command(host.protect_command(plain)).unwrap();
        assert_eq!(*card.decrypt_sensitive(&received.data).unwrap(), *b"PIN block");
        let blocks = [5; 32];
        assert_eq!(*card.decrypt_key(&host.encrypt_key(&blocks).unwrap()).unwrap(), blocks);
        assert!(card.decrypt_key(&blocks[1..]).is_err() && host.encrypt_key(&[]).is_err());
        let answer = card.protect_response(Response::ok([1, 2]));
        assert_eq!(host.unprotect_response(answer).unwrap(), Response::ok([1, 2]));
    }
}

#[test]
fn a_host_with_other_keys_sends_nothing_that_is_counted() {
    for (keys, i) in [(triple_des(), 0x15), (aes(), 0x70)] {
        let other = match keys.key_type() {
            KeyType::Aes => KeySet::new(&[1; 32], &[9; 32], &[3; 32]).unwrap(), // S-MAC alone makes cryptograms
            KeyType::TripleDes => KeySet::triple_des(&[9; 16], &[2; 16], &[3; 16]).unwrap(),
        };
        let mut desk = Desk::new(keys, i);
        let refused = desk.open(&other, 0x01, Size::S8).err();
        assert!(matches!(
            refused,
            Some(OpenError::Scp02(Scp02Error::CardCryptogram) | OpenError::Scp03(Scp03Error::CardCryptogram))
        ));
        assert_eq!(desk.sent, 1);
    }
}

/// The word for a failed EXTERNAL AUTHENTICATE is the card's choice; a malformed one has its own.
#[test]
fn a_wrong_cryptogram_has_the_word_of_the_card() {
    for (keys, i) in [(triple_des(), 0x15), (aes(), 0x70)] {
        for (level, length, expected) in [(1, 16, 0x6988), (1, 15, 0x6700), (0x7F, 16, 0x6A86)] {
            let mut desk = Desk::new(keys.clone(), i);
            desk.answer(&Command::globalplatform(ins::INITIALIZE_UPDATE, 0, 0).data([1; 8])).unwrap();
            let wrong = Command::globalplatform(ins::EXTERNAL_AUTHENTICATE, level, 0).data(vec![0; length]);
            let wrong = wrong.class(bitaqa_apdu::Class(0x84));
            assert_eq!(desk.answer(&wrong), Err(Sw(expected)));
            assert_eq!(desk.answer(&wrong), Err(Sw::CONDITIONS_NOT_SATISFIED)); // the stage is gone
        }
    }
}

#[test]
fn what_the_card_cannot_do_is_said() {
    let refused = |keys: KeySet, i, level, size| Desk::new(keys.clone(), i).open(&keys, level, size).err().unwrap();
    assert_eq!(refused(aes(), 0x70, 0x33, Size::S16), OpenError::Status(Sw::WRONG_LENGTH));
    assert_eq!(refused(aes(), 0x00, 0x33, Size::S8), OpenError::Scp03(Scp03Error::Level { level: 0x33, i: 0 }));
    assert_eq!(refused(triple_des(), 0x15, 0x33, Size::S8), OpenError::Scp02(Scp02Error::P1P2(0x3300)));
    let mut worn_out = Desk::new(triple_des(), 0x15);
    let chip = Chip {
        kvn: 1,
        kdd: &[0; 10],
        i: 0x15,
        sequence: Some(0x1_0000),
        aid: &[],
        failure: Sw::AUTHENTICATION_FAILED,
        mac_on_empty_response: true,
    };
    let command = Command::globalplatform(ins::INITIALIZE_UPDATE, 0, 0).data([1; 8]);
    let made = initialize_update(&command, &worn_out.keys, &chip, &mut Seeded(1));
    assert_eq!(made.err(), Some(Sw::CONDITIONS_NOT_SATISFIED));
    // Keys of the other kind.
    assert!(matches!(worn_out.open(&aes(), 1, Size::S8).err(), Some(OpenError::Scp02(Scp02Error::Key(_)))));
    let mut stranger = |_| Ok::<_, core::convert::Infallible>(Response::ok([1; 12]));
    let wanted = Wanted { kvn: 0, level: 1, size: Size::S8 };
    let refused = open(&mut stranger, &|_| Ok(aes()), wanted, &mut Seeded(2)).err();
    let expected = OpenError::Protocol { octets: 12, protocol: Some(1) };
    assert!(matches!(refused, Some(TerminalError::Protocol(error)) if error == expected));
}
