//! Seconds that a link needs to carry counted octets: characters, frames and guard times of the two transmission
//! protocols at their shortest, no error, no waiting time extension, and a card that answers at once.

use super::{Apdu, PhaseCount};

/// A link between reader and card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Contacts with T=1: conversion factors and clock (7816-3 §7.1, §8.3).
    Contacts {
        /// Clock rate conversion factor Fi: 372, 512.
        fi: u16,
        /// Baud rate adjustment factor Di: 1, 12, 32, 64.
        di: u8,
        /// Clock in hertz.
        hertz: u32,
    },
    /// Contactless, type A, with T=CL: the same bit rate both ways (14443-3 §6.2, 14443-4 §5.2.4).
    Contactless {
        /// 106, 212, 424 or 848 kbit/s as the divider of the carrier: 128, 64, 32, 16.
        divider: u8,
    },
}

impl Link {
    /// The links of reports, slowest first of each kind: name, link.
    pub const REPORTED: [(&'static str, Self); 8] = [
        ("T=1 372/1, 4 MHz", Self::Contacts { fi: 372, di: 1, hertz: 4_000_000 }),
        ("T=1 372/12, 4 MHz", Self::Contacts { fi: 372, di: 12, hertz: 4_000_000 }),
        ("T=1 512/32, 5 MHz", Self::Contacts { fi: 512, di: 32, hertz: 5_000_000 }),
        ("T=1 512/64, 5 MHz", Self::Contacts { fi: 512, di: 64, hertz: 5_000_000 }),
        ("T=CL 106 kbit/s", Self::Contactless { divider: 128 }),
        ("T=CL 212 kbit/s", Self::Contactless { divider: 64 }),
        ("T=CL 424 kbit/s", Self::Contactless { divider: 32 }),
        ("T=CL 848 kbit/s", Self::Contactless { divider: 16 }),
    ];
}

/// Prologue of three octets and an LRC, 7816-3 §11.3.
const T1_FRAME: usize = 4;
/// Largest information field of a block either way, 7816-3 §11.4.2.
const T1_INFORMATION: usize = 254;
/// From one character to the next with N = 255: ten moments and one of guard time, 7816-3 §11.2.
const T1_CHARACTER_ETU: usize = 11;
/// From the last character of a block to the first one of the answer, 7816-3 §11.4.3.
const T1_BLOCK_GUARD_ETU: usize = 22;

/// PCB and two octets of CRC, without CID and NAD, 14443-4 §7.1.
const TCL_FRAME: usize = 3;
/// Information field in a frame of 256 octets, FSDI and FSCI 8, 14443-4 §5.1, §5.2.3.
const TCL_INFORMATION: usize = 256 - TCL_FRAME;
/// Eight bits and parity, 14443-3 §6.2.3.
const TCL_BITS_OF_OCTET: usize = 9;
/// Start and end of communication, 14443-3 §6.2.3.
const TCL_BITS_OF_FRAME: usize = 2;
/// Least delay between frames either way, in periods of the carrier, 14443-3 §6.2.1.
const TCL_DELAY_PERIODS: usize = 1172;
/// The carrier, 14443-2 §6.1.
const TCL_CARRIER_HERTZ: f64 = 13_560_000.0;

/// Seconds on the link for what a phase has sent and received.
pub fn predicted_seconds(phase: &PhaseCount, link: Link) -> f64 {
    phase.apdus.iter().map(|apdu| apdu_seconds(apdu, link)).sum()
}

fn apdu_seconds(apdu: &Apdu, link: Link) -> f64 {
    let ways = [apdu.sent_bytes, apdu.received_bytes];
    match link {
        Link::Contacts { fi, di, hertz } => {
            let etus: usize = ways.into_iter().map(contact_etus).sum();
            number(etus) * f64::from(fi) / (f64::from(di) * f64::from(hertz))
        }
        Link::Contactless { divider } => {
            let (bits, frames) =
                ways.into_iter().map(contactless_bits).fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
            let periods = bits * usize::from(divider) + frames * TCL_DELAY_PERIODS;
            number(periods) / TCL_CARRIER_HERTZ
        }
    }
}

/// Blocks that carry so many octets; all but the last are confirmed by a block without information (7816-3 §11.6.2,
/// 14443-4 §7.5.2).
const fn blocks(octets: usize, information: usize) -> (usize, usize) {
    let carrying = if octets == 0 { 1 } else { octets.div_ceil(information) };
    (carrying, carrying - 1)
}

fn contact_etus(octets: usize) -> usize {
    let (carrying, confirming) = blocks(octets, T1_INFORMATION);
    let all = carrying + confirming;
    let characters = octets + all * T1_FRAME;
    // The guard time runs from the leading edge of the last character and so stands in its place.
    (characters - all) * T1_CHARACTER_ETU + all * T1_BLOCK_GUARD_ETU
}

/// Bits and frames.
fn contactless_bits(octets: usize) -> (usize, usize) {
    let (carrying, confirming) = blocks(octets, TCL_INFORMATION);
    let all = carrying + confirming;
    ((octets + all * TCL_FRAME) * TCL_BITS_OF_OCTET + all * TCL_BITS_OF_FRAME, all)
}

/// Counts of one exchange are far below 2^32.
fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phase(sent_bytes: usize, received_bytes: usize) -> PhaseCount {
        let apdus = vec![Apdu { ins: 0, sent_bytes, received_bytes, extended: false }];
        PhaseCount { apdus, ..PhaseCount::default() }
    }

    #[test]
    fn one_short_exchange_by_hand() {
        // 5 + 4 and 2 + 4 characters: 8 and 5 steps of 11 etu, twice 22 etu of guard time.
        let etus = (8 + 5) * 11 + 2 * 22;
        let link = Link::Contacts { fi: 372, di: 1, hertz: 3_720_000 };
        assert!((predicted_seconds(&phase(5, 2), link) - f64::from(etus) * 1e-4).abs() < 1e-12);
        // 8 and 5 octets of 9 bits, two frames with their two bits and their delay.
        let periods = ((8 + 5) * 9 + 4) * 128 + 2 * 1172;
        let found = predicted_seconds(&phase(5, 2), Link::Contactless { divider: 128 });
        assert!((found - f64::from(periods) / 13_560_000.0).abs() < 1e-12);
    }

    #[test]
    fn chained_blocks_are_confirmed() {
        assert_eq!((blocks(254, 254), blocks(255, 254), blocks(0, 254)), ((1, 0), (2, 1), (1, 0)));
        // 255 octets: 254 + 1 in two blocks, one confirmation between them.
        assert_eq!(contact_etus(255), (255 + 12 - 3) * 11 + 3 * 22);
        assert_eq!(contactless_bits(254), ((254 + 9) * 9 + 6, 3));
    }

    #[test]
    fn faster_links_are_faster() {
        let phase = phase(8200, 12);
        for kind in [&Link::REPORTED[..4], &Link::REPORTED[4..]] {
            let seconds: Vec<f64> = kind.iter().map(|(_, link)| predicted_seconds(&phase, *link)).collect();
            assert!(seconds.windows(2).all(|pair| pair[0] > pair[1]), "{seconds:?}");
        }
    }
}
