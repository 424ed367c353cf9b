//! The application's keys, and the one gate before their use.

use bitaqa_apdu::application::{ApplicationKey, KeyAlgorithm};
use bitaqa_apdu::{Command, Need, Response, Sw};
use bitaqa_curves::{Curve, Domain};

use super::configuration::Configuration;
use crate::applet::Host;
use crate::key_pair::{self, KeyKind, KeyPair};

/// What the key is made on.
pub fn kind(key: &ApplicationKey) -> KeyKind {
    match (key.algorithm, key.algorithm.modulus_bits()) {
        (_, Some(bits)) => KeyKind::Rsa { bits },
        (KeyAlgorithm::P384, _) => KeyKind::Curve(Domain::Ec(Curve::P384)),
        _ => KeyKind::Curve(Domain::Ec(Curve::P256)),
    }
}

/// Whether the terminal may use the key now. A key that wants a verification for itself counts no PIN whose showing
/// some use has taken up already.
///
/// # Errors
/// 6982 where the rule says no.
pub fn permit(key: &ApplicationKey, host: &Host<'_>) -> Result<(), Sw> {
    let allowed = key.rule.allows(|need| match need {
        Need::Pin(number) if key.once => host.status.pins.is_fresh(number),
        _ => host.status.holds(need),
    });
    if allowed { Ok(()) } else { Err(Sw::SECURITY_STATUS_NOT_SATISFIED) }
}

/// Takes up the verification that a use of this key costs: before the use, so that a failure costs it too.
pub fn consume(key: &ApplicationKey, host: &mut Host<'_>) {
    if key.once {
        for need in key.rule.alternatives().iter().flatten() {
            if let Need::Pin(number) = need {
                host.status.pins = host.status.pins.used(*number);
            }
        }
    }
}

/// GENERATE ASYMMETRIC KEY PAIR (7816-8 §5.1), inside the issuer's channel: P1 = 80 makes the pair whose number P2 is
/// anew; its public key comes back.
///
/// # Errors
/// 6982 outside of the channel, 6A86 for another P1, 6A88 for a number that the install parameters do not name.
pub fn generate(command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
    let number = key_pair::number_to_generate(command, host)?;
    let parameters = Configuration::of(host)?.parameters;
    let key = parameters.key(number).ok_or(Sw::REFERENCE_NOT_FOUND)?;
    let public = KeyPair::make(kind(key), number, host)?.public();
    Ok(Response::ok(public.encode()))
}

/// GET DATA DF33: the public half of every key that was made.
///
/// # Errors
/// 6A88 when there is none yet.
pub fn public_keys(host: &Host<'_>) -> Result<Response, Sw> {
    let keys = Configuration::of(host)?.parameters.keys;
    let made = keys.iter().filter(|key| host.get(key_pair::cell_of(key.number)).is_some());
    let told = made.map(|key| Ok((key.number, KeyPair::load(kind(key), key.number, host)?.public())));
    key_pair::tell(&told.collect::<Result<Vec<_>, Sw>>()?)
}
