//! The rules of the house, run over this repository.

use std::collections::BTreeSet;

use bitaqa_tidy::arrows::{PAGE, Table};
use bitaqa_tidy::citations::{self, Citations, Editions};
use bitaqa_tidy::{Finding, Tree, calls, density, manifest, marks, names, papers, sizes, third_party};

/// Fails with every finding, one a line.
fn hold(findings: impl IntoIterator<Item = Finding>) {
    let mut findings: Vec<Finding> = findings.into_iter().collect();
    findings.sort();
    let list: Vec<String> = findings.iter().map(Finding::to_string).collect();
    assert!(list.is_empty(), "{} broken rules\n{}\n", list.len(), list.join("\n"));
}

#[test]
fn arrows_between_rooms_are_those_of_the_table() {
    let tree = Tree::read();
    let table = Table::parse(tree.text(PAGE).unwrap_or_default());
    let rooms = tree.rooms().unwrap();
    let renamed = manifest::renamed("Cargo.toml", tree.text("Cargo.toml").unwrap()).unwrap();
    let mut findings = table.check();
    findings.extend(table.check_rooms_exist(&rooms.iter().map(bitaqa_tidy::Manifest::room).collect::<BTreeSet<_>>()));
    findings.extend(rooms.iter().flat_map(|room| table.check_room(room, &renamed)));
    hold(findings);
}

#[test]
fn foreign_packages_stay_in_their_rooms() {
    let tree = Tree::read();
    let renamed = manifest::renamed("Cargo.toml", tree.text("Cargo.toml").unwrap()).unwrap();
    hold(tree.rooms().unwrap().iter().flat_map(|room| third_party::check(room, &renamed)));
}

#[test]
fn functions_files_and_lines_are_short() {
    hold(Tree::read().sources().iter().flat_map(sizes::check));
}

#[test]
fn names_say_what_is_in_them() {
    hold(Tree::read().sources().iter().flat_map(names::check));
}

#[test]
fn below_the_command_line_nothing_prints_or_has_a_clock_or_chance() {
    let sources = Tree::read().sources();
    let below =
        |path: &str| !path.starts_with("crates/cli/") && (path.starts_with("crates/") || path.contains("/tidy/"));
    hold(sources.iter().filter(|source| below(&source.path)).flat_map(calls::check));
}

#[test]
fn nothing_is_left_unfinished() {
    let tree = Tree::read();
    let scripts =
        tree.files.iter().filter(|(_, text)| text.starts_with("#!")).map(|(path, text)| (path.as_str(), text.as_str()));
    let data =
        ["crates", "tools", "card-profiles", "test-vectors"].into_iter().flat_map(|folder| tree.under(folder, ".toml"));
    let texts = scripts.chain(data).flat_map(|(path, text)| marks::check_text(path, text));
    hold(tree.sources().iter().flat_map(marks::check).chain(texts));
}

#[test]
fn every_member_takes_lints_and_version_from_the_workspace() {
    let tree = Tree::read();
    assert_eq!(manifest::workspace_version(tree.text("Cargo.toml").unwrap()), "0.1.0", "Cargo.toml: workspace version");
    let members = tree.members().unwrap();
    assert!(members.len() > 10, "{} members found", members.len());
    hold(members.iter().flat_map(bitaqa_tidy::Manifest::inherits));
    let root = tree.text("Cargo.toml").unwrap();
    hold(members.iter().flat_map(|member| member.repeats(root)));
}

#[test]
fn every_crate_root_is_documented() {
    let tree = Tree::read();
    let is_root = |path: &str| ["/src/lib.rs", "/src/main.rs"].iter().any(|end| path.ends_with(end));
    let files = tree.under("crates", ".rs").chain(tree.under("tools", ".rs"));
    hold(files.filter(|(path, _)| is_root(path)).filter_map(|(path, text)| papers::check_root(path, text)));
}

#[test]
fn the_readme_names_the_two_commands() {
    let tree = Tree::read();
    hold(papers::check_readme("README.md", tree.text("README.md").unwrap_or_default()));
    for script in papers::COMMANDS.iter().chain(&[".ci/run"]) {
        assert!(tree.text(script).is_some_and(|text| text.starts_with("#!")), "{script}:1: no script");
        assert!(is_executable(&tree.root.join(script)), "{script}:1: not executable");
    }
}

#[cfg(unix)]
fn is_executable(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|data| data.permissions().mode() & 0o111 == 0o111)
}

#[cfg(not(unix))]
fn is_executable(path: &std::path::Path) -> bool {
    path.is_file()
}

#[test]
fn every_vector_says_where_it_comes_from() {
    let tree = Tree::read();
    hold(tree.under("test-vectors", ".toml").flat_map(|(path, text)| papers::check_vector(path, text)));
}

/// `UPDATE_EXPECT=1 cargo test -p bitaqa-tidy` writes the page anew; what it then says is reviewed with the change.
#[test]
fn the_page_of_standards_lists_what_the_code_cites() {
    let tree = Tree::read();
    let page = tree.text(citations::PAGE).unwrap_or_default();
    let editions = Editions::parse(page);
    let (mut cited, mut findings) = (Citations::default(), Vec::new());
    for source in tree.sources().iter().filter(|source| source.path.starts_with("crates/")) {
        findings.extend(cited.add(source, &editions));
    }
    let vectors = citations::vectors(tree.under("test-vectors", ".toml"));
    let filled = citations::fill(page, "clauses", &cited.table(&editions));
    let filled = filled.and_then(|page| citations::fill(&page, "vectors", &vectors)).unwrap();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(tree.root.join(citations::PAGE), filled).unwrap();
    } else if filled != page {
        let first = (1..).zip(filled.lines()).find(|(line, text)| page.lines().nth(line - 1) != Some(*text));
        let (line, text) = first.unwrap_or((1, "shorter"));
        let detail = format!("should be: {text}; run UPDATE_EXPECT=1 cargo test -p bitaqa-tidy");
        findings.push(Finding::new(citations::PAGE, line, "citation", detail));
    }
    hold(findings);
}

#[test]
fn no_file_shows_the_machine_it_was_written_on() {
    let tree = Tree::read();
    hold(tree.files.iter().flat_map(|(path, text)| papers::check_machine(path, text)));
}

#[test]
fn rooms_are_commented() {
    let shares = density::count(&Tree::read().sources());
    for (folder, share) in &shares {
        println!("{folder:26} {:6} lines {:3} % comment", share.lines, share.per_cent());
    }
    hold(density::check(&shares));
}
