//! Names, numbers and domain parameters of the curves: 9303-11 §9.5.1, TR-03110-3 §A.2.1.1.

use crate::group::{self, on_curve};
use const_oid::ObjectIdentifier;
use core::fmt;

/// A curve of the standardised domain parameters, 9303-11 §9.5.1 table 12.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Curve {
    /// NIST P-192, secp192r1.
    P192,
    /// RFC 5639 §3.2.
    BrainpoolP192r1,
    /// NIST P-224, secp224r1: the one curve without an integrated mapping.
    P224,
    /// RFC 5639 §3.3.
    BrainpoolP224r1,
    /// NIST P-256, secp256r1.
    P256,
    /// RFC 5639 §3.4.
    BrainpoolP256r1,
    /// RFC 5639 §3.5.
    BrainpoolP320r1,
    /// NIST P-384, secp384r1.
    P384,
    /// RFC 5639 §3.6.
    BrainpoolP384r1,
    /// RFC 5639 §3.7.
    BrainpoolP512r1,
    /// NIST P-521, secp521r1.
    P521,
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

/// Parameter id of 9303-11 §9.5.1, object identifier, name, octets of a field element.
struct Row(u8, ObjectIdentifier, &'static str, usize);

const fn row(id: u8, oid: &str, name: &'static str, field_bytes: usize) -> Row {
    Row(id, ObjectIdentifier::new_unwrap(oid), name, field_bytes)
}

impl Curve {
    /// Every curve, in the order of the parameter ids.
    pub const ALL: &[Curve] = &[
        Curve::P192,
        Curve::BrainpoolP192r1,
        Curve::P224,
        Curve::BrainpoolP224r1,
        Curve::P256,
        Curve::BrainpoolP256r1,
        Curve::BrainpoolP320r1,
        Curve::P384,
        Curve::BrainpoolP384r1,
        Curve::BrainpoolP512r1,
        Curve::P521,
    ];

    const fn row(self) -> Row {
        match self {
            Curve::P192 => const { row(8, "1.2.840.10045.3.1.1", "P-192", 24) },
            Curve::BrainpoolP192r1 => const { row(9, "1.3.36.3.3.2.8.1.1.3", "brainpoolP192r1", 24) },
            Curve::P224 => const { row(10, "1.3.132.0.33", "P-224", 28) },
            Curve::BrainpoolP224r1 => const { row(11, "1.3.36.3.3.2.8.1.1.5", "brainpoolP224r1", 28) },
            Curve::P256 => const { row(12, "1.2.840.10045.3.1.7", "P-256", 32) },
            Curve::BrainpoolP256r1 => const { row(13, "1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1", 32) },
            Curve::BrainpoolP320r1 => const { row(14, "1.3.36.3.3.2.8.1.1.9", "brainpoolP320r1", 40) },
            Curve::P384 => const { row(15, "1.3.132.0.34", "P-384", 48) },
            Curve::BrainpoolP384r1 => const { row(16, "1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1", 48) },
            Curve::BrainpoolP512r1 => const { row(17, "1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1", 64) },
            Curve::P521 => const { row(18, "1.3.132.0.35", "P-521", 66) },
        }
    }

    /// The curve with this standardised domain parameter id, 9303-11 §9.5.1; `None` for ids of DH groups (0 to 2) and
    /// those reserved: see [`Domain`](crate::Domain) for both families.
    pub fn from_parameter_id(id: u8) -> Option<Curve> {
        Self::ALL.iter().copied().find(|curve| curve.parameter_id() == id)
    }

    /// Standardised domain parameter id, 9303-11 §9.5.1.
    pub const fn parameter_id(self) -> u8 {
        self.row().0
    }

    /// The curve that X.509 and PKCS#8 call by this name.
    pub fn from_oid(oid: ObjectIdentifier) -> Option<Curve> {
        Self::ALL.iter().copied().find(|curve| curve.oid() == oid)
    }

    /// Object identifier of the named curve, RFC 5480 §2.1.1.1 and RFC 5639 §4.1.
    pub const fn oid(self) -> ObjectIdentifier {
        self.row().1
    }

    /// Name for people.
    pub const fn name(self) -> &'static str {
        self.row().2
    }

    /// By name: [`Self::name`], or for the curves of NIST the name that SEC 2 §2 gives them, as `secp256r1`.
    pub fn from_name(name: &str) -> Option<Curve> {
        let bits = name.strip_prefix("secp").and_then(|rest| rest.strip_suffix("r1"));
        let is_named = |curve: &&Curve| {
            curve.name() == name || bits.is_some_and(|bits| curve.name().strip_prefix("P-") == Some(bits))
        };
        Self::ALL.iter().find(is_named).copied()
    }

    /// Octets of a coordinate, and for these curves also of a scalar.
    pub const fn field_bytes(self) -> usize {
        self.row().3
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
            assert_eq!(Curve::from_parameter_id(curve.parameter_id()), Some(curve));
            assert_eq!(Curve::from_oid(curve.oid()), Some(curve));
            assert_eq!(curve.parameters().p.len(), curve.field_bytes());
            assert_eq!(curve.parameters().n.len(), curve.field_bytes());
            assert_eq!(curve.parameters().g.len(), curve.point_bytes());
        }
        let ids: Vec<_> = Curve::ALL.iter().map(|curve| curve.parameter_id()).collect();
        assert_eq!(ids, (8..=18).collect::<Vec<_>>());
        for id in [0, 1, 2, 3, 7, 19, 31, 255] {
            assert_eq!(Curve::from_parameter_id(id), None);
        }
    }
}
