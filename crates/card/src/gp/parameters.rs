//! Data fields of INSTALL: length-value fields (GPC 2.3.1 §11.5.2.3) and the parameters in TLV form (§11.5.2.3.7).

use bitaqa_apdu::tlv::{self, Reader};
use bitaqa_apdu::{Aid, Sw};

/// The length-value fields; lengths of 80 and more are BER-coded (GPC 2.3.1 §11.1.5).
///
/// # Errors
/// 6A80 when a field ends early.
pub fn length_value_fields(data: &[u8]) -> Result<Vec<&[u8]>, Sw> {
    let mut rest = data;
    let mut fields = Vec::new();
    while let Some((&first, tail)) = rest.split_first() {
        let (length, tail) = match first {
            0x00..=0x80 => (usize::from(first), tail), // 80 by itself is 128 here
            0x81 => tail.split_first().map(|(n, tail)| (usize::from(*n), tail)).ok_or(Sw::WRONG_DATA)?,
            0x82 => tail
                .split_first_chunk::<2>()
                .map(|(n, tail)| (usize::from(u16::from_be_bytes(*n)), tail))
                .ok_or(Sw::WRONG_DATA)?,
            _ => return Err(Sw::WRONG_DATA),
        };
        fields.push(tail.get(..length).ok_or(Sw::WRONG_DATA)?);
        rest = tail.get(length..).ok_or(Sw::WRONG_DATA)?;
    }
    Ok(fields)
}

/// An AID field.
///
/// # Errors
/// 6A80 for a field of another length.
pub fn aid(field: &[u8]) -> Result<Aid, Sw> {
    Aid::new(field).map_err(|_| Sw::WRONG_DATA)
}

/// What the card reads of install parameters.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct InstallParameters<'a> {
    /// C9: the application's own.
    pub own: &'a [u8],
    /// EF { C8 }: most octets of memory that the instance may take.
    pub quota: Option<u32>,
    /// EF { D8 }: octets that must be free now.
    pub reserved: Option<u32>,
}

impl<'a> InstallParameters<'a> {
    /// Reads the parameters; what the card does not know stands beside it unread.
    ///
    /// # Errors
    /// 6A80 for no TLV, or a number of neither two nor four octets.
    pub fn read(parameters: &'a [u8]) -> Result<Self, Sw> {
        let mut this = Self::default();
        for object in tlv::all(parameters).map_err(|_| Sw::WRONG_DATA)? {
            match object.tag {
                0xC9 => this.own = object.value,
                0xEF => {
                    let mut fields = Reader::new(object.value);
                    while let Some(field) = fields.next().map_err(|_| Sw::WRONG_DATA)? {
                        match field.tag {
                            0xC8 => this.quota = Some(octets(field.value)?),
                            0xD8 => this.reserved = Some(octets(field.value)?),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(this)
    }
}

fn octets(field: &[u8]) -> Result<u32, Sw> {
    match *field {
        [a, b] => Ok(u32::from(u16::from_be_bytes([a, b]))),
        [a, b, c, d] => Ok(u32::from_be_bytes([a, b, c, d])),
        _ => Err(Sw::WRONG_DATA),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_value_fields_with_every_length_form() {
        let mut data = vec![1, 0xAA, 0, 0x80];
        data.extend([6; 0x80]);
        data.extend([0x81, 0x80]);
        data.extend([7; 0x80]);
        data.extend([0x82, 0x01, 0x00]);
        data.extend([8; 0x100]);
        let fields = length_value_fields(&data).unwrap();
        assert_eq!(fields.iter().map(|field| field.len()).collect::<Vec<_>>(), [1, 0, 0x80, 0x80, 0x100]);
        for bad in [&[2u8, 1][..], &[0x81], &[0x82, 1], &[0x83, 0, 0, 0], &[0x80]] {
            assert_eq!(length_value_fields(bad), Err(Sw::WRONG_DATA));
        }
    }

    #[test]
    fn quota_and_own_parameters_are_found_beside_others() {
        let octets = [0xC9, 2, 1, 2, 0xEF, 12, 0xC7, 2, 0, 9, 0xC8, 2, 0x10, 0, 0xCF, 1, 0, 0xCA, 0xB6, 0];
        // the last but one object of EF ends early
        assert_eq!(InstallParameters::read(&octets), Err(Sw::WRONG_DATA));
        let octets = [0xC9, 2, 1, 2, 0xEF, 14, 0xC8, 2, 0x10, 0, 0xD8, 4, 0, 1, 0, 0, 0xC7, 2, 0, 9, 0xB6, 0];
        let read = InstallParameters::read(&octets).unwrap();
        assert_eq!(read, InstallParameters { own: &[1, 2], quota: Some(0x1000), reserved: Some(0x1_0000) });
        assert_eq!(InstallParameters::read(&[]), Ok(InstallParameters::default()));
        assert_eq!(InstallParameters::read(&[0xEF, 3, 0xC8, 1, 0]), Err(Sw::WRONG_DATA));
    }
}
