//! The room as its users see it: issuing, signing, verifying, refusing. One binary, a module per noun.

// The whole file is a test: its helpers may fail as loudly as its tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stderr)]

mod cv_certificates;
mod fixture;
mod openssl;
mod path;
mod sod;
mod trust;
