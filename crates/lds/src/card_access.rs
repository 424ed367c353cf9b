//! EF.CardAccess, what a terminal reads before any key is agreed: 9303-11 §9.2.11. The file is one `SecurityInfos`, no
//! TLV around it.

use bitaqa_apdu::Bytes;

use crate::error::LdsError;
use crate::security_infos::SecurityInfos;

/// Content of EF.CardAccess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardAccess {
    /// At least one `PACEInfo`, and what belongs to it.
    pub infos: SecurityInfos,
}

impl CardAccess {
    /// The file, entries in the order in which they are held.
    ///
    /// # Errors
    /// [`LdsError::Missing`] without a `PACEInfo`; as [`SecurityInfos::to_der`].
    pub fn encode(&self) -> Result<Bytes, LdsError> {
        self.check()?;
        Ok(self.infos.to_der()?.into())
    }

    /// Reads the file.
    ///
    /// # Errors
    /// As [`SecurityInfos::from_der`]; [`LdsError::Missing`] without a `PACEInfo`.
    pub fn decode(octets: &[u8]) -> Result<Self, LdsError> {
        let file = Self { infos: SecurityInfos::from_der(octets)? };
        file.check()?;
        Ok(file)
    }

    fn check(&self) -> Result<(), LdsError> {
        const SEQUENCE: u32 = 0x30;
        self.infos.pace().next().map(|_| ()).ok_or(LdsError::Missing(SEQUENCE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security_infos::{ID_PACE_ECDH_GM_AES_CBC_CMAC_128, PaceInfo, SecurityInfo, TerminalAuthenticationInfo};
    use proptest::prelude::*;

    fn pace(parameter_id: Option<u8>) -> SecurityInfo {
        SecurityInfo::Pace(PaceInfo { protocol: ID_PACE_ECDH_GM_AES_CBC_CMAC_128, version: 2, parameter_id })
    }

    /// 9303-11 App. G.1: the file of the worked example.
    #[test]
    fn file_of_the_worked_example() {
        let octets = hex::decode("31143012060A04007F0007020204020202010202010D").unwrap();
        let file = CardAccess::decode(&octets).unwrap();
        assert_eq!(file.infos.infos, [pace(Some(13))]);
        assert_eq!(*file.encode().unwrap(), octets);
    }

    #[test]
    fn a_file_that_offers_no_pace_is_refused() {
        let terminal = SecurityInfo::TerminalAuthentication(TerminalAuthenticationInfo::version_1());
        let file = CardAccess { infos: SecurityInfos { infos: vec![terminal] } };
        assert!(file.encode().is_err());
        assert!(CardAccess::decode(&file.infos.to_der().unwrap()).is_err());
        assert!(CardAccess::decode(&[0x31, 0]).is_err());
    }

    proptest! {
        #[test]
        fn files_read_back(parameters in proptest::collection::vec(any::<Option<u8>>(), 1..5)) {
            let infos = SecurityInfos::new(parameters.into_iter().map(pace).collect()).unwrap();
            let file = CardAccess { infos };
            prop_assert_eq!(CardAccess::decode(&file.encode().unwrap()).unwrap(), file);
        }
    }
}
