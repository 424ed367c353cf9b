//! WSQ files whose samples NBIS and jnbis agree on, and round trips of prints of other people.

use std::io::Write as _;

use bitaqa_biometrics::raster::Grey;
use bitaqa_biometrics::wsq::{BIT_RATE, decode, encode};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::shared;

fn sha256(octets: &[u8]) -> String {
    hex::encode(Sha256::digest(octets))
}

/// Every answer whose file is there; those whose decoded image is there instead are held against that image's own hash,
/// so that a wrong hash in the list is not taken for a right one.
#[test]
fn every_known_answer_is_met_bit_for_bit() {
    let Some(list) = shared("wsq-known-answers.json") else { return };
    let list: Value = serde_json::from_slice(&list).unwrap();
    let answers = list["answers"].as_array().unwrap();
    let mut met = 0;
    for answer in answers {
        let Some(path) = answer["file"].as_str() else {
            let _ = writeln!(std::io::stderr(), "SKIPPED: {} is not in the shared data", answer["source"]);
            continue;
        };
        let Some(file) = shared(path) else { continue };
        assert_eq!(sha256(&file), answer["sha256"], "{path}");
        let decoded = decode(&file).unwrap();
        let sides = (u64::from(decoded.image.width()), u64::from(decoded.image.height()));
        assert_eq!(sides, (answer["width"].as_u64().unwrap(), answer["height"].as_u64().unwrap()), "{path}");
        assert_eq!(sha256(decoded.image.samples()), answer["pixel_sha256"], "{path}");
        met += 1;
    }
    assert!(met >= 2, "{met} of {} answers found", answers.len());
}

/// A P5 file of one line of header a number.
fn pgm(file: &[u8]) -> Grey {
    let mut parts = file.splitn(4, u8::is_ascii_whitespace);
    let mut number = || std::str::from_utf8(parts.next().unwrap()).unwrap().parse::<u32>();
    assert!(number().is_err());
    let (width, height) = (number().unwrap(), number().unwrap());
    let samples = file[file.len() - (width * height) as usize..].to_vec();
    Grey::new(width, height, samples).unwrap()
}

#[test]
fn prints_of_other_people_survive_a_round_trip() {
    for number in 1..=5 {
        let Some(file) = shared(&format!("finger/SFinGe_Test0{number}.pgm")) else { return };
        let print = pgm(&file);
        let coded = encode(&print, 500, BIT_RATE).unwrap();
        let back = decode(&coded).unwrap();
        assert_eq!(back.resolution, Some(500));
        let squares: f64 =
            print.samples().iter().zip(back.image.samples()).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
        let mean = squares / (print.samples().len() as f64);
        let psnr = 10.0 * (255.0 * 255.0 / mean).log10();
        println!("print {number}: {} octets, {psnr:.2} dB, {}", coded.len(), sha256(&coded));
        assert!((12_000..24_000).contains(&coded.len()) && psnr > 23.0, "{number}: {} {psnr}", coded.len());
    }
}
