//! Which of the things that EF.CardAccess announces are spoken here, and why others are not: 9303-11 §9.2.1, §9.2.2.

use super::error::PaceError;
use super::suite::Suite;
use bitaqa_lds::security_infos::{PaceDomainParameterInfo, PaceInfo, SecurityInfo, SecurityInfos};
use const_oid::ObjectIdentifier;

/// One way of doing PACE with a chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// As the chip wrote it: DO 80 and DO 84 repeat it.
    pub info: PaceInfo,
    /// What it means.
    pub suite: Suite,
}

/// An entry of EF.CardAccess that is passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its protocol.
    pub protocol: ObjectIdentifier,
    /// Why, for people.
    pub reason: String,
}

/// What [`offers`] finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// Spoken here, in the order of the file.
    pub spoken: Vec<Offer>,
    /// Offers of PACE that are not spoken here, and entries of protocols that nobody here knows.
    pub skipped: Vec<Skipped>,
}

impl Offer {
    /// An offer with standardised domain parameters.
    ///
    /// # Errors
    /// As [`Suite::of`].
    pub fn of(info: &PaceInfo) -> Result<Self, PaceError> {
        Ok(Self { info: info.clone(), suite: Suite::of(info)? })
    }
}

/// Sorts what EF.CardAccess announces. Explicit domain parameters are spoken if they are those of a group that is known
/// here: a terminal must use no others (9303-11 §9.2.2).
pub fn offers(infos: &SecurityInfos) -> Offers {
    let mut offers = Offers::default();
    for info in &infos.infos {
        match info {
            SecurityInfo::Pace(info) => match offer(info, infos) {
                Ok(offer) => offers.spoken.push(offer),
                Err(error) => offers.skipped.push(Skipped { protocol: info.protocol, reason: error.to_string() }),
            },
            SecurityInfo::Unknown { oid, .. } => {
                offers.skipped.push(Skipped { protocol: *oid, reason: format!("{oid} is no protocol known here") });
            }
            _ => {} // parameters are looked up by their offers; other protocols have readers of their own
        }
    }
    offers
}

fn offer(info: &PaceInfo, infos: &SecurityInfos) -> Result<Offer, PaceError> {
    let standardised = Suite::of(info);
    let parameters = infos.infos.iter().find_map(|entry| match entry {
        SecurityInfo::PaceDomainParameter(parameters) if belongs(parameters, info) => Some(parameters),
        _ => None,
    });
    let suite = match (standardised, parameters) {
        (Ok(suite), _) => suite,
        (Err(error), None) => return Err(error),
        (Err(_), Some(parameters)) => Suite::explicit(info, &parameters.domain_parameter)?,
    };
    Ok(Offer { info: info.clone(), suite })
}

/// Same key agreement and mapping, same local identifier.
fn belongs(parameters: &PaceDomainParameterInfo, info: &PaceInfo) -> bool {
    info.protocol.parent() == Some(parameters.protocol) && info.parameter_id == parameters.parameter_id
}
