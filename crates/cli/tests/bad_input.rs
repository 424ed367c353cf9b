//! Bad input: exit code 3 with file, field, what is wrong and what to do, and nothing is written. Each row of a table
//! spoils one thing on a fresh desk; the desk must hold the same octets before and after.

// The whole file is a test: its helpers may fail as loudly as its tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use bitaqa_biometrics::print_file::{PrintFormat, write};
use bitaqa_biometrics::raster::Grey;

use crate::support::{Desk, Output, command, run};
use serde_json::{Value, json};

const PROFILE: &str = include_str!("../../../card-profiles/cnie-2.0.toml");
const ADULT: &str = "cnie-2.0";
const MINOR: &str = "cnie-2.0-minor";

/// A record with one fault.
struct Row {
    name: &'static str,
    profile: &'static str,
    /// Spoils record or files.
    spoil: fn(&Desk, &mut Value),
    /// The field that is blamed.
    field: &'static str,
    /// Words of what is wrong.
    what: &'static str,
}

const fn row(name: &'static str, spoil: fn(&Desk, &mut Value), field: &'static str, what: &'static str) -> Row {
    Row { name, profile: ADULT, spoil, field, what }
}

/// The date some years after another, both YYYY-MM-DD; for days that every year has.
fn years_after(date: &Value, years: i32) -> Value {
    let date = date.as_str().unwrap();
    let year: i32 = date[..4].parse().unwrap();
    json!(format!("{}{}", year + years, date[4..].replace("02-29", "02-28")))
}

/// Replaces the portrait.
fn portrait(desk: &Desk, change: impl Fn(&mut Vec<u8>)) {
    change_file(desk, "applicant/portrait.jpg", change);
}

/// Replaces a file by a changed one.
fn change_file(desk: &Desk, name: &str, change: impl Fn(&mut Vec<u8>)) {
    let mut octets = std::fs::read(desk.path(name)).unwrap();
    change(&mut octets);
    std::fs::write(desk.path(name), octets).unwrap();
}

fn field_rows() -> Vec<Row> {
    let mut rows = vec![
        row(
            "missing field",
            |_, record| {
                record.as_object_mut().unwrap().remove("cin");
            },
            "cin",
            "missing",
        ),
        row(
            "missing field of a part",
            |_, record| {
                record["names"]["arabic"].as_object_mut().unwrap().remove("given");
            },
            "names.arabic.given",
            "missing",
        ),
        row("unknown field", |_, record| record["nickname"] = json!("x"), "nickname", "not known"),
        row("unknown field of a part", |_, record| record["birth"]["hour"] = json!("x"), "birth.hour", "not known"),
        row("field of another kind", |_, record| record["cin"] = json!(5), "cin", "kind number"),
        row("impossible date", |_, record| record["birth"]["date"] = json!("1990-02-30"), "birth.date", "no date"),
        row("date in another form", |_, record| record["issue_date"] = json!("22/11/2026"), "issue_date", "no date"),
        row(
            "expiry before issue",
            |_, record| record["expiry_date"] = years_after(&record["issue_date"], -1),
            "expiry_date",
            "before the day of its issue",
        ),
        row(
            "expired today",
            |_, record| {
                record["issue_date"] = json!("2010-03-01");
                record["expiry_date"] = json!("2020-03-01");
            },
            "expiry_date",
            "expired",
        ),
        row(
            "born after issue",
            |_, record| record["birth"]["date"] = record["issue_date"].clone(),
            "birth.date",
            "on or after the day of issue",
        ),
    ];
    rows.extend(further_field_rows());
    rows
}

fn further_field_rows() -> Vec<Row> {
    vec![
        row(
            "document number too long",
            |_, record| record["document_number"] = json!("VSI1234567"),
            "document_number",
            "MRZ overflow",
        ),
        row(
            "letters without a form in the MRZ",
            |_, record| record["names"]["latin"]["surname"] = json!("Ǝ"),
            "names.latin.surname",
            "cannot be written in the MRZ",
        ),
        row(
            "Latin letters in an Arabic field",
            |_, record| record["names"]["arabic"]["surname"] = json!("SPECIMEN"),
            "names.arabic.surname",
            "not Arabic",
        ),
        row(
            "Arabic letters in a Latin field",
            |_, record| record["names"]["latin"]["surname"] = json!("نموذج"),
            "names.latin.surname",
            "not Latin",
        ),
        row(
            "Cyrillic that looks Latin",
            |_, record| record["birth"]["place"]["latin"] = json!("RАBAT"),
            "birth.place.latin",
            "not Latin",
        ),
        row("CIN without letters", |_, record| record["cin"] = json!("1234567"), "cin", "no CIN"),
        row("CAN of five digits", |_, record| record["can"] = json!("12345"), "can", "6 digits"),
        row("IDCS with a wrong check digit", |_, record| wrong_check_digit(record), "optional.idcs", "check digit"),
        row("no e-mail", |_, record| record["optional"]["email"] = json!("a@b"), "optional.email", "no e-mail"),
        row("no telephone", |_, record| record["optional"]["phone"] = json!("none"), "optional.phone", "telephone"),
        row(
            "unknown finger",
            |_, record| record["fingerprints"][1]["finger"] = json!("left_toe"),
            "fingerprints[1].finger",
            "not known",
        ),
        row(
            "two times the same finger",
            |_, record| record["fingerprints"][1]["finger"] = record["fingerprints"][0]["finger"].clone(),
            "fingerprints[1].finger",
            "same finger",
        ),
        row("no prints of an adult", |_, record| record["fingerprints"] = json!([]), "fingerprints", "wants 2"),
    ]
}

fn wrong_check_digit(record: &mut Value) {
    let idcs = record["optional"]["idcs"].as_str().expect("a sample with an IDCS");
    let last = idcs[9..].parse::<u8>().unwrap();
    record["optional"]["idcs"] = json!(format!("{}{}", &idcs[..9], (last + 1) % 10));
}

fn age_rows() -> Vec<Row> {
    vec![
        row(
            "10 years for an under-12 with the adult profile",
            |_, record| record["birth"]["date"] = years_after(&record["issue_date"], -8),
            "birth.date",
            "8 years old",
        ),
        row(
            "11 years for an adult",
            |_, record| record["expiry_date"] = years_after(&record["issue_date"], 11),
            "expiry_date",
            "longer than the 10 years",
        ),
        Row {
            name: "the minor profile for an adult",
            profile: MINOR,
            spoil: |_, record| {
                record["fingerprints"] = json!([]);
                record["expiry_date"] = years_after(&record["issue_date"], 7);
            },
            field: "birth.date",
            what: "serves 0 to below 12",
        },
        Row {
            name: "10 years for an under-12 with the minor profile",
            profile: MINOR,
            spoil: |_, record| {
                record["birth"]["date"] = years_after(&record["issue_date"], -8);
                record["fingerprints"] = json!([]);
            },
            field: "expiry_date",
            what: "longer than the 7 years",
        },
        Row {
            name: "prints of an under-12",
            profile: MINOR,
            spoil: |_, record| {
                record["birth"]["date"] = years_after(&record["issue_date"], -8);
                record["expiry_date"] = years_after(&record["issue_date"], 7);
            },
            field: "fingerprints",
            what: "wants 0",
        },
    ]
}

fn image_rows() -> Vec<Row> {
    let mut rows = vec![
        row(
            "portrait that is not there",
            |_, record| record["portrait"]["file"] = json!("nowhere.jpg"),
            "portrait.file",
            "`nowhere.jpg` cannot be read",
        ),
        row(
            "portrait that is a folder",
            |desk, record| {
                std::fs::create_dir(desk.path("applicant/folder.jpg")).unwrap();
                record["portrait"]["file"] = json!("folder.jpg");
            },
            "portrait.file",
            "`folder.jpg` cannot be read",
        ),
        row("empty portrait", |desk, _| portrait(desk, Vec::clear), "portrait.file", "unknown image format"),
        row(
            "truncated portrait",
            |desk, _| portrait(desk, |octets| octets.truncate(octets.len() / 2)),
            "portrait.file",
            "truncated",
        ),
        row(
            "portrait cut by two octets",
            |desk, _| portrait(desk, |octets| octets.truncate(octets.len() - 2)),
            "portrait.file",
            "truncated",
        ),
        row(
            "portrait with octets behind its end",
            |desk, _| portrait(desk, |octets| octets.extend([0; 16])),
            "portrait.file",
            "behind its end",
        ),
        row(
            "portrait with a wrong magic",
            |desk, _| portrait(desk, |octets| octets[..2].copy_from_slice(b"BM")),
            "portrait.file",
            "unknown image format",
        ),
    ];
    rows.extend(further_image_rows());
    rows
}

fn further_image_rows() -> Vec<Row> {
    vec![
        row(
            "portrait of another format",
            |desk, record| {
                let blank = Grey::new(300, 400, vec![200; 300 * 400]).unwrap();
                std::fs::write(desk.path("applicant/blank.png"), write(&blank, PrintFormat::Png).unwrap()).unwrap();
                record["portrait"]["file"] = json!("blank.png");
            },
            "portrait.file",
            "is not the shape 413 x 531 of the card",
        ),
        row(
            "portrait too large",
            |desk, _| portrait(desk, |octets| octets.extend(vec![0; 24 * 1024])),
            "portrait.file",
            "too large",
        ),
        row(
            "octets behind a print",
            |desk, _| change_file(desk, "applicant/left_index.png", |octets| octets.extend(vec![0; 28 * 1024])),
            "fingerprints[1].file",
            "octets behind its end",
        ),
        row(
            "truncated print",
            |desk, _| change_file(desk, "applicant/left_index.png", |octets| octets.truncate(octets.len() / 2)),
            "fingerprints[1].file",
            "truncated",
        ),
        row(
            "print of another format",
            |_, record| record["fingerprints"][0]["file"] = json!("portrait.jpg"),
            "fingerprints[0].file",
            "is a JPEG, the profile takes wsq or png",
        ),
        row(
            "one print for two fingers",
            |_, record| record["fingerprints"][1]["file"] = record["fingerprints"][0]["file"].clone(),
            "fingerprints[1].file",
            "another finger",
        ),
    ]
}

/// The same refusal on both ways to a card, as JSON and for people, and a desk that did not change.
fn expect_refusal(name: &str, desk: &Desk, file: &str, field: &str, what: &str, runs: &[Vec<String>]) {
    let before = desk.content();
    for arguments in runs {
        let output = run(&[arguments.as_slice(), &["--json".to_owned()]].concat());
        assert_eq!(output.code, 3, "{name}: {output:?}");
        assert_eq!(output.json()["exit_code"], 3, "{name}");
        assert_eq!(output.json()["error"]["class"], "bad_input", "{name}");
        assert_eq!(output.stderr, "", "{name}: JSON form says nothing beside");
        let problems = output.problems();
        let blamed = problems.iter().find(|problem| problem.field == field && problem.what.contains(what));
        let blamed = blamed.unwrap_or_else(|| panic!("{name}: {field}: {what}: {problems:#?}"));
        assert_eq!(blamed.file, file, "{name}");
        assert!(!blamed.remedy.is_empty(), "{name}: what to do?");

        let human = run(arguments);
        assert_eq!((human.code, human.stdout.as_str()), (3, ""), "{name}: {human:?}");
        for words in [&blamed.file, &blamed.field, &blamed.what, &blamed.remedy] {
            assert!(human.stderr.contains(words.as_str()), "{name}: {words}: {}", human.stderr);
        }
        assert!(human.stderr.contains("nothing was written"), "{name}: {}", human.stderr);
    }
    let after = desk.content();
    let changed: Vec<&String> = after.keys().filter(|file| before.get(*file) != after.get(*file)).collect();
    assert!(before == after, "{name}: written after all: {changed:?}");
    assert!(!desk.journal().exists() && !desk.print_data().exists(), "{name}");
}

/// Both ways on which a record is read; the second with every file named that a run may write.
fn ways_of_a_record(desk: &Desk, profile: &str) -> Vec<Vec<String>> {
    let check = ["applicant", "check", &desk.arg("applicant/record.json"), "--profile", profile].map(str::to_owned);
    let (journal, print, trace) = (desk.arg("j"), desk.arg("p"), desk.arg("t"));
    let files = ["--profile", profile, "--journal", &journal, "--print-data", &print, "--trace", &trace];
    vec![check.to_vec(), desk.personalise_arguments(&["--profile", profile]), desk.personalise_arguments(&files)]
}

fn refuse_rows(rows: &[Row]) {
    for row in rows {
        let desk = Desk::new();
        let mut record = desk.record_json();
        (row.spoil)(&desk, &mut record);
        desk.write_record(&record);
        let file = desk.arg("applicant/record.json");
        expect_refusal(row.name, &desk, &file, row.field, row.what, &ways_of_a_record(&desk, row.profile));
    }
}

#[test]
fn a_field_that_breaks_a_rule_is_refused() {
    refuse_rows(&field_rows());
}

#[test]
fn an_age_outside_the_profile_is_refused() {
    refuse_rows(&age_rows());
}

#[test]
fn an_image_that_cannot_be_taken_is_refused() {
    refuse_rows(&image_rows());
}

#[test]
fn what_is_no_record_is_refused() {
    type Spoil = fn(&Desk);
    let rows: [(&str, Spoil, &str, &str); 4] = [
        ("no file", |desk| std::fs::remove_file(desk.record()).unwrap(), "", "No such file"),
        (
            "broken JSON",
            |desk| std::fs::write(desk.record(), "{\n  \"cin\": }\n").unwrap(),
            "line 2, column 10",
            "no JSON",
        ),
        ("not in UTF-8", |desk| std::fs::write(desk.record(), [0x7B, 0xFF, 0x7D]).unwrap(), "", "UTF-8"),
        ("a list", |desk| std::fs::write(desk.record(), "[]").unwrap(), "whole record", "kind array"),
    ];
    for (name, spoil, field, what) in rows {
        let desk = Desk::new();
        spoil(&desk);
        expect_refusal(name, &desk, &desk.arg("applicant/record.json"), field, what, &ways_of_a_record(&desk, ADULT));
    }
}

/// Changes of the profile's text: name, from, to, the place that is blamed (`@n`: lines counted from the change), and
/// what is wrong.
const PROFILE_ROWS: &[(&str, &str, &str, &str, &str)] = &[
    ("unknown key", "[holder]", "colour = \"blue\"\n[holder]", "line @0, column 1", "unknown field `colour`"),
    ("missing key", "age_years_min = 12\n", "", "line @-1, column 1", "missing field `age_years_min`"),
    (
        "a file larger than the card",
        "size_max = 57600",
        "size_max = 200000",
        "file.DG3.size_max",
        "file larger than the card",
    ),
    (
        "all files together larger than the card",
        "memory_bytes = 163840",
        "memory_bytes = 100000",
        "chip.memory_bytes",
        "the card has 100000",
    ),
    ("broken TOML", "[holder]", "[holder", "line @0, column 8", ""),
    ("value of another kind", "age_years_min = 12", "age_years_min = \"12\"", "line @0, column 17", "invalid type"),
];

/// Every command that reads a profile, as it would read `profile`.
fn ways_of_a_profile(desk: &Desk, profile: &str) -> Vec<Vec<String>> {
    let new_image = desk.arg("new.image");
    let mut ways: Vec<Vec<String>> = [
        vec!["profile", "check", profile],
        vec!["profile", "show", profile],
        vec!["card", "new", "--profile", profile, "--image", &new_image],
    ]
    .map(|way| way.into_iter().map(str::to_owned).collect())
    .into();
    ways.extend(ways_of_a_record(desk, profile));
    ways
}

#[test]
fn a_profile_that_breaks_a_rule_is_refused() {
    for (name, from, to, place, what) in PROFILE_ROWS {
        assert!(PROFILE.contains(from), "`{from}` is not in the profile");
        let desk = Desk::new();
        let file = desk.arg("changed.toml");
        std::fs::write(&file, PROFILE.replacen(from, to, 1)).unwrap();
        let line = 1 + PROFILE[..PROFILE.find(from).unwrap()].matches('\n').count();
        let place = place.replace("@0", &line.to_string()).replace("@-1", &(line - 1).to_string());
        expect_refusal(name, &desk, &file, &place, what, &ways_of_a_profile(&desk, &file));
    }
}

#[test]
fn what_is_no_profile_is_refused() {
    let desk = Desk::new();
    let portrait = desk.arg("applicant/portrait.jpg");
    expect_refusal("an image", &desk, &portrait, "", "UTF-8", &ways_of_a_profile(&desk, &portrait));
    let record = desk.arg("applicant/record.json");
    let line = "line 1, column 1";
    expect_refusal("a record", &desk, &record, line, "", &ways_of_a_profile(&desk, &record));
    let nowhere = desk.arg("nowhere.toml");
    expect_refusal("no file", &desk, &nowhere, "", "No such file", &ways_of_a_profile(&desk, &nowhere));
    expect_refusal("no name", &desk, "cnie-3.0", "", "No such file", &ways_of_a_profile(&desk, "cnie-3.0"));
}

/// What personalisation reads beside record and profile.
#[test]
fn keys_and_images_that_cannot_be_taken_are_refused() {
    type Spoil = fn(&Desk);
    let rows: [(&str, Spoil, &str); 7] = [
        ("no issuer keys", |desk| std::fs::remove_dir_all(desk.path("pki")).unwrap(), "pki"),
        (
            "no master key",
            |desk| std::fs::remove_file(desk.path("pki/vault/master.key")).unwrap(),
            "pki/vault/master.key",
        ),
        ("a damaged key", |desk| change_file(desk, "pki/ds/ds.key", |octets| octets.truncate(200)), "pki/ds/ds.key"),
        (
            "a damaged certificate",
            |desk| change_file(desk, "pki/ds/ds.cer", |octets| octets.truncate(200)),
            "pki/ds/ds.cer",
        ),
        (
            "another passphrase",
            |desk| std::fs::write(desk.path("pki/passphrase"), "no\n").unwrap(),
            "pki/vault/master.key",
        ),
        ("no card image", |desk| std::fs::remove_file(desk.image()).unwrap(), "card.image"),
        ("an image of something else", |desk| std::fs::write(desk.image(), b"garbage").unwrap(), "card.image"),
    ];
    for (name, spoil, file) in rows {
        let desk = Desk::new();
        spoil(&desk);
        expect_refusal(name, &desk, &desk.arg(file), "", "", &[desk.personalise_arguments(&[])]);
    }
}

/// The passphrase of the environment goes before the one beside the keys, and a wrong one opens nothing.
#[test]
fn a_wrong_passphrase_in_the_environment_is_refused() {
    let desk = Desk::new();
    let before = desk.content();
    let mut command = command(&desk.personalise_arguments(&["--json"]));
    let output = command.env("BITAQA_PASSPHRASE", "wrong").output().unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    let output =
        Output { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) };
    assert!(output.expect_code(3).problems()[0].what.contains("passphrase"));
    assert!(desk.content() == before);
}

/// Several faults are told in one run: nobody should have to ask a second time.
#[test]
fn every_fault_of_a_record_is_told_at_once() {
    let desk = Desk::new();
    let mut record = desk.record_json();
    record["cin"] = json!("?");
    record["names"]["arabic"]["surname"] = json!("x");
    record["portrait"]["file"] = json!("left_index.png");
    desk.write_record(&record);
    let output = desk.personalise(&["--json"]).expect_code(3);
    let fields: Vec<String> = output.problems().into_iter().map(|problem| problem.field).collect();
    assert_eq!(fields, ["names.arabic.surname", "cin", "portrait.file"]);
}

/// Where a run cannot open the files that it has to write, it writes nothing at all: no octet on the card either.
#[test]
fn files_that_cannot_be_opened_are_refused() {
    let desk = Desk::new();
    std::fs::write(desk.path("taken"), "not ours\n").unwrap();
    let rows = [("--journal", "nowhere/journal"), ("--journal", "taken"), ("--trace", "nowhere/trace")];
    for (flag, name) in rows {
        let way = desk.personalise_arguments(&[flag, &desk.arg(name)]);
        expect_refusal(&format!("{flag} {name}"), &desk, &desk.arg(name), "", "", &[way]);
    }
}

/// Print data are for admitted cards only, so the card was asked before: its counters may have moved, nothing else.
#[test]
fn print_data_that_cannot_be_written_stop_the_order() {
    let desk = Desk::new();
    std::fs::write(desk.path("taken"), "not ours\n").unwrap();
    let image = desk.arg("card.image");
    let state = || {
        let mut told = run(&["card", "info", "--json", "--image", &image]).expect_code(0).json();
        // asking a card counts, by SCP03
        told.as_object_mut().unwrap().remove("sequence_counter");
        told
    };
    let (mut before, blank) = (desk.content(), state());
    before.remove("card.image");
    for name in ["taken", "taken/print.json", "applicant", "applicant/portrait.jpg", "card.image"] {
        let file = desk.arg(name);
        let problems = desk.personalise(&["--json", "--print-data", &file]).expect_code(3).problems();
        assert_eq!((problems.len(), &problems[0].file), (1, &file));
        assert!(!problems[0].what.is_empty() && !problems[0].remedy.is_empty(), "{problems:?}");
        let mut after = desk.content();
        after.remove("card.image");
        assert!(after == before, "{name}: written after all: {:?}", after.keys());
        assert_eq!(state(), blank, "{name}");
    }
    desk.personalise(&[]).expect_code(0);
}
