use super::*;
use crate::secure_channel::{self, Chip};
use crate::testing::{Case, Script, Seeded, command, response, vectors};
use crate::{DataEncryption, SecureMessaging, SmError, TerminalError};
use bitaqa_apdu::{Class, Command, Response};
use core::convert::Infallible;
use proptest::collection::vec;
use proptest::prelude::*;

const CAPTURES: &str = include_str!("../../../../test-vectors/globalplatform/scp03.toml");

fn keys_of(case: &Case) -> KeySet {
    KeySet::new(&case.octets("key_enc"), &case.octets("key_mac"), &case.octets("key_dek")).unwrap()
}

fn key_set(octets: usize) -> KeySet {
    let key = |first: u8| (first..).take(octets).collect::<Vec<u8>>();
    KeySet::new(&key(0x10), &key(0x40), &key(0x70)).unwrap()
}

fn level_of(case: &Case) -> SecurityLevel {
    SecurityLevel(case.octets("security_level")[0])
}

/// The card of a capture, answering INITIALIZE UPDATE with the sequence counter of the capture.
fn card_of(case: &Case) -> (Response, AwaitExternalAuthenticate) {
    let printed = InitializeUpdateResponse::parse(&case.octets("initialize_update_rsp")).unwrap();
    let sent = command(&case.octets("initialize_update_cmd"));
    let (kdd, aid) = (printed.key_diversification_data, case.octets("sd_aid"));
    let mut nothing = Script::default(); // the challenge is pseudo-random: nothing may be drawn
    initialize_update(&sent, &keys_of(case), printed.key_version, &kdd, printed.i, printed.sequence, &aid, &mut nothing)
        .unwrap()
}

#[test]
fn session_keys_are_those_of_the_captures() {
    for case in vectors(CAPTURES) {
        let printed = InitializeUpdateResponse::parse(&case.octets("initialize_update_rsp")).unwrap();
        let context = [case.octets("host_challenge"), printed.card_challenge.clone()].concat();
        let keys = SessionKeys::derive(&keys_of(&case), &context).unwrap();
        assert_eq!(*keys.s_enc, case.octets("s_enc"), "{}", case.name());
        assert_eq!(*keys.s_mac, case.octets("s_mac"));
        assert_eq!(*keys.s_rmac, case.octets("s_rmac"));
    }
}

#[test]
fn session_keys_and_check_values_of_the_row_with_a_short_context() {
    for case in vectors(include_str!("../../../../test-vectors/globalplatform/scp03_session_keys.toml")) {
        let key = case.octets("key");
        let keys = SessionKeys::derive(&KeySet::new(&key, &key, &key).unwrap(), &case.octets("context")).unwrap();
        for (name, key) in [("s_enc", &keys.s_enc), ("s_mac", &keys.s_mac), ("s_rmac", &keys.s_rmac)] {
            assert_eq!(**key, case.octets(name));
            assert_eq!(crate::kcv(KeyType::Aes, key).unwrap().to_vec(), case.octets(&format!("kcv_{name}")));
        }
    }
}

/// Our host against the captured card: both opening commands and five wrapped ones come out octet for octet.
#[test]
fn the_host_sends_what_the_captures_show() {
    for case in vectors(CAPTURES) {
        let mut exchanges = vec![
            (case.octets("external_authenticate_cmd"), Response::from(Sw::OK)),
            (case.octets("initialize_update_cmd"), Response::ok(case.octets("initialize_update_rsp"))),
        ];
        let mut send = |sent: Command| {
            let (expected, answer) = exchanges.pop().unwrap();
            assert_eq!(*sent.encode().unwrap(), *expected, "{}", case.name());
            Ok::<_, Infallible>(answer)
        };
        let mut rng = Script::new([case.octets("host_challenge")]);
        let mut host = open(
            &mut send,
            &|_| Ok(keys_of(&case)),
            case.octets("initialize_update_cmd")[2],
            level_of(&case),
            &mut rng,
        )
        .unwrap();
        assert_eq!(host.card().card_cryptogram, case.octets("card_cryptogram"));
        assert_eq!(host.level(), level_of(&case));
        for step in case.tables("step") {
            let wire = host.protect_command(command(&step.octets("plain")));
            assert_eq!(*wire.encode().unwrap(), *step.octets("wrapped"), "{}", case.name());
            if let Some(answer) = step.maybe("response") {
                let wire = response(&[answer, step.octets("sw")].concat());
                assert_eq!(*host.unprotect_response(wire).unwrap().data, *step.octets("plain_response"));
            }
        }
    }
}

/// Our card against the captured host: challenge, cryptogram and response come out, every command is understood.
#[test]
fn the_card_answers_what_the_captures_show() {
    for case in vectors(CAPTURES) {
        let printed = InitializeUpdateResponse::parse(&case.octets("initialize_update_rsp")).unwrap();
        let chip = Chip {
            kvn: printed.key_version,
            kdd: &printed.key_diversification_data,
            i: printed.i,
            sequence: printed.sequence,
            aid: &case.octets("sd_aid"),
            failure: Sw(0x6300),
            mac_on_empty_response: true,
        };
        let (sent, mut nothing) = (command(&case.octets("initialize_update_cmd")), Script::default());
        let (answer, opening) = secure_channel::initialize_update(&sent, &keys_of(&case), &chip, &mut nothing).unwrap();
        assert_eq!(*answer.data, *case.octets("initialize_update_rsp"), "{}", case.name());
        let (answer, mut card) =
            opening.external_authenticate(&command(&case.octets("external_authenticate_cmd"))).unwrap();
        assert_eq!((answer, card.protocol(), card.level()), (Response::from(Sw::OK), 3, level_of(&case).0));
        for step in case.tables("step") {
            let plain = card.unprotect_command(command(&step.octets("wrapped"))).unwrap();
            assert_eq!(plain, command(&step.octets("plain")), "{}", case.name());
            if let Some(wire) = step.maybe("response") {
                let plain = response(&[step.octets("plain_response"), step.octets("sw")].concat());
                assert_eq!(*card.protect_response(plain).data, *wire);
            }
        }
    }
}

/// S16 has no captures in public: a dialogue that a second implementation made, from both sides.
#[test]
fn the_dialogues_of_s16_replay_from_both_sides() {
    for case in vectors(include_str!("../../../../test-vectors/globalplatform/scp03_s16.toml")) {
        let (keys, level) = (keys_of(&case), level_of(&case));
        let (mut stage, mut card) = (None, None);
        let mut send = |sent: Command| {
            Ok::<_, Infallible>(if sent.ins == 0x50 {
                assert_eq!(sent.data[..], case.octets("host_challenge"));
                let mut drawn = Script::new([case.octets("card_challenge")]);
                let (answer, next) = initialize_update(&sent, &keys, 1, &[7; 10], 0x61, None, &[], &mut drawn).unwrap();
                assert_eq!(answer.data[29..], case.octets("card_cryptogram"));
                stage = Some(next);
                answer
            } else {
                assert_eq!(*sent.encode().unwrap(), *case.octets("external_authenticate_cmd"), "{}", case.name());
                assert_eq!(sent.data[..16], case.octets("host_cryptogram"));
                let (answer, session) = stage.take().unwrap().external_authenticate(&sent).unwrap();
                card = Some(session);
                answer
            })
        };
        let mut rng = Script::new([case.octets("host_challenge")]);
        let mut host = open_s16(&mut send, &|_| Ok(keys_of(&case)), 1, level, &mut rng).unwrap();
        let mut card = card.unwrap();
        let plain = command(&case.octets("plain"));
        let wire = host.protect_command(plain.clone());
        assert_eq!(*wire.encode().unwrap(), *case.octets("wrapped"), "{}", case.name());
        assert_eq!(card.unprotect_command(wire).unwrap(), plain);
        let wire = card.protect_response(Response::ok(case.octets("plain_response")));
        assert_eq!(*wire.data, *case.octets("response"), "{}", case.name());
        assert_eq!(*host.unprotect_response(wire).unwrap().data, *case.octets("plain_response"));
    }
}

#[test]
fn challenges_out_of_the_sequence_counter() {
    for case in vectors(include_str!("../../../../test-vectors/globalplatform/scp03_challenge.toml")) {
        let key = case.octets("key_enc");
        let (keys, i) = (KeySet::new(&key, &key, &key).unwrap(), case.octets("i")[0]);
        let sent = Command::globalplatform(0x50, 0, 0).data(vec![0; Size::of_i(i).octets()]);
        let sequence = case.octets("sequence").iter().fold(0, |sum, octet| sum << 8 | u32::from(*octet));
        let aid = case.octets("sd_aid");
        let made = initialize_update(&sent, &keys, 1, &[0; 10], i, Some(sequence), &aid, &mut Script::default());
        let answer = InitializeUpdateResponse::parse(&made.unwrap().0.data).unwrap();
        assert_eq!(answer.card_challenge, case.octets("card_challenge"), "{}", case.name());
        assert_eq!(answer.sequence, Some(sequence));
    }
}

/// A host of one size does not go on with a card of the other.
#[test]
fn sizes_do_not_mix() {
    let keys = key_set(16);
    for (i, size) in [(0x61, Size::S16), (0x68, Size::S16), (0x60, Size::S8)] {
        let mut send = |sent: Command| {
            initialize_update(&sent, &keys, 1, &[0; 10], i, None, &[], &mut Seeded(3)).map(|made| made.0)
        };
        let open = if size == Size::S8 { open_s16 } else { open };
        let result = open(&mut send, &|_| Ok(key_set(16)), 0, SecurityLevel::C_MAC, &mut Seeded(4));
        assert!(matches!(result, Err(TerminalError::Exchange(Scp03Error::Length))), "{i:02X}");
        assert_eq!(Size::of_i(i), size);
    }
}

/// Level 00: both sides are authenticated, and what follows is as it is.
#[test]
fn at_level_00_commands_go_as_they_are() {
    let (mut host, mut card) = opened(16, SecurityLevel::AUTHENTICATED);
    let plain = Command::globalplatform(0xE2, 0, 0).data([1]);
    let wire = host.protect_command(plain.clone());
    assert_eq!(wire, plain);
    assert_eq!(card.unprotect_command(wire), Ok(plain.clone()));
    assert_eq!(host.unprotect_response(card.protect_response(Response::ok([2]))), Ok(Response::ok([2])));
    assert_eq!((card.max_plain_data(255), card.level().0), (255, 0));
    // A command that pretends to be protected is looked at all the same.
    let pretended = Command { class: Class(0x84), ..plain };
    assert_eq!(card.unprotect_command(pretended), Err(Sw::SECURITY_STATUS_NOT_SATISFIED));
    assert!(!card.is_open());
}

/// Our host and our card, with a drawn challenge.
fn opened(octets: usize, level: SecurityLevel) -> (HostSession, CardSession) {
    let keys = key_set(octets);
    let mut card_rng = Seeded(1);
    let (mut stage, mut card) = (None, None);
    let mut send = |sent: Command| {
        Ok::<_, Scp03Error>(if sent.ins == 0x50 {
            let (answer, next) = initialize_update(&sent, &keys, 1, &[7; 10], 0x60, None, &[], &mut card_rng)?;
            stage = Some(next);
            answer
        } else {
            let (answer, session) = stage.take().unwrap().external_authenticate(&sent)?;
            card = Some(session);
            answer
        })
    };
    let host = open(&mut send, &|_| Ok(key_set(octets)), 0, level, &mut Seeded(2)).unwrap();
    assert_eq!(host.kdd(), &[7; 10]);
    (host, card.unwrap())
}

#[test]
fn the_host_with_other_keys_never_sends_external_authenticate() {
    let keys = key_set(16);
    let mut sent_commands = 0;
    let mut send = |sent: Command| {
        sent_commands += 1;
        initialize_update(&sent, &keys, 1, &[0; 10], 0, None, &[], &mut Seeded(3)).map(|(answer, _)| answer)
    };
    let result = open(&mut send, &|_| Ok(key_set(24)), 0, SecurityLevel::C_MAC, &mut Seeded(4));
    assert!(matches!(result, Err(TerminalError::Protocol(Scp03Error::CardCryptogram))));
    assert_eq!(sent_commands, 1);
}

#[test]
fn the_host_does_not_ask_for_a_level_beyond_the_card() {
    for (i, level) in [(0x00, 0x11), (0x20, 0x33), (0x60, 0x10), (0x60, 0x02), (0x70, 0x31)] {
        let mut answer = InitializeUpdateResponse {
            key_diversification_data: [0; 10],
            key_version: 1,
            i,
            card_challenge: vec![0; 8],
            card_cryptogram: vec![0; 8],
            sequence: None,
        };
        if i & 0x10 != 0 {
            answer.sequence = Some(1);
        }
        let mut send = |_| Ok::<_, Infallible>(Response::ok(answer.encode()));
        let result = open(&mut send, &|_| Ok(key_set(16)), 0, SecurityLevel(level), &mut Seeded(4));
        assert!(matches!(result, Err(TerminalError::Protocol(Scp03Error::Level { .. }))), "{i:02X} {level:02X}");
    }
}

#[test]
fn answers_of_other_protocols_and_lengths_are_refused() {
    let good = [&[0; 10][..], &[0x30, 3, 0x10], &[1; 16], &[0, 0, 9]].concat();
    let parsed = InitializeUpdateResponse::parse(&good).unwrap();
    assert_eq!((parsed.sequence, parsed.key_version, parsed.encode()), (Some(9), 0x30, good.clone()));
    for (change, expected) in [
        ((11, 2), Scp03Error::Protocol { protocol: 2, i: 0x10 }),
        ((12, 0x11), Scp03Error::Answer(32)), // S16 has longer fields
        ((12, 0x00), Scp03Error::Answer(32)), // a counter without its bit
    ] {
        let mut octets = good.clone();
        octets[change.0] = change.1;
        assert_eq!(InitializeUpdateResponse::parse(&octets), Err(expected));
    }
    for length in [0, 12, 13, 28, 29, 31] {
        assert_eq!(InitializeUpdateResponse::parse(&good[..length]), Err(Scp03Error::Answer(length)));
    }
}

#[test]
fn initialize_update_is_refused_for_wrong_lengths_versions_and_a_spent_counter() {
    let keys = key_set(16);
    let ask = |p1: u8, p2: u8, octets: usize, i: u8, sequence: Option<u32>| {
        let sent = Command::globalplatform(0x50, p1, p2).data(vec![1; octets]);
        initialize_update(&sent, &keys, 0x30, &[0; 10], i, sequence, b"AAAAA", &mut Seeded(9)).map(|(answer, _)| answer)
    };
    assert_eq!(ask(0x30, 0, 7, 0, None), Err(Scp03Error::Length));
    assert_eq!(ask(0x30, 1, 8, 0, None), Err(Scp03Error::P1P2(0x3001)));
    assert_eq!(ask(0x31, 0, 8, 0, None), Err(Scp03Error::KeyVersion(0x31)));
    assert_eq!(ask(0x30, 0, 8, 0x10, None), Err(Scp03Error::SequenceCounter));
    assert_eq!(ask(0x30, 0, 8, 0x10, Some(0x0100_0000)), Err(Scp03Error::SequenceCounter));
    assert_eq!(ask(0x30, 0, 8, 0x10, Some(0x00FF_FFFF)).unwrap().data.len(), 32);
    assert_eq!(ask(0, 0, 8, 0x60, Some(1)).unwrap().data.len(), 29);
}

#[test]
fn a_wrong_external_authenticate_opens_nothing() {
    let cases = vectors(CAPTURES);
    let case = &cases[0];
    let right = command(&case.octets("external_authenticate_cmd"));
    let changed = |change: &dyn Fn(&mut Command), error: Scp03Error| {
        let mut sent = right.clone();
        change(&mut sent);
        assert_eq!(card_of(case).1.external_authenticate(&sent).err(), Some(error));
    };
    changed(&|sent| sent.data.as_mut_vec()[0] ^= 1, Scp03Error::HostCryptogram);
    changed(&|sent| sent.data.as_mut_vec()[8] ^= 1, Scp03Error::Checksum);
    changed(&|sent| sent.p1 = 0x01, Scp03Error::Checksum); // the level is authenticated
    changed(&|sent| sent.p1 = 0x00, Scp03Error::Checksum);
    changed(&|sent| sent.p1 = 0x02, Scp03Error::P1P2(0x0200));
    changed(&|sent| sent.p2 = 1, Scp03Error::P1P2(0x1101));
    changed(&|sent| sent.class = Class(0x80), Scp03Error::Class);
    changed(&|sent| sent.data.as_mut_vec().push(0), Scp03Error::Length);
    changed(&|sent| sent.data = [1; 7].into(), Scp03Error::Length);
    assert_eq!(Sw::from(Scp03Error::HostCryptogram), Sw(0x6300));
    assert_eq!(Sw::from(Scp03Error::Checksum), Sw(0x6982));
}

/// An active attacker on the way of the response: what Amd D §6.2.5 lets through, and what not.
#[test]
fn with_r_mac_only_errors_may_come_without_a_mac() {
    for sw in [0x9000, 0x6282, 0x6310, 0x63C1] {
        let (mut host, mut card) = opened(16, SecurityLevel::C_MAC_R_MAC);
        card.unprotect_command(host.protect_command(Command::globalplatform(0xF2, 0, 0))).unwrap();
        assert_eq!(card.protect_response(Sw(sw).into()).data.len(), 8);
        assert_eq!(host.unprotect_response(Sw(sw).into()), Err(SmError::Missing(0x8E)), "{sw:04X} without MAC");
        assert!(!host.is_open());
    }
    for sw in [0x6A82, 0x6982, 0x6110] {
        let (mut host, mut card) = opened(16, SecurityLevel::C_DECRYPTION_R_ENCRYPTION);
        card.unprotect_command(host.protect_command(Command::globalplatform(0xF2, 0, 0))).unwrap();
        let with_data = Response { data: [1, 2].into(), sw: Sw(sw) };
        assert_eq!(card.protect_response(with_data.clone()), Sw(sw).into());
        assert_eq!(host.unprotect_response(Sw(sw).into()), Ok(Sw(sw).into()));
        assert_eq!(host.unprotect_response(with_data), Err(SmError::PlainResponse(Sw(sw))));
    }
}

/// A host that writes extended lengths where short ones would do: the MAC is over the length as sent.
#[test]
fn a_mac_over_extended_lengths_is_understood() {
    let (mut host, mut card) = opened(16, SecurityLevel::C_MAC_R_MAC);
    let plain = Command::globalplatform(0xE2, 1, 2).data([1, 2, 3]);
    // What asks for more than 256 octets goes out with extended lengths; the Le itself is not under the MAC.
    let wire = host.protect_command(Command { ne: 257, ..plain.clone() });
    assert_eq!(card.unprotect_command(Command { ne: 256, ..wire }), Ok(Command { ne: 256, ..plain }));
    assert_eq!(host.unprotect_response(card.protect_response(Response::ok([4]))), Ok(Response::ok([4])));
}

/// A card of the field: its empty 9000 has no R-MAC, which our host refuses to believe.
#[test]
fn a_card_that_deviates_sends_an_empty_response_without_mac() {
    let keys = key_set(16);
    let mut stage = None;
    let mut card = None;
    let mut send = |sent: Command| {
        Ok::<_, Scp03Error>(if sent.ins == 0x50 {
            let (answer, next) = initialize_update(&sent, &keys, 1, &[7; 10], 0x60, None, &[], &mut Seeded(1))?;
            stage = Some(next.mac_on_empty_response(false));
            answer
        } else {
            let (answer, session) = stage.take().unwrap().external_authenticate(&sent)?;
            card = Some(session);
            answer
        })
    };
    let mut host = open(&mut send, &|_| Ok(key_set(16)), 0, SecurityLevel::C_MAC_R_MAC, &mut Seeded(2)).unwrap();
    let mut card = card.unwrap();
    card.unprotect_command(host.protect_command(Command::globalplatform(0xF2, 0, 0))).unwrap();
    let wire = card.protect_response(Response::ok([1]));
    assert_eq!(*host.unprotect_response(wire).unwrap().data, [1]);
    card.unprotect_command(host.protect_command(Command::globalplatform(0xE2, 0, 0))).unwrap();
    assert_eq!(card.protect_response(Sw::OK.into()), Sw::OK.into());
    assert_eq!(host.unprotect_response(Sw::OK.into()), Err(SmError::Missing(0x8E)));
}

#[test]
fn a_failed_mac_or_a_plain_command_closes_the_session_with_6982() {
    for change in [
        (|wire: &mut Command| wire.data.as_mut_vec()[0] ^= 0x80) as fn(&mut Command),
        |wire| wire.class = Class(0x80),
        |wire| wire.data = Bytes::new(),
    ] {
        let (mut host, mut card) = opened(32, SecurityLevel::C_DECRYPTION);
        let mut wire = host.protect_command(Command::globalplatform(0xE2, 0, 0).data([1]));
        change(&mut wire);
        assert_eq!(card.unprotect_command(wire), Err(Sw::SECURITY_STATUS_NOT_SATISFIED));
        assert!(!card.is_open());
        let right = host.protect_command(Command::globalplatform(0xE2, 0, 1).data([1]));
        assert_eq!(card.unprotect_command(right), Err(Sw::SECURITY_STATUS_NOT_SATISFIED));
        assert_eq!(card.protect_response(Response::ok([1])), Sw::OK.into());
    }
}

#[test]
fn the_logical_channel_is_outside_of_the_mac() {
    let (mut host, mut card) = opened(16, SecurityLevel::C_MAC);
    let mut wire = host.protect_command(Command::globalplatform(0xE2, 0, 0).data([1]));
    wire.class = Class(0x86);
    assert_eq!(card.unprotect_command(wire).unwrap().class, Class(0x82));
}

#[test]
fn key_sets_do_not_mix_lengths_and_do_not_show_themselves() {
    assert_eq!(KeySet::new(&[0; 16], &[0; 16], &[0; 24]).err(), Some(KeyLength(24)));
    assert_eq!(KeySet::new(&[0; 15], &[0; 15], &[0; 15]).err(), Some(KeyLength(15)));
    assert_eq!(format!("{:?}", key_set(24)), "KeySet(AES-192)");
}

/// All levels that protect anything.
fn any_level() -> impl Strategy<Value = SecurityLevel> {
    proptest::sample::select(&SecurityLevel::ALL[1..])
}

fn any_length() -> impl Strategy<Value = usize> {
    proptest::sample::select(&[16usize, 24, 32][..])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn unprotect_is_the_inverse_of_protect(
        length in any_length(), level in any_level(),
        exchanges in vec((any::<[u8; 3]>(), prop_oneof![0usize..40, 230usize..300, Just(60_000usize)], 0u32..=65_536,
            vec(any::<u8>(), 0..300), prop_oneof![Just(0x9000u16), Just(0x6310), Just(0x6A80)]), 1..4),
    ) {
        let (mut host, mut card) = opened(length, level);
        for ([ins, p1, p2], nc, ne, data, sw) in exchanges {
            let plain = Command::globalplatform(ins, p1, p2).data(vec![0xA5; nc]).ne(ne);
            let octets = host.protect_command(plain.clone()).encode().unwrap();
            prop_assert_eq!(card.unprotect_command(Command::parse(&octets).unwrap()).unwrap(), plain);
            let data = if sw == 0x6A80 { Vec::new() } else { data };
            let plain = Response { data: data.into(), sw: Sw(sw) };
            let wire = card.protect_response(plain.clone());
            prop_assert_eq!(host.unprotect_response(wire).unwrap(), plain);
        }
    }

    #[test]
    fn any_flipped_bit_is_refused(
        level in any_level(), data in vec(any::<u8>(), 0..60), position in any::<prop::sample::Index>(), bit in 0u8..8,
    ) {
        let (mut host, mut card) = opened(16, level);
        let right = host.protect_command(Command::globalplatform(0xE2, 1, 2).data(data.clone()));
        let mut octets = [&right.header()[..], &right.data].concat();
        let at = position.index(octets.len());
        prop_assume!(at != 0 || bit >= 2); // the logical channel is not authenticated
        octets[at] ^= 1 << bit;
        let (header, body) = octets.split_at(4);
        let wire = Command::new(header[1], header[2], header[3]).class(Class(header[0])).data(body);
        prop_assert!(card.unprotect_command(wire).is_err());
        prop_assert!(!card.is_open());

        if level.authenticates_responses() {
            let (mut host, mut card) = opened(16, level);
            card.unprotect_command(host.protect_command(Command::globalplatform(0xE2, 0, 0))).unwrap();
            let mut wire = card.protect_response(Response::ok(data));
            let at = position.index(wire.data.len());
            wire.data.as_mut_vec()[at] ^= 1 << bit;
            prop_assert!(host.unprotect_response(wire).is_err());
            prop_assert!(!host.is_open());
        }
    }

    #[test]
    fn the_largest_plain_data_fits(level in any_level(), wire_max in 0usize..600) {
        let (mut host, mut card) = opened(16, level);
        let max = host.max_plain_data(wire_max);
        let wire = host.protect_command(Command::globalplatform(0xE2, 0, 0).data(vec![1; max]));
        prop_assert!(max == 0 || wire.data.len() <= wire_max);
        card.unprotect_command(wire).unwrap();
        prop_assert!(max == 0 || card.protect_response(Response::ok(vec![1; max])).data.len() <= wire_max);
    }

    #[test]
    fn sensitive_data_come_back(
        length in any_length(), data in vec(any::<u8>(), 0..100), noise in vec(any::<u8>(), 0..70),
    ) {
        let dek = key_set(length).dek().unwrap();
        let cryptogram = dek.encrypt_sensitive(&data);
        prop_assert!(cryptogram.len() > data.len() && cryptogram.len().is_multiple_of(16));
        prop_assert_eq!(&*dek.decrypt_sensitive(&cryptogram).unwrap(), &data[..]);
        let _ = dek.decrypt_sensitive(&noise);
        let _ = InitializeUpdateResponse::parse(&noise);
        let (mut host, mut card) = opened(16, SecurityLevel::C_DECRYPTION_R_ENCRYPTION);
        let wire = Command::globalplatform(0xE2, 0, 0).class(Class(0x84)).data(noise.clone());
        prop_assert!(card.unprotect_command(wire).is_err());
        prop_assert!(host.unprotect_response(Response::ok(noise)).is_err());
    }
}
