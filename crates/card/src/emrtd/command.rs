//! The applet's front door: header and lengths become one value of an enum. It knows the limits of the standards and
//! none of this applet's.

use bitaqa_apdu::{Command, Sw, ins, tlv};

/// How READ BINARY names offset and wraps data, 7816-4 §11.3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadForm {
    /// INS B0: offset in P1-P2, data as they are.
    Even,
    /// INS B1: offset in DO 54, data in DO 53.
    Odd,
}

/// What the applet understands once it is personalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmrtdCommand {
    /// SELECT of the master file, 9303-10 §3.2.
    SelectMf,
    /// SELECT of an EF by its identifier, 9303-10 §3.6.2.
    SelectEf(u16),
    /// READ BINARY of the current EF or of the one with this short identifier, 9303-10 §3.6.3.
    ReadBinary {
        /// Short file identifier.
        sfi: Option<u8>,
        /// Offset in octets.
        offset: usize,
        /// Coding of offset and data.
        form: ReadForm,
    },
    /// MSE:Set AT for PACE, 9303-11 §4.4.4.1.
    SetPace,
    /// MSE:Set AT for Chip Authentication, 9303-11 §6.2.4.
    SetChipAuthentication,
    /// MSE:Set KAT: Chip Authentication with 3DES, 9303-11 §6.2.4.1.
    SetKeyAgreementTemplate,
    /// A step of PACE or Chip Authentication, 9303-11 §4.4.4.2.
    GeneralAuthenticate,
    /// RESET RETRY COUNTER of the PIN, TR-03110-3 §B.14.11: with a new PIN in the data field, or without.
    ResetRetryCounter {
        /// P1 = 02: the data field is the new PIN.
        change: bool,
    },
    /// MSE:Set DST, TR-03110-3 §B.11.4.
    SetVerification,
    /// PSO: Verify Certificate, TR-03110-3 §B.11.5.
    VerifyCertificate,
    /// MSE:Set AT for Terminal Authentication, TR-03110-3 §B.11.1.
    SetTerminalAuthentication,
    /// GET CHALLENGE of BAC, 9303-11 §4.3.4.1, or of Terminal Authentication, TR-03110-3 §B.11.6.
    GetChallenge,
    /// EXTERNAL AUTHENTICATE of BAC, 9303-11 §4.3.4.2, or of Terminal Authentication, TR-03110-3 §B.11.7.
    ExternalAuthenticate,
    /// INTERNAL AUTHENTICATE, 9303-11 §6.1.3.
    InternalAuthenticate,
}

impl TryFrom<&Command> for EmrtdCommand {
    type Error = Sw;

    fn try_from(command: &Command) -> Result<Self, Sw> {
        if !command.class.is_interindustry() {
            return Err(Sw::CLA_NOT_SUPPORTED);
        }
        let chained = command.class.is_chained();
        if chained && command.ins != ins::GENERAL_AUTHENTICATE {
            return Err(Sw::CHAINING_NOT_SUPPORTED);
        }
        match command.ins {
            ins::SELECT => select(command),
            ins::READ_BINARY => Ok(read_even(command)),
            ins::READ_BINARY_ODD => read_odd(command),
            ins::MANAGE_SECURITY_ENVIRONMENT => match (command.p1, command.p2) {
                (0xC1, 0xA4) => Ok(Self::SetPace),
                (0x41, 0xA4) => Ok(Self::SetChipAuthentication),
                (0x41, 0xA6) => Ok(Self::SetKeyAgreementTemplate),
                (0x81, 0xB6) => Ok(Self::SetVerification),
                (0x81, 0xA4) => Ok(Self::SetTerminalAuthentication),
                _ => Err(Sw::WRONG_P1P2),
            },
            ins::GENERAL_AUTHENTICATE => without_p1p2(command, 0, Self::GeneralAuthenticate),
            ins::RESET_RETRY_COUNTER => match (command.p1, command.p2) {
                (0x02, 0x03) => Ok(Self::ResetRetryCounter { change: true }),
                (0x03, 0x03) => Ok(Self::ResetRetryCounter { change: false }),
                _ => Err(Sw::WRONG_P1P2),
            },
            ins::PERFORM_SECURITY_OPERATION => without_p1p2(command, 0x00BE, Self::VerifyCertificate),
            ins::GET_CHALLENGE => without_p1p2(command, 0, Self::GetChallenge),
            ins::EXTERNAL_AUTHENTICATE => without_p1p2(command, 0, Self::ExternalAuthenticate),
            ins::INTERNAL_AUTHENTICATE => without_p1p2(command, 0, Self::InternalAuthenticate),
            _ => Err(Sw::INS_NOT_SUPPORTED),
        }
    }
}

fn without_p1p2(command: &Command, p1p2: u16, parsed: EmrtdCommand) -> Result<EmrtdCommand, Sw> {
    if command.p1p2() == p1p2 { Ok(parsed) } else { Err(Sw::WRONG_P1P2) }
}

fn select(command: &Command) -> Result<EmrtdCommand, Sw> {
    match (command.p1, &*command.data) {
        (0x00, [] | [0x3F, 0x00]) => Ok(EmrtdCommand::SelectMf),
        (0x00 | 0x02, &[high, low]) => Ok(EmrtdCommand::SelectEf(u16::from_be_bytes([high, low]))),
        (0x00 | 0x02, _) => Err(Sw::WRONG_LENGTH),
        _ => Err(Sw::WRONG_P1P2),
    }
}

fn read_even(command: &Command) -> EmrtdCommand {
    let (sfi, offset) = if command.p1 & 0x80 == 0 {
        (None, usize::from(command.p1p2()))
    } else {
        (Some(command.p1 & 0x1F), usize::from(command.p2))
    };
    EmrtdCommand::ReadBinary { sfi, offset, form: ReadForm::Even }
}

/// P1-P2 = 0000 for the current EF, or the short identifier in the low five bits; data = 54 L offset.
fn read_odd(command: &Command) -> Result<EmrtdCommand, Sw> {
    let sfi = match command.p1p2() {
        0 => None,
        number @ 1..=30 => u8::try_from(number).ok(),
        _ => return Err(Sw::WRONG_P1P2),
    };
    let field = tlv::only(&command.data, 0x54).map_err(|_| Sw::WRONG_DATA)?;
    if !(1..=4).contains(&field.len()) {
        return Err(Sw::WRONG_DATA);
    }
    let offset = field.iter().fold(0usize, |sum, octet| sum << 8 | usize::from(*octet));
    Ok(EmrtdCommand::ReadBinary { sfi, offset, form: ReadForm::Odd })
}

#[cfg(test)]
mod tests {
    use super::*;
    use EmrtdCommand::{ReadBinary, SelectEf, SelectMf};
    use ReadForm::{Even, Odd};

    fn parse(octets: &[u8]) -> Result<EmrtdCommand, Sw> {
        EmrtdCommand::try_from(&Command::parse(octets).unwrap())
    }

    #[test]
    fn headers_become_commands() {
        assert_eq!(parse(&[0, 0xA4, 0, 0x0C, 2, 0x3F, 0]), Ok(SelectMf));
        assert_eq!(parse(&[0, 0xA4, 2, 0x0C, 2, 1, 0x1E]), Ok(SelectEf(0x011E)));
        assert_eq!(parse(&[0, 0xB0, 0x9C, 4, 0]), Ok(ReadBinary { sfi: Some(0x1C), offset: 4, form: Even }));
        assert_eq!(parse(&[0, 0xB0, 0x7F, 0xFF, 1]), Ok(ReadBinary { sfi: None, offset: 0x7FFF, form: Even }));
        let odd = [0, 0xB1, 0, 3, 5, 0x54, 3, 1, 0, 0, 0];
        assert_eq!(parse(&odd), Ok(ReadBinary { sfi: Some(3), offset: 0x1_0000, form: Odd }));
    }

    #[test]
    fn what_the_standards_do_not_know_is_refused() {
        for (octets, sw) in [
            (&[0x80, 0xB0, 0, 0, 0][..], Sw::CLA_NOT_SUPPORTED),
            (&[0x10, 0xB0, 0, 0, 0], Sw::CHAINING_NOT_SUPPORTED),
            (&[0, 0xA4, 8, 0, 2, 1, 1], Sw::WRONG_P1P2),
            (&[0, 0xA4, 2, 0x0C, 1, 1], Sw::WRONG_LENGTH),
            (&[0, 0xB1, 0, 0, 1, 0x54], Sw::WRONG_DATA),
            (&[0, 0xB1, 0, 0, 2, 0x54, 0], Sw::WRONG_DATA),
            (&[0, 0xB1, 0, 0, 7, 0x54, 5, 0, 0, 0, 0, 0], Sw::WRONG_DATA),
            (&[0, 0xB1, 1, 0, 3, 0x54, 1, 0], Sw::WRONG_P1P2),
            (&[0, 0x22, 0x41, 0xA5, 1, 1], Sw::WRONG_P1P2),
            (&[0, 0x88, 0, 1, 1, 1], Sw::WRONG_P1P2),
            (&[0, 0x2C, 2, 4, 1, 1], Sw::WRONG_P1P2),
            (&[0, 0x2C, 0, 3, 1, 1], Sw::WRONG_P1P2),
            (&[0, 0xD6, 0, 0, 1, 1], Sw::INS_NOT_SUPPORTED),
            (&[0, 0xE2, 0x80, 0, 1, 1], Sw::INS_NOT_SUPPORTED),
        ] {
            assert_eq!(parse(octets), Err(sw), "{octets:02X?}");
        }
    }
}
