use super::*;
use crate::testing::{Case, Script, Seeded, command, hex, response, vectors};
use bitaqa_apdu::Class;
use core::convert::Infallible;
use proptest::prelude::*;

fn example() -> Case {
    vectors(include_str!("../../../test-vectors/icao9303-11/bac.toml")).remove(0)
}

fn keys(mrz: &str) -> BacKeys {
    BacKeys::from_mrz(mrz).unwrap()
}

const MRZ: &str = "L898902C<369080619406236";

/// A chip with the printed challenge, and the printed EXTERNAL AUTHENTICATE.
fn printed() -> (CardBac, Command) {
    let case = example();
    let (bac, _) =
        CardBac::get_challenge(&Command::new(0x84, 0, 0).ne(8), &mut Script::new([case.octets("RND_IC")])).unwrap();
    (bac, command(&case.tables("exchange")[1].octets("command")))
}

#[test]
fn the_printed_keys_and_cryptograms() {
    let case = example();
    let secret: [u8; 20] = Sha1::digest(case.text("MRZ_information")).into();
    assert_eq!((secret.to_vec(), &secret[..16]), (case.octets("H_SHA1"), &*case.octets("K_seed")));
    for (purpose, name) in [(kdf::Purpose::Encryption, "K_Enc"), (kdf::Purpose::Authentication, "K_MAC")] {
        assert_eq!(*kdf::derive(&secret[..16], purpose, Cipher::TripleDes), case.octets(name));
    }
    let keys = BacKeys::from_secret(&secret).unwrap();
    for (first, second, keying, plain, sealed) in
        [("RND_IFD", "RND_IC", "K_IFD", "S", ["E_IFD", "M_IFD"]), ("RND_IC", "RND_IFD", "K_IC", "R", ["E_IC", "M_IC"])]
    {
        let parts = [first, second, keying].map(|name| case.octets(name));
        assert_eq!(parts.concat(), case.octets(plain));
        let octets = keys.seal([&parts[0], &parts[1], &parts[2]]);
        assert_eq!(octets, sealed.map(|name| case.octets(name)).concat());
        let (opened, right) = keys.open(&octets).unwrap();
        assert!(bool::from(right));
        assert_eq!([opened.first.to_vec(), opened.second.to_vec(), opened.keying.to_vec()], parts);
    }
}

/// Both sides must come out with the printed keys: the messages of D.4 go through both.
#[test]
fn the_printed_dialogue_from_both_sides() {
    let case = example();
    let exchanges = case.tables("exchange");
    let mut steps = exchanges.iter();
    let mut send = |sent: Command| -> Result<Response, Infallible> {
        let step = steps.next().unwrap();
        assert_eq!(sent.encode().unwrap().to_vec(), step.octets("command"));
        Ok(response(&step.octets("response")))
    };
    let mut rng = Script::new([case.octets("RND_IFD"), case.octets("K_IFD")]);
    let mut terminal = establish(&mut send, &keys(case.text("MRZ_information")), &mut rng).unwrap();
    assert!(steps.next().is_none() && rng.is_empty());

    let mut rng = Script::new([case.octets("RND_IC"), case.octets("K_IC")]);
    let (bac, answer) = CardBac::get_challenge(&command(&exchanges[0].octets("command")), &mut rng).unwrap();
    assert_eq!(answer.encode().to_vec(), exchanges[0].octets("response"));
    let sent = command(&exchanges[1].octets("command"));
    let (answer, mut card) = bac.external_authenticate(&sent, &keys(MRZ), &mut rng).unwrap();
    assert_eq!(answer.encode().to_vec(), exchanges[1].octets("response"));

    for d4 in vectors(include_str!("../../../test-vectors/icao9303-11/sm_3des.toml")) {
        for step in d4.tables("step") {
            let wire = terminal.protect_command(command(&step.octets("plain_c_apdu")));
            assert_eq!(wire.encode().unwrap().to_vec(), step.octets("protected_c_apdu"));
            assert_eq!(card.unprotect_command(wire), Ok(command(&step.octets("plain_c_apdu"))));
            let plain = response(&[step.octets("plain_data"), step.octets("sw")].concat());
            let wire = card.protect_response(plain.clone());
            assert_eq!(wire.clone().encode().to_vec(), step.octets("protected_r_apdu"));
            assert_eq!(terminal.unprotect_response(wire), Ok(plain));
        }
    }
}

#[test]
fn every_defect_of_the_cryptogram_has_the_same_answer() {
    let refused = |change: &dyn Fn(&mut Vec<u8>)| {
        let (bac, mut command) = printed();
        change(command.data.as_mut_vec());
        let error = bac.external_authenticate(&command, &keys(MRZ), &mut Script::default()).err();
        assert_eq!(error, Some(BacError::Authentication));
        assert_eq!(Sw::from(BacError::Authentication), Sw(0x6300));
    };
    for at in 0..40 {
        for bit in 0..8 {
            refused(&|data| data[at] ^= 1 << bit);
        }
    }
    refused(&|data| data.truncate(39));
    refused(&|data| data.push(0));
    refused(&Vec::clear);
    // The MAC is right, the challenge is one of another run: what makes passports traceable where it differs.
    refused(&|data| {
        let stale = [hex("781723860C06C226"), hex("4608F91988702213"), vec![7; 16]];
        *data = keys(MRZ).seal([&stale[0], &stale[1], &stale[2]]);
    });
    // Made with the keys of another document.
    refused(&|data| {
        let other = [hex("781723860C06C226"), hex("4608F91988702212"), vec![7; 16]];
        *data = keys("L898902C<369080619406237").seal([&other[0], &other[1], &other[2]]);
    });
    let (bac, good) = printed();
    assert!(bac.external_authenticate(&good, &keys(MRZ), &mut Seeded(1)).is_ok());
}

#[test]
fn the_headers_are_checked() {
    for (command, error, sw) in [
        (Command::new(0x84, 0, 1).ne(8), BacError::P1P2(1), Sw::WRONG_P1P2),
        (Command::new(0x84, 0, 0).ne(7), BacError::Length, Sw::WRONG_LENGTH),
        (Command::new(0x84, 0, 0), BacError::Length, Sw::WRONG_LENGTH),
        (Command::new(0x84, 0, 0).data([1]).ne(8), BacError::Length, Sw::WRONG_LENGTH),
    ] {
        assert_eq!(CardBac::get_challenge(&command, &mut Seeded(0)).err(), Some(error));
        assert_eq!(Sw::from(error), sw);
    }
    let all = Command::new(0x84, 0, 0).ne(256).class(Class(0));
    assert_eq!(CardBac::get_challenge(&all, &mut Seeded(0)).unwrap().1.data.len(), 8, "Le 00 asks for what there is");
    let (bac, mut command) = printed();
    command.p2 = 1;
    let error = bac.external_authenticate(&command, &keys(MRZ), &mut Script::default()).err();
    assert_eq!(error, Some(BacError::P1P2(1)));
}

/// The terminal against a chip whose answers are changed on the way.
fn run(change: impl Fn(usize, &mut Response)) -> Result<Box<dyn SecureMessaging>, BacError> {
    let (mut chip, mut rng) = (None, Seeded(1));
    let mut number = 0;
    let mut send = |command: Command| -> Result<Response, BacError> {
        let mut response = match chip.take() {
            None => {
                let (bac, response) = CardBac::get_challenge(&command, &mut rng)?;
                chip = Some(bac);
                response
            }
            Some(bac) => CardBac::external_authenticate(bac, &command, &keys(MRZ), &mut rng)?.0,
        };
        change(number, &mut response);
        number += 1;
        Ok(response)
    };
    establish(&mut send, &keys(MRZ), &mut Seeded(2)).map_err(|error| match error {
        TerminalError::Protocol(error) | TerminalError::Exchange(error) => error,
    })
}

#[test]
fn the_terminal_tells_what_was_wrong() {
    assert!(run(|_, _| {}).is_ok());
    let refused = |number, change: &dyn Fn(&mut Response)| {
        run(|step, response| {
            if step == number {
                change(response);
            }
        })
        .err()
        .unwrap()
    };
    assert_eq!(refused(0, &|answer| answer.data.as_mut_vec().truncate(7)), BacError::Challenge(7));
    let other_challenge = refused(0, &|answer| answer.data.as_mut_vec()[0] ^= 1);
    assert_eq!(other_challenge, BacError::Authentication, "and the chip refuses");
    let status = |command| BacError::Status { command, sw: Sw(0x6300) };
    assert_eq!(refused(0, &|answer| *answer = Sw(0x6300).into()), status("GET CHALLENGE"));
    assert_eq!(refused(1, &|answer| *answer = Sw(0x6300).into()), status("EXTERNAL AUTHENTICATE"));
    assert_eq!(refused(1, &|answer| answer.data.as_mut_vec().truncate(39)), BacError::Answer(39));
    assert_eq!(refused(1, &|answer| answer.data.as_mut_vec()[3] ^= 1), BacError::Checksum);
    assert_eq!(refused(1, &|answer| answer.data.as_mut_vec()[39] ^= 1), BacError::Checksum);
    let echo = |answer: &mut Response| answer.data = keys(MRZ).seal([&[1; 8], &[2; 8], &[3; 16]]).into();
    assert_eq!(refused(1, &echo), BacError::Nonce);
}

proptest! {
    #[test]
    fn the_two_roles_meet_for_any_draw(
        chip: u64, terminal: u64, plain in proptest::collection::vec(any::<u8>(), 0..50),
    ) {
        let (mut bac, mut session, mut rng) = (None, None, Seeded(chip));
        let mut send = |command: Command| -> Result<Response, BacError> {
            match bac.take() {
                None => {
                    let (stage, response) = CardBac::get_challenge(&command, &mut rng)?;
                    bac = Some(stage);
                    Ok(response)
                }
                Some(stage) => {
                    let (response, sm) = CardBac::external_authenticate(stage, &command, &keys(MRZ), &mut rng)?;
                    session = Some(sm);
                    Ok(response)
                }
            }
        };
        let mut terminal = establish(&mut send, &keys(MRZ), &mut Seeded(terminal)).unwrap();
        let mut card = session.unwrap();
        let command = Command::new(0xB0, 0, 0).data(plain).ne(9);
        prop_assert_eq!(card.unprotect_command(terminal.protect_command(command.clone())), Ok(command));
    }

    #[test]
    fn no_octets_make_a_side_panic(octets in proptest::collection::vec(any::<u8>(), 0..60)) {
        let (bac, mut command) = printed();
        command.data = octets.clone().into();
        prop_assert!(bac.external_authenticate(&command, &keys(MRZ), &mut Seeded(0)).is_err());
        prop_assert!(run(|_, response| response.data = octets.clone().into()).is_err());
    }
}
