//! A document of an invented state: its groups, its EF.SOD, and who has signed it.

use crate::scripted::ScriptedCard;
use bitaqa_apdu::{Aid, tlv::tlv};
use bitaqa_curves::{Curve, SecretScalar};
use bitaqa_lds::com::Com;
use bitaqa_lds::dg1::Dg1;
use bitaqa_lds::mrz::{Mrz, Sex, Td1Fields, key_input};
use bitaqa_pki::issuer_keys::{IssuerKeys, IssuerPlan, Schedule, USUAL, generate};
use bitaqa_pki::sod::{SodOptions, sign_with};
use bitaqa_pki::spki::Form;
use bitaqa_pki::x509::{DocumentSignerRequest, IssuingState, Period, issue_document_signer};
use bitaqa_pki::{Certificate, PublicKey, Signer, SoftwareSigner, TrustStore};
use bitaqa_secure_messaging::pace::Password;
use bitaqa_terminal::emrtd;
use bitaqa_terminal::inspection::{self, Conditions, Inspection, Verdict};
use bitaqa_terminal::trace::Totals;
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use std::sync::OnceLock;
use time::macros::{date, utc_datetime};
use time::{Duration, UtcDateTime};

/// The instant of every inspection.
pub const AT: UtcDateTime = utc_datetime!(2026-11-22 10:30:00);

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub fn state() -> IssuingState {
    IssuingState {
        country: "UT".to_owned(),
        mrz_state: "UTO".to_owned(),
        organisation: "Utopia".to_owned(),
        contact: "csca@example.org".to_owned(),
        crl_urls: vec!["https://example.org/UTO.crl".to_owned()],
    }
}

/// Keys of the state; another seed is another state of the same name.
pub fn issuer(seed: u64) -> IssuerKeys {
    let plan = IssuerPlan {
        state: state(),
        document_types: vec!["ID".to_owned()],
        form: Form::Explicit,
        schedule: Schedule::STANDARD,
        document_signer: USUAL,
        terminals: USUAL,
    };
    generate(&plan, AT, &mut rng(seed)).unwrap()
}

/// The state that most tests are about.
pub fn own() -> &'static IssuerKeys {
    static MADE: OnceLock<IssuerKeys> = OnceLock::new();
    MADE.get_or_init(|| issuer(1))
}

/// From now on for so many days.
pub fn days(days: i64) -> Period {
    Period { not_before: AT, not_after: AT + Duration::days(days) }
}

/// A document signer of this key under the CSCA.
pub fn document_signer(key: &PublicKey, form: Form) -> Certificate {
    document_signer_for(key, form, "UTO", "ID")
}

/// One for documents of this state and type.
pub fn document_signer_for(key: &PublicKey, form: Form, mrz_state: &str, document: &str) -> Certificate {
    let request = DocumentSignerRequest {
        state: &IssuingState { mrz_state: mrz_state.to_owned(), ..state() },
        common_name: "DS UTO",
        public_key: key,
        validity: days(4000),
        private_key_usage: days(90),
        document_types: &[document],
        form,
    };
    issue_document_signer(&request, &own().csca.certificate, &own().csca.signer(), &mut rng(5)).unwrap()
}

/// A signer on this curve with a fixed key.
pub fn ec(curve: Curve, seed: u8) -> SoftwareSigner {
    SoftwareSigner::new(SecretScalar::from_bytes(curve, &[seed; 20]).unwrap())
}

pub fn dg1() -> Vec<u8> {
    let fields = Td1Fields {
        document_code: "ID".into(),
        issuing_state: "UTO".into(),
        document_number: "SPEC00001".into(),
        optional_1: String::new(),
        birth: date!(1990 - 01 - 02),
        sex: Sex::Female,
        expiry: date!(2036 - 01 - 02),
        nationality: "UTO".into(),
        optional_2: String::new(),
        surname: "SPECIMEN".into(),
        given_names: "ANNA".into(),
    };
    Dg1 { mrz: Mrz::build(&fields).unwrap() }.encode().unwrap().into_vec()
}

/// The password that opens it.
pub fn mrz() -> Password {
    Password::mrz(&key_input("SPEC00001", "900102", "360102").unwrap())
}

/// DG1 and DG2, a group that nobody looks into here.
pub fn groups() -> Vec<(u8, Vec<u8>)> {
    vec![(1, dg1()), (2, tlv(0x75, &[2; 300]))]
}

/// A card with these groups, signed by the state's document signer.
pub fn card(groups: &[(u8, Vec<u8>)]) -> ScriptedCard {
    let ds = &own().document_signer;
    signed(groups, &ds.certificate, &ds.signer(), &SodOptions::default())
}

/// A card with these groups, signed by somebody.
pub fn signed(
    groups: &[(u8, Vec<u8>)],
    certificate: &Certificate,
    signer: &dyn Signer,
    options: &SodOptions,
) -> ScriptedCard {
    let borrowed: Vec<(u8, &[u8])> = groups.iter().map(|(number, octets)| (*number, octets.as_slice())).collect();
    let sod = sign_with(options, &borrowed, certificate, signer).unwrap();
    let numbers: Vec<u8> = groups.iter().map(|(number, _)| *number).collect();
    let mut card = ScriptedCard::default();
    card.application.insert(0x1D, sod.into_vec());
    card.application.insert(0x1E, Com::version_1_8(&numbers).encode().unwrap().into_vec());
    card.application.extend(groups.iter().cloned());
    card
}

/// Trusts these certificates.
pub fn trusting(certificates: &[&Certificate]) -> TrustStore {
    let mut store = TrustStore::new();
    for certificate in certificates {
        store.add((*certificate).clone()).unwrap();
    }
    store
}

/// Trusts the state.
pub fn trust() -> TrustStore {
    trusting(&[&own().csca.certificate])
}

/// AID of the application.
pub fn application() -> Aid {
    Aid::new(&emrtd::APPLICATION).unwrap()
}

/// Inspects with the right MRZ and trust in the state.
pub fn inspect(card: &mut ScriptedCard) -> Inspection {
    inspect_by(card, &trust(), &mrz(), |conditions| conditions)
}

/// Inspects with this trust.
pub fn inspect_trusting(card: &mut ScriptedCard, trust: &TrustStore) -> Inspection {
    inspect_by(card, trust, &mrz(), |conditions| conditions)
}

/// Inspects under changed conditions.
pub fn inspect_by(
    card: &mut ScriptedCard,
    trust: &TrustStore,
    password: &Password,
    change: impl for<'a> FnOnce(Conditions<'a>) -> Conditions<'a>,
) -> Inspection {
    let application = application();
    let conditions = change(Conditions::new(trust, &application, AT));
    inspection::run(card, &mut Totals::default(), password, &conditions, &mut rng(7)).unwrap()
}

/// The word and the reason of a step.
#[track_caller]
pub fn verdict(found: &Inspection, step: &str) -> (&'static str, String) {
    let verdict = found.verdict(step).unwrap_or_else(|| panic!("no step {step}: {:#?}", found.checks));
    (verdict.word(), verdict.reason().unwrap_or_default())
}

/// The word of a step, after a look for `part` in its reason.
#[track_caller]
pub fn expect(found: &Inspection, step: &str, word: &str, part: &str) {
    let (was, reason) = verdict(found, step);
    assert_eq!(was, word, "{step}: {reason}");
    assert!(reason.contains(part), "{step}: {reason}");
}

/// Notes of a step.
#[track_caller]
pub fn notes(found: &Inspection, step: &str) -> String {
    found.checks.iter().find(|check| check.step == step).expect("the step").notes.join("; ")
}

/// Steps that failed or were downgraded.
pub fn bad(found: &Inspection) -> Vec<&str> {
    let bad = found.checks.iter().filter(|check| check.verdict.is_bad());
    bad.map(|check| check.step.as_str()).collect()
}

/// Whether nothing but these steps is out of order.
#[track_caller]
pub fn only_bad(found: &Inspection, steps: &[&str]) {
    assert_eq!(bad(found), steps, "{:#?}", found.checks);
    assert_eq!(found.is_positive(), steps.is_empty() && found.verdict("DS certificate path") == Some(&Verdict::Passed));
}
