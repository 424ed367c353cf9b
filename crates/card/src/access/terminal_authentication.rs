//! Terminal Authentication on the card, TR-03110-1 §3.5: trust points and date from memory, rights into the session.

use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_pki::cvc;
use bitaqa_secure_messaging::ta::{self, TrustUpdate};

use super::{Instance, Protocols, cell};
use crate::applet::Host;

impl Protocols {
    /// MSE:Set DST, TR-03110-3 §B.11.4.
    pub(super) fn set_verification(&mut self, command: &Command, host: &Host<'_>) -> Result<Response, Sw> {
        after_chip_authentication(host)?;
        self.ta.set_dst(command, &trust(host)?)?;
        Ok(Sw::OK.into())
    }

    /// PSO: Verify Certificate, TR-03110-3 §B.11.5; trust points, EF.CVCA and date move with it, at one stroke.
    pub(super) fn verify_certificate<I: Instance>(
        &mut self,
        command: &Command,
        host: &mut Host<'_>,
    ) -> Result<Response, Sw> {
        after_chip_authentication(host)?;
        let trust = trust(host)?;
        if let Some(update) = self.ta.verify_certificate(command, &trust)? {
            store::<I>(trust, update, host)?;
        }
        Ok(Sw::OK.into())
    }

    /// MSE:Set AT for Terminal Authentication, TR-03110-3 §B.11.1.
    pub(super) fn set_terminal_authentication(&mut self, command: &Command, host: &Host<'_>) -> Result<Response, Sw> {
        after_chip_authentication(host)?;
        self.ta.set_at(command)?;
        Ok(Sw::OK.into())
    }

    /// GET CHALLENGE, TR-03110-3 §B.11.6.
    pub(super) fn get_challenge(&mut self, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
        after_chip_authentication(host)?;
        Ok(self.ta.get_challenge(command, host.rng())?)
    }

    /// EXTERNAL AUTHENTICATE, TR-03110-3 §B.11.7.
    pub(super) fn external_authenticate(&mut self, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
        let (id_picc, pcd) = after_chip_authentication(host)?;
        let rights = self.ta.external_authenticate(command, &id_picc, &pcd)?;
        host.status.ta = Some(rights.rights);
        Ok(Sw::OK.into())
    }
}

/// Terminal Authentication stands on a session and on Chip Authentication in it, or PACE with chip authentication
/// mapping (9303-11 §7.1): gives ID_PICC and the compressed key of the terminal.
fn after_chip_authentication(host: &Host<'_>) -> Result<(Vec<u8>, Vec<u8>), Sw> {
    let id_picc = host.status.pace.as_ref().or(host.status.bac.as_ref());
    match (id_picc, &host.status.ca) {
        (Some(id_picc), Some(pcd)) if !id_picc.is_empty() => Ok((id_picc.clone(), pcd.clone())),
        _ => Err(Sw::SECURITY_STATUS_NOT_SATISFIED),
    }
}

pub(super) fn trust(host: &Host<'_>) -> Result<ta::TrustState, Sw> {
    let points = host.get(cell::TRUST_POINTS).ok_or(Sw::REFERENCE_NOT_FOUND)?;
    let date = host.get(cell::CURRENT_DATE).ok_or(Sw::REFERENCE_NOT_FOUND)?;
    Ok(ta::TrustState {
        trust_points: cvc::CvCertificate::parse_all(points).map_err(|_| Sw::MEMORY_FAILURE)?,
        current_date: cvc::date_from_bcd(date).map_err(|_| Sw::MEMORY_FAILURE)?,
    })
}

/// Writes what a certificate has changed, all of it or nothing.
fn store<I: Instance>(mut trust: ta::TrustState, update: TrustUpdate, host: &mut Host<'_>) -> Result<(), Sw> {
    let (new_points, new_date) = (update.trust_points.is_some(), update.current_date.is_some());
    trust.apply(update);
    host.transaction(|host| {
        if new_points {
            let octets: Vec<u8> = trust.trust_points.iter().flat_map(cvc::CvCertificate::encode).collect();
            host.put(cell::TRUST_POINTS, &octets)?;
            if let Some(file) = I::ef_cvca(host)? {
                host.put(file.dgi(), &trust.ef_cvca().map_err(|_| Sw::MEMORY_FAILURE)?)?;
            }
        }
        if new_date {
            host.put(cell::CURRENT_DATE, &cvc::date_to_bcd(trust.current_date))?;
        }
        Ok(())
    })
}
