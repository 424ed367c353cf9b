//! One Rust file as the rules see it: lines, words, functions, and which lines are tests.

use core::ops::RangeInclusive;

use crate::lexer::{self, Kind};

/// A Rust file, lexed.
pub struct Source {
    /// Path from the root of the repository.
    pub path: String,
    text: String,
    kinds: Vec<Kind>,
    words: Vec<Word>,
    /// Index of the closing bracket for each opening one.
    partners: Vec<Option<usize>>,
    tests: Tests,
}

/// A comment, or one line of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Comment<'a> {
    /// Counted from 1.
    pub line: usize,
    /// With its slashes.
    pub text: &'a str,
    /// Documentation of an item.
    pub doc: bool,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub struct Function<'a> {
    /// Its identifier.
    pub name: &'a str,
    /// Line of the word `fn`, and of the closing brace.
    pub lines: RangeInclusive<usize>,
}

#[derive(Clone, Copy)]
struct Word {
    start: usize,
    end: usize,
    line: usize,
}

#[derive(Default)]
struct Tests {
    lines: Vec<RangeInclusive<usize>>,
    whole: bool,
    files: Vec<String>,
}

impl Source {
    /// Lexes the file.
    pub fn new(path: &str, text: &str) -> Self {
        let kinds = lexer::kinds(text);
        let words = words(text.as_bytes(), &kinds);
        let mut source = Self {
            path: path.to_owned(),
            text: text.to_owned(),
            kinds,
            partners: vec![None; words.len()],
            words,
            tests: Tests::default(),
        };
        source.match_brackets();
        source.tests = source.find_tests();
        source
    }

    /// The lines as they stand, numbered from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// Every comment, block comments line by line.
    pub fn comments(&self) -> Vec<Comment<'_>> {
        let mut comments = Vec::new();
        let mut start = 0;
        for (line, text) in (1..).zip(self.text.split_inclusive('\n')) {
            let kinds = self.kinds.get(start..start + text.len()).unwrap_or_default();
            let is_comment = |kind: &Kind| matches!(kind, Kind::Comment | Kind::Doc);
            if let Some(first) = kinds.iter().position(is_comment) {
                let last = kinds.iter().rposition(is_comment).unwrap_or(first);
                let doc = kinds.get(first) == Some(&Kind::Doc);
                let text = text.get(first..=last).unwrap_or_default().trim_end();
                comments.push(Comment { line, text, doc });
            }
            start += text.len();
        }
        comments
    }

    /// Non-blank lines, and those of them that hold nothing but comment.
    pub fn comment_share(&self) -> (usize, usize) {
        let (mut all, mut comment, mut start) = (0, 0, 0);
        for text in self.text.split_inclusive('\n') {
            let kinds = self.kinds.get(start..start + text.len()).unwrap_or_default();
            let mut visible = text.bytes().zip(kinds).filter(|(octet, _)| !octet.is_ascii_whitespace()).peekable();
            if visible.peek().is_some() {
                all += 1;
                comment += usize::from(visible.all(|(_, kind)| matches!(kind, Kind::Comment | Kind::Doc)));
            }
            start += text.len();
        }
        (all, comment)
    }

    /// Every function with a body, nested ones too.
    pub fn functions(&self) -> Vec<Function<'_>> {
        let mut functions = Vec::new();
        for (at, word) in self.words.iter().enumerate() {
            let name = self.word(at + 1);
            // `fn(` is a type, `fn $name` a macro's pattern
            if self.word(at) != "fn" || !name.bytes().next().is_some_and(lexer::is_word) {
                continue;
            }
            if let Some(last) = self.end_of_item(at + 2).filter(|last| self.word(*last) == "}") {
                functions.push(Function { name, lines: word.line..=self.line(last) });
            }
        }
        functions
    }

    /// Lines at which the words of `pattern` follow each other in code, whatever space or comment is between them.
    pub fn occurrences(&self, pattern: &str) -> Vec<usize> {
        let wanted = words(pattern.as_bytes(), &lexer::kinds(pattern));
        let wanted: Vec<&str> =
            wanted.iter().map(|word| pattern.get(word.start..word.end).unwrap_or_default()).collect();
        let here = |at: &usize| (*at..).zip(&wanted).all(|(index, word)| self.word(index) == *word);
        (0..self.words.len()).filter(here).map(|at| self.line(at)).collect()
    }

    /// Names of the modules that the file declares, with their lines.
    pub fn modules(&self) -> Vec<(usize, &str)> {
        let declared = |at: &usize| self.word(*at) == "mod" && matches!(self.word(at + 2), "{" | ";");
        (0..self.words.len()).filter(declared).map(|at| (self.line(at), self.word(at + 1))).collect()
    }

    /// Whether the line belongs to a test: an item under `#[cfg(test)]` or `#[test]`, or a file of tests.
    pub fn is_test(&self, line: usize) -> bool {
        self.tests.whole || self.tests.lines.iter().any(|lines| lines.contains(&line))
    }

    /// Declares the whole file to be tests: its parent includes it under `#[cfg(test)]`, or its folder says so.
    pub fn set_test(&mut self) {
        self.tests.whole = true;
    }

    /// Files that this one includes under `#[cfg(test)]`, as paths from the root of the repository.
    pub fn test_files(&self) -> &[String] {
        &self.tests.files
    }

    /// Empty beyond the end, which is no word and no sign.
    fn word(&self, at: usize) -> &str {
        self.words.get(at).and_then(|word| self.text.get(word.start..word.end)).unwrap_or_default()
    }

    fn line(&self, at: usize) -> usize {
        self.words.get(at).map_or(1, |word| word.line)
    }

    fn match_brackets(&mut self) {
        let mut open = Vec::new();
        for at in 0..self.words.len() {
            match self.word(at) {
                "(" | "[" | "{" => open.push(at),
                ")" | "]" | "}" => {
                    if let Some(slot) = open.pop().and_then(|start: usize| self.partners.get_mut(start)) {
                        *slot = Some(at);
                    }
                }
                _ => {}
            }
        }
    }

    fn partner(&self, at: usize) -> Option<usize> {
        self.partners.get(at).copied().flatten()
    }

    /// The closing brace or the semicolon that ends the item whose words start at `at`.
    fn end_of_item(&self, mut at: usize) -> Option<usize> {
        loop {
            at = match self.word(at) {
                "" => return None,
                ";" => return Some(at),
                "{" => return self.partner(at),
                "(" | "[" => self.partner(at)? + 1,
                _ => at + 1,
            };
        }
    }

    fn find_tests(&self) -> Tests {
        let mut tests = Tests::default();
        let mut at = 0;
        while at < self.words.len() {
            if self.word(at) != "#" {
                at += 1;
                continue;
            }
            let start = at;
            let (mut test, mut path) = (false, None);
            while self.word(at) == "#" {
                let inner = usize::from(self.word(at + 1) == "!");
                let Some(close) = self.partner(at + 1 + inner) else { break };
                let body: Vec<&str> = (at + 2 + inner..close).map(|index| self.word(index)).collect();
                let says_test = body == ["test"]
                    || matches!(body.get(..3), Some(["cfg", "(", "test"]))
                    || matches!(body.get(..5), Some(["cfg", "(", "all", "(", "test"]));
                tests.whole |= says_test && inner == 1;
                test |= says_test;
                if body.first() == Some(&"path") {
                    path = self.literal(at, close);
                }
                at = close + 1;
            }
            at = at.max(start + 1);
            if let Some(end) = self.end_of_item(at).filter(|_| test) {
                tests.lines.push(self.line(start)..=self.line(end));
                let name = (at..end).find(|index| self.word(*index) == "mod").map(|index| self.word(index + 1));
                if let Some(name) = name.filter(|_| self.word(end) == ";") {
                    tests.files.extend(self.files_of(name, path));
                }
            }
        }
        tests
    }

    /// The string literal between two words, without its quotes.
    fn literal(&self, from: usize, to: usize) -> Option<&str> {
        let (from, to) = (self.words.get(from)?, self.words.get(to)?);
        self.text.get(from.start..to.start)?.split('"').nth(1)
    }

    /// Where the module `name` of this file can lie.
    fn files_of(&self, name: &str, path: Option<&str>) -> Vec<String> {
        let (folder, file) = self.path.rsplit_once('/').unwrap_or((".", &self.path));
        if let Some(path) = path {
            return vec![format!("{folder}/{path}")];
        }
        let stem = file.trim_end_matches(".rs");
        let folder =
            if matches!(stem, "lib" | "main" | "mod") { folder.to_owned() } else { format!("{folder}/{stem}") };
        vec![format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs")]
    }
}

/// Words and single signs of the code, comments and literals left out.
fn words(octets: &[u8], kinds: &[Kind]) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let (mut line, mut joined) = (1, false);
    for (at, (octet, kind)) in octets.iter().zip(kinds).enumerate() {
        let is_word = *kind == Kind::Code && lexer::is_word(*octet);
        match words.last_mut() {
            Some(last) if is_word && joined => last.end = at + 1,
            _ if *kind == Kind::Code && !octet.is_ascii_whitespace() => {
                words.push(Word { start: at, end: at + 1, line });
            }
            _ => {}
        }
        joined = is_word;
        line += usize::from(*octet == b'\n');
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_measured_through_strings_and_signatures() {
        let text = "fn a(x: [u8; 2]) -> &'static str {\n    \"}\" // }\n}\ntrait T { fn b(&self); fn c() {} }\n\
                    type F = fn(u8) -> u8;\nfn d<T>()\nwhere\n    T: Fn() -> [u8; 3],\n{\n    '}';\n}\n";
        let source = Source::new("x.rs", text);
        let found: Vec<_> = source.functions().into_iter().map(|f| (f.name.to_owned(), f.lines)).collect();
        assert_eq!(found, [("a".to_owned(), 1..=3), ("c".to_owned(), 4..=4), ("d".to_owned(), 6..=11)]);
    }

    #[test]
    fn patterns_match_words_and_not_parts_of_them() {
        let source = Source::new("x.rs", "Clock :: /* x */\nnow(); MyClock::now(); Clock::nowhere(); \"Clock::now\"");
        assert_eq!(source.occurrences("Clock::now"), [1]);
    }

    #[test]
    fn tests_are_found_by_attribute_and_by_file() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n#[test]\nfn d() {\n}\n\
                    #[path = \"a_tests.rs\"]\n#[cfg(test)]\nmod more;\n#[cfg(test)]\npub(crate) mod other;\n";
        let source = Source::new("crates/x/src/a.rs", text);
        let found: Vec<usize> = (1..=14).filter(|line| source.is_test(*line)).collect();
        assert_eq!(found, [2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14]);
        let files = ["crates/x/src/a_tests.rs", "crates/x/src/a/other.rs", "crates/x/src/a/other/mod.rs"];
        assert_eq!(source.test_files(), files);
        assert!(Source::new("x.rs", "#![cfg(test)]\nfn a() {}").is_test(2));
        assert!(!Source::new("x.rs", "#[cfg(not(test))]\nfn a() {}").is_test(2));
    }

    #[test]
    fn comments_are_counted_by_line() {
        let source = Source::new("x.rs", "//! d\n\nlet a = 1; // t\n/* b\n   c */\nlet s = \"// no\";\n");
        let lines: Vec<_> = source.comments().iter().map(|c| (c.line, c.text.to_owned(), c.doc)).collect();
        let expected = [(1, "//! d", true), (3, "// t", false), (4, "/* b", false), (5, "   c */", false)];
        assert_eq!(lines, expected.map(|(line, text, doc)| (line, text.to_owned(), doc)));
        assert_eq!(source.comment_share(), (5, 3));
    }

    #[test]
    fn modules_are_named() {
        assert_eq!(Source::new("x.rs", "mod a;\npub mod b {}\n// mod c;\n").modules(), [(1, "a"), (2, "b")]);
    }
}
