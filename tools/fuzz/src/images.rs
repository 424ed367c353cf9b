//! Image headers. Nothing here decodes pixels; what counts is that a header of lies says no more than its octets hold.

use bitaqa_biometrics::portrait::Source;
use bitaqa_lds::face::{Face, Gender, check_portrait};
use bitaqa_lds::fingers::{Finger, FingerPosition};
use bitaqa_lds::image::{ImageFormat, ImageHeader, grey_samples, pgm};

/// JPEG, JPEG 2000, PNG, WSQ and PGM.
pub fn header(input: &[u8]) {
    let header = ImageHeader::read(input);
    if let Ok(header) = &header {
        assert!(header.width > 0 && header.height > 0, "an image without pixels: {header:?}");
        assert!(header.bits > 0, "{header:?}");
    }
    if let Ok(samples) = grey_samples(input) {
        assert!(header.is_ok_and(|header| header.format == ImageFormat::Pgm), "samples of something else");
        assert!(samples.len() < input.len());
    }
}

/// A portrait on its way into DG2: what passes the check becomes a record.
pub fn portrait(input: &[u8]) {
    let accepted = check_portrait(input).is_ok();
    let face = Face::new(input, Gender::Unspecified);
    assert!(accepted || face.is_err(), "a record of a portrait that the check refuses");
    if let Ok(face) = face {
        assert_eq!(&*face.image, input);
    }
}

/// A portrait decoded as an enrolment station's: pixels are as many as announced, and no more than the octets allow.
pub fn decoded_portrait(input: &[u8]) {
    if let Ok(source) = Source::read(input) {
        let (width, height) = (u64::from(source.header.width), u64::from(source.header.height));
        assert_eq!(
            source.pixels.samples().len() as u64,
            width * height * 3,
            "pixels that the header has not announced"
        );
        assert!(width * height <= 1000 * input.len() as u64, "a few octets became {width} x {height} pixels");
    }
}

/// A print or minutiae on their way into DG3.
pub fn print(input: &[u8]) {
    let position = FingerPosition::RightIndex;
    if let Ok(finger) = Finger::from_image(position, input) {
        assert_eq!(finger.position, position);
    }
    let _ = Finger::from_minutiae(position, input);
    if let [width, height, samples @ ..] = input {
        let (width, height) = (u16::from(*width), u16::from(*height));
        if let Ok(file) = pgm(width, height, samples) {
            assert_eq!(grey_samples(&file), Ok(samples));
        }
    }
}
