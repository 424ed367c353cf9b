//! `bitaqa-bench`: how far cards, line and wire are from their own limits. `tools/bench/report` runs all of it and writes
//! docs/performance.md. Figures only: nothing here fails for being slow.
#![allow(clippy::print_stdout, reason = "the output of this program is its purpose")]

mod apdus;
mod cpu;
mod instructions;
mod issuer;
mod line;
mod primitives;
mod ratio;
mod throughput;
mod wire;

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
    /// (f) The work of one scenario, for a program that counts its instructions
    Scenario {
        /// Its name
        name: String,
    },
}

fn main() -> Outcome<()> {
    match Arguments::parse().command {
        Command::Ratio { rounds, cards } => print(&ratio::measure(&Line::new("cnie-2.0", 1)?, rounds, cards)?),
        Command::Line { cards } => print(&throughput::measure("cnie-2.0", cards)?),
        Command::Wire => print(&wire::measure(&Line::new("cnie-2.0", 1)?)?),
        Command::Apdus { pairs } => print(&apdus::measure(pairs)?),
        Command::Scenario { name } => instructions::run(&name),
    }
}

fn print(figures: &impl Serialize) -> Outcome<()> {
    println!("{}", serde_json::to_string_pretty(figures)?);
    Ok(())
}
