//! Secure channels by what the card answers, and logical channels.

use bitaqa_apdu::{Command, Sw, ins};
use bitaqa_secure_messaging::put_key::PutKeyError;
use bitaqa_secure_messaging::scp02::Scp02Error;
use bitaqa_secure_messaging::scp03::Scp03Error;
use bitaqa_secure_messaging::secure_channel::{self, OpenError};
use bitaqa_secure_messaging::{KeySet, TerminalError};
use rand_core::CryptoRng;

pub use bitaqa_secure_messaging::scp03::Size;
pub use bitaqa_secure_messaging::secure_channel::{Offer, Wanted};

use super::GpError;
use crate::session::{Session, SessionError};

/// Why no secure channel was opened. Only a refused EXTERNAL AUTHENTICATE can have spent a try.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// The card holds other keys: found out before EXTERNAL AUTHENTICATE, so no try was spent.
    #[error("the card's cryptogram is not that of these keys; EXTERNAL AUTHENTICATE was not sent and no try was spent")]
    CardCryptogram,
    /// There are no keys for this card.
    #[error("no keys for this card: {0}")]
    NoKeys(String),
    /// The card refused a command.
    #[error("{command} answered {sw:?}")]
    Refused {
        /// INITIALIZE UPDATE or EXTERNAL AUTHENTICATE.
        command: &'static str,
        /// The answer.
        sw: Sw,
    },
    /// An answer or a level that is none of the protocol.
    #[error("{0}")]
    Protocol(String),
}

impl ChannelError {
    /// Whether the card may have counted a failed authentication: it was shown a cryptogram and refused.
    pub fn may_have_spent_a_try(&self) -> bool {
        matches!(self, Self::Refused { command: "EXTERNAL AUTHENTICATE", .. })
    }
}

impl From<OpenError> for ChannelError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Scp03(Scp03Error::CardCryptogram) | OpenError::Scp02(Scp02Error::CardCryptogram) => {
                Self::CardCryptogram
            }
            OpenError::Scp03(Scp03Error::NoKeys(why)) | OpenError::Scp02(Scp02Error::NoKeys(why)) => Self::NoKeys(why),
            OpenError::Scp03(Scp03Error::Status { command, sw })
            | OpenError::Scp02(Scp02Error::Status { command, sw }) => Self::Refused { command, sw },
            OpenError::Status(sw) => Self::Refused { command: "INITIALIZE UPDATE", sw },
            other => Self::Protocol(other.to_string()),
        }
    }
}

impl From<PutKeyError> for GpError {
    fn from(error: PutKeyError) -> Self {
        Self::PutKey(error)
    }
}

/// Finds or diversifies keys by the card's answer; an error says why there are none.
pub type Keys<'a> = &'a dyn Fn(&Offer) -> Result<KeySet, String>;

/// Opens the channel in the protocol that the card's key set speaks. The card's cryptogram is checked before EXTERNAL
/// AUTHENTICATE is sent, so that wrong keys never spend one of the card's tries.
///
/// # Errors
/// [`GpError`]; the session is then without protection.
pub fn open_secure_channel(
    session: &mut Session<'_>,
    wanted: Wanted,
    keys: Keys<'_>,
    rng: &mut dyn CryptoRng,
) -> Result<Offer, GpError> {
    session.end_protection();
    let opened = secure_channel::open(&mut |command| session.send(command), keys, wanted, rng);
    let (channel, offer) = opened.map_err(|error| match error {
        TerminalError::Exchange(error) => GpError::Session(error),
        TerminalError::Protocol(error) => GpError::SecureChannel(error.into()),
    })?;
    session.open_channel(channel);
    Ok(offer)
}

/// MANAGE CHANNEL [open], GPC 2.3.1 §11.7: the number of the new logical channel, 1 to 19.
///
/// # Errors
/// [`SessionError`]: 6881 or 6A81 when there is none left.
pub fn open_logical_channel(session: &mut Session<'_>) -> Result<u8, SessionError> {
    let data = session.expect(Command::new(ins::MANAGE_CHANNEL, 0x00, 0x00).ne(1))?;
    if let [number @ 1..=19] = *data {
        return Ok(number);
    }
    let what = format!("{} octets that are no number of a channel", data.len());
    Err(SessionError::Malformed { at: "MANAGE CHANNEL".into(), what })
}

/// MANAGE CHANNEL [close], GPC 2.3.1 §11.7. A channel that is closed already is no error (warning 6200).
///
/// # Errors
/// [`SessionError`].
pub fn close_logical_channel(session: &mut Session<'_>, number: u8) -> Result<(), SessionError> {
    let response = session.send(Command::new(ins::MANAGE_CHANNEL, 0x80, number))?;
    match response.sw {
        Sw::OK | Sw(0x6200) => Ok(()),
        sw => Err(SessionError::Status { at: "MANAGE CHANNEL".into(), sw }),
    }
}
