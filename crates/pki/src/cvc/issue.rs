//! Issuing CV certificates: CVCA for itself, CVCA for document verifiers, document verifiers for terminals.

use super::date::check_year;
use super::{CertificateBody, Chat, CvCertificate, CvPublicKey, CvcError, InspectionRights, Reference, Role, rules};
use crate::{Signature, SignatureAlgorithm, Signer};
use bitaqa_curves::Point;
use time::Date;

/// What a certificate under another one says.
#[derive(Clone, Copy, Debug)]
pub struct CvRequest<'a> {
    /// CHR of the new certificate.
    pub holder: &'a Reference,
    /// Key of the holder.
    pub public_key: &'a Point,
    /// Role and rights of the holder.
    pub chat: &'a Chat,
    /// Day of issue.
    pub effective: Date,
    /// Last day of validity.
    pub expiry: Date,
}

/// Issues the self-signed certificate of a CVCA for inspection systems, with its domain parameters.
///
/// # Errors
/// [`CvcError::Year`], [`CvcError::ExpiryBeforeEffective`], [`CvcError::Sign`].
pub fn issue_cvca(
    holder: &Reference,
    rights: InspectionRights,
    effective: Date,
    expiry: Date,
    signer: &dyn Signer,
) -> Result<CvCertificate, CvcError> {
    let body = CertificateBody {
        authority: holder.clone(),
        public_key: CvPublicKey::new(signer.algorithm(), &signer.public_key(), true),
        holder: holder.clone(),
        chat: Chat::inspection(Role::Cvca, rights),
        effective,
        expiry,
        extensions: None,
    };
    sign(body, signer)
}

/// Issues a certificate under another one; `signer` holds the key of `issuer`. A link certificate (CVCA under CVCA) may
/// change the curve and carries its parameters, the others keep it.
///
/// # Errors
/// [`CvcError::Rule`] for a role that may not issue this, [`CvcError::NotTheKeyOf`], [`CvcError::AlgorithmChange`],
/// [`CvcError::Year`], [`CvcError::ExpiryBeforeEffective`], [`CvcError::Sign`].
pub fn issue(request: &CvRequest<'_>, issuer: &CvCertificate, signer: &dyn Signer) -> Result<CvCertificate, CvcError> {
    rules::check_issue(issuer.chat(), request.chat)?;
    let authority = signer.public_key();
    if issuer.body().public_key.point != authority.as_octets() {
        return Err(CvcError::NotTheKeyOf(issuer.holder().clone()));
    }
    let is_link = request.chat.role() == Role::Cvca;
    if !is_link && request.public_key.curve() != authority.curve() {
        return Err(CvcError::AlgorithmChange);
    }
    let algorithm =
        if is_link { SignatureAlgorithm::for_curve(request.public_key.curve()) } else { signer.algorithm() };
    let body = CertificateBody {
        authority: issuer.holder().clone(),
        public_key: CvPublicKey::new(algorithm, request.public_key, is_link),
        holder: request.holder.clone(),
        chat: request.chat.clone(),
        effective: request.effective,
        expiry: request.expiry,
        extensions: None,
    };
    sign(body, signer)
}

fn sign(body: CertificateBody, signer: &dyn Signer) -> Result<CvCertificate, CvcError> {
    check_year(body.effective)?;
    check_year(body.expiry)?;
    body.check()?;
    let signature: Signature = signer.sign(&body.encode())?;
    Ok(CvCertificate::new(body, signature))
}
