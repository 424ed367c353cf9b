//! Commands of the card manager against power cuts: each is one write beside the counters, so that the card is as
//! before it or as after it.

use bitaqa_apdu::{Command, Sw, ins, tlv};

use super::world::{APP, DOMAIN, ISD, Line, OTHER_APP, delete, install_app, keys, set_status};
use crate::Card;
use crate::chip::Quirks;
use crate::gp::tests::world::{platform, spec};
use crate::nvm::medium::MemoryMedium;
use crate::nvm::tear::{Swept, Tape, sweep};

/// A run of the issuer on a fresh card, recorded from the moment the channel stands.
fn recorded(prepare: impl FnOnce(&mut Line), run: impl FnOnce(&mut Line)) -> Tape {
    let tape = Tape::default();
    let mut line = Line::new();
    line.card = Card::blank(spec(keys(0x40), 3, 0x70, Quirks::default()), Box::new(tape.clone()), platform(1)).unwrap();
    line.open(ISD, 1, &keys(0x40));
    prepare(&mut line);
    tape.begin();
    run(&mut line);
    tape
}

fn swept(name: &str, tape: &Tape) -> Swept {
    let swept = sweep(tape).unwrap_or_else(|error| panic!("{name}: {error}"));
    // The card itself comes up after each cut, not its memory alone.
    for write in 0..swept.writes {
        for phase in [crate::nvm::medium::Phase::Before, crate::nvm::medium::Phase::Torn] {
            for image in tape.torn(crate::nvm::tear::TearAt { write, phase }) {
                Card::load(Box::new(MemoryMedium::with(image)), platform(2)).unwrap();
            }
        }
    }
    println!("{name}: {} writes, {} power-ons, 0 other states", swept.writes, swept.power_ons);
    swept
}

#[test]
fn a_snapshot_brings_back_what_no_chip_would() {
    let mut line = Line::opened();
    line.ok(install_app(APP));
    let snapshot = line.card.snapshot();
    line.ok(delete(APP, false));
    assert_eq!(line.put_set(1, 0x30, &keys(0x50)).sw, Sw::OK);
    line.card.restore(&snapshot).unwrap();
    line.session = None;
    assert_eq!(line.select(APP), Sw::OK);
    line.open(ISD, 1, &keys(0x40));
    assert!(line.card.restore(b"no image").is_err());
    let mut empty = crate::nvm::Nvm::format(Box::new(MemoryMedium::default()), 4096).unwrap().snapshot();
    assert!(line.card.restore(&empty).is_err(), "an image of no card");
    empty.clear();
    line.ok(delete(APP, false)); // the card and its session are as before
}

#[test]
fn put_key_is_one_write() {
    let tape = recorded(|_| {}, |line| assert_eq!(line.put_set(1, 0x30, &keys(0x50)).sw, Sw::OK));
    assert_eq!(swept("PUT KEY", &tape).writes, 1);
}

#[test]
fn install_and_delete_are_one_write_each() {
    let tape = recorded(
        |line| drop(line.ok(install_app(OTHER_APP))),
        |line| {
            line.ok(install_app(APP));
            line.ok(delete(APP, false));
            assert_eq!(line.new_domain(DOMAIN, [0xA0, 0, 0]).sw, Sw::OK);
            line.ok(delete(DOMAIN, false));
            line.ok(delete(super::world::APP_PACKAGE, true));
        },
    );
    assert_eq!(swept("INSTALL and DELETE", &tape).writes, 5);
}

#[test]
fn changes_of_state_and_data_are_one_write_each() {
    let objects = [tlv::tlv(0x45, &[1; 5]), tlv::tlv(0x42, &[2; 5])].concat();
    let tape = recorded(
        |line| {
            line.ok(install_app(APP));
            assert_eq!(line.new_domain(DOMAIN, [0x80, 0x40, 0]).sw, Sw::OK);
        },
        |line| {
            line.ok(Command::globalplatform(ins::STORE_DATA, 0x90, 0).data(objects));
            line.ok(set_status(0x80, 0x07, &[]));
            line.ok(super::world::install(0x10, [DOMAIN, &[], APP, &[], &[], &[]]));
            line.ok(set_status(0x60, 0x80, DOMAIN));
            line.ok(set_status(0x60, 0x00, DOMAIN));
        },
    );
    assert_eq!(swept("STORE DATA, SET STATUS, extradition", &tape).writes, 5);
}

#[test]
fn counters_never_go_back() {
    // Whatever is cut, the sequence counter of a chip that was asked once is not zero again.
    let tape = Tape::default();
    let mut line = Line::new();
    line.card = Card::blank(spec(keys(0x40), 3, 0x70, Quirks::default()), Box::new(tape.clone()), platform(1)).unwrap();
    tape.begin();
    for _ in 0..5 {
        line.open(ISD, 1, &keys(0x40));
    }
    let mut last = 0;
    for write in 0..tape.writes() {
        let at = crate::nvm::tear::TearAt { write, phase: crate::nvm::medium::Phase::After };
        let card = Card::load(Box::new(MemoryMedium::with(tape.torn(at).concat())), platform(2)).unwrap();
        let now = crate::gp::keys::sequence(&card.nvm, 0, 1);
        assert!(now > last, "{now} after {last}");
        last = now;
    }
    assert_eq!((last, swept("INITIALIZE UPDATE", &tape).writes), (5, 5));
}
