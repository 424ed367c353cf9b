//! The inspection procedure of 9303-11 §4.2 and TR-03110-1 §2.4 as a list of named steps. Each step leaves a verdict
//! and none is lost: what could not be tried says why, and is never counted as passed.
//!
//! The procedure is a stranger's: it knows a password of the document, trusts the CSCA certificates it was given and
//! nothing else, and shows its own terminal certificates where it has some.

mod procedure;

use bitaqa_apdu::{Aid, Bytes, Transport};
use bitaqa_pki::cvc::CvCertificate;
use bitaqa_pki::{Signer, TrustStore};
use bitaqa_secure_messaging::pace::Password;
use rand_core::CryptoRng;
use time::UtcDateTime;

use crate::session::{Session, SessionError};
use crate::trace::Trace;

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
    /// Done with something weaker than the document vouches for.
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
}

/// A step and its verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Name of the step.
    pub step: String,
    /// Verdict.
    pub verdict: Verdict,
}

impl Check {
    /// A step with its verdict.
    pub fn new(step: impl Into<String>, verdict: Verdict) -> Self {
        Self { step: step.into(), verdict }
    }
}

/// An inspection terminal's own certificates and key.
pub struct Terminal {
    /// Chain from the certificate under the card's trust point down to the terminal's.
    pub chain: Vec<CvCertificate>,
    /// The terminal's key.
    pub signer: Box<dyn Signer>,
}

/// A file beside those of 9303-10 that may be on the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtraFile {
    /// Name in reports.
    pub name: String,
    /// Short file identifier.
    pub sfi: u8,
}

/// Under which conditions a card is inspected.
pub struct Conditions<'a> {
    /// The CSCA certificates that are trusted.
    pub trust: &'a TrustStore,
    /// Terminal certificates; without them the prints stay closed.
    pub terminal: Option<&'a Terminal>,
    /// The application.
    pub application: &'a Aid,
    /// Files to read beside those of 9303-10, once the terminal is authenticated.
    pub extra: &'a [ExtraFile],
    /// The instant of the inspection.
    pub at: UtcDateTime,
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

    /// Whether the document may be called genuine and its holder's data true: no step failed or was downgraded, and
    /// neither the access protocols nor passive authentication were left out. Prints that stayed closed to a terminal
    /// without certificates do not count against the document.
    pub fn is_positive(&self) -> bool {
        let bad = |check: &Check| matches!(check.verdict, Verdict::Failed(_) | Verdict::Downgraded { .. });
        let passed =
            |step: &str| self.checks.iter().any(|check| check.step == step && check.verdict == Verdict::Passed);
        !self.checks.iter().any(bad) && steps::REQUIRED.iter().all(|step| passed(step))
    }

    fn note(&mut self, step: impl Into<String>, verdict: Verdict) {
        self.checks.push(Check::new(step, verdict));
    }
}

/// Names of the steps in reports. `DGn` steps carry the number: `DG1 hash`.
pub mod steps {
    /// Reading EF.CardAccess.
    pub const CARD_ACCESS: &str = "EF.CardAccess";
    /// PACE.
    pub const PACE: &str = "PACE";
    /// Selection of the application.
    pub const APPLICATION: &str = "eMRTD application";
    /// Reading EF.SOD.
    pub const SOD: &str = "EF.SOD";
    /// Signature of EF.SOD.
    pub const SOD_SIGNATURE: &str = "SOD signature";
    /// Path of the document signer to a trusted CSCA.
    pub const PATH: &str = "DS certificate path";
    /// Reading EF.COM.
    pub const COM: &str = "EF.COM";
    /// EF.COM against the signed list.
    pub const COM_LIST: &str = "EF.COM against EF.SOD";
    /// EF.CardAccess against the signed DG14.
    pub const CARD_ACCESS_CONFIRMED: &str = "EF.CardAccess against DG14";
    /// Chip Authentication.
    pub const CHIP_AUTHENTICATION: &str = "Chip Authentication";
    /// Terminal Authentication.
    pub const TERMINAL_AUTHENTICATION: &str = "Terminal Authentication";
    /// MRZ of DG1.
    pub const MRZ: &str = "MRZ check digits";

    /// Steps without which no document is called genuine.
    pub const REQUIRED: [&str; 6] = [PACE, APPLICATION, SOD, SOD_SIGNATURE, PATH, "DG1 hash"];
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

    fn inspection(verdict_of: impl Fn(&str) -> Verdict) -> Inspection {
        let checks = steps::REQUIRED.iter().chain(["DG3 hash"].iter()).map(|step| Check::new(*step, verdict_of(step)));
        Inspection { checks: checks.collect(), files: Vec::new() }
    }

    #[test]
    fn closed_prints_do_not_count_against_a_document_but_a_missing_trust_anchor_does() {
        let closed = || Verdict::NotAttempted("closed".into());
        assert!(inspection(|_| Verdict::Passed).is_positive());
        assert!(inspection(|step| if step == "DG3 hash" { closed() } else { Verdict::Passed }).is_positive());
        for required in steps::REQUIRED {
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
}
