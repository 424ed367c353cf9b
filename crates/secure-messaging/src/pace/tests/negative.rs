//! Public keys that must be refused, reflected keys, wrong passwords, chips that lie about their static key.

use super::super::*;
use super::chip::{Chip, can, chip_key, offer, p256};
use crate::TerminalError;
use crate::templates::{dynamic, dynamic_content, dynamic_object};
use crate::testing::{Seeded, vectors};
use bitaqa_apdu::tlv::{Reader, Tag};
use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_curves::{Curve, CurveError, Domain, PrivateKey};
use bitaqa_lds::security_infos::{
    ChipAuthenticationPublicKeyInfo, ID_PACE_DH_GM_AES_CBC_CMAC_128, ID_PACE_DH_IM_AES_CBC_CMAC_128,
    ID_PACE_ECDH_CAM_AES_CBC_CMAC_128, ID_PACE_ECDH_GM_AES_CBC_CMAC_128, ID_PACE_ECDH_GM_AES_CBC_CMAC_256,
    ID_PACE_ECDH_IM_AES_CBC_CMAC_128, ID_PK_ECDH,
};
use bitaqa_pki::spki;
use core::convert::Infallible;

type Outcome = Result<Established, TerminalError<Infallible, PaceError>>;

fn protocol_error(outcome: &Outcome) -> Option<&PaceError> {
    match outcome {
        Err(TerminalError::Protocol(error)) => Some(error),
        _ => None,
    }
}

/// The public keys of test-vectors: group, octets, whether they are good.
fn public_keys() -> Vec<(Domain, Vec<u8>, bool, String)> {
    let mut keys = Vec::new();
    for file in [
        include_str!("../../../../../test-vectors/icao9303-11/ec_public_keys.toml"),
        include_str!("../../../../../test-vectors/icao9303-11/ec_public_keys_further_curves.toml"),
    ] {
        for case in vectors(file) {
            let curve = Curve::from_name(case.text("curve")).unwrap();
            keys.push((Domain::Ec(curve), case.octets("point"), accepted(&case), case.name().to_owned()));
        }
    }
    for case in vectors(include_str!("../../../../../test-vectors/icao9303-11/dh_public_values.toml")) {
        let id = u8::try_from(case.0["id"].as_integer().unwrap()).unwrap();
        let domain = Domain::from_parameter_id(id).unwrap();
        keys.push((domain, case.octets("value"), accepted(&case), case.name().to_owned()));
    }
    keys
}

fn accepted(case: &crate::testing::Case) -> bool {
    match case.text("expect") {
        "accepted" => true,
        "refused" => false,
        other => panic!("{other}"),
    }
}

/// Where a foreign public key can be put, in which mapping.
fn places(domain: Domain) -> Vec<(Offer, Step, Tag)> {
    let (generic, integrated) = match domain {
        Domain::Ec(_) => (ID_PACE_ECDH_GM_AES_CBC_CMAC_128, ID_PACE_ECDH_IM_AES_CBC_CMAC_128),
        Domain::Dh(_) => (ID_PACE_DH_GM_AES_CBC_CMAC_128, ID_PACE_DH_IM_AES_CBC_CMAC_128),
    };
    let mut places =
        vec![(offer(generic, domain), Step::Mapping, 0x81), (offer(generic, domain), Step::KeyAgreement, 0x83)];
    if domain.is_integrated_mapping_defined() {
        places.push((offer(integrated, domain), Step::KeyAgreement, 0x83));
    }
    if matches!(domain, Domain::Ec(_)) {
        places.push((offer(ID_PACE_ECDH_CAM_AES_CBC_CMAC_128, domain), Step::Mapping, 0x81));
    }
    places
}

/// Mapping or ephemeral keys of which nothing good is known: the side that gets one refuses, and no session arises; the
/// valid ones at the border are answered.
#[test]
fn bad_public_keys_are_refused_in_both_steps_by_both_sides() {
    let (keys, mut refused) = (public_keys(), 0);
    for (domain, key, accepted, name) in &keys {
        for (offer, step, tag) in places(*domain) {
            let at = format!("{domain}, {step}: {name}");
            let mut chip = Chip::new(std::slice::from_ref(&offer), &can(), 1);
            let mut send = |mut sent: Command| {
                if dynamic_object(&sent.data, tag).is_ok() {
                    sent.data = dynamic(&[(tag, key)]).into();
                }
                chip.answer(sent)
            };
            let outcome = establish(&mut send, &offer.info, &can(), &mut Seeded(2));
            let (refusal, wrong) = (PaceError::Status { step, sw: Sw(0x6A80) }, PaceError::PasswordRefused(Sw(0x6300)));
            // Of good keys the two sides have different ones, so that the tokens differ.
            assert_eq!(protocol_error(&outcome), Some(if *accepted { &wrong } else { &refusal }), "{at}");
            assert!(chip.stage.is_none() && chip.established.is_none());

            let mut chip = Chip::new(std::slice::from_ref(&offer), &can(), 1);
            let mut send = |sent: Command| {
                let is_place = dynamic_object(&sent.data, tag).is_ok();
                let answer = chip.answer(sent)?;
                Ok::<_, Infallible>(if is_place { Response::ok(dynamic(&[(tag + 1, key)])) } else { answer })
            };
            let outcome = establish(&mut send, &offer.info, &can(), &mut Seeded(2));
            let error = protocol_error(&outcome).expect(&at);
            assert_eq!(matches!(error, PaceError::PublicKey { step: s, .. } if *s == step), !accepted, "{at}: {error}");
            refused += usize::from(!accepted);
        }
    }
    assert_eq!((keys.len(), refused), (269, 798), "vectors and refusals a side");
}

/// Mirrors: each side sends the other one's public key back, in the mapping or in the key agreement.
#[test]
fn reflected_keys_are_refused_by_both_sides() {
    for domain in [Domain::Ec(Curve::BrainpoolP256r1), Domain::from_parameter_id(0).unwrap()] {
        for (offer, step, tag) in places(domain) {
            let mut chip = Chip::new(std::slice::from_ref(&offer), &can(), 1);
            let mut send = |sent: Command| match dynamic_object(&sent.data, tag) {
                Ok(key) => Ok::<_, Infallible>(Response::ok(dynamic(&[(tag + 1, key)]))),
                Err(_) => chip.answer(sent),
            };
            let outcome = establish(&mut send, &offer.info, &can(), &mut Seeded(2));
            assert_eq!(protocol_error(&outcome), Some(&PaceError::Reflected(step)));

            // The chip's key is known beforehand: the same randomness gives the same key, whatever the terminal sends.
            let mut seen = None;
            let mut chip = Chip::new(std::slice::from_ref(&offer), &can(), 1);
            let mut watch = |sent: Command| {
                let is_place = dynamic_object(&sent.data, tag).is_ok();
                let answer = chip.answer(sent)?;
                if is_place {
                    seen = Some(dynamic_object(&answer.data, tag + 1).unwrap().to_vec());
                }
                Ok::<_, Infallible>(answer)
            };
            establish(&mut watch, &offer.info, &can(), &mut Seeded(2)).unwrap();
            let mut chip = Chip::new(std::slice::from_ref(&offer), &can(), 1);
            let mut send = |mut sent: Command| {
                if dynamic_object(&sent.data, tag).is_ok() {
                    sent.data = dynamic(&[(tag, seen.as_ref().unwrap())]).into();
                }
                chip.answer(sent)
            };
            let outcome = establish(&mut send, &offer.info, &can(), &mut Seeded(2));
            assert_eq!(protocol_error(&outcome), Some(&PaceError::Status { step, sw: Sw(0x6300) }));
        }
    }
}

#[test]
fn a_wrong_password_is_6300_and_leaves_no_stage() {
    let offer = p256(ID_PACE_ECDH_GM_AES_CBC_CMAC_256);
    let mut chip = Chip::new(std::slice::from_ref(&offer), &can(), 1);
    let wrong = Password::can("123457").unwrap();
    let outcome = establish(&mut |sent| chip.answer(sent), &offer.info, &wrong, &mut Seeded(2));
    assert_eq!(protocol_error(&outcome), Some(&PaceError::PasswordRefused(Sw(0x6300))));
    assert!(chip.stage.is_none() && chip.established.is_none());
}

/// A chip that does not know the password cannot end the run by a token of its own making.
#[test]
fn a_chip_with_another_password_is_refused_by_the_terminal() {
    let offer = p256(ID_PACE_ECDH_GM_AES_CBC_CMAC_128);
    let mut chip = Chip::new(std::slice::from_ref(&offer), &Password::can("000000").unwrap(), 1);
    let mut send = |sent: Command| match dynamic_object(&sent.data, 0x85) {
        Ok(token) => Ok::<_, Infallible>(Response::ok(dynamic(&[(0x86, token)]))),
        Err(_) => chip.answer(sent),
    };
    let outcome = establish(&mut send, &offer.info, &can(), &mut Seeded(2));
    assert_eq!(protocol_error(&outcome), Some(&PaceError::Token));
}

/// The data objects of a template.
type Objects = Vec<(Tag, Vec<u8>)>;

/// The outcome when the objects of the last response are replaced.
fn with_last_response(offer: &Offer, change: &dyn Fn(&mut Objects)) -> Outcome {
    let mut chip = Chip::new(std::slice::from_ref(offer), &can(), 1);
    let mut send = |sent: Command| {
        let last = dynamic_object(&sent.data, 0x85).is_ok();
        let answer = chip.answer(sent)?;
        if !last {
            return Ok::<_, Infallible>(answer);
        }
        let (mut reader, mut objects) = (Reader::new(dynamic_content(&answer.data).unwrap()), Vec::new());
        while let Some(object) = reader.next().unwrap() {
            objects.push((object.tag, object.value.to_vec()));
        }
        change(&mut objects);
        let objects: Vec<_> = objects.iter().map(|(tag, value)| (*tag, &value[..])).collect();
        Ok(Response::ok(dynamic(&objects)))
    };
    establish(&mut send, &offer.info, &can(), &mut Seeded(2))
}

#[test]
fn encrypted_chip_authentication_data_stand_where_they_must_and_nowhere_else() {
    let cam = p256(ID_PACE_ECDH_CAM_AES_CBC_CMAC_128);
    let error = |outcome: &Outcome| protocol_error(outcome).cloned();
    let missing = with_last_response(&cam, &|objects| objects.truncate(1));
    assert_eq!(error(&missing), Some(PaceError::ChipAuthenticationMissing));
    for protocol in [ID_PACE_ECDH_GM_AES_CBC_CMAC_128, ID_PACE_ECDH_IM_AES_CBC_CMAC_128] {
        let added = with_last_response(&p256(protocol), &|objects| objects.push((0x8A, vec![0; 48])));
        assert_eq!(error(&added), Some(PaceError::ChipAuthenticationUnexpected));
    }
    // Cut, empty, no blocks, no padding, a whole block too many: all behind a token that is right.
    for change in [
        (|octets: &mut Vec<u8>| octets.truncate(32)) as fn(&mut Vec<u8>),
        |octets| octets.clear(),
        |octets| octets.truncate(1),
        |octets| octets[40] ^= 1,
        |octets| octets.extend([0; 16]),
    ] {
        let changed = with_last_response(&cam, &|objects| change(&mut objects[1].1));
        assert_eq!(error(&changed), Some(PaceError::ChipAuthenticationData));
    }
}

/// The keys of EF.CardSecurity decide; who holds another one is a copy.
#[test]
fn a_chip_without_the_static_key_is_no_chip_of_the_issuer() {
    let cam = p256(ID_PACE_ECDH_CAM_AES_CBC_CMAC_128);
    let domain = cam.suite.domain;
    let entry = |key: &PrivateKey, key_id| ChipAuthenticationPublicKeyInfo {
        protocol: ID_PK_ECDH,
        public_key: spki::encode_agreement_key(&key.public()).unwrap(),
        key_id,
    };
    let own = entry(&chip_key(domain), Some(12));
    let other = entry(&PrivateKey::from_bytes(domain, &[9; 19]).unwrap(), Some(12));
    let on_another = |id| entry(&chip_key(Domain::from_parameter_id(id).unwrap()), Some(12));
    let proof = with_last_response(&cam, &|_| {}).unwrap().chip_authentication.unwrap();
    let copy = PaceError::ChipAuthentication(CurveError::ChipAuthentication);
    assert_eq!(proof.verify(&[entry(&chip_key(domain), None), own.clone()]), Ok(()));
    assert_eq!(proof.verify(std::slice::from_ref(&other)), Err(copy.clone()));
    assert_eq!(proof.verify(&[]), Err(PaceError::NoStaticKey(12)));
    assert_eq!(proof.verify(&[entry(&chip_key(domain), None)]), Err(PaceError::NoStaticKey(12)));
    for id in [0, 13] {
        assert!(matches!(proof.verify(&[on_another(id)]), Err(PaceError::StaticKey { key_id: 12, .. })));
    }
    let broken = ChipAuthenticationPublicKeyInfo { public_key: vec![0x30, 0x00], ..own.clone() };
    assert!(matches!(proof.verify(&[broken]), Err(PaceError::StaticKey { key_id: 12, .. })));
    // The first block of DO 8A says another number, under a padding that is right.
    let lying = with_last_response(&cam, &|objects| objects[1].1[3] ^= 1).unwrap().chip_authentication.unwrap();
    assert!(matches!(lying.verify(&[own]), Err(PaceError::ChipAuthentication(_))));
}

/// A chip that has no static key says so before it gives a nonce away.
#[test]
fn chip_authentication_mapping_without_a_key_is_refused() {
    let cam = p256(ID_PACE_ECDH_CAM_AES_CBC_CMAC_128);
    for key in [None, Some(chip_key(Domain::Ec(Curve::P384)))] {
        let mut chip = Chip::new(std::slice::from_ref(&cam), &can(), 1);
        chip.static_key = key;
        let outcome = establish(&mut |sent| chip.answer(sent), &cam.info, &can(), &mut Seeded(2));
        let refused = PaceError::Status { step: Step::Nonce, sw: Sw::REFERENCE_NOT_FOUND };
        assert_eq!(protocol_error(&outcome), Some(&refused));
    }
}
