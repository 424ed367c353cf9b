//! Marks of unfinished work: words that promise, macros that panic, code asleep in comments, tests that do not run.

use crate::{Finding, Source};

const RULE: &str = "mark";

/// Words that put work off.
pub const WORDS: &[&str] = &["TODO", "FIXME", "XXX"];
/// Macros that stand for missing code, or for a search that was not cleaned up.
pub const MACROS: &[&str] = &["todo!", "unimplemented!", "dbg!"];

/// Findings in one Rust file.
pub fn check(source: &Source) -> Vec<Finding> {
    let find = |line, detail: String| Finding::new(&source.path, line, RULE, detail);
    let mut findings = Vec::new();
    for comment in source.comments() {
        findings
            .extend(promise(comment.text).map(|word| find(comment.line, format!("{word}: do it or write an issue"))));
        if !comment.doc && is_code(comment.text) {
            findings.push(find(comment.line, "code in a comment: delete it, history keeps it".to_owned()));
        }
    }
    for name in MACROS {
        findings.extend(source.occurrences(name).into_iter().map(|line| find(line, format!("{name} is left over"))));
    }
    let silent = source.occurrences("#[ignore]").into_iter();
    findings.extend(silent.map(|line| find(line, "write `#[ignore = \"why\"]`".to_owned())));
    findings
}

/// Findings in a file of another kind: a script, a manifest, a profile, a vector.
pub fn check_text(path: &str, text: &str) -> Vec<Finding> {
    let promises = (1..).zip(text.lines()).filter_map(|(line, text)| Some((line, promise(text)?)));
    promises.map(|(line, word)| Finding::new(path, line, RULE, format!("{word}: do it or write an issue"))).collect()
}

fn promise(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_alphanumeric()).find(|word| WORDS.contains(word))
}

/// Prose ends in a full stop or in nothing. ASN.1 above a structure is prose of its own kind.
fn is_code(comment: &str) -> bool {
    comment.starts_with("//") && comment.ends_with([';', '{']) && !comment.contains("::=")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        check(&Source::new("x.rs", text)).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn every_mark_is_found() {
        for word in WORDS {
            assert_eq!(lines(&format!("\nf(); // {word}: later\n")), [2], "{word}");
            assert_eq!(check_text("a.toml", &format!("a = 1\n# {word} b\n")).len(), 1, "{word}");
        }
        for name in MACROS {
            assert_eq!(lines(&format!("\nfn f() {{ {name}() }}\n")), [2], "{name}");
        }
        assert_eq!(lines("\n#[test]\n#[ignore]\nfn f() {}\n"), [3]);
        assert_eq!(lines("// let a = 1;\n// if a {\n"), [1, 2]);
    }

    #[test]
    fn what_only_looks_like_a_mark_passes() {
        assert_eq!(lines("// XXXX and TODOS\nlet a = \"TODO\"; // a;b\n/// let a = 1;\n"), [0; 0]);
        assert_eq!(lines("#[ignore = \"needs a reader\"]\nfn f() {}\n// A ::= SEQUENCE {\n"), [0; 0]);
    }
}
