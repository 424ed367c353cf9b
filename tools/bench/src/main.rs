//! `bitaqa-bench`: how far cards, line and wire are from their own limits. `tools/bench/report` runs all of it and
//! writes
//! docs/performance.md. Figures only: nothing here fails for being slow.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the output of this program is its purpose")]

mod accuracy;
mod apdus;
mod cpu;
mod fingers;
mod instructions;
mod line;
mod peer;
mod plot;
mod portrait;
mod primitives;
mod prints;
mod ratio;
mod report;
mod throughput;
mod wire;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use line::{Line, Outcome};
use serde::Serialize;

/// Measures cards, line and wire against their own limits.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// (a) One card divided by the sum of its primitives
    Ratio {
        /// Rounds, each with a measurement of the primitives
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Cards in a round
        #[arg(long, default_value_t = 20)]
        cards: u64,
    },
    /// (b) Cards a second over all cores, and memory along the way
    Line {
        /// Cards to make
        #[arg(long, default_value_t = 20_000)]
        cards: u64,
    },
    /// (c) Octets and APDUs on the wire, by phase
    Wire,
    /// (e) APDUs a second of one card
    Apdus {
        /// Pairs of SELECT and READ BINARY
        #[arg(long, default_value_t = 20_000)]
        pairs: u32,
    },
    /// WSQ of generated prints, beside the Python package `wsq`
    Wsq {
        /// Prints
        #[arg(long, default_value_t = 20)]
        prints: u64,
        /// Interpreter that has the package
        #[arg(long)]
        python: Option<PathBuf>,
    },
    /// (d) Inspection by our terminal and by JMRTD's
    Peer {
        /// JMRTD's program, made by tools/interop
        jar: PathBuf,
        /// Inspections by each
        #[arg(long, default_value_t = 50)]
        runs: u32,
    },
    /// (f) Instructions of every scenario
    Instructions {
        /// Compare with the committed counts: exit status 1 beyond the tolerance, 3 when they cannot be compared
        #[arg(long)]
        check: bool,
        /// Write them anew
        #[arg(long, conflicts_with = "check")]
        update: bool,
    },
    /// (g) Prints and comparisons a second on one core
    Fingers {
        /// Fingers, each compared with every one
        #[arg(long, default_value_t = 60)]
        fingers: usize,
    },
    /// (h) How often mates are refused and strangers pass
    Accuracy {
        /// Fingers
        #[arg(long, default_value_t = 500)]
        fingers: usize,
        /// Impressions of each
        #[arg(long, default_value_t = 4)]
        impressions: usize,
        /// How fingers are pressed: enrolment, field or poor
        #[arg(long, default_value = "field")]
        conditions: String,
    },
    /// (i) A portrait at 15,000 octets by our encoder and by opj_compress
    Portrait {
        /// Folder of public test data, for the mannequin
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// All of it, as docs/performance.md
    Report {
        /// The page
        #[arg(long, default_value = "docs/performance.md")]
        out: PathBuf,
        /// Cards of (b)
        #[arg(long, default_value_t = 20_000)]
        cards: u64,
        /// JMRTD's program, for (d)
        #[arg(long)]
        jar: Option<PathBuf>,
    },
    /// (f) The work of one scenario, for a program that counts its instructions
    Scenario {
        /// Its name
        name: String,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("bitaqa-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Outcome<ExitCode> {
    match command {
        Command::Ratio { rounds, cards } => print(&ratio::measure(&Line::new("cnie-2.0", 1)?, rounds, cards)?),
        Command::Line { cards } => print(&throughput::measure("cnie-2.0", cards)?),
        Command::Wsq { prints, python } => print(&prints::measure(prints, python.as_deref())?),
        Command::Wire => print(&wire::measure("cnie-2.0")?),
        Command::Peer { jar, runs } => print(&peer::measure(&Line::new("cnie-2.0", 1)?, &jar, runs)?),
        Command::Fingers { fingers } => print(&fingers::speed(fingers)?),
        Command::Accuracy { fingers, impressions, conditions } => {
            print(&accuracy::measure(fingers, impressions, &conditions)?)
        }
        Command::Portrait { data } => print(&portrait::measure(data.as_deref())?),
        Command::Apdus { pairs } => print(&apdus::measure(pairs)?),
        Command::Instructions { check: true, .. } => return check(),
        Command::Instructions { update, .. } => {
            let counts = instructions::count()?;
            if update {
                std::fs::write(instructions::BASELINE, serde_json::to_string_pretty(&counts)? + "\n")?;
            }
            print(&counts)
        }
        Command::Report { out, cards, jar } => {
            let extent = report::Extent { cards, jar: jar.as_deref() };
            report::measure(&extent, &|words| eprintln!("{words}"))?.write(&out)
        }
        Command::Scenario { name } if name == "processor" => {
            println!("{}", instructions::features());
            Ok(())
        }
        Command::Scenario { name } => instructions::run(&name),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Counts against those that are committed.
fn check() -> Outcome<ExitCode> {
    const TOLERANCE_PERCENT: u64 = 2;
    let before = serde_json::from_str(&std::fs::read_to_string(Path::new(instructions::BASELINE))?)?;
    match instructions::differences(&before, &instructions::count()?, TOLERANCE_PERCENT) {
        Ok(found) if found.is_empty() => Ok(ExitCode::SUCCESS),
        Ok(found) => {
            println!("instructions beyond {TOLERANCE_PERCENT} %: {}", found.join("; "));
            Ok(ExitCode::FAILURE)
        }
        Err(why) => {
            println!("{why}");
            Ok(ExitCode::from(3))
        }
    }
}

fn print(figures: &impl Serialize) -> Outcome<()> {
    println!("{}", serde_json::to_string_pretty(figures)?);
    Ok(())
}
