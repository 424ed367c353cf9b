//! Carries a plan out, step by step: the journal hears of each step before the card does, and of its outcome after.

use bitaqa_apdu::dgi;
use bitaqa_apdu::tlv;
use bitaqa_apdu::{Aid, Sw, Transport};
use bitaqa_profile::Profile;
use bitaqa_terminal::gp::{self, GpError, Installation};
use bitaqa_terminal::session::{Session, SessionError};
use bitaqa_terminal::trace::Trace;
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};

use crate::card_keys::{Application, MadeKeys};
use crate::journal::{Event, Journal, JournalError, Kind};
use crate::partner::{self, PartnerError};
use crate::plan::{Plan, Step, StepKind};
use crate::probe::{self, KeyRole, ProbeError};
use crate::vault::{Kdd, KeyVault, VaultError};

/// Hears how far a plan has come.
pub trait Progress {
    /// A plan begins that will write so many octets.
    fn plan(&mut self, bytes: usize);
    /// Step `number` of `total` begins.
    fn step(&mut self, number: usize, total: usize, name: &str);
    /// So many octets of the plan have been written.
    fn wrote(&mut self, bytes: usize);
}

/// Hears nothing.
impl Progress for () {
    fn plan(&mut self, _: usize) {}
    fn step(&mut self, _: usize, _: usize, _: &str) {}
    fn wrote(&mut self, _: usize) {}
}

/// What a head of the line works with.
pub struct Station<'a> {
    /// The card.
    pub card: &'a mut dyn Transport,
    /// Trace of the dialogue.
    pub trace: &'a mut dyn Trace,
    /// Keys.
    pub vault: &'a dyn KeyVault,
    /// Journal.
    pub journal: &'a mut dyn Journal,
    /// Randomness.
    pub rng: &'a mut dyn CryptoRng,
    /// Who watches.
    pub progress: &'a mut dyn Progress,
}

/// Why a step did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The dialogue.
    #[error(transparent)]
    Gp(#[from] GpError),
    /// Opening a channel.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The journal; the step was then not sent.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The card in the reader is not the one that the plan was made for.
    #[error("another card is in the reader")]
    OtherChip,
    /// A plan with steps for an application that the profile does not have.
    #[error("the profile has no eID")]
    NoEid,
    /// A plan with steps for a partner that the profile does not have.
    #[error("the profile has no such partner")]
    NoPartner,
    /// A partner's domain.
    #[error(transparent)]
    Partner(#[from] PartnerError),
    /// What the card holds is not what was sent.
    #[error("read back before sealing: {0} on the card is not what was written")]
    Digest(String),
}

impl From<SessionError> for StepError {
    fn from(error: SessionError) -> Self {
        Self::Gp(error.into())
    }
}

impl StepError {
    /// A word for the journal: never data of the record.
    fn word(&self) -> String {
        match self {
            Self::Gp(GpError::Session(SessionError::Status { sw, .. })) => sw.to_string(),
            Self::Gp(GpError::Session(SessionError::Transport { .. })) => "no answer".into(),
            Self::Digest(_) => "digest".into(),
            Self::OtherChip => "other chip".into(),
            _ => "failed".into(),
        }
    }
}

/// A step that failed, and where.
#[derive(Debug, thiserror::Error)]
#[error("step `{step}`: {source}")]
pub struct ExecuteError {
    /// Name of the step.
    pub step: String,
    /// Why.
    pub source: StepError,
}

/// Executes a plan on a card whose session is open. The public keys that the card made on the way come back.
///
/// # Errors
/// [`ExecuteError`]; the journal holds the failed step, the card is in the state before or after it.
pub fn execute(
    plan: &Plan,
    profile: &Profile,
    session: &mut Session<'_>,
    desk: &mut Desk<'_>,
) -> Result<MadeKeys, ExecuteError> {
    let mut made = MadeKeys::default();
    let total = plan.steps.len();
    desk.progress.plan(plan.bytes());
    for (index, step) in plan.steps.iter().enumerate() {
        desk.progress.step(index + 1, total, &step.name);
        let failed = |source| ExecuteError { step: step.name.clone(), source };
        session.phase(step.phase());
        desk.note(plan, step, Kind::Started, None).map_err(failed)?;
        match run(step, plan, profile, session, desk, &mut made) {
            Ok(()) => desk.note(plan, step, Kind::Done, None).map_err(failed)?,
            Err(source) => {
                // If the journal cannot take the failure either, the bare `Started` says enough.
                let _ = desk.note(plan, step, Kind::Failed, Some(source.word()));
                return Err(failed(source));
            }
        }
    }
    Ok(made)
}

/// The part of a [`Station`] that is not the card.
pub struct Desk<'a> {
    /// Keys.
    pub vault: &'a dyn KeyVault,
    /// Journal.
    pub journal: &'a mut dyn Journal,
    /// Randomness.
    pub rng: &'a mut dyn CryptoRng,
    /// Who watches.
    pub progress: &'a mut dyn Progress,
}

impl Desk<'_> {
    fn note(&mut self, plan: &Plan, step: &Step, kind: Kind, reason: Option<String>) -> Result<(), StepError> {
        let (order, chip) = (hex::encode_upper(plan.order), hex::encode_upper(plan.kdd));
        Ok(self.journal.append(Event { order, chip, step: step.name.clone(), kind, reason })?)
    }
}

fn run(
    step: &Step,
    plan: &Plan,
    profile: &Profile,
    session: &mut Session<'_>,
    desk: &mut Desk<'_>,
    made: &mut MadeKeys,
) -> Result<(), StepError> {
    match &step.kind {
        StepKind::OpenDomain(role) => {
            gp::select(session, &profile.chip.isd_aid)?;
            same_chip(probe::open_channel(session, *role, profile, desk.vault, desk.rng)?, plan)
        }
        StepKind::OpenAgain => {
            same_chip(probe::open_channel(session, KeyRole::Issuer, profile, desk.vault, desk.rng)?, plan)
        }
        StepKind::OpenApplication(application) => {
            gp::select(session, instance(profile, *application)?)?;
            same_chip(probe::open_channel(session, KeyRole::Issuer, profile, desk.vault, desk.rng)?, plan)
        }
        StepKind::RotateKeys => {
            let (transport, issuer) = (&profile.secure_channel.transport, &profile.secure_channel.issuer);
            let new = desk.vault.issuer_keys(&plan.kdd)?;
            Ok(gp::put_keys(session, transport.kvn, issuer.kvn, &new)?)
        }
        StepKind::CardStatus(life) => Ok(gp::set_card_status(session, *life)?),
        StepKind::Install { application, privileges, parameters } => {
            let (package, module) = match application {
                Application::Emrtd => (&profile.emrtd.package_aid, &profile.emrtd.module_aid),
                Application::Eid => {
                    let file = &profile.chip.load_files.application;
                    (&file.package_aid, &file.module_aid)
                }
            };
            let (instance, privileges) = (instance(profile, *application)?, *privileges);
            Ok(gp::install(session, &Installation { package, module, instance, privileges, parameters })?)
        }
        StepKind::PartnerKey(kvn) => {
            let receipts = *kvn == partner::RECEIPT_KVN;
            let key = if receipts { partner::receipt_key(desk.vault)? } else { partner::token_key(desk.vault)? };
            Ok(gp::put_new_keys(session, 0x00, *kvn, &[key])?)
        }
        StepKind::InstallDomain(index) => {
            let partner = profile.partners.get(*index).ok_or(StepError::NoPartner)?;
            Ok(partner::install_domain(session, profile, partner)?)
        }
        StepKind::DomainKeys(index) => {
            let partner = profile.partners.get(*index).ok_or(StepError::NoPartner)?;
            gp::select(session, &partner.domain_aid)?;
            same_chip(probe::open_channel(session, KeyRole::Issuer, profile, desk.vault, desk.rng)?, plan)?;
            let keys = partner::keys_of_chip(&partner::master_key(desk.vault, partner), &plan.kdd)?;
            Ok(gp::put_keys(session, 0x00, partner.kvn, &keys)?)
        }
        StepKind::GenerateKey(application, number) => {
            made.of(*application).insert(*number, gp::generate_key_pair(session, *number)?);
            Ok(())
        }
        StepKind::Store { objects, sensitive } => {
            let progress = &mut *desk.progress;
            let groupings: Vec<(u16, &[u8])> = objects.iter().map(|(number, value)| (*number, &**value)).collect();
            Ok(gp::store_dgis(session, &groupings, *sensitive, &mut |bytes| progress.wrote(bytes))?)
        }
        StepKind::CheckDigests(application) => check_digests(plan, *application, session),
        StepKind::SealApplication(application, life) => {
            Ok(gp::set_application_status(session, instance(profile, *application)?, *life)?)
        }
    }
}

/// AID of the instance of an application.
fn instance(profile: &Profile, application: Application) -> Result<&Aid, StepError> {
    match application {
        Application::Emrtd => Ok(&profile.emrtd.instance_aid),
        Application::Eid => Ok(&profile.eid.as_ref().ok_or(StepError::NoEid)?.instance_aid),
    }
}

/// A card swapped in the reader between two steps must not get another one's data.
fn same_chip(kdd: Kdd, plan: &Plan) -> Result<(), StepError> {
    if kdd == plan.kdd { Ok(()) } else { Err(StepError::OtherChip) }
}

/// Asks the card for the digest of all files, and compares with the plan's. Where it differs, or the card has none, the
/// list of all digests says which file it is.
fn check_digests(plan: &Plan, application: Application, session: &mut Session<'_>) -> Result<(), StepError> {
    let mut files: Vec<_> = plan.files.iter().filter(|file| file.application == application).collect();
    files.sort_unstable_by_key(|file| file.dgi);
    let rows: Vec<[u8; dgi::DIGEST_ROW]> =
        files.iter().map(|file| dgi::digest_row(file.dgi, file.bytes, file.sha256)).collect();
    let whole = Sha256::digest(rows.as_flattened());
    let told = gp::get_data(session, dgi::GET_DATA_DIGEST)?;
    let has_one = told.is_some();
    if told.is_some_and(|told| tlv::only(&told, dgi::GET_DATA_DIGEST.into()) == Ok(whole.as_slice())) {
        return Ok(());
    }
    let missing = || StepError::Digest("the list of digests".into());
    let data = gp::get_data(session, dgi::GET_DATA_DIGESTS)?.ok_or_else(missing)?;
    let listed = tlv::only(&data, dgi::GET_DATA_DIGESTS.into()).map_err(|_| missing())?;
    let (listed, rest) = listed.as_chunks::<{ dgi::DIGEST_ROW }>();
    if !rest.is_empty() || listed.len() != files.len() {
        return Err(missing());
    }
    match files.iter().zip(&rows).find(|(_, row)| !listed.contains(row)) {
        Some((file, _)) => Err(StepError::Digest(file.name.clone())),
        // The two answers of the card contradict each other.
        None if has_one => Err(missing()),
        None => Ok(()),
    }
}

/// Whether an error is the card's refusal with this status word.
pub fn refused_with(error: &ExecuteError, sw: Sw) -> bool {
    matches!(&error.source, StepError::Gp(GpError::Session(session)) if session.sw() == Some(sw))
}
