//! A plan: every step that a card still needs, with every octet that will be written. Planning is a plain function of
//! profile, record, card facts and issuer; nothing is decided while a card is being written.
//!
//! Two plans, one executor. `Prepare` takes a blank to a bound card with its own keys; `Issue` writes the holder's data
//! and seals. The split is there because EF.DG14 carries a key that the card makes.

use bitaqa_apdu::fcp::{FileControl, Place as FcpPlace, dgi_of};
use bitaqa_apdu::install::{Delay, PASSWORD_CAN, PASSWORD_MRZ, PASSWORD_PIN, PASSWORD_PUK, Parameters, Tries};
use bitaqa_apdu::{Bytes, Sw, dgi};
use bitaqa_profile::{FileSpec, HashName, Password, Place, Profile};
use bitaqa_tally::Operation;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::applicant::Applicant;
use crate::card_keys::{self, Application, MadeKeys};
use crate::content::{self, ContentError};
use crate::eid::{self, EidError};
use crate::issuer::Issuer;
use crate::partner::{self, DomainState, PartnersState};
use crate::probe::{ChipState, KeyRole, life};
use crate::vault::{Kdd, KeyVault};

/// Privilege "card reset" of INSTALL (GPC 2.3.1 Table 6-1).
const PRIVILEGE_CARD_RESET: u8 = 0x04;

/// What the card made for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardFacts {
    /// Key diversification data.
    pub kdd: Kdd,
    /// Its public keys.
    pub keys: MadeKeys,
    /// Card life cycle octet.
    pub card_life: u8,
    /// Whether an earlier run has sealed the eID: nothing is written to it any more.
    pub eid_sealed: bool,
}

/// Phases of an order as a [`Meter`](bitaqa_terminal::wire::Meter) counts them. The inspection at its end has the names
/// of its own steps.
pub mod phase {
    /// Asking the card what it is.
    pub const PROBE: &str = "probe";
    /// SELECT, INITIALIZE UPDATE and EXTERNAL AUTHENTICATE.
    pub const CHANNEL: &str = "open channel";
    /// Card status, instances, domains.
    pub const PREPARE: &str = "prepare";
    /// PUT KEY and GENERATE ASYMMETRIC KEY PAIR.
    pub const KEYS: &str = "keys";
    /// STORE DATA: files, passwords, binding tag.
    pub const WRITE: &str = "write";
    /// Digests before the seal.
    pub const DIGESTS: &str = "digests";
    /// Card to SECURED, applications to PERSONALIZED.
    pub const SEAL: &str = "seal";
    /// All of the above but the probe, in the order of a report.
    pub const WRITING: [&str; 6] = [CHANNEL, PREPARE, KEYS, WRITE, DIGESTS, SEAL];
    /// Making and signing files, without the card.
    pub const PLAN: &str = "plan";
    /// The eID as a stranger reads it.
    pub const EID: &str = "eID";
}

/// One step.
pub struct Step {
    /// Name in journal and progress: never a word of the record.
    pub name: String,
    /// What to do.
    pub kind: StepKind,
}

/// What a step does.
pub enum StepKind {
    /// SELECT the issuer security domain and open a secure channel under these keys.
    OpenDomain(KeyRole),
    /// Open a secure channel with the security domain that is selected already, under the card's own keys.
    OpenAgain,
    /// SELECT an instance and open a secure channel.
    OpenApplication(Application),
    /// PUT KEY: issuer keys in the place of transport keys.
    RotateKeys,
    /// SET STATUS of the card.
    CardStatus(u8),
    /// INSTALL an instance.
    Install {
        /// Which.
        application: Application,
        /// First privilege octet.
        privileges: u8,
        /// Files and parameters (value of C9).
        parameters: Vec<u8>,
    },
    /// PUT KEY of the key that verifies partners' tokens, or of the one that makes receipts, by its version.
    PartnerKey(u8),
    /// INSTALL the security domain of the partner with this place in the profile.
    InstallDomain(usize),
    /// PUT KEY of the first keys into the domain of the partner with this place in the profile.
    DomainKeys(usize),
    /// GENERATE ASYMMETRIC KEY PAIR, the pair of this number of an application.
    GenerateKey(Application, u8),
    /// STORE DATA of DGIs in one stream, so that each block but the last is full.
    Store {
        /// Number and value of each, in order.
        objects: Vec<(u16, Bytes)>,
        /// Whether their values go under the DEK.
        sensitive: bool,
    },
    /// Compare the card's digests with the plan's, for one application.
    CheckDigests(Application),
    /// SET STATUS of an application: no way back.
    SealApplication(Application, u8),
}

impl Step {
    pub(crate) fn new(name: impl Into<String>, kind: StepKind) -> Self {
        Self { name: name.into(), kind }
    }

    /// STORE DATA of these objects; no step where there are none.
    pub(crate) fn store(name: &str, objects: Vec<(u16, Bytes)>, sensitive: bool) -> Option<Self> {
        let store = |objects| Self::new(format!("write {name}"), StepKind::Store { objects, sensitive });
        (!objects.is_empty()).then(|| store(objects))
    }

    /// Octets that it writes.
    pub fn bytes(&self) -> usize {
        match &self.kind {
            StepKind::Store { objects, .. } => objects.iter().map(|(_, value)| value.len()).sum(),
            _ => 0,
        }
    }

    /// What it belongs to when the dialogue is counted, see [`phase`].
    pub const fn phase(&self) -> &'static str {
        match self.kind {
            StepKind::OpenDomain(_) | StepKind::OpenAgain | StepKind::OpenApplication(_) => phase::CHANNEL,
            StepKind::CardStatus(life::CARD_SECURED) | StepKind::SealApplication(..) => phase::SEAL,
            StepKind::CardStatus(_) | StepKind::Install { .. } | StepKind::InstallDomain(_) => phase::PREPARE,
            StepKind::RotateKeys | StepKind::PartnerKey(_) | StepKind::DomainKeys(_) | StepKind::GenerateKey(..) => {
                phase::KEYS
            }
            StepKind::Store { .. } => phase::WRITE,
            StepKind::CheckDigests(_) => phase::DIGESTS,
        }
    }

    /// Whether it cannot be taken back.
    pub fn is_irreversible(&self) -> bool {
        matches!(self.kind, StepKind::SealApplication(..) | StepKind::CardStatus(life::CARD_SECURED))
    }
}

/// A file as it will be on the card.
#[derive(Clone)]
pub struct PlannedFile {
    /// The application that it belongs to.
    pub application: Application,
    /// Name of the file.
    pub name: String,
    /// DGI that writes it.
    pub dgi: u16,
    /// Data group number, for the files whose hash EF.SOD signs.
    pub data_group: Option<u8>,
    /// Octets of the content.
    pub bytes: usize,
    /// SHA-256 of the content.
    pub sha256: [u8; 32],
}

/// A plan for one order on one chip.
pub struct Plan {
    /// Tag of the order.
    pub order: [u8; 16],
    /// The chip.
    pub kdd: Kdd,
    /// Steps, in order.
    pub steps: Vec<Step>,
    /// Files that the card will hold when the steps are done; empty for `Prepare`.
    pub files: Vec<PlannedFile>,
}

impl Plan {
    /// Octets that all steps write.
    pub fn bytes(&self) -> usize {
        self.steps.iter().map(Step::bytes).sum()
    }
}

/// Why no plan can be made. Nothing has been sent to a card.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A file's content.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// A file larger than its room on the card.
    #[error("{name}: {bytes} octets, the profile has room for {size_max}")]
    TooLarge {
        /// The file.
        name: String,
        /// Its octets.
        bytes: usize,
        /// Room.
        size_max: usize,
    },
    /// A file of the eID.
    #[error(transparent)]
    Eid(#[from] EidError),
    /// The card has not yet made one of its keys.
    #[error("the card has not made all keys of the profile")]
    NoCardKey,
    /// The card is sealed.
    #[error("the card is sealed")]
    Sealed,
}

/// Tag of the order: made of record, profile and the vault's secret, so that it says nothing of the record by itself.
pub fn order_tag(applicant: &Applicant, profile: &Profile, vault: &dyn KeyVault) -> [u8; 16] {
    *vault.derive("order", &[profile.product.name.as_bytes(), &applicant.digest()])
}

/// The steps that bring a card from its present state to one that is bound to the order and has its own key.
///
/// # Errors
/// [`PlanError::Sealed`].
pub fn prepare(
    (profile, applicant): (&Profile, &Applicant),
    chip: &ChipState,
    order: [u8; 16],
    vault: &dyn KeyVault,
) -> Result<Plan, PlanError> {
    if chip.is_sealed() {
        return Err(PlanError::Sealed);
    }
    let mut steps = vec![Step::new("open secure channel", StepKind::OpenDomain(chip.keys))];
    if chip.keys == KeyRole::Transport {
        steps.push(Step::new("replace transport keys", StepKind::RotateKeys));
        steps.push(Step::new("open secure channel with the card's own keys", StepKind::OpenAgain));
    }
    if chip.card_life < life::CARD_INITIALIZED {
        steps.push(Step::new("card to INITIALIZED", StepKind::CardStatus(life::CARD_INITIALIZED)));
    }
    if chip.applet.is_none() {
        let privileges = if profile.emrtd.default_selected { PRIVILEGE_CARD_RESET } else { 0 };
        let parameters = install_parameters(profile);
        let application = Application::Emrtd;
        steps.push(Step::new("install eMRTD", StepKind::Install { application, privileges, parameters }));
    }
    if let (Some(eid), None) = (&profile.eid, &chip.eid) {
        let (application, parameters) =
            (Application::Eid, eid::install_parameters((profile, applicant), eid, &order, vault));
        steps.push(Step::new("install eID", StepKind::Install { application, privileges: 0, parameters }));
    }
    steps.extend(prepare_partners(profile, &chip.partners));
    steps.push(Step::new("open secure channel with eMRTD", StepKind::OpenApplication(Application::Emrtd)));
    steps.extend(Step::store("binding tag", vec![(dgi::ORDER_TAG, order.into())], false));
    let made = |number| chip.applet.as_ref().is_some_and(|applet| applet.keys.contains_key(&number));
    for key in card_keys::specs(profile).into_iter().filter(|key| !made(key.number)) {
        steps.push(Step::new(card_keys::step_name(&key), StepKind::GenerateKey(Application::Emrtd, key.number)));
    }
    if let Some(eid) = &profile.eid {
        steps.extend(eid::prepare(eid, chip.eid.as_ref(), order));
    }
    Ok(Plan { order, kdd: chip.kdd, steps, files: Vec::new() })
}

/// Domains of partners: those that are not there yet, and their first keys.
fn prepare_partners(profile: &Profile, state: &PartnersState) -> Vec<Step> {
    if profile.partners.is_empty() {
        return Vec::new();
    }
    let mut steps = Vec::new();
    for (there, kvn, name) in [
        (state.token_key, partner::TOKEN_KVN, "put key for tokens of partners"),
        (state.receipt_key, partner::RECEIPT_KVN, "put key for receipts of partners"),
    ] {
        steps.extend((!there).then(|| Step::new(name, StepKind::PartnerKey(kvn))));
    }
    let found = |index: usize| state.domains.get(index).copied().unwrap_or(DomainState::Absent);
    let partners = || profile.partners.iter().enumerate();
    for (index, partner) in partners().filter(|(index, _)| found(*index) == DomainState::Absent) {
        steps.push(Step::new(format!("install domain of {}", partner.name), StepKind::InstallDomain(index)));
    }
    for (index, partner) in partners().filter(|(index, _)| found(*index) != DomainState::Ready) {
        steps.push(Step::new(format!("put keys into domain of {}", partner.name), StepKind::DomainKeys(index)));
    }
    steps
}

/// The steps that write the holder's data and seal the card.
///
/// # Errors
/// [`PlanError`] when the record does not make a card of this profile.
pub fn plan(
    profile: &Profile,
    applicant: &Applicant,
    facts: &CardFacts,
    issuer: &dyn Issuer,
    vault: &dyn KeyVault,
) -> Result<Plan, PlanError> {
    let order = order_tag(applicant, profile, vault);
    if card_keys::specs(profile).iter().any(|key| !facts.keys.emrtd.contains_key(&key.number)) {
        return Err(PlanError::NoCardKey);
    }
    let random = vault.derive("DG3 without prints", &[&order, &facts.kdd]);
    let contents = content::files(profile, applicant, &facts.keys.emrtd, &random, issuer)?;
    let order_of = eid::Order { profile, applicant, issuer, vault, tag: order };
    let (mut steps, mut files) = order_of.issue(facts)?;
    // `prepare` has left a channel open with the application that is written first: the eID, where it is not sealed.
    if !steps.is_empty() {
        steps.push(Step::new("open secure channel with eMRTD", StepKind::OpenApplication(Application::Emrtd)));
    }
    steps.extend(Step::store("passwords of eMRTD", secrets(profile, applicant, vault, &order), true));
    let mut objects = Vec::new();
    if !profile.ta.protocols.is_empty() {
        objects.push((dgi::CVCA_CERTIFICATE, issuer.cvca_certificate().into()));
        objects.push((dgi::CURRENT_DATE, issuer.current_date().into()));
    }
    for (file, value) in contents {
        let (name, bytes, size_max) = (file.name.clone(), value.len(), file.size_max);
        if bytes > size_max {
            return Err(PlanError::TooLarge { name, bytes, size_max });
        }
        let sha256 = sha256(&value);
        let dgi = dgi_of(file.fid, place(file));
        let application = Application::Emrtd;
        files.push(PlannedFile { application, name, dgi, data_group: file.content.data_group(), bytes, sha256 });
        objects.push((dgi, value));
    }
    steps.extend(Step::store("files of eMRTD", objects, false));
    steps.push(Step::new("check digests", StepKind::CheckDigests(Application::Emrtd)));
    steps.push(Step::new("open secure channel with the card manager", StepKind::OpenDomain(KeyRole::Issuer)));
    if facts.card_life < life::CARD_SECURED {
        steps.push(Step::new("card to SECURED", StepKind::CardStatus(life::CARD_SECURED)));
    }
    // Last of all the eMRTD, which reset selects: only with it does the card show a file, so that no card that looks
    // finished is not. Before it an eID that is whole: its digests were compared as well.
    if profile.eid.is_some() && !facts.eid_sealed {
        let seal = StepKind::SealApplication(Application::Eid, life::APPLICATION_PERSONALIZED);
        steps.push(Step::new(SEAL_EID, seal));
    }
    steps.push(Step::new(SEAL, StepKind::SealApplication(Application::Emrtd, life::APPLICATION_PERSONALIZED)));
    Ok(Plan { order, kdd: facts.kdd, steps, files })
}

/// Name of the step that seals the eMRTD, and with it the card.
pub const SEAL: &str = "seal eMRTD";
/// Name of the step that seals the eID.
pub const SEAL_EID: &str = "seal eID";
/// Name under which the journal keeps the verification.
pub const VERIFY: &str = "verify as a stranger";

/// Passwords of a card that are printed or told to its holder.
pub struct Passwords {
    /// Card access number, where the product has one.
    pub can: Option<Zeroizing<String>>,
    /// PIN, where the product has one.
    pub pin: Option<Zeroizing<String>>,
    /// PUK, where the product has one.
    pub puk: Option<Zeroizing<String>>,
    /// PINs and PUKs of the eID, where the product has one.
    pub eid: Vec<EidPin>,
}

/// The first value of a PIN or PUK of the eID.
pub struct EidPin {
    /// Its number.
    pub number: u8,
    /// What readers call it.
    pub label: String,
    /// Whether the holder must change it before it opens anything.
    pub transport: bool,
    /// The digits.
    pub value: Zeroizing<String>,
}

/// The passwords of an order: the record's CAN, and what nobody chose and the vault makes the same again for this
/// order.
pub fn passwords(profile: &Profile, applicant: &Applicant, vault: &dyn KeyVault, order: &[u8; 16]) -> Passwords {
    let has = |password| profile.pace.passwords.contains(&password);
    let drawn = |purpose: &str, digits| Zeroizing::new(digits_of(*vault.derive(purpose, &[order]), digits));
    let can = || match applicant.can() {
        Some(can) => Zeroizing::new(can.to_owned()),
        None => drawn("CAN", 6),
    };
    let of_eid = |pin: &bitaqa_profile::Pin| EidPin {
        number: pin.number,
        label: pin.label.clone(),
        transport: pin.transport,
        value: drawn(&format!("eID PIN {}", pin.number), pin.digits_min.into()),
    };
    let eid_opens = profile.eid.as_ref().is_some_and(|eid| eid.pace.contains(&Password::Can));
    Passwords {
        can: (has(Password::Can) || eid_opens).then(can),
        pin: has(Password::Pin).then(|| drawn("PIN", 6)),
        puk: has(Password::Puk).then(|| drawn("PUK", 10)),
        eid: profile.eid.iter().flat_map(|eid| &eid.pins).map(of_eid).collect(),
    }
}

/// So many decimal digits. 128 bits modulo 10^10: the bias is far below one in 10^28.
fn digits_of(octets: [u8; 16], digits: u32) -> String {
    let number = u128::from_be_bytes(octets) % 10u128.saturating_pow(digits);
    format!("{number:0width$}", width = usize::try_from(digits).unwrap_or(0))
}

/// What opens the card, each with its DGI.
fn secrets(profile: &Profile, applicant: &Applicant, vault: &dyn KeyVault, order: &[u8; 16]) -> Vec<(u16, Bytes)> {
    let Passwords { can, pin, puk, .. } = passwords(profile, applicant, vault, order);
    let can = can.filter(|_| profile.pace.passwords.contains(&Password::Can));
    let mut objects = Vec::new();
    for (number, secret) in [(dgi::CAN, can), (dgi::PIN, pin), (dgi::PUK, puk)] {
        objects.extend(secret.map(|secret| (number, secret.as_bytes().into())));
    }
    // BAC keys come out of the same hash as the MRZ password of PACE: 9303-11 §4.3.2, §9.7.2.
    if profile.bac.offered || profile.pace.passwords.contains(&Password::Mrz) {
        objects.push((dgi::MRZ_SECRET, content::mrz_secret(applicant)));
    }
    objects
}

/// Delay after a failure of PACE, as install parameters have it.
pub(crate) fn failure_delay(profile: &Profile) -> Delay {
    let delay = profile.pace.failure_delay;
    let short = |ms: u32| u16::try_from(ms).unwrap_or(u16::MAX);
    let factor = u8::try_from(delay.factor).unwrap_or(u8::MAX);
    Delay { first_ms: short(delay.first_ms), factor, max_ms: short(delay.max_ms) }
}

/// Install parameters of the eMRTD instance: its files and what its protocols accept.
fn install_parameters(profile: &Profile) -> Vec<u8> {
    let control = |file: &FileSpec| FileControl {
        fid: file.fid,
        sfi: file.sfi,
        size_max: u16::try_from(file.size_max).unwrap_or(u16::MAX),
        read: file.read.clone(),
        update: bitaqa_apdu::AccessRule::never(),
        place: place(file),
    };
    let reference = |password: &Password| match password {
        Password::Mrz => PASSWORD_MRZ,
        Password::Can => PASSWORD_CAN,
        Password::Pin => PASSWORD_PIN,
        Password::Puk => PASSWORD_PUK,
    };
    let tries = profile.pace.tries;
    let parameters = Parameters {
        files: profile.files.iter().map(control).collect(),
        keys: card_keys::specs(profile),
        passwords: profile.pace.passwords.iter().map(reference).collect(),
        delay: failure_delay(profile),
        bac: profile.bac.offered,
        tries: (tries.pin > 0 || tries.puk > 0).then_some(Tries { pin: tries.pin, puk: tries.puk }),
        quirk_pace: profile.laboratory.pace_answers.status_word().map(Sw),
        active_digest_bytes: profile.aa.key.hash().map(HashName::digest_bytes),
        objects: if profile.eid.is_some() { vec![eid::longest_data()] } else { Vec::new() },
    };
    parameters.encode()
}

/// Digest of a file's content, by which plan and card are compared.
pub(crate) fn sha256(content: &[u8]) -> [u8; 32] {
    bitaqa_tally::note(Operation::Hash, "SHA-256", content.len());
    Sha256::digest(content).into()
}

const fn place(file: &FileSpec) -> FcpPlace {
    match file.place {
        Place::Mf => FcpPlace::Mf,
        Place::Lds => FcpPlace::Application,
    }
}
