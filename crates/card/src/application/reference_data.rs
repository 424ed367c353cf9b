//! PINs and PUKs, 7816-4 §11.5: VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER, and what anybody may know of them.
//!
//! Every try is counted before the value is looked at, past any transaction, and no loss of power gives it back. A
//! value of a form that no value can have is refused without counting: it tries nothing.

use bitaqa_apdu::application::ReferenceData;
use bitaqa_apdu::{Command, Response, Sw, dgi, tlv};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::cell;
use super::configuration::{Configuration, in_transport};
use crate::applet::Host;
use crate::personalisation::is_password_of_digits;

/// Octets of the longest value.
const LONGEST: usize = 16;
/// Fewest digits of any value, a transport value too.
const SHORTEST: u8 = 4;

/// VERIFY, 7816-4 §11.5.6. Without data it asks: 9000 while shown, else how many tries are left. P1 = FF forgets that
/// the value was shown.
///
/// # Errors
/// 6982 where the rule says no, 6983 when blocked, 6984 while the value is for transport only, 63Cx when it is wrong,
/// 6A80 for what can be no value, 6A86, 6A88.
pub fn verify(configuration: &Configuration, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
    let reference = named(configuration, command.p2, host)?;
    match (command.p1, command.data.is_empty()) {
        (0x00, true) if host.status.pins.contains(reference.number) => Ok(Sw::OK.into()),
        (0x00, true) => match tries_left(reference, host) {
            0 => Err(Sw::AUTHENTICATION_BLOCKED),
            left => Ok(Sw::tries_left(left).into()),
        },
        (0xFF, true) => {
            host.status.pins = host.status.pins.without(reference.number);
            Ok(Sw::OK.into())
        }
        (0x00, false) => {
            if in_transport(reference.number, host) {
                return Err(Sw::REFERENCE_DATA_NOT_USABLE);
            }
            let value = unpadded(reference, &command.data, SHORTEST)?;
            present(reference, value, host)?;
            host.status.pins = host.status.pins.verified(reference.number);
            Ok(Sw::OK.into())
        }
        _ => Err(Sw::WRONG_P1P2),
    }
}

/// CHANGE REFERENCE DATA, 7816-4 §11.5.7, P1 = 00: the value and a new one behind it. It is how a transport value
/// becomes a usable one. The new value is not shown by it.
///
/// # Errors
/// As [`verify`]; 6A80 for a new value that cannot be one, or is the transport value again.
pub fn change(configuration: &Configuration, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
    let reference = named(configuration, command.p2, host)?;
    if command.p1 != 0x00 {
        return Err(Sw::WRONG_P1P2);
    }
    let (old, new) = split(reference, reference, &command.data, host)?;
    present(reference, old, host)?;
    let new = unpadded(reference, new, reference.digits_min)?;
    if in_transport(reference.number, host) && is_value(reference, new, host) {
        return Err(Sw::WRONG_DATA);
    }
    set(reference, Some(new), host)
}

/// RESET RETRY COUNTER, 7816-4 §11.5.10: with the unblocking value and a new one (P1 = 00), the unblocking value
/// alone (01), a new one after the unblocking one was shown (02), nothing after it was shown (03). One showing is good
/// for one unblocking. A new value ends the transport state.
///
/// # Errors
/// As [`verify`], of the unblocking value; 6985 where nothing unblocks, 6982 when it was not shown.
pub fn reset(configuration: &Configuration, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
    let reference = named(configuration, command.p2, host)?;
    let by = reference.unblocked_by.and_then(|number| configuration.parameters.reference(number));
    let by = by.ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
    let (unblocking, new) = match command.p1 {
        0x00 => split(by, reference, &command.data, host).map(|(unblocking, new)| (Some(unblocking), Some(new)))?,
        0x01 => (Some(&*command.data), None),
        0x02 => (None, Some(&*command.data)),
        0x03 if command.data.is_empty() => (None, None),
        0x03 => return Err(Sw::WRONG_LENGTH),
        _ => return Err(Sw::WRONG_P1P2),
    };
    match unblocking {
        Some(_) if in_transport(by.number, host) => return Err(Sw::REFERENCE_DATA_NOT_USABLE),
        Some(value) => {
            let value = unpadded(by, value, SHORTEST)?;
            present(by, value, host)?;
        }
        None if host.status.pins.is_fresh(by.number) => {}
        None => return Err(Sw::SECURITY_STATUS_NOT_SATISFIED),
    }
    let new = new.map(|new| unpadded(reference, new, reference.digits_min)).transpose()?;
    host.status.pins = host.status.pins.without(by.number);
    set(reference, new, host)
}

/// GET DATA DF34: number, tries left, tries at first and state of all reference data. It spends nothing.
pub fn tell(configuration: &Configuration, host: &Host<'_>) -> Response {
    let rows = configuration.parameters.references.iter().flat_map(|reference| {
        let state = u8::from(in_transport(reference.number, host));
        [reference.number, tries_left(reference, host), reference.tries, state]
    });
    let mut rows: Vec<u8> = rows.collect();
    rows.extend(super::fingers::tell(configuration, host));
    Response::ok(tlv::tlv(dgi::GET_DATA_TRIES.into(), &rows))
}

/// The reference data that P2 names, for a terminal that may speak of it.
fn named<'c>(configuration: &'c Configuration, p2: u8, host: &Host<'_>) -> Result<&'c ReferenceData, Sw> {
    let mut references = configuration.parameters.references.iter();
    let reference = references.find(|reference| reference.p2() == p2).ok_or(Sw::REFERENCE_NOT_FOUND)?;
    if !reference.rule.allows(|need| host.status.holds(need)) {
        return Err(Sw::SECURITY_STATUS_NOT_SATISFIED);
    }
    Ok(reference)
}

/// A counter that cannot be read has nothing left.
fn tries_left(reference: &ReferenceData, host: &Host<'_>) -> u8 {
    host.get(cell::tries(reference.number)).and_then(|octets| octets.first()).copied().unwrap_or(0)
}

/// Shows a value: counts the try, compares, and gives the tries back when it is the right one. The wrong one takes back
/// that the right one was shown before.
fn present(reference: &ReferenceData, value: &[u8], host: &mut Host<'_>) -> Result<(), Sw> {
    let left = tries_left(reference, host).checked_sub(1).ok_or(Sw::AUTHENTICATION_BLOCKED)?;
    host.put_through(cell::tries(reference.number), &[left])?;
    if is_value(reference, value, host) {
        host.put(cell::tries(reference.number), &[reference.tries])?;
        return Ok(());
    }
    host.status.pins = host.status.pins.without(reference.number);
    Err(Sw::tries_left(left))
}

/// Compares in a time that tells neither length nor place of a difference.
fn is_value(reference: &ReferenceData, value: &[u8], host: &Host<'_>) -> bool {
    let stretched = |octets: &[u8]| {
        let mut stretched = Zeroizing::new([0xFF; LONGEST + 1]);
        stretched.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
        stretched
    };
    let Some(stored) = host.get(cell::value(reference.number)) else { return false };
    bool::from(stretched(stored).ct_eq(&*stretched(value)))
}

/// A value out of its padding, with `least` digits or more.
fn unpadded<'v>(reference: &ReferenceData, value: &'v [u8], least: u8) -> Result<&'v [u8], Sw> {
    let digits = match reference.padding {
        None => value,
        Some(_) if value.len() != usize::from(reference.digits_max) => return Err(Sw::WRONG_DATA),
        Some(padding) => {
            let end = value.iter().rposition(|octet| *octet != padding).map_or(0, |last| last + 1);
            value.get(..end).unwrap_or_default()
        }
    };
    let fits = is_password_of_digits(digits, least.into()..=reference.digits_max.into());
    if fits { Ok(digits) } else { Err(Sw::WRONG_DATA) }
}

/// Two values one behind the other. Without padding the first ends where the stored one does, if it is the right one;
/// if it is not, the try is counted wherever it ends. What can hold no two values is refused.
fn split<'v>(
    first: &ReferenceData,
    second: &ReferenceData,
    data: &'v [u8],
    host: &Host<'_>,
) -> Result<(&'v [u8], &'v [u8]), Sw> {
    let least = |reference: &ReferenceData, digits: u8| match reference.padding {
        Some(_) => usize::from(reference.digits_max),
        None => usize::from(digits),
    };
    let (low, high) = (
        least(first, SHORTEST) + least(second, second.digits_min),
        usize::from(first.digits_max) + usize::from(second.digits_max),
    );
    if !(low..=high).contains(&data.len()) {
        return Err(Sw::WRONG_LENGTH);
    }
    let at = match first.padding {
        Some(_) => usize::from(first.digits_max),
        None => host.get(cell::value(first.number)).map_or(0, <[u8]>::len),
    };
    let (old, new) = data.split_at_checked(at).unwrap_or((data, &[]));
    // The first is shown as it stands; of one that is no digits nothing more can be said than that it is wrong.
    Ok((if first.padding.is_some() { unpadded(first, old, SHORTEST)? } else { old }, new))
}

/// Stores a new value, if there is one, with all tries, at one stroke. Nothing is shown afterwards.
fn set(reference: &ReferenceData, new: Option<&[u8]>, host: &mut Host<'_>) -> Result<Response, Sw> {
    host.status.pins = host.status.pins.without(reference.number);
    host.transaction(|host| {
        if let Some(new) = new {
            host.put(cell::value(reference.number), new)?;
            host.put(cell::state(reference.number), &[0])?;
        }
        Ok(host.put(cell::tries(reference.number), &[reference.tries])?)
    })?;
    Ok(Sw::OK.into())
}
