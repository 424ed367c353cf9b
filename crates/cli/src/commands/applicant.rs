//! `bitaqa applicant check|schema|sample`.

use std::path::Path;

use bitaqa_biometrics::portrait::{Eyes, Point};
use bitaqa_biometrics::synthetic::finger::{Conditions, Finger};
use bitaqa_biometrics::synthetic::{self, Hand, Photo, Sitter, another_print};
use bitaqa_perso::applicant::record::EyePlaces;
use bitaqa_perso::applicant::{self, Applicant, sample};
use bitaqa_profile::{Prints, Profile};
use rand_core::{CryptoRng, Rng};
use serde::Serialize;
use time::{Date, format_description::well_known::Iso8601};

use crate::args;
use crate::exit::{Class, Failure, Problem};
use crate::output::Output;
use crate::{pki_folder, profile_source, world};

/// Name of the record in a sample's folder.
pub const RECORD_FILE: &str = "record.json";
/// Age that the youngest grown-up sample has.
const GROWN_UP: u8 = 18;
/// File with the MRZ of a sample, for `inspect --mrz-file`.
pub const MRZ_FILE: &str = "mrz.txt";

#[derive(Serialize)]
struct Checked {
    file: String,
    profile: String,
    valid: bool,
    age_at_issue: u8,
    mrz: Vec<String>,
    warnings: Vec<Problem>,
}

#[derive(Serialize)]
struct Sampled {
    folder: String,
    profile: String,
    seed: u64,
    record: String,
    mrz: String,
}

/// Runs the command.
///
/// # Errors
/// Bad input, with each problem of the record.
pub fn run(request: &args::Applicant, output: Output) -> Result<(), Failure> {
    match request {
        args::Applicant::Check { file, profile } => check(file, profile.as_deref(), output),
        args::Applicant::Schema => {
            let schema = serde_json::to_string_pretty(&applicant::schema());
            Output::text(&schema.map_err(|error| Failure::new(Class::Internal, error.to_string()))?);
            Ok(())
        }
        args::Applicant::Sample { dir, seed, minor, profile, impressions } => {
            let seed = seed.unwrap_or_else(|| world::rng().next_u64());
            let usual = if *minor { "cnie-2.0-minor" } else { "cnie-2.0" };
            let sampled = write_sample(dir, seed, profile.as_deref().unwrap_or(usual), *impressions)?;
            output.result(&sampled, || format!("{}: SPECIMEN person for profile {}", sampled.folder, sampled.profile))
        }
    }
}

fn check(file: &Path, profile: Option<&str>, output: Output) -> Result<(), Failure> {
    let text = read_record(file)?;
    let profile = match profile {
        Some(name) => profile_source::load(name)?,
        None => profile_source::load(product_for(&text))?,
    };
    let (applicant, warnings) = parse(&text, file, &profile)?;
    let checked = Checked {
        file: file.display().to_string(),
        profile: profile.product.name.clone(),
        valid: true,
        age_at_issue: applicant.age_at_issue(),
        mrz: applicant.mrz().lines().iter().map(|line| (*line).to_owned()).collect(),
        warnings,
    };
    output.result(&checked, || {
        let warnings = checked.warnings.iter().map(|warning| format!("\nwarning: {warning}"));
        let mrz = checked.mrz.join("\n");
        format!("{}: valid for {}\n{mrz}{}", checked.file, checked.profile, warnings.collect::<String>())
    })
}

/// The built-in product for the holder's age at issue, as far as the record tells it; the check itself tells what is
/// wrong when it does not.
fn product_for(text: &str) -> &'static str {
    let record: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let date = |value: &serde_json::Value| Date::parse(value.as_str()?, &Iso8601::DATE).ok();
    let at = |pointer: &str| date(record.pointer(pointer)?);
    let dates = at("/birth/date").zip(at("/issue_date"));
    let twelfth = |birth: Date| birth.replace_year(birth.year() + 12).unwrap_or(birth);
    match dates {
        Some((birth, issue)) if issue < twelfth(birth) => "cnie-2.0-minor",
        _ => "cnie-2.0",
    }
}

/// Text of a record.
///
/// # Errors
/// Bad input when it cannot be read.
pub fn read_record(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| Failure::input(file, error, "give a readable JSON file"))
}

/// Checks a record and the images beside it.
///
/// # Errors
/// Bad input, with each problem.
pub fn parse(text: &str, file: &Path, profile: &Profile) -> Result<(Applicant, Vec<Problem>), Failure> {
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    let read = |name: &str| std::fs::read(folder.join(name)).map_err(|error| error.to_string());
    let parsed = Applicant::parse(text, &file.display().to_string(), &read, profile, world::today());
    match parsed {
        Ok((applicant, warnings)) => Ok((applicant, warnings.into_iter().map(|warning| problem(warning.0)).collect())),
        Err(errors) => Err(Failure::problems(errors.problems.into_iter().map(problem).collect())),
    }
}

fn problem(found: applicant::Problem) -> Problem {
    Problem { file: found.file, field: found.field, what: found.what, remedy: found.remedy }
}

/// Writes a synthetic person for a profile into a fresh folder: of its age, with prints where it wants them.
///
/// # Errors
/// Bad input when there is no such profile, or when the folder is not empty or cannot be written.
fn write_sample(folder: &Path, seed: u64, profile: &str, impressions: u8) -> Result<Sampled, Failure> {
    let profile = profile_source::load(profile)?;
    let (minor, with_prints) = (!profile.serves_age(GROWN_UP), profile.holder.fingerprints == Prints::Two);
    let internal = |error: &dyn std::fmt::Display| Failure::new(Class::Internal, error.to_string());
    pki_folder::fresh_folder(folder)?;
    let mut rng = world::seeded(seed);
    let mut record = sample::record(&mut rng, minor, with_prints, world::today());
    let sitter = match (minor, record.sex) {
        (true, _) => Sitter::Child,
        (false, applicant::record::Sex::F) => Sitter::Woman,
        (false, _) => Sitter::Man,
    };
    let photo = synthetic::photo(&mut rng, sitter).map_err(|error| internal(&error))?;
    record.portrait.eyes = eye_places(&photo.eyes);
    let text = serde_json::to_string_pretty(&record).map_err(|error| internal(&error))?;
    let images =
        images(&photo, &mut rng, if with_prints { impressions } else { 0 }).map_err(|error| internal(&error))?;
    for (name, octets) in &images {
        pki_folder::write_new(&folder.join(name), octets, false)?;
    }
    let file = folder.join(RECORD_FILE);
    pki_folder::write_new(&file, text.as_bytes(), false)?;
    let (applicant, _) = parse(&text, &file, &profile)?;
    let mrz = folder.join(MRZ_FILE);
    pki_folder::write_new(&mrz, (applicant.mrz().lines().join("\n") + "\n").as_bytes(), false)?;
    let shown = |path: &Path| path.display().to_string();
    let profile = profile.product.name;
    Ok(Sampled { folder: shown(folder), profile, seed, record: shown(&file), mrz: shown(&mrz) })
}

type Images = Vec<(String, Vec<u8>)>;

/// Pixels in which the eyes lie.
fn eye_places(eyes: &Eyes) -> Option<EyePlaces> {
    let column = |value: f64| (0..u16::MAX).find(|pixel| value < f64::from(*pixel) + 1.0);
    let place = |point: Point| Some([column(point.x)?, column(point.y)?]);
    Some(EyePlaces { right: place(eyes.right)?, left: place(eyes.left)? })
}

/// Portrait, and so many impressions of each finger. What the record names is drawn first: it is the same however many
/// follow.
fn images(photo: &Photo, rng: &mut dyn CryptoRng, impressions: u8) -> Result<Images, synthetic::ImageError> {
    let mut images = vec![(sample::PORTRAIT_FILE.to_owned(), photo.png()?)];
    if impressions == 0 {
        return Ok(images);
    }
    let mut fingers = Vec::new();
    for (file, hand) in [(sample::RIGHT_INDEX_FILE, Hand::Right), (sample::LEFT_INDEX_FILE, Hand::Left)] {
        let finger = Finger::grow(rng, hand);
        images.push((file.to_owned(), another_print(&finger, rng, &Conditions::ENROLMENT)?));
        fingers.push((file, finger));
    }
    for number in 2..=impressions {
        for (file, finger) in &fingers {
            let name = file.replace(".png", &format!("-{number}.png"));
            images.push((name, another_print(finger, rng, &Conditions::FIELD)?));
        }
    }
    Ok(images)
}

/// Makes a sample for another command.
///
/// # Errors
/// As the command itself.
pub fn sample(folder: &Path, seed: u64, profile: &str) -> Result<(), Failure> {
    write_sample(folder, seed, profile, 1).map(|_| ())
}
