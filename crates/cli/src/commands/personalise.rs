//! `bitaqa personalise`: one record onto one card.

use std::fs::File;
use std::io::{BufWriter, IsTerminal};
use std::path::{Path, PathBuf};

use bitaqa_perso::applicant::Applicant;
use bitaqa_perso::execute::Station;
use bitaqa_perso::journal::{FileJournal, JournalError};
use bitaqa_perso::order::{self, Course, OrderError, Receipt};
use bitaqa_perso::plan;
use bitaqa_profile::{FileContent, Profile};
use bitaqa_terminal::inspection::{Conditions, ExtraFile};
use bitaqa_terminal::trace::{Lines, Totals, Trace};
use serde::Serialize;

use super::applicant;
use crate::args::Personalise;
use crate::card_source::AnyCard;
use crate::exit::{Class, Failure, Problem};
use crate::output::{Bar, Form, Output};
use crate::passphrase::Source;
use crate::pki_folder::{self, IssuerFolder};
use crate::report::InspectionReport;
use crate::{profile_source, world};

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

/// What the laser needs: the only place, beside record and card, where the CAN stands.
#[derive(Serialize)]
struct PrintData<'a> {
    document_number: &'a str,
    can: &'a str,
    mrz: [&'a str; 3],
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
    let passphrase = source.existing(&request.pki)?;
    let issuer = IssuerFolder::open(&request.pki, &passphrase, world::now())?;
    let vault = issuer.vault(&profile);
    let trust = pki_folder::trust(&request.pki)?;
    let terminal = pki_folder::terminal(&request.pki, &passphrase)?;
    confirm(request, output)?;

    let mut card = AnyCard::open(&request.card, output)?;
    let journal_file = journal_file(request);
    let mut journal = FileJournal::open(&journal_file).map_err(|error| journal_failure(&journal_file, error))?;
    let print_file = request.print_data.clone().unwrap_or_else(|| with_ending(&journal_file, "print.json"));
    let tag = plan::order_tag(&person, &profile, &vault);
    write_print_data(&print_file, &person, &plan::can(&person, &vault, &tag))?;

    let mut trace = OptionalTrace::open(request.trace.as_deref())?;
    let mut bar = Bar::new(output);
    let extra = extra_files(&profile);
    let (terminal, at) = (Some(&terminal), world::now());
    let conditions =
        Conditions { trust: &trust, terminal, application: &profile.emrtd.instance_aid, extra: &extra, at };
    let station = Station {
        card: &mut card,
        trace: &mut trace,
        vault: &vault,
        journal: &mut journal,
        rng: &mut world::rng(),
        progress: &mut bar,
    };
    let ended = order::run(&profile, &person, &issuer, &conditions, station);
    drop(bar);
    let put_away = card.put_away();
    let receipt = ended.map_err(|error| order_failure(&error))?;
    put_away?;
    let totals = trace.totals();
    Ok(done(&receipt, &profile, totals, (&journal_file, &print_file), warnings))
}

fn done(
    receipt: &Receipt,
    profile: &Profile,
    totals: Totals,
    (journal, print_data): (&Path, &Path),
    warnings: Vec<Problem>,
) -> Done {
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
        journal: journal.display().to_string(),
        print_data: print_data.display().to_string(),
        warnings,
        verification: InspectionReport::new(&receipt.report.inspection, "CAN", true),
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

/// Written before the card is: a sealed card whose CAN nobody knows would be lost.
fn write_print_data(file: &Path, person: &Applicant, can: &str) -> Result<(), Failure> {
    let data = PrintData { document_number: person.document_number(), can, mrz: person.mrz().lines() };
    let text = serde_json::to_string_pretty(&data).map_err(|error| Failure::new(Class::Internal, error.to_string()))?;
    let text = zeroize::Zeroizing::new(text + "\n");
    let same = std::fs::read_to_string(file).is_ok_and(|there| there == *text);
    if same { Ok(()) } else { pki_folder::write_new(file, text.as_bytes(), true) }
}

/// Files of the product beside those of 9303-10.
pub fn extra_files(profile: &Profile) -> Vec<ExtraFile> {
    let optional = profile.file(FileContent::Optional);
    optional.map(|file| ExtraFile { name: file.name.clone(), sfi: file.sfi }).into_iter().collect()
}

fn order_failure(error: &OrderError) -> Failure {
    let class = match error {
        OrderError::NotGood(_) => Class::Verdict,
        OrderError::Plan(_) => Class::BadInput,
        _ => Class::Card,
    };
    Failure::new(class, error.to_string())
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
}
