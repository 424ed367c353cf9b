//! `--trust DIR`: certificates, revocation lists and master lists under all kinds of names, and what becomes of a file
//! that is none of them. Then the other inputs of `inspect` that can be out of order.

// Helpers of tests may panic like tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use crate::support::{Desk, checks, run, verdict};
use bitaqa_pki::crl::{self, CrlRequest, Revoked};
use bitaqa_pki::issuer_keys::{self, IssuerPlan, Schedule, USUAL};
use bitaqa_pki::master_list;
use bitaqa_pki::spki::Form;
use bitaqa_pki::x509::{CertificateRequest, IssuingState, Period, issue_master_list_signer};
use bitaqa_pki::{Certificate, Signer, SoftwareSigner, key_file};
use core::slice::from_ref;
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use serde_json::Value;
use time::{Duration, UtcDateTime};

/// A desk, its CSCA with the key, and the certificate of its document signer.
struct Office {
    desk: Desk,
    csca: Certificate,
    signer: SoftwareSigner,
    ds: Certificate,
    now: UtcDateTime,
}

impl Office {
    fn new() -> Self {
        let desk = Desk::issued();
        let passphrase = std::fs::read_to_string(desk.path("pki/passphrase")).unwrap();
        let key = std::fs::read_to_string(desk.path("pki/csca/csca.key")).unwrap();
        let signer = SoftwareSigner::new(key_file::open(&key, passphrase.trim().as_bytes()).unwrap());
        let read = |name: &str| Certificate::from_der(&std::fs::read(desk.path(name)).unwrap()).unwrap();
        let (csca, ds) = (read("pki/csca/csca.cer"), read("pki/ds/ds.cer"));
        std::fs::create_dir(desk.path("lab")).unwrap();
        Self { desk, csca, signer, ds, now: bitaqa_cli::world::now() }
    }

    fn put(&self, name: &str, octets: &[u8]) {
        std::fs::write(self.desk.path(&format!("lab/{name}")), octets).unwrap();
    }

    /// A revocation list that began when the CSCA did.
    fn list(&self, number: u64, until: UtcDateTime, revoked: &[&Certificate]) -> Vec<u8> {
        let entries: Vec<Revoked> = revoked
            .iter()
            .map(|certificate| Revoked { serial: certificate.serial().to_vec(), date: self.now, reason: None })
            .collect();
        let update = Period { not_before: self.csca.not_before(), not_after: until };
        let request = CrlRequest { number, update, revoked: &entries };
        crl::issue(&request, &self.csca, &self.signer).unwrap().der().to_vec()
    }

    /// A master list with these certificates, signed under the desk's CSCA.
    fn master_list(&self, listed: &[Certificate]) -> Vec<u8> {
        let signer = SoftwareSigner::new(list_signer_key());
        let period = Period { not_before: self.csca.not_before(), not_after: self.now + Duration::days(300) };
        let request = CertificateRequest {
            state: &state("MA", "MAR"),
            common_name: "MLS",
            public_key: &signer.public_key(),
            validity: period,
            private_key_usage: period,
            form: Form::Named,
        };
        let certificate = issue_master_list_signer(&request, &self.csca, &self.signer, &mut rng()).unwrap();
        master_list::issue(listed, &certificate, &self.csca, self.now, &signer).unwrap()
    }

    /// Inspects under the folder `lab`.
    fn inspect(&self, code: i32) -> Value {
        let (image, can, lab) = (self.desk.arg("card.image"), self.desk.can(), self.desk.arg("lab"));
        run(&["inspect", "--image", &image, "--can", &can, "--trust", &lab, "--json"]).expect_code(code).json()
    }
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(5)
}

fn list_signer_key() -> bitaqa_curves::SecretScalar {
    bitaqa_curves::SecretScalar::from_bytes(bitaqa_curves::Curve::P256, &[0x42; 31]).unwrap()
}

fn state(country: &str, mrz_state: &str) -> IssuingState {
    IssuingState {
        country: country.into(),
        mrz_state: mrz_state.into(),
        organisation: "SPECIMEN bitaqa test issuer".into(),
        contact: "csca@example.org".into(),
        crl_urls: vec!["https://example.org/csca.crl".into()],
    }
}

/// The CSCA of another state.
fn foreign(at: UtcDateTime) -> Certificate {
    let plan = IssuerPlan {
        state: state("UT", "UTO"),
        document_types: vec!["ID".into()],
        form: Form::Named,
        schedule: Schedule::LABORATORY,
        document_signer: USUAL,
        terminals: USUAL,
    };
    issuer_keys::generate(&plan, at, &mut rng()).unwrap().csca.certificate
}

/// `what` of the unusable files, with their names.
fn unusable(report: &Value) -> Vec<(String, String)> {
    let list = report["trust"]["unusable"].as_array().cloned().unwrap_or_default();
    let name = |entry: &Value| entry["file"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    list.iter().map(|entry| (name(entry), entry["what"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn files_are_known_by_their_content() {
    let office = Office::new();
    // Names that say nothing, or something else than the content.
    office.put("a.crl", office.csca.to_pem().as_bytes());
    office.put("list.cer", &office.list(1, office.now + Duration::days(30), &[]));
    office.put("states.der", &office.master_list(&[office.csca.clone(), foreign(office.now)]));
    let report = office.inspect(0);
    assert_eq!(report["trust"]["certificates"], 2);
    assert_eq!(report["trust"]["revocation_lists"], 1);
    assert_eq!(unusable(&report), []);
    assert_eq!(verdict(&report, "DS certificate revocation"), "passed");
}

#[test]
fn what_cannot_be_used_is_named_and_keeps_nothing_else_from_being_used() {
    let office = Office::new();
    office.put("csca.cer", office.csca.der());
    office.put("ds.cer", office.ds.der());
    office.put("cut.cer", &office.csca.der()[..200]);
    office.put("notes.txt", b"nothing to see");
    office.put("stranger.crl", &crl_of_a_stranger(office.now));
    let mut list = office.master_list(from_ref(&office.csca));
    let last = list.len() - 1;
    list[last] ^= 1;
    office.put("wrong.ml", &list);
    office.put(".hidden", b"not looked at");
    let report = office.inspect(0);
    let mut found = unusable(&report);
    found.sort();
    let expected = [
        ("cut.cer", "cut off"),
        ("ds.cer", "is no CA"),
        ("notes.txt", "is neither certificate, revocation list nor master list"),
        ("stranger.crl", "no trusted CSCA has issued"),
        ("wrong.ml", "signature"),
    ];
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for ((name, what), (expected, part)) in found.iter().zip(expected) {
        assert!(name == expected && what.contains(part), "{name}: {what}");
    }
    assert_eq!(verdict(&report, "DS certificate revocation"), "not_attempted");
}

fn crl_of_a_stranger(at: UtcDateTime) -> Vec<u8> {
    let plan = IssuerPlan {
        state: state("UT", "UTO"),
        document_types: vec!["ID".into()],
        form: Form::Named,
        schedule: Schedule::LABORATORY,
        document_signer: USUAL,
        terminals: USUAL,
    };
    let keys = issuer_keys::generate(&plan, at, &mut rng()).unwrap();
    let update = Period { not_before: at, not_after: at + Duration::days(3) };
    let request = CrlRequest { number: 1, update, revoked: &[] };
    crl::issue(&request, &keys.csca.certificate, &keys.csca.signer()).unwrap().der().to_vec()
}

#[test]
fn a_revoked_document_signer_is_refused_and_so_is_a_list_out_of_date() {
    let office = Office::new();
    office.put("csca.cer", office.csca.der());
    office.put("list.crl", &office.list(1, office.now + Duration::days(30), &[&office.ds]));
    let report = office.inspect(5);
    assert_eq!(report["result"], "negative");
    assert_eq!(verdict(&report, "DS certificate path"), "passed");
    let step = checks(&report["checks"]).into_iter().find(|(step, ..)| step == "DS certificate revocation").unwrap();
    assert!(step.1 == "failed" && step.2.unwrap().contains("was revoked on"));
    // What nobody vouches for any more proves nothing.
    assert_eq!(verdict(&report, "Chip Authentication"), "not_attempted");
}

#[test]
fn a_folder_that_gives_no_trust_is_bad_input_with_every_file_named() {
    let office = Office::new();
    office.put("ds.cer", office.ds.der());
    // A list vouches for nobody by itself: its signer must have a CSCA that is trusted.
    office.put("states.ml", &office.master_list(from_ref(&office.csca)));
    let (image, can, lab) = (office.desk.arg("card.image"), office.desk.can(), office.desk.arg("lab"));
    let refused = run(&["inspect", "--image", &image, "--can", &can, "--trust", &lab, "--json"]).expect_code(3);
    let named: Vec<(String, String)> = refused.problems().into_iter().map(|it| (it.file, it.what)).collect();
    let has = |name: &str, part: &str| named.iter().any(|(file, what)| file.ends_with(name) && what.contains(part));
    assert_eq!(named.len(), 3, "{named:?}");
    assert!(has("lab", "no CSCA certificate") && has("ds.cer", "is no CA"), "{named:?}");
    assert!(has("states.ml", "no trusted CSCA has the issuer's name"), "{named:?}");
}

#[test]
fn a_terminal_with_certificates_out_of_order_is_bad_input_with_the_field() {
    let desk = Desk::issued();
    let file = desk.path("pki/terminal/is.cvcert");
    let good = std::fs::read(&file).unwrap();
    let place = |tag: &[u8]| good.windows(tag.len()).position(|octets| octets == tag).unwrap();
    let (effective, expiry) = (place(&[0x5F, 0x25, 6]), place(&[0x5F, 0x24, 6]));
    let changed = |at: usize, octet: u8| {
        let mut certificate = good.clone();
        certificate[at] = octet;
        certificate
    };
    let dv = std::fs::read(desk.path("pki/terminal/dv.cvcert")).unwrap();
    let mut zeros = good.clone();
    // The signature is the last object: its two octets of tag may stand in random ones before it, its length may not.
    let signature = (0..good.len() - 3)
        .find(|at| good[*at..].starts_with(&[0x5F, 0x37]) && usize::from(good[at + 2]) == good.len() - at - 3);
    let signature = signature.unwrap() + 3;
    let half = (zeros.len() - signature) / 2;
    zeros[signature..signature + half].fill(0);
    for (certificate, part) in [
        (changed(effective + 5, 0x0A), "5F25"),
        (changed(expiry + 5, 9), "5F24"),
        (changed(effective + 1, 0x26), "effective date"),
        (changed(expiry + 1, 0x27), "expiration date"),
        (zeros, "r or s of the signature is zero"),
        (dv, "issued by"),
        (good[..good.len() - 1].to_vec(), "not well-formed"),
    ] {
        std::fs::write(&file, certificate).unwrap();
        let refused = desk.inspect(&["--json"]).expect_code(3);
        let problem = &refused.problems()[0];
        assert!(problem.what.contains(part), "{part}: {problem:?}");
    }
    std::fs::write(&file, good).unwrap();
    desk.inspect(&[]).expect_code(0);
}

#[test]
fn flags_of_inspect_that_make_no_sense_cost_nothing() {
    let desk = Desk::issued();
    for arguments in [
        &["--pin", "12ab"][..],
        &["--puk", ""],
        &["--can", "12345", "--pin", "123456"],
        &["--mrz", "I", "--pin", "123456"],
        &["--pin", "123456", "--puk", "12345678"],
    ] {
        let image = desk.arg("card.image");
        run(&[&["inspect", "--image", &image], arguments].concat()).expect_code(2);
    }
    desk.inspect(&["--profile", "nowhere.toml"]).expect_code(3);
    // The card knows no PIN: PACE is refused before one is spent.
    let report = desk.inspect(&["--pin", "123456", "--json"]).expect_code(5).json();
    assert_eq!(report["password"], "PIN");
    assert_eq!(verdict(&report, "PACE"), "failed");
    desk.inspect(&["--profile", "cnie-2.0-minor"]).expect_code(0);
}
