use super::*;
use crate::testing::{Case, Seeded, vectors};
use proptest::prelude::*;

const VECTORS: &str = include_str!("../../../test-vectors/globalplatform/management.toml");

fn key_of(case: &Case) -> AuthorizationKey {
    let key = match case.text("kind") {
        "RSA" => NewKey::rsa_public(1, &case.octets("modulus"), &case.octets("exponent")),
        "P-256" => NewKey::new(1, KeyKind::EcPublic(Curve::P256), &case.octets("point")),
        "P-384" => NewKey::new(1, KeyKind::EcPublic(Curve::P384), &case.octets("point")),
        "AES" => NewKey::new(1, KeyKind::Aes, &case.octets("key")),
        "3DES" => NewKey::new(1, KeyKind::TripleDes, &case.octets("key")),
        other => panic!("{other}"),
    };
    AuthorizationKey::from_new_key(&key.unwrap()).unwrap()
}

#[test]
fn signatures_of_a_second_implementation_verify_and_changed_ones_do_not() {
    for case in vectors(VECTORS) {
        let (key, message, signature) = (key_of(&case), case.octets("message"), case.octets("signature"));
        assert_eq!(key.verify(&message, &signature), Ok(()), "{}", case.name());
        for at in [0, signature.len() - 1] {
            let mut wrong = signature.clone();
            wrong[at] ^= 1;
            assert_eq!(key.verify(&message, &wrong), Err(ManagementError::Signature), "{}", case.name());
        }
        let mut wrong = message.clone();
        wrong[0] ^= 1;
        assert_eq!(key.verify(&wrong, &signature), Err(ManagementError::Signature), "{}", case.name());
        assert_eq!(key.verify(&message, &signature[1..]), Err(ManagementError::Signature), "{}", case.name());
        match case.text("kind") {
            "AES" | "3DES" => assert_eq!(key.sign(&message), Ok(signature), "{}", case.name()),
            _ => assert_eq!(key.sign(&message), Err(ManagementError::NoPrivateKey)),
        }
    }
}

/// What is signed comes out of the command as it is sent.
#[test]
fn the_message_of_a_token_is_the_command_without_it() {
    let mut seen = 0;
    for case in vectors(VECTORS) {
        let Some(command) = case.maybe("command") else { continue };
        let plain = bitaqa_apdu::Command::parse(&command).unwrap();
        assert_eq!(token_message(plain.p1, plain.p2, &plain.data).unwrap(), case.octets("message"), "{}", case.name());
        let token = case.octets("signature");
        if plain.ins == bitaqa_apdu::ins::INSTALL {
            let whole = with_install_token(&plain.data, &token);
            assert_eq!(split_install_token(&whole).unwrap(), (&plain.data[..], &token[..]));
        } else {
            let whole = with_delete_token(&plain.data, &token);
            assert_eq!(split_delete_token(&whole).unwrap(), (&plain.data[..], Some(&token[..])));
            assert_eq!(split_delete_token(&plain.data).unwrap(), (&plain.data[..], None));
            assert!(split_delete_token(&[&whole[..], &whole].concat()).is_err(), "behind the token nothing may stand");
        }
        seen += 1;
    }
    assert_eq!(seen, 3);
    assert!(split_install_token(&[]).is_err() && split_install_token(&[5, 1]).is_err());
    assert!(token_message(0, 0, &vec![0; 65_536]).is_err());
}

#[test]
fn what_an_issuer_signs_a_card_verifies() {
    let mut rng = Seeded(1);
    for curve in [Curve::P256, Curve::P384, Curve::P521, Curve::BrainpoolP256r1, Curve::BrainpoolP512r1] {
        let scalar = SecretScalar::generate(curve, &mut rng);
        let public = AuthorizationKey::new(KeyKind::EcPublic(curve), scalar.public().as_octets()).unwrap();
        let private = AuthorizationKey::new(KeyKind::EcPrivate(curve), &scalar.to_bytes()).unwrap();
        let signature = sign(&SigningKey::Ec(scalar), b"token", &mut rng).unwrap();
        assert_eq!(signature.len(), 2 * curve.field_bytes());
        assert_eq!(public.verify(b"token", &signature), Ok(()));
        assert_eq!(private.verify(b"token", &private.sign(b"token").unwrap()), Ok(()));
        assert_eq!(public.verify(b"other", &signature), Err(ManagementError::Signature));
    }
    let algorithm = SignatureAlgorithm::RsaPss(PssParameters::of(HashAlgorithm::Sha256));
    let rsa = SigningKey::generate(algorithm, &mut rng).unwrap();
    let PublicKey::Rsa(public) = rsa.public() else { panic!() };
    let public = NewKey::rsa_public(1, public.modulus(), public.exponent()).unwrap();
    let public = AuthorizationKey::from_new_key(&public).unwrap();
    let signature = sign(&rsa, b"token", &mut rng).unwrap();
    assert_eq!(public.verify(b"token", &signature), Ok(()));
    assert_eq!(public.verify(b"other", &signature), Err(ManagementError::Signature));
}

/// A load file with two signatures, and everything that may be wrong with it.
#[test]
fn load_files_are_verified_with_the_key_of_each_domain() {
    let block = [0xC0; 300];
    let hash = HashAlgorithm::Sha256.digest(&block);
    let aes = || AuthorizationKey::new(KeyKind::Aes, &[7; 16]).unwrap();
    let scalar = SecretScalar::from_bytes(Curve::P384, &[9; 40]).unwrap();
    let ec = || AuthorizationKey::new(KeyKind::EcPrivate(Curve::P384), &scalar.to_bytes()).unwrap();
    let find = |domain: &[u8]| match domain {
        b"first" => Some(aes()),
        b"second" => Some(ec()),
        _ => None,
    };
    let with = |hash: &[u8], domains: [&'static [u8]; 2]| -> Result<(), ManagementError> {
        let signatures = [aes().sign(hash).unwrap(), ec().sign(hash).unwrap()];
        let daps = domains.iter().zip(&signatures).map(|(domain, signature)| Dap { domain, signature });
        let octets = LoadFile { daps: daps.collect(), data_block: &block }.encode();
        let read = LoadFile::parse(&octets).unwrap();
        assert_eq!(read.data_block, block);
        read.verify(hash, &find)
    };
    let long = HashAlgorithm::Sha384.digest(&block);
    assert_eq!(with(&long, [b"first", b"second"]), Ok(()));
    assert_eq!(with(&hash, [b"first", b"second"]), Err(ManagementError::Key)); // SHA-256 beside P-384
    assert_eq!(with(&long, [b"second", b"first"]), Err(ManagementError::Signature));
    assert_eq!(with(&long, [b"first", b"nobody"]), Err(ManagementError::Key));
    assert_eq!(with(&[0; 48], [b"first", b"second"]), Err(ManagementError::Hash));
    assert_eq!(with(&[0; 47], [b"first", b"second"]), Err(ManagementError::Hash));
    let plain = LoadFile { daps: Vec::new(), data_block: &block }.encode();
    assert_eq!(LoadFile::parse(&plain).unwrap().verify(&hash, &find), Ok(()));
    assert!(LoadFile::parse(&plain[1..]).is_err() && LoadFile::parse(&[&plain[..], &[0]].concat()).is_err());
}

#[test]
fn receipts_go_both_ways() {
    let key = AuthorizationKey::new(KeyKind::Aes, &[3; 32]).unwrap();
    let (package, domain) = (&b"package"[..], &b"domain"[..]);
    for (identifier, digest) in [(None, None), (Some(vec![1, 2]), None), (None, Some(vec![9; 32]))] {
        let confirmation =
            Confirmation { counter: 7, unique: vec![0x42; 8], token_identifier: identifier, token_digest: digest };
        assert_eq!(Confirmation::parse(&confirmation.encode()), Ok(confirmation.clone()));
        let response = confirmation.response(&key, &[package, domain]).unwrap();
        assert_eq!(response[0], 16);
        assert_eq!(Confirmation::of_response(&response, &key, &[package, domain]), Ok(confirmation));
        let other = Confirmation::of_response(&response, &key, &[domain, package]);
        assert_eq!(other, Err(ManagementError::Signature));
    }
    assert!(matches!(Confirmation::of_response(&[0], &key, &[]), Err(ManagementError::Layout(_))));
}

#[test]
fn keys_that_are_none_are_refused_and_none_shows_itself() {
    assert_eq!(AuthorizationKey::new(KeyKind::Aes, &[1; 5]).err(), Some(ManagementError::Key));
    let even = [tlv::tlv(0x81, &[2; 128]), tlv::tlv(0x82, &[3])].concat();
    assert_eq!(AuthorizationKey::new(KeyKind::RsaPublic, &even).err(), Some(ManagementError::Key));
    assert_eq!(Sw::from(ManagementError::Signature), Sw(0x6982));
    let key = AuthorizationKey::new(KeyKind::Aes, &[1; 16]).unwrap();
    assert_eq!(format!("{key:?}"), "AuthorizationKey(AES)");
}

proptest! {
    #[test]
    fn noise_is_read_without_panic(noise in proptest::collection::vec(any::<u8>(), 0..120)) {
        let _ = LoadFile::parse(&noise);
        let _ = split_install_token(&noise);
        let _ = split_delete_token(&noise);
        if let Ok(confirmation) = Confirmation::parse(&noise) {
            prop_assert_eq!(Confirmation::parse(&confirmation.encode()), Ok(confirmation));
        }
    }
}
