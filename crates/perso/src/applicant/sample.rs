//! Synthetic applicants: nobody, yet plausible, in both scripts, and the same for the same random octets. Every
//! document number begins with VSI, so that no card made from one can be taken for a citizen's.

mod words;

use super::numbers::verhoeff;
use super::record::{
    Bilingual, Birth, EmergencyContact, Finger, Fingerprint, Name, Names, Optional, Parents, Portrait, Record, Sex,
    Spouse, SpouseKind,
};
use rand_core::CryptoRng;
use time::{Date, Duration};
use words::{CITIES, FEMALE, MALE, QUARTERS, STREETS, SURNAMES, Word};

/// Files that the images of a sample have beside its record.
pub const PORTRAIT_FILE: &str = "portrait.png";
/// Print of the right index finger.
pub const RIGHT_INDEX_FILE: &str = "right_index.png";
/// Print of the left index finger.
pub const LEFT_INDEX_FILE: &str = "left_index.png";

/// A person issued a card today: 18 to 79 years old, or as a minor 1 to 11 years old; with two prints or without.
pub fn record(rng: &mut dyn CryptoRng, minor: bool, with_prints: bool, today: Date) -> Record {
    let mut draw = Draw(rng);
    let female = draw.below(2) == 0;
    let given = draw.word(if female { FEMALE } else { MALE });
    let (surname, city) = (draw.word(SURNAMES), draw.word(CITIES));
    let age_years = if minor { 1 + draw.below(11) } else { 18 + draw.below(62) };
    // the last day on which the holder still had this age, and up to 11 months before
    let birth = years_before(today, age_years) - Duration::days(draw.below(330).into());
    let father = draw.word(MALE);
    let spouse = (!minor && female && draw.below(3) == 0).then(|| {
        let (given, surname) = (draw.word(MALE), draw.word(SURNAMES));
        Spouse {
            kind: SpouseKind::Wife,
            arabic: format!("{} {}", given.arabic, surname.arabic),
            latin: format!("{} {}", given.latin, surname.latin),
        }
    });
    let prints = [(Finger::RightIndex, RIGHT_INDEX_FILE), (Finger::LeftIndex, LEFT_INDEX_FILE)];
    let prints = prints.map(|(finger, file)| Fingerprint { finger, file: file.to_owned() });
    Record {
        document_number: format!("VSI{}", draw.letters_and_digits(5)),
        cin: format!("{}{}", draw.capitals(2), draw.digits(6)),
        can: Some(draw.digits(6)),
        names: Names { arabic: name(surname.arabic, given.arabic), latin: name(surname.latin, given.latin) },
        birth: Birth { date: iso(birth), place: bilingual(city) },
        sex: if female { Sex::F } else { Sex::M },
        parents: Parents { father: line(&mut draw, father, Word::BEN), mother: mother(&mut draw) },
        address: address(&mut draw),
        civil_registry_number: format!("{}/{}", 1 + draw.below(999), birth.year()),
        spouse,
        authority: Bilingual {
            arabic: "المديرية العامة للأمن الوطني - نموذج".to_owned(),
            latin: "DGSN - SPECIMEN".to_owned(),
        },
        issue_date: iso(today),
        expiry_date: iso(years_after(today, if minor { 7 } else { 10 })),
        portrait: Portrait { file: PORTRAIT_FILE.to_owned(), eyes: None },
        fingerprints: if with_prints { prints.into() } else { Vec::new() },
        optional: Optional {
            email: Some(format!("specimen{}@example.org", draw.digits(4))),
            // an area that is not given to subscribers
            phone: Some(format!("+212600000{}", draw.digits(3))),
            emergency_contact: Some(EmergencyContact {
                name: format!("{} {}", father.latin, surname.latin),
                phone: format!("+212600000{}", draw.digits(3)),
            }),
            idcs: Some(draw.idcs()),
        },
    }
}

fn name(surname: &str, given: &str) -> Name {
    Name { surname: surname.to_owned(), given: given.to_owned() }
}

fn bilingual(word: Word) -> Bilingual {
    Bilingual { arabic: word.arabic.to_owned(), latin: word.latin.to_owned() }
}

/// `FATHER ben GRANDFATHER`, `MOTHER bent GRANDFATHER`.
fn line(draw: &mut Draw<'_>, parent: Word, of: Word) -> Bilingual {
    let grandfather = draw.word(MALE);
    Bilingual {
        arabic: format!("{} {} {}", parent.arabic, of.arabic, grandfather.arabic),
        latin: format!("{} {} {}", parent.latin, of.latin, grandfather.latin),
    }
}

fn mother(draw: &mut Draw<'_>) -> Bilingual {
    let parent = draw.word(FEMALE);
    line(draw, parent, Word::BENT)
}

fn address(draw: &mut Draw<'_>) -> Bilingual {
    let (number, street, quarter, city) =
        (1 + draw.below(240), draw.word(STREETS), draw.word(QUARTERS), draw.word(CITIES));
    Bilingual {
        arabic: format!("{number} {}، {}، {}", street.arabic, quarter.arabic, city.arabic),
        latin: format!("{number} {}, {}, {}", street.latin, quarter.latin, city.latin),
    }
}

fn years_before(date: Date, years: u16) -> Date {
    // the day before exists wherever 29 February does not
    let earlier = |date: Date| date.replace_year(date.year() - i32::from(years));
    earlier(date).or_else(|_| earlier(date - Duration::DAY)).unwrap_or(date)
}

fn years_after(date: Date, years: u16) -> Date {
    let later = |date: Date| date.replace_year(date.year() + i32::from(years));
    later(date).or_else(|_| later(date - Duration::DAY)).unwrap_or(date)
}

/// `YYYY-MM-DD`.
fn iso(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

/// Choices out of the caller's random octets.
struct Draw<'a>(&'a mut dyn CryptoRng);

impl Draw<'_> {
    /// A number below a bound that is far below 65,536; the slight unevenness matters to nobody here.
    fn below(&mut self, bound: u16) -> u16 {
        let mut octets = [0; 2];
        self.0.fill_bytes(&mut octets);
        u16::from_be_bytes(octets) % bound.max(1)
    }

    fn word(&mut self, list: &[Word]) -> Word {
        let bound = u16::try_from(list.len()).unwrap_or(u16::MAX);
        list.get(usize::from(self.below(bound))).copied().unwrap_or(Word::BEN)
    }

    fn signs(&mut self, alphabet: &str, count: usize) -> String {
        let bound = u16::try_from(alphabet.len()).unwrap_or(u16::MAX);
        (0..count).filter_map(|_| alphabet.chars().nth(usize::from(self.below(bound)))).collect()
    }

    fn digits(&mut self, count: usize) -> String {
        self.signs("0123456789", count)
    }

    fn capitals(&mut self, count: usize) -> String {
        self.signs("ABCDEFGHJKLMNPQRSTUVWXYZ", count)
    }

    fn letters_and_digits(&mut self, count: usize) -> String {
        self.signs("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", count)
    }

    /// Ten digits whose last one is the check digit of the others: one of the ten always is.
    fn idcs(&mut self) -> String {
        let body = format!("{}{}", self.signs("23456789", 1), self.digits(8));
        ('0'..='9').map(|digit| format!("{body}{digit}")).find(|number| verhoeff(number)).unwrap_or(body)
    }
}
