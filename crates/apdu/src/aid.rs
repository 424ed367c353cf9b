//! Application identifiers, 7816-4 §12.2.3: 5 to 16 octets.

use core::fmt;

/// An application identifier.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Aid(Vec<u8>);

/// Not an AID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AidError {
    /// 7816-4 and GPC give 5 to 16 octets.
    #[error("an AID has 5 to 16 octets, this one has {0}")]
    Length(usize),
    /// Not hexadecimal.
    #[error("an AID is written as hexadecimal octets without spaces")]
    Hex,
}

impl Aid {
    /// Checks the length.
    ///
    /// # Errors
    /// [`AidError::Length`] outside 5 to 16 octets.
    pub fn new(octets: &[u8]) -> Result<Self, AidError> {
        if (5..=16).contains(&octets.len()) { Ok(Self(octets.to_vec())) } else { Err(AidError::Length(octets.len())) }
    }

    /// Reads hexadecimal text.
    ///
    /// # Errors
    /// [`AidError`] when it is not hexadecimal or has a wrong length.
    pub fn from_hex(text: &str) -> Result<Self, AidError> {
        if !text.is_ascii() || !text.len().is_multiple_of(2) {
            return Err(AidError::Hex);
        }
        let octets: Result<Vec<u8>, _> =
            (0..text.len() / 2).map(|i| u8::from_str_radix(text.get(2 * i..2 * i + 2).unwrap_or(""), 16)).collect();
        Self::new(&octets.map_err(|_| AidError::Hex)?)
    }

    /// The octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether `partial` selects this application: the AID or its beginning (7816-4 §11.2.2).
    pub fn matches(&self, partial: &[u8]) -> bool {
        self.0.starts_with(partial)
    }
}

impl fmt::Display for Aid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
    }
}

impl fmt::Debug for Aid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Aid({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_goes_both_ways() {
        let aid = Aid::from_hex("A0000002471001").unwrap();
        assert_eq!(aid.to_string(), "A0000002471001");
        assert!(aid.matches(&[0xA0, 0, 0, 2, 0x47]));
        assert!(!aid.matches(&[0xA1]));
    }

    #[test]
    fn wrong_texts_are_refused() {
        assert_eq!(Aid::from_hex("A00000"), Err(AidError::Length(3)));
        assert_eq!(Aid::from_hex("A000000247100"), Err(AidError::Hex));
        assert_eq!(Aid::from_hex("A00000024710ZZ"), Err(AidError::Hex));
        assert_eq!(Aid::from_hex("é0000002471001"), Err(AidError::Hex));
    }
}
