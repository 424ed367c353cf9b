//! Architecture tests: what the house rules say, read off the tree and held by `cargo test`.
//!
//! The rules are plain functions from text to [`Finding`]s, each with a unit test that plants a violation and wants it
//! found. `tests/repository.rs` runs them over this repository. Nothing here knows Rust beyond [`lexer`]: comments,
//! strings, words and matching brackets are enough for every rule, and a rule that needs more belongs to clippy.

pub mod arrows;
pub mod calls;
pub mod citations;
pub mod density;
mod finding;
pub mod lexer;
pub mod manifest;
pub mod marks;
pub mod names;
pub mod papers;
pub mod sizes;
pub mod source;
pub mod third_party;
pub mod tree;

pub use finding::Finding;
pub use manifest::Manifest;
pub use source::Source;
pub use tree::Tree;
