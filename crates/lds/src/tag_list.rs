//! The frame of DG11 and DG12: a tag list (5C), then the data objects that it names, in its order (9303-10 §4.7.11).
//!
//! A group of names is a template of its own, `A0 { 02 01 <count>, <name tag> .. }`; the list names it by the name tag.
//! Cards in the field name it `A0` too, which is read as well.

use bitaqa_apdu::{Bytes, tlv};

use crate::civil_date::CivilDate;
use crate::error::{LdsError, value};
use crate::text::Text;

const TAG_LIST: tlv::Tag = 0x5C;
const NAMES: tlv::Tag = 0xA0;
const COUNT: tlv::Tag = 0x02;

/// Octets of one text, 9303-10 Tables 72 and 74 (custody information excepted). An Arabic letter takes two.
pub const TEXT_OCTETS_MAX: usize = 99;

/// Collects data objects and the list that names them.
#[derive(Default)]
pub(crate) struct Writer {
    list: Vec<u8>,
    objects: Vec<u8>,
}

impl Writer {
    pub(crate) fn put(&mut self, tag: tlv::Tag, octets: &[u8]) {
        self.list.extend(tag.to_be_bytes().iter().skip_while(|octet| **octet == 0));
        tlv::put(&mut self.objects, tag, octets);
    }

    pub(crate) fn text(&mut self, tag: tlv::Tag, text: Option<&Text>) -> Result<(), LdsError> {
        if let Some(text) = text {
            self.put(tag, text.encode(tag, TEXT_OCTETS_MAX, &[])?);
        }
        Ok(())
    }

    /// Parts joined by `<`, which none of them may hold.
    pub(crate) fn parts(&mut self, tag: tlv::Tag, parts: &[Text]) -> Result<(), LdsError> {
        if parts.is_empty() {
            return Ok(());
        }
        if parts.iter().any(|part| part.is_empty() || part.contains('<')) {
            return Err(value(tag, "a part is empty or holds the separator <"));
        }
        let joined = Text::from(parts.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join("<"));
        self.text(tag, Some(&joined))
    }

    pub(crate) fn date(&mut self, tag: tlv::Tag, date: Option<CivilDate>) -> Result<(), LdsError> {
        if let Some(date) = date {
            self.put(tag, &date.encode(tag)?);
        }
        Ok(())
    }

    pub(crate) fn names(&mut self, tag: tlv::Tag, names: &[Text]) -> Result<(), LdsError> {
        if names.is_empty() {
            return Ok(());
        }
        let count = u8::try_from(names.len()).map_err(|_| value(NAMES, "holds more than 255 names"))?;
        let mut group = tlv::tlv(COUNT, &[count]);
        for name in names {
            tlv::put(&mut group, tag, name.encode(tag, TEXT_OCTETS_MAX, &[])?);
        }
        // The list names the name tag, the objects hold the template.
        self.list.extend(tag.to_be_bytes().iter().skip_while(|octet| **octet == 0));
        tlv::put(&mut self.objects, NAMES, &group);
        Ok(())
    }

    pub(crate) fn finish(self, outer: tlv::Tag) -> Bytes {
        let mut content = Bytes::from(tlv::tlv(TAG_LIST, &self.list));
        content.as_mut_vec().extend_from_slice(&self.objects);
        let _wiped = Bytes::from(self.objects);
        tlv::tlv(outer, &content).into()
    }
}

/// The data objects of a file, once each and exactly those that its list names. The group of names comes back under
/// `name_tag`, its value being the template's content.
pub(crate) fn objects(octets: &[u8], outer: tlv::Tag, name_tag: tlv::Tag) -> Result<Vec<tlv::Tlv<'_>>, LdsError> {
    let mut objects = tlv::all(tlv::only(octets, outer)?)?;
    if objects.first().map(|first| first.tag) != Some(TAG_LIST) {
        return Err(LdsError::Missing(TAG_LIST));
    }
    let mut rest = objects.remove(0).value;
    for object in &mut objects {
        rest = [object.tag, name_tag]
            .into_iter()
            .filter(|listed| *listed == object.tag || object.tag == NAMES)
            .find_map(|listed| {
                let octets = listed.to_be_bytes();
                let skip = octets.iter().take_while(|octet| **octet == 0).count();
                rest.strip_prefix(octets.get(skip..)?)
            })
            .ok_or(LdsError::TagList)?;
        if object.tag == NAMES {
            object.tag = name_tag;
        } else if object.tag == name_tag {
            return Err(LdsError::OutOfPlace(name_tag)); // outside its template
        }
    }
    if !rest.is_empty() {
        return Err(LdsError::TagList);
    }
    let twice = objects.iter().enumerate().find(|(at, object)| {
        objects.iter().take(*at).any(|earlier| earlier.tag == object.tag) // files hold a dozen objects at most
    });
    match twice {
        Some((_, object)) => Err(LdsError::OutOfPlace(object.tag)),
        None => Ok(objects),
    }
}

/// A text of at most [`TEXT_OCTETS_MAX`] octets.
pub(crate) fn text(object: tlv::Tlv<'_>) -> Result<Text, LdsError> {
    Text::decode(object.tag, object.value, TEXT_OCTETS_MAX, &[])
}

/// Parts separated by `<`.
pub(crate) fn parts(object: tlv::Tlv<'_>) -> Result<Vec<Text>, LdsError> {
    let text = text(object)?;
    if text.split('<').any(str::is_empty) {
        return Err(value(object.tag, "a part is empty"));
    }
    Ok(text.split('<').map(Text::from).collect())
}

/// Names of the template, as many as it says.
pub(crate) fn names(object: tlv::Tlv<'_>) -> Result<Vec<Text>, LdsError> {
    let inner = tlv::all(object.value)?;
    let Some((count, names)) = inner.split_first() else { return Err(LdsError::Missing(COUNT)) };
    if count.tag != COUNT || count.value.len() != 1 {
        return Err(LdsError::Missing(COUNT));
    }
    if names.is_empty() || count.value != [u8::try_from(names.len()).unwrap_or(0)] {
        return Err(value(NAMES, "does not hold as many names as it says"));
    }
    names
        .iter()
        .map(|name| if name.tag == object.tag { text(*name) } else { Err(LdsError::OutOfPlace(name.tag)) })
        .collect()
}
