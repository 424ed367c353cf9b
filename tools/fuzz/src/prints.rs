//! Files with a print, whose samples are decoded.

use bitaqa_biometrics::print_file::{self, PrintFormat};
use bitaqa_biometrics::raster::Grey;
use bitaqa_biometrics::wsq;

/// WSQ: what is decoded is as large as its header says, the same twice, and can be coded and decoded again.
pub fn wsq(input: &[u8]) {
    let Ok(decoded) = wsq::decode(input) else { return };
    let sides = |image: &Grey| (image.width(), image.height());
    let pixels = u64::from(decoded.image.width()) * u64::from(decoded.image.height());
    assert!(pixels <= wsq::PIXELS_PER_OCTET_MAX * input.len() as u64, "{pixels} pixels of {} octets", input.len());
    assert_eq!(wsq::decode(input).ok().as_ref(), Some(&decoded), "two readings differ");
    match wsq::encode(&decoded.image, 500, wsq::BIT_RATE).map(|file| wsq::decode(&file)) {
        Ok(Ok(again)) => assert_eq!(sides(&again.image), sides(&decoded.image)),
        // an image with hardly anything on it is not written, so that none is read
        Err(wsq::WsqError::TooLarge { .. }) => {}
        other => panic!("a decoded print is not coded and decoded again: {other:?}"),
    }
}

/// Any print file: what is read comes back sample for sample through the formats that lose nothing.
pub fn print_file(input: &[u8]) {
    let Ok(print) = print_file::read_any_resolution(input) else { return };
    for format in [PrintFormat::Pgm, PrintFormat::Png] {
        let again = print_file::write(&print.image, format).and_then(|file| print_file::read(&file));
        assert_eq!(again.ok().map(|again| again.image), Some(print.image.clone()), "{format:?}");
    }
}

/// Small prints in every format.
pub fn seeds() -> Vec<Vec<u8>> {
    let shade = |x: u32, y: u32| if ((x * x + y * y) / 900).is_multiple_of(2) { 70 } else { 230 };
    let samples = (0..98).flat_map(|y| (0..101).map(move |x| shade(x, y))).collect();
    let blank = Grey::new(96, 96, vec![230; 96 * 96]);
    let prints = [Grey::new(101, 98, samples), blank];
    let formats = [PrintFormat::Wsq, PrintFormat::Png, PrintFormat::Pgm];
    let files = prints.iter().flatten().flat_map(|print| formats.map(|format| print_file::write(print, format)));
    files.filter_map(Result::ok).collect()
}
