//! One face for the secure channels of GlobalPlatform: what a card manager and a host need of SCP02, SCP03 and SCP11
//! without knowing which of them is open, and the opening of SCP02 and SCP03 from both sides.

use crate::scp02::Scp02Error;
use crate::scp03::Scp03Error;
use crate::scp03::{SecurityLevel, Size};
use crate::{KeySet, KeyType, SecureMessaging, TerminalError, scp02, scp03};
use bitaqa_apdu::{Bytes, Command, Response, Sw, ins};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// The data encryption key of a secure channel: confidentiality for keys and sensitive data over and beyond the
/// protection of the session (GPC 2.3.1 §E.4.7, Amd D §6.2.8).
pub trait DataEncryption {
    /// Octets of a block.
    fn key_block(&self) -> usize;

    /// Host: sensitive data of STORE DATA, padded with 80 00.. (both standards leave the padding to the application).
    fn encrypt_sensitive(&self, plain: &[u8]) -> Vec<u8>;

    /// Card: inverse of [`Self::encrypt_sensitive`].
    ///
    /// # Errors
    /// 6A80 for no whole blocks or no padding.
    fn decrypt_sensitive(&self, cryptogram: &[u8]) -> Result<Bytes, Sw>;

    /// Host: key material of PUT KEY, whole blocks without padding.
    ///
    /// # Errors
    /// 6A80 for no whole blocks.
    fn encrypt_key(&self, blocks: &[u8]) -> Result<Vec<u8>, Sw>;

    /// Card: inverse of [`Self::encrypt_key`].
    ///
    /// # Errors
    /// 6A80 for no whole blocks.
    fn decrypt_key(&self, cryptogram: &[u8]) -> Result<Zeroizing<Vec<u8>>, Sw>;
}

/// An open session of either side.
pub trait SecureChannel: SecureMessaging + DataEncryption {
    /// Identifier of the protocol: 02, 03 or 11.
    fn protocol(&self) -> u8;

    /// Level of protection: P1 of EXTERNAL AUTHENTICATE, or what the terms of SCP11 amount to.
    fn level(&self) -> u8;

    /// Whether the host has proved who it is. False in SCP11b, where the card alone does: such a session protects, but
    /// its host may do no more than anybody (Amd F §7.1.1).
    fn authenticates_host(&self) -> bool;
}

/// Facts of the card that INITIALIZE UPDATE needs.
#[derive(Clone, Copy)]
pub struct Chip<'a> {
    /// Version of the key set that answers.
    pub kvn: u8,
    /// Key diversification data.
    pub kdd: &'a [u8; 10],
    /// Parameter i of the protocol.
    pub i: u8,
    /// Sequence counter of the key set. SCP03: its value *after* the increment, which is stored before the response
    /// goes out (Amd D §6.2.2.1); not needed for a drawn challenge. SCP02: its value before EXTERNAL AUTHENTICATE,
    /// to which the card adds 1 when that has succeeded, and not before (GPC 2.3.1 §E.1.6).
    pub sequence: Option<u32>,
    /// What a pseudo-random challenge is computed over: the AID of the security domain (Amd D §6.2.2.1), with SCP02 of
    /// the selected application (GPC 2.3.1 §E.4.2.3).
    pub aid: &'a [u8],
    /// Status word of an EXTERNAL AUTHENTICATE whose cryptogram is wrong: 6300 in GPC 2.3.1 §D.4.2.7; cards in the
    /// field answer 6982 or 6988 too.
    pub failure: Sw,
    /// Whether a 9000, 62xx or 63xx without data carries an R-MAC at a level with R-MAC, as Amd D §6.2.5 wants; there
    /// are cards that leave it out. Nothing to SCP02.
    pub mac_on_empty_response: bool,
}

/// A card between INITIALIZE UPDATE and EXTERNAL AUTHENTICATE. Dropping it forgets the session keys.
pub trait Opening: Send {
    /// EXTERNAL AUTHENTICATE: checks the host and opens the session; the response goes out without protection.
    ///
    /// # Errors
    /// `failure` of the [`Chip`] for a wrong cryptogram, 6982 for a wrong C-MAC, other words for a malformed command.
    /// The stage is gone in every case.
    fn external_authenticate(self: Box<Self>, command: &Command) -> Result<(Response, Box<dyn SecureChannel>), Sw>;
}

/// Card role, INITIALIZE UPDATE, in the protocol that goes with the keys: SCP02 with 3DES, SCP03 with AES.
///
/// # Errors
/// 6700, 6A86, 6A88 for a malformed command or another key version, 6985 for a used-up sequence counter.
pub fn initialize_update(
    command: &Command,
    keys: &KeySet,
    chip: &Chip<'_>,
    rng: &mut dyn CryptoRng,
) -> Result<(Response, Box<dyn Opening>), Sw> {
    let Chip { kvn, kdd, i, sequence, aid, failure, mac_on_empty_response } = *chip;
    match keys.key_type() {
        KeyType::Aes => {
            let (response, stage) = scp03::initialize_update(command, keys, kvn, kdd, i, sequence, aid, rng)?;
            let stage = stage.mac_on_empty_response(mac_on_empty_response);
            Ok((response, Box::new(Scp03Opening { stage, failure })))
        }
        KeyType::TripleDes => {
            // Two octets on the card: 65,535 sessions, then the key set is worn out.
            let [high, low] = match sequence.map(u16::try_from) {
                Some(Ok(value)) => value.to_be_bytes(),
                _ => return Err(Sw::CONDITIONS_NOT_SATISFIED),
            };
            let made = scp02::initialize_update(command, keys, kvn, kdd, i, [high, low], aid, rng);
            let (response, stage) = made?;
            Ok((response, Box::new(Scp02Opening { stage, failure })))
        }
    }
}

struct Scp03Opening {
    stage: scp03::AwaitExternalAuthenticate,
    failure: Sw,
}

impl Opening for Scp03Opening {
    fn external_authenticate(self: Box<Self>, command: &Command) -> Result<(Response, Box<dyn SecureChannel>), Sw> {
        match self.stage.external_authenticate(command) {
            Ok((response, session)) => Ok((response, Box::new(session))),
            Err(Scp03Error::HostCryptogram) => Err(self.failure),
            Err(error) => Err(error.into()),
        }
    }
}

struct Scp02Opening {
    stage: scp02::AwaitExternalAuthenticate,
    failure: Sw,
}

impl Opening for Scp02Opening {
    fn external_authenticate(self: Box<Self>, command: &Command) -> Result<(Response, Box<dyn SecureChannel>), Sw> {
        match self.stage.external_authenticate(command) {
            Ok((response, session)) => Ok((response, Box::new(session))),
            Err(Scp02Error::HostCryptogram) => Err(self.failure),
            Err(error) => Err(error.into()),
        }
    }
}

/// What a host asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Version of the key set, 00 for the card's choice.
    pub kvn: u8,
    /// Security level, P1 of EXTERNAL AUTHENTICATE.
    pub level: u8,
    /// Size of the challenges: S16 for a card whose recognition data say so (Amd D 1.2).
    pub size: Size,
}

/// What a card says of itself in its answer to INITIALIZE UPDATE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// 02 or 03.
    pub protocol: u8,
    /// What the keys of this card are diversified from.
    pub kdd: [u8; 10],
    /// Version of the key set in use.
    pub kvn: u8,
    /// Parameter i, told by SCP03 alone.
    pub i: Option<u8>,
    /// Sequence counter: SCP02 always, SCP03 with a pseudo-random challenge.
    pub sequence: Option<u32>,
}

/// Why a host did not open a channel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// SCP02.
    #[error("SCP02: {0}")]
    Scp02(#[from] Scp02Error),
    /// SCP03.
    #[error("SCP03: {0}")]
    Scp03(#[from] Scp03Error),
    /// The card refused INITIALIZE UPDATE. Nothing was sent that could spend its retry counter.
    #[error("INITIALIZE UPDATE answered {0}")]
    Status(Sw),
    /// The answer names neither SCP02 nor SCP03.
    #[error("INITIALIZE UPDATE: an answer of {octets} octets of protocol {protocol:02X?}, which is not SCP02 or SCP03")]
    Protocol {
        /// Octets of the answer.
        octets: usize,
        /// Protocol identifier, where there is one.
        protocol: Option<u8>,
    },
}

/// Host role: opens whichever of SCP02 and SCP03 the card answers with. `keys` finds or diversifies the keys; it may
/// refuse in its own words. The card cryptogram is checked before EXTERNAL AUTHENTICATE is sent: a host with wrong keys
/// leaves the card's retry counter alone.
///
/// # Errors
/// [`OpenError`], or what `send` gives.
pub fn open<E>(
    send: &mut dyn FnMut(Command) -> Result<Response, E>,
    keys: &dyn Fn(&Offer) -> Result<KeySet, String>,
    wanted: Wanted,
    rng: &mut dyn CryptoRng,
) -> Result<(Box<dyn SecureChannel>, Offer), TerminalError<E, OpenError>> {
    let mut challenge = [0; 16];
    rng.fill_bytes(&mut challenge);
    let (first_half, _) = challenge.split_first_chunk::<8>().ok_or(OpenError::Status(Sw::EXECUTION_ERROR))?;
    let host_challenge = if wanted.size == Size::S8 { &first_half[..] } else { &challenge[..] };
    let command = Command::globalplatform(ins::INITIALIZE_UPDATE, wanted.kvn, 0).data(host_challenge).ne(256);
    let response = send(command).map_err(TerminalError::Exchange)?;
    if response.sw != Sw::OK {
        return Err(OpenError::Status(response.sw).into());
    }
    match response.data.get(11).copied() {
        Some(scp02::SCP) => {
            let level = scp02::Level::from_octet(wanted.level);
            let level = level.ok_or(OpenError::Scp02(Scp02Error::P1P2(u16::from(wanted.level) << 8)))?;
            let keys = |card: &scp02::InitializeUpdateResponse| keys(&card.into()).map_err(Scp02Error::NoKeys);
            let opened = scp02::authenticate(send, &keys, *first_half, &response.data, level).map_err(widen)?;
            let offer = opened.card().into();
            Ok((Box::new(opened), offer))
        }
        Some(scp03::SCP) => {
            let level = SecurityLevel(wanted.level);
            let keys = |card: &scp03::InitializeUpdateResponse| keys(&card.into()).map_err(Scp03Error::NoKeys);
            let opened = scp03::authenticate(send, &keys, host_challenge, &response.data, level).map_err(widen)?;
            let offer = opened.card().into();
            Ok((Box::new(opened), offer))
        }
        protocol => Err(OpenError::Protocol { octets: response.data.len(), protocol }.into()),
    }
}

fn widen<E, P: Into<OpenError>>(error: TerminalError<E, P>) -> TerminalError<E, OpenError> {
    match error {
        TerminalError::Exchange(error) => TerminalError::Exchange(error),
        TerminalError::Protocol(error) => TerminalError::Protocol(error.into()),
    }
}

impl From<&scp02::InitializeUpdateResponse> for Offer {
    fn from(card: &scp02::InitializeUpdateResponse) -> Self {
        Self {
            protocol: scp02::SCP,
            kdd: card.key_diversification_data,
            kvn: card.key_version,
            i: None,
            sequence: Some(u16::from_be_bytes(card.sequence).into()),
        }
    }
}

impl From<&scp03::InitializeUpdateResponse> for Offer {
    fn from(card: &scp03::InitializeUpdateResponse) -> Self {
        Self {
            protocol: scp03::SCP,
            kdd: card.key_diversification_data,
            kvn: card.key_version,
            i: Some(card.i),
            sequence: card.sequence,
        }
    }
}

#[cfg(test)]
#[path = "secure_channel_tests.rs"]
mod tests;
