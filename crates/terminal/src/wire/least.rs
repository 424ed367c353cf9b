//! The least that a phase can cost: what has to be carried, and the fewest commands that carry it.

use crate::inspection::{Inspection, Verdict, steps};
use crate::session::Limits;

/// What a phase has to carry, and the fewest commands that do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Least {
    /// The phase, as a [`Meter`](super::Meter) names it.
    pub phase: String,
    /// Octets that must get there: contents, no headers, no protection, nothing of a protocol.
    pub payload_bytes: usize,
    /// Fewest commands.
    pub commands: usize,
}

/// Commands for so many octets where one carries `room` of them.
pub const fn least_commands(octets: usize, room: usize) -> usize {
    if octets == 0 || room == 0 { 1 } else { octets.div_ceil(room) }
}

/// Adds to a phase, at its end when it is new.
pub fn add(phases: &mut Vec<Least>, phase: &str, payload_bytes: usize, commands: usize) {
    match phases.iter_mut().find(|least| least.phase == phase) {
        Some(least) => {
            least.payload_bytes += payload_bytes;
            least.commands += commands;
        }
        None => phases.push(Least { phase: phase.to_owned(), payload_bytes, commands }),
    }
}

/// Data of one response under secure messaging with blocks of so many octets (8: 3DES, 16: AES), 9303-11 §9.8.4: DO 87
/// with its padding, DO 99, DO 8E.
pub const fn room_of_response(limits: Limits, block: usize) -> usize {
    const STATUS_AND_CHECKSUM: usize = 4 + 10;
    let header = if limits.ne_max > 256 { 5 } else { 4 };
    let room = (limits.ne_max as usize).saturating_sub(STATUS_AND_CHECKSUM + header);
    (room / block * block).saturating_sub(1)
}

/// The fewest commands for what an inspection has found under a session with blocks of so many octets: each file by its
/// short identifier without SELECT (9303-10 §3.6.3) in as many parts as it needs, the application once (9303-10
/// §3.6.1),
/// and the commands that the protocols are made of. `certificates` were shown in Terminal Authentication.
pub fn least_inspection(found: &Inspection, limits: Limits, block: usize, certificates: usize) -> Vec<Least> {
    let room = room_of_response(limits, block);
    let mut phases = Vec::new();
    for file in &found.files {
        let number = file.name.strip_prefix("DG").filter(|number| number.bytes().all(|octet| octet.is_ascii_digit()));
        let phase = if number.is_some() { format!("{} hash", file.name) } else { file.name.clone() };
        add(&mut phases, &phase, file.content.len(), least_commands(file.content.len(), room));
    }
    let protocols = [
        (steps::PACE, 5),                                       // MSE:Set AT and four steps, 9303-11 §4.4.4
        (steps::BAC, 2),                                        // 9303-11 §4.3.4
        (steps::APPLICATION, 1),                                // SELECT
        (steps::CHIP_AUTHENTICATION, 2),                        // MSE:Set AT, GENERAL AUTHENTICATE, 9303-11 §6.2.4
        (steps::TERMINAL_AUTHENTICATION, 2 * certificates + 3), // TR-03110-3 §B.4
        (steps::ACTIVE_AUTHENTICATION, 1),                      // 9303-11 §6.1
    ];
    for (step, commands) in protocols {
        if found.verdict(step) == Some(&Verdict::Passed) {
            add(&mut phases, step, 0, commands);
        }
    }
    phases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_by_hand() {
        // 256 - 14 - 4 = 238: 14 blocks of AES, 29 of 3DES, one octet of each is padding.
        assert_eq!((room_of_response(Limits::SHORT, 16), room_of_response(Limits::SHORT, 8)), (223, 231));
        assert_eq!(room_of_response(Limits::of_buffers(2048, 2048), 16), 2015);
        assert_eq!((least_commands(0, 9), least_commands(9, 9), least_commands(10, 9)), (1, 1, 2));
    }
}
