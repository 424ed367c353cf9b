//! The manual pages: one for each command, with what a user looks for, in a form that formatters take without a word.

use std::io::Write;
use std::process::{Command, Stdio};

use bitaqa_cli::commands::man::pages;

use super::{prose, support::pcscd};

/// Formatters, by preference, with the arguments that make them tell what they do not like about a page on their input.
const FORMATTERS: [(&str, &[&str]); 2] =
    [("groff", &["-ww", "-man", "-Tutf8", "-z", "-"]), ("mandoc", &["-Tlint", "-W", "warning"])];

/// What a formatter says about a page.
fn complaints(program: &str, arguments: &[&str], page: &str) -> String {
    let mut run = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    run.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = run.wait_with_output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn every_command_has_a_page_with_what_a_user_looks_for() {
    let pages = pages();
    for leaf in prose::leaves() {
        let name = format!("bitaqa-{}.1", leaf.replace(' ', "-"));
        assert!(pages.iter().any(|(page, _)| *page == name), "no {name}");
    }
    for (name, text) in &pages {
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "ENVIRONMENT", "FILES", "SEE ALSO"]
        {
            let heading = [format!(".SH {section}\n"), format!(".SH \"{section}\"\n")];
            assert!(heading.iter().any(|heading| text.contains(heading)), "{name}: no {section}");
        }
        assert!(text.contains("BITAQA_PASSPHRASE") && text.contains("bitaqa 0."), "{name}");
    }
}

#[test]
fn formatters_take_the_pages_without_a_word() {
    let Some((program, arguments)) = FORMATTERS.into_iter().find(|(program, _)| pcscd::has(program)) else { return };
    for (name, text) in pages() {
        assert_eq!(complaints(program, arguments, &text), "", "{name}: {program}");
    }
    // The formatter would have said something.
    assert_ne!(complaints(program, arguments, ".TH X 1\n.SH NAME\nx \\- y\n.no_such_macro\n"), "", "{program}");
}

#[test]
fn pages_are_written_where_they_are_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("share/man1");
    super::support::run(&["man", "--out", out.to_str().unwrap()]).expect_code(0);
    for (name, text) in pages() {
        assert_eq!(std::fs::read_to_string(out.join(&name)).unwrap(), text, "{name}");
    }
    let printed = super::support::run(&["man"]).expect_code(0);
    assert_eq!(printed.stdout.trim_end(), pages()[0].1.trim_end());
}
