//! Tests of the comparison: fingers that never were, touched as skin is, from a seed.

extern crate std;

use super::*;

/// A generator of numbers, the same on every machine (Knuth's MMIX constants).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: i32) -> i32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i32::try_from((self.0 >> 33) % u64::from(limit.unsigned_abs())).unwrap()
    }

    /// Around 0, the sum of three.
    fn noise(&mut self, reach: i32) -> i32 {
        (0..3).map(|_| self.below(2 * reach + 1) - reach).sum::<i32>() / 2
    }
}

/// Set of up to 64 minutiae.
#[derive(Clone, Copy)]
struct Finger([Minutia; MINUTIAE_MAX], usize);

impl Finger {
    fn minutiae(&self) -> &[Minutia] {
        &self.0[..self.1]
    }

    fn push(&mut self, x: i32, y: i32, angle: i32, kind: i32) {
        let (Ok(x), Ok(y)) = (u8::try_from(x), u8::try_from(y)) else { return };
        if self.1 < MINUTIAE_MAX {
            self.0[self.1] = [x, y, u8::try_from(kind << 6 | angle.rem_euclid(64)).unwrap()];
            self.1 += 1;
        }
    }
}

/// Minutiae within 15 x 20 mm, no two closer than 1 mm; angles follow a flow, as ridges do.
fn finger(chance: &mut Chance, count: usize) -> Finger {
    let mut finger = Finger([[0; 3]; MINUTIAE_MAX], 0);
    let (flow, tilt) = (chance.below(64), chance.below(9) - 4);
    while finger.1 < count {
        let (x, y) = (50 + chance.below(150), 30 + chance.below(200));
        let apart = |one: &Minutia| (i32::from(one[0]) - x).pow(2) + (i32::from(one[1]) - y).pow(2) >= 100;
        if finger.minutiae().iter().all(apart) {
            // ridges run one way, minutiae on them the one way or the other
            let angle = flow + (x - 125) * tilt / 24 + chance.noise(4) + 32 * chance.below(2);
            let kind = 1 + chance.below(2);
            finger.push(x, y, angle, kind);
        }
    }
    finger
}

/// Another impression: turned, moved, stretched, a part lost, some found that are none.
fn touched(finger: &Finger, chance: &mut Chance) -> Finger {
    // turned by up to 8 degrees: sine and cosine to a thousandth, angles to a step
    let (sine, turn) = [(-139, 1), (-98, 1), (0, 0), (98, -1), (139, -1)][usize::try_from(chance.below(5)).unwrap()];
    let cosine = 1000 - sine * sine / 2000;
    let (right, down) = (chance.noise(20), chance.noise(20));
    let mut other = Finger([[0; 3]; MINUTIAE_MAX], 0);
    for [x, y, last] in finger.minutiae() {
        if chance.below(100) < 22 {
            continue;
        }
        let (x, y) = (i32::from(*x) - 125, i32::from(*y) - 130);
        let stretch = 1000 + chance.below(20);
        let along = (cosine * x - sine * y) / 1000 * stretch / 1000;
        let across = (sine * x + cosine * y) / 1000 * stretch / 1000;
        let kind = if chance.below(10) == 0 { 1 + chance.below(2) } else { i32::from(last >> 6) };
        let angle = i32::from(last & 0x3F) + turn + chance.noise(1);
        other.push(125 + along + right + chance.noise(3), 130 + across + down + chance.noise(3), angle, kind);
    }
    for _ in 0..chance.below(8) {
        let (x, y, angle) = (40 + chance.below(170), 20 + chance.below(220), chance.below(64));
        other.push(x, y, angle, 1);
    }
    other
}

/// Fingers that were not known again and strangers that were taken, out of so many: each is compared with another
/// impression of itself and with one of the next finger.
fn mistaken(fingers: usize, count: usize) -> (usize, usize) {
    let mut chance = Chance(7);
    let (mut refused, mut taken) = (0, 0);
    let (mut least, mut greatest, mut steps) = (u16::MAX, 0, 0);
    let mut before = finger(&mut chance, count);
    for _ in 0..fingers {
        let own = finger(&mut chance, count);
        let again = touched(&own, &mut chance);
        let same = compare(own.minutiae(), again.minutiae());
        let other = compare(before.minutiae(), again.minutiae());
        refused += usize::from(!same.is_match());
        taken += usize::from(other.is_match());
        (least, greatest, steps) = (least.min(same.score), greatest.max(other.score), steps.max(same.steps));
        before = own;
    }
    std::println!(
        "{count} minutiae, {fingers} fingers: {refused} refused, {taken} taken; least score of one finger \
        {least}, greatest of two {greatest}; {steps} steps at most of {STEPS_MAX}"
    );
    (refused, taken)
}

#[test]
fn fingers_are_told_apart() {
    for count in [30, 40, 60] {
        let (refused, taken) = mistaken(150, count);
        assert!(refused <= 3, "{count} minutiae: {refused} of 150 not known again");
        assert_eq!(taken, 0, "{count} minutiae: strangers taken");
    }
}

#[test]
fn a_set_is_itself_wherever_it_lies() {
    let own = finger(&mut Chance(3), 40);
    let itself = compare(own.minutiae(), own.minutiae());
    assert!(itself.score > 900 && itself.matched == 40, "{itself:?}");
    // a quarter of a turn counter-clockwise: (x, y) becomes (y, 250 - x), 16 steps more
    let mut turned = Finger([[0; 3]; MINUTIAE_MAX], 0);
    for [x, y, last] in own.minutiae() {
        turned.push((*y).into(), 250 - i32::from(*x), i32::from(last & 0x3F) + 16, i32::from(last >> 6));
    }
    let turned = compare(own.minutiae(), turned.minutiae());
    assert!(turned.score > 900 && turned.matched == 40, "{turned:?}");
    // the same in another order is the same
    let mut backwards = own;
    backwards.0[..own.1].reverse();
    assert!(compare(own.minutiae(), backwards.minutiae()).score > 900);
}

#[test]
fn nothing_matches_nothing_and_steps_are_bounded() {
    let own = finger(&mut Chance(3), 40);
    for probe in [&[][..], &own.minutiae()[..1], &own.minutiae()[..2], &[[9, 9, 9]; 64]] {
        assert!(!compare(own.minutiae(), probe).is_match(), "{} minutiae", probe.len());
        assert!(!compare(probe, own.minutiae()).is_match());
    }
    assert!(!compare(&[[9, 9, 9]; 64], &[[9, 9, 9]; 64]).is_match(), "64 times the same is no finger");
    let mut chance = Chance(1);
    for _ in 0..5 {
        let mut noise = || {
            let mut octet = || u8::try_from(chance.below(256)).unwrap();
            core::array::from_fn::<Minutia, 80, _>(|_| [octet(), octet(), octet()])
        };
        let (one, other) = (noise(), noise());
        let outcome = compare(&one, &other);
        assert!(outcome.steps <= STEPS_MAX && !outcome.is_match(), "{outcome:?}");
        // those behind the 64th do not count
        assert_eq!(outcome, compare(&one[..MINUTIAE_MAX], &other[..MINUTIAE_MAX]));
    }
}

#[test]
fn directions_go_round() {
    use crate::geometry::{difference, direction};
    for (x, y, expected) in [(9, 0, 0), (9, -9, 8), (0, -9, 16), (-9, 0, 32), (0, 9, 48), (9, 9, 56), (99, 1, 0)] {
        assert_eq!(direction(x, y), expected, "{x} {y}");
    }
    assert_eq!((difference(63, 1), difference(0, 32), difference(5, 5)), (2, 32, 0));
}
