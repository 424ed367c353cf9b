//! Tests of DG2: layout, the list LDS_C of TR-03105-5.1, deviations of the field, properties.

use super::*;
use crate::image::samples;
use crate::vectors;
use proptest::prelude::*;

fn face() -> Face {
    Face::new(samples::jp2(413, 531, 3, 16), Gender::Female).unwrap()
}

/// A DG2 of one face, and where its facial record begins.
fn file(face: Face) -> (Vec<u8>, usize) {
    let file = Dg2::new(face).encode().unwrap().into_vec();
    let at = file.windows(4).position(|octets| octets == MAGIC).unwrap();
    (file, at)
}

/// The error for a file with some octets of its record changed.
fn changed(offset: usize, octets: &[u8]) -> String {
    let (mut file, at) = file(face());
    file[at + offset..at + offset + octets.len()].copy_from_slice(octets);
    Dg2::decode(&file).unwrap_err().to_string()
}

/// The start of a DG2 with all five header elements, and 88 octets around an image of 15,000.
#[test]
fn layout_around_an_image_of_15_000_octets() {
    let mut image = samples::jp2(413, 531, 3, 16);
    // A box that nobody knows fills the file up, before the code stream.
    let at = image.windows(4).position(|kind| kind == b"jp2c").unwrap() - 4;
    let padding = 15_000 - image.len();
    let mut filler = u32::try_from(padding).unwrap().to_be_bytes().to_vec();
    filler.extend(b"free");
    filler.resize(padding, 0);
    image.splice(at..at, filler);
    let (file, _) = file(Face::new(image, Gender::Unspecified).unwrap());
    assert_eq!(file.len(), 15_088);
    let start = concat!(
        "75823AEC7F61823AE70201017F60823ADFA1128002010181010282010087020101880200085F2E823AC64641430030313000",
        "00003AC6000100003AB8000000000000000000000000000000000101019D0213010000000000"
    );
    assert_eq!(hex::encode_upper(&file[..start.len() / 2]), start);
}

#[test]
fn good_files_read_back() {
    let jpeg = Face::new(samples::portrait(413, 531), Gender::Male).unwrap();
    let mut points = face();
    points.details.feature_points = vec![[1, 0xC1, 0, 100, 0, 120, 0, 0], [1, 0xC2, 0, 200, 0, 120, 0, 0]];
    let grey = Face::new(samples::jpeg(0xC0, 9, 8, &[1], None), Gender::Unknown).unwrap();
    let bare = Face::new(samples::j2k(9, 8, 3), Gender::Unspecified).unwrap();
    for face in [face(), jpeg, points, grey, bare] {
        let (file, _) = file(face.clone());
        assert_eq!(Dg2::decode(&file).unwrap().faces, [face]);
    }
}

#[test]
fn images_that_a_dg2_does_not_take() {
    let refused = |image: Vec<u8>| Face::new(image, Gender::Male).unwrap_err().to_string();
    assert!(refused(samples::jpeg(0xC2, 9, 8, &[1, 2, 3], None)).contains("progressive"));
    assert!(refused(samples::jpeg(0xC3, 9, 8, &[1, 2, 3], None)).contains("baseline"));
    assert!(refused(samples::jpeg(0xC0, 9, 8, &[1, 2, 3, 4], Some(0))).contains("CMYK"));
    assert!(refused(samples::png(9, 8, 2)).contains("convert"));
    assert!(refused(samples::j2k(9, 8, 4)).contains("transparency"));
    assert!(refused(samples::j2k(70_000, 8, 3)).contains("65535"));
    assert!(refused(samples::portrait(9, 8)[..40].to_vec()).contains("truncated"));
    assert!(refused(b"hello".to_vec()).contains("unknown image format"));
}

#[test]
fn every_field_of_the_record_is_checked() {
    for (offset, octets, expect) in [
        (0, &b"FBC"[..], "format identifier"),
        (4, b"020", "version"),
        (8, &[0, 0, 0, 1], "length"),
        (12, &[0, 2], "number of images"),
        (14, &[0, 0, 0, 1], "block length"),
        (18, &[0, 1], "reserved value"), // a point that is not there shifts all that follows
        (18, &[0xFF, 0xFF], "feature points: is cut off"),
        (20, &[3], "gender"),
        (21, &[8], "eye colour"),
        (22, &[10], "hair colour"),
        (28, &[182], "pose"),
        (29, &[182], "pose"),
        (30, &[182], "pose"),
        (31, &[182], "pose uncertainty"),
        (32, &[182], "pose uncertainty"),
        (33, &[182], "pose uncertainty"),
        (34, &[3], "face image type"),
        (35, &[2], "image data type"),
        (35, &[0], "image data type: is not that of the image"),
        (36, &[0, 1], "width or height"),
        (38, &[0, 1], "width or height"),
        (40, &[3], "colour space: is not that of the image"),
        (40, &[5], "colour space: is a reserved value"),
        (41, &[8], "source type"),
    ] {
        let error = changed(offset, octets);
        assert!(error.contains(expect), "octet {offset}: {error}");
    }
}

#[test]
fn deviations_of_the_field_are_notes_to_the_tolerant_reader_only() {
    let note = |offset: usize, octets: &[u8]| {
        let (mut file, at) = file(face());
        file[at + offset..at + offset + octets.len()].copy_from_slice(octets);
        assert!(Dg2::decode(&file).is_err());
        let (read, mut notes) = Dg2::decode_tolerant(&file).unwrap();
        assert_eq!((read.faces.len(), notes.len()), (1, 1));
        notes.remove(0)
    };
    let (_, length) = {
        let (file, at) = file(face());
        (at, file.len() - at)
    };
    let short = u32::try_from(length - 8).unwrap();
    let is = |note: FaceNote, expected: FaceNote, text: &str| {
        assert_eq!((note.to_string().as_str(), note), (text, expected));
    };
    let text = format!("the record says {short} octets and has {length}");
    is(note(8, &short.to_be_bytes()), FaceNote::RecordLength(short, length), &text);
    let text = "the record says 337 x 449 pixels, the image has 413 x 531";
    is(note(36, &[1, 81, 1, 193]), FaceNote::Dimensions((337, 449), (413, 531)), text);
    is(note(40, &[0]), FaceNote::ColourSpace(0, 1), "the record says colour space 0, the image has 1");
    is(note(35, &[0]), FaceNote::DataType(0, 1), "the record says image data type 0, the image is of 1");
    // an image damaged at its first octet
    let (file, at) = file(face());
    let mut damaged = file;
    damaged[at + 46] = 0xFF;
    let (_, notes) = Dg2::decode_tolerant(&damaged).unwrap();
    assert_eq!(notes, [FaceNote::Image(ImageError::UnknownMagic)]);
}

#[test]
fn shared_portraits_go_in_and_come_out() {
    let Some(image) = vectors::sample("face/mannequin-sap10.jpg") else { return };
    let face = Face::new(image, Gender::Unspecified).unwrap();
    let (file, at) = file(face.clone());
    assert_eq!(file[at + 34..at + 42], [1, 0, 0x04, 0x9D, 0x06, 0x27, 1, 0]);
    assert_eq!(Dg2::decode(&file).unwrap().faces, [face]);
}

proptest! {
    #[test]
    fn whatever_is_written_reads_back(
        (width, height, points) in (1u16.., 1u16.., proptest::collection::vec(any::<[u8; 8]>(), 0..9)),
        (features, expression, device) in (any::<[u8; 3]>(), any::<u16>(), any::<u16>()),
        (pose, eyes, count) in ([0u8..182, 0u8..182, 0u8..182], 0u8..8, 1usize..10),
    ) {
        let mut face = Face::new(samples::portrait(width, height), Gender::Female).unwrap();
        face.image_type = FaceImageType::TokenFrontal;
        let details = FaceDetails { feature_points: points, eye_colour: eyes, ..FaceDetails::default() };
        face.details = FaceDetails { features, expression, pose, device, ..details };
        let file = Dg2 { faces: vec![face; count] };
        prop_assert_eq!(Dg2::decode(&file.encode().unwrap()).unwrap(), file);
    }

    #[test]
    fn damage_is_an_error_or_is_written_the_same(at in any::<prop::sample::Index>(), with in any::<u8>()) {
        let (mut octets, _) = file(face());
        let at = at.index(octets.len());
        octets[at] = with;
        let _ = Dg2::decode_tolerant(&octets);
        if let Ok(read) = Dg2::decode(&octets) {
            prop_assert_eq!(read.encode().unwrap().to_vec(), octets);
        }
    }
}
