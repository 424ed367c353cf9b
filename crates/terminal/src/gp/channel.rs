//! Opening a secure channel by what the card answers: SCP02 or SCP03.

use bitaqa_apdu::{Command, Response, Sw, ins};
use bitaqa_secure_messaging::put_key::PutKeyError;
use bitaqa_secure_messaging::scp02::{self, Scp02Error};
use bitaqa_secure_messaging::scp03::{self, Scp03Error, SecurityLevel};
use bitaqa_secure_messaging::secure_channel::SecureChannel;
use bitaqa_secure_messaging::{KeySet, KeyType, TerminalError};
use rand_core::CryptoRng;

use super::GpError;
use crate::session::{Session, SessionError};

/// What a card says of itself in its answer to INITIALIZE UPDATE (GPC 2.3.1 §E.5.1.6, Amd D §7.1.1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardAnswer {
    /// Key diversification data.
    pub kdd: [u8; 10],
    /// Version of the key set that answered.
    pub kvn: u8,
    /// Protocol that this set speaks: 02 or 03.
    pub protocol: u8,
}

/// Why no secure channel was opened. Only [`ChannelError::Refused`] at EXTERNAL AUTHENTICATE can have spent a try.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// The card holds other keys: found out before EXTERNAL AUTHENTICATE, so no try was spent.
    #[error("the card's cryptogram is not that of these keys; EXTERNAL AUTHENTICATE was not sent and no try was spent")]
    CardCryptogram,
    /// There are no keys for this card.
    #[error("no keys for this card: {0}")]
    NoKeys(String),
    /// Keys of AES for SCP02, or of 3DES for SCP03.
    #[error("the card speaks SCP{protocol:02X}, and the keys are {given:?}")]
    KeyType {
        /// The card's protocol.
        protocol: u8,
        /// The keys.
        given: KeyType,
    },
    /// A level that the protocol does not have.
    #[error("level {level:02X} is none of SCP{protocol:02X} as this card speaks it")]
    Level {
        /// The level asked for.
        level: u8,
        /// The card's protocol.
        protocol: u8,
    },
    /// The card refused a command.
    #[error("{command} answered {sw:?}")]
    Refused {
        /// INITIALIZE UPDATE or EXTERNAL AUTHENTICATE.
        command: &'static str,
        /// The answer.
        sw: Sw,
    },
    /// An answer that is none of SCP02 or SCP03.
    #[error("{0}")]
    Answer(String),
}

impl ChannelError {
    /// Whether the card may have counted a failed authentication: it was shown a cryptogram and refused.
    pub fn may_have_spent_a_try(&self) -> bool {
        matches!(self, Self::Refused { command: "EXTERNAL AUTHENTICATE", .. })
    }
}

impl From<Scp03Error> for ChannelError {
    fn from(error: Scp03Error) -> Self {
        match error {
            Scp03Error::CardCryptogram => Self::CardCryptogram,
            Scp03Error::NoKeys(why) => Self::NoKeys(why),
            Scp03Error::Status { command, sw } => Self::Refused { command, sw },
            Scp03Error::Level { level, .. } => Self::Level { level, protocol: 0x03 },
            other => Self::Answer(other.to_string()),
        }
    }
}

impl From<Scp02Error> for ChannelError {
    fn from(error: Scp02Error) -> Self {
        match error {
            Scp02Error::CardCryptogram => Self::CardCryptogram,
            Scp02Error::NoKeys(why) => Self::NoKeys(why),
            Scp02Error::Status { command, sw } => Self::Refused { command, sw },
            other => Self::Answer(other.to_string()),
        }
    }
}

impl From<PutKeyError> for GpError {
    fn from(error: PutKeyError) -> Self {
        Self::PutKey(error)
    }
}

/// Finds or diversifies keys by the card's answer; an error says why there are none.
pub type Keys<'a> = &'a dyn Fn(&CardAnswer) -> Result<KeySet, String>;

/// Opens the channel in the protocol that the card's key set `kvn` (00: the card's choice) speaks. The card's
/// cryptogram is checked before EXTERNAL AUTHENTICATE is sent, so that wrong keys never spend one of the card's tries.
/// A level with bits for responses becomes the commands' part of it with SCP02, which has no other here.
///
/// # Errors
/// [`GpError`]; the session is then without protection.
pub fn open_secure_channel(
    session: &mut Session<'_>,
    kvn: u8,
    level: u8,
    keys: Keys<'_>,
    rng: &mut dyn CryptoRng,
) -> Result<CardAnswer, GpError> {
    session.end_protection();
    // A card of SCP02 shows itself in the first answer. It is asked again then, which costs it nothing: its counter
    // moves with EXTERNAL AUTHENTICATE only (GPC 2.3.1 §E.1.6), and a card of SCP03 is never asked twice.
    let mut speaks_scp02 = false;
    let opened = {
        let mut send = |command: Command| {
            let response = session.send(command);
            speaks_scp02 |= response.as_ref().is_ok_and(is_scp02);
            response
        };
        open_scp03(&mut send, kvn, level, keys, rng)
    };
    let opened = match opened {
        Err(_) if speaks_scp02 => open_scp02(&mut |command| session.send(command), kvn, level, keys, rng),
        other => other,
    };
    let (channel, answer) = opened?;
    session.open_channel(channel);
    Ok(answer)
}

/// INITIALIZE UPDATE answered in the layout of SCP02: 28 octets with the protocol in the twelfth.
fn is_scp02(response: &Response) -> bool {
    response.sw == Sw::OK && response.data.len() == 28 && response.data.get(11) == Some(&0x02)
}

type Send<'a> = &'a mut dyn FnMut(Command) -> Result<Response, SessionError>;
type Opened = Result<(Box<dyn SecureChannel>, CardAnswer), GpError>;

fn open_scp03(send: Send<'_>, kvn: u8, level: u8, keys: Keys<'_>, rng: &mut dyn CryptoRng) -> Opened {
    let find = |card: &scp03::InitializeUpdateResponse| {
        let answer = CardAnswer { kdd: card.key_diversification_data, kvn: card.key_version, protocol: 0x03 };
        fitting(keys, &answer, KeyType::Aes).map_err(|error| Scp03Error::NoKeys(error.to_string()))
    };
    let host = scp03::open(send, &find, kvn, SecurityLevel(level), rng).map_err(failure)?;
    let card = host.card();
    let answer = CardAnswer { kdd: card.key_diversification_data, kvn: card.key_version, protocol: 0x03 };
    Ok((Box::new(host), answer))
}

fn open_scp02(send: Send<'_>, kvn: u8, level: u8, keys: Keys<'_>, rng: &mut dyn CryptoRng) -> Opened {
    let commands = match level & 0x03 {
        0x01 => scp02::Level::CMac,
        0x03 => scp02::Level::CDecryption,
        _ => return Err(ChannelError::Level { level, protocol: 0x02 }.into()),
    };
    let find = |card: &scp02::InitializeUpdateResponse| {
        let answer = CardAnswer { kdd: card.key_diversification_data, kvn: card.key_version, protocol: 0x02 };
        fitting(keys, &answer, KeyType::TripleDes).map_err(|error| Scp02Error::NoKeys(error.to_string()))
    };
    let host = scp02::open(send, &find, kvn, commands, rng).map_err(failure)?;
    let card = host.card();
    let answer = CardAnswer { kdd: card.key_diversification_data, kvn: card.key_version, protocol: 0x02 };
    Ok((Box::new(host), answer))
}

/// The keys of the kind that the protocol takes.
fn fitting(keys: Keys<'_>, answer: &CardAnswer, wanted: KeyType) -> Result<KeySet, String> {
    let found = keys(answer)?;
    let (protocol, given) = (answer.protocol, found.key_type());
    if given == wanted { Ok(found) } else { Err(ChannelError::KeyType { protocol, given }.to_string()) }
}

fn failure<P: Into<ChannelError>>(error: TerminalError<SessionError, P>) -> GpError {
    match error {
        TerminalError::Exchange(error) => GpError::Session(error),
        TerminalError::Protocol(error) => GpError::SecureChannel(error.into()),
    }
}

/// MANAGE CHANNEL [open], GPC 2.3.1 §11.7: the number of the new logical channel, 1 to 19.
///
/// # Errors
/// [`SessionError`]: 6881 or 6A81 when there is none left.
pub fn open_logical_channel(session: &mut Session<'_>) -> Result<u8, SessionError> {
    let data = session.expect(Command::new(ins::MANAGE_CHANNEL, 0x00, 0x00).ne(1))?;
    match *data {
        [number @ 1..=19] => Ok(number),
        _ => {
            let what = format!("{} octets that are no number of a channel", data.len());
            Err(SessionError::Malformed { at: "MANAGE CHANNEL".into(), what })
        }
    }
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
