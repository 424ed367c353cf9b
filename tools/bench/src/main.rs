//! `bitaqa-bench`: how far cards, line and wire are from their own limits. `tools/bench/report` runs all of it and writes
//! docs/performance.md. Figures only: nothing here fails for being slow.
#![allow(clippy::print_stdout, reason = "the output of this program is its purpose")]

mod apdus;
mod cpu;
mod issuer;
mod line;
mod primitives;
mod ratio;
mod throughput;

use line::Line;

fn main() -> line::Outcome<()> {
    let line = Line::new("cnie-2.0", 1)?;
    let ratio = ratio::measure(&line, 5, 20)?;
    println!("{}", serde_json::to_string_pretty(&ratio)?);
    Ok(())
}
