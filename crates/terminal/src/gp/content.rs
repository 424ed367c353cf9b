//! Card content management: INSTALL in all its forms, LOAD, DELETE, with room for tokens and receipts of delegated
//! management (GPC 2.3.1 §9, §11.2, §11.5, §11.6).

use bitaqa_apdu::tlv;
use bitaqa_apdu::{Aid, Bytes, Command, Sw, describe, ins};

use super::status::Privileges;
use crate::session::{Session, SessionError};

/// P1 of INSTALL, GPC 2.3.1 Table 11-41; [`Step::FOR_INSTALL`] and [`Step::MAKE_SELECTABLE`] may be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step(pub u8);

impl Step {
    /// Announces LOAD.
    pub const FOR_LOAD: Step = Step(0x02);
    /// Makes an instance.
    pub const FOR_INSTALL: Step = Step(0x04);
    /// Makes an instance selectable.
    pub const MAKE_SELECTABLE: Step = Step(0x08);
    /// Both at once.
    pub const INSTALL_AND_MAKE_SELECTABLE: Step = Step(0x0C);
    /// Gives an instance or a load file to another security domain.
    pub const EXTRADITION: Step = Step(0x10);
    /// STORE DATA to the domain then goes to the application.
    pub const PERSONALIZATION: Step = Step(0x20);
    /// Changes privileges or closes functions.
    pub const REGISTRY_UPDATE: Step = Step(0x40);
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

/// Data of an INSTALL command field by field: six of them, each with its length in front.
///
/// ```text
/// step             1           2           3          4           5           6
/// for load         load file   domain      hash       parameters  token       -
/// for install      load file   module      instance   privileges  parameters  token
/// make selectable  -           -           instance   privileges  parameters  token
/// extradition      domain      -           instance   -           parameters  token
/// personalization  -           -           instance   -           -           -
/// registry update  domain      -           instance   privileges  parameters  token
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields<'a>(pub [&'a [u8]; 6]);

impl Fields<'_> {
    /// The data field. Lengths of 80 and more take the BER form (GPC 2.3.1 §11.1.5).
    pub fn encode(&self, step: Step) -> Vec<u8> {
        // Only INSTALL [for load] has five fields: its third is a hash where the others have an AID.
        let count = if step == Step::FOR_LOAD { 5 } else { 6 };
        let mut data = Vec::new();
        self.0.iter().take(count).for_each(|field| put_lv(&mut data, field));
        data
    }
}

/// Length as in BER-TLV, then the value.
fn put_lv(out: &mut Vec<u8>, value: &[u8]) {
    let mut header = Vec::new();
    tlv::put_header(&mut header, 0x53, value.len());
    out.extend(header.iter().skip(1));
    out.extend_from_slice(value);
}

/// INSTALL [for install and make selectable], GPC 2.3.1 §11.5.2.3.2, with one octet of privileges.
///
/// # Errors
/// [`SessionError`].
pub fn install(session: &mut Session<'_>, installation: &Installation<'_>) -> Result<(), SessionError> {
    let parameters = tlv::tlv(0xC9, installation.parameters);
    let fields = Fields([
        installation.package.as_bytes(),
        installation.module.as_bytes(),
        installation.instance.as_bytes(),
        &[installation.privileges],
        &parameters,
        &[],
    ]);
    install_step(session, Step::INSTALL_AND_MAKE_SELECTABLE, &fields).map(|_| ())
}

/// Value of the parameters field: the application's own under C9, and a quota of memory under EF { C8 } where there is
/// one (GPC 2.3.1 Table 11-49).
pub fn install_parameters(own: &[u8], quota_bytes: Option<u32>) -> Vec<u8> {
    let mut out = tlv::tlv(0xC9, own);
    if let Some(quota) = quota_bytes {
        // Two octets up to 32,767, four beyond (GPC 2.3.1 §11.5.2.3.7).
        let octets = quota.to_be_bytes();
        let value = match (quota, octets) {
            (0..=0x7FFF, [_, _, high, low]) => vec![high, low],
            _ => octets.to_vec(),
        };
        out.extend(tlv::tlv(0xEF, &tlv::tlv(0xC8, &value)));
    }
    out
}

/// INSTALL of any form. Answers what the card confirms: a receipt under delegated management, else nothing.
///
/// # Errors
/// [`SessionError`].
pub fn install_step(session: &mut Session<'_>, step: Step, fields: &Fields<'_>) -> Result<Bytes, SessionError> {
    let command = Command::globalplatform(ins::INSTALL, step.0, 0x00).data(fields.encode(step)).ne(session.max_ne());
    confirmed(&session.expect(command)?)
}

/// INSTALL [for extradition], GPC 2.3.1 §11.5.2.3.4: `what` goes to the domain `to`.
///
/// # Errors
/// [`SessionError`].
pub fn extradite(session: &mut Session<'_>, what: &Aid, to: &Aid, token: &[u8]) -> Result<Bytes, SessionError> {
    let fields = Fields([to.as_bytes(), &[], what.as_bytes(), &[], &[], token]);
    install_step(session, Step::EXTRADITION, &fields)
}

/// INSTALL [for personalization], GPC 2.3.1 §11.5.2.3.6.
///
/// # Errors
/// [`SessionError`].
pub fn personalize(session: &mut Session<'_>, application: &Aid) -> Result<(), SessionError> {
    let fields = Fields([&[], &[], application.as_bytes(), &[], &[], &[]]);
    install_step(session, Step::PERSONALIZATION, &fields).map(|_| ())
}

/// INSTALL [for registry update] with new privileges, GPC 2.3.1 §11.5.2.3.5.
///
/// # Errors
/// [`SessionError`].
pub fn update_privileges(
    session: &mut Session<'_>,
    application: &Aid,
    privileges: Privileges,
    token: &[u8],
) -> Result<Bytes, SessionError> {
    let octets = privileges.octets();
    let fields = Fields([&[], &[], application.as_bytes(), &octets, &[], token]);
    install_step(session, Step::REGISTRY_UPDATE, &fields)
}

/// A load file on its way to the card.
pub struct LoadFile<'a> {
    /// Its AID.
    pub aid: &'a Aid,
    /// The security domain that will own it; the selected one when `None`.
    pub domain: Option<&'a Aid>,
    /// Hash of the load file data block; needed with a DAP block or a token.
    pub hash: &'a [u8],
    /// Load parameters, such as `EF { C6 C7 C8 }`.
    pub parameters: &'a [u8],
    /// Load token, empty without delegated management.
    pub token: &'a [u8],
    /// DAP blocks: domain that checks, signature over the hash (GPC 2.3.1 Table 11-58).
    pub dap: &'a [(Aid, Vec<u8>)],
    /// Load file data block, the content of C4.
    pub block: &'a [u8],
}

impl LoadFile<'_> {
    /// The load file: `E2 { 4F C3 }`* ‖ `C4`.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.block.len() + 16);
        for (domain, signature) in self.dap {
            let inner = [tlv::tlv(0x4F, domain.as_bytes()), tlv::tlv(0xC3, signature)].concat();
            out.extend(tlv::tlv(0xE2, &inner));
        }
        tlv::put(&mut out, 0xC4, self.block);
        out
    }
}

/// INSTALL [for load] and the LOAD commands, GPC 2.3.1 §11.6: blocks as large as the session takes, counted from 00. At
/// most 256 of them, since P2 counts no further. Answers a receipt, or nothing.
///
/// # Errors
/// [`SessionError`]; what was loaded before is gone with the first other command.
pub fn load(session: &mut Session<'_>, file: &LoadFile<'_>) -> Result<Bytes, SessionError> {
    let domain = file.domain.map_or(&[][..], Aid::as_bytes);
    let fields = Fields([file.aid.as_bytes(), domain, file.hash, file.parameters, file.token, &[]]);
    install_step(session, Step::FOR_LOAD, &fields)?;
    let octets = file.encode();
    // Chips of the field take blocks with short length fields only, whatever else they take.
    let size = session.max_data().clamp(1, Command::NC_SHORT_MAX);
    let mut blocks = octets.chunks(size).enumerate().peekable();
    let mut answer = Bytes::new();
    while let Some((number, block)) = blocks.next() {
        let number = u8::try_from(number).map_err(|_| SessionError::Malformed {
            at: "LOAD".into(),
            what: format!("{} octets need more than 256 blocks of {size}", octets.len()),
        })?;
        let last = if blocks.peek().is_none() { 0x80 } else { 0x00 };
        answer = session.expect(Command::globalplatform(ins::LOAD, last, number).data(block).ne(256))?;
    }
    confirmed(&answer)
}

/// DELETE of an application, a security domain or a load file, GPC 2.3.1 §11.2; `related`: what was made of a load file
/// goes with it. Answers a receipt, or nothing.
///
/// # Errors
/// [`SessionError`]: 6985 for a load file whose instances are still there, 6A82 or 6A88 for a name that is not.
pub fn delete(session: &mut Session<'_>, aid: &Aid, related: bool, token: &[u8]) -> Result<Bytes, SessionError> {
    let mut data = tlv::tlv(0x4F, aid.as_bytes());
    if !token.is_empty() {
        data.extend(tlv::tlv(0x9E, token));
    }
    let p2 = if related { 0x80 } else { 0x00 };
    let command = Command::globalplatform(ins::DELETE, 0x00, p2).data(data).ne(256);
    confirmed(&session.expect(command)?)
}

/// DELETE [key], GPC 2.3.1 §11.2.2.3.2: all keys of a version, of an identifier, or the one of both.
///
/// # Errors
/// [`SessionError`].
pub fn delete_keys(session: &mut Session<'_>, kvn: Option<u8>, id: Option<u8>) -> Result<(), SessionError> {
    let mut data = Vec::new();
    if let Some(id) = id {
        tlv::put(&mut data, 0xD0, &[id]);
    }
    if let Some(kvn) = kvn {
        tlv::put(&mut data, 0xD2, &[kvn]);
    }
    let command = Command::globalplatform(ins::DELETE, 0x00, 0x00).data(data).ne(256);
    session.expect(command).map(|_| ())
}

/// Confirmation out of a response: its length in front, which is all there is without delegated management.
fn confirmed(data: &[u8]) -> Result<Bytes, SessionError> {
    let malformed = |what: &str| SessionError::Malformed { at: "confirmation".into(), what: what.into() };
    match *data {
        [] | [0x00] => Ok(Bytes::new()),
        [0x81, length, ref rest @ ..] if rest.len() == usize::from(length) => Ok(rest.into()),
        [length @ 1..=0x7F, ref rest @ ..] if rest.len() == usize::from(length) => Ok(rest.into()),
        _ => Err(malformed("its length is not that of what follows")),
    }
}

/// SET STATUS of the card, GPC 2.3.1 §11.10.
///
/// # Errors
/// [`SessionError`].
pub fn set_card_status(session: &mut Session<'_>, life: u8) -> Result<(), SessionError> {
    session.expect(Command::globalplatform(ins::SET_STATUS, 0x80, life)).map(|_| ())
}

/// SET STATUS of an application or a security domain, GPC 2.3.1 §11.10: a state of its own, 80 to lock, 00 to unlock.
///
/// # Errors
/// [`SessionError`].
pub fn set_application_status(session: &mut Session<'_>, aid: &Aid, life: u8) -> Result<(), SessionError> {
    session.expect(Command::globalplatform(ins::SET_STATUS, 0x40, life).data(aid.as_bytes())).map(|_| ())
}

/// SET STATUS of a security domain with all its applications, GPC 2.3.1 §11.10: 80 to lock, 00 to unlock.
///
/// # Errors
/// [`SessionError`].
pub fn set_domain_status(session: &mut Session<'_>, aid: &Aid, life: u8) -> Result<(), SessionError> {
    session.expect(Command::globalplatform(ins::SET_STATUS, 0x60, life).data(aid.as_bytes())).map(|_| ())
}

/// STORE DATA of one block as it is, GPC 2.3.1 §11.11: `p1` says structure and encryption, `p2` counts.
///
/// # Errors
/// [`SessionError`].
pub fn store_data(session: &mut Session<'_>, p1: u8, p2: u8, data: &[u8]) -> Result<Bytes, SessionError> {
    let command = Command::globalplatform(ins::STORE_DATA, p1, p2).data(data);
    let command = if p1 & 0x01 == 0 { command } else { command.ne(256) };
    let at = describe::command(&command);
    let response = session.send(command)?;
    if response.sw == Sw::OK { Ok(response.data) } else { Err(SessionError::Status { at, sw: response.sw }) }
}
