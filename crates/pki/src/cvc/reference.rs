//! Key references: who holds a key and who certified it, TR-03110-3 §A.7.1.

use super::CvcError;
use core::fmt;

/// Country code (2 letters), holder mnemonic (1 to 9 characters of ISO 8859-1), sequence number (5 digits or upper-case
/// letters): `MACVCACNIE00001`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference(Vec<u8>);

impl Reference {
    /// From the octets of a certificate, a command or EF.CVCA.
    ///
    /// # Errors
    /// [`CvcError::Reference`].
    pub fn from_octets(octets: &[u8]) -> Result<Self, CvcError> {
        let reference = Self(octets.to_vec());
        if reference.is_valid() { Ok(reference) } else { Err(CvcError::Reference(latin_1(octets))) }
    }

    /// From its three parts.
    ///
    /// # Errors
    /// [`CvcError::Reference`].
    pub fn new(country: &str, mnemonic: &str, sequence: &str) -> Result<Self, CvcError> {
        let text = format!("{country}{mnemonic}{sequence}");
        let octets = text.chars().map(u8::try_from).collect::<Result<Vec<u8>, _>>();
        let parts_fit = country.len() == 2 && sequence.len() == 5;
        octets
            .ok()
            .filter(|_| parts_fit)
            .and_then(|octets| Self::from_octets(&octets).ok())
            .ok_or(CvcError::Reference(text))
    }

    /// The octets, ISO 8859-1.
    pub fn as_octets(&self) -> &[u8] {
        &self.0
    }

    /// Country code, ISO 3166-1.
    pub fn country(&self) -> String {
        latin_1(self.0.get(..2).unwrap_or_default())
    }

    /// Holder mnemonic.
    pub fn mnemonic(&self) -> String {
        latin_1(self.0.get(2..self.0.len().saturating_sub(5)).unwrap_or_default())
    }

    /// Sequence number.
    pub fn sequence(&self) -> String {
        latin_1(self.0.get(self.0.len().saturating_sub(5)..).unwrap_or_default())
    }

    fn is_valid(&self) -> bool {
        if !(8..=16).contains(&self.0.len()) {
            return false;
        }
        let (head, sequence) = self.0.split_at(self.0.len() - 5);
        let (country, mnemonic) = head.split_at(2);
        country.iter().all(u8::is_ascii_uppercase)
            && mnemonic.iter().all(|octet| matches!(octet, 0x20..=0x7E | 0xA0..=0xFF))
            && sequence.iter().all(|octet| octet.is_ascii_digit() || octet.is_ascii_uppercase())
    }
}

/// ISO 8859-1 is the first page of Unicode.
fn latin_1(octets: &[u8]) -> String {
    octets.iter().map(|octet| char::from(*octet)).collect()
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&latin_1(&self.0))
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reference({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back() {
        let reference = Reference::new("MA", "CVCACNIE", "00001").unwrap();
        assert_eq!(reference.as_octets(), b"MACVCACNIE00001");
        let parts = (reference.country(), reference.mnemonic(), reference.sequence());
        assert_eq!(parts, ("MA".into(), "CVCACNIE".into(), "00001".into()));
    }

    #[test]
    fn lengths_and_characters_are_checked() {
        for good in [&b"DEX00001"[..], b"DE12345678900A0Z", b"DE \xFC0MA01"] {
            assert!(Reference::from_octets(good).is_ok(), "{good:?}");
        }
        let bad: [&[u8]; 8] = [
            b"",
            b"DE00001",
            b"DE123456789000001X",
            b"DE1234567890000001",
            b"deCVCA00001",
            b"D1CVCA00001",
            b"DECVCA0000a",
            b"DECV\x80A00001",
        ];
        for bad in bad {
            assert!(matches!(Reference::from_octets(bad), Err(CvcError::Reference(_))), "{bad:?}");
        }
        assert!(Reference::new("MAR", "CVCA", "00001").is_err());
        assert!(Reference::new("MA", "بطاقة", "00001").is_err());
    }
}
