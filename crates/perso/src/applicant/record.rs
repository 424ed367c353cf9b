//! The shape of the JSON record. Its comments are the descriptions of the published schema; its rules are checked by
//! the neighbouring modules, so a [`Record`] by itself promises nothing.

use bitaqa_lds::fingers::FingerPosition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Record of one applicant for a CNIE 2.0: what is printed, what goes into the chip, and the files with the images.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Applicant record")]
pub struct Record {
    /// Number of this card (not the CIN): 1 to 9 capitals and digits. Test cards begin with VSI.
    #[schemars(regex(pattern = r"^[A-Z0-9]{1,9}$"))]
    pub document_number: String,
    /// National identification number: one or two capitals, then 1 to 8 digits, usually 5 to 7.
    #[schemars(regex(pattern = r"^[A-Z]{1,2}[0-9]{1,8}$"))]
    pub cin: String,
    /// Card access number printed at the edge of the card, six digits. Drawn at random when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9]{6}$"))]
    pub can: Option<String>,
    /// Names as printed.
    pub names: Names,
    /// Birth.
    pub birth: Birth,
    /// Sex.
    #[zeroize(skip)]
    pub sex: Sex,
    /// Lines of the parents on the back.
    pub parents: Parents,
    /// Address; lines parted by a line feed.
    pub address: Bilingual,
    /// Civil-registry number in the shape nnn/yyyy or nnnn/nnnn/yyyy.
    #[schemars(regex(pattern = r"^[0-9]{1,4}(/[0-9]{1,4})?/[0-9]{4}$"))]
    pub civil_registry_number: String,
    /// Mention of wife, widow or widower, where the holder wants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spouse: Option<Spouse>,
    /// Issuing authority.
    pub authority: Bilingual,
    /// First day of validity, YYYY-MM-DD.
    #[schemars(regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub issue_date: String,
    /// Last day of validity, YYYY-MM-DD: at most 10 years after issue, 7 years for a holder under 12.
    #[schemars(regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub expiry_date: String,
    /// Portrait.
    pub portrait: Portrait,
    /// Two prints of two fingers; none for a holder under 12.
    #[schemars(length(max = 2))]
    pub fingerprints: Vec<Fingerprint>,
    /// Data that the holder chose to keep in the protected part of the chip.
    #[serde(default, skip_serializing_if = "Optional::is_empty")]
    pub optional: Optional,
}

/// Names in both scripts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct Names {
    /// In Arabic letters.
    pub arabic: Name,
    /// In Latin letters, as the civil record has them; the MRZ is made from these.
    pub latin: Name,
}

/// A name in one script.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// Family name.
    #[schemars(length(min = 1, max = 60))]
    pub surname: String,
    /// Given names.
    #[schemars(length(min = 1, max = 60))]
    pub given: String,
}

/// Birth.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct Birth {
    /// Date of birth, YYYY-MM-DD.
    #[schemars(regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub date: String,
    /// Place of birth.
    pub place: Bilingual,
}

/// The same line in both scripts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// In Arabic letters.
    #[schemars(length(min = 1, max = 160))]
    pub arabic: String,
    /// In Latin letters.
    #[schemars(length(min = 1, max = 160))]
    pub latin: String,
}

/// Sex as printed: M, F, or X where it is not stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Sex {
    /// Male.
    M,
    /// Female.
    F,
    /// Not stated.
    X,
}

/// Lines of the parents, each with the grandfather's part.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct Parents {
    /// FATHER ben GRANDFATHER.
    pub father: Bilingual,
    /// MOTHER bent GRANDFATHER.
    pub mother: Bilingual,
}

/// What the holder is to the person named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpouseKind {
    /// Wife of.
    Wife,
    /// Widow of.
    Widow,
    /// Widower of.
    Widower,
}

/// Mention of the spouse, law 04-20 art. 4.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct Spouse {
    /// What the holder is to the person named.
    #[zeroize(skip)]
    pub kind: SpouseKind,
    /// That person's name in Arabic letters.
    #[schemars(length(min = 1, max = 120))]
    pub arabic: String,
    /// That person's name in Latin letters.
    #[schemars(length(min = 1, max = 120))]
    pub latin: String,
}

/// Portrait.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct Portrait {
    /// Image file beside the record: JPEG or JPEG 2000 as it goes into the chip, 35 x 45 mm; or PNG as the camera gave
    /// it, which is cut, scaled and compressed for the chip.
    #[schemars(length(min = 1))]
    pub file: String,
    /// Eyes in a PNG, to cut it by. Without them it is taken whole, and must have the shape of 35 x 45 mm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eyes: Option<EyePlaces>,
}

/// Middles of the eyes: columns and rows of pixels, counted from the upper left corner.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct EyePlaces {
    /// The holder's right eye, on the left of the picture.
    pub right: [u16; 2],
    /// The holder's left eye.
    pub left: [u16; 2],
}

/// A finger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Finger {
    /// Right thumb.
    RightThumb,
    /// Right index finger.
    RightIndex,
    /// Right middle finger.
    RightMiddle,
    /// Right ring finger.
    RightRing,
    /// Right little finger.
    RightLittle,
    /// Left thumb.
    LeftThumb,
    /// Left index finger.
    LeftIndex,
    /// Left middle finger.
    LeftMiddle,
    /// Left ring finger.
    LeftRing,
    /// Left little finger.
    LeftLittle,
}

impl Finger {
    /// Whether it belongs to the right hand.
    pub const fn is_right(self) -> bool {
        matches!(self, Self::RightThumb | Self::RightIndex | Self::RightMiddle | Self::RightRing | Self::RightLittle)
    }

    /// The same finger as records of ISO/IEC 19794 name it.
    pub const fn position(self) -> FingerPosition {
        match self {
            Self::RightThumb => FingerPosition::RightThumb,
            Self::RightIndex => FingerPosition::RightIndex,
            Self::RightMiddle => FingerPosition::RightMiddle,
            Self::RightRing => FingerPosition::RightRing,
            Self::RightLittle => FingerPosition::RightLittle,
            Self::LeftThumb => FingerPosition::LeftThumb,
            Self::LeftIndex => FingerPosition::LeftIndex,
            Self::LeftMiddle => FingerPosition::LeftMiddle,
            Self::LeftRing => FingerPosition::LeftRing,
            Self::LeftLittle => FingerPosition::LeftLittle,
        }
    }
}

/// One print.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct Fingerprint {
    /// Which finger.
    #[zeroize(skip)]
    pub finger: Finger,
    /// File beside the record: an image of 500 ppi in 8-bit grey, or a minutiae record, as the card profile wants.
    #[schemars(length(min = 1))]
    pub file: String,
}

/// Whom to call in an emergency.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct EmergencyContact {
    /// Name, in either script.
    #[schemars(length(min = 1, max = 60))]
    pub name: String,
    /// Telephone number.
    #[schemars(regex(pattern = r"^\+?[0-9 .()-]{8,24}$"))]
    pub phone: String,
}

/// Optional data, law 04-20 art. 6.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct Optional {
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 254))]
    pub email: Option<String>,
    /// Telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^\+?[0-9 .()-]{8,24}$"))]
    pub phone: Option<String>,
    /// Whom to call in an emergency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency_contact: Option<EmergencyContact>,
    /// Number in the population register: ten digits, the last one a Verhoeff check digit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[2-9][0-9]{9}$"))]
    pub idcs: Option<String>,
}

impl Optional {
    /// Whether the holder chose nothing.
    pub const fn is_empty(&self) -> bool {
        self.email.is_none() && self.phone.is_none() && self.emergency_contact.is_none() && self.idcs.is_none()
    }
}
