//! PACE on the card, 9303-11 §4.4: which password and which static key it gets from memory, and what its success
//! changes in the session.

use bitaqa_apdu::fcp::{Place, dgi_of};
use bitaqa_apdu::{Command, Response, Sw};
use bitaqa_curves::PrivateKey;
use bitaqa_lds::security_infos::SecurityInfos;
use bitaqa_secure_messaging::pace::{
    self, CardPace, CardStep, Established, Mapping, PaceError, Password, PasswordKind,
};
use bitaqa_secure_messaging::ta;

use super::retry_counter::RetryCounter;
use super::terminal_authentication::trust;
use super::{Instance, Protocols, Setup, cell};
use crate::applet::Host;
use crate::status::{Passwords, Pins, SecurityStatus};

/// Cell of EF.CardAccess, 9303-10 §3.11.3.
const CARD_ACCESS: u16 = dgi_of(0x011C, Place::Mf);

impl Protocols {
    /// MSE:Set AT for PACE, 9303-11 §4.4.4.1. After failures in a row the card lets time pass first (FIA_AFL.1).
    pub(super) fn set_pace<I: Instance>(&mut self, command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
        let setup = I::setup(host)?;
        if let Some(sw) = setup.quirk_pace {
            return Err(sw);
        }
        let infos = SecurityInfos::from_der(host.get(CARD_ACCESS).ok_or(Sw::REFERENCE_NOT_FOUND)?);
        let offered = pace::offers(&infos.map_err(|_| Sw::MEMORY_FAILURE)?).spoken;
        let begun = CardPace::begin(command, &offered, &mut |kind| stored(kind, &setup, host))?;
        if !may_follow(host.status, begun.password()) {
            return Err(Sw::CONDITIONS_NOT_SATISFIED);
        }
        let counter = RetryCounter::of(begun.password(), &setup);
        counter.wait(&setup, host);
        // Without a trust point there is nothing that a terminal could ask for.
        let references = trust(host).map(|trust| trust.references()).unwrap_or_default();
        let begun = begun.certification_authority_references(references);
        self.pace = Some(match static_key::<I>(&begun, host)? {
            Some(key) => begun.chip_key(key),
            None => begun,
        });
        Ok(counter.warning(host).into())
    }

    /// GENERAL AUTHENTICATE of PACE, 9303-11 §4.4.4.2.
    pub(super) fn pace_step<I: Instance>(
        &mut self,
        pace: CardPace,
        command: &Command,
        host: &mut Host<'_>,
    ) -> Result<Response, Sw> {
        let setup = I::setup(host)?;
        let counter = RetryCounter::of(pace.password(), &setup);
        counter.admit(host)?;
        if pace.awaits_token() {
            counter.spend(host)?;
        }
        match pace.general_authenticate(command, host.rng()) {
            Ok(CardStep::Continue(pace, response)) => {
                self.pace = Some(pace);
                Ok(response)
            }
            Ok(CardStep::Done(response, established)) => {
                counter.restore(host)?;
                self.enter(established, &setup, host);
                Ok(response)
            }
            Err(PaceError::Token) => Err(counter.refusal(host)),
            Err(error) => Err(error.into()),
        }
    }

    /// A second run belongs to the session of the first one: what that one has proved still stands.
    fn enter(&mut self, established: Established, setup: &Setup, host: &mut Host<'_>) {
        // What was shown in plain is worth nothing in the field: only a session of PACE hands down what it has proved.
        let (before, pins) = match host.status.pace {
            Some(_) => (host.status.passwords, host.status.pins),
            None => (Passwords::default(), Pins::default()),
        };
        let proves = setup.blockable(established.password).and_then(|blockable| blockable.proves);
        // Terminal Authentication is for once in a session, and the session goes on under new keys (9303-11 §7.1.3,
        // §9.8.1).
        if host.status.has_session() {
            self.ta.forget();
        } else {
            self.ta = ta::CardTa::default();
        }
        // 9303-11 §4.4.3.3.3: this mapping is Chip Authentication too; Terminal Authentication then signs the
        // terminal's key of PACE (TR-03110-1 §3.5).
        let is_chip_authentication = established.suite.mapping == Mapping::ChipAuthentication;
        *host.status = SecurityStatus {
            pace: Some(established.id_picc),
            passwords: before.with(established.password),
            pins: proves.map_or(pins, |number| pins.verified(number)),
            ca: is_chip_authentication.then_some(established.pcd_compressed),
            ..SecurityStatus::default()
        };
        host.next_session(established.sm);
    }
}

/// The stored secret of a password that the install parameters list.
fn stored(kind: PasswordKind, setup: &Setup, host: &Host<'_>) -> Option<Password> {
    let key = match kind {
        PasswordKind::Mrz => cell::MRZ_SECRET,
        PasswordKind::Can => cell::CAN,
        PasswordKind::Pin | PasswordKind::Puk => setup.blockable(kind)?.secret,
    };
    let listed = setup.passwords.contains(&(kind as u8));
    host.get(key).filter(|_| listed).map(|secret| Password::from_secret(kind, secret))
}

/// One run a session (TR-03110-2 §3.2.2), but for the holder's passwords: PIN and PUK after the CAN, which resumes
/// them, and the PIN after the PUK, which unblocks it.
fn may_follow(status: &SecurityStatus, password: PasswordKind) -> bool {
    let before = |password| status.passwords.contains(password);
    match password {
        _ if status.pace.is_none() => true,
        PasswordKind::Pin => before(PasswordKind::Can) || before(PasswordKind::Puk),
        PasswordKind::Puk => before(PasswordKind::Can),
        PasswordKind::Mrz | PasswordKind::Can => false,
    }
}

/// The key of chip authentication mapping: the one on the domain parameters of the offer, whose id is its keyId
/// (9303-11 §9.2.1). `None` where the mapping needs none or the card has none.
fn static_key<I: Instance>(pace: &CardPace, host: &Host<'_>) -> Result<Option<PrivateKey>, Sw> {
    let suite = pace.suite();
    if suite.mapping != Mapping::ChipAuthentication {
        return Ok(None);
    }
    I::mapping_key(suite.domain.parameter_id(), host)
}
