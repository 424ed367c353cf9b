//! The files of an instance: where the terminal stands, selection, reading and updating. What exists is in the
//! [`Setup`], who may read or write in its access rules.

use bitaqa_apdu::fcp::{FileControl, Place};
use bitaqa_apdu::{Command, Response, Sw, tlv};

use crate::access::Setup;
use crate::applet::Host;
use crate::command::{BinaryForm, SelectBy};
use crate::fs::{Ef, window};

/// Identifier of the master file, 7816-4 §7.4.1.
const MASTER_FILE: u16 = 0x3F00;

/// Where the terminal stands in the file tree.
#[derive(Default)]
pub struct Position {
    in_application: bool,
    /// Cell of the current file.
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

    /// SELECT of the MF, a DF or an EF; on failure the terminal stays where it is. Existence is no secret (9303-11 §4.2
    /// allows 9000 here); reading asks the rule. `answer`: with file control information.
    ///
    /// # Errors
    /// 6A82 when nothing is there.
    pub fn select(&mut self, by: &SelectBy, answer: bool, setup: &Setup, host: &Host<'_>) -> Result<Response, Sw> {
        let (in_application, file) = match by {
            SelectBy::MasterFile => (false, None),
            SelectBy::Identifier(fid) => Self::find(*fid, self.in_application, setup, host)?,
            SelectBy::Path { from_master_file, identifiers } => {
                let mut at = (self.in_application && !from_master_file, None);
                for fid in identifiers {
                    // A path goes on below DFs alone.
                    if at.1.is_some() {
                        return Err(Sw::FILE_NOT_FOUND);
                    }
                    at = Self::find(*fid, at.0, setup, host)?;
                }
                at
            }
        };
        let data = match file {
            _ if !answer => Vec::new(),
            Some(file) => file_control(file, content_of(file, host).map_or(0, <[u8]>::len)),
            None if in_application => directory(setup.df),
            None => directory(Some(MASTER_FILE)),
        };
        *self = Self { in_application, current: file.map(FileControl::dgi) };
        Ok(Response::ok(data))
    }

    /// What an identifier names below a DF: an EF of it, the application's DF, or the MF.
    fn find<'s>(
        fid: u16,
        in_application: bool,
        setup: &'s Setup,
        host: &Host<'_>,
    ) -> Result<(bool, Option<&'s FileControl>), Sw> {
        if fid == MASTER_FILE {
            return Ok((false, None));
        }
        if setup.df == Some(fid) {
            return Ok((true, None));
        }
        let mut here = setup.files.iter().filter(|file| holds(in_application, file));
        let file = here.find(|file| file.fid == fid).ok_or(Sw::FILE_NOT_FOUND)?;
        content_of(file, host)?;
        Ok((in_application, Some(file)))
    }

    /// The file that READ or UPDATE BINARY means: by short identifier, or the current one.
    fn meant<'s>(&self, sfi: Option<u8>, setup: &'s Setup) -> Result<&'s FileControl, Sw> {
        let file = match sfi {
            Some(sfi) => setup.files.iter().find(|file| holds(self.in_application, file) && file.sfi == sfi),
            None => setup.by_dgi(self.current.ok_or(Sw::NO_CURRENT_EF)?),
        };
        file.ok_or(Sw::FILE_NOT_FOUND)
    }

    /// READ BINARY: by short identifier, which makes the file current, or of the current file.
    ///
    /// # Errors
    /// 6982 where the rule says no, 6A82 and 6986 without a file, 6B00 beyond its end, 6700 without Le.
    pub fn read_binary(
        &mut self,
        (sfi, offset, form): (Option<u8>, usize, BinaryForm),
        ne: u32,
        setup: &Setup,
        host: &Host<'_>,
    ) -> Result<Response, Sw> {
        let file = self.meant(sfi, setup)?;
        let content = Ef::new(file, content_of(file, host)?).content(host.status)?;
        self.current = Some(file.dgi());
        if ne == 0 {
            return Err(Sw::WRONG_LENGTH);
        }
        let ne_is_maximum = ne == Command::NE_SHORT_MAX || ne == Command::NE_EXTENDED_MAX;
        let ne = usize::try_from(ne).unwrap_or(usize::MAX);
        let room = match form {
            BinaryForm::Even => ne,
            // Ne counts DO 53 with tag and length; an Ne for less than one octet of content is none.
            BinaryForm::Odd => {
                ne.checked_sub(tlv::header_length(0x53, ne)).filter(|room| *room > 0).ok_or(Sw::WRONG_LENGTH)?
            }
        };
        let (part, ended) = window(content, offset, room, ne_is_maximum)?;
        let data = match form {
            BinaryForm::Even => part.to_vec(),
            BinaryForm::Odd => tlv::tlv(0x53, part),
        };
        Ok(Response { data: data.into(), sw: if ended { Sw::END_OF_FILE } else { Sw::OK } })
    }

    /// UPDATE BINARY, 7816-4 §11.3.5: `data` over what is there from `offset` on, up to the octets reserved. All of it
    /// or nothing.
    ///
    /// # Errors
    /// 6982 where the rule says no, 6A82 and 6986 without a file, 6B00 behind its end, 6A84 beyond what is reserved,
    /// 6700 without data.
    pub fn update_binary(
        &mut self,
        sfi: Option<u8>,
        offset: usize,
        data: &[u8],
        setup: &Setup,
        host: &mut Host<'_>,
    ) -> Result<Response, Sw> {
        let file = self.meant(sfi, setup)?;
        let mut content = Ef::new(file, content_of(file, host)?).content_to_update(host.status)?.to_vec();
        self.current = Some(file.dgi());
        if data.is_empty() {
            return Err(Sw::WRONG_LENGTH);
        }
        if offset > content.len() {
            return Err(Sw::WRONG_OFFSET);
        }
        let end = offset + data.len();
        if end > usize::from(file.size_max) {
            return Err(Sw::NOT_ENOUGH_MEMORY);
        }
        content.resize(content.len().max(end), 0);
        content.iter_mut().skip(offset).zip(data).for_each(|(to, from)| *to = *from);
        host.put(file.dgi(), &content)?;
        Ok(Sw::OK.into())
    }
}

fn holds(in_application: bool, file: &FileControl) -> bool {
    (file.place == Place::Application) == in_application
}

/// The octets behind a file. One that its users write may have been left empty by the issuer.
fn content_of<'h>(file: &FileControl, host: &'h Host<'_>) -> Result<&'h [u8], Sw> {
    match host.get(file.dgi()) {
        Some(content) => Ok(content),
        None if file.is_updatable() => Ok(&[]),
        None => Err(Sw::FILE_NOT_FOUND),
    }
}

/// FCP of an EF, 7816-4 §7.4.3: octets that READ BINARY has, kind, identifiers, life cycle (operational, activated).
/// The rules stay out: their coding is ours, and readers take field 86 for one that they know.
fn file_control(file: &FileControl, length: usize) -> Vec<u8> {
    let length = u16::try_from(length).unwrap_or(u16::MAX);
    let fields = [
        tlv::tlv(0x80, &length.to_be_bytes()),
        tlv::tlv(0x82, &[0x01]),
        tlv::tlv(0x83, &file.fid.to_be_bytes()),
        tlv::tlv(0x88, &[file.sfi << 3]),
        tlv::tlv(0x8A, &[0x05]),
    ];
    tlv::tlv(0x62, &fields.concat())
}

/// FCP of a DF.
fn directory(fid: Option<u16>) -> Vec<u8> {
    let fid = fid.map(|fid| tlv::tlv(0x83, &fid.to_be_bytes())).unwrap_or_default();
    tlv::tlv(0x62, &[tlv::tlv(0x82, &[0x38]), fid, tlv::tlv(0x8A, &[0x05])].concat())
}
