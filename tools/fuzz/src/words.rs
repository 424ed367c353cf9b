//! Words of 7816-4 and of GlobalPlatform: commands, responses, rules, parameters, framing.

use core::convert::Infallible;

use bitaqa_apdu::fcp::{self, FileControl};
use bitaqa_apdu::public_key::{self, CardPublicKey};
use bitaqa_apdu::{AccessRule, Aid, Class, Command, Response, application, describe, dgi, install, tlv};
use bitaqa_terminal::session::Limits;

use crate::both_ways;

/// A command, and its class on every channel.
pub fn command(input: &[u8]) {
    both_ways::values(input, Command::parse, |command| command.encode().map(|octets| octets.to_vec()));
    if let Ok(command) = Command::parse(input) {
        let written = command.encode().map(|octets| octets.len()).unwrap_or_default();
        assert!(written <= input.len(), "the shortest form is no longer than the one that was read");
        assert!(command.ne <= Command::NE_EXTENDED_MAX && command.data.len() <= input.len());
        assert!(!describe::command(&command).is_empty());
        class(command.class);
    }
    if let Some(response) = Response::parse(input) {
        assert_eq!(&*response.encode(), input);
    }
}

fn class(class: Class) {
    for channel in 0..=bitaqa_apdu::CHANNEL_MAX {
        let on = class.on_channel(channel);
        assert_eq!(on.channel(), channel, "{class:?}");
        assert_eq!(on.has_sm(), class.has_sm(), "{class:?} on channel {channel}");
    }
    assert!(!class.without_sm().has_sm());
}

/// Access rules as octets, and as the text of profiles.
pub fn access_rule(input: &[u8]) {
    both_ways::octets(input, AccessRule::from_bytes, |rule| Ok::<_, Infallible>(rule.to_bytes()));
    let Ok(text) = core::str::from_utf8(input) else { return };
    if let Ok(rule) = AccessRule::parse(text) {
        assert_eq!(AccessRule::parse(&rule.to_string()).as_ref(), Ok(&rule), "{text:?}");
        assert_eq!(AccessRule::from_bytes(&rule.to_bytes()).as_ref().ok(), short(&rule).then_some(&rule), "{text:?}");
    }
    if let Ok(aid) = Aid::from_hex(text) {
        assert!((5..=16).contains(&aid.as_bytes().len()));
    }
}

/// Whether the counts of a rule fit the octets of its coding.
fn short(rule: &AccessRule) -> bool {
    let fits = |count: usize| u8::try_from(count).is_ok();
    fits(rule.alternatives().len()) && rule.alternatives().iter().all(|all| fits(all.len()))
}

/// File control parameters.
pub fn file_control(input: &[u8]) {
    let decode = |octets: &[u8]| FileControl::decode(tlv::only(octets, fcp::TAG)?);
    both_ways::values(input, decode, |control| Ok::<_, Infallible>(control.encode()));
}

/// Parameters of an eMRTD instance.
pub fn install_parameters(input: &[u8]) {
    both_ways::values(input, install::Parameters::decode, |parameters| Ok::<_, Infallible>(parameters.encode()));
}

/// Parameters of an instance of the application that is all data.
pub fn application_parameters(input: &[u8]) {
    both_ways::values(input, application::Parameters::decode, |parameters| Ok::<_, Infallible>(parameters.encode()));
}

/// Public keys as a card tells them.
pub fn public_keys(input: &[u8]) {
    const TAG: u32 = 0xDF33;
    both_ways::octets(input, CardPublicKey::decode, |key| Ok::<_, Infallible>(key.encode()));
    both_ways::octets(
        input,
        |octets| public_key::decode_all(TAG, octets),
        |keys| Ok::<_, Infallible>(public_key::encode_all(TAG, keys)),
    );
}

/// A stream of DGIs.
pub fn dgi(input: &[u8]) {
    let mut rest = input;
    while let Some((number, length, header)) = dgi::read_header(rest) {
        let written = dgi::header(number, u16::try_from(length).unwrap_or(u16::MAX));
        // The long form of a short length is read too: EMV CPS 1.1 does not forbid it.
        assert!(written.len() <= header);
        assert_eq!(dgi::read_header(&written), Some((number, length, written.len())));
        rest = rest.get(header + length..).unwrap_or_default();
    }
}

/// EF.ATR/INFO: limits that a stranger's card may set.
pub fn limits(input: &[u8]) {
    if let Some(limits) = Limits::of_file(input) {
        assert!(limits.nc_max >= Limits::SHORT.nc_max && limits.ne_max >= Limits::SHORT.ne_max, "{limits:?}");
        // What length fields can say, 7816-4 §5.2.
        assert!(limits.nc_max <= 0xFFFF && limits.ne_max <= 0x1_0000, "{limits:?}");
    }
}
