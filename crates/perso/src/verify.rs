//! The last word on a card: it is read as a stranger reads it, with what is printed on it, the CSCA as only anchor and
//! a terminal's own certificates, and then compared with what the record makes, octet for octet by digest.

use bitaqa_apdu::{AccessRule, Need, Transport};
use bitaqa_pki::Certificate;
use bitaqa_profile::Profile;
use bitaqa_secure_messaging::pace::{Password, PasswordError};
use bitaqa_terminal::inspection::{self, Check, Conditions, Inspection, Policy, Verdict, steps};
use bitaqa_terminal::session::SessionError;
use bitaqa_terminal::trace::Trace;
use rand_core::CryptoRng;

use crate::applicant::Applicant;
use crate::card_keys::{self, CardKeys, MadeKeys};
use crate::eid;
use crate::plan::{self, PlanError, PlannedFile};
use crate::vault::KeyVault;

/// Why a card could not be verified to the end.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The card did not answer.
    #[error("verification: {0}")]
    Session(#[from] SessionError),
    /// No CAN to open the card with.
    #[error("verification: {0}")]
    Password(#[from] PasswordError),
    /// The record does not make a plan around the card's own key.
    #[error("verification: {0}")]
    Plan(#[from] PlanError),
}

impl core::fmt::Debug for Report {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(&self.inspection.checks).finish()
    }
}

impl core::fmt::Display for Report {
    /// The steps that are not good.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let bad = self.inspection.checks.iter().filter(|check| !is_good(check));
        let words = bad.map(|check| format!("{} ({})", check.step, check.verdict.reason().unwrap_or_default()));
        f.write_str(&words.collect::<Vec<_>>().join("; "))
    }
}

/// What a stranger found, with the comparison against the plan as last checks.
pub struct Report {
    /// Every step with its verdict.
    pub inspection: Inspection,
    /// The product answers PACE wrongly on purpose, so that this is what is wanted of it.
    misbehaves: bool,
}

impl Report {
    /// Whether the inspection is positive and nothing that an issuer can check was left out. What the card does not
    /// offer is no fault of it: its files are compared with the plan.
    pub fn is_good(&self) -> bool {
        if !self.misbehaves {
            return self.inspection.is_positive() && self.inspection.checks.iter().all(is_good);
        }
        // Such a card is never positive: it is good when nothing but PACE failed, and that did.
        let refuses = matches!(self.inspection.verdict(steps::PACE), Some(Verdict::Failed(_)));
        let opened = matches!(self.inspection.verdict(steps::BAC), Some(Verdict::Downgraded { .. }));
        let ways = [steps::PACE, steps::BAC];
        let excused = |step: &str| ways.iter().chain(&steps::BEHIND_PACE).any(|other| *other == step);
        refuses && opened && self.inspection.checks.iter().all(|check| excused(&check.step) || is_good(check))
    }
}

/// Passed or not on this product; left out are the weaker access protocol, revocation, which a card just made cannot
/// have a list on, and signatures of the eID, which need the holder's PIN.
fn is_good(check: &Check) -> bool {
    match check.verdict {
        Verdict::Passed | Verdict::NotOffered(_) => true,
        Verdict::NotAttempted(_) => {
            [steps::BAC, steps::REVOCATION, eid::step::SIGNATURE].contains(&check.step.as_str())
        }
        Verdict::Failed(_) | Verdict::Downgraded { .. } => false,
    }
}

/// What the card of this order opens with: its CAN, or the MRZ where there is none or PACE leads nowhere.
///
/// # Errors
/// [`VerifyError::Password`] for a CAN that is none.
pub fn password(
    profile: &Profile,
    applicant: &Applicant,
    vault: &dyn KeyVault,
    order: &[u8; 16],
) -> Result<Password, VerifyError> {
    match plan::passwords(profile, applicant, vault, order).can {
        Some(can) if !misbehaves(profile) => Ok(Password::can(&can)?),
        _ => Ok(Password::mrz(&applicant.mrz().key_input())),
    }
}

/// Whether the product is one that answers PACE wrongly.
fn misbehaves(profile: &Profile) -> bool {
    profile.laboratory.pace_answers.status_word().is_some()
}

/// What is known of the card that is verified.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// Its profile.
    pub profile: &'a Profile,
    /// The CAN printed on it, where it has one: it opens the eID.
    pub can: Option<&'a str>,
    /// CA of the certificates in the eID.
    pub holder_ca: Option<&'a Certificate>,
}

/// Inspects the card and compares it. `files_for` gives the planned files for the public keys that the card shows:
/// after an
/// interrupted run the card is the only one who still knows them.
///
/// # Errors
/// [`VerifyError`]; a card that was read and found wanting is a [`Report`], not an error.
pub fn verify(
    card: &mut dyn Transport,
    trace: &mut dyn Trace,
    subject: &Subject<'_>,
    password: &Password,
    conditions: &Conditions<'_>,
    files_for: &dyn Fn(&MadeKeys) -> Result<Vec<PlannedFile>, PlanError>,
    rng: &mut dyn CryptoRng,
) -> Result<Report, VerifyError> {
    let profile = subject.profile;
    let misbehaves = misbehaves(profile);
    let policy = Policy { allow_downgrade: conditions.policy.allow_downgrade || misbehaves, ..conditions.policy };
    let mut inspection = inspection::run(card, trace, password, &Conditions { policy, ..*conditions }, rng)?;
    eid::read_directory(card, trace, profile, &mut inspection)?;
    let mut eid = CardKeys::new();
    if profile.eid.is_some() {
        let mut found = eid::inspect(card, trace, subject, eid::told_lengths(&inspection), conditions.at, rng)?;
        inspection.checks.append(&mut found.checks);
        inspection.files.append(&mut found.files);
        eid = found.keys;
    }
    compare(&mut inspection, profile, eid, files_for)?;
    Ok(Report { inspection, misbehaves })
}

const fn is_pin(need: Need) -> bool {
    matches!(need, Need::Pin(_))
}

/// Adds one check a planned file: what the stranger read is what the record makes.
fn compare(
    inspection: &mut Inspection,
    profile: &Profile,
    eid: CardKeys,
    files_for: &dyn Fn(&MadeKeys) -> Result<Vec<PlannedFile>, PlanError>,
) -> Result<(), PlanError> {
    let Some(emrtd) = card_keys::seen(profile, inspection) else {
        let verdict = Verdict::NotAttempted("the card's public keys were not read".into());
        inspection.checks.push(Check::new("content", verdict));
        return Ok(());
    };
    if profile.eid.as_ref().is_some_and(|wanted| wanted.keys.iter().any(|key| !eid.contains_key(&key.number))) {
        let verdict = Verdict::NotAttempted("the public keys of the eID were not read".into());
        inspection.checks.push(Check::new("content", verdict));
        return Ok(());
    }
    for file in &files_for(&MadeKeys { emrtd, eid })? {
        let name = &file.name;
        // nobody but the holder reads what the eID shows after a PIN only
        let is_open = |rule: &AccessRule| rule.alternatives().iter().any(|all| !all.iter().copied().any(is_pin));
        let of_emrtd = profile.files.iter().filter(|spec| spec.name == *name).map(|spec| &spec.read);
        let of_eid = profile.eid.iter().flat_map(|eid| &eid.files);
        let of_eid = of_eid.filter(|spec| eid::name_of(spec) == *name).map(|spec| &spec.read);
        let readable = of_emrtd.chain(of_eid).any(is_open);
        let verdict = match inspection.file(name) {
            Some(content) if plan::sha256(content) == file.sha256 => Verdict::Passed,
            Some(_) => Verdict::Failed("the card holds other octets than the record makes".into()),
            None if readable => Verdict::NotAttempted("the file was not read".into()),
            None => continue,
        };
        inspection.checks.push(Check::new(format!("content {name}"), verdict));
    }
    Ok(())
}
