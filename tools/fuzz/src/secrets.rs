//! What no answer of a sealed card may hold, whatever it was asked: looked for in every answer of every session.

use bitaqa_apdu::{AccessRule, Need, Response};
use bitaqa_card::nvm::image;

use crate::issued::Issued;

/// First key of a private key in the memory of an application.
const PRIVATE_KEYS: u16 = 0x8000;
/// Cell with the SHA-1 of the MRZ in the memory of an eMRTD.
const MRZ_SECRET: u16 = 0x0004;
/// An answer of fewer octets tells too little to say where it is from.
const TELLING_OCTETS: usize = 32;
/// Octets of a secret that are enough to know it by.
const SECRET_OCTETS: usize = 16;

/// What has been proved to a card so far, at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proved {
    /// Nothing.
    #[default]
    Nothing,
    /// A password.
    Password,
    /// A terminal certificate.
    Terminal,
}

/// The secrets of one card.
pub struct Secrets {
    keys: Vec<Vec<u8>>,
    files: Vec<(Proved, Vec<u8>)>,
}

impl Secrets {
    /// Those of an issued card: keys out of its memory, files out of an inspection by what their rules ask for.
    pub fn of(issued: &Issued) -> Self {
        let cells = image::load(&issued.sealed).map(|loaded| loaded.cells).unwrap_or_default();
        let is_secret = |key: u16, content: &[u8]| key >= PRIVATE_KEYS || (key == MRZ_SECRET && content.len() == 20);
        let of_cells = cells.iter().filter(|(cell, content)| cell.owner != 0 && is_secret(cell.key, content));
        let tails = of_cells.filter_map(|(_, content)| content.last_chunk::<SECRET_OCTETS>()).map(|tail| tail.to_vec());
        let of_channel = issued.card_keys.keys().map(|key| key.get(..SECRET_OCTETS).unwrap_or_default().to_vec());
        let rule =
            |name: &str| issued.profile.files.iter().find(|file| file.name == name).map(|file| asked(&file.read));
        let files = issued.files.iter();
        let files = files.filter_map(|(name, content)| Some((rule(name)?, content.clone()))).collect();
        Self { keys: tails.chain(of_channel).filter(|key| !key.is_empty()).collect(), files }
    }

    /// How many keys are known: a search for none would find none.
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    /// Looks through an answer.
    pub fn look_through(&self, response: &Response, proved: Proved) {
        let data: &[u8] = &response.data;
        for key in &self.keys {
            assert!(!holds(data, key), "a key in an answer of {} octets", data.len());
        }
        if data.len() < TELLING_OCTETS {
            return;
        }
        let part = |(_, content): &&(Proved, Vec<u8>)| holds(content, data);
        let mut from = self.files.iter().filter(part).map(|(asked, _)| *asked);
        if let Some(least) = from.by_ref().min() {
            assert!(least <= proved, "{} octets of a file that asks for {least:?}, with {proved:?}", data.len());
        }
    }
}

fn holds(octets: &[u8], wanted: &[u8]) -> bool {
    octets.windows(wanted.len().max(1)).any(|window| window == wanted)
}

/// The least that a rule asks for.
fn asked(rule: &AccessRule) -> Proved {
    let of_all = |all: &Vec<Need>| {
        let terminal = all.iter().any(|need| matches!(need, Need::Ta(_)));
        match (all.is_empty(), terminal) {
            (true, _) => Proved::Nothing,
            (_, true) => Proved::Terminal,
            _ => Proved::Password,
        }
    };
    rule.alternatives().iter().map(of_all).min().unwrap_or(Proved::Terminal)
}
