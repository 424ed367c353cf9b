//! Selection, steps and answers; the worked examples as dialogues are in `tests/worked_examples`.

mod chip;
mod matrix;
mod mutations;
mod negative;

use super::agreement::Agreement;
use super::*;
use crate::testing::{Case, Seeded, vectors};
use crate::{TerminalError, kdf};
use bitaqa_apdu::tlv::TlvError;
use bitaqa_apdu::{Class, Command, Response, Sw};
use bitaqa_curves::{Curve, Domain, MappedGenerator, Point, PrivateKey};
use bitaqa_lds::security_infos::{
    ID_PACE_ECDH_GM, ID_PACE_ECDH_GM_AES_CBC_CMAC_128, ID_PACE_ECDH_GM_AES_CBC_CMAC_256,
    ID_PACE_ECDH_IM_AES_CBC_CMAC_128, PaceDomainParameterInfo, PaceInfo, SecurityInfo, SecurityInfos,
};
use chip::{Chip, can, info, p256};
use core::convert::Infallible;
use proptest::collection::vec;
use proptest::prelude::*;

fn example() -> Case {
    vectors(include_str!("../../../../test-vectors/icao9303-11/pace_ecdh_gm.toml")).remove(0)
}

#[test]
fn every_printed_value_of_appendix_g() {
    let case = example();
    let info = <PaceInfo as der::Decode>::from_der(&case.octets("pace_info")).unwrap();
    let suite = Suite::of(&info).unwrap();
    let password = Password::mrz(case.text("mrz_key_input"));
    assert_eq!(password.secret(), case.octets("secret"));
    assert_eq!(*kdf::derive(password.secret(), kdf::Purpose::Password, suite.cipher), case.octets("K_pi"));
    let nonce = case.octets("nonce_s");
    assert_eq!(suite.encrypt_nonce(&password, &nonce).unwrap(), case.octets("nonce_z"));
    assert_eq!(*suite.decrypt_nonce(&password, &case.octets("nonce_z")).unwrap(), nonce);

    let scalar = |name| PrivateKey::from_bytes(suite.domain, &case.octets(name)).unwrap();
    let (ifd, ic) = (scalar("map_ifd_priv"), scalar("map_ic_priv"));
    assert_eq!(ifd.public().encode(), case.octets("map_ifd_pub"));
    assert_eq!(ic.public().encode(), case.octets("map_ic_pub"));
    assert_eq!(ic.shared_element(&ifd.public()).unwrap().encode(), case.octets("H"));
    let generator = MappedGenerator::generic(&nonce, &ifd.shared_element(&ic.public()).unwrap()).unwrap();
    assert_eq!(generator.element().encode(), case.octets("G_hat"));

    let (ifd, ic) = (scalar("eph_ifd_priv"), scalar("eph_ic_priv"));
    let (ifd_public, ic_public) = (ifd.public_on(&generator).unwrap(), ic.public_on(&generator).unwrap());
    assert_eq!(ifd_public.encode(), case.octets("eph_ifd_pub"));
    assert_eq!(ic_public.encode(), case.octets("eph_ic_pub"));
    assert_eq!(*ifd.agree(&ic_public).unwrap(), case.octets("K_shared_x"));
    let terminal = Agreement::new(suite, &ifd, ifd_public.clone(), ic_public.clone()).unwrap();
    let card = Agreement::new(suite, &ic, ic_public, ifd_public).unwrap();
    for side in [&terminal, &card] {
        assert_eq!((&*side.ks_enc, &*side.ks_mac), (&case.octets("ks_enc"), &case.octets("ks_mac")));
    }
    assert_eq!(terminal.own_token().unwrap().to_vec(), case.octets("T_IFD"));
    assert_eq!(card.own_token().unwrap().to_vec(), case.octets("T_IC"));
    assert_eq!(card.peer_token(), terminal.own_token());
}

fn begin(data: &str, offered: &[Offer]) -> Result<PasswordKind, PaceError> {
    let sent = Command::new(0x22, 0xC1, 0xA4).data(hex::decode(data).unwrap());
    let mut find = |kind| (kind == PasswordKind::Can).then(|| Password::can("123456").unwrap());
    CardPace::begin(&sent, offered, &mut find).map(|begun| begun.password())
}

#[test]
fn mse_set_at_with_and_without_domain_parameters() {
    let on = |protocol, curve| chip::offer(protocol, Domain::Ec(curve));
    let one = [p256(ID_PACE_ECDH_GM_AES_CBC_CMAC_128)];
    let several = [
        p256(ID_PACE_ECDH_GM_AES_CBC_CMAC_128),
        on(ID_PACE_ECDH_GM_AES_CBC_CMAC_128, Curve::BrainpoolP256r1),
        on(ID_PACE_ECDH_GM_AES_CBC_CMAC_256, Curve::P384),
    ];
    let (aes_128, aes_256, des) = ("800A04007F00070202040202", "800A04007F00070202040204", "800A04007F00070202040201");
    let can = "830102";
    for (data, offered, expected) in [
        (format!("{aes_128}{can}"), &one[..], Ok(PasswordKind::Can)),
        (format!("{aes_128}{can}84010C"), &one, Ok(PasswordKind::Can)),
        (format!("{can}{aes_128}84010C"), &one, Ok(PasswordKind::Can)), // any order
        (format!("{aes_128}{can}5F2501005301AA"), &one, Ok(PasswordKind::Can)), // unknown objects are ignored
        (format!("{aes_128}{can}84010D"), &one, Err(PaceError::DomainParameters)),
        (format!("{aes_128}{can}8402000C"), &one, Err(PaceError::DomainParameters)),
        (format!("{aes_128}{can}84010D"), &several, Ok(PasswordKind::Can)),
        (format!("{aes_128}{can}"), &several, Err(PaceError::DomainParameters)), // ambiguous
        (format!("{aes_256}{can}"), &several, Ok(PasswordKind::Can)),            // one set for this protocol
        (format!("{aes_256}{can}"), &one, Err(PaceError::Mechanism)),
        (format!("{des}{can}"), &several, Err(PaceError::Mechanism)),
        (format!("{aes_128}{can}7F4C0E060904007F000703010201530103"), &one, Ok(PasswordKind::Can)),
        (format!("{aes_128}{can}7F4C0E060904007F000703010203530103"), &one, Err(PaceError::TerminalType)), // id-ST
        (format!("{aes_128}{can}7F4C03530103"), &one, Err(PaceError::TerminalType)),
        (can.to_owned(), &one, Err(PaceError::Missing(0x80))),
        (aes_128.to_owned(), &one, Err(PaceError::Missing(0x83))),
        (format!("{aes_128}830101"), &one, Err(PaceError::PasswordReference)),
        (format!("{aes_128}830105"), &one, Err(PaceError::PasswordReference)),
        (format!("{aes_128}8300"), &one, Err(PaceError::PasswordReference)),
    ] {
        assert_eq!(begin(&data, offered), expected, "{data}");
    }
    assert!(matches!(
        begin("800A04", &one),
        Err(PaceError::Objects { step: Step::SetAt, error: TlvError::Truncated(_) })
    ));
    let other = Command::new(0x22, 0x41, 0xA4);
    assert_eq!(CardPace::begin(&other, &one, &mut |_| None).err(), Some(PaceError::P1P2(0x41A4)));
    for (error, sw) in [
        (PaceError::Mechanism, 0x6A80),
        (PaceError::Missing(0x83), 0x6A80),
        (PaceError::DomainParameters, 0x6A88),
        (PaceError::PasswordReference, 0x6A88),
        (PaceError::Chaining { step: Step::Nonce, class: 0x10 }, 0x6883),
        (PaceError::Chaining { step: Step::Nonce, class: 0x00 }, 0x6985),
        (PaceError::Token, 0x6300),
    ] {
        assert_eq!(Sw::from(error), Sw(sw));
    }
}

/// A chip at step `step` (0 the nonce, 3 the token) after right commands before.
fn at_step(step: usize) -> CardPace {
    let offer = p256(ID_PACE_ECDH_GM_AES_CBC_CMAC_128);
    let sent = Command::new(0x22, 0xC1, 0xA4).data(hex::decode("800A04007F00070202040202830102").unwrap());
    let mut pace = CardPace::begin(&sent, &[offer], &mut |_| Some(can())).unwrap();
    let point = Point::generator(Curve::P256).encode();
    for (tag, value) in [(None, &[][..]), (Some(0x81), &point), (Some(0x83), &point)].into_iter().take(step) {
        let objects: Vec<_> = tag.map(|tag| (tag, value)).into_iter().collect();
        let sent = crate::templates::general_authenticate(crate::templates::dynamic(&objects), true);
        let CardStep::Continue(next, _) = pace.general_authenticate(&sent, &mut Seeded(5)).unwrap() else { panic!() };
        pace = next;
    }
    assert_eq!(pace.awaits_token(), step == 3);
    pace
}

#[test]
fn a_command_that_does_not_fit_the_step_ends_the_run() {
    let refused = |step: usize, change: &dyn Fn(&mut Command)| {
        let mut sent = crate::templates::general_authenticate(crate::templates::dynamic(&[]), step < 3);
        change(&mut sent);
        at_step(step).general_authenticate(&sent, &mut Seeded(6)).err().map(Sw::from)
    };
    let data = |text: &'static str| move |sent: &mut Command| sent.data = hex::decode(text).unwrap().into();
    for step in 0..4 {
        assert_eq!(refused(step, &|sent| sent.p2 = 1), Some(Sw(0x6A86)));
        assert_eq!(refused(step, &data("")), Some(Sw(0x6A80)), "{step}");
        assert_eq!(refused(step, &data("7C028400")), Some(Sw(0x6A80)), "{step}");
        assert_eq!(refused(step, &data("7C00AA00")), Some(Sw(0x6A80)), "{step}");
        assert_eq!(refused(step, &data("7D00")), Some(Sw(0x6A80)), "{step}");
        let wrong_chaining = if step < 3 { Sw(0x6985) } else { Sw(0x6883) };
        assert_eq!(refused(step, &|sent| sent.class = Class(sent.class.0 ^ 0x10)), Some(wrong_chaining));
    }
    assert_eq!(refused(1, &data("7C00")), Some(Sw(0x6A80)));
    assert_eq!(refused(3, &data("7C0A85080000000000000000")), Some(Sw(0x6300)));
    assert_eq!(refused(3, &data("7C028500")), Some(Sw(0x6300)));
}

/// DO 7F4C asks for the names of the trust points; without it they stay at home.
#[test]
fn references_of_trust_points_go_out_when_asked_for() {
    let offer = p256(ID_PACE_ECDH_GM_AES_CBC_CMAC_128);
    let names = vec![b"MACVCA00002".to_vec(), b"MACVCA00001".to_vec()];
    for asked in [false, true] {
        let mut chip = Chip::new(std::slice::from_ref(&offer), &can(), 1);
        chip.references = names.clone();
        let request = Request { trust_points: asked, ..Request::default() };
        let mut send = |sent| chip.answer(sent);
        let established = establish_with(&mut send, &offer, request, &can(), &mut Seeded(2)).unwrap();
        assert_eq!(established.certification_authority_references, if asked { names.clone() } else { Vec::new() });
    }
}

#[test]
fn passwords_are_checked_and_do_not_show_themselves() {
    for text in ["", "12345", "1234567", "12345a", "١٢٣"] {
        assert_eq!(Password::can(text).err(), Some(PasswordError::Can));
    }
    for text in ["", "123", "12345678901234567", "1234 ", "12a4"] {
        assert_eq!(Password::pin(text).err(), Some(PasswordError::Pin));
        assert_eq!(Password::puk(text).err(), Some(PasswordError::Puk));
    }
    assert_eq!(format!("{:?} {:?}", can(), Password::pin("1234").unwrap()), "Password(Can) Password(Pin)");
}

#[test]
fn an_offer_beyond_this_terminal_is_told_before_anything_is_sent() {
    let info = PaceInfo { protocol: ID_PACE_ECDH_GM_AES_CBC_CMAC_128, version: 2, parameter_id: Some(19) };
    let mut send = |_| -> Result<Response, Infallible> { panic!("nothing may be sent") };
    let result = establish(&mut send, &info, &can(), &mut Seeded(1));
    assert!(matches!(result, Err(TerminalError::Protocol(PaceError::Unsupported { .. }))));
}

/// Version, reserved and unknown ids, explicit parameters of known and unknown groups, unknown protocols.
#[test]
fn what_is_not_spoken_is_passed_over_with_a_reason() {
    let standard = info(ID_PACE_ECDH_GM_AES_CBC_CMAC_128, Domain::Ec(Curve::P256));
    let with_id = |parameter_id| PaceInfo { parameter_id, ..standard.clone() };
    let unknown = const_oid::ObjectIdentifier::new_unwrap("0.4.0.127.0.7.2.2.4.5.2"); // a mapping of nobody
    let parameters = |parameter_id, curve: Curve| {
        let key = spki_of(&Point::generator(curve));
        SecurityInfo::PaceDomainParameter(PaceDomainParameterInfo {
            protocol: ID_PACE_ECDH_GM,
            domain_parameter: key,
            parameter_id,
        })
    };
    let mut infos = SecurityInfos::default();
    for info in [
        PaceInfo { version: 1, ..standard.clone() },
        PaceInfo { protocol: unknown, ..standard.clone() },
        with_id(Some(7)),
        with_id(Some(40)), // no parameters of that id
        PaceInfo { protocol: ID_PACE_ECDH_IM_AES_CBC_CMAC_128, ..with_id(Some(41)) }, // those are for another mapping
        with_id(None),
        with_id(Some(41)),
        standard.clone(),
    ] {
        infos.infos.push(SecurityInfo::Pace(info));
    }
    infos.infos.push(parameters(Some(41), Curve::BrainpoolP320r1));
    infos.infos.push(parameters(Some(7), Curve::P256)); // a reserved id is not free to take
    infos.infos.push(SecurityInfo::Unknown { oid: const_oid::ObjectIdentifier::new_unwrap("1.2.3"), der: vec![] });
    let offers = offers(&infos);
    let spoken: Vec<_> = offers.spoken.iter().map(|offer| (offer.info.parameter_id, offer.suite.domain)).collect();
    assert_eq!(spoken, [(Some(41), Domain::Ec(Curve::BrainpoolP320r1)), (Some(12), Domain::Ec(Curve::P256))]);
    let reasons: Vec<_> = offers.skipped.iter().map(|skipped| &*skipped.reason).collect();
    for (reason, part) in reasons.iter().zip([
        "unknown version",
        "unknown protocol",
        "under a reserved id",
        "explicit domain parameters",
        "explicit domain parameters",
        "explicit domain parameters",
        "1.2.3 is no protocol",
    ]) {
        assert!(reason.contains(part), "{reason}: {part}");
    }
    assert_eq!(reasons.len(), 7);
    let established = {
        let (offer, mut chip) = (&offers.spoken[0], Chip::new(&offers.spoken, &can(), 1));
        establish_with(&mut |sent| chip.answer(sent), offer, Request::default(), &can(), &mut Seeded(2)).unwrap()
    };
    assert_eq!(established.suite.domain, Domain::Ec(Curve::BrainpoolP320r1));
}

/// The AlgorithmIdentifier of a key with explicit parameters.
fn spki_of(point: &Point) -> Vec<u8> {
    use der::{Decode, Encode, Reader};
    let key = bitaqa_pki::spki::encode(point, bitaqa_pki::spki::Form::Explicit).unwrap();
    let outer = der::AnyRef::from_der(&key).unwrap();
    der::SliceReader::new(outer.value()).unwrap().decode::<der::AnyRef<'_>>().unwrap().to_der().unwrap()
}

/// TR-03110-3 §B.14: what the chip says of tries that are left, and what a terminal makes of it.
#[test]
fn states_of_a_password_are_told_apart() {
    let offer = p256(ID_PACE_ECDH_GM_AES_CBC_CMAC_128);
    let pin = Password::pin("123456").unwrap();
    let run = |at_set_at: u16, at: usize, answer: u16| {
        let mut chip = Chip::new(std::slice::from_ref(&offer), &pin, 1);
        let mut step = 0;
        let mut send = |sent: Command| {
            let mut response = chip.answer(sent)?;
            match step {
                0 => response.sw = Sw(at_set_at),
                _ if step == at => response = Sw(answer).into(),
                _ => {}
            }
            step += 1;
            Ok::<_, Infallible>(response)
        };
        match establish(&mut send, &offer.info, &pin, &mut Seeded(2)) {
            Err(TerminalError::Protocol(error)) => Some(error),
            _ => None,
        }
    };
    let (nonce, last) = (1, 4);
    assert_eq!(run(0x63C2, 9, 0), None); // two tries left, and this one is right
    assert_eq!(run(0x63C1, 9, 0), None); // resumed by the CAN before
    assert_eq!(run(0x63C1, nonce, 0x6985), Some(PaceError::PasswordSuspended(Sw(0x6985))));
    assert_eq!(run(0x63C1, nonce, 0x6982), Some(PaceError::PasswordSuspended(Sw(0x6982))));
    assert_eq!(run(0x63C0, nonce, 0x6983), Some(PaceError::PasswordBlocked(Sw(0x6983))));
    assert_eq!(run(0x63C0, nonce, 0x6982), Some(PaceError::PasswordBlocked(Sw(0x6982))));
    assert_eq!(run(0x9000, last, 0x63C1), Some(PaceError::PasswordRefused(Sw(0x63C1))));
    assert_eq!(run(0x9000, nonce, 0x6985), Some(PaceError::Status { step: Step::Nonce, sw: Sw(0x6985) }));
    assert_eq!(run(0x6A88, 9, 0), Some(PaceError::Status { step: Step::SetAt, sw: Sw(0x6A88) }));
    assert_eq!(run(0x6FFF, 9, 0), Some(PaceError::Status { step: Step::SetAt, sw: Sw(0x6FFF) }));
}

/// Nonces of another length than the cipher allows, from either side.
#[test]
fn nonces_have_the_length_of_their_cipher() {
    let (integrated, generic) = (p256(ID_PACE_ECDH_IM_AES_CBC_CMAC_128), p256(ID_PACE_ECDH_GM_AES_CBC_CMAC_128));
    let run = |offer: &Offer, tag: u32, octets: usize| {
        let mut chip = Chip::new(std::slice::from_ref(offer), &can(), 1);
        let mut send = |mut sent: Command| {
            if tag == 0x81 && crate::templates::dynamic_object(&sent.data, tag).is_ok() {
                sent.data = crate::templates::dynamic(&[(tag, &vec![1; octets])]).into();
            }
            let answer = chip.answer(sent)?;
            let is_nonce = tag == 0x80 && crate::templates::dynamic_object(&answer.data, tag).is_ok();
            let z = crate::templates::dynamic(&[(tag, &vec![1; octets])]);
            Ok::<_, Infallible>(if is_nonce { Response::ok(z) } else { answer })
        };
        match establish(&mut send, &offer.info, &can(), &mut Seeded(2)) {
            Err(TerminalError::Protocol(error)) => error,
            _ => panic!("a session"),
        }
    };
    for octets in [0, 1, 15, 17, 32] {
        assert_eq!(run(&integrated, 0x80, octets), PaceError::Nonce { step: Step::Nonce, octets });
        assert_eq!(run(&integrated, 0x81, octets), PaceError::Status { step: Step::Mapping, sw: Sw(0x6A80) });
    }
    for octets in [0, 15, 17] {
        assert_eq!(run(&generic, 0x80, octets), PaceError::Nonce { step: Step::Nonce, octets });
    }
    // More blocks than one are the chip's choice; what is beyond any key is not.
    assert_eq!(run(&generic, 0x80, 32), PaceError::PasswordRefused(Sw(0x6300)));
    assert!(matches!(run(&generic, 0x80, 48), PaceError::PublicKey { step: Step::Mapping, .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_octets_make_the_chip_panic(step in 0usize..4, data in vec(any::<u8>(), 0..80), class in any::<u8>()) {
        let sent = Command::new(0x86, 0, 0).class(Class(class)).data(data.clone());
        let _ = at_step(step).general_authenticate(&sent, &mut Seeded(1));
        let offered = [p256(ID_PACE_ECDH_GM_AES_CBC_CMAC_128)];
        let _ = CardPace::begin(&Command::new(0x22, 0xC1, 0xA4).data(data), &offered, &mut |_| None);
    }

    #[test]
    fn no_answer_makes_the_terminal_panic(
        broken_at in 0usize..5, data in vec(any::<u8>(), 0..80), sw in prop_oneof![Just(0x9000u16), any::<u16>()],
    ) {
        let offer = p256(ID_PACE_ECDH_GM_AES_CBC_CMAC_128);
        let mut chip = Chip::new(std::slice::from_ref(&offer), &can(), 1);
        let mut at = 0;
        let mut send = |sent: Command| {
            at += 1;
            if at == broken_at + 1 {
                return Ok::<_, Infallible>(Response { data: data.clone().into(), sw: Sw(sw) });
            }
            if at > broken_at { Ok(Sw::OK.into()) } else { chip.answer(sent) }
        };
        let _ = establish(&mut send, &offer.info, &can(), &mut Seeded(2)).is_ok();
    }
}
