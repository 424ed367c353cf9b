//! File control parameters, 7816-4 §7.4.3: how the issuer tells an applet which files to make.
//!
//! ```text
//! 62 { 82 01 01            transparent EF
//!      83 02 <FID>
//!      80 02 <octets reserved>
//!      88 01 <SFI in bits 8-4>
//!      86 L  <read rule>   proprietary security attribute: octet form of `AccessRule`
//!      87 L  <update rule>  the same; absent: NEVER
//!      85 01 <place>       proprietary: 00 below the MF, 01 below the application's DF
//! }
//! ```
//! Before the seal a file is written through the issuer's secure channel alone, after it by whom the update rule names.

use crate::access::AccessRule;
use crate::tlv::{self, Reader, TlvError};

/// Tag of the template.
pub const TAG: u32 = 0x62;
/// Least and, exclusive, largest DGI of a file: below are an applet's own cells, above the DGIs of objects.
pub const DGI_MIN: u16 = 0x0100;
/// See [`DGI_MIN`].
pub const DGI_END: u16 = 0x8000;
/// What tells a file of the master file from the application's of the same identifier.
const MF_BIT: u16 = 0x1000;

/// Where a file lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Directly below the master file: readable before an application is selected.
    Mf,
    /// Below the application's dedicated file.
    Application,
}

/// One file to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileControl {
    /// File identifier.
    pub fid: u16,
    /// Short file identifier, 1 to 30.
    pub sfi: u8,
    /// Octets reserved for the content.
    pub size_max: u16,
    /// Who may read.
    pub read: AccessRule,
    /// Who may update after personalisation; nobody may in an eMRTD.
    pub update: AccessRule,
    /// Below which DF.
    pub place: Place,
}

/// The DGI by which a file is written, and under which GET DATA names its digest: its identifier, with bit 1000 set
/// under the master file. EF.CardAccess and EF.CVCA share 011C, EF.CardSecurity and EF.SOD 011D (9303-10 §3.11).
pub const fn dgi_of(fid: u16, place: Place) -> u16 {
    match place {
        Place::Mf => MF_BIT | fid,
        Place::Application => fid,
    }
}

/// A template that describes no file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FcpError {
    /// Broken TLV.
    #[error(transparent)]
    Tlv(#[from] TlvError),
    /// A field with a value outside its definition.
    #[error("file control field {0:02X} has no valid value")]
    Field(u8),
}

impl FileControl {
    /// The DGI by which the file is written, see [`dgi_of`].
    pub const fn dgi(&self) -> u16 {
        dgi_of(self.fid, self.place)
    }

    /// Whether anybody may write it after personalisation.
    pub fn is_updatable(&self) -> bool {
        self.update != AccessRule::never()
    }

    /// The template with its tag.
    pub fn encode(&self) -> Vec<u8> {
        let place = match self.place {
            Place::Mf => 0,
            Place::Application => 1,
        };
        let fields = [
            tlv::tlv(0x82, &[0x01]),
            tlv::tlv(0x83, &self.fid.to_be_bytes()),
            tlv::tlv(0x80, &self.size_max.to_be_bytes()),
            tlv::tlv(0x88, &[self.sfi << 3]),
            tlv::tlv(0x86, &self.read.to_bytes()),
            if self.is_updatable() { tlv::tlv(0x87, &self.update.to_bytes()) } else { Vec::new() },
            tlv::tlv(0x85, &[place]),
        ];
        tlv::tlv(TAG, &fields.concat())
    }

    /// Reads the value of one template (without tag and length).
    ///
    /// # Errors
    /// [`FcpError`] when a field is missing, out of order or out of range.
    pub fn decode(value: &[u8]) -> Result<Self, FcpError> {
        let mut reader = Reader::new(value);
        if reader.expect(0x82)? != [0x01] {
            return Err(FcpError::Field(0x82));
        }
        let number =
            |octets: &[u8], field| octets.try_into().map(u16::from_be_bytes).map_err(|_| FcpError::Field(field));
        let fid = number(reader.expect(0x83)?, 0x83)?;
        let size_max = number(reader.expect(0x80)?, 0x80)?;
        let sfi = match *reader.expect(0x88)? {
            [octet] if octet.trailing_zeros() >= 3 && (1..=30).contains(&(octet >> 3)) => octet >> 3,
            _ => return Err(FcpError::Field(0x88)),
        };
        let rule = |octets: &[u8], field| AccessRule::from_bytes(octets).map_err(|_| FcpError::Field(field));
        let read = rule(reader.expect(0x86)?, 0x86)?;
        let update = reader.optional(0x87)?.map_or(Ok(AccessRule::never()), |octets| rule(octets, 0x87))?;
        let place = match *reader.expect(0x85)? {
            [0] => Place::Mf,
            [1] => Place::Application,
            _ => return Err(FcpError::Field(0x85)),
        };
        reader.finish()?;
        Ok(Self { fid, sfi, size_max, read, update, place })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn templates_go_both_ways(fid: u16, sfi in 1u8..=30, size_max: u16, mf: bool, writable: bool) {
            let place = if mf { Place::Mf } else { Place::Application };
            let read = AccessRule::parse("PACE & CA & TA[DG3]").unwrap();
            let update = if writable { AccessRule::parse("PIN[1] | TA").unwrap() } else { AccessRule::never() };
            let control = FileControl { fid, sfi, size_max, read, update, place };
            let octets = control.encode();
            prop_assert_eq!(FileControl::decode(tlv::only(&octets, TAG).unwrap()).unwrap(), control);
        }
    }

    #[test]
    fn a_field_outside_its_range_is_named() {
        let (read, update) = (AccessRule::always(), AccessRule::never());
        let good = FileControl { fid: 1, sfi: 1, size_max: 1, read, update, place: Place::Mf }.encode();
        let mut bad = good[2..].to_vec();
        bad[13] = 0xF8; // SFI 31
        assert_eq!(FileControl::decode(&bad), Err(FcpError::Field(0x88)));
        assert!(matches!(FileControl::decode(&good[2..10]), Err(FcpError::Tlv(_))));
    }
}
