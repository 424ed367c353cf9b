//! `bitaqa demo`: the main job from an empty folder to a table of verdicts.

use std::path::{Path, PathBuf};
use std::time::Instant;

use rand_core::Rng;
use serde::Serialize;

use super::applicant::{MRZ_FILE, RECORD_FILE};
use super::{applicant, card, inspect, personalise, pki};
use crate::args::{CardArg, Demo, Inspect, Personalise};
use crate::exit::Failure;
use crate::output::{Form, Output, table};
use crate::passphrase::Source;
use crate::report::{CheckReport, InspectionReport};
use crate::{pki_folder, world};

#[derive(Serialize)]
struct Outcome {
    result: &'static str,
    profile: &'static str,
    seed: u64,
    milliseconds: u128,
    artefacts: Artefacts,
    verification: Vec<CheckReport>,
    inspection_by_can: Vec<CheckReport>,
    inspection_by_mrz: Vec<CheckReport>,
}

#[derive(Clone, Serialize)]
struct Artefacts {
    folder: PathBuf,
    applicant: PathBuf,
    pki: PathBuf,
    card: PathBuf,
    inspection: PathBuf,
    journal: PathBuf,
    print_data: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// Whatever one of the commands answers; verdict when an inspection is negative.
pub fn run(request: &Demo, given: &Source, output: Output) -> Result<(), Failure> {
    let began = Instant::now();
    let folder = request.out.clone().unwrap_or_else(default_folder);
    pki_folder::fresh_folder(&folder)?;
    let at = artefacts(&folder);
    let seed = request.seed.unwrap_or_else(|| world::rng().next_u64());
    let profile = if request.minor { "cnie-2.0-minor" } else { "cnie-2.0" };

    applicant::sample(&at.applicant, seed, profile)?;
    // A demonstration keeps the passphrase beside the keys, so that the next command on this folder just works; asking
    // for one would stop it in the middle.
    let quiet = Output { form: Form::Json };
    pki::init(&at.pki, profile, given, quiet)?;
    card::new(profile, &at.card)?;
    let verification = personalise::personalise_quietly(&order(profile, &at), given, output)?;
    let can = read_can(&at.print_data)?;
    let (by_can, _) =
        inspect::inspect(&inspection(&at, profile, Some(can), Some(at.inspection.clone())), given, output)?;
    let (by_mrz, _) = inspect::inspect(&inspection(&at, profile, None, None), given, output)?;

    let positive = [&verification, &by_can, &by_mrz].iter().all(|report| report.is_positive());
    let shortcomings = [&by_can, &by_mrz].map(InspectionReport::shortcomings).join("; ");
    let result = Outcome {
        result: if positive { "positive" } else { "negative" },
        profile,
        seed,
        milliseconds: began.elapsed().as_millis(),
        artefacts: at,
        verification: verification.checks,
        inspection_by_can: by_can.checks,
        inspection_by_mrz: by_mrz.checks,
    };
    output.result(&result, || human(&result))?;
    if positive { Ok(()) } else { Err(Failure::reported(format!("an inspection is negative: {shortcomings}"))) }
}

fn default_folder() -> PathBuf {
    let now = world::now();
    let (date, time) = (now.date(), now.time());
    PathBuf::from(format!("bitaqa-demo-{date}-{:02}{:02}{:02}", time.hour(), time.minute(), time.second()))
}

fn artefacts(folder: &Path) -> Artefacts {
    Artefacts {
        applicant: folder.join("applicant"),
        pki: folder.join("pki"),
        card: folder.join("card.image"),
        inspection: folder.join("inspection"),
        journal: folder.join("journal"),
        print_data: folder.join("print.json"),
        folder: folder.to_owned(),
    }
}

fn order(profile: &str, at: &Artefacts) -> Personalise {
    Personalise {
        profile: profile.to_owned(),
        applicant: at.applicant.join(RECORD_FILE),
        pki: at.pki.clone(),
        card: CardArg { image: Some(at.card.clone()), reader: None, wait: 0 },
        journal: Some(at.journal.clone()),
        print_data: Some(at.print_data.clone()),
        trace: Some(at.folder.join("personalise.trace")),
        trace_data: None,
        yes: true,
    }
}

/// By CAN when one is given, by the sample's MRZ otherwise.
fn inspection(at: &Artefacts, profile: &str, can: Option<String>, out: Option<PathBuf>) -> Inspect {
    let mrz_file = if can.is_none() { Some(at.applicant.join(MRZ_FILE)) } else { None };
    Inspect {
        card: CardArg { image: Some(at.card.clone()), reader: None, wait: 0 },
        can,
        mrz: None,
        mrz_file,
        pin: None,
        puk: None,
        last_try: false,
        profile: profile.to_owned(),
        allow_downgrade: false,
        trust: Some(at.pki.clone()),
        terminal: Some(at.pki.clone()),
        out,
        trace: None,
        trace_data: None,
    }
}

/// The CAN as the laser gets it.
fn read_can(print_data: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(print_data).unwrap_or_default();
    let data: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let can = data.get("can").and_then(serde_json::Value::as_str).map(str::to_owned);
    can.ok_or_else(|| Failure::input(print_data, "no CAN in the print data", "run the demonstration in a fresh folder"))
}

fn human(result: &Outcome) -> String {
    let both = result.inspection_by_can.iter().zip(&result.inspection_by_mrz);
    let rows = both.map(|(by_can, by_mrz)| {
        let reason = by_can.reason.as_deref().or(by_mrz.reason.as_deref()).unwrap_or_default();
        [by_can.step.clone(), by_can.verdict.to_owned(), by_mrz.verdict.to_owned(), reason.to_owned()]
    });
    let at = &result.artefacts;
    let places = [
        ("record and images", &at.applicant),
        ("issuer keys", &at.pki),
        ("card", &at.card),
        ("files read, report", &at.inspection),
        ("journal", &at.journal),
        ("print data", &at.print_data),
    ];
    let places = places.map(|(what, path)| format!("  {what:20}{}", path.display())).join("\n");
    format!(
        "{}\n\nSPECIMEN card of profile {} issued, sealed, verified and inspected twice in {} ms: {}\n{places}",
        table(["step", "by CAN", "by MRZ", "reason"], rows),
        result.profile,
        result.milliseconds,
        result.result
    )
}
