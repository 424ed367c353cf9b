//! Issuing CV certificates: CVCA for itself, CVCA for document verifiers, document verifiers for terminals.

use super::date::check_year;
use super::{CertificateBody, Chat, CvCertificate, CvPublicKey, CvcError, InspectionRights, Reference, Role, rules};
use crate::{PublicKey, Signature, SignatureAlgorithm, Signer};
use time::Date;

/// What a certificate under another one says.
#[derive(Clone, Copy, Debug)]
pub struct CvRequest<'a> {
    /// CHR of the new certificate.
    pub holder: &'a Reference,
    /// Key of the holder.
    pub public_key: &'a PublicKey,
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
        public_key: CvPublicKey::new(signer.algorithm(), &signer.public_key(), true)?,
        holder: holder.clone(),
        chat: Chat::inspection(Role::Cvca, rights),
        effective,
        expiry,
        extensions: None,
    };
    sign(body, signer)
}

/// Issues a certificate under another one; `signer` holds the key of `issuer`. DV and terminal keep algorithm, curve
/// and key size. A link certificate (CVCA under CVCA) may change all of them: its algorithm is the one that
/// [`SignatureAlgorithm::for_key`] gives, and it carries its parameters; [`issue_link`] leaves both to the caller.
///
/// # Errors
/// [`CvcError::Rule`] for a role that may not issue this, [`CvcError::NotTheKeyOf`], [`CvcError::AlgorithmChange`],
/// [`CvcError::NoAlgorithm`], [`CvcError::Year`], [`CvcError::ExpiryBeforeEffective`], [`CvcError::Sign`].
pub fn issue(request: &CvRequest<'_>, issuer: &CvCertificate, signer: &dyn Signer) -> Result<CvCertificate, CvcError> {
    if request.chat.role() == Role::Cvca {
        let algorithm = SignatureAlgorithm::for_key(request.public_key);
        return issue_link(request, algorithm, LinkParameters::Stated, issuer, signer);
    }
    let above = super::PublicKey { algorithm: signer.algorithm(), key: signer.public_key() };
    if request.public_key.curve() != above.key.curve() {
        return Err(CvcError::AlgorithmChange);
    }
    let key = CvPublicKey::new(signer.algorithm(), request.public_key, false)?;
    key.resolve_below(&above)?;
    issue_with(request, key, issuer, signer)
}

/// Whether a link certificate states the domain parameters of its key, TR-03110-3 §D.3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkParameters {
    /// It does.
    Stated,
    /// It leaves them to the CVCA above; allowed while algorithm and curve stay (9303-12 §7.2.2.3). RSA keys have none.
    Inherited,
}

/// Issues a link certificate: the new key of a CVCA for an algorithm of its choice, signed by the old one, which
/// `signer` holds.
///
/// # Errors
/// As [`issue`]; [`CvcError::AlgorithmChange`] for inherited parameters that are not those of the new key.
pub fn issue_link(
    request: &CvRequest<'_>,
    algorithm: SignatureAlgorithm,
    parameters: LinkParameters,
    issuer: &CvCertificate,
    signer: &dyn Signer,
) -> Result<CvCertificate, CvcError> {
    let inherits = parameters == LinkParameters::Inherited;
    let old = signer.public_key();
    if inherits && (algorithm != signer.algorithm() || request.public_key.curve() != old.curve()) {
        return Err(CvcError::AlgorithmChange);
    }
    issue_with(request, CvPublicKey::new(algorithm, request.public_key, !inherits)?, issuer, signer)
}

fn issue_with(
    request: &CvRequest<'_>,
    public_key: CvPublicKey,
    issuer: &CvCertificate,
    signer: &dyn Signer,
) -> Result<CvCertificate, CvcError> {
    rules::check_issue(issuer.chat(), request.chat)?;
    let issuer_key = &issuer.body().public_key;
    // The name of the issuer's algorithm stands in its certificate: a card verifies by that.
    if !issuer_key.is_of(&signer.public_key()) || issuer_key.algorithm() != signer.algorithm() {
        return Err(CvcError::NotTheKeyOf(issuer.holder().clone()));
    }
    let body = CertificateBody {
        authority: issuer.holder().clone(),
        public_key,
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
