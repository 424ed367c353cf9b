//! What this workspace does with octets that a stranger chose: one table of targets ([`TARGETS`]), each a function that
//! judges one input and panics when something is true that must never be.
//!
//! Three things run the same functions: libFuzzer (`tools/fuzz/run`), which looks for inputs that reach new code; the
//! smoke test, which mutates seeds a fixed number of times in every CI run; and the replay of regressions, inputs that
//! once broke something (`test-vectors/fuzz`). Seeds come from the vectors and from cards that are issued here
//! ([`issued`]), so that sessions reach what only a good card and a good terminal reach.
//!
//! A panic here is the finding, so that assertions are the language of this crate.

mod both_ways;
mod channels;
mod dialogues;
mod files;
mod hosts;
mod images;
pub mod issued;
mod issuer_sessions;
mod made;
mod memory;
pub mod mutation;
mod prints;
pub mod regression;
mod script;
mod secrets;
pub mod seeds;
mod sessions;
mod table;
mod texts;
mod tlv;
mod trust;
mod words;

pub use table::{TARGETS, Target, target};
