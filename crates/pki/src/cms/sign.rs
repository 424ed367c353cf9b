//! Making signed data. The structure is put together by hand: it is short, and its builder would draw in RSA.

use super::CmsError;
use crate::x509::to_date_time;
use crate::{Certificate, HashAlgorithm, Signer};
use bitaqa_apdu::tlv;
use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedAttributes, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911::{ID_CONTENT_TYPE, ID_MESSAGE_DIGEST, ID_SIGNED_DATA, ID_SIGNING_TIME};
use der::asn1::{OctetString, SetOfVec};
use der::{Any, Decode, Encode, Tag};
use spki::AlgorithmIdentifierOwned;
use time::UtcDateTime;
use x509_cert::attr::Attribute;
use x509_cert::ext::pkix::SubjectKeyIdentifier;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::Time;

/// How signed data name their signer, RFC 5652 §5.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignerId {
    /// By issuer and serial number of the certificate.
    IssuerAndSerial,
    /// By the subject key identifier in the certificate: recommended for master lists, 9303-12 table 18.
    SubjectKey,
}

/// What is to be signed, by whom.
pub(crate) struct SignRequest<'a> {
    pub(crate) content_type: ObjectIdentifier,
    pub(crate) content: &'a [u8],
    /// Certificate of the signer.
    pub(crate) certificate: &'a Certificate,
    /// Certificates to stand beside it.
    pub(crate) others: &'a [&'a Certificate],
    pub(crate) identifier: SignerId,
    pub(crate) signing_time: Option<UtcDateTime>,
}

/// Signs; `signer` holds the key of the certificate. DER of the ContentInfo.
///
/// # Errors
/// [`CmsError::NotTheKeyOf`], [`CmsError::NoSigner`] for a certificate without the identifier asked for,
/// [`CmsError::Sign`], [`CmsError::Encode`].
pub(crate) fn sign(request: &SignRequest<'_>, signer: &dyn Signer) -> Result<Vec<u8>, CmsError> {
    let key = signer.public_key();
    if request.certificate.public_key()? != key {
        return Err(CmsError::NotTheKeyOf(request.certificate.subject()));
    }
    let algorithm = signer.algorithm();
    let attributes = signed_attributes(request, algorithm.hash()).map_err(CmsError::Encode)?;
    // RFC 5652 §5.4: the SET OF itself is signed, not its implicitly tagged form.
    let signed = attributes.to_der().map_err(CmsError::Encode)?;
    let signature = signer.sign(&signed)?.to_x509(algorithm, &key).map_err(|error| CmsError::Sign(error.into()))?;
    let (version, sid) = signer_identifier(request)?;
    let signer_info = SignerInfo {
        version,
        sid,
        digest_alg: digest_algorithm(algorithm.hash()),
        signed_attrs: Some(attributes),
        signature_algorithm: algorithm.identifier().map_err(CmsError::Encode)?,
        signature: OctetString::new(signature).map_err(CmsError::Encode)?,
        unsigned_attrs: None,
    };
    content_info(request, algorithm.hash(), signer_info).map_err(CmsError::Encode)
}

/// The form of the identifier fixes the version, RFC 5652 §5.3.
fn signer_identifier(request: &SignRequest<'_>) -> Result<(CmsVersion, SignerIdentifier), CmsError> {
    match request.identifier {
        SignerId::IssuerAndSerial => {
            let serial_number = tlv::tlv(0x02, request.certificate.serial());
            let serial_number = SerialNumber::from_der(&serial_number).map_err(CmsError::Encode)?;
            let issuer = request.certificate.issuer_name().clone();
            let named = IssuerAndSerialNumber { issuer, serial_number };
            Ok((CmsVersion::V1, SignerIdentifier::IssuerAndSerialNumber(named)))
        }
        SignerId::SubjectKey => {
            let id = request.certificate.subject_key_id().ok_or(CmsError::NoSigner)?;
            let id = SubjectKeyIdentifier(OctetString::new(id).map_err(CmsError::Encode)?);
            Ok((CmsVersion::V3, SignerIdentifier::SubjectKeyIdentifier(id)))
        }
    }
}

fn content_info(
    request: &SignRequest<'_>,
    hash: HashAlgorithm,
    signer_info: SignerInfo,
) -> Result<Vec<u8>, der::Error> {
    let certificates = core::iter::once(&request.certificate)
        .chain(request.others)
        .map(|certificate| x509_cert::Certificate::from_der(certificate.der()).map(CertificateChoices::Certificate))
        .collect::<Result<Vec<_>, _>>()?;
    let signed_data = SignedData {
        // RFC 5652 §5.1: version 3, as the content is not id-data.
        version: CmsVersion::V3,
        digest_algorithms: SetOfVec::try_from(vec![digest_algorithm(hash)])?,
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: request.content_type,
            econtent: Some(Any::new(Tag::OctetString, request.content)?),
        },
        certificates: Some(CertificateSet::try_from(certificates)?),
        crls: None,
        signer_infos: SignerInfos::try_from(vec![signer_info])?,
    };
    ContentInfo { content_type: ID_SIGNED_DATA, content: Any::encode_from(&signed_data)? }.to_der()
}

/// RFC 5754 §2 and 9303-12 table 18: the parameters are absent.
fn digest_algorithm(hash: HashAlgorithm) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: hash.oid(), parameters: None }
}

/// contentType, messageDigest and, where asked for, signingTime: RFC 5652 §11.
fn signed_attributes(request: &SignRequest<'_>, hash: HashAlgorithm) -> Result<SignedAttributes, der::Error> {
    let mut attributes = vec![
        attribute(ID_CONTENT_TYPE, Any::encode_from(&request.content_type)?)?,
        attribute(ID_MESSAGE_DIGEST, Any::new(Tag::OctetString, hash.digest(request.content))?)?,
    ];
    if let Some(instant) = request.signing_time {
        let time = to_date_time(instant).ok_or(der::ErrorKind::DateTime)?;
        attributes.push(attribute(ID_SIGNING_TIME, Any::from_der(&Time::from(time).to_der()?)?)?);
    }
    SetOfVec::try_from(attributes)
}

fn attribute(oid: ObjectIdentifier, value: Any) -> Result<Attribute, der::Error> {
    Ok(Attribute { oid, values: SetOfVec::try_from(vec![value])? })
}
