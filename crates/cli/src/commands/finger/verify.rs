//! `bitaqa finger verify`: a finger shown to the card, which compares it itself.

use bitaqa_lds::on_card::Information;
use bitaqa_perso::eid;
use bitaqa_terminal::on_card::{self, Answer};
use bitaqa_terminal::session::SessionError;
use bitaqa_terminal::trace::Totals;
use serde::Serialize;

use super::templates;
use crate::args::VerifyFinger;
use crate::card_source::AnyCard;
use crate::exit::Failure;
use crate::output::Output;
use crate::{profile_source, world};

#[derive(Serialize)]
struct Verified {
    matches: bool,
    /// Number in rules.
    number: u8,
    finger: String,
    /// Tries that were left before this one.
    tries_before: Option<u8>,
    /// Tries that are left; nothing after a match, which gives them all back.
    tries_left: Option<u8>,
}

/// Runs the command.
///
/// # Errors
/// Bad input for what is neither print nor template; a card that refuses; a negative verdict where the finger differs.
pub fn run(request: &VerifyFinger, output: Output) -> Result<(), Failure> {
    let profile = profile_source::load(&request.profile)?;
    let eid = profile.eid.as_ref().filter(|eid| !eid.pace.is_empty());
    let eid = eid.ok_or_else(|| Failure::usage(format!("{} has no eID that opens by the CAN", request.profile)))?;
    // What is no finger is told before a card is asked.
    let probe = templates::enough(&request.probe, templates::template(&request.probe, request.assume_500)?)?;
    let mut card = AnyCard::open(&request.card, output)?;
    let mut totals = Totals::default();
    let ended = eid::open_by_can(&mut card, &mut totals, eid, &request.can, &mut world::rng())
        .map_err(|error| refused(&error, "no try was spent"))
        .and_then(|mut session| {
            let told = on_card::references(&mut session).map_err(|error| refused(&error, "no try was spent"))?;
            let reference = chosen(&told, request.number)?;
            let before = on_card::tries_left(&mut session, reference);
            let before = before.map_err(|error| refused(&error, "no try was spent"))?;
            allowed(before, request.last_try)?;
            let number = reference.reference.unwrap_or_default() & 0x1F;
            if let Some(left) = before {
                Output::warn(&format!("finger {number}: {} left; one is counted if it differs", tries(left)));
            }
            let position = reference.finger().map_or(0, bitaqa_lds::fingers::FingerPosition::code);
            let answer = on_card::verify(&mut session, reference, &probe.view(position));
            let answer = answer.map_err(|error| match error {
                SessionError::Withheld { .. } => refused(&error, "no try was spent"),
                _ => refused(&error, "a try may have been spent"),
            })?;
            let tries_left = match answer {
                Answer::Match => None,
                Answer::Differs { tries_left } => Some(tries_left),
                Answer::Blocked => Some(0),
            };
            let finger = name(reference);
            Ok(Verified { matches: answer == Answer::Match, number, finger, tries_before: before, tries_left })
        });
    card.put_away()?;
    let verified = ended?;
    output.result(&verified, || match verified.tries_left {
        None => format!("match: {} (number {})", verified.finger, verified.number),
        Some(left) => format!("no match: {} (number {}), {} left", verified.finger, verified.number, tries(left)),
    })?;
    if verified.matches { Ok(()) } else { Err(Failure::reported("the finger is not that of the card")) }
}

/// The reference with the number, or the only one.
fn chosen(told: &[Information], number: Option<u8>) -> Result<&Information, Failure> {
    let list = || {
        let rows = told.iter().map(|one| format!("{} ({})", one.reference.unwrap_or_default() & 0x1F, name(one)));
        rows.collect::<Vec<_>>().join(", ")
    };
    match (told, number) {
        ([], _) => Err(Failure::card("the card compares no finger. It is unharmed. Next: compare with `finger match`")),
        ([only], None) => Ok(only),
        (_, None) => Err(Failure::usage(format!("say --number: the card has {}", list()))),
        (_, Some(number)) => {
            let found = told.iter().find(|one| one.reference == Some(0x80 | number));
            found.ok_or_else(|| Failure::usage(format!("--number {number}: the card has {}", list())))
        }
    }
}

/// Whether a try may be risked.
fn allowed(left: Option<u8>, last_try: bool) -> Result<(), Failure> {
    match left {
        Some(0) => Err(Failure::card(
            "the finger is blocked, nothing was tried. Next: the PUK gives the tries back, if the card has one",
        )),
        Some(1) if !last_try => Err(Failure::card(
            "one try is left, and was not spent. Next: make sure that it is the right finger and say --last-try",
        )),
        _ => Ok(()),
    }
}

fn tries(left: u8) -> String {
    if left == 1 { "1 try".to_owned() } else { format!("{left} tries") }
}

fn name(reference: &Information) -> String {
    reference.finger().map_or_else(|| "unknown finger".to_owned(), |finger| finger.to_string())
}

fn refused(error: &dyn std::fmt::Display, tries: &str) -> Failure {
    Failure::card(format!("{error}. {tries}. Next: put the card on the reader and try again"))
}
