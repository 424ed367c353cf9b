//! Why a portrait is not taken, with what to do about it.

use bitaqa_lds::image::{ImageError, ImageFormat};

/// A portrait that is not taken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PortraitError {
    /// The container is none, is damaged, cut off or followed by something.
    #[error(transparent)]
    Container(#[from] ImageError),
    /// More octets than any portrait has.
    #[error("the file has {octets} octets, a portrait at most {}", super::OCTETS_MAX)]
    TooManyOctets {
        /// Octets of the file.
        octets: usize,
    },
    /// The header announces more pixels than are decoded.
    #[error("{format}: the header announces {width} x {height} pixels, at most {} are decoded", super::PIXELS_MAX)]
    TooManyPixels {
        /// Format found.
        format: ImageFormat,
        /// Columns announced.
        width: u32,
        /// Rows announced.
        height: u32,
    },
    /// A few octets that announce very many pixels.
    #[error("{format}: {octets} octets announce {width} x {height} pixels, which no picture of a person can")]
    Hollow {
        /// Format found.
        format: ImageFormat,
        /// Columns announced.
        width: u32,
        /// Rows announced.
        height: u32,
        /// Octets of the file.
        octets: usize,
    },
    /// Sides below 32 pixels.
    #[error("{width} x {height} pixels are no portrait")]
    TooSmall {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// Colours, depth or a kind of file that no portrait has.
    #[error("{format}: {what}")]
    Kind {
        /// Format found.
        format: ImageFormat,
        /// What is not taken.
        what: &'static str,
    },
    /// The pictures' own data are damaged.
    #[error("{format}: the picture does not decode: {what}")]
    Decode {
        /// Format found.
        format: ImageFormat,
        /// The decoder's words.
        what: String,
    },
    /// The source has lost already what a second lossy coding would lose again.
    #[error("double compression: the source is a {format} of {what}, and was compressed for a chip or a page before")]
    SecondLoss {
        /// Format found.
        format: ImageFormat,
        /// Quality or bits per pixel.
        what: String,
    },
    /// Scaling up would invent what the camera has not seen.
    #[error(
        "too few pixels: the part for the card has {width} x {height}, the card takes {wanted_width} x {wanted_height}"
    )]
    Upscale {
        /// Columns that the cut has in the source.
        width: u32,
        /// Rows that the cut has in the source.
        height: u32,
        /// Columns of the card's portrait.
        wanted_width: u32,
        /// Rows of the card's portrait.
        wanted_height: u32,
    },
    /// The picture ends before the frame that the card wants around the face.
    #[error("no room around the face: with these eyes the frame of the card lies outside the picture")]
    NoRoom,
    /// Eyes that cannot be.
    #[error("eyes: {0}")]
    Eyes(&'static str),
    /// Neither the card's shape nor eyes to cut by.
    #[error("{width} x {height} is not the shape {wanted_width} x {wanted_height} of the card, and no eyes are given")]
    Shape {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Columns of the card's portrait.
        wanted_width: u32,
        /// Rows of the card's portrait.
        wanted_height: u32,
    },
    /// No file of this size is good enough.
    #[error(
        "{octets_max} octets are too few: such a file is {psnr_db:.1} dB from the picture, at least {} are wanted",
        super::LUMA_PSNR_MIN_DB
    )]
    TooFewOctets {
        /// The most octets the file may have.
        octets_max: usize,
        /// What was reached.
        psnr_db: f64,
    },
    /// An encoder refused, or what it wrote does not decode to what it was given.
    #[error("encoder: {0}")]
    Encoder(String),
}

impl PortraitError {
    /// What to do about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Container(_) | Self::Decode { .. } => "export the portrait again from the original as PNG or JPEG",
            Self::TooManyOctets { .. } | Self::TooManyPixels { .. } => {
                "scale the original down to at most 25 million pixels, or cut it closer"
            }
            Self::Hollow { .. } => "do not use this file: it is made to fill a memory; take the portrait anew",
            Self::TooSmall { .. } | Self::Upscale { .. } => {
                "take the portrait anew with more pixels: none are invented"
            }
            Self::Kind { .. } => "store one still picture of 8 bits in sRGB or grey, without transparency",
            Self::SecondLoss { .. } => {
                "take the camera's original, or put this file into the chip as it is when the profile takes it"
            }
            Self::NoRoom => "take the portrait anew with more background around the head, or correct the eyes",
            Self::Eyes(_) => "give the sitter's right eye first: X,Y,X,Y in pixels from the upper left corner",
            Self::Shape { .. } => "cut it to 35 x 45 mm, or give the eyes to cut by",
            Self::TooFewOctets { .. } => "allow more octets, or take a portrait with an even background",
            Self::Encoder(_) => "report this portrait: an encoder has failed on a picture that it should take",
        }
    }
}
