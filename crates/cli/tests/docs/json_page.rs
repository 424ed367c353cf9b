//! docs/json.md against the program: what a sample shows, the command gives, and what a command gives at its top is on
//! the page.

use std::collections::BTreeSet;

use serde_json::Value;

use super::markdown::{Kind, Page};
use super::prose::without_dots;
use super::support::{Desk, command};

/// Paths of all keys; places in a list are not told apart.
fn keys(value: &Value, above: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let path = format!("{above}{key}");
                keys(value, &format!("{path}."), found);
                found.insert(path);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| keys(value, above, found)),
        _ => {}
    }
}

/// Heading and text of each section of a page that has samples, with the keys of these.
fn sections(page: &Page) -> Vec<(String, String, BTreeSet<String>)> {
    let headings: Vec<(usize, &str)> = page.prose().into_iter().filter(|(_, line)| line.starts_with("##")).collect();
    let ends = headings.iter().skip(1).map(|(line, _)| *line).chain([usize::MAX]);
    let section = |((begin, heading), end): (&(usize, &str), usize)| {
        let mut found = BTreeSet::new();
        for fence in page.fences.iter().filter(|f| f.kind == Kind::Json && (*begin..end).contains(&f.line)) {
            // What does not parse is another test's business.
            if let Ok(sample) = serde_json::from_str(&without_dots(&fence.lines.join("\n"))) {
                keys(&sample, "", &mut found);
            }
        }
        let lines = page.text.lines().skip(*begin).take(end.saturating_sub(*begin));
        (heading.trim_start_matches(['#', ' ']).to_owned(), lines.collect::<Vec<_>>().join("\n"), found)
    };
    headings.iter().zip(ends).map(section).collect()
}

/// What the program gives on this desk, whatever its exit code.
fn given(desk: &Desk, words: &str) -> BTreeSet<String> {
    let words: Vec<String> = words.split_whitespace().map(|word| word.replace("D/", &desk.arg(""))).collect();
    let output = command(&[words, vec!["--json".to_owned()]].concat()).output().unwrap();
    let value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{output:?}: {error}"));
    let mut found = BTreeSet::new();
    keys(&value, "", &mut found);
    found
}

#[test]
fn samples_show_what_the_program_gives() {
    let desk = Desk::issued();
    let image = "--image D/card.image";
    // files for `lds show`
    given(
        &desk,
        &format!("inspect {image} --mrz-file D/applicant/mrz.txt --trust D/pki --terminal D/pki --out D/seen"),
    );
    let of_fingers = Desk::for_profile("lab-finger");
    of_fingers.personalise(&["--profile", "lab-finger"]).expect_code(0);
    let verify = format!(
        "finger verify {} --number 5 --image {} --profile lab-finger --can {}",
        of_fingers.arg("applicant/right_index.png"),
        of_fingers.image().display(),
        of_fingers.can()
    );
    let seen = format!("{image} --mrz-file D/applicant/mrz.txt --trust D/pki --terminal D/pki --out D/again");
    let rows = [
        ("`applicant check FILE`", vec!["applicant check D/applicant/record.json".to_owned()]),
        ("`applicant sample DIR`", vec!["applicant sample D/p".to_owned()]),
        (
            "`portrait check FILE`, `portrait encode IN OUT`",
            vec![
                "portrait check D/applicant/portrait.jpg --annotated D/seen.png".to_owned(),
                "portrait encode D/p/portrait.png D/chip.jp2".to_owned(),
            ],
        ),
        ("`profile check P`", vec!["profile check cnie-2.0".to_owned()]),
        ("`profile show P`", vec!["profile show cnie-2.0".to_owned()]),
        ("`lds show FILE`", vec!["lds show D/seen/DG3.bin --extract D/parts".to_owned()]),
        ("`pki init DIR`, `pki show DIR`", vec!["pki init D/keys".to_owned()]),
        ("`card new`, `card info`", vec![format!("card info {image}")]),
        ("`card list`", vec![format!("card list {image} --pki D/pki")]),
        (
            "`card install`, `card delete`, `card lock`, `card keys put`, `card keys delete`",
            vec![format!("card lock {image} --pki D/pki A0000002471001")],
        ),
        ("`card apdu`", vec![format!("card apdu {image} 00A4040008A000000151000000=6A82")]),
        ("`inspect`", vec![format!("inspect {seen} --trace-data D/t"), format!("inspect {image} --can 000000")]),
        ("`card picture`", vec!["card picture --from D/seen --out D/drawn".to_owned()]),
        ("`card trace show`", vec!["card trace show D/t".to_owned()]),
        ("`finger convert`", vec!["finger convert D/applicant/right_index.png D/right_index.wsq".to_owned()]),
        ("`finger extract`", vec!["finger extract D/p/right_index.png D/right.fmr".to_owned()]),
        ("`finger match`", vec!["finger match D/right.fmr D/p/right_index.png".to_owned()]),
        ("`finger show`", vec!["finger show D/p/right_index.png D/marked.png".to_owned()]),
        ("`finger verify`", vec![verify]),
        ("`demo`", vec!["demo --out D/d --seed 7".to_owned()]),
        ("`doctor`", vec!["doctor".to_owned()]),
        ("`man --out DIR`", vec!["man --out D/man1".to_owned()]),
    ];
    let page = Page::read("docs/json.md");
    let sections = sections(&page);
    for (heading, commands) in rows {
        let found = sections.iter().find(|(name, _, _)| name == heading);
        let (_, text, shown) = found.unwrap_or_else(|| panic!("no section {heading}"));
        let given: BTreeSet<String> = commands.iter().flat_map(|words| given(&desk, words)).collect();
        let invented: Vec<&String> = shown.difference(&given).collect();
        assert!(invented.is_empty(), "{heading} shows what the program does not give: {invented:?}");
        let told = |key: &&String| text.contains(&format!("`{key}`")) || shown.contains(*key);
        let hidden: Vec<&String> = given.iter().filter(|key| !key.contains('.') && !told(key)).collect();
        assert!(hidden.is_empty(), "{heading} does not tell of {hidden:?}");
    }
}
