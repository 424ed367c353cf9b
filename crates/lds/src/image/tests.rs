//! Tests of the header readers: facts read, every cut found, nothing behind the end, samples from the shared data.

use super::*;
use crate::vectors;
use proptest::prelude::*;

type Facts = (ImageFormat, u32, u32, Colour);

/// One sound image of each kind with what its header must say.
fn images() -> Vec<(Vec<u8>, Facts)> {
    use Colour::{Cmyk, Grey, GreyAlpha, Palette, Rgb, Rgba, YCbCr};
    use ImageFormat::{J2k, Jp2, Jpeg, Pgm, Png, Wsq};
    vec![
        (samples::portrait(413, 531), (Jpeg, 413, 531, YCbCr)),
        (samples::jpeg(0xC0, 9, 8, &[1], None), (Jpeg, 9, 8, Grey)),
        (samples::jpeg(0xC2, 9, 8, b"RGB", Some(0)), (Jpeg, 9, 8, Rgb)),
        (samples::jpeg(0xC0, 9, 8, &[1, 2, 3], Some(1)), (Jpeg, 9, 8, YCbCr)),
        (samples::jpeg(0xC0, 9, 8, &[1, 2, 3, 4], Some(2)), (Jpeg, 9, 8, Cmyk)),
        (samples::j2k(413, 531, 3), (J2k, 413, 531, Rgb)),
        (samples::jp2(413, 531, 3, 16), (Jp2, 413, 531, Rgb)),
        (samples::jp2(413, 531, 3, 18), (Jp2, 413, 531, YCbCr)),
        (samples::jp2(413, 531, 1, 17), (Jp2, 413, 531, Grey)),
        (samples::png(20, 10, 0), (Png, 20, 10, Grey)),
        (samples::png(20, 10, 2), (Png, 20, 10, Rgb)),
        (samples::png(20, 10, 3), (Png, 20, 10, Palette)),
        (samples::png(20, 10, 4), (Png, 20, 10, GreyAlpha)),
        (samples::png(20, 10, 6), (Png, 20, 10, Rgba)),
        (samples::wsq(545, 622), (Wsq, 545, 622, Grey)),
        (pgm(3, 2, &[1, 2, 3, 4, 5, 6]).unwrap(), (Pgm, 3, 2, Grey)),
        (b"P5 # a comment 9\n 3\t2\n#\n255 abcdef".to_vec(), (Pgm, 3, 2, Grey)),
    ]
}

#[test]
fn headers_tell_what_the_image_is() {
    for (octets, facts) in images() {
        let header = ImageHeader::read(&octets).unwrap();
        assert_eq!((header.format, header.width, header.height, header.colour), facts);
        assert_eq!(header.bits, 8);
    }
    let facts = |octets: &[u8]| ImageHeader::read(octets).unwrap().jpeg.unwrap();
    let jfif = JpegFacts { jfif: true, adobe_transform: None, progressive: false, sequential: true };
    assert_eq!(facts(&samples::portrait(1, 1)), jfif);
    let adobe = JpegFacts { jfif: false, adobe_transform: Some(0), progressive: true, sequential: false };
    assert_eq!(facts(&samples::jpeg(0xC2, 1, 1, b"RGB", Some(0))), adobe);
}

#[test]
fn an_image_cut_anywhere_is_no_image() {
    for (octets, facts) in images() {
        for end in 0..octets.len() {
            assert!(ImageHeader::read(&octets[..end]).is_err(), "{facts:?} cut at {end}");
        }
    }
}

#[test]
fn octets_behind_the_end_are_counted() {
    for (mut octets, (format, ..)) in images() {
        octets.extend([0; 3]);
        match ImageHeader::read(&octets).unwrap_err() {
            ImageError::TrailingBytes { octets, .. } => assert_eq!(octets, 3),
            // in a file of boxes, three octets more are the beginning of a box
            ImageError::Truncated { .. } => assert_eq!(format, ImageFormat::Jp2),
            other => panic!("{format}: {other}"),
        }
    }
}

#[test]
fn damage_is_told_apart() {
    let read = |octets: &[u8]| ImageHeader::read(octets).unwrap_err();
    assert_eq!(read(b"GIF89a"), ImageError::UnknownMagic);
    assert_eq!(read(b""), ImageError::UnknownMagic);
    let mut crc = samples::png(20, 10, 0);
    crc[20] ^= 1;
    assert!(read(&crc).to_string().contains("check sum"));
    assert!(read(&samples::jpeg(0xC0, 0, 5, &[1], None)).to_string().contains("DNL"));
    let mut boxes = samples::jp2(413, 531, 3, 16);
    let at = boxes.windows(4).position(|four| four == b"ihdr").unwrap() + 4;
    boxes[at + 3] ^= 1;
    assert!(read(&boxes).to_string().contains("differ"));
    assert!(matches!(read(b"P5\n3 2\n100\nabcdef"), ImageError::Unsupported { .. }));
    assert!(matches!(read(b"P5\n4000000000 2\n255\nabcdef"), ImageError::Damaged { .. }));
    // a declared gigapixel costs nothing: the samples are just not there
    assert!(matches!(read(b"P5\n99999999 99999999\n255\nabcdef"), ImageError::Truncated { .. }));
    assert!(grey_samples(b"P5\n1 1\n65535\nab").is_err());
}

#[test]
fn shared_samples_read() {
    for (file, facts) in [
        ("face/mannequin-sap10.jpg", (ImageFormat::Jpeg, 1181, 1575, Colour::Rgb)),
        ("wsq/fp.wsq", (ImageFormat::Wsq, 620, 620, Colour::Grey)),
        ("wsq/sample.wsq", (ImageFormat::Wsq, 545, 622, Colour::Grey)),
        ("wsq/sample.png", (ImageFormat::Png, 545, 622, Colour::Rgb)),
        ("finger/fp-1.png", (ImageFormat::Png, 804, 752, Colour::Rgb)),
        ("finger/SFinGe_Test01.pgm", (ImageFormat::Pgm, 416, 560, Colour::Grey)),
    ] {
        let Some(octets) = vectors::sample(file) else { return };
        let header = ImageHeader::read(&octets).unwrap();
        assert_eq!((header.format, header.width, header.height, header.colour), facts, "{file}");
    }
    let Some(dg2) = vectors::sample("iso39794/dg2_silver_mandatory_fields.bin") else { return };
    let start = dg2.windows(8).position(|octets| octets == b"\0\0\0\x0CjP  ").unwrap();
    let header = ImageHeader::read(&dg2[start..start + 15_000]).unwrap();
    assert_eq!((header.format, header.width, header.height), (ImageFormat::Jp2, 413, 531));
}

proptest! {
    #[test]
    fn no_octets_panic(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = ImageHeader::read(&octets);
    }

    #[test]
    fn no_damage_panics(
        which in 0usize..17, changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let (mut octets, _) = images().swap_remove(which);
        for (at, with) in changes {
            let at = at.index(octets.len());
            octets[at] = with;
        }
        if let Ok(header) = ImageHeader::read(&octets) {
            prop_assert!(header.width > 0 && header.height > 0);
        }
    }
}
