//! The front door of applets: header and lengths of the commands that they share become one value of an enum. It knows
//! the limits of the standards and none of an applet's.

use bitaqa_apdu::{Command, Sw, ins, tlv};

/// How READ BINARY names offset and wraps data, 7816-4 §11.3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryForm {
    /// INS B0: offset in P1-P2, data as they are.
    Even,
    /// INS B1: offset in DO 54, data in DO 53.
    Odd,
}

/// Identifiers in the longest path that is read.
const PATH_MAX: usize = 8;

/// How SELECT names a file, 7816-4 §11.2.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectBy {
    /// The master file, 9303-10 §3.2.
    MasterFile,
    /// A file below the current DF, 9303-10 §3.6.2, or a DF by its identifier.
    Identifier(u16),
    /// One identifier after the other.
    Path {
        /// P1 = 08: from the master file; else from the current DF.
        from_master_file: bool,
        /// At least one; 3F00 in front says nothing.
        identifiers: Vec<u16>,
    },
}

/// What applets understand alike once they are personalised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SharedCommand {
    /// SELECT of a file.
    Select {
        /// Which.
        by: SelectBy,
        /// Whether file control information is to come back (P2) and may (Le).
        answer: bool,
    },
    /// READ BINARY of the current EF or of the one with this short identifier, 9303-10 §3.6.3.
    ReadBinary {
        /// Short file identifier.
        sfi: Option<u8>,
        /// Offset in octets.
        offset: usize,
        /// Coding of offset and data.
        form: BinaryForm,
    },
    /// MSE:Set AT for PACE, 9303-11 §4.4.4.1.
    SetPace,
    /// MSE:Set AT for Chip Authentication, 9303-11 §6.2.4.
    SetChipAuthentication,
    /// MSE:Set KAT: Chip Authentication with 3DES, 9303-11 §6.2.4.1.
    SetKeyAgreementTemplate,
    /// A step of PACE or Chip Authentication, 9303-11 §4.4.4.2.
    GeneralAuthenticate,
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
    /// GET DATA of the data object that P1-P2 name, 7816-4 §11.4.3.
    GetData(u16),
}

impl TryFrom<&Command> for SharedCommand {
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
            ins::PERFORM_SECURITY_OPERATION => without_p1p2(command, 0x00BE, Self::VerifyCertificate),
            ins::GET_CHALLENGE => without_p1p2(command, 0, Self::GetChallenge),
            ins::EXTERNAL_AUTHENTICATE => without_p1p2(command, 0, Self::ExternalAuthenticate),
            ins::GET_DATA => Ok(Self::GetData(command.p1p2())),
            _ => Err(Sw::INS_NOT_SUPPORTED),
        }
    }
}

fn without_p1p2(command: &Command, p1p2: u16, parsed: SharedCommand) -> Result<SharedCommand, Sw> {
    if command.p1p2() == p1p2 { Ok(parsed) } else { Err(Sw::WRONG_P1P2) }
}

fn select(command: &Command) -> Result<SharedCommand, Sw> {
    let by = match (command.p1, &*command.data) {
        (0x00, [] | [0x3F, 0x00]) => SelectBy::MasterFile,
        (0x00 | 0x02, &[high, low]) => SelectBy::Identifier(u16::from_be_bytes([high, low])),
        (0x08 | 0x09, path) => {
            let (pairs, rest) = path.as_chunks();
            let identifiers: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
            if !rest.is_empty() || !(1..=PATH_MAX).contains(&identifiers.len()) {
                return Err(Sw::WRONG_LENGTH);
            }
            SelectBy::Path { from_master_file: command.p1 == 0x08, identifiers }
        }
        (0x00 | 0x02, _) => return Err(Sw::WRONG_LENGTH),
        _ => return Err(Sw::WRONG_P1P2),
    };
    // P2 bits 4-3: 00 FCI, 01 FCP; FMD and nothing come without data (7816-4 §11.2.2, table 40).
    Ok(SharedCommand::Select { by, answer: command.p2 & 0x08 == 0 && command.ne > 0 })
}

/// What P1-P2 of READ and UPDATE BINARY name: a short file identifier with an offset below 256, or an offset in the
/// current file (7816-4 §11.3.2).
pub fn short_identifier_and_offset(command: &Command) -> (Option<u8>, usize) {
    if command.p1 & 0x80 == 0 {
        (None, usize::from(command.p1p2()))
    } else {
        (Some(command.p1 & 0x1F), usize::from(command.p2))
    }
}

fn read_even(command: &Command) -> SharedCommand {
    let (sfi, offset) = short_identifier_and_offset(command);
    SharedCommand::ReadBinary { sfi, offset, form: BinaryForm::Even }
}

/// P1-P2 = 0000 for the current EF, or the short identifier in the low five bits; data = 54 L offset.
fn read_odd(command: &Command) -> Result<SharedCommand, Sw> {
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
    Ok(SharedCommand::ReadBinary { sfi, offset, form: BinaryForm::Odd })
}

#[cfg(test)]
mod tests {
    use super::*;
    use BinaryForm::{Even, Odd};
    use SharedCommand::{ReadBinary, Select};

    fn parse(octets: &[u8]) -> Result<SharedCommand, Sw> {
        SharedCommand::try_from(&Command::parse(octets).unwrap())
    }

    #[test]
    fn headers_become_commands() {
        let silent = |by| Ok(Select { by, answer: false });
        let path = |from_master_file, identifiers| SelectBy::Path { from_master_file, identifiers };
        assert_eq!(parse(&[0, 0xA4, 0, 0x0C, 2, 0x3F, 0]), silent(SelectBy::MasterFile));
        assert_eq!(parse(&[0, 0xA4, 2, 0x0C, 2, 1, 0x1E]), silent(SelectBy::Identifier(0x011E)));
        assert_eq!(parse(&[0, 0xA4, 2, 0x00, 2, 1, 0x1E]), silent(SelectBy::Identifier(0x011E)));
        assert_eq!(parse(&[0, 0xA4, 8, 0x0C, 4, 0x50, 0x15, 0x50, 0x31, 0]), silent(path(true, vec![0x5015, 0x5031])));
        let answered = Ok(Select { by: path(false, vec![0x5032]), answer: true });
        assert_eq!(parse(&[0, 0xA4, 9, 0x00, 2, 0x50, 0x32, 0]), answered);
        assert_eq!(parse(&[0, 0xA4, 9, 0x04, 2, 0x50, 0x32, 0]), answered);
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
            (&[0, 0xA4, 3, 0, 2, 1, 1], Sw::WRONG_P1P2),
            (&[0, 0xA4, 8, 0, 3, 1, 1, 1], Sw::WRONG_LENGTH),
            (&[0, 0xA4, 9, 0, 0], Sw::WRONG_LENGTH),
            (&[0, 0xA4, 2, 0x0C, 1, 1], Sw::WRONG_LENGTH),
            (&[0, 0xB1, 0, 0, 1, 0x54], Sw::WRONG_DATA),
            (&[0, 0xB1, 0, 0, 2, 0x54, 0], Sw::WRONG_DATA),
            (&[0, 0xB1, 0, 0, 7, 0x54, 5, 0, 0, 0, 0, 0], Sw::WRONG_DATA),
            (&[0, 0xB1, 1, 0, 3, 0x54, 1, 0], Sw::WRONG_P1P2),
            (&[0, 0x22, 0x41, 0xA5, 1, 1], Sw::WRONG_P1P2),
            (&[0, 0xD6, 0, 0, 1, 1], Sw::INS_NOT_SUPPORTED),
            (&[0, 0xE2, 0x80, 0, 1, 1], Sw::INS_NOT_SUPPORTED),
        ] {
            assert_eq!(parse(octets), Err(sw), "{octets:02X?}");
        }
    }
}
