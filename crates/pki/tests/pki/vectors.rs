//! What others have made: EF.SOD and revocation lists of OpenSSL, EF.CardSecurity as printed by BSI.

// What is made for RSA alone or without it stands here side by side.
#![allow(dead_code, unused_imports)]

use crate::fixture::{AT, trusting};
use bitaqa_pki::crl::{CrlError, RevocationReason};
use bitaqa_pki::sod::{self, Sod, SodError};
use bitaqa_pki::x509::{CertificateError, Path, PathError, Revocation};
use bitaqa_pki::{Certificate, CmsError, RevocationList, SignatureAlgorithm, SignedContent};
use const_oid::ObjectIdentifier;

fn file(name: &str) -> toml::Table {
    let path = format!("{}/../../test-vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

fn octets(value: &toml::Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn certificate(value: &toml::Value) -> Certificate {
    Certificate::from_der(&octets(value)).unwrap()
}

/// Built without RSA nothing is accepted, and nothing is called a forgery.
#[test]
#[cfg(not(feature = "rsa"))]
fn rsa_is_named_where_it_is_not_built() {
    let vectors = file("icao9303-12/crl.toml");
    let csca = certificate(&vectors["csca"]);
    let refused = csca.verify_signature(&csca.public_key().unwrap());
    assert!(matches!(refused, Err(CertificateError::SignatureAlgorithm(_))));
    for case in vectors["case"].as_array().unwrap() {
        let list = RevocationList::from_der(&octets(&case["crl"])).unwrap();
        assert!(matches!(list.verify(&csca), Err(CrlError::SignatureAlgorithm(_))));
    }
    let case = &file("tr03110/card_security.toml")["case"][0];
    let oid = ObjectIdentifier::new(case["content_type"].as_str().unwrap()).unwrap();
    let signed = SignedContent::parse(&octets(&case["signed_data"]), oid).unwrap();
    assert!(matches!(signed.verify(), Err(CmsError::SignatureAlgorithm(_))));
}

#[test]
#[cfg(feature = "rsa")]
fn security_objects_of_another_maker() {
    let vectors = file("icao9303-12/sod.toml");
    let trust = trusting(&[&certificate(&vectors["csca"])]);
    let groups = [octets(&vectors["data_group_1"]), octets(&vectors["data_group_2"])];
    let groups = [(1, groups[0].as_slice()), (2, groups[1].as_slice())];
    for case in vectors["case"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let ef_sod = octets(&case["ef_sod"]);
        let verification = sod::verify(&ef_sod, &groups, &trust, AT).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(verification.path, Ok(Revocation::NoList), "{name}");
        let error = match case["expect"].as_str().unwrap() {
            "authentic" => {
                assert!(verification.is_authentic(), "{name}: {verification:?}");
                None
            }
            "signature" => Some(CmsError::Signature),
            "message digest" => Some(CmsError::MessageDigest),
            "hash" => Some(CmsError::Hash(ObjectIdentifier::new_unwrap("1.2.840.113549.2.5"))),
            other => panic!("{name}: unknown expectation {other}"),
        };
        assert_eq!(verification.signature.err(), error.map(SodError::Cms), "{name}");
        let mut notes: Vec<String> = verification.notes.iter().map(|note| format!("{note:?}")).collect();
        notes.sort();
        let mut expected: Vec<&str> = case["notes"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
        expected.sort_unstable();
        assert_eq!(notes, expected, "{name}");
        assert!(verification.notes.iter().all(|note| !note.to_string().is_empty()));
    }
}

#[test]
#[cfg(feature = "rsa")]
fn revocation_lists_of_another_maker() {
    let vectors = file("icao9303-12/crl.toml");
    let csca = certificate(&vectors["csca"]);
    for case in vectors["case"].as_array().unwrap() {
        let list = RevocationList::from_der(&octets(&case["crl"])).unwrap();
        assert_eq!(list.verify(&csca), Ok(()));
        assert_eq!(list.number(), Some(octets(&case["number"]).as_slice()));
        assert_eq!((list.revoked().len(), list.notes()), (2, &[][..]));
        let mut trust = trusting(&[&csca]);
        trust.add_revocation_list(list).unwrap();
        let verdict = |key: &str| Path::find(&certificate(&case[key]), &trust, AT).map(|path| path.revocation);
        let reason = |key: &str| match verdict(key) {
            Err(PathError::Revoked { reason, .. }) => reason,
            other => panic!("{key}: {other:?}"),
        };
        assert_eq!(reason("revoked_with_reason"), Some(RevocationReason::KeyCompromise));
        assert_eq!(reason("revoked_without_reason"), None);
        assert!(matches!(verdict("not_revoked"), Ok(Revocation::NotRevoked { .. })));
    }
}

#[test]
#[cfg(feature = "rsa")]
fn printed_card_security_verifies() {
    let vectors = file("tr03110/card_security.toml");
    for case in vectors["case"].as_array().unwrap() {
        let oid = ObjectIdentifier::new(case["content_type"].as_str().unwrap()).unwrap();
        let signed_data = octets(&case["signed_data"]);
        let signed = SignedContent::parse(&signed_data, oid).unwrap();
        assert_eq!(signed.content(), octets(&case["content"]));
        assert_eq!(signed.verify(), Ok(()));
        assert_eq!((signed.signer().public_key().unwrap().rsa().unwrap().bits(), signed.notes()), (2048, &[][..]));
        let mut changed = signed_data;
        let last = changed.len() - 1;
        changed[last] ^= 1;
        assert_eq!(SignedContent::parse(&changed, oid).unwrap().verify(), Err(CmsError::Signature));
    }
}

/// Where nobody prints plain ECDSA signatures (TR-03111 §5.2.1), the name of the algorithm and the signature of a
/// document are changed: r and s stay.
#[test]
#[cfg(feature = "rsa")]
fn plain_signatures_are_read() {
    let vectors = file("icao9303-12/sod.toml");
    let case =
        vectors["case"].as_array().unwrap().iter().find(|case| case["name"].as_str() == Some("ECDSA P-256 SHA-224"));
    let ef_sod = octets(&case.unwrap()["ef_sod"]);
    let sod = Sod::parse(&ef_sod).unwrap();
    let curve = sod.document_signer().public_key().unwrap().curve().unwrap();
    let name = SignatureAlgorithm::Ecdsa(bitaqa_pki::HashAlgorithm::Sha224).x509_oid();
    let plain = SignatureAlgorithm::EcdsaPlain(bitaqa_pki::HashAlgorithm::Sha224).x509_oid();
    let name = bitaqa_apdu::tlv::tlv(0x30, &bitaqa_apdu::tlv::tlv(0x06, name.as_bytes()));
    let at = ef_sod.windows(name.len()).rposition(|window| window == name).unwrap();
    let signature = bitaqa_apdu::tlv::all(&ef_sod[at + name.len()..]).unwrap()[0].value.to_vec();
    let raw = bitaqa_pki::Signature::from_der(curve, &signature).unwrap();
    // The signer's part alone, put together anew with all lengths around it.
    let changed = [
        &ef_sod[..at],
        &bitaqa_apdu::tlv::tlv(0x30, &bitaqa_apdu::tlv::tlv(0x06, plain.as_bytes())),
        &bitaqa_apdu::tlv::tlv(0x04, &raw.0),
    ]
    .concat();
    let changed = with_lengths(&ef_sod, &changed);
    assert_eq!(Sod::parse(&changed).unwrap().verify_signature(), Ok(()));
}

/// The new octets, with the lengths of all objects that hold their end set anew.
fn with_lengths(old: &[u8], new: &[u8]) -> Vec<u8> {
    fn again(old: &[u8], new: &[u8]) -> Vec<u8> {
        // Objects up to the last one are the same in both; the last one reaches to the end.
        let objects = bitaqa_apdu::tlv::all(old).unwrap();
        let last = objects.last().unwrap();
        let header = bitaqa_apdu::tlv::header_length(last.tag, last.value.len());
        let start = old.len() - last.value.len() - header;
        if last.tag == 0x04 {
            return new.to_vec();
        }
        let inner = again(last.value, &new[start + header..]);
        [&new[..start], &bitaqa_apdu::tlv::tlv(last.tag, &inner)].concat()
    }
    again(old, new)
}
