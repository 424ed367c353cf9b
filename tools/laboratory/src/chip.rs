//! Chips whose randomness is a seed and whose waiting takes no time.

use bitaqa_card::nvm::medium::MemoryMedium;
use bitaqa_card::{Card, ChipSpec, Platform};
use bitaqa_profile::Profile;
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use rand_core::CryptoRng;

use crate::Outcome;

/// A chip's randomness from a seed. It does not wait: a delay is what the card says, not what a tool sits through.
pub struct Seeded(ChaCha20Rng);

impl Seeded {
    /// The octets of a seed, the same in every run.
    pub fn boxed(seed: u64) -> Box<dyn Platform> {
        Box::new(Self(ChaCha20Rng::seed_from_u64(seed)))
    }
}

impl Platform for Seeded {
    fn rng(&mut self) -> &mut dyn CryptoRng {
        &mut self.0
    }

    fn wait(&mut self, _: u32) {}
}

/// A blank chip of a product. Serial numbers and factory keys come from the seed, as all that it draws later does.
///
/// # Errors
/// A profile that no chip can be made of.
pub fn blank(profile: &Profile, seed: u64) -> Outcome<Card> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let spec = ChipSpec::of_profile(profile, &mut rng)?;
    Ok(Card::blank(spec, Box::new(MemoryMedium::default()), Box::new(Seeded(rng)))?)
}
