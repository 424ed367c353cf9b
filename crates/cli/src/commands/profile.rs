//! `bitaqa profile check|show`.

use serde::Serialize;

use crate::args::Profile;
use crate::exit::Failure;
use crate::output::Output;
use crate::profile_source;

#[derive(Serialize)]
struct Checked {
    profile: String,
    valid: bool,
    files: usize,
    memory_needed_bytes: usize,
    memory_bytes: usize,
}

#[derive(Serialize)]
struct Shown {
    profile: String,
    files: Vec<ShownFile>,
    markdown: String,
}

#[derive(Serialize)]
struct ShownFile {
    name: String,
    fid: String,
    sfi: u8,
    size_max: usize,
    read: String,
    update: &'static str,
    basis: String,
}

/// Runs the command.
///
/// # Errors
/// Bad input, with each problem of the profile.
pub fn run(request: &Profile, output: Output) -> Result<(), Failure> {
    match request {
        Profile::Check { profile } => {
            let profile = profile_source::load(profile)?;
            let checked = Checked {
                valid: true,
                files: profile.files.len(),
                memory_needed_bytes: profile.memory_needed_bytes(),
                memory_bytes: profile.chip.memory_bytes,
                profile: profile.product.name,
            };
            output.result(&checked, || {
                format!(
                    "{}: valid; {} files, {} of {} octets when full",
                    checked.profile, checked.files, checked.memory_needed_bytes, checked.memory_bytes
                )
            })
        }
        Profile::Show { profile } => {
            let profile = profile_source::load(profile)?;
            let files = profile.files.iter().map(|file| ShownFile {
                name: file.name.clone(),
                fid: format!("{:04X}", file.fid),
                sfi: file.sfi,
                size_max: file.size_max,
                read: file.read.to_string(),
                update: "NEVER",
                basis: file.basis.clone(),
            });
            let shown =
                Shown { files: files.collect(), markdown: profile.render(), profile: profile.product.name.clone() };
            output.result(&shown, || shown.markdown.clone())
        }
    }
}
