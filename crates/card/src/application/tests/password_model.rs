//! A model of PINs, PUK, transport state and policy beside the card: whatever terminals try in whatever order, and
//! wherever the power is cut, both say the same. Of a command that was cut off, the memory shows the state before it,
//! its counted try, or its end; no cut gives a try back.

use bitaqa_apdu::{Command, Sw, Transport};
use proptest::prelude::*;

use super::world::*;
use crate::Card;
use crate::application::cell;
use crate::emrtd::tests::world::{Line, platform, read};
use crate::nvm::CellId;
use crate::nvm::medium::{MemoryMedium, Phase};

#[derive(Clone, Copy, Debug)]
enum Act {
    /// Loss of power between commands.
    PowerOff,
    Status(usize),
    Verify(usize, bool),
    Forget(usize),
    Change(usize, bool),
    /// RESET RETRY COUNTER of PIN 1 with this P1; the PUK right or wrong.
    Unblock(u8, bool),
    /// A signature by the key that wants a verification for itself.
    SignOnce,
    /// A file that PIN 1 opens.
    Read,
}

/// What memory holds of the three: value, tries, whether only for transport.
type Memory = [(Vec<u8>, u8, bool); 3];

const INITIAL: [u8; 3] = [3, 5, 3];
const WRONG: &str = "00000000";

struct Model {
    memory: Memory,
    /// What memory was at every step of the last command, its beginning and end included.
    steps: Vec<Memory>,
    shown: [bool; 3],
    fresh: [bool; 3],
    /// Counts new values, so that no two are the same.
    next: u32,
}

impl Model {
    fn new() -> Self {
        let value = |text: &str| text.as_bytes().to_vec();
        let memory = [(value(PIN), 3, false), (value(PUK), 5, false), (value(TRANSPORT), 3, true)];
        Self { steps: vec![memory.clone()], memory, shown: [false; 3], fresh: [false; 3], next: 10_000_000 }
    }

    fn step(&mut self) {
        self.steps.push(self.memory.clone());
    }

    fn power_off(&mut self) {
        (self.shown, self.fresh) = ([false; 3], [false; 3]);
    }

    /// Shows a value: counted before it is looked at.
    fn present(&mut self, which: usize, right: bool) -> Result<(), Sw> {
        if self.memory[which].1 == 0 {
            return Err(Sw::AUTHENTICATION_BLOCKED);
        }
        self.memory[which].1 -= 1;
        self.step();
        if right {
            self.memory[which].1 = INITIAL[which];
            self.step();
            return Ok(());
        }
        (self.shown[which], self.fresh[which]) = (false, false);
        Err(Sw::tries_left(self.memory[which].1))
    }

    fn set(&mut self, which: usize, value: Option<Vec<u8>>) {
        (self.shown[which], self.fresh[which]) = (false, false);
        if let Some(value) = value {
            self.memory[which].0 = value;
            self.memory[which].2 = false;
        }
        self.memory[which].1 = INITIAL[which];
        self.step();
    }

    fn run(&mut self, act: Act, new: &[u8]) -> Result<(), Sw> {
        match act {
            Act::PowerOff => self.power_off(),
            Act::Status(which) if self.shown[which] => {}
            Act::Status(which) if self.memory[which].1 == 0 => return Err(Sw::AUTHENTICATION_BLOCKED),
            Act::Status(which) => return Err(Sw::tries_left(self.memory[which].1)),
            Act::Verify(which, _) if self.memory[which].2 => return Err(Sw::REFERENCE_DATA_NOT_USABLE),
            Act::Verify(which, right) => {
                self.present(which, right)?;
                (self.shown[which], self.fresh[which]) = (true, true);
            }
            Act::Forget(which) => (self.shown[which], self.fresh[which]) = (false, false),
            Act::Change(which, right) => {
                self.present(which, right)?;
                self.set(which, Some(new.to_vec()));
            }
            Act::Unblock(p1, right) => {
                if p1 < 2 {
                    self.present(1, right)?;
                } else if !self.fresh[1] {
                    return Err(Sw::SECURITY_STATUS_NOT_SATISFIED);
                }
                (self.shown[1], self.fresh[1]) = (false, false);
                self.set(0, (p1 % 2 == 0).then(|| new.to_vec()));
            }
            Act::SignOnce if self.fresh[0] => self.fresh[0] = false,
            Act::Read if self.shown[0] => {}
            Act::SignOnce | Act::Read => return Err(Sw::SECURITY_STATUS_NOT_SATISFIED),
        }
        Ok(())
    }
}

/// As the card wants it in commands: the third is padded.
fn told_as(which: usize, value: &[u8]) -> Vec<u8> {
    let mut value = value.to_vec();
    if which == 2 {
        value.resize(12, 0xFF);
    }
    value
}

fn command(model: &Model, act: Act, new: &[u8]) -> Option<Command> {
    let value = |which: usize, right: bool| {
        let value = if right { model.memory[which].0.clone() } else { WRONG.as_bytes().to_vec() };
        told_as(which, &value)
    };
    let p2 = |which: usize| 0x81 + u8::try_from(which).unwrap();
    Some(match act {
        Act::PowerOff => return None,
        Act::Status(which) => Command::new(0x20, 0, p2(which)),
        Act::Verify(which, right) => Command::new(0x20, 0, p2(which)).data(value(which, right)),
        Act::Forget(which) => Command::new(0x20, 0xFF, p2(which)),
        Act::Change(which, right) => {
            Command::new(0x24, 0, p2(which)).data([value(which, right), told_as(which, new)].concat())
        }
        Act::Unblock(p1, right) => {
            let puk = if p1 < 2 { value(1, right) } else { Vec::new() };
            let new = if p1 % 2 == 0 { new.to_vec() } else { Vec::new() };
            Command::new(0x2C, p1, 0x81).data([puk, new].concat())
        }
        Act::SignOnce => Command::new(0x2A, 0x9E, 0x9A).data([9; 32]).ne(256),
        Act::Read => read(3),
    })
}

fn memory(card: &Card) -> Memory {
    [1, 2, 3].map(|number| {
        let cell = |key| card.nvm.get(CellId { owner: 1, key }).unwrap().to_vec();
        (cell(cell::value(number)), cell(cell::tries(number))[0], cell(cell::state(number)) == [1])
    })
}

fn begin(line: &mut Line) {
    line.card.reset().unwrap();
    assert_eq!(select(line, EID), Sw::OK);
    assert_eq!(set_signature(line, 3, None), Sw::OK);
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        1 => Just(Act::PowerOff),
        2 => (0usize..3).prop_map(Act::Status),
        6 => (0usize..3, any::<bool>()).prop_map(|(which, right)| Act::Verify(which, right)),
        1 => (0usize..3).prop_map(Act::Forget),
        3 => (0usize..3, any::<bool>()).prop_map(|(which, right)| Act::Change(which, right)),
        3 => (0u8..4, any::<bool>()).prop_map(|(p1, right)| Act::Unblock(p1, right)),
        3 => Just(Act::SignOnce),
        2 => Just(Act::Read),
    ]
}

/// Where the power goes, if it does: at which write of the command, and when.
fn any_cut() -> impl Strategy<Value = Option<(usize, Phase)>> {
    let phase = prop_oneof![Just(Phase::Before), Just(Phase::Torn), Just(Phase::After)];
    prop_oneof![3 => Just(None), 1 => (0usize..4, phase).prop_map(Some)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn card_and_model_agree(acts in proptest::collection::vec((any_act(), any_cut()), 1..30)) {
        let mut medium = MemoryMedium::default();
        let (card, _) = card_of(&[(EID, &eid("ALWAYS"))], medium.clone());
        let mut line = Line::with(card, 3);
        let mut model = Model::new();
        begin(&mut line);
        for (act, cut) in acts {
            model.next += 1;
            let new = model.next.to_string().into_bytes();
            let sent = command(&model, act, &new);
            model.steps = vec![model.memory.clone()];
            let expected = model.run(act, &new).err().unwrap_or(Sw::OK);
            let Some(sent) = sent else {
                begin(&mut line);
                continue;
            };
            if let Some((write, phase)) = cut {
                medium.cut_at(medium.appends() + write, phase);
            }
            let answered = line.card.transmit(&sent.encode().unwrap());
            if let Ok(answer) = answered {
                let answer = bitaqa_apdu::Response::parse(&answer).unwrap();
                prop_assert_eq!((act_name(act), answer.sw), (act_name(act), expected));
                if cut.is_some() {
                    medium.cut_at(usize::MAX, Phase::Before);
                }
            } else {
                // Dead in mid-command: what memory shows is one of its steps, and nothing is shown any more.
                medium = MemoryMedium::with(medium.octets());
                line.card = Card::load(Box::new(medium.clone()), platform(4)).unwrap();
                let found = memory(&line.card);
                prop_assert!(model.steps.contains(&found), "{:?}: {:?} is none of {:?}", act, found, model.steps);
                model.memory = found;
                model.power_off();
                begin(&mut line);
            }
            prop_assert_eq!(memory(&line.card), model.memory.clone());
        }
    }
}

fn act_name(act: Act) -> String {
    format!("{act:?}")
}
