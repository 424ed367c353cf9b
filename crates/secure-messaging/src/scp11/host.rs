//! Host role.

use super::{Agreement, HostSession, Scp11Error, Terms, Variant, secret};
use crate::TerminalError;
use crate::scp03::SecurityLevel;
use bitaqa_apdu::tlv::{self, Reader};
use bitaqa_apdu::{Command, Response, Sw, ins};
use bitaqa_curves::{Point, SecretScalar};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;

/// What a host has to prove who it is: SK.OCE.ECKA and the chain of certificates over it.
pub struct HostIdentity<'a> {
    /// The private key.
    pub private: &'a SecretScalar,
    /// Certificates, the host's own last; each as it is sent, X.509 or `7F21`.
    pub certificates: &'a [Vec<u8>],
    /// Identifier and version of the card's key that verifies the first one; 00 for the card's choice.
    pub authority: (u8, u8),
}

/// What a host asks for.
pub struct Request<'a> {
    /// The variant.
    pub variant: Variant,
    /// Version of the card's key, 00 for any.
    pub kvn: u8,
    /// The card's static public key, out of its certificate.
    pub card: &'a Point,
    /// Who asks; needed for a and c.
    pub identity: Option<HostIdentity<'a>>,
    /// Level of the session: 01, 03, 11 or 33 of SCP03.
    pub level: SecurityLevel,
    /// Octets of the session keys: 16, 24 or 32.
    pub key_octets: u8,
}

/// Host role: opens a session. The receipt is checked before anything is sent under the session keys.
///
/// # Errors
/// [`Scp11Error::Receipt`] for a card without the key, [`Scp11Error::Status`] for a refusal,
/// [`Scp11Error::NoCertificate`] for a or c without an identity, [`Scp11Error::Unsupported`] for another level, or what
/// `send` gives.
pub fn open<E>(
    send: &mut dyn FnMut(Command) -> Result<Response, E>,
    request: &Request<'_>,
    rng: &mut dyn CryptoRng,
) -> Result<HostSession, TerminalError<E, Scp11Error>> {
    let Request { variant, kvn, card, identity, level, key_octets } = request;
    if let (true, Some(identity)) = (variant.authenticates_host(), identity) {
        send_chain(send, identity)?;
    }
    let terms = Terms { variant: *variant, level: *level, key_octets: *key_octets };
    let ephemeral = SecretScalar::generate(card.curve(), rng);
    let data = terms.encode(&ephemeral.public()).ok_or(Scp11Error::Unsupported("the security level"))?;
    let of_static = match identity {
        _ if !variant.authenticates_host() => &ephemeral,
        Some(identity) => identity.private,
        None => return Err(Scp11Error::NoCertificate.into()),
    };
    let command = Command::globalplatform(variant.ins(), *kvn, variant.key_id()).data(data.clone()).ne(256);
    let response = send(command).map_err(TerminalError::Exchange)?;
    check_status("the authentication command", response.sw)?;
    let (point, receipt) = read_answer(&response.data)?;
    let card_ephemeral = Point::decode(card.curve(), point).map_err(Scp11Error::from)?;
    let secrets = [secret(&ephemeral, &card_ephemeral)?, secret(of_static, card)?];
    let object = tlv::tlv(0x5F49, point);
    let Agreement { receipt: expected, channel, dek } = terms.agree([&secrets[0], &secrets[1]], [&data, &object])?;
    if !bool::from(expected.ct_eq(receipt)) {
        return Err(Scp11Error::Receipt.into());
    }
    Ok(HostSession { channel: Some(channel), level: *level, dek, variant: *variant })
}

fn send_chain<E>(
    send: &mut dyn FnMut(Command) -> Result<Response, E>,
    identity: &HostIdentity<'_>,
) -> Result<(), TerminalError<E, Scp11Error>> {
    let (id, kvn) = identity.authority;
    let mut certificates = identity.certificates.iter().peekable();
    while let Some(certificate) = certificates.next() {
        let more = if certificates.peek().is_some() { 0x80 } else { 0 };
        let command = Command::globalplatform(ins::PERFORM_SECURITY_OPERATION, kvn, id | more);
        let response = send(command.data(certificate.clone())).map_err(TerminalError::Exchange)?;
        check_status("PERFORM SECURITY OPERATION", response.sw)?;
    }
    Ok(())
}

fn read_answer(data: &[u8]) -> Result<(&[u8], &[u8]), Scp11Error> {
    let mut reader = Reader::new(data);
    let answer = (reader.expect(0x5F49)?, reader.expect(0x86)?);
    reader.finish()?;
    Ok(answer)
}

fn check_status(command: &'static str, sw: Sw) -> Result<(), Scp11Error> {
    if sw == Sw::OK { Ok(()) } else { Err(Scp11Error::Status { command, sw }) }
}
