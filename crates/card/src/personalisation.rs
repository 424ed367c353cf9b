//! Personalisation of every applet: STORE DATA with DGIs, what an issuer may ask before the seal.
//!
//! A DGI may span blocks. The first DGI of an order is its binding tag; an instance bound to one order takes no other.

use core::ops::RangeInclusive;

use bitaqa_apdu::{AccessRule, Bytes, Need, Response, Sw, dgi, tlv};
use bitaqa_pki::cvc::CvCertificate;
use bitaqa_tally::Operation;
use sha2::{Digest, Sha256};

use crate::access::{Instance, Setup, cell};
use crate::applet::{Host, StoreData};

/// Level without which nothing is taken: C-MAC and C-DEC (Amd D Table 7-4).
const LEVEL_MIN: u8 = 0x03;

/// Longest value that is not a file: a CV certificate over RSA keys of 4096 bits is the largest.
const OBJECT_MAX: usize = 2048;

/// A DGI under way.
enum Open {
    /// A file: its octets go to memory as they come.
    File { cell: u16, left: usize },
    /// Everything else is small and is taken when it is complete.
    Object { number: u16, length: usize, value: Bytes },
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
    pub fn block<I: Instance>(&mut self, block: &StoreData<'_>, host: &mut Host<'_>) -> Result<Response, Sw> {
        let result = self.take::<I>(block, host);
        if result.is_err() || block.last {
            *self = Self::default();
        }
        result.map(|()| Sw::OK.into())
    }

    fn take<I: Instance>(&mut self, block: &StoreData<'_>, host: &mut Host<'_>) -> Result<(), Sw> {
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
                None => self.read_header::<I>(data, host)?,
                Some(open) => self.fill::<I>(open, data, block.encrypted, host)?,
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
    fn read_header<'a, I: Instance>(&mut self, data: &'a [u8], host: &mut Host<'_>) -> Result<&'a [u8], Sw> {
        let (first, rest) = data.split_first().ok_or(Sw::WRONG_DATA)?;
        self.header.push(*first);
        let Some((number, length, _)) = dgi::read_header(&self.header) else { return Ok(rest) };
        self.header.clear();
        if length == 0 {
            return Err(Sw::WRONG_DATA);
        }
        let setup = I::setup(host)?;
        self.open = Some(match setup.by_dgi(number) {
            Some(file) => {
                host.get(cell::ORDER_TAG).ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
                if length > usize::from(file.size_max) {
                    return Err(Sw::NOT_ENOUGH_MEMORY);
                }
                // The file is empty from here on, and a tear in mid-file leaves one that is known as unfinished.
                mark(number, true, host)?;
                host.put(number, &[])?;
                Open::File { cell: number, left: length }
            }
            None if length > OBJECT_MAX => return Err(Sw::WRONG_DATA),
            None => Open::Object { number, length, value: Bytes::new() },
        });
        Ok(rest)
    }

    fn fill<'a, I: Instance>(
        &mut self,
        open: Open,
        data: &'a [u8],
        encrypted: bool,
        host: &mut Host<'_>,
    ) -> Result<&'a [u8], Sw> {
        match open {
            Open::File { cell, left } => {
                let (now, rest) = data.split_at(left.min(data.len()));
                host.append(cell, now)?;
                let left = left - now.len();
                if left == 0 {
                    mark(cell, false, host)?;
                }
                self.open = (left > 0).then_some(Open::File { cell, left });
                Ok(rest)
            }
            Open::Object { number, length, mut value } => {
                let (now, rest) = data.split_at((length - value.len()).min(data.len()));
                value.as_mut_vec().extend_from_slice(now);
                if value.len() == length {
                    store_object::<I>(number, &value, encrypted, host)?;
                } else {
                    self.open = Some(Open::Object { number, length, value });
                }
                Ok(rest)
            }
        }
    }
}

/// Nothing is personalised outside of a secure channel.
///
/// # Errors
/// 6982 outside.
pub fn require_channel(host: &Host<'_>) -> Result<(), Sw> {
    match host.secure_channel_level() {
        Some(level) if level & LEVEL_MIN == LEVEL_MIN => Ok(()),
        _ => Err(Sw::SECURITY_STATUS_NOT_SATISFIED),
    }
}

/// Notes a file as unfinished, or as finished.
fn mark(dgi: u16, unfinished: bool, host: &mut Host<'_>) -> Result<(), Sw> {
    let (known, _) = host.get(cell::UNFINISHED).unwrap_or_default().as_chunks::<2>();
    let others = known.iter().copied().filter(|other| *other != dgi.to_be_bytes());
    let now: Vec<[u8; 2]> = others.chain(unfinished.then_some(dgi.to_be_bytes())).collect();
    Ok(host.put(cell::UNFINISHED, now.as_flattened())?)
}

fn store_object<I: Instance>(number: u16, value: &[u8], encrypted: bool, host: &mut Host<'_>) -> Result<(), Sw> {
    let secret = number == dgi::CAN || I::is_secret(number);
    if secret != encrypted {
        return Err(Sw::WRONG_DATA); // secrets come under the DEK, and nothing else does
    }
    if number != dgi::ORDER_TAG {
        host.get(cell::ORDER_TAG).ok_or(Sw::CONDITIONS_NOT_SATISFIED)?;
    }
    match number {
        dgi::ORDER_TAG => bind(value, host),
        dgi::CAN => {
            let can = digits(value, 4..=10, host)?;
            Ok(host.put(cell::CAN, &can)?)
        }
        dgi::CVCA_CERTIFICATE => {
            CvCertificate::parse(value).map_err(|_| Sw::WRONG_DATA)?;
            Ok(host.put(cell::TRUST_POINTS, value)?)
        }
        dgi::CURRENT_DATE => {
            bitaqa_pki::cvc::date_from_bcd(value).map_err(|_| Sw::WRONG_DATA)?;
            Ok(host.put(cell::CURRENT_DATE, value)?)
        }
        _ => I::store(number, value, host),
    }
}

/// A password of digits, out of its wrapping.
///
/// # Errors
/// 6A80 for one with other signs or of another length.
pub fn digits(wrapped: &[u8], length: RangeInclusive<usize>, host: &Host<'_>) -> Result<Bytes, Sw> {
    let password = host.decrypt_sensitive(wrapped)?;
    if is_password_of_digits(&password, length) { Ok(password) } else { Err(Sw::WRONG_DATA) }
}

/// Digits in ISO 8859-1, so many.
pub fn is_password_of_digits(password: &[u8], length: RangeInclusive<usize>) -> bool {
    length.contains(&password.len()) && password.iter().all(u8::is_ascii_digit)
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

/// GET DATA of what every instance under personalisation tells its issuer, who resumes an order or checks before the
/// seal; `None` for another number.
///
/// # Errors
/// 6982 outside of the secure channel, 6A88 for what is not there.
pub fn get_data<I: Instance>(number: u16, host: &Host<'_>) -> Result<Option<Response>, Sw> {
    require_channel(host)?;
    match number {
        dgi::GET_DATA_ORDER_TAG => {
            let tag = host.get(cell::ORDER_TAG).ok_or(Sw::REFERENCE_NOT_FOUND)?;
            Ok(Some(Response::ok(tlv::tlv(dgi::GET_DATA_ORDER_TAG.into(), tag))))
        }
        dgi::GET_DATA_DIGESTS => {
            let rows = digest_rows::<I>(host)?;
            Ok(Some(Response::ok(tlv::tlv(dgi::GET_DATA_DIGESTS.into(), rows.as_flattened()))))
        }
        dgi::GET_DATA_DIGEST => {
            let mut rows = digest_rows::<I>(host)?;
            rows.sort_unstable();
            let whole = Sha256::digest(rows.as_flattened());
            Ok(Some(Response::ok(tlv::tlv(dgi::GET_DATA_DIGEST.into(), &whole))))
        }
        _ => Ok(None),
    }
}

/// A row for each file that was written, in the order of the install parameters.
fn digest_rows<I: Instance>(host: &Host<'_>) -> Result<Vec<[u8; dgi::DIGEST_ROW]>, Sw> {
    let row = |number: u16| {
        let content = host.get(number)?;
        bitaqa_tally::note(Operation::Hash, "SHA-256", content.len());
        Some(dgi::digest_row(number, content.len(), Sha256::digest(content).into()))
    };
    Ok(I::setup(host)?.files.iter().filter_map(|file| row(file.dgi())).collect())
}

/// Whether the instance may be sealed: bound to an order, with everything in `needed`, and every file written to its
/// end. A file that its users may update can have been left out. A half-written card stays unsealed whatever the
/// terminal believes.
///
/// # Errors
/// 6985 for the first thing that is missing.
pub fn complete(setup: &Setup, needed: &[u16], host: &Host<'_>) -> Result<(), Sw> {
    let there = |key: u16| host.get(key).is_some_and(|content| !content.is_empty());
    let files = setup.files.iter().all(|file| file.is_updatable() || there(file.dgi()));
    let whole = files && !there(cell::UNFINISHED);
    if whole && there(cell::ORDER_TAG) && needed.iter().all(|key| there(*key)) {
        Ok(())
    } else {
        Err(Sw::CONDITIONS_NOT_SATISFIED)
    }
}

/// Cells without which rules that ask for Terminal Authentication are promises that the card cannot keep.
pub fn needed_for<'r>(mut rules: impl Iterator<Item = &'r AccessRule>) -> Vec<u16> {
    let asks = |rule: &AccessRule| rule.alternatives().iter().flatten().any(|need| matches!(need, Need::Ta(_)));
    if rules.any(asks) { vec![cell::TRUST_POINTS, cell::CURRENT_DATE] } else { Vec::new() }
}
