//! Lines of text in their script. Arabic and Latin both come out in NFC, Latin names in upper case as the card prints
//! them. What a line may hold is what a card printer and a reader can show without surprise: no sign that changes the
//! direction of what follows, no presentation form, no letter of another script that looks alike.

use super::problem::Findings;
use super::record::Record;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroize;

#[derive(Clone, Copy, PartialEq)]
enum Script {
    Arabic,
    Latin,
    /// A line in either script.
    Either,
}

/// What a line may hold.
#[derive(Clone, Copy)]
struct Line {
    script: Script,
    /// Digits and the punctuation of addresses, besides letters, blanks and hyphens.
    figures: bool,
    /// Several lines, parted by line feeds.
    breaks: bool,
    chars_max: usize,
}

/// Longest name in characters. With the other limits, and two octets a character, DG13 has room for every record.
const NAME_CHARS_MAX: usize = 60;
/// Longest spouse mention.
const SPOUSE_CHARS_MAX: usize = 120;
/// Longest other line.
const LINE_CHARS_MAX: usize = 160;
/// UTF-8 octets of a character of either script, but for rare Latin letters.
const OCTETS_A_CHARACTER: usize = 2;
/// Octets of one text of DG11 and DG12, 9303-10 §4.7.11.
const TEXT_OCTETS_MAX: usize = 99;

/// Normalises and checks every text line of the record.
pub(super) fn check(record: &mut Record, findings: &mut Findings<'_>) {
    let name = |script| Line { script, figures: false, breaks: false, chars_max: NAME_CHARS_MAX };
    let line = |script| Line { script, figures: true, breaks: false, chars_max: LINE_CHARS_MAX };
    let lines = |script| Line { breaks: true, ..line(script) };
    for (path, script, names) in [
        ("names.arabic", Script::Arabic, &mut record.names.arabic),
        ("names.latin", Script::Latin, &mut record.names.latin),
    ] {
        name(script).check(&mut names.surname, &format!("{path}.surname"), findings);
        name(script).check(&mut names.given, &format!("{path}.given"), findings);
    }
    for latin in [&mut record.names.latin.surname, &mut record.names.latin.given] {
        let upper = latin.to_uppercase();
        replace(latin, upper);
    }
    for (path, text) in [
        ("birth.place", &mut record.birth.place),
        ("parents.father", &mut record.parents.father),
        ("parents.mother", &mut record.parents.mother),
        ("authority", &mut record.authority),
    ] {
        line(Script::Arabic).check(&mut text.arabic, &format!("{path}.arabic"), findings);
        line(Script::Latin).check(&mut text.latin, &format!("{path}.latin"), findings);
    }
    lines(Script::Arabic).check(&mut record.address.arabic, "address.arabic", findings);
    lines(Script::Latin).check(&mut record.address.latin, "address.latin", findings);
    if let Some(spouse) = &mut record.spouse {
        let spouse_line = |script| Line { chars_max: SPOUSE_CHARS_MAX, ..name(script) };
        spouse_line(Script::Arabic).check(&mut spouse.arabic, "spouse.arabic", findings);
        spouse_line(Script::Latin).check(&mut spouse.latin, "spouse.latin", findings);
    }
    if let Some(contact) = &mut record.optional.emergency_contact {
        name(Script::Either).check(&mut contact.name, "optional.emergency_contact.name", findings);
    }
    rooms(record, findings);
}

/// Texts that stand in DG11 and DG12 as a whole, where there is less room than in DG13.
fn rooms(record: &Record, findings: &mut Findings<'_>) {
    let arabic = &record.names.arabic;
    for (field, octets) in [
        // two fillers part surname and given names
        ("names.arabic", arabic.surname.len() + 2 + arabic.given.len()),
        ("authority.arabic", record.authority.arabic.len()),
    ] {
        findings.unless(
            octets <= TEXT_OCTETS_MAX || findings.blames_within(field),
            field,
            format!("the text takes {octets} octets on the chip, there is room for {TEXT_OCTETS_MAX}"),
            "shorten it; an Arabic letter takes two octets",
        );
    }
}

/// Puts the new text in place and wipes the old one.
fn replace(text: &mut String, new: String) {
    text.zeroize();
    *text = new;
}

impl Line {
    fn check(self, text: &mut String, field: &str, findings: &mut Findings<'_>) {
        let normal: String = text.nfc().collect();
        replace(text, normal);
        if text.trim().is_empty() {
            findings.problem(field, "the line is empty", format!("write it in {} letters", self.script.name()));
            return;
        }
        if text.trim().len() != text.len() {
            findings.problem(field, "the line begins or ends with a blank", "remove the blank");
        }
        let length = text.chars().count();
        if length > self.chars_max || text.len() > self.chars_max * OCTETS_A_CHARACTER {
            let what = format!("the line has {length} characters, there is room for {}", self.chars_max);
            findings.problem(field, what, "shorten the line");
        }
        if let Some(letter) = text.chars().find(|letter| !self.may_hold(*letter)) {
            let (what, remedy) = self.refusal(letter);
            findings.problem(field, format!("{what} (U+{:04X})", u32::from(letter)), remedy);
        } else if !text.chars().any(|letter| self.script.has(letter)) {
            let what = format!("the line holds no {} letter", self.script.name());
            findings.problem(field, what, format!("write it in {} letters", self.script.name()));
        }
    }

    fn may_hold(self, letter: char) -> bool {
        let mark = matches!(self.script, Script::Arabic | Script::Either) && is_arabic_mark(letter);
        let joint = matches!(letter, ' ' | '-' | '.' | '\'' | '’');
        let figure = self.figures
            && (letter.is_ascii_digit()
                || matches!(letter, ',' | '/' | '(' | ')' | ':' | ';' | '°' | '&' | '"' | '+')
                || matches!(letter, '،' | '؛' | '\u{660}'..='\u{669}') && self.script != Script::Latin);
        self.script.has(letter) || mark || joint || figure || self.breaks && letter == '\n'
    }

    /// What is wrong with a letter that the line may not hold, and what to do.
    fn refusal(self, letter: char) -> (String, &'static str) {
        let script = self.script.name();
        match letter {
            '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{61C}' | '\u{FEFF}' => (
                "the line holds an invisible sign that changes direction or joining".to_owned(),
                "remove it: the script itself gives the direction",
            ),
            '\u{FB50}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}' => (
                "the line holds an Arabic presentation form".to_owned(),
                "type the letter itself, the printer joins letters by itself",
            ),
            '\u{640}' => ("the line holds the stretching sign tatweel".to_owned(), "remove it"),
            '<' => ("the line holds the sign <, which parts lines on the chip".to_owned(), "remove it"),
            _ if letter.is_control() => {
                ("the line holds a control character or a line break".to_owned(), "write one line, parted by commas")
            }
            _ if letter.is_alphabetic() => (
                format!("the line holds a letter that is not {script}"),
                "write the line in its own script, as the civil record has it",
            ),
            _ if letter.is_numeric() && !self.figures => {
                ("the line holds a digit, and a name has none".to_owned(), "correct the name")
            }
            _ => ("the line holds a sign that has no place there".to_owned(), "remove the sign"),
        }
    }
}

impl Script {
    const fn name(self) -> &'static str {
        match self {
            Self::Arabic => "Arabic",
            Self::Latin => "Latin",
            Self::Either => "Arabic or Latin",
        }
    }

    fn has(self, letter: char) -> bool {
        match self {
            Self::Arabic => is_arabic(letter),
            Self::Latin => is_latin(letter),
            Self::Either => is_arabic(letter) || is_latin(letter),
        }
    }
}

/// Letters of the Arabic script in the blocks for living languages; marks, digits and punctuation stand elsewhere.
const fn is_arabic(letter: char) -> bool {
    matches!(letter,
        '\u{620}'..='\u{63F}' | '\u{641}'..='\u{64A}' | '\u{66E}'..='\u{66F}' | '\u{671}'..='\u{6D3}'
        | '\u{6D5}' | '\u{6FA}'..='\u{6FC}' | '\u{750}'..='\u{77F}' | '\u{8A0}'..='\u{8C7}')
}

/// Vowel signs, shadda, sukun and the small alef.
const fn is_arabic_mark(letter: char) -> bool {
    matches!(letter, '\u{64B}'..='\u{655}' | '\u{670}')
}

/// Latin letters with and without marks, and the signs by which Arabic names write hamza and ayn.
const fn is_latin(letter: char) -> bool {
    matches!(letter,
        'A'..='Z' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{24F}'
        | '\u{2BB}'..='\u{2BF}' | '\u{1E00}'..='\u{1EFF}')
}
