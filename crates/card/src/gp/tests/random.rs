//! Whatever octets come, a card answers.

use bitaqa_apdu::{Command, Transport, ins};
use rand::{Rng, RngExt};

use super::world::{APP, DOMAIN, ISD, Line, install_app, keys, rng};

/// Commands that a session draws from, between random ones.
const INSTRUCTIONS: [u8; 26] = [
    ins::SELECT,
    ins::MANAGE_CHANNEL,
    ins::INITIALIZE_UPDATE,
    ins::EXTERNAL_AUTHENTICATE,
    ins::GET_DATA,
    ins::GET_STATUS,
    ins::SET_STATUS,
    ins::INSTALL,
    ins::LOAD,
    ins::DELETE,
    ins::PUT_KEY,
    ins::STORE_DATA,
    ins::GET_RESPONSE,
    ins::GET_CHALLENGE,
    ins::GENERAL_AUTHENTICATE,
    ins::INTERNAL_AUTHENTICATE,
    ins::MANAGE_SECURITY_ENVIRONMENT,
    ins::PERFORM_SECURITY_OPERATION,
    ins::READ_BINARY,
    ins::READ_BINARY_ODD,
    ins::RESET_RETRY_COUNTER,
    ins::GENERATE_ASYMMETRIC_KEY_PAIR,
    0x20,
    0x24,
    0xD6,
    0x00,
];

/// Octets that mean something to some command.
const PIECES: [&[u8]; 10] = [
    ISD,
    APP,
    DOMAIN,
    &[0x4F, 0],
    &[0x4F, 7, 0xA0, 0, 0, 2, 0x47, 0x10, 1],
    &[0xC9, 0],
    &[0x7F, 0x21, 0x03, 1, 2, 3],
    &[0xE2, 0x82, 0xFF, 0xFF],
    &[0, 0, 7, 0xA0, 0, 0, 2, 0x47, 0x10, 1, 0, 0, 0],
    &[0x83, 1, 3, 0x80, 10],
];

fn data(draw: &mut impl Rng) -> Vec<u8> {
    let mut data = Vec::new();
    for _ in 0..draw.random_range(0..3) {
        if draw.random() {
            data.extend_from_slice(PIECES[draw.random_range(0..PIECES.len())]);
        } else {
            let mut octets = vec![0; draw.random_range(0..24)];
            draw.fill_bytes(&mut octets);
            data.extend(octets);
        }
    }
    data
}

fn wire(draw: &mut impl Rng) -> Vec<u8> {
    if draw.random_ratio(1, 16) {
        let mut octets = vec![0; draw.random_range(0..12)];
        draw.fill_bytes(&mut octets);
        return octets;
    }
    let classes = [0x00, 0x80, 0x84, 0x0C, 0x10, 0x01, 0x81, 0x40, 0xC0, 0xE1];
    let mut octets = vec![classes[draw.random_range(0..classes.len())]];
    octets.push(INSTRUCTIONS[draw.random_range(0..INSTRUCTIONS.len())]);
    octets.extend([draw.random(), draw.random::<u8>() & draw.random::<u8>()]);
    let data = data(draw);
    if !data.is_empty() {
        octets.push(u8::try_from(data.len()).unwrap());
        octets.extend(data);
    }
    if draw.random() {
        octets.push(0);
    }
    octets
}

/// How many octets the card answered in all: something that no optimiser leaves out.
pub fn sessions(count: u64, seed: u64) -> usize {
    let mut draw = rng(seed);
    let mut answered = 0;
    let mut line = Line::opened();
    line.ok(install_app(APP));
    line.new_domain(DOMAIN, [0xA0, 0, 0]);
    for number in 0..count {
        // Half of the sessions are the issuer's, so that commands reach what stands behind the secure channel.
        line.card.reset().unwrap();
        line.session = None;
        if number % 2 == 0 && line.select(ISD).is_processed() && line.try_open(ISD, 1, &keys(0x40)).is_ok() {
            let command = Command::parse(&wire(&mut draw));
            if let (Ok(command), Some(session)) = (command, line.session.as_mut()) {
                let wire = session.protect_command(command);
                answered += wire.encode().map_or(0, |octets| line.card.transmit(&octets).unwrap().len());
            }
        }
        for _ in 0..draw.random_range(1..5) {
            let answer = line.card.transmit(&wire(&mut draw)).unwrap();
            assert!(answer.len() >= 2);
            answered += answer.len();
        }
        if line.card.life == crate::gp::life_cycle::CardLife::Terminated || line.card.info().used_bytes > 40_000 {
            line = Line::opened();
        }
    }
    answered
}

#[test]
fn a_million_random_sessions() {
    assert!(sessions(1_000_000, 12) > 1_000_000);
}
