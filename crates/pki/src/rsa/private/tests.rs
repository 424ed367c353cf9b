//! Keys, both kinds of signature, the raw operations.

use super::*;
use crate::VerifyError;
use crate::rsa::{check_pss, encode_pkcs1, mask};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use std::sync::OnceLock;

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(42)
}

/// Drawing a key is dear; one of each length is enough.
fn key(bits: u32) -> RsaPrivateKey {
    static KEYS: [OnceLock<RsaPrivateKey>; 3] = [const { OnceLock::new() }; 3];
    let place = [1024, 2048, 3072].iter().position(|known| *known == bits).unwrap();
    KEYS[place].get_or_init(|| RsaPrivateKey::generate(bits, &mut rng()).unwrap()).clone()
}

fn hashes() -> impl Iterator<Item = HashAlgorithm> {
    HashAlgorithm::ALL.into_iter().filter(|hash| hash.is_permitted())
}

#[test]
fn sign_and_verify_are_inverse() {
    for bits in [2048, 3072] {
        for hash in hashes() {
            let pkcs1 = RsaSigner::pkcs1(key(bits), hash, &mut rng()).unwrap();
            let pss = RsaSigner::pss(key(bits), hash, &mut rng()).unwrap();
            for (signer, other) in [(&pkcs1, &pss), (&pss, &pkcs1)] {
                let (public, algorithm) = (signer.public_key(), signer.algorithm());
                let signature = signer.sign(b"message").unwrap();
                assert_eq!(signature.0.len() * 8, bits as usize);
                assert_eq!(public.verify(algorithm, b"message", &signature), Ok(()));
                let wrong = VerifyError::Rsa(RsaError::Signature);
                assert_eq!(public.verify(algorithm, b"massage", &signature), Err(wrong.clone()));
                assert_eq!(public.verify(other.algorithm(), b"message", &signature), Err(wrong));
                assert_eq!(signer.sign(b"message").unwrap(), signature, "one input, one signature");
            }
        }
    }
}

#[test]
fn another_seed_gives_another_salt() {
    let pss = |seed| RsaSigner::pss(key(2048), HashAlgorithm::Sha256, &mut ChaCha20Rng::seed_from_u64(seed)).unwrap();
    let signatures = [pss(1), pss(2)].map(|signer| signer.sign(b"message").unwrap());
    assert_ne!(signatures[0], signatures[1]);
}

#[test]
fn short_keys_and_sha_1_sign_nothing() {
    let refused = RsaSigner::pkcs1(key(1024), HashAlgorithm::Sha256, &mut rng()).err();
    assert_eq!(refused, Some(RsaError::ModulusBits(1024)));
    let refused = RsaSigner::pss(key(2048), HashAlgorithm::Sha1, &mut rng()).err();
    assert_eq!(refused, Some(RsaError::Hash(HashAlgorithm::Sha1)));
    for bits in [512, 1023, 1025, 8192] {
        assert_eq!(RsaPrivateKey::generate(bits, &mut rng()).err(), Some(RsaError::ModulusBits(bits)));
    }
}

#[test]
fn keys_come_back_from_pkcs8() {
    for bits in [1024, 2048] {
        let key = key(bits);
        let der = key.to_pkcs8().unwrap();
        let again = RsaPrivateKey::from_pkcs8(&der).unwrap();
        assert_eq!(again.public(), key.public());
        assert_eq!(again.to_pkcs8().unwrap(), der);
        assert!(!format!("{key:?}{again:?}").contains("prime"));
        // A changed private exponent does not belong to the rest.
        let d = key.key.d().to_be_bytes_trimmed_vartime();
        let at = der.windows(d.len()).position(|window| *window == *d).unwrap();
        let mut changed = der.clone();
        changed[at + d.len() - 1] ^= 2;
        assert_eq!(RsaPrivateKey::from_pkcs8(&changed).err(), Some(RsaError::PrivateKey));
        assert_eq!(RsaPrivateKey::from_pkcs8(&der[1..]).err(), Some(RsaError::PrivateKey));
    }
}

#[test]
fn numbers_of_a_public_key_are_checked() {
    let good = key(1024);
    let (n, e) = (good.public().modulus().to_vec(), good.public().exponent().to_vec());
    assert_eq!(e, [1, 0, 1]);
    let padded = [vec![0, 0], n.clone()].concat();
    assert_eq!(RsaPublicKey::new(&padded, &[0, 1, 0, 1]).as_ref(), Ok(good.public()));
    let mut even = n.clone();
    *even.last_mut().unwrap() &= 0xFE;
    assert_eq!(RsaPublicKey::new(&even, &e), Err(RsaError::EvenModulus));
    assert_eq!(RsaPublicKey::new(&n[1..], &e), Err(RsaError::ModulusBits(1016 - n[1].leading_zeros())));
    assert_eq!(RsaPublicKey::new(&[0xFF; 1025], &e), Err(RsaError::ModulusBits(8200)));
    assert_eq!(RsaPublicKey::new(&[], &e), Err(RsaError::ModulusBits(0)));
    for exponent in [&[][..], &[0], &[1], &[2], &[1, 0, 0, 0, 1]] {
        assert_eq!(RsaPublicKey::new(&n, exponent), Err(RsaError::Exponent), "{exponent:?}");
    }
    for exponent in [&[3][..], &[0xFF, 0xFF, 0xFF, 0xFF]] {
        assert!(RsaPublicKey::new(&n, exponent).unwrap().raw(&[1; 128]).is_ok());
    }
    let mut notes = Vec::new();
    good.public().remark(&mut notes);
    assert_eq!(notes, [crate::Note::SmallModulus(1024)]);
}

#[test]
fn raw_operations_are_inverse_and_keep_zeros_on_the_left() {
    let key = key(1024);
    let mut input = vec![0; 128];
    input[127] = 7;
    let signed = key.raw(&input, &mut rng()).unwrap();
    assert_eq!(key.public().raw(&signed), Ok(input));
    let modulus = key.public().modulus();
    assert_eq!(key.public().raw(modulus), Err(RsaError::OutOfRange));
    assert_eq!(key.raw(modulus, &mut rng()), Err(RsaError::OutOfRange));
    let length = RsaError::Length { expected: 128, found: 127 };
    assert_eq!(key.public().raw(&[1; 127]), Err(length.clone()));
    assert_eq!(key.raw(&[1; 127], &mut rng()), Err(length));
    assert_eq!(key.public().raw(&[0; 128]).unwrap(), [0; 128]);
}

/// The crate's verifier as second opinion on what ours accepts.
#[test]
fn the_crate_agrees() {
    let public = key(2048).public().to_crate().unwrap();
    let digest = Sha256::digest(b"message");
    let signature = RsaSigner::pss(key(2048), HashAlgorithm::Sha256, &mut rng()).unwrap().sign(b"message").unwrap();
    assert!(public.verify(Pss::<Sha256>::new(), &digest, &signature.0).is_ok());
    let signature = RsaSigner::pkcs1(key(2048), HashAlgorithm::Sha256, &mut rng()).unwrap().sign(b"message").unwrap();
    assert!(public.verify(Pkcs1v15Sign::new::<Sha256>(), &digest, &signature.0).is_ok());
}

/// EMSA-PSS-ENCODE of RFC 8017 §9.1.1 with any parameters, to show what the check lets through.
fn encode_pss(parameters: PssParameters, digest: &[u8], salt: &[u8], bits: u32) -> Option<Vec<u8>> {
    let length = bits.div_ceil(8) as usize;
    let hash = parameters.hash.digest(&[&[0; 8], digest, salt].concat());
    let filling = length.checked_sub(hash.len() + salt.len() + 2)?;
    let block = [vec![0; filling], vec![1], salt.to_vec()].concat();
    let mut out: Vec<u8> =
        block.iter().zip(mask(parameters.mask_hash, &hash, block.len())).map(|(octet, mask)| octet ^ mask).collect();
    out[0] &= 0xFF >> (bits.div_ceil(8) * 8 - bits);
    out.extend(hash);
    out.push(0xBC);
    Some(out)
}

#[test]
fn a_hash_too_long_for_the_modulus_is_no_panic() {
    assert_eq!(encode_pkcs1(HashAlgorithm::Sha512, &[0; 64], 64), None);
    let parameters = PssParameters { salt_bytes: 255, ..PssParameters::of(HashAlgorithm::Sha512) };
    assert_eq!(check_pss(parameters, &[0; 64], &[0xBC; 128], 1023), None);
    assert_eq!(check_pss(parameters, &[0; 64], &[0xBC], 8), None);
    assert_eq!(check_pss(parameters, &[0; 64], &[], 0), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pss_with_any_parameters(
        hash in prop::sample::select(&HashAlgorithm::ALL[..]),
        mask_hash in prop::sample::select(&HashAlgorithm::ALL[..]),
        salt in prop::collection::vec(any::<u8>(), 0..64), bits in 1016u32..1048, at in any::<prop::sample::Index>(),
    ) {
        let parameters = PssParameters { hash, mask_hash, salt_bytes: u8::try_from(salt.len()).unwrap() };
        let digest = hash.digest(b"message");
        let encoded = encode_pss(parameters, &digest, &salt, bits);
        prop_assume!(encoded.is_some());
        let mut encoded = encoded.unwrap();
        prop_assert_eq!(check_pss(parameters, &digest, &encoded, bits), Some(()));
        let longer = PssParameters { salt_bytes: parameters.salt_bytes + 1, ..parameters };
        prop_assert_eq!(check_pss(longer, &digest, &encoded, bits), None);
        let at = at.index(encoded.len());
        encoded[at] ^= 0x80;
        prop_assert_eq!(check_pss(parameters, &digest, &encoded, bits), None);
    }

    #[test]
    fn changed_signatures_never_panic_and_never_verify(at in any::<prop::sample::Index>(), octet in 1u8..) {
        for signer in [
            RsaSigner::pkcs1(key(2048), HashAlgorithm::Sha256, &mut rng()).unwrap(),
            RsaSigner::pss(key(2048), HashAlgorithm::Sha256, &mut rng()).unwrap(),
        ] {
            let mut signature = signer.sign(b"message").unwrap();
            let at = at.index(signature.0.len());
            signature.0[at] ^= octet;
            prop_assert!(signer.public_key().verify(signer.algorithm(), b"message", &signature).is_err());
            signature.0.truncate(at);
            prop_assert!(signer.public_key().verify(signer.algorithm(), b"message", &signature).is_err());
        }
    }
}
