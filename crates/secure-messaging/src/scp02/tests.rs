use super::session::InitializeUpdateResponse;
use super::*;
use crate::kcv;
use crate::secure_channel::{self, Chip};
use crate::testing::{Case, Script, Seeded, command, vectors};
use crate::{SecureMessaging, TerminalError};
use bitaqa_apdu::{Class, Command, Response};
use core::convert::Infallible;
use proptest::collection::vec;
use proptest::prelude::*;

const CAPTURES: &str = include_str!("../../../../test-vectors/globalplatform/scp02.toml");

fn keys_of(case: &Case) -> KeySet {
    KeySet::triple_des(&case.octets("key_enc"), &case.octets("key_mac"), &case.octets("key_dek")).unwrap()
}

fn some_keys() -> KeySet {
    KeySet::triple_des(&[0x41; 16], &[0x42; 16], &[0x43; 16]).unwrap()
}

#[test]
fn session_keys_check_values_and_the_wrapped_key_are_those_published() {
    for case in vectors(include_str!("../../../../test-vectors/globalplatform/scp02_session_keys.toml")) {
        let key = case.octets("static");
        let sequence = case.octets("sequence").try_into().unwrap();
        for (name, purpose) in [("s_enc", Purpose::Enc), ("s_mac", Purpose::CMac), ("s_dek", Purpose::Dek)] {
            let derived = session_key(&key, purpose, sequence).unwrap();
            assert_eq!(*derived, case.octets(name), "{name}");
            assert_eq!(kcv(KeyType::TripleDes, &derived).unwrap().to_vec(), case.octets(&format!("kcv_{name}")));
        }
        let dek = Dek(SessionKey::new(Cipher::TripleDes, &case.octets("s_dek")).unwrap());
        assert_eq!(dek.encrypt_key(&key).unwrap(), case.octets("wrapped_static"));
        assert_eq!(*dek.decrypt_key(&case.octets("wrapped_static")).unwrap(), key);
        assert_eq!(dek.encrypt_key(&key[1..]), Err(Sw::WRONG_DATA));
        assert_eq!(*dek.decrypt_sensitive(&dek.encrypt_sensitive(&key)).unwrap(), *key);
        assert_eq!(dek.decrypt_sensitive(&case.octets("wrapped_static")), Err(Sw::WRONG_DATA)); // no padding
    }
}

/// Our host against the captured card, then our card against the captured host. Where the case has an AID, the card
/// computes its challenge, and nothing may be drawn.
fn replay(case: &Case) {
    let answer = case.octets("initialize_update_rsp");
    let level = Level::from_octet(case.octets("security_level")[0]).unwrap();
    let printed = InitializeUpdateResponse::parse(&answer).unwrap();
    assert_eq!(printed.encode(), answer);
    assert_eq!(printed.card_cryptogram.to_vec(), case.octets("card_cryptogram"));
    let mut exchanges = vec![
        (case.octets("external_authenticate_cmd"), Response::from(Sw::OK)),
        (case.octets("initialize_update_cmd"), Response::ok(answer.clone())),
    ];
    let mut send = |sent: Command| {
        let (expected, answer) = exchanges.pop().unwrap();
        assert_eq!(*sent.encode().unwrap(), *expected, "{}", case.name());
        Ok::<_, Infallible>(answer)
    };
    let sent = command(&case.octets("initialize_update_cmd"));
    let mut rng = Script::new([case.octets("host_challenge")]);
    let mut host = open(&mut send, &|_| Ok(keys_of(case)), sent.p1, level, &mut rng).unwrap();
    assert_eq!(host.card(), &printed);

    // One capture asks for version 20 and is answered with 70: that card had given the set another number.
    let sent = Command { p1: printed.key_version, ..sent };
    let chip = Chip {
        kvn: printed.key_version,
        kdd: &printed.key_diversification_data,
        i: if case.maybe("aid").is_some() { I_55 } else { I_15 },
        sequence: Some(u16::from_be_bytes(printed.sequence).into()),
        aid: &case.maybe("aid").unwrap_or_default(),
        failure: Sw(0x6300),
        mac_on_empty_response: true,
    };
    let drawn = case.maybe("aid").is_none().then(|| printed.card_challenge.to_vec());
    let (response, opening) =
        secure_channel::initialize_update(&sent, &keys_of(case), &chip, &mut Script::new(drawn)).unwrap();
    assert_eq!(*response.data, *answer, "{}", case.name());
    let opened = opening.external_authenticate(&command(&case.octets("external_authenticate_cmd")));
    let (response, mut card) = opened.unwrap();
    assert_eq!((response, card.protocol(), card.level()), (Response::from(Sw::OK), 2, level as u8));

    for step in case.tables("step") {
        let (plain, wrapped) = (command(&step.octets("plain")), step.octets("wrapped"));
        assert_eq!(*host.protect_command(plain.clone()).encode().unwrap(), *wrapped, "{}", case.name());
        assert_eq!(card.unprotect_command(command(&wrapped)).unwrap(), Command { class: Class(0x80), ..plain });
    }
}

#[test]
fn the_captures_replay_from_both_sides() {
    vectors(CAPTURES).iter().for_each(replay);
}

#[test]
fn a_pseudo_random_challenge_replays_from_both_sides() {
    for case in vectors(include_str!("../../../../test-vectors/globalplatform/scp02_pseudo_random.toml")) {
        replay(&case);
        for (name, key, purpose) in [
            ("s_enc", "key_enc", Purpose::Enc),
            ("s_mac", "key_mac", Purpose::CMac),
            ("s_dek", "key_dek", Purpose::Dek),
        ] {
            assert_eq!(*session_key(&case.octets(key), purpose, [1, 2]).unwrap(), case.octets(name));
        }
    }
}

/// Opens a session between both roles.
fn open_pair(level: Level, i: u8, host_keys: &KeySet) -> Result<(HostSession, CardSession), Scp02Error> {
    let (mut stage, mut card) = (None, None);
    let mut send = |sent: Command| {
        Ok::<_, Infallible>(match stage.take() {
            None => {
                let made =
                    initialize_update(&sent, &some_keys(), 1, &[7; 10], i, [0, 9], b"applet", &mut Seeded(1)).unwrap();
                stage = Some(made.1);
                made.0
            }
            Some(waiting) => match AwaitExternalAuthenticate::external_authenticate(waiting, &sent) {
                Ok((response, session)) => {
                    card = Some(session);
                    response
                }
                Err(error) => Sw::from(error).into(),
            },
        })
    };
    let host = open(&mut send, &|_| Ok(host_keys.clone()), 1, level, &mut Seeded(2));
    match host {
        Ok(host) => Ok((host, card.unwrap())),
        Err(TerminalError::Protocol(error)) => Err(error),
        Err(TerminalError::Exchange(never)) => match never {},
    }
}

#[test]
fn a_pseudo_random_challenge_is_the_same_again_and_a_drawn_one_is_not() {
    let ask = |i, seed| {
        let command = Command::globalplatform(0x50, 0, 0).data([1; 8]);
        let mut rng = Seeded(seed);
        let (response, _) =
            initialize_update(&command, &some_keys(), 1, &[0; 10], i, [0, 1], b"applet", &mut rng).unwrap();
        InitializeUpdateResponse::parse(&response.data).unwrap().card_challenge
    };
    assert_eq!(ask(I_55, 1), ask(I_55, 2));
    assert_ne!(ask(I_15, 1), ask(I_15, 2));
}

#[test]
fn other_keys_are_seen_by_the_host_before_the_card_counts_a_try() {
    let other = KeySet::triple_des(&[9; 16], &[0x42; 16], &[0x43; 16]).unwrap();
    assert_eq!(open_pair(Level::CMac, I_15, &other).err(), Some(Scp02Error::CardCryptogram));
    assert_eq!(KeySet::triple_des(&[0; 16], &[0; 24], &[0; 16]).err(), Some(KeyLength(24)));
    let aes = KeySet::new(&[0x41; 16], &[0x42; 16], &[0x43; 16]).unwrap();
    assert_eq!(open_pair(Level::CMac, I_15, &aes).err(), Some(Scp02Error::Key(KeyLength(16))));
}

#[test]
fn a_wrong_cryptogram_mac_class_or_level_opens_nothing() {
    let stage = || {
        let command = Command::globalplatform(0x50, 0, 0).data([1; 8]);
        initialize_update(&command, &some_keys(), 1, &[0; 10], I_15, [0, 1], &[], &mut Seeded(3)).unwrap()
    };
    let (response, _) = stage();
    let send = |sent: Command| Ok::<_, Infallible>(if sent.ins == 0x50 { response.clone() } else { Sw::OK.into() });
    let mut right = None;
    let mut spy = |sent: Command| {
        right = Some(sent.clone());
        send(sent)
    };
    open(&mut spy, &|_| Ok(some_keys()), 0, Level::CMac, &mut Script::new([vec![1; 8]])).unwrap();
    let right = right.unwrap();
    let refused = |change: &dyn Fn(&mut Command)| {
        let mut command = right.clone();
        change(&mut command);
        stage().1.external_authenticate(&command).err().unwrap()
    };
    assert!(stage().1.external_authenticate(&right).is_ok());
    assert_eq!(refused(&|command| command.data.as_mut_vec()[0] ^= 1), Scp02Error::HostCryptogram);
    assert_eq!(refused(&|command| command.data.as_mut_vec()[15] ^= 1), Scp02Error::Checksum);
    assert_eq!(refused(&|command| command.class = Class(0x80)), Scp02Error::Class);
    assert_eq!(refused(&|command| command.p1 = 0x33), Scp02Error::P1P2(0x3300));
    assert_eq!(refused(&|command| command.data.as_mut_vec().truncate(15)), Scp02Error::Length);
}

#[test]
fn a_changed_replayed_or_plain_command_ends_the_session() {
    for change in [0, 1, 2] {
        let (mut host, mut card) = open_pair(Level::CDecryption, I_55, &some_keys()).unwrap();
        let first = host.protect_command(Command::globalplatform(0xE2, 0, 0).data(*b"first"));
        card.unprotect_command(first.clone()).unwrap();
        let mut next = host.protect_command(Command::globalplatform(0xE2, 0, 1).data(*b"second"));
        match change {
            0 => next.data.as_mut_vec()[0] ^= 1,
            1 => next = first,
            _ => next = Command::globalplatform(0xE2, 0, 1).data(*b"second"),
        }
        assert_eq!(card.unprotect_command(next), Err(Sw::SECURITY_STATUS_NOT_SATISFIED));
        assert!(!card.is_open());
        let after = host.protect_command(Command::globalplatform(0xCA, 0, 0x66));
        assert_eq!(card.unprotect_command(after), Err(Sw::SECURITY_STATUS_NOT_SATISFIED));
        assert_eq!(card.protect_response(Response::ok(*b"secret")).data.len(), 0);
    }
}

#[test]
fn answers_of_other_protocols_are_named() {
    let mut answer = vec![0; 28];
    answer[11] = 3;
    assert_eq!(InitializeUpdateResponse::parse(&answer).err(), Some(Scp02Error::Protocol(3)));
    answer[11] = 2;
    assert!(InitializeUpdateResponse::parse(&answer).is_ok());
    for length in (0..28).chain([29, 40]) {
        let mut answer = vec![2; length];
        answer.resize(length, 2);
        assert_eq!(InitializeUpdateResponse::parse(&answer).err(), Some(Scp02Error::Answer(length)));
    }
}

proptest! {
    #[test]
    fn every_command_comes_out_as_it_went_in(
        commands in vec((any::<u8>(), any::<u8>(), vec(any::<u8>(), 0..231), 0u32..257), 1..6),
        encrypted in any::<bool>(),
    ) {
        let level = if encrypted { Level::CDecryption } else { Level::CMac };
        let (mut host, mut card) = open_pair(level, I_55, &some_keys()).unwrap();
        for (ins, p1, data, ne) in commands {
            let plain = Command::globalplatform(ins, p1, 0).data(data).ne(ne);
            let wire = host.protect_command(plain.clone());
            prop_assert!(wire.data.len() <= 255);
            prop_assert_eq!(card.unprotect_command(wire).unwrap(), plain);
        }
        prop_assert!(host.max_plain_data(255) >= 231);
    }
}
