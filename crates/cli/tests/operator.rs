//! What an operator does with a card manager, and what he is told when it goes wrong.

// Helpers of tests may panic like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::fs;

use crate::support::{self, Desk, run};
use serde_json::Value;

/// The module that every profile's chip has, and an instance of it.
const EMRTD: [&str; 3] = ["--package", "--module", "--instance"];

/// `card COMMAND .. --image IMAGE --json`.
fn card(desk: &Desk, arguments: &[&str]) -> support::Output {
    let image = desk.arg("card.image");
    let whole: Vec<&str> = ["card"].iter().chain(arguments).copied().chain(["--image", &image, "--json"]).collect();
    run(&whole)
}

fn list(desk: &Desk, keys: &[&str]) -> Value {
    card(desk, &[&["list"], keys].concat()).expect_code(0).json()
}

fn entry<'a>(listed: &'a Value, kind: &str) -> Vec<&'a Value> {
    listed["entries"].as_array().unwrap().iter().filter(|entry| entry["kind"] == kind).collect()
}

/// AIDs of the eMRTD's load file, module and instance on the cards of `cnie-2.0`.
fn install_arguments(listed: &Value) -> Vec<String> {
    let file = entry(listed, "load_file")
        .into_iter()
        .find(|file| file["modules"].as_array().is_some_and(|modules| !modules.is_empty()))
        .expect("a load file with a module");
    let module = file["modules"][0].as_str().unwrap();
    let names = [file["aid"].as_str().unwrap(), module, "F0000000010203"];
    EMRTD.iter().zip(names).flat_map(|(flag, name)| [(*flag).to_owned(), name.to_owned()]).collect()
}

#[test]
fn a_blank_card_is_listed_by_the_published_keys_with_a_loud_warning() {
    let desk = Desk::new();
    let listed = card(&desk, &["list", "--keys", "default"]).expect_code(0);
    for word in ["404142434445464748494A4B4C4D4E4F", "everybody", "no try is spent"] {
        let said: String = listed.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(word), "{word}: {said}");
    }
    let listed = listed.json();
    assert_eq!(listed["card_state"], "OP_READY");
    assert_eq!(listed["protocol"], "SCP03 i=70");
    assert_eq!(listed["chip"].as_str().unwrap().len(), 20);
    assert!(!entry(&listed, "load_file").is_empty(), "{listed:#}");
    // The same keys out of a file, and out of the PKI folder.
    fs::write(desk.path("keys"), "key = 404142434445464748494A4B4C4D4E4F\n").unwrap();
    assert_eq!(list(&desk, &["--keys", &desk.arg("keys")])["chip"], listed["chip"]);
    assert_eq!(list(&desk, &["--pki", &desk.arg("pki")])["chip"], listed["chip"]);
}

#[test]
fn wrong_keys_spend_nothing_and_say_so() {
    let desk = Desk::new();
    fs::write(desk.path("keys"), "key = 00000000000000000000000000000000\n").unwrap();
    for _ in 0..12 {
        let refused = card(&desk, &["list", "--keys", &desk.arg("keys")]).expect_code(4).json();
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.contains("no try of its keys was spent"), "{message}");
        assert!(message.contains("Next:"), "{message}");
    }
    list(&desk, &["--keys", "default"]);
    let missing = card(&desk, &["list", "--keys", &desk.arg("none")]).expect_code(3);
    assert_eq!(missing.problems()[0].file, desk.arg("none"));
    fs::write(desk.path("keys"), "key = 00\n").unwrap();
    let short = card(&desk, &["list", "--keys", &desk.arg("keys")]).expect_code(3);
    assert_eq!(short.problems()[0].field, "enc");
}

#[test]
fn keys_are_replaced_and_deleted_and_the_old_ones_open_nothing() {
    let desk = Desk::new();
    fs::write(desk.path("new"), "key = 000102030405060708090A0B0C0D0E0F\ndiversification = kdf3\n").unwrap();
    let put = ["keys", "put", "--keys", "default", "--new", &desk.arg("new"), "--new-kvn", "31", "--replace", "01"];
    let dry = card(&desk, &put).expect_code(0).json();
    assert_eq!((&dry["done"], dry["check_values"].as_array().unwrap().len()), (&Value::Bool(false), 3));
    let versions = |desk: &Desk| {
        let keys = card(desk, &["keys", "list"]).expect_code(0).json();
        let versions = keys["keys"].as_array().unwrap().iter().map(|key| key["version"].as_str().unwrap().to_owned());
        versions.collect::<Vec<_>>()
    };
    assert_eq!(versions(&desk), ["01", "01", "01"]);
    let done = card(&desk, &[&put[..], &["--yes"]].concat()).expect_code(0).json();
    assert_eq!(done["done"], true);
    assert_eq!(versions(&desk), ["31", "31", "31"]);
    card(&desk, &["list", "--keys", "default"]).expect_code(4);
    list(&desk, &["--keys", &desk.arg("new"), "--kvn", "31"]);
    // A second set beside the first, which then goes.
    let add = ["keys", "put", "--keys", &desk.arg("new"), "--new", &desk.arg("new"), "--new-kvn", "32", "--yes"];
    card(&desk, &add).expect_code(0);
    assert_eq!(versions(&desk).len(), 6);
    let delete = ["keys", "delete", "--keys", &desk.arg("new"), "--kvn", "31", "--old-kvn", "32"];
    assert_eq!(card(&desk, &delete).expect_code(0).json()["done"], false);
    assert_eq!(versions(&desk).len(), 6);
    card(&desk, &[&delete[..], &["--yes"]].concat()).expect_code(0);
    assert_eq!(versions(&desk), ["31", "31", "31"]);
}

#[test]
fn what_has_no_way_back_is_shown_first_and_names_the_chip() {
    let desk = Desk::issued();
    let keys = ["--pki", &desk.arg("pki")];
    let listed = list(&desk, &keys);
    let chip = listed["chip"].as_str().unwrap();
    let aid = "A0000002471001";
    let lock = |more: &[&str]| card(&desk, &[&["lock"], more, &keys[..]].concat());
    let dry = lock(&[aid]).expect_code(0).json();
    assert_eq!((dry["done"].as_bool(), dry["chip"].as_str()), (Some(false), Some(chip)));
    assert_eq!(list(&desk, &keys)["entries"], listed["entries"]);
    assert_eq!(lock(&[aid, "--yes"]).expect_code(0).json()["done"], true);
    let state = |desk: &Desk| {
        let listed = list(desk, &["--pki", &desk.arg("pki")]);
        let found = entry(&listed, "application").into_iter().find(|entry| entry["aid"] == aid).cloned();
        found.map(|entry| entry["state"].as_str().unwrap().to_owned())
    };
    assert_eq!(state(&desk).as_deref(), Some("LOCKED"));
    lock(&[aid, "--unlock", "--yes"]).expect_code(0);
    assert_eq!(state(&desk).as_deref(), Some("PERSONALIZED"));
    // The end of a card wants the chip's own name.
    let nameless = lock(&["--terminate", "--yes"]).expect_code(2).json();
    assert!(nameless["error"]["message"].as_str().unwrap().contains(chip), "{nameless}");
    let other = lock(&["--terminate", "--yes", "--chip", "00112233445566778899"]).expect_code(4).json();
    assert!(other["error"]["message"].as_str().unwrap().contains("unchanged"), "{other}");
    assert_eq!(state(&desk).as_deref(), Some("PERSONALIZED"));
    lock(&["--terminate", "--yes", "--chip", chip]).expect_code(0);
    let dead = card(&desk, &[&["list"], &keys[..]].concat()).expect_code(4).json();
    assert!(dead["error"]["message"].as_str().unwrap().contains("The card:"), "{dead}");
}

#[test]
fn an_instance_is_made_and_deleted() {
    let desk = Desk::new();
    let keys = ["--keys", "default"];
    let arguments = install_arguments(&list(&desk, &keys));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // The parameters are the application's own; without them it refuses, and the card is as it was.
    let refused = card(&desk, &[&["install"], &arguments[..], &keys].concat()).expect_code(4).json();
    assert!(refused["error"]["message"].as_str().unwrap().contains("The card: unchanged"), "{refused}");
    let delete = ["delete", "F0000000010203", "--keys", "default"];
    assert_eq!(card(&desk, &delete).expect_code(0).json()["done"], false);
    let missing = card(&desk, &[&delete[..], &["--yes"]].concat()).expect_code(4).json();
    assert!(missing["error"]["message"].as_str().unwrap().contains("Next: see `bitaqa card list`"), "{missing}");
    card(&desk, &["delete", "F000", "--keys", "default"]).expect_code(2);
}

#[test]
fn a_domain_is_made_a_load_file_loaded_and_both_are_deleted() {
    let desk = Desk::new();
    let keys = ["--keys", "default"];
    let domain = "F0000000010209";
    let factory = ["--package", "A0000001515350", "--module", "A000000151535041"];
    let made = ["--instance", domain, "--privileges", "804000", "--quota", "4096"];
    card(&desk, &[&["install"], &factory[..], &made, &keys].concat()).expect_code(0);
    // A load file of native code names modules that the program has: `E4 { 84 AID  92 name }`.
    let name = b"security-domain";
    let module = [0xF0, 0x01, 0x02, 0x03, 0x04, 0x05];
    let fields = [&[0x84, 6], &module[..], &[0x92, 15], name].concat();
    fs::write(desk.path("native"), [&[0xE4, u8::try_from(fields.len()).unwrap()], fields.as_slice()].concat()).unwrap();
    fs::write(desk.path("cap"), [0x01, 0x00, 0x07, 0xDE, 0xCA, 0xFF, 0xED, 0x01, 0x02, 0x04]).unwrap();
    let loaded = ["--package", "F001020304", "--module", "F00102030405", "--instance", "F000000001020A"];
    let (native, cap) = (desk.arg("native"), desk.arg("cap"));
    let load =
        |file: &str| card(&desk, &[&["install", "--load", file, "--privileges", "80"], &loaded[..], &keys].concat());
    let refused = load(&cap).expect_code(4).json();
    assert!(refused["error"]["message"].as_str().unwrap().contains("LOAD: the card answered 6A80"), "{refused}");
    load(&native).expect_code(0);
    let listed = list(&desk, &keys);
    let aids = |kind| -> Vec<String> {
        entry(&listed, kind).iter().map(|entry| entry["aid"].as_str().unwrap().to_owned()).collect()
    };
    let all: Vec<String> = ["load_file", "application", "security_domain"].into_iter().flat_map(aids).collect();
    for aid in ["F001020304", domain, "F000000001020A"] {
        assert!(all.iter().any(|held| held == aid), "{aid}: {listed:#}");
    }
    card(&desk, &[&["delete", domain, "--yes"], &keys[..]].concat()).expect_code(0);
    let gone = list(&desk, &keys);
    assert!(!gone.to_string().contains(domain), "{gone:#}");
}

#[test]
fn images_that_are_cut_off_or_of_another_version_are_refused_and_a_torn_write_is_told() {
    let desk = Desk::new();
    let image = desk.path("card.image");
    let whole = fs::read(&image).unwrap();
    let mut later = whole.clone();
    later[9] = 9;
    for (what, octets, words) in [
        ("cut off", whole[..whole.len() / 2].to_vec(), "cut off"),
        ("without its end", whole[..whole.len() - 3].to_vec(), "cut off"),
        ("of a later version", later, "version 9"),
        ("no image", b"BTQ-CARE".to_vec(), "not a card image"),
    ] {
        fs::write(&image, &octets).unwrap();
        let refused = card(&desk, &["info"]).expect_code(3).json();
        assert!(refused.to_string().contains(words), "{what}: {refused}");
        assert_eq!(fs::read(&image).unwrap(), octets, "{what}: left as it is");
    }
    // Behind what the card was put away with: a write that power cut off.
    fs::write(&image, [whole.as_slice(), &[0, 0, 0, 40, 0xFF, 0xFF]].concat()).unwrap();
    let told = run(&["card", "info", "--image", &desk.arg("card.image")]).expect_code(0);
    assert!(told.stderr.contains("the last write was cut off (6 octets dropped)"), "{}", told.stderr);
    assert_eq!(fs::read(&image).unwrap(), whole);
}

#[test]
fn commands_are_sent_and_compared() {
    let desk = Desk::new();
    let select = "00A4040008A000000151000000=9000";
    let good = card(&desk, &["apdu", select, "80CA00E000=9000|6A88", "00B0000000=6xxx"]).expect_code(0).json();
    assert_eq!((good["as_expected"].as_bool(), good["sent"].as_u64()), (Some(true), Some(3)));
    assert_eq!(good["exchanges"][0]["name"], "SELECT by AID");
    assert!(good["exchanges"][1]["response"].as_str().unwrap().starts_with("E0"));
    // The first word that is not as expected ends it: exit code 5, with the report.
    let bad = card(&desk, &["apdu", "00A4040008A000000151000000=6A82", "80CA00E000=9000"]).expect_code(5).json();
    assert_eq!(
        (bad["as_expected"].as_bool(), bad["sent"].as_u64(), bad["of"].as_u64()),
        (Some(false), Some(1), Some(2))
    );
    let all = card(&desk, &["apdu", "--keep-going", "00A4040008A000000151000000=6A82", "80CA00E000"]).expect_code(5);
    assert_eq!(all.json()["sent"], 2);
    let told = run(&["card", "apdu", "--image", &desk.arg("card.image"), "00A4040C023F00=9000"]);
    assert!(told.clone().expect_code(5).stderr.contains("The card:"), "{told:?}");
    // Through a secure channel, and out of a file.
    fs::write(desk.path("script"), "# the registry\n80F240024F00   # too short\n80F28002024F0000=9000\n").unwrap();
    let malformed = card(&desk, &["apdu", "--keys", "default", "--file", &desk.arg("script")]).expect_code(3);
    assert!(malformed.problems()[0].field.starts_with("line 2, position"), "{:?}", malformed.problems());
    fs::write(desk.path("script"), "# the registry\n80F28002024F0000=9000\n").unwrap();
    let through = card(&desk, &["apdu", "--keys", "default", "--file", &desk.arg("script")]).expect_code(0).json();
    assert!(through["exchanges"][0]["response"].as_str().unwrap().starts_with("E3"), "{through}");
}

#[test]
fn malformed_texts_are_told_with_their_place_before_anything_is_sent() {
    let desk = Desk::new();
    let before = fs::read(desk.image()).unwrap();
    let texts = ["00A4040008A000000151000000=9000", "00A4040003A0", "00G4", "00A40400=90"];
    let refused = card(&desk, &[&["apdu"], &texts[..]].concat()).expect_code(3);
    let fields: Vec<String> = refused.problems().into_iter().map(|problem| problem.field).collect();
    assert_eq!(fields, ["command 2, position 9", "command 3, position 3", "command 4, position 10"]);
    assert!(refused.json()["error"]["message"].as_str().unwrap().contains("nothing was sent"));
    assert_eq!(fs::read(desk.image()).unwrap(), before);
    // As they are, for a laboratory: then the card answers.
    let raw = card(&desk, &["apdu", "--raw", "00A4040003A0=6700"]).expect_code(0).json();
    assert_eq!(raw["exchanges"][0]["sw"], "6700");
}

#[test]
fn data_groupings_are_stored_and_faults_told_by_line() {
    let desk = Desk::new();
    fs::write(desk.path("data"), "DGI0101=00\nDGI01=00\n8F02*=XX\n").unwrap();
    let refused = card(&desk, &["store-data", &desk.arg("data"), "--keys", "default"]).expect_code(3);
    let fields: Vec<String> = refused.problems().into_iter().map(|problem| problem.field).collect();
    assert_eq!(fields, ["line 2", "line 3"]);
    fs::write(desk.path("data"), "DGI8F01=00112233445566778899AABBCCDDEEFF\n").unwrap();
    let file = desk.arg("data");
    let nobody = ["store-data", &file, "--keys", "default", "--application", "A0000002471001"];
    let nobody = card(&desk, &nobody).expect_code(4).json();
    assert!(nobody["error"]["message"].as_str().unwrap().contains("The card: unchanged"), "{nobody}");
}

#[test]
fn a_trace_is_shown_by_name_and_data_for_a_laboratory_only() {
    let desk = Desk::issued();
    let (plain, lab) = (desk.arg("plain.trace"), desk.arg("lab.trace"));
    desk.inspect(&["--trace", &plain]).expect_code(0);
    let inspected = desk.inspect(&["--trace-data", &lab]).expect_code(0);
    assert!(inspected.stderr.contains("WARNING") && inspected.stderr.contains("personal data"), "{inspected:?}");
    let show = |arguments: &[&str]| run(&[&["card", "trace", "show"], arguments].concat()).expect_code(0);
    let name = hex::encode_upper(desk.mrz_lines()[2].split('<').next().unwrap());
    assert!(fs::read_to_string(&lab).unwrap().contains(&name), "a trace with data holds data");
    assert!(!fs::read_to_string(&plain).unwrap().contains(&name));
    let shown = show(&[&lab]);
    assert!(shown.stdout.contains("READ BINARY SFI 01") && shown.stdout.contains("octets]"), "{}", shown.stdout);
    assert!(!shown.stdout.contains(&name), "redacted");
    let shown = show(&[&lab, "--lab"]);
    assert!(shown.stdout.contains(&name) && shown.stderr.contains("WARNING"));
    assert!(show(&[&plain, "--json"]).json()["commands"].as_u64().unwrap() > 20);
    let none = run(&["card", "trace", "show", &desk.arg("applicant/record.json"), "--json"]).expect_code(3);
    assert!(none.problems()[0].what.contains("line 1"), "{none:?}");
}

/// What personalisation writes, keys above all, is in no trace, whatever was asked for.
#[test]
fn a_trace_with_data_of_a_personalisation_holds_nothing_that_was_written() {
    let desk = Desk::new();
    let lab = desk.arg("lab.trace");
    desk.personalise(&["--trace-data", &lab]).expect_code(0);
    let text = fs::read_to_string(&lab).unwrap();
    assert!(text.contains("PUT KEY : -") && text.contains("STORE DATA block 0 : -"), "{text}");
    let can = hex::encode_upper(desk.can());
    assert!(!text.contains(&can), "the CAN");
}
