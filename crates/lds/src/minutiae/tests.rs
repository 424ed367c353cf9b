//! Tests of minutiae: records of both editions, samples, short forms, order, properties.

use super::*;
use crate::vectors;
use proptest::prelude::*;

/// A record of 2005 with one view of these minutiae.
pub fn of_2005(position: u8, minutiae: &[[u8; 6]]) -> Vec<u8> {
    let mut out = b"FMR\0 20\0".to_vec();
    let length = 24 + 4 + 6 * minutiae.len() + 2;
    out.extend(u32::try_from(length).unwrap().to_be_bytes());
    out.extend([0, 0xB5, 2, 0, 2, 0, 0, 0xC5, 0, 0xC5, 1, 0]);
    out.extend([position, 0, 90, u8::try_from(minutiae.len()).unwrap()]);
    out.extend(minutiae.concat());
    out.extend([0, 0]);
    out
}

/// One representation of 2011, as the standard's own example begins.
const OF_2011: &str = concat!(
    "464D5200303330000000003C0001",
    "00",
    "0000002D",
    "07D50C0F112314000000ABCD00B5015AABCD0123",
    "070000C500C50002000200",
    "6001",
    "4064000E505A",
    "0000"
);

fn again(record: &MinutiaeRecord) -> Vec<u8> {
    MinutiaeRecord::of(record.edition(), record.device(), record.views()).unwrap().octets().to_vec()
}

#[test]
fn minutiae_are_walked() {
    let good = of_2005(2, &[[0x40, 0x64, 0, 0x0E, 0x50, 0x5A], [0x81, 0xFF, 1, 0xFF, 0, 0]]);
    let record = MinutiaeRecord::new(good.clone()).unwrap();
    let [view] = record.views() else { panic!("one view") };
    assert_eq!((view.position, view.quality, view.size, view.resolution), (2, 90, (512, 512), (197, 197)));
    assert_eq!(view.minutiae[0], Minutia { kind: MinutiaKind::Ending, x: 100, y: 14, angle: 80, quality: 90 });
    assert_eq!(view.minutiae[1].kind, MinutiaKind::Bifurcation);
    assert_eq!((record.device(), again(&record)), (0xB5, good.clone()));
    for (at, octet, expect) in [
        (3, b'X', "format identifier"),
        (5, b'3', "version"),
        (11, 1, "length"),
        (15, 0, "minutia: lies outside"),
        (22, 2, "view header"),
        (23, 1, "reserved"),
        (24, 11, "finger position"),
        (26, 101, "quality"),
        (27, 3, "minutiae: is cut off"),
        (27, 1, "extensions"),
        (28, 0xC0, "minutia type"),
        (34, 0x82, "outside"),
        (36, 2, "outside"),
        (33, 101, "minutia quality"),
        (41, 1, "extensions"),
    ] {
        let mut damaged = good.clone();
        damaged[at] = octet;
        if at == 15 {
            damaged[14] = 1; // 512 becomes 256
        }
        let error = MinutiaeRecord::new(damaged).unwrap_err().to_string();
        assert!(error.contains(expect), "octet {at}: {error}");
    }
}

#[test]
fn the_edition_of_2011() {
    let good = hex::decode(OF_2011).unwrap();
    let record = MinutiaeRecord::new(good.clone()).unwrap();
    let [view] = record.views() else { panic!("one view") };
    let capture = view.capture.as_ref().unwrap();
    assert_eq!((record.edition(), view.position, view.quality), (Edition::Of2011, 7, 90));
    assert_eq!((capture.device, capture.qualities.as_slice()), ([0xABCD, 0x00B5], [(90, [0xABCD, 0x0123])].as_slice()));
    assert_eq!(view.minutiae, [Minutia { kind: MinutiaKind::Ending, x: 100, y: 14, angle: 80, quality: 90 }]);
    assert_eq!(again(&record), good);
    // without quality a minutia has five octets
    let mut views = record.views().to_vec();
    views[0].capture.as_mut().unwrap().with_quality = false;
    let short = MinutiaeRecord::of(Edition::Of2011, 0, &views).unwrap();
    assert_eq!((short.octets().len(), short.views()[0].minutiae[0].quality), (good.len() - 1, 0));
    for (at, octet, expect) in [
        (14, 2, "certification flag"),
        (18, 0x2E, "representation length"),
        (39, 11, "finger position"),
        (50, 0x70, "minutia field"),
    ] {
        let mut damaged = good.clone();
        damaged[at] = octet;
        let error = MinutiaeRecord::new(damaged).unwrap_err().to_string();
        assert!(error.contains(expect), "octet {at}: {error}");
    }
    // a DG3 takes the edition of 2005
    assert!(record.check_finger(FingerPosition::LeftIndex).unwrap_err().to_string().contains("2005"));
}

/// Data of the standard's examples: every minutia as the JSON beside the sample says.
#[test]
fn shared_samples_read_and_write_again() {
    for (name, edition) in [("2005", Edition::Of2005), ("2011", Edition::Of2011)] {
        let Some(octets) = vectors::sample(&format!("minutiae/iso19794p2v{name}-sample.dat")) else { return };
        let record = MinutiaeRecord::new(octets.clone()).unwrap();
        assert_eq!((record.edition(), again(&record)), (edition, octets));
        let views: Vec<_> = record.views().iter().map(|view| (view.position, view.size, view.minutiae.len())).collect();
        assert_eq!(views, [(7, (512, 512), 27), (2, (512, 512), 22)]);
        let json = String::from_utf8(vectors::sample(&format!("minutiae/iso19794p2v{name}-sample.json")).unwrap());
        let numbers = |key: &str| -> Vec<f64> {
            let json = json.as_ref().unwrap();
            let quoted = format!("\"{key}\"");
            let found = json.split(&quoted).skip(1);
            found
                .filter_map(|rest| rest.trim_start_matches([' ', ':']).split([',', '\n', '}']).next()?.parse().ok())
                .collect()
        };
        let all: Vec<Minutia> = record.views().iter().flat_map(|view| view.minutiae.clone()).collect();
        let of = |side: fn(&Minutia) -> f64| all.iter().map(side).collect::<Vec<_>>();
        assert_eq!(numbers("positionX"), of(|minutia| f64::from(minutia.x)));
        assert_eq!(numbers("positionY"), of(|minutia| f64::from(minutia.y)));
        assert_eq!(numbers("angle"), of(|minutia| f64::from(minutia.angle)));
    }
}

#[test]
fn a_wrong_length_is_a_note_to_the_tolerant_reader_only() {
    let mut record = of_2005(2, &[[0x40, 0x64, 0, 0x0E, 0x50, 0x5A]]);
    record.push(0);
    assert!(MinutiaeRecord::new(record.clone()).is_err());
    let (read, notes) = MinutiaeRecord::tolerant(record).unwrap();
    assert_eq!(notes[0].to_string(), "the record says 36 octets and has 37");
    assert_eq!((read.views().len(), notes), (1, vec![MinutiaeNote::RecordLength(36, 37)]));
    let Some(octets) = vectors::sample("minutiae/fmr.iso2005") else { return };
    // its last extension block is one octet shorter than it says
    assert!(MinutiaeRecord::new(octets.clone()).unwrap_err().to_string().contains("extensions"));
    let (read, notes) = MinutiaeRecord::tolerant(octets).unwrap();
    let counts: Vec<_> = read.views().iter().map(|view| view.minutiae.len()).collect();
    assert_eq!((counts, notes), (vec![27, 22], vec![MinutiaeNote::Extensions(42, 41)]));
}

fn at(x: u16, y: u16, angle: u8, quality: u8) -> Minutia {
    Minutia { kind: MinutiaKind::Ending, x, y, angle, quality }
}

fn view(minutiae: Vec<Minutia>) -> View {
    View::new(2, (1000, 1000), (197, 197), minutiae)
}

#[test]
fn the_compact_form_is_centred_pruned_and_wrapped() {
    // 197 pixels are 10 mm; the middle of 5 and 15 mm goes to 128
    let pair = view(vec![at(99, 99, 0xFF, 50), at(296, 296, 0x50, 60)]);
    assert_eq!(compact(&pair, 40, Order::None), [[178, 178, 0x54], [78, 78, 0x40]]);
    assert_eq!(compact(&pair, 1, Order::None), [[128, 128, 0x54]], "the better one stays");
    assert_eq!(compact(&pair, 40, Order::from_code(0x05).unwrap())[0], [78, 78, 0x40]);
    // 300 mm do not fit: what lies outside is left out, not moved to the border
    let wide = view(vec![at(0, 10, 0, 9), at(500, 10, 0, 9), at(999, 10, 0, 9)]);
    assert_eq!(compact(&wide, 40, Order::None).len(), 1);
    assert_eq!(normal(&pair, 40, Order::None)[1], [0x41, 0xF7, 0x01, 0xF7, 0xFF]);
    assert!(compact(&view(vec![]), 40, Order::None).is_empty());
}

#[test]
fn orders_of_the_information_template() {
    for code in 0..=u8::MAX {
        if let Some(order) = Order::from_code(code) {
            assert_eq!(order.code(), code);
        }
    }
    assert_eq!((0..=u8::MAX).filter(|code| Order::from_code(*code).is_some()).count(), 9);
    // right, above, left and below the middle at one distance, and one farther away on each side
    let cross = view(vec![at(520, 500, 8, 1), at(500, 480, 4, 1), at(480, 500, 0, 1), at(500, 520, 12, 1)]);
    let angles = |code: u8| {
        let order = Order::from_code(code).unwrap();
        compact(&cross, 40, order).iter().map(|minutia| minutia[2] & 0x3F).collect::<Vec<_>>()
    };
    assert_eq!(angles(0x11), [2, 1, 0, 3], "counter-clockwise from the right");
    assert_eq!(angles(0x12), [3, 0, 1, 2]);
    assert_eq!(angles(0x05), [0, 1, 3, 2]);
    assert_eq!(angles(0x09), [1, 0, 2, 3]);
    assert_eq!(angles(0x0E), [3, 2, 1, 0]);
}

fn views() -> impl Strategy<Value = Vec<View>> {
    let minutia = (0u8..3, 0u16..400, 0u16..300, any::<u8>(), 0u8..=100).prop_map(|(kind, x, y, angle, quality)| {
        Minutia { kind: MinutiaKind::from_code(kind).unwrap(), x, y, angle, quality }
    });
    let capture =
        (any::<[u8; 9]>(), any::<[u16; 2]>(), any::<bool>(), 0u8..16).prop_map(|(date, device, with, ending)| {
            let qualities = vec![(33, [1, 2]); usize::from(ending % 3)];
            let certifications = None;
            Capture { date, technology: 7, device, qualities, certifications, ending_type: ending, with_quality: with }
        });
    let minutiae = proptest::collection::vec(minutia, 0..60);
    let view =
        (0u8..=10, 0u8..16, minutiae, proptest::option::of(capture), proptest::collection::vec(any::<u8>(), 0..9));
    let view = view.prop_map(|(position, number, minutiae, capture, extensions)| {
        let mut view = View::new(position, (400, 300), (197, 197), minutiae);
        (view.number, view.extensions, view.capture) = (number, extensions.into(), capture);
        view
    });
    proptest::collection::vec(view, 1..4)
}

proptest! {
    #[test]
    fn whatever_is_written_reads_back(views in views(), device in any::<u16>()) {
        for edition in [Edition::Of2005, Edition::Of2011] {
            let record = MinutiaeRecord::of(edition, device, &views).unwrap();
            prop_assert_eq!(again(&record), record.octets());
            let counts = |views: &[View]| views.iter().map(|view| view.minutiae.len()).collect::<Vec<_>>();
            prop_assert_eq!(counts(record.views()), counts(&views));
        }
    }

    #[test]
    fn no_record_panics(octets in proptest::collection::vec(any::<u8>(), 0..100), newer in any::<bool>()) {
        let magic = if newer { b"FMR\x00030\0" } else { b"FMR\0 20\0" };
        let octets = [magic.as_slice(), &octets].concat();
        let _ = MinutiaeRecord::tolerant(octets.clone());
        if let Ok(record) = MinutiaeRecord::new(octets.clone()) {
            prop_assert_eq!(again(&record), octets);
        }
    }

    #[test]
    fn the_compact_form_reads_back(views in views(), most in 0usize..50) {
        for view in views {
            let template = compact(&view, most, Order::Ascending(Sorting::Polar));
            let back = from_compact(template.as_flattened()).unwrap();
            prop_assert!(back.len() <= most.min(view.minutiae.len()));
            prop_assert_eq!(back.len(), template.len());
        }
    }
}
