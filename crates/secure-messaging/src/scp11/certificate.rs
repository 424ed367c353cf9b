//! The certificate chain of a host, PERFORM SECURITY OPERATION of Amd F §7.5: each certificate is verified with the key
//! of the one before it, the first with the key of the authority (CA-KLOC).
//!
//! ```text
//! 30    X.509
//! 7F21  { 93 serial  42 issuer  5F20 subject  95 usage  [5F25 from]  5F24 until  [53 or 73]  [BF20]
//!         7F49 { B0 point  F0 curve }  5F37 signature over all before it, r ‖ s }
//! ```
//! Usage is 82 (verifies signatures) for all but the last, 0080 (key agreement) for the last. A card has no clock:
//! dates are not compared with anything.

use super::Scp11Error;
use crate::management::AuthorizationKey;
use crate::put_key::KeyKind;
use bitaqa_apdu::tlv::Reader;
use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_curves::Point;
use bitaqa_pki::{Certificate, PublicKey};

/// An authority for host certificates (PK.CA-KLOC.ECDSA), a key of the security domain.
#[derive(Clone, Copy)]
pub struct Authority<'a> {
    /// Key identifier, usually [`super::CA_KLOC_KEY_ID`].
    pub id: u8,
    /// Key version.
    pub kvn: u8,
    /// The public key.
    pub point: &'a Point,
}

/// The key of a host whose certificate was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey {
    /// PK.OCE.ECKA.
    pub(super) point: Point,
    /// Serial number of the certificate.
    pub serial: Vec<u8>,
}

/// Card role: where a chain of certificates stands. Each command consumes it.
#[derive(Clone, Debug)]
pub enum Chain {
    /// More certificates are announced; this key verifies the next one.
    Begun(Point),
    /// The last one was verified.
    Complete(HostKey),
}

impl Chain {
    /// The host's key, once the chain is complete.
    pub fn into_host(self) -> Option<HostKey> {
        match self {
            Self::Begun(_) => None,
            Self::Complete(host) => Some(host),
        }
    }
}

/// Card role: PERFORM SECURITY OPERATION, `80 2A KVN KID|80 certificate`. `begun` is what the command before left;
/// `authority` is the key that P1 and P2 name.
///
/// # Errors
/// [`Scp11Error::Reference`] for another authority, [`Scp11Error::CertificateSignature`],
/// [`Scp11Error::CertificateContent`] and [`Scp11Error::Certificate`]. The chain is gone in every case.
pub fn perform_security_operation(
    begun: Option<Chain>,
    command: &Command,
    authority: &Authority<'_>,
) -> Result<(Response, Chain), Scp11Error> {
    let (id, more) = (command.p2 & 0x7F, command.p2 & 0x80 != 0);
    // Hosts that do not know the version, or the key, leave it at 00.
    let named = |given: u8, own: u8| given == 0 || given == own;
    if !named(id, authority.id) || !named(command.p1, authority.kvn) {
        return Err(Scp11Error::Reference { id, kvn: command.p1 });
    }
    let issuer = match begun {
        Some(Chain::Begun(point)) => point,
        Some(Chain::Complete(_)) | None => authority.point.clone(),
    };
    let (point, serial) = match command.data.first_chunk::<2>() {
        Some([0x7F, 0x21]) => own_form(&command.data, &issuer, more)?,
        _ => x509(&command.data, &issuer, more)?,
    };
    let chain = if more { Chain::Begun(point) } else { Chain::Complete(HostKey { point, serial }) };
    Ok((Sw::OK.into(), chain))
}

fn x509(der: &[u8], issuer: &Point, is_issuer: bool) -> Result<(Point, Vec<u8>), Scp11Error> {
    let certificate = Certificate::from_der(der)?;
    let verified = certificate.verify_signature(&PublicKey::Ec(issuer.clone()));
    verified.map_err(|_| Scp11Error::CertificateSignature)?;
    let constraints = certificate.basic_constraints();
    let signs = certificate.key_usage().is_some_and(|usage| usage.key_cert_sign);
    let is_ca = constraints.is_some_and(|constraints| constraints.ca) && signs;
    // A certificate of an issuer must say that it is one, or a host could name others (RFC 5280 §6.1.4).
    if is_issuer && !is_ca {
        return Err(Scp11Error::CertificateContent("an issuer that is no certification authority"));
    }
    if !is_issuer && is_ca {
        return Err(Scp11Error::CertificateContent("a certification authority in the place of the host"));
    }
    match certificate.public_key().map_err(bitaqa_pki::x509::CertificateError::from)? {
        PublicKey::Ec(point) => Ok((point, certificate.serial().to_vec())),
        PublicKey::Rsa(_) => Err(Scp11Error::CertificateContent("a key that is not on a curve")),
    }
}

/// The form of GlobalPlatform, Amd F Table 6-12.
fn own_form(octets: &[u8], issuer: &Point, is_issuer: bool) -> Result<(Point, Vec<u8>), Scp11Error> {
    let content = bitaqa_apdu::tlv::only(octets, 0x7F21)?;
    let mut reader = Reader::new(content);
    let serial = reader.expect(0x93)?.to_vec();
    reader.expect(0x42)?;
    reader.expect(0x5F20)?;
    let usage = reader.expect(0x95)?;
    reader.optional(0x5F25)?;
    reader.expect(0x5F24)?;
    for optional in [0x53, 0x73, 0xBF20] {
        reader.optional(optional)?;
    }
    let key = reader.expect(0x7F49)?;
    let signed = content.get(..reader.position()).unwrap_or_default();
    let signature = reader.expect(0x5F37)?;
    reader.finish()?;
    let authority = AuthorizationKey::new(KeyKind::EcPublic(issuer.curve()), issuer.as_octets());
    let verified = authority.and_then(|key| key.verify(signed, signature));
    verified.map_err(|_| Scp11Error::CertificateSignature)?;
    let wanted: &[u8] = if is_issuer { &[0x82] } else { &[0x00, 0x80] };
    if usage != wanted {
        return Err(Scp11Error::CertificateContent("the usage of the key does not fit its place in the chain"));
    }
    let mut key = Reader::new(key);
    let (point, reference) = (key.expect(0xB0)?, key.expect(0xF0)?);
    key.finish()?;
    let &[reference] = reference else { return Err(Scp11Error::CertificateContent("a curve of two octets")) };
    match KeyKind::from_code(0xB0, reference) {
        Some(KeyKind::EcPublic(curve)) => Ok((Point::decode(curve, point)?, serial)),
        _ => Err(Scp11Error::CertificateContent("a curve that is not spoken here")),
    }
}
