//! `card ..`, as clap reads it.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};

use super::{CardArg, Serve};

/// `card`.
#[derive(Debug, Subcommand)]
pub enum Card {
    /// Make a blank virtual card under transport keys.
    New {
        /// Profile, a built-in name or a file.
        #[arg(long, value_name = "P")]
        profile: String,
        /// Image file to make; never overwritten.
        #[arg(long, value_name = "FILE")]
        image: PathBuf,
    },
    /// Put a virtual card behind a PC/SC reader, until it is told to end.
    Serve(Serve),
    /// Tell what a card is; needs no keys.
    Info {
        /// The card.
        #[command(flatten)]
        card: CardArg,
        /// AID of the issuer security domain, where it is not the usual one.
        #[arg(long, value_name = "AID")]
        isd: Option<String>,
    },
    /// List what the card manager holds: applications, security domains, load files.
    List(Managed),
    /// Make an instance of a module, and load its file first where one is given.
    Install(Install),
    /// Delete an application, a security domain or a load file. There is no way back.
    Delete(Delete),
    /// Lock or unlock an application or the card, or end the card's life.
    Lock(Lock),
    /// Keys of a security domain.
    #[command(subcommand)]
    Keys(CardKeys),
    /// Send data for personalisation to an application or to the security domain.
    StoreData(StoreData),
    /// Send commands and compare status words.
    Apdu(Apdu),
    /// Traces of dialogues.
    #[command(subcommand)]
    Trace(TraceCommand),
    /// Draw front and back of a card out of what its chip says, for eyes to compare.
    Picture(Picture),
}

/// `card picture`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what_is_drawn").required(true).args(["from", "image", "reader"]))]
pub struct Picture {
    /// Folder with the files of a chip: of `inspect --out`, or of `demo`.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["can", "mrz_file"])]
    pub from: Option<PathBuf>,
    /// Image of a virtual card.
    #[arg(long, value_name = "FILE")]
    pub image: Option<PathBuf>,
    /// Reader, by name or a part of it.
    #[arg(long, value_name = "NAME")]
    pub reader: Option<String>,
    /// Card access number of the card, six digits.
    #[arg(long, value_name = "N", conflicts_with = "mrz_file")]
    pub can: Option<String>,
    /// File with the three MRZ lines of the card.
    #[arg(long, value_name = "FILE")]
    pub mrz_file: Option<PathBuf>,
    /// Profile that names application and files: a built-in name or a file.
    #[arg(long, value_name = "P", default_value = "cnie-2.0")]
    pub profile: String,
    /// Folder to make, with front and back as PNG and SVG; must not exist or be empty.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Dots an inch of the PNG.
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u16).range(72..=1200))]
    pub dpi: u16,
}

/// Which card, and by whose keys: what every command of the card manager needs.
#[derive(Clone, Debug, Args)]
#[command(group = ArgGroup::new("whose_keys").required(true).args(["keys", "pki"]))]
pub struct Managed {
    /// The card.
    #[command(flatten)]
    pub card: CardArg,
    /// How the secure channel is opened.
    #[command(flatten)]
    pub channel: Channel,
}

/// How a secure channel is opened.
#[derive(Clone, Debug, Default, Args)]
pub struct Channel {
    /// Key file, or `default` for the published test key 40..4F.
    #[arg(long, value_name = "FILE|default")]
    pub keys: Option<String>,
    /// Folder of issuer keys: the card's own ones, or its transport keys where it has these still.
    #[arg(long, value_name = "DIR", conflicts_with = "keys")]
    pub pki: Option<PathBuf>,
    /// Profile of the card, for its keys in --pki: a built-in name or a file.
    #[arg(long, value_name = "P", default_value = "cnie-2.0", requires = "pki")]
    pub profile: String,
    /// Key version in hexadecimal; 00 leaves the choice to the card.
    #[arg(long, value_name = "HEX", value_parser = octet)]
    pub kvn: Option<u8>,
    /// Security level in hexadecimal: 01 MAC, 03 encryption as well, 33 responses too. Default: the profile's, or
    /// the strongest that the card offers.
    #[arg(long, value_name = "HEX", value_parser = octet)]
    pub level: Option<u8>,
    /// AID of the security domain; default: the profile's, or A000000151000000.
    #[arg(long, value_name = "AID")]
    pub domain: Option<String>,
    /// Messages of 16 octets (SCP03 of Amendment D 1.2).
    #[arg(long)]
    pub s16: bool,
}

/// `card install`.
#[derive(Debug, Args)]
pub struct Install {
    /// Card and keys.
    #[command(flatten)]
    pub managed: Managed,
    /// AID of the load file.
    #[arg(long, value_name = "AID")]
    pub package: String,
    /// AID of the module.
    #[arg(long, value_name = "AID")]
    pub module: String,
    /// AID of the instance that is made.
    #[arg(long, value_name = "AID")]
    pub instance: String,
    /// Privileges, one or three octets.
    #[arg(long, value_name = "HEX", default_value = "00")]
    pub privileges: String,
    /// Parameters of the application (value of C9).
    #[arg(long, value_name = "HEX", default_value = "")]
    pub parameters: String,
    /// Quota of memory in octets.
    #[arg(long, value_name = "BYTES")]
    pub quota: Option<u32>,
    /// Load this load file data block first, under the name of --package.
    #[arg(long, value_name = "FILE")]
    pub load: Option<PathBuf>,
    /// Signature over the hash of the block, by the security domain that checks it.
    #[arg(long, value_name = "AID:HEX", requires = "load")]
    pub dap: Vec<String>,
    /// Hash of the block; SHA-256 of it, where a signature needs one and none is given.
    #[arg(long, value_name = "HEX", requires = "load")]
    pub hash: Option<String>,
    /// Token of the issuer, for delegated management.
    #[arg(long, value_name = "HEX", default_value = "")]
    pub token: String,
    /// Give the new instance to this security domain.
    #[arg(long, value_name = "AID")]
    pub extradite_to: Option<String>,
}

/// `card delete`.
#[derive(Debug, Args)]
pub struct Delete {
    /// Card and keys.
    #[command(flatten)]
    pub managed: Managed,
    /// What goes.
    #[arg(value_name = "AID")]
    pub aid: String,
    /// With a load file, everything that was made of it.
    #[arg(long)]
    pub related: bool,
    /// Token of the issuer, for delegated management.
    #[arg(long, value_name = "HEX", default_value = "")]
    pub token: String,
    /// Do it; without this the command says what it would do.
    #[arg(long)]
    pub yes: bool,
}

/// `card lock`.
#[allow(clippy::struct_excessive_bools)] // each is a flag of the command line
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["aid", "whole_card", "terminate"]))]
pub struct Lock {
    /// Card and keys.
    #[command(flatten)]
    pub managed: Managed,
    /// Application or security domain.
    #[arg(value_name = "AID")]
    pub aid: Option<String>,
    /// The card itself (CARD_LOCKED); it can be unlocked with its keys.
    #[arg(long)]
    pub whole_card: bool,
    /// End the card's life (TERMINATED). Nothing brings it back; --chip must name it.
    #[arg(long, conflicts_with = "unlock")]
    pub terminate: bool,
    /// Unlock instead.
    #[arg(long)]
    pub unlock: bool,
    /// Serial number of the chip that is meant, as `card info` or a dry run tells it.
    #[arg(long, value_name = "HEX")]
    pub chip: Option<String>,
    /// Do it; without this the command says what it would do.
    #[arg(long)]
    pub yes: bool,
}

/// `card keys`.
#[derive(Debug, Subcommand)]
pub enum CardKeys {
    /// List versions, types and lengths; needs no keys.
    List {
        /// The card.
        #[command(flatten)]
        card: CardArg,
        /// AID of the security domain.
        #[arg(long, value_name = "AID")]
        domain: Option<String>,
    },
    /// Put keys in place of others, or beside them.
    Put {
        /// Card and keys.
        #[command(flatten)]
        managed: Managed,
        /// Key file with the new keys.
        #[arg(long, value_name = "FILE")]
        new: PathBuf,
        /// Version of the new keys, hexadecimal.
        #[arg(long, value_name = "HEX", value_parser = octet)]
        new_kvn: u8,
        /// Version that goes; 00 adds the new keys.
        #[arg(long, value_name = "HEX", value_parser = octet, default_value = "00")]
        replace: u8,
        /// Do it; without this the command says what it would do.
        #[arg(long)]
        yes: bool,
    },
    /// Delete all keys of a version. There is no way back.
    Delete {
        /// Card and keys.
        #[command(flatten)]
        managed: Managed,
        /// Version that goes, hexadecimal.
        #[arg(long, value_name = "HEX", value_parser = octet)]
        old_kvn: u8,
        /// Do it; without this the command says what it would do.
        #[arg(long)]
        yes: bool,
    },
}

/// `card store-data`.
#[derive(Debug, Args)]
pub struct StoreData {
    /// Card and keys.
    #[command(flatten)]
    pub managed: Managed,
    /// File of data groupings, one a line: `DGI0101=HEX`; `*` after the number has it encrypted under the DEK.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Application that the data are for, by INSTALL [for personalization]; without it: the security domain.
    #[arg(long, value_name = "AID")]
    pub application: Option<String>,
}

/// `card apdu`.
#[derive(Debug, Args)]
pub struct Apdu {
    /// The card.
    #[command(flatten)]
    pub card: CardArg,
    /// Send through a secure channel.
    #[command(flatten)]
    pub channel: Channel,
    /// Commands in hexadecimal, with what the status word must be: `00A40400..=9000`, `..=9000|6A82`, `..=63Cx`.
    #[arg(value_name = "HEX[=SW]", required_unless_present = "file")]
    pub commands: Vec<String>,
    /// File with one command a line; `#` begins a comment.
    #[arg(long, value_name = "FILE", conflicts_with = "commands")]
    pub file: Option<PathBuf>,
    /// Send the octets as they are: no GET RESPONSE, no second try after 6Cxx, no check of lengths.
    #[arg(long, conflicts_with_all = ["keys", "pki"])]
    pub raw: bool,
    /// Go on where a status word is not the one that was expected.
    #[arg(long)]
    pub keep_going: bool,
    /// Trace with data fields, for a laboratory; sensitive ones are left out.
    #[arg(long, value_name = "FILE")]
    pub trace_data: Option<PathBuf>,
}

/// `card trace`.
#[derive(Debug, Subcommand)]
pub enum TraceCommand {
    /// Decode a trace by name.
    Show {
        /// File that --trace or --trace-data made.
        file: PathBuf,
        /// Show data fields too: personal data of whoever the card belongs to.
        #[arg(long)]
        lab: bool,
    },
}

/// One octet in hexadecimal, as standards write key versions and levels.
fn octet(text: &str) -> Result<u8, String> {
    let two = text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !two {
        return Err("one octet in hexadecimal, as 30".into());
    }
    u8::from_str_radix(text, 16).map_err(|error| error.to_string())
}
