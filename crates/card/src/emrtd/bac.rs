//! BAC on the card, 9303-11 §4.3: a session for whoever has read the MRZ, where the install parameters offer it.

use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_lds::dg1::Dg1;
use bitaqa_secure_messaging::bac::{BacKeys, CardBac};
use bitaqa_secure_messaging::ta;

use crate::applet::Host;
use crate::emrtd::configuration::Configuration;
use crate::emrtd::{Emrtd, cell};
use crate::status::SecurityStatus;

/// FID of EF.DG1, 9303-10 §4.7.1.
const DG1: u16 = 0x0101;

impl Emrtd {
    /// GET CHALLENGE outside a session, 9303-11 §4.3.4.1.
    pub(super) fn begin_bac(&mut self, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
        if !Configuration::of(host)?.bac {
            return Err(Sw::SECURITY_STATUS_NOT_SATISFIED);
        }
        let (bac, response) = CardBac::get_challenge(command, host.rng())?;
        self.bac = Some(bac);
        Ok(response)
    }

    /// EXTERNAL AUTHENTICATE outside a session, 9303-11 §4.3.4.2; `bac` is what the command just before has left.
    pub(super) fn finish_bac(
        &mut self,
        bac: Option<CardBac>,
        command: &Command,
        host: &mut Host<'_>,
    ) -> Result<Response, Sw> {
        if !Configuration::of(host)?.bac {
            return Err(Sw::SECURITY_STATUS_NOT_SATISFIED);
        }
        let bac = bac.ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
        let secret = host.get(cell::MRZ_SECRET).and_then(<[u8]>::first_chunk).ok_or(Sw::REFERENCE_NOT_FOUND)?;
        let keys = BacKeys::from_secret(secret)?;
        let (response, sm) = bac.external_authenticate(command, &keys, host.rng())?;
        *host.status = SecurityStatus { bac: Some(document_number(host)), ..SecurityStatus::default() };
        self.common.protocols.ta = ta::CardTa::default();
        host.next_session(sm);
        Ok(response)
    }
}

/// ID_PICC of Terminal Authentication (9303-11 §7.1.2); empty where DG1 does not tell it, and then there is none.
fn document_number(host: &Host<'_>) -> Vec<u8> {
    let dg1 = host.get(DG1).and_then(|octets| Dg1::decode(octets).ok());
    dg1.and_then(|dg1| ta::id_picc_after_bac(&dg1.mrz.key_input())).unwrap_or_default()
}
