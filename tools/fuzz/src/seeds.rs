//! Where inputs begin: vectors of this repository, files and dialogues of cards that are issued here, a few that are
//! made on the spot.

use std::path::{Path, PathBuf};

/// A source of seeds.
#[derive(Clone, Copy)]
pub enum Seeds {
    /// Every hexadecimal string in the vectors of a folder or file below `test-vectors`.
    Vectors(&'static str),
    /// Files that issued cards hold, by the beginning of their names.
    Files(&'static [&'static str]),
    /// Made on the spot.
    Made(fn() -> Vec<Vec<u8>>),
}

/// The repository that this crate lies in.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Seeds {
    /// The inputs.
    pub fn inputs(self) -> Vec<Vec<u8>> {
        match self {
            Self::Vectors(place) => vectors(&repository().join("test-vectors").join(place)),
            Self::Files(names) => {
                let cards = [crate::issued::eac(), crate::issued::cnie()];
                let files = cards.into_iter().flat_map(|card| &card.files);
                let wanted = files.filter(|(name, _)| names.iter().any(|begin| name.starts_with(begin)));
                wanted.map(|(_, content)| content.clone()).collect()
            }
            Self::Made(make) => make(),
        }
    }
}

fn vectors(place: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    if place.is_dir() {
        let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        for path in &paths {
            found.extend(vectors(path));
        }
    } else if place.extension().is_some_and(|ending| ending == "toml") {
        let text = std::fs::read_to_string(place).unwrap_or_default();
        if let Ok(table) = text.parse::<toml::Table>() {
            strings(&toml::Value::Table(table), &mut found);
        }
    }
    found
}

/// Strings that are octets, however deep they stand.
fn strings(value: &toml::Value, found: &mut Vec<Vec<u8>>) {
    match value {
        toml::Value::String(text) => {
            let digits: String = text.split_whitespace().collect();
            found.extend(hex::decode(digits).ok().filter(|octets| octets.len() >= 2));
        }
        toml::Value::Array(values) => values.iter().for_each(|value| strings(value, found)),
        toml::Value::Table(table) => table.values().for_each(|value| strings(value, found)),
        _ => {}
    }
}
