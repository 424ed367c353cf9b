//! Texts that people and programs write: records, profiles, traces, commands, keys.

use bitaqa_cli::{apdu_text, key_text};
use bitaqa_perso::applicant::Applicant;
use bitaqa_profile::Profile;
use bitaqa_secure_messaging::diversify::Template;
use bitaqa_terminal::trace;

use crate::issued::{NOW, eac};

fn text(input: &[u8]) -> Option<&str> {
    core::str::from_utf8(input).ok()
}

/// A record with the images of a sample beside it. Names of files that are not there are a problem, not a path.
pub fn record(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let issued = eac();
    let folder = |name: &str| issued.images.get(name).cloned().ok_or_else(|| "no such file".to_owned());
    let read = |text: &str| Applicant::parse(text, "record.json", &folder, &issued.profile, NOW.date());
    match read(text) {
        Ok((applicant, _)) => {
            let again = read(text).map(|(again, _)| again.digest());
            assert_eq!(again.ok(), Some(applicant.digest()), "one record, two digests");
            assert!(applicant.mrz().lines().iter().all(|line| line.len() == 30));
        }
        Err(errors) => {
            assert!(!errors.problems.is_empty(), "refused without a reason");
            // What is wrong is told without repeating what the field says; a long value shows best that it is not.
            let longest = errors.problems.iter().map(|problem| problem.what.chars().count()).max();
            assert!(longest.is_none_or(|longest| longest < 600), "a message of {longest:?} characters");
        }
    }
}

/// A profile: what is accepted can be shown.
pub fn profile(input: &[u8]) {
    let Some(text) = text(input) else { return };
    match Profile::parse(text, "fuzz.toml") {
        Ok(profile) => assert!(!profile.render().is_empty()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A trace: each line that is none is told by its number.
pub fn trace_file(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let lines = text.lines().count();
    match trace::read(text) {
        Ok(entries) => assert!(entries.len() <= lines),
        Err(error) => assert!((1..=lines).contains(&error.line), "line {} of {lines}", error.line),
    }
}

/// Commands as an operator writes them, with and without a look at their lengths.
pub fn apdu(input: &[u8]) {
    let Some(text) = text(input) else { return };
    for lengths in [true, false] {
        match apdu_text::Line::parse(text, lengths) {
            Ok(line) => {
                let octets = hex::encode(&line.octets);
                let expected: Vec<String> = line.expected.iter().map(ToString::to_string).collect();
                let written = if expected.is_empty() { octets } else { format!("{octets}={}", expected.join("|")) };
                assert_eq!(apdu_text::Line::parse(&written, lengths).as_ref(), Ok(&line), "{written}");
            }
            Err((at, _)) => assert!((1..=text.len() + 2).contains(&at), "position {at} of {}", text.len()),
        }
    }
}

/// Key files of security domains. No message repeats a value: it might be a key.
pub fn keys(input: &[u8]) {
    let Some(text) = text(input) else { return };
    match key_text::parse(text) {
        Ok(key_text::Keys::Set(source)) => {
            let made = [0x02, 0x03].map(|protocol| source.of_card(protocol, &[7; 10]).is_ok());
            assert!(made.contains(&true), "keys of no protocol");
        }
        Ok(key_text::Keys::Single(key)) => assert!((1..=0x7F).contains(&key.id)),
        Err((field, what)) => assert!(!field.is_empty() && !what.is_empty()),
    }
}

/// Templates of diversification, as profiles have them.
pub fn template(input: &[u8]) {
    let Some(text) = text(input) else { return };
    if let Ok(template) = text.parse::<Template>() {
        let made = |kdd: &[u8; 10]| template.keys(&[0x42; 16], kdd).map(|keys| keys.keys().map(<[u8]>::to_vec));
        assert_eq!(made(&[1; 10]).ok(), made(&[1; 10]).ok(), "{text}");
    }
}
