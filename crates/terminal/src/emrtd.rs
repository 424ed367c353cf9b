//! Reading an eMRTD: selection, whole files in the fewest commands, the access protocols as one call each.

use bitaqa_apdu::tlv::{self, TlvError};
use bitaqa_apdu::{Aid, Bytes, Command, Sw, describe, ins};
use bitaqa_lds::security_infos::{ActiveAuthenticationInfo, ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo};
use bitaqa_pki::cvc::CvCertificate;
use bitaqa_pki::{PublicKey, Signer};
use bitaqa_secure_messaging::TerminalError;
use bitaqa_secure_messaging::aa::{self, AaError};
use bitaqa_secure_messaging::bac::{self, BacError, BacKeys};
use bitaqa_secure_messaging::ca::{self, CaError};
use bitaqa_secure_messaging::pace::{self, Established, Offer, PaceError, Password, Request};
use bitaqa_secure_messaging::ta::{self, TaError};
use rand_core::CryptoRng;

use crate::session::{Session, SessionError};

/// AID of the eMRTD application, 9303-10 §3.6.1.
pub const APPLICATION: [u8; 7] = [0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];

/// A file that states to be larger is not read: no chip of this kind has more memory, and a card that makes up lengths
/// would keep its reader busy for hours.
const FILE_BYTES_MAX: usize = 0x10_0000;

/// READ BINARY commands for one file. A card may give less than it was asked for, but not for ever.
const READS_MAX: usize = 0x2000;

/// The highest offset that fits P1-P2 of READ BINARY; from there on the offset goes into a data object.
const EVEN_OFFSET_MAX: usize = 0x7FFF;

/// SELECT of the eMRTD application, under the session's protection when there is one.
///
/// # Errors
/// [`SessionError`].
pub fn select_application(session: &mut Session<'_>, aid: &Aid) -> Result<(), SessionError> {
    session.expect(Command::new(ins::SELECT, 0x04, 0x0C).data(aid.as_bytes())).map(|_| ())
}

/// Reads the file with this short identifier to the end that its own TLV header tells.
///
/// # Errors
/// [`SessionError::Status`] when the card refuses, [`SessionError::Malformed`] when what comes is no TLV file, or
/// states more than a mebibyte.
pub fn read_file(session: &mut Session<'_>, sfi: u8) -> Result<Bytes, SessionError> {
    let at = format!("READ BINARY SFI {sfi:02X}");
    let malformed = |what: String| SessionError::Malformed { at: at.clone(), what };
    let mut content = first(session, sfi, session.max_ne(), &at)?;
    let total = tlv::total_length(&content).map_err(|error| malformed(error.to_string()))?;
    let total = total.ok_or_else(|| malformed("the file is shorter than a TLV header".into()))?;
    if total > FILE_BYTES_MAX {
        return Err(malformed(format!("states a length of {total} octets; at most {FILE_BYTES_MAX} are read")));
    }
    let mut reads = 1;
    while content.len() < total {
        reads += 1;
        if reads > READS_MAX {
            return Err(malformed(format!("gives {} of {total} octets in {READS_MAX} pieces", content.len())));
        }
        let missing = u32::try_from(total - content.len()).unwrap_or(u32::MAX);
        let more = read_at(session, content.len(), missing.min(session.max_ne()), &at)?;
        if more.is_empty() {
            return Err(malformed(format!("ends after {} of {total} octets", content.len())));
        }
        content.as_mut_vec().extend_from_slice(&more);
    }
    // The file may be larger than the object in it; what follows the object is no part of the content.
    content.as_mut_vec().truncate(total);
    Ok(content)
}

/// Reads the first octets of a file that is no TLV object, such as EF.CVCA.
///
/// # Errors
/// [`SessionError::Status`] when the card refuses; a file that is shorter is no error.
pub fn read_octets(session: &mut Session<'_>, sfi: u8, octets: u32) -> Result<Bytes, SessionError> {
    first(session, sfi, octets, &format!("READ BINARY SFI {sfi:02X}"))
}

/// The first octets of a file. Identifiers of all files of the LDS are 01 and the short identifier (9303-10 table 38).
fn first(session: &mut Session<'_>, sfi: u8, ne: u32, at: &str) -> Result<Bytes, SessionError> {
    if !session.selects_by_identifier() {
        return part(session.send(Command::new(ins::READ_BINARY, 0x80 | sfi, 0x00).ne(ne))?, at);
    }
    session.expect(Command::new(ins::SELECT, 0x02, 0x0C).data([0x01, sfi]))?;
    part(session.send(Command::new(ins::READ_BINARY, 0x00, 0x00).ne(ne))?, at)
}

/// Whether the card gives the first octet of a file.
///
/// # Errors
/// What [`Session::send`] answers; a status word is none.
pub fn is_readable(session: &mut Session<'_>, sfi: u8) -> Result<bool, SessionError> {
    match read_octets(session, sfi, 1) {
        Ok(content) => Ok(!content.is_empty()),
        Err(error) if error.sw().is_some() => Ok(false),
        Err(error) => Err(error),
    }
}

fn read_at(session: &mut Session<'_>, offset: usize, ne: u32, at: &str) -> Result<Bytes, SessionError> {
    if offset <= EVEN_OFFSET_MAX {
        let [.., high, low] = offset.to_be_bytes();
        return part(session.send(Command::new(ins::READ_BINARY, high, low).ne(ne))?, at);
    }
    let [.., b2, b1, b0] = offset.to_be_bytes();
    // Ne counts the header of DO 53, four octets for every length that a command can ask for.
    let command = Command::new(ins::READ_BINARY_ODD, 0, 0).data(tlv::tlv(0x54, &[b2, b1, b0]));
    let data = part(session.send(command.ne((ne + 4).min(session.max_ne())))?, at)?;
    let malformed = |error: TlvError| SessionError::Malformed { at: at.to_owned(), what: error.to_string() };
    tlv::only(&data, 0x53).map(Bytes::from).map_err(malformed)
}

/// Data of a READ BINARY; the warning "end of file" brings data like 9000.
fn part(response: bitaqa_apdu::Response, at: &str) -> Result<Bytes, SessionError> {
    match response.sw {
        Sw::OK | Sw::END_OF_FILE => Ok(response.data),
        sw => Err(SessionError::Status { at: at.to_owned(), sw }),
    }
}

/// PACE, 9303-11 §4.4. The session is for the caller to protect with what it gives. `gate` sees the card's answer to
/// MSE:Set AT before a password is tried, and may stop there for a reason: tries of a PIN are counted (TR-03110-3
/// §B.14.1).
///
/// # Errors
/// [`SessionError::Withheld`] with the reason of `gate`; the exchange or the protocol. The session is without
/// protection then.
pub fn pace(
    session: &mut Session<'_>,
    offer: &Offer,
    password: &Password,
    gate: &mut dyn FnMut(Sw) -> Result<(), String>,
    rng: &mut dyn CryptoRng,
) -> Result<Established, TerminalError<SessionError, PaceError>> {
    let mut send = |command: Command| {
        let is_set_at = command.ins == ins::MANAGE_SECURITY_ENVIRONMENT;
        let at = describe::command(&command);
        let response = session.send(command)?;
        if is_set_at {
            gate(response.sw).map_err(|why| SessionError::Withheld { at, why })?;
        }
        Ok(response)
    };
    pace::establish_with(&mut send, offer, Request::default(), password, rng)
}

/// BAC, 9303-11 §4.3, with the application selected.
///
/// # Errors
/// The exchange or the protocol; the session is without protection then.
pub fn bac(
    session: &mut Session<'_>,
    keys: &BacKeys,
    rng: &mut dyn CryptoRng,
) -> Result<(), TerminalError<SessionError, BacError>> {
    let sm = bac::establish(&mut |command| session.send(command), keys, rng)?;
    session.protect_with(sm);
    Ok(())
}

/// Active Authentication, 9303-11 §6.1, with the key of DG15; `info` is DG14's. Gives how the chip has signed.
///
/// # Errors
/// The exchange or the protocol; the session lives on.
pub fn active_authentication(
    session: &mut Session<'_>,
    key: &PublicKey,
    info: Option<&ActiveAuthenticationInfo>,
    rng: &mut dyn CryptoRng,
) -> Result<aa::Mechanism, TerminalError<SessionError, AaError>> {
    aa::authenticate(&mut |command| session.send(command), key, info, rng)
}

/// Chip Authentication, 9303-11 §6.2, with a key that passive authentication vouches for. Returns the terminal's
/// compressed ephemeral key. `commands` are those that the cipher asks for, unless told otherwise.
///
/// # Errors
/// The exchange or the protocol.
pub fn chip_authentication(
    session: &mut Session<'_>,
    commands: Option<ca::Commands>,
    info: &ChipAuthenticationInfo,
    key: &ChipAuthenticationPublicKeyInfo,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, TerminalError<SessionError, CaError>> {
    let mut send = |command| session.send(command);
    let agreed = match commands {
        None => ca::agree(&mut send, info, key, rng)?,
        Some(commands) => ca::agree_by(&mut send, commands, info, key, rng)?,
    };
    session.protect_with(agreed.sm);
    Ok(agreed.pcd_compressed)
}

/// Terminal Authentication, TR-03110-1 §3.5.
///
/// # Errors
/// The exchange or the protocol.
pub fn terminal_authentication(
    session: &mut Session<'_>,
    chain: &[CvCertificate],
    signer: &dyn Signer,
    id_picc: &[u8],
    pcd_compressed: &[u8],
) -> Result<(), TerminalError<SessionError, TaError>> {
    ta::authenticate(&mut |command| session.send(command), chain, signer, id_picc, pcd_compressed)
}
