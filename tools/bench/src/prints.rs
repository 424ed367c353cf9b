//! WSQ of generated prints by ours and by the Python package `wsq` (NBIS), in one run: time, size, nearness to the
//! print, and whether each reads the other's files to the same samples.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use bitaqa_biometrics::print_file::{self, PrintFormat};
use bitaqa_biometrics::raster::Grey;
use bitaqa_biometrics::synthetic::finger::{Conditions, Finger, Hand};
use bitaqa_biometrics::wsq::{BIT_RATE, decode, encode};
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use serde::{Deserialize, Serialize};

use crate::line::Outcome;
use crate::primitives::{as_f64, median};

/// The other side: reads every PGM of a folder, codes it, decodes its own file and ours.
const PEER: &str = include_str!("wsq_peer.py");
/// Times that each print goes each way.
const TURNS: usize = 7;

/// One codec.
#[derive(Serialize)]
pub struct Codec {
    /// Who it is.
    pub name: String,
    /// Median over all prints.
    pub encode_milliseconds: f64,
    /// Median over all prints.
    pub decode_milliseconds: f64,
    /// Million pixels a second.
    pub encode_megapixels: f64,
    /// Million pixels a second.
    pub decode_megapixels: f64,
    /// Octets of all files.
    pub octets: u64,
    /// Mean nearness to the prints, in dB.
    pub psnr: f64,
}

/// The measurement.
#[derive(Serialize)]
pub struct Prints {
    /// How many.
    pub count: u64,
    /// Ours.
    pub ours: Codec,
    /// The package; absent where Python has none.
    pub peer: Option<Codec>,
    /// Largest difference of size between two files of one print, in per cent.
    pub size_difference_percent: Option<f64>,
    /// Largest difference of nearness, in dB.
    pub psnr_difference: Option<f64>,
    /// Files, ours and theirs, that both read to the same samples.
    pub read_alike: Option<u64>,
}

/// What the peer says of one print.
#[derive(Deserialize)]
struct Said {
    encode_seconds: f64,
    decode_seconds: f64,
}

/// One print by one codec.
struct Run {
    encode: f64,
    decode: f64,
    file: Vec<u8>,
    psnr: f64,
}

/// Measures this many prints. `python` is an interpreter with the package `wsq`.
///
/// # Errors
/// A folder that cannot be written, or a peer that fails half-way.
pub fn measure(prints: u64, python: Option<&Path>) -> Outcome<Prints> {
    let mut drawn = Vec::new();
    for seed in 0..prints {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let finger = Finger::grow(&mut rng, if seed % 2 == 0 { Hand::Right } else { Hand::Left });
        drawn.push(finger.press(&mut rng, &Conditions::FIELD)?.image);
    }
    let ours = drawn.iter().map(own).collect::<Outcome<Vec<Run>>>()?;
    let pixels = drawn.first().map_or(0, |image| image.samples().len() as u64);
    let mut all = Prints {
        count: prints,
        ours: codec("bitaqa", &ours, pixels),
        peer: None,
        size_difference_percent: None,
        psnr_difference: None,
        read_alike: None,
    };
    if let Some(python) = python {
        let folder = tempfile::tempdir()?;
        let theirs = peer(python, folder.path(), &drawn, &ours)?;
        all.read_alike = Some(read_alike(folder.path(), &ours, &theirs)?);
        let pairs = || ours.iter().zip(&theirs);
        let size = |run: &Run| as_f64(run.file.len() as u64);
        let apart = pairs().map(|(ours, theirs)| (size(ours) / size(theirs) - 1.0).abs() * 100.0);
        all.size_difference_percent = Some(apart.fold(0.0, f64::max));
        all.psnr_difference = Some(pairs().map(|(ours, theirs)| (ours.psnr - theirs.psnr).abs()).fold(0.0, f64::max));
        all.peer = Some(codec("Python wsq (NBIS)", &theirs, pixels));
    }
    Ok(all)
}

fn codec(name: &str, runs: &[Run], pixels: u64) -> Codec {
    let of = |value: fn(&Run) -> f64| median(runs.iter().map(value).collect());
    let (encode, decode) = (of(|run| run.encode), of(|run| run.decode));
    let sum: f64 = runs.iter().map(|run| run.psnr).sum();
    Codec {
        name: name.to_owned(),
        encode_milliseconds: encode * 1.0e3,
        decode_milliseconds: decode * 1.0e3,
        encode_megapixels: as_f64(pixels) / encode / 1.0e6,
        decode_megapixels: as_f64(pixels) / decode / 1.0e6,
        octets: runs.iter().map(|run| run.file.len() as u64).sum(),
        psnr: sum / as_f64(runs.len() as u64),
    }
}

/// Seconds of the middle turn, and what the last one gave.
fn timed<T>(mut turn: impl FnMut() -> Outcome<T>) -> Outcome<(f64, T)> {
    let mut seconds = Vec::new();
    loop {
        let start = Instant::now();
        let result = turn()?;
        seconds.push(start.elapsed().as_secs_f64());
        if seconds.len() >= TURNS {
            return Ok((median(seconds), result));
        }
    }
}

fn own(image: &Grey) -> Outcome<Run> {
    let (encode, file) = timed(|| Ok(encode(image, print_file::RESOLUTION, BIT_RATE)?))?;
    let (decode, back) = timed(|| Ok(decode(&file)?.image))?;
    Ok(Run { encode, decode, file, psnr: psnr(image, &back) })
}

fn psnr(image: &Grey, other: &Grey) -> f64 {
    let squares: u64 = image.samples().iter().zip(other.samples()).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum();
    10.0 * (255.0 * 255.0 * as_f64(image.samples().len() as u64) / as_f64(squares.max(1))).log10()
}

fn peer(python: &Path, folder: &Path, drawn: &[Grey], ours: &[Run]) -> Outcome<Vec<Run>> {
    for (number, (image, run)) in drawn.iter().zip(ours).enumerate() {
        std::fs::write(folder.join(format!("{number}.pgm")), print_file::write(image, PrintFormat::Pgm)?)?;
        std::fs::write(folder.join(format!("{number}.ours.wsq")), &run.file)?;
    }
    let program = Command::new(python).args(["-c", PEER]).arg(folder).arg(drawn.len().to_string()).output()?;
    if !program.status.success() {
        return Err(format!("the peer failed: {}", String::from_utf8_lossy(&program.stderr)).into());
    }
    let said: Vec<Said> = serde_json::from_slice(&program.stdout)?;
    let run = |(number, (image, said)): (usize, (&Grey, &Said))| -> Outcome<Run> {
        let file = std::fs::read(folder.join(format!("{number}.theirs.wsq")))?;
        let samples = std::fs::read(folder.join(format!("{number}.theirs.raw")))?;
        let back = Grey::new(image.width(), image.height(), samples)?;
        Ok(Run { encode: said.encode_seconds, decode: said.decode_seconds, file, psnr: psnr(image, &back) })
    };
    drawn.iter().zip(&said).enumerate().map(run).collect()
}

/// How many files both codecs read to the same samples.
fn read_alike(folder: &Path, ours: &[Run], theirs: &[Run]) -> Outcome<u64> {
    let mut alike = 0;
    for (number, (our, their)) in ours.iter().zip(theirs).enumerate() {
        for (file, name) in [(&our.file, "ours"), (&their.file, "theirs")] {
            let samples = std::fs::read(folder.join(format!("{number}.{name}.raw")))?;
            alike += u64::from(decode(file)?.image.samples() == samples);
        }
    }
    Ok(alike)
}
