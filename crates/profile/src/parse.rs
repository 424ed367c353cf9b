//! Text to [`Profile`]: TOML with every key required and no key unknown, then the semantic check.

use crate::{Problem, Profile, ProfileError};
use bitaqa_apdu::{AccessRule, Aid, Atr};
use serde::de::{Deserialize, Deserializer, Error as _};

/// Profiles inside the program: name and text.
pub const BUILTIN: &[(&str, &str)] = &[
    ("cnie-2.0", include_str!("../../../card-profiles/cnie-2.0.toml")),
    ("cnie-2.0-minor", include_str!("../../../card-profiles/cnie-2.0-minor.toml")),
    ("lab-6fff", include_str!("../../../card-profiles/lab-6fff.toml")),
    ("lab-bac", include_str!("../../../card-profiles/lab-bac.toml")),
    ("lab-cam", include_str!("../../../card-profiles/lab-cam.toml")),
    ("lab-dh", include_str!("../../../card-profiles/lab-dh.toml")),
    ("lab-eac", include_str!("../../../card-profiles/lab-eac.toml")),
    ("lab-eid", include_str!("../../../card-profiles/lab-eid.toml")),
    ("lab-finger", include_str!("../../../card-profiles/lab-finger.toml")),
    ("lab-gm", include_str!("../../../card-profiles/lab-gm.toml")),
    ("lab-health", include_str!("../../../card-profiles/lab-health.toml")),
    ("lab-im", include_str!("../../../card-profiles/lab-im.toml")),
    ("lab-infineon", include_str!("../../../card-profiles/lab-infineon.toml")),
    ("lab-jcop", include_str!("../../../card-profiles/lab-jcop.toml")),
    ("lab-scp02", include_str!("../../../card-profiles/lab-scp02.toml")),
    ("lab-smartcafe", include_str!("../../../card-profiles/lab-smartcafe.toml")),
];

impl Profile {
    /// Reads and checks the text of a profile; `file` is the name that errors carry.
    ///
    /// # Errors
    /// [`ProfileError`]: one problem with line and column when the text does not have the shape of a profile, else
    /// every problem that [`Profile::check`] finds.
    pub fn parse(text: &str, file: &str) -> Result<Self, ProfileError> {
        let refuse = |problems| ProfileError { file: file.to_owned(), problems };
        let profile: Self = toml::from_str(text).map_err(|error| refuse(vec![shape_problem(text, &error)]))?;
        let problems = profile.check();
        if problems.is_empty() { Ok(profile) } else { Err(refuse(problems)) }
    }

    /// A profile by name out of [`BUILTIN`].
    ///
    /// # Errors
    /// [`ProfileError`] that lists the names when there is none of this name.
    pub fn builtin(name: &str) -> Result<Self, ProfileError> {
        let Some((_, text)) = BUILTIN.iter().find(|(known, _)| *known == name) else {
            let names: Vec<_> = BUILTIN.iter().map(|(known, _)| *known).collect();
            let problem = Problem {
                place: "name".to_owned(),
                what: format!("there is no built-in profile `{name}`"),
                remedy: format!("give a path to a .toml file, or one of {}", names.join(", ")),
            };
            return Err(ProfileError { file: name.to_owned(), problems: vec![problem] });
        };
        Self::parse(text, &format!("card-profiles/{name}.toml"))
    }
}

/// A deviation from the shape, at the line and column where the text goes wrong.
fn shape_problem(text: &str, error: &toml::de::Error) -> Problem {
    let place = error.span().and_then(|span| text.get(..span.start)).map_or_else(
        || "whole file".to_owned(),
        |before| {
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
            format!("line {line}, column {column}")
        },
    );
    let what = error.message().trim().replace('\n', " ");
    let remedy = if what.starts_with("unknown field") || what.starts_with("unexpected keys") {
        "correct the spelling of the key or remove it: a profile holds no key that nobody reads"
    } else if what.starts_with("missing field") {
        "add the key to this table: a profile leaves nothing to guess"
    } else {
        "correct the value; the built-in profile cnie-2.0 shows the form"
    };
    Problem { place, what, remedy: remedy.to_owned() }
}

/// Hexadecimal AID.
pub(crate) fn aid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Aid, D::Error> {
    Aid::from_hex(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Access rule in text form.
pub(crate) fn rule<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AccessRule, D::Error> {
    AccessRule::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Hexadecimal octets, spaces allowed, of an answer to reset.
pub(crate) fn atr<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Atr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let digits: Option<Vec<u8>> =
        text.chars().filter(|c| *c != ' ').map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2));
    let digits = digits.ok_or_else(|| D::Error::custom("an ATR is written as hexadecimal octets"))?;
    let octets: Vec<u8> = digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |octet, d| octet << 4 | d)).collect();
    // 7816-3 §8.2.5: all octets from T0 to TCK give zero; §8.1: TS is 3B or 3F
    let parity = octets.iter().skip(1).fold(0, |sum, octet| sum ^ octet);
    if octets.len() < 3 || octets.len() > 33 || !octets.first().is_some_and(|ts| matches!(ts, 0x3B | 0x3F)) {
        return Err(D::Error::custom("an ATR has 3 to 33 octets and begins with 3B or 3F"));
    }
    if parity != 0 {
        return Err(D::Error::custom(format!(
            "the check octet TCK of the ATR is wrong: the sum is {parity:02X}, not 00"
        )));
    }
    Ok(Atr(octets))
}
