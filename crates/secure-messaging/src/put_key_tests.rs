use super::*;
use crate::scp03::Dek;
use crate::testing::vectors;
use proptest::prelude::*;

fn key_set_of(octets: usize) -> KeySet {
    let key = |first: u8| (first..).take(octets).collect::<Vec<u8>>();
    KeySet::new(&key(0x10), &key(0x40), &key(0x70)).unwrap()
}

fn set(octets: usize) -> Vec<NewKey> {
    NewKey::of_set(&key_set_of(octets)).unwrap()
}

fn dek(octets: usize) -> Dek {
    key_set_of(octets).dek().unwrap()
}

/// The key set arrives whole on the card, and the host recognises the confirmation.
#[test]
fn key_sets_go_both_ways_for_every_length() {
    for current in [16, 24, 32] {
        for new in [16, 24, 32] {
            let (dek, new) = (dek(current), set(new));
            let sent = build(0x21, 0x30, &new, &dek).unwrap();
            assert_eq!(sent.header(), [0x80, 0xD8, 0x30, 0x81]);
            let (kvn, received) = parse(sent.p2, &sent.data, &dek).unwrap();
            assert_eq!((kvn, &received), (0x21, &new));
            let confirmed = confirmation(kvn, &received);
            assert_eq!(confirmed.len(), 10);
            check_confirmation(&confirmed, 0x21, &new).unwrap();
            assert_eq!(check_confirmation(&confirmed, 0x22, &new), Err(PutKeyError::Confirmation));
            // AES-192: 24 octets stand in two blocks, not in 216 octets
            let blocks = new[0].value.len().next_multiple_of(16);
            assert_eq!(sent.data.len(), 1 + 3 * (3 + blocks + 4));
            assert_eq!(key_set(&received).unwrap().keys(), key_set(&new).unwrap().keys());
        }
    }
}

#[test]
fn key_components_of_the_published_vectors() {
    for case in vectors(include_str!("../../../test-vectors/globalplatform/put_key.toml")) {
        let (dek, key) = (case.octets("dek"), case.octets("key"));
        let dek = KeySet::new(&dek, &dek, &dek).unwrap().dek().unwrap();
        let data = data_field(1, &[NewKey::new(1, KeyKind::Aes, &key).unwrap()], &dek).unwrap();
        assert_eq!(data[1..3], [0x88, 0x11]);
        assert_eq!(data[3..20], case.octets("component"), "{}", case.name());
    }
}

/// A key of each asymmetric kind, with the curve's reference behind it and without a check value.
#[test]
fn asymmetric_keys_go_both_ways() {
    let point = Point::generator(Curve::P256).encode();
    let mut scalar = [0; 32];
    scalar[31] = 7;
    let dek = dek(16);
    for (key, layout) in [
        (NewKey::new(0x10, KeyKind::EcPublic(Curve::P256), &point).unwrap(), &[0xB0, 0x41, 0x04][..]),
        (NewKey::new(0x11, KeyKind::EcPrivate(Curve::P256), &scalar).unwrap(), &[0xB1, 0x21, 0x20]),
        (NewKey::rsa_public(0x70, &[0xC1; 128], &[1, 0, 1]).unwrap(), &[0xA1, 0x81, 0x80, 0xC1]),
    ] {
        let sent = build(0x01, 0x00, core::slice::from_ref(&key), &dek).unwrap();
        assert_eq!(sent.p2, key.id);
        assert!(sent.data[1..].starts_with(layout), "{key:?}");
        assert_eq!(sent.data.last(), Some(&0));
        let (kvn, received) = parse(sent.p2, &sent.data, &dek).unwrap();
        assert_eq!((kvn, &received[..]), (1, core::slice::from_ref(&key)));
        assert_eq!(confirmation(kvn, &received), [1]);
        assert_eq!(KeyKind::from_code(key.kind.code(), key.kind.parameter()), Some(key.kind));
        assert_eq!(key_set(&received).err(), Some(PutKeyError::NoKeySet));
    }
    // 128 octets may be announced as 80 too, and a private key of whole blocks may come without its length.
    let mut short = vec![1, 0xA1, 0x80];
    short.extend([0xC1; 128]);
    short.extend([0xA0, 1, 3, 0]);
    assert_eq!(parse(0x70, &short, &dek).unwrap().1[0].rsa(), Some((&[0xC1; 128][..], &[3][..])));
    let bare = [&[1, 0xB1, 0x20][..], &dek.encrypt_key(&scalar).unwrap(), &[0xF0, 1, 0, 0]].concat();
    assert_eq!(*parse(0x11, &bare, &dek).unwrap().1[0].value, scalar);
}

#[test]
fn a_value_that_is_no_key_of_its_kind_is_refused() {
    let mut off = Point::generator(Curve::P256).encode();
    off[64] ^= 1;
    for (kind, value) in [
        (KeyKind::EcPublic(Curve::P256), &off[..]),
        (KeyKind::EcPrivate(Curve::P256), &[0; 32]),
        (KeyKind::EcPrivate(Curve::P256), &[1; 31]),
        (KeyKind::Aes, &[1; 20]),
        (KeyKind::TripleDes, &[1; 24]),
        (KeyKind::RsaPublic, &[0x81, 0, 0x82, 1, 3]),
    ] {
        assert_eq!(NewKey::new(9, kind, value).err(), Some(PutKeyError::Value(9)), "{kind:?}");
    }
    let dek = dek(16);
    let point = Point::generator(Curve::P256).encode();
    let field = |reference: u8| [&[1, 0xB0, 65][..], &point, &[0xF0, 1, reference, 0]].concat();
    assert!(parse(1, &field(0), &dek).is_ok());
    assert_eq!(parse(1, &field(9), &dek).err(), Some(PutKeyError::Curve(9)));
    assert_eq!(parse(1, &field(1), &dek).err(), Some(PutKeyError::Value(1))); // a point of another curve
    assert_eq!(parse(1, &[1, 0x90, 1, 1, 0], &dek).err(), Some(PutKeyError::KeyType(0x90)));
}

#[test]
fn the_extended_format_keeps_usage_and_access() {
    let dek = dek(32);
    let mut keys = set(32);
    for key in &mut keys {
        (key.usage, key.access) = (vec![0x18], vec![0x14]);
    }
    let sent = build(0x22, 0, &keys, &dek).unwrap();
    assert_eq!(sent.data[1..3], [0xFF, 0x88]);
    assert_eq!(parse(0x81, &sent.data, &dek).unwrap(), (0x22, keys));
}

#[test]
fn broken_data_fields_are_refused() {
    let dek = dek(16);
    let good = data_field(1, &set(16), &dek).unwrap();
    let refused = |octets: &[u8]| parse(0x81, octets, &dek).err();
    for length in 0..good.len() {
        // After one or two whole keys the rest is simply not there, which is no key set.
        let whole = (length - length.min(1)).is_multiple_of(23) && length > 1;
        assert_eq!(matches!(refused(&good[..length]), Some(PutKeyError::Data(_))), !whole, "{length}");
    }
    let change = |at: usize, value: u8| {
        let mut octets = good.clone();
        octets[at] = value;
        refused(&octets).unwrap()
    };
    assert!(matches!(change(0, 0x80), PutKeyError::Data(_)));
    assert_eq!(change(1, 0x90), PutKeyError::KeyType(0x90));
    assert!(matches!(change(3, 0x18), PutKeyError::Data(_)));
    assert!(matches!(change(20, 0x00), PutKeyError::Data(_)));
    assert_eq!(change(4, good[4] ^ 1), PutKeyError::KeyCheckValue(1));
    assert_eq!(change(44, good[44] ^ 1), PutKeyError::KeyCheckValue(2));
    assert!(matches!(refused(&[&good[..], &[0]].concat()), Some(PutKeyError::Data(_))));
    assert!(matches!(parse(0x01, &good, &dek), Err(PutKeyError::Data(_)))); // P2 says one key
    assert!(matches!(parse(0xFE, &good, &dek), Err(PutKeyError::Data(_)))); // identifiers 7E, 7F, 80
    let other = KeySet::new(&[9; 16], &[9; 16], &[9; 16]).unwrap().dek().unwrap();
    assert_eq!(parse(0x81, &good, &other).err(), Some(PutKeyError::KeyCheckValue(1)));
    assert_eq!(Sw::from(PutKeyError::KeyCheckValue(1)), Sw(0x6982));
    assert_eq!(Sw::from(PutKeyError::KeyType(1)), Sw(0x6A80));
    // Table 11-71: no length octet
    let mut bare = good;
    for field in [1, 24 - 1, 47 - 2] {
        bare[field + 1] = 0x10;
        bare.remove(field + 2);
    }
    assert_eq!(parse(0x81, &bare, &dek).unwrap().1, set(16));
}

#[test]
fn identifiers_with_gaps_are_not_built() {
    let mut keys = set(16);
    keys[2].id = 4;
    assert!(matches!(build(1, 0, &keys, &dek(16)), Err(PutKeyError::Data(_))));
    assert!(matches!(build(1, 0, &[], &dek(16)), Err(PutKeyError::Data(_))));
}

proptest! {
    #[test]
    fn noise_is_no_key(noise in proptest::collection::vec(any::<u8>(), 0..90), p2 in any::<u8>()) {
        prop_assert!(parse(p2, &noise, &dek(16)).is_err());
    }
}
