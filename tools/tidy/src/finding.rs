//! What a rule reports.

use core::fmt;

/// One broken rule at one place. Prints as `file:line: rule: detail`, a form that editors jump to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Path from the root of the repository, with `/`.
    pub file: String,
    /// Counted from 1; 1 also where the whole file is meant.
    pub line: usize,
    /// Short name of the rule.
    pub rule: &'static str,
    /// What is wrong, and what to do instead.
    pub detail: String,
}

impl Finding {
    /// A finding at `file:line`.
    pub fn new(file: &str, line: usize, rule: &'static str, detail: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, rule, detail: detail.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file, self.line, self.rule, self.detail)
    }
}
