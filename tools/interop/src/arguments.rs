//! The command line, read by hand: five words and four options.

use std::path::{Path, PathBuf};

use crate::defect::{self, Defect};

/// What is asked for.
pub enum Request {
    /// Judge.
    Run {
        /// Programs, all when empty.
        names: Vec<String>,
        /// The fault that the card is served with.
        defect: Option<&'static Defect>,
        /// Whether docs/interop.md is written anew.
        write: bool,
        /// Folder for everything that a run makes.
        out: PathBuf,
    },
    /// Show that the defects are seen.
    Prove {
        /// Which, all when none is named; the control always first.
        defects: Vec<&'static Defect>,
        /// Whether docs/interop.md is written anew.
        write: bool,
        /// As in a run.
        out: PathBuf,
    },
    /// Name what is missing.
    Needs {
        /// Programs, all when empty.
        names: Vec<String>,
        /// As in a run: the Python environment lies there.
        out: PathBuf,
    },
    /// Name the programs.
    List,
    /// Be a card.
    Serve {
        /// Its memory.
        image: PathBuf,
        /// Its fault.
        defect: Option<&'static Defect>,
        /// Listens there (0: anywhere) instead of going to vpcd.
        port: Option<u16>,
    },
}

/// Reads the arguments behind the program's name.
///
/// # Errors
/// What is wrong with them, and what may be written instead.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Request, String> {
    let mut words = Vec::new();
    let (mut defect, mut write, mut image, mut port) = (None, false, None, None);
    let mut out = default_out();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} wants a value"));
        match argument.as_str() {
            "--defect" => defect = Some(defect::named(&value()?)?),
            "--out" => out = PathBuf::from(value()?),
            "--image" => image = Some(PathBuf::from(value()?)),
            "--tcp" => {
                let text = value()?;
                port = Some(text.parse().map_err(|_| format!("--tcp {text}: give a port, 0 to 65535"))?);
            }
            "--write" => write = true,
            other if other.starts_with('-') => return Err(format!("{other}: no such option")),
            _ => words.push(argument),
        }
    }
    let mut words = words.into_iter();
    let command = words.next().unwrap_or_else(|| "run".to_owned());
    let names: Vec<String> = words.collect();
    match command.as_str() {
        // A table of some would say that the others are gone.
        "run" if write && !names.is_empty() => Err("--write wants all programs: leave the names out".to_owned()),
        "run" => Ok(Request::Run { names, defect, write, out }),
        "prove" => {
            let wanted =
                |defect: &&Defect| defect.is_none() || names.is_empty() || names.iter().any(|n| n == defect.name);
            names.iter().try_for_each(|name| defect::named(name).map(|_| ()))?;
            Ok(Request::Prove { defects: defect::ALL.iter().filter(wanted).collect(), write, out })
        }
        "needs" => Ok(Request::Needs { names, out }),
        "list" => Ok(Request::List),
        "serve" => Ok(Request::Serve { image: image.ok_or("serve wants --image FILE")?, defect, port }),
        other => Err(format!("{other}: write run, prove, needs, list or serve")),
    }
}

/// Beside the program: `target/debug/bitaqa-interop` keeps its things in `target/interop`.
fn default_out() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    program.ancestors().nth(2).unwrap_or(Path::new("target")).join("interop")
}
