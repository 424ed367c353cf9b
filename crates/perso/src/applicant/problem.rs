//! What is wrong with a record: the file, the field, what is wrong, what to do.

use core::fmt;

/// One rule that a record breaks. Never holds the content of the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The record's file, as the caller named it.
    pub file: String,
    /// Path of the field (`names.latin.surname`, `fingerprints[1].file`); `line L, column C` of text that is no JSON.
    pub field: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}; {}", self.file, self.field, self.what, self.remedy)
    }
}

/// Something unusual that an operator should look at; the record is taken all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning(pub Problem);

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A record that is not taken: everything that is wrong with it, and the warnings beside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicantErrors {
    /// At least one.
    pub problems: Vec<Problem>,
    /// What would only have been warned of.
    pub warnings: Vec<Warning>,
}

impl fmt::Display for ApplicantErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl core::error::Error for ApplicantErrors {}

/// Collects while the checks go on.
pub(super) struct Findings<'a> {
    file: &'a str,
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
}

impl<'a> Findings<'a> {
    pub(super) const fn new(file: &'a str) -> Self {
        Self { file, problems: Vec::new(), warnings: Vec::new() }
    }

    pub(super) fn problem(&mut self, field: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(self.entry(field.into(), what.into(), remedy.into()));
    }

    /// A problem unless the rule holds; the texts are cheap and the rules few, so both are always made.
    pub(super) fn unless(
        &mut self,
        holds: bool,
        field: impl Into<String>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        if !holds {
            self.problem(field, what, remedy);
        }
    }

    pub(super) fn warn(&mut self, field: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) {
        self.warnings.push(Warning(self.entry(field.into(), what.into(), remedy.into())));
    }

    fn entry(&self, field: String, what: String, remedy: String) -> Problem {
        Problem { file: self.file.to_owned(), field, what, remedy }
    }

    /// Whether the field or a part of it has a problem already: one cause is told once.
    pub(super) fn blames_within(&self, field: &str) -> bool {
        self.problems.iter().any(|problem| problem.field.starts_with(field))
    }

    pub(super) const fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    pub(super) fn into_warnings(self) -> Vec<Warning> {
        self.warnings
    }

    pub(super) fn into_errors(self) -> ApplicantErrors {
        ApplicantErrors { problems: self.problems, warnings: self.warnings }
    }
}
