//! From scores to a verdict, for one finger and for two.

/// Score from which one finger is taken for the holder's. The scale of the method puts false matches at 1 in 10,000
/// here, each 10 points less are ten times as many.
pub const THRESHOLD: f64 = 40.0;

/// Sum of two fingers' scores from which both are taken for the holder's: well above the highest sum of strangers in
/// docs/decisions/0023-minutiae-on-a-published-method.md.
pub const THRESHOLD_TWO: f64 = 48.0;

/// What a comparison came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// One score, or the sum of two.
    pub score: f64,
    /// What it was held against.
    pub threshold: f64,
}

impl Verdict {
    /// Whether the prints are taken for those of one person.
    pub fn matches(&self) -> bool {
        self.score >= self.threshold
    }
}

/// One finger.
pub const fn one_finger(score: f64) -> Verdict {
    Verdict { score, threshold: THRESHOLD }
}

/// Two different fingers of one person, each compared with its own reference. The sum lets a good finger carry a poor
/// one, and a stranger would have to be lucky twice.
pub fn two_fingers(first: f64, second: f64) -> Verdict {
    Verdict { score: first + second, threshold: THRESHOLD_TWO }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_begins_at_its_threshold() {
        assert!(one_finger(THRESHOLD).matches() && !one_finger(THRESHOLD - 0.1).matches());
        assert!(two_fingers(THRESHOLD_TWO, 0.0).matches() && two_fingers(30.0, 30.0).matches());
        assert!(!two_fingers(30.0, 10.0).matches());
    }
}
