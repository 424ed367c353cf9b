//! Chip Authentication on the card, 9303-11 §6.2: what DG14 offers, which key it is for, and what its success changes.

use bitaqa_apdu::install::KeyUse;
use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_curves::PrivateKey;
use bitaqa_lds::dg14::Dg14;
use bitaqa_lds::security_infos::ChipAuthenticationInfo;
use bitaqa_secure_messaging::ca;

use crate::applet::Host;
use crate::emrtd::{Emrtd, keys};

/// FID of EF.DG14, 9303-10 §4.7.14.
const DG14: u16 = 0x010E;

impl Emrtd {
    /// MSE:Set AT for Chip Authentication, 9303-11 §6.2.4.2: only inside a session of PACE or BAC.
    pub(in crate::emrtd) fn set_chip_authentication(
        &mut self,
        command: &Command,
        host: &Host<'_>,
    ) -> Result<Response, Sw> {
        self.ca = Some(ca::CardCa::begin(command, &offered(host)?)?);
        Ok(Sw::OK.into())
    }

    /// GENERAL AUTHENTICATE of Chip Authentication; the new keys hold from the next command on.
    pub(in crate::emrtd) fn chip_authentication(
        ca: ca::CardCa,
        command: &Command,
        host: &mut Host<'_>,
    ) -> Result<Response, Sw> {
        let key = private_key(ca.key_id(), host)?;
        let (response, agreed) = ca.general_authenticate(command, &key)?;
        enter(agreed, host);
        Ok(response)
    }

    /// MSE:Set KAT, 9303-11 §6.2.4.1: the whole agreement in one command.
    pub(in crate::emrtd) fn key_agreement_template(command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
        let kat = ca::CardKat::begin(command, &offered(host)?)?;
        let key = private_key(kat.key_id(), host)?;
        let (response, agreed) = kat.agree(&key)?;
        enter(agreed, host);
        Ok(response)
    }
}

/// Rights that a terminal proved before stood on the ephemeral key of before, and end with it (9303-11 §7.1.3).
fn enter(agreed: ca::Agreed, host: &mut Host<'_>) {
    host.status.ca = Some(agreed.pcd_compressed);
    host.status.ta = None;
    host.next_session(agreed.sm);
}

/// The offers of DG14, for a terminal that has a session.
fn offered(host: &Host<'_>) -> Result<Vec<ChipAuthenticationInfo>, Sw> {
    if !host.status.has_session() {
        return Err(Sw::SECURITY_STATUS_NOT_SATISFIED);
    }
    let dg14 = Dg14::decode(host.get(DG14).ok_or(Sw::REFERENCE_NOT_FOUND)?).map_err(|_| Sw::MEMORY_FAILURE)?;
    Ok(ca::offers(&dg14.infos).into_iter().map(|offer| offer.info).collect())
}

/// The key whose number is the identifier in DG14, or the only one.
fn private_key(key_id: Option<u32>, host: &Host<'_>) -> Result<PrivateKey, Sw> {
    let number = match key_id {
        Some(number) => u8::try_from(number).map_err(|_| Sw::REFERENCE_NOT_FOUND)?,
        None => keys::first(host, KeyUse::ChipAuthentication)?,
    };
    keys::agreement(host, number)
}
