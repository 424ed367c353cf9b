//! `bitaqa card trace show`: a trace decoded by name. Data fields stay out of sight but for those that say nothing of
//! a person; `--lab` shows them all.

use std::path::Path;

use bitaqa_apdu::{ins, tlv};
use bitaqa_terminal::trace::{self, Entry, Side};
use serde::Serialize;

use crate::exit::Failure;
use crate::output::Output;

#[derive(Serialize)]
struct Shown {
    file: String,
    redacted: bool,
    commands: usize,
    lines: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    side: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    header: String,
    name: String,
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    objects: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// Bad input for a file that is no trace.
pub fn show(file: &Path, lab: bool, output: Output) -> Result<(), Failure> {
    let remedy = "give a file that --trace or --trace-data made";
    let text = std::fs::read_to_string(file).map_err(|error| Failure::input(file, error, remedy))?;
    let entries = trace::read(&text).map_err(|error| Failure::input(file, error, remedy))?;
    if lab {
        Output::warn("WARNING: what follows may be personal data of the card's holder");
    }
    let shown = Shown {
        file: file.display().to_string(),
        redacted: !lab,
        commands: entries.iter().filter(|entry| entry.side == Side::Command).count(),
        lines: entries.iter().map(|entry| line(entry, lab)).collect(),
    };
    output.result(&shown, || shown.lines.iter().map(human).collect::<Vec<_>>().join("\n"))
}

fn line(entry: &Entry, lab: bool) -> Line {
    let visible = lab || is_harmless(entry);
    let data = entry.data.as_ref().filter(|data| !data.is_empty());
    let shown = match data {
        Some(octets) if visible => Some(hex::encode_upper(octets)),
        Some(octets) => Some(format!("[{} octets]", octets.len())),
        None if entry.left_out => Some("[left out of the trace]".into()),
        None => None,
    };
    let objects = data.filter(|_| visible).map(|octets| objects(octets)).unwrap_or_default();
    Line {
        side: entry.side.mark(),
        header: hex::encode_upper(&entry.header),
        name: entry.name.clone(),
        bytes: entry.octets,
        data: shown,
        objects,
    }
}

/// Names of applications and files, and of what is asked for: nothing of a person.
fn is_harmless(entry: &Entry) -> bool {
    let harmless = [ins::SELECT, ins::GET_STATUS, ins::DELETE, ins::SET_STATUS, ins::MANAGE_CHANNEL];
    // A protected field is of no use, and a plain one is a name.
    entry.header.get(1).is_some_and(|ins| harmless.contains(ins))
}

/// Tags and lengths of a field that is a sequence of data objects.
fn objects(octets: &[u8]) -> Vec<String> {
    let Ok(objects) = tlv::all(octets) else { return Vec::new() };
    objects.iter().map(|object| format!("{:X} [{}]", object.tag, object.value.len())).collect()
}

fn human(line: &Line) -> String {
    let indent = if line.side.starts_with('p') { "    " } else { "" };
    let header = if line.header.is_empty() { String::new() } else { format!("{} ", line.header) };
    let data = line.data.as_ref().map(|data| format!("  {data}")).unwrap_or_default();
    let objects = if line.objects.is_empty() { String::new() } else { format!("  ({})", line.objects.join(", ")) };
    format!("{indent}{} {header}{} [{}]{data}{objects}", line.side, line.name, line.bytes)
}
