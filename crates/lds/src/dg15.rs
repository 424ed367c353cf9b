//! DG15, the public key of Active Authentication: 9303-10 §4.7.15, 9303-11 §9.1.
//!
//! ```text
//! 6F L { SubjectPublicKeyInfo (DER) }
//! ```

use bitaqa_apdu::{Bytes, tlv};
use der::asn1::AnyRef;
use der::{Decode, Tag, Tagged};

use crate::error::LdsError;

const DG15: tlv::Tag = 0x6F;

/// Content of DG15. What the key is, is for the reader of keys to judge; here it is one SEQUENCE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dg15 {
    public_key: Vec<u8>,
}

impl Dg15 {
    /// Around a `SubjectPublicKeyInfo` in DER.
    ///
    /// # Errors
    /// [`LdsError::Der`] for anything but one SEQUENCE.
    pub fn new(public_key: &[u8]) -> Result<Self, LdsError> {
        AnyRef::from_der(public_key)?.tag().assert_eq(Tag::Sequence)?;
        Ok(Self { public_key: public_key.to_vec() })
    }

    /// `SubjectPublicKeyInfo`, DER.
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// The file.
    pub fn encode(&self) -> Bytes {
        tlv::tlv(DG15, &self.public_key).into()
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`LdsError::Tlv`] for a broken frame; as [`Dg15::new`].
    pub fn decode(octets: &[u8]) -> Result<Self, LdsError> {
        Self::new(tlv::only(octets, DG15)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_one_sequence_in_tag_6f_is_a_file() {
        for text in ["6F00", "6F023100", "6F0430003000", "6F03300200", "6E023000", "6F02300000", "3000"] {
            assert!(Dg15::decode(&hex::decode(text).unwrap()).is_err(), "{text}");
        }
        assert_eq!(Dg15::decode(&[0x6F, 2, 0x30, 0]).unwrap().public_key(), [0x30, 0]);
        assert!(Dg15::new(&[0x30, 0, 0]).is_err());
    }

    proptest! {
        #[test]
        fn files_read_back(content in proptest::collection::vec(any::<u8>(), 0..600)) {
            let file = Dg15::new(&tlv::tlv(0x30, &content)).unwrap();
            prop_assert_eq!(Dg15::decode(&file.encode()).unwrap(), file);
        }
    }
}
