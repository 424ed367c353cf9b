//! The world outside: clock, randomness, waiting. Passed into the libraries, which have none of their own.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use bitaqa_card::Platform;
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use rand_core::CryptoRng;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use time::{Date, UtcDateTime};

/// Now, in UTC.
pub fn now() -> UtcDateTime {
    UtcDateTime::now()
}

/// Today, in UTC.
pub fn today() -> Date {
    now().date()
}

/// A flag that the first SIGTERM or SIGINT sets, for work that ends cleanly. A second one kills, as without this.
///
/// # Errors
/// The operating system's refusal.
pub fn stop_flag() -> std::io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        // Set in this order: the first signal finds the flag unset and passes the killer by.
        flag::register_conditional_default(signal, Arc::clone(&stop))?;
        flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

/// Says yes for that many seconds from now on.
pub fn time_limit(seconds: u64) -> impl FnMut() -> bool {
    let (start, limit) = (Instant::now(), Duration::from_secs(seconds));
    move || start.elapsed() < limit
}

/// A generator seeded by the operating system.
pub fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_rng(&mut rand::rng())
}

/// A generator that makes the same again: for synthetic people only, never for keys.
pub fn seeded(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// What a virtual card gets: real randomness, real time.
pub struct RealPlatform(ChaCha20Rng);

impl Default for RealPlatform {
    fn default() -> Self {
        Self(rng())
    }
}

impl Platform for RealPlatform {
    fn rng(&mut self) -> &mut dyn CryptoRng {
        &mut self.0
    }

    fn wait(&mut self, milliseconds: u32) {
        std::thread::sleep(Duration::from_millis(milliseconds.into()));
    }
}
