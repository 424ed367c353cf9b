//! One file a command: request in, library call, result out.

pub mod applicant;
pub mod card;
pub mod demo;
pub mod doctor;
pub mod finger;
pub mod inspect;
pub mod lds;
pub mod man;
pub mod partner;
pub mod personalise;
pub mod pki;
pub mod portrait;
pub mod profile;
pub mod readers;
pub mod serve;

use clap::CommandFactory;

/// Completion script of a shell, on standard output.
pub fn completions(shell: clap_complete::Shell) {
    let mut command = crate::args::Cli::command();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "bitaqa", &mut script);
    crate::output::Output::text(&String::from_utf8_lossy(&script));
}
