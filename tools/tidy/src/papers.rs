//! What is not code: README, vectors, crate roots, and traces of the machine that a file was written on.

use toml::{Table, Value};

use crate::Finding;

/// The two commands of the README: one runs the main job, one passes the tests.
pub const COMMANDS: [&str; 2] = ["tools/demo", "tools/test"];

/// The blocks of commands of the README must name the two commands, with any arguments, and no other. What is marked as
/// a transcript or a drawing shows and does not ask.
pub fn check_readme(path: &str, text: &str) -> Vec<Finding> {
    let (mut inside, mut shown, mut named, mut findings) = (false, false, Vec::new(), Vec::new());
    for (line, text) in (1..).zip(text.lines()) {
        let command = text.split_whitespace().next().unwrap_or_default();
        if command.starts_with("```") {
            inside = !inside;
            shown = inside && ["```console", "```text"].contains(&command);
        } else if inside && !shown && COMMANDS.contains(&command) {
            named.push(command.to_owned());
        } else if inside && !shown && !command.is_empty() && !command.starts_with('#') {
            let detail = format!("`{command}`: the README has two commands, the rest belongs to docs/");
            findings.push(Finding::new(path, line, "readme", detail));
        }
    }
    let missing = COMMANDS.iter().filter(|command| !named.iter().any(|name| name == *command));
    findings.extend(missing.map(|command| Finding::new(path, 1, "readme", format!("no code block with `{command}`"))));
    findings
}

/// A vector says where it comes from, which clause it belongs to and which bug it hunts.
pub fn check_vector(path: &str, text: &str) -> Vec<Finding> {
    let table: Table = match text.parse() {
        Ok(table) => table,
        Err(error) => return vec![Finding::new(path, 1, "vector", error.to_string())],
    };
    let given = |key: &str| table.get(key).and_then(Value::as_str).is_some_and(|value| !value.trim().is_empty());
    let missing = ["source", "clause", "purpose"].into_iter().filter(|key| !given(key));
    missing.map(|key| Finding::new(path, 1, "vector", format!("no `{key}` at the top"))).collect()
}

/// The first thing in a crate root is its documentation.
pub fn check_root(path: &str, text: &str) -> Option<Finding> {
    let documented = text.lines().find(|line| !line.trim().is_empty()).is_some_and(|line| line.starts_with("//!"));
    (!documented)
        .then(|| Finding::new(path, 1, "root", "start the crate with `//!`: purpose, standard, what is not here"))
}

/// Absolute paths of one machine, and hosts of package registries, must not get into a text file.
///
/// Patterns are put together here from pieces, else this file would find itself.
pub fn check_machine(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        if path == "Cargo.lock" {
            let source = text.strip_prefix("source = ");
            let foreign = source.filter(|source| source.trim_matches('"') != index());
            findings
                .extend(foreign.map(|source| Finding::new(path, line, "machine", format!("package from {source}"))));
            continue;
        }
        if let Some(place) = machine_path(text) {
            findings.push(Finding::new(path, line, "machine", format!("`{place}` exists on one machine only")));
        }
        for host in foreign_hosts(text) {
            let what = format!("`{host}`: a registry is the builder's choice, and no other host is needed here");
            findings.push(Finding::new(path, line, "machine", what));
        }
    }
    findings
}

/// The only source of packages, as Cargo.lock names it.
fn index() -> String {
    ["registry+https://github.com/rust-lang/", "crates", ".io", "-index"].concat()
}

/// Hosts that a text may name: of a licence, of a schema or a namespace of XML, of the one place that Cargo.lock speaks
/// of. What stands under `example.org` is nobody's.
const HOSTS: [&str; 6] =
    ["www.apache.org", "json-schema.org", "github.com", "ex-ample.org", "www.w3.org", "maven.apache.org"];

/// Words that are names of hosts, but for those of [`HOSTS`]. No registry is named here: a list would never be whole,
/// and would itself be what must not stand in a file.
fn foreign_hosts(line: &str) -> impl Iterator<Item = &str> {
    let words = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-'));
    words.map(|word| word.trim_matches(['.', '-'])).filter(|word| {
        let is_host = word.rsplit_once('.').is_some_and(|(_, last)| ["org", "net", "com", "io"].contains(&last));
        // `self.io` is a field of Rust.
        is_host && !word.starts_with("self.") && !word.ends_with("example.org") && !HOSTS.contains(word)
    })
}

/// A path that starts at the root of the file system and leads into somebody's folder.
fn machine_path(line: &str) -> Option<String> {
    // name of the folder; whether a file must follow (`/home` alone may be a page of a web site)
    let roots = [("work", false), ("root", false), ("tmp", false), ("home", true), ("Users", true)];
    for (name, file_follows) in roots {
        let place = ["/", name].concat();
        for (at, _) in line.match_indices(&place) {
            let before = line.get(..at).and_then(|text| text.chars().next_back());
            let after = line.get(at + place.len()..).and_then(|text| text.chars().next());
            let starts = !before.is_some_and(|c| c.is_alphanumeric() || "._-/*}<>~$".contains(c));
            let ends =
                if file_follows { after == Some('/') } else { !after.is_some_and(|c| c.is_alphanumeric() || c == '-') };
            if starts && ends {
                return Some(place);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(findings: &[Finding]) -> Vec<usize> {
        findings.iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn the_readme_has_two_commands() {
        let good =
            "# x\n```sh\n# issues a card\ntools/demo --out DIR\n\ntools/test\n```\nalso `cargo doc` in a sentence\n";
        assert_eq!(check_readme("README.md", good), []);
        assert_eq!(lines(&check_readme("README.md", "```\ntools/demo\ncargo build\n```\n")), [3, 1]);
        let shown = "```console\n$ bitaqa demo\n```\n```sh\ntools/demo\ntools/test\n```\n";
        assert_eq!(check_readme("README.md", shown), []);
    }

    #[test]
    fn a_vector_without_origin_is_found() {
        assert_eq!(check_vector("v.toml", "source = \"a\"\nclause = \"b\"\npurpose = \"c\"\n"), []);
        assert_eq!(check_vector("v.toml", "source = \" \"\nclause = 1\n").len(), 3);
        assert_eq!(check_vector("v.toml", "source = ").len(), 1);
    }

    #[test]
    fn a_root_without_documentation_is_found() {
        assert_eq!(check_root("lib.rs", "\n//! What this is.\n"), None);
        assert!(check_root("lib.rs", "// no\n").is_some());
        assert!(check_root("lib.rs", "").is_some());
    }

    #[test]
    fn machine_paths_are_found_and_relative_ones_pass() {
        for name in ["work", "root", "tmp"] {
            assert_eq!(lines(&check_machine("a.md", &format!("x\nsee `/{name}/a`\n"))), [2], "{name}");
            assert_eq!(lines(&check_machine("a.sh", &format!("cd /{name}\n"))), [1], "{name}");
            assert_eq!(check_machine("a.md", &format!("a/{name}/b ../{name}/c /{name}er $D/{name}/\n")), [], "{name}");
        }
        for name in ["home", "Users"] {
            assert_eq!(lines(&check_machine("a.md", &format!("\"/{name}/me/x\"\n"))), [1], "{name}");
            assert_eq!(check_machine("a.md", &format!("GET /{name}\n")), [], "{name}");
        }
    }

    #[test]
    fn hosts_are_found() {
        // Put together from pieces, else this file would be found itself.
        for (name, domain) in
            [("index.packages", "io"), ("packages", "org"), ("proxy.packages", "net"), ("mirror", "com")]
        {
            let text = format!("index = \"https://{name}.{domain}/\"\n");
            assert_eq!(lines(&check_machine("a.toml", &text)), [1], "{name}");
        }
        let fine = "see https://json-schema.org/x, a@example.org, sub.example.org; self.io(read)\n";
        assert_eq!(check_machine("a.md", fine), []);
        let lock = format!("source = \"{}\"\nsource = \"git+https://example.org/x\"\n", index());
        assert_eq!(lines(&check_machine("Cargo.lock", &lock)), [2]);
    }
}
