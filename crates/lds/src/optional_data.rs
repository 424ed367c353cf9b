//! The eID file: data that the holder may have put into the high-security part of the chip (law 04-20, article 6), and
//! the IDCS, which must never stand where the CAN opens.
//!
//! No layout of the real card is public; this one is ours. All tags are of the private class, objects stand in this
//! order, and only the version is mandatory:
//!
//! ```text
//! E0 L {
//!   C0 01 01        version of this layout
//!   C1 L <text>     e-mail, at most 254 octets
//!   C2 L <text>     telephone, at most 32 octets
//!   E3 L { C1 L <name>  C2 L <telephone> }   emergency contact
//!   C4 0A <digits>  IDCS, number in the population register
//! }
//! ```
//! The template E0 was taken because no interindustry template means this, and because the first octets of the file
//! must tell its length to a reader.

use bitaqa_apdu::{Bytes, tlv};

use crate::error::{LdsError, value};
use crate::text::Text;

const OPTIONAL_DATA: tlv::Tag = 0xE0;
const VERSION: tlv::Tag = 0xC0;
const EMAIL: tlv::Tag = 0xC1;
const TELEPHONE: tlv::Tag = 0xC2;
const EMERGENCY_CONTACT: tlv::Tag = 0xE3;
const CONTACT_NAME: tlv::Tag = 0xC1;
const IDCS: tlv::Tag = 0xC4;

const EMAIL_OCTETS_MAX: usize = 254; // RFC 5321 §4.5.3.1.3, path without brackets
const TELEPHONE_OCTETS_MAX: usize = 32;
const NAME_OCTETS_MAX: usize = 199;
const IDCS_DIGITS: usize = 10;

/// Whom to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmergencyContact {
    /// In either script, at most 199 octets.
    pub name: Text,
    /// At most 32 octets.
    pub telephone: Text,
}

/// Content of the eID file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptionalData {
    /// C1.
    pub email: Option<Text>,
    /// C2.
    pub telephone: Option<Text>,
    /// E3.
    pub emergency_contact: Option<EmergencyContact>,
    /// C4, ten digits; its check digit is checked where the record is read.
    pub idcs: Option<Text>,
}

impl OptionalData {
    /// The file.
    ///
    /// # Errors
    /// [`LdsError::Value`] with the tag of a text that is empty, too long, holds a control character or, for the IDCS,
    /// is not ten digits.
    pub fn encode(&self) -> Result<Bytes, LdsError> {
        let mut content = Bytes::from(tlv::tlv(VERSION, &[1]));
        let out = content.as_mut_vec();
        if let Some(email) = &self.email {
            tlv::put(out, EMAIL, email.encode(EMAIL, EMAIL_OCTETS_MAX, &[])?);
        }
        if let Some(telephone) = &self.telephone {
            tlv::put(out, TELEPHONE, telephone.encode(TELEPHONE, TELEPHONE_OCTETS_MAX, &[])?);
        }
        if let Some(contact) = &self.emergency_contact {
            let mut inner = Bytes::new();
            let (name, telephone) = (&contact.name, &contact.telephone);
            tlv::put(inner.as_mut_vec(), CONTACT_NAME, name.encode(CONTACT_NAME, NAME_OCTETS_MAX, &[])?);
            tlv::put(inner.as_mut_vec(), TELEPHONE, telephone.encode(TELEPHONE, TELEPHONE_OCTETS_MAX, &[])?);
            tlv::put(out, EMERGENCY_CONTACT, &inner);
        }
        if let Some(idcs) = &self.idcs {
            tlv::put(out, IDCS, check_idcs(idcs)?.as_bytes());
        }
        Ok(tlv::tlv(OPTIONAL_DATA, &content).into())
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`LdsError::Tlv`] for a broken frame, an unknown object or a wrong order; [`LdsError::Value`] for an unknown
    /// version and for broken texts.
    pub fn decode(octets: &[u8]) -> Result<Self, LdsError> {
        let mut reader = tlv::Reader::new(tlv::only(octets, OPTIONAL_DATA)?);
        if reader.expect(VERSION)? != [1] {
            return Err(value(VERSION, "is a version of the layout that is not known"));
        }
        let mut text = |tag, max| match reader.optional(tag)? {
            None => Ok::<_, LdsError>(None),
            Some(octets) => Text::decode(tag, octets, max, &[]).map(Some),
        };
        let (email, telephone) = (text(EMAIL, EMAIL_OCTETS_MAX)?, text(TELEPHONE, TELEPHONE_OCTETS_MAX)?);
        let emergency_contact = reader.optional(EMERGENCY_CONTACT)?.map(contact).transpose()?;
        let idcs = match reader.optional(IDCS)? {
            None => None,
            Some(octets) => {
                let idcs = Text::decode(IDCS, octets, IDCS_DIGITS, &[])?;
                check_idcs(&idcs)?;
                Some(idcs)
            }
        };
        reader.finish()?;
        Ok(Self { email, telephone, emergency_contact, idcs })
    }
}

fn contact(content: &[u8]) -> Result<EmergencyContact, LdsError> {
    let mut reader = tlv::Reader::new(content);
    let contact = EmergencyContact {
        name: Text::decode(CONTACT_NAME, reader.expect(CONTACT_NAME)?, NAME_OCTETS_MAX, &[])?,
        telephone: Text::decode(TELEPHONE, reader.expect(TELEPHONE)?, TELEPHONE_OCTETS_MAX, &[])?,
    };
    reader.finish()?;
    Ok(contact)
}

fn check_idcs(idcs: &str) -> Result<&str, LdsError> {
    let digits = idcs.len() == IDCS_DIGITS && idcs.bytes().all(|octet| octet.is_ascii_digit());
    if digits { Ok(idcs) } else { Err(value(IDCS, "is not ten digits")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn layout_is_the_documented_one() {
        let file = OptionalData {
            email: Some("a@b.ma".into()),
            telephone: Some("+212".into()),
            emergency_contact: Some(EmergencyContact { name: "أم".into(), telephone: "15".into() }),
            idcs: Some("2345678909".into()),
        };
        let text =
            "E029C00101C106614062 2E6D61C2042B323132E30AC104D8A3D985C2023135C40A32333435363738393039".replace(' ', "");
        assert_eq!(hex::encode_upper(&*file.encode().unwrap()), text);
        assert_eq!(OptionalData::decode(&hex::decode(text).unwrap()).unwrap(), file);
        assert!(!format!("{file:?}").contains("a@b"));
    }

    #[test]
    fn what_the_layout_does_not_know_is_refused() {
        for text in ["E000", "E003C00102", "E006C00101C40131", "E006C00101C50131", "E009C00101C20131C10131"] {
            assert!(OptionalData::decode(&hex::decode(text).unwrap()).is_err(), "{text}");
        }
        for idcs in ["123456789", "12345678901", "12345678٣"] {
            assert!(OptionalData { idcs: Some(idcs.into()), ..OptionalData::default() }.encode().is_err(), "{idcs}");
        }
    }

    proptest! {
        #[test]
        fn files_read_back(
            email in proptest::option::of("[a-z]{1,60}@[a-z]{1,60}\\.ma"),
            telephone in proptest::option::of("\\+[0-9]{1,20}"),
            contact in proptest::option::of(("[ا-ي ]{1,90}", "[0-9]{1,20}")), idcs in proptest::option::of("[0-9]{10}"),
        ) {
            let emergency_contact = contact
                .map(|(name, telephone)| EmergencyContact { name: name.into(), telephone: telephone.into() });
            let text = |text: Option<String>| text.map(Text::from);
            let (email, telephone, idcs) = (text(email), text(telephone), text(idcs));
            let file = OptionalData { email, telephone, emergency_contact, idcs };
            prop_assert_eq!(OptionalData::decode(&file.encode().unwrap()).unwrap(), file);
        }

        #[test]
        fn no_octets_panic(octets in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = OptionalData::decode(&[&[0xE0, u8::try_from(octets.len()).unwrap()][..], &octets].concat());
        }
    }
}
