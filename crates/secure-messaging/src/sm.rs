//! Secure messaging of 7816-4 §10 as 9303-11 §9.8 profiles it, with 3DES or AES: encrypt, then authenticate.
//!
//! ```text
//! command    CLA|0C INS P1 P2  Lc'  [87 L 01 cryptogram] [97 L Le]    8E 08 CC  Le'=00
//! response                          [87 L 01 cryptogram]  99 02 SW    8E 08 CC  SW
//! odd INS                           [85 L cryptogram] in place of 87: no padding indicator
//! CC = MAC(KS_MAC, SSC ‖ pad(header) ‖ the objects before 8E ‖ 80 00..)
//! ```
//! With AES the MAC is the first half of a CMAC, SSC has 16 octets and the IV of the encryption is E(KS_Enc, SSC). With
//! 3DES the MAC is the retail MAC, SSC has 8 octets and the IV is zero. SSC starts at 0, after BAC at what both sides
//! drew, and is incremented before each command and before each response. The objects stand in this order and no other;
//! each length is minimal.

use crate::padding::{self, missing, padded_length};
use crate::session_key::{BLOCK_MAX, SessionKey};
use crate::{KeyLength, SecureMessaging, SmError, kdf};
use bitaqa_apdu::tlv::{self, Reader, Tag};
use bitaqa_apdu::{Bytes, Command, Response, Sw};
use subtle::ConstantTimeEq;

/// Padding-content indicator and cryptogram, even INS.
const CRYPTOGRAM: Tag = 0x87;
/// Cryptogram alone, odd INS.
const CRYPTOGRAM_ODD: Tag = 0x85;
/// Le of the plain command.
const LE: Tag = 0x97;
/// Status word under the MAC.
const STATUS: Tag = 0x99;
/// Cryptographic checksum.
const CHECKSUM: Tag = 0x8E;
/// The cryptogram is padded with 80 00.., 7816-4 §10.3.
const PADDED: u8 = 0x01;
/// Octets of DO 8E, and of DO 97 or DO 99 at their longest.
const FRAME: usize = 10 + 4;

/// Cipher of the session with its key size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cipher {
    /// 3DES with two keys, 16 octets.
    TripleDes,
    /// 16 octets.
    Aes128,
    /// 24 octets.
    Aes192,
    /// 32 octets.
    Aes256,
}

impl Cipher {
    /// All of them.
    pub const ALL: &[Cipher] = &[Self::TripleDes, Self::Aes128, Self::Aes192, Self::Aes256];

    /// Octets of a key.
    pub const fn key_octets(self) -> usize {
        match self {
            Self::TripleDes | Self::Aes128 => 16,
            Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    /// Octets of a block.
    pub const fn block_octets(self) -> usize {
        match self {
            Self::TripleDes => 8,
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
        }
    }
}

/// One side of a session. Its keys are wiped when it is dropped and when a check fails.
pub struct IsoSm {
    keys: Option<Keys>,
    /// For 3DES its last eight octets count.
    ssc: u128,
    /// Octets of a block: they outlive the keys, since lengths are asked for after the end too.
    block: usize,
    /// Parity of the INS under way: the response uses the cryptogram object of its command.
    odd: bool,
}

struct Keys {
    enc: SessionKey,
    mac: SessionKey,
}

/// The data objects of a protected message, in order.
struct Objects<'a> {
    cryptogram: Option<&'a [u8]>,
    /// DO 97 of a command, DO 99 of a response.
    second: Option<&'a [u8]>,
    /// All octets before DO 8E.
    authenticated: &'a [u8],
    checksum: &'a [u8],
}

impl IsoSm {
    /// A session with these keys and SSC 0, 9303-11 §9.8.7.3. Both keys have the length of `cipher`.
    ///
    /// # Errors
    /// [`KeyLength`] for another length.
    pub fn new(cipher: Cipher, ks_enc: &[u8], ks_mac: &[u8]) -> Result<Self, KeyLength> {
        Self::resume(cipher, ks_enc, ks_mac, 0)
    }

    /// A session in its midst: `ssc` is the counter before the next message, of which 3DES uses the last eight octets.
    /// For BAC, whose counter starts at what both sides drew (9303-11 §9.8.6.3), and for recorded dialogues.
    ///
    /// # Errors
    /// [`KeyLength`] as [`Self::new`].
    pub fn resume(cipher: Cipher, ks_enc: &[u8], ks_mac: &[u8], ssc: u128) -> Result<Self, KeyLength> {
        let keys = Keys { enc: SessionKey::new(cipher, ks_enc)?, mac: SessionKey::new(cipher, ks_mac)? };
        Ok(Self { keys: Some(keys), ssc, block: cipher.block_octets(), odd: false })
    }

    /// The session that follows from a shared secret: KS_Enc and KS_MAC by 9303-11 §9.7.1, SSC 0.
    ///
    /// # Errors
    /// None in practice: the derived keys have the length of the cipher.
    pub(crate) fn from_shared_secret(cipher: Cipher, secret: &[u8]) -> Result<Self, KeyLength> {
        let ks_enc = kdf::derive(secret, kdf::Purpose::Encryption, cipher);
        let ks_mac = kdf::derive(secret, kdf::Purpose::Authentication, cipher);
        Self::new(cipher, &ks_enc, &ks_mac)
    }

    /// Wipes the keys. The counter stays: it is no secret and of no use without them.
    fn close(&mut self) {
        self.keys = None;
    }

    /// Parity of `ins` and the next value of the counter; `None` after the end of the session.
    fn next(&mut self) -> Option<(&Keys, [u8; BLOCK_MAX])> {
        self.ssc = self.ssc.wrapping_add(1);
        self.keys.as_ref().map(|keys| (keys, self.ssc.to_be_bytes()))
    }

    fn try_unprotect_command(&mut self, wire: &Command) -> Result<Command, SmError> {
        self.odd = wire.ins & 1 == 1;
        let odd = self.odd;
        let (keys, ssc) = self.next().ok_or(SmError::Closed)?;
        // A foreign class under a right checksum is no failure here: whoever carries commands out refuses it.
        if !wire.class.authenticates_header() {
            return Err(SmError::PlainCommand);
        }
        let objects = Objects::read(&wire.data, odd, LE)?;
        keys.verify_command(ssc, wire.header(), &objects)?;
        let data = keys.decrypt(ssc, odd, objects.cryptogram)?;
        let ne = objects.second.map_or(Ok(0), read_le)?;
        Ok(Command { class: wire.class.without_sm(), ins: wire.ins, p1: wire.p1, p2: wire.p2, data, ne })
    }

    fn try_unprotect_response(&mut self, wire: &Response) -> Result<Response, SmError> {
        let odd = self.odd;
        let (keys, ssc) = self.next().ok_or(SmError::Closed)?;
        if wire.data.is_empty() {
            return Err(SmError::PlainResponse(wire.sw));
        }
        let objects = Objects::read(&wire.data, odd, STATUS)?;
        // 9303-11 §9.8.4 brackets DO 99; without it nobody vouches for the status word, so it is asked for.
        let status = objects.second.ok_or(SmError::Missing(STATUS))?;
        keys.verify(ssc, &[objects.authenticated], objects.checksum)?;
        let protected = <[u8; 2]>::try_from(status).map_err(|_| SmError::Value(STATUS))?;
        let protected = Sw(u16::from_be_bytes(protected));
        if protected != wire.sw {
            return Err(SmError::Status { protected, plain: wire.sw });
        }
        Ok(Response { data: keys.decrypt(ssc, odd, objects.cryptogram)?, sw: protected })
    }
}

impl SecureMessaging for IsoSm {
    fn protect_command(&mut self, plain: Command) -> Command {
        self.odd = plain.ins & 1 == 1;
        let odd = self.odd;
        let wire = Command { class: plain.class.with_iso_sm(), data: Bytes::new(), ..plain };
        let capacity = protected_length(plain.data.len(), self.block);
        let Some((keys, ssc)) = self.next() else { return wire };
        let mut body = Vec::with_capacity(capacity);
        keys.put_cryptogram(ssc, odd, &plain.data, &mut body);
        put_le(plain.ne, &mut body);
        let checksum = keys.command_checksum(ssc, wire.header(), &body);
        tlv::put(&mut body, CHECKSUM, &checksum);
        // Le' is 00 in the length form that the command needs, figure 5 of 9303-11 §9.8.4. A plain Le of 00 stays
        // short: a response that then outgrows 256 octets comes in pieces.
        let extended = body.len() > Command::NC_SHORT_MAX || plain.ne > Command::NE_SHORT_MAX;
        let ne = if extended { Command::NE_EXTENDED_MAX } else { Command::NE_SHORT_MAX };
        Command { data: body.into(), ne, ..wire }
    }

    fn unprotect_command(&mut self, wire: Command) -> Result<Command, Sw> {
        self.try_unprotect_command(&wire).map_err(|error| {
            self.close();
            error.into()
        })
    }

    fn protect_response(&mut self, plain: Response) -> Response {
        let odd = self.odd;
        let capacity = protected_length(plain.data.len(), self.block);
        let Some((keys, ssc)) = self.next() else { return Response::from(plain.sw) };
        let mut body = Vec::with_capacity(capacity);
        keys.put_cryptogram(ssc, odd, &plain.data, &mut body);
        tlv::put(&mut body, STATUS, &plain.sw.0.to_be_bytes());
        let checksum = keys.checksum(ssc, &[&body]);
        tlv::put(&mut body, CHECKSUM, &checksum);
        Response { data: body.into(), sw: plain.sw }
    }

    fn unprotect_response(&mut self, wire: Response) -> Result<Response, SmError> {
        self.try_unprotect_response(&wire).inspect_err(|_| self.close())
    }

    fn max_plain_data(&self, wire_data_max: usize) -> usize {
        // At least one octet of each last block is padding.
        let room = wire_data_max.saturating_sub(FRAME);
        let fits = |cryptogram: &usize| tlv::header_length(CRYPTOGRAM, 1 + cryptogram) + 1 + cryptogram <= room;
        let whole = room / self.block * self.block;
        (0..=whole).rev().step_by(self.block).find(fits).map_or(0, |cryptogram| cryptogram.saturating_sub(1))
    }

    fn is_open(&self) -> bool {
        self.keys.is_some()
    }
}

impl Keys {
    /// First part of the MAC input is the counter, then each part padded to whole blocks by itself: the header is one
    /// part, the data objects are one. An absent part is not padded.
    fn checksum(&self, ssc: [u8; BLOCK_MAX], parts: &[&[u8]]) -> [u8; 8] {
        let block = self.mac.block_octets();
        let mut input: Vec<&[u8]> = vec![ssc.get(BLOCK_MAX - block..).unwrap_or_default()];
        for part in parts.iter().filter(|part| !part.is_empty()) {
            input.push(part);
            input.push(missing(part.len(), block));
        }
        self.mac.mac_padded(&input)
    }

    fn command_checksum(&self, ssc: [u8; BLOCK_MAX], header: [u8; 4], objects: &[u8]) -> [u8; 8] {
        self.checksum(ssc, &[&header, objects])
    }

    fn verify(&self, ssc: [u8; BLOCK_MAX], parts: &[&[u8]], checksum: &[u8]) -> Result<(), SmError> {
        let expected = self.checksum(ssc, parts);
        if bool::from(expected.ct_eq(checksum)) { Ok(()) } else { Err(SmError::Checksum) }
    }

    /// A command without data and Le has a header only, and readers differ over it: some close the whole MAC input
    /// with one more padding block, others (TR-03110-3 §F.3.4) do not. No command can be taken for another one by
    /// that, since the extra block 80 00.. is no data object of this profile, so both are accepted here.
    fn verify_command(&self, ssc: [u8; BLOCK_MAX], header: [u8; 4], objects: &Objects<'_>) -> Result<(), SmError> {
        let [class, ins, p1, p2] = header;
        let bare = [class, ins, p1, p2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let bare = bare.get(..self.mac.block_octets()).unwrap_or_default();
        match self.verify(ssc, &[&header, objects.authenticated], objects.checksum) {
            Err(SmError::Checksum) if objects.authenticated.is_empty() => self.verify(ssc, &[bare], objects.checksum),
            other => other,
        }
    }

    /// DO 87 or DO 85, nothing for no data.
    fn put_cryptogram(&self, ssc: [u8; BLOCK_MAX], odd: bool, plain: &[u8], out: &mut Vec<u8>) {
        if plain.is_empty() {
            return;
        }
        let block = self.enc.block_octets();
        let length = padded_length(plain.len(), block);
        if odd {
            tlv::put_header(out, CRYPTOGRAM_ODD, length);
        } else {
            tlv::put_header(out, CRYPTOGRAM, 1 + length);
            out.push(PADDED);
        }
        let start = out.len();
        out.extend_from_slice(plain);
        padding::pad(out, start, block);
        if let Some(blocks) = out.get_mut(start..) {
            self.enc.cbc_encrypt(self.enc.iv(ssc), blocks);
        }
    }

    /// Inverse of [`Self::put_cryptogram`] on the value of the object.
    fn decrypt(&self, ssc: [u8; BLOCK_MAX], odd: bool, value: Option<&[u8]>) -> Result<Bytes, SmError> {
        let Some(value) = value else { return Ok(Bytes::new()) };
        let cryptogram = match (odd, value.split_first()) {
            (true, _) => value,
            (false, Some((&PADDED, cryptogram))) => cryptogram,
            (false, _) => return Err(SmError::Value(CRYPTOGRAM)),
        };
        if cryptogram.is_empty() || !cryptogram.len().is_multiple_of(self.enc.block_octets()) {
            return Err(SmError::Value(if odd { CRYPTOGRAM_ODD } else { CRYPTOGRAM }));
        }
        let plain = self.enc.cbc_decrypt_padded(self.enc.iv(ssc), cryptogram);
        plain.map(Bytes::from).ok_or(SmError::Padding)
    }
}

impl<'a> Objects<'a> {
    fn read(data: &'a [u8], odd: bool, second: Tag) -> Result<Self, SmError> {
        let mut reader = Reader::new(data);
        let cryptogram = reader.optional(if odd { CRYPTOGRAM_ODD } else { CRYPTOGRAM })?;
        let second = reader.optional(second)?;
        let authenticated = data.get(..reader.position()).unwrap_or_default();
        if reader.is_empty() {
            return Err(SmError::Missing(CHECKSUM));
        }
        let checksum = reader.expect(CHECKSUM)?;
        reader.finish()?;
        if checksum.len() != 8 {
            return Err(SmError::Value(CHECKSUM));
        }
        Ok(Self { cryptogram, second, authenticated, checksum })
    }
}

/// Octets that hold a protected message of so much plain data without growing: growth would leave plain text behind.
fn protected_length(plain: usize, block: usize) -> usize {
    let cryptogram = 1 + padded_length(plain, block);
    tlv::header_length(CRYPTOGRAM, cryptogram) + cryptogram + FRAME
}

/// DO 97: one octet up to 256 (00), two beyond, 0000 being 65,536; nothing when no data is expected.
fn put_le(ne: u32, out: &mut Vec<u8>) {
    let [_, _, high, low] = ne.to_be_bytes();
    match ne {
        0 => {}
        1..=Command::NE_SHORT_MAX => tlv::put(out, LE, &[low]),
        _ => tlv::put(out, LE, &[high, low]),
    }
}

/// Inverse of [`put_le`]. The three octets of an extended Le field (00 first) are understood too. An empty value is
/// refused: 9303-11 §9.8.4 calls it ambiguous.
fn read_le(value: &[u8]) -> Result<u32, SmError> {
    match *value {
        [0] => Ok(Command::NE_SHORT_MAX),
        [low] => Ok(u32::from(low)),
        [0, 0] | [0, 0, 0] => Ok(Command::NE_EXTENDED_MAX),
        [high, low] | [0, high, low] => Ok(u32::from(u16::from_be_bytes([high, low]))),
        _ => Err(SmError::Value(LE)),
    }
}

#[cfg(test)]
#[path = "sm_tests.rs"]
mod tests;
