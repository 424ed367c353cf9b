//! What CI asks of every target, on any toolchain: seeds and regressions hold, and so do inputs that are made of them
//! by a fixed number of mutations. Nothing here depends on time; how long it took is printed.
//!
//! Memory: the mutations run in a process of their own under `ulimit -v`, where an input that blows up aborts it. The
//! peak of each target is read from the kernel (VmHWM) and printed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)] // a test

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use bitaqa_fuzz::mutation::Mutator;
use bitaqa_fuzz::{TARGETS, Target, regression, seeds, target};

/// Address space of the process that mutates, in KiB: three times what it needs.
const ADDRESS_SPACE_KIB: u32 = 1_500_000;
/// Tells the child from the parent.
const CHILD: &str = "BITAQA_FUZZ_SMOKE";

/// How many times the usual number of mutations, for a long run without libFuzzer.
const TIMES: &str = "BITAQA_FUZZ_TIMES";

/// Past the test runner's capture, so that CI shows the counts of a run that passes.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Peak resident memory in KiB since the last call, where the kernel tells it.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let peak = line.split_whitespace().next()?.parse().ok();
    // 5: the peak begins anew (proc(5), clear_refs).
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    peak
}

/// Runs one input, and says which one it was when it breaks something.
fn judge(target: &Target, input: &[u8], what: &str) {
    let outcome = std::panic::catch_unwind(|| (target.run)(input));
    if let Err(cause) = outcome {
        say(&format!("target {}: {what} broke it: {}", target.name, hex::encode(input)));
        std::panic::resume_unwind(cause);
    }
}

fn mutate(target: &Target, number: u64) {
    let began = Instant::now();
    let _ = peak_kib();
    let seeds = target.inputs();
    for seed in &seeds {
        judge(target, seed, "a seed");
    }
    let mut mutator = Mutator::new(number, &seeds, target.dictionary, target.octets_max);
    let times = std::env::var(TIMES).ok().and_then(|times| times.parse().ok()).unwrap_or(1_u64);
    let mutations = times * u64::from(target.smoke);
    for count in 0..mutations {
        judge(target, &mutator.next_input(), &format!("mutation {count}"));
    }
    let peak = peak_kib().map_or_else(|| "?".to_owned(), |kib| (kib / 1024).to_string());
    say(&format!(
        "fuzz smoke: {:24} {:5} seeds {mutations:8} mutations {:8.2} s {peak:>5} MiB",
        target.name,
        seeds.len(),
        began.elapsed().as_secs_f64()
    ));
}

/// The child of the test below; by itself it has nothing to do.
#[test]
fn mutations() {
    let Ok(name) = std::env::var(CHILD) else { return };
    for (number, target) in (1..).zip(TARGETS) {
        if name == "all" || name == target.name {
            mutate(target, number);
        }
    }
}

/// `BITAQA_FUZZ_ONLY=name` asks one target only.
#[test]
fn seeds_and_mutations_hold_within_bounded_memory() {
    let own = std::env::current_exe().unwrap();
    let only = std::env::var("BITAQA_FUZZ_ONLY").unwrap_or_else(|_| "all".into());
    let limited = format!("ulimit -v {ADDRESS_SPACE_KIB}; exec \"$0\" --exact mutations --nocapture --test-threads 1");
    let mut child = Command::new("sh");
    let child = child.arg("-c").arg(limited).arg(own).env(CHILD, only).stdin(Stdio::null()).stdout(Stdio::null());
    let status = child.status().unwrap();
    assert!(status.success(), "{status}: the last line above names the target and its input");
}

#[test]
fn every_target_has_a_name_of_its_own_and_seeds() {
    let names: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names.len(), TARGETS.len());
    let mut missing = Vec::new();
    for target in TARGETS {
        let sources = (1..).zip(target.seeds).filter(|(_, source)| source.inputs().is_empty());
        missing.extend(sources.map(|(place, _)| format!("{}: source {place} gives nothing", target.name)));
        if target.inputs().is_empty() {
            missing.push(format!("{}: no seed of at most {} octets", target.name, target.octets_max));
        }
        assert!(target.smoke > 0, "{} is not smoked", target.name);
    }
    assert_eq!(missing, [""; 0]);
}

/// Each is run with a message of its own, so that one that comes back names what it broke before.
#[test]
fn what_once_broke_something_breaks_nothing() {
    for case in regression::all().unwrap() {
        let target = target(&case.target).unwrap_or_else(|| panic!("test-vectors/fuzz: no target {}", case.target));
        judge(target, &case.input, &case.broke);
    }
}

#[test]
fn libfuzzer_has_a_binary_for_every_target() {
    let manifest = std::fs::read_to_string(seeds::repository().join("tools/fuzz/libfuzzer/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let binaries = manifest["bin"].as_array().unwrap().iter().map(|bin| bin["name"].as_str().unwrap());
    let expected: Vec<&str> = std::iter::once("any").chain(TARGETS.iter().map(|target| target.name)).collect();
    assert_eq!(binaries.collect::<Vec<_>>(), expected, "in the order of the table");
}
