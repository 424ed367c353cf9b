//! LDSSecurityObject: the hashes of the data groups, 9303-10 §4.6.2.3.

use super::SodError;
use crate::algorithm::hash_of;
use crate::{HashAlgorithm, Note, ber};
use ::spki::AlgorithmIdentifierOwned;
use der::asn1::{OctetString, PrintableString};
use der::referenced::OwnedToRef;
use der::{Decode, Encode, Sequence};

/// ```text
/// LDSSecurityObject ::= SEQUENCE {
///     version              INTEGER { V0(0), V1(1) },
///     hashAlgorithm        AlgorithmIdentifier,
///     dataGroupHashValues  SEQUENCE SIZE (2..16) OF DataGroupHash,
///     ldsVersionInfo       LDSVersionInfo OPTIONAL -- if present, version is V1 }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct LdsSecurityObject {
    version: u8,
    hash_algorithm: AlgorithmIdentifierOwned,
    hashes: Vec<DataGroupHash>,
    #[asn1(optional = "true")]
    version_info: Option<LdsVersionInfo>,
}

/// ```text
/// DataGroupHash ::= SEQUENCE { dataGroupNumber INTEGER (1..16), dataGroupHashValue OCTET STRING }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct DataGroupHash {
    number: u8,
    value: OctetString,
}

/// ```text
/// LDSVersionInfo ::= SEQUENCE { ldsVersion PrintableString, unicodeVersion PrintableString }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct LdsVersionInfo {
    lds_version: PrintableString,
    unicode_version: PrintableString,
}

/// The hashes of the data groups, in the order in which they are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityObject {
    /// Hash function of all entries.
    pub hash: HashAlgorithm,
    /// Data group number and digest; 2 to 16 entries, no number twice.
    pub hashes: Vec<(u8, Vec<u8>)>,
    /// LDS and Unicode version, `0108` and `040000`; `None` in objects of version 0.
    pub versions: Option<(String, String)>,
}

impl SecurityObject {
    /// Hashes data groups with SHA-256, for LDS 1.8 and Unicode 4.0.0; listed by ascending number.
    ///
    /// # Errors
    /// [`SodError::DataGroup`], [`SodError::DataGroupTwice`], [`SodError::DataGroups`].
    pub fn of(data_groups: &[(u8, &[u8])]) -> Result<Self, SodError> {
        Self::with(HashAlgorithm::Sha256, Some(("0108".to_owned(), "040000".to_owned())), data_groups)
    }

    /// As [`SecurityObject::of`] with another hash and other versions, LDS and Unicode; without versions it is an
    /// object of version 0.
    ///
    /// # Errors
    /// As [`SecurityObject::of`].
    pub fn with(
        hash: HashAlgorithm,
        versions: Option<(String, String)>,
        data_groups: &[(u8, &[u8])],
    ) -> Result<Self, SodError> {
        let mut hashes: Vec<_> = data_groups.iter().map(|(number, octets)| (*number, hash.digest(octets))).collect();
        hashes.sort_by_key(|(number, _)| *number);
        let object = Self { hash, hashes, versions };
        object.check()?;
        Ok(object)
    }

    /// Digest of a data group, `None` when it is not listed.
    pub fn digest(&self, number: u8) -> Option<&[u8]> {
        self.hashes.iter().find(|(listed, _)| *listed == number).map(|(_, digest)| digest.as_slice())
    }

    /// As DER, 9303-10 §4.6.2.3: version 1 with versions, else version 0.
    ///
    /// # Errors
    /// [`SodError::Encode`].
    pub fn to_der(&self) -> Result<Vec<u8>, SodError> {
        self.encode().map_err(SodError::Encode)
    }

    fn encode(&self) -> Result<Vec<u8>, der::Error> {
        let hash = |(number, digest): &(u8, Vec<u8>)| {
            Ok(DataGroupHash { number: *number, value: OctetString::new(digest.as_slice())? })
        };
        let version_info = self.versions.as_ref().map(|(lds_version, unicode_version)| {
            Ok::<_, der::Error>(LdsVersionInfo {
                lds_version: PrintableString::new(lds_version)?,
                unicode_version: PrintableString::new(unicode_version)?,
            })
        });
        LdsSecurityObject {
            version: u8::from(self.versions.is_some()),
            hash_algorithm: AlgorithmIdentifierOwned { oid: self.hash.oid(), parameters: None },
            hashes: self.hashes.iter().map(hash).collect::<Result<_, der::Error>>()?,
            version_info: version_info.transpose()?,
        }
        .to_der()
    }

    /// From DER, versions 0 and 1.
    ///
    /// # Errors
    /// [`SodError`], a variant per defect.
    pub fn from_der(der: &[u8]) -> Result<Self, SodError> {
        Self::read(der, &mut Vec::new())
    }

    /// As [`SecurityObject::from_der`], with what was tolerated. The octets were hashed as they stand; here they are
    /// only understood.
    pub(super) fn read(octets: &[u8], notes: &mut Vec<Note>) -> Result<Self, SodError> {
        let (der, changed) = ber::to_der(octets)?;
        if changed {
            Note::NotDer.add(notes);
        }
        Self::decode(&der, notes)
    }

    fn decode(der: &[u8], notes: &mut Vec<Note>) -> Result<Self, SodError> {
        let object = LdsSecurityObject::from_der(der).map_err(SodError::SecurityObject)?;
        if object.version > 1 {
            return Err(SodError::Version(object.version));
        }
        let oid = object.hash_algorithm.oid;
        let hash = hash_of(object.hash_algorithm.owned_to_ref()).ok_or(SodError::Hash(oid))?;
        if !hash.is_permitted() {
            Note::Sha1.add(notes);
        }
        if (object.version == 1) != object.version_info.is_some() {
            Note::LdsVersion.add(notes);
        }
        let object = Self {
            hash,
            hashes: object.hashes.into_iter().map(|hash| (hash.number, hash.value.into_bytes().into_vec())).collect(),
            versions: object.version_info.map(|info| (info.lds_version.to_string(), info.unicode_version.to_string())),
        };
        object.check()?;
        Ok(object)
    }

    fn check(&self) -> Result<(), SodError> {
        if !(2..=16).contains(&self.hashes.len()) {
            return Err(SodError::DataGroups(self.hashes.len()));
        }
        let mut seen = [false; 17];
        for (number, digest) in &self.hashes {
            match seen.get_mut(usize::from(*number)) {
                Some(seen) if *number > 0 => {
                    if core::mem::replace(seen, true) {
                        return Err(SodError::DataGroupTwice(*number));
                    }
                }
                _ => return Err(SodError::DataGroup(*number)),
            }
            if digest.len() != self.hash.digest_bytes() {
                return Err(SodError::HashLength { number: *number, hash: self.hash });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn defects_have_their_names() {
        let of = |groups: &[u8]| SecurityObject::of(&groups.iter().map(|n| (*n, &b"x"[..])).collect::<Vec<_>>());
        assert_eq!(of(&[1]), Err(SodError::DataGroups(1)));
        assert_eq!(of(&[1; 17]), Err(SodError::DataGroups(17)));
        assert_eq!(of(&[0, 1]), Err(SodError::DataGroup(0)));
        assert_eq!(of(&[1, 17]), Err(SodError::DataGroup(17)));
        assert_eq!(of(&[2, 1, 2]), Err(SodError::DataGroupTwice(2)));
        let mut object = of(&[1, 2]).unwrap();
        object.hashes[1].1.pop();
        let error = SodError::HashLength { number: 2, hash: HashAlgorithm::Sha256 };
        assert_eq!(SecurityObject::from_der(&object.to_der().unwrap()), Err(error));
    }

    #[test]
    fn other_versions_and_hashes_are_named() {
        let mut der = SecurityObject::of(&[(1, b"a"), (2, b"b")]).unwrap().to_der().unwrap();
        let version = der.iter().position(|octet| *octet == 0x02).unwrap() + 2;
        der[version] = 2;
        assert_eq!(SecurityObject::from_der(&der), Err(SodError::Version(2)));
        der[version] = 1;
        let sha_256 = HashAlgorithm::Sha256.oid();
        let at = der.windows(9).position(|window| window == sha_256.as_bytes()).unwrap();
        der[at + 8] = 9;
        assert!(matches!(SecurityObject::from_der(&der), Err(SodError::Hash(_))));
    }

    proptest! {
        #[test]
        fn objects_come_back(
            groups in proptest::collection::btree_map(1u8..=16, any::<[u8; 8]>(), 2..=16), v0 in any::<bool>(),
        ) {
            let groups: Vec<(u8, &[u8])> = groups.iter().map(|(number, octets)| (*number, &octets[..])).collect();
            let mut object = SecurityObject::of(&groups).unwrap();
            if v0 {
                object.versions = None;
            }
            prop_assert_eq!(SecurityObject::from_der(&object.to_der().unwrap()), Ok(object));
        }
    }
}
