//! Fingers that the card compares itself, ISO/IEC 24787 and 7816-11: GET DATA 7F61, VERIFY with 7F2E, RESET RETRY
//! COUNTER.
//!
//! A probe comes within a session alone: in the field its minutiae would be good for another showing. Every try is
//! counted before the comparison, as that of a PIN. The reference goes nowhere but into the comparison.

use bitaqa_apdu::application::FingerReference;
use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_comparison::compare;
use bitaqa_lds::minutiae::Order;
use bitaqa_lds::on_card::{self, FORMAT_COMPACT, Information, OWNER_SC37};

use super::cell;
use super::configuration::Configuration;
use crate::applet::Host;

/// GET DATA of the BIT group, P1-P2.
pub const GROUP: u16 = 0x7F61;

/// What anybody may know: which fingers there are, how many minutiae are taken and in which order.
///
/// # Errors
/// 6A88 where no finger is, 6581 for parameters that name no order.
pub fn group(configuration: &Configuration) -> Result<Response, Sw> {
    let fingers = &configuration.parameters.fingers;
    if fingers.is_empty() {
        return Err(Sw::REFERENCE_NOT_FOUND);
    }
    let information = fingers.iter().map(|finger| {
        Ok(Information {
            reference: Some(finger.p2()),
            subtype: finger.subtype,
            owner: OWNER_SC37,
            format: FORMAT_COMPACT,
            minutiae: finger.minutiae,
            order: Order::from_code(finger.order).ok_or(Sw::MEMORY_FAILURE)?,
            features: None,
        })
    });
    let information = information.collect::<Result<Vec<_>, Sw>>()?;
    on_card::encode_group(&information).map(Response::ok).map_err(|_| Sw::MEMORY_FAILURE)
}

/// VERIFY with a probe, 7816-4 §11.5.6 with INS 21. Without data it asks, as VERIFY of a PIN does.
///
/// # Errors
/// 6982 outside of a session or where the rule says no, 6983 when blocked, 63Cx when the fingers differ, 6A80 for what
/// is no probe or has too few or too many minutiae (it tries nothing), 6A86, 6A88.
pub fn verify(configuration: &Configuration, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
    let finger = named(configuration, command.p2).ok_or(Sw::REFERENCE_NOT_FOUND)?;
    if !host.status.has_session() || !finger.rule.allows(|need| host.status.holds(need)) {
        return Err(Sw::SECURITY_STATUS_NOT_SATISFIED);
    }
    if command.p1 != 0 {
        return Err(Sw::WRONG_P1P2);
    }
    if command.data.is_empty() {
        return match tries_left(finger, host) {
            _ if host.status.pins.contains(finger.number) => Ok(Sw::OK.into()),
            0 => Err(Sw::AUTHENTICATION_BLOCKED),
            left => Ok(Sw::tries_left(left).into()),
        };
    }
    let probe = on_card::read_probe(&command.data).map_err(|_| Sw::WRONG_DATA)?;
    if !fits(finger, probe.len()) {
        return Err(Sw::WRONG_DATA);
    }
    let left = tries_left(finger, host).checked_sub(1).ok_or(Sw::AUTHENTICATION_BLOCKED)?;
    host.put_through(cell::tries(finger.number), &[left])?;
    let reference = host.get(cell::value(finger.number)).ok_or(Sw::MEMORY_FAILURE)?;
    let reference = on_card::read_probe(reference).map_err(|_| Sw::MEMORY_FAILURE)?;
    if compare(reference, probe).is_match() {
        host.put(cell::tries(finger.number), &[finger.tries])?;
        host.status.pins = host.status.pins.verified(finger.number);
        return Ok(Sw::OK.into());
    }
    host.status.pins = host.status.pins.without(finger.number);
    Err(Sw::tries_left(left))
}

/// RESET RETRY COUNTER, 7816-4 §11.5.10, P1 = 03: after the PUK was shown, good for one unblocking. `None` where P2
/// names no finger.
///
/// # Errors
/// 6985 where nothing unblocks, 6982 when the PUK was not shown, 6A86, 6700.
pub fn reset(configuration: &Configuration, command: &Command, host: &mut Host<'_>) -> Option<Result<Response, Sw>> {
    let finger = named(configuration, command.p2)?;
    Some(unblock(finger, command, host))
}

fn unblock(finger: &FingerReference, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
    let by = finger.unblocked_by.ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
    if command.p1 != 0x03 {
        return Err(Sw::WRONG_P1P2);
    }
    if !command.data.is_empty() {
        return Err(Sw::WRONG_LENGTH);
    }
    if !host.status.pins.is_fresh(by) {
        return Err(Sw::SECURITY_STATUS_NOT_SATISFIED);
    }
    host.status.pins = host.status.pins.without(by).without(finger.number);
    host.put(cell::tries(finger.number), &[finger.tries])?;
    Ok(Sw::OK.into())
}

/// The reference of a finger, under the DEK, with all its tries at first: at personalisation.
///
/// # Errors
/// 6A80 for what is no template, or has too few or too many minutiae.
pub fn store(finger: &FingerReference, wrapped: &[u8], host: &mut Host<'_>) -> Result<(), Sw> {
    let value = host.decrypt_sensitive(wrapped)?;
    if !on_card::read_probe(&value).is_ok_and(|minutiae| fits(finger, minutiae.len())) {
        return Err(Sw::WRONG_DATA);
    }
    host.transaction(|host| {
        host.put(cell::value(finger.number), &value)?;
        Ok(host.put(cell::tries(finger.number), &[finger.tries])?)
    })
}

/// Number, tries left, tries at first and state, as reference data tells its own.
pub fn tell(configuration: &Configuration, host: &Host<'_>) -> Vec<u8> {
    let rows = configuration.parameters.fingers.iter();
    rows.flat_map(|finger| [finger.number, tries_left(finger, host), finger.tries, 0]).collect()
}

fn named(configuration: &Configuration, p2: u8) -> Option<&FingerReference> {
    configuration.parameters.fingers.iter().find(|finger| finger.p2() == p2)
}

fn fits(finger: &FingerReference, minutiae: usize) -> bool {
    (usize::from(finger.minutiae.0)..=usize::from(finger.minutiae.1)).contains(&minutiae)
}

/// A counter that cannot be read has nothing left.
fn tries_left(finger: &FingerReference, host: &Host<'_>) -> u8 {
    host.get(cell::tries(finger.number)).and_then(|octets| octets.first()).copied().unwrap_or(0)
}
