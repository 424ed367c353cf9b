//! What the pages say beside their blocks: names of commands and options, links, and the commands of pipelines.

use std::collections::BTreeSet;

use bitaqa_cli::args::Cli;
use clap::{Command, CommandFactory};

use super::markdown::{Kind, Page, root};

/// Options that belong to programs of others, where the prose names them without their program.
const FOREIGN_OPTIONS: [&str; 0] = [];

fn program() -> Command {
    let mut command = Cli::command();
    command.build();
    command
}

/// Commands that do something, by their words: `card list`.
pub fn leaves() -> BTreeSet<String> {
    fn walk(command: &Command, words: &str, leaves: &mut BTreeSet<String>) {
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            let words = format!("{words} {}", sub.get_name());
            if sub.has_subcommands() {
                walk(sub, &words, leaves);
            } else {
                leaves.insert(words.trim_start().to_owned());
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(&program(), "", &mut found);
    found
}

/// Every long option of every command.
fn options() -> BTreeSet<String> {
    fn walk(command: &Command, options: &mut BTreeSet<String>) {
        options.extend(command.get_arguments().filter_map(|argument| argument.get_long()).map(ToOwned::to_owned));
        command.get_subcommands().for_each(|sub| walk(sub, options));
    }
    let mut found = BTreeSet::new();
    walk(&program(), &mut found);
    found
}

fn long_options(words: &[&str]) -> Vec<String> {
    let begun = words.iter().filter_map(|word| word.strip_prefix("--"));
    let names = begun.filter_map(|rest| rest.split(['=', ']', ',', '|']).next());
    names.filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect()
}

/// Commands by their words.
type Commands = Vec<(String, Command)>;

/// Follows words to the command that they name; `a|b` names several. Gives the commands, and the words that are left.
fn follow<'a>(from: &Command, words: &'a [&'a str]) -> Result<(Commands, &'a [&'a str]), String> {
    let (mut at, mut rest) = (vec![(String::new(), from.clone())], words);
    while let [word, more @ ..] = rest {
        if at.iter().any(|(_, command)| !command.has_subcommands()) || word.starts_with('-') || *word == ".." {
            break;
        }
        let mut next = Vec::new();
        for (path, command) in &at {
            for name in word.split('|') {
                let sub = command.find_subcommand(name).ok_or_else(|| format!("no command `{path} {name}`"))?;
                next.push((format!("{path} {name}").trim_start().to_owned(), sub.clone()));
            }
        }
        (at, rest) = (next, more);
    }
    Ok((at, rest))
}

/// What is wrong with the code spans of a page, and which commands they name.
pub fn check_spans(page: &Page) -> (Vec<String>, BTreeSet<String>) {
    let (program, options) = (program(), options());
    let (mut faults, mut named) = (Vec::new(), BTreeSet::new());
    for (line, span) in page.spans() {
        let words: Vec<&str> = span.split_whitespace().collect();
        let place = format!("{}:{line}: `{span}`", page.name);
        let group = words.first().and_then(|word| program.find_subcommand(word));
        let begin = match words.as_slice() {
            ["bitaqa", rest @ ..] => rest,
            // `card list`: a command without its program. One word alone may be anything.
            [_, second, ..] if group.is_some_and(|group| !group.has_subcommands() || is_word(second)) => &words,
            [first, ..] if first.starts_with("--") => {
                let known = |name: &String| options.contains(name) || FOREIGN_OPTIONS.contains(&name.as_str());
                faults.extend(
                    long_options(&words)
                        .iter()
                        .filter(|name| !known(name))
                        .map(|name| format!("{place}: no command has --{name}")),
                );
                continue;
            }
            _ => continue,
        };
        match follow(&program, begin) {
            Err(fault) => faults.push(format!("{place}: {fault}")),
            Ok((commands, rest)) => {
                for (path, command) in commands {
                    let has = |name: &String| command.get_arguments().any(|a| a.get_long() == Some(name));
                    faults.extend(
                        long_options(rest)
                            .iter()
                            .filter(|name| !has(name) && !["help", "version"].contains(&name.as_str()))
                            .map(|name| format!("{place}: `{path}` has no --{name}")),
                    );
                    named.insert(path);
                }
            }
        }
    }
    (faults, named)
}

fn is_word(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c == '|')
}

/// Tests that a page names as `room/path.rs::test` and that are not there.
pub fn check_tests(page: &Page) -> Vec<String> {
    let named = page.spans().into_iter().filter_map(|(line, span)| {
        let (file, test) = span.split_once(".rs::")?;
        Some((line, format!("crates/{file}.rs"), format!("fn {test}(")))
    });
    let gone = |(_, file, test): &(usize, String, String)| {
        !std::fs::read_to_string(root().join(file)).is_ok_and(|text| text.contains(test))
    };
    named.filter(gone).map(|(line, file, test)| format!("{}:{line}: no `{test}` in {file}", page.name)).collect()
}

/// Links that lead nowhere.
pub fn check_links(page: &Page) -> Vec<String> {
    let folder = root().join(&page.name).parent().unwrap().to_owned();
    let mut faults = Vec::new();
    for (line, target) in page.links() {
        if target.contains("://") {
            continue;
        }
        let (path, anchor) = target.split_once('#').map_or((target.as_str(), None), |(path, a)| (path, Some(a)));
        let file = if path.is_empty() { root().join(&page.name) } else { folder.join(path) };
        let Ok(file) = file.canonicalize() else {
            faults.push(format!("{}:{line}: nothing is at {target}", page.name));
            continue;
        };
        if let Some(anchor) = anchor {
            let name = file.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            if !Page::read(&name).anchors().iter().any(|known| known == anchor) {
                faults.push(format!("{}:{line}: {name} has no heading #{anchor}", page.name));
            }
        }
    }
    faults
}

/// Blocks of data that do not parse, files whose names the prose does not tell, and pipelines that run what the page
/// does not show.
pub fn check_data(page: &Page) -> Vec<String> {
    let mut faults = Vec::new();
    let run: Vec<&String> =
        page.fences.iter().filter(|f| matches!(f.kind, Kind::Sh | Kind::Console)).flat_map(|f| &f.lines).collect();
    for fence in &page.fences {
        let (place, text) = (format!("{}:{}", page.name, fence.line), fence.lines.join("\n"));
        if let Some(file) = &fence.file
            && !page.spans().iter().any(|(_, span)| span == file)
        {
            faults.push(format!("{place}: the reader is not told to save this as `{file}`"));
        }
        match fence.kind {
            Kind::Toml => faults.extend(text.parse::<toml::Table>().err().map(|error| format!("{place}: {error}"))),
            Kind::Json => {
                let parsed = serde_json::from_str::<serde_json::Value>(&without_dots(&text));
                faults.extend(parsed.err().map(|error| format!("{place}: {error}")));
            }
            Kind::Yaml => {
                let bare = |line: &str| line.trim().trim_start_matches("- ").trim_start_matches("run: ").to_owned();
                let calls = fence.lines.iter().map(|line| bare(line));
                let calls = calls.filter(|line| line.starts_with("bitaqa ") || line.starts_with("bash "));
                let unknown = calls.filter(|call| !run.iter().any(|line| line.trim_start_matches("$ ") == call));
                faults.extend(unknown.map(|call| format!("{place}: `{call}` is in no block of the page that is run")));
            }
            Kind::Text | Kind::Rust => {
                let command = |line: &&String| line.starts_with("$ ") || line.starts_with("bitaqa ");
                faults.extend(fence.lines.iter().filter(command).map(|line| {
                    format!("{place}: `{line}` is a command and is not run; make the fence `sh` or `console`")
                }));
            }
            Kind::Sh | Kind::Console => {}
        }
    }
    faults
}

/// JSON without the dots that stand for what was left out.
pub fn without_dots(text: &str) -> String {
    let kept: Vec<&str> = text.lines().filter(|line| line.trim() != "..").collect();
    let mut text = kept.join("\n").replace("[ .. ]", "[]").replace("{ .. }", "{}");
    // What stood before the dots ends with a comma too many.
    for close in ['}', ']'] {
        let mut parts = text.split(close).map(str::to_owned).collect::<Vec<_>>();
        let last = parts.len() - 1;
        for part in &mut parts[..last] {
            let shorter = part.trim_end().trim_end_matches(',').to_owned();
            if part.trim_end().ends_with(',') {
                *part = shorter;
            }
        }
        text = parts.join(&close.to_string());
    }
    text
}

#[test]
fn a_wrong_word_in_the_prose_is_found() {
    let faults = |text: &str| check_spans(&Page::of("page", text)).0.len();
    assert_eq!(faults("`bitaqa card list --image FILE`, `card list|install`, `--can 000000`, `bitaqa`, `card`"), 0);
    assert_eq!(faults("`bitaqa card lisst`"), 1);
    assert_eq!(faults("`bitaqa card list --imagine FILE`"), 1);
    assert_eq!(faults("`--no-such-option`"), 1);
    assert_eq!(faults("`card\nlisst` over two lines"), 1);
    assert_eq!(faults("```text\n`bitaqa nothing`\n```"), 0);
    let (_, named) = check_spans(&Page::of("page", "`bitaqa card keys put|delete`"));
    assert_eq!(named, ["card keys delete", "card keys put"].map(str::to_owned).into());
}

#[test]
fn a_test_that_is_gone_is_found() {
    let faults = |text: &str| check_tests(&Page::of("page", text)).len();
    assert_eq!(faults("`cli/tests/docs/prose.rs::a_test_that_is_gone_is_found`"), 0);
    assert_eq!(faults("`cli/tests/docs/prose.rs::no_such_test`, `cli/tests/no_such_file.rs::main`"), 2);
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let faults = |text: &str| check_links(&Page::of("docs/page.md", text)).len();
    assert_eq!(faults("[a](json.md#exit-codes) [b](../README.md) [c](https://example.org/x)"), 0);
    assert_eq!(faults("[a](nothing.md) [b](json.md#nothing)"), 2);
}

#[test]
fn data_that_does_not_parse_is_found() {
    let faults = |text: &str| check_data(&Page::of("page", text)).len();
    assert_eq!(faults("```json\n{ \"a\": [ 1,\n ..\n], \"b\": [ .. ],\n..\n}\n```\n```toml\na = 1\n```"), 0);
    assert_eq!(faults("```json\n{ \"a\" }\n```\n```toml\na = \n```"), 2);
    assert_eq!(faults("```sh file=a.sh\ntrue\n```"), 1);
    assert_eq!(faults("```yaml\n  - run: bitaqa demo\n```"), 1);
    assert_eq!(faults("```text\nbitaqa demo\n```"), 1);
}
