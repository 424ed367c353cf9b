//! Delegated management: a partner changes content with his own keys and a token of the issuer for each command, and
//! gets a receipt for it. Signatures of load files.

use bitaqa_apdu::{Command, Sw, ins, tlv};
use bitaqa_curves::{Curve, SecretScalar};
use bitaqa_secure_messaging::management::{self, AuthorizationKey, Confirmation};
use bitaqa_secure_messaging::put_key::{KeyKind, NewKey};
use sha2::{Digest, Sha256};

use super::world::{
    APP, APP_MODULE, APP_PACKAGE, DOMAIN, ISD, Line, OTHER_APP, delete, emrtd_parameters, install, keys, lv, rng,
};
use crate::gp::keys::{DAP, RECEIPT, TOKEN};

fn issuer() -> SecretScalar {
    SecretScalar::generate(Curve::P256, &mut rng(77))
}

fn provider() -> SecretScalar {
    SecretScalar::generate(Curve::P384, &mut rng(78))
}

fn public(key: &SecretScalar) -> NewKey {
    let point = key.public();
    NewKey::new(1, KeyKind::EcPublic(point.curve()), &point.encode()).unwrap()
}

fn private(key: &SecretScalar) -> AuthorizationKey {
    AuthorizationKey::new(KeyKind::EcPrivate(key.curve()), &key.to_bytes()).unwrap()
}

fn receipt_key() -> NewKey {
    NewKey::new(1, KeyKind::Aes, &[0x77; 16]).unwrap()
}

/// A card with a partner's domain, which is opened by the partner's keys.
fn partner(privileges: [u8; 3]) -> Line {
    let mut line = Line::opened();
    assert_eq!(line.put_keys(0, TOKEN, &[public(&issuer())]).sw, Sw::OK);
    assert_eq!(line.put_keys(0, RECEIPT, &[receipt_key()]).sw, Sw::OK);
    assert_eq!(line.new_domain(DOMAIN, privileges).sw, Sw::OK);
    line.open(DOMAIN, 1, &keys(0x40));
    assert_eq!(line.put_set(0, 0x20, &keys(0x60)).sw, Sw::OK);
    line.open(DOMAIN, 0x20, &keys(0x60));
    line
}

const DELEGATED: [u8; 3] = [0xA0, 0, 0];

/// INSTALL with a token in the place of its empty last field.
fn with_token(command: &Command, before: &[u8]) -> Command {
    let (data, _) = management::split_install_token(&command.data).unwrap();
    let message = management::token_message(command.p1, command.p2, data).unwrap();
    let token = private(&issuer()).sign(&[before, &message].concat()).unwrap();
    let data = management::with_install_token(data, &token);
    Command { data: data.into(), ..command.clone() }
}

fn install_app(aid: &[u8]) -> Command {
    let own = tlv::tlv(0xC9, &emrtd_parameters());
    install(0x0C, [APP_PACKAGE, APP_MODULE, aid, &[0], &own, &[]])
}

/// The confirmation in a response, its receipt verified.
fn confirmed(data: &[u8], fields: &[&[u8]]) -> Confirmation {
    assert_eq!(usize::from(data[0]), data.len() - 1);
    let key = AuthorizationKey::from_new_key(&receipt_key()).unwrap();
    Confirmation::of_response(&data[1..], &key, fields).unwrap()
}

#[test]
fn a_partner_installs_and_deletes_with_tokens_and_gets_receipts() {
    let mut line = partner(DELEGATED);
    let installed = line.ok(with_token(&install_app(APP), &[]));
    let first = confirmed(&installed, &[APP_PACKAGE, APP]);
    assert_eq!((first.counter, first.unique), (0, vec![7; 10]), "no IIN and CIN: what tells the chip apart");
    let command = delete(APP, false);
    let message = management::token_message(command.p1, command.p2, &command.data).unwrap();
    let token = private(&issuer()).sign(&message).unwrap();
    let deleted = line.ok(Command { data: management::with_delete_token(&command.data, &token).into(), ..command });
    assert_eq!(confirmed(&deleted, &[DOMAIN, APP]).counter, 1);
    line.power_cycle();
    assert_eq!(line.select(APP), Sw::FILE_NOT_FOUND);
}

#[test]
fn without_the_issuers_word_nothing_changes() {
    let mut line = partner(DELEGATED);
    let good = with_token(&install_app(APP), &[]);
    let last = good.data.len() - 1;
    let flipped = |place: usize| {
        let mut data = good.data.to_vec();
        data[place] ^= 1;
        Command { data: data.into(), ..good.clone() }
    };
    let by_the_partner = {
        let (data, _) = management::split_install_token(&good.data).unwrap();
        let message = management::token_message(good.p1, good.p2, data).unwrap();
        let token = private(&provider()).sign(&message).unwrap();
        Command { data: management::with_install_token(data, &token).into(), ..good.clone() }
    };
    for (what, command) in [
        ("no token", install_app(APP)),
        ("a token of somebody else", by_the_partner),
        ("a changed token", flipped(last)),
        ("another AID", flipped(APP_PACKAGE.len() + APP_MODULE.len() + 9)),
        ("another form", Command { p1: 0x04, ..good.clone() }),
        ("a deletion without token", delete(APP_PACKAGE, true)),
    ] {
        assert_eq!(line.sw(command), Sw::SECURITY_STATUS_NOT_SATISFIED, "{what}");
        assert!(line.card.registry.named(APP).is_none(), "{what}");
    }
    line.ok(good);
    // The issuer himself needs no token, and a token where none is due is refused.
    line.open(ISD, 1, &keys(0x40));
    assert_eq!(line.sw(with_token(&install_app(OTHER_APP), &[])), Sw::WRONG_DATA);
}

#[test]
fn without_a_token_key_nobody_is_delegated_and_without_a_receipt_key_nothing_is_confirmed() {
    let mut line = partner(DELEGATED);
    line.open(ISD, 1, &keys(0x40));
    line.ok(Command::globalplatform(ins::DELETE, 0, 0).data([0xD2, 1, RECEIPT]).ne(256));
    line.open(DOMAIN, 0x20, &keys(0x60));
    assert_eq!(line.ok(with_token(&install_app(APP), &[])), [0]);
    line.open(ISD, 1, &keys(0x40));
    line.ok(Command::globalplatform(ins::DELETE, 0, 0).data([0xD2, 1, TOKEN]).ne(256));
    line.open(DOMAIN, 0x20, &keys(0x60));
    assert_eq!(line.sw(with_token(&install_app(OTHER_APP), &[])), Sw::REFERENCE_NOT_FOUND);
}

const FILE: &[u8] = &[0xF0, 1, 2, 3, 4];
const MODULE: &[u8] = &[0xF0, 1, 2, 3, 4, 5];

fn content() -> Vec<u8> {
    tlv::tlv(0xE4, &[tlv::tlv(0x84, MODULE), tlv::tlv(0x92, b"emrtd")].concat())
}

fn signed_by(domain: &[u8], key: &SecretScalar, hash: &[u8]) -> Vec<u8> {
    let signature = private(key).sign(hash).unwrap();
    tlv::tlv(0xE2, &[tlv::tlv(0x4F, domain), tlv::tlv(0xC3, &signature)].concat())
}

fn load(line: &mut Line, octets: &[u8]) -> Sw {
    let (mut sw, parts) = (Sw::OK, octets.chunks(100));
    let count = parts.len();
    for (number, block) in parts.enumerate() {
        let p1 = if number + 1 == count { 0x80 } else { 0 };
        let command = Command::globalplatform(ins::LOAD, p1, u8::try_from(number).unwrap()).data(block).ne(256);
        sw = line.sw(command);
    }
    sw
}

#[test]
fn a_domain_with_dap_takes_no_file_without_its_signature() {
    // P-384 asks for a hash of 48 octets: a shorter one is weaker than the key.
    let hash = sha2::Sha384::digest(content()).to_vec();
    let for_load =
        |hash: &[u8]| Command::globalplatform(ins::INSTALL, 2, 0).data(lv(&[FILE, DOMAIN, hash, &[], &[]])).ne(256);
    let block = tlv::tlv(0xC4, &content());
    let other = [9; 48];
    for (what, file, hash, sw) in [
        ("signed", [signed_by(DOMAIN, &provider(), &hash), block.clone()].concat(), hash.clone(), Sw::OK),
        ("not signed", block.clone(), hash.clone(), Sw::SECURITY_STATUS_NOT_SATISFIED),
        (
            "signed by another",
            [signed_by(DOMAIN, &issuer(), &hash), block.clone()].concat(),
            hash.clone(),
            Sw::SECURITY_STATUS_NOT_SATISFIED,
        ),
        (
            "a signature of another hash",
            [signed_by(DOMAIN, &provider(), &other), block.clone()].concat(),
            hash.clone(),
            Sw::SECURITY_STATUS_NOT_SATISFIED,
        ),
        (
            "a weak hash",
            [signed_by(DOMAIN, &provider(), &Sha256::digest(content())), block.clone()].concat(),
            Sha256::digest(content()).to_vec(),
            Sw::REFERENCE_NOT_FOUND,
        ),
        ("no hash", [signed_by(DOMAIN, &provider(), &hash), block.clone()].concat(), vec![], Sw::WRONG_DATA),
    ] {
        let mut line = partner([0xC0, 0, 0]);
        assert_eq!(line.put_keys(0, DAP, &[public(&provider())]).sw, Sw::OK);
        line.open(ISD, 1, &keys(0x40));
        line.ok(for_load(&hash));
        assert_eq!(load(&mut line, &file), sw, "{what}");
        assert_eq!(line.card.registry.load_file(FILE).is_some(), sw == Sw::OK, "{what}");
    }
}

#[test]
fn a_mandated_domain_signs_every_file() {
    let mut line = partner([0xC1, 0, 0]);
    assert_eq!(line.put_keys(0, DAP, &[public(&issuer())]).sw, Sw::OK);
    line.open(ISD, 1, &keys(0x40));
    let hash = Sha256::digest(content()).to_vec();
    let begin = Command::globalplatform(ins::INSTALL, 2, 0).data(lv(&[FILE, &[], &hash, &[], &[]])).ne(256);
    let block = tlv::tlv(0xC4, &content());
    line.ok(begin.clone());
    assert_eq!(load(&mut line, &block), Sw::SECURITY_STATUS_NOT_SATISFIED, "the issuer's own file too");
    line.ok(begin);
    assert_eq!(load(&mut line, &[signed_by(DOMAIN, &issuer(), &hash), block].concat()), Sw::OK);
}

#[test]
fn the_token_of_the_combined_form_signs_both_commands() {
    let hash = Sha256::digest(content()).to_vec();
    let begin = Command::globalplatform(ins::INSTALL, 0x0E, 1).data(lv(&[FILE, &[], &hash, &[], &[]])).ne(256);
    let own = tlv::tlv(0xC9, &emrtd_parameters());
    let end = Command::globalplatform(ins::INSTALL, 0x0E, 3).data(lv(&[FILE, MODULE, APP, &[0], &own, &[]])).ne(256);
    let (first, _) = management::split_install_token(&begin.data).unwrap();
    let before = management::token_message(begin.p1, begin.p2, first).unwrap();
    let run = |before: &[u8]| {
        let mut line = partner(DELEGATED);
        line.ok(begin.clone());
        assert_eq!(load(&mut line, &tlv::tlv(0xC4, &content())), Sw::OK);
        line.send(with_token(&end, before))
    };
    assert_eq!(run(&[]).sw, Sw::SECURITY_STATUS_NOT_SATISFIED, "the last command alone is not enough");
    assert_eq!(confirmed(&run(&before).data, &[FILE, APP]).counter, 0);
}
