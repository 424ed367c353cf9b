//! Every way in which states sign EF.SOD, by every hash, in both directions with OpenSSL: it judges ours, we judge its.

use crate::fixture::{AT, borrowed, data_groups, document_signer, ec, plan, rng, rsa_key, trusting};
use crate::openssl::{openssl, stdout};
use bitaqa_apdu::tlv::{self, tlv};
use bitaqa_curves::{Curve, SecretScalar};
use bitaqa_pki::issuer_keys::{IssuerKeys, generate};
use bitaqa_pki::rsa::RsaSigner;
use bitaqa_pki::sod::{self, SecurityObject, SignerId, SodOptions, sign_with};
use bitaqa_pki::spki::Form;
use bitaqa_pki::x509::Revocation;
use bitaqa_pki::{Certificate, HashAlgorithm, Note, Signer, SoftwareSigner, key_file};
use std::path::Path;

/// How an EF.SOD is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    RsaPkcs1,
    RsaPss,
    EcdsaNamed,
    EcdsaExplicit,
}

const KINDS: [Kind; 4] = [Kind::RsaPkcs1, Kind::RsaPss, Kind::EcdsaNamed, Kind::EcdsaExplicit];

impl Kind {
    fn signer(self, hash: HashAlgorithm) -> Box<dyn Signer> {
        match self {
            Self::RsaPkcs1 => Box::new(RsaSigner::pkcs1(rsa_key(), hash, &mut rng(8)).unwrap()),
            Self::RsaPss => Box::new(RsaSigner::pss(rsa_key(), hash, &mut rng(8)).unwrap()),
            Self::EcdsaNamed | Self::EcdsaExplicit => {
                Box::new(SoftwareSigner::with_hash(Self::scalar(), hash).unwrap())
            }
        }
    }

    fn scalar() -> SecretScalar {
        SecretScalar::from_bytes(Curve::BrainpoolP256r1, &[0x5A; 31]).unwrap()
    }

    fn form(self) -> Form {
        if self == Self::EcdsaExplicit { Form::Explicit } else { Form::Named }
    }

    /// What 9303-12 would have otherwise.
    fn note(self) -> Option<Note> {
        (self == Self::EcdsaNamed).then_some(Note::NamedCurve)
    }
}

/// OpenSSL accepts no explicit parameters on a path: there it judges the signature only.
fn verdict_of_openssl(folder: &Path, kind: Kind, ef_sod: &[u8]) -> Option<bool> {
    std::fs::write(folder.join("sod.cms"), tlv::only(ef_sod, 0x77).unwrap()).unwrap();
    let at = AT.unix_timestamp().to_string();
    let verify = ["cms", "-verify", "-inform", "DER", "-in", "sod.cms", "-out", "content.der"];
    let path: &[&str] = match kind {
        Kind::EcdsaExplicit => &["-noverify"],
        _ => &["-CAfile", "csca.pem", "-purpose", "any", "-attime", &at],
    };
    openssl(folder, &[&verify[..], path].concat()).map(|output| output.status.success())
}

fn set_up(folder: &Path) -> IssuerKeys {
    let keys = generate(&plan(Form::Named), AT, &mut rng(1)).unwrap();
    std::fs::write(folder.join("csca.pem"), keys.csca.certificate.to_pem()).unwrap();
    keys
}

#[test]
fn openssl_and_we_agree_on_what_we_sign() {
    let folder = tempfile::tempdir().unwrap();
    let keys = set_up(folder.path());
    let trust = trusting(&[&keys.csca.certificate]);
    for (nth, hash) in HashAlgorithm::ALL.into_iter().filter(|hash| hash.is_permitted()).enumerate() {
        for kind in KINDS {
            let signer = kind.signer(hash);
            let ds = document_signer(&keys, &signer.public_key(), kind.form());
            let options = SodOptions {
                hash,
                versions: (nth % 2 == 0).then(|| ("0108".to_owned(), "040000".to_owned())),
                signer: if nth < 2 { SignerId::IssuerAndSerial } else { SignerId::SubjectKey },
            };
            let ef_sod = sign_with(&options, &borrowed(&data_groups()), &ds, signer.as_ref()).unwrap();
            let verification = sod::verify(&ef_sod, &borrowed(&data_groups()), &trust, AT).unwrap();
            assert!(verification.is_authentic(), "{kind:?} {hash}: {verification:?}");
            assert_eq!(verification.path, Ok(Revocation::NoList));
            assert_eq!(verification.notes.first().cloned(), kind.note(), "{kind:?} {hash}");
            let theirs = verdict_of_openssl(folder.path(), kind, &ef_sod);
            assert_ne!(theirs, Some(false), "OpenSSL refuses {kind:?} {hash}");

            // A bit of the signature, the last octets of the file.
            let mut changed = ef_sod.into_vec();
            let last = changed.len() - 1;
            changed[last] ^= 1;
            let verification = sod::verify(&changed, &borrowed(&data_groups()), &trust, AT).unwrap();
            assert!(verification.signature.is_err() && verification.path.is_ok());
            assert_ne!(verdict_of_openssl(folder.path(), kind, &changed), Some(true), "{kind:?} {hash}");
        }
    }
}

/// Writes key and certificate of a document signer as OpenSSL wants them; the arguments that name them.
fn key_for_openssl(folder: &Path, kind: Kind, ds: &Certificate) -> Vec<&'static str> {
    std::fs::write(folder.join("ds.pem"), ds.to_pem()).unwrap();
    match kind {
        Kind::RsaPkcs1 | Kind::RsaPss => {
            std::fs::write(folder.join("ds.key"), &*rsa_key().to_pkcs8().unwrap()).unwrap();
            let mut arguments = vec!["-signer", "ds.pem", "-inkey", "ds.key", "-keyform", "DER"];
            if kind == Kind::RsaPss {
                arguments.extend(["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:digest"]);
            }
            arguments
        }
        Kind::EcdsaNamed | Kind::EcdsaExplicit => {
            let pem = key_file::seal(&Kind::scalar(), b"lab", &mut rng(4)).unwrap();
            std::fs::write(folder.join("ds.key"), pem).unwrap();
            vec!["-signer", "ds.pem", "-inkey", "ds.key", "-passin", "pass:lab"]
        }
    }
}

#[test]
fn we_accept_what_openssl_signs() {
    let folder = tempfile::tempdir().unwrap();
    let keys = set_up(folder.path());
    let trust = trusting(&[&keys.csca.certificate]);
    for hash in HashAlgorithm::ALL {
        let object = SecurityObject::with(hash, None, &borrowed(&data_groups())).unwrap();
        std::fs::write(folder.path().join("content.der"), object.to_der().unwrap()).unwrap();
        // With an explicit curve OpenSSL does not find the key to the certificate; it is judged in the other direction.
        for kind in [Kind::RsaPkcs1, Kind::RsaPss, Kind::EcdsaNamed] {
            let signer = kind.signer(HashAlgorithm::Sha256);
            let ds = document_signer(&keys, &signer.public_key(), kind.form());
            let name = format!("{hash}").to_lowercase().replace('-', "");
            let sign = ["cms", "-sign", "-binary", "-nodetach", "-nosmimecap", "-md", &name, "-in", "content.der"];
            let output = ["-econtent_type", "2.23.136.1.1.1", "-outform", "DER", "-out", "theirs.cms"];
            let arguments = [&sign[..], &output, &key_for_openssl(folder.path(), kind, &ds)].concat();
            let Some(output) = openssl(folder.path(), &arguments) else { return };
            stdout(&output);
            let ef_sod = tlv(0x77, &std::fs::read(folder.path().join("theirs.cms")).unwrap());
            let verification = sod::verify(&ef_sod, &borrowed(&data_groups()), &trust, AT).unwrap();
            assert!(verification.is_authentic(), "{kind:?} {hash}: {verification:?}");
            assert_eq!(verification.notes.contains(&Note::Sha1), hash == HashAlgorithm::Sha1, "{kind:?} {hash}");
        }
    }
}

/// The certificates too: an RSA CSCA with both kinds of signature above an elliptic-curve document signer.
#[test]
fn a_csca_may_be_of_another_kind_than_its_signers() {
    use bitaqa_pki::x509::{CscaRequest, DocumentSignerRequest, check_issued, issue_csca, issue_document_signer};
    let folder = tempfile::tempdir().unwrap();
    let state = plan(Form::Named).state;
    for kind in [Kind::RsaPkcs1, Kind::RsaPss] {
        let csca_signer = kind.signer(HashAlgorithm::Sha512);
        let request = CscaRequest {
            state: &state,
            common_name: "CSCA RSA",
            validity: crate::fixture::days(5000),
            private_key_usage: crate::fixture::days(900),
            form: Form::Named,
        };
        let csca = issue_csca(&request, csca_signer.as_ref(), &mut rng(2)).unwrap();
        let public_key = ec(Curve::P256, 7).public_key();
        let request = DocumentSignerRequest {
            state: &state,
            common_name: "DS EC",
            public_key: &public_key,
            validity: crate::fixture::days(4000),
            private_key_usage: crate::fixture::days(90),
            document_types: &["P"],
            form: Form::Named,
        };
        let ds = issue_document_signer(&request, &csca, csca_signer.as_ref(), &mut rng(3)).unwrap();
        assert_eq!(check_issued(&ds, &csca, AT), Ok(()));
        assert_eq!(Certificate::from_der(ds.der()).as_ref(), Ok(&ds));
        std::fs::write(folder.path().join("csca.pem"), csca.to_pem()).unwrap();
        std::fs::write(folder.path().join("ds.pem"), ds.to_pem()).unwrap();
        let at = AT.unix_timestamp().to_string();
        let verify = ["verify", "-attime", &at, "-CAfile", "csca.pem", "ds.pem"];
        let Some(output) = openssl(folder.path(), &verify) else { return };
        assert_eq!(stdout(&output), "ds.pem: OK\n");
    }
}

#[test]
fn sha_1_is_not_written() {
    let keys = generate(&plan(Form::Named), AT, &mut rng(1)).unwrap();
    let ds = &keys.document_signer;
    let options = SodOptions { hash: HashAlgorithm::Sha1, ..SodOptions::default() };
    let refused = sign_with(&options, &borrowed(&data_groups()), &ds.certificate, &ds.signer());
    assert_eq!(refused.err(), Some(sod::SodError::Hash(HashAlgorithm::Sha1.oid())));
}
