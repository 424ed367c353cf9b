//! `SecurityInfos`, the protocols and keys that a chip announces: 9303-11 §9.2, TR-03110-3 §A.1.1. They fill
//! EF.CardAccess and DG14.
//!
//! DER wants a SET OF sorted; cards in the field carry unsorted ones, and the EF.SOD hashes the file as it lies there.
//! So the order of decoding is kept and encoding never sorts: what was read is written again octet for octet. Only
//! [`SecurityInfos::new`], which builds one, sorts.

mod blame;
mod oid;

pub use oid::*;

pub use der::asn1::ObjectIdentifier;

use der::asn1::{Any, AnyRef, OctetString};
use der::{Decode, Encode, Reader, Sequence, SliceReader, Tag, Tagged};

use crate::error::LdsError;
use oid::BSI_SMARTCARD;

/// id-SecurityObject, the content type of the signed data in EF.CardSecurity: TR-03110-3 §A.1.2.5.
pub const ID_SECURITY_OBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.3.2.1");

/// ```text
/// PACEInfo ::= SEQUENCE { protocol OBJECT IDENTIFIER, version INTEGER, parameterId INTEGER OPTIONAL }
/// ```
/// 9303-11 §9.2.1.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct PaceInfo {
    /// Key agreement, mapping, cipher and MAC.
    pub protocol: ObjectIdentifier,
    /// 2: the only version of PACE on travel documents.
    pub version: u8,
    /// Standardised domain parameters, 9303-11 §9.5.1; absent when a `PACEDomainParameterInfo` gives its own.
    #[asn1(optional = "true")]
    pub parameter_id: Option<u8>,
}

/// ```text
/// PACEDomainParameterInfo ::= SEQUENCE {
///   protocol OBJECT IDENTIFIER, domainParameter AlgorithmIdentifier, parameterId INTEGER OPTIONAL }
/// ```
/// 9303-11 §9.2.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaceDomainParameterInfo {
    /// Key agreement and mapping.
    pub protocol: ObjectIdentifier,
    /// `AlgorithmIdentifier`, DER.
    pub domain_parameter: Vec<u8>,
    /// Local number of these parameters.
    pub parameter_id: Option<u8>,
}

/// ```text
/// ChipAuthenticationInfo ::= SEQUENCE { protocol OBJECT IDENTIFIER, version INTEGER, keyId INTEGER OPTIONAL }
/// ```
/// 9303-11 §9.2.5.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct ChipAuthenticationInfo {
    /// Key agreement, cipher and MAC.
    pub protocol: ObjectIdentifier,
    /// 1 on travel documents; 2 and 3 in TR-03110-2.
    pub version: u8,
    /// Which of several keys.
    #[asn1(optional = "true")]
    pub key_id: Option<u32>,
}

/// ```text
/// ChipAuthenticationPublicKeyInfo ::= SEQUENCE {
///   protocol OBJECT IDENTIFIER, chipAuthenticationPublicKey SubjectPublicKeyInfo, keyId INTEGER OPTIONAL }
/// ```
/// 9303-11 §9.2.6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipAuthenticationPublicKeyInfo {
    /// id-PK-DH or id-PK-ECDH.
    pub protocol: ObjectIdentifier,
    /// `SubjectPublicKeyInfo`, DER.
    pub public_key: Vec<u8>,
    /// Which of several keys.
    pub key_id: Option<u32>,
}

/// ```text
/// TerminalAuthenticationInfo ::= SEQUENCE {
///   protocol OBJECT IDENTIFIER (id-TA), version INTEGER, efCVCA FileID OPTIONAL }
/// ```
/// TR-03110-3 §A.1.1.3, 9303-11 §9.2.8.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct TerminalAuthenticationInfo {
    /// id-TA.
    pub protocol: ObjectIdentifier,
    /// 1 on travel documents.
    pub version: u8,
    /// Where EF.CVCA lies, if not under its default identifier; version 1 only.
    #[asn1(optional = "true")]
    pub ef_cvca: Option<FileId>,
}

/// ```text
/// ActiveAuthenticationInfo ::= SEQUENCE {
///   protocol OBJECT IDENTIFIER (id-icao-mrtd-security-aaProtocolObject), version INTEGER,
///   signatureAlgorithm OBJECT IDENTIFIER }
/// ```
/// 9303-11 §9.2.4; needed when the key of DG15 is one on an elliptic curve.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct ActiveAuthenticationInfo {
    /// id-icao-mrtd-security-aaProtocolObject.
    pub protocol: ObjectIdentifier,
    /// 1.
    pub version: u8,
    /// Name of an algorithm of TR-03111 §5.2.1: ECDSA with plain signatures and a hash.
    pub signature_algorithm: ObjectIdentifier,
}

impl ActiveAuthenticationInfo {
    /// Version 1 with this algorithm.
    pub const fn version_1(signature_algorithm: ObjectIdentifier) -> Self {
        Self { protocol: ID_AA, version: 1, signature_algorithm }
    }
}

/// ```text
/// FileID ::= SEQUENCE { fid OCTET STRING (SIZE(2)), sfid OCTET STRING (SIZE(1)) OPTIONAL }
/// ```
/// TR-03110-3 §A.1.1.3.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct FileId {
    /// File identifier, two octets.
    pub fid: OctetString,
    /// Short file identifier, one octet.
    #[asn1(optional = "true")]
    pub sfid: Option<OctetString>,
}

impl TerminalAuthenticationInfo {
    /// Version 1 with EF.CVCA at its default place.
    pub const fn version_1() -> Self {
        Self { protocol: ID_TA, version: 1, ef_cvca: None }
    }
}

/// The two infos that carry a foreign SEQUENCE, as they lie on the wire.
#[derive(Sequence)]
struct WithSequence {
    protocol: ObjectIdentifier,
    content: Any,
    #[asn1(optional = "true")]
    number: Option<u32>,
}

/// One entry, told apart by its protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecurityInfo {
    /// PACE is offered.
    Pace(PaceInfo),
    /// PACE parameters of the card's own.
    PaceDomainParameter(PaceDomainParameterInfo),
    /// Chip Authentication is offered.
    ChipAuthentication(ChipAuthenticationInfo),
    /// A static key for Chip Authentication.
    ChipAuthenticationPublicKey(ChipAuthenticationPublicKeyInfo),
    /// Terminal Authentication is offered.
    TerminalAuthentication(TerminalAuthenticationInfo),
    /// How Active Authentication signs.
    ActiveAuthentication(ActiveAuthenticationInfo),
    /// Any other protocol, kept as it is: readers skip what they do not know (9303-11 §9.2).
    Unknown {
        /// Protocol.
        oid: ObjectIdentifier,
        /// The whole SEQUENCE.
        der: Vec<u8>,
    },
}

/// ```text
/// SecurityInfos ::= SET OF SecurityInfo
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecurityInfos {
    /// In the order in which they are written.
    pub infos: Vec<SecurityInfo>,
}

/// What the arcs behind 0.4.0.127.0.7.2.2 say; Active Authentication alone is named by ICAO.
enum Kind {
    Pace,
    PaceDomainParameter,
    ChipAuthentication,
    ChipAuthenticationPublicKey,
    TerminalAuthentication,
    ActiveAuthentication,
    Unknown,
}

fn kind(protocol: &ObjectIdentifier) -> Kind {
    if *protocol == ID_AA {
        return Kind::ActiveAuthentication;
    }
    let mut arcs = protocol.arcs();
    if !BSI_SMARTCARD.arcs().all(|arc| arcs.next() == Some(arc)) {
        return Kind::Unknown;
    }
    match (arcs.next(), arcs.next(), arcs.next(), arcs.next()) {
        (Some(1), Some(_), None, None) => Kind::ChipAuthenticationPublicKey,
        (Some(2), None, None, None) => Kind::TerminalAuthentication,
        (Some(3), Some(_), Some(_), None) => Kind::ChipAuthentication,
        (Some(4), Some(_), None, None) => Kind::PaceDomainParameter,
        (Some(4), Some(_), Some(_), None) => Kind::Pace,
        _ => Kind::Unknown,
    }
}

impl SecurityInfo {
    /// The protocol that this entry is about.
    pub const fn protocol(&self) -> ObjectIdentifier {
        match self {
            Self::Pace(info) => info.protocol,
            Self::PaceDomainParameter(info) => info.protocol,
            Self::ChipAuthentication(info) => info.protocol,
            Self::ChipAuthenticationPublicKey(info) => info.protocol,
            Self::TerminalAuthentication(info) => info.protocol,
            Self::ActiveAuthentication(info) => info.protocol,
            Self::Unknown { oid, .. } => *oid,
        }
    }

    /// One SEQUENCE.
    ///
    /// # Errors
    /// [`LdsError::Der`] when an embedded SEQUENCE is none.
    pub fn to_der(&self) -> Result<Vec<u8>, LdsError> {
        let with_sequence = |protocol, content: &[u8], number| {
            WithSequence { protocol, content: sequence(protocol, content)?, number }.to_der().map_err(LdsError::Der)
        };
        match self {
            Self::Pace(info) => Ok(info.to_der()?),
            Self::PaceDomainParameter(info) => {
                with_sequence(info.protocol, &info.domain_parameter, info.parameter_id.map(u32::from))
            }
            Self::ChipAuthentication(info) => Ok(info.to_der()?),
            Self::ChipAuthenticationPublicKey(info) => with_sequence(info.protocol, &info.public_key, info.key_id),
            Self::TerminalAuthentication(info) => Ok(info.to_der()?),
            Self::ActiveAuthentication(info) => Ok(info.to_der()?),
            Self::Unknown { der, .. } => Ok(der.clone()),
        }
    }

    /// One SEQUENCE and nothing behind it.
    ///
    /// # Errors
    /// [`LdsError::Der`] for broken DER, [`LdsError::SecurityInfo`] for a known protocol with a wrong content.
    pub fn from_der(octets: &[u8]) -> Result<Self, LdsError> {
        let outer = AnyRef::from_der(octets)?;
        outer.tag().assert_eq(Tag::Sequence)?;
        let protocol = SliceReader::new(outer.value())?.decode::<ObjectIdentifier>()?;
        Ok(match kind(&protocol) {
            Kind::Pace => Self::Pace(PaceInfo::from_der(octets)?),
            Kind::PaceDomainParameter => {
                let info = WithSequence::from_der(octets)?;
                let parameter_id = info.number.map(u8::try_from).transpose();
                Self::PaceDomainParameter(PaceDomainParameterInfo {
                    protocol,
                    domain_parameter: sequence(protocol, &info.content.to_der()?)?.to_der()?,
                    parameter_id: parameter_id.map_err(|_| shape(protocol, "parameterId is above 255"))?,
                })
            }
            Kind::ChipAuthentication => Self::ChipAuthentication(ChipAuthenticationInfo::from_der(octets)?),
            Kind::ChipAuthenticationPublicKey => {
                let info = WithSequence::from_der(octets)?;
                let public_key = sequence(protocol, &info.content.to_der()?)?.to_der()?;
                let info = ChipAuthenticationPublicKeyInfo { protocol, public_key, key_id: info.number };
                Self::ChipAuthenticationPublicKey(info)
            }
            Kind::TerminalAuthentication => Self::TerminalAuthentication(terminal_authentication(octets)?),
            Kind::ActiveAuthentication => Self::ActiveAuthentication(ActiveAuthenticationInfo::from_der(octets)?),
            Kind::Unknown => Self::Unknown { oid: protocol, der: octets.to_vec() },
        })
    }
}

const fn shape(oid: ObjectIdentifier, why: &'static str) -> LdsError {
    LdsError::SecurityInfo { oid, why }
}

/// The embedded element, which must be one SEQUENCE; what is inside is for the reader of keys to judge.
fn sequence(protocol: ObjectIdentifier, der: &[u8]) -> Result<Any, LdsError> {
    let any = Any::from_der(der)?;
    if any.tag() == Tag::Sequence { Ok(any) } else { Err(shape(protocol, "second field is no SEQUENCE")) }
}

fn terminal_authentication(octets: &[u8]) -> Result<TerminalAuthenticationInfo, LdsError> {
    let info = TerminalAuthenticationInfo::from_der(octets)?;
    if let Some(file) = &info.ef_cvca {
        let sfid_octets = file.sfid.as_ref().map_or(1, |sfid| sfid.as_bytes().len());
        if file.fid.as_bytes().len() != 2 || sfid_octets != 1 {
            return Err(shape(info.protocol, "FileID wants two octets of fid and one of sfid"));
        }
    }
    Ok(info)
}

impl SecurityInfos {
    /// Puts the entries into the order of DER (X.690 §11.6: encodings compared as octet strings).
    ///
    /// # Errors
    /// As [`SecurityInfo::to_der`].
    pub fn new(infos: Vec<SecurityInfo>) -> Result<Self, LdsError> {
        let mut keyed =
            infos.into_iter().map(|info| info.to_der().map(|der| (der, info))).collect::<Result<Vec<_>, _>>()?;
        // No encoding is a proper prefix of another one, so the padding rule of X.690 §11.6 never decides.
        keyed.sort_by(|(left, _), (right, _)| left.cmp(right));
        Ok(Self { infos: keyed.into_iter().map(|(_, info)| info).collect() })
    }

    /// The SET, entries in the order in which they are held.
    ///
    /// # Errors
    /// As [`SecurityInfo::to_der`].
    pub fn to_der(&self) -> Result<Vec<u8>, LdsError> {
        let mut content = Vec::new();
        for info in &self.infos {
            content.extend_from_slice(&info.to_der()?);
        }
        Ok(Any::new(Tag::Set, content)?.to_der()?)
    }

    /// One SET and nothing behind it; the order of its entries is kept, sorted or not.
    ///
    /// # Errors
    /// [`LdsError::Der`] for broken DER or left-overs; [`LdsError::Entry`] with place, type and field of an entry that
    /// [`SecurityInfo::from_der`] refuses.
    pub fn from_der(octets: &[u8]) -> Result<Self, LdsError> {
        let set = AnyRef::from_der(octets)?;
        set.tag().assert_eq(Tag::Set)?;
        let mut reader = SliceReader::new(set.value())?;
        let mut infos = Vec::new();
        while !reader.is_finished() {
            let octets = reader.tlv_bytes()?;
            infos.push(SecurityInfo::from_der(octets).map_err(|error| blame::entry(infos.len() + 1, octets, error))?);
        }
        Ok(Self { infos })
    }

    /// The offers of PACE, in order.
    pub fn pace(&self) -> impl Iterator<Item = &PaceInfo> {
        self.infos.iter().filter_map(|info| if let SecurityInfo::Pace(info) = info { Some(info) } else { None })
    }

    /// The offers of Chip Authentication, in order.
    pub fn chip_authentication(&self) -> impl Iterator<Item = &ChipAuthenticationInfo> {
        self.infos
            .iter()
            .filter_map(|info| if let SecurityInfo::ChipAuthentication(info) = info { Some(info) } else { None })
    }

    /// The static keys for Chip Authentication, in order.
    pub fn chip_authentication_keys(&self) -> impl Iterator<Item = &ChipAuthenticationPublicKeyInfo> {
        self.infos.iter().filter_map(|info| {
            if let SecurityInfo::ChipAuthenticationPublicKey(info) = info { Some(info) } else { None }
        })
    }

    /// The offer of Terminal Authentication.
    pub fn terminal_authentication(&self) -> Option<&TerminalAuthenticationInfo> {
        self.infos
            .iter()
            .find_map(|info| if let SecurityInfo::TerminalAuthentication(info) = info { Some(info) } else { None })
    }

    /// How Active Authentication signs, for keys on elliptic curves.
    pub fn active_authentication(&self) -> Option<&ActiveAuthenticationInfo> {
        self.infos
            .iter()
            .find_map(|info| if let SecurityInfo::ActiveAuthentication(info) = info { Some(info) } else { None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unhex(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    fn pace() -> SecurityInfo {
        SecurityInfo::Pace(PaceInfo { protocol: ID_PACE_ECDH_GM_AES_CBC_CMAC_128, version: 2, parameter_id: Some(13) })
    }

    /// 9303-11 App. G.1: the PACEInfo of the worked example.
    #[test]
    fn pace_info_of_the_worked_example() {
        let der = unhex("3012060A04007F0007020204020202010202010D");
        assert_eq!(SecurityInfo::from_der(&der).unwrap(), pace());
        assert_eq!(pace().to_der().unwrap(), der);
    }

    #[test]
    fn what_belongs_to_no_known_protocol_is_kept_whole() {
        // one beside id-AA, and an info of one field only
        for der in ["300B0606678108010106020101", "300406022A03"] {
            let info = SecurityInfo::from_der(&unhex(der)).unwrap();
            assert!(matches!(info, SecurityInfo::Unknown { .. }));
            assert_eq!(info.to_der().unwrap(), unhex(der));
        }
    }

    #[test]
    fn an_unsorted_set_is_written_as_it_was_read_and_a_built_one_is_sorted() {
        let terminal = SecurityInfo::TerminalAuthentication(TerminalAuthenticationInfo::version_1());
        let unsorted = SecurityInfos { infos: vec![pace(), terminal.clone()] };
        let der = unsorted.to_der().unwrap();
        assert_eq!(SecurityInfos::from_der(&der).unwrap(), unsorted);
        assert_eq!(SecurityInfos::from_der(&der).unwrap().to_der().unwrap(), der);
        // 300D.. sorts before 3012..
        assert_eq!(SecurityInfos::new(vec![pace(), terminal.clone()]).unwrap().infos, [terminal, pace()]);
    }

    #[test]
    fn a_known_protocol_in_a_wrong_shape_is_an_error() {
        for der in [
            "3003020101",                                   // no protocol
            "300F060A04007F00070202040202020102FF",         // length of the last field runs out
            "3013060A04007F000702020402020201020202FF00",   // parameterId negative
            "3012060A04007F0007020204020204010202010D",     // version is an OCTET STRING
            "3112060A04007F0007020204020202010202010D",     // a SET
            "3012060A04007F0007020204020202010202010D00",   // left over
            "3011060904007F000702020102040430000000",       // key info without a SEQUENCE
            "3014060804007F000702020202010130050403011C00", // fid of three octets
            "300B0606678108010105020101",                   // ActiveAuthenticationInfo without its algorithm
        ] {
            assert!(SecurityInfo::from_der(&unhex(der)).is_err(), "{der}");
        }
    }

    fn any_info() -> impl Strategy<Value = SecurityInfo> {
        let inner = proptest::collection::vec(any::<u8>(), 0..200)
            .prop_map(|content| Any::new(Tag::Sequence, content).unwrap().to_der().unwrap());
        prop_oneof![
            any::<Option<u8>>().prop_map(|parameter_id| SecurityInfo::Pace(PaceInfo {
                protocol: ID_PACE_ECDH_GM_AES_CBC_CMAC_256,
                version: 2,
                parameter_id
            })),
            any::<Option<u32>>().prop_map(|key_id| SecurityInfo::ChipAuthentication(ChipAuthenticationInfo {
                protocol: ID_CA_ECDH_AES_CBC_CMAC_128,
                version: 1,
                key_id
            })),
            (inner.clone(), any::<Option<u32>>()).prop_map(|(public_key, key_id)| {
                SecurityInfo::ChipAuthenticationPublicKey(ChipAuthenticationPublicKeyInfo {
                    protocol: ID_PK_ECDH,
                    public_key,
                    key_id,
                })
            }),
            (inner, any::<Option<u8>>()).prop_map(|(domain_parameter, parameter_id)| {
                SecurityInfo::PaceDomainParameter(PaceDomainParameterInfo {
                    protocol: ID_PACE_ECDH_GM,
                    domain_parameter,
                    parameter_id,
                })
            }),
            (1u32..6).prop_map(|hash| {
                let plain = ObjectIdentifier::new(&format!("0.4.0.127.0.7.1.1.4.1.{hash}")).unwrap();
                SecurityInfo::ActiveAuthentication(ActiveAuthenticationInfo::version_1(plain))
            }),
            any::<Option<(u16, Option<u8>)>>().prop_map(|file| {
                let octets = |value: &[u8]| OctetString::new(value).unwrap();
                let ef_cvca = file.map(|(fid, sfid)| FileId {
                    fid: octets(&fid.to_be_bytes()),
                    sfid: sfid.map(|sfid| octets(&[sfid])),
                });
                SecurityInfo::TerminalAuthentication(TerminalAuthenticationInfo {
                    protocol: ID_TA,
                    version: 1,
                    ef_cvca,
                })
            }),
        ]
    }

    proptest! {
        #[test]
        fn whatever_is_written_reads_back(infos in proptest::collection::vec(any_info(), 0..8)) {
            let infos = SecurityInfos { infos };
            prop_assert_eq!(SecurityInfos::from_der(&infos.to_der().unwrap()).unwrap(), infos);
        }

        #[test]
        fn whatever_is_accepted_is_written_the_same(
            infos in proptest::collection::vec(any_info(), 1..4),
            (at, with) in (any::<prop::sample::Index>(), any::<u8>()),
        ) {
            let mut der = SecurityInfos { infos }.to_der().unwrap();
            let at = at.index(der.len());
            der[at] = with;
            if let Ok(read) = SecurityInfos::from_der(&der) {
                prop_assert_eq!(read.to_der().unwrap(), der);
            }
        }

        #[test]
        fn no_octets_panic(octets in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = SecurityInfos::from_der(&octets);
        }
    }
}
