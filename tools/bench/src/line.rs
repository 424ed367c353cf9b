//! A personalisation line in memory: an issuer, an applicant and as many virtual cards as are asked for. Everything is
//! seeded, so that two runs do the same work and instruction counts can be compared.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bitaqa_card::Card;
use bitaqa_laboratory::{LaboratoryIssuer, NOW, Person, extra_files};
use bitaqa_perso::execute::Station;
use bitaqa_perso::journal::MemoryJournal;
use bitaqa_perso::order::{self, Receipt};
use bitaqa_perso::vault::MasterVault;
use bitaqa_perso::{plan, verify};
use bitaqa_pki::{TrustStore, key_file};
use bitaqa_profile::Profile;
use bitaqa_secure_messaging::pace::Password;
use bitaqa_tally::Count;
use bitaqa_terminal::inspection::{Conditions, ExtraFile, Inspection, Terminal, run as inspect};
use bitaqa_terminal::{Exchange, Trace};
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;

use crate::cpu::CpuTime;

pub use bitaqa_laboratory::Outcome;

/// Passphrase of the files that strangers get.
const PASSPHRASE: &str = "SPECIMEN bench";

/// The issuer's side and one person.
pub struct Line {
    /// The product.
    pub profile: Profile,
    person: Person,
    issuer: LaboratoryIssuer,
    vault: MasterVault,
    trust: TrustStore,
    terminal: Terminal,
    extra: Vec<ExtraFile>,
}

/// Where time goes on the way of a card, and what was asked of cryptography there. Whoever speaks to the card names the
/// phases; making files and signing them has one of its own.
#[derive(Default)]
pub struct Phases {
    began: Option<(String, CpuTime)>,
    /// By phase, in the order of their first appearance.
    pub rows: Vec<Phase>,
}

/// One phase of an order.
pub struct Phase {
    /// Its name.
    pub name: String,
    /// Time in it.
    pub time: Duration,
    /// Primitives in it, on both sides.
    pub counts: Vec<Count>,
}

impl Phases {
    /// Begins with this phase. What was counted before is forgotten.
    pub fn begin(name: &str) -> Self {
        bitaqa_tally::take();
        Self { began: Some((name.to_owned(), CpuTime::now())), rows: Vec::new() }
    }

    /// Ends the phase that goes on, and begins another.
    fn enter(&mut self, name: &str) {
        if self.began.as_ref().is_some_and(|(now, _)| now == name) {
            return;
        }
        let now = CpuTime::now();
        let counts = bitaqa_tally::take();
        let Some((before, since)) = self.began.replace((name.to_owned(), now)) else { return };
        match self.rows.iter_mut().find(|row| row.name == before) {
            Some(row) => {
                row.time += now.since(since);
                row.counts.extend(counts);
            }
            None => self.rows.push(Phase { name: before, time: now.since(since), counts }),
        }
    }

    /// Ends the last phase.
    pub fn end(&mut self) {
        self.enter("");
        self.began = None;
    }
}

impl Trace for Phases {
    fn exchange(&mut self, _: &Exchange<'_>) {}

    fn phase(&mut self, name: &str) {
        // The files of an inspection are many and alike: one row for all of them.
        let file = name.starts_with("DG") || name.starts_with("EF.");
        self.enter(if file { "read files" } else { name });
    }
}

impl Line {
    /// Makes issuer keys and a person with portrait and prints, for cards of a profile.
    ///
    /// # Errors
    /// Whatever fails; nothing of it is a matter of time.
    pub fn new(profile: &str, seed: u64) -> Outcome<Self> {
        Self::of(Profile::builtin(profile)?, seed)
    }

    /// The same for a profile at hand.
    ///
    /// # Errors
    /// [`Line::new`].
    pub fn of(profile: Profile, seed: u64) -> Outcome<Self> {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let issuer = LaboratoryIssuer::new(&profile, &mut rng)?;
        let (trust, terminal, vault) = (issuer.trust()?, issuer.terminal()?, issuer.vault(&profile));
        let person = Person::new(&profile, &mut rng)?;
        let extra = extra_files(&profile);
        Ok(Self { profile, person, issuer, vault, trust, terminal, extra })
    }

    /// A blank chip.
    ///
    /// # Errors
    /// [`Line::new`].
    pub fn blank(&self, seed: u64) -> Outcome<Card> {
        bitaqa_laboratory::blank(&self.profile, seed)
    }

    fn conditions(&self) -> Conditions<'_> {
        Conditions {
            terminal: Some(&self.terminal),
            extra: &self.extra,
            ..Conditions::new(&self.trust, &self.profile.emrtd.instance_aid, NOW)
        }
    }

    /// Issues and verifies one card: the whole order, from probe to verdict.
    ///
    /// # Errors
    /// An order that does not end in a good card.
    pub fn issue(&self, card: &mut dyn bitaqa_apdu::Transport, seed: u64, trace: &mut dyn Trace) -> Outcome<Receipt> {
        let station = Station {
            card,
            trace,
            vault: &self.vault,
            journal: &mut MemoryJournal::default(),
            rng: &mut ChaCha20Rng::seed_from_u64(seed ^ 0xA5A5_A5A5),
            progress: &mut (),
        };
        Ok(order::run(&self.profile, &self.person.applicant, &self.issuer, &self.conditions(), station)?)
    }

    /// Inspects an issued card as a stranger would.
    ///
    /// # Errors
    /// A card that does not answer, or an inspection that is not positive.
    pub fn inspect(
        &self,
        card: &mut dyn bitaqa_apdu::Transport,
        seed: u64,
        trace: &mut dyn Trace,
    ) -> Outcome<Inspection> {
        let password = self.password()?;
        let mut rng = ChaCha20Rng::seed_from_u64(seed ^ 0x5A5A);
        let inspection = inspect(card, trace, &password, &self.conditions(), &mut rng)?;
        if inspection.is_positive() { Ok(inspection) } else { Err("the inspection is not positive".into()) }
    }

    /// What is printed on this person's card.
    ///
    /// # Errors
    /// [`Line::new`].
    pub fn password(&self) -> Outcome<Password> {
        let tag = plan::order_tag(&self.person.applicant, &self.profile, &self.vault);
        Ok(verify::password(&self.profile, &self.person.applicant, &self.vault, &tag)?)
    }

    /// Writes what a terminal of somebody else needs to inspect this person's card.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn write_for_strangers(&self, folder: &Path) -> Outcome<()> {
        let terminal = folder.join("terminal");
        fs::create_dir_all(&terminal)?;
        fs::create_dir_all(folder.join("trust"))?;
        let keys = &self.issuer.keys;
        fs::write(folder.join("trust/csca.cer"), keys.csca.certificate.der())?;
        let [document_verifier, inspection_system] = keys.terminal_chain();
        fs::write(terminal.join("dv.cvcert"), document_verifier.encode())?;
        fs::write(terminal.join("is.cvcert"), inspection_system.encode())?;
        let mut rng = ChaCha20Rng::seed_from_u64(4);
        let key = key_file::seal_signing(&keys.inspection_system.key, PASSPHRASE.as_bytes(), &mut rng)?;
        fs::write(terminal.join("is.key"), key)?;
        fs::write(folder.join("passphrase"), PASSPHRASE)?;
        let tag = plan::order_tag(&self.person.applicant, &self.profile, &self.vault);
        let passwords = plan::passwords(&self.profile, &self.person.applicant, &self.vault, &tag);
        let can = passwords.can.as_deref().map(String::as_str);
        let print = serde_json::json!({ "can": can, "mrz": self.person.applicant.mrz().lines() });
        Ok(fs::write(folder.join("print.json"), print.to_string())?)
    }
}
