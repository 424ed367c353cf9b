//! (f) Work whose instructions are counted: the same for every run of one program, whatever else the machine does.
//!
//! A scenario prepares, then calls [`measured`] once. `valgrind --tool=callgrind --toggle-collect='*measured*'`
//! counts what
//! that function does and nothing before it. In [`BASELINE`] stand the counts of the development build, which the tests
//! make anyway; a change that costs more than the tolerance shows there, on whatever machine.

use std::path::Path;
use std::process::{Command, Stdio};

use bitaqa_terminal::trace::Totals;
use serde::{Deserialize, Serialize};

use crate::apdus;
use crate::line::{Line, Outcome};

/// Names of the scenarios, and what each does.
pub const SCENARIOS: [(&str, &str); 4] = [
    ("issue", "one cnie-2.0 from blank chip to verified card, both sides"),
    ("inspect", "one inspection of an issued cnie-2.0 by CAN, both sides"),
    ("aes-apdus", "200 pairs of SELECT and READ BINARY under AES-128, both sides"),
    ("3des-apdus", "50 pairs of SELECT and READ BINARY under 3DES, both sides"),
];

/// The function that is looked at: a name to be found by, nothing else.
#[inline(never)]
fn measured(work: &mut dyn FnMut() -> Outcome<()>) -> Outcome<()> {
    work()
}

/// Runs one scenario.
///
/// # Errors
/// An unknown name, or work that fails.
pub fn run(name: &str) -> Outcome<()> {
    match name {
        "issue" => {
            let line = Line::new("cnie-2.0", 1)?;
            let mut card = line.blank(1)?;
            measured(&mut || line.issue(&mut card, 1, &mut Totals::default()).map(drop))
        }
        "inspect" => {
            let line = Line::new("cnie-2.0", 1)?;
            let mut card = line.blank(1)?;
            line.issue(&mut card, 1, &mut Totals::default())?;
            measured(&mut || line.inspect(&mut card, 2, &mut Totals::default()).map(drop))
        }
        "aes-apdus" => sessions(0, 200),
        "3des-apdus" => sessions(1, 50),
        other => Err(format!("no scenario `{other}`").into()),
    }
}

fn sessions(cipher: usize, pairs: u32) -> Outcome<()> {
    let (_, protocol) = apdus::CIPHERS.get(cipher).copied().ok_or("no such cipher")?;
    let line = Line::new(apdus::PROFILE, 1)?;
    let (mut card, mut session) = apdus::issued(&line, protocol)?;
    measured(&mut || apdus::exchange(&mut card, session.as_mut(), &line, pairs).map(drop))
}

/// Where the committed counts lie, from the root of the repository.
pub const BASELINE: &str = "tools/bench/instructions.json";

/// Counts of one build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Version of the compiler: another one makes other code.
    pub rustc: String,
    /// What the processor offers of that which libraries ask for, as valgrind shows it.
    pub processor: String,
    /// Instructions by scenario.
    pub instructions: Vec<(String, u64)>,
}

/// What speaks against comparing two counts, or the scenarios that cost more than `percent` more, or less, than before.
///
/// # Errors
/// The difference in compiler or processor.
pub fn differences(before: &Counts, now: &Counts, percent: u64) -> Result<Vec<String>, String> {
    for (what, before, now) in [("rustc", &before.rustc, &now.rustc), ("processor", &before.processor, &now.processor)]
    {
        if before != now {
            return Err(format!("counted with {what} `{before}`, and this is `{now}`"));
        }
    }
    let of = |counts: &Counts, name: &str| counts.instructions.iter().find(|row| row.0 == name).map(|row| row.1);
    let names = SCENARIOS.iter().map(|(name, _)| *name);
    Ok(names
        .filter_map(|name| match (of(before, name), of(now, name)) {
            (Some(before), Some(now)) if now.abs_diff(before) * 100 <= before * percent => None,
            (before, now) => Some(format!("{name}: {before:?} before, {now:?} now")),
        })
        .collect())
}

/// Counts every scenario of this program.
///
/// # Errors
/// valgrind is not there, or a scenario fails.
pub fn count() -> Outcome<Counts> {
    let program = std::env::current_exe()?;
    let rustc = Command::new("rustc").arg("--version").output()?;
    // All at once: counts do not mind who else is on the machine.
    let one = |name: &str| Ok((name.to_owned(), count_one(&program, name).map_err(|error| error.to_string())?));
    let instructions: Vec<Result<(String, u64), String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = SCENARIOS.iter().map(|(name, _)| scope.spawn(move || one(name))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err("a count was lost".into()))).collect()
    });
    Ok(Counts {
        rustc: String::from_utf8_lossy(&rustc.stdout).trim().to_owned(),
        processor: processor(&program)?,
        instructions: instructions.into_iter().collect::<Result<_, _>>()?,
    })
}

fn count_one(program: &Path, scenario: &str) -> Outcome<u64> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("callgrind");
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=*instructions*measured*"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .args(["scenario", scenario])
        .stdout(Stdio::null())
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    if !run.status.success() {
        return Err(format!("scenario {scenario}: {}", String::from_utf8_lossy(&run.stderr)).into());
    }
    let text = std::fs::read_to_string(&out)?;
    let sum = text.lines().find_map(|line| line.strip_prefix("summary: ").or_else(|| line.strip_prefix("totals: ")));
    let sum: u64 = sum.ok_or("callgrind told no sum")?.trim().parse()?;
    if sum == 0 { Err(format!("nothing was counted of {scenario}").into()) } else { Ok(sum) }
}

/// What a program sees of the processor under valgrind.
fn processor(program: &Path) -> Outcome<String> {
    let run =
        Command::new("valgrind").args(["-q", "--tool=none"]).arg(program).args(["scenario", "processor"]).output()?;
    Ok(String::from_utf8_lossy(&run.stdout).trim().to_owned())
}

/// The features that libraries of cryptography and of copying octets look for.
pub fn features() -> String {
    #[cfg(target_arch = "x86_64")]
    {
        let features = [
            ("aes", is_x86_feature_detected!("aes")),
            ("pclmulqdq", is_x86_feature_detected!("pclmulqdq")),
            ("sha", is_x86_feature_detected!("sha")),
            ("avx2", is_x86_feature_detected!("avx2")),
            ("avx512f", is_x86_feature_detected!("avx512f")),
            ("bmi2", is_x86_feature_detected!("bmi2")),
        ];
        let there: Vec<&str> = features.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect();
        format!("x86_64 {}", there.join(" "))
    }
    #[cfg(not(target_arch = "x86_64"))]
    std::env::consts::ARCH.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(rustc: &str, issue: u64) -> Counts {
        let instructions = SCENARIOS.iter().map(|(name, _)| ((*name).to_owned(), 1000)).collect();
        let mut counts = Counts { rustc: rustc.into(), processor: String::new(), instructions };
        counts.instructions[0].1 = issue;
        counts
    }

    #[test]
    fn more_and_less_than_the_tolerance_show_and_other_compilers_are_not_compared() {
        let before = counts("1", 1000);
        assert_eq!(differences(&before, &counts("1", 1020), 2), Ok(vec![]));
        assert_eq!(differences(&before, &counts("1", 980), 2), Ok(vec![]));
        for far in [1021, 979] {
            let found = differences(&before, &counts("1", far), 2).unwrap();
            assert!(found.len() == 1 && found[0].starts_with("issue: "), "{found:?}");
        }
        let mut less = counts("1", 1000);
        less.instructions.remove(1);
        assert_eq!(differences(&before, &less, 2).unwrap().len(), 1, "a scenario that is gone");
        assert!(differences(&before, &counts("2", 1000), 2).unwrap_err().contains("rustc"));
    }
}
