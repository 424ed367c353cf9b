//! Cases of test-vectors as tables of hexadecimal strings.

use bitaqa_apdu::{Command, Response};
use toml::Table;

/// One `[[case]]`, or a table inside of one.
pub struct Case(Table);

impl Case {
    /// A text that must be there.
    pub fn text(&self, key: &str) -> &str {
        self.0.get(key).unwrap_or_else(|| panic!("{key} in {}", self.name())).as_str().unwrap()
    }

    /// Texts of an array that must be there.
    pub fn texts(&self, key: &str) -> Vec<String> {
        let array = self.0.get(key).unwrap_or_else(|| panic!("{key} in {}", self.name()));
        array.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    }

    /// Octets that must be there.
    pub fn octets(&self, key: &str) -> Vec<u8> {
        hex::decode(self.text(key)).unwrap()
    }

    /// Octets, if there are any.
    pub fn maybe(&self, key: &str) -> Option<Vec<u8>> {
        self.0.get(key).map(|value| hex::decode(value.as_str().unwrap()).unwrap())
    }

    /// A number that must be there.
    pub fn number(&self, key: &str) -> i64 {
        self.maybe_number(key).unwrap_or_else(|| panic!("{key} in {}", self.name()))
    }

    /// A number, if there is one.
    pub fn maybe_number(&self, key: &str) -> Option<i64> {
        self.0.get(key).map(|value| value.as_integer().unwrap())
    }

    /// A truth value that must be there.
    pub fn flag(&self, key: &str) -> bool {
        self.0.get(key).unwrap_or_else(|| panic!("{key} in {}", self.name())).as_bool().unwrap()
    }

    /// Whether there is such a key.
    pub fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Name of the case.
    pub fn name(&self) -> &str {
        self.0.get("name").map_or("case without name", |name| name.as_str().unwrap())
    }

    /// Tables of an array inside of the case.
    pub fn tables(&self, key: &str) -> Vec<Case> {
        let array = self.0.get(key).unwrap_or_else(|| panic!("{key} in {}", self.name()));
        array.as_array().unwrap().iter().map(|table| Case(table.as_table().unwrap().clone())).collect()
    }

    /// Commands and responses of the dialogue, as octets.
    pub fn dialogue(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let exchanges = self.tables("exchange");
        exchanges.iter().map(|exchange| (exchange.octets("command"), exchange.octets("response"))).collect()
    }
}

/// The folder of all files.
pub fn folder() -> String {
    format!("{}/../../test-vectors", env!("CARGO_MANIFEST_DIR"))
}

/// The cases of one file; a file without any is an error.
pub fn read(file: &str) -> Vec<Case> {
    let path = format!("{}/{file}", folder());
    let table: Table = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}")).parse().unwrap();
    let cases = Case(table).tables("case");
    assert!(!cases.is_empty(), "{file} holds no case");
    cases
}

/// A command as it stands in a file.
pub fn command(octets: &[u8]) -> Command {
    Command::parse(octets).unwrap()
}

/// A response as it stands in a file.
pub fn response(octets: &[u8]) -> Response {
    Response::parse(octets).unwrap()
}
