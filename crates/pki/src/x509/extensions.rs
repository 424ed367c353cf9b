//! Fields and extensions of the certificates and lists of a CSCA, 9303-12 tables 5, 6 and 10.

use super::{Certificate, DocumentTypeList, IssueError, IssuingState, Period, to_date_time};
use crate::spki::{self, Form, SpkiError};
use crate::{PublicKey, Signer};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519::{C, CN, L, O, SERIAL_NUMBER};
use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_CRL_DISTRIBUTION_POINTS, ID_CE_PRIVATE_KEY_USAGE_PERIOD,
};
use der::asn1::{GeneralizedTime, Ia5String, OctetString, PrintableString};
use der::{Any, Decode, Encode, Tag};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, PrivateKeyUsagePeriod};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::{Time, Validity};

/// 16 octets with the two highest bits 01: positive, never shortened, and 126 random bits.
pub(super) fn serial_number(rng: &mut dyn CryptoRng) -> Result<SerialNumber, der::Error> {
    let mut octets = [0; 16];
    rng.fill_bytes(&mut octets);
    let [first, ..] = &mut octets;
    *first = *first & 0x3F | 0x40;
    SerialNumber::new(&octets)
}

/// RFC 7093 §2, method 1: the first 160 bits of SHA-256 over the public key as it stands in SubjectPublicKeyInfo.
pub(super) fn key_identifier(key: &PublicKey) -> Result<Vec<u8>, SpkiError> {
    let info = spki::info(key, Form::Named)?;
    Ok(Sha256::digest(info.subject_public_key.raw_bytes()).iter().take(20).copied().collect())
}

/// What the issuer calls its key.
pub(crate) fn authority_key(issuer: &Certificate, signer: &dyn Signer) -> Result<Vec<u8>, SpkiError> {
    issuer.subject_key_id().map_or_else(|| key_identifier(&signer.public_key()), |id| Ok(id.to_vec()))
}

/// Only the key identifier of the three fields, RFC 5280 §4.2.1.1.
pub(crate) fn authority_key_identifier(key_id: &[u8]) -> Result<Extension, der::Error> {
    let identifier =
        AuthorityKeyIdentifier { key_identifier: Some(OctetString::new(key_id)?), ..AuthorityKeyIdentifier::default() };
    extension(ID_CE_AUTHORITY_KEY_IDENTIFIER, false, identifier.to_der()?)
}

/// An extension around DER of its value.
pub(crate) fn extension(oid: ObjectIdentifier, critical: bool, der: Vec<u8>) -> Result<Extension, der::Error> {
    Ok(Extension { extn_id: oid, critical, extn_value: OctetString::new(der)? })
}

/// Both ends are given, though 9303-12 table 6 would be content with one.
pub(super) fn private_key_usage(period: Period) -> Result<Extension, IssueError> {
    let (not_before, not_after) = ordered(period)?;
    let value = PrivateKeyUsagePeriod {
        not_before: Some(GeneralizedTime::from_date_time(not_before)),
        not_after: Some(GeneralizedTime::from_date_time(not_after)),
    };
    Ok(extension(ID_CE_PRIVATE_KEY_USAGE_PERIOD, false, value.to_der()?)?)
}

/// UTCTime until 2049, then GeneralizedTime: 9303-12 table 5.
pub(super) fn validity(period: Period) -> Result<Validity, IssueError> {
    let (not_before, not_after) = ordered(period)?;
    Ok(Validity::new(Time::from(not_before), Time::from(not_after)))
}

/// First and last instant as X.509 writes them, in this order and not the same.
pub(crate) fn ordered(period: Period) -> Result<(der::DateTime, der::DateTime), IssueError> {
    let none = IssueError::Period(period.not_before, period.not_after);
    match (to_date_time(period.not_before), to_date_time(period.not_after)) {
        (Some(not_before), Some(not_after)) if not_before < not_after => Ok((not_before, not_after)),
        _ => Err(none),
    }
}

/// C, O, CN in this order; the country as PrintableString, 9303-12 table 5.
pub(super) fn name(state: &IssuingState, common_name: &str) -> Result<Name, IssueError> {
    if state.country.len() != 2 || !state.country.bytes().all(|octet| octet.is_ascii_uppercase()) {
        return Err(IssueError::Country(state.country.clone()));
    }
    for text in [state.organisation.as_str(), common_name] {
        if text.is_empty() || text.chars().count() > 64 {
            return Err(IssueError::Name(text.to_owned()));
        }
    }
    distinguished(&[
        (C, Tag::PrintableString, &state.country),
        (O, Tag::Utf8String, &state.organisation),
        (CN, Tag::Utf8String, common_name),
    ])
}

/// C, CN, serialNumber in this order: a person, and what tells namesakes apart.
pub(super) fn holder_name(country: &str, common_name: &str, number: &str) -> Result<Name, IssueError> {
    if country.len() != 2 || !country.bytes().all(|octet| octet.is_ascii_uppercase()) {
        return Err(IssueError::Country(country.to_owned()));
    }
    let short = |text: &&str| !text.is_empty() && text.chars().count() <= 64;
    if let Some(text) = [common_name, number].iter().find(|text| !short(text)) {
        return Err(IssueError::Name((*text).to_owned()));
    }
    PrintableString::new(number)?;
    distinguished(&[
        (C, Tag::PrintableString, country),
        (CN, Tag::Utf8String, common_name),
        (SERIAL_NUMBER, Tag::PrintableString, number),
    ])
}

/// One attribute for each relative name, in the order given.
fn distinguished(attributes: &[(ObjectIdentifier, Tag, &str)]) -> Result<Name, IssueError> {
    let mut sequence = RdnSequence::default();
    for (oid, tag, text) in attributes {
        let mut relative = RelativeDistinguishedName::default();
        relative.insert(AttributeTypeAndValue { oid: *oid, value: Any::new(*tag, text.as_bytes())? })?;
        sequence.push(relative);
    }
    Ok(Name::from_der(&sequence.to_der()?)?)
}

/// 9303-12 §7.1.1.2: how to reach the authority, and a directory name of the locality alone.
pub(super) fn alternative_names(state: &IssuingState) -> Result<Vec<GeneralName>, IssueError> {
    let code = state.mrz_state.as_str();
    if !(1..=3).contains(&code.len()) || !code.bytes().all(|octet| octet.is_ascii_uppercase()) {
        return Err(IssueError::MrzState(code.to_owned()));
    }
    let text = Ia5String::new(&state.contact)?;
    let contact = if state.contact.contains("://") {
        GeneralName::UniformResourceIdentifier(text)
    } else {
        GeneralName::Rfc822Name(text)
    };
    Ok(vec![contact, GeneralName::DirectoryName(distinguished(&[(L, Tag::PrintableString, code)])?)])
}

/// One distribution point with all addresses, 9303-12 §7.1.1.4; reasons and issuer are left out (table 6).
pub(super) fn distribution_points(urls: &[String]) -> Result<Extension, IssueError> {
    if urls.is_empty() {
        return Err(IssueError::Url(String::new()));
    }
    let mut names = Vec::with_capacity(urls.len());
    for url in urls {
        if !["ldap://", "http://", "https://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(IssueError::Url(url.clone()));
        }
        names.push(GeneralName::UniformResourceIdentifier(Ia5String::new(url)?));
    }
    let point = DistributionPoint {
        distribution_point: Some(DistributionPointName::FullName(names)),
        reasons: None,
        crl_issuer: None,
    };
    Ok(extension(ID_CE_CRL_DISTRIBUTION_POINTS, false, vec![point].to_der()?)?)
}

/// 9303-12 §7.1.1.6; at least one, each as in the MRZ, none twice.
pub(super) fn document_types(types: &[&str]) -> Result<DocumentTypeList, IssueError> {
    let mut list = DocumentTypeList { version: 0, document_types: der::asn1::SetOfVec::new() };
    for document_type in types {
        let known = (1..=2).contains(&document_type.len()) && document_type.bytes().all(|o| o.is_ascii_uppercase());
        if !known {
            return Err(IssueError::DocumentType((*document_type).to_owned()));
        }
        let document_type = PrintableString::new(document_type)?;
        if !list.document_types.as_slice().contains(&document_type) {
            list.document_types.insert(document_type)?;
        }
    }
    if types.is_empty() { Err(IssueError::DocumentType(String::new())) } else { Ok(list) }
}
