//! `--profile P`: the name of a built-in profile, or a file.

use std::path::Path;

use bitaqa_profile::{BUILTIN, Profile, ProfileError};

use crate::exit::{Failure, Problem};

/// Reads and checks a profile.
///
/// # Errors
/// Bad input, with each problem of the file.
pub fn load(name: &str) -> Result<Profile, Failure> {
    if BUILTIN.iter().any(|(builtin, _)| *builtin == name) {
        return Profile::builtin(name).map_err(|error| problems(&error));
    }
    let path = Path::new(name);
    let text = std::fs::read_to_string(path).map_err(|error| {
        let builtin: Vec<&str> = BUILTIN.iter().map(|(name, _)| *name).collect();
        Failure::input(path, error, format!("give a readable file or a built-in profile: {}", builtin.join(", ")))
    })?;
    Profile::parse(&text, name).map_err(|error| problems(&error))
}

fn problems(error: &ProfileError) -> Failure {
    let problems = error.problems.iter().map(|problem| Problem {
        file: error.file.clone(),
        field: problem.place.clone(),
        what: problem.what.clone(),
        remedy: problem.remedy.clone(),
    });
    Failure::problems(problems.collect())
}
