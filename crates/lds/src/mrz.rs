//! The machine-readable zone of an ID-1 card (TD1, three lines of 30): 9303-5 §4.2.2, check digits 9303-3 §4.9.
//!
//! ```text
//! L1  1-2 document code  3-5 issuing state  6-14 document number  15 its check digit  16-30 optional data 1
//! L2  1-6 birth  7 cd  8 sex  9-14 expiry  15 cd  16-18 nationality  19-29 optional data 2  30 composite check digit
//! L3  1-30 PRIMARY<IDENTIFIER<<SECONDARY<IDENTIFIER
//! ```
//! On the CNIE the document number is not the CIN: that one lies in optional data 1.

mod name;

use core::fmt;
use core::ops::Range;

use time::{Date, Month};
use zeroize::Zeroizing;

pub use name::transliterate;

const LINE: usize = 30;
const TEXT: usize = 3 * LINE;

// Fields as ranges of the 90 characters.
const DOCUMENT_CODE: Range<usize> = 0..2;
const ISSUING_STATE: Range<usize> = 2..5;
const DOCUMENT_NUMBER: Range<usize> = 5..14;
const DOCUMENT_NUMBER_CD: Range<usize> = 14..15;
const OPTIONAL_1: Range<usize> = 15..30;
const BIRTH: Range<usize> = 30..36;
const BIRTH_CD: Range<usize> = 36..37;
const SEX: Range<usize> = 37..38;
const EXPIRY: Range<usize> = 38..44;
const EXPIRY_CD: Range<usize> = 44..45;
const NATIONALITY: Range<usize> = 45..48;
const OPTIONAL_2: Range<usize> = 48..59;
const COMPOSITE_CD: Range<usize> = 59..60;
const NAME: Range<usize> = 60..90;

/// Why a machine-readable zone was not built or not read. Positions and field names only; the one letter that could not
/// be written is named, since nobody could correct the record without it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MrzError {
    /// More characters than the field has positions.
    #[error("MRZ overflow: {field} has {length} characters, the field takes {max}")]
    Overflow {
        /// Field of 9303-5 §4.2.2.
        field: &'static str,
        /// Characters given.
        length: usize,
        /// Positions there are.
        max: usize,
    },
    /// A character that the field cannot hold.
    #[error("{field}: {letter:?} (U+{:04X}) cannot be written in the MRZ", *letter as u32)]
    Letter {
        /// Field of 9303-5 §4.2.2.
        field: &'static str,
        /// The character as given.
        letter: char,
    },
    /// A field that must not be empty.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// A name of which no truncation ends in a letter (more than 15 initials).
    #[error("the name cannot be truncated to 30 positions as 9303-5 §4.2.3 wants")]
    Name,
    /// Not three lines of 30 characters.
    #[error("a TD1 MRZ has three lines of 30 characters")]
    Layout,
    /// A character outside A-Z, 0-9 and `<`, or one of these where it cannot stand.
    #[error("line {line}, position {position}: character not allowed there")]
    Character {
        /// 1 to 3.
        line: usize,
        /// 1 to 30.
        position: usize,
    },
    /// Month or day outside the calendar.
    #[error("{0} is no date YYMMDD")]
    Date(&'static str),
    /// A check digit that does not fit.
    #[error("check digit of {0} is wrong")]
    CheckDigit(&'static str),
}

/// Sex as the MRZ codes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sex {
    /// `M`
    Male,
    /// `F`
    Female,
    /// `<`
    Unspecified,
}

impl Sex {
    /// The character in position 8 of line 2.
    pub const fn letter(self) -> char {
        self.octet() as char
    }

    /// The same as an octet.
    pub(crate) const fn octet(self) -> u8 {
        match self {
            Self::Male => b'M',
            Self::Female => b'F',
            Self::Unspecified => b'<',
        }
    }
}

/// What an MRZ is built from. Names in Latin letters as on the card, accents and all; the rest in A-Z and 0-9.
#[derive(Clone, PartialEq, Eq)]
pub struct Td1Fields {
    /// `ID` on the CNIE; the first letter is A, C or I.
    pub document_code: String,
    /// Three letters, fewer are filled up: `MAR`.
    pub issuing_state: String,
    /// At most 9 characters: longer numbers are an overflow for this card type.
    pub document_number: String,
    /// At most 15 characters: the CIN.
    pub optional_1: String,
    /// Date of birth.
    pub birth: Date,
    /// Sex.
    pub sex: Sex,
    /// Last day of validity.
    pub expiry: Date,
    /// Three letters: `MAR`.
    pub nationality: String,
    /// At most 11 characters: empty on the CNIE.
    pub optional_2: String,
    /// Primary identifier.
    pub surname: String,
    /// Secondary identifier; may be empty.
    pub given_names: String,
}

impl fmt::Debug for Td1Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Td1Fields(..)")
    }
}

/// A checked machine-readable zone. Its text is wiped on drop and not printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Mrz {
    text: Zeroizing<String>,
    /// Of a number longer than 9 characters, the whole of it; otherwise empty.
    long_number: Zeroizing<String>,
}

impl fmt::Debug for Mrz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mrz(..)")
    }
}

impl Mrz {
    /// Writes the three lines, check digits included.
    ///
    /// # Errors
    /// [`MrzError::Overflow`], [`MrzError::Letter`], [`MrzError::Empty`], [`MrzError::Name`] by field.
    pub fn build(fields: &Td1Fields) -> Result<Self, MrzError> {
        let mut text = Zeroizing::new(String::with_capacity(TEXT));
        text.push_str(&filled("document code", &fields.document_code, 2, |c| c.is_ascii_uppercase())?);
        if !text.starts_with(['A', 'C', 'I']) {
            return Err(letter("document code", fields.document_code.chars().next()));
        }
        text.push_str(&filled("issuing state", &fields.issuing_state, 3, |c| c.is_ascii_uppercase())?);
        if fields.document_number.starts_with('<') {
            return Err(letter("document number", Some('<')));
        }
        let number = filled("document number", &fields.document_number, DOCUMENT_NUMBER.len(), allowed)?;
        text.push_str(&number);
        text.push(check_digit(&number)?);
        // Optional data may be empty, unlike the fields before.
        text.push_str(&padded("optional data 1", &fields.optional_1, OPTIONAL_1.len(), allowed)?);
        let (birth, expiry) = (six_digits(fields.birth), six_digits(fields.expiry));
        text.push_str(&birth);
        text.push(check_digit(&birth)?);
        text.push(fields.sex.letter());
        text.push_str(&expiry);
        text.push(check_digit(&expiry)?);
        text.push_str(&filled("nationality", &fields.nationality, 3, |c| c.is_ascii_uppercase())?);
        text.push_str(&padded("optional data 2", &fields.optional_2, OPTIONAL_2.len(), allowed)?);
        let composite = check_digit(&composite_input(&text))?;
        text.push(composite);
        text.push_str(&name::name_field(&fields.surname, &fields.given_names)?);
        Ok(Self { text, long_number: Zeroizing::default() })
    }

    /// Reads three lines of 30 characters, or 90 in one, and checks every digit. `ID` and `I<` are both read, and so
    /// are document numbers of more than 9 characters (9303-5 §4.2.2, note j) and dates of birth with unknown parts.
    ///
    /// # Errors
    /// [`MrzError::Layout`], [`MrzError::Character`], [`MrzError::Date`], [`MrzError::CheckDigit`].
    pub fn parse(text: &str) -> Result<Self, MrzError> {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let lengths: Vec<usize> = lines.iter().map(|line| line.chars().count()).collect();
        if lengths != [LINE; 3] && lengths != [TEXT] {
            return Err(MrzError::Layout);
        }
        let mut mrz = Self { text: Zeroizing::new(lines.concat()), long_number: Zeroizing::default() };
        mrz.check_characters()?;
        mrz.check_number()?;
        for (field, range, digit) in [("date of birth", BIRTH, BIRTH_CD), ("date of expiry", EXPIRY, EXPIRY_CD)] {
            let date = mrz.part(range);
            check_date(field, date)?;
            check(field, date, mrz.part(digit))?;
        }
        check("the composite", &composite_input(&mrz.text), mrz.part(COMPOSITE_CD))?;
        Ok(mrz)
    }

    /// The 90 characters.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The three lines.
    pub fn lines(&self) -> [&str; 3] {
        [self.part(0..LINE), self.part(LINE..2 * LINE), self.part(2 * LINE..TEXT)]
    }

    /// `I` or `ID`.
    pub fn document_code(&self) -> &str {
        self.part(DOCUMENT_CODE).trim_end_matches('<')
    }

    /// Three-letter code, shorter for `D`.
    pub fn issuing_state(&self) -> &str {
        self.part(ISSUING_STATE).trim_end_matches('<')
    }

    /// The document number without fillers behind it.
    pub fn document_number(&self) -> &str {
        if self.long_number.is_empty() { self.part(DOCUMENT_NUMBER).trim_end_matches('<') } else { &self.long_number }
    }

    /// Optional data of line 1, without the rest of a long document number: the CIN.
    pub fn optional_1(&self) -> &str {
        let field = self.part(OPTIONAL_1);
        let data = if self.long_number.is_empty() { field } else { field.split_once('<').map_or("", |(_, data)| data) };
        data.trim_end_matches('<')
    }

    /// Date of birth, `YYMMDD`, fillers where parts are unknown.
    pub fn birth(&self) -> &str {
        self.part(BIRTH)
    }

    /// Date of birth in the last hundred years before `today`; `None` where parts are unknown.
    pub fn birth_date(&self, today: Date) -> Option<Date> {
        in_century(self.part(BIRTH), |date| date <= today)
    }

    /// Sex.
    pub fn sex(&self) -> Sex {
        match self.part(SEX) {
            "M" => Sex::Male,
            "F" => Sex::Female,
            _ => Sex::Unspecified,
        }
    }

    /// Date of expiry, `YYMMDD`.
    pub fn expiry(&self) -> &str {
        self.part(EXPIRY)
    }

    /// Date of expiry: the last one that is less than fifty years after `today`.
    pub fn expiry_date(&self, today: Date) -> Option<Date> {
        in_century(self.part(EXPIRY), |date| date.year() < today.year() + 50)
    }

    /// Three-letter code, shorter for `D`.
    pub fn nationality(&self) -> &str {
        self.part(NATIONALITY).trim_end_matches('<')
    }

    /// Optional data of line 2.
    pub fn optional_2(&self) -> &str {
        self.part(OPTIONAL_2).trim_end_matches('<')
    }

    /// Primary identifier, blanks between its components.
    pub fn surname(&self) -> String {
        self.names().0.trim_end_matches('<').replace('<', " ")
    }

    /// Secondary identifier, blanks between its components.
    pub fn given_names(&self) -> String {
        self.names().1.trim_matches('<').replace('<', " ")
    }

    /// Document number, date of birth and date of expiry, each with its check digit: what BAC keys and the PACE
    /// password MRZ are hashed from (9303-11 §4.3.2, App. D.2).
    pub fn key_input(&self) -> Zeroizing<String> {
        let number = match self.long_number.as_str() {
            "" => self.part(DOCUMENT_NUMBER.start..DOCUMENT_NUMBER_CD.end).to_owned(),
            // Its check digit follows it in optional data 1, before the first filler.
            long => {
                let rest = self.part(OPTIONAL_1).split('<').next().unwrap_or_default();
                format!("{long}{}", rest.get(rest.len().saturating_sub(1)..).unwrap_or_default())
            }
        };
        let number = Zeroizing::new(number);
        let dates = (self.part(BIRTH.start..BIRTH_CD.end), self.part(EXPIRY.start..EXPIRY_CD.end));
        Zeroizing::new(format!("{}{}{}", *number, dates.0, dates.1))
    }

    /// A range of the text; the text is 90 ASCII characters, so no range misses.
    fn part(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    fn names(&self) -> (&str, &str) {
        let field = self.part(NAME);
        field.split_once("<<").unwrap_or((field, ""))
    }

    /// Letters where only letters may stand, digits where only digits may.
    fn check_characters(&self) -> Result<(), MrzError> {
        for (at, character) in self.text.chars().enumerate() {
            let fits = match at {
                0 => matches!(character, 'A' | 'C' | 'I'),
                2 | 45 | 60 => character.is_ascii_uppercase(),
                1 | 3..5 | 46..48 | 61..TEXT => character.is_ascii_uppercase() || character == '<',
                5 => allowed(character) && character != '<',
                30..36 => character.is_ascii_digit() || character == '<', // unknown parts, 9303-3 §4.8
                36 | 38..45 | 59 => character.is_ascii_digit(),
                37 => matches!(character, 'M' | 'F' | '<'),
                _ => allowed(character),
            };
            if !fits {
                return Err(MrzError::Character { line: at / LINE + 1, position: at % LINE + 1 });
            }
        }
        Ok(())
    }

    /// The document number and its check digit, which for a long number stand in optional data 1.
    fn check_number(&mut self) -> Result<(), MrzError> {
        let field = "the document number";
        let digit = self.part(DOCUMENT_NUMBER_CD);
        if digit != "<" {
            return check(field, self.part(DOCUMENT_NUMBER), digit);
        }
        let (rest, _) = self.part(OPTIONAL_1).split_once('<').ok_or(MrzError::CheckDigit(field))?;
        let (rest, digit) = rest.split_at_checked(rest.len().saturating_sub(1)).unwrap_or_default();
        if rest.is_empty() {
            return Err(MrzError::CheckDigit(field));
        }
        let number = format!("{}{rest}", self.part(DOCUMENT_NUMBER));
        check(field, &number, digit)?;
        self.long_number = Zeroizing::new(number);
        Ok(())
    }
}

/// The check digit over A-Z (10..35), 0-9 and `<` (0), weights 7, 3, 1, modulo 10: 9303-3 §4.9.
///
/// # Errors
/// [`MrzError::Letter`] for any other character.
pub fn check_digit(data: &str) -> Result<char, MrzError> {
    let mut sum = 0;
    for (character, weight) in data.chars().zip([7, 3, 1].into_iter().cycle()) {
        let value = match character {
            '<' => 0,
            '0'..='9' | 'A'..='Z' => character.to_digit(36).unwrap_or_default(),
            other => return Err(MrzError::Letter { field: "check digit", letter: other }),
        };
        sum = (sum + value * weight) % 10;
    }
    Ok(char::from_digit(sum, 10).unwrap_or('0'))
}

/// The key input out of typed fields: number (filled up to 9), birth and expiry as `YYMMDD`, each with its check digit.
///
/// # Errors
/// [`MrzError::Overflow`] for a number beyond 22 characters, [`MrzError::Letter`], [`MrzError::Empty`],
/// [`MrzError::Date`].
pub fn key_input(
    document_number: &str,
    birth_yymmdd: &str,
    expiry_yymmdd: &str,
) -> Result<Zeroizing<String>, MrzError> {
    const NUMBER_MAX: usize = 22; // 9 positions and 13 of optional data 1
    if document_number.len() > NUMBER_MAX {
        let length = document_number.chars().count();
        return Err(MrzError::Overflow { field: "document number", length, max: NUMBER_MAX });
    }
    let positions = document_number.len().max(DOCUMENT_NUMBER.len());
    let number = Zeroizing::new(filled("document number", document_number, positions, allowed)?);
    check_date("date of birth", birth_yymmdd)?;
    check_date("date of expiry", expiry_yymmdd)?;
    let digits = (check_digit(&number)?, check_digit(birth_yymmdd)?, check_digit(expiry_yymmdd)?);
    let dates = format!("{birth_yymmdd}{}{expiry_yymmdd}{}", digits.1, digits.2);
    Ok(Zeroizing::new(format!("{}{}{dates}", *number, digits.0)))
}

fn allowed(character: char) -> bool {
    character.is_ascii_uppercase() || character.is_ascii_digit() || character == '<'
}

const fn letter(field: &'static str, character: Option<char>) -> MrzError {
    match character {
        Some(letter) => MrzError::Letter { field, letter },
        None => MrzError::Empty(field),
    }
}

fn filled(field: &'static str, given: &str, max: usize, fits: fn(char) -> bool) -> Result<String, MrzError> {
    if given.is_empty() { Err(MrzError::Empty(field)) } else { padded(field, given, max, fits) }
}

fn padded(field: &'static str, given: &str, max: usize, fits: fn(char) -> bool) -> Result<String, MrzError> {
    if let Some(letter) = given.chars().find(|character| !fits(*character)) {
        return Err(MrzError::Letter { field, letter });
    }
    if given.len() > max {
        return Err(MrzError::Overflow { field, length: given.len(), max });
    }
    Ok(format!("{given:<<max$}"))
}

fn six_digits(date: Date) -> String {
    format!("{:02}{:02}{:02}", date.year().rem_euclid(100), u8::from(date.month()), date.day())
}

/// Upper line 6-30, middle line 1-7, 9-15 and 19-29 (9303-5 §4.2.4).
fn composite_input(text: &str) -> Zeroizing<String> {
    let part = |range: Range<usize>| text.get(range).unwrap_or_default();
    let dates = (part(BIRTH.start..BIRTH_CD.end), part(EXPIRY.start..EXPIRY_CD.end));
    Zeroizing::new([part(DOCUMENT_NUMBER.start..OPTIONAL_1.end), dates.0, dates.1, part(OPTIONAL_2)].concat())
}

fn check(field: &'static str, data: &str, digit: &str) -> Result<(), MrzError> {
    let fits = digit.chars().eq([check_digit(data)?]);
    if fits { Ok(()) } else { Err(MrzError::CheckDigit(field)) }
}

/// `YYMMDD`; a part may be unknown as a whole only, and the year alone decides nothing about 29 February.
fn check_date(field: &'static str, text: &str) -> Result<(), MrzError> {
    let part = |range: Range<usize>, max: u8| match text.get(range) {
        Some("<<") => true,
        Some(part) if part.bytes().all(|octet| octet.is_ascii_digit()) => {
            part.parse::<u8>().is_ok_and(|number| (u8::from(max < 99)..=max).contains(&number))
        }
        _ => false,
    };
    let calendar = text.contains('<') || in_century(text, |_| true).is_some();
    if text.len() == 6 && part(0..2, 99) && part(2..4, 12) && part(4..6, 31) && calendar {
        Ok(())
    } else {
        Err(MrzError::Date(field))
    }
}

/// The last of the years 20YY, 19YY, 18YY whose date exists and is accepted.
fn in_century(yymmdd: &str, accepts: impl Fn(Date) -> bool) -> Option<Date> {
    let part = |range: Range<usize>| yymmdd.get(range)?.parse::<u8>().ok();
    let (year, month, day) = (part(0..2)?, Month::try_from(part(2..4)?).ok()?, part(4..6)?);
    [2000, 1900, 1800]
        .into_iter()
        .filter_map(|century| Date::from_calendar_date(century + i32::from(year), month, day).ok())
        .find(|date| accepts(*date))
}

#[cfg(test)]
mod tests;
