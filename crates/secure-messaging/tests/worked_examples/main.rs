//! Every worked example of the access protocols, from both roles: dialogues that a standard prints and dialogues of a
//! second implementation. One table, [`FILES`]; beside it a test that each mechanism spoken here has a case.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // tests

mod active_authentication;
mod bac;
mod case;
mod chip_authentication;
mod coverage;
mod pace;
mod script;
mod secure_messaging;
mod terminal_authentication;

use case::Case;
use std::path::Path;

/// Replays one case, as card and as terminal; panics where an octet differs.
type Replay = fn(&Case);

/// Every file of test-vectors with dialogues of this room, and what replays its cases.
const FILES: &[(&str, Replay)] = &[
    ("bsi-eac/chip_authentication_dh.toml", chip_authentication::replay_agreement),
    ("bsi-eac/chip_authentication_ecdh.toml", chip_authentication::replay_agreement),
    ("bsi-eac/pace.toml", pace::replay),
    ("bsi-eac/terminal_authentication.toml", terminal_authentication::replay_of_two_types),
    ("icao9303-11/aa_dialogues.toml", active_authentication::replay),
    ("icao9303-11/active_authentication_rsa.toml", active_authentication::replay_without_key),
    ("icao9303-11/bac.toml", bac::replay),
    ("icao9303-11/bac_dialogues.toml", bac::replay),
    ("icao9303-11/pace_dh_gm.toml", pace::replay),
    ("icao9303-11/pace_dh_im.toml", pace::replay),
    ("icao9303-11/pace_ecdh_cam.toml", pace::replay),
    ("icao9303-11/pace_ecdh_gm.toml", pace::replay),
    ("icao9303-11/pace_ecdh_im.toml", pace::replay),
    ("icao9303-11/sm_3des.toml", secure_messaging::replay),
    ("icao9303-11/sm_aes.toml", secure_messaging::replay_parts),
    ("icao9303-11/sm_dialogues.toml", secure_messaging::replay),
    ("tr03110/ca_dialogues.toml", chip_authentication::replay),
    ("tr03110/pace_dialogues_cam.toml", pace::replay),
    ("tr03110/pace_dialogues_gm.toml", pace::replay),
    ("tr03110/pace_dialogues_im.toml", pace::replay),
    ("tr03110/pace_dialogues_short_dh_keys.toml", pace::replay),
    ("tr03110/ta_dialogues_ecdsa.toml", terminal_authentication::replay),
    ("tr03110/ta_dialogues_rsa.toml", terminal_authentication::replay),
];

#[test]
fn every_case_replays_from_both_sides() {
    let mut failed = Vec::new();
    for (file, replay) in FILES {
        for case in case::read(file) {
            let name = format!("{file}: {}", case.name());
            // All that differ are told, not the first one alone.
            if std::panic::catch_unwind(|| replay(&case)).is_err() {
                failed.push(name);
            }
        }
    }
    assert!(failed.is_empty(), "{} cases differ:\n{}", failed.len(), failed.join("\n"));
}

/// A file of dialogues that nobody replays would prove nothing.
#[test]
fn no_file_of_dialogues_is_left_out() {
    let root = case::folder();
    let is_in_table = |name: &str| FILES.iter().any(|(file, _)| *file == name);
    for standard in std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for path in std::fs::read_dir(standard).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.strip_prefix(Path::new(&root)).unwrap().to_str().unwrap().replace('\\', "/");
            let holds_dialogues = std::fs::read_to_string(&path).unwrap().contains("\n[[case.exchange]]");
            assert!(!holds_dialogues || is_in_table(&name), "{name} is not in the table of this test");
        }
    }
}
