//! PACE on the card, 9303-11 §4.4: which password it gets from memory, and what its success changes in the session.

use bitaqa_apdu::fcp::{Place, dgi_of};
use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_lds::security_infos::SecurityInfos;
use bitaqa_secure_messaging::pace::{self, CardPace, CardStep, Password, PasswordKind};
use bitaqa_secure_messaging::ta;

use crate::applet::Host;
use crate::emrtd::files::Configuration;
use crate::emrtd::{Emrtd, cell};

/// Cell of EF.CardAccess, 9303-10 §3.11.3.
const CARD_ACCESS: u16 = dgi_of(0x011C, Place::Mf);

impl Emrtd {
    /// MSE:Set AT for PACE, 9303-11 §4.4.4.1. After failures in a row the card lets time pass first (FIA_AFL.1).
    pub(in crate::emrtd) fn set_pace(&mut self, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
        let configuration = Configuration::of(host)?;
        if let Some(sw) = configuration.quirk_pace {
            return Err(sw);
        }
        host.wait(configuration.delay_ms(failures(host)));
        let infos = SecurityInfos::from_der(host.get(CARD_ACCESS).ok_or(Sw::REFERENCE_NOT_FOUND)?);
        let offered = pace::offers(&infos.map_err(|_| Sw::MEMORY_FAILURE)?).spoken;
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
    pub(in crate::emrtd) fn pace_step(
        &mut self,
        pace: CardPace,
        command: &Command,
        host: &mut Host<'_>,
    ) -> Result<Response, Sw> {
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
}

fn failures(host: &Host<'_>) -> u8 {
    host.get(cell::PACE_FAILURES).and_then(|cell| cell.first()).copied().unwrap_or(0)
}
