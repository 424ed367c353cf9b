//! The nouns of the table: a foreign program, one thing that it checks, how that ended.

use crate::need::Need;
use crate::stage::Stage;

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The foreign program was satisfied.
    Passed,
    /// It was not, or did not come that far; with its last words.
    Failed(String),
    /// It was never asked, and why. Proves nothing.
    Skipped(String),
}

impl Outcome {
    /// Whether it failed.
    pub fn is_failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    /// Whether it was skipped.
    pub fn is_skipped(&self) -> bool {
        matches!(self, Self::Skipped(_))
    }
}

/// One check and its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// One of [`Program::checks`].
    pub check: String,
    /// How it ended.
    pub outcome: Outcome,
}

impl Row {
    /// A row of a check that ended well, or with these words.
    pub fn of(check: &str, result: Result<(), String>) -> Self {
        let outcome = result.map_or_else(Outcome::Failed, |()| Outcome::Passed);
        Self { check: check.to_owned(), outcome }
    }
}

/// A foreign program, as the table has it.
pub struct Program {
    /// Short name, as given on the command line.
    pub name: &'static str,
    /// What of ours it judges, in a few words.
    pub judges: &'static str,
    /// What must be there before it can run; all is looked at, so that one run names everything that is missing.
    pub needs: &'static [Need],
    /// Names of its checks, in order. A check of which nothing is heard has failed.
    pub checks: &'static [&'static str],
    /// Its own version, for the matrix.
    pub version: fn(&Stage) -> Option<String>,
    /// Runs it. An error is one that hit all checks alike, such as a card that could not be issued.
    pub run: fn(&Stage) -> Result<Vec<Row>, String>,
}

impl Program {
    /// One row for each of [`Program::checks`], whatever the run brought.
    pub fn rows(&self, stage: &Stage) -> Vec<Row> {
        let (brought, otherwise) = match (self.run)(stage) {
            Ok(rows) => (rows, "nothing was heard of this check".to_owned()),
            Err(error) => (Vec::new(), error),
        };
        let row = |check: &&str| {
            let found = brought.iter().find(|row| row.check == **check).cloned();
            found.unwrap_or_else(|| Row::of(check, Err(otherwise.clone())))
        };
        self.checks.iter().map(row).collect()
    }

    /// One row for each check of a program that was not run.
    pub fn all_skipped(&self, why: &str) -> Vec<Row> {
        let outcome = Outcome::Skipped(why.to_owned());
        self.checks.iter().map(|check| Row { check: (*check).to_owned(), outcome: outcome.clone() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENT: Program = Program {
        name: "silent",
        judges: "nothing",
        needs: &[],
        checks: &["one", "two"],
        version: |_| None,
        run: |_| Ok(vec![Row { check: "two".to_owned(), outcome: Outcome::Passed }]),
    };

    #[test]
    fn a_check_of_which_nothing_is_heard_has_failed() {
        let out = tempfile::tempdir().unwrap();
        let stage = Stage::new(out.path(), None).unwrap();
        let outcomes =
            |program: &Program| -> Vec<Outcome> { program.rows(&stage).into_iter().map(|row| row.outcome).collect() };
        assert!(matches!(outcomes(&SILENT).as_slice(), [Outcome::Failed(_), Outcome::Passed]));
        let broken = Program { run: |_| Err("no card".to_owned()), ..SILENT };
        assert_eq!(outcomes(&broken), vec![Outcome::Failed("no card".to_owned()); 2]);
        assert!(SILENT.all_skipped("no tool").iter().all(|row| row.outcome.is_skipped()));
    }
}
