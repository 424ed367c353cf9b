//! Making EF.SOD. The CMS structure is put together by hand: it is short, and its builder would draw in RSA.

use super::{EF_SOD, ID_LDS_SECURITY_OBJECT, SecurityObject, SodError};
use crate::{Certificate, HashAlgorithm, Signer};
use ::spki::AlgorithmIdentifierOwned;
use bitaqa_apdu::{Bytes, tlv};
use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedAttributes, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911::{ID_CONTENT_TYPE, ID_MESSAGE_DIGEST, ID_SIGNED_DATA};
use der::asn1::{OctetString, SetOfVec};
use der::{Any, Decode, Encode, Tag};
use x509_cert::attr::Attribute;

/// Signs the data groups (number and content of the file) into an EF.SOD, 9303-10 §4.6.2: LDS security object version 1
/// with SHA-256 hashes. `signer` holds the key of `document_signer`.
///
/// # Errors
/// [`SodError::DataGroup`] and its neighbours for the list, [`SodError::NotTheKeyOf`], [`SodError::Sign`].
pub fn sign(
    data_groups: &[(u8, &[u8])],
    document_signer: &Certificate,
    signer: &dyn Signer,
) -> Result<Bytes, SodError> {
    if document_signer.public_key()? != signer.public_key() {
        return Err(SodError::NotTheKeyOf(document_signer.subject()));
    }
    let content = SecurityObject::of(data_groups)?.to_der()?;
    let hash = signer.algorithm().hash();
    let attributes = signed_attributes(&hash.digest(&content)).map_err(SodError::Encode)?;
    // RFC 5652 §5.4: the SET OF itself is signed, not its implicitly tagged form.
    let signed = attributes.to_der().map_err(SodError::Encode)?;
    let signature = signer.sign(&signed)?.to_x509(signer.algorithm(), &signer.public_key());
    let signature = signature.map_err(|error| SodError::Sign(error.into()))?;
    let signer_info = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: document_signer.issuer_name().clone(),
            serial_number: x509_cert::serial_number::SerialNumber::new(document_signer.serial())
                .map_err(SodError::Encode)?,
        }),
        digest_alg: digest_algorithm(hash),
        signed_attrs: Some(attributes),
        signature_algorithm: signer.algorithm().identifier().map_err(SodError::Encode)?,
        signature: OctetString::new(signature).map_err(SodError::Encode)?,
        unsigned_attrs: None,
    };
    let der = content_info(&content, hash, document_signer, signer_info).map_err(SodError::Encode)?;
    Ok(tlv::tlv(EF_SOD, &der).into())
}

fn content_info(
    content: &[u8],
    hash: HashAlgorithm,
    document_signer: &Certificate,
    signer_info: SignerInfo,
) -> Result<Vec<u8>, der::Error> {
    let certificate = CertificateChoices::Certificate(x509_cert::Certificate::from_der(document_signer.der())?);
    let signed_data = SignedData {
        // RFC 5652 §5.1: version 3, as the content is not id-data.
        version: CmsVersion::V3,
        digest_algorithms: SetOfVec::try_from(vec![digest_algorithm(hash)])?,
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: ID_LDS_SECURITY_OBJECT,
            econtent: Some(Any::new(Tag::OctetString, content)?),
        },
        certificates: Some(CertificateSet::try_from(vec![certificate])?),
        crls: None,
        signer_infos: SignerInfos::try_from(vec![signer_info])?,
    };
    ContentInfo { content_type: ID_SIGNED_DATA, content: Any::encode_from(&signed_data)? }.to_der()
}

/// RFC 5754 §2: the parameters are absent.
fn digest_algorithm(hash: HashAlgorithm) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: hash.oid(), parameters: None }
}

/// contentType and messageDigest, RFC 5652 §11.1 and §11.2; a signingTime would make each EF.SOD another one.
fn signed_attributes(digest: &[u8]) -> Result<SignedAttributes, der::Error> {
    SetOfVec::try_from(vec![
        attribute(ID_CONTENT_TYPE, Any::encode_from(&ID_LDS_SECURITY_OBJECT)?)?,
        attribute(ID_MESSAGE_DIGEST, Any::new(Tag::OctetString, digest)?)?,
    ])
}

fn attribute(oid: ObjectIdentifier, value: Any) -> Result<Attribute, der::Error> {
    Ok(Attribute { oid, values: SetOfVec::try_from(vec![value])? })
}
