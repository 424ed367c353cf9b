//! The printed numbers of the standards for single curves.

use crate::file::{cases, curve, octets, text};
use bitaqa_curves::{Curve, CurveError, Point, SecretScalar, ecdsa, mapping};
use sha2::Digest;
use toml::Table;

fn scalar(curve: Curve, case: &Table, key: &str) -> SecretScalar {
    SecretScalar::from_bytes(curve, &octets(case, key)).unwrap()
}

/// RFC 5639 §3.2 to §3.7; SEC 2 §2.2.2, §2.3.2, §2.4.2, §2.5.1, §2.6.1
#[test]
fn domain_parameters_are_the_printed_ones() {
    let cases = cases("rfc5639/parameters.toml");
    assert_eq!(cases.len(), Curve::ALL.len(), "a curve without a vector");
    for case in &cases {
        let curve = curve(text(case, "name"));
        assert_eq!(Some(i64::from(curve.parameter_id())), case["id"].as_integer());
        let parameters = curve.parameters();
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
    let mut seen = Vec::new();
    let further = cases("icao9303-11/ec_public_keys_further_curves.toml");
    for case in cases("icao9303-11/ec_public_keys.toml").iter().chain(&further) {
        let (curve, name) = (curve(text(case, "curve")), text(case, "name"));
        seen.push(curve);
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
    assert_eq!((accepted, refused), (44, 177));
    assert!(Curve::ALL.iter().all(|curve| seen.contains(curve)), "a curve without a vector");
}

/// RFC 6979 Appendix A.2.3 to A.2.7
#[test]
fn signatures_are_deterministic() {
    let cases = cases("rfc6979/ecdsa.toml");
    let of = |name: &str| cases.iter().filter(|case| text(case, "curve") == name).count();
    assert_eq!(["secp192r1", "secp224r1", "secp521r1"].map(of), [8; 3]);
    for case in &cases {
        let curve = curve(text(case, "curve"));
        let message = text(case, "message").as_bytes();
        let digest = match text(case, "hash") {
            "SHA-224" => sha2::Sha224::digest(message).to_vec(),
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

/// (n - 1)·G = -G, so n·G is infinity; and multiplication by the library's table is multiplication of the point.
#[test]
fn the_generator_has_the_order_of_the_parameters() {
    for curve in Curve::ALL.iter().copied() {
        let mut n = curve.parameters().n;
        *n.last_mut().unwrap() -= 1;
        let key = SecretScalar::from_bytes(curve, &n).unwrap();
        let generator = Point::generator(curve);
        let opposite = key.public();
        assert_eq!(opposite.x(), generator.x(), "{curve}");
        assert_ne!(opposite, generator, "{curve}");
        assert_eq!(key.public_on(&generator), Ok(opposite.clone()), "{curve}");
        assert_eq!(key.agree(&opposite), Ok(generator), "{curve}");
        // -G + G
        assert_eq!(mapping::generic(&[1], &opposite), Err(CurveError::Infinity), "{curve}");
    }
}
