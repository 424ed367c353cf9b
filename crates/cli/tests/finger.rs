//! Print files: converted, and refused with what, where and remedy.

// Helpers of tests may panic like tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use bitaqa_biometrics::print_file::{PrintFormat, write};
use bitaqa_biometrics::raster::Grey;

use crate::support::run;

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
