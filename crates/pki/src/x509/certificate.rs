//! A certificate as read: the octets it came in, and the fields that decisions are made on.

use super::{DocumentTypeList, ID_DOCUMENT_TYPE_LIST, from_date_time, from_time};
use crate::spki::{self, SpkiError};
use crate::{Note, PublicKey, SignatureAlgorithm, VerifyError};
use bitaqa_apdu::tlv;
use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519::{C, L};
use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_BASIC_CONSTRAINTS, ID_CE_CRL_DISTRIBUTION_POINTS, ID_CE_EXT_KEY_USAGE,
    ID_CE_ISSUER_ALT_NAME, ID_CE_KEY_USAGE, ID_CE_PRIVATE_KEY_USAGE_PERIOD, ID_CE_SUBJECT_ALT_NAME,
    ID_CE_SUBJECT_KEY_IDENTIFIER,
};
use const_oid::db::rfc5912::ID_RSASSA_PSS;
use core::fmt;
use der::asn1::OctetString;
use der::pem::LineEnding;
use der::{Decode, Encode};
use time::UtcDateTime;
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{self, AuthorityKeyIdentifier, ExtendedKeyUsage, PrivateKeyUsagePeriod, SubjectAltName};
use x509_cert::name::Name;

/// Why octets are no certificate that can be worked with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not a DER certificate of RFC 5280.
    #[error("not an X.509 certificate: {0}")]
    Der(der::Error),
    /// Not PEM text with the label CERTIFICATE.
    #[error("not a certificate in PEM")]
    Pem,
    /// An extension that is there twice or is not what its name says.
    #[error("the certificate extension {0} is malformed")]
    Extension(ObjectIdentifier),
    /// A time outside of what can be represented.
    #[error("the validity of the certificate cannot be represented")]
    Time,
    /// Signed by an algorithm that is not spoken here, or named differently inside and outside.
    #[error("certificates signed with algorithm {0} are not supported")]
    SignatureAlgorithm(ObjectIdentifier),
    /// The public key.
    #[error(transparent)]
    PublicKey(#[from] SpkiError),
    /// The signature does not verify with the key given.
    #[error("the signature of the certificate does not verify")]
    Signature,
}

/// Bits of KeyUsage, RFC 5280 §4.2.1.3, that 9303-12 decides on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyUsage {
    /// Signs data, such as EF.SOD.
    pub digital_signature: bool,
    /// Signs certificates.
    pub key_cert_sign: bool,
    /// Signs revocation lists.
    pub crl_sign: bool,
}

/// BasicConstraints, RFC 5280 §4.2.1.9.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether the subject is a CA.
    pub ca: bool,
    /// How many CAs may follow; 0 for a CSCA.
    pub path_length: Option<u8>,
}

/// A certificate: read once, octets kept as they came, so that signatures are verified over what was signed.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    tbs: core::ops::Range<usize>,
    inner: CertificateInner<Raw>,
    not_before: UtcDateTime,
    not_after: UtcDateTime,
    key_usage: Option<KeyUsage>,
    extended_key_usage: Option<ExtendedUsage>,
    basic_constraints: Option<BasicConstraints>,
    subject_key_id: Option<Vec<u8>>,
    authority_key_id: Option<Vec<u8>>,
    private_key_usage: (Option<UtcDateTime>, Option<UtcDateTime>),
    document_types: Vec<String>,
    mrz_state: Option<String>,
    unknown_critical: Option<ObjectIdentifier>,
    notes: Vec<Note>,
}

/// ExtKeyUsage, RFC 5280 §4.2.1.12: the only purposes of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExtendedUsage {
    pub purposes: Vec<ObjectIdentifier>,
    pub critical: bool,
}

impl Certificate {
    /// Reads DER. The public key may be of any kind; it is looked at when asked for.
    ///
    /// # Errors
    /// [`CertificateError::Der`], [`CertificateError::Extension`], [`CertificateError::Time`].
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let inner = CertificateInner::<Raw>::from_der(der).map_err(CertificateError::Der)?;
        let tbs = inner.tbs_certificate();
        let extensions = tbs.extensions().map_or(&[][..], Vec::as_slice);
        let instant = |time| from_time(time).ok_or(CertificateError::Time);
        let not_before = instant(&tbs.validity().not_before)?;
        let not_after = instant(&tbs.validity().not_after)?;
        let subject_key_id = one::<OctetString>(extensions, ID_CE_SUBJECT_KEY_IDENTIFIER)?;
        let authority_key_id = one::<AuthorityKeyIdentifier>(extensions, ID_CE_AUTHORITY_KEY_IDENTIFIER)?;
        Ok(Self {
            tbs: first_object(der)?,
            not_before,
            not_after,
            key_usage: one::<pkix::KeyUsage>(extensions, ID_CE_KEY_USAGE)?.map(|usage| KeyUsage {
                digital_signature: usage.digital_signature(),
                key_cert_sign: usage.key_cert_sign(),
                crl_sign: usage.crl_sign(),
            }),
            extended_key_usage: one::<ExtendedKeyUsage>(extensions, ID_CE_EXT_KEY_USAGE)?.map(|usage| ExtendedUsage {
                purposes: usage.0,
                critical: is_critical(extensions, ID_CE_EXT_KEY_USAGE),
            }),
            basic_constraints: one::<pkix::BasicConstraints>(extensions, ID_CE_BASIC_CONSTRAINTS)?.map(|constraints| {
                BasicConstraints { ca: constraints.ca, path_length: constraints.path_len_constraint }
            }),
            subject_key_id: subject_key_id.map(|id| id.into_bytes().into_vec()),
            authority_key_id: authority_key_id.and_then(|id| id.key_identifier).map(|id| id.into_bytes().into_vec()),
            private_key_usage: private_key_usage(extensions)?,
            document_types: one::<DocumentTypeList>(extensions, ID_DOCUMENT_TYPE_LIST)?
                .map(|list| list.document_types.iter().map(ToString::to_string).collect())
                .unwrap_or_default(),
            mrz_state: one::<SubjectAltName>(extensions, ID_CE_SUBJECT_ALT_NAME)?.and_then(|names| mrz_state(&names.0)),
            unknown_critical: extensions.iter().find(|e| e.critical && !KNOWN.contains(&e.extn_id)).map(|e| e.extn_id),
            notes: notes(&inner),
            der: der.to_vec(),
            inner,
        })
    }

    /// Reads PEM text with the label CERTIFICATE.
    ///
    /// # Errors
    /// [`CertificateError::Pem`], and those of [`Certificate::from_der`].
    pub fn from_pem(pem: &str) -> Result<Self, CertificateError> {
        match der::pem::decode_vec(pem.as_bytes()) {
            Ok((PEM_LABEL, der)) => Self::from_der(&der),
            _ => Err(CertificateError::Pem),
        }
    }

    /// The octets as they came.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// As PEM text.
    pub fn to_pem(&self) -> String {
        // Fails only for lengths beyond the memory of a machine.
        der::pem::encode_string(PEM_LABEL, LineEnding::LF, &self.der).unwrap_or_default()
    }

    /// Distinguished name of the subject, RFC 4514.
    pub fn subject(&self) -> String {
        self.subject_name().to_string()
    }

    /// Distinguished name of the issuer, RFC 4514.
    pub fn issuer(&self) -> String {
        self.issuer_name().to_string()
    }

    /// Country code of the subject, upper case as 9303-12 §7.1 wants it; two letters in a proper certificate.
    pub fn country(&self) -> Option<String> {
        text(self.subject_name(), C).map(|country| country.to_ascii_uppercase())
    }

    /// The issuing state as in the MRZ, from the directory name in SubjectAltName, 9303-12 §7.1.1.2.
    pub fn mrz_state(&self) -> Option<&str> {
        self.mrz_state.as_deref()
    }

    /// Serial number as it stands: a signed integer, big endian, positive in a proper certificate.
    pub fn serial(&self) -> &[u8] {
        self.inner.tbs_certificate().serial_number().as_bytes()
    }

    /// First instant of validity.
    pub const fn not_before(&self) -> UtcDateTime {
        self.not_before
    }

    /// Last instant of validity.
    pub const fn not_after(&self) -> UtcDateTime {
        self.not_after
    }

    /// From when and until when the private key signs, RFC 3280 §4.2.1.4.
    pub const fn private_key_usage(&self) -> (Option<UtcDateTime>, Option<UtcDateTime>) {
        self.private_key_usage
    }

    /// Public key of the subject.
    ///
    /// # Errors
    /// [`SpkiError`] for kinds of keys that are not spoken here and for points that are not on their curve.
    pub fn public_key(&self) -> Result<PublicKey, SpkiError> {
        spki::key(self.inner.tbs_certificate().subject_public_key_info(), &mut Vec::new())
    }

    /// Whether the key is reserved for RSASSA-PSS, RFC 4055 §1.2.
    pub(crate) fn has_pss_key(&self) -> bool {
        self.inner.tbs_certificate().subject_public_key_info().algorithm.oid == ID_RSASSA_PSS
    }

    /// Deviations from 9303-12 that were tolerated, in the order of their discovery.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// KeyUsage, `None` without the extension.
    pub const fn key_usage(&self) -> Option<KeyUsage> {
        self.key_usage
    }

    /// Purposes in ExtKeyUsage, `None` without the extension. A document signer has none.
    pub fn extended_key_usage(&self) -> Option<&[ObjectIdentifier]> {
        self.extended_key_usage.as_ref().map(|usage| usage.purposes.as_slice())
    }

    pub(crate) const fn extended_usage(&self) -> Option<&ExtendedUsage> {
        self.extended_key_usage.as_ref()
    }

    /// BasicConstraints, `None` without the extension.
    pub const fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.basic_constraints
    }

    /// SubjectKeyIdentifier.
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.subject_key_id.as_deref()
    }

    /// Key identifier in AuthorityKeyIdentifier.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.authority_key_id.as_deref()
    }

    /// Document types that a document signer may sign, as in the MRZ: `P`, `ID`. Empty without the extension.
    pub fn document_types(&self) -> &[String] {
        &self.document_types
    }

    /// A critical extension that nobody here understands: such a certificate must not be relied on.
    pub const fn unknown_critical_extension(&self) -> Option<ObjectIdentifier> {
        self.unknown_critical
    }

    /// Whether it is a CA by its extensions: cA and keyCertSign.
    pub fn is_ca(&self) -> bool {
        self.basic_constraints.is_some_and(|constraints| constraints.ca)
            && self.key_usage.is_some_and(|usage| usage.key_cert_sign)
    }

    /// Whether the issuer's name is the subject's name of `issuer`, compared as 9303-12 §7.1 lets names be written:
    /// PrintableString or UTF8String, letter case and runs of spaces not distinguished (RFC 5280 §7.1).
    pub fn names_issuer(&self, issuer: &Certificate) -> bool {
        same_name(self.issuer_name(), issuer.subject_name())
    }

    /// Verifies the signature over the octets as they came.
    ///
    /// # Errors
    /// [`CertificateError::SignatureAlgorithm`], [`CertificateError::Signature`].
    pub fn verify_signature(&self, key: &PublicKey) -> Result<(), CertificateError> {
        let stated = self.inner.signature_algorithm();
        let unsupported = CertificateError::SignatureAlgorithm(stated.oid);
        if stated != self.inner.tbs_certificate().signature() {
            return Err(unsupported);
        }
        let algorithm = SignatureAlgorithm::read(stated, &mut Vec::new()).ok_or_else(|| unsupported.clone())?;
        let signature = self.inner.signature().as_bytes().ok_or(CertificateError::Signature)?;
        let signed = self.der.get(self.tbs.clone()).unwrap_or_default();
        let refusal =
            |error: VerifyError| if error.is_unsupported() { unsupported } else { CertificateError::Signature };
        key.verify_x509(algorithm, signed, signature).map_err(refusal)
    }

    pub(crate) fn subject_name(&self) -> &Name {
        self.inner.tbs_certificate().subject()
    }

    pub(crate) fn issuer_name(&self) -> &Name {
        self.inner.tbs_certificate().issuer()
    }

    /// DER of an extension's value, to be repeated in a certificate below.
    pub(crate) fn extension(&self, oid: ObjectIdentifier) -> Option<&[u8]> {
        let extensions = self.inner.tbs_certificate().extensions()?;
        extensions.iter().find(|extension| extension.extn_id == oid).map(|extension| extension.extn_value.as_bytes())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.subject_name())
    }
}

const PEM_LABEL: &str = "CERTIFICATE";

/// Extensions whose meaning is taken into account, or that say nothing about trust.
const KNOWN: [ObjectIdentifier; 10] = [
    ID_CE_AUTHORITY_KEY_IDENTIFIER,
    ID_CE_BASIC_CONSTRAINTS,
    ID_CE_CRL_DISTRIBUTION_POINTS,
    ID_CE_EXT_KEY_USAGE,
    ID_CE_ISSUER_ALT_NAME,
    ID_CE_KEY_USAGE,
    ID_CE_PRIVATE_KEY_USAGE_PERIOD,
    ID_CE_SUBJECT_ALT_NAME,
    ID_CE_SUBJECT_KEY_IDENTIFIER,
    ID_DOCUMENT_TYPE_LIST,
];

/// Algorithm, key and serial number; what cannot be read at all is reported when it is asked for.
fn notes(inner: &CertificateInner<Raw>) -> Vec<Note> {
    let mut notes = Vec::new();
    let tbs = inner.tbs_certificate();
    let _ = SignatureAlgorithm::read(inner.signature_algorithm(), &mut notes);
    let _ = spki::key(tbs.subject_public_key_info(), &mut notes);
    let serial = tbs.serial_number().as_bytes();
    if serial.len() > 20
        || serial.iter().all(|octet| *octet == 0)
        || serial.first().is_some_and(|first| first & 0x80 != 0)
    {
        Note::SerialNumber.add(&mut notes);
    }
    notes
}

fn is_critical(extensions: &[Extension], oid: ObjectIdentifier) -> bool {
    extensions.iter().any(|extension| extension.extn_id == oid && extension.critical)
}

/// The one extension of this name, decoded; twice the same is an error (RFC 5280 §4.2).
pub(crate) fn one<T>(extensions: &[Extension], oid: ObjectIdentifier) -> Result<Option<T>, CertificateError>
where
    T: for<'a> Decode<'a, Error = der::Error>,
{
    let mut found = extensions.iter().filter(|extension| extension.extn_id == oid);
    let (Some(extension), None) = (found.next(), found.next()) else {
        let twice = extensions.iter().any(|extension| extension.extn_id == oid);
        return if twice { Err(CertificateError::Extension(oid)) } else { Ok(None) };
    };
    T::from_der(extension.extn_value.as_bytes()).map(Some).map_err(|_| CertificateError::Extension(oid))
}

fn private_key_usage(extensions: &[Extension]) -> Result<(Option<UtcDateTime>, Option<UtcDateTime>), CertificateError> {
    let oid = ID_CE_PRIVATE_KEY_USAGE_PERIOD;
    let Some(period) = one::<PrivateKeyUsagePeriod>(extensions, oid)? else { return Ok((None, None)) };
    let instant = |time: Option<der::asn1::GeneralizedTime>| {
        time.map(|time| from_date_time(time.to_date_time()).ok_or(CertificateError::Extension(oid))).transpose()
    };
    Ok((instant(period.not_before)?, instant(period.not_after)?))
}

/// localityName of the directory name among the alternative names.
fn mrz_state(names: &[GeneralName]) -> Option<String> {
    names.iter().find_map(|name| match name {
        GeneralName::DirectoryName(name) => text(name, L),
        _ => None,
    })
}

fn text(name: &Name, oid: ObjectIdentifier) -> Option<String> {
    let attribute = name.iter().find(|attribute| attribute.oid == oid)?;
    core::str::from_utf8(attribute.value.value()).ok().map(str::to_owned)
}

/// The first object inside the outer SEQUENCE, with its tag and length: what the signature covers.
pub(crate) fn first_object(der: &[u8]) -> Result<core::ops::Range<usize>, CertificateError> {
    let broken = |_| CertificateError::Der(der::ErrorKind::Failed.into());
    let content = tlv::only(der, 0x30).map_err(broken)?;
    let mut reader = tlv::Reader::new(content);
    reader.expect(0x30).map_err(broken)?;
    let start = der.len() - content.len();
    Ok(start..start + reader.position())
}

pub(crate) fn same_name(left: &Name, right: &Name) -> bool {
    left == right || (left.len() == right.len() && folded(left) == folded(right))
}

/// Attributes in their order, text folded; what is no UTF-8 text stands for itself in DER.
fn folded(name: &Name) -> Vec<(ObjectIdentifier, Vec<u8>)> {
    name.iter()
        .map(|attribute| {
            let folded = match core::str::from_utf8(attribute.value.value()) {
                Ok(text) => text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase().into_bytes(),
                Err(_) => attribute.value.to_der().unwrap_or_default(),
            };
            (attribute.oid, folded)
        })
        .collect()
}
