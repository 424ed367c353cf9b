//! Long-lived trust: X.509 certificates of the issuing state, EF.SOD, CV certificates, signers and sealed key files.
//!
//! The only room that sees the certificate libraries; none of their types leaves it. Keys are [`bitaqa_curves`] keys,
//! instants and dates are arguments, randomness is an argument, files are the caller's business.
//! Not here: key agreement and sessions (`secure-messaging`), CRLs, master lists, RSA, keys in hardware. The last one
//! has its door: [`Signer`].

pub mod cvc;
mod digest;
pub mod issuer_keys;
pub mod key_file;
pub mod signer;
pub mod sod;
pub mod spki;
pub mod trust;
pub mod x509;

pub use digest::HashAlgorithm;
pub use signer::{SignError, Signature, SignatureAlgorithm, Signer, SoftwareSigner};
pub use trust::TrustStore;
pub use x509::Certificate;
