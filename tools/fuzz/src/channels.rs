//! What both ends of a secure channel of GlobalPlatform read: key data fields, load files, confirmations, answers,
//! certificates of hosts.

use core::convert::Infallible;
use std::sync::OnceLock;

use bitaqa_apdu::{Bytes, Command, Sw, ins, tlv};
use bitaqa_curves::{Curve, SecretScalar, ecdsa};
use bitaqa_pki::HashAlgorithm;
use bitaqa_secure_messaging::management::{self, Confirmation, LoadFile};
use bitaqa_secure_messaging::scp11::{self, Authority, Chain};
use bitaqa_secure_messaging::{DataEncryption, put_key, scp02, scp03};
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use zeroize::Zeroizing;

use crate::both_ways;

/// A key that leaves everything as it is: the fuzzer then sees the octets that the parser sees.
pub struct Clear(usize);

impl Clear {
    /// Blocks as of AES.
    pub const AES: Self = Self(16);
    /// Blocks as of 3DES.
    pub const TRIPLE_DES: Self = Self(8);
}

impl DataEncryption for Clear {
    fn key_block(&self) -> usize {
        self.0
    }

    fn encrypt_sensitive(&self, plain: &[u8]) -> Vec<u8> {
        plain.to_vec()
    }

    fn decrypt_sensitive(&self, cryptogram: &[u8]) -> Result<Bytes, Sw> {
        Ok(cryptogram.into())
    }

    fn encrypt_key(&self, blocks: &[u8]) -> Result<Vec<u8>, Sw> {
        Ok(blocks.to_vec())
    }

    fn decrypt_key(&self, cryptogram: &[u8]) -> Result<Zeroizing<Vec<u8>>, Sw> {
        let whole = cryptogram.len().is_multiple_of(self.0);
        if whole { Ok(Zeroizing::new(cryptogram.to_vec())) } else { Err(Sw::WRONG_DATA) }
    }
}

/// Data field of PUT KEY: P2, then the field. Keys that are read go out and come in again as the same keys.
pub fn put_keys(input: &[u8]) {
    let Some((p2, data)) = input.split_first() else { return };
    for channel in [Clear::AES, Clear::TRIPLE_DES] {
        let Ok((kvn, keys)) = put_key::parse(*p2, data, &channel) else { continue };
        assert!((1..=0x7F).contains(&kvn) && keys.len() < data.len());
        let _ = put_key::key_set(&keys);
        let confirmation = put_key::confirmation(kvn, &keys);
        assert!(put_key::check_confirmation(&confirmation, kvn, &keys).is_ok());
        if let Ok(command) = put_key::build(kvn, 0, &keys, &channel) {
            let again = put_key::parse(command.p2, &command.data, &channel);
            let same = again.is_ok_and(|(version, again)| version == kvn && same_keys(&again, &keys));
            assert!(same, "keys that come back as others");
        }
    }
}

fn same_keys(left: &[put_key::NewKey], right: &[put_key::NewKey]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|(left, right)| {
            left.id == right.id && left.kind == right.kind && *left.value == *right.value && left.usage == right.usage
        })
}

/// Load files and confirmations; tokens apart from the fields before them.
pub fn content_management(input: &[u8]) {
    if let Ok(file) = LoadFile::parse(input) {
        assert_eq!(file.encode(), input);
        let digest = HashAlgorithm::Sha256.digest(file.data_block);
        assert!(file.verify(&digest, &|_| None).is_ok() == file.daps.is_empty(), "a DAP without a key to verify it");
    }
    both_ways::values(input, Confirmation::parse, |confirmation| Ok::<_, Infallible>(confirmation.encode()));
    if let Ok((data, token)) = management::split_install_token(input) {
        // A length that is not minimal is read and not written.
        let written = management::with_install_token(data, token);
        assert_eq!(management::split_install_token(&written).ok(), Some((data, token)));
    }
    if let Ok((data, token)) = management::split_delete_token(input) {
        assert!(data.len() + token.map_or(0, <[u8]>::len) <= input.len());
    }
    if let [p1, p2, data @ ..] = input {
        let _ = management::token_message(*p1, *p2, data);
    }
}

/// Answers to INITIALIZE UPDATE.
pub fn initialize_update(input: &[u8]) {
    both_ways::octets(input, scp03::InitializeUpdateResponse::parse, |answer| Ok::<_, Infallible>(answer.encode()));
    both_ways::octets(input, scp02::InitializeUpdateResponse::parse, |answer| Ok::<_, Infallible>(answer.encode()));
}

/// The authority that signs certificates of hosts here.
fn authority() -> &'static SecretScalar {
    static KEY: OnceLock<SecretScalar> = OnceLock::new();
    KEY.get_or_init(|| SecretScalar::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(11)))
}

/// A certificate of a host. With an odd first octet the rest is what stands before the signature in a certificate of
/// GlobalPlatform's form, and is signed here: behind the signature there is something to find, too.
pub fn host_certificate(input: &[u8]) {
    let [kind, p2, octets @ ..] = input else { return };
    let signed = if kind & 1 == 0 { None } else { signed(octets) };
    let data = signed.as_deref().unwrap_or(octets);
    let point = authority().public();
    let authority = Authority { id: scp11::CA_KLOC_KEY_ID, kvn: 3, point: &point };
    let command = Command::globalplatform(ins::PERFORM_SECURITY_OPERATION, 0, *p2).data(data);
    let begun = (kind & 2 != 0).then(|| Chain::Begun(point.clone()));
    if let Ok((response, chain)) = scp11::perform_security_operation(begun, &command, &authority) {
        assert!(signed.is_some(), "a certificate that nobody signed");
        assert_eq!(response.sw, Sw::OK);
        assert_eq!(chain.into_host().is_some(), p2 & 0x80 == 0);
    }
}

fn signed(content: &[u8]) -> Option<Vec<u8>> {
    let digest = HashAlgorithm::Sha256.digest(content);
    let signature = ecdsa::sign_digest(authority(), &digest).ok()?;
    Some(tlv::tlv(0x7F21, &[content, &tlv::tlv(0x5F37, &signature)].concat()))
}
