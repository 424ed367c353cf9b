//! The registry as GET STATUS tells it, and the words for what is in it (GPC 2.3.1 §5, §11.1.2, §11.4).

use std::fmt;

use bitaqa_apdu::tlv::{self, TlvError};
use bitaqa_apdu::{Aid, Bytes, Command, Sw, ins};

use super::GpError;
use crate::session::{Session, SessionError};

/// Pages of one GET STATUS: a card that announces more for ever is stopped here.
const PAGES_MAX: usize = 256;

/// Which part of the registry, P1 of GET STATUS (GPC 2.3.1 Table 11-33).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The issuer security domain, whose life cycle is the card's.
    Issuer = 0x80,
    /// Applications and security domains.
    Applications = 0x40,
    /// Load files.
    LoadFiles = 0x20,
    /// Load files with their modules.
    Modules = 0x10,
}

/// Privileges of an application, three octets (GPC 2.3.1 §11.1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Privileges(pub u32);

/// Names of the privileges from bit 23 down, GPC 2.3.1 Tables 11-7 to 11-9.
const PRIVILEGES: [&str; 20] = [
    "security domain",
    "DAP verification",
    "delegated management",
    "card lock",
    "card terminate",
    "card reset",
    "CVM management",
    "mandated DAP verification",
    "trusted path",
    "authorized management",
    "token verification",
    "global delete",
    "global lock",
    "global registry",
    "final application",
    "global service",
    "receipt generation",
    "ciphered load file data block",
    "contactless activation",
    "contactless self-activation",
];

impl Privileges {
    /// Out of one or three octets; `None` for another length.
    pub fn parse(octets: &[u8]) -> Option<Self> {
        match *octets {
            [first] => Some(Self(u32::from(first) << 16)),
            [a, b, c] => Some(Self(u32::from_be_bytes([0, a, b, c]))),
            _ => None,
        }
    }

    /// The three octets.
    pub const fn octets(self) -> [u8; 3] {
        let [_, a, b, c] = self.0.to_be_bytes();
        [a, b, c]
    }

    /// Whether this is a security domain.
    pub const fn is_security_domain(self) -> bool {
        self.0 & 0x80_0000 != 0
    }

    /// Their names.
    pub fn names(self) -> Vec<&'static str> {
        // Mandated DAP is the DAP privilege with one bit more: said once.
        (0..).zip(PRIVILEGES).filter(|(bit, _)| self.0 & (0x80_0000 >> bit) != 0).map(|(_, name)| name).collect()
    }
}

impl fmt::Display for Privileges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(", "))
    }
}

/// An entry of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// AID.
    pub aid: Vec<u8>,
    /// Life cycle octet.
    pub life: u8,
    /// Privileges; `None` for a load file.
    pub privileges: Option<Privileges>,
    /// Implicit selection parameters.
    pub implicit: Vec<u8>,
    /// Load file that an application comes from, where the card tells it.
    pub load_file: Option<Vec<u8>>,
    /// Version of a load file, where the card tells it.
    pub version: Option<Vec<u8>>,
    /// Modules of a load file.
    pub modules: Vec<Vec<u8>>,
    /// Security domain that it belongs to, where the card tells it.
    pub domain: Option<Vec<u8>>,
}

impl Status {
    fn parse(entry: &[u8]) -> Result<Self, TlvError> {
        let missing = |expected| TlvError::Unexpected { expected, found: 0 };
        let objects = tlv::all(entry)?;
        let every = |tag| objects.iter().filter(move |object| object.tag == tag).map(|object| object.value);
        let first = |tag| every(tag).next();
        let life = first(0x9F70).and_then(|value| value.first()).ok_or_else(|| missing(0x9F70))?;
        let privileges = first(0xC5).map(|octets| Privileges::parse(octets).ok_or(TlvError::ValueLength(0xC5)));
        Ok(Self {
            aid: first(0x4F).ok_or_else(|| missing(0x4F))?.to_vec(),
            life: *life,
            privileges: privileges.transpose()?,
            implicit: every(0xCF).flatten().copied().collect(),
            load_file: first(0xC4).map(<[u8]>::to_vec),
            version: first(0xCE).map(<[u8]>::to_vec),
            modules: every(0x84).map(<[u8]>::to_vec).collect(),
            domain: first(0xCC).map(<[u8]>::to_vec),
        })
    }
}

/// GET STATUS in TLV form with all its pages: `0x80` the security domain, `0x40` applications.
///
/// # Errors
/// [`GpError`].
pub fn get_status(session: &mut Session<'_>, kind: u8) -> Result<Vec<Status>, GpError> {
    pages(session, kind, &[])
}

/// GET STATUS, GPC 2.3.1 §11.4: everything of one part, or what begins with `aid`. The list of tags asks for the load
/// file and the domain as well, which a card that does not know tag lists leaves out.
///
/// # Errors
/// [`GpError`]. No entry at all is an empty list.
pub fn registry(session: &mut Session<'_>, part: Part, aid: Option<&Aid>) -> Result<Vec<Status>, GpError> {
    let tags: &[u8] = match part {
        Part::Issuer => &[0x4F, 0x9F, 0x70, 0xC5, 0xCC],
        Part::Applications => &[0x4F, 0x9F, 0x70, 0xC5, 0xCF, 0xC4, 0xCC],
        Part::LoadFiles => &[0x4F, 0x9F, 0x70, 0xCE, 0xCC],
        Part::Modules => &[0x4F, 0x9F, 0x70, 0xCE, 0x84, 0xCC],
    };
    let search = [tlv::tlv(0x4F, aid.map_or(&[], Aid::as_bytes)), tlv::tlv(0x5C, tags)].concat();
    match pages(session, part as u8, &search) {
        // A card of an older specification takes the AID alone.
        Err(GpError::Session(SessionError::Status { sw: Sw::WRONG_DATA, .. })) if aid.is_none() => {
            pages(session, part as u8, &[])
        }
        other => other,
    }
}

fn pages(session: &mut Session<'_>, kind: u8, search: &[u8]) -> Result<Vec<Status>, GpError> {
    let at = "GET STATUS";
    let search = if search.is_empty() { &[0x4F, 0x00][..] } else { search };
    let mut data = Bytes::new();
    for page in 0..PAGES_MAX {
        let next = u8::from(page > 0);
        let command = Command::globalplatform(ins::GET_STATUS, kind, 0x02 | next).data(search);
        let response = session.send(command.ne(session.max_ne()))?;
        match response.sw {
            Sw::OK | Sw::MORE_DATA => data.as_mut_vec().extend_from_slice(&response.data),
            // The end of the registry, or nothing that fits at all.
            Sw::REFERENCE_NOT_FOUND => return parse(&data),
            sw => return Err(SessionError::Status { at: at.into(), sw }.into()),
        }
        if response.sw == Sw::OK {
            return parse(&data);
        }
        if response.data.is_empty() {
            break;
        }
    }
    let what = format!("announces more after {PAGES_MAX} pages or an empty one");
    Err(SessionError::Malformed { at: at.into(), what }.into())
}

fn parse(data: &[u8]) -> Result<Vec<Status>, GpError> {
    let read = || -> Result<Vec<Status>, TlvError> {
        tlv::all(data)?.into_iter().map(|entry| Status::parse(entry.value)).collect()
    };
    read().map_err(|source| GpError::Response { at: "GET STATUS", source })
}

/// Name of the card's life cycle, GPC 2.3.1 Table 11-6.
pub fn card_life(octet: u8) -> &'static str {
    match octet {
        0x01 => "OP_READY",
        0x07 => "INITIALIZED",
        0x0F => "SECURED",
        0x7F => "CARD_LOCKED",
        0xFF => "TERMINATED",
        _ => "UNKNOWN",
    }
}

/// Name of an application's life cycle, GPC 2.3.1 Tables 11-4 and 11-5.
pub fn application_life(octet: u8, security_domain: bool) -> &'static str {
    match octet {
        0x01 => "LOADED",
        life if life & 0x80 != 0 => "LOCKED",
        0x03 => "INSTALLED",
        0x07 => "SELECTABLE",
        0x0F => "PERSONALIZED",
        _ if security_domain => "UNKNOWN",
        _ => "APPLICATION_SPECIFIC",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn privileges_are_named() {
        let all = Privileges::parse(&[0x9E, 0xFE, 0x80]).unwrap();
        assert_eq!(all.octets(), [0x9E, 0xFE, 0x80]);
        let names = all.names();
        assert_eq!((names.first(), names.last()), (Some(&"security domain"), Some(&"receipt generation")));
        assert!(names.contains(&"authorized management") && !names.contains(&"global service"));
        assert_eq!(Privileges::parse(&[0x04]).unwrap().to_string(), "card reset");
        assert_eq!(Privileges::parse(&[0x04, 0x00]), None);
    }

    #[test]
    fn an_entry_without_its_life_cycle_is_refused() {
        let entry = tlv::tlv(0xE3, &tlv::tlv(0x4F, &[0xA0, 0, 0, 0, 3]));
        assert!(parse(&entry).is_err());
    }
}
