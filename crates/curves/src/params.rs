//! Names, numbers and domain parameters of the curves: 9303-11 §9.5.1, TR-03110-3 §A.2.1.1.

use crate::group::{self, on_curve};
use const_oid::ObjectIdentifier;
use core::fmt;

/// A curve of the standardised domain parameters that this workspace can compute on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Curve {
    /// NIST P-256, secp256r1.
    P256,
    /// NIST P-384, secp384r1.
    P384,
    /// RFC 5639 §3.4.
    BrainpoolP256r1,
    /// RFC 5639 §3.6.
    BrainpoolP384r1,
}

/// Domain parameters as octet strings without a sign octet: p, a, b as long as the field, n as long as the order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parameters {
    /// Prime of the field.
    pub p: Vec<u8>,
    /// Coefficient a of y² = x³ + ax + b.
    pub a: Vec<u8>,
    /// Coefficient b.
    pub b: Vec<u8>,
    /// Generator as 04, x, y.
    pub g: Vec<u8>,
    /// Order of the generator.
    pub n: Vec<u8>,
    /// Cofactor: 1 for every curve here.
    pub h: Vec<u8>,
}

/// One row per curve: parameter id of 9303-11 table 4, object identifier, name, octets of a field element.
const TABLE: [(Curve, u8, ObjectIdentifier, &str, usize); 4] = [
    (Curve::P256, 12, ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), "P-256", 32),
    (Curve::BrainpoolP256r1, 13, ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.7"), "brainpoolP256r1", 32),
    (Curve::P384, 15, ObjectIdentifier::new_unwrap("1.3.132.0.34"), "P-384", 48),
    (Curve::BrainpoolP384r1, 16, ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.11"), "brainpoolP384r1", 48),
];

impl Curve {
    /// Every curve, in the order of the parameter ids.
    pub const ALL: &[Curve] = &[Curve::P256, Curve::BrainpoolP256r1, Curve::P384, Curve::BrainpoolP384r1];

    const fn row(self) -> &'static (Curve, u8, ObjectIdentifier, &'static str, usize) {
        let [p256, bp256, p384, bp384] = &TABLE;
        match self {
            Curve::P256 => p256,
            Curve::BrainpoolP256r1 => bp256,
            Curve::P384 => p384,
            Curve::BrainpoolP384r1 => bp384,
        }
    }

    /// The curve with this standardised domain parameter id, 9303-11 §9.5.1; `None` for the groups not built here.
    pub fn from_parameter_id(id: u8) -> Option<Curve> {
        Self::ALL.iter().copied().find(|curve| curve.parameter_id() == id)
    }

    /// Standardised domain parameter id, 9303-11 §9.5.1.
    pub const fn parameter_id(self) -> u8 {
        self.row().1
    }

    /// The curve that X.509 and PKCS#8 call by this name.
    pub fn from_oid(oid: ObjectIdentifier) -> Option<Curve> {
        Self::ALL.iter().copied().find(|curve| curve.oid() == oid)
    }

    /// Object identifier of the named curve, RFC 5480 §2.1.1.1 and RFC 5639 §4.1.
    pub const fn oid(self) -> ObjectIdentifier {
        self.row().2
    }

    /// Name for people.
    pub const fn name(self) -> &'static str {
        self.row().3
    }

    /// Octets of a coordinate, and for these curves also of a scalar.
    pub const fn field_bytes(self) -> usize {
        self.row().4
    }

    /// Octets of an uncompressed point: 04, x, y.
    pub const fn point_bytes(self) -> usize {
        1 + 2 * self.field_bytes()
    }

    /// Domain parameters, for CV certificates (TR-03110-3 §D.3.3) and for comparison with explicit parameters.
    pub fn parameters(self) -> Parameters {
        on_curve!(self, parameters())
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_oids_and_rows_belong_together() {
        for curve in Curve::ALL.iter().copied() {
            assert_eq!(curve.row().0, curve);
            assert_eq!(Curve::from_parameter_id(curve.parameter_id()), Some(curve));
            assert_eq!(Curve::from_oid(curve.oid()), Some(curve));
            assert_eq!(curve.parameters().p.len(), curve.field_bytes());
            assert_eq!(curve.parameters().n.len(), curve.field_bytes());
            assert_eq!(curve.parameters().g.len(), curve.point_bytes());
        }
        assert_eq!(Curve::from_parameter_id(14), None);
        assert_eq!(Curve::from_parameter_id(0), None);
    }
}
