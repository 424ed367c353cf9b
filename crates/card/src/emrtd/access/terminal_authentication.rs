//! Terminal Authentication on the card, TR-03110-1 §3.5: trust points and date from memory, rights into the session.

use bitaqa_apdu::fcp::{FileControl, Place};
use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_lds::dg14::Dg14;
use bitaqa_pki::cvc;
use bitaqa_secure_messaging::ta::{self, TrustUpdate};

use crate::applet::Host;
use crate::emrtd::files::Configuration;
use crate::emrtd::{Emrtd, cell};

/// FID of EF.CVCA where DG14 does not tell another one, TR-03110-3 §A.7.2.4.
const EF_CVCA: u16 = 0x011C;
/// FID of EF.DG14, 9303-10 §4.7.14.
const DG14: u16 = 0x010E;

impl Emrtd {
    /// MSE:Set DST, TR-03110-3 §B.11.4.
    pub(in crate::emrtd) fn set_verification(&mut self, command: &Command, host: &Host<'_>) -> Result<Response, Sw> {
        after_chip_authentication(host)?;
        self.ta.set_dst(command, &trust(host)?)?;
        Ok(Sw::OK.into())
    }

    /// PSO: Verify Certificate, TR-03110-3 §B.11.5; trust points, EF.CVCA and date move with it, at one stroke.
    pub(in crate::emrtd) fn verify_certificate(
        &mut self,
        command: &Command,
        host: &mut Host<'_>,
    ) -> Result<Response, Sw> {
        after_chip_authentication(host)?;
        let trust = trust(host)?;
        if let Some(update) = self.ta.verify_certificate(command, &trust)? {
            store(trust, update, host)?;
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
fn store(mut trust: ta::TrustState, update: TrustUpdate, host: &mut Host<'_>) -> Result<(), Sw> {
    let (new_points, new_date) = (update.trust_points.is_some(), update.current_date.is_some());
    trust.apply(update);
    host.transaction(|host| {
        if new_points {
            let octets: Vec<u8> = trust.trust_points.iter().flat_map(cvc::CvCertificate::encode).collect();
            host.put(cell::TRUST_POINTS, &octets)?;
            if let Some(file) = ef_cvca(host)? {
                host.put(file.dgi(), &trust.ef_cvca().map_err(|_| Sw::MEMORY_FAILURE)?)?;
            }
        }
        if new_date {
            host.put(cell::CURRENT_DATE, &cvc::date_to_bcd(trust.current_date))?;
        }
        Ok(())
    })
}

/// EF.CVCA of this card: where DG14 says, else where TR-03110-3 §A.7.2.4 has it; `None` on a card without.
fn ef_cvca(host: &Host<'_>) -> Result<Option<FileControl>, Sw> {
    let dg14 = host.get(DG14).and_then(|octets| Dg14::decode(octets).ok());
    let info = dg14.as_ref().and_then(|dg14| dg14.infos.terminal_authentication());
    let stated = info.and_then(|info| info.ef_cvca.as_ref()).and_then(|file| file.fid.as_bytes().try_into().ok());
    let fid = stated.map_or(EF_CVCA, u16::from_be_bytes);
    let files = Configuration::of(host)?.files;
    Ok(files.into_iter().find(|file| (file.fid, file.place) == (fid, Place::Application)))
}
