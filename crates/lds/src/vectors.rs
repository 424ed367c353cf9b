//! Reads `test-vectors/<standard>/<topic>.toml` for the tests of this room, and finds the large sample files that the
//! repository does not carry.

use std::path::PathBuf;

/// The `[[case]]` tables of a vector file, which must state its source, clause and purpose.
pub fn cases(file: &str) -> Vec<toml::Table> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../test-vectors")).join(file);
    let document: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
    for key in ["source", "clause", "purpose"] {
        assert!(document[key].is_str(), "{file} lacks `{key}`");
    }
    let cases = document["case"].as_array().unwrap();
    assert!(!cases.is_empty(), "{file} has no case");
    cases.iter().map(|case| case.as_table().unwrap().clone()).collect()
}

/// A string of a case.
pub fn text(case: &toml::Table, key: &str) -> String {
    case[key].as_str().unwrap_or_else(|| panic!("{}: no `{key}`", case["name"])).to_owned()
}

/// Octets of a case.
pub fn octets(case: &toml::Table, key: &str) -> Vec<u8> {
    hex::decode(text(case, key)).unwrap()
}

/// A file of the shared sample data, `None` (said aloud) where that folder is absent.
pub fn sample(file: &str) -> Option<Vec<u8>> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    if !folder.exists() {
        eprintln!("SKIPPED: {file}: the folder shared/data is not beside this repository");
        return None;
    }
    Some(std::fs::read(folder.join(file)).unwrap())
}
