//! INITIALIZE UPDATE and EXTERNAL AUTHENTICATE from both sides, and the session that follows, GPC 2.3.1 §E.4 and §E.5.

use super::{BLOCK, Dek, Level, MAC, PSEUDO_RANDOM, Purpose, Scp02Error, des_keys, session_key};
use crate::padding::{missing, pad, padded_length};
use crate::scp_sides::sides;
use crate::session_key::{BLOCK_MAX, SessionKey};
use crate::sm::Cipher;
use crate::{KeyLength, KeySet, SecureMessaging, SmError, TerminalError};
use bitaqa_apdu::{Bytes, Class, Command, Response, Sw, ins};
use cipher::array::Array;
use cipher::{BlockCipherEncrypt, KeyInit};
use des::Des;
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Identifier of this protocol in the key information.
pub(crate) const SCP: u8 = 0x02;

/// Data field of the response to INITIALIZE UPDATE, GPC 2.3.1 §E.5.1.6: 28 octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitializeUpdateResponse {
    /// What the keys of this card are diversified from.
    pub key_diversification_data: [u8; 10],
    /// Version of the key set in use.
    pub key_version: u8,
    /// Sequence counter of the key set: how many sessions were opened with it.
    pub sequence: [u8; 2],
    /// Drawn or computed by the card.
    pub card_challenge: [u8; 6],
    /// Proof of the card that it holds the keys.
    pub card_cryptogram: [u8; 8],
}

impl InitializeUpdateResponse {
    /// The 28 octets.
    pub fn encode(&self) -> Vec<u8> {
        let parts: [&[u8]; 5] = [
            &self.key_diversification_data,
            &[self.key_version, SCP],
            &self.sequence,
            &self.card_challenge,
            &self.card_cryptogram,
        ];
        parts.concat()
    }

    /// Inverse of [`Self::encode`].
    ///
    /// # Errors
    /// [`Scp02Error::Answer`] for another length, [`Scp02Error::Protocol`] for another protocol.
    pub fn parse(octets: &[u8]) -> Result<Self, Scp02Error> {
        let parts = || {
            let (key_diversification_data, rest) = octets.split_first_chunk::<10>()?;
            let (&[key_version, protocol], rest) = rest.split_first_chunk::<2>()?;
            Some((*key_diversification_data, key_version, protocol, rest))
        };
        let wrong = Scp02Error::Answer(octets.len());
        let Some((key_diversification_data, key_version, protocol, rest)) = parts() else { return Err(wrong) };
        if protocol != SCP {
            return Err(Scp02Error::Protocol(protocol));
        }
        let parts = || {
            let (sequence, rest) = rest.split_first_chunk::<2>()?;
            let (card_challenge, rest) = rest.split_first_chunk::<6>()?;
            let card_cryptogram = rest.try_into().ok()?;
            Some(Self {
                key_diversification_data,
                key_version,
                sequence: *sequence,
                card_challenge: *card_challenge,
                card_cryptogram,
            })
        };
        parts().ok_or(wrong)
    }
}

/// Card role after INITIALIZE UPDATE. Dropping it forgets the session keys.
pub struct AwaitExternalAuthenticate {
    agreement: Agreement,
}

/// Card role, INITIALIZE UPDATE: `80 50 KVN 00 08 host challenge`, GPC 2.3.1 §E.5.1.
///
/// `kvn` and `keys` are the set that P1 refers to (00 means any), `sequence` its counter. The caller adds 1 to the
/// counter when EXTERNAL AUTHENTICATE has succeeded, and not before (GPC 2.3.1 §E.1.6). `aid` is the AID of the
/// selected application, over which a pseudo-random challenge is computed.
///
/// # Errors
/// [`Scp02Error::Length`], [`Scp02Error::P1P2`] or [`Scp02Error::KeyVersion`].
#[allow(clippy::too_many_arguments)] // all that the challenge and the response are made of
pub fn initialize_update(
    command: &Command,
    keys: &KeySet,
    kvn: u8,
    kdd: &[u8; 10],
    i: u8,
    sequence: [u8; 2],
    aid: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<(Response, AwaitExternalAuthenticate), Scp02Error> {
    let host_challenge = <[u8; 8]>::try_from(&*command.data).map_err(|_| Scp02Error::Length)?;
    if command.p2 != 0 {
        return Err(Scp02Error::P1P2(command.p1p2()));
    }
    if command.p1 != 0 && command.p1 != kvn {
        return Err(Scp02Error::KeyVersion(command.p1));
    }
    let mut card_challenge = [0; 6];
    if i & PSEUDO_RANDOM == 0 {
        rng.fill_bytes(&mut card_challenge);
    } else {
        let [_, mac, _] = des_keys(keys)?;
        let s_mac = session_key(mac, Purpose::CMac, sequence)?;
        let mac = SessionKey::new(Cipher::TripleDes, &s_mac)?.mac(aid);
        card_challenge.iter_mut().zip(mac).for_each(|(to, octet)| *to = octet);
    }
    let agreement = Agreement::new(keys, host_challenge, sequence, card_challenge)?;
    let response = InitializeUpdateResponse {
        key_diversification_data: *kdd,
        key_version: kvn,
        sequence,
        card_challenge,
        card_cryptogram: agreement.card_cryptogram,
    };
    Ok((Response::ok(response.encode()), AwaitExternalAuthenticate { agreement }))
}

impl AwaitExternalAuthenticate {
    /// Card role, EXTERNAL AUTHENTICATE: `84 82 level 00 10 host cryptogram ‖ C-MAC`, GPC 2.3.1 §E.5.2.
    ///
    /// # Errors
    /// [`Scp02Error::HostCryptogram`] or [`Scp02Error::Checksum`] for a host without the keys, [`Scp02Error::P1P2`] for
    /// a level that is not offered, [`Scp02Error::Length`], [`Scp02Error::Class`]. The stage is gone in every case.
    pub fn external_authenticate(self, command: &Command) -> Result<(Response, CardSession), Scp02Error> {
        let level = Level::from_octet(command.p1).filter(|_| command.p2 == 0);
        let level = level.ok_or(Scp02Error::P1P2(command.p1p2()))?;
        let (cryptogram, mac) = command.data.split_first_chunk::<8>().ok_or(Scp02Error::Length)?;
        if mac.len() != MAC {
            return Err(Scp02Error::Length);
        }
        let Agreement { host_cryptogram, mut channel, dek, .. } = self.agreement;
        if !bool::from(host_cryptogram.ct_eq(cryptogram)) {
            return Err(Scp02Error::HostCryptogram);
        }
        match channel.verify(command) {
            Ok(_) => {
                channel.level = level;
                Ok((Sw::OK.into(), CardSession { channel: Some(channel), level, dek }))
            }
            Err(SmError::PlainCommand) => Err(Scp02Error::Class),
            Err(_) => Err(Scp02Error::Checksum),
        }
    }
}

/// Card side of an open session.
pub struct CardSession {
    channel: Option<Channel>,
    level: Level,
    dek: Dek,
}

/// Host side of an open session.
pub struct HostSession {
    channel: Option<Channel>,
    level: Level,
    dek: Dek,
    card: InitializeUpdateResponse,
}

/// Host role: opens a session with key set `kvn` (00: the card's choice) at `level`. The card cryptogram is checked
/// before EXTERNAL AUTHENTICATE is sent: a host with wrong keys then leaves the card's retry counter alone.
///
/// # Errors
/// [`Scp02Error::CardCryptogram`] for other keys, [`Scp02Error::Answer`] and [`Scp02Error::Protocol`] for another
/// protocol, [`Scp02Error::Status`] for a refusal, what `keys` gives, or what `send` gives.
pub fn open<E>(
    send: &mut dyn FnMut(Command) -> Result<Response, E>,
    keys: &dyn Fn(&InitializeUpdateResponse) -> Result<KeySet, Scp02Error>,
    kvn: u8,
    level: Level,
    rng: &mut dyn CryptoRng,
) -> Result<HostSession, TerminalError<E, Scp02Error>> {
    let mut host_challenge = [0; 8];
    rng.fill_bytes(&mut host_challenge);
    let command = Command::globalplatform(ins::INITIALIZE_UPDATE, kvn, 0).data(host_challenge).ne(256);
    let response = send(command).map_err(TerminalError::Exchange)?;
    check_status("INITIALIZE UPDATE", response.sw)?;
    authenticate(send, &|card| keys(card), host_challenge, &response.data, level)
}

/// Host role after INITIALIZE UPDATE was answered with `answer`.
pub(crate) fn authenticate<E>(
    send: &mut dyn FnMut(Command) -> Result<Response, E>,
    keys: &dyn Fn(&InitializeUpdateResponse) -> Result<KeySet, Scp02Error>,
    host_challenge: [u8; 8],
    answer: &[u8],
    level: Level,
) -> Result<HostSession, TerminalError<E, Scp02Error>> {
    let card = InitializeUpdateResponse::parse(answer)?;
    let agreement = Agreement::new(&keys(&card)?, host_challenge, card.sequence, card.card_challenge);
    let agreement = agreement.map_err(Scp02Error::from)?;
    if !bool::from(agreement.card_cryptogram.ct_eq(&card.card_cryptogram)) {
        return Err(Scp02Error::CardCryptogram.into());
    }
    let Agreement { host_cryptogram, mut channel, dek, .. } = agreement;
    let plain = Command::globalplatform(ins::EXTERNAL_AUTHENTICATE, level as u8, 0).data(host_cryptogram);
    let response = send(channel.protect(&plain)).map_err(TerminalError::Exchange)?;
    check_status("EXTERNAL AUTHENTICATE", response.sw)?;
    channel.level = level;
    Ok(HostSession { channel: Some(channel), level, dek, card })
}

impl HostSession {
    /// What the card said of itself when the session was opened.
    pub const fn card(&self) -> &InitializeUpdateResponse {
        &self.card
    }
}

/// Session keys and both cryptograms.
struct Agreement {
    card_cryptogram: [u8; 8],
    host_cryptogram: [u8; 8],
    channel: Channel,
    dek: Dek,
}

impl Agreement {
    /// GPC 2.3.1 §E.4.1 and §E.4.2: both cryptograms are the last block of 3DES-CBC under S-ENC over 24 octets, padded.
    fn new(keys: &KeySet, host: [u8; 8], sequence: [u8; 2], card: [u8; 6]) -> Result<Self, KeyLength> {
        let [enc, mac, dek] = des_keys(keys)?;
        let s_enc = SessionKey::new(Cipher::TripleDes, &session_key(enc, Purpose::Enc, sequence)?)?;
        let s_mac = session_key(mac, Purpose::CMac, sequence)?;
        let dek = SessionKey::new(Cipher::TripleDes, &session_key(dek, Purpose::Dek, sequence)?)?;
        let cryptogram = |parts: [&[u8]; 3]| -> [u8; 8] {
            let mut octets = Zeroizing::new(parts.concat());
            pad(&mut octets, 0, BLOCK);
            s_enc.cbc_encrypt([0; BLOCK_MAX], &mut octets);
            octets.last_chunk().copied().unwrap_or_default()
        };
        Ok(Self {
            card_cryptogram: cryptogram([&host, &sequence, &card]),
            host_cryptogram: cryptogram([&sequence, &card, &host]),
            channel: Channel::new(s_enc, &s_mac)?,
            dek: Dek(dek),
        })
    }
}

/// Keys and state of one side; both sides do the same with them.
struct Channel {
    s_enc: SessionKey,
    s_mac: SessionKey,
    /// First half of S-MAC: single DES, which hides each MAC before it becomes the ICV of the next one.
    icv_key: Des,
    /// Last C-MAC; 0 before the first.
    icv: Option<[u8; MAC]>,
    level: Level,
}

impl Channel {
    fn new(s_enc: SessionKey, s_mac: &[u8]) -> Result<Self, KeyLength> {
        let half = s_mac.get(..BLOCK).unwrap_or_default();
        Ok(Self {
            s_enc,
            s_mac: SessionKey::new(Cipher::TripleDes, s_mac)?,
            icv_key: Des::new_from_slice(half).map_err(|_| KeyLength(s_mac.len()))?,
            icv: None,
            level: Level::CMac,
        })
    }

    /// C-MAC over the header as it goes out, with the length of the plain data and the MAC, and the plain data
    /// (GPC 2.3.1 §E.4.4). Extended length does not exist in SCP02: longer data fail when the command is encoded.
    fn c_mac(&self, command: &Command, data: &[u8]) -> [u8; MAC] {
        let class = Class(command.class.0 & !0x03).without_sm().with_gp_sm().0;
        let lc = u8::try_from(data.len() + MAC).unwrap_or(u8::MAX);
        let mut input = Zeroizing::new(Vec::with_capacity(padded_length(5 + data.len(), BLOCK)));
        input.extend_from_slice(&[class, command.ins, command.p1, command.p2, lc]);
        input.extend_from_slice(data);
        let padding = missing(input.len(), BLOCK);
        input.extend_from_slice(padding);
        // The ICV goes into the first block, as CBC has it.
        if let Some(icv) = self.icv {
            let mut icv = Array::from(icv);
            self.icv_key.encrypt_block(&mut icv);
            input.iter_mut().zip(icv).for_each(|(octet, icv)| *octet ^= icv);
        }
        self.s_mac.mac_padded(&[&input])
    }

    fn protect(&mut self, plain: &Command) -> Command {
        let mac = self.c_mac(plain, &plain.data);
        self.icv = Some(mac);
        let encrypted = self.level == Level::CDecryption && !plain.data.is_empty();
        let mut data = Vec::with_capacity(padded_length(plain.data.len(), BLOCK) + MAC);
        data.extend_from_slice(&plain.data);
        if encrypted {
            pad(&mut data, 0, BLOCK);
            self.s_enc.cbc_encrypt([0; BLOCK_MAX], &mut data);
        }
        data.extend_from_slice(&mac);
        let Command { class, ins, p1, p2, ne, .. } = *plain;
        Command { class: class.with_gp_sm(), ins, p1, p2, data: data.into(), ne }
    }

    #[allow(clippy::needless_pass_by_value)] // the form of the verbs
    fn protect_command(&mut self, plain: Command) -> Command {
        self.protect(&plain)
    }

    #[allow(clippy::needless_pass_by_value)]
    fn unprotect_command(&mut self, wire: Command) -> Result<Command, SmError> {
        self.verify(&wire)
    }

    /// These values of i have no R-MAC: responses go out as they are.
    #[allow(clippy::unused_self)]
    fn protect_response(&self, plain: Response) -> Response {
        plain
    }

    #[allow(clippy::unused_self, clippy::unnecessary_wraps)]
    fn unprotect_response(&self, wire: Response) -> Result<Response, SmError> {
        Ok(wire)
    }

    fn max_plain_data(&self, wire_data_max: usize) -> usize {
        let room = wire_data_max.min(Command::NC_SHORT_MAX).saturating_sub(MAC);
        match self.level {
            Level::CMac => room,
            Level::CDecryption => (room / BLOCK * BLOCK).saturating_sub(1),
        }
    }

    fn verify(&mut self, wire: &Command) -> Result<Command, SmError> {
        if wire.class.0 & 0x0C != 0x04 {
            return Err(SmError::PlainCommand);
        }
        let (data, mac) = wire.data.split_last_chunk::<MAC>().ok_or(SmError::Missing(0x8E))?;
        let data = if self.level == Level::CDecryption && !data.is_empty() {
            let plain = self.s_enc.cbc_decrypt_padded([0; BLOCK_MAX], data);
            plain.map(Bytes::from).ok_or(SmError::Padding)?
        } else {
            Bytes::from(data)
        };
        let expected = self.c_mac(wire, &data);
        if !bool::from(expected.ct_eq(mac)) {
            return Err(SmError::Checksum);
        }
        self.icv = Some(expected);
        let Command { class, ins, p1, p2, ne, .. } = *wire;
        Ok(Command { class: class.without_sm(), ins, p1, p2, data, ne })
    }
}

sides!(SCP, Level, |level| level as u8; CardSession, HostSession);

fn check_status(command: &'static str, sw: Sw) -> Result<(), Scp02Error> {
    if sw == Sw::OK { Ok(()) } else { Err(Scp02Error::Status { command, sw }) }
}
