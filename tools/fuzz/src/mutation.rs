//! Inputs out of inputs, by a seeded generator: what the smoke test has in place of libFuzzer. It knows nothing of what
//! code an input reaches, and so leans on seeds and dictionaries.

use rand::rngs::ChaCha20Rng;
use rand::{RngExt, SeedableRng};

/// Makes inputs for one target.
pub struct Mutator<'a> {
    rng: ChaCha20Rng,
    seeds: &'a [Vec<u8>],
    words: &'a [&'a [u8]],
    octets_max: usize,
}

/// Octets that lengths, counts and ranges break at.
const EDGES: [u8; 10] = [0x00, 0x01, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFE, 0xFF, 0x30];

impl<'a> Mutator<'a> {
    /// Over these seeds and words; the same number makes the same inputs.
    pub fn new(number: u64, seeds: &'a [Vec<u8>], words: &'a [&'a [u8]], octets_max: usize) -> Self {
        Self { rng: ChaCha20Rng::seed_from_u64(number), seeds, words, octets_max }
    }

    /// The next input: a seed with one to eight changes.
    pub fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.seed();
        for _ in 0..self.rng.random_range(1..=8) {
            self.change(&mut input);
        }
        input.truncate(self.octets_max);
        input
    }

    fn seed(&mut self) -> Vec<u8> {
        let place = self.place(self.seeds.len());
        self.seeds.get(place).cloned().unwrap_or_default()
    }

    /// A place in 0..length; 0 where there is none.
    fn place(&mut self, length: usize) -> usize {
        self.rng.random_range(0..length.max(1))
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.place(input.len());
        let octet: u8 = self.rng.random();
        match self.rng.random_range(0..9) {
            0 => set(input, at, |old| old ^ (1 << (octet & 7))),
            1 => set(input, at, |_| octet),
            2 => {
                let edge = EDGES.get(usize::from(octet) % EDGES.len()).copied().unwrap_or_default();
                set(input, at, |_| edge);
            }
            3 => set(input, at, |old| if octet & 1 == 0 { old.wrapping_add(1) } else { old.wrapping_sub(1) }),
            4 => {
                let end = (at + 1 + self.place(16)).min(input.len());
                input.drain(at.min(end)..end);
            }
            5 => {
                let end = (at + 1 + self.place(64)).min(input.len());
                let part = input.get(at..end).unwrap_or_default().to_vec();
                self.insert(input, &part);
            }
            6 => {
                let place = self.place(self.words.len());
                let word = self.words.get(place).copied().unwrap_or(&[0xFF, 0xFF]);
                self.insert(input, word);
            }
            7 => {
                // The head of one and the tail of another.
                let other = self.seed();
                let from = self.place(other.len());
                input.truncate(at);
                input.extend_from_slice(other.get(from..).unwrap_or_default());
            }
            _ => self.overwrite(input, at),
        }
    }

    fn insert(&mut self, input: &mut Vec<u8>, part: &[u8]) {
        let at = self.place(input.len() + 1);
        let tail = input.split_off(at.min(input.len()));
        input.extend_from_slice(part);
        input.extend(tail);
    }

    fn overwrite(&mut self, input: &mut [u8], at: usize) {
        let place = self.place(self.words.len());
        let word = self.words.get(place).copied().unwrap_or(&[0x00, 0x00]);
        input.iter_mut().skip(at).zip(word).for_each(|(to, from)| *to = *from);
    }
}

fn set(input: &mut [u8], at: usize, change: impl FnOnce(u8) -> u8) {
    if let Some(octet) = input.get_mut(at) {
        *octet = change(*octet);
    }
}
