//! Terminal Authentication on the card, TR-03110-1 §3.5: trust points and date from memory, rights into the session.

use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_pki::cvc;
use bitaqa_secure_messaging::ta;

use crate::applet::Host;
use crate::emrtd::{Emrtd, cell};

impl Emrtd {
    /// MSE:Set DST, TR-03110-3 §B.11.4.
    pub(in crate::emrtd) fn set_verification(&mut self, command: &Command, host: &Host<'_>) -> Result<Response, Sw> {
        after_chip_authentication(host)?;
        self.ta.set_dst(command, &trust(host)?)?;
        Ok(Sw::OK.into())
    }

    /// PSO: Verify Certificate, TR-03110-3 §B.11.5; trust point and date may move with it, at one stroke.
    pub(in crate::emrtd) fn verify_certificate(
        &mut self,
        command: &Command,
        host: &mut Host<'_>,
    ) -> Result<Response, Sw> {
        after_chip_authentication(host)?;
        let update = self.ta.verify_certificate(command, &trust(host)?)?;
        if let Some(update) = update {
            host.transaction(|host| {
                if let Some(points) = update.trust_points {
                    let octets: Vec<u8> = points.iter().flat_map(cvc::CvCertificate::encode).collect();
                    host.put(cell::TRUST_POINTS, &octets)?;
                }
                if let Some(date) = update.current_date {
                    host.put(cell::CURRENT_DATE, &cvc::date_to_bcd(date))?;
                }
                Ok(())
            })?;
        }
        Ok(Sw::OK.into())
    }

    /// MSE:Set AT for Terminal Authentication, TR-03110-3 §B.11.1.
    pub(in crate::emrtd) fn set_terminal_authentication(
        &mut self,
        command: &Command,
        host: &Host<'_>,
    ) -> Result<Response, Sw> {
        after_chip_authentication(host)?;
        self.ta.set_at(command)?;
        Ok(Sw::OK.into())
    }

    /// GET CHALLENGE, TR-03110-3 §B.11.6.
    pub(in crate::emrtd) fn get_challenge(&mut self, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
        after_chip_authentication(host)?;
        Ok(self.ta.get_challenge(command, host.rng())?)
    }

    /// EXTERNAL AUTHENTICATE, TR-03110-3 §B.11.7.
    pub(in crate::emrtd) fn external_authenticate(
        &mut self,
        command: &Command,
        host: &mut Host<'_>,
    ) -> Result<Response, Sw> {
        let (id_picc, pcd) = after_chip_authentication(host)?;
        let rights = self.ta.external_authenticate(command, &id_picc, &pcd)?;
        host.status.ta = Some(rights.rights);
        Ok(Sw::OK.into())
    }
}

/// Terminal Authentication stands on PACE and Chip Authentication of the same session (TR-03110-1 §3.5).
fn after_chip_authentication(host: &Host<'_>) -> Result<(Vec<u8>, Vec<u8>), Sw> {
    match (&host.status.pace, &host.status.ca) {
        (Some(id_picc), Some(pcd)) => Ok((id_picc.clone(), pcd.clone())),
        _ => Err(Sw::SECURITY_STATUS_NOT_SATISFIED),
    }
}

fn trust(host: &Host<'_>) -> Result<ta::TrustState, Sw> {
    let points = host.get(cell::TRUST_POINTS).ok_or(Sw::REFERENCE_NOT_FOUND)?;
    let date = host.get(cell::CURRENT_DATE).ok_or(Sw::REFERENCE_NOT_FOUND)?;
    Ok(ta::TrustState {
        trust_points: cvc::CvCertificate::parse_all(points).map_err(|_| Sw::MEMORY_FAILURE)?,
        current_date: cvc::date_from_bcd(date).map_err(|_| Sw::MEMORY_FAILURE)?,
    })
}
