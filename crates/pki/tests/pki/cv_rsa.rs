//! CV certificates with RSA keys, links between kinds of keys, and the printed RSA chain of BSI.

#![cfg(feature = "rsa")]

use crate::fixture::{ec, rng, rsa_key};
use bitaqa_curves::Curve;
use bitaqa_pki::cvc::{
    Chat, CvCertificate, CvKey, CvRequest, CvcError, InspectionRights, LinkParameters, Reference, Role, issue,
    issue_cvca, issue_link, rules,
};
use bitaqa_pki::rsa::{RsaPrivateKey, RsaSigner};
use bitaqa_pki::{HashAlgorithm, PssParameters, PublicKey, Signature, SignatureAlgorithm, Signer};
use proptest::prelude::*;
use std::sync::OnceLock;
use time::Date;
use time::macros::date;

const FROM: Date = date!(2026 - 11 - 22);
const TO: Date = date!(2027 - 11 - 21);

fn name(mnemonic: &str, number: u32) -> Reference {
    Reference::new("UT", mnemonic, &format!("{number:05}")).unwrap()
}

fn pkcs1(hash: HashAlgorithm) -> RsaSigner {
    RsaSigner::pkcs1(rsa_key(), hash, &mut rng(3)).unwrap()
}

fn pss(hash: HashAlgorithm) -> RsaSigner {
    RsaSigner::pss(rsa_key(), hash, &mut rng(3)).unwrap()
}

fn other_key() -> PublicKey {
    static KEY: OnceLock<RsaPrivateKey> = OnceLock::new();
    KEY.get_or_init(|| RsaPrivateKey::generate(2048, &mut rng(77)).unwrap()).public().clone().into()
}

#[test]
fn rsa_chains_verify() {
    let algorithms: [Box<dyn Signer>; 4] = [
        Box::new(pkcs1(HashAlgorithm::Sha256)),
        Box::new(pkcs1(HashAlgorithm::Sha512)),
        Box::new(pss(HashAlgorithm::Sha256)),
        Box::new(pss(HashAlgorithm::Sha512)),
    ];
    for signer in algorithms {
        let cvca = issue_cvca(&name("CVCA", 1), InspectionRights::ALL, FROM, TO, signer.as_ref()).unwrap();
        let key = cvca.public_key(None).unwrap();
        assert_eq!((key.algorithm, &key.key), (signer.algorithm(), &signer.public_key()));
        assert_eq!(cvca.verify(&key), Ok(()));
        assert_eq!(CvCertificate::parse(&cvca.encode()).as_ref(), Ok(&cvca));
        assert!(matches!(cvca.body().public_key.value(), CvKey::Rsa(_)));

        let chat = Chat::inspection(Role::DvDomestic, InspectionRights::DG3);
        let (holder, dv_key) = (name("DV", 1), other_key());
        let request = CvRequest { holder: &holder, public_key: &dv_key, chat: &chat, effective: FROM, expiry: TO };
        let dv = issue(&request, &cvca, signer.as_ref()).unwrap();
        assert_eq!(dv.verify(&key), Ok(()));
        let resolved = dv.public_key(Some(&key)).unwrap();
        assert_eq!((resolved.algorithm, resolved.key), (signer.algorithm(), other_key()));

        let elliptic = ec(Curve::P256, 4).public_key();
        let refused = issue(&CvRequest { public_key: &elliptic, ..request }, &cvca, signer.as_ref());
        assert_eq!(refused, Err(CvcError::AlgorithmChange));
    }
    let nameless = pkcs1(HashAlgorithm::Sha384);
    let refused = issue_cvca(&name("CVCA", 1), InspectionRights::ALL, FROM, TO, &nameless);
    assert_eq!(refused, Err(CvcError::NoAlgorithm(SignatureAlgorithm::RsaPkcs1(HashAlgorithm::Sha384))));
}

/// The name of the algorithm stands in the issuer's certificate; a signer of another one would not be understood.
#[test]
fn the_issuer_signs_as_its_certificate_says() {
    let cvca = issue_cvca(&name("CVCA", 1), InspectionRights::ALL, FROM, TO, &pkcs1(HashAlgorithm::Sha256)).unwrap();
    let chat = Chat::inspection(Role::DvDomestic, InspectionRights::DG3);
    let (holder, key) = (name("DV", 1), other_key());
    let request = CvRequest { holder: &holder, public_key: &key, chat: &chat, effective: FROM, expiry: TO };
    let refused = issue(&request, &cvca, &pss(HashAlgorithm::Sha256));
    assert_eq!(refused, Err(CvcError::NotTheKeyOf(cvca.holder().clone())));
}

#[test]
fn links_lead_from_any_key_to_any_other() {
    let (rsa, first, second) = (pss(HashAlgorithm::Sha256), ec(Curve::P256, 4), ec(Curve::BrainpoolP384r1, 5));
    let signers: [&dyn Signer; 3] = [&rsa, &first, &second];
    let chat = Chat::inspection(Role::Cvca, InspectionRights::ALL);
    for old in signers {
        let cvca = issue_cvca(&name("CVCA", 1), InspectionRights::ALL, FROM, TO, old).unwrap();
        let old_key = cvca.public_key(None).unwrap();
        for new in signers {
            let (holder, public_key) = (name("CVCA", 2), new.public_key());
            let request =
                CvRequest { holder: &holder, public_key: &public_key, chat: &chat, effective: FROM, expiry: TO };
            let link = issue_link(&request, new.algorithm(), LinkParameters::Stated, &cvca, old).unwrap();
            let link = CvCertificate::parse(&link.encode()).unwrap();
            assert_eq!(link.verify(&old_key), Ok(()));
            assert_eq!(rules::check_issue(cvca.chat(), link.chat()), Ok(()));
            let key = link.public_key(Some(&old_key)).unwrap();
            assert_eq!((key.algorithm, key.key), (new.algorithm(), new.public_key()));

            // 9303-12 §7.2.2.3: parameters may be left out while they stay.
            let inherited = issue_link(&request, new.algorithm(), LinkParameters::Inherited, &cvca, old);
            if old.algorithm() == new.algorithm() {
                let inherited = inherited.unwrap();
                assert_eq!(inherited.public_key(Some(&old_key)).unwrap().key, new.public_key());
            } else {
                assert_eq!(inherited, Err(CvcError::AlgorithmChange));
            }
        }
    }
}

/// BSI Worked Example for EAC, version 1.01: DH example, RSASSA-PKCS1-v1_5 with SHA-1 and 1024 bits.
#[test]
fn the_printed_chain_verifies() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test-vectors/tr03110/cv_certificates_rsa.toml");
    let vectors: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let hex = |case: &toml::Value, key: &str| hex::decode(case[key].as_str().unwrap()).unwrap();
    let mut above = None;
    for case in vectors["case"].as_array().unwrap() {
        let octets = hex(case, "certificate");
        let certificate = CvCertificate::parse(&octets).unwrap();
        assert_eq!(certificate.encode(), octets);
        assert_eq!(certificate.holder().to_string(), case["holder"].as_str().unwrap());
        let algorithm = certificate.body().public_key.algorithm();
        assert_eq!(algorithm, SignatureAlgorithm::RsaPkcs1(HashAlgorithm::Sha1));
        let key = certificate.public_key(above.as_ref()).unwrap();
        assert_eq!(certificate.verify(above.as_ref().unwrap_or(&key)), Ok(()), "{}", certificate.holder());
        if case.get("signed").is_some() {
            let signature = Signature(hex(case, "signature"));
            assert_eq!(key.verify(&hex(case, "signed"), &signature), Ok(()));
            assert!(key.verify(b"another challenge", &signature).is_err());
            let private = RsaPrivateKey::from_pkcs8(&hex(case, "private_key")).unwrap();
            assert_eq!(PublicKey::Rsa(private.public().clone()), key.key);
            let again = private.raw(&private.public().raw(&signature.0).unwrap(), &mut rng(1)).unwrap();
            assert_eq!(*again, signature.0);
        }
        above = Some(key);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn changed_certificates_never_panic_and_never_verify(
        at in any::<prop::sample::Index>(), octet in 1u8.., cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let cvca = issued_once();
        let key = cvca.public_key(None).unwrap();
        let mut octets = cvca.encode();
        let at = at.index(octets.len());
        octets[at] ^= octet;
        if let Some(cut) = &cut {
            octets.truncate(cut.index(octets.len()));
        }
        if let Ok(changed) = CvCertificate::parse(&octets) {
            prop_assert!(changed.verify(&key).is_err());
            if let Ok(own) = changed.public_key(None) {
                prop_assert!(changed.verify(&own).is_err());
            }
            prop_assert_eq!(changed.encode(), octets, "whatever is accepted is written the same");
        }
    }
}

fn issued_once() -> &'static CvCertificate {
    static ISSUED: OnceLock<CvCertificate> = OnceLock::new();
    ISSUED.get_or_init(|| {
        let algorithm = SignatureAlgorithm::RsaPss(PssParameters::of(HashAlgorithm::Sha256));
        let signer = pss(HashAlgorithm::Sha256);
        assert_eq!(signer.algorithm(), algorithm);
        issue_cvca(&name("CVCA", 1), InspectionRights::ALL, FROM, TO, &signer).unwrap()
    })
}
