use super::*;
use crate::testing::{Seeded, vectors};
use bitaqa_apdu::Class;
use bitaqa_curves::Curve;
use bitaqa_lds::security_infos::{ID_CA_ECDH_3DES_CBC_CBC, ID_PK_ECDH};
use core::convert::Infallible;
use proptest::collection::vec;
use proptest::prelude::*;

const PROTOCOLS: [ObjectIdentifier; 3] =
    [ID_CA_ECDH_AES_CBC_CMAC_128, ID_CA_ECDH_AES_CBC_CMAC_192, ID_CA_ECDH_AES_CBC_CMAC_256];

fn offer(protocol: ObjectIdentifier, key_id: Option<u32>) -> ChipAuthenticationInfo {
    ChipAuthenticationInfo { protocol, version: 1, key_id }
}

fn chip_key(curve: Curve) -> SecretScalar {
    SecretScalar::generate(curve, &mut Seeded(7))
}

fn dg14_key(key: &SecretScalar, key_id: Option<u32>) -> ChipAuthenticationPublicKeyInfo {
    let public_key = spki::encode(&key.public(), spki::Form::Explicit).unwrap();
    ChipAuthenticationPublicKeyInfo { protocol: ID_PK_ECDH, public_key, key_id }
}

/// A chip that answers the two commands and keeps what it agreed on.
fn run(
    offered: &[ChipAuthenticationInfo],
    key: &SecretScalar,
    change: &dyn Fn(&mut Command),
    dg14: &ChipAuthenticationPublicKeyInfo,
) -> (Result<Agreed, TerminalError<Infallible, CaError>>, Option<Agreed>) {
    let (mut stage, mut on_card) = (None::<CardCa>, None);
    let mut process = |sent: &Command| -> Result<Response, CaError> {
        if sent.ins == 0x22 {
            stage = Some(CardCa::begin(sent, offered)?);
            return Ok(Sw::OK.into());
        }
        let (response, agreed) = stage.take().unwrap().general_authenticate(sent, key)?;
        on_card = Some(agreed);
        Ok(response)
    };
    let mut send = |mut sent: Command| {
        change(&mut sent);
        Ok(process(&sent).unwrap_or_else(|error| Sw::from(error).into()))
    };
    let result = agree(&mut send, &offered[0], dg14, &mut Seeded(8));
    (result, on_card)
}

#[test]
fn own_chip_and_own_terminal_agree_for_every_curve_cipher_and_key_identifier() {
    for curve in Curve::ALL.iter().copied() {
        for protocol in PROTOCOLS {
            for key_id in [None, Some(0), Some(1), Some(0x1234)] {
                let key = chip_key(curve);
                let (terminal, card) = run(&[offer(protocol, key_id)], &key, &|_| (), &dg14_key(&key, key_id));
                let (mut terminal, mut card) = (terminal.unwrap(), card.unwrap());
                assert_eq!(terminal.pcd_compressed, card.pcd_compressed);
                assert_eq!(terminal.pcd_compressed.len(), curve.field_bytes());
                let plain = Command::new(0xB0, 0x81, 0).ne(1);
                let wire = terminal.sm.protect_command(plain.clone());
                assert_eq!(card.sm.unprotect_command(wire), Ok(plain));
                let wire = card.sm.protect_response(Response::ok([0x61]));
                assert_eq!(terminal.sm.unprotect_response(wire), Ok(Response::ok([0x61])));
            }
        }
    }
}

/// A chip that copied DG14 but does not hold its private key cannot speak in the session.
#[test]
fn a_cloned_chip_is_found_out_by_the_first_message() {
    let (genuine, cloned) = (chip_key(Curve::P256), SecretScalar::generate(Curve::P256, &mut Seeded(99)));
    let info = offer(ID_CA_ECDH_AES_CBC_CMAC_128, None);
    let (terminal, card) = run(&[info], &cloned, &|_| (), &dg14_key(&genuine, None));
    let wire = terminal.unwrap().sm.protect_command(Command::new(0xB0, 0x81, 0).ne(1));
    assert_eq!(card.unwrap().sm.unprotect_command(wire), Err(Sw::SM_OBJECTS_INCORRECT));
}

#[test]
fn invalid_public_keys_are_6a80() {
    for case in vectors(include_str!("../../../test-vectors/icao9303-11/ec_public_keys.toml")) {
        let Some(curve) = [("secp256r1", Curve::P256), ("brainpoolP384r1", Curve::BrainpoolP384r1)]
            .into_iter()
            .find_map(|(name, curve)| (name == case.text("curve")).then_some(curve))
        else {
            continue;
        };
        let change = |sent: &mut Command| {
            if sent.ins == 0x86 {
                sent.data = dynamic(&[(0x80, &case.octets("point"))]).into();
            }
        };
        let key = chip_key(curve);
        let (terminal, card) = run(&[offer(ID_CA_ECDH_AES_CBC_CMAC_256, None)], &key, &change, &dg14_key(&key, None));
        let accepted = case.text("expect") == "accepted";
        assert_eq!(card.is_some(), accepted, "{}", case.name());
        let refused = matches!(terminal, Err(TerminalError::Protocol(CaError::Status { sw: Sw::WRONG_DATA, .. })));
        assert_eq!(refused, !accepted, "{}", case.name());
    }
}

#[test]
fn mse_set_at_finds_the_key_or_tells_why_not() {
    let begin = |data: &str, offered: &[ChipAuthenticationInfo]| {
        let sent = Command::new(0x22, 0x41, 0xA4).data(hex::decode(data).unwrap());
        CardCa::begin(&sent, offered).map(|begun| begun.key_id())
    };
    let (one, named) = ([offer(PROTOCOLS[0], None)], [offer(PROTOCOLS[0], Some(1))]);
    let two = [offer(PROTOCOLS[0], Some(1)), offer(PROTOCOLS[0], Some(2)), offer(PROTOCOLS[1], Some(2))];
    let (aes_128, aes_192) = ("800A04007F00070202030202", "800A04007F00070202030203");
    for (data, offered, expected) in [
        (aes_128.to_owned(), &one[..], Ok(None)),
        (format!("{aes_128}840101"), &one, Err(CaError::KeyReference)), // no key has that name
        (aes_128.to_owned(), &named, Ok(Some(1))),
        (format!("{aes_128}840101"), &named, Ok(Some(1))),
        (format!("{aes_128}84020001"), &named, Ok(Some(1))),
        (format!("{aes_128}8400"), &named, Err(CaError::KeyReference)),
        (aes_128.to_owned(), &two, Err(CaError::KeyReference)), // ambiguous
        (format!("{aes_128}840102"), &two, Ok(Some(2))),
        (aes_192.to_owned(), &two, Ok(Some(2))),
        (format!("{aes_128}840103"), &two, Err(CaError::KeyReference)),
        (aes_192.to_owned(), &one, Err(CaError::Mechanism)),
        ("840101".to_owned(), &one, Err(CaError::Missing(0x80))),
        ("830102800A04007F000702020302029100".to_owned(), &one, Ok(None)), // others are ignored
    ] {
        assert_eq!(begin(&data, offered), expected, "{data}");
    }
    assert!(matches!(begin("80", &one), Err(CaError::Objects(_))));
    assert_eq!(CardCa::begin(&Command::new(0x22, 0x41, 0xA6), &one).err(), Some(CaError::P1P2(0x41A6)));
    assert_eq!(begin(aes_128, &[ChipAuthenticationInfo { version: 2, ..one[0].clone() }]), Err(CaError::Mechanism));
    assert_eq!(Sw::from(CaError::KeyReference), Sw(0x6A88));
}

#[test]
fn general_authenticate_is_one_command_with_one_object() {
    let key = chip_key(Curve::P256);
    let point = Point::generator(Curve::P256).encode();
    let answer = |sent: &Command| {
        let begun = CardCa { cipher: Cipher::Aes128, key_id: None };
        begun.general_authenticate(sent, &key).map(|(response, _)| response).map_err(Sw::from)
    };
    let right = general_authenticate(dynamic(&[(0x80, &point)]), false);
    assert_eq!(answer(&right), Ok(Response::ok([0x7C, 0])));
    assert_eq!(answer(&right.clone().class(Class(0x10))), Err(Sw(0x6883)));
    assert_eq!(answer(&Command { p1: 1, ..right.clone() }), Err(Sw(0x6A86)));
    for data in [vec![], vec![0x7C, 0], dynamic(&[(0x81, &point)]), dynamic(&[(0x80, &point), (0x80, &point)])] {
        assert_eq!(answer(&right.clone().data(data)), Err(Sw(0x6A80)));
    }
}

#[test]
fn the_terminal_refuses_what_does_not_fit_together() {
    let key = chip_key(Curve::P256);
    let mut send = |_| -> Result<Response, Infallible> { panic!("nothing may be sent") };
    let mut refused = |info: ChipAuthenticationInfo, key: ChipAuthenticationPublicKeyInfo| match agree(
        &mut send,
        &info,
        &key,
        &mut Seeded(1),
    ) {
        Err(TerminalError::Protocol(error)) => error,
        _ => panic!("accepted"),
    };
    let info = offer(PROTOCOLS[0], Some(1));
    assert_eq!(refused(info.clone(), dg14_key(&key, Some(2))), CaError::KeyMismatch);
    let broken = ChipAuthenticationPublicKeyInfo { public_key: vec![0x30, 0], ..dg14_key(&key, Some(1)) };
    assert!(matches!(refused(info, broken), CaError::ChipKey(_)));
    let des = offer(ID_CA_ECDH_3DES_CBC_CBC, None);
    assert!(matches!(refused(des, dg14_key(&key, None)), CaError::Unsupported { .. }));
    // Nonce and token of version 2 in the answer
    let mut send = |sent: Command| {
        Ok::<_, Infallible>(if sent.ins == 0x22 { Sw::OK.into() } else { Response::ok(dynamic(&[(0x81, &[1; 8])])) })
    };
    let result = agree(&mut send, &offer(PROTOCOLS[0], None), &dg14_key(&key, None), &mut Seeded(1));
    assert!(matches!(result, Err(TerminalError::Protocol(CaError::Objects(_)))));
}

proptest! {
    #[test]
    fn key_identifiers_come_back_and_no_octets_panic(id in any::<u32>(), data in vec(any::<u8>(), 0..60)) {
        prop_assert_eq!(key_id(unsigned(&id.to_be_bytes())), Some(id));
        let _ = key_id(&data);
        let offered = [offer(PROTOCOLS[0], None)];
        let _ = CardCa::begin(&Command::new(0x22, 0x41, 0xA4).data(data.clone()), &offered);
        let begun = CardCa { cipher: Cipher::Aes128, key_id: None };
        let _ = begun.general_authenticate(&Command::new(0x86, 0, 0).data(data), &chip_key(Curve::P256));
    }
}
