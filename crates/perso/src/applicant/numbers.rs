//! Numbers, e-mail address and telephone number.

use super::problem::Findings;
use super::record::{Record, Sex, SpouseKind};
use bitaqa_profile::Profile;
use time::Date;

/// Positions of the document number in a TD1 MRZ, 9303-5 §4.2.2.
const DOCUMENT_NUMBER_CHARS_MAX: usize = 9;

/// Checks all of them.
pub(super) fn check(record: &Record, profile: &Profile, today: Date, findings: &mut Findings<'_>) {
    document_number(&record.document_number, findings);
    cin(&record.cin, findings);
    if let Some(can) = &record.can {
        let digits = profile.pace.can_digits;
        findings.unless(
            can.len() == digits && all_digits(can),
            "can",
            format!("the card access number has not {digits} digits"),
            format!("write {digits} digits, or leave the field out and one is drawn"),
        );
    }
    civil_registry(&record.civil_registry_number, today, findings);
    let optional = &record.optional;
    if let Some(idcs) = &optional.idcs {
        self::idcs(idcs, findings);
    }
    if let Some(email) = &optional.email {
        let remedy = "write name@domain in ASCII, or leave the field out";
        findings.unless(is_email(email), "optional.email", "this is no e-mail address", remedy);
    }
    let own = optional.phone.as_ref().map(|phone| ("optional.phone", phone));
    let contact =
        optional.emergency_contact.as_ref().map(|contact| ("optional.emergency_contact.phone", &contact.phone));
    for (field, phone) in own.into_iter().chain(contact) {
        let remedy = "write 8 to 15 digits, with + and the country code in front or not, or leave the field out";
        findings.unless(is_phone(phone), field, "this is no telephone number", remedy);
    }
    if let Some(spouse) = &record.spouse {
        let fits = match spouse.kind {
            SpouseKind::Wife | SpouseKind::Widow => record.sex != Sex::M,
            SpouseKind::Widower => record.sex != Sex::F,
        };
        if !fits {
            findings.warn(
                "spouse.kind",
                "the mention does not go with the sex of the holder",
                "compare with the civil record",
            );
        }
    }
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn document_number(number: &str, findings: &mut Findings<'_>) {
    let length = number.chars().count();
    if length > DOCUMENT_NUMBER_CHARS_MAX {
        findings.problem(
            "document_number",
            format!("MRZ overflow: the number has {length} characters, the MRZ takes {DOCUMENT_NUMBER_CHARS_MAX}"),
            "write the number of the card, which is not the CIN",
        );
        return;
    }
    findings.unless(
        !number.is_empty() && number.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()),
        "document_number",
        "the number is empty or holds other characters than A to Z and 0 to 9",
        "write 1 to 9 capitals and digits without blanks",
    );
}

/// `^[A-Z]{1,2}[0-9]{1,8}$`, usually 5 to 7 digits. The card knows no check digit for it.
fn cin(number: &str, findings: &mut Findings<'_>) {
    let digits = number.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let letters = number.len() - digits.len();
    if !(1..=2).contains(&letters) || !all_digits(digits) || digits.len() > 8 {
        findings.problem(
            "cin",
            "this is no CIN: one or two capitals come first, then 1 to 8 digits",
            "copy the national identification number without blanks",
        );
    } else if !(5..=7).contains(&digits.len()) {
        let what = format!("the CIN has {} digits, usual are 5 to 7", digits.len());
        findings.warn("cin", what, "compare with the application");
    }
}

/// `nnn/yyyy` or `nnnn/nnnn/yyyy`.
fn civil_registry(number: &str, today: Date, findings: &mut Findings<'_>) {
    let parts: Vec<&str> = number.split('/').collect();
    let shape = matches!(parts.len(), 2 | 3)
        && parts.iter().all(|part| all_digits(part) && part.len() <= 4)
        && parts.last().is_some_and(|year| year.len() == 4);
    findings.unless(
        shape,
        "civil_registry_number",
        "the number has neither the shape nnn/yyyy nor nnnn/nnnn/yyyy",
        "copy it from the birth extract with the year at the end",
    );
    let year = parts.last().filter(|_| shape).and_then(|year| year.parse::<i32>().ok());
    findings.unless(
        year.is_none_or(|year| (1850..=today.year()).contains(&year)),
        "civil_registry_number",
        "the year at the end is no year of a civil registry",
        "put the year of registration last",
    );
}

/// `^[2-9][0-9]{9}$` with a Verhoeff check digit.
fn idcs(number: &str, findings: &mut Findings<'_>) {
    let shape = number.len() == 10 && all_digits(number) && number.starts_with(|c| ('2'..='9').contains(&c));
    findings.unless(
        shape,
        "optional.idcs",
        "this is no IDCS: ten digits, the first one 2 to 9",
        "copy the number of the population register, or leave the field out",
    );
    findings.unless(
        !shape || verhoeff(number),
        "optional.idcs",
        "the check digit is wrong: a digit is mistyped or two are swapped",
        "copy the number of the population register again, or leave the field out",
    );
}

/// Whether the last digit is the Verhoeff check digit of those before it: multiplication in the dihedral group of the
/// pentagon, digits permuted by their place counted from the right.
pub(super) fn verhoeff(number: &str) -> bool {
    const PERMUTED: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let permute =
        |digit: u32| PERMUTED.iter().zip(0..).find(|(_, place)| *place == digit).map_or(0, |(image, _)| *image);
    let mut sum = 0;
    for (place, letter) in number.chars().rev().enumerate() {
        let Some(mut digit) = letter.to_digit(10) else { return false };
        for _ in 0..place % 8 {
            digit = permute(digit);
        }
        sum = dihedral(sum, digit);
    }
    sum == 0
}

/// Product of two symmetries of the pentagon: 0 to 4 are rotations, 5 to 9 reflections.
const fn dihedral(a: u32, b: u32) -> u32 {
    match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a - b) % 5 + 5,
        (false, false) => (a + 5 - b) % 5,
    }
}

/// The part of RFC 5321 that people have: dotted words of ASCII, one `@`, a domain of two labels or more.
fn is_email(address: &str) -> bool {
    let Some((name, domain)) = address.split_once('@') else { return false };
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    };
    let label = |label: &str| {
        let edges = !label.starts_with('-') && !label.ends_with('-');
        (1..=63).contains(&label.len()) && edges && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    address.len() <= 254
        && name.len() <= 64
        && name.split('.').all(word)
        && domain.contains('.')
        && domain.split('.').all(label)
        && !domain.ends_with(|c: char| c.is_ascii_digit())
}

/// Digits as ITU-T E.164 counts them, with the signs by which people part them.
fn is_phone(number: &str) -> bool {
    let rest = number.strip_prefix('+').unwrap_or(number);
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    (8..=15).contains(&digits)
        && number.len() <= 24
        && rest.bytes().all(|b| b.is_ascii_digit() || b" .()-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verhoeff_finds_every_single_fault_and_every_swap() {
        assert!(verhoeff("2363") && verhoeff("758722") && verhoeff("123451"));
        let number = "2363";
        for place in 0..number.len() {
            for digit in '0'..='9' {
                let mut changed: Vec<char> = number.chars().collect();
                changed[place] = digit;
                let text: String = changed.iter().collect();
                assert_eq!(verhoeff(&text), text == number, "{text}");
            }
        }
        assert!(!verhoeff("3263") && !verhoeff("2633") && !verhoeff("2336") && !verhoeff("23a3"));
    }

    #[test]
    fn addresses_and_numbers_of_every_day_pass() {
        for good in ["a@b.ma", "first.last+tag@sub.example.org", "o'neil@ex-ample.org"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "a", "a@", "@b.ma", "a@b", "a b@c.ma", "a@@b.ma", "a..b@c.ma", "a@-b.ma", "a@1.2.3.4", "é@b.ma"]
        {
            assert!(!is_email(bad), "{bad}");
        }
        for good in ["+212600000123", "06 00 00 01 23", "(0)600-000-123", "05.00.00.01.23"] {
            assert!(is_phone(good), "{good}");
        }
        for bad in ["", "1234567", "+2126000001234567", "06x00000123", "06+00000123", "++212600000123"] {
            assert!(!is_phone(bad), "{bad}");
        }
    }
}
