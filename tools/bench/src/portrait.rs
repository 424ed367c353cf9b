//! (g) A portrait of 413 x 531 at 15,000 octets beside the program `opj_compress` of OpenJPEG, in one run: octets,
//! luma and time. Both files are decoded by the same decoder.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use bitaqa_biometrics::portrait::{Coding, Eyes, Geometry, Point, Source, cut, encode, luma_psnr_db};
use bitaqa_biometrics::raster::Rgb;
use bitaqa_biometrics::synthetic::{Sitter, photo};
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use serde::Serialize;

use crate::line::Outcome;

/// Octets of a chip's portrait.
const OCTETS: usize = 15_000;

/// One portrait by both encoders.
#[derive(Serialize)]
pub struct Compared {
    /// Which portrait.
    portrait: &'static str,
    /// Ours.
    bitaqa: Figures,
    /// OpenJPEG's, asked for the octets that ours has.
    opj_compress: Figures,
    /// Ours as JPEG.
    jpeg: Figures,
}

/// What one encoder did.
#[derive(Serialize)]
pub struct Figures {
    octets: usize,
    luma_psnr_db: f64,
    milliseconds: u128,
    passes: u32,
}

/// A drawn portrait, and the NIST mannequin where the folder of public data is given.
///
/// # Errors
/// No `opj_compress` (Debian's libopenjp2-tools), or a portrait that does not encode.
pub fn measure(data: Option<&Path>) -> Outcome<Vec<Compared>> {
    let photo = photo(&mut ChaCha20Rng::seed_from_u64(7), Sitter::Woman)?;
    let mut all = vec![compare("drawn", &cut(&photo.pixels, Some(photo.eyes), Geometry::CARD)?.pixels)?];
    if let Some(folder) = data {
        let source = Source::read(&std::fs::read(folder.join("face/mannequin-sap10.jpg"))?)?;
        let eyes = Eyes::new(Point { x: 449.0, y: 629.0 }, Point { x: 750.0, y: 629.0 })?;
        all.push(compare("mannequin", &cut(&source.pixels, Some(eyes), Geometry::CARD)?.pixels)?);
    }
    Ok(all)
}

fn compare(portrait: &'static str, pixels: &Rgb) -> Outcome<Compared> {
    let bitaqa = ours(pixels, Coding::Jpeg2000)?;
    let opj_compress = theirs(pixels, bitaqa.octets)?;
    Ok(Compared { portrait, opj_compress, jpeg: ours(pixels, Coding::Jpeg)?, bitaqa })
}

fn ours(pixels: &Rgb, coding: Coding) -> Outcome<Figures> {
    let begin = Instant::now();
    let made = encode(pixels, coding, OCTETS)?;
    let milliseconds = begin.elapsed().as_millis();
    Ok(Figures { octets: made.octets.len(), luma_psnr_db: made.luma_psnr_db, milliseconds, passes: made.passes })
}

/// One run at the rate of a number of octets; it has a comment in its header that ours has not.
fn theirs(pixels: &Rgb, octets: usize) -> Outcome<Figures> {
    let folder = tempfile::tempdir()?;
    let (picture, file) = (folder.path().join("in.ppm"), folder.path().join("out.jp2"));
    // its reader wants each part of the head on a line of its own
    let head = format!("P6\n{} {}\n255\n", pixels.width(), pixels.height());
    std::fs::write(&picture, [head.as_bytes(), pixels.samples()].concat())?;
    let raw = u32::try_from(pixels.samples().len())?;
    let rate = f64::from(raw) / f64::from(u32::try_from(octets)?);
    let begin = Instant::now();
    let run = Command::new("opj_compress")
        .args(["-I", "-mct", "1", "-r", &rate.to_string(), "-i"])
        .arg(&picture)
        .arg("-o")
        .arg(&file)
        .output()?;
    let milliseconds = begin.elapsed().as_millis();
    if !run.status.success() {
        return Err(format!("opj_compress: {}", String::from_utf8_lossy(&run.stderr)).into());
    }
    let made = std::fs::read(&file)?;
    let luma_psnr_db = luma_psnr_db(&Source::read(&made)?.pixels, pixels)?;
    Ok(Figures { octets: made.len(), luma_psnr_db, milliseconds, passes: 1 })
}
