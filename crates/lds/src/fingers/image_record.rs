//! Finger image record of one finger and one view, ISO/IEC 19794-4:2005, and the block of ISO/IEC 39794-4 in its place.
//!
//! ```text
//! header  32   FIR\0 010\0, u48 length, u16 device, u16 acquisition level, fingers 1, scale 1 (ppi) or 2 (ppcm),
//!              u16 scan x, y, u16 image x, y, depth 8, compression, u16 0
//! view    14   u32 length with the image, position, views 1, view 1, quality, impression, u16 width, u16 height, 0
//! image        samples, WSQ, JPEG 2000 or PNG
//! ```
//! Compression, width, height and depth are taken from the image.

use bitaqa_apdu::Bytes;

use super::{FingerNote, FingerPosition};
use crate::biometrics::Fields;
use crate::error::LdsError;
use crate::image::{self, Colour, ImageError, ImageFormat, ImageHeader};
use crate::iso39794::{self, Block};

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
    /// 4: found somewhere.
    Latent = 4,
    /// 8: drawn over a strip sensor.
    Swipe = 8,
    /// 24: not touched; from here on 39794-4 only.
    ContactlessPlain = 24,
    /// 25
    ContactlessRolled = 25,
    /// 28
    Other = 28,
    /// 29
    Unknown = 29,
    /// 41: not touched, in motion.
    MovingContactlessPlain = 41,
    /// 42
    MovingContactlessRolled = 42,
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
    /// Vendor's number of the sensor, 12 bits; 39794-4 has registered ones instead.
    pub device: u16,
    /// What a block of 39794-4 says that has no field here.
    block: Option<Block>,
}

impl FingerImage {
    /// A live plain impression at 500 ppi of undetermined quality.
    ///
    /// # Errors
    /// [`LdsError::Image`] for an image that is damaged or not grey in 8 bits, or of a format that 19794-4 lacks.
    pub fn new(image: impl Into<Bytes>) -> Result<Self, LdsError> {
        let image = image.into();
        check_print(&image)?;
        Ok(Self { image, impression: Impression::LivePlain, quality: 254, ppi: 500, device: 0, block: None })
    }

    /// What its block of 39794 says beside the image, if it is one.
    pub fn shown(&self) -> Option<iso39794::Shown> {
        self.block.as_ref().map(Block::shown)
    }

    /// Leaves out what only the generation of its origin can say: quality and device, which 39794-4 ties to registered
    /// algorithms and models.
    pub(super) fn forget_generation(&mut self) {
        (self.quality, self.device, self.block) = (254, 0, None);
    }

    /// The block of 39794-4, value of 7F2E.
    pub(super) fn encode_block(&self, position: FingerPosition) -> Result<Bytes, LdsError> {
        let header = check_print(&self.image)?;
        let block = self.block.clone().unwrap_or_else(Block::of_finger);
        if self.device != 0 || self.quality != block.finger().quality {
            return Err(field(
                "quality or device",
                "has no registered owner, as ISO 39794 wants: leave it undetermined",
            ));
        }
        let (impression, quality, ppi) = (self.impression, self.quality, self.ppi);
        let format = block_format(&header, &self.image);
        let print = iso39794::finger::Shared { position: position.code(), impression, quality, ppi, format };
        Ok(block.write_finger(print, &self.image))
    }

    /// Reads a block, which must be of this finger.
    pub(super) fn decode_block(
        octets: &[u8],
        position: FingerPosition,
        notes: &mut Vec<FingerNote>,
    ) -> Result<Self, LdsError> {
        let (block, image) = Block::read_finger(octets)?;
        let shared = block.finger();
        if shared.position != position.code() {
            return Err(field("finger position", "is not that of the header template"));
        }
        match check_print(&image) {
            Err(error) => notes.push(FingerNote::Image(error)),
            Ok(header) => {
                let actual = block_format(&header, &image);
                let jpeg_2000 = |format: u8| matches!(format, 2 | 3);
                // whether JPEG 2000 lost something is the writer's word: a reversible wavelet can be cut off too
                if shared.format != actual && !(jpeg_2000(shared.format) && jpeg_2000(actual)) {
                    notes.push(FingerNote::Compression(shared.format, actual));
                }
            }
        }
        let (impression, quality, ppi) = (shared.impression, shared.quality, shared.ppi);
        Ok(Self { image, impression, quality, ppi, device: 0, block: Some(block) })
    }

    /// The record of 19794-4, value of 5F2E.
    pub(super) fn encode(&self, position: FingerPosition) -> Result<Bytes, LdsError> {
        let header = check_print(&self.image)?;
        let compression = compression_of(header.format);
        let data = if compression == RAW { image::grey_samples(&self.image)? } else { &*self.image };
        let side = |pixels| u16::try_from(pixels).map_err(|_| field("width or height", "is above 65535"));
        let block = u32::try_from(VIEW_OCTETS + data.len()).map_err(|_| field("block length", "is too large"))?;
        let length = u64::from(block) + 32;
        let level = acquisition_level(self.ppi)?;
        check_quality(self.quality)?;
        if self.impression as u8 > Impression::Swipe as u8 {
            return Err(field("impression", "is one that only ISO 39794 has"));
        }
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
    pub(super) fn decode(
        octets: &[u8],
        position: FingerPosition,
        notes: &mut Vec<FingerNote>,
    ) -> Result<Self, LdsError> {
        let mut fields = Fields::new(octets, RECORD);
        fields.fixed(b"FIR\0", "format identifier", "is not FIR")?;
        fields.fixed(b"010\0", "version", "is not 010")?;
        let [high, low @ ..] = fields.array::<6>("length")?.map(u64::from);
        let length = low.into_iter().fold(high, |sum, octet| sum << 8 | octet);
        if usize::try_from(length) != Ok(octets.len()) {
            notes.push(FingerNote::RecordLength(length, octets.len()));
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
        let print = view(fields, position, compression, notes)?;
        if device > 0x0FFF {
            return Err(field("capture device", "has more than 12 bits"));
        }
        Ok(Self { ppi, device, ..print })
    }
}

/// View header and image; the fields of the record header are filled in by the caller.
fn view(
    mut fields: Fields<'_>,
    position: FingerPosition,
    compression: u8,
    notes: &mut Vec<FingerNote>,
) -> Result<FingerImage, LdsError> {
    let (left, block) = (fields.left(), fields.u32("block length")?);
    if usize::try_from(block) != Ok(left) {
        notes.push(FingerNote::BlockLength(block, left));
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
        4 => Impression::Latent,
        8 => Impression::Swipe,
        _ => return Err(field("impression", "is a reserved value")),
    };
    let declared = (fields.u16("width")?, fields.u16("height")?);
    fields.fixed(&[0], "reserved", "is not zero")?;
    let data = fields.rest();
    // Bare samples have no header of their own: width and height must be right here.
    let image: Bytes = if compression == RAW { image::pgm(declared.0, declared.1, data)?.into() } else { data.into() };
    match check_print(&image) {
        Err(error) => notes.push(FingerNote::Image(error)),
        Ok(header) => {
            if compression != compression_of(header.format) {
                notes.push(FingerNote::Compression(compression, compression_of(header.format)));
            }
            if (header.width, header.height) != (u32::from(declared.0), u32::from(declared.1)) {
                notes.push(FingerNote::Dimensions(declared, (header.width, header.height)));
            }
        }
    }
    Ok(FingerImage { image, impression, quality, ppi: 0, device: 0, block: None })
}

/// Compression code of 19794-4 for an image that a DG3 takes.
const fn compression_of(format: ImageFormat) -> u8 {
    match format {
        ImageFormat::Wsq => WSQ,
        ImageFormat::Png => PNG,
        ImageFormat::Pgm => RAW,
        _ => JPEG_2000,
    }
}

/// Coding of an image as 39794-4 numbers it.
fn block_format(header: &ImageHeader, image: &[u8]) -> u8 {
    match header.format {
        ImageFormat::Pgm => iso39794::finger::PGM,
        ImageFormat::Wsq => iso39794::finger::WSQ,
        ImageFormat::Png => iso39794::finger::PNG,
        _ if image::is_reversible(image) => iso39794::finger::JPEG_2000_LOSSLESS,
        _ => iso39794::finger::JPEG_2000_LOSSY,
    }
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
