//! Passive authentication through an inspection: signature, path and revocation have a verdict each.

use crate::document::{
    AT, card, days, document_signer, document_signer_for, ec, expect, groups, inspect, inspect_by, inspect_trusting,
    issuer, mrz, notes, only_bad, own, rng, signed, state, trust, trusting,
};
use bitaqa_curves::Curve;
use bitaqa_pki::crl::{self, CrlRequest, RevocationReason, Revoked};
use bitaqa_pki::master_list;
use bitaqa_pki::rsa::{RsaPrivateKey, RsaSigner};
use bitaqa_pki::sod::SodOptions;
use bitaqa_pki::spki::Form;
use bitaqa_pki::x509::{CertificateRequest, Period, issue_master_list_signer};
use bitaqa_pki::{Certificate, HashAlgorithm, MasterList, Signer, SoftwareSigner, TrustStore};
use bitaqa_terminal::inspection::{Conditions, Inspection, steps};
use std::sync::OnceLock;
use time::{Duration, UtcDateTime};

/// Drawing an RSA key is dear: one for all tests.
fn rsa() -> RsaPrivateKey {
    static KEY: OnceLock<RsaPrivateKey> = OnceLock::new();
    KEY.get_or_init(|| RsaPrivateKey::generate(2048, &mut rng(99)).unwrap()).clone()
}

#[test]
fn every_signature_of_9303_12_is_judged() {
    for hash in HashAlgorithm::ALL.into_iter().filter(|hash| hash.is_permitted()) {
        let on_curve = || {
            let key = bitaqa_curves::SecretScalar::from_bytes(Curve::BrainpoolP256r1, &[0x5A; 31]).unwrap();
            SoftwareSigner::with_hash(key, hash).unwrap()
        };
        let signers: [(Box<dyn Signer>, Form); 4] = [
            (Box::new(RsaSigner::pkcs1(rsa(), hash, &mut rng(8)).unwrap()), Form::Named),
            (Box::new(RsaSigner::pss(rsa(), hash, &mut rng(8)).unwrap()), Form::Named),
            (Box::new(on_curve()), Form::Named),
            (Box::new(on_curve()), Form::Explicit),
        ];
        for (signer, form) in signers {
            let ds = document_signer(&signer.public_key(), form);
            let options = SodOptions { hash, ..SodOptions::default() };
            let mut good = signed(&groups(), &ds, &*signer, &options);
            let found = inspect(&mut good);
            only_bad(&found, &[]);
            let names_its_curve = form == Form::Named && signer.public_key().curve().is_some();
            assert_eq!(notes(&found, steps::SOD).contains("names its curve"), names_its_curve, "{hash} {form:?}");

            // The last octets of the file are the signature.
            let sod = good.application.get_mut(&0x1D).unwrap();
            let last = sod.len() - 1;
            sod[last] ^= 1;
            let found = inspect(&mut good);
            only_bad(&found, &[steps::SOD_SIGNATURE]);
            assert!(!found.is_positive());
        }
    }
}

/// What `ds` gives under this trust, on a good card.
fn found_by(trust: &TrustStore) -> Inspection {
    inspect_trusting(&mut card(&groups()), trust)
}

/// The same with another clock.
fn found_at(trust: &TrustStore, at: UtcDateTime) -> Inspection {
    inspect_by(&mut card(&groups()), trust, &mrz(), |conditions| Conditions { at, ..conditions })
}

#[test]
fn who_is_trusted_decides_on_the_path() {
    expect(&found_by(&TrustStore::new()), steps::PATH, "not_attempted", "no CSCA certificate is trusted");
    let stranger = issuer(2);
    let found = found_by(&trusting(&[&stranger.csca.certificate]));
    expect(&found, steps::PATH, "failed", "was not signed by the trusted CSCA");
    expect(&found, steps::REVOCATION, "not_attempted", "DS certificate path is missing");
    only_bad(&found, &[steps::PATH]);
}

fn store_with(update: Period, revoked: &[Revoked]) -> TrustStore {
    let csca = &own().csca;
    let request = CrlRequest { number: 1, update, revoked };
    let mut store = trust();
    store.add_revocation_list(crl::issue(&request, &csca.certificate, &csca.signer()).unwrap()).unwrap();
    store
}

fn entry(certificate: &Certificate) -> Revoked {
    let reason = Some(RevocationReason::KeyCompromise);
    Revoked { serial: certificate.serial().to_vec(), date: AT, reason }
}

#[test]
fn revocation_is_a_step_of_its_own() {
    let found = found_by(&trust());
    expect(&found, steps::REVOCATION, "not_attempted", "no revocation list of this CSCA was given");
    assert!(found.is_positive(), "no list is no fault of the document");

    let found = found_by(&store_with(days(90), &[]));
    expect(&found, steps::REVOCATION, "passed", "");
    assert!(found.is_positive() && notes(&found, steps::REVOCATION).contains("good until 2027-02-20"));

    let found = found_by(&store_with(days(90), &[entry(&own().document_signer.certificate)]));
    expect(&found, steps::PATH, "passed", "");
    expect(&found, steps::REVOCATION, "failed", "key compromised");
    only_bad(&found, &[steps::REVOCATION]);

    let found = found_at(&store_with(days(9), &[]), AT + Duration::days(10));
    expect(&found, steps::REVOCATION, "failed", "was to be replaced by 2026-12-01");
    only_bad(&found, &[steps::REVOCATION]);
    let early = Period { not_before: AT + Duration::days(1), not_after: AT + Duration::days(9) };
    expect(&found_by(&store_with(early, &[])), steps::REVOCATION, "failed", "not valid before");

    let found = found_by(&store_with(days(90), &[entry(&own().csca.certificate)]));
    expect(&found, steps::PATH, "failed", "CSCA certificate");
    expect(&found, steps::REVOCATION, "failed", "key compromised");
}

#[test]
fn certificates_out_of_time_have_no_path() {
    let at = |instant| found_at(&trust(), instant);
    let (ds, csca) = (&own().document_signer.certificate, &own().csca.certificate);
    assert!(at(ds.not_after()).is_positive());
    expect(&at(ds.not_after() + Duration::SECOND), steps::PATH, "failed", "document signer certificate has expired");
    expect(&at(csca.not_after() + Duration::SECOND), steps::PATH, "failed", "CSCA certificate has expired");
    expect(&at(AT - Duration::SECOND), steps::PATH, "failed", "is not valid before");
}

#[test]
fn a_key_for_other_things_signs_no_documents() {
    // A master list signer's certificate: digitalSignature, and a purpose that is not documents.
    let signer = ec(Curve::BrainpoolP256r1, 0x33);
    let certificate = list_signer(&signer);
    let found = inspect(&mut signed(&groups(), &certificate, &signer, &SodOptions::default()));
    expect(
        &found,
        steps::PATH,
        "failed",
        "key usage of the document signer certificate does not allow signing documents",
    );
    only_bad(&found, &[steps::PATH]);
}

#[test]
fn a_signer_for_other_documents_is_noted() {
    let signer = ec(Curve::BrainpoolP256r1, 0x34);
    for (mrz_state, document, note) in [
        ("UTO", "ID", ""),
        ("UTO", "P", "the document signer is for documents P, not for ID"),
        ("UTX", "ID", "the document signer is of UTX, the document of UTO"),
    ] {
        let ds = document_signer_for(&signer.public_key(), Form::Explicit, mrz_state, document);
        let found = inspect(&mut signed(&groups(), &ds, &signer, &SodOptions::default()));
        assert_eq!(notes(&found, steps::MRZ), note);
        assert!(found.is_positive());
    }
}

fn list_signer(signer: &SoftwareSigner) -> Certificate {
    let request = CertificateRequest {
        state: &state(),
        common_name: "MLS UTO",
        public_key: &signer.public_key(),
        validity: days(4000),
        private_key_usage: days(400),
        form: Form::Explicit,
    };
    issue_master_list_signer(&request, &own().csca.certificate, &own().csca.signer(), &mut rng(21)).unwrap()
}

#[test]
fn a_master_list_is_a_source_of_trust_and_is_named() {
    // The document is of another state, whose CSCA is known from the list of ours alone.
    let other = issuer(2);
    let signer = ec(Curve::BrainpoolP256r1, 0x33);
    let listed = [other.csca.certificate.clone()];
    let certificate = list_signer(&signer);
    let list = master_list::issue(&listed, &certificate, &own().csca.certificate, AT, &signer).unwrap();
    let list = MasterList::from_der(&list).unwrap();
    let ds = &other.document_signer;
    let mut card = signed(&groups(), &ds.certificate, &ds.signer(), &SodOptions::default());

    expect(&inspect(&mut card), steps::PATH, "failed", "was not signed by the trusted CSCA");
    let mut store = trust();
    store.add_master_list(&list, AT).unwrap();
    let found = inspect_trusting(&mut card, &store);
    assert!(found.is_positive(), "{:#?}", found.checks);
    assert!(notes(&found, steps::PATH).contains("is trusted by the master list that CN=MLS UTO"));
    assert!(TrustStore::new().add_master_list(&list, AT).is_err(), "a list vouches for nobody by itself");
}

#[test]
fn changed_and_missing_groups_are_named() {
    let mut changed = card(&groups());
    changed.application.get_mut(&2).unwrap()[10] ^= 1;
    only_bad(&inspect(&mut changed), &["DG2 hash"]);

    let mut missing = card(&groups());
    missing.application.remove(&2);
    let found = inspect(&mut missing);
    expect(&found, "DG2 hash", "failed", "6A82");

    let mut hidden = card(&groups());
    let com = bitaqa_lds::com::Com::version_1_8(&[1]).encode().unwrap();
    hidden.application.insert(0x1E, com.into_vec());
    let found = inspect(&mut hidden);
    expect(&found, steps::COM_LIST, "failed", "EF.COM lists data groups [1], EF.SOD signs [1, 2]");
    only_bad(&found, &[steps::COM_LIST]);
}
