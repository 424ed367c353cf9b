use super::*;
use crate::TerminalError;
use crate::templates::{dynamic, general_authenticate};
use crate::testing::{Seeded, vectors};
use bitaqa_apdu::tlv::tlv;
use bitaqa_apdu::{Class, Command, Response, ins};
use bitaqa_curves::{Curve, DhGroup};
use bitaqa_lds::security_infos::{ID_PK_ECDH, SecurityInfo};
use bitaqa_pki::spki;
use core::convert::Infallible;
use proptest::collection::vec;
use proptest::prelude::*;

const P256: Domain = Domain::Ec(Curve::P256);
const MODP: Domain = Domain::Dh(DhGroup::Rfc5114_1024_160);
const AES_128: ObjectIdentifier = ID_CA_ECDH_AES_CBC_CMAC_128;
const DES: ObjectIdentifier = ID_CA_ECDH_3DES_CBC_CBC;

fn offer(protocol: ObjectIdentifier, key_id: Option<u32>) -> ChipAuthenticationInfo {
    ChipAuthenticationInfo { protocol, version: 1, key_id }
}

fn chip_key(domain: Domain) -> PrivateKey {
    domain.generate(&mut Seeded(7))
}

fn dg14_key(key: &PrivateKey, key_id: Option<u32>) -> ChipAuthenticationPublicKeyInfo {
    let protocol = if matches!(key, PrivateKey::Dh(_)) { ID_PK_DH } else { ID_PK_ECDH };
    let public_key = spki::encode_agreement_key(&key.public()).unwrap();
    ChipAuthenticationPublicKeyInfo { protocol, public_key, key_id }
}

/// A chip with one key that answers all three commands and keeps what it agreed on.
struct Chip<'a> {
    offered: &'a [ChipAuthenticationInfo],
    key: &'a PrivateKey,
    stage: Option<CardCa>,
    agreed: Option<Agreed>,
}

impl<'a> Chip<'a> {
    fn new(offered: &'a [ChipAuthenticationInfo], key: &'a PrivateKey) -> Self {
        Self { offered, key, stage: None, agreed: None }
    }

    fn answer(&mut self, sent: &Command) -> Result<Response, CaError> {
        let (response, agreed) = match (sent.ins, sent.p1p2()) {
            (ins::GENERAL_AUTHENTICATE, _) => self.stage.take().unwrap().general_authenticate(sent, self.key)?,
            (_, SET_KAT) => CardKat::begin(sent, self.offered)?.agree(self.key)?,
            _ => {
                self.stage = Some(CardCa::begin(sent, self.offered)?);
                return Ok(Sw::OK.into());
            }
        };
        self.agreed = Some(agreed);
        Ok(response)
    }

    #[allow(clippy::unnecessary_wraps)] // the shape of `send`
    fn answer_changed(&mut self, mut sent: Command, change: &dyn Fn(&mut Command)) -> Result<Response, Infallible> {
        change(&mut sent);
        Ok(self.answer(&sent).unwrap_or_else(|error| Sw::from(error).into()))
    }
}

type Outcome = (Result<Agreed, TerminalError<Infallible, CaError>>, Option<Agreed>);

fn run(
    commands: Commands,
    info: &ChipAuthenticationInfo,
    key: &PrivateKey,
    change: &dyn Fn(&mut Command),
    dg14: &ChipAuthenticationPublicKeyInfo,
) -> Outcome {
    let offered = [info.clone()];
    let mut chip = Chip::new(&offered, key);
    let result = agree_by(&mut |sent| chip.answer_changed(sent, change), commands, info, dg14, &mut Seeded(8));
    (result, chip.agreed)
}

fn speak_with_each_other(terminal: Agreed, card: Agreed, domain: Domain) {
    let (mut terminal, mut card) = (terminal, card);
    assert_eq!(terminal.pcd_compressed, card.pcd_compressed);
    let octets = if let Domain::Ec(curve) = domain { curve.field_bytes() } else { 20 };
    assert_eq!(terminal.pcd_compressed.len(), octets);
    let plain = Command::new(0xB0, 0x81, 0).ne(1);
    let wire = terminal.sm.protect_command(plain.clone());
    assert_eq!(card.sm.unprotect_command(wire), Ok(plain));
    let wire = card.sm.protect_response(Response::ok([0x61]));
    assert_eq!(terminal.sm.unprotect_response(wire), Ok(Response::ok([0x61])));
}

#[test]
fn own_chip_and_own_terminal_agree_for_every_domain_cipher_and_key_identifier() {
    for domain in Domain::STANDARDISED.iter().copied() {
        let of_family = |protocol: &&ObjectIdentifier| is_dh(**protocol) == matches!(domain, Domain::Dh(_));
        for (at, protocol) in MECHANISMS.iter().filter(of_family).enumerate() {
            let info = offer(*protocol, [None, Some(0), Some(1), Some(0x1234)][at]);
            let key = chip_key(domain);
            let usual = Commands::of(cipher_of(&info).unwrap());
            let both = if usual == Commands::SetKat { vec![usual, Commands::SetAt] } else { vec![usual] };
            for commands in both {
                let (terminal, card) = run(commands, &info, &key, &|_| (), &dg14_key(&key, info.key_id));
                speak_with_each_other(terminal.unwrap(), card.unwrap(), domain);
            }
        }
    }
}

/// A chip that copied DG14 but does not hold its private key cannot speak in the session.
#[test]
fn a_cloned_chip_is_found_out_by_the_first_message() {
    for (domain, protocol) in [(P256, AES_128), (P256, DES), (MODP, ID_CA_DH_AES_CBC_CMAC_256)] {
        let (genuine, cloned) = (chip_key(domain), domain.generate(&mut Seeded(99)));
        let info = offer(protocol, None);
        let commands = Commands::of(cipher_of(&info).unwrap());
        let (terminal, card) = run(commands, &info, &cloned, &|_| (), &dg14_key(&genuine, None));
        let wire = terminal.unwrap().sm.protect_command(Command::new(0xB0, 0x81, 0).ne(1));
        assert_eq!(card.unwrap().sm.unprotect_command(wire), Err(Sw::SM_OBJECTS_INCORRECT));
    }
}

/// The chip's answer to a public key in the place of the terminal's.
fn judged(domain: Domain, protocol: ObjectIdentifier, commands: Commands, public: &[u8]) -> bool {
    let change = |sent: &mut Command| match (sent.ins, sent.p1p2()) {
        (ins::GENERAL_AUTHENTICATE, _) => sent.data = dynamic(&[(0x80, public)]).into(),
        (_, SET_KAT) => sent.data = tlv(EPHEMERAL_KEY, public).into(),
        _ => {}
    };
    let key = chip_key(domain);
    let (terminal, card) = run(commands, &offer(protocol, None), &key, &change, &dg14_key(&key, None));
    let refused = matches!(terminal, Err(TerminalError::Protocol(CaError::Status { sw: Sw::WRONG_DATA, .. })));
    assert_eq!(refused, card.is_none());
    card.is_some()
}

#[test]
fn invalid_public_keys_are_6a80() {
    let known = [("secp256r1", Curve::P256), ("brainpoolP384r1", Curve::BrainpoolP384r1)];
    for case in vectors(include_str!("../../../../test-vectors/icao9303-11/ec_public_keys.toml")) {
        let Some((_, curve)) = known.into_iter().find(|(name, _)| *name == case.text("curve")) else { continue };
        for (protocol, commands) in
            [(ID_CA_ECDH_AES_CBC_CMAC_256, Commands::SetAt), (DES, Commands::SetKat), (DES, Commands::SetAt)]
        {
            let accepted = judged(Domain::Ec(curve), protocol, commands, &case.octets("point"));
            assert_eq!(accepted, case.text("expect") == "accepted", "{}", case.name());
        }
    }
    for case in vectors(include_str!("../../../../test-vectors/icao9303-11/dh_public_values.toml")) {
        let id = u8::try_from(case.0["id"].as_integer().unwrap()).unwrap();
        let domain = Domain::from_parameter_id(id).unwrap();
        for (protocol, commands) in
            [(ID_CA_DH_AES_CBC_CMAC_128, Commands::SetAt), (ID_CA_DH_3DES_CBC_CBC, Commands::SetKat)]
        {
            let accepted = judged(domain, protocol, commands, &case.octets("value"));
            assert_eq!(accepted, case.text("expect") == "accepted", "{}", case.name());
        }
    }
}

#[test]
fn mse_set_at_finds_the_key_or_tells_why_not() {
    let begin = |data: &str, offered: &[ChipAuthenticationInfo]| {
        let sent = Command::new(0x22, 0x41, 0xA4).data(hex::decode(data).unwrap());
        CardCa::begin(&sent, offered).map(|begun| begun.key_id())
    };
    let aes_192 = ID_CA_ECDH_AES_CBC_CMAC_192;
    let (one, named) = ([offer(AES_128, None)], [offer(AES_128, Some(1))]);
    let two = [offer(AES_128, Some(1)), offer(AES_128, Some(2)), offer(aes_192, Some(2))];
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
fn mse_set_kat_finds_the_key_among_the_offers_of_3des() {
    let begin = |data: &str, offered: &[ChipAuthenticationInfo]| {
        let sent = Command::new(0x22, 0x41, 0xA6).data(hex::decode(data).unwrap());
        CardKat::begin(&sent, offered).map(|begun| begun.key_id())
    };
    let mixed = [offer(AES_128, Some(1)), offer(DES, Some(2))];
    let two = [offer(DES, Some(1)), offer(ID_CA_DH_3DES_CBC_CBC, Some(2))];
    let one_name = [offer(DES, None), offer(ID_CA_DH_3DES_CBC_CBC, None)];
    for (data, offered, expected) in [
        ("9100", &[offer(DES, None)][..], Ok(None)),
        ("9100", &mixed, Ok(Some(2))),
        ("9100840102", &mixed, Ok(Some(2))),
        ("8401029100", &mixed, Ok(Some(2))), // TR-03110-3 §B.14: in any order
        ("9100840101", &mixed, Err(CaError::KeyReference)), // that key is for AES
        ("9100", &two, Err(CaError::KeyReference)),
        ("9100840102", &two, Ok(Some(2))),
        ("9100", &one_name, Err(CaError::KeyReference)), // two keys
        ("9100", &mixed[..1], Err(CaError::Mechanism)),
        ("9100", &[], Err(CaError::Mechanism)),
        ("840101", &two, Err(CaError::Missing(0x91))),
    ] {
        assert_eq!(begin(data, offered), expected, "{data}");
    }
    assert!(matches!(begin("91", &two), Err(CaError::Objects(_))));
    assert_eq!(CardKat::begin(&Command::new(0x22, 0x41, 0xA4), &two).err(), Some(CaError::P1P2(0x41A4)));
}

#[test]
fn a_key_of_the_other_family_agrees_on_nothing() {
    let kat = Command::new(0x22, 0x41, 0xA6).data(tlv(EPHEMERAL_KEY, chip_key(MODP).public().data_object()));
    let begun = CardKat::begin(&kat, &[offer(DES, None)]).unwrap();
    assert_eq!(begun.agree(&chip_key(MODP)).err(), Some(CaError::Family(MODP)));
    let key = chip_key(MODP);
    let (terminal, card) = run(Commands::SetAt, &offer(AES_128, None), &key, &|_| (), &dg14_key(&key, None));
    assert!(matches!(terminal, Err(TerminalError::Protocol(CaError::ChipKey(_)))) && card.is_none());
}

#[test]
fn general_authenticate_is_one_command_with_one_object() {
    let key = chip_key(P256);
    let point = P256.generator().encode();
    let answer = |sent: &Command| {
        let begun =
            CardCa::begin(&Command::new(0x22, 0x41, 0xA4).data(tlv(0x80, AES_128.as_bytes())), &[offer(AES_128, None)]);
        begun.unwrap().general_authenticate(sent, &key).map(|(response, _)| response).map_err(Sw::from)
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
    let key = chip_key(P256);
    let mut send = |_| -> Result<Response, Infallible> { panic!("nothing may be sent") };
    let mut refused = |commands, info: &ChipAuthenticationInfo, key: &ChipAuthenticationPublicKeyInfo| match agree_by(
        &mut send,
        commands,
        info,
        key,
        &mut Seeded(1),
    ) {
        Err(TerminalError::Protocol(error)) => error,
        _ => panic!("accepted"),
    };
    let info = offer(AES_128, Some(1));
    assert_eq!(refused(Commands::SetAt, &info, &dg14_key(&key, Some(2))), CaError::KeyMismatch);
    assert_eq!(refused(Commands::SetKat, &info, &dg14_key(&key, Some(1))), CaError::NotForKat(AES_128));
    let broken = ChipAuthenticationPublicKeyInfo { public_key: vec![0x30, 0], ..dg14_key(&key, Some(1)) };
    assert!(matches!(refused(Commands::SetAt, &info, &broken), CaError::ChipKey(_)));
    let later = ChipAuthenticationInfo { version: 2, ..info };
    assert!(matches!(refused(Commands::SetAt, &later, &broken), CaError::Unsupported { version: 2, .. }));
    // Nonce and token of version 2 in the answer, and data where none are due.
    for protocol in [AES_128, DES] {
        let mut send = |sent: Command| {
            let data = dynamic(&[(0x81, &[1; 8])]);
            let is_first = sent.p1p2() == SET_AT;
            Ok::<_, Infallible>(if is_first { Sw::OK.into() } else { Response::ok(data) })
        };
        let result = agree(&mut send, &offer(protocol, None), &dg14_key(&key, None), &mut Seeded(1));
        assert!(matches!(result, Err(TerminalError::Protocol(CaError::Objects(_)))));
    }
}

#[test]
fn dg14_tells_which_key_an_offer_is_for() {
    let keys = [chip_key(P256), chip_key(MODP)];
    let key = |at: usize, key_id| SecurityInfo::ChipAuthenticationPublicKey(dg14_key(&keys[at], key_id));
    let info = |protocol, key_id| SecurityInfo::ChipAuthentication(offer(protocol, key_id));
    let dh = ID_CA_DH_AES_CBC_CMAC_128;
    let read = |infos: Vec<SecurityInfo>| -> Vec<(ObjectIdentifier, Option<u32>, bool)> {
        let infos = SecurityInfos { infos };
        let row = |offer: Offer<'_>| (offer.info.protocol, offer.info.key_id, offer.key.protocol == ID_PK_DH);
        offers(&infos).into_iter().map(row).collect()
    };
    assert_eq!(read(vec![info(AES_128, None), key(0, None)]), [(AES_128, None, false)]);
    assert_eq!(read(vec![info(AES_128, None), key(0, Some(5))]), [(AES_128, None, false)]);
    // Several offers for one key, and a key for each family.
    let several = vec![info(AES_128, Some(1)), info(DES, Some(1)), info(dh, Some(2)), key(1, Some(2)), key(0, Some(1))];
    let expected = [(AES_128, Some(1), false), (DES, Some(1), false), (dh, Some(2), true)];
    assert_eq!(read(several), expected);
    assert_eq!(read(vec![info(AES_128, None), key(0, None), key(1, None)]), [(AES_128, None, false)]);
    // A key that no info names is one for 3DES.
    assert_eq!(read(vec![key(0, None)]), [(DES, None, false)]);
    assert_eq!(read(vec![key(1, Some(3))]), [(ID_CA_DH_3DES_CBC_CBC, Some(3), true)]);
    let bare_and_named = vec![info(AES_128, Some(1)), key(0, Some(1)), key(1, Some(2))];
    assert_eq!(read(bare_and_named), [(AES_128, Some(1), false), (ID_CA_DH_3DES_CBC_CBC, Some(2), true)]);
    // Nothing to be had: no key, two keys for one unnamed offer, another version, an unknown protocol.
    assert_eq!(read(vec![info(AES_128, Some(1))]), []);
    assert_eq!(read(vec![info(AES_128, None), key(0, Some(1)), key(0, Some(2))]), []);
    let later = SecurityInfo::ChipAuthentication(ChipAuthenticationInfo { version: 3, ..offer(AES_128, Some(1)) });
    assert_eq!(read(vec![later, key(0, Some(1))]), []);
    let unknown = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.2.2.3.2.9");
    assert_eq!(read(vec![info(unknown, None), key(0, None)]), []);
}

proptest! {
    #[test]
    fn key_identifiers_come_back_and_no_octets_panic(id in any::<u32>(), data in vec(any::<u8>(), 0..60)) {
        prop_assert_eq!(key_id(unsigned(&id.to_be_bytes())), Some(id));
        let _ = key_id(&data);
        let offered = [offer(AES_128, None), offer(DES, None)];
        let _ = CardCa::begin(&Command::new(0x22, 0x41, 0xA4).data(data.clone()), &offered);
        let kat = |data: Vec<u8>| CardKat::begin(&Command::new(0x22, 0x41, 0xA6).data(data), &offered);
        let _ = kat(data.clone());
        prop_assert!(kat(tlv(EPHEMERAL_KEY, &data)).unwrap().agree(&chip_key(P256)).is_err());
        let set_at = Command::new(0x22, 0x41, 0xA4).data(tlv(0x80, AES_128.as_bytes()));
        let begun = CardCa::begin(&set_at, &offered).unwrap();
        let _ = begun.general_authenticate(&Command::new(0x86, 0, 0).data(data), &chip_key(P256));
    }
}
