//! What can be wrong with a file of the LDS or with the values that shall become one.

use bitaqa_apdu::tlv::{Tag, TlvError};

use crate::image::ImageError;
use crate::mrz::MrzError;

/// Why a file was not decoded or not built. Offsets and tags only: no personal data goes into a message, the one letter
/// of [`MrzError::Letter`] excepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LdsError {
    /// The TLV frame is broken, 9303-10 §4.7 and 7816-4 §5.2.2.
    #[error(transparent)]
    Tlv(#[from] TlvError),
    /// The DER inside is broken, X.690.
    #[error("no valid DER: {0}")]
    Der(#[from] der::Error),
    /// A mandatory data object is absent.
    #[error("data object {0:X} is missing")]
    Missing(Tag),
    /// A data object stands where its file has no place for it, or for a second one of its kind.
    #[error("data object {0:X} has no place here")]
    OutOfPlace(Tag),
    /// A data object whose value breaks its definition.
    #[error("data object {tag:X}: {why}")]
    Value {
        /// Tag as printed in the standard.
        tag: Tag,
        /// The rule that is broken.
        why: &'static str,
    },
    /// The tag list (5C) does not name what the file holds, 9303-10 §4.7.11.
    #[error("tag list 5C does not agree with the data objects that follow")]
    TagList,
    /// A file of ISO/IEC 7816-15 with what our cards do not have.
    #[error("cryptographic information: {0}")]
    CryptographicInformation(&'static str),
    /// A SecurityInfo of a known protocol in a shape that its definition does not allow, 9303-11 §9.2.
    #[error("SecurityInfo {oid}: {why}")]
    SecurityInfo {
        /// Protocol.
        oid: der::asn1::ObjectIdentifier,
        /// The rule that is broken.
        why: &'static str,
    },
    /// Which entry of SecurityInfos cannot be read, and where the reader stopped.
    #[error("SecurityInfo {place}{}, {field}: {error}", name_of_entry(.name))]
    Entry {
        /// From 1, in the order of the file.
        place: usize,
        /// Its type as 9303-11 §9.2 names it; empty when the protocol cannot be read.
        name: &'static str,
        /// Its field as 9303-11 §9.2 names it.
        field: &'static str,
        /// What is wrong there.
        error: Box<LdsError>,
    },
    /// A field of a biometric record, 19794-2, -4 and -5, 39794-4 and -5.
    #[error("{record} record, {field}: {why}")]
    Record {
        /// `FAC`, `FIR`, `FMR`, `39794-4` or `39794-5`.
        record: &'static str,
        /// Field as the standard names it.
        field: &'static str,
        /// The rule that is broken.
        why: &'static str,
    },
    /// The MRZ of DG1.
    #[error(transparent)]
    Mrz(#[from] MrzError),
    /// The image inside a biometric record.
    #[error(transparent)]
    Image(#[from] ImageError),
}

/// Shorthand for a broken value.
pub(crate) const fn value(tag: Tag, why: &'static str) -> LdsError {
    LdsError::Value { tag, why }
}

/// In brackets, where there is one.
fn name_of_entry(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" ({name})") }
}
