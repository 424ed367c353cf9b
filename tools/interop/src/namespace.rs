//! A pcscd of a program's own, with vpcd and the served card, in namespaces that end with it: its ports, its socket and
//! its processes are nobody else's, so nothing on the machine can be in the way and nothing stays behind.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::desk::last_words;
use crate::need::{find_command, runs};
use crate::program::Row;
use crate::stage::Stage;

/// Name of the reader that holds the served card.
pub const READER: &str = "Virtual PCD 00 00";

/// Seconds for one session, far beyond what any needs: a program that hangs is ended, and says so.
const LIMIT: &str = "300";

/// Namespaces of network, mounts and processes.
const UNSHARE: [&str; 6] = ["-n", "-m", "-p", "-f", "--kill-child", "--mount-proc"];

/// One step of a session: a script of its own, run with `set -eu -o pipefail` in the session's folder.
pub struct Check {
    /// Name of the check. A step without one prepares, or brings rows of its own as lines
    /// `row<TAB>passed|failed<TAB>name<TAB>why`; where it fails as a whole, no row of the session counts.
    pub name: &'static str,
    /// Bash. `$B` is the product, `$R` the reader, `$PY` Python, `$T` a folder for the session.
    pub script: String,
}

/// What a session has around its steps.
pub struct Session<'a> {
    /// The steps' working folder.
    pub folder: &'a Path,
    /// The served card.
    pub image: PathBuf,
    /// Variables for the steps.
    pub variables: Vec<(&'static str, String)>,
}

/// Before the steps. `$STEPS` of them lie in `$T` as `01.sh` and on; each leaves its output and its exit code there.
const AROUND: &str = r#"
PATH="$PATH:/usr/sbin:/sbin"
ip link set lo up && mount -t tmpfs tmpfs /run && mkdir -p /run/pcscd || exit 91
pcscd -f >"$T/pcscd.log" 2>&1 &
for i in $(seq 100); do [ -S /run/pcscd/pcscd.comm ] && break; sleep 0.05; done
[ -S /run/pcscd/pcscd.comm ] || { cat "$T/pcscd.log" >&2; exit 92; }
$SERVE --image "$IMAGE" >"$T/serve.out" 2>"$T/serve.err" & S=$!
for i in $(seq 200); do "$B" readers 2>/dev/null | grep -q "00 00 *| yes" && break; sleep 0.05; done
"$B" readers 2>/dev/null | grep -q "00 00 *| yes" || { cat "$T/serve.err" >&2; exit 93; }
for step in $STEPS; do
    timeout 120 bash -eu -o pipefail "$T/$step.sh" >"$T/$step.out" 2>&1
    echo $? >"$T/$step.code"
done
kill -TERM $S; wait $S || { cat "$T/serve.err" >&2; exit 94; }
"#;

/// Words before a script that is to run in namespaces: as root, else as a user who is root in a namespace of his own.
///
/// # Errors
/// What is not permitted, and how to get it.
pub fn find() -> Result<Vec<&'static str>, String> {
    let unshare = find_command("unshare").ok_or("unshare is missing: apt-get install util-linux")?;
    let root: Vec<&'static str> = UNSHARE.to_vec();
    let user: Vec<&'static str> = ["-r"].into_iter().chain(UNSHARE).collect();
    let works = |words: &Vec<&'static str>| {
        let test = "PATH=\"$PATH:/usr/sbin:/sbin\"; ip link set lo up && mount -t tmpfs tmpfs /run";
        runs(&unshare, &[words.as_slice(), &["sh", "-c", test]].concat())
    };
    [root, user].into_iter().find(works).ok_or_else(|| {
        "no namespace for network, mounts and processes is permitted here: run as root, or let users make their own \
         (sysctl kernel.unprivileged_userns_clone=1; a container wants --privileged)"
            .to_owned()
    })
}

/// Runs the steps one after another beside a pcscd with the card; a row for each step that has a name.
///
/// # Errors
/// No card came into the reader, or the session was ended; then no row counts.
pub fn run(stage: &Stage, session: &Session<'_>, steps: &[Check]) -> Result<Vec<Row>, String> {
    let words = stage.namespaces().as_ref().map_err(Clone::clone)?;
    let place = stage.folder("session")?;
    let names: Vec<String> = (1..=steps.len()).map(|number| format!("{number:02}")).collect();
    for (name, step) in names.iter().zip(steps) {
        std::fs::write(place.join(format!("{name}.sh")), &step.script).map_err(|error| error.to_string())?;
    }
    let mut command = Command::new("timeout");
    // KILL: unshare passes no other signal on, and its child goes with it.
    command.args(["--signal=KILL", LIMIT, "unshare"]).args(words).args(["bash", "-c", AROUND]);
    command.current_dir(session.folder).stdin(Stdio::null()).env_remove("BITAQA_PASSPHRASE");
    command.env("B", &stage.bitaqa).env("R", READER).env("T", &place).env("PY", stage.python());
    command.env("IMAGE", &session.image).env("STEPS", names.join(" ")).env("SERVE", serve_words(stage));
    command.envs(session.variables.iter().map(|(name, value)| (name, value)));
    let output = command.output().map_err(|error| format!("timeout: {error}"))?;
    let code = output.status.code().unwrap_or(-1);
    if code != 0 {
        let words = last_words(&String::from_utf8_lossy(&output.stderr));
        return Err(format!("the session ended with {code} ({}): {words}", meaning(code)));
    }
    rows(&place, &names, steps)
}

/// The product serves a sound card; a faulty one is served by this program, since the product knows no faults.
fn serve_words(stage: &Stage) -> String {
    match stage.defect {
        None => format!("{} card serve", stage.bitaqa.display()),
        Some(defect) => format!("{} serve --defect {}", stage.own.display(), defect.name),
    }
}

fn meaning(code: i32) -> &'static str {
    match code {
        91 => "the namespaces cannot be prepared",
        92 => "pcscd did not start",
        93 => "no card came into the reader",
        94 => "the card did not end well",
        -1 | 137 => "it took too long",
        _ => "unexpected",
    }
}

/// Rows of the steps, in order.
fn rows(place: &Path, names: &[String], steps: &[Check]) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for (name, step) in names.iter().zip(steps) {
        let read = |kind: &str| std::fs::read(place.join(format!("{name}.{kind}"))).unwrap_or_default();
        let output = String::from_utf8_lossy(&read("out")).into_owned();
        let code = String::from_utf8_lossy(&read("code")).trim().to_owned();
        let result = (code == "0").then_some(()).ok_or_else(|| format!("exit code {code}: {}", last_words(&output)));
        if step.name.is_empty() {
            result?;
            rows.extend(output.lines().filter_map(row));
        } else {
            rows.push(Row::of(step.name, result));
        }
    }
    Ok(rows)
}

/// A row that a script has printed.
fn row(line: &str) -> Option<Row> {
    let mut words = line.strip_prefix("row\t")?.split('\t');
    let (outcome, name, why) = (words.next()?, words.next()?, words.next().unwrap_or_default());
    Some(Row::of(name, (outcome == "passed").then_some(()).ok_or_else(|| why.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Outcome;

    #[test]
    fn scripts_bring_rows_and_a_step_that_fails_ends_the_account() {
        let place = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(place.path().join(name), text).unwrap();
        write("01.out", "words\nrow\tpassed\ta b\nrow\tfailed\tc\twhy not\n");
        write("01.code", "0\n");
        write("02.out", "no\n\nlast words\n");
        write("02.code", "7\n");
        let steps = |second| ["", second].map(|name| Check { name, script: String::new() });
        let names = ["01".to_owned(), "02".to_owned()];
        let found = rows(place.path(), &names, &steps("d")).unwrap();
        let wanted = [
            ("a b", Outcome::Passed),
            ("c", Outcome::Failed("why not".to_owned())),
            ("d", Outcome::Failed("exit code 7: no / last words".to_owned())),
        ];
        assert_eq!(found, wanted.map(|(check, outcome)| Row { check: check.to_owned(), outcome }));
        assert_eq!(rows(place.path(), &names, &steps("")).unwrap_err(), "exit code 7: no / last words");
    }
}
