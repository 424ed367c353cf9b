use super::*;
use bitaqa_apdu::Aid;
use der::asn1::ObjectIdentifier;
use proptest::prelude::*;
use std::process::Command;

fn password() -> Password {
    Password {
        label: "PIN".into(),
        id: 3,
        unblocked_by: Some(4),
        flags: PasswordFlags::LOCAL.and(PasswordFlags::INITIALIZED),
        digits_min: 6,
        digits_max: 8,
        reference: 0x83,
        padding: None,
    }
}

fn private_key(kind: KeyKind) -> PrivateKey {
    PrivateKey {
        label: "Signature".into(),
        id: 2,
        auth_id: 3,
        user_consent: Some(1),
        usage: KeyUsage::SIGN.and(KeyUsage::NON_REPUDIATION),
        access: KeyAccess::SENSITIVE.and(KeyAccess::LOCAL),
        reference: 2,
        algorithms: vec![1],
        kind,
    }
}

fn card_info() -> CardInfo {
    let curve = Some(ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"));
    let operations = Operations::COMPUTE_SIGNATURE;
    CardInfo {
        serial_number: vec![1, 2, 3, 4, 5, 6, 7, 8],
        manufacturer: "bitaqa".into(),
        label: "CNIE 2.0".into(),
        flags: CardFlags::READ_ONLY.and(CardFlags::AUTH_REQUIRED),
        algorithms: vec![
            AlgorithmInfo { reference: 1, mechanism: 0x1041, curve, operations, card_reference: Some(0x30) },
            AlgorithmInfo { reference: 2, mechanism: 1, curve: None, operations, card_reference: None },
        ],
    }
}

fn public_key(modulus_bits: Option<u16>) -> PublicKey {
    PublicKey { label: "Signature".into(), id: 2, usage: KeyUsage::VERIFY, reference: 2, fid: 0x4422, modulus_bits }
}

fn certificate(authority: bool) -> Certificate {
    Certificate { label: "Signature".into(), id: 2, authority, fid: 0x4412 }
}

/// Written out by hand from the ASN.1 of 7816-15 and PKCS #15.
#[test]
fn each_object_is_written_as_the_standard_has_it() {
    let entries = [ObjectDirectory { kind: DirectoryKind::Authentication, fid: 0x4401 }];
    assert_eq!(hex::encode(&*ObjectDirectory::encode_all(&entries).unwrap()), "a806300404024401");
    let aid = Aid::from_hex("A000000063504B43532D3135").unwrap();
    let application = ApplicationTemplate { aid, label: "eID".into() };
    let expected = "61134f0ca000000063504b43532d313550036549 44".replace(' ', "");
    assert_eq!(hex::encode(&*ApplicationTemplate::encode_all(&[application]).unwrap()), expected);
    let pin = Password::encode_all(&[password()]).unwrap();
    let parts = [
        "302b",
        "300c0c0350494e030206c0040104", // label, private and modifiable, unblocked by 4
        "3003040103",                   // authId
        "a116",                         // typeAttributes
        "3014030203480a0101020106020108020108800200 83",
    ];
    assert_eq!(hex::encode(&*pin), parts.concat().replace(' ', ""));
}

#[test]
fn everything_reads_back() {
    let pins = [password(), Password { unblocked_by: None, padding: Some(0xFF), ..password() }];
    assert_eq!(Password::decode_all(&Password::encode_all(&pins).unwrap()).unwrap(), pins);
    let without = PrivateKey { algorithms: vec![], user_consent: None, ..private_key(KeyKind::Ec(384)) };
    let keys = [private_key(KeyKind::Rsa(2048)), without];
    assert_eq!(PrivateKey::decode_all(&PrivateKey::encode_all(&keys).unwrap()).unwrap(), keys);
    let keys = [public_key(None), public_key(Some(3072))];
    assert_eq!(PublicKey::decode_all(&PublicKey::encode_all(&keys).unwrap()).unwrap(), keys);
    let certificates = [certificate(false), certificate(true)];
    assert_eq!(Certificate::decode_all(&Certificate::encode_all(&certificates).unwrap()).unwrap(), certificates);
    assert_eq!(CardInfo::decode(&card_info().encode().unwrap()).unwrap(), card_info());
    assert!(Password::decode_all(&[]).unwrap().is_empty());
}

/// Files of every kind, written.
fn files() -> Vec<Vec<u8>> {
    let kinds = [DirectoryKind::PrivateKeys, DirectoryKind::PublicKeys, DirectoryKind::Certificates];
    let entries = kinds.map(|kind| ObjectDirectory { kind, fid: 0x4402 });
    let keys = [private_key(KeyKind::Rsa(2048)), private_key(KeyKind::Ec(256))];
    [
        ObjectDirectory::encode_all(&entries),
        card_info().encode(),
        Password::encode_all(&[password(), password()]),
        PrivateKey::encode_all(&keys),
        PublicKey::encode_all(&[public_key(None), public_key(Some(2048))]),
        Certificate::encode_all(&[certificate(true), certificate(false)]),
    ]
    .map(|file| file.unwrap().to_vec())
    .to_vec()
}

/// What is accepted is written again the same, whichever kind it is taken for.
fn accepted_is_written_the_same(octets: &[u8]) {
    let again = [
        ObjectDirectory::decode_all(octets).and_then(|read| ObjectDirectory::encode_all(&read)),
        CardInfo::decode(octets).and_then(|read| read.encode()),
        Password::decode_all(octets).and_then(|read| Password::encode_all(&read)),
        PrivateKey::decode_all(octets).and_then(|read| PrivateKey::encode_all(&read)),
        PublicKey::decode_all(octets).and_then(|read| PublicKey::encode_all(&read)),
        Certificate::decode_all(octets).and_then(|read| Certificate::encode_all(&read)),
        ApplicationTemplate::decode_all(octets).and_then(|read| ApplicationTemplate::encode_all(&read)),
    ];
    for written in again.into_iter().flatten() {
        assert_eq!(&*written, octets);
    }
}

proptest! {
    #[test]
    fn a_changed_octet_is_refused_or_written_the_same(file in 0usize..6, at in 0usize..400, octet: u8) {
        let mut octets = files().swap_remove(file);
        let at = at % octets.len();
        octets[at] = octet;
        accepted_is_written_the_same(&octets);
    }

    #[test]
    fn no_octets_panic(octets in proptest::collection::vec(any::<u8>(), 0..100)) {
        accepted_is_written_the_same(&octets);
    }

    #[test]
    fn named_bits_go_both_ways(bits: u16) {
        let octets = Bits(bits).to_der().unwrap();
        prop_assert_eq!(Bits::from_der(&octets).unwrap(), Bits(bits));
        let last = octets.last().copied().unwrap();
        prop_assert!(bits == 0 && octets == [3, 1, 0] || last != 0, "{:02X?}", octets);
    }
}

/// OpenSSL reads each object and has the same tree of tags.
#[test]
fn openssl_parses_every_file() {
    for (file, words) in files().into_iter().zip([
        &["cont [ 0 ]", "cont [ 1 ]", "cont [ 4 ]"][..],
        &["UTF8STRING        :bitaqa", "BIT STRING", "OBJECT            :prime256v1"],
        &["UTF8STRING        :PIN", "ENUMERATED"],
        &["UTF8STRING        :Signature", "INTEGER           :0800"],
        &["OCTET STRING      :D\""],
        &["BOOLEAN           :255", "OCTET STRING      [HEX DUMP]:4412"],
    ]) {
        let mut child = Command::new("openssl")
            .args(["asn1parse", "-inform", "DER"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("openssl is installed");
        let length = file.len();
        // asn1parse wants one object: the objects of a file are put into a SEQUENCE
        let framed = bitaqa_apdu::tlv::tlv(0x30, &file);
        std::io::Write::write_all(child.stdin.as_mut().unwrap(), &framed).unwrap();
        let output = child.wait_with_output().unwrap();
        let tree = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && length > 0, "{tree}");
        for word in words {
            assert!(tree.contains(word), "{word}: {tree}");
        }
    }
}
