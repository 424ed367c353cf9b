//! Sizes: a function fits a screen, a file fits a head, a line fits beside its neighbour in a review.

use crate::{Finding, Source};

/// Lines of a function, from the word `fn` to the closing brace.
pub const FUNCTION_LINES_MAX: usize = 70;
/// Lines of a file, tests included.
pub const FILE_LINES_MAX: usize = 600;
/// Characters of a line.
pub const LINE_CHARS_MAX: usize = 120;

const RULE: &str = "size";

/// Findings in one file.
pub fn check(source: &Source) -> Vec<Finding> {
    let find = |line, detail: String| Finding::new(&source.path, line, RULE, detail);
    let mut findings = Vec::new();
    for function in source.functions() {
        let (first, last) = function.lines.into_inner();
        let lines = last - first + 1;
        if lines > FUNCTION_LINES_MAX {
            findings.push(find(first, format!("fn {} has {lines} lines of {FUNCTION_LINES_MAX}", function.name)));
        }
    }
    for (line, text) in source.lines() {
        let chars = text.chars().count();
        if chars > LINE_CHARS_MAX {
            findings.push(find(line, format!("{chars} characters of {LINE_CHARS_MAX}")));
        }
    }
    let lines = source.lines().count();
    if lines > FILE_LINES_MAX {
        findings.push(find(lines, format!("{lines} lines of {FILE_LINES_MAX}: split it into modules")));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        check(&Source::new("x.rs", text)).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn the_limits_themselves_pass_and_one_more_is_found() {
        let function = |lines: usize| format!("\nfn f() {{\n{}}}\n", "    \"}\";\n".repeat(lines - 2));
        assert_eq!(lines(&function(FUNCTION_LINES_MAX)), [0; 0]);
        assert_eq!(lines(&function(FUNCTION_LINES_MAX + 1)), [2]);
        assert_eq!(lines(&"\n".repeat(FILE_LINES_MAX)), [0; 0]);
        assert_eq!(lines(&"\n".repeat(FILE_LINES_MAX + 1)), [FILE_LINES_MAX + 1]);
        // Arabic letters take two octets each: characters count
        assert_eq!(lines(&format!("\n// {}\n", "ب".repeat(LINE_CHARS_MAX - 3))), [0; 0]);
        assert_eq!(lines(&format!("\n// {}\n", "b".repeat(LINE_CHARS_MAX - 2))), [2]);
    }
}
