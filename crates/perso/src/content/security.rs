//! What the card says of its protocols: EF.CardAccess, DG14, DG15, EF.CardSecurity, EF.CVCA (9303-11 §9.2.11), and
//! whether the issuer has the keys that the profile asks for.

use bitaqa_apdu::Bytes;
use bitaqa_lds::dg15::Dg15;
use bitaqa_lds::security_infos::{
    ActiveAuthenticationInfo, ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo, ID_PK_DH, ID_PK_ECDH,
    ID_SECURITY_OBJECT, PaceInfo, SecurityInfo, SecurityInfos, TerminalAuthenticationInfo,
};
use bitaqa_pki::cvc::{CvCertificate, EfCvca};
use bitaqa_pki::spki::{self, Form};
use bitaqa_pki::{HashAlgorithm, PssParameters, SignatureAlgorithm, SignedContent, issuer_keys};
use bitaqa_profile::{AaKey, CaKey, HashName, Profile, SignatureName};

use super::ContentError;
use crate::card_keys::{self, CardKeys};
use crate::issuer::Issuer;

/// The offers of PACE: content of EF.CardAccess, and part of every other file here.
pub(crate) fn pace_infos(profile: &Profile) -> Vec<SecurityInfo> {
    let info = |offer: &bitaqa_profile::PaceOffer| {
        let (protocol, parameter_id) = (offer.protocol.oid(), Some(offer.parameter_id));
        SecurityInfo::Pace(PaceInfo { protocol, version: 2, parameter_id })
    };
    profile.pace.infos.iter().map(info).collect()
}

/// DG14: what EF.CardAccess offers, once more and now signed, and the keys and protocols behind it.
pub(super) fn dg14_infos(profile: &Profile, keys: &CardKeys) -> Result<Vec<SecurityInfo>, ContentError> {
    let mut infos = pace_infos(profile);
    for key in &profile.ca.keys {
        let CaKey { key_id: number, parameter_id, protocols } = key;
        let key_id = (*number != 0).then_some(u32::from(*number));
        let offer = |protocol: &bitaqa_profile::CaProtocol| {
            SecurityInfo::ChipAuthentication(ChipAuthenticationInfo { protocol: protocol.oid(), version: 1, key_id })
        };
        infos.extend(protocols.iter().map(offer));
        infos.push(public_key_info(keys, *number, *parameter_id, key_id)?);
    }
    if !profile.ta.protocols.is_empty() {
        infos.push(SecurityInfo::TerminalAuthentication(TerminalAuthenticationInfo::version_1()));
    }
    if let AaKey::Ecdsa { hash, .. } = profile.aa.key {
        let algorithm = SignatureAlgorithm::EcdsaPlain(algorithm_of(hash)).x509_oid();
        infos.push(SecurityInfo::ActiveAuthentication(ActiveAuthenticationInfo::version_1(algorithm)));
    }
    Ok(infos)
}

fn public_key_info(
    keys: &CardKeys,
    number: u8,
    parameter_id: u8,
    key_id: Option<u32>,
) -> Result<SecurityInfo, ContentError> {
    let key = card_keys::agreement(keys, number, parameter_id)?;
    let protocol = if matches!(key, bitaqa_curves::PublicKey::Ec(_)) { ID_PK_ECDH } else { ID_PK_DH };
    let public_key = spki::encode_agreement_key(&key)?;
    Ok(SecurityInfo::ChipAuthenticationPublicKey(ChipAuthenticationPublicKeyInfo { protocol, public_key, key_id }))
}

/// DG15. The curve is told by its parameters, as in DG14.
pub(super) fn dg15(profile: &Profile, keys: &CardKeys) -> Result<Bytes, ContentError> {
    let key = card_keys::active(keys, profile.aa.key)?;
    let file = Dg15::new(&spki::encode_key(&key, Form::Explicit)?);
    Ok(file.map_err(|source| ContentError::Lds { file: "DG15", source })?.encode())
}

/// EF.CardSecurity: the offers of PACE and the keys of its chip authentication mapping, signed by the document signer.
pub(super) fn card_security(profile: &Profile, keys: &CardKeys, issuer: &dyn Issuer) -> Result<Bytes, ContentError> {
    let mut infos = pace_infos(profile);
    for id in profile.cam_parameter_ids() {
        infos.push(public_key_info(keys, id, id, Some(id.into()))?);
    }
    let in_file = |source| ContentError::Lds { file: "EF.CardSecurity", source };
    let content = SecurityInfos::new(infos).and_then(|infos| infos.to_der()).map_err(in_file)?;
    let (certificate, signer) = (issuer.document_signer_certificate(), issuer.document_signer());
    Ok(SignedContent::sign(ID_SECURITY_OBJECT, &content, certificate, signer)?.into())
}

/// EF.CVCA: the name of the one trust point that a new card has.
pub(super) fn cvca(issuer: &dyn Issuer) -> Result<Bytes, ContentError> {
    let trust_point = CvCertificate::parse(issuer.cvca_certificate())?;
    Ok(EfCvca::new(vec![trust_point.holder().clone()])?.encode().into())
}

/// The hash function of this name.
pub(super) const fn algorithm_of(hash: HashName) -> HashAlgorithm {
    match hash {
        HashName::Sha224 => HashAlgorithm::Sha224,
        HashName::Sha256 => HashAlgorithm::Sha256,
        HashName::Sha384 => HashAlgorithm::Sha384,
        HashName::Sha512 => HashAlgorithm::Sha512,
    }
}

/// By what the document signer of a profile signs; for ECDSA with the hash that every issuer's P-256 has.
pub fn document_signer_algorithm(profile: &Profile) -> SignatureAlgorithm {
    let hash = algorithm_of(profile.passive.hash);
    match profile.passive.signature {
        SignatureName::Ecdsa => issuer_keys::USUAL,
        SignatureName::RsaPkcs1 => SignatureAlgorithm::RsaPkcs1(hash),
        SignatureName::RsaPss => SignatureAlgorithm::RsaPss(PssParameters::of(hash)),
    }
}

/// By what the terminals of a profile sign: the first suite of Terminal Authentication that it offers.
pub fn terminal_algorithm(profile: &Profile) -> SignatureAlgorithm {
    let first = profile.ta.protocols.first();
    let named = first.and_then(|suite| SignatureAlgorithm::from_terminal_authentication_oid(suite.oid()));
    named.unwrap_or(issuer_keys::USUAL)
}

/// Whether document signer and trust point are of the kinds that the profile names. The hash inside of an ECDSA
/// signature follows the signer's curve; with RSA it is the profile's.
///
/// # Errors
/// [`ContentError::DocumentSigner`], [`ContentError::TrustPoint`], with what is wanted and what is there.
pub(super) fn check_issuer(profile: &Profile, issuer: &dyn Issuer) -> Result<(), ContentError> {
    let (hash, wanted) = (algorithm_of(profile.passive.hash), profile.passive.signature);
    let found = issuer.document_signer().algorithm();
    let fits = match found {
        SignatureAlgorithm::Ecdsa(_) => wanted == SignatureName::Ecdsa,
        SignatureAlgorithm::RsaPkcs1(found) => wanted == SignatureName::RsaPkcs1 && found == hash,
        SignatureAlgorithm::RsaPss(found) => wanted == SignatureName::RsaPss && found.hash == hash,
        SignatureAlgorithm::EcdsaPlain(_) => false,
    };
    if !fits {
        let wanted = format!("{wanted} with {}", profile.passive.hash);
        return Err(ContentError::DocumentSigner { wanted, found: found.to_string() });
    }
    if profile.ta.protocols.is_empty() {
        return Ok(());
    }
    let algorithm = CvCertificate::parse(issuer.cvca_certificate())?.body().public_key.algorithm();
    let suite = algorithm.terminal_authentication_oid();
    if profile.ta.protocols.iter().any(|protocol| Some(protocol.oid()) == suite) {
        return Ok(());
    }
    let wanted = profile.ta.protocols.iter().map(|protocol| protocol.name()).collect::<Vec<_>>().join(", ");
    Err(ContentError::TrustPoint { wanted, found: algorithm.to_string() })
}
