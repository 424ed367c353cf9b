//! Which field of an entry is at fault: the reader of DER knows an octet, an operator wants the name of 9303-11 §9.2.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Reader, SliceReader, Tag, Tagged};

use super::{Kind, kind};
use crate::error::LdsError;

/// A field: its name, its tag, the largest number in it, whether it may be absent.
type Field = (&'static str, Tag, u32, bool);

const BYTE: u32 = 0xFF;
const PROTOCOL: Field = ("protocol", Tag::ObjectIdentifier, 0, false);
const VERSION: Field = ("version", Tag::Integer, BYTE, false);

/// Name and fields of an entry.
fn definition(kind: &Kind) -> (&'static str, [Field; 3]) {
    match kind {
        Kind::Pace => ("PACEInfo", [PROTOCOL, VERSION, ("parameterId", Tag::Integer, BYTE, true)]),
        Kind::PaceDomainParameter => {
            let parameters = ("domainParameter", Tag::Sequence, 0, false);
            ("PACEDomainParameterInfo", [PROTOCOL, parameters, ("parameterId", Tag::Integer, BYTE, true)])
        }
        Kind::ChipAuthentication => {
            ("ChipAuthenticationInfo", [PROTOCOL, VERSION, ("keyId", Tag::Integer, u32::MAX, true)])
        }
        Kind::ChipAuthenticationPublicKey => {
            let key = ("chipAuthenticationPublicKey", Tag::Sequence, 0, false);
            ("ChipAuthenticationPublicKeyInfo", [PROTOCOL, key, ("keyId", Tag::Integer, u32::MAX, true)])
        }
        Kind::TerminalAuthentication => {
            ("TerminalAuthenticationInfo", [PROTOCOL, VERSION, ("efCVCA", Tag::Sequence, 0, true)])
        }
        Kind::ActiveAuthentication => {
            let algorithm = ("signatureAlgorithm", Tag::ObjectIdentifier, 0, false);
            ("ActiveAuthenticationInfo", [PROTOCOL, VERSION, algorithm])
        }
        Kind::Unknown => ("", [PROTOCOL; 3]),
    }
}

/// The error with the place of the entry (from 1) and the name of the field that does not fit its definition.
pub(super) fn entry(place: usize, octets: &[u8], error: LdsError) -> LdsError {
    let (name, field) = fault(octets);
    LdsError::Entry { place, name, field, error: Box::new(error) }
}

fn fault(octets: &[u8]) -> (&'static str, &'static str) {
    let Ok(outer) = AnyRef::from_der(octets) else { return ("", "encoding") };
    if outer.tag() != Tag::Sequence {
        return ("", "encoding");
    }
    let first = SliceReader::new(outer.value()).and_then(|mut reader| reader.decode::<ObjectIdentifier>());
    let Ok(protocol) = first else { return ("", PROTOCOL.0) };
    let (name, fields) = definition(&kind(&protocol));
    let Ok(mut reader) = SliceReader::new(outer.value()) else { return (name, "encoding") };
    for (field, tag, most, optional) in fields {
        if reader.is_finished() && optional {
            break;
        }
        let fits = reader.tlv_bytes().and_then(AnyRef::from_der).is_ok_and(|value| {
            value.tag() == tag && (tag != Tag::Integer || value.decode_as::<u32>().is_ok_and(|number| number <= most))
        });
        if !fits {
            return (name, field);
        }
    }
    // Every field has its type: what is wrong stands inside the last one, or behind it.
    let [.., (last, ..)] = fields;
    (name, if reader.is_finished() { last } else { "octets behind the last field" })
}

#[cfg(test)]
mod tests {
    use super::super::SecurityInfos;

    #[test]
    fn the_field_at_fault_is_named() {
        let pace = "060A04007F00070202040202";
        for (entry, expect) in [
            (format!("300C{pace}"), "SecurityInfo 1 (PACEInfo), version: "),
            (format!("300F{pace}020102"), ""),
            (format!("300F{pace}0C0131"), "SecurityInfo 1 (PACEInfo), version: "),
            (format!("3013{pace}02010202020100"), "SecurityInfo 1 (PACEInfo), parameterId: "),
            (format!("3012{pace}0201020C010D"), "SecurityInfo 1 (PACEInfo), parameterId: "),
            (format!("3015{pace}02010202010D020101"), "SecurityInfo 1 (PACEInfo), octets behind the last field: "),
            ("3003020101".to_owned(), "SecurityInfo 1, protocol: "),
            ("0400".to_owned(), "SecurityInfo 1, encoding: "),
            ("300D060804007F0007020202020101".to_owned(), ""),
            ("300A060804007F0007020202".to_owned(), "SecurityInfo 1 (TerminalAuthenticationInfo), version: "),
            (
                "300E060904007F0007020201020201FF".to_owned(),
                "SecurityInfo 1 (ChipAuthenticationPublicKeyInfo), chipAuthenticationPublicKey: ",
            ),
        ] {
            let entry = hex::decode(&entry).unwrap();
            let set = bitaqa_apdu::tlv::tlv(0x31, &entry);
            match SecurityInfos::from_der(&set) {
                Ok(_) => assert_eq!(expect, "", "{entry:02X?}"),
                Err(error) => assert!(!expect.is_empty() && error.to_string().starts_with(expect), "{error}"),
            }
        }
    }
}
