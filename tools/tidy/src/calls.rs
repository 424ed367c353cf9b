//! Calls that would make a run depend on more than its arguments. Only the command line may make them; it passes the
//! clock, the random source and the environment down, so one seed repeats a whole run.

use crate::{Finding, Source};

/// A banned sequence of words, why, and what to write instead.
pub struct Ban {
    /// Words and signs as they follow each other in code.
    pub pattern: &'static str,
    /// Tests may use it: what they print or read changes no behaviour.
    pub tests_may: bool,
    /// Reason.
    pub why: &'static str,
    /// Replacement.
    pub instead: &'static str,
}

const fn ban(pattern: &'static str, tests_may: bool, why: &'static str, instead: &'static str) -> Ban {
    Ban { pattern, tests_may, why, instead }
}

const PRINT_WHY: &str = "below the command line nothing prints: keys and personal data must not reach a log";
const PRINT_INSTEAD: &str = "return a value that the command line renders";
const CLOCK_WHY: &str = "a card has no clock and a run must repeat";
const CLOCK_INSTEAD: &str = "take a time::Date or time::UtcDateTime as an argument";
const RNG_WHY: &str = "a run must repeat from its seed";
const RNG_INSTEAD: &str = "take `&mut dyn rand_core::CryptoRng`; in tests a seeded generator";
const ENV_WHY: &str = "the environment is an input nobody sees";
const ENV_INSTEAD: &str = "take the value as an argument";

/// Everything banned outside the command line.
pub const BANS: &[Ban] = &[
    ban("println!", true, PRINT_WHY, PRINT_INSTEAD),
    ban("eprintln!", true, PRINT_WHY, PRINT_INSTEAD),
    ban("print!", true, PRINT_WHY, PRINT_INSTEAD),
    ban("eprint!", true, PRINT_WHY, PRINT_INSTEAD),
    ban("SystemTime::now", false, CLOCK_WHY, CLOCK_INSTEAD),
    ban("Instant::now", false, CLOCK_WHY, CLOCK_INSTEAD),
    ban("UtcDateTime::now", false, CLOCK_WHY, CLOCK_INSTEAD),
    ban("OffsetDateTime::now_utc", false, CLOCK_WHY, CLOCK_INSTEAD),
    ban("OffsetDateTime::now_local", false, CLOCK_WHY, CLOCK_INSTEAD),
    ban("thread_rng", false, RNG_WHY, RNG_INSTEAD),
    ban("rand::rng(", false, RNG_WHY, RNG_INSTEAD),
    ban("rand::make_rng", false, RNG_WHY, RNG_INSTEAD),
    ban("ThreadRng", false, RNG_WHY, RNG_INSTEAD),
    ban("OsRng", false, RNG_WHY, RNG_INSTEAD),
    ban("SysRng", false, RNG_WHY, RNG_INSTEAD),
    ban("getrandom", false, RNG_WHY, RNG_INSTEAD),
    ban("std::env", true, ENV_WHY, ENV_INSTEAD),
];

/// Findings in one file that is not part of the command line.
///
/// A build script counts as a test: it runs before there is a program. A bench may read the time that it takes.
pub fn check(source: &Source) -> Vec<Finding> {
    let build = source.path.ends_with("/build.rs");
    let bench = source.path.contains("/benches/");
    let mut findings = Vec::new();
    for ban in BANS {
        let lines = source.occurrences(ban.pattern).into_iter();
        let lines = lines.filter(|line| !(ban.tests_may && (build || source.is_test(*line))));
        let lines = lines.filter(|_| !(bench && ban.pattern == "Instant::now"));
        let detail = format!("`{}`: {}; {}", ban.pattern, ban.why, ban.instead);
        findings.extend(lines.map(|line| Finding::new(&source.path, line, "call", detail.clone())));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Source::new(path, text)).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn every_banned_call_is_found() {
        for ban in BANS {
            assert_eq!(
                lines("crates/x/src/a.rs", &format!("fn f() {{\n    {} x\n}}\n", ban.pattern)),
                [2],
                "{}",
                ban.pattern
            );
        }
    }

    #[test]
    fn comments_strings_and_longer_words_are_not() {
        assert_eq!(lines("crates/x/benches/b.rs", "fn f() { Instant::now(); }"), [0; 0]);
        assert_eq!(lines("crates/x/benches/b.rs", "fn f() { SystemTime::now(); }"), [1]);
        assert_eq!(lines("a.rs", "// println!(1)\nlet a = \"Instant::now()\"; myprintln!(a); env!(\"X\");"), [0; 0]);
    }

    #[test]
    fn tests_print_and_read_the_environment_but_have_no_clock() {
        let text =
            "#[cfg(test)]\nmod tests {\n    fn f() { println!(); std::env::var(\"A\");\n    Instant::now(); }\n}\n";
        assert_eq!(lines("crates/x/src/a.rs", text), [4]);
        assert_eq!(lines("crates/x/build.rs", "fn main() { std::env::var(\"A\"); println!(); }"), [0; 0]);
    }
}
