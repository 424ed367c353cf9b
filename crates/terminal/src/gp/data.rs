//! What GET DATA brings, decoded: CPLC, card data, keys, counters (GPC 2.3.1 §11.3, App. H).

use bitaqa_apdu::tlv::{self, TlvError};
use bitaqa_apdu::{Bytes, Command, Sw, describe, ins};

use super::GpError;
use crate::session::{Session, SessionError};

/// Type of one key of the card out of the key information template, GPC 2.3.1 Table 11-16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyInformation {
    /// Key identifier.
    pub id: u8,
    /// Key version number.
    pub kvn: u8,
    /// Key type of the first component.
    pub key_type: u8,
    /// Octets of the first component; 0 stands for 256 and more in the basic structure.
    pub octets: u16,
}

impl KeyInformation {
    /// The type in words.
    pub fn type_name(&self) -> &'static str {
        match self.key_type {
            0x80..=0x84 => "3DES",
            0x85 => "PSK-TLS",
            0x88 => "AES",
            0x90 => "HMAC-SHA1",
            0xA0 | 0xA1 => "RSA public",
            0xA2..=0xA8 => "RSA private",
            0xB0 => "EC public",
            0xB1 => "EC private",
            _ => "unknown",
        }
    }
}

/// GET DATA, GPC 2.3.1 §11.3; `None` when the card has no such object.
///
/// # Errors
/// [`SessionError`].
pub fn get_data(session: &mut Session<'_>, tag: u16) -> Result<Option<Bytes>, SessionError> {
    let [p1, p2] = tag.to_be_bytes();
    let command = Command::globalplatform(ins::GET_DATA, p1, p2).ne(session.max_ne());
    let at = describe::command(&command);
    let response = session.send(command)?;
    match response.sw {
        Sw::OK => Ok(Some(response.data)),
        Sw::REFERENCE_NOT_FOUND => Ok(None),
        sw => Err(SessionError::Status { at, sw }),
    }
}

/// Key information template, GET DATA 00E0 (GPC 2.3.1 §11.3.3.1): tells transport keys from the issuer's without
/// spending an authentication.
///
/// # Errors
/// [`GpError`].
pub fn key_information(session: &mut Session<'_>) -> Result<Vec<KeyInformation>, GpError> {
    let data = get_data(session, 0x00E0)?.unwrap_or_default();
    parse_key_information(&data).map_err(|source| GpError::Response { at: "GET DATA 00E0", source })
}

/// Reads `E0 { C0 id kvn type length .. }` in the basic and in the extended structure (GPC 2.3.1 Tables 11-28, 11-29).
fn parse_key_information(data: &[u8]) -> Result<Vec<KeyInformation>, TlvError> {
    let keys = tlv::all(tlv::only(data, 0xE0)?)?.into_iter().map(|object| match *object.value {
        [id, kvn, 0xFF, key_type, high, low, ..] if object.tag == 0xC0 => {
            Ok(KeyInformation { id, kvn, key_type, octets: u16::from_be_bytes([high, low]) })
        }
        [id, kvn, key_type, octets, ..] if object.tag == 0xC0 && key_type != 0xFF => {
            Ok(KeyInformation { id, kvn, key_type, octets: octets.into() })
        }
        [id, kvn] if object.tag == 0xC0 => Ok(KeyInformation { id, kvn, key_type: 0, octets: 0 }),
        _ => Err(TlvError::ValueLength(object.tag)),
    });
    keys.collect()
}

/// The 18 fields by name, in order.
pub type Cplc = Vec<(&'static str, Vec<u8>)>;

/// Fields of the card production life cycle data with their octets, in order.
const CPLC_FIELDS: [(&str, usize); 18] = [
    ("ic_fabricator", 2),
    ("ic_type", 2),
    ("os_id", 2),
    ("os_date", 2),
    ("os_level", 2),
    ("ic_fabrication_date", 2),
    ("ic_serial", 4),
    ("ic_batch", 2),
    ("module_fabricator", 2),
    ("module_date", 2),
    ("icc_manufacturer", 2),
    ("embedding_date", 2),
    ("pre_personaliser", 2),
    ("pre_personalisation_date", 2),
    ("pre_personalisation_equipment", 4),
    ("personaliser", 2),
    ("personalisation_date", 2),
    ("personalisation_equipment", 4),
];

/// Card production life cycle data, GET DATA 9F7F: 42 octets field by field, dates as YDDD in BCD. `None` where the
/// card keeps them closed.
///
/// # Errors
/// [`GpError`] for an object of another length, and for a dialogue that fails.
pub fn cplc(session: &mut Session<'_>) -> Result<Option<Cplc>, GpError> {
    let Some(data) = optional(session, 0x9F7F)? else { return Ok(None) };
    parse_cplc(&data).map(Some).map_err(|source| GpError::Response { at: "GET DATA 9F7F", source })
}

fn parse_cplc(data: &[u8]) -> Result<Cplc, TlvError> {
    // Cards of an older kind give the value without its tag.
    let mut rest = if data.len() == 42 { data } else { tlv::only(data, 0x9F7F)? };
    let mut fields = Vec::with_capacity(CPLC_FIELDS.len());
    for (name, octets) in CPLC_FIELDS {
        let (field, tail) = rest.split_at_checked(octets).ok_or(TlvError::ValueLength(0x9F7F))?;
        fields.push((name, field.to_vec()));
        rest = tail;
    }
    if rest.is_empty() { Ok(fields) } else { Err(TlvError::ValueLength(0x9F7F)) }
}

/// What a card says of itself in its card data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardData {
    /// Version of the card specification, as `2.3.1`; empty where it is not told.
    pub version: String,
    /// Protocols of the issuer security domain: identifier and parameter i.
    pub protocols: Vec<(u8, u8)>,
}

/// Content of the object identifier of GlobalPlatform, 1.2.840.114283.
const GLOBALPLATFORM: [u8; 6] = [0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B];

/// Card data, GET DATA 0066, in both formats (GPC 2.3.1 Tables H-1 and H-2).
///
/// # Errors
/// [`GpError`].
pub fn card_data(session: &mut Session<'_>) -> Result<Option<CardData>, GpError> {
    let Some(data) = optional(session, 0x0066)? else { return Ok(None) };
    parse_card_data(&data).map(Some).map_err(|source| GpError::Response { at: "GET DATA 0066", source })
}

fn parse_card_data(data: &[u8]) -> Result<CardData, TlvError> {
    let mut told = CardData::default();
    let recognition = tlv::find(tlv::only(data, 0x66)?, 0x73)?.unwrap_or_default();
    for object in tlv::all(recognition)?.iter().filter(|object| matches!(object.tag, 0x60 | 0x64)) {
        for identifier in tlv::all(object.value)?.iter().filter(|inner| inner.tag == 0x06) {
            match identifier.value.strip_prefix(&GLOBALPLATFORM) {
                Some([2, arcs @ ..]) if object.tag == 0x60 => {
                    told.version = arcs.iter().map(u8::to_string).collect::<Vec<_>>().join(".");
                }
                // An arc of 80 and more takes two octets.
                Some([4, scp, i]) if object.tag == 0x64 && *i < 0x80 => told.protocols.push((*scp, *i)),
                _ => {}
            }
        }
    }
    Ok(told)
}

/// Sequence counter of the default key set, GET DATA 00C1: two octets with SCP02, three with SCP03.
///
/// # Errors
/// [`GpError`].
pub fn sequence_counter(session: &mut Session<'_>) -> Result<Option<u32>, GpError> {
    let Some(data) = optional(session, 0x00C1)? else { return Ok(None) };
    let wrong = |source| GpError::Response { at: "GET DATA 00C1", source };
    let value = tlv::only(&data, 0xC1).map_err(wrong)?;
    if !(1..=4).contains(&value.len()) {
        return Err(wrong(TlvError::ValueLength(0xC1)));
    }
    Ok(Some(value.iter().fold(0, |number, octet| (number << 8) | u32::from(*octet))))
}

/// An object that a card may lack, or keep to those who have authenticated.
fn optional(session: &mut Session<'_>, tag: u16) -> Result<Option<Bytes>, SessionError> {
    match get_data(session, tag) {
        Err(error) if error.sw().is_some() => Ok(None),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_both_structures_are_read() {
        let basic =
            hex::decode("E01A C00401308820 C00402308820 C00403308820 C0060A40B041F000".replace(' ', "")).unwrap();
        let keys = parse_key_information(&basic).unwrap();
        assert_eq!(keys.len(), 4);
        assert_eq!(keys[0], KeyInformation { id: 1, kvn: 0x30, key_type: 0x88, octets: 32 });
        assert_eq!((keys[3].id, keys[3].type_name()), (0x0A, "EC public"));
        let extended = hex::decode("E00CC00A0170FF8800200101800100").unwrap();
        let keys = parse_key_information(&extended[..14]).unwrap();
        assert_eq!(keys, [KeyInformation { id: 1, kvn: 0x70, key_type: 0x88, octets: 32 }]);
        assert!(parse_key_information(&[0xE0, 0x03, 0xC0, 0x01, 0x01]).is_err());
    }

    #[test]
    fn cplc_has_42_octets_with_or_without_its_tag() {
        let value: Vec<u8> = (0..42).collect();
        let fields = parse_cplc(&value).unwrap();
        assert_eq!(fields, parse_cplc(&tlv::tlv(0x9F7F, &value)).unwrap());
        assert_eq!(fields[6], ("ic_serial", vec![12, 13, 14, 15]));
        assert_eq!(fields[17], ("personalisation_equipment", vec![38, 39, 40, 41]));
        assert!(parse_cplc(&value[..41]).is_err());
    }

    #[test]
    fn card_data_of_both_formats_tell_version_and_protocols() {
        let identifier = |arcs: &[u8]| tlv::tlv(0x06, &[&GLOBALPLATFORM, arcs].concat());
        let head = [identifier(&[1]), tlv::tlv(0x60, &identifier(&[2, 2, 3, 1]))].concat();
        let protocols = [identifier(&[4, 0x03, 0x70]), identifier(&[4, 0x02, 0x55])];
        let first = [&head[..], &tlv::tlv(0x64, &protocols[0]), &tlv::tlv(0x64, &protocols[1])].concat();
        let second = [&head[..], &tlv::tlv(0x64, &protocols.concat())].concat();
        for recognition in [first, second] {
            let told = parse_card_data(&tlv::tlv(0x66, &tlv::tlv(0x73, &recognition))).unwrap();
            assert_eq!(told, CardData { version: "2.3.1".into(), protocols: vec![(3, 0x70), (2, 0x55)] });
        }
    }
}
