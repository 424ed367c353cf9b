//! Tests of ISO/IEC 39794: known layouts, the samples of ICAO and ISO, both generations of one image, properties.

use super::*;
use crate::biometrics::Generation;
use crate::face::{Dg2, Face, FaceNote, FaceSource, Gender};
use crate::fingers::{Dg3, Finger, FingerData, FingerPosition, Impression};
use crate::image::{self, samples};
use crate::vectors;
use proptest::prelude::*;

const NEW: Generation = Generation::Iso39794;

fn face() -> Face {
    Face::new(samples::jp2(413, 531, 3, 16), Gender::Unspecified).unwrap().in_generation(NEW)
}

fn print(position: FingerPosition) -> Finger {
    Finger::from_image(position, samples::wsq(620, 620)).unwrap().in_generation(NEW).unwrap()
}

/// A field of what is shown, by names with full stops between.
fn at<'a>(shown: &'a Shown, path: &str) -> &'a Shown {
    path.split('.').fold(shown, |shown, name| match shown {
        Shown::Group(fields) => &fields.iter().find(|(field, _)| *field == name).unwrap_or_else(|| panic!("{name}")).1,
        Shown::List(items) => &items[name.parse::<usize>().unwrap()],
        _ => panic!("{name}"),
    })
}

/// The layout of the mandatory fields: what ICAO's smaller sample has around its image.
#[test]
fn layout_of_a_face() {
    let image = samples::jp2(413, 531, 3, 16);
    let file = Dg2::new(face()).encode().unwrap();
    let text = hex::encode_upper(&*file);
    let body = format!("80{}{}A105A003800103", length(image.len()), hex::encode_upper(&image));
    let wrap = |tag: &str, content: &str| format!("{tag}{}{content}", length(content.len() / 2));
    let inner = wrap("30", &format!("800100{}", wrap("A1", &wrap("A0", &wrap("A0", &body)))));
    let block =
        wrap("7F2E", &wrap("A1", &wrap("65", &format!("A0078001038102 07E3{}", wrap("A1", &inner)).replace(' ', ""))));
    let template = wrap("7F60", &format!("A11280020101810102820100870201018802002A{block}"));
    assert_eq!(text, wrap("75", &wrap("7F61", &format!("020101{template}"))));
    assert_eq!(Dg2::decode(&file).unwrap().encode().unwrap(), file);
}

fn length(octets: usize) -> String {
    hex::encode_upper(
        &bitaqa_apdu::tlv::tlv(0x04, &vec![0; octets])[1..][..if octets < 0x80 {
            1
        } else if octets < 0x100 {
            2
        } else {
            3
        }],
    )
}

#[test]
fn layout_of_a_print() {
    let file = Dg3::Fingers(vec![print(FingerPosition::LeftIndex)]).encode().unwrap();
    let text = hex::encode_upper(&*file);
    assert!(text.contains("A112800201018101088201 0A8702010188020028 7F2E".replace(' ', "").as_str()), "{text}");
    assert!(text.contains("A007800103810207E3"), "{text}");
    assert!(text.contains("A003800107A103800100A20380010183"), "{text}");
    let read = Dg3::decode(&file).unwrap();
    assert_eq!((read.encode().unwrap(), read.fingers()[0].generation()), (file, NEW));
}

/// Codes of eyes and hair differ between the generations, gender too; what both have survives the way there and back.
#[test]
fn one_face_in_both_generations() {
    let mut old = Face::new(samples::portrait(413, 531), Gender::Female).unwrap();
    (old.source, old.details.eye_colour, old.details.hair_colour) = (FaceSource::DigitalCamera, 3, 9);
    let new = old.clone().in_generation(NEW);
    let file = Dg2::new(new).encode().unwrap();
    let read = Dg2::decode(&file).unwrap().faces.remove(0);
    let shown = read.shown().unwrap();
    let metadata = "representations.0.identity_metadata";
    let word = |name: &str| at(&shown, &format!("{metadata}.{name}")).clone();
    assert_eq!(word("gender"), Shown::Text("female".into()));
    assert_eq!(word("eye_colour"), Shown::Text("brown".into()));
    assert_eq!(word("hair_colour"), Shown::Text("coloured".into()), "blue hair has no code of its own any more");
    let text = hex::encode_upper(&*file);
    assert!(text.contains("A815A005A103800103A105A103800104A205A103800109"), "extension form: {text}");
    let back = read.in_generation(Generation::Iso19794);
    assert_eq!((back.gender, back.source), (Gender::Female, FaceSource::DigitalCamera));
    assert_eq!((back.details.eye_colour, back.details.hair_colour), (3, 0xFF));
    assert_eq!(back.image, old.image);
    // both on one card: each instance is told by its own header
    let both = Dg2 { faces: vec![old.clone(), old.in_generation(NEW)] };
    let generations = |file: Dg2| file.faces.iter().map(Face::generation).collect::<Vec<_>>();
    let read = Dg2::decode(&both.encode().unwrap()).unwrap();
    assert_eq!(generations(read), [Generation::Iso19794, NEW]);
}

#[test]
fn what_a_block_cannot_say_is_refused() {
    let mut with_pose = face();
    with_pose.details.pose = [1, 1, 1];
    assert!(Dg2::new(with_pose).encode().unwrap_err().to_string().contains("39794"));
    let mut with_quality = print(FingerPosition::LeftIndex);
    let FingerData::Image(image) = &mut with_quality.data else { panic!("an image") };
    image.quality = 80;
    assert!(Dg3::Fingers(vec![with_quality]).encode().unwrap_err().to_string().contains("registered"));
}

#[test]
fn rules_of_the_tree() {
    let good = Dg2::new(face()).encode().unwrap().into_vec();
    let changed = |from: &str, to: &str| {
        let text = hex::encode(&good).to_uppercase();
        assert_eq!((text.matches(from).count(), from.len()), (1, to.len()), "{from}");
        Dg2::decode(&hex::decode(text.replace(from, to)).unwrap()).map(|_| ()).unwrap_err().to_string()
    };
    assert!(changed("A007800103810207E3", "A007800102810207E3").contains("generation: is no number in its range"));
    assert!(changed("A007800103810207E3", "A007800103820207E3").contains("year: is missing"));
    assert!(changed("A105A003800103", "A105A003800105").contains("image_data_format: is a reserved value"));
    assert!(changed("A105A003800103", "A105A003800102").contains("image data type: is not that of the image"));
    assert!(changed("A105A003800103", "A105A203800103").contains("image_data_format: is missing"));
    // an unknown field behind the last one known is carried
    let text = hex::encode_upper(&good);
    let block = Block::read_face(&hex::decode(&text[text.find("7F2E").unwrap() + 8..]).unwrap()).unwrap().0;
    let mut later = block.clone();
    later.root.set(&[0xA1, 0x30, 0x8F], b"new");
    let octets = later.write(b"");
    let (read, _) = Block::read_face(&octets).unwrap();
    assert_eq!(read, later);
    assert_eq!(at(&read.shown(), "representations.0.extension"), &Shown::Octets(5));
    // two representations, and a field twice, are not
    let mut two = block.clone();
    let tree::Value::Elements(fields) = &mut two.root.value else { panic!("a sequence") };
    let tree::Value::Elements(list) = &mut fields[1].value else { panic!("a list") };
    list.push(list[0].clone());
    assert!(Block::read_face(&two.write(b"")).unwrap_err().to_string().contains("representations"));
    let mut twice = block;
    let tree::Value::Elements(fields) = &mut twice.root.value else { panic!("a sequence") };
    fields.push(fields[0].clone());
    assert_eq!(Block::read_face(&twice.write(b"")), Err(LdsError::OutOfPlace(0xA0)));
}

/// ICAO's silver data set: read to the last field, written again octet for octet.
#[test]
fn shared_faces_of_icao() {
    for (name, octets, fields) in [("mandatory", 15_083, 2), ("all", 15_687, 10)] {
        let Some(file) = vectors::sample(&format!("iso39794/dg2_silver_{name}_fields.bin")) else { return };
        assert_eq!(file.len(), octets);
        let (read, notes) = Dg2::decode_tolerant(&file).unwrap();
        assert_eq!(read.encode().unwrap().to_vec(), file, "{name}");
        let [face] = read.faces.as_slice() else { panic!("one face") };
        assert_eq!((face.image.len(), face.generation()), (15_000, NEW));
        let header = image::ImageHeader::read(&face.image).unwrap();
        assert_eq!((header.width, header.height), (413, 531));
        let shown = face.shown().unwrap();
        let Shown::Group(representation) = at(&shown, "representations.0") else { panic!("fields") };
        assert_eq!(representation.len(), fields);
        let format = "representations.0.image_representation.base.image_2d.information.image_data_format";
        assert_eq!(at(&shown, format), &Shown::Text("jpeg2000_lossy".into()));
        if name == "mandatory" {
            assert_eq!((notes, face.gender), (vec![], Gender::Unspecified));
            assert_eq!(Dg2::decode(&file), Ok(read));
            continue;
        }
        // the data set says itself that its metadata are of another image
        assert_eq!(notes, [FaceNote::Dimensions((572, 731), (413, 531))]);
        assert!(Dg2::decode(&file).is_err());
        assert_eq!(
            (face.gender, face.source, face.details.eye_colour, face.details.hair_colour),
            (Gender::Female, FaceSource::DigitalCamera, 2, 4)
        );
        let of = |path: &str| at(&shown, &format!("representations.0.{path}")).clone();
        assert_eq!(of("identity_metadata.subject_height"), Shown::Number(1786));
        assert_eq!(of("identity_metadata.expression.neutral"), Shown::Flag(true));
        assert_eq!(of("identity_metadata.pose.pitch.degrees"), Shown::Number(3));
        assert_eq!(of("landmarks.0.coordinates.base.image_2d.x"), Shown::Number(90));
        assert_eq!(of("landmarks.0.kind.base.mpeg4_feature_point"), Shown::Number(10));
        assert_eq!(of("capture_date_time.millisecond"), Shown::Number(908));
        assert_eq!(of("presentation_attack_detection.decision"), Shown::Text("no_attack".into()));
        assert_eq!(of("quality.0.score_or_error.score"), Shown::Number(99));
    }
}

/// The example of 39794-4 with all its optional fields.
#[test]
fn shared_print_of_iso() {
    let Some(octets) = vectors::sample("iso39794/sample-39794-4-ed-1-v1.der") else { return };
    let block = bitaqa_apdu::tlv::tlv(0xA1, &octets);
    let (read, image) = Block::read_finger(&block).unwrap();
    let header = image::ImageHeader::read(&image).unwrap();
    assert_eq!((header.format, header.width, header.height), (image::ImageFormat::Png, 24, 24));
    let print = read.finger();
    assert_eq!((print.position, print.impression, print.quality), (2, Impression::LiveRolled, 44));
    assert_eq!((print.ppi, print.format), (254, finger::PNG), "100 to the centimetre");
    assert_eq!(read.clone().write_finger(print, &image).to_vec(), block);
    let shown = read.shown();
    let of = |path: &str| at(&shown, &format!("representations.0.{path}")).clone();
    assert_eq!(of("capture_device.technology"), Shown::Text("optical_tir_bright_field".into()));
    assert_eq!(of("quality.1.score_or_error.error"), Shown::Text("failure_to_assess".into()));
    assert_eq!(of("segmentation.0.segments.0.corners.1.x"), Shown::Number(23));
    assert_eq!(of("annotations.0.reason"), Shown::Text("physically_challenged".into()));
    assert_eq!(of("comments.1"), Shown::Text("Small finger image".into()));
    assert_eq!(of("vendor_data.0.data"), Shown::Octets(10));
    assert_eq!(of("original_rotation"), Shown::Number(35));
}

proptest! {
    #[test]
    fn prints_read_back(
        positions in proptest::sample::subsequence(FingerPosition::ALL.to_vec(), 1..=10),
        (width, height, ppi) in (1u16..40, 1u16..40, 1u16..),
        impression in proptest::sample::select(vec![
            Impression::LivePlain, Impression::NonlivePlain, Impression::NonliveRolled, Impression::Swipe,
            Impression::Latent, Impression::ContactlessRolled, Impression::MovingContactlessPlain, Impression::Unknown,
        ]),
    ) {
        let samples = vec![7; usize::from(width) * usize::from(height)];
        let fingers = positions.into_iter().enumerate().map(|(at, position)| {
            let raw = image::pgm(width, height, &samples).unwrap();
            let image = if at % 2 == 0 { raw } else { samples::png(width.into(), height.into(), 0) };
            let mut finger = Finger::from_image(position, image).unwrap().in_generation(NEW).unwrap();
            let FingerData::Image(image) = &mut finger.data else { unreachable!() };
            (image.impression, image.ppi) = (impression, ppi);
            finger
        });
        let file = Dg3::Fingers(fingers.collect());
        let octets = file.encode().unwrap();
        let read = Dg3::decode(&octets).unwrap();
        prop_assert_eq!(read.encode().unwrap(), octets);
        for (own, read) in file.fingers().iter().zip(read.fingers()) {
            let (FingerData::Image(own), FingerData::Image(read)) = (&own.data, &read.data) else { unreachable!() };
            prop_assert_eq!((read.impression, read.ppi, &read.image), (own.impression, own.ppi, &own.image));
        }
    }

    #[test]
    fn damage_is_an_error_or_is_written_the_same(
        at in any::<prop::sample::Index>(), with in any::<u8>(), of_face in any::<bool>(),
    ) {
        let mut octets = if of_face {
            let mut face = face();
            (face.gender, face.source) = (Gender::Male, FaceSource::Scanner);
            Dg2::new(face).encode().unwrap().into_vec()
        } else {
            Dg3::Fingers(vec![print(FingerPosition::LeftIndex)]).encode().unwrap().into_vec()
        };
        let at = at.index(octets.len());
        octets[at] = with;
        if of_face {
            if let Ok((read, notes)) = Dg2::decode_tolerant(&octets) {
                prop_assert_eq!(notes.is_empty(), Dg2::decode(&octets).is_ok());
                if notes.is_empty() {
                    prop_assert_eq!(read.encode().unwrap().to_vec(), octets);
                }
            }
        } else if let Ok(read) = Dg3::decode(&octets) {
            prop_assert_eq!(read.encode().unwrap().to_vec(), octets);
        }
    }
}
