//! DG14, the security protocols of the chip under the signature of the issuer: 9303-10 §4.7.14, 9303-11 §9.2.
//!
//! ```text
//! 6E L { SecurityInfos (DER) }
//! ```
//! It repeats what EF.CardAccess says of PACE, so that a reader can tell afterwards whether that file was true.

use bitaqa_apdu::{Bytes, tlv};

use crate::error::LdsError;
use crate::security_infos::{SecurityInfo, SecurityInfos};

const DG14: tlv::Tag = 0x6E;

/// Content of DG14.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dg14 {
    /// In the order in which they are written.
    pub infos: SecurityInfos,
}

impl Dg14 {
    /// The file, entries in the order in which they are held.
    ///
    /// # Errors
    /// As [`SecurityInfos::to_der`].
    pub fn encode(&self) -> Result<Bytes, LdsError> {
        Ok(tlv::tlv(DG14, &self.infos.to_der()?).into())
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`LdsError::Tlv`] for a broken frame; as [`SecurityInfos::from_der`].
    pub fn decode(octets: &[u8]) -> Result<Self, LdsError> {
        Ok(Self { infos: SecurityInfos::from_der(tlv::only(octets, DG14)?)? })
    }

    /// Whether every entry of EF.CardAccess stands here too, octet for octet (9303-11 §4.2: a reader that used PACE
    /// compares both after Passive Authentication).
    pub fn confirms(&self, card_access: &SecurityInfos) -> bool {
        card_access.infos.iter().all(|info: &SecurityInfo| self.infos.infos.contains(info))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security_infos::{
        ChipAuthenticationInfo, ID_CA_ECDH_AES_CBC_CMAC_128, ID_PACE_ECDH_GM_AES_CBC_CMAC_128, PaceInfo,
    };
    use proptest::prelude::*;

    fn info(number: Option<u8>) -> SecurityInfo {
        let protocol = ID_PACE_ECDH_GM_AES_CBC_CMAC_128;
        SecurityInfo::Pace(PaceInfo { protocol, version: 2, parameter_id: number })
    }

    #[test]
    fn the_set_lies_inside_tag_6e() {
        let octets = hex::decode("6E1631143012060A04007F0007020204020202010202010D").unwrap();
        let file = Dg14::decode(&octets).unwrap();
        assert_eq!(file.infos.infos, [info(Some(13))]);
        assert_eq!(*file.encode().unwrap(), octets);
        assert!(Dg14::decode(&octets[2..]).is_err());
    }

    #[test]
    fn confirms_card_access_or_not() {
        let chip = ChipAuthenticationInfo { protocol: ID_CA_ECDH_AES_CBC_CMAC_128, version: 1, key_id: None };
        let file =
            Dg14 { infos: SecurityInfos { infos: vec![SecurityInfo::ChipAuthentication(chip), info(Some(13))] } };
        assert!(file.confirms(&SecurityInfos { infos: vec![info(Some(13))] }));
        assert!(!file.confirms(&SecurityInfos { infos: vec![info(Some(13)), info(Some(12))] }));
    }

    proptest! {
        #[test]
        fn files_read_back(numbers in proptest::collection::vec(any::<Option<u8>>(), 0..5)) {
            let file = Dg14 { infos: SecurityInfos { infos: numbers.into_iter().map(info).collect() } };
            prop_assert_eq!(Dg14::decode(&file.encode().unwrap()).unwrap(), file);
        }
    }
}
