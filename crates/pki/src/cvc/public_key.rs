//! Public keys of CV certificates, TR-03110-3 §D.3.3: the object as it stands, and the key it means once the domain
//! parameters are known.

use super::{CvcError, expect, finish, object_identifier};
use crate::SignatureAlgorithm;
use crate::spki::significant;
use bitaqa_apdu::tlv::{Reader, Tag, put};
use bitaqa_curves::{Curve, Parameters, Point};

/// The object 7F49 as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CvPublicKey {
    /// Algorithm for which the key is used.
    pub algorithm: SignatureAlgorithm,
    /// Domain parameters; stated by a CVCA, inherited by the others.
    pub parameters: Option<Parameters>,
    /// Octets of the public point, not yet known to be one.
    pub point: Vec<u8>,
}

/// A key that verifies: algorithm, curve and checked point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Algorithm for which the key is used.
    pub algorithm: SignatureAlgorithm,
    /// The point, on its curve.
    pub point: Point,
}

impl CvPublicKey {
    /// A key on a curve that is known; with its parameters for a CVCA.
    pub fn new(algorithm: SignatureAlgorithm, point: &Point, with_parameters: bool) -> Self {
        let parameters = with_parameters.then(|| minimal(point.curve().parameters()));
        Self { algorithm, parameters, point: point.encode() }
    }

    /// The key that is meant: on the curve stated, else on that of the key it inherits from.
    ///
    /// # Errors
    /// [`CvcError::UnsupportedCurve`], [`CvcError::NoParameters`], [`CvcError::Point`]; [`CvcError::AlgorithmChange`]
    /// for an heir with another algorithm (TR-03110-3 §2.3).
    pub fn resolve(&self, inherited: Option<&PublicKey>) -> Result<PublicKey, CvcError> {
        let curve = match (&self.parameters, inherited) {
            (Some(stated), _) => Curve::ALL.iter().copied().find(|curve| is_of(stated, *curve)),
            (None, Some(above)) if above.algorithm == self.algorithm => Some(above.point.curve()),
            (None, Some(_)) => return Err(CvcError::AlgorithmChange),
            (None, None) => return Err(CvcError::NoParameters),
        };
        let curve = curve.ok_or(CvcError::UnsupportedCurve)?;
        let point = Point::decode(curve, &self.point).map_err(CvcError::Point)?;
        Ok(PublicKey { algorithm: self.algorithm, point })
    }

    /// Value of 7F49.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + 9 * self.point.len());
        put(&mut out, 0x06, self.algorithm.terminal_authentication_oid().as_bytes());
        if let Some(Parameters { p, a, b, g, n, .. }) = &self.parameters {
            for (tag, value) in [(0x81, p), (0x82, a), (0x83, b), (0x84, g), (0x85, n)] {
                put(&mut out, tag, value);
            }
        }
        put(&mut out, 0x86, &self.point);
        // The cofactor may be left out; without one the vector is empty.
        if let Some(Parameters { h, .. }) = self.parameters.as_ref().filter(|parameters| !parameters.h.is_empty()) {
            put(&mut out, 0x87, h);
        }
        out
    }

    /// From the value of 7F49. The parameters are all there, except perhaps the cofactor, or none is.
    ///
    /// # Errors
    /// [`CvcError::Algorithm`], [`CvcError::Missing`], [`CvcError::Number`], and those of broken TLV.
    pub fn decode(value: &[u8]) -> Result<Self, CvcError> {
        let mut reader = Reader::new(value);
        let oid = object_identifier(expect(&mut reader, 0x06)?)?;
        let algorithm = SignatureAlgorithm::from_terminal_authentication_oid(oid).ok_or(CvcError::Algorithm(oid))?;
        let mut parameters = match reader.optional(0x81)? {
            None => None,
            Some(p) => Some(Parameters {
                p: number(0x81, p)?,
                a: number(0x82, expect(&mut reader, 0x82)?)?,
                b: number(0x83, expect(&mut reader, 0x83)?)?,
                g: expect(&mut reader, 0x84)?.to_vec(),
                n: number(0x85, expect(&mut reader, 0x85)?)?,
                h: Vec::new(),
            }),
        };
        let point = expect(&mut reader, 0x86)?.to_vec();
        if let Some(parameters) = &mut parameters
            && let Some(cofactor) = reader.optional(0x87)?
        {
            parameters.h = number(0x87, cofactor)?;
        }
        finish(reader, 0x7F49)?;
        Ok(Self { algorithm, parameters, point })
    }
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
    use bitaqa_curves::SecretScalar;

    fn key(curve: Curve, with_parameters: bool) -> CvPublicKey {
        let point = SecretScalar::from_bytes(curve, &[9; 20]).unwrap().public();
        CvPublicKey::new(SignatureAlgorithm::for_curve(curve), &point, with_parameters)
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
        let parameters = stated.parameters.as_mut().unwrap();
        parameters.h.clear();
        assert!(stated.resolve(None).is_ok(), "the cofactor may be missing");
        let parameters = stated.parameters.as_mut().unwrap();
        *parameters.g.last_mut().unwrap() ^= 1;
        assert_eq!(stated.resolve(None), Err(CvcError::UnsupportedCurve));
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
        heir.algorithm = SignatureAlgorithm::EcdsaSha512;
        assert_eq!(heir.resolve(Some(&above)), Err(CvcError::AlgorithmChange));
        let stranger = key(Curve::P384, false);
        assert!(matches!(
            stranger.resolve(Some(&PublicKey { algorithm: stranger.algorithm, ..above })),
            Err(CvcError::Point(_))
        ));
    }
}
