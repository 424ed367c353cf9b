//! Data blocks of ISO/IEC 39794: DER with implicit tags, read by a table of fields and kept as a tree.
//!
//! ```text
//! 7F2E L { A1 L { 64 or 65 L { A0 { 80 03, 81 07E3 }  A1 { 30 { representation } } } } }
//! ```
//! Face and finger are told by one table each: names, numbers and ranges of ISO/IEC 39794-1, -4 and -5. What our own
//! model of a face or finger has, is read out of the tree and written into it; all else is carried, so
//! that a block is written again octet for octet. Fields behind the last one known are carried without a look: later
//! editions put new ones there.

mod codes;
pub(crate) mod face;
mod face_fields;
pub(crate) mod finger;
mod finger_fields;
mod parts;
mod schema;
mod tree;

use bitaqa_apdu::{Bytes, tlv};

use crate::error::LdsError;
use schema::Kind;
use tree::Element;

/// Biometric data within 7F2E.
const DATA: tlv::Tag = 0xA1;

/// The value of a field as it can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A number, or a code that has no name.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// Text, or the name of a code.
    Text(String),
    /// How many octets stand there.
    Octets(usize),
    /// Fields by name.
    Group(Vec<(&'static str, Shown)>),
    /// Several of a kind.
    List(Vec<Shown>),
}

/// A data block that was read, less its image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    root: Element,
    standard: &'static Standard,
}

/// One part of the standard.
#[derive(Debug, PartialEq, Eq)]
struct Standard {
    /// As errors name it.
    record: &'static str,
    /// Application tag.
    tag: tlv::Tag,
    /// Its sequence.
    kind: Kind,
    /// Where the image stands.
    image: &'static [tlv::Tag],
}

impl Block {
    /// Reads the value of 7F2E; the image comes out beside the block.
    fn read(octets: &[u8], standard: &'static Standard) -> Result<(Self, Bytes), LdsError> {
        let body = tlv::only(tlv::only(octets, DATA)?, standard.tag)?;
        let value = schema::read(body, &standard.kind, standard.record, "data block")?;
        let mut block = Self { root: Element { tag: standard.tag, value }, standard };
        let image = block.root.take(standard.image).ok_or(block.error("image", "is missing"))?;
        Ok((block, image))
    }

    /// The value of 7F2E with this image.
    fn write(&self, image: &[u8]) -> Bytes {
        let mut out = Vec::with_capacity(image.len() + 256);
        let mut root = self.root.clone();
        root.set(self.standard.image, image);
        tlv::put_header(&mut out, DATA, root.length());
        root.put(&mut out);
        out.into()
    }

    /// What the block says beside its image, by the names of the standard.
    pub fn shown(&self) -> Shown {
        schema::shown(&self.root.value, &self.standard.kind)
    }

    const fn error(&self, field: &'static str, why: &'static str) -> LdsError {
        LdsError::Record { record: self.standard.record, field, why }
    }
}

#[cfg(test)]
mod tests;
