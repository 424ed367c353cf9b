//! Finger image record of one finger and one view, ISO/IEC 19794-4:2005.
//!
//! ```text
//! header  32   FIR\0 010\0, u48 length, u16 device, u16 acquisition level, fingers 1, scale 1 (ppi) or 2 (ppcm),
//!              u16 scan x, y, u16 image x, y, depth 8, compression, u16 0
//! view    14   u32 length with the image, position, views 1, view 1, quality, impression, u16 width, u16 height, 0
//! image        samples, WSQ, JPEG 2000 or PNG
//! ```
//! Compression, width, height and depth are taken from the image.

use bitaqa_apdu::Bytes;

use super::FingerPosition;
use crate::biometrics::Fields;
use crate::error::LdsError;
use crate::image::{self, Colour, ImageError, ImageFormat, ImageHeader};

const RECORD: &str = "FIR";
const HEADER_OCTETS: usize = 32;
const VIEW_OCTETS: usize = 14;

/// Compression codes.
const RAW: u8 = 0;
const WSQ: u8 = 2;
const JPEG_2000: u8 = 4;
const PNG: u8 = 5;

/// How the finger touched the sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Impression {
    /// 0
    LivePlain = 0,
    /// 1
    LiveRolled = 1,
    /// 2: from ink or another carrier.
    NonlivePlain = 2,
    /// 3
    NonliveRolled = 3,
    /// 8: drawn over a strip sensor.
    Swipe = 8,
}

/// A print as an image. Plain data: the image file and what it cannot say itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FingerImage {
    /// WSQ, PNG, JPEG 2000 or PGM file. A PGM goes into the record as bare samples and comes back with a fresh header.
    pub image: Bytes,
    /// Kind of impression.
    pub impression: Impression,
    /// 0 to 100, 100 the best; 254 not determined.
    pub quality: u8,
    /// Pixels per inch of sensor and image: 500 or 1000.
    pub ppi: u16,
    /// Vendor's number of the sensor, 12 bits.
    pub device: u16,
}

impl FingerImage {
    /// A live plain impression at 500 ppi of undetermined quality.
    ///
    /// # Errors
    /// [`LdsError::Image`] for an image that is damaged or not grey in 8 bits, or of a format that 19794-4 lacks.
    pub fn new(image: impl Into<Bytes>) -> Result<Self, LdsError> {
        let image = image.into();
        check_print(&image)?;
        Ok(Self { image, impression: Impression::LivePlain, quality: 254, ppi: 500, device: 0 })
    }

    /// The record.
    pub(super) fn encode(&self, position: FingerPosition) -> Result<Bytes, LdsError> {
        let header = check_print(&self.image)?;
        let (compression, data) = match header.format {
            ImageFormat::Wsq => (WSQ, &*self.image),
            ImageFormat::Png => (PNG, &*self.image),
            ImageFormat::Pgm => (RAW, image::grey_samples(&self.image)?),
            _ => (JPEG_2000, &*self.image),
        };
        let side = |pixels| u16::try_from(pixels).map_err(|_| field("width or height", "is above 65535"));
        let block = u32::try_from(VIEW_OCTETS + data.len()).map_err(|_| field("block length", "is too large"))?;
        let length = u64::from(block) + 32;
        let level = acquisition_level(self.ppi)?;
        check_quality(self.quality)?;
        if self.device > 0x0FFF {
            return Err(field("capture device", "has more than 12 bits"));
        }

        let mut out = Vec::with_capacity(HEADER_OCTETS + VIEW_OCTETS + data.len());
        out.extend_from_slice(b"FIR\x00010\0");
        out.extend(length.to_be_bytes().iter().skip(2));
        for number in [self.device, level] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(&[1, 1]);
        out.extend_from_slice(self.ppi.to_be_bytes().repeat(4).as_slice());
        out.extend_from_slice(&[header.bits, compression, 0, 0]);
        out.extend_from_slice(&block.to_be_bytes());
        out.extend_from_slice(&[position.code(), 1, 1, self.quality, self.impression as u8]);
        out.extend_from_slice(&side(header.width)?.to_be_bytes());
        out.extend_from_slice(&side(header.height)?.to_be_bytes());
        out.push(0);
        out.extend_from_slice(data);
        Ok(out.into())
    }

    /// Reads a record, which must be of this finger.
    pub(super) fn decode(octets: &[u8], position: FingerPosition) -> Result<Self, LdsError> {
        let mut fields = Fields::new(octets, RECORD);
        fields.fixed(b"FIR\0", "format identifier", "is not FIR")?;
        fields.fixed(b"010\0", "version", "is not 010")?;
        let [high, low @ ..] = fields.array::<6>("length")?.map(u64::from);
        let length = low.into_iter().fold(high, |sum, octet| sum << 8 | octet);
        if usize::try_from(length) != Ok(octets.len()) {
            return Err(field("length", "is not that of the record"));
        }
        let device = fields.u16("capture device")?;
        let level = fields.u16("acquisition level")?;
        fields.fixed(&[1], "number of fingers", "is not 1: each finger has its own instance")?;
        fields.fixed(&[1], "scale units", "is not pixels per inch")?;
        let ppi = fields.u16("scan resolution")?;
        let others = fields.take(6, "scan and image resolution")?;
        if others.chunks(2).any(|other| other != ppi.to_be_bytes()) {
            return Err(field("scan and image resolution", "differ"));
        }
        if level != acquisition_level(ppi)? {
            return Err(field("acquisition level", "does not go with the resolution"));
        }
        fields.fixed(&[8], "depth", "is not 8 bits")?;
        let compression = fields.u8("compression")?;
        fields.fixed(&[0, 0], "reserved", "is not zero")?;
        let print = view(fields, position, compression)?;
        if device > 0x0FFF {
            return Err(field("capture device", "has more than 12 bits"));
        }
        Ok(Self { ppi, device, ..print })
    }
}

/// View header and image; the fields of the record header are filled in by the caller.
fn view(mut fields: Fields<'_>, position: FingerPosition, compression: u8) -> Result<FingerImage, LdsError> {
    let left = fields.left();
    if usize::try_from(fields.u32("block length")?) != Ok(left) {
        return Err(field("block length", "is not that of the view"));
    }
    fields.fixed(&[position.code()], "finger position", "is not that of the header template")?;
    fields.fixed(&[1], "number of views", "is not 1")?;
    fields.fixed(&[1], "view number", "is not 1")?;
    let quality = fields.u8("quality")?;
    check_quality(quality)?;
    let impression = match fields.u8("impression")? {
        0 => Impression::LivePlain,
        1 => Impression::LiveRolled,
        2 => Impression::NonlivePlain,
        3 => Impression::NonliveRolled,
        8 => Impression::Swipe,
        _ => return Err(field("impression", "is a reserved value")),
    };
    let (width, height) = (fields.u16("width")?, fields.u16("height")?);
    fields.fixed(&[0], "reserved", "is not zero")?;
    let data = fields.rest();
    let image: Bytes = if compression == RAW { image::pgm(width, height, data)?.into() } else { data.into() };
    let header = check_print(&image)?;
    let expected = match header.format {
        ImageFormat::Wsq => WSQ,
        ImageFormat::Png => PNG,
        ImageFormat::Pgm => RAW,
        _ => JPEG_2000,
    };
    if compression != expected {
        return Err(field("compression", "is not that of the image"));
    }
    if (header.width, header.height) != (u32::from(width), u32::from(height)) {
        return Err(field("width or height", "is not that of the image"));
    }
    Ok(FingerImage { image, impression, quality, ppi: 0, device: 0 })
}

/// The header of an image that a DG3 takes.
fn check_print(image: &[u8]) -> Result<ImageHeader, ImageError> {
    let header = ImageHeader::read(image)?;
    let unsupported = |what| Err(ImageError::Unsupported { format: header.format, what });
    if header.format == ImageFormat::Jpeg {
        return unsupported("a print is WSQ, PNG, JPEG 2000 or PGM; JPEG blocks spoil its ridges");
    }
    if header.colour != Colour::Grey || header.bits != 8 {
        return unsupported("a print is one grey component of 8 bits; convert the image");
    }
    if header.width > u32::from(u16::MAX) || header.height > u32::from(u16::MAX) {
        return unsupported("more than 65535 pixels in one direction");
    }
    Ok(header)
}

/// Image acquisition settings level: 8 bits deep at 500 or at 1000 ppi.
fn acquisition_level(ppi: u16) -> Result<u16, LdsError> {
    match ppi {
        500 => Ok(31),
        1000 => Ok(41),
        _ => Err(field("scan resolution", "is neither 500 nor 1000 ppi")),
    }
}

fn check_quality(quality: u8) -> Result<(), LdsError> {
    if matches!(quality, 0..=100 | 254) { Ok(()) } else { Err(field("quality", "is neither 0 to 100 nor 254")) }
}

const fn field(field: &'static str, why: &'static str) -> LdsError {
    LdsError::Record { record: RECORD, field, why }
}
