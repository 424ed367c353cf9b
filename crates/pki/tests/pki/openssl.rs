//! OpenSSL as the stranger: it must read our key files and certificates and verify our EF.SOD. Skipped, with a word on
//! standard error, where the program `openssl` is not installed.

use crate::fixture::{AT, borrowed, data_groups, plan, rng};
use bitaqa_curves::{Curve, SecretScalar};
use bitaqa_pki::issuer_keys::{IssuerKeys, generate};
use bitaqa_pki::sod::{SecurityObject, sign};
use bitaqa_pki::spki::{self, Form};
use bitaqa_pki::{Certificate, key_file};
use std::path::Path;
use std::process::{Command, Output};

/// Runs `openssl` in a folder; `None` when there is none.
pub fn openssl(folder: &Path, arguments: &[&str]) -> Option<Output> {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output().ok();
    if output.is_none() {
        eprintln!("SKIPPED: the program openssl is not installed, its second opinion is missing");
    }
    output
}

pub fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn verifies_ef_sod_with_the_csca_as_only_ca() {
    let folder = tempfile::tempdir().unwrap();
    let at = AT.unix_timestamp().to_string();
    let keys = generate(&plan(Form::Named), AT, &mut rng(1)).unwrap();
    write_sod(folder.path(), &keys);
    std::fs::write(folder.path().join("csca.pem"), keys.csca.certificate.to_pem()).unwrap();
    let verify = ["cms", "-verify", "-inform", "DER", "-in", "sod.cms", "-CAfile", "csca.pem", "-purpose", "any"];
    let arguments = [&verify[..], &["-attime", &at, "-out", "content.der"]].concat();
    let Some(output) = openssl(folder.path(), &arguments) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let content = std::fs::read(folder.path().join("content.der")).unwrap();
    assert_eq!(SecurityObject::from_der(&content), SecurityObject::of(&borrowed(&data_groups())));
    let output = openssl(folder.path(), &["asn1parse", "-inform", "DER", "-in", "sod.cms"]).unwrap();
    assert!(stdout(&output).contains("2.23.136.1.1.1"));

    // The namesake's CSCA is not the issuer.
    let other = generate(&plan(Form::Named), AT, &mut rng(2)).unwrap().csca.certificate;
    std::fs::write(folder.path().join("csca.pem"), other.to_pem()).unwrap();
    assert!(!openssl(folder.path(), &arguments).unwrap().status.success());
}

/// OpenSSL accepts no CA with explicit curve parameters, though 9303-12 §4.1.6.3 demands them; what is left for it to
/// verify are the signatures one by one.
#[test]
fn verifies_the_signature_of_ef_sod_under_explicit_parameters() {
    let folder = tempfile::tempdir().unwrap();
    let keys = generate(&plan(Form::Explicit), AT, &mut rng(1)).unwrap();
    write_sod(folder.path(), &keys);
    let verify = ["cms", "-verify", "-noverify", "-inform", "DER", "-in", "sod.cms", "-out", "content.der"];
    let Some(output) = openssl(folder.path(), &verify) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn write_sod(folder: &Path, keys: &IssuerKeys) {
    let ds = &keys.document_signer;
    let ef_sod = sign(&borrowed(&data_groups()), &ds.certificate, &ds.signer()).unwrap();
    std::fs::write(folder.join("sod.cms"), bitaqa_apdu::tlv::only(&ef_sod, 0x77).unwrap()).unwrap();
}

#[test]
fn reads_the_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let keys = generate(&plan(Form::Explicit), AT, &mut rng(1)).unwrap();
    let text = |name: &str, certificate: &Certificate| {
        std::fs::write(folder.path().join(name), certificate.der()).unwrap();
        let arguments = ["x509", "-inform", "DER", "-in", name, "-noout", "-text", "-nameopt", "RFC2253"];
        openssl(folder.path(), &arguments).map(|output| {
            let parse = openssl(folder.path(), &["asn1parse", "-inform", "DER", "-in", name]).unwrap();
            assert!(stdout(&parse).contains("prim: PRINTABLESTRING   :UT"));
            stdout(&output)
        })
    };
    let Some(csca) = text("csca.der", &keys.csca.certificate) else { return };
    for words in [
        "Version: 3 (0x2)",
        "Issuer: CN=CSCA UTO,O=Utopia\\, Ministry of Passports,C=UT",
        "Subject: CN=CSCA UTO,O=Utopia\\, Ministry of Passports,C=UT",
        "Not Before: Nov 22 10:30:00 2026 GMT",
        "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign\n",
        "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0\n",
        "X509v3 Private Key Usage Period",
        "Not Before: Nov 22 10:30:00 2026 GMT, Not After: Nov 22 10:29:59 2031 GMT",
        "email:csca@example.org, DirName:/L=UTO",
        "URI:https://example.org/UTO.crl",
        "Cofactor:  1 (0x1)",
        "Signature Algorithm: ecdsa-with-SHA256",
    ] {
        assert!(csca.contains(words), "{words:?} is not in\n{csca}");
    }
    let ds = text("ds.der", &keys.document_signer.certificate).unwrap();
    for words in [
        "X509v3 Key Usage: critical\n                Digital Signature\n",
        "2.23.136.1.1.6.2",
        "Subject: CN=DS UTO 00001",
    ] {
        assert!(ds.contains(words), "{words:?} is not in\n{ds}");
    }
    assert!(!ds.contains("Basic Constraints"));
    let keys = generate(&plan(Form::Named), AT, &mut rng(1)).unwrap();
    std::fs::write(folder.path().join("csca.pem"), keys.csca.certificate.to_pem()).unwrap();
    std::fs::write(folder.path().join("ds.pem"), keys.document_signer.certificate.to_pem()).unwrap();
    let at = AT.unix_timestamp().to_string();
    let output = openssl(folder.path(), &["verify", "-attime", &at, "-CAfile", "csca.pem", "ds.pem"]).unwrap();
    assert_eq!(stdout(&output), "ds.pem: OK\n");
}

#[test]
fn opens_our_key_files_and_we_open_its() {
    let folder = tempfile::tempdir().unwrap();
    for (curve, name) in [(Curve::P256, "P-256"), (Curve::BrainpoolP384r1, "brainpoolP384r1")] {
        let key = SecretScalar::generate(curve, &mut rng(5));
        let pem = key_file::seal(&key, b"open sesame", &mut rng(6)).unwrap();
        std::fs::write(folder.path().join("ours.pem"), pem).unwrap();
        let pkey = ["pkey", "-in", "ours.pem", "-passin", "pass:open sesame", "-pubout", "-outform", "DER"];
        let Some(output) = openssl(folder.path(), &pkey) else { return };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(spki::decode(&output.stdout), Ok(key.public()));
        let wrong = openssl(folder.path(), &["pkey", "-in", "ours.pem", "-passin", "pass:wrong", "-noout"]).unwrap();
        assert!(!wrong.status.success());

        let group = format!("ec_paramgen_curve:{name}");
        let generate = ["genpkey", "-algorithm", "EC", "-pkeyopt", &group, "-out", "theirs.pem"];
        let sealed = [&generate[..], &["-aes-256-cbc", "-pass", "pass:open sesame"]].concat();
        stdout(&openssl(folder.path(), &sealed).unwrap());
        let theirs = std::fs::read_to_string(folder.path().join("theirs.pem")).unwrap();
        let opened = key_file::open(&theirs, b"open sesame").unwrap();
        let pkey = ["pkey", "-in", "theirs.pem", "-passin", "pass:open sesame", "-pubout", "-outform", "DER"];
        let output = openssl(folder.path(), &pkey).unwrap();
        assert_eq!(spki::decode(&output.stdout), Ok(opened.public()));
    }
}

#[test]
#[cfg(feature = "rsa")]
fn rsa_key_files_go_both_ways() {
    use crate::fixture::rsa_key;
    use bitaqa_pki::key_file::KeyFileError;
    let folder = tempfile::tempdir().unwrap();
    let pem = key_file::seal_rsa(&rsa_key(), b"open sesame", &mut rng(6)).unwrap();
    assert_eq!(key_file::open_rsa(&pem, b"open sesame").unwrap().public(), rsa_key().public());
    assert_eq!(key_file::open_rsa(&pem, b"wrong").err(), Some(KeyFileError::Passphrase));
    assert_eq!(key_file::open(&pem, b"open sesame").err(), Some(KeyFileError::Kind));
    let elliptic = SecretScalar::generate(Curve::P256, &mut rng(5));
    let other = key_file::seal(&elliptic, b"open sesame", &mut rng(6)).unwrap();
    assert_eq!(key_file::open_rsa(&other, b"open sesame").err(), Some(KeyFileError::Kind));

    std::fs::write(folder.path().join("ours.pem"), pem).unwrap();
    let pkey = ["pkey", "-in", "ours.pem", "-passin", "pass:open sesame", "-pubout", "-outform", "DER"];
    let Some(output) = openssl(folder.path(), &pkey) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let public = rsa_key().public().clone().into();
    assert_eq!(spki::decode_key(&output.stdout), Ok(public));
    assert_eq!(spki::encode_key(&spki::decode_key(&output.stdout).unwrap(), Form::Named), Ok(output.stdout));

    let generate = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "theirs.pem"];
    let sealed = [&generate[..], &["-aes-256-cbc", "-pass", "pass:open sesame"]].concat();
    stdout(&openssl(folder.path(), &sealed).unwrap());
    let theirs = std::fs::read_to_string(folder.path().join("theirs.pem")).unwrap();
    let opened = key_file::open_rsa(&theirs, b"open sesame").unwrap();
    let pkey = ["pkey", "-in", "theirs.pem", "-passin", "pass:open sesame", "-pubout", "-outform", "DER"];
    let output = openssl(folder.path(), &pkey).unwrap();
    assert_eq!(spki::decode_key(&output.stdout), Ok(opened.public().clone().into()));
}

#[test]
fn explicit_keys_of_openssl_are_read() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["P-256", "P-384", "brainpoolP256r1", "brainpoolP384r1"] {
        let group = format!("ec_paramgen_curve:{name}");
        let generate =
            ["genpkey", "-algorithm", "EC", "-pkeyopt", &group, "-pkeyopt", "ec_param_enc:explicit", "-out", "key.pem"];
        let Some(output) = openssl(folder.path(), &generate) else { return };
        stdout(&output);
        let output = openssl(folder.path(), &["pkey", "-in", "key.pem", "-pubout", "-outform", "DER"]).unwrap();
        let point = spki::decode(&output.stdout).unwrap();
        assert_eq!(spki::encode(&point, Form::Explicit).map(|der| der.len() <= output.stdout.len()), Ok(true));
    }
}
