//! `portrait check|encode` and `card picture`: what they make, and what they refuse.

use crate::support::{Desk, Output, run};
use serde_json::{Value, json};

/// A folder with a sample person as the program makes one: the portrait is a PNG with known eyes.
fn sample() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("person").to_str().unwrap().to_owned();
    run(&["applicant", "sample", &at, "--seed", "7"]).expect_code(0);
    folder
}

fn at(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

/// Exit code 3, one problem with this file, words of what is wrong, and a remedy.
fn expect_refusal(output: &Output, file: &str, what: &str) {
    assert_eq!(output.code, 3, "{output:?}");
    let problems = output.problems();
    let [problem] = problems.as_slice() else { panic!("{problems:?}") };
    assert!(problem.file == file && problem.what.contains(what) && !problem.remedy.is_empty(), "{problem:?}");
}

#[test]
fn a_sample_is_checked_and_encoded_by_its_own_eyes() {
    let folder = sample();
    let portrait = at(&folder, "person/portrait.png");
    let record: Value = serde_json::from_slice(&std::fs::read(at(&folder, "person/record.json")).unwrap()).unwrap();
    let eyes = &record["portrait"]["eyes"];
    let eyes =
        [&eyes["right"][0], &eyes["right"][1], &eyes["left"][0], &eyes["left"][1]].map(Value::to_string).join(",");
    let annotated = at(&folder, "seen.png");
    let checked = run(&["portrait", "check", &portrait, "--eyes", &eyes, "--annotated", &annotated, "--json"]);
    let checked = checked.expect_code(0).json();
    assert_ne!(checked["result"], "fail");
    let checks = checked["checks"].as_array().unwrap();
    let verdict = |name: &str| checks.iter().find(|check| check["name"] == name).unwrap()["verdict"].clone();
    assert_eq!((verdict("faces"), verdict("expression")), (json!("ok"), json!("not assessed")));
    assert!(std::fs::read(annotated).unwrap().starts_with(b"\x89PNG"));

    let file = at(&folder, "chip.jp2");
    let made = run(&["portrait", "encode", &portrait, &file, "--eyes", &eyes, "--json"]).expect_code(0).json();
    let octets = std::fs::metadata(&file).unwrap().len();
    assert_eq!((&made["width"], &made["height"], &made["bytes"]), (&json!(413), &json!(531), &json!(octets)));
    assert!((14_250..=15_000).contains(&octets), "{octets}");
    // what is there is never overwritten, and what was made for a chip is not made once more
    run(&["portrait", "encode", &portrait, &file]).expect_code(3);
    let twice = run(&["portrait", "encode", &file, &at(&folder, "twice.jp2"), "--json"]);
    expect_refusal(&twice, &file, "double compression");
    assert!(!folder.path().join("twice.jp2").exists());
}

#[test]
fn files_that_are_no_portrait_are_refused_with_what_and_remedy() {
    let folder = sample();
    let whole = std::fs::read(at(&folder, "person/portrait.png")).unwrap();
    let file = at(&folder, "bad");
    let out = at(&folder, "out.jp2");
    let cases: [(&[u8], &str); 4] = [
        (&whole[..whole.len() / 2], "truncated"),
        (b"GIF89a..............", "GIF"),
        (b"", "unknown image format"),
        (b"P5 8 8 255 ................................................................", "fingerprints"),
    ];
    for (octets, what) in cases {
        std::fs::write(&file, octets).unwrap();
        let what = if what == "fingerprints" { "pixels" } else { what };
        expect_refusal(&run(&["portrait", "encode", &file, &out, "--json"]), &file, what);
        expect_refusal(&run(&["portrait", "check", &file, "--json"]), &file, what);
    }
    let print = at(&folder, "person/right_index.png");
    expect_refusal(&run(&["portrait", "encode", &print, &out, "--json"]), &print, "shape");
    let nowhere = at(&folder, "nowhere.png");
    expect_refusal(&run(&["portrait", "check", &nowhere, "--json"]), &nowhere, "No such file");
    let portrait = at(&folder, "person/portrait.png");
    let far = run(&["portrait", "encode", &portrait, &out, "--eyes", "600,10,619,10", "--json"]);
    expect_refusal(&far, &portrait, "no room");
    for wrong in ["1,2,3", "200,10,100,10", "a,b,c,d"] {
        run(&["portrait", "encode", &portrait, &out, "--eyes", wrong]).expect_code(2);
    }
    run(&["portrait", "encode", &portrait, &out, "--bytes", "999999"]).expect_code(2);
    run(&["portrait", "encode", &portrait, &at(&folder, "out.bmp")]).expect_code(2);
    assert!(!folder.path().join("out.jp2").exists());
}

#[test]
fn a_card_is_drawn_from_its_chip_and_from_what_was_read_of_it() {
    let desk = Desk::issued();
    let (image, can) = (desk.arg("card.image"), desk.can());
    let drawn = run(&["card", "picture", "--image", &image, "--can", &can, "--out", &desk.arg("drawn"), "--json"]);
    let drawn = drawn.expect_code(0).json();
    assert_eq!(drawn["files"], json!(["DG1", "DG2", "DG11", "DG12", "DG13"]));
    run(&["inspect", "--image", &image, "--can", &can, "--out", &desk.arg("read")]);
    run(&["card", "picture", "--from", &desk.arg("read"), "--out", &desk.arg("again")]).expect_code(0);
    for name in ["front.png", "front.svg", "back.png", "back.svg"] {
        let one = std::fs::read(desk.path("drawn").join(name)).unwrap();
        assert!(one == std::fs::read(desk.path("again").join(name)).unwrap(), "{name}");
    }
    let empty = desk.arg("pki");
    let refused = run(&["card", "picture", "--from", &empty, "--out", &desk.arg("none"), "--json"]);
    expect_refusal(&refused, &empty, "DG1 is missing");
}
