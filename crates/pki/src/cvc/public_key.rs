//! Public keys of CV certificates, TR-03110-3 §D.3.3: the object as it stands, and the key it means once the domain
//! parameters are known.

use super::{CvcError, expect, finish, object_identifier};
use crate::rsa::{RsaError, RsaPublicKey};
use crate::spki::significant;
use crate::{Signature, SignatureAlgorithm, VerifyError};
use bitaqa_apdu::tlv::{Reader, Tag, put};
use bitaqa_curves::{Curve, Parameters, Point};

/// The object 7F49 as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CvPublicKey {
    algorithm: SignatureAlgorithm,
    value: CvKey,
}

/// Numbers of a key as they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CvKey {
    /// TR-03110-3 table 31.
    Ec {
        /// Domain parameters; stated by a CVCA, inherited by the others.
        parameters: Option<Parameters>,
        /// Octets of the public point, not yet known to be one.
        point: Vec<u8>,
    },
    /// TR-03110-3 table 29.
    Rsa(RsaPublicKey),
}

/// A key that verifies: its algorithm with a checked point or RSA key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Algorithm for which the key is used.
    pub algorithm: SignatureAlgorithm,
    /// The key itself.
    pub key: crate::PublicKey,
}

impl PublicKey {
    /// Verifies a signature over a message: of a certificate below, or of a terminal over its challenge.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), VerifyError> {
        self.key.verify(self.algorithm, message, signature)
    }

    /// Whether another key may stand in one chain with this: same algorithm, domain parameters and key size
    /// (TR-03110-3 §2.3).
    fn is_like(&self, other: &Self) -> bool {
        let size = |key: &crate::PublicKey| key.rsa().map(RsaPublicKey::bits);
        self.algorithm == other.algorithm
            && self.key.curve() == other.key.curve()
            && size(&self.key) == size(&other.key)
    }
}

impl CvPublicKey {
    /// A key for an algorithm; one on a curve with its parameters for a CVCA.
    ///
    /// # Errors
    /// [`CvcError::NoAlgorithm`] when the algorithm has no name in TR-03110 or is not for such a key,
    /// [`CvcError::Rsa`] for a length that table 17 does not know.
    pub fn new(algorithm: SignatureAlgorithm, key: &crate::PublicKey, with_parameters: bool) -> Result<Self, CvcError> {
        let value = match key {
            crate::PublicKey::Ec(point) => CvKey::Ec {
                parameters: with_parameters.then(|| minimal(point.curve().parameters())),
                point: point.encode(),
            },
            crate::PublicKey::Rsa(key) => CvKey::Rsa(check_rsa(key.clone())?),
        };
        let fits = algorithm.is_rsa() == matches!(value, CvKey::Rsa(_));
        if !fits || algorithm.terminal_authentication_oid().is_none() {
            return Err(CvcError::NoAlgorithm(algorithm));
        }
        Ok(Self { algorithm, value })
    }

    /// Algorithm for which the key is used.
    pub const fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The numbers as they stand.
    pub const fn value(&self) -> &CvKey {
        &self.value
    }

    /// Whether domain parameters stand in it; RSA keys have none.
    pub const fn has_parameters(&self) -> bool {
        matches!(self.value, CvKey::Ec { parameters: Some(_), .. })
    }

    /// Whether it is an elliptic-curve key without domain parameters.
    pub const fn lacks_parameters(&self) -> bool {
        matches!(self.value, CvKey::Ec { parameters: None, .. })
    }

    /// Whether the key as it stands is the one given.
    pub(super) fn is_of(&self, key: &crate::PublicKey) -> bool {
        match (&self.value, key) {
            (CvKey::Ec { point, .. }, crate::PublicKey::Ec(other)) => point == other.as_octets(),
            (CvKey::Rsa(key), crate::PublicKey::Rsa(other)) => key == other,
            _ => false,
        }
    }

    /// The key that is meant: on the curve stated, else on that of the key it inherits from. A CVCA may leave the
    /// algorithm of the key above it (link certificates, TR-03110-3 §2.3) only with parameters of its own.
    ///
    /// # Errors
    /// [`CvcError::UnsupportedCurve`], [`CvcError::NoParameters`], [`CvcError::Point`]; [`CvcError::AlgorithmChange`]
    /// for an heir with another algorithm (TR-03110-3 §2.3).
    pub fn resolve(&self, inherited: Option<&PublicKey>) -> Result<PublicKey, CvcError> {
        let CvKey::Ec { parameters, point } = &self.value else {
            return self.rsa().ok_or(CvcError::NoAlgorithm(self.algorithm));
        };
        let curve = match (parameters, inherited) {
            (Some(stated), _) => Curve::ALL.iter().copied().find(|curve| is_of(stated, *curve)),
            (None, Some(above)) if above.algorithm == self.algorithm => above.key.curve(),
            (None, Some(_)) => return Err(CvcError::AlgorithmChange),
            (None, None) => return Err(CvcError::NoParameters),
        };
        let curve = curve.ok_or(CvcError::UnsupportedCurve)?;
        let point = Point::decode(curve, point).map_err(CvcError::Point)?;
        Ok(PublicKey { algorithm: self.algorithm, key: point.into() })
    }

    fn rsa(&self) -> Option<PublicKey> {
        let CvKey::Rsa(key) = &self.value else { return None };
        Some(PublicKey { algorithm: self.algorithm, key: key.clone().into() })
    }

    /// As [`CvPublicKey::resolve`] for DV and terminal: whatever it states, it keeps algorithm, curve and size.
    pub(super) fn resolve_below(&self, above: &PublicKey) -> Result<PublicKey, CvcError> {
        let key = self.resolve(Some(above))?;
        if key.is_like(above) { Ok(key) } else { Err(CvcError::AlgorithmChange) }
    }

    /// Value of 7F49.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(700);
        // Both constructors have seen to it that there is a name.
        let name = self.algorithm.terminal_authentication_oid();
        put(&mut out, 0x06, name.as_ref().map_or(&[][..], const_oid::ObjectIdentifier::as_bytes));
        match &self.value {
            CvKey::Rsa(key) => {
                put(&mut out, 0x81, key.modulus());
                put(&mut out, 0x82, key.exponent());
            }
            CvKey::Ec { parameters, point } => {
                if let Some(Parameters { p, a, b, g, n, .. }) = parameters {
                    for (tag, value) in [(0x81, p), (0x82, a), (0x83, b), (0x84, g), (0x85, n)] {
                        put(&mut out, tag, value);
                    }
                }
                put(&mut out, 0x86, point);
                // The cofactor may be left out; without one the vector is empty.
                if let Some(Parameters { h, .. }) = parameters.as_ref().filter(|parameters| !parameters.h.is_empty()) {
                    put(&mut out, 0x87, h);
                }
            }
        }
        out
    }

    /// From the value of 7F49. The parameters of a curve are all there, except perhaps the cofactor, or none is.
    ///
    /// # Errors
    /// [`CvcError::Algorithm`], [`CvcError::Missing`], [`CvcError::Number`], [`CvcError::Rsa`], and those of broken
    /// TLV.
    pub fn decode(value: &[u8]) -> Result<Self, CvcError> {
        let mut reader = Reader::new(value);
        let oid = object_identifier(expect(&mut reader, 0x06)?)?;
        let algorithm = SignatureAlgorithm::from_terminal_authentication_oid(oid).ok_or(CvcError::Algorithm(oid))?;
        let value = if algorithm.is_rsa() { read_rsa(&mut reader)? } else { read_ec(&mut reader)? };
        finish(reader, 0x7F49)?;
        Ok(Self { algorithm, value })
    }
}

fn read_rsa(reader: &mut Reader<'_>) -> Result<CvKey, CvcError> {
    let modulus = number(0x81, expect(reader, 0x81)?)?;
    let exponent = number(0x82, expect(reader, 0x82)?)?;
    Ok(CvKey::Rsa(check_rsa(RsaPublicKey::new(&modulus, &exponent)?)?))
}

/// Lengths of TR-03110-3 §A.7.3.2.
fn check_rsa(key: RsaPublicKey) -> Result<RsaPublicKey, CvcError> {
    match key.bits() {
        1024 | 1280 | 1536 | 2048 | 3072 => Ok(key),
        other => Err(RsaError::ModulusBits(other).into()),
    }
}

fn read_ec(reader: &mut Reader<'_>) -> Result<CvKey, CvcError> {
    let mut parameters = match reader.optional(0x81)? {
        None => None,
        Some(p) => Some(Parameters {
            p: number(0x81, p)?,
            a: number(0x82, expect(reader, 0x82)?)?,
            b: number(0x83, expect(reader, 0x83)?)?,
            g: expect(reader, 0x84)?.to_vec(),
            n: number(0x85, expect(reader, 0x85)?)?,
            h: Vec::new(),
        }),
    };
    let point = expect(reader, 0x86)?.to_vec();
    if let Some(parameters) = &mut parameters
        && let Some(cofactor) = reader.optional(0x87)?
    {
        parameters.h = number(0x87, cofactor)?;
    }
    Ok(CvKey::Ec { parameters, point })
}

/// Unsigned integers without zeros on the left, TR-03110-3 §D.2.1.1.
fn number(tag: Tag, octets: &[u8]) -> Result<Vec<u8>, CvcError> {
    match octets.first() {
        None | Some(0) => Err(CvcError::Number(tag)),
        Some(_) => Ok(octets.to_vec()),
    }
}

fn minimal(parameters: Parameters) -> Parameters {
    let Parameters { p, a, b, g, n, h } = parameters;
    let number = |octets: Vec<u8>| significant(&octets).to_vec();
    Parameters { p: number(p), a: number(a), b: number(b), g, n: number(n), h }
}

fn is_of(stated: &Parameters, curve: Curve) -> bool {
    let mut known = minimal(curve.parameters());
    if stated.h.is_empty() {
        known.h.clear();
    }
    *stated == known
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HashAlgorithm;
    use bitaqa_curves::SecretScalar;

    fn key(curve: Curve, with_parameters: bool) -> CvPublicKey {
        let point = SecretScalar::from_bytes(curve, &[9; 20]).unwrap().public();
        CvPublicKey::new(SignatureAlgorithm::for_curve(curve), &point.into(), with_parameters).unwrap()
    }

    #[test]
    fn both_forms_come_back_and_mean_the_same_key() {
        for curve in Curve::ALL.iter().copied() {
            let (stated, bare) = (key(curve, true), key(curve, false));
            for form in [&stated, &bare] {
                assert_eq!(CvPublicKey::decode(&form.encode()).as_ref(), Ok(form));
            }
            let meant = stated.resolve(None).unwrap();
            assert_eq!(bare.resolve(Some(&meant)), Ok(meant.clone()));
            assert_eq!(bare.resolve(None), Err(CvcError::NoParameters));
        }
    }

    #[test]
    fn a_changed_parameter_is_another_curve() {
        let mut stated = key(Curve::P256, true);
        let CvKey::Ec { parameters: Some(parameters), .. } = &mut stated.value else { panic!() };
        parameters.h.clear();
        let mut other = stated.clone();
        assert!(stated.resolve(None).is_ok(), "the cofactor may be missing");
        let CvKey::Ec { parameters: Some(parameters), .. } = &mut other.value else { panic!() };
        *parameters.g.last_mut().unwrap() ^= 1;
        assert_eq!(other.resolve(None), Err(CvcError::UnsupportedCurve));
    }

    #[test]
    fn parameters_are_all_there_or_none_is() {
        let whole = key(Curve::P256, true).encode();
        let objects = bitaqa_apdu::tlv::all(&whole).unwrap();
        for missing in [0x06, 0x82, 0x83, 0x84, 0x85, 0x86] {
            let rest: Vec<u8> = objects.iter().filter(|o| o.tag != missing).flat_map(|o| Vec::<u8>::from(*o)).collect();
            assert_eq!(CvPublicKey::decode(&rest), Err(CvcError::Missing(missing)));
        }
        let zero = [whole, vec![0x88, 0]].concat();
        assert_eq!(CvPublicKey::decode(&zero), Err(CvcError::Unexpected(0x7F49)));
    }

    #[test]
    fn heirs_keep_the_algorithm() {
        let above = key(Curve::BrainpoolP256r1, true).resolve(None).unwrap();
        let mut heir = key(Curve::BrainpoolP256r1, false);
        heir.algorithm = SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha512);
        assert_eq!(heir.resolve(Some(&above)), Err(CvcError::AlgorithmChange));
        let stranger = key(Curve::P384, false);
        assert!(matches!(
            stranger.resolve(Some(&PublicKey { algorithm: stranger.algorithm, ..above })),
            Err(CvcError::Point(_))
        ));
    }

    fn rsa(octets: usize) -> RsaPublicKey {
        RsaPublicKey::new(&vec![0xC5; octets], &[1, 0, 1]).unwrap()
    }

    #[test]
    fn rsa_keys_come_back_in_the_lengths_of_the_table() {
        let algorithm = SignatureAlgorithm::RsaPkcs1(HashAlgorithm::Sha256);
        for octets in [128, 160, 192, 256, 384] {
            let key = CvPublicKey::new(algorithm, &rsa(octets).into(), true).unwrap();
            assert_eq!(CvPublicKey::decode(&key.encode()).as_ref(), Ok(&key));
            assert_eq!(key.resolve(None).unwrap().key, rsa(octets).into());
        }
        let refused = CvPublicKey::new(algorithm, &rsa(512).into(), true);
        assert_eq!(refused, Err(CvcError::Rsa(RsaError::ModulusBits(4096))));
        let nameless = SignatureAlgorithm::RsaPkcs1(HashAlgorithm::Sha384);
        assert_eq!(CvPublicKey::new(nameless, &rsa(256).into(), true), Err(CvcError::NoAlgorithm(nameless)));
        let ecdsa = SignatureAlgorithm::Ecdsa(HashAlgorithm::Sha256);
        assert_eq!(CvPublicKey::new(ecdsa, &rsa(256).into(), true), Err(CvcError::NoAlgorithm(ecdsa)));
    }

    #[test]
    fn a_chain_keeps_algorithm_and_size() {
        let key =
            |hash, octets| CvPublicKey::new(SignatureAlgorithm::RsaPkcs1(hash), &rsa(octets).into(), false).unwrap();
        let above = key(HashAlgorithm::Sha256, 256).resolve(None).unwrap();
        assert!(key(HashAlgorithm::Sha256, 256).resolve_below(&above).is_ok());
        for other in [key(HashAlgorithm::Sha512, 256), key(HashAlgorithm::Sha256, 384)] {
            assert_eq!(other.resolve_below(&above), Err(CvcError::AlgorithmChange));
        }
    }
}
