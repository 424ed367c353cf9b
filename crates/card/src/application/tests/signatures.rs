//! What the keys sign, for whom, and how often.

use bitaqa_apdu::application::{ALGORITHM_ECDSA, ALGORITHM_PKCS1, ALGORITHM_PSS, KeyAlgorithm, KeyUses};
use bitaqa_apdu::public_key::CardPublicKey;
use bitaqa_apdu::{Command, Sw, Transport, ins};
use bitaqa_curves::{Curve, Point, ecdsa};
use bitaqa_pki::rsa::{RsaPublicKey, digest_info};
use bitaqa_pki::{HashAlgorithm, PublicKey, Signature, SignatureAlgorithm};

use super::world::*;

fn point(key: &CardPublicKey, curve: Curve) -> Point {
    Point::decode(curve, key.point().unwrap()).unwrap()
}

fn rsa(key: &CardPublicKey) -> PublicKey {
    let CardPublicKey::Rsa { modulus, exponent } = key else { panic!("no RSA key") };
    PublicKey::Rsa(RsaPublicKey::new(modulus, exponent).unwrap())
}

#[test]
fn ecdsa_signs_a_hash_while_the_pin_is_shown() {
    let (mut line, keys) = line_of(&eid("ALWAYS"));
    let digest = HashAlgorithm::Sha256.digest(b"contract");
    assert_eq!(sign(&mut line, &digest).sw, Sw::CONDITIONS_NOT_SATISFIED);
    assert_eq!(set_signature(&mut line, 1, Some(ALGORITHM_ECDSA)), Sw::OK);
    assert_eq!(sign(&mut line, &digest).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
    assert_eq!(verify(&mut line, 1, PIN.as_bytes()), Sw::OK);
    for hash in [HashAlgorithm::Sha256, HashAlgorithm::Sha224, HashAlgorithm::Sha384] {
        let digest = hash.digest(b"contract");
        let signature = sign(&mut line, &digest);
        assert_eq!(ecdsa::verify_digest(&point(&keys[0].1, Curve::P256), &digest, &signature.data), Ok(()));
    }
    for none in [&b""[..], &[0; 20], &[0; 31], &[0; 65]] {
        assert_eq!(sign(&mut line, none).sw, Sw::WRONG_DATA);
    }
}

#[test]
fn a_key_for_once_takes_up_one_verification_a_signature() {
    let (mut line, keys) = line_of(&eid("ALWAYS"));
    let digest = HashAlgorithm::Sha384.digest(b"contract");
    assert_eq!(change(&mut line, 3, &padded(TRANSPORT), &padded("654321")), Sw::OK);
    assert_eq!(set_signature(&mut line, 2, None), Sw::OK);
    assert_eq!(verify(&mut line, 1, PIN.as_bytes()), Sw::OK);
    assert_eq!(sign(&mut line, &digest).sw, Sw::SECURITY_STATUS_NOT_SATISFIED); // another PIN
    for _ in 0..2 {
        assert_eq!(verify(&mut line, 3, &padded("654321")), Sw::OK);
        let signature = sign(&mut line, &digest);
        assert_eq!(ecdsa::verify_digest(&point(&keys[1].1, Curve::P384), &digest, &signature.data), Ok(()));
        assert_eq!(sign(&mut line, &digest).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
    }
    // Data that are no hash cost nothing; the key that may go on goes on beside the one that may not.
    assert_eq!(set_signature(&mut line, 3, None), Sw::OK);
    assert_eq!(sign(&mut line, b"short").sw, Sw::WRONG_DATA);
    assert_eq!((sign(&mut line, &digest).sw, sign(&mut line, &digest).sw), (Sw::OK, Sw(0x6982)));
    assert_eq!(set_signature(&mut line, 1, None), Sw::OK);
    assert_eq!((sign(&mut line, &digest).sw, sign(&mut line, &digest).sw), (Sw::OK, Sw::OK));
}

#[test]
fn internal_authenticate_signs_the_hash_of_a_challenge() {
    let (mut line, keys) = line_of(&eid("ALWAYS"));
    let authenticate =
        |p2: u8, challenge: &[u8]| Command::new(ins::INTERNAL_AUTHENTICATE, 0, p2).data(challenge).ne(256);
    assert_eq!(line.send(authenticate(0x81, &[1; 32])).sw, Sw::SECURITY_STATUS_NOT_SATISFIED);
    assert_eq!(verify(&mut line, 1, PIN.as_bytes()), Sw::OK);
    assert_eq!(line.send(authenticate(0, &[1; 32])).sw, Sw::CONDITIONS_NOT_SATISFIED);
    assert_eq!(line.send(Command::new(0x22, 0x41, 0xA4).data([0x84, 1, 1])).sw, Sw::OK);
    for p2 in [0, 0x81] {
        let signature = line.send(authenticate(p2, &[1; 32]));
        let digest = HashAlgorithm::Sha256.digest(&[1; 32]);
        assert_eq!(ecdsa::verify_digest(&point(&keys[0].1, Curve::P256), &digest, &signature.data), Ok(()));
    }
    for (p2, length, sw) in
        [(0x81, 7, 0x6700), (0x81, 129, 0x6700), (0x82, 32, 0x6A88), (0x8F, 32, 0x6A88), (1, 32, 0x6A86)]
    {
        assert_eq!(line.send(authenticate(p2, &vec![1; length])).sw, Sw(sw), "{p2:02X} {length}");
    }
    // Key 2 is for signatures alone.
    assert_eq!(line.send(Command::new(0x22, 0x41, 0xA4).data([0x84, 1, 2])).sw, Sw::REFERENCE_NOT_FOUND);
    assert_eq!(line.send(authenticate(0, &[1; 32])).sw, Sw::CONDITIONS_NOT_SATISFIED);
}

#[test]
fn rsa_signs_hashes_and_nothing_else() {
    let mut parameters = eid("ALWAYS");
    parameters.keys =
        vec![key(4, KeyAlgorithm::Rsa2048, "PIN[1]", false), key(5, KeyAlgorithm::Rsa3072, "PIN[1]", false)];
    let (mut line, keys) = line_of(&parameters);
    assert_eq!(verify(&mut line, 1, PIN.as_bytes()), Sw::OK);
    let hash = HashAlgorithm::Sha256;
    let digest = hash.digest(b"contract");
    let info = digest_info(hash, &digest).unwrap();
    for (number, public) in &keys {
        let public = rsa(public);
        let pkcs1 = SignatureAlgorithm::RsaPkcs1(hash);
        let pss = SignatureAlgorithm::RsaPss(bitaqa_pki::PssParameters::of(hash));
        for (algorithm, data, scheme) in
            [(None, &info, pkcs1), (Some(ALGORITHM_PKCS1), &digest, pkcs1), (Some(ALGORITHM_PSS), &digest, pss)]
        {
            assert_eq!(set_signature(&mut line, *number, algorithm), Sw::OK);
            let signature = Signature(sign(&mut line, data).data.to_vec());
            assert_eq!(public.verify(scheme, b"contract", &signature).map(drop), Ok(()), "{number} {algorithm:02X?}");
        }
        assert_eq!(sign(&mut line, &info).sw, Sw::WRONG_DATA); // PSS has no DigestInfo
        assert_eq!(set_signature(&mut line, *number, Some(ALGORITHM_ECDSA)), Sw::FUNCTION_NOT_SUPPORTED);
        assert_eq!(set_signature(&mut line, *number, Some(ALGORITHM_PKCS1)), Sw::OK);
        let sha1 = digest_info(HashAlgorithm::Sha1, &[7; 20]).unwrap();
        let mut padded = vec![0xFF; 256];
        padded[..2].copy_from_slice(&[0, 1]);
        let broken = [&info[..], &[0]].concat();
        for none in [&sha1[..], &[7; 20], &[7; 36], &padded, &broken, &info[1..]] {
            assert_eq!(sign(&mut line, none).sw, Sw::WRONG_DATA, "{none:02X?}");
        }
        let authenticated = line.send(Command::new(0x88, 0, 0x80 | number).data([3; 16]).ne(65_536));
        assert_eq!(public.verify(pkcs1, &[3; 16], &Signature(authenticated.data.to_vec())).map(drop), Ok(()));
    }
}

#[test]
fn the_environment_names_known_keys_and_ends_with_the_application() {
    let (mut line, _) = line_of(&eid("ALWAYS"));
    for (data, sw) in [
        (&[0x84, 1, 9][..], 0x6A88),
        (&[0x84, 1, 1, 0x80, 1, ALGORITHM_PKCS1], 0x6A81),
        (&[0x80, 1, ALGORITHM_ECDSA], 0x6A80),
        (&[0x84, 1, 1, 0x84, 1, 1], 0x6A80),
        (&[0x84, 2, 0, 1], 0x6A80),
        (&[0x83, 1, 1], 0x6A80),
        (&[0x84, 1], 0x6A80),
    ] {
        assert_eq!(line.send(Command::new(0x22, 0x41, 0xB6).data(data)).sw, Sw(sw), "{data:02X?}");
    }
    assert_eq!(line.send(Command::new(0x22, 0x41, 0xB6).data([0x84, 1, 1, 0x95, 1, 0x40, 0x80, 1, 0x30])).sw, Sw::OK);
    assert_eq!(set_signature(&mut line, 9, None), Sw::REFERENCE_NOT_FOUND); // takes the one before with it
    assert_eq!(verify(&mut line, 1, PIN.as_bytes()), Sw::OK);
    assert_eq!(sign(&mut line, &[1; 32]).sw, Sw::CONDITIONS_NOT_SATISFIED);
    assert_eq!(set_signature(&mut line, 1, None), Sw::OK);
    line.card.reset().unwrap();
    assert_eq!(select(&mut line, EID), Sw::OK);
    assert_eq!(verify(&mut line, 1, PIN.as_bytes()), Sw::OK);
    assert_eq!(sign(&mut line, &[1; 32]).sw, Sw::CONDITIONS_NOT_SATISFIED);
}

#[test]
fn a_key_without_the_use_signs_nothing() {
    let mut parameters = eid("ALWAYS");
    parameters.keys[0].uses = KeyUses { authenticate: true, ..KeyUses::default() };
    let (mut line, _) = line_of(&parameters);
    assert_eq!(set_signature(&mut line, 1, None), Sw::REFERENCE_NOT_FOUND);
}
