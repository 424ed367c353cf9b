//! Foreign programs judge our card, our terminal and what our issuer makes. Everything hangs on one table,
//! [`programs::TABLE`]: a name, what it judges, what it needs, its checks, and the function that runs them. A program
//! whose needs are not met is skipped with the reason and the way out, never passed; the rest goes on.
//!
//! ```text
//! bitaqa-interop run [--defect NAME] [--write] [--out DIR] [NAME..]    judge; exit status 0, 1 or 3
//! bitaqa-interop prove [--write] [--out DIR]                           every defect must turn the programs it names red
//! bitaqa-interop needs [NAME..]                                        what is missing and can be installed, one a line
//! bitaqa-interop list                                                  names, and what each judges
//! bitaqa-interop serve --image FILE [--defect NAME] [--tcp PORT]       a card with a fault that the product never has
//! ```

mod arguments;
mod bridge;
mod defect;
mod desk;
mod matrix;
mod namespace;
mod need;
mod program;
mod programs;
mod serve;
mod stage;

use std::io::Write as _;
use std::process::ExitCode;

use arguments::Request;
use program::{Outcome, Program};
use stage::Stage;

/// A check failed.
const FAILED: u8 = 1;

/// Nothing failed, something was skipped: neither green nor red.
const SKIPPED: u8 = 3;

/// Arguments that make no sense, or a folder that cannot be written.
const UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    let code = arguments::parse(std::env::args().skip(1)).and_then(|request| carry_out(&request));
    code.unwrap_or_else(|error| {
        say(&format!("bitaqa-interop: {error}"));
        ExitCode::from(UNUSABLE)
    })
}

fn carry_out(request: &Request) -> Result<ExitCode, String> {
    match request {
        Request::Serve { image, defect, port } => serve::run(image, *defect, *port).map(|()| ExitCode::SUCCESS),
        Request::List => {
            for program in programs::TABLE {
                print(&format!("{:20} {}", program.name, program.judges));
            }
            Ok(ExitCode::SUCCESS)
        }
        Request::Needs { names, out } => {
            let stage = Stage::new(out, None)?;
            for line in need::missing_installs(&programs::named(names)?, &stage) {
                print(&line);
            }
            Ok(ExitCode::SUCCESS)
        }
        Request::Run { names, defect, write, out } => {
            let stage = Stage::new(out, *defect)?;
            let results = judge(&programs::named(names)?, &stage);
            matrix::write_json(&results, *defect, out)?;
            if *write {
                matrix::write_page(&results)?;
            }
            Ok(ExitCode::from(conclude(&results)))
        }
        Request::Prove { write, out } => prove(*write, out),
    }
}

/// What one program showed.
pub struct Judged {
    program: &'static Program,
    version: Option<String>,
    rows: Vec<program::Row>,
}

impl Judged {
    fn count(&self, wanted: fn(&Outcome) -> bool) -> usize {
        self.rows.iter().filter(|row| wanted(&row.outcome)).count()
    }

    /// The worst of its rows: failed, then skipped, then passed.
    fn verdict(&self) -> &'static str {
        if self.count(Outcome::is_failed) > 0 {
            "failed"
        } else if self.count(Outcome::is_skipped) > 0 {
            "skipped"
        } else {
            "passed"
        }
    }
}

fn judge(wanted: &[&'static Program], stage: &Stage) -> Vec<Judged> {
    let mut results = Vec::new();
    for &program in wanted {
        say(&format!("{}: {}", program.name, program.judges));
        let missing: Vec<String> = program.needs.iter().filter_map(|need| need.missing(stage)).collect();
        let (version, rows) = if missing.is_empty() {
            ((program.version)(stage), program.rows(stage))
        } else {
            let why = missing.join("; ");
            say(&format!("  SKIPPED: {why}"));
            (None, program.all_skipped(&why))
        };
        for row in &rows {
            match &row.outcome {
                Outcome::Passed => say(&format!("  passed   {}", row.check)),
                Outcome::Failed(why) => say(&format!("  FAILED   {}: {why}", row.check)),
                Outcome::Skipped(_) if !missing.is_empty() => {}
                Outcome::Skipped(why) => say(&format!("  SKIPPED  {}: {why}", row.check)),
            }
        }
        results.push(Judged { program, version, rows });
    }
    results
}

/// Says how it ended, the skipped ones by name, and makes the exit status of it.
fn conclude(results: &[Judged]) -> u8 {
    let of = |verdict: &str| -> Vec<&str> {
        results.iter().filter(|judged| judged.verdict() == verdict).map(|judged| judged.program.name).collect()
    };
    let (passed, failed, skipped) = (of("passed"), of("failed"), of("skipped"));
    say(&format!("interop: {} green, {} red, {} skipped", passed.len(), failed.len(), skipped.len()));
    if !failed.is_empty() {
        say(&format!("interop: RED: {}", failed.join(", ")));
    }
    if !skipped.is_empty() {
        say(&format!("interop: SKIPPED, which proves nothing: {}", skipped.join(", ")));
    }
    match (failed.is_empty(), skipped.is_empty()) {
        (false, _) => FAILED,
        (true, false) => SKIPPED,
        (true, true) => 0,
    }
}

/// Runs all programs on each defect. Proven is a defect that turns at least as many red as it promises.
fn prove(write: bool, out: &std::path::Path) -> Result<ExitCode, String> {
    let mut proofs = Vec::new();
    let mut code = ExitCode::SUCCESS;
    for defect in defect::ALL {
        say(&format!("--- defect {}: {}", defect.name, defect.what));
        let stage = Stage::new(out, Some(defect))?;
        let results = judge(&programs::named(&[])?, &stage);
        let of = |verdict: &str| -> Vec<&'static str> {
            results.iter().filter(|judged| judged.verdict() == verdict).map(|judged| judged.program.name).collect()
        };
        let (red, skipped) = (of("failed"), of("skipped"));
        say(&format!("--- defect {}: {} red: {}", defect.name, red.len(), red.join(", ")));
        if red.len() < defect.red_min || (defect.red_min == 0 && !red.is_empty()) {
            say(&format!("--- defect {}: NOT SEEN as it should be, by {} or more", defect.name, defect.red_min));
            code = if skipped.is_empty() { ExitCode::FAILURE } else { ExitCode::from(SKIPPED) };
        }
        proofs.push((defect, red));
    }
    if write {
        matrix::write_proofs(&proofs)?;
    }
    Ok(code)
}

/// What a person reads: standard error, so that standard output stays what a program asked for.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}"); // nobody listens: the exit status still says it
}

fn print(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
