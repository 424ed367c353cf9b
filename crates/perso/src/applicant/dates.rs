//! Dates, age and validity: law 04-20 art. 12 and decree 2-20-521 as the profile has them.

use super::problem::Findings;
use super::record::Record;
use bitaqa_profile::{BUILTIN, Profile};
use time::macros::format_description;
use time::{Date, Month};

/// Dates that fit each other.
pub(super) struct Dates {
    pub(super) birth: Date,
    pub(super) issue: Date,
    pub(super) expiry: Date,
}

impl Dates {
    /// Full years from birth to issue.
    pub(super) fn age_at_issue(&self) -> u8 {
        let years = self.issue.year() - self.birth.year();
        let before_birthday = self.issue < years_later(self.birth, years);
        u8::try_from(years - i32::from(before_birthday)).unwrap_or(if years < 0 { 0 } else { u8::MAX })
    }
}

/// The same day some years later; 29 February becomes 1 March where there is none.
fn years_later(date: Date, years: i32) -> Date {
    let year = date.year() + years;
    date.replace_year(year).or_else(|_| Date::from_calendar_date(year, Month::March, 1)).unwrap_or(Date::MAX)
}

/// The dates when all three are dates; the findings say which rules they break.
pub(super) fn check(record: &Record, profile: &Profile, today: Date, findings: &mut Findings<'_>) -> Option<Dates> {
    let birth = read(&record.birth.date, "birth.date", findings);
    let issue = read(&record.issue_date, "issue_date", findings);
    let expiry = read(&record.expiry_date, "expiry_date", findings);
    let dates = Dates { birth: birth?, issue: issue?, expiry: expiry? };
    let born = dates.birth < dates.issue && dates.birth <= today;
    findings.unless(
        born,
        "birth.date",
        "the birth lies on or after the day of issue, or after today",
        "correct the date of birth or the date of issue",
    );
    findings.unless(
        dates.expiry > dates.issue,
        "expiry_date",
        "the card would expire on or before the day of its issue",
        "write a later expiry date",
    );
    findings.unless(
        dates.expiry > today || dates.expiry <= dates.issue,
        "expiry_date",
        "the card would be expired today",
        "correct issue and expiry date",
    );
    if dates.issue > today {
        findings.warn("issue_date", "the day of issue lies in the future", "compare with the application");
    }
    if born {
        age_rules(&dates, record, profile, findings);
    }
    Some(dates)
}

fn read(text: &str, field: &str, findings: &mut Findings<'_>) -> Option<Date> {
    let date = Date::parse(text, format_description!("[year]-[month]-[day]")).ok();
    // the parser takes signs and long years, a record does not
    let date = date.filter(|date| text.len() == 10 && (1850..=2200).contains(&date.year()));
    findings.unless(date.is_some(), field, "this is no date of the calendar", "write an existing day as YYYY-MM-DD");
    date
}

/// Under 12: the minor product, 7 years at most, no prints. Otherwise: 10 years at most, two prints.
fn age_rules(dates: &Dates, record: &Record, profile: &Profile, findings: &mut Findings<'_>) {
    let (age, holder) = (dates.age_at_issue(), &profile.holder);
    if !profile.serves_age(age) {
        let serving = |name: &str| Profile::builtin(name).is_ok_and(|other| other.serves_age(age));
        let other = BUILTIN.iter().map(|(name, _)| *name).find(|name| serving(name));
        findings.problem(
            "birth.date",
            format!(
                "the holder is {age} years old at issue, the profile {} serves {} to below {} years",
                profile.product.name, holder.age_years_min, holder.age_years_below
            ),
            other.map_or_else(
                || "correct the date of birth".to_owned(),
                |name| format!("take the profile {name}, or correct the date"),
            ),
        );
    }
    let years = i32::from(holder.validity_years_max);
    findings.unless(
        dates.expiry <= years_later(dates.issue, years),
        "expiry_date",
        format!("the card would be valid longer than the {years} years of the profile {}", profile.product.name),
        format!("write an expiry date at most {years} years after the date of issue"),
    );
    let prints = record.fingerprints.len();
    let wanted = if holder.fingerprints == bitaqa_profile::Prints::Two { 2 } else { 0 };
    findings.unless(
        prints == wanted,
        "fingerprints",
        format!("{prints} fingerprints are given, the profile {} wants {wanted}", profile.product.name),
        if wanted == 0 {
            "write an empty list: no prints are taken from a holder under 12"
        } else {
            "give one print of each of two fingers"
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn age_counts_full_years() {
        let age = |birth, issue| Dates { birth, issue, expiry: issue }.age_at_issue();
        assert_eq!(age(date!(2014 - 05 - 20), date!(2026 - 05 - 19)), 11);
        assert_eq!(age(date!(2014 - 05 - 20), date!(2026 - 05 - 20)), 12);
        assert_eq!(age(date!(2012 - 02 - 29), date!(2024 - 02 - 29)), 12);
        assert_eq!(age(date!(2012 - 02 - 29), date!(2025 - 02 - 28)), 12);
        assert_eq!(age(date!(2012 - 02 - 29), date!(2025 - 03 - 01)), 13);
        assert_eq!(age(date!(1700 - 01 - 01), date!(2025 - 03 - 01)), u8::MAX);
        assert_eq!(age(date!(2030 - 01 - 01), date!(2025 - 03 - 01)), 0);
    }
}
