//! CSCA link certificates and master list signer certificates, 9303-12 §4.1.4.3, §7.1.1 and table 6.

use super::extensions::{
    alternative_names, authority_key, authority_key_identifier, distribution_points, extension, key_identifier, name,
    private_key_usage, serial_number, validity,
};
use super::issue::{TbsCertificate, check_issuer, check_key, sign};
use super::{Certificate, ID_MASTER_LIST_SIGNING_KEY, ID_NAME_CHANGE, IssueError, IssuingState, Period, same_name};
use crate::spki::{self, Form};
use crate::{PublicKey, Signer};
use const_oid::db::rfc5280::{
    ID_CE_BASIC_CONSTRAINTS, ID_CE_EXT_KEY_USAGE, ID_CE_ISSUER_ALT_NAME, ID_CE_KEY_USAGE, ID_CE_SUBJECT_ALT_NAME,
    ID_CE_SUBJECT_KEY_IDENTIFIER,
};
use der::Encode;
use der::asn1::{Null, OctetString};
use rand_core::CryptoRng;
use x509_cert::certificate::Version;
use x509_cert::ext::pkix::{self, ExtendedKeyUsage, KeyUsage, KeyUsages};

/// What a link certificate says: the new key of a CSCA, by the hand of the old one.
#[derive(Clone, Copy, Debug)]
pub struct CscaLinkRequest<'a> {
    /// The state whose CA it is.
    pub state: &'a IssuingState,
    /// CN= from now on. Another subject than the old one makes it a change of name, which is marked as such.
    pub common_name: &'a str,
    /// The new key.
    pub public_key: &'a PublicKey,
    /// Validity of the certificate.
    pub validity: Period,
    /// When the new private key signs.
    pub private_key_usage: Period,
    /// How the curve is told; 9303-12 §4.1.6.3 wants [`Form::Explicit`].
    pub form: Form,
}

/// What the certificate of a master list signer says.
#[derive(Clone, Copy, Debug)]
pub struct MasterListSignerRequest<'a> {
    /// The state that publishes the list.
    pub state: &'a IssuingState,
    /// CN=
    pub common_name: &'a str,
    /// The signer's key.
    pub public_key: &'a PublicKey,
    /// Validity of the certificate.
    pub validity: Period,
    /// When the private key signs.
    pub private_key_usage: Period,
    /// How the curve is told; 9303-12 §4.1.6.3 wants [`Form::Explicit`].
    pub form: Form,
}

/// Issues a CSCA link certificate, 9303-12 §4.1.4.3: whoever trusts `old` comes to trust the new key. `signer` holds
/// the old key, within its usage period; the new certificate may outlive the old one.
///
/// # Errors
/// [`IssueError`], a variant per field and per refusal of the old CSCA.
pub fn issue_csca_link(
    request: &CscaLinkRequest<'_>,
    old: &Certificate,
    signer: &dyn Signer,
    rng: &mut dyn CryptoRng,
) -> Result<Certificate, IssueError> {
    check_key(request.validity.not_before, old, signer)?;
    let subject = name(request.state, request.common_name)?;
    let names = alternative_names(request.state)?.to_der()?;
    let issuer_names = old.extension(ID_CE_SUBJECT_ALT_NAME).map_or_else(|| names.clone(), <[u8]>::to_vec);
    let constraints = pkix::BasicConstraints { ca: true, path_len_constraint: Some(0) };
    let usage = KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign);
    let key_id = OctetString::new(key_identifier(request.public_key)?)?;
    let mut extensions = vec![
        authority_key_identifier(&authority_key(old, signer)?)?,
        extension(ID_CE_SUBJECT_KEY_IDENTIFIER, false, key_id.to_der()?)?,
        extension(ID_CE_KEY_USAGE, true, usage.to_der()?)?,
        private_key_usage(request.private_key_usage)?,
        extension(ID_CE_SUBJECT_ALT_NAME, false, names)?,
        extension(ID_CE_ISSUER_ALT_NAME, false, issuer_names)?,
        extension(ID_CE_BASIC_CONSTRAINTS, true, constraints.to_der()?)?,
        distribution_points(&request.state.crl_urls)?,
    ];
    if !same_name(&subject, old.subject_name()) {
        // 9303-12 §7.1.1.5: SYNTAX NULL
        extensions.push(extension(ID_NAME_CHANGE, false, Null.to_der()?)?);
    }
    let tbs = TbsCertificate {
        version: Version::V3,
        serial_number: serial_number(rng)?,
        signature: signer.algorithm().identifier()?,
        issuer: old.subject_name().clone(),
        validity: validity(request.validity)?,
        subject,
        subject_public_key_info: spki::info(request.public_key, request.form)?,
        extensions: Some(extensions),
    };
    sign(&tbs, signer)
}

/// Issues the certificate of a master list signer under a CSCA, 9303-12 §7.1.1.3: digitalSignature, and master lists as
/// its only purpose, critical. `signer` holds the key of `csca`.
///
/// # Errors
/// As [`super::issue_document_signer`].
pub fn issue_master_list_signer(
    request: &MasterListSignerRequest<'_>,
    csca: &Certificate,
    signer: &dyn Signer,
    rng: &mut dyn CryptoRng,
) -> Result<Certificate, IssueError> {
    check_issuer(request.validity, csca, signer)?;
    let names = alternative_names(request.state)?.to_der()?;
    let issuer_names = csca.extension(ID_CE_SUBJECT_ALT_NAME).map_or_else(|| names.clone(), <[u8]>::to_vec);
    let key_id = OctetString::new(key_identifier(request.public_key)?)?;
    let purpose = ExtendedKeyUsage(vec![ID_MASTER_LIST_SIGNING_KEY]);
    let extensions = vec![
        authority_key_identifier(&authority_key(csca, signer)?)?,
        extension(ID_CE_SUBJECT_KEY_IDENTIFIER, false, key_id.to_der()?)?,
        extension(ID_CE_KEY_USAGE, true, KeyUsage(KeyUsages::DigitalSignature.into()).to_der()?)?,
        private_key_usage(request.private_key_usage)?,
        extension(ID_CE_SUBJECT_ALT_NAME, false, names)?,
        extension(ID_CE_ISSUER_ALT_NAME, false, issuer_names)?,
        extension(ID_CE_EXT_KEY_USAGE, true, purpose.to_der()?)?,
        distribution_points(&request.state.crl_urls)?,
    ];
    let tbs = TbsCertificate {
        version: Version::V3,
        serial_number: serial_number(rng)?,
        signature: signer.algorithm().identifier()?,
        issuer: csca.subject_name().clone(),
        validity: validity(request.validity)?,
        subject: name(request.state, request.common_name)?,
        subject_public_key_info: spki::info(request.public_key, request.form)?,
        extensions: Some(extensions),
    };
    sign(&tbs, signer)
}
