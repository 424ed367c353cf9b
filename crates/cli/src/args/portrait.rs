//! `portrait ..`, as clap reads it.

use std::path::PathBuf;

use bitaqa_biometrics::portrait::{Eyes, Point};
use clap::{Args, Subcommand, ValueEnum};

/// `portrait`.
#[derive(Debug, Subcommand)]
pub enum Portrait {
    /// Say what can be said of a portrait, check by check.
    Check {
        /// PNG, JPEG or JPEG 2000.
        file: PathBuf,
        /// How it is looked at.
        #[command(flatten)]
        look: Look,
        /// Write the portrait with what was found drawn into it, PNG; never overwritten.
        #[arg(long, value_name = "PNG")]
        annotated: Option<PathBuf>,
    },
    /// Cut, scale and compress a portrait for a chip.
    Encode {
        /// PNG, JPEG or JPEG 2000, from the camera: what was compressed hard before is refused.
        input: PathBuf,
        /// File to make, .jp2 or .jpg; never overwritten.
        output: PathBuf,
        /// How it is looked at.
        #[command(flatten)]
        look: Look,
        /// Coding; default: by the name of the output.
        #[arg(long, value_name = "CODING")]
        format: Option<CodingArg>,
        /// Most octets of the file; default: 15000, or the profile's limit where that is less.
        #[arg(long, value_name = "N")]
        bytes: Option<usize>,
    },
}

/// Eyes and profile.
#[derive(Debug, Args)]
pub struct Look {
    /// Middles of the eyes in pixels from the upper left corner, the sitter's right eye (on the left) first; looked
    /// for without it.
    #[arg(long, value_name = "X,Y,X,Y", value_parser = eyes)]
    pub eyes: Option<Eyes>,
    /// Profile whose formats and octets hold, a built-in name or a file.
    #[arg(long, value_name = "P", default_value = "cnie-2.0")]
    pub profile: String,
}

/// Coding of a chip's portrait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CodingArg {
    /// JPEG 2000.
    Jpeg2000,
    /// JPEG.
    Jpeg,
}

/// Four numbers.
fn eyes(text: &str) -> Result<Eyes, String> {
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|part| part.trim().parse::<f64>()).collect();
    match numbers.as_deref() {
        Ok([a, b, c, d]) => {
            let eyes = Eyes::new(Point { x: *a, y: *b }, Point { x: *c, y: *d });
            eyes.map_err(|error| format!("{error}; {}", error.remedy()))
        }
        _ => Err("four numbers with commas, as 150,210,262,211".to_owned()),
    }
}
