//! A random source that hands out values known beforehand, so that a role makes the keys and nonces of an example.

use bitaqa_curves::{Domain, PrivateKey};
use core::convert::Infallible;
use rand_core::{TryCryptoRng, TryRng};
use std::collections::VecDeque;

/// Hands out its values one after the other, one a draw, and panics when it is asked for more or for another length: a
/// test then sees that a role draws in another order than the example did.
///
/// It fits the way in which `curves` draws keys: as many octets as the order has, again while they are out of range.
#[derive(Default)]
pub struct Script(VecDeque<Vec<u8>>);

impl Script {
    /// Draws nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Then a nonce or a challenge.
    pub fn octets(mut self, octets: Vec<u8>) -> Self {
        self.0.push_back(octets);
        self
    }

    /// Then a private key, by its value: printed ones come without zeros on the left, those of DH also longer than the
    /// order.
    pub fn key(self, domain: Domain, value: &[u8]) -> Self {
        let key = PrivateKey::from_bytes(domain, value).unwrap();
        self.octets(key.to_bytes().to_vec())
    }

    /// Whether everything was drawn.
    pub fn is_spent(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryRng for Script {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("values are drawn as octets")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("values are drawn as octets")
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        let draw = self.0.pop_front().expect("one draw more than the script has");
        assert_eq!(octets.len(), draw.len(), "a draw of another length than the script has");
        octets.copy_from_slice(&draw);
        Ok(())
    }
}

impl TryCryptoRng for Script {}
