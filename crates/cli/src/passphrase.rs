//! The passphrase of sealed key files: from `--passphrase-file`, from the environment variable `BITAQA_PASSPHRASE`,
//! from the file `passphrase` in the folder itself, or asked on the terminal. Never on the command line, never printed.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::exit::{Class, Failure};
use crate::output::Output;

/// Environment variable that holds the passphrase.
pub const VARIABLE: &str = "BITAQA_PASSPHRASE";
/// File in a PKI folder that holds the passphrase, for tests and demonstrations.
pub const FILE: &str = "passphrase";

/// Where to look.
pub struct Source {
    file: Option<PathBuf>,
}

impl Source {
    /// With the file of the command line, if one was given.
    pub fn new(file: Option<&Path>) -> Self {
        Self { file: file.map(Path::to_owned) }
    }

    /// The passphrase for an existing folder.
    ///
    /// # Errors
    /// Bad input when a file cannot be read or none of the ways gives one.
    pub fn existing(&self, folder: &Path) -> Result<Zeroizing<String>, Failure> {
        if let Some(given) = self.given()? {
            return Ok(given);
        }
        let beside = folder.join(FILE);
        if beside.is_file() {
            return read(&beside);
        }
        if std::io::stdin().is_terminal() {
            let asked =
                dialoguer::Password::new().with_prompt(format!("Passphrase of {}", folder.display())).interact();
            return asked.map(Zeroizing::new).map_err(|error| Failure::new(Class::Internal, error.to_string()));
        }
        let remedy = format!("give --passphrase-file FILE or set {VARIABLE}");
        Err(Failure::input(folder, "its key files are sealed and there is no passphrase", remedy))
    }

    /// The passphrase for a new folder. Where nobody gives one and nobody can be asked, it is drawn at random and kept
    /// beside the keys, which is said aloud: good for tests, not for a line.
    ///
    /// # Errors
    /// Bad input when a given file cannot be read.
    pub fn fresh(&self, rng: &mut dyn CryptoRng, output: Output) -> Result<(Zeroizing<String>, bool), Failure> {
        if let Some(given) = self.given()? {
            return Ok((given, false));
        }
        if std::io::stdin().is_terminal() && output.form == crate::output::Form::Human {
            let asked = dialoguer::Password::new()
                .with_prompt(
                    "Passphrase for the key files (empty: draw one and keep it beside the keys, for tests only)",
                )
                .with_confirmation("Once more", "They differ")
                .allow_empty_password(true)
                .interact();
            let asked = asked.map(Zeroizing::new).map_err(|error| Failure::new(Class::Internal, error.to_string()))?;
            if !asked.is_empty() {
                return Ok((asked, false));
            }
        }
        let mut octets = Zeroizing::new([0; 16]);
        rng.fill_bytes(octets.as_mut_slice());
        Ok((Zeroizing::new(hex::encode(octets.as_slice())), true))
    }

    fn given(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        if let Some(file) = &self.file {
            return read(file).map(Some);
        }
        Ok(std::env::var(VARIABLE).ok().filter(|value| !value.is_empty()).map(Zeroizing::new))
    }
}

/// First line of a file.
fn read(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = std::fs::read_to_string(file).map(Zeroizing::new);
    let text = text
        .map_err(|error| Failure::input(file, error, "give a readable file with the passphrase in its first line"))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(Zeroizing::new(line.to_owned())),
        _ => Err(Failure::input(file, "its first line is empty", "write the passphrase into the first line")),
    }
}
