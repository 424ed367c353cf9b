//! Reads the files of test-vectors/.

use bitaqa_curves::Curve;
use toml::Table;

/// The cases of one file; a file without any is an error.
pub fn cases(file: &str) -> Vec<Table> {
    let path = format!("{}/../../test-vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let table: Table = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}")).parse().unwrap();
    let cases: Vec<Table> = table["case"].as_array().unwrap().iter().map(|c| c.as_table().unwrap().clone()).collect();
    assert!(!cases.is_empty(), "{file} holds no case");
    cases
}

pub fn text<'a>(case: &'a Table, key: &str) -> &'a str {
    case[key].as_str().unwrap()
}

pub fn octets(case: &Table, key: &str) -> Vec<u8> {
    hex::decode(text(case, key)).unwrap()
}

/// The standardised domain parameter id of a case.
pub fn id(case: &Table) -> u8 {
    u8::try_from(case["id"].as_integer().unwrap()).unwrap()
}

/// The curve of a name in a vector.
pub fn curve(name: &str) -> Curve {
    Curve::from_name(name).unwrap_or_else(|| panic!("no curve {name}"))
}
