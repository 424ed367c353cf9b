//! A face of our model in a block of ISO/IEC 39794-5 and back.

use bitaqa_apdu::{Bytes, tlv};

use super::tree::{Element, Value};
use super::{Block, Standard, face_fields};
use crate::error::LdsError;
use crate::face::{FaceDetails, FaceSource, Gender};

static STANDARD: Standard =
    Standard { record: "39794-5", tag: 0x65, kind: face_fields::BLOCK, image: &[0xA1, 0x30, 0xA1, 0xA0, 0xA0, 0x80] };

const FORMAT: &[tlv::Tag] = &[0xA1, 0x30, 0xA1, 0xA0, 0xA0, 0xA1, 0xA0];
const SIZE: [tlv::Tag; 7] = [0xA1, 0x30, 0xA1, 0xA0, 0xA0, 0xA1, 0xA7];
const TECHNOLOGY: &[tlv::Tag] = &[0xA1, 0x30, 0xA1, 0xA0, 0xA0, 0xA2, 0xA1];
const GENDER: &[tlv::Tag] = &[0xA1, 0x30, 0xA8, 0xA0];
const EYES: &[tlv::Tag] = &[0xA1, 0x30, 0xA8, 0xA1];
const HAIR: &[tlv::Tag] = &[0xA1, 0x30, 0xA8, 0xA2];

/// Codings of the image: JPEG, JPEG 2000 with and without loss.
pub const JPEG: u8 = 2;
/// JPEG 2000 by a wavelet that cannot be reversed.
pub const JPEG_2000_LOSSY: u8 = 3;
/// JPEG 2000 by the reversible one.
pub const JPEG_2000_LOSSLESS: u8 = 4;

/// Colours of eyes, of hair in the codes of 19794-5 to those of 39794-5; "unspecified" is left out.
const EYE_CODES: [(u8, u8); 8] = [(1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 8), (7, 9), (0xFF, 0)];
const HAIR_CODES: [(u8, u8); 8] = [(1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8), (0xFF, 0)];

/// What the two generations have in common beside the image.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shared {
    /// 39794-5 as ICAO restricts it has no "unknown": it is written as nothing, as "unspecified" is.
    pub gender: Gender,
    /// Where the image came from.
    pub source: FaceSource,
    /// Code of 19794-5.
    pub eye_colour: u8,
    /// Code of 19794-5.
    pub hair_colour: u8,
    /// Coding of the image.
    pub format: u8,
}

/// What a block says of its image.
pub struct Declared {
    /// Coding of the image.
    pub format: u8,
    /// Width and height, where they are told.
    pub size: Option<(u16, u16)>,
}

impl Block {
    /// The fields that must be there, and nothing else.
    pub(crate) fn of_face() -> Self {
        let version = Element::group(0xA0, vec![Element::octets(0x80, [3]), Element::octets(0x81, [0x07, 0xE3])]);
        let representation = Element::group(0x30, vec![Element::octets(0x80, [0])]);
        let representations = Element::group(0xA1, vec![representation]);
        Self { root: Element::group(STANDARD.tag, vec![version, representations]), standard: &STANDARD }
    }

    /// Reads the value of 7F2E.
    pub(crate) fn read_face(octets: &[u8]) -> Result<(Self, Bytes), LdsError> {
        let (block, image) = Self::read(octets, &STANDARD)?;
        block.only_one_representation()?;
        Ok((block, image))
    }

    /// Exactly one, as 9303-10 has it for faces and prints alike.
    pub(super) fn only_one_representation(&self) -> Result<(), LdsError> {
        match self.root.value.find(&[0xA1]) {
            Some(Value::Elements(elements)) if elements.len() == 1 => Ok(()),
            _ => Err(self.error("representations", "is not exactly one")),
        }
    }

    /// The value of 7F2E. Only what differs from the block's own word is put into it.
    pub(crate) fn write_face(mut self, face: Shared, image: &[u8]) -> Bytes {
        let own = self.face();
        let root = &mut self.root;
        // a coding of JPEG 2000 is believed whether it had loss or not: a reversible wavelet can be cut off too
        if root.code(FORMAT).is_none() || (own.format == JPEG) != (face.format == JPEG) {
            root.set_code(FORMAT, face.format, false);
        }
        if own.gender != face.gender {
            put(root, GENDER, gender_code(face.gender));
        }
        if own.eye_colour != face.eye_colour {
            put(root, EYES, to_39794(EYE_CODES, face.eye_colour));
        }
        if own.hair_colour != face.hair_colour {
            put(root, HAIR, to_39794(HAIR_CODES, face.hair_colour));
        }
        if own.source != face.source {
            put(root, TECHNOLOGY, source_code(face.source));
        }
        self.write(image)
    }

    /// The fields that our model has.
    pub(crate) fn face(&self) -> Shared {
        let code = |path| self.root.code(path).and_then(|code| u8::try_from(code).ok());
        Shared {
            gender: match code(GENDER) {
                Some(2) => Gender::Male,
                Some(3) => Gender::Female,
                _ => Gender::Unspecified,
            },
            source: match code(TECHNOLOGY) {
                None => FaceSource::Unspecified,
                Some(1) => FaceSource::UnknownPhotograph,
                Some(2) => FaceSource::DigitalCamera,
                Some(3) => FaceSource::Scanner,
                Some(4) => FaceSource::UnknownVideo,
                Some(5) => FaceSource::AnalogueVideo,
                Some(6) => FaceSource::DigitalVideo,
                Some(_) => FaceSource::Unknown,
            },
            eye_colour: code(EYES).map_or(0, |code| to_19794(EYE_CODES, code)),
            hair_colour: code(HAIR).map_or(0, |code| to_19794(HAIR_CODES, code)),
            format: code(FORMAT).unwrap_or_default(),
        }
    }

    /// What it says of the image.
    pub(crate) fn declared(&self) -> Declared {
        let side = |tag: tlv::Tag| {
            let number = self.root.number(&[SIZE.as_slice(), &[tag]].concat())?;
            u16::try_from(number).ok()
        };
        let size = side(0x80).zip(side(0x81));
        Declared { format: self.face().format, size }
    }
}

/// Details that 39794 has in other words or not at all: a face that is written by it must leave them alone.
pub fn has_other_details(details: &FaceDetails) -> bool {
    let shared =
        FaceDetails { eye_colour: details.eye_colour, hair_colour: details.hair_colour, ..FaceDetails::default() };
    *details != shared
}

/// ICAO's profile has its optional codes in the extension form only.
fn put(root: &mut Element, path: &[tlv::Tag], code: Option<u8>) {
    match code {
        Some(code) => root.set_code(path, code, true),
        None => root.remove(path),
    }
}

const fn gender_code(gender: Gender) -> Option<u8> {
    match gender {
        Gender::Male => Some(2),
        Gender::Female => Some(3),
        Gender::Unspecified | Gender::Unknown => None,
    }
}

const fn source_code(source: FaceSource) -> Option<u8> {
    match source {
        FaceSource::Unspecified => None,
        FaceSource::Unknown => Some(0),
        known => Some(known as u8),
    }
}

fn to_39794(codes: [(u8, u8); 8], code: u8) -> Option<u8> {
    // colours that the newer edition dropped (green and blue hair) are "known, coloured": 9
    if code == 0 { None } else { Some(codes.iter().find(|(old, _)| *old == code).map_or(9, |(_, new)| *new)) }
}

fn to_19794(codes: [(u8, u8); 8], code: u8) -> u8 {
    codes.iter().find(|(_, new)| *new == code).map_or(0xFF, |(old, _)| *old)
}
