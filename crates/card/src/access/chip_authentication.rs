//! Chip Authentication on the card, 9303-11 §6.2: what the instance offers, which key it is for, and what its success
//! changes.

use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_lds::security_infos::ChipAuthenticationInfo;
use bitaqa_secure_messaging::ca;

use super::{Instance, Protocols};
use crate::applet::Host;

impl Protocols {
    /// MSE:Set AT for Chip Authentication, 9303-11 §6.2.4.2: only inside a session of PACE or BAC.
    pub(super) fn set_chip_authentication<I: Instance>(
        &mut self,
        command: &Command,
        host: &Host<'_>,
    ) -> Result<Response, Sw> {
        self.ca = Some(ca::CardCa::begin(command, &offered::<I>(host)?)?);
        Ok(Sw::OK.into())
    }
}

/// GENERAL AUTHENTICATE of Chip Authentication; the new keys hold from the next command on.
pub(super) fn step<I: Instance>(ca: ca::CardCa, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
    let key = I::chip_authentication_key(ca.key_id(), host)?;
    let (response, agreed) = ca.general_authenticate(command, &key)?;
    enter(agreed, host);
    Ok(response)
}

/// MSE:Set KAT, 9303-11 §6.2.4.1: the whole agreement in one command.
pub(super) fn key_agreement_template<I: Instance>(command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
    let kat = ca::CardKat::begin(command, &offered::<I>(host)?)?;
    let key = I::chip_authentication_key(kat.key_id(), host)?;
    let (response, agreed) = kat.agree(&key)?;
    enter(agreed, host);
    Ok(response)
}

/// Rights that a terminal proved before stood on the ephemeral key of before, and end with it (9303-11 §7.1.3).
fn enter(agreed: ca::Agreed, host: &mut Host<'_>) {
    host.status.ca = Some(agreed.pcd_compressed);
    host.status.ta = None;
    host.next_session(agreed.sm);
}

/// The offers of the instance, for a terminal that has a session.
fn offered<I: Instance>(host: &Host<'_>) -> Result<Vec<ChipAuthenticationInfo>, Sw> {
    if !host.status.has_session() {
        return Err(Sw::SECURITY_STATUS_NOT_SATISFIED);
    }
    I::chip_authentication_offers(host)
}
