//! Master lists: issued, judged by OpenSSL, and what of them comes into a trust store.

use crate::fixture::{AT, borrowed, data_groups, days, ec, keys, plan, rng, trusting};
use crate::openssl::{openssl, stdout};
use bitaqa_curves::Curve;
use bitaqa_pki::crl::{self, CrlRequest, Revoked};
use bitaqa_pki::issuer_keys::{IssuerKeys, generate};
use bitaqa_pki::master_list::{self, MasterListError};
use bitaqa_pki::sod::{self, sign};
use bitaqa_pki::spki::Form;
use bitaqa_pki::trust::{TrustError, TrustSource};
use bitaqa_pki::x509::{CertificateRequest, PathError, Whose, issue_csca_link, issue_master_list_signer};
use bitaqa_pki::{Certificate, CmsError, MasterList, Signer, SoftwareSigner, TrustStore};
use core::slice::from_ref;
use proptest::prelude::*;

fn signer() -> SoftwareSigner {
    ec(Curve::BrainpoolP256r1, 0x33)
}

fn signer_certificate(keys: &IssuerKeys, form: Form) -> Certificate {
    let request = CertificateRequest {
        state: &plan(form).state,
        common_name: "MLS UTO",
        public_key: &signer().public_key(),
        validity: days(4000),
        private_key_usage: days(400),
        form,
    };
    issue_master_list_signer(&request, &keys.csca.certificate, &keys.csca.signer(), &mut rng(21)).unwrap()
}

fn other_state(name: &str, seed: u64) -> IssuerKeys {
    let mut plan = plan(Form::Named);
    name.clone_into(&mut plan.state.organisation);
    generate(&plan, AT, &mut rng(seed)).unwrap()
}

fn link(old: &IssuerKeys, new: &SoftwareSigner, seed: u64) -> Certificate {
    let request = CertificateRequest {
        state: &plan(Form::Named).state,
        common_name: "CSCA next",
        public_key: &new.public_key(),
        validity: days(5000),
        private_key_usage: days(900),
        form: Form::Named,
    };
    issue_csca_link(&request, &old.csca.certificate, &old.csca.signer(), &mut rng(seed)).unwrap()
}

fn list(keys: &IssuerKeys, certificates: &[Certificate]) -> Vec<u8> {
    let certificate = signer_certificate(keys, Form::Named);
    master_list::issue(certificates, &certificate, &keys.csca.certificate, AT, &signer()).unwrap()
}

#[test]
fn a_list_brings_other_states_and_links() {
    let ours = generate(&plan(Form::Named), AT, &mut rng(1)).unwrap();
    let (friend, lost) = (other_state("Friendly state", 11), other_state("Lost state", 12));
    let good_link = link(&friend, &ec(Curve::P384, 5), 13);
    // A link from a key that is nowhere to be found.
    let lost_link = link(&lost, &ec(Curve::P384, 6), 14);
    let (csca, friendly) = (ours.csca.certificate.clone(), friend.csca.certificate.clone());
    let listed = [csca.clone(), good_link.clone(), friendly.clone(), lost_link.clone()];
    let der = list(&ours, &listed);
    let read = MasterList::from_der(&der).unwrap();
    assert_eq!(read.certificates().len(), 4);
    assert!(listed.iter().all(|certificate| read.certificates().contains(certificate)));
    assert_eq!((read.signing_time(), read.unreadable().len(), read.enclosed().len()), (Some(AT), 0, 2));
    assert_eq!(read.signer().subject(), "CN=MLS UTO,O=Utopia\\, Ministry of Passports,C=UT");

    let mut trust = trusting(&[&csca]);
    let report = trust.add_master_list(&read, AT).unwrap();
    let mut taken = report.taken.clone();
    taken.sort();
    let mut expected = [friendly.subject(), good_link.subject()];
    expected.sort();
    assert_eq!((taken.as_slice(), report.known), (&expected[..], 1));
    let subject = lost_link.subject();
    assert_eq!(report.refused, [(subject.clone(), TrustError::NotSelfSigned(subject))]);
    let source = TrustSource::MasterList { signer: read.signer().subject() };
    assert_eq!(trust.source_of(&friendly), Some(&source));
    assert_eq!(trust.source_of(&csca), Some(&TrustSource::Given));
    assert_eq!(trust.source_of(&lost_link), None);

    let ds = &friend.document_signer;
    let ef_sod = sign(&borrowed(&data_groups()), &ds.certificate, &ds.signer()).unwrap();
    assert!(sod::verify(&ef_sod, &borrowed(&data_groups()), &trust, AT).unwrap().is_authentic());
    let again = trust.add_master_list(&read, AT).unwrap();
    assert_eq!((again.taken.len(), again.known), (0, 3));
}

#[test]
fn a_list_of_a_stranger_brings_nobody() {
    let (ours, stranger) = (keys(1), other_state("Nobody's friend", 15));
    let mut trust = trusting(&[&ours.csca.certificate]);
    let read = MasterList::from_der(&list(&stranger, from_ref(&stranger.csca.certificate))).unwrap();
    let refused = trust.add_master_list(&read, AT);
    let issuer = stranger.csca.certificate.subject();
    // Its certificate says Utopia in the subject; what counts is who has signed.
    assert_eq!(refused, Err(MasterListError::Path(PathError::NoCscaForIssuer { issuer })));
    assert!(TrustStore::new().add_master_list(&read, AT).is_err());
    assert_eq!(trust.certificates().len(), 1);
}

#[test]
fn keys_for_lists_and_keys_for_documents_are_kept_apart() {
    let ours = keys(1);
    let trust = trusting(&[&ours.csca.certificate]);
    let ds = &ours.document_signer;
    let csca = &ours.csca.certificate;
    let by_ds = master_list::issue(from_ref(csca), &ds.certificate, csca, AT, &ds.signer()).unwrap();
    let refused = MasterList::from_der(&by_ds).unwrap().verify(&trust, AT);
    let error = PathError::KeyUsage { whose: Whose::MasterListSigner, purpose: "signing master lists" };
    assert_eq!(refused, Err(MasterListError::Path(error)));

    let certificate = signer_certificate(&ours, Form::Explicit);
    let ef_sod = sign(&borrowed(&data_groups()), &certificate, &signer()).unwrap();
    let verification = sod::verify(&ef_sod, &borrowed(&data_groups()), &trust, AT).unwrap();
    let error = PathError::KeyUsage { whose: Whose::DocumentSigner, purpose: "signing documents" };
    assert_eq!((verification.signature, verification.path), (Ok(()), Err(error)));
}

#[test]
fn a_revoked_signer_brings_nobody() {
    let ours = generate(&plan(Form::Named), AT, &mut rng(1)).unwrap();
    let read = MasterList::from_der(&list(&ours, from_ref(&ours.csca.certificate))).unwrap();
    let mut trust = trusting(&[&ours.csca.certificate]);
    let entry = Revoked { serial: read.signer().serial().to_vec(), date: AT, reason: None };
    let request = CrlRequest { number: 1, update: days(90), revoked: &[entry] };
    let crl = crl::issue(&request, &ours.csca.certificate, &ours.csca.signer()).unwrap();
    trust.add_revocation_list(crl).unwrap();
    let refused = trust.add_master_list(&read, AT);
    let is_revoked =
        |error| matches!(error, MasterListError::Path(PathError::Revoked { whose: Whose::MasterListSigner, .. }));
    assert!(refused.is_err_and(is_revoked));
}

#[test]
fn only_cscas_are_listed() {
    let ours = keys(1);
    let (csca, ds) = (&ours.csca.certificate, &ours.document_signer.certificate);
    let certificate = signer_certificate(&ours, Form::Explicit);
    let issue = |listed: &[Certificate]| master_list::issue(listed, &certificate, csca, AT, &signer());
    assert_eq!(issue(&[]), Err(MasterListError::Empty));
    assert_eq!(issue(from_ref(ds)), Err(MasterListError::NotACa(ds.subject())));
    assert_eq!(issue(&[csca.clone(), csca.clone()]), Err(MasterListError::Twice(csca.subject())));
    let refused = master_list::issue(from_ref(csca), &certificate, csca, AT, &ours.csca.signer());
    assert_eq!(refused, Err(MasterListError::Cms(CmsError::NotTheKeyOf(certificate.subject()))));
}

#[test]
fn openssl_verifies_our_list() {
    let folder = tempfile::tempdir().unwrap();
    let ours = generate(&plan(Form::Named), AT, &mut rng(1)).unwrap();
    let listed = [ours.csca.certificate.clone(), other_state("Friendly state", 11).csca.certificate];
    std::fs::write(folder.path().join("list.ml"), list(&ours, &listed)).unwrap();
    std::fs::write(folder.path().join("csca.pem"), ours.csca.certificate.to_pem()).unwrap();
    let at = AT.unix_timestamp().to_string();
    let verify = ["cms", "-verify", "-inform", "DER", "-in", "list.ml", "-CAfile", "csca.pem", "-purpose", "any"];
    let arguments = [&verify[..], &["-attime", &at, "-out", "content.der"]].concat();
    let Some(output) = openssl(folder.path(), &arguments) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = openssl(folder.path(), &["cms", "-cmsout", "-print", "-inform", "DER", "-in", "list.ml"]).unwrap();
    let text = stdout(&output);
    for words in ["eContentType: undefined (2.23.136.1.1.2)", "signingTime", "d.subjectKeyIdentifier"] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
}

#[test]
fn defects_have_their_names() {
    let ours = keys(1);
    let der = list(&ours, from_ref(&ours.csca.certificate));
    let ef_sod =
        sign(&borrowed(&data_groups()), &ours.document_signer.certificate, &ours.document_signer.signer()).unwrap();
    let refused = MasterList::from_der(bitaqa_apdu::tlv::only(&ef_sod, 0x77).unwrap());
    assert!(matches!(refused, Err(MasterListError::Cms(CmsError::ContentType(_)))));
    let version = [0x02, 0x01, 0x00, 0x31];
    let at = der.windows(4).position(|window| window == version).unwrap();
    let mut other = der.clone();
    other[at + 2] = 1;
    assert!(matches!(MasterList::from_der(&other), Err(MasterListError::Version(1))));
    // Not a certificate any more: counted, and the digest tells that the list was changed.
    let csca = ours.csca.certificate.der();
    let at = der.windows(csca.len()).position(|window| window == csca).unwrap();
    let mut other = der.clone();
    other[at + 4] = 0x31;
    let read = MasterList::from_der(&other).unwrap();
    assert_eq!((read.certificates().len(), read.unreadable().len()), (0, 1));
    let trust = trusting(&[&ours.csca.certificate]);
    assert_eq!(read.verify(&trust, AT), Err(MasterListError::Cms(CmsError::MessageDigest)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn changed_lists_never_panic_and_never_lie(at in any::<prop::sample::Index>(), octet in 1u8..) {
        let (der, certificates) = signed_once();
        let trust = trusting(&[&keys(1).csca.certificate]);
        let mut changed = der.clone();
        let at = at.index(changed.len());
        changed[at] ^= octet;
        if let Ok(read) = MasterList::from_der(&changed) {
            let believed = read.verify(&trust, AT).is_ok();
            prop_assert!(!believed || read.certificates() == certificates);
            let _ = (read.notes(), read.signing_time(), format!("{read:?}"));
        }
        prop_assert!(MasterList::from_der(&changed[..at]).is_err());
    }
}

fn signed_once() -> &'static (Vec<u8>, Vec<Certificate>) {
    static SIGNED: std::sync::OnceLock<(Vec<u8>, Vec<Certificate>)> = std::sync::OnceLock::new();
    SIGNED.get_or_init(|| {
        let ours = keys(1);
        let der = list(&ours, &[ours.csca.certificate.clone(), keys(2).csca.certificate]);
        let certificates = MasterList::from_der(&der).unwrap().certificates().to_vec();
        (der, certificates)
    })
}
