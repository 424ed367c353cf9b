//! Words of the protocols towards a reader: 9303-11 §9.2, TR-03110-3 §A.1.1. Each has the object identifier by which
//! cards and readers know it.

use crate::names::words;
use bitaqa_lds::security_infos::{self as infos, ObjectIdentifier};
use serde::Deserialize;

/// Words that are names of object identifiers.
macro_rules! protocols {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal => $oid:ident,)+ }) => {
        words! {
            $(#[$doc])*
            $name { $($(#[$variant_doc])* $variant = $word,)+ }
        }

        impl $name {
            /// The object identifier of this name.
            pub const fn oid(self) -> ObjectIdentifier {
                match self {
                    $(Self::$variant => infos::$oid,)+
                }
            }

            /// Whether its keys are of elliptic curves.
            pub fn is_elliptic(self) -> bool {
                self.name().contains("EC")
            }
        }
    };
}

protocols! {
    /// PACE, 9303-11 §9.2.3.
    PaceProtocol {
        /// Generic mapping over a finite field, 3DES.
        DhGmTripleDes = "id-PACE-DH-GM-3DES-CBC-CBC" => ID_PACE_DH_GM_3DES_CBC_CBC,
        /// Generic mapping over a finite field, AES-128.
        DhGmAes128 = "id-PACE-DH-GM-AES-CBC-CMAC-128" => ID_PACE_DH_GM_AES_CBC_CMAC_128,
        /// Generic mapping over a finite field, AES-192.
        DhGmAes192 = "id-PACE-DH-GM-AES-CBC-CMAC-192" => ID_PACE_DH_GM_AES_CBC_CMAC_192,
        /// Generic mapping over a finite field, AES-256.
        DhGmAes256 = "id-PACE-DH-GM-AES-CBC-CMAC-256" => ID_PACE_DH_GM_AES_CBC_CMAC_256,
        /// Integrated mapping over a finite field, 3DES.
        DhImTripleDes = "id-PACE-DH-IM-3DES-CBC-CBC" => ID_PACE_DH_IM_3DES_CBC_CBC,
        /// Integrated mapping over a finite field, AES-128.
        DhImAes128 = "id-PACE-DH-IM-AES-CBC-CMAC-128" => ID_PACE_DH_IM_AES_CBC_CMAC_128,
        /// Integrated mapping over a finite field, AES-192.
        DhImAes192 = "id-PACE-DH-IM-AES-CBC-CMAC-192" => ID_PACE_DH_IM_AES_CBC_CMAC_192,
        /// Integrated mapping over a finite field, AES-256.
        DhImAes256 = "id-PACE-DH-IM-AES-CBC-CMAC-256" => ID_PACE_DH_IM_AES_CBC_CMAC_256,
        /// Generic mapping over a curve, 3DES.
        EcdhGmTripleDes = "id-PACE-ECDH-GM-3DES-CBC-CBC" => ID_PACE_ECDH_GM_3DES_CBC_CBC,
        /// Generic mapping over a curve, AES-128.
        EcdhGmAes128 = "id-PACE-ECDH-GM-AES-CBC-CMAC-128" => ID_PACE_ECDH_GM_AES_CBC_CMAC_128,
        /// Generic mapping over a curve, AES-192.
        EcdhGmAes192 = "id-PACE-ECDH-GM-AES-CBC-CMAC-192" => ID_PACE_ECDH_GM_AES_CBC_CMAC_192,
        /// Generic mapping over a curve, AES-256.
        EcdhGmAes256 = "id-PACE-ECDH-GM-AES-CBC-CMAC-256" => ID_PACE_ECDH_GM_AES_CBC_CMAC_256,
        /// Integrated mapping over a curve, 3DES.
        EcdhImTripleDes = "id-PACE-ECDH-IM-3DES-CBC-CBC" => ID_PACE_ECDH_IM_3DES_CBC_CBC,
        /// Integrated mapping over a curve, AES-128.
        EcdhImAes128 = "id-PACE-ECDH-IM-AES-CBC-CMAC-128" => ID_PACE_ECDH_IM_AES_CBC_CMAC_128,
        /// Integrated mapping over a curve, AES-192.
        EcdhImAes192 = "id-PACE-ECDH-IM-AES-CBC-CMAC-192" => ID_PACE_ECDH_IM_AES_CBC_CMAC_192,
        /// Integrated mapping over a curve, AES-256.
        EcdhImAes256 = "id-PACE-ECDH-IM-AES-CBC-CMAC-256" => ID_PACE_ECDH_IM_AES_CBC_CMAC_256,
        /// Chip authentication mapping over a curve, AES-128.
        EcdhCamAes128 = "id-PACE-ECDH-CAM-AES-CBC-CMAC-128" => ID_PACE_ECDH_CAM_AES_CBC_CMAC_128,
        /// Chip authentication mapping over a curve, AES-192.
        EcdhCamAes192 = "id-PACE-ECDH-CAM-AES-CBC-CMAC-192" => ID_PACE_ECDH_CAM_AES_CBC_CMAC_192,
        /// Chip authentication mapping over a curve, AES-256.
        EcdhCamAes256 = "id-PACE-ECDH-CAM-AES-CBC-CMAC-256" => ID_PACE_ECDH_CAM_AES_CBC_CMAC_256,
    }
}

protocols! {
    /// Chip Authentication, 9303-11 §9.2.7.
    CaProtocol {
        /// Finite field, 3DES.
        DhTripleDes = "id-CA-DH-3DES-CBC-CBC" => ID_CA_DH_3DES_CBC_CBC,
        /// Finite field, AES-128.
        DhAes128 = "id-CA-DH-AES-CBC-CMAC-128" => ID_CA_DH_AES_CBC_CMAC_128,
        /// Finite field, AES-192.
        DhAes192 = "id-CA-DH-AES-CBC-CMAC-192" => ID_CA_DH_AES_CBC_CMAC_192,
        /// Finite field, AES-256.
        DhAes256 = "id-CA-DH-AES-CBC-CMAC-256" => ID_CA_DH_AES_CBC_CMAC_256,
        /// Curve, 3DES.
        EcdhTripleDes = "id-CA-ECDH-3DES-CBC-CBC" => ID_CA_ECDH_3DES_CBC_CBC,
        /// Curve, AES-128.
        EcdhAes128 = "id-CA-ECDH-AES-CBC-CMAC-128" => ID_CA_ECDH_AES_CBC_CMAC_128,
        /// Curve, AES-192.
        EcdhAes192 = "id-CA-ECDH-AES-CBC-CMAC-192" => ID_CA_ECDH_AES_CBC_CMAC_192,
        /// Curve, AES-256.
        EcdhAes256 = "id-CA-ECDH-AES-CBC-CMAC-256" => ID_CA_ECDH_AES_CBC_CMAC_256,
    }
}

protocols! {
    /// Signature suite of Terminal Authentication, TR-03110-3 §A.1.1.3. Those with SHA-1 are read and never issued for.
    TaProtocol {
        /// ECDSA with SHA-224.
        EcdsaSha224 = "id-TA-ECDSA-SHA-224" => ID_TA_ECDSA_SHA_224,
        /// ECDSA with SHA-256.
        EcdsaSha256 = "id-TA-ECDSA-SHA-256" => ID_TA_ECDSA_SHA_256,
        /// ECDSA with SHA-384.
        EcdsaSha384 = "id-TA-ECDSA-SHA-384" => ID_TA_ECDSA_SHA_384,
        /// ECDSA with SHA-512.
        EcdsaSha512 = "id-TA-ECDSA-SHA-512" => ID_TA_ECDSA_SHA_512,
        /// RSA, PKCS #1 v1.5, with SHA-256.
        RsaPkcs1Sha256 = "id-TA-RSA-v1-5-SHA-256" => ID_TA_RSA_V1_5_SHA_256,
        /// RSA, PKCS #1 v1.5, with SHA-512.
        RsaPkcs1Sha512 = "id-TA-RSA-v1-5-SHA-512" => ID_TA_RSA_V1_5_SHA_512,
        /// RSA, PSS, with SHA-256.
        RsaPssSha256 = "id-TA-RSA-PSS-SHA-256" => ID_TA_RSA_PSS_SHA_256,
        /// RSA, PSS, with SHA-512.
        RsaPssSha512 = "id-TA-RSA-PSS-SHA-512" => ID_TA_RSA_PSS_SHA_512,
    }
}

words! {
    /// Password for PACE, 9303-11 §4.4.4.1 and TR-03110-3 §B.11.1.
    Password {
        /// Hash over document number, birth date and expiry date of the MRZ.
        Mrz = "MRZ",
        /// Card access number.
        Can = "CAN",
        /// Personal number of the holder, can be blocked.
        Pin = "PIN",
        /// Gives a blocked PIN its tries back.
        Puk = "PUK",
    }
}

words! {
    /// Hash of passive and Active Authentication, 9303-12 §4.4.
    HashName {
        /// SHA-224.
        Sha224 = "SHA-224",
        /// SHA-256.
        Sha256 = "SHA-256",
        /// SHA-384.
        Sha384 = "SHA-384",
        /// SHA-512.
        Sha512 = "SHA-512",
    }
}

impl HashName {
    /// Octets of a digest.
    pub const fn digest_bytes(self) -> u8 {
        match self {
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

words! {
    /// Signature of passive authentication, 9303-12 §4.4.
    SignatureName {
        /// ECDSA.
        Ecdsa = "ECDSA",
        /// RSA, PKCS #1 v1.5.
        RsaPkcs1 = "RSA-PKCS1",
        /// RSA, PSS.
        RsaPss = "RSA-PSS",
    }
}

words! {
    /// How a card of a laboratory misbehaves.
    PaceAnswer {
        /// It does not.
        AsSpecified = "as-specified",
        /// Every MSE:Set AT of PACE is answered with 6FFF.
        NoDiagnosis = "6FFF",
    }
}

impl PaceAnswer {
    /// The status word in place of the right answer.
    pub const fn status_word(self) -> Option<u16> {
        match self {
            Self::AsSpecified => None,
            Self::NoDiagnosis => Some(0x6FFF),
        }
    }
}

/// How PACE maps its nonce, 9303-11 §4.4.3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mapping {
    /// GM.
    Generic,
    /// IM.
    Integrated,
    /// CAM.
    ChipAuthentication,
}

impl PaceProtocol {
    /// The mapping in its name.
    pub fn mapping(self) -> Mapping {
        match self.name() {
            name if name.contains("-CAM-") => Mapping::ChipAuthentication,
            name if name.contains("-IM-") => Mapping::Integrated,
            _ => Mapping::Generic,
        }
    }
}

/// Standardised domain parameters, 9303-11 §9.5.1 table 12: id, name, octets of a public value's number.
const DOMAINS: [(u8, &str, usize); 14] = [
    (0, "RFC 5114 1024/160", 128),
    (1, "RFC 5114 2048/224", 256),
    (2, "RFC 5114 2048/256", 256),
    (8, "P-192", 24),
    (9, "brainpoolP192r1", 24),
    (10, "P-224", 28),
    (11, "brainpoolP224r1", 28),
    (12, "P-256", 32),
    (13, "brainpoolP256r1", 32),
    (14, "brainpoolP320r1", 40),
    (15, "P-384", 48),
    (16, "brainpoolP384r1", 48),
    (17, "brainpoolP512r1", 64),
    (18, "P-521", 66),
];

/// Id of the one curve that the integrated mapping cannot use, P-224 (9303-11 §9.5.1).
pub(crate) const WITHOUT_INTEGRATED_MAPPING: u8 = 10;

/// Name of a standardised domain parameter set.
pub fn domain_name(parameter_id: u8) -> Option<&'static str> {
    DOMAINS.iter().find(|(id, ..)| *id == parameter_id).map(|(_, name, _)| *name)
}

/// Octets of a number of the field of a standardised domain parameter set.
pub(crate) fn field_bytes(parameter_id: u8) -> Option<usize> {
    DOMAINS.iter().find(|(id, ..)| *id == parameter_id).map(|(.., octets)| *octets)
}

/// Whether the parameters of this id are those of a curve; ids 0 to 2 are of finite fields.
pub(crate) const fn is_curve(parameter_id: u8) -> bool {
    parameter_id >= 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_names_of_the_standards() {
        assert_eq!((PaceProtocol::ALL.len(), CaProtocol::ALL.len(), TaProtocol::ALL.len()), (19, 8, 8));
        let last = |oid: ObjectIdentifier| oid.arcs().skip(7).collect::<Vec<_>>();
        assert_eq!(last(PaceProtocol::EcdhCamAes256.oid()), [2, 4, 6, 4]);
        assert_eq!(last(CaProtocol::DhTripleDes.oid()), [2, 3, 1, 1]);
        assert_eq!(last(TaProtocol::RsaPssSha512.oid()), [2, 2, 1, 6]);
        let mut oids: Vec<_> = PaceProtocol::ALL.iter().map(|word| word.oid()).collect();
        oids.dedup();
        assert_eq!(oids.len(), 19);
        assert!(PaceProtocol::ALL.iter().filter(|word| !word.is_elliptic()).count() == 8);
        assert!(!CaProtocol::DhAes128.is_elliptic() && CaProtocol::EcdhAes128.is_elliptic());
    }
}
