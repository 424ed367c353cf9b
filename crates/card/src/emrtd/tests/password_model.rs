//! A model of the four passwords beside the card: whatever terminals try in whatever order, both say the same.

use bitaqa_apdu::{Sw, Transport};
use bitaqa_secure_messaging::pace::{PaceError, Password, PasswordKind, Step};
use proptest::prelude::*;

use super::pace::{line, offer, reset, reset_retry_counter, warning};
use super::world::{CAN, Line, MRZ};

#[derive(Clone, Copy, Debug)]
enum Act {
    /// Loss of power.
    Reset,
    /// PACE, with the right password or a wrong one.
    Pace(PasswordKind, bool),
    /// RESET RETRY COUNTER without data.
    Unblock,
}

/// What TR-03110-2 §2.2.3, §2.4.1 and §3.2.2 make of the passwords.
struct Model {
    pin: u8,
    puk: u8,
    /// Shown in this session; empty outside of one.
    shown: Vec<PasswordKind>,
}

impl Model {
    /// `None` when it succeeds.
    fn pace(&mut self, kind: PasswordKind, right: bool) -> Option<PaceError> {
        use PasswordKind::{Can, Mrz, Pin, Puk};
        let shown = |kind| self.shown.contains(&kind);
        let resumed = shown(Can);
        let follows = match kind {
            Mrz | Can => self.shown.is_empty(),
            Pin => self.shown.is_empty() || shown(Can) || shown(Puk),
            Puk => self.shown.is_empty() || shown(Can),
        };
        if !follows {
            return Some(PaceError::Status { step: Step::SetAt, sw: Sw::CONDITIONS_NOT_SATISFIED });
        }
        let (tries, initial) = match kind {
            Mrz | Can if right => {
                self.shown.push(kind);
                return None;
            }
            Mrz | Can => return Some(PaceError::PasswordRefused(Sw(0x6300))),
            Pin => (&mut self.pin, 3),
            Puk => (&mut self.puk, 2),
        };
        match *tries {
            0 => return Some(PaceError::PasswordBlocked(Sw(0x6983))),
            1 if !resumed => return Some(PaceError::PasswordSuspended(Sw(0x6985))),
            _ => {}
        }
        if right {
            *tries = initial;
            self.shown.push(kind);
            None
        } else {
            *tries -= 1;
            Some(PaceError::PasswordRefused(Sw(0x63C0 | u16::from(*tries))))
        }
    }

    fn unblock(&mut self) -> Sw {
        if !self.shown.contains(&PasswordKind::Puk) {
            return Sw::SECURITY_STATUS_NOT_SATISFIED;
        }
        self.pin = 3;
        Sw::OK
    }
}

fn password(kind: PasswordKind, right: bool) -> Password {
    let secret = match kind {
        PasswordKind::Mrz => return Password::mrz(if right { MRZ } else { "L898902C<369080619406237" }),
        PasswordKind::Can => CAN,
        PasswordKind::Pin => super::pace::PIN,
        PasswordKind::Puk => super::pace::PUK,
    };
    Password::from_secret(kind, if right { secret.as_bytes() } else { b"000000" })
}

fn any_act() -> impl Strategy<Value = Act> {
    use PasswordKind::{Can, Mrz, Pin, Puk};
    let kind = prop_oneof![2 => Just(Pin), 2 => Just(Can), 2 => Just(Puk), 1 => Just(Mrz)];
    prop_oneof![
        2 => Just(Act::Reset),
        6 => (kind, any::<bool>()).prop_map(|(kind, right)| Act::Pace(kind, right)),
        1 => Just(Act::Unblock),
    ]
}

fn act(line: &mut Line, model: &mut Model, act: Act) {
    match act {
        Act::Reset => {
            reset(line);
            model.shown.clear();
        }
        Act::Pace(kind, right) => {
            let expected = model.pace(kind, right);
            assert_eq!(line.pace_by(&offer(), &password(kind, right)).err(), expected);
        }
        Act::Unblock => assert_eq!(reset_retry_counter(line, 3, &[]), model.unblock()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn card_and_model_agree(acts in proptest::collection::vec(any_act(), 1..16)) {
        let (mut line, _) = line();
        let mut model = Model { pin: 3, puk: 2, shown: Vec::new() };
        for step in acts {
            act(&mut line, &mut model, step);
        }
        line.card.reset().unwrap();
        line.sm = None;
        let says = |tries, initial| if tries == initial { Sw::OK } else { Sw::tries_left(tries) };
        prop_assert_eq!(warning(&mut line, 3), says(model.pin, 3));
        prop_assert_eq!(warning(&mut line, 4), says(model.puk, 2));
    }
}
