//! EF.CVCA: which trust points a chip has, so that a terminal knows where its chain must begin. TR-03110-3 §A.7.2.4.
//!
//! ```text
//! 42 CAR of the most recent trust point
//! 42 CAR of the one before               optional
//! 00 .. 00                               up to 36 octets
//! ```

use super::{CvcError, Reference};
use bitaqa_apdu::tlv::{Reader, TlvError, put};

/// Octets of the file, always.
const SIZE: usize = 36;

/// What is wrong with an EF.CVCA.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EfCvcaError {
    /// Not 36 octets.
    #[error("EF.CVCA has {0} octets instead of 36")]
    Size(usize),
    /// None, or more than two references (TR-03110-3 §A.7.2.4).
    #[error("EF.CVCA names {0} trust points instead of one or two")]
    References(usize),
    /// Not well-formed.
    #[error("EF.CVCA is not well-formed: {0}")]
    Tlv(#[from] TlvError),
    /// No reference of a certification authority.
    #[error("EF.CVCA: {0}")]
    Reference(CvcError),
    /// Other octets than 00 after the references.
    #[error("EF.CVCA is not filled with zeros")]
    Padding,
}

/// Content of EF.CVCA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EfCvca {
    references: Vec<Reference>,
}

impl EfCvca {
    /// One or two references, the most recent one first.
    ///
    /// # Errors
    /// [`EfCvcaError::References`].
    pub fn new(references: Vec<Reference>) -> Result<Self, EfCvcaError> {
        match references.len() {
            1 | 2 => Ok(Self { references }),
            other => Err(EfCvcaError::References(other)),
        }
    }

    /// The references, the most recent one first.
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// The file: 36 octets.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(SIZE);
        for reference in &self.references {
            put(&mut out, 0x42, reference.as_octets());
        }
        // Two references of 16 octets with tag and length fill the file.
        out.resize(SIZE, 0);
        out
    }

    /// From the file as read.
    ///
    /// # Errors
    /// [`EfCvcaError`], a variant per defect.
    pub fn decode(octets: &[u8]) -> Result<Self, EfCvcaError> {
        if octets.len() != SIZE {
            return Err(EfCvcaError::Size(octets.len()));
        }
        let mut reader = Reader::new(octets);
        let mut references = Vec::new();
        // What begins with 00 is filling.
        while octets.get(reader.position()).is_some_and(|octet| *octet != 0) {
            let reference = Reference::from_octets(reader.expect(0x42)?).map_err(EfCvcaError::Reference)?;
            references.push(reference);
        }
        if octets.iter().skip(reader.position()).any(|octet| *octet != 0) {
            return Err(EfCvcaError::Padding);
        }
        Self::new(references)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reference(text: &str) -> Reference {
        Reference::from_octets(text.as_bytes()).unwrap()
    }

    #[test]
    fn defects_have_their_names() {
        let file = EfCvca::new(vec![reference("UTCVCA00002"), reference("UTCVCA00001")]).unwrap();
        let octets = file.encode();
        assert_eq!(octets.len(), 36);
        assert_eq!(&octets[..13], b"\x42\x0BUTCVCA00002");
        assert_eq!(EfCvca::decode(&octets[..35]), Err(EfCvcaError::Size(35)));
        assert_eq!(EfCvca::decode(&[0; 36]), Err(EfCvcaError::References(0)));
        let three = [tlv("DEA00001"), tlv("DEA00002"), tlv("DEA00003"), vec![0; 6]].concat();
        assert_eq!(EfCvca::decode(&three), Err(EfCvcaError::References(3)));
        let changed = |at: usize, octet: u8| {
            let mut octets = octets.clone();
            octets[at] = octet;
            EfCvca::decode(&octets)
        };
        assert_eq!(changed(35, 1), Err(EfCvcaError::Padding));
        assert!(matches!(changed(0, 0x43), Err(EfCvcaError::Tlv(_))));
        assert!(matches!(changed(1, 0x7F), Err(EfCvcaError::Tlv(_))));
        assert!(matches!(changed(2, b'u'), Err(EfCvcaError::Reference(_))));
    }

    fn tlv(text: &str) -> Vec<u8> {
        bitaqa_apdu::tlv::tlv(0x42, text.as_bytes())
    }

    proptest! {
        #[test]
        fn files_come_back(names in proptest::collection::vec("[A-Z]{2}[ -~]{1,9}[0-9A-Z]{5}", 1..=2)) {
            let file = EfCvca::new(names.iter().map(|name| reference(name)).collect()).unwrap();
            prop_assert_eq!(EfCvca::decode(&file.encode()), Ok(file));
        }

        #[test]
        fn no_octets_make_the_reader_panic(octets in any::<[u8; 36]>(), at in 0usize..36, octet in any::<u8>()) {
            let _ = EfCvca::decode(&octets);
            let mut file = EfCvca::new(vec![reference("UTCVCA00001")]).unwrap().encode();
            file[at] = octet;
            let _ = EfCvca::decode(&file);
        }
    }
}
