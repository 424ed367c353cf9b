//! Arrows between rooms: the table of docs/ARCHITECTURE.md is the policy, the manifests must not go beyond it, and some
//! arrows stay forbidden whatever the table says.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Finding, Manifest};

/// Where the table stands.
pub const PAGE: &str = "docs/ARCHITECTURE.md";

const RULE: &str = "arrow";

/// Arrows that no edit of the table makes legal, direct or by way of other rooms; `*` is every room.
const NEVER: &[(&str, &str, &str)] = &[
    ("card", "terminal", "card and terminal meet as bytes in apdu::Transport only"),
    ("terminal", "card", "card and terminal meet as bytes in apdu::Transport only"),
    ("perso", "card", "perso writes to any card through apdu::Transport"),
    ("conformance", "card", "a suite that sees the card's inside proves nothing about it"),
    ("conformance", "perso", "a suite must not be judged by the writer of the card"),
    ("pki", "secure-messaging", "long-lived trust does not know sessions"),
    ("lds", "secure-messaging", "bytes of files do not know sessions"),
    ("profile", "secure-messaging", "a card product is data"),
    ("*", "cli", "the command line is the roof"),
];

/// Rooms and what each may depend on.
pub struct Table {
    rows: BTreeMap<String, Row>,
}

struct Row {
    line: usize,
    may: BTreeSet<String>,
}

impl Table {
    /// Reads the table under the heading `## Arrows`.
    ///
    /// A cell lists rooms, or says `all` (every other room of the table), or `-`.
    pub fn parse(page: &str) -> Self {
        let section = (1..).zip(page.lines()).skip_while(|(_, line)| line.trim() != "## Arrows").skip(1);
        let section = section.take_while(|(_, line)| !line.starts_with("## "));
        let mut rows = BTreeMap::new();
        for (line, text) in section {
            let text = text.replace('`', "");
            let mut cells = text.trim().trim_matches('|').split('|').map(str::trim);
            let (Some(room), Some(may), true) = (cells.next(), cells.next(), text.starts_with('|')) else { continue };
            if room == "room" || room.starts_with("--") {
                continue;
            }
            let may =
                may.split([' ', ',']).filter(|name| !name.is_empty() && *name != "-").map(str::to_owned).collect();
            rows.insert(room.to_owned(), Row { line, may });
        }
        let all: BTreeSet<String> = rows.keys().cloned().collect();
        for (room, row) in &mut rows {
            if row.may.remove("all") {
                row.may.extend(all.iter().filter(|other| *other != room).cloned());
            }
        }
        Self { rows }
    }

    /// Findings in the table itself: no rows, unknown rooms, an arrow of [`NEVER`], a circle.
    pub fn check(&self) -> Vec<Finding> {
        if self.rows.is_empty() {
            return vec![Finding::new(PAGE, 1, RULE, "no table of arrows under the heading `## Arrows`")];
        }
        let mut findings = Vec::new();
        for (room, row) in &self.rows {
            let unknown = row.may.iter().filter(|name| !self.rows.contains_key(*name));
            findings.extend(unknown.map(|name| Finding::new(PAGE, row.line, RULE, format!("no row for `{name}`"))));
            let reached = self.reached_from(room);
            if reached.contains(room) {
                findings.push(Finding::new(PAGE, row.line, RULE, format!("`{room}` depends on itself")));
            }
            findings.extend(reached.iter().filter_map(|to| forbidden(room, to, PAGE, row.line)));
        }
        findings
    }

    /// Findings in one room's dependencies.
    pub fn check_room(&self, manifest: &Manifest, renamed: &BTreeMap<String, String>) -> Vec<Finding> {
        let (room, file) = (manifest.room(), &manifest.path);
        let Some(row) = self.rows.get(room) else {
            return vec![Finding::new(file, 1, RULE, format!("room `{room}` has no row in {PAGE}, `## Arrows`"))];
        };
        let mut findings = Vec::new();
        for dependency in manifest.dependencies(renamed) {
            let Some(to) = dependency.package.strip_prefix("bitaqa-") else { continue };
            findings.extend(forbidden(room, to, file, dependency.line));
            if !row.may.contains(to) {
                let detail = format!("{room} -> {to} is not in the table of {PAGE}, `## Arrows`");
                findings.push(Finding::new(file, dependency.line, RULE, detail));
            }
        }
        findings
    }

    /// Findings for rows whose room does not exist: a table must not promise more than there is.
    pub fn check_rooms_exist(&self, rooms: &BTreeSet<&str>) -> Vec<Finding> {
        let stale = self.rows.iter().filter(|(room, _)| !rooms.contains(room.as_str()));
        stale.map(|(room, row)| Finding::new(PAGE, row.line, RULE, format!("there is no crates/{room}"))).collect()
    }

    fn reached_from(&self, room: &str) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut open = vec![room.to_owned()];
        while let Some(room) = open.pop() {
            for next in self.rows.get(&room).into_iter().flat_map(|row| &row.may) {
                if reached.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        reached
    }
}

fn forbidden(from: &str, to: &str, file: &str, line: usize) -> Option<Finding> {
    let never = NEVER.iter().find(|(a, b, _)| (*a == "*" || *a == from) && *b == to)?;
    Some(Finding::new(file, line, RULE, format!("{from} -> {to} is forbidden whatever the table says: {}", never.2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# T\n\n## Arrows\n\n| room | may depend on |\n| --- | --- |\n| `lds` | - |\n| `pki` | lds |\n\
                        | card | lds pki |\n| terminal | lds, pki |\n| cli | all |\n\n## Next\n\n| x | y |\n";

    fn room(name: &str, dependencies: &[&str]) -> Manifest {
        let lines: Vec<String> = dependencies.iter().map(|to| format!("bitaqa-{to}.workspace = true\n")).collect();
        let text = format!("[package]\nname = \"bitaqa-{name}\"\n[dependencies]\n{}", lines.concat());
        Manifest::parse("crates/x/Cargo.toml", &text).unwrap()
    }

    fn lines(findings: &[Finding]) -> Vec<usize> {
        findings.iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn arrows_of_the_table_pass() {
        let table = Table::parse(GOOD);
        assert_eq!(table.check(), []);
        let none = BTreeMap::new();
        assert_eq!(table.check_room(&room("card", &["lds", "pki"]), &none), []);
        assert_eq!(table.check_room(&room("cli", &["card", "terminal", "pki", "lds"]), &none), []);
        assert_eq!(table.check_rooms_exist(&BTreeSet::from(["lds", "pki", "card", "terminal", "cli"])), []);
    }

    #[test]
    fn an_arrow_beside_the_table_is_found() {
        let (table, none) = (Table::parse(GOOD), BTreeMap::new());
        assert_eq!(lines(&table.check_room(&room("lds", &["pki"]), &none)), [4]);
        assert_eq!(lines(&table.check_room(&room("new", &[]), &none)), [1]);
        assert_eq!(lines(&table.check_rooms_exist(&BTreeSet::from(["lds", "pki", "card", "cli"]))), [10]);
    }

    #[test]
    fn a_forbidden_arrow_is_found_twice_even_under_another_name() {
        let table = Table::parse(GOOD);
        let text = "[package]\nname = \"bitaqa-card\"\n[dependencies]\nt = { package = \"bitaqa-terminal\" }\n";
        let manifest = Manifest::parse("crates/card/Cargo.toml", text).unwrap();
        assert_eq!(lines(&table.check_room(&manifest, &BTreeMap::new())), [4, 4]);
    }

    #[test]
    fn the_table_cannot_allow_what_is_forbidden() {
        for (from, to, _) in NEVER {
            let from = if *from == "*" { "perso" } else { from };
            let page = format!("## Arrows\n| room | may |\n|--|--|\n| {from} | mid |\n| mid | {to} |\n| {to} | - |\n");
            let findings = Table::parse(&page).check();
            assert!(findings.iter().any(|f| f.line == 4 && f.detail.contains("forbidden")), "{from} -> {to}");
        }
    }

    #[test]
    fn a_broken_table_is_found() {
        assert_eq!(lines(&Table::parse("# no table\n").check()), [1]);
        assert_eq!(lines(&Table::parse("## Arrows\n| a | b |\n").check()), [2]);
        assert_eq!(lines(&Table::parse("## Arrows\n| a | b |\n| b | a |\n").check()), [2, 3]);
    }
}
