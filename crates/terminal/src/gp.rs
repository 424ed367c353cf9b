//! The GlobalPlatform client: what an issuer sends to a card manager or to an application under personalisation.

use bitaqa_apdu::public_key::{self, CardPublicKey};
use bitaqa_apdu::tlv::{self, TlvError};
use bitaqa_apdu::{Aid, Bytes, Command, Sw, describe, dgi, ins};
use bitaqa_secure_messaging::put_key::{self, NewKey, PutKeyError};
use bitaqa_secure_messaging::scp03::{self, Dek, InitializeUpdateResponse, KeySet, Scp03Error, SecurityLevel};
use bitaqa_secure_messaging::{DataEncryption, TerminalError};
use rand_core::CryptoRng;

use crate::session::{Session, SessionError};

/// Why a GlobalPlatform dialogue did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum GpError {
    /// The exchange.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The secure channel.
    #[error("secure channel: {0}")]
    SecureChannel(#[from] Scp03Error),
    /// Keys on their way to the card.
    #[error(transparent)]
    PutKey(#[from] PutKeyError),
    /// A response that is not what the specification says.
    #[error("{at}: {source}")]
    Response {
        /// The command.
        at: &'static str,
        /// What is wrong.
        source: TlvError,
    },
}

/// Key type and version of one key of the card, out of the key information template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyInformation {
    /// Key identifier.
    pub id: u8,
    /// Key version number.
    pub kvn: u8,
}

/// An entry of GET STATUS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// AID.
    pub aid: Vec<u8>,
    /// Life cycle octet.
    pub life: u8,
}

/// What INSTALL [for install and make selectable] names.
pub struct Installation<'a> {
    /// AID of the load file.
    pub package: &'a Aid,
    /// AID of the module.
    pub module: &'a Aid,
    /// AID of the new instance.
    pub instance: &'a Aid,
    /// Privileges, first octet.
    pub privileges: u8,
    /// The application's own parameters (value of C9).
    pub parameters: &'a [u8],
}

/// SELECT by AID, 7816-4 §11.2.2. Ends any protection: the new application shares no session.
///
/// # Errors
/// [`SessionError::Status`] 6A82 when there is none.
pub fn select(session: &mut Session<'_>, aid: &Aid) -> Result<Bytes, SessionError> {
    session.end_protection();
    session.expect(Command::new(ins::SELECT, 0x04, 0x00).data(aid.as_bytes()).ne(256))
}

/// GET DATA, GPC 2.3.1 §11.3; `None` when the card has no such object.
///
/// # Errors
/// [`SessionError`].
pub fn get_data(session: &mut Session<'_>, tag: u16) -> Result<Option<Bytes>, SessionError> {
    let [p1, p2] = tag.to_be_bytes();
    let command = Command::globalplatform(ins::GET_DATA, p1, p2).ne(session.max_ne());
    let at = describe::command(&command);
    let response = session.send(command)?;
    match response.sw {
        Sw::OK => Ok(Some(response.data)),
        Sw::REFERENCE_NOT_FOUND => Ok(None),
        sw => Err(SessionError::Status { at, sw }),
    }
}

/// Key information template, GET DATA 00E0 (GPC 2.3.1 §11.3.3.1): tells transport keys from the issuer's without
/// spending an authentication.
///
/// # Errors
/// [`GpError`].
pub fn key_information(session: &mut Session<'_>) -> Result<Vec<KeyInformation>, GpError> {
    let at = "GET DATA 00E0";
    let wrong = |source| GpError::Response { at, source };
    let data = get_data(session, 0x00E0)?.unwrap_or_default();
    let objects = tlv::all(tlv::only(&data, 0xE0).map_err(wrong)?).map_err(wrong)?;
    let keys = objects.iter().map(|object| match object.value {
        [id, kvn, ..] if object.tag == 0xC0 => Ok(KeyInformation { id: *id, kvn: *kvn }),
        _ => Err(wrong(TlvError::ValueLength(object.tag))),
    });
    keys.collect()
}

/// Opens SCP03 (Amd D §7.1). `keys` is asked with the chip's diversification data; the card's cryptogram is checked
/// before EXTERNAL AUTHENTICATE is sent, so that wrong keys never spend one of the card's tries.
///
/// # Errors
/// [`GpError`]; the session is then without protection.
pub fn open_secure_channel(
    session: &mut Session<'_>,
    kvn: u8,
    level: SecurityLevel,
    keys: &dyn Fn(&[u8; 10]) -> Result<KeySet, Scp03Error>,
    rng: &mut dyn CryptoRng,
) -> Result<[u8; 10], GpError> {
    session.end_protection();
    let keys = |card: &InitializeUpdateResponse| keys(&card.key_diversification_data);
    let opened = scp03::open(&mut |command| session.send(command), &keys, kvn, level, rng);
    let host = opened.map_err(|error| match error {
        TerminalError::Exchange(error) => GpError::Session(error),
        TerminalError::Protocol(error) => GpError::SecureChannel(error),
    })?;
    let kdd = *host.kdd();
    session.protect_with(Box::new(host));
    Ok(kdd)
}

/// PUT KEY of a whole set (GPC 2.3.1 §11.8): the version `replaces` is gone after it.
///
/// # Errors
/// [`PutKeyError::Confirmation`] when the card's confirmation is not that of the keys sent.
pub fn put_keys(session: &mut Session<'_>, replaces: u8, kvn: u8, new: &KeySet, dek: &Dek) -> Result<(), GpError> {
    let new = NewKey::of_set(new)?;
    let answer = session.expect(put_key::build(kvn, replaces, &new, dek)?)?;
    Ok(put_key::check_confirmation(&answer, kvn, &new)?)
}

/// INSTALL [for install and make selectable], GPC 2.3.1 §11.5.2.3.2.
///
/// # Errors
/// [`SessionError`].
pub fn install(session: &mut Session<'_>, installation: &Installation<'_>) -> Result<(), SessionError> {
    let parameters = tlv::tlv(0xC9, installation.parameters);
    let fields = [
        installation.package.as_bytes(),
        installation.module.as_bytes(),
        installation.instance.as_bytes(),
        &[installation.privileges],
        &parameters,
        &[],
    ];
    let mut data = Vec::new();
    for field in fields {
        // Lengths of 80 and more take the BER form (GPC 2.3.1 §11.1.5), which the writer of TLV headers has.
        let mut header = Vec::new();
        tlv::put_header(&mut header, 0x53, field.len());
        data.extend(header.iter().skip(1));
        data.extend_from_slice(field);
    }
    session.expect(Command::globalplatform(ins::INSTALL, 0x0C, 0x00).data(data).ne(session.max_ne())).map(|_| ())
}

/// STORE DATA of one DGI over as many blocks as the session needs (GPC 2.3.1 §11.11). With `dek` the value goes
/// under that key. `sent` hears how many octets of the value each block carried.
///
/// # Errors
/// [`GpError`]; the card then holds a part of the value, and the DGI must be stored again from its beginning.
pub fn store_dgi(
    session: &mut Session<'_>,
    number: u16,
    value: &[u8],
    dek: Option<&Dek>,
    sent: &mut dyn FnMut(usize),
) -> Result<(), GpError> {
    let wrapped = dek.map(|dek| dek.encrypt_sensitive(value));
    let value = wrapped.as_deref().unwrap_or(value);
    let length = u16::try_from(value.len()).map_err(|_| SessionError::Malformed {
        at: format!("STORE DATA {number:04X}"),
        what: format!("{} octets do not fit a DGI", value.len()),
    })?;
    let mut stream = dgi::header(number, length);
    stream.extend_from_slice(value);
    let stream = Bytes::from(stream);
    let size = session.max_data();
    let mut blocks = stream.chunks(size).peekable();
    let mut block: u8 = 0;
    while let Some(part) = blocks.next() {
        let last = if blocks.peek().is_none() { 0x80 } else { 0 };
        let encrypted = if dek.is_some() { 0x60 } else { 0 };
        session.expect(Command::globalplatform(ins::STORE_DATA, 0x08 | last | encrypted, block).data(part))?;
        block = block.checked_add(1).unwrap_or(1);
        sent(part.len());
    }
    Ok(())
}

/// GET STATUS in TLV form, GPC 2.3.1 §11.4: `0x80` the security domain, `0x40` applications.
///
/// # Errors
/// [`GpError`].
pub fn get_status(session: &mut Session<'_>, kind: u8) -> Result<Vec<Status>, GpError> {
    let command = Command::globalplatform(ins::GET_STATUS, kind, 0x02).data([0x4F, 0x00]).ne(session.max_ne());
    let at = "GET STATUS";
    let response = session.send(command)?;
    match response.sw {
        Sw::OK => {}
        Sw::REFERENCE_NOT_FOUND => return Ok(Vec::new()),
        sw => return Err(SessionError::Status { at: at.into(), sw }.into()),
    }
    let read = || -> Result<Vec<Status>, TlvError> {
        let entries = tlv::all(&response.data)?.into_iter().map(|entry| {
            let aid = tlv::find(entry.value, 0x4F)?.ok_or(TlvError::Unexpected { expected: 0x4F, found: 0 })?;
            let life = tlv::find(entry.value, 0x9F70)?.and_then(|value| value.first());
            let life = *life.ok_or(TlvError::Unexpected { expected: 0x9F70, found: 0 })?;
            Ok(Status { aid: aid.to_vec(), life })
        });
        entries.collect()
    };
    read().map_err(|source| GpError::Response { at, source })
}

/// SET STATUS of the card, GPC 2.3.1 §11.10.
///
/// # Errors
/// [`SessionError`].
pub fn set_card_status(session: &mut Session<'_>, life: u8) -> Result<(), SessionError> {
    session.expect(Command::globalplatform(ins::SET_STATUS, 0x80, life)).map(|_| ())
}

/// SET STATUS of an application, GPC 2.3.1 §11.10.
///
/// # Errors
/// [`SessionError`].
pub fn set_application_status(session: &mut Session<'_>, aid: &Aid, life: u8) -> Result<(), SessionError> {
    session.expect(Command::globalplatform(ins::SET_STATUS, 0x40, life).data(aid.as_bytes())).map(|_| ())
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
