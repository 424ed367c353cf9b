//! EF.SOD, the document security object: 9303-10 §4.6.2 and 9303-12 §7.3, CMS SignedData around the hashes of all data
//! groups. Signing and verifying in one file.
//!
//! ```text
//! 77 EF.SOD
//!   ContentInfo id-signedData
//!     SignedData version 3, digestAlgorithms { SHA-256 }
//!       eContentType 2.23.136.1.1.1, eContent: LDSSecurityObject
//!       certificates { document signer }
//!       SignerInfo: issuer and serial number or key identifier, signedAttrs { contentType, messageDigest }
//! ```
//! No signingTime is written, so that the same data groups and keys give the same file. Verifying comes in steps, as an
//! inspector owes a verdict on each: [`Sod::parse`], [`Sod::verify_signature`], [`Sod::verify_path`], [`Sod::compare`].

mod security_object;
mod sign;
mod verify;

pub use security_object::SecurityObject;
pub use sign::{SodOptions, sign, sign_with};
pub use verify::{HashVerdict, Sod, Verification, verify};

pub use crate::cms::SignerId;

use crate::HashAlgorithm;
use crate::cms::CmsError;
use bitaqa_apdu::tlv::{Tag, TlvError};
use const_oid::ObjectIdentifier;

/// Tag of EF.SOD, 9303-10 §4.6.2.
const EF_SOD: Tag = 0x77;

/// id-icao-mrtd-security-ldsSecurityObject, 9303-10 §4.6.2.3.
const ID_LDS_SECURITY_OBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.1");

/// What is wrong with an EF.SOD, or with what it should be made of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SodError {
    /// Not one object 77.
    #[error("EF.SOD is not well-formed: {0}")]
    Tlv(#[from] TlvError),
    /// The signed data in it: structure, signer and signature.
    #[error("EF.SOD: {0}")]
    Cms(#[from] CmsError),
    /// Not a DER LDSSecurityObject.
    #[error("the LDS security object is malformed: {0}")]
    SecurityObject(der::Error),
    /// Neither version 0 nor version 1.
    #[error("the LDS security object has the unknown version {0}")]
    Version(u8),
    /// A hash function that 9303-12 §4.1.6.4 does not permit.
    #[error("the hash function {0} is not supported")]
    Hash(ObjectIdentifier),
    /// A hash whose length does not fit the hash function.
    #[error("the hash of DG{number} is no {hash} digest")]
    HashLength {
        /// Data group.
        number: u8,
        /// Hash function of the security object.
        hash: HashAlgorithm,
    },
    /// Data groups are numbered 1 to 16.
    #[error("there is no data group {0}")]
    DataGroup(u8),
    /// A data group listed twice.
    #[error("DG{0} is listed twice")]
    DataGroupTwice(u8),
    /// 2 to 16 data groups, 9303-10 §4.6.2.3.
    #[error("a security object lists 2 to 16 data groups, not {0}")]
    DataGroups(usize),
    /// Encoding failed.
    #[error("EF.SOD cannot be encoded: {0}")]
    Encode(der::Error),
}
