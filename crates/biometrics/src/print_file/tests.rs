//! Round trips, and every bad input that is named to an operator.
#![allow(clippy::useless_vec, reason = "these are too large for the stack")]

use super::*;

/// A drawn print: rings on light ground.
fn print() -> Grey {
    let at = |x: i32, y: i32| {
        let distance = (x - 100) * (x - 100) + (y - 110) * (y - 110);
        if distance < 70 * 70 && (distance / 700) % 2 == 0 { 60 } else { 235 }
    };
    let samples = (0..220).flat_map(|y| (0..200).map(move |x| at(x, y))).collect();
    Grey::new(200, 220, samples).unwrap()
}

fn told(octets: &[u8]) -> String {
    read(octets).unwrap_err().to_string()
}

/// A PNG of these samples, of any kind, with what `more` sets.
fn png_of(color: ColorType, depth: BitDepth, samples: &[u8], more: impl Fn(&mut Encoder<'_, &mut Vec<u8>>)) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 200, 220);
    encoder.set_color(color);
    encoder.set_depth(depth);
    more(&mut encoder);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(samples).unwrap();
    writer.finish().unwrap();
    file
}

#[test]
fn prints_are_written_and_read_again() {
    let print = print();
    for (format, resolution) in [(PrintFormat::Png, Some(500)), (PrintFormat::Pgm, None)] {
        let back = read(&write(&print, format).unwrap()).unwrap();
        assert_eq!((&back.image, back.resolution), (&print, resolution), "{format:?}");
    }
    let back = read(&write(&print, PrintFormat::Wsq).unwrap()).unwrap();
    assert_eq!((back.image.width(), back.image.height(), back.resolution), (200, 220, Some(500)));
    let of = PrintFormat::of_extension;
    assert_eq!(
        (of("WSQ"), of("png"), of("pgm"), of("jpg")),
        (Some(PrintFormat::Wsq), Some(PrintFormat::Png), Some(PrintFormat::Pgm), None)
    );
}

#[test]
fn grey_as_colour_is_read_and_colour_refused() {
    let print = print();
    let mut samples: Vec<u8> = print.samples().iter().flat_map(|sample| [*sample; 3]).collect();
    let file = png_of(ColorType::Rgb, BitDepth::Eight, &samples, |_| ());
    assert_eq!(read(&file).unwrap().image, print);
    samples[3 * (200 * 7 + 11) + 1] ^= 1;
    let file = png_of(ColorType::Rgb, BitDepth::Eight, &samples, |_| ());
    assert_eq!(told(&file), "a colour image: at row 7, column 11 red, green and blue differ; scan in 8-bit grey");
}

#[test]
fn samples_of_other_kinds_are_refused() {
    let deep = png_of(ColorType::Grayscale, BitDepth::Sixteen, &vec![9; 2 * 200 * 220], |_| ());
    assert!(told(&deep).starts_with("16 bits a sample:"));
    let alpha = png_of(ColorType::GrayscaleAlpha, BitDepth::Eight, &vec![9; 2 * 200 * 220], |_| ());
    assert!(told(&alpha).starts_with("GreyAlpha:"));
    let palette = png_of(ColorType::Indexed, BitDepth::Eight, &vec![0; 200 * 220], |encoder| {
        encoder.set_palette(vec![0, 0, 0, 255, 255, 255]);
    });
    assert!(told(&palette).starts_with("Palette:"));
    let animated = png_of(ColorType::Grayscale, BitDepth::Eight, &vec![200; 200 * 220], |encoder| {
        encoder.set_animated(1, 0).unwrap();
    });
    assert!(told(&animated).starts_with("an animated PNG"));
    let mut jpeg = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 80);
    encoder.encode(&vec![200; 200 * 220], 200, 220, jpeg_encoder::ColorType::Luma).unwrap();
    assert_eq!(told(&jpeg), "a print is WSQ, PNG, PGM or JPEG 2000, and this is JPEG; export it as PNG in 8-bit grey");
}

#[test]
fn jpeg_2000_is_read_and_its_damage_told() {
    let table: toml::Table = include_str!("../../../../test-vectors/biometrics/print_jpeg2000.toml").parse().unwrap();
    let case = &table["case"][0];
    let number = |value: &toml::Value| u32::try_from(value.as_integer().unwrap()).unwrap();
    let shade = |place: usize| u8::try_from(number(&case["shades"][place])).unwrap();
    let (width, height) = (number(&case["width"]), number(&case["height"]));
    let row = (0..width).map(|column| shade(usize::from(column >= width / 2))).collect::<Vec<u8>>();
    let file = hex::decode(case["code_stream"].as_str().unwrap()).unwrap();
    let print = read(&file).unwrap();
    let expected = Grey::new(width, height, row.repeat(height as usize)).unwrap();
    assert_eq!((print.image, print.format, print.resolution), (expected, ImageFormat::J2k, None));
    let mut damaged = file.clone();
    // the number of decompositions: more than there are steps for
    let levels = damaged.windows(4).position(|octets| octets == [0xFF, 0x52, 0, 12]).unwrap() + 9;
    damaged[levels] = 9;
    let error = told(&damaged);
    assert!(error.contains("does not decode") && error.contains("; take the file"), "{error}");
    // 96 x 9600 pixels out of as few octets
    let mut hollow = file;
    for place in [12, 28] {
        hollow[place..place + 4].copy_from_slice(&9_600_u32.to_be_bytes());
    }
    assert!(told(&hollow).starts_with("96 x 9600 pixels out of "), "{}", told(&hollow));
}

#[test]
fn another_resolution_is_refused_unless_the_caller_knows_better() {
    let stated = |xppu, yppu| {
        png_of(ColorType::Grayscale, BitDepth::Eight, print().samples(), |encoder| {
            encoder.set_pixel_dims(Some(PixelDimensions { xppu, yppu, unit: Unit::Meter }));
        })
    };
    let file = stated(39_370, 39_370);
    assert_eq!(told(&file), "the file states 1000 pixels an inch, a print has 500; scan at 500");
    assert_eq!(read_any_resolution(&file).unwrap().resolution, Some(1000));
    assert!(told(&stated(19_685, 11_811)).starts_with("the file states 300 pixels"));
    // scanners round
    assert_eq!(read(&stated(19_724, 19_646)).unwrap().resolution, Some(501));
    let wsq = wsq::encode(&print(), 300, 0.75).unwrap();
    assert!(told(&wsq).starts_with("the file states 300 pixels"));
}

#[test]
fn an_inverted_print_is_refused() {
    let inverse: Vec<u8> = print().samples().iter().map(|sample| 255 - sample).collect();
    let inverse = Grey::new(200, 220, inverse).unwrap();
    for format in [PrintFormat::Png, PrintFormat::Pgm, PrintFormat::Wsq] {
        assert!(told(&write(&inverse, format).unwrap()).starts_with("the ground is dark"), "{format:?}");
    }
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    let tiny = Grey::new(8, 8, vec![200; 64]).unwrap();
    for format in [PrintFormat::Png, PrintFormat::Pgm] {
        assert!(told(&write(&tiny, format).unwrap()).starts_with("8 x 8 pixels hold no print"), "{format:?}");
    }
    // a header of 100 million pixels over nothing
    assert!(told(b"P5\n10000 10000\n255\n0000").contains("truncated"));
    let mut huge = write(&print(), PrintFormat::Png).unwrap();
    huge[16..24].copy_from_slice(&[0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10]);
    let check = crc32(&huge[12..29]);
    huge[29..33].copy_from_slice(&check.to_be_bytes());
    assert!(told(&huge).starts_with("10000 x 10000 pixels out of "), "{}", told(&huge));
    // a size that the samples do not have
    let mut pgm = write(&print(), PrintFormat::Pgm).unwrap();
    pgm.truncate(pgm.len() - 1);
    assert!(told(&pgm).contains("truncated"));
    pgm.extend([0, 0]);
    assert!(told(&pgm).contains("1 octets behind its end"));
    let mut taller = write(&print(), PrintFormat::Png).unwrap();
    taller[23] += 1;
    let check = crc32(&taller[12..29]);
    taller[29..33].copy_from_slice(&check.to_be_bytes());
    assert!(told(&taller).starts_with("PNG is damaged"), "{}", told(&taller));
    assert!(told(b"no image at all").starts_with("unknown image format"));
}

/// 15948 D: polynomial EDB88320, inverted before and after.
fn crc32(octets: &[u8]) -> u32 {
    !octets.iter().fold(u32::MAX, |crc, octet| {
        (0..8).fold(crc ^ u32::from(*octet), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 })
    })
}
