//! Who may manage the content of a card: signatures of load files (DAP), tokens and receipts, GPC 2.3.1 §11.6 and
//! Appendix C.
//!
//! ```text
//! load file   E2 { 4F AID of the verifying domain  C3 signature }  repeated, then  C4 { load file data block }
//! DAP         signature over the hash of the load file data block
//! token       signature over P1 P2 Lc data, all without the token; appended as LV, in DELETE as 9E
//! receipt     signature over confirmation data ‖ LV fields; LV receipt ‖ confirmation data in the response
//! confirm.    02 counter(2) ‖ LV unique data ‖ [LV token identifier] ‖ [LV digest of the token's data]
//! ```
//! Which scheme a key signs with follows from its kind and length alone: retail MAC, CMAC of 16 octets, RSA 1024 with
//! PKCS #1 v1.5 and SHA-1, longer RSA with PSS and SHA-256, ECDSA as r ‖ s with the hash of the curve's length.
//! Not here: who holds which privilege, and load files that are encrypted.

use crate::aes_key::AesKey;
use crate::put_key::{KeyKind, NewKey};
use crate::session_key::SessionKey;
use crate::sm::Cipher;
use bitaqa_apdu::Sw;
use bitaqa_apdu::tlv::{self, Reader, TlvError};
use bitaqa_curves::{Curve, Point, SecretScalar, ecdsa};
use bitaqa_pki::rsa::RsaPublicKey;
use bitaqa_pki::{HashAlgorithm, PssParameters, PublicKey, Signature, SignatureAlgorithm, Signer, SigningKey};
use core::fmt;
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;

/// What can be wrong with a signature of content management.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManagementError {
    /// A key that signs nothing here: of another kind, or an RSA key that is no key.
    #[error("a key that can neither sign nor verify for content management (GPC 2.3.1 Table C-1)")]
    Key,
    /// A public key cannot sign.
    #[error("a public key cannot sign")]
    NoPrivateKey,
    /// The signature does not belong to key and message.
    #[error("the signature does not verify (GPC 2.3.1 Appendix C)")]
    Signature,
    /// A load file, token or confirmation of another layout.
    #[error("{0} (GPC 2.3.1 §11.6.2.3, §11.1.6)")]
    Layout(&'static str),
    /// Data objects that are none.
    #[error("load file: {0} (GPC 2.3.1 §11.6.2.3)")]
    Objects(#[from] TlvError),
    /// The hash of the load file data block is another than INSTALL [for load] announced.
    #[error("the load file data block has another hash (GPC 2.3.1 §C.2)")]
    Hash,
}

/// Status words of GPC 2.3.1 §11.1.3, §11.5.3.2 and §11.6.3.2.
impl From<ManagementError> for Sw {
    #[allow(clippy::match_same_arms)] // a clause per arm
    fn from(error: ManagementError) -> Self {
        match error {
            ManagementError::Key => Sw::REFERENCE_NOT_FOUND, // GPC 2.3.1 §C.1.1.1: the operation fails without the key
            ManagementError::Signature => Sw::SECURITY_STATUS_NOT_SATISFIED,
            ManagementError::Layout(_) | ManagementError::Objects(_) => Sw::WRONG_DATA,
            ManagementError::Hash => Sw::WRONG_DATA,
            ManagementError::NoPrivateKey => Sw::EXECUTION_ERROR,
        }
    }
}

/// A key for DAP verification, tokens or receipts. Wiped when dropped; `Debug` shows its kind.
pub struct AuthorizationKey(Scheme);

enum Scheme {
    TripleDes(SessionKey),
    Aes(Box<AesKey>),
    Rsa(RsaPublicKey),
    EcPublic(Point),
    EcPrivate(SecretScalar),
}

impl fmt::Debug for AuthorizationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Scheme::TripleDes(_) => "AuthorizationKey(3DES)",
            Scheme::Aes(_) => "AuthorizationKey(AES)",
            Scheme::Rsa(_) => "AuthorizationKey(RSA, public)",
            Scheme::EcPublic(_) => "AuthorizationKey(EC, public)",
            Scheme::EcPrivate(_) => "AuthorizationKey(EC)",
        })
    }
}

impl AuthorizationKey {
    /// From a key that PUT KEY brought.
    ///
    /// # Errors
    /// [`ManagementError::Key`] for a value that is no key.
    pub fn from_new_key(key: &NewKey) -> Result<Self, ManagementError> {
        Self::new(key.kind, &key.value)
    }

    /// From kind and value, as [`KeyKind`] tells.
    ///
    /// # Errors
    /// [`ManagementError::Key`] for a value that is no key.
    pub fn new(kind: KeyKind, value: &[u8]) -> Result<Self, ManagementError> {
        let wrong = ManagementError::Key;
        let scheme = match kind {
            KeyKind::TripleDes => Scheme::TripleDes(SessionKey::new(Cipher::TripleDes, value).map_err(|_| wrong)?),
            KeyKind::Aes => Scheme::Aes(Box::new(AesKey::new(value).map_err(|_| wrong)?)),
            KeyKind::RsaPublic => {
                let mut reader = Reader::new(value);
                let modulus = reader.expect(0x81).map_err(|_| ManagementError::Key)?;
                let exponent = reader.expect(0x82).map_err(|_| ManagementError::Key)?;
                Scheme::Rsa(RsaPublicKey::new(modulus, exponent).map_err(|_| wrong)?)
            }
            KeyKind::EcPublic(curve) => Scheme::EcPublic(Point::decode(curve, value).map_err(|_| wrong)?),
            KeyKind::EcPrivate(curve) => Scheme::EcPrivate(SecretScalar::from_bytes(curve, value).map_err(|_| wrong)?),
        };
        Ok(Self(scheme))
    }

    /// Signs, with a symmetric key or a private one on a curve: receipts of a card, tokens of an issuer who shares a
    /// key with it.
    ///
    /// # Errors
    /// [`ManagementError::NoPrivateKey`] for a public key.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, ManagementError> {
        match &self.0 {
            Scheme::TripleDes(key) => Ok(key.mac(message).to_vec()),
            Scheme::Aes(key) => Ok(key.cmac(&[message]).to_vec()),
            Scheme::EcPrivate(key) => {
                let digest = hash_of_curve(key.curve()).digest(message);
                ecdsa::sign_digest(key, &digest).map_err(|_| ManagementError::Key)
            }
            Scheme::Rsa(_) | Scheme::EcPublic(_) => Err(ManagementError::NoPrivateKey),
        }
    }

    /// Verifies what [`Self::sign`] or [`sign`] made.
    ///
    /// # Errors
    /// [`ManagementError::Signature`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), ManagementError> {
        let verified = match &self.0 {
            Scheme::TripleDes(_) | Scheme::Aes(_) => self.sign(message)?.ct_eq(signature).into(),
            Scheme::Rsa(key) => {
                PublicKey::Rsa(key.clone()).verify(rsa_scheme(key), message, &Signature(signature.to_vec())).is_ok()
            }
            Scheme::EcPublic(point) => verify_ec(point, message, signature),
            Scheme::EcPrivate(key) => verify_ec(&key.public(), message, signature),
        };
        if verified { Ok(()) } else { Err(ManagementError::Signature) }
    }

    /// Whether a load file hash of so many octets is strong enough beside this key, GPC 2.3.1 Table C-3.
    pub fn accepts_hash_of(&self, octets: usize) -> bool {
        let least = match &self.0 {
            Scheme::TripleDes(_) | Scheme::Aes(_) => HashAlgorithm::Sha1,
            Scheme::Rsa(key) => rsa_scheme(key).hash(),
            Scheme::EcPublic(point) => hash_of_curve(point.curve()),
            Scheme::EcPrivate(key) => hash_of_curve(key.curve()),
        };
        octets >= least.digest_bytes()
    }
}

/// Host: signs with a private key of an issuer or application provider. `rng` gives salt and blinding of RSA.
///
/// # Errors
/// [`ManagementError::Key`] for an RSA key below 2048 bits: cards verify with such keys, nobody signs with them now.
pub fn sign(key: &SigningKey, message: &[u8], rng: &mut dyn CryptoRng) -> Result<Vec<u8>, ManagementError> {
    let algorithm = match key.public() {
        PublicKey::Ec(point) => {
            // r ‖ s is what the signer makes; DER would be a step of X.509.
            SignatureAlgorithm::Ecdsa(hash_of_curve(point.curve()))
        }
        PublicKey::Rsa(key) => rsa_scheme(&key),
    };
    let signer = key.signer(algorithm, rng).map_err(|_| ManagementError::Key)?;
    signer.sign(message).map(|signature| signature.0).map_err(|_| ManagementError::Key)
}

/// GPC 2.3.1 §B.3: keys of 1024 bits have a scheme of their own.
fn rsa_scheme(key: &RsaPublicKey) -> SignatureAlgorithm {
    if key.bits() <= 1024 {
        SignatureAlgorithm::RsaPkcs1(HashAlgorithm::Sha1)
    } else {
        SignatureAlgorithm::RsaPss(PssParameters::of(HashAlgorithm::Sha256))
    }
}

/// GPC 2.3.1 Table B-3.
const fn hash_of_curve(curve: Curve) -> HashAlgorithm {
    match curve.field_bytes() {
        0..48 => HashAlgorithm::Sha256,
        48..64 => HashAlgorithm::Sha384,
        _ => HashAlgorithm::Sha512,
    }
}

fn verify_ec(point: &Point, message: &[u8], signature: &[u8]) -> bool {
    let digest = hash_of_curve(point.curve()).digest(message);
    ecdsa::verify_digest(point, &digest, signature).is_ok()
}

/// A signature in a load file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dap<'a> {
    /// AID of the security domain that verifies it.
    pub domain: &'a [u8],
    /// Signature over the hash of the data block.
    pub signature: &'a [u8],
}

/// What all LOAD commands of a load file carry together, GPC 2.3.1 Table 11-57.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadFile<'a> {
    /// Signatures, in the order of the file.
    pub daps: Vec<Dap<'a>>,
    /// Load file data block: the code.
    pub data_block: &'a [u8],
}

impl<'a> LoadFile<'a> {
    /// Octets for LOAD.
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::new();
        for dap in &self.daps {
            tlv::put(&mut octets, 0xE2, &[tlv::tlv(0x4F, dap.domain), tlv::tlv(0xC3, dap.signature)].concat());
        }
        tlv::put(&mut octets, 0xC4, self.data_block);
        octets
    }

    /// Inverse of [`Self::encode`].
    ///
    /// # Errors
    /// [`ManagementError::Objects`] for another layout.
    pub fn parse(octets: &'a [u8]) -> Result<Self, ManagementError> {
        let mut reader = Reader::new(octets);
        let mut daps = Vec::new();
        while let Some(fields) = reader.optional(0xE2)? {
            let mut fields = Reader::new(fields);
            let (domain, signature) = (fields.expect(0x4F)?, fields.expect(0xC3)?);
            fields.finish()?;
            daps.push(Dap { domain, signature });
        }
        let data_block = reader.expect(0xC4)?;
        reader.finish()?;
        Ok(Self { daps, data_block })
    }

    /// Compares the data block with the hash that INSTALL [for load] announced, whose length tells the algorithm
    /// (GPC 2.3.1 §C.2), and each signature with it. `key` finds the DAP key of a security domain.
    ///
    /// # Errors
    /// [`ManagementError::Hash`] for another data block, [`ManagementError::Key`] for a domain without a key or a hash
    /// too weak for it, [`ManagementError::Signature`].
    pub fn verify(
        &self,
        announced: &[u8],
        key: &dyn Fn(&[u8]) -> Option<AuthorizationKey>,
    ) -> Result<(), ManagementError> {
        let algorithm = HashAlgorithm::ALL.into_iter().find(|hash| hash.digest_bytes() == announced.len());
        let hash = algorithm.ok_or(ManagementError::Hash)?.digest(self.data_block);
        if hash != announced {
            return Err(ManagementError::Hash);
        }
        for dap in &self.daps {
            let key = key(dap.domain).filter(|key| key.accepts_hash_of(announced.len())).ok_or(ManagementError::Key)?;
            key.verify(announced, dap.signature)?;
        }
        Ok(())
    }
}

/// What a token is a signature over, GPC 2.3.1 §C.4: `data` is the data field up to where the token's length stands.
/// Of a chain of commands it is all data fields together, with P1 and P2 of the last.
///
/// # Errors
/// [`ManagementError::Layout`] beyond 65,535 octets.
pub fn token_message(p1: u8, p2: u8, data: &[u8]) -> Result<Vec<u8>, ManagementError> {
    let mut message = vec![p1, p2];
    if let Ok(short) = u8::try_from(data.len()) {
        message.push(short);
    } else {
        let lc = u16::try_from(data.len()).map_err(|_| ManagementError::Layout("a command too long for a token"))?;
        message.push(0);
        message.extend_from_slice(&lc.to_be_bytes());
    }
    message.extend_from_slice(data);
    Ok(message)
}

/// Host: puts a token behind the data of an INSTALL command that lacks its last field.
pub fn with_install_token(data: &[u8], token: &[u8]) -> Vec<u8> {
    let mut octets = data.to_vec();
    put_lv(&mut octets, token);
    octets
}

/// Card: data and token of INSTALL, whose last length-value field the token is; empty when there is none.
///
/// # Errors
/// [`ManagementError::Layout`] for no sequence of length-value fields.
pub fn split_install_token(data: &[u8]) -> Result<(&[u8], &[u8]), ManagementError> {
    let wrong = ManagementError::Layout("INSTALL: no sequence of length-value fields");
    let (mut rest, mut last) = (data, None);
    while !rest.is_empty() {
        let (field, left) = read_lv(rest).ok_or(wrong.clone())?;
        last = Some((data.len() - rest.len(), field));
        rest = left;
    }
    let (start, token) = last.ok_or(wrong.clone())?;
    Ok((data.get(..start).ok_or(wrong)?, token))
}

/// Host: puts a token behind the data of DELETE.
pub fn with_delete_token(data: &[u8], token: &[u8]) -> Vec<u8> {
    let mut octets = data.to_vec();
    tlv::put(&mut octets, 0x9E, token);
    octets
}

/// Card: data and token of DELETE, whose last object with tag 9E the token is.
///
/// # Errors
/// [`ManagementError::Objects`] for no data objects.
pub fn split_delete_token(data: &[u8]) -> Result<(&[u8], Option<&[u8]>), ManagementError> {
    let mut reader = Reader::new(data);
    let mut start = 0;
    while let Some(object) = reader.next()? {
        if object.tag == 0x9E {
            reader.finish()?;
            return Ok((data.get(..start).unwrap_or_default(), Some(object.value)));
        }
        start = reader.position();
    }
    Ok((data, None))
}

/// What a card confirms with a receipt, GPC 2.3.1 Table 11-14.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confirmation {
    /// How many receipts were made before, at most 32,767 on every card.
    pub counter: u16,
    /// Identification number and image number of the security domain that makes receipts (tags 42 and 45).
    pub unique: Vec<u8>,
    /// Token identifier, if the token had one.
    pub token_identifier: Option<Vec<u8>>,
    /// Digest of the token's data, where the domain gives it.
    pub token_digest: Option<Vec<u8>>,
}

impl Confirmation {
    /// The length-value fields.
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::new();
        put_lv(&mut octets, &self.counter.to_be_bytes());
        put_lv(&mut octets, &self.unique);
        // A digest stands behind the identifier, which is empty where the token had none.
        if self.token_identifier.is_some() || self.token_digest.is_some() {
            put_lv(&mut octets, self.token_identifier.as_deref().unwrap_or_default());
        }
        if let Some(digest) = &self.token_digest {
            put_lv(&mut octets, digest);
        }
        octets
    }

    /// Inverse of [`Self::encode`]; an empty identifier counts as none.
    ///
    /// # Errors
    /// [`ManagementError::Layout`].
    pub fn parse(octets: &[u8]) -> Result<Self, ManagementError> {
        let read = || {
            let (counter, rest) = read_lv(octets)?;
            let (unique, rest) = read_lv(rest)?;
            let (token_identifier, rest) = if rest.is_empty() { (&[][..], rest) } else { read_lv(rest)? };
            let (token_digest, rest) =
                if rest.is_empty() { (None, rest) } else { read_lv(rest).map(|(d, r)| (Some(d), r))? };
            let counter = u16::from_be_bytes(counter.try_into().ok()?);
            let token_identifier = (!token_identifier.is_empty()).then(|| token_identifier.to_vec());
            let token_digest = token_digest.map(<[u8]>::to_vec);
            rest.is_empty().then(|| Self { counter, unique: unique.to_vec(), token_identifier, token_digest })
        };
        read().ok_or(ManagementError::Layout("confirmation data of another layout"))
    }

    /// What the receipt signs: the confirmation, then AIDs and other fields of the operation in the order of GPC 2.3.1
    /// Tables C-11 to C-16, each behind its length.
    pub fn message(&self, fields: &[&[u8]]) -> Vec<u8> {
        let mut message = self.encode();
        for field in fields {
            put_lv(&mut message, field);
        }
        message
    }

    /// Card: confirmation of GPC 2.3.1 Table 11-13, with the receipt over [`Self::message`]. In the response its length
    /// stands before it (Tables 11-25, 11-54, 11-59).
    ///
    /// # Errors
    /// [`ManagementError::NoPrivateKey`] for a key that cannot sign.
    pub fn response(&self, key: &AuthorizationKey, fields: &[&[u8]]) -> Result<Vec<u8>, ManagementError> {
        let mut octets = Vec::new();
        put_lv(&mut octets, &key.sign(&self.message(fields))?);
        octets.extend(self.encode());
        Ok(octets)
    }

    /// Host: reads and checks a confirmation of [`Self::response`].
    ///
    /// # Errors
    /// [`ManagementError::Layout`] for no receipt with its confirmation, [`ManagementError::Signature`].
    pub fn of_response(data: &[u8], key: &AuthorizationKey, fields: &[&[u8]]) -> Result<Self, ManagementError> {
        let (receipt, confirmation) = read_lv(data).ok_or(ManagementError::Layout("a response without receipt"))?;
        let confirmation = Self::parse(confirmation)?;
        key.verify(&confirmation.message(fields), receipt)?;
        Ok(confirmation)
    }
}

/// Lengths of 80 and more are BER-coded (GPC 2.3.1 §11.1.5).
fn put_lv(octets: &mut Vec<u8>, value: &[u8]) {
    let mut header = Vec::with_capacity(4);
    tlv::put_header(&mut header, 0x80, value.len());
    octets.extend(header.iter().skip(1));
    octets.extend_from_slice(value);
}

fn read_lv(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match *octets {
        [length @ 0..=0x7F, ref rest @ ..] | [0x81, length, ref rest @ ..] => (usize::from(length), rest),
        [0x82, high, low, ref rest @ ..] => (usize::from(u16::from_be_bytes([high, low])), rest),
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
#[path = "management_tests.rs"]
mod tests;
