//! docs/profile.md against the profiles: every key and every word that a profile may hold is on the page, and no other
//! key is. A profile is total, so that the keys of all built-in ones together are those of the structures.

use std::collections::{BTreeMap, BTreeSet};

use bitaqa_profile::{
    AppletState, BUILTIN, CaProtocol, CardState, DgiFlag, EidAlgorithm, EidUse, FaceFormat, FingerFormat,
    FingerImageFormat, HashName, PaceAnswer, PacePin, PaceProtocol, Password, PortraitFormat, Prints, Scp,
    SignatureName, TaProtocol, TransportKeys, WithoutPrints,
};
use toml::Value;

use super::markdown::Page;

const PAGE: &str = "docs/profile.md";

/// Keys by section. Arrays of tables have `[]` behind their name; a list or a word is one key.
type Keys = BTreeMap<String, BTreeSet<String>>;

/// Sections of the page, by the path that keys of a profile begin with; the longest that fits is a key's own.
fn section_of(path: &str, sections: &[String]) -> String {
    let fitting = sections.iter().filter(|section| path.starts_with(&format!("{section}.")));
    fitting.max_by_key(|section| section.len()).cloned().unwrap_or_default()
}

fn leaves(value: &Value, path: &str, found: &mut BTreeMap<String, BTreeSet<String>>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                leaves(value, &path, found);
            }
        }
        // An empty list tells nothing of what stands in it; another profile fills it.
        Value::Array(list) if list.is_empty() => {}
        Value::Array(list) if list.iter().any(Value::is_table) => {
            for value in list {
                leaves(value, &format!("{path}[]"), found);
            }
        }
        other => {
            let text = other.as_str().map(str::to_owned);
            found.entry(path.to_owned()).or_default().extend(text);
        }
    }
}

/// Every key of every built-in profile with its values that are words.
fn keys_of_profiles() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for (name, text) in BUILTIN {
        let table = text.parse::<toml::Table>().unwrap_or_else(|error| panic!("{name}: {error}"));
        leaves(&Value::Table(table), "", &mut found);
    }
    found
}

/// `[[partner.file]]` of a heading is `partner[].file[]` of a key.
fn path_of(heading: &str) -> String {
    let words: Vec<String> = heading
        .trim_matches(['[', ']'])
        .split('.')
        .map(|word| if ["file", "finger", "partner"].contains(&word) { format!("{word}[]") } else { word.to_owned() })
        .collect();
    words.join(".")
}

/// Keys in the first columns of the page's tables, by section.
fn keys_of_page(page: &Page) -> Keys {
    let (mut keys, mut section) = (Keys::new(), None);
    for (_, line) in page.prose() {
        if let Some(heading) = line.strip_prefix("### `[") {
            section = Some(path_of(heading.trim_end_matches('`')));
        } else if line.starts_with('#') {
            section = None;
        } else if let (Some(section), Some(row)) = (&section, line.strip_prefix("| `")) {
            let cell = row.split(" | ").next().unwrap();
            let names = cell.split('`').step_by(2).filter(|name| !name.is_empty());
            keys.entry(section.clone()).or_default().extend(names.map(str::to_owned));
        }
    }
    keys
}

#[test]
fn every_key_of_a_profile_is_on_its_page_and_no_other() {
    let page = keys_of_page(&Page::read(PAGE));
    let sections: Vec<String> = page.keys().cloned().collect();
    let mut profiles = Keys::new();
    for path in keys_of_profiles().keys() {
        let section = section_of(path, &sections);
        let key = path.strip_prefix(&format!("{section}.")).unwrap_or(path);
        profiles.entry(section).or_default().insert(key.to_owned());
    }
    assert!(page.len() > 20, "{page:?}");
    for section in page.keys().chain(profiles.keys()) {
        assert_eq!(page.get(section), profiles.get(section), "[{section}]: left the page, right the profiles");
    }
}

#[test]
fn every_word_of_a_profile_is_on_its_page() {
    fn names<T: Copy + std::fmt::Display>(all: &[T]) -> Vec<String> {
        all.iter().map(ToString::to_string).collect()
    }
    let mut words = [
        names(AppletState::ALL),
        names(CaProtocol::ALL),
        names(CardState::ALL),
        names(DgiFlag::ALL),
        names(EidAlgorithm::ALL),
        names(EidUse::ALL),
        names(FaceFormat::ALL),
        names(FingerFormat::ALL),
        names(FingerImageFormat::ALL),
        names(HashName::ALL),
        names(PaceAnswer::ALL),
        names(PacePin::ALL),
        names(PaceProtocol::ALL),
        names(Password::ALL),
        names(PortraitFormat::ALL),
        names(Prints::ALL),
        names(Scp::ALL),
        names(SignatureName::ALL),
        names(TaProtocol::ALL),
        names(TransportKeys::ALL),
        names(WithoutPrints::ALL),
    ]
    .concat();
    // Words that have no list of their own: those that profiles use.
    for (path, values) in keys_of_profiles() {
        if ["content", "place", "diversification"].iter().any(|key| path.ends_with(key)) {
            words.extend(values);
        }
    }
    let spans: BTreeSet<String> = Page::read(PAGE).spans().into_iter().map(|(_, span)| span).collect();
    let missing: BTreeSet<&String> = words.iter().filter(|word| !spans.contains(*word)).collect();
    assert!(words.len() > 90 && missing.is_empty(), "not on the page: {missing:?}");
}
