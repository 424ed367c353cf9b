//! Commands as text: octets in hexadecimal, and what the status word must be.
//!
//! ```text
//! 00A4040007A0000002471001=9000        this word
//! 00 20 00 81=63Cx                     x: any hexadecimal digit
//! 80 CA 9F 7F 00=9000|6A88             one of several
//! 00B0000000                           any word
//! ```

use std::path::Path;

use bitaqa_apdu::{Command, Sw};

use crate::exit::{Failure, Problem};

/// One command out of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The octets.
    pub octets: Vec<u8>,
    /// Status words that are as expected; none: any.
    pub expected: Vec<Pattern>,
}

/// A status word of which digits may be open.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pattern {
    value: u16,
    mask: u16,
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (0..4).rev().try_for_each(|digit| {
            let shift = 4 * digit;
            match (self.mask >> shift) & 0xF {
                0 => f.write_str("x"),
                _ => write!(f, "{:X}", (self.value >> shift) & 0xF),
            }
        })
    }
}

impl Pattern {
    /// Whether a status word fits.
    pub const fn fits(self, sw: Sw) -> bool {
        sw.0 & self.mask == self.value
    }

    fn parse(text: &str, at: usize) -> Result<Self, (usize, String)> {
        let mut pattern = Self { value: 0, mask: 0 };
        let digits: Vec<(usize, char)> = text.char_indices().collect();
        if digits.len() != 4 {
            return Err((at, format!("a status word has four digits, `{text}` has {}", digits.len())));
        }
        for (offset, digit) in digits {
            let open = matches!(digit, 'x' | 'X');
            let value = if open { Some(0) } else { digit.to_digit(16).and_then(|value| u16::try_from(value).ok()) };
            let value =
                value.ok_or_else(|| (at + offset, format!("`{digit}` is neither a hexadecimal digit nor x")))?;
            pattern.value = (pattern.value << 4) | value;
            pattern.mask = (pattern.mask << 4) | if open { 0 } else { 0xF };
        }
        Ok(pattern)
    }
}

impl Line {
    /// Whether a status word is as expected.
    pub fn is_met_by(&self, sw: Sw) -> bool {
        self.expected.is_empty() || self.expected.iter().any(|pattern| pattern.fits(sw))
    }

    /// Reads one text. Blanks and colons between octets are passed over. `lengths`: the octets must be a command whose
    /// length fields agree.
    ///
    /// # Errors
    /// Position from 1 in the text, and what is wrong there.
    pub fn parse(text: &str, lengths: bool) -> Result<Self, (usize, String)> {
        let (octets, expected) = match text.split_once('=') {
            Some((octets, expected)) => (octets, Some(expected)),
            None => (text, None),
        };
        let mut digits: Vec<(usize, u32)> = Vec::new();
        for (offset, character) in octets.char_indices() {
            match character.to_digit(16) {
                Some(value) => digits.push((offset + 1, value)),
                None if character.is_ascii_whitespace() || character == ':' => {}
                None => return Err((offset + 1, format!("`{character}` is no hexadecimal digit"))),
            }
        }
        let mut bytes = Vec::with_capacity(digits.len() / 2);
        for pair in digits.chunks(2) {
            match *pair {
                [(_, high), (_, low)] => bytes.push(u8::try_from(high * 16 + low).unwrap_or_default()),
                [(at, _), ..] => return Err((at, "half an octet".into())),
                [] => {}
            }
        }
        if bytes.len() < 4 {
            return Err((1, format!("a command has four octets and more, this has {}", bytes.len())));
        }
        if lengths && Command::parse(&bytes).is_err() {
            let what = format!("Lc and Le do not add up to the {} octets that are there", bytes.len());
            return Err((digits.get(8).map_or(1, |(at, _)| *at), what));
        }
        let mut at = octets.len() + 2;
        let mut patterns = Vec::new();
        for word in expected.into_iter().flat_map(|words| words.split('|')) {
            let blanks = word.len() - word.trim_start().len();
            patterns.push(Pattern::parse(word.trim(), at + blanks)?);
            at += word.len() + 1;
        }
        Ok(Self { octets: bytes, expected: patterns })
    }
}

/// Reads all texts of a command line.
///
/// # Errors
/// Bad input with the number of the argument and the position in it, for every text that is none.
pub fn arguments(texts: &[String], lengths: bool) -> Result<Vec<Line>, Failure> {
    let numbered = texts.iter().enumerate().map(|(index, text)| (format!("command {}", index + 1), text.as_str()));
    collect("command line", numbered, lengths)
}

/// Reads a file, one text a line, `#` before comments.
///
/// # Errors
/// Bad input with line and position, for every line that is none; for a file without commands.
pub fn file(path: &Path, lengths: bool) -> Result<Vec<Line>, Failure> {
    let remedy = "give a text file with one command a line";
    let content = std::fs::read_to_string(path).map_err(|error| Failure::input(path, error, remedy))?;
    let lines = content.lines().enumerate().filter_map(|(index, line)| {
        let text = line.split('#').next().unwrap_or_default();
        (!text.trim().is_empty()).then(|| (format!("line {}", index + 1), text))
    });
    let read = collect(&path.display().to_string(), lines, lengths)?;
    if read.is_empty() { Err(Failure::input(path, "holds no command", remedy)) } else { Ok(read) }
}

fn collect<'a>(
    source: &str,
    texts: impl Iterator<Item = (String, &'a str)>,
    lengths: bool,
) -> Result<Vec<Line>, Failure> {
    let (mut lines, mut problems) = (Vec::new(), Vec::new());
    for (place, text) in texts {
        match Line::parse(text, lengths) {
            Ok(line) => lines.push(line),
            Err((at, what)) => problems.push(Problem {
                file: source.to_owned(),
                field: format!("{place}, position {at}"),
                what,
                remedy: "write octets in hexadecimal, then = and a status word where one is expected".into(),
            }),
        }
    }
    if problems.is_empty() {
        return Ok(lines);
    }
    let mut failure = Failure::problems(problems);
    failure.message = format!("{}; nothing was sent to a card", failure.message);
    Err(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_octets_and_patterns() {
        let line = Line::parse("00 A4:0400 02 a000=9000|63Cx", true).unwrap();
        assert_eq!(line.octets, [0, 0xA4, 4, 0, 2, 0xA0, 0]);
        assert!(line.is_met_by(Sw::OK) && line.is_met_by(Sw(0x63C4)) && !line.is_met_by(Sw(0x6300)));
        assert_eq!(line.expected.iter().map(ToString::to_string).collect::<Vec<_>>(), ["9000", "63Cx"]);
        let any = Line::parse("00B0000000", true).unwrap();
        assert!(any.is_met_by(Sw(0x6F00)));
    }

    #[test]
    fn positions_are_told() {
        for (text, at) in [
            ("00A40G00", 6),
            ("00A4040", 7),
            ("00A4", 1),
            ("00A4040003A0", 9),
            ("00A40400=900", 10),
            ("00A40400=9000|6Q82", 16),
            ("00A40400=", 10),
            ("é0A40400", 1),
        ] {
            assert_eq!(Line::parse(text, true).map_err(|(at, _)| at), Err(at), "{text}");
        }
        // As it is, for a laboratory.
        assert!(Line::parse("00A4040003A0", false).is_ok());
    }
}
