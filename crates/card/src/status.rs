//! Security status of a session: what has been proved since the last reset, and nothing else.

use bitaqa_apdu::Need;
use bitaqa_pki::cvc::InspectionRights;
use bitaqa_secure_messaging::pace::PasswordKind;

/// The passwords with which PACE was done in this session: at most two, the second one inside of the first one's
/// session (TR-03110-2 §3.2.2).
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Passwords(u8);

impl Passwords {
    /// One more.
    #[must_use]
    pub const fn with(self, password: PasswordKind) -> Self {
        Self(self.0 | Self::bit(password))
    }

    /// Whether it is among them.
    pub const fn contains(self, password: PasswordKind) -> bool {
        self.0 & Self::bit(password) != 0
    }

    const fn bit(password: PasswordKind) -> u8 {
        1 << password as u8
    }
}

/// PINs and PUKs that were shown, by their numbers in access rules, and which of them no use has taken up yet.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Pins {
    verified: u32,
    fresh: u32,
}

impl Pins {
    /// This one was shown just now.
    #[must_use]
    pub const fn verified(self, number: u8) -> Self {
        let bit = Self::bit(number);
        Self { verified: self.verified | bit, fresh: self.fresh | bit }
    }

    /// This one is shown no longer.
    #[must_use]
    pub const fn without(self, number: u8) -> Self {
        let bit = Self::bit(number);
        Self { verified: self.verified & !bit, fresh: self.fresh & !bit }
    }

    /// A use that wants a verification for itself has taken up this one's.
    #[must_use]
    pub const fn used(self, number: u8) -> Self {
        Self { fresh: self.fresh & !Self::bit(number), ..self }
    }

    /// Whether it was shown.
    pub const fn contains(self, number: u8) -> bool {
        self.verified & Self::bit(number) != 0
    }

    /// Whether it was shown and no use has taken that up.
    pub const fn is_fresh(self, number: u8) -> bool {
        self.fresh & Self::bit(number) != 0
    }

    /// No bit at all for a number that no reference data can have (7816-4 §11.5.6 gives it five bits).
    const fn bit(number: u8) -> u32 {
        if number < 32 { 1 << number } else { 0 }
    }
}

/// What the terminal of this session has proved. Gone with the session, on deselection and on reset.
#[derive(Default)]
pub struct SecurityStatus {
    /// PACE done; the compressed ephemeral key of the chip, which Terminal Authentication signs.
    pub pace: Option<Vec<u8>>,
    /// With which passwords.
    pub passwords: Passwords,
    /// PINs that were shown, by PACE or VERIFY.
    pub pins: Pins,
    /// BAC done; the document number with its check digit, which Terminal Authentication signs. Empty where the card
    /// does not know it.
    pub bac: Option<Vec<u8>>,
    /// Chip Authentication done; the compressed ephemeral key of the terminal.
    pub ca: Option<Vec<u8>>,
    /// Terminal Authentication done, with the effective rights of its chain.
    pub ta: Option<InspectionRights>,
}

impl SecurityStatus {
    /// Whether PACE or BAC has opened a session.
    pub const fn has_session(&self) -> bool {
        self.pace.is_some() || self.bac.is_some()
    }

    /// Whether one condition of an access rule holds.
    pub fn holds(&self, need: Need) -> bool {
        match need {
            // 9303-11 §4.4 knows the passwords of the document alone. The holder's PIN shows another thing, for which
            // rules have a word of their own, and the PUK only unblocks the PIN (TR-03110-2 §2.4.1).
            Need::Pace => {
                let passwords = self.passwords;
                let of_document = passwords.contains(PasswordKind::Mrz) || passwords.contains(PasswordKind::Can);
                self.pace.is_some() && of_document
            }
            Need::Ca => self.ca.is_some(),
            Need::Ta(right) => self.ta.is_some_and(|rights| rights.allow(right)),
            Need::Bac => self.bac.is_some(),
            Need::Pin(number) => self.pins.contains(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitaqa_apdu::TerminalRight;

    #[test]
    fn rights_are_told_apart() {
        let passwords = Passwords::default().with(PasswordKind::Can);
        let ta = Some(InspectionRights::DG4);
        let status = SecurityStatus { pace: Some(vec![1]), passwords, ta, ..Default::default() };
        assert!(status.holds(Need::Pace) && !status.holds(Need::Ca) && !status.holds(Need::Bac));
        assert!(status.holds(Need::Ta(TerminalRight::Any)) && status.holds(Need::Ta(TerminalRight::Dg4)));
        assert!(!status.holds(Need::Ta(TerminalRight::Dg3)) && !status.holds(Need::Pin(1)));
    }

    #[test]
    fn bac_is_not_pace() {
        let status = SecurityStatus { bac: Some(vec![]), ..Default::default() };
        assert!(status.has_session() && status.holds(Need::Bac) && !status.holds(Need::Pace));
        assert!(!SecurityStatus::default().has_session());
    }

    #[test]
    fn each_password_opens_what_it_proves() {
        use PasswordKind::{Can, Mrz, Pin, Puk};
        for (proved, pace) in
            [(&[Mrz][..], true), (&[Can], true), (&[Pin], false), (&[Puk], false), (&[Can, Pin], true)]
        {
            let passwords = proved.iter().fold(Passwords::default(), |all, password| all.with(*password));
            let status = SecurityStatus { pace: Some(vec![1]), passwords, ..Default::default() };
            assert_eq!(status.holds(Need::Pace), pace, "{proved:?}");
            assert!(status.has_session() && (0..=255).all(|number| !status.holds(Need::Pin(number))));
        }
    }

    #[test]
    fn a_pin_is_fresh_until_a_use_takes_it_up() {
        let pins = Pins::default().verified(1).verified(31);
        assert!(pins.contains(1) && pins.is_fresh(1) && !pins.contains(2) && !pins.contains(255));
        let pins = pins.used(1);
        assert!(pins.contains(1) && !pins.is_fresh(1) && pins.is_fresh(31));
        assert!(pins.verified(1).is_fresh(1) && !pins.verified(1).without(1).contains(1));
        assert!(!Pins::default().verified(33).contains(1));
        let status = SecurityStatus { pins, ..Default::default() };
        assert!(status.holds(Need::Pin(1)) && status.holds(Need::Pin(31)) && !status.holds(Need::Pin(3)));
        assert!(!status.has_session());
    }
}
