//! `bitaqa personalise`: one record onto one card.

use std::fs::File;
use std::io::{BufWriter, IsTerminal};
use std::path::{Path, PathBuf};

use bitaqa_perso::applicant::Applicant;
use bitaqa_perso::execute::Station;
use bitaqa_perso::journal::{FileJournal, JournalError};
use bitaqa_perso::order::{self, Course, OrderError, Receipt};
use bitaqa_perso::plan::{self, EidPin, Passwords, PlanError};
use bitaqa_pki::TrustStore;
use bitaqa_profile::{FileContent, Profile};
use bitaqa_secure_messaging::pace::PasswordKind;
use bitaqa_terminal::inspection::{Conditions, ExtraFile, Terminal};
use bitaqa_terminal::trace::{Lines, Totals, Trace};
use serde::Serialize;

use super::applicant;
use crate::args::{CardArg, Personalise};
use crate::card_source::AnyCard;
use crate::exit::{Class, Failure, Problem};
use crate::output::{Bar, Form, Output};
use crate::passphrase::Source;
use crate::pki_folder::{self, IssuerFolder};
use crate::report::{CheckReport, InspectionReport};
use crate::{profile_source, trust_folder, world};

#[derive(Serialize)]
struct Done {
    result: &'static str,
    course: &'static str,
    profile: String,
    chip: String,
    order: String,
    written_bytes: usize,
    commands: u64,
    journal: String,
    print_data: String,
    warnings: Vec<Problem>,
    verification: InspectionReport,
}

/// What the laser and the letter to the holder need: the only place, beside record and card, where they stand.
#[derive(Serialize)]
struct PrintData<'a> {
    document_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    can: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pin: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    puk: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    eid: Vec<PrintPin<'a>>,
    mrz: [&'a str; 3],
}

/// The first value of a PIN or PUK of the eID, for the letter to the holder.
#[derive(Serialize)]
struct PrintPin<'a> {
    number: u8,
    label: &'a str,
    value: &'a str,
    /// Whether the holder must change it before it opens anything.
    transport: bool,
}

impl<'a> PrintPin<'a> {
    fn of(pin: &'a EidPin) -> Self {
        Self { number: pin.number, label: &pin.label, value: &pin.value, transport: pin.transport }
    }
}

/// Runs the command.
///
/// # Errors
/// Bad input before anything is written, card for refusals and failures, verdict for a card that does not verify.
pub fn run(request: &Personalise, source: &Source, output: Output) -> Result<(), Failure> {
    let done = personalise(request, source, output)?;
    output.result(&done, || human(&done))
}

/// Runs the order; for this command and for `demo`.
///
/// # Errors
/// As [`run`].
pub fn personalise_quietly(
    request: &Personalise,
    source: &Source,
    output: Output,
) -> Result<InspectionReport, Failure> {
    personalise(request, source, output).map(|done| done.verification)
}

fn personalise(request: &Personalise, source: &Source, output: Output) -> Result<Done, Failure> {
    let profile = profile_source::load(&request.profile)?;
    let text = applicant::read_record(&request.applicant)?;
    let (person, warnings) = applicant::parse(&text, &request.applicant, &profile)?;
    for warning in &warnings {
        output.note(&format!("warning: {warning}"));
    }
    if profile.laboratory.only {
        output.note(&format!("warning: {} is a product of laboratories, not one for holders", profile.product.name));
    }
    let passphrase = source.existing(&request.pki)?;
    let issuer = IssuerFolder::open(&request.pki, &passphrase, &profile, world::now())?;
    let trust = trust_folder::open(&request.pki, world::now())?.store;
    let terminal = pki_folder::terminal(&request.pki, &passphrase)?;
    confirm(request, output)?;

    let files = Files::of(request);
    let new_files: Vec<&PathBuf> = files.all().filter(|file| !file.exists()).collect();
    let run = Run {
        record: &request.applicant,
        profile: &profile,
        person: &person,
        issuer: &issuer,
        trust: &trust,
        terminal: &terminal,
    };
    let ended = run.onto(&request.card, &files, output);
    if ended.as_ref().is_err_and(|failure| failure.class == Class::BadInput) {
        take_back(&new_files);
    }
    let (receipt, totals) = ended?;
    Ok(done(&receipt, &profile, totals, &files, warnings))
}

/// Where a run writes beside the card.
struct Files {
    journal: PathBuf,
    print_data: PathBuf,
    trace: Option<PathBuf>,
    trace_data: Option<PathBuf>,
}

impl Files {
    fn of(request: &Personalise) -> Self {
        let journal = journal_file(request);
        // Beside an image there is one card; a reader sees many, and each record has its own name.
        let stem = match &request.card.image {
            Some(_) => journal.clone(),
            None => request.applicant.clone(),
        };
        let print_data = request.print_data.clone().unwrap_or_else(|| with_ending(&stem, "print.json"));
        Self { journal, print_data, trace: request.trace.clone(), trace_data: request.trace_data.clone() }
    }

    fn all(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.journal, &self.print_data].into_iter().chain(&self.trace).chain(&self.trace_data)
    }
}

/// Bad input means that nothing was written. A journal with an event in it stays all the same: it tells of a card.
fn take_back(new_files: &[&PathBuf]) {
    for file in new_files {
        let tells = std::fs::read(file).is_ok_and(|octets| octets.starts_with(br#"{"event""#));
        if !tells {
            let _ = std::fs::remove_file(file);
        }
    }
}

/// An order whose input is checked.
struct Run<'a> {
    record: &'a Path,
    profile: &'a Profile,
    person: &'a Applicant,
    issuer: &'a IssuerFolder,
    trust: &'a TrustStore,
    terminal: &'a Terminal,
}

impl Run<'_> {
    fn onto(&self, card: &CardArg, files: &Files, output: Output) -> Result<(Receipt, Totals), Failure> {
        let (profile, person) = (self.profile, self.person);
        let vault = self.issuer.vault(profile);
        order::rehearse(profile, person, self.issuer, &vault).map_err(|error| plan_failure(&error, self.record))?;
        let mut card = AnyCard::open(card, output)?;
        let mut journal = FileJournal::open(&files.journal).map_err(|error| journal_failure(&files.journal, error))?;
        let tag = plan::order_tag(person, profile, &vault);
        let mut trace = OptionalTrace::either(files.trace.as_deref(), files.trace_data.as_deref())?;
        let mut bar = Bar::new(output);
        let conditions = Conditions {
            terminal: Some(self.terminal),
            extra: &extra_files(profile),
            ..Conditions::new(self.trust, &profile.emrtd.instance_aid, world::now())
        };
        let mut station = Station {
            card: &mut card,
            trace: &mut trace,
            vault: &vault,
            journal: &mut journal,
            rng: &mut world::rng(),
            progress: &mut bar,
        };
        // Print data come between: not for a card that is refused, and before a card is sealed whose CAN nobody knows.
        let refused = |error| order_failure(&error, self.record);
        let ended = order::admit(profile, person, &mut station).map_err(refused).and_then(|admission| {
            write_print_data(&files.print_data, person, &plan::passwords(profile, person, &vault, &tag))?;
            admission.run(profile, person, self.issuer, &conditions, station).map_err(refused)
        });
        drop(bar);
        let put_away = card.put_away();
        let receipt = ended?;
        put_away?;
        Ok((receipt, trace.totals()))
    }
}

fn done(receipt: &Receipt, profile: &Profile, totals: Totals, files: &Files, warnings: Vec<Problem>) -> Done {
    let password = if receipt.password == PasswordKind::Can { "CAN" } else { "MRZ" };
    let course = match receipt.course {
        Course::Fresh => "fresh",
        Course::Resumed => "resumed",
        Course::Adopted => "adopted",
    };
    Done {
        result: "issued",
        course,
        profile: profile.product.name.clone(),
        chip: hex::encode_upper(receipt.kdd),
        order: hex::encode_upper(receipt.order),
        written_bytes: receipt.written_bytes,
        commands: totals.commands,
        journal: files.journal.display().to_string(),
        print_data: files.print_data.display().to_string(),
        warnings,
        verification: InspectionReport::new(&receipt.report.inspection, password, true),
    }
}

fn human(done: &Done) -> String {
    format!(
        "{}\nissued, sealed and verified ({}): chip {}, {} octets written, {} commands\njournal     {}\nprint data  {}",
        done.verification.table(),
        done.course,
        done.chip,
        done.written_bytes,
        done.commands,
        done.journal,
        done.print_data
    )
}

/// Sealing has no way back, so somebody has to say yes.
fn confirm(request: &Personalise, output: Output) -> Result<(), Failure> {
    if request.yes {
        return Ok(());
    }
    if output.form == Form::Json || !std::io::stdin().is_terminal() {
        return Err(Failure::usage("sealing a card has no way back: say --yes. Nothing was written"));
    }
    let asked = dialoguer::Confirm::new().with_prompt("Write and seal this card? There is no way back").default(false);
    match asked.interact() {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::usage("not confirmed. Nothing was written")),
        Err(error) => Err(Failure::new(Class::Internal, error.to_string())),
    }
}

fn journal_file(request: &Personalise) -> PathBuf {
    let default = || match &request.card.image {
        Some(image) => with_ending(image, "journal"),
        None => PathBuf::from("bitaqa.journal"),
    };
    request.journal.clone().unwrap_or_else(default)
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

fn journal_failure(file: &Path, error: JournalError) -> Failure {
    match error {
        JournalError::InUse(_) => Failure::card(format!("{error}. Next: wait until it is done")),
        JournalError::Io { source, .. } => {
            Failure::input(file, source, "give --journal FILE in a folder that can be written")
        }
        error @ JournalError::Damaged { .. } => {
            Failure::input(file, error, "keep it for the auditor; give --journal FILE with another name")
        }
    }
}

/// What the laser needs, for its owner only. Whole or not at all: a half file would stop the order's next run.
fn write_print_data(file: &Path, person: &Applicant, passwords: &Passwords) -> Result<(), Failure> {
    let data = PrintData {
        document_number: person.document_number(),
        can: passwords.can.as_deref().map(String::as_str),
        pin: passwords.pin.as_deref().map(String::as_str),
        puk: passwords.puk.as_deref().map(String::as_str),
        eid: passwords.eid.iter().map(PrintPin::of).collect(),
        mrz: person.mrz().lines(),
    };
    let text = serde_json::to_string_pretty(&data).map_err(|error| Failure::new(Class::Internal, error.to_string()))?;
    let text = zeroize::Zeroizing::new(text + "\n");
    let cannot = |error| Failure::input(file, error, "give --print-data FILE in a folder that can be written");
    // Octets, not text: what is no text is another file too.
    match std::fs::read(file).map(zeroize::Zeroizing::new) {
        Ok(there) if there.as_slice() == text.as_bytes() => Ok(()),
        Ok(_) => {
            let what = "print data of another order, or another file, lie there";
            Err(Failure::input(file, what, "give --print-data FILE with another name; nothing is ever overwritten"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let beside = with_ending(file, "new");
            let _ = std::fs::remove_file(&beside); // left by a crash; if it cannot go, writing tells why
            pki_folder::write_new(&beside, text.as_bytes(), true)?;
            std::fs::rename(&beside, file).map_err(cannot)
        }
        Err(error) => Err(cannot(error)),
    }
}

/// Files of the product beside those of 9303-10.
pub fn extra_files(profile: &Profile) -> Vec<ExtraFile> {
    let optional = profile.file(FileContent::Optional);
    optional.map(|file| ExtraFile { name: file.name.clone(), sfi: file.sfi }).into_iter().collect()
}

fn order_failure(error: &OrderError, record: &Path) -> Failure {
    match error {
        OrderError::Plan(error) => plan_failure(error, record),
        OrderError::NotGood(report) => Failure {
            checks: report.inspection.checks.iter().map(CheckReport::from).collect(),
            ..Failure::new(Class::Verdict, error.to_string())
        },
        other => Failure::card(other),
    }
}

/// A record that passes its own checks and does not fit the profile's files.
fn plan_failure(error: &PlanError, record: &Path) -> Failure {
    let field = match error {
        PlanError::TooLarge { name, .. } => name.clone(),
        _ => String::new(),
    };
    let (file, what) = (record.display().to_string(), error.to_string());
    let remedy =
        "shorten the entries or the images that go into this file, or take a profile with more room".to_owned();
    Failure::problems(vec![Problem { file, field, what, remedy }])
}

/// A trace into a file, or counting only.
pub enum OptionalTrace {
    /// Into a file.
    Lines(Lines<BufWriter<File>>),
    /// Counting only.
    Totals(Totals),
}

impl OptionalTrace {
    /// Makes the file, if one is wanted.
    ///
    /// # Errors
    /// Bad input when it cannot be made.
    pub fn open(file: Option<&Path>) -> Result<Self, Failure> {
        let Some(file) = file else { return Ok(Self::Totals(Totals::default())) };
        let made = File::create(file);
        let made =
            made.map_err(|error| Failure::input(file, error, "give a file name in a folder that can be written"))?;
        Ok(Self::Lines(Lines::new(BufWriter::new(made))))
    }

    /// One with data fields, one without, or counting only.
    ///
    /// # Errors
    /// Bad input when a file cannot be made.
    pub fn either(file: Option<&Path>, with_data: Option<&Path>) -> Result<Self, Failure> {
        if with_data.is_some() { Self::with_data(with_data) } else { Self::open(file) }
    }

    /// Makes a file with data fields, if one is wanted, and says what that means.
    ///
    /// # Errors
    /// Bad input when it cannot be made.
    pub fn with_data(file: Option<&Path>) -> Result<Self, Failure> {
        let Some(file) = file else { return Ok(Self::Totals(Totals::default())) };
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        // For its owner only, unlike a trace without data.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let made = options.open(file);
        let made =
            made.map_err(|error| Failure::input(file, error, "give a file name in a folder that can be written"))?;
        Output::warn(&format!(
            "WARNING: {} will hold data fields of the dialogue, which are personal data of the card's holder: for a \
             laboratory only, never with a citizen's card. Keys, PINs and personalisation data stay out of it.",
            file.display()
        ));
        Ok(Self::Lines(Lines::with_data(BufWriter::new(made))))
    }

    /// Counts so far.
    pub fn totals(&self) -> Totals {
        match self {
            Self::Lines(lines) => lines.totals,
            Self::Totals(totals) => *totals,
        }
    }
}

impl Trace for OptionalTrace {
    fn exchange(&mut self, exchange: &bitaqa_terminal::Exchange<'_>) {
        match self {
            Self::Lines(lines) => lines.exchange(exchange),
            Self::Totals(totals) => totals.exchange(exchange),
        }
    }

    fn plain(&mut self, command: &bitaqa_apdu::Command, response: &bitaqa_apdu::Response) {
        if let Self::Lines(lines) = self {
            lines.plain(command, response);
        }
    }
}
