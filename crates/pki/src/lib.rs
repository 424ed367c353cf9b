//! Long-lived trust: X.509 certificates of the issuing state, EF.SOD, CV certificates, signers and sealed key files.
//!
//! The only room that sees the certificate libraries; none of their types leaves it. Keys are [`bitaqa_curves`] keys,
//! instants and dates are arguments, randomness is an argument, files are the caller's business.
//! Not here: key agreement and sessions (`secure-messaging`), deviation lists, keys in hardware. The last one has its
//! door: [`Signer`].

mod algorithm;
mod ber;
mod cms;
pub mod crl;
pub mod cvc;
mod digest;
pub mod issuer_keys;
pub mod key_file;
pub mod master_list;
mod note;
mod public_key;
pub mod rsa;
pub mod signer;
mod signing_key;
pub mod sod;
pub mod spki;
pub mod trust;
pub mod x509;

pub use algorithm::{PssParameters, SignatureAlgorithm};
pub use cms::{CmsError, SignedContent, SignerId};
pub use crl::RevocationList;
pub use digest::HashAlgorithm;
pub use master_list::MasterList;
pub use note::Note;
pub use public_key::{PublicKey, VerifyError};
pub use signer::{SignError, Signature, Signer, SoftwareSigner};
pub use signing_key::{KeySigner, SigningKey};
pub use trust::TrustStore;
pub use x509::Certificate;
