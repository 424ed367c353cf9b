//! Signature algorithms and their names: one in X.509 and CMS, one in CV certificates and Terminal Authentication.

use crate::{HashAlgorithm, Note, PublicKey};
use bitaqa_curves::Curve;
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{
    ECDSA_WITH_SHA_224, ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512, ID_EC_PUBLIC_KEY, ID_MGF_1,
    ID_RSASSA_PSS, RSA_ENCRYPTION, SHA_1_WITH_RSA_ENCRYPTION, SHA_224_WITH_RSA_ENCRYPTION, SHA_256_WITH_RSA_ENCRYPTION,
    SHA_384_WITH_RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION,
};
use core::fmt;
use der::{Any, AnyRef, Decode, Encode, Sequence};
use spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};

/// How a message is signed: the kind of signature and the hash before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// ECDSA. In X.509 and CMS the signature is `Ecdsa-Sig-Value` (RFC 3279 §2.2.3), in CV certificates r ‖ s.
    Ecdsa(HashAlgorithm),
    /// ECDSA whose signature is r ‖ s in X.509 and CMS too: ecdsa-plain-signatures, TR-03111 §5.2.1. Read, not written.
    EcdsaPlain(HashAlgorithm),
    /// RSASSA-PKCS1-v1_5, RFC 8017 §8.2.
    RsaPkcs1(HashAlgorithm),
    /// RSASSA-PSS, RFC 8017 §8.1.
    RsaPss(PssParameters),
}

/// Parameters of RSASSA-PSS; the trailer field is always BC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PssParameters {
    /// Hash of the message.
    pub hash: HashAlgorithm,
    /// Hash inside of MGF1.
    pub mask_hash: HashAlgorithm,
    /// Octets of salt.
    pub salt_bytes: u8,
}

impl PssParameters {
    /// One hash for both, a salt as long as its digest: RFC 4055 §3.1 and TR-03110-3 §A.7.3.1.
    pub const fn of(hash: HashAlgorithm) -> Self {
        #[allow(clippy::cast_possible_truncation)] // at most 64
        Self { hash, mask_hash: hash, salt_bytes: hash.digest_bytes() as u8 }
    }
}

use HashAlgorithm::{Sha1, Sha224, Sha256, Sha384, Sha512};

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

/// RFC 3279 §2.2, RFC 4055 §5, RFC 5758 §3.2, TR-03111 §5.2.1. RSASSA-PSS has one name and parameters instead.
const X509: [(SignatureAlgorithm, ObjectIdentifier); 15] = [
    (SignatureAlgorithm::Ecdsa(Sha1), oid("1.2.840.10045.4.1")),
    (SignatureAlgorithm::Ecdsa(Sha224), ECDSA_WITH_SHA_224),
    (SignatureAlgorithm::Ecdsa(Sha256), ECDSA_WITH_SHA_256),
    (SignatureAlgorithm::Ecdsa(Sha384), ECDSA_WITH_SHA_384),
    (SignatureAlgorithm::Ecdsa(Sha512), ECDSA_WITH_SHA_512),
    (SignatureAlgorithm::EcdsaPlain(Sha1), oid("0.4.0.127.0.7.1.1.4.1.1")),
    (SignatureAlgorithm::EcdsaPlain(Sha224), oid("0.4.0.127.0.7.1.1.4.1.2")),
    (SignatureAlgorithm::EcdsaPlain(Sha256), oid("0.4.0.127.0.7.1.1.4.1.3")),
    (SignatureAlgorithm::EcdsaPlain(Sha384), oid("0.4.0.127.0.7.1.1.4.1.4")),
    (SignatureAlgorithm::EcdsaPlain(Sha512), oid("0.4.0.127.0.7.1.1.4.1.5")),
    (SignatureAlgorithm::RsaPkcs1(Sha1), SHA_1_WITH_RSA_ENCRYPTION),
    (SignatureAlgorithm::RsaPkcs1(Sha224), SHA_224_WITH_RSA_ENCRYPTION),
    (SignatureAlgorithm::RsaPkcs1(Sha256), SHA_256_WITH_RSA_ENCRYPTION),
    (SignatureAlgorithm::RsaPkcs1(Sha384), SHA_384_WITH_RSA_ENCRYPTION),
    (SignatureAlgorithm::RsaPkcs1(Sha512), SHA_512_WITH_RSA_ENCRYPTION),
];

/// id-TA-RSA 0.4.0.127.0.7.2.2.2.1, TR-03110-3 table 17, and id-TA-ECDSA 0.4.0.127.0.7.2.2.2.2, table 18.
const TERMINAL_AUTHENTICATION: [(SignatureAlgorithm, ObjectIdentifier); 11] = [
    (SignatureAlgorithm::RsaPkcs1(Sha1), oid("0.4.0.127.0.7.2.2.2.1.1")),
    (SignatureAlgorithm::RsaPkcs1(Sha256), oid("0.4.0.127.0.7.2.2.2.1.2")),
    (SignatureAlgorithm::RsaPss(PssParameters::of(Sha1)), oid("0.4.0.127.0.7.2.2.2.1.3")),
    (SignatureAlgorithm::RsaPss(PssParameters::of(Sha256)), oid("0.4.0.127.0.7.2.2.2.1.4")),
    (SignatureAlgorithm::RsaPkcs1(Sha512), oid("0.4.0.127.0.7.2.2.2.1.5")),
    (SignatureAlgorithm::RsaPss(PssParameters::of(Sha512)), oid("0.4.0.127.0.7.2.2.2.1.6")),
    (SignatureAlgorithm::Ecdsa(Sha1), oid("0.4.0.127.0.7.2.2.2.2.1")),
    (SignatureAlgorithm::Ecdsa(Sha224), oid("0.4.0.127.0.7.2.2.2.2.2")),
    (SignatureAlgorithm::Ecdsa(Sha256), oid("0.4.0.127.0.7.2.2.2.2.3")),
    (SignatureAlgorithm::Ecdsa(Sha384), oid("0.4.0.127.0.7.2.2.2.2.4")),
    (SignatureAlgorithm::Ecdsa(Sha512), oid("0.4.0.127.0.7.2.2.2.2.5")),
];

/// RFC 4055 §3.1; everything has a default, which DER leaves out.
/// ```text
/// RSASSA-PSS-params ::= SEQUENCE {
///     hashAlgorithm    [0] HashAlgorithm    DEFAULT sha1,
///     maskGenAlgorithm [1] MaskGenAlgorithm DEFAULT mgf1SHA1,
///     saltLength       [2] INTEGER          DEFAULT 20,
///     trailerField     [3] INTEGER          DEFAULT 1 }
/// ```
#[derive(Sequence)]
struct PssParams<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    hash: Option<AlgorithmIdentifierRef<'a>>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    mask: Option<AlgorithmIdentifierRef<'a>>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    salt: Option<u8>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    trailer: Option<u8>,
}

impl SignatureAlgorithm {
    /// The hash of the message.
    pub const fn hash(self) -> HashAlgorithm {
        match self {
            Self::Ecdsa(hash) | Self::EcdsaPlain(hash) | Self::RsaPkcs1(hash) => hash,
            Self::RsaPss(parameters) => parameters.hash,
        }
    }

    /// Whether it is for RSA keys; the others are for elliptic curves.
    pub const fn is_rsa(self) -> bool {
        matches!(self, Self::RsaPkcs1(_) | Self::RsaPss(_))
    }

    /// Name in X.509 and CMS. RSASSA-PSS is a name for many; its parameters stand beside it.
    pub fn x509_oid(self) -> ObjectIdentifier {
        X509.iter().find(|row| row.0 == self).map_or(ID_RSASSA_PSS, |row| row.1)
    }

    /// By the name of X.509, for the algorithms that need no parameters to be told: all but RSASSA-PSS.
    pub fn from_x509_oid(oid: ObjectIdentifier) -> Option<Self> {
        X509.iter().find(|row| row.1 == oid).map(|row| row.0)
    }

    /// Name in CV certificates and Terminal Authentication, TR-03110-3 tables 17 and 18. `None` for algorithms that
    /// have none there: RSA with SHA-224 or SHA-384, PSS with other than its default parameters.
    pub fn terminal_authentication_oid(self) -> Option<ObjectIdentifier> {
        TERMINAL_AUTHENTICATION.iter().find(|row| row.0 == self).map(|row| row.1)
    }

    /// By the name of TR-03110.
    pub fn from_terminal_authentication_oid(oid: ObjectIdentifier) -> Option<Self> {
        TERMINAL_AUTHENTICATION.iter().find(|row| row.1 == oid).map(|row| row.0)
    }

    /// The hash that fits the strength of a curve, 9303-12 §4.1.6 and TR-03111 §4.2.1.
    pub const fn for_curve(curve: Curve) -> Self {
        Self::Ecdsa(match curve.field_bytes() {
            ..=28 => HashAlgorithm::Sha224,
            29..=32 => HashAlgorithm::Sha256,
            33..=48 => HashAlgorithm::Sha384,
            _ => HashAlgorithm::Sha512,
        })
    }

    /// What a key signs with unless told otherwise: ECDSA by its curve, RSASSA-PSS with SHA-256 (9303-12 §4.1.6.1
    /// recommends PSS).
    pub const fn for_key(key: &PublicKey) -> Self {
        match key {
            PublicKey::Ec(point) => Self::for_curve(point.curve()),
            PublicKey::Rsa(_) => Self::RsaPss(PssParameters::of(HashAlgorithm::Sha256)),
        }
    }

    /// AlgorithmIdentifier of X.509 and CMS: no parameters for ECDSA (RFC 5758 §3.2), NULL for PKCS #1 v1.5 (RFC 4055
    /// §5), RSASSA-PSS-params for PSS.
    pub(crate) fn identifier(self) -> Result<AlgorithmIdentifierOwned, der::Error> {
        let parameters = match self {
            Self::Ecdsa(_) | Self::EcdsaPlain(_) => None,
            Self::RsaPkcs1(_) => Some(Any::null()),
            Self::RsaPss(parameters) => Some(parameters.encode()?),
        };
        Ok(AlgorithmIdentifierOwned { oid: self.x509_oid(), parameters })
    }

    /// From an AlgorithmIdentifier. Parameters NULL or absent against the rule are tolerated with a note; any other
    /// parameter makes it an unknown algorithm.
    pub(crate) fn read(identifier: &AlgorithmIdentifierOwned, notes: &mut Vec<Note>) -> Option<Self> {
        let parameters = identifier.parameters.as_ref();
        let algorithm = if identifier.oid == ID_RSASSA_PSS {
            Self::RsaPss(PssParameters::decode(AnyRef::from(parameters?), notes)?)
        } else {
            let algorithm = Self::from_x509_oid(identifier.oid)?;
            check_null(identifier, algorithm.is_rsa(), notes)?;
            algorithm
        };
        if !algorithm.hash().is_permitted() {
            Note::Sha1.add(notes);
        }
        Some(algorithm)
    }

    /// As [`SignatureAlgorithm::read`] for a CMS SignerInfo. rsaEncryption stands there by right (RFC 3370 §3.2) and
    /// takes the hash from the digest algorithm; id-ecPublicKey stands there in some documents and does the same.
    pub(crate) fn read_cms(
        identifier: &AlgorithmIdentifierOwned,
        digest: HashAlgorithm,
        notes: &mut Vec<Note>,
    ) -> Option<Self> {
        let algorithm = match identifier.oid {
            RSA_ENCRYPTION => {
                check_null(identifier, true, notes)?;
                Self::RsaPkcs1(digest)
            }
            ID_EC_PUBLIC_KEY => {
                Note::KeyNamedAsSignature(identifier.oid).add(notes);
                Self::Ecdsa(digest)
            }
            _ => Self::read(identifier, notes)?,
        };
        // RFC 5652 §5.3 hashes content and attributes by one function; another one here would be a contradiction.
        (algorithm.hash() == digest).then_some(algorithm)
    }
}

fn check_null(identifier: &AlgorithmIdentifierOwned, wants_null: bool, notes: &mut Vec<Note>) -> Option<()> {
    match (&identifier.parameters, wants_null) {
        (None, false) => {}
        (None, true) => Note::NoParameters(identifier.oid).add(notes),
        (Some(any), true) if any.is_null() => {}
        (Some(any), false) if any.is_null() => Note::NullParameters(identifier.oid).add(notes),
        _ => return None,
    }
    Some(())
}

impl PssParameters {
    fn encode(self) -> Result<Any, der::Error> {
        let hash = |hash: HashAlgorithm| AlgorithmIdentifierRef { oid: hash.oid(), parameters: Some(AnyRef::NULL) };
        let mask_hash = hash(self.mask_hash).to_der()?;
        let mask = AlgorithmIdentifierRef { oid: ID_MGF_1, parameters: Some(AnyRef::from_der(&mask_hash)?) };
        Any::encode_from(&PssParams {
            hash: (self.hash != Sha1).then(|| hash(self.hash)),
            mask: (self.mask_hash != Sha1).then_some(mask),
            salt: (self.salt_bytes != 20).then_some(self.salt_bytes),
            trailer: None,
        })
    }

    fn decode(parameters: AnyRef<'_>, notes: &mut Vec<Note>) -> Option<Self> {
        let stated = parameters.decode_as::<PssParams<'_>>().ok()?;
        let mask_hash = match stated.mask {
            None => Sha1,
            Some(mask) if mask.oid == ID_MGF_1 => hash_of(mask.parameters?.decode_as().ok()?)?,
            Some(_) => return None,
        };
        let parameters =
            Self { hash: stated.hash.map_or(Some(Sha1), hash_of)?, mask_hash, salt_bytes: stated.salt.unwrap_or(20) };
        if parameters.mask_hash != parameters.hash {
            Note::MaskHash.add(notes);
        }
        matches!(stated.trailer, None | Some(1)).then_some(parameters)
    }
}

/// RFC 5754 §2: parameters absent or NULL, both to be accepted.
pub(crate) fn hash_of(identifier: AlgorithmIdentifierRef<'_>) -> Option<HashAlgorithm> {
    let plain = identifier.parameters.is_none_or(AnyRef::is_null);
    HashAlgorithm::from_oid(identifier.oid).filter(|_| plain)
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ecdsa(hash) => write!(f, "ECDSA with {hash}"),
            Self::EcdsaPlain(hash) => write!(f, "plain ECDSA with {hash}"),
            Self::RsaPkcs1(hash) => write!(f, "RSA PKCS #1 v1.5 with {hash}"),
            Self::RsaPss(parameters) => write!(f, "RSA PSS with {}", parameters.hash),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_unambiguous() {
        for (algorithm, oid) in X509 {
            assert_eq!(algorithm.x509_oid(), oid);
            assert_eq!(SignatureAlgorithm::from_x509_oid(oid), Some(algorithm));
            let mut notes = Vec::new();
            assert_eq!(SignatureAlgorithm::read(&algorithm.identifier().unwrap(), &mut notes), Some(algorithm));
            let sha1 = if algorithm.hash() == Sha1 { vec![Note::Sha1] } else { vec![] };
            assert_eq!(notes, sha1);
        }
        for (algorithm, oid) in TERMINAL_AUTHENTICATION {
            assert_eq!(algorithm.terminal_authentication_oid(), Some(oid));
            assert_eq!(SignatureAlgorithm::from_terminal_authentication_oid(oid), Some(algorithm));
        }
        assert_eq!(SignatureAlgorithm::RsaPkcs1(Sha384).terminal_authentication_oid(), None);
    }

    #[test]
    fn null_and_nothing_are_tolerated_with_a_note_and_nothing_else_is() {
        let mut notes = Vec::new();
        let mut ecdsa = SignatureAlgorithm::Ecdsa(Sha256).identifier().unwrap();
        ecdsa.parameters = Some(Any::null());
        assert!(SignatureAlgorithm::read(&ecdsa, &mut notes).is_some());
        let mut rsa = SignatureAlgorithm::RsaPkcs1(Sha256).identifier().unwrap();
        rsa.parameters = None;
        assert!(SignatureAlgorithm::read(&rsa, &mut notes).is_some());
        assert_eq!(notes, [Note::NullParameters(ecdsa.oid), Note::NoParameters(rsa.oid)]);
        rsa.parameters = Some(Any::encode_from(&rsa.oid).unwrap());
        assert_eq!(SignatureAlgorithm::read(&rsa, &mut notes), None);
        let pss = AlgorithmIdentifierOwned { oid: ID_RSASSA_PSS, parameters: None };
        assert_eq!(SignatureAlgorithm::read(&pss, &mut notes), None, "RFC 4055 §3.1 wants them");
    }

    #[test]
    fn the_hash_of_a_signer_info_has_one_name() {
        let mut notes = Vec::new();
        let rsa = AlgorithmIdentifierOwned { oid: RSA_ENCRYPTION, parameters: Some(Any::null()) };
        let read = SignatureAlgorithm::read_cms(&rsa, Sha384, &mut notes);
        assert_eq!((read, notes.as_slice()), (Some(SignatureAlgorithm::RsaPkcs1(Sha384)), &[][..]));
        let ec = AlgorithmIdentifierOwned { oid: ID_EC_PUBLIC_KEY, parameters: None };
        let read = SignatureAlgorithm::read_cms(&ec, Sha256, &mut notes);
        assert_eq!(read, Some(SignatureAlgorithm::Ecdsa(Sha256)));
        assert_eq!(notes, [Note::KeyNamedAsSignature(ID_EC_PUBLIC_KEY)]);
        let ecdsa = SignatureAlgorithm::Ecdsa(Sha512).identifier().unwrap();
        assert_eq!(SignatureAlgorithm::read_cms(&ecdsa, Sha256, &mut notes), None);
    }

    /// What `openssl req -sigopt rsa_padding_mode:pss` writes, by its own defaults.
    #[test]
    fn defaults_are_left_out() {
        let sha_1 = PssParameters::of(Sha1).encode().unwrap().to_der().unwrap();
        assert_eq!(sha_1, [0x30, 0x00]);
        let decoded = PssParameters::decode(AnyRef::from_der(&sha_1).unwrap(), &mut Vec::new());
        assert_eq!(decoded, Some(PssParameters::of(Sha1)));
        let bad_trailer = [0x30, 0x05, 0xA3, 0x03, 0x02, 0x01, 0x02];
        assert_eq!(PssParameters::decode(AnyRef::from_der(&bad_trailer).unwrap(), &mut Vec::new()), None);
    }

    proptest! {
        #[test]
        fn parameters_of_pss_come_back(
            hash in proptest::sample::select(&HashAlgorithm::ALL[..]),
            mask_hash in proptest::sample::select(&HashAlgorithm::ALL[..]), salt_bytes in any::<u8>(),
        ) {
            let algorithm = SignatureAlgorithm::RsaPss(PssParameters { hash, mask_hash, salt_bytes });
            let mut notes = Vec::new();
            prop_assert_eq!(SignatureAlgorithm::read(&algorithm.identifier().unwrap(), &mut notes), Some(algorithm));
            prop_assert_eq!(notes.contains(&Note::MaskHash), hash != mask_hash);
        }
    }
}
