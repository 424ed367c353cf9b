//! DG13, free for the issuer (9303-10 §4.7.13): the civil data of a CNIE in Arabic and Latin letters.
//!
//! No layout of the real card is public; this one is ours. All tags inside 6D are of the private class, objects stand
//! in this order, and only the version is mandatory:
//!
//! ```text
//! 6D L {
//!   C0 01 01                 version of this layout
//!   E1 L { C1 C2 }           family name           C1 Arabic text, C2 Latin text, UTF-8, at most 999 octets each
//!   E2 L { C1 C2 }           given names
//!   E3 L { C1 C2 }           place of birth
//!   E4 L { C1 C2 }           father's line, as printed: NAME ben GRANDFATHER
//!   E5 L { C1 C2 }           mother's line
//!   E6 L { C1 C2 }           address, lines separated by 0A
//!   E7 L { C3 01 kk C1 C2 }  spouse mention: 01 wife of, 02 widow of, 03 widower of; name of that person
//!   C4 L <text>              civil-registry number, such as 123/1978
//!   C5 01 4D | 46 | 3C       sex, as in the MRZ
//! }
//! ```

use bitaqa_apdu::{Bytes, tlv};

use crate::bilingual::{Bilingual, Lines};
use crate::error::{LdsError, value};
use crate::mrz::Sex;
use crate::text::Text;

const DG13: tlv::Tag = 0x6D;
const VERSION: tlv::Tag = 0xC0;
const FAMILY_NAME: tlv::Tag = 0xE1;
const GIVEN_NAMES: tlv::Tag = 0xE2;
const PLACE_OF_BIRTH: tlv::Tag = 0xE3;
const FATHER: tlv::Tag = 0xE4;
const MOTHER: tlv::Tag = 0xE5;
const ADDRESS: tlv::Tag = 0xE6;
const SPOUSE: tlv::Tag = 0xE7;
const SPOUSE_KIND: tlv::Tag = 0xC3;
const CIVIL_REGISTRY: tlv::Tag = 0xC4;
const SEX: tlv::Tag = 0xC5;

const CIVIL_REGISTRY_OCTETS_MAX: usize = 32;

/// What the holder is to the person of a spouse mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpouseKind {
    /// زوجة
    Wife = 1,
    /// أرملة
    Widow = 2,
    /// أرمل
    Widower = 3,
}

/// The optional mention of law 04-20, article 4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpouseMention {
    /// Relation.
    pub kind: SpouseKind,
    /// Name of the other person.
    pub name: Bilingual,
}

/// Content of DG13.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dg13 {
    /// E1.
    pub family_name: Option<Bilingual>,
    /// E2.
    pub given_names: Option<Bilingual>,
    /// E3.
    pub place_of_birth: Option<Bilingual>,
    /// E4.
    pub father: Option<Bilingual>,
    /// E5.
    pub mother: Option<Bilingual>,
    /// E6, lines separated by a line feed.
    pub address: Option<Bilingual>,
    /// E7.
    pub spouse: Option<SpouseMention>,
    /// C4, at most 32 octets.
    pub civil_registry_number: Option<Text>,
    /// C5.
    pub sex: Option<Sex>,
}

impl Dg13 {
    /// The file.
    ///
    /// # Errors
    /// [`LdsError::Value`] with the tag of a text that is empty, too long or holds a control character.
    pub fn encode(&self) -> Result<Bytes, LdsError> {
        let mut content = Bytes::from(tlv::tlv(VERSION, &[1]));
        let out = content.as_mut_vec();
        for (tag, field, lines) in [
            (FAMILY_NAME, &self.family_name, Lines::One),
            (GIVEN_NAMES, &self.given_names, Lines::One),
            (PLACE_OF_BIRTH, &self.place_of_birth, Lines::One),
            (FATHER, &self.father, Lines::One),
            (MOTHER, &self.mother, Lines::One),
            (ADDRESS, &self.address, Lines::Several),
        ] {
            if let Some(field) = field {
                tlv::put(out, tag, &field.encode(lines)?);
            }
        }
        if let Some(spouse) = &self.spouse {
            let mut mention = Bytes::from(tlv::tlv(SPOUSE_KIND, &[spouse.kind as u8]));
            mention.as_mut_vec().extend_from_slice(&spouse.name.encode(Lines::One)?);
            tlv::put(out, SPOUSE, &mention);
        }
        if let Some(number) = &self.civil_registry_number {
            tlv::put(out, CIVIL_REGISTRY, number.encode(CIVIL_REGISTRY, CIVIL_REGISTRY_OCTETS_MAX, &[])?);
        }
        if let Some(sex) = self.sex {
            tlv::put(out, SEX, &[sex.octet()]);
        }
        Ok(tlv::tlv(DG13, &content).into())
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`LdsError::Tlv`] for a broken frame, an unknown object or a wrong order; [`LdsError::Value`] for an unknown
    /// version and for broken texts and codes.
    pub fn decode(octets: &[u8]) -> Result<Self, LdsError> {
        let mut reader = tlv::Reader::new(tlv::only(octets, DG13)?);
        if reader.expect(VERSION)? != [1] {
            return Err(value(VERSION, "is a version of the layout that is not known"));
        }
        let mut pair = |tag, lines| match reader.optional(tag)? {
            None => Ok::<_, LdsError>(None),
            Some(content) => {
                let mut inner = tlv::Reader::new(content);
                let pair = Bilingual::decode(&mut inner, lines)?;
                inner.finish()?;
                Ok(Some(pair))
            }
        };
        let file = Self {
            family_name: pair(FAMILY_NAME, Lines::One)?,
            given_names: pair(GIVEN_NAMES, Lines::One)?,
            place_of_birth: pair(PLACE_OF_BIRTH, Lines::One)?,
            father: pair(FATHER, Lines::One)?,
            mother: pair(MOTHER, Lines::One)?,
            address: pair(ADDRESS, Lines::Several)?,
            spouse: reader.optional(SPOUSE)?.map(spouse).transpose()?,
            civil_registry_number: reader
                .optional(CIVIL_REGISTRY)?
                .map(|octets| Text::decode(CIVIL_REGISTRY, octets, CIVIL_REGISTRY_OCTETS_MAX, &[]))
                .transpose()?,
            sex: reader.optional(SEX)?.map(sex).transpose()?,
        };
        reader.finish()?;
        Ok(file)
    }
}

fn spouse(content: &[u8]) -> Result<SpouseMention, LdsError> {
    let mut reader = tlv::Reader::new(content);
    let kind = match reader.expect(SPOUSE_KIND)? {
        [1] => SpouseKind::Wife,
        [2] => SpouseKind::Widow,
        [3] => SpouseKind::Widower,
        _ => return Err(value(SPOUSE_KIND, "is no kind of spouse mention")),
    };
    let mention = SpouseMention { kind, name: Bilingual::decode(&mut reader, Lines::One)? };
    reader.finish()?;
    Ok(mention)
}

fn sex(octets: &[u8]) -> Result<Sex, LdsError> {
    match octets {
        b"M" => Ok(Sex::Male),
        b"F" => Ok(Sex::Female),
        b"<" => Ok(Sex::Unspecified),
        _ => Err(value(SEX, "is no code of a sex")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn layout_is_the_documented_one() {
        let file = Dg13 {
            father: Some(Bilingual::new("ا", "A")),
            spouse: Some(SpouseMention { kind: SpouseKind::Widow, name: Bilingual::new("ب", "B") }),
            civil_registry_number: Some("1/1978".into()),
            sex: Some(Sex::Female),
            ..Dg13::default()
        };
        let text = "6D23C00101E407C102D8A7C20141E70AC30102C102D8A8C20142C406312F31393738C50146";
        assert_eq!(hex::encode_upper(&*file.encode().unwrap()), text);
        assert_eq!(Dg13::decode(&hex::decode(text).unwrap()).unwrap(), file);
    }

    #[test]
    fn what_the_layout_does_not_know_is_refused() {
        for text in [
            "6D00",                               // no version
            "6D03C00102",                         // version 2
            "6D06C00101C50158",                   // sex X
            "6D0CC00101C50146E407C102D8A7C20141", // length
            "6D0FC00101C50146E407C102D8A7C20141", // order
            "6D06C00101C60101",                   // unknown object
            "6D08C00101E403C20141",               // no Arabic
            "6D0FC00101E70AC30104C102D8A8C20142", // kind 4
            "6D07C00101E402C100",                 // empty
        ] {
            assert!(Dg13::decode(&hex::decode(text).unwrap()).is_err(), "{text}");
        }
    }

    #[test]
    fn only_the_address_has_lines() {
        let lines = Some(Bilingual::new("ا\nب", "A\nB"));
        assert!(Dg13 { address: lines.clone(), ..Dg13::default() }.encode().is_ok());
        assert!(Dg13 { father: lines, ..Dg13::default() }.encode().is_err());
    }

    fn pair() -> impl Strategy<Value = Option<Bilingual>> {
        proptest::option::of(
            ("[ا-ي ]{1,80}", "[A-Z ]{1,200}").prop_map(|(arabic, latin)| Bilingual::new(arabic, latin)),
        )
    }

    proptest! {
        #[test]
        fn files_read_back(
            (family_name, given_names, place_of_birth) in (pair(), pair(), pair()),
            (father, mother, address, spouse) in (pair(), pair(), pair(), pair()),
            kind in prop_oneof![Just(SpouseKind::Wife), Just(SpouseKind::Widow), Just(SpouseKind::Widower)],
            number in proptest::option::of("[0-9]{1,4}/[0-9]{4}"),
            sex in proptest::option::of(prop_oneof![Just(Sex::Male), Just(Sex::Female), Just(Sex::Unspecified)]),
        ) {
            let spouse = spouse.map(|name| SpouseMention { kind, name });
            let civil_registry_number = number.map(Text::from);
            let file = Dg13 {
                family_name, given_names, place_of_birth, father, mother, address, spouse, civil_registry_number, sex,
            };
            prop_assert_eq!(Dg13::decode(&file.encode().unwrap()).unwrap(), file);
        }

        #[test]
        fn whatever_is_accepted_is_written_the_same(at in 0usize..38, with in any::<u8>()) {
            let text = "6D23C00101E407C102D8A7C20141E70AC30102C102D8A8C20142C406312F31393738C50146";
            let mut octets = hex::decode(text).unwrap();
            let at = at % octets.len();
            octets[at] = with;
            if let Ok(file) = Dg13::decode(&octets) {
                prop_assert_eq!(file.encode().unwrap().to_vec(), octets);
            }
        }
    }
}
