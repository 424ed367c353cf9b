//! Certificates and the path of passive authentication: every failure under its own name.

use crate::fixture::{AT, forged, keys, plan, rng, trusting};
use bitaqa_pki::issuer_keys::generate;
use bitaqa_pki::spki::Form;
use bitaqa_pki::x509::{
    CertificateError, DocumentSignerRequest, IssueError, PathError, Period, Whose, check_issued, check_path,
    issue_document_signer,
};
use bitaqa_pki::{Certificate, TrustStore};
use proptest::prelude::*;
use time::macros::utc_datetime;
use time::{Duration, UtcDateTime};

const DIGITAL_SIGNATURE: [u8; 4] = [0x03, 0x02, 0x07, 0x80];
const CERT_AND_CRL_SIGN: [u8; 4] = [0x03, 0x02, 0x01, 0x06];
const NON_REPUDIATION: [u8; 4] = [0x03, 0x02, 0x06, 0x40];

#[test]
fn the_certificates_follow_the_profile() {
    for form in [Form::Explicit, Form::Named] {
        let keys = generate(&plan(form), AT, &mut rng(1)).unwrap();
        let (csca, ds) = (&keys.csca.certificate, &keys.document_signer.certificate);
        assert_eq!(csca.subject(), "CN=CSCA UTO,O=Utopia\\, Ministry of Passports,C=UT");
        assert_eq!(csca.issuer(), csca.subject());
        assert_eq!(ds.issuer(), csca.subject());
        assert_eq!(ds.subject(), "CN=DS UTO 00001,O=Utopia\\, Ministry of Passports,C=UT");
        assert_eq!((ds.country().as_deref(), ds.mrz_state()), (Some("UT"), Some("UTO")));
        for certificate in [csca, ds] {
            assert_eq!(certificate.serial().len(), 16);
            assert_eq!(certificate.not_before(), AT);
            assert_eq!(certificate.authority_key_id(), csca.subject_key_id());
            assert_eq!(certificate.unknown_critical_extension(), None);
            assert_eq!(Certificate::from_pem(&certificate.to_pem()).as_ref(), Ok(certificate));
        }
        assert_ne!(csca.serial(), ds.serial());
        assert_eq!(csca.not_after(), utc_datetime!(2042-02-22 10:29:59));
        assert_eq!(csca.private_key_usage(), (Some(AT), Some(utc_datetime!(2031-11-22 10:29:59))));
        assert_eq!(ds.not_after(), utc_datetime!(2037-02-22 10:29:59));
        assert_eq!(ds.private_key_usage(), (Some(AT), Some(utc_datetime!(2027-02-22 10:29:59))));
        assert!(csca.is_ca() && !ds.is_ca());
        assert_eq!(csca.basic_constraints().unwrap().path_length, Some(0));
        assert!(ds.basic_constraints().is_none());
        assert!(ds.key_usage().unwrap().digital_signature && !ds.key_usage().unwrap().key_cert_sign);
        assert!(csca.key_usage().unwrap().crl_sign && !csca.key_usage().unwrap().digital_signature);
        assert_eq!(ds.document_types(), ["ID"]);
        assert_eq!(ds.public_key(), Ok(keys.document_signer.key.public()));
    }
}

#[test]
fn the_same_randomness_gives_the_same_certificates() {
    assert_eq!(keys(1).csca.certificate, keys(1).csca.certificate);
    assert_eq!(keys(1).document_signer.certificate, keys(1).document_signer.certificate);
    assert_ne!(keys(1).csca.certificate, keys(2).csca.certificate);
}

#[test]
fn a_path_leads_to_the_csca_that_signed() {
    let (ours, others) = (keys(1), keys(2));
    let ds = &ours.document_signer.certificate;
    // The CSCA has changed its key and kept its name: the right one is found in any order.
    for store in [[&others, &ours], [&ours, &others]] {
        let store = trusting(&store.map(|keys| &keys.csca.certificate));
        assert_eq!(check_path(ds, &store, AT), Ok(&ours.csca.certificate));
    }
}

#[test]
fn strangers_and_namesakes_are_told_apart() {
    let ds = &keys(1).document_signer.certificate;
    let namesake = trusting(&[&keys(2).csca.certificate]);
    let csca = keys(2).csca.certificate.subject();
    assert_eq!(check_path(ds, &namesake, AT), Err(PathError::SignatureNotByThisCsca { csca }));

    let mut plan = plan(Form::Explicit);
    plan.state.organisation = "Another one".to_owned();
    let stranger = trusting(&[&generate(&plan, AT, &mut rng(1)).unwrap().csca.certificate]);
    let no_csca = PathError::NoCscaForIssuer { issuer: ds.issuer() };
    assert_eq!(check_path(ds, &stranger, AT), Err(no_csca.clone()));
    assert_eq!(check_path(ds, &TrustStore::new(), AT), Err(no_csca));
}

#[test]
fn names_are_compared_without_letter_case_and_spaces() {
    let keys = keys(1);
    let (csca, signer) = (&keys.csca.certificate, keys.csca.signer());
    let ds = forged(&keys.document_signer.certificate, 0, b"CSCA UTO", b"csca uto", &signer);
    assert_eq!(check_issued(&ds, csca, AT), Ok(()));
    let ds = forged(&keys.document_signer.certificate, 0, b"CSCA UTO", b"CSCA UTP", &signer);
    assert_eq!(check_issued(&ds, csca, AT), Err(PathError::NoCscaForIssuer { issuer: ds.issuer() }));
}

#[test]
fn validity_is_judged_at_the_instant_given() {
    let keys = keys(1);
    let (csca, ds) = (&keys.csca.certificate, &keys.document_signer.certificate);
    let verdict = |at: UtcDateTime| check_issued(ds, csca, at);
    let second = Duration::SECOND;
    assert_eq!(verdict(AT), Ok(()));
    assert_eq!(verdict(ds.not_after()), Ok(()));
    assert_eq!(verdict(ds.not_after() + Duration::milliseconds(999)), Ok(()), "the last second has an end");
    let expired = PathError::Expired { whose: Whose::DocumentSigner, not_after: ds.not_after() };
    assert_eq!(verdict(ds.not_after() + second), Err(expired));
    let expired = PathError::Expired { whose: Whose::Csca, not_after: csca.not_after() };
    assert_eq!(verdict(csca.not_after() + second), Err(expired));
    assert_eq!(verdict(AT - second), Err(PathError::NotYetValid { whose: Whose::Csca, not_before: AT }));
}

#[test]
fn wrong_extensions_have_their_own_words() {
    let keys = keys(1);
    let (csca, ds, signer) = (&keys.csca.certificate, &keys.document_signer.certificate, keys.csca.signer());
    let of_ds = |from: &[u8], to: &[u8]| check_issued(&forged(ds, 0, from, to, &signer), csca, AT);
    let of_csca = |from: &[u8], to: &[u8]| check_issued(ds, &forged(csca, 0, from, to, &signer), AT);

    let usage = |whose, purpose| Err(PathError::KeyUsage { whose, purpose });
    assert_eq!(of_ds(&DIGITAL_SIGNATURE, &NON_REPUDIATION), usage(Whose::DocumentSigner, "signing documents"));
    assert_eq!(of_csca(&CERT_AND_CRL_SIGN, &NON_REPUDIATION), usage(Whose::Csca, "signing certificates"));

    let id = csca.subject_key_id().unwrap();
    let other: Vec<u8> = id.iter().map(|octet| !octet).collect();
    assert_eq!(of_ds(id, &other), Err(PathError::AuthorityKeyIdentifier));

    let unknown = of_ds(&[0x06, 0x03, 0x55, 0x1D, 0x0F, 0x01], &[0x06, 0x03, 0x55, 0x1D, 0x63, 0x01]);
    assert!(matches!(unknown, Err(PathError::UnknownCriticalExtension(Whose::DocumentSigner, _))));

    let ca = [0x30, 0x06, 0x01, 0x01, 0xFF, 0x02, 0x01, 0x00];
    let no_ca = [0x30, 0x06, 0x02, 0x04, 0x00, 0x02, 0x01, 0x00];
    let certificate = std::panic::catch_unwind(|| forged(csca, 0, &ca, &no_ca, &signer));
    assert!(certificate.is_err(), "a path length of four octets is refused when read");
    assert_eq!(check_issued(csca, csca, AT), Err(PathError::BasicConstraints(Whose::DocumentSigner)));
    assert!(matches!(check_issued(ds, ds, AT), Err(PathError::NoCscaForIssuer { .. })));

    // The second UT is the subject's; issuer and CSCA stay UT.
    let foreign = forged(ds, 1, &[0x13, 0x02, b'U', b'T'], &[0x13, 0x02, b'X', b'X'], &signer);
    assert_eq!(check_issued(&foreign, csca, AT), Err(PathError::Country));

    let sha_256 = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02];
    let nobody = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x09];
    assert!(matches!(of_ds(&sha_256, &nobody), Err(PathError::SignatureAlgorithm(_))));
}

#[test]
fn an_end_entity_is_no_csca() {
    let keys = keys(1);
    let ds = &keys.document_signer.certificate;
    // A document signer that issues another one under its own name.
    let below = forged(ds, 0, b"CSCA UTO", b"CSCA UTO", &keys.document_signer.signer());
    let verdict = check_issued(&below, &keys.csca.certificate, AT);
    assert!(matches!(verdict, Err(PathError::SignatureNotByThisCsca { .. })));
}

#[test]
fn a_csca_issues_only_what_it_may() {
    let keys = keys(1);
    let state = plan(Form::Explicit).state;
    let (csca, signer, ds_key) = (&keys.csca.certificate, keys.csca.signer(), keys.document_signer.key.public());
    let good = DocumentSignerRequest {
        state: &state,
        common_name: "DS",
        public_key: &ds_key,
        validity: Period { not_before: AT, not_after: AT + Duration::days(3000) },
        private_key_usage: Period { not_before: AT, not_after: AT + Duration::days(90) },
        document_types: &["ID", "P"],
        form: Form::Explicit,
    };
    let issue = |request: &DocumentSignerRequest<'_>| issue_document_signer(request, csca, &signer, &mut rng(3));
    assert_eq!(issue(&good).unwrap().document_types(), ["P", "ID"], "DER sorts a SET");

    let refused = issue_document_signer(&good, csca, &keys.document_signer.signer(), &mut rng(3));
    assert_eq!(refused, Err(IssueError::NotTheKeyOf(csca.subject())));
    let ds = &keys.document_signer;
    let refused = issue_document_signer(&good, &ds.certificate, &ds.signer(), &mut rng(3));
    assert_eq!(refused, Err(IssueError::NotACa(ds.certificate.subject())));

    let period =
        |from: i64, until: i64| Period { not_before: AT + Duration::days(from), not_after: AT + Duration::days(until) };
    let outside = Err(IssueError::OutsideIssuer(csca.subject()));
    assert_eq!(issue(&DocumentSignerRequest { validity: period(-1, 10), ..good }), outside);
    assert_eq!(issue(&DocumentSignerRequest { validity: period(0, 9999), ..good }), outside);
    let late = issue(&DocumentSignerRequest { validity: period(2000, 3000), ..good });
    assert_eq!(late, Err(IssueError::IssuerKeyPeriod(csca.subject())));
    let backwards = period(10, 9);
    let error = IssueError::Period(backwards.not_before, backwards.not_after);
    assert_eq!(issue(&DocumentSignerRequest { private_key_usage: backwards, ..good }), Err(error));

    assert_eq!(issue(&DocumentSignerRequest { common_name: "", ..good }), Err(IssueError::Name(String::new())));
    for types in [&[][..], &["IDX"][..], &["i"][..]] {
        let refused = issue(&DocumentSignerRequest { document_types: types, ..good });
        assert!(matches!(refused, Err(IssueError::DocumentType(_))), "{types:?}");
    }
}

#[test]
fn fields_of_a_state_are_checked() {
    let error = |change: &dyn Fn(&mut bitaqa_pki::x509::IssuingState)| {
        let mut plan = plan(Form::Explicit);
        change(&mut plan.state);
        match generate(&plan, AT, &mut rng(1)) {
            Err(bitaqa_pki::issuer_keys::IssuerKeysError::Certificate(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(error(&|s| s.country = "ma".to_owned()), IssueError::Country(_)));
    assert!(matches!(error(&|s| s.country = "MAR".to_owned()), IssueError::Country(_)));
    assert!(matches!(error(&|s| s.mrz_state = "MAROC".to_owned()), IssueError::MrzState(_)));
    assert!(matches!(error(&|s| s.organisation = "x".repeat(65)), IssueError::Name(_)));
    assert!(matches!(error(&|s| s.crl_urls = vec!["ftp://example.org".to_owned()]), IssueError::Url(_)));
    assert!(matches!(error(&|s| s.crl_urls.clear()), IssueError::Url(_)));
    assert!(matches!(error(&|s| s.contact = "بطاقة".to_owned()), IssueError::Encode(_)));
}

#[test]
fn what_is_no_certificate_is_refused() {
    assert!(matches!(Certificate::from_der(b""), Err(CertificateError::Der(_))));
    assert_eq!(Certificate::from_pem("no PEM"), Err(CertificateError::Pem));
    let der = keys(1).csca.certificate.der().to_vec();
    assert!(Certificate::from_der(&[der.clone(), vec![0]].concat()).is_err());
    assert!(Certificate::from_der(&der[..der.len() - 1]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn changed_certificates_never_panic_and_never_verify(at in any::<prop::sample::Index>(), octet in 1u8..) {
        let keys = keys(1);
        let mut der = keys.document_signer.certificate.der().to_vec();
        let at = at.index(der.len());
        der[at] ^= octet;
        if let Ok(changed) = Certificate::from_der(&der) {
            prop_assert!(check_issued(&changed, &keys.csca.certificate, AT).is_err());
            let _ = (changed.subject(), changed.country(), changed.public_key(), changed.to_pem());
        }
    }
}
