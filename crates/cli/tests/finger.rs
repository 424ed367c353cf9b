//! Print files: converted, and refused with what, where and remedy.

// Helpers of tests may panic like tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use bitaqa_biometrics::print_file::{PrintFormat, write};
use bitaqa_biometrics::raster::Grey;
use serde_json::Value;

use crate::support::{Desk, run};

/// A drawn print: rings on light ground, or light rings on dark ground.
fn print(ground: u8, ridge: u8) -> Grey {
    let shade = |x: i32, y: i32| {
        let distance = (x - 100) * (x - 100) + (y - 110) * (y - 110);
        if distance < 70 * 70 && (distance / 700) % 2 == 0 { ridge } else { ground }
    };
    Grey::new(200, 220, (0..220).flat_map(|y| (0..200).map(move |x| shade(x, y))).collect()).unwrap()
}

#[test]
fn a_print_goes_from_format_to_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("print.pgm"), write(&print(235, 60), PrintFormat::Pgm).unwrap()).unwrap();
    for (from, to) in [("print.pgm", "print.png"), ("print.png", "print.wsq"), ("print.wsq", "back.pgm")] {
        let told = run(&["finger", "convert", "--json", &path(from), &path(to)]).expect_code(0).json();
        assert_eq!((&told["width"], &told["height"]), (&200.into(), &220.into()), "{from}");
        assert_eq!(told["to_bytes"], std::fs::metadata(path(to)).unwrap().len(), "{to}");
    }
    assert_eq!(std::fs::metadata(path("back.pgm")).unwrap().len(), std::fs::metadata(path("print.pgm")).unwrap().len());
    assert!(
        run(&["finger", "convert", &path("print.pgm"), &path("x.wsq")]).expect_code(0).stdout.contains("200 x 220")
    );
}

#[test]
fn what_is_no_print_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let whole = write(&print(235, 60), PrintFormat::Wsq).unwrap();
    let rows = [
        ("cut.wsq", whole[..whole.len() / 2].to_vec(), "cut off", "take the file from its source again"),
        ("dark.pgm", write(&print(20, 200), PrintFormat::Pgm).unwrap(), "inverted", "invert it"),
        (
            "small.pgm",
            b"P5 8 8 255\n0123456701234567012345670123456701234567012345670123456701234567".to_vec(),
            "8 x 8",
            "scan",
        ),
        ("huge.pgm", b"P5 10000 10000 255\n0".to_vec(), "truncated", "as the sensor wrote it"),
        ("empty.png", Vec::new(), "unknown image format", "as the sensor wrote it"),
    ];
    for (name, octets, what, remedy) in rows {
        std::fs::write(path(name), octets).unwrap();
        let problems = run(&["finger", "convert", "--json", &path(name), &path("out.png")]).expect_code(3).problems();
        assert_eq!((problems.len(), &problems[0].file), (1, &path(name)));
        assert!(problems[0].what.contains(what) && problems[0].remedy.contains(remedy), "{name}: {problems:?}");
        assert!(!folder.path().join("out.png").exists(), "{name}");
    }
    // a resolution that the caller knows better
    let coarse = bitaqa_biometrics::wsq::encode(&print(235, 60), 250, 0.75).unwrap();
    std::fs::write(path("coarse.wsq"), coarse).unwrap();
    let way = ["finger", "convert", "--json", &path("coarse.wsq"), &path("out.png")];
    let problems = run(&way).expect_code(3).problems();
    assert!(problems[0].what.contains("250 pixels an inch") && problems[0].remedy.contains("--assume-500"));
    run(&[way.as_slice(), &["--assume-500"]].concat()).expect_code(0);
    // a file that is there, one of no known kind, and a second lossy pass
    for out in ["out.png", "out.jpg", "out.wsq"] {
        let way = ["finger", "convert", "--assume-500", "--json", &path("coarse.wsq"), &path(out)];
        let problems = run(&way).expect_code(3).problems();
        assert!(!problems[0].what.is_empty() && !problems[0].remedy.is_empty());
    }
}

/// A sample with two impressions of each finger, and the path of a file in it.
fn mates() -> (tempfile::TempDir, impl Fn(&str) -> String) {
    let folder = tempfile::tempdir().unwrap();
    let sample = folder.path().join("p");
    run(&["applicant", "sample", &sample.display().to_string(), "--seed", "3", "--impressions", "2"]).expect_code(0);
    (folder, move |name: &str| sample.join(name).display().to_string())
}

#[test]
fn further_impressions_change_nothing_of_a_sample() {
    let (folder, path) = mates();
    let plain = folder.path().join("plain");
    run(&["applicant", "sample", &plain.display().to_string(), "--seed", "3"]).expect_code(0);
    for entry in std::fs::read_dir(&plain).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(std::fs::read(path(&name)).unwrap() == std::fs::read(plain.join(&name)).unwrap(), "{name}");
    }
    assert!(!plain.join("left_index-2.png").exists());
    assert_ne!(std::fs::read(path("left_index-2.png")).unwrap(), std::fs::read(path("left_index.png")).unwrap());
}

#[test]
fn templates_are_extracted_compared_and_shown() {
    let (_folder, path) = mates();
    let record = run(&["finger", "extract", "--json", &path("right_index.png"), &path("r.fmr"), "--position", "2"]);
    let record = record.expect_code(0).json();
    assert_eq!(
        (&record["form"], &record["to_bytes"]),
        (&"iso19794-2:2005".into(), &Value::from(std::fs::metadata(path("r.fmr")).unwrap().len()),)
    );
    let (endings, bifurcations) = (record["endings"].as_u64().unwrap(), record["bifurcations"].as_u64().unwrap());
    assert_eq!(record["minutiae"], endings + bifurcations);
    // what another command says of the same record
    let shown = run(&["lds", "show", "--json", &path("r.fmr")]).expect_code(0).json();
    assert_eq!(shown["kind"], "FMR");
    assert!(shown.to_string().contains("right_index"), "{shown}");
    let best = ["finger", "extract", "--json", &path("left_index-2.png"), &path("l.compact"), "--best", "30"];
    let compact = run(&best).expect_code(0).json();
    assert_eq!(
        (&compact["form"], &compact["minutiae"], &compact["to_bytes"]),
        (&"compact".into(), &30.into(), &90.into(),)
    );

    let matched = |code, words: &[&str]| {
        let told = run(&[&["finger", "match", "--json"], words].concat()).expect_code(code).json();
        assert_eq!(told["matches"], code == 0, "{told}");
        told["score"].as_f64().unwrap()
    };
    // print and record, print and compact template, and one finger against the other hand's
    let right = matched(0, &[&path("right_index-2.png"), &path("r.fmr")]);
    let left = matched(0, &[&path("left_index.png"), &path("l.compact")]);
    let strangers = matched(5, &[&path("right_index.png"), &path("left_index.png")]);
    assert!(right > 40.0 && left > 40.0 && strangers < 40.0);
    let second = [&path("right_index-2.png"), &path("r.fmr"), "--second", &path("left_index.png"), &path("l.compact")];
    let both = matched(0, &second);
    assert!((both - right - left).abs() < 1e-9, "{both} of {right} and {left}");

    let drawn = run(&["finger", "show", "--json", &path("right_index.png"), &path("seen.png")]).expect_code(0).json();
    assert_eq!(drawn["minutiae"], record["minutiae"]);
    assert!(std::fs::read(path("seen.png")).unwrap() != std::fs::read(path("right_index.png")).unwrap());
}

#[test]
fn what_has_no_minutiae_is_refused_and_nothing_is_written() {
    let (_folder, path) = mates();
    let print = std::fs::read(path("right_index.png")).unwrap();
    std::fs::write(path("blank.pgm"), [b"P5 300 300 255\n".as_slice(), &vec![250; 90_000]].concat()).unwrap();
    std::fs::write(path("cut.png"), &print[..print.len() / 2]).unwrap();
    std::fs::write(path("odd.compact"), [1, 2, 3, 4]).unwrap();
    std::fs::write(path("cut.fmr"), b"FMR\0 20\0\0\0\0").unwrap();
    let portrait = path("portrait.png");
    let refused = |words: &[&str], file: &str| {
        let problems = run(&[&["finger"], words, &["--json"]].concat()).expect_code(3).problems();
        assert_eq!((problems.len(), &*problems[0].file), (1, file), "{words:?}");
        assert!(!problems[0].what.is_empty() && !problems[0].remedy.is_empty(), "{problems:?}");
    };
    for name in ["blank.pgm", "cut.png", "portrait.png"] {
        refused(&["extract", &path(name), &path("x.fmr")], &path(name));
        refused(&["match", &path("left_index.png"), &path(name)], &path(name));
    }
    for name in ["cut.png", "portrait.png"] {
        refused(&["show", &path(name), &path("x.png")], &path(name));
    }
    for name in ["odd.compact", "cut.fmr"] {
        refused(&["match", &path(name), &path("left_index.png")], &path(name));
    }
    refused(&["extract", &path("left_index.png"), &path("x.png")], &path("x.png"));
    refused(&["show", &path("left_index.png"), &path("x.bmp")], &path("x.bmp"));
    refused(&["show", &path("left_index.png"), &portrait], &portrait);
    assert!(!std::path::Path::new(&path("x.fmr")).exists() && !std::path::Path::new(&path("x.png")).exists());
}

#[test]
fn a_card_compares_fingers_itself_and_counts_tries() {
    let (_mates, print) = mates();
    let desk = Desk::for_profile("lab-finger");
    for name in ["right_index", "left_index"] {
        std::fs::copy(print(&format!("{name}.png")), desk.path(&format!("applicant/{name}.png"))).unwrap();
    }
    desk.personalise(&["--profile", "lab-finger"]).expect_code(0);
    let (image, can) = (desk.arg("card.image"), desk.can());
    let card = ["--image", &image, "--can", &can, "--profile", "lab-finger"];
    let show = |file: &str, words: &[&str]| {
        run(&[&["finger", "verify", "--json", &print(file), "--number", "5"], card.as_slice(), words].concat())
    };
    let told = show("right_index-2.png", &[]).expect_code(0);
    assert!(told.stderr.contains("finger 5: 5 tries left"), "{told:?}");
    let matched = told.json();
    assert_eq!((&matched["matches"], &matched["finger"]), (&true.into(), &"right_index".into()));
    for left in [4, 3, 2, 1] {
        let differs = show("left_index-2.png", &[]).expect_code(5).json();
        assert_eq!((&differs["matches"], &differs["tries_left"]), (&false.into(), &left.into()));
    }
    // the last one is not spent unasked, and a match gives all back
    let refused = show("left_index-2.png", &[]).expect_code(4);
    assert!(format!("{refused:?}").contains("one try is left, and was not spent"), "{refused:?}");
    let last = show("right_index-2.png", &["--last-try"]).expect_code(0).json();
    assert_eq!((&last["tries_before"], &last["tries_left"]), (&1.into(), &Value::Null));
    assert_eq!(show("right_index-2.png", &[]).expect_code(0).json()["tries_before"], 5);
    // what says nothing of a finger costs nothing
    assert!(show("portrait.png", &[]).expect_code(3).problems()[0].what.contains("colour"));
    let wrong = ["finger", "verify", &print("right_index.png"), "--image", &image, "--profile", "lab-finger"];
    run(&[&wrong[..], &["--can", &can]].concat()).expect_code(2);
    run(&[&wrong[..], &["--number", "5", "--can", "000000"]].concat()).expect_code(4);
    assert_eq!(show("right_index-2.png", &[]).expect_code(0).json()["tries_before"], 5);
    // no file of the card has the reference
    let seen = desk.arg("seen");
    let trust = desk.arg("pki");
    let way = ["inspect", "--image", &image, "--can", &can, "--trust", &trust, "--terminal", &trust, "--out", &seen];
    run(&[&way[..], &["--profile", "lab-finger"]].concat()).expect_code(0);
    for entry in std::fs::read_dir(&seen).unwrap() {
        let content = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!content.windows(3).any(|tag| tag == [0x7F, 0x2E, 0x7A]), "a reference was read");
    }
}

#[test]
fn a_print_that_is_no_reference_is_a_problem_of_the_record() {
    let desk = Desk::for_profile("lab-finger");
    let blank = write(&Grey::new(300, 300, vec![250; 90_000]).unwrap(), PrintFormat::Png).unwrap();
    std::fs::write(desk.path("applicant/left_index.png"), blank).unwrap();
    let check = ["applicant", "check", "--json", &desk.arg("applicant/record.json"), "--profile", "lab-finger"];
    let problems = run(&check).expect_code(3).problems();
    let found = problems.iter().find(|problem| problem.what.contains("minutiae")).unwrap();
    assert_eq!(found.field, "fingerprints[1].file");
    assert!(found.remedy.contains("scan the finger again"));
}

/// A print of noise, which no PNG makes smaller: 27,200 octets and its head.
fn noise(mut state: u32) -> Vec<u8> {
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let samples = (0..160 * 170).map(|_| next()).collect();
    write(&Grey::new(160, 170, samples).unwrap(), PrintFormat::Png).unwrap()
}

#[test]
fn prints_beyond_32767_octets_are_written_and_read_with_odd_ins() {
    let desk = Desk::new();
    // a product that takes prints as they come
    let text = bitaqa_profile::BUILTIN.iter().find(|(name, _)| *name == "cnie-2.0").unwrap().1;
    let listed = "finger_image_formats = [\"wsq\", \"png\", \"jpeg2000\"]";
    assert!(text.contains(listed));
    std::fs::write(desk.path("bare.toml"), text.replace(listed, "finger_image_formats = [\"png\"]")).unwrap();
    let prints = [("right_index", noise(1)), ("left_index", noise(2))];
    for (name, octets) in &prints {
        std::fs::write(desk.path(&format!("applicant/{name}.png")), octets).unwrap();
    }
    let profile = desk.arg("bare.toml");
    desk.personalise(&["--profile", &profile]).expect_code(0);
    let (seen, trace, parts) = (desk.arg("seen"), desk.arg("trace"), desk.arg("parts"));
    desk.inspect(&["--profile", &profile, "--out", &seen, "--trace-data", &trace]).expect_code(0);
    let dg3 = desk.path("seen/DG3.bin");
    assert!(std::fs::metadata(&dg3).unwrap().len() > 0x7FFF);
    let dialogue = std::fs::read_to_string(&trace).unwrap();
    let odd = |line: &str| line.strip_prefix("> ").and_then(|header| header.get(2..4)) == Some("B1");
    assert!(dialogue.lines().any(odd), "no READ BINARY with odd INS");
    run(&["lds", "show", &dg3.display().to_string(), "--extract", &parts]).expect_code(0);
    for (name, octets) in prints {
        assert!(std::fs::read(desk.path(&format!("parts/{name}.png"))).unwrap() == octets, "{name}");
    }
}
