//! Public keys that a card made and tells its issuer: GENERATE ASYMMETRIC KEY PAIR and GET DATA of an application under
//! personalisation. The template is that of 7816-8 §5.1, table 3; the number before it is ours, since a card may have
//! several keys.
//!
//! ```text
//! 7F49 { 86 point 04 ‖ x ‖ y }                 elliptic curves
//! 7F49 { 84 public value, as long as p }       Diffie-Hellman
//! 7F49 { 81 modulus  82 public exponent }      RSA
//!
//! DF33 { 83 number(1)  7F49 { .. }  repeated } all keys that were made
//! ```

use crate::tlv::{self, Reader, TlvError};

const TEMPLATE: tlv::Tag = 0x7F49;
const NUMBER: tlv::Tag = 0x83;

/// A public key in the words of the card; whether it is a good one is for the reader to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CardPublicKey {
    /// An uncompressed point.
    Point(Vec<u8>),
    /// A value of a finite field, zeros on the left kept.
    Value(Vec<u8>),
    /// An RSA key, both numbers big endian without zeros on the left.
    Rsa {
        /// n.
        modulus: Vec<u8>,
        /// e.
        exponent: Vec<u8>,
    },
}

impl CardPublicKey {
    /// The point, of a key on an elliptic curve.
    pub fn point(&self) -> Option<&[u8]> {
        if let Self::Point(octets) = self { Some(octets) } else { None }
    }

    /// The value, of a key in a finite field.
    pub fn value(&self) -> Option<&[u8]> {
        if let Self::Value(octets) = self { Some(octets) } else { None }
    }

    /// The template with its tag.
    pub fn encode(&self) -> Vec<u8> {
        let fields = match self {
            Self::Point(point) => tlv::tlv(0x86, point),
            Self::Value(value) => tlv::tlv(0x84, value),
            Self::Rsa { modulus, exponent } => [tlv::tlv(0x81, modulus), tlv::tlv(0x82, exponent)].concat(),
        };
        tlv::tlv(TEMPLATE, &fields)
    }

    /// Reads one template and nothing behind it.
    ///
    /// # Errors
    /// [`TlvError`] for a broken template or one with other fields.
    pub fn decode(octets: &[u8]) -> Result<Self, TlvError> {
        Self::fields(tlv::only(octets, TEMPLATE)?)
    }

    fn fields(template: &[u8]) -> Result<Self, TlvError> {
        let mut reader = Reader::new(template);
        let key = if let Some(point) = reader.optional(0x86)? {
            Self::Point(point.to_vec())
        } else if let Some(value) = reader.optional(0x84)? {
            Self::Value(value.to_vec())
        } else {
            let modulus = reader.expect(0x81)?.to_vec();
            Self::Rsa { modulus, exponent: reader.expect(0x82)?.to_vec() }
        };
        reader.finish()?;
        Ok(key)
    }
}

/// All keys with their numbers, under the tag `tag` of GET DATA.
pub fn encode_all(tag: tlv::Tag, keys: &[(u8, CardPublicKey)]) -> Vec<u8> {
    let rows = keys.iter().map(|(number, key)| [tlv::tlv(NUMBER, &[*number]), key.encode()].concat());
    tlv::tlv(tag, &rows.collect::<Vec<_>>().concat())
}

/// Reads [`encode_all`].
///
/// # Errors
/// [`TlvError`].
pub fn decode_all(tag: tlv::Tag, octets: &[u8]) -> Result<Vec<(u8, CardPublicKey)>, TlvError> {
    let mut reader = Reader::new(tlv::only(octets, tag)?);
    let mut keys = Vec::new();
    while !reader.is_empty() {
        let &[number] = reader.expect(NUMBER)? else { return Err(TlvError::ValueLength(NUMBER)) };
        keys.push((number, CardPublicKey::fields(reader.expect(TEMPLATE)?)?));
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_key() -> impl Strategy<Value = CardPublicKey> {
        let octets = || proptest::collection::vec(any::<u8>(), 1..300);
        prop_oneof![
            octets().prop_map(CardPublicKey::Point),
            octets().prop_map(CardPublicKey::Value),
            (octets(), octets()).prop_map(|(modulus, exponent)| CardPublicKey::Rsa { modulus, exponent }),
        ]
    }

    proptest! {
        #[test]
        fn keys_go_both_ways(keys in proptest::collection::vec((any::<u8>(), any_key()), 0..4)) {
            let octets = encode_all(0xDF33, &keys);
            prop_assert_eq!(decode_all(0xDF33, &octets).unwrap(), keys.clone());
            for (_, key) in keys {
                prop_assert_eq!(CardPublicKey::decode(&key.encode()).unwrap(), key);
            }
            prop_assert!(decode_all(0xDF33, &octets[..octets.len() - 1]).is_err());
        }
    }

    #[test]
    fn other_fields_are_no_key() {
        for text in ["7F4900", "7F49028601", "7F4903810101", "7F49068601048601", "7F49068601048401FF", "6F03860104"] {
            assert!(CardPublicKey::decode(&hex::decode(text).unwrap()).is_err(), "{text}");
        }
        assert_eq!(
            decode_all(0xDF33, &hex::decode("DF33098302010186").unwrap()).err().map(|e| e.to_string()),
            Some("TLV ends early at octet 8".into())
        );
        let two_octets = hex::decode("DF330A830200017F4903860104").unwrap();
        assert_eq!(decode_all(0xDF33, &two_octets), Err(TlvError::ValueLength(0x83)));
    }
}
