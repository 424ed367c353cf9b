//! The issuer's commands: what they do, what they refuse, and what the memory says after power was lost.

use bitaqa_apdu::{Command, Sw, ins, tlv};
use bitaqa_curves::{Curve, SecretScalar};
use bitaqa_secure_messaging::put_key::{KeyKind, NewKey};
use sha2::{Digest, Sha256};

use super::world::{
    APP, APP_MODULE, APP_PACKAGE, DOMAIN, ISD, Line, OTHER_APP, delete, des_keys, emrtd_parameters, get_data,
    get_status, install, install_app, keys, lv, rng, set_status, spec,
};
use crate::chip::{DOMAIN_MODULE, DOMAIN_PACKAGE, Quirks};

fn gp(ins: u8, p1: u8, p2: u8) -> Command {
    Command::globalplatform(ins, p1, p2)
}

fn aids(rows: &[u8]) -> Vec<Vec<u8>> {
    let rows = tlv::all(rows).unwrap();
    rows.iter().map(|row| tlv::find(row.value, 0x4F).unwrap().unwrap().to_vec()).collect()
}

#[test]
fn data_objects_of_the_issuers_domain() {
    let mut line = Line::opened();
    assert_eq!(line.ok(get_data(0x00E0))[..8], [0xE0, 18, 0xC0, 4, 1, 1, 0x88, 16]);
    assert_eq!(line.ok(get_data(0x00C1)), [0xC1, 3, 0, 0, 1], "one session was asked for");
    assert_eq!(line.ok(get_data(0x00CF))[2..], [7; 10]);
    assert!(line.ok(get_data(0x0066)).ends_with(&[0x04, 0x03, 0x70]));
    assert_eq!(line.ok(get_data(0x9F7F)).len(), 45);
    assert_eq!(line.sw(get_data(0x0045)), Sw::REFERENCE_NOT_FOUND);
    line.ok(gp(ins::STORE_DATA, 0x80, 0).data([0x45, 2, 0xAA, 0xBB]));
    let fields = [tlv::tlv(0x9F66, &[1; 8]), tlv::tlv(0x9F67, &[2; 8])].concat();
    line.ok(gp(ins::STORE_DATA, 0x90, 0).data(fields));
    line.ok(gp(ins::STORE_DATA, 0x88, 0).data([0x00, 0x42, 2, 5, 6]));
    line.power_cycle();
    line.open(ISD, 1, &keys(0x40));
    assert_eq!(line.ok(get_data(0x0045)), [0x45, 2, 0xAA, 0xBB]);
    assert_eq!(line.ok(get_data(0x0042)), [0x42, 2, 5, 6]);
    let cplc = line.ok(get_data(0x9F7F));
    assert_eq!((&cplc[3..29], &cplc[29..37], &cplc[37..]), (&[0x11; 26][..], &[1; 8][..], &[2; 8][..]));
    assert_eq!(tlv::only(&line.ok(get_data(0xFF21)), 0xFF21).unwrap()[..4], [0x81, 2, 0, 0]);
}

#[test]
fn blocks_of_store_data_come_in_order() {
    let mut line = Line::opened();
    line.ok(gp(ins::STORE_DATA, 0x10, 0).data([0x45, 1, 1]));
    line.ok(gp(ins::STORE_DATA, 0x10, 1).data([0x42, 1, 2]));
    assert_eq!(line.sw(gp(ins::STORE_DATA, 0x90, 3).data([0x42, 1, 3])), Sw::WRONG_P1P2);
    assert_eq!(line.sw(gp(ins::STORE_DATA, 0x90, 2).data([0x42, 1, 3])), Sw::WRONG_P1P2, "the sequence has ended");
    line.ok(gp(ins::STORE_DATA, 0x90, 0).data([0x42, 1, 4]));
    let secret = line.session.as_ref().unwrap().encrypt_sensitive(b"named");
    line.ok(gp(ins::STORE_DATA, 0xF0, 0).data(tlv::tlv(0x5F50, &secret)));
    assert_eq!(line.ok(get_data(0x5F50)), tlv::tlv(0x5F50, b"named"));
    for (p1, data, sw) in [
        (0x90, &[0x45, 5, 1][..], Sw::WRONG_DATA),
        (0x88, &[0, 0x42, 9, 1], Sw::WRONG_DATA),
        (0xF0, &[0x45, 1, 1], Sw::WRONG_DATA),
        (0xB0, &[0x45, 1, 1], Sw::WRONG_P1P2),
        (0x98, &[0x45, 1, 1], Sw::WRONG_P1P2),
        (0x90, &[0xE0, 1, 1], Sw::WRONG_DATA),
        (0x90, &[0x9F, 0x66, 1, 1], Sw::WRONG_DATA),
    ] {
        assert_eq!(line.sw(gp(ins::STORE_DATA, p1, 0).data(data)), sw, "{p1:02X} {data:02X?}");
    }
}

#[test]
fn instances_come_and_go() {
    let mut line = Line::opened();
    line.ok(install_app(APP));
    assert_eq!(line.sw(install_app(APP)), Sw::CONDITIONS_NOT_SATISFIED, "is there already");
    line.ok(install_app(OTHER_APP));
    let rows = line.ok(get_status(0x40, 2, &[0x4F, 0]));
    assert_eq!(aids(&rows), [APP, OTHER_APP]);
    assert_eq!(aids(&line.ok(get_status(0x40, 2, &[0x4F, 5, 0xA0, 0, 0, 2, 0x47])))[..], [APP, OTHER_APP]);
    assert_eq!(line.sw(get_status(0x40, 2, &[0x4F, 5, 0xA0, 0, 0, 2, 0x48])), Sw::REFERENCE_NOT_FOUND);
    line.ok(delete(APP, false));
    line.power_cycle();
    assert_eq!(line.select(APP), Sw::FILE_NOT_FOUND);
    assert_eq!(line.select(OTHER_APP), Sw::OK);
    line.open(ISD, 1, &keys(0x40));
    assert_eq!(line.sw(delete(APP, false)), Sw::REFERENCE_NOT_FOUND);
    line.ok(install_app(APP));
    line.ok(delete(APP, false));
    line.ok(delete(OTHER_APP, false));
    let left: usize = (1..=u8::MAX).map(|owner| line.card.nvm.keys(owner).count()).sum();
    assert_eq!(left, 0, "no cell of theirs is left for who gets their numbers next");
}

#[test]
fn an_instance_is_installed_first_and_made_selectable_later() {
    let mut line = Line::opened();
    let own = tlv::tlv(0xC9, &emrtd_parameters());
    line.ok(install(0x04, [APP_PACKAGE, APP_MODULE, APP, &[0], &own, &[]]));
    assert!(line.ok(get_status(0x40, 2, &[0x4F, 0])).windows(4).any(|octets| octets == [0x9F, 0x70, 1, 0x03]));
    line.session = None;
    assert_eq!(line.select(APP), Sw::FILE_NOT_FOUND);
    line.open(ISD, 1, &keys(0x40));
    assert_eq!(line.sw(set_status(0x40, 0x07, APP)), Sw::CONDITIONS_NOT_SATISFIED);
    line.ok(install(0x08, [&[], &[], APP, &[0x04], &[], &[]]));
    assert_eq!(line.sw(install(0x08, [&[], &[], APP, &[0], &[], &[]])), Sw::CONDITIONS_NOT_SATISFIED);
    line.power_cycle();
    assert_eq!(line.sw(get_data(0x00E0)), Sw::SECURITY_STATUS_NOT_SATISFIED, "selected by reset: Card Reset was given");
    line.open(ISD, 1, &keys(0x40));
    let second = install(0x0C, [APP_PACKAGE, APP_MODULE, OTHER_APP, &[0x04], &own, &[]]);
    assert_eq!(line.sw(second.clone()), Sw::CONDITIONS_NOT_SATISFIED, "one application only has it");
    line.ok(delete(APP, false));
    line.ok(second);
}

#[test]
fn long_parameters_come_in_parts() {
    let mut line = Line::opened();
    let data = install_app(APP).data.to_vec();
    for (number, part) in data.chunks(9).enumerate() {
        let more = if (number + 1) * 9 < data.len() { 0x80 } else { 0 };
        line.ok(gp(ins::INSTALL, 0x0C | more, 0).data(part).ne(256));
        assert_eq!(line.card.registry.named(APP).is_some(), more == 0, "part {number}");
    }
    line.ok(gp(ins::DELETE, 0x80, 0).data([0x4F]).ne(256));
    line.ok(gp(ins::DELETE, 0, 0).data(delete(APP, false).data.split_at(1).1).ne(256));
    // A command of another kind forgets what was begun.
    line.ok(gp(ins::INSTALL, 0x8C, 0).data(&data[..9]).ne(256));
    assert_eq!(line.sw(delete(APP, false)), Sw::REFERENCE_NOT_FOUND);
    assert_eq!(line.sw(gp(ins::INSTALL, 0x0C, 0).data(&data[9..]).ne(256)), Sw::WRONG_DATA);
}

#[test]
fn refused_installations_leave_nothing() {
    let own = tlv::tlv(0xC9, &emrtd_parameters());
    let mut line = Line::opened();
    let before = (line.card.info().used_bytes, line.ok(get_status(0x20, 2, &[0x4F, 0])));
    let form = |package: &'static [u8], module, aid, privileges| [package, module, aid, privileges, &own, &[]];
    for (p1, fields, sw) in [
        (0x0C, form(&[9; 5], APP_MODULE, APP, &[0]), Sw::REFERENCE_NOT_FOUND),
        (0x0C, form(APP_PACKAGE, &[9; 5], APP, &[0]), Sw::REFERENCE_NOT_FOUND),
        (0x0C, form(APP_PACKAGE, APP_MODULE, &[1; 4], &[0]), Sw::WRONG_DATA),
        (0x0C, form(APP_PACKAGE, APP_MODULE, ISD, &[0]), Sw::CONDITIONS_NOT_SATISFIED),
        (0x0C, form(APP_PACKAGE, APP_MODULE, APP_PACKAGE, &[0]), Sw::CONDITIONS_NOT_SATISFIED),
        (0x0C, form(APP_PACKAGE, APP_MODULE, APP, &[]), Sw::WRONG_DATA),
        (0x0C, form(APP_PACKAGE, APP_MODULE, APP, &[0x80]), Sw::WRONG_DATA),
        (0x0C, form(&DOMAIN_PACKAGE, &DOMAIN_MODULE, DOMAIN, &[0]), Sw::WRONG_DATA),
        (0x04, form(APP_PACKAGE, APP_MODULE, APP, &[0x04]), Sw::WRONG_DATA),
        (0x0C, [APP_PACKAGE, APP_MODULE, APP, &[0], &[0xC9, 2, 0x62, 9], &[]], Sw::WRONG_DATA),
        (0x0C, [APP_PACKAGE, APP_MODULE, APP, &[0], &own, &[1, 2]], Sw::WRONG_DATA),
        (0x0C, [APP_PACKAGE, APP_MODULE, APP, &[0], &[0xEF, 6, 0xD8, 4, 0, 1, 0, 0], &[]], Sw::NOT_ENOUGH_MEMORY),
        (0x20, [&[], &[], APP, &[], &[], &[]], Sw::REFERENCE_NOT_FOUND),
        (0x44, form(APP_PACKAGE, APP_MODULE, APP, &[0]), Sw::WRONG_P1P2),
    ] {
        assert_eq!(line.sw(install(p1, fields)), sw, "{p1:02X} {fields:02X?}");
    }
    assert_eq!((line.card.info().used_bytes, line.ok(get_status(0x20, 2, &[0x4F, 0]))), before);
    assert!(line.card.registry.entries().is_empty());
}

#[test]
fn a_selected_instance_and_a_file_in_use_are_not_deleted() {
    let mut line = Line::opened();
    line.ok(install_app(APP));
    line.ok(install_app(OTHER_APP));
    assert_eq!(line.sw(delete(APP_PACKAGE, false)), Sw::CONDITIONS_NOT_SATISFIED, "instances are left");
    line.session = None;
    let open = Command { class: bitaqa_apdu::Class(0), ..Command::new(ins::MANAGE_CHANNEL, 0, 1) };
    line.select(ISD);
    assert_eq!(line.plain(&open).sw, Sw::OK);
    let select = Command { class: bitaqa_apdu::Class(1), ..Command::new(ins::SELECT, 4, 0).data(APP).ne(256) };
    assert_eq!(line.plain(&select).sw, Sw::OK);
    line.open(ISD, 1, &keys(0x40));
    assert_eq!(line.sw(delete(APP, false)), Sw::CONDITIONS_NOT_SATISFIED, "selected on channel 1");
    assert_eq!(line.sw(delete(APP_PACKAGE, true)), Sw::CONDITIONS_NOT_SATISFIED);
    assert_eq!(line.card.registry.entries().len(), 2, "nothing of it happened");
    line.power_cycle();
    line.open(ISD, 1, &keys(0x40));
    line.ok(delete(APP_PACKAGE, true));
    assert!(line.card.registry.entries().is_empty());
    assert_eq!(line.sw(install_app(APP)), Sw::REFERENCE_NOT_FOUND, "its load file is gone");
}

pub(super) fn load_file(content: &[u8]) -> (Vec<u8>, Vec<u8>) {
    (tlv::tlv(0xC4, content), Sha256::digest(content).to_vec())
}

pub(super) fn native(module: &[u8], name: &[u8]) -> Vec<u8> {
    tlv::tlv(0xE4, &[tlv::tlv(0x84, module), tlv::tlv(0x92, name)].concat())
}

pub(super) fn for_load(p1: u8, p2: u8, aid: &[u8], hash: &[u8]) -> Command {
    gp(ins::INSTALL, p1, p2).data(lv(&[aid, &[], hash, &[], &[]])).ne(256)
}

pub(super) fn load(line: &mut Line, octets: &[u8], part: usize) -> Sw {
    let count = octets.chunks(part).count();
    let mut sw = Sw::OK;
    for (number, block) in octets.chunks(part).enumerate() {
        let last = if number + 1 == count { 0x80 } else { 0 };
        sw = line.sw(gp(ins::LOAD, last, u8::try_from(number).unwrap()).data(block).ne(256));
        if sw != Sw::OK {
            break;
        }
    }
    sw
}

#[test]
fn a_native_load_file_is_loaded_installed_from_and_deleted() {
    const FILE: &[u8] = &[0xF0, 1, 2, 3, 4];
    const MODULE: &[u8] = &[0xF0, 1, 2, 3, 4, 5];
    let (octets, hash) = load_file(&native(MODULE, b"emrtd"));
    let mut line = Line::opened();
    line.ok(for_load(0x02, 0, FILE, &hash));
    assert_eq!(load(&mut line, &octets, 7), Sw::OK);
    line.power_cycle();
    line.open(ISD, 1, &keys(0x40));
    let rows = line.ok(get_status(0x10, 2, &[0x4F, 5, 0xF0, 1, 2, 3, 4]));
    assert!(rows.windows(8).any(|octets| octets == [&[0x84, 6], MODULE].concat()));
    let own = tlv::tlv(0xC9, &emrtd_parameters());
    line.ok(install(0x0C, [FILE, MODULE, APP, &[0], &own, &[]]));
    assert_eq!(line.sw(for_load(0x02, 0, FILE, &hash)), Sw::CONDITIONS_NOT_SATISFIED, "is there already");
    line.ok(delete(FILE, true));
    assert_eq!(line.sw(get_status(0x20, 2, &[0x4F, 5, 0xF0, 1, 2, 3, 4])), Sw::REFERENCE_NOT_FOUND);
}

#[test]
fn load_files_that_are_none_are_refused() {
    const FILE: &[u8] = &[0xF0, 1, 2, 3, 4];
    let (octets, hash) = load_file(&native(&[1; 5], b"emrtd"));
    let cap = [1, 0, 0x13, 0xDE, 0xCA, 0xFF, 0xED, 1, 2, 4, 0, 1, 9, 0xA0, 0, 0, 0, 3, 0, 0, 1, 2];
    for (what, file, hash, sw) in [
        ("byte code", load_file(&cap).0, load_file(&cap).1, Sw::WRONG_DATA),
        ("an unknown module", load_file(&native(&[1; 5], b"else")).0, vec![], Sw::WRONG_DATA),
        ("no module", load_file(&[0xE4, 0]).0, vec![], Sw::WRONG_DATA),
        ("another hash", octets.clone(), vec![1; 32], Sw::WRONG_DATA),
        ("a hash of no length", octets.clone(), vec![1; 20], Sw::WRONG_DATA),
        ("octets behind it", [octets.clone(), vec![0]].concat(), vec![], Sw::WRONG_DATA),
        (
            "a signature of nobody",
            [vec![0xE2, 10, 0x4F, 5, 9, 9, 9, 9, 9, 0xC3, 1, 1], octets.clone()].concat(),
            hash.clone(),
            Sw::REFERENCE_NOT_FOUND,
        ),
    ] {
        let mut line = Line::opened();
        line.ok(for_load(0x02, 0, FILE, &hash));
        assert_eq!(load(&mut line, &file, 200), sw, "{what}");
        assert!(line.card.registry.load_file(FILE).is_none(), "{what}");
        assert_eq!(load(&mut line, &octets, 200), Sw::CONDITIONS_NOT_SATISFIED, "{what}: begin again");
    }
    let mut line = Line::opened();
    line.ok(for_load(0x02, 0, FILE, &hash));
    assert_eq!(line.sw(gp(ins::LOAD, 0, 1).data([1]).ne(256)), Sw::WRONG_P1P2, "a block out of order");
    assert_eq!(load(&mut line, &octets, 7), Sw::CONDITIONS_NOT_SATISFIED);
}

#[test]
fn load_install_and_make_selectable_happen_together_or_not_at_all() {
    const FILE: &[u8] = &[0xF0, 1, 2, 3, 4];
    const MODULE: &[u8] = &[0xF0, 1, 2, 3, 4, 5];
    let (octets, hash) = load_file(&native(MODULE, b"emrtd"));
    let own = tlv::tlv(0xC9, &emrtd_parameters());
    let last = |aid: &[u8]| gp(ins::INSTALL, 0x0E, 3).data(lv(&[FILE, MODULE, aid, &[0], &own, &[]])).ne(256);
    let mut line = Line::opened();
    line.ok(install_app(APP));
    line.ok(for_load(0x0E, 1, FILE, &hash));
    assert_eq!(line.sw(last(OTHER_APP)), Sw::CONDITIONS_NOT_SATISFIED, "nothing was loaded");
    line.ok(for_load(0x0E, 1, FILE, &hash));
    assert_eq!(load(&mut line, &octets, 10), Sw::OK);
    assert!(line.card.registry.load_file(FILE).is_none(), "not before the last command");
    assert_eq!(line.sw(last(APP)), Sw::CONDITIONS_NOT_SATISFIED, "this instance is there already");
    assert!(line.card.registry.load_file(FILE).is_none(), "and so the file is not there either");
    line.ok(for_load(0x0E, 1, FILE, &hash));
    assert_eq!(load(&mut line, &octets, 10), Sw::OK);
    line.ok(last(OTHER_APP));
    line.power_cycle();
    assert_eq!(line.select(OTHER_APP), Sw::OK);
}

#[test]
fn keys_of_every_kind_are_put_told_and_deleted() {
    let mut line = Line::opened();
    let point = SecretScalar::generate(Curve::P384, &mut rng(5)).public();
    let ec = NewKey::new(1, KeyKind::EcPublic(Curve::P384), &point.encode()).unwrap();
    let rsa = NewKey::rsa_public(1, &[0xC5; 128], &[1, 0, 1]).unwrap();
    assert_eq!(line.put_set(0, 2, &des_keys(0x50)).sw, Sw::OK);
    assert_eq!(line.put_keys(0, 0x70, &[ec]).sw, Sw::OK);
    assert_eq!(line.put_keys(0, 0x73, &[rsa]).sw, Sw::OK);
    let aes = NewKey::new(1, KeyKind::Aes, &[3; 32]).unwrap();
    assert_eq!(line.put_keys(0, 0x71, std::slice::from_ref(&aes)).data[0], 0x71);
    assert_eq!(line.put_keys(0, 0x71, std::slice::from_ref(&aes)).sw, Sw::WRONG_DATA, "is there already");
    assert_eq!(line.put_keys(0x71, 0x72, &[aes]).sw, Sw::OK, "and takes another version");
    let told = line.ok(get_data(0x00E0));
    let rows: Vec<Vec<u8>> =
        tlv::all(tlv::only(&told, 0xE0).unwrap()).unwrap().iter().map(|row| row.value.to_vec()).collect();
    assert_eq!(rows[3..6], [[1, 2, 0x80, 16], [2, 2, 0x80, 16], [3, 2, 0x80, 16]]);
    assert!(rows.contains(&vec![1, 0x70, 0xB0, 97, 0xF0, 1]) && rows.contains(&vec![1, 0x72, 0x88, 32]));
    assert!(rows.contains(&vec![1, 0x73, 0xA1, 128, 0xA0, 3]), "{rows:02X?}");
    line.open(ISD, 2, &des_keys(0x50));
    line.open(ISD, 1, &keys(0x40));
    for (data, sw) in [
        (&[0xD0, 1, 1, 0xD2, 1, 0x70][..], Sw::OK),
        (&[0xD0, 1, 1, 0xD2, 1, 0x70], Sw::REFERENCE_NOT_FOUND),
        (&[0xD2, 1, 2], Sw::OK),
        (&[0xD2, 1, 1], Sw::CONDITIONS_NOT_SATISFIED),
        (&[0xD0, 2, 1, 1], Sw::WRONG_DATA),
        (&[], Sw::WRONG_DATA),
    ] {
        assert_eq!(line.sw(gp(ins::DELETE, 0, 0).data(data).ne(256)), sw, "{data:02X?}");
    }
    assert_eq!(line.sw(gp(ins::PUT_KEY, 0x80, 0x81).data([9])), Sw::WRONG_P1P2);
    assert_eq!(line.sw(gp(ins::PUT_KEY, 0, 0x81).data([9, 0x88])), Sw::WRONG_DATA);
}

#[test]
fn get_status_comes_in_pages() {
    let mut line = Line::with(Quirks { status_page_bytes: 64, ..Quirks::default() });
    line.open(ISD, 1, &keys(0x40));
    let all: Vec<Vec<u8>> = (1..=9).map(|last| [&APP[..6], &[last]].concat()).collect();
    for aid in &all {
        line.ok(install_app(aid));
    }
    assert_eq!(line.sw(get_status(0x40, 3, &[0x4F, 0])), Sw::CONDITIONS_NOT_SATISFIED, "no first page");
    let (mut seen, mut p2, mut pages) = (Vec::new(), 2, 0);
    loop {
        let page = line.send(get_status(0x40, p2, &[0x4F, 0]));
        assert!(page.data.len() <= 64);
        seen.extend(aids(&page.data));
        (p2, pages) = (3, pages + 1);
        if page.sw == Sw::OK {
            break;
        }
        assert_eq!(page.sw, Sw::MORE_DATA);
    }
    assert_eq!((seen, pages > 3), (all, true));
    assert_eq!(line.sw(get_status(0x40, 3, &[0x4F, 0])), Sw::CONDITIONS_NOT_SATISFIED, "that was all");
    let told = line.ok(get_status(0x80, 2, &[0x4F, 0, 0x5C, 3, 0x4F, 0x9F, 0x70]));
    assert_eq!(told, tlv::tlv(0xE3, &[tlv::tlv(0x4F, ISD), tlv::tlv(0x9F70, &[1])].concat()));
    for (p1, p2, data, sw) in [
        (0x80, 3, &[0x4F, 0][..], Sw::WRONG_P1P2),
        (0x40, 0, &[0x4F, 0], Sw::WRONG_P1P2),
        (0x08, 2, &[0x4F, 0], Sw::WRONG_P1P2),
        (0x40, 2, &[], Sw::WRONG_DATA),
        (0x40, 2, &[0x4F, 9], Sw::WRONG_DATA),
    ] {
        assert_eq!(line.sw(get_status(p1, p2, data)), sw, "{p1:02X}{p2:02X} {data:02X?}");
    }
}

#[test]
fn select_finds_the_next_application_that_a_name_fits() {
    let mut line = Line::opened();
    line.ok(install_app(APP));
    line.ok(install_app(OTHER_APP));
    line.session = None;
    let select = |p2, name: &[u8]| Command::new(ins::SELECT, 4, p2).data(name).ne(256);
    assert_eq!(line.plain(&select(0, &[])).sw, Sw::OK, "no name: the issuer's domain");
    assert_eq!(line.sw(get_data(0x00E0)), Sw::OK);
    assert_eq!(line.plain(&select(0, &APP[..5])).sw, Sw::OK);
    assert_eq!(line.plain(&select(2, &APP[..5])).sw, Sw::OK);
    assert_eq!(line.plain(&select(2, &APP[..5])).sw, Sw::FILE_NOT_FOUND, "there are two of them");
    assert_eq!(line.plain(&select(1, &APP[..5])).sw, Sw::FUNCTION_NOT_SUPPORTED);
}

#[test]
fn failed_authentications_are_counted_and_lock_the_keys() {
    let quirks = Quirks { authentication_tries: 3, authentication_failure: Sw(0x6982), ..Quirks::default() };
    let mut line = Line::with(quirks);
    let wrong = |line: &mut Line| {
        line.select(ISD);
        let begun = line.plain(&gp(ins::INITIALIZE_UPDATE, 0, 0).data([1; 8]).ne(256)).sw;
        let close = Command { class: bitaqa_apdu::Class(0x84), ..gp(ins::EXTERNAL_AUTHENTICATE, 3, 0).data([2; 16]) };
        (begun, line.plain(&close).sw)
    };
    assert_eq!(wrong(&mut line), (Sw::OK, Sw(0x6982)));
    assert_eq!(wrong(&mut line), (Sw::OK, Sw(0x6982)));
    line.open(ISD, 1, &keys(0x40));
    line.session = None;
    for _ in 0..3 {
        assert_eq!(wrong(&mut line), (Sw::OK, Sw(0x6982)), "the right keys gave the tries back");
    }
    line.power_cycle();
    assert_eq!(wrong(&mut line).0, Sw::AUTHENTICATION_BLOCKED);
    assert!(line.try_open(ISD, 1, &keys(0x40)).is_err());
}

#[test]
fn quirks_show_as_the_profile_has_them() {
    let begin = |quirks, kvn| {
        let mut line = Line::with(quirks);
        line.plain(&gp(ins::INITIALIZE_UPDATE, kvn, 0).data([1; 8]).ne(256)).sw
    };
    assert_eq!(begin(Quirks::default(), 9), Sw::REFERENCE_NOT_FOUND);
    assert_eq!(begin(Quirks { unknown_key_version: Sw(0x6A86), ..Quirks::default() }, 9), Sw(0x6A86));
    let dgi = |quirks: Quirks, p1, data: &[u8]| {
        let mut line = Line::with(quirks);
        line.open(ISD, 1, &keys(0x40));
        line.ok(install_app(APP));
        match line.sw(install(0x20, [&[], &[], APP, &[], &[], &[]])) {
            Sw::OK => line.sw(gp(ins::STORE_DATA, p1, 0).data(data)),
            refused => refused,
        }
    };
    let tag = [&[0x8F, 0x01, 16][..], &[1; 16]].concat();
    assert_eq!(dgi(Quirks::default(), 0x80, &tag), Sw::OK, "no word on the format");
    assert_eq!(dgi(Quirks { dgi_flag_required: true, ..Quirks::default() }, 0x80, &tag), Sw::WRONG_P1P2);
    assert_eq!(dgi(Quirks { dgi_flag_required: true, ..Quirks::default() }, 0x88, &tag), Sw::OK);
    assert_eq!(dgi(Quirks { personalization: false, ..Quirks::default() }, 0x88, &tag), Sw::WRONG_P1P2);
    assert_eq!(dgi(Quirks::default(), 0x08, &tag[..9]), Sw::OK, "the rest follows");
    assert_eq!(dgi(Quirks { dgi_chaining: false, ..Quirks::default() }, 0x08, &tag[..9]), Sw::WRONG_DATA);
}

#[test]
fn scp02_counts_the_sessions_that_were_opened() {
    let mut line = Line::of(spec(des_keys(0x40), 0x03, 0x55, Quirks::default()));
    for count in 0..3u8 {
        line.select(ISD);
        line.plain(&gp(ins::INITIALIZE_UPDATE, 0, 0).data([1; 8]).ne(256));
        line.open(ISD, 1, &des_keys(0x40));
        assert_eq!(line.ok(get_data(0x00C1)), [0xC1, 2, 0, count + 1]);
    }
    assert!(line.ok(get_data(0x0066)).ends_with(&[0x04, 0x02, 0x55]));
    line.ok(install_app(APP));
    assert_eq!(line.put_set(1, 5, &des_keys(0x60)).sw, Sw::OK);
    line.power_cycle();
    line.open(ISD, 5, &des_keys(0x60));
    line.ok(delete(APP, false));
}
