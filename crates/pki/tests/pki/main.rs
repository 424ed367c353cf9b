//! The room as its users see it: issuing, signing, verifying, refusing. One binary, a module per noun.

// The whole file is a test: its helpers may fail as loudly as its tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stderr)]

mod crl;
mod cv_certificates;
mod cv_rsa;
mod fixture;
mod holder;
mod link;
mod master_list;
#[cfg(feature = "rsa")]
mod matrix;
mod openssl;
mod path;
mod sod;
#[cfg(feature = "rsa")]
mod tolerance;
mod trust;
mod vectors;
mod wycheproof;
