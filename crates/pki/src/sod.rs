//! EF.SOD, the document security object: 9303-10 §4.6.2 and 9303-12 §7.3, CMS SignedData around the hashes of all data
//! groups. Signing and verifying in one file.
//!
//! ```text
//! 77 EF.SOD
//!   ContentInfo id-signedData
//!     SignedData version 3, digestAlgorithms { SHA-256 }
//!       eContentType 2.23.136.1.1.1, eContent: LDSSecurityObject
//!       certificates { document signer }
//!       SignerInfo version 1: issuer and serial number, signedAttrs { contentType, messageDigest }, ECDSA
//! ```
//! No signingTime is written, so that the same data groups and keys give the same file. Verifying comes in steps, as an
//! inspector owes a verdict on each: [`Sod::parse`], [`Sod::verify_signature`], [`Sod::verify_path`], [`Sod::compare`].

mod security_object;
mod sign;
mod verify;

pub use security_object::SecurityObject;
pub use sign::sign;
pub use verify::{HashVerdict, Sod, Verification, verify};

use crate::spki::SpkiError;
use crate::x509::CertificateError;
use crate::{HashAlgorithm, SignError};
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
    /// Not a DER CMS SignedData of RFC 5652.
    #[error("EF.SOD holds no CMS SignedData: {0}")]
    Cms(der::Error),
    /// Another content than SignedData, or signed data of another kind.
    #[error("EF.SOD holds content of type {0}")]
    ContentType(ObjectIdentifier),
    /// Signed data without content.
    #[error("EF.SOD does not contain the security object")]
    NoContent,
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
    /// Exactly one signer.
    #[error("EF.SOD has {0} signers instead of one")]
    Signers(usize),
    /// The signer's certificate is not among the certificates, or there are none.
    #[error("EF.SOD does not contain the certificate of its signer")]
    NoDocumentSigner,
    /// The signer's certificate.
    #[error("the document signer certificate is unusable: {0}")]
    Certificate(#[from] CertificateError),
    /// The document signer's key.
    #[error("the document signer's key is unusable: {0}")]
    PublicKey(#[from] SpkiError),
    /// The attributes that the signature covers are missing, twice, or of another content type.
    #[error("the signed attributes of EF.SOD are missing or contradictory")]
    SignedAttributes,
    /// The security object was changed after signing.
    #[error("the security object is not the one that was signed")]
    MessageDigest,
    /// An algorithm that is not spoken here, or one that contradicts the digest algorithm.
    #[error("signatures with algorithm {0} are not supported")]
    SignatureAlgorithm(ObjectIdentifier),
    /// The signature does not verify with the document signer's key.
    #[error("the signature of EF.SOD was not made by the document signer in it")]
    Signature,
    /// The signer does not hold the key of the certificate.
    #[error("the signing key does not belong to the document signer certificate of {0}")]
    NotTheKeyOf(String),
    /// The signer.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// Encoding failed.
    #[error("EF.SOD cannot be encoded: {0}")]
    Encode(der::Error),
}
