//! What a terminal lets pass, and what it says before it spends a try of a PIN.

use bitaqa_apdu::Sw;
use bitaqa_secure_messaging::pace::PasswordKind;

/// What the terminal lets pass. The default lets nothing pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Open a document that offers PACE by BAC when PACE fails. Whoever stands between card and terminal can make PACE
    /// fail and then guess at the weaker BAC, so the inspection is negative either way; it only goes on.
    pub allow_downgrade: bool,
    /// Spend the last try of a PIN or PUK.
    pub allow_last_try: bool,
    /// Do not ask for files that the standards let a reader do without: EF.COM, which nobody signs and whose list
    /// EF.SOD
    /// signs too, and EF.CardSecurity where EF.CardAccess offers no chip authentication mapping, with which it goes
    /// (9303-11 §9.2.11). What they would contradict is then found by DG14 and EF.SOD alone.
    pub fewest_commands: bool,
}

/// What a card says about the tries of a PIN or PUK before one is spent: its answer to MSE:Set AT, TR-03110-3 §B.14.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TriesLeft {
    /// PIN or PUK.
    pub password: PasswordKind,
    /// Number of tries; `None` when the card has counted no failure and so tells no number.
    pub left: Option<u8>,
}

impl TriesLeft {
    /// From the answer to MSE:Set AT. `None` for a password whose tries are not counted (CAN, MRZ), and for an answer
    /// that is neither 9000 nor 63Cx.
    pub(super) fn read(password: PasswordKind, sw: Sw) -> Option<Self> {
        let counted = matches!(password, PasswordKind::Pin | PasswordKind::Puk);
        match sw {
            _ if !counted => None,
            Sw::OK => Some(Self { password, left: None }),
            Sw(word) if word & 0xFFF0 == 0x63C0 => Some(Self { password, left: Some(sw.sw2() & 0x0F) }),
            _ => None,
        }
    }

    /// Why the try is not spent; `None` to go on.
    pub(super) fn refusal(self, policy: Policy) -> Option<String> {
        let name = name(self.password);
        match self.left {
            Some(0) => Some(format!("the {name} is blocked (63C0)")),
            Some(1) if !policy.allow_last_try => {
                Some(format!("the {name} has one try left (63C1), which is not spent unless the last try is allowed"))
            }
            _ => None,
        }
    }
}

impl core::fmt::Display for TriesLeft {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let name = name(self.password);
        match self.left {
            None => write!(f, "{name}: all tries are left"),
            Some(1) => write!(f, "{name}: 1 try is left"),
            Some(left) => write!(f, "{name}: {left} tries are left"),
        }
    }
}

/// Name for people.
pub(super) const fn name(password: PasswordKind) -> &'static str {
    match password {
        PasswordKind::Mrz => "MRZ",
        PasswordKind::Can => "CAN",
        PasswordKind::Pin => "PIN",
        PasswordKind::Puk => "PUK",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_are_read_from_the_answer_to_set_at() {
        let read = |password, word| TriesLeft::read(password, Sw(word)).map(|tries| tries.left);
        assert_eq!(read(PasswordKind::Pin, 0x9000), Some(None));
        assert_eq!(read(PasswordKind::Pin, 0x63C2), Some(Some(2)));
        assert_eq!(read(PasswordKind::Puk, 0x63C0), Some(Some(0)));
        assert_eq!(read(PasswordKind::Pin, 0x6A88), None);
        assert_eq!(read(PasswordKind::Can, 0x63C2), None);
        assert_eq!(read(PasswordKind::Mrz, 0x9000), None);
    }

    #[test]
    fn the_last_try_is_spent_only_when_allowed() {
        let refusal = |left, allow_last_try| {
            let policy = Policy { allow_last_try, ..Policy::default() };
            TriesLeft { password: PasswordKind::Pin, left }.refusal(policy)
        };
        assert_eq!(refusal(None, false), None);
        assert_eq!(refusal(Some(2), false), None);
        assert!(refusal(Some(1), false).is_some_and(|reason| reason.contains("PIN has one try left")));
        assert_eq!(refusal(Some(1), true), None);
        assert!(refusal(Some(0), true).is_some_and(|reason| reason.contains("blocked")));
    }
}
