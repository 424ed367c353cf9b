//! The main job on images that this house did not draw: the portrait of a mannequin and two prints in WSQ, with a
//! record written by hand. The images lie outside the repository; where they are missing the tests are skipped, and say
//! so past the harness.

// The whole file is a test: its helpers may fail as loudly as its tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::support::{self, Desk, Output, checks, expect_good};
use jpeg_encoder::{ColorType, Encoder};
use serde_json::{Value, json};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Portrait of 35 x 45 mm at 300 dpi.
const WIDTH: usize = 413;
const HEIGHT: usize = 531;
/// Most octets of a portrait, as the profile has it.
const PORTRAIT_BYTES_MAX: usize = 24 * 1024;
/// Offsets beyond it do not fit READ BINARY with an even instruction, 7816-4 §11.3.3.
const SHORT_OFFSET_MAX: usize = 0x7FFF;

/// The folder with the images, or a loud word that there is none.
fn data() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if folder.join("face/mannequin-sap10.jpg").is_file() {
        return Some(folder);
    }
    let _ = writeln!(std::io::stderr(), "SKIPPED: no shared/data beside the repository, no card from real images");
    None
}

/// A person who does not exist, written by hand, with every field that a record has.
fn record() -> Value {
    json!({
        "document_number": "VSI48XH2K",
        "cin": "AE204815",
        "can": "519083",
        "names": {
            "arabic": { "surname": "الوزاني التهامي", "given": "زينب فاطمة الزهراء" },
            "latin": { "surname": "OUAZZANI TOUHAMI", "given": "ZINEB FATIMA-ZAHRA" }
        },
        "birth": { "date": "1988-02-29", "place": { "arabic": "شفشاون", "latin": "CHEFCHAOUEN" } },
        "sex": "F",
        "parents": {
            "father": { "arabic": "عبد السلام بن إدريس", "latin": "ABDESSLAM ben DRISS" },
            "mother": { "arabic": "رحمة بنت العياشي", "latin": "RAHMA bent EL AYACHI" }
        },
        "address": {
            "arabic": "رقم 17، الطابق الثالث\nزنقة ابن خلدون، طنجة",
            "latin": "N° 17, 3e ETAGE\nRUE IBN KHALDOUN, TANGER"
        },
        "civil_registry_number": "412/1988",
        "spouse": { "kind": "wife", "arabic": "ياسين بنعلي", "latin": "YASSINE BENALI" },
        "authority": { "arabic": "المديرية العامة للأمن الوطني - نموذج", "latin": "DGSN - SPECIMEN" },
        "issue_date": "",
        "expiry_date": "",
        "portrait": { "file": "mannequin.jpg" },
        "fingerprints": [
            { "finger": "right_index", "file": "fp.wsq" },
            { "finger": "left_thumb", "file": "sample.wsq" }
        ],
        "optional": {
            "email": "z.ouazzani+cnie@example.org",
            "phone": "+212 600-000-519",
            "emergency_contact": { "name": "ياسين بنعلي", "phone": "0600 000 083" },
            "idcs": "2363148059"
        }
    })
}

/// Pixels of the mannequin, three octets each. Its Adobe marker says transform 0: the components are red, green and
/// blue already.
fn mannequin(file: &[u8]) -> (Vec<u8>, usize, usize) {
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    let pixels = decoder.decode().unwrap();
    let (width, height) = decoder.dimensions().unwrap();
    assert_eq!((pixels.len(), decoder.input_colorspace()), (width * height * 3, Some(ColorSpace::RGB)));
    (pixels, width, height)
}

/// Cuts the middle to 35 x 45 mm and scales it down: each pixel is the mean of those that fall into it.
fn scaled(pixels: &[u8], width: usize, height: usize) -> Vec<u8> {
    let used = width * HEIGHT / WIDTH;
    let top = (height - used) / 2;
    let mut out = Vec::with_capacity(WIDTH * HEIGHT * 3);
    for y in 0..HEIGHT {
        let rows = top + y * used / HEIGHT..top + (y + 1) * used / HEIGHT;
        for x in 0..WIDTH {
            let columns = x * width / WIDTH..(x + 1) * width / WIDTH;
            for component in 0..3 {
                let of_row = |row: usize| columns.clone().map(move |column| (row * width + column) * 3 + component);
                let sum: usize = rows.clone().flat_map(of_row).map(|place| usize::from(pixels[place])).sum();
                out.push(u8::try_from(sum / (rows.len() * columns.len())).unwrap());
            }
        }
    }
    out
}

/// A portrait that the profile takes.
fn portrait(data: &Path) -> Vec<u8> {
    let (pixels, width, height) = mannequin(&std::fs::read(data.join("face/mannequin-sap10.jpg")).unwrap());
    let pixels = scaled(&pixels, width, height);
    let (width, height) = (u16::try_from(WIDTH).unwrap(), u16::try_from(HEIGHT).unwrap());
    for quality in (30..=90).rev().step_by(5) {
        let mut file = Vec::new();
        Encoder::new(&mut file, quality).encode(&pixels, width, height, ColorType::Rgb).unwrap();
        if file.len() <= PORTRAIT_BYTES_MAX {
            return file;
        }
    }
    panic!("the portrait does not fit");
}

/// A desk with the record and the images on it, dated today as the sample is.
fn desk(data: &Path) -> Desk {
    let desk = Desk::new();
    let mut record = record();
    for key in ["issue_date", "expiry_date"] {
        record[key] = desk.record_json()[key].clone();
    }
    desk.write_record(&record);
    std::fs::write(desk.path("applicant/mannequin.jpg"), portrait(data)).unwrap();
    for name in ["fp.wsq", "sample.wsq"] {
        std::fs::copy(data.join("wsq").join(name), desk.path("applicant").join(name)).unwrap();
    }
    desk
}

/// Every step passed, and none of those that count is missing.
fn expect_all_passed(output: Output) {
    let report = output.expect_code(0).json();
    assert_eq!(report["result"], "positive");
    let checks = checks(&report["checks"]);
    expect_good(&checks);
    let steps: Vec<&str> = checks.iter().map(|(step, _, _)| step.as_str()).collect();
    let hashes = [1, 2, 3, 11, 12, 13, 14].map(|number| format!("DG{number} hash"));
    let protocols = ["PACE", "Chip Authentication", "Terminal Authentication", "SOD signature", "DS certificate path"];
    for step in protocols.into_iter().chain(hashes.iter().map(String::as_str)) {
        assert!(steps.contains(&step), "{step} is not in {steps:?}");
    }
}

#[test]
fn a_card_from_real_images_opens_by_can_and_by_mrz() {
    let Some(data) = data() else { return };
    let desk = desk(&data);
    let record = desk.arg("applicant/record.json");
    let checked = support::run(&["applicant", "check", &record, "--json"]).expect_code(0).json();
    assert_eq!(checked["mrz"][0], "IDMARVSI48XH2K9AE204815<<<<<<<");
    // One position too many for every given name: the last ones are shortened, 9303-5 §4.2.3.
    assert_eq!(checked["mrz"][2], "OUAZZANI<TOUHAMI<<ZINEB<FATI<Z");
    let issued = desk.personalise(&["--json"]).expect_code(0).json();
    assert_eq!((&issued["result"], &issued["course"]), (&json!("issued"), &json!("fresh")));

    let print: Value = serde_json::from_slice(&std::fs::read(desk.print_data()).unwrap()).unwrap();
    assert_eq!((&print["can"], &print["mrz"]), (&json!("519083"), &checked["mrz"]));
    let lines: Vec<&str> = print["mrz"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    std::fs::write(desk.path("mrz.txt"), lines.join("\n")).unwrap();
    // Three processes that know nothing but what is printed on the card.
    let (by_can, by_file) = (desk.arg("by-can"), desk.arg("by-file"));
    expect_all_passed(desk.inspect(&["--json", "--can", "519083", "--out", &by_can]));
    expect_all_passed(desk.inspect(&["--json", "--mrz-file", &desk.arg("mrz.txt"), "--out", &by_file]));
    for mrz in [lines.concat(), lines.join("\n"), lines.join("\\n")] {
        expect_all_passed(desk.inspect(&["--json", "--mrz", &mrz]));
    }
    images_are_on_the_chip(&desk);
    let (by_can, by_file) = (support::read_folder(Path::new(&by_can)), support::read_folder(Path::new(&by_file)));
    assert_eq!(by_can.keys().collect::<Vec<_>>(), by_file.keys().collect::<Vec<_>>());
    assert!(by_can.iter().all(|(name, octets)| name == "report.json" || by_file[name] == *octets));
}

/// The files that went in come out octet for octet, and DG3 is long enough for READ BINARY with the odd instruction.
fn images_are_on_the_chip(desk: &Desk) {
    let read = |name: &str| std::fs::read(desk.path(name)).unwrap();
    let holds = |group: &[u8], file: &[u8]| group.windows(file.len()).any(|window| window == file);
    assert!(holds(&read("by-can/DG2.bin"), &read("applicant/mannequin.jpg")));
    let prints = read("by-can/DG3.bin");
    assert!(prints.len() > SHORT_OFFSET_MAX, "{} octets", prints.len());
    for name in ["applicant/fp.wsq", "applicant/sample.wsq"] {
        assert!(holds(&prints, &read(name)), "{name}");
    }
    let text = read("by-can/DG13.bin");
    for words in ["YASSINE BENALI", "زينب فاطمة الزهراء"] {
        assert!(holds(&text, words.as_bytes()), "{words}");
    }
    assert!(holds(&read("by-can/EF.Optional.bin"), b"z.ouazzani+cnie@example.org"));
}

/// The picture has the colours of the mannequin, not those that a reader sees who takes its components for YCbCr: skin
/// in the middle, a light blue wall in the corner.
#[test]
fn the_portrait_keeps_its_colours() {
    let Some(data) = data() else { return };
    let file = portrait(&data);
    let mut decoder = JpegDecoder::new(ZCursor::new(&file));
    let pixels = decoder.decode().unwrap();
    assert_eq!(decoder.dimensions(), Some((WIDTH, HEIGHT)));
    let pixel = |x: usize, y: usize| {
        let place = (y * WIDTH + x) * 3;
        (pixels[place], pixels[place + 1], pixels[place + 2])
    };
    let (red, green, blue) = pixel(20, 20);
    assert!(red > 150 && red < green && green < blue, "wall: {red} {green} {blue}");
    for y in [HEIGHT / 3, HEIGHT / 2] {
        let (red, green, blue) = pixel(WIDTH / 2, y);
        assert!(red > green && green > blue && blue > 60, "skin: {red} {green} {blue}");
    }
}
