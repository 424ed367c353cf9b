//! Terminal Authentication version 1 with ECDSA and RSA, 9303-11 §7.1 and TR-03110-1 §3.5, both roles: a terminal shows
//! certificates that lead to a trust point of the chip and signs a challenge that is bound to the session.
//!
//! ```text
//! 0C 22 81 B6  83 CAR                       -> 9000      for each certificate, link certificates first:
//! 0C 2A 00 BE  7F4E body, 5F37 signature    -> 9000      verified by the key that was just named
//! 0C 22 81 A4  83 CHR                       -> 9000      key of the terminal
//! 0C 84 00 00  08                           -> r_PICC
//! 0C 82 00 00  signature over ID_PICC ‖ r_PICC ‖ Comp(PK_PCD)   -> 9000 or 6300
//! ```
//! What the chip keeps beyond the session, trust points and its date, comes in as [`TrustState`] and goes out as
//! [`TrustUpdate`], for the caller to store in one piece. ID_PICC comes from PACE or, after BAC, from the MRZ
//! ([`id_picc_after_bac`]). Not here: version 2, authorisation extensions.

mod card;
mod terminal;
mod trust;

pub use card::CardTa;
pub use terminal::authenticate;
pub use trust::{TrustState, TrustUpdate};

use bitaqa_apdu::tlv::{Tag, TlvError};
use bitaqa_apdu::{Sw, TerminalRight};
use bitaqa_lds::security_infos::{
    ID_TA_ECDSA_SHA_1, ID_TA_ECDSA_SHA_224, ID_TA_ECDSA_SHA_256, ID_TA_ECDSA_SHA_384, ID_TA_ECDSA_SHA_512,
    ID_TA_RSA_PSS_SHA_1, ID_TA_RSA_PSS_SHA_256, ID_TA_RSA_PSS_SHA_512, ID_TA_RSA_V1_5_SHA_1, ID_TA_RSA_V1_5_SHA_256,
    ID_TA_RSA_V1_5_SHA_512,
};
use bitaqa_pki::SignError;
use bitaqa_pki::cvc::rules::RuleError;
use bitaqa_pki::cvc::{CvcError, InspectionRights, Reference};
use const_oid::ObjectIdentifier;

/// P1-P2 of MSE:Set DST for verification.
const SET_DST: u16 = 0x81B6;
/// P1-P2 of PSO: Verify Certificate, self-descriptive.
const VERIFY: u16 = 0x00BE;
/// P1-P2 of MSE:Set AT for external authentication.
const SET_AT: u16 = 0x81A4;
/// Octets of r_PICC.
const CHALLENGE: usize = 8;
/// A chip holds at most so many trust points, TR-03110-3 §2.5.
const TRUST_POINTS_MAX: usize = 2;
/// Characters of the key input behind the document number: both dates, each with its check digit.
const DATES: usize = 14;

/// Every mechanism that a chip verifies here. A terminal signs by all of them but those with SHA-1, which no signer of
/// this workspace writes (TR-03110-3 §A.1.1.3 wants them out of use).
pub const MECHANISMS: &[ObjectIdentifier] = &[
    ID_TA_RSA_V1_5_SHA_1,
    ID_TA_RSA_V1_5_SHA_256,
    ID_TA_RSA_V1_5_SHA_512,
    ID_TA_RSA_PSS_SHA_1,
    ID_TA_RSA_PSS_SHA_256,
    ID_TA_RSA_PSS_SHA_512,
    ID_TA_ECDSA_SHA_1,
    ID_TA_ECDSA_SHA_224,
    ID_TA_ECDSA_SHA_256,
    ID_TA_ECDSA_SHA_384,
    ID_TA_ECDSA_SHA_512,
];

/// ID_PICC of a session that BAC began: the document number as the MRZ has it with its check digit (9303-11 §7.1.2),
/// which is how the key input of BAC begins (`lds::mrz::key_input`). `None` for what is no key input.
pub fn id_picc_after_bac(key_input: &str) -> Option<Vec<u8>> {
    let number = key_input.len().checked_sub(DATES).and_then(|at| key_input.get(..at))?;
    (number.len() > 1).then(|| number.as_bytes().to_vec())
}

/// What an authenticated terminal may do: what every certificate of its chain allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectiveRights {
    /// Name of the terminal.
    pub holder: Reference,
    /// Rights on the data groups.
    pub rights: InspectionRights,
}

impl EffectiveRights {
    /// Whether an access rule that asks for this right is satisfied.
    pub const fn allow(&self, right: TerminalRight) -> bool {
        self.rights.allow(right)
    }
}

/// What can go wrong on either side.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaError {
    /// P1-P2 of no command of this protocol.
    #[error("P1-P2 {0:04X} belongs to no command of Terminal Authentication")]
    P1P2(u16),
    /// GET CHALLENGE is not for eight octets, or has data.
    #[error("GET CHALLENGE is for 8 octets without data")]
    Length,
    /// The data field of MSE is no sequence of data objects.
    #[error("data field: {0}")]
    Objects(#[from] TlvError),
    /// DO 83 is not there.
    #[error("data object {0:X} is missing")]
    Missing(Tag),
    /// DO 83 names neither a trust point nor the key imported last.
    #[error("no key of that name")]
    UnknownKey,
    /// MSE:Set AT names a key of a CVCA or DV.
    #[error("the key is not the one of a terminal")]
    NotTerminal,
    /// A certificate or signature came before a key was named for it.
    #[error("no key was selected")]
    NoKey,
    /// The certificate is malformed, wrongly signed or not allowed where it stands.
    #[error("certificate: {0}")]
    Certificate(#[from] CvcError),
    /// The name of the holder is the one of a trust point, TR-03110-3 §A.7.2.
    #[error("a trust point has that name already")]
    KnownHolder,
    /// EXTERNAL AUTHENTICATE without a fresh challenge.
    #[error("no challenge was asked for")]
    NoChallenge,
    /// Once in a session, TR-03110-1 §3.5.2.
    #[error("the terminal has authenticated itself in this session before")]
    Repeated,
    /// The signature over the challenge does not verify.
    #[error("the signature of the terminal does not verify")]
    Signature,
    /// Terminal: there is no certificate to show.
    #[error("the chain of certificates is empty")]
    EmptyChain,
    /// Terminal: r_PICC of another length.
    #[error("a challenge of {0} octets")]
    Challenge(usize),
    /// Terminal: its own key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// Terminal: the card refused.
    #[error("the card answered {sw} to {command}")]
    Status {
        /// Command, for certificates with the name of the holder.
        command: String,
        /// Answer.
        sw: Sw,
    },
}

impl From<RuleError> for TaError {
    fn from(error: RuleError) -> Self {
        Self::Certificate(error.into())
    }
}

/// Status words of 9303-11 §7.1.5; terminal errors never reach a card.
impl From<TaError> for Sw {
    #[allow(clippy::match_same_arms)] // a clause per arm
    fn from(error: TaError) -> Self {
        match error {
            TaError::P1P2(_) => Sw::WRONG_P1P2,
            TaError::Length => Sw::WRONG_LENGTH,
            TaError::Objects(_) | TaError::Missing(_) | TaError::NotTerminal => Sw::WRONG_DATA, // 9303-11 §7.1.5.3
            TaError::UnknownKey => Sw::REFERENCE_NOT_FOUND,                                     // 9303-11 §7.1.5.1
            TaError::NoKey | TaError::NoChallenge => Sw::CONDITIONS_NOT_SATISFIED,
            TaError::Certificate(CvcError::Signature(_)) => Sw::AUTHENTICATION_FAILED,
            TaError::Certificate(CvcError::Rule(_)) | TaError::KnownHolder => Sw::CONDITIONS_NOT_SATISFIED,
            TaError::Certificate(_) => Sw::WRONG_DATA,
            TaError::Repeated => Sw::SECURITY_STATUS_NOT_SATISFIED, // 9303-11 §7.1.5.5
            TaError::Signature => Sw::AUTHENTICATION_FAILED,        // 9303-11 §7.1.5.5
            TaError::EmptyChain | TaError::Challenge(_) | TaError::Sign(_) | TaError::Status { .. } => {
                Sw::EXECUTION_ERROR
            }
        }
    }
}

#[cfg(test)]
mod tests;
