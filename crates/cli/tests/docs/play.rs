//! Runs the commands of a page one after the other in one shell, as its reader would, and holds what they print against
//! the page.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::markdown::{Fence, Kind, Page};
use super::support::pcscd;

/// Commands of the pages that no test runs, each with its reason. A command is known by how it begins.
const EXCEPTIONS: [(&str, &str); 6] = [
    ("tools/test", "runs this test among all others"),
    ("tools/interop/", "installs programs of others and needs minutes; .ci/run starts it"),
    ("tools/fuzz/", "builds a fuzzer and runs as long as it is told; .ci/run starts the short form"),
    ("tools/bench/", "measures the machine, which wants it for itself"),
    ("sudo apt-get ", "changes the machine"),
    ("sudo systemctl ", "changes the machine"),
];

/// Programs of others that a page may call. Commands that need a missing one are left out aloud.
const FOREIGN: [&str; 6] = ["openssl", "opensc-tool", "pkcs15-tool", "scriptor", "python3", "man"];

/// One command of a page.
#[derive(Debug)]
pub struct Step {
    /// Line of the page, counted from 1.
    pub line: usize,
    pub command: String,
    /// What it prints, where the page shows it; `...` stands for anything.
    pub expected: Option<Vec<String>>,
    pub reader: bool,
    /// The exit code, where it need not be 0: the page then asks for it by `echo $?`.
    pub free: bool,
}

/// How many commands were run, and which were left out.
#[derive(Default)]
pub struct Played {
    pub run: usize,
    pub left_out: Vec<String>,
    pub faults: Vec<String>,
}

/// Whether the shell takes the lines as whole commands.
fn is_whole(text: &str) -> bool {
    if text.ends_with('\\') {
        return false;
    }
    let checked = Command::new("bash").args(["-n", "-c", text]).output().unwrap();
    // A here-document without its end is a warning only.
    checked.status.success() && checked.stderr.is_empty()
}

/// The commands of a fence of commands.
pub fn steps(page: &str, fence: &Fence) -> Vec<Step> {
    let step = |line, command| Step { line, command, expected: None, reader: fence.reader, free: false };
    let mut steps: Vec<Step> = Vec::new();
    let mut pending: Option<Step> = None;
    for (line, text) in (fence.line + 1..).zip(&fence.lines) {
        if let Some(open) = &mut pending {
            let more = if fence.kind == Kind::Console {
                let more = text.strip_prefix("> ");
                more.unwrap_or_else(|| panic!("{page}:{line}: `{}` is no whole command", open.command))
            } else {
                text
            };
            open.command.push('\n');
            open.command.push_str(more);
        } else if fence.kind == Kind::Console {
            match (text.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => pending = Some(step(line, command.to_owned())),
                (None, Some(last)) => last.expected.get_or_insert_default().push(text.clone()),
                (None, None) => panic!("{page}:{line}: a transcript begins with a command"),
            }
        } else if !text.trim().is_empty() && !text.starts_with('#') {
            pending = Some(step(line, text.clone()));
        }
        if let Some(whole) = pending.take_if(|step| is_whole(&step.command)) {
            steps.push(whole);
        }
    }
    assert!(pending.is_none(), "{page}:{}: the last command of the fence is not whole", fence.line);
    if fence.kind == Kind::Console {
        // A transcript shows everything: a command without lines below it printed nothing.
        for step in &mut steps {
            step.expected.get_or_insert_default();
        }
    }
    for at in 1..steps.len() {
        steps[at - 1].free = steps[at].command == "echo $?";
    }
    steps
}

/// The commands of a page in order, those of [`EXCEPTIONS`] left out.
fn commands(page: &Page) -> Vec<Step> {
    let fences = page.fences.iter().filter(|f| matches!(f.kind, Kind::Sh | Kind::Console) && f.file.is_none());
    let steps = fences.flat_map(|fence| steps(&page.name, fence));
    steps.filter(|step| !EXCEPTIONS.iter().any(|(begin, _)| step.command.starts_with(begin))).collect()
}

/// Runs every command of a page in `folder`.
pub fn play(page: &Page, folder: &Path) -> Played {
    let mut played = Played::default();
    for fence in &page.fences {
        if let Some(file) = &fence.file {
            let path = folder.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, fence.lines.join("\n") + "\n").unwrap();
        }
    }
    let (mut steps, missing): (Vec<Step>, Vec<Step>) =
        commands(page).into_iter().partition(|step| foreign(&step.command).all(pcscd::has));
    played.left_out.extend(missing.into_iter().map(|step| step.command));
    if steps.iter().any(|step| step.reader) {
        // A shell of the page's own: its jobs are those that the page has started, and pcscd is none of them.
        let within = format!("start_pcscd || exit\nbash '{}'", session(&steps, folder).display());
        if pcscd::bare(folder, folder, &within).is_none() {
            let (without, with): (Vec<Step>, Vec<Step>) = steps.into_iter().partition(|step| !step.reader);
            played.left_out.extend(with.into_iter().map(|step| step.command));
            steps = without;
            run_alone(&steps, folder);
        }
    } else if !steps.is_empty() {
        run_alone(&steps, folder);
    }
    judge(page, &steps, folder, &mut played);
    played
}

/// The programs of others that a command calls.
fn foreign(command: &str) -> impl Iterator<Item = &'static str> {
    let words: Vec<&str> = command.split_whitespace().collect();
    FOREIGN.into_iter().filter(move |program| words.contains(program))
}

fn run_alone(steps: &[Step], folder: &Path) {
    // KILL: a page that waits for ever has no manners to appeal to.
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", "120", "bash"]).arg(session(steps, folder));
    command.env_remove("BITAQA_PASSPHRASE").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.env("D", folder).status().unwrap();
}

/// One shell for the whole page: variables, folder and `$?` live on from command to command. Each writes what it prints
/// and how it ended beside the page's folder; after a command that failed against the page nothing more is run.
fn session(steps: &[Step], folder: &Path) -> PathBuf {
    let logs = logs(folder);
    std::fs::create_dir_all(&logs).unwrap();
    let mut script = String::from(
        "cd \"$D\" || exit\nexport HOME=$PWD/home LC_ALL=C.UTF-8 PATH=$PWD/target/release:$PATH\nmkdir -p \"$HOME\"\n\
         trap 'kill $(jobs -p) 2>/dev/null' EXIT\n_s=0\n",
    );
    for (number, step) in steps.iter().enumerate() {
        let log = logs.join(number.to_string());
        std::fs::write(log.with_extension("cmd"), format!("{}\n", step.command)).unwrap();
        let log = log.display();
        let _ = writeln!(script, "(exit $_s); . '{log}.cmd' >'{log}.out' 2>&1; _s=$?; echo $_s >'{log}.code'");
        if !step.free {
            script.push_str("[ $_s = 0 ] || exit 1\n");
        }
    }
    let file = logs.join("session.sh");
    std::fs::write(&file, script).unwrap();
    file
}

fn logs(folder: &Path) -> PathBuf {
    folder.with_extension("logs")
}

fn judge(page: &Page, steps: &[Step], folder: &Path, played: &mut Played) {
    for (number, step) in steps.iter().enumerate() {
        let log = logs(folder).join(number.to_string());
        let read = |extension| std::fs::read(log.with_extension(extension)).ok();
        let place = format!("{}:{}: `{}`", page.name, step.line, step.command);
        let Some(code) = read("code").map(|octets| String::from_utf8(octets).unwrap()) else {
            played.faults.push(format!("{place} was never run to its end"));
            return;
        };
        let printed = String::from_utf8_lossy(&read("out").unwrap_or_default()).into_owned();
        let shown = shortened(&printed);
        // `echo $?` is part of the command before it.
        played.run += usize::from(step.command != "echo $?");
        if code.trim() != "0" && !step.free {
            played.faults.push(format!("{place} ended with {}:\n{shown}", code.trim()));
            return;
        }
        if let Some(expected) = &step.expected {
            let actual: Vec<&str> = printed.lines().map(str::trim_end).collect();
            let wanted: Vec<&str> = expected.iter().map(|line| line.trim_end()).collect();
            if !lines_match(&wanted, &actual) {
                played.faults.push(format!("{place} prints:\n{shown}\nand not:\n{}", wanted.join("\n")));
            }
        }
    }
}

/// The first and last lines of what a command printed: a table of verdicts is longer than the fault in it.
fn shortened(printed: &str) -> String {
    let lines: Vec<&str> = printed.lines().collect();
    match lines.len() {
        0..=24 => printed.to_owned(),
        more => format!("{}\n[..]\n{}", lines[..12].join("\n"), lines[more - 12..].join("\n")),
    }
}

/// A line `...` stands for any lines, also for none.
fn lines_match(wanted: &[&str], actual: &[&str]) -> bool {
    match (wanted, actual) {
        ([], []) => true,
        (["...", rest @ ..], _) => (0..=actual.len()).any(|skip| lines_match(rest, &actual[skip..])),
        ([want, rest @ ..], [line, more @ ..]) => line_matches(want, line) && lines_match(rest, more),
        _ => false,
    }
}

/// `...` within a line stands for any characters.
fn line_matches(wanted: &str, line: &str) -> bool {
    let Some((begin, rest)) = wanted.split_once("...") else { return wanted == line };
    let Some(after) = line.strip_prefix(begin) else { return false };
    let ends = after.char_indices().map(|(at, _)| at).chain([after.len()]);
    let mut tails = ends.filter_map(|at| after.get(at..));
    tails.any(|tail| line_matches(rest, tail))
}

#[test]
fn dots_stand_for_anything_and_for_nothing_else() {
    assert!(lines_match(&["a ... c", "...", "z"], &["a b c", "x", "y", "z"]));
    assert!(lines_match(&["...", "z", "..."], &["z"]));
    assert!(!lines_match(&["a ... c"], &["a b d"]));
    assert!(!lines_match(&["a"], &["a", "b"]) && !lines_match(&["a", "b"], &["a"]) && !lines_match(&[], &["a"]));
    assert!(line_matches("... 12 ms", "took 12 ms") && !line_matches("... 12 ms", "took 12 ms more"));
}

#[test]
fn commands_are_cut_where_the_shell_cuts_them() {
    let text = "```sh\n# no command\na b |\n  c\ncat <<X\n$ d\nX\nfor i in 1 2; do\n  e\ndone\n```\n\
        ```console\n$ f \\\n>   g\nh\n$ echo $?\n5\n$ i\n```\n";
    let page = Page::of("page", text);
    let found: Vec<Step> = page.fences.iter().flat_map(|fence| steps("page", fence)).collect();
    let commands: Vec<&str> = found.iter().map(|step| step.command.as_str()).collect();
    let wanted = ["a b |\n  c", "cat <<X\n$ d\nX", "for i in 1 2; do\n  e\ndone", "f \\\n  g", "echo $?", "i"];
    assert_eq!(commands, wanted);
    let free: Vec<bool> = found.iter().map(|step| step.free).collect();
    assert_eq!(free, [false, false, false, true, false, false]);
    assert_eq!(found[3].expected.as_deref(), Some(&["h".to_owned()][..]));
    assert_eq!(found[5].expected.as_deref(), Some(&[][..]));
}
