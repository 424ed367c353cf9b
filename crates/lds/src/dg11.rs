//! DG11, more about the holder: 9303-10 §4.7.11, Tables 71 and 72. Text is UTF-8 and may be Arabic.
//!
//! ```text
//! 6B L { 5C L <tags>  [5F0E full name] [A0 { 02 01 <n> 5F0F .. }] [5F10 personal number] [5F2B YYYYMMDD]
//!        [5F11 place<of<birth] [5F42 address<lines] [5F12 telephone] [5F13 profession] [5F14 title]
//!        [5F15 summary] [5F16 image] [5F17 number<number] [5F18 custody] }
//! ```
//! Two spellings of the field are read and written in ours: dates in BCD, and a list that names the template A0.

use bitaqa_apdu::{Bytes, tlv};

use crate::civil_date::CivilDate;
use crate::error::LdsError;
pub use crate::tag_list::TEXT_OCTETS_MAX;
use crate::tag_list::{self, Writer};
use crate::text::Text;

const DG11: tlv::Tag = 0x6B;
const FULL_NAME: tlv::Tag = 0x5F0E;
const OTHER_NAME: tlv::Tag = 0x5F0F;
const PERSONAL_NUMBER: tlv::Tag = 0x5F10;
const BIRTH: tlv::Tag = 0x5F2B;
const PLACE_OF_BIRTH: tlv::Tag = 0x5F11;
const ADDRESS: tlv::Tag = 0x5F42;
const TELEPHONE: tlv::Tag = 0x5F12;
const PROFESSION: tlv::Tag = 0x5F13;
const TITLE: tlv::Tag = 0x5F14;
const SUMMARY: tlv::Tag = 0x5F15;
const PROOF_OF_CITIZENSHIP: tlv::Tag = 0x5F16;
const OTHER_DOCUMENTS: tlv::Tag = 0x5F17;
const CUSTODY: tlv::Tag = 0x5F18;

/// Octets of the custody information, Table 72.
pub const CUSTODY_OCTETS_MAX: usize = 999;

/// Content of DG11. Every element is optional; a text has 99 octets of UTF-8 at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dg11 {
    /// 5F0E, name in national characters, spelt as [`full_name`] does.
    pub full_name: Option<Text>,
    /// 5F0F, other names, spelt like the full one.
    pub other_names: Vec<Text>,
    /// 5F10, on the CNIE the CIN.
    pub personal_number: Option<Text>,
    /// 5F2B, full date of birth.
    pub birth: Option<CivilDate>,
    /// 5F11, parts of the place of birth: on the CNIE in Arabic and in Latin letters. 99 octets for all of them.
    pub place_of_birth: Vec<Text>,
    /// 5F42, lines of the permanent address. 99 octets for all of them.
    pub address: Vec<Text>,
    /// 5F12.
    pub telephone: Option<Text>,
    /// 5F13.
    pub profession: Option<Text>,
    /// 5F14.
    pub title: Option<Text>,
    /// 5F15.
    pub summary: Option<Text>,
    /// 5F16, an image, carried as it is.
    pub proof_of_citizenship: Option<Bytes>,
    /// 5F17, numbers of other travel documents.
    pub other_documents: Vec<Text>,
    /// 5F18, up to 999 octets.
    pub custody: Option<Text>,
}

/// A name as 5F0E wants it: fillers for blanks, two between primary and secondary identifier, none at the end.
pub fn full_name(primary: &str, secondary: &str) -> Text {
    let joined = |name: &str| name.split_whitespace().collect::<Vec<_>>().join("<");
    match (joined(primary), joined(secondary)) {
        (primary, secondary) if secondary.is_empty() => Text::from(primary),
        (primary, secondary) => Text::from(format!("{primary}<<{secondary}")),
    }
}

impl Dg11 {
    /// The file.
    ///
    /// # Errors
    /// [`LdsError::Value`] with the tag of a text that is empty, too long or holds a control character or, in a part,
    /// `<`.
    pub fn encode(&self) -> Result<Bytes, LdsError> {
        let mut out = Writer::default();
        out.text(FULL_NAME, self.full_name.as_ref())?;
        out.names(OTHER_NAME, &self.other_names)?;
        out.text(PERSONAL_NUMBER, self.personal_number.as_ref())?;
        out.date(BIRTH, self.birth)?;
        out.parts(PLACE_OF_BIRTH, &self.place_of_birth)?;
        out.parts(ADDRESS, &self.address)?;
        out.text(TELEPHONE, self.telephone.as_ref())?;
        out.text(PROFESSION, self.profession.as_ref())?;
        out.text(TITLE, self.title.as_ref())?;
        out.text(SUMMARY, self.summary.as_ref())?;
        if let Some(image) = &self.proof_of_citizenship {
            out.put(PROOF_OF_CITIZENSHIP, image);
        }
        out.parts(OTHER_DOCUMENTS, &self.other_documents)?;
        if let Some(custody) = &self.custody {
            out.put(CUSTODY, custody.encode(CUSTODY, CUSTODY_OCTETS_MAX, &[])?);
        }
        Ok(out.finish(DG11))
    }

    /// Reads the file. The objects may stand in any order that the list repeats.
    ///
    /// # Errors
    /// [`LdsError::Tlv`], [`LdsError::TagList`], [`LdsError::OutOfPlace`] for a tag that is not of DG11 or comes twice,
    /// [`LdsError::Value`].
    pub fn decode(octets: &[u8]) -> Result<Self, LdsError> {
        let mut file = Self::default();
        for object in tag_list::objects(octets, DG11, OTHER_NAME)? {
            match object.tag {
                FULL_NAME => file.full_name = Some(tag_list::text(object)?),
                OTHER_NAME => file.other_names = tag_list::names(object)?,
                PERSONAL_NUMBER => file.personal_number = Some(tag_list::text(object)?),
                BIRTH => file.birth = Some(CivilDate::decode(BIRTH, object.value)?),
                PLACE_OF_BIRTH => file.place_of_birth = tag_list::parts(object)?,
                ADDRESS => file.address = tag_list::parts(object)?,
                TELEPHONE => file.telephone = Some(tag_list::text(object)?),
                PROFESSION => file.profession = Some(tag_list::text(object)?),
                TITLE => file.title = Some(tag_list::text(object)?),
                SUMMARY => file.summary = Some(tag_list::text(object)?),
                PROOF_OF_CITIZENSHIP => file.proof_of_citizenship = Some(object.value.into()),
                OTHER_DOCUMENTS => file.other_documents = tag_list::parts(object)?,
                CUSTODY => file.custody = Some(Text::decode(CUSTODY, object.value, CUSTODY_OCTETS_MAX, &[])?),
                tag => return Err(LdsError::OutOfPlace(tag)),
            }
        }
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::value;
    use crate::vectors;
    use proptest::prelude::*;
    use time::macros::date;

    fn decode(text: &str) -> Result<Dg11, LdsError> {
        Dg11::decode(&hex::decode(text).unwrap())
    }

    #[test]
    fn example_of_9303_10_appendix_a5() {
        for case in vectors::cases("icao9303-10/dg11.toml") {
            let octets = vectors::octets(&case, "file");
            let file = Dg11::decode(&octets).unwrap();
            assert_eq!(file.full_name.as_deref(), Some(&*vectors::text(&case, "full_name")));
            assert_eq!(file.address.len(), 3);
            assert_eq!(*file.encode().unwrap(), octets);
        }
    }

    #[test]
    fn other_names_are_listed_by_their_own_tag_and_read_under_both() {
        let ours = "6B0F5C025F0FA0090201015F0F034C414C";
        let file = decode(ours).unwrap();
        assert_eq!(file.other_names, [Text::from("LAL")]);
        assert_eq!(hex::encode_upper(&*file.encode().unwrap()), ours);
        assert_eq!(decode("6B0E5C01A0A0090201015F0F034C414C").unwrap(), file);
    }

    #[test]
    fn bcd_and_digits_of_the_birth_read_the_same() {
        let bcd = decode("6B0B5C025F2B5F2B0419781129").unwrap();
        assert_eq!(bcd.birth, Some(CivilDate::Known(date!(1978 - 11 - 29))));
        assert_eq!(Dg11::decode(&bcd.encode().unwrap()).unwrap(), bcd);
    }

    #[test]
    fn list_and_objects_must_agree() {
        for text in [
            "6B045C025F0E",                     // listed, not there
            "6B065C005F0E0141",                 // there, not listed
            "6B0C5C025F0E5F0E01415F100142",     // one of two listed
            "6B0E5C045F105F0E5F0E01415F100142", // other order
        ] {
            assert_eq!(decode(text), Err(LdsError::TagList), "{text}");
        }
        assert_eq!(decode("6B0E5C045F0E5F0E5F0E01415F0E0142"), Err(LdsError::OutOfPlace(FULL_NAME)));
        assert_eq!(decode("6B085C025F195F190141"), Err(LdsError::OutOfPlace(0x5F19)));
        assert_eq!(decode("6B085C025F0F5F0F0141"), Err(LdsError::OutOfPlace(OTHER_NAME)));
        assert_eq!(decode("6B045F0E0141"), Err(LdsError::Missing(0x5C)));
        assert_eq!(
            decode("6B0F5C025F0FA0090201025F0F034C414C"),
            Err(value(0xA0, "does not hold as many names as it says"))
        );
    }

    #[test]
    fn arabic_counts_in_octets() {
        let letters = |count| Some(Text::from("ب".repeat(count)));
        assert!(Dg11 { full_name: letters(49), ..Dg11::default() }.encode().is_ok());
        assert!(Dg11 { full_name: letters(50), ..Dg11::default() }.encode().is_err());
        assert_eq!(full_name("التمسماني", "محمد  أمين"), Text::from("التمسماني<<محمد<أمين"));
        assert_eq!(full_name("ARKFREITH", ""), Text::from("ARKFREITH"));
    }

    fn some(pattern: &'static str) -> impl Strategy<Value = Option<Text>> {
        proptest::option::of(pattern.prop_map(Text::from))
    }

    fn several(pattern: &'static str) -> impl Strategy<Value = Vec<Text>> {
        proptest::collection::vec(pattern.prop_map(Text::from), 0..4)
    }

    proptest! {
        #[test]
        fn files_read_back(
            (full_name, other_names) in (some("[ا-ي<]{1,49}"), several("[A-Z<]{1,9}")),
            (personal_number, custody) in (some("[A-Z0-9]{1,9}"), some("[a-z ]{1,300}")),
            (place_of_birth, address) in (several("[ا-ي ]{1,10}"), several("[A-Z ]{1,20}")),
            day in proptest::option::of(2_415_021i32..2_488_069),
            image in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..300)),
        ) {
            let birth = day.map(|day| CivilDate::Known(time::Date::from_julian_day(day).unwrap()));
            let proof_of_citizenship = image.map(Bytes::from);
            let file = Dg11 {
                full_name, other_names, personal_number, birth, place_of_birth, address, proof_of_citizenship, custody,
                ..Dg11::default()
            };
            prop_assert_eq!(Dg11::decode(&file.encode().unwrap()).unwrap(), file);
        }

        #[test]
        fn no_damage_panics(at in any::<prop::sample::Index>(), with in any::<u8>()) {
            let mut octets = vectors::octets(&vectors::cases("icao9303-10/dg11.toml")[0], "file");
            let at = at.index(octets.len());
            octets[at] = with;
            if let Ok(file) = Dg11::decode(&octets) {
                prop_assert_eq!(Dg11::decode(&file.encode().unwrap()).unwrap(), file);
            }
        }
    }
}
