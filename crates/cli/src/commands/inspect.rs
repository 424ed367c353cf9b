//! `bitaqa inspect`: read a card as a stranger, judge it, and write what was read.

use std::path::Path;

use bitaqa_lds::mrz::Mrz;
use bitaqa_pki::TrustStore;
use bitaqa_secure_messaging::pace::{Password, PasswordError};
use bitaqa_terminal::inspection::{self, Conditions, Inspection, Policy};
use serde::Serialize;

use super::personalise::{OptionalTrace, extra_files};
use crate::args::Inspect;
use crate::card_source::AnyCard;
use crate::exit::{Class, Failure};
use crate::output::Output;
use crate::passphrase::Source;
use crate::report::InspectionReport;
use crate::trust_folder::TrustReport;
use crate::{pki_folder, profile_source, trust_folder, world};

#[derive(Serialize)]
struct Inspected {
    #[serde(flatten)]
    report: InspectionReport,
    commands: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// Verdict when the inspection is not positive: the report has then been given all the same.
pub fn run(request: &Inspect, source: &Source, output: Output) -> Result<(), Failure> {
    let (report, commands) = inspect(request, source, output)?;
    let out = request.out.as_ref().map(|folder| folder.display().to_string());
    let inspected = Inspected { report, commands, out };
    output.result(&inspected, || {
        let report = &inspected.report;
        format!("{}\nresult: {} ({} commands)", report.table(), report.result, inspected.commands)
    })?;
    if inspected.report.is_positive() {
        return Ok(());
    }
    Err(Failure::reported(format!("the inspection is negative: {}", inspected.report.shortcomings())))
}

/// Inspects; for this command and for `demo`. Returns the report and the number of commands.
///
/// # Errors
/// Bad input and card; a negative verdict is a report.
pub fn inspect(request: &Inspect, source: &Source, output: Output) -> Result<(InspectionReport, u64), Failure> {
    let (_, report, commands) = read(request, source, output)?;
    Ok((report, commands))
}

/// Inspects, and gives the files that were read too: for `card picture`.
///
/// # Errors
/// As [`inspect`].
pub fn read(
    request: &Inspect,
    source: &Source,
    output: Output,
) -> Result<(Inspection, InspectionReport, u64), Failure> {
    let (password, kind) = password(request)?;
    let first = match &request.can {
        Some(can) if kind != "CAN" => {
            Some(Password::can(can).map_err(|error| Failure::usage(format!("--can: {error}")))?)
        }
        _ => None,
    };
    let profile = profile_source::load(&request.profile)?;
    let at = world::now();
    let trust = request.trust.as_deref().map(|folder| trust_folder::open(folder, at)).transpose()?;
    for problem in trust.iter().flat_map(|trust| &trust.unusable) {
        output.note(&format!("warning: not used: {problem}"));
    }
    let terminal = match &request.terminal {
        Some(folder) => {
            let passphrase = source.existing(passphrase_folder(folder))?;
            Some(pki_folder::terminal(folder, &passphrase)?)
        }
        None => None,
    };
    if let Some(folder) = &request.out {
        pki_folder::fresh_folder(folder)?;
    }
    let extra = extra_files(&profile);
    let application = &profile.emrtd.instance_aid;
    let nobody = TrustStore::new();
    let store = trust.as_ref().map_or(&nobody, |trust| &trust.store);
    let conditions = Conditions {
        terminal: terminal.as_ref(),
        extra: &extra,
        policy: Policy {
            allow_downgrade: request.allow_downgrade,
            allow_last_try: request.last_try,
            ..Policy::default()
        },
        first: first.as_ref(),
        tries: &|tries| Output::warn(&tries.to_string()),
        ..Conditions::new(store, application, at)
    };
    let mut card = AnyCard::open(&request.card, output)?;
    let mut trace = OptionalTrace::either(request.trace.as_deref(), request.trace_data.as_deref())?;
    let damaged_cells = card.damaged_cells();
    let ended = inspection::run(&mut card, &mut trace, &password, &conditions, &mut world::rng());
    card.put_away()?;
    let inspection = ended.map_err(|error| {
        Failure::card(format!("{error}. The card is unharmed. Next: put it on the reader and try again"))
    })?;
    let report = InspectionReport {
        damaged_cells,
        trust: trust.as_ref().map(TrustReport::from),
        ..InspectionReport::new(&inspection, kind, inspection.is_positive())
    };
    if let Some(folder) = &request.out {
        write_files(folder, &inspection, &report)?;
    }
    Ok((inspection, report, trace.totals().commands))
}

/// Where the passphrase file of a terminal lies: in the folder given, or in the PKI folder above it.
fn passphrase_folder(folder: &Path) -> &Path {
    let above = folder.parent().filter(|above| above.join(crate::passphrase::FILE).is_file());
    if folder.join(crate::passphrase::FILE).is_file() { folder } else { above.unwrap_or(folder) }
}

/// The password that is tried, and its name in reports.
fn password(request: &Inspect) -> Result<(Password, &'static str), Failure> {
    let given = |flag: &str, password: Result<Password, PasswordError>| {
        password.map_err(|error| Failure::usage(format!("{flag}: {error}")))
    };
    if let Some(pin) = &request.pin {
        return Ok((given("--pin", Password::pin(pin))?, "PIN"));
    }
    if let Some(puk) = &request.puk {
        return Ok((given("--puk", Password::puk(puk))?, "PUK"));
    }
    if let Some(can) = &request.can {
        return Ok((given("--can", Password::can(can))?, "CAN"));
    }
    let (name, text) = match (&request.mrz, &request.mrz_file) {
        (Some(lines), _) => ("--mrz".to_owned(), lines.clone()),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file);
            let text = text.map_err(|error| Failure::input(file, error, "give a file with the three MRZ lines"))?;
            (file.display().to_string(), text)
        }
        (None, None) => return Err(Failure::usage("give --can N, --mrz LINES, --mrz-file FILE, --pin N or --puk N")),
    };
    // Line ends may come as such, written out, or not at all.
    let lines = text.replace("\\n", "\n").replace(['|', ','], "\n");
    let mrz = Mrz::parse(lines.trim()).map_err(|error| {
        Failure::input(Path::new(&name), error, "give the three lines as printed, 30 characters each")
    })?;
    Ok((Password::mrz(&mrz.key_input()), "MRZ"))
}

/// Each file as `NAME.bin`, and the report. The slash of EF.ATR/INFO is written as a dash: it would be a folder.
fn write_files(folder: &Path, inspection: &Inspection, report: &InspectionReport) -> Result<(), Failure> {
    for file in &inspection.files {
        pki_folder::write_new(&folder.join(format!("{}.bin", file.name.replace('/', "-"))), &file.content, true)?;
    }
    let text =
        serde_json::to_string_pretty(report).map_err(|error| Failure::new(Class::Internal, error.to_string()))?;
    pki_folder::write_new(&folder.join("report.json"), (text + "\n").as_bytes(), false)
}
