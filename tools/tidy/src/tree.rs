//! The files of the repository, read once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Finding, Manifest, Source, manifest};

/// All text files of the repository that are under version control or would be.
pub struct Tree {
    /// Folder that holds the workspace's Cargo.toml.
    pub root: PathBuf,
    /// Path from the root, and content; binary files are left out.
    pub files: Vec<(String, String)>,
}

impl Tree {
    /// Reads the repository in which this crate lies.
    pub fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root = root.canonicalize().unwrap_or(root);
        let mut paths = listed_by_git(&root).unwrap_or_else(|| walked(&root));
        paths.sort();
        paths.dedup();
        let read = |path: String| fs::read_to_string(root.join(&path)).ok().map(|text| (path, text));
        let files = paths.into_iter().filter_map(read).collect();
        Self { root, files }
    }

    /// The content of one file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|(name, _)| name == path).map(|(_, text)| text.as_str())
    }

    /// Files below `folder/` whose name ends in `ending`.
    pub fn under<'a>(&'a self, folder: &'a str, ending: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let inside = move |path: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let wanted = move |(path, _): &&(String, String)| inside(path) && path.ends_with(ending);
        self.files.iter().filter(wanted).map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Every Rust file of `crates/` and `tools/`, with tests marked as such.
    pub fn sources(&self) -> Vec<Source> {
        let files = self.under("crates", ".rs").chain(self.under("tools", ".rs"));
        let mut sources: Vec<Source> = files.map(|(path, text)| Source::new(path, text)).collect();
        mark_tests(&mut sources);
        sources
    }

    /// The manifest of every room.
    ///
    /// # Errors
    /// The finding of the first manifest that is no TOML or has no package name.
    pub fn rooms(&self) -> Result<Vec<Manifest>, Finding> {
        let manifests = self.under("crates", "/Cargo.toml").filter(|(path, _)| path.split('/').count() == 3);
        manifests.map(|(path, text)| Manifest::parse(path, text)).collect()
    }

    /// The manifest of every member of the workspace.
    ///
    /// # Errors
    /// As [`Tree::rooms`].
    pub fn members(&self) -> Result<Vec<Manifest>, Finding> {
        let globs = manifest::workspace_members(self.text("Cargo.toml").unwrap_or_default());
        let is_member = |folder: &str| {
            let parent = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
            globs.iter().any(|glob| glob == folder || glob.strip_suffix("/*") == Some(parent))
        };
        let manifests =
            self.files.iter().filter_map(|(path, text)| Some((path.strip_suffix("/Cargo.toml")?, path, text)));
        let members = manifests.filter(|(folder, ..)| is_member(folder));
        members.map(|(_, path, text)| Manifest::parse(path, text)).collect()
    }
}

/// Marks files of tests: those in a folder of tests, those that a parent includes as tests, and what lies below these.
fn mark_tests(sources: &mut [Source]) {
    let mut tests: Vec<String> = sources.iter().flat_map(|source| source.test_files().to_vec()).collect();
    let folders: Vec<String> =
        tests.iter().map(|path| format!("{}/", path.trim_end_matches("/mod.rs").trim_end_matches(".rs"))).collect();
    tests.sort();
    for source in sources {
        let by_place = ["/tests/", "/benches/", "/examples/"].iter().any(|folder| source.path.contains(folder));
        let by_parent = tests.binary_search(&source.path).is_ok() || folders.iter().any(|f| source.path.starts_with(f));
        if by_place || by_parent {
            source.set_test();
        }
    }
}

/// What git tracks or would track; `None` where there is no git or no repository (an unpacked archive).
fn listed_by_git(root: &Path) -> Option<Vec<String>> {
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
    let list = output.status.success().then_some(output.stdout)?;
    let paths: Vec<String> =
        list.split(|octet| *octet == 0).filter_map(|path| String::from_utf8(path.to_vec()).ok()).collect();
    // a repository around an unpacked archive lists nothing of it
    paths.iter().any(|path| path == "Cargo.toml").then_some(paths)
}

fn walked(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() {
                if name != "target" && name != ".git" {
                    folders.push(path);
                }
            } else if let Some(path) = path.strip_prefix(root).ok().and_then(Path::to_str) {
                found.push(path.replace('\\', "/"));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walk_and_git_agree_on_the_root_manifest() {
        let tree = Tree::read();
        assert!(tree.text("Cargo.toml").is_some_and(|text| text.contains("[workspace]")));
        assert!(walked(&tree.root).iter().any(|path| path == "tools/tidy/src/tree.rs"));
        assert!(!walked(&tree.root).iter().any(|path| path.starts_with("target/")));
    }

    #[test]
    fn a_file_included_as_tests_is_tests() {
        let parent = Source::new("crates/x/src/lib.rs", "mod a;\n#[cfg(test)]\nmod checks;\n");
        let paths =
            ["crates/x/src/a.rs", "crates/x/src/checks.rs", "crates/x/src/checks/deep.rs", "crates/x/tests/t.rs"];
        let mut sources = vec![parent];
        sources.extend(paths.map(|path| Source::new(path, "fn f() {}\n")));
        mark_tests(&mut sources);
        let found: Vec<bool> = sources.iter().map(|source| source.is_test(1)).collect();
        assert_eq!(found, [false, false, true, true, true]);
    }
}
