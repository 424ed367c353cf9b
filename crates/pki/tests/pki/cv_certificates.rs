//! CV certificates: the chain of an inspection system, every defect, and the printed certificates of BSI.

use crate::fixture::keys;
use bitaqa_apdu::tlv::{self, Tlv, tlv};
use bitaqa_curves::{Curve, SecretScalar};
use bitaqa_pki::cvc::rules::{self, RuleError};
use bitaqa_pki::cvc::{
    Chat, CvCertificate, CvRequest, CvcError, InspectionRights, Reference, Role, TerminalType, issue, issue_cvca,
};
use bitaqa_pki::{HashAlgorithm, SignatureAlgorithm, SoftwareSigner};
use proptest::prelude::*;
use time::macros::date;

#[test]
fn the_chain_of_the_inspection_system_verifies() {
    let keys = keys(1);
    let cvca = &keys.cvca.certificate;
    let trust_point = cvca.public_key(None).unwrap();
    assert_eq!(trust_point.key, keys.cvca.key.public());
    assert_eq!(cvca.verify(&trust_point), Ok(()));
    assert!(cvca.is_self_issued());

    let (mut above, mut key, mut chats) = (cvca, trust_point, vec![cvca.chat()]);
    for certificate in keys.terminal_chain() {
        certificate.check_authority(above.holder()).unwrap();
        rules::check_issue(above.chat(), certificate.chat()).unwrap();
        certificate.verify(&key).unwrap();
        key = certificate.public_key(Some(&key)).unwrap();
        chats.push(certificate.chat());
        above = certificate;
    }
    assert_eq!(key.key, keys.inspection_system.key.public());
    assert_eq!(key.algorithm, SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha256));
    assert_eq!(rules::effective_rights(chats), InspectionRights::DG3);
    assert_eq!(above.holder().to_string(), "UTIS00001");
    assert_eq!((cvca.effective(), cvca.expiry()), (date!(2026 - 11 - 22), date!(2029 - 11 - 21)));
    assert_eq!(keys.document_verifier.certificate.expiry(), date!(2027 - 02 - 21));
    assert_eq!(above.expiry(), date!(2026 - 12 - 21));
}

#[test]
fn a_certificate_of_another_authority_is_not_accepted() {
    let (ours, others) = (keys(1), keys(2));
    let key = ours.cvca.certificate.public_key(None).unwrap();
    let dv = &others.document_verifier.certificate;
    assert_eq!(dv.verify(&key), Err(CvcError::Signature(dv.authority().clone())));
    let is = &ours.inspection_system.certificate;
    assert!(matches!(is.check_authority(ours.cvca.certificate.holder()), Err(CvcError::Authority { .. })));
}

#[test]
fn what_was_issued_comes_back() {
    let keys = keys(1);
    let mut all = Vec::new();
    for certificate in [&keys.cvca.certificate, keys.terminal_chain()[0], keys.terminal_chain()[1]] {
        let octets = certificate.encode();
        assert_eq!(CvCertificate::parse(&octets).as_ref(), Ok(certificate));
        assert_eq!(CvCertificate::parse_command_data(&certificate.command_data()).as_ref(), Ok(certificate));
        all.extend(octets);
    }
    assert_eq!(CvCertificate::parse_all(&all).unwrap().len(), 3);
    all.push(0x7F);
    assert!(CvCertificate::parse_all(&all).is_err());
}

#[test]
fn a_link_certificate_may_change_the_curve() {
    let old = keys(1).cvca;
    let new = SoftwareSigner::new(SecretScalar::from_bytes(Curve::BrainpoolP384r1, &[7; 40]).unwrap());
    let holder = Reference::new("UT", "CVCA", "00002").unwrap();
    let request = CvRequest {
        holder: &holder,
        public_key: &bitaqa_pki::Signer::public_key(&new),
        chat: &Chat::inspection(Role::Cvca, InspectionRights::ALL),
        effective: date!(2029 - 06 - 01),
        expiry: date!(2032 - 05 - 31),
    };
    let link = issue(&request, &old.certificate, &old.signer()).unwrap();
    let old_key = old.certificate.public_key(None).unwrap();
    assert_eq!(link.verify(&old_key), Ok(()));
    let key = link.public_key(Some(&old_key)).unwrap();
    let algorithm = SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha384);
    assert_eq!((key.algorithm, key.key.curve()), (algorithm, Some(Curve::BrainpoolP384r1)));
    assert_eq!(rules::check_expiry(&link, date!(2050 - 01 - 01)), Ok(()), "link certificates do not expire for a card");

    let chat = Chat::inspection(Role::DvDomestic, InspectionRights::ALL);
    let refused = issue(&CvRequest { chat: &chat, ..request }, &old.certificate, &old.signer());
    assert_eq!(refused, Err(CvcError::AlgorithmChange));
}

#[test]
fn an_authority_issues_only_what_it_may() {
    let keys = keys(1);
    let holder = Reference::new("UT", "X", "00001").unwrap();
    let point = keys.inspection_system.key.public();
    let chat = Chat::inspection(Role::Terminal, InspectionRights::DG3);
    let request = CvRequest {
        holder: &holder,
        public_key: &point,
        chat: &chat,
        effective: date!(2026 - 11 - 22),
        expiry: date!(2026 - 11 - 21),
    };
    let refused = issue(&request, &keys.cvca.certificate, &keys.cvca.signer());
    let error = RuleError::Role { issuer: Role::Cvca, holder: Role::Terminal };
    assert_eq!(refused, Err(CvcError::Rule(error)));
    let (dv, is) = (&keys.document_verifier, &keys.inspection_system);
    assert!(matches!(issue(&request, &is.certificate, &is.signer()), Err(CvcError::Rule(_))));
    let refused = issue(&request, &dv.certificate, &is.signer());
    assert_eq!(refused, Err(CvcError::NotTheKeyOf(dv.certificate.holder().clone())));
    let refused = issue(&request, &dv.certificate, &dv.signer());
    assert!(matches!(refused, Err(CvcError::ExpiryBeforeEffective { .. })));
    let late = CvRequest { expiry: date!(2100 - 01 - 01), ..request };
    assert_eq!(issue(&late, &dv.certificate, &dv.signer()), Err(CvcError::Year(date!(2100 - 01 - 01))));
    let (rights, start) = (InspectionRights::ALL, date!(1999 - 01 - 01));
    assert_eq!(issue_cvca(&holder, rights, start, start, &dv.signer()), Err(CvcError::Year(start)));
}

#[test]
fn the_date_of_a_card_moves_forward_by_trusted_certificates_only() {
    let keys = keys(1);
    let (cvca, dv, is) = (&keys.cvca.certificate, keys.terminal_chain()[0], keys.terminal_chain()[1]);
    let (early, late, effective) = (date!(2026 - 01 - 01), date!(2027 - 01 - 01), dv.effective());
    assert_eq!(rules::date_after(early, cvca.chat().role(), dv), effective);
    assert_eq!(rules::date_after(late, cvca.chat().role(), dv), late);
    assert_eq!(rules::date_after(early, Role::DvDomestic, is), effective);
    assert_eq!(rules::date_after(early, Role::DvForeign, is), early);
    assert_eq!(rules::check_expiry(is, is.expiry()), Ok(()));
    let next = is.expiry().next_day().unwrap();
    assert_eq!(rules::check_expiry(is, next), Err(RuleError::Expired(is.expiry())));
}

/// The body of the DV certificate with one field put in the place of another, or left out; the signature stays.
fn with_field(tag: u32, value: Option<&[u8]>) -> Result<CvCertificate, CvcError> {
    let certificate = &keys(1).document_verifier.certificate;
    let data = certificate.command_data();
    let [body, signature] = tlv::all(&data).unwrap()[..] else { panic!("two objects") };
    let change = |object: &Tlv<'_>| match value {
        _ if object.tag != tag => Vec::from(*object),
        Some(value) => tlv(tag, value),
        None => Vec::new(),
    };
    let body: Vec<u8> = tlv::all(body.value).unwrap().iter().flat_map(change).collect();
    CvCertificate::parse(&tlv(0x7F21, &[tlv(0x7F4E, &body), change(&signature)].concat()))
}

#[test]
fn every_defect_has_its_name() {
    for tag in [0x5F29, 0x42, 0x7F49, 0x5F20, 0x7F4C, 0x5F25, 0x5F24, 0x5F37] {
        assert_eq!(with_field(tag, None), Err(CvcError::Missing(tag)));
    }
    assert_eq!(with_field(0x5F29, Some(&[1])), Err(CvcError::Profile));
    assert_eq!(with_field(0x5F29, Some(&[])), Err(CvcError::Profile));
    assert!(matches!(with_field(0x42, Some(b"UT00001")), Err(CvcError::Reference(_))));
    assert!(matches!(with_field(0x5F20, Some(b"utDV00001")), Err(CvcError::Reference(_))));
    assert_eq!(with_field(0x5F25, Some(&[2, 6, 1, 1, 2])), Err(CvcError::Digits(0x5F25)));
    assert_eq!(with_field(0x5F24, Some(b"270221")), Err(CvcError::Digits(0x5F24)));
    assert_eq!(with_field(0x5F24, Some(&[2, 7, 0, 2, 2, 9])), Err(CvcError::NoSuchDate(0x5F24)));
    assert!(matches!(with_field(0x5F24, Some(&[2, 5, 0, 1, 0, 1])), Err(CvcError::ExpiryBeforeEffective { .. })));
    assert_eq!(with_field(0x5F37, Some(&[])), Err(CvcError::SignatureLength(0)));
    assert_eq!(with_field(0x5F37, Some(&[1; 63])), Err(CvcError::SignatureLength(63)));
    assert_eq!(with_field(0x5F37, Some(&[[0; 32], [1; 32]].concat())), Err(CvcError::SignatureZero));
    assert_eq!(with_field(0x5F37, Some(&[[1; 32], [0; 32]].concat())), Err(CvcError::SignatureZero));
    let chat = |terminal, octets: &[u8]| Chat::new(terminal, octets).unwrap().encode();
    assert!(with_field(0x7F4C, Some(&chat(TerminalType::SignatureTerminal, &[0x80]))).is_ok());
    let rsa = tlv(0x06, &[0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x02, 0x01, 0x02]);
    assert_eq!(with_field(0x7F49, Some(&rsa)), Err(CvcError::Missing(0x81)));
    let other = tlv(0x06, &[0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x02, 0x03, 0x02]);
    assert!(matches!(with_field(0x7F49, Some(&other)), Err(CvcError::Algorithm(_))));
    assert_eq!(with_field(0x7F49, Some(&tlv(0x06, &[0x80]))), Err(CvcError::ObjectIdentifier));
    let stated = keys(1).cvca.certificate.body().public_key.encode();
    assert_eq!(with_field(0x7F49, Some(&stated)), Err(CvcError::ParametersNotAllowed));
    assert_eq!(CvCertificate::parse(&tlv(0x7F22, b"")), Err(CvcError::Missing(0x7F21)));
    assert!(matches!(CvCertificate::parse(&[0x7F]), Err(CvcError::Tlv(_))));
}

/// BSI Worked Example for EAC, version 1.01
#[test]
fn printed_certificates_come_back_and_verify() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test-vectors/tr03110/cv_certificates.toml");
    let vectors: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let mut above = None;
    for case in vectors["case"].as_array().unwrap() {
        let text = |key: &str| case[key].as_str().unwrap();
        let octets = hex::decode(text("certificate")).unwrap();
        let certificate = CvCertificate::parse(&octets).unwrap_or_else(|e| panic!("{}: {e}", text("name")));
        assert_eq!(certificate.encode(), octets);
        assert_eq!(
            certificate.body().encode(),
            tlv::all(&certificate.command_data()).map(|o| Vec::from(o[0])).unwrap()
        );
        assert_eq!(certificate.authority().to_string(), text("authority"));
        assert_eq!(certificate.holder().to_string(), text("holder"));
        assert_eq!(certificate.effective().to_string(), text("effective"));
        assert_eq!(certificate.expiry().to_string(), text("expiry"));
        assert_eq!(certificate.body().public_key.algorithm(), SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha512));
        // The printed CVCA is one for inspection systems, though DV and terminal below it are for the eID application:
        // a chain that `check_issue` would not let pass.
        let is_cvca = text("name") == "CVCA";
        let rights = if is_cvca { InspectionRights::ALL } else { InspectionRights::NONE };
        assert_eq!(certificate.chat().inspection_rights(), rights);
        if !is_cvca {
            assert_eq!(certificate.public_key(None), Err(CvcError::NoParameters));
        }
        let key = certificate.public_key(above.as_ref()).unwrap();
        assert_eq!(certificate.verify(above.as_ref().unwrap_or(&key)), Ok(()), "{}", text("name"));
        assert_eq!(key.key.curve(), Some(Curve::BrainpoolP512r1));
        above = Some(key);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn changed_certificates_never_panic_and_never_verify(
        at in any::<prop::sample::Index>(), octet in 1u8.., cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let keys = keys(1);
        let key = keys.cvca.certificate.public_key(None).unwrap();
        for certificate in [&keys.cvca.certificate, &keys.document_verifier.certificate] {
            let mut octets = certificate.encode();
            let at = at.index(octets.len());
            octets[at] ^= octet;
            if let Some(cut) = &cut {
                octets.truncate(cut.index(octets.len()));
            }
            if let Ok(changed) = CvCertificate::parse(&octets) {
                prop_assert!(changed.verify(&key).is_err());
                let _ = (changed.public_key(None), changed.public_key(Some(&key)), format!("{changed:?}"));
                prop_assert_eq!(changed.encode(), octets, "whatever is accepted is written the same");
            }
        }
    }

    #[test]
    fn requests_come_back(
        role in prop::sample::select(vec![Role::Cvca, Role::DvDomestic, Role::DvForeign]), rights in 0u8..4,
        mnemonic in "[ -~]{1,9}", sequence in "[0-9A-Z]{5}", start in 0i64..20_000, days in 0i64..10_000,
    ) {
        let cvca = &keys(1).cvca;
        let holder = Reference::new("DE", &mnemonic, &sequence).unwrap();
        let point = keys(1).document_verifier.key.public();
        let chat = Chat::inspection(role, InspectionRights::from_bits(rights));
        let effective = date!(2000 - 01 - 01) + time::Duration::days(start);
        let expiry = effective + time::Duration::days(days);
        let request = CvRequest { holder: &holder, public_key: &point, chat: &chat, effective, expiry };
        let certificate = issue(&request, &cvca.certificate, &cvca.signer()).unwrap();
        let read = CvCertificate::parse(&certificate.encode()).unwrap();
        prop_assert_eq!(read.holder(), &holder);
        prop_assert_eq!(read.chat(), &chat);
        prop_assert_eq!((read.effective(), read.expiry()), (effective, expiry));
        prop_assert_eq!(read, certificate);
    }
}
