//! Comparison on the card, ISO/IEC 7816-11 and 24787: what the card says of its references, and one finger shown to it.
//! The session is the caller's: a card takes a probe under secure messaging alone.

use bitaqa_apdu::{Command, Sw, ins};
use bitaqa_lds::minutiae::{View, compact};
use bitaqa_lds::on_card::{self, FORMAT_COMPACT, Information, OWNER_SC37};

use crate::session::{Session, SessionError};

/// What the card answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// One finger.
    Match,
    /// Two fingers, or one too badly taken.
    Differs {
        /// Tries that are left.
        tries_left: u8,
    },
    /// No try was left: the holder's PUK gives them back, if the card has one.
    Blocked,
}

/// The references of the selected application: none where it has none.
///
/// # Errors
/// [`SessionError`]; [`SessionError::Malformed`] for what is no BIT group.
pub fn references(session: &mut Session<'_>) -> Result<Vec<Information>, SessionError> {
    let response = session.send(Command::new(ins::GET_DATA, 0x7F, 0x61).ne(256))?;
    let at = || "GET DATA 7F61".to_owned();
    match response.sw {
        Sw::OK => on_card::decode_group(&response.data)
            .map_err(|error| SessionError::Malformed { at: at(), what: error.to_string() }),
        Sw::REFERENCE_NOT_FOUND => Ok(Vec::new()),
        sw => Err(SessionError::Status { at: at(), sw }),
    }
}

/// Tries that are left, asked by a VERIFY without data: none is spent. `None` once the finger was shown in this
/// session.
///
/// # Errors
/// [`SessionError`]; [`SessionError::Withheld`] for a reference without a number.
pub fn tries_left(session: &mut Session<'_>, reference: &Information) -> Result<Option<u8>, SessionError> {
    let at = || "VERIFY without data".to_owned();
    let nameless = || SessionError::Withheld { at: at(), why: "the card gives the reference no number".to_owned() };
    let number = reference.reference.ok_or_else(nameless)?;
    let sw = session.send(Command::new(ins::VERIFY_ODD, 0x00, number))?.sw;
    match (sw, sw.0.to_be_bytes()) {
        (Sw::OK, _) => Ok(None),
        (Sw::AUTHENTICATION_BLOCKED, _) => Ok(Some(0)),
        (_, [0x63, low @ 0xC0..=0xCF]) => Ok(Some(low & 0x0F)),
        _ => Err(SessionError::Status { at: at(), sw }),
    }
}

/// Shows a finger: its best minutiae in the compact form, as many and in the order that the card wants. Costs a try.
///
/// # Errors
/// [`SessionError::Withheld`], before anything is sent and so without a try, for a reference in another format, without
/// a number, or of more minutiae than the view has; otherwise [`SessionError`].
pub fn verify(session: &mut Session<'_>, reference: &Information, view: &View) -> Result<Answer, SessionError> {
    let at = || "VERIFY 7F2E".to_owned();
    let withheld = |why: &str| SessionError::Withheld { at: at(), why: why.to_owned() };
    if (reference.owner, reference.format) != (OWNER_SC37, FORMAT_COMPACT) {
        return Err(withheld("the card wants a format other than the compact one of ISO 19794-2"));
    }
    let number = reference.reference.ok_or_else(|| withheld("the card gives the reference no number"))?;
    let probe = compact(view, reference.minutiae.1.into(), reference.order);
    if probe.len() < reference.minutiae.0.into() {
        return Err(withheld("the finger has fewer minutiae than the card wants: take it again"));
    }
    let response = session.send(Command::new(ins::VERIFY_ODD, 0x00, number).data(on_card::probe(&probe)))?;
    match response.sw {
        Sw::OK => Ok(Answer::Match),
        Sw::AUTHENTICATION_BLOCKED => Ok(Answer::Blocked),
        Sw(word) => match word.to_be_bytes() {
            // 7816-4 §5.6: 63Cx, of which x are left
            [0x63, low @ 0xC0..=0xCF] => Ok(Answer::Differs { tries_left: low & 0x0F }),
            _ => Err(SessionError::Status { at: at(), sw: response.sw }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Totals;
    use bitaqa_apdu::{Atr, Bytes, Transport, TransportError};
    use bitaqa_lds::minutiae::{Minutia, MinutiaKind, Order};

    /// Gives these answers and keeps what it was sent.
    struct Script(Vec<&'static str>, Vec<String>);

    impl Transport for Script {
        fn reset(&mut self) -> Result<Atr, TransportError> {
            Ok(Atr(vec![0x3B, 0x80, 0x80, 0x01, 0x01]))
        }

        fn transmit(&mut self, command: &[u8]) -> Result<Bytes, TransportError> {
            self.1.push(hex::encode_upper(command));
            Ok(hex::decode(self.0.remove(0)).unwrap().into())
        }
    }

    fn with<T>(answers: &[&'static str], work: impl FnOnce(&mut Session<'_>) -> T) -> (T, Vec<String>) {
        let mut card = Script(answers.to_vec(), Vec::new());
        let result = work(&mut Session::open(&mut card, &mut Totals::default()).unwrap());
        (result, card.1)
    }

    fn reference() -> Information {
        Information {
            reference: Some(0x85),
            subtype: 9,
            owner: OWNER_SC37,
            format: FORMAT_COMPACT,
            minutiae: (2, 3),
            order: Order::from_code(0x05).unwrap(),
            features: None,
        }
    }

    fn view(count: u16) -> View {
        let minutia = |at: u16| Minutia {
            kind: MinutiaKind::Ending,
            x: 197 - at * 20,
            y: 100,
            angle: 0,
            quality: u8::try_from(90 - at).unwrap(),
        };
        View::new(2, (400, 400), (197, 197), (0..count).map(minutia).collect())
    }

    #[test]
    fn the_best_minutiae_go_out_in_the_order_of_the_card() {
        let (answer, sent) = with(&["9000"], |session| verify(session, &reference(), &view(5)));
        assert_eq!(answer.unwrap(), Answer::Match);
        assert_eq!(sent, ["002100850E7F2E0B8109768040808040 8A8040".replace(' ', "")]);
    }

    #[test]
    fn answers_of_the_card() {
        for (sw, expected) in [
            ("63C2", Answer::Differs { tries_left: 2 }),
            ("6983", Answer::Blocked),
            ("63C0", Answer::Differs { tries_left: 0 }),
        ] {
            assert_eq!(with(&[sw], |session| verify(session, &reference(), &view(3))).0.unwrap(), expected);
        }
        let (refused, _) = with(&["6982"], |session| verify(session, &reference(), &view(3)));
        assert!(matches!(refused, Err(SessionError::Status { .. })));
    }

    #[test]
    fn tries_are_asked_and_none_is_spent() {
        for (sw, expected) in [("63C4", Some(4)), ("6983", Some(0)), ("9000", None)] {
            let (left, sent) = with(&[sw], |session| tries_left(session, &reference()));
            assert_eq!((left.unwrap(), sent), (expected, vec!["00210085".to_owned()]));
        }
        let (refused, _) = with(&["6982"], |session| tries_left(session, &reference()));
        assert!(matches!(refused, Err(SessionError::Status { .. })));
    }

    #[test]
    fn what_cannot_match_costs_no_try() {
        let other_format = Information { format: 0xBEEF, ..reference() };
        let without_number = Information { reference: None, ..reference() };
        for (reference, view) in [(other_format, view(3)), (without_number, view(3)), (reference(), view(1))] {
            let (result, sent) = with(&[], |session| verify(session, &reference, &view));
            assert!(matches!(result, Err(SessionError::Withheld { .. })));
            assert!(sent.is_empty());
        }
    }

    #[test]
    fn references_are_told_or_there_are_none() {
        let (none, _) = with(&["6A88"], references);
        assert!(none.unwrap().is_empty());
        let (broken, _) = with(&["7F61039000"], references);
        assert!(matches!(broken, Err(SessionError::Malformed { .. })));
        let (empty, sent) = with(&["7F61030201009000"], references);
        assert_eq!((empty.unwrap().len(), sent), (0, vec!["00CA7F6100".to_owned()]));
    }
}
