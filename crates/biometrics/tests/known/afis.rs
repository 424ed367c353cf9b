//! Extractor and matcher against SourceAFIS 3.18.1 for Java, which was run once over the same files at 500 ppi.

use bitaqa_biometrics::afis::{Candidate, Kind, Matcher, Probe, Template, extract};
use bitaqa_biometrics::raster::Grey;

/// File, minutiae that it found, and FNV-1a over them in their order: x, y, bits of the direction, 1 ending or 2
/// bifurcation, big-endian.
const MINUTIAE: [(&str, usize, u64); 10] = [
    ("finger/SFinGe_Test01.pgm", 63, 0xF841_DF77_398F_89F2),
    ("finger/SFinGe_Test02.pgm", 76, 0xA357_DBEF_05DD_6E58),
    ("finger/SFinGe_Test03.pgm", 63, 0xC69A_A68A_15B9_BE2F),
    ("finger/SFinGe_Test04.pgm", 99, 0x0176_750C_249E_2CEB),
    ("finger/SFinGe_Test05.pgm", 53, 0x3146_B483_84DD_E91A),
    ("finger/fp-1.png", 100, 0xC81A_67B5_9E69_9B92),
    ("finger/fp-3.png", 100, 0xDD2A_02B1_356C_C924),
    ("finger/fp-11.png", 69, 0xFE01_5BFE_7029_D054),
    ("finger/fp-13.png", 100, 0x4CE8_93B9_9653_8464),
    ("wsq/sample.png", 94, 0xAEB4_CB75_8FAC_26F4),
];

/// Probe, reference and score: mates, the best strangers, and one print with itself.
const SCORES: [(&str, &str, f64); 8] = [
    ("finger/fp-1.png", "finger/fp-11.png", 98.601_780_317_323),
    ("finger/fp-11.png", "finger/fp-1.png", 98.601_780_317_323),
    ("finger/fp-3.png", "finger/fp-13.png", 84.761_325_836_290_85),
    ("finger/fp-13.png", "finger/fp-3.png", 84.761_325_112_736_27),
    ("finger/SFinGe_Test02.pgm", "finger/SFinGe_Test05.pgm", 28.698_695_454_021_703),
    ("finger/SFinGe_Test04.pgm", "finger/SFinGe_Test02.pgm", 21.496_207_163_549_06),
    ("finger/fp-1.png", "finger/fp-3.png", 0.319_623_575_532_562_4),
    ("finger/fp-1.png", "finger/fp-1.png", 1_177.953_996_518_648_4),
];

/// One channel of a PNG, or a binary PGM with three numbers in its head.
fn image(name: &str, octets: &[u8]) -> Grey {
    if name.ends_with("png") {
        let mut reader = png::Decoder::new(std::io::Cursor::new(octets)).read_info().unwrap();
        let mut samples = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut samples).unwrap();
        let channels = samples.len() / (info.width as usize * info.height as usize);
        let first = samples.into_iter().step_by(channels).collect();
        return Grey::new(info.width, info.height, first).unwrap();
    }
    let mut head = octets.splitn(5, u8::is_ascii_whitespace);
    let mut number = || std::str::from_utf8(head.next().unwrap()).unwrap().parse::<u32>().ok();
    let (_, width, height, _) = (number(), number().unwrap(), number().unwrap(), number());
    Grey::new(width, height, head.next().unwrap().to_vec()).unwrap()
}

fn template(name: &str) -> Option<Template> {
    Some(extract(&image(name, &super::shared(name)?)).unwrap())
}

#[test]
fn minutiae_are_those_of_the_original() {
    for (name, count, digest) in MINUTIAE {
        let Some(template) = template(name) else { continue };
        let octets = template.minutiae().iter().flat_map(|minutia| {
            let kind = if minutia.kind == Kind::Ending { 1 } else { 2 };
            let (x, y) = (minutia.x.to_be_bytes(), minutia.y.to_be_bytes());
            [&x[..], &y, &minutia.direction.to_bits().to_be_bytes(), &[kind]].concat()
        });
        let found = octets
            .fold(0xCBF2_9CE4_8422_2325, |hash: u64, octet| (hash ^ u64::from(octet)).wrapping_mul(0x100_0000_01B3));
        assert_eq!((template.minutiae().len(), found), (count, digest), "{name}");
    }
}

#[test]
fn scores_are_those_of_the_original() {
    for (probe, reference, expected) in SCORES {
        let Some((one, other)) = template(probe).zip(template(reference)) else { continue };
        let score = Matcher::new().score(&Probe::new(&one), &Candidate::new(&other));
        assert!((score - expected).abs() < 1e-6, "{probe} {reference}: {score}");
    }
}

#[test]
fn mates_match_as_a_card_has_them_and_strangers_do_not() {
    let matches = |probe: &str, reference: &str| {
        let (one, other) = template(probe).zip(template(reference))?;
        let score = Matcher::new().score(&Probe::new(&one), &Candidate::new(&other.as_card_has_it()));
        Some(bitaqa_biometrics::afis::one_finger(score).matches())
    };
    // 40 minutiae of a rolled thumb are spread over more skin than its plain print shows: the plain one is the
    // reference
    for (probe, reference) in [("finger/fp-1.png", "finger/fp-11.png"), ("finger/fp-13.png", "finger/fp-3.png")] {
        assert_ne!(matches(probe, reference), Some(false), "{probe} {reference}");
    }
    assert_ne!(matches("finger/fp-11.png", "finger/fp-3.png"), Some(true));
}
