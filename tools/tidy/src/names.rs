//! Names of files and modules under which mud collects.

use crate::{Finding, Source};

/// Names that say nothing about what belongs in and what does not.
pub const BANNED: &[&str] = &["utils", "util", "helpers", "common", "misc", "types", "manager"];

/// Findings for one path (its folders too) and for the modules that the file declares.
pub fn check(source: &Source) -> Vec<Finding> {
    let find = |line, name: &str| {
        Finding::new(&source.path, line, "name", format!("`{name}` names no thing: call it after what is in it"))
    };
    let parts = source.path.split('/').map(|part| part.trim_end_matches(".rs"));
    let path = parts.filter(|part| BANNED.contains(part)).map(|part| find(1, part));
    let modules = source.modules().into_iter().filter(|(_, name)| BANNED.contains(name));
    path.chain(modules.map(|(line, name)| find(line, name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_banned_name_is_found_as_file_folder_and_module() {
        for name in BANNED {
            assert_eq!(check(&Source::new(&format!("crates/x/src/{name}.rs"), "")).len(), 1, "{name}");
            assert_eq!(check(&Source::new(&format!("crates/x/src/{name}/a.rs"), "")).len(), 1, "{name}");
            assert_eq!(check(&Source::new("crates/x/src/a.rs", &format!("pub mod {name} {{}}"))).len(), 1, "{name}");
        }
        let good = "// mod utils;\nmod utilisation; fn f() { let common = 1; }";
        assert_eq!(check(&Source::new("crates/x/src/commoner.rs", good)), []);
    }
}
