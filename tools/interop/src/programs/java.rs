//! What the Java programs share: how a project of ours around foreign libraries is built, once for all runs.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::desk::last_words;
use crate::need::{Need, find_command};
use crate::stage::Stage;

/// A compiler for Java 17, and what fetches the pinned libraries and builds.
pub const NEEDS: [Need; 2] = [Need::Command("javac", "default-jdk-headless"), Need::Command("mvn", "maven")];

/// The jar of the project in `tools/interop/NAME`. It is built where no earlier run has built these sources; the first
/// build on a machine fetches the libraries.
///
/// # Errors
/// Maven's last words.
pub fn jar(stage: &Stage, name: &str, jar: &str) -> Result<PathBuf, String> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let target = stage.kept(name);
    let (built, stamp) = (target.join(jar), target.join("sources"));
    let sources = fingerprint(&project)?;
    if built.exists() && std::fs::read_to_string(&stamp).is_ok_and(|earlier| earlier == sources) {
        return Ok(built);
    }
    let mvn = find_command("mvn").ok_or("mvn is missing")?;
    let mut command = Command::new(mvn);
    command.args(["-q", "-B", "package"]).arg(format!("-Dtarget={}", target.display()));
    let output = command.current_dir(&project).stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stdout).into_owned();
        return Err(format!("mvn package in tools/interop/{name}: {}", last_words(&words)));
    }
    std::fs::write(&stamp, sources).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(built)
}

/// A number over everything that the build reads. It is compared on this machine only.
fn fingerprint(project: &Path) -> Result<String, String> {
    let mut hasher = DefaultHasher::new();
    let mut waiting = vec![project.join("src")];
    let mut files = vec![project.join("pom.xml")];
    while let Some(folder) = waiting.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for entry in entries {
            let path = entry.map_err(|error| error.to_string())?.path();
            if path.is_dir() { waiting.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    for file in files {
        let octets = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        (file, octets).hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// First line of what the virtual machine says of itself.
pub fn version() -> Option<String> {
    crate::need::first_line("java", &["-version"])
}
