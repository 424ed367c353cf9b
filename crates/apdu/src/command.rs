//! Command APDU, 7816-4 §5.1 and §5.2: short and extended length fields.

use crate::{Bytes, Class, Sw};

/// A command. `ne_bytes` of the standard is `ne` here: 0 when no response data is expected, at most 65,536.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// CLA.
    pub class: Class,
    /// INS.
    pub ins: u8,
    /// P1.
    pub p1: u8,
    /// P2.
    pub p2: u8,
    /// Data field, empty when absent (Nc = length).
    pub data: Bytes,
    /// Ne in octets: 0 (Le absent) to 65,536.
    pub ne: u32,
}

/// A data field or Ne that no length field can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Nc {nc} or Ne {ne} does not fit an extended length field (65,535 and 65,536)")]
pub struct LengthError {
    /// Octets of data.
    pub nc: usize,
    /// Octets expected.
    pub ne: u32,
}

impl Command {
    /// Largest Ne of a short length field.
    pub const NE_SHORT_MAX: u32 = 256;
    /// Largest Ne of an extended length field.
    pub const NE_EXTENDED_MAX: u32 = 65_536;
    /// Largest Nc of a short length field.
    pub const NC_SHORT_MAX: usize = 255;

    /// Interindustry command without data and without Le.
    pub fn new(ins: u8, p1: u8, p2: u8) -> Self {
        Self { class: Class::INTERINDUSTRY, ins, p1, p2, data: Bytes::new(), ne: 0 }
    }

    /// GlobalPlatform command (class 80).
    pub fn globalplatform(ins: u8, p1: u8, p2: u8) -> Self {
        Self { class: Class::GLOBALPLATFORM, ..Self::new(ins, p1, p2) }
    }

    /// With a data field.
    #[must_use]
    pub fn data(mut self, data: impl Into<Bytes>) -> Self {
        self.data = data.into();
        self
    }

    /// With Ne in octets.
    #[must_use]
    pub fn ne(mut self, ne: u32) -> Self {
        self.ne = ne;
        self
    }

    /// With another class byte.
    #[must_use]
    pub fn class(mut self, class: Class) -> Self {
        self.class = class;
        self
    }

    /// P1-P2 as one number.
    pub fn p1p2(&self) -> u16 {
        u16::from_be_bytes([self.p1, self.p2])
    }

    /// The four octets of the header.
    pub fn header(&self) -> [u8; 4] {
        [self.class.0, self.ins, self.p1, self.p2]
    }

    /// Whether a length field of this command must be extended.
    pub fn needs_extended(&self) -> bool {
        self.data.len() > Self::NC_SHORT_MAX || self.ne > Self::NE_SHORT_MAX
    }

    /// Reads the cases 1, 2, 3 and 4, short and extended.
    ///
    /// # Errors
    /// [`Sw::WRONG_LENGTH`] when the length fields and the octets disagree.
    pub fn parse(octets: &[u8]) -> Result<Self, Sw> {
        let (&[class, ins, p1, p2], body) = octets.split_first_chunk::<4>().ok_or(Sw::WRONG_LENGTH)?;
        let (data, ne) = body_fields(body).ok_or(Sw::WRONG_LENGTH)?;
        Ok(Self { class: Class(class), ins, p1, p2, data: data.into(), ne })
    }

    /// Octets to send: short length fields where both fit, extended ones otherwise.
    ///
    /// # Errors
    /// [`LengthError`] when Nc or Ne is beyond the extended fields.
    pub fn encode(&self) -> Result<Bytes, LengthError> {
        let nc = self.data.len();
        let too_long = LengthError { nc, ne: self.ne };
        let nc_field = u16::try_from(nc).map_err(|_| too_long)?;
        if self.ne > Self::NE_EXTENDED_MAX {
            return Err(too_long);
        }
        let extended = self.needs_extended();
        let mut octets = Vec::with_capacity(4 + 3 + nc + 3);
        octets.extend_from_slice(&self.header());
        if nc > 0 {
            match u8::try_from(nc) {
                Ok(short) if !extended => octets.push(short),
                _ => {
                    octets.push(0);
                    octets.extend_from_slice(&nc_field.to_be_bytes());
                }
            }
            octets.extend_from_slice(&self.data);
        }
        if self.ne > 0 {
            // 256 and 65,536 are written as zero: the low octets of the number are the field.
            let [_, _, high, low] = self.ne.to_be_bytes();
            match (extended, nc) {
                (false, _) => octets.push(low),
                (true, 0) => octets.extend_from_slice(&[0, high, low]),
                (true, _) => octets.extend_from_slice(&[high, low]),
            }
        }
        Ok(octets.into())
    }
}

/// Data field and Ne out of what follows the header; `None` when the lengths do not add up.
fn body_fields(body: &[u8]) -> Option<(&[u8], u32)> {
    let ne_short = |field: u8| if field == 0 { Command::NE_SHORT_MAX } else { u32::from(field) };
    let ne_extended = |field: [u8; 2]| match u16::from_be_bytes(field) {
        0 => Command::NE_EXTENDED_MAX,
        n => u32::from(n),
    };
    match *body {
        [] => Some((&[], 0)),
        [le] => Some((&[], ne_short(le))),
        [0, high, low] => Some((&[], ne_extended([high, low]))),
        [0, high, low, ref rest @ ..] => {
            let nc = usize::from(u16::from_be_bytes([high, low]));
            if nc == 0 {
                return None;
            }
            let data = rest.get(..nc)?;
            match *rest.get(nc..)? {
                [] => Some((data, 0)),
                [high, low] => Some((data, ne_extended([high, low]))),
                _ => None,
            }
        }
        [lc, ref rest @ ..] => {
            let nc = usize::from(lc);
            let data = rest.get(..nc)?;
            match *rest.get(nc..)? {
                [] if nc > 0 => Some((data, 0)),
                [le] if nc > 0 => Some((data, ne_short(le))),
                _ => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_seven_cases_of_7816_3() {
        for (octets, nc, ne) in [
            (vec![0, 0xB0, 0, 0], 0, 0),
            (vec![0, 0xB0, 0, 0, 0], 0, 256),
            (vec![0, 0xB0, 0, 0, 5], 0, 5),
            (vec![0, 0xA4, 0, 0, 2, 1, 2], 2, 0),
            (vec![0, 0xA4, 0, 0, 2, 1, 2, 0], 2, 256),
            (vec![0, 0xB0, 0, 0, 0, 0, 0], 0, 65_536),
            (vec![0, 0xB0, 0, 0, 0, 0x01, 0x01], 0, 257),
            ([vec![0, 0xD6, 0, 0, 0, 1, 0], vec![7; 256]].concat(), 256, 0),
            ([vec![0, 0xD6, 0, 0, 0, 1, 0], vec![7; 256], vec![0, 0]].concat(), 256, 65_536),
        ] {
            let command = Command::parse(&octets).unwrap();
            assert_eq!((command.data.len(), command.ne), (nc, ne));
            assert_eq!(&*command.encode().unwrap(), &octets[..]);
        }
    }

    #[test]
    fn lengths_that_do_not_add_up_are_6700() {
        for octets in [
            vec![],
            vec![0, 0xA4, 0],
            vec![0, 0xA4, 0, 0, 2, 1],
            vec![0, 0xA4, 0, 0, 2, 1, 2, 0, 0],
            vec![0, 0xA4, 0, 0, 0, 0, 2, 1],
            vec![0, 0xA4, 0, 0, 0, 0, 1, 1, 0],
            vec![0, 0xA4, 0, 0, 0, 0, 0, 1],
        ] {
            assert_eq!(Command::parse(&octets), Err(Sw::WRONG_LENGTH), "{octets:02X?}");
        }
    }

    #[test]
    fn what_no_field_holds_is_refused() {
        assert!(Command::new(0xD6, 0, 0).data(vec![0; 65_536]).encode().is_err());
        assert!(Command::new(0xB0, 0, 0).ne(65_537).encode().is_err());
    }

    proptest! {
        #[test]
        fn encode_then_parse_is_the_same_command(
            header in any::<[u8; 4]>(), data in proptest::collection::vec(any::<u8>(), 0..700), ne in 0u32..=65_536,
        ) {
            let command = Command { class: Class(header[0]), ins: header[1], p1: header[2], p2: header[3],
                data: data.into(), ne };
            prop_assert_eq!(Command::parse(&command.encode().unwrap()).unwrap(), command);
        }

        #[test]
        fn no_octets_make_parse_panic(octets in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Command::parse(&octets);
        }
    }
}
