//! Tests of the program, as its users run it. One binary: twenty of them would each link the whole program anew.

// Tests may panic: it is how they fail.
#![allow(clippy::unwrap_used)]

mod support;

#[path = "support/line.rs"]
mod line;

mod bad_input;
mod commands;
mod demo;
mod docs;
mod finger;
mod foreign_judges;
mod interrupted;
mod kinds;
mod laboratory;
mod mechanisms;
mod negative;
mod opensc;
mod operator;
mod partner;
mod portrait;
mod privacy;
mod reader_port;
mod reader_trouble;
mod real_input;
mod robust;
mod trust;
mod wire;

/// A file that is no module here would compile for nobody and prove nothing.
#[test]
fn every_file_of_this_folder_is_a_module_of_this_binary() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    let own = std::fs::read_to_string(format!("{folder}/cli.rs")).unwrap();
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let modules: Vec<String> = files.filter_map(|name| Some(name.strip_suffix(".rs")?.to_owned())).collect();
    assert!(modules.len() > 20, "{modules:?}");
    let missing: Vec<&String> =
        modules.iter().filter(|name| *name != "cli" && !own.contains(&format!("\nmod {name};\n"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
