//! Names for the MRZ: transliteration of Latin national characters (9303-3 §6.A), punctuation (9303-3 §4.6) and
//! truncation (9303-5 §4.2.3).
//!
//! Where the tables leave a choice, the first entry is taken (Ä becomes AE, Ñ becomes N). Nothing is derived from
//! another script: an Arabic or Cyrillic letter is an error that names it.

use unicode_normalization::UnicodeNormalization;

use super::MrzError;

/// Positions of the name field, 9303-5 §4.2.2.3.
const POSITIONS: usize = 30;
/// `<<` between primary and secondary identifier.
const SEPARATOR: usize = 2;

/// What one upper-case letter becomes.
fn letter(letter: char) -> Option<&'static str> {
    Some(match letter {
        'À' | 'Á' | 'Â' | 'Ã' | 'Ā' | 'Ă' | 'Ą' => "A",
        'Ä' | 'Æ' => "AE",
        'Å' => "AA",
        'Ç' | 'Ć' | 'Ĉ' | 'Ċ' | 'Č' => "C",
        'Ð' | 'Ď' | 'Đ' => "D",
        'È' | 'É' | 'Ê' | 'Ë' | 'Ē' | 'Ĕ' | 'Ė' | 'Ę' | 'Ě' => "E",
        'Ĝ' | 'Ğ' | 'Ġ' | 'Ģ' => "G",
        'Ĥ' | 'Ħ' => "H",
        'Ì' | 'Í' | 'Î' | 'Ï' | 'Ĩ' | 'Ī' | 'Ĭ' | 'Į' | 'İ' => "I",
        'Ĳ' => "IJ",
        'Ĵ' => "J",
        'Ķ' => "K",
        'Ĺ' | 'Ļ' | 'Ľ' | 'Ŀ' | 'Ł' => "L",
        'Ñ' | 'Ń' | 'Ņ' | 'Ň' | 'Ŋ' => "N",
        'Ò' | 'Ó' | 'Ô' | 'Õ' | 'Ō' | 'Ŏ' | 'Ő' => "O",
        'Ö' | 'Ø' | 'Œ' => "OE",
        'Ŕ' | 'Ŗ' | 'Ř' => "R",
        'Ś' | 'Ŝ' | 'Ş' | 'Š' => "S",
        'ẞ' => "SS",
        'Ţ' | 'Ť' | 'Ŧ' => "T",
        'Þ' => "TH",
        'Ù' | 'Ú' | 'Û' | 'Ũ' | 'Ū' | 'Ŭ' | 'Ů' | 'Ű' | 'Ų' => "U",
        'Ü' => "UE",
        'Ŵ' => "W",
        'Ý' | 'Ŷ' | 'Ÿ' => "Y",
        'Ź' | 'Ż' | 'Ž' => "Z",
        _ => return None,
    })
}

/// Signs that part a name into components: white space, hyphens and the comma.
fn parts(sign: char) -> bool {
    sign.is_whitespace() || matches!(sign, '-' | '\u{2010}'..='\u{2015}' | ',' | '،')
}

/// Signs that vanish: the apostrophe in its many shapes and other punctuation.
fn vanishes(sign: char) -> bool {
    matches!(sign, '\'' | '’' | '‘' | 'ʼ' | 'ʻ' | 'ʾ' | 'ʿ' | '`' | '´' | '′')
        || sign == '\u{307}' // the dot that İ keeps as a small letter
        || matches!(sign, '.' | ';' | ':' | '!' | '?' | '/' | '(' | ')' | '"' | '“' | '”' | '«' | '»' | '·')
}

/// A Latin name as it stands in the MRZ: upper-case A to Z, components joined by one filler (`El-Alami` becomes
/// `EL<ALAMI`, `M'hamed` becomes `MHAMED`). An empty name stays empty.
///
/// # Errors
/// [`MrzError::Letter`] with the first letter, digit or sign that 9303-3 §6.A gives no Latin form for.
pub fn transliterate(latin: &str) -> Result<String, MrzError> {
    let mut components: Vec<String> = vec![String::new()];
    // The table knows composed letters; a file may hold letter and accent apart.
    for read in latin.nfc() {
        if parts(read) {
            components.push(String::new());
            continue;
        }
        for upper in read.to_uppercase() {
            let Some(component) = components.last_mut() else { continue };
            match letter(upper) {
                _ if upper.is_ascii_uppercase() => component.push(upper),
                Some(latin) => component.push_str(latin),
                None if vanishes(upper) => {}
                None => return Err(MrzError::Letter { field: "name", letter: read }),
            }
        }
    }
    components.retain(|component| !component.is_empty());
    Ok(components.join("<"))
}

/// The name field of 30 positions: `PRIMARY<<SECONDARY`, filled up or truncated.
///
/// Of a name that is too long every component keeps at least its initial while there is room, and the components in
/// front keep most. The primary identifier leaves room for two letters of the secondary one.
pub(super) fn name_field(surname: &str, given_names: &str) -> Result<String, MrzError> {
    let (primary, secondary) = match (transliterate(surname)?, transliterate(given_names)?) {
        // A name of one part is the primary identifier, whichever part it is (9303-5 §4.2.2.3).
        (primary, secondary) if primary.is_empty() => (secondary, String::new()),
        both => both,
    };
    if primary.is_empty() {
        return Err(MrzError::Empty("name"));
    }
    let whole = if secondary.is_empty() { primary.clone() } else { format!("{primary}<<{secondary}") };
    if whole.len() <= POSITIONS {
        return Ok(format!("{whole:<<POSITIONS$}"));
    }
    let candidate = if secondary.is_empty() {
        Some(shorten(&primary, POSITIONS))
    } else {
        let room = primary.len().min(POSITIONS - SEPARATOR - secondary.len().min(2));
        // Initials and fillers alternate, so one position may stay open at the end: then the seam moves by one.
        [room, room + 1, room.saturating_sub(1)].into_iter().filter(|room| *room > 0).find_map(|room| {
            let primary = shorten(&primary, room);
            let rest = (POSITIONS - SEPARATOR).checked_sub(primary.len()).filter(|rest| *rest > 0)?;
            Some(format!("{primary}<<{}", shorten(&secondary, rest))).filter(|field| truncated(field))
        })
    };
    candidate.filter(|field| truncated(field)).ok_or(MrzError::Name)
}

/// A truncated field ends in a letter at its last position: that is how a reader knows (9303-5 §4.2.2.3).
fn truncated(field: &str) -> bool {
    field.len() == POSITIONS && field.ends_with(|last: char| last.is_ascii_uppercase())
}

/// At most `room` positions of an identifier whose components are joined by fillers.
fn shorten(identifier: &str, room: usize) -> String {
    if identifier.len() <= room {
        return identifier.to_owned();
    }
    let components: Vec<&str> = identifier.split('<').take(room.div_ceil(2)).collect();
    // An initial each and the fillers between them; what is left goes to the components in order.
    let mut left = room.saturating_sub(components.len() * 2 - 1);
    let mut short = String::with_capacity(room);
    for (at, component) in components.into_iter().enumerate() {
        let more = left.min(component.len() - 1);
        left -= more;
        if at > 0 {
            short.push('<');
        }
        short.push_str(component.get(..=more).unwrap_or(component));
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors;
    use proptest::prelude::*;

    #[test]
    fn every_row_of_the_table_in_both_cases_composed_and_not() {
        for case in vectors::cases("icao9303-3/transliteration.toml") {
            let latin = vectors::text(&case, "latin");
            for letter in vectors::text(&case, "letters").chars() {
                assert_eq!(transliterate(&letter.to_string()).unwrap(), latin, "{letter}");
                let decomposed: String = letter.to_string().nfd().collect();
                assert_eq!(transliterate(&decomposed).unwrap(), latin, "{letter} decomposed");
                assert_eq!(transliterate(&letter.to_lowercase().collect::<String>()).unwrap(), latin, "{letter} small");
            }
        }
    }

    #[test]
    fn punctuation_parts_or_vanishes() {
        for case in vectors::cases("icao9303-3/punctuation.toml") {
            assert_eq!(transliterate(&vectors::text(&case, "text")).unwrap(), vectors::text(&case, "mrz"));
        }
    }

    #[test]
    fn letters_of_other_scripts_are_named() {
        for (name, letter) in
            [("ALАMI", 'А'), ("العلمي", 'ا'), ("R2D2", '2'), ("A<B", '<'), ("A\u{200F}", '\u{200F}'), ("Ω", 'Ω')]
        {
            assert_eq!(transliterate(name), Err(MrzError::Letter { field: "name", letter }), "{name}");
        }
    }

    #[test]
    fn printed_examples_of_the_name_field() {
        for case in vectors::cases("icao9303-5/name_field.toml") {
            let (surname, given) = (vectors::text(&case, "surname"), vectors::text(&case, "given_names"));
            assert_eq!(name_field(&surname, &given).unwrap(), vectors::text(&case, "line_3"), "{}", case["name"]);
        }
    }

    #[test]
    fn seams_that_leave_a_position_open_move_by_one() {
        // 26 + 2: the secondary identifier in two positions would be one initial and a filler
        assert_eq!(name_field(&"A".repeat(40), "B C").unwrap(), format!("{}<<B", "A".repeat(27)));
        assert_eq!(name_field("A", &"B ".repeat(30)).unwrap().len(), 30);
        assert_eq!(name_field(&"A ".repeat(20), "B"), Ok(format!("{}A<<B", "A<".repeat(13))));
        // only initials, fifteen of them in 29 positions: no letter can stand last
        assert_eq!(name_field(&"A ".repeat(20), ""), Err(MrzError::Name));
        assert_eq!(name_field(" - ", "'"), Err(MrzError::Empty("name")));
    }

    proptest! {
        #[test]
        fn a_field_is_whole_or_marked_as_truncated(
            surname in "[A-Z]{1,20}( [A-Z]{1,20}){0,4}", given in "([A-Z]{1,20}( [A-Z]{1,20}){0,4})?",
        ) {
            if let Ok(field) = name_field(&surname, &given) {
                prop_assert_eq!(field.len(), POSITIONS);
                let whole = if given.is_empty() { surname.clone() } else { format!("{surname}<<{given}") };
                prop_assert_eq!(whole.len() > POSITIONS, truncated(&field) && whole.len() != POSITIONS);
                prop_assert_eq!(field.contains("<<"), !given.is_empty() || whole.len() < POSITIONS - 1);
            } else {
                prop_assert!(given.is_empty() || surname.len() > 20);
            }
        }

        #[test]
        fn no_text_panics(surname in ".{0,60}", given in ".{0,60}") {
            let _ = name_field(&surname, &given);
        }
    }
}
