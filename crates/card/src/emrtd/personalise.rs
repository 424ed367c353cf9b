//! Personalisation of the applet: STORE DATA with DGIs, the key pair made on the card, the check before sealing.
//!
//! A DGI may span blocks. The first DGI of an order is its binding tag; a card bound to one order takes no other.

use bitaqa_apdu::{Command, Response, Sw, dgi, tlv};
use bitaqa_curves::{Curve, SecretScalar};
use bitaqa_pki::cvc::CvCertificate;
use sha2::{Digest, Sha256};

use super::cell;
use super::files::Configuration;
use crate::applet::{Host, StoreData};

/// Level without which nothing is taken: C-MAC and C-DEC (Amd D Table 7-4).
const LEVEL_MIN: u8 = 0x03;

/// Longest value that is not a file: a CV certificate is the largest.
const OBJECT_MAX: usize = 1024;

/// A DGI under way.
enum Open {
    /// A file: its octets go to memory as they come.
    File { fid: u16, left: usize },
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
        self.open = Some(match configuration.by_fid(number) {
            Some(file) => {
                host.get(cell::ORDER_TAG).ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
                if length > usize::from(file.size_max) {
                    return Err(Sw::NOT_ENOUGH_MEMORY);
                }
                // The file is empty from here on: a tear in mid-file leaves one that the digests will not match.
                host.put(file.fid, &[])?;
                Open::File { fid: file.fid, left: length }
            }
            None if length > OBJECT_MAX => return Err(Sw::WRONG_DATA),
            None => Open::Object { number, length, value: bitaqa_apdu::Bytes::new() },
        });
        Ok(rest)
    }

    fn fill<'a>(&mut self, open: Open, data: &'a [u8], encrypted: bool, host: &mut Host<'_>) -> Result<&'a [u8], Sw> {
        match open {
            Open::File { fid, left } => {
                let (now, rest) = data.split_at(left.min(data.len()));
                host.append(fid, now)?;
                let left = left - now.len();
                self.open = (left > 0).then_some(Open::File { fid, left });
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
    let secret = matches!(number, dgi::CAN | dgi::MRZ_SECRET);
    if secret != encrypted {
        return Err(Sw::WRONG_DATA); // secrets come under the DEK, and nothing else does
    }
    if number != dgi::ORDER_TAG {
        host.get(cell::ORDER_TAG).ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
    }
    match number {
        dgi::ORDER_TAG => bind(value, host),
        dgi::CAN => {
            let can = host.decrypt_sensitive(value)?;
            let digits = (4..=10).contains(&can.len()) && can.iter().all(u8::is_ascii_digit);
            if digits { Ok(host.put(cell::CAN, &can)?) } else { Err(Sw::WRONG_DATA) }
        }
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

/// GENERATE ASYMMETRIC KEY PAIR (7816-8 §5.1): P1 = 80 makes a new pair; `7F49 { 86 point }` comes back.
pub fn generate_key(command: &Command, host: &mut Host<'_>) -> Result<Response, Sw> {
    require_channel(host)?;
    if command.p1p2() != 0x8000 {
        return Err(Sw::WRONG_P1P2);
    }
    let curve = ca_curve(host)?;
    let key = SecretScalar::generate(curve, host.rng());
    host.put(cell::CA_KEY, &key.to_bytes())?;
    Ok(Response::ok(public_key_template(&key)))
}

fn public_key_template(key: &SecretScalar) -> Vec<u8> {
    tlv::tlv(0x7F49, &tlv::tlv(0x86, &key.public().encode()))
}

fn ca_curve(host: &Host<'_>) -> Result<Curve, Sw> {
    Curve::from_parameter_id(Configuration::of(host)?.ca_parameter_id).ok_or(Sw::FUNCTION_NOT_SUPPORTED)
}

/// The private key of Chip Authentication.
///
/// # Errors
/// 6A88 when none was made.
pub fn ca_key(host: &Host<'_>) -> Result<SecretScalar, Sw> {
    let octets = host.get(cell::CA_KEY).ok_or(Sw::REFERENCE_NOT_FOUND)?;
    SecretScalar::from_bytes(ca_curve(host)?, octets).map_err(|_| Sw::MEMORY_FAILURE)
}

/// GET DATA while the card is personalised: what an issuer needs to resume or to check before sealing.
pub fn get_data(command: &Command, host: &Host<'_>) -> Result<Response, Sw> {
    require_channel(host)?;
    match command.p1p2() {
        dgi::GET_DATA_ORDER_TAG => {
            let tag = host.get(cell::ORDER_TAG).ok_or(Sw::REFERENCE_NOT_FOUND)?;
            Ok(Response::ok(tlv::tlv(dgi::GET_DATA_ORDER_TAG.into(), tag)))
        }
        dgi::GET_DATA_CA_PUBLIC_KEY => Ok(Response::ok(public_key_template(&ca_key(host)?))),
        dgi::GET_DATA_DIGESTS => {
            let mut rows = Vec::new();
            for file in Configuration::of(host)?.files {
                let Some(content) = host.get(file.fid) else { continue };
                rows.extend_from_slice(&file.fid.to_be_bytes());
                rows.extend_from_slice(&u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes());
                rows.extend_from_slice(&Sha256::digest(content));
            }
            Ok(Response::ok(tlv::tlv(dgi::GET_DATA_DIGESTS.into(), &rows)))
        }
        _ => Err(Sw::REFERENCE_NOT_FOUND),
    }
}

/// Whether the applet may be sealed: bound, with its passwords, its key, its trust point and date, and every file
/// there and as long as its own TLV says. A half-written card stays unsealed whatever the terminal believes.
///
/// # Errors
/// 6985 for the first thing that is missing.
pub fn complete(host: &Host<'_>) -> Result<(), Sw> {
    let configuration = Configuration::of(host)?;
    let secrets =
        configuration.passwords.iter().map(|password| if *password == 1 { cell::MRZ_SECRET } else { cell::CAN });
    let needed = [cell::ORDER_TAG, cell::CA_KEY, cell::TRUST_POINTS, cell::CURRENT_DATE];
    let there = |key: u16| host.get(key).is_some_and(|content| !content.is_empty());
    let whole = |fid: u16| {
        let content = host.get(fid).unwrap_or_default();
        matches!(tlv::total_length(content), Ok(Some(total)) if total == content.len()) || is_security_infos(content)
    };
    let objects = needed.into_iter().chain(secrets).all(there);
    let files = configuration.files.iter().all(|file| there(file.fid) && whole(file.fid));
    if objects && files { Ok(()) } else { Err(Sw::CONDITIONS_NOT_SATISFIED) }
}

/// EF.CardAccess is a bare SET, 9303-10 §3.11.3; it is a TLV object all the same, so this only guards its content.
fn is_security_infos(content: &[u8]) -> bool {
    bitaqa_lds::security_infos::SecurityInfos::from_der(content).is_ok()
}
