//! A sealed card under commands that nobody planned, and an order over short length fields only.

// Helpers of tests may panic like tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::OnceLock;

use crate::line::{Line, SeededPlatform, Waits};
use crate::support::Desk;
use bitaqa_apdu::{Bytes, Command, Response, Sw, Transport};
use bitaqa_card::nvm::medium::MemoryMedium;
use bitaqa_card::{Card, ChipSpec};
use bitaqa_perso::journal::MemoryJournal;
use bitaqa_perso::plan;
use bitaqa_secure_messaging::pace::Password;
use bitaqa_terminal::inspection;
use bitaqa_terminal::trace::Totals;
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;

/// A sealed card: its image and the content of the files that are closed without PACE.
fn sealed() -> &'static (Vec<u8>, Vec<Vec<u8>>) {
    static MADE: OnceLock<(Vec<u8>, Vec<Vec<u8>>)> = OnceLock::new();
    MADE.get_or_init(|| {
        let line = Line::of(&Desk::new());
        let medium = MemoryMedium::default();
        let mut card = line.blank(Box::new(medium.clone()), &Waits::default());
        let receipt = line.order(&mut card, &mut MemoryJournal::default(), 1).unwrap();
        let closed = receipt.report.inspection.files.iter().filter(|file| file.name != "EF.CardAccess");
        (medium.octets(), closed.map(|file| file.content.to_vec()).collect())
    })
}

fn card_again() -> Card {
    let medium = MemoryMedium::with(sealed().0.clone());
    Card::load(Box::new(medium), Box::new(SeededPlatform::new(5, &Waits::default()))).unwrap()
}

/// Commands as a curious or broken reader sends them: known instructions with any parameters, or plain noise.
fn any_command() -> impl Strategy<Value = Vec<u8>> {
    let ins = prop::sample::select(vec![
        0x22u8, 0x2A, 0x47, 0x50, 0x82, 0x84, 0x86, 0xA4, 0xB0, 0xB1, 0xC0, 0xCA, 0xD6, 0xD8, 0xE2, 0xE6, 0xF0, 0xF2,
    ]);
    let class = prop::sample::select(vec![0x00u8, 0x0C, 0x10, 0x80, 0x84]);
    let data = prop_oneof![
        Just(vec![]),
        Just(vec![0xA0, 0, 0, 2, 0x47, 0x10, 1]),
        Just(vec![0xA0, 0, 0, 1, 0x51, 0, 0, 0]),
        Just(vec![0x01, 0x01]),
        Just(vec![0x54, 0x02, 0x00, 0x00]),
        Just(vec![0x83, 0x01, 0x02]),
        proptest::collection::vec(any::<u8>(), 0..40),
    ];
    let planned = (class, ins, any::<[u8; 2]>(), data, any::<bool>()).prop_map(|(class, ins, [p1, p2], data, le)| {
        let mut octets = vec![class, ins, p1, p2];
        if !data.is_empty() {
            octets.push(u8::try_from(data.len()).unwrap());
        }
        octets.extend(data);
        if le {
            octets.push(0);
        }
        octets
    });
    prop_oneof![8 => planned, 1 => proptest::collection::vec(any::<u8>(), 0..20)]
}

fn holds(answer: &[u8], closed: &[Vec<u8>]) -> bool {
    let shows = |content: &Vec<u8>| content.windows(10).any(|part| answer.windows(10).any(|window| window == part));
    answer.len() >= 10 && closed.iter().filter(|content| content.len() < 2000).any(shows)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn no_order_of_commands_opens_a_closed_file(commands in proptest::collection::vec(any_command(), 1..40)) {
        let mut card = card_again();
        card.reset().unwrap();
        for command in commands {
            let answer = card.transmit(&command).unwrap();
            prop_assert!(answer.len() >= 2);
            prop_assert!(!holds(&answer, &sealed().1), "{command:02X?} -> {} octets", answer.len());
        }
    }
}

/// A reader between terminal and card that passes no extended length on.
struct ShortOnly(Card, usize);

impl Transport for ShortOnly {
    fn reset(&mut self) -> Result<bitaqa_apdu::Atr, bitaqa_apdu::TransportError> {
        self.0.reset()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Bytes, bitaqa_apdu::TransportError> {
        let parsed = Command::parse(command).unwrap();
        assert!(!parsed.needs_extended(), "an extended command to a card that does not announce it");
        let answer = self.0.transmit(command)?;
        assert!(answer.len() <= 258, "more than 256 octets of data in a short response");
        self.1 += 1;
        Ok(answer)
    }
}

#[test]
fn a_card_without_extended_length_is_issued_and_inspected() {
    let line = Line::of(&Desk::new());
    let mut spec = ChipSpec::of_profile(&line.profile, &mut ChaCha20Rng::seed_from_u64(3)).unwrap();
    spec.configuration.atr = vec![0x3B, 0x80, 0x80, 0x01, 0x01];
    let platform = Box::new(SeededPlatform::new(5, &Waits::default()));
    let card = Card::blank(spec, Box::new(MemoryMedium::default()), platform).unwrap();
    let mut reader = ShortOnly(card, 0);
    line.order(&mut reader, &mut MemoryJournal::default(), 1).unwrap();
    assert!(reader.1 > 400, "{} commands: that cannot have been short ones", reader.1);
    let order = plan::order_tag(&line.person, &line.profile, &line.vault);
    let can = Password::can(&plan::passwords(&line.profile, &line.person, &line.vault, &order).can.unwrap()).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let found = inspection::run(&mut reader, &mut Totals::default(), &can, &line.conditions(), &mut rng).unwrap();
    assert!(found.is_positive());
}

#[test]
fn long_answers_wait_for_get_response_and_unknown_channels_are_refused() {
    let mut card = card_again();
    card.reset().unwrap();
    let send = |card: &mut Card, octets: &[u8]| Response::parse(&card.transmit(octets).unwrap()).unwrap();
    let select = [0x00, 0xA4, 0x04, 0x00, 0x08, 0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x00];
    // Le absent: every octet of the answer waits.
    let waiting = send(&mut card, &select);
    assert!(waiting.data.is_empty() && waiting.sw.sw1() == 0x61, "{waiting:?}");
    let part = send(&mut card, &[0x00, 0xC0, 0x00, 0x00, 0x05]);
    assert_eq!((part.data.len(), part.sw.sw1()), (5, 0x61));
    let rest = send(&mut card, &[0x00, 0xC0, 0x00, 0x00, 0x00]);
    assert_eq!(rest.sw, Sw::OK);
    assert_eq!(usize::from(waiting.sw.sw2()), 5 + rest.data.len());
    assert_eq!(send(&mut card, &[0x00, 0xC0, 0x00, 0x00, 0x00]).sw, Sw::CONDITIONS_NOT_SATISFIED);
    assert_eq!(send(&mut card, &[0x01, 0xB0, 0x9C, 0x00, 0x00]).sw, Sw::CHANNEL_NOT_SUPPORTED);
    assert_eq!(send(&mut card, &[0x00]).sw, Sw::WRONG_LENGTH);
}
