//! `bitaqa finger extract|match|show`.

use std::path::Path;

use bitaqa_biometrics::afis::{self, Candidate, Kind, Matcher, PRUNED_MINUTIAE, Probe, Template, Verdict};
use bitaqa_biometrics::print_file;
use bitaqa_biometrics::raster::Grey;
use bitaqa_biometrics::what_and_remedy;
use bitaqa_lds::minutiae::{self, Edition, MinutiaeRecord, Order};
use serde::Serialize;

use super::told;
use crate::args::{ExtractTemplate, MatchFingers, ShowMinutiae};
use crate::exit::{Class, Failure};
use crate::output::Output;
use crate::pki_folder;

/// Fewer tell too little of a finger to be compared.
const MINUTIAE_MIN: usize = 12;
/// First octets of a record.
const RECORD_MAGIC: &[u8] = b"FMR\0";

#[derive(Serialize)]
struct Extracted {
    from: String,
    to: String,
    /// `iso19794-2:2005` or `compact`.
    form: &'static str,
    minutiae: usize,
    endings: usize,
    bifurcations: usize,
    /// Mean over the minutiae, 0 to 100: no quality of ISO/IEC 29794.
    mean_quality: u8,
    to_bytes: usize,
}

#[derive(Serialize)]
struct Matched {
    matches: bool,
    score: f64,
    threshold: f64,
    fingers: Vec<Compared>,
}

#[derive(Serialize)]
struct Compared {
    probe: String,
    reference: String,
    probe_minutiae: usize,
    reference_minutiae: usize,
    score: f64,
}

#[derive(Serialize)]
struct Shown {
    from: String,
    to: String,
    minutiae: usize,
    endings: usize,
    bifurcations: usize,
}

/// Extracts a template.
///
/// # Errors
/// Bad input: no print, too few minutiae, or a file that is there already.
pub fn extract(request: &ExtractTemplate, output: Output) -> Result<(), Failure> {
    let compact = extension(&request.to).eq_ignore_ascii_case("compact");
    if !compact && !extension(&request.to).eq_ignore_ascii_case("fmr") {
        let remedy = "write to .fmr (record) or .compact (what a card compares)";
        return Err(Failure::input(&request.to, "the extension names no form of templates", remedy));
    }
    let template = enough(&request.from, of_print(&request.from, &print(&request.from, request.assume_500)?)?)?;
    let most = request.best.map_or(if compact { PRUNED_MINUTIAE } else { usize::MAX }, usize::from);
    let template = template.pruned(most);
    let view = template.view(request.position);
    let octets = if compact {
        minutiae::compact(&view, most, Order::None).concat()
    } else {
        let record = MinutiaeRecord::of(Edition::Of2005, 0, &[view]).map_err(|error| internal(&error))?;
        record.octets().to_vec()
    };
    pki_folder::write_new(&request.to, &octets, false)?;
    let (endings, bifurcations) = kinds(&template);
    let extracted = Extracted {
        from: request.from.display().to_string(),
        to: request.to.display().to_string(),
        form: if compact { "compact" } else { "iso19794-2:2005" },
        minutiae: template.minutiae().len(),
        endings,
        bifurcations,
        mean_quality: template.mean_quality(),
        to_bytes: octets.len(),
    };
    output.result(&extracted, || {
        format!(
            "{}: {} minutiae ({endings} endings, {bifurcations} bifurcations), {} octets",
            extracted.to, extracted.minutiae, extracted.to_bytes
        )
    })
}

/// Compares one finger or two.
///
/// # Errors
/// Bad input for what is neither print nor template; a negative verdict where they do not match.
pub fn compare(request: &MatchFingers, output: Output) -> Result<(), Failure> {
    let mut pairs = vec![(&request.probe, &request.reference)];
    if let Some([probe, reference]) = request.second.as_deref().and_then(<[_]>::first_chunk) {
        pairs.push((probe, reference));
    }
    let mut matcher = Matcher::new();
    let mut compared = |(probe, reference): (&std::path::PathBuf, &std::path::PathBuf)| {
        let one = enough(probe, template(probe, request.assume_500)?)?;
        let other = enough(reference, template(reference, request.assume_500)?)?;
        Ok(Compared {
            probe: probe.display().to_string(),
            reference: reference.display().to_string(),
            probe_minutiae: one.minutiae().len(),
            reference_minutiae: other.minutiae().len(),
            score: matcher.score(&Probe::new(&one), &Candidate::new(&other)),
        })
    };
    let fingers = pairs.into_iter().map(&mut compared).collect::<Result<Vec<_>, Failure>>()?;
    let verdict = match fingers.as_slice() {
        [one, other] => afis::two_fingers(one.score, other.score),
        one => afis::one_finger(one.first().map_or(0.0, |finger| finger.score)),
    };
    let Verdict { score, threshold } = verdict;
    let matched = Matched { matches: verdict.matches(), score, threshold, fingers };
    let words = if matched.matches { "match" } else { "no match" };
    output.result(&matched, || format!("{words}: score {score:.1}, threshold {threshold:.0}"))?;
    if matched.matches { Ok(()) } else { Err(Failure::reported("the fingers do not match")) }
}

/// Draws minutiae on a print.
///
/// # Errors
/// Bad input for what is no print or no template, or a file that is there already.
pub fn show(request: &ShowMinutiae, output: Output) -> Result<(), Failure> {
    if !extension(&request.to).eq_ignore_ascii_case("png") {
        return Err(Failure::input(&request.to, "the extension is not that of PNG", "write to .png"));
    }
    let image = print(&request.from, request.assume_500)?;
    let template = match &request.template {
        Some(file) => template(file, request.assume_500)?,
        None => of_print(&request.from, &image)?,
    };
    let drawn = afis::drawn_png(&image, &template).map_err(|error| internal(&error))?;
    pki_folder::write_new(&request.to, &drawn, false)?;
    let (endings, bifurcations) = kinds(&template);
    let shown = Shown {
        from: request.from.display().to_string(),
        to: request.to.display().to_string(),
        minutiae: template.minutiae().len(),
        endings,
        bifurcations,
    };
    output.result(&shown, || format!("{}: {endings} endings in red, {bifurcations} bifurcations in blue", shown.to))
}

fn extension(file: &Path) -> &str {
    file.extension().and_then(std::ffi::OsStr::to_str).unwrap_or_default()
}

fn internal(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Class::Internal, error.to_string())
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| Failure::input(file, error, "give a readable file"))
}

fn kinds(template: &Template) -> (usize, usize) {
    let endings = template.minutiae().iter().filter(|minutia| minutia.kind == Kind::Ending).count();
    (endings, template.minutiae().len() - endings)
}

fn print(file: &Path, assume_500: bool) -> Result<Grey, Failure> {
    print_of(file, &read(file)?, assume_500)
}

fn print_of(file: &Path, octets: &[u8], assume_500: bool) -> Result<Grey, Failure> {
    let read = if assume_500 { print_file::read_any_resolution } else { print_file::read };
    Ok(read(octets).map_err(|error| told(file, &error))?.image)
}

fn of_print(file: &Path, print: &Grey) -> Result<Template, Failure> {
    afis::extract(print).map_err(|error| {
        let (what, remedy) = what_and_remedy(&error, "give the print of one finger");
        Failure::input(file, what, remedy)
    })
}

/// A template of which something can be said: a blank print is no stranger's finger.
pub(super) fn enough(file: &Path, template: Template) -> Result<Template, Failure> {
    if template.minutiae().len() < MINUTIAE_MIN {
        let what = format!("{} minutiae where {MINUTIAE_MIN} are the least", template.minutiae().len());
        return Err(Failure::input(file, what, "capture the finger again: clean, dry, whole"));
    }
    Ok(template)
}

/// A template out of a print, a record or a compact template.
pub(super) fn template(file: &Path, assume_500: bool) -> Result<Template, Failure> {
    let octets = read(file)?;
    let refused = |what: &dyn std::fmt::Display| {
        Failure::input(file, what.to_string(), "give a print, a record of one finger (.fmr) or a .compact template")
    };
    if octets.starts_with(RECORD_MAGIC) {
        let (record, _) = MinutiaeRecord::tolerant(octets).map_err(|error| refused(&error))?;
        return match record.views() {
            [view] => Template::of_view(view).map_err(|error| refused(&error)),
            views => Err(refused(&format!("a record of {} views", views.len()))),
        };
    }
    if extension(file).eq_ignore_ascii_case("compact") {
        let found = minutiae::from_compact(&octets).ok_or_else(|| refused(&"not three octets for each minutia"))?;
        return Template::of_compact(&found).map_err(|error| refused(&error));
    }
    of_print(file, &print_of(file, &octets, assume_500)?)
}
