//! Reading and verifying a CV certificate, TR-03110-3 §C.1.

use super::date::field;
use super::{Chat, CvPublicKey, CvcError, PublicKey, Reference, Role, date_to_bcd, expect, finish};
use crate::rsa::RsaError;
use crate::{Signature, VerifyError};
use bitaqa_apdu::tlv::{self, Reader, put, put_header};
use time::Date;

/// Fields of the body, TR-03110-3 table 23.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateBody {
    /// CAR: whose key has signed.
    pub authority: Reference,
    /// Key of the holder.
    pub public_key: CvPublicKey,
    /// CHR: whose key this is.
    pub holder: Reference,
    /// Role and rights of the holder.
    pub chat: Chat,
    /// Day of issue, first day of validity.
    pub effective: Date,
    /// Last day of validity.
    pub expiry: Date,
    /// Value of the extensions (65), for Terminal Authentication version 2; kept as it came.
    pub extensions: Option<Vec<u8>>,
}

/// A CV certificate as read: fields, the body's octets as they were signed, signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CvCertificate {
    body: CertificateBody,
    body_octets: Vec<u8>,
    signature: Signature,
}

impl CertificateBody {
    /// The object 7F4E with tag and length, as it is signed.
    pub fn encode(&self) -> Vec<u8> {
        let mut value = Vec::with_capacity(256);
        put(&mut value, 0x5F29, &[0]);
        put(&mut value, 0x42, self.authority.as_octets());
        put(&mut value, 0x7F49, &self.public_key.encode());
        put(&mut value, 0x5F20, self.holder.as_octets());
        put(&mut value, 0x7F4C, &self.chat.encode());
        put(&mut value, 0x5F25, &date_to_bcd(self.effective));
        put(&mut value, 0x5F24, &date_to_bcd(self.expiry));
        if let Some(extensions) = &self.extensions {
            put(&mut value, 0x65, extensions);
        }
        tlv::tlv(0x7F4E, &value)
    }

    /// From the value of 7F4E.
    ///
    /// # Errors
    /// [`CvcError`], a variant per defect.
    pub fn decode(value: &[u8]) -> Result<Self, CvcError> {
        let mut reader = Reader::new(value);
        if expect(&mut reader, 0x5F29)? != [0] {
            return Err(CvcError::Profile);
        }
        let body = Self {
            authority: Reference::from_octets(expect(&mut reader, 0x42)?)?,
            public_key: CvPublicKey::decode(expect(&mut reader, 0x7F49)?)?,
            holder: Reference::from_octets(expect(&mut reader, 0x5F20)?)?,
            chat: Chat::decode(expect(&mut reader, 0x7F4C)?)?,
            effective: field(0x5F25, expect(&mut reader, 0x5F25)?)?,
            expiry: field(0x5F24, expect(&mut reader, 0x5F24)?)?,
            extensions: reader.optional(0x65)?.map(<[u8]>::to_vec),
        };
        finish(reader, 0x7F4E)?;
        body.check()?;
        Ok(body)
    }

    /// What the fields demand of each other.
    pub(super) fn check(&self) -> Result<(), CvcError> {
        let Self { effective, expiry, .. } = *self;
        if expiry < effective {
            return Err(CvcError::ExpiryBeforeEffective { effective, expiry });
        }
        // Self-signed certificates carry their parameters, heirs must not; a link certificate may do either.
        match self.chat.role() {
            Role::Cvca if self.is_self_issued() && self.public_key.lacks_parameters() => Err(CvcError::NoParameters),
            Role::Cvca => Ok(()),
            _ if self.public_key.has_parameters() => Err(CvcError::ParametersNotAllowed),
            _ => Ok(()),
        }
    }

    fn is_self_issued(&self) -> bool {
        self.authority == self.holder
    }
}

impl CvCertificate {
    pub(super) fn new(body: CertificateBody, signature: Signature) -> Self {
        Self { body_octets: body.encode(), body, signature }
    }

    /// Reads the object 7F21, all of it and nothing else.
    ///
    /// # Errors
    /// [`CvcError`], a variant per defect.
    pub fn parse(octets: &[u8]) -> Result<Self, CvcError> {
        let mut reader = Reader::new(octets);
        let certificate = Self::parse_command_data(expect(&mut reader, 0x7F21)?)?;
        finish(reader, 0x7F21)?;
        Ok(certificate)
    }

    /// Reads any number of objects 7F21, one after the other: a chain, or the trust points of a card.
    ///
    /// # Errors
    /// [`CvcError`], at the first defect.
    pub fn parse_all(octets: &[u8]) -> Result<Vec<Self>, CvcError> {
        let mut reader = Reader::new(octets);
        let mut certificates = Vec::new();
        while !reader.is_empty() {
            certificates.push(Self::parse_command_data(expect(&mut reader, 0x7F21)?)?);
        }
        Ok(certificates)
    }

    /// Reads the value of 7F21: body and signature, the data field of PSO: Verify Certificate (TR-03110-3 §B.14.5).
    ///
    /// # Errors
    /// [`CvcError`], a variant per defect.
    pub fn parse_command_data(octets: &[u8]) -> Result<Self, CvcError> {
        let mut reader = Reader::new(octets);
        let body = CertificateBody::decode(expect(&mut reader, 0x7F4E)?)?;
        let body_octets = octets.get(..reader.position()).unwrap_or_default().to_vec();
        let signature = expect(&mut reader, 0x5F37)?;
        finish(reader, 0x7F21)?;
        let signature = check_signature(signature, body.public_key.algorithm().is_rsa())?;
        Ok(Self { body, body_octets, signature })
    }

    /// The object 7F21.
    pub fn encode(&self) -> Vec<u8> {
        let value = self.command_data();
        let mut out = Vec::with_capacity(value.len() + 6);
        put_header(&mut out, 0x7F21, value.len());
        out.extend_from_slice(&value);
        out
    }

    /// Body and signature, the data field of PSO: Verify Certificate (TR-03110-3 §B.14.5).
    pub fn command_data(&self) -> Vec<u8> {
        let mut out = self.body_octets.clone();
        put(&mut out, 0x5F37, &self.signature.0);
        out
    }

    /// The fields.
    pub const fn body(&self) -> &CertificateBody {
        &self.body
    }

    /// CAR: whose key has signed.
    pub const fn authority(&self) -> &Reference {
        &self.body.authority
    }

    /// CHR: whose key this is.
    pub const fn holder(&self) -> &Reference {
        &self.body.holder
    }

    /// Role and rights of the holder.
    pub const fn chat(&self) -> &Chat {
        &self.body.chat
    }

    /// First day of validity.
    pub const fn effective(&self) -> Date {
        self.body.effective
    }

    /// Last day of validity.
    pub const fn expiry(&self) -> Date {
        self.body.expiry
    }

    /// r ‖ s, or the RSA number, as it came.
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// A CVCA certificate signed by itself: the initial trust point.
    pub fn is_self_issued(&self) -> bool {
        self.body.is_self_issued()
    }

    /// The holder's key, ready to verify with. A CVCA states its curve; DV and terminal inherit that of the key above,
    /// and keep its algorithm and size.
    ///
    /// # Errors
    /// As [`CvPublicKey::resolve`].
    pub fn public_key(&self, inherited: Option<&PublicKey>) -> Result<PublicKey, CvcError> {
        match inherited {
            Some(above) if self.chat().role() != Role::Cvca => self.body.public_key.resolve_below(above),
            _ => self.body.public_key.resolve(inherited),
        }
    }

    /// Verifies the signature by the key of the authority. Dates and roles are judged by [`super::rules`], the
    /// authority's name by [`CvCertificate::check_authority`].
    ///
    /// # Errors
    /// [`CvcError::Signature`]; [`CvcError::Rsa`] for an RSA key without the feature `rsa`.
    pub fn verify(&self, signed_by: &PublicKey) -> Result<(), CvcError> {
        signed_by.verify(&self.body_octets, &self.signature).map_err(|error| match error {
            VerifyError::Rsa(RsaError::NotBuilt) => RsaError::NotBuilt.into(),
            _ => CvcError::Signature(self.body.authority.clone()),
        })
    }

    /// Whether the authority named is the holder of the certificate above (TR-03110-3 §C.1.2).
    ///
    /// # Errors
    /// [`CvcError::Authority`].
    pub fn check_authority(&self, above: &Reference) -> Result<(), CvcError> {
        if self.body.authority == *above {
            return Ok(());
        }
        Err(CvcError::Authority { stated: self.body.authority.clone(), expected: above.clone() })
    }
}

/// Two halves, none of them zero; how long they must be is known with the curve. The kind of signature is that of the
/// holder's own key but in link certificates: those go by here too, as all lengths are even and half of an RSA
/// signature is never zero.
fn check_signature(octets: &[u8], is_rsa: bool) -> Result<Signature, CvcError> {
    if octets.is_empty() || !octets.len().is_multiple_of(2) {
        return Err(CvcError::SignatureLength(octets.len()));
    }
    let half = octets.len() / 2;
    if !is_rsa && octets.chunks(half).any(|number| number.iter().all(|octet| *octet == 0)) {
        return Err(CvcError::SignatureZero);
    }
    Ok(Signature(octets.to_vec()))
}
