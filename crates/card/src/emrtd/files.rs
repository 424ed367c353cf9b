//! The applet's files: what the install parameters say exists, where the terminal stands, and reading.
//!
//! Install parameters (value of C9):
//! ```text
//! 62 ..            one file control template a file, see `bitaqa_apdu::fcp`
//! 90 01            parameter id of the Chip Authentication key's curve (9303-11 Table 6)
//! 91 n             password references accepted by PACE: 01 MRZ, 02 CAN
//! 92 05            delay after a PACE failure: first(2, ms) ‖ factor(1) ‖ maximum(2, ms)
//! ```

use bitaqa_apdu::fcp::{self, FileControl, Place};
use bitaqa_apdu::tlv::Reader;
use bitaqa_apdu::{Command, Response, Sw, tlv};

use super::cell;
use super::command::ReadForm;
use crate::applet::Host;
use crate::fs::{Ef, window};

/// The install parameters.
pub struct Configuration {
    /// Files.
    pub files: Vec<FileControl>,
    /// Curve of the Chip Authentication key.
    pub ca_parameter_id: u8,
    /// Password references accepted by PACE.
    pub passwords: Vec<u8>,
    delay_first_ms: u16,
    delay_factor: u8,
    delay_max_ms: u16,
}

impl Configuration {
    /// Reads the install parameters.
    ///
    /// # Errors
    /// 6A80 when they are not as the module doc says.
    pub fn decode(parameters: &[u8]) -> Result<Self, Sw> {
        let mut reader = Reader::new(parameters);
        let mut files = Vec::new();
        while let Some(template) = reader.optional(fcp::TAG).map_err(|_| Sw::WRONG_DATA)? {
            files.push(FileControl::decode(template).map_err(|_| Sw::WRONG_DATA)?);
        }
        let mut field = |tag| reader.expect(tag).map_err(|_| Sw::WRONG_DATA);
        let (&[ca_parameter_id], passwords) = (field(0x90)?, field(0x91)?.to_vec()) else { return Err(Sw::WRONG_DATA) };
        let &[first_high, first_low, delay_factor, max_high, max_low] = field(0x92)? else {
            return Err(Sw::WRONG_DATA);
        };
        reader.finish().map_err(|_| Sw::WRONG_DATA)?;
        let (delay_first_ms, delay_max_ms) =
            (u16::from_be_bytes([first_high, first_low]), u16::from_be_bytes([max_high, max_low]));
        let twice =
            |a: &FileControl| files.iter().filter(|b| a.fid == b.fid || (a.place, a.sfi) == (b.place, b.sfi)).count();
        if files.iter().any(|file| twice(file) != 1 || file.fid < 0x0100) {
            return Err(Sw::WRONG_DATA);
        }
        Ok(Self { files, ca_parameter_id, passwords, delay_first_ms, delay_factor, delay_max_ms })
    }

    /// Out of the applet's cell.
    ///
    /// # Errors
    /// 6581 when the cell is not readable.
    pub fn of(host: &Host<'_>) -> Result<Self, Sw> {
        let parameters = host.get(cell::CONFIGURATION).ok_or(Sw::MEMORY_FAILURE)?;
        Self::decode(parameters).map_err(|_| Sw::MEMORY_FAILURE)
    }

    /// The file with this identifier.
    pub fn by_fid(&self, fid: u16) -> Option<&FileControl> {
        self.files.iter().find(|file| file.fid == fid)
    }

    /// Milliseconds that pass before another PACE attempt after so many failures in a row: first x factor^(n-1), up to
    /// the maximum.
    pub fn delay_ms(&self, failures: u8) -> u32 {
        let Some(steps) = failures.checked_sub(1) else { return 0 };
        let grown =
            u32::from(self.delay_factor).saturating_pow(steps.into()).saturating_mul(self.delay_first_ms.into());
        grown.min(self.delay_max_ms.into())
    }
}

/// Where the terminal stands in the file tree.
#[derive(Default)]
pub struct Position {
    in_application: bool,
    current: Option<u16>,
}

impl Position {
    /// At the master file.
    pub const fn in_mf() -> Self {
        Self { in_application: false, current: None }
    }

    /// At the application's DF.
    pub const fn in_application() -> Self {
        Self { in_application: true, current: None }
    }

    /// In the same DF without a current file.
    pub fn without_file(self) -> Self {
        Self { current: None, ..self }
    }

    /// SELECT MF.
    pub fn select_mf(&mut self) -> Response {
        *self = Self::in_mf();
        Sw::OK.into()
    }

    /// SELECT EF. Existence is no secret (9303-11 §4.2 allows 9000 here); reading asks the rule.
    pub fn select_ef(&mut self, fid: u16, host: &Host<'_>) -> Result<Response, Sw> {
        let configuration = Configuration::of(host)?;
        let file = configuration.by_fid(fid).filter(|file| self.holds(file)).ok_or(Sw::FILE_NOT_FOUND)?;
        host.get(file.fid).ok_or(Sw::FILE_NOT_FOUND)?;
        self.current = Some(file.fid);
        Ok(Sw::OK.into())
    }

    /// READ BINARY: by short identifier, which makes the file current, or of the current file.
    pub fn read_binary(
        &mut self,
        sfi: Option<u8>,
        offset: usize,
        form: ReadForm,
        ne: u32,
        host: &Host<'_>,
    ) -> Result<Response, Sw> {
        let configuration = Configuration::of(host)?;
        let file = match sfi {
            Some(sfi) => configuration.files.iter().find(|file| self.holds(file) && file.sfi == sfi),
            None => Some(self.current.ok_or(Sw::NO_CURRENT_EF)?).and_then(|fid| configuration.by_fid(fid)),
        };
        let file = file.ok_or(Sw::FILE_NOT_FOUND)?;
        let octets = host.get(file.fid).ok_or(Sw::FILE_NOT_FOUND)?;
        let content = Ef::new(file, octets).content(host.status)?;
        self.current = Some(file.fid);
        if ne == 0 {
            return Err(Sw::WRONG_LENGTH);
        }
        let ne_is_maximum = ne == Command::NE_SHORT_MAX || ne == Command::NE_EXTENDED_MAX;
        let ne = usize::try_from(ne).unwrap_or(usize::MAX);
        let room = match form {
            ReadForm::Even => ne,
            // Ne counts DO 53 with tag and length; an Ne for less than one octet of content is none.
            ReadForm::Odd => {
                ne.checked_sub(tlv::header_length(0x53, ne)).filter(|room| *room > 0).ok_or(Sw::WRONG_LENGTH)?
            }
        };
        let (part, ended) = window(content, offset, room, ne_is_maximum)?;
        let data = match form {
            ReadForm::Even => part.to_vec(),
            ReadForm::Odd => tlv::tlv(0x53, part),
        };
        Ok(Response { data: data.into(), sw: if ended { Sw::END_OF_FILE } else { Sw::OK } })
    }

    fn holds(&self, file: &FileControl) -> bool {
        (file.place == Place::Application) == self.in_application
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitaqa_apdu::AccessRule;

    fn parameters(files: &[FileControl]) -> Vec<u8> {
        let templates: Vec<u8> = files.iter().flat_map(FileControl::encode).collect();
        [templates, tlv::tlv(0x90, &[12]), tlv::tlv(0x91, &[1, 2]), tlv::tlv(0x92, &[0, 100, 2, 3, 0xE8])].concat()
    }

    fn file(fid: u16, sfi: u8) -> FileControl {
        FileControl { fid, sfi, size_max: 100, read: AccessRule::never(), place: Place::Application }
    }

    #[test]
    fn the_delay_grows_and_stays_below_its_maximum() {
        let configuration = Configuration::decode(&parameters(&[file(0x0101, 1)])).unwrap();
        let delays: Vec<u32> = (0..=6).map(|failures| configuration.delay_ms(failures)).collect();
        assert_eq!(delays, [0, 100, 200, 400, 800, 1000, 1000]);
        assert_eq!(configuration.delay_ms(255), 1000);
    }

    #[test]
    fn two_files_of_one_name_are_refused() {
        for pair in
            [[file(0x0101, 1), file(0x0101, 2)], [file(0x0101, 1), file(0x0102, 1)], [file(0x0008, 1), file(0x0102, 2)]]
        {
            assert_eq!(Configuration::decode(&parameters(&pair)).err(), Some(Sw::WRONG_DATA));
        }
        assert!(Configuration::decode(&parameters(&[file(0x0101, 1), file(0x0102, 2)])).is_ok());
    }
}
