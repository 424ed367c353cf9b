//! Chip Authentication on the card, 9303-11 §6.2.

use bitaqa_apdu::install::KeyUse;
use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_curves::PrivateKey;
use bitaqa_secure_messaging::ca;

use crate::applet::Host;
use crate::emrtd::{Emrtd, keys};

/// FID of EF.DG14, 9303-10 §4.7.14.
const DG14: u16 = 0x010E;

impl Emrtd {
    /// MSE:Set AT for Chip Authentication, 9303-11 §6.2.4.2: only inside a PACE session.
    pub(in crate::emrtd) fn set_chip_authentication(
        &mut self,
        command: &Command,
        host: &Host<'_>,
    ) -> Result<Response, Sw> {
        if host.status.pace.is_none() {
            return Err(Sw::SECURITY_STATUS_NOT_SATISFIED);
        }
        let dg14 = host.get(DG14).ok_or(Sw::REFERENCE_NOT_FOUND)?;
        let dg14 = bitaqa_lds::dg14::Dg14::decode(dg14).map_err(|_| Sw::MEMORY_FAILURE)?;
        let offered: Vec<_> = dg14.infos.chip_authentication().cloned().collect();
        self.ca = Some(ca::CardCa::begin(command, &offered)?);
        Ok(Sw::OK.into())
    }

    /// GENERAL AUTHENTICATE of Chip Authentication; the new keys hold from the next command on.
    pub(in crate::emrtd) fn chip_authentication(
        ca: ca::CardCa,
        command: &Command,
        host: &mut Host<'_>,
    ) -> Result<Response, Sw> {
        let number = keys::first(host, KeyUse::ChipAuthentication)?;
        let PrivateKey::Ec(key) = keys::agreement(host, number)? else { return Err(Sw::REFERENCE_NOT_FOUND) };
        let (response, agreed) = ca.general_authenticate(command, &key)?;
        host.status.ca = Some(agreed.pcd_compressed);
        host.status.ta = None;
        host.next_session(agreed.sm);
        Ok(response)
    }
}
