//! Certificates of card holders, with OpenSSL as judge of path and purpose.

use crate::fixture::{AT, plan, rng};
use crate::openssl::{openssl, stdout};
use bitaqa_pki::issuer_keys::{Identity, USUAL, holder_ca};
use bitaqa_pki::spki::Form;
use bitaqa_pki::x509::{HolderError, HolderKey, HolderRequest, IssueError, Period, check_holder, issue_holder};
use bitaqa_pki::{Certificate, HashAlgorithm, PublicKey, SignatureAlgorithm, SigningKey};
use std::path::Path;
use time::Duration;

fn ca(algorithm: SignatureAlgorithm) -> Identity<Certificate> {
    let plan = plan(Form::Named);
    holder_ca(&plan.state, plan.schedule, algorithm, AT, &mut rng(7)).unwrap()
}

fn request(key: &PublicKey, usage: HolderKey) -> HolderRequest<'_> {
    let validity = Period { not_before: AT, not_after: AT + Duration::days(1800) };
    let (country, common_name, document_number) = ("MA", "SPECIMEN ZAINEB EL ALAMI", "VSI00001");
    HolderRequest { country, common_name, document_number, public_key: key, validity, usage, serial: [0xFF; 16] }
}

/// Keys of every kind that a card makes.
fn keys() -> Vec<PublicKey> {
    let algorithms =
        [USUAL, SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha384), SignatureAlgorithm::RsaPkcs1(HashAlgorithm::Sha256)];
    algorithms.map(|algorithm| SigningKey::generate(algorithm, &mut rng(9)).unwrap().public()).to_vec()
}

fn verify(folder: &Path, purpose: &str, certificate: &Certificate) -> Option<bool> {
    std::fs::write(folder.join("holder.pem"), certificate.to_pem()).unwrap();
    let at = AT.unix_timestamp().to_string();
    let arguments = ["verify", "-x509_strict", "-attime", &at, "-purpose", purpose, "-CAfile", "ca.pem", "holder.pem"];
    openssl(folder, &arguments).map(|output| output.status.success())
}

#[test]
fn openssl_takes_each_certificate_for_its_purpose_only() {
    let folder = tempfile::tempdir().unwrap();
    for algorithm in [USUAL, SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha384)] {
        let ca = ca(algorithm);
        std::fs::write(folder.path().join("ca.pem"), ca.certificate.to_pem()).unwrap();
        for key in keys() {
            let issue = |usage| issue_holder(&request(&key, usage), &ca.certificate, &ca.signer()).unwrap();
            let (login, sign) = (issue(HolderKey::Authentication), issue(HolderKey::Signature));
            let Some(accepted) = verify(folder.path(), "sslclient", &login) else { return };
            assert!(accepted);
            assert_eq!(verify(folder.path(), "sslclient", &sign), Some(false), "nonRepudiation is no login");
            assert_eq!(verify(folder.path(), "smimesign", &sign), Some(true));
            assert_eq!(verify(folder.path(), "sslserver", &login), Some(false));
            assert_eq!(login.public_key().unwrap(), key);
        }
    }
}

#[test]
fn it_says_of_the_holder_what_was_asked_for_and_is_the_same_again() {
    let (ca, keys) = (ca(USUAL), keys());
    let issue = || issue_holder(&request(&keys[0], HolderKey::Signature), &ca.certificate, &ca.signer()).unwrap();
    let certificate = issue();
    assert_eq!(certificate, issue(), "same request, same octets");
    assert_eq!(certificate.serial()[0], 0x7F);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("holder.der"), certificate.der()).unwrap();
    let arguments = ["x509", "-inform", "DER", "-in", "holder.der", "-noout", "-subject", "-nameopt", "RFC2253"];
    let Some(output) = openssl(folder.path(), &arguments) else { return };
    let subject = stdout(&output);
    assert_eq!(subject.trim(), "subject=serialNumber=VSI00001,CN=SPECIMEN ZAINEB EL ALAMI,C=MA");
}

#[test]
fn what_the_ca_must_not_sign_is_refused() {
    let (ca, keys) = (ca(USUAL), keys());
    let sound = request(&keys[0], HolderKey::Authentication);
    let refuse = |request: HolderRequest<'_>| issue_holder(&request, &ca.certificate, &ca.signer()).unwrap_err();
    let early = Period { not_before: AT - Duration::days(1), ..sound.validity };
    let late = Period { not_after: AT + Duration::days(9000), ..sound.validity };
    assert!(matches!(refuse(HolderRequest { validity: early, ..sound }), IssueError::OutsideIssuer(_)));
    assert!(matches!(refuse(HolderRequest { validity: late, ..sound }), IssueError::OutsideIssuer(_)));
    assert!(matches!(refuse(HolderRequest { common_name: "", ..sound }), IssueError::Name(_)));
    assert!(matches!(refuse(HolderRequest { country: "ma", ..sound }), IssueError::Country(_)));
    let (plan, wrong) = (plan(Form::Named), SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha384));
    let other = holder_ca(&plan.state, plan.schedule, wrong, AT, &mut rng(8)).unwrap();
    let answer = issue_holder(&sound, &ca.certificate, &other.signer());
    assert!(matches!(answer, Err(IssueError::NotTheKeyOf(_))));
}

#[test]
fn a_certificate_is_believed_under_its_own_ca_and_in_its_time_only() {
    let (ca, keys) = (ca(USUAL), keys());
    let request = request(&keys[0], HolderKey::Signature);
    let certificate = issue_holder(&request, &ca.certificate, &ca.signer()).unwrap();
    assert_eq!(check_holder(&certificate, &ca.certificate, AT), Ok(()));
    let late = AT + Duration::days(1801);
    assert_eq!(check_holder(&certificate, &ca.certificate, late), Err(HolderError::Validity(late)));
    let plan = plan(Form::Named);
    let namesake = holder_ca(&plan.state, plan.schedule, USUAL, AT, &mut rng(8)).unwrap().certificate;
    assert!(matches!(check_holder(&certificate, &namesake, AT), Err(HolderError::Signature(_))));
    let itself = check_holder(&certificate, &certificate, AT);
    assert!(matches!(itself, Err(HolderError::Issuer(_))));
}
