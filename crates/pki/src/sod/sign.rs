//! Making EF.SOD.

use super::{EF_SOD, ID_LDS_SECURITY_OBJECT, SecurityObject, SodError};
use crate::cms::{self, SignRequest, SignerId};
use crate::{Certificate, HashAlgorithm, Signer};
use bitaqa_apdu::{Bytes, tlv};

/// What an issuer may choose about an EF.SOD. The default is what this workspace issues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SodOptions {
    /// Hash of the data groups. The hash of the signature is the signer's.
    pub hash: HashAlgorithm,
    /// LDS and Unicode version, `0108` and `040000`; `None` makes a security object of version 0.
    pub versions: Option<(String, String)>,
    /// How the signer is named.
    pub signer: SignerId,
}

impl Default for SodOptions {
    /// SHA-256, LDS 1.8 with Unicode 4.0.0, issuer and serial number.
    fn default() -> Self {
        Self {
            hash: HashAlgorithm::Sha256,
            versions: Some(("0108".to_owned(), "040000".to_owned())),
            signer: SignerId::IssuerAndSerial,
        }
    }
}

/// Signs the data groups (number and content of the file) into an EF.SOD, 9303-10 §4.6.2: LDS security object version 1
/// with SHA-256 hashes. `signer` holds the key of `document_signer`.
///
/// # Errors
/// [`SodError::DataGroup`] and its neighbours for the list, [`SodError::Cms`] for signer and certificate.
pub fn sign(
    data_groups: &[(u8, &[u8])],
    document_signer: &Certificate,
    signer: &dyn Signer,
) -> Result<Bytes, SodError> {
    sign_with(&SodOptions::default(), data_groups, document_signer, signer)
}

/// As [`sign`], with hash, version and form of the signer chosen.
///
/// # Errors
/// As [`sign`], and [`SodError::Hash`] for SHA-1, which is not written.
pub fn sign_with(
    options: &SodOptions,
    data_groups: &[(u8, &[u8])],
    document_signer: &Certificate,
    signer: &dyn Signer,
) -> Result<Bytes, SodError> {
    if !options.hash.is_permitted() {
        return Err(SodError::Hash(options.hash.oid()));
    }
    let content = SecurityObject::with(options.hash, options.versions.clone(), data_groups)?.to_der()?;
    let request = SignRequest {
        content_type: ID_LDS_SECURITY_OBJECT,
        content: &content,
        certificate: document_signer,
        others: &[],
        identifier: options.signer,
        // A signingTime would make each EF.SOD another one.
        signing_time: None,
    };
    Ok(tlv::tlv(EF_SOD, &cms::sign(&request, signer)?).into())
}
