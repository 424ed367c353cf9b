//! A pcscd of a test's own, with its driver vpcd and a served card: in namespaces of their own, so that each test has
//! its ports, its socket and its processes, and none of them outlives it. Needs root, unshare, ip, pcscd and vpcd.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Output;

/// Name of the reader that holds the served card.
pub const READER: &str = "Virtual PCD 00 00";

/// Where distributions put the driver, or say where it is.
const DRIVER: [&str; 2] = ["/usr/lib/pcsc/drivers/serial/libifdvpcd.so", "/etc/reader.conf.d/vpcd"];

/// Around every script: `$B` the program, `$D` the caller's folder, `$R` the reader, `$W` a folder for logs.
/// `start_pcscd`, `stop_pcscd`, `start_card IMAGE [slot]`, `stop_card` and `wait_card [yes|no]` are there for scripts
/// that pull cards and services away; the served card is started before a script of [`with_card`].
const PRELUDE: &str = r#"
ip link set lo up && mount -t tmpfs tmpfs /run && mkdir -p /run/pcscd || exit 91
start_pcscd() {
    rm -f /run/pcscd/*
    pcscd -f >>"$W/pcscd.log" 2>&1 & P=$!
    for i in $(seq 100); do [ -S /run/pcscd/pcscd.comm ] && return 0; sleep 0.05; done
    return 92
}
stop_pcscd() { kill $P; wait $P; true; }
start_card() { "$B" card serve --image "$1" >>"$W/serve.out" 2>>"$W/serve.err" & S=$!; }
stop_card() { kill -TERM $S; wait $S; }
wait_card() {
    for i in $(seq 200); do "$B" readers 2>/dev/null | grep -q "00 00 *| ${1:-yes}" && return 0; sleep 0.05; done
    echo "no card came" >&2; return 93
}
"#;

/// Runs a script beside a pcscd with the card of `image` in [`READER`], then ends the card, which saves its image. The
/// exit code is the script's, or that of the card when it did not end well.
///
/// `None`, with a line on standard error that no test runner swallows, where this machine cannot do it.
pub fn with_card(folder: &Path, image: &Path, script: &str) -> Option<Output> {
    let around = format!(
        r#"start_pcscd || exit
start_card "$IMAGE"; wait_card || exit
( set -e
{script}
); code=$?
stop_card || {{ [ $code = 0 ] && code=94; }}
exit $code"#
    );
    bare(folder, image, &around)
}

/// Runs a script where nothing is started yet; `$IMAGE` names the image.
pub fn bare(folder: &Path, image: &Path, script: &str) -> Option<Output> {
    if let Some(missing) = missing() {
        // Not `eprintln`: the runner keeps what that writes to itself when a test passes.
        let _ = writeln!(std::io::stderr(), "SKIPPED, needs {missing}: a card through pcscd");
        return None;
    }
    let logs = tempfile::tempdir().unwrap();
    let whole = format!("{PRELUDE}{script}");
    // KILL: unshare passes no other signal on, and its child goes with it.
    let output = Command::new("timeout")
        .args([
            "--signal=KILL",
            "120",
            "unshare",
            "-n",
            "-m",
            "-p",
            "-f",
            "--kill-child",
            "--mount-proc",
            "bash",
            "-c",
            &whole,
        ])
        .env("B", env!("CARGO_BIN_EXE_bitaqa"))
        .env("D", folder)
        .env("IMAGE", image)
        .env("R", READER)
        .env("W", logs.path())
        .env_remove("BITAQA_PASSPHRASE")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let mut stderr = text(&output.stderr);
    for log in ["pcscd.log", "serve.out", "serve.err"] {
        let content = std::fs::read_to_string(logs.path().join(log)).unwrap_or_default();
        stderr.extend(["\n--- ", log, "\n", &content]);
    }
    Some(Output { code: output.status.code().unwrap_or(-1), stdout: text(&output.stdout), stderr })
}

/// What this machine lacks.
fn missing() -> Option<&'static str> {
    let runs = |program: &str, arguments: &[&str]| {
        let made = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
        made.is_ok_and(|status| status.success())
    };
    if !cfg!(feature = "pcsc") {
        return Some("the feature pcsc");
    }
    if !runs("pcscd", &["--version"]) {
        return Some("pcscd");
    }
    if !DRIVER.iter().any(|path| Path::new(path).exists()) {
        return Some("vpcd, a driver of pcscd");
    }
    let namespaces = ["-n", "-m", "-p", "-f", "--mount-proc", "ip", "link", "set", "lo", "up"];
    (!runs("unshare", &namespaces)).then_some("root, unshare and ip")
}

/// Whether a foreign program can be run; says aloud what is left out where it cannot.
pub fn has(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    if !found {
        let _ = writeln!(std::io::stderr(), "SKIPPED, needs {program}");
    }
    found
}
