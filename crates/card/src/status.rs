//! Security status of a session: what has been proved since the last reset, and nothing else.

use bitaqa_apdu::Need;
use bitaqa_pki::cvc::InspectionRights;

/// What the terminal of this session has proved. Gone with the session, on deselection and on reset.
#[derive(Default)]
pub struct SecurityStatus {
    /// PACE done; the compressed ephemeral key of the chip, which Terminal Authentication signs.
    pub pace: Option<Vec<u8>>,
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
            Need::Pace => self.pace.is_some(),
            Need::Ca => self.ca.is_some(),
            Need::Ta(right) => self.ta.is_some_and(|rights| rights.allow(right)),
            Need::Bac => self.bac.is_some(),
            // Not offered by this card, so it cannot have been proved.
            Need::Pin(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitaqa_apdu::TerminalRight;

    #[test]
    fn rights_are_told_apart() {
        let status = SecurityStatus { pace: Some(vec![1]), ta: Some(InspectionRights::DG4), ..Default::default() };
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
}
