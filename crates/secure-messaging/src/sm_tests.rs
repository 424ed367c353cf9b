use super::*;
use crate::testing::{Case, command, response, vectors};
use bitaqa_apdu::Class;
use proptest::collection::vec;
use proptest::prelude::*;

/// 16 octets for AES, 8 for 3DES.
fn ssc(octets: &[u8]) -> u128 {
    octets.iter().fold(0, |number, octet| number << 8 | u128::from(*octet))
}

fn session(case: &Case, ssc: u128) -> IsoSm {
    let cipher = match case.text("cipher") {
        "3DES" => Cipher::TripleDes,
        "AES-128" => Cipher::Aes128,
        other => panic!("{other}"),
    };
    IsoSm::resume(cipher, &case.octets("ks_enc"), &case.octets("ks_mac"), ssc).unwrap()
}

fn pair(cipher: Cipher, start: u128) -> (IsoSm, IsoSm) {
    let keys: Vec<u8> = (0..64).collect();
    let length = cipher.key_octets();
    let side = || IsoSm::resume(cipher, &keys[..length], &keys[32..32 + length], start).unwrap();
    (side(), side())
}

/// Commands and responses of recorded sessions, from both sides.
#[test]
fn recorded_messages_come_out_octet_for_octet_on_both_sides() {
    let aes = vectors(include_str!("../../../test-vectors/icao9303-11/sm_aes.toml"));
    let des = vectors(include_str!("../../../test-vectors/icao9303-11/sm_3des.toml"));
    for case in aes.into_iter().chain(des) {
        for step in case.tables("step") {
            let before = ssc(&step.octets("ssc_before"));
            let (mut terminal, mut card) = (session(&case, before), session(&case, before));
            if let (Some(plain), Some(wire)) = (step.maybe("plain_c_apdu"), step.maybe("protected_c_apdu")) {
                let sent = terminal.protect_command(command(&plain));
                assert_eq!(&*sent.encode().unwrap(), &wire[..], "{}", case.name());
                assert_eq!(card.unprotect_command(sent).unwrap(), command(&plain));
            }
            if let Some(wire) = step.maybe("protected_r_apdu") {
                if step.maybe("protected_c_apdu").is_none() {
                    (terminal, card) = (session(&case, before), session(&case, before));
                }
                let plain = response(&[step.octets("plain_data"), step.octets("sw")].concat());
                let sent = card.protect_response(plain.clone());
                assert_eq!(&*sent.clone().encode(), &wire[..], "{}", case.name());
                assert_eq!(terminal.unprotect_response(sent).unwrap(), plain);
            }
        }
    }
}

/// Encryption and checksum samples of the BSI worked example, which print one DO each.
#[test]
fn samples_of_the_bsi_worked_example() {
    let case = &vectors(include_str!("../../../test-vectors/bsi-eac/secure_messaging.toml"))[0];
    let (ks_enc, ks_mac) = (case.octets("k_enc"), case.octets("k_mac"));
    let keys = Keys {
        enc: SessionKey::new(Cipher::Aes128, &ks_enc).unwrap(),
        mac: SessionKey::new(Cipher::Aes128, &ks_mac).unwrap(),
    };
    let mut object = Vec::new();
    keys.put_cryptogram(1u128.to_be_bytes(), false, &case.octets("sm_plain"), &mut object);
    assert_eq!(tlv::only(&object, CRYPTOGRAM).unwrap(), [vec![1], case.octets("sm_cryptogram")].concat());
    let checksum = keys.checksum(2u128.to_be_bytes(), &[&case.octets("sm_authenticated")]);
    assert_eq!(checksum.to_vec(), case.octets("sm_checksum"));
}

#[test]
fn keys_of_another_length_are_refused() {
    assert_eq!(IsoSm::new(Cipher::Aes128, &[0; 16], &[0; 24]).err(), Some(KeyLength(24)));
    assert_eq!(IsoSm::new(Cipher::Aes256, &[0; 16], &[0; 32]).err(), Some(KeyLength(16)));
}

#[test]
fn error_status_words_are_protected_too() {
    let (mut terminal, mut card) = pair(Cipher::Aes256, 0);
    let sent = terminal.protect_command(Command::new(0xB0, 0x9E, 0).ne(4));
    card.unprotect_command(sent).unwrap();
    let wire = card.protect_response(Sw::FILE_NOT_FOUND.into());
    assert_eq!(&wire.data[..4], &[0x99, 2, 0x6A, 0x82]);
    assert_eq!(wire.data[4..6], [0x8E, 8]);
    assert_eq!(terminal.unprotect_response(wire).unwrap(), Response::from(Sw::FILE_NOT_FOUND));
    assert!(terminal.is_open() && card.is_open());
}

/// A failed check ends the session: the next message, right as it may be, is refused as well.
fn refused(change: impl Fn(&mut Command), sw: Sw) {
    for cipher in Cipher::ALL.iter().copied() {
        let (mut terminal, mut card) = pair(cipher, 7);
        let mut wire = terminal.protect_command(Command::new(0xA4, 2, 0x0C).data([1, 0x1E]).ne(5));
        change(&mut wire);
        assert_eq!(card.unprotect_command(wire), Err(sw));
        assert!(!card.is_open());
        assert_eq!(card.protect_response(Response::ok([1, 2, 3])), Response::from(Sw::OK));
        let next = terminal.protect_command(Command::new(0xB0, 0, 0).ne(1));
        assert_eq!(card.unprotect_command(next), Err(Sw::SECURITY_STATUS_NOT_SATISFIED));
    }
}

/// A command whose checksum is right over these objects, whatever they are.
fn forged(cipher: Cipher, ins: u8, objects: &[u8], checksum_octets: usize) -> Result<Command, Sw> {
    let (mut terminal, mut card) = pair(cipher, 0);
    let wire = Command::new(ins, 0, 0).class(Class(0x0C));
    let (keys, ssc) = terminal.next().unwrap();
    let mut checksum = keys.command_checksum(ssc, wire.header(), objects).to_vec();
    checksum.resize(checksum_octets, 0);
    let mut data = objects.to_vec();
    tlv::put(&mut data, CHECKSUM, &checksum);
    card.unprotect_command(wire.data(data))
}

/// A cryptogram under the keys of [`forged`].
fn cryptogram(cipher: Cipher, padded: &[u8]) -> Vec<u8> {
    let (mut terminal, _) = pair(cipher, 0);
    let (keys, ssc) = terminal.next().unwrap();
    let mut octets = padded.to_vec();
    keys.enc.cbc_encrypt(keys.enc.iv(ssc), &mut octets);
    octets
}

#[test]
fn a_right_checksum_over_wrong_objects_is_6988() {
    for cipher in Cipher::ALL.iter().copied() {
        let block = cipher.block_octets();
        let padded = |plain: &[u8], filling: u8| {
            let mut octets = plain.to_vec();
            octets.push(filling);
            octets.resize(block, 0);
            cryptogram(cipher, &octets)
        };
        let good = padded(&[1, 0x1E], 0x80);
        let even = |indicator: &[u8], octets: &[u8]| tlv::tlv(CRYPTOGRAM, &[indicator, octets].concat());
        let (data, le) = (even(&[1], &good), tlv::tlv(LE, &[5]));
        assert_eq!(*forged(cipher, 0xA4, &[&data[..], &le].concat(), 8).unwrap().data, [1, 0x1E]);
        let odd = forged(cipher, 0xB1, &tlv::tlv(CRYPTOGRAM_ODD, &good), 8).unwrap();
        assert_eq!(*odd.data, [1, 0x1E]);
        for (ins, objects) in [
            (0xA4, even(&[0], &good)),
            (0xA4, even(&[2], &good)),
            (0xA4, even(&[], &good)), // the first octet of the cryptogram stands for the indicator
            (0xA4, even(&[], &[])),
            (0xA4, even(&[1], &[])),
            (0xA4, even(&[1], &good[1..])),
            (0xA4, even(&[1], &padded(&[1, 0x1E], 0x81))),
            (0xA4, even(&[1], &padded(&[], 0))),
            (0xA4, tlv::tlv(CRYPTOGRAM_ODD, &good)),
            (0xB1, data.clone()),
            (0xB1, tlv::tlv(CRYPTOGRAM_ODD, &[])),
            (0xB1, tlv::tlv(CRYPTOGRAM_ODD, &good[1..])),
            (0xA4, [&le[..], &data].concat()),
            (0xA4, [&data[..], &data].concat()),
            (0xA4, [&le[..], &le].concat()),
            (0xA4, tlv::tlv(LE, &[])),
            (0xA4, tlv::tlv(LE, &[1, 2, 3])),
            (0xA4, tlv::tlv(LE, &[0, 0, 0, 0])),
            (0xA4, tlv::tlv(STATUS, &[0x90, 0])),
            (0xA4, tlv::tlv(0x89, &[1, 2, 3, 4])),
            (0xA4, vec![0x87]),
            (0xA4, vec![0x97, 0x81, 1, 5]), // a length that is not the shortest
        ] {
            let refused = forged(cipher, ins, &objects, 8);
            assert_eq!(refused, Err(Sw::SM_OBJECTS_INCORRECT), "{cipher:?} {ins:02X} {objects:02X?}");
        }
        for length in [0, 4, 7, 9, 16] {
            assert_eq!(forged(cipher, 0xA4, &data, length), Err(Sw::SM_OBJECTS_INCORRECT), "{length}");
        }
    }
}

/// TR-03105-3.2 cases J_13 and K_7: a class that is not supported is refused inside of the session.
#[test]
fn a_foreign_class_under_a_right_checksum_is_passed_on() {
    let (mut terminal, mut card) = pair(Cipher::Aes128, 0);
    let plain = Command::new(0x22, 0x81, 0xB6).class(Class::GLOBALPLATFORM).data([0x83, 1, 2]);
    assert_eq!(card.unprotect_command(terminal.protect_command(plain.clone())), Ok(plain));
    assert!(card.is_open());
}

#[test]
fn extended_length_goes_both_ways_under_every_cipher() {
    for cipher in Cipher::ALL.iter().copied() {
        for (ins, length, ne) in [(0xD6, 300, 0), (0xD7, 300, 0), (0xB0, 0, 5_000), (0xB1, 4, 65_536), (0xCA, 0, 257)] {
            let (mut terminal, mut card) = pair(cipher, 0);
            let plain = Command::new(ins, 1, 2).data(vec![0x5A; length]).ne(ne);
            let octets = terminal.protect_command(plain.clone()).encode().unwrap();
            let wire = Command::parse(&octets).unwrap();
            assert_eq!((octets[4], wire.ne), (0, 65_536), "length fields of three octets, Le' 0000");
            assert_eq!(card.unprotect_command(wire), Ok(plain));
            let plain = Response::ok(vec![0xA5; 5_000]);
            let wire = card.protect_response(plain.clone());
            assert_eq!(wire.data[0], if ins & 1 == 0 { 0x87 } else { 0x85 });
            assert_eq!(terminal.unprotect_response(wire), Ok(plain));
        }
    }
}

#[test]
fn the_counter_of_3des_has_eight_octets_and_runs_over() {
    let (mut low, mut card) = pair(Cipher::TripleDes, u128::from(u64::MAX));
    let (mut high, _) = pair(Cipher::TripleDes, u128::MAX);
    let command = Command::new(0xB0, 0, 0).ne(1);
    let wire = low.protect_command(command.clone());
    assert_eq!(wire, high.protect_command(command.clone()));
    assert_eq!(card.unprotect_command(wire), Ok(command));
}

#[test]
fn missing_objects_are_6987_and_wrong_ones_6988() {
    let cut = |octets: usize| {
        move |wire: &mut Command| {
            let length = wire.data.len() - octets;
            wire.data.as_mut_vec().truncate(length);
        }
    };
    refused(cut(10), Sw::SM_OBJECTS_MISSING); // no 8E
    refused(|wire| wire.data = Bytes::new(), Sw::SM_OBJECTS_MISSING);
    refused(|wire| wire.class = Class::INTERINDUSTRY, Sw::SM_OBJECTS_MISSING);
    refused(|wire| wire.class = Class(0x08), Sw::SM_OBJECTS_MISSING); // the header is not under the checksum
    refused(|wire| wire.class = Class(0x84), Sw::SM_OBJECTS_MISSING);
    refused(|wire| wire.class = Class(0x8C), Sw::SM_OBJECTS_INCORRECT);
    refused(cut(1), Sw::SM_OBJECTS_INCORRECT);
    refused(cut(13), Sw::SM_OBJECTS_MISSING); // neither 97 nor 8E
    refused(|wire| wire.data.as_mut_vec().extend([0x99, 2, 0x90, 0]), Sw::SM_OBJECTS_INCORRECT);
    refused(|wire| wire.data.as_mut_vec()[0] = 0x85, Sw::SM_OBJECTS_INCORRECT);
    refused(|wire| wire.data.as_mut_vec()[2] = 0x02, Sw::SM_OBJECTS_INCORRECT);
    refused(|wire| wire.ins = 0xA5, Sw::SM_OBJECTS_INCORRECT); // odd INS wants DO 85
    refused(|wire| wire.p2 = 0, Sw::SM_OBJECTS_INCORRECT);
    refused(|wire| wire.class = Class(0x1C), Sw::SM_OBJECTS_INCORRECT); // the chaining bit is authenticated
}

#[test]
fn a_message_of_another_counter_is_refused() {
    for cipher in Cipher::ALL.iter().copied() {
        let (mut terminal, mut card) = pair(cipher, 0);
        let first = terminal.protect_command(Command::new(0xB0, 0, 0).ne(1));
        card.unprotect_command(first.clone()).unwrap();
        card.protect_response(Response::ok([1]));
        assert_eq!(card.unprotect_command(first), Err(Sw::SM_OBJECTS_INCORRECT));
        for start in [6, 7, 9, 10] {
            let (mut terminal, _) = pair(cipher, start);
            let (_, mut card) = pair(cipher, 8);
            let wire = terminal.protect_command(Command::new(0xB0, 0, 0).ne(1));
            assert_eq!(card.unprotect_command(wire), Err(Sw::SM_OBJECTS_INCORRECT));
        }
    }
}

#[test]
fn what_is_no_protected_response_ends_the_session_of_the_terminal() {
    type Change = fn(&mut Response);
    let checks: [(Change, SmError); 6] = [
        (|wire| wire.data = Bytes::new(), SmError::PlainResponse(Sw::OK)),
        (|wire| wire.sw = Sw(0x6A82), SmError::Status { protected: Sw::OK, plain: Sw(0x6A82) }),
        (|wire| wire.data.as_mut_vec().truncate(4), SmError::Missing(CHECKSUM)),
        (|wire| drop(wire.data.as_mut_vec().drain(..4)), SmError::Missing(STATUS)),
        (|wire| wire.data.as_mut_vec()[3] ^= 1, SmError::Checksum),
        (|wire| wire.data.as_mut_vec()[13] ^= 1, SmError::Checksum),
    ];
    for (cipher, (change, error)) in Cipher::ALL.iter().flat_map(|cipher| checks.map(|check| (*cipher, check))) {
        let (mut terminal, mut card) = pair(cipher, 0);
        card.unprotect_command(terminal.protect_command(Command::new(0x0E, 0, 0))).unwrap();
        let mut wire = card.protect_response(Sw::OK.into());
        change(&mut wire);
        assert_eq!(terminal.unprotect_response(wire), Err(error));
        assert!(!terminal.is_open());
        let next = terminal.protect_command(Command::new(0xD6, 0, 0).data([1, 2, 3]));
        assert!(next.data.is_empty(), "plain data must not leave through a closed session");
    }
}

/// Both ways in which readers close the MAC input of a bare header.
#[test]
fn a_command_without_data_and_le_is_accepted_in_both_paddings() {
    for extra in [false, true] {
        let (mut terminal, mut card) = pair(Cipher::Aes128, 0);
        let mut wire = terminal.protect_command(Command::new(0x44, 0, 0));
        if extra {
            let (mut again, _) = pair(Cipher::Aes128, 0);
            let (keys, ssc) = again.next().unwrap();
            let input = [&ssc[..], &wire.header(), &[0x80], &[0; 11], &[0x80], &[0; 15]].concat();
            let checksum = keys.mac.mac_padded(&[&input]);
            wire.data = tlv::tlv(CHECKSUM, &checksum).into();
        }
        assert_eq!(card.unprotect_command(wire), Ok(Command::new(0x44, 0, 0)));
    }
}

#[test]
fn le_of_three_octets_is_understood_and_an_empty_one_is_not() {
    for (value, ne) in
        [(&[0u8][..], 256), (&[9], 9), (&[1, 0], 256), (&[0, 0], 65_536), (&[0, 0, 0], 65_536), (&[0, 1, 2], 258)]
    {
        assert_eq!(read_le(value), Ok(ne));
    }
    for value in [&[][..], &[1, 0, 0], &[0, 0, 0, 1]] {
        assert_eq!(read_le(value), Err(SmError::Value(LE)));
    }
}

#[test]
fn the_largest_plain_data_fits_and_one_octet_more_does_not() {
    let (mut terminal, mut card) = pair(Cipher::Aes128, 0);
    assert_eq!(terminal.max_plain_data(255), 223);
    for wire_max in (0..1200).chain(65_500..65_536) {
        let max = terminal.max_plain_data(wire_max);
        for ne in [1, 65_536] {
            let wire = terminal.protect_command(Command::new(0xD6, 0, 0).data(vec![1; max]).ne(ne));
            assert!(max == 0 || wire.data.len() <= wire_max);
        }
        let wire = card.protect_response(Response::ok(vec![1; max]));
        assert!(max == 0 || wire.data.len() <= wire_max);
        let more = terminal.protect_command(Command::new(0xD6, 0, 0).data(vec![1; max + 1]).ne(65_536));
        assert!(more.data.len() > wire_max);
    }
}

fn any_cipher() -> impl Strategy<Value = Cipher> {
    proptest::sample::select(Cipher::ALL)
}

fn any_command() -> impl Strategy<Value = Command> {
    let length = prop_oneof![0usize..40, 200usize..300, Just(65_000usize)];
    let ne = prop_oneof![Just(0u32), 1u32..300, Just(65_536u32), 300u32..65_536];
    (0u8..4, any::<[u8; 3]>(), length, any::<u8>(), ne).prop_map(|(channel, [ins, p1, p2], length, fill, ne)| Command {
        class: Class(channel),
        ins,
        p1,
        p2,
        data: vec![fill; length].into(),
        ne,
    })
}

proptest! {
    #[test]
    fn unprotect_is_the_inverse_of_protect(
        cipher in any_cipher(), start in any::<u64>(), plain in any_command(), data in vec(any::<u8>(), 0..400),
        sw in any::<u16>(),
    ) {
        let (mut terminal, mut card) = pair(cipher, u128::from(start));
        let octets = terminal.protect_command(plain.clone()).encode().unwrap();
        let wire = Command::parse(&octets).unwrap();
        prop_assert!(wire.class.is_iso_sm());
        prop_assert_eq!(card.unprotect_command(wire).unwrap(), plain);
        let plain = Response { data: data.into(), sw: Sw(sw) };
        let wire = card.protect_response(plain.clone());
        prop_assert_eq!(terminal.unprotect_response(wire).unwrap(), plain);
    }

    #[test]
    fn any_flipped_bit_of_a_command_is_refused(
        cipher in any_cipher(), plain in any_command(), position in any::<prop::sample::Index>(), bit in 0u8..8,
    ) {
        prop_assume!(plain.data.len() < 1000);
        let (mut terminal, mut card) = pair(cipher, 0);
        let wire = terminal.protect_command(plain);
        let mut octets = [&wire.header()[..], &wire.data].concat();
        octets[position.index(wire.data.len() + 4)] ^= 1 << bit;
        let (header, data) = octets.split_at(4);
        let spoiled = Command::new(header[1], header[2], header[3]).class(Class(header[0])).data(data).ne(wire.ne);
        prop_assert!(card.unprotect_command(spoiled).is_err());
        prop_assert!(!card.is_open());
    }

    #[test]
    fn any_flipped_bit_of_a_response_is_refused(
        cipher in any_cipher(), data in vec(any::<u8>(), 0..60), odd in any::<bool>(),
        position in any::<prop::sample::Index>(), bit in 0u8..8,
    ) {
        let (mut terminal, mut card) = pair(cipher, 0);
        card.unprotect_command(terminal.protect_command(Command::new(0xB0 | u8::from(odd), 0, 0))).unwrap();
        let mut octets = card.protect_response(Response::ok(data)).encode().into_vec();
        let length = octets.len();
        octets[position.index(length)] ^= 1 << bit;
        prop_assert!(terminal.unprotect_response(response(&octets)).is_err());
        prop_assert!(!terminal.is_open());
    }

    #[test]
    fn no_octets_make_a_side_panic(
        cipher in any_cipher(), header in any::<[u8; 4]>(), data in vec(any::<u8>(), 0..80),
    ) {
        let (mut terminal, mut card) = pair(cipher, 0);
        let class = Class(header[0] | 0x0C);
        let wire = Command::new(header[1], header[2], header[3]).class(class).data(data.clone());
        prop_assert!(card.unprotect_command(wire).is_err());
        prop_assert!(terminal.unprotect_response(Response::ok(data)).is_err());
    }
}
