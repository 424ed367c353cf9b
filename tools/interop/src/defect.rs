//! Deliberate faults of the card: what a judge is worth shows when the card is wrong. Each is one fault, between the
//! card and the wire or in the memory that the card is started with; none of it is in the product.

use bitaqa_apdu::{Atr, Bytes, Transport, TransportError};

use crate::desk::Desk;

/// A fault.
pub struct Defect {
    /// As on the command line.
    pub name: &'static str,
    /// What is wrong with the card, in words.
    pub what: &'static str,
    /// Programs that must turn red; of a fault that is none, those that must stay green.
    pub judges: &'static [&'static str],
    /// What becomes of an answer (data and status word); the command is given too.
    answer: fn(command: &[u8], answer: &mut Vec<u8>),
    /// What becomes of the memory before the card is served.
    memory: fn(&mut Vec<u8>),
}

/// All faults. The first is none: what serves faulty cards must not be what turns them red.
pub const ALL: &[Defect] = &[
    Defect {
        name: "none",
        what: "no fault, served as the faulty ones are",
        judges: FLIP_JUDGES,
        answer: |_, _| {},
        memory: |_| {},
    },
    Defect {
        name: "flipped-octet",
        what: "one octet in the middle of every answer of more than 64 octets has its lowest bit flipped",
        judges: FLIP_JUDGES,
        answer: |_, answer| flip(answer),
        memory: |_| {},
    },
    Defect {
        name: "wrong-signature",
        what: "every answer to INTERNAL AUTHENTICATE and PERFORM SECURITY OPERATION has its last data octet changed",
        judges: &["jmrtd-pcsc", "pkcs15-crypt", "pkcs11-tool", "pyscard", "cvc-create"],
        answer: |command, answer| spoil_signature(command, answer),
        memory: |_| {},
    },
    Defect {
        name: "any-pin",
        what: "a wrong PIN or PUK is answered as a right one is: 9000 for 63Cx",
        judges: &["pkcs15-tool", "pkcs11-tool"],
        answer: |command, answer| accept_any(command, answer),
        memory: |_| {},
    },
    Defect {
        name: "other-date",
        what: "the memory holds another date of birth in DG1 than the issuer signed",
        judges: &["jmrtd-pcsc", "pyscard", "openssl"],
        answer: |_, _| {},
        memory: |octets| change_mrz(octets),
    },
];

/// Whoever reads more than a few octets of a card.
const FLIP_JUDGES: &[&str] = &[
    "jmrtd-pcsc",
    "opensc-tool",
    "pkcs15-tool",
    "pkcs15-crypt",
    "pkcs11-tool",
    "pyscard",
    "yubikit",
    "scll",
    "openssl",
    "cvc-create",
];

/// The fault of this name.
///
/// # Errors
/// No such fault; names those that there are.
pub fn named(name: &str) -> Result<&'static Defect, String> {
    ALL.iter().find(|defect| defect.name == name).ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|defect| defect.name).collect();
        format!("--defect {name}: there are {}", names.join(", "))
    })
}

impl Defect {
    /// Whether it is the control: no fault at all.
    pub fn is_none(&self) -> bool {
        self.name == "none"
    }

    /// Changes the memory of the card on this desk, where the fault is one of memory.
    ///
    /// # Errors
    /// An image that cannot be read or written.
    pub fn damage(&self, desk: &Desk) -> Result<(), String> {
        let path = desk.image();
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        let mut octets = std::fs::read(&path).map_err(failed)?;
        let before = octets.clone();
        (self.memory)(&mut octets);
        if octets == before { Ok(()) } else { std::fs::write(&path, octets).map_err(failed) }
    }
}

/// A card behind a fault.
pub struct Faulty<'a, T> {
    card: &'a mut T,
    defect: Option<&'static Defect>,
}

impl<'a, T: Transport> Faulty<'a, T> {
    /// The card with this fault, or with none.
    pub fn new(card: &'a mut T, defect: Option<&'static Defect>) -> Self {
        Self { card, defect }
    }
}

impl<T: Transport> Transport for Faulty<'_, T> {
    fn reset(&mut self) -> Result<Atr, TransportError> {
        self.card.reset()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Bytes, TransportError> {
        let mut answer = self.card.transmit(command)?.into_vec();
        if let Some(defect) = self.defect {
            (defect.answer)(command, &mut answer);
        }
        Ok(answer.into())
    }
}

fn flip(answer: &mut [u8]) {
    let middle = answer.len() / 2;
    if answer.len() > 66
        && let Some(octet) = answer.get_mut(middle)
    {
        *octet ^= 1;
    }
}

fn spoil_signature(command: &[u8], answer: &mut [u8]) {
    let signs = matches!(command, [_, 0x88 | 0x2A, ..]);
    let data = answer.len().saturating_sub(2);
    if signs && let Some(octet) = data.checked_sub(1).and_then(|last| answer.get_mut(last)) {
        *octet ^= 1;
    }
}

/// A command without data asks for the tries left and shows no PIN.
fn accept_any(command: &[u8], answer: &mut [u8]) {
    if let [0x63, low] = answer
        && *low >= 0xC0
        && command.len() > 5
    {
        answer.copy_from_slice(&[0x90, 0x00]);
    }
}

/// DG1 of a TD1 document is 61 5D 5F1F 5A and 90 characters, the date of birth first in the second line. Its checksum
/// cell is not put right: that the card notices and serves all the same is decision 0005.
fn change_mrz(octets: &mut [u8]) {
    let header = [0x61, 0x5D, 0x5F, 0x1F, 0x5A];
    let start = octets.windows(header.len()).position(|window| window == header);
    let day = start.map(|start| start + header.len() + 30 + 5);
    if let Some(digit) = day.and_then(|at| octets.get_mut(at)) {
        *digit = if *digit == b'1' { b'2' } else { b'1' };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers every command with the same octets.
    struct Card(Vec<u8>);

    impl Transport for Card {
        fn reset(&mut self) -> Result<Atr, TransportError> {
            Ok(Atr(vec![0x3B, 0x00]))
        }

        fn transmit(&mut self, _: &[u8]) -> Result<Bytes, TransportError> {
            Ok(self.0.clone().into())
        }
    }

    fn answer(name: &str, command: &[u8], sound: &[u8]) -> Vec<u8> {
        let mut card = Card(sound.to_vec());
        Faulty::new(&mut card, Some(named(name).unwrap())).transmit(command).unwrap().into_vec()
    }

    #[test]
    fn each_fault_changes_what_it_says_and_nothing_else() {
        let (read, sign) = ([0x00, 0xB0, 0, 0, 0], [0x00, 0x88, 0, 0, 0]);
        let long = [&[7; 100][..], &[0x90, 0x00]].concat();
        let changed = |name, command: &[u8], sound: &[u8]| {
            let faulty = answer(name, command, sound);
            (0..sound.len()).filter(|at| faulty[*at] != sound[*at]).collect::<Vec<_>>()
        };
        assert_eq!(changed("none", &sign, &long), [0; 0]);
        assert_eq!(changed("flipped-octet", &read, &long), [51]);
        assert_eq!(changed("flipped-octet", &read, &[0x63, 0xC2]), [0; 0]);
        assert_eq!(changed("wrong-signature", &sign, &long), [99]);
        assert_eq!(changed("wrong-signature", &read, &long), [0; 0]);
        assert_eq!(changed("wrong-signature", &sign, &[0x69, 0x82]), [0; 0]);
        let verify = [0x00, 0x20, 0x00, 0x81, 0x02, 0x31, 0x32];
        assert_eq!(answer("any-pin", &verify, &[0x63, 0xC2]), [0x90, 0x00]);
        assert_eq!(answer("any-pin", &verify, &[0x69, 0x83]), [0x69, 0x83]);
        assert_eq!(answer("any-pin", &verify[..4], &[0x63, 0xC2]), [0x63, 0xC2]);
    }

    #[test]
    fn the_date_of_birth_is_changed_in_the_second_line_of_the_mrz() {
        let mut octets = [&[0; 10][..], &[0x61, 0x5D, 0x5F, 0x1F, 0x5A], &[b'1'; 90], &[0; 3]].concat();
        let before = octets.clone();
        change_mrz(&mut octets);
        let changed: Vec<usize> = (0..octets.len()).filter(|at| octets[*at] != before[*at]).collect();
        assert_eq!(changed, [10 + 5 + 35]);
    }
}
