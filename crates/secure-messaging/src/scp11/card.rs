//! Card role of the authentication command.

use super::{CardSession, HostKey, Scp11Error, Terms, Variant, secret};
use bitaqa_apdu::{Command, Response, tlv};
use bitaqa_curves::{Point, SecretScalar};
use rand_core::CryptoRng;

/// A static key of the security domain for this protocol (SK.SD.ECKA).
#[derive(Clone, Copy)]
pub struct CardKey<'a> {
    /// Key identifier: 11, 13 or 15 for a, b or c.
    pub id: u8,
    /// Key version.
    pub kvn: u8,
    /// The private key.
    pub private: &'a SecretScalar,
    /// Serial numbers of the host certificates that may use this key; `None` for every one under the authority. An
    /// empty list lets nobody in. Zeros in front do not count.
    pub allowed: Option<&'a [Vec<u8>]>,
}

/// Card role: MUTUAL AUTHENTICATE (`80 82`) of SCP11a and c, INTERNAL AUTHENTICATE (`80 88`) of SCP11b. `key` is the
/// key that P1 (version) and P2 (identifier) name, `host` what the certificate chain before it proved; the caller takes
/// it out of its place in any case.
///
/// # Errors
/// [`Scp11Error::Reference`] for a key of another variant, [`Scp11Error::NoCertificate`], [`Scp11Error::NotAllowed`],
/// [`Scp11Error::Objects`] and [`Scp11Error::Unsupported`] for a malformed data field, [`Scp11Error::Curve`] for a key
/// of the host that is none of the card's curve.
pub fn authenticate(
    command: &Command,
    key: &CardKey<'_>,
    host: Option<HostKey>,
    rng: &mut dyn CryptoRng,
) -> Result<(Response, CardSession), Scp11Error> {
    let wrong = Scp11Error::Reference { id: command.p2, kvn: command.p1 };
    let variant = Variant::of_key_id(key.id).filter(|variant| variant.ins() == command.ins);
    let variant = variant.filter(|_| command.p2 & 0x7F == key.id && (command.p1 == 0 || command.p1 == key.kvn));
    let variant = variant.ok_or(wrong.clone())?;
    let (terms, octets) = Terms::parse(&command.data)?;
    if terms.variant != variant {
        return Err(wrong);
    }
    let curve = key.private.curve();
    let host_ephemeral = Point::decode(curve, octets)?;
    let host_static = match host {
        _ if !variant.authenticates_host() => host_ephemeral.clone(),
        None => return Err(Scp11Error::NoCertificate),
        Some(host) if !is_allowed(&host, key.allowed) => return Err(Scp11Error::NotAllowed),
        Some(host) => host.point,
    };
    let own_ephemeral = match variant {
        Variant::C => key.private.clone(),
        Variant::A | Variant::B => SecretScalar::generate(curve, rng),
    };
    let point = tlv::tlv(0x5F49, own_ephemeral.public().as_octets());
    let secrets = [secret(&own_ephemeral, &host_ephemeral)?, secret(key.private, &host_static)?];
    let agreement = terms.agree([&secrets[0], &secrets[1]], [&command.data, &point])?;
    let response = Response::ok([point, tlv::tlv(0x86, &agreement.receipt)].concat());
    let session = CardSession { channel: Some(agreement.channel), level: terms.level, dek: agreement.dek, variant };
    Ok((response, session))
}

fn is_allowed(host: &HostKey, allowed: Option<&[Vec<u8>]>) -> bool {
    let significant = |number: &[u8]| number.iter().skip_while(|octet| **octet == 0).copied().collect::<Vec<u8>>();
    allowed.is_none_or(|list| list.iter().any(|serial| significant(serial) == significant(&host.serial)))
}
