//! SCP11 on a card: keys and allow list put by the issuer, then each variant with what its host may do.

use core::convert::Infallible;

use bitaqa_apdu::{Command, Response, Sw, Transport, ins, tlv};
use bitaqa_curves::{Curve, SecretScalar};
use bitaqa_secure_messaging::management::AuthorizationKey;
use bitaqa_secure_messaging::put_key::{KeyKind, NewKey};
use bitaqa_secure_messaging::scp03::SecurityLevel;
use bitaqa_secure_messaging::scp11::{self, HostIdentity, Request, Variant};

use super::world::{APP, DOMAIN, ISD, Line, get_data, install_app, keys, rng};

const KVN: u8 = 3;
const SERIAL: [u8; 3] = [0x0C, 0xE1, 0x01];

fn secret(seed: u64) -> SecretScalar {
    SecretScalar::generate(Curve::P256, &mut rng(seed))
}

/// A certificate in GlobalPlatform's own form (Amd F Table 6-12).
fn certificate(authority: &SecretScalar, host: &SecretScalar) -> Vec<u8> {
    let key = [tlv::tlv(0xB0, &host.public().encode()), tlv::tlv(0xF0, &[0])].concat();
    let fields = [
        tlv::tlv(0x93, &SERIAL),
        tlv::tlv(0x42, b"authority"),
        tlv::tlv(0x5F20, b"host"),
        tlv::tlv(0x95, &[0x00, 0x80]),
        tlv::tlv(0x5F24, &[0x20, 0x35, 0x12, 0x31]),
        tlv::tlv(0x7F49, &key),
    ];
    let signer = AuthorizationKey::new(KeyKind::EcPrivate(Curve::P256), &authority.to_bytes()).unwrap();
    let signature = signer.sign(&fields.concat()).unwrap();
    tlv::tlv(0x7F21, &[fields.concat(), tlv::tlv(0x5F37, &signature)].concat())
}

/// A card with a key for each variant and the authority that vouches for hosts.
fn card() -> Line {
    let mut line = Line::opened();
    let put = |line: &mut Line, id, kind, value: &[u8]| {
        assert_eq!(line.put_keys(0, KVN, &[NewKey::new(id, kind, value).unwrap()]).sw, Sw::OK);
    };
    for variant in Variant::ALL {
        put(&mut line, variant.key_id(), KeyKind::EcPrivate(Curve::P256), &secret(1).to_bytes());
    }
    put(&mut line, scp11::CA_KLOC_KEY_ID, KeyKind::EcPublic(Curve::P256), &secret(2).public().encode());
    line
}

/// Who the host is: his key, and the authority that signed his certificate.
fn open(line: &mut Line, variant: Variant, authority: &SecretScalar, host: &SecretScalar) -> Result<(), String> {
    line.session = None;
    let certificates = [certificate(authority, host)];
    let identity = HostIdentity { private: host, certificates: &certificates, authority: (0x10, KVN) };
    let request = Request {
        variant,
        kvn: KVN,
        card: &secret(1).public(),
        identity: variant.authenticates_host().then_some(identity),
        level: SecurityLevel::C_DECRYPTION_R_ENCRYPTION,
        key_octets: 16,
    };
    let card = &mut line.card;
    let mut send = |command: Command| -> Result<Response, Infallible> {
        Ok(Response::parse(&card.transmit(&command.encode().unwrap()).unwrap()).unwrap())
    };
    let session = scp11::open(&mut send, &request, &mut rng(9)).map_err(|error| error.to_string())?;
    line.session = Some(Box::new(session));
    Ok(())
}

#[test]
fn hosts_that_are_known_manage_and_a_host_that_is_not_does_not() {
    for variant in Variant::ALL {
        let mut line = card();
        line.select(ISD);
        open(&mut line, variant, &secret(2), &secret(4)).unwrap();
        assert_eq!(line.ok(get_data(0x00E0))[0], 0xE0, "{variant:?}: anybody may ask, protected");
        let installed = line.sw(install_app(APP));
        let expected = if variant.authenticates_host() { Sw::OK } else { Sw::SECURITY_STATUS_NOT_SATISFIED };
        assert_eq!(installed, expected, "{variant:?}");
        line.session = None;
        line.select(ISD);
        assert_eq!(line.sw(install_app(APP)), Sw::SECURITY_STATUS_NOT_SATISFIED, "{variant:?}: the session is over");
    }
}

#[test]
fn certificates_of_others_and_hosts_off_the_list_are_turned_away() {
    let mut line = card();
    line.select(ISD);
    assert!(open(&mut line, Variant::A, &secret(5), &secret(4)).is_err(), "another authority");
    let list = |serials: &[u8]| {
        let data = [tlv::tlv(0xA6, &[0x83, 2, 0x11, KVN]), tlv::tlv(0x70, serials)].concat();
        Command::globalplatform(ins::STORE_DATA, 0x90, 0).data(data)
    };
    for (serials, is_open) in [(tlv::tlv(0x93, &SERIAL), true), (tlv::tlv(0x93, &[9]), false), (vec![], false)] {
        line.open(ISD, 1, &keys(0x40));
        line.ok(list(&serials));
        line.session = None;
        line.select(ISD);
        assert_eq!(open(&mut line, Variant::A, &secret(2), &secret(4)).is_ok(), is_open, "{serials:02X?}");
        // The list is of one key: the others do not know it.
        assert!(open(&mut line, Variant::C, &secret(2), &secret(4)).is_ok());
    }
    line.power_cycle();
    line.select(ISD);
    assert!(open(&mut line, Variant::A, &secret(2), &secret(4)).is_err(), "the list lasts");
    assert!(open(&mut line, Variant::B, &secret(2), &secret(4)).is_ok());
}

#[test]
fn stages_come_in_order_and_end_with_anything_else() {
    let mut line = card();
    let prove = |line: &mut Line| {
        let data = certificate(&secret(2), &secret(4));
        line.plain(&Command::globalplatform(ins::PERFORM_SECURITY_OPERATION, KVN, 0x10).data(data)).sw
    };
    let mutual = |line: &mut Line| line.plain(&Command::globalplatform(0x82, KVN, 0x11).data([1; 8]).ne(256)).sw;
    line.session = None;
    line.select(ISD);
    let without = mutual(&mut line);
    assert!(without != Sw::OK);
    assert_eq!(prove(&mut line), Sw::OK);
    line.plain(&Command::globalplatform(ins::INITIALIZE_UPDATE, 0, 0).data([1; 8]).ne(256));
    assert_eq!(mutual(&mut line), without, "INITIALIZE UPDATE has dropped the certificate");
    let unknown = Command::globalplatform(ins::PERFORM_SECURITY_OPERATION, 9, 0x10).data([0x7F, 0x21, 0]);
    assert_eq!(line.plain(&unknown).sw, Sw::REFERENCE_NOT_FOUND);
    assert_eq!(line.plain(&Command::globalplatform(0x88, 9, 0x13).data([1; 8]).ne(256)).sw, Sw::REFERENCE_NOT_FOUND);
}

#[test]
fn certificates_of_a_key_are_stored_and_told_by_its_reference() {
    let mut line = card();
    let bundle = [[0x30, 3, 1, 2, 3].as_slice(), &[0x30, 2, 4, 5]].concat();
    let reference = tlv::tlv(0xA6, &[0x83, 2, 0x13, KVN]);
    let data = [reference.clone(), tlv::tlv(0xBF21, &bundle)].concat();
    line.ok(Command::globalplatform(ins::STORE_DATA, 0x90, 0).data(data));
    line.session = None;
    line.select(ISD);
    assert_eq!(line.ok(get_data(0xBF21).data(reference)), tlv::tlv(0xBF21, &bundle));
    let other = tlv::tlv(0xA6, &[0x83, 2, 0x11, KVN]);
    assert_eq!(line.sw(get_data(0xBF21).data(other)), Sw::REFERENCE_NOT_FOUND);
    assert_eq!(line.sw(get_data(0xBF21)), Sw::REFERENCE_NOT_FOUND);
    assert_eq!(line.sw(get_data(0xBF21).data([0xA6, 1, 0x83])), Sw::WRONG_DATA);
}

#[test]
fn a_domain_without_keys_of_its_own_is_opened_by_those_above_it() {
    let mut line = card();
    assert_eq!(line.new_domain(DOMAIN, [0x80, 0x40, 0]).sw, Sw::OK);
    line.select(DOMAIN);
    open(&mut line, Variant::A, &secret(2), &secret(4)).unwrap();
    assert_eq!(line.put_set(0, 0x20, &keys(0x60)).sw, Sw::OK);
    line.open(DOMAIN, 0x20, &keys(0x60));
}
