//! `bitaqa finger`, as clap reads it.

use std::path::PathBuf;

use clap::Subcommand;

/// `finger`.
#[derive(Debug, Subcommand)]
pub enum Finger {
    /// Convert a print between WSQ, PNG and PGM; the extension of OUT says to which.
    Convert {
        /// The print: WSQ, PNG or binary PGM, 8-bit grey, dark ridges on light ground, 500 pixels an inch.
        #[arg(value_name = "IN")]
        from: PathBuf,
        /// File to write: .wsq (lossy, 0.75 bit a pixel), .png or .pgm; must not exist.
        #[arg(value_name = "OUT")]
        to: PathBuf,
        /// Take the print as 500 pixels an inch whatever the file states.
        #[arg(long)]
        assume_500: bool,
    },
}
