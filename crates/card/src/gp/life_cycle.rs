//! Life cycles of the card and of applications, each as one total transition table (GPC 2.3.1 §5.1, §5.3).

use bitaqa_apdu::Sw;

/// Card life cycle, GPC 2.3.1 §5.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardLife {
    /// Initial keys present.
    OpReady,
    /// Issuer's first data present.
    Initialized,
    /// In the holder's hands.
    Secured,
    /// Only the issuer security domain answers.
    CardLocked,
    /// The end.
    Terminated,
}

impl CardLife {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::OpReady, Self::Initialized, Self::Secured, Self::CardLocked, Self::Terminated];

    /// Coding of GPC 2.3.1 Table 11-6.
    pub const fn to_byte(self) -> u8 {
        match self {
            Self::OpReady => 0x01,
            Self::Initialized => 0x07,
            Self::Secured => 0x0F,
            Self::CardLocked => 0x7F,
            Self::Terminated => 0xFF,
        }
    }

    /// Reads the coding.
    pub fn from_byte(octet: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.to_byte() == octet)
    }

    /// Name as the specification spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpReady => "OP_READY",
            Self::Initialized => "INITIALIZED",
            Self::Secured => "SECURED",
            Self::CardLocked => "CARD_LOCKED",
            Self::Terminated => "TERMINATED",
        }
    }

    /// Whether SET STATUS may take the card from here to there.
    pub const fn may_become(self, next: Self) -> bool {
        use CardLife::{CardLocked, Initialized, OpReady, Secured, Terminated};
        matches!(
            (self, next),
            (OpReady, Initialized)
                | (Initialized | CardLocked, Secured)
                | (Secured, CardLocked)
                | (OpReady | Initialized | Secured | CardLocked, Terminated)
        )
    }
}

/// What a command asks of the card, as far as the card's life cycle has a say in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// SELECT of the issuer security domain, or of an application with the privilege Final Application.
    SelectFinal,
    /// SELECT of any other application.
    SelectApplication,
    /// MANAGE CHANNEL.
    ManageChannel,
    /// INITIALIZE UPDATE and what else opens a secure channel.
    OpenChannel,
    /// GET DATA of a security domain.
    GetData,
    /// GET STATUS.
    GetStatus,
    /// SET STATUS.
    SetStatus,
    /// INSTALL, LOAD, DELETE: content of the card.
    Content,
    /// PUT KEY and STORE DATA to a security domain.
    Personalise,
    /// A command to the selected application.
    Application,
}

impl Request {
    /// Every kind, in the order of the columns below.
    pub const ALL: [Self; 10] = [
        Self::SelectFinal,
        Self::SelectApplication,
        Self::ManageChannel,
        Self::OpenChannel,
        Self::GetData,
        Self::GetStatus,
        Self::SetStatus,
        Self::Content,
        Self::Personalise,
        Self::Application,
    ];
}

impl CardLife {
    /// Whether the card does such a thing in this state: GPC 2.3.1 §5.1.1 and Table 11-1. A locked card has its issuer
    /// security domain, with which it can be unlocked, and whatever application is final; a terminated one tells its
    /// data and does nothing else.
    pub const fn permits(self, request: Request) -> bool {
        use Request::{GetData, GetStatus, OpenChannel, SelectFinal, SetStatus};
        match self {
            Self::OpReady | Self::Initialized | Self::Secured => true,
            Self::CardLocked => matches!(request, SelectFinal | OpenChannel | GetData | GetStatus | SetStatus),
            Self::Terminated => matches!(request, SelectFinal | GetData),
        }
    }
}

/// Application life cycle, GPC 2.3.1 §5.3.1. `Personalized` is the application's own state 0F.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppLife {
    /// Not yet selectable.
    Installed,
    /// Selectable, being personalised.
    Selectable,
    /// Sealed.
    Personalized,
    /// Locked out of `Selectable`.
    LockedSelectable,
    /// Locked out of `Personalized`.
    LockedPersonalized,
}

impl AppLife {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Installed, Self::Selectable, Self::Personalized, Self::LockedSelectable, Self::LockedPersonalized];

    /// Coding of GPC 2.3.1 Table 11-4.
    pub const fn to_byte(self) -> u8 {
        match self {
            Self::Installed => 0x03,
            Self::Selectable => 0x07,
            Self::Personalized => 0x0F,
            Self::LockedSelectable => 0x87,
            Self::LockedPersonalized => 0x8F,
        }
    }

    /// Reads the coding.
    pub fn from_byte(octet: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.to_byte() == octet)
    }

    /// Name for reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Installed => "INSTALLED",
            Self::Selectable => "SELECTABLE",
            Self::Personalized => "PERSONALIZED",
            Self::LockedSelectable | Self::LockedPersonalized => "LOCKED",
        }
    }

    /// Whether SELECT finds the application.
    pub const fn is_selectable(self) -> bool {
        matches!(self, Self::Selectable | Self::Personalized)
    }

    /// The state that SET STATUS asks for, when it may be reached from here. Bit 8 of the octet locks or unlocks; the
    /// other bits then do not count (GPC 2.3.1 §11.10.2.2).
    ///
    /// # Errors
    /// 6A80 for an octet that is no state, 6985 for a state that cannot be reached from here.
    pub fn after(self, octet: u8) -> Result<Self, Sw> {
        let next = match (self, octet & 0x80 != 0) {
            (Self::Selectable, true) => Self::LockedSelectable,
            (Self::Personalized, true) => Self::LockedPersonalized,
            (Self::LockedSelectable, false) => Self::Selectable,
            (Self::LockedPersonalized, false) => Self::Personalized,
            (Self::Installed | Self::LockedSelectable | Self::LockedPersonalized, true) => {
                return Err(Sw::CONDITIONS_NOT_SATISFIED);
            }
            (_, false) => Self::from_byte(octet).ok_or(Sw::WRONG_DATA)?,
        };
        let forward = matches!(
            (self, next),
            (Self::Installed | Self::LockedSelectable, Self::Selectable)
                | (Self::Selectable, Self::Personalized | Self::LockedSelectable)
                | (Self::Personalized, Self::LockedPersonalized)
                | (Self::LockedPersonalized, Self::Personalized)
        );
        if forward { Ok(next) } else { Err(Sw::CONDITIONS_NOT_SATISFIED) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_the_card_table() {
        // rows and columns in the order of ALL
        let table = ["-I--T", "--S-T", "---LT", "--S-T", "-----"];
        for (from, row) in CardLife::ALL.into_iter().zip(table) {
            for (to, cell) in CardLife::ALL.into_iter().zip(row.chars()) {
                assert_eq!(from.may_become(to), cell != '-', "{from:?} to {to:?}");
            }
        }
    }

    #[test]
    fn every_cell_of_the_command_table() {
        // rows in the order of CardLife::ALL, columns in the order of Request::ALL
        let table = ["xxxxxxxxxx", "xxxxxxxxxx", "xxxxxxxxxx", "x--xxxx---", "x---x-----"];
        for (state, row) in CardLife::ALL.into_iter().zip(table) {
            for (request, cell) in Request::ALL.into_iter().zip(row.chars()) {
                assert_eq!(state.permits(request), cell == 'x', "{request:?} in {state:?}");
            }
        }
    }

    #[test]
    #[allow(clippy::match_same_arms)] // a row of the table an arm
    fn every_cell_of_the_application_table() {
        use AppLife::{Installed, LockedPersonalized, LockedSelectable, Personalized, Selectable};
        for from in AppLife::ALL {
            for octet in 0..=0xFFu8 {
                let expected = match (from, octet) {
                    (Installed, 0x07) => Some(Selectable),
                    (Selectable, 0x0F) => Some(Personalized),
                    (Selectable, 0x80..) => Some(LockedSelectable),
                    (Personalized, 0x80..) => Some(LockedPersonalized),
                    (LockedSelectable, 0..0x80) => Some(Selectable),
                    (LockedPersonalized, 0..0x80) => Some(Personalized),
                    _ => None,
                };
                assert_eq!(from.after(octet).ok(), expected, "{from:?} {octet:02X}");
            }
        }
    }

    #[test]
    fn codings_go_both_ways() {
        assert!(CardLife::ALL.iter().all(|state| CardLife::from_byte(state.to_byte()) == Some(*state)));
        assert!(AppLife::ALL.iter().all(|state| AppLife::from_byte(state.to_byte()) == Some(*state)));
        assert_eq!((CardLife::from_byte(0), AppLife::from_byte(0xFF)), (None, None));
    }
}
