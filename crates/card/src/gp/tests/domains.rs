//! Security domains beside the issuer's: own keys, own content, and no way into what belongs to another.

use bitaqa_apdu::{Sw, tlv};

use super::world::{
    APP, APP_MODULE, APP_PACKAGE, DOMAIN, ISD, Line, OTHER_APP, OTHER_DOMAIN, delete, emrtd_parameters, get_data,
    get_status, install, install_app, keys, set_status,
};
use crate::chip::{DOMAIN_MODULE, DOMAIN_PACKAGE};

/// A card with a domain that has keys of its own, opened by it.
fn with_domain(privileges: [u8; 3]) -> Line {
    let mut line = Line::opened();
    assert_eq!(line.new_domain(DOMAIN, privileges).sw, Sw::OK);
    line.open(DOMAIN, 1, &keys(0x40)); // the issuer's keys, as long as it has none
    assert_eq!(line.put_set(0, 0x20, &keys(0x60)).sw, Sw::OK);
    line.open(DOMAIN, 0x20, &keys(0x60));
    line
}

/// Authorized Management of its own: the issuer trusts this domain with content.
const MANAGER: [u8; 3] = [0x80, 0x40, 0];

#[test]
fn a_domain_with_keys_answers_to_them_alone() {
    let mut line = with_domain([0x80, 0, 0]);
    assert_eq!(line.ok(get_data(0x00E0))[..8], [0xE0, 18, 0xC0, 4, 1, 0x20, 0x88, 16]);
    assert!(line.try_open(DOMAIN, 1, &keys(0x40)).is_err(), "the issuer's keys no longer open it");
    assert!(line.try_open(ISD, 0x20, &keys(0x60)).is_err(), "nor its keys the issuer's domain");
    line.open(ISD, 1, &keys(0x40));
    line.power_cycle();
    line.open(DOMAIN, 0x20, &keys(0x60));
}

#[test]
fn a_domain_without_management_changes_no_content() {
    let mut line = with_domain([0x80, 0, 0]);
    for command in [install_app(APP), delete(DOMAIN, false), delete(APP_PACKAGE, true)] {
        assert_eq!(line.sw(command), Sw::CONDITIONS_NOT_SATISFIED);
    }
    assert_eq!(line.sw(get_status(0x80, 2, &[0x4F, 0])), Sw::WRONG_P1P2, "the issuer's row is not its to see");
    assert_eq!(line.sw(set_status(0x80, 0x07, &[])), Sw::CONDITIONS_NOT_SATISFIED);
    assert_eq!(line.sw(set_status(0x80, 0xFF, &[])), Sw::CONDITIONS_NOT_SATISFIED);
}

#[test]
fn a_domain_sees_and_manages_what_lies_under_it() {
    let mut line = Line::opened();
    line.ok(install_app(APP));
    assert_eq!(line.new_domain(OTHER_DOMAIN, MANAGER).sw, Sw::OK);
    assert_eq!(line.new_domain(DOMAIN, MANAGER).sw, Sw::OK);
    line.open(DOMAIN, 1, &keys(0x40));
    assert_eq!(line.put_set(0, 0x20, &keys(0x60)).sw, Sw::OK);
    line.open(DOMAIN, 0x20, &keys(0x60));
    line.ok(install_app(OTHER_APP));
    let told = line.ok(get_status(0x40, 2, &[0x4F, 0]));
    let aids: Vec<&[u8]> =
        tlv::all(&told).unwrap().iter().map(|row| tlv::find(row.value, 0x4F).unwrap().unwrap()).collect();
    assert_eq!(aids, [DOMAIN, OTHER_APP], "not the issuer's application, not the other domain");
    for (name, command) in [
        ("lock of another's", set_status(0x40, 0x80, APP)),
        ("deletion of another's", delete(APP, false)),
        ("deletion of the other domain", delete(OTHER_DOMAIN, false)),
        ("deletion of the issuer's load file", delete(APP_PACKAGE, true)),
        ("personalisation of another's", install(0x20, [&[], &[], APP, &[], &[], &[]])),
        ("extradition of another's", install(0x10, [DOMAIN, &[], APP, &[], &[], &[]])),
        ("registry update of another's", install(0x40, [&[], &[], APP, &[0], &[], &[]])),
    ] {
        assert_eq!(line.sw(command), Sw::CONDITIONS_NOT_SATISFIED, "{name}");
    }
    line.ok(set_status(0x40, 0x80, OTHER_APP));
    line.ok(set_status(0x40, 0x00, OTHER_APP));
    line.ok(install(0x20, [&[], &[], OTHER_APP, &[], &[], &[]]));
    line.ok(delete(OTHER_APP, false));
    // The issuer reaches everything.
    line.ok(install_app(OTHER_APP));
    line.open(ISD, 1, &keys(0x40));
    assert_eq!(line.sw(delete(DOMAIN, false)), Sw::CONDITIONS_NOT_SATISFIED, "something lies under it");
    line.ok(delete(OTHER_APP, false));
    line.ok(delete(DOMAIN, false));
    assert_eq!(line.select(DOMAIN), Sw::FILE_NOT_FOUND);
}

#[test]
fn privileges_are_not_made_out_of_nothing() {
    let mut line = with_domain(MANAGER);
    let own = tlv::tlv(0xC9, &emrtd_parameters());
    for privileges in [[0x10, 0, 0], [0x08, 0, 0], [0x04, 0, 0], [0, 0x04, 0], [0, 0x10, 0], [0, 0x02, 0]] {
        let command = install(0x0C, [APP_PACKAGE, APP_MODULE, APP, &privileges, &own, &[]]);
        assert_eq!(line.sw(command), Sw::CONDITIONS_NOT_SATISFIED, "{privileges:02X?}");
    }
    let below = |privileges: [u8; 3]| {
        install(0x0C, [&DOMAIN_PACKAGE, &DOMAIN_MODULE, OTHER_DOMAIN, &privileges, &[0xC9, 0], &[]])
    };
    for privileges in [[0xA0, 0, 0], [0xC1, 0, 0], [0x80, 0x20, 0], [0x80, 0, 0x80]] {
        assert_eq!(line.sw(below(privileges)), Sw::CONDITIONS_NOT_SATISFIED, "{privileges:02X?}");
    }
    line.ok(below(MANAGER));
    line.ok(install_app(APP));
    assert_eq!(line.sw(install(0x40, [&[], &[], APP, &[0, 4, 0], &[], &[]])), Sw::CONDITIONS_NOT_SATISFIED);
    line.ok(install(0x40, [&[], &[], APP, &[0], &[], &[]]));
}

#[test]
fn quotas_hold_for_a_domain_and_all_under_it() {
    let mut line = Line::opened();
    let parameters = [0xC9, 0, 0xEF, 4, 0xC8, 2, 0x00, 0xE0];
    line.ok(install(0x0C, [&DOMAIN_PACKAGE, &DOMAIN_MODULE, DOMAIN, &MANAGER, &parameters, &[]]));
    line.power_cycle();
    line.open(DOMAIN, 1, &keys(0x40));
    let mut installed = 0;
    let refused = loop {
        let aid = [&DOMAIN[..6], &[installed]].concat();
        match line.sw(install_app(&aid)) {
            Sw::OK => installed += 1,
            sw => break sw,
        }
        assert!(installed < 100, "the quota never bites");
    };
    assert_eq!(refused, Sw::NOT_ENOUGH_MEMORY);
    assert!(installed >= 1);
    line.open(ISD, 1, &keys(0x40));
    line.ok(install_app(OTHER_APP)); // the issuer has room still
    line.open(DOMAIN, 1, &keys(0x40));
    line.ok(delete(&[&DOMAIN[..6], &[0]].concat(), false));
    line.ok(install_app(&[&DOMAIN[..6], &[0]].concat()));
}

#[test]
fn extradition_moves_an_application_and_keeps_the_tree_a_tree() {
    let mut line = with_domain(MANAGER);
    line.ok(install(0x0C, [&DOMAIN_PACKAGE, &DOMAIN_MODULE, OTHER_DOMAIN, &MANAGER, &[0xC9, 0], &[]]));
    line.ok(install_app(APP));
    line.ok(install(0x10, [OTHER_DOMAIN, &[], APP, &[], &[], &[]]));
    let domain_of = |line: &Line| {
        let entry = line.card.registry.named(APP).unwrap();
        line.card.aid_of(entry.domain).as_bytes().to_vec()
    };
    assert_eq!(domain_of(&line), OTHER_DOMAIN);
    line.power_cycle();
    assert_eq!(domain_of(&line), OTHER_DOMAIN);
    line.open(DOMAIN, 0x20, &keys(0x60));
    assert_eq!(line.sw(install(0x10, [OTHER_DOMAIN, &[], DOMAIN, &[], &[], &[]])), Sw::CONDITIONS_NOT_SATISFIED);
    assert_eq!(line.sw(install(0x10, [&[9; 5], &[], APP, &[], &[], &[]])), Sw::REFERENCE_NOT_FOUND);
    line.ok(install(0x10, [ISD, &[], APP, &[], &[], &[]]));
    assert_eq!(line.sw(delete(APP, false)), Sw::CONDITIONS_NOT_SATISFIED, "it is the issuer's now");
    line.open(ISD, 1, &keys(0x40));
    line.ok(install(0x10, [DOMAIN, &[], APP_PACKAGE, &[], &[], &[]]));
    assert_eq!(line.sw(install_app(OTHER_APP)), Sw::OK, "the issuer still sees the file under the other domain");
    line.ok(delete(OTHER_APP, false));
}

#[test]
fn locking_a_domain_locks_what_lies_under_it() {
    let mut line = with_domain(MANAGER);
    line.ok(install_app(APP));
    line.open(ISD, 1, &keys(0x40));
    line.ok(set_status(0x60, 0x80, DOMAIN));
    assert_eq!(line.sw(set_status(0x60, 0x80, DOMAIN)), Sw::OK, "locked already is no error");
    assert_eq!(line.select(APP), Sw::FILE_NOT_FOUND);
    assert_eq!(line.select(DOMAIN), Sw::FILE_NOT_FOUND);
    line.open(ISD, 1, &keys(0x40));
    assert_eq!(line.sw(install(0x10, [DOMAIN, &[], APP, &[], &[], &[]])), Sw::CONDITIONS_NOT_SATISFIED);
    line.ok(set_status(0x60, 0x00, DOMAIN));
    assert_eq!(line.select(APP), Sw::OK);
    line.open(ISD, 1, &keys(0x40));
    assert_eq!(line.sw(set_status(0x60, 0x80, APP)), Sw::REFERENCE_NOT_FOUND, "no domain");
    assert_eq!(line.sw(set_status(0x40, 0x80, &[9; 5])), Sw::REFERENCE_NOT_FOUND);
}
