//! CSCA link certificates and master list signer certificates, 9303-12 §4.1.4.3, §7.1.1 and table 6.

use super::extensions::{extension, name};
use super::issue::{CertificateRequest, check_issuer, check_key, issue_under};
use super::{Certificate, ID_MASTER_LIST_SIGNING_KEY, ID_NAME_CHANGE, IssueError, same_name};
use crate::Signer;
use const_oid::db::rfc5280::{ID_CE_BASIC_CONSTRAINTS, ID_CE_EXT_KEY_USAGE};
use der::Encode;
use der::asn1::Null;
use rand_core::CryptoRng;
use x509_cert::ext::pkix::{self, ExtendedKeyUsage, KeyUsage, KeyUsages};

/// Issues a CSCA link certificate, 9303-12 §4.1.4.3: whoever trusts `old` comes to trust the key of `request`. `signer`
/// holds the old key, within its usage period; the new certificate may outlive the old one. Another subject than the
/// old one makes it a change of name, which is marked as such.
///
/// # Errors
/// [`IssueError`], a variant per field and per refusal of the old CSCA.
pub fn issue_csca_link(
    request: &CertificateRequest<'_>,
    old: &Certificate,
    signer: &dyn Signer,
    rng: &mut dyn CryptoRng,
) -> Result<Certificate, IssueError> {
    check_key(request.validity.not_before, old, signer)?;
    let constraints = pkix::BasicConstraints { ca: true, path_len_constraint: Some(0) };
    let usage = KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign);
    let mut own = vec![extension(ID_CE_BASIC_CONSTRAINTS, true, constraints.to_der()?)?];
    if !same_name(&name(request.state, request.common_name)?, old.subject_name()) {
        // 9303-12 §7.1.1.5: SYNTAX NULL
        own.push(extension(ID_NAME_CHANGE, false, Null.to_der()?)?);
    }
    issue_under(request, old, usage, own, signer, rng)
}

/// Issues the certificate of a master list signer under a CSCA, 9303-12 §7.1.1.3: digitalSignature, and master lists as
/// its only purpose, critical. `signer` holds the key of `csca`.
///
/// # Errors
/// As [`super::issue_document_signer`].
pub fn issue_master_list_signer(
    request: &CertificateRequest<'_>,
    csca: &Certificate,
    signer: &dyn Signer,
    rng: &mut dyn CryptoRng,
) -> Result<Certificate, IssueError> {
    check_issuer(request.validity, csca, signer)?;
    let purpose = ExtendedKeyUsage(vec![ID_MASTER_LIST_SIGNING_KEY]);
    let own = vec![extension(ID_CE_EXT_KEY_USAGE, true, purpose.to_der()?)?];
    issue_under(request, csca, KeyUsage(KeyUsages::DigitalSignature.into()), own, signer, rng)
}
