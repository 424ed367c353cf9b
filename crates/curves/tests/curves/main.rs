//! The crate from outside: printed numbers, every domain parameter id, and OpenSSL as a second opinion.

// All of it is test: helpers may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stderr)]

mod domains;
mod file;
mod openssl;
mod vectors;
mod wycheproof;
