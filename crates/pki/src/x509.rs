//! X.509 certificates of 9303-12 §7.1: the country signing CA (CSCA) and its document signers (DS).

mod certificate;
mod issue;
mod path;

pub use certificate::{BasicConstraints, Certificate, CertificateError, KeyUsage};
pub use issue::{
    CscaRequest, DocumentSignerRequest, IssueError, IssuingState, Period, issue_csca, issue_document_signer,
};
pub use path::{PathError, Whose, check_issued, check_path};

use const_oid::ObjectIdentifier;
use der::asn1::{PrintableString, SetOfVec};
use der::{DateTime, Sequence};
use time::UtcDateTime;
use x509_cert::time::Time;

/// id-icao-mrtd-security-extensions-documentTypeList, 9303-12 §7.1.1.6.
const ID_DOCUMENT_TYPE_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.6.2");

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
fn to_date_time(instant: UtcDateTime) -> Option<DateTime> {
    let seconds = u64::try_from(instant.unix_timestamp()).ok()?;
    DateTime::from_unix_duration(core::time::Duration::from_secs(seconds)).ok()
}

fn from_date_time(date_time: DateTime) -> Option<UtcDateTime> {
    let seconds = i64::try_from(date_time.unix_duration().as_secs()).ok()?;
    UtcDateTime::from_unix_timestamp(seconds).ok()
}

fn from_time(time: &Time) -> Option<UtcDateTime> {
    from_date_time(time.to_date_time())
}
