//! The least that an order can cost: the payload of each phase, and the fewest commands that carry it through the
//! secure channel of the profile. Compared with what a [`Meter`](bitaqa_terminal::wire::Meter) has counted.
//!
//! Payload is the value of each data grouping, each key of PUT KEY and the parameters of each INSTALL: octets that the
//! card must know afterwards and did not know before. Everything else is overhead: headers, protection, padding, the
//! wrapping of passwords, opening a channel, public keys and digests that come back. Which steps there are is not
//! questioned here: each stands for something that a decision asks for, and none is left out to save a command.

use bitaqa_apdu::dgi;
use bitaqa_profile::{Profile, Scp};
use bitaqa_secure_messaging::scp03::Size;
use bitaqa_terminal::wire::{Least, add_least, least_commands};

use crate::plan::{Plan, StepKind};
use crate::probe;

/// Data of one command through the secure channel of a profile: what the level leaves of the longest command.
pub fn room_of_command(profile: &Profile) -> usize {
    let channel = &profile.secure_channel;
    let wire = probe::limits(profile).nc_max;
    // SCP02 knows short length fields alone (GPC 2.3.1 §E.4.4); both pad with one octet at least.
    let (wire, mac, block) = match channel.protocol {
        Scp::Scp02 => (wire.min(255), 8, 8),
        Scp::Scp03 => (wire, Size::of_i(channel.i).octets(), 16),
    };
    let room = wire.saturating_sub(mac);
    if channel.level & 0x02 == 0 { room } else { (room / block * block).saturating_sub(1) }
}

/// The least for these plans, in the order of their phases.
pub fn least(plans: &[&Plan], profile: &Profile) -> Vec<Least> {
    let room = room_of_command(profile);
    let mut phases = Vec::new();
    for step in plans.iter().flat_map(|plan| &plan.steps) {
        let (payload, commands) = match &step.kind {
            StepKind::OpenDomain(_) | StepKind::OpenApplication(_) => (0, 3),
            StepKind::OpenAgain => (0, 2),
            StepKind::RotateKeys => (3 * profile.secure_channel.issuer.key_bytes, 1),
            StepKind::Install { parameters, .. } => (parameters.len(), least_commands(parameters.len(), room)),
            // A domain of a partner is opened before its three keys are put.
            StepKind::DomainKeys(_) => (3 * profile.secure_channel.issuer.key_bytes, 4),
            StepKind::CardStatus(_)
            | StepKind::PartnerKey(_)
            | StepKind::InstallDomain(_)
            | StepKind::GenerateKey(..)
            | StepKind::CheckDigests(_)
            | StepKind::SealApplication(..) => (0, 1),
            StepKind::Store { objects, sensitive } => {
                let stream: usize = objects.iter().map(|(_, value)| grouping(value.len(), *sensitive, profile)).sum();
                (step.bytes(), least_commands(stream, room))
            }
        };
        add_least(&mut phases, step.phase(), payload, commands);
    }
    phases
}

/// Octets of a data grouping with its header; a sensitive value is padded to whole blocks under the key of the channel.
fn grouping(octets: usize, sensitive: bool, profile: &Profile) -> usize {
    let block = if profile.secure_channel.protocol == Scp::Scp02 { 8 } else { 16 };
    let value = if sensitive { (octets / block + 1) * block } else { octets };
    dgi::header_length(u16::try_from(value).unwrap_or(u16::MAX)) + value
}
