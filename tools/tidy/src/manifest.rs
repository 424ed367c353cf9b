//! Cargo.toml as the rules see it: package, lints, version, and dependencies by their real names.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::Finding;

/// The one member with lints of its own: it wraps a library that is reached by raw pointers only.
pub const OWN_LINTS: &str = "bitaqa-jpeg2000";

/// The manifest of one member of the workspace.
pub struct Manifest {
    /// Path from the root of the repository.
    pub path: String,
    /// `bitaqa-card`.
    pub package: String,
    text: String,
    table: Table,
}

/// A dependency that ends up in the built crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// Name of the package, whatever name it is used under.
    pub package: String,
    /// Line of the manifest, counted from 1.
    pub line: usize,
}

impl Manifest {
    /// Reads one manifest.
    ///
    /// # Errors
    /// A finding for text that is no TOML, or that names no package.
    pub fn parse(path: &str, text: &str) -> Result<Self, Finding> {
        let table: Table =
            text.parse().map_err(|e: toml::de::Error| Finding::new(path, 1, "manifest", e.to_string()))?;
        let package = table.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
        let package = package.ok_or_else(|| Finding::new(path, 1, "manifest", "no package.name"))?.to_owned();
        Ok(Self { path: path.to_owned(), package, text: text.to_owned(), table })
    }

    /// `card` for `bitaqa-card`.
    pub fn room(&self) -> &str {
        self.package.strip_prefix("bitaqa-").unwrap_or(&self.package)
    }

    /// All dependencies but those for tests: normal and build ones, also those under `[target.…]`.
    ///
    /// `renamed` maps names of `[workspace.dependencies]` to the packages behind them, see [`renamed`].
    pub fn dependencies(&self, renamed: &BTreeMap<String, String>) -> Vec<Dependency> {
        let targets =
            self.table.get("target").and_then(Value::as_table).into_iter().flat_map(|targets| targets.values());
        let holders = core::iter::once(&self.table).chain(targets.filter_map(Value::as_table));
        let sections = holders.flat_map(|holder| ["dependencies", "build-dependencies"].map(|name| holder.get(name)));
        let entries = sections.flatten().filter_map(Value::as_table).flatten();
        entries
            .map(|(name, value)| {
                let here = value.get("package").and_then(Value::as_str);
                let package = here.or_else(|| renamed.get(name).map(String::as_str)).unwrap_or(name);
                Dependency { package: package.to_owned(), line: self.line_of(name) }
            })
            .collect()
    }

    /// Every member takes lints and version from the workspace, so that no room relaxes a rule for itself. The one
    /// member of [`OWN_LINTS`] repeats them: see [`Self::repeats`].
    pub fn inherits(&self) -> Vec<Finding> {
        let from_workspace = |value: Option<&Value>| {
            value.and_then(|value| value.get("workspace")).and_then(Value::as_bool).unwrap_or(false)
        };
        let version = self.table.get("package").and_then(|package| package.get("version"));
        let rules = [
            (self.table.get("lints"), "lints", "write `[lints]` with `workspace = true`"),
            (version, "version", "write `version.workspace = true`"),
        ];
        rules
            .iter()
            .filter(|(value, ..)| !from_workspace(*value))
            .filter(|(_, name, _)| *name != "lints" || self.package != OWN_LINTS)
            .map(|(_, name, advice)| Finding::new(&self.path, self.line_of(name), "manifest", *advice))
            .collect()
    }

    /// For the member of [`OWN_LINTS`]: its lints are the workspace's, but for `unsafe_code`, which is denied and not
    /// forbidden, so that one file may lift it with a reason.
    pub fn repeats(&self, root: &str) -> Vec<Finding> {
        if self.package != OWN_LINTS {
            return Vec::new();
        }
        let root: Table = root.parse().unwrap_or_default();
        let mut wanted = root.get("workspace").and_then(|workspace| workspace.get("lints")).cloned();
        if let Some(unsafe_code) = wanted.as_mut().and_then(|lints| lints.get_mut("rust")?.get_mut("unsafe_code")) {
            *unsafe_code = Value::String("deny".to_owned());
        }
        let advice = "lints differ from the workspace's in more than unsafe_code = \"deny\"";
        let finding = Finding::new(&self.path, self.line_of("lints"), "manifest", advice.to_owned());
        if self.table.get("lints") == wanted.as_ref() { Vec::new() } else { vec![finding] }
    }

    /// First line that starts with the key, 1 if none does.
    fn line_of(&self, key: &str) -> usize {
        let starts = |line: &str| {
            let line = line.trim_start_matches(['[', '"']);
            line.strip_prefix(key)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || "-_".contains(c)))
        };
        self.text.lines().position(starts).map_or(1, |index| index + 1)
    }
}

/// Names of `[workspace.dependencies]` that stand for a package of another name.
///
/// # Errors
/// A finding for a root manifest that is no TOML.
pub fn renamed(path: &str, root: &str) -> Result<BTreeMap<String, String>, Finding> {
    let table: Table = root.parse().map_err(|e: toml::de::Error| Finding::new(path, 1, "manifest", e.to_string()))?;
    let shared = table.get("workspace").and_then(|workspace| workspace.get("dependencies")).and_then(Value::as_table);
    let entries = shared.into_iter().flatten();
    let package = |value: &Value| value.get("package").and_then(Value::as_str).map(str::to_owned);
    Ok(entries.filter_map(|(name, value)| Some((name.clone(), package(value)?))).collect())
}

/// Folders of the workspace's members as the root manifest lists them, some ending in `/*`.
pub fn workspace_members(root: &str) -> Vec<String> {
    let table: Table = root.parse().unwrap_or_default();
    let members = table.get("workspace").and_then(|workspace| workspace.get("members")).and_then(Value::as_array);
    members.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The one version of the workspace, `""` where the root manifest gives none.
pub fn workspace_version(root: &str) -> String {
    let table: Table = root.parse().unwrap_or_default();
    let package = table.get("workspace").and_then(|workspace| workspace.get("package"));
    package.and_then(|package| package.get("version")).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_found_under_any_name_and_target() {
        let text = "[package]\nname = \"bitaqa-card\"\n\n[dependencies]\nhex = \"1\"\nsql.workspace = true\n\
                    other = { package = \"bitaqa-cli\", path = \"../cli\" }\n[dev-dependencies]\npng = \"1\"\n\
                    [build-dependencies]\ncc = \"1\"\n[target.'cfg(unix)'.dependencies]\npcsc = \"2\"\n";
        let manifest = Manifest::parse("crates/card/Cargo.toml", text).unwrap();
        let root = "[workspace.dependencies]\nsql = { package = \"rusqlite\", version = \"1\" }\nhex = \"1\"\n";
        let found = manifest.dependencies(&renamed("Cargo.toml", root).unwrap());
        let mut found: Vec<_> = found.into_iter().map(|d| (d.line, d.package)).collect();
        found.sort();
        let expected = [(5, "hex"), (6, "rusqlite"), (7, "bitaqa-cli"), (11, "cc"), (13, "pcsc")];
        assert_eq!(found, expected.map(|(line, name)| (line, name.to_owned())));
        assert_eq!(manifest.room(), "card");
    }

    #[test]
    fn a_member_that_sets_its_own_lints_or_version_is_found() {
        let good = "[package]\nname = \"x\"\nversion.workspace = true\n[lints]\nworkspace = true\n";
        assert_eq!(Manifest::parse("Cargo.toml", good).unwrap().inherits(), []);
        let bad = "[package]\nname = \"x\"\nversion = \"9.0.0\"\n[lints.clippy]\nall = \"allow\"\n";
        let lines: Vec<usize> = Manifest::parse("Cargo.toml", bad).unwrap().inherits().iter().map(|f| f.line).collect();
        assert_eq!(lines, [4, 3]);
    }

    #[test]
    fn the_member_with_its_own_lints_has_the_workspaces_but_for_one() {
        let root = "[workspace.lints.rust]\nunsafe_code = \"forbid\"\nmissing_docs = \"warn\"\n";
        let own = |unsafe_code: &str, package: &str| {
            let lints = format!("[lints.rust]\nunsafe_code = \"{unsafe_code}\"\nmissing_docs = \"warn\"\n");
            let text = format!("[package]\nname = \"{package}\"\nversion.workspace = true\n{lints}");
            Manifest::parse("Cargo.toml", &text).unwrap()
        };
        let member = own("deny", OWN_LINTS);
        assert_eq!((member.inherits(), member.repeats(root)), (vec![], vec![]));
        assert_eq!(own("allow", OWN_LINTS).repeats(root).len(), 1);
        assert_eq!(own("deny", "bitaqa-card").inherits().len(), 1);
    }

    #[test]
    fn the_root_manifest_gives_version_and_members() {
        let root = "[workspace]\nmembers = [\"crates/*\", \"tools/tidy\"]\n[workspace.package]\nversion = \"0.1.0\"\n";
        assert_eq!(workspace_members(root), ["crates/*", "tools/tidy"]);
        assert_eq!(workspace_version(root), "0.1.0");
        assert_eq!(workspace_version("[workspace]\n"), "");
    }

    #[test]
    fn a_broken_manifest_is_a_finding() {
        assert!(Manifest::parse("Cargo.toml", "[package").is_err());
        assert!(Manifest::parse("Cargo.toml", "[dependencies]\n").is_err());
    }
}
