//! The table of foreign programs; a module for each family of them.

mod foreign_card;
mod java;
mod jmrtd;
mod openpace;
mod opensc;
mod openssl;
mod pcsc_tools;
mod pyscard;
mod python;
mod scll;
mod yubikit;

use crate::program::Program;

/// All programs, in the order of the matrix.
pub const TABLE: &[&Program] = &[
    &jmrtd::JMRTD,
    &jmrtd::JMRTD_PCSC,
    &foreign_card::PASSPORT_APPLET,
    &opensc::TOOL,
    &opensc::PKCS15_TOOL,
    &opensc::PKCS15_CRYPT,
    &opensc::PKCS11_TOOL,
    &pcsc_tools::SCAN,
    &pcsc_tools::SCRIPTOR,
    &pyscard::PYSCARD,
    &yubikit::YUBIKIT_SCP,
    &scll::SCLL,
    &openssl::OPENSSL,
    &openpace::PRINT,
    &openpace::CREATE,
    &openpace::PYCVC,
];

/// The programs of these names, all of them for none.
///
/// # Errors
/// A name that is not in the table.
pub fn named(names: &[String]) -> Result<Vec<&'static Program>, String> {
    if names.is_empty() {
        return Ok(TABLE.to_vec());
    }
    let find = |name: &String| {
        let known = || TABLE.iter().map(|program| program.name).collect::<Vec<_>>().join(", ");
        let found = TABLE.iter().copied().find(|program| program.name == name);
        found.ok_or_else(|| format!("{name}: no such program; there are {}", known()))
    };
    names.iter().map(find).collect()
}
