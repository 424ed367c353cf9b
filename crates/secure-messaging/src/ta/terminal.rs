//! The terminal's role of Terminal Authentication.

use super::{CHALLENGE, SET_AT, SET_DST, TaError, VERIFY};
use crate::TerminalError;
use bitaqa_apdu::tlv::tlv;
use bitaqa_apdu::{Command, Response, Sw, ins};
use bitaqa_pki::Signer;
use bitaqa_pki::cvc::CvCertificate;

/// Shows `chain` and signs the challenge, through the session that Chip Authentication left: `send` protects commands
/// and unprotects responses.
///
/// The chain begins with a certificate under a trust point of the chip (EF.CVCA tells their names) and ends with the
/// one whose key `signer` holds. `id_picc` comes from PACE, `pcd_compressed` from Chip Authentication.
///
/// # Errors
/// [`TaError::Status`] for a refusal, [`TaError::EmptyChain`], [`TaError::Sign`], [`TaError::Challenge`], or what
/// `send` gives. The session lives on in all of them but the last.
pub fn authenticate<E>(
    send: &mut dyn FnMut(Command) -> Result<Response, E>,
    chain: &[CvCertificate],
    signer: &dyn Signer,
    id_picc: &[u8],
    pcd_compressed: &[u8],
) -> Result<(), TerminalError<E, TaError>> {
    let terminal = chain.last().ok_or(TaError::EmptyChain)?;
    let mut exchange = |command: Command, name: &dyn Fn() -> String| -> Result<Response, TerminalError<E, TaError>> {
        let response = send(command).map_err(TerminalError::Exchange)?;
        match response.sw {
            Sw::OK => Ok(response),
            sw => Err(TaError::Status { command: name(), sw }.into()),
        }
    };
    for certificate in chain {
        let command = set(SET_DST, certificate.authority().as_octets());
        exchange(command, &|| format!("MSE:Set DST {}", certificate.authority()))?;
        let [p1, p2] = VERIFY.to_be_bytes();
        let command = Command::new(ins::PERFORM_SECURITY_OPERATION, p1, p2).data(certificate.command_data());
        exchange(command, &|| format!("the certificate of {}", certificate.holder()))?;
    }
    exchange(set(SET_AT, terminal.holder().as_octets()), &|| format!("MSE:Set AT {}", terminal.holder()))?;
    let response = exchange(Command::new(ins::GET_CHALLENGE, 0, 0).ne(8), &|| "GET CHALLENGE".to_owned())?;
    if response.data.len() != CHALLENGE {
        return Err(TaError::Challenge(response.data.len()).into());
    }
    let message = [id_picc, &response.data, pcd_compressed].concat();
    let signature = signer.sign(&message).map_err(TaError::from)?;
    let command = Command::new(ins::EXTERNAL_AUTHENTICATE, 0, 0).data(signature.0);
    exchange(command, &|| "EXTERNAL AUTHENTICATE".to_owned())?;
    Ok(())
}

/// MSE with DO 83.
fn set(p1p2: u16, reference: &[u8]) -> Command {
    let [p1, p2] = p1p2.to_be_bytes();
    Command::new(ins::MANAGE_SECURITY_ENVIRONMENT, p1, p2).data(tlv(0x83, reference))
}
