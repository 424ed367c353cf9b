//! Inputs that once broke something, kept as vectors: `test-vectors/fuzz/<target>.toml`, each case named after what
//! it broke.

use crate::seeds::repository;

/// One kept input.
pub struct Regression {
    /// Name of the target.
    pub target: String,
    /// What it broke.
    pub broke: String,
    /// The input.
    pub input: Vec<u8>,
}

/// All kept inputs.
///
/// # Errors
/// The file that cannot be read as such.
pub fn all() -> Result<Vec<Regression>, String> {
    let folder = repository().join("test-vectors/fuzz");
    let mut found = Vec::new();
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("test-vectors/fuzz: {error}"))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
        let table: toml::Table = text.parse().map_err(|error| format!("{name}: {error}"))?;
        let cases = table.get("case").and_then(toml::Value::as_array).ok_or_else(|| format!("{name}: no cases"))?;
        for case in cases {
            let field =
                |key: &str| case.get(key).and_then(toml::Value::as_str).ok_or_else(|| format!("{name}: no {key}"));
            let digits: String = field("input")?.split_whitespace().collect();
            let input = hex::decode(digits).map_err(|error| format!("{name}: {error}"))?;
            found.push(Regression { target: name.clone(), broke: field("name")?.to_owned(), input });
        }
    }
    Ok(found)
}
