//! How a run ends: exit codes, and failures that say what, where, what to do.
//!
//! | code | meaning |
//! | --- | --- |
//! | 0 | done; every verdict positive |
//! | 2 | wrong use of the command line |
//! | 3 | bad input: record, profile, image, PKI folder, file; nothing was written |
//! | 4 | card or reader |
//! | 5 | a verdict is negative |
//! | 6 | internal error |

use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::report::CheckReport;

/// Class of a failure, which is its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Wrong use of the command line.
    Usage,
    /// Bad input.
    BadInput,
    /// Card or reader.
    Card,
    /// A verdict is negative.
    Verdict,
    /// Internal error.
    Internal,
}

impl Class {
    /// The exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::BadInput => 3,
            Self::Card => 4,
            Self::Verdict => 5,
            Self::Internal => 6,
        }
    }
}

/// One thing that is wrong with an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// File.
    pub file: String,
    /// Field or place in it; empty for the file as a whole.
    pub field: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if !self.field.is_empty() {
            write!(f, ": {}", self.field)?;
        }
        write!(f, ": {}", self.what)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, "\n    {}", self.remedy) }
    }
}

/// A failed run.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// Class.
    pub class: Class,
    /// What went wrong, where, the card's state and the safe next step.
    pub message: String,
    /// Each single problem of an input.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// Every step of an inspection that found the card wanting.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckReport>,
    /// Whether a result was given that says the same: standard output then has its one JSON value already.
    #[serde(skip)]
    pub result_given: bool,
}

impl Failure {
    /// With a message alone.
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), problems: Vec::new(), checks: Vec::new(), result_given: false }
    }

    /// A negative verdict, after the report that holds it.
    pub fn reported(message: impl Into<String>) -> Self {
        Self { result_given: true, ..Self::new(Class::Verdict, message) }
    }

    /// Wrong use of the command line.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Class::Usage, message)
    }

    /// Bad input in a file.
    pub fn input(file: &Path, what: impl fmt::Display, remedy: impl Into<String>) -> Self {
        let problem = Problem {
            file: file.display().to_string(),
            field: String::new(),
            what: what.to_string(),
            remedy: remedy.into(),
        };
        Self::problems(vec![problem])
    }

    /// Bad input with its single problems.
    pub fn problems(problems: Vec<Problem>) -> Self {
        let message = match problems.len() {
            1 => "the input has a problem; nothing was written".to_owned(),
            n => format!("the input has {n} problems; nothing was written"),
        };
        Self { problems, ..Self::new(Class::BadInput, message) }
    }

    /// Card or reader.
    pub fn card(message: impl fmt::Display) -> Self {
        Self::new(Class::Card, message.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}
