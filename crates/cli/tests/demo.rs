//! `bitaqa demo`: the main job from an empty folder, for both products.

// The whole file is a test: its helpers may fail as loudly as its tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::{Folder, checks, command, expect_good, read_folder, run};
use serde_json::{Value, json};

/// Runs a demonstration; its outcome and what it left.
fn demo(extra: &[&str]) -> (Value, Folder) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let outcome = run(&[&["demo", "--json", "--out", out.to_str().unwrap()], extra].concat()).expect_code(0);
    assert_eq!(outcome.stderr, "");
    let outcome = outcome.json();
    assert_eq!(outcome["artefacts"]["folder"], json!(out.to_str().unwrap()));
    // Each artefact lies where the outcome says.
    for (what, path) in outcome["artefacts"].as_object().unwrap() {
        assert!(Path::new(path.as_str().unwrap()).exists(), "{what}: {path}");
    }
    (outcome, read_folder(&out))
}

/// Names of the files below a folder of the content.
fn names<'a>(content: &'a Folder, below: &str) -> BTreeSet<&'a str> {
    content.keys().filter_map(|name| name.strip_prefix(below)).collect()
}

fn expect_all_passed(outcome: &Value) {
    assert_eq!(outcome["result"], "positive");
    for list in ["verification", "inspection_by_can", "inspection_by_mrz"] {
        expect_good(&checks(&outcome[list]));
    }
}

#[test]
fn a_demonstration_leaves_the_layout_of_its_help() {
    let (outcome, content) = demo(&["--seed", "20"]);
    expect_all_passed(&outcome);
    assert_eq!((&outcome["profile"], &outcome["seed"]), (&json!("cnie-2.0"), &json!(20)));
    assert_eq!(
        names(&content, "applicant/"),
        ["left_index.png", "mrz.txt", "portrait.png", "record.json", "right_index.png"].into()
    );
    assert_eq!(
        names(&content, "inspection/"),
        [
            "DG1.bin",
            "DG2.bin",
            "DG3.bin",
            "DG11.bin",
            "DG12.bin",
            "DG13.bin",
            "DG14.bin",
            "EF.ATR-INFO.bin",
            "EF.COM.bin",
            "EF.CVCA.bin",
            "EF.CardAccess.bin",
            "EF.Optional.bin",
            "EF.SOD.bin",
            "report.json",
        ]
        .into()
    );
    let top: BTreeSet<&str> = content.keys().map(|name| name.split('/').next().unwrap()).collect();
    let wanted = ["applicant", "card.image", "inspection", "journal", "personalise.trace", "pki", "print.json"];
    assert_eq!(top, wanted.into());
    let wanted = ["csca/csca.cer", "ds/ds.cer", "terminal/is.key", "trust/csca.cer", "vault/master.key", "passphrase"];
    assert!(wanted.iter().all(|name| names(&content, "pki/").contains(name)));
    let report: Value = serde_json::from_slice(&content["inspection/report.json"]).unwrap();
    assert_eq!(report["checks"], outcome["inspection_by_can"]);
}

/// Under 12: no prints, the zero-instance form of DG3 with random octets in it, 9303-10 §4.7.3.1.
#[test]
fn a_minor_gets_a_card_without_prints() {
    let (outcome, content) = demo(&["--minor", "--seed", "20"]);
    expect_all_passed(&outcome);
    assert_eq!(outcome["profile"], "cnie-2.0-minor");
    assert_eq!(names(&content, "applicant/"), ["mrz.txt", "portrait.png", "record.json"].into());
    let record: Value = serde_json::from_slice(&content["applicant/record.json"]).unwrap();
    assert_eq!(record["fingerprints"], json!([]));
    let year = |key: &str| record[key].as_str().unwrap()[..4].parse::<i32>().unwrap();
    assert!(year("expiry_date") - year("issue_date") <= 7);
    let group = &content["inspection/DG3.bin"];
    let none = [0x7F, 0x61, 0x03, 0x02, 0x01, 0x00, 0x53];
    assert!(group[0] == 0x63 && group.windows(none.len()).any(|window| window == none), "{group:02X?}");
    // The hash in EF.SOD must not tell that there are no prints: the next card has other octets.
    let (_, other) = demo(&["--minor", "--seed", "20"]);
    assert!(other["inspection/DG3.bin"].len() == group.len() && other["inspection/DG3.bin"] != *group);
}

#[test]
fn one_seed_is_one_person_and_two_cards() {
    let (outcome, one) = demo(&["--seed", "7"]);
    let (_, other) = demo(&["--seed", "7"]);
    for name in names(&one, "applicant/") {
        let name = format!("applicant/{name}");
        assert!(one[&name] == other[&name], "{name}");
    }
    // Keys and chips are never drawn from a seed.
    for name in ["pki/csca/csca.cer", "pki/vault/master.key", "pki/passphrase", "inspection/DG14.bin"] {
        assert!(one[name] != other[name], "{name}");
    }
    let (next, third) = demo(&["--seed", "8"]);
    assert!(third["applicant/record.json"] != one["applicant/record.json"] && next["seed"] != outcome["seed"]);
}

#[test]
fn a_demonstration_finds_a_folder_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let output = command(&["demo"]).current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let made: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(matches!(made.as_slice(), [name] if name.starts_with("bitaqa-demo-20")), "{made:?}");
    // The table and where each artefact lies.
    let text = String::from_utf8(output.stdout).unwrap();
    for words in ["DS certificate path", "Terminal Authentication", "/applicant", "/pki", "/card.image", "/inspection"]
    {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    assert!(!text.contains("failed"), "{text}");
}
