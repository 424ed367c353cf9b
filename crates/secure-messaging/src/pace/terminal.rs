//! The terminal's role of PACE: a straight function, its local variables are the state.

use super::{Agreement, Established, PaceError, Password, SET_AT, Suite, map};
use crate::TerminalError;
use crate::aes_key::BLOCK;
use crate::templates::{SetAt, dynamic, dynamic_content, dynamic_object, general_authenticate};
use bitaqa_apdu::tlv::{Reader, TlvError};
use bitaqa_apdu::{Command, Response, Sw, ins};
use bitaqa_curves::SecretScalar;
use bitaqa_lds::security_infos::PaceInfo;
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;

/// Runs PACE by one offer of the chip. DO 84 names the domain parameters always: chips with several offers ask for it,
/// and chips with one accept it (some even with one answer 6A87 without it).
///
/// # Errors
/// [`PaceError::PasswordRefused`] for a wrong password; [`PaceError::Token`] for a chip that does not know it either;
/// other variants for a chip that breaks the protocol; what `send` gives.
pub fn establish<E>(
    send: &mut dyn FnMut(Command) -> Result<Response, E>,
    info: &PaceInfo,
    password: &Password,
    rng: &mut dyn CryptoRng,
) -> Result<Established, TerminalError<E, PaceError>> {
    run(send, info, info.parameter_id, password, rng)
}

/// As [`establish`], without DO 84: for chips that refuse it where nothing is ambiguous.
///
/// # Errors
/// As [`establish`].
pub fn establish_without_reference<E>(
    send: &mut dyn FnMut(Command) -> Result<Response, E>,
    info: &PaceInfo,
    password: &Password,
    rng: &mut dyn CryptoRng,
) -> Result<Established, TerminalError<E, PaceError>> {
    run(send, info, None, password, rng)
}

fn run<E>(
    send: &mut dyn FnMut(Command) -> Result<Response, E>,
    info: &PaceInfo,
    reference: Option<u8>,
    password: &Password,
    rng: &mut dyn CryptoRng,
) -> Result<Established, TerminalError<E, PaceError>> {
    let suite = Suite::of(info).ok_or(PaceError::Unsupported {
        protocol: info.protocol,
        version: info.version,
        parameter_id: info.parameter_id,
    })?;
    let mut exchange = |step, command| -> Result<Response, TerminalError<E, PaceError>> {
        let response = send(command).map_err(TerminalError::Exchange)?;
        check_status(step, response.sw)?;
        Ok(response)
    };
    exchange("MSE:Set AT", set_at(info, reference, password))?;

    let response = exchange("the nonce", general_authenticate(dynamic(&[]), true))?;
    let z = dynamic_object(&response.data, 0x80).map_err(PaceError::from)?;
    if z.is_empty() || !z.len().is_multiple_of(BLOCK) {
        return Err(PaceError::Nonce(z.len()).into());
    }
    let nonce = suite.decrypt_nonce(password, z).map_err(PaceError::from)?;

    let key = SecretScalar::generate(suite.curve, rng);
    let own = key.public();
    let response = exchange("the mapping", general_authenticate(dynamic(&[(0x81, &own.encode())]), true))?;
    let octets = dynamic_object(&response.data, 0x82).map_err(PaceError::from)?;
    let generator = map(&key, &suite.peer(octets, &own)?, &nonce).map_err(PaceError::from)?;

    let key = SecretScalar::generate(suite.curve, rng);
    let own = key.public_on(&generator).map_err(PaceError::from)?;
    let response = exchange("the key agreement", general_authenticate(dynamic(&[(0x83, &own.encode())]), true))?;
    let octets = dynamic_object(&response.data, 0x84).map_err(PaceError::from)?;
    let peer = suite.peer(octets, &own)?;
    let agreement = Agreement::new(suite, &key, own, peer)?;

    let token = agreement.own_token().map_err(PaceError::from)?;
    let response = exchange(MUTUAL_AUTHENTICATION, general_authenticate(dynamic(&[(0x85, &token)]), false))?;
    Ok(finish(&agreement, password, &response.data)?)
}

/// Step whose refusal means the password.
const MUTUAL_AUTHENTICATION: &str = "the mutual authentication";

fn set_at(info: &PaceInfo, reference: Option<u8>, password: &Password) -> Command {
    let [p1, p2] = SET_AT.to_be_bytes();
    let kind = [password.kind() as u8];
    let reference = reference.map(|id| [id]);
    let objects = SetAt {
        mechanism: Some(info.protocol.as_bytes()),
        reference: Some(&kind),
        private_reference: reference.as_ref().map(|id| &id[..]),
        chat: None,
    };
    Command::new(ins::MANAGE_SECURITY_ENVIRONMENT, p1, p2).data(objects.write())
}

/// 63Cx to MSE:Set AT says that fewer tries are left (TR-03110-3 §B.14.1), and the run goes on.
fn check_status(step: &'static str, sw: Sw) -> Result<(), PaceError> {
    let tries_left = sw.0 & 0xFFF0 == 0x63C0;
    match step {
        _ if sw == Sw::OK => Ok(()),
        "MSE:Set AT" if tries_left => Ok(()),
        MUTUAL_AUTHENTICATION if sw == Sw::AUTHENTICATION_FAILED || tries_left => Err(PaceError::PasswordRefused(sw)),
        _ => Err(PaceError::Status { step, sw }),
    }
}

/// Checks T_IC and reads the names of the trust points, if there are any.
fn finish(agreement: &Agreement, password: &Password, data: &[u8]) -> Result<Established, PaceError> {
    let (token, references) = last_response(data)?;
    if !bool::from(agreement.peer_token()?.ct_eq(token)) {
        return Err(PaceError::Token);
    }
    Ok(Established {
        sm: agreement.session()?,
        id_picc: agreement.peer.x(),
        pcd_compressed: agreement.own.x(),
        password: password.kind(),
        certification_authority_references: references,
    })
}

/// `86 T_IC [, 87 CAR [, 88 CAR]]`. DO 8A belongs to chip authentication mapping and is refused here (9303-11 §4.4.5).
fn last_response(data: &[u8]) -> Result<(&[u8], Vec<Vec<u8>>), TlvError> {
    let mut reader = Reader::new(dynamic_content(data)?);
    let token = reader.expect(0x86)?;
    let references = [reader.optional(0x87)?, reader.optional(0x88)?];
    reader.finish()?;
    Ok((token, references.into_iter().flatten().map(<[u8]>::to_vec).collect()))
}
