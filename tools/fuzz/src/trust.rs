//! Certificates, signed files, revocation lists, keys: everything that trust is read from.

use core::convert::Infallible;

use bitaqa_curves::{Curve, DhGroup, Domain, PublicKey as AgreementKey};
use bitaqa_lds::security_infos::ID_SECURITY_OBJECT;
use bitaqa_pki::cvc::{Chat, CvCertificate, CvPublicKey, EfCvca, Reference, date_from_bcd, date_to_bcd, rules};
use bitaqa_pki::rsa::{self, RsaPrivateKey};
use bitaqa_pki::sod::{SecurityObject, Sod};
use bitaqa_pki::x509::{check_holder, check_path};
use bitaqa_pki::{Certificate, MasterList, RevocationList, Signature, SignedContent, TrustStore, key_file, spki};

use const_oid::ObjectIdentifier;

use crate::both_ways;
use crate::issued::{NOW, eac};

/// Passphrase of the key files that are seeds.
pub const PASSPHRASE: &[u8] = b"bitaqa";

/// Content type of EF.SOD, 9303-10 §4.6.2.
const ID_LDS_SECURITY_OBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.1");

/// Certificates from elsewhere are judged by curves and moduli of their own, which takes its time: of a small group of
/// random inputs one is judged to the end.
fn whole(input: &[u8]) -> bool {
    input.len() < 8192
}

/// EF.SOD: what is read, verified and followed to a CSCA.
pub fn sod(input: &[u8]) {
    let Ok(sod) = Sod::parse(input) else { return };
    let object = sod.security_object();
    let written = object.to_der();
    if let Ok(der) = &written {
        assert_eq!(SecurityObject::from_der(der).as_ref(), Ok(object));
    }
    if !whole(input) {
        return;
    }
    let issued = eac();
    let genuine = issued.files.get("EF.SOD").is_some_and(|file| file == input);
    // The chain must hold and the content must be what was signed: an altered file cannot have both.
    let good = sod.verify_signature().is_ok() && sod.path(&issued.trust, NOW).is_ok();
    if good && !genuine {
        let original = issued.files.get("EF.SOD").and_then(|file| Sod::parse(file).ok());
        assert!(original.is_some_and(|original| original.security_object() == object), "another content, signed");
    }
}

/// A ContentInfo around a security object.
pub fn signed_content(input: &[u8]) {
    for content_type in [ID_LDS_SECURITY_OBJECT, ID_SECURITY_OBJECT] {
        let Ok(signed) = SignedContent::parse(input, content_type) else { continue };
        assert!(signed.content().len() < input.len());
        let _ = (signed.signing_time(), signed.notes().len());
        if whole(input) {
            let _ = signed.verify();
        }
    }
}

/// An X.509 certificate and everything that is asked of one.
pub fn certificate(input: &[u8]) {
    let Ok(certificate) = Certificate::from_der(input) else { return };
    assert_eq!(certificate.der(), input);
    assert_eq!(Certificate::from_pem(&certificate.to_pem()).as_ref(), Ok(&certificate));
    let _ = (certificate.subject(), certificate.issuer(), certificate.country(), certificate.notes().len());
    if let (true, Ok(key)) = (whole(input), certificate.public_key()) {
        let _ = certificate.verify_signature(&key);
        let issued = eac();
        let genuine = issued.issuer.keys.document_signer.certificate.der() == input;
        assert!(genuine || check_path(&certificate, &issued.trust, NOW).is_err(), "a path from another certificate");
        let _ = check_holder(&certificate, &issued.issuer.keys.csca.certificate, NOW);
    }
}

/// A revocation list.
pub fn revocation_list(input: &[u8]) {
    let Ok(list) = RevocationList::from_der(input) else { return };
    assert_eq!(list.der(), input);
    assert_eq!(RevocationList::from_pem(&list.to_pem()).map(|again| again.der().to_vec()), Ok(input.to_vec()));
    for revoked in list.revoked() {
        assert!(list.find(&revoked.serial).is_some(), "a serial number that is listed and not found");
    }
    let _ = list.verify(&eac().issuer.keys.csca.certificate);
}

/// A master list.
pub fn master_list(input: &[u8]) {
    let Ok(list) = MasterList::from_der(input) else { return };
    assert!(list.certificates().len() + list.unreadable().len() > 0);
    let mut store = TrustStore::new();
    let taken = store.add_master_list(&list, NOW);
    assert!(taken.is_err(), "a list is believed by a store that trusts nobody");
}

/// Public keys: what is understood is written in the form of named curves and understood again.
pub fn public_key(input: &[u8]) {
    if let Ok(key) = spki::decode_key(input) {
        let written = spki::encode_key(&key, spki::Form::Named);
        assert_eq!(written.as_deref().map(spki::decode_key), Ok(Ok(key)));
    }
    if let Ok(key) = spki::decode_agreement_key(input) {
        let written = spki::encode_agreement_key(&key);
        assert_eq!(written.as_deref().map(spki::decode_agreement_key), Ok(Ok(key)));
    }
    let _ = rsa::read_digest_info(input);
}

/// Key files in PEM, or what stands in one. A file may not ask for minutes or gigabytes.
pub fn key_files(input: &[u8]) {
    if let Ok(text) = core::str::from_utf8(input)
        && text.starts_with('-')
    {
        let _ = key_file::open_signing(text, PASSPHRASE);
        let _ = key_file::open_secret(text, PASSPHRASE);
    }
    if let Ok(key) = RsaPrivateKey::from_pkcs8(input) {
        assert!(key.to_pkcs8().is_ok());
    }
}

/// Points, values of a finite field, signatures: the first octet chooses the group.
pub fn group_element(input: &[u8]) {
    let Some((choice, octets)) = input.split_first() else { return };
    if let Some(curve) = Curve::ALL.get(usize::from(*choice)) {
        both_ways::octets(octets, |octets| Signature::from_der(*curve, octets), |signature| signature.to_der(*curve));
    }
    let domain = Domain::from_parameter_id(*choice);
    if let Some(Ok(key)) = domain.map(|domain| AgreementKey::decode(domain, octets)) {
        assert_eq!(key.as_octets(), octets);
        assert_eq!(key.encode(), octets);
        assert!(!key.compressed().is_empty());
    }
    let _ = DhGroup::from_parameter_id(*choice);
}

/// CV certificates: alone, in a row, as the data of a command; their keys, holders and rights.
pub fn cv_certificate(input: &[u8]) {
    let encode = |certificate: &CvCertificate| Ok::<_, Infallible>(certificate.encode());
    both_ways::octets(input, CvCertificate::parse, encode);
    both_ways::octets(input, CvCertificate::parse_command_data, |one| Ok::<_, Infallible>(one.command_data()));
    both_ways::octets(input, CvCertificate::parse_all, |all| {
        Ok::<_, Infallible>(all.iter().flat_map(CvCertificate::encode).collect())
    });
    if let Ok(certificate) = CvCertificate::parse(input) {
        let cvca = &eac().issuer.keys.cvca.certificate;
        if let Ok(above) = cvca.public_key(None) {
            let own = &eac().issuer.keys;
            let genuine = [cvca, &own.document_verifier.certificate, &own.inspection_system.certificate];
            let known = genuine.contains(&&certificate);
            assert!(known || certificate.verify(&above).is_err(), "a certificate that the CVCA has not signed");
        }
        let _ = certificate.public_key(None).and_then(|key| certificate.verify(&key));
        let _ = rules::check_issue(cvca.chat(), certificate.chat());
        let rights = rules::effective_rights([cvca.chat(), certificate.chat()]);
        assert!(rights == cvca.chat().inspection_rights() || !rights_exceed(rights, certificate.chat()));
        let _ = rules::check_expiry(&certificate, NOW.date());
    }
}

fn rights_exceed(rights: bitaqa_pki::cvc::InspectionRights, chat: &Chat) -> bool {
    use bitaqa_apdu::TerminalRight::{Dg3, Dg4};
    let own = chat.inspection_rights();
    [Dg3, Dg4].into_iter().any(|right| rights.allow(right) && !own.allow(right))
}

/// Parts of CV certificates, and EF.CVCA.
pub fn cv_parts(input: &[u8]) {
    both_ways::octets(input, EfCvca::decode, |file| Ok::<_, Infallible>(file.encode()));
    both_ways::octets(input, CvPublicKey::decode, |key| Ok::<_, Infallible>(key.encode()));
    both_ways::octets(input, Chat::decode, |chat| Ok::<_, Infallible>(chat.encode()));
    both_ways::octets(input, date_from_bcd, |date| Ok::<_, Infallible>(date_to_bcd(*date).to_vec()));
    if let Ok(reference) = Reference::from_octets(input) {
        assert_eq!(reference.as_octets(), input);
        let again = Reference::new(&reference.country(), &reference.mnemonic(), &reference.sequence());
        assert!(again.is_err() || again.as_ref() == Ok(&reference), "{again:?}");
    }
}
