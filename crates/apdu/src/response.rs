//! Response APDU, 7816-4 §5.1.

use crate::{Bytes, Sw};

/// Data field and status word. A warning (62xx, 63xx) may carry data, an error never does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Data field, empty when absent.
    pub data: Bytes,
    /// SW1-SW2.
    pub sw: Sw,
}

impl Response {
    /// Normal processing with data.
    pub fn ok(data: impl Into<Bytes>) -> Self {
        Self { data: data.into(), sw: Sw::OK }
    }

    /// Splits the octets of a response; `None` when the two octets of the status word are not there.
    pub fn parse(octets: &[u8]) -> Option<Self> {
        let (data, sw) = octets.split_last_chunk::<2>()?;
        Some(Self { data: data.into(), sw: Sw(u16::from_be_bytes(*sw)) })
    }

    /// Data ‖ SW, in the buffer that held the data.
    pub fn encode(self) -> Bytes {
        let mut octets = self.data;
        octets.as_mut_vec().extend_from_slice(&self.sw.0.to_be_bytes());
        octets
    }
}

impl From<Sw> for Response {
    fn from(sw: Sw) -> Self {
        Self { data: Bytes::new(), sw }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_and_encode_are_inverse() {
        let response = Response::parse(&[1, 2, 0x90, 0]).unwrap();
        assert_eq!(response, Response::ok([1, 2]));
        assert_eq!(&*response.encode(), &[1, 2, 0x90, 0]);
        assert_eq!(Response::parse(&[0x90]), None);
    }
}
