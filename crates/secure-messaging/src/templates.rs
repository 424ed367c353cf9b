//! The data fields that PACE and Chip Authentication share: MSE:Set AT and the template 7C of GENERAL AUTHENTICATE.

use bitaqa_apdu::Command;
use bitaqa_apdu::tlv::{self, Tag, TlvError};

/// Dynamic authentication data, 7816-4 §11.5.5.
const DYNAMIC_AUTHENTICATION_DATA: Tag = 0x7C;

/// Data objects of MSE:Set AT that 9303-11 §4.4.4.1 and §6.2.4.2 define. Others are ignored, as note 2 there asks for.
#[derive(Clone, Copy)]
pub(crate) struct SetAt<'a> {
    /// DO 80, value of the object identifier.
    pub mechanism: Option<&'a [u8]>,
    /// DO 83, password or public key.
    pub reference: Option<&'a [u8]>,
    /// DO 84, domain parameters or private key.
    pub private_reference: Option<&'a [u8]>,
    /// DO 7F4C, certificate holder authorisation template.
    pub chat: Option<&'a [u8]>,
}

impl<'a> SetAt<'a> {
    pub(crate) fn read(data: &'a [u8]) -> Result<Self, TlvError> {
        let objects = tlv::all(data)?;
        let value = |tag: Tag| objects.iter().find(|object| object.tag == tag).map(|object| object.value);
        Ok(Self { mechanism: value(0x80), reference: value(0x83), private_reference: value(0x84), chat: value(0x7F4C) })
    }

    /// The objects in the order of their tags in 9303-11 §4.4.4.1.
    pub(crate) fn write(&self) -> Vec<u8> {
        let objects =
            [(0x80, self.mechanism), (0x83, self.reference), (0x84, self.private_reference), (0x7F4C, self.chat)];
        let mut data = Vec::new();
        for (tag, value) in objects {
            if let Some(value) = value {
                tlv::put(&mut data, tag, value);
            }
        }
        data
    }
}

/// `7C { objects }`.
pub(crate) fn dynamic(objects: &[(Tag, &[u8])]) -> Vec<u8> {
    let mut content = Vec::new();
    for (tag, value) in objects {
        tlv::put(&mut content, *tag, value);
    }
    tlv::tlv(DYNAMIC_AUTHENTICATION_DATA, &content)
}

/// What stands in the one template 7C.
pub(crate) fn dynamic_content(data: &[u8]) -> Result<&[u8], TlvError> {
    tlv::only(data, DYNAMIC_AUTHENTICATION_DATA)
}

/// The value of the one object in the one template 7C.
pub(crate) fn dynamic_object(data: &[u8], tag: Tag) -> Result<&[u8], TlvError> {
    tlv::only(dynamic_content(data)?, tag)
}

/// GENERAL AUTHENTICATE with the given template; `more` says that the chain of PACE goes on (class 10). A key that
/// needs extended length is answered by one as long, so Ne is then the largest one.
pub(crate) fn general_authenticate(template: Vec<u8>, more: bool) -> Command {
    let ne = if template.len() > Command::NC_SHORT_MAX { Command::NE_EXTENDED_MAX } else { Command::NE_SHORT_MAX };
    let command = Command::new(bitaqa_apdu::ins::GENERAL_AUTHENTICATE, 0, 0).data(template).ne(ne);
    let class = command.class.chained(more);
    command.class(class)
}
