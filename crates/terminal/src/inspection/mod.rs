//! The inspection procedure of 9303-11 §4.2 and App. J.1 and of TR-03110-1 §2.4 as a list of named steps. Each step
//! leaves a verdict and none is lost: what could not be tried says why, and is never counted as passed.
//!
//! The procedure is a stranger's: it knows a password of the document, trusts the CSCA certificates it was given and
//! nothing else, and shows its own terminal certificates where it has some.
//!
//! ```text
//! access.rs     EF.CardAccess, PACE, application, BAC
//! passive.rs    EF.CardSecurity, EF.SOD: signature, path, revocation; EF.COM; what confirms EF.CardAccess
//! chip.rs       chip authentication mapping, Chip Authentication, Active Authentication
//! terminal.rs   EF.CVCA, Terminal Authentication
//! groups.rs     data groups and files of the product
//! procedure.rs  their order
//! ```

mod access;
mod chip;
mod groups;
mod passive;
mod policy;
mod procedure;
pub mod steps;
mod strength;
mod terminal;
mod verdict;

use bitaqa_apdu::{Aid, Bytes, Transport};
use bitaqa_pki::TrustStore;
use bitaqa_secure_messaging::pace::Password;
use rand_core::CryptoRng;
use time::UtcDateTime;

use crate::session::{Session, SessionError};
use crate::trace::Trace;

pub use policy::{Policy, TriesLeft};
pub use strength::Strength;
pub use terminal::{Terminal, TerminalChainError};
pub use verdict::{Check, Verdict};

/// A file beside those of 9303-10 that may be on the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtraFile {
    /// Name in reports.
    pub name: String,
    /// Short file identifier.
    pub sfi: u8,
}

/// Under which conditions a card is inspected.
#[derive(Clone, Copy)]
pub struct Conditions<'a> {
    /// The CSCA certificates that are trusted, with their revocation lists.
    pub trust: &'a TrustStore,
    /// Terminal certificates; without them the prints stay closed.
    pub terminal: Option<&'a Terminal>,
    /// The application.
    pub application: &'a Aid,
    /// Files to read beside those of 9303-10, once the terminal is authenticated.
    pub extra: &'a [ExtraFile],
    /// The instant of the inspection.
    pub at: UtcDateTime,
    /// What the terminal lets pass.
    pub policy: Policy,
    /// The CAN, to run PACE with before the password of a PIN or PUK: it resumes a suspended one, and it opens the
    /// files that are closed to them (TR-03110-2 §3.2.2).
    pub first: Option<&'a Password>,
    /// Hears how many tries a PIN or PUK has left, before one of them is spent.
    pub tries: &'a dyn Fn(TriesLeft),
}

impl<'a> Conditions<'a> {
    /// No terminal certificates, no further files, the policy that lets nothing pass, nobody to hear of tries.
    pub fn new(trust: &'a TrustStore, application: &'a Aid, at: UtcDateTime) -> Self {
        let policy = Policy::default();
        Self { trust, terminal: None, application, extra: &[], at, policy, first: None, tries: &|_| () }
    }
}

/// A file as read.
pub struct ReadFile {
    /// Name: `EF.COM`, `DG1`.
    pub name: String,
    /// Content.
    pub content: Bytes,
}

/// What an inspection found.
#[derive(Default)]
pub struct Inspection {
    /// Every step, in order.
    pub checks: Vec<Check>,
    /// Every file that was read.
    pub files: Vec<ReadFile>,
}

impl Inspection {
    /// Content of a file that was read.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.iter().find(|file| file.name == name).map(|file| &*file.content)
    }

    /// The verdict on a step.
    pub fn verdict(&self, step: &str) -> Option<&Verdict> {
        self.checks.iter().find(|check| check.step == step).map(|check| &check.verdict)
    }

    /// Whether the document may be called genuine and its holder's data true: no step failed or was downgraded, the
    /// steps of [`steps::REQUIRED`] passed, and the document was opened as it asks for: by PACE, where it offers no
    /// PACE by BAC, where it has no access control (9303-11 §4.1 note 1) without either. Prints that stayed closed to a
    /// terminal without certificates do not count against the document, nor does a CSCA without revocation list.
    pub fn is_positive(&self) -> bool {
        let passed = |step: &str| self.verdict(step) == Some(&Verdict::Passed);
        let opened = matches!(
            (self.verdict(steps::PACE), self.verdict(steps::BAC)),
            (Some(Verdict::Passed), _) | (Some(Verdict::NotOffered(_)), Some(Verdict::Passed | Verdict::NotOffered(_)))
        );
        let bad = self.checks.iter().any(|check| check.verdict.is_bad());
        opened && !bad && steps::REQUIRED.iter().all(|step| passed(step))
    }
}

/// Inspects the card.
///
/// # Errors
/// [`SessionError::Transport`] when the card does not answer any more. Everything else is a verdict.
pub fn run(
    card: &mut dyn Transport,
    trace: &mut dyn Trace,
    password: &Password,
    conditions: &Conditions<'_>,
    rng: &mut dyn CryptoRng,
) -> Result<Inspection, SessionError> {
    let session = Session::open(card, trace)?;
    procedure::Procedure::new(session, conditions, rng).run(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A document that was opened by PACE.
    fn inspection(verdict_of: impl Fn(&str) -> Verdict) -> Inspection {
        let names = steps::REQUIRED.iter().chain(&[steps::PACE, "DG3 hash"]);
        Inspection { checks: names.map(|step| Check::new(*step, verdict_of(step))).collect(), files: Vec::new() }
    }

    #[test]
    fn closed_prints_do_not_count_against_a_document_but_a_missing_trust_anchor_does() {
        let closed = || Verdict::NotAttempted("closed".into());
        assert!(inspection(|_| Verdict::Passed).is_positive());
        assert!(inspection(|step| if step == "DG3 hash" { closed() } else { Verdict::Passed }).is_positive());
        for required in steps::REQUIRED.into_iter().chain([steps::PACE]) {
            assert!(!inspection(|step| if step == required { closed() } else { Verdict::Passed }).is_positive());
        }
    }

    #[test]
    fn one_failure_or_downgrade_is_enough() {
        let failed = Verdict::Failed("changed".into());
        let downgraded = Verdict::Downgraded { from: "A".into(), to: "B".into() };
        for bad in [failed, downgraded] {
            assert!(!inspection(|step| if step == "DG3 hash" { bad.clone() } else { Verdict::Passed }).is_positive());
            assert!(bad.reason().is_some());
        }
    }

    #[test]
    fn bac_opens_a_document_only_where_pace_is_not_offered() {
        let none = || Verdict::NotOffered("none".into());
        let not_done = || Verdict::NotAttempted("not done".into());
        let with = |pace: Verdict, bac: Verdict| {
            let mut found = inspection(|step| if step == steps::PACE { pace.clone() } else { Verdict::Passed });
            found.checks.push(Check::new(steps::BAC, bac));
            found.is_positive()
        };
        assert!(with(none(), Verdict::Passed));
        assert!(with(none(), none()), "a document without access control");
        assert!(with(Verdict::Passed, not_done()));
        assert!(!with(none(), not_done()));
        assert!(!with(not_done(), Verdict::Passed));
        assert!(!with(Verdict::Failed("6FFF".into()), Verdict::Passed));
        assert!(!with(none(), Verdict::Downgraded { from: "PACE".into(), to: "BAC".into() }));
    }
}
