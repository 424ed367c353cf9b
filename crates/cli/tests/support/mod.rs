//! A desk of an issuance centre in a folder of its own: a sample person, issuer keys, a blank card. All three are made
//! once per test binary and kept in memory, so that a desk costs a few file writes and leaves nothing behind.

// Each test binary takes what it needs of this module.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

pub mod pcscd;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

/// Seed of the sample person.
pub const SEED: &str = "20";

/// Content of a folder: path below it, octets.
pub type Folder = BTreeMap<String, Vec<u8>>;

/// How a run of the program ended.
#[derive(Clone, Debug)]
pub struct Output {
    /// Exit code; -1 for a process ended by a signal.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// One entry of `error.problems`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub file: String,
    pub field: String,
    pub what: String,
    pub remedy: String,
}

impl Output {
    /// Standard output as one JSON value.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// The same output, after a look at the exit code.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// `error.problems` of a run with `--json`.
    pub fn problems(&self) -> Vec<Problem> {
        let json = self.json();
        let entries = json["error"]["problems"].as_array().unwrap_or_else(|| panic!("no problems: {json:#}"));
        let text =
            |entry: &Value, key: &str| entry[key].as_str().unwrap_or_else(|| panic!("{key}: {entry}")).to_owned();
        let problem = |entry| Problem {
            file: text(entry, "file"),
            field: text(entry, "field"),
            what: text(entry, "what"),
            remedy: text(entry, "remedy"),
        };
        entries.iter().map(problem).collect()
    }
}

/// A command that runs the program: no terminal, no passphrase out of the caller's environment.
pub fn command<S: AsRef<OsStr>>(arguments: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bitaqa"));
    command.args(arguments).env_remove("BITAQA_PASSPHRASE").stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub fn run<S: AsRef<OsStr>>(arguments: &[S]) -> Output {
    let output = command(arguments).output().expect("the program runs");
    let text = |octets| String::from_utf8(octets).expect("output in UTF-8");
    Output { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Checks of a report, as (step, verdict, reason).
pub fn checks(list: &Value) -> Vec<(String, String, Option<String>)> {
    let entries = list.as_array().unwrap_or_else(|| panic!("no list of checks: {list:#}"));
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let check = |entry: &Value| {
        let (step, verdict) = (text(&entry["step"]), text(&entry["verdict"]));
        (step.expect("a step"), verdict.expect("a verdict"), text(&entry["reason"]))
    };
    entries.iter().map(check).collect()
}

/// Steps that a CNIE 2.0 leaves out, and the verdict on them then.
const LEFT_OUT: [(&str, &str); 11] = [
    ("eID signature", "not_attempted"),
    ("EF.CardSecurity", "not_offered"),
    ("EF.CardSecurity signature", "not_offered"),
    ("EF.CardSecurity certificate path", "not_offered"),
    ("EF.CardAccess against EF.CardSecurity", "not_offered"),
    ("Chip Authentication Mapping", "not_offered"),
    ("BAC", "not_attempted"),
    ("DS certificate revocation", "not_attempted"),
    ("DG15 hash", "not_offered"),
    ("Active Authentication", "not_offered"),
    ("EF.CVCA", "not_offered"),
];

/// Every step passed but those that such a card leaves out, which say why.
#[track_caller]
pub fn expect_good(checks: &[(String, String, Option<String>)]) {
    for (step, verdict, reason) in checks {
        let left_out = LEFT_OUT.contains(&(step.as_str(), verdict.as_str())) && reason.is_some();
        assert!(left_out || (verdict == "passed" && reason.is_none()), "{step}: {verdict} {reason:?}");
    }
}

/// The verdict on a step of a report.
pub fn verdict(report: &Value, step: &str) -> String {
    let found = checks(&report["checks"]).into_iter().find(|(name, _, _)| name == step);
    found.unwrap_or_else(|| panic!("no step {step}: {report:#}")).1
}

/// Reads a folder with everything below it.
pub fn read_folder(folder: &Path) -> Folder {
    fn walk(folder: &Path, below: &str, content: &mut Folder) {
        for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            let name = format!("{below}{}", path.file_name().unwrap().to_str().unwrap());
            if path.is_dir() {
                walk(&path, &format!("{name}/"), content);
            } else {
                content.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    let mut content = Folder::new();
    walk(folder, "", &mut content);
    content
}

/// Writes a folder with everything below it.
pub fn write_folder(folder: &Path, content: &Folder) {
    for (name, octets) in content {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, octets).unwrap();
    }
}

/// What a fresh desk holds, made by the program itself.
fn blank_content() -> &'static Folder {
    static MADE: OnceLock<Folder> = OnceLock::new();
    MADE.get_or_init(|| blank_of("cnie-2.0"))
}

fn blank_of(profile: &str) -> Folder {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    run(&["applicant", "sample", &at("applicant"), "--seed", SEED, "--profile", profile]).expect_code(0);
    encode_portrait(&folder.path().join("applicant"));
    run(&["pki", "init", &at("pki"), "--profile", profile]).expect_code(0);
    run(&["card", "new", "--profile", profile, "--image", &at("card.image")]).expect_code(0);
    read_folder(folder.path())
}

/// Brings the sample's portrait into the form of a chip, once for all desks: each order of a test would do it again.
fn encode_portrait(folder: &Path) {
    let [raw, ready, record] = ["portrait.png", "portrait.jpg", "record.json"].map(|name| folder.join(name));
    let name = |path: &Path| path.to_str().unwrap().to_owned();
    let arguments = ["portrait", "encode", &name(&raw), &name(&ready)].map(str::to_owned);
    run(&arguments).expect_code(0);
    let mut text: Value = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
    text["portrait"] = serde_json::json!({ "file": "portrait.jpg" });
    std::fs::write(record, serde_json::to_vec_pretty(&text).unwrap()).unwrap();
    std::fs::remove_file(raw).unwrap();
}

/// What a desk holds after the sample's card was issued on it.
fn issued_content() -> &'static Folder {
    static MADE: OnceLock<Folder> = OnceLock::new();
    MADE.get_or_init(|| {
        let desk = Desk::new();
        desk.personalise(&[]).expect_code(0);
        desk.content()
    })
}

/// A folder with `applicant/`, `pki/` (its passphrase beside the keys) and `card.image`.
pub struct Desk {
    path: PathBuf,
    /// Removes the folder when the desk goes; none for a desk that is another process's.
    _folder: Option<TempDir>,
}

impl Desk {
    /// Sample person, issuer keys, blank card. All desks of a test binary hold the same.
    pub fn new() -> Self {
        Self::with(blank_content())
    }

    /// As [`Desk::new`], with the sample's card issued, and its journal and print data beside it. All desks of a test
    /// binary hold the same card.
    pub fn issued() -> Self {
        Self::with(issued_content())
    }

    /// As [`Desk::new`], made for cards of this profile.
    pub fn for_profile(profile: &str) -> Self {
        Self::with(&blank_of(profile))
    }

    fn with(content: &Folder) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_folder(folder.path(), content);
        Self { path: folder.path().to_owned(), _folder: Some(folder) }
    }

    /// The desk of another process.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), _folder: None }
    }

    /// A path on this desk.
    pub fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The same as an argument.
    pub fn arg(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub fn image(&self) -> PathBuf {
        self.path("card.image")
    }

    pub fn record(&self) -> PathBuf {
        self.path("applicant/record.json")
    }

    /// Where the journal lies when no other file is named.
    pub fn journal(&self) -> PathBuf {
        self.path("card.image.journal")
    }

    /// Where the print data lie when no other file is named.
    pub fn print_data(&self) -> PathBuf {
        self.path("card.image.journal.print.json")
    }

    /// Every file on this desk.
    pub fn content(&self) -> Folder {
        read_folder(&self.path)
    }

    /// The record as JSON.
    pub fn record_json(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.record()).unwrap()).unwrap()
    }

    /// Replaces the record.
    pub fn write_record(&self, record: &Value) {
        std::fs::write(self.record(), serde_json::to_string_pretty(record).unwrap()).unwrap();
    }

    /// Arguments of `personalise --yes` for this desk's record, keys and card; `extra` comes last.
    pub fn personalise_arguments(&self, extra: &[&str]) -> Vec<String> {
        let (record, pki, image) = (self.arg("applicant/record.json"), self.arg("pki"), self.arg("card.image"));
        let own = ["personalise", "--applicant", &record, "--pki", &pki, "--image", &image, "--yes"];
        // A test that brings its own profile names it in `extra`.
        let profile: &[&str] = if extra.contains(&"--profile") { &[] } else { &["--profile", "cnie-2.0"] };
        own.iter().chain(profile).chain(extra).map(|argument| (*argument).to_owned()).collect()
    }

    /// Arguments of `inspect` for this desk's card, trust and terminal; by CAN, when `extra` names no password.
    pub fn inspect_arguments(&self, extra: &[&str]) -> Vec<String> {
        let (pki, image) = (self.arg("pki"), self.arg("card.image"));
        let own = ["inspect", "--image", &image, "--trust", &pki, "--terminal", &pki];
        let can = self.can();
        let named = extra.iter().any(|argument| ["--can", "--mrz", "--mrz-file", "--pin", "--puk"].contains(argument));
        let password: &[&str] = if named { &[] } else { &["--can", &can] };
        own.iter().chain(password).chain(extra).map(|argument| (*argument).to_owned()).collect()
    }

    /// `personalise --yes` with this desk's record, keys and card.
    pub fn personalise(&self, extra: &[&str]) -> Output {
        run(&self.personalise_arguments(extra))
    }

    /// `inspect` of this desk's card; by CAN, when `extra` names no password.
    pub fn inspect(&self, extra: &[&str]) -> Output {
        run(&self.inspect_arguments(extra))
    }

    /// CAN of the record, six digits.
    pub fn can(&self) -> String {
        self.record_json()["can"].as_str().expect("a record with a CAN").to_owned()
    }

    /// The three lines of the sample's MRZ, as `applicant sample` wrote them.
    pub fn mrz_lines(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("applicant/mrz.txt")).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}
