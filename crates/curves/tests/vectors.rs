//! The printed numbers of the standards, read from test-vectors/.

// The whole file is a test: its helpers may fail as loudly as its tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use bitaqa_curves::{Curve, CurveError, Point, SecretScalar, ecdsa, mapping};
use sha2::Digest;
use toml::Table;

fn cases(file: &str) -> Vec<Table> {
    let path = format!("{}/../../test-vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let table: Table = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}")).parse().unwrap();
    let cases: Vec<Table> = table["case"].as_array().unwrap().iter().map(|c| c.as_table().unwrap().clone()).collect();
    assert!(!cases.is_empty(), "{file} holds no case");
    cases
}

fn text<'a>(case: &'a Table, key: &str) -> &'a str {
    case[key].as_str().unwrap()
}

fn octets(case: &Table, key: &str) -> Vec<u8> {
    hex::decode(text(case, key)).unwrap()
}

fn curve(name: &str) -> Curve {
    match name {
        "secp256r1" => Curve::P256,
        "secp384r1" => Curve::P384,
        "brainpoolP256r1" => Curve::BrainpoolP256r1,
        "brainpoolP384r1" => Curve::BrainpoolP384r1,
        other => panic!("no curve {other}"),
    }
}

fn scalar(curve: Curve, case: &Table, key: &str) -> SecretScalar {
    SecretScalar::from_bytes(curve, &octets(case, key)).unwrap()
}

/// RFC 5639 §3.4, §3.6; SEC 2 §2.4.2, §2.5.1
#[test]
fn domain_parameters_are_the_printed_ones() {
    let cases = cases("rfc5639/parameters.toml");
    assert_eq!(cases.len(), Curve::ALL.len(), "a curve without a vector");
    for case in &cases {
        let parameters = curve(text(case, "name")).parameters();
        assert_eq!(parameters.p, octets(case, "p"));
        assert_eq!(parameters.a, octets(case, "a"));
        assert_eq!(parameters.b, octets(case, "b"));
        assert_eq!(parameters.g, [vec![4], octets(case, "gx"), octets(case, "gy")].concat());
        assert_eq!(parameters.n, octets(case, "n"));
        assert_eq!(parameters.h, [1]);
    }
}

/// RFC 7027 Appendix A
#[test]
fn brainpool_key_agreement() {
    for case in &cases("rfc7027/ecdh.toml") {
        let curve = curve(text(case, "name"));
        let point =
            |x: &str, y: &str| Point::decode(curve, &[vec![4], octets(case, x), octets(case, y)].concat()).unwrap();
        let (a, b) = (scalar(curve, case, "d_a"), scalar(curve, case, "d_b"));
        assert_eq!(a.public(), point("x_a", "y_a"));
        assert_eq!(b.public(), point("x_b", "y_b"));
        assert_eq!(a.agree(&b.public()).unwrap(), point("x_z", "y_z"));
        assert_eq!(b.agree(&a.public()).unwrap(), point("x_z", "y_z"));
    }
}

/// 9303-11 Appendix G.1
#[test]
fn generic_mapping_of_the_worked_example() {
    for case in &cases("icao9303-11/pace_ecdh_gm_mapping.toml") {
        let curve = curve(text(case, "name"));
        let point = |key: &str| Point::decode(curve, &octets(case, key)).unwrap();
        let (ifd, ic) = (scalar(curve, case, "map_ifd_priv"), scalar(curve, case, "map_ic_priv"));
        assert_eq!(ifd.public(), point("map_ifd_pub"));
        assert_eq!(ic.public(), point("map_ic_pub"));
        let shared = ifd.agree(&ic.public()).unwrap();
        assert_eq!(shared, point("H"));
        let mapped = mapping::generic(&octets(case, "nonce_s"), &shared).unwrap();
        assert_eq!(mapped, point("G_hat"));

        let (ifd, ic) = (scalar(curve, case, "eph_ifd_priv"), scalar(curve, case, "eph_ic_priv"));
        let (ifd_pub, ic_pub) = (ifd.public_on(&mapped).unwrap(), ic.public_on(&mapped).unwrap());
        assert_eq!(ifd_pub, point("eph_ifd_pub"));
        assert_eq!(ic_pub, point("eph_ic_pub"));
        assert_eq!(ifd.agree(&ic_pub).unwrap().x(), octets(case, "k_shared_x"));
        assert_eq!(ic.agree(&ifd_pub).unwrap().x(), octets(case, "k_shared_x"));
    }
}

/// 9303-11 §4.4.1, TR-03110-3 §A.4.1
#[test]
fn public_keys_are_validated() {
    let (mut accepted, mut refused) = (0, 0);
    for case in &cases("icao9303-11/ec_public_keys.toml") {
        let (curve, name) = (curve(text(case, "curve")), text(case, "name"));
        let result = Point::decode(curve, &octets(case, "point"));
        if text(case, "expect") == "accepted" {
            assert_eq!(result.map(|point| point.encode()), Ok(octets(case, "point")), "{curve}: {name}");
            accepted += 1;
            continue;
        }
        let reason = text(case, "reason");
        let error = result.expect_err(name);
        let on_curve_question = reason.starts_with("not on curve") || reason.starts_with("coordinate");
        if on_curve_question {
            assert_eq!(error, CurveError::NotOnCurve(curve), "{curve}: {name}");
        }
        refused += 1;
    }
    assert_eq!((accepted, refused), (16, 60));
}

/// RFC 6979 Appendix A.2.5, A.2.6
#[test]
fn signatures_are_deterministic() {
    for case in &cases("rfc6979/ecdsa.toml") {
        let curve = curve(text(case, "curve"));
        let message = text(case, "message").as_bytes();
        let digest = match text(case, "hash") {
            "SHA-256" => sha2::Sha256::digest(message).to_vec(),
            "SHA-384" => sha2::Sha384::digest(message).to_vec(),
            "SHA-512" => sha2::Sha512::digest(message).to_vec(),
            other => panic!("no hash {other}"),
        };
        let key = scalar(curve, case, "key");
        let raw = ecdsa::sign_digest(&key, &digest).unwrap();
        assert_eq!(
            hex::encode_upper(&raw),
            format!("{}{}", text(case, "r"), text(case, "s")),
            "{}",
            text(case, "name")
        );
        assert_eq!(ecdsa::verify_digest(&key.public(), &digest, &raw), Ok(()));
    }
}
