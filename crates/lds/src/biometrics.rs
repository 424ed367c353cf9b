//! The shell around biometric records that DG2, DG3 and DG4 share: CBEFF in BER-TLV, 9303-10 §4.7.2 and Table 44,
//! 7816-11.
//!
//! ```text
//! 75, 63 or 76 L { 7F61 L { 02 01 <n>
//!   7F60 L { A1 L { [80 version] [81 type] [82 sub-type] [83 created] [85 valid] [86 creator] 87 owner 88 format }
//!            5F2E L <record>  or  7F2E L { A1 L <body> } } ... } }
//! ```
//! The format (88) says of which generation the record is: 19794 stands in 5F2E, 39794 in 7F2E. One in the place of the
//! other is an error.

use bitaqa_apdu::{Bytes, tlv};

use crate::error::{LdsError, value};

const GROUP: tlv::Tag = 0x7F61;
const COUNT: tlv::Tag = 0x02;
const TEMPLATE: tlv::Tag = 0x7F60;
const HEADER: tlv::Tag = 0xA1;
const BLOCK: tlv::Tag = 0x5F2E;
const BLOCK_39794: tlv::Tag = 0x7F2E;

const VERSION: tlv::Tag = 0x80;
const TYPE: tlv::Tag = 0x81;
const SUBTYPE: tlv::Tag = 0x82;
const CREATED: tlv::Tag = 0x83;
const VALID: tlv::Tag = 0x85;
const CREATOR: tlv::Tag = 0x86;
const OWNER: tlv::Tag = 0x87;
const FORMAT: tlv::Tag = 0x88;

/// Format owner ISO/IEC JTC 1/SC 37.
const OWNER_SC37: u16 = 0x0101;
/// Version of the header, CBEFF patron format 1.1.
const HEADER_VERSION: u16 = 0x0101;

/// What a record holds: biometric type (81) and formats (88) of one data group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modality {
    /// Face, DG2.
    Face,
    /// Fingers, DG3.
    Finger,
    /// Irises, DG4.
    Iris,
}

/// Generation of a record: readers take both, a card is written in one. 9303-10 §4.5.6 lets issuers choose until the
/// end of 2029.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Generation {
    /// Fixed fields, editions of 2005.
    Iso19794,
    /// DER, editions of 2019.
    Iso39794,
}

/// Format of a record (tag 88) as IBIA registers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordFormat {
    /// 19794-2:2005, finger minutiae, record format.
    FingerMinutiae = 0x0001,
    /// 19794-4:2005, finger image.
    FingerImage = 0x0007,
    /// 19794-5:2005, face image.
    FaceImage = 0x0008,
    /// 19794-6:2005, iris image.
    IrisImage = 0x0009,
    /// 39794-4, finger image.
    FingerImage39794 = 0x0028,
    /// 39794-5, face image.
    FaceImage39794 = 0x002A,
    /// 39794-6, iris image.
    IrisImage39794 = 0x002C,
}

impl RecordFormat {
    /// Of which generation it is.
    pub const fn generation(self) -> Generation {
        match self {
            Self::FingerMinutiae | Self::FingerImage | Self::FaceImage | Self::IrisImage => Generation::Iso19794,
            Self::FingerImage39794 | Self::FaceImage39794 | Self::IrisImage39794 => Generation::Iso39794,
        }
    }

    /// Tag of the data block.
    const fn block(self) -> tlv::Tag {
        match self.generation() {
            Generation::Iso19794 => BLOCK,
            Generation::Iso39794 => BLOCK_39794,
        }
    }
}

impl Modality {
    /// Outer tag of the data group.
    const fn outer(self) -> tlv::Tag {
        match self {
            Self::Face => 0x75,
            Self::Finger => 0x63,
            Self::Iris => 0x76,
        }
    }

    /// Biometric type, 9303-10 Table 44: facial features, fingerprint, iris.
    const fn biometric_type(self) -> u8 {
        match self {
            Self::Face => 0x02,
            Self::Finger => 0x08,
            Self::Iris => 0x10,
        }
    }

    /// Fewest and most instances. 9303-10 Tables 45, 48 and 51; two hands have ten fingers.
    const fn instances(self) -> (usize, usize) {
        match self {
            Self::Face => (1, 9),
            Self::Finger => (0, 10),
            Self::Iris => (0, 2),
        }
    }

    const fn format(self, code: u16) -> Option<RecordFormat> {
        match (self, code) {
            (Self::Face, 0x0008) => Some(RecordFormat::FaceImage),
            (Self::Finger, 0x0007) => Some(RecordFormat::FingerImage),
            (Self::Finger, 0x0001) => Some(RecordFormat::FingerMinutiae),
            (Self::Iris, 0x0009) => Some(RecordFormat::IrisImage),
            (Self::Face, 0x002A) => Some(RecordFormat::FaceImage39794),
            (Self::Finger, 0x0028) => Some(RecordFormat::FingerImage39794),
            (Self::Iris, 0x002C) => Some(RecordFormat::IrisImage39794),
            _ => None,
        }
    }
}

/// Biometric header template (A1). The optional dates and the creator are carried as octets: no use is made of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// 80 and 81: written by us, optional elsewhere.
    version_and_type: (bool, bool),
    /// 82: 00 for a face; hand and finger for a print, where it is mandatory.
    pub subtype: Option<u8>,
    /// 83, 7 octets of BCD.
    created: Option<[u8; 7]>,
    /// 85, two dates of 4 octets of BCD.
    valid: Option<[u8; 8]>,
    /// 86, product that made the record.
    creator: Option<[u8; 4]>,
    /// 88.
    pub format: RecordFormat,
}

/// One instance: header and record.
pub struct Instance<'a> {
    /// A1.
    pub header: Header,
    /// Value of 5F2E or 7F2E.
    pub record: &'a [u8],
}

impl Header {
    /// The five elements that BSI TR-03121-3.2 demands: 80, 81, 82, 87, 88.
    pub const fn new(subtype: u8, format: RecordFormat) -> Self {
        Self {
            version_and_type: (true, true),
            subtype: Some(subtype),
            created: None,
            valid: None,
            creator: None,
            format,
        }
    }

    /// `A1 L { .. }`.
    pub fn encode(&self, modality: Modality) -> Vec<u8> {
        let mut content = Vec::with_capacity(48);
        let mut put = |tag, octets: Option<&[u8]>| octets.map(|octets| tlv::put(&mut content, tag, octets));
        put(VERSION, self.version_and_type.0.then_some(&HEADER_VERSION.to_be_bytes()));
        put(TYPE, self.version_and_type.1.then_some(&[modality.biometric_type()]));
        put(SUBTYPE, self.subtype.as_ref().map(core::slice::from_ref));
        put(CREATED, self.created.as_ref().map(<[u8; 7]>::as_slice));
        put(VALID, self.valid.as_ref().map(<[u8; 8]>::as_slice));
        put(CREATOR, self.creator.as_ref().map(<[u8; 4]>::as_slice));
        put(OWNER, Some(&OWNER_SC37.to_be_bytes()));
        put(FORMAT, Some(&(self.format as u16).to_be_bytes()));
        tlv::tlv(HEADER, &content)
    }

    /// Reads the value of A1.
    ///
    /// # Errors
    /// [`LdsError::Tlv`] for a broken frame, an element of no use here or a wrong order; [`LdsError::Value`] for a
    /// wrong type, owner or format; [`LdsError::Missing`] without owner or format.
    pub fn decode(content: &[u8], modality: Modality) -> Result<Self, LdsError> {
        let mut reader = tlv::Reader::new(content);
        let version = exactly::<2>(reader.optional(VERSION)?, VERSION)?;
        if version.is_some_and(|version| version != HEADER_VERSION.to_be_bytes()) {
            return Err(value(VERSION, "is a header version other than 0101"));
        }
        let biometric_type = reader.optional(TYPE)?;
        if biometric_type.is_some_and(|octets| octets != [modality.biometric_type()]) {
            return Err(value(TYPE, "is the biometric type of another data group"));
        }
        let subtype = exactly::<1>(reader.optional(SUBTYPE)?, SUBTYPE)?.map(|[octet]| octet);
        let created = exactly(reader.optional(CREATED)?, CREATED)?;
        let valid = exactly(reader.optional(VALID)?, VALID)?;
        let creator = exactly(reader.optional(CREATOR)?, CREATOR)?;
        let owner = exactly(reader.optional(OWNER)?, OWNER)?.ok_or(LdsError::Missing(OWNER))?;
        let format = exactly(reader.optional(FORMAT)?, FORMAT)?.ok_or(LdsError::Missing(FORMAT))?;
        reader.finish()?;
        if u16::from_be_bytes(owner) != OWNER_SC37 {
            return Err(value(OWNER, "is a format owner other than ISO/IEC JTC 1/SC 37"));
        }
        let format = modality.format(u16::from_be_bytes(format));
        let format = format.ok_or(value(FORMAT, "is a format that this data group does not take"))?;
        let version_and_type = (version.is_some(), biometric_type.is_some());
        Ok(Self { version_and_type, subtype, created, valid, creator, format })
    }
}

fn exactly<const N: usize>(octets: Option<&[u8]>, tag: tlv::Tag) -> Result<Option<[u8; N]>, LdsError> {
    octets.map(|octets| octets.try_into().map_err(|_| value(tag, "has a wrong length"))).transpose()
}

/// A whole data group out of headers and records. `random` goes into tag 53 behind an empty group and must be empty
/// otherwise: 9303-10 §4.7.3.2.
///
/// # Errors
/// [`LdsError::Value`] for a number of instances that the data group does not take.
pub fn encode(modality: Modality, instances: &[(Header, Bytes)], random: &[u8]) -> Result<Bytes, LdsError> {
    let count = check_count(modality, instances.len())?;
    let headers: Vec<Vec<u8>> = instances.iter().map(|(header, _)| header.encode(modality)).collect();
    let object = |tag, length| tlv::header_length(tag, length) + length;
    // Lengths first, from the inside: the records are large and are copied once.
    let templates: Vec<usize> = headers
        .iter()
        .zip(instances)
        .map(|(octets, (header, record))| octets.len() + object(header.format.block(), record.len()))
        .collect();
    let group = object(COUNT, 1) + templates.iter().map(|length| object(TEMPLATE, *length)).sum::<usize>();
    let random_length = if random.is_empty() { 0 } else { object(RANDOM, random.len()) };
    let whole = object(GROUP, group) + random_length;

    let mut out = Vec::with_capacity(object(modality.outer(), whole));
    tlv::put_header(&mut out, modality.outer(), whole);
    tlv::put_header(&mut out, GROUP, group);
    tlv::put(&mut out, COUNT, &[count]);
    for ((octets, template), (header, record)) in headers.iter().zip(templates).zip(instances) {
        tlv::put_header(&mut out, TEMPLATE, template);
        out.extend_from_slice(octets);
        tlv::put(&mut out, header.format.block(), record);
    }
    if !random.is_empty() {
        tlv::put(&mut out, RANDOM, random);
    }
    Ok(out.into())
}

/// Discretionary data that makes the hash of an empty DG3 differ from card to card.
pub(crate) const RANDOM: tlv::Tag = 0x53;

/// The instances of a data group, and what stands in tag 53 behind the group.
///
/// # Errors
/// [`LdsError::Tlv`], [`LdsError::Missing`], [`LdsError::Value`] for a broken shell, and for a data block that is not
/// of the generation of its format.
pub fn decode(octets: &[u8], modality: Modality) -> Result<(Vec<Instance<'_>>, Option<&[u8]>), LdsError> {
    let mut outer = tlv::Reader::new(tlv::only(octets, modality.outer())?);
    let mut group = tlv::Reader::new(outer.expect(GROUP)?);
    let random = outer.optional(RANDOM)?;
    outer.finish()?;
    let count = exactly::<1>(group.optional(COUNT)?, COUNT)?.map(|[count]| usize::from(count));
    let count = count.ok_or(LdsError::Missing(COUNT))?;
    check_count(modality, count)?;
    let mut instances = Vec::with_capacity(count); // at most ten
    for _ in 0..count {
        instances.push(instance(group.expect(TEMPLATE)?, modality)?);
    }
    group.finish()?;
    Ok((instances, random))
}

fn instance(content: &[u8], modality: Modality) -> Result<Instance<'_>, LdsError> {
    let mut reader = tlv::Reader::new(content);
    let header = reader.optional(HEADER)?.ok_or(LdsError::Missing(HEADER))?;
    let header = Header::decode(header, modality)?;
    let (own, other) = match header.format.generation() {
        Generation::Iso19794 => (BLOCK, BLOCK_39794),
        Generation::Iso39794 => (BLOCK_39794, BLOCK),
    };
    if reader.optional(other)?.is_some() {
        return Err(value(other, "holds a record of the other generation than the format (88) says"));
    }
    let record = reader.optional(own)?.ok_or(LdsError::Missing(own))?;
    reader.finish()?;
    Ok(Instance { header, record })
}

fn check_count(modality: Modality, count: usize) -> Result<u8, LdsError> {
    let (least, most) = modality.instances();
    u8::try_from(count)
        .ok()
        .filter(|_| (least..=most).contains(&count))
        .ok_or(value(COUNT, "is a number of instances that this data group does not take"))
}

/// Reads the fields of a biometric record, all big endian; what is missing is told by the record's name.
pub(crate) struct Fields<'a> {
    octets: &'a [u8],
    record: &'static str,
}

impl<'a> Fields<'a> {
    pub(crate) const fn new(octets: &'a [u8], record: &'static str) -> Self {
        Self { octets, record }
    }

    pub(crate) const fn error(&self, field: &'static str, why: &'static str) -> LdsError {
        LdsError::Record { record: self.record, field, why }
    }

    pub(crate) fn take(&mut self, count: usize, field: &'static str) -> Result<&'a [u8], LdsError> {
        let (taken, rest) = self.octets.split_at_checked(count).ok_or(self.error(field, "is cut off"))?;
        self.octets = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], LdsError> {
        let taken = self.take(N, field)?;
        taken.try_into().map_err(|_| self.error(field, "is cut off"))
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, LdsError> {
        self.array(field).map(|[octet]| octet)
    }

    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, LdsError> {
        self.array(field).map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, LdsError> {
        self.array(field).map(u32::from_be_bytes)
    }

    /// Octets that must be these.
    pub(crate) fn fixed(&mut self, octets: &[u8], field: &'static str, why: &'static str) -> Result<(), LdsError> {
        if self.take(octets.len(), field)? == octets { Ok(()) } else { Err(self.error(field, why)) }
    }

    pub(crate) const fn left(&self) -> usize {
        self.octets.len()
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors;
    use proptest::prelude::*;

    #[test]
    fn header_of_9303_10_appendix_a3() {
        for case in vectors::cases("icao9303-10/biometric_header.toml") {
            let octets = vectors::octets(&case, "header");
            let header = Header::decode(tlv::only(&octets, HEADER).unwrap(), Modality::Face).unwrap();
            assert_eq!((header.subtype, header.format), (None, RecordFormat::FaceImage));
            assert_eq!(header.encode(Modality::Face), octets);
        }
    }

    /// The shell of a face in hex, with one element replaced.
    fn face(from: &str, to: &str) -> Result<usize, LdsError> {
        let header = "80020101810102820100870201018802 0008".replace(' ', "").replace(from, to);
        let header = tlv::tlv(HEADER, &hex::decode(header).unwrap());
        let template = tlv::tlv(TEMPLATE, &[header, tlv::tlv(BLOCK, b"FAC")].concat());
        let group = tlv::tlv(GROUP, &[tlv::tlv(COUNT, &[1]), template].concat());
        decode(&tlv::tlv(0x75, &group), Modality::Face).map(|(instances, _)| instances.len())
    }

    #[test]
    fn elements_of_the_header_are_checked() {
        assert_eq!(face("", ""), Ok(1));
        for optional in ["80020101", "810102", "820100"] {
            assert_eq!(face(optional, ""), Ok(1), "{optional} is optional");
        }
        // TR-03105-5.1 LDS_C_08 to LDS_C_13
        assert!(matches!(face("87020101", "870201FF"), Err(LdsError::Value { tag: OWNER, .. })));
        assert_eq!(face("87020101", ""), Err(LdsError::Missing(OWNER)));
        assert!(matches!(face("88020008", "88020007"), Err(LdsError::Value { tag: FORMAT, .. })));
        assert_eq!(face("88020008", ""), Err(LdsError::Missing(FORMAT)));
        assert!(matches!(face("810102", "810108"), Err(LdsError::Value { tag: TYPE, .. })));
        assert!(matches!(face("810102", "81020002"), Err(LdsError::Value { tag: TYPE, .. })));
        assert!(face("820100", "8402AABB").is_err());
    }

    #[test]
    fn counter_and_blocks_are_checked() {
        let shell = |inner: &str| tlv::tlv(0x63, &tlv::tlv(GROUP, &hex::decode(inner).unwrap()));
        let fingers = |inner: &str| decode(&shell(inner), Modality::Finger).map(|(instances, _)| instances.len());
        assert_eq!(fingers("020100"), Ok(0));
        assert_eq!(fingers(""), Err(LdsError::Missing(COUNT)));
        assert!(fingers("02010B").is_err());
        assert!(fingers("020101").is_err());
        assert_eq!(fingers("0201017F600AA1088702010188020007"), Err(LdsError::Missing(BLOCK)));
        // one generation in the place of the other
        let wrong =
            |octets: &str, tag| assert!(matches!(fingers(octets), Err(LdsError::Value { tag: t, .. }) if t == tag));
        wrong("0201017F600DA10887020101880200077F2E00", BLOCK_39794);
        wrong("0201017F600DA10887020101880200285F2E00", BLOCK);
        assert_eq!(fingers("0201017F600DA10887020101880200287F2E00"), Ok(1));
        assert!(decode(&tlv::tlv(0x75, &tlv::tlv(GROUP, &[2, 1, 0])), Modality::Face).is_err());
        assert!(encode(Modality::Face, &[], &[]).is_err());
    }

    proptest! {
        #[test]
        fn shells_read_back(
            records in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..4),
            random in proptest::collection::vec(any::<u8>(), 1..40),
        ) {
            let header = Header::new(9, RecordFormat::FingerImage);
            let instances: Vec<_> =
                records.iter().map(|record| (header.clone(), Bytes::from(record.as_slice()))).collect();
            let file = encode(Modality::Finger, &instances, &random).unwrap();
            let (read, tail) = decode(&file, Modality::Finger).unwrap();
            prop_assert_eq!(tail, Some(&random[..]));
            prop_assert!(read.iter().all(|instance| instance.header == header));
            prop_assert_eq!(read.iter().map(|instance| instance.record.to_vec()).collect::<Vec<_>>(), records);
        }

        #[test]
        fn no_octets_panic(octets in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = decode(&octets, Modality::Face);
            let _ = Header::decode(&octets, Modality::Finger);
        }
    }
}
