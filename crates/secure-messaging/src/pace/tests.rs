use super::agreement::Agreement;
use super::*;
use crate::testing::{Case, Script, Seeded, command, response, vectors};
use crate::{TerminalError, kdf};
use bitaqa_apdu::tlv::{self, TlvError};
use bitaqa_apdu::{Class, Command, Response, Sw};
use bitaqa_curves::{Curve, MappedGenerator, Point, PrivateKey};
use bitaqa_lds::security_infos::{
    ID_PACE_ECDH_GM_AES_CBC_CMAC_128, ID_PACE_ECDH_GM_AES_CBC_CMAC_192, ID_PACE_ECDH_GM_AES_CBC_CMAC_256, PaceInfo,
};
use const_oid::ObjectIdentifier;
use core::convert::Infallible;
use proptest::collection::vec;
use proptest::prelude::*;
use rand_core::CryptoRng;

const PROTOCOLS: [ObjectIdentifier; 3] =
    [ID_PACE_ECDH_GM_AES_CBC_CMAC_128, ID_PACE_ECDH_GM_AES_CBC_CMAC_192, ID_PACE_ECDH_GM_AES_CBC_CMAC_256];

fn offer(protocol: ObjectIdentifier, curve: Curve) -> PaceInfo {
    PaceInfo { protocol, version: 2, parameter_id: Some(curve.parameter_id()) }
}

fn spoken(offered: &[PaceInfo]) -> Vec<Offer> {
    offered.iter().map(|info| Offer::of(info).unwrap()).collect()
}

fn example() -> Case {
    vectors(include_str!("../../../../test-vectors/icao9303-11/pace_ecdh_gm.toml")).remove(0)
}

/// A chip with one password, driven command by command; after an error it starts anew.
struct Chip<'a> {
    offered: Vec<Offer>,
    password: Password,
    rng: &'a mut dyn CryptoRng,
    stage: Option<CardPace>,
    established: Option<Established>,
    references: Vec<Vec<u8>>,
}

impl<'a> Chip<'a> {
    fn new(offered: &[PaceInfo], password: &Password, rng: &'a mut dyn CryptoRng) -> Self {
        let (offered, password) = (spoken(offered), password.clone());
        Self { offered, password, rng, stage: None, established: None, references: Vec::new() }
    }

    fn process(&mut self, command: &Command) -> Result<Response, PaceError> {
        if command.ins == 0x22 {
            let stored = self.password.clone();
            let mut find = |kind| (kind == stored.kind()).then(|| stored.clone());
            let begun = CardPace::begin(command, &self.offered, &mut find)?;
            self.stage = Some(begun.certification_authority_references(self.references.clone()));
            return Ok(Sw::OK.into());
        }
        match self.stage.take().expect("MSE:Set AT first").general_authenticate(command, self.rng)? {
            CardStep::Continue(next, response) => {
                self.stage = Some(next);
                Ok(response)
            }
            CardStep::Done(response, established) => {
                self.established = Some(established);
                Ok(response)
            }
        }
    }

    #[allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps)] // the shape of `send`
    fn answer(&mut self, command: Command) -> Result<Response, Infallible> {
        Ok(self.process(&command).unwrap_or_else(|error| Sw::from(error).into()))
    }
}

/// Both sessions speak with each other.
fn assert_in_session(terminal: &mut Established, card: &mut Established) {
    let plain = Command::new(0xB0, 0x9E, 0).ne(5);
    let wire = terminal.sm.protect_command(plain.clone());
    assert_eq!(card.sm.unprotect_command(wire), Ok(plain));
    let wire = card.sm.protect_response(Response::ok([1, 2, 3]));
    assert_eq!(terminal.sm.unprotect_response(wire), Ok(Response::ok([1, 2, 3])));
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

#[test]
fn the_chip_answers_the_ten_messages_of_appendix_g() {
    let case = example();
    let info = <PaceInfo as der::Decode>::from_der(&case.octets("pace_info")).unwrap();
    let mut rng = Script::new([case.octets("nonce_s"), case.octets("map_ic_priv"), case.octets("eph_ic_priv")]);
    let mut chip = Chip::new(&[info], &Password::mrz(case.text("mrz_key_input")), &mut rng);
    for exchange in case.tables("exchange") {
        let answer = chip.process(&command(&exchange.octets("command"))).unwrap();
        assert_eq!(*answer.encode(), *exchange.octets("response"));
    }
    let established = chip.established.unwrap();
    assert_eq!(established.id_picc, case.octets("eph_ic_pub")[1..33]);
    assert_eq!(established.pcd_compressed, case.octets("eph_ifd_pub")[1..33]);
    assert_eq!(established.password, PasswordKind::Mrz);
    assert!(rng.is_empty());
}

#[test]
fn the_terminal_sends_the_ten_messages_of_appendix_g() {
    let case = example();
    let info = <PaceInfo as der::Decode>::from_der(&case.octets("pace_info")).unwrap();
    let mut rng = Script::new([case.octets("map_ifd_priv"), case.octets("eph_ifd_priv")]);
    let mut exchanges = case.tables("exchange").into_iter();
    let mut send = |sent: Command| {
        let exchange = exchanges.next().expect("an exchange more than printed");
        assert_eq!(*sent.encode().unwrap(), *exchange.octets("command"));
        Ok::<_, Infallible>(response(&exchange.octets("response")))
    };
    let password = Password::mrz(case.text("mrz_key_input"));
    let mut established = establish_without_reference(&mut send, &info, &password, &mut rng).unwrap();
    assert!(exchanges.next().is_none() && rng.is_empty());
    assert_eq!(established.id_picc, case.octets("eph_ic_pub")[1..33]);
    // The first command of the session printed in sm_aes.toml, whose keys are these.
    let wire = established.sm.protect_command(command(&hex::decode("00A4040C07A0000002471001").unwrap()));
    assert_eq!(wire.data[..4], [0x87, 0x11, 0x01, 0x75]);
}

#[test]
fn the_bsi_worked_example_from_both_sides() {
    let case = vectors(include_str!("../../../../test-vectors/bsi-eac/worked_example_ecdh.toml")).remove(0);
    let info = offer(ID_PACE_ECDH_GM_AES_CBC_CMAC_128, Curve::BrainpoolP256r1);
    let pin = Password::from_secret(PasswordKind::Pin, case.text("pin").as_bytes());
    let mut card_rng =
        Script::new([case.octets("nonce"), case.octets("map_picc_priv_key"), case.octets("picc_priv_key")]);
    let mut terminal_rng = Script::new([case.octets("map_pcd_priv_key"), case.octets("pcd_priv_key")]);
    let mut chip = Chip::new(std::slice::from_ref(&info), &pin, &mut card_rng);
    let mut seen = Vec::new();
    let mut send = |sent: Command| {
        let answer = chip.answer(sent.clone())?;
        seen.push((sent.data, answer.data.clone()));
        Ok::<_, Infallible>(answer)
    };
    let mut terminal = establish(&mut send, &info, &pin, &mut terminal_rng).unwrap();
    let object = |data: &[u8], tag| crate::templates::dynamic_object(data, tag).unwrap().to_vec();
    assert_eq!(*seen[0].0, *hex::decode("800A04007F0007020204020283010384010D").unwrap());
    assert_eq!(object(&seen[1].1, 0x80), case.octets("nonce_enc"));
    assert_eq!(object(&seen[2].0, 0x81), case.octets("map_pcd_pub_key"));
    assert_eq!(object(&seen[2].1, 0x82), case.octets("map_picc_pub_key"));
    assert_eq!(object(&seen[3].0, 0x83), case.octets("pcd_pub_key"));
    assert_eq!(object(&seen[3].1, 0x84), case.octets("picc_pub_key"));
    assert_eq!(object(&seen[4].0, 0x85), case.octets("authentication_token_pcd"));
    assert_eq!(object(&seen[4].1, 0x86), case.octets("authentication_token_picc"));
    assert_in_session(&mut terminal, &mut chip.established.unwrap());
}

#[test]
fn own_chip_and_own_terminal_agree_for_every_curve_cipher_and_password() {
    for (seed, curve) in (0..).zip(Curve::ALL.iter().copied()) {
        for protocol in PROTOCOLS {
            for password in [Password::can("123456").unwrap(), Password::mrz("VSI99999<878112962909093")] {
                let info = offer(protocol, curve);
                let mut card_rng = Seeded(seed);
                let mut chip = Chip::new(std::slice::from_ref(&info), &password, &mut card_rng);
                let mut rng = Seeded(seed + 100);
                let mut terminal = establish(&mut |sent| chip.answer(sent), &info, &password, &mut rng).unwrap();
                let mut card = chip.established.unwrap();
                assert_eq!((&terminal.id_picc, &terminal.pcd_compressed), (&card.id_picc, &card.pcd_compressed));
                assert_eq!(terminal.id_picc.len(), curve.field_bytes());
                assert_eq!((terminal.password, card.password), (password.kind(), password.kind()));
                assert_in_session(&mut terminal, &mut card);
            }
        }
    }
}

#[test]
fn a_wrong_password_is_6300_and_leaves_no_stage() {
    let info = offer(ID_PACE_ECDH_GM_AES_CBC_CMAC_256, Curve::P256);
    let mut card_rng = Seeded(1);
    let mut chip = Chip::new(std::slice::from_ref(&info), &Password::can("123456").unwrap(), &mut card_rng);
    let wrong = Password::can("123457").unwrap();
    let result = establish(&mut |sent| chip.answer(sent), &info, &wrong, &mut Seeded(2));
    assert!(matches!(result, Err(TerminalError::Protocol(PaceError::PasswordRefused(Sw(0x6300))))));
    assert!(chip.stage.is_none() && chip.established.is_none());
}

/// A chip that does not know the password cannot end the run by a token of its own making.
#[test]
fn a_chip_with_another_password_is_refused_by_the_terminal() {
    let info = offer(ID_PACE_ECDH_GM_AES_CBC_CMAC_128, Curve::P256);
    let mut card_rng = Seeded(1);
    let mut chip = Chip::new(std::slice::from_ref(&info), &Password::can("000000").unwrap(), &mut card_rng);
    let mut send = |sent: Command| match crate::templates::dynamic_object(&sent.data, 0x85) {
        Ok(token) => Ok::<_, Infallible>(Response::ok(crate::templates::dynamic(&[(0x86, token)]))),
        Err(_) => chip.answer(sent),
    };
    let result = establish(&mut send, &info, &Password::can("123456").unwrap(), &mut Seeded(2));
    assert!(matches!(result, Err(TerminalError::Protocol(PaceError::Token))));
}

/// The chip answers with our own public keys, in the mapping or in the key agreement.
#[test]
fn reflected_keys_are_refused_by_the_terminal() {
    for (sent_tag, answer_tag) in [(0x81, 0x82), (0x83, 0x84)] {
        let info = offer(ID_PACE_ECDH_GM_AES_CBC_CMAC_128, Curve::BrainpoolP256r1);
        let mut card_rng = Seeded(1);
        let password = Password::can("123456").unwrap();
        let mut chip = Chip::new(std::slice::from_ref(&info), &password, &mut card_rng);
        let mut send = |sent: Command| match crate::templates::dynamic_object(&sent.data, sent_tag) {
            Ok(key) => Ok::<_, Infallible>(Response::ok(crate::templates::dynamic(&[(answer_tag, key)]))),
            Err(_) => chip.answer(sent),
        };
        let result = establish(&mut send, &info, &password, &mut Seeded(2));
        assert!(matches!(result, Err(TerminalError::Protocol(PaceError::Reflected(_)))));
    }
}

/// Mapping or ephemeral keys of which the terminal knows nothing good: the chip refuses and no session arises; the
/// valid ones at the border are answered. And the same from the chip to the terminal.
#[test]
fn invalid_points_are_refused_in_both_steps_by_both_sides() {
    for case in vectors(include_str!("../../../../test-vectors/icao9303-11/ec_public_keys.toml")) {
        let name = case.text("curve");
        let curve = match name {
            "secp256r1" => Curve::P256,
            "secp384r1" => Curve::P384,
            "brainpoolP256r1" => Curve::BrainpoolP256r1,
            "brainpoolP384r1" => Curve::BrainpoolP384r1,
            other => panic!("{other}"),
        };
        let accepted = case.text("expect") == "accepted";
        let info = offer(ID_PACE_ECDH_GM_AES_CBC_CMAC_128, curve);
        let password = Password::can("123456").unwrap();
        for tag in [0x81, 0x83] {
            let mut card_rng = Seeded(1);
            let mut chip = Chip::new(std::slice::from_ref(&info), &password, &mut card_rng);
            let mut send = |mut sent: Command| {
                if crate::templates::dynamic_object(&sent.data, tag).is_ok() {
                    sent.data = crate::templates::dynamic(&[(tag, &case.octets("point"))]).into();
                }
                chip.answer(sent)
            };
            let result = establish(&mut send, &info, &password, &mut Seeded(2));
            match result {
                Err(TerminalError::Protocol(PaceError::Status { sw, .. })) if !accepted => assert_eq!(sw, Sw(0x6A80)),
                // The chip took the point, and the two sides then hold different keys.
                Err(TerminalError::Protocol(PaceError::PasswordRefused(_))) if accepted => {}
                _ => panic!("{name} {} {tag:02X}", case.name()),
            }
            assert!(chip.stage.is_none() && chip.established.is_none());

            let mut card_rng = Seeded(1);
            let mut chip = Chip::new(std::slice::from_ref(&info), &password, &mut card_rng);
            let mut send = |sent: Command| {
                let replaced = crate::templates::dynamic_object(&sent.data, tag).is_ok();
                let answer = chip.answer(sent)?;
                let point = crate::templates::dynamic(&[(tag + 1, &case.octets("point"))]);
                Ok::<_, Infallible>(if replaced { Response::ok(point) } else { answer })
            };
            let result = establish(&mut send, &info, &password, &mut Seeded(2));
            let refused = matches!(result, Err(TerminalError::Protocol(PaceError::PublicKey { .. })));
            assert_eq!(refused, !accepted, "{name} {} {tag:02X}", case.name());
            assert!(result.is_err());
        }
    }
}

fn begin(data: &str, offered: &[PaceInfo]) -> Result<PasswordKind, PaceError> {
    let sent = Command::new(0x22, 0xC1, 0xA4).data(hex::decode(data).unwrap());
    let mut find = |kind| (kind == PasswordKind::Can).then(|| Password::can("123456").unwrap());
    CardPace::begin(&sent, &spoken(offered), &mut find).map(|begun| begun.password())
}

#[test]
fn mse_set_at_with_and_without_domain_parameters() {
    let one = [offer(ID_PACE_ECDH_GM_AES_CBC_CMAC_128, Curve::P256)];
    let several = [
        offer(ID_PACE_ECDH_GM_AES_CBC_CMAC_128, Curve::P256),
        offer(ID_PACE_ECDH_GM_AES_CBC_CMAC_128, Curve::BrainpoolP256r1),
        offer(ID_PACE_ECDH_GM_AES_CBC_CMAC_256, Curve::P384),
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
    assert_eq!(CardPace::begin(&other, &spoken(&one), &mut |_| None).err(), Some(PaceError::P1P2(0x41A4)));
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
    let info = offer(ID_PACE_ECDH_GM_AES_CBC_CMAC_128, Curve::P256);
    let sent = Command::new(0x22, 0xC1, 0xA4).data(hex::decode("800A04007F00070202040202830102").unwrap());
    let mut pace = CardPace::begin(&sent, &spoken(&[info]), &mut |_| Some(Password::can("123456").unwrap())).unwrap();
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
    let info = offer(ID_PACE_ECDH_GM_AES_CBC_CMAC_128, Curve::P256);
    let password = Password::can("123456").unwrap();
    let names = vec![b"MACVCA00002".to_vec(), b"MACVCA00001".to_vec()];
    for asked in [false, true] {
        let mut card_rng = Seeded(1);
        let mut chip = Chip::new(std::slice::from_ref(&info), &password, &mut card_rng);
        chip.references = names.clone();
        let mut send = |mut sent: Command| {
            if asked && sent.ins == 0x22 {
                tlv::put(sent.data.as_mut_vec(), 0x7F4C, &[]);
            }
            chip.answer(sent)
        };
        let established = establish(&mut send, &info, &password, &mut Seeded(2)).unwrap();
        assert_eq!(established.certification_authority_references, if asked { names.clone() } else { Vec::new() });
    }
}

#[test]
fn passwords_are_checked_and_do_not_show_themselves() {
    for text in ["", "12345", "1234567", "12345a", "١٢٣"] {
        assert_eq!(Password::can(text).err(), Some(PasswordError::Can));
    }
    assert_eq!(format!("{:?}", Password::can("123456").unwrap()), "Password(Can)");
}

#[test]
fn an_offer_beyond_this_terminal_is_told_before_anything_is_sent() {
    let info = PaceInfo { protocol: ID_PACE_ECDH_GM_AES_CBC_CMAC_128, version: 2, parameter_id: Some(19) };
    let mut send = |_| -> Result<Response, Infallible> { panic!("nothing may be sent") };
    let result = establish(&mut send, &info, &Password::can("123456").unwrap(), &mut Seeded(1));
    assert!(matches!(result, Err(TerminalError::Protocol(PaceError::Unsupported { .. }))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_octets_make_the_chip_panic(step in 0usize..4, data in vec(any::<u8>(), 0..80), class in any::<u8>()) {
        let sent = Command::new(0x86, 0, 0).class(Class(class)).data(data.clone());
        let _ = at_step(step).general_authenticate(&sent, &mut Seeded(1));
        let info = [offer(ID_PACE_ECDH_GM_AES_CBC_CMAC_128, Curve::P256)];
        let _ = CardPace::begin(&Command::new(0x22, 0xC1, 0xA4).data(data), &spoken(&info), &mut |_| None);
    }

    #[test]
    fn no_answer_makes_the_terminal_panic(
        broken_at in 0usize..5, data in vec(any::<u8>(), 0..80), sw in prop_oneof![Just(0x9000u16), any::<u16>()],
    ) {
        let info = offer(ID_PACE_ECDH_GM_AES_CBC_CMAC_128, Curve::P256);
        let password = Password::can("123456").unwrap();
        let mut card_rng = Seeded(1);
        let mut chip = Chip::new(std::slice::from_ref(&info), &password, &mut card_rng);
        let mut at = 0;
        let mut send = |sent: Command| {
            at += 1;
            if at == broken_at + 1 {
                return Ok::<_, Infallible>(Response { data: data.clone().into(), sw: Sw(sw) });
            }
            if at > broken_at { Ok(Sw::OK.into()) } else { chip.answer(sent) }
        };
        let _ = establish(&mut send, &info, &password, &mut Seeded(2)).is_ok();
    }
}
