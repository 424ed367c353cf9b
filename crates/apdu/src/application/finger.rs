//! A finger that the card compares, as install parameters have it.

use super::{octet, rule};
use crate::AccessRule;
use crate::install::ParametersError;
use crate::tlv::{self, Reader};

/// Its template.
pub(super) const TAG: tlv::Tag = 0xA4;
/// Most minutiae that a probe may have.
const MINUTIAE_MAX: u8 = 64;

/// A finger that the card compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FingerReference {
    /// Number, 1 to 31, of no PIN.
    pub number: u8,
    /// Biometric sub-type of the finger.
    pub subtype: u8,
    /// Tries, 1 to 15.
    pub tries: u8,
    /// Fewest and most minutiae of a probe.
    pub minutiae: (u8, u8),
    /// Order octet of a BIT.
    pub order: u8,
    /// Number of the PUK that gives the tries back.
    pub unblocked_by: Option<u8>,
    /// What must hold besides an open session.
    pub rule: AccessRule,
}

impl FingerReference {
    /// P2 of VERIFY, which the BIT tells.
    pub const fn p2(&self) -> u8 {
        0x80 | self.number
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut fields = tlv::tlv(0x83, &[self.number]);
        tlv::put(&mut fields, 0x80, &[self.subtype]);
        tlv::put(&mut fields, 0x81, &[self.tries]);
        tlv::put(&mut fields, 0x82, &[self.minutiae.0, self.minutiae.1, self.order]);
        if let Some(by) = self.unblocked_by {
            tlv::put(&mut fields, 0x84, &[by]);
        }
        tlv::put(&mut fields, 0x87, &self.rule.to_bytes());
        tlv::tlv(TAG, &fields)
    }

    pub(super) fn decode(field: &[u8]) -> Result<Self, ParametersError> {
        let mut reader = Reader::new(field);
        let number = octet(reader.expect(0x83)?, 0x83, |number| (1..=31).contains(&number))?;
        let subtype = octet(reader.expect(0x80)?, 0x80, |_| true)?;
        let tries = octet(reader.expect(0x81)?, 0x81, |tries| (1..=15).contains(&tries))?;
        let (fewest, most, order) = match *reader.expect(0x82)? {
            [fewest, most, order] if fewest <= most && most <= MINUTIAE_MAX => (fewest, most, order),
            _ => return Err(ParametersError::Field(0x82)),
        };
        let unblocked_by = reader.optional(0x84)?.map(|value| octet(value, 0x84, |_| true)).transpose()?;
        let rule = rule(reader.expect(0x87)?)?;
        reader.finish()?;
        Ok(Self { number, subtype, tries, minutiae: (fewest, most), order, unblocked_by, rule })
    }
}
