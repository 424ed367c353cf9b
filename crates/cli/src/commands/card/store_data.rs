//! `bitaqa card store-data`: data groupings out of a text file.
//!
//! ```text
//! # comment
//! DGI0101=70..          number, value
//! 8010*=1234            * under the DEK of the channel
//! ```

use std::path::Path;

use bitaqa_terminal::gp;
use serde::Serialize;
use zeroize::Zeroizing;

use super::manage::managed;
use crate::args::StoreData;
use crate::card_channel::{aid, failure};
use crate::exit::{Failure, Problem};
use crate::output::Output;
use crate::passphrase::Source;

struct Grouping {
    number: u16,
    sensitive: bool,
    value: Zeroizing<Vec<u8>>,
}

#[derive(Serialize)]
struct Stored {
    card: String,
    chip: String,
    groupings: usize,
    bytes: usize,
}

/// Runs the command.
///
/// # Errors
/// Bad input before a card is touched, card.
pub fn run(request: &StoreData, source: &Source, output: Output) -> Result<(), Failure> {
    let application = request.application.as_deref().map(|text| aid("--application", text)).transpose()?;
    let groupings = read(&request.file)?;
    let stored = managed(&request.managed, source, output, |session, opened| {
        if let Some(application) = &application {
            gp::personalize(session, application).map_err(|error| failure(&error.into(), "unchanged"))?;
        }
        let mut bytes = 0;
        for (index, grouping) in groupings.iter().enumerate() {
            let stored =
                gp::store_dgi(session, grouping.number, &grouping.value, grouping.sensitive, &mut |sent| bytes += sent);
            stored.map_err(|error| {
                let state = format!("holds {index} of {} data groupings", groupings.len());
                let mut failed = failure(&error, &state);
                failed.message = format!("data grouping {:04X}: {}", grouping.number, failed.message);
                failed
            })?;
        }
        Ok(Stored { card: request.managed.card.name(), chip: opened.chip.clone(), groupings: groupings.len(), bytes })
    })?;
    output.result(&stored, || {
        format!("chip {}: {} data groupings stored, {} octets", stored.chip, stored.groupings, stored.bytes)
    })
}

fn read(file: &Path) -> Result<Vec<Grouping>, Failure> {
    let remedy = "write one data grouping a line: DGI0101=HEX";
    let text = std::fs::read_to_string(file).map(Zeroizing::new);
    let text = text.map_err(|error| Failure::input(file, error, remedy))?;
    let (mut groupings, mut problems) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        match grouping(line) {
            Ok(grouping) => groupings.push(grouping),
            Err(what) => problems.push(Problem {
                file: file.display().to_string(),
                field: format!("line {}", index + 1),
                what: what.into(),
                remedy: remedy.into(),
            }),
        }
    }
    if !problems.is_empty() {
        return Err(Failure::problems(problems));
    }
    if groupings.is_empty() { Err(Failure::input(file, "holds no data grouping", remedy)) } else { Ok(groupings) }
}

fn grouping(line: &str) -> Result<Grouping, &'static str> {
    let (name, value) = line.split_once('=').ok_or("is not `DGI0101=HEX`")?;
    let name = name.trim().to_uppercase();
    let number = name.strip_prefix("DGI").unwrap_or(&name);
    let (number, sensitive) = number.strip_suffix('*').map_or((number, false), |number| (number, true));
    let four = number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u16::from_str_radix(number, 16).ok().filter(|_| four).ok_or("a number has four hexadecimal digits")?;
    let value: Zeroizing<String> = Zeroizing::new(value.split_whitespace().collect());
    let value = hex::decode(value.as_bytes()).map(Zeroizing::new).map_err(|_| "the value is not hexadecimal")?;
    // The DGI's own length field ends there, and the padding under the DEK takes up to 16 octets.
    if value.len() > 0xFFFF - 16 {
        return Err("a value has at most 65,519 octets");
    }
    Ok(Grouping { number, sensitive, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groupings_are_read_and_faults_told_without_values() {
        let plain = grouping("DGI0101 = 70 03 01 02 03").unwrap();
        assert_eq!((plain.number, plain.sensitive, plain.value.to_vec()), (0x0101, false, vec![0x70, 3, 1, 2, 3]));
        assert!(grouping("8010*=1234").unwrap().sensitive);
        for wrong in ["0101", "DGI101=00", "DGI+101=00", "DGI0101=0", "DGI0101=XY"] {
            assert!(grouping(wrong).err().is_some_and(|what| !what.contains("XY")), "{wrong}");
        }
    }
}
