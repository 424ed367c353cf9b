//! The mannequin of NIST, nobody's face: 1181 x 1575, a JPEG whose Adobe marker says RGB.

use bitaqa_biometrics::portrait::{
    Coding, Eyes, FaceFinder, Geometry, Point, Source, Verdict, check, chip_portrait, luma_psnr_db,
};

/// Eyes as a person marks them.
fn eyes() -> Eyes {
    Eyes::new(Point { x: 449.0, y: 629.0 }, Point { x: 750.0, y: 629.0 }).unwrap()
}

#[test]
fn the_mannequin_is_found_framed_and_encoded() {
    let Some(octets) = super::shared("face/mannequin-sap10.jpg") else { return };
    let source = Source::read(&octets).unwrap();
    // a blue-grey background, and not what a reader of YCbCr sees
    assert_eq!(&source.pixels.samples()[..3], [186, 213, 232]);
    let report = check(&source, None, Some(&FaceFinder::new().unwrap()), Geometry::CARD);
    let verdict = |name: &str| report.checks.iter().find(|check| check.name == name).unwrap().verdict;
    assert_eq!((verdict("faces"), verdict("frame")), (Verdict::Ok, Verdict::Ok));
    // her hair reaches into the strips
    assert!(verdict("background") <= Verdict::Warn && report.verdict() != Verdict::Fail);
    let found = report.eyes.unwrap();
    assert!((found.distance() / eyes().distance() - 1.0).abs() < 0.15, "{found:?}");
    let encode = |coding| chip_portrait(&octets, Some(eyes()), Geometry::CARD, coding, 15_000).unwrap();
    let (jp2, jpeg) = (encode(Coding::Jpeg2000), encode(Coding::Jpeg));
    assert!(jp2.luma_psnr_db > jpeg.luma_psnr_db + 1.4, "{} {}", jp2.luma_psnr_db, jpeg.luma_psnr_db);
    assert!(jp2.octets.len() <= 15_000 && jpeg.octets.len() <= 15_000);
}

/// The portrait of the ICAO silver data set was made for a chip: it decodes, and is not compressed again.
#[test]
fn a_chips_portrait_decodes_and_is_compressed_no_more() {
    let Some(file) = super::shared("iso39794/dg2_silver_mandatory_fields.bin") else { return };
    let start = file.windows(8).position(|word| word == b"\0\0\0\x0CjP  ").unwrap();
    // 15,000 octets, before the seven of the coding at the end of the record
    let octets = &file[start..start + 15_000];
    let source = Source::read(octets).unwrap();
    assert_eq!((source.pixels.width(), source.pixels.height()), (413, 531));
    assert!((luma_psnr_db(&source.pixels, &source.pixels).unwrap() - 99.0).abs() < 0.01);
    let again = chip_portrait(octets, None, Geometry::CARD, Coding::Jpeg2000, 15_000);
    assert!(again.err().unwrap().to_string().starts_with("double compression"));
}
