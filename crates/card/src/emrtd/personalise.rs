//! Personalisation of the applet: STORE DATA with DGIs, the key pair made on the card, the check before sealing.
//!
//! A DGI may span blocks. The first DGI of an order is its binding tag; a card bound to one order takes no other.

use bitaqa_apdu::install::{PASSWORD_CAN, PASSWORD_MRZ, PASSWORD_PIN};
use bitaqa_apdu::{AccessRule, Need};
use bitaqa_apdu::{Command, Response, Sw, dgi, tlv};
use bitaqa_pki::cvc::{CvCertificate, EfCvca};
use sha2::{Digest, Sha256};

use super::files::Configuration;
use super::{cell, keys};
use crate::applet::{Host, StoreData};

/// Level without which nothing is taken: C-MAC and C-DEC (Amd D Table 7-4).
const LEVEL_MIN: u8 = 0x03;

/// Longest value that is not a file: a CV certificate over RSA keys of 4096 bits is the largest.
const OBJECT_MAX: usize = 2048;

/// Longest PIN or PUK.
pub const PIN_DIGITS_MAX: usize = 16;

/// A DGI under way.
enum Open {
    /// A file: its octets go to memory as they come.
    File { cell: u16, left: usize },
    /// Everything else is small and is taken when it is complete.
    Object { number: u16, length: usize, value: bitaqa_apdu::Bytes },
}

/// STORE DATA as a stream of DGIs over numbered blocks.
#[derive(Default)]
pub struct Stream {
    expected_block: u8,
    open: Option<Open>,
    header: Vec<u8>,
}

impl Stream {
    /// One block.
    ///
    /// # Errors
    /// 6982 outside a secure channel, 6A80 for what is no DGI of this applet, 6A86 for a block out of order, 6A84 for
    /// a file beyond its size. The stream then starts anew.
    pub fn block(&mut self, block: &StoreData<'_>, host: &mut Host<'_>) -> Result<Response, Sw> {
        let result = self.take(block, host);
        if result.is_err() || block.last {
            *self = Self::default();
        }
        result.map(|()| Sw::OK.into())
    }

    fn take(&mut self, block: &StoreData<'_>, host: &mut Host<'_>) -> Result<(), Sw> {
        require_channel(host)?;
        if block.block == 0 {
            *self = Self::default();
        }
        if block.block != self.expected_block {
            return Err(Sw::WRONG_P1P2);
        }
        // 256 blocks and more come in one stream for large files over short APDUs: the number wraps to 01, never to 00.
        self.expected_block = self.expected_block.checked_add(1).unwrap_or(1);
        let mut data = block.data;
        while !data.is_empty() {
            data = match self.open.take() {
                None => self.read_header(data, host)?,
                Some(open) => self.fill(open, data, block.encrypted, host)?,
            };
        }
        match &self.open {
            Some(Open::Object { length: 0, .. } | Open::File { left: 0, .. }) => Err(Sw::WRONG_DATA),
            Some(_) if block.last => Err(Sw::WRONG_DATA),
            None if block.last && !self.header.is_empty() => Err(Sw::WRONG_DATA),
            _ => Ok(()),
        }
    }

    /// Collects the header of the next DGI; a header may be cut by the end of a block.
    fn read_header<'a>(&mut self, data: &'a [u8], host: &mut Host<'_>) -> Result<&'a [u8], Sw> {
        let (first, rest) = data.split_first().ok_or(Sw::WRONG_DATA)?;
        self.header.push(*first);
        let Some((number, length, _)) = dgi::read_header(&self.header) else { return Ok(rest) };
        self.header.clear();
        if length == 0 {
            return Err(Sw::WRONG_DATA);
        }
        let configuration = Configuration::of(host)?;
        self.open = Some(match configuration.by_dgi(number) {
            Some(file) => {
                host.get(cell::ORDER_TAG).ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
                if length > usize::from(file.size_max) {
                    return Err(Sw::NOT_ENOUGH_MEMORY);
                }
                // The file is empty from here on: a tear in mid-file leaves one that the digests will not match.
                host.put(number, &[])?;
                Open::File { cell: number, left: length }
            }
            None if length > OBJECT_MAX => return Err(Sw::WRONG_DATA),
            None => Open::Object { number, length, value: bitaqa_apdu::Bytes::new() },
        });
        Ok(rest)
    }

    fn fill<'a>(&mut self, open: Open, data: &'a [u8], encrypted: bool, host: &mut Host<'_>) -> Result<&'a [u8], Sw> {
        match open {
            Open::File { cell, left } => {
                let (now, rest) = data.split_at(left.min(data.len()));
                host.append(cell, now)?;
                let left = left - now.len();
                self.open = (left > 0).then_some(Open::File { cell, left });
                Ok(rest)
            }
            Open::Object { number, length, mut value } => {
                let (now, rest) = data.split_at((length - value.len()).min(data.len()));
                value.as_mut_vec().extend_from_slice(now);
                if value.len() == length {
                    store_object(number, &value, encrypted, host)?;
                } else {
                    self.open = Some(Open::Object { number, length, value });
                }
                Ok(rest)
            }
        }
    }
}

fn require_channel(host: &Host<'_>) -> Result<(), Sw> {
    match host.secure_channel_level() {
        Some(level) if level & LEVEL_MIN == LEVEL_MIN => Ok(()),
        _ => Err(Sw::SECURITY_STATUS_NOT_SATISFIED),
    }
}

fn store_object(number: u16, value: &[u8], encrypted: bool, host: &mut Host<'_>) -> Result<(), Sw> {
    let secret = matches!(number, dgi::CAN | dgi::MRZ_SECRET | dgi::PIN | dgi::PUK);
    if secret != encrypted {
        return Err(Sw::WRONG_DATA); // secrets come under the DEK, and nothing else does
    }
    if number != dgi::ORDER_TAG {
        host.get(cell::ORDER_TAG).ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
    }
    match number {
        dgi::ORDER_TAG => bind(value, host),
        dgi::CAN => store_digits(cell::CAN, value, 10, host),
        dgi::PIN | dgi::PUK => store_blockable(number, value, host),
        dgi::MRZ_SECRET => {
            let secret = host.decrypt_sensitive(value)?;
            if secret.len() == 20 { Ok(host.put(cell::MRZ_SECRET, &secret)?) } else { Err(Sw::WRONG_DATA) }
        }
        dgi::CVCA_CERTIFICATE => {
            CvCertificate::parse(value).map_err(|_| Sw::WRONG_DATA)?;
            Ok(host.put(cell::TRUST_POINTS, value)?)
        }
        dgi::CURRENT_DATE => {
            bitaqa_pki::cvc::date_from_bcd(value).map_err(|_| Sw::WRONG_DATA)?;
            Ok(host.put(cell::CURRENT_DATE, value)?)
        }
        _ => Err(Sw::REFERENCE_NOT_FOUND),
    }
}

/// A password of digits, out of its wrapping.
fn store_digits(cell: u16, wrapped: &[u8], digits_max: usize, host: &mut Host<'_>) -> Result<(), Sw> {
    let password = host.decrypt_sensitive(wrapped)?;
    let sound = is_password_of_digits(&password, digits_max);
    if sound { Ok(host.put(cell, &password)?) } else { Err(Sw::WRONG_DATA) }
}

/// Four digits and more, in ISO 8859-1.
pub fn is_password_of_digits(password: &[u8], digits_max: usize) -> bool {
    (4..=digits_max).contains(&password.len()) && password.iter().all(u8::is_ascii_digit)
}

/// PIN or PUK, with all its tries.
fn store_blockable(number: u16, wrapped: &[u8], host: &mut Host<'_>) -> Result<(), Sw> {
    let configuration = Configuration::of(host)?;
    let (secret, left, tries) = match number {
        dgi::PIN => (cell::PIN, cell::PIN_TRIES, configuration.pin_tries),
        _ => (cell::PUK, cell::PUK_TRIES, configuration.puk_tries),
    };
    if tries == 0 {
        return Err(Sw::REFERENCE_NOT_FOUND);
    }
    host.transaction(|host| {
        store_digits(secret, wrapped, PIN_DIGITS_MAX, host)?;
        Ok(host.put(left, &[tries])?)
    })
}

/// Binds the card to an order. The same tag again is the resumption of that order.
fn bind(tag: &[u8], host: &mut Host<'_>) -> Result<(), Sw> {
    if tag.len() != 16 {
        return Err(Sw::WRONG_DATA);
    }
    match host.get(cell::ORDER_TAG) {
        None => Ok(host.put(cell::ORDER_TAG, tag)?),
        Some(bound) if bound == tag => Ok(()),
        Some(_) => Err(Sw::CONDITIONS_NOT_SATISFIED),
    }
}

/// GENERATE ASYMMETRIC KEY PAIR, inside the issuer's channel: see [`keys::generate`].
pub fn generate_key(command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
    require_channel(host)?;
    keys::generate(command, host)
}

/// GET DATA while the card is personalised: what an issuer needs to resume or to check before sealing.
pub fn get_data(command: &Command, host: &Host<'_>) -> Result<Response, Sw> {
    require_channel(host)?;
    match command.p1p2() {
        dgi::GET_DATA_ORDER_TAG => {
            let tag = host.get(cell::ORDER_TAG).ok_or(Sw::REFERENCE_NOT_FOUND)?;
            Ok(Response::ok(tlv::tlv(dgi::GET_DATA_ORDER_TAG.into(), tag)))
        }
        dgi::GET_DATA_PUBLIC_KEYS => keys::public_keys(host),
        dgi::GET_DATA_DIGESTS => {
            let mut rows = Vec::new();
            for file in Configuration::of(host)?.files {
                let Some(content) = host.get(file.dgi()) else { continue };
                rows.extend_from_slice(&file.dgi().to_be_bytes());
                rows.extend_from_slice(&u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes());
                rows.extend_from_slice(&Sha256::digest(content));
            }
            Ok(Response::ok(tlv::tlv(dgi::GET_DATA_DIGESTS.into(), &rows)))
        }
        _ => Err(Sw::REFERENCE_NOT_FOUND),
    }
}

/// Whether the applet may be sealed: bound, with every password, key, trust point and date that its configuration asks
/// for, and every file there and as long as its own TLV says. A half-written card stays unsealed whatever the terminal
/// believes.
///
/// # Errors
/// 6985 for the first thing that is missing.
pub fn complete(host: &Host<'_>) -> Result<(), Sw> {
    let configuration = Configuration::of(host)?;
    let there = |key: u16| host.get(key).is_some_and(|content| !content.is_empty());
    let objects = needed_cells(&configuration).into_iter().all(there);
    let files = configuration.files.iter().all(|file| host.get(file.dgi()).is_some_and(is_whole));
    if objects && files { Ok(()) } else { Err(Sw::CONDITIONS_NOT_SATISFIED) }
}

/// Cells that hold no file and without which the configuration is a promise that the card cannot keep.
fn needed_cells(configuration: &Configuration) -> Vec<u16> {
    let mut needed = vec![cell::ORDER_TAG];
    needed.extend(configuration.keys.iter().map(|key| keys::cell_of(key.number)));
    for reference in &configuration.passwords {
        match *reference {
            PASSWORD_MRZ => needed.push(cell::MRZ_SECRET),
            PASSWORD_CAN => needed.push(cell::CAN),
            PASSWORD_PIN => needed.extend([cell::PIN, cell::PIN_TRIES]),
            _ => needed.extend([cell::PUK, cell::PUK_TRIES]),
        }
    }
    if configuration.bac {
        // 9303-11 §4.3.3.2: the keys of BAC come out of the same hash of the MRZ.
        needed.push(cell::MRZ_SECRET);
    }
    if configuration.files.iter().any(|file| asks_for_terminal_authentication(&file.read)) {
        needed.extend([cell::TRUST_POINTS, cell::CURRENT_DATE]);
    }
    needed
}

fn asks_for_terminal_authentication(rule: &AccessRule) -> bool {
    rule.alternatives().iter().flatten().any(|need| matches!(need, Need::Ta(_)))
}

/// A file that is one data object, EF.CardAccess and EF.CardSecurity among them, or an EF.CVCA, which is none.
fn is_whole(content: &[u8]) -> bool {
    let one_object = matches!(tlv::total_length(content), Ok(Some(total)) if total == content.len());
    one_object || EfCvca::decode(content).is_ok()
}
