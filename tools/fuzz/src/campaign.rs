//! One run of libFuzzer, and what it says of itself.

use std::fmt;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use bitaqa_fuzz::Target;
use serde_json::json;

/// MiB of resident memory at which an input counts as a blow-up.
const MEMORY_MIB: u32 = 1024;
/// MiB of one allocation at which it does.
const ALLOCATION_MIB: u32 = 256;
/// Seconds in which an input must be judged, on a machine that others use too.
const SECONDS_MAX: u32 = 60;

/// How much is run.
#[derive(Clone, Copy)]
pub enum Budget {
    /// Executions of all targets together.
    Executions(u64),
    /// Seconds of all targets together.
    Seconds(u64),
}

impl Budget {
    /// What one target gets: of executions by its speed, of time the same as all.
    pub fn share(self, target: &Target, all: &[&Target]) -> Self {
        match self {
            Self::Executions(number) => {
                let weights: u64 = all.iter().map(|target| u64::from(target.smoke)).sum();
                Self::Executions((number * u64::from(target.smoke)).div_ceil(weights.max(1)))
            }
            Self::Seconds(number) => {
                Self::Seconds(number.div_ceil(u64::try_from(all.len().max(1)).unwrap_or(u64::MAX)))
            }
        }
    }
}

/// What a run came to.
pub struct Row {
    /// Name of the target.
    pub target: String,
    /// Inputs that were judged.
    pub executions: u64,
    /// Of them, a second.
    pub per_second: u64,
    /// Edges of the program that some input took.
    pub edges: u64,
    /// Inputs that broke something.
    pub crashes: u64,
    /// Largest resident memory.
    pub peak_mib: u64,
    /// Whether libFuzzer itself found nothing.
    pub ended_well: bool,
}

/// Runs one target: from its seeds and from what earlier runs have found.
///
/// # Errors
/// When the binary cannot be run, or files beside it cannot be written.
pub fn run(binary: &Path, folder: &Path, target: &Target, budget: Budget) -> Result<Row, String> {
    let place = folder.join(target.name);
    let (corpus, broken, log) = (place.join("corpus"), place.join("broken"), place.join("log"));
    for path in [&corpus, &broken] {
        std::fs::create_dir_all(path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let failed = |error: std::io::Error| format!("{}: {error}", log.display());
    let written = File::create(&log).map_err(failed)?;
    let limit = match budget {
        Budget::Executions(number) => format!("-runs={number}"),
        Budget::Seconds(number) => format!("-max_total_time={number}"),
    };
    // libFuzzer ends at once when it is given a dictionary without a word in it.
    let words = (!target.dictionary.is_empty()).then(|| format!("-dict={}", place.join("dictionary").display()));
    let status = Command::new(binary)
        .env("BITAQA_FUZZ_TARGET", target.name)
        .arg(limit)
        .arg(format!("-max_len={}", target.octets_max))
        .arg(format!("-rss_limit_mb={MEMORY_MIB}"))
        .arg(format!("-malloc_limit_mb={ALLOCATION_MIB}"))
        .arg(format!("-timeout={SECONDS_MAX}"))
        .args(words)
        .arg(format!("-artifact_prefix={}/", broken.display()))
        .args(["-print_final_stats=1", "-verbosity=1", "-len_control=50"])
        .args([&corpus, &place.join("seeds")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(written)
        .status()
        .map_err(|error| format!("{}: {error}", binary.display()))?;
    let text = std::fs::read(&log).map_err(failed)?;
    let text = String::from_utf8_lossy(&text);
    // A unit of more than ten seconds is kept as well, as `slow-unit-*`: the first of a process makes its cards. What
    // takes a minute is a `timeout-*` and counts.
    let kept = std::fs::read_dir(&broken).map_err(|error| format!("{}: {error}", broken.display()))?;
    let counts = |name: &std::ffi::OsStr| !name.to_string_lossy().starts_with("slow-unit-");
    let inputs = kept.filter(|entry| entry.as_ref().is_ok_and(|entry| counts(&entry.file_name()))).count();
    Ok(Row {
        target: target.name.to_owned(),
        executions: statistic(&text, "number_of_executed_units"),
        per_second: statistic(&text, "average_exec_per_sec"),
        edges: coverage(&text),
        crashes: u64::try_from(inputs).unwrap_or(u64::MAX),
        peak_mib: statistic(&text, "peak_rss_mb"),
        ended_well: status.success(),
    })
}

/// `stat::name: number`.
fn statistic(text: &str, name: &str) -> u64 {
    let line = text.lines().rev().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name));
    line.and_then(|rest| rest.trim_start_matches(':').trim().parse().ok()).unwrap_or_default()
}

/// The last `cov: number`.
fn coverage(text: &str) -> u64 {
    let last = text.rsplit("cov: ").next().filter(|_| text.contains("cov: "));
    last.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

impl Row {
    /// Head of the table.
    pub const HEADER: &str = "| target | executions | exec/s | edges | crashes | peak MiB |\n\
                              | --- | ---: | ---: | ---: | ---: | ---: |";

    /// All rows in one: sums, the largest memory, and no edges, which targets share.
    pub fn total(rows: &[Self]) -> Self {
        let sum = |field: fn(&Self) -> u64| rows.iter().map(field).sum();
        Self {
            target: format!("{} targets", rows.len()),
            executions: sum(|row| row.executions),
            per_second: 0,
            edges: 0,
            crashes: sum(|row| row.crashes),
            peak_mib: rows.iter().map(|row| row.peak_mib).max().unwrap_or_default(),
            ended_well: rows.iter().all(|row| row.ended_well),
        }
    }

    /// The table for programs.
    pub fn json(rows: &[Self], total: &Self) -> String {
        let row = |row: &Self| {
            json!({
                "target": row.target,
                "executions": row.executions,
                "executions_per_second": row.per_second,
                "edges": row.edges,
                "crashes": row.crashes,
                "peak_mib": row.peak_mib,
                "ended_well": row.ended_well,
            })
        };
        let report = json!({ "targets": rows.iter().map(row).collect::<Vec<_>>(), "total": row(total) });
        format!("{report:#}\n")
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, executions, per_second, edges, crashes, peak_mib, .. } = self;
        let or_dash = |number: &u64| if *number == 0 { "-".to_owned() } else { number.to_string() };
        let (per_second, edges) = (or_dash(per_second), or_dash(edges));
        write!(f, "| {target} | {executions} | {per_second} | {edges} | {crashes} | {peak_mib} |")
    }
}
