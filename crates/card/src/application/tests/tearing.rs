//! Power cuts while reference data change: the old value or the new one, and no try comes back.

use super::fingers::{show, touched, with_fingers};
use super::world::*;
use crate::emrtd::tests::world::{Line, can, platform};
use crate::nvm::medium::{MemoryMedium, Phase};
use crate::nvm::tear::{Swept, Tape, TearAt, sweep};
use crate::{Card, Platform};
use bitaqa_apdu::application::Parameters;
use bitaqa_apdu::{Sw, Transport};

fn loaded(image: Vec<u8>, platform: Box<dyn Platform>) -> Line {
    let mut card = Card::load(Box::new(MemoryMedium::with(image)), platform).unwrap();
    card.reset().unwrap();
    let mut line = Line::with(card, 4);
    assert_eq!(select(&mut line, EID), Sw::OK);
    line
}

/// A run of the holder, recorded; then, for each cut, what `check` sees of the card.
fn recorded(run: impl FnOnce(&mut Line), check: impl FnMut(TearAt, &mut Line)) -> Swept {
    recorded_with(&eid("ALWAYS"), run, check)
}

fn recorded_with(
    parameters: &Parameters,
    run: impl FnOnce(&mut Line),
    mut check: impl FnMut(TearAt, &mut Line),
) -> Swept {
    let medium = MemoryMedium::default();
    drop(card_of(&[(EID, parameters)], medium.clone()));
    let tape = Tape::with(medium.octets());
    let mut line = Line::with(Card::load(Box::new(tape.clone()), platform(7)).unwrap(), 9);
    assert_eq!(select(&mut line, EID), Sw::OK);
    tape.begin();
    run(&mut line);
    let swept = sweep(&tape).unwrap();
    for write in 0..swept.writes {
        for phase in [Phase::Before, Phase::Torn, Phase::After] {
            for image in tape.torn(TearAt { write, phase }) {
                check(TearAt { write, phase }, &mut loaded(image, platform(8)));
            }
        }
    }
    swept
}

#[test]
fn a_change_of_pin_is_the_old_pin_or_the_new_one() {
    let new = b"777777";
    let (mut old_ones, mut new_ones) = (0, 0);
    let swept = recorded(
        |line| assert_eq!(change(line, 1, PIN.as_bytes(), new), Sw::OK),
        |at, line| {
            let old = verify(line, 1, PIN.as_bytes()) == Sw::OK;
            let fresh = !old && verify(line, 1, new) == Sw::OK;
            assert!(old || fresh, "{at:?}: neither opens");
            old_ones += usize::from(old);
            new_ones += usize::from(fresh);
        },
    );
    println!("PIN change: {} writes, {} power-ons, 0 other states", swept.writes, swept.power_ons);
    assert!(old_ones > 0 && new_ones > 0 && old_ones + new_ones == swept.power_ons);
}

#[test]
fn a_wrong_pin_costs_its_try_whenever_power_goes() {
    let swept = recorded(
        |line| assert_eq!(verify(line, 1, b"999999"), Sw::tries_left(2)),
        |at, line| {
            let left = told(line, 1).0;
            // Before the write nothing was compared yet, so nothing has been learned for nothing.
            let expected = if (at.write, at.phase) == (0, Phase::After) || at.write > 0 { 2 } else { 3 };
            assert_eq!(left, expected, "{at:?}");
        },
    );
    assert_eq!(swept.writes, 1);
}

#[test]
fn another_finger_costs_its_try_whenever_power_goes() {
    let mut seen = Vec::new();
    let swept = recorded_with(
        &with_fingers(),
        |line| {
            assert!(line.pace(&can()));
            assert_eq!(select(line, EID), Sw::OK);
            assert_eq!(show(line, 5, &touched(6)), Sw::tries_left(2));
        },
        |at, line| seen.push((at, told(line, 5).0)),
    );
    // The try is the last write of the run, and nothing is compared before it.
    let counted = |at: &TearAt| at.write + 1 == swept.writes && at.phase == Phase::After;
    for (at, left) in &seen {
        assert_eq!(*left, if counted(at) { 2 } else { 3 }, "{at:?}");
    }
    assert!(seen.iter().any(|(at, _)| counted(at)));
}

#[test]
fn unblocking_is_done_or_not_and_the_puk_pays_first() {
    let new = b"888888";
    let swept = recorded(
        |line| {
            for _ in 0..3 {
                verify(line, 1, b"999999");
            }
            assert_eq!(reset(line, 0, 1, &[PUK.as_bytes(), new].concat()), Sw::OK);
        },
        |at, line| {
            let (pin, puk) = (told(line, 1), told(line, 2));
            assert!(pin.0 <= 3 && puk.0 <= 5, "{at:?}");
            match pin.0 {
                0 => assert_eq!(verify(line, 1, PIN.as_bytes()), Sw::AUTHENTICATION_BLOCKED),
                _ => assert!(
                    verify(line, 1, PIN.as_bytes()) == Sw::OK || verify(line, 1, new) == Sw::OK,
                    "{at:?}: a PIN with tries that nothing opens"
                ),
            }
        },
    );
    println!("PIN unblocked: {} writes, {} power-ons, 0 other states", swept.writes, swept.power_ons);
    assert!(swept.writes >= 5);
}
