//! DG2, the face: 9303-10 §4.7.2 with records of ISO/IEC 19794-5:2005 or blocks of ISO/IEC 39794-5, one image each.
//!
//! ```text
//! facial header  14   FAC\0 010\0, u32 length of the record, u16 images (1)
//! facial info    20   u32 length of this block, u16 feature points, gender, eyes, hair, features (3), expression (2),
//!                     pose (3), uncertainty of the pose (3)
//! feature points  8 each, carried as they are
//! image info     12   face image type, data type, u16 width, u16 height, colour space, source, u16 device, u16 quality
//! image               JPEG or JPEG 2000, to the end of the record
//! ```
//! Data type, width, height and colour space are taken from the image, never from a caller. The strict decoder compares
//! them; the tolerant one, for cards of other countries, notes where they differ. The newer generation is described in
//! [`crate::iso39794`].

use bitaqa_apdu::Bytes;

use crate::biometrics::{self, Fields, Generation, Header, Instance, Modality, RecordFormat};
use crate::error::LdsError;
use crate::image::{self, Colour, ImageError, ImageFormat, ImageHeader};
use crate::iso39794::{self, Block};

const RECORD: &str = "FAC";
const MAGIC: &[u8] = b"FAC\0";
const VERSION: &[u8] = b"010\0";
const HEADER_OCTETS: usize = 14;
const INFO_OCTETS: usize = 20;
const POINT_OCTETS: usize = 8;
const IMAGE_INFO_OCTETS: usize = 12;

/// Gender, 19794-5 §5.5.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gender {
    /// 00
    Unspecified = 0,
    /// 01
    Male = 1,
    /// 02
    Female = 2,
    /// FF
    Unknown = 0xFF,
}

/// Face image type, 19794-5 §5.7.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaceImageType {
    /// 00: only the format is promised.
    Basic = 0,
    /// 01: the type that 9303 recommends.
    FullFrontal = 1,
    /// 02: eyes at fixed places.
    TokenFrontal = 2,
}

/// Source of the image, 19794-5 §5.7.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaceSource {
    /// 00
    Unspecified = 0,
    /// 01: static photograph, unknown how taken.
    UnknownPhotograph = 1,
    /// 02: static photograph by a digital camera.
    DigitalCamera = 2,
    /// 03: static photograph by a scanner.
    Scanner = 3,
    /// 04: frame of a video, unknown how taken.
    UnknownVideo = 4,
    /// 05: frame of an analogue video.
    AnalogueVideo = 5,
    /// 06: frame of a digital video.
    DigitalVideo = 6,
    /// 07
    Unknown = 7,
}

/// What the record says beside the image. Our own records leave all of it at zero, which is "unspecified".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaceDetails {
    /// 00 to 07 or FF.
    pub eye_colour: u8,
    /// 00 to 09 or FF.
    pub hair_colour: u8,
    /// Bit mask of 24 features.
    pub features: [u8; 3],
    /// 0001 is neutral.
    pub expression: u16,
    /// Yaw, pitch, roll, each 0 (unspecified) to 181.
    pub pose: [u8; 3],
    /// Uncertainty of each, 0 (unspecified) to 181.
    pub pose_uncertainty: [u8; 3],
    /// Eight octets each, not interpreted.
    pub feature_points: Vec<[u8; 8]>,
    /// Vendor's number of the device.
    pub device: u16,
    /// 0: the edition of 2005 defines no other value.
    pub quality: u16,
}

/// One facial image with its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Face {
    /// JPEG or JPEG 2000, whole.
    pub image: Bytes,
    /// Gender.
    pub gender: Gender,
    /// Promise about the pose.
    pub image_type: FaceImageType,
    /// Where the image came from.
    pub source: FaceSource,
    /// The rest.
    pub details: FaceDetails,
    /// Header template of this instance.
    header: Header,
    /// What a block of 39794 says that has no field here.
    block: Option<Block>,
}

/// Content of DG2: one to nine faces, the most recent first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dg2 {
    /// In the order of the file.
    pub faces: Vec<Face>,
}

/// A deviation that the tolerant decoder accepts. Declared values come first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaceNote {
    /// Length of the whole record; 1 too small in passports of the United Kingdom, 8 in those of New Zealand.
    RecordLength(u32, usize),
    /// Length of the facial information block with the image.
    BlockLength(u32, usize),
    /// Width and height.
    Dimensions((u16, u16), (u32, u32)),
    /// Data type, 0 JPEG, 1 JPEG 2000.
    DataType(u8, u8),
    /// Colour space.
    ColourSpace(u8, u8),
    /// The image could not be walked to its end, or is of a kind that a DG2 should not hold.
    Image(ImageError),
}

impl core::fmt::Display for FaceNote {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::RecordLength(said, found) => write!(f, "the record says {said} octets and has {found}"),
            Self::BlockLength(said, found) => write!(f, "the block of the face says {said} octets and has {found}"),
            Self::Dimensions(said, found) => write_dimensions(f, *said, *found),
            Self::DataType(said, found) => write!(f, "the record says image data type {said}, the image is of {found}"),
            Self::ColourSpace(said, found) => write!(f, "the record says colour space {said}, the image has {found}"),
            Self::Image(error) => write!(f, "the image: {error}"),
        }
    }
}

/// Sizes that differ, for a note of any record.
pub(crate) fn write_dimensions(
    f: &mut core::fmt::Formatter<'_>,
    (width, height): (u16, u16),
    (own_width, own_height): (u32, u32),
) -> core::fmt::Result {
    write!(f, "the record says {width} x {height} pixels, the image has {own_width} x {own_height}")
}

/// Codes of the image info block.
struct ImageCodes {
    data_type: u8,
    width: u16,
    height: u16,
    colour_space: u8,
}

impl Face {
    /// A full frontal face in a record of 19794-5, unspecified in all but gender and image.
    ///
    /// # Errors
    /// [`LdsError::Image`] for an image that is damaged or that 19794-5 does not take (see [`check_portrait`]).
    pub fn new(image: impl Into<Bytes>, gender: Gender) -> Result<Self, LdsError> {
        let image = image.into();
        check_portrait(&image)?;
        Ok(Self {
            image,
            gender,
            image_type: FaceImageType::FullFrontal,
            source: FaceSource::Unspecified,
            details: FaceDetails::default(),
            header: Header::new(0, RecordFormat::FaceImage),
            block: None,
        })
    }

    /// The same face in a record of this generation. What the other one says in its own words or not at all is left
    /// out: pose, feature points, expression and device.
    #[must_use]
    pub fn in_generation(mut self, generation: Generation) -> Self {
        if self.generation() != generation {
            let (eye_colour, hair_colour) = (self.details.eye_colour, self.details.hair_colour);
            self.details = FaceDetails { eye_colour, hair_colour, ..FaceDetails::default() };
            self.block = None;
            self.header.format = match generation {
                Generation::Iso19794 => RecordFormat::FaceImage,
                Generation::Iso39794 => RecordFormat::FaceImage39794,
            };
        }
        self
    }

    /// Generation of its record.
    pub const fn generation(&self) -> Generation {
        self.header.format.generation()
    }

    /// What its block of 39794 says beside the image, if it is one.
    pub fn shown(&self) -> Option<iso39794::Shown> {
        self.block.as_ref().map(Block::shown)
    }

    fn encode(&self) -> Result<Bytes, LdsError> {
        match self.generation() {
            Generation::Iso19794 => self.encode_record(),
            Generation::Iso39794 => self.encode_block(),
        }
    }

    /// Value of 7F2E.
    fn encode_block(&self) -> Result<Bytes, LdsError> {
        let header = check_portrait(&self.image)?;
        check_details(&self.details)?;
        if iso39794::face::has_other_details(&self.details) {
            return Err(field("details", "has what ISO 39794 says in other words: leave it unspecified"));
        }
        let block = self.block.clone().unwrap_or_else(Block::of_face);
        Ok(block.write_face(self.shared(block_format(&header, &self.image)), &self.image))
    }

    const fn shared(&self, format: u8) -> iso39794::face::Shared {
        let FaceDetails { eye_colour, hair_colour, .. } = self.details;
        iso39794::face::Shared { gender: self.gender, source: self.source, eye_colour, hair_colour, format }
    }

    fn decode_block(instance: Instance<'_>, notes: &mut Vec<FaceNote>) -> Result<Self, LdsError> {
        let (block, image) = Block::read_face(instance.record)?;
        let shared = block.face();
        let declared = block.declared();
        match check_portrait(&image) {
            Err(error) => notes.push(FaceNote::Image(error)),
            Ok(header) => {
                if let Some((width, height)) = declared.size
                    && (u32::from(width), u32::from(height)) != (header.width, header.height)
                {
                    notes.push(FaceNote::Dimensions((width, height), (header.width, header.height)));
                }
                let data_type = |format| u8::from(format != iso39794::face::JPEG);
                let actual = data_type(block_format(&header, &image));
                if data_type(declared.format) != actual {
                    notes.push(FaceNote::DataType(data_type(declared.format), actual));
                }
            }
        }
        let details =
            FaceDetails { eye_colour: shared.eye_colour, hair_colour: shared.hair_colour, ..FaceDetails::default() };
        Ok(Self {
            image,
            gender: shared.gender,
            // the only kind that ICAO's profile has promises what a passport needs
            image_type: FaceImageType::FullFrontal,
            source: shared.source,
            details,
            header: instance.header,
            block: Some(block),
        })
    }

    /// The facial record, value of 5F2E.
    fn encode_record(&self) -> Result<Bytes, LdsError> {
        let codes = codes(&check_portrait(&self.image)?)?;
        let details = &self.details;
        let points = u16::try_from(details.feature_points.len())
            .map_err(|_| field("number of feature points", "is more than a record can hold"))?;
        let block = INFO_OCTETS + POINT_OCTETS * usize::from(points) + IMAGE_INFO_OCTETS + self.image.len();
        let length =
            |octets: usize| u32::try_from(octets).map_err(|_| field("length", "is more than a record can hold"));
        check_details(details)?;

        let mut out = Vec::with_capacity(HEADER_OCTETS + block);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(VERSION);
        out.extend_from_slice(&length(HEADER_OCTETS + block)?.to_be_bytes());
        out.extend_from_slice(&1u16.to_be_bytes());
        out.extend_from_slice(&length(block)?.to_be_bytes());
        out.extend_from_slice(&points.to_be_bytes());
        out.extend_from_slice(&[self.gender as u8, details.eye_colour, details.hair_colour]);
        out.extend_from_slice(&details.features);
        out.extend_from_slice(&details.expression.to_be_bytes());
        out.extend_from_slice(&details.pose);
        out.extend_from_slice(&details.pose_uncertainty);
        out.extend_from_slice(details.feature_points.as_flattened());
        out.extend_from_slice(&[self.image_type as u8, codes.data_type]);
        out.extend_from_slice(&codes.width.to_be_bytes());
        out.extend_from_slice(&codes.height.to_be_bytes());
        out.extend_from_slice(&[codes.colour_space, self.source as u8]);
        out.extend_from_slice(&details.device.to_be_bytes());
        out.extend_from_slice(&details.quality.to_be_bytes());
        out.extend_from_slice(&self.image);
        Ok(out.into())
    }

    fn decode(instance: Instance<'_>, notes: &mut Vec<FaceNote>) -> Result<Self, LdsError> {
        match instance.header.format.generation() {
            Generation::Iso19794 => Self::decode_record(instance, notes),
            Generation::Iso39794 => Self::decode_block(instance, notes),
        }
    }

    fn decode_record(instance: Instance<'_>, notes: &mut Vec<FaceNote>) -> Result<Self, LdsError> {
        let octets = instance.record;
        let mut fields = Fields::new(octets, RECORD);
        fields.fixed(MAGIC, "format identifier", "is not FAC")?;
        fields.fixed(VERSION, "version", "is not 010")?;
        let length = fields.u32("length")?;
        note_length(length, octets.len(), notes, FaceNote::RecordLength);
        if fields.u16("number of images")? != 1 {
            return Err(field("number of images", "is not 1: each face has its own instance"));
        }
        let left = fields.left();
        note_length(fields.u32("block length")?, left, notes, FaceNote::BlockLength);
        let points = fields.u16("number of feature points")?;
        let gender = gender(fields.u8("gender")?)?;
        let mut details = FaceDetails {
            eye_colour: fields.u8("eye colour")?,
            hair_colour: fields.u8("hair colour")?,
            features: fields.array("features")?,
            expression: fields.u16("expression")?,
            pose: fields.array("pose")?,
            pose_uncertainty: fields.array("pose uncertainty")?,
            ..FaceDetails::default()
        };
        // All points must be there before any is kept, so a declared number alone reserves nothing.
        let points = fields.take(usize::from(points) * POINT_OCTETS, "feature points")?;
        details.feature_points = points.as_chunks().0.to_vec();
        let image_type = image_type(fields.u8("face image type")?)?;
        let declared = ImageCodes {
            data_type: fields.u8("image data type")?,
            width: fields.u16("width")?,
            height: fields.u16("height")?,
            colour_space: fields.u8("colour space")?,
        };
        let source = source(fields.u8("source type")?)?;
        details.device = fields.u16("device type")?;
        details.quality = fields.u16("quality")?;
        check_details(&details)?;
        let image = fields.rest();
        compare(&declared, image, notes)?;
        let header = instance.header;
        Ok(Self { image: image.into(), gender, image_type, source, details, header, block: None })
    }
}

impl Dg2 {
    /// A DG2 with one face.
    pub fn new(face: Face) -> Self {
        Self { faces: vec![face] }
    }

    /// The file. Around one image without feature points it adds 88 octets.
    ///
    /// # Errors
    /// [`LdsError::Value`] for other than one to nine faces, [`LdsError::Image`] as for [`Face::new`],
    /// [`LdsError::Record`] for details outside their ranges.
    pub fn encode(&self) -> Result<Bytes, LdsError> {
        let instances = self
            .faces
            .iter()
            .map(|face| Ok((face.header.clone(), face.encode()?)))
            .collect::<Result<Vec<_>, LdsError>>()?;
        biometrics::encode(Modality::Face, &instances, &[])
    }

    /// Reads the file and holds every record against its image: the decoder for our own files.
    ///
    /// # Errors
    /// [`LdsError::Record`], [`LdsError::Image`] or the errors of the TLV shell. Whatever [`Dg2::decode_tolerant`]
    /// would note is an error.
    pub fn decode(octets: &[u8]) -> Result<Self, LdsError> {
        let (file, notes) = Self::decode_tolerant(octets)?;
        match notes.into_iter().next() {
            None => Ok(file),
            Some(FaceNote::Image(error)) => Err(error.into()),
            Some(FaceNote::RecordLength(..)) => Err(field("length", "is not that of the record")),
            Some(FaceNote::BlockLength(..)) => Err(field("block length", "is not that of the block")),
            Some(FaceNote::Dimensions(..)) => Err(field("width or height", "is not that of the image")),
            Some(FaceNote::DataType(..)) => Err(field("image data type", "is not that of the image")),
            Some(FaceNote::ColourSpace(..)) => Err(field("colour space", "is not that of the image")),
        }
    }

    /// Reads the file of any country: deviations known from the field are noted, all others are errors.
    ///
    /// # Errors
    /// As [`Dg2::decode`], less the deviations of [`FaceNote`].
    pub fn decode_tolerant(octets: &[u8]) -> Result<(Self, Vec<FaceNote>), LdsError> {
        let (instances, random) = biometrics::decode(octets, Modality::Face)?;
        if random.is_some() {
            return Err(LdsError::OutOfPlace(biometrics::RANDOM));
        }
        let mut notes = Vec::new();
        let faces =
            instances.into_iter().map(|instance| Face::decode(instance, &mut notes)).collect::<Result<_, _>>()?;
        Ok((Self { faces }, notes))
    }
}

/// The header of an image that a DG2 takes: JPEG, sequential and in 8 bits, or JPEG 2000; grey or colour, no
/// transparency, at most 65535 pixels either way. A JPEG without a JFIF marker passes: see [`ImageHeader::jpeg`].
///
/// # Errors
/// [`ImageError`] of the walk, or [`ImageError::Unsupported`] with what to convert.
pub fn check_portrait(image: &[u8]) -> Result<ImageHeader, ImageError> {
    let header = ImageHeader::read(image)?;
    let unsupported = |what| Err(ImageError::Unsupported { format: header.format, what });
    match header.format {
        ImageFormat::Jpeg | ImageFormat::Jp2 | ImageFormat::J2k => {}
        _ => return unsupported("a portrait is JPEG or JPEG 2000; convert it"),
    }
    if header.colour == Colour::Cmyk {
        return unsupported("CMYK; convert the portrait to RGB");
    }
    if !matches!(header.colour, Colour::Grey | Colour::Rgb | Colour::YCbCr) {
        return unsupported("transparency or an unusual number of components; convert the portrait to RGB");
    }
    if let Some(jpeg) = header.jpeg {
        if jpeg.progressive {
            return unsupported("progressive; save the portrait as baseline JPEG");
        }
        if !jpeg.sequential {
            return unsupported("lossless, arithmetic or 12 bits; save the portrait as baseline JPEG");
        }
    }
    if header.bits != 8 {
        return unsupported("samples of other than 8 bits");
    }
    if header.width > u32::from(u16::MAX) || header.height > u32::from(u16::MAX) {
        return unsupported("more than 65535 pixels in one direction");
    }
    Ok(header)
}

/// Coding of an image as 39794-5 numbers it.
fn block_format(header: &ImageHeader, image: &[u8]) -> u8 {
    match header.format {
        ImageFormat::Jpeg => iso39794::face::JPEG,
        _ if image::is_reversible(image) => iso39794::face::JPEG_2000_LOSSLESS,
        _ => iso39794::face::JPEG_2000_LOSSY,
    }
}

/// 19794-5 §5.7.2 and §5.7.5. A decoder gives RGB for YCbCr, so both are 24-bit RGB.
fn codes(header: &ImageHeader) -> Result<ImageCodes, LdsError> {
    let side = |pixels| u16::try_from(pixels).map_err(|_| field("width or height", "is above 65535"));
    Ok(ImageCodes {
        data_type: u8::from(header.format != ImageFormat::Jpeg),
        width: side(header.width)?,
        height: side(header.height)?,
        colour_space: if header.colour == Colour::Grey { 3 } else { 1 },
    })
}

/// Declared values against those of the image. 0 as a colour space is "unspecified", which is a deviation for us too:
/// we never write it.
fn compare(declared: &ImageCodes, image: &[u8], notes: &mut Vec<FaceNote>) -> Result<(), LdsError> {
    if declared.data_type > 1 {
        return Err(field("image data type", "is neither JPEG nor JPEG 2000"));
    }
    if declared.colour_space > 4 && declared.colour_space < 128 {
        return Err(field("colour space", "is a reserved value"));
    }
    let header = match check_portrait(image) {
        Ok(header) => header,
        Err(error) => {
            notes.push(FaceNote::Image(error));
            return Ok(());
        }
    };
    let actual = codes(&header)?;
    if (declared.width, declared.height) != (actual.width, actual.height) {
        notes.push(FaceNote::Dimensions((declared.width, declared.height), (header.width, header.height)));
    }
    if declared.data_type != actual.data_type {
        notes.push(FaceNote::DataType(declared.data_type, actual.data_type));
    }
    if declared.colour_space != actual.colour_space {
        notes.push(FaceNote::ColourSpace(declared.colour_space, actual.colour_space));
    }
    Ok(())
}

fn note_length(declared: u32, actual: usize, notes: &mut Vec<FaceNote>, note: fn(u32, usize) -> FaceNote) {
    if usize::try_from(declared) != Ok(actual) {
        notes.push(note(declared, actual));
    }
}

const fn field(field: &'static str, why: &'static str) -> LdsError {
    LdsError::Record { record: RECORD, field, why }
}

/// Ranges of 19794-5 §5.5; feature mask, expression and device are open to vendors.
fn check_details(details: &FaceDetails) -> Result<(), LdsError> {
    if !matches!(details.eye_colour, 0..=7 | 0xFF) {
        return Err(field("eye colour", "is a reserved value"));
    }
    if !matches!(details.hair_colour, 0..=9 | 0xFF) {
        return Err(field("hair colour", "is a reserved value"));
    }
    if details.pose.iter().any(|angle| *angle > 181) {
        return Err(field("pose", "is a reserved value"));
    }
    if details.pose_uncertainty.iter().any(|angle| *angle > 181) {
        return Err(field("pose uncertainty", "is a reserved value"));
    }
    Ok(())
}

fn gender(code: u8) -> Result<Gender, LdsError> {
    match code {
        0 => Ok(Gender::Unspecified),
        1 => Ok(Gender::Male),
        2 => Ok(Gender::Female),
        0xFF => Ok(Gender::Unknown),
        _ => Err(field("gender", "is a reserved value")),
    }
}

fn image_type(code: u8) -> Result<FaceImageType, LdsError> {
    match code {
        0 => Ok(FaceImageType::Basic),
        1 => Ok(FaceImageType::FullFrontal),
        2 => Ok(FaceImageType::TokenFrontal),
        _ => Err(field("face image type", "is a reserved value")),
    }
}

fn source(code: u8) -> Result<FaceSource, LdsError> {
    match code {
        0 => Ok(FaceSource::Unspecified),
        1 => Ok(FaceSource::UnknownPhotograph),
        2 => Ok(FaceSource::DigitalCamera),
        3 => Ok(FaceSource::Scanner),
        4 => Ok(FaceSource::UnknownVideo),
        5 => Ok(FaceSource::AnalogueVideo),
        6 => Ok(FaceSource::DigitalVideo),
        7 => Ok(FaceSource::Unknown),
        _ => Err(field("source type", "is a reserved value")),
    }
}

#[cfg(test)]
mod lds_c;
#[cfg(test)]
mod tests;
