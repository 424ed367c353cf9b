//! Whether the chip is the one that was issued, as far as a script can play it: Active Authentication, and keys that
//! nobody vouches for.

use crate::document::{card, expect, groups, inspect, inspect_trusting, notes, only_bad, rng};
use crate::scripted::{PACE_GM, ScriptedCard, infos};
use bitaqa_apdu::tlv::tlv;
use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_curves::{Curve, SecretScalar};
use bitaqa_lds::security_infos::{
    ActiveAuthenticationInfo, ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo, ID_CA_ECDH_AES_CBC_CMAC_128,
    ID_PK_ECDH, SecurityInfo, SecurityInfos,
};
use bitaqa_pki::rsa::{RsaPrivateKey, RsaSigner};
use bitaqa_pki::spki::{self, Form};
use bitaqa_pki::{HashAlgorithm, PublicKey, SignatureAlgorithm, Signer, TrustStore};
use bitaqa_secure_messaging::aa;
use bitaqa_terminal::inspection::steps;
use std::sync::OnceLock;

fn rsa() -> &'static RsaPrivateKey {
    static KEY: OnceLock<RsaPrivateKey> = OnceLock::new();
    KEY.get_or_init(|| RsaPrivateKey::generate(2048, &mut rng(98)).unwrap())
}

fn scalar(seed: u8) -> SecretScalar {
    SecretScalar::from_bytes(Curve::BrainpoolP256r1, &[seed; 31]).unwrap()
}

/// DG15 with this key.
fn dg15(key: &PublicKey) -> (u8, Vec<u8>) {
    (15, tlv(0x6F, &spki::encode_key(key, Form::Named).unwrap()))
}

/// DG14 with these entries.
pub fn dg14(infos: Vec<SecurityInfo>) -> (u8, Vec<u8>) {
    (14, tlv(0x6E, &SecurityInfos::new(infos).unwrap().to_der().unwrap()))
}

fn ecdsa_info(hash: HashAlgorithm) -> SecurityInfo {
    let oid = SignatureAlgorithm::EcdsaPlain(hash).x509_oid();
    SecurityInfo::ActiveAuthentication(ActiveAuthenticationInfo::version_1(oid))
}

/// A card with these groups beside DG1 and DG2.
fn with(further: &[(u8, Vec<u8>)]) -> ScriptedCard {
    card(&[groups(), further.to_vec()].concat())
}

/// INTERNAL AUTHENTICATE answered by this.
fn answering(mut card: ScriptedCard, answer: impl Fn(&Command) -> Response + 'static) -> ScriptedCard {
    card.compute("0088", move |octets| answer(&Command::parse(octets).unwrap()).encode().to_vec());
    card
}

#[test]
fn active_authentication_with_rsa_and_ecdsa_passes_and_names_the_mechanism() {
    let signs = |command: &Command| aa::respond_rsa(command, rsa(), HashAlgorithm::Sha256, &mut rng(3)).unwrap();
    let found = inspect(&mut answering(
        with(&[dg15(&RsaSigner::pkcs1(rsa().clone(), HashAlgorithm::Sha256, &mut rng(4)).unwrap().public_key())]),
        signs,
    ));
    only_bad(&found, &[]);
    expect(&found, steps::ACTIVE_AUTHENTICATION, "passed", "");
    assert_eq!(notes(&found, steps::ACTIVE_AUTHENTICATION), "RSA SHA-256");

    let groups = [dg14(vec![ecdsa_info(HashAlgorithm::Sha256)]), dg15(&scalar(1).public().into())];
    let signs = |command: &Command| aa::respond_ecdsa(command, &scalar(1), HashAlgorithm::Sha256).unwrap();
    let found = inspect(&mut answering(with(&groups), signs));
    only_bad(&found, &[]);
    assert_eq!(notes(&found, steps::ACTIVE_AUTHENTICATION), "ECDSA SHA-256");
}

#[test]
fn a_copied_chip_fails_active_authentication() {
    let groups = [dg14(vec![ecdsa_info(HashAlgorithm::Sha256)]), dg15(&scalar(1).public().into())];
    let other = |command: &Command| aa::respond_ecdsa(command, &scalar(2), HashAlgorithm::Sha256).unwrap();
    only_bad(&inspect(&mut answering(with(&groups), other)), &[steps::ACTIVE_AUTHENTICATION]);
    // A signature recorded earlier, over another challenge.
    let recorded = |_: &Command| {
        let command = Command::new(0x88, 0, 0).data([7; 8]);
        aa::respond_ecdsa(&command, &scalar(1), HashAlgorithm::Sha256).unwrap()
    };
    only_bad(&inspect(&mut answering(with(&groups), recorded)), &[steps::ACTIVE_AUTHENTICATION]);
    let found = inspect(&mut answering(with(&groups), |_| Response::from(Sw::INS_NOT_SUPPORTED)));
    expect(&found, steps::ACTIVE_AUTHENTICATION, "failed", "6D00");
}

#[test]
fn a_signature_of_zeros_is_refused() {
    let groups = [dg14(vec![ecdsa_info(HashAlgorithm::Sha256)]), dg15(&scalar(1).public().into())];
    for zero in [0..32, 32..64, 0..64] {
        let found = inspect(&mut answering(with(&groups), move |command| {
            let good = aa::respond_ecdsa(command, &scalar(1), HashAlgorithm::Sha256).unwrap();
            let mut signature = good.data.to_vec();
            signature[zero.clone()].fill(0);
            Response::ok(signature)
        }));
        only_bad(&found, &[steps::ACTIVE_AUTHENTICATION]);
    }
    for length in [0, 1, 63, 65] {
        let found = inspect(&mut answering(with(&groups), move |_| Response::ok(vec![1; length])));
        only_bad(&found, &[steps::ACTIVE_AUTHENTICATION]);
    }
}

#[test]
fn ecdsa_without_its_algorithm_in_dg14_is_a_failure_that_names_the_entry() {
    let found = inspect(&mut with(&[dg15(&scalar(1).public().into())]));
    only_bad(&found, &[steps::ACTIVE_AUTHENTICATION]);
    expect(&found, steps::ACTIVE_AUTHENTICATION, "failed", "DG14 does not tell the algorithm");
}

#[test]
fn a_dg15_that_holds_no_key_fails() {
    for content in [vec![], tlv(0x30, &[]), vec![0x30, 0x05, 1]] {
        let found = inspect(&mut with(&[(15, tlv(0x6F, &content))]));
        assert_eq!(crate::document::bad(&found), ["DG15 hash"]);
        expect(&found, steps::ACTIVE_AUTHENTICATION, "not_attempted", "DG15");
    }
}

/// A key of Chip Authentication, with its offer.
pub fn chip_key(key: &SecretScalar) -> Vec<SecurityInfo> {
    let public_key = spki::encode(&key.public(), Form::Named).unwrap();
    vec![
        SecurityInfo::ChipAuthentication(ChipAuthenticationInfo {
            protocol: ID_CA_ECDH_AES_CBC_CMAC_128,
            version: 1,
            key_id: None,
        }),
        SecurityInfo::ChipAuthenticationPublicKey(ChipAuthenticationPublicKeyInfo {
            protocol: ID_PK_ECDH,
            public_key,
            key_id: None,
        }),
    ]
}

#[test]
fn keys_that_nobody_vouches_for_are_not_tried() {
    let groups = [
        dg14(chip_key(&scalar(1))),
        dg15(&RsaSigner::pkcs1(rsa().clone(), HashAlgorithm::Sha256, &mut rng(4)).unwrap().public_key()),
    ];
    let mut broken = with(&groups);
    let sod = broken.application.get_mut(&0x1D).unwrap();
    let last = sod.len() - 1;
    sod[last] ^= 1;
    let found = inspect(&mut broken);
    expect(&found, steps::CHIP_AUTHENTICATION, "not_attempted", "nobody vouches for the key: SOD signature");
    expect(&found, steps::ACTIVE_AUTHENTICATION, "not_attempted", "nobody vouches for the key");
    assert!(!broken.heard("0022") && !broken.heard("0088"));

    let stranger = crate::document::issuer(2);
    let mut foreign = with(&groups);
    let found = inspect_trusting(&mut foreign, &crate::document::trusting(&[&stranger.csca.certificate]));
    expect(&found, steps::CHIP_AUTHENTICATION, "not_attempted", "DS certificate path");

    // A DG14 that is not the signed one.
    let mut swapped = with(&groups);
    swapped.application.insert(14, dg14(chip_key(&scalar(2))).1);
    let found = inspect(&mut swapped);
    only_bad(&found, &["DG14 hash", steps::ACTIVE_AUTHENTICATION]);
    expect(&found, steps::CHIP_AUTHENTICATION, "not_attempted", "DG14 is missing");
    assert!(!swapped.heard("0022"));
}

#[test]
fn without_trust_keys_are_tried_and_a_note_says_what_that_is_worth() {
    let signs = |command: &Command| aa::respond_rsa(command, rsa(), HashAlgorithm::Sha256, &mut rng(3)).unwrap();
    let mut card = answering(
        with(&[dg15(&RsaSigner::pkcs1(rsa().clone(), HashAlgorithm::Sha256, &mut rng(4)).unwrap().public_key())]),
        signs,
    );
    let found = inspect_trusting(&mut card, &TrustStore::new());
    expect(&found, steps::ACTIVE_AUTHENTICATION, "passed", "");
    assert!(notes(&found, steps::ACTIVE_AUTHENTICATION).contains("nobody here trusts"));
    assert!(!found.is_positive());
}

#[test]
fn chip_authentication_that_is_refused_or_has_no_usable_key_fails() {
    let mut refused = with(&[dg14(chip_key(&scalar(1)))]);
    refused.always("0022", "6A80");
    let found = inspect(&mut refused);
    only_bad(&found, &[steps::CHIP_AUTHENTICATION]);
    expect(&found, steps::CHIP_AUTHENTICATION, "failed", "6A80");

    // The last octet of the point: off the curve.
    let mut infos = chip_key(&scalar(1));
    for info in &mut infos {
        if let SecurityInfo::ChipAuthenticationPublicKey(key) = info {
            *key.public_key.last_mut().unwrap() ^= 1;
        }
    }
    let mut off_curve = with(&[dg14(infos)]);
    let found = inspect(&mut off_curve);
    only_bad(&found, &[steps::CHIP_AUTHENTICATION]);
    expect(&found, steps::CHIP_AUTHENTICATION, "failed", "not on the curve");
    assert!(!off_curve.heard("0022"));
}

#[test]
fn a_hidden_card_access_is_found_by_dg14() {
    let entry = infos(&[PACE_GM]);
    let mut card = with(&[(14, tlv(0x6E, &entry))]);
    let found = inspect(&mut card);
    only_bad(&found, &[steps::CARD_ACCESS_CONFIRMED]);
    expect(&found, steps::CARD_ACCESS_CONFIRMED, "downgraded", "to no PACE");
}
