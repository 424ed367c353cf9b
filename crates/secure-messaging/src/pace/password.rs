//! The passwords of PACE: which one (DO 83), and what of it goes into the key derivation.

use core::fmt;
use core::ops::RangeInclusive;
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

/// Which password, DO 83 of MSE:Set AT: 9303-11 §4.4.4.1 and TR-03110-3 §B.14.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PasswordKind {
    /// MRZ_information.
    Mrz = 1,
    /// Card access number.
    Can = 2,
    /// Personal identification number of the holder.
    Pin = 3,
    /// Unblocking key.
    Puk = 4,
}

impl PasswordKind {
    /// From the value of DO 83; `None` for what is not one octet 01 to 04.
    pub const fn from_reference(reference: &[u8]) -> Option<Self> {
        match reference {
            [1] => Some(Self::Mrz),
            [2] => Some(Self::Can),
            [3] => Some(Self::Pin),
            [4] => Some(Self::Puk),
            _ => None,
        }
    }
}

/// A password as PACE takes it: f(pi) of 9303-11 §9.7.3. Wiped when dropped; `Debug` tells the kind only.
#[derive(Clone)]
pub struct Password {
    kind: PasswordKind,
    secret: Zeroizing<Vec<u8>>,
}

/// A text that is no such password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// 9303-4 and -5 print six digits.
    #[error("a card access number has six digits")]
    Can,
    /// TR-03110-2 §2.2 leaves the lengths to the issuer.
    #[error("a PIN has 4 to 16 digits")]
    Pin,
    /// As [`PasswordError::Pin`].
    #[error("a PUK has 4 to 16 digits")]
    Puk,
}

impl Password {
    /// The card access number, six digits.
    ///
    /// # Errors
    /// [`PasswordError::Can`] for any other text.
    pub fn can(digits: &str) -> Result<Self, PasswordError> {
        Self::digits(PasswordKind::Can, digits, 6..=6).ok_or(PasswordError::Can)
    }

    /// The holder's PIN, 4 to 16 digits.
    ///
    /// # Errors
    /// [`PasswordError::Pin`] for any other text.
    pub fn pin(digits: &str) -> Result<Self, PasswordError> {
        Self::digits(PasswordKind::Pin, digits, 4..=16).ok_or(PasswordError::Pin)
    }

    /// The unblocking key, 4 to 16 digits.
    ///
    /// # Errors
    /// [`PasswordError::Puk`] for any other text.
    pub fn puk(digits: &str) -> Result<Self, PasswordError> {
        Self::digits(PasswordKind::Puk, digits, 4..=16).ok_or(PasswordError::Puk)
    }

    fn digits(kind: PasswordKind, digits: &str, length: RangeInclusive<usize>) -> Option<Self> {
        let good = length.contains(&digits.len()) && digits.bytes().all(|octet| octet.is_ascii_digit());
        good.then(|| Self::from_secret(kind, digits.as_bytes()))
    }

    /// The MRZ: document number, birth and expiry, each with its check digit (`lds::mrz::key_input`). The secret is
    /// the SHA-1 of it, 9303-11 §9.7.3.
    pub fn mrz(key_input: &str) -> Self {
        let digest = Zeroizing::new(<[u8; 20]>::from(Sha1::digest(key_input)));
        Self::from_secret(PasswordKind::Mrz, &*digest)
    }

    /// A secret as the chip stores it: digits in ISO 8859-1, for the MRZ the 20 octets of its SHA-1.
    pub fn from_secret(kind: PasswordKind, secret: &[u8]) -> Self {
        Self { kind, secret: Zeroizing::new(secret.to_vec()) }
    }

    /// Which password.
    pub const fn kind(&self) -> PasswordKind {
        self.kind
    }

    /// f(pi), for a chip to store.
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Password({:?})", self.kind)
    }
}
