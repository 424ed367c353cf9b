//! Getting access, 9303-11 §4.2: EF.CardAccess says whether there is PACE; where it does, PACE it is. BAC opens
//! documents that offer no PACE, and others only when the policy allows the downgrade.

use bitaqa_apdu::Sw;
use bitaqa_lds::security_infos::{SecurityInfo, SecurityInfos};
use bitaqa_secure_messaging::bac::{BacError, BacKeys};
use bitaqa_secure_messaging::pace::{
    self, ChipAuthenticationProof, Established, Mapping, Offer, PaceError, Password, PasswordKind, Suite,
};
use bitaqa_secure_messaging::sm::Cipher;
use bitaqa_secure_messaging::{SmError, TerminalError};

use super::policy::name;
use super::procedure::{Procedure, sfi};
use super::verdict::{Outcome, failed, without};
use super::{Strength, TriesLeft, Verdict, steps};
use crate::emrtd;
use crate::session::SessionError;

/// What the way in has shown.
pub(super) struct Access {
    /// EF.CardAccess, when the card has one that can be read.
    pub announced: Option<SecurityInfos>,
    /// What PACE left.
    pub pace: Option<Paced>,
    /// What EF.CardSecurity holds, when it is authentic.
    pub card_security: Option<SecurityInfos>,
    /// The application is selected and gives its files.
    pub opened: Option<Opened>,
}

/// After PACE.
pub(super) struct Paced {
    /// The offer that was taken.
    pub suite: Suite,
    /// Comp(PK_DH~,IC): ID_PICC of Terminal Authentication.
    pub id_picc: Vec<u8>,
    /// Comp(PK_DH~,IFD): what Terminal Authentication signs when PACE has authenticated the chip.
    pub pcd_compressed: Vec<u8>,
    /// What the chip said of itself, with chip authentication mapping.
    pub proof: Option<ChipAuthenticationProof>,
    /// Names of the trust points, as far as the card told them.
    pub references: Vec<Vec<u8>>,
}

/// The application, and how it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// By PACE.
    Pace,
    /// By BAC.
    Bac,
    /// It has no access control.
    Plain,
}

impl Procedure<'_, '_> {
    /// From EF.CardAccess to an application that gives its files.
    pub(super) fn access(&mut self, password: &Password) -> Result<Access, SessionError> {
        let announced = self.step(steps::CARD_ACCESS, Self::card_access)?;
        let pace = self.pace_step(announced.as_ref(), password)?;
        let card_security = self.card_security(announced.as_ref(), pace.as_ref())?;
        self.chip_mapping(pace.as_ref(), card_security.as_ref());
        let opened = match self.way_in() {
            WayIn::Pace => {
                let selected = self.step(steps::APPLICATION, Self::application)?;
                let reason = "PACE has opened the session: never both in one (9303-11 §4.1)";
                self.note(steps::BAC, Verdict::NotAttempted(reason.into()));
                selected.map(|()| Opened::Pace)
            }
            WayIn::Bac { from } => self.open_by_bac(password, from.as_deref())?,
            WayIn::Closed(reason) => {
                self.note(steps::APPLICATION, without(steps::PACE));
                self.note(steps::BAC, Verdict::NotAttempted(reason));
                None
            }
        };
        Ok(Access { announced, pace, card_security, opened })
    }

    /// What may follow, by the verdicts on EF.CardAccess and PACE.
    fn way_in(&self) -> WayIn {
        let offered = match (self.verdict(steps::CARD_ACCESS), self.verdict(steps::PACE)) {
            (_, Some(Verdict::Passed)) => return WayIn::Pace,
            (_, Some(Verdict::NotOffered(_))) => return WayIn::Bac { from: None },
            (Some(Verdict::Failed(_)), _) => "what EF.CardAccess offers",
            _ => steps::PACE,
        };
        if self.conditions.policy.allow_downgrade {
            return WayIn::Bac { from: Some(offered.to_owned()) };
        }
        let reason = "the card offers PACE, which failed: BAC would be a downgrade, which the policy does not allow";
        WayIn::Closed(reason.into())
    }

    fn card_access(&mut self) -> Result<Outcome<SecurityInfos>, SessionError> {
        let content = match emrtd::read_file(&mut self.session, sfi::CARD_ACCESS) {
            Err(error) if error.sw().is_some_and(says_no_such_file) => {
                let reason = format!("the card has no EF.CardAccess, so no PACE ({error})");
                return Ok(Err(Verdict::NotOffered(reason)));
            }
            other => other?,
        };
        self.keep(steps::CARD_ACCESS, &content);
        let infos = SecurityInfos::from_der(&content).map_err(failed);
        if let Ok(infos) = &infos {
            self.remark_unknown(infos);
        }
        Ok(infos)
    }

    /// Protocols of unknown names are skipped (9303-11 §9.2), with a note.
    pub(super) fn remark_unknown(&mut self, infos: &SecurityInfos) {
        for info in &infos.infos {
            if let SecurityInfo::Unknown { oid, .. } = info {
                self.remark(format!("skipped the unknown protocol {oid}"));
            }
        }
    }

    fn pace_step(&mut self, infos: Option<&SecurityInfos>, password: &Password) -> Result<Option<Paced>, SessionError> {
        let Some(infos) = infos else {
            let verdict = match self.verdict(steps::CARD_ACCESS) {
                Some(Verdict::NotOffered(_)) => Verdict::NotOffered("there is no EF.CardAccess".into()),
                _ => without(steps::CARD_ACCESS),
            };
            self.note(steps::PACE, verdict);
            return Ok(None);
        };
        self.step(steps::PACE, |this| this.pace(infos, password))
    }

    /// The strongest offer that is spoken here, and no other: a second try with a weaker one is what somebody between
    /// card and terminal would wait for.
    fn pace(&mut self, infos: &SecurityInfos, password: &Password) -> Result<Outcome<Paced>, SessionError> {
        if infos.pace().next().is_none() {
            return Ok(Err(Verdict::NotOffered("EF.CardAccess offers no PACE".into())));
        }
        let offers = pace::offers(infos);
        for skipped in
            offers.skipped.iter().filter(|skipped| infos.pace().any(|pace| pace.protocol == skipped.protocol))
        {
            self.remark(format!("skipped: {}", skipped.reason));
        }
        let Some(offer) = offers.spoken.iter().max_by_key(|offer| Strength::of_pace(&offer.suite)) else {
            return Ok(Err(Verdict::Failed("no PACE protocol of this card is spoken here".into())));
        };
        self.remark(match offers.spoken.len() {
            1 => describe(&offer.suite),
            several => format!("{}, the strongest of {several} offers", describe(&offer.suite)),
        });
        if let Some(first) = self.conditions.first {
            match self.establish(offer, first) {
                Ok(established) => self.session.protect_with(established.sm),
                Err(TerminalError::Exchange(error)) => return Err(error),
                Err(TerminalError::Protocol(error)) => {
                    let reason = pace_reason(&error, first.kind());
                    return Ok(Err(Verdict::Failed(format!("by the {}, first: {reason}", name(first.kind())))));
                }
            }
            self.remark(format!("by the {} first", name(first.kind())));
        } else if matches!(password.kind(), PasswordKind::Pin | PasswordKind::Puk) {
            self.remark(format!(
                "a {} is no password of the eMRTD application, which opens by MRZ or CAN (9303-11 §4.2)",
                name(password.kind())
            ));
        }
        match self.establish(offer, password) {
            Ok(established) => {
                self.session.protect_with(established.sm);
                Ok(Ok(Paced {
                    suite: established.suite,
                    id_picc: established.id_picc,
                    pcd_compressed: established.pcd_compressed,
                    references: established.certification_authority_references,
                    proof: established.chip_authentication,
                }))
            }
            Err(TerminalError::Exchange(error)) => Err(error),
            Err(TerminalError::Protocol(error)) => Ok(Err(Verdict::Failed(pace_reason(&error, password.kind())))),
        }
    }

    /// PACE, with a word on the tries of a PIN before one is spent.
    fn establish(
        &mut self,
        offer: &Offer,
        password: &Password,
    ) -> Result<Established, TerminalError<SessionError, PaceError>> {
        let conditions = self.conditions;
        let mut told = None;
        let mut gate = |sw: Sw| match TriesLeft::read(password.kind(), sw) {
            None => Ok(()),
            Some(tries) => {
                (conditions.tries)(tries);
                told = Some(tries);
                tries.refusal(conditions.policy).map_or(Ok(()), Err)
            }
        };
        let established = emrtd::pace(&mut self.session, offer, password, &mut gate, self.rng);
        if let Some(tries) = told {
            self.remark(format!("{tries} before this one"));
        }
        established
    }

    fn application(&mut self) -> Result<Outcome<()>, SessionError> {
        emrtd::select_application(&mut self.session, self.conditions.application).map(Ok)
    }

    /// Selects the application in plain and opens it by BAC, unless it gives its files without. `from` is what the card
    /// offers and did not do.
    fn open_by_bac(&mut self, password: &Password, from: Option<&str>) -> Result<Option<Opened>, SessionError> {
        if from.is_some() {
            // What PACE left behind on the card must not reach into BAC.
            self.session.reset()?;
        }
        if self.step(steps::APPLICATION, Self::application)?.is_none() {
            self.note(steps::BAC, without(steps::APPLICATION));
            return Ok(None);
        }
        self.session.phase(steps::BAC);
        if from.is_none() && emrtd::is_readable(&mut self.session, sfi::COM)? {
            let reason = "the card gives its files without access control (9303-11 §4.1 note 1)";
            self.note(steps::BAC, Verdict::NotOffered(reason.into()));
            return Ok(Some(Opened::Plain));
        }
        let verdict = match (self.attempt(|this| this.bac(password))?, from) {
            (Ok(()), None) => Verdict::Passed,
            (Ok(()), Some(from)) => Verdict::Downgraded { from: from.to_owned(), to: steps::BAC.to_owned() },
            (Err(verdict), _) => verdict,
        };
        let verdict = match (verdict, from) {
            (Verdict::Passed, None) => self.learn_naming(password)?,
            (verdict, _) => verdict,
        };
        let is_open = matches!(verdict, Verdict::Passed | Verdict::Downgraded { .. });
        self.note(steps::BAC, verdict);
        Ok(is_open.then_some(Opened::Bac))
    }

    /// Reads EF.COM, which is due anyway. Chips of the first years know no short identifiers, and some of them end the
    /// session when they are asked for one: then the way in is gone once more, and files are selected from there on.
    fn learn_naming(&mut self, password: &Password) -> Result<Verdict, SessionError> {
        match emrtd::read_file(&mut self.session, sfi::COM) {
            Ok(content) => self.keep(steps::COM, &content),
            Err(error) if says_no_short_identifiers(&error) => {
                self.session.reset()?;
                self.session.select_by_identifier();
                self.remark(format!("the card knows no short identifiers ({error}): files are selected by name"));
                if let Err(verdict) = self.attempt(Self::application)? {
                    return Ok(verdict);
                }
                return Ok(self.attempt(|this| this.bac(password))?.err().unwrap_or(Verdict::Passed));
            }
            // What else is wrong is said where the file is due, unless it ends the session.
            Err(error) => {
                let _ = self.attempt::<()>(|_| Err(error))?;
            }
        }
        Ok(Verdict::Passed)
    }

    fn bac(&mut self, password: &Password) -> Result<Outcome<()>, SessionError> {
        if password.kind() != PasswordKind::Mrz {
            let reason = format!("a {} cannot open BAC, which needs the MRZ", name(password.kind()));
            return Ok(Err(Verdict::NotAttempted(reason)));
        }
        let Ok(secret) = <&[u8; 20]>::try_from(password.secret()) else {
            return Ok(Err(Verdict::NotAttempted("BAC needs the SHA-1 of the MRZ".into())));
        };
        let keys = match BacKeys::from_secret(secret) {
            Ok(keys) => keys,
            Err(error) => return Ok(Err(failed(error))),
        };
        match emrtd::bac(&mut self.session, &keys, self.rng) {
            Ok(()) => Ok(Ok(())),
            Err(TerminalError::Exchange(error)) => Err(error),
            Err(TerminalError::Protocol(error)) => Ok(Err(Verdict::Failed(bac_reason(&error)))),
        }
    }
}

/// How the application can be opened.
enum WayIn {
    /// PACE has passed.
    Pace,
    /// By BAC; `from` is what is left out by that.
    Bac { from: Option<String> },
    /// Not at all.
    Closed(String),
}

/// Answers of cards that know no such file, or no READ BINARY before an application is selected.
const fn says_no_such_file(sw: Sw) -> bool {
    matches!(
        sw,
        Sw::FILE_NOT_FOUND
            | Sw::SECURITY_STATUS_NOT_SATISFIED
            | Sw::CONDITIONS_NOT_SATISFIED
            | Sw::NO_CURRENT_EF
            | Sw::INS_NOT_SUPPORTED
    )
}

/// Answers of cards that take P1 of READ BINARY for an offset in the current file, or short identifiers for a mistake.
/// In plain they cost no more than a session that is opened once again.
const fn says_no_short_identifiers(error: &SessionError) -> bool {
    let (SessionError::Status { sw, .. } | SessionError::SecureMessaging { source: SmError::PlainResponse(sw), .. }) =
        error
    else {
        return false;
    };
    matches!(*sw, Sw::CONDITIONS_NOT_SATISFIED | Sw::NO_CURRENT_EF | Sw::WRONG_P1P2 | Sw::FUNCTION_NOT_SUPPORTED)
}

/// A refusal of EXTERNAL AUTHENTICATE nearly always means another document.
fn bac_reason(error: &BacError) -> String {
    match error {
        BacError::Status { command: "EXTERNAL AUTHENTICATE", .. } | BacError::Checksum => {
            format!("{error}: wrong MRZ data (document number, birth or expiry date)")
        }
        _ => error.to_string(),
    }
}

/// An offer in words.
pub(super) fn describe(suite: &Suite) -> String {
    let mapping = match suite.mapping {
        Mapping::Generic => "generic mapping",
        Mapping::Integrated => "integrated mapping",
        Mapping::ChipAuthentication => "chip authentication mapping",
    };
    let cipher = match suite.cipher {
        Cipher::TripleDes => "3DES",
        Cipher::Aes128 => "AES-128",
        Cipher::Aes192 => "AES-192",
        Cipher::Aes256 => "AES-256",
    };
    format!("PACE with {mapping}, {cipher}, {}", suite.domain.name())
}

/// A refused token is nearly always a wrong password; the words say what it costs.
fn pace_reason(error: &PaceError, kind: PasswordKind) -> String {
    let wrong_password = matches!(error, PaceError::Token | PaceError::PasswordRefused(_));
    match (kind, wrong_password) {
        (PasswordKind::Can, true) => {
            format!("{error}: wrong CAN. Tries are not limited, but the card waits longer after each wrong one")
        }
        (PasswordKind::Mrz, true) => format!(
            "{error}: wrong MRZ data (document number, birth or expiry date). Tries are not limited, but the card \
             waits longer after each wrong one"
        ),
        (PasswordKind::Pin | PasswordKind::Puk, true) => format!("{error}: wrong {}. A try is spent", name(kind)),
        _ => error.to_string(),
    }
}
