//! `bitaqa readers` and `bitaqa doctor`: what this machine has for real cards.

use serde::Serialize;

use crate::exit::Failure;
use crate::output::{Output, table};

#[derive(Serialize)]
struct Reader {
    name: String,
    card_present: bool,
    atr: String,
}

#[derive(Serialize)]
struct Readers {
    readers: Vec<Reader>,
}

#[derive(Serialize)]
struct Finding {
    subject: &'static str,
    ok: bool,
    what: String,
    remedy: &'static str,
}

#[derive(Serialize)]
struct Findings {
    findings: Vec<Finding>,
}

/// Lists the readers.
///
/// # Errors
/// Card, when the PC/SC service cannot be reached.
pub fn readers(output: Output) -> Result<(), Failure> {
    let found = Readers { readers: list().map_err(|error| Failure::card(format!("{error}. Next: bitaqa doctor")))? };
    output.result(&found, || match found.readers.as_slice() {
        [] => "no readers; `bitaqa doctor` looks for the reason".to_owned(),
        readers => {
            let yes_no = |yes| if yes { "yes" } else { "no" }.to_owned();
            table(
                ["reader", "card", "ATR"],
                readers.iter().map(|r| [r.name.clone(), yes_no(r.card_present), r.atr.clone()]),
            )
        }
    })
}

/// Checks PC/SC. Without readers everything on a virtual card still works, so that is what it ends with.
///
/// # Errors
/// None but a broken output.
pub fn doctor(output: Output) -> Result<(), Failure> {
    let mut findings = vec![Finding {
        subject: "virtual card",
        ok: true,
        what: "needs nothing; `bitaqa demo` shows it".into(),
        remedy: "",
    }];
    let (ok, what, remedy) = match list() {
        Ok(readers) if readers.is_empty() => (
            false,
            "the PC/SC service runs and knows no reader".to_owned(),
            "connect a reader; install its driver (libccid)",
        ),
        // pcsc-lite is built for 16 readers, and each slot counts.
        Ok(readers) if readers.len() >= 16 => (
            false,
            format!("{} readers: pcsc-lite knows no more than 16", readers.len()),
            "run a second pcscd for further readers",
        ),
        Ok(readers) => (true, format!("{} reader(s)", readers.len()), ""),
        Err(error) => (false, error, "install and start pcscd; on a system with polkit, allow your user access to it"),
    };
    findings.push(Finding { subject: "PC/SC", ok, what, remedy });
    let found = Findings { findings };
    output.result(&found, || {
        let state = |ok| if ok { "ok" } else { "missing" }.to_owned();
        let rows =
            found.findings.iter().map(|f| [f.subject.to_owned(), state(f.ok), f.what.clone(), f.remedy.to_owned()]);
        table(["", "state", "found", "what to do"], rows)
    })
}

#[cfg(feature = "pcsc")]
fn list() -> Result<Vec<Reader>, String> {
    let readers = bitaqa_terminal::pcsc::readers().map_err(|error| error.to_string())?;
    let reader = |state: bitaqa_terminal::pcsc::ReaderState| Reader {
        name: state.name,
        card_present: state.card_present,
        atr: hex::encode_upper(state.atr),
    };
    Ok(readers.into_iter().map(reader).collect())
}

#[cfg(not(feature = "pcsc"))]
fn list() -> Result<Vec<Reader>, String> {
    Err("this program was built without PC/SC".into())
}
