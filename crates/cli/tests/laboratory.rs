//! Products of laboratories on the line: several key pairs, RSA, PIN and PUK, cards without PACE. What a reader finds
//! on them is the matter of the tests of inspection.

// Helpers of tests may panic like tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;

use crate::line::{Line, SeededPlatform, Waits};
use crate::support::{self, Desk, run};
use bitaqa_card::Card;
use bitaqa_card::nvm::medium::{MemoryMedium, Phase};
use bitaqa_perso::card_keys;
use bitaqa_perso::journal::{Event, Journal, JournalError, Kind, MemoryJournal};
use bitaqa_perso::order::{self, Course};
use bitaqa_perso::plan::{self, Plan};
use bitaqa_profile::{BUILTIN, Profile};
use serde_json::Value;

fn laboratories() -> impl Iterator<Item = &'static str> {
    BUILTIN.iter().map(|(name, _)| *name).filter(|name| name.starts_with("lab-"))
}

fn personalise(desk: &Desk, profile: &str) -> support::Output {
    let (record, pki, image) = (desk.arg("applicant/record.json"), desk.arg("pki"), desk.arg("card.image"));
    let order = ["personalise", "--json", "--profile", profile, "--applicant", &record, "--pki", &pki];
    run(&[&order[..], &["--image", &image, "--yes"]].concat())
}

/// The verdicts on the content of every file, and what is printed.
#[test]
fn each_product_is_issued_with_the_files_and_passwords_of_its_profile() {
    for name in laboratories() {
        let (profile, desk) = (Profile::builtin(name).unwrap(), Desk::for_profile(name));
        let output = personalise(&desk, name).expect_code(0);
        let issued = output.json();
        assert_eq!(issued["result"], "issued", "{name}");
        let checks = support::checks(&issued["verification"]["checks"]);
        let contents: BTreeSet<String> = checks
            .into_iter()
            .filter_map(|(step, verdict, _)| Some((step.strip_prefix("content ")?.to_owned(), verdict)))
            .map(|(file, verdict)| {
                assert_eq!(verdict, "passed", "{name} {file}");
                file
            })
            .collect();
        let of_eid = profile.eid.iter().flat_map(|eid| &eid.files).map(|file| format!("eID {}", file.name));
        let files: BTreeSet<String> = profile.files.iter().map(|file| file.name.clone()).chain(of_eid).collect();
        assert_eq!(contents, files, "{name}");
        let printed: Value = serde_json::from_slice(&std::fs::read(desk.print_data()).unwrap()).unwrap();
        let digits = |key: &str| printed[key].as_str().map(str::len);
        let (can, pin) = ((!profile.pace.infos.is_empty()).then_some(6), (profile.pace.tries.pin > 0).then_some(6));
        assert_eq!((digits("can"), digits("pin"), digits("puk")), (can, pin, pin.map(|_| 10)), "{name}");
        let journal = std::fs::read_to_string(desk.journal()).unwrap();
        let of_eid = printed["eid"].as_array().into_iter().flatten().filter_map(|pin| pin["value"].as_str());
        assert_eq!(of_eid.clone().count(), profile.eid.as_ref().map_or(0, |eid| eid.pins.len()), "{name}");
        for secret in ["can", "pin", "puk"].into_iter().filter_map(|key| printed[key].as_str()).chain(of_eid) {
            // A CAN or PIN may stand in a digest by chance, between other digits; the words of neither program nor
            // journal have six digits in a row.
            let told = |text: &str| text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == secret);
            assert!(!told(&journal) && !told(&output.stdout) && !told(&output.stderr), "{name}");
        }
        let password = issued["verification"]["password"].as_str().unwrap();
        assert_eq!(password, if can.is_none() || name == "lab-6fff" { "MRZ" } else { "CAN" }, "{name}");
    }
}

/// Keys of one profile do not sign the cards of another, and the words say what is wanted and what is there.
#[test]
fn an_issuer_of_other_algorithms_is_refused_before_the_card_is_touched() {
    for (desk, profile, words) in [
        (Desk::for_profile("lab-gm"), "lab-bac", ["EF.SOD signed by RSA-PKCS1 with SHA-256", "ECDSA"]),
        (Desk::new(), "lab-eac", ["EF.SOD signed by RSA-PSS with SHA-256", "ECDSA"]),
        (Desk::for_profile("lab-bac"), "lab-gm", ["EF.SOD signed by ECDSA with SHA-384", "RSA"]),
    ] {
        let before = std::fs::read(desk.image()).unwrap();
        let refused = personalise(&desk, profile).expect_code(3);
        let [problem] = &refused.problems()[..] else { panic!("{refused:?}") };
        assert!(words.iter().all(|word| problem.what.contains(word)), "{problem:?}");
        assert_eq!(std::fs::read(desk.image()).unwrap(), before);
        assert!(!desk.journal().exists() && !desk.print_data().exists());
    }
}

/// A trust point whose suite the card does not offer would be a card that no terminal opens.
#[test]
fn a_trust_point_of_another_suite_is_refused() {
    let desk = Desk::for_profile("lab-eac");
    let line = Line::for_profile(&desk, "lab-eac");
    let text = BUILTIN.iter().find(|(name, _)| *name == "lab-eac").unwrap().1;
    let text = text.replace("    \"id-TA-RSA-PSS-SHA-256\",\n", "");
    let profile = Profile::parse(&text, "changed").unwrap();
    let error = order::rehearse(&profile, &line.person, &line.issuer, &line.vault).err().unwrap().to_string();
    assert!(error.contains("id-TA-RSA-v1-5-SHA-256") && error.contains("CVCA signs by"), "{error}");
    assert!(order::rehearse(&line.profile, &line.person, &line.issuer, &line.vault).is_ok());
}

fn digests(plan: &Plan) -> Vec<[u8; 32]> {
    plan.files.iter().map(|file| file.sha256).collect()
}

/// RSA-PSS draws a salt, and still an order that begins anew in another process makes the same EF.SOD.
#[test]
fn a_folder_opened_twice_makes_the_same_plan() {
    let desk = Desk::for_profile("lab-eac");
    let [one, other] = [1, 2].map(|_| {
        let line = Line::for_profile(&desk, "lab-eac");
        digests(&order::rehearse(&line.profile, &line.person, &line.issuer, &line.vault).unwrap())
    });
    assert_eq!(one, other);
}

/// Ends the run in the place of an entry, as a full disk would.
struct Full {
    inner: MemoryJournal,
    step: &'static str,
}

impl Journal for Full {
    fn events(&self) -> &[Event] {
        self.inner.events()
    }

    fn append(&mut self, event: Event) -> Result<(), JournalError> {
        if event.step == self.step {
            let source = std::io::Error::other("full");
            return Err(JournalError::Io { path: "journal".into(), source });
        }
        self.inner.append(event)
    }
}

#[test]
fn a_sealed_card_of_three_keys_is_adopted_with_the_keys_in_its_files() {
    let desk = Desk::for_profile("lab-eac");
    let line = Line::for_profile(&desk, "lab-eac");
    let mut card = line.blank(Box::new(MemoryMedium::default()), &Waits::default());
    let mut journal = Full { inner: MemoryJournal::default(), step: plan::VERIFY };
    assert!(line.order(&mut card, &mut journal, 1).is_err());
    let line = Line::for_profile(&desk, "lab-eac");
    let receipt = line.order(&mut card, &mut journal.inner, 2).unwrap();
    assert_eq!((receipt.course, receipt.written_bytes), (Course::Adopted, 0));
    assert!(receipt.report.is_good());
}

/// How often the journal says that a step of this name was done.
fn done(journal: &MemoryJournal, step: &str) -> usize {
    journal.0.iter().filter(|event| event.step == step && event.kind == Kind::Done).count()
}

/// Power cut at memory write `number`; the order then runs to its end. `None` when it was never cut.
fn tear(line: &Line, number: usize) -> Option<MemoryJournal> {
    let (medium, waits) = (MemoryMedium::default(), Waits::default());
    let mut card = line.blank(Box::new(medium.clone()), &waits);
    medium.cut_at(medium.appends() + number, Phase::Torn);
    let mut journal = MemoryJournal::default();
    if line.order(&mut card, &mut journal, 9).is_ok() {
        return None;
    }
    let survived = MemoryMedium::with(medium.octets());
    let mut card = Card::load(Box::new(survived), Box::new(SeededPlatform::new(2, &waits))).unwrap();
    let receipt = line.order(&mut card, &mut journal, 11).unwrap_or_else(|error| panic!("write {number}: {error}"));
    assert!(receipt.report.is_good());
    Some(journal)
}

/// A key that the card has made stays its key: a second one would be another card than the one that was begun.
#[test]
fn keys_made_before_a_cut_are_not_made_again() {
    let desk = Desk::for_profile("lab-eac");
    let line = Line::for_profile(&desk, "lab-eac");
    let names: Vec<String> = card_keys::specs(&line.profile).iter().map(card_keys::step_name).collect();
    assert_eq!(names.len(), 3);
    let mut torn_between = 0;
    for number in 0..16 {
        let journal = tear(&line, number).unwrap_or_else(|| panic!("write {number} cuts nothing"));
        for name in &names {
            assert_eq!(done(&journal, name), 1, "write {number}: {name}");
        }
        // Cut after the first key and before the last one: the second run began with some keys.
        let Some(failed) = journal.0.iter().position(|event| event.kind == Kind::Failed) else { continue };
        let before = journal.0[..failed].iter().filter(|event| names.contains(&event.step)).count();
        torn_between += usize::from(before > 2);
    }
    assert!(torn_between > 3, "the cuts miss the making of keys");
    // And the data behind them, at some writes more.
    for number in (20..60).step_by(9) {
        tear(&line, number);
    }
}
