//! EF.CardInfo, in PKCS #15 EF.TokenInfo: what the card is called and which algorithms it has.

use super::{Bits, bits, object, octets, read_value};
use crate::LdsError;
use bitaqa_apdu::Bytes;
use der::asn1::{Any, Null, ObjectIdentifier, OctetString};
use der::{Encode, Sequence};

bits! {
    /// What a terminal must know before it does anything, 7816-15 §8.10.
    CardFlags {
        /// Nothing can be written.
        READ_ONLY = 0,
        /// Some things need a PIN.
        AUTH_REQUIRED = 1,
        /// Keys can be made on the card.
        GENERATION = 2,
    }
}

bits! {
    /// What an algorithm is for, 7816-15 §8.10.
    Operations {
        /// Making signatures.
        COMPUTE_SIGNATURE = 1,
        /// Hashing.
        HASH = 6,
        /// Making key pairs.
        GENERATE_KEY = 7,
    }
}

/// ```text
/// CardInfo ::= SEQUENCE {
///   version INTEGER { v1(0), v2(1) }, serialNumber OCTET STRING OPTIONAL, manufacturerID UTF8String OPTIONAL,
///   label [0] UTF8String OPTIONAL, cardflags BIT STRING, ..,
///   supportedAlgorithms [2] SEQUENCE OF AlgorithmInfo OPTIONAL, .. }
/// ```
/// 7816-15 §8.10.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardInfo {
    /// Serial number, which is no data of the holder.
    pub serial_number: Vec<u8>,
    /// Who made the application.
    pub manufacturer: String,
    /// What the card is called.
    pub label: String,
    /// What a terminal must know first.
    pub flags: CardFlags,
    /// Algorithms of the keys.
    pub algorithms: Vec<AlgorithmInfo>,
}

/// ```text
/// AlgorithmInfo ::= SEQUENCE {
///   reference INTEGER, algorithm INTEGER, parameters ANY, supportedOperations BIT STRING,
///   objId OBJECT IDENTIFIER OPTIONAL, algRef INTEGER OPTIONAL }
/// ```
/// 7816-15 §8.10; algorithm is a mechanism of PKCS #11.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlgorithmInfo {
    /// Number by which keys refer to it.
    pub reference: u8,
    /// Mechanism of PKCS #11: 1 RSA with PKCS #1, 1041 ECDSA.
    pub mechanism: u16,
    /// Curve of an elliptic key; `None` for RSA, which has NULL.
    pub curve: Option<ObjectIdentifier>,
    /// What it is for.
    pub operations: Operations,
    /// DO 80 of MSE:Set, by which the card knows it.
    pub card_reference: Option<u8>,
}

#[derive(Sequence)]
struct Wire {
    version: u8,
    serial_number: OctetString,
    manufacturer: String,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    label: String,
    flags: Bits,
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT")]
    algorithms: Vec<Algorithm>,
}

#[derive(Clone, Sequence)]
struct Algorithm {
    reference: u8,
    mechanism: u16,
    parameters: Any,
    operations: Bits,
    #[asn1(optional = "true")]
    object: Option<ObjectIdentifier>,
    #[asn1(optional = "true")]
    card_reference: Option<u8>,
}

/// Version v2 is that of ISO/IEC 7816-15.
const VERSION: u8 = 1;

impl CardInfo {
    /// The file.
    ///
    /// # Errors
    /// [`LdsError::Der`].
    pub fn encode(&self) -> Result<Bytes, LdsError> {
        let algorithms = self.algorithms.iter().map(AlgorithmInfo::to_wire).collect::<Result<_, _>>()?;
        let wire = Wire {
            version: VERSION,
            serial_number: octets(&self.serial_number)?,
            manufacturer: self.manufacturer.clone(),
            label: self.label.clone(),
            flags: self.flags.0,
            algorithms,
        };
        Ok(wire.to_der()?.into())
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`LdsError`] for what is no such value.
    pub fn decode(file: &[u8]) -> Result<Self, LdsError> {
        let wire: Wire = read_value(file)?;
        if wire.version != VERSION {
            return Err(object("another version than v2 of CardInfo"));
        }
        Ok(Self {
            serial_number: wire.serial_number.as_bytes().to_vec(),
            manufacturer: wire.manufacturer,
            label: wire.label,
            flags: CardFlags(wire.flags),
            algorithms: wire.algorithms.iter().map(AlgorithmInfo::of_wire).collect::<Result<_, _>>()?,
        })
    }
}

impl AlgorithmInfo {
    fn to_wire(&self) -> Result<Algorithm, LdsError> {
        let parameters = match self.curve {
            Some(curve) => Any::encode_from(&curve)?,
            None => Any::encode_from(&Null)?,
        };
        Ok(Algorithm {
            reference: self.reference,
            mechanism: self.mechanism,
            parameters,
            operations: self.operations.0,
            object: None,
            card_reference: self.card_reference,
        })
    }

    fn of_wire(wire: &Algorithm) -> Result<Self, LdsError> {
        let curve = match wire.parameters.decode_as::<Null>() {
            Ok(Null) => None,
            Err(_) => Some(wire.parameters.decode_as::<ObjectIdentifier>()?),
        };
        if wire.object.is_some() {
            return Err(object("an algorithm with an object identifier of its own"));
        }
        let (reference, mechanism, card_reference) = (wire.reference, wire.mechanism, wire.card_reference);
        Ok(Self { reference, mechanism, curve, operations: Operations(wire.operations), card_reference })
    }
}
