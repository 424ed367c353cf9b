//! Data objects of any file, by their tags: what stands under a file that nothing else here knows.

use bitaqa_apdu::tlv;
use serde_json::{Value, json};

use super::Reading;

/// Levels that are looked into: files of chips have fewer.
const DEPTH_MAX: usize = 12;
/// Octets of a value that is shown.
const VALUE_MAX: usize = 64;

/// Any string of data objects; EF.CVCA and others have zeros behind the last one.
pub fn any(octets: &[u8]) -> Result<Reading, String> {
    let end = octets.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1);
    let whole = objects(octets, 0).map(|objects| (objects, 0));
    let found = whole.or_else(|| Some((objects(octets.get(..end)?, 0)?, octets.len() - end)));
    let (objects, zeros) = found
        .filter(|(objects, _)| !objects.is_empty())
        .ok_or("is no file of a chip: neither data objects nor a biometric record")?;
    let mut reading = Reading::new("TLV", json!({ "objects": objects }));
    reading.notes.extend((zeros > 0).then(|| format!("{zeros} octets of 00 behind the last object")));
    Ok(reading)
}

fn objects(octets: &[u8], depth: usize) -> Option<Vec<Value>> {
    let all = tlv::all(octets).ok()?;
    Some(all.iter().map(|object| one(object, depth)).collect())
}

fn one(object: &tlv::Tlv<'_>, depth: usize) -> Value {
    let tag = format!("{:X}", object.tag);
    // bit 6 of the first octet: constructed
    let first = object.tag.to_be_bytes().into_iter().find(|octet| *octet != 0).unwrap_or_default();
    let inner = if first & 0x20 == 0 || depth >= DEPTH_MAX { None } else { objects(object.value, depth + 1) };
    match inner {
        Some(objects) => json!({ "tag": tag, "objects": objects }),
        None if object.value.len() <= VALUE_MAX => json!({ "tag": tag, "value": hex::encode_upper(object.value) }),
        None => json!({ "tag": tag, "bytes": object.value.len() }),
    }
}
