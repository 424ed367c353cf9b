use super::*;
use crate::testing::{Script, Seeded, command, vectors};
use bitaqa_curves::Curve;
use core::convert::Infallible;
use proptest::prelude::*;
use rand_core::{TryCryptoRng, TryRng};
use std::sync::LazyLock;

/// Drawing a key takes long, and most tests need any.
static KEY: LazyLock<RsaPrivateKey> = LazyLock::new(|| RsaPrivateKey::generate(1024, &mut Seeded(1)).unwrap());

/// The printed M1 first, then whatever the blinding asks for.
struct Printed(Script, Seeded);

impl TryRng for Printed {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.1.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.1.try_next_u64()
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        if self.0.is_empty() { self.1.try_fill_bytes(octets) } else { self.0.try_fill_bytes(octets) }
    }
}

impl TryCryptoRng for Printed {}

fn rsa() -> PublicKey {
    KEY.public().clone().into()
}

fn ask(challenge: &[u8]) -> Command {
    Command::new(ins::INTERNAL_AUTHENTICATE, 0, 0).data(challenge).ne(256)
}

fn scalar(curve: Curve) -> SecretScalar {
    SecretScalar::generate(curve, &mut Seeded(7))
}

fn info(name: &str) -> ActiveAuthenticationInfo {
    ActiveAuthenticationInfo::version_1(ObjectIdentifier::new_unwrap(name))
}

/// TR-03111 §5.2.1: ecdsa-plain-SHA1, -SHA224, -SHA256, -SHA384, -SHA512.
fn plain(hash: HashAlgorithm) -> ActiveAuthenticationInfo {
    info(&SignatureAlgorithm::EcdsaPlain(hash).x509_oid().to_string())
}

#[test]
fn the_number_of_the_printed_example() {
    for case in vectors(include_str!("../../../../test-vectors/icao9303-11/active_authentication_rsa.toml")) {
        let (challenge, m1, f) = (case.octets("RND_IFD"), case.octets("M1"), case.octets("F"));
        assert_eq!(representative::write(&m1, &challenge, HashAlgorithm::Sha1), f);
        let recovered = Recovered::read(&f).unwrap();
        assert_eq!((recovered.m1, recovered.digest), (&*m1, &*case.octets("H")));
        assert_eq!(recovered.hash, HashAlgorithm::Sha1);
        // The card's side: the printed command and M1 under a key of our own recover the printed number.
        let mut rng = Printed(Script::new([m1]), Seeded(2));
        let printed = command(&case.octets("command"));
        let response = respond_rsa(&printed, &KEY, HashAlgorithm::Sha1, &mut rng).unwrap();
        assert_eq!(KEY.public().raw(&response.data).unwrap(), f);
        // The terminal's side sends the printed command and accepts the answer.
        let mut sent = Vec::new();
        let mut send = |command: Command| -> Result<Response, Infallible> {
            sent.push(command.encode().unwrap().to_vec());
            Ok(response.clone())
        };
        let verdict = authenticate(&mut send, &rsa(), None, &mut Script::new([challenge])).unwrap();
        assert_eq!((verdict.to_string(), sent), (case.text("mechanism").to_owned(), vec![case.octets("command")]));
    }
}

#[test]
fn every_mechanism_passes_between_the_two_roles() {
    let long = RsaPrivateKey::generate(2048, &mut Seeded(3)).unwrap();
    for mechanism in MECHANISMS {
        let (mut chip, mut terminal) = (Seeded(4), Seeded(5));
        let verdict = match *mechanism {
            Mechanism::Rsa(hash) => {
                let key = long.public().clone().into();
                let mut send = |command: Command| respond_rsa(&command, &long, hash, &mut chip);
                authenticate(&mut send, &key, None, &mut terminal).unwrap()
            }
            Mechanism::Ecdsa(hash) => {
                let key = scalar(Curve::P521);
                let mut send = |command: Command| respond_ecdsa(&command, &key, hash);
                authenticate(&mut send, &key.public().into(), Some(&plain(hash)), &mut terminal).unwrap()
            }
        };
        assert_eq!(verdict, *mechanism);
    }
}

#[test]
fn every_curve_signs_with_the_hashes_that_fit() {
    for curve in Curve::ALL.iter().copied() {
        for hash in HashAlgorithm::ALL {
            let (key, challenge) = (scalar(curve), [9; 8]);
            let answer = respond_ecdsa(&ask(&challenge), &key, hash);
            if !hash.is_permitted() || hash.digest_bytes() > curve.field_bytes() {
                assert_eq!(answer, Err(AaError::Hash(hash)));
                continue;
            }
            let signature = answer.unwrap().data;
            assert_eq!(signature.len(), 2 * curve.field_bytes());
            let key = key.public().into();
            assert_eq!(verify(&key, Some(&plain(hash)), challenge, &signature), Ok(Mechanism::Ecdsa(hash)));
            let other = verify(&key, Some(&plain(hash)), [8; 8], &signature);
            assert!(matches!(other, Err(AaError::Signature(VerifyError::Ec(CurveError::Signature)))));
            let zero = verify(&key, Some(&plain(hash)), challenge, &vec![0; signature.len()]);
            assert!(matches!(zero, Err(AaError::Signature(VerifyError::Ec(CurveError::SignatureFormat)))));
        }
    }
}

#[test]
fn dg14_must_tell_the_algorithm_of_a_curve() {
    let key = scalar(Curve::P256).public().into();
    let judge = |info: Option<&ActiveAuthenticationInfo>| verify(&key, info, [0; 8], &[1; 64]);
    assert_eq!(judge(None), Err(AaError::NoAlgorithm));
    assert_eq!(judge(Some(&plain(HashAlgorithm::Sha1))), Err(AaError::Hash(HashAlgorithm::Sha1)));
    let x962 = info("1.2.840.10045.4.3.2");
    assert_eq!(judge(Some(&x962)), Err(AaError::Algorithm(x962.signature_algorithm)));
    let nothing_is_asked = authenticate::<Infallible>(&mut |_| panic!(), &key, None, &mut Seeded(0));
    assert!(matches!(nothing_is_asked, Err(TerminalError::Protocol(AaError::NoAlgorithm))));
}

#[test]
fn defects_of_the_command_have_their_status_words() {
    let key = scalar(Curve::P256);
    for (command, error, sw) in [
        (ask(&[0; 7]), AaError::Challenge(7), Sw::WRONG_LENGTH),
        (ask(&[0; 9]), AaError::Challenge(9), Sw::WRONG_LENGTH),
        (ask(&[]), AaError::Challenge(0), Sw::WRONG_LENGTH),
        (Command::new(ins::INTERNAL_AUTHENTICATE, 0, 1).data([0; 8]), AaError::P1P2(1), Sw::WRONG_P1P2),
    ] {
        assert_eq!(respond_ecdsa(&command, &key, HashAlgorithm::Sha256), Err(error.clone()));
        assert_eq!(respond_rsa(&command, &KEY, HashAlgorithm::Sha1, &mut Seeded(0)), Err(error.clone()));
        assert_eq!(Sw::from(error), sw);
    }
    let mut refuse = |_| Ok::<_, Infallible>(Response::from(Sw::INS_NOT_SUPPORTED));
    let refused = authenticate(&mut refuse, &rsa(), None, &mut Seeded(0));
    assert!(matches!(refused, Err(TerminalError::Protocol(AaError::Status(Sw::INS_NOT_SUPPORTED)))));
}

#[test]
fn a_modulus_must_have_room_and_whole_octets() {
    let key = |octets: usize, first: u8| {
        let modulus: Vec<u8> = core::iter::once(first).chain(vec![0xFF; octets - 1]).collect();
        RsaPublicKey::new(&modulus, &[3]).unwrap()
    };
    assert_eq!(representative::length(&key(128, 0x80), HashAlgorithm::Sha512), Ok(128));
    let crooked = representative::length(&key(129, 0x40), HashAlgorithm::Sha1);
    assert_eq!(crooked, Err(AaError::Modulus { bits: 1031, hash: HashAlgorithm::Sha1 }));
}

/// A signature over any number by the key of the tests.
fn sign(number: &[u8]) -> Vec<u8> {
    KEY.raw(number, &mut Seeded(11)).unwrap().to_vec()
}

#[test]
fn what_the_key_recovers_must_be_of_the_form() {
    let (challenge, hash) = ([3; 8], HashAlgorithm::Sha256);
    let good = representative::write(&[0x55; 93], &challenge, hash);
    let judge = |number: &[u8]| verify(&rsa(), None, challenge, &sign(number));
    assert_eq!(judge(&good), Ok(Mechanism::Rsa(hash)));
    let with = |at: usize, octet: u8| {
        let mut number = good.clone();
        number[at] = octet;
        judge(&number)
    };
    assert!(matches!(with(0, 0x4A), Err(AaError::Representative(_))), "total recovery");
    assert!(matches!(with(0, 0x6B), Err(AaError::Representative(_))), "padding before M1");
    assert!(matches!(with(126, 0x31), Err(AaError::Representative(_))), "RIPEMD-160 is none of 9303-11");
    assert!(matches!(with(127, 0xCD), Err(AaError::Representative(_))));
    assert_eq!(with(126, 0x36), Err(AaError::Digest), "the number of another hash");
    assert_eq!(with(5, 0x54), Err(AaError::Digest));
    assert_eq!(with(100, good[100] ^ 1), Err(AaError::Digest));
    assert_eq!(verify(&rsa(), None, [4; 8], &sign(&good)), Err(AaError::Digest), "another challenge");
    let short = verify(&rsa(), None, challenge, &sign(&good)[1..]);
    assert_eq!(short, Err(AaError::Rsa(RsaError::Length { expected: 128, found: 127 })));
    let beyond = verify(&rsa(), None, challenge, &[0xFF; 128]);
    assert_eq!(beyond, Err(AaError::Rsa(RsaError::OutOfRange)));
    let sha_1 =
        [&[0x6A], &[0x55; 105][..], &HashAlgorithm::Sha1.digest(&[[0x55; 105].as_slice(), &challenge].concat())];
    let sha_1 = [&sha_1.concat()[..], &[0x33, 0xCC]].concat();
    assert_eq!(sha_1.len(), 128);
    assert_eq!(judge(&sha_1), Ok(Mechanism::Rsa(HashAlgorithm::Sha1)), "option 2 with SHA-1 is read");
}

#[test]
fn the_smaller_of_two_signatures_is_read() {
    let challenge = [0xF1, 0x73, 0x58, 0x99, 0x74, 0xBF, 0x40, 0xC6];
    let mut seen = [false; 2];
    for m1 in 0..8 {
        let number = representative::write(&[m1; 106], &challenge, HashAlgorithm::Sha1);
        let signature = sign(&number);
        let other = representative::complement(KEY.public().modulus(), &signature);
        seen[usize::from(other < signature)] = true;
        for signature in [signature, other] {
            assert_eq!(verify(&rsa(), None, challenge, &signature), Ok(Mechanism::Rsa(HashAlgorithm::Sha1)));
        }
    }
    assert_eq!(seen, [true; 2], "both cases of ISO/IEC 9796-2 §B.4");
}

proptest! {
    #[test]
    fn written_numbers_are_read_back(m1 in proptest::collection::vec(any::<u8>(), 1..200), challenge: [u8; 8]) {
        for hash in HashAlgorithm::ALL {
            let number = representative::write(&m1, &challenge, hash);
            let recovered = Recovered::read(&number).unwrap();
            prop_assert_eq!((recovered.m1, recovered.hash), (&*m1, hash));
            prop_assert_eq!(recovered.digest, hash.digest(&[&*m1, &challenge].concat()));
        }
    }

    #[test]
    fn no_octets_make_the_terminal_panic(octets in proptest::collection::vec(any::<u8>(), 0..140)) {
        let _ = Recovered::read(&octets);
        let _ = verify(&rsa(), None, [0; 8], &octets);
        let _ = verify(&scalar(Curve::P256).public().into(), Some(&plain(HashAlgorithm::Sha256)), [0; 8], &octets);
    }
}
