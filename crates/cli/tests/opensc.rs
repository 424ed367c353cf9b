//! OpenSC before an eID: an unchanged program of others reads the files of ISO/IEC 7816-15 and signs with the PIN,
//! through pcscd and vpcd; OpenSSL verifies. Skipped, with a word that no harness swallows, where one is missing.

// Helpers of tests may panic like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::path::Path;

use bitaqa_apdu::application::{ApplicationKey, KeyAlgorithm, KeyUses, Parameters, ReferenceData};
use bitaqa_apdu::fcp::{FileControl, Place, dgi_of};
use bitaqa_apdu::install::{DataObject, Delay};
use bitaqa_apdu::public_key::CardPublicKey;
use bitaqa_apdu::{AccessRule, Aid, Bytes, dgi};
use bitaqa_card::nvm::medium::FileMedium;
use bitaqa_card::{Card, ChipSpec, Platform};
use bitaqa_cli::profile_source;
use bitaqa_curves::{Curve, Point};
use bitaqa_lds::cia::{
    AlgorithmInfo, ApplicationTemplate, CardFlags, CardInfo, DirectoryKind, KeyAccess, KeyKind, KeyUsage,
    ObjectDirectory, Operations, Password, PasswordFlags, PrivateKey, PublicKey,
};
use bitaqa_pki::rsa::RsaPublicKey;
use bitaqa_pki::spki;
use bitaqa_terminal::gp::{self, Installation, Size, Wanted};
use bitaqa_terminal::session::Session;
use bitaqa_terminal::trace::Totals;
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use rand_core::CryptoRng;

use crate::support::{Desk, Output, pcscd};

const EID: &[u8] = b"\xA0\x00\x00\x00\x63PKCS-15";
/// What reset leaves selected: it has EF.DIR and the data object 018D, as the eMRTD of a card with an eID has.
const ENTRANCE: &[u8] = &[0xF0, 0x42, 0x49, 0x54, 0x41, 0x51, 0x41, 0x02, 0x7F];
const PIN: &str = "123456";
const PUK: &str = "1234567890";

/// OpenSC's driver for cards that do what 7816-8 says, by the ATR of the profile.
const CONFIGURATION: &str = r#"app default {
    card_drivers = cardos, default;
    card_atr 3b:87:80:01:80:31:c0:73:d4:21:c0:31 { driver = "cardos"; type = 1010; name = "bitaqa eID"; }
}
"#;

/// The driver for cards that nobody knows, which distributions leave off.
const GENERIC: &str = "app default { enable_default_driver = true; card_drivers = default; }\n";

struct Seeded(ChaCha20Rng);

impl Platform for Seeded {
    fn rng(&mut self) -> &mut dyn CryptoRng {
        &mut self.0
    }

    fn wait(&mut self, _: u32) {}
}

fn file(fid: u16, sfi: u8, place: Place, read: &str) -> FileControl {
    FileControl { fid, sfi, size_max: 1000, read: AccessRule::parse(read).unwrap(), update: AccessRule::never(), place }
}

/// Three keys: RSA and P-256 while the PIN is shown, P-384 once a verification.
fn eid() -> Parameters {
    let key = |number, algorithm, once| ApplicationKey {
        number,
        algorithm,
        uses: KeyUses { authenticate: true, sign: true, chip_authentication: false },
        rule: AccessRule::parse("PIN[1]").unwrap(),
        once,
    };
    let pin = ReferenceData {
        number: 1,
        digits_min: 6,
        digits_max: 8,
        tries: 3,
        transport: false,
        unblocked_by: Some(2),
        pace_password: None,
        padding: Some(0xFF),
        rule: AccessRule::always(),
    };
    let puk = ReferenceData { number: 2, digits_min: 10, digits_max: 10, unblocked_by: None, ..pin.clone() };
    let application = [0x5031, 0x5032, 0x4401, 0x4402, 0x4403, 0x4411, 0x4412, 0x4413];
    let files = (1..).zip(application).map(|(sfi, fid)| file(fid, sfi, Place::Application, "ALWAYS"));
    Parameters {
        df: 0x5015,
        files: [file(0x2F00, 0x1E, Place::Mf, "ALWAYS")].into_iter().chain(files).collect(),
        references: vec![pin, puk],
        fingers: vec![],
        keys: vec![
            key(1, KeyAlgorithm::Rsa2048, false),
            key(2, KeyAlgorithm::P256, false),
            key(3, KeyAlgorithm::P384, true),
        ],
        objects: objects(),
        passwords: vec![],
        delay: Delay { first_ms: 1, factor: 2, max_ms: 2 },
    }
}

fn objects() -> Vec<DataObject> {
    vec![
        DataObject { number: 0x018D, value: vec![0x01, 0x06] },
        DataObject { number: 0x0181, value: vec![1, 2, 3, 4, 5, 6, 7, 8] },
    ]
}

fn entrance() -> Parameters {
    let files = vec![file(0x2F00, 0x1E, Place::Mf, "ALWAYS")];
    Parameters { df: 0x7F00, files, references: vec![], keys: vec![], ..eid() }
}

fn directory() -> Bytes {
    let label = "bitaqa eID".into();
    ApplicationTemplate::encode_all(&[ApplicationTemplate { aid: Aid::new(EID).unwrap(), label }]).unwrap()
}

fn card_info() -> Bytes {
    let algorithm = |reference, mechanism, card_reference| AlgorithmInfo {
        reference,
        mechanism,
        curve: None,
        operations: Operations::COMPUTE_SIGNATURE,
        card_reference: Some(card_reference),
    };
    let info = CardInfo {
        serial_number: vec![1, 2, 3, 4, 5, 6, 7, 8],
        manufacturer: "bitaqa".into(),
        label: "bitaqa eID".into(),
        flags: CardFlags::default(),
        algorithms: vec![algorithm(1, 0x0001, 0x10), algorithm(2, 0x1041, 0x30)],
    };
    info.encode().unwrap()
}

fn passwords() -> Bytes {
    let password = |label: &str, id, flags, (digits_min, digits_max), unblocked_by| Password {
        label: label.into(),
        id,
        unblocked_by,
        flags,
        digits_min,
        digits_max,
        reference: 0x80 | id,
        padding: Some(0xFF),
    };
    let flags = PasswordFlags::LOCAL.and(PasswordFlags::INITIALIZED).and(PasswordFlags::NEEDS_PADDING);
    let puk = flags.and(PasswordFlags::UNBLOCKING);
    Password::encode_all(&[password("PIN", 1, flags, (6, 8), Some(2)), password("PUK", 2, puk, (10, 10), None)])
        .unwrap()
}

/// EF.PrKD and EF.PuKD over three keys.
fn keys() -> (Bytes, Bytes) {
    let kinds = [(1, KeyKind::Rsa(2048)), (2, KeyKind::Ec(256)), (3, KeyKind::Ec(384))];
    let private = kinds.map(|(id, kind)| PrivateKey {
        label: format!("Key {id}"),
        id,
        auth_id: 1,
        user_consent: (id == 3).then_some(1),
        usage: KeyUsage::SIGN,
        access: KeyAccess::SENSITIVE.and(KeyAccess::NEVER_EXTRACTABLE),
        reference: id,
        // A list would leave PKCS #11 with the mechanisms in it: none that hashes.
        algorithms: vec![],
        kind,
    });
    let public = kinds.map(|(id, kind)| PublicKey {
        label: format!("Key {id}"),
        id,
        usage: KeyUsage::VERIFY,
        reference: id,
        fid: 0x4410 + u16::from(id),
        modulus_bits: if let KeyKind::Rsa(bits) = kind { Some(bits) } else { None },
    });
    (PrivateKey::encode_all(&private).unwrap(), PublicKey::encode_all(&public).unwrap())
}

/// SubjectPublicKeyInfo of a key that the card has made, and what its file holds: that, or RSAPublicKey.
fn public_key(key: &CardPublicKey, curve: Curve) -> (Vec<u8>, Vec<u8>) {
    match key {
        CardPublicKey::Rsa { modulus, exponent } => {
            let key = bitaqa_pki::PublicKey::Rsa(RsaPublicKey::new(modulus, exponent).unwrap());
            let whole = spki::encode_key(&key, spki::Form::Named).unwrap();
            // RSAPublicKey is the content of the BIT STRING, here behind a fixed header.
            (whole.clone(), whole[24..].to_vec())
        }
        other => {
            let point = Point::decode(curve, other.point().unwrap()).unwrap();
            let whole = spki::encode(&point, spki::Form::Named).unwrap();
            (whole.clone(), whole)
        }
    }
}

/// One instance, as the issuer makes it over its secure channel; the public keys by number.
fn install(card: &mut Card, aid: &[u8], privileges: u8, parameters: &Parameters) -> Vec<(u8, CardPublicKey)> {
    let profile = profile_source::load("lab-eid").unwrap();
    let (package, module) =
        (&profile.chip.load_files.application.package_aid, &profile.chip.load_files.application.module_aid);
    let instance = Aid::new(aid).unwrap();
    let trace = &mut Totals::default();
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let mut session = Session::open(card, trace).unwrap();
    let transport = ChipSpec::of_profile(&profile, &mut rng).unwrap();
    let keys = |_: &gp::Offer| Ok(bitaqa_secure_messaging::KeySet::clone(&transport.transport_keys));
    let mut open = |session: &mut Session<'_>| {
        let wanted = Wanted { kvn: 0, level: 0x33, size: Size::S8 };
        gp::open_secure_channel(session, wanted, &keys, &mut rng).unwrap();
    };
    gp::select(&mut session, &profile.chip.isd_aid).unwrap();
    open(&mut session);
    let installation =
        Installation { package, module, instance: &instance, privileges, parameters: &parameters.encode() };
    gp::install(&mut session, &installation).unwrap();
    gp::select(&mut session, &instance).unwrap();
    open(&mut session);
    let made: Vec<_> = parameters
        .keys
        .iter()
        .map(|key| (key.number, gp::generate_key_pair(&mut session, key.number).unwrap()))
        .collect();
    let (private, public) = self::keys();
    let store = |session: &mut Session<'_>, number, value: &[u8], secret| {
        gp::store_dgi(session, number, value, secret, &mut |_| {}).unwrap();
    };
    store(&mut session, dgi::ORDER_TAG, &[9; 16], false);
    for reference in &parameters.references {
        let value = if reference.number == 1 { PIN } else { PUK };
        store(&mut session, dgi::reference_data(reference.number), value.as_bytes(), true);
    }
    for file in &parameters.files {
        let content = match file.fid {
            0x2F00 => directory().to_vec(),
            0x5031 => object_directory().to_vec(),
            0x5032 => card_info().to_vec(),
            0x4401 => passwords().to_vec(),
            0x4402 => private.to_vec(),
            0x4403 => public.to_vec(),
            fid => {
                let (_, key) = &made[usize::from(fid - 0x4411)];
                public_key(key, if fid == 0x4412 { Curve::P256 } else { Curve::P384 }).1
            }
        };
        store(&mut session, dgi_of(file.fid, file.place), &content, false);
    }
    gp::select(&mut session, &profile.chip.isd_aid).unwrap();
    open(&mut session);
    gp::set_application_status(&mut session, &instance, 0x0F).unwrap();
    made
}

fn object_directory() -> Bytes {
    use DirectoryKind::{Authentication, PrivateKeys, PublicKeys};
    let entries = [(PrivateKeys, 0x4402), (PublicKeys, 0x4403), (Authentication, 0x4401)];
    ObjectDirectory::encode_all(&entries.map(|(kind, fid)| ObjectDirectory { kind, fid })).unwrap()
}

/// A card with the eID in `folder`/eid.image, the public keys beside it as key1.pub to key3.pub in DER.
fn make(folder: &Path) {
    let profile = profile_source::load("lab-eid").unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let spec = ChipSpec::of_profile(&profile, &mut rng).unwrap();
    let medium = FileMedium::create(&folder.join("eid.image")).unwrap();
    let mut card = Card::blank(spec, Box::new(medium), Box::new(Seeded(rng))).unwrap();
    install(&mut card, ENTRANCE, 0x04, &entrance());
    for (number, key) in install(&mut card, EID, 0x00, &eid()) {
        let (whole, _) = public_key(&key, if number == 2 { Curve::P256 } else { Curve::P384 });
        std::fs::write(folder.join(format!("key{number}.pub")), whole).unwrap();
    }
    card.put_away().unwrap();
    std::fs::write(folder.join("opensc.conf"), CONFIGURATION).unwrap();
    std::fs::write(folder.join("generic.conf"), GENERIC).unwrap();
    std::fs::write(folder.join("contract"), "what is signed\n").unwrap();
}

fn has_tools() -> bool {
    ["opensc-tool", "pkcs15-tool", "pkcs15-crypt", "pkcs11-tool", "openssl"].into_iter().all(pcscd::has)
}

/// Runs a script beside the card; `None` where this machine cannot.
fn with_eid(script: &str) -> Option<Output> {
    if !has_tools() {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    make(folder.path());
    pcscd::with_card(folder.path(), &folder.path().join("eid.image"), &format!("cd \"$D\"\n{script}"))
}

#[test]
fn the_default_driver_reads_everything() {
    let Some(output) = with_eid("OPENSC_CONF=$D/generic.conf pkcs15-tool --dump") else { return };
    let output = output.expect_code(0);
    for word in ["bitaqa eID", "PIN", "Key 1", "Key 2", "Key 3", "ModLength"] {
        assert!(output.stdout.contains(word), "{word}: {output:?}");
    }
}

#[test]
fn the_pin_signs_and_openssl_verifies() {
    let script = format!(
        r#"
export OPENSC_CONF="$D/opensc.conf"
pkcs15-tool --dump
openssl dgst -sha256 -binary contract >hash256; openssl dgst -sha384 -binary contract >hash384
for n in 1 2; do
    pkcs15-crypt --sign --key $n --pin {PIN} --sha-256 $([ $n = 1 ] && echo --pkcs1 || echo -f openssl) \
        -i hash256 -o signature$n
    openssl dgst -sha256 -verify key$n.pub -keyform DER -signature signature$n contract
done
pkcs15-crypt --sign --key 3 --pin {PIN} --sha-384 -f openssl -i hash384 -o signature3
openssl dgst -sha384 -verify key3.pub -keyform DER -signature signature3 contract
pkcs11-tool --login --pin {PIN} --sign --mechanism SHA256-RSA-PKCS --id 01 -i contract -o signature4
openssl dgst -sha256 -verify key1.pub -keyform DER -signature signature4 contract
pkcs11-tool --login --pin {PIN} --sign --mechanism ECDSA-SHA256 --signature-format openssl --id 02 \
    -i contract -o signature5
openssl dgst -sha256 -verify key2.pub -keyform DER -signature signature5 contract
! pkcs15-crypt --sign --key 1 --pin 999999 --sha-256 --pkcs1 -i hash256 -o signature6
[ ! -s signature6 ]
"#
    );
    let Some(output) = with_eid(&script) else { return };
    let output = output.expect_code(0);
    assert_eq!(output.stdout.matches("Verified OK").count(), 5, "{output:?}");
}

/// What a line issues, in its holder's hands: the transport PINs are changed, then both keys sign, and what verifies is
/// the certificate on the card, under the CA of the issuer.
#[test]
fn the_holder_of_an_issued_eid_signs() {
    if !has_tools() {
        return;
    }
    let desk = Desk::for_profile("lab-eid");
    desk.personalise(&["--profile", "lab-eid"]).expect_code(0);
    let printed: serde_json::Value = serde_json::from_slice(&std::fs::read(desk.print_data()).unwrap()).unwrap();
    let change = |number: u8, new: &str| {
        let pins = printed["eid"].as_array().unwrap();
        let value = pins.iter().find(|pin| pin["number"] == number).unwrap()["value"].as_str().unwrap();
        let fill = |value: &str| value.bytes().chain(std::iter::repeat(0xFF)).take(8).collect::<Vec<u8>>();
        format!("0024008{number}10{}", hex::encode([fill(value), fill(new)].concat()))
    };
    std::fs::write(desk.path("opensc.conf"), CONFIGURATION).unwrap();
    std::fs::write(desk.path("contract"), "what is signed\n").unwrap();
    let script = format!(
        r#"
cd "$D"; export OPENSC_CONF="$D/opensc.conf"
opensc-tool -s 00A4040C0CA000000063504B43532D3135 -s {first} -s {second}
pkcs15-tool --dump
openssl x509 -inform DER -in pki/eid/ca.cer -out ca.pem
for n in 01 02; do
    pkcs15-tool --read-certificate $n >certificate$n.pem
    openssl verify -partial_chain -no_check_time -CAfile ca.pem certificate$n.pem
    openssl x509 -in certificate$n.pem -noout -pubkey >key$n.pem
done
openssl dgst -sha384 -binary contract >hash384
pkcs11-tool --login --pin 246810 --sign --mechanism SHA256-RSA-PKCS --id 01 -i contract -o signature01
openssl dgst -sha256 -verify key01.pem -signature signature01 contract
pkcs15-crypt --sign --key 02 --pin 13579135 --sha-384 -f openssl -i hash384 -o signature02
openssl dgst -sha384 -verify key02.pem -signature signature02 contract
"#,
        first = change(1, "246810"),
        second = change(2, "13579135"),
    );
    let Some(output) = pcscd::with_card(&desk.path(""), &desk.image(), &script) else { return };
    let output = output.expect_code(0);
    assert_eq!(output.stdout.matches("Received (SW1=0x90, SW2=0x00)").count(), 3, "{output:?}");
    assert_eq!(output.stdout.matches("pem: OK").count(), 2, "{output:?}");
    assert_eq!(output.stdout.matches("Verified OK").count(), 2, "{output:?}");
}
