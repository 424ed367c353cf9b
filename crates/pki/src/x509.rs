//! X.509 certificates of 9303-12 §7.1: the country signing CA (CSCA) with its links from key to key, its document
//! signers (DS) and master list signers; and the certificates of card holders.

mod certificate;
mod extensions;
mod holder;
mod issue;
mod link;
mod path;

pub use certificate::{BasicConstraints, Certificate, CertificateError, KeyUsage};
pub use holder::{HolderError, HolderKey, HolderRequest, check_holder, issue_holder};
pub use issue::{
    CertificateRequest, CscaRequest, DocumentSignerRequest, IssueError, IssuingState, Period, issue_csca,
    issue_document_signer,
};
pub use link::{issue_csca_link, issue_master_list_signer};
pub use path::{Path, PathError, Revocation, Whose, check_issued, check_path};

pub(crate) use certificate::{first_object, one, same_name};
pub(crate) use extensions::{authority_key, authority_key_identifier, extension, ordered};
pub(crate) use issue::{Signed, check_key};

use const_oid::ObjectIdentifier;
use der::asn1::{PrintableString, SetOfVec};
use der::{DateTime, Sequence};
use time::UtcDateTime;
use x509_cert::time::Time;

/// id-icao-mrtd-security-extensions-documentTypeList, 9303-12 §7.1.1.6.
const ID_DOCUMENT_TYPE_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.6.2");

/// id-icao-mrtd-security-extensions-nameChange, 9303-12 §7.1.1.5.
const ID_NAME_CHANGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.6.1");

/// id-icao-cscaMasterListSigningKey, 9303-12 §7.1.1.3.
pub(crate) const ID_MASTER_LIST_SIGNING_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.3");

/// 9303-12 §7.1.1.6.
/// ```text
/// DocumentTypeListSyntax ::= SEQUENCE {
///     version      INTEGER { v0(0) },
///     docTypeList  SET OF PrintableString (SIZE(1..2)) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct DocumentTypeList {
    version: u8,
    document_types: SetOfVec<PrintableString>,
}

/// Whole seconds only, as X.509 has no fractions; the years 1970 to 9999.
pub(crate) fn to_date_time(instant: UtcDateTime) -> Option<DateTime> {
    let seconds = u64::try_from(instant.unix_timestamp()).ok()?;
    DateTime::from_unix_duration(core::time::Duration::from_secs(seconds)).ok()
}

pub(crate) fn from_date_time(date_time: DateTime) -> Option<UtcDateTime> {
    let seconds = i64::try_from(date_time.unix_duration().as_secs()).ok()?;
    UtcDateTime::from_unix_timestamp(seconds).ok()
}

pub(crate) fn from_time(time: &Time) -> Option<UtcDateTime> {
    from_date_time(time.to_date_time())
}
