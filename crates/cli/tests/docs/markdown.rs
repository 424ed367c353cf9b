//! A page as its reader sees it: fences, code spans, links, headings. Only as much Markdown as the pages here use; what
//! cannot be read for certain is a panic that names the line.

use std::path::{Path, PathBuf};

/// What a fence holds, by the first word behind its back-ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Commands, run one after the other; each must end with 0.
    Sh,
    /// A transcript: `$ command`, and below it what the command prints.
    Console,
    /// Rust, compiled and run as a documentation test.
    Rust,
    /// Data, which must parse.
    Toml,
    /// Data, which must parse once `..` is taken out.
    Json,
    /// A pipeline: its commands must be those of the page.
    Yaml,
    /// Nothing that runs: form of a file, a dialogue, a drawing.
    Text,
}

/// One fenced block.
#[derive(Clone, Debug)]
pub struct Fence {
    /// Line of the opening back-ticks, counted from 1.
    pub line: usize,
    pub kind: Kind,
    /// Whether the commands need a card in a PC/SC reader.
    pub reader: bool,
    /// Where the page tells its reader to save the block.
    pub file: Option<String>,
    pub lines: Vec<String>,
}

/// One page.
pub struct Page {
    /// Path from the root of the repository.
    pub name: String,
    pub text: String,
    pub fences: Vec<Fence>,
}

/// Root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

impl Page {
    pub fn read(name: &str) -> Self {
        let text = std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self::of(name, &text)
    }

    pub fn of(name: &str, text: &str) -> Self {
        let mut fences: Vec<Fence> = Vec::new();
        let mut open: Option<(Fence, usize)> = None;
        for (number, line) in (1..).zip(text.lines()) {
            let is_mark = line.trim_start().starts_with("```");
            match &mut open {
                Some((fence, indent)) if !is_mark => {
                    // A fence inside of a list stands as far in as its item.
                    fence.lines.push(line.get(*indent..).unwrap_or_default().to_owned());
                }
                Some(_) => fences.extend(open.take().map(|(fence, _)| fence)),
                None if is_mark => {
                    let info = line.trim_start().trim_start_matches('`');
                    open = Some((opening(name, number, info), line.len() - line.trim_start().len()));
                }
                None => {}
            }
        }
        assert!(open.is_none(), "{name}: a fence that nobody closes");
        Self { name: name.to_owned(), text: text.to_owned(), fences }
    }

    /// The lines outside of fences, numbered from 1.
    pub fn prose(&self) -> Vec<(usize, &str)> {
        let inside = |line: usize| self.fences.iter().any(|f| (f.line..=f.line + f.lines.len() + 1).contains(&line));
        (1..).zip(self.text.lines()).filter(|(line, _)| !inside(*line)).collect()
    }

    /// Code spans of the prose with their lines. A span that is broken over two lines is one.
    pub fn spans(&self) -> Vec<(usize, String)> {
        let (mut spans, mut open) = (Vec::new(), None::<(usize, String)>);
        for (number, line) in self.prose() {
            let mut parts = line.split('`').peekable();
            while let Some(part) = parts.next() {
                if let Some((_, text)) = &mut open {
                    text.push_str(part);
                }
                if parts.peek().is_some() {
                    match open.take() {
                        Some(span) => spans.push(span),
                        None => open = Some((number, String::new())),
                    }
                }
            }
            match &mut open {
                Some(_) if line.trim().is_empty() => panic!("{}:{number}: a code span that nobody closes", self.name),
                Some((_, text)) => text.push(' '),
                None => {}
            }
        }
        spans
    }

    /// Targets of links in the prose with their lines.
    pub fn links(&self) -> Vec<(usize, String)> {
        let mut links = Vec::new();
        for (number, line) in self.prose() {
            let ends = line.match_indices("](").filter_map(|(at, _)| line.get(at + 2..));
            links.extend(ends.filter_map(|rest| Some((number, rest.split_once(')')?.0.to_owned()))));
        }
        links
    }

    /// Anchors of the headings: lower case, words joined by hyphens, punctuation left out.
    pub fn anchors(&self) -> Vec<String> {
        let headings = self.prose().into_iter().filter(|(_, line)| line.starts_with('#'));
        let anchor = |line: &str| -> String {
            let words = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
            words.chars().filter(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect()
        };
        headings.map(|(_, line)| anchor(line)).collect()
    }
}

/// Reads what stands behind the back-ticks: a kind, and for some `reader` or `file=PATH`.
fn opening(page: &str, line: usize, info: &str) -> Fence {
    let mut words = info.split_whitespace();
    let kind = match words.next() {
        Some("sh") => Kind::Sh,
        Some("console") => Kind::Console,
        Some("rust") => Kind::Rust,
        Some("toml") => Kind::Toml,
        Some("json") => Kind::Json,
        Some("yaml") => Kind::Yaml,
        Some("text") => Kind::Text,
        other => panic!("{page}:{line}: a fence of a kind that no test knows: {other:?}"),
    };
    let mut fence = Fence { line, kind, reader: false, file: None, lines: Vec::new() };
    for word in words {
        match (kind, word.strip_prefix("file=")) {
            (Kind::Sh | Kind::Console, None) if word == "reader" => fence.reader = true,
            (_, Some(file)) => fence.file = Some(file.to_owned()),
            _ => panic!("{page}:{line}: `{word}` says nothing to a fence of this kind"),
        }
    }
    fence
}
