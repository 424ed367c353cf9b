//! Cards as an issuer makes them, once in a process: what sessions begin with, and where seeds of files come from.
//!
//! Everything is drawn from one seed, so that the same input does the same on every machine. Nobody is on these cards:
//! the holder is a sample, the issuer a laboratory.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bitaqa_apdu::{Aid, Atr, Bytes, Transport, TransportError, ins};
use bitaqa_biometrics::synthetic::{self, Hand, Sitter};
use bitaqa_card::nvm::medium::MemoryMedium;
use bitaqa_card::{Card, ChipSpec, Platform};
use bitaqa_perso::applicant::{Applicant, sample};
use bitaqa_perso::content::{document_signer_algorithm, terminal_algorithm};
use bitaqa_perso::execute::Station;
use bitaqa_perso::issuer::Issuer;
use bitaqa_perso::journal::MemoryJournal;
use bitaqa_perso::vault::{KeyVault, MasterVault};
use bitaqa_perso::{order, plan};
use bitaqa_pki::cvc::date_to_bcd;
use bitaqa_pki::issuer_keys::{self, Identity, IssuerKeys, IssuerPlan, Schedule, USUAL};
use bitaqa_pki::spki::Form;
use bitaqa_pki::x509::IssuingState;
use bitaqa_pki::{Certificate, KeySigner, Signer, TrustStore};
use bitaqa_profile::{FileContent, Profile};
use bitaqa_secure_messaging::KeySet;
use bitaqa_terminal::inspection::{Conditions, ExtraFile, Terminal};
use bitaqa_terminal::trace::Lines;
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use rand_core::{CryptoRng, Rng};
use time::macros::utc_datetime;
use time::{Date, UtcDateTime};
use zeroize::Zeroizing;

/// The day on which the cards are issued and inspected.
pub const NOW: UtcDateTime = utc_datetime!(2026-06-01 12:00);

/// A chip's randomness from a seed. It does not wait: a delay is what the card says, not what a fuzzer sits through.
pub struct Seeded(ChaCha20Rng);

impl Seeded {
    /// The same octets in every run.
    pub fn boxed() -> Box<dyn Platform> {
        Box::new(Self(ChaCha20Rng::seed_from_u64(1)))
    }
}

impl Platform for Seeded {
    fn rng(&mut self) -> &mut dyn CryptoRng {
        &mut self.0
    }

    fn wait(&mut self, _: u32) {}
}

/// A card out of a whole image.
///
/// # Errors
/// As of [`Card::load`].
pub fn card_of(image: &[u8]) -> Result<Card, bitaqa_card::CardError> {
    Card::load(Box::new(MemoryMedium::with(image.to_vec())), Seeded::boxed())
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
    /// All keys of the issuer.
    pub keys: IssuerKeys,
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
    /// The issuer's master key.
    master: Zeroizing<Vec<u8>>,
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
        terminal(&self.keys).ok()
    }

    /// The issuer's vault.
    pub fn vault(&self) -> MasterVault {
        MasterVault::for_profile(self.master.clone(), &self.profile)
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

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

struct Desk {
    keys: IssuerKeys,
    document_signer: KeySigner,
    holder_ca: Identity<Certificate>,
    holder_signer: KeySigner,
    cvca: Vec<u8>,
}

impl Issuer for Desk {
    fn document_signer_certificate(&self) -> &Certificate {
        &self.keys.document_signer.certificate
    }

    fn document_signer(&self) -> &dyn Signer {
        &self.document_signer
    }

    fn cvca_certificate(&self) -> &[u8] {
        &self.cvca
    }

    fn holder_ca(&self) -> Option<(&Certificate, &dyn Signer)> {
        Some((&self.holder_ca.certificate, &self.holder_signer))
    }

    fn current_date(&self) -> [u8; 6] {
        date_to_bcd(NOW.date())
    }
}

fn desk(profile: &Profile, rng: &mut ChaCha20Rng) -> Outcome<Desk> {
    let state = IssuingState {
        country: "MA".into(),
        mrz_state: "MAR".into(),
        organisation: "SPECIMEN bitaqa test issuer".into(),
        contact: "csca@example.org".into(),
        crl_urls: vec!["https://example.org/csca.crl".into()],
    };
    let holder_ca = issuer_keys::holder_ca(&state, Schedule::LABORATORY, USUAL, NOW, rng)?;
    let plan = IssuerPlan {
        state,
        document_types: vec!["ID".into()],
        form: Form::Named,
        schedule: Schedule::LABORATORY,
        document_signer: document_signer_algorithm(profile),
        terminals: terminal_algorithm(profile),
    };
    let keys = issuer_keys::generate(&plan, NOW, rng)?;
    let (document_signer, holder_signer) = (keys.document_signer.signer(), holder_ca.signer());
    let cvca = keys.cvca.certificate.encode();
    Ok(Desk { keys, document_signer, holder_ca, holder_signer, cvca })
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

struct Person {
    applicant: Applicant,
    record: String,
    images: BTreeMap<String, Vec<u8>>,
}

fn person(profile: &Profile, rng: &mut ChaCha20Rng, today: Date) -> Outcome<Person> {
    let with_prints = profile.holder.fingerprints == bitaqa_profile::Prints::Two;
    let record = sample::record(rng, false, with_prints, today);
    let record = serde_json::to_string_pretty(&record)?;
    let mut images = BTreeMap::new();
    images.insert(sample::PORTRAIT_FILE.to_owned(), synthetic::portrait(rng, Sitter::Woman)?);
    if with_prints {
        images.insert(sample::RIGHT_INDEX_FILE.to_owned(), synthetic::fingerprint(rng, Hand::Right)?);
        images.insert(sample::LEFT_INDEX_FILE.to_owned(), synthetic::fingerprint(rng, Hand::Left)?);
    }
    let folder = |name: &str| images.get(name).cloned().ok_or_else(|| "no such file".to_owned());
    let (applicant, _) = Applicant::parse(&record, "record.json", &folder, profile, today)
        .map_err(|errors| format!("{} problems in the sample", errors.problems.len()))?;
    Ok(Person { applicant, record, images })
}

fn terminal(keys: &IssuerKeys) -> Outcome<Terminal> {
    let chain = keys.terminal_chain().map(Clone::clone).to_vec();
    Ok(Terminal::new(chain, Vec::new(), Box::new(keys.inspection_system.signer()))?)
}

fn issue(name: &str) -> Outcome<Issued> {
    let profile = Profile::builtin(name)?;
    // Another product is another issuer's: who trusts the one must find nothing good in the other.
    let mut rng = ChaCha20Rng::seed_from_u64(name.bytes().fold(0, |sum, letter| sum * 31 + u64::from(letter)));
    let desk = desk(&profile, &mut rng)?;
    let person = person(&profile, &mut rng, NOW.date())?;
    let mut master = Zeroizing::new(vec![0; 32]);
    rng.fill_bytes(&mut master);
    let vault = MasterVault::for_profile(master.clone(), &profile);

    let mut trust = TrustStore::new();
    trust.add(desk.keys.csca.certificate.clone())?;
    let terminal = terminal(&desk.keys)?;
    let spec = ChipSpec::of_profile(&profile, &mut rng).map_err(|error| error.to_string())?;
    let kdd = spec.configuration.kdd;
    let mut card = Card::blank(spec, Box::new(MemoryMedium::default()), Seeded::boxed())?;
    let blank = card.snapshot().to_vec();

    let extra: Vec<ExtraFile> = profile
        .file(FileContent::Optional)
        .map(|file| ExtraFile { name: file.name.clone(), sfi: file.sfi })
        .into_iter()
        .collect();
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
    let receipt = order::run(&profile, &person.applicant, &desk, &conditions, station)?;
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
        keys: desk.keys,
        master,
        written,
        profile,
        trust,
        blank,
        files,
    })
}
