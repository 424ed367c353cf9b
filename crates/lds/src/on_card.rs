//! Comparison on the card, ISO/IEC 7816-11 and 24787: what a card says of its references, and what a terminal sends.
//!
//! ```text
//! 7F61 L { 02 01 <n>
//!   7F60 L { [83 01 <reference, P2 of VERIFY>]
//!     A1 L { 81 01 08  82 01 <finger>  87 02 <owner>  88 02 <format>
//!            B1 L { 81 02 <fewest, most>  82 01 <order>  [83 01 <feature handling>] } } } ... }
//! 7F2E L { 81 L <minutiae in the compact form> }
//! ```

use bitaqa_apdu::{Bytes, tlv};

use crate::error::{LdsError, value};
use crate::fingers::FingerPosition;
use crate::minutiae::{COMPACT_OCTETS, Order, from_compact};

/// BIT group template, also the tag by which GET DATA asks for it.
pub const GROUP: tlv::Tag = 0x7F61;
/// Biometric data template.
pub const DATA: tlv::Tag = 0x7F2E;

const COUNT: tlv::Tag = 0x02;
const TEMPLATE: tlv::Tag = 0x7F60;
const REFERENCE: tlv::Tag = 0x83;
const HEADER: tlv::Tag = 0xA1;
const TYPE: tlv::Tag = 0x81;
const FINGER: tlv::Tag = 0x82;
const OWNER: tlv::Tag = 0x87;
const FORMAT: tlv::Tag = 0x88;
const ALGORITHM: tlv::Tag = 0xB1;
const MINUTIAE: tlv::Tag = 0x81;
const ORDER: tlv::Tag = 0x82;
const FEATURES: tlv::Tag = 0x83;

/// Format owner ISO/IEC JTC 1/SC 37.
pub const OWNER_SC37: u16 = 0x0101;
/// Format of IBIA for 19794-2 minutiae, card compact form, ridges skeletonised in the valleys.
pub const FORMAT_COMPACT: u16 = 0x0005;
/// Most templates in a group: one for each finger.
const TEMPLATES_MAX: usize = 10;

/// Biometric information template of one reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Information {
    /// Reference qualifier: P2 of the VERIFY that compares with it.
    pub reference: Option<u8>,
    /// Biometric sub-type as it stands there: see [`Information::finger`].
    pub subtype: u8,
    /// Format owner.
    pub owner: u16,
    /// Format of the probe.
    pub format: u16,
    /// Fewest and most minutiae of a probe.
    pub minutiae: (u8, u8),
    /// Order in which the card wants them.
    pub order: Order,
    /// Feature handling indicator.
    pub features: Option<u8>,
}

impl Information {
    /// The finger, when the sub-type names one.
    pub fn finger(&self) -> Option<FingerPosition> {
        FingerPosition::from_subtype(self.subtype)
    }

    fn encode(&self) -> Vec<u8> {
        let mut algorithm = tlv::tlv(MINUTIAE, &[self.minutiae.0, self.minutiae.1]);
        tlv::put(&mut algorithm, ORDER, &[self.order.code()]);
        if let Some(features) = self.features {
            tlv::put(&mut algorithm, FEATURES, &[features]);
        }
        let mut header = tlv::tlv(TYPE, &[0x08]);
        tlv::put(&mut header, FINGER, &[self.subtype]);
        tlv::put(&mut header, OWNER, &self.owner.to_be_bytes());
        tlv::put(&mut header, FORMAT, &self.format.to_be_bytes());
        tlv::put(&mut header, ALGORITHM, &algorithm);
        let mut out = self.reference.map_or_else(Vec::new, |reference| tlv::tlv(REFERENCE, &[reference]));
        tlv::put(&mut out, HEADER, &header);
        tlv::tlv(TEMPLATE, &out)
    }

    fn decode(content: &[u8]) -> Result<Self, LdsError> {
        let mut outer = tlv::Reader::new(content);
        let reference = outer.optional(REFERENCE)?.map(|octets| exactly::<1>(octets, REFERENCE)).transpose()?;
        let mut header = tlv::Reader::new(outer.expect(HEADER)?);
        outer.finish()?;
        if header.expect(TYPE)? != [0x08] {
            return Err(value(TYPE, "is no fingerprint"));
        }
        let [subtype] = exactly(header.expect(FINGER)?, FINGER)?;
        let owner = u16::from_be_bytes(exactly(header.expect(OWNER)?, OWNER)?);
        let format = u16::from_be_bytes(exactly(header.expect(FORMAT)?, FORMAT)?);
        let mut algorithm = tlv::Reader::new(header.expect(ALGORITHM)?);
        header.finish()?;
        let [fewest, most] = exactly(algorithm.expect(MINUTIAE)?, MINUTIAE)?;
        if fewest > most {
            return Err(value(MINUTIAE, "wants more minutiae than it takes"));
        }
        let [order] = exactly(algorithm.expect(ORDER)?, ORDER)?;
        let order = Order::from_code(order).ok_or(value(ORDER, "names no order of minutiae"))?;
        let features = algorithm.optional(FEATURES)?.map(|octets| exactly::<1>(octets, FEATURES)).transpose()?;
        algorithm.finish()?;
        let octet = |array: Option<[u8; 1]>| array.map(|[octet]| octet);
        let (reference, features) = (octet(reference), octet(features));
        Ok(Self { reference, subtype, owner, format, minutiae: (fewest, most), order, features })
    }
}

fn exactly<const N: usize>(octets: &[u8], tag: tlv::Tag) -> Result<[u8; N], LdsError> {
    octets.try_into().map_err(|_| value(tag, "has a wrong length"))
}

/// The BIT group: answer to GET DATA 7F61.
///
/// # Errors
/// [`LdsError::Value`] for more than ten references.
pub fn encode_group(templates: &[Information]) -> Result<Vec<u8>, LdsError> {
    let count = u8::try_from(templates.len()).ok().filter(|_| templates.len() <= TEMPLATES_MAX);
    let mut content = tlv::tlv(COUNT, &[count.ok_or(value(COUNT, "is above ten"))?]);
    content.extend(templates.iter().flat_map(Information::encode));
    Ok(tlv::tlv(GROUP, &content))
}

/// Reads a BIT group.
///
/// # Errors
/// [`LdsError::Tlv`], [`LdsError::Value`] for a broken shape, a number of templates other than told or above ten.
pub fn decode_group(octets: &[u8]) -> Result<Vec<Information>, LdsError> {
    let mut reader = tlv::Reader::new(tlv::only(octets, GROUP)?);
    let [count] = exactly(reader.expect(COUNT)?, COUNT)?;
    if usize::from(count) > TEMPLATES_MAX {
        return Err(value(COUNT, "is above ten"));
    }
    let mut templates = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        templates.push(Information::decode(reader.expect(TEMPLATE)?)?);
    }
    reader.finish()?;
    Ok(templates)
}

/// Command data of a VERIFY with these minutiae.
pub fn probe(minutiae: &[[u8; COMPACT_OCTETS]]) -> Bytes {
    tlv::tlv(DATA, &tlv::tlv(MINUTIAE, minutiae.as_flattened())).into()
}

/// The minutiae of a probe or of a reference.
///
/// # Errors
/// [`LdsError::Tlv`] for a broken shape, [`LdsError::Value`] for octets that are no minutiae.
pub fn read_probe(octets: &[u8]) -> Result<&[[u8; COMPACT_OCTETS]], LdsError> {
    let template = tlv::only(tlv::only(octets, DATA)?, MINUTIAE)?;
    from_compact(template).ok_or(value(MINUTIAE, "is no template in the compact form"))?;
    Ok(template.as_chunks().0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::minutiae::Sorting;
    use crate::vectors;
    use proptest::prelude::*;

    /// Two templates of libbiomeval's sample, which has placeholders for owners and types.
    const TWO: &str = concat!(
        "7F6141020102",
        "7F601CA11A8101088201028702DEAD8802BEEFB10A81020C40820111830100",
        "7F601CA11A8101088201078702BEEF8802DEADB10A81020C40820111830100",
    );

    #[test]
    fn the_known_answer_reads_and_writes() {
        let octets = hex::decode(TWO).unwrap();
        let group = decode_group(&octets).unwrap();
        let first = group[0];
        assert_eq!((first.subtype, first.owner, first.format), (2, 0xDEAD, 0xBEEF));
        assert_eq!((first.minutiae, first.order), ((12, 64), Order::Ascending(Sorting::Polar)));
        assert_eq!((first.reference, first.features, first.finger()), (None, Some(0), None));
        assert_eq!(encode_group(&group).unwrap(), octets);
        let Some(sample) = vectors::sample("on-card/TLVBIT.dat") else { return };
        assert_eq!(sample, octets);
    }

    #[test]
    fn what_is_no_group_is_refused() {
        let refused =
            |from: &str, to: &str| decode_group(&hex::decode(TWO.replacen(from, to, 1)).unwrap()).unwrap_err();
        assert!(refused("020102", "020103").to_string().contains("7F60"));
        assert!(matches!(refused("810108", "810102"), LdsError::Value { tag: TYPE, .. }));
        assert!(matches!(refused("81020C40", "8102410C"), LdsError::Value { tag: MINUTIAE, .. }));
        assert!(matches!(refused("820111", "820113"), LdsError::Value { tag: ORDER, .. }));
        assert!(matches!(refused("020102", "02010B"), LdsError::Value { tag: COUNT, .. }));
    }

    #[test]
    fn probes_have_two_headers() {
        let octets = probe(&[[1, 2, 0x43], [4, 5, 0x86]]);
        assert_eq!(hex::encode_upper(&*octets), "7F2E088106010243040586");
        assert_eq!(read_probe(&octets).unwrap(), [[1, 2, 0x43], [4, 5, 0x86]]);
        assert!(read_probe(&hex::decode("7F2E0481020102").unwrap()).is_err());
        assert!(read_probe(&hex::decode("7F2E0581030102FF").unwrap()).is_err(), "type 11 is reserved");
        // 82 minutiae are the most that one short command carries
        assert_eq!((probe(&vec![[0; 3]; 82]).len(), probe(&vec![[0; 3]; 83]).len()), (253, 256));
    }

    proptest! {
        #[test]
        fn groups_read_back(
            fields in proptest::collection::vec(
                (any::<Option<u8>>(), any::<u8>(), 0u8..=64, 64u8.., 0usize..9),
                0..=10,
            ),
        ) {
            const ORDERS: [u8; 9] = [0x00, 0x05, 0x06, 0x09, 0x0A, 0x0D, 0x0E, 0x11, 0x12];
            let group = fields.into_iter().map(|(reference, subtype, fewest, most, order)| Information {
                reference,
                subtype,
                owner: OWNER_SC37,
                format: FORMAT_COMPACT,
                minutiae: (fewest, most),
                order: Order::from_code(ORDERS[order]).unwrap(),
                features: reference,
            });
            let group: Vec<Information> = group.collect();
            prop_assert_eq!(decode_group(&encode_group(&group).unwrap()).unwrap(), group);
        }
    }
}
