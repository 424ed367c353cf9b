//! `bitaqa-fuzz`: writes seeds and dictionaries where libFuzzer finds them, and runs it over the targets.
//!
//! ```text
//! bitaqa-fuzz list
//! bitaqa-fuzz seeds FOLDER [TARGET..]
//! bitaqa-fuzz campaign BINARY FOLDER [--executions N | --seconds S] [TARGET..]
//! ```
//! `tools/fuzz/run` builds the binary and calls the last one. Executions are those of all targets together: each gets a
//! share by how fast it is, so that all take about the same time.

#![allow(clippy::print_stdout, clippy::print_stderr)] // a program: this file is where it speaks

mod campaign;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bitaqa_fuzz::{TARGETS, Target, target};
use campaign::{Budget, Row};

const USAGE: &str = "usage: bitaqa-fuzz list | seeds FOLDER [TARGET..] | campaign BINARY FOLDER \
                     [--executions N | --seconds S] [TARGET..]";

/// Executions of all targets together, where nobody says how many.
const EXECUTIONS: u64 = 1_000_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<bool, String> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["list"] => {
            for target in TARGETS {
                println!("{}", target.name);
            }
            Ok(true)
        }
        ["seeds", folder, names @ ..] => seeds(Path::new(folder), &chosen(names)?),
        ["campaign", binary, folder, rest @ ..] => {
            let (budget, names): (Budget, &[&str]) = match *rest {
                ["--executions", number, ref names @ ..] => (Budget::Executions(parsed(number)?), names),
                ["--seconds", number, ref names @ ..] => (Budget::Seconds(parsed(number)?), names),
                ref names => (Budget::Executions(EXECUTIONS), names),
            };
            let (folder, targets) = (Path::new(folder), chosen(names)?);
            seeds(folder, &targets)?;
            fuzz(Path::new(binary), folder, &targets, budget)
        }
        _ => Err(USAGE.into()),
    }
}

fn parsed(number: &str) -> Result<u64, String> {
    number.parse().map_err(|_| format!("{number} is no number\n{USAGE}"))
}

fn chosen(names: &[&str]) -> Result<Vec<&'static Target>, String> {
    let named = |name: &&str| target(name).ok_or_else(|| format!("no target {name}; `list` names them"));
    if names.is_empty() { Ok(TARGETS.iter().collect()) } else { names.iter().map(named).collect() }
}

/// `FOLDER/TARGET/seeds/NNNN`, `FOLDER/TARGET/dictionary`.
fn seeds(folder: &Path, targets: &[&Target]) -> Result<bool, String> {
    for target in targets {
        let place = folder.join(target.name);
        let seeds = place.join("seeds");
        std::fs::create_dir_all(&seeds).map_err(|error| format!("{}: {error}", seeds.display()))?;
        let write = |path: PathBuf, content: &[u8]| {
            std::fs::write(&path, content).map_err(|error| format!("{}: {error}", path.display()))
        };
        for (number, seed) in target.inputs().iter().enumerate() {
            write(seeds.join(format!("{number:04}")), seed)?;
        }
        write(place.join("dictionary"), dictionary(target).as_bytes())?;
    }
    Ok(true)
}

/// A word a line, every octet as `\xNN`: libFuzzer's form for whatever is no letter.
fn dictionary(target: &Target) -> String {
    let mut text = String::new();
    for word in target.dictionary {
        let octets: Vec<String> = word.iter().map(|octet| format!("\\x{octet:02X}")).collect();
        text.extend(["\"", &octets.concat(), "\"\n"]);
    }
    text
}

fn fuzz(binary: &Path, folder: &Path, targets: &[&Target], budget: Budget) -> Result<bool, String> {
    let mut rows = Vec::new();
    println!("{}", Row::HEADER);
    for target in targets {
        let row = campaign::run(binary, folder, target, budget.share(target, targets))?;
        println!("{row}");
        rows.push(row);
    }
    let total = Row::total(&rows);
    println!("{total}");
    let file = folder.join("report.json");
    let json = Row::json(&rows, &total);
    std::fs::write(&file, json).map_err(|error| format!("{}: {error}", file.display()))?;
    println!("\nJSON: {}", file.display());
    let broken: Vec<&Row> = rows.iter().filter(|row| row.crashes > 0 || !row.ended_well).collect();
    for row in &broken {
        eprintln!("{}: inputs in {}, log beside them", row.target, folder.join(&row.target).join("broken").display());
    }
    Ok(broken.is_empty())
}
