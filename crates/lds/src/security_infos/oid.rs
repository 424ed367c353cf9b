//! Object identifiers of the protocols and their names: 9303-11 §9.2, TR-03110-3 §A.1.1.

use der::asn1::ObjectIdentifier;

/// Declares each protocol once: the constant, its name in the standard, its number.
macro_rules! protocols {
    ($($(#[doc = $doc:literal])+ $id:ident = $name:literal, $number:literal;)+) => {
        $($(#[doc = $doc])+ pub const $id: ObjectIdentifier = ObjectIdentifier::new_unwrap($number);)+

        const NAMES: &[(ObjectIdentifier, &str)] = &[$(($id, $name)),+];
    };
}

/// Name in the standard, such as `id-PACE-ECDH-GM-AES-CBC-CMAC-128`; `None` for a protocol that is not known here.
pub fn name(protocol: &ObjectIdentifier) -> Option<&'static str> {
    NAMES.iter().find(|(known, _)| known == protocol).map(|(_, name)| *name)
}

/// Inverse of [`name`].
pub fn protocol(name: &str) -> Option<ObjectIdentifier> {
    NAMES.iter().find(|(_, known)| *known == name).map(|(protocol, _)| *protocol)
}

/// bsi-de protocols smartcard: the arc under which 9303-11 and TR-03110 name their protocols.
pub(super) const BSI_SMARTCARD: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.2.2");

protocols! {
    /// id-PK-DH, TR-03110-3 §A.1.1.2.
    ID_PK_DH = "id-PK-DH", "0.4.0.127.0.7.2.2.1.1";
    /// id-PK-ECDH, TR-03110-3 §A.1.1.2.
    ID_PK_ECDH = "id-PK-ECDH", "0.4.0.127.0.7.2.2.1.2";
    /// id-TA, TR-03110-3 §A.1.1.3.
    ID_TA = "id-TA", "0.4.0.127.0.7.2.2.2";
    /// id-TA-RSA-v1-5-SHA-1, TR-03110-3 §A.1.1.3.
    ID_TA_RSA_V1_5_SHA_1 = "id-TA-RSA-v1-5-SHA-1", "0.4.0.127.0.7.2.2.2.1.1";
    /// id-TA-RSA-v1-5-SHA-256, TR-03110-3 §A.1.1.3.
    ID_TA_RSA_V1_5_SHA_256 = "id-TA-RSA-v1-5-SHA-256", "0.4.0.127.0.7.2.2.2.1.2";
    /// id-TA-RSA-PSS-SHA-1, TR-03110-3 §A.1.1.3.
    ID_TA_RSA_PSS_SHA_1 = "id-TA-RSA-PSS-SHA-1", "0.4.0.127.0.7.2.2.2.1.3";
    /// id-TA-RSA-PSS-SHA-256, TR-03110-3 §A.1.1.3.
    ID_TA_RSA_PSS_SHA_256 = "id-TA-RSA-PSS-SHA-256", "0.4.0.127.0.7.2.2.2.1.4";
    /// id-TA-RSA-v1-5-SHA-512, TR-03110-3 §A.1.1.3.
    ID_TA_RSA_V1_5_SHA_512 = "id-TA-RSA-v1-5-SHA-512", "0.4.0.127.0.7.2.2.2.1.5";
    /// id-TA-RSA-PSS-SHA-512, TR-03110-3 §A.1.1.3.
    ID_TA_RSA_PSS_SHA_512 = "id-TA-RSA-PSS-SHA-512", "0.4.0.127.0.7.2.2.2.1.6";
    /// id-TA-ECDSA-SHA-1, TR-03110-3 §A.1.1.3.
    ID_TA_ECDSA_SHA_1 = "id-TA-ECDSA-SHA-1", "0.4.0.127.0.7.2.2.2.2.1";
    /// id-TA-ECDSA-SHA-224, TR-03110-3 §A.1.1.3.
    ID_TA_ECDSA_SHA_224 = "id-TA-ECDSA-SHA-224", "0.4.0.127.0.7.2.2.2.2.2";
    /// id-TA-ECDSA-SHA-256, 9303-11 §9.2.9.
    ID_TA_ECDSA_SHA_256 = "id-TA-ECDSA-SHA-256", "0.4.0.127.0.7.2.2.2.2.3";
    /// id-TA-ECDSA-SHA-384, 9303-11 §9.2.9.
    ID_TA_ECDSA_SHA_384 = "id-TA-ECDSA-SHA-384", "0.4.0.127.0.7.2.2.2.2.4";
    /// id-TA-ECDSA-SHA-512, 9303-11 §9.2.9.
    ID_TA_ECDSA_SHA_512 = "id-TA-ECDSA-SHA-512", "0.4.0.127.0.7.2.2.2.2.5";
    /// id-CA-DH, domain parameters of Chip Authentication version 2.
    ID_CA_DH = "id-CA-DH", "0.4.0.127.0.7.2.2.3.1";
    /// id-CA-DH-3DES-CBC-CBC, 9303-11 §9.2.7.
    ID_CA_DH_3DES_CBC_CBC = "id-CA-DH-3DES-CBC-CBC", "0.4.0.127.0.7.2.2.3.1.1";
    /// id-CA-DH-AES-CBC-CMAC-128, 9303-11 §9.2.7.
    ID_CA_DH_AES_CBC_CMAC_128 = "id-CA-DH-AES-CBC-CMAC-128", "0.4.0.127.0.7.2.2.3.1.2";
    /// id-CA-DH-AES-CBC-CMAC-192, 9303-11 §9.2.7.
    ID_CA_DH_AES_CBC_CMAC_192 = "id-CA-DH-AES-CBC-CMAC-192", "0.4.0.127.0.7.2.2.3.1.3";
    /// id-CA-DH-AES-CBC-CMAC-256, 9303-11 §9.2.7.
    ID_CA_DH_AES_CBC_CMAC_256 = "id-CA-DH-AES-CBC-CMAC-256", "0.4.0.127.0.7.2.2.3.1.4";
    /// id-CA-ECDH, domain parameters of Chip Authentication version 2.
    ID_CA_ECDH = "id-CA-ECDH", "0.4.0.127.0.7.2.2.3.2";
    /// id-CA-ECDH-3DES-CBC-CBC, 9303-11 §9.2.7.
    ID_CA_ECDH_3DES_CBC_CBC = "id-CA-ECDH-3DES-CBC-CBC", "0.4.0.127.0.7.2.2.3.2.1";
    /// id-CA-ECDH-AES-CBC-CMAC-128, 9303-11 §9.2.7.
    ID_CA_ECDH_AES_CBC_CMAC_128 = "id-CA-ECDH-AES-CBC-CMAC-128", "0.4.0.127.0.7.2.2.3.2.2";
    /// id-CA-ECDH-AES-CBC-CMAC-192, 9303-11 §9.2.7.
    ID_CA_ECDH_AES_CBC_CMAC_192 = "id-CA-ECDH-AES-CBC-CMAC-192", "0.4.0.127.0.7.2.2.3.2.3";
    /// id-CA-ECDH-AES-CBC-CMAC-256, 9303-11 §9.2.7.
    ID_CA_ECDH_AES_CBC_CMAC_256 = "id-CA-ECDH-AES-CBC-CMAC-256", "0.4.0.127.0.7.2.2.3.2.4";
    /// id-PACE-DH-GM, own domain parameters of PACE with generic mapping over DH, 9303-11 §9.2.2.
    ID_PACE_DH_GM = "id-PACE-DH-GM", "0.4.0.127.0.7.2.2.4.1";
    /// id-PACE-DH-GM-3DES-CBC-CBC, 9303-11 §9.2.3.
    ID_PACE_DH_GM_3DES_CBC_CBC = "id-PACE-DH-GM-3DES-CBC-CBC", "0.4.0.127.0.7.2.2.4.1.1";
    /// id-PACE-DH-GM-AES-CBC-CMAC-128, 9303-11 §9.2.3.
    ID_PACE_DH_GM_AES_CBC_CMAC_128 = "id-PACE-DH-GM-AES-CBC-CMAC-128", "0.4.0.127.0.7.2.2.4.1.2";
    /// id-PACE-DH-GM-AES-CBC-CMAC-192, 9303-11 §9.2.3.
    ID_PACE_DH_GM_AES_CBC_CMAC_192 = "id-PACE-DH-GM-AES-CBC-CMAC-192", "0.4.0.127.0.7.2.2.4.1.3";
    /// id-PACE-DH-GM-AES-CBC-CMAC-256, 9303-11 §9.2.3.
    ID_PACE_DH_GM_AES_CBC_CMAC_256 = "id-PACE-DH-GM-AES-CBC-CMAC-256", "0.4.0.127.0.7.2.2.4.1.4";
    /// id-PACE-ECDH-GM, own domain parameters of PACE with generic mapping over ECDH, 9303-11 §9.2.2.
    ID_PACE_ECDH_GM = "id-PACE-ECDH-GM", "0.4.0.127.0.7.2.2.4.2";
    /// id-PACE-ECDH-GM-3DES-CBC-CBC, 9303-11 §9.2.3.
    ID_PACE_ECDH_GM_3DES_CBC_CBC = "id-PACE-ECDH-GM-3DES-CBC-CBC", "0.4.0.127.0.7.2.2.4.2.1";
    /// id-PACE-ECDH-GM-AES-CBC-CMAC-128, 9303-11 §9.2.3.
    ID_PACE_ECDH_GM_AES_CBC_CMAC_128 = "id-PACE-ECDH-GM-AES-CBC-CMAC-128", "0.4.0.127.0.7.2.2.4.2.2";
    /// id-PACE-ECDH-GM-AES-CBC-CMAC-192, 9303-11 §9.2.3.
    ID_PACE_ECDH_GM_AES_CBC_CMAC_192 = "id-PACE-ECDH-GM-AES-CBC-CMAC-192", "0.4.0.127.0.7.2.2.4.2.3";
    /// id-PACE-ECDH-GM-AES-CBC-CMAC-256, 9303-11 §9.2.3.
    ID_PACE_ECDH_GM_AES_CBC_CMAC_256 = "id-PACE-ECDH-GM-AES-CBC-CMAC-256", "0.4.0.127.0.7.2.2.4.2.4";
    /// id-PACE-DH-IM, own domain parameters of PACE with integrated mapping over DH, 9303-11 §9.2.2.
    ID_PACE_DH_IM = "id-PACE-DH-IM", "0.4.0.127.0.7.2.2.4.3";
    /// id-PACE-DH-IM-3DES-CBC-CBC, 9303-11 §9.2.3.
    ID_PACE_DH_IM_3DES_CBC_CBC = "id-PACE-DH-IM-3DES-CBC-CBC", "0.4.0.127.0.7.2.2.4.3.1";
    /// id-PACE-DH-IM-AES-CBC-CMAC-128, 9303-11 §9.2.3.
    ID_PACE_DH_IM_AES_CBC_CMAC_128 = "id-PACE-DH-IM-AES-CBC-CMAC-128", "0.4.0.127.0.7.2.2.4.3.2";
    /// id-PACE-DH-IM-AES-CBC-CMAC-192, 9303-11 §9.2.3.
    ID_PACE_DH_IM_AES_CBC_CMAC_192 = "id-PACE-DH-IM-AES-CBC-CMAC-192", "0.4.0.127.0.7.2.2.4.3.3";
    /// id-PACE-DH-IM-AES-CBC-CMAC-256, 9303-11 §9.2.3.
    ID_PACE_DH_IM_AES_CBC_CMAC_256 = "id-PACE-DH-IM-AES-CBC-CMAC-256", "0.4.0.127.0.7.2.2.4.3.4";
    /// id-PACE-ECDH-IM, own domain parameters of PACE with integrated mapping over ECDH, 9303-11 §9.2.2.
    ID_PACE_ECDH_IM = "id-PACE-ECDH-IM", "0.4.0.127.0.7.2.2.4.4";
    /// id-PACE-ECDH-IM-3DES-CBC-CBC, 9303-11 §9.2.3.
    ID_PACE_ECDH_IM_3DES_CBC_CBC = "id-PACE-ECDH-IM-3DES-CBC-CBC", "0.4.0.127.0.7.2.2.4.4.1";
    /// id-PACE-ECDH-IM-AES-CBC-CMAC-128, 9303-11 §9.2.3.
    ID_PACE_ECDH_IM_AES_CBC_CMAC_128 = "id-PACE-ECDH-IM-AES-CBC-CMAC-128", "0.4.0.127.0.7.2.2.4.4.2";
    /// id-PACE-ECDH-IM-AES-CBC-CMAC-192, 9303-11 §9.2.3.
    ID_PACE_ECDH_IM_AES_CBC_CMAC_192 = "id-PACE-ECDH-IM-AES-CBC-CMAC-192", "0.4.0.127.0.7.2.2.4.4.3";
    /// id-PACE-ECDH-IM-AES-CBC-CMAC-256, 9303-11 §9.2.3.
    ID_PACE_ECDH_IM_AES_CBC_CMAC_256 = "id-PACE-ECDH-IM-AES-CBC-CMAC-256", "0.4.0.127.0.7.2.2.4.4.4";
    /// id-PACE-ECDH-CAM, own domain parameters of PACE with chip authentication mapping over ECDH, 9303-11 §9.2.2.
    ID_PACE_ECDH_CAM = "id-PACE-ECDH-CAM", "0.4.0.127.0.7.2.2.4.6";
    /// id-PACE-ECDH-CAM-AES-CBC-CMAC-128, 9303-11 §9.2.3.
    ID_PACE_ECDH_CAM_AES_CBC_CMAC_128 = "id-PACE-ECDH-CAM-AES-CBC-CMAC-128", "0.4.0.127.0.7.2.2.4.6.2";
    /// id-PACE-ECDH-CAM-AES-CBC-CMAC-192, 9303-11 §9.2.3.
    ID_PACE_ECDH_CAM_AES_CBC_CMAC_192 = "id-PACE-ECDH-CAM-AES-CBC-CMAC-192", "0.4.0.127.0.7.2.2.4.6.3";
    /// id-PACE-ECDH-CAM-AES-CBC-CMAC-256, 9303-11 §9.2.3.
    ID_PACE_ECDH_CAM_AES_CBC_CMAC_256 = "id-PACE-ECDH-CAM-AES-CBC-CMAC-256", "0.4.0.127.0.7.2.2.4.6.4";
    /// id-icao-mrtd-security-aaProtocolObject, 9303-11 §9.2.4: the one name here that is not of the arc of BSI.
    ID_AA = "id-icao-mrtd-security-aaProtocolObject", "2.23.136.1.1.5";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_belong_together() {
        for (oid, known) in NAMES {
            assert_eq!((name(oid), protocol(known)), (Some(*known), Some(*oid)), "{known} is there twice");
            assert!(known.starts_with("id-"), "{known}");
        }
        assert_eq!(name(&ID_PACE_ECDH_CAM_AES_CBC_CMAC_256), Some("id-PACE-ECDH-CAM-AES-CBC-CMAC-256"));
        assert_eq!(name(&BSI_SMARTCARD), None);
    }
}
