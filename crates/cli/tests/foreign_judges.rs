//! Programs of others judge what the main job made: OpenSSL verifies EF.SOD with the CSCA as the only CA, reads the
//! certificates and opens the key files. Skipped, with a word that no harness swallows, where `openssl` is missing.

// The whole file is a test: its helpers may fail as loudly as its tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::support::{Folder, read_folder, run, write_folder};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// How OpenSSL ended.
struct Judgement {
    ok: bool,
    stdout: Vec<u8>,
    stderr: String,
}

impl Judgement {
    /// Its output as text, of a run that ended well.
    #[track_caller]
    fn text(&self) -> String {
        assert!(self.ok, "{}", self.stderr);
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// Runs `openssl` in a folder.
fn openssl(folder: &Path, arguments: &[&str]) -> Judgement {
    let output = Command::new("openssl").args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Judgement { ok: output.status.success(), stdout: output.stdout, stderr }
}

/// What `demo` leaves in its folder, with EF.SOD's content as `sod.cms` and the certificates as PEM; `None` without
/// OpenSSL. Made once.
fn demo() -> Option<TempDir> {
    static MADE: OnceLock<Folder> = OnceLock::new();
    if Command::new("openssl").arg("version").output().is_err() {
        // Past the harness, which keeps what `eprintln!` says of a test that passes.
        let _ = writeln!(std::io::stderr(), "SKIPPED: openssl is not installed, nobody else judges EF.SOD and keys");
        return None;
    }
    let content = MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        run(&["demo", "--out", folder.path().to_str().unwrap(), "--seed", "20"]).expect_code(0);
        read_folder(folder.path())
    });
    let folder = tempfile::tempdir().unwrap();
    write_folder(folder.path(), content);
    std::fs::write(folder.path().join("sod.cms"), content_of_77(&content["inspection/EF.SOD.bin"])).unwrap();
    for (der, pem) in [("pki/csca/csca.cer", "csca.pem"), ("pki/ds/ds.cer", "ds.pem")] {
        openssl(folder.path(), &["x509", "-inform", "DER", "-in", der, "-out", pem]).text();
    }
    Some(folder)
}

/// The content of tag 77, 9303-10 §4.6.2; read by hand, so that no reader of ours stands between chip and judge.
fn content_of_77(ef_sod: &[u8]) -> &[u8] {
    assert_eq!(ef_sod[..2], [0x77, 0x82], "a length in two octets");
    let length = usize::from(u16::from_be_bytes([ef_sod[2], ef_sod[3]]));
    assert_eq!(ef_sod.len(), length + 4, "nothing behind the object");
    &ef_sod[4..]
}

/// `cms -verify` with one CA and none that this machine trusts by itself.
fn verify<'a>(ca: &'a str, out: &'a str) -> Vec<&'a str> {
    let verify = ["cms", "-verify", "-inform", "DER", "-in", "sod.cms", "-CAfile", ca, "-no-CApath", "-no-CAstore"];
    [&verify[..], &["-purpose", "any", "-out", out]].concat()
}

#[test]
fn openssl_verifies_ef_sod_with_the_csca_as_only_ca() {
    let Some(demo) = demo() else { return };
    let folder = demo.path();
    openssl(folder, &verify("csca.pem", "content.der")).text();
    let content = std::fs::read(folder.join("content.der")).unwrap();
    let mut groups = Vec::new();
    for number in 1..=16u8 {
        let Ok(group) = std::fs::read(folder.join(format!("inspection/DG{number}.bin"))) else { continue };
        // DataGroupHash ::= SEQUENCE { dataGroupNumber INTEGER, dataGroupHashValue OCTET STRING }, 9303-10 §4.6.2.3
        let entry = [&[0x30, 0x25, 0x02, 0x01, number, 0x04, 0x20], Sha256::digest(group).as_slice()].concat();
        let found = content.windows(entry.len()).filter(|window| *window == entry).count();
        assert_eq!(found, 1, "the hash of DG{number} stands in the security object");
        groups.push(number);
    }
    assert_eq!(groups, [1, 2, 3, 11, 12, 13, 14]);
    let parsed = openssl(folder, &["asn1parse", "-inform", "DER", "-in", "content.der"]).text();
    let hashes = parsed.lines().filter(|line| line.contains("l=  32 prim: OCTET STRING")).count();
    assert_eq!(hashes, groups.len(), "as many hashes as groups: {parsed}");
    assert!(parsed.contains(":sha256") && parsed.contains("PRINTABLESTRING   :0108"), "{parsed}");
}

#[test]
fn openssl_refuses_ef_sod_under_the_csca_of_another_issuer() {
    let Some(demo) = demo() else { return };
    let folder = demo.path();
    run(&["pki", "init", folder.join("other").to_str().unwrap()]).expect_code(0);
    openssl(folder, &["x509", "-inform", "DER", "-in", "other/csca/csca.cer", "-out", "other.pem"]).text();
    // Same name, other key: what fails is the signature of the certificate, not the search for its issuer.
    let judgement = openssl(folder, &verify("other.pem", "content.der"));
    assert!(!judgement.ok && judgement.stderr.to_lowercase().contains("verif"), "{}", judgement.stderr);
    assert!(!openssl(folder, &["verify", "-CAfile", "other.pem", "ds.pem"]).ok);
}

#[test]
fn openssl_refuses_ef_sod_with_one_octet_changed() {
    let Some(demo) = demo() else { return };
    let folder = demo.path();
    let dg1 = std::fs::read(folder.join("inspection/DG1.bin")).unwrap();
    let mut sod = std::fs::read(folder.join("sod.cms")).unwrap();
    let hash = Sha256::digest(dg1);
    let place = sod.windows(32).position(|window| window == hash.as_slice()).expect("the hash of DG1");
    sod[place] ^= 1;
    std::fs::write(folder.join("sod.cms"), sod).unwrap();
    let judgement = openssl(folder, &verify("csca.pem", "content.der"));
    assert!(!judgement.ok, "a changed security object verifies");
}

#[test]
fn openssl_reads_ef_sod_and_the_certificates() {
    let Some(demo) = demo() else { return };
    let folder = demo.path();
    let sod = openssl(folder, &["asn1parse", "-inform", "DER", "-in", "sod.cms"]).text();
    for words in ["pkcs7-signedData", "2.23.136.1.1.1", "sha256", "ecdsa-with-SHA256", "messageDigest"] {
        assert!(sod.contains(words), "{words} is not in\n{sod}");
    }
    let read = |name: &str| {
        openssl(folder, &["asn1parse", "-inform", "DER", "-in", name]).text();
        openssl(folder, &["x509", "-inform", "DER", "-in", name, "-noout", "-text", "-nameopt", "RFC2253"]).text()
    };
    let csca = read("pki/csca/csca.cer");
    for words in [
        "Version: 3 (0x2)",
        "Subject: CN=CSCA MAR,",
        "Certificate Sign, CRL Sign",
        "CA:TRUE, pathlen:0",
        "NIST CURVE: P-256",
        "Signature Algorithm: ecdsa-with-SHA256",
        "X509v3 Private Key Usage Period",
    ] {
        assert!(csca.contains(words), "{words} is not in\n{csca}");
    }
    let ds = read("pki/ds/ds.cer");
    for words in ["Issuer: CN=CSCA MAR,", "Subject: CN=DS MAR 00001", "Digital Signature", "NIST CURVE: P-256"] {
        assert!(ds.contains(words), "{words} is not in\n{ds}");
    }
    assert!(!ds.contains("CA:TRUE"), "{ds}");
    assert_eq!(read("pki/trust/csca.cer"), csca, "what inspections trust is the CSCA");
    let path = openssl(folder, &["verify", "-no-CApath", "-no-CAstore", "-CAfile", "csca.pem", "ds.pem"]);
    assert_eq!(path.text(), "ds.pem: OK\n");
}

#[test]
fn openssl_opens_sealed_keys_with_their_passphrase_only() {
    let Some(demo) = demo() else { return };
    let folder = demo.path();
    let files = ["csca/csca.key", "ds/ds.key", "cvca/cvca.key", "dv/dv.key", "terminal/is.key"];
    for file in files.map(|file| format!("pki/{file}")) {
        let text = std::fs::read_to_string(folder.join(&file)).unwrap();
        assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{file}");
        let open =
            |passphrase: &str| openssl(folder, &["pkey", "-in", &file, "-passin", passphrase, "-noout", "-text_pub"]);
        let key = open("file:pki/passphrase").text();
        assert!(key.contains("NIST CURVE: P-256"), "{file}: {key}");
        assert!(!open("pass:wrong").ok && !open("pass:").ok, "{file} opens with another passphrase");
    }
    // The keys belong to the certificates.
    for (key, certificate) in [("pki/csca/csca.key", "csca.pem"), ("pki/ds/ds.key", "ds.pem")] {
        let own = openssl(folder, &["pkey", "-in", key, "-passin", "file:pki/passphrase", "-pubout"]).text();
        assert_eq!(own, openssl(folder, &["x509", "-in", certificate, "-noout", "-pubkey"]).text());
    }
}
