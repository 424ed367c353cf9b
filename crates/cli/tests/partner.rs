//! A partner's application on a card: the issuer makes domain, first keys and token, the partner does the rest by its
//! own keys, and neither application opens the other.

// Helpers of tests may panic like tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use crate::line;
use crate::support::{self, Desk, run};
use bitaqa_apdu::{Command, Sw, Transport, ins};
use bitaqa_card::Card;
use bitaqa_card::nvm::medium::FileMedium;
use bitaqa_pki::{HashAlgorithm, Signature, SignatureAlgorithm, spki};
use bitaqa_profile::Profile;
use serde_json::json;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../card-profiles/lab-health.json");

/// An issued card with a partner's domain, and the folder that the partner got.
fn issued() -> Desk {
    let desk = Desk::for_profile("lab-health");
    let (record, pki, image) = (desk.arg("applicant/record.json"), desk.arg("pki"), desk.arg("card.image"));
    let order = ["personalise", "--profile", "lab-health", "--applicant", &record, "--pki", &pki, "--image", &image];
    run(&[&order[..], &["--yes"]].concat()).expect_code(0);
    let out = desk.arg("health");
    run(&["pki", "partner", &pki, "health", "--profile", "lab-health", "--out", &out]).expect_code(0);
    desk
}

fn install(desk: &Desk) -> support::Output {
    let (keys, image) = (desk.arg("health"), desk.arg("card.image"));
    let by = ["--profile", "lab-health", "--keys", &keys, "--data", DATA, "--image", &image, "--json"];
    run(&[&["partner", "install", "health"], &by[..]].concat())
}

/// A reader's view of the image.
fn card(desk: &Desk) -> Card {
    let medium = FileMedium::open(&desk.image()).unwrap();
    Card::load(Box::new(medium), Box::new(line::SeededPlatform::new(5, &line::Waits::default()))).unwrap()
}

fn sw(card: &mut Card, command: &Command) -> (Sw, Vec<u8>) {
    let answer = card.transmit(&command.encode().unwrap()).unwrap();
    let response = bitaqa_apdu::Response::parse(&answer).unwrap();
    (response.sw, response.data.to_vec())
}

fn select(card: &mut Card, aid: &bitaqa_apdu::Aid) -> Sw {
    sw(card, &Command::new(ins::SELECT, 0x04, 0x0C).data(aid.as_bytes())).0
}

fn read(card: &mut Card, sfi: u8) -> (Sw, Vec<u8>) {
    sw(card, &Command::new(ins::READ_BINARY, 0x80 | sfi, 0).ne(64))
}

#[test]
fn a_partner_installs_by_its_own_keys_and_a_token_and_its_files_open_by_its_pin() {
    let desk = issued();
    // nothing of the issuer is left where the partner works
    std::fs::rename(desk.path("pki"), desk.path("elsewhere")).unwrap();
    let installed = install(&desk).expect_code(0).json();
    assert_eq!((&installed["result"], &installed["partner"]), (&json!("installed"), &json!("health")));
    assert!(installed["receipt"].as_str().unwrap().len() > 32, "{installed}");
    assert_eq!(install(&desk).code, 4, "an instance of this name is there");

    let profile = Profile::builtin("lab-health").unwrap();
    let partner = &profile.partners[0];
    let mut card = card(&desk);
    assert_eq!(select(&mut card, &partner.instance_aid), Sw::OK);
    assert_eq!(read(&mut card, 1).1, b"SPECIMEN health cover, scheme 00, since 2026-01-01");
    assert_eq!(read(&mut card, 2).0, Sw::SECURITY_STATUS_NOT_SATISFIED, "the cover needs the PIN");
    let verify = |value: &[u8]| Command::new(ins::VERIFY, 0x00, 0x81).data(value);
    assert_eq!(sw(&mut card, &verify(b"0000")).0, Sw(0x63C2));
    assert_eq!(sw(&mut card, &verify(b"2468")).0, Sw::OK);
    assert!(read(&mut card, 2).1.starts_with(b"SPECIMEN member"));
    let update = Command::new(ins::UPDATE_BINARY, 0x83, 0x09).data(*b"one visit, SPECIMEN");
    assert_eq!(sw(&mut card, &update).0, Sw::OK);
    assert_eq!(
        sw(&mut card, &Command::new(ins::UPDATE_BINARY, 0x82, 0).data([0x41])).0,
        Sw::SECURITY_STATUS_NOT_SATISFIED
    );

    // The key that the card made for the partner signs a challenge once the PIN was shown.
    let public = spki::decode_key(&hex::decode(installed["keys"]["1"].as_str().unwrap()).unwrap()).unwrap();
    let authenticate = Command::new(0x88, 0, 0).data([7; 32]).ne(256);
    assert_eq!(sw(&mut card, &Command::new(0x22, 0x41, 0xA4).data([0x84, 1, 1])).0, Sw::OK);
    let (answer, signature) = sw(&mut card, &authenticate);
    assert_eq!(answer, Sw::OK);
    let digest = SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha256);
    assert!(public.verify(digest, &[7; 32], &Signature(signature)).is_ok());

    // What the partner's PIN opened opens nothing of the eMRTD, and the partner's files are closed again behind it.
    assert_eq!(select(&mut card, &profile.emrtd.instance_aid), Sw::OK);
    assert_eq!(read(&mut card, 1).0, Sw::SECURITY_STATUS_NOT_SATISFIED);
    assert_eq!(select(&mut card, &partner.instance_aid), Sw::OK);
    assert_eq!(read(&mut card, 2).0, Sw::SECURITY_STATUS_NOT_SATISFIED);
    sw(&mut card, &Command::new(0x22, 0x41, 0xA4).data([0x84, 1, 1]));
    assert_ne!(sw(&mut card, &authenticate).0, Sw::OK, "the key is closed again as well");
}

#[test]
fn without_the_issuers_token_or_with_other_keys_nothing_is_installed() {
    let desk = issued();
    let token = desk.path("health/token.hex");
    let good = std::fs::read_to_string(&token).unwrap();
    std::fs::write(&token, good.replacen(&good[10..12], if &good[10..12] == "00" { "01" } else { "00" }, 1)).unwrap();
    let refused = install(&desk);
    assert_eq!(refused.code, 4);
    assert!(
        refused.stdout.contains("6982") || refused.stderr.contains("6982"),
        "{} {}",
        refused.stdout,
        refused.stderr
    );
    std::fs::write(&token, good).unwrap();
    install(&desk).expect_code(0);
}
