//! The table that a block is read by: kinds of values and fields of sequences.

use bitaqa_apdu::tlv;

use super::Shown;
use super::tree::{Element, Value};
use crate::error::LdsError;

/// A kind of value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// INTEGER between these.
    Number(i64, i64),
    /// CHOICE of a code and of an extension block with a fallback; the code alone where nothing is to choose.
    Code(Codes),
    /// ENUMERATED that no choice stands around.
    BareCode(Codes),
    /// BOOLEAN.
    Flag,
    /// OCTET STRING.
    Octets,
    /// VisibleString.
    Text,
    /// SEQUENCE: fields in this order. More may follow those known.
    Sequence(&'static [Field]),
    /// CHOICE: exactly one of these.
    Choice(&'static [Field]),
    /// SEQUENCE OF, whose elements have this tag.
    List(tlv::Tag, &'static Kind),
}

/// The values of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codes {
    /// These, by name.
    Named(&'static [(i64, &'static str)]),
    /// 0 to this one: points of a face, of which no name is shown.
    UpTo(i64),
}

impl Codes {
    fn has(self, number: i64) -> bool {
        match self {
            Self::Named(names) => names.iter().any(|(code, _)| *code == number),
            Self::UpTo(most) => (0..=most).contains(&number),
        }
    }

    fn shown(self, number: i64) -> Shown {
        let names = if let Self::Named(names) = self { names } else { &[] };
        let name = names.iter().find(|(code, _)| *code == number);
        name.map_or(Shown::Number(number), |(_, name)| Shown::Text((*name).to_owned()))
    }
}

/// A field of a sequence, or an alternative of a choice.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Number in context.
    number: u8,
    /// Name, as the standard spells it but in words of this repository's JSON.
    name: &'static str,
    kind: Kind,
    optional: bool,
}

/// Greatest value that is read as a number.
pub(super) const ANY: i64 = i64::MAX;

/// A field that must be there.
pub(super) const fn field(number: u8, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, optional: false }
}

/// A field that may be left out.
pub(super) const fn optional(number: u8, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, optional: true }
}

impl Kind {
    const fn is_constructed(&self) -> bool {
        !matches!(self, Self::Number(..) | Self::BareCode(_) | Self::Flag | Self::Octets | Self::Text)
    }
}

impl Field {
    fn tag(&self) -> tlv::Tag {
        tlv::Tag::from(self.number) | if self.kind.is_constructed() { 0xA0 } else { 0x80 }
    }
}

/// Reads content by its kind. The tables have no cycle, and so depth is bounded by them.
pub(super) fn read(content: &[u8], kind: &Kind, record: &'static str, name: &'static str) -> Result<Value, LdsError> {
    let error = |why| LdsError::Record { record, field: name, why };
    match kind {
        Kind::Sequence(fields) => sequence(content, fields, record).map(Value::Elements),
        Kind::Choice(fields) => {
            let object = one(content)?.ok_or(error("is not exactly one of its alternatives"))?;
            let field = fields.iter().find(|field| field.tag() == object.tag);
            let field = field.ok_or(error("is an alternative that is not known"))?;
            let value = read(object.value, &field.kind, record, field.name)?;
            Ok(Value::Elements(vec![Element { tag: object.tag, value }]))
        }
        Kind::Code(codes) => {
            let object = one(content)?.ok_or(error("is not exactly one code"))?;
            let value = match object.tag {
                0x80 => Value::Octets(code(object.value, *codes).ok_or(error("is a reserved value"))?.into()),
                0xA1 => extension(object.value, *codes, record, name)?,
                _ => return Err(error("is neither a code nor an extension")),
            };
            Ok(Value::Elements(vec![Element { tag: object.tag, value }]))
        }
        Kind::List(tag, item) => {
            let mut elements = Vec::new();
            let mut reader = tlv::Reader::new(content);
            while !reader.is_empty() {
                let value = read(reader.expect(*tag)?, item, record, name)?;
                elements.push(Element { tag: *tag, value });
            }
            Ok(Value::Elements(elements))
        }
        Kind::BareCode(codes) => Ok(Value::Octets(code(content, *codes).ok_or(error("is a reserved value"))?.into())),
        Kind::Number(least, most) => match number(content) {
            Some(number) if (*least..=*most).contains(&number) => Ok(Value::Octets(content.into())),
            _ => Err(error("is no number in its range")),
        },
        Kind::Flag if matches!(content, [0 | 0xFF]) => Ok(Value::Octets(content.into())),
        Kind::Flag => Err(error("is neither 00 nor FF")),
        Kind::Text if !content.iter().all(|octet| (0x20..0x7F).contains(octet)) => {
            Err(error("has a character that cannot be seen"))
        }
        Kind::Text | Kind::Octets => Ok(Value::Octets(content.into())),
    }
}

/// The only object of these octets.
fn one(content: &[u8]) -> Result<Option<tlv::Tlv<'_>>, LdsError> {
    let mut reader = tlv::Reader::new(content);
    let object = reader.next()?;
    Ok(object.filter(|_| reader.is_empty()))
}

fn sequence(content: &[u8], fields: &[Field], record: &'static str) -> Result<Vec<Element>, LdsError> {
    let mut reader = tlv::Reader::new(content);
    let mut elements = Vec::new();
    let mut left = fields.iter();
    while let Some(object) = reader.next()? {
        if !fields.iter().any(|field| field.tag() == object.tag) {
            // Extensions stand behind all fields that are known.
            required(&mut left, record)?;
            elements.push(Element::octets(object.tag, object.value));
            continue;
        }
        let field = loop {
            match left.next() {
                Some(field) if field.tag() == object.tag => break field,
                Some(field) if field.optional => {}
                Some(field) => return Err(missing(record, field.name)),
                None => return Err(LdsError::OutOfPlace(object.tag)),
            }
        };
        elements.push(Element { tag: object.tag, value: read(object.value, &field.kind, record, field.name)? });
    }
    required(&mut left, record)?;
    Ok(elements)
}

/// None of the fields not yet met may be one that must be there.
fn required(left: &mut core::slice::Iter<'_, Field>, record: &'static str) -> Result<(), LdsError> {
    left.find(|field| !field.optional).map_or(Ok(()), |field| Err(missing(record, field.name)))
}

const fn missing(record: &'static str, field: &'static str) -> LdsError {
    LdsError::Record { record, field, why: "is missing" }
}

/// Extension block: the fallback first, unknown fields behind it.
fn extension(content: &[u8], codes: Codes, record: &'static str, name: &'static str) -> Result<Value, LdsError> {
    let error = |why| LdsError::Record { record, field: name, why };
    let mut reader = tlv::Reader::new(content);
    let fallback = reader.optional(0x80)?.ok_or(error("has an extension without fallback"))?;
    let fallback = code(fallback, codes).ok_or(error("is a reserved value"))?;
    let mut elements = vec![Element::octets(0x80, fallback)];
    while let Some(object) = reader.next()? {
        elements.push(Element::octets(object.tag, object.value));
    }
    Ok(Value::Elements(elements))
}

/// The octets of a code that the list has.
fn code(content: &[u8], codes: Codes) -> Option<&[u8]> {
    let number = number(content)?;
    codes.has(number).then_some(content)
}

/// INTEGER in its shortest form, X.690 §8.3.2.
fn number(content: &[u8]) -> Option<i64> {
    let first = *content.first()?;
    let padded = match content {
        [0, second, ..] => second & 0x80 == 0,
        [0xFF, second, ..] => second & 0x80 != 0,
        _ => false,
    };
    if padded || content.len() > 8 {
        return None;
    }
    let start = if first & 0x80 == 0 { 0 } else { -1 };
    Some(content.iter().fold(start, |sum: i64, octet| sum << 8 | i64::from(*octet)))
}

/// A value that was read, for people.
pub(super) fn shown(value: &Value, kind: &Kind) -> Shown {
    match (kind, value) {
        (Kind::Sequence(fields) | Kind::Choice(fields), Value::Elements(elements)) => {
            Shown::Group(elements.iter().map(|element| named(element, fields)).collect())
        }
        (Kind::List(_, item), Value::Elements(elements)) => {
            Shown::List(elements.iter().map(|element| shown(&element.value, item)).collect())
        }
        (Kind::Code(codes), Value::Elements(elements)) => {
            let first = elements.first().map(|element| &element.value);
            let code = first.and_then(|value| value.find(&[0x80]).or(Some(value)));
            code.map_or(Shown::Octets(0), |code| shown(code, &Kind::BareCode(*codes)))
        }
        (_, Value::Elements(elements)) => Shown::Octets(elements.iter().map(Element::length).sum()),
        (kind, Value::Octets(octets)) => match kind {
            Kind::Number(..) => number(octets).map_or(Shown::Octets(octets.len()), Shown::Number),
            Kind::BareCode(codes) => number(octets).map_or(Shown::Octets(octets.len()), |code| codes.shown(code)),
            Kind::Flag => Shown::Flag(octets.first() == Some(&0xFF)),
            Kind::Text => Shown::Text(String::from_utf8_lossy(octets).into_owned()),
            _ => Shown::Octets(octets.len()),
        },
    }
}

fn named(element: &Element, fields: &'static [Field]) -> (&'static str, Shown) {
    match fields.iter().find(|field| field.tag() == element.tag) {
        Some(field) => (field.name, shown(&element.value, &field.kind)),
        None => ("extension", Shown::Octets(element.length())),
    }
}
