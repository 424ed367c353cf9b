//! Fingers and impressions, and that they are the same everywhere.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "places inside an image")]

use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use sha2::{Digest as _, Sha256};

use super::*;

fn grown(seed: u64) -> (Finger, ChaCha20Rng) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    (Finger::grow(&mut rng, Hand::Right), rng)
}

#[test]
fn a_finger_has_as_many_minutiae_as_fingers_have() {
    for seed in 3..5 {
        let (finger, mut rng) = grown(seed);
        let impression = finger.press(&mut rng, &Conditions::ENROLMENT).unwrap();
        println!("{seed}: {} of {}", impression.minutiae.len(), finger.minutiae().len());
        assert!((25..160).contains(&finger.minutiae().len()), "{seed}: {}", finger.minutiae().len());
        assert!(impression.minutiae.len() * 2 > finger.minutiae().len(), "{seed}");
        let kinds = finger.minutiae().iter().filter(|minutia| minutia.kind == Kind::Ending).count();
        assert!(kinds > 5 && finger.minutiae().len() - kinds > 5, "{seed}: {kinds} endings");
    }
}

/// Decides that a change of arithmetic does not go unnoticed, on this machine or another.
#[test]
fn a_seed_gives_the_same_octets_on_every_machine() {
    let (finger, mut rng) = grown(1);
    let first = finger.press(&mut rng, &Conditions::FIELD).unwrap();
    let second = finger.press(&mut rng, &Conditions::FIELD).unwrap();
    assert_ne!(first, second);
    let digest = Sha256::digest(first.image.samples());
    assert_eq!(hex::encode(&digest[..8]), "87e4512378a4fb85");
}

/// Under every true ending of an impression made without any disturbance a ridge begins: dark where its direction
/// leads, light on the other side. By chance it would be so for half of them.
#[test]
fn true_minutiae_lie_where_the_image_has_them() {
    let (finger, mut rng) = grown(2);
    let calm = Conditions { unevenness: 0.0, noise: 0.0, scratches_max: 0, ..Conditions::FIELD };
    let impression = finger.press(&mut rng, &calm).unwrap();
    let shade = |x: f32, y: f32| f32::from(impression.image.row(y.round() as u32)[x.round() as usize]);
    let endings: Vec<&Minutia> = impression.minutiae.iter().filter(|minutia| minutia.kind == Kind::Ending).collect();
    assert!(endings.len() > 8);
    let right = endings.iter().filter(|ending| {
        let (sine, cosine) = crate::elementary::sine_cosine(ending.direction);
        let along = |distance: f32| shade(ending.x + distance * cosine, ending.y - distance * sine);
        along(4.0) + 30.0 < along(-4.0)
    });
    let right = right.count();
    // some end so near to another ridge that it is dark on both sides
    assert!(right * 100 >= endings.len() * 75, "{right} of {}", endings.len());
}
