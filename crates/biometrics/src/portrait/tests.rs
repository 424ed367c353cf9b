//! Portraits: drawn ones, and what must be refused.

use bitaqa_lds::image::{ImageError, ImageFormat, ImageHeader};
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;

use super::*;
use crate::synthetic::{Photo, Sitter, photo};

const OCTETS: usize = 15_000;

fn drawn() -> &'static Photo {
    static DRAWN: std::sync::LazyLock<Photo> =
        std::sync::LazyLock::new(|| photo(&mut ChaCha20Rng::seed_from_u64(7), Sitter::Woman).unwrap());
    &DRAWN
}

/// A small picture that every coding takes.
fn small(width: u32, height: u32) -> Rgb {
    let pixel =
        |x: u32, y: u32| [x * 255 / width, y * 255 / height, (x ^ y) & 0x7F].map(|value| u8::try_from(value).unwrap());
    let samples = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect();
    Rgb::new(width, height, samples).unwrap()
}

fn jpeg(pixels: &Rgb, colour: jpeg_encoder::ColorType, samples: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let (width, height) = (pixels.width().try_into().unwrap(), pixels.height().try_into().unwrap());
    jpeg_encoder::Encoder::new(&mut file, 90).encode(samples, width, height, colour).unwrap();
    file
}

fn small_jpeg() -> Vec<u8> {
    let pixels = small(96, 120);
    jpeg(&pixels, jpeg_encoder::ColorType::Rgb, pixels.samples())
}

fn small_jp2() -> Vec<u8> {
    encode(&small(96, 120), Coding::Jpeg2000, 12_000).unwrap().octets.to_vec()
}

fn png(pixels: &Rgb, colour: png::ColorType, samples: &[u8], frames: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, pixels.width(), pixels.height());
    encoder.set_color(colour);
    if frames > 1 {
        encoder.set_animated(frames, 0).unwrap();
    }
    let mut writer = encoder.write_header().unwrap();
    for _ in 0..frames {
        writer.write_image_data(samples).unwrap();
    }
    writer.finish().unwrap();
    file
}

fn refused(octets: &[u8]) -> PortraitError {
    Source::read(octets).err().expect("it was taken")
}

#[test]
fn one_picture_reads_the_same_out_of_every_container() {
    let pixels = small(96, 120);
    let lossless = Source::read(&png(&pixels, png::ColorType::Rgb, pixels.samples(), 1)).unwrap();
    assert!(lossless.pixels == pixels && lossless.facts.compression == Compression::Lossless);
    for (file, at_least) in [(small_jpeg(), 28.0), (small_jp2(), 34.0)] {
        let source = Source::read(&file).unwrap();
        let psnr = luma_psnr_db(&source.pixels, &pixels).unwrap();
        assert!(psnr > at_least && source.octets == file.len(), "{psnr}");
    }
    // grey becomes three equal samples
    let grey = png(&pixels, png::ColorType::Grayscale, &pixels.samples()[..96 * 120], 1);
    let grey = Source::read(&grey).unwrap();
    assert!(grey.pixels.samples().chunks(3).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]));
}

#[test]
fn a_header_of_a_hundred_megapixels_is_refused_before_anything_is_decoded() {
    let mut file = small_jpeg();
    let frame = file.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    file[frame + 5..frame + 9].copy_from_slice(&[0x27, 0x10, 0x27, 0x10]);
    let format = ImageFormat::Jpeg;
    assert_eq!(refused(&file), PortraitError::TooManyPixels { format, width: 10_000, height: 10_000 });
    // fewer, and still more than these octets can have seen
    file[frame + 5..frame + 9].copy_from_slice(&[0x0F, 0xA0, 0x0F, 0xA0]);
    let octets = file.len();
    assert_eq!(refused(&file), PortraitError::Hollow { format, width: 4000, height: 4000, octets });
}

#[test]
fn a_size_that_the_data_do_not_fill_is_refused() {
    let mut tall = small_jpeg();
    let frame = tall.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    tall[frame + 5..frame + 7].copy_from_slice(&[0x01, 0x40]);
    assert!(matches!(refused(&tall), PortraitError::Decode { format: ImageFormat::Jpeg, .. }));
    // header box and code stream contradict each other
    let mut jp2 = small_jp2();
    let header = jp2.windows(4).position(|word| word == b"ihdr").unwrap();
    jp2[header + 7] += 1;
    assert!(matches!(refused(&jp2), PortraitError::Container(ImageError::Damaged { .. })));
}

#[test]
fn what_is_cut_off_is_refused() {
    let pixels = small(96, 120);
    for whole in [small_jpeg(), small_jp2(), png(&pixels, png::ColorType::Rgb, pixels.samples(), 1)] {
        for part in [1, 2, 20, whole.len() / 2, whole.len() - 1] {
            assert!(Source::read(&whole[..part]).is_err(), "{part} of {}", whole.len());
        }
    }
    // A header that announces fewer rows than there are is a lie too.
    let mut short = small_jpeg();
    let frame = short.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    short[frame + 5..frame + 7].copy_from_slice(&[0, 64]);
    assert!(refused(&short).to_string().contains("more pixels than its header announces"));
    // Entropy-coded data that end early, with the marker of the end in its place.
    let file = small_jpeg();
    let early = [&file[..file.len() * 3 / 4], &[0xFF, 0xD9]].concat();
    assert!(matches!(refused(&early), PortraitError::Decode { format: ImageFormat::Jpeg, .. }));
}

#[test]
fn moving_pictures_printers_colours_and_transparency_are_refused() {
    let pixels = small(96, 120);
    let four: Vec<u8> = pixels.samples().chunks(3).flat_map(|p| [p[0], p[1], p[2], 9]).collect();
    let kind = |octets: &[u8]| match refused(octets) {
        PortraitError::Kind { what, .. } => what,
        other => panic!("{other}"),
    };
    let moving = png(&pixels, png::ColorType::Rgb, pixels.samples(), 2);
    assert_eq!(kind(&moving), "an animation (APNG)");
    assert_eq!(kind(&jpeg(&pixels, jpeg_encoder::ColorType::Cmyk, &four)), "four colours of a printing press (CMYK)");
    assert_eq!(kind(&png(&pixels, png::ColorType::Rgba, &four, 1)), "transparency");
    assert!(refused(b"GIF89a..............").to_string().contains("GIF"));
    assert!(refused(b"RIFF\0\0\0\0WEBPVP8 ").to_string().contains("WebP"));
    let tiny = small(8, 8);
    let tiny = png(&tiny, png::ColorType::Rgb, tiny.samples(), 1);
    assert_eq!(refused(&tiny), PortraitError::TooSmall { width: 8, height: 8 });
    assert!(!refused(&tiny).remedy().is_empty());
}

#[test]
fn a_picture_that_exif_would_turn_is_refused_and_other_metadata_are_named() {
    let file = small_jpeg();
    let with = |orientation: u8| {
        let tiff =
            [b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(), &[orientation, 0, 0, 0, 0, 0, 0]]
                .concat();
        let length = u16::try_from(tiff.len() + 2).unwrap().to_be_bytes();
        [&file[..2], &[0xFF, 0xE1], &length, &tiff, &file[2..]].concat()
    };
    assert!(matches!(refused(&with(6)), PortraitError::Kind { what, .. } if what.contains("turn the pixels")));
    assert_eq!(Source::read(&with(1)).unwrap().facts.metadata, ["Exif"]);
}

#[test]
fn boxes_beside_the_picture_are_named() {
    let file = small_jp2();
    assert_eq!(Source::read(&file).unwrap().facts.metadata, [""; 0]);
    let with = |kind: &[u8; 4]| [file.as_slice(), &[0, 0, 0, 12], kind, b"<x/>"].concat();
    for (kind, named) in [(b"xml ", "XML"), (b"uuid", "UUID"), (b"what", "another box")] {
        assert_eq!(Source::read(&with(kind)).unwrap().facts.metadata, [named]);
    }
}

#[test]
fn a_portrait_for_a_chip_fills_its_octets_with_nothing_but_the_picture() {
    let photo = drawn();
    let cut = cut(&photo.pixels, Some(photo.eyes), Geometry::CARD).unwrap();
    let made = encode(&cut.pixels, Coding::Jpeg2000, OCTETS).unwrap();
    assert!((OCTETS - OCTETS / 20..=OCTETS).contains(&made.octets.len()), "{}", made.octets.len());
    assert!(made.luma_psnr_db > 40.0 && made.passes <= 4, "{} {}", made.luma_psnr_db, made.passes);
    let again = encode(&cut.pixels, Coding::Jpeg2000, OCTETS).unwrap();
    assert!(again.octets == made.octets, "another file of the same picture");
    let source = Source::read(&made.octets).unwrap();
    assert_eq!((source.pixels.width(), source.pixels.height()), (413, 531));
    assert!(source.facts.metadata.is_empty());
    assert!(matches!(source.facts.compression, Compression::Jpeg2000 { reversible: false, levels: 5, layers: 1 }));
    // neither the encoder's comment nor its name
    let start = made.octets.windows(2).position(|pair| pair == [0xFF, 0x90]).unwrap();
    assert!(!made.octets[..start].windows(2).any(|pair| pair == [0xFF, 0x64]));
    // DG2 takes it as it is
    assert!(bitaqa_lds::face::check_portrait(&made.octets).is_ok());
    // and nothing makes a second portrait of it
    assert!(matches!(source.refuse_second_loss(1.0), Err(PortraitError::SecondLoss { .. })));
}

#[test]
fn jpeg_is_the_fallback() {
    let photo = drawn();
    let made = chip_portrait(&photo.png().unwrap(), Some(photo.eyes), Geometry::CARD, Coding::Jpeg, OCTETS).unwrap();
    assert!((OCTETS * 9 / 10..=OCTETS).contains(&made.octets.len()), "{}", made.octets.len());
    let header = ImageHeader::read(&made.octets).unwrap();
    assert!(header.jpeg.unwrap().sequential && header.jpeg.unwrap().jfif);
    assert!(bitaqa_lds::face::check_portrait(&made.octets).is_ok());
}

#[test]
fn too_few_octets_are_said_and_not_filled_with_mud() {
    // Nothing of noise can be left out.
    let mut state = 1u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let noise = Rgb::new(96, 120, (0..96 * 120 * 3).map(|_| noise()).collect()).unwrap();
    for coding in [Coding::Jpeg2000, Coding::Jpeg] {
        let error = encode(&noise, coding, 300).err().unwrap();
        assert!(matches!(error, PortraitError::TooFewOctets { octets_max: 300, psnr_db } if psnr_db < 34.0), "{error}");
    }
}

#[test]
fn the_frame_puts_the_eyes_where_the_standard_wants_them() {
    let photo = drawn();
    let made = cut(&photo.pixels, Some(photo.eyes), Geometry::CARD).unwrap();
    let eyes = made.eyes.unwrap();
    let middle = eyes.middle();
    assert!((middle.x - 206.5).abs() < 0.5 && eyes.slope().abs() < 0.01, "{middle:?}");
    assert!((0.39..0.50).contains(&(middle.y / 531.0)) && (90.0..133.0).contains(&eyes.distance()));
    // A head that leans by 5 degrees is put upright.
    let leaning = Eyes { right: Point { x: 240.0, y: 330.0 }, left: Point { x: 380.0, y: 342.2 } };
    let made = cut(&photo.pixels, Some(leaning), Geometry::CARD).unwrap();
    assert!(made.eyes.unwrap().slope().abs() < 1e-9);
}

#[test]
fn no_pixels_are_invented() {
    let photo = drawn();
    let eyes = |x: f64, y: f64, distance: f64| Eyes { right: Point { x, y }, left: Point { x: x + distance, y } };
    let error = |eyes| cut(&photo.pixels, eyes, Geometry::CARD).err().unwrap();
    assert!(matches!(error(Some(eyes(230.0, 378.0, 60.0))), PortraitError::Upscale { wanted_width: 413, .. }));
    assert_eq!(error(Some(eyes(20.0, 378.0, 155.0))), PortraitError::NoRoom);
    assert!(matches!(error(Some(eyes(600.0, 378.0, 155.0))), PortraitError::Eyes(_)));
    let square = small(600, 600);
    assert!(matches!(cut(&square, None, Geometry::CARD), Err(PortraitError::Shape { width: 600, .. })));
    // what has the card's size already is not touched
    let card = small(413, 531);
    assert!(cut(&card, None, Geometry::CARD).unwrap().pixels == card);
}

#[test]
fn eyes_that_cannot_be_are_refused() {
    let eyes = |a: f64, b: f64, c: f64, d: f64| Eyes::new(Point { x: a, y: b }, Point { x: c, y: d });
    assert!(eyes(100.0, 100.0, 200.0, 104.0).is_ok());
    for (a, b, c, d) in [
        (200.0, 1.0, 100.0, 1.0),
        (1.0, 1.0, 10.0, 1.0),
        (f64::NAN, 1.0, 90.0, 1.0),
        (-1.0, 1.0, 90.0, 1.0),
        (1.0, 1.0, 60.0, 90.0),
    ] {
        assert!(matches!(eyes(a, b, c, d), Err(PortraitError::Eyes(_))));
    }
}

/// Verdict of one check.
fn verdict(report: &Report, name: &str) -> Verdict {
    report.checks.iter().find(|check| check.name == name).unwrap_or_else(|| panic!("no check {name}")).verdict
}

#[test]
fn a_drawn_photograph_passes_what_is_checked_and_the_rest_is_not_assessed() {
    let photo = drawn();
    let source = Source::read(&photo.png().unwrap()).unwrap();
    let finder = FaceFinder::new().unwrap();
    let report = check(&source, None, Some(&finder), Geometry::CARD);
    let failed: Vec<&Check> = report.checks.iter().filter(|check| check.verdict == Verdict::Fail).collect();
    assert!(failed.is_empty(), "{failed:?}");
    for name in ["container", "faces", "eye distance", "roll", "frame", "exposure", "background", "natural colour"] {
        assert_eq!(verdict(&report, name), Verdict::Ok, "{name}");
    }
    for name in ["expression", "eyes open", "glasses", "head cover", "head size"] {
        assert_eq!(verdict(&report, name), Verdict::NotAssessed, "{name}");
    }
    // found within a twentieth of their distance
    let (found, drawn) = (report.eyes.unwrap(), photo.eyes);
    let near = |a: Point, b: Point| (a.x - b.x).abs().max((a.y - b.y).abs()) < drawn.distance() / 20.0;
    assert!(near(found.right, drawn.right) && near(found.left, drawn.left), "{found:?} {drawn:?}");
    let picture = annotate(&source, &report, Geometry::CARD).unwrap();
    let picture = Source::read(&picture).unwrap().pixels;
    assert!(picture.width() == 620 && picture.height() > 797 && picture.row(400) != source.pixels.row(400));
}

#[test]
fn what_is_wrong_is_seen() {
    let photo = drawn();
    let changed = |change: &dyn Fn(usize, u8) -> u8| {
        let samples = photo.pixels.samples().iter().enumerate().map(|(at, sample)| change(at, *sample)).collect();
        let pixels = Rgb::new(photo.pixels.width(), photo.pixels.height(), samples).unwrap();
        let source = Source::read(&png(&pixels, png::ColorType::Rgb, pixels.samples(), 1)).unwrap();
        check(&source, Some(photo.eyes), None, Geometry::CARD)
    };
    let column = |at: usize| at / 3 % 620;
    let as_it_is = changed(&|_, sample| sample);
    assert_eq!((verdict(&as_it_is, "even light"), verdict(&as_it_is, "faces")), (Verdict::Ok, Verdict::NotAssessed));
    assert_eq!(verdict(&changed(&|_, sample| sample / 5), "exposure"), Verdict::Fail);
    assert_eq!(verdict(&changed(&|_, sample| sample.saturating_add(130)), "overexposed"), Verdict::Fail);
    let half = changed(&|at, sample| if column(at) < 310 { sample / 2 } else { sample });
    assert_eq!((verdict(&half, "even light"), verdict(&half, "background shadow")), (Verdict::Fail, Verdict::Fail));
    let striped = changed(&|at, sample| if column(at) < 40 && at / 30 % 2 == 0 { sample / 4 } else { sample });
    assert_eq!(verdict(&striped, "background"), Verdict::Fail);
    let blue = changed(&|at, sample| if at % 3 == 2 { 255 } else { sample / 2 });
    assert_eq!(verdict(&blue, "natural colour"), Verdict::Warn);
    let flat = changed(&|_, _| 128);
    assert_eq!((verdict(&flat, "sharpness"), verdict(&flat, "contrast")), (Verdict::Fail, Verdict::Fail));
}
