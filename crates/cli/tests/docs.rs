//! The pages hold: every command on them runs and prints what they show, every command and option that they name
//! exists, every command of the program is on a page, links lead somewhere.

// The whole file is a test: its helpers may fail as loudly as its tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod json_page;
mod manual;
mod markdown;
mod play;
mod profile;
mod prose;

use crate::support;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

use markdown::{Page, root};
use play::Played;

/// Pages that a program writes; those who write them test them.
const GENERATED: [&str; 3] = ["docs/standards.md", "docs/interop.md", "docs/performance.md"];

/// Folders of a checkout that commands on the pages reach for; a page has them as copies.
const COPIED: [&str; 1] = ["card-profiles"];

/// Fewer commands than this would mean that the reader of pages has lost some.
const COMMANDS_MIN: usize = 40;

/// README, the pages of docs/, and the profiles' page.
fn pages() -> Vec<Page> {
    let folder = std::fs::read_dir(root().join("docs")).unwrap();
    let names = folder.map(|entry| format!("docs/{}", entry.unwrap().file_name().to_str().unwrap()));
    let mut names: Vec<String> =
        names.filter(|name| Path::new(name).extension().is_some_and(|end| end == "md")).collect();
    names.extend(["README.md", "card-profiles/README.md"].map(str::to_owned));
    names.retain(|name| !GENERATED.contains(&name.as_str()));
    names.sort();
    names.iter().map(|name| Page::read(name)).collect()
}

/// Pages whose links alone are checked: they show no commands to users, or a program writes them.
fn records() -> Vec<Page> {
    let folder = std::fs::read_dir(root().join("docs/decisions")).unwrap();
    let names = folder.map(|entry| format!("docs/decisions/{}", entry.unwrap().file_name().to_str().unwrap()));
    let written = GENERATED.map(str::to_owned).into_iter().filter(|name| root().join(name).exists());
    names.chain(written).map(|name| Page::read(&name)).collect()
}

/// A folder as a checkout looks after `tools/demo` has built the program, which is where every page begins.
fn fresh_checkout(folder: &Path) {
    let built = folder.join("target/release");
    std::fs::create_dir_all(&built).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_bitaqa"), built.join("bitaqa")).unwrap();
    for name in COPIED {
        support::write_folder(&folder.join(name), &support::read_folder(&root().join(name)));
    }
    // The script of this name builds the program first, which is done, and does the same.
    std::fs::create_dir(folder.join("tools")).unwrap();
    let demo = folder.join("tools/demo");
    std::fs::write(&demo, "#!/bin/sh\nexec bitaqa demo \"$@\"\n").unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&demo, executable).unwrap();
}

fn play_fresh(page: &Page) -> Played {
    let folder = tempfile::tempdir().unwrap();
    let checkout = folder.path().join("checkout");
    fresh_checkout(&checkout);
    play::play(page, &checkout)
}

/// Runs all pages, two at a time, and adds up.
fn play_all(pages: &[Page]) -> Played {
    let (queue, total) = (Mutex::new(pages.iter()), Mutex::new(Played::default()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(page) = queue.lock().unwrap().next() else { return };
                    let played = play_fresh(page);
                    let mut total = total.lock().unwrap();
                    total.run += played.run;
                    total.left_out.extend(played.left_out);
                    total.faults.extend(played.faults);
                }
            });
        }
    });
    total.into_inner().unwrap()
}

#[test]
fn every_command_on_every_page_runs() {
    let pages = pages();
    let played = play_all(&pages);
    let told = format!("{} commands on {} pages were run", played.run, pages.len());
    // Not `eprintln`: the runner keeps what that writes to itself when a test passes.
    let _ = writeln!(std::io::stderr(), "docs: {told}, {} left out", played.left_out.len());
    for command in &played.left_out {
        let _ = writeln!(std::io::stderr(), "SKIPPED `{command}`");
    }
    assert!(played.faults.is_empty(), "{}", played.faults.join("\n\n"));
    assert!(played.run + played.left_out.len() >= COMMANDS_MIN, "{told}");
}

#[test]
fn a_command_that_fails_or_prints_otherwise_is_found() {
    let faults = |text: &str| play_fresh(&Page::of("page", text)).faults;
    assert_eq!(
        faults("```sh\nbitaqa --version\nx=1\n```\n```console\n$ echo \"$x\"\n1\n$ false\n$ echo $?\n1\n```\n"),
        [""; 0]
    );
    assert_eq!(faults("```sh\nfalse\ntrue\n```\n").len(), 1);
    assert_eq!(faults("```console\n$ bitaqa --version\nbitaqa 9.9.9\n```\n").len(), 1);
    assert_eq!(faults("```console\n$ false\n$ echo $?\n2\n```\n").len(), 1);
    assert_eq!(faults("```console\n$ echo more\n```\n").len(), 1);
    assert_eq!(faults("```sh\nexit 0\ntrue\n```\n").len(), 1);
}

#[test]
fn the_prose_names_what_is_there() {
    let changelog = Page::read("CHANGELOG.md");
    let pages = pages();
    let faults = pages.iter().chain([&changelog]).flat_map(|page| {
        let mut faults = prose::check_spans(page).0;
        faults.extend(prose::check_links(page));
        faults.extend(prose::check_tests(page));
        faults.extend(prose::check_data(page));
        faults
    });
    let faults: Vec<String> = faults.chain(records().iter().flat_map(prose::check_links)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_command_is_on_a_page() {
    let mut named: BTreeSet<String> = BTreeSet::new();
    for page in pages() {
        named.extend(prose::check_spans(&page).1);
        let steps = page.fences.iter().flat_map(|fence| &fence.lines);
        let calls = steps.filter_map(|line| line.split_once("bitaqa ")).map(|(_, words)| words.to_owned());
        let calls: Vec<String> = calls.collect();
        named.extend(
            prose::leaves().into_iter().filter(|leaf| calls.iter().any(|call| call.starts_with(leaf.as_str()))),
        );
    }
    let missing: Vec<String> = prose::leaves().difference(&named).cloned().collect();
    assert!(missing.is_empty(), "no page tells of {}", missing.join(", "));
}
