//! Card-verifiable certificates of Extended Access Control, TR-03110-3 §C and §D: what a chip can verify by itself.
//!
//! ```text
//! 7F21 CV certificate
//!   7F4E body                          signed with tag and length
//!     5F29 profile identifier          00
//!     42   certification authority reference (CAR)
//!     7F49 public key                  06 OID, CVCA: 81 p 82 a 83 b 84 G 85 n 86 Q 87 h, others: 86 Q;
//!                                      RSA: 06 OID, 81 modulus, 82 exponent
//!     5F20 certificate holder reference (CHR)
//!     7F4C authorisation template (CHAT)   06 type of terminal, 53 role and rights
//!     5F25 effective date              six digits YYMMDD, an octet each
//!     5F24 expiration date
//!     65   extensions                  optional, kept and not looked at
//!   5F37 signature                     r ‖ s, or the RSA number
//! ```
//! Reading is strict, with one error per defect; it needs no key and takes keys on curves that cannot be computed on
//! here. Keys are resolved afterwards, since DV and terminal inherit the curve of their CVCA.

mod certificate;
mod chat;
mod date;
mod ef_cvca;
mod issue;
mod public_key;
mod reference;
pub mod rules;

pub use certificate::{CertificateBody, CvCertificate};
pub use chat::{Chat, InspectionRights, Role, TerminalType};
pub use date::{date_from_bcd, date_to_bcd};
pub use ef_cvca::{EfCvca, EfCvcaError};
pub use issue::{CvRequest, LinkParameters, issue, issue_cvca, issue_link};
pub use public_key::{CvKey, CvPublicKey, PublicKey};
pub use reference::Reference;

use crate::rsa::RsaError;
use crate::{SignError, SignatureAlgorithm};
use bitaqa_apdu::tlv::{Tag, TlvError};
use bitaqa_curves::CurveError;
use const_oid::ObjectIdentifier;
use time::Date;

/// What is wrong with a CV certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CvcError {
    /// Not TLV at all.
    #[error("the CV certificate is not well-formed: {0}")]
    Tlv(#[from] TlvError),
    /// A field is missing or not in its place (TR-03110-3 table 23 fixes the order).
    #[error("the field {0:X} ({name}) is missing or not in its place", name = field_name(*.0))]
    Missing(Tag),
    /// An object too many.
    #[error("unexpected objects after the last field of {0:X}")]
    Unexpected(Tag),
    /// Not version 1 of the profile, coded 00.
    #[error("the certificate profile is not version 1")]
    Profile,
    /// CAR or CHR not country, mnemonic, sequence number (TR-03110-3 §A.7.1).
    #[error("{0:?} is no key reference: country, 1 to 9 characters, sequence number of 5")]
    Reference(String),
    /// No signature algorithm of TR-03110-3 tables 17 and 18.
    #[error("the signature algorithm {0} is not supported")]
    Algorithm(ObjectIdentifier),
    /// An algorithm that CV certificates have no name for, or that is not for such a key.
    #[error("a CV certificate cannot carry such a key for {0}")]
    NoAlgorithm(SignatureAlgorithm),
    /// The numbers of an RSA key.
    #[error(transparent)]
    Rsa(#[from] RsaError),
    /// Octets of no object identifier.
    #[error("an object identifier is malformed")]
    ObjectIdentifier,
    /// An unsigned integer with zeros on the left, or empty (TR-03110-3 §D.2.1.1).
    #[error("the number {0:X} of the public key is not coded minimally")]
    Number(Tag),
    /// Domain parameters in a certificate of a DV or terminal (TR-03110-3 §D.3.3).
    #[error("only CVCA certificates carry domain parameters")]
    ParametersNotAllowed,
    /// Neither stated nor inherited.
    #[error("no domain parameters are known for the public key")]
    NoParameters,
    /// Domain parameters of no curve that can be computed on here.
    #[error("the domain parameters are those of no supported curve")]
    UnsupportedCurve,
    /// The public point.
    #[error("the public key is not valid: {0}")]
    Point(CurveError),
    /// Neither inspection system, authentication terminal nor signature terminal.
    #[error("{0} is no type of terminal")]
    TerminalType(ObjectIdentifier),
    /// Octets of role and rights do not fit the type of terminal.
    #[error("role and rights have {0} octets, which does not fit the type of terminal")]
    Authorization(usize),
    /// Not six octets of one digit each.
    #[error("the date {0:X} is not six digits")]
    Digits(Tag),
    /// Six digits, but no day of the calendar.
    #[error("the date {0:X} does not exist")]
    NoSuchDate(Tag),
    /// Two digits hold the years 2000 to 2099 (TR-03110-3 §D.2.1.3).
    #[error("the year of {0} cannot be written in a CV certificate")]
    Year(Date),
    /// Ends before it begins.
    #[error("the certificate expires on {expiry}, before it is effective on {effective}")]
    ExpiryBeforeEffective {
        /// First day.
        effective: Date,
        /// Last day.
        expiry: Date,
    },
    /// Empty, or two halves of unequal length.
    #[error("a signature cannot have {0} octets")]
    SignatureLength(usize),
    /// r or s is zero.
    #[error("r or s of the signature is zero")]
    SignatureZero,
    /// The signature does not verify.
    #[error("the signature was not made by the key of {0}")]
    Signature(Reference),
    /// The authority named is not the certificate above.
    #[error("the certificate was issued by {stated}, not by {expected}")]
    Authority {
        /// CAR of the certificate.
        stated: Reference,
        /// CHR of the certificate above.
        expected: Reference,
    },
    /// A chain keeps its algorithm (TR-03110-3 §2.3).
    #[error("algorithm or curve differ from those of the CVCA")]
    AlgorithmChange,
    /// A role issued what it may not issue.
    #[error(transparent)]
    Rule(#[from] rules::RuleError),
    /// The signer does not hold the key of the certificate it signs for.
    #[error("the signing key is not the key of {0}")]
    NotTheKeyOf(Reference),
    /// The signer.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Names of the fields, TR-03110-3 table 27 and table 31.
const fn field_name(tag: Tag) -> &'static str {
    match tag {
        0x06 => "object identifier",
        0x42 => "certification authority reference",
        0x53 => "discretionary data",
        0x81 => "modulus",
        0x82 => "first coefficient or public exponent",
        0x83 => "second coefficient",
        0x84 => "base point",
        0x85 => "order of the base point",
        0x86 => "public point",
        0x5F20 => "certificate holder reference",
        0x5F24 => "expiration date",
        0x5F25 => "effective date",
        0x5F29 => "profile identifier",
        0x5F37 => "signature",
        0x7F21 => "CV certificate",
        0x7F49 => "public key",
        0x7F4C => "holder authorization template",
        0x7F4E => "certificate body",
        _ => "unnamed",
    }
}

/// The next object must have this tag; another one or none is a missing field, broken octets stay what they are.
fn expect<'a>(reader: &mut bitaqa_apdu::tlv::Reader<'a>, tag: Tag) -> Result<&'a [u8], CvcError> {
    reader.expect(tag).map_err(|error| match error {
        TlvError::Unexpected { .. } => CvcError::Missing(tag),
        other => CvcError::Tlv(other),
    })
}

/// Nothing may follow the last field of the object `tag`.
fn finish(reader: bitaqa_apdu::tlv::Reader<'_>, tag: Tag) -> Result<(), CvcError> {
    reader.finish().map_err(|_| CvcError::Unexpected(tag))
}

fn object_identifier(octets: &[u8]) -> Result<ObjectIdentifier, CvcError> {
    ObjectIdentifier::from_bytes(octets).map_err(|_| CvcError::ObjectIdentifier)
}
