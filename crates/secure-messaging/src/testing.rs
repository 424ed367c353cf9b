//! What the tests of this room share: vector files as tables of hexadecimal strings, and a random source that hands
//! out octets known beforehand, so that printed examples come out octet for octet.

use bitaqa_apdu::{Command, Response};
use core::convert::Infallible;
use rand_core::{TryCryptoRng, TryRng};
use std::collections::VecDeque;
use toml::Table;

/// Octets of an even number of hexadecimal digits.
pub fn hex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

/// One table of a vector file.
pub struct Case(pub Table);

impl Case {
    pub fn text(&self, key: &str) -> &str {
        self.0.get(key).unwrap_or_else(|| panic!("{key} in {}", self.name())).as_str().unwrap()
    }

    pub fn octets(&self, key: &str) -> Vec<u8> {
        hex(self.text(key))
    }

    pub fn maybe(&self, key: &str) -> Option<Vec<u8>> {
        self.0.get(key).map(|value| hex(value.as_str().unwrap()))
    }

    pub fn name(&self) -> &str {
        self.0.get("name").map_or("case without name", |name| name.as_str().unwrap())
    }

    /// The tables of an array inside the case.
    pub fn tables(&self, key: &str) -> Vec<Case> {
        self.0[key].as_array().unwrap().iter().map(|table| Case(table.as_table().unwrap().clone())).collect()
    }
}

/// The cases of a vector file, whose head must tell where they come from.
pub fn vectors(file: &str) -> Vec<Case> {
    let table: Table = file.parse().unwrap();
    for key in ["source", "clause", "purpose"] {
        assert!(table[key].as_str().is_some_and(|text| !text.is_empty()), "{key} is missing");
    }
    let cases = Case(table).tables("case");
    assert!(!cases.is_empty());
    cases
}

pub fn command(octets: &[u8]) -> Command {
    Command::parse(octets).unwrap()
}

pub fn response(octets: &[u8]) -> Response {
    Response::parse(octets).unwrap()
}

/// Hands out the given strings one after the other, one for each draw, and panics when it is asked for more or for
/// another length: a test then sees that a role draws in another order than the example did.
#[derive(Default)]
pub struct Script(VecDeque<Vec<u8>>);

impl Script {
    pub fn new(draws: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self(draws.into_iter().collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryRng for Script {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unimplemented_draw()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unimplemented_draw()
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        let draw = self.0.pop_front().expect("one draw more than the script has");
        // Printed scalars come without their leading zeros.
        octets.fill(0);
        let start = octets.len().checked_sub(draw.len()).expect("a shorter draw than the script has");
        octets[start..].copy_from_slice(&draw);
        Ok(())
    }
}

impl TryCryptoRng for Script {}

fn unimplemented_draw<T>() -> Result<T, Infallible> {
    panic!("keys are drawn as octets")
}

/// A source that repeats itself from a seed; good for tests only.
pub struct Seeded(pub u64);

impl TryRng for Seeded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|number| (number >> 32) as u32)
    }

    /// SplitMix64, a published public-domain generator.
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Ok(z ^ (z >> 31))
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        for chunk in octets.chunks_mut(8) {
            let number = self.try_next_u64()?.to_be_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Seeded {}
