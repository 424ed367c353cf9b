//! The GlobalPlatform client: what an issuer or a partner sends to a card manager or to an application under
//! personalisation. Secure channels are opened in the protocol that the card answers.

mod channel;
mod content;
mod data;
mod status;

use bitaqa_apdu::public_key::{self, CardPublicKey};
use bitaqa_apdu::tlv::{self, TlvError};
use bitaqa_apdu::{Aid, Bytes, Command, dgi, ins};
use bitaqa_secure_messaging::KeySet;
use bitaqa_secure_messaging::put_key::{self, NewKey, PutKeyError};

pub use self::channel::{
    ChannelError, Keys, Offer, Size, Wanted, close_logical_channel, open_logical_channel, open_secure_channel,
};
pub use self::content::{
    Fields, Installation, LoadFile, Step, delete, delete_keys, extradite, install, install_parameters, install_step,
    load, personalize, set_application_status, set_card_status, set_domain_status, store_data, update_privileges,
};
pub use self::data::{CardData, Cplc, KeyInformation, card_data, cplc, get_data, key_information, sequence_counter};
pub use self::status::{Part, Privileges, Status, application_life, card_life, get_status, registry};

use crate::session::{Session, SessionError};

/// Why a GlobalPlatform dialogue did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum GpError {
    /// The exchange.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The secure channel.
    #[error("secure channel: {0}")]
    SecureChannel(#[from] ChannelError),
    /// A key that cannot be sent, or was not confirmed as it was sent.
    #[error(transparent)]
    PutKey(PutKeyError),
    /// Something that goes under a secure channel's keys, and none is open.
    #[error("{0}: no secure channel is open")]
    NoChannel(&'static str),
    /// A response that is not what the specification says.
    #[error("{at}: {source}")]
    Response {
        /// The command.
        at: &'static str,
        /// What is wrong.
        source: TlvError,
    },
}

/// SELECT by AID, 7816-4 §11.2.2. Ends any protection: the new application shares no session.
///
/// # Errors
/// [`SessionError::Status`] 6A82 when there is none.
pub fn select(session: &mut Session<'_>, aid: &Aid) -> Result<Bytes, SessionError> {
    session.end_protection();
    session.expect(Command::new(ins::SELECT, 0x04, 0x00).data(aid.as_bytes()).ne(256))
}

/// PUT KEY of the three keys of a secure channel (GPC 2.3.1 §11.8): the version `replaces` is gone after it; 00 adds.
///
/// # Errors
/// [`GpError::PutKey`] when the card's confirmation is not that of the keys sent, [`GpError::NoChannel`] without one.
pub fn put_keys(session: &mut Session<'_>, replaces: u8, kvn: u8, new: &KeySet) -> Result<(), GpError> {
    put_new_keys(session, replaces, kvn, &NewKey::of_set(new)?)
}

/// PUT KEY of any keys under identifiers that follow one another: AES, 3DES, RSA and EC (GPC 2.3.1 §11.8, Amd D §7.2).
///
/// # Errors
/// As [`put_keys`].
pub fn put_new_keys(session: &mut Session<'_>, replaces: u8, kvn: u8, keys: &[NewKey]) -> Result<(), GpError> {
    let channel = session.secure_channel().ok_or(GpError::NoChannel("PUT KEY"))?;
    let command = put_key::build(kvn, replaces, keys, channel)?;
    let answer = session.expect(command)?;
    Ok(put_key::check_confirmation(&answer, kvn, keys)?)
}

/// STORE DATA of one DGI over as many blocks as the session needs (GPC 2.3.1 §11.11). A `sensitive` value goes under
/// the data encryption key of the channel. `sent` hears how many octets of the value each block carried.
///
/// # Errors
/// [`GpError`]; the card then holds a part of the value, and the DGI must be stored again from its beginning.
pub fn store_dgi(
    session: &mut Session<'_>,
    number: u16,
    value: &[u8],
    sensitive: bool,
    sent: &mut dyn FnMut(usize),
) -> Result<(), GpError> {
    store_dgis(session, &[(number, value)], sensitive, sent)
}

/// STORE DATA of several DGIs as one stream: they follow one another in a block, and go over its end, so that all
/// blocks
/// but the last are full. P1 speaks of a whole command, so that all of them are `sensitive` or none is.
///
/// # Errors
/// [`GpError`]; what came before the block that failed is on the card, and all must be stored again from the first.
pub fn store_dgis(
    session: &mut Session<'_>,
    groupings: &[(u16, &[u8])],
    sensitive: bool,
    sent: &mut dyn FnMut(usize),
) -> Result<(), GpError> {
    // Wiped with its last copy, as it may be all that the card will know of its holder.
    let mut stream = Bytes::from(Vec::with_capacity(groupings.iter().map(|(_, value)| value.len() + 32).sum()));
    for (number, value) in groupings {
        let wrapped = if sensitive {
            let channel = session.secure_channel().ok_or(GpError::NoChannel("STORE DATA of a sensitive value"))?;
            Some(channel.encrypt_sensitive(value))
        } else {
            None
        };
        let value = wrapped.as_deref().unwrap_or(value);
        let length = u16::try_from(value.len()).map_err(|_| SessionError::Malformed {
            at: format!("STORE DATA {number:04X}"),
            what: format!("{} octets do not fit a DGI", value.len()),
        })?;
        stream.as_mut_vec().extend_from_slice(&dgi::header(*number, length));
        stream.as_mut_vec().extend_from_slice(value);
    }
    store_blocks(session, if sensitive { 0x68 } else { 0x08 }, &stream, sent)
}

/// STORE DATA of a stream over as many blocks as the session needs, P2 counting from 00. `p1` without the bit of the
/// last block.
///
/// # Errors
/// [`GpError`].
pub fn store_blocks(
    session: &mut Session<'_>,
    p1: u8,
    stream: &[u8],
    sent: &mut dyn FnMut(usize),
) -> Result<(), GpError> {
    let size = session.max_data().max(1);
    let mut blocks = stream.chunks(size).peekable();
    let mut block: u8 = 0;
    while let Some(part) = blocks.next() {
        let last = if blocks.peek().is_none() { 0x80 } else { 0 };
        session.expect(Command::globalplatform(ins::STORE_DATA, p1 | last, block).data(part))?;
        block = block.checked_add(1).unwrap_or(1);
        sent(part.len());
    }
    Ok(())
}

/// GENERATE ASYMMETRIC KEY PAIR, 7816-8 §5.1: the pair of this number is made, its public key comes back.
///
/// # Errors
/// [`GpError`].
pub fn generate_key_pair(session: &mut Session<'_>, number: u8) -> Result<CardPublicKey, GpError> {
    let command = Command::globalplatform(ins::GENERATE_ASYMMETRIC_KEY_PAIR, 0x80, number).ne(session.max_ne());
    let data = session.expect(command)?;
    let at = "GENERATE ASYMMETRIC KEY PAIR";
    CardPublicKey::decode(&data).map_err(|source| GpError::Response { at, source })
}

/// GET DATA DF33 of an application under personalisation: the public keys that it has made, by number.
///
/// # Errors
/// [`GpError`].
pub fn public_keys(session: &mut Session<'_>) -> Result<Vec<(u8, CardPublicKey)>, GpError> {
    let Some(data) = get_data(session, dgi::GET_DATA_PUBLIC_KEYS)? else { return Ok(Vec::new()) };
    let at = "GET DATA of the public keys";
    public_key::decode_all(dgi::GET_DATA_PUBLIC_KEYS.into(), &data).map_err(|source| GpError::Response { at, source })
}

/// SELECT without a name: whatever the card takes for its issuer security domain (GPC 2.3.1 §11.9).
///
/// # Errors
/// [`SessionError`].
pub fn select_default(session: &mut Session<'_>) -> Result<Bytes, SessionError> {
    session.end_protection();
    session.expect(Command::new(ins::SELECT, 0x04, 0x00).ne(256))
}

/// DF name in the answer to SELECT: `6F { 84 .. }` (GPC 2.3.1 §11.9.3.1).
pub fn selected_aid(answer: &[u8]) -> Option<&[u8]> {
    tlv::find(tlv::find(answer, 0x6F).ok()??, 0x84).ok()?
}
