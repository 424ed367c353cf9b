//! DER as a tree: found by a path of tags, changed in its place, written again.

use bitaqa_apdu::{Bytes, tlv};

/// One data object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Element {
    /// As printed.
    pub tag: tlv::Tag,
    /// What is in it.
    pub value: Value,
}

/// Content of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Primitive, or not looked into.
    Octets(Bytes),
    /// Constructed.
    Elements(Vec<Element>),
}

impl Value {
    /// Octets when written.
    fn length(&self) -> usize {
        match self {
            Self::Octets(octets) => octets.len(),
            Self::Elements(elements) => elements.iter().map(Element::length).sum(),
        }
    }

    /// What stands at a path of tags below.
    pub(super) fn find(&self, path: &[tlv::Tag]) -> Option<&Self> {
        let Some((tag, rest)) = path.split_first() else { return Some(self) };
        let Self::Elements(elements) = self else { return None };
        elements.iter().find(|element| element.tag == *tag)?.value.find(rest)
    }
}

impl Element {
    /// A constructed object.
    pub(super) fn group(tag: tlv::Tag, elements: Vec<Self>) -> Self {
        Self { tag, value: Value::Elements(elements) }
    }

    /// A primitive object.
    pub(super) fn octets(tag: tlv::Tag, octets: impl Into<Bytes>) -> Self {
        Self { tag, value: Value::Octets(octets.into()) }
    }

    /// Octets when written, tag and length counted.
    pub(super) fn length(&self) -> usize {
        let length = self.value.length();
        tlv::header_length(self.tag, length) + length
    }

    /// Appends the object.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        tlv::put_header(out, self.tag, self.value.length());
        match &self.value {
            Value::Octets(octets) => out.extend_from_slice(octets),
            Value::Elements(elements) => elements.iter().for_each(|element| element.put(out)),
        }
    }

    /// The place of a path; what is missing on the way is made, by ascending tags. `None` where octets are in the way.
    fn place(&mut self, path: &[tlv::Tag]) -> Option<&mut Value> {
        let Some((tag, rest)) = path.split_first() else { return Some(&mut self.value) };
        let Value::Elements(elements) = &mut self.value else { return None };
        // fields of a sequence stand in the order of their numbers; 80 and A0 have the same one
        let number = |tag: tlv::Tag| tag & 0x1F;
        let at = elements.iter().position(|element| element.tag == *tag).unwrap_or_else(|| {
            let at = elements.iter().take_while(|element| number(element.tag) < number(*tag)).count();
            elements.insert(at, Self::group(*tag, Vec::new()));
            at
        });
        elements.get_mut(at)?.place(rest)
    }

    /// Puts octets at a path.
    pub(super) fn set(&mut self, path: &[tlv::Tag], octets: &[u8]) {
        if let Some(place) = self.place(path) {
            *place = Value::Octets(octets.into());
        }
    }

    /// Puts a code at a path: in the form that stands there, or in the extension form `A1 { 80 code }` if asked.
    pub(super) fn set_code(&mut self, path: &[tlv::Tag], code: u8, extension: bool) {
        let Some(place) = self.place(path) else { return };
        let extension = extension || place.find(&[0xA1]).is_some();
        let code = Self::octets(0x80, [code]);
        *place = Value::Elements(vec![if extension { Self::group(0xA1, vec![code]) } else { code }]);
    }

    /// Removes what stands at a path.
    pub(super) fn remove(&mut self, path: &[tlv::Tag]) {
        let Some((last, parent)) = path.split_last() else { return };
        if self.value.find(path).is_some()
            && let Some(Value::Elements(elements)) = self.place(parent)
        {
            elements.retain(|element| element.tag != *last);
        }
    }

    /// Takes octets out, leaving none in their place.
    pub(super) fn take(&mut self, path: &[tlv::Tag]) -> Option<Bytes> {
        self.value.find(path)?;
        match self.place(path)? {
            Value::Octets(octets) => Some(core::mem::take(octets)),
            Value::Elements(_) => None,
        }
    }

    /// A small number that is not negative.
    pub(super) fn number(&self, path: &[tlv::Tag]) -> Option<u64> {
        match self.value.find(path)? {
            Value::Octets(octets) if octets.len() <= 8 => {
                Some(octets.iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet)))
            }
            _ => None,
        }
    }

    /// A code in either form.
    pub(super) fn code(&self, path: &[tlv::Tag]) -> Option<u64> {
        let within = |inner: &[tlv::Tag]| self.number(&[path, inner].concat());
        within(&[0x80]).or_else(|| within(&[0xA1, 0x80]))
    }
}
