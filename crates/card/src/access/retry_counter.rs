//! How often a password may be tried, TR-03110-2 §2.2.3: what a failure costs, and what brings tries back.
//!
//! MRZ and CAN are never blocked, failures in a row cost time. PIN and PUK have tries: with one left a password is
//! suspended until PACE with the CAN was done in the same session, with none it is blocked. Every try is counted before
//! the token is looked at, and no loss of power gives it back.

use bitaqa_apdu::Sw;
use bitaqa_secure_messaging::pace::PasswordKind;

use super::{Setup, cell};
use crate::applet::Host;

/// What counts the tries of one password.
#[derive(Clone, Copy)]
pub(super) enum RetryCounter {
    /// Failures in a row, which only cost time.
    Failures,
    /// Tries that are left, in this cell, out of so many.
    Tries { cell: u16, initial: u8 },
}

impl RetryCounter {
    pub(super) fn of(password: PasswordKind, setup: &Setup) -> Self {
        match setup.blockable(password) {
            Some(blockable) => Self::Tries { cell: blockable.tries, initial: blockable.initial },
            None => Self::Failures,
        }
    }

    /// Octet of the counter. A counter of tries that cannot be read has none left.
    fn read(self, host: &Host<'_>) -> u8 {
        let cell = match self {
            Self::Failures => cell::PACE_FAILURES,
            Self::Tries { cell, .. } => cell,
        };
        host.get(cell).and_then(|cell| cell.first()).copied().unwrap_or(0)
    }

    /// What has to happen before a run with this password may begin: time after failures (FIA_AFL.1).
    pub(super) fn wait(self, setup: &Setup, host: &mut Host<'_>) {
        if let Self::Failures = self {
            host.wait(setup.delay_ms(self.read(host)));
        }
    }

    /// Answer to MSE:Set AT: 9000, or 63Cx when tries are missing (TR-03110-3 §B.14.1).
    pub(super) fn warning(self, host: &Host<'_>) -> Sw {
        match self {
            Self::Tries { initial, .. } if self.read(host) < initial => Sw::tries_left(self.read(host)),
            _ => Sw::OK,
        }
    }

    /// Whether the password may be tried now: 6983 when it is blocked, 6985 when it is suspended and nobody has shown
    /// the CAN in this session (TR-03110-3 §B.14.2).
    pub(super) fn admit(self, host: &Host<'_>) -> Result<(), Sw> {
        let resumed = host.status.passwords.contains(PasswordKind::Can);
        match (self, self.read(host)) {
            (Self::Tries { .. }, 0) => Err(Sw::AUTHENTICATION_BLOCKED),
            (Self::Tries { .. }, 1) if !resumed => Err(Sw::CONDITIONS_NOT_SATISFIED),
            _ => Ok(()),
        }
    }

    /// Counts a try. Written past any transaction: cutting power cannot buy a free guess.
    pub(super) fn spend(self, host: &mut Host<'_>) -> Result<(), Sw> {
        let count = self.read(host);
        match self {
            Self::Failures => host.put_through(cell::PACE_FAILURES, &[count.saturating_add(1)]),
            Self::Tries { cell, .. } => host.put_through(cell, &[count.saturating_sub(1)]),
        }
        .map_err(Sw::from)
    }

    /// After the right password.
    pub(super) fn restore(self, host: &mut Host<'_>) -> Result<(), Sw> {
        match self {
            Self::Failures => host.put(cell::PACE_FAILURES, &[0]),
            Self::Tries { cell, initial } => host.put(cell, &[initial]),
        }
        .map_err(Sw::from)
    }

    /// Answer to a wrong token: 63Cx where tries are counted (TR-03110-3 §B.14.2), 6300 elsewhere.
    pub(super) fn refusal(self, host: &Host<'_>) -> Sw {
        match self {
            Self::Failures => Sw::AUTHENTICATION_FAILED,
            Self::Tries { .. } => Sw::tries_left(self.read(host)),
        }
    }
}
