//! One order on one card, from probe to verdict. At most once: a card that is sealed, begun for another order or not
//! ours is refused; a card that this order began is resumed; whatever stays in doubt is never called good.

use bitaqa_profile::Profile;
use bitaqa_secure_messaging::pace::PasswordKind;
use bitaqa_terminal::inspection::Conditions;
use bitaqa_terminal::session::{Session, SessionError};
use bitaqa_terminal::wire::Least;

use crate::applicant::Applicant;
use crate::card_keys::{self, MadeKeys};
use crate::execute::{self, Desk, ExecuteError, Station, StepError};
use crate::issuer::Issuer;
use crate::journal::{Event, Journal, JournalError, Kind, last_of};
use crate::least;
use crate::plan::{self, CardFacts, Plan, PlanError, PlannedFile};
use crate::probe::{self, AppletState, ChipState, ProbeError, life};
use crate::vault::Kdd;
use crate::vault::KeyVault;
use crate::verify::{self, Report, VerifyError};

/// How an order came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// Started and finished in this run.
    Fresh,
    /// Begun in an earlier run, finished in this one.
    Resumed,
    /// Sealed in an earlier run that ended before it was verified; verified in this one.
    Adopted,
}

/// A sealed and verified card.
pub struct Receipt {
    /// The chip.
    pub kdd: Kdd,
    /// Tag of the order.
    pub order: [u8; 16],
    /// How it went.
    pub course: Course,
    /// Octets written in this run.
    pub written_bytes: usize,
    /// The least that writing can cost, by phase; empty where nothing was written.
    pub least: Vec<Least>,
    /// What the stranger opened the card with.
    pub password: PasswordKind,
    /// The stranger's report.
    pub report: Report,
}

/// Why an order did not end in a good card. Every variant says what the card is now and what is safe to do next.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The card is not one that this order may be written to. Nothing was changed.
    #[error("refused: {why}. The card: {state}. Next: {next}")]
    Refused {
        /// The reason.
        why: &'static str,
        /// The card's state.
        state: String,
        /// What to do.
        next: &'static str,
    },
    /// The card could not be asked. Nothing was changed.
    #[error("{0}. Nothing was changed on the card. Next: check card, profile and PKI folder")]
    Probe(#[from] ProbeError),
    /// No plan. Nothing was changed that the next run does not resume.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A step failed.
    #[error("{source}. The card: {state}. Next: {next}")]
    Step {
        /// The step and its failure.
        source: ExecuteError,
        /// The card's state as far as it is known.
        state: &'static str,
        /// What to do.
        next: &'static str,
    },
    /// The card is sealed and a stranger does not find it good.
    #[error("the sealed card does not verify: {0}. Next: spoil the card; it must not leave the house")]
    NotGood(Box<Report>),
    /// The card is sealed and could not be verified to the end.
    #[error("{0}. The card is sealed and not verified. Next: run the same command again, it verifies the card")]
    Verify(#[from] VerifyError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// No card.
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// A card that may be written to for an order: what it is now, and how the order will go on.
pub struct Admission {
    chip: ChipState,
    order: [u8; 16],
    /// How the order goes on.
    pub course: Course,
}

/// Runs the order from admission to verdict. `conditions` are those of the inspection that judges the card at the end.
///
/// # Errors
/// [`OrderError`].
pub fn run(
    profile: &Profile,
    applicant: &Applicant,
    issuer: &dyn Issuer,
    conditions: &Conditions<'_>,
    mut station: Station<'_>,
) -> Result<Receipt, OrderError> {
    let admission = admit(profile, applicant, &mut station)?;
    admission.run(profile, applicant, issuer, conditions, station)
}

/// Asks the card and decides. Nothing is written, to the card or to the journal.
///
/// # Errors
/// [`OrderError::Refused`] with the card's state; [`OrderError::Probe`] and [`OrderError::Session`] when it is mute.
pub fn admit(profile: &Profile, applicant: &Applicant, station: &mut Station<'_>) -> Result<Admission, OrderError> {
    let order = plan::order_tag(applicant, profile, station.vault);
    let mut session = Session::open(&mut *station.card, &mut *station.trace)?;
    session.know_limits(probe::limits(profile));
    let chip = probe::probe(&mut session, profile, station.vault, &mut *station.rng)?;
    let course = resolve(&chip, &order, &History::of(&*station.journal, &order, &chip.kdd))?;
    Ok(Admission { chip, order, course })
}

impl Admission {
    /// Writes, seals and verifies the admitted card.
    ///
    /// # Errors
    /// [`OrderError`].
    pub fn run(
        self,
        profile: &Profile,
        applicant: &Applicant,
        issuer: &dyn Issuer,
        conditions: &Conditions<'_>,
        station: Station<'_>,
    ) -> Result<Receipt, OrderError> {
        let Self { chip, order, course } = self;
        station.trace.phase(plan::phase::PLAN);
        rehearse(profile, applicant, issuer, station.vault)?;
        let Station { card, trace, vault, journal, rng, progress } = station;
        let mut desk = Desk { vault, journal, rng, progress };
        let eid_sealed = chip.eid.as_ref().is_some_and(AppletState::is_sealed);
        let plan_around = |keys: &MadeKeys| {
            let facts = CardFacts { kdd: chip.kdd, keys: keys.clone(), card_life: chip.card_life, eid_sealed };
            plan::plan(profile, applicant, &facts, issuer, vault)
        };
        let written = match course {
            Course::Adopted => Written::default(),
            Course::Fresh | Course::Resumed => {
                let mut session = Session::open(card, trace)?;
                session.know_limits(probe::limits(profile));
                write((profile, applicant), &chip, order, &plan_around, &mut session, &mut desk)?
            }
        };
        let written_bytes = written.bytes;
        // What was written is what must be found, if the card shows the keys that it was written for; it is made and
        // signed anew only for keys that nobody here has seen.
        let files_for = |keys: &MadeKeys| match &written.files {
            Some((made_for, files)) if made_for == keys => Ok(files.clone()),
            _ => plan_around(keys).map(|plan| plan.files),
        };
        let chip_name = hex::encode_upper(chip.kdd);
        let note = |desk: &mut Desk<'_>, kind| {
            let (order, chip) = (hex::encode_upper(order), chip_name.clone());
            desk.journal.append(Event { order, chip, step: plan::VERIFY.into(), kind, reason: None })
        };
        note(&mut desk, Kind::Started)?;
        let password = verify::password(profile, applicant, vault, &order)?;
        let can = plan::passwords(profile, applicant, vault, &order).can;
        let holder_ca = issuer.holder_ca().map(|(certificate, _)| certificate);
        let subject = verify::Subject { profile, can: can.as_deref().map(String::as_str), holder_ca };
        let report = verify::verify(card, trace, &subject, &password, conditions, &files_for, desk.rng)?;
        let good = report.is_good();
        note(&mut desk, if good { Kind::Done } else { Kind::Failed })?;
        if !good {
            return Err(OrderError::NotGood(Box::new(report)));
        }
        Ok(Receipt {
            kdd: chip.kdd,
            order,
            course,
            written_bytes,
            least: written.least,
            password: password.kind(),
            report,
        })
    }
}

/// What the journal knows of this order on this chip.
struct History {
    sealing: bool,
    verified: bool,
}

impl History {
    fn of(journal: &dyn Journal, order: &[u8; 16], kdd: &Kdd) -> Self {
        let (order, chip) = (hex::encode_upper(order), hex::encode_upper(kdd));
        let last = |step| last_of(journal.events(), &order, &chip, step).map(|event| event.kind);
        Self { sealing: last(plan::SEAL).is_some(), verified: last(plan::VERIFY) == Some(Kind::Done) }
    }
}

/// The resolution table: what the card shows against what the journal knows.
fn resolve(chip: &ChipState, order: &[u8; 16], history: &History) -> Result<Course, OrderError> {
    let refused = |why, next| Err(OrderError::Refused { why, state: chip.describe(), next });
    let locked = |applet: &AppletState| applet.life & life::LOCKED != 0;
    match &chip.applet {
        _ if chip.card_life > life::CARD_SECURED => refused("the card is locked or terminated", "spoil the card"),
        Some(applet) if locked(applet) => refused("the application on the card is locked", "spoil the card"),
        _ if chip.eid.as_ref().is_some_and(locked) => refused("the eID on the card is locked", "spoil the card"),
        _ if chip.is_sealed() && chip.eid.as_ref().is_some_and(|eid| !eid.is_sealed()) => {
            refused("the card is sealed, and its eID is not", "spoil the card")
        }
        None if chip.card_life >= life::CARD_SECURED => {
            refused("the card is no blank: it is in its final state and has no application", "spoil the card")
        }
        _ if chip.is_sealed() && history.verified => refused(
            "this order was already issued on this card and verified",
            "hand the card over; do not make it again",
        ),
        _ if chip.is_sealed() && history.sealing => Ok(Course::Adopted),
        _ if chip.is_sealed() => {
            refused("the card is already personalised and sealed", "take a blank card; find out whose this one is")
        }
        Some(AppletState { life, .. }) if *life != life::APPLICATION_SELECTABLE => {
            refused("the application on the card is in a state that this program does not know", "spoil the card")
        }
        Some(AppletState { order: Some(bound), .. }) if bound != order => refused(
            "the card was begun for another order, or for this one with another record",
            "resume with the record it was begun with, or spoil the card",
        ),
        _ if chip.eid.as_ref().is_some_and(|eid| eid.order.is_some_and(|bound| bound != *order)) => {
            refused("the eID on the card was begun for another order", "spoil the card")
        }
        Some(AppletState { order: Some(_), .. }) => Ok(Course::Resumed),
        _ if chip.eid.as_ref().is_some_and(AppletState::is_sealed) => {
            refused("the eID on the card is sealed, and no order was begun beside it", "spoil the card")
        }
        _ => Ok(Course::Fresh),
    }
}

/// Makes the whole plan without a card: whatever the record or the profile lacks shows here, before a card is touched.
///
/// # Errors
/// [`PlanError`].
pub fn rehearse(
    profile: &Profile,
    applicant: &Applicant,
    issuer: &dyn Issuer,
    vault: &dyn KeyVault,
) -> Result<Plan, PlanError> {
    // The card's keys are the only thing not known yet, and any element of a group has the same length.
    let emrtd = card_keys::stand_ins(profile).ok_or(PlanError::NoCardKey)?;
    let eid = profile.eid.as_ref().map(crate::eid::stand_ins).unwrap_or_default();
    let keys = MadeKeys { emrtd, eid };
    plan::plan(profile, applicant, &CardFacts { kdd: [0; 10], keys, card_life: 0, eid_sealed: false }, issuer, vault)
}

/// What a run has written.
#[derive(Default)]
struct Written {
    bytes: usize,
    /// The files, and the public keys for which they were made.
    files: Option<(MadeKeys, Vec<PlannedFile>)>,
    /// The least that it can cost.
    least: Vec<Least>,
}

/// Prepare and issue, up to and with sealing.
fn write(
    (profile, applicant): (&Profile, &Applicant),
    chip: &ChipState,
    order: [u8; 16],
    plan_around: &dyn Fn(&MadeKeys) -> Result<Plan, PlanError>,
    session: &mut Session<'_>,
    desk: &mut Desk<'_>,
) -> Result<Written, OrderError> {
    let prepare = plan::prepare((profile, applicant), chip, order, desk.vault)?;
    let made = execute::execute(&prepare, profile, session, desk).map_err(unsealed)?;
    let mut keys = chip.keys_made();
    keys.emrtd.extend(made.emrtd);
    keys.eid.extend(made.eid);
    session.phase(plan::phase::PLAN);
    let issue = plan_around(&keys)?;
    execute::execute(&issue, profile, session, desk).map_err(sealing_or_before)?;
    let least = least::least(&[&prepare, &issue], profile);
    Ok(Written { bytes: prepare.bytes() + issue.bytes(), files: Some((keys, issue.files)), least })
}

fn unsealed(source: ExecuteError) -> OrderError {
    let (state, next) = match &source.source {
        StepError::OtherChip => {
            ("another card is in the reader; it was not written to", "put the first card back and run again")
        }
        StepError::Digest(_) => ("not sealed, holds data that is not the plan's", "spoil the card"),
        _ => ("not sealed; it holds no complete data", "run the same command again: it resumes this order"),
    };
    OrderError::Step { source, state, next }
}

fn sealing_or_before(source: ExecuteError) -> OrderError {
    if source.step == plan::SEAL {
        let state = "perhaps sealed: the answer to the last step is not known";
        return OrderError::Step { source, state, next: "run the same command again: it asks the card and goes on" };
    }
    if source.step == plan::SEAL_EID {
        let state = "not sealed; its eID is perhaps sealed: the answer to the last step is not known";
        return OrderError::Step { source, state, next: "run the same command again: it asks the card and goes on" };
    }
    unsealed(source)
}
