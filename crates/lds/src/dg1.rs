//! DG1, the machine-readable zone: 9303-10 §4.7.1.
//!
//! ```text
//! 61 5D { 5F1F 5A <90 characters of a TD1 zone> }
//! ```

use bitaqa_apdu::{Bytes, tlv};

use crate::error::{LdsError, value};
use crate::mrz::Mrz;

const DG1: tlv::Tag = 0x61;
const MRZ: tlv::Tag = 0x5F1F;

/// Content of DG1 on an ID-1 card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dg1 {
    /// The three lines.
    pub mrz: Mrz,
}

impl Dg1 {
    /// The file.
    ///
    /// # Errors
    /// None: an [`Mrz`] is checked when it is made. The signature is that of all files.
    pub fn encode(&self) -> Result<Bytes, LdsError> {
        Ok(tlv::tlv(DG1, &tlv::tlv(MRZ, self.mrz.text().as_bytes())).into())
    }

    /// Reads the file and checks every check digit.
    ///
    /// # Errors
    /// [`LdsError::Tlv`] for a broken frame, [`LdsError::Mrz`] for a zone that is not TD1 or fails a check digit.
    pub fn decode(octets: &[u8]) -> Result<Self, LdsError> {
        let text = tlv::only(tlv::only(octets, DG1)?, MRZ)?;
        let text = core::str::from_utf8(text).map_err(|_| value(MRZ, "is no text"))?;
        // Mrz::parse forgives line ends and blanks that a person types; a file has none.
        if text.contains(char::is_whitespace) {
            return Err(value(MRZ, "holds white space"));
        }
        Ok(Self { mrz: Mrz::parse(text)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mrz::MrzError;
    use crate::vectors;
    use proptest::prelude::*;

    #[test]
    fn files_of_9303_10_and_of_the_cnie() {
        for case in vectors::cases("icao9303-10/dg1.toml") {
            let file = vectors::octets(&case, "file");
            match (Dg1::decode(&file), vectors::text(&case, "expect").as_str()) {
                (Ok(dg1), "valid") => assert_eq!(*dg1.encode().unwrap(), file),
                (Err(error), expect) => assert_eq!(error.to_string(), expect, "{}", case["name"]),
                (Ok(_), expect) => panic!("read, but {expect} was expected"),
            }
        }
    }

    #[test]
    fn line_ends_have_no_place_in_the_file() {
        let lines = vectors::text(&vectors::cases("cnie/mrz_specimens.toml")[0], "lines");
        let file = tlv::tlv(DG1, &tlv::tlv(MRZ, lines.as_bytes()));
        assert_eq!(Dg1::decode(&file), Err(value(MRZ, "holds white space")));
        let passport = tlv::tlv(DG1, &tlv::tlv(MRZ, &[b'<'; 88]));
        assert_eq!(Dg1::decode(&passport), Err(MrzError::Layout.into()));
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_written_the_same(at in 0usize..95, with in any::<u8>()) {
            let text = vectors::text(&vectors::cases("cnie/mrz_specimens.toml")[0], "lines").replace('\n', "");
            let mut file = Dg1 { mrz: Mrz::parse(&text).unwrap() }.encode().unwrap().into_vec();
            file[at] = with;
            if let Ok(dg1) = Dg1::decode(&file) {
                prop_assert_eq!(dg1.encode().unwrap().to_vec(), file);
            }
        }
    }
}
