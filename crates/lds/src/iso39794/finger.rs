//! A print of our model in a block of ISO/IEC 39794-4 and back.

use bitaqa_apdu::{Bytes, tlv};

use super::tree::Element;
use super::{Block, Standard, finger_fields};
use crate::error::LdsError;
use crate::fingers::Impression;

static STANDARD: Standard =
    Standard { record: "39794-4", tag: 0x64, kind: finger_fields::BLOCK, image: &[0xA1, 0x30, 0x83] };

const POSITION: &[tlv::Tag] = &[0xA1, 0x30, 0xA0];
const IMPRESSION: &[tlv::Tag] = &[0xA1, 0x30, 0xA1];
const FORMAT: &[tlv::Tag] = &[0xA1, 0x30, 0xA2];
const TECHNOLOGY: &[tlv::Tag] = &[0xA1, 0x30, 0xA5, 0xA1];
const QUALITY: &[tlv::Tag] = &[0xA1, 0x30, 0xA6, 0x30, 0xA1, 0x80];
const RATE: &[tlv::Tag] = &[0xA1, 0x30, 0xA7];
const RATE_SAMPLES: &[tlv::Tag] = &[0xA1, 0x30, 0xA7, 0x80];
const RATE_UNIT: &[tlv::Tag] = &[0xA1, 0x30, 0xA7, 0x81];

/// Codings of the image.
pub const PGM: u8 = 0;
/// WSQ.
pub const WSQ: u8 = 1;
/// JPEG 2000 by a wavelet that cannot be reversed.
pub const JPEG_2000_LOSSY: u8 = 2;
/// JPEG 2000 by the reversible one.
pub const JPEG_2000_LOSSLESS: u8 = 3;
/// PNG.
pub const PNG: u8 = 4;

/// Ink that was scanned: what 19794-4 tells by its codes of non-live impressions.
const SCANNED_INK: u64 = 2;
/// 500 samples an inch, where nothing else is told: 9303 asks for it.
const PPI: u16 = 500;

/// What the two generations have in common beside the image.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shared {
    /// Code of the finger: the same numbers in both.
    pub position: u8,
    /// Kind of impression.
    pub impression: Impression,
    /// Score of the first algorithm, 254 where none is told.
    pub quality: u8,
    /// Samples an inch.
    pub ppi: u16,
    /// Coding of the image.
    pub format: u8,
}

impl Block {
    /// A block that says nothing yet.
    pub(crate) fn of_finger() -> Self {
        let version = Element::group(0xA0, vec![Element::octets(0x80, [3]), Element::octets(0x81, [0x07, 0xE3])]);
        let representations = Element::group(0xA1, vec![Element::group(0x30, Vec::new())]);
        Self { root: Element::group(STANDARD.tag, vec![version, representations]), standard: &STANDARD }
    }

    /// Reads the value of 7F2E.
    pub(crate) fn read_finger(octets: &[u8]) -> Result<(Self, Bytes), LdsError> {
        let (block, image) = Self::read(octets, &STANDARD)?;
        block.only_one_representation()?;
        Ok((block, image))
    }

    /// The value of 7F2E. Only what differs from the block's own word is put into it.
    pub(crate) fn write_finger(mut self, print: Shared, image: &[u8]) -> Bytes {
        let fresh = self.root.code(POSITION).is_none();
        let own = self.finger();
        let root = &mut self.root;
        if own.position != print.position || fresh {
            root.set_code(POSITION, print.position, false);
        }
        if own.impression != print.impression || fresh {
            root.set_code(IMPRESSION, impression_code(print.impression), false);
            if matches!(print.impression, Impression::NonlivePlain | Impression::NonliveRolled) {
                root.set_code(TECHNOLOGY, 2, false);
            } else if root.code(TECHNOLOGY) == Some(SCANNED_INK) {
                root.remove(TECHNOLOGY);
            }
        }
        let jpeg_2000 = |format: u8| matches!(format, JPEG_2000_LOSSY | JPEG_2000_LOSSLESS);
        let same = own.format == print.format || jpeg_2000(own.format) && jpeg_2000(print.format);
        if !same || fresh {
            root.set_code(FORMAT, print.format, false);
        }
        if own.ppi != print.ppi {
            root.remove(RATE);
            root.set(RATE_SAMPLES, &positive(print.ppi));
            root.set(RATE_UNIT, &[0]);
        }
        self.write(image)
    }

    /// The fields that our model has.
    pub(crate) fn finger(&self) -> Shared {
        let code = |path| self.root.code(path).and_then(|code| u8::try_from(code).ok()).unwrap_or_default();
        let ink = self.root.code(TECHNOLOGY) == Some(SCANNED_INK);
        let quality = self.root.number(QUALITY).and_then(|score| u8::try_from(score).ok());
        Shared {
            position: code(POSITION),
            impression: impression(code(IMPRESSION), ink),
            quality: quality.unwrap_or(254),
            ppi: self.ppi(),
            format: code(FORMAT),
        }
    }

    /// Rounded: 197 to the centimetre are the 500 to the inch that were meant.
    fn ppi(&self) -> u16 {
        let Some(samples) = self.root.number(RATE_SAMPLES) else { return PPI };
        let centimetre = self.root.number(RATE_UNIT) == Some(1);
        let samples = if centimetre { samples.saturating_mul(254).saturating_add(50) / 100 } else { samples };
        u16::try_from(samples).unwrap_or(u16::MAX)
    }
}

/// INTEGER, X.690 §8.3: no octet more than needed, and a zero before a high bit.
fn positive(number: u16) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    match (high, low) {
        (0, 0..=0x7F) => vec![low],
        (0..=0x7F, _) => vec![high, low],
        _ => vec![0, high, low],
    }
}

const fn impression_code(impression: Impression) -> u8 {
    match impression {
        Impression::NonlivePlain => 0,
        Impression::NonliveRolled => 1,
        other => other as u8,
    }
}

const fn impression(code: u8, ink: bool) -> Impression {
    match (code, ink) {
        (0, false) => Impression::LivePlain,
        (1, false) => Impression::LiveRolled,
        (0, true) => Impression::NonlivePlain,
        (1, true) => Impression::NonliveRolled,
        (4, _) => Impression::Latent,
        (8, _) => Impression::Swipe,
        (24, _) => Impression::ContactlessPlain,
        (25, _) => Impression::ContactlessRolled,
        (28, _) => Impression::Other,
        (41, _) => Impression::MovingContactlessPlain,
        (42, _) => Impression::MovingContactlessRolled,
        _ => Impression::Unknown,
    }
}
