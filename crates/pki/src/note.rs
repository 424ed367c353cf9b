//! What was tolerated: deviations of real documents from 9303-12 that change nothing about what was signed and by whom.
//! Nothing of the kind is passed over in silence; what is not listed here is an error.

use const_oid::ObjectIdentifier;
use core::fmt;

/// A deviation that was found and tolerated while reading or verifying.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Note {
    /// SHA-1, which 9303-12 §4.1.6.4 does not permit any more.
    Sha1,
    /// An RSA modulus of less than 2048 bits: no protection for documents that live ten years.
    SmallModulus(u32),
    /// A curve told by its name; 9303-12 §4.1.6.3 wants its parameters.
    NamedCurve,
    /// Parameters NULL where the algorithm wants none.
    NullParameters(ObjectIdentifier),
    /// Parameters left out where the algorithm wants NULL.
    NoParameters(ObjectIdentifier),
    /// A signature algorithm that names only the kind of key; the hash was taken from the digest algorithm beside it.
    KeyNamedAsSignature(ObjectIdentifier),
    /// A key reserved for RSASSA-PSS (RFC 4055 §1.2) that has signed by PKCS #1 v1.5.
    PssKeySignedPkcs1,
    /// Another mask hash than message hash in RSASSA-PSS, RFC 4055 §3.1 advises against it.
    MaskHash,
    /// Lengths not in DER: indefinite, not minimal, or strings in pieces. Read after bringing them into DER.
    NotDer,
    /// Signed attributes not in the order of DER; the signature is over the octets as they stand.
    AttributeOrder,
    /// LDS version information in an object of version 0, or none in one of version 1.
    LdsVersion,
    /// A serial number beyond RFC 5280 §4.1.2.2: not positive, or more than 20 octets.
    SerialNumber,
    /// A revocation list without number, next update or key identifier, which 9303-12 tables 9 and 10 ask for.
    RevocationListProfile,
}

impl Note {
    /// Adds a note that is not there yet.
    pub(crate) fn add(self, notes: &mut Vec<Self>) {
        if !notes.contains(&self) {
            notes.push(self);
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha1 => f.write_str("uses SHA-1, which is not permitted any more"),
            Self::SmallModulus(bits) => write!(f, "uses an RSA modulus of only {bits} bits"),
            Self::NamedCurve => f.write_str("names its curve instead of stating the parameters"),
            Self::NullParameters(oid) => write!(f, "gives the algorithm {oid} the parameter NULL instead of none"),
            Self::NoParameters(oid) => write!(f, "gives the algorithm {oid} no parameter instead of NULL"),
            Self::KeyNamedAsSignature(oid) => write!(f, "names the kind of key {oid} as signature algorithm"),
            Self::PssKeySignedPkcs1 => f.write_str("signs by PKCS #1 v1.5 with a key reserved for PSS"),
            Self::MaskHash => f.write_str("uses another hash for the mask of PSS than for the message"),
            Self::NotDer => f.write_str("is not encoded in DER"),
            Self::AttributeOrder => f.write_str("has signed attributes out of order"),
            Self::LdsVersion => f.write_str("has LDS version information that does not fit its version number"),
            Self::SerialNumber => f.write_str("has a serial number that is not positive or too long"),
            Self::RevocationListProfile => f.write_str("lacks list number, next update or key identifier"),
        }
    }
}
