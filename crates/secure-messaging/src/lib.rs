//! Key agreement, proofs and sessions, card and terminal role side by side: PACE, BAC, Chip, Terminal and Active
//! Authentication, SCP02, SCP03, SCP11, and the secure messaging that they leave behind.
//!
//! A session is one object with four verbs ([`SecureMessaging`]). The card role of a protocol is a value that each
//! command consumes, so that a wrong command drops the stage; the terminal role is a straight function over a `send`.
//! Nothing here reads a clock or draws randomness of its own: both come as arguments.
//! [`SecureChannel`] is the one face of the channels of GlobalPlatform. Not here: versions 2 and 3 of Chip
//! Authentication.

pub mod aa;
mod aes_key;
pub mod bac;
pub mod ca;
pub mod diversify;
pub mod kdf;
pub mod management;
pub mod pace;
mod padding;
pub mod put_key;
pub mod scp02;
pub mod scp03;
pub mod scp11;
mod scp_sides;
pub mod secure_channel;
mod session_key;
pub mod sm;
mod static_keys;
pub mod ta;
mod templates;

#[cfg(test)]
mod testing;

pub use secure_channel::{DataEncryption, SecureChannel};
pub use static_keys::{KeySet, KeyType, kcv};

use bitaqa_apdu::tlv::{Tag, TlvError};
use bitaqa_apdu::{Command, Response, Sw};

/// A session after a key agreement, seen from the one who sends (terminal) or from the one who answers (card).
///
/// Each verb has its inverse on the other side. A check that fails ends the session: its keys are wiped, and from then
/// on every verb fails closed, which means that no plain data leaves through it.
pub trait SecureMessaging: Send {
    /// Terminal: plain command to protected command. After the end of the session a bare header without data, which
    /// any card refuses.
    fn protect_command(&mut self, plain: Command) -> Command;

    /// Card: protected command to plain command. The status word is sent without protection, as 9303-11 §9.8.5 and
    /// Amd D §6.2.5 have it.
    ///
    /// # Errors
    /// The status word of the failure; the session has then ended.
    fn unprotect_command(&mut self, wire: Command) -> Result<Command, Sw>;

    /// Card: plain response to protected response. After the end of the session the status word alone.
    fn protect_response(&mut self, plain: Response) -> Response;

    /// Terminal: protected response to plain response.
    ///
    /// # Errors
    /// [`SmError`]; the session has then ended.
    fn unprotect_response(&mut self, wire: Response) -> Result<Response, SmError>;

    /// Largest plain data field in octets whose protected form has at most `wire_data_max` octets of data, for
    /// commands and responses alike. 0 when none fits.
    fn max_plain_data(&self, wire_data_max: usize) -> usize;

    /// Whether the session still lives.
    fn is_open(&self) -> bool;
}

/// Why a protected message was not accepted, in the words of 7816-4 §10 and Amd D §6.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmError {
    /// A check failed before, or the session was closed.
    #[error("the session has ended")]
    Closed,
    /// The class byte carries no secure-messaging indication.
    #[error("a plain command inside a session")]
    PlainCommand,
    /// The card answered without protection: it has ended the session, or somebody speaks in its name.
    #[error("the card answered {0} without secure messaging")]
    PlainResponse(Sw),
    /// A data object or a MAC that must be there is not.
    #[error("secure-messaging object {0:X} is missing")]
    Missing(Tag),
    /// The data field is no sequence of data objects in the order of 9303-11 §9.8.4.
    #[error("secure-messaging objects: {0}")]
    Objects(#[from] TlvError),
    /// A data object whose value has a wrong length, padding indicator or number.
    #[error("secure-messaging object {0:X} has a wrong value")]
    Value(Tag),
    /// The MAC does not belong to the message: changed, replayed, or made with another key.
    #[error("the checksum does not verify")]
    Checksum,
    /// The authentic data do not end in a padding of method 2.
    #[error("the padding is wrong")]
    Padding,
    /// The status word of the response is not the one under the MAC.
    #[error("status word {plain} is not the protected one, {protected}")]
    Status {
        /// In DO 99.
        protected: Sw,
        /// At the end of the response.
        plain: Sw,
    },
}

/// Status word of a failed command under ISO secure messaging, 9303-11 §9.8.5 and TR-03110-3 §F.6: 6987 for what is
/// missing, 6988 for what is wrong. SCP03 has its own choice in [`scp03`].
impl From<SmError> for Sw {
    fn from(error: SmError) -> Self {
        match error {
            SmError::PlainCommand | SmError::Missing(_) => Sw::SM_OBJECTS_MISSING,
            SmError::Closed => Sw::SECURITY_STATUS_NOT_SATISFIED, // 7816-4 §5.6: there is no session to speak in
            SmError::PlainResponse(_) // the last two are for terminals only
            | SmError::Status { .. }
            | SmError::Objects(_)
            | SmError::Value(_)
            | SmError::Checksum
            | SmError::Padding => Sw::SM_OBJECTS_INCORRECT,
        }
    }
}

/// Why a terminal role stopped: the way to the card failed, or the protocol did.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError<E, P> {
    /// `send` failed: no response is known.
    #[error("exchange with the card: {0}")]
    Exchange(E),
    /// The card or its answer does not keep to the protocol.
    #[error(transparent)]
    Protocol(#[from] P),
}

/// A key of a length that the cipher does not have, or keys of different lengths where one length is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key of {0} octets, which is not the length that the cipher of the session has")]
pub struct KeyLength(pub usize);
