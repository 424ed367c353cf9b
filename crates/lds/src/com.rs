//! EF.COM, version numbers and list of the data groups: 9303-10 §4.6.1.
//!
//! ```text
//! 60 L { 5F01 04 <LDS version, digits>  5F36 06 <Unicode version, digits>  5C L <outer tags of the data groups> }
//! ```
//! Nobody signs EF.COM: what a card holds is told by EF.SOD, and a reader compares the two.

use bitaqa_apdu::{Bytes, tlv};

use crate::data_group;
use crate::error::{LdsError, value};

const COM: tlv::Tag = 0x60;
const LDS_VERSION: tlv::Tag = 0x5F01;
const UNICODE_VERSION: tlv::Tag = 0x5F36;
const TAG_LIST: tlv::Tag = 0x5C;

/// Content of EF.COM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Com {
    /// Four digits: `0107` or `0108`.
    pub lds_version: [u8; 4],
    /// Six digits: `040000` is Unicode 4.0.0.
    pub unicode_version: [u8; 6],
    /// Numbers of the data groups, 1..=16, in the order of the list.
    pub data_groups: Vec<u8>,
}

impl Com {
    /// LDS 1.8, Unicode 4.0.0: the version whose EF.SOD repeats these numbers under signature.
    pub fn version_1_8(data_groups: &[u8]) -> Self {
        Self { lds_version: *b"0108", unicode_version: *b"040000", data_groups: data_groups.to_vec() }
    }

    /// The file.
    ///
    /// # Errors
    /// [`LdsError::Value`] for versions that are no digits and for groups outside 1..=16 or named twice.
    pub fn encode(&self) -> Result<Bytes, LdsError> {
        check_versions(self.lds_version, self.unicode_version)?;
        let tags = self.data_groups.iter().map(|number| data_group::tag(*number)).collect::<Option<Vec<_>>>();
        let tags = tags.ok_or(value(TAG_LIST, "names a data group outside 1 to 16"))?;
        check_once(&tags)?;
        let mut content = tlv::tlv(LDS_VERSION, &self.lds_version);
        tlv::put(&mut content, UNICODE_VERSION, &self.unicode_version);
        tlv::put(&mut content, TAG_LIST, &tags);
        Ok(tlv::tlv(COM, &content).into())
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`LdsError::Tlv`] for a broken frame, [`LdsError::Value`] as for [`Com::encode`].
    pub fn decode(octets: &[u8]) -> Result<Self, LdsError> {
        let objects = tlv::all(tlv::only(octets, COM)?)?;
        let [lds, unicode, list] = objects.as_slice() else { return Err(value(COM, "holds other than three objects")) };
        let lds_version = expect(lds, LDS_VERSION)?.try_into().map_err(|_| value(LDS_VERSION, "has no four digits"))?;
        let unicode_version =
            expect(unicode, UNICODE_VERSION)?.try_into().map_err(|_| value(UNICODE_VERSION, "has no six digits"))?;
        let tags = expect(list, TAG_LIST)?;
        check_versions(lds_version, unicode_version)?;
        check_once(tags)?;
        let data_groups = tags.iter().map(|tag| data_group::number(*tag)).collect::<Option<Vec<_>>>();
        let data_groups = data_groups.ok_or(value(TAG_LIST, "holds a tag of no data group"))?;
        Ok(Self { lds_version, unicode_version, data_groups })
    }
}

fn expect<'a>(object: &tlv::Tlv<'a>, tag: tlv::Tag) -> Result<&'a [u8], LdsError> {
    if object.tag == tag { Ok(object.value) } else { Err(LdsError::OutOfPlace(object.tag)) }
}

fn check_versions(lds: [u8; 4], unicode: [u8; 6]) -> Result<(), LdsError> {
    if !lds.iter().all(u8::is_ascii_digit) {
        return Err(value(LDS_VERSION, "has no four digits"));
    }
    if !unicode.iter().all(u8::is_ascii_digit) {
        return Err(value(UNICODE_VERSION, "has no six digits"));
    }
    Ok(())
}

fn check_once(tags: &[u8]) -> Result<(), LdsError> {
    let twice = tags.iter().enumerate().any(|(at, tag)| tags.iter().take(at).any(|earlier| earlier == tag));
    if twice { Err(value(TAG_LIST, "names a data group twice")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors;
    use proptest::prelude::*;

    #[test]
    fn examples_of_9303_10_appendix_a() {
        for case in vectors::cases("icao9303-10/ef_com.toml") {
            let file = vectors::octets(&case, "file");
            let com = Com::decode(&file).unwrap();
            assert_eq!(com.lds_version, vectors::text(&case, "lds_version").as_bytes());
            assert_eq!(com.unicode_version, vectors::text(&case, "unicode_version").as_bytes());
            assert_eq!(com.data_groups, vectors::octets(&case, "data_groups"));
            assert_eq!(*com.encode().unwrap(), file);
        }
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for octets in [
            "60165F0104303130375F36063034303030305C046175766D00", // left over
            "60165F0104303130415F36063034303030305C046175766C",   // version 010A
            "60165F0104303130375F36063034303030305C046175616C",   // DG1 twice
            "60165F0104303130375F36063034303030305C046175777C",   // EF.SOD is no data group
            "60125F36063034303030305F0104303130375C00",           // wrong order
        ] {
            assert!(Com::decode(&hex::decode(octets).unwrap()).is_err(), "{octets}");
        }
        assert!(Com::version_1_8(&[1, 17]).encode().is_err());
        assert!(Com::version_1_8(&[1, 1]).encode().is_err());
    }

    proptest! {
        #[test]
        fn lists_read_back(groups in proptest::sample::subsequence((1..=16u8).collect::<Vec<_>>(), 0..=16)) {
            let com = Com::version_1_8(&groups);
            prop_assert_eq!(Com::decode(&com.encode().unwrap()).unwrap(), com);
        }

        #[test]
        fn whatever_is_accepted_is_written_the_same(at in 0usize..24, with in any::<u8>()) {
            let mut octets = Com::version_1_8(&[1, 2, 11, 14]).encode().unwrap().to_vec();
            octets[at] = with;
            if let Ok(com) = Com::decode(&octets) {
                prop_assert_eq!(com.encode().unwrap().to_vec(), octets);
            }
        }
    }
}
