//! The regression gate that does not depend on the machine's mood: instructions of fixed work, counted by callgrind,
//! against the committed counts. `UPDATE_EXPECT=1` writes them anew after a change that is meant.

use std::io::Write;
use std::process::Command;

/// Says aloud what is left out; not by `eprintln`, which the runner keeps to itself when a test passes.
fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED, instruction counts: {why}");
}

#[test]
fn fixed_work_takes_the_instructions_that_are_written_down() {
    if !Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success()) {
        return skipped("needs valgrind (apt-get install valgrind)");
    }
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let output = Command::new(env!("CARGO_BIN_EXE_bitaqa-bench"))
        .args(["instructions", if update { "--update" } else { "--check" }])
        .current_dir(root)
        .output()
        .unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    match output.status.code() {
        Some(0) => {}
        Some(3) => skipped(told.trim()),
        _ => panic!("{told}\nif this is meant: UPDATE_EXPECT=1 cargo test -p bitaqa-bench"),
    }
}
