//! Text of a person's record, wiped on drop and silent in `Debug`: what [`bitaqa_apdu::Bytes`] is for octets.

use core::fmt;
use core::ops::Deref;

use bitaqa_apdu::tlv::Tag;
use zeroize::Zeroize;

use crate::error::{LdsError, value};

/// Unicode text, stored as UTF-8.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(String);

impl Text {
    /// The text of a data object: UTF-8, not empty, at most `octets_max` octets, no control character but those
    /// allowed.
    pub(crate) fn decode(tag: Tag, octets: &[u8], octets_max: usize, controls: &[char]) -> Result<Self, LdsError> {
        let text = core::str::from_utf8(octets).map_err(|_| value(tag, "is no UTF-8"))?;
        check(tag, text, octets_max, controls)?;
        Ok(Self(text.to_owned()))
    }

    /// The octets for a data object, after the same checks as in [`Text::decode`].
    pub(crate) fn encode(&self, tag: Tag, octets_max: usize, controls: &[char]) -> Result<&[u8], LdsError> {
        check(tag, &self.0, octets_max, controls)?;
        Ok(self.0.as_bytes())
    }
}

/// One rule for both directions, so that whatever is written reads back.
fn check(tag: Tag, text: &str, octets_max: usize, controls: &[char]) -> Result<(), LdsError> {
    if text.is_empty() {
        return Err(value(tag, "is empty"));
    }
    if text.len() > octets_max {
        return Err(value(tag, "is longer than its definition allows (octets of UTF-8 count)"));
    }
    if text.chars().any(|letter| letter.is_control() && !controls.contains(&letter)) {
        return Err(value(tag, "holds a control character"));
    }
    Ok(())
}

impl Drop for Text {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_tells_the_length_and_nothing_else() {
        assert_eq!(format!("{:?}", Text::from("TEMSAMANI")), "Text(9)");
    }

    #[test]
    fn the_rules_hold_both_ways() {
        for (text, fits) in
            [("", false), ("A", true), ("ABCDE", false), ("A\u{7}", false), ("A\nB", true), ("بب", true)]
        {
            assert_eq!(Text::decode(0x5F0E, text.as_bytes(), 4, &['\n']).is_ok(), fits, "{text:?}");
            assert_eq!(Text::from(text).encode(0x5F0E, 4, &['\n']).is_ok(), fits, "{text:?}");
        }
        assert!(Text::decode(0x5F0E, &[0xD8], 4, &[]).is_err());
    }
}
