//! Clauses that the code cites, as the table of docs/standards.md: built here from the comments, compared by a test.
//!
//! A citation is `STANDARD §CLAUSE` in a comment, the standard named as in the table of editions on that page. A second
//! `§` in the same comment belongs to the standard named last.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::{Finding, Source};

/// The page with the editions and the two built tables.
pub const PAGE: &str = "docs/standards.md";

/// Names of the standards with an edition, in the order of the page.
pub struct Editions {
    names: Vec<String>,
}

/// One clause, and the files that cite it.
#[derive(Default)]
struct Cited {
    code: Vec<String>,
    tests: Vec<String>,
}

/// Place of the standard in the table of editions, then the clause as people sort it.
type Key = (usize, Vec<(u32, String)>, String);

/// Citations of many files.
#[derive(Default)]
pub struct Citations {
    clauses: BTreeMap<Key, Cited>,
}

impl Editions {
    /// Reads the first column of the table under `## Editions`.
    pub fn parse(page: &str) -> Self {
        let section = page.lines().skip_while(|line| line.trim() != "## Editions").skip(1);
        let rows = section.take_while(|line| !line.starts_with("## ")).filter_map(|line| line.strip_prefix("| `"));
        Self { names: rows.filter_map(|row| row.split_once('`')).map(|(name, _)| name.to_owned()).collect() }
    }

    /// The standard whose name ends the text, the longest if several do.
    fn at_end_of(&self, text: &str) -> Option<usize> {
        let ends = |name: &&String| {
            let before = text.strip_suffix(name.as_str());
            before.is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '-'))
        };
        let longest = self.names.iter().filter(ends).max_by_key(|name| name.len())?;
        self.names.iter().position(|name| name == longest)
    }
}

impl Citations {
    /// Takes up the comments of one file. Findings are clauses of no standard, or of one without an edition.
    pub fn add(&mut self, source: &Source, editions: &Editions) -> Vec<Finding> {
        let file = source.path.trim_start_matches("crates/").replacen("/src/", "/", 1);
        let mut findings = Vec::new();
        let (mut before, mut last_line, mut standard) = (String::new(), 0, None);
        for comment in source.comments() {
            if comment.line != last_line + 1 {
                before.clear();
                standard = None;
            }
            last_line = comment.line;
            let mut parts = comment.text.trim_start_matches(['/', '!', '*', ' ']).split('§');
            before.push(' ');
            before += parts.next().unwrap_or_default();
            for part in parts {
                standard = editions.at_end_of(before.trim_end()).or(standard.filter(|_| goes_on(&before)));
                let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(part.len());
                let clause = part.get(..end).unwrap_or_default().trim_end_matches('.');
                match standard {
                    Some(standard) => self.cite(standard, clause, &file, source.is_test(comment.line)),
                    None => findings.push(unknown(&source.path, comment.line, clause, &before)),
                }
                part.clone_into(&mut before);
            }
        }
        findings
    }

    fn cite(&mut self, standard: usize, clause: &str, file: &str, test: bool) {
        let number = |part: &str| (part.parse().unwrap_or(u32::MAX), part.to_owned());
        let key = (standard, clause.split('.').map(number).collect(), clause.to_owned());
        let cited = self.clauses.entry(key).or_default();
        let files = if test { &mut cited.tests } else { &mut cited.code };
        if !files.iter().any(|known| known == file) {
            files.push(file.to_owned());
        }
    }

    /// The table, one row a clause.
    pub fn table(&self, editions: &Editions) -> String {
        let mut table = "| clause | code | tests |\n| --- | --- | --- |\n".to_owned();
        for ((standard, _, clause), cited) in &self.clauses {
            let name = editions.names.get(*standard).map_or("", String::as_str);
            let list = |files: &[String]| {
                let mut files = files.to_vec();
                files.sort();
                files.iter().map(|file| format!("`{file}`")).collect::<Vec<_>>().join(" ")
            };
            let row = format!("| {name} §{clause} | {} | {} |\n", list(&cited.code), list(&cited.tests));
            table += &row.replace("|  |", "| |");
        }
        table
    }
}

/// Whether a `§` after these words belongs to the standard named before: `, §2`, `and §2`, but not `RFC 1 §2`.
fn goes_on(before: &str) -> bool {
    let last = before.split_whitespace().next_back().unwrap_or_default();
    last.ends_with([',', ';', '(', '/']) || last.chars().all(|c| c.is_ascii_lowercase())
}

fn unknown(path: &str, line: usize, clause: &str, before: &str) -> Finding {
    let words: Vec<&str> = before.split_whitespace().rev().take(3).collect();
    let words: Vec<&str> = words.into_iter().rev().collect();
    let detail = format!("§{clause} after `{}`: name a standard of the table of editions in {PAGE}", words.join(" "));
    Finding::new(path, line, "citation", detail)
}

/// The table of vector files: where each comes from and what it is for.
pub fn vectors<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut table = "| file | clause | source | purpose |\n| --- | --- | --- | --- |\n".to_owned();
    for (path, text) in files {
        let vector: Table = text.parse().unwrap_or_default();
        let cell = |key: &str| vector.get(key).and_then(Value::as_str).unwrap_or_default().replace('|', "/");
        let path = path.trim_start_matches("test-vectors/");
        table +=
            &["| `", path, "` | ", &cell("clause"), " | ", &cell("source"), " | ", &cell("purpose"), " |\n"].concat();
    }
    table
}

/// The page with the text between `<!-- begin NAME -->` and `<!-- end NAME -->` replaced.
///
/// # Errors
/// A finding where the marks are missing.
pub fn fill(page: &str, name: &str, body: &str) -> Result<String, Finding> {
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
    let parts = page.split_once(&begin).and_then(|(head, rest)| Some((head, rest.split_once(&end)?.1)));
    let (head, tail) = parts.ok_or_else(|| Finding::new(PAGE, 1, "citation", format!("no marks for `{name}`")))?;
    Ok([head, &begin, "\n", body, "\n", &end, tail].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE_TEXT: &str = "# S\n## Editions\n| name | edition |\n|---|---|\n| `9303-1` | a |\n| `9303-11` | b |\n\
                             | `Amd D` | c |\n## Clauses\n| `no` |\n<!-- begin x -->\nold\n<!-- end x -->\nrest\n";

    fn read(text: &str) -> (Vec<String>, Vec<usize>) {
        let editions = Editions::parse(PAGE_TEXT);
        let mut citations = Citations::default();
        let findings = citations.add(&Source::new("crates/a/src/b.rs", text), &editions);
        let rows = citations.table(&editions).lines().skip(2).map(str::to_owned).collect();
        (rows, findings.iter().map(|finding| finding.line).collect())
    }

    #[test]
    fn clauses_are_found_sorted_and_inherit_their_standard() {
        let text =
            "/// Amd D §6.2.5, also §10 and\n/// 9303-11\n/// §4.4. See 9303-1 §4.10 and §4.9\nlet s = \"Amd D §1\";\n";
        let file = "`a/b.rs`";
        let rows = ["9303-1 §4.9", "9303-1 §4.10", "9303-11 §4.4", "Amd D §6.2.5", "Amd D §10"];
        assert_eq!(read(text), (rows.map(|clause| format!("| {clause} | {file} | |")).to_vec(), vec![]));
    }

    #[test]
    fn tests_have_their_own_column() {
        let (rows, _) = read("// Amd D §1\n#[cfg(test)]\nmod t {\n    // Amd D §1\n}\n");
        assert_eq!(rows, ["| Amd D §1 | `a/b.rs` | `a/b.rs` |"]);
    }

    #[test]
    fn a_clause_without_a_known_standard_is_found() {
        assert_eq!(read("// Amd D §1\n\n// but §2\n// 19303-11 §3\n").1, [3, 4]);
        assert_eq!(read("// Amd D §1, RFC 1 §2\n").1, [1]);
    }

    #[test]
    fn the_page_is_filled_between_its_marks() {
        let filled = fill(PAGE_TEXT, "x", "new\n").unwrap();
        assert!(filled.contains("<!-- begin x -->\n\nnew\n\n<!-- end x -->\nrest"));
        assert_eq!(fill(&filled, "x", "new\n").unwrap(), filled);
        assert!(fill(PAGE_TEXT, "y", "").is_err());
    }

    #[test]
    fn vectors_are_listed() {
        let text = "source = \"s\"\nclause = \"c\"\npurpose = \"a|b\"\n";
        let table = vectors([("test-vectors/x/y.toml", text)].into_iter());
        assert_eq!(table.lines().last(), Some("| `x/y.toml` | c | s | a/b |"));
    }
}
