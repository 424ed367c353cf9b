//! What goes wrong in a run of PACE, on either side, and what the chip answers to it.

use crate::KeyLength;
use bitaqa_apdu::Sw;
use bitaqa_apdu::tlv::{Tag, TlvError};
use bitaqa_curves::CurveError;
use const_oid::ObjectIdentifier;
use core::fmt;

/// A step of the protocol: one exchange of commands. `Display` names its clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// MSE:Set AT, 9303-11 §4.4.4.1.
    SetAt,
    /// DO 80, 9303-11 §4.4.5.1.
    Nonce,
    /// DO 81 and DO 82, 9303-11 §4.4.5.2.
    Mapping,
    /// DO 83 and DO 84, 9303-11 §4.4.5.3.
    KeyAgreement,
    /// DO 85 to DO 8A, 9303-11 §4.4.5.4.
    MutualAuthentication,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SetAt => "MSE:Set AT (9303-11 §4.4.4.1)",
            Self::Nonce => "the encrypted nonce (9303-11 §4.4.5.1)",
            Self::Mapping => "the mapping (9303-11 §4.4.5.2)",
            Self::KeyAgreement => "the key agreement (9303-11 §4.4.5.3)",
            Self::MutualAuthentication => "the mutual authentication (9303-11 §4.4.5.4)",
        })
    }
}

/// What can go wrong on either side, in the words of 9303-11 §4.4.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaceError {
    /// P1-P2 of no PACE command.
    #[error("P1-P2 {0:04X} belongs to no command of PACE (9303-11 §4.4.4)")]
    P1P2(u16),
    /// The data field is not the one of this step: broken TLV, another object, left-overs.
    #[error("{step}: data field: {error}")]
    Objects {
        /// Where.
        step: Step,
        /// What the reader of data objects found.
        error: TlvError,
    },
    /// DO 80 or DO 83 is not there.
    #[error("MSE:Set AT (9303-11 §4.4.4.1): data object {0:X} is missing")]
    Missing(Tag),
    /// DO 80 names nothing that is offered here.
    #[error("MSE:Set AT (9303-11 §4.4.4.1): the protocol of DO 80 is not offered")]
    Mechanism,
    /// DO 83 names no password of this chip.
    #[error("MSE:Set AT (9303-11 §4.4.4.1): the password of DO 83 is not available")]
    PasswordReference,
    /// DO 84 names no offered domain parameters, or is absent where several are offered.
    #[error("MSE:Set AT (9303-11 §4.4.4.1): the domain parameters are not offered, or ambiguous without DO 84")]
    DomainParameters,
    /// DO 7F4C is no template of an inspection system.
    #[error("MSE:Set AT (9303-11 §4.4.4.1): DO 7F4C is for no inspection system")]
    TerminalType,
    /// Chip: the static key that chip authentication mapping needs is not there, or belongs to other parameters.
    #[error("chip authentication mapping (9303-11 §4.4.3.5): no static key for these domain parameters")]
    ChipKey,
    /// Command chaining ends before the last step, or does not end with it.
    #[error("{step}: class {class:02X} does not chain as this step must (9303-11 §4.4.4.3)")]
    Chaining {
        /// Where.
        step: Step,
        /// Class byte.
        class: u8,
    },
    /// A nonce, clear or encrypted, of a length that the cipher does not allow.
    #[error("{step}: a nonce of {octets} octets (9303-11 §4.4.3.3)")]
    Nonce {
        /// Where.
        step: Step,
        /// Octets found.
        octets: usize,
    },
    /// A public key that is not of the group, or one that leaves no secret or no generator.
    #[error("{step}: public key: {error}")]
    PublicKey {
        /// Where.
        step: Step,
        /// What the group says.
        error: CurveError,
    },
    /// The other side sent our own public key back, 9303-11 §4.4.1 d).
    #[error("{0}: both sides show the same public key (9303-11 §4.4.1)")]
    Reflected(Step),
    /// The authentication token is wrong: another password, or somebody in between.
    #[error("the mutual authentication (9303-11 §4.4.3.4): the authentication token is wrong")]
    Token,
    /// Keys of a length that no cipher has; not reachable from outside.
    #[error(transparent)]
    Key(#[from] KeyLength),
    /// The offer of the chip is beyond this program.
    #[error("PACE {protocol} version {version} with parameters {parameter_id:?} is not spoken here: {reason}")]
    Unsupported {
        /// Object identifier of the offer.
        protocol: ObjectIdentifier,
        /// Version of the offer.
        version: u8,
        /// Domain parameters of the offer.
        parameter_id: Option<u8>,
        /// What exactly.
        reason: &'static str,
    },
    /// Terminal: the card refused a step.
    #[error("the card answered {sw} to {step}")]
    Status {
        /// Where.
        step: Step,
        /// Answer.
        sw: Sw,
    },
    /// Terminal: the card refused the token, which means that it holds another password. 63Cx tells the tries left.
    #[error("the card refused the password ({0}), 9303-11 §4.4.4.2")]
    PasswordRefused(Sw),
    /// Terminal: no try is left for the password; it must be unblocked.
    #[error("the password is blocked ({0}), TR-03110-3 §B.14.2")]
    PasswordBlocked(Sw),
    /// Terminal: one try is left, and the card takes it only after PACE with the CAN in the same session.
    #[error("the password is suspended ({0}): PACE with the CAN must come first, TR-03110-3 §B.14.2")]
    PasswordSuspended(Sw),
    /// Terminal: chip authentication mapping without DO 8A.
    #[error("the mutual authentication: DO 8A is missing in chip authentication mapping (9303-11 §4.4.5)")]
    ChipAuthenticationMissing,
    /// Terminal: DO 8A in another mapping.
    #[error("the mutual authentication: DO 8A does not belong to this mapping (9303-11 §4.4.5)")]
    ChipAuthenticationUnexpected,
    /// Terminal: what DO 8A holds is no number of the right length under padding and session key.
    #[error("the chip authentication data are not encrypted, padded and long as they must be (9303-11 §4.4.5.6)")]
    ChipAuthenticationData,
    /// Terminal: EF.CardSecurity holds no key with the identifier that the offer names.
    #[error("EF.CardSecurity has no chip authentication key with keyId {0} (9303-11 §9.2.1)")]
    NoStaticKey(u8),
    /// Terminal: the key in EF.CardSecurity cannot be used.
    #[error("chip authentication key with keyId {key_id} (9303-11 §9.2.6): {reason}")]
    StaticKey {
        /// Identifier.
        key_id: u8,
        /// What is wrong with it.
        reason: String,
    },
    /// Terminal: the chip does not hold the private key of EF.CardSecurity, 9303-11 §4.4.3.5.2.
    #[error("chip authentication (9303-11 §4.4.3.5.2): {0}")]
    ChipAuthentication(CurveError),
}

/// Status words of 9303-11 §4.4.4 and TR-03110-3 §B.13.3; terminal errors never reach a card.
impl From<PaceError> for Sw {
    #[allow(clippy::match_same_arms)] // a clause per arm
    fn from(error: PaceError) -> Self {
        match error {
            PaceError::P1P2(_) => Sw::WRONG_P1P2,                           // 7816-4 §5.6
            PaceError::Missing(_) | PaceError::Mechanism => Sw::WRONG_DATA, // 9303-11 §4.4.4.1, algorithm not supported
            PaceError::TerminalType => Sw::WRONG_DATA, // TR-03110-3 §B.14.1, terminal type not authorised
            PaceError::PasswordReference | PaceError::DomainParameters | PaceError::ChipKey => {
                Sw::REFERENCE_NOT_FOUND // 9303-11 §4.4.4.1, referenced data not available
            }
            PaceError::Chaining { class, .. } if class & 0x10 != 0 => Sw::LAST_OF_CHAIN_EXPECTED, // TR-03110-3 §B.13.3
            PaceError::Chaining { .. } => Sw::CONDITIONS_NOT_SATISFIED,                           // 9303-11 §4.4.4.3
            PaceError::Objects { .. } => Sw::WRONG_DATA, // 9303-11 §4.4.4.2, provided data is invalid
            PaceError::PublicKey { .. } => Sw::WRONG_DATA, // 9303-11 §4.4.4.2, provided data is invalid
            PaceError::Nonce { .. } => Sw::WRONG_DATA,   // 9303-11 §4.4.4.2, provided data is invalid
            PaceError::Reflected(_) | PaceError::Token => Sw::AUTHENTICATION_FAILED, // 9303-11 §4.4.4.2
            PaceError::Key(_)
            | PaceError::Unsupported { .. }
            | PaceError::Status { .. }
            | PaceError::PasswordRefused(_)
            | PaceError::PasswordBlocked(_)
            | PaceError::PasswordSuspended(_)
            | PaceError::ChipAuthenticationMissing
            | PaceError::ChipAuthenticationUnexpected
            | PaceError::ChipAuthenticationData
            | PaceError::NoStaticKey(_)
            | PaceError::StaticKey { .. }
            | PaceError::ChipAuthentication(_) => Sw::EXECUTION_ERROR, // of terminals only
        }
    }
}

/// Which step a broken data field belongs to.
pub(super) const fn objects(step: Step) -> impl Fn(TlvError) -> PaceError {
    move |error| PaceError::Objects { step, error }
}

/// Which step a bad public key belongs to.
pub(super) const fn public_key(step: Step) -> impl Fn(CurveError) -> PaceError {
    move |error| PaceError::PublicKey { step, error }
}
