//! PACE, Chip Authentication and Terminal Authentication on the card: which keys and passwords the protocols of
//! `secure-messaging` get from memory, and what their success changes in the session's status.

use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_lds::security_infos::{SecurityInfo, SecurityInfos};
use bitaqa_pki::cvc;
use bitaqa_secure_messaging::pace::{CardPace, CardStep, Password, PasswordKind};
use bitaqa_secure_messaging::{ca, ta};

use super::files::Configuration;
use super::{Emrtd, cell, personalise};
use crate::applet::Host;

/// FID of EF.CardAccess, 9303-10 §3.11.3.
const CARD_ACCESS: u16 = 0x011C;
/// FID of EF.DG14, 9303-10 §4.7.14.
const DG14: u16 = 0x010E;

impl Emrtd {
    /// MSE:Set AT for PACE, 9303-11 §4.4.4.1. After failures in a row the card lets time pass first (FIA_AFL.1).
    pub(super) fn set_pace(&mut self, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
        let configuration = Configuration::of(host)?;
        host.wait(configuration.delay_ms(failures(host)));
        let infos = SecurityInfos::from_der(host.get(CARD_ACCESS).ok_or(Sw::REFERENCE_NOT_FOUND)?);
        let offered: Vec<_> = infos.map_err(|_| Sw::MEMORY_FAILURE)?.infos.into_iter().filter_map(pace_info).collect();
        let mut password = |kind: PasswordKind| {
            let accepted = configuration.passwords.contains(&(kind as u8));
            let key = match kind {
                PasswordKind::Mrz => cell::MRZ_SECRET,
                PasswordKind::Can => cell::CAN,
                PasswordKind::Pin | PasswordKind::Puk => return None,
            };
            host.get(key).filter(|_| accepted).map(|secret| Password::from_secret(kind, secret))
        };
        self.pace = Some(CardPace::begin(command, &offered, &mut password)?);
        Ok(Sw::OK.into())
    }

    /// GENERAL AUTHENTICATE of PACE, 9303-11 §4.4.4.2.
    pub(super) fn pace_step(&mut self, pace: CardPace, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
        let last = pace.awaits_token();
        let before = failures(host);
        if last {
            // Counted before the token is looked at: cutting power cannot buy a free guess.
            host.put(cell::PACE_FAILURES, &[before.saturating_add(1)])?;
        }
        match pace.general_authenticate(command, host.rng())? {
            CardStep::Continue(pace, response) => {
                self.pace = Some(pace);
                Ok(response)
            }
            CardStep::Done(response, established) => {
                host.put(cell::PACE_FAILURES, &[0])?;
                *host.status = crate::status::SecurityStatus::default();
                host.status.pace = Some(established.id_picc);
                self.ta = ta::CardTa::default();
                host.next_session(established.sm);
                Ok(response)
            }
        }
    }

    /// MSE:Set AT for Chip Authentication, 9303-11 §6.2.4.2: only inside a PACE session.
    pub(super) fn set_chip_authentication(&mut self, command: &Command, host: &Host<'_>) -> Result<Response, Sw> {
        if host.status.pace.is_none() {
            return Err(Sw::SECURITY_STATUS_NOT_SATISFIED);
        }
        let dg14 = host.get(DG14).ok_or(Sw::REFERENCE_NOT_FOUND)?;
        let dg14 = bitaqa_lds::dg14::Dg14::decode(dg14).map_err(|_| Sw::MEMORY_FAILURE)?;
        let offered: Vec<_> = dg14.infos.infos.into_iter().filter_map(chip_authentication_info).collect();
        self.ca = Some(ca::CardCa::begin(command, &offered)?);
        Ok(Sw::OK.into())
    }

    /// GENERAL AUTHENTICATE of Chip Authentication; the new keys hold from the next command on.
    pub(super) fn chip_authentication(ca: ca::CardCa, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
        let key = personalise::ca_key(host)?;
        let (response, agreed) = ca.general_authenticate(command, &key)?;
        host.status.ca = Some(agreed.pcd_compressed);
        host.status.ta = None;
        host.next_session(agreed.sm);
        Ok(response)
    }

    /// MSE:Set DST, TR-03110-3 §B.11.4.
    pub(super) fn set_verification(&mut self, command: &Command, host: &Host<'_>) -> Result<Response, Sw> {
        after_chip_authentication(host)?;
        self.ta.set_dst(command, &trust(host)?)?;
        Ok(Sw::OK.into())
    }

    /// PSO: Verify Certificate, TR-03110-3 §B.11.5; trust point and date may move with it, at one stroke.
    pub(super) fn verify_certificate(&mut self, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
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

/// Terminal Authentication stands on PACE and Chip Authentication of the same session (TR-03110-1 §3.5).
fn after_chip_authentication(host: &Host<'_>) -> Result<(Vec<u8>, Vec<u8>), Sw> {
    match (&host.status.pace, &host.status.ca) {
        (Some(id_picc), Some(pcd)) => Ok((id_picc.clone(), pcd.clone())),
        _ => Err(Sw::SECURITY_STATUS_NOT_SATISFIED),
    }
}

fn failures(host: &Host<'_>) -> u8 {
    host.get(cell::PACE_FAILURES).and_then(|cell| cell.first()).copied().unwrap_or(0)
}

fn trust(host: &Host<'_>) -> Result<ta::TrustState, Sw> {
    let points = host.get(cell::TRUST_POINTS).ok_or(Sw::REFERENCE_NOT_FOUND)?;
    let date = host.get(cell::CURRENT_DATE).ok_or(Sw::REFERENCE_NOT_FOUND)?;
    Ok(ta::TrustState {
        trust_points: cvc::CvCertificate::parse_all(points).map_err(|_| Sw::MEMORY_FAILURE)?,
        current_date: cvc::date_from_bcd(date).map_err(|_| Sw::MEMORY_FAILURE)?,
    })
}

fn pace_info(info: SecurityInfo) -> Option<bitaqa_lds::security_infos::PaceInfo> {
    match info {
        SecurityInfo::Pace(info) => Some(info),
        _ => None,
    }
}

fn chip_authentication_info(info: SecurityInfo) -> Option<bitaqa_lds::security_infos::ChipAuthenticationInfo> {
    match info {
        SecurityInfo::ChipAuthentication(info) => Some(info),
        _ => None,
    }
}
