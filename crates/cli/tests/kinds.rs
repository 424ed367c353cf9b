//! One card of each kind, issued and inspected by the program: the whole list of verdicts. Then the same cards with
//! somebody between card and terminal.

// Helpers of tests may panic like tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use crate::support::{self, Folder, Output, checks, read_folder, run, write_folder};
use bitaqa_apdu::{Aid, Atr, Bytes, Transport, TransportError};
use bitaqa_card::Card;
use bitaqa_card::nvm::medium::MemoryMedium;
use bitaqa_cli::world::RealPlatform;
use bitaqa_cli::{trust_folder, world};
use bitaqa_curves::{Curve, SecretScalar};
use bitaqa_lds::mrz::Mrz;
use bitaqa_lds::security_infos::{SecurityInfo, SecurityInfos};
use bitaqa_pki::cvc::{self, Chat, CvCertificate, CvRequest, InspectionRights, LinkParameters, Reference, Role};
use bitaqa_pki::{Signer, SoftwareSigner, key_file};
use bitaqa_secure_messaging::pace::Password;
use bitaqa_terminal::emrtd;
use bitaqa_terminal::inspection::{self, Conditions, Inspection, steps};
use bitaqa_terminal::trace::Totals;
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use serde_json::Value;
use tempfile::TempDir;

/// A desk with an issued card of this kind. Made once for each kind.
struct Kind {
    folder: TempDir,
    profile: String,
}

impl Kind {
    fn new(name: &str) -> Self {
        static MADE: Mutex<BTreeMap<String, Folder>> = Mutex::new(BTreeMap::new());
        let profile = name.to_owned();
        let mut made = MADE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let content = made.entry(name.to_owned()).or_insert_with(|| issue(&profile));
        let folder = tempfile::tempdir().unwrap();
        write_folder(folder.path(), content);
        Self { folder, profile }
    }

    fn arg(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Inspects with these flags beside image, profile, trust and terminal.
    fn inspect(&self, flags: &[&str]) -> Output {
        let (image, pki) = (self.arg("card.image"), self.arg("pki"));
        let own =
            ["inspect", "--profile", &self.profile, "--image", &image, "--trust", &pki, "--terminal", &pki, "--json"];
        run(&[&own[..], flags].concat())
    }

    fn by_mrz(&self, flags: &[&str]) -> Output {
        self.inspect(&[&["--mrz-file", &self.arg("applicant/mrz.txt")], flags].concat())
    }

    /// What the laser prints, and PIN and PUK.
    fn print_data(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.arg("card.image.journal.print.json")).unwrap()).unwrap()
    }
}

/// A card of this profile on a desk of its own: sample person, keys, image, journal.
fn issue(profile: &str) -> Folder {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    run(&["applicant", "sample", &at("applicant"), "--seed", support::SEED, "--profile", profile]).expect_code(0);
    run(&["pki", "init", &at("pki"), "--profile", profile]).expect_code(0);
    run(&["card", "new", "--profile", profile, "--image", &at("card.image")]).expect_code(0);
    let (record, pki, image) = (at("applicant/record.json"), at("pki"), at("card.image"));
    let order =
        ["personalise", "--profile", profile, "--applicant", &record, "--pki", &pki, "--image", &image, "--yes"];
    run(&order).expect_code(0);
    read_folder(folder.path())
}

/// Steps of every inspection, in order, with the verdicts on a card that offers PACE, EF.DG14 and a key for Chip
/// Authentication, and nothing else.
const PACE_AND_CHIP_AUTHENTICATION: [(&str, &str); 24] = [
    ("EF.CardAccess", "passed"),
    ("PACE", "passed"),
    ("EF.CardSecurity", "not_offered"),
    ("EF.CardSecurity signature", "not_offered"),
    ("EF.CardSecurity certificate path", "not_offered"),
    ("EF.CardAccess against EF.CardSecurity", "not_offered"),
    ("Chip Authentication Mapping", "not_offered"),
    ("eMRTD application", "passed"),
    ("BAC", "not_attempted"),
    ("EF.SOD", "passed"),
    ("SOD signature", "passed"),
    ("DS certificate path", "passed"),
    ("DS certificate revocation", "not_attempted"),
    ("EF.COM", "passed"),
    ("EF.COM against EF.SOD", "passed"),
    ("DG1 hash", "passed"),
    ("MRZ check digits", "passed"),
    ("DG14 hash", "passed"),
    ("EF.CardAccess against DG14", "passed"),
    ("Chip Authentication", "passed"),
    ("DG15 hash", "not_offered"),
    ("Active Authentication", "not_offered"),
    ("EF.CVCA", "not_offered"),
    ("Terminal Authentication", "not_offered"),
];

/// The whole list: that of such a card, with these verdicts instead, and the data groups behind.
#[track_caller]
fn expect(output: Output, instead: &[(&str, &str)], groups: &[(&str, &str)]) -> Value {
    let positive = !instead.iter().any(|(_, verdict)| ["failed", "downgraded"].contains(verdict));
    let report = output.expect_code(if positive { 0 } else { 5 }).json();
    assert_eq!(report["result"], if positive { "positive" } else { "negative" });
    let found: Vec<(String, String)> =
        checks(&report["checks"]).into_iter().map(|(step, verdict, _)| (step, verdict)).collect();
    let verdict = |step: &str, usual: &str| {
        instead.iter().find(|(other, _)| *other == step).map_or_else(|| usual.to_owned(), |(_, it)| (*it).to_owned())
    };
    let usual = PACE_AND_CHIP_AUTHENTICATION.iter().chain(groups);
    let wanted: Vec<(String, String)> = usual.map(|(step, usual)| ((*step).to_owned(), verdict(step, usual))).collect();
    assert_eq!(found, wanted, "{report:#}");
    report
}

/// Notes of a step.
fn notes(report: &Value, step: &str) -> String {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["step"] == step).unwrap()["notes"].to_string()
}

const DG2: &[(&str, &str)] = &[("DG2 hash", "passed")];
const MAPPED: [(&str, &str); 5] = [
    ("EF.CardSecurity", "passed"),
    ("EF.CardSecurity signature", "passed"),
    ("EF.CardSecurity certificate path", "passed"),
    ("EF.CardAccess against EF.CardSecurity", "passed"),
    ("Chip Authentication Mapping", "passed"),
];

#[test]
fn generic_mapping() {
    let report = expect(Kind::new("lab-gm").by_mrz(&[]), &[], DG2);
    assert!(notes(&report, "PACE").contains("generic mapping, AES-256, brainpoolP384r1, the strongest of 3 offers"));
}

#[test]
fn integrated_mapping() {
    let report = expect(Kind::new("lab-im").by_mrz(&[]), &[], DG2);
    assert!(notes(&report, "PACE").contains("integrated mapping"));
}

#[test]
fn chip_authentication_mapping() {
    let report = expect(Kind::new("lab-cam").by_mrz(&[]), &MAPPED, DG2);
    assert!(notes(&report, "PACE").contains("chip authentication mapping"));
}

#[test]
fn finite_fields() {
    let report = expect(Kind::new("lab-dh").by_mrz(&[]), &[], DG2);
    for step in ["PACE", "Chip Authentication"] {
        assert!(notes(&report, step).contains("RFC 5114"), "{report:#}");
    }
}

/// Verdicts of a card that offers no PACE at all.
const NO_PACE: [(&str, &str); 4] = [
    ("EF.CardAccess", "not_offered"),
    ("PACE", "not_offered"),
    ("BAC", "passed"),
    ("EF.CardAccess against DG14", "not_offered"),
];

#[test]
fn bac_alone_with_active_authentication() {
    let kind = Kind::new("lab-bac");
    let aa = [("DG15 hash", "passed"), ("Active Authentication", "passed")];
    let report = expect(kind.by_mrz(&[]), &[&NO_PACE[..], &aa].concat(), DG2);
    assert!(notes(&report, "Active Authentication").contains("RSA SHA-256"));
    assert!(notes(&report, "Chip Authentication").contains("3DES"));
    let report = kind.inspect(&["--can", "123456"]).expect_code(5).json();
    let bac = checks(&report["checks"]).into_iter().find(|(step, ..)| step == "BAC").unwrap();
    assert!(bac.1 == "not_attempted" && bac.2.unwrap().contains("a CAN cannot open BAC"));
}

const EAC: [(&str, &str); 4] = [
    ("DG15 hash", "passed"),
    ("Active Authentication", "passed"),
    ("EF.CVCA", "passed"),
    ("Terminal Authentication", "passed"),
];
const DG2_DG3: &[(&str, &str)] = &[("DG2 hash", "passed"), ("DG3 hash", "passed")];

#[test]
fn everything_at_once_by_every_password() {
    let kind = Kind::new("lab-eac");
    let report = expect(kind.by_mrz(&[]), &EAC, DG2_DG3);
    assert!(notes(&report, "Active Authentication").contains("ECDSA SHA-256"));
    let data = kind.print_data();
    let [can, pin, puk] = ["can", "pin", "puk"].map(|field| data[field].as_str().unwrap());
    expect(kind.inspect(&["--can", can]), &EAC, DG2_DG3);
    for (flag, password, name) in [("--pin", pin, "PIN"), ("--puk", puk, "PUK")] {
        let output = kind.inspect(&["--can", can, flag, password]);
        assert_eq!(output.stderr.trim(), format!("{name}: all tries are left"));
        let report = expect(output, &EAC, DG2_DG3);
        assert!(report["password"] == name && notes(&report, "PACE").contains("by the CAN first"));
    }
    // Alone they open a session and no file of the application.
    let report = kind.inspect(&["--pin", pin]).expect_code(5).json();
    let sod = checks(&report["checks"]).into_iter().find(|(step, ..)| step == "EF.SOD").unwrap();
    assert!(sod.1 == "failed" && sod.2.unwrap().contains("6982"));
    assert!(notes(&report, "PACE").contains("is no password of the eMRTD application"));
}

#[test]
fn tries_of_a_pin_are_said_and_the_last_is_kept() {
    let kind = Kind::new("lab-eac");
    let right = kind.print_data()["pin"].as_str().unwrap().to_owned();
    let wrong: String = right.chars().map(|digit| if digit == '9' { '0' } else { '9' }).collect();
    for said in ["PIN: all tries are left", "PIN: 2 tries are left", "PIN: 1 try is left"] {
        let refused = kind.inspect(&["--pin", &wrong]).expect_code(5);
        assert!(refused.stderr.contains(said), "{said}: {refused:?}");
    }
    // The third was not spent: the card says the same again.
    let refused = kind.inspect(&["--pin", &wrong]).expect_code(5);
    assert!(refused.stderr.contains("PIN: 1 try is left") && refused.stdout.contains("one try left"), "{refused:?}");
    // Suspended: without the CAN the card takes not even the right one; with it the PIN is resumed.
    let refused = kind.inspect(&["--pin", &right, "--last-try"]).expect_code(5);
    assert!(refused.stdout.contains("suspended"), "{refused:?}");
    let can = kind.print_data()["can"].as_str().unwrap().to_owned();
    kind.inspect(&["--can", &can, "--pin", &right]).expect_code(5);
    kind.inspect(&["--can", &can, "--pin", &right, "--last-try"]).expect_code(0);
    let refilled = kind.inspect(&["--can", &can, "--pin", &right]).expect_code(0);
    assert!(refilled.stderr.contains("PIN: all tries are left"), "{refilled:?}");
}

/// Behind PACE that failed.
const REFUSED: [(&str, &str); 7] = [
    ("PACE", "failed"),
    ("EF.CardSecurity", "not_attempted"),
    ("EF.CardSecurity signature", "not_attempted"),
    ("EF.CardSecurity certificate path", "not_attempted"),
    ("EF.CardAccess against EF.CardSecurity", "not_attempted"),
    ("Chip Authentication Mapping", "not_attempted"),
    ("BAC", "downgraded"),
];

#[test]
fn a_card_that_answers_6fff_to_pace_is_never_read_over_bac_in_silence() {
    let kind = Kind::new("lab-6fff");
    let refused = kind.by_mrz(&[]).expect_code(5);
    let report = refused.json();
    let found = checks(&report["checks"]);
    let find = |step: &str| found.iter().find(|(name, ..)| name == step).unwrap();
    assert!(find("PACE").1 == "failed" && find("PACE").2.as_ref().unwrap().contains("6FFF"));
    assert!(find("BAC").1 == "not_attempted" && find("BAC").2.as_ref().unwrap().contains("downgrade"));
    let files = report["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap());
    assert_eq!(
        files.collect::<Vec<_>>(),
        ["EF.ATR/INFO", "EF.CardAccess"],
        "nothing but what anybody may read was read"
    );

    let report = expect(kind.by_mrz(&["--allow-downgrade"]), &REFUSED, DG2);
    let bac = checks(&report["checks"]).into_iter().find(|(step, ..)| step == "BAC").unwrap();
    assert_eq!(bac.2.unwrap(), "from PACE to BAC");
}

/// Somebody between a card and its terminal, who serves another EF.CardAccess, or none, and may change a protected
/// answer.
struct Between {
    card: Card,
    card_access: Option<Vec<u8>>,
    /// How many protected answers pass before one is changed.
    passes: usize,
    /// Class octets of what came after that.
    after: Vec<u8>,
}

impl Transport for Between {
    fn reset(&mut self) -> Result<Atr, TransportError> {
        self.card.reset()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Bytes, TransportError> {
        if command.starts_with(&[0x00, 0xB0, 0x9C, 0x00]) {
            let answer =
                self.card_access.as_ref().map_or_else(|| vec![0x6A, 0x82], |it| [it, &[0x90, 0x00][..]].concat());
            return Ok(answer.into());
        }
        let mut answer = self.card.transmit(command)?;
        if self.passes == 0 {
            self.after.push(command[0]);
        } else if command[0] & 0x0C == 0x0C {
            self.passes -= 1;
            if self.passes == 0 {
                *answer.as_mut_vec().first_mut().unwrap() ^= 1;
            }
        }
        Ok(answer)
    }
}

/// A chip of the first years: P1 of READ BINARY is an offset in the selected file and nothing else, and what it refuses
/// it refuses in plain.
struct NoShortIdentifiers(Card);

impl Transport for NoShortIdentifiers {
    fn reset(&mut self) -> Result<Atr, TransportError> {
        self.0.reset()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Bytes, TransportError> {
        if matches!(command, [_, 0xB0, 0x80..=0xFF, ..]) {
            Ok(vec![0x69, 0x85].into())
        } else {
            self.0.transmit(command)
        }
    }
}

#[test]
fn a_card_that_knows_no_short_identifiers_is_read_by_names() {
    let kind = Kind::new("lab-bac");
    let medium = MemoryMedium::with(std::fs::read(kind.arg("card.image")).unwrap());
    let mut card = NoShortIdentifiers(Card::load(Box::new(medium), Box::<RealPlatform>::default()).unwrap());
    let found = inspect_by_mrz(&kind, &mut card);
    assert!(found.is_positive(), "{:#?}", found.checks);
    let bac = found.checks.iter().find(|check| check.step == "BAC").unwrap();
    assert!(bac.notes.iter().any(|note| note.contains("no short identifiers")), "{bac:?}");
}

/// Somebody between, who passes everything on.
fn between(kind: &Kind) -> Between {
    let medium = MemoryMedium::with(std::fs::read(kind.arg("card.image")).unwrap());
    let mut card = Card::load(Box::new(medium), Box::<RealPlatform>::default()).unwrap();
    card.reset().unwrap();
    let content = card.transmit(&[0x00, 0xB0, 0x9C, 0x00, 0x00, 0x00, 0x00]).unwrap();
    let card_access = Some(content[..content.len() - 2].to_vec());
    Between { card, card_access, passes: usize::MAX, after: Vec::new() }
}

fn inspect_by_mrz(kind: &Kind, between: &mut dyn Transport) -> Inspection {
    let mrz = std::fs::read_to_string(kind.arg("applicant/mrz.txt")).unwrap();
    let password = Password::mrz(&Mrz::parse(mrz.trim()).unwrap().key_input());
    let trust = trust_folder::open(Path::new(&kind.arg("pki")), world::now()).unwrap().store;
    let application = Aid::new(&emrtd::APPLICATION).unwrap();
    let conditions = Conditions::new(&trust, &application, world::now());
    inspection::run(between, &mut Totals::default(), &password, &conditions, &mut world::rng()).unwrap()
}

/// Inspects with somebody between, who makes another EF.CardAccess of the one that the card has.
fn inspect_between(kind: &Kind, change: impl FnOnce(SecurityInfos) -> Option<SecurityInfos>) -> Inspection {
    let mut between = between(kind);
    let infos = SecurityInfos::from_der(between.card_access.as_ref().unwrap()).unwrap();
    between.card_access = change(infos).map(|infos| infos.to_der().unwrap());
    inspect_by_mrz(kind, &mut between)
}

fn found(inspection: &Inspection, step: &str) -> (&'static str, String) {
    let verdict = inspection.verdict(step).unwrap();
    (verdict.word(), verdict.reason().unwrap_or_default())
}

#[test]
fn an_offer_that_was_taken_away_is_found_by_dg14() {
    let found_by = inspect_between(&Kind::new("lab-gm"), |infos| {
        let of_parameter =
            |info: &SecurityInfo, id| matches!(info, SecurityInfo::Pace(pace) if pace.parameter_id == Some(id));
        Some(SecurityInfos { infos: infos.infos.into_iter().filter(|info| !of_parameter(info, 16)).collect() })
    });
    assert_eq!(found(&found_by, steps::PACE).0, "passed");
    let (word, reason) = found(&found_by, steps::CARD_ACCESS_CONFIRMED);
    assert!(word == "downgraded" && reason.contains("brainpoolP384r1"), "{word} {reason}");
    assert!(!found_by.is_positive());
}

#[test]
fn a_hidden_card_access_is_found_by_dg14() {
    let found_by = inspect_between(&Kind::new("lab-6fff"), |_| None);
    assert_eq!(found(&found_by, steps::PACE).0, "not_offered");
    assert_eq!(found(&found_by, steps::BAC).0, "passed");
    let (word, reason) = found(&found_by, steps::CARD_ACCESS_CONFIRMED);
    assert!(word == "downgraded" && reason.ends_with("to no PACE"), "{word} {reason}");
    assert!(!found_by.is_positive());
}

#[test]
fn a_mapping_that_was_taken_away_is_found_by_card_security_too() {
    let found_by = inspect_between(&Kind::new("lab-cam"), |infos| {
        // id-PACE-ECDH-CAM ends in 6 and the cipher.
        let is_mapped = |info: &SecurityInfo| info.protocol().to_string().starts_with("0.4.0.127.0.7.2.2.4.6.");
        Some(SecurityInfos { infos: infos.infos.into_iter().filter(|info| !is_mapped(info)).collect() })
    });
    assert_eq!(found(&found_by, steps::CHIP_MAPPING).0, "not_offered");
    assert_eq!(found(&found_by, steps::CARD_ACCESS_BY_CARD_SECURITY).0, "downgraded");
    assert_eq!(found(&found_by, steps::CARD_ACCESS_CONFIRMED).0, "downgraded");
    assert!(!found_by.is_positive());
}

#[test]
fn an_offer_that_the_card_does_not_make_fails() {
    let found_by = inspect_between(&Kind::new("lab-gm"), |infos| {
        let mut infos = infos.infos;
        for info in &mut infos {
            if let SecurityInfo::Pace(pace) = info {
                pace.parameter_id = Some(15);
            }
        }
        infos.dedup();
        Some(SecurityInfos { infos })
    });
    assert_eq!(found(&found_by, steps::PACE).0, "failed");
    assert_eq!(found(&found_by, steps::BAC).0, "not_attempted");
}

/// A terminal under the next CVCA, on a curve, with the link that the CVCA of the card has signed.
fn next_terminal(kind: &Kind) {
    let mut rng = ChaCha20Rng::seed_from_u64(77);
    let passphrase = std::fs::read_to_string(kind.arg("pki/passphrase")).unwrap();
    let key = std::fs::read_to_string(kind.arg("pki/cvca/cvca.key")).unwrap();
    let old = CvCertificate::parse(&std::fs::read(kind.arg("pki/cvca/cvca.cvcert")).unwrap()).unwrap();
    let old_signer = key_file::open_signing(&key, passphrase.trim().as_bytes())
        .unwrap()
        .signer(old.body().public_key.algorithm(), &mut rng)
        .unwrap();
    let keys = [1u8, 2, 3].map(|seed| SecretScalar::from_bytes(Curve::P256, &[seed; 31]).unwrap());
    let [cvca, dv, is] = keys.each_ref().map(|key| SoftwareSigner::new(key.clone()));
    let (from, until) = (old.effective(), old.expiry());
    let certificate = |name: &str, role, signer: &SoftwareSigner, issue: &dyn Fn(&CvRequest<'_>) -> CvCertificate| {
        let holder = Reference::new("MA", name, "00002").unwrap();
        let chat = Chat::inspection(role, InspectionRights::ALL);
        let public_key = signer.public_key();
        issue(&CvRequest { holder: &holder, public_key: &public_key, chat: &chat, effective: from, expiry: until })
    };
    let link = certificate("CVCA", Role::Cvca, &cvca, &|request| {
        cvc::issue_link(request, cvca.algorithm(), LinkParameters::Stated, &old, &old_signer).unwrap()
    });
    let dv_certificate =
        certificate("DV", Role::DvDomestic, &dv, &|request| cvc::issue(request, &link, &cvca).unwrap());
    let is_certificate =
        certificate("IS", Role::Terminal, &is, &|request| cvc::issue(request, &dv_certificate, &dv).unwrap());
    std::fs::create_dir(kind.arg("next")).unwrap();
    let sealed = key_file::seal(&keys[2], passphrase.trim().as_bytes(), &mut rng).unwrap();
    std::fs::write(kind.arg("next/is.key"), sealed).unwrap();
    std::fs::write(kind.arg("next/passphrase"), passphrase).unwrap();
    for (name, certificate) in [("from-old", &link), ("dv", &dv_certificate), ("is", &is_certificate)] {
        std::fs::write(kind.arg(&format!("next/{name}.cvcert")), certificate.encode()).unwrap();
    }
}

#[test]
fn a_terminal_of_the_next_cvca_brings_the_card_up_by_a_link() {
    let kind = Kind::new("lab-eac");
    next_terminal(&kind);
    let (image, pki, next, mrz) =
        (kind.arg("card.image"), kind.arg("pki"), kind.arg("next"), kind.arg("applicant/mrz.txt"));
    let inspect = |terminal: &str| {
        let card = ["inspect", "--profile", &kind.profile, "--image", &image, "--mrz-file", &mrz, "--trust", &pki];
        run(&[&card[..], &["--terminal", terminal, "--json"]].concat())
    };
    // Without the link there is no way from the card's trust point to this terminal.
    std::fs::rename(kind.arg("next/from-old.cvcert"), kind.arg("next/link.away")).unwrap();
    let report = inspect(&next).expect_code(0).json();
    let step = checks(&report["checks"]).into_iter().find(|(step, ..)| step == "Terminal Authentication").unwrap();
    assert!(step.1 == "not_attempted" && step.2.unwrap().contains("stand under MACVCA00002"), "{report:#}");

    std::fs::rename(kind.arg("next/link.away"), kind.arg("next/from-old.cvcert")).unwrap();
    let report = expect(inspect(&next), &EAC, DG2_DG3);
    assert!(notes(&report, "Terminal Authentication").contains("a link certificate was shown"), "{report:#}");
    // From now on the card knows both.
    let report = expect(inspect(&next), &EAC, DG2_DG3);
    assert_eq!(notes(&report, "Terminal Authentication"), "null");
    expect(inspect(&pki), &EAC, DG2_DG3);
}

#[test]
fn one_changed_answer_ends_the_session_and_nothing_is_asked_in_plain_after_it() {
    let kind = Kind::new("lab-gm");
    let whole = inspect_by_mrz(&kind, &mut between(&kind));
    assert!(whole.is_positive());
    // Protected answers of that run: one by one, the last too.
    for passes in 1.. {
        let mut between = Between { passes, ..between(&kind) };
        let found_by = inspect_by_mrz(&kind, &mut between);
        if between.passes > 0 {
            assert!(passes > 10 && found_by.is_positive(), "{passes} answers were protected");
            break;
        }
        assert!(!found_by.is_positive());
        assert!(between.after.is_empty(), "{passes}: asked on: {:02X?}", between.after);
        assert!(found_by.checks.len() >= PACE_AND_CHIP_AUTHENTICATION.len(), "{passes}: every step has a verdict");
        let failed: Vec<_> = found_by.checks.iter().filter(|check| check.verdict.is_bad()).collect();
        let reason = failed.first().unwrap().verdict.reason().unwrap();
        assert!(failed.len() == 1 && reason.contains("secure messaging"), "{passes}: {failed:#?}");
    }
}
