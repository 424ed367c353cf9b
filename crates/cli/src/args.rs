//! The command line, as clap reads it. Nothing here does anything.

mod card;
mod finger;
mod portrait;

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand};
use clap_complete::Shell;

pub use card::{Apdu, Card, CardKeys, Channel, Delete, Install, Lock, Managed, Picture, StoreData, TraceCommand};
pub use finger::{ExtractTemplate, Finger, MatchFingers, ShowMinutiae, VerifyFinger};
pub use portrait::{CodingArg, Look, Portrait};

/// Smart-card applet host and chip personalisation toolkit for the CNIE 2.0 and cards of its shape.
#[derive(Debug, Parser)]
#[command(name = "bitaqa", version, about, arg_required_else_help = true, after_help = EXIT_CODES)]
pub struct Cli {
    /// Write the result as JSON on standard output.
    #[arg(long, global = true)]
    pub json: bool,
    /// Read the passphrase of sealed key files from the first line of this file.
    #[arg(long, global = true, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str =
    "Exit codes: 0 ok, 2 usage, 3 bad input, 4 card or reader, 5 verdict negative, 6 internal error";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Sample person, PKI, blank card, personalisation and inspection, in a fresh folder.
    Demo(Demo),
    /// Applicant records.
    #[command(subcommand)]
    Applicant(Applicant),
    /// Prints: conversion between file formats, minutiae, comparison.
    #[command(subcommand)]
    Finger(Finger),
    /// Portraits: checked, and brought into the form of a chip.
    #[command(subcommand)]
    Portrait(Portrait),
    /// Card profiles.
    #[command(subcommand)]
    Profile(Profile),
    /// Issuer keys and certificates.
    #[command(subcommand)]
    Pki(Pki),
    /// Cards: virtual ones, and the card manager of any.
    #[command(subcommand)]
    Card(Card),
    /// Write, seal and verify one card.
    Personalise(Personalise),
    /// Applications of other administrations, by their own keys.
    #[command(subcommand)]
    Partner(PartnerCommand),
    /// Read a card as a stranger and judge it step by step.
    Inspect(Inspect),
    /// Files of a chip and biometric records.
    #[command(subcommand)]
    Lds(Lds),
    /// List the readers that PC/SC knows.
    Readers,
    /// Check this machine for what real readers need.
    Doctor,
    /// Print a completion script.
    Completions {
        /// Shell.
        shell: Shell,
    },
    /// Print the manual page, or write the page of every command into a folder.
    Man {
        /// Folder to write bitaqa.1, bitaqa-card.1 and so on into; made where it is missing. Without it bitaqa.1 alone
        /// goes to standard output.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

/// `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Folder to make; must not exist or be empty. Default: bitaqa-demo-<date>-<time>.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Seed of the sample person, a whole number; drawn at random without it.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// A holder of under 12 years, without fingerprints.
    #[arg(long)]
    pub minor: bool,
}

/// `lds`.
#[derive(Debug, Subcommand)]
pub enum Lds {
    /// Show what a file of a chip (EF), a biometric record or a template says, image octets left out.
    Show {
        /// The file: DG1 to DG4, DG11 to DG15, EF.COM, EF.SOD, EF.CardAccess, FAC, FIR, FMR, ISO 39794, a BIT group, a
        /// template, or any other data objects.
        file: PathBuf,
        /// Folder to write images and records into; made where it is missing.
        #[arg(long, value_name = "DIR")]
        extract: Option<PathBuf>,
    },
}

/// `applicant`.
#[derive(Debug, Subcommand)]
pub enum Applicant {
    /// Check a record and its images; shows the MRZ it makes.
    Check {
        /// The record, JSON.
        file: PathBuf,
        /// Profile, a built-in name or a file; chosen by the holder's age without it.
        #[arg(long, value_name = "P")]
        profile: Option<String>,
    },
    /// Print the JSON Schema of records.
    Schema,
    /// Make a synthetic person with portrait and prints, marked SPECIMEN.
    Sample {
        /// Folder to write into.
        dir: PathBuf,
        /// Seed, a whole number; the same seed makes the same person on the same day. Drawn at random without it.
        #[arg(long, value_name = "N")]
        seed: Option<u64>,
        /// Under 12 years, without fingerprints.
        #[arg(long)]
        minor: bool,
        /// Profile that the person is for, a built-in name or a file: its age, and prints as it wants them; default:
        /// cnie-2.0, or cnie-2.0-minor with --minor.
        #[arg(long, value_name = "P", conflicts_with = "minor")]
        profile: Option<String>,
        /// Impressions of each finger: one that the record names, others as a terminal takes them, right_index-2.png
        /// and so on.
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=20))]
        impressions: u8,
    },
}

/// `profile`.
#[derive(Debug, Subcommand)]
pub enum Profile {
    /// Check a profile.
    Check {
        /// A built-in name (cnie-2.0, cnie-2.0-minor, lab-..) or a file.
        profile: String,
    },
    /// Print a profile's access table and parameters for review.
    Show {
        /// A built-in name (cnie-2.0, cnie-2.0-minor, lab-..) or a file.
        profile: String,
    },
}

/// `pki`.
#[derive(Debug, Subcommand)]
pub enum Pki {
    /// Make CSCA, document signer, CVCA, DV, inspection terminal and the master key of card keys.
    Init {
        /// Folder to make; must not exist or be empty.
        dir: PathBuf,
        /// Profile whose cards will be signed, a built-in name or a file: it says by what document signer and
        /// terminals sign.
        #[arg(long, value_name = "P", default_value = "cnie-2.0")]
        profile: String,
    },
    /// Add the CA for certificates of card holders to a folder of an earlier version, which has none.
    AddEid {
        /// The folder.
        dir: PathBuf,
        /// Profile whose holders get certificates, a built-in name or a file: the CA signs as strongly as their keys.
        #[arg(long, value_name = "P", default_value = "cnie-2.0")]
        profile: String,
    },
    /// Write a folder for a partner of the profile: its keys, sealed, and the issuer's token for what it installs.
    Partner {
        /// The issuer's folder.
        dir: PathBuf,
        /// Name of the partner in the profile.
        name: String,
        /// Profile, a built-in name or a file.
        #[arg(long, value_name = "P")]
        profile: String,
        /// Folder to make; must not exist or be empty.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Show the certificates of a folder.
    Show {
        /// The folder.
        dir: PathBuf,
    },
}

/// `card serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Image of the virtual card; saved when the command ends.
    #[arg(long, value_name = "FILE")]
    pub image: PathBuf,
    /// Where pcscd's driver vpcd listens.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:35963", conflicts_with = "tcp")]
    pub vpcd: String,
    /// Listen on this port of this machine instead, with the same framing; 0 takes a free one.
    #[arg(long, value_name = "PORT")]
    pub tcp: Option<u16>,
}

/// `partner`.
#[derive(Debug, Subcommand)]
pub enum PartnerCommand {
    /// Install, write and seal the partner's application in its own security domain, without any secret of the issuer.
    Install {
        /// Name of the partner in the profile.
        name: String,
        /// Profile, a built-in name or a file.
        #[arg(long, value_name = "P")]
        profile: String,
        /// Folder with the partner's keys and the issuer's token (bitaqa pki partner).
        #[arg(long, value_name = "DIR")]
        keys: PathBuf,
        /// First values of PINs and contents of files, JSON.
        #[arg(long, value_name = "FILE")]
        data: PathBuf,
        /// The card.
        #[command(flatten)]
        card: CardArg,
    },
}

/// Which card: one of an image or a reader.
#[derive(Clone, Debug, Args)]
#[command(group = ArgGroup::new("which_card").required(true).args(["image", "reader"]))]
pub struct CardArg {
    /// Image of a virtual card.
    #[arg(long, value_name = "FILE")]
    pub image: Option<PathBuf>,
    /// Reader, by name or a part of it.
    #[arg(long, value_name = "NAME")]
    pub reader: Option<String>,
    /// Wait that long for the reader and for a card in it, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, conflicts_with = "image")]
    pub wait: u64,
}

impl CardArg {
    /// The card as it was named.
    pub fn name(&self) -> String {
        let image = self.image.as_ref().map(|path| path.display().to_string());
        image.or_else(|| self.reader.clone()).unwrap_or_default()
    }
}

/// `personalise`.
#[derive(Debug, Args)]
pub struct Personalise {
    /// Profile, a built-in name or a file.
    #[arg(long, value_name = "P")]
    pub profile: String,
    /// Applicant record, JSON.
    #[arg(long, value_name = "FILE")]
    pub applicant: PathBuf,
    /// Folder of issuer keys.
    #[arg(long, value_name = "DIR")]
    pub pki: PathBuf,
    /// The card.
    #[command(flatten)]
    pub card: CardArg,
    /// Journal; default: beside the image, or bitaqa.journal for a reader.
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// Where to write what the laser needs (CAN, MRZ, document number); default: beside the journal.
    #[arg(long, value_name = "FILE")]
    pub print_data: Option<PathBuf>,
    /// Trace of the dialogue: headers, lengths and status words, no data.
    #[arg(long, value_name = "FILE", conflicts_with = "trace_data")]
    pub trace: Option<PathBuf>,
    /// Trace with data fields, for a laboratory; keys, PINs and what is written to the card are left out.
    #[arg(long, value_name = "FILE")]
    pub trace_data: Option<PathBuf>,
    /// Seal without asking: no way back.
    #[arg(long)]
    pub yes: bool,
}

/// Flags that give a password; some of them go together.
const PASSWORDS: [&str; 5] = ["can", "mrz", "mrz_file", "pin", "puk"];

/// `inspect`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("password").required(true).multiple(true).args(PASSWORDS))]
pub struct Inspect {
    /// The card.
    #[command(flatten)]
    pub card: CardArg,
    /// Card access number, six digits.
    #[arg(long, value_name = "N")]
    pub can: Option<String>,
    /// The three MRZ lines, one after the other or separated by line ends.
    #[arg(long, value_name = "LINES", conflicts_with_all = ["can", "mrz_file", "pin", "puk"])]
    pub mrz: Option<String>,
    /// File with the three MRZ lines.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["can", "pin", "puk"])]
    pub mrz_file: Option<PathBuf>,
    /// PIN of the holder: its tries are counted, and what is left is said before one is spent. With --can PACE runs by
    /// the CAN first, which resumes a suspended PIN and opens the files.
    #[arg(long, value_name = "N", conflicts_with = "puk")]
    pub pin: Option<String>,
    /// PUK, with which a PIN is unblocked: counted like a PIN, and with --can as well.
    #[arg(long, value_name = "N")]
    pub puk: Option<String>,
    /// Spend even the last try of a PIN or PUK.
    #[arg(long)]
    pub last_try: bool,
    /// Profile that names application and files: a built-in name or a file.
    #[arg(long, value_name = "P", default_value = "cnie-2.0")]
    pub profile: String,
    /// Go on by BAC where the card offers PACE and PACE fails; the inspection stays negative.
    #[arg(long)]
    pub allow_downgrade: bool,
    /// Folder with what to trust: CSCA certificates, revocation lists, master lists.
    #[arg(long, value_name = "DIR")]
    pub trust: Option<PathBuf>,
    /// Folder with the terminal's CV certificates and key.
    #[arg(long, value_name = "DIR")]
    pub terminal: Option<PathBuf>,
    /// Folder to write the files read and report.json into.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Trace of the dialogue: headers, lengths and status words, no data.
    #[arg(long, value_name = "FILE", conflicts_with = "trace_data")]
    pub trace: Option<PathBuf>,
    /// Trace with data fields, for a laboratory; keys, PINs and what is written to the card are left out.
    #[arg(long, value_name = "FILE")]
    pub trace_data: Option<PathBuf>,
}
