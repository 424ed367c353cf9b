//! `bitaqa finger`, as clap reads it.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `finger`.
#[derive(Debug, Subcommand)]
pub enum Finger {
    /// Convert a print to WSQ, PNG or PGM; the extension of OUT says to which.
    Convert {
        /// The print: WSQ, PNG, binary PGM or JPEG 2000, 8-bit grey, dark ridges on light ground, 500 pixels an inch.
        #[arg(value_name = "IN")]
        from: PathBuf,
        /// File to write: .wsq (lossy, 0.75 bit a pixel), .png or .pgm; must not exist.
        #[arg(value_name = "OUT")]
        to: PathBuf,
        /// Take the print as 500 pixels an inch whatever the file states.
        #[arg(long)]
        assume_500: bool,
    },
    /// Find the minutiae of a print; the extension of OUT says whether they become a record or what a card compares.
    Extract(ExtractTemplate),
    /// Compare a print or template with another one; of two fingers with --second.
    Match(MatchFingers),
    /// Draw the minutiae of a print on it.
    Show(ShowMinutiae),
    /// Show a finger to the card, which compares it itself: costs a try when it differs.
    Verify(VerifyFinger),
}

/// `finger verify`.
#[derive(Debug, Args)]
pub struct VerifyFinger {
    /// Print, record (.fmr) or .compact template that was just taken.
    pub probe: PathBuf,
    /// The card.
    #[command(flatten)]
    pub card: super::CardArg,
    /// Card access number, six digits: the card takes minutiae within a session alone.
    #[arg(long, value_name = "N")]
    pub can: String,
    /// Profile that names the application: a built-in name or a file.
    #[arg(long, value_name = "P")]
    pub profile: String,
    /// Which of the card's fingers, by the number that its rules have; may be left out where it has one alone.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=31))]
    pub number: Option<u8>,
    /// Spend even the last try.
    #[arg(long)]
    pub last_try: bool,
    /// Take the print as 500 pixels an inch whatever the file states.
    #[arg(long)]
    pub assume_500: bool,
}

/// `finger extract`.
#[derive(Debug, Args)]
pub struct ExtractTemplate {
    /// The print, as for convert.
    #[arg(value_name = "IN")]
    pub from: PathBuf,
    /// File to write: .fmr (record of ISO/IEC 19794-2:2005) or .compact (three octets a minutia, at most 40); must not
    /// exist.
    #[arg(value_name = "OUT")]
    pub to: PathBuf,
    /// Finger: 1 to 5 right thumb to little finger, 6 to 10 left; 0 unknown.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=10))]
    pub position: u8,
    /// Keep this many minutiae, the best by quality.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(12..))]
    pub best: Option<u8>,
    /// Take the print as 500 pixels an inch whatever the file states.
    #[arg(long)]
    pub assume_500: bool,
}

/// `finger match`.
#[derive(Debug, Args)]
pub struct MatchFingers {
    /// Print, record (.fmr) or .compact template that was just taken.
    pub probe: PathBuf,
    /// The one that it is compared with.
    pub reference: PathBuf,
    /// The same of a second finger: the verdict is on the sum of both scores.
    #[arg(long, num_args = 2, value_names = ["PROBE", "REFERENCE"])]
    pub second: Option<Vec<PathBuf>>,
    /// Take prints as 500 pixels an inch whatever the files state.
    #[arg(long)]
    pub assume_500: bool,
}

/// `finger show`.
#[derive(Debug, Args)]
pub struct ShowMinutiae {
    /// The print, as for convert.
    #[arg(value_name = "IN")]
    pub from: PathBuf,
    /// PNG to write; must not exist.
    #[arg(value_name = "OUT")]
    pub to: PathBuf,
    /// Draw the minutiae of this record or .compact template instead of those of the print.
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// Take the print as 500 pixels an inch whatever the file states.
    #[arg(long)]
    pub assume_500: bool,
}
