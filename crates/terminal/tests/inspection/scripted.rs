//! A card made of a script: answers to commands that begin with given octets, and files behind READ BINARY.

use bitaqa_apdu::{Atr, Bytes, Transport, TransportError, tlv};
use std::collections::BTreeMap;

/// A run that asks more often does not end by itself.
const COMMANDS_MAX: usize = 20_000;

/// What is said to a command.
type Answer = Box<dyn FnMut(&[u8]) -> Vec<u8>>;

/// A card without access control that gives what it was given.
#[derive(Default)]
pub struct ScriptedCard {
    /// Files of the master file, by short identifier.
    pub master_file: BTreeMap<u8, Vec<u8>>,
    /// Files of the application.
    pub application: BTreeMap<u8, Vec<u8>>,
    /// Answers that come before files: the beginning of the command, and how often (`None`: always).
    script: Vec<(Vec<u8>, Option<usize>, Answer)>,
    selected: bool,
    /// Every command that was sent, and `FF` for a reset.
    pub log: Vec<Vec<u8>>,
}

impl ScriptedCard {
    /// Answers always so.
    pub fn always(&mut self, command: &str, answer: &str) {
        let answer = hex::decode(answer).unwrap();
        self.script.push((hex::decode(command).unwrap(), None, Box::new(move |_| answer.clone())));
    }

    /// Answers so once; several for one command are said one after the other.
    pub fn once(&mut self, command: &str, answer: &str) {
        let answer = hex::decode(answer).unwrap();
        self.script.push((hex::decode(command).unwrap(), Some(1), Box::new(move |_| answer.clone())));
    }

    /// Computes its answer; an empty one leaves the command to what comes after.
    pub fn compute(&mut self, command: &str, answer: impl FnMut(&[u8]) -> Vec<u8> + 'static) {
        self.script.push((hex::decode(command).unwrap(), None, Box::new(answer)));
    }

    /// Whether a command with this beginning was sent.
    pub fn heard(&self, command: &str) -> bool {
        let beginning = hex::decode(command).unwrap();
        self.log.iter().any(|sent| sent.starts_with(&beginning))
    }

    fn scripted(&mut self, command: &[u8]) -> Option<Vec<u8>> {
        for (beginning, left, answer) in &mut self.script {
            if command.starts_with(beginning) && *left != Some(0) {
                *left = left.map(|left| left - 1);
                let answer = answer(command);
                if !answer.is_empty() {
                    return Some(answer);
                }
            }
        }
        None
    }

    fn read(&self, command: &[u8]) -> Vec<u8> {
        let files = if self.selected { &self.application } else { &self.master_file };
        let (p1, p2) = (command[2], command[3]);
        let ne = match command[4..] {
            [0] => 256,
            [ne] => usize::from(ne),
            _ => panic!("{command:02X?}"),
        };
        // Without short identifier the file is the one that was read last.
        let last = || self.log.iter().rev().find_map(|sent| sid(sent)).expect("a file was selected");
        let (file, offset) = match sid(command) {
            Some(sfi) => (files.get(&sfi), usize::from(p2)),
            None => (files.get(&last()), usize::from(p1) << 8 | usize::from(p2)),
        };
        let Some(file) = file else { return vec![0x6A, 0x82] };
        let part: &[u8] = file.get(offset..).unwrap_or_default();
        let part = &part[..part.len().min(ne)];
        [part, &[0x90, 0x00]].concat()
    }
}

/// The short identifier in a READ BINARY.
fn sid(command: &[u8]) -> Option<u8> {
    (command[1] == 0xB0 && command[2] & 0x80 != 0).then(|| command[2] & 0x1F)
}

impl Transport for ScriptedCard {
    fn reset(&mut self) -> Result<Atr, TransportError> {
        self.selected = false;
        self.log.push(vec![0xFF, 0xFF]);
        Ok(Atr(vec![0x3B, 0x00]))
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Bytes, TransportError> {
        assert!(self.log.len() < COMMANDS_MAX, "the inspection does not end");
        self.log.push(command.to_vec());
        if let Some(answer) = self.scripted(command) {
            return Ok(answer.into());
        }
        Ok(match command[1] {
            0xA4 => {
                self.selected = true;
                vec![0x90, 0x00]
            }
            0xB0 => self.read(command),
            _ => vec![0x6D, 0x00],
        }
        .into())
    }
}

/// EF.CardAccess or the content of DG14: a SET of entries in hexadecimal.
pub fn infos(entries: &[&str]) -> Vec<u8> {
    tlv::tlv(0x31, &hex::decode(entries.concat()).unwrap())
}

/// `PACEInfo`: generic mapping over ECDH, AES-128, brainpoolP256r1.
pub const PACE_GM: &str = "3012060A04007F0007020204020202010202010D";
