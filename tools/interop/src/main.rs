//! Foreign programs judge our card, our terminal and what our issuer makes. Everything hangs on one table,
//! [`programs::TABLE`]: a name, what it judges, what it needs, its checks, and the function that runs them. A program
//! whose needs are not met is skipped with the reason and the way out, never passed; the rest goes on.
//!
//! ```text
//! run [--defect NAME] [--write] [--out DIR] [NAME..]    judge; exit status 0, 1 or 3
//! prove [--write] [--out DIR] [DEFECT..]                defects must turn the programs red that they name
//! needs [NAME..]                                        what is missing and can be installed, one a line
//! list                                                  names, and what each judges
//! serve --image FILE [--defect NAME] [--tcp PORT]       a card with a fault that the product never has
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
use std::path::Path;
use std::process::ExitCode;

use arguments::Request;
use defect::Defect;
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
        Request::Prove { defects, write, out } => prove(defects, *write, out).map(ExitCode::from),
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
        let mut missing: Vec<String> = program.needs.iter().filter_map(|need| need.missing(stage)).collect();
        missing.dedup(); // all of Python's modules miss the same interpreter
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

/// Puts each fault before the programs that must see it, and no fault before the same.
fn prove(defects: &[&'static Defect], write: bool, out: &Path) -> Result<u8, String> {
    let (mut unseen, mut skipped) = (Vec::new(), Vec::new());
    for &defect in defects {
        say(&format!("--- defect {}: {}", defect.name, defect.what));
        let judges: Vec<String> = defect.judges.iter().map(|name| (*name).to_owned()).collect();
        let results = judge(&programs::named(&judges)?, &Stage::new(out, Some(defect))?);
        matrix::write_json(&results, Some(defect), out)?;
        let wanted = if defect.is_none() { "passed" } else { "failed" };
        for judged in results.iter().filter(|judged| judged.verdict() != wanted) {
            let list = if judged.verdict() == "skipped" { &mut skipped } else { &mut unseen };
            list.push(format!("{} by {}", defect.name, judged.program.name));
        }
        let count = results.iter().filter(|judged| judged.verdict() == "failed").count();
        say(&format!("--- defect {}: {count} of {} programs red", defect.name, results.len()));
    }
    if write {
        matrix::write_defects()?;
    }
    if !unseen.is_empty() {
        say(&format!("interop: DEFECTS NOT SEEN, or seen where there is none: {}", unseen.join(", ")));
        return Ok(FAILED);
    }
    if !skipped.is_empty() {
        say(&format!("interop: SKIPPED, which proves nothing: {}", skipped.join(", ")));
        return Ok(SKIPPED);
    }
    Ok(0)
}

/// What a person reads: standard error, so that standard output stays what a program asked for.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}"); // nobody listens: the exit status still says it
}

fn print(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use program::Row;

    fn judged(outcomes: &[Outcome]) -> Judged {
        let row = |outcome: &Outcome| Row { check: "x".to_owned(), outcome: outcome.clone() };
        Judged { program: programs::TABLE[0], version: None, rows: outcomes.iter().map(row).collect() }
    }

    #[test]
    fn the_exit_status_tells_skipped_from_failed() {
        let (passed, failed, skipped) =
            (Outcome::Passed, Outcome::Failed("why".to_owned()), Outcome::Skipped("why".to_owned()));
        let green = || judged(&[passed.clone(), passed.clone()]);
        assert_eq!(conclude(&[green()]), 0);
        assert_eq!(conclude(&[green(), judged(&[passed.clone(), skipped.clone()])]), SKIPPED);
        let red = judged(&[passed.clone(), failed, skipped.clone()]);
        assert_eq!(conclude(&[judged(&[skipped]), red, green()]), FAILED);
    }
}
