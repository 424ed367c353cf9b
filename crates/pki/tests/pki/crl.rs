//! Revocation lists: issued, read, judged by OpenSSL, and what they do to a path.

use crate::fixture::{AT, days, ec, keys, plan, rng, trusting};
use crate::openssl::{openssl, stdout};
use bitaqa_curves::Curve;
use bitaqa_pki::crl::{self, CrlError, CrlRequest, RevocationReason, Revoked};
use bitaqa_pki::issuer_keys::{IssuerKeys, generate};
use bitaqa_pki::spki::Form;
use bitaqa_pki::trust::TrustError;
use bitaqa_pki::x509::{
    CertificateRequest, IssueError, Path, PathError, Period, Revocation, Whose, check_path, issue_csca_link,
};
use bitaqa_pki::{Certificate, RevocationList, Signer, TrustStore};
use proptest::prelude::*;
use time::{Duration, UtcDateTime};

fn entry(certificate: &Certificate, reason: Option<RevocationReason>) -> Revoked {
    Revoked { serial: certificate.serial().to_vec(), date: AT + Duration::days(1), reason }
}

fn list(keys: &IssuerKeys, number: u64, update: Period, revoked: &[Revoked]) -> RevocationList {
    crl::issue(&CrlRequest { number, update, revoked }, &keys.csca.certificate, &keys.csca.signer()).unwrap()
}

fn store(keys: &IssuerKeys, list: RevocationList) -> TrustStore {
    let mut store = trusting(&[&keys.csca.certificate]);
    store.add_revocation_list(list).unwrap();
    store
}

fn later(days: i64) -> UtcDateTime {
    AT + Duration::days(days)
}

#[test]
fn what_was_issued_comes_back() {
    let keys = keys(1);
    let (ds, csca) = (&keys.document_signer.certificate, &keys.csca.certificate);
    let empty = list(&keys, 1, days(90), &[]);
    assert_eq!((empty.revoked().len(), empty.number()), (0, Some(&[1][..])));
    let revoked = [entry(ds, Some(RevocationReason::KeyCompromise)), entry(csca, None)];
    let full = list(&keys, 300, days(90), &revoked);
    assert_eq!(full.issuer(), csca.subject());
    assert_eq!((full.this_update(), full.next_update()), (AT, Some(later(90))));
    assert_eq!(full.number(), Some(&[1, 0x2C][..]));
    assert_eq!(full.find(ds.serial()), Some(&revoked[0]));
    assert_eq!(full.find(csca.serial()), Some(&revoked[1]));
    assert_eq!(full.find(&[1]), None);
    for list in [&empty, &full] {
        assert_eq!(list.verify(csca), Ok(()));
        assert_eq!(RevocationList::from_der(list.der()).as_ref(), Ok(list));
        assert_eq!(RevocationList::from_pem(&list.to_pem()).as_ref(), Ok(list));
        assert_eq!(list.notes(), []);
    }
}

#[test]
fn a_revoked_document_signer_has_no_path() {
    let keys = keys(1);
    let ds = &keys.document_signer.certificate;
    assert_eq!(Path::find(ds, &trusting(&[&keys.csca.certificate]), AT).unwrap().revocation, Revocation::NoList);

    let clean = store(&keys, list(&keys, 1, days(90), &[entry(&keys.csca.certificate, None)][..0]));
    let known = Revocation::NotRevoked { this_update: AT, next_update: Some(later(90)) };
    assert_eq!(Path::find(ds, &clean, AT).unwrap().revocation, known);

    let reason = Some(RevocationReason::KeyCompromise);
    let revoked = store(&keys, list(&keys, 1, days(90), &[entry(ds, reason)]));
    let serial = ds.serial().to_vec();
    let error = PathError::Revoked { whose: Whose::DocumentSigner, serial, date: later(1), reason };
    assert!(error.to_string().ends_with(": key compromised"), "{error}");
    assert_eq!(check_path(ds, &revoked, AT), Err(error.clone()));
    assert_eq!(check_path(ds, &revoked, later(1000)), Err(error), "out of date, but not forgotten");
}

#[test]
fn a_list_out_of_date_is_no_list() {
    let keys = keys(1);
    let ds = &keys.document_signer.certificate;
    let update = Period { not_before: later(10), not_after: later(100) };
    let store = store(&keys, list(&keys, 1, update, &[]));
    let issuer = keys.csca.certificate.subject();
    let early = PathError::RevocationListNotYetValid { issuer: issuer.clone(), this_update: later(10) };
    assert_eq!(check_path(ds, &store, AT), Err(early));
    assert_eq!(check_path(ds, &store, later(10)), Ok(&keys.csca.certificate));
    assert_eq!(check_path(ds, &store, later(100)), Ok(&keys.csca.certificate));
    let late = PathError::RevocationListExpired { issuer, next_update: later(100) };
    assert_eq!(check_path(ds, &store, later(100) + Duration::SECOND), Err(late));
}

#[test]
fn a_revoked_csca_takes_all_with_it() {
    let keys = keys(1);
    let csca = &keys.csca.certificate;
    let store = store(&keys, list(&keys, 1, days(90), &[entry(csca, None)]));
    let verdict = check_path(&keys.document_signer.certificate, &store, AT);
    assert!(matches!(verdict, Err(PathError::Revoked { whose: Whose::Csca, .. })), "{verdict:?}");
}

#[test]
fn only_lists_of_trusted_cscas_are_taken_and_only_newer_ones() {
    let (ours, others) = (keys(1), keys(2));
    let mut store = trusting(&[&ours.csca.certificate]);
    let foreign = list(&others, 1, days(90), &[]);
    let error = TrustError::RevocationList(CrlError::AuthorityKeyIdentifier);
    assert_eq!(store.add_revocation_list(foreign.clone()), Err(error), "a namesake's");
    let none = TrustStore::new().add_revocation_list(foreign.clone());
    assert_eq!(none, Err(TrustError::NoIssuer(foreign.issuer())));

    let second = list(&ours, 2, days(90), &[]);
    assert_eq!(store.add_revocation_list_file(second.to_pem().as_bytes()), Ok(()));
    assert_eq!(store.add_revocation_list_file(second.der()), Ok(()), "the same again");
    let old = store.add_revocation_list(list(&ours, 1, days(90), &[]));
    assert_eq!(old, Err(TrustError::OlderList(second.issuer())));
    let third = list(&ours, 256, days(90), &[]);
    assert_eq!(store.add_revocation_list(third.clone()), Ok(()));
    assert_eq!(store.revocation_lists(), [third]);
    assert!(matches!(store.add_revocation_list_file(b"nonsense"), Err(TrustError::RevocationList(CrlError::Pem))));
    assert!(matches!(store.add_revocation_list_file(&[0x30, 0]), Err(TrustError::RevocationList(CrlError::Der(_)))));
}

/// 9303-12 table 10 note 1: after a change of name the list of the new name speaks for certificates under the old one.
#[test]
fn a_link_with_a_new_name_carries_the_list() {
    let old = keys(1);
    let (new, state) = (ec(Curve::P256, 9), plan(Form::Explicit).state);
    let request = CertificateRequest {
        state: &state,
        common_name: "CSCA UTO new",
        public_key: &new.public_key(),
        validity: days(5000),
        private_key_usage: days(900),
        form: Form::Explicit,
    };
    let link = issue_csca_link(&request, &old.csca.certificate, &old.csca.signer(), &mut rng(6)).unwrap();
    let mut store = trusting(&[&old.csca.certificate, &link]);
    let ds = &old.document_signer.certificate;
    let request = CrlRequest { number: 1, update: days(90), revoked: &[entry(ds, None)] };
    store.add_revocation_list(crl::issue(&request, &link, &new).unwrap()).unwrap();
    assert!(matches!(check_path(ds, &store, AT), Err(PathError::Revoked { whose: Whose::DocumentSigner, .. })));
}

#[test]
fn a_csca_issues_only_proper_lists() {
    let (ours, others) = (keys(1), keys(2));
    let csca = &ours.csca.certificate;
    let good = CrlRequest { number: 1, update: days(90), revoked: &[] };
    let refused = crl::issue(&good, csca, &others.csca.signer());
    assert_eq!(refused, Err(CrlError::Issue(IssueError::NotTheKeyOf(csca.subject()))));
    let ds = &ours.document_signer;
    let refused = crl::issue(&good, &ds.certificate, &ds.signer());
    assert_eq!(refused, Err(CrlError::Issue(IssueError::NotACa(ds.certificate.subject()))));
    let late = CrlRequest { update: Period { not_before: later(3000), not_after: later(3090) }, ..good };
    let refused = crl::issue(&late, csca, &ours.csca.signer());
    assert_eq!(refused, Err(CrlError::Issue(IssueError::IssuerKeyPeriod(csca.subject()))));
    let twice = [entry(&ds.certificate, None), entry(&ds.certificate, None)];
    let refused = crl::issue(&CrlRequest { revoked: &twice, ..good }, csca, &ours.csca.signer());
    assert_eq!(refused, Err(CrlError::Twice));
    let nothing = [Revoked { serial: vec![], date: AT, reason: None }];
    let refused = crl::issue(&CrlRequest { revoked: &nothing, ..good }, csca, &ours.csca.signer());
    assert_eq!(refused, Err(CrlError::SerialNumber));
}

#[test]
fn openssl_verifies_our_lists() {
    let folder = tempfile::tempdir().unwrap();
    let keys = generate(&plan(Form::Named), AT, &mut rng(1)).unwrap();
    let ds = &keys.document_signer.certificate;
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    write("csca.pem", keys.csca.certificate.to_pem());
    write("ds.pem", ds.to_pem());
    let at = AT.unix_timestamp().to_string();
    for (revoked, verdict) in [(vec![], true), (vec![entry(ds, Some(RevocationReason::Superseded))], false)] {
        write("csca.crl", list(&keys, 7, days(90), &revoked).to_pem());
        let crl = ["crl", "-in", "csca.crl", "-CAfile", "csca.pem", "-verify", "-noout", "-text"];
        let Some(output) = openssl(folder.path(), &crl) else { return };
        assert!(String::from_utf8_lossy(&output.stderr).contains("verify OK"));
        let text = stdout(&output);
        for words in ["Version 2 (0x1)", "X509v3 CRL Number: \n                7\n", "X509v3 Authority Key Identifier"]
        {
            assert!(text.contains(words), "{words:?} is not in\n{text}");
        }
        assert_eq!(text.contains("Superseded"), !verdict);
        let verify = ["verify", "-attime", &at, "-crl_check", "-CAfile", "csca.pem", "-CRLfile", "csca.crl", "ds.pem"];
        let output = openssl(folder.path(), &verify).unwrap();
        assert_eq!(output.status.success(), verdict, "{}", String::from_utf8_lossy(&output.stderr));
        let store = store(&keys, list(&keys, 7, days(90), &revoked));
        assert_eq!(check_path(ds, &store, AT).is_ok(), verdict);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn changed_lists_never_panic_and_never_verify(at in any::<prop::sample::Index>(), octet in 1u8..) {
        let keys = keys(1);
        let mut der = signed_once().to_vec();
        let at = at.index(der.len());
        der[at] ^= octet;
        if let Ok(changed) = RevocationList::from_der(&der) {
            prop_assert!(changed.verify(&keys.csca.certificate).is_err());
            let _ = (changed.issuer(), changed.to_pem(), format!("{changed:?}"));
        }
        prop_assert!(RevocationList::from_der(&der[..at]).is_err());
    }
}

fn signed_once() -> &'static [u8] {
    static SIGNED: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    SIGNED.get_or_init(|| {
        let keys = keys(1);
        let reason = Some(RevocationReason::CessationOfOperation);
        list(&keys, 7, days(90), &[entry(&keys.document_signer.certificate, reason)]).der().to_vec()
    })
}
