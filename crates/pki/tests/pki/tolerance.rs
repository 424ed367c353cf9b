//! What is tolerated in documents of others, each with its note, and what is not.

use crate::fixture::{AT, borrowed, data_groups, days, document_signer, forged, keys, rng, rsa_key, trusting};
use bitaqa_apdu::tlv::{self, tlv};
use bitaqa_curves::CurveError;
use bitaqa_pki::rsa::RsaSigner;
use bitaqa_pki::sod::{self, Sod, sign};
use bitaqa_pki::spki::Form;
use bitaqa_pki::x509::{CertificateError, PathError, Whose, check_issued};
use bitaqa_pki::{
    CmsError, HashAlgorithm, KeySigner, Note, PublicKey, SignError, Signature, SignatureAlgorithm, Signer,
};

/// rsaEncryption and id-RSASSA-PSS, each with NULL.
const RSA_KEY: [u8; 13] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00];
const PSS_KEY: [u8; 13] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A, 0x05, 0x00];

#[test]
fn a_key_reserved_for_pss_that_signs_otherwise_is_remarked() {
    let keys = keys(1);
    let pkcs1 = RsaSigner::pkcs1(rsa_key(), HashAlgorithm::Sha256, &mut rng(2)).unwrap();
    let pss = RsaSigner::pss(rsa_key(), HashAlgorithm::Sha256, &mut rng(2)).unwrap();
    let ds = document_signer(&keys, &pkcs1.public_key(), Form::Named);
    let reserved = forged(&ds, 0, &RSA_KEY, &PSS_KEY, &keys.csca.signer());
    let trust = trusting(&[&keys.csca.certificate]);
    for (signer, notes) in [(&pkcs1, vec![Note::PssKeySignedPkcs1]), (&pss, vec![])] {
        let ef_sod = sign(&borrowed(&data_groups()), &reserved, signer).unwrap();
        let verification = sod::verify(&ef_sod, &borrowed(&data_groups()), &trust, AT).unwrap();
        assert!(verification.is_authentic());
        assert_eq!(verification.notes, notes);
    }
}

/// Attributes in the other order, signed in that order, as some makers do; and the same with a signature over the
/// sorted attributes, which verifies nothing that stands there.
#[test]
fn attributes_out_of_order_are_verified_as_they_stand() {
    let keys = keys(1);
    let signer = RsaSigner::pkcs1(rsa_key(), HashAlgorithm::Sha256, &mut rng(2)).unwrap();
    let ds = document_signer(&keys, &signer.public_key(), Form::Named);
    let good = sign(&borrowed(&data_groups()), &ds, &signer).unwrap().into_vec();
    // The attributes are the last A0 before the signature of 256 octets.
    let mark = [0x30, 0x15, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x03];
    let start = good.windows(mark.len()).position(|window| window == mark).unwrap();
    let end = start + 0x17 + 0x31;
    let [content_type, digest] = tlv::all(&good[start..end]).unwrap()[..] else { panic!("two attributes") };
    let swapped = [Vec::from(digest), Vec::from(content_type)].concat();
    let mut other = good.clone();
    other[start..end].copy_from_slice(&swapped);
    let sod = Sod::parse(&other).unwrap();
    assert_eq!(sod.verify_signature(), Err(sod::SodError::Cms(CmsError::Signature)));
    let signature = signer.sign(&tlv(0x31, &swapped)).unwrap();
    let at = other.len() - 256;
    other[at..].copy_from_slice(&signature.0);
    let sod = Sod::parse(&other).unwrap();
    assert_eq!(sod.verify_signature(), Ok(()));
    assert_eq!(sod.notes(), [Note::AttributeOrder]);
    assert_eq!(Sod::parse(&good).unwrap().notes(), []);
}

#[test]
fn odd_serial_numbers_are_remarked() {
    let keys = keys(1);
    let ds = &keys.document_signer.certificate;
    let mut negative = ds.serial().to_vec();
    negative[0] |= 0x80;
    for serial in [negative, [&[0x00][..], &[0x80; 15]].concat()] {
        let odd = forged(ds, 0, ds.serial(), &serial, &keys.csca.signer());
        assert_eq!(check_issued(&odd, &keys.csca.certificate, AT), Ok(()));
        assert_eq!(odd.notes().contains(&Note::SerialNumber), serial[0] != 0, "{serial:02X?}");
        let ef_sod = sign(&borrowed(&data_groups()), &odd, &keys.document_signer.signer()).unwrap();
        assert_eq!(Sod::parse(&ef_sod).unwrap().document_signer(), &odd);
    }
}

/// The whole file in indefinite lengths, but for what is signed.
#[test]
fn lengths_of_ber_are_brought_into_der() {
    let keys = keys(1);
    let ds = &keys.document_signer;
    let good = sign(&borrowed(&data_groups()), &ds.certificate, &ds.signer()).unwrap();
    let info = tlv::only(tlv::only(&good, 0x77).unwrap(), 0x30).unwrap();
    let [content_type, content] = tlv::all(info).unwrap()[..] else { panic!("two objects") };
    let marked = |tag: u8, content: &[u8]| [&[tag, 0x80][..], content, &[0, 0]].concat();
    let data = marked(0x30, tlv::only(content.value, 0x30).unwrap());
    let inner = marked(0x30, &[Vec::from(content_type), marked(0xA0, &data)].concat());
    let sod = Sod::parse(&tlv(0x77, &inner)).unwrap();
    assert_eq!((sod.verify_signature(), sod.notes()), (Ok(()), &[Note::NotDer][..]));
    assert_eq!(sod.document_signer(), &ds.certificate);
    let cut = &inner[..inner.len() - 1];
    assert!(Sod::parse(&tlv(0x77, cut)).is_err());
}

/// A signer that claims one thing and does another.
struct Liar {
    honest: KeySigner,
    claims: SignatureAlgorithm,
}

impl Signer for Liar {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.claims
    }

    fn public_key(&self) -> PublicKey {
        self.honest.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        self.honest.sign(message)
    }
}

#[test]
fn nothing_is_guessed_about_algorithms() {
    let keys = keys(1);
    let ds = &keys.document_signer;
    for claims in [
        SignatureAlgorithm::RsaPkcs1(HashAlgorithm::Sha256),
        SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha512),
        SignatureAlgorithm::EcdsaPlain(HashAlgorithm::Sha384),
    ] {
        let liar = Liar { honest: ds.signer(), claims };
        let ef_sod = sign(&borrowed(&data_groups()), &ds.certificate, &liar).unwrap();
        let verdict = Sod::parse(&ef_sod).unwrap().verify_signature();
        assert_eq!(verdict, Err(sod::SodError::Cms(CmsError::Signature)), "{claims}");
    }
    let short = Signature(vec![1; 63]).to_x509(SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha256), &ds.key.public());
    assert_eq!(short, Err(CurveError::SignatureFormat));
}

/// ExtKeyUsage in a document signer: advice is ignored, a critical one is not.
#[test]
fn document_signers_have_no_critical_purposes() {
    use bitaqa_pki::x509::{CertificateRequest, issue_master_list_signer};
    let keys = keys(1);
    let request = CertificateRequest {
        state: &crate::fixture::plan(Form::Named).state,
        common_name: "MLS",
        public_key: &keys.document_signer.key.public(),
        validity: days(900),
        private_key_usage: days(90),
        form: Form::Named,
    };
    let csca = &keys.csca.certificate;
    let signer = issue_master_list_signer(&request, csca, &keys.csca.signer(), &mut rng(3)).unwrap();
    // 2.23.136.1.1.3 becomes 2.23.136.1.1.9, which means nothing; critical all the same.
    let purpose = [0x06, 0x06, 0x67, 0x81, 0x08, 0x01, 0x01, 0x03];
    let other = [0x06, 0x06, 0x67, 0x81, 0x08, 0x01, 0x01, 0x09];
    let refused = PathError::KeyUsage { whose: Whose::DocumentSigner, purpose: "signing documents" };
    for certificate in [signer.clone(), forged(&signer, 0, &purpose, &other, &keys.csca.signer())] {
        assert_eq!(check_issued(&certificate, csca, AT), Err(refused.clone()));
    }
    let advice = [0x06, 0x03, 0x55, 0x1D, 0x25, 0x04];
    let critical = [0x06, 0x03, 0x55, 0x1D, 0x25, 0x01, 0x01, 0xFF, 0x04];
    assert!(signer.der().windows(critical.len()).any(|window| window == critical));
    assert!(!signer.der().windows(advice.len()).any(|window| window == advice));
}

#[test]
fn an_unreadable_certificate_is_named() {
    let keys = keys(1);
    let ds = &keys.document_signer;
    let good = sign(&borrowed(&data_groups()), &ds.certificate, &ds.signer()).unwrap().into_vec();
    let der = ds.certificate.der();
    let at = good.windows(der.len()).position(|window| window == der).unwrap();
    let mut changed = good;
    changed[at + 4] = 0x31;
    let error = Sod::parse(&changed).map(drop).unwrap_err();
    assert!(matches!(error, sod::SodError::Cms(CmsError::Certificate(CertificateError::Der(_)))), "{error}");
}
