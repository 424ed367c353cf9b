//! Dates of CV certificates: six octets of one digit each, YYMMDD, years 2000 to 2099. TR-03110-3 §D.2.1.3.

use super::CvcError;
use bitaqa_apdu::tlv::Tag;
use time::{Date, Month};

/// Reads six unpacked BCD digits, as in certificates and in a card's current date.
///
/// # Errors
/// [`CvcError::Digits`], [`CvcError::NoSuchDate`].
pub fn date_from_bcd(octets: &[u8]) -> Result<Date, CvcError> {
    field(0x5F25, octets)
}

/// Writes six unpacked BCD digits. Of the year only the last two digits are kept: 2000 to 2099 come back.
pub fn date_to_bcd(date: Date) -> [u8; 6] {
    let year = u8::try_from(date.year().rem_euclid(100)).unwrap_or_default();
    let month = u8::from(date.month());
    [year / 10, year % 10, month / 10, month % 10, date.day() / 10, date.day() % 10]
}

/// As [`date_from_bcd`], for the field `tag`.
pub(super) fn field(tag: Tag, octets: &[u8]) -> Result<Date, CvcError> {
    let digits: [u8; 6] = octets.try_into().map_err(|_| CvcError::Digits(tag))?;
    if digits.iter().any(|digit| *digit > 9) {
        return Err(CvcError::Digits(tag));
    }
    let [y1, y2, m1, m2, d1, d2] = digits;
    let month = Month::try_from(m1 * 10 + m2).map_err(|_| CvcError::NoSuchDate(tag))?;
    Date::from_calendar_date(2000 + i32::from(y1 * 10 + y2), month, d1 * 10 + d2).map_err(|_| CvcError::NoSuchDate(tag))
}

/// Whether two digits can tell the year.
pub(super) fn check_year(date: Date) -> Result<(), CvcError> {
    if (2000..=2099).contains(&date.year()) { Ok(()) } else { Err(CvcError::Year(date)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::date;

    #[test]
    fn defects_have_their_names() {
        assert_eq!(date_from_bcd(&[1, 0, 0, 9, 0, 3]), Ok(date!(2010 - 09 - 03)));
        assert_eq!(date_from_bcd(&[2, 4, 0, 2, 2, 9]), Ok(date!(2024 - 02 - 29)));
        assert_eq!(date_from_bcd(&[2, 3, 0, 2, 2, 9]), Err(CvcError::NoSuchDate(0x5F25)));
        assert_eq!(date_from_bcd(&[2, 3, 1, 3, 0, 1]), Err(CvcError::NoSuchDate(0x5F25)));
        assert_eq!(date_from_bcd(&[2, 3, 0, 0, 0, 1]), Err(CvcError::NoSuchDate(0x5F25)));
        assert_eq!(date_from_bcd(&[2, 3, 0, 1, 0, 0]), Err(CvcError::NoSuchDate(0x5F25)));
        assert_eq!(date_from_bcd(&[2, 3, 0, 1, 0, 10]), Err(CvcError::Digits(0x5F25)));
        assert_eq!(date_from_bcd(b"230101"), Err(CvcError::Digits(0x5F25)));
        assert_eq!(date_from_bcd(&[0x23, 1, 1]), Err(CvcError::Digits(0x5F25)));
        assert_eq!(check_year(date!(2100 - 01 - 01)), Err(CvcError::Year(date!(2100 - 01 - 01))));
    }

    proptest! {
        #[test]
        fn every_day_of_the_century_comes_back(day in 0i32..36_525) {
            let date = Date::from_julian_day(date!(2000 - 01 - 01).to_julian_day() + day).unwrap();
            prop_assert_eq!(date_from_bcd(&date_to_bcd(date)), Ok(date));
        }
    }
}
