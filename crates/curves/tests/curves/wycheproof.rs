//! Cases of Project Wycheproof: edges of the arithmetic and of the encodings, each group as its authors judge it, but
//! that compressed points, valid in SEC 1 §2.3.4, are refused as 9303-11 §9.4.1 wants.

use crate::file::{cases, curve, text};
use bitaqa_curves::{Curve, CurveError, Point, SecretScalar, ecdsa};
use sha2::Digest;
use toml::{Table, Value};

/// One line of a case: numbers and octets by the names of its columns.
struct Row<'a> {
    case: &'a Table,
    values: &'a [Value],
}

impl Row<'_> {
    fn value(&self, column: &str) -> &Value {
        let columns = self.case["columns"].as_array().unwrap();
        let at = columns.iter().position(|name| name.as_str() == Some(column)).expect(column);
        &self.values[at]
    }

    fn octets(&self, column: &str) -> Vec<u8> {
        hex::decode(self.value(column).as_str().unwrap()).unwrap()
    }

    /// The member of the list of that name that the column numbers.
    fn listed(&self, column: &str) -> Vec<u8> {
        let at = usize::try_from(self.value(column).as_integer().unwrap()).unwrap();
        hex::decode(self.case[column].as_array().unwrap()[at].as_str().unwrap()).unwrap()
    }

    fn flagged(&self, flag: &str) -> bool {
        self.case["flags"].as_array().unwrap().iter().any(|known| known.as_str() == Some(flag))
    }

    fn name(&self) -> String {
        format!("{}, case {}", text(self.case, "name"), self.value("tcId"))
    }
}

/// Calls `judge` with every line of a file; gives how many were valid, acceptable, invalid.
fn rows(file: &str, judge: &mut dyn FnMut(Curve, &str, &Row<'_>)) -> [usize; 3] {
    let mut counted = [0; 3];
    for case in &cases(&format!("wycheproof/{file}.toml")) {
        let result = text(case, "result");
        let at = ["valid", "acceptable", "invalid"].iter().position(|known| *known == result).expect("a verdict");
        for row in case["rows"].as_array().unwrap() {
            let row = Row { case, values: row.as_array().unwrap() };
            judge(curve(text(case, "curve")), result, &row);
            counted[at] += 1;
        }
    }
    counted
}

fn agree(curve: Curve, row: &Row<'_>) -> Result<Vec<u8>, CurveError> {
    let public = Point::decode(curve, &row.octets("public"))?;
    Ok(SecretScalar::from_bytes(curve, &row.listed("private"))?.agree(&public)?.x())
}

/// Only the point may be what is wrong: the private keys of the refused cases are not looked at.
fn ecdh(file: &str) -> [usize; 3] {
    rows(&format!("ecdh_{file}"), &mut |curve, result, row| {
        if result == "valid" {
            assert_eq!(agree(curve, row), Ok(row.octets("shared")), "{}", row.name());
            return;
        }
        let error = Point::decode(curve, &row.octets("public")).expect_err(&row.name());
        // 9303-11 §9.4.1: uncompressed points alone
        let compressed = row.flagged("CompressedPoint");
        assert!(compressed || result == "invalid", "{}", row.name());
        assert!(!compressed || matches!(error, CurveError::PointFormat { .. }), "{}: {error}", row.name());
    })
}

fn digest(hash: &str, message: &[u8]) -> Vec<u8> {
    match hash {
        "SHA-224" => sha2::Sha224::digest(message).to_vec(),
        "SHA-256" => sha2::Sha256::digest(message).to_vec(),
        "SHA-384" => sha2::Sha384::digest(message).to_vec(),
        "SHA-512" => sha2::Sha512::digest(message).to_vec(),
        other => panic!("no hash {other}"),
    }
}

fn verify(curve: Curve, row: &Row<'_>, raw: &[u8]) -> Result<(), CurveError> {
    let key = Point::decode(curve, &row.listed("key")).unwrap();
    ecdsa::verify_digest(&key, &digest(text(row.case, "hash"), &row.octets("message")), raw)
}

fn judge(row: &Row<'_>, result: &str, verdict: &Result<(), CurveError>) {
    match result {
        "valid" => assert_eq!(*verdict, Ok(()), "{}", row.name()),
        "invalid" => assert!(verdict.is_err(), "{}", row.name()),
        other => panic!("{other}: {}", row.name()),
    }
}

fn ecdsa(file: &str) -> [usize; 3] {
    rows(&format!("ecdsa_{file}"), &mut |curve, result, row| {
        judge(row, result, &verify(curve, row, &row.octets("signature")));
    })
}

#[test]
fn ecdh_of_nist_curves() {
    assert_eq!(ecdh("secp224r1"), [439, 1, 18]);
    assert_eq!(ecdh("secp256r1"), [330, 1, 24]);
    assert_eq!(ecdh("secp384r1"), [438, 1, 18]);
    assert_eq!(ecdh("secp521r1"), [367, 1, 28]);
}

#[test]
fn ecdh_of_brainpool_curves() {
    assert_eq!(ecdh("brainpoolP224r1"), [499, 1, 26]);
    assert_eq!(ecdh("brainpoolP256r1"), [517, 1, 24]);
    assert_eq!(ecdh("brainpoolP320r1"), [489, 1, 24]);
    assert_eq!(ecdh("brainpoolP384r1"), [369, 1, 36]);
    assert_eq!(ecdh("brainpoolP512r1"), [301, 1, 20]);
}

#[test]
fn ecdsa_of_nist_curves() {
    assert_eq!(ecdsa("secp192r1"), [142, 0, 88]);
    assert_eq!(ecdsa("secp224r1"), [314, 0, 173]);
    assert_eq!(ecdsa("secp256r1"), [415, 0, 179]);
    assert_eq!(ecdsa("secp384r1"), [193, 0, 87]);
    assert_eq!(ecdsa("secp521r1"), [231, 0, 87]);
}

#[test]
fn ecdsa_of_brainpool_curves() {
    assert_eq!(ecdsa("brainpoolP224r1"), [144, 0, 85]);
    assert_eq!(ecdsa("brainpoolP256r1"), [175, 0, 86]);
    assert_eq!(ecdsa("brainpoolP320r1"), [178, 0, 87]);
    assert_eq!(ecdsa("brainpoolP384r1"), [206, 0, 86]);
    assert_eq!(ecdsa("brainpoolP512r1"), [251, 0, 86]);
}

/// What is no DER must fail as such, before any key is asked.
#[test]
fn signatures_in_der() {
    const ENCODING: [&str; 4] = ["BerEncodedSignature", "InvalidEncoding", "InvalidTypesInSignature", "MissingZero"];
    let counted = rows("ecdsa_der", &mut |curve, result, row| {
        let raw = ecdsa::der_to_raw(curve, &row.octets("signature"));
        assert!(!ENCODING.iter().any(|flag| row.flagged(flag)) || raw.is_err(), "{}", row.name());
        judge(row, result, &raw.and_then(|raw| verify(curve, row, &raw)));
    });
    assert_eq!(counted, [52, 0, 620]);
}
