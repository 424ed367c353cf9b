//! JSON forms of results: a stable schema, described in docs/json.md. A check is an object with `step` and `verdict`,
//! with `reason` where the verdict is not `passed`, and with `notes` where there are some.

use bitaqa_terminal::inspection::{Check, Inspection};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::output::table;
use crate::trust_folder::TrustReport;

/// One step of an inspection.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    /// Name of the step.
    pub step: String,
    /// `passed`, `failed`, `not_offered`, `not_attempted` or `downgraded`.
    pub verdict: &'static str,
    /// Why it is not `passed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was tolerated, skipped or chosen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl From<&Check> for CheckReport {
    fn from(check: &Check) -> Self {
        let (step, notes) = (check.step.clone(), check.notes.clone());
        Self { step, verdict: check.verdict.word(), reason: check.verdict.reason(), notes }
    }
}

/// A file that was read.
#[derive(Clone, Debug, Serialize)]
pub struct FileReport {
    /// Name.
    pub name: String,
    /// Octets.
    pub bytes: usize,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// An inspection.
#[derive(Clone, Debug, Serialize)]
pub struct InspectionReport {
    /// `positive` or `negative`.
    pub result: &'static str,
    /// Password that was tried: `CAN`, `MRZ`, `PIN` or `PUK`.
    pub password: &'static str,
    /// Every step.
    pub checks: Vec<CheckReport>,
    /// Every file read.
    pub files: Vec<FileReport>,
    /// What was trusted; absent where no folder was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<TrustReport>,
    /// Cells of a virtual card's memory that are not as they were written.
    #[serde(skip_serializing_if = "is_zero")]
    pub damaged_cells: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the form that serde calls
const fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl InspectionReport {
    /// Out of an inspection; `positive` is the judgement of the caller's rule.
    pub fn new(inspection: &Inspection, password: &'static str, positive: bool) -> Self {
        let files = inspection.files.iter().map(|file| FileReport {
            name: file.name.clone(),
            bytes: file.content.len(),
            sha256: hex::encode_upper(Sha256::digest(&file.content)),
        });
        Self {
            result: if positive { "positive" } else { "negative" },
            password,
            checks: inspection.checks.iter().map(CheckReport::from).collect(),
            files: files.collect(),
            trust: None,
            damaged_cells: 0,
        }
    }

    /// Whether the result is positive.
    pub fn is_positive(&self) -> bool {
        self.result == "positive"
    }

    /// The checks as a table.
    pub fn table(&self) -> String {
        let rows = self.checks.iter().map(|check| {
            let notes = check.notes.iter().map(|note| format!("note: {note}"));
            let reason = check.reason.iter().cloned().chain(notes).collect::<Vec<_>>().join("\n");
            [check.step.clone(), check.verdict.to_owned(), reason]
        });
        table(["step", "verdict", "reason"], rows)
    }

    /// Why the result is what it is, in one line: the steps that failed, or else those that could not be done.
    pub fn shortcomings(&self) -> String {
        let failed = |check: &CheckReport| matches!(check.verdict, "failed" | "downgraded");
        let any_failed = self.checks.iter().any(failed);
        let bad = |check: &&CheckReport| if any_failed { failed(check) } else { check.verdict != "passed" };
        let line =
            |check: &CheckReport| format!("{}: {}", check.step, check.reason.as_deref().unwrap_or(check.verdict));
        self.checks.iter().filter(bad).map(line).collect::<Vec<_>>().join("; ")
    }
}
