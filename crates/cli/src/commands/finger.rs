//! `bitaqa finger convert`; what has to do with minutiae is in `templates`, what a card compares in `verify`.

mod templates;
mod verify;

use std::path::Path;

use bitaqa_biometrics::print_file::{self, PrintError, PrintFormat};
use bitaqa_biometrics::what_and_remedy;
use bitaqa_lds::image::ImageFormat;
use serde::Serialize;

use crate::args;
use crate::exit::{Class, Failure};
use crate::output::Output;
use crate::pki_folder;

#[derive(Serialize)]
struct Converted {
    from: String,
    to: String,
    width: u32,
    height: u32,
    /// Pixels an inch that the file stated.
    stated_resolution: Option<u32>,
    from_bytes: usize,
    to_bytes: usize,
}

/// Runs the command.
///
/// # Errors
/// Bad input: no print, or a file that is there already.
pub fn run(request: &args::Finger, output: Output) -> Result<(), Failure> {
    match request {
        args::Finger::Convert { from, to, assume_500 } => {
            let converted = convert(from, to, *assume_500)?;
            output.result(&converted, || {
                format!(
                    "{}: {} x {} pixels, {} octets out of {}",
                    converted.to, converted.width, converted.height, converted.to_bytes, converted.from_bytes
                )
            })
        }
        args::Finger::Extract(request) => templates::extract(request, output),
        args::Finger::Match(request) => templates::compare(request, output),
        args::Finger::Show(request) => templates::show(request, output),
        args::Finger::Verify(request) => verify::run(request, output),
    }
}

fn convert(from: &Path, to: &Path, assume_500: bool) -> Result<Converted, Failure> {
    // what cannot be written is told before anything is read
    let format = to.extension().and_then(|extension| PrintFormat::of_extension(&extension.to_string_lossy()));
    let format = format
        .ok_or_else(|| Failure::input(to, "the extension names no format of prints", "write to .wsq, .png or .pgm"))?;
    let octets = std::fs::read(from).map_err(|error| Failure::input(from, error, "give a readable file"))?;
    let read = if assume_500 { print_file::read_any_resolution } else { print_file::read };
    let print = read(&octets).map_err(|error| told(from, &error))?;
    if (print.format, format) == (ImageFormat::Wsq, PrintFormat::Wsq) {
        let what = "it is WSQ already, and a second pass would lose more";
        return Err(Failure::input(from, what, "copy the file, or convert the original"));
    }
    let file = match print_file::write(&print.image, format) {
        Ok(file) => file,
        Err(PrintError::Packed(error)) => return Err(Failure::new(Class::Internal, error.to_string())),
        Err(error) => return Err(told(from, &error)),
    };
    pki_folder::write_new(to, &file, false)?;
    Ok(Converted {
        from: from.display().to_string(),
        to: to.display().to_string(),
        width: print.image.width(),
        height: print.image.height(),
        stated_resolution: print.resolution,
        from_bytes: octets.len(),
        to_bytes: file.len(),
    })
}

/// A print that cannot be read, with what this command can do about it.
fn told(file: &Path, error: &PrintError) -> Failure {
    let (what, mut remedy) = what_and_remedy(error, "give the file as the sensor wrote it");
    if matches!(error, PrintError::Resolution(_)) {
        remedy.push_str(", or say --assume-500 when the file is wrong");
    }
    Failure::input(file, what, remedy)
}
