//! INITIALIZE UPDATE and EXTERNAL AUTHENTICATE from both sides, Amd D §6.2.2 and §7.1, and the session of each side.

use super::session::Channel;
use super::{
    Dek, Derivation, KeySet, Scp03Error, SecurityLevel, SessionKeys, Size, aes_keys, derive_public, i_parameter,
};
use crate::aes_key::AesKey;
use crate::scp_sides::sides;
use crate::{SecureMessaging, SmError, TerminalError};
use bitaqa_apdu::{Bytes, Command, Response, Sw, ins};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;

/// Identifier of this protocol in the key information.
pub(crate) const SCP: u8 = 0x03;
/// Largest value of the sequence counter of three octets.
const SEQUENCE_MAX: u32 = 0x00FF_FFFF;

/// Data field of the response to INITIALIZE UPDATE, Amd D Table 7-2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitializeUpdateResponse {
    /// What the keys of this card are diversified from.
    pub key_diversification_data: [u8; 10],
    /// Version of the key set in use.
    pub key_version: u8,
    /// Parameter i, see [`i_parameter`].
    pub i: u8,
    /// Drawn or computed by the card.
    pub card_challenge: Vec<u8>,
    /// Proof of the card that it holds the keys.
    pub card_cryptogram: Vec<u8>,
    /// There if the challenge is pseudo-random; three octets.
    pub sequence: Option<u32>,
}

impl InitializeUpdateResponse {
    /// 29 octets, 45 in S16, and three more with the sequence counter.
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(48);
        octets.extend_from_slice(&self.key_diversification_data);
        octets.extend_from_slice(&[self.key_version, SCP, self.i]);
        octets.extend_from_slice(&self.card_challenge);
        octets.extend_from_slice(&self.card_cryptogram);
        if let Some(sequence) = self.sequence {
            let [_, counter @ ..] = sequence.to_be_bytes();
            octets.extend_from_slice(&counter);
        }
        octets
    }

    /// Inverse of [`Self::encode`].
    ///
    /// # Errors
    /// [`Scp03Error::Protocol`] for another protocol, [`Scp03Error::Answer`] for a length that does not go with the
    /// parameter i.
    pub fn parse(octets: &[u8]) -> Result<Self, Scp03Error> {
        let wrong = Scp03Error::Answer(octets.len());
        let parts = || {
            let (key_diversification_data, rest) = octets.split_first_chunk::<10>()?;
            let (information, rest) = rest.split_first_chunk::<3>()?;
            Some((key_diversification_data, information, rest))
        };
        let Some((key_diversification_data, &[key_version, protocol, i], rest)) = parts() else { return Err(wrong) };
        if protocol != SCP {
            return Err(Scp03Error::Protocol { protocol, i });
        }
        let challenges = || {
            let (card_challenge, rest) = rest.split_at_checked(Size::of_i(i).octets())?;
            let (card_cryptogram, rest) = rest.split_at_checked(Size::of_i(i).octets())?;
            Some((card_challenge, card_cryptogram, rest))
        };
        let Some((card_challenge, card_cryptogram, rest)) = challenges() else { return Err(wrong) };
        let sequence = match (rest, i & i_parameter::PSEUDO_RANDOM != 0) {
            ([], false) => None,
            (&[high, middle, low], true) => Some(u32::from_be_bytes([0, high, middle, low])),
            _ => return Err(wrong),
        };
        Ok(Self {
            key_diversification_data: *key_diversification_data,
            key_version,
            i,
            card_challenge: card_challenge.to_vec(),
            card_cryptogram: card_cryptogram.to_vec(),
            sequence,
        })
    }
}

/// Card role after INITIALIZE UPDATE. Dropping it forgets the session keys.
pub struct AwaitExternalAuthenticate {
    keys: SessionKeys,
    host_cryptogram: Vec<u8>,
    i: u8,
    dek: Dek,
    mac_on_empty_response: bool,
}

/// Card role, INITIALIZE UPDATE: `80 50 KVN 00 08 host challenge` (in S16 with 16 octets), Amd D §7.1.1.
///
/// `kvn` and `keys` are the set that P1 refers to (00 means any), `sequence` the counter of this set *after* its
/// increment, which the caller stores before it sends the response; it is used if `i_param` says pseudo-random.
/// `sd_aid` is the AID of the security domain that is asked.
///
/// # Errors
/// [`Scp03Error::Length`], [`Scp03Error::P1P2`], [`Scp03Error::KeyVersion`] or [`Scp03Error::SequenceCounter`].
#[allow(clippy::too_many_arguments)] // all that the challenge and the response are made of
pub fn initialize_update(
    command: &Command,
    keys: &KeySet,
    kvn: u8,
    kdd: &[u8; 10],
    i_param: u8,
    sequence: Option<u32>,
    sd_aid: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<(Response, AwaitExternalAuthenticate), Scp03Error> {
    let size = Size::of_i(i_param);
    if command.data.len() != size.octets() {
        return Err(Scp03Error::Length);
    }
    if command.p2 != 0 {
        return Err(Scp03Error::P1P2(command.p1p2()));
    }
    if command.p1 != 0 && command.p1 != kvn {
        return Err(Scp03Error::KeyVersion(command.p1));
    }
    let sequence = match i_param & i_parameter::PSEUDO_RANDOM {
        0 => None,
        _ => Some(sequence.filter(|value| *value <= SEQUENCE_MAX).ok_or(Scp03Error::SequenceCounter)?),
    };
    let [enc, _, _] = aes_keys(keys)?;
    let card_challenge = match sequence {
        Some(sequence) => {
            let [_, counter @ ..] = sequence.to_be_bytes();
            derive_public(&AesKey::new(enc)?, Derivation::CardChallenge, size, &[&counter, sd_aid])
        }
        None => draw_challenge(size, rng),
    };
    let (session_keys, cryptograms) = agree(keys, &command.data, &card_challenge)?;
    let response = InitializeUpdateResponse {
        key_diversification_data: *kdd,
        key_version: kvn,
        i: i_param,
        card_challenge,
        card_cryptogram: cryptograms.card,
        sequence,
    };
    let stage = AwaitExternalAuthenticate {
        keys: session_keys,
        host_cryptogram: cryptograms.host,
        i: i_param,
        dek: keys.dek()?,
        mac_on_empty_response: true,
    };
    Ok((Response::ok(response.encode()), stage))
}

impl AwaitExternalAuthenticate {
    /// Makes this a card that deviates from Amd D §6.2.5 in that a good response without data has no R-MAC; hosts in
    /// the field meet such cards.
    #[must_use]
    pub const fn mac_on_empty_response(mut self, present: bool) -> Self {
        self.mac_on_empty_response = present;
        self
    }

    /// Card role, EXTERNAL AUTHENTICATE: `84 82 level 00 10 host cryptogram ‖ C-MAC`, Amd D §7.1.2. The
    /// response, 9000, goes out without R-MAC.
    ///
    /// # Errors
    /// [`Scp03Error::HostCryptogram`] or [`Scp03Error::Checksum`] for a host without the keys, [`Scp03Error::P1P2`] for
    /// a level that is not offered, [`Scp03Error::Length`], [`Scp03Error::Class`]. The stage is gone in every case.
    pub fn external_authenticate(self, command: &Command) -> Result<(Response, CardSession), Scp03Error> {
        let level = SecurityLevel(command.p1);
        if command.p2 != 0 || !level.is_offered_by(self.i) {
            return Err(Scp03Error::P1P2(command.p1p2()));
        }
        let size = Size::of_i(self.i);
        let (cryptogram, mac) = command.data.split_at_checked(size.octets()).ok_or(Scp03Error::Length)?;
        if mac.len() != size.octets() {
            return Err(Scp03Error::Length);
        }
        if !bool::from(self.host_cryptogram.ct_eq(cryptogram)) {
            return Err(Scp03Error::HostCryptogram);
        }
        let mut channel = Channel::new(&self.keys, level, size)?.mac_on_empty_response(self.mac_on_empty_response);
        match channel.authenticated_command(command.clone()) {
            Ok(_) => Ok((Sw::OK.into(), CardSession { channel: Some(channel), level, dek: self.dek })),
            Err(SmError::PlainCommand) => Err(Scp03Error::Class),
            Err(_) => Err(Scp03Error::Checksum),
        }
    }
}

/// Card side of an open session.
pub struct CardSession {
    channel: Option<Channel>,
    level: SecurityLevel,
    dek: Dek,
}

/// Host side of an open session.
pub struct HostSession {
    channel: Option<Channel>,
    level: SecurityLevel,
    dek: Dek,
    card: InitializeUpdateResponse,
}

/// Host role: opens a session with key set `kvn` (00: the card's choice) at `level`, in S8.
///
/// `keys` finds or diversifies the keys from the card's answer. The card cryptogram is checked before EXTERNAL
/// AUTHENTICATE is sent: a host with wrong keys then leaves the card's retry counter alone.
///
/// # Errors
/// [`Scp03Error::CardCryptogram`] for other keys, [`Scp03Error::Level`] and [`Scp03Error::Protocol`] for a card that
/// does not offer what is asked, [`Scp03Error::Status`] for a refusal, what `keys` gives, or what `send` gives.
pub fn open<E>(
    send: &mut dyn FnMut(Command) -> Result<Response, E>,
    keys: &dyn Fn(&InitializeUpdateResponse) -> Result<KeySet, Scp03Error>,
    kvn: u8,
    level: SecurityLevel,
    rng: &mut dyn CryptoRng,
) -> Result<HostSession, TerminalError<E, Scp03Error>> {
    open_sized(send, keys, kvn, level, Size::S8, rng)
}

/// [`open`] in S16, for a card whose recognition data say so.
///
/// # Errors
/// As [`open`].
pub fn open_s16<E>(
    send: &mut dyn FnMut(Command) -> Result<Response, E>,
    keys: &dyn Fn(&InitializeUpdateResponse) -> Result<KeySet, Scp03Error>,
    kvn: u8,
    level: SecurityLevel,
    rng: &mut dyn CryptoRng,
) -> Result<HostSession, TerminalError<E, Scp03Error>> {
    open_sized(send, keys, kvn, level, Size::S16, rng)
}

fn open_sized<E>(
    send: &mut dyn FnMut(Command) -> Result<Response, E>,
    keys: &dyn Fn(&InitializeUpdateResponse) -> Result<KeySet, Scp03Error>,
    kvn: u8,
    level: SecurityLevel,
    size: Size,
    rng: &mut dyn CryptoRng,
) -> Result<HostSession, TerminalError<E, Scp03Error>> {
    let host_challenge = draw_challenge(size, rng);
    let command = Command::globalplatform(ins::INITIALIZE_UPDATE, kvn, 0).data(host_challenge.clone()).ne(256);
    let response = send(command).map_err(TerminalError::Exchange)?;
    check_status("INITIALIZE UPDATE", response.sw)?;
    authenticate(send, &|card| keys(card), &host_challenge, &response.data, level)
}

/// Host role after INITIALIZE UPDATE was answered with `answer`.
pub(crate) fn authenticate<E>(
    send: &mut dyn FnMut(Command) -> Result<Response, E>,
    keys: &dyn Fn(&InitializeUpdateResponse) -> Result<KeySet, Scp03Error>,
    host_challenge: &[u8],
    answer: &[u8],
    level: SecurityLevel,
) -> Result<HostSession, TerminalError<E, Scp03Error>> {
    let card = InitializeUpdateResponse::parse(answer)?;
    let size = Size::of_i(card.i);
    if size.octets() != host_challenge.len() {
        return Err(Scp03Error::Protocol { protocol: SCP, i: card.i }.into());
    }
    if !level.is_offered_by(card.i) {
        return Err(Scp03Error::Level { level: level.0, i: card.i }.into());
    }
    let keys = keys(&card)?;
    let (session_keys, cryptograms) = agree(&keys, host_challenge, &card.card_challenge)?;
    if !bool::from(cryptograms.card.ct_eq(&card.card_cryptogram)) {
        return Err(Scp03Error::CardCryptogram.into());
    }
    let mut channel = Channel::new(&session_keys, level, size).map_err(Scp03Error::from)?;
    let plain = Command::globalplatform(ins::EXTERNAL_AUTHENTICATE, level.0, 0).data(cryptograms.host);
    let response = send(channel.authenticate_command(plain)).map_err(TerminalError::Exchange)?;
    check_status("EXTERNAL AUTHENTICATE", response.sw)?;
    Ok(HostSession { channel: Some(channel), level, dek: keys.dek().map_err(Scp03Error::from)?, card })
}

impl HostSession {
    /// What the card said of itself when the session was opened.
    pub const fn card(&self) -> &InitializeUpdateResponse {
        &self.card
    }

    /// Key diversification data of the card.
    pub const fn kdd(&self) -> &[u8; 10] {
        &self.card.key_diversification_data
    }
}

sides!(SCP, SecurityLevel, |level: SecurityLevel| level.0; CardSession, HostSession);

struct Cryptograms {
    card: Vec<u8>,
    host: Vec<u8>,
}

/// Session keys and both cryptograms out of the two challenges, Amd D §6.2.1 and §6.2.2.
fn agree(keys: &KeySet, host: &[u8], card: &[u8]) -> Result<(SessionKeys, Cryptograms), Scp03Error> {
    let context = [host, card].concat();
    let size = if card.len() == Size::S8.octets() { Size::S8 } else { Size::S16 };
    let session_keys = SessionKeys::derive(keys, &context)?;
    let s_mac = AesKey::new(&session_keys.s_mac)?;
    let cryptograms = Cryptograms {
        card: derive_public(&s_mac, Derivation::CardCryptogram, size, &[&context]),
        host: derive_public(&s_mac, Derivation::HostCryptogram, size, &[&context]),
    };
    Ok((session_keys, cryptograms))
}

fn draw_challenge(size: Size, rng: &mut dyn CryptoRng) -> Vec<u8> {
    let mut challenge = vec![0; size.octets()];
    rng.fill_bytes(&mut challenge);
    challenge
}

fn check_status(command: &'static str, sw: Sw) -> Result<(), Scp03Error> {
    if sw == Sw::OK { Ok(()) } else { Err(Scp03Error::Status { command, sw }) }
}
