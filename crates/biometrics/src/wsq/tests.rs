//! Whole files: round trips, sizes, and damage of every kind.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "drawn samples and small counts"
)]

use super::*;

/// Ridges of 9 pixels in circles, with a shade that changes slowly.
fn rings(width: u32, height: u32) -> Grey {
    let at = |x: u32, y: u32| {
        let (dx, dy) = (f64::from(x) - 120.0, f64::from(y) - 90.0);
        let wave = (dx.hypot(dy) * core::f64::consts::TAU / 9.0).sin();
        (128.0 + 90.0 * wave + f64::from(x) * 0.1) as u8
    };
    let samples = (0..height).flat_map(|y| (0..width).map(move |x| at(x, y))).collect();
    Grey::new(width, height, samples).unwrap()
}

fn psnr(a: &Grey, b: &Grey) -> f64 {
    let squares: f64 = a.samples().iter().zip(b.samples()).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    10.0 * (255.0 * 255.0 * a.samples().len() as f64 / squares).log10()
}

#[test]
fn a_print_comes_back_nearly_as_it_was() {
    for (width, height) in [(300, 400), (96, 96), (257, 131)] {
        let print = rings(width, height);
        let file = encode(&print, 500, BIT_RATE).unwrap();
        let back = decode(&file).unwrap();
        assert_eq!((back.image.width(), back.image.height(), back.resolution), (width, height, Some(500)));
        assert!(psnr(&print, &back.image) > 28.0, "{width} x {height}: {}", psnr(&print, &back.image));
        assert!(file.len() < print.samples().len() / 3);
    }
}

#[test]
fn more_bits_are_nearer_and_fewer_fit() {
    let print = rings(300, 400);
    let encoder = Encoder::new(&print, 500).unwrap();
    let (few, many) = (encoder.encode(0.5).unwrap(), encoder.encode(2.25).unwrap());
    assert!(few.len() < many.len());
    let near = |file: &[u8]| psnr(&print, &decode(file).unwrap().image);
    assert!(near(&many) > near(&few) + 5.0);
    let whole = encoder.encode(BIT_RATE).unwrap();
    assert_eq!(encoder.encode_within(whole.len()).unwrap(), whole);
    let less = encoder.encode_within(whole.len() * 9 / 10).unwrap();
    assert!((whole.len() * 8 / 10..=whole.len() * 9 / 10).contains(&less.len()));
    assert!(matches!(encoder.encode_within(700), Err(WsqError::TooLarge { .. })));
    assert!(matches!(encoder.encode(f32::NAN), Err(WsqError::BitRate(_))));
}

#[test]
fn blank_paper_is_a_print_of_one_shade() {
    let blank = Grey::new(200, 210, vec![217; 200 * 210]).unwrap();
    let file = encode(&blank, 500, BIT_RATE).unwrap();
    assert!(file.len() < 700);
    assert_eq!(decode(&file).unwrap().image, blank);
    let sheet = Grey::new(1000, 1000, vec![217; 1_000_000]).unwrap();
    assert!(matches!(encode(&sheet, 500, BIT_RATE), Err(WsqError::TooLarge { width: 1000, .. })));
}

/// Where a segment of this marker has its content.
fn content_of(file: &[u8], marker: u8) -> usize {
    file.windows(2).position(|pair| pair == [0xFF, marker]).unwrap() + 4
}

fn fault(file: &[u8]) -> Option<Fault> {
    match decode(file) {
        Err(WsqError::Damaged { fault, .. }) => Some(fault),
        _ => None,
    }
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let file = encode(&rings(100, 110), 500, BIT_RATE).unwrap();
    assert!(decode(&file).is_ok());
    for end in 0..file.len() {
        assert!(fault(&file[..end]).is_some(), "cut at {end}");
    }
    let mut longer = file.clone();
    longer.push(0);
    assert_eq!(fault(&longer), Some(Fault::Trailing));
}

#[test]
fn entropy_coded_data_that_is_missing_is_told() {
    let file = encode(&rings(100, 110), 500, BIT_RATE).unwrap();
    let mut short = file[..file.len() - 40].to_vec();
    short.extend([0xFF, EOI]);
    assert_eq!(fault(&short), Some(Fault::TooFew));
    // a side more than was coded
    let mut wider = file;
    let frame = content_of(&wider, SOF);
    wider[frame + 5] += 1;
    assert_eq!(fault(&wider), Some(Fault::TooFew));
    wider[frame + 5] -= 2;
    assert_eq!(fault(&wider), Some(Fault::TooMany));
}

#[test]
fn sizes_beyond_reason_are_refused_before_anything_is_allocated() {
    let mut file = encode(&rings(100, 110), 500, BIT_RATE).unwrap();
    let frame = content_of(&file, SOF);
    file[frame + 2..frame + 6].copy_from_slice(&[0x27, 0x10, 0x27, 0x10]);
    let octets = file.len();
    assert_eq!(decode(&file), Err(WsqError::TooLarge { width: 10_000, height: 10_000, octets }));
    file[frame + 2..frame + 6].copy_from_slice(&[0, 8, 0, 8]);
    assert_eq!(decode(&file), Err(WsqError::TooSmall { width: 8, height: 8 }));
    let tiny = Grey::new(8, 8, vec![0; 64]).unwrap();
    assert_eq!(encode(&tiny, 500, BIT_RATE), Err(WsqError::TooSmall { width: 8, height: 8 }));
}

#[test]
fn tables_that_are_missing_or_wrong_are_told() {
    let file = encode(&rings(100, 110), 500, BIT_RATE).unwrap();
    let without = |marker: u8| {
        let start = content_of(&file, marker) - 4;
        let length = usize::from(u16::from_be_bytes([file[start + 2], file[start + 3]]));
        [&file[..start], &file[start + 2 + length..]].concat()
    };
    for marker in [SOF, DTT, DQT] {
        assert_eq!(fault(&without(marker)), Some(Fault::MissingTable), "{marker:02X}");
    }
    assert_eq!(fault(&without(DHT)), Some(Fault::MissingCodes));
    let changed = |marker: u8, place: usize, value: u8| {
        let mut file = file.clone();
        let at = content_of(&file, marker) + place;
        file[at] = value;
        fault(&file)
    };
    assert_eq!(changed(DTT, 0, 8), Some(Fault::Filters));
    assert_eq!(changed(DHT, 0, 8), Some(Fault::Codes));
    assert_eq!(changed(DHT, 1, 9), Some(Fault::ShortSegment));
    assert_eq!(changed(SOB, 0, 7), Some(Fault::MissingCodes));
    assert_eq!(fault(b"\xFF\xA0\xFF\xA1"), Some(Fault::MissingTable));
    assert_eq!(fault(b"\xFF\xA0\xFF\xA3\x00\x03\x00\xFF\xA1"), Some(Fault::MissingTable));
}
