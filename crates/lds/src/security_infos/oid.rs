//! Object identifiers of the protocols: 9303-11 §9.2, TR-03110-3 §A.1.1.

use der::asn1::ObjectIdentifier;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

/// bsi-de protocols smartcard: the arc under which 9303-11 and TR-03110 name their protocols.
pub(super) const BSI_SMARTCARD: ObjectIdentifier = oid("0.4.0.127.0.7.2.2");

/// id-PK-DH, TR-03110-3 §A.1.1.2.
pub const ID_PK_DH: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.1.1");
/// id-PK-ECDH, TR-03110-3 §A.1.1.2.
pub const ID_PK_ECDH: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.1.2");
/// id-TA, TR-03110-3 §A.1.1.3.
pub const ID_TA: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.2");
/// id-TA-RSA-v1-5-SHA-1, TR-03110-3 §A.1.1.3.
pub const ID_TA_RSA_V1_5_SHA_1: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.2.1.1");
/// id-TA-RSA-v1-5-SHA-256, TR-03110-3 §A.1.1.3.
pub const ID_TA_RSA_V1_5_SHA_256: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.2.1.2");
/// id-TA-RSA-PSS-SHA-1, TR-03110-3 §A.1.1.3.
pub const ID_TA_RSA_PSS_SHA_1: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.2.1.3");
/// id-TA-RSA-PSS-SHA-256, TR-03110-3 §A.1.1.3.
pub const ID_TA_RSA_PSS_SHA_256: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.2.1.4");
/// id-TA-RSA-v1-5-SHA-512, TR-03110-3 §A.1.1.3.
pub const ID_TA_RSA_V1_5_SHA_512: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.2.1.5");
/// id-TA-RSA-PSS-SHA-512, TR-03110-3 §A.1.1.3.
pub const ID_TA_RSA_PSS_SHA_512: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.2.1.6");
/// id-TA-ECDSA-SHA-1, TR-03110-3 §A.1.1.3.
pub const ID_TA_ECDSA_SHA_1: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.2.2.1");
/// id-TA-ECDSA-SHA-224, TR-03110-3 §A.1.1.3.
pub const ID_TA_ECDSA_SHA_224: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.2.2.2");
/// id-TA-ECDSA-SHA-256, 9303-11 §9.2.9.
pub const ID_TA_ECDSA_SHA_256: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.2.2.3");
/// id-TA-ECDSA-SHA-384, 9303-11 §9.2.9.
pub const ID_TA_ECDSA_SHA_384: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.2.2.4");
/// id-TA-ECDSA-SHA-512, 9303-11 §9.2.9.
pub const ID_TA_ECDSA_SHA_512: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.2.2.5");
/// id-CA-DH, domain parameters of Chip Authentication version 2.
pub const ID_CA_DH: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.3.1");
/// id-CA-DH-3DES-CBC-CBC, 9303-11 §9.2.7.
pub const ID_CA_DH_3DES_CBC_CBC: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.3.1.1");
/// id-CA-DH-AES-CBC-CMAC-128, 9303-11 §9.2.7.
pub const ID_CA_DH_AES_CBC_CMAC_128: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.3.1.2");
/// id-CA-DH-AES-CBC-CMAC-192, 9303-11 §9.2.7.
pub const ID_CA_DH_AES_CBC_CMAC_192: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.3.1.3");
/// id-CA-DH-AES-CBC-CMAC-256, 9303-11 §9.2.7.
pub const ID_CA_DH_AES_CBC_CMAC_256: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.3.1.4");
/// id-CA-ECDH, domain parameters of Chip Authentication version 2.
pub const ID_CA_ECDH: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.3.2");
/// id-CA-ECDH-3DES-CBC-CBC, 9303-11 §9.2.7.
pub const ID_CA_ECDH_3DES_CBC_CBC: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.3.2.1");
/// id-CA-ECDH-AES-CBC-CMAC-128, 9303-11 §9.2.7.
pub const ID_CA_ECDH_AES_CBC_CMAC_128: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.3.2.2");
/// id-CA-ECDH-AES-CBC-CMAC-192, 9303-11 §9.2.7.
pub const ID_CA_ECDH_AES_CBC_CMAC_192: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.3.2.3");
/// id-CA-ECDH-AES-CBC-CMAC-256, 9303-11 §9.2.7.
pub const ID_CA_ECDH_AES_CBC_CMAC_256: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.3.2.4");
/// id-PACE-DH-GM, own domain parameters of PACE with generic mapping over DH, 9303-11 §9.2.2.
pub const ID_PACE_DH_GM: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.1");
/// id-PACE-DH-GM-3DES-CBC-CBC, 9303-11 §9.2.3.
pub const ID_PACE_DH_GM_3DES_CBC_CBC: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.1.1");
/// id-PACE-DH-GM-AES-CBC-CMAC-128, 9303-11 §9.2.3.
pub const ID_PACE_DH_GM_AES_CBC_CMAC_128: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.1.2");
/// id-PACE-DH-GM-AES-CBC-CMAC-192, 9303-11 §9.2.3.
pub const ID_PACE_DH_GM_AES_CBC_CMAC_192: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.1.3");
/// id-PACE-DH-GM-AES-CBC-CMAC-256, 9303-11 §9.2.3.
pub const ID_PACE_DH_GM_AES_CBC_CMAC_256: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.1.4");
/// id-PACE-ECDH-GM, own domain parameters of PACE with generic mapping over ECDH, 9303-11 §9.2.2.
pub const ID_PACE_ECDH_GM: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.2");
/// id-PACE-ECDH-GM-3DES-CBC-CBC, 9303-11 §9.2.3.
pub const ID_PACE_ECDH_GM_3DES_CBC_CBC: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.2.1");
/// id-PACE-ECDH-GM-AES-CBC-CMAC-128, 9303-11 §9.2.3.
pub const ID_PACE_ECDH_GM_AES_CBC_CMAC_128: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.2.2");
/// id-PACE-ECDH-GM-AES-CBC-CMAC-192, 9303-11 §9.2.3.
pub const ID_PACE_ECDH_GM_AES_CBC_CMAC_192: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.2.3");
/// id-PACE-ECDH-GM-AES-CBC-CMAC-256, 9303-11 §9.2.3.
pub const ID_PACE_ECDH_GM_AES_CBC_CMAC_256: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.2.4");
/// id-PACE-DH-IM, own domain parameters of PACE with integrated mapping over DH, 9303-11 §9.2.2.
pub const ID_PACE_DH_IM: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.3");
/// id-PACE-DH-IM-3DES-CBC-CBC, 9303-11 §9.2.3.
pub const ID_PACE_DH_IM_3DES_CBC_CBC: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.3.1");
/// id-PACE-DH-IM-AES-CBC-CMAC-128, 9303-11 §9.2.3.
pub const ID_PACE_DH_IM_AES_CBC_CMAC_128: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.3.2");
/// id-PACE-DH-IM-AES-CBC-CMAC-192, 9303-11 §9.2.3.
pub const ID_PACE_DH_IM_AES_CBC_CMAC_192: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.3.3");
/// id-PACE-DH-IM-AES-CBC-CMAC-256, 9303-11 §9.2.3.
pub const ID_PACE_DH_IM_AES_CBC_CMAC_256: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.3.4");
/// id-PACE-ECDH-IM, own domain parameters of PACE with integrated mapping over ECDH, 9303-11 §9.2.2.
pub const ID_PACE_ECDH_IM: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.4");
/// id-PACE-ECDH-IM-3DES-CBC-CBC, 9303-11 §9.2.3.
pub const ID_PACE_ECDH_IM_3DES_CBC_CBC: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.4.1");
/// id-PACE-ECDH-IM-AES-CBC-CMAC-128, 9303-11 §9.2.3.
pub const ID_PACE_ECDH_IM_AES_CBC_CMAC_128: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.4.2");
/// id-PACE-ECDH-IM-AES-CBC-CMAC-192, 9303-11 §9.2.3.
pub const ID_PACE_ECDH_IM_AES_CBC_CMAC_192: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.4.3");
/// id-PACE-ECDH-IM-AES-CBC-CMAC-256, 9303-11 §9.2.3.
pub const ID_PACE_ECDH_IM_AES_CBC_CMAC_256: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.4.4");
/// id-PACE-ECDH-CAM, own domain parameters of PACE with chip authentication mapping over ECDH, 9303-11 §9.2.2.
pub const ID_PACE_ECDH_CAM: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.6");
/// id-PACE-ECDH-CAM-AES-CBC-CMAC-128, 9303-11 §9.2.3.
pub const ID_PACE_ECDH_CAM_AES_CBC_CMAC_128: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.6.2");
/// id-PACE-ECDH-CAM-AES-CBC-CMAC-192, 9303-11 §9.2.3.
pub const ID_PACE_ECDH_CAM_AES_CBC_CMAC_192: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.6.3");
/// id-PACE-ECDH-CAM-AES-CBC-CMAC-256, 9303-11 §9.2.3.
pub const ID_PACE_ECDH_CAM_AES_CBC_CMAC_256: ObjectIdentifier = oid("0.4.0.127.0.7.2.2.4.6.4");
/// id-icao-mrtd-security-aaProtocolObject, 9303-11 §9.2.4: the one name here that is not of the arc of BSI.
pub const ID_AA: ObjectIdentifier = oid("2.23.136.1.1.5");
