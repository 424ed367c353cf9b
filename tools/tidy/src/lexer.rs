//! Which octet of a Rust file is code, comment or literal text.
//!
//! Only what can hide or fake a brace or a word is told apart: line and nested block comments, strings with escapes,
//! raw strings with any number of `#`, character and byte literals against lifetimes, raw identifiers.

/// What an octet belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Code, white space included.
    Code,
    /// A comment for the reader of the code.
    Comment,
    /// A doc comment: `///`, `//!`, `/** */`, `/*! */`.
    Doc,
    /// Inside a string, character or byte literal, quotes included.
    Text,
}

/// The kind of each octet of `text`; as many as `text` has octets.
pub fn kinds(text: &str) -> Vec<Kind> {
    let mut scan = Scan { octets: text.as_bytes(), at: 0, kinds: Vec::with_capacity(text.len()) };
    while scan.at < scan.octets.len() {
        scan.step();
    }
    scan.kinds
}

/// Whether the octet can stand in an identifier, keyword or number.
pub fn is_word(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet == b'_' || octet >= 0x80
}

struct Scan<'a> {
    octets: &'a [u8],
    at: usize,
    kinds: Vec<Kind>,
}

impl Scan<'_> {
    /// The octet `ahead` of the position, 0 beyond the end: a NUL starts nothing.
    fn peek(&self, ahead: usize) -> u8 {
        self.octets.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn mark(&mut self, count: usize, kind: Kind) {
        let end = (self.at + count).min(self.octets.len());
        self.kinds.resize(end, kind);
        self.at = end;
    }

    fn step(&mut self) {
        match (self.peek(0), self.peek(1)) {
            (b'/', b'/') => self.line_comment(),
            (b'/', b'*') => self.block_comment(),
            (b'"', _) => self.string(),
            (b'\'', _) => self.quote(),
            (first, _) if is_word(first) => self.word(),
            _ => self.mark(1, Kind::Code),
        }
    }

    fn line_comment(&mut self) {
        // four slashes are a ruler, not documentation
        let doc = self.peek(2) == b'!' || (self.peek(2) == b'/' && self.peek(3) != b'/');
        let rest = self.octets.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|octet| *octet == b'\n').unwrap_or(rest.len());
        self.mark(length, if doc { Kind::Doc } else { Kind::Comment });
    }

    fn block_comment(&mut self) {
        let doc = self.peek(2) == b'!' || (self.peek(2) == b'*' && !matches!(self.peek(3), b'*' | b'/'));
        let kind = if doc { Kind::Doc } else { Kind::Comment };
        let mut depth = 0_usize;
        while self.at < self.octets.len() {
            match (self.peek(0), self.peek(1)) {
                (b'/', b'*') => depth += 1,
                (b'*', b'/') => depth -= 1,
                _ => {
                    self.mark(1, kind);
                    continue;
                }
            }
            self.mark(2, kind);
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.mark(1, Kind::Text);
        while self.at < self.octets.len() {
            match self.peek(0) {
                b'\\' => self.mark(2, Kind::Text),
                b'"' => return self.mark(1, Kind::Text),
                _ => self.mark(1, Kind::Text),
            }
        }
    }

    /// A character literal or the start of a lifetime.
    fn quote(&mut self) {
        if self.peek(1) == b'\\' {
            self.mark(3, Kind::Text); // quote, backslash and what it escapes, which may be a quote
            while self.at < self.octets.len() && self.peek(0) != b'\'' {
                self.mark(1, Kind::Text);
            }
            return self.mark(1, Kind::Text);
        }
        let width = match self.peek(1) {
            0xF0.. => 4,
            0xE0.. => 3,
            0xC0.. => 2,
            _ => 1,
        };
        if self.peek(1 + width) == b'\'' { self.mark(width + 2, Kind::Text) } else { self.mark(1, Kind::Code) }
    }

    /// A word, or the raw string that its prefix announces.
    fn word(&mut self) {
        let rest = self.octets.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|octet| !is_word(*octet)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(length);
        let hashes = after.iter().take_while(|octet| **octet == b'#').count();
        let raw = matches!(word, b"r" | b"br" | b"cr") && after.get(hashes) == Some(&b'"');
        if !raw {
            return self.mark(length, Kind::Code);
        }
        self.mark(length + hashes + 1, Kind::Text);
        let mut close = vec![b'"'];
        close.resize(hashes + 1, b'#');
        let rest = self.octets.get(self.at..).unwrap_or_default();
        let end = rest.windows(close.len()).position(|window| window == close);
        self.mark(end.map_or(rest.len(), |start| start + close.len()), Kind::Text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Code kept, all else as dots.
    fn code(text: &str) -> String {
        let kinds = kinds(text);
        assert_eq!(kinds.len(), text.len());
        let keep = |(at, c): (usize, char)| if kinds[at] == Kind::Code { c } else { '.' };
        text.char_indices().map(keep).collect()
    }

    #[test]
    fn comments_end_where_they_should() {
        assert_eq!(code("a // b\nc"), "a ....\nc");
        assert_eq!(code("a /* b /* c */ d */ e"), "a ................. e");
        assert_eq!(code("a /* never closed"), "a ...............");
        assert_eq!(code("/**/x/***/y"), "....x.....y");
        assert_eq!(code("a / b * c"), "a / b * c");
    }

    #[test]
    fn strings_hide_braces_quotes_and_comments() {
        assert_eq!(code(r#"f("{ // \" }") + 1"#), "f(...........) + 1");
        assert_eq!(code(r##"f(r#"a " { "#) + 1"##), "f(...........) + 1");
        assert_eq!(code(r#"f(b"{", c"}", br"\")"#), "f(b..., c..., .....)");
        assert_eq!(code("\"never closed"), ".............");
    }

    #[test]
    fn a_lifetime_is_no_character() {
        assert_eq!(code("fn f<'a>(x: &'a str, y: char) { y == 'a' }"), "fn f<'a>(x: &'a str, y: char) { y == ... }");
        assert_eq!(code(r"['{', '\'', '\u{7B}', b'}', '\\']"), "[..., ...., ........, b..., ....]");
        assert_eq!(code("('ب', 'é', '€')"), "(..., ..., ...)");
    }

    #[test]
    fn a_raw_identifier_is_code() {
        assert_eq!(code("r#fn bar\"x\" r"), "r#fn bar... r");
    }

    #[test]
    fn documentation_is_told_from_comments() {
        let first = |text: &str| kinds(text).first().copied();
        for doc in ["/// x", "//! x", "/** x */", "/*! x */"] {
            assert_eq!(first(doc), Some(Kind::Doc), "{doc}");
        }
        for comment in ["// x", "//// x", "/* x */", "/**/", "/***/"] {
            assert_eq!(first(comment), Some(Kind::Comment), "{comment}");
        }
    }
}
