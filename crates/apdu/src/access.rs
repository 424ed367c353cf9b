//! The grammar of access rules: any of (all of needs). 7816-4 §9.3 in the form a reviewer lays beside 9303-11 Table 1.
//!
//! Text form: `ALWAYS`, `NEVER`, `PACE`, `PACE & CA & TA[DG3]`, `PACE | PIN[1]`; octet form for the card's memory.

use core::fmt;

/// Right that a terminal proves by Terminal Authentication: bits of the effective authorisation (TR-03110-3 §C.4.1.2,
/// inspection systems).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TerminalRight {
    /// Any authenticated inspection system.
    Any,
    /// Read DG3, bit 1.
    Dg3,
    /// Read DG4, bit 2.
    Dg4,
}

/// One condition on the security status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// Basic Access Control, 9303-11 §4.3.
    Bac,
    /// PACE with a password of the document (MRZ or CAN), 9303-11 §4.4.
    Pace,
    /// Chip Authentication in this session, TR-03110-1 §3.4.
    Ca,
    /// Terminal Authentication with this right, TR-03110-1 §3.5.
    Ta(TerminalRight),
    /// User PIN of this number verified; 3 is the PIN of PACE, as DO 83 has it (TR-03110-3 §B.14.1).
    Pin(u8),
}

/// Any of (all of ..): `[]` = NEVER, `[[]]` = ALWAYS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRule(Vec<Vec<Need>>);

/// A text or octets that are no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A word outside the grammar.
    #[error(
        "`{0}` is no access condition; write ALWAYS, NEVER, or BAC, PACE, CA, TA, TA[DG3], TA[DG4], PIN[n] with & and |"
    )]
    Word(String),
    /// Octets outside the coding.
    #[error("no access rule in these octets")]
    Octets,
}

impl AccessRule {
    /// No condition.
    pub fn always() -> Self {
        Self(vec![vec![]])
    }

    /// No one.
    pub fn never() -> Self {
        Self(vec![])
    }

    /// A rule out of alternatives of needs.
    pub fn any_of(alternatives: Vec<Vec<Need>>) -> Self {
        Self(alternatives)
    }

    /// The one evaluator: some alternative whose needs all hold.
    pub fn allows(&self, holds: impl Fn(Need) -> bool) -> bool {
        self.0.iter().any(|all| all.iter().all(|need| holds(*need)))
    }

    /// Whether this need stands in some alternative.
    pub fn mentions(&self, need: Need) -> bool {
        self.0.iter().flatten().any(|other| *other == need)
    }

    /// The alternatives.
    pub fn alternatives(&self) -> &[Vec<Need>] {
        &self.0
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`RuleError::Word`] with the word that is none of the grammar.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        match text.trim() {
            "ALWAYS" => Ok(Self::always()),
            "NEVER" => Ok(Self::never()),
            rule => rule
                .split('|')
                .map(|all| all.split('&').map(|word| Need::parse(word.trim())).collect())
                .collect::<Result<_, _>>()
                .map(Self),
        }
    }

    /// Octet form: number of alternatives, then for each the number of needs and two octets a need.
    pub fn to_bytes(&self) -> Vec<u8> {
        let count = |n: usize| u8::try_from(n).unwrap_or(u8::MAX);
        let mut octets = vec![count(self.0.len())];
        for all in &self.0 {
            octets.push(count(all.len()));
            octets.extend(all.iter().flat_map(|need| need.to_bytes()));
        }
        octets
    }

    /// Reads the octet form.
    ///
    /// # Errors
    /// [`RuleError::Octets`].
    pub fn from_bytes(octets: &[u8]) -> Result<Self, RuleError> {
        let mut rest = octets.iter().copied();
        let mut next = || rest.next().ok_or(RuleError::Octets);
        let mut alternatives = Vec::new();
        for _ in 0..next()? {
            let mut all = Vec::new();
            for _ in 0..next()? {
                all.push(Need::from_bytes([next()?, next()?])?);
            }
            alternatives.push(all);
        }
        if rest.next().is_some() { Err(RuleError::Octets) } else { Ok(Self(alternatives)) }
    }
}

impl Need {
    fn parse(word: &str) -> Result<Self, RuleError> {
        match word {
            "BAC" => Ok(Self::Bac),
            "PACE" => Ok(Self::Pace),
            "CA" => Ok(Self::Ca),
            "TA" => Ok(Self::Ta(TerminalRight::Any)),
            "TA[DG3]" => Ok(Self::Ta(TerminalRight::Dg3)),
            "TA[DG4]" => Ok(Self::Ta(TerminalRight::Dg4)),
            _ => word
                .strip_prefix("PIN[")
                .and_then(|rest| rest.strip_suffix(']'))
                .and_then(|number| number.parse().ok())
                .map(Self::Pin)
                .ok_or_else(|| RuleError::Word(word.to_owned())),
        }
    }

    const fn to_bytes(self) -> [u8; 2] {
        match self {
            Self::Bac => [1, 0],
            Self::Pace => [2, 0],
            Self::Ca => [3, 0],
            Self::Ta(TerminalRight::Any) => [4, 0],
            Self::Ta(TerminalRight::Dg3) => [4, 3],
            Self::Ta(TerminalRight::Dg4) => [4, 4],
            Self::Pin(number) => [5, number],
        }
    }

    const fn from_bytes(octets: [u8; 2]) -> Result<Self, RuleError> {
        Ok(match octets {
            [1, 0] => Self::Bac,
            [2, 0] => Self::Pace,
            [3, 0] => Self::Ca,
            [4, 0] => Self::Ta(TerminalRight::Any),
            [4, 3] => Self::Ta(TerminalRight::Dg3),
            [4, 4] => Self::Ta(TerminalRight::Dg4),
            [5, number] => Self::Pin(number),
            _ => return Err(RuleError::Octets),
        })
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bac => f.write_str("BAC"),
            Self::Pace => f.write_str("PACE"),
            Self::Ca => f.write_str("CA"),
            Self::Ta(TerminalRight::Any) => f.write_str("TA"),
            Self::Ta(TerminalRight::Dg3) => f.write_str("TA[DG3]"),
            Self::Ta(TerminalRight::Dg4) => f.write_str("TA[DG4]"),
            Self::Pin(number) => write!(f, "PIN[{number}]"),
        }
    }
}

impl fmt::Display for AccessRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("NEVER");
        }
        if self.0.iter().any(Vec::is_empty) {
            return f.write_str("ALWAYS");
        }
        let join = |all: &Vec<Need>| all.iter().map(Need::to_string).collect::<Vec<_>>().join(" & ");
        f.write_str(&self.0.iter().map(join).collect::<Vec<_>>().join(" | "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_always_and_the_rest() {
        assert!(AccessRule::always().allows(|_| false));
        assert!(!AccessRule::never().allows(|_| true));
        let rule = AccessRule::parse("BAC | PACE & CA").unwrap();
        assert!(rule.allows(|need| need == Need::Bac));
        assert!(!rule.allows(|need| need == Need::Pace));
        assert!(rule.allows(|need| matches!(need, Need::Pace | Need::Ca)));
    }

    #[test]
    fn text_and_octets_go_both_ways() {
        for text in ["ALWAYS", "NEVER", "PACE", "BAC | PACE", "PACE & CA & TA[DG3]", "TA | PIN[7]", "PACE & TA[DG4]"] {
            let rule = AccessRule::parse(text).unwrap();
            assert_eq!(rule.to_string(), text);
            assert_eq!(AccessRule::from_bytes(&rule.to_bytes()).unwrap(), rule);
        }
    }

    #[test]
    fn words_and_octets_outside_the_grammar_are_refused() {
        for text in ["", "PACE &", "pace", "TA[DG2]", "PIN[300]", "PIN", "ALWAYS | PACE"] {
            assert!(matches!(AccessRule::parse(text), Err(RuleError::Word(_))), "{text}");
        }
        for octets in [&[][..], &[1], &[1, 1, 9, 9], &[1, 1, 1], &[0, 0]] {
            assert_eq!(AccessRule::from_bytes(octets), Err(RuleError::Octets), "{octets:?}");
        }
    }
}
