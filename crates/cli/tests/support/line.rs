//! The line in process: the same order that `bitaqa personalise` runs, with a card, a journal and random octets of the
//! test's choice. Built on the folder of a desk, so that program and library meet on the same record and keys.

// Each test binary takes what it needs; a panic here is the failure that is wanted.
#![allow(dead_code, clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use bitaqa_apdu::Transport;
use bitaqa_card::nvm::medium::Medium;
use bitaqa_card::{Card, ChipSpec, Platform};
use bitaqa_cli::commands::{applicant, personalise};
use bitaqa_cli::pki_folder::{self, IssuerFolder};
use bitaqa_cli::{profile_source, trust_folder, world};
use bitaqa_perso::applicant::Applicant;
use bitaqa_perso::execute::Station;
use bitaqa_perso::journal::Journal;
use bitaqa_perso::order::{self, OrderError, Receipt};
use bitaqa_perso::vault::MasterVault;
use bitaqa_pki::TrustStore;
use bitaqa_profile::Profile;
use bitaqa_terminal::inspection::{Conditions, ExtraFile, Terminal};
use bitaqa_terminal::trace::Totals;
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use rand_core::CryptoRng;

use crate::support::Desk;

/// Everything an order needs but card, journal and randomness.
pub struct Line {
    pub profile: Profile,
    pub person: Applicant,
    pub issuer: IssuerFolder,
    pub vault: MasterVault,
    pub trust: TrustStore,
    pub terminal: Terminal,
    pub extra: Vec<ExtraFile>,
}

impl Line {
    /// From the folder of a desk.
    pub fn of(desk: &Desk) -> Self {
        Self::for_profile(desk, "cnie-2.0")
    }

    /// From the folder of a desk, with cards of this profile.
    pub fn for_profile(desk: &Desk, profile: &str) -> Self {
        let profile = profile_source::load(profile).unwrap();
        let text = applicant::read_record(&desk.record()).unwrap();
        let (person, _) = applicant::parse(&text, &desk.record(), &profile).unwrap();
        let passphrase = std::fs::read_to_string(desk.path("pki/passphrase")).unwrap();
        let passphrase = passphrase.trim();
        let issuer = IssuerFolder::open(&desk.path("pki"), passphrase, &profile, world::now()).unwrap();
        let vault = issuer.vault(&profile);
        let trust = trust_folder::open(&desk.path("pki"), world::now()).unwrap().store;
        let terminal = pki_folder::terminal(&desk.path("pki"), passphrase).unwrap();
        let extra = personalise::extra_files(&profile);
        Self { profile, person, issuer, vault, trust, terminal, extra }
    }

    /// Conditions of an inspection with everything that the issuer has.
    pub fn conditions(&self) -> Conditions<'_> {
        Conditions {
            terminal: Some(&self.terminal),
            extra: &self.extra,
            ..Conditions::new(&self.trust, &self.profile.emrtd.instance_aid, world::now())
        }
    }

    /// Runs the order on a card.
    pub fn order(&self, card: &mut dyn Transport, journal: &mut dyn Journal, seed: u64) -> Result<Receipt, OrderError> {
        let station = Station {
            card,
            trace: &mut Totals::default(),
            vault: &self.vault,
            journal,
            rng: &mut ChaCha20Rng::seed_from_u64(seed),
            progress: &mut (),
        };
        order::run(&self.profile, &self.person, &self.issuer, &self.conditions(), station)
    }

    /// A blank card of the profile, always the same chip.
    pub fn blank(&self, medium: Box<dyn Medium>, waits: &Waits) -> Card {
        let spec = ChipSpec::of_profile(&self.profile, &mut ChaCha20Rng::seed_from_u64(77)).unwrap();
        Card::blank(spec, medium, Box::new(SeededPlatform::new(1001, waits))).unwrap()
    }
}

/// Milliseconds that a card has waited, in order.
pub type Waits = Arc<Mutex<Vec<u32>>>;

/// A platform whose random octets come from a seed and whose time is only written down.
pub struct SeededPlatform {
    rng: ChaCha20Rng,
    waits: Waits,
}

impl SeededPlatform {
    pub fn new(seed: u64, waits: &Waits) -> Self {
        Self { rng: ChaCha20Rng::seed_from_u64(seed), waits: waits.clone() }
    }
}

impl Platform for SeededPlatform {
    fn rng(&mut self) -> &mut dyn CryptoRng {
        &mut self.rng
    }

    fn wait(&mut self, milliseconds: u32) {
        self.waits.lock().unwrap().push(milliseconds);
    }
}
