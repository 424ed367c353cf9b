//! EF.SOD: signed, verified, and every way in which it can be wrong.

use crate::fixture::{AT, borrowed, data_groups, keys};
use bitaqa_apdu::tlv::{self, tlv};
use bitaqa_pki::issuer_keys::IssuerKeys;
use bitaqa_pki::sod::{self, HashVerdict, SecurityObject, Sod, SodError, sign};
use bitaqa_pki::x509::{PathError, Revocation};
use bitaqa_pki::{CmsError, HashAlgorithm, TrustStore};
use proptest::prelude::*;

fn signed(keys: &IssuerKeys) -> Vec<u8> {
    let ds = &keys.document_signer;
    sign(&borrowed(&data_groups()), &ds.certificate, &ds.signer()).unwrap().into_vec()
}

fn trust(keys: &IssuerKeys) -> TrustStore {
    let mut store = TrustStore::new();
    store.add(keys.csca.certificate.clone()).unwrap();
    store
}

/// Replaces octets of the same length, wherever they stand.
fn replaced(octets: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut changed = octets.to_vec();
    let place = (0..octets.len() - from.len()).find(|i| octets[*i..].starts_with(from)).unwrap();
    changed[place..place + from.len()].copy_from_slice(to);
    changed
}

#[test]
fn what_was_signed_is_authentic() {
    let keys = keys(1);
    let ef_sod = signed(&keys);
    let verification = sod::verify(&ef_sod, &borrowed(&data_groups()), &trust(&keys), AT).unwrap();
    assert!(verification.is_authentic(), "{verification:?}");

    let sod = Sod::parse(&ef_sod).unwrap();
    assert_eq!(sod.document_signer(), &keys.document_signer.certificate);
    let object = sod.security_object();
    assert_eq!(object, &SecurityObject::of(&borrowed(&data_groups())).unwrap());
    assert_eq!(object.hash, HashAlgorithm::Sha256);
    assert_eq!(object.versions, Some(("0108".to_owned(), "040000".to_owned())));
}

#[test]
fn the_same_groups_and_keys_give_the_same_file() {
    let keys = keys(1);
    let mut groups = data_groups();
    let first = signed(&keys);
    groups.reverse();
    let ds = &keys.document_signer;
    assert_eq!(sign(&borrowed(&groups), &ds.certificate, &ds.signer()).unwrap().into_vec(), first);
}

#[test]
fn data_groups_are_judged_one_by_one() {
    let keys = keys(1);
    let sod = Sod::parse(&signed(&keys)).unwrap();
    let mut groups = data_groups();
    groups[1].1[5] ^= 1;
    groups.push((13, vec![]));
    let verdicts: Vec<_> = groups.iter().map(|(number, octets)| (*number, sod.compare(*number, octets))).collect();
    let expected = [
        (1, HashVerdict::Match),
        (2, HashVerdict::Mismatch),
        (11, HashVerdict::Match),
        (14, HashVerdict::Match),
        (13, HashVerdict::NotListed),
    ];
    assert_eq!(verdicts, expected);
    let verification = sod::verify(&signed(&keys), &borrowed(&groups), &trust(&keys), AT).unwrap();
    assert!(!verification.is_authentic());
    assert_eq!((verification.signature, verification.path), (Ok(()), Ok(Revocation::NoList)), "other verdicts stand");
}

#[test]
fn a_changed_hash_list_and_a_changed_signature_are_two_things() {
    let keys = keys(1);
    let ef_sod = signed(&keys);
    let digest = HashAlgorithm::Sha256.digest(&data_groups()[0].1);
    let forged = HashAlgorithm::Sha256.digest(b"another data group");
    let sod = Sod::parse(&replaced(&ef_sod, &digest, &forged)).unwrap();
    assert_eq!(sod.compare(1, b"another data group"), HashVerdict::Match);
    assert_eq!(sod.verify_signature(), Err(SodError::Cms(CmsError::MessageDigest)));

    // A cleverer forger changes messageDigest as well.
    let content = Sod::parse(&ef_sod).unwrap().security_object().to_der().unwrap();
    let clever = replaced(&ef_sod, &digest, &forged);
    let new_content = Sod::parse(&clever).unwrap().security_object().to_der().unwrap();
    let (old, new) = (HashAlgorithm::Sha256.digest(&content), HashAlgorithm::Sha256.digest(&new_content));
    let sod = Sod::parse(&replaced(&clever, &old, &new)).unwrap();
    assert_eq!(sod.verify_signature(), Err(SodError::Cms(CmsError::Signature)));
}

#[test]
fn a_document_signer_of_another_csca_breaks_the_path_only() {
    let (ours, others) = (keys(1), keys(2));
    let verification = sod::verify(&signed(&others), &borrowed(&data_groups()), &trust(&ours), AT).unwrap();
    let csca = ours.csca.certificate.subject();
    assert_eq!(verification.path, Err(PathError::SignatureNotByThisCsca { csca }));
    assert_eq!(verification.signature, Ok(()));
}

#[test]
fn signer_and_certificate_belong_together() {
    let (ours, others) = (keys(1), keys(2));
    let ds = &ours.document_signer.certificate;
    let refused = sign(&borrowed(&data_groups()), ds, &others.document_signer.signer());
    assert_eq!(refused.err(), Some(SodError::Cms(CmsError::NotTheKeyOf(ds.subject()))));
    let refused = sign(&[(1, b"alone")], ds, &ours.document_signer.signer());
    assert_eq!(refused.err(), Some(SodError::DataGroups(1)));
}

#[test]
fn what_is_no_ef_sod_is_named() {
    let ef_sod = signed(&keys(1));
    let error = |octets: &[u8]| Sod::parse(octets).map(|_| ()).unwrap_err();
    assert!(matches!(error(b""), SodError::Tlv(_)));
    assert!(matches!(error(&tlv(0x75, b"")), SodError::Tlv(_)));
    assert!(matches!(error(&tlv(0x77, b"")), SodError::Cms(CmsError::Tlv(_))));
    assert!(matches!(error(&[ef_sod.clone(), vec![0x90, 0]].concat()), SodError::Tlv(_)));
    assert!(matches!(error(&tlv(0x77, b"\x30\x00")), SodError::Cms(CmsError::Tlv(_))));
    let data = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02];
    let enveloped = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x03];
    assert!(matches!(error(&replaced(&ef_sod, &data, &enveloped)), SodError::Cms(CmsError::ContentType(_))));
    let lds = [0x67, 0x81, 0x08, 0x01, 0x01, 0x01];
    let other = [0x67, 0x81, 0x08, 0x01, 0x01, 0x02];
    assert!(matches!(error(&replaced(&ef_sod, &lds, &other)), SodError::Cms(CmsError::ContentType(_))));
    // A certificate with another serial number than the signer names.
    let serial = keys(1).document_signer.certificate.serial().to_vec();
    let other: Vec<u8> = serial.iter().map(|octet| octet ^ 1).collect();
    assert!(matches!(error(&replaced(&ef_sod, &serial, &other)), SodError::Cms(CmsError::NoSigner)));
}

#[test]
fn the_structure_is_the_documented_one() {
    let ef_sod = signed(&keys(1));
    let info = tlv::only(tlv::only(&ef_sod, 0x77).unwrap(), 0x30).unwrap();
    let signed_data = tlv::only(tlv::find(info, 0xA0).unwrap().unwrap(), 0x30).unwrap();
    let fields: Vec<u32> = tlv::all(signed_data).unwrap().iter().map(|object| object.tag).collect();
    assert_eq!(fields, [0x02, 0x31, 0x30, 0xA0, 0x31], "version, digests, content, certificates, signers");
    assert_eq!(tlv::find(signed_data, 0x02).unwrap(), Some(&[3][..]));
    let signers = tlv::all(signed_data).unwrap()[4];
    let signer = tlv::all(tlv::only(signers.value, 0x30).unwrap()).unwrap();
    let fields: Vec<u32> = signer.iter().map(|object| object.tag).collect();
    assert_eq!(fields, [0x02, 0x30, 0x30, 0xA0, 0x30, 0x04]);
    assert_eq!(tlv::all(signer[3].value).unwrap().len(), 2, "contentType and messageDigest, no signingTime");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Whatever still verifies says what was signed.
    #[test]
    fn changed_files_never_panic_and_never_lie(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let (ef_sod, trust, object) = signed_once();
        let mut octets = ef_sod.clone();
        for (at, octet) in changes {
            let at = at.index(octets.len());
            octets[at] = octet;
        }
        if let Some(cut) = cut {
            octets.truncate(cut.index(octets.len()));
        }
        if let Ok(sod) = Sod::parse(&octets) {
            let authentic = sod.verify_signature().is_ok() && sod.verify_path(trust, AT).is_ok();
            prop_assert!(!authentic || sod.security_object() == object);
        }
    }
}

/// Key generation is dear; the property needs one file.
fn signed_once() -> &'static (Vec<u8>, TrustStore, SecurityObject) {
    static SIGNED: std::sync::OnceLock<(Vec<u8>, TrustStore, SecurityObject)> = std::sync::OnceLock::new();
    SIGNED.get_or_init(|| {
        let keys = keys(1);
        let ef_sod = signed(&keys);
        let object = Sod::parse(&ef_sod).unwrap().security_object().clone();
        (ef_sod, trust(&keys), object)
    })
}
