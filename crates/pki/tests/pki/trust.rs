//! Who gets into a trust store.

use crate::fixture::{forged, keys};
use bitaqa_pki::TrustStore;
use bitaqa_pki::trust::TrustError;

#[test]
fn der_and_pem_files_are_taken() {
    let (first, second) = (keys(1).csca.certificate, keys(2).csca.certificate);
    let mut store = TrustStore::new();
    assert_eq!(store.add_file(first.der()), Ok(1));
    let pem = format!("two of them\n{}\nand\n{}", first.to_pem(), second.to_pem());
    assert_eq!(store.add_file(pem.as_bytes()), Ok(2));
    assert_eq!(store.certificates(), [first, second], "the same certificate is kept once");
}

#[test]
fn document_signers_and_nonsense_are_refused() {
    let keys = keys(1);
    let ds = &keys.document_signer.certificate;
    let mut store = TrustStore::new();
    assert_eq!(store.add_file(ds.to_pem().as_bytes()), Err(TrustError::NotACa(ds.subject())));
    assert_eq!(store.add_file(b""), Err(TrustError::Empty));
    assert!(matches!(store.add_file(&[0xFF, 0xFE]), Err(TrustError::Certificate(_))));
    let both = format!("{}{}", keys.csca.certificate.to_pem(), ds.to_pem());
    assert!(store.add_file(both.as_bytes()).is_err());
    assert!(store.is_empty(), "all of a file or nothing");
}

#[test]
fn a_csca_is_signed_by_itself_or_by_a_trusted_one() {
    let (old, new) = (keys(1), keys(2));
    // The link certificate: the new key under the old one's signature.
    let link = forged(&new.csca.certificate, 0, b"CSCA UTO", b"CSCA UTO", &old.csca.signer());
    let mut store = TrustStore::new();
    assert_eq!(store.add(link.clone()), Err(TrustError::NotSelfSigned(link.subject())));
    store.add(old.csca.certificate).unwrap();
    assert_eq!(store.add(link), Ok(()));
    assert_eq!(store.issuers_of(&new.document_signer.certificate).count(), 2);
}
