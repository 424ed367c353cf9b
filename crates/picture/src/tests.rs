//! Pictures of a card that nobody has.

use bitaqa_biometrics::portrait::Source;
use bitaqa_biometrics::synthetic::{Sitter, portrait};
use bitaqa_lds::Bilingual;
use bitaqa_lds::dg1::Dg1;
use bitaqa_lds::dg12::Dg12;
use bitaqa_lds::dg13::Dg13;
use bitaqa_lds::face::{Dg2, Face, Gender};
use bitaqa_lds::mrz::Mrz;
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use time::macros::date;

use super::*;
use crate::letters::Typeface;
use crate::scene::{Item, Segment};

/// 9303-5 Appendix A: the specimen of Utopia.
const MRZ: &str = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";

fn file(name: &str) -> Option<Vec<u8>> {
    let text = |arabic: &str, latin: &str| Some(Bilingual::new(arabic, latin));
    let encoded = match name {
        "DG1" => Dg1 { mrz: Mrz::parse(MRZ).unwrap() }.encode(),
        "DG2" => {
            let image = portrait(&mut ChaCha20Rng::seed_from_u64(1), Sitter::Woman).unwrap();
            Dg2::new(Face::new(image, Gender::Female).unwrap()).encode()
        }
        "DG12" => Dg12 { authority: Some("المديرية - نموذج".into()), ..Dg12::default() }.encode(),
        "DG13" => Dg13 {
            family_name: text("السوسي", "SOUSSI"),
            given_names: text("آمنة", "AMINA"),
            address: text("225 شارع النصر، المدينة القديمة، وجدة", "225 AVENUE ENNASR, OUJDA"),
            ..Dg13::default()
        }
        .encode(),
        _ => return None,
    };
    Some(encoded.unwrap().to_vec())
}

fn data() -> CardData {
    CardData::read(&file, date!(2026 - 11 - 22)).unwrap()
}

#[test]
fn both_sides_have_the_size_of_a_card_and_are_drawn_alike_each_time() {
    let (data, fonts) = (data(), Fonts::new().unwrap());
    assert_eq!(data.files(), ["DG1", "DG2", "DG12", "DG13"]);
    for side in [front, back] {
        let scene = side(&data, &fonts);
        let picture = scene.png(300).unwrap();
        let pixels = Source::read(&picture).unwrap().pixels;
        assert_eq!((pixels.width(), pixels.height()), (1011, 638));
        assert!(picture == side(&data, &fonts).png(300).unwrap());
        let shapes = scene.svg().unwrap();
        assert!(shapes.starts_with("<svg ") && shapes.ends_with("</svg>\n") && !shapes.contains("<text"));
        // the mark: red over the middle of the card
        let marked = pixels.samples().chunks(3).filter(|pixel| pixel[0] > pixel[1].saturating_add(25)).count();
        assert!(marked > 10_000, "{marked}");
    }
}

#[test]
fn the_portrait_is_on_the_front_only() {
    let (data, fonts) = (data(), Fonts::new().unwrap());
    let pictures = |scene: &Scene| scene.items.iter().filter(|item| matches!(item, Item::Picture { .. })).count();
    assert_eq!((pictures(&front(&data, &fonts)), pictures(&back(&data, &fonts))), (1, 0));
    assert!(front(&data, &fonts).svg().unwrap().contains("href=\"data:image/png;base64,iVBORw0KGgo"));
}

/// Left edge of an outline, in ems.
fn left(path: &[Segment]) -> f32 {
    let x = |segment: &Segment| match segment {
        Segment::Move(to) | Segment::Line(to) | Segment::Quadratic(_, to) | Segment::Cubic(_, _, to) => to.x,
        Segment::Close => f32::MAX,
    };
    path.iter().map(x).fold(f32::MAX, f32::min)
}

#[test]
fn arabic_letters_are_joined_and_run_from_right_to_left() {
    let fonts = Fonts::new().unwrap();
    let line = |text: &str| fonts.line(text, Typeface::Regular, true);
    // joined letters are narrower than the same ones alone
    let alone: f32 = ["م", "ح", "م", "د"].map(|letter| line(letter).width).iter().sum();
    assert!(line("محمد").width < alone * 0.98, "{} {alone}", line("محمد").width);
    // lam and alef are one sign
    assert!(line("لا").width < line("ل").width + line("ا").width);
    // the first word stands on the right: what is put behind it moves it
    let (one, two) = (line("باب"), line("باب دار"));
    assert!(two.width > one.width + 0.5);
    assert!((left(&line("باب دار").path) - left(&line("دار").path)).abs() < 0.05);
}

#[test]
fn numbers_and_dashes_inside_arabic_are_drawn() {
    let fonts = Fonts::new().unwrap();
    let line = |text: &str| fonts.line(text, Typeface::Regular, true);
    // a number reads from left to right: the same outline as in a Latin line
    let number = fonts.line("225", Typeface::Regular, false);
    let mixed = line("225 شارع");
    assert!(mixed.width > number.width);
    assert_eq!(mixed.path.len(), number.path.len() + line("شارع").path.len());
    assert_eq!(
        line("باب - دار").path.len(),
        line("باب دار").path.len() + fonts.line("-", Typeface::Regular, false).path.len()
    );
}

#[test]
fn a_chip_without_dg1_or_with_a_damaged_file_makes_no_picture() {
    let nothing = |_: &str| None;
    let error = CardData::read(&nothing, date!(2026 - 11 - 22)).unwrap_err();
    assert_eq!(error.to_string(), "DG1 is missing: it was not read from the chip");
    let damaged = |name: &str| file(name).map(|octets| if name == "DG13" { vec![1, 2] } else { octets });
    let error = CardData::read(&damaged, date!(2026 - 11 - 22)).unwrap_err();
    assert!(error.to_string().starts_with("DG13: "), "{error}");
    // DG1 alone is a card, with what the MRZ says
    let alone = |name: &str| file(name).filter(|_| name == "DG1");
    let data = CardData::read(&alone, date!(2026 - 11 - 22)).unwrap();
    assert!(front(&data, &Fonts::new().unwrap()).svg().unwrap().len() > 10_000);
}
