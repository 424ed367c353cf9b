//! (f) Work whose instructions are counted: the same for every run of one program, whatever else the machine does.
//!
//! A scenario prepares, then calls [`measured`] once. `valgrind --tool=callgrind --toggle-collect='*measured*'` counts what
//! that function does and nothing before it.

use bitaqa_terminal::trace::Totals;

use crate::apdus;
use crate::line::{Line, Outcome};

/// Names of the scenarios, and what each does.
pub const SCENARIOS: [(&str, &str); 4] = [
    ("issue", "one cnie-2.0 from blank chip to verified card, both sides"),
    ("inspect", "one inspection of an issued cnie-2.0 by CAN, both sides"),
    ("aes-apdus", "200 pairs of SELECT and READ BINARY under AES-128, both sides"),
    ("3des-apdus", "50 pairs of SELECT and READ BINARY under 3DES, both sides"),
];

/// The function that is looked at: a name to be found by, nothing else.
#[inline(never)]
fn measured(work: &mut dyn FnMut() -> Outcome<()>) -> Outcome<()> {
    work()
}

/// Runs one scenario.
///
/// # Errors
/// An unknown name, or work that fails.
pub fn run(name: &str) -> Outcome<()> {
    match name {
        "issue" => {
            let line = Line::new("cnie-2.0", 1)?;
            let mut card = line.blank(1)?;
            measured(&mut || line.issue(&mut card, 1, &mut Totals::default()).map(drop))
        }
        "inspect" => {
            let line = Line::new("cnie-2.0", 1)?;
            let mut card = line.blank(1)?;
            line.issue(&mut card, 1, &mut Totals::default())?;
            measured(&mut || line.inspect(&mut card, 2, &mut Totals::default()).map(drop))
        }
        "aes-apdus" => sessions("lab-gm", true, 200),
        "3des-apdus" => sessions("lab-bac", false, 50),
        other => Err(format!("no scenario `{other}`").into()),
    }
}

fn sessions(profile: &str, is_pace: bool, pairs: u32) -> Outcome<()> {
    let line = Line::new(profile, 1)?;
    let (mut card, mut session) = apdus::issued(&line, is_pace)?;
    measured(&mut || apdus::exchange(&mut card, session.as_mut(), &line, pairs).map(drop))
}
