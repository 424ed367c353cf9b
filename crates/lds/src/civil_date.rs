//! Dates as the data groups hold them: `YYYYMMDD` in eight digits, unknown parts as zeros (9303-10 Table 72, note), or
//! four octets of BCD on cards in the field (9303-10 Table 73, note). We write digits and read both.

use core::fmt;

use bitaqa_apdu::tlv::Tag;
use time::{Date, Month};

use crate::error::{LdsError, value};

/// A date of birth of which parts may be unknown: registers hold people of whom only the year is known.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum CivilDate {
    /// Day, month and year.
    Known(Date),
    /// Parts that are known; a day is only kept together with year and month.
    Partial {
        /// 1..=9999.
        year: Option<u16>,
        /// 1..=12.
        month: Option<u8>,
    },
}

impl From<Date> for CivilDate {
    fn from(date: Date) -> Self {
        Self::Known(date)
    }
}

impl fmt::Debug for CivilDate {
    /// A date of birth is personal data: it is not printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CivilDate(..)")
    }
}

impl CivilDate {
    /// Eight digits; zeros for what is unknown.
    pub(crate) fn encode(self, tag: Tag) -> Result<Vec<u8>, LdsError> {
        let (year, month) = match self {
            Self::Known(date) => return digits(tag, date),
            Self::Partial { year, month } => (year.unwrap_or(0), month.unwrap_or(0)),
        };
        if year > 9999 || month > 12 {
            return Err(value(tag, "is no date"));
        }
        Ok(format!("{year:04}{month:02}00").into_bytes())
    }

    /// Eight digits or four octets of BCD.
    pub(crate) fn decode(tag: Tag, octets: &[u8]) -> Result<Self, LdsError> {
        let digits = unpack(tag, octets, 8)?;
        let (year, month, day) = (number(&digits, 0..4), number(&digits, 4..6), number(&digits, 6..8));
        if let Some(date) = calendar_date(year, month, day) {
            return Ok(Self::Known(date));
        }
        match (year, u8::try_from(month), day) {
            (year, Ok(month @ 0..=12), 0) => {
                Ok(Self::Partial { year: (year != 0).then_some(year), month: (month != 0).then_some(month) })
            }
            _ => Err(value(tag, "is no date")),
        }
    }
}

/// `YYYYMMDD` of a whole date.
pub(crate) fn digits(tag: Tag, date: Date) -> Result<Vec<u8>, LdsError> {
    if !(1..=9999).contains(&date.year()) {
        return Err(value(tag, "is a date outside the years 1 to 9999"));
    }
    Ok(format!("{:04}{:02}{:02}", date.year(), u8::from(date.month()), date.day()).into_bytes())
}

/// A whole date in eight digits or four octets of BCD.
pub(crate) fn whole(tag: Tag, octets: &[u8]) -> Result<Date, LdsError> {
    match CivilDate::decode(tag, octets)? {
        CivilDate::Known(date) => Ok(date),
        CivilDate::Partial { .. } => Err(value(tag, "is no whole date")),
    }
}

/// The digits (values 0..=9) of `count` ASCII digits or of half as many octets of BCD.
pub(crate) fn unpack(tag: Tag, octets: &[u8], count: usize) -> Result<Vec<u8>, LdsError> {
    let digits: Vec<u8> = if octets.len() == count {
        octets.iter().map(|octet| octet.wrapping_sub(b'0')).collect()
    } else if octets.len() * 2 == count {
        octets.iter().flat_map(|octet| [octet >> 4, octet & 0x0F]).collect()
    } else {
        return Err(value(tag, "is no date: wrong length"));
    };
    if digits.iter().all(|digit| *digit <= 9) { Ok(digits) } else { Err(value(tag, "is no date: not all digits")) }
}

/// The number that a range of digits spells; at most four of them, so it fits.
pub(crate) fn number(digits: &[u8], range: core::ops::Range<usize>) -> u16 {
    digits.get(range).unwrap_or_default().iter().fold(0, |sum, digit| sum * 10 + u16::from(*digit))
}

/// The date, if the calendar has it; year 0 is for "unknown".
pub(crate) fn calendar_date(year: u16, month: u16, day: u16) -> Option<Date> {
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    Date::from_calendar_date(i32::from(year), month, u8::try_from(day).ok()?).ok().filter(|_| year != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::date;

    #[test]
    fn digits_and_bcd_read_the_same() {
        let known = CivilDate::Known(date!(1978 - 11 - 29));
        assert_eq!(CivilDate::decode(0x5F2B, b"19781129"), Ok(known));
        assert_eq!(CivilDate::decode(0x5F2B, &[0x19, 0x78, 0x11, 0x29]), Ok(known));
        assert_eq!(known.encode(0x5F2B).unwrap(), b"19781129");
    }

    #[test]
    fn unknown_parts_are_zeros() {
        let partial = |year, month| CivilDate::Partial { year, month };
        for (text, date) in [
            ("19450000", partial(Some(1945), None)),
            ("19450700", partial(Some(1945), Some(7))),
            ("00000000", partial(None, None)),
            ("00000700", partial(None, Some(7))),
        ] {
            assert_eq!(CivilDate::decode(0x5F2B, text.as_bytes()), Ok(date), "{text}");
            assert_eq!(date.encode(0x5F2B).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn what_the_calendar_lacks_is_refused() {
        for text in ["19780230", "19781301", "19780132", "19780015", "00000101", "1978112", "197811290", "1978112A"] {
            assert!(CivilDate::decode(0x5F2B, text.as_bytes()).is_err(), "{text}");
        }
        assert!(CivilDate::decode(0x5F2B, &[0x19, 0x78, 0x1A, 0x29]).is_err());
        assert!(CivilDate::Partial { year: Some(10_000), month: None }.encode(0x5F2B).is_err());
    }

    proptest! {
        #[test]
        fn every_date_reads_back(day in 367i32..3_652_000) {
            let epoch = Date::from_calendar_date(1, Month::January, 1).unwrap();
            let date = Date::from_julian_day(epoch.to_julian_day() + day % 3_652_000).unwrap();
            prop_assert_eq!(whole(0x5F26, &digits(0x5F26, date).unwrap()), Ok(date));
        }

        #[test]
        fn no_octets_panic(octets in proptest::collection::vec(any::<u8>(), 0..10)) {
            let _ = CivilDate::decode(0x5F2B, &octets);
        }
    }
}
