//! Cryptographic information of a card, ISO/IEC 7816-15 (PKCS #15 v1.1): the files by which a program that has never
//! seen the card finds its keys, certificates and PINs.
//!
//! ```text
//! EF.DIR       2F00   61 { 4F AID  50 label }                    7816-4 §12.2.1, see directory.rs
//! EF.OD        5031   where the files below are                  directory.rs
//! EF.CardInfo  5032   label, serial number, algorithms           card_info.rs
//! EF.AOD              PINs and PUKs                              password.rs
//! EF.PrKD, EF.PuKD    private and public keys                    key.rs
//! EF.CD               certificates                               certificate.rs
//! ```
//! A file of directories is one object after the other without a frame. What is read is written again octet for octet;
//! extensions and choices that our cards do not use are refused. Paths name a file of the same application by its
//! identifier.

mod card_info;
mod certificate;
mod directory;
mod key;
mod password;

pub use card_info::{AlgorithmInfo, CardFlags, CardInfo, Operations};
pub use certificate::Certificate;
pub use directory::{ApplicationTemplate, DirectoryKind, ObjectDirectory};
pub use key::{KeyAccess, KeyKind, KeyUsage, PrivateKey, PublicKey};
pub use password::{Password, PasswordFlags};

use crate::LdsError;
use bitaqa_apdu::tlv;
use der::asn1::{BitStringRef, ContextSpecific, OctetString};
use der::{
    Decode, DecodeValue, Encode, EncodeValue, FixedTag, Header, Length, Reader, Sequence, SliceReader, Tag, TagNumber,
    Writer,
};

/// A named bit list of X.680 §22.7: bit 0 is the leftmost, zeros at the end are not written.
macro_rules! bits {
    ($(#[$doc:meta])* $name:ident { $($(#[$bit_doc:meta])* $bit:ident = $number:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name(pub(crate) super::Bits);

        impl $name {
            $($(#[$bit_doc])* pub const $bit: Self = Self(super::Bits(0x8000 >> $number));)+

            /// The bits of both.
            #[must_use]
            pub const fn and(self, other: Self) -> Self {
                Self(super::Bits(self.0.0 | other.0.0))
            }

            /// Whether all bits of the other are set.
            pub const fn has(self, other: Self) -> bool {
                self.0.0 & other.0.0 == other.0.0
            }
        }
    };
}

use bits;

/// Up to 16 named bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bits(pub(crate) u16);

impl Bits {
    fn octets(self) -> ([u8; 2], usize, u8) {
        let unused = self.0.trailing_zeros();
        let length = match unused {
            16 => 0,
            8..16 => 1,
            _ => 2,
        };
        let unused_in_last = if length == 0 { 0 } else { u8::try_from(unused % 8).unwrap_or(0) };
        (self.0.to_be_bytes(), length, unused_in_last)
    }

    fn encoded<T>(self, with: impl FnOnce(&BitStringRef<'_>) -> der::Result<T>) -> der::Result<T> {
        let (octets, length, unused) = self.octets();
        with(&BitStringRef::new(unused, octets.get(..length).unwrap_or_default())?)
    }
}

impl FixedTag for Bits {
    const TAG: Tag = Tag::BitString;
}

impl EncodeValue for Bits {
    fn value_len(&self) -> der::Result<Length> {
        self.encoded(|bits| bits.value_len())
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        self.encoded(|bits| bits.encode_value(writer))
    }
}

impl<'a> DecodeValue<'a> for Bits {
    type Error = der::Error;

    fn decode_value<R: Reader<'a>>(reader: &mut R, header: Header) -> der::Result<Self> {
        let string = der::asn1::BitString::decode_value(reader, header)?;
        let value = match *string.raw_bytes() {
            [] => 0,
            [high] => u16::from_be_bytes([high, 0]),
            [high, low] => u16::from_be_bytes([high, low]),
            _ => return Err(Tag::BitString.length_error().into()),
        };
        Ok(Self(value))
    }
}

/// ```text
/// Path ::= SEQUENCE { efidOrPath OCTET STRING, index INTEGER OPTIONAL, length [0] INTEGER OPTIONAL }
/// ```
/// 7816-15 §8.2.5; index and length are for files that hold several objects, which ours do not.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct Path {
    ef_id_or_path: OctetString,
}

impl Path {
    fn to(fid: u16) -> Result<Self, LdsError> {
        Ok(Self { ef_id_or_path: octets(&fid.to_be_bytes())? })
    }

    /// No path: the object is found by its reference.
    fn none() -> Result<Self, LdsError> {
        Ok(Self { ef_id_or_path: octets(&[])? })
    }

    fn fid(&self) -> Result<u16, LdsError> {
        let octets = self.ef_id_or_path.as_bytes().try_into();
        octets.map(u16::from_be_bytes).map_err(|_| object("a path that is no file identifier"))
    }
}

/// ```text
/// CommonObjectAttributes ::= SEQUENCE {
///   label UTF8String OPTIONAL, flags BIT STRING { private(0), modifiable(1), internal(2) } OPTIONAL,
///   authId OCTET STRING OPTIONAL, userConsent INTEGER (1..15) OPTIONAL, .. }
/// ```
/// 7816-15 §8.2.8.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct Common {
    #[asn1(optional = "true")]
    label: Option<String>,
    #[asn1(optional = "true")]
    flags: Option<Bits>,
    #[asn1(optional = "true")]
    auth_id: Option<OctetString>,
    #[asn1(optional = "true")]
    user_consent: Option<u8>,
}

/// Bit private of [`Common`].
const PRIVATE: Bits = Bits(0x8000);
/// Bit modifiable of [`Common`].
const MODIFIABLE: Bits = Bits(0x4000);

impl Common {
    /// An object that everybody may see.
    fn public(label: &str) -> Self {
        Self { label: Some(label.to_owned()), flags: None, auth_id: None, user_consent: None }
    }

    fn label(&self) -> Result<String, LdsError> {
        self.label.clone().ok_or(object("an object without label"))
    }
}

fn octets(octets: &[u8]) -> Result<OctetString, LdsError> {
    Ok(OctetString::new(octets)?)
}

/// What our cards do not have in an object.
const fn object(why: &'static str) -> LdsError {
    LdsError::CryptographicInformation(why)
}

/// ```text
/// CIO { class, type } ::= SEQUENCE {
///   commonObjectAttributes, classAttributes, subClassAttributes [0] OPTIONAL, typeAttributes [1] }
/// ```
/// 7816-15 §8.2, with the tag of its choice in place of SEQUENCE.
fn write_object(
    tag: tlv::Tag,
    common: &Common,
    class: &impl Encode,
    attributes: &impl Encode,
) -> Result<Vec<u8>, LdsError> {
    let attributes = tlv::tlv(0xA1, &attributes.to_der()?);
    Ok(tlv::tlv(tag, &[common.to_der()?, class.to_der()?, attributes].concat()))
}

fn read_object<'a, C, T>(body: &'a [u8]) -> Result<(Common, C, T), LdsError>
where
    C: Decode<'a, Error = der::Error>,
    T: Decode<'a, Error = der::Error> + DecodeValue<'a, Error = der::Error> + FixedTag,
{
    let mut reader = SliceReader::new(body)?;
    let common = Common::decode(&mut reader)?;
    let class = C::decode(&mut reader)?;
    let attributes = ContextSpecific::<T>::decode_explicit(&mut reader, TagNumber(1))?;
    let attributes = attributes.ok_or(object("an object without type attributes"))?.value;
    reader.finish()?;
    Ok((common, class, attributes))
}

/// Objects of one kind, each with what writes and reads it.
trait Object: Sized {
    fn write(&self) -> Result<Vec<u8>, LdsError>;
    fn read(tag: tlv::Tag, body: &[u8]) -> Result<Self, LdsError>;
}

/// A file of objects: one after the other.
fn write_all<T: Object>(objects: &[T]) -> Result<bitaqa_apdu::Bytes, LdsError> {
    let mut file = Vec::new();
    for object in objects {
        file.extend(object.write()?);
    }
    Ok(file.into())
}

/// Reads what [`write_all`] wrote, and nothing that it would write otherwise.
fn read_all<T: Object>(file: &[u8]) -> Result<Vec<T>, LdsError> {
    let objects: Vec<T> =
        tlv::all(file)?.iter().map(|object| T::read(object.tag, object.value)).collect::<Result<_, _>>()?;
    written_so(file, &write_all(&objects)?)?;
    Ok(objects)
}

/// DER has one way to write a value: what would be written otherwise was none.
fn written_so(read: &[u8], written: &[u8]) -> Result<(), LdsError> {
    if read == written { Ok(()) } else { Err(object("an encoding that is not DER")) }
}

/// A value alone in its file.
fn read_value<'a, T: Decode<'a, Error = der::Error> + Encode>(file: &'a [u8]) -> Result<T, LdsError> {
    let value = T::from_der(file)?;
    written_so(file, &value.to_der()?)?;
    Ok(value)
}

#[cfg(test)]
mod tests;
