//! Tests of DG3: layout, the list LDS_D of TR-03105-5.1, the zero-instance form, minutiae, properties.

use super::*;
use crate::image::{self, samples};
use crate::minutiae::tests::of_2005 as minutiae;
use crate::vectors;
use proptest::prelude::*;

fn print(position: FingerPosition) -> Finger {
    Finger::from_image(position, samples::wsq(620, 620)).unwrap()
}

fn both() -> Dg3 {
    Dg3::Fingers(vec![print(FingerPosition::RightIndex), print(FingerPosition::LeftIndex)])
}

/// The error for a file in which one run of octets is replaced by another, at its n-th place.
fn replaced(from: &str, to: &str, place: usize) -> LdsError {
    let mut file = both().encode().unwrap().into_vec();
    let (from, to) = (hex::decode(from).unwrap(), hex::decode(to).unwrap());
    let at = file.windows(from.len()).enumerate().filter(|(_, octets)| *octets == from).nth(place).unwrap().0;
    file.splice(at..at + from.len(), to);
    Dg3::decode(&file).unwrap_err()
}

#[test]
fn codes_names_and_subtypes() {
    let subtypes = FingerPosition::ALL.map(FingerPosition::subtype);
    assert_eq!(subtypes, [0x05, 0x09, 0x0D, 0x11, 0x15, 0x06, 0x0A, 0x0E, 0x12, 0x16]);
    for position in FingerPosition::ALL {
        assert_eq!(position.name().parse(), Ok(position));
        assert_eq!(FingerPosition::from_code(position.code()), Some(position));
        assert_eq!(FingerPosition::from_subtype(position.subtype()), Some(position));
    }
    assert_eq!("right_toe".parse::<FingerPosition>(), Err(FingerNameError("right_toe".into())));
    assert_eq!((FingerPosition::from_code(0), FingerPosition::from_subtype(0)), (None, None));
}

#[test]
fn layout_of_a_file_with_one_print() {
    let file = Dg3::Fingers(vec![print(FingerPosition::RightIndex)]).encode().unwrap();
    let wsq = samples::wsq(620, 620).len();
    let text = hex::encode_upper(&*file);
    let record = 32 + 14 + wsq;
    let start = format!(
        "63{:02X}7F61{:02X}0201017F60{:02X}A112800201018101088201098702010188020007\
         5F2E{record:02X}4649520030313000{record:012X}0000001F010101F401F401F401F408020000\
         {:08X}020101FE00026C026C00FFA0",
        record + 32,
        record + 29,
        record + 23,
        14 + wsq,
    );
    assert!(record < 0x80, "short lengths are assumed above");
    assert!(text.starts_with(&start), "{text}");
}

#[test]
fn good_files_read_back() {
    let positions = [FingerPosition::LeftThumb, FingerPosition::RightRing, FingerPosition::LeftLittle];
    let [thumb, ring, little] = positions;
    for fingers in [
        vec![Finger::from_image(thumb, samples::jp2(9, 8, 1, 17)).unwrap()],
        vec![print(thumb), print(ring)],
        vec![print(thumb), print(ring), print(little)],
        vec![Finger::from_image(thumb, image::pgm(3, 2, &[1, 2, 3, 4, 5, 6]).unwrap()).unwrap()],
        vec![Finger::from_image(thumb, samples::png(9, 8, 0)).unwrap()],
        vec![Finger::from_minutiae(thumb, minutiae(6, &[[0x40, 0x64, 0, 0x0E, 0x50, 0x5A]])).unwrap()],
    ] {
        let file = Dg3::Fingers(fingers);
        assert_eq!(Dg3::decode(&file.encode().unwrap()).unwrap(), file);
    }
}

#[test]
fn a_file_beyond_the_short_offset() {
    let samples = vec![0x5A; 200 * 170];
    let print = Finger::from_image(FingerPosition::RightIndex, image::pgm(200, 170, &samples).unwrap()).unwrap();
    let file = Dg3::Fingers(vec![print]);
    let octets = file.encode().unwrap();
    assert!(octets.len() > 32_767);
    assert_eq!(Dg3::decode(&octets).unwrap(), file);
}

#[test]
fn finger_of_the_template_and_of_the_record_must_be_one() {
    assert!(replaced("820109", "82010A", 0).to_string().contains("finger position"));
    let two = Dg3::Fingers(vec![print(FingerPosition::RightIndex), print(FingerPosition::RightIndex)]);
    assert!(two.encode().is_err());
    assert!(Dg3::Fingers(vec![]).encode().is_err());
    let record = minutiae(7, &[]);
    assert!(Finger::from_minutiae(FingerPosition::RightIndex, record).is_err());
}

#[test]
fn every_field_of_the_record_is_checked() {
    let good = Dg3::Fingers(vec![print(FingerPosition::RightIndex)]).encode().unwrap().into_vec();
    let at = good.windows(4).position(|octets| octets == b"FIR\0").unwrap();
    for (offset, octet, expect) in [
        (5, b'2', "version"),
        (13, 1, "length"),
        (14, 0x10, "capture device"),
        (17, 30, "acquisition level"),
        (18, 2, "number of fingers"),
        (19, 2, "scale units"),
        (21, 0, "resolution"),
        (23, 0, "differ"),
        (28, 16, "depth"),
        (29, 5, "compression"),
        (30, 1, "reserved"),
        (35, 1, "block length"),
        (36, 1, "finger position"),
        (37, 2, "number of views"),
        (38, 2, "view number"),
        (39, 101, "quality"),
        (40, 9, "impression"),
        (41, 1, "width or height"),
        (43, 1, "width or height"),
        (45, 1, "reserved"),
    ] {
        let mut file = good.clone();
        file[at + offset] = octet;
        let error = Dg3::decode(&file).unwrap_err().to_string();
        assert!(error.contains(expect), "octet {offset}: {error}");
    }
}

#[test]
fn deviations_of_the_field_are_notes_to_the_tolerant_reader_only() {
    let good = Dg3::Fingers(vec![print(FingerPosition::RightIndex)]).encode().unwrap().into_vec();
    let at = good.windows(4).position(|octets| octets == b"FIR\0").unwrap();
    let length = good.len() - at;
    let noted = |file: &[u8]| {
        assert!(Dg3::decode(file).is_err());
        let (read, notes) = Dg3::decode_tolerant(file).unwrap();
        assert_eq!(notes.len(), 1, "{notes:?}");
        (read.fingers().len(), notes[0].clone(), notes[0].to_string())
    };
    let changed = |offset: usize, octet: u8| {
        let mut file = good.clone();
        file[at + offset] = octet;
        noted(&file)
    };
    let view = length - 32;
    let block = u32::try_from(view).unwrap();
    let says = |part: &str, said: usize, found: usize| format!("the {part} says {said} octets and has {found}");
    let record = u64::try_from(length).unwrap() + 256;
    let text = says("record", length + 256, length);
    assert_eq!(changed(12, 1), (1, FingerNote::RecordLength(record, length), text));
    assert_eq!(changed(34, 1), (1, FingerNote::BlockLength(block + 256, view), says("view", view + 256, view)));
    let text = "the record says 108 x 620 pixels, the image has 620 x 620".to_owned();
    assert_eq!(changed(41, 0), (1, FingerNote::Dimensions((108, 620), (620, 620)), text));
    let text = "the record says compression 5, the image is of 2".to_owned();
    assert_eq!(changed(29, 5), (1, FingerNote::Compression(5, 2), text));
    let text = "the image: unknown image format: neither JPEG, JPEG 2000, PNG, WSQ nor PGM".to_owned();
    let damaged = changed(46, 0);
    assert_eq!(damaged, (1, FingerNote::Image(image::ImageError::UnknownMagic), text));
    // no print at all, and the hash of that tells everybody so
    let (_, none, text) = noted(&hex::decode("63067F6103020100").unwrap());
    assert_eq!((none, text.contains("no random octets")), (FingerNote::Random(0), true), "{text}");
    let (_, few, text) = noted(&hex::decode("630A7F61030201005302ABCD").unwrap());
    assert_eq!((few, text.contains("2 random octets where 16")), (FingerNote::Random(2), true), "{text}");
}

#[test]
fn images_that_a_dg3_does_not_take() {
    let refused = |image: Vec<u8>| Finger::from_image(FingerPosition::LeftIndex, image).unwrap_err().to_string();
    assert!(refused(samples::portrait(9, 8)).contains("WSQ"));
    assert!(refused(samples::png(9, 8, 2)).contains("grey"));
    assert!(refused(samples::wsq(9, 8)[..20].to_vec()).contains("truncated"));
    let mut print = print(FingerPosition::LeftIndex);
    let FingerData::Image(image) = &mut print.data else { panic!("an image") };
    image.ppi = 300;
    assert!(Dg3::Fingers(vec![print]).encode().unwrap_err().to_string().contains("ppi"));
}

#[test]
fn zero_instances_differ_by_their_random() {
    let file = |octet: u8| Dg3::Empty { random: vec![octet; 16].into() };
    let text = format!("63187F61030201005310{}", "AB".repeat(16));
    assert_eq!(hex::encode_upper(&*file(0xAB).encode().unwrap()), text);
    assert_eq!(Dg3::decode(&file(0xAB).encode().unwrap()).unwrap(), file(0xAB));
    assert_ne!(file(0xAB).encode().unwrap(), file(0xCD).encode().unwrap());
    assert!(file(0).fingers().is_empty());
    assert!(Dg3::Empty { random: vec![0; 15].into() }.encode().is_err());
    // without random, the hash tells everybody: refused in our own files
    assert_eq!(Dg3::decode(&hex::decode("63067F6103020100").unwrap()), Err(LdsError::Missing(0x53)));
    let mut behind = Dg3::Fingers(vec![print(FingerPosition::LeftIndex)]).encode().unwrap().into_vec();
    behind[1] += 2;
    behind.extend([0x53, 0]);
    assert_eq!(Dg3::decode(&behind), Err(LdsError::OutOfPlace(0x53)));
}

#[test]
fn shared_prints_and_minutiae() {
    let Some(wsq) = vectors::sample("wsq/fp.wsq") else { return };
    let other = vectors::sample("wsq/sample.wsq").unwrap();
    let pgm = vectors::sample("finger/SFinGe_Test01.pgm").unwrap();
    let file = Dg3::Fingers(vec![
        Finger::from_image(FingerPosition::LeftIndex, wsq).unwrap(),
        Finger::from_image(FingerPosition::LeftThumb, other).unwrap(),
        Finger::from_image(FingerPosition::RightIndex, pgm).unwrap(),
    ]);
    assert_eq!(Dg3::decode(&file.encode().unwrap()).unwrap(), file);
    // prints saved in colour are to be converted first
    let colour = vectors::sample("finger/fp-1.png").unwrap();
    assert!(Finger::from_image(FingerPosition::RightThumb, colour).is_err());
    // a record of two views is none of one finger
    let two = vectors::sample("minutiae/iso19794p2v2005-sample.dat").unwrap();
    assert!(Finger::from_minutiae(FingerPosition::LeftIndex, two).is_err());
}

proptest! {
    #[test]
    fn whatever_is_written_reads_back(
        positions in proptest::sample::subsequence(FingerPosition::ALL.to_vec(), 1..=10),
        (width, height, quality, device) in (1u16..40, 1u16..40, 0u8..=100, 0u16..0x1000),
        ppi in prop_oneof![Just(500u16), Just(1000)],
        impression in prop_oneof![Just(Impression::Swipe), Just(Impression::LiveRolled)],
    ) {
        let samples = vec![7; usize::from(width) * usize::from(height)];
        let fingers = positions.into_iter().enumerate().map(|(at, position)| {
            let raw = image::pgm(width, height, &samples).unwrap();
            let image = if at % 2 == 0 { raw } else { samples::wsq(width, height) };
            let mut finger = Finger::from_image(position, image).unwrap();
            let FingerData::Image(image) = &mut finger.data else { unreachable!() };
            (image.quality, image.device, image.ppi, image.impression) = (quality, device, ppi, impression);
            finger
        });
        let file = Dg3::Fingers(fingers.collect());
        prop_assert_eq!(Dg3::decode(&file.encode().unwrap()).unwrap(), file);
    }

    #[test]
    fn damage_is_an_error_or_is_written_the_same(at in any::<prop::sample::Index>(), with in any::<u8>()) {
        let record = minutiae(2, &[[0x40, 0x64, 0, 0x0E, 0x50, 0x5A]]);
        let finger = Finger::from_minutiae(FingerPosition::RightIndex, record);
        let file = Dg3::Fingers(vec![print(FingerPosition::LeftIndex), finger.unwrap()]);
        let mut octets = file.encode().unwrap().into_vec();
        let at = at.index(octets.len());
        octets[at] = with;
        if let Ok(read) = Dg3::decode(&octets) {
            prop_assert_eq!(read.encode().unwrap().to_vec(), octets);
        }
    }

    #[test]
    fn no_record_panics(octets in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = MinutiaeRecord::new([b"FMR\0 20\0".as_slice(), &octets].concat());
        let record = [b"FIR\x00010\0".as_slice(), &octets].concat();
        let _ = FingerImage::decode(&record, FingerPosition::LeftThumb, &mut Vec::new());
    }
}
