//! Keys of an invented state, and certificates that no honest CA would issue.

use bitaqa_apdu::tlv::{self, tlv};
use bitaqa_curves::{Curve, SecretScalar};
use bitaqa_pki::issuer_keys::{IssuerKeys, IssuerPlan, Schedule, USUAL, generate};
use bitaqa_pki::spki::Form;
use bitaqa_pki::x509::{DocumentSignerRequest, IssuingState, Period, issue_document_signer};
use bitaqa_pki::{Certificate, PublicKey, Signer, SoftwareSigner, TrustStore};
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use std::collections::BTreeMap;
use std::sync::Mutex;
use time::UtcDateTime;
use time::macros::utc_datetime;

pub const AT: UtcDateTime = utc_datetime!(2026-11-22 10:30:00);

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub fn plan(form: Form) -> IssuerPlan {
    IssuerPlan {
        state: IssuingState {
            country: "UT".to_owned(),
            mrz_state: "UTO".to_owned(),
            organisation: "Utopia, Ministry of Passports".to_owned(),
            contact: "csca@example.org".to_owned(),
            crl_urls: vec!["https://example.org/UTO.crl".to_owned()],
        },
        document_types: vec!["ID".to_owned()],
        form,
        schedule: Schedule::STANDARD,
        document_signer: USUAL,
        terminals: USUAL,
    }
}

/// The same names for every seed: two states that cannot be told apart but by their keys.
pub fn keys(seed: u64) -> IssuerKeys {
    static MADE: Mutex<BTreeMap<u64, IssuerKeys>> = Mutex::new(BTreeMap::new());
    let make = || generate(&plan(Form::Explicit), AT, &mut rng(seed)).unwrap();
    MADE.lock().unwrap().entry(seed).or_insert_with(make).clone()
}

pub fn data_groups() -> Vec<(u8, Vec<u8>)> {
    [1u8, 2, 11, 14].iter().map(|number| (*number, tlv(0x53, &[*number; 40]))).collect()
}

pub fn borrowed(groups: &[(u8, Vec<u8>)]) -> Vec<(u8, &[u8])> {
    groups.iter().map(|(number, octets)| (*number, octets.as_slice())).collect()
}

/// Replaces octets of the same length in a certificate and signs it anew. The octets must be there exactly once, or
/// `nth` says which.
pub fn forged(certificate: &Certificate, nth: usize, from: &[u8], to: &[u8], signer: &dyn Signer) -> Certificate {
    assert_eq!(from.len(), to.len());
    let content = tlv::only(certificate.der(), 0x30).unwrap();
    let parts = tlv::all(content).unwrap();
    let mut tbs = Vec::from(parts[0]);
    let places: Vec<usize> = (0..=tbs.len() - from.len()).filter(|i| tbs[*i..].starts_with(from)).collect();
    let place = *places.get(nth).unwrap_or_else(|| panic!("{from:02X?} is not in the certificate"));
    tbs[place..place + from.len()].copy_from_slice(to);
    let signature = signer.sign(&tbs).unwrap().to_x509(signer.algorithm(), &signer.public_key()).unwrap();
    let mut algorithm = Vec::from(parts[1]);
    // The algorithm stands inside and outside; a forger changes both.
    if let Some(place) = (0..algorithm.len()).find(|i| algorithm[*i..].starts_with(from)) {
        algorithm[place..place + from.len()].copy_from_slice(to);
    }
    let content = [tbs, algorithm, tlv(0x03, &[&[0], signature.as_slice()].concat())].concat();
    Certificate::from_der(&tlv(0x30, &content)).unwrap()
}

/// A signer of every kind that states use, with a fixed key.
pub fn ec(curve: Curve, seed: u8) -> SoftwareSigner {
    SoftwareSigner::new(SecretScalar::from_bytes(curve, &[seed; 30]).unwrap())
}

/// Drawing an RSA key is dear: one for all tests.
#[cfg(feature = "rsa")]
pub fn rsa_key() -> bitaqa_pki::rsa::RsaPrivateKey {
    static KEY: std::sync::OnceLock<bitaqa_pki::rsa::RsaPrivateKey> = std::sync::OnceLock::new();
    KEY.get_or_init(|| bitaqa_pki::rsa::RsaPrivateKey::generate(2048, &mut rng(99)).unwrap()).clone()
}

/// From now on for so many days.
pub fn days(days: i64) -> Period {
    Period { not_before: AT, not_after: AT + time::Duration::days(days) }
}

/// A document signer of this key under a CSCA.
#[cfg(feature = "rsa")]
pub fn document_signer(keys: &IssuerKeys, public_key: &PublicKey, form: Form) -> Certificate {
    let request = DocumentSignerRequest {
        state: &plan(form).state,
        common_name: "DS UTO",
        public_key,
        validity: days(4000),
        private_key_usage: days(90),
        document_types: &["ID"],
        form,
    };
    issue_document_signer(&request, &keys.csca.certificate, &keys.csca.signer(), &mut rng(5)).unwrap()
}

pub fn trusting(certificates: &[&Certificate]) -> TrustStore {
    let mut store = TrustStore::new();
    for certificate in certificates {
        store.add((*certificate).clone()).unwrap();
    }
    store
}
