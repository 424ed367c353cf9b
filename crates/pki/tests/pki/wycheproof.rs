//! Public keys of Project Wycheproof in their SubjectPublicKeyInfo: what is not DER to the last octet, or names other
//! parameters than those of the curve, must be refused or be the key that it says it is.

use bitaqa_curves::{Curve, SecretScalar};
use bitaqa_pki::spki;
use toml::{Table, Value};

fn octets(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn list<'a>(case: &'a Table, key: &str) -> &'a [Value] {
    case[key].as_array().unwrap()
}

/// The shared secret with the key of a row, if the key is read at all and is one of the curve asked for.
fn shared(curve: Curve, case: &Table, row: &[Value]) -> Option<Vec<u8>> {
    let [_, private, public, _] = row else { panic!("four columns") };
    let point = spki::decode(&octets(public)).ok().filter(|point| point.curve() == curve)?;
    let private = &list(case, "private")[usize::try_from(private.as_integer().unwrap()).unwrap()];
    Some(SecretScalar::from_bytes(curve, &octets(private)).unwrap().agree(&point).unwrap().x())
}

/// How many keys a file holds, by their verdict, and the names of those read although they are not valid.
#[derive(Default)]
struct Seen {
    valid: usize,
    refused: usize,
    read: Vec<String>,
}

impl Seen {
    fn judge(&mut self, curve: Curve, case: &Table, row: &[Value]) {
        let name = format!("{}, case {}", case["name"].as_str().unwrap(), row[0]);
        match (case["result"].as_str(), shared(curve, case, row)) {
            (Some("valid"), shared) => {
                assert_eq!(shared, Some(octets(&row[3])), "{name}");
                self.valid += 1;
            }
            (Some("acceptable" | "invalid"), None) => self.refused += 1,
            (Some("acceptable" | "invalid"), Some(shared)) => {
                assert_eq!(shared, octets(&row[3]), "{name}");
                self.read.push(name);
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Explicit parameters without the cofactor are read, since all other numbers must be those of the curve; X9.62 calls
/// it optional. Everything else that is not valid is refused, compressed points (9303-11 §9.4.1) among it.
#[test]
fn subject_public_key_infos() {
    let file: Table = include_str!("../../../../test-vectors/wycheproof/ecdh_spki.toml").parse().unwrap();
    let mut seen = Seen::default();
    for case in file["case"].as_array().unwrap() {
        let case = case.as_table().unwrap();
        assert_eq!(list(case, "columns"), ["tcId", "private", "public", "shared"].map(Value::from));
        let curve = match case["curve"].as_str() {
            Some("secp256r1") => Curve::P256,
            Some("brainpoolP256r1") => Curve::BrainpoolP256r1,
            other => panic!("{other:?}"),
        };
        for row in list(case, "rows") {
            seen.judge(curve, case, row.as_array().unwrap());
        }
    }
    assert!(seen.read.iter().all(|name| name.contains("NoCofactor")), "{:?}", seen.read);
    assert_eq!((seen.valid, seen.refused, seen.read.len()), (8, 343, 4));
}
