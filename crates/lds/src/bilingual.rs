//! A text of the Moroccan record in both of its scripts, and the private data objects that carry it.

use bitaqa_apdu::{Bytes, tlv};

use crate::error::LdsError;
use crate::text::Text;

/// Arabic text, inside a bilingual template.
pub(crate) const ARABIC: tlv::Tag = 0xC1;
/// Latin text, inside a bilingual template.
pub(crate) const LATIN: tlv::Tag = 0xC2;

/// Octets of UTF-8 in one script: our own limit, ten times the 99 of DG11, so that four lines of address fit.
pub const BILINGUAL_OCTETS_MAX: usize = 999;

/// One field in Arabic and in Latin letters. Neither is ever derived from the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bilingual {
    /// Arabic script. Which letters may stand here is checked where the record is read.
    pub arabic: Text,
    /// Latin script.
    pub latin: Text,
}

impl Bilingual {
    /// Both texts.
    pub fn new(arabic: impl Into<Text>, latin: impl Into<Text>) -> Self {
        Self { arabic: arabic.into(), latin: latin.into() }
    }

    /// `C1 L <Arabic> C2 L <Latin>`; line feeds are allowed where `lines` says so.
    pub(crate) fn encode(&self, lines: Lines) -> Result<Bytes, LdsError> {
        let mut out = Bytes::new();
        tlv::put(out.as_mut_vec(), ARABIC, self.arabic.encode(ARABIC, BILINGUAL_OCTETS_MAX, lines.controls())?);
        tlv::put(out.as_mut_vec(), LATIN, self.latin.encode(LATIN, BILINGUAL_OCTETS_MAX, lines.controls())?);
        Ok(out)
    }

    /// Reads both texts; what follows them stays in the reader.
    pub(crate) fn decode(reader: &mut tlv::Reader<'_>, lines: Lines) -> Result<Self, LdsError> {
        Ok(Self {
            arabic: Text::decode(ARABIC, reader.expect(ARABIC)?, BILINGUAL_OCTETS_MAX, lines.controls())?,
            latin: Text::decode(LATIN, reader.expect(LATIN)?, BILINGUAL_OCTETS_MAX, lines.controls())?,
        })
    }
}

/// Whether a text has several lines.
#[derive(Clone, Copy)]
pub(crate) enum Lines {
    One,
    Several,
}

impl Lines {
    const fn controls(self) -> &'static [char] {
        match self {
            Self::One => &[],
            Self::Several => &['\n'],
        }
    }
}
