//! PACE: keys of a case are those of 9303-11 appendix G.

use crate::case::{Case, command, response};
use crate::script::Script;
use bitaqa_apdu::{Command, tlv};
use bitaqa_curves::{Domain, PrivateKey};
use bitaqa_lds::security_infos::{self, ChipAuthenticationPublicKeyInfo, ID_PK_ECDH, PaceInfo, SecurityInfo};
use bitaqa_pki::spki;
use bitaqa_secure_messaging::SecureMessaging;
use bitaqa_secure_messaging::pace::{
    self, CardPace, CardStep, Established, Mapping, Offer, Password, PasswordKind, Request,
};
use bitaqa_secure_messaging::sm::IsoSm;
use core::convert::Infallible;

/// Both roles of one dialogue.
pub fn replay(case: &Case) {
    let offer = offer(case);
    let password = password(case);
    let mut card = as_card(case, &offer, &password, &case.dialogue());
    check(case, &offer, &mut card);
    let mut terminal = as_terminal(case, &offer, &password, &case.dialogue());
    check(case, &offer, &mut terminal);
    check_proof(case, &terminal);
    replay_padded(case, &offer, &password);
    if let Some(printed) = case.maybe("last_response_printed") {
        let mut dialogue = case.dialogue();
        dialogue.last_mut().unwrap().1 = printed;
        let terminal = as_terminal(case, &offer, &password, &dialogue);
        assert_eq!(terminal.certification_authority_references, [b"DETESTCVCA00003"]);
    }
}

/// A peer that keeps the zeros on the left of its DH keys in the data objects is understood all the same: what either
/// role makes of the key, the token among it, does not change.
fn replay_padded(case: &Case, offer: &Offer, password: &Password) {
    let Domain::Dh(group) = offer.suite.domain else { return };
    let padded = |data: &[u8], tag| {
        let value = tlv::only(data, 0x7C).and_then(|content| tlv::only(content, tag)).ok()?;
        let missing = group.public_bytes().checked_sub(value.len()).filter(|missing| *missing > 0)?;
        Some(tlv::tlv(0x7C, &tlv::tlv(tag, &[&vec![0; missing], value].concat())))
    };
    let keys_of_mapping = offer.suite.mapping != Mapping::Integrated;
    let (mut to_card, mut to_terminal) = (case.dialogue(), case.dialogue());
    for (index, tag) in [(2, 0x81), (3, 0x83)].into_iter().filter(|(index, _)| *index == 3 || keys_of_mapping) {
        let mut sent = command(&to_card[index].0);
        if let Some(data) = padded(&sent.data, tag) {
            sent.data = data.into();
            to_card[index].0 = sent.encode().unwrap().to_vec();
        }
        let answer = response(&to_terminal[index].1);
        if let Some(data) = padded(&answer.data, tag + 1) {
            to_terminal[index].1 = [data, vec![0x90, 0x00]].concat();
        }
    }
    if to_card != case.dialogue() {
        check(case, offer, &mut as_card(case, offer, password, &to_card));
    }
    if to_terminal != case.dialogue() {
        check(case, offer, &mut as_terminal(case, offer, password, &to_terminal));
    }
}

fn offer(case: &Case) -> Offer {
    let protocol = security_infos::protocol(case.text("mechanism")).expect("a protocol of 9303-11 §9.2.3");
    let parameter_id = Some(u8::try_from(case.number("parameter_id")).unwrap());
    let info = PaceInfo { protocol, version: 2, parameter_id };
    if let Some(printed) = case.maybe("pace_info") {
        assert_eq!(SecurityInfo::from_der(&printed).unwrap(), SecurityInfo::Pace(info.clone()));
    }
    if let Some(file) = case.maybe("ef_card_access") {
        let infos = security_infos::SecurityInfos::from_der(&file).unwrap();
        assert_eq!(pace::offers(&infos).spoken, [Offer::of(&info).unwrap()]);
    }
    Offer::of(&info).unwrap()
}

fn password(case: &Case) -> Password {
    let kind = match case.text("password") {
        "MRZ" => PasswordKind::Mrz,
        "CAN" => PasswordKind::Can,
        "PIN" => PasswordKind::Pin,
        "PUK" => PasswordKind::Puk,
        other => panic!("{other}"),
    };
    let password = Password::from_secret(kind, &case.octets("secret"));
    if case.has("mrz_key_input") {
        assert_eq!(Password::mrz(case.text("mrz_key_input")).secret(), password.secret());
    }
    password
}

/// Nonces and keys of one role, in the order in which it draws them.
fn script(case: &Case, offer: &Offer, nonce: Option<&str>, keys: [&str; 2]) -> Script {
    let script = nonce.map_or_else(Script::new, |nonce| Script::new().octets(case.octets(nonce)));
    let keys = keys.into_iter().filter(|key| case.has(key));
    keys.fold(script, |script, key| script.key(offer.suite.domain, &case.octets(key)))
}

fn as_card(case: &Case, offer: &Offer, password: &Password, dialogue: &[(Vec<u8>, Vec<u8>)]) -> Established {
    let mut rng = script(case, offer, Some("nonce_s"), ["map_ic_priv", "eph_ic_priv"]);
    let mut dialogue = dialogue.iter();
    let (sent, answer) = dialogue.next().unwrap();
    let mut stored = |kind| (kind == password.kind()).then(|| password.clone());
    // Beside another offer of the same protocol DO 84 would be needed, so there is one only where it is missing.
    let mut pace = CardPace::begin(&command(sent), std::slice::from_ref(offer), &mut stored).unwrap();
    assert_eq!(*answer, [0x90, 0x00]);
    if let Some(key) = case.maybe("chip_key") {
        pace = pace.chip_key(PrivateKey::from_bytes(offer.suite.domain, &key).unwrap());
    }
    for (sent, answer) in dialogue {
        match pace.general_authenticate(&command(sent), &mut rng).unwrap() {
            CardStep::Continue(next, response) => {
                assert_eq!(hex::encode_upper(&*response.encode()), hex::encode_upper(answer));
                pace = next;
            }
            CardStep::Done(response, established) => {
                assert_eq!(hex::encode_upper(&*response.encode()), hex::encode_upper(answer));
                assert!(rng.is_spent());
                return established;
            }
        }
    }
    panic!("the dialogue ends before the run does")
}

fn as_terminal(case: &Case, offer: &Offer, password: &Password, dialogue: &[(Vec<u8>, Vec<u8>)]) -> Established {
    let nonce = case.has("nonce_t").then_some("nonce_t");
    let mut rng = script(case, offer, nonce, ["map_ifd_priv", "eph_ifd_priv"]);
    let mut exchanges = dialogue.iter();
    let mut send = |sent: Command| {
        let (expected, answer) = exchanges.next().expect("an exchange more than the dialogue has");
        assert_eq!(hex::encode_upper(sent.encode().unwrap()), hex::encode_upper(expected));
        Ok::<_, Infallible>(response(answer))
    };
    let request = Request { parameter_id: case.flag("do84"), trust_points: false };
    let established = pace::establish_with(&mut send, offer, request, password, &mut rng).unwrap();
    assert!(exchanges.next().is_none() && rng.is_spent());
    established
}

/// The session has the keys of the case, and both Comp() are those of Terminal Authentication.
fn check(case: &Case, offer: &Offer, established: &mut Established) {
    let (ks_enc, ks_mac) = (case.octets("ks_enc"), case.octets("ks_mac"));
    let mut expected = IsoSm::new(offer.suite.cipher, &ks_enc, &ks_mac).unwrap();
    let plain = Command::new(0xB0, 0x9E, 0).data([1, 2, 3]).ne(5);
    assert_eq!(established.sm.protect_command(plain.clone()), expected.protect_command(plain));
    assert_eq!(established.suite, offer.suite);
    assert_eq!(established.password as u8, password(case).kind() as u8);
    if case.has("id_picc") {
        assert_eq!(established.id_picc, case.octets("id_picc"));
        assert_eq!(established.pcd_compressed, case.octets("pcd_compressed"));
    }
}

/// What the chip said of its static key holds for that key, and for no other one.
fn check_proof(case: &Case, terminal: &Established) {
    assert_eq!(terminal.chip_authentication.is_some(), terminal.suite.mapping == Mapping::ChipAuthentication);
    let Some(proof) = &terminal.chip_authentication else { return };
    let domain = terminal.suite.domain;
    let key = PrivateKey::from_bytes(domain, &case.octets("chip_key")).unwrap();
    let info = |key: &PrivateKey, key_id| ChipAuthenticationPublicKeyInfo {
        protocol: ID_PK_ECDH,
        public_key: spki::encode_agreement_key(&key.public()).unwrap(),
        key_id: Some(key_id),
    };
    let id = u32::from(domain.parameter_id());
    let another = PrivateKey::from_bytes(domain, &[7; 19]).unwrap();
    assert_eq!(proof.verify(&[info(&another, id + 1), info(&key, id)]), Ok(()));
    assert!(proof.verify(&[info(&another, id)]).is_err());
    assert!(proof.verify(&[info(&key, id + 1)]).is_err());
    assert!(proof.verify(&[]).is_err());
    if let Some(printed) = case.maybe("chip_authentication_public_key_info") {
        let SecurityInfo::ChipAuthenticationPublicKey(printed) = SecurityInfo::from_der(&printed).unwrap() else {
            panic!("no key");
        };
        assert_eq!(proof.verify(&[printed]), Ok(()));
    }
}
