//! Names commands for traces and error texts: header and lengths only, never a value of the data field.

use crate::{Command, ins};

/// `READ BINARY SFI 01`, `SELECT by AID`, `MSE:SET AT`: what the header says the command is.
pub fn command(command: &Command) -> String {
    let [_, _, p1, p2] = command.header();
    match command.ins {
        ins::SELECT => match p1 {
            0x04 => "SELECT by AID".into(),
            0x02 => "SELECT EF".into(),
            0x00 => "SELECT MF".into(),
            _ => "SELECT".into(),
        },
        ins::READ_BINARY if p1 & 0x80 != 0 => format!("READ BINARY SFI {:02X}", p1 & 0x1F),
        ins::READ_BINARY => format!("READ BINARY at {}", command.p1p2()),
        ins::READ_BINARY_ODD => "READ BINARY with offset object".into(),
        ins::MANAGE_SECURITY_ENVIRONMENT => match (p1, p2) {
            (0xC1, 0xA4) => "MSE:SET AT for PACE".into(),
            (0x41, 0xA4) => "MSE:SET AT for Chip Authentication".into(),
            (0x41, 0xA6) => "MSE:SET KAT".into(),
            (0x81, 0xA4) => "MSE:SET AT for Terminal Authentication".into(),
            (0x41, 0xB6) => "MSE:SET DST for a signature".into(),
            (0x81, 0xB6) => "MSE:SET DST".into(),
            _ => "MANAGE SECURITY ENVIRONMENT".into(),
        },
        ins::PERFORM_SECURITY_OPERATION if (p1, p2) == (0x00, 0xBE) => "PSO:VERIFY CERTIFICATE".into(),
        ins::PERFORM_SECURITY_OPERATION if (p1, p2) == (0x9E, 0x9A) => "PSO:COMPUTE DIGITAL SIGNATURE".into(),
        ins::INSTALL => match p1 {
            0x0C => "INSTALL for install and make selectable".into(),
            0x20 => "INSTALL for personalization".into(),
            _ => "INSTALL".into(),
        },
        ins::STORE_DATA => format!("STORE DATA block {p2}"),
        ins::GET_DATA => format!("GET DATA {:04X}", command.p1p2()),
        other => name(other).map_or_else(|| format!("INS {other:02X}"), str::to_owned),
    }
}

/// Name of an instruction byte.
pub fn name(instruction: u8) -> Option<&'static str> {
    Some(match instruction {
        ins::MANAGE_SECURITY_ENVIRONMENT => "MANAGE SECURITY ENVIRONMENT",
        ins::PERFORM_SECURITY_OPERATION => "PERFORM SECURITY OPERATION",
        ins::RESET_RETRY_COUNTER => "RESET RETRY COUNTER",
        ins::GENERATE_ASYMMETRIC_KEY_PAIR => "GENERATE ASYMMETRIC KEY PAIR",
        ins::VERIFY | ins::VERIFY_ODD => "VERIFY",
        ins::CHANGE_REFERENCE_DATA => "CHANGE REFERENCE DATA",
        ins::UPDATE_BINARY => "UPDATE BINARY",
        ins::INITIALIZE_UPDATE => "INITIALIZE UPDATE",
        ins::EXTERNAL_AUTHENTICATE => "EXTERNAL AUTHENTICATE",
        ins::GET_CHALLENGE => "GET CHALLENGE",
        ins::GENERAL_AUTHENTICATE => "GENERAL AUTHENTICATE",
        ins::INTERNAL_AUTHENTICATE => "INTERNAL AUTHENTICATE",
        ins::SELECT => "SELECT",
        ins::READ_BINARY | ins::READ_BINARY_ODD => "READ BINARY",
        ins::GET_RESPONSE => "GET RESPONSE",
        ins::GET_DATA => "GET DATA",
        ins::PUT_KEY => "PUT KEY",
        ins::STORE_DATA => "STORE DATA",
        ins::INSTALL => "INSTALL",
        ins::SET_STATUS => "SET STATUS",
        ins::DELETE => "DELETE",
        ins::LOAD => "LOAD",
        ins::MANAGE_CHANNEL => "MANAGE CHANNEL",
        ins::GET_STATUS => "GET STATUS",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_named_and_data_is_not_shown() {
        let secret = Command::new(ins::STORE_DATA, 0x80, 3).data(b"SECRET".as_slice());
        assert_eq!(command(&secret), "STORE DATA block 3");
        assert_eq!(command(&Command::new(ins::READ_BINARY, 0x81, 0)), "READ BINARY SFI 01");
        assert_eq!(command(&Command::new(ins::READ_BINARY, 0x01, 0x10)), "READ BINARY at 272");
        assert_eq!(command(&Command::new(0x77, 0, 0)), "INS 77");
    }
}
