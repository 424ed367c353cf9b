//! DG12, more about the document: 9303-10 §4.7.12, Tables 73 and 74.
//!
//! ```text
//! 6C L { 5C L <tags>  [5F19 authority] [5F26 YYYYMMDD] [A0 { 02 01 <n> 5F1A .. }] [5F1B endorsements]
//!        [5F1C tax or exit] [5F1D front image] [5F1E rear image] [5F55 YYYYMMDDhhmmss] [5F56 machine] }
//! ```
//! Dates in BCD are read as well, as the standard recommends to readers, and written in digits.

use bitaqa_apdu::{Bytes, tlv};
use time::{Date, PrimitiveDateTime, Time};

use crate::civil_date::{self, CivilDate};
use crate::error::{LdsError, value};
use crate::tag_list::{self, Writer};
use crate::text::Text;

const DG12: tlv::Tag = 0x6C;
const AUTHORITY: tlv::Tag = 0x5F19;
const ISSUED: tlv::Tag = 0x5F26;
const OTHER_PERSON: tlv::Tag = 0x5F1A;
const ENDORSEMENTS: tlv::Tag = 0x5F1B;
const TAX_EXIT: tlv::Tag = 0x5F1C;
const FRONT_IMAGE: tlv::Tag = 0x5F1D;
const REAR_IMAGE: tlv::Tag = 0x5F1E;
const PERSONALISED: tlv::Tag = 0x5F55;
const MACHINE: tlv::Tag = 0x5F56;

/// Content of DG12. Every element is optional; a text has 99 octets of UTF-8 at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dg12 {
    /// 5F19, issuing authority.
    pub authority: Option<Text>,
    /// 5F26, date of issue.
    pub issued: Option<Date>,
    /// 5F1A, other persons on the document.
    pub other_persons: Vec<Text>,
    /// 5F1B, endorsements and observations.
    pub endorsements: Option<Text>,
    /// 5F1C, tax or exit requirements.
    pub tax_exit: Option<Text>,
    /// 5F1D, image of the front, carried as it is.
    pub front_image: Option<Bytes>,
    /// 5F1E, image of the rear, carried as it is.
    pub rear_image: Option<Bytes>,
    /// 5F55, date and time of personalisation.
    pub personalised: Option<PrimitiveDateTime>,
    /// 5F56, serial number of the personalisation machine.
    pub machine: Option<Text>,
}

impl Dg12 {
    /// The file.
    ///
    /// # Errors
    /// [`LdsError::Value`] with the tag of a text that is empty, too long or holds a control character.
    pub fn encode(&self) -> Result<Bytes, LdsError> {
        let mut out = Writer::default();
        out.text(AUTHORITY, self.authority.as_ref())?;
        out.date(ISSUED, self.issued.map(CivilDate::Known))?;
        out.names(OTHER_PERSON, &self.other_persons)?;
        out.text(ENDORSEMENTS, self.endorsements.as_ref())?;
        out.text(TAX_EXIT, self.tax_exit.as_ref())?;
        for (tag, image) in [(FRONT_IMAGE, &self.front_image), (REAR_IMAGE, &self.rear_image)] {
            if let Some(image) = image {
                out.put(tag, image);
            }
        }
        if let Some(instant) = self.personalised {
            out.put(PERSONALISED, &fourteen_digits(instant)?);
        }
        out.text(MACHINE, self.machine.as_ref())?;
        Ok(out.finish(DG12))
    }

    /// Reads the file. The objects may stand in any order that the list repeats.
    ///
    /// # Errors
    /// [`LdsError::Tlv`], [`LdsError::TagList`], [`LdsError::OutOfPlace`] for a tag that is not of DG12 or comes twice,
    /// [`LdsError::Value`].
    pub fn decode(octets: &[u8]) -> Result<Self, LdsError> {
        let mut file = Self::default();
        for object in tag_list::objects(octets, DG12, OTHER_PERSON)? {
            match object.tag {
                AUTHORITY => file.authority = Some(tag_list::text(object)?),
                ISSUED => file.issued = Some(civil_date::whole(ISSUED, object.value)?),
                OTHER_PERSON => file.other_persons = tag_list::names(object)?,
                ENDORSEMENTS => file.endorsements = Some(tag_list::text(object)?),
                TAX_EXIT => file.tax_exit = Some(tag_list::text(object)?),
                FRONT_IMAGE => file.front_image = Some(object.value.into()),
                REAR_IMAGE => file.rear_image = Some(object.value.into()),
                PERSONALISED => file.personalised = Some(instant(object.value)?),
                MACHINE => file.machine = Some(tag_list::text(object)?),
                tag => return Err(LdsError::OutOfPlace(tag)),
            }
        }
        Ok(file)
    }
}

/// `YYYYMMDDhhmmss`; fractions of a second are dropped.
fn fourteen_digits(instant: PrimitiveDateTime) -> Result<Vec<u8>, LdsError> {
    let mut digits = civil_date::digits(PERSONALISED, instant.date())?;
    digits.extend(format!("{:02}{:02}{:02}", instant.hour(), instant.minute(), instant.second()).bytes());
    Ok(digits)
}

/// Fourteen digits or seven octets of BCD.
fn instant(octets: &[u8]) -> Result<PrimitiveDateTime, LdsError> {
    let digits = civil_date::unpack(PERSONALISED, octets, 14)?;
    let number = |range| civil_date::number(&digits, range);
    let clock = |range| u8::try_from(number(range)).unwrap_or(u8::MAX); // two digits always fit
    let date = civil_date::calendar_date(number(0..4), number(4..6), number(6..8));
    let time = Time::from_hms(clock(8..10), clock(10..12), clock(12..14)).ok();
    let instant = date.zip(time).map(|(date, time)| PrimitiveDateTime::new(date, time));
    instant.ok_or(value(PERSONALISED, "is no date and time"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::{date, datetime};

    fn decode(text: &str) -> Result<Dg12, LdsError> {
        Dg12::decode(&hex::decode(text).unwrap())
    }

    #[test]
    fn authority_and_date_of_issue() {
        let text = "6C185C045F195F265F19044447534E5F26083230323630313032";
        let file = decode(text).unwrap();
        assert_eq!(file.authority, Some(Text::from("DGSN")));
        assert_eq!(file.issued, Some(date!(2026 - 01 - 02)));
        assert_eq!(hex::encode_upper(&*file.encode().unwrap()), text);
    }

    #[test]
    fn bcd_is_read() {
        let file = decode("6C175C045F265F555F2604202601025F550720260102235959").unwrap();
        assert_eq!(file.issued, Some(date!(2026 - 01 - 02)));
        assert_eq!(file.personalised, Some(datetime!(2026 - 01 - 02 23:59:59)));
        for text in ["6C0B5C025F265F260420260100", "6C0E5C025F555F550720260102240000", "6C0D5C025F555F5506202601022359"]
        {
            assert!(decode(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn files_read_back(
            authority in proptest::option::of("[ا-ي ]{1,49}".prop_map(Text::from)),
            day in proptest::option::of(2_415_021i32..2_488_069),
            clock in proptest::option::of((0u8..24, 0u8..60, 0u8..60)),
            persons in proptest::collection::vec("[A-Z<]{1,30}".prop_map(Text::from), 0..4),
            image in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..300)),
        ) {
            let issued = day.map(|day| Date::from_julian_day(day).unwrap());
            let personalised = clock.map(|(hour, minute, second)| {
                let time = Time::from_hms(hour, minute, second).unwrap();
                PrimitiveDateTime::new(issued.unwrap_or(date!(2026 - 01 - 02)), time)
            });
            let (front_image, other_persons) = (image.map(Bytes::from), persons);
            let file = Dg12 { authority, issued, other_persons, front_image, personalised, ..Dg12::default() };
            prop_assert_eq!(Dg12::decode(&file.encode().unwrap()).unwrap(), file);
        }

        #[test]
        fn no_octets_panic(octets in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Dg12::decode(&[&[0x6C, u8::try_from(octets.len()).unwrap()][..], &octets].concat());
        }
    }
}
