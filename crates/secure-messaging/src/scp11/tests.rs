use super::*;
use crate::testing::{Case, Script, Seeded, command, hex, vectors};
use crate::{SecureChannel, TerminalError};
use bitaqa_apdu::{Class, Command, Response, ins};
use bitaqa_curves::Curve;
use core::convert::Infallible;
use proptest::prelude::*;

const VECTORS: &str = include_str!("../../../../test-vectors/globalplatform/scp11.toml");

fn variant_of(case: &Case) -> Variant {
    match case.text("variant") {
        "a" => Variant::A,
        "b" => Variant::B,
        "c" => Variant::C,
        other => panic!("{other}"),
    }
}

fn curve_of(case: &Case) -> Curve {
    match case.text("curve") {
        "P-256" => Curve::P256,
        "P-384" => Curve::P384,
        other => panic!("{other}"),
    }
}

fn scalar(case: &Case, name: &str) -> SecretScalar {
    SecretScalar::from_bytes(curve_of(case), &case.octets(name)).unwrap()
}

fn certificates(case: &Case) -> Vec<Vec<u8>> {
    let list = case.0.get("certificates").map(|list| list.as_array().unwrap().clone()).unwrap_or_default();
    list.iter().map(|value| hex(value.as_str().unwrap())).collect()
}

/// The certificates of a case, sent one by one to a card that knows the authority of the case.
fn chain_of(case: &Case, change: impl Fn(usize, &mut Command)) -> Result<Option<HostKey>, Scp11Error> {
    let all = certificates(case);
    let point = Point::decode(curve_of(case), &case.octets("ca_kloc")).unwrap();
    let authority = Authority { id: CA_KLOC_KEY_ID, kvn: 3, point: &point };
    let mut chain = None;
    for (index, certificate) in all.iter().enumerate() {
        let more = if index + 1 < all.len() { 0x80 } else { 0 };
        let mut sent = Command::globalplatform(0x2A, 3, 0x10 | more).data(certificate.clone());
        change(index, &mut sent);
        let (response, next) = perform_security_operation(chain.take(), &sent, &authority)?;
        assert_eq!(response, Response::from(Sw::OK));
        chain = Some(next);
    }
    Ok(chain.and_then(Chain::into_host))
}

/// Both roles replay the dialogue with its private keys: octet for octet what a second implementation made.
#[test]
fn the_dialogues_replay_from_both_sides() {
    for case in vectors(VECTORS) {
        let (variant, level) = (variant_of(&case), SecurityLevel(case.octets("level")[0]));
        let (card_private, host_private) = (scalar(&case, "card_private"), scalar(&case, "host_private"));
        let host = chain_of(&case, |_, _| ()).unwrap();
        assert_eq!(host.is_some(), variant.authenticates_host(), "{}", case.name());
        let allowed = host.as_ref().map(|_| vec![vec![9], case.octets("serial")]);
        let key = CardKey { id: variant.key_id(), kvn: 3, private: &card_private, allowed: allowed.as_deref() };
        let drawn = (variant != Variant::C).then(|| case.octets("card_ephemeral"));
        let sent = command(&case.octets("authenticate"));
        let (response, mut card) = authenticate(&sent, &key, host, &mut Script::new(drawn)).unwrap();
        assert_eq!(*response.data, *case.octets("response"), "{}", case.name());
        assert_eq!((card.protocol(), SecureChannel::level(&card)), (0x11, level.0));
        assert_eq!(card.authenticates_host(), variant.authenticates_host());

        let mut proved = certificates(&case).len();
        let mut send = |command: Command| {
            if command.ins == ins::PERFORM_SECURITY_OPERATION {
                proved -= 1;
                return Ok::<_, Infallible>(Response::from(Sw::OK));
            }
            assert_eq!(*command.encode().unwrap(), *case.octets("authenticate"), "{}", case.name());
            Ok(Response::ok(case.octets("response")))
        };
        let all = certificates(&case);
        let identity = HostIdentity { private: &host_private, certificates: &all, authority: (0x10, 3) };
        let request = Request {
            variant,
            kvn: 3,
            card: &card_private.public(),
            identity: variant.authenticates_host().then_some(identity),
            level,
            key_octets: case.octets("key_octets")[0],
        };
        let mut host = open(&mut send, &request, &mut Script::new([case.octets("host_ephemeral")])).unwrap();
        assert_eq!(proved, 0);
        let plain = command(&case.octets("plain"));
        let wire = host.protect_command(plain.clone());
        assert_eq!([&wire.header()[..], &[case.octets("wrapped")[4]], &wire.data].concat(), case.octets("wrapped"));
        assert_eq!(card.unprotect_command(wire).unwrap(), plain);
        let wire = card.protect_response(Response::ok(case.octets("plain_response")));
        assert_eq!(*wire.data, *case.octets("wrapped_response"), "{}", case.name());
        assert_eq!(*host.unprotect_response(wire).unwrap().data, *case.octets("plain_response"));
        // the DEK is the last of the five keys
        let keys = case.octets("session_keys");
        let dek = AesKey::new(&keys[3 * keys.len() / 4..]).unwrap();
        let mut blocks = [7; 32];
        dek.cbc_encrypt([0; 16], &mut blocks);
        assert_eq!(crate::DataEncryption::encrypt_key(&host, &[7; 32]).unwrap(), blocks);
        assert_eq!(*crate::DataEncryption::decrypt_key(&card, &blocks).unwrap(), [7; 32]);
    }
}

/// An attacker on the way of the certificates: nothing but the chain that the authority signed gets through.
#[test]
fn a_chain_that_the_authority_did_not_sign_is_refused() {
    for case in vectors(VECTORS).iter().filter(|case| variant_of(case) != Variant::B) {
        for index in 0..2 {
            let last = certificates(case)[index].len() - 1;
            for at in [last, last / 2, 40] {
                let spoil = |i: usize, sent: &mut Command| {
                    if i == index {
                        sent.data.as_mut_vec()[at] ^= 1;
                    }
                };
                assert!(chain_of(case, spoil).is_err(), "{}, {index}, octet {at}", case.name());
            }
        }
        let host_alone = |i: usize, sent: &mut Command| {
            if i == 0 {
                sent.data = certificates(case)[1].clone().into();
            }
        };
        assert_eq!(chain_of(case, host_alone), Err(Scp11Error::CertificateSignature));
        // The intermediate authority itself as host, and the host as an authority.
        let first_is_last = |_: usize, sent: &mut Command| sent.p2 &= 0x7F;
        assert!(matches!(chain_of(case, first_is_last), Err(Scp11Error::CertificateContent(_))));
        let last_is_not = |_: usize, sent: &mut Command| sent.p2 |= 0x80;
        assert!(matches!(chain_of(case, last_is_not), Err(Scp11Error::CertificateContent(_))));
        let other_key = |_: usize, sent: &mut Command| sent.p1 = 4;
        assert_eq!(chain_of(case, other_key), Err(Scp11Error::Reference { id: 0x10, kvn: 4 }));
        let unnamed = |_: usize, sent: &mut Command| (sent.p1, sent.p2) = (0, sent.p2 & 0x80);
        assert!(chain_of(case, unnamed).unwrap().is_some());
        let noise = |_: usize, sent: &mut Command| sent.data = [0x30, 0x80, 1].into();
        assert!(matches!(chain_of(case, noise), Err(Scp11Error::Certificate(_))));
    }
}

#[test]
fn a_host_out_of_the_list_or_without_certificate_is_refused() {
    let cases = vectors(VECTORS);
    let case = &cases[0];
    let private = scalar(case, "card_private");
    let sent = command(&case.octets("authenticate"));
    let ask = |id: u8, allowed: Option<&[Vec<u8>]>, host: Option<HostKey>, sent: &Command| {
        let key = CardKey { id, kvn: 3, private: &private, allowed };
        authenticate(sent, &key, host, &mut Seeded(1)).map(|(response, _)| response.data.len())
    };
    let host = || chain_of(case, |_, _| ()).unwrap();
    assert_eq!(ask(0x11, None, host(), &sent), Ok(3 + 65 + 18));
    assert_eq!(ask(0x11, Some(&[vec![0, 0, 0xC3, 0x5A]]), host(), &sent), Ok(3 + 65 + 18));
    assert_eq!(ask(0x11, Some(&[vec![0xC3, 0x5B]]), host(), &sent), Err(Scp11Error::NotAllowed));
    assert_eq!(ask(0x11, Some(&[]), host(), &sent), Err(Scp11Error::NotAllowed));
    assert_eq!(ask(0x11, None, None, &sent), Err(Scp11Error::NoCertificate));
    let reference = |id| Err(Scp11Error::Reference { id, kvn: 3 });
    assert_eq!(ask(0x15, None, host(), &sent), reference(0x11)); // a key of another variant
    assert_eq!(ask(0x13, None, None, &sent), reference(0x11));
    // MUTUAL AUTHENTICATE of c may not be answered with the key of a, whatever the parameters say.
    let mut of_c = sent.clone();
    of_c.data.as_mut_vec()[5] = 0x03;
    assert_eq!(ask(0x11, None, host(), &of_c), reference(0x11));
    for (at, value) in [(4, 0x03), (5, 0x05), (8, 0x10), (11, 0x80), (14, 0x11), (18, 0x03)] {
        let mut wrong = sent.clone();
        wrong.data.as_mut_vec()[at] = value;
        let sw = ask(0x11, None, host(), &wrong).map_err(Sw::from);
        assert_eq!(sw, Err(Sw::WRONG_DATA), "octet {at}");
    }
    assert_eq!(Sw::from(Scp11Error::NotAllowed), Sw(0x6982));
}

/// A card without the key answers something, and the host finds out before it sends anything under the new keys.
#[test]
fn a_card_without_the_key_is_found_out() {
    let cases = vectors(VECTORS);
    let case = cases.iter().find(|case| variant_of(case) == Variant::B).unwrap();
    let (right, wrong) = (scalar(case, "card_private"), scalar(case, "host_private"));
    for private in [&right, &wrong] {
        let mut send = |command: Command| {
            let key = CardKey { id: 0x13, kvn: 1, private, allowed: None };
            Ok::<_, Infallible>(authenticate(&command, &key, None, &mut Seeded(5)).unwrap().0)
        };
        let request = Request {
            variant: Variant::B,
            kvn: 0,
            card: &right.public(),
            identity: None,
            level: SecurityLevel::C_DECRYPTION,
            key_octets: 24,
        };
        let opened = open(&mut send, &request, &mut Seeded(6));
        match opened {
            Ok(host) => assert!(core::ptr::eq(private, &raw const right) && host.is_open()),
            Err(error) => assert!(matches!(error, TerminalError::Protocol(Scp11Error::Receipt))),
        }
        let without = Request { variant: Variant::A, ..request };
        let refused = open(&mut send, &without, &mut Seeded(6)).err();
        assert!(matches!(refused, Some(TerminalError::Protocol(Scp11Error::NoCertificate))));
        let without = Request { variant: Variant::B, level: SecurityLevel::AUTHENTICATED, ..without };
        let refused = open(&mut send, &without, &mut Seeded(6)).err();
        assert!(matches!(refused, Some(TerminalError::Protocol(Scp11Error::Unsupported(_)))));
    }
}

#[test]
fn a_point_off_the_curve_agrees_on_nothing() {
    let cases = vectors(VECTORS);
    let case = &cases[1];
    let private = scalar(case, "card_private");
    let key = CardKey { id: 0x13, kvn: 3, private: &private, allowed: None };
    let mut sent = command(&case.octets("authenticate"));
    *sent.data.as_mut_vec().last_mut().unwrap() ^= 1;
    let refused = authenticate(&sent, &key, None, &mut Seeded(1)).err();
    assert!(matches!(refused, Some(Scp11Error::Curve(CurveError::NotOnCurve(_)))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Every variant without certificates of its own, curve, key length and level, both roles.
    #[test]
    fn both_roles_agree(
        curve in proptest::sample::select(&[Curve::P256, Curve::P521, Curve::BrainpoolP384r1][..]),
        key_octets in proptest::sample::select(&[16u8, 24, 32][..]), usage in 0usize..4, data in any::<[u8; 40]>(),
    ) {
        let private = SecretScalar::generate(curve, &mut Seeded(1));
        let mut card = None;
        let mut send = |command: Command| {
            let key = CardKey { id: 0x13, kvn: 1, private: &private, allowed: None };
            let (response, session) = authenticate(&command, &key, None, &mut Seeded(2)).unwrap();
            card = Some(session);
            Ok::<_, Infallible>(response)
        };
        let level = USAGES[usage].1;
        let request =
            Request { variant: Variant::B, kvn: 1, card: &private.public(), identity: None, level, key_octets };
        let mut host = open(&mut send, &request, &mut Seeded(3)).unwrap();
        let mut card = card.unwrap();
        let plain = Command::globalplatform(0xE2, 1, 2).data(data);
        prop_assert_eq!(card.unprotect_command(host.protect_command(plain.clone())), Ok(plain));
        let wire = card.protect_response(Response::ok(data));
        prop_assert_eq!(host.unprotect_response(wire), Ok(Response::ok(data)));
        let replayed = Command::globalplatform(0xE2, 1, 2).class(Class(0x84)).data(data);
        prop_assert!(card.unprotect_command(replayed).is_err() && !card.is_open());
    }

    #[test]
    fn noise_is_refused(noise in proptest::collection::vec(any::<u8>(), 0..200)) {
        let private = SecretScalar::generate(Curve::P256, &mut Seeded(1));
        let point = private.public();
        let key = CardKey { id: 0x13, kvn: 1, private: &private, allowed: None };
        let sent = Command::globalplatform(0x88, 1, 0x13).data(noise.clone());
        prop_assert!(authenticate(&sent, &key, None, &mut Seeded(2)).is_err());
        let authority = Authority { id: 0x10, kvn: 1, point: &point };
        for start in [&[][..], &[0x7F, 0x21]] {
            let sent = Command::globalplatform(0x2A, 1, 0x10).data([start, &noise].concat());
            prop_assert!(perform_security_operation(None, &sent, &authority).is_err());
        }
    }
}
