//! Cards as an issuer makes them, once in a process: what sessions begin with, and where seeds of files come from.
//!
//! Everything is drawn from one seed, so that the same input does the same on every machine. Nobody is on these cards:
//! the holder is a sample, the issuer a laboratory.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bitaqa_apdu::{Aid, Atr, Bytes, Transport, TransportError, ins};
use bitaqa_card::Card;
use bitaqa_card::nvm::medium::MemoryMedium;
use bitaqa_laboratory::{LaboratoryIssuer, Outcome, Person, Seeded, blank, extra_files};
use bitaqa_perso::execute::Station;
use bitaqa_perso::journal::MemoryJournal;
use bitaqa_perso::vault::{KeyVault, MasterVault};
use bitaqa_perso::{order, plan};
use bitaqa_pki::TrustStore;
use bitaqa_profile::Profile;
use bitaqa_secure_messaging::KeySet;
use bitaqa_terminal::inspection::{Conditions, Terminal};
use bitaqa_terminal::trace::Lines;
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;

pub use bitaqa_laboratory::NOW;

/// A card out of a whole image.
///
/// # Errors
/// As of [`Card::load`].
pub fn card_of(image: &[u8]) -> Result<Card, bitaqa_card::CardError> {
    Card::load(Box::new(MemoryMedium::with(image.to_vec())), Seeded::boxed(1))
}

/// A product: one issuer, one holder, one card before and after.
pub struct Issued {
    /// The product.
    pub profile: Profile,
    /// The holder's record, JSON.
    pub record: String,
    /// Images beside the record, by name.
    pub images: BTreeMap<String, Vec<u8>>,
    /// What an inspection trusts.
    pub trust: TrustStore,
    /// All that issues the card.
    pub issuer: LaboratoryIssuer,
    /// The card's keys at its factory.
    pub transport_keys: KeySet,
    /// The card's keys after its issuer has replaced them.
    pub card_keys: KeySet,
    /// Card access number.
    pub can: String,
    /// First PIN of the eID, where it has one.
    pub pin: Option<String>,
    /// What BAC and PACE with the MRZ take from it (9303-11 §4.3.2).
    pub mrz_key_input: String,
    /// The lines of the MRZ.
    pub mrz_lines: String,
    /// Image of the blank card.
    pub blank: Vec<u8>,
    /// Image of the card with everything written, before it is sealed.
    pub written: Vec<u8>,
    /// Image of the sealed card.
    pub sealed: Vec<u8>,
    /// Files as an inspection read them, by name.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Trace of the order and of the inspection, with data.
    pub trace: String,
}

impl Issued {
    /// An inspection terminal of the same state, which may read DG3.
    pub fn terminal(&self) -> Option<Terminal> {
        self.issuer.terminal().ok()
    }

    /// The issuer's vault.
    pub fn vault(&self) -> MasterVault {
        self.issuer.vault(&self.profile)
    }
}

/// The laboratory's product with BAC, PACE, Chip, Terminal and Active Authentication, and two prints.
pub fn eac() -> &'static Issued {
    static MADE: OnceLock<Issued> = OnceLock::new();
    MADE.get_or_init(|| made("lab-eac"))
}

/// The national card with its eID.
pub fn cnie() -> &'static Issued {
    static MADE: OnceLock<Issued> = OnceLock::new();
    MADE.get_or_init(|| made("cnie-2.0"))
}

/// The same issuer's product over SCP02.
pub fn scp02() -> &'static Issued {
    static MADE: OnceLock<Issued> = OnceLock::new();
    MADE.get_or_init(|| made("lab-scp02"))
}

/// Without a card there is nothing to fuzz, and going on would look like success.
#[allow(clippy::panic)]
fn made(profile: &str) -> Issued {
    issue(profile).unwrap_or_else(|error| panic!("no card of {profile}: {error}"))
}

/// Keeps what the card was before the command that seals its travel document.
struct Witness<'a> {
    card: &'a mut Card,
    written: Vec<u8>,
}

impl Transport for Witness<'_> {
    fn reset(&mut self) -> Result<Atr, TransportError> {
        self.card.reset()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Bytes, TransportError> {
        if matches!(command, [_, ins::SET_STATUS, 0x40, ..]) {
            self.written = self.card.snapshot().to_vec();
        }
        self.card.transmit(command)
    }
}

fn issue(name: &str) -> Outcome<Issued> {
    let profile = Profile::builtin(name)?;
    // Another product is another issuer's: who trusts the one must find nothing good in the other.
    let mut rng = ChaCha20Rng::seed_from_u64(name.bytes().fold(0, |sum, letter| sum * 31 + u64::from(letter)));
    let issuer = LaboratoryIssuer::new(&profile, &mut rng)?;
    let person = Person::new(&profile, &mut rng)?;
    let (vault, trust, terminal) = (issuer.vault(&profile), issuer.trust()?, issuer.terminal()?);
    let mut card = blank(&profile, 1)?;
    let kdd = card.info().kdd;
    let blank = card.snapshot().to_vec();
    let extra = extra_files(&profile);
    let application: &Aid = &profile.emrtd.instance_aid;
    let conditions =
        Conditions { terminal: Some(&terminal), extra: &extra, ..Conditions::new(&trust, application, NOW) };
    let mut text = Vec::new();
    let mut trace = Lines::with_data(&mut text);
    let (mut journal, mut progress) = (MemoryJournal::default(), ());
    let mut witness = Witness { card: &mut card, written: Vec::new() };
    let station = Station {
        card: &mut witness,
        trace: &mut trace,
        vault: &vault,
        journal: &mut journal,
        rng: &mut rng,
        progress: &mut progress,
    };
    let receipt = order::run(&profile, &person.applicant, &issuer, &conditions, station)?;
    let written = witness.written;
    let tag = plan::order_tag(&person.applicant, &profile, &vault);
    let passwords = plan::passwords(&profile, &person.applicant, &vault, &tag);
    let files = receipt.report.inspection.files.iter();
    let files = files.map(|file| (file.name.clone(), file.content.to_vec())).collect();
    let mrz = person.applicant.mrz();
    Ok(Issued {
        transport_keys: vault.transport_keys(&kdd)?,
        card_keys: vault.issuer_keys(&kdd)?,
        can: passwords.can.as_deref().cloned().unwrap_or_default(),
        pin: passwords.eid.first().map(|pin| pin.value.to_string()),
        mrz_key_input: mrz.key_input().to_string(),
        mrz_lines: mrz.lines().join("\n"),
        sealed: card.snapshot().to_vec(),
        trace: String::from_utf8(text)?,
        record: person.record,
        images: person.images,
        issuer,
        written,
        profile,
        trust,
        blank,
        files,
    })
}
