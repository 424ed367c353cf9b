//! Basic Access Control, 9303-11 §4.3, both roles: whoever has read the MRZ gets a session. 3DES only.
//!
//! ```text
//! 00 84 00 00            08  -> RND.IC
//! 00 82 00 00  E_IFD ‖ M_IFD  28  -> E_IC ‖ M_IC
//!     S = RND.IFD ‖ RND.IC ‖ K.IFD     E_IFD = E(K_Enc, S)     M_IFD = MAC(K_MAC, E_IFD)
//!     R = RND.IC ‖ RND.IFD ‖ K.IC      E_IC  = E(K_Enc, R)     M_IC  = MAC(K_MAC, E_IC)
//! ```
//! The session's keys come from K.IFD xor K.IC, its counter starts at the last four octets of RND.IC and RND.IFD. The
//! keys of the document are as strong as the MRZ is hard to guess, which is weak: PACE is preferred wherever it is.

use crate::session_key::{BLOCK_MAX, SessionKey};
use crate::sm::{Cipher, IsoSm};
use crate::{KeyLength, SecureMessaging, TerminalError, kdf};
use bitaqa_apdu::{Command, Response, Sw, ins};
use rand_core::CryptoRng;
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Octets of RND.IC and RND.IFD.
const NONCE: usize = 8;
/// Octets of K.IC and K.IFD.
const KEYING: usize = 16;
/// Octets of S and R.
const PLAIN: usize = 2 * NONCE + KEYING;
/// Octets of a MAC.
const MAC: usize = 8;
/// 9303-11 §4.3.3.1: zero.
const IV: [u8; BLOCK_MAX] = [0; BLOCK_MAX];

/// Every mechanism spoken here, on both sides: there is one.
pub const MECHANISMS: &[Cipher] = &[Cipher::TripleDes];

/// What can go wrong on either side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BacError {
    /// P1-P2 of no command of this protocol.
    #[error("P1-P2 {0:04X} belongs to no command of BAC")]
    P1P2(u16),
    /// GET CHALLENGE with data or for fewer than eight octets.
    #[error("GET CHALLENGE is for 8 octets without data")]
    Length,
    /// EXTERNAL AUTHENTICATE of a wrong length, with a wrong MAC or another nonce than the one given. One answer for
    /// all: two would tell a recorded run of this card from one of another card.
    #[error("EXTERNAL AUTHENTICATE was not made with the keys of this document over its last challenge")]
    Authentication,
    /// A key that is no 3DES key; not reachable from outside.
    #[error(transparent)]
    Key(#[from] KeyLength),
    /// Terminal: RND.IC of another length.
    #[error("GET CHALLENGE gave {0} octets instead of 8")]
    Challenge(usize),
    /// Terminal: E_IC and M_IC of another length.
    #[error("EXTERNAL AUTHENTICATE gave {0} octets instead of 40")]
    Answer(usize),
    /// Terminal: M_IC is not of the keys of this document.
    #[error("the answer to EXTERNAL AUTHENTICATE has a wrong checksum")]
    Checksum,
    /// Terminal: RND.IFD did not come back.
    #[error("the answer to EXTERNAL AUTHENTICATE is to another challenge")]
    Nonce,
    /// Terminal: the card refused.
    #[error("the card answered {sw} to {command}")]
    Status {
        /// Command.
        command: &'static str,
        /// Answer.
        sw: Sw,
    },
}

/// Status words; 9303-11 §4.3.4 leaves them to the card. Terminal errors never reach one.
impl From<BacError> for Sw {
    fn from(error: BacError) -> Self {
        match error {
            BacError::P1P2(_) => Sw::WRONG_P1P2,
            BacError::Length => Sw::WRONG_LENGTH,
            BacError::Authentication => Sw::AUTHENTICATION_FAILED, // 7816-4 §11.5.4, as TA has it in 9303-11 §7.1.5.5
            BacError::Key(_)
            | BacError::Challenge(_)
            | BacError::Answer(_)
            | BacError::Checksum
            | BacError::Nonce
            | BacError::Status { .. } => Sw::EXECUTION_ERROR,
        }
    }
}

/// The Document Basic Access Keys K_Enc and K_MAC, 9303-11 §4.3.2 and §9.7.2. Wiped when dropped.
pub struct BacKeys {
    enc: SessionKey,
    mac: SessionKey,
}

impl BacKeys {
    /// From the MRZ: document number, birth and expiry, each with its check digit (`lds::mrz::key_input`).
    ///
    /// # Errors
    /// None in practice: the derived keys have the length of the cipher.
    pub fn from_mrz(key_input: &str) -> Result<Self, BacError> {
        Self::from_secret(&Zeroizing::new(<[u8; 20]>::from(Sha1::digest(key_input))))
    }

    /// From what a chip stores for the MRZ, its SHA-1, of which the first 16 octets are the seed.
    ///
    /// # Errors
    /// As [`Self::from_mrz`].
    pub fn from_secret(secret: &[u8; 20]) -> Result<Self, BacError> {
        let seed = secret.first_chunk::<KEYING>().map_or(&secret[..], |seed| &seed[..]);
        let key = |purpose| SessionKey::new(Cipher::TripleDes, &kdf::derive(seed, purpose, Cipher::TripleDes));
        Ok(Self { enc: key(kdf::Purpose::Encryption)?, mac: key(kdf::Purpose::Authentication)? })
    }

    /// E ‖ M over S or R.
    fn seal(&self, parts: [&[u8]; 3]) -> Vec<u8> {
        let mut octets = Vec::with_capacity(PLAIN + MAC);
        for part in parts {
            octets.extend_from_slice(part);
        }
        self.enc.cbc_encrypt(IV, &mut octets);
        let checksum = self.mac.mac(&octets);
        octets.extend_from_slice(&checksum);
        octets
    }

    /// Inverse of [`Self::seal`]: the parts, and whether the MAC is right. It decrypts in any case, so that the time
    /// does not tell which check has failed. `None` for another length.
    fn open(&self, octets: &[u8]) -> Option<(Opened, subtle::Choice)> {
        let (cryptogram, checksum) = octets.split_at_checked(PLAIN)?;
        let checksum: &[u8; MAC] = checksum.try_into().ok()?;
        let right = self.mac.mac(cryptogram).ct_eq(checksum);
        let mut plain = Zeroizing::new(cryptogram.to_vec());
        self.enc.cbc_decrypt(IV, &mut plain);
        let (first, rest) = plain.split_first_chunk()?;
        let (second, keying) = rest.split_first_chunk()?;
        let keying = Zeroizing::new(*keying.first_chunk()?);
        Some((Opened { first: *first, second: *second, keying }, right))
    }
}

/// S or R, taken apart.
struct Opened {
    first: [u8; NONCE],
    second: [u8; NONCE],
    keying: Zeroizing<[u8; KEYING]>,
}

/// Chip role between GET CHALLENGE and EXTERNAL AUTHENTICATE. One challenge is good for one attempt.
pub struct CardBac {
    rnd_ic: [u8; NONCE],
}

impl CardBac {
    /// GET CHALLENGE, `00 84 00 00 08`; draws RND.IC.
    ///
    /// # Errors
    /// [`BacError::P1P2`], [`BacError::Length`].
    pub fn get_challenge(command: &Command, rng: &mut dyn CryptoRng) -> Result<(CardBac, Response), BacError> {
        if command.p1p2() != 0 {
            return Err(BacError::P1P2(command.p1p2()));
        }
        if !command.data.is_empty() || command.ne < 8 {
            return Err(BacError::Length);
        }
        let mut rnd_ic = [0; NONCE];
        rng.fill_bytes(&mut rnd_ic);
        Ok((CardBac { rnd_ic }, Response::ok(rnd_ic)))
    }

    /// EXTERNAL AUTHENTICATE, `00 82 00 00`, with mutual authentication; draws K.IC. The session takes effect after the
    /// response has left.
    ///
    /// # Errors
    /// [`BacError::P1P2`], [`BacError::Authentication`].
    pub fn external_authenticate(
        self,
        command: &Command,
        keys: &BacKeys,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Response, Box<dyn SecureMessaging>), BacError> {
        if command.p1p2() != 0 {
            return Err(BacError::P1P2(command.p1p2()));
        }
        let (opened, right) = keys.open(&command.data).ok_or(BacError::Authentication)?;
        let Opened { first: rnd_ifd, second, keying: k_ifd } = opened;
        // Both checks always, and one decision: an answer that told them apart would make the holder traceable.
        if !bool::from(right & second.ct_eq(&self.rnd_ic)) {
            return Err(BacError::Authentication);
        }
        let mut k_ic = Zeroizing::new([0; KEYING]);
        rng.fill_bytes(k_ic.as_mut_slice());
        let response = Response::ok(keys.seal([&self.rnd_ic, &rnd_ifd, k_ic.as_slice()]));
        Ok((response, session(&k_ifd, &k_ic, self.rnd_ic, rnd_ifd)?))
    }
}

/// Terminal role; draws RND.IFD and K.IFD in this order. The session is for the messages after these two.
///
/// # Errors
/// [`BacError::Status`] for a refusal, [`BacError::Challenge`], [`BacError::Answer`], [`BacError::Checksum`],
/// [`BacError::Nonce`], or what `send` gives.
pub fn establish<E>(
    send: &mut dyn FnMut(Command) -> Result<Response, E>,
    keys: &BacKeys,
    rng: &mut dyn CryptoRng,
) -> Result<Box<dyn SecureMessaging>, TerminalError<E, BacError>> {
    let mut exchange = |command: Command, name| -> Result<Response, TerminalError<E, BacError>> {
        let response = send(command).map_err(TerminalError::Exchange)?;
        match response.sw {
            Sw::OK => Ok(response),
            sw => Err(BacError::Status { command: name, sw }.into()),
        }
    };
    let response = exchange(Command::new(ins::GET_CHALLENGE, 0, 0).ne(8), "GET CHALLENGE")?;
    let rnd_ic: [u8; NONCE] = (&*response.data).try_into().map_err(|_| BacError::Challenge(response.data.len()))?;
    let (mut rnd_ifd, mut k_ifd) = ([0; NONCE], Zeroizing::new([0; KEYING]));
    rng.fill_bytes(&mut rnd_ifd);
    rng.fill_bytes(k_ifd.as_mut_slice());
    let data = keys.seal([&rnd_ifd, &rnd_ic, k_ifd.as_slice()]);
    let command = Command::new(ins::EXTERNAL_AUTHENTICATE, 0, 0).data(data).ne(40);
    let response = exchange(command, "EXTERNAL AUTHENTICATE")?;
    let (opened, right) = keys.open(&response.data).ok_or(BacError::Answer(response.data.len()))?;
    if !bool::from(right) {
        return Err(BacError::Checksum.into());
    }
    if !bool::from(opened.second.ct_eq(&rnd_ifd)) {
        return Err(BacError::Nonce.into());
    }
    Ok(session(&k_ifd, &opened.keying, rnd_ic, rnd_ifd)?)
}

/// 9303-11 §4.3.1 step 5 and §9.8.6.3.
fn session(
    k_ifd: &[u8; KEYING],
    k_ic: &[u8; KEYING],
    rnd_ic: [u8; NONCE],
    rnd_ifd: [u8; NONCE],
) -> Result<Box<dyn SecureMessaging>, BacError> {
    let secret: Zeroizing<Vec<u8>> = Zeroizing::new(k_ifd.iter().zip(k_ic).map(|(left, right)| left ^ right).collect());
    let last_four = |nonce: [u8; NONCE]| u64::from_be_bytes(nonce) & u64::from(u32::MAX);
    let ssc = last_four(rnd_ic) << 32 | last_four(rnd_ifd);
    let key = |purpose| kdf::derive(&secret, purpose, Cipher::TripleDes);
    let (ks_enc, ks_mac) = (key(kdf::Purpose::Encryption), key(kdf::Purpose::Authentication));
    Ok(Box::new(IsoSm::resume(Cipher::TripleDes, &ks_enc, &ks_mac, ssc.into())?))
}

#[cfg(test)]
#[path = "bac_tests.rs"]
mod tests;
