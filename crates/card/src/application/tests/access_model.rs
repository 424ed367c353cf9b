//! The rules beside the card: after random commands of any kind, a file is read or written and a key is used exactly
//! when its rule holds for what was proved, by whatever road.

use bitaqa_apdu::application::Parameters;
use bitaqa_apdu::fcp::Place;
use bitaqa_apdu::{Command, Need, Sw, TerminalRight, Transport};
use proptest::prelude::*;

use super::world::*;
use crate::emrtd::tests::world::{ISSUER, Line, can, read};

#[derive(Clone, Debug)]
enum Act {
    Reset,
    Pace,
    Verify(bool),
    ChipAuthentication,
    TerminalAuthentication(bool),
    Reselect,
    Noise(Vec<u8>),
}

/// What was proved in this session.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools)] // independent proofs, as rules name them
struct Proved {
    pace: bool,
    pin: bool,
    ca: bool,
    /// Terminal Authentication with every right, or with DG4 alone. One run a session.
    ta: Option<bool>,
    ta_spent: bool,
}

impl Proved {
    fn holds(&self, need: Need) -> bool {
        match need {
            Need::Pace => self.pace,
            Need::Pin(1) => self.pin,
            Need::Ca => self.ca,
            Need::Ta(TerminalRight::Any | TerminalRight::Dg4) => self.ta.is_some(),
            Need::Ta(TerminalRight::Dg3) => self.ta == Some(true),
            _ => false,
        }
    }
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        1 => Just(Act::Reset),
        3 => Just(Act::Pace),
        3 => any::<bool>().prop_map(Act::Verify),
        3 => Just(Act::ChipAuthentication),
        2 => any::<bool>().prop_map(Act::TerminalAuthentication),
        1 => Just(Act::Reselect),
        2 => proptest::collection::vec(any::<u8>(), 5..40).prop_map(Act::Noise),
    ]
}

/// Commands that change what was proved have acts of their own; noise is every other one.
fn is_noise(command: &Command) -> bool {
    !matches!(command.ins, 0x20 | 0x22 | 0x24 | 0x2A | 0x2C | 0x50 | 0x70 | 0x82 | 0x84 | 0x86 | 0xA4 | 0xC0 | 0xD6)
        && command.class.0 == 0
}

fn act(line: &mut Line, proved: &mut Proved, act: &Act) {
    match act {
        Act::Reset => {
            line.card.reset().unwrap();
            line.sm = None;
            assert_eq!(select(line, PARTNER), Sw::OK);
            *proved = Proved::default();
        }
        Act::Pace => {
            // One run a session with the CAN.
            let follows = !proved.pace;
            assert_eq!(line.pace(&can()), follows);
            if follows {
                *proved = Proved { pace: true, ..Proved::default() };
            }
        }
        Act::Verify(right) => {
            let sw = verify(line, 1, if *right { PIN.as_bytes() } else { b"000000" });
            proved.pin = sw == Sw::OK;
        }
        Act::ChipAuthentication => {
            let done = line.chip_authentication(0);
            assert_eq!(done, proved.pace);
            if done {
                (proved.ca, proved.ta) = (true, None);
            }
        }
        Act::TerminalAuthentication(all) => {
            let chain = if *all { &ISSUER.chain } else { &ISSUER.dg4_chain };
            if line.terminal_authentication(chain) {
                assert!(proved.ca && !proved.ta_spent);
                (proved.ta, proved.ta_spent) = (Some(*all), true);
            }
        }
        Act::Reselect => {
            assert_eq!(select(line, PARTNER), Sw::OK);
            proved.ta = None;
        }
        Act::Noise(octets) => {
            if let Ok(command) = Command::parse(octets)
                && is_noise(&command)
            {
                line.send(command);
            }
        }
    }
}

fn check(line: &mut Line, proved: &Proved, parameters: &Parameters) {
    let allowed = |held: bool| if held { Sw::OK } else { Sw::SECURITY_STATUS_NOT_SATISFIED };
    for file in parameters.files.iter().filter(|file| file.place == Place::Application) {
        let may_read = file.read.allows(|need| proved.holds(need));
        assert_eq!(line.send(read(file.sfi)).sw, allowed(may_read), "read {:04X}", file.fid);
        let current = line.send(Command::new(0xB0, 0, 0).ne(4));
        assert!(may_read || current.data.is_empty() || current.sw == Sw::OK, "by the current file");
        let odd = line.send(Command::new(0xB1, 0, file.sfi).data([0x54, 1, 0]).ne(8));
        assert_eq!(odd.data.is_empty(), !may_read, "odd {:04X}", file.fid);
        let may_update = file.update.allows(|need| proved.holds(need));
        let update = Command::new(0xD6, 0x80 | file.sfi, 0).data([0x60]);
        assert_eq!(line.send(update).sw, allowed(may_update), "update {:04X}", file.fid);
    }
    assert_eq!(set_signature(line, 2, None), Sw::OK);
    assert_eq!(sign(line, &[5; 32]).sw, allowed(proved.pin));
    assert_eq!(line.send(Command::new(0x88, 0, 0x82).data([5; 32]).ne(256)).sw, allowed(proved.pin));
    // The key of Chip Authentication signs for nobody.
    assert_eq!(set_signature(line, 1, None), Sw::REFERENCE_NOT_FOUND);
    assert_eq!(line.send(Command::new(0x88, 0, 0x81).data([5; 32]).ne(256)).sw, Sw::REFERENCE_NOT_FOUND);
    // What the issuer could do before the seal nobody can do after it.
    for (ins, p1, p2) in [(0x47, 0x80, 2), (0xE2, 0x88, 0)] {
        assert_eq!(line.send(Command::new(ins, p1, p2).data([0x8F, 0x02, 1, 1])).sw, Sw::INS_NOT_SUPPORTED);
    }
    for number in [0xDF31u16, 0xDF32, 0xDF33] {
        let [p1, p2] = number.to_be_bytes();
        assert_eq!(line.send(Command::new(0xCA, p1, p2).ne(256)).sw, Sw::REFERENCE_NOT_FOUND);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn rules_alone_open_files_and_keys(acts in proptest::collection::vec(any_act(), 1..10)) {
        let mut parameters = partner();
        parameters.references[0].tries = 15;
        let (card, _) = card_of(&[(PARTNER, &parameters)], crate::nvm::medium::MemoryMedium::default());
        let mut line = Line::with(card, 31);
        let mut proved = Proved::default();
        assert_eq!(select(&mut line, PARTNER), Sw::OK);
        for step in &acts {
            act(&mut line, &mut proved, step);
            check(&mut line, &proved, &parameters);
        }
    }
}
