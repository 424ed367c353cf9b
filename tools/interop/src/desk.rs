//! A desk of the issuance centre, made with the product itself: a sample person, an issuer's keys, an issued card.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Seed of the sample person.
const SEED: &str = "20";

/// A folder with `applicant/`, `pki/`, `card.image`, and the journal with print data beside it.
pub struct Desk {
    /// Where it lies.
    pub folder: PathBuf,
    /// Of which product the card is.
    pub profile: String,
}

impl Desk {
    /// A path on the desk.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The card's memory.
    pub fn image(&self) -> PathBuf {
        self.path("card.image")
    }

    /// The applicant's record.
    ///
    /// # Errors
    /// A record that is not there.
    pub fn record(&self) -> Result<Value, String> {
        self.json("applicant/record.json")
    }

    /// The CAN on the card's front.
    ///
    /// # Errors
    /// A record without one.
    pub fn can(&self) -> Result<String, String> {
        self.record()?.get("can").and_then(Value::as_str).map(str::to_owned).ok_or_else(|| "no CAN".to_owned())
    }

    /// What is printed for the holder of an eID: the first value of PIN or PUK number `number`.
    ///
    /// # Errors
    /// Print data without it.
    pub fn printed_pin(&self, number: u64) -> Result<String, String> {
        let printed = self.json("card.image.journal.print.json")?;
        let pins = printed.get("eid").and_then(Value::as_array).ok_or("print data without an eID")?;
        let pin = pins.iter().find(|pin| pin.get("number").and_then(Value::as_u64) == Some(number));
        let value = pin.and_then(|pin| pin.get("value")).and_then(Value::as_str);
        value.map(str::to_owned).ok_or_else(|| format!("no PIN {number} in the print data"))
    }

    fn json(&self, name: &str) -> Result<Value, String> {
        let path = self.path(name);
        let text = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// Makes a desk in an empty folder and issues its card.
///
/// # Errors
/// The words of the command that failed.
pub fn issue(bitaqa: &Path, desk: &Desk) -> Result<(), String> {
    applicant_and_keys(bitaqa, desk)?;
    card(bitaqa, desk)
}

/// The sample person and the issuer's keys.
///
/// # Errors
/// As [`issue`].
pub fn applicant_and_keys(bitaqa: &Path, desk: &Desk) -> Result<(), String> {
    let profile = &desk.profile;
    run(bitaqa, &desk.folder, &["applicant", "sample", "applicant", "--seed", SEED, "--profile", profile])?;
    code_images(bitaqa, desk)?;
    run(bitaqa, &desk.folder, &["pki", "init", "pki", "--profile", profile]).map(|_| ())
}

/// Raw images of the sample are coded before the order, which would do the same: programs that compare a card with the
/// record find the very octets there. The portrait becomes a JPEG, which every program reads.
fn code_images(bitaqa: &Path, desk: &Desk) -> Result<(), String> {
    let mut record = desk.json("applicant/record.json")?;
    if record.pointer("/portrait/file").and_then(Value::as_str) == Some("portrait.png") {
        let encode = ["portrait", "encode", "portrait.png", "portrait.jpg", "--profile", &desk.profile];
        run(bitaqa, &desk.path("applicant"), &encode)?;
        if let Some(portrait) = record.get_mut("portrait") {
            *portrait = serde_json::json!({ "file": "portrait.jpg" });
        }
    }
    let prints = record.get_mut("fingerprints").and_then(Value::as_array_mut);
    for file in prints.into_iter().flatten().filter_map(|print| print.get_mut("file")) {
        let Some(name) = file.as_str().and_then(|raw| raw.strip_suffix(".png")) else { continue };
        let coded = format!("{name}.wsq");
        run(bitaqa, &desk.path("applicant"), &["finger", "convert", &format!("{name}.png"), &coded])?;
        *file = coded.into();
    }
    std::fs::write(desk.path("applicant/record.json"), record.to_string()).map_err(|error| error.to_string())
}

/// A blank card, then the order on it.
///
/// # Errors
/// As [`issue`].
pub fn card(bitaqa: &Path, desk: &Desk) -> Result<(), String> {
    blank(bitaqa, desk)?;
    let (record, profile) = ("applicant/record.json", desk.profile.as_str());
    let order = ["--applicant", record, "--pki", "pki", "--image", "card.image", "--profile", profile, "--yes"];
    run(bitaqa, &desk.folder, &[&["personalise"], &order[..]].concat()).map(|_| ())
}

/// A card as it comes from the factory, under the published test key.
///
/// # Errors
/// As [`issue`].
pub fn blank(bitaqa: &Path, desk: &Desk) -> Result<(), String> {
    run(bitaqa, &desk.folder, &["card", "new", "--profile", &desk.profile, "--image", "card.image"]).map(|_| ())
}

/// Runs the product in a folder; its standard output.
///
/// # Errors
/// Its last words, when it did not end well.
pub fn run(bitaqa: &Path, folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(bitaqa);
    command.args(arguments).current_dir(folder).env_remove("BITAQA_PASSPHRASE").stdin(Stdio::null());
    let unbuilt = |error| format!("{}: {error}; cargo build -p bitaqa-cli", bitaqa.display());
    let output = command.output().map_err(unbuilt)?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("bitaqa {}: {}", arguments.join(" "), last_words(&words)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The end of a long text, on one line: where programs say why they gave up.
pub fn last_words(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(4)..).unwrap_or_default().join(" / ");
    let start = last.char_indices().rev().nth(399).map_or(0, |(at, _)| at);
    last.get(start..).unwrap_or_default().to_owned()
}

/// Copies a folder with all below it.
///
/// # Errors
/// The operating system's refusal.
pub fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", from.display());
    std::fs::create_dir_all(to).map_err(failed)?;
    for entry in std::fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target).map_err(failed)?;
        }
    }
    Ok(())
}
