//! The result matrix: JSON for programs, and the two tables of docs/interop.md for people.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::Judged;
use crate::defect::{self, Defect};
use crate::program::{Outcome, Program};
use crate::programs;

/// Writes `matrix.json` into the run's folder, or `matrix-DEFECT.json` for a card with a fault.
///
/// # Errors
/// The operating system's refusal.
pub fn write_json(results: &[Judged], defect: Option<&Defect>, out: &Path) -> Result<(), String> {
    let row = |row: &crate::program::Row| match &row.outcome {
        Outcome::Passed => json!({ "check": row.check, "outcome": "passed" }),
        Outcome::Failed(why) => json!({ "check": row.check, "outcome": "failed", "why": why }),
        Outcome::Skipped(why) => json!({ "check": row.check, "outcome": "skipped", "why": why }),
    };
    let program = |judged: &Judged| {
        let rows: Vec<Value> = judged.rows.iter().map(row).collect();
        json!({
            "name": judged.program.name,
            "judges": judged.program.judges,
            "version": judged.version,
            "verdict": judged.verdict(),
            "checks": rows,
        })
    };
    let programs: Vec<Value> = results.iter().map(program).collect();
    let whole = json!({ "defect": defect.map(|defect| defect.name), "programs": programs });
    let name = defect.map_or("matrix.json".to_owned(), |defect| format!("matrix-{}.json", defect.name));
    let path = out.join(name);
    let text = serde_json::to_string_pretty(&whole).map_err(|error| error.to_string())?;
    std::fs::write(&path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))?;
    crate::say(&format!("interop: {}", path.display()));
    Ok(())
}

/// Writes the table of programs, and what each checks, into docs/interop.md.
///
/// # Errors
/// A page that is not there or has lost its marks.
pub fn write_page(results: &[Judged]) -> Result<(), String> {
    let mut table = String::from("| program | version | judges | result |\n| --- | --- | --- | --- |\n");
    for judged in results {
        let (passed, all) = (judged.count(|outcome| *outcome == Outcome::Passed), judged.rows.len());
        let (version, verdict) = (judged.version.as_deref().unwrap_or("-"), judged.verdict());
        let program = judged.program;
        let _ =
            writeln!(table, "| `{}` | {version} | {} | {verdict} ({passed} of {all}) |", program.name, program.judges);
    }
    fill("matrix", &table)?;
    fill("checks", &checks())
}

/// What each program of the table checks, a paragraph each.
fn checks() -> String {
    let paragraph = |program: &&Program| format!("`{}`: {}.\n", program.name, program.checks.join("; "));
    programs::TABLE.iter().map(paragraph).collect::<Vec<_>>().join("\n")
}

/// Writes the table of defects into docs/interop.md. It says what must be; that it is so was just shown.
///
/// # Errors
/// As [`write_page`].
pub fn write_defects() -> Result<(), String> {
    fill("defects", &defects())
}

fn defects() -> String {
    let mut table =
        String::from("| defect | what is wrong with the card | programs that turn red |\n| --- | --- | --- |\n");
    for defect in defect::ALL {
        let names: Vec<String> = defect.judges.iter().map(|name| format!("`{name}`")).collect();
        let (count, names) = (names.len(), names.join(", "));
        let seen = if defect.is_none() { format!("none of {names}") } else { format!("{count}: {names}") };
        let _ = writeln!(table, "| `{}` | {} | {seen} |", defect.name, defect.what);
    }
    table
}

/// Puts a text between two marks of the page.
fn fill(mark: &str, text: &str) -> Result<(), String> {
    let path = page();
    let page = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let (begin, end) = (format!("<!-- begin: {mark} -->\n"), format!("<!-- end: {mark} -->\n"));
    let cut = page.split_once(&begin).and_then(|(head, rest)| Some((head, rest.split_once(&end)?.1)));
    let (head, tail) = cut.ok_or_else(|| format!("{}: no marks of `{mark}`", path.display()))?;
    let whole = [head, &begin, text, &end, tail].concat();
    std::fs::write(&path, whole).map_err(|error| format!("{}: {error}", path.display()))
}

/// The page in the repository that this program was built from.
fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/interop.md")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `tools/interop/run --write` writes the tables anew; what they then say is reviewed with the change.
    #[test]
    fn the_page_names_every_program_check_and_defect_and_no_other() {
        let page = std::fs::read_to_string(page()).unwrap();
        let rows = |mark: &str| -> Vec<String> {
            let (_, rest) = page.split_once(&format!("<!-- begin: {mark} -->\n")).unwrap();
            let (table, _) = rest.split_once("<!-- end").unwrap();
            table.lines().skip(2).map(str::to_owned).collect()
        };
        let wanted: Vec<String> = programs::TABLE.iter().map(|program| format!("| `{}` | ", program.name)).collect();
        let matrix = rows("matrix");
        assert_eq!(matrix.len(), wanted.len(), "tools/interop/run --write");
        for ((row, start), program) in matrix.iter().zip(&wanted).zip(programs::TABLE) {
            assert!(row.starts_with(start), "{row}: not {start}; tools/interop/run --write");
            assert!(row.contains(&format!("| {} | ", program.judges)), "{row}");
        }
        assert!(page.contains(checks().trim_end()), "tools/interop/run --write");
        let mut defects = defects();
        defects.truncate(defects.trim_end().len());
        assert!(page.contains(&defects), "tools/interop/run --prove-defects --write");
    }

    #[test]
    fn defects_name_programs_of_the_table_and_one_is_seen_by_three() {
        for defect in defect::ALL {
            let names: Vec<String> = defect.judges.iter().map(|name| (*name).to_owned()).collect();
            programs::named(&names).unwrap();
        }
        assert!(defect::ALL.iter().any(|defect| !defect.is_none() && defect.judges.len() >= 3));
    }
}
