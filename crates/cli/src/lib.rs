//! The command line of `bitaqa`: flags become a request, a library does the work, the result becomes text or JSON and
//! an exit code. The only room that prints, and the one that brings clock, randomness and environment.

pub mod apdu_text;
pub mod args;
pub mod card_channel;
pub mod card_source;
pub mod commands;
pub mod exit;
pub mod key_text;
pub mod output;
pub mod passphrase;
pub mod pki_folder;
pub mod profile_source;
pub mod report;
pub mod trust_folder;
pub mod world;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use exit::Failure;
use output::Output;

/// Parses the command line, runs the command and says how it ended.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors: clap tells them apart by its exit code. What clap refused has no flags
            // yet, so a program that wants JSON is known by the word alone.
            let json = std::env::args_os().any(|argument| argument == "--json");
            if error.exit_code() == 0 || !json {
                let _ = error.print();
            } else {
                Output::new(json).failure(&Failure::usage(error.to_string().trim_end()));
            }
            return if error.exit_code() == 0 { ExitCode::SUCCESS } else { ExitCode::from(exit::Class::Usage.code()) };
        }
    };
    let output = Output::new(cli.json);
    match run(&cli, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.class.code())
        }
    }
}

/// The programs of docs/library.md: documentation tests compile and run them.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/library.md")]
struct LibraryPage;

fn run(cli: &Cli, output: Output) -> Result<(), Failure> {
    let passphrase = passphrase::Source::new(cli.passphrase_file.as_deref());
    match &cli.command {
        Command::Demo(demo) => commands::demo::run(demo, &passphrase, output),
        Command::Applicant(applicant) => commands::applicant::run(applicant, output),
        Command::Finger(finger) => commands::finger::run(finger, output),
        Command::Portrait(portrait) => commands::portrait::run(portrait, output),
        Command::Profile(profile) => commands::profile::run(profile, output),
        Command::Pki(pki) => commands::pki::run(pki, &passphrase, output),
        Command::Card(card) => commands::card::run(card, &passphrase, output),
        Command::Personalise(request) => commands::personalise::run(request, &passphrase, output),
        Command::Lds(lds) => commands::lds::run(lds, output),
        Command::Inspect(request) => commands::inspect::run(request, &passphrase, output),
        Command::Partner(request) => commands::partner::run(request, &passphrase, output),
        Command::Readers => commands::readers::readers(output),
        Command::Doctor => commands::doctor::run(output),
        Command::Completions { shell } => {
            commands::completions(*shell);
            Ok(())
        }
        Command::Man { out } => commands::man::run(out.as_deref(), output),
    }
}
