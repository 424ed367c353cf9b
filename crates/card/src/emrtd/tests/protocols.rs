//! Every access protocol against the whole card, and what each of them opens.

use bitaqa_apdu::fcp::Place;
use bitaqa_apdu::install::{KeySpec, KeyUse};
use bitaqa_apdu::{Command, Response, Sw, Transport, tlv};
use bitaqa_lds::security_infos::ActiveAuthenticationInfo;
use bitaqa_pki::cvc::{self, CvCertificate};
use bitaqa_pki::rsa::RsaPrivateKey;
use bitaqa_pki::{HashAlgorithm, SignatureAlgorithm};
use bitaqa_secure_messaging::aa::{self, AaError, Mechanism};
use bitaqa_secure_messaging::bac::BacError;
use bitaqa_secure_messaging::{TerminalError, pace::Password};
use time::macros::date;

use super::world::{
    FILES, ISSUER, Line, MRZ, ca_infos, can, card_with, command, content, parameters, platform, read, trust,
};
use crate::Card;
use crate::emrtd::cell;
use crate::nvm::CellId;
use crate::nvm::medium::{MemoryMedium, Phase};

/// Short identifiers of the application's files that answer with their content.
fn readable(line: &mut Line) -> Vec<u8> {
    let mut open = Vec::new();
    for (fid, sfi, place, _) in FILES.iter().filter(|file| file.2 == Place::Application) {
        let answer = line.send(read(*sfi));
        match answer.sw {
            Sw::OK => {
                assert_eq!(*answer.data, content(*fid, *place)[..4], "{fid:04X}");
                open.push(*sfi);
            }
            sw => assert_eq!((sw, answer.data.len()), (Sw::SECURITY_STATUS_NOT_SATISFIED, 0), "{fid:04X}"),
        }
    }
    open
}

const BAC: &[u8] = &[0x1E, 0x01, 0x07, 0x0E, 0x1C];
const PACE: &[u8] = &[0x1E, 0x01, 0x02, 0x0E, 0x1C];

#[test]
fn bac_opens_what_its_rules_say() {
    let mut line = Line::new(1);
    line.select();
    assert_eq!(readable(&mut line), []);
    line.bac().unwrap();
    assert_eq!(readable(&mut line), BAC);
    assert!(line.chip_authentication(0));
    assert_eq!(readable(&mut line), BAC);
    assert!(line.terminal_authentication(&ISSUER.chain), "ID_PICC is the number of the document");
    assert_eq!(readable(&mut line), [0x1E, 0x01, 0x03, 0x04, 0x07, 0x0C, 0x0E, 0x1C]);
}

#[test]
fn pace_opens_what_its_rules_say() {
    for password in [can(), Password::mrz(MRZ)] {
        let mut line = Line::new(2);
        assert!(line.pace(&password));
        line.select();
        assert_eq!(readable(&mut line), PACE);
        assert!(line.chip_authentication(1));
        assert_eq!(readable(&mut line), [0x1E, 0x01, 0x02, 0x0B, 0x0E, 0x1C]);
        assert!(line.terminal_authentication(&ISSUER.dg4_chain));
        assert_eq!(readable(&mut line), [0x1E, 0x01, 0x02, 0x04, 0x0B, 0x0C, 0x0E, 0x1C]);
    }
}

/// Every offer of DG14 in one session after the other: old keys end with each agreement, rights of the terminal too.
#[test]
fn every_chip_authentication_key_and_cipher_replaces_the_session() {
    let mut line = Line::new(3);
    line.bac().unwrap();
    line.select();
    for offer in 0..ca_infos().len() {
        assert!(line.chip_authentication(offer), "{offer}");
        assert_eq!(readable(&mut line), BAC);
    }
    assert!(line.terminal_authentication(&ISSUER.chain), "the newest key is the one that is signed");
    assert!(line.chip_authentication(0));
    assert_eq!(readable(&mut line), BAC, "rights end with the key that they stood on");
    assert!(!line.terminal_authentication(&ISSUER.chain), "once in a session");
    assert_eq!(readable(&mut line), BAC);
}

#[test]
fn a_refused_chip_authentication_leaves_the_session_as_it_was() {
    let mut line = Line::new(4);
    line.bac().unwrap();
    line.select();
    for (command, sw) in [
        (command(0x22, 0x41, 0xA6).data(tlv::tlv(0x91, &[4; 65])), Sw::REFERENCE_NOT_FOUND), // which key?
        (command(0x22, 0x41, 0xA6).data([tlv::tlv(0x91, &[4; 65]), vec![0x84, 1, 1]].concat()), Sw::WRONG_DATA),
        (command(0x22, 0x41, 0xA6).data([tlv::tlv(0x91, &[0; 128]), vec![0x84, 1, 2]].concat()), Sw::WRONG_DATA),
        (
            command(0x22, 0x41, 0xA6).data([tlv::tlv(0x91, &[4; 65]), vec![0x84, 1, 3]].concat()),
            Sw::REFERENCE_NOT_FOUND,
        ),
        (command(0x22, 0x41, 0xA4).data(tlv::tlv(0x80, &[1, 2])), Sw::WRONG_DATA),
        (command(0x86, 0, 0).data([0x7C, 0]).ne(256), Sw::CONDITIONS_NOT_SATISFIED),
    ] {
        assert_eq!(line.send(command).sw, sw);
        assert_eq!(readable(&mut line), BAC);
    }
    assert!(line.chip_authentication(2));
}

#[test]
fn terminal_authentication_gives_nothing_until_its_last_command() {
    let mut line = Line::new(5);
    line.bac().unwrap();
    line.select();
    assert!(!line.terminal_authentication(&ISSUER.chain), "not before Chip Authentication");
    line.chip_authentication(0);
    let name = |certificate: &CvCertificate| tlv::tlv(0x83, certificate.holder().as_octets());
    for certificate in &ISSUER.chain {
        let issuer = tlv::tlv(0x83, certificate.authority().as_octets());
        assert_eq!(line.send(command(0x22, 0x81, 0xB6).data(issuer)).sw, Sw::OK);
        let verify = command(0x2A, 0, 0xBE).data(certificate.command_data());
        assert_eq!(line.send(verify).sw, Sw::OK);
    }
    assert_eq!(line.send(command(0x22, 0x81, 0xA4).data(name(&ISSUER.chain[1]))).sw, Sw::OK);
    assert_eq!(line.send(command(0x84, 0, 0).ne(8)).data.len(), 8);
    assert_eq!(readable(&mut line), BAC);
    assert_eq!(line.send(command(0x82, 0, 0).data([1; 64])).sw, Sw::AUTHENTICATION_FAILED);
    assert_eq!(readable(&mut line), BAC);
    let gone = line.send(command(0x22, 0x81, 0xB6).data(name(&ISSUER.chain[0])));
    assert_eq!(gone.sw, Sw::REFERENCE_NOT_FOUND, "the imported key is gone with the error");
    assert!(line.terminal_authentication(&ISSUER.chain));
    // Another selection ends the rights (TR-03105-3.2 K_18), and they cannot be had again in this session.
    line.select();
    assert_eq!(readable(&mut line), BAC);
    assert!(!line.terminal_authentication(&ISSUER.chain));
}

/// Trust points and EF.CVCA change with the certificate and survive the loss of power.
#[test]
fn link_certificates_change_trust_points_and_ef_cvca_together() {
    let mut line = Line::new(6);
    line.bac().unwrap();
    line.select();
    line.chip_authentication(0);
    let link = ISSUER.link(2, date!(2025 - 03 - 01));
    let mut expected = trust();
    expected.trust_points.push(link.clone());
    let issuer = tlv::tlv(0x83, link.authority().as_octets());
    assert_eq!(line.send(command(0x22, 0x81, 0xB6).data(issuer.clone())).sw, Sw::OK);
    assert_eq!(line.send(command(0x2A, 0, 0xBE).data(link.command_data())).sw, Sw::OK);
    let file = line.send(read(0x1C).ne(36));
    assert_eq!(*file.data, expected.ef_cvca().unwrap());
    assert_eq!(&file.data[2..13], b"UTCVCA00002");

    line.card.reset().unwrap();
    line.sm = None;
    line.bac().unwrap();
    line.select();
    assert_eq!(*line.send(read(0x1C).ne(36)).data, expected.ef_cvca().unwrap());
    line.chip_authentication(0);
    // Both names can begin a chain; the date has moved on.
    let new = tlv::tlv(0x83, link.holder().as_octets());
    for name in [issuer, new] {
        assert_eq!(line.send(command(0x22, 0x81, 0xB6).data(name)).sw, Sw::OK);
    }
    assert!(line.terminal_authentication(&ISSUER.chain));
}

/// A card that loses power while it stores a link certificate: whether it answered, and the card when power is back.
fn loses_power_over(link: &CvCertificate, phase: Phase) -> (bool, Line) {
    let medium = MemoryMedium::default();
    let mut line = Line::with(card_with(&parameters(), &[], medium.clone(), platform(12)), 12);
    line.bac().unwrap();
    line.select();
    line.chip_authentication(0);
    let issuer = tlv::tlv(0x83, link.authority().as_octets());
    assert_eq!(line.send(command(0x22, 0x81, 0xB6).data(issuer)).sw, Sw::OK);
    medium.cut_at(medium.appends(), phase);
    let verify = command(0x2A, 0, 0xBE).data(link.command_data());
    let wire = line.sm.as_mut().unwrap().protect_command(verify).encode().unwrap();
    let answered = line.card.transmit(&wire).is_ok();
    let kept = MemoryMedium::with(medium.octets());
    (answered, Line::with(Card::load(Box::new(kept), platform(13)).unwrap(), 13))
}

/// TR-03110-3 §2.5.1: date and trust points move in one piece, and EF.CVCA with them.
#[test]
fn no_loss_of_power_parts_trust_points_date_and_ef_cvca() {
    let link = ISSUER.link(2, date!(2025 - 03 - 01));
    for (phase, is_new) in [(Phase::Before, false), (Phase::Torn, false), (Phase::After, true)] {
        let (answered, mut line) = loses_power_over(&link, phase);
        assert!(!answered);
        let mut expected = trust();
        if is_new {
            expected.trust_points.insert(0, link.clone());
            expected.current_date = link.effective();
        }
        let kept = |key| line.card.nvm.get(CellId { owner: 1, key }).unwrap();
        let points: Vec<u8> = expected.trust_points.iter().flat_map(CvCertificate::encode).collect();
        assert_eq!(kept(cell::TRUST_POINTS), points, "{phase:?}");
        assert_eq!(kept(cell::CURRENT_DATE), cvc::date_to_bcd(expected.current_date), "{phase:?}");
        line.select();
        line.bac().unwrap();
        assert_eq!(*line.send(read(0x1C).ne(36)).data, expected.ef_cvca().unwrap(), "{phase:?}");
    }
}

#[test]
fn bac_takes_one_attempt_for_a_challenge_and_only_outside_of_a_session() {
    let mut line = Line::new(7);
    line.select();
    let refused = |line: &mut Line, sw| assert_eq!(line.plain(&command(0x82, 0, 0).data([7; 40]).ne(40)).sw, sw);
    refused(&mut line, Sw::CONDITIONS_NOT_SATISFIED); // no challenge
    let challenge = |line: &mut Line| line.plain(&command(0x84, 0, 0).ne(8)).data;
    assert_ne!(challenge(&mut line), challenge(&mut line));
    refused(&mut line, Sw::AUTHENTICATION_FAILED);
    refused(&mut line, Sw::CONDITIONS_NOT_SATISFIED); // it was spent
    challenge(&mut line);
    line.plain(&command(0xB0, 0x81, 0).ne(4));
    refused(&mut line, Sw::CONDITIONS_NOT_SATISFIED); // another command came between
    challenge(&mut line);
    line.plain(&command(0xFE, 0, 0));
    refused(&mut line, Sw::CONDITIONS_NOT_SATISFIED); // an unknown one too
    line.bac().unwrap();
    let inside = line.bac();
    let status = BacError::Status { command: "GET CHALLENGE", sw: Sw::SECURITY_STATUS_NOT_SATISFIED };
    assert!(matches!(inside, Err(TerminalError::Protocol(error)) if error == status));
    assert_eq!(readable(&mut line), BAC, "and the session goes on");
}

#[test]
fn the_chip_signs_inside_of_a_session_only() {
    let mut line = Line::new(8);
    line.select();
    let ask = command(0x88, 0, 0).data([9; 8]).ne(256);
    assert_eq!(line.plain(&ask), Response::from(Sw::SECURITY_STATUS_NOT_SATISFIED));
    line.bac().unwrap();
    let plain = SignatureAlgorithm::EcdsaPlain(HashAlgorithm::Sha256).x509_oid();
    let info = ActiveAuthenticationInfo::version_1(plain);
    let (genuine, mut rng) = (ISSUER.aa_key.public().into(), super::world::rng(1));
    let mut send = |command: Command| Ok::<_, ()>(line.send(command));
    let verdict = aa::authenticate(&mut send, &genuine, Some(&info), &mut rng).unwrap();
    assert_eq!(verdict, Mechanism::Ecdsa(HashAlgorithm::Sha256));
    let other = ISSUER.chip_keys[0].1.public();
    let bitaqa_curves::PublicKey::Ec(other) = other else { panic!() };
    let verdict = aa::authenticate(&mut send, &other.into(), Some(&info), &mut rng);
    assert!(matches!(verdict, Err(TerminalError::Protocol(AaError::Signature(_)))));
    for (data, sw) in [(vec![9; 7], Sw::WRONG_LENGTH), (vec![9; 9], Sw::WRONG_LENGTH)] {
        assert_eq!(line.send(command(0x88, 0, 0).data(data).ne(256)).sw, sw);
    }
    assert_eq!(readable(&mut line), BAC);
}

/// RSA of the first documents and of today: trailer BC with SHA-1, two octets with SHA-256.
#[test]
fn the_chip_signs_with_rsa_too() {
    let key = RsaPrivateKey::generate(1024, &mut super::world::rng(9)).unwrap();
    for (digest_bytes, hash) in [(20, HashAlgorithm::Sha1), (32, HashAlgorithm::Sha256)] {
        let mut parameters = parameters();
        parameters.keys[2] = KeySpec { number: 3, usage: KeyUse::ActiveRsa, domain: 8 };
        parameters.active_digest_bytes = Some(digest_bytes);
        let cells = [(cell::KEYS | 3, key.to_pkcs8().unwrap().to_vec())];
        let card = card_with(&parameters, &cells, MemoryMedium::default(), platform(14));
        let mut line = Line::with(card, 14);
        line.bac().unwrap();
        let mut send = |command: Command| Ok::<_, ()>(line.send(command));
        let verdict = aa::authenticate(&mut send, &key.public().clone().into(), None, &mut super::world::rng(15));
        assert_eq!(verdict.unwrap(), Mechanism::Rsa(hash));
    }
}
