//! `bitaqa man`: manual pages in the form of man(7), one for each command, out of the same definition that reads the
//! command line. What that definition does not know (exit codes, environment, files) stands here.

use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};
use serde::Serialize;

use crate::args::Cli;
use crate::exit::{Class, Failure};
use crate::output::Output;
use crate::passphrase;

/// Exit codes with their meaning.
const EXIT_CODES: [(u8, &str); 6] = [
    (0, "Done; every verdict that was asked for is positive."),
    (Class::Usage.code(), "Wrong use of the command line, or something that has no way back was not confirmed."),
    (
        Class::BadInput.code(),
        "Bad input: record, image, profile, PKI folder, card image or another file. Nothing was written to a card.",
    ),
    (Class::Card.code(), "Card or reader: refused, not answering, or in use by another process."),
    (Class::Verdict.code(), "An inspection, a verification or an expected status word is negative."),
    (Class::Internal.code(), "A fault of this program."),
];

/// Environment variables that are read, by this program or the library of pcscd.
const ENVIRONMENT: [(&str, &str); 2] = [
    (passphrase::VARIABLE, "Passphrase of sealed key files. --passphrase-file goes before it."),
    ("PCSCLITE_CSOCK_NAME", "Socket of pcscd, where it is not the usual one."),
];

/// Files that commands read or leave behind; capitals stand for what an option named.
const FILES: [(&str, &str); 7] = [
    (
        "DIR/passphrase",
        "Passphrase of a PKI folder that was drawn at random: for tests only. Without it one is asked for.",
    ),
    ("DIR/trust", "What an inspection with --trust DIR believes: CSCA certificates, revocation lists, master lists."),
    ("IMAGE", "Image of a virtual card. It holds every secret of the card in plain."),
    (
        "IMAGE.journal",
        "Journal of the orders on this image; bitaqa.journal in the current folder for a card in a reader.",
    ),
    ("IMAGE.journal.print.json", "CAN, MRZ and first PINs for printing. To be destroyed when the card is printed."),
    ("OUT/report.json", "Verdicts of an inspection with --out, beside the files that were read."),
    ("bitaqa-demo-DATE-TIME", "Folder of a demonstration without --out."),
];

/// Which pages were written.
#[derive(Serialize)]
struct Written {
    folder: String,
    pages: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// Bad input when a page cannot be written.
pub fn run(out: Option<&Path>, output: Output) -> Result<(), Failure> {
    let pages = pages();
    let Some(folder) = out else {
        // The page of the program itself comes first.
        if let Some((_, text)) = pages.first() {
            Output::text(text);
        }
        return Ok(());
    };
    let refuse = |path: &Path, error: std::io::Error| Failure::input(path, error, "give a folder that can be written");
    std::fs::create_dir_all(folder).map_err(|error| refuse(folder, error))?;
    for (name, text) in &pages {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| refuse(&path, error))?;
    }
    let names = pages.into_iter().map(|(name, _)| name).collect();
    let written = Written { folder: folder.display().to_string(), pages: names };
    output.result(&written, || format!("{} pages in {}", written.pages.len(), written.folder))
}

/// Every page, as file name and text: the program's own first, then depth first in the order of the help.
pub fn pages() -> Vec<(String, String)> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    collect(&command, None, &mut pages);
    pages
}

fn collect(command: &clap::Command, parent: Option<&str>, pages: &mut Vec<(String, String)>) {
    let name = page_name(command);
    pages.push((format!("{name}.1"), page(command, parent)));
    for sub in command.get_subcommands() {
        collect(sub, Some(&name), pages);
    }
}

/// Name of the page of a command: `bitaqa-card-list`.
fn page_name(command: &clap::Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn page(command: &clap::Command, parent: Option<&str>) -> String {
    let name = page_name(command);
    // No date: the same source makes the same page.
    let man = Man::new(command.clone())
        .title(name.to_uppercase())
        .source(concat!("bitaqa ", env!("CARGO_PKG_VERSION")))
        .manual("bitaqa");
    let mut octets = Vec::new();
    // A vector takes every octet.
    let _ = man
        .render_title(&mut octets)
        .and_then(|()| man.render_name_section(&mut octets))
        .and_then(|()| man.render_synopsis_section(&mut octets))
        .and_then(|()| man.render_description_section(&mut octets))
        .and_then(|()| man.render_options_section(&mut octets));
    if command.has_subcommands() {
        let _ = man.render_subcommands_section(&mut octets);
    }
    let mut text = String::from_utf8_lossy(&octets).into_owned();
    text.push_str(&tail(command, parent).to_roff());
    text
}

/// What every page ends with.
fn tail(command: &clap::Command, parent: Option<&str>) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in EXIT_CODES {
        roff.control("TP", []).text([bold(code.to_string())]).text([roman(meaning)]);
    }
    roff.control("SH", ["ENVIRONMENT"]);
    for (variable, what) in ENVIRONMENT {
        roff.control("TP", []).text([bold(variable)]).text([roman(what)]);
    }
    roff.control("SH", ["FILES"]);
    for (file, what) in FILES {
        roff.control("TP", []).text([italic(file)]).text([roman(what)]);
    }
    let above = parent.map(ToOwned::to_owned);
    let below = command.get_subcommands().map(page_name);
    let others: Vec<String> = above.into_iter().chain(below).map(|name| format!("{name}(1)")).collect();
    if !others.is_empty() {
        roff.control("SH", ["SEE ALSO"]).text([roman(others.join(", "))]);
    }
    roff
}
