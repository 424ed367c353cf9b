//! DG3, two fingerprints: 9303-10 §4.7.3 with one template per finger.
//!
//! A record is either an image (ISO/IEC 19794-4:2005 or 39794-4) or a set of minutiae (19794-2:2005), as the profile
//! chooses. Which finger it is stands twice, in the header template and in the record, and both must agree.
//!
//! A holder without prints gets the zero-instance form with random octets, so that the hash in EF.SOD does not tell
//! everybody that there are none: `63 L { 7F61 03 { 02 01 00 }  53 L <random> }`.

mod image_record;

use core::fmt;
use core::str::FromStr;

use bitaqa_apdu::Bytes;

use crate::biometrics::{self, Generation, Header, Instance, Modality, RecordFormat};
use crate::error::{LdsError, value};
use crate::image::ImageError;
use crate::minutiae::MinutiaeRecord;

pub use image_record::{FingerImage, Impression};

/// Fewest random octets of the zero-instance form: our rule, since 9303 gives none.
pub const RANDOM_OCTETS_MIN: usize = 16;

/// Finger position as 19794-2 and -4 number it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FingerPosition {
    /// 1
    RightThumb = 1,
    /// 2
    RightIndex = 2,
    /// 3
    RightMiddle = 3,
    /// 4
    RightRing = 4,
    /// 5
    RightLittle = 5,
    /// 6
    LeftThumb = 6,
    /// 7
    LeftIndex = 7,
    /// 8
    LeftMiddle = 8,
    /// 9
    LeftRing = 9,
    /// 10
    LeftLittle = 10,
}

/// A word that is no finger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no finger: write right_ or left_ and thumb, index, middle, ring or little")]
pub struct FingerNameError(pub String);

impl FingerPosition {
    /// Thumb to little finger, right hand first: the order of the codes.
    pub const ALL: [Self; 10] = [
        Self::RightThumb,
        Self::RightIndex,
        Self::RightMiddle,
        Self::RightRing,
        Self::RightLittle,
        Self::LeftThumb,
        Self::LeftIndex,
        Self::LeftMiddle,
        Self::LeftRing,
        Self::LeftLittle,
    ];

    /// 1 to 10.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// From the code of a record; 0 (unknown) and the codes of several fingers are none.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|position| position.code() == code)
    }

    /// Biometric sub-type, 9303-10 Table 49: b2b1 01 right, 10 left; b5b4b3 001 thumb to 101 little finger.
    pub const fn subtype(self) -> u8 {
        let code = self.code();
        if code <= 5 { code << 2 | 0b01 } else { (code - 5) << 2 | 0b10 }
    }

    /// From the sub-type of a header template.
    pub fn from_subtype(octet: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|position| position.subtype() == octet)
    }

    /// `right_thumb` to `left_little`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RightThumb => "right_thumb",
            Self::RightIndex => "right_index",
            Self::RightMiddle => "right_middle",
            Self::RightRing => "right_ring",
            Self::RightLittle => "right_little",
            Self::LeftThumb => "left_thumb",
            Self::LeftIndex => "left_index",
            Self::LeftMiddle => "left_middle",
            Self::LeftRing => "left_ring",
            Self::LeftLittle => "left_little",
        }
    }
}

impl fmt::Display for FingerPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FingerPosition {
    type Err = FingerNameError;

    fn from_str(name: &str) -> Result<Self, FingerNameError> {
        Self::ALL.into_iter().find(|position| position.name() == name).ok_or_else(|| FingerNameError(name.to_owned()))
    }
}

/// What a template holds of a finger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FingerData {
    /// 19794-4.
    Image(FingerImage),
    /// 19794-2, record format, of one view.
    Minutiae(MinutiaeRecord),
}

/// One finger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finger {
    /// Which one.
    pub position: FingerPosition,
    /// Image or minutiae.
    pub data: FingerData,
    /// Header template of this instance.
    header: Header,
}

impl Finger {
    /// A finger by its image file: WSQ, PNG, JPEG 2000 or PGM, grey, 8 bits. 19794-4 stores a PGM as bare samples.
    ///
    /// # Errors
    /// [`LdsError::Image`] as for [`FingerImage::new`].
    pub fn from_image(position: FingerPosition, image: impl Into<Bytes>) -> Result<Self, LdsError> {
        let data = FingerData::Image(FingerImage::new(image)?);
        Ok(Self { position, data, header: Header::new(position.subtype(), RecordFormat::FingerImage) })
    }

    /// A finger by its minutiae record.
    ///
    /// # Errors
    /// As [`MinutiaeRecord::new`]; [`LdsError::Record`] when it holds other than one view of this finger.
    pub fn from_minutiae(position: FingerPosition, record: impl Into<Bytes>) -> Result<Self, LdsError> {
        let record = MinutiaeRecord::new(record)?;
        record.check_finger(position)?;
        let header = Header::new(position.subtype(), RecordFormat::FingerMinutiae);
        Ok(Self { position, data: FingerData::Minutiae(record), header })
    }

    /// The same finger in a record of this generation. Quality and device are left out on the way: see
    /// [`FingerImage`].
    ///
    /// # Errors
    /// [`LdsError::Value`] for minutiae, which no part of 39794 here takes.
    pub fn in_generation(mut self, generation: Generation) -> Result<Self, LdsError> {
        if self.generation() == generation {
            return Ok(self);
        }
        let FingerData::Image(image) = &mut self.data else {
            return Err(value(FORMAT, "is of minutiae, which are written by ISO 19794-2 only"));
        };
        image.forget_generation();
        self.header.format = match generation {
            Generation::Iso19794 => RecordFormat::FingerImage,
            Generation::Iso39794 => RecordFormat::FingerImage39794,
        };
        Ok(self)
    }

    /// Generation of its record.
    pub const fn generation(&self) -> Generation {
        self.header.format.generation()
    }

    fn record(&self) -> Result<Bytes, LdsError> {
        match (&self.data, self.generation()) {
            (FingerData::Image(image), Generation::Iso19794) => image.encode(self.position),
            (FingerData::Image(image), Generation::Iso39794) => image.encode_block(self.position),
            (FingerData::Minutiae(record), _) => {
                record.check_finger(self.position)?;
                Ok(record.octets().into())
            }
        }
    }

    fn header(&self) -> Header {
        let format = match (&self.data, self.generation()) {
            (FingerData::Image(_), Generation::Iso19794) => RecordFormat::FingerImage,
            (FingerData::Image(_), Generation::Iso39794) => RecordFormat::FingerImage39794,
            (FingerData::Minutiae(_), _) => RecordFormat::FingerMinutiae,
        };
        // The fields are open: what was changed after decoding must not leave the header behind.
        let mut header = self.header.clone();
        header.subtype = Some(self.position.subtype());
        header.format = format;
        header
    }

    fn decode(instance: Instance<'_>, notes: &mut Vec<FingerNote>) -> Result<Self, LdsError> {
        const SUBTYPE: u32 = 0x82;
        let header = instance.header;
        let position = FingerPosition::from_subtype(header.subtype.ok_or(LdsError::Missing(SUBTYPE))?)
            .ok_or(value(SUBTYPE, "names no single finger"))?;
        let record = instance.record;
        let data = match header.format {
            RecordFormat::FingerMinutiae => {
                let record = MinutiaeRecord::new(record)?;
                record.check_finger(position)?;
                FingerData::Minutiae(record)
            }
            RecordFormat::FingerImage39794 => FingerData::Image(FingerImage::decode_block(record, position, notes)?),
            _ => FingerData::Image(FingerImage::decode(record, position, notes)?),
        };
        Ok(Self { position, data, header })
    }
}

/// Format in the header template.
const FORMAT: u32 = 0x88;

/// A deviation that the tolerant decoder accepts. Declared values come first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FingerNote {
    /// No print and no random octets, or fewer than [`RANDOM_OCTETS_MIN`]: the hash in EF.SOD tells it to everybody.
    Random(usize),
    /// Length of the whole record.
    RecordLength(u64, usize),
    /// Length of the view with its image.
    BlockLength(u32, usize),
    /// Width and height.
    Dimensions((u16, u16), (u32, u32)),
    /// Coding of the image, by the codes of the record's standard.
    Compression(u8, u8),
    /// The image could not be walked to its end, or is of a kind that a DG3 should not hold.
    Image(ImageError),
}

impl fmt::Display for FingerNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random(0) => f.write_str("no print, and no random octets: the hash tells it to everybody"),
            Self::Random(octets) => write!(f, "no print, and {octets} random octets where {RANDOM_OCTETS_MIN} are due"),
            Self::RecordLength(said, found) => write!(f, "the record says {said} octets and has {found}"),
            Self::BlockLength(said, found) => write!(f, "the view says {said} octets and has {found}"),
            Self::Dimensions(said, found) => crate::face::write_dimensions(f, *said, *found),
            Self::Compression(said, found) => write!(f, "the record says compression {said}, the image is of {found}"),
            Self::Image(error) => write!(f, "the image: {error}"),
        }
    }
}

/// Content of DG3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dg3 {
    /// One to ten fingers, in the order of the file.
    Fingers(Vec<Finger>),
    /// No print is on the card.
    Empty {
        /// Fresh random octets, 16 or more.
        random: Bytes,
    },
}

impl Dg3 {
    /// The file.
    ///
    /// # Errors
    /// [`LdsError::Value`] for no finger at all, more than ten, one finger twice or too few random octets;
    /// [`LdsError::Record`], [`LdsError::Image`] from the records.
    pub fn encode(&self) -> Result<Bytes, LdsError> {
        match self {
            Self::Fingers(fingers) => {
                check_fingers(fingers)?;
                let instances = fingers.iter().map(|finger| Ok((finger.header(), finger.record()?))).collect::<Result<
                    Vec<_>,
                    LdsError,
                >>(
                )?;
                biometrics::encode(Modality::Finger, &instances, &[])
            }
            Self::Empty { random } => {
                check_random(random)?;
                biometrics::encode(Modality::Finger, &[], random)
            }
        }
    }

    /// Reads the file and holds every record against its header template and its image: the decoder for our own files.
    ///
    /// # Errors
    /// As [`Dg3::encode`], and the errors of the shell. Whatever [`Dg3::decode_tolerant`] would note is an error.
    pub fn decode(octets: &[u8]) -> Result<Self, LdsError> {
        let (file, notes) = Self::decode_tolerant(octets)?;
        let wrong = |field, why| Err(LdsError::Record { record: "FIR", field, why });
        match notes.into_iter().next() {
            None => Ok(file),
            Some(FingerNote::Image(error)) => Err(error.into()),
            Some(FingerNote::Random(0)) => Err(LdsError::Missing(biometrics::RANDOM)),
            Some(FingerNote::Random(_)) => Err(value(biometrics::RANDOM, "has fewer than 16 random octets")),
            Some(FingerNote::RecordLength(..)) => wrong("length", "is not that of the record"),
            Some(FingerNote::BlockLength(..)) => wrong("block length", "is not that of the view"),
            Some(FingerNote::Dimensions(..)) => wrong("width or height", "is not that of the image"),
            Some(FingerNote::Compression(..)) => wrong("compression", "is not that of the image"),
        }
    }

    /// Reads the file of any country: the deviations of [`FingerNote`] are noted, all others are errors.
    ///
    /// # Errors
    /// As [`Dg3::decode`], less those deviations.
    pub fn decode_tolerant(octets: &[u8]) -> Result<(Self, Vec<FingerNote>), LdsError> {
        let (instances, random) = biometrics::decode(octets, Modality::Finger)?;
        let mut notes = Vec::new();
        if instances.is_empty() {
            let random: Bytes = random.unwrap_or_default().into();
            if random.len() < RANDOM_OCTETS_MIN {
                notes.push(FingerNote::Random(random.len()));
            }
            return Ok((Self::Empty { random }, notes));
        }
        if random.is_some() {
            return Err(LdsError::OutOfPlace(biometrics::RANDOM));
        }
        let fingers = instances
            .into_iter()
            .map(|instance| Finger::decode(instance, &mut notes))
            .collect::<Result<Vec<_>, _>>()?;
        check_fingers(&fingers)?;
        Ok((Self::Fingers(fingers), notes))
    }

    /// The fingers, none in the zero-instance form.
    pub fn fingers(&self) -> &[Finger] {
        match self {
            Self::Fingers(fingers) => fingers,
            Self::Empty { .. } => &[],
        }
    }
}

fn check_random(random: &[u8]) -> Result<(), LdsError> {
    if random.len() < RANDOM_OCTETS_MIN {
        return Err(value(biometrics::RANDOM, "has fewer than 16 random octets"));
    }
    Ok(())
}

fn check_fingers(fingers: &[Finger]) -> Result<(), LdsError> {
    const GROUP: u32 = 0x7F61;
    if fingers.is_empty() {
        return Err(value(GROUP, "holds no finger: use the zero-instance form"));
    }
    let twice = |at: usize| {
        fingers.iter().take(at).any(|earlier| Some(earlier.position) == fingers.get(at).map(|f| f.position))
    };
    if (0..fingers.len()).any(twice) { Err(value(GROUP, "holds one finger twice")) } else { Ok(()) }
}

#[cfg(test)]
mod lds_d;
#[cfg(test)]
mod tests;
