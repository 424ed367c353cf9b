//! Foreign packages that one room keeps out of the others.

use std::collections::BTreeMap;

use crate::{Finding, Manifest};

/// Packages, the rooms that may depend on them outside their tests, and why.
pub const OWNERS: &[(&[&str], &[&str], &str)] = &[
    (&["pcsc"], &["terminal"], "readers are reached through apdu::Transport"),
    (&["rusqlite", "postgres"], &["perso"], "SQL lives in perso::store"),
    (
        &["clap", "clap_complete", "indicatif", "comfy-table", "dialoguer"],
        &["cli"],
        "only the command line talks to people",
    ),
    (
        &["serde", "serde_json", "schemars", "toml"],
        &["profile", "perso", "conformance", "cli"],
        "text formats stay at the edge; protocols are bytes",
    ),
    (&["png"], &["biometrics", "picture"], "pixels stay in biometrics, and are drawn in picture"),
    (
        &["jpeg-encoder", "jpeg-decoder", "zune-jpeg", "hayro-jpeg2000", "rustface"],
        &["biometrics"],
        "pixels stay in biometrics",
    ),
    (&["openjp2"], &["jpeg2000"], "unsafe code stays behind one file"),
    (&["rustybuzz", "unicode-bidi"], &["picture"], "letters are set in picture"),
    (
        &["p256", "p384", "bp256", "bp384", "elliptic-curve", "primeorder", "ecdsa"],
        &["curves"],
        "groups are used through bitaqa_curves",
    ),
];

/// Findings in one room's dependencies; those for tests are free.
pub fn check(manifest: &Manifest, renamed: &BTreeMap<String, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for dependency in manifest.dependencies(renamed) {
        let owner = OWNERS.iter().find(|(packages, ..)| packages.contains(&dependency.package.as_str()));
        let Some((_, rooms, why)) = owner.filter(|(_, rooms, _)| !rooms.contains(&manifest.room())) else { continue };
        let detail = format!("{} belongs to {} only: {why}", dependency.package, rooms.join(", "));
        findings.push(Finding::new(&manifest.path, dependency.line, "third party", detail));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_room(room: &str, sections: &str) -> Vec<usize> {
        let text = format!("[package]\nname = \"bitaqa-{room}\"\n{sections}");
        let manifest = Manifest::parse("Cargo.toml", &text).unwrap();
        check(&manifest, &BTreeMap::new()).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn every_package_is_found_in_a_wrong_room_and_passes_in_its_own() {
        for (packages, rooms, _) in OWNERS {
            for package in *packages {
                let section = format!("[dependencies]\n{package}.workspace = true\n");
                assert_eq!(check_room("apdu", &section), [4], "{package}");
                assert!(rooms.iter().all(|room| check_room(room, &section).is_empty()), "{package}");
            }
        }
    }

    #[test]
    fn tests_may_use_any() {
        assert_eq!(check_room("lds", "[dev-dependencies]\ntoml = \"1\"\npng = \"1\"\n"), [0; 0]);
        assert_eq!(check_room("lds", "[build-dependencies]\ntoml = \"1\"\n"), [4]);
    }
}
