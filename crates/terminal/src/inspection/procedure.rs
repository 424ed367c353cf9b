//! The order of the steps: access, passive authentication, chip authentication with a key that passive authentication
//! vouches for, Terminal Authentication, the data groups. And what all of them need: to leave a verdict in any case.

use bitaqa_apdu::Bytes;
use bitaqa_secure_messaging::pace::Password;
use rand_core::CryptoRng;

use super::chip::UNTRUSTED;
use super::verdict::{Outcome, failed, without};
use super::{Check, Conditions, Inspection, ReadFile, Verdict, steps};
use crate::session::{Session, SessionError};

/// An inspection under way.
pub struct Procedure<'a, 't> {
    pub(super) session: Session<'t>,
    pub(super) conditions: &'a Conditions<'a>,
    pub(super) rng: &'a mut dyn CryptoRng,
    found: Inspection,
    /// Notes for the check that is under way.
    remarks: Vec<String>,
    /// Why there is no secure session any more. What came after it could be anybody's, so nothing is asked any more.
    ended: Option<String>,
}

impl<'a, 't> Procedure<'a, 't> {
    /// With a session that has just been reset.
    pub fn new(session: Session<'t>, conditions: &'a Conditions<'a>, rng: &'a mut dyn CryptoRng) -> Self {
        Self { session, conditions, rng, found: Inspection::default(), remarks: Vec::new(), ended: None }
    }

    /// Every step.
    ///
    /// # Errors
    /// [`SessionError::Transport`].
    pub fn run(mut self, password: &Password) -> Result<Inspection, SessionError> {
        self.lengths()?;
        let access = self.access(password)?;
        let opened = access.opened.as_ref();
        let sod = self.passive_authentication(opened)?;
        let sod = sod.as_ref();
        self.com(opened, sod)?;
        let dg1 = self.dg1(sod)?;
        let dg14 = self.dg14(sod)?;
        self.confirm_card_access(&access, sod, dg14.as_ref());
        let chip = self.chip_authentication(dg14.as_ref())?;
        self.active_authentication(sod, dg14.as_ref())?;
        let rights = self.terminal_authentication(&access, dg14.as_ref(), dg1.as_ref(), chip.as_deref())?;
        self.data_groups(sod, rights)?;
        self.extra_files(opened.is_some(), rights.is_some())?;
        Ok(self.found)
    }

    /// EF.ATR/INFO, which says how much one command may ask for. No step of its own: nothing is judged by it.
    fn lengths(&mut self) -> Result<(), SessionError> {
        self.session.phase(steps::ATR_INFO);
        match self.session.ask_limits() {
            Ok(Some(content)) => self.keep(steps::ATR_INFO, &content),
            Err(error) if error.is_fatal() => return Err(error),
            Ok(None) | Err(_) => {}
        }
        Ok(())
    }

    /// Runs a step and notes its verdict: passed when it gives a value.
    pub(super) fn step<T>(
        &mut self,
        name: &str,
        step: impl FnOnce(&mut Self) -> Result<Outcome<T>, SessionError>,
    ) -> Result<Option<T>, SessionError> {
        self.session.phase(name);
        let (verdict, value) = match self.attempt(step)? {
            Ok(value) => (Verdict::Passed, Some(value)),
            Err(verdict) => (verdict, None),
        };
        self.note(name, verdict);
        Ok(value)
    }

    /// Runs what asks the card something. Where the card's answer cannot be used, that is the verdict.
    pub(super) fn attempt<T>(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<Outcome<T>, SessionError>,
    ) -> Result<Outcome<T>, SessionError> {
        if let Some(why) = &self.ended {
            return Ok(Err(Verdict::NotAttempted(format!("the secure session has ended: {why}"))));
        }
        match step(self) {
            Err(error) if error.is_fatal() => Err(error),
            Err(error) => {
                if matches!(error, SessionError::SecureMessaging { .. }) {
                    self.ended = Some(error.to_string());
                }
                Ok(Err(failed(error)))
            }
            Ok(outcome) => Ok(outcome),
        }
    }

    /// A step that stands on the value of an earlier one.
    pub(super) fn after<A, T>(
        &mut self,
        before: Option<&A>,
        name: &str,
        needed: &str,
        step: impl FnOnce(&mut Self, &A) -> Result<Outcome<T>, SessionError>,
    ) -> Result<Option<T>, SessionError> {
        if let Some(value) = before {
            self.step(name, |this| step(this, value))
        } else {
            self.note(name, without(needed));
            Ok(None)
        }
    }

    /// A step that asks nothing of the card.
    pub(super) fn judge<A>(
        &mut self,
        before: Option<&A>,
        name: &str,
        needed: &str,
        step: impl FnOnce(&mut Self, &A) -> Outcome<()>,
    ) {
        let verdict = match before {
            Some(value) => step(self, value).err().unwrap_or(Verdict::Passed),
            None => without(needed),
        };
        self.note(name, verdict);
    }

    /// Notes the verdict on a step, with the remarks that were made meanwhile.
    pub(super) fn note(&mut self, step: impl Into<String>, verdict: Verdict) {
        let notes = std::mem::take(&mut self.remarks);
        self.found.checks.push(Check { step: step.into(), verdict, notes });
    }

    /// Something beside the verdict on the step that is under way.
    pub(super) fn remark(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.remarks.contains(&note) {
            self.remarks.push(note);
        }
    }

    /// Keeps a file that was read.
    pub(super) fn keep(&mut self, name: impl Into<String>, content: &Bytes) {
        self.found.files.push(ReadFile { name: name.into(), content: content.clone() });
    }

    /// A file that was read before.
    pub(super) fn file(&self, name: &str) -> Option<&[u8]> {
        self.found.file(name)
    }

    /// The verdict on an earlier step.
    pub(super) fn verdict(&self, step: &str) -> Option<&Verdict> {
        self.found.verdict(step)
    }

    /// Whether an earlier step passed.
    pub(super) fn passed(&self, step: &str) -> bool {
        self.verdict(step) == Some(&Verdict::Passed)
    }
}

/// Short file identifiers of 9303-10 §3.6.3 and §3.11.3; data group n has n.
pub(super) mod sfi {
    /// EF.CardAccess in the master file.
    pub const CARD_ACCESS: u8 = 0x1C;
    /// EF.CardSecurity in the master file.
    pub const CARD_SECURITY: u8 = 0x1D;
    /// EF.COM in the application.
    pub const COM: u8 = 0x1E;
    /// EF.SOD in the application.
    pub const SOD: u8 = 0x1D;
    /// EF.CVCA in the application, unless DG14 says otherwise (TR-03110-3 §A.7.2.4).
    pub const CVCA: u8 = 0x1C;
}

impl Procedure<'_, '_> {
    /// Whether DG14 and DG15 may be believed: not where the signature over their hashes is wrong, nor where the path of
    /// its signer was tried and is not good. Without any trust the keys are still tried, and a note says what that is
    /// worth. The reason otherwise.
    pub(super) fn vouched(&mut self) -> Outcome<()> {
        for step in [steps::SOD_SIGNATURE, steps::PATH, steps::REVOCATION] {
            if let Some(verdict) = self.verdict(step).filter(|verdict| verdict.is_bad()) {
                let reason = verdict.reason().unwrap_or_default();
                return Err(Verdict::NotAttempted(format!("nobody vouches for the key: {step}: {reason}")));
            }
        }
        if !self.passed(steps::PATH) {
            self.remark(UNTRUSTED);
        }
        Ok(())
    }
}
