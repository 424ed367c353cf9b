//! Every command as a user and as a program calls it: JSON, exit codes, help, completions.

// The whole file is a test: its helpers may fail as loudly as its tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use crate::support::{self, Desk, Output, checks, command, run};
use serde_json::{Value, json};

/// Words of a verdict; docs/json.md promises that there are no others.
const VERDICTS: [&str; 5] = ["passed", "failed", "not_offered", "not_attempted", "downgraded"];

/// Each check has a step, a verdict of the closed set, and a reason exactly where it is not `passed`.
fn expect_checks(list: &Value) {
    let checks = checks(list);
    assert!(checks.len() > 5, "{list:#}");
    for (step, verdict, reason) in &checks {
        assert!(!step.is_empty() && VERDICTS.contains(&verdict.as_str()), "{step}: {verdict}");
        assert_eq!(reason.as_ref().is_none_or(String::is_empty), verdict == "passed", "{step}: {verdict}: {reason:?}");
    }
    let mut steps: Vec<&String> = checks.iter().map(|(step, _, _)| step).collect();
    steps.sort();
    steps.dedup();
    assert_eq!(steps.len(), checks.len(), "a step is judged once");
}

#[track_caller]
fn expect_keys(json: &Value, keys: &[&str]) {
    for key in keys {
        assert!(json.get(key).is_some(), "no `{key}` in {json:#}");
    }
}

/// Runs a command twice: with `--json`, one JSON value with these keys and nothing beside; and without, for people.
#[track_caller]
fn both_forms(json_way: &[&str], human_way: &[&str], keys: &[&str]) -> Value {
    let output = run(&[json_way, &["--json"]].concat()).expect_code(0);
    assert_eq!(output.stderr, "", "{json_way:?}");
    expect_keys(&output.json(), keys);
    let human = run(human_way).expect_code(0);
    assert!(!human.stdout.trim().is_empty() && !human.stdout.starts_with('{'), "{human_way:?}: {}", human.stdout);
    output.json()
}

#[test]
fn applicant_and_profile_commands_speak_json() {
    let desk = Desk::new();
    let record = desk.arg("applicant/record.json");
    let check = ["applicant", "check", &record];
    let checked = both_forms(&check, &check, &["file", "profile", "valid", "age_at_issue", "mrz", "warnings"]);
    assert_eq!((&checked["profile"], &checked["valid"]), (&json!("cnie-2.0"), &json!(true)));
    assert_eq!(checked["mrz"], json!(desk.mrz_lines()));
    let (one, other) = (desk.arg("one"), desk.arg("other"));
    let keys = ["folder", "profile", "seed", "record", "mrz"];
    let sampled = both_forms(&["applicant", "sample", &one], &["applicant", "sample", &other], &keys);
    // A seed that was drawn is told, and makes the same person again.
    let again = desk.arg("again");
    run(&["applicant", "sample", &again, "--seed", &sampled["seed"].to_string()]).expect_code(0);
    assert!(support::read_folder(&desk.path("one")) == support::read_folder(&desk.path("again")));
    assert!(support::read_folder(&desk.path("one")) != support::read_folder(&desk.path("other")));
    for profile in ["cnie-2.0", "cnie-2.0-minor"] {
        let check = ["profile", "check", profile];
        let checked = both_forms(&check, &check, &["valid", "files", "memory_needed_bytes", "memory_bytes"]);
        assert_eq!(checked["profile"], profile);
        let show = ["profile", "show", profile];
        let shown = both_forms(&show, &show, &["profile", "files", "markdown"]);
        assert_eq!(shown["markdown"].as_str().unwrap().trim_end(), run(&show).stdout.trim_end());
        for file in shown["files"].as_array().unwrap() {
            expect_keys(file, &["name", "fid", "sfi", "size_max", "read", "update", "basis"]);
        }
    }
}

#[test]
fn pki_card_and_machine_commands_speak_json() {
    let desk = Desk::new();
    let (one, other) = (desk.arg("one"), desk.arg("other"));
    let made = both_forms(&["pki", "init", &one], &["pki", "init", &other], &["folder", "certificates"]);
    assert_eq!(made["passphrase_file"], json!(format!("{one}/passphrase")));
    let show = ["pki", "show", &one];
    let shown = both_forms(&show, &show, &["folder", "certificates"]);
    assert_eq!(shown["certificates"], made["certificates"]);
    assert_eq!(shown["certificates"].as_array().unwrap().len(), 6);
    for row in shown["certificates"].as_array().unwrap() {
        expect_keys(row, &["file", "holder", "issuer", "from", "until", "rights"]);
    }
    let (one, other) = (desk.arg("one.image"), desk.arg("other.image"));
    let new = ["card", "new", "--profile", "cnie-2.0", "--image"];
    let keys = ["card", "atr", "key_versions", "applications", "chip", "card_state", "memory_bytes", "damaged_cells"];
    let made = both_forms(&[&new[..], &[&one]].concat(), &[&new[..], &[&other]].concat(), &keys);
    assert_eq!((&made["card_state"], &made["applications"]), (&json!("OP_READY"), &json!([])));
    let info = ["card", "info", "--image", &one];
    assert_eq!(both_forms(&info, &info, &keys), made);
    let doctor = both_forms(&["doctor"], &["doctor"], &["findings"]);
    for finding in doctor["findings"].as_array().unwrap() {
        expect_keys(finding, &["subject", "ok", "what", "remedy"]);
    }
    // Whether this machine has a PC/SC service is not known.
    let readers = run(&["readers", "--json"]);
    match readers.code {
        0 => assert!(readers.json()["readers"].is_array()),
        4 => assert_eq!((&readers.json()["error"]["class"], &readers.json()["exit_code"]), (&json!("card"), &json!(4))),
        code => panic!("{code}"),
    }
}

#[test]
fn personalise_and_inspect_speak_json() {
    let desk = Desk::new();
    let issued = desk.personalise(&["--json"]).expect_code(0);
    assert_eq!(issued.stderr, "");
    let issued = issued.json();
    let keys = [
        "result",
        "course",
        "profile",
        "chip",
        "order",
        "written_bytes",
        "commands",
        "journal",
        "print_data",
        "warnings",
    ];
    expect_keys(&issued, &keys);
    assert_eq!((&issued["result"], &issued["course"]), (&json!("issued"), &json!("fresh")));
    expect_checks(&issued["verification"]["checks"]);
    let info = run(&["card", "info", "--image", &desk.arg("card.image"), "--json"]).json();
    assert_eq!((&info["chip"], &info["card_state"]), (&issued["chip"], &json!("SECURED")));
    let mut print: Value = serde_json::from_slice(&std::fs::read(desk.print_data()).unwrap()).unwrap();
    let record = desk.record_json();
    let pins = print.as_object_mut().unwrap().remove("eid").unwrap();
    let digits: Vec<usize> = pins.as_array().unwrap().iter().map(|pin| pin["value"].as_str().unwrap().len()).collect();
    assert_eq!(digits, [6, 6, 10]);
    for pin in pins.as_array().unwrap() {
        expect_keys(pin, &["number", "label", "value", "transport"]);
        assert_eq!(pin["transport"], json!(pin["label"] != "PUK"));
    }
    assert_eq!(
        print,
        json!({"document_number": record["document_number"], "can": desk.can(), "mrz": desk.mrz_lines()})
    );

    let (out, mrz) = (desk.arg("out"), desk.arg("applicant/mrz.txt"));
    let mut by_can = desk.inspect(&["--json", "--out", &out]).expect_code(0).json();
    expect_keys(&by_can, &["result", "password", "checks", "files", "commands", "out"]);
    expect_checks(&by_can["checks"]);
    let by_mrz = desk.inspect(&["--json", "--mrz-file", &mrz]).expect_code(0).json();
    assert_eq!((&by_can["password"], &by_mrz["password"]), (&json!("CAN"), &json!("MRZ")));
    assert_eq!((&by_can["checks"], &by_can["files"]), (&by_mrz["checks"], &by_mrz["files"]));
    let human = desk.inspect(&[]).expect_code(0);
    assert!(human.stdout.contains("result: positive") && human.stdout.contains("DG3 hash"), "{}", human.stdout);
    // The report on file is the one that was printed.
    let report: Value = serde_json::from_slice(&std::fs::read(desk.path("out/report.json")).unwrap()).unwrap();
    let object = by_can.as_object_mut().unwrap();
    object.remove("commands");
    object.remove("out");
    assert_eq!(report, by_can);
}

/// A negative verdict is one JSON value too, with exit code 5.
#[test]
fn negative_reports_are_one_json_value() {
    let desk = Desk::issued();
    let wrong = if desk.can() == "000000" { "000001" } else { "000000" };
    let report = desk.inspect(&["--json", "--can", wrong]).expect_code(5).json();
    assert_eq!(support::verdict(&report, "PACE"), "failed");
    expect_checks(&report["checks"]);
    let (image, pki, can) = (desk.arg("card.image"), desk.arg("pki"), desk.can());
    let untrusted = run(&["inspect", "--image", &image, "--can", &can, "--json"]).expect_code(5).json();
    assert_eq!(support::verdict(&untrusted, "DS certificate path"), "not_attempted");
    expect_checks(&untrusted["checks"]);
    let stranger = ["inspect", "--image", &image, "--can", &can, "--trust", &pki, "--json"];
    let report = run(&stranger).expect_code(0).json();
    for step in ["Terminal Authentication", "DG3 hash", "EF.Optional"] {
        assert_eq!(support::verdict(&report, step), "not_attempted", "{step} without a terminal's key");
    }
    expect_checks(&report["checks"]);
    let human = run(&stranger[..5]).expect_code(5);
    assert!(human.stdout.contains("result: negative") && human.stderr.contains("DS certificate path"), "{human:?}");
}

#[test]
fn the_schema_takes_samples_and_refuses_others() {
    let schema = run(&["applicant", "schema"]).expect_code(0);
    assert_eq!(schema.stdout, run(&["applicant", "schema", "--json"]).stdout);
    let validator = jsonschema::validator_for(&schema.json()).unwrap();
    let desk = Desk::new();
    assert!(validator.is_valid(&desk.record_json()));
    run(&["applicant", "sample", &desk.arg("minor"), "--minor"]).expect_code(0);
    let minor: Value = serde_json::from_slice(&std::fs::read(desk.path("minor/record.json")).unwrap()).unwrap();
    assert!(validator.is_valid(&minor));
    let mut unknown = minor.clone();
    unknown["nickname"] = json!("x");
    assert!(!validator.is_valid(&unknown));
    for key in minor.as_object().unwrap().keys().filter(|key| !["can", "optional", "spouse"].contains(&key.as_str())) {
        let mut missing = minor.clone();
        missing.as_object_mut().unwrap().remove(key);
        assert!(!validator.is_valid(&missing), "{key} may be missing");
    }
}

#[test]
fn completions_are_scripts_of_their_shell() {
    for (shell, words) in [("bash", "complete -F"), ("zsh", "#compdef bitaqa"), ("fish", "complete -c bitaqa")] {
        let script = run(&["completions", shell]).expect_code(0).stdout;
        assert!(script.contains(words) && script.contains("personalise"), "{shell}");
    }
    run(&["completions", "abacus"]).expect_code(2);
}

#[test]
fn every_command_explains_itself() {
    let commands = [
        "",
        "demo",
        "applicant",
        "applicant check",
        "applicant schema",
        "applicant sample",
        "profile",
        "profile check",
        "profile show",
        "pki",
        "pki init",
        "pki show",
        "card",
        "card new",
        "card info",
        "personalise",
        "inspect",
        "finger",
        "finger convert",
        "finger extract",
        "finger match",
        "finger show",
        "finger verify",
        "readers",
        "doctor",
        "completions",
    ];
    for way in commands {
        let way: Vec<&str> = way.split_whitespace().chain(["--help"]).collect();
        let help = run(&way).expect_code(0);
        assert!(help.stdout.contains("Usage: bitaqa") && help.stderr.is_empty(), "{way:?}: {help:?}");
    }
    assert!(run(&["--help"]).stdout.contains("2 usage, 3 bad input, 4 card or reader, 5 verdict negative, 6 internal"));
    assert!(run(&["--version"]).expect_code(0).stdout.starts_with("bitaqa "));
    assert!(run::<&str>(&[]).expect_code(2).stderr.contains("Usage: bitaqa"));
}

#[test]
fn wrong_use_is_exit_code_2_and_writes_nothing() {
    let desk = Desk::issued();
    let before = desk.content();
    let (image, can, mrz) = (desk.arg("card.image"), desk.can(), desk.arg("applicant/mrz.txt"));
    let inspect = ["inspect", "--image", &image];
    let without_yes = desk.personalise_arguments(&[]);
    let without_yes: Vec<&str> = without_yes.iter().map(String::as_str).filter(|word| *word != "--yes").collect();
    let ways: Vec<Vec<&str>> = vec![
        vec!["colour"],
        vec!["applicant"],
        vec!["applicant", "check"],
        vec!["card", "new", "--profile", "cnie-2.0"],
        vec!["card", "info"],
        vec!["card", "info", "--image", &image, "--reader", "x"],
        vec!["demo", "--seed", "x"],
        vec!["demo", "--colour"],
        inspect.to_vec(),
        [&inspect[..], &["--can", "12"]].concat(),
        [&inspect[..], &["--can", "12345a"]].concat(),
        [&inspect[..], &["--can", "1234567"]].concat(),
        [&inspect[..], &["--can", &can, "--mrz", "x"]].concat(),
        [&inspect[..], &["--can", &can, "--mrz-file", &mrz]].concat(),
        without_yes,
    ];
    for way in ways {
        let human = run(&way);
        assert_eq!((human.code, human.stdout.as_str()), (2, ""), "{way:?}: {human:?}");
        assert!(!human.stderr.is_empty(), "{way:?}");
        let output = run(&[&way[..], &["--json"]].concat());
        assert_eq!((output.code, output.stderr.as_str()), (2, ""), "{way:?}: {output:?}");
        let json = output.json();
        assert_eq!((&json["error"]["class"], &json["exit_code"]), (&json!("usage"), &json!(2)), "{way:?}");
        assert!(json["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{way:?}");
    }
    assert!(desk.content() == before);
}

/// What is there is never overwritten: not a folder, not an image, not what a former inspection wrote.
#[test]
fn nothing_is_overwritten() {
    let desk = Desk::issued();
    desk.inspect(&["--out", &desk.arg("out")]).expect_code(0);
    let before = desk.content();
    let (applicant, pki, image, out) =
        (desk.arg("applicant"), desk.arg("pki"), desk.arg("card.image"), desk.arg("out"));
    let ways: [Vec<&str>; 5] = [
        vec!["applicant", "sample", &applicant],
        vec!["pki", "init", &pki],
        vec!["card", "new", "--profile", "cnie-2.0", "--image", &image],
        vec!["demo", "--out", &pki],
        // A file where a folder should be.
        vec!["applicant", "sample", &image],
    ];
    for way in ways {
        let output = run(&[&way[..], &["--json"]].concat()).expect_code(3);
        let problem = &output.problems()[0];
        assert!(way.contains(&problem.file.as_str()) && !problem.remedy.is_empty(), "{way:?}: {problem:?}");
    }
    let problems = desk.inspect(&["--out", &out, "--json"]).expect_code(3).problems();
    assert_eq!((&problems[0].file, problems[0].what.as_str()), (&out, "the folder is not empty"));
    assert!(desk.content() == before);
}

/// The passphrase by file and by environment; a folder made with one keeps none beside the keys.
#[test]
fn a_passphrase_comes_by_file_or_environment() {
    let desk = Desk::new();
    std::fs::remove_dir_all(desk.path("pki")).unwrap();
    let word = desk.arg("word");
    std::fs::write(&word, "open sesame\nsecond line\n").unwrap();
    let made = run(&["pki", "init", &desk.arg("pki"), "--passphrase-file", &word, "--json"]).expect_code(0);
    assert!(made.json().get("passphrase_file").is_none() && !desk.path("pki/passphrase").exists());
    let problems = desk.personalise(&["--json"]).expect_code(3).problems();
    assert!(problems[0].what.contains("no passphrase") && problems[0].remedy.contains("--passphrase-file"));
    desk.personalise(&["--passphrase-file", &word]).expect_code(0);
    let with = |value: &str| {
        let output = command(&desk.inspect_arguments(&["--json"])).env("BITAQA_PASSPHRASE", value).output().unwrap();
        let text = |octets| String::from_utf8(octets).unwrap();
        Output { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    };
    with("open sesame").expect_code(0);
    assert!(with("open sesam").expect_code(3).problems()[0].file.ends_with("pki/terminal/is.key"));
    desk.inspect(&["--passphrase-file", &desk.arg("nowhere")]).expect_code(3);
}

/// `lds show` of every file of an inspected card and of bare records; images come out as they went in.
#[test]
fn lds_show_tells_what_each_file_of_a_card_says() {
    let desk = Desk::issued();
    let seen = desk.arg("seen");
    desk.inspect(&["--mrz-file", &desk.arg("applicant/mrz.txt"), "--out", &seen]).expect_code(0);
    let shown = |name: &str, more: &[&str]| {
        let file = desk.arg(&format!("seen/{name}.bin"));
        run(&[&["lds", "show", &file, "--json"], more].concat()).expect_code(0).json()
    };
    for (name, key) in [
        ("EF.COM", "data_groups"),
        ("EF.CardAccess", "security_infos"),
        ("DG1", "surname"),
        ("DG11", "full_name"),
        ("DG12", "authority"),
        ("DG13", "family_name"),
        ("DG14", "security_infos"),
        ("EF.SOD", "hashes"),
    ] {
        let json = shown(name, &[]);
        assert_eq!(json["kind"], name);
        assert!(!json["fields"][key].is_null(), "{name}: {json:#}");
        // the signer's certificate names its curve, of which the reader of EF.SOD tells
        assert_eq!(json["notes"].as_array().unwrap().is_empty(), name != "EF.SOD", "{name}: {json:#}");
        assert_eq!(json["extracted"], json!([]), "{name}");
    }
    assert_eq!(shown("EF.CVCA", &[])["kind"], "TLV");
    assert_eq!(shown("DG1", &[])["fields"]["mrz"], json!(desk.mrz_lines()));
    let out = desk.arg("parts");
    let face = shown("DG2", &["--extract", &out]);
    assert!(face["fields"]["faces"][0]["image"]["width"].as_u64().unwrap() > 200, "{face:#}");
    let fingers = shown("DG3", &["--extract", &out])["fields"]["fingers"].as_array().unwrap().clone();
    assert_eq!(fingers.len(), 2);
    let parts = support::read_folder(&desk.path("parts"));
    assert_eq!(parts.len(), 3, "{:?}", parts.keys());
    for (name, part) in &parts {
        let group = if name.starts_with("face") { "seen/DG2.bin" } else { "seen/DG3.bin" };
        let group = std::fs::read(desk.path(group)).unwrap();
        let holds = group.windows(part.len()).any(|window| window == part.as_slice());
        assert!(part.len() > 1000 && holds, "{name} is not of {} octets of its group", part.len());
    }
    // a record that says another width than its image has: noted, with both sizes
    let mut odd = std::fs::read(desk.path("seen/DG3.bin")).unwrap();
    let record = odd.windows(4).position(|window| window == b"FIR\0").unwrap();
    odd[record + 41..record + 43].copy_from_slice(&333u16.to_be_bytes());
    std::fs::write(desk.path("seen/odd.bin"), odd).unwrap();
    let notes = shown("odd", &[])["notes"].clone();
    assert!(notes[0].as_str().unwrap().starts_with("the record says 333 x "), "{notes}");
    // nothing is written over
    run(&["lds", "show", &desk.arg("seen/DG2.bin"), "--extract", &out]).expect_code(3);
    let human = run(&["lds", "show", &desk.arg("seen/DG3.bin")]).expect_code(0).stdout;
    assert!(human.contains("DG3,") && human.contains("finger: right_"), "{human}");
}

#[test]
fn lds_show_takes_bare_records_and_refuses_the_rest() {
    let desk = Desk::new();
    let shown = |octets: &[u8], kind: &str| {
        std::fs::write(desk.path("record"), octets).unwrap();
        let json = run(&["lds", "show", &desk.arg("record"), "--json"]).expect_code(0).json();
        assert_eq!(json["kind"], kind);
        json
    };
    let records = ["464D52002032300000000024000000200030 00C500C5 0100 02005001 400500050A32 0000"];
    let octets = |text: &str| hex::decode(text.replace(' ', "")).unwrap();
    let record = shown(&octets(records[0]), "FMR");
    assert_eq!(
        record["fields"]["views"][0]["minutiae"][0],
        json!({ "type": "Ending", "x": 5, "y": 5, "angle": 10, "quality": 50 })
    );
    let group = shown(
        &octets("7F6122020101 7F601C 830101 A117 810108 820109 87020101 88020005 B107 81020C3C 820111"),
        "BIT group",
    );
    assert_eq!(group["fields"]["references"][0]["finger"], "right_index");
    let template = shown(&octets("7F2E05 8103 640A43"), "compact template");
    assert_eq!(template["fields"]["minutiae"][0], json!({ "type": "Ending", "x": 100, "y": 10, "angle": 12 }));
    for (octets, what) in [
        (&b"hello"[..], "neither data objects nor a biometric record"),
        (b"", "neither data objects nor a biometric record"),
        (b"FMR\0 20\0\0\0", "length: is cut off"),
        (b"FIR\x00010\0", "cut off"),
        (&[0x75, 2, 0x7F, 0x61], "TLV ends early"),
    ] {
        std::fs::write(desk.path("record"), octets).unwrap();
        let said = run(&["lds", "show", &desk.arg("record")]).expect_code(3).stderr;
        assert!(said.contains(what) && said.contains("record"), "{said}");
    }
}
