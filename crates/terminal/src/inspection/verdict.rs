//! What a step of an inspection leaves behind.

/// Outcome of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Done, and good.
    Passed,
    /// Done, and not good.
    Failed(String),
    /// The document does not have it.
    NotOffered(String),
    /// Not done.
    NotAttempted(String),
    /// Done with something weaker than the document offers or vouches for.
    Downgraded {
        /// What the document offers.
        from: String,
        /// What was used.
        to: String,
    },
}

impl Verdict {
    /// Word of the verdict in reports.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::NotOffered(_) => "not_offered",
            Self::NotAttempted(_) => "not_attempted",
            Self::Downgraded { .. } => "downgraded",
        }
    }

    /// Why it is not `passed`.
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Passed => None,
            Self::Failed(reason) | Self::NotOffered(reason) | Self::NotAttempted(reason) => Some(reason.clone()),
            Self::Downgraded { from, to } => Some(format!("from {from} to {to}")),
        }
    }

    /// Whether it counts against the document: it failed, or something weaker stood in for it.
    pub const fn is_bad(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Downgraded { .. })
    }
}

/// A step and its verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Name of the step.
    pub step: String,
    /// Verdict.
    pub verdict: Verdict,
    /// What an operator should know beside the verdict: deviations that were tolerated, what was chosen among several
    /// offers, entries that were skipped. They change nothing about the verdict.
    pub notes: Vec<String>,
}

impl Check {
    /// A step with its verdict.
    pub fn new(step: impl Into<String>, verdict: Verdict) -> Self {
        Self { step: step.into(), verdict, notes: Vec::new() }
    }
}

/// A step that leaves a verdict and no value: why the steps after it have none.
pub(super) type Outcome<T> = Result<T, Verdict>;

/// Not done, as this step gave nothing.
pub(super) fn without(step: &str) -> Verdict {
    Verdict::NotAttempted(format!("{step} is missing"))
}

/// Failed, in the words of an error.
pub(super) fn failed(error: impl core::fmt::Display) -> Verdict {
    Verdict::Failed(error.to_string())
}
