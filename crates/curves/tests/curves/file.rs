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

/// Names of SEC 2 and RFC 5639, which are also those of OpenSSL but for P-192 and P-256.
pub fn curve(name: &str) -> Curve {
    match name {
        "secp192r1" => Curve::P192,
        "brainpoolP192r1" => Curve::BrainpoolP192r1,
        "secp224r1" => Curve::P224,
        "brainpoolP224r1" => Curve::BrainpoolP224r1,
        "secp256r1" => Curve::P256,
        "brainpoolP256r1" => Curve::BrainpoolP256r1,
        "brainpoolP320r1" => Curve::BrainpoolP320r1,
        "secp384r1" => Curve::P384,
        "brainpoolP384r1" => Curve::BrainpoolP384r1,
        "brainpoolP512r1" => Curve::BrainpoolP512r1,
        "secp521r1" => Curve::P521,
        other => panic!("no curve {other}"),
    }
}
