//! OpenSSL as a second opinion: it derives the same secrets and verifies our signatures. Skipped loudly where the
//! program, or a curve in it, is missing.

use crate::file::{cases, curve, text};
use bitaqa_curves::{Curve, DhGroup, Domain, PrivateKey, PublicKey, SecretScalar, ecdsa};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The elements of a DER value, so that keys can be written by hand.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let value = parts.concat();
    let length = u16::try_from(value.len()).unwrap().to_be_bytes();
    let header = match value.len() {
        0..=127 => vec![tag, length[1]],
        128..=255 => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    [header, value].concat()
}

fn integer(octets: &[u8]) -> Vec<u8> {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let number = &octets[zeros..];
    let sign: &[u8] = if number.first().is_none_or(|octet| octet & 0x80 != 0) { &[0] } else { &[] };
    der(0x02, &[sign, number])
}

/// Algorithm identifier with the named curve, RFC 5480, or with p, g, q, RFC 3279 §2.3.3.
fn algorithm(domain: Domain) -> Vec<u8> {
    match domain {
        Domain::Ec(curve) => {
            let name = der(0x06, &[curve.oid().as_bytes()]);
            der(0x30, &[b"\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01", &name])
        }
        Domain::Dh(group) => {
            let parameters = group.parameters();
            let numbers = [&parameters.p, &parameters.g, &parameters.q].map(|number| integer(number));
            let numbers = der(0x30, &[&numbers[0], &numbers[1], &numbers[2]]);
            der(0x30, &[b"\x06\x07\x2A\x86\x48\xCE\x3E\x02\x01", &numbers])
        }
    }
}

/// SubjectPublicKeyInfo.
fn public_key(key: &PublicKey) -> Vec<u8> {
    let value = match key {
        PublicKey::Ec(point) => point.encode(),
        PublicKey::Dh(value) => integer(value.as_octets()),
    };
    der(0x30, &[&algorithm(key.domain()), &der(0x03, &[&[0], &value])])
}

/// PKCS#8.
fn private_key(key: &PrivateKey) -> Vec<u8> {
    let number = key.to_bytes();
    let value = match key {
        PrivateKey::Ec(_) => der(0x30, &[&integer(&[1]), &der(0x04, &[&number])]),
        PrivateKey::Dh(_) => integer(&number),
    };
    der(0x30, &[&integer(&[]), &algorithm(key.domain()), &der(0x04, &[&value])])
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

/// A working folder, unless there is no OpenSSL.
fn folder() -> Option<Folder> {
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("SKIPPED: no openssl on this machine, nothing was compared");
        return None;
    }
    Some(Folder(tempfile::tempdir().unwrap()))
}

fn openssl(arguments: &[&str], files: &[(&str, &Path)]) -> Output {
    let mut command = Command::new("openssl");
    command.args(arguments);
    for (option, path) in files {
        command.arg(option).arg(path);
    }
    command.output().unwrap()
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn key(domain: Domain, octet: u8) -> PrivateKey {
    PrivateKey::from_bytes(domain, &[octet; 20]).unwrap()
}

/// Whether this OpenSSL was built with the curve.
fn knows(curve: Curve) -> bool {
    let name = match curve {
        Curve::P192 => "prime192v1",
        Curve::P224 => "secp224r1",
        Curve::P256 => "prime256v1",
        Curve::P384 => "secp384r1",
        Curve::P521 => "secp521r1",
        brainpool => brainpool.name(),
    };
    let known = openssl(&["ecparam", "-noout", "-name", name], &[]).status.success();
    if !known {
        eprintln!("SKIPPED: this openssl has no {curve}");
    }
    known
}

#[test]
fn openssl_derives_the_same_secrets() {
    let Some(folder) = folder() else { return };
    for domain in Domain::STANDARDISED.iter().copied() {
        if matches!(domain, Domain::Ec(curve) if !knows(curve)) {
            continue;
        }
        let (own, peer) = (key(domain, 0x2B), key(domain, 0x51));
        let inkey = folder.write("own.der", &private_key(&own));
        let peerkey = folder.write("peer.der", &public_key(&peer.public()));
        let arguments = ["pkeyutl", "-derive", "-keyform", "DER", "-peerform", "DER"];
        let derived = openssl(&arguments, &[("-inkey", &inkey), ("-peerkey", &peerkey)]);
        assert!(derived.status.success(), "{domain}: {}", error(&derived));
        // For DH some versions leave the zeros on the left away.
        let secret = own.agree(&peer.public()).unwrap();
        let zeros = secret.len() - derived.stdout.len();
        assert_eq!(derived.stdout, secret[zeros..], "{domain}");
        assert!(secret[..zeros].iter().all(|octet| *octet == 0), "{domain}");
    }
}

#[test]
fn openssl_verifies_our_signatures_and_we_its() {
    let Some(folder) = folder() else { return };
    for curve in Curve::ALL.iter().copied().filter(|curve| knows(*curve)) {
        for length in [28, 32, 48, 64] {
            let digest: Vec<u8> = (1..=length).map(|n| n ^ 0xA5).collect();
            let own = SecretScalar::from_bytes(curve, &[0x2B; 20]).unwrap();
            let raw = ecdsa::sign_digest(&own, &digest).unwrap();
            let signature = folder.write("signature.der", &ecdsa::raw_to_der(curve, &raw).unwrap());
            let digest_file = folder.write("digest", &digest);
            let inkey = folder.write("public.der", &public_key(&own.public().into()));
            let files = [("-inkey", inkey.as_path()), ("-in", &digest_file), ("-sigfile", &signature)];
            let verified = openssl(&["pkeyutl", "-verify", "-pubin", "-keyform", "DER"], &files);
            assert!(verified.status.success(), "{curve} {length}: {}", error(&verified));

            let inkey = folder.write("private.der", &private_key(&own.clone().into()));
            let signed =
                openssl(&["pkeyutl", "-sign", "-keyform", "DER"], &[("-inkey", &inkey), ("-in", &digest_file)]);
            assert!(signed.status.success(), "{curve} {length}: {}", error(&signed));
            let raw = ecdsa::der_to_raw(curve, &signed.stdout).unwrap();
            assert_eq!(ecdsa::verify_digest(&own.public(), &digest, &raw), Ok(()), "{curve} {length}");
        }
    }
}

/// The groups by OpenSSL's own names, not by our numbers.
#[test]
fn openssl_has_the_same_dh_groups() {
    let Some(folder) = folder() else { return };
    for (group, number) in DhGroup::ALL.iter().zip(1..) {
        let option = format!("dh_rfc5114:{number}");
        let output = openssl(&["genpkey", "-genparam", "-algorithm", "DHX", "-pkeyopt", &option], &[]);
        assert!(output.status.success(), "{group}: {}", error(&output));
        let listed = openssl(&["asn1parse"], &[("-in", &folder.write("parameters.pem", &output.stdout))]);
        let listed = String::from_utf8(listed.stdout).unwrap();
        let parameters = group.parameters();
        for part in [&parameters.p, &parameters.g, &parameters.q] {
            let number = format!(":{}\n", hex::encode_upper(part));
            assert!(listed.contains(&number), "{group}: {number}");
        }
    }
}

/// The points that the vectors call valid are so for OpenSSL; what it refuses is tested against our own reader.
#[test]
fn openssl_accepts_the_points_that_we_accept() {
    let Some(folder) = folder() else { return };
    let further = cases("icao9303-11/ec_public_keys_further_curves.toml");
    let all = cases("icao9303-11/ec_public_keys.toml").into_iter().chain(further);
    for case in all.filter(|case| text(case, "expect") == "accepted") {
        let curve = curve(text(&case, "curve"));
        let point = PublicKey::decode(curve.into(), &crate::file::octets(&case, "point")).unwrap();
        let key = folder.write("point.der", &public_key(&point));
        let checked = openssl(&["pkey", "-pubin", "-pubcheck", "-noout", "-inform", "DER"], &[("-in", &key)]);
        assert!(checked.status.success() || !knows(curve), "{curve}: {}", error(&checked));
    }
}
