//! Against files and answers of other people. They are not part of the repository: each test that misses its files says
//! so on standard error and passes.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "what fails here fails the test; counts of samples are small"
)]

use std::io::Write as _;
use std::path::PathBuf;

mod afis;
mod portrait;
mod wsq;

/// A file of the folder of shared data: `BITAQA_DATA`, or `shared/data` beside the workspace.
fn shared(path: &str) -> Option<Vec<u8>> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let folder = std::env::var_os("BITAQA_DATA").map_or_else(beside, PathBuf::from);
    let content = std::fs::read(folder.join(path)).ok();
    if content.is_none() {
        // past the capture of the test harness, so that nobody takes a skipped test for one that passed
        let _ = writeln!(std::io::stderr(), "SKIPPED: no {path} in the shared data; set BITAQA_DATA to their folder");
    }
    content
}
