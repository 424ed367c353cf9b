//! The harness itself where something is missing: it says which and how to get it, and its exit status tells skipped
//! from failed. What the foreign programs find is not tested here; `tools/interop/run` asks them.

#![allow(clippy::unwrap_used)] // tests

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

fn harness(out: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bitaqa-interop"));
    command.args(arguments).arg("--out").arg(out);
    command
}

/// Exit status and standard error.
fn ended(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn missing_tools_are_named_with_the_way_to_get_them_and_nothing_is_green() {
    let out = tempfile::tempdir().unwrap();
    let arguments = ["run", "pkcs11-tool", "cvc-print", "yubikit"];
    let output = harness(out.path(), &arguments).env("PATH", out.path()).output().unwrap();
    let (code, words) = ended(&output);
    assert_eq!(code, Some(3), "{words}");
    for wanted in [
        "opensc-tool is missing: apt-get install opensc",
        "cvc-print is missing: apt-get install openpace",
        "apt-get install python3-venv",
        "unshare is missing: apt-get install util-linux",
        "0 green, 0 red, 3 skipped",
        "SKIPPED, which proves nothing: pkcs11-tool, cvc-print, yubikit",
    ] {
        assert!(words.contains(wanted), "{wanted}: {words}");
    }
    let text = std::fs::read_to_string(out.path().join("matrix.json")).unwrap();
    let matrix: serde_json::Value = serde_json::from_str(&text).unwrap();
    let programs = matrix["programs"].as_array().unwrap();
    assert_eq!(programs.len(), 3);
    for program in programs {
        assert_eq!(program["verdict"], "skipped");
        let checks = program["checks"].as_array().unwrap();
        assert!(checks.iter().all(|check| check["outcome"] == "skipped" && check["why"].is_string()), "{program}");
    }
    assert!(!text.contains("\"passed\""), "{text}");
}

/// A machine whose `unshare` is there and refuses, as in a container without the right to make namespaces.
#[cfg(unix)]
#[test]
fn namespaces_that_are_not_permitted_are_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let out = tempfile::tempdir().unwrap();
    let unshare = out.path().join("unshare");
    std::fs::write(&unshare, "#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&unshare, std::fs::Permissions::from_mode(0o755)).unwrap();
    let output = harness(out.path(), &["run", "pcsc_scan"]).env("PATH", out.path()).output().unwrap();
    let (code, words) = ended(&output);
    assert_eq!(code, Some(3), "{words}");
    assert!(words.contains("no namespace for network, mounts and processes is permitted here: run as root"), "{words}");
}

#[test]
fn an_installer_is_told_what_is_missing_once() {
    let out = tempfile::tempdir().unwrap();
    let output =
        harness(out.path(), &["needs", "pkcs11-tool", "pkcs15-tool", "pycvc"]).env("PATH", "").output().unwrap();
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(lines.lines().filter(|line| *line == "debian opensc").count(), 1, "{lines}");
    assert_eq!(lines.lines().filter(|line| *line == "python pycvc==1.5.2").count(), 1, "{lines}");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let out = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = harness(out.path(), &["serve", "--image", "none", "--tcp", &port]).output().unwrap();
    let (code, words) = ended(&output);
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains(&format!("--tcp {port}")) && words.contains("give another port"), "{words}");
}

#[test]
fn unknown_names_are_refused_with_the_known_ones() {
    let out = tempfile::tempdir().unwrap();
    for (arguments, wanted) in [
        (&["run", "no-such"][..], "no-such: no such program; there are jmrtd, "),
        (&["run", "--defect", "no-such"], "--defect no-such: there are none, flipped-octet, "),
        (&["prove", "no-such"], "there are none, flipped-octet, "),
        (&["run", "--no-such"], "--no-such: no such option"),
        (&["run", "--write", "scll"], "--write wants all programs"),
        (&["judge"], "judge: write run, prove, needs, list or serve"),
    ] {
        let (code, words) = ended(&harness(out.path(), arguments).output().unwrap());
        assert_eq!(code, Some(2), "{words}");
        assert!(words.contains(wanted), "{wanted}: {words}");
    }
}
