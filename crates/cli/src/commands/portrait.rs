//! `bitaqa portrait check|encode`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use bitaqa_biometrics::portrait::{
    self, Coding, Eyes, FaceFinder, Geometry, OCTETS_MAX, PortraitError, Report, Source, Verdict,
};
use bitaqa_profile::{PortraitFormat, Profile};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::args::{self, CodingArg, Look};
use crate::exit::{Class, Failure, Problem};
use crate::output::{Output, table};
use crate::{pki_folder, profile_source};

/// Octets that the card's rules leave the portrait: 15 KB, read as thousands so that it holds for both readings.
const USUAL_OCTETS: usize = 15_000;

#[derive(Serialize)]
struct Checked {
    file: String,
    result: &'static str,
    checks: Vec<CheckRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eyes: Option<EyesRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotated: Option<String>,
}

#[derive(Serialize)]
struct CheckRow {
    name: &'static str,
    verdict: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    found: String,
    wanted: &'static str,
}

/// Pixels from the upper left corner, to a tenth.
#[derive(Serialize)]
struct EyesRow {
    right: [f64; 2],
    left: [f64; 2],
    given: bool,
}

#[derive(Serialize)]
struct Made {
    file: String,
    format: &'static str,
    width: u32,
    height: u32,
    bytes: usize,
    bytes_max: usize,
    luma_psnr_db: f64,
    passes: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    eyes: Option<EyesRow>,
}

/// Runs the command.
///
/// # Errors
/// Bad input; verdict when a check fails: the report has then been given all the same.
pub fn run(request: &args::Portrait, output: Output) -> Result<(), Failure> {
    match request {
        args::Portrait::Check { file, look, annotated } => check(file, look, annotated.as_deref(), output),
        args::Portrait::Encode { input, output: out, look, format, bytes } => {
            let profile = profile_source::load(&look.profile)?;
            let coding = coding(out, *format, &profile)?;
            encode(input, out, look, coding, octets_max(*bytes, &profile)?, output)
        }
    }
}

fn check(file: &Path, look: &Look, annotated: Option<&Path>, output: Output) -> Result<(), Failure> {
    profile_source::load(&look.profile)?;
    let source = read(file)?;
    let finder = FaceFinder::new().map_err(|error| refused(file, &error))?;
    let report = portrait::check(&source, look.eyes, Some(&finder), Geometry::CARD);
    if let Some(path) = annotated {
        let picture = portrait::annotate(&source, &report, Geometry::CARD);
        let picture = picture.map_err(|error| Failure::new(Class::Internal, error.to_string()))?;
        pki_folder::write_new(path, &picture, true)?;
    }
    let checked = Checked {
        file: file.display().to_string(),
        result: report.verdict().word(),
        checks: rows(&report),
        eyes: report.eyes.map(|eyes| eyes_row(&eyes, look.eyes.is_some())),
        annotated: annotated.map(|path| path.display().to_string()),
    };
    output.result(&checked, || {
        let rows = checked.checks.iter().map(|check| {
            [check.name.to_owned(), check.verdict.to_owned(), check.found.clone(), check.wanted.to_owned()]
        });
        format!("{}\n{}: {}", table(["check", "verdict", "found", "wanted"], rows), checked.file, checked.result)
    })?;
    if report.verdict() != Verdict::Fail {
        return Ok(());
    }
    let failed = report.checks.iter().filter(|check| check.verdict == Verdict::Fail);
    let failed: Vec<String> = failed.map(|check| format!("{}: {}", check.name, check.found)).collect();
    Err(Failure::reported(format!("the portrait is not fit for a chip: {}", failed.join("; "))))
}

fn rows(report: &Report) -> Vec<CheckRow> {
    let row = |check: &portrait::Check| CheckRow {
        name: check.name,
        verdict: check.verdict.word(),
        found: check.found.clone(),
        wanted: check.wanted,
    };
    report.checks.iter().map(row).collect()
}

fn eyes_row(eyes: &Eyes, given: bool) -> EyesRow {
    let tenths = |value: f64| (value * 10.0).round() / 10.0;
    let place = |point: portrait::Point| [tenths(point.x), tenths(point.y)];
    EyesRow { right: place(eyes.right), left: place(eyes.left), given }
}

fn encode(
    input: &Path,
    out: &Path,
    look: &Look,
    coding: Coding,
    octets_max: usize,
    output: Output,
) -> Result<(), Failure> {
    let refuse = |error: PortraitError| refused(input, &error);
    let source = read(input)?;
    // A picture of the card's shape is taken whole unless eyes are given: the studio has cut it.
    let eyes = match look.eyes {
        Some(eyes) => Some(eyes),
        None if portrait::cut(&source.pixels, None, Geometry::CARD).is_ok() => None,
        None => found_eyes(&source).map_err(refuse)?,
    };
    let cut = portrait::cut(&source.pixels, eyes, Geometry::CARD).map_err(refuse)?;
    source.refuse_second_loss(cut.scale).map_err(refuse)?;
    let encoded = portrait::encode(&cut.pixels, coding, octets_max).map_err(refuse)?;
    pki_folder::write_new(out, &encoded.octets, true)?;
    let made = Made {
        file: out.display().to_string(),
        format: match coding {
            Coding::Jpeg2000 => "jpeg2000",
            Coding::Jpeg => "jpeg",
        },
        width: cut.pixels.width(),
        height: cut.pixels.height(),
        bytes: encoded.octets.len(),
        bytes_max: octets_max,
        luma_psnr_db: (encoded.luma_psnr_db * 100.0).round() / 100.0,
        passes: encoded.passes,
        eyes: cut.eyes.map(|eyes| eyes_row(&eyes, look.eyes.is_some())),
    };
    output.result(&made, || {
        format!(
            "{}: {} of {} x {} pixels in {} of {} octets, {:.2} dB from the picture, {} passes",
            made.file, made.format, made.width, made.height, made.bytes, made.bytes_max, made.luma_psnr_db, made.passes
        )
    })
}

/// Eyes of the one face of a picture.
fn found_eyes(source: &Source) -> Result<Option<Eyes>, PortraitError> {
    let faces = FaceFinder::new()?.faces(&source.pixels);
    Ok(faces.first().and_then(|face| face.eyes(&source.pixels)))
}

/// A portrait, and no octet more than one may have.
fn read(file: &Path) -> Result<Source, Failure> {
    let failed = |error| Failure::input(file, error, "give a readable file");
    let mut octets = Zeroizing::new(Vec::new());
    let limit = u64::try_from(OCTETS_MAX).unwrap_or(u64::MAX) + 1;
    File::open(file).map_err(failed)?.take(limit).read_to_end(&mut octets).map_err(failed)?;
    Source::read(&octets).map_err(|error| refused(file, &error))
}

fn refused(file: &Path, error: &PortraitError) -> Failure {
    let class = if matches!(error, PortraitError::Encoder(_)) { Class::Internal } else { Class::BadInput };
    let problem = Problem {
        file: file.display().to_string(),
        field: String::new(),
        what: error.to_string(),
        remedy: error.remedy().to_owned(),
    };
    Failure { class, ..Failure::problems(vec![problem]) }
}

/// By the flag or the name of the file, and only what the profile takes.
fn coding(out: &Path, format: Option<CodingArg>, profile: &Profile) -> Result<Coding, Failure> {
    let extension = out.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase();
    let coding = match (format, extension.as_str()) {
        (Some(CodingArg::Jpeg2000), _) | (None, "jp2") => Coding::Jpeg2000,
        (Some(CodingArg::Jpeg), _) | (None, "jpg" | "jpeg") => Coding::Jpeg,
        (None, _) => {
            return Err(Failure::usage("the name of the output ends neither in .jp2 nor in .jpg: give --format"));
        }
    };
    let wanted = match coding {
        Coding::Jpeg2000 => PortraitFormat::Jpeg2000,
        Coding::Jpeg => PortraitFormat::Jpeg,
    };
    if profile.biometrics.portrait_formats.contains(&wanted) {
        return Ok(coding);
    }
    let takes: Vec<&str> = profile.biometrics.portrait_formats.iter().map(|format| format.name()).collect();
    Err(Failure::usage(format!("profile {} takes {} only", profile.product.name, takes.join(" and "))))
}

fn octets_max(bytes: Option<usize>, profile: &Profile) -> Result<usize, Failure> {
    let limit = profile.biometrics.portrait_bytes_max;
    match bytes {
        None => Ok(USUAL_OCTETS.min(limit)),
        Some(bytes) if (1..=limit).contains(&bytes) => Ok(bytes),
        Some(bytes) => {
            Err(Failure::usage(format!("--bytes {bytes}: profile {} takes 1 to {limit}", profile.product.name)))
        }
    }
}
