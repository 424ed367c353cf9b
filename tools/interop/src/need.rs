//! What a foreign program needs of the machine, how it is looked for and how it is got.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::program::Program;
use crate::stage::Stage;

/// One need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// A command, and the Debian package that has it.
    Command(&'static str, &'static str),
    /// One of these files, and the Debian package that has it.
    File(&'static [&'static str], &'static str),
    /// A Python module, and what is asked of Python's installer for it.
    Python(&'static str, &'static str),
    /// An environment variable that names a file of the caller's, and what that is.
    Variable(&'static str, &'static str),
    /// Namespaces for the network, mounts and processes, as root or as a user who may make his own.
    Namespaces,
}

/// Pcscd with vpcd in namespaces: what every program needs that comes through PC/SC.
pub const PCSC: [Need; 4] = [
    Need::Command("pcscd", "pcscd"),
    Need::File(&["/usr/lib/pcsc/drivers/serial/libifdvpcd.so", "/etc/reader.conf.d/vpcd"], "vsmartcard-vpcd"),
    Need::Command("ip", "iproute2"),
    Need::Namespaces,
];

impl Need {
    /// What is missing and how to get it, in words for a person; `None` where it is there.
    pub fn missing(&self, stage: &Stage) -> Option<String> {
        match self {
            Self::Command(name, package) => {
                find_command(name).is_none().then(|| format!("{name} is missing: apt-get install {package}"))
            }
            Self::File(any_of, package) => {
                let there = any_of.iter().any(|path| Path::new(path).exists());
                (!there).then(|| format!("{} is missing: apt-get install {package}", any_of.join(" or ")))
            }
            Self::Python(module, requirement) => {
                let python = stage.python();
                if !python.exists() {
                    let place = python.display();
                    return Some(format!("{place} is missing: apt-get install python3-venv, then tools/interop/run"));
                }
                (!runs(&python, &["-c", &format!("import {module}")]))
                    .then(|| format!("Python's {module} is missing: {} -m pip install {requirement}", python.display()))
            }
            Self::Variable(name, what) => {
                let there = std::env::var_os(name).is_some_and(|path| Path::new(&path).is_file());
                (!there).then(|| format!("{name} names no file: give it {what}"))
            }
            Self::Namespaces => stage.namespaces().as_ref().err().cloned(),
        }
    }

    /// The same for a script: who installs it, and under which name.
    fn install(&self) -> Option<String> {
        match self {
            Self::Command(_, package) | Self::File(_, package) => Some(format!("debian {package}")),
            Self::Python(_, requirement) => Some(format!("python {requirement}")),
            Self::Variable(..) | Self::Namespaces => None,
        }
    }
}

/// What an installer is to be asked for, each once, for these programs.
pub fn missing_installs(programs: &[&Program], stage: &Stage) -> Vec<String> {
    let needs = programs.iter().flat_map(|program| program.needs);
    let missing = needs.filter(|need| need.missing(stage).is_some());
    let mut lines: Vec<String> = missing.filter_map(Need::install).collect();
    lines.sort();
    lines.dedup();
    lines
}

/// Where a command lies. Daemons are looked for where a plain user's path does not go.
pub fn find_command(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Whether a command runs and ends well.
pub fn runs(program: &Path, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// First line of what a command prints about itself that holds a digit, on either output.
pub fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(find_command(program)?).args(arguments).stdin(Stdio::null()).output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    text.lines().find(|line| line.contains(|c: char| c.is_ascii_digit())).map(|line| line.trim().to_owned())
}

/// The first words of that line, for a program that says more than its name and version.
pub fn first_words(program: &str, arguments: &[&str], count: usize) -> Option<String> {
    let line = first_line(program, arguments)?;
    Some(line.split_whitespace().take(count).collect::<Vec<_>>().join(" "))
}
