//! Prints that come as bare samples (PNG, PGM) are coded as WSQ where the profile puts WSQ first. What comes coded
//! stays as it is: a print is compressed with loss once and never again.

use bitaqa_apdu::Bytes;
use bitaqa_biometrics::print_file::{self, PrintError, RESOLUTION};
use bitaqa_biometrics::wsq::Encoder;
use bitaqa_lds::image::ImageFormat;
use bitaqa_profile::{Biometrics, FingerFormat, FingerImageFormat};

/// Most octets of one print in a chip (TR-03121-3.2, COM-FP-WSQR), where the profile does not say less.
const CODED_BYTES_MAX: usize = 18 * 1024;

/// WSQ of raw samples; nothing when the file is no such print, or the profile wants prints as they come.
pub(super) fn coded(octets: &[u8], limits: &Biometrics) -> Option<Result<Bytes, PrintError>> {
    let images = matches!(limits.finger_format, FingerFormat::Iso19794Part4 | FingerFormat::Iso39794Part4);
    let wanted = images && limits.finger_image_formats.first() == Some(&FingerImageFormat::Wsq);
    let raw = [b"\x89PNG".as_slice(), b"P5"].iter().any(|magic| octets.starts_with(magic));
    (wanted && raw).then(|| {
        let print = print_file::read(octets)?;
        debug_assert!(matches!(print.format, ImageFormat::Png | ImageFormat::Pgm), "only bare samples are coded");
        let encoder = Encoder::new(&print.image, RESOLUTION)?;
        Ok(Bytes::from(encoder.encode_within(limits.print_bytes_max.min(CODED_BYTES_MAX))?))
    })
}
