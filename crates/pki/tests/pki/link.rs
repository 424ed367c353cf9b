//! CSCA link certificates: the way from an old key to a new one.

use crate::fixture::{AT, days, ec, keys, plan, rng, trusting};
use crate::openssl::{openssl, stdout};
use bitaqa_curves::Curve;
use bitaqa_pki::issuer_keys::generate;
use bitaqa_pki::spki::Form;
use bitaqa_pki::trust::TrustError;
use bitaqa_pki::x509::{
    CertificateRequest, DocumentSignerRequest, IssueError, Period, check_path, issue_csca_link, issue_document_signer,
};
use bitaqa_pki::{Signer, TrustStore};
use time::Duration;

#[test]
fn whoever_trusts_the_old_key_comes_to_trust_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let old = generate(&plan(Form::Named), AT, &mut rng(1)).unwrap();
    let (new, state) = (ec(Curve::BrainpoolP384r1, 9), plan(Form::Named).state);
    for (common_name, renamed) in [("CSCA UTO", false), ("CSCA UTO 2", true)] {
        let request = CertificateRequest {
            state: &state,
            common_name,
            public_key: &new.public_key(),
            validity: days(5500),
            private_key_usage: days(900),
            form: Form::Named,
        };
        let link = issue_csca_link(&request, &old.csca.certificate, &old.csca.signer(), &mut rng(6)).unwrap();
        assert_eq!(link.issuer(), old.csca.certificate.subject());
        assert_eq!(link.subject() != link.issuer(), renamed);
        assert_eq!(link.authority_key_id(), old.csca.certificate.subject_key_id());
        assert!(link.is_ca() && link.unknown_critical_extension().is_none());
        assert_eq!(link.verify_signature(&old.csca.certificate.public_key().unwrap()), Ok(()));
        // 2.23.136.1.1.6.1 with NULL marks a change of name, 9303-12 §7.1.1.5.
        let mark = [0x06, 0x07, 0x67, 0x81, 0x08, 0x01, 0x01, 0x06, 0x01, 0x04, 0x02, 0x05, 0x00];
        assert_eq!(link.der().windows(mark.len()).any(|window| window == mark), renamed);

        let alone = TrustStore::new().add(link.clone());
        assert_eq!(alone, Err(TrustError::NotSelfSigned(link.subject())));
        let trust = trusting(&[&old.csca.certificate, &link]);
        let request = DocumentSignerRequest {
            state: &state,
            common_name: "DS under the new key",
            public_key: &ec(Curve::P256, 3).public_key(),
            validity: days(4000),
            private_key_usage: days(90),
            document_types: &["ID"],
            form: Form::Named,
        };
        let ds = issue_document_signer(&request, &link, &new, &mut rng(7)).unwrap();
        assert_eq!(check_path(&ds, &trust, AT), Ok(&link));

        std::fs::write(folder.path().join("old.pem"), old.csca.certificate.to_pem()).unwrap();
        std::fs::write(folder.path().join("link.pem"), link.to_pem()).unwrap();
        let at = AT.unix_timestamp().to_string();
        let verify = ["verify", "-attime", &at, "-partial_chain", "-CAfile", "old.pem", "link.pem"];
        let Some(output) = openssl(folder.path(), &verify) else { return };
        assert_eq!(stdout(&output), "link.pem: OK\n");
    }
}

#[test]
fn the_old_key_signs_while_it_may() {
    let (old, other) = (keys(1), keys(2));
    let (new, state) = (ec(Curve::P256, 9), plan(Form::Explicit).state);
    let start = AT + Duration::days(3000);
    let request = CertificateRequest {
        state: &state,
        common_name: "CSCA UTO",
        public_key: &new.public_key(),
        validity: Period { not_before: start, not_after: start + Duration::days(10) },
        private_key_usage: days(900),
        form: Form::Explicit,
    };
    let csca = &old.csca.certificate;
    let refused = issue_csca_link(&request, csca, &old.csca.signer(), &mut rng(6));
    assert_eq!(refused, Err(IssueError::IssuerKeyPeriod(csca.subject())));
    let refused = issue_csca_link(&request, csca, &other.csca.signer(), &mut rng(6));
    assert_eq!(refused, Err(IssueError::NotTheKeyOf(csca.subject())));
}
