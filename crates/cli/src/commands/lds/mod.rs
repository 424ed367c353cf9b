//! `bitaqa lds show`: what a file of a chip, a biometric record or a template says, image octets left out.

mod biometric;
mod groups;
mod security;
mod tree;

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::args::Lds;
use crate::exit::Failure;
use crate::output::Output;

/// Octets above which nothing here is a file of a chip: 9303 data objects end at 64 KB, images on their way in are
/// larger.
const BYTES_MAX: u64 = 4 << 20;

/// What was understood of a file.
struct Reading {
    kind: &'static str,
    fields: Value,
    /// Where the file deviates, as a tolerant reader takes it.
    notes: Vec<String>,
    /// Images and records by the name of the file they would make.
    parts: Vec<(String, Vec<u8>)>,
}

impl Reading {
    const fn new(kind: &'static str, fields: Value) -> Self {
        Self { kind, fields, notes: Vec::new(), parts: Vec::new() }
    }
}

#[derive(Serialize)]
struct Shown {
    file: String,
    bytes: usize,
    kind: &'static str,
    fields: Value,
    notes: Vec<String>,
    extracted: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// Bad input for a file that is none of these, or damaged; internal when a part cannot be written.
pub fn run(request: &Lds, output: Output) -> Result<(), Failure> {
    let Lds::Show { file, extract } = request;
    let octets = read(file)?;
    let reading = understand(&octets).map_err(|what| {
        let remedy =
            "give an EF as it was read from a chip, a record FAC, FIR or FMR, a block of ISO 39794, or a template";
        Failure::input(file, what, remedy)
    })?;
    let extracted = match extract {
        Some(folder) => write(folder, &reading.parts)?,
        None => Vec::new(),
    };
    let Reading { kind, fields, notes, .. } = reading;
    let shown = Shown { file: file.display().to_string(), bytes: octets.len(), kind, fields, notes, extracted };
    output.result(&shown, || human(&shown))
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let refuse = |what: String| Failure::input(file, what, "name a file that can be read");
    let length = std::fs::metadata(file).map_err(|error| refuse(error.to_string()))?.len();
    if length > BYTES_MAX {
        return Err(Failure::input(file, format!("has {length} octets"), "a file of a chip has 64 KB at the most"));
    }
    std::fs::read(file).map_err(|error| refuse(error.to_string()))
}

/// By the first octets: each kind of file begins in its own way.
fn understand(octets: &[u8]) -> Result<Reading, String> {
    match octets {
        [b'F', b'A', b'C', 0, ..] => biometric::bare_face(octets),
        [b'F', b'I', b'R', 0, ..] => biometric::bare_finger(octets),
        [b'F', b'M', b'R', 0, ..] => biometric::minutiae(octets),
        [0x64 | 0x65, ..] if biometric::is_block(octets) => biometric::bare_block(octets),
        [0x75, ..] => biometric::dg2(octets),
        [0x63, ..] => biometric::dg3(octets),
        [0x76, ..] => biometric::dg4(octets),
        [0x7F, 0x61, ..] => biometric::information(octets),
        [0x7F, 0x2E, ..] => biometric::template(octets),
        [0x60, ..] => groups::com(octets),
        [0x61, ..] => groups::dg1(octets).or_else(|_| tree::any(octets)),
        [0x6B, ..] => groups::dg11(octets),
        [0x6C, ..] => groups::dg12(octets),
        [0x6D, ..] => groups::dg13(octets),
        [0x6E, ..] => security::dg14(octets),
        [0x6F, ..] => security::dg15(octets),
        [0x77, ..] => security::sod(octets),
        [0x31, ..] => security::card_access(octets),
        // EF.CVCA, files of ISO 7816-15, EF.DIR, EF.ATR/INFO and whatever else is made of data objects
        _ => tree::any(octets),
    }
}

fn write(folder: &Path, parts: &[(String, Vec<u8>)]) -> Result<Vec<String>, Failure> {
    let refuse = |path: &Path, error: std::io::Error| {
        Failure::input(path, format!("cannot be written: {error}"), "name a folder that can be written to")
    };
    std::fs::create_dir_all(folder).map_err(|error| refuse(folder, error))?;
    let mut paths: Vec<PathBuf> = Vec::new();
    for (name, octets) in parts {
        let path = folder.join(name);
        if path.exists() {
            let what = "is there already and is not written over";
            return Err(Failure::input(&path, what, "name an empty folder"));
        }
        std::fs::write(&path, octets).map_err(|error| refuse(&path, error))?;
        paths.push(path);
    }
    Ok(paths.iter().map(|path| path.display().to_string()).collect())
}

fn human(shown: &Shown) -> String {
    let mut lines = vec![format!("{}: {}, {} octets", shown.file, shown.kind, shown.bytes)];
    outline(&shown.fields, 1, &mut lines);
    lines.extend(shown.notes.iter().map(|note| format!("note: {note}")));
    lines.extend(shown.extracted.iter().map(|path| format!("written: {path}")));
    lines.join("\n")
}

/// Names and values, a level a step to the right.
fn outline(value: &Value, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let mut entry = |name: String, value: &Value| match value {
        Value::Object(_) => {
            lines.push(format!("{indent}{name}"));
            outline(value, depth + 1, lines);
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            lines.push(format!("{indent}{name}"));
            outline(value, depth + 1, lines);
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(plain).collect();
            lines.push(format!("{indent}{name}: {}", items.join(", ")));
        }
        _ => lines.push(format!("{indent}{name}: {}", plain(value))),
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| entry(name.clone(), value)),
        Value::Array(items) => items.iter().zip(1..).for_each(|(value, at)| entry(format!("{at}"), value)),
        _ => {}
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}
